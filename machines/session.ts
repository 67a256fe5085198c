/**
 * Connects roles in one process: carries what they say to whom it is for, one message at a time, and writes down who
 * said what to whom, through which port, and who else can read it. What a person looks at, and what a test tampers with.
 *
 * It is not part of any role: an app that embeds one role brings its own links.
 * @module
 */
import { createActor, type Actor, type AnyStateMachine, type InputFrom, type InspectionEvent, type Snapshot } from 'xstate'
import type { Ledger } from './ledger.js'
import { enclavePort, linkPort, type AnyEnclave, type Link, type Message, type Turnstile } from './ports.js'

/**
 * What carries messages between roles: a wire, which everybody reads; a console; or a call inside one trusted machine.
 */
export type Channel = 'wire' | 'console' | 'local'

/** A message on its way. */
export interface Envelope {
  readonly from: string
  readonly to: string
  readonly port: Channel
  readonly message: Message
}

/** One line of the conversation. */
export interface Line {
  readonly number: number
  readonly from: string
  readonly to: string
  readonly port: Channel | 'enclave'
  readonly message: Message
  /** What really travelled, where that is not the message itself: method, path and body of a REST call. */
  readonly carried?: unknown
  /** Who can read it: everybody on a wire. */
  readonly readers: string
}

/** What a session may do with a message between two roles. */
export interface SessionOptions {
  /** Makes a message of declared shape of whatever arrives, or `null`. */
  readonly read: (value: unknown) => Message | null
  /** The same for what an enclave answers; BYOK's answers unless given. */
  readonly readAnswer?: (value: unknown) => Message | null
  /** Who a message is for; `null` drops it. */
  readonly route: (from: string, port: Channel, message: Message) => string | null
  /** The form in which a message travels, what the other end makes of it, and for whom it then is. */
  readonly travel?: (envelope: Envelope) => { readonly carried: unknown; readonly message: Message; readonly to?: string }
  /** An enemy, or bad weather: what arrives instead. Consoles and calls inside one machine are out of its reach. */
  readonly network?: (envelope: Envelope) => readonly Envelope[]
  /** Notes messages, snapshots and inspection events. */
  readonly ledger?: Ledger
  /** Told of each line as it happens. */
  readonly onLine?: (line: Line) => void
  /** Told of each inspection event, for example to show it in the XState inspector. */
  readonly inspect?: (event: InspectionEvent) => void
}

/**
 * A session at rest, as plain data: every role as it stands, and the messages on their way. Enclaves are elsewhere and
 * remember for themselves; what an enclave was asked and has not answered, and what a turnstile holds back, is lost like
 * any message.
 */
export interface SessionSnapshot {
  readonly roles: Readonly<Record<string, Snapshot<unknown>>>
  readonly inFlight: readonly Envelope[]
}

/** How a role joins a session. */
export interface Membership<Machine extends AnyStateMachine> {
  readonly input?: InputFrom<Machine>
  /** A persisted snapshot to go on from, instead of `input`. */
  readonly snapshot?: Snapshot<unknown>
  readonly hears: { readonly wire?: readonly string[]; readonly console?: readonly string[]; readonly local?: readonly string[] }
  /** What the role's port `wire` really is: a call inside one machine, where the role stands there; a wire unless given. */
  readonly wire?: 'local'
  readonly enclave?: { readonly enclave: AnyEnclave; readonly conversation: string }
  readonly turnstile?: Turnstile
}

