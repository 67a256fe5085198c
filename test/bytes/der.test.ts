import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bitString,
  contextTag,
  element,
  integer,
  nullElement,
  objectIdentifier,
  octetString,
  readDer,
  sequence,
  smallInteger,
  writeDer,
  type DerCursor,
} from '../../src/bytes/der.js'
import { toHex } from '../../src/bytes/hex.js'
import { hex, tlv } from '../crypto/handmade.js'

const der = suite('bytes: der')

type Read = (cursor: DerCursor) => unknown
const anInteger: Read = (c) => c.integer('number')
const aSequence: Read = (c) => c.sequence('Outer', (inside) => inside.integer('number'))
const anything: Read = (c) => c.skip('anything')

const refused: readonly (readonly [name: string, bytes: string, read: Read, code: string, at: string])[] = [
  ['nothing at all', '', anInteger, 'der_truncated', 'number, offset 0'],
  ['a tag without a length', '02', anInteger, 'der_truncated', 'number, offset 1'],
  ['a length that is cut off', '0282', anInteger, 'der_truncated', 'number, offset 1'],
  ['content that is cut off', '020301', anInteger, 'der_truncated', 'number, offset 2'],
  ['an element that ends behind its surroundings', '3003020401', aSequence, 'der_truncated', 'Outer.number, offset 4'],
  ['another tag', '0401ff', anInteger, 'der_tag_unexpected', 'number, offset 0'],
  ['a tag of the same number, but constructed', '220102', anInteger, 'der_tag_unexpected', 'number, offset 0'],
  ['a tag of several bytes', '1f8101 00', anything, 'der_tag_multibyte', 'anything, offset 0'],
  ['BER: an indefinite length', '3080 020101 0000', aSequence, 'der_length_indefinite', 'Outer, offset 1'],
  ['BER: 127 as two bytes', '30817f', aSequence, 'der_length_not_minimal', 'Outer, offset 1'],
  ['BER: 128 as three bytes', `30820080${'00'.repeat(128)}`, aSequence, 'der_length_not_minimal', 'Outer, offset 1'],
  ['BER: 3 as a long length', '308103 020101', aSequence, 'der_length_not_minimal', 'Outer, offset 1'],
  ['a length of four bytes', '308401000000', aSequence, 'der_length_too_large', 'Outer, offset 1'],
  ['the reserved length', '30ff', aSequence, 'der_length_too_large', 'Outer, offset 1'],
  ['a byte behind the value', '02010100', anInteger, 'der_trailing_bytes', 'offset 3'],
  ['an element too many inside', '3006 020101 020102', aSequence, 'der_trailing_bytes', 'Outer, offset 5'],
  ['an INTEGER without content', '0200', anInteger, 'der_integer_empty', 'number, offset 0'],
  ['a negative INTEGER', '020180', anInteger, 'der_integer_negative', 'number, offset 0'],
  ['an INTEGER with a needless zero byte', '0202007f', anInteger, 'der_integer_not_minimal', 'number, offset 0'],
  ['zero with a needless zero byte', '02020000', anInteger, 'der_integer_not_minimal', 'number, offset 0'],
  ['a version that is no version', '02020100', (c) => c.smallInteger('version'), 'der_integer_too_large', 'version, offset 0'],
  ['a NULL with content', '050100', (c) => c.null('parameters'), 'der_null_not_empty', 'parameters, offset 0'],
  ['an OBJECT IDENTIFIER without content', '0600', (c) => c.objectIdentifier('algorithm'), 'der_oid_malformed', 'algorithm, offset 0'],
  ['an OBJECT IDENTIFIER that is cut off', '06022a86', (c) => c.objectIdentifier('algorithm'), 'der_oid_malformed', 'algorithm, offset 0'],
  ['an arc with a needless byte', '06032a8001', (c) => c.objectIdentifier('algorithm'), 'der_oid_malformed', 'algorithm, offset 0'],
  ['an OBJECT IDENTIFIER of 65 bytes', `0641${'01'.repeat(65)}`, (c) => c.objectIdentifier('algorithm'), 'der_oid_malformed', 'algorithm, offset 0'],
  ['a BIT STRING without its first byte', '0300', (c) => c.bitString('key'), 'der_bit_string_empty', 'key, offset 0'],
  ['a BIT STRING with unused bits', '030204f0', (c) => c.bitString('key'), 'der_bit_string_unused_bits', 'key, offset 0'],
  ['too many elements inside each other', '300a3008300630043002 3000', (c) => c.skip('deep', 3), 'der_too_deep', 'deep.….….…, offset 6'],
  ['a spoiled element inside one that is stepped over', '3003 028100', anything, 'der_length_not_minimal', 'anything.…, offset 3'],
]

