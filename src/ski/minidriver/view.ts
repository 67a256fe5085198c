/**
 * What a minidriver knows of its context: public values, handles and the card's claims. The functions that judge a call or
 * answer it look at this and at nothing else.
 *
 * Spec: spec/ski.md, SKI-15, SKI-22, SKI-147.
 * @module
 */
import type { SessionAlgorithm, SkiHandle } from '../enclave/commands.js'

/** A key handle of a context. */
export interface KeyEntry {
  /** The `CARD_KEY_HANDLE`: opaque, never 0, never given twice in one context. */
  readonly handle: number
  /** The card's, or the server enclave's, name for the key. */
  readonly key: SkiHandle
  readonly algorithm: SessionAlgorithm
  /** Whether the chaining mode was set. */
  readonly mode: boolean
  /** The IV as it was set, base64url. */
  readonly iv: string | null
  /** The container to prepare, by the custom property of that name. */
  readonly container: number | null
  /** The card's receipt for the key, KFRC. */
  readonly receipt: string | null
}

/** A secret agreement of a context. */
export interface AgreementEntry {
  /** `bSecretAgreementIndex`. */
  readonly index: number
  readonly agreement: SkiHandle
}

/** What the card, or in no-card mode the product, claims to do. */
export interface Capabilities {
  readonly cardId: string
  /** `CP_KEY_IMPORT_SUPPORT`. */
  readonly mask: number
  readonly algorithms: readonly SessionAlgorithm[]
  /** A mask of `CARD_PADDING_*`. */
  readonly paddings: number
}

/** How a product was built. */
export interface ProductFacts {
  /** Its name; card and server must have the same (SKI-23). */
  readonly product: string
  readonly version: number
  /** Whether it can be acquired without a card. */
  readonly offersNoCard: boolean
  readonly algorithms: readonly SessionAlgorithm[]
  /** Whether the published functions of the server side are there at all. */
  readonly containers: number
}

/** See the module text. */
export interface MinidriverView extends ProductFacts {
  /** Chosen at acquisition and never changed (SKI-22). */
  readonly mode: 'none' | 'card' | 'noCard'
  readonly capabilities: Capabilities
  readonly keys: readonly KeyEntry[]
  readonly agreements: readonly AgreementEntry[]
}

/** The key of a handle; `null` for any other number. */
export const keyOf = (view: MinidriverView, handle: number): KeyEntry | null => view.keys.find((entry) => entry.handle === handle) ?? null

/** The algorithms of the context: the card's, or in no-card mode the product's. */
export const offeredAlgorithms = (view: MinidriverView): readonly SessionAlgorithm[] =>
  view.mode === 'card' ? view.capabilities.algorithms.filter((one) => view.algorithms.includes(one)) : view.algorithms

/** Block, and so IV, in bytes. */
export const blockLengthOf = (algorithm: SessionAlgorithm): number => (algorithm.startsWith('AES') ? 16 : 8)

/**
 * The algorithm of an identifier: a published name, or one of ours with the size in it. `AES` alone is AES-256: the interface
 * has no place for the size where a card must know it before it has opened the blob (SKI-215).
 */
export const sizedAlgorithm = (name: string | null): SessionAlgorithm | null => (name === 'AES' ? 'AES-256' : (SIZED.find((one) => one === name) ?? null))

const SIZED: readonly SessionAlgorithm[] = ['AES-128', 'AES-192', 'AES-256', '3DES_112', '3DES']
