/**
 * Key material for the tests of key blobs: made by node:crypto, in the core's form.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import type { Curve, EcPrivateKey, RsaPrivateKey } from '../../src/crypto/keys.js'
import { nativeKeyPair } from '../support/native.js'

/** The bytes of a base64url member of a JWK. */
const member = (jwk: object, name: string): Uint8Array => Uint8Array.from(Buffer.from((jwk as Record<string, string>)[name]!, 'base64url'))

/** An RSA key of `node:crypto`, and as the core has it. */
export function rsaKey(bits: number, publicExponent = 65537): { readonly native: KeyObject; readonly key: RsaPrivateKey } {
  const native = nativeKeyPair({ type: 'rsa', modulusLength: bits, publicExponent }).privateKey
  const jwk = native.export({ format: 'jwk' })
  const [n, e, d, p, q, dp, dq, qi] = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => member(jwk, name)) as Eight
  return { native, key: { type: 'RSA', n, e, d, p, q, dp, dq, qi } }
}

/** An EC key of `node:crypto`, and as the core has it. */
export function ecKey(curve: Curve): { readonly native: KeyObject; readonly key: EcPrivateKey } {
  const native = nativeKeyPair({ type: 'ec', namedCurve: NATIVE_NAMES[curve] }).privateKey
  const jwk = native.export({ format: 'jwk' })
  return { native, key: { type: 'EC', curve, x: member(jwk, 'x'), y: member(jwk, 'y'), d: member(jwk, 'd') } }
}

type Eight = [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
const NATIVE_NAMES = { 'P-256': 'prime256v1', 'P-256K': 'secp256k1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' } as const
