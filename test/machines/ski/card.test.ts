/** The card: one command at a time, everything volatile gone with the power, and a PIN pad of its own. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, type EventObject } from 'xstate'
import { cardMachine, type CardInput } from '../../../machines/ski/card.js'
import { begin, step } from '../../../machines/step.js'
import { Arrows, plain, type Conversation } from '../../support/role.js'
import { answersEverything, nested, printCoverage } from './laws.js'
import { cardId, cardNonce, MASK, PADDINGS, PRODUCT, receipt, samples as s, someBytes, VERSION } from './samples.js'
import { change } from './scripts.js'

const test = suite('ski card')
const arrows = new Arrows(cardMachine)
const input: CardInput = {
  cardId,
  product: PRODUCT,
  version: VERSION,
  mask: MASK,
  ways: ['session', 'agreement', 'shared', 'derived'],
  algorithms: ['AES-256'],
  paddings: PADDINGS,
}
const converse = (hears: readonly EventObject[], given = input) => arrows.converse(given, hears)
/** A command on a channel of its own, so that an answer on another one is noticed. */
const on = (channel: number, command: EventObject) => change(command, { channel })
const working = (state: string) => nested('working', state)
const last = (run: Conversation) => run.said.at(-1)!
const wire = (message: object) => ({ port: 'wire', message })
const close = { port: 'enclave', message: { type: 'close' } }
const refusal = (sw: number, channel = 3) => wire({ type: 'card.refused', channel, sw })
const typed = change(s['apdu.verify'], { pin: 'MTIzNA' })

