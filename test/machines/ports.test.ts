/**
 * What a port lets in and what it keeps out, each of the shipped ones, in every role: whatever a wire, a console or an
 * enclave says, a role hears only words of that port, in their declared shape.
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, sendTo, setup, type AnyMachineSnapshot, type EventObject } from 'xstate'
import type { RoleName } from '../../machines/byok/common.js'
import { sourceHsmMachine } from '../../machines/byok/source-hsm.js'
import { toolMachine } from '../../machines/byok/tool.js'
import { EXCHANGES, HEARS } from '../../machines/byok/vocabulary.js'
import { closedPort, enclavePort, linkPort, turnstile, type Link, type Message, type Port } from '../../machines/ports.js'
import { readMessage } from '../../src/byok/read-message.js'
import type { Enclave, EnclaveAnswer } from '../../src/enclave/commands.js'
import { readAnswer } from '../../src/enclave/read-answer.js'
import { stock } from '../support/storm.js'
import { VAULT, world } from '../support/world.js'
import { samples, stranger } from './byok/samples.js'

const test = suite('ports')

/** A role that writes down what a port lets in, and says what it is told to say. */
function behind(port: Port) {
  const heard: EventObject[] = []
  const machine = setup({
    types: { events: {} as EventObject & { readonly message?: EventObject } },
    actors: { port },
    actions: { say: sendTo('port', ({ event }) => event.message!), hear: ({ event }) => heard.push(event) },
  }).createMachine({ invoke: { src: 'port', id: 'port' }, on: { 'test.say': { actions: 'say' }, '*': { actions: 'hear' } } })
  const actor = createActor(machine).start()
  return {
    heard,
    say: (message: object) => actor.send({ type: 'test.say', message: message as EventObject }),
    stop: () => actor.stop(),
    status: () => actor.getSnapshot().status,
  }
}

/** A peer that says anything at all. */
function peer() {
  const sent: Message[] = []
  const ears = new Set<(value: never) => void>()
  const link: Link = {
    send: (message) => void sent.push(message),
    listen: (receiver) => {
      ears.add(receiver)
      return () => ears.delete(receiver)
    },
  }
  return { link, sent, ears, says: (value: unknown) => ears.forEach((ear) => ear(value as never)) }
}

/** A role's port as it ships, with a peer at the other end. */
function shipped(role: RoleName, port: 'wire' | 'console') {
  const { link, ...other } = peer()
  const dropped: unknown[] = []
  const hears: readonly string[] = HEARS[role][port] ?? []
  return { ...other, dropped, hears, ...behind(linkPort({ link, hears, read: readMessage, onDropped: (value) => dropped.push(value) })) }
}

const PORTS = (Object.keys(HEARS) as RoleName[]).flatMap((role) =>
  (['wire', 'console'] as const).filter((port) => HEARS[role][port] !== undefined).map((port) => [role, port] as const),
)

