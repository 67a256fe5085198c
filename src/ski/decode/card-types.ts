/**
 * In words: what a minidriver tells about a card, and the structures that exist in one process only, for two ABIs.
 *
 * Pointers are shown as numbers: what they point at is in a process that is gone.
 *
 * Requirements: SKI-90 to SKI-92, SKI-95, SKI-99, SKI-100, SKI-102.
 * @module
 */
import { readLittleEndian } from '../../bytes/little-endian.js'
import { recogniseKeyBlob } from '../blobs/convert.js'
import { CARD_DATA, CARD_DATA_BYTES, INTERFACE_VERSIONS } from '../constants/card-data.js'
import { CONTAINER_FLAGS, DERIVE_FLAGS, SIGN_FLAGS } from '../constants/flags.js'
import type { Abi } from '../constants/layout.js'
import { CONTAINER_INFO, decodeContainerInfo } from '../structures/container-info.js'
import { CONTAINER_RECORD_BYTES, decodeContainerMap, decodeContainerRecord } from '../structures/container-map.js'
import { DERIVE_KEY, DH_AGREEMENT_INFO, ENCRYPTED_DATA, OAEP_PADDING_INFO, PKCS1_PADDING_INFO } from '../structures/in-process.js'
import { decodeKeySizes } from '../structures/key-sizes.js'
import { decodeStruct, type Struct } from '../structures/struct.js'
import { bitsOf, code, counted, hex, lengthOf, mask, nested, number, pointer, text, version } from './explain.js'
import { CAPI_PUBLIC, ECC_KEY } from './key-types.js'
import { readingOf, type Member, type Sign, type StructureType, type View } from './types.js'

/** `CARD_KEY_SIZES`. */
const KEY_SIZES: StructureType = {
  name: 'CARD_KEY_SIZES',
  structure: 'CARD_KEY_SIZES',
  abi: null,
  title: 'the key sizes that a card offers',
  requirement: 'SKI-91',
  read: readingOf(decodeKeySizes),
  members: {
    dwVersion: version(1),
    dwMinimumBitlen: bitsOf('smallest size'),
    dwDefaultBitlen: bitsOf('size where none is asked for'),
    dwMaximumBitlen: bitsOf('largest size'),
    dwIncrementalBitlen: bitsOf('step from one size to the next'),
  },
  signs: [
    [32, (view) => view.u32(0) === 1],
    [40, (view) => [4, 8, 12].every((at) => view.u32(at) > 0 && view.u32(at) <= 16384)],
    [16, (view) => view.u32(4) <= view.u32(8) && view.u32(8) <= view.u32(12)],
    [8, (view) => view.length === 20],
  ],
}

const RECORD_MEMBERS: Readonly<Record<string, Member>> = {
  wszGuid: text((name) => (name === '' ? 'name of the container; none here' : 'name of the container')),
  bFlags: mask(CONTAINER_FLAGS, 'flags', 'free'),
  bReserved: counted('reserved'),
  wSigKeySizeBits: bitsOf('signature key, 0 for none'),
  wKeyExchangeKeySizeBits: bitsOf('exchange key, 0 for none'),
}

/** `CONTAINER_MAP_RECORD`. */
const CONTAINER_RECORD: StructureType = {
  name: 'CONTAINER_MAP_RECORD',
  structure: 'CONTAINER_MAP_RECORD',
  abi: null,
  title: 'one record of the container map',
  requirement: 'SKI-92',
  read: readingOf(decodeContainerRecord, (record) => ({ facts: [{ name: 'container', value: record === null ? 'free' : 'taken' }] })),
  members: RECORD_MEMBERS,
  signs: [
    [24, (view) => view.length === CONTAINER_RECORD_BYTES],
    [40, (view) => looksLikeRecord(view, 0)],
  ],
}

