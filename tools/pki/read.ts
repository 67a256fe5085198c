/**
 * Reads PKCS#10 requests (RFC 2986) and X.509 certificates (RFC 5280), which come from strangers: strict DER to the last
 * byte, by the core's own cursor, so that nothing is taken that another reader would take for something else.
 *
 * What has no bearing on subject and key is stepped over: validity, attributes of a request, extensions but for key usage.
 * Whether a signature is good, and whether anybody vouches for the key, is for others to ask.
 *
 * Spec: spec/ski.md, SKI-263, SKI-264, SKI-265.
 * @module
 */
import { equalBytes, requireBytes } from '../../src/bytes/bytes.js'
import { contextTag, readDer, TAG, type DerCursor } from '../../src/bytes/der.js'
import type { PublicKey } from '../../src/crypto/keys.js'
import { decodeSpki } from '../../src/crypto/spki.js'
import type { CertificateRequest, PkiFault } from '../../src/ski/pki.js'
import { accept, refuse, type Verdict } from '../../src/verdict.js'
import { readSignatureAlgorithm, signatureFromDocument } from './algorithm.js'
import { readName } from './names.js'
import { checkedKey } from './structure.js'

/** What is read of a certificate. */
export interface CertificateParts {
  /** RFC 4514 text. */
  readonly subject: string
  readonly key: PublicKey
  /** The issuer's Name, byte for byte. */
  readonly issuer: Uint8Array
  /** Big-endian, without sign byte. */
  readonly serial: Uint8Array
  /** The first eight bits of the key usage extension, the first one highest; `null` where there is none. */
  readonly keyUsage: number | null
}

/** Reads a request. */
export function readRequestParts(bytes: Uint8Array): Verdict<CertificateRequest, PkiFault> {
  return readDocument(bytes, 'request_malformed', (der) =>
    der.sequence('CertificationRequest', (request) => {
      const start = request.offset
      const { subject, key } = request.sequence('certificationRequestInfo', (info) => {
        readVersion(info, 'request_malformed', [0])
        const read = { subject: readName(info, bytes, 'subject'), key: readKey(info, bytes, 'request_malformed') }
        // RFC 2986 §4.1 has them always, if only empty; OpenSSL and others take a request without.
        if (!info.done) info.constructed(contextTag(0, true), 'attributes', skipAll)
        return read
      })
      const toBeSigned = bytes.slice(start, request.offset)
      readSignatureAlgorithm(request, 'signatureAlgorithm', key)
      const offset = request.offset
      const signature = signatureFromDocument(key, request.bitString('signature'))
      if (!signature) return request.refuse({ code: 'request_malformed', wanted: 'a signature of the form that the key makes' }, 'signature', offset)
      return { subject, key, toBeSigned, signature }
    }),
  )
}

/** Reads a certificate. */
export function readCertificateParts(bytes: Uint8Array): Verdict<CertificateParts, PkiFault> {
  return readDocument(bytes, 'certificate_malformed', (der) =>
    der.sequence('Certificate', (certificate) => {
      const read = certificate.sequence('tbsCertificate', (tbs) => {
        const versioned = tbs.next(contextTag(0, true))
        // X.690 §11.5: a default value (version 1) is not written.
        if (versioned) tbs.constructed(contextTag(0, true), 'version', (version) => readVersion(version, 'certificate_malformed', [1, 2]))
        const serial = Uint8Array.from(tbs.integer('serialNumber'))
        const algorithm = windowOf(tbs, bytes, 'signature')
        const issuer = Uint8Array.from(windowOf(tbs, bytes, 'issuer', (inside, name) => readName(inside, bytes, name)))
        tbs.sequence('validity', (validity) => {
          validity.skip('notBefore')
          validity.skip('notAfter')
        })
        const subject = readName(tbs, bytes, 'subject')
        const key = readKey(tbs, bytes, 'certificate_malformed')
        for (const id of [1, 2]) if (tbs.next(contextTag(id))) tbs.skip('uniqueID')
        const keyUsage = tbs.done ? null : tbs.constructed(contextTag(3, true), 'extensions', readExtensions)
        return { subject, key, issuer, serial, keyUsage, algorithm }
      })
      const offset = certificate.offset
      const again = windowOf(certificate, bytes, 'signatureAlgorithm')
      // RFC 5280 §4.1.1.2.
      if (!equalBytes(again, read.algorithm))
        certificate.refuse({ code: 'certificate_malformed', wanted: 'the algorithm of tbsCertificate' }, 'signatureAlgorithm', offset)
      certificate.bitString('signatureValue')
      const { algorithm: _, ...parts } = read
      return parts
    }),
  )
}

