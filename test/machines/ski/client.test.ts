/** The client application: what ends its run, what it cleans up, and that nothing is tried twice or done more weakly instead. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, type AnyMachineSnapshot, type EventObject } from 'xstate'
import { clientMachine } from '../../../machines/ski/client.js'
import { step } from '../../../machines/step.js'
import type { Fault } from '../../../src/verdict.js'
import { Arrows, plain, words, type Conversation } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { filled, samples as s, session } from './samples.js'
import {
  change,
  clientInput,
  clientRun,
  FILE_NOT_FOUND,
  hearsOf,
  instead,
  mapOf,
  multi,
  replaced,
  restingIn,
  returned,
  running,
  u32,
  upTo,
  type ClientRun,
  type Stop,
} from './scripts.js'

const test = suite('ski client')
const arrows = new Arrows(clientMachine)
const withHolder = { ...clientInput, holder: { pinId: 1, typed: null } }
const converse = (hears: readonly EventObject[], input: object = {}) => arrows.converse({ ...clientInput, ...input }, hears)
const full = clientRun()
/** `SCARD_E_INVALID_PARAMETER`. */
const PROPERTY_NOT_SET = 0x80100004
/** Every run in which other states are gone through, with its input. */
const runs: readonly (readonly [wanted: ClientRun, input: object])[] = [
  [{}, {}],
  [{ holder: true }, { holder: withHolder.holder }],
  [{ way: 'agreement' }, {}],
  [{ way: 'derived' }, {}],
  [{ secret: 'pin' }, {}],
  [{ bare: true, keepK1: true }, { keepK1: true }],
]
const failedWith = (run: Conversation) => (run.output as { readonly fault: Fault; readonly installed: boolean }).fault
const codeOf = (run: Conversation) => failedWith(run)?.code
const last = (run: Conversation) => words(run.said.at(-1)!, 'wire')
/** What is said on the way out. */
const removes = ['CardDeleteContainer']
const leaves = ['CardDeleteContext', 'client.gaveUp']
/** K1 was made by this run and not deleted yet. */
const hasK1 = (stops: readonly Stop[], state: string) => {
  const at = (name: string) => stops.findIndex(([one]) => one === name)
  return at('creating') >= 0 && at(state) > at('creating') && (at('deletingK1') < 0 || at(state) <= at('deletingK1'))
}

test('SKI-28 SKI-242 SKI-243 in every state a status, a timeout, a cancel or the server’s refusal ends the run and says why', () => {
  for (const [wanted, input] of runs) {
    const stops = clientRun(wanted)
    for (const [state, awaited] of stops) {
      const prefix = upTo(stops, state)
      const { persisted } = converse(prefix, input)
      const calls = prefix.filter(({ type }) => type === 'minidriver.returned').length
      const ends: [EventObject, Fault][] = [
        [s['app.timeout'], { code: 'timed_out', requirement: 'SKI-242' }],
        [s['app.cancel'], { code: 'cancelled', requirement: 'SKI-243' }],
        [s['server.refused'], { code: 'server_refused', requirement: 'SKI-28' }],
        [change(s['server.completed'], { session: filled(16, 9) }), { code: 'out_of_turn', found: 'server.completed', requirement: 'SKI-241' }],
      ]
      const status = 0x80100022
      if (awaited.type === 'minidriver.returned')
        ends.push([returned({ call: calls + 1, function: 'CardX', status }), { code: 'minidriver_refused', at: 'CardX', found: status, requirement: 'SKI-28' }])
      for (const [event, fault] of ends) {
        const run = arrows.converse(clientInput, [event], persisted)
        const where = `${JSON.stringify(wanted)} ${state} ${event.type}`
        const removed = hasK1(stops, state) && !wanted.keepK1
        assert.is(run.visits.at(-1), removed ? 'removingK1' : 'refused', where)
        assert.equal(last(run), removed ? removes : leaves, where)
        const over = removed ? arrows.converse(clientInput, [returned({ function: 'CardDeleteContainer' })], run.persisted) : run
        assert.is(over.visits.at(-1), 'refused', where)
        assert.equal(failedWith(over), fault, where)
        const gaveUp = over.said.at(-1)!.at(-1)!.message as unknown as { session: string | null; status: number }
        assert.is(gaveUp.session, stops.findIndex(([name]) => name === state) > 1 ? session : null, where)
        assert.is(gaveUp.status, event.type === 'minidriver.returned' ? status : 0, where)
      }
    }
  }
})

