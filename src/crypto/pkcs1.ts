/**
 * RSAES-PKCS1-v1_5 (RFC 8017 §7.2) for a message whose length the caller knows, with implicit rejection.
 *
 * Whether the padding is good can be turned into the plaintext by asking often enough (Bleichenbacher). So decryption
 * never fails: bad padding gives bytes that look like any other message, the same ones each time, derived from the
 * private key and the ciphertext as in the IRTF's RSA guidance (draft-irtf-cfrg-rsa-guidance). Whoever uses them as a key
 * fails later, like with any wrong key.
 * @module
 */
import { concat, requireBytes, utf8, wipe } from '../bytes/bytes.js'
import { isEqual, isZero, select } from './constant-flow.js'
import type { Random } from './crypto.js'
import { digest, hmac } from './hash.js'
import type { RsaPrivateKey, RsaPublicKey } from './keys.js'
import { isBelowModulus, rsaPrivate, rsaPublic } from './rsa.js'

/** Encrypts; the padding is drawn from `random`. A message longer than the modulus less eleven bytes is a `TypeError`. */
export function pkcs1Encrypt(key: RsaPublicKey, message: Uint8Array, random: Random): Uint8Array {
  const block = pkcs1Encode(message, key.n.length, random)
  try {
    return rsaPublic(key, block)
  } finally {
    wipe(block)
  }
}

/** Decrypts to exactly `length` bytes, whatever the ciphertext is. A `length` that cannot be is a `TypeError`. */
export function pkcs1Decrypt(key: RsaPrivateKey, ciphertext: Uint8Array, length: number, random: Random): Uint8Array {
  return pkcs1DecryptBy(key, ciphertext, length, (input) => rsaPrivate(key, input, random))
}

/** {@link pkcs1Decrypt} over any raw private operation, so that a provider with its own RSA rejects in the same way. */
export function pkcs1DecryptBy(key: RsaPrivateKey, ciphertext: Uint8Array, length: number, rsa: (input: Uint8Array) => Uint8Array): Uint8Array {
  requireBytes(ciphertext, 'ciphertext')
  if (!Number.isInteger(length) || length < 0 || length > key.n.length - OVERHEAD)
    throw new TypeError(`length: 0 to ${key.n.length - OVERHEAD} bytes are wanted, ${length} were given`)
  const rejection = rejectionMessage(key, ciphertext, length)
  if (!isBelowModulus(key, ciphertext)) return rejection
  let block: Uint8Array | null = null
  try {
    block = rsa(ciphertext)
    return pkcs1Decode(block, rejection)
  } finally {
    wipe(block, rejection)
  }
}

/** EME-PKCS1-v1_5 encoding (§7.2.1 step 2). */
function pkcs1Encode(message: Uint8Array, length: number, random: Random): Uint8Array {
  requireBytes(message, 'message')
  if (message.length > length - OVERHEAD) throw new TypeError(`message: at most ${length - OVERHEAD} bytes are wanted, ${message.length} were given`)
  const padding = random(length - message.length - 3)
  for (let i = 0; i < padding.length; i++) if (padding[i] === 0) padding[i] = nonZeroByte(random)
  const block = concat(HEAD, padding, SEPARATOR, message)
  wipe(padding)
  return block
}

function nonZeroByte(random: Random): number {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const [byte = 0] = random(1)
    if (byte !== 0) return byte
  }
  throw new Error(`random: ${MOST_TRIES} bytes in a row were zero, so the random source is broken`)
}

/** The message at the end of the block, or the rejection message where the padding before it is not exactly right. */
function pkcs1Decode(block: Uint8Array, rejection: Uint8Array): Uint8Array {
  const start = block.length - rejection.length
  let bad = block[0]! | (block[1]! ^ 2) | block[start - 1]!
  for (let i = 2; i < start - 1; i++) bad |= isZero(block[i]!)
  const good = isEqual(bad & 0xff, 0)
  return rejection.map((byte, i) => select(good, block[start + i]!, byte))
}

function rejectionMessage(key: RsaPrivateKey, ciphertext: Uint8Array, length: number): Uint8Array {
  const size = key.n.length
  const d = new Uint8Array(size)
  d.set(key.d, size - key.d.length)
  const outer = digest('SHA-256', d)
  // The guidance left-pads a short ciphertext; a longer one is taken as it is.
  const input = ciphertext.length < size ? concat(new Uint8Array(size - ciphertext.length), ciphertext) : ciphertext
  const secret = hmac('SHA-256', outer, input)
  const stream = new Uint8Array(32 * Math.ceil(size / 32))
  for (let i = 0; 32 * i < size; i++) {
    const part = hmac('SHA-256', secret, concat(u16(i), utf8('message'), u16(8 * size)))
    stream.set(part, 32 * i)
    wipe(part)
  }
  // The last bytes, as if a message of this length lay at the end of a block.
  const message = stream.slice(size - length, size)
  wipe(d, outer, secret, stream)
  return message
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 0xff)

// So many zero bytes in a row come from a working source once in 2^256.
const MOST_TRIES = 32
/** Two bytes of head, at least eight of padding, one separator. */
const OVERHEAD = 11
const HEAD = Uint8Array.of(0, 2)
const SEPARATOR = Uint8Array.of(0)
