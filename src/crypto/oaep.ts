/**
 * RSAES-OAEP (RFC 8017 §7.1) with the hash and the hash of MGF1 chosen apart, and a label.
 *
 * Encoding takes the seed as an argument. Decoding reads the whole block, decides by masks and has one refusal, so that
 * nobody learns which check failed (Manger's attack needs only that).
 * @module
 */
import { requireBytes, wipe } from '../bytes/bytes.js'
import { accept, type Verdict } from '../verdict.js'
import { decryptionFailed } from './aes.js'
import { isEqual, isZero, select } from './constant-flow.js'
import type { DecryptionFailed, OaepParameters, Random } from './crypto.js'
import { digest, hashLength } from './hash.js'
import type { Hash, RsaPrivateKey, RsaPublicKey } from './keys.js'
import { isBelowModulus, rsaPrivate, rsaPublic } from './rsa.js'

/** Encrypts with a given seed of the hash's length. A message longer than {@link oaepCapacity} is a `TypeError`. */
export function oaepEncrypt(key: RsaPublicKey, message: Uint8Array, parameters: OaepParameters, seed: Uint8Array): Uint8Array {
  const encoded = oaepEncode(message, key.n.length, parameters, seed)
  try {
    return rsaPublic(key, encoded)
  } finally {
    wipe(encoded)
  }
}

/** Decrypts; the randomness is for blinding only. */
export function oaepDecrypt(key: RsaPrivateKey, ciphertext: Uint8Array, parameters: OaepParameters, random: Random): Verdict<Uint8Array, DecryptionFailed> {
  requireBytes(ciphertext, 'ciphertext')
  if (!isBelowModulus(key, ciphertext)) return decryptionFailed
  const encoded = rsaPrivate(key, ciphertext, random)
  try {
    return oaepDecode(encoded, parameters)
  } finally {
    wipe(encoded)
  }
}

/** How many message bytes fit under a modulus of `length` bytes; negative where OAEP with this hash does not fit at all. */
export const oaepCapacity = (length: number, hash: Hash): number => length - 2 * hashLength(hash) - 2

/** EME-OAEP encoding (§7.1.1 step 2) into a block of `length` bytes. */
export function oaepEncode(message: Uint8Array, length: number, { hash, mgf1, label = NO_LABEL }: OaepParameters, seed: Uint8Array): Uint8Array {
  const size = hashLength(hash)
  requireBytes(message, 'message')
  requireBytes(label, 'label')
  requireBytes(seed, 'seed', size)
  if (message.length > oaepCapacity(length, hash))
    throw new TypeError(`message: at most ${oaepCapacity(length, hash)} bytes are wanted, ${message.length} were given`)

  const block = new Uint8Array(length)
  const [maskedSeed, maskedData] = [block.subarray(1, 1 + size), block.subarray(1 + size)]
  maskedData.set(digest(hash, label))
  maskedData[maskedData.length - message.length - 1] = 1
  maskedData.set(message, maskedData.length - message.length)
  maskedSeed.set(seed)
  xorMask(maskedData, mgf1, maskedSeed)
  xorMask(maskedSeed, mgf1, maskedData)
  return block
}

/** EME-OAEP decoding (§7.1.2 step 3) of a block as long as the modulus. */
export function oaepDecode(block: Uint8Array, { hash, mgf1, label = NO_LABEL }: OaepParameters): Verdict<Uint8Array, DecryptionFailed> {
  const size = hashLength(hash)
  requireBytes(label, 'label')
  if (oaepCapacity(block.length, hash) < 0) return decryptionFailed

  const opened = Uint8Array.from(block)
  try {
    const [seed, data] = [opened.subarray(1, 1 + size), opened.subarray(1 + size)]
    xorMask(seed, mgf1, data)
    xorMask(data, mgf1, seed)

    let bad = opened[0]!
    const labelHash = digest(hash, label)
    for (let i = 0; i < size; i++) bad |= labelHash[i]! ^ data[i]!
    // `start` is where the message begins; `searching` is a mask that stays set until the separator is met.
    let start = 0
    let searching = -1
    for (let i = size; i < data.length; i++) {
      const separator = isEqual(data[i]!, 1)
      start = select(searching & separator, i + 1, start)
      bad |= searching & ~separator & ~isZero(data[i]!)
      searching &= ~separator
    }
    bad |= searching
    return bad === 0 ? accept(data.slice(start)) : decryptionFailed
  } finally {
    wipe(opened)
  }
}

/** XORs MGF1 (RFC 8017 B.2.1) of `seed` onto `target`. */
function xorMask(target: Uint8Array, hash: Hash, seed: Uint8Array): void {
  const input = new Uint8Array(seed.length + 4)
  const counter = new DataView(input.buffer, seed.length)
  input.set(seed)
  for (let at = 0, block = 0; at < target.length; block++) {
    counter.setUint32(0, block)
    const mask = digest(hash, input)
    for (let i = 0; i < mask.length && at < target.length; i++) target[at++]! ^= mask[i]!
    wipe(mask)
  }
  wipe(input)
}

const NO_LABEL = new Uint8Array(0)
