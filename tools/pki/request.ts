/**
 * Builds PKCS#10 certificate requests (RFC 2986).
 *
 * Spec: spec/ski.md, SKI-263.
 * @module
 */
import { CertificationRequest } from 'pkijs'
import { publicPart } from '../../src/crypto/key-parts.js'
import type { PublicKey } from '../../src/crypto/keys.js'
import type { PkiFault, Unsigned } from '../../src/ski/pki.js'
import { accept, type Verdict } from '../../src/verdict.js'
import { signatureAlgorithm } from './algorithm.js'
import { encodeName } from './names.js'
import { checkedKey, nameOf, publicKeyInfo, toDer } from './structure.js'
import { unsigned } from './unsigned.js'

/** A request for a certificate on `key` with this subject, without attributes. */
export function buildRequest(subject: string, key: PublicKey): Verdict<Unsigned, PkiFault> {
  const name = encodeName(subject)
  if (!name.ok) return name
  const checked = checkedKey(publicPart(key), 'key')
  if (!checked.ok) return checked
  const request = new CertificationRequest({
    version: 0,
    subject: nameOf(name.value),
    subjectPublicKeyInfo: publicKeyInfo(checked.value),
    attributes: [],
    signatureAlgorithm: signatureAlgorithm(checked.value),
  })
  // pkijs keeps the part to be signed to itself: it is the first of the three.
  const toBeSigned = toDer(request.toSchema(true).valueBlock.value[0]!)
  return accept(unsigned(toBeSigned, checked.value))
}
