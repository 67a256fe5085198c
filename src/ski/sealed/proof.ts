/**
 * Proofs behind a text: an ECDSA signature on P-256 with SHA-256 (r ‖ s, 64 bytes), or HMAC-SHA-256 under a key derived from the card's
 * shared key (32 bytes). A label that ends with a zero byte stands before the text, so that no proof can be taken for one of another kind.
 *
 * Spec: spec/ski-sealed-data.md, SKI-44, SKI-51, SKI-52.
 * @module
 */
import { concat, equalBytes, requireBytes, utf8 } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import { wait, type Steps } from '../../enclave/steps.js'

/** The length of r ‖ s on P-256. */
export const SIGNATURE_BYTES = 64

/** The length of HMAC-SHA-256. */
export const TAG_BYTES = 32

/** Signs label ‖ text. A key on another curve than P-256 is a `TypeError`. */
export function* signText(crypto: Crypto, key: EcPrivateKey, label: string, text: Uint8Array): Steps<Uint8Array> {
  requireP256(key)
  const signature = yield* wait(crypto.ecdsaSign(key, concat(utf8(label), text)))
  requireBytes(signature, 'signature', SIGNATURE_BYTES)
  return signature
}

/** Whether one of the anchors, all on P-256, signed label ‖ text. */
export function* isSigned(crypto: Crypto, anchors: readonly EcPublicKey[], label: string, text: Uint8Array, signature: Uint8Array): Steps<boolean> {
  const signed = concat(utf8(label), text)
  for (const anchor of anchors) {
    requireP256(anchor)
    if (yield* wait(crypto.ecdsaVerify(anchor, signed, signature))) return true
  }
  return false
}

/** HMAC of label ‖ text. */
export function* tagText(crypto: Crypto, key: Uint8Array, label: string, text: Uint8Array): Steps<Uint8Array> {
  const tag = yield* wait(crypto.hmac('SHA-256', key, concat(utf8(label), text)))
  requireBytes(tag, 'tag', TAG_BYTES)
  return tag
}

/** Whether a tag is that of label ‖ text, in constant time. */
export function* isTagged(crypto: Crypto, key: Uint8Array, label: string, text: Uint8Array, tag: Uint8Array): Steps<boolean> {
  return equalBytes(tag, yield* tagText(crypto, key, label, text))
}

/** Throws a `TypeError` unless the key is on P-256. */
export function requireP256(key: EcPublicKey): void {
  if (key.curve !== 'P-256') throw new TypeError('key: one on P-256 is wanted')
}
