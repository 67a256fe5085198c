/**
 * Everything that the rules of a server's enclave look at and change: objects by handle, the session of each conversation,
 * the endings of conversations, and the settings that the enclave was built with. Plain data of one fixed shape,
 * immutable, arrays sorted: two equal states are equal as JSON, and a search over states can store them as they are.
 *
 * All of it is public. The secrets behind the objects are the engine's.
 *
 * Spec: spec/ski.md, SKI-7, SKI-210, SKI-219, SKI-220, SKI-245.
 * @module
 */
import type { SealedData, ServerProof, SkiPolicy, Way } from '../policy.js'
import type { SecureFunction, ServerAnswer, ServerCommand, SessionAlgorithm, SkiHandle, SkiKeyKind } from './commands.js'
import type { ServerRuleName } from './server-rules.js'

/** The answers to what the documents leave open, as far as a server's enclave has a part in them. */
export type ServerPolicy = Pick<SkiPolicy, 'sealedData' | 'receipts' | 'archive' | 'tripleDes'>

/** What a server's enclave was built with. */
export interface ServerSettings {
  readonly sealedData: SealedData
  /** Nothing is sealed for a card that has not confirmed its session key. */
  readonly receipts: boolean
  readonly archive: SkiPolicy['archive']
  /** Session keys that policy and provider allow. */
  readonly algorithms: readonly SessionAlgorithm[]
  /** How it can prove itself to a card; `none` is always there. */
  readonly proofs: readonly ServerProof[]
  /** Whether it has the master key of the shared keys. */
  readonly sharesKeys: boolean
  /** Whether certificate requests and archives can be made. */
  readonly documents: boolean
  /** Rules that are switched off: for tests that show that a rule is needed, never in use. */
  readonly without: readonly ServerRuleName[]
}

/** What makes a session this session: four byte strings of 16 bytes, base64url. */
export interface ContextText {
  readonly session: string
  readonly serverNonce: string
  readonly cardNonce: string
  readonly cardId: string
}

interface Owned {
  readonly handle: SkiHandle
  /** The conversation that it dies with. */
  readonly owner: string
}

/** A card as it was judged in step 15. Holds no secret. */
export interface CardRecord extends Owned {
  readonly type: 'card'
  readonly way: Way
  readonly cardId: string
  /** The card's one-shot nonce, where one is known. */
  readonly nonce: string | null
  /** Where genuine evidence says that the key is. */
  readonly container: number | null
  readonly spki: string | null
  readonly kind: SkiKeyKind | null
  readonly fingerprint: string | null
  readonly proof: Extract<ServerAnswer, { type: 'enclave.cardJudged' }>['proof']
  /** What it was told to make a session key of (step 16). */
  readonly offered: { readonly algorithm: SessionAlgorithm; readonly container: number | null } | null
  /** A genuine receipt says that it has the session key (step 21). */
  readonly confirmed: boolean
  /** The minidriver has the session key as well (step 23). */
  readonly loaded: boolean
}

/** S1 as a plaintext argument of `MDImportSessionKey`. `null` in its members: handed in by the host. */
export interface KeyBlobRecord extends Owned {
  readonly type: 'keyBlob'
  readonly card: SkiHandle | null
  readonly algorithm: SessionAlgorithm | null
  readonly context: ContextText | null
  /** The minidriver has made its key of it, and the bytes are gone; the name is there until it is destroyed. */
  readonly used: boolean
}

/** What a structure says, as far as it is public (SKI-62). PIN functions: no container, `pinId` is that of the target. */
export interface StructureTerms {
  readonly function: SecureFunction
  readonly container: number | null
  readonly overwrite: boolean
  readonly pinId: number
  readonly keySpec: number
  /** In bits. */
  readonly keySize: number
}

/** A plaintext argument of `MDEncryptData`: a key pair or PINs in their structure. */
export interface StructureRecord extends Owned {
  readonly type: 'structure'
  /** `null`: handed in by the host, and read when it is sealed. */
  readonly terms: StructureTerms | null
  /** Of a structure that the host handed in: whether it may overwrite. */
  readonly mayOverwrite: boolean
  /** K2 in it, and which key that is. */
  readonly key: SkiHandle | null
  readonly fingerprint: string | null
  /** K2 in it has been enciphered for the archive. */
  readonly archived: boolean
  /** It was sealed, and the bytes are gone; the name is there until it is destroyed. */
  readonly used: boolean
}

