/**
 * CKM_RSA_AES_KEY_WRAP (PKCS#11 v3.0 §2.1.21): `C1 ‖ C2`, where C1 is RSAES-OAEP of an ephemeral AES key under the KEK and
 * C2 is AES-KWP (RFC 5649) of the payload under the ephemeral key. What the payload means is for others to say.
 *
 * Unwrapping is one flow for every provider: split by the length of the KEK, open C1, go on with a random key where that
 * failed, open C2, and only then answer, with one refusal. The number of RSA and AES operations is the same whichever of
 * the checks U1 to U6 fails; only what is public (the length of the blob, the size of the KEK) may end it early.
 *
 * Meets BYOK-50 to BYOK-56, BYOK-61, BYOK-63, BYOK-64.
 * @module
 */
import { concat, requireBytes, wipe } from '../bytes/bytes.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { decryptionFailed, isKwpLength, kwpUnwrap, kwpWrap } from './aes.js'
import type { DecryptionFailed, OaepParameters, Random, WrapMechanism } from './crypto.js'
import { checkPublicKey, type RsaPublicFault } from './key-check.js'
import type { EcFault } from './ec.js'
import type { RsaPrivateKey, RsaPublicKey } from './keys.js'
import { bitLengthOfBytes } from './number.js'
import { oaepDecrypt, oaepEncrypt } from './oaep.js'
import { isBelowModulus } from './rsa.js'

/** Azure Key Vault and Managed HSM: OAEP and MGF1 with SHA-1, an ephemeral key of 32 bytes. */
export const AZURE_MECHANISM: WrapMechanism = { hash: 'SHA-1', mgf1: 'SHA-1', ephemeralBytes: [32], kekBits: [2048, 3072, 4096] }

/** AWS KMS, `RSA_AES_KEY_WRAP_SHA_256`. */
export const AWS_SHA256_MECHANISM: WrapMechanism = { hash: 'SHA-256', mgf1: 'SHA-256', ephemeralBytes: [32], kekBits: [2048, 3072, 4096] }

/** Google Cloud KMS, `rsa-oaep-3072-sha256-aes-256` and `rsa-oaep-4096-sha256-aes-256`. */
export const GOOGLE_SHA256_MECHANISM: WrapMechanism = { hash: 'SHA-256', mgf1: 'SHA-256', ephemeralBytes: [32], kekBits: [3072, 4096] }

/** The length of the ephemeral key that a wrap makes. */
export const EPHEMERAL_BYTES = 32

/** The longest payload: AES-KWP makes 4096 bytes of it, the most that an unwrap takes after C1. */
export const MAX_WRAP_PAYLOAD = 4088

/** Why a KEK may not be wrapped to. */
export type WrapKeyFault = Fault<'kek_size_not_allowed'> | RsaPublicFault | EcFault

/** Judges a KEK before a wrap. Its maker is a peer, so a KEK of another size is a refusal and not an exception. */
export function checkWrapKey(kek: RsaPublicKey, mechanism: WrapMechanism): Verdict<void, WrapKeyFault> {
  const bits = bitLengthOfBytes(kek.n)
  if (!mechanism.kekBits.includes(bits)) return refuse({ code: 'kek_size_not_allowed', at: 'n', found: bits, wanted: mechanism.kekBits.join(', ') })
  return checkPublicKey(kek, { rsaBits: mechanism.kekBits })
}

/**
 * Throws a `TypeError` where the caller did not ask {@link checkWrapKey}, the ephemeral key has another length than 32, or
 * the payload is longer than an unwrap takes.
 */
export function requireWrappable(kek: RsaPublicKey, ephemeral: Uint8Array, payload: Uint8Array, mechanism: WrapMechanism): void {
  requireBytes(ephemeral, 'ephemeral', EPHEMERAL_BYTES)
  requireBytes(payload, 'payload')
  if (payload.length > MAX_WRAP_PAYLOAD) throw new TypeError(`payload: at most ${MAX_WRAP_PAYLOAD} bytes are wanted, ${payload.length} were given`)
  const checked = checkWrapKey(kek, mechanism)
  if (!checked.ok) throw new TypeError(`kek: ${checked.fault.code}`)
}

/** Wraps with a given OAEP seed. Whoever calls it makes the ephemeral key at random, uses it once and wipes it. */
export function rsaAesWrap(kek: RsaPublicKey, ephemeral: Uint8Array, payload: Uint8Array, mechanism: WrapMechanism, seed: Uint8Array): Uint8Array {
  requireWrappable(kek, ephemeral, payload, mechanism)
  return concat(oaepEncrypt(kek, ephemeral, oaepOf(mechanism), seed), kwpWrap(ephemeral, payload))
}

/** The two commands of a token that knows RSAES-OAEP and AES-KWP but not the combined mechanism. */
export interface TwoStepCommands {
  /** Wraps the ephemeral key under the KEK by RSAES-OAEP (`C_WrapKey` with CKM_RSA_PKCS_OAEP). */
  readonly wrapEphemeral: () => Uint8Array
  /** Wraps the target under the ephemeral key by RFC 5649 (`C_WrapKey` with CKM_AES_KEY_WRAP_KWP). */
  readonly wrapTarget: () => Uint8Array
}