/** Every command that the enclave carries out: what it is asked, how it answers, and what the card says then. */
const commands: readonly {
  readonly title: string
  readonly state: string
  readonly command: EventObject
  readonly asks: object
  readonly hears: EventObject
  readonly says: object
}[] = [
  {
    title: 'SKI-193 the card draws its nonce',
    state: 'drawing',
    command: s['apdu.challenge'],
    asks: { type: 'drawNonce', channel: 3 },
    hears: s['enclave.nonceDrawn'],
    says: { type: 'card.challenge', nonce: cardNonce },
  },
  {
    title: 'SKI-156 SKI-157 steps 6 and 7: K1 is made, and a status is all that is told',
    state: 'generating',
    command: s['apdu.generate'],
    asks: { type: 'makeK1', channel: 3, container: 0, kind: 'rsa-2048', pinId: 1 },
    hears: s['enclave.k1Made'],
    says: { type: 'card.done' },
  },
  {
    title: 'SKI-160 SKI-161 steps 10 and 11: a public key, and evidence where it is asked for',
    state: 'reading',
    command: s['apdu.readKey'],
    asks: { type: 'readKey', channel: 3, container: 0, evidence: 'attested' },
    hears: s['enclave.keyRead'],
    says: { type: 'card.publicKey', purpose: 'session', spki: someBytes, evidence: someBytes },
  },
  {
    title: 'SKI-168 SKI-169 steps 18 and 19: a wrapped session key goes in, a reference and a receipt come out',
    state: 'unwrapping',
    command: s['apdu.importSessionKey'],
    asks: { type: 'importSessionKey', channel: 3, container: 0, algorithm: 'AES-256', padding: 'oaep-sha256', proven: true, input: someBytes },
    hears: s['enclave.sessionKeyReady'],
    says: { type: 'card.sessionKey', key: 'k1', nonce: cardNonce, receipt },
  },
  {
    title: 'SKI-203 the shared key, or what is derived from it',
    state: 'sharing',
    command: s['apdu.shareKey'],
    asks: { type: 'shareKey', channel: 3, way: 'derived', algorithm: 'AES-256', proven: true, input: someBytes },
    hears: s['enclave.sessionKeyReady'],
    says: { type: 'card.sessionKey', key: 'k1', nonce: cardNonce, receipt },
  },
  {
    title: 'SKI-203 a DH agreement',
    state: 'agreeing',
    command: s['apdu.agree'],
    asks: { type: 'agree', channel: 3, container: 0, peer: someBytes },
    hears: s['enclave.agreed'],
    says: { type: 'card.agreement', agreement: 'a1' },
  },
  {
    title: 'SKI-203 a session key of an agreement',
    state: 'deriving',
    command: s['apdu.deriveKey'],
    asks: { type: 'deriveKey', channel: 3, agreement: 'a1', algorithm: 'AES-256', proven: true, input: someBytes },
    hears: s['enclave.sessionKeyReady'],
    says: { type: 'card.sessionKey', key: 'k1', nonce: cardNonce, receipt },
  },
  {
    title: 'SKI-198 mode and IV of a session key',
    state: 'setting',
    command: s['apdu.setKeyProperty'],
    asks: { type: 'setKeyProperty', channel: 3, key: 'k1', mode: 'CBC', iv: null },
    hears: s['enclave.propertySet'],
    says: { type: 'card.done' },
  },
  {
    title: 'SKI-178 SKI-179 steps 28 and 29: sealed data goes in as it came, a receipt or an enciphered response comes out',
    state: 'processing',
    command: s['apdu.processSealed'],
    asks: { type: 'processSealed', channel: 3, key: 'k1', function: 'Import Key Pair', container: 1, flags: 1, blobs: [someBytes] },
    hears: s['enclave.processed'],
    says: { type: 'card.processed', output: receipt },
  },
  {
    title: 'SKI-200 SKI-17 a key is destroyed',
    state: 'destroying',
    command: s['apdu.destroyKey'],
    asks: { type: 'destroyKey', channel: 3, key: 'k1' },
    hears: s['enclave.destroyed'],
    says: { type: 'card.done' },
  },
  {
    title: 'SKI-184 A-17 K1’s container is deleted',
    state: 'deleting',
    command: s['apdu.deleteContainer'],
    asks: { type: 'deleteContainer', channel: 3, container: 0 },
    hears: s['enclave.containerDeleted'],
    says: { type: 'card.done' },
  },
  {
    title: 'SKI-132 the authenticated state of a PIN ends',
    state: 'deauthenticating',
    command: s['apdu.deauthenticate'],
    asks: { type: 'deauthenticate', channel: 3, pinId: 1 },
    hears: s['enclave.deauthenticated'],
    says: { type: 'card.done' },
  },
  {
    title: 'SKI-201 SKI-284 a PIN that came over the wire is compared; it is outside the promise',
    state: 'verifying',
    command: typed,
    asks: { type: 'verifyPin', channel: 3, pinId: 1, pin: { typed: 'MTIzNA' } },
    hears: s['enclave.pinVerified'],
    says: { type: 'card.done' },
  },
]

for (const { title, state, command, asks, hears, says } of commands)
  test(title, () => {
    const run = converse([on(3, command), hears])
    assert.equal(run.visits, ['waiting', working(state), 'waiting'])
    assert.equal(run.said[1], [{ port: 'enclave', message: asks }])
    assert.equal(last(run), [wire({ channel: 3, ...says })])
  })

test('SKI-194 SKI-202 what the card says of itself', () => {
  const run = converse([on(3, s['apdu.select']), on(3, s['apdu.capabilities'])])
  assert.equal(run.said[1], [wire({ type: 'card.selected', channel: 3, cardId, product: PRODUCT, version: VERSION })])
  assert.equal(run.said[2], [wire({ type: 'card.capabilities', channel: 3, mask: MASK, algorithms: ['AES-256'], paddings: PADDINGS, modes: ['CBC'] })])
})

