/**
 * Vectors for structures with pointers, which never leave a process: on x64 and on x86.
 * @module
 */
import type { Test } from './file.js'
import { anything, hexOf, oneOf, vectorFile, type Document } from './file.js'
import { ecKey, rsaKey } from './keys.js'
import { capiBlob, eccKeyBlob, le32, withBytes, withU32 } from './ski-layouts.js'
import { lengthFaults, writerOf } from './ski-tests.js'

type Abi = 'x64' | 'x86'
const ABIS: readonly Abi[] = ['x64', 'x86']

/** A member: its name, where it lies (x64, x86), and how long it is. `pointer` is 8 bytes, or 4. */
type Member = readonly [name: string, x64: number, x86: number, type: 'u8' | 'u32' | 'pointer']

interface Layout {
  readonly type: string
  readonly requirement: string
  readonly bytes: Readonly<Record<Abi, number>>
  readonly members: readonly Member[]
}

const LAYOUTS: readonly Layout[] = [
  {
    type: 'BCRYPT_OAEP_PADDING_INFO',
    requirement: 'SKI-99',
    bytes: { x64: 24, x86: 12 },
    members: [
      ['pszAlgId', 0, 0, 'pointer'],
      ['pbLabel', 8, 4, 'pointer'],
      ['cbLabel', 16, 8, 'u32'],
    ],
  },
  { type: 'BCRYPT_PKCS1_PADDING_INFO', requirement: 'SKI-99', bytes: { x64: 8, x86: 4 }, members: [['pszAlgId', 0, 0, 'pointer']] },
  {
    type: 'CARD_ENCRYPTED_DATA',
    requirement: 'SKI-61',
    bytes: { x64: 16, x86: 8 },
    members: [
      ['pbEncryptedData', 0, 0, 'pointer'],
      ['cbEncryptedData', 8, 4, 'u32'],
    ],
  },
  {
    type: 'CARD_DERIVE_KEY',
    requirement: 'SKI-100',
    bytes: { x64: 72, x86: 40 },
    members: [
      ['dwVersion', 0, 0, 'u32'],
      ['dwFlags', 4, 4, 'u32'],
      ['pwszKDF', 8, 8, 'pointer'],
      ['bSecretAgreementIndex', 16, 12, 'u8'],
      ['pParameterList', 24, 16, 'pointer'],
      ['pbDerivedKey', 32, 20, 'pointer'],
      ['cbDerivedKey', 40, 24, 'u32'],
      ['pwszAlgId', 48, 28, 'pointer'],
      ['dwKeyLen', 56, 32, 'u32'],
      ['hKey', 64, 36, 'pointer'],
    ],
  },
  {
    type: 'CARD_DH_AGREEMENT_INFO',
    requirement: 'SKI-100',
    bytes: { x64: 40, x86: 32 },
    members: [
      ['dwVersion', 0, 0, 'u32'],
      ['bContainerIndex', 4, 4, 'u8'],
      ['dwFlags', 8, 8, 'u32'],
      ['dwPublicKey', 12, 12, 'u32'],
      ['pbPublicKey', 16, 16, 'pointer'],
      ['pbReserved', 24, 20, 'pointer'],
      ['cbReserved', 32, 24, 'u32'],
      ['bSecretAgreementIndex', 36, 28, 'u8'],
    ],
  },
]

