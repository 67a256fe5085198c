import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PROPERTIES, type Abi } from '../../src/ski/constants/index.js'
import {
  CONTAINER_INFO,
  decodeContainerInfo,
  decodeContainerMap,
  decodeContainerRecord,
  decodeKeyLengths,
  decodeKeySizes,
  decodeMultiString,
  decodeProperty,
  decodeStruct,
  decodeU32,
  decodeWideText,
  DERIVE_KEY,
  DH_AGREEMENT_INFO,
  encodeContainerInfo,
  encodeContainerMap,
  encodeContainerRecord,
  encodeKeyLengths,
  encodeKeySizes,
  encodeMultiString,
  encodeProperty,
  encodeStruct,
  encodeU32,
  encodeWideText,
  ENCRYPTED_DATA,
  firstFreeContainer,
  hashId,
  hashOfId,
  OAEP_PADDING_INFO,
  PKCS1_PADDING_INFO,
  type ContainerInfo,
  type ContainerRecord,
  type KeySizes,
  type Struct,
} from '../../src/ski/structures/index.js'
import type { Verdict } from '../../src/verdict.js'
import { hex } from '../crypto/handmade.js'
import { assertRefused, assertStrict, assertTotal, type Codec } from './codec-laws.js'

const structures = suite('ski: public structures')

const ABIS = ['x64', 'x86'] as const
const utf16 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'utf16le'))
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))
const spoiled = (bytes: Uint8Array, at: number, ...replacement: readonly number[]): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy.set(replacement, at)
  return copy
}
const value = <T>(verdict: Verdict<T>): T => {
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return verdict.value
}

// CONTAINER_INFO

const both: ContainerInfo = { signature: hex('a1a2a3'), exchange: hex('b1b2') }
const flat = {
  x64: hex('01000000 00000000 03000000 00000000 2800000000000000 02000000 00000000 2b00000000000000 a1a2a3 b1b2'),
  x86: hex('01000000 00000000 03000000 18000000 02000000 1b000000 a1a2a3 b1b2'),
}

for (const abi of ABIS)
  structures(`SKI-90 CONTAINER_INFO for ${abi}, flat`, async () => {
    const codec: Codec<ContainerInfo> = { encode: (info) => encodeContainerInfo(info, abi), decode: (bytes) => decodeContainerInfo(bytes, abi) }
    assert.equal(codec.encode(both), flat[abi])
    assert.is(codec.encode({ signature: null, exchange: null }).length, abi === 'x64' ? 40 : 24)
    for (const info of [both, { ...both, signature: null }, { ...both, exchange: null }, { signature: null, exchange: null }]) assertStrict(codec, info)
    await assertTotal(codec, [flat[abi]])
    assert.throws(() => codec.encode({ ...both, signature: new Uint8Array() }), TypeError)
  })

