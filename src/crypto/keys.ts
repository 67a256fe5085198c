/**
 * Keys as plain bytes. All integers are unsigned, big-endian `Uint8Array`s.
 *
 * RSA integers are minimal (no leading zero byte); EC coordinates and private scalars have the curve's field length
 * (P-256 and P-256K 32, P-384 48, P-521 66 bytes). Objects of these types are not yet checked: `checkPrivateKey` in
 * `key-check.ts` says whether the numbers belong together.
 * @module
 */

/** The four curves, by their JWK names; `P-256K` is secp256k1. */
export type Curve = 'P-256' | 'P-256K' | 'P-384' | 'P-521'

/** Every curve, in the order in which tables list them. */
export const CURVES: readonly Curve[] = ['P-256', 'P-256K', 'P-384', 'P-521']

/** The hashes that the core knows, by their usual names. */
export type Hash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

/** An RSA public key. */
export interface RsaPublicKey {
  readonly type: 'RSA'
  readonly n: Uint8Array
  readonly e: Uint8Array
}

/** A two-prime RSA private key with its CRT parameters (RFC 8017 §3.2, second representation). */
export interface RsaPrivateKey extends RsaPublicKey {
  readonly d: Uint8Array
  readonly p: Uint8Array
  readonly q: Uint8Array
  readonly dp: Uint8Array
  readonly dq: Uint8Array
  readonly qi: Uint8Array
}

/** An EC public key: an affine point. */
export interface EcPublicKey {
  readonly type: 'EC'
  readonly curve: Curve
  readonly x: Uint8Array
  readonly y: Uint8Array
}

/** An EC private key together with its public point. */
export interface EcPrivateKey extends EcPublicKey {
  readonly d: Uint8Array
}

/** A symmetric key: 16, 24 or 32 bytes. */
export interface OctKey {
  readonly type: 'oct'
  readonly k: Uint8Array
}

/** A key that has a public part which may be shown. */
export type PublicKey = RsaPublicKey | EcPublicKey

/** A key that must stay inside an enclave. */
export type PrivateKey = RsaPrivateKey | EcPrivateKey

/** What BYOK can carry. */
export type TargetKey = PrivateKey | OctKey