export const inProcess = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/in-process',
      title: 'Structures with pointers',
      about: [
        'These structures stay inside a process. They are here because a debugger or a recorder shows them as bytes, in the layout of a 64-bit or of a 32-bit process ("abi").',
        'Valid tests run in both directions: "bytes" decodes to "fields", and "fields" encodes to "bytes". A pointer is shown as a number.',
        'CONTAINER_INFO comes with its two buffers behind it, and its pointers are offsets from its beginning: "fields" holds what they lead to, null for a key that is absent.',
      ],
      flags: {
        X64: 'A 64-bit process.',
        X86: 'A 32-bit process.',
        Version: 'The version is not the right one.',
        Length: 'A length field or the length of the whole is wrong.',
        Reserved: 'Bytes that have to be zero are not.',
        Pointer: 'A pointer leads to the wrong place.',
      },
      members: {
        type: oneOf([...LAYOUTS.map(({ type }) => type), 'CONTAINER_INFO'], 'The structure.'),
        abi: oneOf(ABIS, 'The layout.'),
        bytes: hexOf('The bytes.'),
        fields: anything('What they say, by the names of the members.'),
      },
      always: ['type', 'abi', 'bytes'],
      outputs: ['fields'],
    },
    [...ABIS.flatMap((abi) => LAYOUTS.flatMap((layout) => structTests(layout, abi))), ...ABIS.flatMap(containerInfo)],
  )

const pointerBytes = (abi: Abi): number => (abi === 'x64' ? 8 : 4)
const flagOf = (abi: Abi): string => abi.toUpperCase()

function structTests(layout: Layout, abi: Abi): Test[] {
  const words = layout.type.toLowerCase()
  const { good, bad } = writerOf(layout.type, `${words}_${abi}`, layout.requirement)
  const flags = [flagOf(abi)]
  const size = layout.bytes[abi]
  const width = { u8: 1, u32: 4, pointer: pointerBytes(abi) }
  const at = ([, x64, x86]: Member) => (abi === 'x64' ? x64 : x86)
  const written = (value: (member: Member, index: number) => number) => {
    const bytes = Buffer.alloc(size)
    layout.members.forEach((member, i) => {
      const value_ = value(member, i)
      if (width[member[3]] === 8) bytes.writeBigUInt64LE(BigInt(value_), at(member))
      else bytes.writeUIntLE(value_, at(member), width[member[3]])
    })
    return { bytes, fields: Object.fromEntries(layout.members.map((member, i) => [member[0], value(member, i)])) }
  }
  // Each byte of each member is another one, so that no two can be taken for each other.
  const distinct = written(([name, , , type], i) => (name === 'dwVersion' ? 2 : type === 'u8' ? 0x10 + i : 0x01020300 + 0x10101010 * (i % 7) + i))
  const empty = written(([name]) => (name === 'dwVersion' ? 2 : 0))
  const used = new Set(layout.members.flatMap((member) => Array.from({ length: width[member[3]] }, (_, i) => at(member) + i)))
  const gaps = Array.from({ length: size }, (_, i) => i).filter((i) => !used.has(i))
  return [
    good('distinct', 'each member has a value of its own', distinct.bytes, distinct.fields, { flags, abi }),
    good('empty', 'pointers of NULL and lengths of zero', empty.bytes, empty.fields, { flags, abi }),
    bad('truncated', 'the last byte is missing', distinct.bytes.subarray(0, -1), 'structure_truncated', { flags: [...flags, 'Length'], abi }),
    bad('trailing_byte', 'a zero byte behind the end', Buffer.concat([distinct.bytes, Buffer.of(0)]), 'structure_trailing_bytes', {
      flags: [...flags, 'Length'],
      abi,
    }),
    ...(gaps.length === 0
      ? []
      : [
          bad('gap', 'a byte between two members, or behind the last, is not zero', withBytes(distinct.bytes, gaps.at(-1)!, 1), 'structure_reserved_not_zero', {
            flags: [...flags, 'Reserved'],
            abi,
            requirement: 'SKI-80',
          }),
        ]),
  ]
}

/** CONTAINER_INFO with its buffers behind it. What `change` gives replaces what is right. */
function flatContainerInfo(abi: Abi, signature: Buffer, exchange: Buffer): Buffer {
  const size = abi === 'x64' ? 40 : 24
  const pointer = (offset: number) => Buffer.concat([le32(offset), Buffer.alloc(pointerBytes(abi) - 4)])
  const gap = Buffer.alloc(pointerBytes(abi) - 4)
  return Buffer.concat([
    le32(1),
    le32(0),
    le32(signature.length),
    gap,
    pointer(signature.length > 0 ? size : 0),
    le32(exchange.length),
    gap,
    pointer(exchange.length > 0 ? size + signature.length : 0),
    signature,
    exchange,
  ])
}

