/**
 * A world in bad hands: a network that loses, doubles, delays and reorders messages, a host that changes, repeats and
 * invents them, enclaves that answer late, and an app that calls time at any moment. Deterministic: a run is a list of
 * disturbances, each with the turn at which it strikes, so that fast-check can shrink it.
 *
 * The console is out of everybody's reach, but a person may be slow: its messages keep their order and nothing else.
 * @module
 */
import { createCipheriv, publicEncrypt, constants, createPublicKey } from 'node:crypto'
import type { AnyMachineSnapshot } from 'xstate'
import { toBase64url } from '../../src/bytes/base64.js'
import { writeTransferFile } from '../../src/byok/transfer-file.js'
import { PROFILES, type ByokPolicy } from '../../src/byok/policy.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import type { EcPrivateKey, RsaPrivateKey } from '../../src/crypto/keys.js'
import { writeTarget } from '../../src/crypto/target.js'
import type { KeyRecord } from '../../src/enclave/attributes.js'
import type { Enclave, EnclaveAnswer, KeyHandle, KeyKind, Kid, Operation } from '../../src/enclave/commands.js'
import { softwareEnclave, type SoftwareEnclave } from '../../src/enclave/software.js'
import { encodeRequest } from '../../src/byok/rest.js'
import { readMessage } from '../../src/byok/read-message.js'
import { HEARS } from '../../machines/byok/vocabulary.js'
import type { RoleName } from '../../machines/byok/common.js'
import type { TransferReport, TransferRequest } from '../../machines/byok/ceremony.js'
import type { Message } from '../../machines/ports.js'
import type { Envelope } from '../../machines/session.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { kindOf, VAULT, world, type World } from './world.js'

/** The roles that end, and those that come back to waiting. */
export const CEREMONY_ROLES = ['client', 'tool', 'officer'] as const
/** See {@link CEREMONY_ROLES}. */
export const SERVICES = ['sourceHsm', 'vault', 'vaultHsm'] as const
const ROLES: readonly RoleName[] = [...CEREMONY_ROLES, ...SERVICES]

/** What bad weather does: to any wire, without a thought. */
export const WEATHER = ['lose', 'double', 'delay', 'hurry', 'answer', 'timeout', 'cancel', 'clock'] as const
/** What the host does: on every wire but the one between the vault and its HSM. */
export const MALICE = ['change', 'repeat', 'misroute', 'invent', 'plant', 'substitute', 'jargon'] as const
/** What the owner of the front end does as well. */
export const FRONT = ['command', 'lie'] as const

/** One disturbance. */
export interface Disturbance {
  /** Strikes before this many messages have been carried. */
  readonly turn: number
  readonly what: (typeof WEATHER)[number] | (typeof MALICE)[number] | (typeof FRONT)[number]
  /** Which of whatever there is to choose from. */
  readonly pick: number
  readonly other: number
}

/** What an attacker in the middle does with every message of a kind, from the beginning to the end. */
export const TACTICS = ['own pair', 'own vault', 'own vault, honest kid', 'other target', 'plant', 'widen', 'rename', 'old evidence', 'no evidence'] as const

/** A run. */
export interface Storm {
  readonly policy: ByokPolicy
  readonly kind: KeyKind
  readonly serialised: boolean
  /** Whether enclaves answer only when there is nothing else to do. */
  readonly late: boolean
  /** Whether an undisturbed transfer of another key went before, whose messages the attacker has. */
  readonly history: boolean
  /** When the KEK expires, or `null`. */
  readonly expires: number | null
  readonly disturbances: readonly Disturbance[]
  readonly tactics: readonly (typeof TACTICS)[number][]
}

/** What came of it. */
export interface Aftermath {
  readonly storm: Storm
  readonly world: World
  readonly report: TransferReport
  readonly request: TransferRequest
  /** Every record that the vault's HSM ever had, by version. */
  readonly everHeld: ReadonlyMap<string, KeyRecord>
  /** What was said on wires, delivered or not. */
  readonly said: readonly Envelope[]
  /** Deliveries that a port neither let in nor noted, or noted although it let them in. */
  readonly miscounted: readonly string[]
  /** Blobs that left the source HSM and that somebody but the vault can open. */
  readonly opened: readonly string[]
  /** How often time had to be called at the end. */
  readonly rounds: number
}

