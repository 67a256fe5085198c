/** The server application: whom and what it refuses, what it takes back, and that the client's word decides nothing. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, type AnyMachineSnapshot, type EventObject } from 'xstate'
import type { ServerInput } from '../../../machines/ski/server-plan.js'
import { serverMachine } from '../../../machines/ski/server.js'
import { step } from '../../../machines/step.js'
import type { SkiPolicy, Way } from '../../../src/ski/policy.js'
import type { Fault } from '../../../src/verdict.js'
import { Arrows, plain, type Conversation } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { filled, fingerprint, PRODUCT, samples as s, session, stranger, VERSION } from './samples.js'
import {
  change,
  enrolment,
  hearsOf,
  instead,
  pinInjection,
  replaced,
  restingIn,
  returned,
  running,
  serverFor,
  serverInput,
  serverRun,
  upTo,
  type Stop,
} from './scripts.js'

const test = suite('ski server')
const arrows = new Arrows(serverMachine)
const published = serverFor({ k1Proof: 'none', serverProof: 'none', sealedData: 'published', receipts: false })
const pin = serverFor({}, { injection: pinInjection })
/** Every run in which other states are gone through. */
const runs: readonly (readonly [input: ServerInput, way: Way])[] = [
  [serverInput, 'session'],
  [serverFor({ archive: 'last' }), 'agreement'],
  [serverFor({ archive: 'none' }), 'derived'],
  [published, 'session'],
  [pin, 'shared'],
]
const full = serverRun()
const converse = (hears: readonly EventObject[], input = serverInput) => arrows.converse(input, hears)
const faultOf = (run: Conversation) => (run.output as { readonly fault: Fault }).fault
const codeOf = (run: Conversation) => faultOf(run)?.code
const last = (run: Conversation) => run.said.at(-1)!.map(({ port, message }) => [port, message.type])
/** What is said on the way out: before anything was sealed, and after. */
const unsealed = [['local', 'CardDeleteContext'], ['local', 'server.discard'], ['enclave', 'close'], ['wire', 'server.refused']] // prettier-ignore
const sealed = unsealed.filter(([, type]) => type !== 'server.discard')
const other = filled(16, 9)

test('SKI-28 SKI-242 SKI-243 SKI-246 in every state whatever is unwanted ends the run, says why, and takes everything back', () => {
  for (const [input, way] of runs) {
    const stops = serverRun(input, way)
    const sealing = stops.findIndex(([state]) => state === 'encrypting')
    stops.forEach(([state, awaited], index) => {
      const prefix = upTo(stops, state)
      const { persisted } = converse(prefix, input)
      const calls = prefix.filter(({ type }) => type === 'minidriver.returned').length
      const ends: [EventObject, Fault][] = [
        [s['app.timeout'], { code: 'timed_out', requirement: 'SKI-242' }],
        [s['app.cancel'], { code: 'cancelled', requirement: 'SKI-243' }],
        [s['client.gaveUp'], { code: 'client_gave_up', requirement: 'SKI-28' }],
        [s['archive.refused'], { code: 'archive_refused', requirement: 'SKI-24' }],
        [s['enclave.refused'], { code: 'sealed_refused', at: 'enclave.refused', requirement: 'SKI-29' }],
        [s['enclave.k1Made'], { code: 'out_of_turn', found: 'enclave.k1Made', requirement: 'SKI-241' }],
        [stranger, { code: 'out_of_turn', found: 'stranger', requirement: 'SKI-241' }],
      ]
      if (awaited.type === 'minidriver.returned')
        ends.push([
          returned({ call: calls + 1, function: 'CardX', status: 0x80100022 }),
          { code: 'minidriver_refused', at: 'CardX', found: 0x80100022, requirement: 'SKI-28' },
        ])
      for (const [event, fault] of ends) {
        const run = arrows.converse(input, [event], persisted)
        const where = `${way} ${state} ${event.type}`
        assert.is(run.visits.at(-1), 'refused', where)
        assert.equal(run.output, { ok: false, fault }, where)
        // SKI-24: once sealed, K2 may be on the card, and its record stays.
        assert.equal(last(run), index <= sealing ? unsealed : sealed, where)
        assert.equal(run.said.at(-1)!.at(-1)!.message, { type: 'server.refused', session: index > 1 ? session : null }, 'SKI-249 one word for every reason')
      }
    })
  }
})

test('SKI-241 a return of another call is none of this one, whatever its status', () => {
  for (const [input, way] of runs) {
    const stops = serverRun(input, way)
    for (const [state, awaited] of stops) {
      if (awaited.type !== 'minidriver.returned') continue
      for (const fields of [{ call: 99 }, { call: 99, status: 0x80100004 }])
        assert.equal(faultOf(converse([...upTo(stops, state), change(awaited, fields)], input)), {
          code: 'out_of_turn',
          found: 'minidriver.returned',
          requirement: 'SKI-241',
        })
    }
  }
})

