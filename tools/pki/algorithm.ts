/**
 * Algorithms and signatures in the form that certificates and requests want them, to and from the form of the core.
 *
 * RSA: sha256WithRSAEncryption with NULL (RFC 4055 §5), the signature as it is. EC: ecdsa-with-SHA256, 384 or 512 by the
 * curve, without parameters (RFC 5758 §3.2), and the signature as the DER of ECDSA-Sig-Value (RFC 3279 §2.2.3) instead of
 * the core's r ‖ s. Other pairs of key and hash are good cryptography that the core does not verify: refused by name.
 *
 * Spec: spec/ski.md, SKI-263, SKI-264.
 * @module
 */
import { Null } from 'asn1js'
import { AlgorithmIdentifier } from 'pkijs'
import { concat } from '../../src/bytes/bytes.js'
import { integer, readDer, sequence, TAG, writeDer, type DerCursor } from '../../src/bytes/der.js'
import { curveFacts } from '../../src/crypto/ec.js'
import type { Curve, Hash, PublicKey } from '../../src/crypto/keys.js'
import { HASH_OID } from '../../src/crypto/oid.js'
import type { PkiFault } from '../../src/ski/pki.js'

/** The identifier of the algorithm that a key signs with. */
export function signatureAlgorithm(key: PublicKey): AlgorithmIdentifier {
  const { oid, parameters } = signatureFacts(key)
  return new AlgorithmIdentifier(parameters ? { algorithmId: oid, algorithmParams: new Null() } : { algorithmId: oid })
}

/** A hash's identifier, with NULL as RFC 4055 §2.1 writes it. */
export const hashAlgorithm = (hash: Hash): AlgorithmIdentifier => new AlgorithmIdentifier({ algorithmId: HASH_OID[hash], algorithmParams: new Null() })

/** Reads the identifier of a signature's algorithm, which has to be the one that the key signs with. */
export function readSignatureAlgorithm(der: DerCursor<PkiFault['code']>, name: string, key: PublicKey): void {
  der.sequence(name, (inside) => {
    const wanted = signatureFacts(key)
    const offset = inside.offset
    const found = inside.objectIdentifier('algorithm')
    if (found !== wanted.oid) inside.refuse({ code: 'algorithm_not_supported', found, wanted: wanted.oid }, 'algorithm', offset)
    if (wanted.parameters !== inside.next(TAG.null))
      inside.refuse({ code: 'algorithm_not_supported', wanted: wanted.parameters ? 'NULL' : 'no parameters' }, 'parameters')
    if (wanted.parameters) inside.null('parameters')
  })
}

/** A signature of the core as a document carries it. One that the key cannot have made, by its length, is a `TypeError`. */
export function signatureToDocument(key: PublicKey, signature: Uint8Array): Uint8Array {
  const length = key.type === 'RSA' ? key.n.length : 2 * curveFacts(key.curve).bytes
  if (!(signature instanceof Uint8Array) || signature.length !== length) throw new TypeError(`signature: ${length} bytes are wanted`)
  if (key.type === 'RSA') return signature
  return writeDer(sequence(integer(signature.subarray(0, length / 2)), integer(signature.subarray(length / 2))))
}

/** The reverse; `null` where the document carries something else. Whether the signature is good is not asked. */
export function signatureFromDocument(key: PublicKey, signature: Uint8Array): Uint8Array | null {
  if (key.type === 'RSA') return signature.length === key.n.length ? Uint8Array.from(signature) : null
  const { bytes } = curveFacts(key.curve)
  const read = readDer(signature, (der) => der.sequence('ECDSA-Sig-Value', (pair) => [pair.integer('r'), pair.integer('s')]))
  if (!read.ok || read.value.some((number) => number.length > bytes)) return null
  return concat(...read.value.map((number) => concat(new Uint8Array(bytes - number.length), number)))
}

/** Identifier, and whether NULL parameters follow it. */
function signatureFacts(key: PublicKey): { readonly oid: string; readonly parameters: boolean } {
  if (key.type === 'RSA') return { oid: SHA256_WITH_RSA, parameters: true }
  return { oid: ECDSA_WITH[key.curve], parameters: false }
}

/** RFC 4055 §5. */
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11'
/** RFC 5758 §3.2: with SHA-256, SHA-384 or SHA-512, as {@link curveFacts} pairs them. */
const ECDSA_WITH: Readonly<Record<Curve, string>> = {
  'P-256': '1.2.840.10045.4.3.2',
  'P-256K': '1.2.840.10045.4.3.2',
  'P-384': '1.2.840.10045.4.3.3',
  'P-521': '1.2.840.10045.4.3.4',
}
