/**
 * The cryptography that an enclave needs, as one interface with several providers: `pure` (this folder), `node` and
 * `web` (in `tools/`). A provider is chosen by entry point and never sniffed. Each provider refuses the same inputs.
 *
 * Faults that depend on secret bytes have one code, `decryption_failed`, and carry nothing else.
 * @module
 */
import type { Fault, Maybe, Verdict } from '../verdict.js'
import type { Curve, EcPrivateKey, EcPublicKey, Hash, PrivateKey, RsaPrivateKey, RsaPublicKey } from './keys.js'

/** `length` bytes nobody can predict. Handed in, so that a seeded run is deterministic. */
export type Random = (length: number) => Uint8Array

/** RSAES-OAEP parameters (RFC 8017 §7.1): the hash, the hash inside MGF1, and the label (empty unless given). */
export interface OaepParameters {
  readonly hash: Hash
  readonly mgf1: Hash
  readonly label?: Uint8Array
}

/** One reading of CKM_RSA_AES_KEY_WRAP (PKCS#11 v3.0 §2.1.21): what a profile makes and what it takes. */
export interface WrapMechanism {
  readonly hash: Hash
  readonly mgf1: Hash
  /** Ephemeral AES key sizes that an unwrap takes, in bytes; a wrap always makes 32. */
  readonly ephemeralBytes: readonly number[]
  /** KEK modulus sizes taken, in bits. */
  readonly kekBits: readonly number[]
}

/**
 * Triple DES in CBC without padding, for cards that know nothing newer: two keys (16 bytes, K1 ‖ K2) or three (24 bytes). Parity bits are
 * ignored. Blocks of 64 bits repeat soon and a MAC is not included: only for a peer that a policy allows it for by name (SKI-64).
 */
