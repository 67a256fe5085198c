/**
 * Hashes and HMAC by name, on `@noble/hashes`. SHA-1 is here for OAEP and HMAC, where its collisions do no harm.
 * @module
 */
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { requireBytes } from '../bytes/bytes.js'
import type { Hash } from './keys.js'

/** The hash function of noble that a name stands for. An unknown name is a `TypeError`. */
export function nobleHash(hash: Hash): NobleHash {
  const found = NOBLE.get(hash)
  if (!found) throw new TypeError(`hash: one of ${[...NOBLE.keys()].join(', ')} is wanted`)
  return found
}

/** The length of a digest in bytes. */
export const hashLength = (hash: Hash): number => nobleHash(hash).outputLen

/** The digest of a message. */
export function digest(hash: Hash, message: Uint8Array): Uint8Array {
  requireBytes(message, 'message')
  return nobleHash(hash)(message)
}

/** HMAC (RFC 2104) with the full length of the hash. */
export function hmac(hash: Hash, key: Uint8Array, message: Uint8Array): Uint8Array {
  requireBytes(key, 'key')
  requireBytes(message, 'message')
  return nobleHmac(nobleHash(hash), key, message)
}

/** One of the hash functions of `@noble/hashes`. */
export type NobleHash = typeof sha1 | typeof sha256 | typeof sha384 | typeof sha512

const NOBLE: ReadonlyMap<Hash, NobleHash> = new Map<Hash, NobleHash>([
  ['SHA-1', sha1],
  ['SHA-256', sha256],
  ['SHA-384', sha384],
  ['SHA-512', sha512],
])
