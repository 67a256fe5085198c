/**
 * Builds the archive's envelope: CMS EnvelopedData (RFC 5652 §6) in a ContentInfo, from parts that an enclave enciphered.
 * Nothing here can open it: neither the content key nor the content is ever seen.
 *
 * Spec: spec/ski.md, SKI-265.
 * @module
 */
import type { Integer } from 'asn1js'
import {
  AlgorithmIdentifier,
  ContentInfo,
  EncryptedContentInfo,
  EnvelopedData,
  IssuerAndSerialNumber,
  KeyTransRecipientInfo,
  RecipientInfo,
  RSAESOAEPParams,
} from 'pkijs'
import { equalBytes, requireBytes } from '../../src/bytes/bytes.js'
import { integer, writeDer } from '../../src/bytes/der.js'
import { OID } from '../../src/crypto/oid.js'
import { encodeSpki } from '../../src/crypto/spki.js'
import type { EnvelopeContent, PkiFault, RecoveryAgent } from '../../src/ski/pki.js'
import { accept, refuse, type Verdict } from '../../src/verdict.js'
import { hashAlgorithm } from './algorithm.js'
import { KEY_USAGE } from './certificate.js'
import { compareBytes } from './names.js'
import { readCertificateParts } from './read.js'
import { fromDer, nameOf, octets, toDer } from './structure.js'

/** Builds an envelope. Lengths that cannot be are a `TypeError`; a certificate that is none, or of another key, is refused. */
export function buildEnvelope({ recipients, iv, encryptedContent }: EnvelopeContent): Verdict<Uint8Array, PkiFault> {
  requireBytes(iv, 'iv', 16)
  requireBytes(encryptedContent, 'encryptedContent')
  if (encryptedContent.length === 0 || encryptedContent.length % 16 !== 0) throw new TypeError('encryptedContent: whole blocks of 16 bytes are wanted')
  if (recipients.length === 0) throw new TypeError('recipients: at least one is wanted')

  const infos: { readonly der: Uint8Array; readonly info: KeyTransRecipientInfo }[] = []
  for (const [index, { agent, encryptedKey }] of recipients.entries()) {
    requireBytes(encryptedKey, 'encryptedKey', agent.key.n.length)
    const identifier = identify(agent, `recipients[${index}]`)
    if (!identifier.ok) return identifier
    const info = new KeyTransRecipientInfo({
      version: 0,
      rid: identifier.value,
      keyEncryptionAlgorithm: oaepSha256(),
      encryptedKey: octets(encryptedKey),
    })
    infos.push({ der: toDer(info.toSchema()), info })
  }

  const data = new EnvelopedData({
    // §6.1: no originator, no unprotected attributes, and all recipients of version 0.
    version: 0,
    // X.690 §11.6: a SET OF is sorted by its encodings.
    recipientInfos: infos.toSorted((a, b) => compareBytes(a.der, b.der)).map(({ info }) => new RecipientInfo({ variant: KEY_TRANSPORT, value: info })),
    encryptedContentInfo: new EncryptedContentInfo({
      contentType: ContentInfo.DATA,
      contentEncryptionAlgorithm: new AlgorithmIdentifier({ algorithmId: AES_256_CBC, algorithmParams: octets(iv) }),
      encryptedContent: octets(encryptedContent),
      // One piece, as DER wants it.
      disableSplit: true,
    }),
  })
  return accept(toDer(new ContentInfo({ contentType: ContentInfo.ENVELOPED_DATA, content: data.toSchema() }).toSchema()))
}

/** Issuer and serial number of an agent's certificate, which has to be one for the agent's key and for this use. */
function identify({ certificate, key }: RecoveryAgent, at: string): Verdict<IssuerAndSerialNumber, PkiFault> {
  const read = readCertificateParts(certificate)
  if (!read.ok) return refuse({ ...read.fault, at: `${at}.agent.certificate${read.fault.at === undefined ? '' : `: ${read.fault.at}`}` })
  const { issuer, serial, keyUsage } = read.value
  if (!equalBytes(encodeSpki(read.value.key), encodeSpki(key)))
    return refuse({ code: 'key_not_supported', at: `${at}.agent.key`, wanted: 'the key of the certificate' })
  // RFC 5280 §4.2.1.3: a certificate that names usages allows no other.
  if (keyUsage !== null && (keyUsage & KEY_USAGE.keyEncipherment) === 0)
    return refuse({ code: 'key_not_supported', at: `${at}.agent.certificate`, wanted: 'the key usage keyEncipherment' })
  return accept(new IssuerAndSerialNumber({ issuer: nameOf(issuer), serialNumber: fromDer(writeDer(integer(serial))) as Integer }))
}

/** RSAES-OAEP with SHA-256 in both places and no label, each said (RFC 4055 §4.1). */
const oaepSha256 = (): AlgorithmIdentifier =>
  new AlgorithmIdentifier({
    algorithmId: OID.rsaesOaep,
    algorithmParams: new RSAESOAEPParams({
      hashAlgorithm: hashAlgorithm('SHA-256'),
      maskGenAlgorithm: new AlgorithmIdentifier({ algorithmId: MGF1, algorithmParams: hashAlgorithm('SHA-256').toSchema() }),
    }).toSchema(),
  })

/** How pkijs tells key transport from its other kinds of recipient. */
const KEY_TRANSPORT = 1
/** RFC 8017 A.2.1. */
const MGF1 = '1.2.840.113549.1.1.8'
/** RFC 3565 §4.1. */
const AES_256_CBC = '2.16.840.1.101.3.4.1.42'
