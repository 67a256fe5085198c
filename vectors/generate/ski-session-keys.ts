/**
 * Session keys, and CBC under them by OpenSSL.
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { fromLabel } from './bytes.js'

/** Session-key algorithms: length of the key and of a block, and OpenSSL's name. */
export const ALGORITHM = {
  'AES-128': { bytes: 16, block: 16, cipher: 'aes-128-cbc' },
  'AES-192': { bytes: 24, block: 16, cipher: 'aes-192-cbc' },
  'AES-256': { bytes: 32, block: 16, cipher: 'aes-256-cbc' },
  '3DES_112': { bytes: 16, block: 8, cipher: 'des-ede-cbc' },
  '3DES': { bytes: 24, block: 8, cipher: 'des-ede3-cbc' },
} as const
export type SessionAlgorithm = keyof typeof ALGORITHM
/** Their names. */
export const SESSION_ALGORITHMS = Object.keys(ALGORITHM) as SessionAlgorithm[]
/** Those without triple DES. */
export const AES = ['AES-128', 'AES-192', 'AES-256'] as const

/** A session key that follows from its algorithm. */
export const sessionKey = (algorithm: SessionAlgorithm): Buffer => fromLabel(`ski/sealed/${algorithm}/key`, ALGORITHM[algorithm].bytes)
/** An initialisation vector that follows from a label. */
export const ivFor = (algorithm: SessionAlgorithm, label: string): Buffer => fromLabel(`ski/sealed/${label}/iv`, ALGORITHM[algorithm].block)

/** CBC over whole blocks, with block padding unless the plaintext brings its own. */
export function cbc(algorithm: SessionAlgorithm, iv: Buffer, plaintext: Buffer, padding = true): Buffer {
  const cipher = createCipheriv(ALGORITHM[algorithm].cipher, sessionKey(algorithm), iv).setAutoPadding(padding)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}

/** What OpenSSL makes of a ciphertext, or null where the padding is bad. */
export function opened(algorithm: SessionAlgorithm, iv: Buffer, ciphertext: Buffer): Buffer | null {
  const decipher = createDecipheriv(ALGORITHM[algorithm].cipher, sessionKey(algorithm), iv)
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    return null
  }
}

/** Cuts after each of `lengths` bytes. */
export function cut(bytes: Buffer, ...lengths: readonly number[]): Buffer[] {
  let at = 0
  const pieces = lengths.map((length) => bytes.subarray(at, (at += length)))
  return [...pieces, bytes.subarray(at)]
}
