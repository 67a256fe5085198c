/**
 * Key blobs to and from PKCS#8, SubjectPublicKeyInfo and JWK.
 *
 * Each function goes through the core's codecs; a key that passes through on its way is wiped here, the result is the
 * caller's. What one format cannot say is refused, never approximated: a P-256K key has no blob, an RSA key with an exponent
 * of more than 32 bits has no CAPI blob. Numbers are carried over, not judged: `key-check.ts` of the core does that.
 *
 * Requirement: SKI-98.
 * @module
 */
import type { JsonValue } from '../../bytes/json.js'
import { decodePrivateJwk, decodePublicJwk, encodePrivateJwk, encodePublicJwk, type PrivateJwk, type PublicJwk } from '../../crypto/jwk.js'
import { publicPart, wipeKey } from '../../crypto/key-parts.js'
import type { PrivateKey, PublicKey } from '../../crypto/keys.js'
import { bitLengthOfBytes } from '../../crypto/number.js'
import { decodePkcs8, encodePkcs8 } from '../../crypto/pkcs8.js'
import { decodeSpki, encodeSpki } from '../../crypto/spki.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import type { KeyUse } from '../constants/names.js'
import { decodePrivateKeyBlob, decodePublicKeyBlob, encodePrivateKeyBlob, encodePublicKeyBlob, fitsCapi } from './capi.js'
import { completeRsaKey } from './complete-rsa.js'
import { decodeEccKeyBlob, ECC_KEY_MAGICS, encodeEccKeyBlob } from './ecc-key.js'
import { KEY_DATA_MAGIC } from './key-data.js'
import { decodeRsaKeyBlob, encodeRsaKeyBlob, RSA_KEY_MAGIC } from './rsa-key.js'
import { isRsaBlobSize } from './rsa-size.js'

/** The blobs that hold an asymmetric key, by CNG's names and CAPI's. */
export type KeyBlobType = 'RSAPUBLICBLOB' | 'RSAPRIVATEBLOB' | 'RSAFULLPRIVATEBLOB' | 'ECCPUBLICBLOB' | 'ECCPRIVATEBLOB' | 'PUBLICKEYBLOB' | 'PRIVATEKEYBLOB'

/** What may stop a conversion, besides the faults of the two formats. */
export type ConversionFault = Fault<'blob_type_differs' | 'blob_key_public' | 'blob_key_not_expressible'>

/** A key, and what the blob says that it is for; `null` where the blob does not say. */
export interface KeyOfBlob {
  readonly key: PublicKey | PrivateKey
  readonly use: KeyUse | null
}

/** Which blob the first bytes are those of, or `null`. */
export function recogniseKeyBlob(bytes: Uint8Array): KeyBlobType | 'KeyDataBlob' | null {
  if (bytes.length < 4) return null
  const first = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const ecc = ECC_KEY_MAGICS.find(({ value }) => value === first)
  if (ecc) return ecc.form === 'public' ? 'ECCPUBLICBLOB' : 'ECCPRIVATEBLOB'
  return FIRST_NUMBERS.get(first) ?? null
}

/**
 * Writes a key as a blob of the given type; of a private key, a public blob takes the public part. `use` is what the blob
 * says that the key is for, where it can (CAPI and ECC). The result may be a secret of the caller's.
 */