const infoFaults: readonly (readonly [name: string, abi: Abi, bytes: Uint8Array, fault: object])[] = [
  [
    'version 0',
    'x86',
    spoiled(flat.x86, 0, 0),
    { code: 'revision_unknown', at: 'CONTAINER_INFO.dwVersion, offset 0', found: 0, wanted: 1, requirement: 'SKI-101' },
  ],
  [
    'version 2',
    'x86',
    spoiled(flat.x86, 0, 2),
    { code: 'revision_unknown', at: 'CONTAINER_INFO.dwVersion, offset 0', found: 2, wanted: 1, requirement: 'SKI-101' },
  ],
  [
    'a reserved member that is set',
    'x86',
    spoiled(flat.x86, 5, 1),
    { code: 'structure_reserved_not_zero', at: 'CONTAINER_INFO.dwReserved, offset 4', found: 256, wanted: 0 },
  ],
  [
    'padding that is set',
    'x64',
    spoiled(flat.x64, 13, 7),
    { code: 'structure_reserved_not_zero', at: 'CONTAINER_INFO.padding, offset 13', found: 7, wanted: 0 },
  ],
  [
    'a buffer somewhere else',
    'x64',
    spoiled(flat.x64, 16, 0x29),
    { code: 'container_info_pointer_differs', at: 'CONTAINER_INFO.pbSigPublicKey, offset 16', found: 0x29, wanted: 0x28 },
  ],
  [
    'the wrong order',
    'x86',
    spoiled(flat.x86, 20, 0x18),
    { code: 'container_info_pointer_differs', at: 'CONTAINER_INFO.pbKeyExPublicKey, offset 20', found: 0x18, wanted: 0x1b },
  ],
  [
    'a pointer to nothing',
    'x86',
    spoiled(flat.x86.subarray(0, 27), 16, 0),
    { code: 'container_info_pointer_differs', at: 'CONTAINER_INFO.pbKeyExPublicKey, offset 20', found: 0x1b, wanted: 0 },
  ],
  [
    'a pointer of no process',
    'x64',
    spoiled(flat.x64, 22, 0x20),
    { code: 'pointer_too_large', at: 'CONTAINER_INFO.pbSigPublicKey, offset 16', wanted: 'below 2^53' },
  ],
  [
    'a length that differs',
    'x86',
    spoiled(flat.x86, 16, 3),
    { code: 'structure_length_differs', at: 'CONTAINER_INFO.cbKeyExPublicKey, offset 16', found: 3, wanted: 2 },
  ],
]
for (const [name, abi, bytes, fault] of infoFaults)
  structures(`SKI-90 refuses a CONTAINER_INFO: ${name}`, () => assertRefused(decodeContainerInfo(bytes, abi), { requirement: 'SKI-90', ...fault }))

// CARD_KEY_SIZES

const keySizes: Codec<KeySizes> = { encode: encodeKeySizes, decode: decodeKeySizes }
const sizes: KeySizes = { minimum: 2048, default: 3072, maximum: 4096, increment: 1024 }
const goodSizes = hex('01000000 00080000 000c0000 00100000 00040000')

structures('SKI-91 CARD_KEY_SIZES is 20 bytes', async () => {
  assert.equal(encodeKeySizes(sizes), goodSizes)
  assertStrict(keySizes, sizes)
  await assertTotal(keySizes, [goodSizes])
  const fault = { code: 'key_sizes_out_of_order', at: 'CARD_KEY_SIZES.dwDefaultBitlen, offset 8', found: 1024, wanted: '2048 to 4096', requirement: 'SKI-91' }
  assertRefused(decodeKeySizes(spoiled(goodSizes, 9, 4)), fault)
  assert.throws(() => encodeKeySizes({ ...sizes, default: 5000 }), TypeError)
  assertRefused(decodeKeySizes(spoiled(goodSizes, 0, 3)), {
    code: 'revision_unknown',
    at: 'CARD_KEY_SIZES.dwVersion, offset 0',
    found: 3,
    wanted: 1,
    requirement: 'SKI-101',
  })
})

// CONTAINER_MAP_RECORD and cmapfile

const record: ContainerRecord = { name: 'le-key {é€😀}', isDefault: true, signatureBits: 0, exchangeBits: 2048 }
const goodRecord = join(utf16(record.name), new Uint8Array(80 - 2 * record.name.length), hex('03 00 0000 0008'))
const containerRecord: Codec<ContainerRecord | null> = { encode: encodeContainerRecord, decode: decodeContainerRecord }
const containerMap: Codec<readonly (ContainerRecord | null)[]> = { encode: encodeContainerMap, decode: decodeContainerMap }

structures('SKI-92 CONTAINER_MAP_RECORD is 86 bytes, and of zeros when it is free', async () => {
  assert.is(goodRecord.length, 86)
  assert.equal(encodeContainerRecord(record), goodRecord)
  assertStrict(containerRecord, record)
  assertStrict(containerRecord, { name: 'x'.repeat(39), isDefault: false, signatureBits: 65535, exchangeBits: 0 })
  assert.equal(encodeContainerRecord(null), new Uint8Array(86))
  assertStrict(containerRecord, null)
  await assertTotal(containerRecord, [goodRecord, new Uint8Array(86)])
})

const recordFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  [
    'flags of 2',
    spoiled(goodRecord, 80, 2),
    { code: 'container_flags_unknown', at: 'CONTAINER_MAP_RECORD.bFlags, offset 80', found: 2, wanted: '1 or 3, or a record of zeros' },
  ],
  [
    'a free record with a name',
    spoiled(goodRecord, 80, 0),
    { code: 'container_flags_unknown', at: 'CONTAINER_MAP_RECORD.bFlags, offset 80', found: 0, wanted: '1 or 3, or a record of zeros' },
  ],
  [
    'a reserved byte that is set',
    spoiled(goodRecord, 81, 1),
    { code: 'structure_reserved_not_zero', at: 'CONTAINER_MAP_RECORD.bReserved, offset 81', found: 1, wanted: 0 },
  ],
  [
    'a name of 40 units',
    join(utf16('x'.repeat(40)), hex('01 00 0000 0008')),
    { code: 'container_name_unterminated', at: 'CONTAINER_MAP_RECORD.wszGuid, offset 78' },
  ],
  ['no name', join(new Uint8Array(80), hex('01 00 0000 0008')), { code: 'container_name_empty', at: 'CONTAINER_MAP_RECORD.wszGuid, offset 0' }],
  ['something behind the name', spoiled(goodRecord, 79, 1), { code: 'container_name_tail_not_zero', at: 'CONTAINER_MAP_RECORD.wszGuid, offset 78' }],
  ['half a character', spoiled(goodRecord, 2, 0, 0xd8), { code: 'container_name_surrogate', at: 'CONTAINER_MAP_RECORD.wszGuid, offset 2' }],
]
for (const [name, bytes, fault] of recordFaults)
  structures(`SKI-92 refuses a CONTAINER_MAP_RECORD: ${name}`, () => assertRefused(decodeContainerRecord(bytes), { ...fault, requirement: 'SKI-92' }))

structures('SKI-92 cmapfile keeps positions, free ones too', async () => {
  const records = [record, null, { ...record, name: 'second', isDefault: false }, null]
  assert.equal(encodeContainerMap(records), join(goodRecord, new Uint8Array(86), encodeContainerRecord(records[2]!), new Uint8Array(86)))
  assert.equal(value(decodeContainerMap(encodeContainerMap(records))), records)
  assert.equal(value(decodeContainerMap(new Uint8Array())), [])
  await assertTotal(containerMap, [encodeContainerMap(records)])
  assert.equal(
    [firstFreeContainer(records, 4), firstFreeContainer([record], 4), firstFreeContainer([record], 1), firstFreeContainer([], 0)],
    [1, 1, null, null],
  )
})

structures('SKI-92 refuses a cmapfile: the place names the record', () => {
  const cut = join(goodRecord, goodRecord.subarray(0, 85))
  const fault = { code: 'structure_truncated', at: 'cmapfile[1].wKeyExchangeKeySizeBits, offset 170', found: 1, wanted: 2, requirement: 'SKI-92' }
  assertRefused(decodeContainerMap(cut), fault)
  const flags = {
    code: 'container_flags_unknown',
    at: 'cmapfile[1].bFlags, offset 166',
    found: 5,
    wanted: '1 or 3, or a record of zeros',
    requirement: 'SKI-92',
  }
  assertRefused(decodeContainerMap(join(goodRecord, spoiled(goodRecord, 80, 5))), flags)
  const long = { code: 'container_map_too_long', at: 'cmapfile, offset 22016', found: 257, wanted: 256, requirement: 'SKI-92' }
  assertRefused(decodeContainerMap(new Uint8Array(257 * 86)), long)
  assert.is(value(decodeContainerMap(new Uint8Array(256 * 86))).length, 256)
  assert.throws(() => encodeContainerMap(new Array<null>(257).fill(null)), TypeError)
})

structures('SKI-92 a name or size that does not fit is the caller’s mistake', () => {
  for (const wrong of [{ name: '' }, { name: 'x'.repeat(40) }, { name: 'a\0b' }, { name: '\ud800' }, { signatureBits: 65536 }, { exchangeBits: -1 }])
    assert.throws(() => encodeContainerRecord({ ...record, ...wrong }), TypeError)
})

