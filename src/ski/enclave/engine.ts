/**
 * What a card's and a server's enclave have in common: a store of secrets whose rules are given as pure functions over
 * public state, and whose work on bytes is given as steps.
 *
 *   read ──▶ permit ──▶ work ──▶ commit
 *                     (note …)
 *
 * `permit` judges what can be known before anything is touched, `commit` judges once more when the work is done, against
 * the state as it is by then. What must be remembered even if the command is refused in the end, such as a try of a PIN or
 * a key that is used up, is written down by `note` before anything depends on it, so that no loss of power takes it back
 * (SKI-216). All else that a refused command did is wiped (SKI-222).
 *
 * Secrets are kept under handles, exactly as long as the state speaks of them. The engine never throws at a command, and a
 * command that is overtaken by the end of its conversation finds nothing alive.
 *
 * Which rules there are is said by the enclaves; what an error inside looks like from outside, too.
 *
 * Requirements: SKI-17, SKI-18, SKI-216, SKI-218, SKI-219, SKI-222.
 * @module
 */
import { utf8 } from '../../bytes/bytes.js'
import { toHex } from '../../bytes/hex.js'
import type { Crypto } from '../../crypto/crypto.js'
import { hmac } from '../../crypto/hash.js'
import type { TargetKey } from '../../crypto/keys.js'
import { Ended, Scratch, destroyKey, type Tell } from '../../enclave/scratch.js'
import { run, type Steps } from '../../enclave/steps.js'
import type { Witness } from '../../enclave/witness.js'
import type { Maybe, Verdict } from '../../verdict.js'
import type { SkiFault, SkiHandle } from './commands.js'

/** What a store keeps under a handle: a key pair, or any secret bytes as `k` of an `oct`. */
export type Secret = TargetKey

/** A refusal, which every enclave of SKI can answer. */
export interface Refusal {
  readonly type: 'enclave.refused'
  readonly fault: SkiFault
}

/** A permit remembers for whom it was given; what else is in it is the business of the rules. */
export interface ForConversation {
  readonly conversation: string
}

/** The types that one enclave is made of. */
export interface EngineTypes {
  /** Public, plain, immutable. */
  readonly state: unknown
  /** Commands that are worked on; those that end something are {@link EngineRules.end}'s. */
  readonly command: { readonly type: string }
  /** What `permit` gives and `commit` takes back. */
  readonly permit: ForConversation
  /** What the work found out or made, all of it public. */
  readonly facts: unknown
  /** What the work writes down before it is done; `never` where there is nothing of the sort. */
  readonly mark: unknown
  readonly answer: { readonly type: string }
}

/** The rules of an enclave: pure functions, no bytes. */
export interface EngineRules<T extends EngineTypes> {
  /** Makes a command of declared shape of whatever comes in. Never throws. */
  read(value: unknown): Verdict<T['command'], SkiFault>
  /** What a command that ends something (`close`) does, or `null` for any other. `answer` is `null` where there is none. */
  end(state: T['state'], conversation: string, command: T['command']): { readonly state: T['state']; readonly answer: T['answer'] | null } | null
  /** Whether a command may be done now. */
  permit(state: T['state'], conversation: string, command: T['command']): Verdict<T['permit'], SkiFault>
  /** Writes something down while the command is still worked on, or says why it cannot be. What is written stays. */
  note(state: T['state'], permit: T['permit'], mark: T['mark']): Verdict<T['state'], SkiFault>
  /** Takes the result of the work, or refuses it and leaves the state as it was. */
  commit(state: T['state'], permit: T['permit'], facts: T['facts']): { readonly state: T['state']; readonly answer: T['answer'] | Refusal }
  /** Whether what the permit was given for has ended since. */
  isOver(state: T['state'], permit: T['permit']): boolean
  /** Forgets what only matters while something is in flight. `busy` names the conversations of which something is. */
  settle(state: T['state'], conversation: string, busy: readonly string[]): T['state']
  /** Whether the state speaks of a secret, so that it is to be kept. */
  holds(state: T['state'], handle: SkiHandle): boolean
  /** The state of a store that has been disposed of. */
  empty(state: T['state']): T['state']
  /** The refusal for an accident inside; the one for secret bytes where such were at work. */
  accident(command: T['command']): SkiFault
}