test('SKI-266 files are read as they were written, each container’s certificate by itself; what is not there is not found', () => {
  const file = (name: string, container: number, data = someBytes) => change(s['apdu.writeFile'], { file: name, container, data })
  const read = (name: string, container: number) => change(s['apdu.readFile'], { file: name, container })
  const run = converse([
    file('cmapfile', 0),
    file('certificate', 1, 'b25l'),
    file('certificate', 2, 'dHdv'),
    file('certificate', 1, 'ZWlucw'),
    read('cmapfile', 9),
    read('certificate', 1),
    read('certificate', 2),
    read('certificate', 3),
  ])
  assert.equal(
    run.said.flat().map(({ message }) => message),
    [
      ...Array.from({ length: 4 }, () => ({ type: 'card.done', channel: 0 })),
      { type: 'card.file', channel: 0, data: someBytes },
      { type: 'card.file', channel: 0, data: 'ZWlucw' },
      { type: 'card.file', channel: 0, data: 'dHdv' },
      { type: 'card.refused', channel: 0, sw: 0x6a82 },
    ],
  )
  assert.equal(last(converse([s['apdu.readFile']])), [refusal(0x6a82, 0)], 'SKI-155 a new card has no container map')
})

test('SKI-42 SKI-32 a way that the card does not take part in is "not supported", whatever its mask claims', () => {
  const none = { ...input, ways: [] }
  for (const command of [s['apdu.importSessionKey'], s['apdu.shareKey'], s['apdu.agree']]) {
    const run = converse([on(3, command)], none)
    assert.equal(last(run), [refusal(0x6a81)])
    assert.is(run.visits.at(-1), 'waiting')
  }
  const derivedOnly = { ...input, ways: ['derived'] as const }
  assert.equal(last(converse([on(3, change(s['apdu.shareKey'], { way: 'shared' }))], derivedOnly)), [refusal(0x6a81)])
  assert.is(converse([s['apdu.shareKey']], derivedOnly).visits.at(-1), working('sharing'))
})

test('SKI-192 SKI-29 a refusal of the enclave is a status word and nothing more; everything that hangs on secret bytes is one', () => {
  const word = (fault: object) =>
    (last(converse([on(3, s['apdu.processSealed']), change(s['enclave.refused'], { fault })]))[0]!.message as unknown as { sw: number }).sw
  assert.is(word({ code: 'sealed_refused', requirement: 'SKI-72' }), 0x6f00)
  assert.is(word({ code: 'pin_wrong', found: 2, requirement: 'SKI-285' }), 0x63c2)
  assert.is(word({ code: 'pin_blocked', requirement: 'SKI-285' }), 0x6983)
  assert.is(word({ code: 'not_authenticated', requirement: 'SKI-131' }), 0x6982)
  assert.is(word({ code: 'container_occupied', requirement: 'SKI-213' }), 0x6a84)
  const run = converse([on(3, s['apdu.processSealed']), s['enclave.refused']])
  assert.equal(last(run), [refusal(0x6f00)])
  assert.equal(run.visits.at(-1), 'waiting')
})

test('SKI-241 SKI-248 a second command meanwhile is told that the card is busy, on its own channel, and changes nothing', () => {
  for (const { state, command, hears, says } of commands) {
    const busy = converse([on(3, command), on(2, s['apdu.select']), hears])
    assert.equal(busy.said[2], [refusal(0x6985, 2)], state)
    assert.equal(busy.said[3], [wire({ channel: 3, ...says })], state)
  }
})

/** Every state with a command in hand, the PIN pad among them. */
const inHand = [...commands.map(({ state, command }) => [state, on(3, command)] as const), ['askingHolder', on(3, s['apdu.verify'])] as const]
const settled = (state: string) => (state === 'askingHolder' ? [{ port: 'console', message: { type: 'card.pinSettled', pinId: 1 } }] : [])

test('SKI-247 SKI-18 removal in every state: power is lost, the reader answers, and the card is absent', () => {
  for (const [state, command] of inHand) {
    const run = converse([command, s['reader.removed']])
    assert.is(run.visits.at(-1), 'absent', state)
    assert.equal(last(run), [...settled(state), close, wire({ type: 'card.gone', channel: 3 })], state)
  }
  const idle = converse([s['reader.removed']])
  assert.equal([idle.visits.at(-1), last(idle)], ['absent', [close]])
})

