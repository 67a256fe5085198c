/**
 * The readers of plain data from strangers, one by one.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { either, flag, integer, list, nullable, record, text, word, type Reader } from '../../src/bytes/shape.js'
import { crookedLists, otherTypes } from '../support/shapes.js'

const shapes = suite('bytes: shape')

const simple: readonly (readonly [title: string, reader: Reader<unknown>, taken: readonly unknown[], refused: readonly unknown[]])[] = [
  ['text', text(4), ['', 'text'], ['texts', null]],
  ['flag', flag, [true, false], [0, 'true', null]],
  ['integer', integer, [0, -1, Number.MAX_SAFE_INTEGER], [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null]],
  ['word', word('a', 'b'), ['a', 'b'], ['c', 'A', '', 'length', null]],
  ['nullable', nullable(flag), [null, false], [0, 'null']],
  ['list', list(word('a', 'b'), 3), [[], ['a'], ['b', 'a', 'b']], [['c'], ['a', 'a', 'a', 'a'], ['a', null], 'a', null]],
  ['list of lists', list(list(flag, 1), 2), [[[true], []]], [[[true, true]], [[], [], []]]],
  ['record', record({ a: flag, b: nullable(integer) }), [{ a: true, b: null }], [{ a: true }, { a: 1, b: 1 }, [], null]],
  ['either', either<unknown>(flag, word('a')), [true, 'a'], ['b', 1, null]],
]
for (const [title, reader, taken, refused] of simple)
  shapes(`BYOK-154 ${title}: what has the shape is read as it is, anything else is not`, () => {
    for (const value of taken) assert.equal(reader(value), value)
    for (const value of [...refused, ...otherTypes(taken[0]).filter((other) => !taken.includes(other) && typeof other !== typeof taken.at(-1))])
      assert.is(reader(value), undefined)
  })

for (const [title, crooked] of crookedLists('a')) shapes(`BYOK-154 a list with ${title} is refused`, () => assert.is(list(word('a'), 8)(crooked), undefined))

shapes('BYOK-154 no method of a list is called, and its length is asked once', () => {
  const asked: (string | symbol)[] = []
  const watched = new Proxy(['a', 'a'], {
    get: (target, name) => {
      asked.push(name)
      return Reflect.get(target, name) as unknown
    },
  })
  assert.equal(list(word('a'), 2)(watched), ['a', 'a'])
  assert.equal(asked, ['length', '0', '1'])
  assert.is(Object.getPrototypeOf(list(flag, 1)(new (class extends Array<boolean> {})())), Array.prototype)
})

shapes('BYOK-154 a record has the members that were asked for, its own and each read once', () => {
  const reads: string[] = []
  const given = {
    get a() {
      reads.push('a')
      return reads.length === 1 ? 'first' : 'another'
    },
    b: 'not asked for',
  }
  assert.equal(record({ a: text(8) })(given), { a: 'first' })
  assert.equal(reads, ['a'])
  assert.is(record({ a: text(8) })(Object.create({ a: 'inherited' })), undefined)
  assert.is(record({ toString: text(8) })({}), undefined)
})

shapes('BYOK-154 what is read shares nothing with what was given', async () => {
  const reader = list(record({ names: list(text(4), 4), at: nullable(integer) }), 4)
  const value = fc.array(
    fc.record({ names: fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 }), at: fc.option(fc.integer()) }, { noNullPrototype: true }),
    {
      maxLength: 4,
    },
  )
  await fc.assert(
    fc.property(value, (given) => {
      const before = structuredClone(given)
      const found = reader(given)
      for (const item of given) item.names.push('more')
      given.length = 0
      assert.equal(found, before)
    }),
  )
})

shapes.run()
