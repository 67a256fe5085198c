/**
 * SKI in bad hands: a network that loses, doubles, delays and reorders messages, a host that changes, repeats, misroutes and
 * invents them on every wire, a reader that resets and ejects, an app that calls time at any moment. Deterministic: a run is
 * a list of disturbances, each with the turn at which it strikes, so that fast-check can shrink it.
 *
 * Calls inside the server and what the holder does at the PIN pad are out of everybody's reach.
 * @module
 */
import type { Injected } from '../../machines/ski/server-setup.js'
import type { Outcome } from '../../machines/ski/common.js'
import { roleName, serverConversation } from '../../machines/ski/injections.js'
import type { Message } from '../../machines/ports.js'
import type { Envelope } from '../../machines/session.js'
import { spkiFingerprint } from '../../src/crypto/fingerprint.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import { decodeSpki } from '../../src/crypto/spki.js'
import { fromBase64url } from '../../src/bytes/base64.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { SkiPolicy, Way } from '../../src/ski/policy.js'
import { skiWorld, type SecretName, type SkiWorld } from '../../tools/cli/ski/world.js'
import { everyWord } from '../machines/ski/samples.js'

/** Bad weather, the host's own acts, and what happens to the card. */
export const ACTS = ['lose', 'double', 'delay', 'hurry', 'change', 'repeat', 'misroute', 'invent', 'timeout', 'cancel', 'reset', 'remove', 'insert'] as const

/** One disturbance. */
export interface Disturbance {
  /** Strikes before this many messages have been carried. */
  readonly turn: number
  readonly what: (typeof ACTS)[number]
  /** Which of whatever there is to choose from. */
  readonly pick: number
  readonly other: number
}

/** A run: one or two injections into one card, or into two, at the same time. */
export interface SkiStorm {
  readonly policy: SkiPolicy
  readonly ways: readonly Way[]
  readonly secret: SecretName
  readonly twoCards: boolean
  readonly serialised: boolean
  /** Whether a ledger searches everything public for every secret, which takes most of the time; it does unless told otherwise. */
  readonly watched?: boolean
  readonly disturbances: readonly Disturbance[]
}

/** A provider whose RSA keys are made beforehand and given out in turn, at once: a run is over when nothing is on its way. */
export async function ready<C extends Crypto>(crypto: C, size = 6): Promise<C> {
  const keys = await Promise.all(Array.from({ length: size }, () => crypto.generateRsa(2048)))
  let next = 0
  return { ...crypto, generateRsa: () => copyKey(keys[next++ % size]!) }
}

/** What came of it. */
export interface SkiAftermath {
  readonly world: SkiWorld
  readonly outcomes: readonly (Outcome<Injected> | null)[]
  /** Fingerprints of the keys that the server made. */
  readonly made: ReadonlySet<string>
  /** Every user key that lies on a card: card, container, fingerprint. */
  readonly installed: readonly { readonly card: string; readonly container: number; readonly fingerprint: string }[]
  /** What still lives in the server's enclave under the conversations of the runs. */
  readonly leftAtServer: number
  /** Session keys and agreements that live on the cards. */
  readonly leftOnCards: number
  readonly archived: readonly string[]
}