/** Names that are nobody's words. */
const NAMES: readonly unknown[] = [
  ...[
    'xstate.stop',
    'xstate.init',
    'xstate.error.actor.wire',
    'xstate.done.actor.enclave',
    'xstate.done.state.byok',
    'xstate.snapshot.wire',
    'xstate.promise.resolve',
  ],
  ...['*', 'client.*', 'enclave.*', 'officer.*', 'vaultHsm.*', '', ' ', 'CLIENT.KEK', 'client.kek ', 'client', 'client.', '.kek', 'app.clock'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'],
  ...[undefined, null, 0, true, Symbol('client.kek'), ['client.kek'], { toString: () => 'client.kek' }, Object('client.kek'), () => 'client.kek'],
]

for (const [role, port] of PORTS)
  test(`BYOK-154 the ${port} of ${role} says its own words and none of anybody else`, () => {
    const at = shipped(role, port)
    const words = Object.values<EventObject>(samples)
    assert.ok(at.hears.length > 0 && at.hears.every((word) => word in samples), 'every word has a sample')
    for (const word of words) at.says(word)
    const [mine, others] = [words.filter(({ type }) => at.hears.includes(type)), words.filter(({ type }) => !at.hears.includes(type))]
    assert.equal(at.heard, mine)
    assert.equal(at.dropped, others, 'what is not let in is reported')
    assert.ok(others.some(({ type }) => type.startsWith('enclave.')) && others.some(({ type }) => type.startsWith('app.')))

    // With every member that any word of the role has: the name alone decides.
    const members = Object.assign({}, ...mine) as object
    const strangers = [
      ...NAMES.map((type) => ({ ...members, type })),
      stranger,
      null,
      undefined,
      7,
      'client.kek',
      at.hears[0],
      [],
      [samples['client.kek']],
      () => samples['client.kek'],
    ]
    for (const value of strangers) at.says(value)
    assert.is(at.heard.length, mine.length)
    assert.equal(at.dropped.slice(others.length), strangers)
    assert.is(at.status(), 'active')
    at.stop()
  })

type Place = readonly string[]
const placesOf = (value: unknown, place: Place = []): readonly Place[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([name, member]) => [[...place, name], ...placesOf(member, [...place, name])])
    : []

/** The value with one member replaced, or without it. */
function changed(value: object, [name, ...rest]: Place, by: { readonly value?: unknown }): object {
  const { [name!]: old, ...others } = value as Record<string, unknown>
  if (rest.length > 0) return { ...others, [name!]: changed(old as object, rest, by) }
  return 'value' in by ? { ...others, [name!]: by.value } : others
}

/** Members that may be `null`, and the one that may be absent, as the types in src/byok/messages.ts say. */
const NULLABLE = new Set([
  ...['client.createKek expires', 'client.getKey version', 'client.importKey crv', 'client.importKey transfer', 'client.kek evidence', 'tool.wrap evidence'],
  ...['sourceHsm.kekOffered attestedVault', 'sourceHsm.compared sameKey', 'sourceHsm.compared kid', 'sourceHsm.compared operations'],
  ...['officer.acceptKek fingerprint', 'vault.key evidence', 'vault.import crv'],
  ...['enclave.kekHeld attestedVault', 'enclave.compared sameKey', 'enclave.compared kid', 'enclave.compared operations'],
])
const OPTIONAL = /^\S+ fault\.requirement$/

const kindOfValue = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)
const VALUES: readonly unknown[] = [
  'text',
  '',
  'x'.repeat(200_000),
  7,
  -1,
  1.5,
  Number.NaN,
  Infinity,
  2 ** 60,
  7n,
  true,
  false,
  null,
  undefined,
  [],
  ['sign'],
  [undefined],
  {},
  { type: 'RSA' },
  () => 1,
  Symbol('s'),
  new Map(),
]
/** Values of the right type that no word takes in any place. */
const never = (value: unknown) =>
  (typeof value === 'string' && value.length > 131_072) ||
  (typeof value === 'number' && !Number.isSafeInteger(value)) ||
  (Array.isArray(value) && value.includes(undefined))

/** Where a sample says `null`, a word that says more. */
const FULLER: Readonly<Record<string, object>> = {
  'client.createKek': { expires: 2_000_000_000 },
  'client.getKey': { version: '0'.repeat(32) },
  'officer.acceptKek': { fingerprint: 'f1' },
}
const wordsOf = (which: (type: string) => boolean) =>
  Object.values<EventObject>(samples)
    .filter(({ type }) => which(type))
    .map((word) => ({ ...word, ...FULLER[word.type] }))

const readers: readonly (readonly [name: string, read: (value: unknown) => unknown, words: readonly EventObject[]])[] = [
  ['a message', readMessage, wordsOf((type) => !/^(enclave|app)\./.test(type))],
  ['an answer', readAnswer, wordsOf((type) => type.startsWith('enclave.'))],
]

