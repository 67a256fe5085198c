/**
 * A world of SKI with a hostile host in it: he reads every wire and says on it what he likes, and in a *hosted* run he is
 * client, minidriver and reader himself, so that server and card hear nothing but what he tells them. What he computes is
 * in `ski-attacker.ts`.
 * @module
 */
import type { Crypto } from '../../src/crypto/crypto.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import type { CardRuleName } from '../../src/ski/enclave/card-rules.js'
import type { SoftwareCard } from '../../src/ski/enclave/card.js'
import type { SkiHandle } from '../../src/ski/enclave/commands.js'
import { SKI_PROFILES, type SkiPolicy, type Way } from '../../src/ski/policy.js'
import { roleName, serverConversation } from '../../machines/ski/injections.js'
import type { Injection } from '../../machines/ski/server-plan.js'
import type { Message } from '../../machines/ports.js'
import type { Envelope } from '../../machines/session.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { skiWorld, type RunWanted, type SecretName, type SkiWorld } from '../../tools/cli/ski/world.js'
import { establishmentParts, raw, text, xor, type Context } from './ski-attacker.js'

/** Words with their members, for a test that looks inside. */
export type Words = Message & Readonly<Record<string, unknown>>

/** What stands and what does not: a policy, and rules of the card that are switched off. */
export interface Defence {
  readonly policy: SkiPolicy
  readonly without?: readonly CardRuleName[]
}

const { published, hardened } = SKI_PROFILES

/** Both profiles, and `hardened` with one thing left out. */
export const DEFENCES = {
  published: { policy: published },
  hardened: { policy: hardened },
  k1Proof: { policy: { ...hardened, k1Proof: 'none' } },
  serverProof: { policy: { ...hardened, serverProof: 'none' } },
  sealedData: { policy: { ...hardened, sealedData: 'published', receipts: false } },
  receipts: { policy: { ...hardened, receipts: false } },
  cardNonce: { policy: hardened, without: ['nonceOutstanding'] },
  k1Origin: { policy: hardened, without: ['importedIsOrdinary'] },
} as const satisfies Readonly<Record<string, Defence>>

/** RSA keys are made once and handed out by turns: no attack here depends on a fresh one, and all of them want some. */
export async function stockedCrypto(crypto: Crypto = nodeCrypto(), count = 8): Promise<Crypto> {
  const keys: RsaPrivateKey[] = []
  for (let made = 0; made < count; made++) keys.push(await nodeCrypto().generateRsa(2048))
  let next = 0
  return { ...crypto, generateRsa: (bits) => (bits === 2048 ? copyKey(keys[next++ % count]!) : crypto.generateRsa(bits)) }
}

type Described = ReturnType<SoftwareCard['describe']>

/** See the module text. */
export interface SkiScene extends SkiWorld {
  readonly policy: SkiPolicy
  /** What arrives instead of a message on a wire; set by the attack. */
  tamper: (envelope: Envelope) => readonly Envelope[]
  /** Everything that was said on wires so far, by whomever. */
  readonly heard: readonly Envelope[]
  /** The newest message of a type that was said on a wire. */
  last(type: string): Words
  /** How often a message of a type was said on a wire. */
  told(type: string): number
  /** Says something on a wire in somebody's name, and lets everybody react. */
  say(to: string, message: Words): Promise<void>
  /** Asks a card, as its minidriver would, and gives back its answer. */
  apdu(message: Words, card?: string): Promise<Words>
  /** A run in which the attacker is client, minidriver and reader. */
  host(wanted?: HostedRun): Hosted
  /** What is in a container of a card. */
  container(number: number, card?: string): Described['containers'][number] | undefined
  /** A PIN of a card, with its counter. */
  pin(id: number, card?: string): Described['pins'][number]
  /** The key pairs that somebody has put into a card. */
  imported(card?: string): readonly Described['containers'][number][]
  /** Card and reader, without power for a moment. */
  reset(card?: string): Promise<void>
}