test('SKI-247 SKI-18 reset in every state: everything volatile goes, the command in hand is refused, and the card waits', () => {
  for (const [state, command] of inHand) {
    const run = converse([command, s['reader.reset']])
    assert.is(run.visits.at(-1), 'waiting', state)
    assert.equal(last(run), [...settled(state), close, refusal(0x6985)], state)
  }
  const idle = converse([s['reader.reset']])
  assert.equal([idle.visits.at(-1), last(idle)], ['waiting', [close]])
})

test('SKI-247 a card that is out is told of by the reader, and comes back without anything volatile and with its files', () => {
  const out = [s['apdu.writeFile'], s['reader.removed']]
  for (const [, command] of inHand) {
    const run = converse([...out, change(command, { channel: 5 })])
    assert.equal([run.visits.at(-1), last(run)], ['absent', [wire({ type: 'card.gone', channel: 5 })]])
  }
  const back = converse([...out, s['reader.inserted'], s['apdu.readFile']])
  assert.equal(back.said[3], [close])
  assert.equal(last(back), [wire({ type: 'card.file', channel: 0, data: someBytes })])
  for (const event of [s['reader.reset'], s['reader.removed'], s['enclave.processed'], s['app.timeout'], s['holder.pinEntered']]) {
    const stray = converse([...out, event])
    assert.equal([stray.visits.at(-1), last(stray), stray.emitted.at(-1)], ['absent', [], 1], event.type)
  }
})

test('SKI-242 SKI-243 SKI-246 a timeout, a cancel or a wrong answer ends the command, and the enclave is told to close', () => {
  for (const { state, command, hears } of commands) {
    const wrong = commands.find((other) => other.hears.type !== hears.type)!.hears
    for (const event of [s['app.timeout'], s['app.cancel'], wrong, s['holder.pinEntered']]) {
      const run = converse([on(3, command), event])
      assert.equal([run.visits.at(-1), last(run)], ['waiting', [close, refusal(0x6985)]], `${state} ${event.type}`)
    }
  }
})

test('SKI-246 an answer that nobody waits for closes what it may have made', () => {
  for (const event of [s['enclave.sessionKeyReady'], s['enclave.k1Made'], s['enclave.refused']]) assert.equal(last(converse([event])), [close])
  const twice = converse([s['apdu.importSessionKey'], s['enclave.sessionKeyReady'], s['enclave.sessionKeyReady']])
  assert.equal(last(twice), [close])
})

test('SKI-241 words that mean nothing to a waiting card are reported and change nothing', () => {
  for (const event of [s['reader.inserted'], s['app.timeout'], s['app.cancel'], s['card.done']]) {
    const run = converse([event])
    assert.equal([run.visits.at(-1), last(run), run.emitted.at(-1)], ['waiting', [], 1], event.type)
  }
})

const asked = on(3, s['apdu.verify'])
const wanted = { port: 'console', message: { type: 'card.pinWanted', pinId: 1 } }

test('SKI-283 the PIN pad: the holder is asked, his PIN goes from the pad into the enclave and stands in no message', () => {
  const run = converse([asked, s['holder.pinEntered'], s['enclave.pinVerified']])
  assert.equal(run.visits, ['waiting', working('askingHolder'), working('verifying'), 'waiting'])
  assert.equal(run.said[1], [wanted])
  assert.equal(run.said[2], [settled('askingHolder')[0], { port: 'enclave', message: { type: 'verifyPin', channel: 3, pinId: 1, pin: { entry: 'p1' } } }])
  assert.equal(last(run), [wire({ type: 'card.done', channel: 3 })])
  const wrong = converse([asked, s['holder.pinEntered'], change(s['enclave.refused'], { fault: { code: 'pin_wrong', found: 1, requirement: 'SKI-285' } })])
  assert.equal(last(wrong), [refusal(0x63c1)])
})

