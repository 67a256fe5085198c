/** The HSM behind the vault: turns, one refusal for all, and nothing left behind. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import { vaultHsmMachine } from '../../../machines/byok/vault-hsm.js'
import { Arrows, words } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { handle, samples as s } from './samples.js'

const test = suite('byok vault hsm')
const arrows = new Arrows(vaultHsmMachine)
const resting = {
  waiting: [],
  makingKek: [s['vault.makeKek']],
  importing: [s['vault.import']],
  keeping: [s['vault.makeKek'], s['enclave.kekMade']],
  destroying: [s['vault.destroy']],
}

test('BYOK-134 a KEK is made, kept, and only then told of', () => {
  const run = arrows.converse(undefined, [s['vault.makeKek'], s['enclave.kekMade'], s['enclave.kept']])
  assert.equal(run.visits, ['waiting', 'makingKek', 'keeping', 'waiting'])
  assert.equal(run.said, [
    [],
    [{ port: 'enclave', message: { type: 'makeKek', name: 'kek', bits: 2048 } }],
    [{ port: 'enclave', message: { type: 'keep', key: 'k1' } }],
    [
      // Closed before it is told: from the telling on, the blob is used up for good (BYOK-132).
      { port: 'enclave', message: { type: 'close' } },
      { port: 'wire', message: s['vaultHsm.kekMade'] },
    ],
  ])
})

test('BYOK-128 a blob is handed to the enclave, the new key is kept, and only then told of', () => {
  const run = arrows.converse(undefined, [s['vault.import'], s['enclave.imported'], { type: 'enclave.kept', key: handle('k2') } as never])
  assert.equal(run.visits, ['waiting', 'importing', 'keeping', 'waiting'])
  assert.equal(words(run.said.flat(), 'wire'), ['vaultHsm.imported'])
  assert.equal(words(run.said.flat(), 'enclave'), ['importTransfer', 'keep', 'close'])
})

test('BYOK-32 a key is destroyed', () => {
  const run = arrows.converse(undefined, [s['vault.destroy'], s['enclave.destroyed']])
  assert.equal(run.visits, ['waiting', 'destroying', 'waiting'])
  assert.equal(words(run.said[2]!, 'wire'), ['vaultHsm.destroyed'])
})

test('BYOK-130 what was destroyed before is gone: the vault that lost the first word about it gets another', () => {
  const gone = { type: 'enclave.refused', fault: { code: 'handle_unknown', requirement: 'BYOK-130' } }
  const run = arrows.converse(undefined, [s['vault.destroy'], gone as never])
  assert.equal(run.said[2]![0], { port: 'wire', message: { type: 'vaultHsm.destroyed', call: 2, key: handle('k1') } })
})

test('BYOK-130 the destruction of another key is not the destruction of this one', () => {
  const run = arrows.converse(undefined, [s['vault.destroy'], { type: 'enclave.destroyed', key: handle('k9') } as never])
  assert.equal(words(run.said.at(-1)!, 'wire'), ['vaultHsm.refused'])
})

test('BYOK-50 every failure is the same word, byte for byte, and closes the conversation', () => {
  for (const [prefix, call, orders] of [
    [resting.makingKek, 1, ['close']],
    [resting.importing, 2, ['close']],
    // The enclave may have kept the key and its word about it be lost, so it is destroyed by name as well.
    [resting.keeping, 1, ['destroyKey', 'close']],
    [resting.destroying, 2, ['close']],
  ] as const)
    for (const event of [s['enclave.refused'], s['app.timeout'], s['app.cancel'], s['enclave.compared']]) {
      const run = arrows.converse(undefined, [...prefix, event])
      assert.equal(words(run.said.at(-1)!, 'enclave'), orders)
      assert.equal(run.said.at(-1)!.at(-1), { port: 'wire', message: { type: 'vaultHsm.refused', call } })
      assert.is(run.visits.at(-1), 'waiting')
      const { last: _, ...left } = run.context as { last: unknown }
      assert.equal(left, { asked: null, call: 0, doomed: null, made: null })
    }
})

test('BYOK-158 a call that comes again, word for word, is answered again and not done again', () => {
  for (const [asked, answers] of [
    [s['vault.makeKek'], [s['enclave.kekMade'], s['enclave.kept']]],
    [s['vault.import'], [s['enclave.imported'], { ...s['enclave.kept'], key: handle('k2') }]],
    [s['vault.destroy'], [s['enclave.destroyed']]],
    [s['vault.import'], [s['enclave.refused']]],
  ] as const) {
    const hears = [asked, ...answers] as readonly EventObject[]
    const first = arrows.converse(undefined, hears)
    const again = arrows.converse(undefined, [...hears, asked])
    assert.is(again.visits.at(-1), 'waiting')
    assert.equal(
      again.said.at(-1),
      first.said.at(-1)!.filter(({ port }) => port === 'wire'),
    )
  }
  const other: EventObject = { ...s['vault.import'], name: 'other' } as EventObject
  const done = [s['vault.import'], s['enclave.refused']]
  assert.is(arrows.converse(undefined, [...done, other]).visits.at(-1), 'importing', 'the same number with other words is another call')
})

test('BYOK-150 BYOK-156 an impatient vault changes nothing; somebody else’s call ends both, and both are answered', () => {
  for (const [state, prefix, same] of [
    ['makingKek', resting.makingKek, s['vault.makeKek']],
    ['importing', resting.importing, s['vault.import']],
    ['keeping', resting.keeping, s['vault.makeKek']],
    ['destroying', resting.destroying, s['vault.destroy']],
  ] as const) {
    assert.is(arrows.converse(undefined, [...prefix, same]).visits.at(-1), state)
    const other = { ...s['vault.destroy'], call: 9 } as EventObject
    const run = arrows.converse(undefined, [...prefix, other])
    const calls = run.said
      .at(-1)!
      .filter(({ port }) => port === 'wire')
      .map(({ message }) => (message as unknown as { call: number }).call)
    assert.equal(calls, [same.call, 9])
  }
})

test('BYOK-129 an answer for another key keeps nothing', () => {
  const run = arrows.converse(undefined, [...resting.keeping, { type: 'enclave.kept', key: handle('k9') } as never])
  assert.equal(words(run.said.at(-1)!, 'wire'), ['vaultHsm.refused'])
})

test('BYOK-129 a late answer is answered with close, and told to nobody', () => {
  const run = arrows.converse(undefined, [s['enclave.imported']])
  assert.equal(run.said.at(-1), [{ port: 'enclave', message: { type: 'close' } }])
})

test('BYOK-150 every state answers every word', () => answersEverything(arrows, undefined, resting))

test('every arrow is taken', () => printCoverage(arrows))

test.run()
