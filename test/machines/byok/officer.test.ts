/** The security officer: accepts, notes, compares, and only then enables. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import { officerMachine, type OfficerInput } from '../../../machines/byok/officer.js'
import { Arrows, words } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { keyKid, samples as s, target, VAULT } from './samples.js'

const test = suite('byok officer')
const arrows = new Arrows(officerMachine)
const input: OfficerInput = {
  kekProof: 'attested',
  compareImported: true,
  vault: VAULT,
  fingerprint: null,
  target: 'payroll',
  name: 'payroll',
  operations: ['sign'],
}
const published: OfficerInput = { ...input, kekProof: 'none', compareImported: false }
const change = (event: EventObject, change: object) => ({ ...event, ...change })
const shown = change(s['vault.key'], { request: 'officer-payroll-1' })
const enabled = change(s['vault.key'], { request: 'officer-payroll-2', enabled: true })
const resting = {
  expectOffer: [],
  expectNoted: [s['sourceHsm.kekOffered']],
  expectImported: [s['sourceHsm.kekOffered'], s['sourceHsm.noted']],
  fetching: [s['sourceHsm.kekOffered'], s['sourceHsm.noted'], s['client.imported']],
  comparing: [s['sourceHsm.kekOffered'], s['sourceHsm.noted'], s['client.imported'], shown],
  enabling: [s['sourceHsm.kekOffered'], s['sourceHsm.noted'], s['client.imported'], shown, s['sourceHsm.compared']],
}
const codeOf = (output: unknown) => (output as { ok: false; fault: { code: string } }).fault.code

test('BYOK-148 the key is enabled after the comparison, and not before', () => {
  const run = arrows.converse(input, [...resting.enabling, enabled])
  assert.is(run.visits.at(-1), 'confirmed')
  assert.equal(run.output, { ok: true, kid: keyKid, noted: target, compared: true })
  const orders = run.said.map((said) => said.map(({ message }) => message).filter(({ type }) => type === 'officer.setEnabled'))
  assert.equal(
    orders.map((order) => order.length),
    [0, 0, 0, 0, 0, 1, 0],
  )
  assert.equal(orders[5], [{ type: 'officer.setEnabled', request: 'officer-payroll-2', name: 'payroll', version: keyKid.version, enabled: true } as never])
  assert.equal(words(run.said.at(-1)!, 'wire'), ['officer.confirmed'])
})

test('BYOK-143 the officer compares the vault, not only that it is genuine', () => {
  const evil = 'https://evil.vault.azure.net'
  for (const wrong of [{ attestedVault: null }, { attestedVault: evil }, { kid: { ...keyKid, vault: evil } }]) {
    const run = arrows.converse(input, [change(s['sourceHsm.kekOffered'], wrong)])
    assert.is(codeOf(run.output), 'kek_vault_differs')
    assert.equal(words(run.said.at(-1)!, 'console'), ['officer.rejectKek'])
  }
  const pinned = { ...input, kekProof: 'pinned' as const, fingerprint: 'f1' }
  assert.is(codeOf(arrows.converse(pinned, [change(s['sourceHsm.kekOffered'], { kid: { ...keyKid, vault: evil } })]).output), 'kek_vault_differs')
})

test('BYOK-142 pinned: the fingerprint goes to the HSM, which compares it', () => {
  const pinned = { ...input, kekProof: 'pinned' as const, fingerprint: 'f1' }
  assert.equal(arrows.converse(pinned, [change(s['sourceHsm.kekOffered'], { attested: false, attestedVault: null })]).said.at(-1), [
    { port: 'console', message: { type: 'officer.acceptKek', kek: 'k1', fingerprint: 'f1' } },
  ])
})

test('BYOK-146 a comparison with another target is none with this one', () => {
  const run = arrows.converse(input, [...resting.comparing, change(s['sourceHsm.compared'], { target: 'root-ca' })])
  assert.is(codeOf(run.output), 'out_of_turn')
  assert.equal(words(run.said.at(-1)!, 'wire'), ['officer.setEnabled', 'officer.refused'])
})

test('BYOK-144 another target than the one that is to travel is refused', () => {
  const run = arrows.converse(input, [change(s['sourceHsm.kekOffered'], { target: 'root-ca' })])
  assert.is(codeOf(run.output), 'target_differs')
  assert.equal(words(run.said.at(-1)!, 'console'), ['officer.rejectKek'])
})

test('BYOK-161 published: the KEK is believed and nothing is compared', () => {
  const run = arrows.converse(published, [change(s['sourceHsm.kekOffered'], { attested: false, attestedVault: null }), s['sourceHsm.noted']])
  assert.equal(run.output, { ok: true, kid: null, noted: target, compared: false })
})

test('BYOK-149 no evidence, or no check value, is never "passed"', () => {
  for (const hears of [
    [...resting.fetching, change(shown, { evidence: null })],
    [...resting.comparing, change(s['sourceHsm.compared'], { sameKey: null })],
  ]) {
    const run = arrows.converse(input, hears)
    assert.is(run.visits.at(-1), 'distrusted')
    assert.is(codeOf(run.output), 'comparison_not_available')
  }
})

test('BYOK-135 BYOK-146 BYOK-147 what differs is named, and the key is ordered to be disabled', () => {
  for (const [found, code] of [
    [{ genuine: false }, 'imported_evidence_not_genuine'],
    [{ sameKey: false }, 'imported_key_differs'],
    [{ operations: ['sign', 'verify'] }, 'imported_operations_differ'],
    [{ operations: [] }, 'imported_operations_differ'],
    [{ operations: ['verify'] }, 'imported_operations_differ'],
    [{ operations: null }, 'imported_operations_differ'],
    [{ kid: { ...keyKid, name: 'other' } }, 'imported_name_differs'],
    [{ kid: { ...keyKid, vault: 'https://evil.vault.azure.net' } }, 'imported_name_differs'],
    [{ kid: { ...keyKid, version: 'f'.repeat(32) } }, 'imported_name_differs'],
    [{ kid: null }, 'imported_name_differs'],
  ] as const) {
    const run = arrows.converse(input, [...resting.comparing, change(s['sourceHsm.compared'], found)])
    assert.is(codeOf(run.output), code)
    assert.equal(words(run.said.at(-1)!, 'wire'), ['officer.setEnabled', 'officer.refused'])
    assert.is((run.said.at(-1)![0]!.message as unknown as { enabled: boolean }).enabled, false)
  }
})

test('BYOK-147 a name that the client renamed is noticed by what the HSM signed', () => {
  const renamed = { ...keyKid, name: 'renamed' }
  const answer = change(shown, { kid: renamed })
  const run = arrows.converse(input, [
    ...resting.expectImported,
    { type: 'client.imported', kid: renamed } as never,
    answer,
    change(s['sourceHsm.compared'], { kid: renamed }),
  ])
  assert.is(codeOf(run.output), 'imported_name_differs')
})

test('BYOK-145 BYOK-147 no key but the one that was just imported gets an order from this officer', () => {
  for (const kid of [
    { ...keyKid, name: 'production-root' },
    { ...keyKid, vault: 'https://evil.vault.azure.net' },
  ]) {
    const run = arrows.converse(input, [...resting.expectImported, { type: 'client.imported', kid } as never])
    assert.is(codeOf(run.output), 'imported_name_differs')
    assert.equal(words(run.said.at(-1)!, 'wire'), ['officer.refused'])
  }
  const inUse = arrows.converse(input, [...resting.fetching, change(shown, { enabled: true })])
  assert.is(codeOf(inUse.output), 'imported_already_enabled')
  assert.equal(words(inUse.said.at(-1)!, 'wire'), ['officer.refused'])
})

test('BYOK-147 operations are compared as sets, both ways', () => {
  const twice = { ...input, operations: ['sign', 'sign'] } as OfficerInput
  const wider = change(s['sourceHsm.compared'], { operations: ['sign', 'verify'] })
  assert.is(codeOf(arrows.converse(twice, [...resting.comparing, wider]).output), 'imported_operations_differ')
})

test('BYOK-158 an answer to another question, or about another version, is not taken', () => {
  for (const wrong of [{ request: 'officer-payroll-9' }, { kid: { ...keyKid, version: 'f'.repeat(32) } }, { kid: { ...keyKid, name: 'x' } }]) {
    assert.is(arrows.converse(input, [...resting.fetching, change(shown, wrong)]).visits.at(-1), 'refused')
    assert.is(arrows.converse(input, [...resting.enabling, change(enabled, wrong)]).visits.at(-1), 'distrusted')
  }
  assert.is(arrows.converse(input, [...resting.enabling, change(enabled, { enabled: false })]).visits.at(-1), 'distrusted')
})

test('BYOK-152 BYOK-153 BYOK-160 every other end is an output and a word to the client', () => {
  for (const [state, prefix] of Object.entries(resting))
    for (const [event, code] of [
      [s['app.timeout'], 'timed_out'],
      [s['app.cancel'], 'cancelled'],
      [s['client.gaveUp'], 'out_of_turn'],
      [s['sourceHsm.stopped'], 'transfer_refused'],
    ] as const) {
      const run = arrows.converse(input, [...prefix, event])
      assert.is(codeOf(run.output), code, state)
      assert.is(words(run.said.at(-1)!, 'wire').at(-1), 'officer.refused')
    }
})

test('BYOK-150 every state answers every word', () => answersEverything(arrows, input, resting))

test('every arrow is taken', () => printCoverage(arrows))

test.run()