/** The minidriver's session key. */
export interface MdKeyRecord extends Owned {
  readonly type: 'sessionKey'
  /** The card that was judged and has the same key; `null` where the host handed the key in. */
  readonly card: SkiHandle | null
  readonly algorithm: SessionAlgorithm
  readonly context: ContextText | null
  /** Two records with one of these hold the same key. */
  readonly material: string
  readonly mode: 'CBC' | null
  readonly iv: string | null
  /** IVs under which something was enciphered; sorted. */
  readonly used: readonly string[]
  /** What was sealed last. */
  readonly sealed: (Pick<StructureTerms, 'function' | 'container' | 'pinId'> & { readonly fingerprint: string | null }) | null
  /** A response was opened. */
  readonly opened: boolean
}

/** K2. */
export interface KeyPairRecord extends Owned {
  readonly type: 'keyPair'
  readonly kind: SkiKeyKind
  /** DER SubjectPublicKeyInfo. */
  readonly spki: string
  readonly fingerprint: string
  /** Has been enciphered to recovery agents. */
  readonly archived: boolean
}

/** A PIN: made here, held for the host, or received from a card. */
export interface ServerPinRecord extends Owned {
  readonly type: 'pin'
  readonly origin: 'made' | 'held' | 'received'
}

/** An object in a server's enclave, as everybody may see it. */
export type ServerObject = CardRecord | KeyBlobRecord | StructureRecord | MdKeyRecord | KeyPairRecord | ServerPinRecord

/** The object with this type name. */
export type ObjectOf<T extends ServerObject['type']> = Extract<ServerObject, { type: T }>

/** The session of a conversation. */
export interface ServerSessionRecord {
  readonly conversation: string
  readonly session: string
  readonly nonce: string
  /** The card that a session key was made for; there is one for each session (SKI-7). */
  readonly card: SkiHandle | null
}

/** See the module text. */
export interface ServerState {
  readonly settings: ServerSettings
  /** Sorted by handle. */
  readonly objects: readonly ServerObject[]
  /** Sorted by conversation. */
  readonly sessions: readonly ServerSessionRecord[]
  /** How often a conversation has been closed while something of it was in flight; sorted. None is 0. */
  readonly epochs: readonly { readonly conversation: string; readonly epoch: number }[]
}

/** Every command that is worked on. */
export type ServerWorkCommand = Exclude<ServerCommand, { type: 'close' }>

/** The one command with this type name. */
export type ServerCommandOf<T extends ServerWorkCommand['type']> = Extract<ServerWorkCommand, { type: T }>

/** A command may be done, by the state that it was judged in. What comes of it is judged again. */
export interface ServerPermit {
  readonly conversation: string
  /** The conversation's epoch when the work began. */
  readonly epoch: number
  readonly command: ServerWorkCommand
}

/** What genuine card evidence says, and by what it is proven (SKI-44, SKI-46). */
export interface StatementFacts {
  readonly by: 'attested' | 'sharedKey'
  readonly container: number
  readonly purpose: 'session' | 'agreement'
  readonly cardId: string
  readonly nonce: string
  readonly spki: string
}

/** What the work found out or made, all of it public. */
export type ServerFacts =
  | { readonly type: 'beginSession'; readonly session: string; readonly nonce: string }
  | {
      readonly type: 'judgeCard'
      readonly handle: SkiHandle
      readonly kind: SkiKeyKind | null
      readonly fingerprint: string | null
      /** `null` where there is no evidence, or none that is genuine. */
      readonly statement: StatementFacts | null
      /** The nonce in evidence, genuine or not. */
      readonly evidenceNonce: string | null
    }
  | {
      readonly type: 'wrapSessionKey' | 'agreeSessionKey'
      readonly handle: SkiHandle
      readonly input: string
      readonly peer: string | null
      readonly proven: boolean
      readonly context: ContextText
    }
  | { readonly type: 'offerSharedKey'; readonly input: string | null; readonly proven: boolean }
  /** `nonce`: that of the session whose keys the receipt was judged with. */
  | { readonly type: 'confirmSession'; readonly genuine: boolean; readonly nonce: string }
  | { readonly type: 'mdImportSessionKey'; readonly handle: SkiHandle; readonly algorithm: SessionAlgorithm }
  | { readonly type: 'mdSharedKey'; readonly handle: SkiHandle; readonly context: ContextText; readonly material: string }
  | { readonly type: 'setKeyProperty' | 'destroyKey' }
  | { readonly type: 'drawIv'; readonly iv: string }
  | { readonly type: 'makeKeyPair'; readonly handle: SkiHandle; readonly spki: string; readonly fingerprint: string }
  | { readonly type: 'makePin'; readonly handle: SkiHandle }
  | { readonly type: 'composeKeyPair' | 'composePin'; readonly handle: SkiHandle; readonly terms: StructureTerms }
  /** `iv`: the one that was used. */
  | { readonly type: 'mdEncrypt'; readonly iv: string; readonly terms: StructureTerms; readonly blobs: readonly string[] }
  | { readonly type: 'mdOpenResponse'; readonly attemptsRemaining: number; readonly sessionPin: SkiHandle | null }
  | { readonly type: 'confirmInstalled'; readonly genuine: boolean }
  | { readonly type: 'requestCertificate'; readonly request: string }
  | { readonly type: 'envelopeKey'; readonly envelope: string }