/** Words that a guard refuses: in which state, what is different, and what is blamed. */
const refused = (code: string, requirement: string) => ({ code, requirement })
const notEnrolled = refused('injection_not_permitted', 'SKI-267')
const outOfTurn = (found: string) => ({ code: 'out_of_turn', found, requirement: 'SKI-241' })
const receipt = refused('receipt_refused', 'SKI-250')
const differs = refused('key_differs', 'SKI-26')
const guards: readonly (readonly [title: string, state: string, fields: object, fault: Fault])[] = [
  ['SKI-27 SKI-267 nobody who is not enrolled is served', 'expectRequest', { subject: 'CN=Eve' }, notEnrolled],
  ['SKI-27 SKI-267 an enrolment is for one template', 'expectRequest', { template: 'administrator' }, notEnrolled],
  ['SKI-9 an offer for another session', 'expectOffer', { session: other }, outOfTurn('client.offer')],
  ['SKI-23 SKI-253 a product that is not served', 'expectOffer', { product: 'Other card' }, refused('product_not_served', 'SKI-23')],
  ['SKI-23 SKI-253 another version', 'expectOffer', { version: VERSION + 1 }, refused('product_not_served', 'SKI-23')],
  ['SKI-31 no algorithm in common', 'expectOffer', { algorithms: ['RC4'] }, refused('no_common_algorithm', 'SKI-31')],
  ['SKI-31 SKI-64 3DES is not gone down to', 'expectOffer', { algorithms: ['3DES', '3DES_112'] }, refused('no_common_algorithm', 'SKI-31')],
  ['SKI-31 no padding in common', 'expectOffer', { paddings: 0x1 | 0x4 }, refused('no_common_algorithm', 'SKI-31')],
  ['SKI-165 no chaining mode in common', 'expectOffer', { modes: ['ChainingModeECB'] }, refused('no_common_algorithm', 'SKI-31')],
  ['SKI-49 a container that is not on the list', 'expectOffer', { container: 2 }, refused('place_not_allowed', 'SKI-49')],
  ['SKI-49 a PIN that is not on the list', 'expectOffer', { pinId: 3 }, refused('place_not_allowed', 'SKI-49')],
  ['SKI-43 SKI-44 attested: nothing less will do', 'judging', { proof: 'none' }, refused('card_not_proven', 'SKI-43')],
  ['SKI-43 SKI-44 attested: another proof is not that one', 'judging', { proof: 'sharedKey' }, refused('card_not_proven', 'SKI-43')],
  ['SKI-47 somebody else’s genuine card', 'judging', { cardId: other }, refused('card_not_enrolled', 'SKI-47')],
  ['SKI-9 an acknowledgement of another session', 'expectEstablished', { session: other }, outOfTurn('client.established')],
  ['SKI-250 step 21 without a receipt', 'expectEstablished', { receipt: null }, receipt],
  ['SKI-250 SKI-70 a receipt for S1 that is not genuine', 'confirmingSession', { genuine: false }, receipt],
  ['SKI-223 the destruction of another key is not that of S1', 'droppingS1', { key: 'k2' }, outOfTurn('enclave.destroyed')],
  ['SKI-261 an envelope around another key', 'enveloping', { fingerprint: 'f9' }, differs],
  ['SKI-26 a record of another key', 'storing', { fingerprint: 'f9' }, differs],
  ['SKI-26 a record of another session', 'storing', { session: other }, outOfTurn('archive.stored')],
  ['SKI-223 the destruction of another key is not that of the structure', 'droppingArgument', { key: 's1' }, outOfTurn('enclave.destroyed')],
  ['SKI-223 the destruction of another key is not that of K2', 'droppingKey', { key: 'structure' }, outOfTurn('enclave.destroyed')],
  ['SKI-9 success in another session', 'expectInstalled', { session: other }, outOfTurn('client.installed')],
  ['SKI-250 step 31 without a receipt, as a client that dropped step 27 would send it', 'expectInstalled', { output: null }, receipt],
  ['SKI-250 SKI-71 a receipt for K2 that is not genuine', 'confirmingInstalled', { genuine: false }, receipt],
  ['SKI-261 SKI-26 a certificate for another key', 'certifying', { fingerprint: 'f9' }, differs],
  ['SKI-26 a certificate of another session', 'certifying', { session: other }, outOfTurn('archive.certified')],
  ['SKI-26 another key is committed', 'committing', { fingerprint: 'f9' }, differs],
]
for (const [title, state, fields, fault] of guards)
  test(title, () => {
    const run = converse(instead(full, state, fields))
    assert.is(run.visits.at(-1), 'refused')
    assert.equal(faultOf(run), fault)
    const made = full.findIndex(([name]) => name === state) > full.findIndex(([name]) => name === 'makingKey')
    assert.is(
      run.said.flat().some(({ message }) => message.type === 'makeKeyPair'),
      made,
      'SKI-267 before a key is made',
    )
  })

