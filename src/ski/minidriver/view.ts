/**
 * What a minidriver knows of its context: public values, handles and the card's claims. The functions that judge a call or
 * answer it look at this and at nothing else.
 *
 * Spec: spec/ski.md, SKI-15, SKI-22, SKI-145 to SKI-147.
 * @module
 */
import type { FunctionName } from '../calls.js'
import { KEY_IMPORT } from '../constants/index.js'
import type { SessionAlgorithm, SkiHandle } from '../enclave/commands.js'
import { READINGS } from '../readings.js'
import { ALGORITHMS } from '../sealed/codes.js'

/** A key handle of a context. */
export interface KeyEntry {
  /** The `CARD_KEY_HANDLE`: opaque, never 0, never given twice in one context. */
  readonly handle: number
  /** The card's, or the server enclave's, name for the key. */
  readonly key: SkiHandle
  readonly algorithm: SessionAlgorithm
  /** Whether the chaining mode was set. */
  readonly mode: boolean
  /** The IV as it was set, base64url; `null` again when it has been used (SKI-12). */
  readonly iv: string | null
  /** The container that the next key pair is meant for (SKI-149). */
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
  /** Its name and the version of its formats; card and server must have the same (SKI-23). */
  readonly product: string
  readonly version: number
  /** Whether it can be acquired without a card. */
  readonly offersNoCard: boolean
  /** The ways that it takes part in, as bits of `CP_KEY_IMPORT_SUPPORT`. */
  readonly support: number
  readonly algorithms: readonly SessionAlgorithm[]
  /** How many containers a card of this product has; at most 100, whose certificates have names (SKI-182). */
  readonly containers: number
}

/** See the module text. */
export interface MinidriverView extends ProductFacts {
  /** Chosen at acquisition and never changed (SKI-22). */
  readonly mode: 'none' | 'card' | 'noCard'
  /** `CARD_DATA.dwVersion` as negotiated; 0 without a context (SKI-146). */
  readonly negotiated: number
  readonly capabilities: Capabilities
  readonly keys: readonly KeyEntry[]
  readonly agreements: readonly AgreementEntry[]
  /** How many key handles were given out, which is also the last of them. */
  readonly given: number
}

/** The key of a handle; `null` for any other number. */
export const keyOf = (view: MinidriverView, handle: number): KeyEntry | null => view.keys.find((entry) => entry.handle === handle) ?? null

/** Whether a number was a handle once. */
export const wasHandle = ({ given }: MinidriverView, handle: number): boolean => Number.isInteger(handle) && handle > 0 && handle <= given

/** The algorithms of the context: the card's, or in no-card mode the product's. */
export const offeredAlgorithms = (view: MinidriverView): readonly SessionAlgorithm[] =>
  view.mode === 'card' ? view.capabilities.algorithms.filter((one) => view.algorithms.includes(one)) : view.algorithms

/** Whether product, card and negotiated version have a function (SKI-145, SKI-146). */
export function isFunctionOffered(name: FunctionName, { mode, negotiated, support, capabilities }: MinidriverView): boolean {
  const ways = mode === 'card' ? support & capabilities.mask : support
  const wanted = WAYS_OF[name]
  return (negotiated >= SKI_VERSION || !SINCE_SKI.has(name)) && (wanted === undefined || (ways & wanted) !== 0)
}

/** The version of `CARD_DATA` that brought secure key injection, and the latest. */
export const SKI_VERSION = 7

const { asymmetricKeyEstablishment: RSA, agreementCapability: ECC, derivedCapability } = READINGS
const SHARED = KEY_IMPORT.CARD_KEY_IMPORT_SHARED_SYMMETRIC | derivedCapability
const ANY_WAY = RSA | ECC | SHARED

/** Functions that serve some ways only, and are not there without one of them. */
const WAYS_OF: Partial<Readonly<Record<FunctionName, number>>> = {
  CardImportSessionKey: RSA,
  CardConstructDHAgreement: ECC,
  CardDeriveKey: ECC,
  CardDestroyDHAgreement: ECC,
  CardGetSharedKeyHandle: SHARED,
  MDImportSessionKey: RSA | ECC,
  MDEncryptData: ANY_WAY,
  CardGetAlgorithmProperty: ANY_WAY,
  CardDestroyKey: ANY_WAY,
  CardGetKeyProperty: ANY_WAY,
  CardSetKeyProperty: ANY_WAY,
  CardProcessEncryptedData: ANY_WAY,
}

const SINCE_SKI: ReadonlySet<FunctionName> = new Set([
  'CardCreateContainerEx',
  'CardImportSessionKey',
  'CardGetSharedKeyHandle',
  'MDImportSessionKey',
  'MDEncryptData',
  'CardGetAlgorithmProperty',
  'CardDestroyKey',
  'CardGetKeyProperty',
  'CardSetKeyProperty',
  'CardProcessEncryptedData',
])

/** Block, and so IV, in bytes. */
export const blockLengthOf = (algorithm: SessionAlgorithm): number => ALGORITHMS[algorithm].blockBytes