test('SKI-283 SKI-242 whoever does not enter a PIN has declined, and the pad is told that the question is over', () => {
  for (const event of [s['holder.declined'], s['app.timeout']]) assert.equal(last(converse([asked, event])), [settled('askingHolder')[0], refusal(0x6401)])
  assert.equal(last(converse([asked, s['app.cancel']])), [settled('askingHolder')[0], close, refusal(0x6985)])
})

test('SKI-283 a PIN that nobody has asked for is not compared: another one, or one that comes too late', () => {
  const other = converse([asked, change(s['holder.pinEntered'], { pinId: 2 })])
  assert.equal(last(other), [settled('askingHolder')[0], close, refusal(0x6985)])
  const late = converse([asked, s['app.timeout'], s['holder.pinEntered']])
  assert.equal(last(late), [close], 'it must not stay in the enclave')
  assert.equal(last(converse([asked, s['enclave.pinVerified']])), [settled('askingHolder')[0], close, refusal(0x6985)], 'SKI-246')
  assert.equal(last(converse([asked, s['enclave.refused']])), [settled('askingHolder')[0], close, refusal(0x6985)], 'SKI-246')
})

test('SKI-283 what comes over the wire cannot answer for the holder', () => {
  const run = converse([asked, on(3, typed)])
  assert.equal(last(run), [refusal(0x6985)])
  assert.is(run.visits.at(-1), working('askingHolder'))
})

test('SKI-245 SKI-4 nothing of a PIN or a key stays in what the card remembers, which survives JSON', () => {
  for (const { command, hears } of commands) {
    for (const script of [[command], [command, hears]]) {
      const run = converse(script)
      assert.equal(plain(run.context), run.context)
      assert.not.match(JSON.stringify(run.persisted), 'MTIzNA')
      assert.equal(Object.keys(run.context as object).sort(), [...Object.keys(input), 'channel', 'files', 'pinId'].sort())
    }
  }
  assert.equal((converse([asked, s['holder.declined']]).context as { pinId: unknown }).pinId, null)
})

test('SKI-245 a card that is stored as JSON with a command in hand and taken up elsewhere gives the same answer', () => {
  for (const { command, hears, says } of commands) {
    const { persisted } = converse([on(3, command)])
    const snapshot = createActor(cardMachine, { snapshot: persisted as never, input }).getSnapshot()
    assert.equal(plain(step(cardMachine, snapshot, hears as never).said), [wire({ channel: 3, ...says })])
    assert.equal(arrows.converse(input, [hears], persisted).said.at(-1), [wire({ channel: 3, ...says })])
  }
})

test('SKI-245 progress tells of what was processed, refused, reset and removed', () => {
  const steps = (...hears: EventObject[]) => {
    const tell: string[] = []
    hears.reduce(
      (at, event) => {
        const next = step(cardMachine, at.snapshot, event as never)
        tell.push(...next.emitted.map((event) => (event as EventObject & { readonly step: string }).step))
        return next
      },
      begin(cardMachine, input),
    )
    return tell
  }
  assert.equal(steps(s['apdu.processSealed'], s['enclave.processed']), ['sealedDataProcessed'])
  assert.equal(steps(s['apdu.processSealed'], s['enclave.refused']), ['refused'])
  assert.equal(steps(s['reader.reset'], s['reader.removed'], s['reader.inserted']), ['reset', 'absent', 'reset'])
})

const resting = {
  waiting: [],
  absent: [s['reader.removed']],
  [working('askingHolder')]: [asked],
  ...Object.fromEntries(commands.map(({ state, command }) => [working(state), [command]])),
}
test('SKI-240 every state answers every word', () => {
  assert.is(Object.keys(resting).length, commands.length + 3)
  answersEverything(arrows, input, resting)
})

test('every arrow is taken', () => printCoverage(arrows))

test.run()