/** What the work needs of the store. */
export interface Bench<T extends EngineTypes> {
  readonly crypto: Crypto
  /** The rules' state as it is at this moment. */
  state(): T['state']
  /** The secret under a handle of the state. */
  stored(handle: SkiHandle): Secret
  /** A handle that was never given before, and shows nothing. */
  newHandle(): SkiHandle
  /** See {@link EngineRules.note}: `null`, or why not. Ends the work where the permit is over. */
  note(permit: T['permit'], mark: T['mark']): SkiFault | null
}

/** Public facts for the rules, and the secrets that the store keeps if the rules take them; all of these are in the scratch. */
export interface Done<T extends EngineTypes> {
  readonly facts: T['facts']
  readonly keep: readonly (readonly [handle: SkiHandle, secret: Secret])[]
}

/** The work on bytes behind a command. Every secret that comes to exist goes into the scratch at once. */
export type Work<T extends EngineTypes> = (bench: Bench<T>, permit: T['permit'], scratch: Scratch) => Steps<Verdict<Done<T>, SkiFault>>

/** What an engine is built from. */
export interface EngineParts<T extends EngineTypes> {
  readonly crypto: Crypto
  readonly rules: EngineRules<T>
  readonly work: Work<T>
  readonly state: T['state']
  readonly tell: Tell
  /** Secrets of the enclave itself, not in the store: wiped by {@link Engine.dispose}. */
  readonly own?: readonly TargetKey[]
}

/** See the module text. */
export class Engine<T extends EngineTypes> {
  readonly #parts: EngineParts<T>
  readonly #secrets = new Map<SkiHandle, Secret>()
  readonly #inFlight = new Set<{ readonly permit: T['permit']; readonly scratch: Scratch }>()
  readonly #bench: Bench<T>
  readonly #salt: Uint8Array
  #state: T['state']
  #handles = 0
  #disposed = false