for (const [name, bytes, read, code, at] of refused)
  der(`BYOK-69 refuses ${name}`, () => {
    const verdict = readDer(hex(bytes), read)
    assert.not(verdict.ok)
    if (!verdict.ok) assert.equal({ code: verdict.fault.code, at: verdict.fault.at }, { code, at })
  })

der('BYOK-69 every fault of the encoding is in the table above', () => {
  assert.is(new Set(refused.map(([, , , code]) => code)).size, 16)
})

der('secret bytes are not shown in a fault', () => {
  const tag = (secret: boolean) => {
    const verdict = readDer(hex('7f'), anInteger, { secret })
    return verdict.ok ? null : verdict.fault.found
  }
  assert.is(tag(false), '0x7f')
  assert.is(tag(true), undefined)
})

// X.690 §8.19.5 and the identifiers of RFC 8017 and RFC 5480 as their documents print them.
const identifiers: readonly (readonly [dotted: string, bytes: string])[] = [
  ['2.999.3', '0603883703'],
  ['0.0', '060100'],
  ['1.39', '06014f'],
  ['2.0', '060150'],
  ['1.2.840.113549.1.1.1', '06092a864886f70d010101'],
  ['1.2.840.10045.3.1.7', '06082a8648ce3d030107'],
  ['1.3.132.0.35', '06052b81040023'],
  ['2.25.329800735698586629295641978511506172918', '06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776'],
]

for (const [dotted, bytes] of identifiers)
  der(`OBJECT IDENTIFIER ${dotted}`, () => {
    assert.is(toHex(writeDer(objectIdentifier(dotted))), bytes)
    assert.equal(
      readDer(hex(bytes), (c) => c.objectIdentifier('')),
      { ok: true, value: dotted },
    )
  })

der('a text that is no identifier is the caller’s mistake', () => {
  for (const text of ['', '1', '3.1', '1.40', '1.2.', '1.02', '1.2.x']) assert.throws(() => objectIdentifier(text), TypeError)
})

// X.690 §8.3: two's complement, so a first byte of 0x80 and above needs a zero byte before it.
const integers: readonly (readonly [magnitude: string, bytes: string, again: string])[] = [
  ['', '020100', '00'],
  ['00', '020100', '00'],
  ['0000', '020100', '00'],
  ['7f', '02017f', '7f'],
  ['80', '02020080', '80'],
  ['00ff', '020200ff', 'ff'],
  ['0100', '02020100', '0100'],
  ['00000001', '020101', '01'],
]

for (const [magnitude, bytes, again] of integers)
  der(`INTEGER ${magnitude || 'without bytes'}`, () => {
    assert.is(toHex(writeDer(integer(hex(magnitude)))), bytes)
    const verdict = readDer(hex(bytes), (c) => c.integer(''))
    assert.ok(verdict.ok && toHex(verdict.value) === again)
  })

der('lengths are written in the fewest bytes', () => {
  for (const [size, header] of [
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65535, '0482ffff'],
    [65536, '0483010000'],
  ] as const) {
    const bytes = writeDer(octetString(new Uint8Array(size)))
    assert.is(toHex(bytes.subarray(0, bytes.length - size)), header)
    assert.ok(readDer(bytes, (c) => c.octetString('')).ok)
  }
})

