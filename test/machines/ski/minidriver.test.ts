/**
 * The minidriver in its two places: turns, handles, and what it never says. Which status a call gets for which fault is in the
 * vectors `ski/statuses.json`.
 */
import fc from 'fast-check'
import { generateKeyPairSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import type { MinidriverContext, MinidriverInput } from '../../../machines/ski/minidriver-setup.js'
import { minidriverMachine } from '../../../machines/ski/minidriver.js'
import { begin, step, type Said } from '../../../machines/step.js'
import { FUNCTIONS, NO_CARD_FUNCTIONS, type Returned } from '../../../src/ski/calls.js'
import { STATUS } from '../../../src/ski/constants/index.js'
import { readSkiAnswer } from '../../../src/ski/enclave/read-answer.js'
import { readSkiMessage } from '../../../src/ski/read-message.js'
import { Arrows, plain, words, type Conversation } from '../../support/role.js'
import { answersEverything, nested, printCoverage } from './laws.js'
import { everyWord, filled, handle, PRODUCT, samples as s, stranger, VERSION } from './samples.js'
import { change, wide } from './scripts.js'

const test = suite('ski minidriver')
const arrows = new Arrows(minidriverMachine)
const input: MinidriverInput = {
  product: PRODUCT,
  version: VERSION,
  offersNoCard: true,
  support: 0xe,
  algorithms: ['AES-128', 'AES-192', 'AES-256'],
  containers: 16,
  channel: 0,
}
const converse = (hears: readonly EventObject[]): Conversation => arrows.converse(input, hears)
const returnsOf = (said: readonly Said[]): readonly Returned[] =>
  said.filter(({ message }) => message.type === 'minidriver.returned').map(({ message }) => message as unknown as Returned)
const lastReturn = (run: Conversation): Returned | undefined => returnsOf(run.said.at(-1)!).at(-1)
const asked = (run: Conversation): readonly EventObject[] =>
  run.said.at(-1)!.flatMap(({ message }) => (message.type === 'minidriver.returned' ? [] : [message as EventObject]))
const contextOf = (run: Conversation) => run.context as MinidriverContext

/** A point, as a card's peer has it: magic ECK1, length, X, Y. */
const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const point = Buffer.concat([Buffer.from('45434b3120000000', 'hex'), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]).toString('base64url')

const noCard = change(s.CardAcquireContext, { flags: 1, atr: null, cardName: null, hSCardCtx: 0, hScard: 0 })
const setMode = change(s.CardSetKeyProperty, { property: 'ChainingMode', input: wide('ChainingModeCBC') })
const agree = change(s.CardConstructDHAgreement, { publicKey: point })
const setContainer = change(s.CardSetKeyProperty, { property: 'Keyferry Container', input: filled(4) })
const nonce = change(s.CardGetProperty, { property: 'Keyferry Card Nonce' })
const response = change(s.CardProcessEncryptedData, { function: 'Authenticate' })
const elsewhere = (word: EventObject) => change(word, { channel: 1 })

const acquired = [s.CardAcquireContext, s['card.selected'], s['card.capabilities']]
const keyed = [...acquired, s.CardImportSessionKey, s['card.sessionKey']]
/** A key with mode, IV and container, and an agreement. */
const ready = [...keyed, setMode, s['card.done'], s.CardSetKeyProperty, s['card.done'], setContainer, agree, s['card.agreement']]
const served = [noCard]
const servedKey = [...served, s.MDImportSessionKey, s['enclave.mdKeyReady']]
const servedReady = [...servedKey, setMode, s['enclave.propertySet'], s.CardSetKeyProperty, s['enclave.propertySet']]

/** Work of the card, by state: the calls, and the answer that ends it. */
const CARD_WORK: Readonly<Record<string, { readonly calls: readonly EventObject[]; readonly answer: EventObject }>> = {
  drawing: { calls: [nonce], answer: s['card.challenge'] },
  readingFile: { calls: [s.CardReadFile], answer: s['card.file'] },
  changing: { calls: [s.CardWriteFile, s.CardDeleteContainer, s.CardAuthenticateEx], answer: s['card.done'] },
  generating: { calls: [s.CardCreateContainer, s.CardCreateContainerEx], answer: s['card.done'] },
  readingKey: { calls: [s.CardGetContainerProperty, s.CardGetContainerInfo], answer: s['card.publicKey'] },
  importing: { calls: [s.CardImportSessionKey, s.CardGetSharedKeyHandle, s.CardDeriveKey], answer: s['card.sessionKey'] },
  agreeing: { calls: [agree], answer: s['card.agreement'] },
  setting: { calls: [s.CardSetKeyProperty], answer: s['card.done'] },
  processing: { calls: [s.CardProcessEncryptedData], answer: s['card.processed'] },
  destroying: { calls: [s.CardDestroyKey, s.CardDestroyDHAgreement], answer: s['card.done'] },
  deauthenticating: { calls: [s.CardDeauthenticateEx], answer: s['card.done'] },
}
const SERVER_WORK: typeof CARD_WORK = {
  importing: { calls: [s.MDImportSessionKey, s.CardGetSharedKeyHandle], answer: s['enclave.mdKeyReady'] },
  encrypting: { calls: [s.MDEncryptData], answer: s['enclave.mdEncrypted'] },
  setting: { calls: [s.CardSetKeyProperty], answer: s['enclave.propertySet'] },
  opening: { calls: [response], answer: s['enclave.responseOpened'] },
  destroying: { calls: [s.CardDestroyKey], answer: s['enclave.destroyed'] },
}
const PLACES = [
  { place: 'withCard', before: ready, work: CARD_WORK, port: 'wire' },
  { place: 'withoutCard', before: servedReady, work: SERVER_WORK, port: 'enclave' },
] as const

const resting: Readonly<Record<string, readonly EventObject[]>> = {
  idle: [],
  [nested('acquiring', 'selecting')]: [s.CardAcquireContext],
  [nested('acquiring', 'asking')]: acquired.slice(0, 2),
  [nested('withCard', 'ready')]: ready,
  [nested('withCard', 'gone')]: [...ready, s['reader.removed']],
  [nested('withoutCard', 'ready')]: servedReady,
  ...Object.fromEntries(
    PLACES.flatMap(({ place, before, work }) => [
      ...Object.entries(work).map(([state, { calls }]) => [nested(place, 'working', state), [...before, calls[0]!]] as const),
      [nested(place, 'overdue'), [...before, s.CardSetKeyProperty, s['app.timeout']]] as const,
      [nested(place, 'leaving', 'destroying'), [...before, s.CardDeleteContext]] as const,
      [nested(place, 'leaving', 'late'), [...before, s.CardSetKeyProperty, s['app.timeout'], s.CardDeleteContext]] as const,
    ]),
  ),
}

test('SKI-244 the samples are words that a port lets in', () => {
  for (const word of everyWord) {
    if (word === stranger || word.type.startsWith('app.')) continue
    assert.equal(word.type.startsWith('enclave.') ? readSkiAnswer(word) : readSkiMessage(word), word)
  }
})

for (const { place, before, work, port } of PLACES)
  for (const [state, { calls, answer }] of Object.entries(work))
    for (const call of calls)
      test(`SKI-120 to SKI-149 ${place}: ${call.type} is asked once, answered once, and makes room for the next`, () => {
        const run = converse([...before, call, answer])
        assert.equal(run.visits.slice(-2), [nested(place, 'working', state), nested(place, 'ready')])
        assert.equal(
          run.said.at(-2)!.map((line) => line.port),
          [port],
          'one command',
        )
        const [returned] = returnsOf(run.said.at(-1)!)
        assert.equal(
          [returned?.function, returned?.status, run.said.at(-1)!.length],
          [call.type, answer === s['card.publicKey'] && call === s.CardGetContainerInfo ? STATUS.SCARD_E_COMM_DATA_LOST : 0, 1],
        )
      })

test('SKI-22 SKI-146 acquisition fixes mode and version, and nothing changes them', () => {
  for (const [script, mode] of [
    [acquired, 'card'],
    [served, 'noCard'],
  ] as const)
    for (const again of [s.CardAcquireContext, noCard]) {
      const run = converse([...script, again])
      assert.equal([contextOf(run).mode, contextOf(run).negotiated], [mode, 7])
      assert.is(lastReturn(run)!.status, STATUS.SCARD_E_INVALID_PARAMETER)
    }
})

test('SKI-23 SKI-194 a card of another product or version is none', () => {
  for (const other of [{ product: 'Another' }, { version: 8 }]) {
    const run = converse([s.CardAcquireContext, change(s['card.selected'], other)])
    assert.equal([run.visits.at(-1), lastReturn(run)!.status], ['idle', STATUS.SCARD_E_UNKNOWN_CARD])
  }
})

test('SKI-120 SKI-247 whatever keeps the card from answering, there is no context', () => {
  for (const [event, status] of [
    [s['reader.removed'], STATUS.SCARD_W_REMOVED_CARD],
    [s['reader.reset'], STATUS.SCARD_W_RESET_CARD],
    [s['card.gone'], STATUS.SCARD_E_NO_SMARTCARD],
    [s['card.refused'], STATUS.SCARD_E_UNEXPECTED],
    [s['card.done'], STATUS.SCARD_E_COMM_DATA_LOST],
    [s['app.timeout'], STATUS.SCARD_E_COMM_DATA_LOST],
    [s['app.cancel'], STATUS.SCARD_E_CANCELLED],
  ] as const) {
    const run = converse([s.CardAcquireContext, event, s.CardReadFile])
    assert.equal(
      returnsOf(run.said[2]!).map((each) => each.status),
      [status],
    )
    assert.is(lastReturn(run)!.status, STATUS.SCARD_E_INVALID_HANDLE)
  }
})

test('SKI-16 SKI-147 a handle is dead when it is destroyed, and its number does not come again, in the next context either', () => {
  const again = [s.CardImportSessionKey, s['card.sessionKey']]
  const run = converse([...keyed, s.CardDestroyKey, s['card.done'], ...again, s.CardDeleteContext, s['card.done'], ...acquired, ...again])
  assert.equal(
    contextOf(run).keys.map((key) => key.handle),
    [3],
  )
  for (const dead of [0, 1, 2, 4])
    assert.is(
      lastReturn(converse([...keyed, s.CardDestroyKey, s['card.done'], change(s.CardDestroyKey, { handle: dead })]))!.status,
      STATUS.SCARD_E_INVALID_HANDLE,
    )
})

test('SKI-17 what the card does not destroy keeps its handle', () => {
  const run = converse([...keyed, s.CardDestroyKey, s['card.refused']])
  assert.is(contextOf(run).keys.length, 1)
})

test('SKI-12 SKI-149 sealing and opening use the IV up, and an import its container', () => {
  for (const [script, kept] of [
    [[...ready, s.CardProcessEncryptedData, s['card.processed']], { iv: null, container: null }],
    [[...ready, response, s['card.processed']], { iv: null, container: 0 }],
    [[...ready, s.CardProcessEncryptedData, s['card.refused']], { iv: s.CardSetKeyProperty.input, container: 0 }],
    [[...servedReady, s.MDEncryptData, s['enclave.mdEncrypted']], { iv: null, container: null }],
    [[...servedReady, response, s['enclave.responseOpened']], { iv: s.CardSetKeyProperty.input, container: null }],
  ] as const) {
    const { iv, container } = contextOf(converse(script)).keys[0]!
    assert.equal({ iv, container }, kept)
  }
})

test('SKI-5 SKI-140 the PIN functions have no container at the card', () => {
  assert.is((asked(converse([...ready, response]))[0] as unknown as { container: unknown }).container, null)
  assert.is((asked(converse([...ready, s.CardProcessEncryptedData]))[0] as unknown as { container: unknown }).container, 0)
})

test('SKI-132 one PIN after the other is put away', () => {
  const both = change(s.CardDeauthenticateEx, { pins: 6 })
  const run = converse([...acquired, both, elsewhere(s['card.done']), s['card.done'], s['card.done']])
  assert.equal(
    run.said.slice(-4).map((said) => said.map(({ message }) => message.type)),
    [['apdu.deauthenticate'], [], ['apdu.deauthenticate'], ['minidriver.returned']],
  )
})

test('SKI-241 while one call is under way another one is answered, and changes nothing', () => {
  for (const { place, before, work } of PLACES)
    for (const [state, { calls, answer }] of Object.entries(work)) {
      const other = change(s.CardGetAlgorithmProperty, { call: 2 })
      const run = converse([...before, calls[0]!, other])
      assert.equal([run.visits.at(-1), lastReturn(run)!.call, lastReturn(run)!.status], [nested(place, 'working', state), 2, STATUS.SCARD_E_UNEXPECTED])
      assert.equal(
        returnsOf(converse([...before, calls[0]!, other, answer]).said.at(-1)!).map(({ call }) => call),
        [1],
      )
    }
})

test('SKI-248 what is said on another channel, or to another role, changes nothing', () => {
  for (const [state, prefix] of Object.entries(resting))
    for (const word of everyWord.filter(({ type }) => type.startsWith('card.'))) {
      const run = converse([...prefix, elsewhere(word)])
      assert.equal([run.visits.at(-1), run.said.at(-1)!.length], [state, 0], `${state} ${word.type}`)
    }
  for (const { place, before, work } of PLACES)
    for (const [state, { calls }] of Object.entries(work))
      for (const word of [
        s['server.refused'],
        s['holder.declined'],
        s['reader.inserted'],
        stranger,
        place === 'withCard' ? s['enclave.refused'] : s['card.refused'],
      ])
        assert.is(converse([...before, calls[0]!, word]).visits.at(-1), nested(place, 'working', state), word.type)
})

test('SKI-242 SKI-243 a call that was given up is answered; the late answer is for nobody, and a late key goes with the context', () => {
  for (const [event, status] of [
    [s['app.timeout'], STATUS.SCARD_E_COMM_DATA_LOST],
    [s['app.cancel'], STATUS.SCARD_E_CANCELLED],
  ] as const)
    for (const { place, before, work } of PLACES)
      for (const { calls, answer } of Object.values(work)) {
        const run = converse([...before, calls[0]!, event, answer])
        assert.is(returnsOf(run.said.at(-2)!)[0]!.status, status)
        assert.equal([run.visits.at(-1), run.said.at(-1)!.length], [nested(place, 'ready'), 0])
      }
  const late = [...acquired, s.CardImportSessionKey, s['app.timeout'], s['card.sessionKey']]
  for (const script of [
    [...late, s.CardDeleteContext],
    [...acquired, s.CardImportSessionKey, s['app.timeout'], s.CardDeleteContext, s['card.sessionKey']],
    [...acquired, agree, s['app.cancel'], s.CardDeleteContext, s['card.agreement']],
    [...acquired, agree, s['app.cancel'], s['card.agreement'], s.CardDeleteContext],
  ]) {
    const run = converse([...script, s['card.done']])
    assert.equal(
      run.said.at(-2)!.map(({ message }) => message.type),
      ['apdu.destroyKey'],
    )
    assert.equal([run.visits.at(-1), lastReturn(run)!.function, lastReturn(run)!.status], ['idle', 'CardDeleteContext', 0])
  }
  const served = converse([noCard, s.MDImportSessionKey, s['app.timeout'], s.CardDeleteContext, s['enclave.mdKeyReady'], s['enclave.destroyed']])
  assert.equal([words(served.said.at(-2)!, 'enclave'), served.visits.at(-1)], [['destroyKey'], 'idle'])
  for (const [before, answer] of [
    [acquired, s['card.done']],
    [served ? [noCard] : [], s['enclave.refused']],
  ] as const) {
    const call = before === acquired ? s.CardReadFile : s.MDImportSessionKey
    const run = converse([...before, call, s['app.timeout'], s.CardDeleteContext, answer])
    assert.equal([run.visits.at(-1), lastReturn(run)!.status], ['idle', 0], 'nothing is left to destroy')
  }
})

test('SKI-18 SKI-247 when the card is gone every handle is, and every call is told why', () => {
  for (const [event, status] of [
    [s['reader.removed'], STATUS.SCARD_W_REMOVED_CARD],
    [s['reader.reset'], STATUS.SCARD_W_RESET_CARD],
  ] as const)
    for (const prefix of [ready, [...ready, s.CardReadFile], [...ready, s.CardReadFile, s['app.timeout']]]) {
      const run = converse([...prefix, event, s['reader.inserted'], s.CardGetProperty])
      assert.equal([run.visits.at(-1), contextOf(run).keys, contextOf(run).agreements], [nested('withCard', 'gone'), [], []])
      assert.is(lastReturn(run)!.status, status)
      const left = converse([...prefix, event, s.CardDeleteContext])
      assert.equal([left.visits.at(-1), lastReturn(left)!.status, asked(left)], ['idle', 0, []])
    }
  const run = converse([...ready, s.CardReadFile, s['card.gone']])
  assert.equal([run.visits.at(-1), lastReturn(run)!.status], [nested('withCard', 'gone'), STATUS.SCARD_E_NO_SMARTCARD])
  assert.is(lastReturn(converse([...ready, s['reader.reset'], s['reader.removed'], s.CardReadFile]))!.status, STATUS.SCARD_W_REMOVED_CARD)
  assert.is(converse([...ready, s.CardReadFile, s['app.timeout'], s['card.gone']]).visits.at(-1), nested('withCard', 'gone'))
})

test('SKI-121 a context is left whatever happens, and its keys first', () => {
  assert.equal(
    converse([...ready, s.CardDeleteContext, s['card.done'], s['card.done']])
      .said.slice(-3)
      .map((said) => said.map(({ message }) => message.type)),
    [['apdu.destroyKey'], ['apdu.destroyKey'], ['minidriver.returned']],
  )
  for (const [event, status] of [
    [s['reader.removed'], 0],
    [s['reader.reset'], 0],
    [s['card.gone'], 0],
    [s['app.timeout'], STATUS.SCARD_E_COMM_DATA_LOST],
    [s['app.cancel'], STATUS.SCARD_E_CANCELLED],
    [s['card.challenge'], STATUS.SCARD_E_COMM_DATA_LOST],
  ] as const) {
    const run = converse([...ready, s.CardDeleteContext, event])
    assert.equal([run.visits.at(-1), lastReturn(run)!.status], ['idle', status], event.type)
  }
  for (const [event, status] of [
    [s['enclave.destroyed'], 0],
    [s['enclave.refused'], 0],
    [s['enclave.mdKeyReady'], STATUS.SCARD_F_INTERNAL_ERROR],
    [s['app.timeout'], STATUS.SCARD_E_COMM_DATA_LOST],
    [s['app.cancel'], STATUS.SCARD_E_CANCELLED],
  ] as const) {
    const run = converse([...servedKey, s.CardDeleteContext, event])
    assert.equal([run.visits.at(-1), lastReturn(run)!.status], ['idle', status], event.type)
  }
})

test('SKI-204 SKI-246 an answer to something else is a failure, and the next call goes on', () => {
  for (const [before, call, answer, status] of [
    [ready, s.CardReadFile, s['card.challenge'], STATUS.SCARD_E_COMM_DATA_LOST],
    [servedReady, s.MDEncryptData, s['enclave.mdKeyReady'], STATUS.SCARD_F_INTERNAL_ERROR],
    [servedReady, s.MDEncryptData, change(s['enclave.refused'], { fault: { code: 'enclave_failed' } }), STATUS.SCARD_F_INTERNAL_ERROR],
  ] as const) {
    const run = converse([...before, call, answer, s.CardGetAlgorithmProperty])
    assert.equal([returnsOf(run.said.at(-2)!)[0]!.status, lastReturn(run)!.status], [status, 0])
  }
})

// Whatever is said to it, in whatever order.
const word: fc.Arbitrary<EventObject> = fc.oneof(
  fc.constantFrom(...everyWord, ...FUNCTIONS.map((name) => s[name]), noCard, setMode, setContainer, agree, response, nonce, {
    type: 'CardRSADecrypt',
    call: 1,
  }),
  fc.constantFrom(...ready, ...servedReady),
  fc
    .tuple(fc.constantFrom(s.CardDestroyKey, s.CardSetKeyProperty, setMode, s.CardGetKeyProperty), fc.integer({ min: 0, max: 4 }))
    .map(([call, given]) => change(call, { handle: given })),
  fc.constantFrom(...everyWord.filter(({ type }) => type.startsWith('card.'))).map(elsewhere),
)

test('SKI-20 SKI-21 SKI-22 SKI-147 SKI-240 laws: without a card no message to any card, with one no command to any enclave; one return for each call; no handle twice', async () => {
  let conversations = 0
  await fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), fc.constantFrom<readonly EventObject[]>([], ready, servedReady), (heard, prefix) => {
      let now = begin(minidriverMachine, input)
      let calls = 0
      const returns: number[] = []
      const handles: number[] = []
      for (const event of [...prefix, ...heard, s['app.timeout']]) {
        const isCall = 'call' in event && event.type !== 'minidriver.returned'
        const before = now.snapshot.context
        now = step(minidriverMachine, now.snapshot, (isCall ? change(event, { call: ++calls }) : event) as never)
        const { mode } = now.snapshot.context
        // Fixed from acquisition to deletion.
        assert.ok(before.mode === mode || before.mode === 'none' || mode === 'none')
        for (const { port, message } of now.said) {
          if (message.type === 'minidriver.returned') {
            const { call, function: name, handle: given } = message as unknown as Returned
            returns.push(call)
            if (given !== null && /^(CardImportSessionKey|CardGetSharedKeyHandle|CardDeriveKey|MDImportSessionKey)$/.test(name)) handles.push(given)
            continue
          }
          const from = before.mode === 'none' ? mode : before.mode
          assert.is(port, from === 'noCard' ? 'enclave' : 'wire', `${from} says ${message.type}`)
          if (from === 'noCard') assert.match(message.type, /^(mdImportSessionKey|mdSharedKey|mdEncrypt|mdOpenResponse|setKeyProperty|destroyKey)$/)
          else assert.match(message.type, /^apdu\./)
        }
        assert.equal(plain(now.snapshot.context), now.snapshot.context, 'public and plain')
      }
      assert.equal(
        [...returns].sort((a, b) => a - b),
        Array.from({ length: calls }, (_, at) => at + 1),
        'each call is answered once',
      )
      assert.is(new Set(handles).size, handles.length)
      assert.ok(handles.every((given) => Number.isInteger(given) && given > 0))
      conversations++
    }),
    { numRuns: 400 },
  )
  assert.ok(conversations >= 400)
})