for (const [name, read, words] of readers)
  test(`BYOK-154 ${name} with a member that is missing or of another type is none`, () => {
    let count = 0
    for (const word of words) {
      assert.equal(read(word), word)
      assert.is.not(read(word), word, 'what comes in is a copy')
      for (const place of placesOf(word).filter(([first]) => first !== 'type')) {
        const title = `${word.type} ${place.join('.')}`
        const old = place.reduce<unknown>((inner, member) => (inner as Record<string, unknown>)[member], word)
        const left = read(changed(word, place, {}))
        if (OPTIONAL.test(title)) assert.equal(left, changed(word, place, {}))
        else assert.is(left, null, `${title} missing`)
        for (const value of VALUES) {
          const result = read(changed(word, place, { value }))
          const sameKind = kindOfValue(value) === kindOfValue(old) && !never(value)
          if (OPTIONAL.test(title)) assert.ok(result !== null, title)
          else if (value === null && NULLABLE.has(title)) assert.equal(result, changed(word, place, { value }), title)
          else if (!sameKind) assert.is(result, null, `${title} is ${kindOfValue(value)}`)
          count++
        }
      }
    }
    assert.ok(count > 500)
  })

/** The word with each member behind a getter that is honest a few times and a liar after that. */
function turncoat(word: object, honest: number, lie: unknown): object {
  const copy = {}
  for (const [name, member] of Object.entries(word)) {
    const shown = typeof member === 'object' && member !== null && !Array.isArray(member) ? turncoat(member as object, honest, lie) : (member as unknown)
    let reads = 0
    Object.defineProperty(copy, name, { enumerable: true, configurable: true, get: () => (reads++ < honest ? shown : lie) })
  }
  return copy
}

const angry = () => {
  throw new Error('a hostile getter')
}
const traps = ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'] as const

for (const [name, read, words] of readers)
  test(`BYOK-154 ${name} made to mislead its reader is read as it first was, or not at all`, () => {
    for (const word of words) {
      for (const place of placesOf(word)) {
        const throwing = changed(word, place, { value: undefined })
        const inner = place.slice(0, -1).reduce<object>((object, member) => (object as Record<string, object>)[member]!, throwing)
        Object.defineProperty(inner, place.at(-1)!, { enumerable: true, get: angry })
        const left = read(throwing)
        assert.ok(left === null, `${word.type} ${place.join('.')} throws`)
      }
      for (const honest of [1, 2, 3])
        for (const lie of [undefined, 'enclave.kept', 'x'.repeat(200_000), { type: 'xstate.stop' }, 2 ** 60]) {
          const result = read(turncoat(word, honest, lie))
          if (result !== null) assert.equal(result, word)
        }
      for (const trap of traps) {
        const result = read(new Proxy(word, { [trap]: angry }))
        if (result !== null) assert.equal(result, word)
      }
      const { proxy, revoke } = Proxy.revocable(word, {})
      revoke()
      assert.is(read(proxy), null)

      const inherited = read(Object.create(word))
      assert.ok(inherited === null || Object.keys(word).length === 1, `${word.type}: what is inherited was not said`)
      const more = {
        ...(JSON.parse('{"__proto__":{"enabled":true},"constructor":1,"toJSON":2,"xstate$$type":1}') as object),
        ...word,
        unasked: SECRET,
        [Symbol('s')]: SECRET,
      }
      const copy = read(Object.defineProperty(more, 'toString', { value: angry })) as object
      assert.equal(Reflect.ownKeys(copy), Object.keys(word), 'no member but its own')
      assert.is(Object.getPrototypeOf(copy), Object.prototype)
    }
    assert.is(({} as { enabled?: unknown }).enabled, undefined)
  })

const SECRET = 'what a careless driver puts into its errors'

