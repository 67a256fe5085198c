/**
 * What the server and the CA need of X.509, PKCS#10 and CMS: documents as bytes, made of public parts. Whoever implements
 * it holds no key and sees no secret: what has to be signed or enciphered goes to an enclave, and what comes back is put
 * in its place. An implementation on a real library is in `tools/pki`.
 *
 * All byte strings are DER. Signatures are as the crypto core makes them: RSASSA-PKCS1-v1_5 with SHA-256 for RSA, and
 * r ‖ s of field length with the curve's hash for EC; the document's own form is the business of this interface.
 *
 * Spec: spec/ski.md, SKI-263, SKI-264, SKI-265.
 * @module
 */
import type { PublicKey, RsaPublicKey } from '../crypto/keys.js'
import type { Fault, Maybe, Verdict } from '../verdict.js'

/** Why a document is not read. */
export type PkiFault = Fault<'request_malformed' | 'certificate_malformed' | 'name_malformed' | 'key_not_supported' | 'algorithm_not_supported'>

/** A document that lacks only its signature. */
export interface Unsigned {
  /** The bytes to be signed. */
  readonly toBeSigned: Uint8Array
  /** The document with a signature over {@link Unsigned.toBeSigned}. */
  signed(signature: Uint8Array): Uint8Array
}

/** What a PKCS#10 request says. Whether its signature is good is asked of whoever can verify. */
export interface CertificateRequest {
  /** RFC 4514 text. */
  readonly subject: string
  readonly key: PublicKey
  readonly toBeSigned: Uint8Array
  /** In the core's form; see the module text. */
  readonly signature: Uint8Array
}

/** What a certificate is to say. */
export interface CertificateContent {
  readonly subject: string
  readonly key: PublicKey
  readonly issuer: { readonly subject: string; readonly key: PublicKey }
  /** Positive, big-endian, at most 20 bytes (RFC 5280 §4.1.2.2). */
  readonly serial: Uint8Array
  /** Unix seconds. */
  readonly notBefore: number
  /** Unix seconds. */
  readonly notAfter: number
  /** A CA certificate (basicConstraints, keyCertSign), one for a user's key, or one for a recovery agent's key (keyEncipherment). */
  readonly use: 'authority' | 'user' | 'recovery'
}

/** A certificate as far as an archive needs it. */
export interface RecoveryAgent {
  /** The certificate, DER. */
  readonly certificate: Uint8Array
  readonly key: RsaPublicKey
}

/** What has been enciphered for an archive, ready to be put in a CMS structure. */
export interface EnvelopeContent {
  readonly recipients: readonly {
    readonly agent: RecoveryAgent
    /** The content key under RSAES-OAEP, SHA-256, MGF1-SHA-256, empty label. */ readonly encryptedKey: Uint8Array
  }[]
  /** 16 bytes. */
  readonly iv: Uint8Array
  /** AES-256-CBC with block padding, of a PKCS#8 PrivateKeyInfo. */
  readonly encryptedContent: Uint8Array
}

/** See the module text. */
export interface Pki {
  /** A PKCS#10 request (RFC 2986) for a key, to be signed by that key. */
  certificateRequest(subject: string, key: PublicKey): Maybe<Verdict<Unsigned, PkiFault>>
  /** Reads a PKCS#10 request. */
  readRequest(request: Uint8Array): Maybe<Verdict<CertificateRequest, PkiFault>>
  /** An X.509 v3 certificate, to be signed by its issuer. */
  certificate(content: CertificateContent): Maybe<Verdict<Unsigned, PkiFault>>
  /** Reads the subject and the key of a certificate. */
  readCertificate(certificate: Uint8Array): Maybe<Verdict<{ readonly subject: string; readonly key: PublicKey }, PkiFault>>
  /** A CMS ContentInfo with EnvelopedData (RFC 5652 §6), one KeyTransRecipientInfo for each agent (issuer and serial number). */
  envelope(content: EnvelopeContent): Maybe<Verdict<Uint8Array, PkiFault>>
}