test('SKI-241 a return of another call is none of this one, whatever its status', () => {
  for (const [wanted, input] of runs) {
    const stops = clientRun(wanted)
    for (const [state, awaited] of stops) {
      if (awaited.type !== 'minidriver.returned') continue
      for (const fields of [{ call: 99 }, { call: 99, status: 0x80100004 }]) {
        const prefix = upTo(stops, state)
        const run = converse([...prefix, change(awaited, fields), s['app.timeout']], input)
        assert.equal(failedWith(run), { code: 'out_of_turn', found: 'minidriver.returned', requirement: 'SKI-241' }, state)
      }
    }
  }
})

test('SKI-28 what comes of taking K1 back does not matter: the context is deleted, and the run is over', () => {
  for (const event of [returned({ call: 6 }), returned({ call: 6, status: 1 }), s['app.timeout'], s['app.cancel'], s['server.refused']]) {
    const run = converse([...upTo(full, 'readingKey'), s['app.cancel'], event])
    assert.equal(run.visits.slice(-2), ['removingK1', 'refused'])
    assert.equal(last(run), leaves)
    assert.is(codeOf(run), 'cancelled')
  }
})

test('SKI-10 SKI-40 a mask without a common way ends the run before any key is made', () => {
  for (const [mask, code] of [
    [0, 'no_common_way'],
    // The server offers the way `session`, 0x2.
    [0x4, 'no_common_way'],
    [0x8 | 0x1, 'no_common_way'],
    [0x1, 'plain_text_only'],
  ] as const) {
    const run = converse(instead(full, 'askingSupport', { data: u32(mask) }))
    assert.is(run.visits.at(-1), 'refused')
    assert.is(codeOf(run), code)
    assert.equal(last(run), leaves)
  }
  assert.equal(failedWith(converse(instead(full, 'askingSupport', { data: u32(1) }))), { code: 'plain_text_only', requirement: 'SKI-41' })
})

test('SKI-10 SKI-154 what is no mask is a mask of nothing', () => {
  for (const data of [null, '', 'Ag', '!', u32(2) + u32(2)]) assert.is(codeOf(converse(instead(full, 'askingSupport', { data }))), 'no_common_way')
})

test('SKI-40 the first way of the server’s that the card has, however many it has', () => {
  const way = (ways: readonly string[], mask: number) => {
    const hears = full.map(([state, event]): Stop => {
      if (state === 'requesting') return [state, change(event, { ways })]
      return [state, state === 'askingSupport' ? change(event, { data: u32(mask) }) : event]
    })
    return (converse(upTo(hears, 'identifying')).context as { way: string | null }).way
  }
  assert.is(way(['agreement', 'session'], 0xf), 'agreement')
  assert.is(way(['agreement', 'session'], 0x3), 'session')
  assert.is(way(['shared', 'derived', 'session'], 0xa), 'shared')
  assert.is(way(['derived', 'session'], 0xa), 'derived')
  assert.is(way([], 0xf), null)
})

test('SKI-149 a card that writes no receipt is no reason to stop: whether one is wanted is for the server to say', () => {
  const none = converse(replaced(full, 'fetchingReceipt', { status: PROPERTY_NOT_SET, data: null }))
  assert.is(none.visits.at(-1), 'done')
  const told = none.said.flat().find(({ message }) => message.type === 'client.established')
  assert.equal(plain(told?.message), { type: 'client.established', session, nonce: null, receipt: null })
  for (const [state, status] of [
    ['fetchingReceipt', FILE_NOT_FOUND],
    ['readingKey', PROPERTY_NOT_SET],
  ] as const)
    assert.is(codeOf(converse([...instead(full, state, { status }), s['app.cancel']])), 'minidriver_refused')
})

