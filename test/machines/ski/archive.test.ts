/**
 * The CA's archive: every arrow, every word in every state, and what it never does.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import { archiveMachine, type ArchiveRecord } from '../../../machines/ski/archive.js'
import { Arrows, words } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'

const arrows = new Arrows(archiveMachine)
const archive = suite('archive')

const store = { type: 'server.archive', session: 's1', subject: 'CN=a', fingerprint: 'f1', envelope: 'ZW52' }
const commit = { type: 'server.commit', session: 's1', fingerprint: 'f1' }
const discard = { type: 'server.discard', session: 's1' }
const certify = { type: 'server.certify', session: 's1', request: 'cmVx', fingerprint: 'f1' }
const issued = { type: 'enclave.certificateIssued', certificate: 'Y2VydA', fingerprint: 'f1' }

const converse = (...events: readonly (EventObject & Readonly<Record<string, unknown>>)[]) =>
  arrows.converse<typeof archiveMachine>({ archivalRequired: false }, events)
const records = (conversation: ReturnType<typeof converse>) => (conversation.context as { readonly records: readonly ArchiveRecord[] }).records
const last = (conversation: ReturnType<typeof converse>) => words(conversation.said.at(-1)!, 'local')

archive('SKI-24 a key is archived, and final once it is on the card', () => {
  const run = converse(store, commit)
  assert.equal(
    run.said.flatMap((said) => words(said, 'local')),
    ['archive.stored', 'archive.committed'],
  )
  assert.equal(records(run), [{ session: 's1', subject: 'CN=a', fingerprint: 'f1', envelope: 'ZW52', final: true }])
})

archive('SKI-26 what is committed is what was archived, and one record is all that a session has', () => {
  assert.equal(last(converse(store, { ...commit, fingerprint: 'f2' })), ['archive.refused'])
  assert.is(records(converse(store, { ...commit, fingerprint: 'f2' }))[0]!.final, false)
  const twice = converse(store, { ...store, envelope: 'b3RoZXI' })
  assert.equal(last(twice), ['archive.refused'])
  assert.equal(
    records(twice).map(({ envelope }) => envelope),
    ['ZW52'],
  )
})

archive('SKI-260 a provisional record goes with its run, a final one stays', () => {
  assert.equal(records(converse(store, discard)), [])
  const kept = converse(store, commit, discard)
  assert.equal(last(kept), ['archive.refused'])
  assert.is(records(kept).length, 1)
})

archive('SKI-264 a certificate is for the key that was asked for, and no other', () => {
  const good = converse(certify, issued)
  assert.equal(last(good), ['archive.certified'])
  assert.equal(words(good.said.at(-1)!, 'enclave'), ['close'])
  assert.equal(last(converse(certify, { ...issued, fingerprint: 'f2' })), ['archive.refused'])
  assert.equal(last(converse(certify, { type: 'enclave.refused', fault: { code: 'certificate_request_invalid' } })), ['archive.refused'])
})

archive('SKI-24 where archival is required, no key is certified that is not archived under its session', () => {
  const strict = (...events: readonly EventObject[]) => words(arrows.converse<typeof archiveMachine>({ archivalRequired: true }, events).said.at(-1)!, 'local')
  assert.equal(strict(certify), ['archive.refused'])
  assert.equal(strict({ ...store, session: 's2' } as EventObject, certify), ['archive.refused'])
  assert.equal(strict({ ...store, fingerprint: 'f2' } as EventObject, certify), ['archive.refused'])
  assert.equal(strict(store, certify, issued), ['archive.certified'])
})

archive('SKI-241 one thing at a time, and nothing that nobody asked for', () => {
  const busy = converse(certify, store)
  assert.equal(last(busy), ['archive.refused'])
  assert.is(busy.visits.at(-1), 'certifying')
  assert.equal(words(converse(issued).said.at(-1)!, 'enclave'), ['close'])
  assert.equal(last(converse({ type: 'app.timeout' })), ['archive.refused'])
  assert.equal(last(converse(certify, { type: 'app.timeout' })), ['archive.refused'])
})

archive('SKI-240 every state answers every event', () => answersEverything(arrows, { archivalRequired: false }, { waiting: [], certifying: [certify] }))

archive('every arrow was taken', () => printCoverage(arrows))

archive.run()
