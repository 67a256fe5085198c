/**
 * RSASSA-PKCS1-v1_5 (RFC 8017 §8.2): the signature of certificates, certificate requests and statements under an RSA key.
 *
 * A message and a key have exactly one such signature. So verifying makes the encoded message and compares it with what
 * the public operation gives; nothing that a signer chose is ever parsed, which is where forgeries began.
 * @module
 */
import { concat, equalBytes, requireBytes } from '../bytes/bytes.js'
import { nullElement, objectIdentifier, octetString, sequence, writeDer } from '../bytes/der.js'
import type { Random } from './crypto.js'
import { digest } from './hash.js'
import type { Hash, RsaPrivateKey, RsaPublicKey } from './keys.js'
import { HASH_OID } from './oid.js'
import { isBelowModulus, rsaPrivate, rsaPublic } from './rsa.js'

/** Signs: as many bytes as the modulus has. A modulus too short for the hash is a `TypeError`. */
export function rsaSign(key: RsaPrivateKey, hash: Hash, message: Uint8Array, random: Random): Uint8Array {
  return rsaPrivate(key, requireEmsaPkcs1(key, hash, message), random)
}

/** Whether this is the signature of the message; `false` for anything malformed. */
export function rsaVerify(key: RsaPublicKey, hash: Hash, message: Uint8Array, signature: Uint8Array): boolean {
  requireBytes(signature, 'signature')
  const encoded = emsaPkcs1(key, hash, message)
  return encoded !== null && isBelowModulus(key, signature) && equalBytes(rsaPublic(key, signature), encoded)
}

/** EMSA-PKCS1-v1_5 (§9.2) as long as the modulus, or `null` where the modulus is too short for the hash. */
export function emsaPkcs1({ n }: RsaPublicKey, hash: Hash, message: Uint8Array): Uint8Array | null {
  const digested = octetString(digest(hash, message))
  const info = writeDer(sequence(sequence(objectIdentifier(HASH_OID[hash]), nullElement()), digested))
  const padding = n.length - info.length - 3
  return padding < 8 ? null : concat(HEAD, new Uint8Array(padding).fill(0xff), SEPARATOR, info)
}

/** {@link emsaPkcs1} for whoever signs: there, a modulus too short is a `TypeError`. */
export function requireEmsaPkcs1(key: RsaPublicKey, hash: Hash, message: Uint8Array): Uint8Array {
  const encoded = emsaPkcs1(key, hash, message)
  if (!encoded) throw new TypeError(`key: a modulus that holds a ${hash} signature is wanted, ${key.n.length} bytes were given`)
  return encoded
}

const HEAD = Uint8Array.of(0, 1)
const SEPARATOR = Uint8Array.of(0)
