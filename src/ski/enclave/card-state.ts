/**
 * Everything that the rules of a card look at and change, in two parts: what survives a loss of power (containers, PINs and
 * their counters) and what does not (session keys, agreements, nonces, authenticated states). Plain data of one fixed shape,
 * immutable, lists sorted: two equal states are equal as JSON, and a search over states can store them as they are.
 *
 * Secrets are named by handles here, and lie elsewhere.
 *
 * Requirements: SKI-210, SKI-216, SKI-218, SKI-247.
 * @module
 */
import type { CardCommand, CardKeyPurpose, SecureFunction, SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from './commands.js'
import type { CardRuleName } from './card-rules.js'
import type { SealedData, ServerProof, Way } from '../policy.js'

/** What a card was personalised with and built for, as far as rules look at it. */
export interface CardSettings {
  /** How many containers there are, numbered from 0. */
  readonly containers: number
  readonly serverProof: ServerProof
  readonly sealedData: SealedData
  /** Whether the card writes receipts; it does so in the bound format only (SKI-250). */
  readonly receipts: boolean
  readonly tripleDes: boolean
  readonly algorithms: readonly SessionAlgorithm[]
  readonly paddings: readonly WrapPadding[]
  /** Whether the card has a key of its own to state with what its keys are. */
  readonly attests: boolean
  /** Whether the card shares a key with the server. */
  readonly shares: boolean
  /** Whether a key pair is installed only while the PIN that is to guard it is presented. */
  readonly writeNeedsPin: boolean
  /** Rules that are switched off: for tests that show that a rule is needed, never in use. */
  readonly without: readonly CardRuleName[]
}

/** A container with a key pair in it. */
export interface KeyContainer {
  readonly container: number
  readonly purpose: CardKeyPurpose
  readonly kind: SkiKeyKind
  /** DER SubjectPublicKeyInfo, base64url. */
  readonly spki: string
  /** The PIN that guards it; 0 (`ROLE_EVERYONE`) for none. */
  readonly pinId: number
  readonly origin: 'generated' | 'imported'
  /** `AT_…` of an imported key pair. */
  readonly keySpec: number | null
  /** Where the private key lies. Another key in the same container has another handle. */
  readonly key: SkiHandle
}

/** A PIN with its retry counter. */
export interface CardPin {
  readonly id: number
  /** Wrong tries that are left; a PIN with none is blocked. */
  readonly tries: number
  /** What a right try sets the counter to. */
  readonly max: number
  /** The PIN that may unblock it. */
  readonly unblockedBy: number
  /** Whether it is entered at the PIN pad and nowhere else; the secure functions are not for such a PIN (SKI-286). */
  readonly external: boolean
  /** Where its value lies. */
  readonly value: SkiHandle
}

/** What makes a session this session, as text; the card's own id is the fourth member. */
export interface CardSession {
  readonly session: string
  readonly serverNonce: string
  readonly cardNonce: string
}

/** A session key: it opens sealed data and does nothing else (SKI-210). */
export interface CardSessionKey {
  readonly handle: SkiHandle
  readonly channel: number
  readonly way: Way
  readonly algorithm: SessionAlgorithm
  /** Zero bytes stand for what a bare establishment does not tell. */
  readonly context: CardSession
  readonly mode: 'CBC' | null
  readonly iv: string | null
  /** IVs under which something was opened, in the order of use. */
  readonly ivs: readonly string[]
  /** A key pair was imported under it, or tried to be: it opens nothing more (SKI-69). */
  readonly used: boolean
}

/** A DH agreement. */
export interface CardAgreement {
  readonly handle: SkiHandle
  readonly channel: number
  readonly container: number
  /** The card's public key, as DER SubjectPublicKeyInfo, and the server's point X ‖ Y; both base64url. */
  readonly spki: string
  readonly peer: string
  /** A session key was derived of it: it gives no other (SKI-7). */
  readonly used: boolean
}

/** See the module text. */
export interface CardState {
  readonly settings: CardSettings
  /** Sorted by number. */
  readonly containers: readonly KeyContainer[]
  /** Sorted by id. */
  readonly pins: readonly CardPin[]
  /** Sorted by handle. From here on all is gone when the power is. */
  readonly keys: readonly CardSessionKey[]
  /** Sorted by handle. */
  readonly agreements: readonly CardAgreement[]
  /** The outstanding one-shot nonce of each channel; sorted. */
  readonly nonces: readonly { readonly channel: number; readonly nonce: string }[]
  /** PINs that were presented; sorted by channel and id. */
  readonly authenticated: readonly { readonly channel: number; readonly pinId: number }[]
  /** PINs that the card drew for one session; sorted by channel and id. */
  readonly sessionPins: readonly { readonly channel: number; readonly pinId: number; readonly value: SkiHandle }[]
  /** PINs that were entered at the PIN pad and wait to be compared; sorted. */
  readonly entries: readonly SkiHandle[]
  /** How often the power was lost while something was in flight. */
  readonly epoch: number
}

/** What the rules judge: every command but the one that ends everything. */
export type CardRuleCommand = Exclude<CardCommand, { type: 'close' }>

/** The one command with this type name. */
export type CardCommandOf<T extends CardCommand['type']> = Extract<CardCommand, { type: T }>

/** A command may be done, by the state it was judged in. {@link CardFacts} that come of it are judged again. */
export interface CardPermit {
  readonly conversation: string
  readonly epoch: number
  readonly command: CardRuleCommand
  /** The key pair that the command works with, so that another one in its container is not taken for it. */
  readonly keyPair: SkiHandle | null
}

/** What the card writes down while it works, so that neither a refusal nor a loss of power takes it back. */
export type CardMark =
  /** An establishment names this nonce, or takes whichever is outstanding. */
  | { readonly type: 'nonceTaken'; readonly nonce: string | null }
  /** Something is opened under the IV that is set. */
  | { readonly type: 'ivTaken'; readonly key: SkiHandle; readonly iv: string; readonly importing: boolean }
  /** A PIN is about to be compared; `change` says what for, where it is not for being presented. */
  | {
      readonly type: 'pinTried'
      readonly pinId: number
      /** Where its value comes from. */
      readonly from: 'sealed' | 'typed' | 'pad'
      readonly change: { readonly how: 'change' | 'unblock'; readonly target: number } | null
    }
  /** A PIN from the PIN pad is about to be compared. */
  | { readonly type: 'entryTaken'; readonly entry: SkiHandle }

/** A session key that has come to exist. */
export interface MadeSessionKey {
  readonly handle: SkiHandle
  readonly way: Way
  readonly context: CardSession
  readonly receipt: string | null
}

/** What sealed data said, once it was open. */
export type OpenedFacts =
  | {
      readonly function: 'Import Key Pair'
      /** What the structure says. */
      readonly container: number
      readonly pinId: number
      readonly keySpec: number
      /** Whether the sealed data says that what is in the container may go; the published format cannot say so. */
      readonly overwrite: boolean
      readonly kind: SkiKeyKind
      readonly spki: string
      readonly key: SkiHandle
    }
  | {
      readonly function: 'Authenticate'
      readonly pinId: number
      readonly right: boolean
      /** What was compared: the PIN, or the PIN of the session. */
      readonly compared: 'pin' | 'sessionPin'
      /** Where a new PIN for the session lies, if one was asked for. */
      readonly sessionPin: SkiHandle | null
    }
  | {
      readonly function: 'Change Authenticator'
      readonly how: 'change' | 'unblock'
      readonly pinId: number
      readonly right: boolean
      /** The new value and what its counter is set to; `tries` 0 keeps what it was. */
      readonly target: { readonly pinId: number; readonly value: SkiHandle; readonly tries: number }
    }

/** What the work on bytes found out or made, all of it public. */
export type CardFacts =
  | { readonly type: 'makeK1'; readonly key: SkiHandle; readonly spki: string }
  | { readonly type: 'readKey'; readonly nonce: string | null; readonly evidence: string | null }
  | { readonly type: 'drawNonce'; readonly nonce: string }
  | (MadeSessionKey & { readonly type: 'importSessionKey' | 'shareKey' | 'deriveKey' })
  | { readonly type: 'agree'; readonly handle: SkiHandle; readonly peer: string }
  | { readonly type: 'processSealed'; readonly opened: OpenedFacts; readonly output: string | null }
  | { readonly type: 'verifyPin'; readonly right: boolean }
  | { readonly type: 'setKeyProperty' | 'destroyKey' | 'deleteContainer' | 'deauthenticate' }

/** Everything that a rule may look at. What does not apply to a command is `null`. */
export interface CardSituation {
  readonly state: CardState
  readonly command: CardRuleCommand
  /** What is in the container that the command names. */
  readonly container: KeyContainer | null
  readonly key: CardSessionKey | null
  readonly agreement: CardAgreement | null
  /** The PIN that the command names. */
  readonly pin: CardPin | null
  /** Only when the work is done. */
  readonly done: { readonly permit: CardPermit; readonly facts: CardFacts } | null
}

/** A secure function with its facts. */
export type OpenedOf<F extends SecureFunction> = Extract<OpenedFacts, { function: F }>

/** `ROLE_EVERYONE`: guards nothing. */
export const NO_PIN = 0

/** A card with nothing in it. */
export const emptyCard = (settings: CardSettings): CardState => ({
  settings,
  containers: [],
  pins: [],
  keys: [],
  agreements: [],
  nonces: [],
  authenticated: [],
  sessionPins: [],
  entries: [],
  epoch: 0,
})

/** What is in a container. */
export const findContainer = (state: CardState, container: number): KeyContainer | null =>
  state.containers.find((record) => record.container === container) ?? null

/** The PIN with this id. */
export const findPin = (state: CardState, id: number): CardPin | null => state.pins.find((record) => record.id === id) ?? null

/** The live session key with this handle. */
export const findSessionKey = (state: CardState, handle: string): CardSessionKey | null => state.keys.find((record) => record.handle === handle) ?? null

/** The live agreement with this handle. */
export const findAgreement = (state: CardState, handle: string): CardAgreement | null => state.agreements.find((record) => record.handle === handle) ?? null

/** The outstanding nonce of a channel. */
export const nonceOf = (state: CardState, channel: number): string | null => state.nonces.find((one) => one.channel === channel)?.nonce ?? null

/** Whether a PIN was presented on a channel; nothing has to be for {@link NO_PIN}. */
export const isPresented = (state: CardState, channel: number, pinId: number): boolean =>
  pinId === NO_PIN || state.authenticated.some((one) => one.channel === channel && one.pinId === pinId)

/** Puts a record into the place of the one that `same` finds, or beside the others, and sorts by `order`. */
export function put<R>(records: readonly R[], record: R, order: (record: R) => readonly (number | string)[]): readonly R[] {
  const key = (one: R) => JSON.stringify(order(one))
  return [...records.filter((one) => key(one) !== key(record)), record].sort((a, b) => compare(order(a), order(b)))
}

/**
 * By which members the lists of a state are sorted, and of which each list has one of a kind.
 * @internal
 */
export const ORDER = {
  container: ({ container }: { readonly container: number }) => [container],
  pin: ({ id }: { readonly id: number }) => [id],
  handle: ({ handle }: { readonly handle: SkiHandle }) => [handle],
  channel: ({ channel }: { readonly channel: number }) => [channel],
  presented: ({ channel, pinId }: { readonly channel: number; readonly pinId: number }) => [channel, pinId],
} as const

/** Puts a session key into its place. */
export const putSessionKey = (state: CardState, record: CardSessionKey): CardState => ({ ...state, keys: put(state.keys, record, ORDER.handle) })

/** Puts a PIN into its place. */
export const putPin = (state: CardState, record: CardPin): CardState => ({ ...state, pins: put(state.pins, record, ORDER.pin) })

/** Whether the state speaks of a secret. */
export function holdsSecret(state: CardState, handle: SkiHandle): boolean {
  return (
    state.keys.some((one) => one.handle === handle) ||
    state.agreements.some((one) => one.handle === handle && !one.used) ||
    state.containers.some(({ key }) => key === handle) ||
    state.pins.some(({ value }) => value === handle) ||
    state.sessionPins.some(({ value }) => value === handle) ||
    state.entries.includes(handle)
  )
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((part, index) => part !== b[index])
  return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1
}