  constructor(parts: EngineParts<T>) {
    this.#parts = parts
    this.#state = parts.state
    this.#salt = parts.crypto.random(32)
    this.#bench = {
      crypto: parts.crypto,
      state: () => this.#state,
      stored: (handle) => this.#stored(handle),
      newHandle: () => this.newHandle(),
      note: (permit, mark) => this.#note(permit, mark),
    }
  }

  /** The public state. */
  get state(): T['state'] {
    return this.#state
  }

  /** Whether {@link dispose} was called. */
  get disposed(): boolean {
    return this.#disposed
  }

  /** Carries out a command; `null` for one that has no answer. Never throws, and a promise never rejects. */
  perform(conversation: string, value: unknown): Maybe<T['answer'] | Refusal | null> {
    const read = this.#parts.rules.read(value)
    if (!read.ok) return refused(read.fault)
    if (typeof conversation !== 'string') return refused({ code: 'command_invalid', at: 'conversation' })
    const ended = this.#parts.rules.end(this.#state, conversation, read.value)
    if (ended === null) return run(this.#answer(conversation, read.value))
    if (this.#disposed) return ended.answer === null ? null : refused(FAILED)
    this.#end(conversation, ended.state)
    return ended.answer
  }

  /**
   * What the host does to the store, past all commands: a new state, and secrets that it speaks of. They belong to the
   * store from now on, and the witness is told of them under `name`.
   */
  install(state: T['state'], secrets: readonly (readonly [handle: SkiHandle, name: string, secret: Secret])[] = []): void {
    const scratch = new Scratch(this.#parts.crypto, this.#parts.tell)
    if (this.#disposed) scratch.end()
    try {
      for (const [, name, secret] of secrets) scratch.key(name, secret)
    } catch (error) {
      scratch.end()
      throw error instanceof Ended ? new TypeError('this enclave was disposed of') : error
    }
    for (const [handle, , secret] of secrets) this.#secrets.set(handle, secret)
    this.#state = state
    this.#wipeDropped()
  }

  /** The count makes it new in this life of the enclave, the salt in every other; and it shows neither (SKI-218). */
  newHandle(): SkiHandle {
    this.#handles += 1
    return toHex(hmac('SHA-256', this.#salt, utf8(String(this.#handles)))).slice(0, 32) as SkiHandle
  }

  /** Wipes all secrets, ends all work, and refuses every command from then on. */
  dispose(): void {
    this.#disposed = true
    this.#state = this.#parts.rules.empty(this.#state)
    for (const { scratch } of this.#inFlight) scratch.end()
    this.#wipeDropped()
    for (const key of this.#parts.own ?? []) destroyKey(this.#parts.crypto, key)
  }

  *#answer(conversation: string, command: T['command']): Steps<T['answer'] | Refusal> {
    if (this.#disposed) return refused(FAILED)
    const { rules, crypto, tell, work } = this.#parts
    const scratch = new Scratch(crypto, tell)
    let job: { readonly permit: T['permit']; readonly scratch: Scratch } | null = null
    try {
      const allowed = rules.permit(this.#state, conversation, command)
      if (!allowed.ok) return refused(allowed.fault)
      job = { permit: allowed.value, scratch }
      this.#inFlight.add(job)
      const done = yield* work(this.#bench, allowed.value, scratch)
      scratch.goOn()
      return done.ok ? this.#commit(allowed.value, done.value, scratch) : refused(done.fault)
    } catch {
      // Where secret bytes were touched, not even an accident may show how far it came.
      return refused(scratch.ended ? CLOSED : rules.accident(command))
    } finally {
      scratch.end()
      if (job !== null) this.#inFlight.delete(job)
      this.#settle(conversation)
    }
  }

  #commit(permit: T['permit'], { facts, keep }: Done<T>, scratch: Scratch): T['answer'] | Refusal {
    const { state, answer } = this.#parts.rules.commit(this.#state, permit, facts)
    if (answer.type === 'enclave.refused') return answer
    this.#state = state
    for (const [handle, secret] of keep) {
      this.#secrets.set(handle, secret)
      scratch.release(secret)
    }
    this.#wipeDropped()
    return answer
  }

  #note(permit: T['permit'], mark: T['mark']): SkiFault | null {
    if (this.#disposed || this.#parts.rules.isOver(this.#state, permit)) throw new Ended()
    const noted = this.#parts.rules.note(this.#state, permit, mark)
    if (!noted.ok) return noted.fault
    this.#state = noted.value
    this.#wipeDropped()
    return null
  }

  #end(conversation: string, state: T['state']): void {
    this.#state = state
    for (const job of this.#inFlight) if (this.#parts.rules.isOver(state, job.permit)) job.scratch.end()
    this.#wipeDropped()
    this.#settle(conversation)
  }

  #settle(conversation: string): void {
    const busy = [...this.#inFlight].map(({ permit }) => permit.conversation)
    this.#state = this.#parts.rules.settle(this.#state, conversation, busy)
  }

  #wipeDropped(): void {
    for (const [handle, secret] of this.#secrets) {
      if (this.#parts.rules.holds(this.#state, handle)) continue
      this.#secrets.delete(handle)
      destroyKey(this.#parts.crypto, secret)
    }
  }

  #stored(handle: SkiHandle): Secret {
    const secret = this.#secrets.get(handle)
    if (secret === undefined) throw new TypeError('a secret that the rules know is wanted')
    return secret
  }
}

/** Tells a witness of secrets, as copies of his own, in the name of an enclave. */
export const teller =
  (witness: Witness | undefined, enclave: string): Tell =>
  (name, bytes) =>
    witness?.({ name, bytes: Uint8Array.from(bytes), enclave })

/** Secret bytes, as the store keeps them. */
export const secretBytes = (bytes: Uint8Array): Secret & { readonly type: 'oct' } => ({ type: 'oct', k: bytes })

const FAILED: SkiFault = Object.freeze({ code: 'enclave_failed' })
const CLOSED: SkiFault = Object.freeze({ code: 'conversation_closed', requirement: 'SKI-218' })
const refused = (fault: SkiFault): Refusal => ({ type: 'enclave.refused', fault })
