/**
 * Key derivation: HKDF (RFC 5869), the X9.63 KDF (SEC 1 §3.6.1, also known as KDF2), the one-step KDF of SP 800-56C with a
 * hash ("concat KDF") or with HMAC, and the counter mode of SP 800-108 with AES-CMAC.
 * @module
 */
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { concat, requireBytes, wipe } from '../bytes/bytes.js'
import { cmac } from './aes.js'
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
  return counterMode(
    hashLength(hash),
    length,
    (counter) => [secret, counter, sharedInfo],
    (input) => digest(hash, input),
  )
}

/** One-step KDF with a hash (SP 800-56C r2 §4.1 option 1): digests of `counter ‖ secret ‖ fixedInfo`, counter from 1. */
export function concatKdf(hash: Hash, secret: Uint8Array, fixedInfo: Uint8Array, length: number): Uint8Array {
  return counterMode(
    hashLength(hash),
    length,
    (counter) => [counter, secret, fixedInfo],
    (input) => digest(hash, input),
  )
}

/** One-step KDF with HMAC (SP 800-56C r2 §4.1 option 2); the salt is the HMAC key. */
export function concatKdfHmac(hash: Hash, secret: Uint8Array, salt: Uint8Array, fixedInfo: Uint8Array, length: number): Uint8Array {
  return counterMode(
    hashLength(hash),
    length,
    (counter) => [counter, secret, fixedInfo],
    (input) => hmac(hash, salt, input),
  )
}

/**
 * KDF in counter mode with AES-CMAC (SP 800-108r1 §4.1, 32-bit counter before the fixed input): CMACs of
 * `counter ‖ label ‖ 00 ‖ context ‖ L`, counter from 1, L the wanted length in bits as 32 bits. The key has 16, 24 or 32 bytes.
 *
 * Under CMAC, who knows the key and may choose label or context freely can steer what is derived (key control, which
 * revision 1 discusses): where several sides have a say, none of them chooses last.
 */
export function kdfCounterCmac(key: Uint8Array, label: Uint8Array, context: Uint8Array, length: number): Uint8Array {
  requireBytes(label, 'label')
  requireBytes(context, 'context')
  return counterMode(
    16,
    length,
    (counter) => [counter, label, ZERO, context, u32(8 * length)],
    (input) => cmac(key, input),
  )
}

/** Blocks of `step` bytes until there are `length`, each made of what `parts` puts around the block's number. */
function counterMode(
  step: number,
  length: number,
  parts: (counter: Uint8Array) => readonly Uint8Array[],
  compress: (input: Uint8Array) => Uint8Array,
): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > MAX_OUTPUT) throw new TypeError(`length: 1 to ${MAX_OUTPUT} bytes are wanted`)
  const output = new Uint8Array(Math.ceil(length / step) * step)
  for (let at = 0; at < output.length; at += step) {
    const input = concat(...parts(u32(at / step + 1)))
    const bytes = compress(input)
    output.set(bytes, at)
    wipe(input, bytes)
  }
  const derived = output.slice(0, length)
  wipe(output)
  return derived
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const ZERO = Uint8Array.of(0)
/** Far more than any key; keeps the counter far from its end. */
const MAX_OUTPUT = 1 << 20