/** The attacker's own vault, genuine like any other. */
export const EVIL_VAULT = 'https://evil.managedhsm.azure.net'

/** What every storm of a process shares: slow keys. A KEK is never given out twice within one run. */
export interface Stock {
  readonly crypto: Crypto
  /** The attacker's own pair, and the only KEK of his own vault. */
  readonly own: RsaPrivateKey
  readonly foreign: RsaPrivateKey
  /** The key that he plants. */
  readonly mine: EcPrivateKey
}

/** Makes the stock. */
export async function stock(size = 6): Promise<Stock> {
  const crypto = nodeCrypto()
  const keys = await Promise.all(Array.from({ length: size + 2 }, () => crypto.generateRsa(2048)))
  const [own, foreign] = keys.splice(size) as [RsaPrivateKey, RsaPrivateKey]
  let next = 0
  return { own, foreign, mine: crypto.generateEc('P-256'), crypto: { ...crypto, generateRsa: () => copyKey(keys[next++ % keys.length]!) } }
}

/** Carries what is on its way and lets answers in, without waiting for an enclave that never answers. */
export async function drain({ session }: World['ceremony']): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    for (let envelope = session.take(); envelope; envelope = session.take()) {
      session.deliver(envelope)
      quiet = 0
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Calls time for every role that still waits, until none does. Gives back who waits all the same. */
export async function callTime(ceremony: World['ceremony']): Promise<readonly string[]> {
  const waiting = () => {
    const snapshots = ROLES.map((role) => [role, ceremony.session.actor(role).getSnapshot() as AnyMachineSnapshot] as const)
    return snapshots.filter(([role, { status, value }]) => status === 'active' && (CEREMONY_ROLES.some((one) => one === role) || value !== 'waiting'))
  }
  await drain(ceremony)
  for (let rounds = 0; waiting().length > 0 && rounds < 8; rounds++) {
    for (const [role] of waiting()) ceremony.session.actor(role).send({ type: 'app.timeout' })
    await drain(ceremony)
  }
  return waiting().map(([role]) => role)
}

/** An enclave whose answers wait until they are let out. What is asked is done at once and in order. */
export class LateEnclave implements Enclave {
  readonly #inner: Enclave
  readonly #waiting: (() => void)[]

  constructor(inner: Enclave, waiting: (() => void)[]) {
    this.#inner = inner
    this.#waiting = waiting
  }

  perform(...asked: Parameters<Enclave['perform']>): ReturnType<Enclave['perform']> {
    const answer = this.#inner.perform(...asked)
    return asked[1].type === 'close' ? answer : new Promise<EnclaveAnswer | null>((resolve) => this.#waiting.push(() => resolve(answer)))
  }
}

/** CKM_RSA_AES_KEY_WRAP with OpenSSL alone, as whoever knows a public KEK can do it. */
export function wrapFor(kek: { readonly n: string; readonly e: string }, payload: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: { kty: 'RSA', n: kek.n, e: kek.e }, format: 'jwk' })
  const ephemeral = Buffer.alloc(32, 7)
  const first = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, ephemeral)
  const cipher = createCipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex'))
  return Uint8Array.from(Buffer.concat([first, cipher.update(payload), cipher.final()]))
}

/** Runs a storm until the dust has settled. */
export async function weather(storm: Storm, shared: Stock): Promise<Aftermath> {
  return new Weather(storm, shared).run()
}

class Weather {
  readonly #storm: Storm
  readonly #stock: Stock
  readonly #crypto: Crypto
  readonly #late: (() => void)[] = []
  readonly #said: Envelope[] = []
  readonly #miscounted: string[] = []
  readonly #everHeld = new Map<string, KeyRecord>()
  #world!: World
  #evil!: SoftwareEnclave
  #evilKek!: Extract<EnclaveAnswer, { type: 'enclave.kekMade' }>
  /** History is made without an enemy. */
  #enemy = false

  constructor(storm: Storm, shared: Stock) {
    this.#storm = storm
    this.#stock = shared
    this.#crypto = shared.crypto
  }

