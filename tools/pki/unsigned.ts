/**
 * What certificates and requests have in common: something to be signed, the algorithm, and the signature.
 * @module
 */
import { bitString, element, TAG, writeDer } from '../../src/bytes/der.js'
import type { PublicKey } from '../../src/crypto/keys.js'
import type { Unsigned } from '../../src/ski/pki.js'
import { signatureAlgorithm, signatureToDocument } from './algorithm.js'
import { toDer } from './structure.js'

/** A document that lacks the signature of `signer`. The bytes that are signed are the bytes that it will hold. */
export function unsigned(toBeSigned: Uint8Array, signer: PublicKey): Unsigned {
  const kept = Uint8Array.from(toBeSigned)
  const algorithm = toDer(signatureAlgorithm(signer).toSchema())
  return {
    toBeSigned,
    signed: (signature) => writeDer(element(TAG.sequence, kept, algorithm, bitString(signatureToDocument(signer, signature)))),
  }
}