/** What a run of the attacker's is for. */
export interface HostedRun extends Partial<RunWanted> {
  /** The card that is really in the reader, where it is not the one that was enrolled. */
  readonly inReader?: string
  /** What the server injects, with PINs of the test's choosing. */
  readonly injects?: (hold: (pin: string) => SkiHandle) => Injection
}

/** A run of the attacker's: see {@link SkiScene.host}. */
export interface Hosted {
  /** Tells the server something and gives back what it says to that. */
  tell(message: Words): Promise<Words>
  /** Asks the card on the channel of this run. */
  apdu(message: Words): Promise<Words>
  /** Steps 1 to 15: a key is made on the card and shown to the server, honestly but for `change`. */
  offer(change?: (offer: Words) => Words): Promise<Words>
  /** Steps 17 to 21 with what the server said at 16: what the server says then, and the card's reference to the key. */
  establish(): Promise<Words>
  /** The card takes the key; nothing is told to the server. */
  takeKey(): Promise<Words>
  /** Step 27: sealed data goes to the card, as it is but for `change`. */
  feed(change?: Partial<Feeding>): Promise<Words>
  /** Step 31. */
  finish(output: unknown): Promise<Words>
  /** Steps 1 to 26, honestly: the card has not seen yet what the server has sealed. */
  upToSealed(): Promise<Hosted>
  /** Everything, honestly. */
  complete(): Promise<Words>
  /** How the server ended. */
  outcome(): string | true | null
  /** What the parties said so far. */
  readonly known: { start?: Words; offer?: Words; key?: Words; taken?: Words; sealed?: Words }
  /** The context of the session as the server has it. */
  context(): Context
}

/** What goes into `PROCESS ENCRYPTED DATA`. */
export interface Feeding {
  readonly key: string
  readonly function: string
  readonly container: number | null
  readonly flags: number
  readonly iv: string
  readonly blobs: readonly string[]
}

/** Sets a scene. */
export async function skiScene(
  crypto: Crypto,
  { policy, without = [] }: Defence,
  options: { readonly cards?: number; readonly pins?: Readonly<Record<number, string>>; readonly watched?: boolean } = {},
): Promise<SkiScene> {
  const heard: Envelope[] = []
  const hosted = new Set<string>()
  /** The card whose answers go to the attacker, whoever has asked. */
  let asking: string | null = null
  const isHosted = (role: string) => hosted.has(role.split(' ').slice(1).join(' ')) && /^(client|minidriver) /.test(role)
  const network = (envelope: Envelope): readonly Envelope[] => {
    if (isHosted(envelope.from)) return []
    heard.push(envelope)
    if (isHosted(envelope.to) || envelope.from === asking) return [{ ...envelope, to: ATTACKER }]
    return made.tamper(envelope)
  }
  const { cards = 1, pins, watched = false } = options
  const tries = { 1: 3, 2: 5 } as const
  const world = await skiWorld({
    crypto,
    policy,
    cards,
    watched,
    network,
    cardEnclave: {
      without,
      ...(pins && { pins: ([1, 2] as const).map((id) => ({ id, value: Buffer.from(pins[id]!), tries: tries[id] })) }),
    },
  })
  // What the holder enters at the PIN pad is what the world has written down.
  for (const card of Object.values(world.cards)) Object.assign(card.pins, pins && { 1: Buffer.from(pins[1]!), 2: Buffer.from(pins[2]!) })
  const { session } = world.injections
  let runs = 0
  const ask = async (message: Words, card: string) => {
    const before = session.lines.length
    asking = card
    session.inject({ from: ATTACKER, to: card, port: 'wire', message })
    await session.run()
    asking = null
    const answer = session.lines.slice(before).find(({ to, message }) => to === ATTACKER && message.type.startsWith('card.'))?.message
    if (!answer) throw new Error(`${card} gave no answer to ${message.type}`)
    return answer as Words
  }
  const made: SkiScene = {
    ...world,
    policy,
    tamper: (envelope) => [envelope],
    heard,
    last: (type) => heard.findLast(({ message }) => message.type === type)?.message as Words,
    told: (type) => heard.filter(({ message }) => message.type === type).length,
    say: async (to, message) => {
      session.inject({ from: ATTACKER, to, port: 'wire', message })
      await session.run()
    },
    apdu: async (message, card = 'card') => ask({ channel: 0, ...message }, card),
    host: ({ inReader, injects, ...wanted } = {}) => {
      const number = ++runs
      const run = `hosted ${number}`
      hosted.add(run)
      const full = { way: 'session' as Way, secret: 'ec-P-256' as SecretName, card: 'card', ...wanted, name: run, channel: number % 4 }
      const hold = (pin: string) => world.server.holdPin(serverConversation(run), Buffer.from(pin))
      const request = made.request({ ...full, ...(injects && { server: { ...wanted.server, injection: injects(hold) } }) })
      const card = inReader ?? full.card
      world.injections.begin({ ...request, card })
      return hostedRun(made, run, { way: full.way, channel: full.channel, card, k1: K1_PLACES[number % K1_PLACES.length]! }, ask)
    },
    container: (number, card = 'card') => world.cards[card]!.enclave.describe().containers.find(({ container }) => container === number),
    pin: (id, card = 'card') => world.cards[card]!.enclave.describe().pins.find((pin) => pin.id === id)!,
    imported: (card = 'card') => world.cards[card]!.enclave.describe().containers.filter(({ origin }) => origin === 'imported'),
    reset: async (card = 'card') => {
      session.inject({ from: 'reader', to: card, port: 'wire', message: { type: 'reader.reset' } })
      await session.run()
    },
  }
  return made
}

