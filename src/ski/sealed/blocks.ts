/**
 * Cipher blocks: padding to whole ones, off again, and cutting a ciphertext into blobs between them.
 *
 * Spec: spec/ski-sealed-data.md, SKI-29, SKI-60, SKI-61.
 * @module
 */
import { concat } from '../../bytes/bytes.js'
import { isEqual, isInRange } from '../../crypto/constant-flow.js'

/** The longest ciphertext that is made or looked at, in bytes: several times what an RSA key of 4096 bits needs. */
export const CIPHERTEXT_LIMIT = 16384

/** PKCS#7 padding: always at least one byte. */
export function padBlocks(data: Uint8Array, block: number): Uint8Array {
  const count = block - (data.length % block)
  return concat(data, new Uint8Array(count).fill(count))
}

/**
 * A copy of what stands before the padding, or `null`. Looks at each byte of the last block whatever is wrong, and branches on
 * the verdict alone. The padded bytes are whole blocks, at least one; they stay as they are.
 */
export function unpadBlocks(padded: Uint8Array, block: number): Uint8Array | null {
  const count = padded[padded.length - 1]!
  let bad = ~isInRange(count, 1, block)
  for (let i = 1; i <= block; i++) bad |= isInRange(i, 1, count) & ~isEqual(padded[padded.length - i]!, count)
  return bad === 0 ? padded.slice(0, padded.length - count) : null
}

/** Whether these are the lengths of the pieces of a ciphertext: whole blocks, none of them empty, and not too many. */
export function arePieces(lengths: readonly number[], block: number): boolean {
  const sum = lengths.reduce((total, length) => total + length, 0)
  return lengths.length > 0 && sum <= CIPHERTEXT_LIMIT && lengths.every((length) => length > 0 && length % block === 0)
}

/** Cuts a ciphertext into pieces that differ by a block at most, longer ones first. `pieces` of more than the blocks is a `TypeError`. */
export function cutBlocks(ciphertext: Uint8Array, block: number, pieces: number): readonly Uint8Array[] {
  const blocks = ciphertext.length / block
  if (!Number.isInteger(pieces) || pieces < 1 || pieces > blocks) throw new TypeError(`pieces: 1 to ${blocks} are wanted`)
  const start = (piece: number) => block * (piece * Math.floor(blocks / pieces) + Math.min(piece, blocks % pieces))
  return Array.from({ length: pieces }, (_, piece) => ciphertext.slice(start(piece), start(piece + 1)))
}
