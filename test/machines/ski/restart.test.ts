/**
 * Every role of a run stored as JSON after every message and taken up in a new session, with the enclaves elsewhere; and what
 * becomes of a run whose messages, answers or newest snapshots were lost with the process.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AnyEnclave } from '../../../machines/ports.js'
import type { SessionSnapshot } from '../../../machines/session.js'
import { Injections, type InjectionRequest, type InjectionsOptions } from '../../../machines/ski/injections.js'
import type { ArchiveRecord } from '../../../machines/ski/archive.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { pure } from '../../../src/crypto/pure.js'
import { SKI_PROFILES, type SkiProfileName, type Way } from '../../../src/ski/policy.js'
import { skiWorld, type SecretName, type SkiWorld } from '../../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { pooled, seeded } from '../../support/world.js'
import { nested } from './laws.js'

const test = suite('ski restart')
const shared = pooled(nodeCrypto(), 2)
const keys = pooled(pure(seeded('restart')))
/** Turns of the event loop in which the enclaves have nothing to do: PKI work is asynchronous on every provider. */
let working = 0

/** The same enclave, with the work in hand counted. */
function counted(enclave: AnyEnclave): AnyEnclave {
  return {
    perform: (conversation, command) => {
      const answer = enclave.perform(conversation, command)
      if (!(answer instanceof Promise)) return answer
      working++
      return answer.finally(() => working--)
    },
  }
}

async function settled(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (working > 0)
}

const worldOf = (crypto: Crypto, profile: SkiProfileName, serialised = true, watched = true): Promise<SkiWorld> =>
  skiWorld({ crypto, policy: SKI_PROFILES[profile], serialised, watched, between: (enclave) => counted(enclave as AnyEnclave) as typeof enclave })

/** Goes on in a new session from what another one left, through JSON. */
function resume(settings: InjectionsOptions, request: InjectionRequest, left: SessionSnapshot): Injections {
  const { roles, inFlight } = JSON.parse(JSON.stringify(left)) as SessionSnapshot
  const injections = new Injections({ ...settings, snapshots: roles })
  injections.begin(request)
  for (const envelope of inFlight) injections.session.inject(envelope)
  return injections
}

/** Carries so many messages, stores everything, and stops. `null` when the run was over before. */
async function cut(injections: Injections, after: number): Promise<SessionSnapshot | null> {
  const { session } = injections
  for (let carried = 0; carried < after; carried++) {
    const envelope = session.take()
    if (!envelope) return null
    session.deliver(envelope)
    await settled()
  }
  const left = session.persist()
  session.stop()
  return left
}

/** Whoever is asked comes before who asks: an application that gives up while a call is in hand cannot leave its context any more. */
const ROLES = ['card', 'archive', 'minidriver', 'serverMinidriver', 'client', 'server']

/** Calls time for every role in turn, as often as it takes. */
async function callTime(injections: Injections): Promise<void> {
  await injections.session.run()
  for (let round = 0; round < 3; round++)
    for (const role of ROLES) {
      injections.session.actor(role).send({ type: 'app.timeout' })
      await injections.session.run()
    }
}

const stateOf = (injections: Injections, role: string): unknown => (injections.session.actor(role).getSnapshot() as { readonly value: unknown }).value
const recordsOf = (injections: Injections) =>
  (injections.session.actor('archive').getSnapshot() as { readonly context: { readonly records: readonly ArchiveRecord[] } }).context.records
const containersOf = ({ cards }: SkiWorld) => cards['card']!.enclave.describe().containers

/** Certificates, requests and envelopes draw randomness of their own; everything else follows from the seed. */
const unseeded = new Set(['certificate', 'request', 'envelope'])
const comparable = (message: object) => Object.fromEntries(Object.entries(message).filter(([name]) => !unseeded.has(name)))
/** A file that is a certificate. */
const isFile = ({ type }: { readonly type: string }) => type === 'CardWriteFile' || type === 'apdu.writeFile'

/** A run; with `every`, all roles die after each message, and their successors are started from what they left. */
async function run(way: Way, secret: SecretName, profile: SkiProfileName, serialised: boolean, every: boolean) {
  const crypto = { ...pure(seeded(`${way} ${secret} ${profile}`)), generateRsa: keys.generateRsa }
  // The ledger looks at everything that is shown, which takes longer than the run: it watches two of the runs.
  const world = await worldOf(crypto, profile, serialised, every && serialised && profile === 'hardened')
  const request = world.request({ way, secret })
  let injections = world.injections
  injections.begin(request)
  const said: object[] = []
  let restarts = 0
  for (;;) {
    const { session } = injections
    const envelope = session.take()
    if (envelope) session.deliver(envelope)
    await settled()
    if (!envelope && session.inFlight.length === 0) break
    if (!every) continue
    said.push(...session.lines)
    const left = session.persist()
    session.stop()
    injections = resume(world.settings, request, left)
    restarts++
  }
  said.push(...injections.session.lines)
  const lines = (said as Injections['session']['lines']).map(({ from, to, port, message }) => [
    from,
    to,
    port,
    isFile(message) ? message.type : comparable(message),
  ])
  const { client, server } = injections.report()
  return { lines, restarts, client, server, records: recordsOf(injections).map(comparable), containers: containersOf(world), leaks: world.ledger.leaks() }
}

