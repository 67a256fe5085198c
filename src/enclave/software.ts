/**
 * The software enclave: the rules over real bytes, on any crypto provider. Bytes live in private fields and are there for
 * exactly the handles that the rules know; what the rules drop is wiped. It never throws at a command: whatever goes wrong
 * inside is a refusal without a word about the cause.
 *
 * Commands may overlap where the provider answers later. Nothing here serialises them: each result is judged again by the
 * rules when it comes in, and a closed conversation takes nothing any more.
 *
 * It is a process on a general computer: it stands for an HSM, it does not replace one (see SECURITY.md).
 *
 * Requirements: BYOK-6, BYOK-129, BYOK-130, BYOK-131, BYOK-136, BYOK-137, BYOK-138, BYOK-157.
 * @module
 */
import { requireBytes, utf8 } from '../bytes/bytes.js'
import { toHex } from '../bytes/hex.js'
import type { Crypto } from '../crypto/crypto.js'
import { hmac } from '../crypto/hash.js'
import { checkPrivateKey, checkPublicKey } from '../crypto/key-check.js'
import { copyKey } from '../crypto/key-parts.js'
import { CURVES, type EcPrivateKey, type EcPublicKey, type TargetKey } from '../crypto/keys.js'
import type { Maybe } from '../verdict.js'
import type { KeyRecord } from './attributes.js'
import type { Enclave, EnclaveAnswer, EnclaveCommand, EnclaveFault, KeyHandle, Operation } from './commands.js'
import { OPERATIONS, kindOf, operationSet } from './kinds.js'
import { close, commit, isOver, permit } from './permit.js'
import { isLabel, readCommand } from './read-command.js'
import { TRANSFER_REFUSED, type RuleName } from './rules.js'
import { Scratch, destroyKey } from './scratch.js'
import { emptyState, findKey, forgetEpoch, type Permit, type RuleCommand, type RuleState } from './state.js'
import { run, type Steps } from './steps.js'
import { secretParts, type Witness } from './witness.js'
import { work, type Bench, type StoredKey } from './work.js'

/** What a software enclave is built from. */
export interface SoftwareEnclaveOptions {
  readonly crypto: Crypto
  /** The vault that it stands behind, as a normalised origin, and the P-256 key that signs its evidence and nothing else; absent for a source HSM. */
  readonly identity?: { readonly vault: string; readonly signingKey: EcPrivateKey }
  /** P-256 public keys of HSMs whose evidence is believed, installed over another way than the evidence. */
  readonly anchors?: readonly EcPublicKey[]
  readonly policy: {
    /** Each blob and each key is imported once (BYOK-22); otherwise imports are not remembered, as in the published profile. */
    readonly singleUse: boolean
  }
  /** Whether an import reads past the zero bytes that some HSMs put behind the DER (BYOK-72); `lenient` unless given, as vaults are. */
  readonly reading?: 'strict' | 'lenient'
  /** Allows {@link SoftwareEnclave.load}: keys from files, for demonstrations and tests. Off unless given. */
  readonly softwareSource?: boolean
  /** What the witness calls it; `software` unless given. */
  readonly name?: string
  /** Is told every secret. For tests and demonstrations only; off unless given. */
  readonly witness?: Witness
  /** Rules to switch off, for tests that show that a rule is needed. */
  readonly without?: readonly RuleName[]
}

/** A key that a host hands in from a file. */
export interface GivenKey {
  readonly label: string
  /** Copied; the caller wipes his own. */
  readonly key: TargetKey
  readonly operations: readonly Operation[]
  readonly extractable: boolean
}

/** An enclave in this process, with what only its host may do. */
export interface SoftwareEnclave extends Enclave {
  /** The public records of all live keys. */
  describe(): readonly KeyRecord[]
  /**
   * Takes a key from a file. Not a command: no port carries it. The key is labelled `given`, which a tool shows as
   * "software-sourced" (BYOK-47), belongs to no conversation, and lives until it is destroyed. Numbers that are no key are
   * refused; a member that is not of its type is a `TypeError`, and so is any call unless the enclave was built with
   * `softwareSource`.
   */
  load(given: GivenKey): Maybe<EnclaveAnswer>
  /** Wipes all keys, ends all work, and refuses every command from then on. */
  dispose(): void
}

