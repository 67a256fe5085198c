/**
 * Structures that exist in one process only: arguments with pointers in them. Layouts for both ABIs, as data; `struct.ts`
 * reads and writes their fixed parts.
 *
 * Requirements: SKI-99, SKI-100.
 * @module
 */
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import type { Hash } from '../../crypto/keys.js'
import { HASH_IDS } from '../constants/names.js'
import { struct } from './struct.js'

/** `BCRYPT_OAEP_PADDING_INFO`: the name of the hash (MGF1 uses the same), and the label. */
export const OAEP_PADDING_INFO = struct('BCRYPT_OAEP_PADDING_INFO', 'SKI-99', null, [
  ['pszAlgId', 'pointer'],
  ['pbLabel', 'pointer'],
  ['cbLabel', 'u32'],
])

/** `BCRYPT_PKCS1_PADDING_INFO`: the name of the hash that was signed. For encryption it says nothing, and may be NULL. */
export const PKCS1_PADDING_INFO = struct('BCRYPT_PKCS1_PADDING_INFO', 'SKI-99', null, [['pszAlgId', 'pointer']])

/** `CARD_ENCRYPTED_DATA`: one blob of the array that `MDEncryptData` returns. */
export const ENCRYPTED_DATA = struct('CARD_ENCRYPTED_DATA', 'SKI-102', null, [
  ['pbEncryptedData', 'pointer'],
  ['cbEncryptedData', 'u32'],
])

/** `CARD_DERIVE_KEY`, version 2: what `CardDeriveKey` is asked for. `hKey` is filled in where the flags ask for a handle. */
export const DERIVE_KEY = struct('CARD_DERIVE_KEY', 'SKI-100', 2, [
  ['dwVersion', 'u32'],
  ['dwFlags', 'u32'],
  ['pwszKDF', 'pointer'],
  ['bSecretAgreementIndex', 'u8'],
  ['pParameterList', 'pointer'],
  ['pbDerivedKey', 'pointer'],
  ['cbDerivedKey', 'u32'],
  ['pwszAlgId', 'pointer'],
  ['dwKeyLen', 'u32'],
  ['hKey', 'pointer'],
])

/** `CARD_DH_AGREEMENT_INFO`, version 2: the other side's public key, and the index of the agreement that is filled in. */
export const DH_AGREEMENT_INFO = struct('CARD_DH_AGREEMENT_INFO', 'SKI-100', 2, [
  ['dwVersion', 'u32'],
  ['bContainerIndex', 'u8'],
  ['dwFlags', 'u32'],
  ['dwPublicKey', 'u32'],
  ['pbPublicKey', 'pointer'],
  ['pbReserved', 'pointer'],
  ['cbReserved', 'u32'],
  ['bSecretAgreementIndex', 'u8'],
])

/** The core's name for the hash that an OAEP padding info names. */
export function hashOfId(id: string): Verdict<Hash, Fault<'hash_id_unknown'>> {
  if (Object.hasOwn(HASH_IDS, id)) return accept(HASH_IDS[id as keyof typeof HASH_IDS])
  return refuse({ code: 'hash_id_unknown', at: 'BCRYPT_OAEP_PADDING_INFO.pszAlgId', wanted: Object.keys(HASH_IDS).join(', '), requirement: 'SKI-99' })
}

/** CNG's name for a hash of the core. */
export function hashId(hash: Hash): keyof typeof HASH_IDS {
  return hash.replace('-', '') as keyof typeof HASH_IDS
}