test('SKI-155 a card without a container map is empty; one without room takes nothing', () => {
  const empty = converse(replaced(full, 'readingMap', { status: FILE_NOT_FOUND, data: null }))
  assert.is(empty.visits.at(-1), 'done')
  assert.is((empty.output as { container: number }).container, 1, 'K1 in container 0, K2 in 1')
  const used = (count: number) => mapOf(...Array.from({ length: count }, (_, index) => `k${index}`))
  const crowded = converse(instead(full, 'readingMap', { data: used(15) }))
  assert.equal(failedWith(crowded), { code: 'no_free_container', requirement: 'SKI-155' })
  assert.not(crowded.visits.includes(running('creating')), 'no key is made')
  // Without a K1 of its own, one free container is enough.
  assert.is(converse(replaced(clientRun({ way: 'shared' }), 'readingMap', { data: used(15) })).visits.at(-1), 'done')
  assert.is(converse(replaced(clientRun({ existingK1: true }), 'readingMap', { data: used(15) }), { existingK1: 3 }).visits.at(-1), 'done')
  assert.is(codeOf(converse(instead(full, 'readingMap', { data: used(16) }))), 'no_free_container')
})

test('SKI-155 another status than "no such file" is no empty map', () => {
  assert.is(codeOf(converse(instead(full, 'readingMap', { status: 0x8010006f }))), 'minidriver_refused')
  // The same status means nothing elsewhere.
  assert.is(codeOf(converse([...instead(full, 'readingKey', { status: FILE_NOT_FOUND }), s['app.cancel']])), 'minidriver_refused')
})

test('SKI-92 a map that cannot be read has no record that is kept', () => {
  const run = converse(replaced(full, 'readingMap', { data: 'eA' }))
  assert.is((run.output as { container: number }).container, 1)
})

test('SKI-92 a subject that is too long, empty or cut in the middle of a character still makes a record', () => {
  for (const [subject, name] of [
    [`CN=${'a'.repeat(60)}`, `CN=${'a'.repeat(36)}`],
    [`CN=${'a'.repeat(35)}😀`, `CN=${'a'.repeat(35)}`],
    ['', 'container 2'],
  ] as const) {
    const { data } = converse(hearsOf(full), { subject })
      .said.flat()
      .findLast(({ message }) => message.type === 'CardWriteFile')!.message as unknown as { data: string }
    assert.is(data, mapOf('first', null, { name, signatureBits: 256 }))
  }
})

test('SKI-42 SKI-32 a card that claims and then does not: "unsupported" at any call is a clean end', () => {
  for (const [wanted, state] of [
    [{}, 'importing'],
    [{}, 'processing'],
    [{ way: 'agreement' }, 'agreeing'],
    [{ way: 'agreement' }, 'deriving'],
    [{ way: 'shared' }, 'sharing'],
  ] as const) {
    const run = converse([...instead(clientRun(wanted), state, { status: 0x80100022, handle: null }), s['app.cancel']])
    assert.is(run.visits.at(-1), 'refused')
    assert.is(failedWith(run).found, 0x80100022)
    assert.equal(run.said.flat().filter(({ message }) => message.type === 'CardDeleteContext').length, 1)
  }
})

test('SKI-31 SKI-33 after a refusal nothing is tried again: one request, one offer, one import, one opening', () => {
  for (const [state] of full) {
    const run = converse([...upTo(full, state), s['server.refused'], s['app.timeout'], s['server.start'], s['server.sealed']])
    const said = run.said.flat().map(({ message }) => message.type)
    for (const once of ['client.request', 'client.offer', 'CardImportSessionKey', 'CardProcessEncryptedData', 'client.gaveUp'])
      assert.ok(said.filter((one) => one === once).length <= 1, `${state} ${once}`)
  }
})

test('SKI-9 SKI-241 a word about another session, or another way than the one that was offered, is refused', () => {
  for (const [state, fields] of [
    ['offering', { session: filled(16, 9) }],
    ['offering', { way: 'agreement' }],
    ['reporting', { session: filled(16, 9) }],
    ['finishing', { session: filled(16, 9) }],
  ] as const) {
    const run = converse([...instead(full, state, fields), s['app.timeout']])
    assert.is(codeOf(run), 'out_of_turn', state)
  }
  const pin = clientRun({ secret: 'pin' })
  assert.is(codeOf(converse(instead(pin, 'finishing', { session: filled(16, 9) }))), 'out_of_turn')
})