/**
 * Builds a software enclave.
 *
 * @example
 * const enclave = softwareEnclave({ crypto: pure(random), policy: { singleUse: true } })
 * await enclave.perform('c1', { type: 'generateKey', label: 'a', kind: 'ec-P-256', operations: ['sign', 'verify'], extractable: true })
 */
export function softwareEnclave(options: SoftwareEnclaveOptions): SoftwareEnclave {
  const { crypto, identity, anchors = [], policy, reading = 'lenient', softwareSource = false, name = 'software', witness, without = [] } = options
  if (identity) requireP256(checkPrivateKey(identity.signingKey).ok, identity.signingKey, 'identity.signingKey')
  for (const anchor of anchors) requireP256(checkPublicKey(anchor).ok, anchor, 'anchors')
  const settings = { vault: identity?.vault ?? null, singleUse: policy.singleUse, without: [...without].sort() }
  const tell = (secret: string, bytes: Uint8Array) => witness?.({ name: secret, bytes: Uint8Array.from(bytes), enclave: name })
  const keys = { signingKey: identity ? copyKey(identity.signingKey) : null, anchors: anchors.map(copyKey) }
  return new Store({ crypto, ...keys, trailingZeros: reading === 'lenient' }, emptyState(settings), tell, softwareSource)
}

/** A command that is being worked on. */
interface Job {
  readonly permit: Permit
  readonly scratch: Scratch
}

class Store implements SoftwareEnclave {
  readonly #bench: Bench
  readonly #tell: (name: string, bytes: Uint8Array) => void
  readonly #softwareSource: boolean
  readonly #keys = new Map<KeyHandle, StoredKey>()
  readonly #inFlight = new Set<Job>()
  #state: RuleState
  readonly #salt: Uint8Array
  #handles = 0
  #disposed = false