/** The facts of one command. */
export type ServerFactsOf<T extends ServerFacts['type']> = Extract<ServerFacts, { type: T }>

/** The objects that a command names. What does not apply to it, or is of another type than is wanted there, is `null`. */
export interface Named {
  readonly card: CardRecord | null
  readonly keyBlob: KeyBlobRecord | null
  readonly structure: StructureRecord | null
  readonly sessionKey: MdKeyRecord | null
  readonly keyPair: KeyPairRecord | null
}

/** Everything that a rule may look at. */
export interface ServerSituation extends Named {
  readonly state: ServerState
  readonly conversation: string
  readonly command: ServerWorkCommand
  readonly session: ServerSessionRecord | null
  /** Every object that the command names, whatever it is, and the member that names it. */
  readonly objects: readonly { readonly at: string; readonly object: ServerObject }[]
  /** A name that stands for an object of another type than is wanted there. */
  readonly misnamed: { readonly at: string; readonly found: string; readonly wanted: string } | null
  /** Only when the work is done. */
  readonly done: { readonly permit: ServerPermit; readonly facts: ServerFacts } | null
}

/** An enclave with nothing in it. */
export const emptyServer = (settings: ServerSettings): ServerState => ({ settings, objects: [], sessions: [], epochs: [] })

/** The live object with this handle. */
export const findObject = (state: ServerState, handle: string): ServerObject | null => state.objects.find((object) => object.handle === handle) ?? null

/** The session of a conversation. */
export const findSession = (state: ServerState, conversation: string): ServerSessionRecord | null =>
  state.sessions.find((session) => session.conversation === conversation) ?? null

/** The one minidriver's key of a conversation, or `null` where there is none or more than one. */
export function onlyKey(state: ServerState, conversation: string): ObjectOf<'sessionKey'> | null {
  const keys = state.objects.filter((object): object is ObjectOf<'sessionKey'> => object.type === 'sessionKey' && object.owner === conversation)
  return keys.length === 1 ? keys[0]! : null
}

/** Adds an object, or puts it in the place of the one with its handle. */
export function putObject(state: ServerState, object: ServerObject): ServerState {
  const objects = [...state.objects.filter(({ handle }) => handle !== object.handle), Object.freeze(object)]
  return { ...state, objects: objects.sort((a, b) => (a.handle < b.handle ? -1 : 1)) }
}

/** Removes an object. */
export const dropObject = (state: ServerState, handle: SkiHandle): ServerState => ({
  ...state,
  objects: state.objects.filter((object) => object.handle !== handle),
})

/** Puts the session of a conversation in place of the one it had. */
export function putSession(state: ServerState, session: ServerSessionRecord): ServerState {
  const sessions = [...state.sessions.filter(({ conversation }) => conversation !== session.conversation), Object.freeze(session)]
  return { ...state, sessions: sessions.sort((a, b) => (a.conversation < b.conversation ? -1 : 1)) }
}

/** How often a conversation has been closed. */
export const epochOf = (state: ServerState, conversation: string): number => state.epochs.find((one) => one.conversation === conversation)?.epoch ?? 0

/** Counts a closing. */
export function nextEpoch(state: ServerState, conversation: string): ServerState {
  const epochs = [...state.epochs.filter((one) => one.conversation !== conversation), { conversation, epoch: epochOf(state, conversation) + 1 }]
  return { ...state, epochs: epochs.sort((a, b) => (a.conversation < b.conversation ? -1 : 1)) }
}

/** Forgets how often a conversation was closed; right whenever nothing of it is in flight, so that conversations leave no trace. */
export const forgetEpoch = (state: ServerState, conversation: string): ServerState =>
  state.epochs.some((one) => one.conversation === conversation) ? { ...state, epochs: state.epochs.filter((one) => one.conversation !== conversation) } : state
