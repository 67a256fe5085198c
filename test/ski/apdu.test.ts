/**
 * APDUs as bytes: the cases of ISO/IEC 7816-4, worked out by hand.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  classByte,
  decodeCommandApdu,
  decodeResponseApdu,
  describeStatusWord,
  encodeCommandApdu,
  encodeResponseApdu,
  isStatusWord,
  minidriverStatusOf,
  readClass,
  STATUS_WORDS,
  sw4,
  triesLeft,
  type CommandApdu,
} from '../../src/ski/apdu/index.js'
import { statusWordOf } from '../../src/ski/card-status.js'
import type { SkiFault } from '../../src/ski/enclave/commands.js'
import { hex, shown } from './apdu-support.js'

const code = (verdict: { ok: true } | { ok: false; fault: { code: string } }) => (verdict.ok ? 'taken' : verdict.fault.code)

const cases = suite('ski apdu: the four cases')

const header = { cla: 0x80, ins: 0x4a, p1: 0x02, p2: 0x01 }
const long = new Uint8Array(256).fill(0xab)
const LONG = 'AB'.repeat(256)
const examples: readonly (readonly [title: string, bytes: string, apdu: Omit<CommandApdu, keyof typeof header>])[] = [
  ['case 1', '804A0201', { data: hex(''), le: null, extended: false }],
  ['case 2, short', '804A0201 10', { data: hex(''), le: 16, extended: false }],
  ['case 2, short, as many as 256', '804A0201 00', { data: hex(''), le: 256, extended: false }],
  ['case 2, extended', '804A0201 00 0101', { data: hex(''), le: 257, extended: true }],
  ['case 2, extended, as many as 65536', '804A0201 00 0000', { data: hex(''), le: 65536, extended: true }],
  ['case 3, short', '804A0201 03 A1B2C3', { data: hex('A1B2C3'), le: null, extended: false }],
  ['case 3, short, a zero byte', '804A0201 01 00', { data: hex('00'), le: null, extended: false }],
  ['case 3, extended', `804A0201 00 0100 ${LONG}`, { data: long, le: null, extended: true }],
  ['case 4, short', '804A0201 03 A1B2C3 10', { data: hex('A1B2C3'), le: 16, extended: false }],
  ['case 4, short, as many as 256', '804A0201 03 A1B2C3 00', { data: hex('A1B2C3'), le: 256, extended: false }],
  ['case 4, extended', `804A0201 00 0100 ${LONG} 1234`, { data: long, le: 0x1234, extended: true }],
  ['case 4, extended, little data and as many as 65536', '804A0201 00 0001 FF 0000', { data: hex('FF'), le: 65536, extended: true }],
]
for (const [title, bytes, apdu] of examples)
  cases(`SKI-190 ${title}`, () => {
    assert.equal(decodeCommandApdu(hex(bytes)), { ok: true, value: { ...header, ...apdu } })
    assert.is(shown(encodeCommandApdu({ ...header, ...apdu })), bytes.replaceAll(' ', ''))
  })

cases('SKI-191 lengths have the short form wherever it fits, and the other where a length needs it', () => {
  const bytesOf = (length: number, le: number | null) => encodeCommandApdu({ ...header, data: new Uint8Array(length), le, extended: false }).length
  assert.is(bytesOf(255, 256), 4 + 1 + 255 + 1)
  assert.is(bytesOf(256, null), 4 + 3 + 256)
  assert.is(bytesOf(255, 257), 4 + 3 + 255 + 2)
  assert.is(bytesOf(0, 257), 4 + 3)
})

const broken: readonly (readonly [title: string, bytes: string, code: string, at: string])[] = [
  ['nothing', '', 'apdu_truncated', 'header, offset 0'],
  ['three bytes', '804A02', 'apdu_truncated', 'header, offset 0'],
  ['data that is cut', '804A0201 03 A1B2', 'apdu_truncated', 'data, offset 5'],
  ['a byte behind Le', '804A0201 01 A1 00 00', 'apdu_trailing_bytes', 'end, offset 7'],
  ['an extended length that is cut', '804A0201 00 01', 'apdu_truncated', 'length, offset 5'],
  ['extended data that is cut', '804A0201 00 0003 A1B2', 'apdu_truncated', 'data, offset 7'],
  ['an extended Lc of zero', '804A0201 00 0000 00', 'apdu_length_zero', 'Lc, offset 5'],
  ['half of an extended Le', '804A0201 00 0001 A1 00', 'apdu_truncated', 'Le, offset 8'],
  ['a byte behind an extended Le', '804A0201 00 0001 A1 0000 00', 'apdu_trailing_bytes', 'end, offset 10'],
]
for (const [title, bytes, wanted, at] of broken)
  cases(`SKI-191 ${title} is refused, with its place`, () => {
    const verdict = decodeCommandApdu(hex(bytes))
    assert.is(code(verdict), wanted)
    assert.is(verdict.ok || verdict.fault.at, at)
  })

cases('SKI-190 whatever is read is written again byte for byte, and nothing throws', async () => {
  const nearly = fc
    .constantFrom(...examples)
    .chain(([, bytes]) =>
      fc.tuple(fc.nat(hex(bytes).length), fc.uint8Array({ maxLength: 4 })).map(([at, more]) => Uint8Array.from([...hex(bytes).subarray(0, at), ...more])),
    )
  await fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), nearly), (bytes) => {
      const verdict = decodeCommandApdu(bytes)
      if (verdict.ok) assert.equal(encodeCommandApdu(verdict.value), bytes)
      decodeResponseApdu(bytes)
    }),
    { numRuns: 1000 },
  )
})

cases('SKI-190 what is written is read again', async () => {
  const byte = fc.nat(255)
  const anyApdu = fc.record(
    {
      cla: byte,
      ins: byte,
      p1: byte,
      p2: byte,
      data: fc.uint8Array({ maxLength: 600 }),
      le: fc.option(fc.integer({ min: 1, max: 65536 })),
      extended: fc.boolean(),
    },
    { noNullPrototype: true },
  )
  await fc.assert(
    fc.property(anyApdu, (apdu) => {
      const read = decodeCommandApdu(encodeCommandApdu(apdu))
      assert.ok(read.ok)
      const { extended, ...rest } = apdu
      const needed = apdu.data.length > 255 || (apdu.le ?? 0) > 256
      const lengths = apdu.data.length > 0 || apdu.le !== null
      assert.equal(read.value, { ...rest, extended: lengths && (extended || needed) })
    }),
  )
})

cases('SKI-190 a caller who gives no APDU is told so', () => {
  const apdu: CommandApdu = { ...header, data: new Uint8Array(), le: null, extended: false }
  for (const wrong of [{ cla: 256 }, { ins: -1 }, { p1: 0.5 }, { le: 0 }, { le: 65537 }, { data: new Uint8Array(65536) }, { data: [1] as never }])
    assert.throws(
      () => encodeCommandApdu({ ...apdu, ...wrong }),
      (error: unknown) => error instanceof TypeError,
    )
  assert.throws(
    () => decodeCommandApdu('00' as never),
    (error: unknown) => error instanceof TypeError,
  )
  assert.throws(
    () => encodeResponseApdu({ data: new Uint8Array(65537), sw: 0x9000 }),
    (error: unknown) => error instanceof TypeError,
  )
  assert.throws(
    () => encodeResponseApdu({ data: new Uint8Array(), sw: 0x1234 }),
    (error: unknown) => error instanceof TypeError,
  )
})

cases('SKI-192 responses end with their status word', () => {
  assert.equal(decodeResponseApdu(hex('A1B2 9000')), { ok: true, value: { data: hex('A1B2'), sw: 0x9000 } })
  assert.equal(decodeResponseApdu(hex('63C2')), { ok: true, value: { data: hex(''), sw: 0x63c2 } })
  assert.is(shown(encodeResponseApdu({ data: hex('A1B2'), sw: 0x6110 })), 'A1B26110')
  for (const [bytes, wanted] of [
    ['', 'apdu_truncated'],
    ['90', 'apdu_truncated'],
    ['6000', 'status_word_invalid'],
    ['5FFF', 'status_word_invalid'],
    ['A000', 'status_word_invalid'],
  ] as const)
    assert.is(code(decodeResponseApdu(hex(bytes))), wanted, bytes)
  assert.is(code(decodeResponseApdu(new Uint8Array(65536 + 3).fill(0x90))), 'apdu_too_long')
})

cases.run()

const classes = suite('ski apdu: class byte')

classes('SKI-190 four channels, two families, one bit for chains', () => {
  let known = 0
  for (let cla = 0; cla < 256; cla++) {
    const read = readClass(cla)
    if (read.ok) {
      known++
      assert.is(classByte(read.value), cla)
      assert.equal(read.value, { own: cla >= 0x80, chained: (cla & 0x10) !== 0, channel: cla % 4 })
    } else assert.is(read.fault.sw, cla >= 0x40 && cla <= 0x7f ? 0x6881 : 0x6e00, cla.toString(16))
  }
  assert.is(known, 16)
})

classes.run()

const words = suite('ski apdu: status words')

// Windows values, as in the SDK's winerror.h.
const STATUS: readonly (readonly [word: number, status: number])[] = [
  [0x9000, 0],
  [0x6700, 0x80100004],
  [0x6a80, 0x80100004],
  [0x6a86, 0x80100004],
  [0x6881, 0x80100022],
  [0x6d00, 0x80100022],
  [0x6e00, 0x80100022],
  [0x6a81, 0x80100022],
  [0x6982, 0x8010006a],
  [0x6983, 0x8010006c],
  [0x63c0, 0x8010006b],
  [0x63c3, 0x8010006b],
  [0x63cf, 0x8010006b],
  [0x6a82, 0x80100030],
  [0x6a84, 0x80100028],
  [0x6a88, 0x80100003],
  [0x6883, 0x8010001f],
  [0x6985, 0x8010001f],
  [0x6f00, 0x8010001f],
  [0x6401, 0x8010001f],
  [0x6300, 0x8010001f],
  [0x63d0, 0x8010001f],
  [0x6110, 0x8010001f],
  [0x6f01, 0x8010001f],
  [0x9001, 0x8010001f],
]
for (const [word, status] of STATUS)
  words(`SKI-204 ${sw4(word)} is 0x${status.toString(16).padStart(8, '0')} to the caller of the minidriver`, () => assert.is(minidriverStatusOf(word), status))

words('SKI-192 the table names each word once', () => {
  for (let sw = 0x6000; sw <= 0x9fff; sw++) assert.ok(STATUS_WORDS.filter(({ value, mask }) => (sw & mask) === value).length <= 1, sw4(sw))
  for (const { value } of STATUS_WORDS) assert.ok(isStatusWord(value))
})

words('SKI-192 every word that the card gives for a refusal of its enclave is in the table', () => {
  const codes: readonly SkiFault['code'][] = [
    'sealed_refused',
    'pin_wrong',
    'pin_blocked',
    'proof_refused',
    'handle_unknown',
    'container_empty',
    'container_occupied',
    'container_unknown',
    'purpose_not_allowed',
    'not_authenticated',
    'property_missing',
    'property_invalid',
    'algorithm_not_supported',
    'padding_not_supported',
    'format_invalid',
    'version_too_low',
    'iv_used',
    'no_room',
    'pin_unknown',
    'command_invalid',
    'conversation_closed',
    'enclave_failed',
  ]
  for (const code of codes) {
    const sw = statusWordOf({ code, found: 2 })
    assert.ok(isStatusWord(sw) && !describeStatusWord(sw).includes('not a status word'), `${code}: ${sw4(sw)}`)
  }
})

words('SKI-204 the tries that are left', () => {
  assert.is(triesLeft(0x63c0), 0)
  assert.is(triesLeft(0x63cf), 15)
  for (const sw of [0x9000, 0x6300, 0x63d0, 0x6983]) assert.is(triesLeft(sw), null)
})

words('SKI-192 a word for a person', () => {
  assert.is(describeStatusWord(0x6a80), '6A80, wrong data')
  assert.is(describeStatusWord(0x9f12), '9F12, not a status word of this card')
  assert.is(sw4(0x6700), '6700')
})

words.run()
