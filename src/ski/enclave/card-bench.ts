/**
 * What the work of a card's enclave has at hand: the store, the card's own keys, and the small steps that several commands
 * take.
 *
 * Requirements: SKI-215, SKI-219.
 * @module
 */
import { fromBase64url, toBase64url } from '../../bytes/base64.js'
import { requireBytes } from '../../bytes/bytes.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import { kindOf } from '../../enclave/kinds.js'
import type { PublicKey } from '../../crypto/keys.js'
import type { Scratch } from '../../enclave/scratch.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import type { Keep } from '../sealed/cipher.js'
import type { SessionContext } from '../sealed/keys.js'
import type { CardAnswer, CardCommand, SkiFault, SkiKeyKind } from './commands.js'
import type { CardFacts, CardMark, CardPermit, CardRuleCommand, CardState, CardSession } from './card-state.js'
import type { Bench, Done, EngineTypes } from './engine.js'

/** The types of a card's engine. */
export interface CardTypes extends EngineTypes {
  readonly state: CardState
  readonly command: CardCommand
  readonly permit: CardPermit
  readonly facts: CardFacts
  readonly mark: CardMark
  readonly answer: CardAnswer
}

/** What a card is: put there when it was personalised, and never changed. */
export interface CardIdentity {
  readonly cardId: Uint8Array
  /** The card's P-256 key that states what its keys are, with the issuer's signature on it. */
  readonly attestation: { readonly key: EcPrivateKey; readonly endorsement: Uint8Array } | null
  /** K_C, 32 bytes. */
  readonly sharedKey: Uint8Array | null
  /** The server's P-256 key, for proofs by signature. */
  readonly serverKey: EcPublicKey | null
}

/** The store and the identity. */
export interface CardBench extends Bench<CardTypes> {
  readonly identity: CardIdentity
}

/** What a command leaves behind. */
export type CardDone = Verdict<Done<CardTypes>, SkiFault>

/** A command with its permit. */
export interface CardJob<C extends CardRuleCommand> {
  readonly permit: CardPermit
  readonly command: C
  readonly scratch: Scratch
}

/** What stands in a context where nothing is known. */
export const ZERO_ID = toBase64url(new Uint8Array(16))

/** The kinds of key that SKI carries. */
export const SKI_KEY_KINDS: readonly SkiKeyKind[] = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521']

/** The kind of a key, or `null` where SKI carries no such key. */
export function skiKindOf(key: PublicKey): SkiKeyKind | null {
  const kind = kindOf(key)
  return SKI_KEY_KINDS.find((one) => one === kind) ?? null
}

/** Ends the work well. */
export const done = (facts: CardFacts, ...keep: Done<CardTypes>['keep']): CardDone => accept({ facts, keep })

/** Reads what a command carries as base64url. */
export function bytesOf(text: string, at: string): Verdict<Uint8Array, SkiFault> {
  const bytes = fromBase64url(text)
  return bytes.ok ? bytes : refuse({ code: 'format_invalid', at, found: bytes.fault.code, requirement: 'SKI-102' })
}

/** Text that the rules have taken, as the bytes that it stands for. */
export function knownBytes(text: string): Uint8Array {
  const bytes = fromBase64url(text)
  if (!bytes.ok) throw new TypeError('base64url is wanted')
  return bytes.value
}

/** Fresh bytes. */
export function fresh(bench: CardBench, length: number): Uint8Array {
  const bytes = bench.crypto.random(length)
  requireBytes(bytes, 'random', length)
  return bytes
}

/** What makes a session this session, as bytes. */
export const contextOf = ({ identity }: CardBench, { session, serverNonce, cardNonce }: CardSession): SessionContext => ({
  session: knownBytes(session),
  serverNonce: knownBytes(serverNonce),
  cardNonce: knownBytes(cardNonce),
  cardId: identity.cardId,
})

/** Puts derived keys into the scratch of a command. */
export const keeper =
  (scratch: Scratch): Keep =>
  (name, secret) =>
    scratch.bytes(name, secret)
