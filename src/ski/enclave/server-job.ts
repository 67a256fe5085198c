/**
 * What the work behind the commands of a server's enclave shares: what it has at hand, and how it looks at it. Every secret
 * that comes to exist goes into the command's scratch at once, which wipes it whatever happens; what the store is to keep
 * is named in the result.
 *
 * Spec: spec/ski.md, SKI-219, SKI-222, SKI-223.
 * @module
 */
import { fromBase64url } from '../../bytes/base64.js'
import { requireBytes } from '../../bytes/bytes.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import type { Scratch } from '../../enclave/scratch.js'
import type { Steps } from '../../enclave/steps.js'
import { accept, type Verdict } from '../../verdict.js'
import type { Pki } from '../pki.js'
import type { Keep, SessionContext } from '../sealed/index.js'
import type { SkiFault, SkiHandle } from './commands.js'
import type { Bench, Done, Secret } from './engine.js'
import type { ServerTypes } from './server-permit.js'
import {
  findObject,
  type ContextText,
  type ObjectOf,
  type ServerCommandOf,
  type ServerFacts,
  type ServerObject,
  type ServerWorkCommand,
} from './server-state.js'

/** What a server's enclave has of its own. */
export interface ServerTools {
  /** Whose endorsement of a card is believed. */
  readonly issuers: readonly EcPublicKey[]
  /** The master key of the keys that cards share with the server. */
  readonly masterKey: Uint8Array | null
  /** Signs what the server tells a card to establish, and nothing else. */
  readonly signingKey: EcPrivateKey | null
  readonly pki: Pki | null
}

/** Everything that the work of one command has at hand. */
export interface AnyServerJob {
  readonly bench: Bench<ServerTypes>
  readonly tools: ServerTools
  readonly scratch: Scratch
  readonly conversation: string
}

/** With the command. */
export interface ServerJob<T extends ServerWorkCommand['type']> extends AnyServerJob {
  readonly command: ServerCommandOf<T>
}

/** How the work of one command ends. */
export type ServerWork = Steps<Verdict<Done<ServerTypes>, SkiFault>>

/** The end of work that went well. */
export const done = (facts: ServerFacts, ...keep: Done<ServerTypes>['keep']): Verdict<Done<ServerTypes>, SkiFault> => accept({ facts, keep })

/** Random bytes, as many as were asked for. */
export function fresh({ crypto }: Pick<Bench<ServerTypes>, 'crypto'>, length: number): Uint8Array {
  const bytes = crypto.random(length)
  requireBytes(bytes, 'random', length)
  return bytes
}

/** The object that a command names, which the rules have seen to be of this type. */
export function objectOf<T extends ServerObject['type']>({ bench }: AnyServerJob, handle: SkiHandle, type: T): ObjectOf<T> {
  const object = findObject(bench.state(), handle)
  if (object?.type !== type) throw new TypeError(`a ${type} is wanted`)
  return object as ObjectOf<T>
}

/** Secret bytes under a handle, the store's own. */
export function secretOf({ bench }: AnyServerJob, handle: SkiHandle): Uint8Array {
  const secret: Secret = bench.stored(handle)
  if (secret.type !== 'oct') throw new TypeError('secret bytes are wanted')
  return secret.k
}

/** Bytes of a text that the rules have seen to be base64url. */
export function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64url(text)
  if (!bytes.ok) throw new TypeError('base64url is wanted')
  return bytes.value
}

/** Bytes of a text of a peer's, or `null`. */
export function peerBytes(text: string): Uint8Array | null {
  const bytes = fromBase64url(text)
  return bytes.ok ? bytes.value : null
}

/** The bytes of what makes a session this session. */
export const contextBytes = ({ session, serverNonce, cardNonce, cardId }: ContextText): SessionContext => ({
  session: bytesOf(session),
  serverNonce: bytesOf(serverNonce),
  cardNonce: bytesOf(cardNonce),
  cardId: bytesOf(cardId),
})

/** Has the scratch of a command take charge of what the formats make on their way. */
export const keepIn =
  (scratch: Scratch): Keep =>
  (name, secret) =>
    scratch.bytes(name, secret)

/** What the rules have seen to be there. */
export function known<T>(value: T | null): T {
  if (value === null) throw new TypeError('what the rules know is wanted')
  return value
}
