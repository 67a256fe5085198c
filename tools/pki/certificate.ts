/**
 * Builds X.509 v3 certificates after the profile of RFC 5280: for a CA, for a user's key on a card, for a recovery agent.
 *
 * Key identifiers are method (1) of §4.2.1.2 there, the SHA-1 of the public key, because the issuer's own certificate may
 * come from another CA software, and this is what all of them write; nothing but the search for an issuer depends on it.
 *
 * Spec: spec/ski.md, SKI-264.
 * @module
 */
import { BitString, type Integer, type BaseBlock } from 'asn1js'
import { AuthorityKeyIdentifier, BasicConstraints, Certificate, Extension, ExtKeyUsage, Time, TimeType, type PublicKeyInfo } from 'pkijs'
import { requireBytes } from '../../src/bytes/bytes.js'
import { integer, writeDer } from '../../src/bytes/der.js'
import { digest } from '../../src/crypto/hash.js'
import { publicPart } from '../../src/crypto/key-parts.js'
import type { PublicKey } from '../../src/crypto/keys.js'
import type { CertificateContent, PkiFault, Unsigned } from '../../src/ski/pki.js'
import { accept, refuse, type Verdict } from '../../src/verdict.js'
import { signatureAlgorithm } from './algorithm.js'
import { encodeName } from './names.js'
import { checkedKey, fromDer, nameOf, octets, plain, publicKeyInfo, toDer } from './structure.js'
import { unsigned } from './unsigned.js'

/** Builds a certificate. A serial number or a time that cannot be is a `TypeError`. */
export function buildCertificate({ issuer, serial, notBefore, notAfter, use, ...content }: CertificateContent): Verdict<Unsigned, PkiFault> {
  const serialNumber = serialOf(serial)
  const validity = { notBefore: timeOf(notBefore, 'notBefore'), notAfter: timeOf(notAfter, 'notAfter') }
  if (notAfter < notBefore) throw new TypeError('notAfter: a time that is not before notBefore is wanted')

  const [subject, issuerName] = [encodeName(content.subject), encodeName(issuer.subject)]
  if (!subject.ok) return subject
  if (!issuerName.ok) return issuerName
  const [key, issuerKey] = [checkedKey(publicPart(content.key), 'key'), checkedKey(publicPart(issuer.key), 'issuer.key')]
  if (!key.ok) return key
  if (!issuerKey.ok) return issuerKey
  if (use === 'recovery' && key.value.type !== 'RSA') return refuse({ code: 'key_not_supported', at: 'key', found: key.value.type, wanted: 'RSA' })

  const subjectPublicKeyInfo = publicKeyInfo(key.value)
  const certificate = new Certificate({
    version: V3,
    serialNumber,
    signature: signatureAlgorithm(issuerKey.value),
    issuer: nameOf(issuerName.value),
    ...validity,
    subject: nameOf(subject.value),
    subjectPublicKeyInfo,
    extensions: [
      extension(OID.basicConstraints, true, new BasicConstraints({ cA: use === 'authority' }).toSchema()),
      extension(OID.keyUsage, true, namedBits(keyUsage(use, key.value))),
      ...(use === 'user' ? [extension(OID.extKeyUsage, false, new ExtKeyUsage({ keyPurposes: [OID.clientAuth] }).toSchema())] : []),
      extension(OID.subjectKeyIdentifier, false, octets(keyIdentifier(subjectPublicKeyInfo))),
      extension(OID.authorityKeyIdentifier, false, authority(issuerKey.value)),
    ],
  })
  return accept(unsigned(toDer(certificate.encodeTBS()), issuerKey.value))
}

/** Bits of the key usage extension, the first of its list highest (RFC 5280 §4.2.1.3). */
export const KEY_USAGE = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  keyAgreement: 0x08,
  keyCertSign: 0x04,
  cRLSign: 0x02,
} as const

function keyUsage(use: CertificateContent['use'], key: PublicKey): number {
  if (use === 'authority') return KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign
  if (use === 'recovery') return KEY_USAGE.keyEncipherment
  // RFC 3279 §2.3.1 and RFC 5480 §3: an RSA key enciphers, an EC key agrees.
  return KEY_USAGE.digitalSignature | (key.type === 'RSA' ? KEY_USAGE.keyEncipherment : KEY_USAGE.keyAgreement)
}

/** A named bit list without its trailing zero bits (X.690 §11.2.2). */
function namedBits(byte: number): BitString {
  let unusedBits = 0
  while (((byte >> unusedBits) & 1) === 0) unusedBits++
  return new BitString({ valueHex: plain(Uint8Array.of(byte)), unusedBits })
}

const extension = (extnID: string, critical: boolean, value: BaseBlock): Extension => new Extension({ extnID, critical, extnValue: plain(toDer(value)) })

const authority = (key: PublicKey): BaseBlock => new AuthorityKeyIdentifier({ keyIdentifier: octets(keyIdentifier(publicKeyInfo(key))) }).toSchema()

const keyIdentifier = (info: PublicKeyInfo): Uint8Array => digest('SHA-1', Uint8Array.from(info.subjectPublicKey.valueBlock.valueHexView))

function serialOf(serial: Uint8Array): Integer {
  requireBytes(serial, 'serial')
  const der = writeDer(integer(serial))
  // RFC 5280 §4.1.2.2: 20 octets as they are encoded, the sign included.
  if (serial.every((byte) => byte === 0) || der.length > 22) throw new TypeError('serial: a positive number below 2^159 is wanted')
  return fromDer(der) as Integer
}

/** RFC 5280 §4.1.2.5. */
function timeOf(seconds: number, name: string): Time {
  const value = new Date(seconds * 1000)
  const year = value.getUTCFullYear()
  if (!Number.isSafeInteger(seconds) || !(year >= 1950 && year <= 9999)) throw new TypeError(`${name}: whole seconds of a time from 1950 to 9999 are wanted`)
  return new Time({ type: year < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime, value })
}

const V3 = 2
const OID = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  /** RFC 5280 §4.2.1.12. */
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const
