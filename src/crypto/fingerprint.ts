/**
 * Names for public keys that two people can compare.
 *
 * The fingerprint of a KEK is SHA-256 over its SubjectPublicKeyInfo, in full: a shortened one invites a second key that
 * shares it. The thumbprint of RFC 7638 is a different value, and changes with the `kty` that is hashed.
 *
 * Requirements: BYOK-45, BYOK-46.
 * @module
 */
import { toBase64url } from '../bytes/base64.js'
import { utf8 } from '../bytes/bytes.js'
import { toHex } from '../bytes/hex.js'
import { digest } from './hash.js'
import { encodePublicJwk, plainKty, type Kty } from './jwk.js'
import type { PublicKey } from './keys.js'
import { encodeSpki } from './spki.js'

/**
 * SHA-256 of the SubjectPublicKeyInfo, as 64 lower-case hex digits. Anybody can check it with
 * `openssl pkey -pubin -in kek.pem -outform DER | openssl dgst -sha256`.
 */
export function spkiFingerprint(key: PublicKey): string {
  return toHex(digest('SHA-256', encodeSpki(key)))
}

/**
 * The RFC 7638 thumbprint with SHA-256, base64url. `kty` is the caller's to say, because one key has one thumbprint as `RSA`
 * and another as `RSA-HSM`. The curve is written as Key Vault writes it, `P-256K`.
 */
export function jwkThumbprint(key: PublicKey, kty: Exclude<Kty, 'oct' | 'oct-HSM'>): string {
  if (plainKty(kty) !== key.type) throw new TypeError(`kty: ${key.type} or ${key.type}-HSM is wanted`)
  const jwk: Record<string, string> = { ...encodePublicJwk(key), kty }
  const required = Object.keys(jwk)
    .sort()
    .map((name) => [name, jwk[name]])
  return toBase64url(digest('SHA-256', utf8(JSON.stringify(Object.fromEntries(required)))))
}
