/**
 * Random bytes of a seed, for demonstrations that are to be the same each time.
 * @module
 */
import { createHash } from 'node:crypto'
import type { Random } from '../../src/crypto/crypto.js'

/** SHA-256 of the seed and a counter: the same bytes each time, and no secret to anybody who knows the seed. */
export function seededRandom(seed: string): Random {
  let counter = 0
  return (length) => {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 32)
      bytes.set(
        createHash('sha256')
          .update(`keyferry demonstration ${counter++} ${seed}`)
          .digest()
          .subarray(0, Math.min(32, length - at)),
        at,
      )
    return bytes
  }
}
