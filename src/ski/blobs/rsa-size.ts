/**
 * The RSA sizes that key blobs can express, and what codecs of RSA numbers share.
 *
 * A blob states its size in bits; both layouts cut integers into bytes and halves, so it is a multiple of 16. Whether a
 * caller takes a key of that size is a question for `checkPublicKey` of the core.
 *
 * Requirements: SKI-82, SKI-84, SKI-85.
 * @module
 */
import type { RsaPublicKey } from '../../crypto/keys.js'
import { bitLengthOfBytes } from '../../crypto/number.js'

/** The least and the most bits of a modulus in a blob. */
export const RSA_BLOB_BITS = { least: 512, most: 16384, step: 16 } as const

/** Whether a blob can say this size. */
export function isRsaBlobSize(bits: number): boolean {
  return bits >= RSA_BLOB_BITS.least && bits <= RSA_BLOB_BITS.most && bits % RSA_BLOB_BITS.step === 0
}

/** In words, for a fault. */
export const RSA_BLOB_SIZES_WANTED = `a multiple of ${RSA_BLOB_BITS.step} from ${RSA_BLOB_BITS.least} to ${RSA_BLOB_BITS.most}`

/** The size of a key that is to be written. One that no blob can say is a `TypeError`. */
export function requireRsaBlobSize({ n }: RsaPublicKey): number {
  const bits = bitLengthOfBytes(n)
  if (!isRsaBlobSize(bits)) throw new TypeError(`n: ${RSA_BLOB_SIZES_WANTED} bits is wanted`)
  return bits
}

/** A copy without leading zero bytes; zero is one zero byte. */
export function minimalCopy(bigEndian: Uint8Array): Uint8Array {
  let first = 0
  while (first < bigEndian.length - 1 && bigEndian[first] === 0) first++
  return bigEndian.slice(first)
}
