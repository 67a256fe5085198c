import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/bytes/hex.js'
import {
  bigEndian,
  integer,
  readLittleEndian,
  reversed,
  u16,
  u32,
  u8,
  writeLittleEndian,
  zeros,
  type LittleEndianCursor,
  type ReadField,
} from '../../src/bytes/little-endian.js'
import { hex } from '../crypto/handmade.js'

const little = suite('bytes: little-endian')

const S = { name: 'S', requirement: 'SKI-80' }
type Read = (le: LittleEndianCursor<'own_code'>) => unknown
const tailOfOne: Read = (le) => {
  const length = le.announced('cb')
  return le.tail(['pb', length])
}
const tailOfTwo: Read = (le) => {
  const [first, second] = [le.announced('cbFirst'), le.announced('cbSecond')]
  return le.tail(['pbFirst', first], ['pbSecond', second])
}

const refused: readonly (readonly [name: string, bytes: string, read: Read, fault: object])[] = [
  ['a DWORD of three bytes', '010203', (le) => le.u32('n'), { code: 'structure_truncated', at: 'S.n, offset 0', found: 3, wanted: 4 }],
  ['a WORD that is not there', '01', (le) => [le.u8('a'), le.u16('b')], { code: 'structure_truncated', at: 'S.b, offset 1', found: 0, wanted: 2 }],
  ['bytes that are cut off', '0102', (le) => le.bytes('b', 3), { code: 'structure_truncated', at: 'S.b, offset 0', found: 2, wanted: 3 }],
  ['a byte behind the end', '0102', (le) => le.u8('a'), { code: 'structure_trailing_bytes', at: 'S, offset 1', found: 1, wanted: 0 }],
  ['a reserved byte that is set', '000005', (le) => le.reserved('r', 3), { code: 'structure_reserved_not_zero', at: 'S.r, offset 2', found: 5, wanted: 0 }],
  ['a length that is too small', '01000000 aabb', tailOfOne, { code: 'structure_length_differs', at: 'S.cb, offset 0', found: 1, wanted: 2 }],
  ['a length that is too large', '03000000 aabb', tailOfOne, { code: 'structure_length_differs', at: 'S.cb, offset 0', found: 3, wanted: 2 }],
  ['the largest length', 'ffffffff aabb', tailOfOne, { code: 'structure_length_differs', at: 'S.cb, offset 0', found: 0xffffffff, wanted: 2 }],
  [
    'a first length of more than all',
    '03000000 00000000 aabb',
    tailOfTwo,
    { code: 'structure_length_differs', at: 'S.cbFirst, offset 0', found: 3, wanted: 'at most 2' },
  ],
  [
    'a second length that is not the rest',
    '01000000 02000000 aabb',
    tailOfTwo,
    { code: 'structure_length_differs', at: 'S.cbSecond, offset 4', found: 2, wanted: 1 },
  ],
  [
    "a decoder's own complaint",
    '07',
    (le) => le.u8('a') === 7 && le.refuse({ code: 'own_code', found: 7 }, 'a', 0),
    { code: 'own_code', at: 'S.a, offset 0', found: 7 },
  ],
]

for (const [name, bytes, read, fault] of refused)
  little(`SKI-80 SKI-102 refuses ${name}`, () => {
    assert.equal(readLittleEndian(hex(bytes), S, read), { ok: false, fault: { ...fault, requirement: 'SKI-80' } })
  })

little('SKI-102 every fault of the layout is in the table above', () => {
  assert.is(new Set(refused.map(([, , , fault]) => (fault as { code: string }).code)).size, 5)
})

little('a fault may name a requirement of its own, and an element of a list', () => {
  const read = readLittleEndian(hex('07'), S, (le: LittleEndianCursor<'own_code'>) => le.refuse({ code: 'own_code', requirement: 'SKI-101' }, '[3].a'))
  assert.equal(read, { ok: false, fault: { code: 'own_code', at: 'S[3].a, offset 0', requirement: 'SKI-101' } })
})