const cases: readonly (readonly [Way, SecretName, SkiProfileName, boolean])[] = [
  ['session', 'ec-P-256', 'hardened', true],
  ['session', 'ec-P-256', 'published', true],
  ['agreement', 'ec-P-256', 'hardened', false],
  ['shared', 'ec-P-256', 'hardened', false],
  ['derived', 'pin', 'hardened', true],
]
for (const [way, secret, profile, serialised] of cases)
  test(`SKI-245 ${way}, ${secret}, ${profile}, ${serialised ? '' : 'not '}serialised: a restart of all roles after every message changes nothing`, async () => {
    const straight = await run(way, secret, profile, serialised, false)
    const broken = await run(way, secret, profile, serialised, true)
    assert.ok(broken.client?.ok && broken.server?.ok, JSON.stringify([broken.client, broken.server]))
    assert.ok(broken.restarts > 50, `${broken.restarts} restarts`)
    assert.equal(broken.lines, straight.lines, 'the same words, byte for byte')
    assert.equal(comparable(broken.client), comparable(straight.client!))
    assert.equal(comparable(broken.server), comparable(straight.server!))
    assert.equal([broken.records, broken.containers], [straight.records, straight.containers])
    assert.equal(broken.leaks, [])
  })

/** Whatever was lost: every role has ended or waits, and nothing is half done. */
function nothingIsHalfDone(world: SkiWorld, injections: Injections, where: string): void {
  const { client, server } = injections.report()
  assert.ok(client !== null && server !== null, `${where}: both have ended`)
  for (const [role, value] of [
    ['card', 'waiting'],
    ['archive', 'waiting'],
    ['minidriver', 'idle'],
    ['serverMinidriver', 'idle'],
  ] as const)
    // prettier-ignore
    assert.is(stateOf(injections, role), value, `${where}: ${role}`)
  assert.equal(
    world.server.describe().objects.filter(({ owner }) => owner === 'server'),
    [],
    `${where}: SKI-19 SKI-223 nothing of the run lives in the server’s enclave`,
  )
  const users = containersOf(world).filter(({ purpose }) => purpose === 'user')
  const records = recordsOf(injections)
  assert.ok(users.length <= 1, `${where}: one key at most`)
  if (users.length === 1) assert.is(records.length, 1, `${where}: SKI-24 what is on the card is archived`)
  if (server.ok && server.fingerprint !== null)
    assert.equal(
      [users.map(({ container }) => container), records.map(({ fingerprint, final }) => [fingerprint, final])],
      [[server.container], [[server.fingerprint, true]]],
      `${where}: SKI-250 success is a key on the card and a final record`,
    )
  if (client.ok || client.installed) assert.is(users.length, server.ok && server.fingerprint === null ? 0 : 1, `${where}: SKI-243 what the client says is so`)
}

/** What lives on the card for this run. */
const livingOn = ({ cards }: SkiWorld) => {
  const { keys, agreements } = cards['card']!.enclave.describe()
  return keys.length + agreements.length
}

for (const [way, stride] of [
  ['session', 1],
  ['agreement', 3],
  ['shared', 3],
  ['derived', 3],
] as const)
  // prettier-ignore
  test(`SKI-242 SKI-28 way ${way}: what was on its way is lost with the process; time is called, and nothing is half done`, async () => {
    const ends = new Set<string>()
    let cuts = 0
    for (let after = 0; ; after += stride) {
      const world = await worldOf(shared, 'hardened', true, false)
      const request = world.request({ way, secret: 'ec-P-256' })
      world.injections.begin(request)
      const left = await cut(world.injections, after)
      if (!left) break
      const injections = resume(world.settings, request, { ...left, inFlight: [] })
      await callTime(injections)
      nothingIsHalfDone(world, injections, `${way}, cut after ${after}`)
      // Where card and minidriver have lost each other's word, a key may be left that nobody names: the card's power ends it (SKI-18).
      const lost = left.inFlight.some(({ message }) => /^(card|apdu)\./.test(message.type))
      if (!lost) assert.is(livingOn(world), 0, `${way}, cut after ${after}: SKI-19 no session key lives on`)
      injections.reader('card', 'reader.reset')
      await injections.session.run()
      assert.is(livingOn(world), 0, 'SKI-18')
      const { client, server } = injections.report()
      ends.add(`${client?.ok ? 'ok' : 'refused'} ${server?.ok ? 'ok' : 'refused'}`)
      cuts++
      world.dispose()
    }
    assert.ok(cuts > 60 / stride, `${cuts} cuts`)
    // The server may know of success when its last word to the client is lost.
    assert.ok(ends.has('refused refused') && ends.has('refused ok'), [...ends].join(', '))
  })

