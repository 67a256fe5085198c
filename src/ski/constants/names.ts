/**
 * The strings of the minidriver interface: properties, secure functions, algorithms, chaining modes, blob types. On the
 * interface they are UTF-16LE, NUL-terminated, and compared with their case.
 *
 * Requirements: SKI-94, SKI-142, SKI-149.
 * @module
 */
import type { Curve, Hash } from '../../crypto/keys.js'

/** The secure functions: names of what `MDEncryptData` seals and `CardProcessEncryptedData` does. */
export const SECURE_FUNCTIONS = {
  CSF_IMPORT_KEYPAIR: 'Import Key Pair',
  CSF_CHANGE_AUTHENTICATOR: 'Change Authenticator',
  CSF_AUTHENTICATE: 'Authenticate',
} as const

/** Card properties that SKI needs, and the card's identifier. */
export const CARD_PROPERTIES = {
  CP_KEY_IMPORT_SUPPORT: 'Key Import Support',
  CP_ENUM_ALGORITHMS: 'Algorithms',
  CP_PADDING_SCHEMES: 'Padding Schemes',
  CP_CHAINING_MODES: 'Chaining Modes',
  CP_CARD_GUID: 'Card Identifier',
} as const

/** Properties of keys and algorithms; the first three are spelt as in CNG, the last is CNG's alone. */
export const KEY_PROPERTIES = {
  CKP_CHAINING_MODE: 'ChainingMode',
  CKP_INITIALIZATION_VECTOR: 'IV',
  CKP_BLOCK_LENGTH: 'BlockLength',
  BCRYPT_KEY_LENGTHS: 'KeyLengths',
} as const

/** Properties and blob types of our own; the interface lets a minidriver add some. */
export const CUSTOM_NAMES = {
  /** Key property, read: the card's receipt for the session key. */
  KEY_RECEIPT: 'Keyferry Receipt',
  /** Key property, written: the container that `CardProcessEncryptedData` prepares. */
  KEY_CONTAINER: 'Keyferry Container',
  /** Container property, read: evidence for the key in it. */
  KEY_EVIDENCE: 'Keyferry Key Evidence',
  /** Card property, read: the card's one-shot nonce. */
  CARD_NONCE: 'Keyferry Card Nonce',
  /** Blob type of `CardImportSessionKey`: a wrapped session key inside an establishment. */
  PROVEN_KEY_BLOB: 'KeyferryProvenKeyBlob',
} as const

/** Chaining modes, as CNG spells them. SKI defines CBC only. */
export const CHAINING_MODES = {
  CARD_CHAIN_MODE_CBC: 'ChainingModeCBC',
  BCRYPT_CHAIN_MODE_ECB: 'ChainingModeECB',
  BCRYPT_CHAIN_MODE_CFB: 'ChainingModeCFB',
  BCRYPT_CHAIN_MODE_CCM: 'ChainingModeCCM',
  BCRYPT_CHAIN_MODE_GCM: 'ChainingModeGCM',
  BCRYPT_CHAIN_MODE_NA: 'ChainingModeN/A',
} as const

/** Types of key blobs. */
export const BLOB_TYPES = {
  BCRYPT_KEY_DATA_BLOB: 'KeyDataBlob',
  BCRYPT_OPAQUE_KEY_BLOB: 'OpaqueKeyBlob',
  BCRYPT_AES_WRAP_KEY_BLOB: 'Rfc3565KeyWrapBlob',
  BCRYPT_RSAPUBLIC_BLOB: 'RSAPUBLICBLOB',
  BCRYPT_RSAPRIVATE_BLOB: 'RSAPRIVATEBLOB',
  BCRYPT_RSAFULLPRIVATE_BLOB: 'RSAFULLPRIVATEBLOB',
  BCRYPT_ECCPUBLIC_BLOB: 'ECCPUBLICBLOB',
  BCRYPT_ECCPRIVATE_BLOB: 'ECCPRIVATEBLOB',
} as const

/** CNG's names of hashes, for `BCRYPT_OAEP_PADDING_INFO`, and the core's. */
export const HASH_IDS = { SHA1: 'SHA-1', SHA256: 'SHA-256', SHA384: 'SHA-384', SHA512: 'SHA-512' } as const satisfies Readonly<Record<string, Hash>>

/** A symmetric algorithm, as `Algorithms` lists it. */
export interface SymmetricAlgorithm {
  /** The string. */
  readonly name: string
  /** The name of the constant. */
  readonly constant: string
  /** Legal key lengths, in bytes. */
  readonly keyBytes: readonly number[]
  /** The block, and so the IV, in bytes. */
  readonly blockBytes: 8 | 16
}

/** The symmetric algorithms of SKI. */
export const SYMMETRIC_ALGORITHMS = [
  { name: 'AES', constant: 'CARD_AES_ALGORITHM', keyBytes: [16, 24, 32], blockBytes: 16 },
  { name: '3DES', constant: 'CARD_3DES_ALGORITHM', keyBytes: [24], blockBytes: 8 },
  { name: '3DES_112', constant: 'CARD_3DES_112_ALGORITHM', keyBytes: [16], blockBytes: 8 },
] as const satisfies readonly SymmetricAlgorithm[]

/** The algorithm of a name, or `null`. */
export function symmetricAlgorithm(name: string): SymmetricAlgorithm | null {
  return SYMMETRIC_ALGORITHMS.find((algorithm) => algorithm.name === name) ?? null
}

/** What a key is for: it decrypts and agrees (`exchange`), or it signs. */
export type KeyUse = 'exchange' | 'signature'

/** The curves of the interface. */
export type CardCurve = Exclude<Curve, 'P-256K'>

/** An asymmetric algorithm, as `Algorithms` lists it. */
export interface AsymmetricAlgorithm {
  readonly name: string
  readonly type: 'RSA' | 'EC'
  /** `null` for RSA, which does both. */
  readonly use: KeyUse | null
  readonly curve: CardCurve | null
}

/** The asymmetric algorithms, by CNG's names. */
export const ASYMMETRIC_ALGORITHMS = [
  { name: 'RSA', type: 'RSA', use: null, curve: null },
  { name: 'ECDH_P256', type: 'EC', use: 'exchange', curve: 'P-256' },
  { name: 'ECDH_P384', type: 'EC', use: 'exchange', curve: 'P-384' },
  { name: 'ECDH_P521', type: 'EC', use: 'exchange', curve: 'P-521' },
  { name: 'ECDSA_P256', type: 'EC', use: 'signature', curve: 'P-256' },
  { name: 'ECDSA_P384', type: 'EC', use: 'signature', curve: 'P-384' },
  { name: 'ECDSA_P521', type: 'EC', use: 'signature', curve: 'P-521' },
] as const satisfies readonly AsymmetricAlgorithm[]
