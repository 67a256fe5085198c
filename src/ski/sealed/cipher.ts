/**
 * CBC under a session key, of any of the algorithms, with block padding or without.
 *
 * CBC has no integrity. The bound format opens nothing before its MAC; the published one has none, and what comes out of
 * {@link decipher} there is whatever an attacker made of it (assumption A2).
 *
 * Spec: spec/ski-sealed-data.md, SKI-29, SKI-60, SKI-64.
 * @module
 */
import { requireBytes, wipe } from '../../bytes/bytes.js'
import type { Crypto, TripleDes } from '../../crypto/crypto.js'
import { wait, type Steps } from '../../enclave/steps.js'
import type { SessionAlgorithm } from '../enclave/commands.js'
import { CIPHERTEXT_LIMIT, padBlocks, unpadBlocks } from './blocks.js'
import { ALGORITHMS, BLOCK_PADDING } from './codes.js'

/** A key for one algorithm; its length is the algorithm's. */
export interface CipherKey {
  readonly algorithm: SessionAlgorithm
  readonly key: Uint8Array
}

/**
 * Takes charge of a secret while a provider works on it, so that an enclave that is closed meanwhile can wipe it at once. Answers with
 * the same bytes, or throws where nothing is to go on. What is kept is wiped at the end here as well.
 */
export type Keep = (name: string, secret: Uint8Array) => Uint8Array

/** Keeps nothing: for a provider that answers at once. */
export const keepNothing: Keep = (_name, secret) => secret

/** Whether the provider has the algorithm. To use one that it lacks is a `TypeError`. */
export const offersAlgorithm = (crypto: Crypto, algorithm: SessionAlgorithm): boolean => cbcOf(crypto, algorithm) !== undefined

/** Enciphers a structure. `flags`: {@link BLOCK_PADDING}, or 0 for a structure that is whole blocks; anything else is a `TypeError`. */
export function* encipher(crypto: Crypto, key: CipherKey, iv: Uint8Array, flags: number, structure: Uint8Array, keep: Keep): Steps<Uint8Array> {
  const cbc = requireCipher(crypto, key, iv)
  if (flags !== BLOCK_PADDING && flags !== 0) throw new TypeError('flags: CARD_BLOCK_PADDING or 0 is wanted')
  const { blockBytes } = ALGORITHMS[key.algorithm]
  if (flags === 0 && structure.length % blockBytes !== 0) throw new TypeError('structure: whole blocks are wanted where there is no padding')
  const padded = keep('padded structure', flags === 0 ? structure.slice() : padBlocks(structure, blockBytes))
  try {
    if (padded.length === 0 || padded.length > CIPHERTEXT_LIMIT) throw new TypeError(`structure: at most ${CIPHERTEXT_LIMIT} bytes with padding are wanted`)
    const ciphertext = yield* wait(cbc.cbcEncryptRaw(key.key, iv, padded))
    requireBytes(ciphertext, 'ciphertext', padded.length)
    return ciphertext
  } finally {
    wipe(padded)
  }
}

/** Deciphers whole blocks. `null` where the padding is wrong; nothing else can fail. What is returned belongs to the caller, who wipes it. */
export function* decipher(crypto: Crypto, key: CipherKey, iv: Uint8Array, flags: number, ciphertext: Uint8Array, keep: Keep): Steps<Uint8Array | null> {
  const cbc = requireCipher(crypto, key, iv)
  const deciphered = yield* wait(cbc.cbcDecryptRaw(key.key, iv, ciphertext))
  requireBytes(deciphered, 'deciphered', ciphertext.length)
  const padded = keep('padded structure', deciphered)
  try {
    return flags === BLOCK_PADDING ? unpadBlocks(padded, ALGORITHMS[key.algorithm].blockBytes) : padded.slice()
  } finally {
    wipe(padded)
  }
}

const cbcOf = (crypto: Crypto, algorithm: SessionAlgorithm): TripleDes | undefined => (ALGORITHMS[algorithm].cipher === 'AES' ? crypto : crypto.tripleDes)

function requireCipher(crypto: Crypto, { algorithm, key }: CipherKey, iv: Uint8Array): TripleDes {
  const { keyBytes, blockBytes } = ALGORITHMS[algorithm]
  requireBytes(key, 'key', keyBytes)
  requireBytes(iv, 'iv', blockBytes)
  const cbc = cbcOf(crypto, algorithm)
  if (!cbc) throw new TypeError(`crypto: a provider with ${algorithm} is wanted`)
  return cbc
}