// Texts and lists of texts

const wideText: Codec<string> = { encode: encodeWideText, decode: decodeWideText }
const multiString: Codec<readonly string[]> = { encode: encodeMultiString, decode: decodeMultiString }

structures('SKI-93 a text is UTF-16LE with a NUL', async () => {
  assert.equal(encodeWideText('ChainingModeCBC'), utf16('ChainingModeCBC\0'))
  assert.equal(encodeWideText(''), hex('0000'))
  await fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      if (text.includes('\0')) return
      assert.equal(encodeWideText(text), utf16(`${text}\0`))
      assertStrict(wideText, text)
    }),
    { numRuns: 60 },
  )
  await assertTotal(wideText, [utf16('IV\0')])
})

structures('SKI-93 a multi-string is texts with a NUL each and one more', async () => {
  assert.equal(encodeMultiString(['AES', '3DES']), utf16('AES\x003DES\0\0'))
  assert.equal(encodeMultiString([]), utf16('\0'))
  for (const texts of [[], ['AES'], ['AES', '3DES', '3DES_112'], ['é€😀', 'x']]) assertStrict(multiString, texts)
  await assertTotal(multiString, [utf16('AES\x003DES\0\0'), utf16('\0')])
})

const textFaults: readonly (readonly [name: string, decode: (bytes: Uint8Array) => Verdict<unknown>, bytes: Uint8Array, code: string, at: string])[] = [
  ['an odd length', decodeWideText, hex('410000'), 'wide_text_length_odd', 'offset 2'],
  ['no NUL', decodeWideText, utf16('AES'), 'wide_text_unterminated', 'offset 6'],
  ['nothing', decodeWideText, hex(''), 'wide_text_unterminated', 'offset 0'],
  ['something behind the NUL', decodeWideText, utf16('A\0B\0'), 'wide_text_trailing', 'offset 4'],
  ['the second half of a pair', decodeWideText, hex('4100 00dc 0000'), 'wide_text_surrogate', 'offset 2'],
  ['the first half at the end', decodeWideText, hex('4100 00d8 0000'), 'wide_text_surrogate', 'offset 2'],
  ['two first halves', decodeWideText, hex('00d8 00d8 00dc 0000'), 'wide_text_surrogate', 'offset 0'],
  ['a list of an odd length', decodeMultiString, hex('0000 00'), 'wide_text_length_odd', 'offset 2'],
  ['a list without its last NUL', decodeMultiString, utf16('AES\0'), 'multi_string_unterminated', 'offset 8'],
  ['a list of nothing', decodeMultiString, hex(''), 'multi_string_unterminated', 'offset 0'],
  ['a list with something behind', decodeMultiString, utf16('AES\0\0\0'), 'multi_string_trailing', 'offset 10'],
  ['a list with half a character', decodeMultiString, hex('4100 0000 00d8 0000 0000'), 'wide_text_surrogate', 'offset 4'],
]
for (const [name, decode, bytes, code, at] of textFaults)
  structures(`SKI-93 refuses ${name}`, () => assertRefused(decode(bytes), { code, at, requirement: 'SKI-93' }))

structures('SKI-93 a text that cannot be written is the caller’s mistake', () => {
  for (const text of ['a\0b', '\ud800', '\udc00x', 7 as never]) assert.throws(() => encodeWideText(text), TypeError)
  assert.throws(() => encodeMultiString(['AES', '']), TypeError)
})

// Property values