function containerInfo(abi: Abi): Test[] {
  const writer = writerOf('CONTAINER_INFO', `container_info_${abi}`, 'SKI-90')
  const { good, bad } = writer
  const none = Buffer.alloc(0)
  const rsa = capiBlob(rsaKey('rsa-2048'), 'public')
  const signature = capiBlob(rsaKey('kek-2048'), 'public', 'CALG_RSA_SIGN')
  const valid = (id: string, comment: string, first: Buffer, second: Buffer) =>
    good(
      id,
      comment,
      flatContainerInfo(abi, first, second),
      { signature: first.length > 0 ? first.toString('hex') : null, exchange: second.length > 0 ? second.toString('hex') : null },
      { flags: [flagOf(abi)], abi },
    )
  const honest = flatContainerInfo(abi, signature, rsa)
  const size = honest.length - signature.length - rsa.length
  const place = abi === 'x64' ? { pbSig: 16, cbExchange: 24, pbExchange: 32 } : { pbSig: 12, cbExchange: 16, pbExchange: 20 }
  const word = (id: string, comment: string, at: number, value: number, code: string, flag: string, bytes = honest) =>
    bad(id, comment, withU32(bytes, at, value), code, { flags: [flagOf(abi), flag], abi })
  const ecdsa = eccKeyBlob(ecKey('P-256', 'ski'), 'ECDSA', 'public')
  const ecdh = eccKeyBlob(ecKey('P-384', 'ski'), 'ECDH', 'public')
  return [
    valid('exchange', 'an RSA key for key exchange', none, rsa),
    valid('signature', 'an RSA key for signatures', signature, none),
    valid('both', 'a key of each sort', signature, rsa),
    valid('ec', 'EC keys: ECDSA for signatures, ECDH for key exchange', ecdsa, ecdh),
    valid('none', 'no key: zero lengths and NULL', none, none),
    word('version_zero', 'version 0', 0, 0, 'revision_unknown', 'Version'),
    word('version_two', 'version 2', 0, 2, 'revision_unknown', 'Version'),
    word('reserved', 'the reserved word', 4, 1, 'structure_reserved_not_zero', 'Reserved'),
    word(
      'signature_length_one_less',
      'the length of the first buffer is a byte too small',
      8,
      signature.length - 1,
      'container_info_pointer_differs',
      'Length',
    ),
    word(
      'signature_length_one_more',
      'the length of the first buffer is a byte too large',
      8,
      signature.length + 1,
      'container_info_pointer_differs',
      'Length',
    ),
    word(
      'exchange_length_one_less',
      'the length of the second buffer is a byte too small',
      place.cbExchange,
      rsa.length - 1,
      'structure_length_differs',
      'Length',
    ),
    word(
      'exchange_length_one_more',
      'the length of the second buffer is a byte too large',
      place.cbExchange,
      rsa.length + 1,
      'structure_length_differs',
      'Length',
    ),
    word('signature_null', 'a length, and NULL', place.pbSig, 0, 'container_info_pointer_differs', 'Pointer'),
    word('exchange_into_structure', 'a pointer into the structure itself', place.pbExchange, 8, 'container_info_pointer_differs', 'Pointer'),
    word('exchange_into_signature', 'both pointers are the same', place.pbExchange, size, 'container_info_pointer_differs', 'Pointer'),
    word('exchange_beyond_end', 'a pointer beyond the end', place.pbExchange, honest.length, 'container_info_pointer_differs', 'Pointer'),
    word(
      'pointer_without_length',
      'no length, and not NULL',
      place.pbSig,
      size,
      'container_info_pointer_differs',
      'Pointer',
      flatContainerInfo(abi, none, rsa),
    ),
    ...lengthFaults(writer, honest, size, true).map((test) => ({
      ...test,
      flags: [flagOf(abi), 'Length'],
      abi,
    })),
  ]
}