/** See the module text. */
export class Session {
  readonly lines: Line[] = []
  /** Messages that a port did not let in, or that came when there was nobody to hear them. */
  readonly dropped: unknown[] = []
  readonly #options: SessionOptions
  readonly #actors = new Map<string, Actor<AnyStateMachine>>()
  readonly #ears = new Map<string, (message: Message) => void>()
  readonly #queue: Envelope[] = []
  #pending = 0
  #wake: (() => void) | null = null

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Adds a role, or puts a fresh one in the place of a finished one, and starts it. */
  add<Machine extends AnyStateMachine>(name: string, machine: Machine, membership: Membership<Machine>): Actor<Machine> {
    this.#actors.get(name)?.stop()
    const { enclave, turnstile, hears } = membership
    const shared = { read: this.#options.read, onDropped: (message: unknown) => this.dropped.push(message), ...(turnstile && { turnstile }) }
    const provided = machine.provide({
      actors: {
        ...(hears.wire && { wire: linkPort({ link: this.#link(name, membership.wire ?? 'wire'), hears: hears.wire, ...shared }) }),
        ...(hears.local && { local: linkPort({ link: this.#link(name, 'local'), hears: hears.local, ...shared }) }),
        ...(hears.console && { console: linkPort({ link: this.#link(name, 'console'), hears: hears.console, ...shared }) }),
        ...(enclave && { enclave: enclavePort(this.#recorded(name, enclave.enclave), enclave.conversation, this.#options.readAnswer) }),
      },
    } as never)
    const { ledger, inspect } = this.#options
    const actor = createActor(provided, {
      id: name,
      ...(membership.snapshot ? { snapshot: membership.snapshot } : { input: membership.input }),
      ...((ledger ?? inspect) && {
        inspect: (event: InspectionEvent) => {
          ledger?.show('inspection event', name, visiblePartOf(event))
          inspect?.(event)
        },
      }),
    } as never) as Actor<Machine>
    this.#actors.set(name, actor)
    actor.start()
    this.#note(name)
    return actor
  }

  /** Somebody who is no machine: a person at a console, a counterpart of another make. Returns what he says things with. */
  attend(name: string, port: Channel, receiver: (message: Message) => void): (message: Message) => void {
    const link = this.#link(name, port)
    link.listen(receiver)
    return (message) => link.send(message)
  }

  /** A role by name. */
  actor(name: string): Actor<AnyStateMachine> {
    const actor = this.#actors.get(name)
    if (!actor) throw new TypeError(`${name}: no such role in this session`)
    return actor
  }

  /** Puts a message on a wire, as if `from` had said it. For tests and attackers. */
  inject(envelope: Envelope): void {
    this.#queue.push(envelope)
  }

  /** The messages on their way, in the order in which they were sent. */
  get inFlight(): readonly Envelope[] {
    return [...this.#queue]
  }

  /** Takes a message off its way: the oldest unless another one is meant. */
  take(index = 0): Envelope | undefined {
    return this.#queue.splice(index, 1)[0]
  }

  /** What is needed to go on in another process: add the roles with their snapshots, and {@link inject} what was on its way. */
  persist(): SessionSnapshot {
    const roles = [...this.#actors].map(([name, actor]) => [name, actor.getPersistedSnapshot()] as const)
    return JSON.parse(JSON.stringify({ roles: Object.fromEntries(roles), inFlight: this.#queue })) as SessionSnapshot
  }

  /** Carries messages until nobody says anything any more and no enclave is at work. */
  async run(): Promise<void> {
    for (;;) {
      const envelope = this.take()
      if (envelope) this.deliver(envelope)
      else if (this.#pending > 0) await new Promise<void>((resolve) => (this.#wake = resolve))
      else return
    }
  }

  /** Stops every role. */
  stop(): void {
    for (const actor of this.#actors.values()) actor.stop()
  }

  /** Carries one message. */
  deliver(envelope: Envelope): void {
    const { carried, message, to = envelope.to } = this.#options.travel?.(envelope) ?? { carried: undefined, message: envelope.message }
    const { from, port } = envelope
    this.#write({ from, to, port, message, carried, readers: port === 'wire' ? 'everybody' : `${from} and ${to}` })
    const ear = this.#ears.get(`${port} ${to}`)
    // A role that has ended hears nothing any more.
    if (ear) ear(message)
    else this.dropped.push(message)
    this.#note(to)
  }

  #link(name: string, port: Channel): Link {
    return {
      send: (message) => {
        const to = this.#options.route(name, port, message)
        if (to === null) return
        const envelope: Envelope = { from: name, to, port, message }
        this.#queue.push(...(port === 'wire' && this.#options.network ? this.#options.network(envelope) : [envelope]))
      },
      listen: (receiver) => {
        const ear = `${port} ${name}`
        this.#ears.set(ear, receiver)
        return () => {
          if (this.#ears.get(ear) === receiver) this.#ears.delete(ear)
        }
      },
    }
  }

  /** The same enclave, with every command and answer written down. */
  #recorded(name: string, enclave: AnyEnclave): AnyEnclave {
    const to = `${name}'s enclave`
    const readers = `${name} and its enclave`
    const heard = (answer: unknown) => {
      if (answer) this.#write({ from: to, to: name, port: 'enclave', message: answer as Message, readers })
      return answer
    }
    return {
      perform: (conversation: string, command: never) => {
        this.#write({ from: name, to, port: 'enclave', message: command, readers })
        const answer = enclave.perform(conversation, command)
        if (!(answer instanceof Promise)) return heard(answer)
        this.#pending++
        const written = answer.then(heard)
        // Two turns later the port, which listens to the same promise, has delivered the answer.
        void written.then(nothing, nothing).then(() => this.#settled(name))
        return written
      },
    }
  }

  #settled(name: string): void {
    this.#pending--
    this.#note(name)
    this.#wake?.()
    this.#wake = null
  }

  #write(line: Omit<Line, 'number'>): void {
    const numbered = { number: this.lines.length + 1, ...line }
    this.lines.push(numbered)
    this.#options.ledger?.show('message', `${line.from} to ${line.to}: ${line.message.type}`, [line.message, line.carried])
    this.#options.onLine?.(numbered)
  }

  #note(name: string): void {
    const { ledger } = this.#options
    const actor = this.#actors.get(name)
    if (!ledger || !actor) return
    ledger.show('snapshot', name, actor.getPersistedSnapshot())
    const { output } = actor.getSnapshot() as { output?: unknown }
    if (output !== undefined) ledger.show('output', name, output)
  }
}

const nothing = () => {}

/** What an inspector would show of an inspection event: not the actor's machinery, everything else. */
function visiblePartOf(event: InspectionEvent): unknown {
  const { snapshot, event: heard, action } = event as { snapshot?: unknown; event?: unknown; action?: unknown }
  const { status, value, context, output, error } = (snapshot ?? {}) as Record<string, unknown>
  return { type: event.type, heard, action: withoutActors(action), status, value, context, output, error }
}

/** An action and its parameters; whom it is for is one of XState's own actors, which reach the whole machinery. */
function withoutActors(action: unknown): unknown {
  const { type, params } = (action ?? {}) as { type?: unknown; params?: unknown }
  if (typeof params !== 'object' || params === null) return { type, params }
  return { type, params: Object.fromEntries(Object.entries(params).filter(([, value]) => !isActor(value))) }
}

const isActor = (value: unknown) => typeof value === 'object' && value !== null && 'getSnapshot' in value