structures('SKI-94 a value of each sort, both ways', () => {
  const values: readonly (readonly [name: string, value: Parameters<typeof encodeProperty>[1], bytes: Uint8Array])[] = [
    ['Key Import Support', { sort: 'u32', value: 2 }, hex('02000000')],
    ['Algorithms', { sort: 'names', value: ['AES'] }, utf16('AES\0\0')],
    ['ChainingMode', { sort: 'text', value: 'ChainingModeCBC' }, utf16('ChainingModeCBC\0')],
    ['IV', { sort: 'bytes', value: hex('00112233') }, hex('00112233')],
    ['KeyLengths', { sort: 'keyLengths', value: { minimum: 128, maximum: 256, increment: 64 } }, hex('80000000 00010000 40000000')],
  ]
  for (const [name, given, bytes] of values) {
    assert.equal(encodeProperty(name, given), bytes)
    assert.equal(decodeProperty(name, bytes), { ok: true, value: given })
  }
  assert.is(new Set(values.map(([, { sort }]) => sort)).size, new Set(PROPERTIES.map(({ sort }) => sort)).size)
})

structures('SKI-94 a value of another sort, or of an unknown property', () => {
  assertRefused(decodeProperty('Key import support', hex('02000000')), {
    code: 'property_unknown',
    wanted: 'a property of the interface',
    requirement: 'SKI-94',
  })
  assertRefused(decodeProperty('BlockLength', hex('1000')), {
    code: 'structure_truncated',
    at: 'DWORD.value, offset 0',
    found: 2,
    wanted: 4,
    requirement: 'SKI-94',
  })
  assertRefused(decodeProperty('BlockLength', hex('1000000000')), {
    code: 'structure_trailing_bytes',
    at: 'DWORD, offset 4',
    found: 1,
    wanted: 0,
    requirement: 'SKI-94',
  })
  assert.not(decodeProperty('ChainingMode', utf16('ChainingModeCBC')).ok)
  assert.throws(() => encodeProperty('BlockLength', { sort: 'text', value: '16' }), TypeError)
  assert.throws(() => encodeProperty('Nothing', { sort: 'u32', value: 16 }), TypeError)
})

structures('SKI-94 numbers are strict, and any bytes get a verdict', async () => {
  assertStrict({ encode: encodeU32, decode: decodeU32 }, 0x80100004)
  assertStrict({ encode: encodeKeyLengths, decode: decodeKeyLengths }, { minimum: 1, maximum: 2, increment: 3 })
  await fc.assert(
    fc.property(fc.constantFrom(...PROPERTIES.map(({ name }) => name)), fc.uint8Array({ maxLength: 40 }), (name, bytes) => {
      const read = decodeProperty(name, bytes)
      if (read.ok) assert.equal(encodeProperty(name, read.value), bytes)
    }),
  )
})

// Structures with pointers. Offsets of the headers, from a compiler for each ABI.

const layouts: readonly (readonly [struct: Struct, x64: number, x86: number, members: Readonly<Record<string, readonly [number, number]>>])[] = [
  [OAEP_PADDING_INFO, 24, 12, { pszAlgId: [0, 0], pbLabel: [8, 4], cbLabel: [16, 8] }],
  [PKCS1_PADDING_INFO, 8, 4, { pszAlgId: [0, 0] }],
  [ENCRYPTED_DATA, 16, 8, { pbEncryptedData: [0, 0], cbEncryptedData: [8, 4] }],
  [
    CONTAINER_INFO,
    40,
    24,
    { dwVersion: [0, 0], dwReserved: [4, 4], cbSigPublicKey: [8, 8], pbSigPublicKey: [16, 12], cbKeyExPublicKey: [24, 16], pbKeyExPublicKey: [32, 20] },
  ],
  [
    DERIVE_KEY,
    72,
    40,
    {
      dwVersion: [0, 0],
      dwFlags: [4, 4],
      pwszKDF: [8, 8],
      bSecretAgreementIndex: [16, 12],
      pParameterList: [24, 16],
      pbDerivedKey: [32, 20],
      cbDerivedKey: [40, 24],
      pwszAlgId: [48, 28],
      dwKeyLen: [56, 32],
      hKey: [64, 36],
    },
  ],
  [
    DH_AGREEMENT_INFO,
    40,
    32,
    {
      dwVersion: [0, 0],
      bContainerIndex: [4, 4],
      dwFlags: [8, 8],
      dwPublicKey: [12, 12],
      pbPublicKey: [16, 16],
      pbReserved: [24, 20],
      cbReserved: [32, 24],
      bSecretAgreementIndex: [36, 28],
    },
  ],
]

