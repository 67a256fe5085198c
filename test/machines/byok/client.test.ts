/** The customer's client: asks before it sends anything again, and takes back what it made. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import { clientMachine, type ClientInput } from '../../../machines/byok/client.js'
import { Arrows, words } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { kekKid, keyKid, samples as s, target } from './samples.js'

const test = suite('byok client')
const arrows = new Arrows(clientMachine)
const input: ClientInput = {
  kek: { name: 'kek', bits: 2048, expires: null },
  disposeKek: true,
  target: 'payroll',
  name: 'payroll',
  kty: 'EC',
  crv: 'P-256',
  operations: ['sign'],
  enabled: false,
  expectOfficer: true,
}
const existing: ClientInput = { ...input, kek: kekKid, disposeKek: false }
const change = (event: EventObject, change: object) => ({ ...event, ...change })
const answer = (request: number, fields: object = {}) => change(s['vault.key'], { request: `client-payroll-${request}`, ...fields })
const kek = { kid: kekKid, key: { kty: 'RSA', n: 'bg', e: 'AQAB' }, operations: ['import'], enabled: true }
const error = (request: number, status: number) => change(s['vault.error'], { request: `client-payroll-${request}`, status })
const resting = {
  creatingKek: [],
  fetchingKek: [answer(1, kek)],
  expectFile: [answer(1, kek), answer(2, kek)],
  looking: [answer(1, kek), answer(2, kek), s['tool.file']],
  importing: [answer(1, kek), answer(2, kek), s['tool.file'], error(3, 404)],
  asking: [answer(1, kek), answer(2, kek), s['tool.file'], error(3, 404), s['app.timeout']],
  expectOfficer: [answer(1, kek), answer(2, kek), s['tool.file'], error(3, 404), answer(4)],
  disposing: [answer(1, kek), answer(2, kek), s['tool.file'], error(3, 404), answer(4), s['officer.confirmed']],
}
const deleted = change(s['vault.deleted'], { request: 'client-payroll-5' })
/** Another version lay under the name before. */
const rotating = [answer(1, kek), answer(2, kek), s['tool.file'], answer(3, { kid: { ...keyKid, version: 'b'.repeat(32) } })]

test('BYOK-7 the whole way, in order, and the KEK is disposed of', () => {
  const run = arrows.converse(input, [...resting.disposing, deleted])
  assert.equal(run.visits, ['creatingKek', 'fetchingKek', 'expectFile', 'looking', 'importing', 'expectOfficer', 'disposing', 'done'])
  assert.equal(run.output, { ok: true, kid: keyKid, kek: kekKid, kekDisposed: true })
  assert.equal(
    run.said.flat().map(({ message }) => message.type),
    ['client.createKek', 'client.getKey', 'client.kek', 'client.getKey', 'client.importKey', 'client.imported', 'client.deleteKek'],
  )
  assert.equal(run.said[4]![0]!.message, {
    type: 'client.importKey',
    request: 'client-payroll-4',
    name: 'payroll',
    kty: 'EC',
    crv: 'P-256',
    operations: ['sign'],
    enabled: false,
    file: 'ZmlsZQ',
  })
})

test('BYOK-9 what goes to the tool comes from one answer of the vault', () => {
  const run = arrows.converse(input, resting.expectFile)
  assert.equal(run.said[2], [
    { port: 'wire', message: { type: 'client.kek', kid: kekKid, n: 'bg', e: 'AQAB', operations: ['import'], evidence: 'evidence', target: 'payroll' } },
  ])
})

test('BYOK-38 a KEK that exists is asked for by its version, and kept', () => {
  const run = arrows.converse(existing, [answer(1, kek), s['tool.file'], error(2, 404), answer(3), s['officer.confirmed']])
  assert.equal(run.visits, ['fetchingKek', 'expectFile', 'looking', 'importing', 'expectOfficer', 'done'])
  assert.equal(run.said[0]![0]!.message, { type: 'client.getKey', request: 'client-payroll-1', name: 'kek', version: kekKid.version })
  assert.equal(run.output, { ok: true, kid: keyKid, kek: kekKid, kekDisposed: false })
  assert.is(arrows.converse(existing, [answer(1, { ...kek, kid: { ...kekKid, version: 'f'.repeat(32) } })]).visits.at(-1), 'refused')
})

test('BYOK-161 published: no officer is waited for', () => {
  const run = arrows.converse({ ...existing, expectOfficer: false, enabled: true }, [answer(1, kek), s['tool.file'], error(2, 404), answer(3)])
  assert.is(run.visits.at(-1), 'done')
})

test('BYOK-35 what is no KEK is not handed to the tool', () => {
  for (const wrong of [
    { operations: ['import', 'decrypt'] },
    { operations: ['decrypt'] },
    { key: target.key },
    { kid: keyKid },
    { request: 'client-payroll-9' },
  ])
    assert.is(arrows.converse(input, [answer(1, kek), answer(2, { ...kek, ...wrong })]).visits.at(-1), 'refused')
})

test('BYOK-30 BYOK-158 after a lost answer it asks first, and sends the file again only if nothing is there, once', () => {
  assert.is(arrows.converse(input, [...resting.asking, answer(5)]).visits.at(-1), 'expectOfficer')
  const again = arrows.converse(input, [...resting.asking, error(5, 404)])
  assert.is(again.visits.at(-1), 'importing')
  assert.equal(words(again.said.at(-1)!, 'wire'), ['client.importKey'])
  assert.is(arrows.converse(input, [...resting.asking, error(5, 404), s['app.timeout'], error(7, 404)]).visits.at(-1), 'refused')
  assert.is(arrows.converse(input, [...resting.asking, error(5, 500)]).visits.at(-1), 'refused')
  assert.is(arrows.converse(input, [...resting.asking, s['app.timeout']]).visits.at(-1), 'refused')
})