/** `mscp/cmapfile`. */
export const CONTAINER_MAP: StructureType = {
  name: 'cmapfile',
  structure: 'cmapfile',
  abi: null,
  title: 'the container map of a card',
  requirement: 'SKI-92',
  read: readingOf(decodeContainerMap, (records) => ({
    facts: [{ name: 'containers', value: `${records.filter((record) => record !== null).length} taken of ${records.length} records` }],
  })),
  members: RECORD_MEMBERS,
  signs: [
    [16, (view) => view.length > CONTAINER_RECORD_BYTES && view.length % CONTAINER_RECORD_BYTES === 0],
    [40, (view) => looksLikeRecord(view, 0)],
    [24, (view) => view.length >= 2 * CONTAINER_RECORD_BYTES - 1 && looksLikeRecord(view, CONTAINER_RECORD_BYTES)],
  ],
}

/** A name in UTF-16LE that ends before its field does and flags of a container, or nothing but zeros. */
function looksLikeRecord(view: View, start: number): boolean {
  if (view.zero(start, CONTAINER_RECORD_BYTES - 1)) return true
  const named = view.u16(start) >= 0x20 && view.u16(start + 78) === 0
  return named && view.u8(start + 80) <= 3 && view.u16(start + 82) <= 16384
}

const ABIS: readonly Abi[] = ['x64', 'x86']

/** Both layouts of a structure with pointers. */
function bothAbis(make: (abi: Abi) => Omit<StructureType, 'name' | 'abi'>): StructureType[] {
  return ABIS.map((abi) => {
    const made = make(abi)
    return { ...made, name: `${made.structure}:${abi}`, abi, title: `${made.title} (${abi})` }
  })
}

const publicKeyBlob = (bytes: Uint8Array): StructureType => (recogniseKeyBlob(bytes)?.startsWith('ECC') === true ? ECC_KEY : CAPI_PUBLIC)

const containerInfo = bothAbis((abi) => {
  const place = new Map(CONTAINER_INFO[abi].members.map(({ name, offset }) => [name, offset] as const))
  const member = (view: View, name: Parameters<typeof place.get>[0]) => (name.startsWith('pb') ? pointerAt(view, place.get(name)!, abi) : view.u32(place.get(name)!))
  const { size } = CONTAINER_INFO[abi]
  return {
    structure: 'CONTAINER_INFO',
    title: 'the public keys of a container, with the buffers behind the structure',
    requirement: 'SKI-90',
    read: readingOf((bytes, observe) => decodeContainerInfo(bytes, abi, observe)),
    members: {
      dwVersion: version(1),
      dwReserved: number('reserved, 0'),
      cbSigPublicKey: lengthOf('the signature key, 0 for none'),
      pbSigPublicKey: number('where the signature key stands, as an offset; 0 for none'),
      cbKeyExPublicKey: lengthOf('the exchange key, 0 for none'),
      pbKeyExPublicKey: number('where the exchange key stands, as an offset; 0 for none'),
      padding: counted('padding'),
      'signature key': nested('the public signature key', publicKeyBlob),
      'exchange key': nested('the public exchange key', publicKeyBlob),
    },
    signs: [
      [32, (view) => view.u32(0) === 1],
      [32, (view) => view.u32(4) === 0],
      [32, (view) => view.length >= size && member(view, 'cbSigPublicKey') + member(view, 'cbKeyExPublicKey') === view.length - size],
      [24, (view) => isFirstOf(member(view, 'pbSigPublicKey'), member(view, 'cbSigPublicKey'), size)],
      [24, (view) => isFirstOf(member(view, 'pbKeyExPublicKey'), member(view, 'cbKeyExPublicKey'), size + member(view, 'cbSigPublicKey'))],
    ],
  }
})

const isFirstOf = (pointerValue: number, length: number, wanted: number): boolean => length >= 0 && pointerValue === (length === 0 ? 0 : wanted)

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
    hKey: { kind: 'number', explain: (value) => ({ value: value === 0 ? '0' : hex(value), meaning: 'the handle that is given back; 0 before the call' }) },
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

const inProcess = ([OAEP_PADDING_INFO, PKCS1_PADDING_INFO, ENCRYPTED_DATA, DERIVE_KEY, DH_AGREEMENT_INFO] as readonly Struct[]).flatMap((declared) =>
  bothAbis((abi) => ({
    structure: declared.name,
    title: STRUCT_TITLES[declared.name]!,
    requirement: declared.requirement,
    read: readingOf((bytes, observe) => decodeStruct(declared, abi, bytes, observe)),
    members: { ...STRUCT_MEMBERS[declared.name], padding: counted('padding') },
    signs: structSigns(declared, abi),
  })),
)