for (const [struct, x64, x86, members] of layouts)
  structures(`${struct.requirement} ${struct.name} in both ABIs`, async () => {
    assert.equal([struct.x64.size, struct.x86.size], [x64, x86])
    for (const [index, abi] of ABIS.entries()) {
      const places = Object.fromEntries(Object.entries(members).map(([name, offsets]) => [name, offsets[index]!]))
      assert.equal(Object.fromEntries(struct[abi].members.map(({ name, offset }) => [name, offset])), places)

      // Each member holds a number of its own, at its own place, and nothing else is set.
      const numbers = Object.fromEntries(struct[abi].members.map(({ name }, at) => [name, name === 'dwVersion' ? struct.version! : 0x10 + at]))
      const bytes = encodeStruct(struct, abi, numbers)
      const wanted = new Uint8Array(struct[abi].size)
      for (const [name, number] of Object.entries(numbers)) wanted[places[name]!] = number
      assert.equal(bytes, wanted)
      const codec: Codec<Readonly<Record<string, number>>> = {
        encode: (values) => encodeStruct(struct, abi, values),
        decode: (given) => decodeStruct(struct, abi, given),
      }
      assertStrict(codec, numbers)
      await assertTotal(codec, [bytes], 100)
    }
  })

structures('SKI-100 structure version 2 only; 0 counts as 1 and is too low', () => {
  const good = encodeStruct(DH_AGREEMENT_INFO, 'x86', { ...ZERO_AGREEMENT, pbPublicKey: 0x1000 })
  const at = 'CARD_DH_AGREEMENT_INFO.dwVersion, offset 0'
  for (const found of [0, 1])
    assertRefused(decodeStruct(DH_AGREEMENT_INFO, 'x86', spoiled(good, 0, found)), { code: 'revision_too_low', at, found, wanted: 2, requirement: 'SKI-101' })
  assertRefused(decodeStruct(DH_AGREEMENT_INFO, 'x86', spoiled(good, 0, 3)), { code: 'revision_unknown', at, found: 3, wanted: 2, requirement: 'SKI-101' })
  const padding = { code: 'structure_reserved_not_zero', at: 'CARD_DH_AGREEMENT_INFO.padding, offset 6', found: 1, wanted: 0, requirement: 'SKI-100' }
  assertRefused(decodeStruct(DH_AGREEMENT_INFO, 'x86', spoiled(good, 6, 1)), padding)
  assert.throws(() => encodeStruct(DH_AGREEMENT_INFO, 'x86', { ...ZERO_AGREEMENT, dwVersion: 1 }), TypeError)
  assert.throws(() => encodeStruct(DH_AGREEMENT_INFO, 'x86', { ...ZERO_AGREEMENT, pbPublicKey: 2 ** 32 }), TypeError)
  assert.throws(() => encodeStruct(DH_AGREEMENT_INFO, 'x64', { dwVersion: 2 } as never), TypeError)
})
const ZERO_AGREEMENT = {
  dwVersion: 2,
  bContainerIndex: 0,
  dwFlags: 0,
  dwPublicKey: 0,
  pbPublicKey: 0,
  pbReserved: 0,
  cbReserved: 0,
  bSecretAgreementIndex: 0,
}

structures('SKI-99 CNG’s names of hashes', () => {
  for (const [id, hash] of [
    ['SHA1', 'SHA-1'],
    ['SHA256', 'SHA-256'],
    ['SHA384', 'SHA-384'],
    ['SHA512', 'SHA-512'],
  ] as const) {
    assert.equal(hashOfId(id), { ok: true, value: hash })
    assert.is(hashId(hash), id)
  }
  for (const id of ['SHA-256', 'sha256', 'MD5', 'toString', ''])
    assertRefused(hashOfId(id), {
      code: 'hash_id_unknown',
      at: 'BCRYPT_OAEP_PADDING_INFO.pszAlgId',
      wanted: 'SHA1, SHA256, SHA384, SHA512',
      requirement: 'SKI-99',
    })
})

structures.run()
