/** The HSM that owns the target: no wrap without its officer, nothing left behind, a comparison at the end. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sourceHsmMachine } from '../../../machines/byok/source-hsm.js'
import { Arrows, words } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { fault, handle, samples as s, target } from './samples.js'

const test = suite('byok source hsm')
const arrows = new Arrows(sourceHsmMachine)
const attested = { kekProof: 'attested' } as const
const pinned = { kekProof: 'pinned' } as const
const none = { kekProof: 'none' } as const
const resting = {
  waiting: [],
  holdingKek: [s['tool.wrap']],
  expectOfficer: [s['tool.wrap'], s['enclave.kekHeld']],
  trustingKek: [s['tool.wrap'], s['enclave.kekHeld'], s['officer.acceptKek']],
  wrapping: [s['tool.wrap'], s['enclave.kekHeld'], s['officer.acceptKek'], s['enclave.kekTrusted']],
  comparing: [s['officer.compare']],
}
const refusalOf = (said: readonly { message: object }[]) =>
  said.map(({ message }) => message).find((message) => 'fault' in message) as { fault: { code: string } } | undefined

test('BYOK-8 a target is wrapped once the officer accepted the KEK, and not before', () => {
  const run = arrows.converse(attested, [...resting.wrapping, s['enclave.wrapped']])
  assert.equal(run.visits, ['waiting', 'holdingKek', 'expectOfficer', 'trustingKek', 'wrapping', 'waiting'])
  assert.equal(run.said[2]![0], { port: 'console', message: s['sourceHsm.kekOffered'] })
  assert.equal(run.said[3], [{ port: 'enclave', message: { type: 'trustKek', kek: 'k1', by: 'officer' } }])
  assert.equal(run.said[4], [{ port: 'enclave', message: { type: 'wrapTarget', kek: 'k1', target: 'payroll' } }])
  assert.equal(run.said[5], [
    { port: 'wire', message: { type: 'sourceHsm.wrapped', ciphertext: 'Y2lwaGVydGV4dA', key: target.key } },
    { port: 'console', message: { type: 'sourceHsm.noted', target } },
    { port: 'enclave', message: { type: 'close' } },
  ])
  assert.equal(run.context, { kekProof: 'attested', kid: null, kek: null, fingerprint: null, target: null, fault: null })
})

test('BYOK-141 attested: a KEK without genuine evidence is not even offered', () => {
  const run = arrows.converse(attested, [s['tool.wrap'], { ...s['enclave.kekHeld'], attested: false } as never])
  assert.is(run.visits.at(-1), 'waiting')
  assert.is(refusalOf(run.said.at(-1)!)?.fault.code, 'kek_not_attested')
  assert.equal(words(run.said.at(-1)!, 'enclave'), ['close'])
})

test('BYOK-142 pinned: the officer types the fingerprint that the HSM computed, or nothing is wrapped', () => {
  for (const fingerprint of [null, 'f2', '']) {
    const run = arrows.converse(pinned, [...resting.expectOfficer, { ...s['officer.acceptKek'], fingerprint } as never])
    assert.is(refusalOf(run.said.at(-1)!)?.fault.code, 'kek_fingerprint_differs')
  }
  assert.is(arrows.converse(pinned, [...resting.expectOfficer, { ...s['officer.acceptKek'], fingerprint: 'f1' } as never]).visits.at(-1), 'trustingKek')
})

test('BYOK-140 none: the KEK is believed, by that name only', () => {
  assert.is(arrows.converse(none, [s['tool.wrap'], { ...s['enclave.kekHeld'], attested: false } as never, s['officer.acceptKek']]).visits.at(-1), 'trustingKek')
})

test('BYOK-8 BYOK-121 the officer’s word about an earlier offer is not one about the KEK that is shown by now', () => {
  const run = arrows.converse(none, [...resting.expectOfficer, { ...s['officer.acceptKek'], kek: handle('k9') } as never])
  assert.is(run.visits.at(-1), 'waiting')
  assert.is(refusalOf(run.said.at(-1)!)?.fault.code, 'out_of_turn')
  assert.equal(words(run.said.at(-1)!, 'enclave'), ['close'])
})

test('BYOK-8 the officer rejects', () => {
  const run = arrows.converse(attested, [...resting.expectOfficer, s['officer.rejectKek']])
  assert.is(refusalOf(run.said.at(-1)!)?.fault.code, 'kek_rejected')
  assert.equal(words(run.said.at(-1)!, 'wire'), ['sourceHsm.refused'])
  assert.equal(words(run.said.at(-1)!, 'console'), ['sourceHsm.stopped'])
})

test('BYOK-121 trust in another handle is not trust in this one', () => {
  const run = arrows.converse(attested, [...resting.trustingKek, { type: 'enclave.kekTrusted', kek: handle('k9') } as never])
  assert.is(run.visits.at(-1), 'waiting')
  assert.equal(words(run.said.at(-1)!, 'enclave'), ['close'])
})

test('BYOK-146 evidence of an imported key is judged by the enclave, and told at the console only', () => {
  const run = arrows.converse(attested, [...resting.comparing, s['enclave.compared']])
  assert.equal(run.said[1], [{ port: 'enclave', message: { type: 'compareImported', target: 'payroll', evidence: 'evidence' } }])
  assert.equal(run.said[2]![0], { port: 'console', message: s['sourceHsm.compared'] })
  assert.equal(words(run.said[2]!, 'wire'), [])
})

test('BYOK-152 BYOK-153 BYOK-157 a timeout, a cancel and a failing enclave close the conversation and say why', () => {
  for (const [state, prefix] of Object.entries(resting)) {
    if (state === 'waiting') continue
    for (const [event, code] of [
      [s['app.timeout'], 'timed_out'],
      [s['app.cancel'], 'cancelled'],
      [s['enclave.refused'], fault.code],
      [s['tool.wrap'], 'out_of_turn'],
    ] as const) {
      const run = arrows.converse(attested, [...prefix, event])
      assert.is(run.visits.at(-1), 'waiting', `${state} ${event.type}`)
      assert.is(refusalOf(run.said.at(-1)!)?.fault.code, code)
      assert.equal(words(run.said.at(-1)!, 'enclave'), ['close'])
    }
  }
})

test('BYOK-129 BYOK-151 stray words: the enclave is told to close, the officer and the tool are answered', () => {
  assert.equal(words(arrows.converse(attested, [s['enclave.wrapped']]).said.at(-1)!, 'enclave'), ['close'])
  assert.equal(words(arrows.converse(attested, [s['officer.acceptKek']]).said.at(-1)!, 'console'), ['sourceHsm.stopped'])
  assert.equal(words(arrows.converse(attested, [s['app.timeout']]).said.at(-1)!, 'wire'), ['sourceHsm.refused'])
})

test('BYOK-155 what an enclave says about a refusal is passed on as a code and a requirement, nothing else', () => {
  const chatty = { type: 'enclave.refused', fault: { code: 'transfer_refused', requirement: 'BYOK-50', found: 'SECRET', detail: { deep: 'SECRET' } } }
  assert.not.match(JSON.stringify(arrows.converse(attested, [...resting.wrapping, chatty as never])), 'SECRET')
  const rude = { type: 'enclave.refused', fault: { code: 'SECRET \u001b[2J' } }
  assert.is(refusalOf(arrows.converse(attested, [...resting.wrapping, rude as never]).said.at(-1)!)?.fault.code, 'refused_without_reason')
})

test('BYOK-150 every state answers every word', () => answersEverything(arrows, attested, resting))

test('every arrow is taken', () => printCoverage(arrows))

test.run()
