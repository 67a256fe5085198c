/**
 * Key derivation: HKDF (RFC 5869), the X9.63 KDF (SEC 1 §3.6.1, also known as KDF2), and the one-step KDF of SP 800-56C
 * with a hash ("concat KDF") or with HMAC.
 * @module
 */
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { concat, requireBytes, wipe } from '../bytes/bytes.js'
import { digest, hashLength, hmac, nobleHash } from './hash.js'
import type { Hash } from './keys.js'

/** HKDF, extract and expand: `length` bytes, at most 255 digests. */
export function hkdf(hash: Hash, secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  requireBytes(secret, 'secret')
  requireBytes(salt, 'salt')
  requireBytes(info, 'info')
  if (!Number.isInteger(length) || length < 1 || length > 255 * hashLength(hash)) throw new TypeError('length: 1 to 255 digests are wanted')
  return nobleHkdf(nobleHash(hash), secret, salt, info, length)
}

/** The X9.63 KDF: digests of `secret ‖ counter ‖ sharedInfo`, counter from 1. */
export function x963Kdf(hash: Hash, secret: Uint8Array, sharedInfo: Uint8Array, length: number): Uint8Array {
  return counterMode(hash, length, (counter) => [secret, counter, sharedInfo], digest)
}

/** One-step KDF with a hash (SP 800-56C r2 §4.1 option 1): digests of `counter ‖ secret ‖ fixedInfo`, counter from 1. */
export function concatKdf(hash: Hash, secret: Uint8Array, fixedInfo: Uint8Array, length: number): Uint8Array {
  return counterMode(hash, length, (counter) => [counter, secret, fixedInfo], digest)
}

/** One-step KDF with HMAC (SP 800-56C r2 §4.1 option 2); the salt is the HMAC key. */
export function concatKdfHmac(hash: Hash, secret: Uint8Array, salt: Uint8Array, fixedInfo: Uint8Array, length: number): Uint8Array {
  return counterMode(
    hash,
    length,
    (counter) => [counter, secret, fixedInfo],
    (name, input) => hmac(name, salt, input),
  )
}

function counterMode(
  hash: Hash,
  length: number,
  parts: (counter: Uint8Array) => readonly Uint8Array[],
  compress: (hash: Hash, input: Uint8Array) => Uint8Array,
): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > MAX_OUTPUT) throw new TypeError(`length: 1 to ${MAX_OUTPUT} bytes are wanted`)
  const step = hashLength(hash)
  const blocks = Math.ceil(length / step)
  const output = new Uint8Array(blocks * step)
  const counter = new Uint8Array(4)
  for (let block = 0; block < blocks; block++) {
    new DataView(counter.buffer).setUint32(0, block + 1)
    const input = concat(...parts(counter))
    const bytes = compress(hash, input)
    output.set(bytes, block * step)
    wipe(input, bytes)
  }
  const derived = output.slice(0, length)
  wipe(output)
  return derived
}

/** Far more than any key; keeps the counter far from its end. */
const MAX_OUTPUT = 1 << 20