test('BYOK-154 a list with holes, with a method of its own or without an end is none', () => {
  const word = samples['client.createKek']
  const withMap = Object.assign(['import'], { map: () => ['anything'], some: () => false })
  assert.equal(readMessage({ ...word, operations: withMap }), word)
  // eslint-disable-next-line no-sparse-arrays
  const holes = [, 'import']
  const endless = new Proxy(['import'], { get: (list, name) => (name === 'length' ? 2 ** 53 : Reflect.get(list, name)) as unknown })
  const wrongly = new Proxy(['import'], { get: (list, name) => (name === 'length' ? 'many' : Reflect.get(list, name)) as unknown })
  for (const operations of [holes, Array(3), endless, wrongly, Array(17).fill('import'), { 0: 'import', length: 1 }, new Set(['import'])])
    assert.is(readMessage({ ...word, operations }), null)
})

test('BYOK-154 law: whatever is said, a port neither throws nor lets in what is not a word of its role', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...PORTS),
      fc.constantFrom(...Object.values<EventObject>(samples)),
      fc.anything(),
      fc.nat(9),
      ([role, port], word, value, pick) => {
        const at = shipped(role, port)
        const places = placesOf(word)
        at.says(value)
        at.says(changed(word, places[pick % places.length]!, { value }))
        assert.is(at.heard.length + at.dropped.length, 2)
        for (const message of at.heard) assert.ok(at.hears.includes(message.type) && readMessage(message) !== null)
        at.stop()
      },
    ),
    { numRuns: 400 },
  ))

test('BYOK-154 what a role has heard does not change when its sender changes it', () => {
  const at = shipped('tool', 'wire')
  const message = structuredClone(samples['client.kek']) as { kid: { name: string }; operations: string[] }
  at.says(message)
  message.kid.name = 'other'
  message.operations.push('decrypt')
  assert.equal(at.heard, [samples['client.kek']])
})

test('BYOK-154 a vocabulary names events one by one, none of XState’s own', () => {
  for (const name of ['*', 'client.*', 'enclave.*', 'xstate.stop', 'xstate.error.actor.wire', 'xstate.'])
    assert.throws(
      () => linkPort({ link: peer().link, hears: ['client.kek', name], read: readMessage }),
      (error: unknown) => error instanceof TypeError && /one by one/.test(error.message),
    )
})

test('BYOK-154 a port listens from the start of its role to its end, and says what the role says in between', () => {
  const at = shipped('tool', 'wire')
  assert.is(at.ears.size, 1)
  at.say(samples['tool.file'])
  const ear = [...at.ears][0]!
  at.stop()
  assert.is(at.ears.size, 0)
  // A link that does not let go.
  ear(samples['client.kek'] as never)
  assert.equal([at.heard, at.sent], [[], [samples['tool.file']]])
})

test('BYOK-154 a role behind closed ports hears nothing, and is not disturbed', () => {
  const at = behind(closedPort)
  at.say(samples['tool.file'])
  assert.equal([at.heard, at.status()], [[], 'active'])
  at.stop()
  const tool = createActor(toolMachine, { input: { generator: 'test' } }).start()
  tool.send(samples['client.kek'] as never)
  assert.is(tool.getSnapshot().value, 'expectWrapped')
  tool.stop()
})

test('BYOK-157 a link that breaks when something is said ends in a refusal and a clean-up', () => {
  const [wire, orders] = [peer(), [] as string[]]
  const enclave: Enclave = { perform: (_, { type }) => (orders.push(type), type === 'close' ? null : (samples['enclave.kekHeld'] as EnclaveAnswer)) }
  const actor = createActor(
    sourceHsmMachine.provide({
      actors: {
        wire: linkPort({ link: wire.link, hears: HEARS.sourceHsm.wire, read: readMessage }),
        console: linkPort({ link: { ...peer().link, send: angry }, hears: HEARS.sourceHsm.console!, read: readMessage }),
        enclave: enclavePort(enclave, 'c'),
      },
    }),
    { input: { kekProof: 'attested' } },
  ).start()
  wire.says(samples['tool.wrap'])
  assert.equal(orders, ['holdKek', 'close'])
  assert.equal(wire.sent, [{ type: 'sourceHsm.refused', fault: { code: 'port_failed', requirement: 'BYOK-157' } }])
  assert.is(actor.getSnapshot().value, 'waiting')
  actor.stop()
})

