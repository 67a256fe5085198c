import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, copyAndWipe, equalBytes, fromUtf8, requireBytes, utf8, wipe } from '../../src/bytes/bytes.js'
import { fromHex, toHex } from '../../src/bytes/hex.js'

const bytes = suite('bytes: small things')
const anything = fc.uint8Array({ maxLength: 40 })

bytes('concat joins as Buffer.concat does, into a new array', async () => {
  await fc.assert(fc.property(fc.array(anything), (parts) => assert.is(Buffer.compare(concat(...parts), Buffer.concat(parts)), 0)))
  const one = Uint8Array.of(1)
  assert.is.not(concat(one), one)
})

bytes('equalBytes compares as Buffer.equals does', async () => {
  const short = fc.uint8Array({ maxLength: 2, max: 1 })
  await fc.assert(fc.property(short, short, (a, b) => assert.is(equalBytes(a, b), Buffer.from(a).equals(b))))
})

bytes('hex is Node’s hex, and both cases are read', async () => {
  await fc.assert(
    fc.property(anything, (value) => {
      assert.is(toHex(value), Buffer.from(value).toString('hex'))
      assert.equal(fromHex(toHex(value).toUpperCase()), value)
    }),
  )
  for (const text of ['0', 'zz', '0x01', ' 01', '01\n']) assert.is(fromHex(text), null, text)
  assert.equal(fromHex(''), new Uint8Array())
})

bytes('BYOK-137 wipe overwrites every array and passes over what is not there', () => {
  const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)]
  wipe(a, undefined, null, b)
  assert.equal([a, b], [Uint8Array.of(0, 0), Uint8Array.of(0)])
})

bytes('BYOK-137 copyAndWipe leaves nothing in the buffer behind a window', () => {
  const buffer = Uint8Array.of(1, 2, 3, 4)
  assert.equal(copyAndWipe(buffer.subarray(1, 3)), Uint8Array.of(2, 3))
  assert.equal(buffer, new Uint8Array(4))
})

bytes('requireBytes throws a TypeError for anything else, and for another length', () => {
  requireBytes(new Uint8Array(2), 'x', 2)
  for (const wrong of [null, 'text', [1, 2], new ArrayBuffer(2), new Uint16Array(1)]) assert.throws(() => requireBytes(wrong, 'x'), TypeError)
  assert.throws(() => requireBytes(new Uint8Array(2), 'x', 3), /x: 3 bytes are wanted, 2 were given/)
})

bytes('UTF-8 both ways; what is none is null, and a byte order mark is kept', async () => {
  await fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.is(fromUtf8(utf8(text)), text)))
  assert.is(fromUtf8(Uint8Array.of(0xc3)), null)
  assert.is(fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), null)
  assert.is(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b)), '\ufeff{')
})

bytes.run()