  async run(): Promise<Aftermath> {
    const { policy, kind, serialised, late, history, expires, disturbances, tactics } = this.#storm
    const evilKey = await this.#crypto.generateEc('P-256')
    const evilCrypto = { ...this.#crypto, generateRsa: () => copyKey(this.#stock.foreign) }
    this.#evil = softwareEnclave({ crypto: evilCrypto, policy, identity: { vault: EVIL_VAULT, signingKey: evilKey }, name: 'other vault HSM' })
    this.#evilKek = (await this.#evil.perform('evil', { type: 'makeKek', name: 'kek', bits: 2048 })) as Extract<EnclaveAnswer, { type: 'enclave.kekMade' }>
    let slow = false
    this.#world = await world({
      crypto: this.#crypto,
      policy,
      serialised,
      alsoBelieved: [evilKey],
      between: (enclave) => {
        const lateOne = new LateEnclave(enclave, this.#late)
        return { perform: (...asked) => (slow ? lateOne : enclave).perform(...asked) }
      },
      network: (envelope) => {
        this.#said.push(envelope)
        return this.#enemy ? tactics.reduce<readonly Envelope[]>((all, tactic) => all.flatMap((one) => this.#use(tactic, one)), [envelope]) : [envelope]
      },
    })
    await this.#world.makeTarget('target', kind)
    const base = { kek: { name: 'kek', bits: 2048, expires }, disposeKek: true, target: 'target', name: 'payroll', ...kindOf(kind), generator: 'test' } as const
    await this.#world.makeTarget('older', 'ec-P-256')
    if (history) {
      const older: TransferRequest = {
        ...base,
        target: 'older',
        name: 'ledger',
        ...kindOf('ec-P-256'),
        kek: { name: 'older-kek', bits: 2048, expires },
        disposeKek: false,
      }
      await this.#world.ceremony.transfer(policy.kekProof === 'pinned' ? await this.#pin(older) : older)
    }
    const request = policy.kekProof === 'pinned' ? await this.#pin(base) : base
    slow = late
    this.#enemy = true
    this.#world.ceremony.begin(request)
    await this.#blow(disturbances)
    const rounds = await this.#settle()
    return {
      storm: this.#storm,
      world: this.#world,
      report: this.#world.ceremony.report(),
      request,
      everHeld: this.#everHeld,
      said: this.#said,
      miscounted: this.#miscounted,
      opened: await this.#openBlobs(),
      rounds,
    }
  }

