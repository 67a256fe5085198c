/**
 * Sealed data as the documents describe it: the structure under S1 in CBC with block padding, and nothing more. One blob, or several
 * through which CBC continues; the padding is at the end of the last one.
 *
 * Nothing here ties the ciphertext to a session, a card, a container or a function, and nothing protects it: whoever changes the IV
 * changes the first block, with the container and the PIN id in it, bit by bit (assumption A2). `bound.ts` closes that.
 *
 * Spec: spec/ski-sealed-data.md, SKI-60, SKI-61, SKI-62.
 * @module
 */
import { concat } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import type { Steps } from '../../enclave/steps.js'
import { accept, type Verdict } from '../../verdict.js'
import { READINGS } from '../readings.js'
import { arePieces, cutBlocks } from './blocks.js'
import { decipher, encipher, keepNothing, type CipherKey, type Keep } from './cipher.js'
import { ALGORITHMS, BLOCK_PADDING } from './codes.js'
import { SEALED_REFUSED, type SealedRefused } from './refusal.js'

/** Seals a structure. `flags` is that of `MDEncryptData`: {@link BLOCK_PADDING}, or 0 for a structure that is whole blocks. */
export function* sealPublished(
  crypto: Crypto,
  key: CipherKey,
  iv: Uint8Array,
  flags: number,
  structure: Uint8Array,
  pieces: number = READINGS.blobs,
  keep: Keep = keepNothing,
): Steps<readonly Uint8Array[]> {
  const ciphertext = yield* encipher(crypto, key, iv, flags, structure, keep)
  return cutBlocks(ciphertext, ALGORITHMS[key.algorithm].blockBytes, pieces)
}

/** Opens blobs, however they are cut. `flags` is that of `CardProcessEncryptedData`. The structure belongs to the caller, who wipes it. */
export function* openPublished(
  crypto: Crypto,
  key: CipherKey,
  iv: Uint8Array,
  flags: number,
  blobs: readonly Uint8Array[],
  keep: Keep = keepNothing,
): Steps<Verdict<Uint8Array, SealedRefused>> {
  const { blockBytes } = ALGORITHMS[key.algorithm]
  const lengths = blobs.map((blob) => blob.length)
  if ((flags !== BLOCK_PADDING && flags !== 0) || iv.length !== blockBytes || !arePieces(lengths, blockBytes)) return SEALED_REFUSED
  const structure = yield* decipher(crypto, key, iv, flags, concat(...blobs), keep)
  return structure === null ? SEALED_REFUSED : accept(structure)
}