test('BYOK-25 BYOK-158 a version that lay there before is never taken for the one that was imported', () => {
  const old = answer(5, { kid: { ...keyKid, version: 'b'.repeat(32) } })
  const again = arrows.converse(input, [...rotating, s['app.timeout'], old])
  assert.is(again.visits.at(-1), 'importing')
  assert.is(arrows.converse(input, [...rotating, s['app.timeout'], answer(5)]).visits.at(-1), 'expectOfficer')
  const twice = [...rotating, s['app.timeout'], old, s['app.timeout'], answer(7, { kid: { ...keyKid, version: 'b'.repeat(32) } })]
  assert.is(arrows.converse(input, twice).visits.at(-1), 'refused')
  // Octet keys all look alike from outside; the version tells them apart.
  const oct = { key: { kty: 'oct' }, kid: { ...keyKid, version: 'b'.repeat(32) } }
  const octFile = change(s['tool.file'], { key: { kty: 'oct' } })
  assert.is(arrows.converse(input, [answer(1, kek), answer(2, kek), octFile, answer(3, oct), s['app.timeout'], answer(5, oct)]).visits.at(-1), 'importing')
  assert.is(arrows.converse(input, [...resting.looking, error(3, 500)]).visits.at(-1), 'refused')
})

test('BYOK-158 an answer that comes too late for its question is reported and not taken for another', () => {
  const late = arrows.converse(input, [...resting.asking, answer(4)])
  assert.is(late.visits.at(-1), 'asking')
  assert.is(late.emitted.at(-1), 1)
  assert.is(arrows.converse(input, [...resting.asking, error(4, 400)]).visits.at(-1), 'asking')
  assert.is(arrows.converse(input, [...resting.importing, answer(1, kek)]).visits.at(-1), 'importing')
})

test('BYOK-21 a vault that answers with another key is not believed', () => {
  const other = { key: { kty: 'EC', crv: 'P-256', x: 'eA', y: 'zz' } }
  assert.is(arrows.converse(input, [...resting.importing, answer(4, other)]).visits.at(-1), 'refused')
  assert.is(arrows.converse(input, [...resting.asking, answer(5, other)]).visits.at(-1), 'refused')
  const rsa = { kty: 'RSA', n: 'bg', e: 'AQAB' }
  const file = change(s['tool.file'], { key: rsa })
  assert.is(arrows.converse(input, [answer(1, kek), answer(2, kek), file, error(3, 404), answer(4, { key: rsa })]).visits.at(-1), 'expectOfficer')
  assert.is(arrows.converse(input, [answer(1, kek), answer(2, kek), file, error(3, 404), answer(4, { key: { ...rsa, e: 'Aw' } })]).visits.at(-1), 'refused')
  const oct = change(s['tool.file'], { key: { kty: 'oct' } })
  assert.is(arrows.converse(input, [answer(1, kek), answer(2, kek), oct, error(3, 404), answer(4, { key: { kty: 'oct' } })]).visits.at(-1), 'expectOfficer')
})

test('BYOK-31 BYOK-159 BYOK-160 every other end is an output, a word to the officer, and the KEK that it made ordered away', () => {
  for (const [state, prefix] of Object.entries(resting)) {
    if (state === 'creatingKek' || state === 'disposing') continue
    const run = arrows.converse(input, [...prefix, s['app.cancel']])
    assert.equal(run.output, { ok: false, fault: { code: 'cancelled', requirement: 'BYOK-153' } }, state)
    assert.equal(words(run.said.at(-1)!, 'wire'), ['client.deleteKek', 'client.gaveUp'], state)
  }
  assert.equal(words(arrows.converse(input, [s['app.cancel']]).said.at(-1)!, 'wire'), ['client.gaveUp'])
  assert.equal(words(arrows.converse(existing, [s['app.cancel']]).said.at(-1)!, 'wire'), ['client.gaveUp'])
})

test('BYOK-148 the officer’s refusal, and his word about another key, are no success', () => {
  assert.equal((arrows.converse(input, [...resting.expectOfficer, s['officer.refused']]).output as { fault: { code: string } }).fault.code, 'transfer_refused')
  const other = { type: 'officer.confirmed', kid: { ...keyKid, version: 'f'.repeat(32) } } as EventObject
  assert.is(arrows.converse(input, [...resting.expectOfficer, other]).visits.at(-1), 'refused')
})

test('BYOK-159 a KEK that is not known to be gone is not called disposed; the key has arrived all the same', () => {
  for (const event of [s['app.timeout'], change(deleted, { request: 'client-payroll-9' }), error(5, 500)])
    assert.equal(arrows.converse(input, [...resting.disposing, event]).output, { ok: true, kid: keyKid, kek: kekKid, kekDisposed: false })
})

test('BYOK-114 a refusal of the vault is a value', () => {
  assert.equal(arrows.converse(existing, [answer(1, kek), s['tool.file'], error(2, 404), error(3, 400)]).output, {
    ok: false,
    fault: { code: 'vault_refused', requirement: 'BYOK-114' },
  })
})

test('BYOK-150 every state answers every word', () => answersEverything(arrows, input, resting))

test('every arrow is taken', () => printCoverage(arrows))

test.run()
