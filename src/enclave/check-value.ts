/**
 * Which key it is, without showing it: the public part, and one string that tells two keys apart.
 *
 * For a pair the string is the SHA-256 of the SubjectPublicKeyInfo. A symmetric key has no public part; its check value is
 * AES-CMAC, all 128 bits, over a label that no other use of the key shares. A check value is a MAC and not a public key:
 * who holds it can test a guess of the key, and 128 bits leave nothing to guess.
 *
 * Requirements: BYOK-45, BYOK-133.
 * @module
 */
import { toBase64url } from '../bytes/base64.js'
import { requireBytes, utf8 } from '../bytes/bytes.js'
import { toHex } from '../bytes/hex.js'
import type { Crypto } from '../crypto/crypto.js'
import { spkiFingerprint } from '../crypto/fingerprint.js'
import type { OctKey, PublicKey } from '../crypto/keys.js'
import type { Maybe } from '../verdict.js'
import type { KeyIdentity, PublicPart } from './commands.js'
import { run, wait, type Steps } from './steps.js'

/** What AES-CMAC is computed over for a check value. */
export const CHECK_VALUE_LABEL = 'keyferry check value v1'

/**
 * The identity of a key.
 *
 * @example
 * keyIdentity(crypto, { type: 'oct', k }) // 'aes-cmac:' and 32 hex digits
 */
export const keyIdentity = (crypto: Crypto, key: PublicKey | OctKey): Maybe<KeyIdentity> => run(identitySteps(crypto, key))

/** {@link keyIdentity} for work in steps. */
export function* identitySteps(crypto: Crypto, key: PublicKey | OctKey): Steps<KeyIdentity> {
  if (key.type !== 'oct') return `spki-sha256:${spkiFingerprint(key)}`
  const mac = yield* wait(crypto.cmac(key.k, utf8(CHECK_VALUE_LABEL)))
  requireBytes(mac, 'check value', 16)
  return `aes-cmac:${toHex(mac)}`
}

/** The public part of a key, in JWK members; secret parts are left behind. */
export function publicPartOf(key: PublicKey | OctKey): PublicPart {
  switch (key.type) {
    case 'RSA':
      return { kty: 'RSA', n: toBase64url(key.n), e: toBase64url(key.e) }
    case 'EC':
      return { kty: 'EC', crv: key.curve, x: toBase64url(key.x), y: toBase64url(key.y) }
    case 'oct':
      return { kty: 'oct' }
  }
}