test('SKI-243 SKI-266 what fails after the card has installed the secret does not undo that, and the output says so', () => {
  const after = ['finishing', 'writingCertificate', 'writingMap', 'releasing', 'leaving']
  for (const [state] of full) {
    const run = converse([...upTo(full, state), s['app.cancel'], s['app.timeout']])
    assert.equal(run.output, { ok: false, fault: { code: 'cancelled', requirement: 'SKI-243' }, installed: after.includes(state) }, state)
  }
  const unwritten = converse(instead(full, 'writingCertificate', { status: 0x80100028 }))
  assert.equal(unwritten.output, {
    ok: false,
    fault: { code: 'minidriver_refused', at: 'CardWriteFile', found: 0x80100028, requirement: 'SKI-28' },
    installed: true,
  })
})

test('SKI-19 SKI-16 no good end before the key’s handle is destroyed, once, and the context deleted', () => {
  for (const [wanted, input] of runs) {
    const run = converse(hearsOf(clientRun(wanted)), input)
    const said = run.said.flat().map(({ message }) => message.type)
    assert.equal(said.slice(-2), ['CardDestroyKey', 'CardDeleteContext'])
    assert.is(said.filter((type) => type === 'CardDestroyKey').length, 1)
    assert.is(run.visits.at(-1), 'done')
  }
  const left = converse(instead(full, 'releasing', { status: 0x80100003 }))
  assert.is(codeOf(left), 'minidriver_refused')
})

test('SKI-164 lists that are none are empty, and go to the server as they are', () => {
  const hears = full.map(([state, event]): Stop => [state, state.startsWith('listing') ? change(event, { data: 'eA' }) : event])
  const offer = converse(hearsOf(hears))
    .said.flat()
    .find(({ message }) => message.type === 'client.offer')!.message as unknown as Record<string, unknown>
  assert.equal([offer['algorithms'], offer['paddings'], offer['modes']], [[], 0, []])
  const odd = converse(instead(full, 'listingAlgorithms', { data: multi() })).context as { algorithms: string[] }
  assert.equal(odd.algorithms, [])
})

test('SKI-15 SKI-245 nothing secret and no handle is in what goes to the server, and everything remembered is plain', () => {
  for (const [wanted, input] of runs) {
    const run = converse(hearsOf(clientRun(wanted)), input)
    assert.equal(plain(run.context), run.context)
    for (const { message } of run.said.flat()) if (message.type.startsWith('client.')) assert.not('handle' in message, message.type)
  }
})

test('SKI-245 a client that is stored as JSON in any state and taken up elsewhere says and ends the same', () => {
  const hears = hearsOf(full)
  const straight = converse(hears)
  hears.forEach((_, index) => {
    const { persisted } = converse(hears.slice(0, index))
    let at = { snapshot: createActor(clientMachine, { snapshot: persisted as never, input: clientInput }).getSnapshot() }
    const said = hears.slice(index).map((event) => {
      const next = step(clientMachine, at.snapshot as never, event as never)
      at = next
      return plain(next.said)
    })
    assert.equal(said, plain(straight.said.slice(index + 1)), `after ${index} words`)
    assert.equal((at.snapshot as AnyMachineSnapshot).output, straight.output)
  })
})

const resting = {
  ...restingIn(runs.filter(([, input]) => Object.keys(input).length === 0).map(([wanted]) => clientRun(wanted))),
  removingK1: [...upTo(full, 'readingKey'), s['app.cancel']],
}
test('SKI-240 every state answers every word', () => {
  answersEverything(arrows, clientInput, resting)
  answersEverything(arrows, withHolder, { [running('authenticating')]: upTo(clientRun({ holder: true }), 'authenticating') })
})

test('SKI-249 a client that has ended hears nothing more', () => {
  for (const hears of [hearsOf(full), [s['app.cancel']]]) {
    const ended = converse(hears)
    for (const event of [s['server.start'], s['server.refused'], s['app.timeout'], returned()])
      assert.equal(converse([...hears, event]).said.at(-1), [], `${String(ended.visits.at(-1))} ${event.type}`)
  }
})

test('every arrow is taken', () => printCoverage(arrows))

test.run()
