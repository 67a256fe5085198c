import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeBase64, fromBase64url, toBase64, toBase64url, type Base64Reading } from '../../src/bytes/base64.js'

const base64 = suite('bytes: base64')
const anything = fc.uint8Array({ maxLength: 100 })
const same = (bytes: Uint8Array, text: string, reading: Base64Reading) => {
  const read = decodeBase64(text, reading)
  assert.ok(read.ok && Buffer.compare(read.value, bytes) === 0, text)
}

base64('writes what Node’s Buffer writes, and reads it back', async () => {
  await fc.assert(
    fc.property(anything, (bytes) => {
      assert.is(toBase64(bytes), Buffer.from(bytes).toString('base64'))
      assert.is(toBase64url(bytes), Buffer.from(bytes).toString('base64url'))
      same(bytes, toBase64(bytes), { alphabet: 'standard', padding: 'required' })
      same(bytes, toBase64(bytes), { alphabet: 'either', padding: 'optional' })
      same(bytes, toBase64url(bytes), { alphabet: 'url', padding: 'none' })
      same(bytes, toBase64url(bytes), { alphabet: 'either', padding: 'optional' })
    }),
  )
})

base64('one byte string has one text: what is read is written again the same', async () => {
  const text = fc.string({ unit: fc.constantFrom(...'AZaz09-_+/=BQgw \n'), maxLength: 12 })
  await fc.assert(
    fc.property(text, (written) => {
      const url = fromBase64url(written)
      if (url.ok) assert.is(toBase64url(url.value), written)
      const standard = decodeBase64(written, { alphabet: 'standard', padding: 'required' })
      if (standard.ok) assert.is(toBase64(standard.value), written)
    }),
    { numRuns: 5000 },
  )
})

base64('text and ASCII bytes are read alike', async () => {
  await fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AZaz09-_+/=é'), maxLength: 12 }), (text) => {
      const reading = { alphabet: 'either', padding: 'optional' } as const
      assert.equal(decodeBase64(Buffer.from(text, 'latin1'), reading), decodeBase64(text, reading))
    }),
  )
})

const url: Base64Reading = { alphabet: 'url', padding: 'none' }
const optional: Base64Reading = { alphabet: 'either', padding: 'optional' }
const required: Base64Reading = { alphabet: 'standard', padding: 'required' }
const refused: readonly (readonly [title: string, text: string, reading: Base64Reading, code: string, at: string])[] = [
  ['BYOK-92 white space', 'AA A', url, 'base64_character_unknown', 'offset 2'],
  ['BYOK-92 a line feed at the end', 'AAAA\n', url, 'base64_character_unknown', 'offset 4'],
  ['a letter outside ASCII', 'AAAé', url, 'base64_character_unknown', 'offset 3'],
  ['BYOK-91 padding inside', 'AA==AAAA', optional, 'base64_character_unknown', 'offset 2'],
  ['BYOK-92 the standard alphabet where base64url is wanted', 'AA+A', url, 'base64_alphabet_wrong', 'offset 2'],
  ['BYOK-92 base64url where the standard alphabet is wanted', 'AA_A', required, 'base64_alphabet_wrong', 'offset 2'],
  ['BYOK-92 both alphabets', 'A-+A', optional, 'base64_alphabets_mixed', 'offset 2'],
  ['BYOK-91 padding where none is allowed', 'AA==', url, 'base64_padding_wrong', 'offset 2'],
  ['BYOK-91 one sign too few', 'AA=', optional, 'base64_padding_wrong', 'offset 2'],
  ['BYOK-91 one sign too many', 'AAA==', optional, 'base64_padding_wrong', 'offset 3'],
  ['BYOK-91 padding that is not needed', 'AAAA=', optional, 'base64_padding_wrong', 'offset 4'],
  ['no padding where it is required', 'AA', required, 'base64_padding_wrong', 'offset 2'],
  ['a length that no bytes have', 'AAAAA', url, 'base64_length_impossible', 'offset 5'],
  ['BYOK-93 two spare bits', 'AAB', url, 'base64_spare_bits', 'offset 2'],
  ['BYOK-93 four spare bits', 'AB', url, 'base64_spare_bits', 'offset 1'],
]
for (const [title, text, reading, code, at] of refused)
  base64(`${title} is refused`, () => {
    const read = decodeBase64(text, reading)
    assert.not(read.ok)
    if (!read.ok) assert.equal({ code: read.fault.code, at: read.fault.at }, { code, at })
  })

base64('a long run of padding in the wrong place takes no longer than another text', () => {
  // With a search that starts again at each sign this would need 10^10 steps.
  const read = decodeBase64(`${'='.repeat(200_000)}A`, optional)
  assert.is(!read.ok && read.fault.code, 'base64_character_unknown')
})

base64.run()