export function keyToBlob(key: PublicKey | PrivateKey, type: KeyBlobType, use: KeyUse): Verdict<Uint8Array, ConversionFault> {
  const isPublic = PUBLIC_TYPES.includes(type)
  if (!isPublic && !isPrivate(key)) return refuse({ code: 'blob_key_public', wanted: type, requirement: 'SKI-98' })
  if ((key.type === 'EC') !== type.startsWith('ECC')) return refuse({ code: 'blob_type_differs', found: key.type, wanted: type, requirement: 'SKI-98' })
  const given: PublicKey | PrivateKey = isPublic ? publicPart(key) : key
  if (given.type === 'EC') {
    if (given.curve === 'P-256K') return notExpressible('curve', given.curve)
    return accept(isPrivate(given) ? encodeEccKeyBlob({ use, form: 'private', key: given }) : encodeEccKeyBlob({ use, form: 'public', key: given }))
  }
  if (type === 'PUBLICKEYBLOB' || type === 'PRIVATEKEYBLOB') {
    if (!fitsCapi(given)) return notExpressible('n, e, p, q')
    return accept(isPrivate(given) ? encodePrivateKeyBlob({ use, key: given }) : encodePublicKeyBlob({ use, key: given }))
  }
  if (!fitsCng(given)) return notExpressible('n, e, p, q')
  if (!isPrivate(given)) return accept(encodeRsaKeyBlob({ form: 'public', key: given }))
  return accept(encodeRsaKeyBlob(type === 'RSAPRIVATEBLOB' ? { form: 'private', key: given } : { form: 'full', key: given }))
}

/**
 * Reads a blob of the given type. What `RSAPRIVATEBLOB` leaves out is computed, for a key of 2048, 3072 or 4096 bits. The key may be a secret of
 * the caller's.
 */
export function blobToKey(bytes: Uint8Array, type: KeyBlobType): Verdict<KeyOfBlob> {
  const found = recogniseKeyBlob(bytes)
  // A blob of another type is worth its own word; bytes that are no blob get the codec's.
  if (found !== null && found !== type) return refuse({ code: 'blob_type_differs', at: 'offset 0', found, wanted: type, requirement: 'SKI-98' })
  switch (type) {
    case 'PUBLICKEYBLOB':
      return decodePublicKeyBlob(bytes)
    case 'PRIVATEKEYBLOB':
      return decodePrivateKeyBlob(bytes)
    case 'ECCPUBLICBLOB':
    case 'ECCPRIVATEBLOB': {
      const read = decodeEccKeyBlob(bytes)
      return read.ok ? accept({ key: read.value.key, use: read.value.use }) : read
    }
    default: {
      const read = decodeRsaKeyBlob(bytes)
      if (!read.ok) return read
      if (read.value.form !== 'private') return accept({ key: read.value.key, use: null })
      try {
        const completed = completeRsaKey(read.value.key)
        return completed.ok ? accept({ key: completed.value, use: null }) : completed
      } finally {
        wipeKey(read.value.key)
      }
    }
  }
}

/** PKCS#8 to a blob. The input stays the caller's to wipe, and so is the result. */
export function pkcs8ToBlob(pkcs8: Uint8Array, type: KeyBlobType, use: KeyUse): Verdict<Uint8Array> {
  const read = decodePkcs8(pkcs8, { trailingZeros: false })
  return read.ok ? wiping(read.value.key, (key) => keyToBlob(key, type, use)) : read
}

/** A private blob to PKCS#8, a secret of the caller's. */
export function blobToPkcs8(blob: Uint8Array, type: KeyBlobType): Verdict<Uint8Array> {
  return privateKeyOf(blob, type, (key) => encodePkcs8(key))
}

/** SubjectPublicKeyInfo to a public blob. */
export function spkiToBlob(spki: Uint8Array, type: KeyBlobType, use: KeyUse): Verdict<Uint8Array> {
  const read = decodeSpki(spki)
  return read.ok ? keyToBlob(read.value, type, use) : read
}

/** A blob to SubjectPublicKeyInfo; of a private key, only the public part. */
export function blobToSpki(blob: Uint8Array, type: KeyBlobType): Verdict<Uint8Array> {
  return keyOf(blob, type, (key) => accept(encodeSpki(publicPart(key))))
}

