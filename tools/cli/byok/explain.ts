/**
 * Which of the checks U1 to U6 a transfer blob fails, for a person who owns the KEK and asks.
 *
 * An oracle by design, and therefore here and nowhere below: it reads the inside of OAEP and of the key wrap, which no vault may tell
 * apart towards anybody (BYOK-50). What it finds names lengths and constants, never a byte of a key.
 *
 * Requirements: BYOK-51 to BYOK-56.
 * @module
 */
import { createDecipheriv } from 'node:crypto'
import { equalBytes, wipe } from '../../../src/bytes/bytes.js'
import type { Crypto, OaepParameters, WrapMechanism } from '../../../src/crypto/crypto.js'
import type { Hash, RsaPrivateKey } from '../../../src/crypto/keys.js'
import { oaepOf } from '../../../src/crypto/rsa-aes-key-wrap.js'
import { isBelowModulus } from '../../../src/crypto/rsa.js'

/** The check that fails. */
export interface FailedCheck {
  /** `U1` to `U10`, as the specification numbers them. */
  readonly check: `U${number}`
  readonly requirement: `BYOK-${number}`
  readonly text: string
  /** What the maker probably did instead. */
  readonly hint?: string
}

/** The first check of U1 to U6 that the blob fails, or `null` if it passes them all. Its length has been judged before. */
export async function firstFailedCheck(crypto: Crypto, kek: RsaPrivateKey, blob: Uint8Array, mechanism: WrapMechanism): Promise<FailedCheck | null> {
  const [first, second] = [blob.subarray(0, kek.n.length), blob.subarray(kek.n.length)]
  if (!isBelowModulus(kek, first)) return { check: 'U1', requirement: 'BYOK-51', text: 'C1 as a number is not below the modulus of the KEK' }

  const opened = await crypto.oaepDecrypt(kek, first, oaepOf(mechanism))
  if (!opened.ok) {
    const hint = await otherPadding(crypto, kek, first, mechanism)
    return { check: 'U2', requirement: 'BYOK-52', text: 'C1 is not RSA-OAEP with SHA-1 under this KEK', ...(hint === null ? {} : { hint }) }
  }
  const ephemeral = opened.value
  try {
    if (!mechanism.ephemeralBytes.includes(ephemeral.length))
      return { check: 'U3', requirement: 'BYOK-53', text: `the ephemeral key has ${ephemeral.length} bytes; it has to have 32` }
    return keyWrapFault(ephemeral, second)
  } finally {
    wipe(ephemeral)
  }
}

function keyWrapFault(key: Uint8Array, wrapped: Uint8Array): FailedCheck | null {
  const register = unwrapRegister(key, wrapped)
  try {
    const [head, rest] = [register.subarray(0, 8), register.subarray(8)]
    if (!equalBytes(head.subarray(0, 4), KWP_CONSTANT)) {
      const isKw = head.every((byte) => byte === 0xa6)
      return {
        check: 'U4',
        requirement: 'BYOK-54',
        text: 'C2 does not begin with the constant of AES key wrap with padding (RFC 5649)',
        hint: isKw
          ? 'It begins with that of key wrap without padding (RFC 3394), another mechanism.'
          : 'C2 was changed, or wrapped under another ephemeral key.',
      }
    }
    const length = new DataView(head.buffer, head.byteOffset).getUint32(4)
    if (length > rest.length || length <= rest.length - 8)
      return { check: 'U5', requirement: 'BYOK-55', text: `the length inside C2 is ${length}, which does not fit the ${rest.length} bytes that carry it` }
    if (rest.subarray(length).some((byte) => byte !== 0)) return { check: 'U6', requirement: 'BYOK-56', text: 'the padding inside C2 is not zero' }
    return null
  } finally {
    wipe(register)
  }
}

/** Undoes the wrapping function of SP 800-38F without judging the result: the integrity register, then the semiblocks. The caller wipes it. */
function unwrapRegister(key: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const cipher = createDecipheriv(`aes-${8 * key.length}-ecb`, key, null).setAutoPadding(false)
  const decrypt = (block: Uint8Array): Uint8Array => cipher.update(block)
  if (wrapped.length === 16) return Uint8Array.from(decrypt(wrapped))
  const register = Uint8Array.from(wrapped)
  const block = new Uint8Array(16)
  const semiblocks = wrapped.length / 8 - 1
  for (let step = 6 * semiblocks; step > 0; step--) {
    const at = 8 * (((step - 1) % semiblocks) + 1)
    block.set(register.subarray(0, 8))
    const view = new DataView(block.buffer)
    // No count here needs more than 32 bits.
    view.setUint32(4, (view.getUint32(4) ^ step) >>> 0)
    block.set(register.subarray(at, at + 8), 8)
    const decrypted = decrypt(block)
    register.set(decrypted.subarray(0, 8))
    register.set(decrypted.subarray(8), at)
    wipe(decrypted)
  }
  wipe(block)
  return register
}

/** Whether C1 opens with parameters that other services use. */
async function otherPadding(crypto: Crypto, kek: RsaPrivateKey, first: Uint8Array, mechanism: WrapMechanism): Promise<string | null> {
  for (const parameters of OTHER_OAEP) {
    if (parameters.hash === mechanism.hash && parameters.mgf1 === mechanism.mgf1) continue
    const opened = await crypto.oaepDecrypt(kek, first, parameters)
    if (!opened.ok) continue
    wipe(opened.value)
    return `It opens with OAEP ${parameters.hash} and MGF1 ${parameters.mgf1}: made for another service, or with another tool's default.`
  }
  return 'C1 was changed, made for another KEK, or padded in another way.'
}

const HASHES: readonly Hash[] = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']
const OTHER_OAEP: readonly OaepParameters[] = HASHES.flatMap((hash) => HASHES.map((mgf1) => ({ hash, mgf1 })))

/** RFC 5649 §3. */
const KWP_CONSTANT = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6)
