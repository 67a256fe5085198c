/**
 * Transfer files that were made to cost their reader much: what is kept and what is told stays in proportion to the file. Measured in
 * characters and findings, never in time.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { shown } from '../../src/byok/display.js'
import { mapMembers, pathOf } from '../../src/byok/member-map.js'
import { readTransferFile } from '../../src/byok/transfer-file.js'
import { inspectTransferFile } from '../../src/byok/transfer-inspect.js'
import { MOST_OF_A_CODE } from '../../src/byok/transfer-report.js'
import { fileWith, honestObject, KID_PARTS } from './honest.js'

const hostile = suite('byok: hostile transfer files')

const word = 'a'.repeat(32_000)
const twin = (count: number) => Array(count).fill('"a":1').join(',')
const various = (count: number) => Array.from({ length: count }, (_, i) => `"${i.toString(36)}":1`).join(',')
const files: readonly (readonly [title: string, text: string])[] = [
  ['one long name', `{"${word}${word.slice(0, 30_000)}":1}`],
  ['a long name around many', `{"${word}":{${various(3_900)}}}`],
  ['a long name in brackets around many', `{"${'a '.repeat(16_000)}":{${various(3_900)}}}`],
  ['a long name around one name many times', `{"${word}":{${twin(5_000)}}}`],
  ['a name of control characters around one name many times', `{"${'\u0085'.repeat(12_000)}":{${twin(5_000)}}}`],
  ['four long names around many', `{"${word.slice(0, 9_000)}":{"${word.slice(0, 9_000)}":{"${word.slice(0, 9_000)}":{${various(4_000)}}}}}`],
  ['many members', `{${various(8_000)}}`],
  ['many members in the header', `{"header":{${various(8_000)}}}`],
  ['one name many times', `{${twin(10_000)}}`],
  ['a header many times', `{${Array(2_400).fill('"header":{"kid":1,"kid":2}').join(',')}}`],
  ['an array of objects', `{"a":[${Array(6_000).fill('{"b":1}').join(',')}]}`],
  ['names twice around a deep value', `{"a":1,"a":${'{"b":'.repeat(6_000)}${'[1]'}${'}'.repeat(6_000)}}`],
  ['long texts where constants belong', `{"schema_version":"${word}","header":{"kid":"${word.slice(0, 20_000)}","alg":"${'\\u001b'.repeat(1_500)}"}}`],
  ['a text of quotation marks', `{"a":"${'\\"'.repeat(32_000)}"}`],
]

/** The characters of all texts that can be reached from a value, each object counted once. */
function charactersIn(value: unknown, seen = new Set<unknown>()): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null || seen.has(value)) return 0
  seen.add(value)
  const parts: unknown[] = value instanceof Set ? [...value] : Object.values(value)
  return parts.reduce((sum: number, part) => sum + charactersIn(part, seen), 0)
}

for (const [title, text] of files) {
  const file = Buffer.from(text)

  hostile(`BYOK-96 ${title}: the map of the members holds no more than the file`, () => {
    assert.ok(file.length > 25_000 && file.length <= 65_536, `${file.length} bytes`)
    // A name is held by its member, by the set of names of its object, and as the step to what is inside.
    assert.ok(charactersIn(mapMembers(text)) <= 4 * text.length, `${charactersIn(mapMembers(text))} characters`)
  })

  for (const reading of ['strict', 'lenient'] as const)
    hostile(`BYOK-96 ${title}: what is told has an end, and begins with what a vault finds (${reading})`, () => {
      const { findings, fields } = inspectTransferFile(file, { reading })
      const codes = new Map<string, number>()
      for (const { code } of findings) codes.set(code, (codes.get(code) ?? 0) + 1)
      for (const [code, count] of codes) assert.ok(count <= MOST_OF_A_CODE + 1, `${code}: ${count}`)
      assert.ok(fields.length <= 2 * MOST_OF_A_CODE + 8, `${fields.length} fields`)
      assert.ok(charactersIn([findings, fields]) < 65_536, `${charactersIn([findings, fields])} characters`)

      const read = readTransferFile(file, { reading })
      assert.not(read.ok)
      const { level: _level, text: _text, ...first } = findings.find(({ level }) => level === 'MUST')!
      assert.equal(read, { ok: false, fault: first })
    })
}

hostile('BYOK-90 of the same finding over and over again the first ones are told and the rest is counted', () => {
  const { findings } = inspectTransferFile(Buffer.from(`{${twin(1_000)}}`), { reading: 'lenient' })
  const twins = findings.filter(({ code }) => code === 'member_duplicate')
  assert.is(twins.length, MOST_OF_A_CODE + 1)
  assert.is(twins[0]!.at, 'a, offset 7')
  assert.is(twins[MOST_OF_A_CODE - 1]!.at, `a, offset ${1 + 6 * MOST_OF_A_CODE}`)
  const rest = findings.at(-1)!
  assert.equal([rest.code, rest.level, rest.found, rest.at], ['member_duplicate', 'MUST', `${999 - MOST_OF_A_CODE} more`, undefined])
})

hostile('BYOK-89 as many findings as are told, and none is counted', () => {
  const strangers = Object.fromEntries(Array.from({ length: MOST_OF_A_CODE }, (_, i) => [`x${i}`, i]))
  assert.is(inspectTransferFile(fileWith(strangers), { reading: 'lenient' }).findings.length, MOST_OF_A_CODE)
})

hostile('BYOK-80 a refusal behind findings that are not told any more is a refusal', () => {
  const strangers = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`x${i}`, i]))
  const taken = inspectTransferFile(fileWith(strangers), { reading: 'lenient' })
  assert.equal(taken.file?.kek, KID_PARTS)
  assert.ok(readTransferFile(fileWith(strangers), { reading: 'lenient' }).ok)
  for (const spoiled of [{ ciphertext: '' }, { generator: 7 }, { header: { ...honestObject().header, ...strangers, enc: 'x' } }]) {
    const file = fileWith({ ...strangers, ...spoiled })
    assert.is(inspectTransferFile(file, { reading: 'lenient' }).file, null)
    assert.not(readTransferFile(file, { reading: 'lenient' }).ok)
  }
})

hostile('BYOK-90 a name is a duplicate in its own object only', () => {
  const text = '{"a":{"b":1},"c":[{"b":1},{"b":2,"b":3}],"a":{"b":4}}'
  const again = mapMembers(text).members.filter((member) => member.again)
  assert.equal(
    again.map((member) => [pathOf(member), text.slice(member.start, member.end)]),
    [
      ['c[1].b', '3'],
      ['a', '{"b":4}'],
    ],
  )
})

hostile('BYOK-97 a long text is cut before it is taken apart', () => {
  const original = String.prototype[Symbol.iterator]
  let characters = 0
  String.prototype[Symbol.iterator] = function* (this: string) {
    for (let i = 0; i < this.length; i++) {
      characters++
      yield this.charAt(i)
    }
    return undefined
  }
  try {
    assert.is(shown(word), `${'a'.repeat(159)}…`)
  } finally {
    String.prototype[Symbol.iterator] = original
  }
  assert.is(characters, 161)
})

hostile.run()
