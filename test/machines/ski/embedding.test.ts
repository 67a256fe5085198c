/**
 * The five roles in somebody else's program, by the public entry points alone: links of its own, progress to watch, outputs
 * that are values, and each role stored as JSON and taken up again in the middle of a run.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createActor, toPromise, type AnyActorRef, type AnyStateMachine, type Snapshot } from 'xstate'
import {
  archiveMachine,
  cardMachine,
  enclavePort,
  linkPort,
  minidriverMachine,
  serverMachine,
  SKI_HEARS,
  skiClientMachine,
  type AnyEnclave,
  type InjectionRequest,
  type Link,
  type Message,
  type SkiClientInput,
} from '../../../machines/index.js'
import { readSkiAnswer, readSkiMessage, SKI_PROFILES, type Way } from '../../../src/ski/index.js'
import { DEMONSTRATION_PRODUCT, skiWorld, WAYS, type SecretName, type SkiWorld } from '../../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { pooled } from '../../support/world.js'
import { session } from './samples.js'
import { clientInput, clientRun, hearsOf } from './scripts.js'

const test = suite('ski embedding')
const crypto = pooled(nodeCrypto(), 2)

/** A program of fifteen lines that plays the client application. */
const program = async (input: SkiClientInput, words: readonly Message[], print: (text: string) => void) => {
  let hear: (message: Message) => void = () => {}
  const link: Link = {
    send: (message) => print(`says ${message.type}`),
    listen: (ear) => {
      hear = ear
      return () => print('hangs up')
    },
  }
  const wire = linkPort({ link, hears: SKI_HEARS.client.wire, read: readSkiMessage })
  const client = createActor(skiClientMachine.provide({ actors: { wire } }), { input })
  client.on('progress', ({ step }) => print(`progress ${step}`))
  client.start()
  for (const word of words) hear(word)
  return toPromise(client)
}

test('SKI-249 fifteen lines embed a role', async () => {
  const lines: string[] = []
  const output = await program(clientInput, hearsOf(clientRun({ way: 'shared', bare: true })), (line) => lines.push(line))
  assert.equal(output, { ok: true, session, way: 'shared', container: 1, certificate: 'Ynl0ZXM', pinWasTyped: false })
  assert.equal(
    lines.filter((line) => line.startsWith('progress')),
    ['started', 'offered', 'keyEstablished', 'installed', 'done'].map((step) => `progress ${step}`),
  )
  assert.is(lines.at(-1), 'hangs up')
  const body = program.toString().split('\n').slice(1, -1)
  assert.ok(body.length <= 15, `${body.length} lines`)
})

test('SKI-249 a refusal is an output like any other', async () => {
  const lines: string[] = []
  const output = await program(clientInput, [{ type: 'server.refused', session: null } as Message], (line) => lines.push(line))
  assert.equal(output, { ok: false, fault: { code: 'server_refused', requirement: 'SKI-28' }, installed: false })
  assert.equal(lines, ['says CardAcquireContext', 'says CardDeleteContext', 'says client.gaveUp', 'progress refused', 'hangs up'])
})

type Name = 'client' | 'minidriver' | 'card' | 'server' | 'serverMinidriver' | 'archive'
type PortName = 'wire' | 'local' | 'console'

/** An app's own post office: six actors, each with links of its own; nothing of `Injections` or `Session`. */
class Office {
  /** Who said what. */
  readonly said: string[] = []
  readonly #queue: (readonly [ear: string, message: Message])[] = []
  readonly #ears = new Map<string, (message: Message) => void>()
  readonly #machines = new Map<Name, AnyStateMachine>()
  readonly #actors = new Map<Name, AnyActorRef>()
  readonly #pin: (pinId: number) => string
  #working = 0

  constructor(world: SkiWorld, { client, server }: InjectionRequest) {
    const { enclave: card, pins } = world.cards['card']!
    this.#pin = (pinId) => card.enterPin(pins[pinId]!)
    const { wire, console } = SKI_HEARS.card
    const input = { ...DEMONSTRATION_PRODUCT, channel: 0 }
    this.#seat('card', cardMachine, { wire, console }, world.settings.cards['card']!.input, [card, 'card'])
    this.#seat('archive', archiveMachine, SKI_HEARS.archive, { archivalRequired: world.settings.archivalRequired }, [world.authority, 'archive'])
    this.#seat('server', serverMachine, SKI_HEARS.server, server, [world.server, 'server'])
    this.#seat('serverMinidriver', minidriverMachine, SKI_HEARS.serverMinidriver, input, [world.server, 'server'])
    this.#seat('minidriver', minidriverMachine, SKI_HEARS.minidriver, input)
    this.#seat('client', skiClientMachine, SKI_HEARS.client, client)
  }