/** The extensions, each at most once; of their contents only key usage is read. */
function readExtensions(der: DerCursor<PkiFault['code']>): number | null {
  const seen = new Set<string>()
  let keyUsage: number | null = null
  der.sequence('Extensions', (extensions) => {
    while (!extensions.done)
      extensions.sequence('Extension', (extension) => {
        const offset = extension.offset
        const id = extension.objectIdentifier('extnID')
        if (seen.has(id)) extension.refuse({ code: 'certificate_malformed', found: id, wanted: 'each extension once' }, 'extnID', offset)
        seen.add(id)
        if (extension.next(BOOLEAN)) extension.skip('critical')
        const value = extension.octetString('extnValue')
        if (id !== KEY_USAGE) return
        keyUsage = keyUsageOf(value)
        if (keyUsage === null) extension.refuse({ code: 'certificate_malformed', wanted: 'a BIT STRING of one or two bytes' }, 'keyUsage', offset)
      })
  })
  return keyUsage
}

/** The first byte of a named bit list, whose unused bits are zero in DER (X.690 §11.2.2); `null` where the value is none. */
function keyUsageOf(value: Uint8Array): number | null {
  const [tag, length, unused = 8, first] = value
  const isBits = tag === TAG.bitString && length === value.length - 2 && (length === 2 || length === 3) && unused < 8
  return isBits ? first! : null
}

function readVersion(der: DerCursor<PkiFault['code']>, code: PkiFault['code'], taken: readonly number[]): void {
  const offset = der.offset
  const found = der.smallInteger('version')
  if (!taken.includes(found)) der.refuse({ code, found, wanted: taken.join(', ') }, 'version', offset)
}

/** A SubjectPublicKeyInfo whose key is one that we know. */
function readKey(der: DerCursor<PkiFault['code']>, bytes: Uint8Array, code: PkiFault['code']): PublicKey {
  const offset = der.offset
  const decoded = decodeSpki(windowOf(der, bytes, 'subjectPublicKeyInfo'))
  if (!decoded.ok) {
    const malformed = decoded.fault.code.startsWith('der_')
    return der.refuse({ code: malformed ? code : 'key_not_supported', found: decoded.fault.code }, 'subjectPublicKeyInfo', offset)
  }
  const checked = checkedKey(decoded.value, 'subjectPublicKeyInfo')
  return checked.ok ? checked.value : der.refuse({ code: 'key_not_supported', found: checked.fault.found! }, 'subjectPublicKeyInfo', offset)
}

/** An element's bytes, tag and length included. Its encoding is checked, and its meaning by whoever reads it. */
function windowOf(
  der: DerCursor<PkiFault['code']>,
  bytes: Uint8Array,
  name: string,
  read: (der: DerCursor<PkiFault['code']>, name: string) => void = (inside) => inside.skip(name),
): Uint8Array {
  const start = der.offset
  read(der, name)
  return bytes.subarray(start, der.offset)
}

function skipAll(der: DerCursor<PkiFault['code']>): void {
  while (!der.done) der.skip('…')
}

/** Reads a whole document; a fault of its encoding becomes one of `code`. */
function readDocument<T>(bytes: Uint8Array, code: PkiFault['code'], decode: (der: DerCursor<PkiFault['code']>) => T): Verdict<T, PkiFault> {
  requireBytes(bytes, 'document')
  if (bytes.length > LARGEST) return refuse({ code, found: bytes.length, wanted: `at most ${LARGEST} bytes` })
  const read = readDer<T, PkiFault['code']>(bytes, decode)
  if (read.ok) return accept(read.value)
  const { fault } = read
  return refuse(isOwn(fault) ? fault : { code, ...(fault.at === undefined ? {} : { at: fault.at }), found: fault.code })
}

const isOwn = (fault: { readonly code: string }): fault is PkiFault => !fault.code.startsWith('der_')

const BOOLEAN = 0x01
/** RFC 5280 §4.2.1.3. */
const KEY_USAGE = '2.5.29.15'
/** No certificate or request of a key known here comes near it. */
const LARGEST = 65536