/** The size, the version, gaps, and numbers that are no addresses and no lengths where there should be some. */
function structSigns(declared: Struct, abi: Abi): readonly Sign[] {
  const { size, members } = declared[abi]
  const pointers = members.filter(({ type }) => type === 'pointer')
  const lengths = members.filter(({ name }) => name.startsWith('cb'))
  return [
    [8, (view) => view.length === size],
    ...(declared.version === null ? [] : [[32, (view: View) => view.u32(0) === declared.version] as const]),
    ...pointers.map(({ offset }): Sign => [abi === 'x64' ? 12 : 2, (view) => isAddress(pointerAt(view, offset, abi))]),
    ...lengths.map(({ offset }): Sign => [14, (view) => view.u32(offset) >= 0 && view.u32(offset) < 0x40000]),
  ]
}

const pointerAt = (view: View, at: number, abi: Abi): number => (abi === 'x64' ? view.u64(at) : view.u32(at))
/** User space of Windows, or NULL. */
const isAddress = (value: number): boolean => value === 0 || (value >= 0x10000 && value < 2 ** 47)

const cardData = bothAbis((abi) => ({
  structure: 'CARD_DATA',
  title: 'the structure through which a caller and a minidriver find each other',
  requirement: 'SKI-95',
  read: readingOf((bytes, observe) =>
    readLittleEndian<null, 'card_data_version_unknown' | 'pointer_too_large'>(bytes, { name: 'CARD_DATA', requirement: 'SKI-95', observe }, (le) => {
      for (const { name, [abi]: offset } of CARD_DATA) {
        if (offset > le.offset) le.reserved('padding', offset - le.offset)
        if (name === 'dwVersion') {
          const found = le.u32(name)
          if (interfaceVersion(found) === null) le.refuse({ code: 'card_data_version_unknown', found, wanted: '4 to 7', requirement: 'SKI-146' }, name, 0)
        } else if (name === 'cbAtr') le.u32(name)
        else if (abi === 'x86') le.u32(name)
        else if (le.u64(name) === null) le.refuse({ code: 'pointer_too_large', wanted: 'below 2^53' }, name, offset)
      }
      return null
    }),
  ),
  members: {
    ...Object.fromEntries(CARD_DATA.map(({ name, version: since }) => [name, pointer(`${pointee(name)}${since > 4 ? `, since version ${since}` : ''}`)])),
    dwVersion: code('version of the interface', interfaceVersion),
    cbAtr: lengthOf('the ATR'),
    padding: counted('padding'),
    hSCardCtx: handle('the PC/SC context'),
    hScard: handle('the card'),
  },
  signs: [
    [16, (view) => view.length === CARD_DATA_BYTES[abi]],
    [30, (view) => interfaceVersion(view.u32(0)) !== null],
    [20, (view) => CARD_DATA.slice(4, 9).every(({ [abi]: offset }) => isAddress(pointerAt(view, offset, abi)))],
  ],
}))

function interfaceVersion(found: number): string | null {
  return INTERFACE_VERSIONS.find((each) => each.version === found)?.meaning ?? null
}

function pointee(name: string): string {
  if (name.startsWith('pfn')) return `${name.startsWith('pfnCsp') ? 'the caller’s function' : 'the minidriver’s function'} ${name.slice(3)}`
  return name.replace(/^(?:pbwsz|pwsz|pb|pv)/, '')
}

function handle(of: string): Member {
  return { kind: 'number', explain: (value) => ({ value: value === 0 ? '0' : `0x${value.toString(16)}`, meaning: `handle of ${of}, 0 in no-card mode` }) }
}

/** All of this file. */
export const CARD_TYPES: readonly StructureType[] = [KEY_SIZES, CONTAINER_RECORD, CONTAINER_MAP, ...containerInfo, ...inProcess, ...cardData]
