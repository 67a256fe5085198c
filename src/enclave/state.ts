/**
 * Everything that the rules of a key store look at and change: key records, the replay ledger, the closings of
 * conversations, and the settings that the store was built with. Plain data of one fixed shape, immutable, arrays sorted:
 * two equal states are equal as JSON, and a search over states can store them as they are.
 *
 * Requirements: BYOK-131, BYOK-132, BYOK-155.
 * @module
 */
import type { AttributeChange, Attributes, KeyRecord } from './attributes.js'
import type { EnclaveCommand, KeyHandle, KeyIdentity, KeyKind, Operation, PublicPart } from './commands.js'
import type { Ledger } from './ledger.js'
import type { RuleName } from './rules.js'
import type { Statement } from './statement.js'

/** What a store was built with. */
export interface Settings {
  /** The normalised origin of the vault that this store stands behind; `null` for a source HSM. */
  readonly vault: string | null
  /** Each blob and each key is imported once (BYOK-22); otherwise nothing is remembered of imports (BYOK-161). */
  readonly singleUse: boolean
  /** Rules that are switched off: for tests that show that a rule is needed, never in use. */
  readonly without: readonly RuleName[]
}

/** See the module text. */
export interface RuleState {
  readonly settings: Settings
  /** Sorted by handle. */
  readonly keys: readonly KeyRecord[]
  /** How often a conversation has been closed while something of it was in flight; sorted. None is 0. */
  readonly epochs: readonly { readonly conversation: string; readonly epoch: number }[]
  readonly ledger: Ledger
}

/**
 * A key that the host program hands in from outside the protocol. Not a command: no port carries it, and a store takes it
 * only if it was built as a software source (BYOK-47).
 */
export interface LoadKey {
  readonly type: 'loadKey'
  readonly label: string
  readonly kind: KeyKind
  readonly operations: readonly Operation[]
  readonly extractable: boolean
}

/** What the rules judge: every command that has an answer, with `by` as whatever word was said, and {@link LoadKey}. */
export type RuleCommand =
  | Exclude<EnclaveCommand, { type: 'trustKek' } | { type: 'close' }>
  | (Omit<Extract<EnclaveCommand, { type: 'trustKek' }>, 'by'> & { readonly by: string })
  | LoadKey

/** The one command with this type name. */
export type CommandOf<T extends RuleCommand['type']> = Extract<RuleCommand, { type: T }>

/** A command may be done, by the state it was judged in. {@link Facts} that come of it are judged again. */
export interface Permit {
  readonly conversation: string
  /** The conversation's epoch when the work began. */
  readonly epoch: number
  readonly command: RuleCommand
  /** The key that the command names by handle. */
  readonly named: KeyHandle | null
  /** The key that the command names by label. */
  readonly target: KeyHandle | null
  /** What the key that comes of it will be. */
  readonly attributes: Attributes | null
}

/** What the work on bytes found out or made, all of it public. */
export type Facts =
  | (MadeKey & {
      readonly type: 'holdKek'
      readonly bits: number
      /** What the evidence says, if its signature is genuine. */
      readonly statement: Statement | null
    })
  | { readonly type: 'trustKek' | 'keep' | 'destroyKey' }
  | { readonly type: 'wrapTarget'; readonly ciphertext: string }
  | { readonly type: 'compareImported'; readonly statement: Statement | null }
  | (MadeKey & { readonly type: 'makeKek'; readonly version: string; readonly evidence: string })
  | (MadeKey & {
      readonly type: 'importTransfer'
      readonly version: string
      /** SHA-256 of the blob, in hex. */
      readonly blob: string
      readonly evidence: string
    })
  | (MadeKey & { readonly type: 'generateKey' | 'loadKey' })

/** What is public about a key that has just come to exist. `handle` is drawn by the store, never given twice. */
export interface MadeKey {
  readonly handle: KeyHandle
  /** `null` where it is none that BYOK carries. */
  readonly kind: KeyKind | null
  readonly key: PublicPart
  readonly identity: KeyIdentity
}

/** Everything that a rule may look at. What does not apply to a command is `null`. */
export interface Situation {
  readonly state: RuleState
  readonly conversation: string
  readonly command: RuleCommand
  readonly named: KeyRecord | null
  readonly target: KeyRecord | null
  readonly attributes: Attributes | null
  readonly change: Change | null
  /** Only when the work is done. */
  readonly done: { readonly permit: Permit; readonly facts: Facts } | null
}

/** A change of attributes that somebody asks for. */
export interface Change {
  readonly before: KeyRecord
  readonly asked: AttributeChange
  readonly after: KeyRecord
  readonly by: string
}

/** A store with nothing in it. */
export const emptyState = (settings: Settings): RuleState => ({ settings, keys: [], epochs: [], ledger: [] })

/** The live key with this handle. */
export const findKey = (state: RuleState, handle: string): KeyRecord | null => state.keys.find((key) => key.handle === handle) ?? null

/** The live key with this label, if it is one with bytes to protect. */
export const findLabel = (state: RuleState, label: string): KeyRecord | null => state.keys.find((key) => key.label === label && key.class !== 'public') ?? null

/** Adds a record, or puts it in the place of the one with its handle. */
export function putKey(state: RuleState, record: KeyRecord): RuleState {
  const keys = [...state.keys.filter((key) => key.handle !== record.handle), record]
  return { ...state, keys: keys.sort((a, b) => (a.handle < b.handle ? -1 : 1)) }
}

/** How often a conversation has been closed. */
export const epochOf = (state: RuleState, conversation: string): number => state.epochs.find((one) => one.conversation === conversation)?.epoch ?? 0

/** Counts a closing. */
export function nextEpoch(state: RuleState, conversation: string): RuleState {
  const epochs = [...state.epochs.filter((one) => one.conversation !== conversation), { conversation, epoch: epochOf(state, conversation) + 1 }]
  return { ...state, epochs: epochs.sort((a, b) => (a.conversation < b.conversation ? -1 : 1)) }
}

/**
 * Forgets how often a conversation was closed. Right whenever nothing of it is in flight, because an epoch only tells
 * work that began before a closing from work that began after it; so conversations leave no trace behind.
 */
export const forgetEpoch = (state: RuleState, conversation: string): RuleState =>
  state.epochs.some((one) => one.conversation === conversation) ? { ...state, epochs: state.epochs.filter((one) => one.conversation !== conversation) } : state
