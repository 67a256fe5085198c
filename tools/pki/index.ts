/**
 * `keyferry/pki`: X.509 certificates, PKCS#10 requests and CMS envelopes, on pkijs and asn1js, behind the {@link Pki}
 * interface of secure key injection.
 *
 * It is handed public parts only: keys that may be shown, signatures, and what an enclave has enciphered. pkijs builds and
 * serialises structures; its engine, which would sign and encipher, is not used. Times and serial numbers are handed in too,
 * so the same content makes the same bytes.
 *
 * Spec: spec/ski.md, SKI-263, SKI-264, SKI-265.
 * @packageDocumentation
 */
import type { Synchronous } from '../../src/crypto/pure.js'
import type { Pki } from '../../src/ski/pki.js'
import { accept } from '../../src/verdict.js'
import { buildCertificate } from './certificate.js'
import { buildEnvelope } from './envelope.js'
import { readCertificateParts, readRequestParts } from './read.js'
import { buildRequest } from './request.js'

export type { CertificateContent, CertificateRequest, EnvelopeContent, Pki, PkiFault, RecoveryAgent, Unsigned } from '../../src/ski/pki.js'

/** {@link Pki} as this folder implements it, which answers at once. */
export function pkijsPki(): Synchronous<Pki> {
  return {
    certificateRequest: buildRequest,
    readRequest: readRequestParts,
    certificate: buildCertificate,
    readCertificate: (certificate) => {
      const read = readCertificateParts(certificate)
      return read.ok ? accept({ subject: read.value.subject, key: read.value.key }) : read
    },
    envelope: buildEnvelope,
  }
}