  /** A KEK that is made beforehand, so that its fingerprint can reach the officer over another channel. */
  async #pin(request: TransferRequest): Promise<TransferRequest> {
    const { session } = this.#world.ceremony
    const known = this.#world.vault.describe().map(({ handle }) => handle)
    const message = {
      type: 'client.createKek',
      request: 'client-pin-1',
      name: request.kek.name,
      bits: 2048,
      operations: ['import'],
      expires: this.#storm.expires,
    }
    session.inject({ from: 'client', to: 'vault', port: 'wire', message })
    await session.run()
    const { kid, identity } = this.#world.vault.describe().find(({ handle }) => !known.includes(handle))!
    return { ...request, kek: kid!, fingerprint: identity.slice(identity.indexOf(':') + 1) }
  }

  async #blow(disturbances: readonly Disturbance[]): Promise<void> {
    const last = Math.max(0, ...disturbances.map(({ turn }) => turn))
    for (let turn = 0; ; turn++) {
      for (const disturbance of disturbances) if (disturbance.turn === turn) await this.#strike(disturbance)
      if (!(await this.#carryOne()) && turn >= last) return
      if (turn > 2_000) throw new Error('the roles talk for ever')
    }
  }

  /** Lets everything be said that is still to be said, then calls time for whoever waits, until nobody does. */
  async #settle(): Promise<number> {
    for (let round = 0; ; round++) {
      for (let carried = 0; await this.#carryOne(); carried++) if (carried > 2_000) throw new Error('the roles talk for ever')
      const stuck = ROLES.filter((role) => !this.#atRest(role))
      if (stuck.length === 0 || round === 8) return round
      this.#timeouts(stuck)
    }
  }

  #atRest(role: RoleName): boolean {
    const { status, value } = this.#snapshot(role)
    return status !== 'active' || (value === 'waiting' && (SERVICES as readonly string[]).includes(role))
  }

  #snapshot = (role: RoleName) => this.#world.ceremony.session.actor(role).getSnapshot() as AnyMachineSnapshot

  #timeouts(roles: readonly RoleName[]): void {
    for (const role of roles) if (this.#snapshot(role).status === 'active') this.#tell(role, { type: 'app.timeout' })
  }

  #tell(role: RoleName, event: Message): void {
    this.#world.ceremony.session.actor(role).send(event)
  }

  /** The oldest message, or else the oldest answer of an enclave. */
  async #carryOne(): Promise<boolean> {
    const { session } = this.#world.ceremony
    const envelope = session.take()
    if (envelope) this.#deliver(envelope)
    else if (!this.#answerOne()) return false
    await new Promise((resolve) => setImmediate(resolve))
    for (const record of this.#world.vault.describe()) if (record.kid) this.#everHeld.set(record.kid.version, record)
    return true
  }

  #answerOne(): boolean {
    const answer = this.#late.shift()
    answer?.()
    return answer !== undefined
  }

  #deliver(envelope: Envelope): void {
    const { session } = this.#world.ceremony
    const [before, written] = [session.dropped.length, session.lines.length]
    const ended: readonly string[] = CEREMONY_ROLES.filter((role) => this.#snapshot(role).status !== 'active')
    session.deliver(envelope)
    const { to, port, message } = session.lines[written]!
    const { wire, console: heardAtConsole = [] } = HEARS[to as RoleName] ?? { wire: [] }
    const known = ((port === 'wire' ? wire : heardAtConsole) as readonly string[]).includes(message.type) && readMessage(message) !== null
    const dropped = session.dropped.length - before
    const lost = !known || ended.includes(to)
    if (dropped !== (lost ? 1 : 0)) this.#miscounted.push(`${message.type} to ${to} (${dropped} noted)`)
  }

  async #strike({ what, pick, other }: Disturbance): Promise<void> {
    const { session } = this.#world.ceremony
    const wires = session.inFlight.flatMap(({ port }, index) => (port === 'wire' ? [index] : []))
    const outer = wires.filter((index) => !INNER.has(session.inFlight[index]!.message.type))
    const one = <T>(items: readonly T[], by = pick): T | undefined => items[by % items.length]
    const put = (...envelopes: readonly (Envelope | undefined)[]) => envelopes.forEach((envelope) => envelope && session.inject(envelope))
    switch (what) {
      case 'lose':
        if (wires.length > 0) session.take(one(wires))
        return
      case 'double':
        if (wires.length > 0) put(session.inFlight[one(wires)!])
        return
      case 'delay':
        if (wires.length > 0) put(session.take(one(wires)))
        return
      case 'hurry':
        if (wires.length > 0) this.#deliver(session.take(one(wires))!)
        return
      case 'answer':
        this.#answerOne()
        return
      case 'timeout':
      case 'cancel': {
        const role = one(ROLES)!
        if (this.#snapshot(role).status === 'active') this.#tell(role, { type: `app.${what}` })
        return
      }
      case 'clock':
        this.#tell('vault', { type: 'app.clock', now: 1_000_000 + (other % 2_000) } as Message)
        return
      case 'change': {
        const index = one(outer)
        if (index === undefined) return
        const envelope = session.take(index)!
        put(possible({ ...envelope, message: this.#changed(envelope.message, other) }) ?? envelope)
        return
      }
      case 'repeat':
        put(one(this.#said.filter(({ message }) => !INNER.has(message.type))))
        return
      case 'misroute': {
        const envelope = one(this.#said.filter(({ message }) => !INNER.has(message.type)))
        if (envelope) put(possible({ ...envelope, to: one(ROLES, other)! }))
        return
      }
      case 'invent':
        put(possible(this.#invented(pick, other)))
        return
      case 'plant':
        put(possible(this.#planted(pick, other)))
        return
      case 'substitute':
        put(possible(this.#substituted(pick)))
        return
      case 'jargon':
        put({ from: 'client', to: one(ROLES, other)!, port: 'wire', message: one(JARGON)! })
        return
      case 'command':
        put({ from: 'vault', to: 'vaultHsm', port: 'wire', message: this.#command(pick, other) })
        return
      case 'lie':
        put(this.#lie(pick, other))
    }
  }

  /** A message with one member replaced by something that stood at the like place elsewhere, or by nonsense. */
  #changed(message: Message, by: number): Message {
    const places = placesOf(message).filter((place) => place.join('.') !== 'type')
    const place = places[by % places.length]
    if (!place) return message
    const seen = this.#said.map((envelope) => at(envelope.message, place)).filter((value) => value !== undefined)
    const values = [...new Set(seen), '', null, 0, true, 'x', [], undefined]
    return withAt(message, place, values[Math.floor(by / places.length) % values.length])
  }

  #kids(): readonly Kid[] {
    const seen = this.#said.map(({ message }) => (message as { kid?: Kid }).kid).filter((kid) => kid !== undefined)
    return [...seen, { vault: EVIL_VAULT, name: 'kek', version: 'e'.repeat(32) }, { vault: VAULT, name: 'payroll', version: 'f'.repeat(32) }]
  }

  #invented(pick: number, other: number): Envelope {
    const kids = this.#kids()
    const kid = kids[other % kids.length]!
    const name = ['kek', 'payroll', 'ledger', 'other'][other % 4]!
    const request = [`client-payroll-${1 + (other % 6)}`, `officer-payroll-${1 + (other % 3)}`, 'client-x-1'][other % 3]!
    const file = this.#last('tool.file')?.['file'] ?? 'e30'
    const operations: readonly Operation[] = kindOf(this.#storm.kind).operations
    const { kty, crv } = kindOf(this.#storm.kind)
    const fault = { code: 'kek_rejected', requirement: 'BYOK-8' }
    const inventions: [to: RoleName, message: Message & Record<string, unknown>][] = [
      ['vault', { type: 'client.createKek', request: 'client-x-1', name, bits: 2048, operations: ['import'], expires: null }],
      ['vault', { type: 'client.getKey', request: 'client-x-1', name, version: null }],
      ['vault', { type: 'client.importKey', request: 'client-x-1', name, kty, crv, operations, enabled: true, file }],
      ['vault', { type: 'client.importKey', request: 'client-x-1', name: 'payroll', kty, crv, operations: operations.slice(0, 1), enabled: true, file }],
      ['vault', { type: 'client.importKey', request: 'client-x-1', name: 'renamed', kty, crv, operations, enabled: true, file }],
      ['vault', { type: 'client.deleteKek', request: 'client-x-1', name }],
      ['vault', { type: 'officer.setEnabled', request: 'officer-x-1', name: kid.name, version: kid.version, enabled: other % 2 === 0 }],
      ['officer', { type: 'client.imported', kid }],
      ['officer', { type: 'client.gaveUp' }],
      ['client', { type: 'officer.confirmed', kid }],
      ['client', { type: 'officer.refused', fault }],
      ['client', { type: 'tool.refused', fault }],
      ['client', { type: 'vault.error', request, status: [400, 404, 500][other % 3]!, code: 'X', message: 'x' }],
      ['tool', { type: 'sourceHsm.refused', fault }],
      ['tool', { type: 'sourceHsm.wrapped', ciphertext: 'A'.repeat(544), key: { kty: 'oct' } }],
      ['officer', { type: 'vault.error', request, status: 500, code: 'X', message: 'x' }],
    ]
    const [to, message] = inventions[pick % inventions.length]!
    return { from: 'client', to, port: 'wire', message }
  }

  /** A key of the attacker's, wrapped for a public KEK that he has seen, uploaded as if it were the target. */
  #planted(pick: number, other: number): Envelope | undefined {
    const kek = this.#last('client.kek')
    if (!kek) return undefined
    const { kty, crv, operations } = kindOf(this.#storm.kind)
    const payload = kty === 'EC' ? writeTarget(this.#stock.mine) : Uint8Array.from(Buffer.alloc(32, 1 + (pick % 255)))
    const ciphertext = toBase64url(wrapFor(kek as { n: string; e: string }, payload))
    const file = writeTransferFile({ kek: kek['kid'] as Kid, ciphertext, generator: 'attacker' })
    if (!file.ok) return undefined
    const name = other % 3 === 0 ? 'ledger' : 'payroll'
    const message = {
      type: 'client.importKey',
      request: `client-payroll-${3 + (other % 2)}`,
      name,
      kty,
      crv,
      operations,
      enabled: true,
      file: toBase64url(file.value),
    }
    return { from: 'client', to: 'vault', port: 'wire', message }
  }

  /** A KEK of the attacker's, offered to tool or source HSM: his own pair, or one of his own genuine vault. */
  #substituted(pick: number): Envelope {
    const honest = this.#last('client.kek')
    const target = 'target'
    const operations = ['import']
    const { own } = this.#stock
    const pair = { n: toBase64url(own.n), e: toBase64url(own.e), evidence: (honest?.['evidence'] ?? null) as string | null }
    const kid = (honest?.['kid'] ?? { vault: VAULT, name: 'kek', version: 'a'.repeat(32) }) as Kid
    const { n, e, evidence, version } = this.#evilKek
    const genuine = { n, e, evidence, kid: { vault: EVIL_VAULT, name: 'kek', version } }
    const [to, message] = [
      ['sourceHsm', { type: 'tool.wrap', kid, ...pair, target }],
      ['sourceHsm', { type: 'tool.wrap', ...genuine, target }],
      ['sourceHsm', { type: 'tool.wrap', ...genuine, kid, target }],
      ['tool', { type: 'client.kek', kid, ...pair, operations, target }],
      ['tool', { type: 'client.kek', ...genuine, operations, target }],
      ['sourceHsm', { type: 'tool.wrap', kid, n: honest?.['n'] ?? n, e, evidence: honest?.['evidence'] ?? null, target: 'older' }],
    ][pick % 6] as [RoleName, Message]
    return { from: 'tool', to, port: 'wire', message }
  }

  /** What a message becomes under a tactic. */
  #use(tactic: (typeof TACTICS)[number], envelope: Envelope): readonly Envelope[] {
    const message = envelope.message as Message & Record<string, unknown>
    const but = (change: object): readonly Envelope[] => [{ ...envelope, message: { ...message, ...change } }]
    const { own } = this.#stock
    const { n, e, evidence, version } = this.#evilKek
    const isWrap = message.type === 'tool.wrap'
    const isImport = message.type === 'client.importKey'
    const isShown = message.type === 'vault.key' && envelope.to === 'officer'
    switch (tactic) {
      case 'own pair':
        return isWrap ? but({ n: toBase64url(own.n), e: toBase64url(own.e) }) : [envelope]
      case 'own vault':
        return isWrap ? but({ n, e, evidence, kid: { vault: EVIL_VAULT, name: 'kek', version } }) : [envelope]
      case 'own vault, honest kid':
        return isWrap ? but({ n, e, evidence }) : [envelope]
      case 'other target':
        return isWrap ? but({ target: 'older' }) : [envelope]
      case 'plant':
        return isImport ? but({ file: (this.#planted(1, 1)?.message as { file?: string } | undefined)?.file ?? message['file'] }) : this.#puppet(envelope)
      case 'widen':
        return isImport ? but({ operations: kindOf(this.#storm.kind).operations.slice(0, 1) }) : this.#puppet(envelope)
      case 'rename':
        return isImport ? but({ name: 'renamed' }) : this.#puppet(envelope)
      case 'old evidence': {
        const seen = this.#said.map((line) => (line.message as { evidence?: unknown }).evidence).filter((one) => typeof one === 'string')
        return isShown ? but({ evidence: seen[0] ?? null }) : [envelope]
      }
      case 'no evidence':
        return isShown ? but({ evidence: null }) : [envelope]
    }
  }

  /** The client is kept quiet where it would notice, and the attacker says what it would have said. */
  #puppet(envelope: Envelope): readonly Envelope[] {
    const message = envelope.message as Message & Record<string, unknown>
    if (envelope.from === 'client' && (message.type === 'client.gaveUp' || message.type === 'client.imported')) return []
    const imported = message.type === 'vault.key' && envelope.to === 'client' && !(message['operations'] as readonly string[]).includes('import')
    return imported ? [{ from: 'attacker', to: 'officer', port: 'wire', message: { type: 'client.imported', kid: message['kid'] } as Message }] : [envelope]
  }

  #command(pick: number, other: number): Message {
    const handles = this.#said.flatMap(({ message }) => ('key' in message && typeof message.key === 'string' ? [message.key as KeyHandle] : []))
    const key = handles[other % handles.length] ?? ('0'.repeat(32) as KeyHandle)
    const { kty, crv, operations } = kindOf(this.#storm.kind)
    const ciphertext = (this.#last('sourceHsm.wrapped')?.['ciphertext'] ?? 'AAAA') as string
    const commands: (Message & Record<string, unknown>)[] = [
      { type: 'vault.makeKek', call: other % 5, name: 'kek', bits: 2048 },
      { type: 'vault.import', call: other % 5, kek: key, ciphertext, name: 'payroll', kty, crv, operations },
      { type: 'vault.import', call: other % 5, kek: key, ciphertext, name: 'renamed', kty, crv, operations: operations.slice(0, 1) },
      { type: 'vault.destroy', call: other % 5, key },
    ]
    return commands[pick % commands.length]!
  }

  #lie(pick: number, other: number): Envelope {
    const answers = this.#said.filter(({ from }) => from === 'vault' || from === 'vaultHsm')
    const answer = answers[pick % answers.length] ?? { from: 'vaultHsm', to: 'vault', port: 'wire', message: { type: 'vaultHsm.refused', call: 1 } as Message }
    return { ...answer, message: this.#changed(answer.message, other) }
  }

  #last(type: string): Record<string, unknown> | undefined {
    return this.#said.findLast(({ message }) => message.type === type)?.message as Record<string, unknown> | undefined
  }

  /** Whether the attacker's pair, or his vault, opens anything that left the source HSM. */
  async #openBlobs(): Promise<readonly string[]> {
    const { kty, crv, operations } = kindOf(this.#storm.kind)
    const opened: string[] = []
    const mechanism = { hash: 'SHA-1', mgf1: 'SHA-1', ephemeralBytes: [32], kekBits: [2048] } as const
    for (const { message } of this.#said) {
      if (message.type !== 'sourceHsm.wrapped') continue
      const { ciphertext } = message as Message & { ciphertext: string }
      if ((await this.#crypto.rsaAesUnwrap(this.#stock.own, Uint8Array.from(Buffer.from(ciphertext, 'base64url')), mechanism)).ok) opened.push('his own pair')
      const answer = await this.#evil.perform('evil', { type: 'importTransfer', kek: this.#evilKek.key, ciphertext, name: 'stolen', kty, crv, operations })
      if (answer?.type === 'enclave.imported') opened.push('his own vault')
    }
    return opened
  }
}

/** What vault and vault HSM say to each other. */
const INNER: ReadonlySet<string> = new Set(HEARS.vaultHsm.wire.concat(HEARS.vault.wire.filter((word) => word.startsWith('vaultHsm.'))))

/** What nobody may say on a wire, and what nobody understands. */
const JARGON: readonly Message[] = [
  { type: 'xstate.stop' },
  { type: 'xstate.error.actor.wire' },
  { type: 'xstate.done.actor.wire' },
  { type: 'xstate.init' },
  { type: '*' },
  { type: 'stranger' },
  { type: 'enclave.kept', key: 'x' } as Message,
  { type: 'enclave.compared', genuine: true, sameKey: true, kid: null, operations: null } as Message,
  { type: 'officer.acceptKek', kek: 'x', fingerprint: null } as Message,
  { type: 'sourceHsm.noted', target: {} } as Message,
  { type: 'app.timeout' },
  { type: 'app.clock', now: 9e15 } as Message,
  {} as Message,
]

/** A call to the vault that HTTP cannot carry never leaves the attacker's own computer. */
function possible(envelope: Envelope | undefined): Envelope | undefined {
  if (!envelope || !/^(client\.(createKek|getKey|importKey|deleteKek)|officer\.(getKey|setEnabled))$/.test(envelope.message.type)) return envelope
  try {
    encodeRequest(envelope.message as never)
    return envelope
  } catch {
    return undefined
  }
}

type Place = readonly (string | number)[]

function placesOf(value: unknown, place: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [place]
  return [...(place.length > 0 ? [place] : []), ...Object.entries(value).flatMap(([name, member]) => placesOf(member, [...place, name]))]
}

const at = (value: unknown, place: Place): unknown =>
  place.reduce<unknown>((inner, name) => (typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[name] : undefined), value)

function withAt<T>(value: T, [name, ...rest]: Place, replaced: unknown): T {
  if (name === undefined) return replaced as T
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string | number, unknown>
  copy[name] = withAt(copy[name], rest, replaced)
  return copy as T
}

/** The profiles, and `pinned` beside them. */
export const POLICIES: readonly ByokPolicy[] = [PROFILES.hardened, PROFILES.published, { ...PROFILES.hardened, kekProof: 'pinned' }]