interface Place {
  readonly way: Way
  readonly channel: number
  readonly card: string
  /** The container of K1. */
  readonly k1: number
}

function hostedRun(at: SkiScene, run: string, { way, channel, card, k1: container }: Place, ask: (message: Words, card: string) => Promise<Words>): Hosted {
  const { session } = at.injections
  const known: Hosted['known'] = {}
  const k1 = { container, kind: way === 'agreement' ? 'ec-P-256' : 'rsa-2048', pinId: 0 }
  const keyed = way === 'session' || way === 'agreement'
  const hosted: Hosted = {
    known,
    tell: async (message) => {
      const before = session.lines.length
      session.inject({ from: ATTACKER, to: roleName('server', run), port: 'wire', message })
      await session.run()
      const answer = session.lines.slice(before).find(({ from, to }) => from === roleName('server', run) && to === ATTACKER)?.message
      if (!answer) throw new Error(`the server gave no answer to ${message.type}`)
      return answer as Words
    },
    apdu: (message) => ask({ channel, ...message }, card),
    offer: async (change = (offer) => offer) => {
      known.start = await hosted.tell({ type: 'client.request', subject: 'CN=Test User,O=Keyferry', template: 'user-with-recovery' })
      const { session: id, evidence, wantsNonce } = known.start
      // The host asks for a key that no PIN guards.
      const shown = keyed ? await shownKey(hosted, k1, String(evidence)) : { spki: null, evidence: null }
      const nonce = wantsNonce && shown.evidence === null ? (await hosted.apdu({ type: 'apdu.challenge' }))['nonce'] : null
      const { cardId, product, version } = await hosted.apdu({ type: 'apdu.select' })
      known.offer = change({
        ...{ type: 'client.offer', session: id, way, cardId, product, version, nonce, ...shown, k1Container: keyed ? k1.container : null },
        ...{ algorithms: ['AES'], paddings: 10, modes: ['ChainingModeCBC'], container: 1, pinId: 1 },
      })
      known.key = await hosted.tell(known.offer)
      return known.key
    },
    takeKey: async () => {
      known.taken = await takenKey(hosted, way, k1.container, known.key!)
      return known.taken
    },
    establish: async () => {
      if (!known.taken) await hosted.takeKey()
      const { nonce = null, receipt = null } = known.taken!
      known.sealed = await hosted.tell({ type: 'client.established', session: known.start!['session'], nonce, receipt })
      return known.sealed
    },
    feed: async (change = {}) => {
      const { iv, blobs, flags, function: name, container } = { ...(known.sealed as unknown as Feeding), ...change }
      const key = change.key ?? known.taken!['key']
      await hosted.apdu({ type: 'apdu.setKeyProperty', key, mode: 'CBC', iv: null })
      await hosted.apdu({ type: 'apdu.setKeyProperty', key, mode: null, iv })
      return hosted.apdu({ type: 'apdu.processSealed', key, function: name, container, flags, blobs })
    },
    finish: (output) => hosted.tell({ type: 'client.installed', session: known.start!['session'], output }),
    upToSealed: async () => {
      await hosted.offer()
      await hosted.establish()
      return hosted
    },
    complete: async () => {
      await hosted.upToSealed()
      return hosted.finish((await hosted.feed())['output'] ?? null)
    },
    outcome: () => codeOf(at.injections.report(run).server),
    context: () => contextOf(hosted),
  }
  return hosted
}