test('SKI-246 the answer of an enclave is lost with the process: a refusal, and nothing left', async () => {
  const states = new Set<string>()
  for (let given = 0; ; given++) {
    const world = await worldOf(shared, 'hardened', true, false)
    const request = world.request({ way: 'session', secret: 'ec-P-256' })
    let asked = 0
    let swallowed = false
    const mute = <Enclave extends AnyEnclave>(enclave: Enclave): Enclave =>
      ({
        perform: (conversation: string, command: never) => {
          const answer = enclave.perform(conversation, command)
          if ((command as { type: string }).type === 'close' || asked++ !== given) return answer
          swallowed = true
          return new Promise(() => {})
        },
      }) as Enclave
    const { cards, serverEnclave, authorityEnclave } = world.settings
    const card = cards['card']!
    const first = new Injections({
      ...world.settings,
      cards: { card: { ...card, enclave: mute(card.enclave) } },
      serverEnclave: mute(serverEnclave),
      authorityEnclave: mute(authorityEnclave),
    })
    first.begin(request)
    for (let quiet = 0; quiet < 2; quiet++) {
      for (let envelope = first.session.take(); envelope; envelope = first.session.take()) {
        first.session.deliver(envelope)
        quiet = 0
      }
      await settled()
    }
    if (!swallowed) break
    for (const role of ['card', 'server', 'serverMinidriver', 'archive']) states.add(`${role} ${JSON.stringify(stateOf(first, role))}`)
    const left = first.session.persist()
    first.session.stop()
    const injections = resume(world.settings, request, left)
    await callTime(injections)
    nothingIsHalfDone(world, injections, `after ${given} answers`)
    const { client, server } = injections.report()
    // The last answer that can be lost is the card's, about a session key that has served: the secret is on the card by then.
    assert.not.ok(client?.ok)
    assert.ok(!server?.ok || !client || ('installed' in client && client.installed))
    world.dispose()
  }
  for (const state of ['generating', 'reading', 'unwrapping', 'processing', 'verifying']) assert.ok(states.has(`card ${nested('working', state)}`), state)
  for (const state of ['judging', 'keying', 'makingKey', 'enveloping', 'composing', 'droppingKey'])
    assert.ok(states.has(`server ${nested('running', state)}`), state)
  for (const state of ['importing', 'encrypting']) assert.ok(states.has(`serverMinidriver ${nested('withoutCard', 'working', state)}`), state)
  assert.ok(states.has('archive "certifying"'))
})

test('SKI-216 an old snapshot shortens no memory: a run put back to before the opening does not open again', async () => {
  const world = await worldOf(shared, 'hardened')
  const request = world.request({ way: 'session', secret: 'ec-P-256' })
  const { session } = world.injections
  world.injections.begin(request)
  let old: SessionSnapshot | null = null
  for (;;) {
    const [next] = session.inFlight
    if (!next) break
    if (next.message.type === 'apdu.processSealed') old = session.persist()
    session.deliver(session.take()!)
    await settled()
  }
  assert.ok(world.injections.report().server?.ok)
  const before = containersOf(world)
  session.stop()
  const second = resume(world.settings, request, old!)
  await callTime(second)
  const { client, server } = second.report()
  assert.not.ok(client?.ok)
  assert.not.ok(server?.ok)
  assert.equal(containersOf(world), before, 'the key that was installed, and no second one')
  assert.equal(world.ledger.leaks(), [])
})

test('SKI-245 a role that has ended stays ended', async () => {
  const world = await worldOf(shared, 'hardened')
  const request = world.request({ way: 'session', secret: 'ec-P-256' })
  const report = await world.injections.inject(request)
  const again = resume(world.settings, request, world.injections.session.persist())
  assert.equal(again.report(), report)
  again.session.inject({ from: 'client', to: 'server', port: 'wire', message: { type: 'client.gaveUp', session: null, status: 0 } as never })
  await again.session.run()
  assert.equal(again.report(), report)
  assert.is(again.session.dropped.length, 1)
})

test.run()