test('SKI-143 without a card: eight functions, CardDeleteContext, and nothing else has any effect', () => {
  const others = FUNCTIONS.filter(
    (name) => !(NO_CARD_FUNCTIONS as readonly string[]).includes(name) && name !== 'CardDeleteContext' && name !== 'CardAcquireContext',
  )
  assert.is(others.length, FUNCTIONS.length - 10)
  for (const name of others) {
    const run = converse([...servedReady, s[name]])
    assert.equal([lastReturn(run)!.status, asked(run)], [STATUS.SCARD_E_UNSUPPORTED_FEATURE, []])
    assert.equal(run.context, converse(servedReady).context)
  }
})

test('SKI-15 several contexts at once do not know each other’s handles', () => {
  const other = { ...input, channel: 1 }
  const here = converse(keyed)
  const there = arrows.converse(other, [...[s.CardAcquireContext, ...acquired.slice(1).map(elsewhere)], s.CardDestroyKey])
  assert.equal(
    contextOf(here).keys.map((key) => key.key),
    [handle('k1')],
  )
  assert.equal([lastReturn(there)!.status, asked(there)], [STATUS.SCARD_E_INVALID_HANDLE, []])
})

test('SKI-240 every state answers every word', () => answersEverything(arrows, input, resting))

test('every arrow is taken', () => printCoverage(arrows))

test.run()
