import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isJsonObject, parseJson, type JsonLimits, type JsonValue } from '../../src/bytes/json.js'

const json = suite('bytes: json')
const roomy: JsonLimits = { maxDepth: 8, maxBytes: 65536 }

/** `__proto__` and friends do not survive `toEqual` on plain objects, so values are compared as canonical text. */
const again = (value: JsonValue) => JSON.stringify(value)

json('reads what JSON.parse reads', async () => {
  await fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom('', ' ', '\n\t', '\r\n'), (text, space) => {
      const read = parseJson(space + text + space, { maxDepth: 64, maxBytes: 1 << 20 })
      // fc.json can repeat no member name, and writes no number that is too large.
      assert.ok(read.ok)
      if (read.ok) assert.is(again(read.value), JSON.stringify(JSON.parse(text)))
    }),
  )
})

json('refuses what JSON.parse refuses, and never throws', async () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '"',
    '\\',
    '\\u',
    '00e9',
    '1',
    '-',
    '0',
    '.5',
    'e9',
    'true',
    'nul',
    'l',
    ' ',
    '\u0000',
    '\ufeff',
  )
  await fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      const read = parseJson(text, roomy)
      let known: unknown
      try {
        known = JSON.parse(text)
      } catch {
        assert.not(read.ok, text)
        return
      }
      if (read.ok) assert.is(again(read.value), JSON.stringify(known))
      else assert.is(read.fault.code, 'json_duplicate_member', text)
    }),
    { numRuns: 3000 },
  )
})

json('never throws on arbitrary text', async () => {
  await fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.string()), fc.string({ maxLength: 3 }), fc.nat(), (text, extra, where) => {
      const at = where % (text.length + 1)
      const read = parseJson(text.slice(0, at) + extra + text.slice(at), roomy)
      assert.type(read.ok, 'boolean')
    }),
  )
})

const refused: readonly (readonly [name: string, text: string, code: string, at: string | undefined])[] = [
  ['nothing', '', 'json_syntax', 'offset 0'],
  ['white space only', ' \n', 'json_syntax', 'offset 2'],
  ['a byte order mark', '\ufeff{}', 'json_syntax', 'offset 0'],
  ['a second value', '{} {}', 'json_syntax', 'offset 3'],
  ['a comma at the end of an object', '{"a":1,}', 'json_syntax', 'offset 7'],
  ['a comma at the end of an array', '[1,]', 'json_syntax', '[1], offset 3'],
  ['a missing colon', '{"a" 1}', 'json_syntax', 'a, offset 5'],
  ['a missing value', '{"a":}', 'json_syntax', 'a, offset 5'],
  ['a missing comma', '[1 2]', 'json_syntax', '[0], offset 3'],
  ['an open object', '{"header":{"kid":"x"', 'json_syntax', 'header.kid, offset 20'],
  ['an open string', '"abc', 'json_syntax', 'offset 4'],
  ['a single quote', "{'a':1}", 'json_syntax', 'offset 1'],
  ['a comment', '/* */{}', 'json_syntax', 'offset 0'],
  ['a line feed in a string', '"a\nb"', 'json_syntax', 'offset 2'],
  ['an unknown escape', '"\\x41"', 'json_syntax', 'offset 2'],
  ['a short \\u escape', '"\\u12"', 'json_syntax', 'offset 2'],
  ['a leading zero', '[01]', 'json_syntax', '[0], offset 2'],
  ['a plus sign', '+1', 'json_syntax', 'offset 0'],
  ['a number without digits', '-', 'json_syntax', 'offset 0'],
  ['a word that is none', 'nil', 'json_syntax', 'offset 0'],
  ['NaN', 'NaN', 'json_syntax', 'offset 0'],
  ['a number too large for any reader', '{"a":1e999}', 'json_number_too_large', 'a, offset 5'],
  ['BYOK-90 a duplicate member', '{"a":1,"b":2,"a":3}', 'json_duplicate_member', 'a, offset 13'],
  ['BYOK-90 a duplicate member, one of them written with an escape', '{"kid":1,"\\u006bid":2}', 'json_duplicate_member', 'kid, offset 9'],
  ['BYOK-90 a duplicate member inside', '{"header":{"kid":1,"kid":1}}', 'json_duplicate_member', 'header.kid, offset 19'],
  ['BYOK-90 a duplicate __proto__', '{"__proto__":1,"__proto__":2}', 'json_duplicate_member', '__proto__, offset 15'],
  ['half a surrogate pair', '{"a":"\\ud83d"}', 'json_lone_surrogate', 'a, offset 5'],
  ['a surrogate pair the wrong way round', '["\\ude00\\ud83d"]', 'json_lone_surrogate', '[0], offset 1'],
  ['BYOK-96 nine arrays inside each other', '[[[[[[[[[]]]]]]]]]', 'json_too_deep', '[0][0][0][0][0][0][0][0], offset 8'],
]

for (const [name, text, code, at] of refused)
  json(`refuses ${name}`, () => {
    const read = parseJson(text, roomy)
    assert.not(read.ok)
    if (!read.ok) assert.equal({ code: read.fault.code, at: read.fault.at }, { code, at })
  })

json('BYOK-96 the depth cap counts objects and arrays', () => {
  assert.ok(parseJson('{"a":[{"b":[1]}]}', { maxDepth: 4, maxBytes: 100 }).ok)
  assert.not(parseJson('{"a":[{"b":[1]}]}', { maxDepth: 3, maxBytes: 100 }).ok)
  assert.ok(parseJson('1', { maxDepth: 0, maxBytes: 100 }).ok)
  assert.not(parseJson('[]', { maxDepth: 0, maxBytes: 100 }).ok)
})

json('BYOK-96 the size cap counts UTF-8 bytes', () => {
  for (const text of ['"abc"', '"é"', '"€"', '"😀"', '"é€😀"']) {
    const size = new TextEncoder().encode(text).length
    assert.ok(parseJson(text, { maxDepth: 1, maxBytes: size }).ok, text)
    assert.equal(parseJson(text, { maxDepth: 1, maxBytes: size - 1 }), { ok: false, fault: { code: 'json_too_large', found: size, wanted: size - 1 } })
  }
})

json('gives objects without a prototype', () => {
  const read = parseJson('{"__proto__":{"admin":true},"constructor":1}', roomy)
  assert.ok(read.ok)
  if (!read.ok || !isJsonObject(read.value)) return assert.unreachable()
  assert.is(Object.getPrototypeOf(read.value), null)
  assert.equal(Object.keys(read.value), ['__proto__', 'constructor'])
  assert.is(read.value['admin'], undefined)
  assert.is(({} as Record<string, unknown>)['admin'], undefined)
  assert.is(read.value['toString'], undefined)
})

json('a path shows no character that a terminal obeys', () => {
  const read = parseJson('{"\\u001b[2J\\u202e":1,"\\u001b[2J\\u202e":2}', roomy)
  assert.not(read.ok)
  if (!read.ok) assert.is(read.fault.at, '["\\u001b[2J\\u202e"], offset 21')
})

json('an empty member name is a name', () => {
  assert.equal(parseJson('{"":1,"":2}', roomy), { ok: false, fault: { code: 'json_duplicate_member', at: '[""], offset 6' } })
  assert.ok(parseJson('{"":1}', roomy).ok)
})

json('a caller who gives no text or an absurd depth is told at once', () => {
  assert.throws(() => parseJson(null as unknown as string, roomy), TypeError)
  assert.throws(() => parseJson('1', { maxDepth: 1e6, maxBytes: 10 }), TypeError)
})

json.run()