/** Runs a storm to its end: when nothing is on its way any more, time is called for every role until all have ended. */
export async function skiStorm(crypto: Crypto, storm: SkiStorm): Promise<SkiAftermath> {
  const { policy, ways, secret, twoCards, serialised, watched = true, disturbances } = storm
  const world = await skiWorld({ crypto, policy, serialised, watched, cards: twoCards ? 2 : 1 })
  const { session } = world.injections
  const runs = ways.map((way, index) => ({ way, name: index === 0 ? '' : `run${index + 1}`, card: twoCards && index === 1 ? 'card2' : 'card' }))
  for (const [index, { way, name, card }] of runs.entries()) world.injections.begin(world.request({ way, secret, name, card, channel: index }))

  const roles = [...Object.keys(world.cards), 'archive', ...runs.flatMap(({ name }) => ['client', 'minidriver', 'server'].map((role) => roleName(role, name)))]
  const said: Envelope[] = []
  const pickOf = <T>(list: readonly T[], pick: number): T | undefined => (list.length === 0 ? undefined : list[pick % list.length])
  const tell = (role: string, message: Message) => session.actor(role).send(message)

  const strike = ({ what, pick, other }: Disturbance): void => {
    const wires = session.inFlight.map((envelope, index) => ({ envelope, index })).filter(({ envelope }) => envelope.port === 'wire')
    const chosen = pickOf(wires, pick)
    const past = pickOf(said, pick)
    switch (what) {
      case 'lose':
        if (chosen) session.take(chosen.index)
        return
      case 'double':
        if (chosen) session.inject(chosen.envelope)
        return
      case 'delay':
        if (chosen) session.inject(session.take(chosen.index)!)
        return
      case 'hurry':
        if (chosen) session.deliver(session.take(chosen.index)!)
        return
      case 'change':
        if (chosen) session.inject({ ...session.take(chosen.index)!, message: changed(chosen.envelope.message, other) })
        return
      case 'repeat':
        if (past) session.inject(past)
        return
      case 'misroute':
        if (past) session.inject({ ...past, to: pickOf(roles, other)! })
        return
      case 'invent':
        session.inject({ from: 'host', to: pickOf(roles, other)!, port: 'wire', message: pickOf(everyWord, pick)! })
        return
      case 'timeout':
      case 'cancel':
        tell(pickOf(roles, pick)!, { type: what === 'timeout' ? 'app.timeout' : 'app.cancel' })
        return
      default:
        world.injections.reader(
          pickOf(Object.keys(world.cards), pick)!,
          what === 'reset' ? 'reader.reset' : what === 'remove' ? 'reader.removed' : 'reader.inserted',
        )
    }
  }

  let turn = 0
  const carry = () => {
    for (;;) {
      for (const disturbance of disturbances) if (disturbance.turn === turn) strike(disturbance)
      const envelope = session.take()
      if (!envelope) return
      if (envelope.port === 'wire') said.push(envelope)
      session.deliver(envelope)
      if (++turn > 5000) throw new Error('a storm that does not end')
    }
  }
  carry()
  // Whoever still waits is told that time is up; a card out of its reader comes back.
  for (const card of Object.keys(world.cards)) world.injections.reader(card, 'reader.inserted')
  carry()
  for (let round = 0; round < 3; round++) {
    for (const role of roles) {
      tell(role, { type: 'app.timeout' })
      carry()
    }
  }

  const made = new Set(
    session.lines.flatMap(({ message }) => (message.type === 'enclave.keyPairMade' ? [(message as unknown as { fingerprint: string }).fingerprint] : [])),
  )
  const installed = Object.entries(world.cards).flatMap(([card, { enclave }]) =>
    enclave
      .describe()
      .containers.filter(({ purpose }) => purpose === 'user')
      .map(({ container, spki }) => ({ card, container, fingerprint: fingerprintOf(spki) })),
  )
  const conversations = new Set(runs.map(({ name }) => serverConversation(name)))
  const { records } = session.actor('archive').getSnapshot().context as { readonly records: readonly { readonly fingerprint: string }[] }
  return {
    world,
    outcomes: runs.map(({ name }) => world.injections.report(name).server),
    made,
    installed,
    leftAtServer: world.server.describe().objects.filter(({ owner }) => conversations.has(owner)).length,
    leftOnCards: Object.values(world.cards).reduce((sum, { enclave }) => sum + enclave.describe().keys.length + enclave.describe().agreements.length, 0),
    archived: records.map(({ fingerprint }) => fingerprint),
  }
}

/** A message with one member made another: a bit of a text, a number, a flag. */
function changed(message: Message, at: number): Message {
  const members = Object.entries(message).filter(([name]) => name !== 'type')
  const member = members[at % Math.max(1, members.length)]
  return member ? { ...message, [member[0]]: other(member[1], at) } : message
}

function other(value: unknown, at: number): unknown {
  if (typeof value === 'number') return value ^ (1 << (at % 8))
  if (typeof value === 'boolean') return !value
  if (Array.isArray(value))
    return at % 2 === 0 || value.length === 0
      ? [...(value as unknown[])].reverse()
      : value.map((one, index) => (index === at % value.length ? other(one, at) : (one as unknown)))
  if (typeof value !== 'string' || value === '') return value
  const index = at % value.length
  return value.slice(0, index) + (value[index] === 'A' ? 'B' : 'A') + value.slice(index + 1)
}

function fingerprintOf(spki: string): string {
  const der = fromBase64url(spki)
  const key = der.ok ? decodeSpki(der.value) : der
  if (!key.ok) throw new Error('a public key is wanted')
  return `spki-sha256:${spkiFingerprint(key.value)}`
}
