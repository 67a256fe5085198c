/**
 * AES as this project uses it: key wrap with and without padding (RFC 5649 KWP, RFC 3394 KW), CBC with and without block
 * padding, and CMAC, on `@noble/ciphers`. Lengths are checked here, so that every provider takes and refuses the same inputs.
 *
 * CBC has no integrity: whoever decrypts for a peer checks a MAC first, or treats a refusal like any other wrong key.
 * @module
 */
import { aeskw, aeskwp, cbc, cmac as nobleCmac } from '@noble/ciphers/aes.js'
import { copyAndWipe, requireBytes, wipe } from '../bytes/bytes.js'
import { accept, refuse, type Refused, type Verdict } from '../verdict.js'
import { isEqual, isInRange } from './constant-flow.js'
import type { DecryptionFailed } from './crypto.js'

/** KWP of 1 to 8192 bytes. */
export function kwpWrap(key: Uint8Array, payload: Uint8Array): Uint8Array {
  requireKwpPayload(key, payload)
  return aeskwp(key).encrypt(payload)
}

/** Undoes {@link kwpWrap}; checks the constant, the length indicator and the zero padding. */
export function kwpUnwrap(key: Uint8Array, wrapped: Uint8Array): Verdict<Uint8Array, DecryptionFailed> {
  requireAesKey(key)
  requireBytes(wrapped, 'wrapped')
  if (!isKwpLength(wrapped.length)) return decryptionFailed
  return attempt(() => aeskwp(key).decrypt(wrapped))
}

/** KW of a multiple of eight bytes, from 16 to 8192. */
export function kwWrap(key: Uint8Array, payload: Uint8Array): Uint8Array {
  requireKwPayload(key, payload)
  return aeskw(key).encrypt(payload)
}

/** Undoes {@link kwWrap}; checks the initial value. */
export function kwUnwrap(key: Uint8Array, wrapped: Uint8Array): Verdict<Uint8Array, DecryptionFailed> {
  requireAesKey(key)
  requireBytes(wrapped, 'wrapped')
  if (!isKwLength(wrapped.length)) return decryptionFailed
  return attempt(() => aeskw(key).decrypt(wrapped))
}

/** CBC with PKCS#7 padding; the plaintext may be empty. */
export function cbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array {
  requireAesKey(key)
  requireBytes(iv, 'iv', BLOCK)
  requireBytes(plaintext, 'plaintext')
  return copyAndWipe(cbc(key, iv).encrypt(plaintext))
}

/** Undoes {@link cbcEncrypt}. */
export function cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Verdict<Uint8Array, DecryptionFailed> {
  requireAesKey(key)
  requireBytes(iv, 'iv', BLOCK)
  requireBytes(ciphertext, 'ciphertext')
  if (!isCbcLength(ciphertext.length)) return decryptionFailed
  return removeBlockPadding(cbc(key, iv, { disablePadding: true }).decrypt(ciphertext))
}

/** CBC of whole blocks, at least one, without padding. */
export function cbcEncryptRaw(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  requireCbcRaw(key, iv, data)
  return cbc(key, iv, { disablePadding: true }).encrypt(data)
}

/** Undoes {@link cbcEncryptRaw}. */
export function cbcDecryptRaw(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  requireCbcRaw(key, iv, data)
  return cbc(key, iv, { disablePadding: true }).decrypt(data)
}

/** CMAC (RFC 4493, SP 800-38B) with its full 16 bytes. */
export function cmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  requireAesKey(key)
  requireBytes(message, 'message')
  return nobleCmac(message, key)
}

/** The one refusal for everything that depends on secret bytes. */
export const decryptionFailed: Refused<DecryptionFailed> = refuse({ code: 'decryption_failed' })

/** Throws a `TypeError` unless the key has 16, 24 or 32 bytes. */
export function requireAesKey(key: Uint8Array): void {
  requireBytes(key, 'key')
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) throw new TypeError(`key: 16, 24 or 32 bytes are wanted, ${key.length} were given`)
}

/** Throws a `TypeError` unless KWP may wrap this payload under this key. */
export function requireKwpPayload(key: Uint8Array, payload: Uint8Array): void {
  requireAesKey(key)
  requireBytes(payload, 'payload')
  if (payload.length < 1 || payload.length > MAX_PAYLOAD) throw new TypeError(`payload: 1 to ${MAX_PAYLOAD} bytes are wanted, ${payload.length} were given`)
}

/** Throws a `TypeError` unless KW may wrap this payload under this key. */
export function requireKwPayload(key: Uint8Array, payload: Uint8Array): void {
  requireAesKey(key)
  requireBytes(payload, 'payload')
  if (payload.length < 2 * SEMIBLOCK || payload.length > MAX_PAYLOAD || payload.length % SEMIBLOCK !== 0)
    throw new TypeError(`payload: a multiple of 8 from 16 to ${MAX_PAYLOAD} bytes is wanted, ${payload.length} were given`)
}

/** Throws a `TypeError` unless these are a key, an IV and whole blocks for CBC without padding. */
export function requireCbcRaw(key: Uint8Array, iv: Uint8Array, data: Uint8Array): void {
  requireAesKey(key)
  requireBytes(iv, 'iv', BLOCK)
  requireBytes(data, 'data')
  if (!isCbcLength(data.length)) throw new TypeError(`data: whole blocks of ${BLOCK} bytes are wanted, ${data.length} bytes were given`)
}

/** Whether something of this length can come out of KWP. */
export const isKwpLength = (length: number): boolean => length >= 2 * SEMIBLOCK && length <= MAX_PAYLOAD + SEMIBLOCK && length % SEMIBLOCK === 0

/** Whether something of this length can come out of KW. */
export const isKwLength = (length: number): boolean => isKwpLength(length) && length >= 3 * SEMIBLOCK

/** Whether something of this length can come out of CBC with block padding. */
export const isCbcLength = (length: number): boolean => length > 0 && length % BLOCK === 0

/** Takes PKCS#7 padding off whole blocks and wipes them; for providers that decrypt without it. */
export function removeBlockPadding(padded: Uint8Array): Verdict<Uint8Array, DecryptionFailed> {
  const count = padded[padded.length - 1]!
  let bad = ~isInRange(count, 1, BLOCK)
  for (let i = 1; i <= BLOCK; i++) bad |= isInRange(i, 1, count) & ~isEqual(padded[padded.length - i]!, count)
  try {
    return bad === 0 ? accept(Uint8Array.from(padded.subarray(0, padded.length - count))) : decryptionFailed
  } finally {
    wipe(padded)
  }
}

/** What noble throws about a wrong tag, length or padding is one refusal; its windows on larger buffers become copies. */
function attempt(decrypt: () => Uint8Array): Verdict<Uint8Array, DecryptionFailed> {
  let opened: Uint8Array
  try {
    opened = decrypt()
  } catch {
    return decryptionFailed
  }
  return accept(copyAndWipe(opened))
}

const BLOCK = 16
const SEMIBLOCK = 8
const MAX_PAYLOAD = 8192