export interface TripleDes {
  /** Whole blocks of 8 bytes, at least one, under an IV of 8 bytes. Other lengths are a `TypeError`. */
  cbcEncryptRaw(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Maybe<Uint8Array>
  /** The reverse. It refuses nothing: what comes out under a wrong key are other bytes. */
  cbcDecryptRaw(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Maybe<Uint8Array>
}

/** The only thing said about a failure that depends on secret bytes. */
export type DecryptionFailed = Fault<'decryption_failed'>

/** See the module text. Every `Uint8Array` returned is a copy that the caller owns and wipes. */
export interface Crypto {
  /** `pure`, `node` or `web`: shown in reports. */
  readonly name: string
  /** Fresh random bytes. */
  random(length: number): Uint8Array

  /** FIPS 186-5 key generation, e = 65537. `bits`: 2048, 3072 or 4096. */
  generateRsa(bits: number): Maybe<RsaPrivateKey>
  /** A key pair on one of the four curves, by FIPS 186-5 A.2. */
  generateEc(curve: Curve): Maybe<EcPrivateKey>
  /** Full arithmetic check of numbers that came from outside, the primality of p and q included (BYOK-59). */
  checkPrivateKey(key: PrivateKey): Maybe<Verdict<void>>

  /** RSAES-OAEP. A message that is too long is a `TypeError`. */
  oaepEncrypt(key: RsaPublicKey, message: Uint8Array, parameters: OaepParameters): Maybe<Uint8Array>
  /** RSAES-OAEP (RFC 8017 §7.1.2). Every failure, a ciphertext of the wrong length included, is the one refusal. */
  oaepDecrypt(key: RsaPrivateKey, ciphertext: Uint8Array, parameters: OaepParameters): Maybe<Verdict<Uint8Array, DecryptionFailed>>
  /** RSAES-PKCS1-v1_5. */
  pkcs1Encrypt(key: RsaPublicKey, message: Uint8Array): Maybe<Uint8Array>
  /** RSAES-PKCS1-v1_5 with implicit rejection: bad padding gives a pseudo-random message of exactly `length` bytes, never an error. */
  pkcs1Decrypt(key: RsaPrivateKey, ciphertext: Uint8Array, length: number): Maybe<Uint8Array>

  /** AES key wrap with padding, RFC 5649 (KWP). Any payload of 1 to 8192 bytes. */
  kwpWrap(key: Uint8Array, payload: Uint8Array): Maybe<Uint8Array>
  /** RFC 5649 §3 and §4.2. Refuses what is shorter than 16 bytes or no multiple of 8. */
  kwpUnwrap(key: Uint8Array, wrapped: Uint8Array): Maybe<Verdict<Uint8Array, DecryptionFailed>>
  /** AES key wrap, RFC 3394 (KW). */
  kwWrap(key: Uint8Array, payload: Uint8Array): Maybe<Uint8Array>
  /** RFC 3394 §2.2.2. Refuses what is shorter than 24 bytes or no multiple of 8. */
  kwUnwrap(key: Uint8Array, wrapped: Uint8Array): Maybe<Verdict<Uint8Array, DecryptionFailed>>
  /** AES-CBC with block padding (PKCS#7). */
  cbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Maybe<Uint8Array>
  /** The reverse. The refusal is a padding oracle where a peer can see it: authenticate first. */
  cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Maybe<Verdict<Uint8Array, DecryptionFailed>>
  /** AES-CBC without padding: whole blocks of 16 bytes, at least one, under an IV of 16 bytes. Other lengths are a `TypeError`. */
  cbcEncryptRaw(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Maybe<Uint8Array>
  /** The reverse, for whoever judges padding and content at once. It refuses nothing: what comes out under a wrong key are other bytes. */
  cbcDecryptRaw(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Maybe<Uint8Array>
  /** Triple DES, where the provider has it: `node` does, `pure` and `web` do not. */
  readonly tripleDes?: TripleDes
  /** AES-CMAC (RFC 4493), 16 bytes. */
  cmac(key: Uint8Array, message: Uint8Array): Maybe<Uint8Array>
  /** HMAC (RFC 2104), full length. */
  hmac(hash: Hash, key: Uint8Array, message: Uint8Array): Maybe<Uint8Array>
  /** The hash of a message. */
  digest(hash: Hash, message: Uint8Array): Maybe<Uint8Array>

  /** RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), as long as the modulus. A modulus too short for the hash is a `TypeError`. */
  rsaSign(key: RsaPrivateKey, hash: Hash, message: Uint8Array): Maybe<Uint8Array>
  /** Whether the signature is the one that RSASSA-PKCS1-v1_5 prescribes, byte for byte; `false` for anything malformed. */
  rsaVerify(key: RsaPublicKey, hash: Hash, message: Uint8Array, signature: Uint8Array): Maybe<boolean>

  /** The x coordinate of the shared point, field length. A peer point that is not on the curve is refused. */
  ecdh(own: EcPrivateKey, peer: EcPublicKey): Maybe<Verdict<Uint8Array>>
  /** ECDSA with the curve's hash (P-256, P-256K: SHA-256, P-384: SHA-384, P-521: SHA-512); r ‖ s, each of field length. */
  ecdsaSign(key: EcPrivateKey, message: Uint8Array): Maybe<Uint8Array>
  /** Whether r ‖ s is a signature by the key's owner; `false` for anything malformed. */
  ecdsaVerify(key: EcPublicKey, message: Uint8Array, signature: Uint8Array): Maybe<boolean>

  /** CKM_RSA_AES_KEY_WRAP: OAEP of the 32-byte ephemeral AES key, then KWP of the payload under it. The caller makes the ephemeral key with {@link random}, uses it once and wipes it. */
  rsaAesWrap(kek: RsaPublicKey, ephemeral: Uint8Array, payload: Uint8Array, mechanism: WrapMechanism): Maybe<Uint8Array>
  /** The reverse. Runs to the end whatever fails, and refuses alike (U1–U6). */
  rsaAesUnwrap(kek: RsaPrivateKey, blob: Uint8Array, mechanism: WrapMechanism): Maybe<Verdict<Uint8Array, DecryptionFailed>>

  /**
   * Drops whatever the provider keeps beside a key: native key objects, which hold copies of the private numbers. Wiping a key does
   * not reach them, so whoever wipes a key that a provider has worked with calls this as well, as an enclave does when it destroys one.
   */
  forget(key: PrivateKey | RsaPublicKey): void
}