little('of secret bytes a fault does not say what was found, until they are revealed', () => {
  const faultOf = (read: Read) => {
    const verdict = readLittleEndian(hex('07ff'), { ...S, secret: true }, read)
    return verdict.ok ? null : verdict.fault
  }
  const refuse: Read = (le) => le.refuse({ code: 'own_code', found: 7, wanted: 8 })
  const revealed: Read = (le) => {
    le.reveal()
    refuse(le)
  }
  assert.equal(faultOf(refuse), { code: 'own_code', at: 'S, offset 0', wanted: 8, requirement: 'SKI-80' })
  assert.equal(faultOf(revealed), { code: 'own_code', at: 'S, offset 0', found: 7, wanted: 8, requirement: 'SKI-80' })
  assert.equal(
    faultOf((le) => le.u8('a')),
    { code: 'structure_trailing_bytes', at: 'S, offset 1', wanted: 0, requirement: 'SKI-80' },
  )
})

little('SKI-80 reads what DataView reads', async () => {
  await fc.assert(
    fc.property(fc.uint8Array({ minLength: 15, maxLength: 15 }), (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      const read = readLittleEndian(bytes, S, (le) => [le.u8('a'), le.u16('b'), le.u32('c'), le.u64('d')])
      const long = view.getBigUint64(7, true)
      assert.equal(read, { ok: true, value: [bytes[0], view.getUint16(1, true), view.getUint32(3, true), long < 2n ** 53n ? Number(long) : null] })
    }),
  )
})

little('SKI-80 writes what DataView writes', async () => {
  const numbers = fc.tuple(fc.nat(0xff), fc.nat(0xffff), fc.nat(0xffffffff), fc.maxSafeNat())
  await fc.assert(
    fc.property(numbers, ([a, b, c, d]) => {
      const wanted = new DataView(new ArrayBuffer(15))
      wanted.setUint8(0, a)
      wanted.setUint16(1, b, true)
      wanted.setUint32(3, c, true)
      wanted.setBigUint64(7, BigInt(d), true)
      assert.equal(writeLittleEndian(u8(a), u16(b), u32(c), integer(d, 8)), new Uint8Array(wanted.buffer))
    }),
  )
})

little('SKI-80 integers of a key, both ways round', () => {
  const written = writeLittleEndian(bigEndian(hex('0102'), 4), reversed(hex('0102'), 4), zeros(2), hex('ff'))
  assert.is(toHex(written), '00000102' + '02010000' + '0000' + 'ff')
  assert.is(toHex(writeLittleEndian(bigEndian(hex('000102'), 2), reversed(hex('000000'), 1))), '010200')
})

little('a number that does not fit is the caller’s mistake', () => {
  for (const value of [-1, 256, 1.5, NaN, Infinity]) assert.throws(() => u8(value), TypeError)
  assert.throws(() => u16(0x10000), TypeError)
  assert.throws(() => u32(0x100000000), TypeError)
  assert.throws(() => integer(2 ** 53, 8), TypeError)
  assert.throws(() => bigEndian(hex('010203'), 2), TypeError)
  assert.throws(() => reversed(hex('010203'), 2), TypeError)
  assert.throws(() => readLittleEndian([1] as never, S, (le) => le.u8('a')), TypeError)
})

little('what a decoder throws that is no refusal comes through', () => {
  assert.throws(
    () =>
      readLittleEndian(hex('00'), S, () => {
        throw new RangeError('not ours')
      }),
    RangeError,
  )
})

little('an observer sees each member in order, the one that is refused too', () => {
  const seen: ReadField[] = []
  readLittleEndian(hex('01 0000 02000000 0100'), { ...S, observe: (field) => seen.push(field) }, (le) => {
    le.u8('a')
    le.reserved('r', 2)
    le.u32('n')
    le.reserved('s', 2)
  })
  assert.equal(
    seen.map(({ path, kind, offset, length, value }) => [path, kind, offset, length, typeof value === 'number' ? value : toHex(value)]),
    [
      ['S.a', 'integer', 0, 1, 1],
      ['S.r', 'reserved', 1, 2, '0000'],
      ['S.n', 'integer', 3, 4, 2],
      ['S.s', 'reserved', 7, 2, '0100'],
    ],
  )
})

little.run()