/**
 * The two-step equivalent: asks for both halves and joins them. The result is the same blob, byte for byte, given the same
 * ephemeral key and seed. A half of a length that cannot be is a `TypeError`: some tokens mean another wrap by a like name.
 */
export function wrapInTwoSteps(kek: RsaPublicKey, commands: TwoStepCommands): Uint8Array {
  const first = commands.wrapEphemeral()
  requireBytes(first, 'first half', kek.n.length)
  const second = commands.wrapTarget()
  requireBytes(second, 'second half')
  if (!isKwpLength(second.length)) throw new TypeError('second half: the length is not one of AES-KWP')
  return concat(first, second)
}

/** Unwraps with the core's own RSA and AES; the randomness is for blinding and for the stand-in key. */
export function rsaAesUnwrap(kek: RsaPrivateKey, blob: Uint8Array, mechanism: WrapMechanism, random: Random): Verdict<Uint8Array, DecryptionFailed> {
  const operations = { oaepDecrypt: (first: Uint8Array) => oaepDecrypt(kek, first, oaepOf(mechanism), random), kwpUnwrap, random }
  return unwrapBy(operations, kek, blob, mechanism)
}

/** The operations of a provider on which an unwrap is made. */
export interface UnwrapOperations<Opened = Verdict<Uint8Array, DecryptionFailed>> {
  /** RSAES-OAEP decryption of C1 under the KEK with the parameters of the mechanism. */
  readonly oaepDecrypt: (first: Uint8Array) => Opened
  /** AES-KWP. */
  readonly kwpUnwrap: (key: Uint8Array, second: Uint8Array) => Verdict<Uint8Array, DecryptionFailed>
  /** For the stand-in key. */
  readonly random: Random
}

/** The unwrap over any provider's operations. */
export function unwrapBy(operations: UnwrapOperations, kek: RsaPublicKey, blob: Uint8Array, mechanism: WrapMechanism): Verdict<Uint8Array, DecryptionFailed> {
  const halves = split(kek, blob, mechanism)
  return halves ? finish(operations, halves, operations.oaepDecrypt(halves.first), mechanism) : decryptionFailed
}

/** {@link unwrapBy} where the RSA operation answers later. */
export async function unwrapByAsync(
  operations: UnwrapOperations<Promise<Verdict<Uint8Array, DecryptionFailed>>>,
  kek: RsaPublicKey,
  blob: Uint8Array,
  mechanism: WrapMechanism,
): Promise<Verdict<Uint8Array, DecryptionFailed>> {
  const halves = split(kek, blob, mechanism)
  return halves ? finish(operations, halves, await operations.oaepDecrypt(halves.first), mechanism) : decryptionFailed
}

/** The OAEP parameters of a mechanism; the label is always empty. */
export const oaepOf = ({ hash, mgf1 }: WrapMechanism): OaepParameters => ({ hash, mgf1 })

/** What the flow knows before any key is used. All of it is public. */
interface Halves {
  readonly first: Uint8Array
  readonly second: Uint8Array
  /** U1: whether C1 is below the modulus. */
  readonly belowModulus: boolean
}

/** Splits by the length of the KEK, never by anything the blob says. */
function split(kek: RsaPublicKey, blob: Uint8Array, mechanism: WrapMechanism): Halves | null {
  requireBytes(blob, 'blob')
  const length = kek.n.length
  const rest = blob.length - length
  if (!mechanism.kekBits.includes(bitLengthOfBytes(kek.n)) || rest > MAX_WRAP_PAYLOAD + 8 || !isKwpLength(rest)) return null
  const [first, second] = [blob.subarray(0, length), blob.subarray(length)]
  if (isBelowModulus(kek, first)) return { first, second, belowModulus: true }
  // Libraries refuse such a C1 before they compute. With its first byte cleared they compute, and the result is not used.
  const dummy = Uint8Array.from(first)
  dummy[0] = 0
  return { first: dummy, second, belowModulus: false }
}

function finish(
  { kwpUnwrap: unwrap, random }: UnwrapOperations<unknown>,
  { second, belowModulus }: Halves,
  opened: Verdict<Uint8Array, DecryptionFailed>,
  { ephemeralBytes }: WrapMechanism,
): Verdict<Uint8Array, DecryptionFailed> {
  let standIn: Uint8Array | null = null
  try {
    standIn = random(EPHEMERAL_BYTES)
    const ephemeral = opened.ok && ephemeralBytes.includes(opened.value.length) ? opened.value : null
    const payload = unwrap(ephemeral ?? standIn, second)
    if (belowModulus && ephemeral !== null && payload.ok) return accept(payload.value)
    // A stand-in key opens nothing, and a dummy C1 may open to something: neither is let out.
    wipe(payload.ok ? payload.value : null)
    return decryptionFailed
  } finally {
    wipe(standIn, opened.ok ? opened.value : null)
  }
}