test('SKI-40 SKI-41 a way that was not offered is refused', () => {
  const run = converse(instead(serverRun(serverInput, 'shared'), 'expectOffer', {}), { ...serverInput, ways: ['session', 'agreement', 'derived'] })
  assert.equal(faultOf(run), refused('no_common_way', 'SKI-40'))
})

test('SKI-27 SKI-267 a kind of key that this requester may not have is refused; a PIN is no key', () => {
  const denied = (input: ServerInput) => ({ ...input, enrolments: [{ ...enrolment, keySpecs: [2] }] })
  assert.equal(faultOf(converse(instead(full, 'expectOffer', {}), denied(serverInput))), notEnrolled)
  assert.is(converse(upTo(serverRun(pin), 'judging'), denied(pin)).visits.at(-1), running('judging'))
})

test('SKI-49 SKI-267 a PIN that was prepared for somebody else, or that this requester may not have set, is not sealed for his card', () => {
  const offered = instead(serverRun(pin), 'expectOffer', {})
  assert.equal(faultOf(converse(offered, { ...pin, injection: { ...pinInjection, subject: 'CN=Eve' } as ServerInput['injection'] })), notEnrolled)
  for (const pinIds of [[1], [2], []]) assert.equal(faultOf(converse(offered, { ...pin, enrolments: [{ ...enrolment, pinIds }] })), notEnrolled)
})

test('SKI-31 SKI-64 the best algorithm of the server’s own list, however the client orders its list; 3DES by policy only', () => {
  const chosen = (input: ServerInput, algorithms: readonly string[]) =>
    (converse(instead(full, 'expectOffer', { algorithms }), input).context as { algorithm: string | null }).algorithm
  const wide: Partial<ServerInput> = { algorithms: ['AES-256', 'AES-128', '3DES', '3DES_112'] }
  assert.is(chosen(serverFor({ tripleDes: true }, wide), ['3DES_112', '3DES', 'AES']), 'AES-256')
  assert.is(chosen(serverFor({ tripleDes: true }, wide), ['3DES_112', '3DES']), '3DES')
  assert.is(chosen(serverFor({ tripleDes: false }, wide), ['3DES_112', '3DES']), null)
  assert.is(chosen(serverFor({}, { algorithms: ['AES-128', 'AES-256'] }), ['AES']), 'AES-128')
})

test('SKI-166 SKI-31 the best padding of the server’s own list that the card has; elsewhere no padding matters', () => {
  const padding = (paddings: number) => {
    const said = converse(instead(full, 'judging', {}).map((event) => (event.type === 'client.offer' ? change(event, { paddings }) : event)))
    return (said.said.at(-1)!.find(({ port }) => port === 'enclave')!.message as unknown as { padding: string }).padding
  }
  assert.equal([padding(0x2), padding(0x8), padding(0xa)], ['pkcs1', 'oaep-sha256', 'oaep-sha256'])
  assert.is(converse(replaced(serverRun(serverInput, 'agreement'), 'expectOffer', { paddings: 0 })).visits.at(-1), 'done')
})

/** How a run with some policy ends when the enclave says this about the card. */
const judged = (policy: Partial<SkiPolicy>, fields: object, k1: string | null = null, way: Way = 'session') => {
  const input = serverFor(policy, { enrolments: [{ ...enrolment, k1 }] })
  const run = converse(instead(serverRun(input, way), 'judging', fields), input)
  return run.visits.at(-1) === 'refused' ? codeOf(run) : run.visits.at(-1)
}

test('SKI-45 pinned: the fingerprint that was enrolled, and no other; without one nobody is proven', () => {
  const said = { proof: 'none', fingerprint }
  assert.is(judged({ k1Proof: 'pinned' }, said, fingerprint), running('keying'))
  assert.is(judged({ k1Proof: 'pinned' }, said, `spki-sha256:${'1'.repeat(64)}`), 'card_not_proven')
  assert.is(judged({ k1Proof: 'pinned' }, said), 'card_not_proven')
  assert.is(judged({ k1Proof: 'pinned' }, { proof: 'none', fingerprint: null }), 'card_not_proven')
  assert.is(judged({ k1Proof: 'pinned' }, { ...said, cardId: other }, fingerprint), 'card_not_enrolled')
})

test('SKI-46 sharedKey: a proof under the shared key, and no other', () => {
  assert.is(judged({ k1Proof: 'sharedKey' }, { proof: 'sharedKey' }), running('keying'))
  assert.is(judged({ k1Proof: 'sharedKey' }, { proof: 'attested' }), 'card_not_proven')
})

