/**
 * What every reader of declared shapes has to do with every sample, as tests by name: the same for messages and for answers.
 * @module
 */
import fc from 'fast-check'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { at, crookedLists, hostileValues, otherTypes, placesIn, textOfPath, withAt, without, withStrangers, type Path } from './shapes.js'

/** A thing to read, and what is special about it. */
export interface ReaderSample {
  readonly value: { readonly type: string }
  /** Places that may be null. */
  readonly nullable?: readonly string[]
}

/** Places that may be left out, and are left out if they are wrong. */
const OPTIONAL: ReadonlySet<string> = new Set(['fault.requirement'])
/** Longer than any text of a message, and of an answer. */
const TOO_LONG = 'A'.repeat(200_000)

/** Adds the tests. `read` gives `null` for what it refuses. */
export function readerCases(suite: Test, id: string, samples: readonly ReaderSample[], read: (value: unknown) => unknown): void {
  for (const [i, { value: sample, nullable = [] }] of samples.entries()) {
    const title = (what: string) => `${id} ${sample.type} (${i + 1}): ${what}`
    const places = placesIn(sample).filter((path) => textOfPath(path) !== 'type')
    const required = places.filter((path) => !OPTIONAL.has(textOfPath(path)))
    const refused = (value: unknown, path: Path, why: string) => assert.is(read(value), null, `${textOfPath(path)}: ${why}`)

    suite(title('is read as it is, and shares nothing with what was given'), () => {
      const found = read(sample)
      assert.equal(found, sample)
      for (const path of [[], ...places]) {
        const part = at(sample, path)
        if (typeof part === 'object' && part !== null) assert.is.not(at(found, path), part)
      }
    })

    suite(title('members that nobody declared do not ride along'), () => assert.equal(read(withStrangers(sample)), sample))

    suite(title('every member has to be there, and every item of a list'), () => {
      for (const path of required) refused(without(sample, path), path, 'missing')
    })

    suite(title('every member has its type'), () => {
      for (const path of required) {
        for (const other of otherTypes(at(sample, path))) refused(withAt(sample, path, other), path, String(other?.toString()))
        if (nullable.includes(textOfPath(path))) assert.equal(read(withAt(sample, path, null)), withAt(sample, path, null))
        else refused(withAt(sample, path, null), path, 'null')
      }
    })

    suite(title('numbers are whole, texts and lists have an end'), () => {
      for (const path of required) {
        const part = at(sample, path)
        if (typeof part === 'number')
          for (const number of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) refused(withAt(sample, path, number), path, `${number}`)
        if (typeof part === 'string') refused(withAt(sample, path, TOO_LONG), path, 'too long')
        if (!Array.isArray(part)) continue
        refused(withAt(sample, path, Array(17).fill('sign')), path, 'too many')
        for (const [why, list] of crookedLists('sign')) refused(withAt(sample, path, list), path, why)
      }
    })

    suite(title('hostile getters and proxies do not throw out of the reader'), () => {
      for (const [why, value] of hostileValues(sample)) assert.not.throws(() => read(value), why)
    })
  }

  suite(`${id} what is left out of a fault, or wrong beside its code, is left behind`, () => {
    for (const { value } of samples) {
      if (!('fault' in value)) continue
      const bare = without(value, ['fault', 'requirement'])
      assert.equal(read(bare), bare)
      for (const wrong of [7, null, {}, TOO_LONG]) assert.equal(read(withAt(value, ['fault', 'requirement'], wrong)), bare)
      assert.equal(read(withAt(value, ['fault', 'found'], 'a secret')), value)
    }
  })

  suite(`${id} a type that nobody knows, and no object at all`, () => {
    const types = ['stranger', '', 'toString', '__proto__', 'constructor', null, 7, ['client.gaveUp'], { toString: () => samples[0]!.value.type }]
    for (const type of types) assert.is(read({ ...samples[0]!.value, type }), null)
    for (const value of [undefined, null, 7, 'text', [], {}, () => null, Symbol('text')]) assert.is(read(value), null)
  })

  suite(`${id} no value makes the reader throw, and what it reads it reads again`, async () => {
    const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true })
    const changed = fc
      .constantFrom(...samples)
      .chain(({ value }) => fc.tuple(fc.constantFrom(...[['type'], ...placesIn(value)]), anything).map(([path, other]) => withAt(value, path, other)))
    await fc.assert(
      fc.property(fc.oneof(anything, changed), (value) => {
        const found = read(value)
        if (found !== null) assert.equal(read(JSON.parse(JSON.stringify(found))), found)
      }),
      { numRuns: 2000 },
    )
  })
}