const FAILED = { type: 'enclave.refused', fault: { code: 'enclave_failed', requirement: 'BYOK-157' } }
const good = samples['enclave.kept']

/** An enclave port in front of whatever is done at each command. */
function guarded(perform: (type: string) => unknown) {
  const asked: unknown[] = []
  const enclave = { perform: (...args: readonly [string, { type: string }]) => (asked.push(args), perform(args[1].type)) } as unknown as Enclave
  return { asked, ...behind(enclavePort(enclave, 'conversation 7')) }
}
const settle = () => new Promise((resolve) => setImmediate(resolve))

const REPLIES: readonly (readonly [name: string, reply: () => unknown, answer: unknown])[] = [
  ['answers', () => good, good],
  ['answers later', () => Promise.resolve(good), good],
  ['answers through a promise of its own kind', () => ({ then: (answer: (said: unknown) => void) => answer(good) }), good],
  ['adds members', () => ({ ...good, key: 'k1', d: SECRET, stack: SECRET }), good],
  [
    'refuses with more than a fault',
    () => ({ ...samples['enclave.refused'], fault: { ...samples['enclave.refused'].fault, found: SECRET, at: SECRET } }),
    samples['enclave.refused'],
  ],
  ['throws', () => angry(), FAILED],
  [
    'throws no error',
    () => {
      throw { type: 'enclave.kept', key: 'k1' }
    },
    FAILED,
  ],
  ['rejects', () => Promise.reject(new Error(SECRET)), FAILED],
  ['rejects with an answer', () => Promise.reject(good), FAILED],
  ['rejects through a promise of its own kind', () => ({ then: (_: unknown, failed: (error: unknown) => void) => failed(SECRET) }), FAILED],
  ['has a `then` that throws', () => ({ then: angry }), FAILED],
  ['has a `then` that cannot be read', () => Object.defineProperty({ ...good }, 'then', { get: angry }), FAILED],
  ['promises a promise of another kind', () => ({ then: (answer: (said: unknown) => void) => answer({ then: () => good }) }), FAILED],
  ...[
    undefined,
    null,
    0,
    '',
    'enclave.kept',
    true,
    [],
    [good],
    {},
    { type: 'enclave.kept' },
    { type: 'enclave.kept', key: 7 },
    { type: 'enclave.*', key: 'k1' },
    { type: ['enclave.kept'], key: 'k1' },
    () => good,
  ].flatMap((value) => [
    ['answers with no answer', () => value, FAILED] as const,
    ['answers later with no answer', () => Promise.resolve(value), FAILED] as const,
  ]),
  ...['xstate.stop', 'xstate.error.actor.enclave', 'officer.acceptKek', 'vaultHsm.imported', 'app.timeout', 'toString'].map(
    (type) => ['answers with another’s word', () => ({ ...Object.assign({}, ...Object.values(samples)), type }) as unknown, FAILED] as const,
  ),
]

test('BYOK-154 BYOK-157 whatever an enclave does, its role hears one answer of declared shape, or one refusal without a cause', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  for (const [name, reply, answer] of REPLIES) {
    const at = guarded(reply)
    at.say({ type: 'keep', key: 'k1' })
    await settle()
    assert.equal(at.heard, [answer], name)
    assert.equal(at.asked, [['conversation 7', { type: 'keep', key: 'k1' }]])
    assert.is(at.status(), 'active')
    at.stop()
  }
  process.off('unhandledRejection', note)
  assert.equal(unhandled, [])
})

test('BYOK-129 BYOK-157 what an enclave says to a `close` is not an answer, whatever it is', async () => {
  for (const [name, reply] of REPLIES) {
    const at = guarded(reply)
    at.say({ type: 'close' })
    await settle()
    assert.equal(at.heard, [], name)
    at.stop()
  }
})