async function shownKey(hosted: Hosted, k1: { readonly container: number }, evidence: string): Promise<{ spki: unknown; evidence: unknown }> {
  await hosted.apdu({ type: 'apdu.generate', ...k1 })
  const { spki, evidence: stated } = await hosted.apdu({ type: 'apdu.readKey', container: k1.container, evidence })
  return { spki, evidence: stated ?? null }
}

async function takenKey(hosted: Hosted, way: Way, container: number, { algorithm, padding, proven, input, peer }: Words): Promise<Words> {
  if (way === 'session') return hosted.apdu({ type: 'apdu.importSessionKey', container, algorithm, padding, proven, input })
  if (way === 'agreement') {
    const { agreement } = await hosted.apdu({ type: 'apdu.agree', container, peer })
    return hosted.apdu({ type: 'apdu.deriveKey', agreement, algorithm, proven, input })
  }
  // The bare input of a derivation names the algorithm in its last byte, for the minidriver.
  const bare = way === 'derived' && !proven ? text(raw(input).subarray(0, -1)) : input
  return hosted.apdu({ type: 'apdu.shareKey', way, algorithm, proven, input: bare })
}

/** What an establishment names; in the published inputs, what the messages say. */
function contextOf({ known: { start, offer, key, taken } }: Hosted): Context {
  if (key?.['proven']) {
    const bytes = raw(key['input'])
    return { session: bytes.subarray(12, 28), serverNonce: bytes.subarray(28, 44), cardNonce: bytes.subarray(44, 60), cardId: bytes.subarray(60, 76) }
  }
  const nonce = offer?.['nonce'] ?? taken?.['nonce']
  return {
    session: raw(start?.['session']),
    serverNonce: raw(start?.['nonce']),
    cardNonce: nonce ? raw(nonce) : Buffer.alloc(16),
    cardId: raw(offer?.['cardId']),
  }
}

/** The wrapped S1 in what the server said at step 16. */
export const wrappedIn = (key: Words): Uint8Array => (key['proven'] ? establishmentParts(String(key['input'])).material : raw(key['input']))

/** How a role ended: `true`, the code of its fault, or `null` if it has not. */
export const codeOf = (outcome: { readonly ok: true } | { readonly ok: false; readonly fault: { readonly code: string } } | null): string | true | null =>
  outcome === null ? null : outcome.ok ? true : outcome.fault.code

/** An IV under which the first block says `wanted` where it would say `said`. */
export const rewritten = (iv: string, said: Uint8Array, wanted: Uint8Array): string => text(xor(raw(iv), said.subarray(0, 16), wanted.subarray(0, 16)))

const ATTACKER = 'attacker'
/** Where hosted runs have their K1: the next ones in the next one. */
const K1_PLACES = [8, 9, 10, 11, 12, 13, 14, 15]