test('SKI-43 SKI-251 none, by that name, takes any card', () => {
  assert.is(judged({ k1Proof: 'none' }, { proof: 'none', cardId: other, fingerprint: null }), running('keying'))
})

test('SKI-43 SKI-47 where there is no K1 the shared key is the proof, and the card is compared all the same', () => {
  for (const way of ['shared', 'derived'] as const) {
    assert.is(judged({}, {}, null, way), running('keying'))
    assert.is(judged({}, { cardId: other }, null, way), 'card_not_enrolled')
  }
})

test('SKI-49 what the client reports decides about nothing but the place, and that within the list', () => {
  const offer = { container: 0, pinId: 1, cardId: other, algorithms: ['AES', '3DES'], evidence: null, nonce: null }
  const run = converse(
    instead(full, 'composing', {}).map((event) => (event.type === 'client.offer' ? change(event, offer) : event)),
    serverFor({}, { enrolments: [{ ...enrolment, overwrite: true }] }),
  )
  const composed = run.said.flat().find(({ message }) => message.type === 'composeKeyPair')!.message
  assert.equal(composed, { type: 'composeKeyPair', key: 'k2', container: 0, pinId: 1, keySpec: 1, overwrite: true })
})

test('SKI-250 SKI-282 a PIN without the card’s response is refused in hardened', () => {
  assert.equal(faultOf(converse(instead(serverRun(pin), 'expectInstalled', { output: null }), pin)), receipt)
})

test('SKI-251 in published such a PIN is taken for set, by the client’s word', () => {
  const input = { ...published, injection: pinInjection }
  const run = converse(instead(serverRun(input), 'expectInstalled', { output: null }), input)
  assert.is(run.visits.at(-1), running('releasing'))
})

test('SKI-253 of several products the offered one is acquired', () => {
  const products = [{ product: 'Other card', version: 7 }, { product: PRODUCT, version: VERSION }] // prettier-ignore
  const run = converse(upTo(full, 'loading'), { ...serverInput, products })
  assert.is((run.said.flat().find(({ message }) => message.type === 'CardAcquireContext')!.message as unknown as { cardName: string }).cardName, PRODUCT)
})

test('SKI-33 after a refusal nothing is tried again, and a late word changes nothing', () => {
  for (const [state, awaited] of full) {
    const ended = converse([...upTo(full, state), s['app.timeout']])
    const late = converse([...upTo(full, state), s['app.timeout'], awaited, s['enclave.keyPairMade'], s['client.request']])
    assert.equal(late.said.slice(-3), [[], [], []], state)
    assert.equal(late.output, ended.output)
  }
})

test('SKI-245 what an enclave says about a refusal is passed on as a code and a requirement, nothing else', () => {
  const chatty = { code: 'enclave_failed', requirement: 'SKI-246', found: 'SECRET', detail: { deep: 'SECRET' } }
  assert.not.match(JSON.stringify(converse([...upTo(full, 'composing'), change(s['enclave.refused'], { fault: chatty })])), 'SECRET')
  assert.is(codeOf(converse([...upTo(full, 'composing'), change(s['enclave.refused'], { fault: { code: 'NO \u001b[2J' } })])), 'refused_without_reason')
})

test('SKI-245 everything remembered is plain, and forgotten with what it stood for', () => {
  for (const [input, way] of runs) {
    const run = converse(hearsOf(serverRun(input, way)), input)
    assert.equal(plain(run.context), run.context)
    const { s1, k2, argument, handle } = run.context as Record<string, unknown>
    assert.equal([s1, k2, argument, handle], [null, null, null, null], way)
  }
})

test('SKI-245 a server that is stored as JSON in any state and taken up elsewhere says and ends the same', () => {
  for (const [input, way] of runs) {
    const hears = hearsOf(serverRun(input, way))
    const straight = converse(hears, input)
    hears.forEach((_, index) => {
      const { persisted } = converse(hears.slice(0, index), input)
      let snapshot = createActor(serverMachine, { snapshot: persisted as never, input }).getSnapshot() as AnyMachineSnapshot
      const said = hears.slice(index).map((event) => {
        const next = step(serverMachine, snapshot as never, event as never)
        snapshot = next.snapshot
        return plain(next.said)
      })
      assert.equal(said, plain(straight.said.slice(index + 1)), `${way} after ${index} words`)
      assert.equal(snapshot.output, straight.output)
    })
  }
})

test('SKI-240 every state answers every word', () => {
  for (const [input, way] of runs) {
    const stops: readonly Stop[] = serverRun(input, way)
    answersEverything(arrows, input, restingIn([stops]))
  }
})

test('every arrow is taken', () => printCoverage(arrows))

test.run()