/** A JWK to a blob. A private JWK may become a public blob; a public one cannot become a private blob. */
export function jwkToBlob(jwk: JsonValue, type: KeyBlobType, use: KeyUse): Verdict<Uint8Array> {
  const asPublic = decodePublicJwk(jwk)
  if (asPublic.ok) return keyToBlob(asPublic.value, type, use)
  if (asPublic.fault.code !== 'jwk_private_given') return asPublic
  const asPrivate = decodePrivateJwk(jwk)
  if (!asPrivate.ok) return asPrivate
  return wiping(asPrivate.value, (key) =>
    key.type === 'oct' ? refuse({ code: 'blob_type_differs', found: 'oct', wanted: type, requirement: 'SKI-98' }) : keyToBlob(key, type, use),
  )
}

/** A blob to a public JWK; of a private key, only the public part. */
export function blobToPublicJwk(blob: Uint8Array, type: KeyBlobType): Verdict<PublicJwk> {
  return keyOf(blob, type, (key) => accept(encodePublicJwk(key)))
}

/** A private blob to a private JWK: secret text, which nobody can wipe. */
export function blobToPrivateJwk(blob: Uint8Array, type: KeyBlobType): Verdict<PrivateJwk> {
  return privateKeyOf(blob, type, (key) => encodePrivateJwk(key))
}

function privateKeyOf<T>(blob: Uint8Array, type: KeyBlobType, then: (key: PrivateKey) => T): Verdict<T> {
  return keyOf(blob, type, (key) => (isPrivate(key) ? accept(then(key)) : refuse({ code: 'blob_key_public', found: type, requirement: 'SKI-98' })))
}

function keyOf<T>(blob: Uint8Array, type: KeyBlobType, then: (key: PublicKey | PrivateKey) => Verdict<T>): Verdict<T> {
  const read = blobToKey(blob, type)
  return read.ok ? wiping(read.value.key, then) : read
}

function wiping<K extends Parameters<typeof wipeKey>[0], T>(key: K, then: (key: K) => T): T {
  try {
    return then(key)
  } finally {
    wipeKey(key)
  }
}

/** Whether `BCRYPT_RSAKEY_BLOB` has room for the key: numbers no longer than what they are computed modulo. */
function fitsCng(key: PublicKey | PrivateKey): boolean {
  if (key.type !== 'RSA' || !isRsaBlobSize(bitLengthOfBytes(key.n)) || bitLengthOfBytes(key.e) === 0) return false
  if (!isPrivate(key)) return true
  const bytes = (integer: Uint8Array) => Math.ceil(bitLengthOfBytes(integer) / 8)
  const [p, q] = [bytes(key.p), bytes(key.q)]
  return p > 0 && q > 0 && bytes(key.dp) <= p && bytes(key.dq) <= q && bytes(key.qi) <= p && bytes(key.d) <= bytes(key.n)
}

const isPrivate = (key: PublicKey | PrivateKey): key is PrivateKey => 'd' in key
const notExpressible = (at: string, found?: string) =>
  refuse<ConversionFault>({ code: 'blob_key_not_expressible', at, ...(found === undefined ? {} : { found }), requirement: 'SKI-98' })

const PUBLIC_TYPES: readonly KeyBlobType[] = ['RSAPUBLICBLOB', 'ECCPUBLICBLOB', 'PUBLICKEYBLOB']
const FIRST_NUMBERS: ReadonlyMap<number, KeyBlobType | 'KeyDataBlob'> = new Map<number, KeyBlobType | 'KeyDataBlob'>([
  [KEY_DATA_MAGIC, 'KeyDataBlob'],
  [RSA_KEY_MAGIC.public, 'RSAPUBLICBLOB'],
  [RSA_KEY_MAGIC.private, 'RSAPRIVATEBLOB'],
  [RSA_KEY_MAGIC.full, 'RSAFULLPRIVATEBLOB'],
  // bType, bVersion and two reserved bytes.
  [0x0206, 'PUBLICKEYBLOB'],
  [0x0207, 'PRIVATEKEYBLOB'],
])
