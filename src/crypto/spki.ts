/**
 * SubjectPublicKeyInfo (RFC 5280 §4.1): the usual form of a public key, and the one whose hash is its fingerprint.
 *
 * One key has one encoding: rsaEncryption with NULL, or a named curve with an uncompressed point.
 * @module
 */
import { bitString, readDer, sequence, writeDer, type DerCode } from '../bytes/der.js'
import { accept, type Fault, type Verdict } from '../verdict.js'
import { readAlgorithm, writeAlgorithm, type AlgorithmCode } from './algorithm.js'
import { uncompressedPoint } from './ec.js'
import { copyKey } from './key-parts.js'
import type { PublicKey } from './keys.js'
import { readRsaPublicKey, writeRsaPublicKey } from './pkcs1-key.js'
import { readPoint, type PointCode } from './sec1.js'

/** What may be wrong with a SubjectPublicKeyInfo, apart from its encoding. */
export type SpkiCode = AlgorithmCode | PointCode

/** Reads a SubjectPublicKeyInfo. Whether the numbers are those of a key is a question for `key-check.ts`. */
export function decodeSpki(bytes: Uint8Array): Verdict<PublicKey, Fault<SpkiCode | DerCode>> {
  const read = readDer<PublicKey, SpkiCode>(bytes, (der) =>
    der.sequence('SubjectPublicKeyInfo', (spki) => {
      const algorithm = readAlgorithm(spki, 'algorithm')
      return algorithm.type === 'RSA' ? spki.bitStringContaining('subjectPublicKey', readRsaPublicKey) : readPoint(spki, algorithm.curve, 'subjectPublicKey')
    }),
  )
  return read.ok ? accept(copyKey(read.value)) : read
}

/** Writes a SubjectPublicKeyInfo; of a private key, only the public part. */
export function encodeSpki(key: PublicKey): Uint8Array {
  return writeDer(sequence(writeAlgorithm(key), bitString(key.type === 'RSA' ? writeRsaPublicKey(key) : uncompressedPoint(key))))
}