  constructor(
    tools: Pick<Bench, 'crypto' | 'signingKey' | 'anchors' | 'trailingZeros'>,
    state: RuleState,
    tell: (name: string, bytes: Uint8Array) => void,
    softwareSource: boolean,
  ) {
    this.#state = state
    this.#tell = tell
    this.#softwareSource = softwareSource
    this.#salt = tools.crypto.random(32)
    this.#bench = {
      ...tools,
      state: () => this.#state,
      stored: (handle) => this.#stored(handle),
      newHandle: () => this.#newHandle(),
    }
    if (tools.signingKey) for (const [part, bytes] of secretParts(tools.signingKey)) tell(`signing key: ${part}`, bytes)
  }

  perform(conversation: string, command: EnclaveCommand): Maybe<EnclaveAnswer | null> {
    const read = readCommand(command)
    if (!read.ok) return refused(read.fault)
    if (typeof conversation !== 'string') return refused({ code: 'command_invalid', at: 'conversation' })
    if (read.value.type !== 'close') return run(this.#answer(conversation, read.value, null))
    this.#close(conversation)
    return null
  }

  load(given: GivenKey): Maybe<EnclaveAnswer> {
    if (!this.#softwareSource) throw new TypeError('load: this enclave takes no keys from outside')
    requireGiven(given)
    const { label, key, operations, extractable } = given
    const kind = kindOf(key)
    if (!isLabel(label)) return refused({ code: 'command_invalid', at: 'label' })
    if (kind === null) return refused({ code: 'command_invalid', at: 'key' })
    return run(this.#answer(HOST, { type: 'loadKey', label, kind, operations: operationSet(operations), extractable }, key))
  }

  describe(): readonly KeyRecord[] {
    return [...this.#state.keys]
  }

  dispose(): void {
    this.#disposed = true
    this.#state = emptyState(this.#state.settings)
    for (const { scratch } of this.#inFlight) scratch.end()
    this.#wipeDropped()
    if (this.#bench.signingKey) destroyKey(this.#bench.crypto, this.#bench.signingKey)
  }

  *#answer(conversation: string, command: RuleCommand, given: TargetKey | null): Steps<EnclaveAnswer> {
    if (this.#disposed) return refused(FAILED)
    const scratch = new Scratch(this.#bench.crypto, this.#tell)
    let job: Job | null = null
    try {
      const allowed = permit(this.#state, conversation, command)
      if (!allowed.ok) return refused(allowed.fault)
      job = { permit: allowed.value, scratch }
      this.#inFlight.add(job)
      const done = yield* work(this.#bench, allowed.value, scratch, given)
      scratch.goOn()
      return done.ok ? this.#commit(allowed.value, done.value.facts, done.value.key, scratch) : refused(done.fault)
    } catch {
      // Where bytes of a transfer were touched, not even an accident may show how far it came.
      return refused(scratch.ended ? CLOSED : command.type === 'importTransfer' ? TRANSFER_REFUSED : FAILED)
    } finally {
      scratch.end()
      if (job !== null) this.#inFlight.delete(job)
      this.#settle(conversation)
    }
  }

  #commit(allowed: Permit, facts: Parameters<typeof commit>[2], key: StoredKey | null, scratch: Scratch): EnclaveAnswer {
    const { state, answer } = commit(this.#state, allowed, facts)
    if (answer.type === 'enclave.refused') return answer
    this.#state = state
    if (key !== null && 'handle' in facts) {
      this.#keys.set(facts.handle, key)
      scratch.release(key)
    }
    if (facts.type === 'destroyKey') this.#wipeDropped()
    return answer
  }

  #close(conversation: string): void {
    this.#state = close(this.#state, conversation)
    for (const job of this.#inFlight) if (isOver(this.#state, job.permit)) job.scratch.end()
    this.#wipeDropped()
    this.#settle(conversation)
  }

  #settle(conversation: string): void {
    if (![...this.#inFlight].some((job) => job.permit.conversation === conversation)) this.#state = forgetEpoch(this.#state, conversation)
  }

  #wipeDropped(): void {
    for (const [handle, key] of this.#keys) {
      if (findKey(this.#state, handle)) continue
      this.#keys.delete(handle)
      destroyKey(this.#bench.crypto, key)
    }
  }

  #stored(handle: KeyHandle | null): StoredKey {
    const key = handle === null ? undefined : this.#keys.get(handle)
    if (key === undefined) throw new TypeError('a key that the rules know is wanted')
    return key
  }

  /** The count makes it new in this life of the enclave, the salt in every other; and it shows neither (BYOK-131, BYOK-136). */
  #newHandle(): KeyHandle {
    this.#handles += 1
    return toHex(hmac('SHA-256', this.#salt, utf8(String(this.#handles)))).slice(0, 32) as KeyHandle
  }
}

/** Under which name the host acts in the rules; a key that it loads belongs to no conversation. */
const HOST = ''
const FAILED: EnclaveFault = Object.freeze({ code: 'enclave_failed' })
const CLOSED: EnclaveFault = Object.freeze({ code: 'conversation_closed', requirement: 'BYOK-129' })
const refused = (fault: EnclaveFault): EnclaveAnswer => ({ type: 'enclave.refused', fault })

const PARTS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['RSA', ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi']],
  ['EC', ['x', 'y', 'd']],
  ['oct', ['k']],
])

function requireGiven(given: Partial<GivenKey> | null | undefined): asserts given is GivenKey {
  const { label, key, operations, extractable } = given ?? {}
  if (typeof label !== 'string') throw new TypeError('label: a text is wanted')
  const parts = PARTS.get(key?.type)
  if (!key || !parts) throw new TypeError('key.type: RSA, EC or oct is wanted')
  if (key.type === 'EC' && !CURVES.includes(key.curve)) throw new TypeError(`key.curve: one of ${CURVES.join(', ')} is wanted`)
  for (const part of parts) requireBytes((key as unknown as Record<string, unknown>)[part], `key.${part}`)
  if (!Array.isArray(operations) || !operations.every((one) => OPERATIONS.includes(one as Operation)))
    throw new TypeError('operations: an array of operations is wanted')
  if (typeof extractable !== 'boolean') throw new TypeError('extractable: a boolean is wanted')
}

function requireP256(valid: boolean, key: EcPublicKey, name: string): void {
  if (!valid || key.type !== 'EC' || key.curve !== 'P-256') throw new TypeError(`${name}: P-256 keys are wanted`)
}