  output(name: Name): { readonly ok: boolean } {
    return (this.#actors.get(name)!.getSnapshot() as { readonly output: { readonly ok: boolean } }).output
  }

  /** Carries everything; after each message the role `dies` is stored, stopped, and started again from its JSON. */
  async run(dies: Name | null): Promise<number> {
    let restarts = 0
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const [ear, message] = next
      this.#ears.get(ear)?.(message)
      do await new Promise((resolve) => setImmediate(resolve))
      while (this.#working > 0)
      if (dies === null) continue
      const actor = this.#actors.get(dies)! as AnyActorRef & { getPersistedSnapshot: () => Snapshot<unknown> }
      const stored = JSON.stringify(actor.getPersistedSnapshot())
      actor.stop()
      this.#start(dies, { snapshot: JSON.parse(stored) as Snapshot<unknown> })
      restarts++
    }
    return restarts
  }

  #seat(name: Name, machine: AnyStateMachine, hears: Partial<Record<PortName, readonly string[]>>, input: unknown, enclave?: [AnyEnclave, string]): void {
    const ports = Object.entries(hears).map(([port, words]) => [
      port,
      linkPort({ link: this.#link(name, port as PortName), hears: words, read: readSkiMessage }),
    ])
    const actors = { ...Object.fromEntries(ports), ...(enclave && { enclave: enclavePort(this.#counted(enclave[0]), enclave[1], readSkiAnswer) }) } as object
    this.#machines.set(name, machine.provide({ actors } as never))
    this.#start(name, { input })
  }

  #start(name: Name, from: { readonly input: unknown } | { readonly snapshot: Snapshot<unknown> }): void {
    const actor = createActor(this.#machines.get(name)!, from as never)
    this.#actors.set(name, actor)
    actor.start()
  }

  #link(name: Name, port: PortName): Link {
    return {
      send: (message) => {
        this.said.push(`${name} ${message.type}`)
        if (port !== 'console') this.#queue.push([earFor(name, message), message])
        else if (message.type === 'card.pinWanted') {
          const { pinId } = message as Message & { readonly pinId: number }
          this.#queue.push(['card console', { type: 'holder.pinEntered', pinId, entry: this.#pin(pinId) } as Message])
        }
      },
      listen: (ear) => {
        this.#ears.set(`${name} ${port}`, ear)
        return () => void this.#ears.delete(`${name} ${port}`)
      },
    }
  }

  #counted(enclave: AnyEnclave): AnyEnclave {
    return {
      perform: (conversation, command) => {
        const answer = enclave.perform(conversation, command)
        if (!(answer instanceof Promise)) return answer
        this.#working++
        return answer.finally(() => this.#working--)
      },
    }
  }
}

/** For whom a message is, and which port of his it comes in by. */
function earFor(from: Name, { type }: Message): string {
  switch (from) {
    case 'client':
      return type.startsWith('client.') ? 'server wire' : 'minidriver wire'
    case 'minidriver':
      return type === 'minidriver.returned' ? 'client wire' : 'card wire'
    case 'card':
      return 'minidriver wire'
    case 'serverMinidriver':
    case 'archive':
      return 'server local'
    case 'server':
      if (/^server\.(archive|commit|discard|certify)$/.test(type)) return 'archive local'
      return type.startsWith('server.') ? 'client wire' : 'serverMinidriver wire'
  }
}

async function injected(way: Way, secret: SecretName, dies: Name | null) {
  const world = await skiWorld({ crypto, policy: SKI_PROFILES.hardened })
  const office = new Office(world, world.request({ way, secret }))
  const restarts = await office.run(dies)
  return { office, world, restarts, said: office.said, client: office.output('client'), server: office.output('server') }
}

const rolesToStop: readonly Name[] = ['client', 'minidriver', 'card', 'server', 'serverMinidriver', 'archive']
for (const [way, secret] of [
  ['session', 'ec-P-256'],
  ['agreement', 'ec-P-256'],
  ['derived', 'pin'],
] as const)
  // prettier-ignore
  test(`SKI-245 way ${way}, ${secret}: whichever role dies after every message and is taken up from its JSON, the run is the same`, async () => {
    const straight = await injected(way, secret, null)
    assert.ok(straight.client.ok && straight.server.ok, JSON.stringify([straight.client, straight.server]))
    for (const dies of rolesToStop) {
      const { said, restarts, client, server, world } = await injected(way, secret, dies)
      assert.ok(client.ok && server.ok, `${dies}: ${JSON.stringify([client, server])}`)
      assert.equal(said, straight.said, dies)
      assert.ok(restarts > 60, `${restarts} restarts`)
      const { keys, agreements } = world.cards['card']!.enclave.describe()
      assert.equal([keys, agreements], [[], []], 'SKI-19 no session key lives on')
      assert.is(world.cards['card']!.enclave.describe().containers.filter(({ purpose }) => purpose === 'user').length, secret === 'pin' ? 0 : 1)
    }
  })

test('SKI-283 the PIN pad of an app: the card asks its own console, and nothing of the PIN is said', async () => {
  const { said } = await injected('session', 'ec-P-256', null)
  assert.is(said.filter((line) => line === 'card card.pinWanted').length, 1)
  assert.is(said.filter((line) => line === 'card card.pinSettled').length, 1)
})

test('SKI-40 every way runs between actors that an app connects itself', async () => {
  for (const way of WAYS) {
    const { client, server } = await injected(way, 'ec-P-256', null)
    assert.ok(client.ok && server.ok, way)
  }
})

test.run()
