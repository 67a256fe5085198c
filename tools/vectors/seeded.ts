/**
 * Randomness for vectors that a run makes: the same bytes each time.
 * @module
 */
import { createHash } from 'node:crypto'

/** SHA-256 of a label and a counter. */
export function seeded(label: string): (length: number) => Uint8Array {
  let counter = 0
  return (length) => {
    const blocks: Uint8Array[] = []
    for (let at = 0; at < length; at += 32) blocks.push(createHash('sha256').update(`${label} ${counter++}`).digest())
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length))
  }
}
