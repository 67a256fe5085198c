/**
 * In words: the structures that exist in one process only, for two ABIs. Pointers are shown as numbers: what they point at is in a process that is
 * gone.
 *
 * Requirements: SKI-99, SKI-100, SKI-102.
 * @module
 */
import { DERIVE_FLAGS, SIGN_FLAGS } from '../constants/flags.js'
import type { Abi } from '../constants/layout.js'
import { DERIVE_KEY, DH_AGREEMENT_INFO, ENCRYPTED_DATA, OAEP_PADDING_INFO, PKCS1_PADDING_INFO } from '../structures/in-process.js'
import { decodeStruct, type Struct } from '../structures/struct.js'
import { bothAbis, isAddress, pointerAt } from './abi.js'
import { bitsOf, counted, handle, lengthOf, mask, number, pointer, version } from './explain.js'
import { readingOf, type Member, type Sign, type StructureType, type View } from './types.js'

const STRUCT_MEMBERS: Readonly<Record<string, Readonly<Record<string, Member>>>> = {
  BCRYPT_OAEP_PADDING_INFO: { pszAlgId: pointer('the name of the hash'), pbLabel: pointer('the label'), cbLabel: lengthOf('the label') },
  BCRYPT_PKCS1_PADDING_INFO: { pszAlgId: pointer('the name of the hash; for encryption it says nothing') },
  CARD_ENCRYPTED_DATA: { pbEncryptedData: pointer('the blob'), cbEncryptedData: lengthOf('the blob') },
  CARD_DERIVE_KEY: {
    dwVersion: version(2),
    dwFlags: mask({ ...DERIVE_FLAGS, ...SIGN_FLAGS }, 'flags'),
    pwszKDF: pointer('the name of the key derivation function'),
    bSecretAgreementIndex: number('the agreement, as CardConstructDHAgreement named it'),
    pParameterList: pointer('the parameters of the key derivation function'),
    pbDerivedKey: pointer('the derived key'),
    cbDerivedKey: lengthOf('the derived key'),
    pwszAlgId: pointer('the name of the algorithm of the derived key'),
    dwKeyLen: bitsOf('length of the derived key'),
    hKey: handle('the key, given back; 0 before the call'),
  },
  CARD_DH_AGREEMENT_INFO: {
    dwVersion: version(2),
    bContainerIndex: number('the container of the card’s DH key'),
    dwFlags: number('flags, none are defined'),
    dwPublicKey: lengthOf('the public key of the other side'),
    pbPublicKey: pointer('the public key of the other side'),
    pbReserved: pointer('nothing: reserved'),
    cbReserved: number('reserved'),
    bSecretAgreementIndex: number('the agreement, filled in by the call'),
  },
}

const STRUCT_TITLES: Readonly<Record<string, string>> = {
  BCRYPT_OAEP_PADDING_INFO: 'the parameters of RSA-OAEP',
  BCRYPT_PKCS1_PADDING_INFO: 'the parameters of RSA PKCS #1 v1.5',
  CARD_ENCRYPTED_DATA: 'one blob of the array that MDEncryptData returns',
  CARD_DERIVE_KEY: 'what CardDeriveKey is asked for',
  CARD_DH_AGREEMENT_INFO: 'what CardConstructDHAgreement is asked for',
}

/** All of this file. */
export const PROCESS_TYPES: readonly StructureType[] = (
  [OAEP_PADDING_INFO, PKCS1_PADDING_INFO, ENCRYPTED_DATA, DERIVE_KEY, DH_AGREEMENT_INFO] as readonly Struct[]
).flatMap((declared) =>
  bothAbis((abi) => ({
    structure: declared.name,
    title: STRUCT_TITLES[declared.name]!,
    requirement: declared.requirement,
    read: readingOf((bytes, observe) => decodeStruct(declared, abi, bytes, observe)),
    members: { ...STRUCT_MEMBERS[declared.name], padding: counted('padding') },
    signs: structSigns(declared, abi),
  })),
)

/** The size, which says little where it is small; the version; addresses and lengths that a process could have. */
function structSigns(declared: Struct, abi: Abi): readonly Sign[] {
  const { size, members } = declared[abi]
  const pointers = members.filter(({ type }) => type === 'pointer')
  const lengths = members.filter(({ name }) => name.startsWith('cb'))
  return [
    [size <= 8 ? 2 : size <= 12 ? 8 : 24, (view) => view.length === size],
    ...(declared.version === null ? [] : [[32, (view: View) => view.u32(0) === declared.version] as const]),
    ...pointers.map(({ offset }): Sign => [abi === 'x64' ? 12 : 2, (view) => isAddress(pointerAt(view, offset, abi))]),
    ...lengths.map(({ offset }): Sign => [14, (view) => view.u32(offset) >= 0 && view.u32(offset) < 0x40000]),
  ]
}