test('BYOK-129 what was asked before a `close` is answered to nobody; what is asked after it, to the role', async () => {
  const answers: ((said: unknown) => void)[] = []
  const at = guarded((type) => (type === 'close' ? null : new Promise((resolve) => answers.push(resolve))))
  for (const type of ['keep', 'destroyKey', 'close', 'keep', 'close', 'destroyKey']) at.say({ type, key: 'k1' })
  for (const [index, answer] of answers.entries()) answer({ type: 'enclave.kept', key: `k${index}` })
  await settle()
  assert.equal(at.heard, [{ type: 'enclave.kept', key: 'k3' }])
  at.stop()
})

test('BYOK-157 an answer that comes after the role has ended is told to nobody', async () => {
  let answer: (said: unknown) => void = () => {}
  const at = guarded(() => new Promise((resolve) => (answer = resolve)))
  at.say({ type: 'keep', key: 'k1' })
  at.stop()
  answer(good)
  await settle()
  assert.equal(at.heard, [])
})

test('BYOK-156 a turnstile lets one question in at a time, in order, and holds up nothing else', () => {
  const at: string[] = []
  const gate = turnstile({ asks: ['ask'], answers: ['answer'] })
  const hear = (type: string, name: string) => gate.heard({ type }, () => at.push(name))
  for (const name of ['1', '2', '3']) hear('ask', name)
  hear('order', 'order')
  assert.equal(at, ['1', 'order'])
  gate.said({ type: 'progress' })
  assert.equal(at, ['1', 'order'])
  gate.said({ type: 'answer' })
  gate.said({ type: 'answer' })
  assert.equal(at, ['1', 'order', '2', '3'])
  gate.said({ type: 'answer' })
  gate.said({ type: 'answer' })
  hear('ask', '4')
  assert.is(at.at(-1), '4')
})

test('BYOK-156 what a turnstile holds up is what the role hears and answers', () => {
  for (const [role, { asks, answers }] of Object.entries(EXCHANGES)) {
    const { wire, console = [] } = HEARS[role as keyof typeof EXCHANGES] as { wire: readonly string[]; console?: readonly string[] }
    for (const word of asks) assert.ok([...wire, ...console].includes(word), word)
    for (const word of answers) assert.not.ok([...wire, ...console].includes(word), word)
  }
})

const shared = await stock(8)
const create = (name: string) => ({ type: 'client.createKek', request: `client-${name}-1`, name, bits: 2048, operations: ['import'], expires: null })

for (const serialised of [true, false])
  test(`BYOK-156 four customers at once, ${serialised ? 'serialised: each is served' : 'not serialised: some are refused, nothing is half stored'}`, async () => {
    const answers: Record<string, unknown>[] = []
    const at = await world({
      crypto: shared.crypto,
      serialised,
      network: (envelope) => {
        if (envelope.from === 'vault' && envelope.to === 'client') answers.push(envelope.message as never)
        return [envelope]
      },
    })
    const { session } = at.ceremony
    for (const name of ['a', 'b', 'c', 'd']) session.inject({ from: 'client', to: 'vault', port: 'wire', message: create(name) })
    await session.run()
    const made = answers.filter(({ type }) => type === 'vault.key').map(({ request }) => request)
    const { value, context } = session.actor('vault').getSnapshot() as AnyMachineSnapshot
    const records = Object.values((context as { keys: Record<string, readonly { handle: string }[]> }).keys).flat()
    assert.is(answers.length, 4, 'everybody is answered')
    assert.is(made.length === 4, serialised)
    assert.is(value, 'waiting')
    assert.equal(
      records.map(({ handle }) => handle).sort(),
      at.vault
        .describe()
        .map(({ handle }) => handle as string)
        .sort(),
      'BYOK-17 each key has a record, each record a key',
    )
    assert.is(records.length, made.length)
    assert.ok(at.vault.describe().every(({ owner, kid }) => owner === null && kid?.vault === VAULT))
    session.stop()
  })

test.run()
