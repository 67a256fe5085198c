/**
 * The rules by themselves: plain data in, plain data out.
 * @module
 */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttributeChange, KeyRecord } from '../../src/enclave/attributes.js'
import { KEY_KINDS, KINDS, OPERATIONS, kindOf, kindOfRsa, operationSet } from '../../src/enclave/kinds.js'
import { COMMAND_RULES, alter, close, commit, permit } from '../../src/enclave/permit.js'
import { EFFECTS, FORCES, READINGS, REFUSALS, RULES } from '../../src/enclave/rules.js'
import { findKey, nextEpoch, putKey, type Facts, type RuleCommand, type RuleState } from '../../src/enclave/state.js'
import { RULE_CASES, generate, handle, made, nothing, record, step } from './rule-cases.js'

const rules = suite('enclave rules')

for (const { title, run } of RULE_CASES) rules(title, () => run([]))

rules('every rule has a requirement, and every refusal and force applies to some command', () => {
  assert.is(
    Object.keys(RULES).length,
    [REFUSALS, FORCES, READINGS, EFFECTS].reduce((sum, table) => sum + Object.keys(table).length, 0),
  )
  for (const { requirement } of Object.values(RULES)) assert.match(requirement, /^BYOK-\d+$/)
  const used = new Set(Object.values(COMMAND_RULES).flatMap(({ before, after, forces }) => [...before, ...after, ...forces] as string[]))
  assert.equal(
    [...Object.keys(REFUSALS), ...Object.keys(FORCES)].filter((name) => !used.has(name)),
    ['conversationOpen'],
  )
})

rules('BYOK-120 what is allowed: locking, and what changes nothing', () => {
  const open = record('a', {
    sensitive: false,
    alwaysSensitive: false,
    extractable: true,
    neverExtractable: false,
    wrapWithTrusted: false,
    operations: ['sign', 'verify'],
  })
  for (const change of [{ sensitive: true }, { extractable: false }, { wrapWithTrusted: true }, { operations: ['sign'] }, {}] as AttributeChange[]) {
    const altered = alter(putKey(nothing(), open), handle('a'), change, 'user')
    assert.ok(altered.ok)
    assert.equal({ ...findKey(altered.value, 'a') }, { ...open, ...change })
  }
  assert.equal(alter(nothing(), handle('a'), {}, 'user'), { ok: false, fault: { code: 'handle_unknown', at: 'key', requirement: 'BYOK-130' } })
})

rules('BYOK-121 only the officer gives and takes trust', () => {
  const kek = record('kek', { class: 'public', operations: ['wrapKey'], extractable: true })
  const state = putKey(nothing(), kek)
  for (const trusted of [true, false]) {
    assert.is(alter(state, handle('kek'), { trusted }, 'user').ok, false)
    const altered = alter(state, handle('kek'), { trusted }, 'officer')
    assert.is(altered.ok && findKey(altered.value, 'kek')?.trusted, trusted)
  }
})

rules('BYOK-29 whatever is altered in whatever order, attributes never weaken and histories never lie', () => {
  const change = fc.record(
    { sensitive: fc.boolean(), extractable: fc.boolean(), wrapWithTrusted: fc.boolean(), trusted: fc.boolean() },
    { requiredKeys: [], noNullPrototype: true },
  )
  const changes = fc.array(fc.tuple(change, fc.constantFrom('user', 'officer')), { maxLength: 12 })
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), changes, (sensitive, extractable, asked) => {
      const first = record('a', { sensitive, extractable, alwaysSensitive: sensitive, neverExtractable: !extractable })
      let state: RuleState = putKey(nothing(), first)
      const past: KeyRecord[] = [first]
      for (const [wish, by] of asked) {
        const altered = alter(state, handle('a'), wish, by)
        if (altered.ok) state = altered.value
        past.push(findKey(state, 'a')!)
      }
      for (const [index, now] of past.slice(1).entries()) {
        const before = past[index]!
        assert.ok(!(before.sensitive && !now.sensitive) && !(!before.extractable && now.extractable) && !(before.wrapWithTrusted && !now.wrapWithTrusted))
        assert.is(now.trusted, false)
      }
      const last = past.at(-1)!
      assert.is(
        last.alwaysSensitive,
        past.every((one) => one.sensitive),
      )
      assert.is(
        last.neverExtractable,
        past.every((one) => !one.extractable),
      )
    }),
  )
})

rules('a state is plain data: JSON gives it back, and the order in which things came does not show', () => {
  const one = step(step(nothing(), 'c', generate('a'), made('a')).state, 'd', generate('b'), made('b')).state
  const other = step(step(nothing(), 'd', generate('b'), made('b')).state, 'c', generate('a'), made('a')).state
  assert.is(JSON.stringify(one), JSON.stringify(other))
  assert.equal(JSON.parse(JSON.stringify(one)), one)
  const epochs = (...names: string[]) => names.reduce(nextEpoch, nothing()).epochs
  assert.equal(epochs('a', 'b', '__proto__', 'a'), epochs('__proto__', 'b', 'a', 'a'))
})

rules('BYOK-136 a refusal gives back the very state that it got', () => {
  const state = putKey(nothing(), record('a'))
  const refusals: readonly (readonly [RuleCommand, Facts])[] = [
    [generate('a'), made('b')],
    [{ type: 'keep', key: handle('none') }, { type: 'keep' }],
    [
      { type: 'compareImported', target: 'none', evidence: '' },
      { type: 'compareImported', statement: null },
    ],
  ]
  for (const [command, facts] of refusals) {
    const { state: after, answer } = step(state, 'd', command, facts)
    assert.is(answer.type, 'enclave.refused')
    assert.is(after, state)
  }
  const untouched = JSON.stringify(state)
  step(state, 'd', generate('b'), made('b'))
  close(state, 'c')
  assert.is(JSON.stringify(state), untouched)
})

rules('facts of another command are a mistake of the caller', () => {
  const allowed = permit(nothing(), 'c', generate('a'))
  assert.ok(allowed.ok)
  assert.throws(
    () => commit(nothing(), allowed.value, { type: 'keep' }),
    (error: unknown) => error instanceof TypeError,
  )
})

rules('BYOK-74 the kinds of key', () => {
  assert.is(KEY_KINDS.length, 10)
  for (const kind of KEY_KINDS) {
    const { kty, bits, curve } = KINDS[kind]
    assert.is(kind, kty === 'EC' ? `ec-${curve}` : `${kty.toLowerCase()}-${bits}`)
    if (kty === 'oct') assert.is(kindOf({ type: 'oct', k: new Uint8Array(bits / 8) }), kind)
    if (kty === 'RSA') assert.is(kindOf({ type: 'RSA', n: new Uint8Array(bits / 8).fill(255), e: new Uint8Array([3]) }), kind)
    if (curve !== null) assert.is(kindOf({ type: 'EC', curve, x: new Uint8Array(), y: new Uint8Array() }), kind)
  }
  assert.equal([kindOf({ type: 'oct', k: new Uint8Array(20) }), kindOfRsa(1024), kindOfRsa(2047)], [null, null, null])
  assert.equal(operationSet([...OPERATIONS].reverse()), OPERATIONS)
})

rules.run()
