/**
 * The header of bound sealed data, the numbers of all formats, and decoders fed with anything.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as sealed from '../../src/ski/sealed/index.js'
import * as formats from '../../vectors/generate/ski-sealed-formats.js'
import { place, plain } from './sealed-support.js'

const session = formats.sessionOf('test')

const codecs = suite('codecs of our own formats')

codecs('SKI-102 whatever bytes come in, a decoder answers with a verdict, and a refusal names a place', async () => {
  const magic = fc.constantFrom('KFSD', 'KFPK', 'KFEV', 'KFRC').map((word) => Buffer.from(`${word}\x01`, 'latin1'))
  const small = fc.uint8Array({ minLength: 7, maxLength: 7, max: 3 })
  await fc.assert(
    fc.asyncProperty(magic, small, fc.uint8Array({ maxLength: 200 }), async (start, numbers, rest) => {
      const bytes = plain(Buffer.concat([start, numbers, rest]))
      for (const decode of [sealed.decodeHeader, sealed.decodeEstablishment, sealed.decodeCardEvidence, sealed.decodeReceipt]) {
        const read = decode(bytes)
        assert.is(typeof read.ok, 'boolean')
        if (!read.ok) assert.match(read.fault.at!, /^KF(?:SD|PK|EV|RC)(?:\.\w+)?, offset \d+$/)
      }
    }),
    { numRuns: 2000 },
  )
})

codecs('SKI-65 a header says back what it was written from', () => {
  const iv = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const u32 = fc.nat({ max: 0xffffffff })
  const common = { direction: fc.constantFrom('toCard', 'toServer'), flags: u32, pinId: u32, blobCount: fc.nat({ max: 65535 }), ciphertextBytes: u32 } as const
  const ids = { session: iv(16), cardId: iv(16) }
  const cipher = fc.oneof(
    fc.record({ algorithm: fc.constantFrom('AES-128', 'AES-192', 'AES-256'), iv: iv(16) }, { noNullPrototype: true }),
    fc.record({ algorithm: fc.constantFrom('3DES_112', '3DES'), iv: iv(8) }, { noNullPrototype: true }),
  )
  const terms = fc.oneof(
    fc.record(
      { function: fc.constant('Import Key Pair'), container: fc.nat({ max: 254 }), overwrite: fc.boolean(), keySpec: u32, keySize: u32 },
      { noNullPrototype: true },
    ),
    fc.record(
      {
        function: fc.constantFrom('Authenticate', 'Change Authenticator'),
        container: fc.constant(null),
        overwrite: fc.constant(false),
        keySpec: fc.constant(0),
        keySize: fc.constant(0),
      },
      { noNullPrototype: true },
    ),
  )
  fc.assert(
    fc.property(fc.record({ ...common, ...ids }, { noNullPrototype: true }), cipher, terms, (a, b, c) => {
      const header = { ...a, ...b, ...c } as sealed.SealedHeader
      const bytes = sealed.encodeHeader(header)
      assert.is(bytes.length, sealed.HEADER_BYTES)
      const read = sealed.decodeHeader(bytes)
      assert.ok(read.ok)
      assert.equal(read.value, header)
    }),
  )
})

const faultyHeaders: readonly (readonly [Partial<formats.Header>, string])[] = [
  [{ magic: 'KFRC' }, 'format_magic_unknown KFSD.magic, offset 0'],
  [{ version: 2 }, 'format_version_unknown KFSD.version, offset 4'],
  [{ direction: 0 }, 'format_value_unknown KFSD.direction, offset 5'],
  [{ direction: 3 }, 'format_value_unknown KFSD.direction, offset 5'],
  [{ function: 4 }, 'format_value_unknown KFSD.function, offset 6'],
  [{ algorithm: 0 }, 'format_value_unknown KFSD.algorithm, offset 7'],
  [{ mode: 0 }, 'format_value_unknown KFSD.mode, offset 8'],
  [{ overwrite: 2 }, 'format_value_unknown KFSD.overwrite, offset 9'],
  [{ container: 255 }, 'format_value_unknown KFSD.container, offset 10'],
  [{ function: 3 }, 'format_value_unknown KFSD.container, offset 10'],
  [{ reserved: 1 }, 'structure_reserved_not_zero KFSD.reserved, offset 11'],
  [{ reserved2: 256 }, 'structure_reserved_not_zero KFSD.reserved, offset 31'],
  [{ function: 3, container: 255, overwrite: 1 }, 'format_value_unknown KFSD.overwrite, offset 9'],
  [{ function: 3, container: 255 }, 'format_value_unknown KFSD.keySpec, offset 20'],
  [{ function: 2, container: 255, keySpec: 0 }, 'format_value_unknown KFSD.keySize, offset 24'],
  [{ algorithm: 5 }, 'structure_reserved_not_zero KFSD.iv, offset 72'],
]

for (const [change, fault] of faultyHeaders)
  codecs(`SKI-65 ${fault} ${JSON.stringify(change)}`, () => {
    const header = formats.sealedHeader({
      ...{ direction: 1, function: 1, algorithm: 3, container: 3, flags: 1, pinId: 1, keySpec: 1, keySize: 2048, blobCount: 1 },
      ...{ session: session.session, cardId: session.cardId, iv: Buffer.alloc(16, 1), length: 144, ...change },
    })
    assert.is(place(sealed.decodeHeader(plain(header))), fault)
  })

codecs('numbers and names are a bijection', () => {
  for (const [name, { code: number }] of Object.entries(sealed.ALGORITHMS)) assert.is(sealed.algorithmOfCode(number), name)
  for (const [name, number] of Object.entries(sealed.WAY_CODE)) assert.is(sealed.wayOfCode(number), name)
  for (const [name, number] of Object.entries(sealed.FUNCTION_CODE)) assert.is(sealed.functionOfCode(number), name)
  for (const [name, number] of Object.entries(sealed.DIRECTION_CODE)) assert.is(sealed.directionOfCode(number), name)
  for (const [name, { padding, hash }] of Object.entries(sealed.WRAP_PADDING_CODES)) assert.is(sealed.wrapPaddingOfCodes(padding, hash), name)
  for (const lookUp of [sealed.algorithmOfCode, sealed.wayOfCode, sealed.functionOfCode, sealed.directionOfCode])
    for (const number of [0, 6, 255]) assert.is(lookUp(number), null)
  assert.equal(
    Object.entries(sealed.ALGORITHMS).map(([name, facts]) => [name, facts.code, facts.keyBytes, facts.blockBytes]),
    Object.entries(formats.SESSION_ALGORITHM).map(([name, facts]) => [name, facts.code, facts.bytes, facts.block]),
  )
  assert.equal([sealed.WAY_CODE, sealed.FUNCTION_CODE, sealed.DIRECTION_CODE], [formats.WAY, formats.FUNCTION, formats.DIRECTION])
})

codecs.run()