der('elements inside each other', () => {
  const inner = Uint8Array.of(1, 2, 3)
  const value = sequence(
    smallInteger(1),
    octetString(sequence(nullElement())),
    bitString(inner),
    element(contextTag(0, true), bitString(sequence(integer(inner)))),
  )
  assert.is(toHex(writeDer(value)), '301b 020101 0404 30020500 0304 00010203 a00a 0308 00 3005 0203 010203'.replaceAll(' ', ''))
  const read = readDer(writeDer(value), (c) =>
    c.sequence('', (s) => ({
      version: s.smallInteger(''),
      nothing: s.octetStringContaining('', (o) => o.sequence('', (n) => n.null(''))),
      bits: toHex(s.bitString('')),
      tagged: s.constructed(contextTag(0, true), '', (t) => t.bitStringContaining('', (b) => b.sequence('', (n) => toHex(n.integer(''))))),
      left: s.tag,
    })),
  )
  assert.equal(read, { ok: true, value: { version: 1, nothing: undefined, bits: '010203', tagged: '010203', left: null } })
})

der('what is read are windows on the input', () => {
  const bytes = hex('3006 0401aa 0401bb')
  const read = readDer(bytes, (c) => c.sequence('', (s) => [s.octetString(''), s.octetString('')]))
  assert.ok(read.ok && read.value.every((window) => window.buffer === bytes.buffer))
})

der('a window in a larger buffer is read from its own first byte', () => {
  const bytes = hex('ffff 020105 ffff').subarray(2, 5)
  assert.equal(
    readDer(bytes, (c) => c.smallInteger('')),
    { ok: true, value: 5 },
  )
})

der('a fault of the decoder’s own comes back with its place', () => {
  const read = readDer<never, 'number_wrong'>(hex('3003020107'), (c) =>
    c.sequence('Outer', (s) => {
      const offset = s.offset
      const found = s.smallInteger('number')
      return s.refuse({ code: 'number_wrong', found, wanted: 8 }, 'number', offset)
    }),
  )
  assert.equal(read, { ok: false, fault: { code: 'number_wrong', at: 'Outer.number, offset 2', found: 7, wanted: 8 } })
})

der('an error that is ours is not turned into a fault', () => {
  assert.throws(() =>
    readDer(hex('020101'), () => {
      throw new RangeError('ours')
    }),
  )
  assert.throws(() => readDer('020101' as unknown as Uint8Array, anInteger), TypeError)
})

/** Any DER that the walker takes, with its tree. */
const { tree } = fc.letrec<{ tree: Uint8Array; leaf: Uint8Array; node: Uint8Array }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('node')),
  leaf: fc.tuple(fc.constantFrom(0x02, 0x03, 0x04, 0x0c, 0x80), fc.uint8Array({ maxLength: 200 })).map(([tag, content]) => tlv(tag, content)),
  node: fc.tuple(fc.constantFrom(0x30, 0x31, 0xa0), fc.array(tie('tree'), { maxLength: 3 })).map(([tag, parts]) => tlv(tag, ...parts)),
}))

der('skip takes any well-formed element, and no prefix of one', async () => {
  await fc.assert(
    fc.property(tree, fc.nat(), (bytes, cut) => {
      assert.ok(readDer(bytes, anything).ok)
      assert.not(readDer(bytes.subarray(0, cut % bytes.length), anything).ok)
    }),
  )
})

der('no bytes make a reader throw', async () => {
  const readers: readonly Read[] = [
    anInteger,
    aSequence,
    anything,
    (c) => c.smallInteger('x'),
    (c) => c.objectIdentifier('x'),
    (c) => c.bitString('x'),
    (c) => c.bitStringContaining('x', anything),
    (c) => c.octetStringContaining('x', anything),
    (c) => c.null('x'),
    (c) => c.zeros(7),
  ]
  const starts = fc.constantFrom('', '30', '02', '03', '04', '05', '06', '3080', '0281', '3082', '0304', '0680').map(hex)
  await fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 40 }), (start, rest) => {
      for (const read of readers) assert.type(readDer(Uint8Array.of(...start, ...rest), read).ok, 'boolean')
    }),
    { numRuns: 1000 },
  )
})

der.run()
