/**
 * What the server application decides from public values: whom it serves, which way, algorithm and place it takes, and
 * whether what its enclave found out about the card is enough. Pure functions, so that the machine's guards stay names.
 *
 * What the client reports is a hint (SKI-49): nothing here takes anything from it that the server did not allow itself.
 *
 * Spec: spec/ski.md, SKI-40 to SKI-49, SKI-64, SKI-253.
 * @module
 */
import { CHAINING_MODES } from '../../src/ski/constants/index.js'
import type { SecureFunction, SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from '../../src/ski/enclave/commands.js'
import type { ClientToServer, ServerToClient } from '../../src/ski/messages.js'
import type { SkiPolicy, Way } from '../../src/ski/policy.js'

/** Whom the server serves: decided before the run, over another way than the client. */
export interface Enrolment {
  readonly subject: string
  readonly template: string
  /** The card that was given to this requester, 16 bytes, base64url (SKI-47). */
  readonly cardId: string
  /** `spki-sha256:` of the K1 that was enrolled for it, for `pinned` (SKI-45). */
  readonly k1: string | null
  /** The containers, and the PINs, that may be used on this card (SKI-49). */
  readonly containers: readonly number[]
  readonly pinIds: readonly number[]
  /** Which kinds of key pair may be injected for this requester, by `AT_…` number; a signing key is archived only where it stands here (SKI-27). */
  readonly keySpecs: readonly number[]
  /** Whether a user key that lies there may be overwritten (SKI-213). */
  readonly overwrite: boolean
}

/** What is to be injected. */
export type Injection =
  | {
      readonly what: 'keyPair'
      readonly kind: SkiKeyKind
      /** `AT_…` number. */
      readonly keySpec: number
      /** Certificates of recovery agents, DER; needed unless the policy archives nothing. */
      readonly agents: readonly string[]
    }
  | {
      readonly what: 'pin'
      /** For whom it was prepared: a PIN is sealed for no other requester's card (SKI-267). */
      readonly subject: string
      readonly function: 'Authenticate' | 'Change Authenticator'
      /** `CARD_AUTHENTICATE.dwFlags` or `CARD_CHANGE_AUTHENTICATOR.dwFlags`. */
      readonly flags: number
      /** The PIN that authenticates, and its value in the server's enclave. */
      readonly pinId: number
      readonly pin: SkiHandle
      /** For a change: the PIN that is set, its new value, and its tries. */
      readonly target: { readonly pinId: number; readonly pin: SkiHandle; readonly tries: number } | null
    }

/** A product of minidriver that runs on the server in no-card mode. */
export interface ServedProduct {
  readonly product: string
  readonly version: number
}

/** How one run of the server is set up. */
export interface ServerInput {
  readonly policy: SkiPolicy
  /** Best first. */
  readonly ways: readonly Way[]
  readonly algorithms: readonly SessionAlgorithm[]
  readonly paddings: readonly WrapPadding[]
  readonly products: readonly ServedProduct[]
  readonly enrolments: readonly Enrolment[]
  readonly injection: Injection
  /** Into how many blobs sealed data is cut. */
  readonly pieces: number
}

/** Step 15, as the server hears it. */
export type Offer = Extract<ClientToServer, { type: 'client.offer' }>

/** What the server's enclave found out about the card. */
export interface Judged {
  readonly proof: 'attested' | 'sharedKey' | 'none'
  readonly cardId: string
  readonly fingerprint: string | null
}

/** The enrolment of a requester. */
export const enrolmentOf = ({ enrolments }: ServerInput, subject: string, template: string): Enrolment | null =>
  enrolments.find((one) => one.subject === subject && one.template === template) ?? null

/** Which evidence about K1 the client is asked for. */
export function evidenceWanted({ k1Proof }: SkiPolicy): Extract<ServerToClient, { type: 'server.start' }>['evidence'] {
  return k1Proof === 'attested' || k1Proof === 'sharedKey' ? k1Proof : 'plain'
}

/** Whether the card's nonce is needed, for the ways and proofs where no evidence brings it. */
export const nonceWanted = ({ sealedData, serverProof }: SkiPolicy): boolean => sealedData === 'bound' || serverProof !== 'none'

/** The same product in the same version must be at both ends: the sealed format is its own (SKI-23). */
export const productServed = ({ products }: ServerInput, offer: Offer): boolean =>
  products.some(({ product, version }) => product === offer.product && version === offer.version)

/** The best algorithm that policy and card both have; `null` where there is none. Never a weaker one than the policy allows (SKI-31). */
export const chooseAlgorithm = ({ algorithms, policy }: ServerInput, offer: Offer): SessionAlgorithm | null =>
  algorithms.find(
    (one) =>
      offer.algorithms.includes(cngNameOf(one)) &&
      (policy.tripleDes || !one.startsWith('3DES')) &&
      // The shared key has the length that it has (SKI-77).
      (offer.way !== 'shared' || one === 'AES-256'),
  ) ?? null

/** The best padding that both have, in the session way; elsewhere there is none to choose. */
export const choosePadding = ({ paddings }: ServerInput, offer: Offer): WrapPadding | null =>
  paddings.find((one) => (offer.paddings & (one === 'pkcs1' ? PADDING_PKCS1 : PADDING_OAEP)) !== 0) ?? null

/** CBC, the one chaining mode of this server, is among the card's. */
export const modeCommon = ({ modes }: Offer): boolean => modes.includes(CHAINING_MODES.CARD_CHAIN_MODE_CBC)

/** Container and PIN are among those that the server allows on this card (SKI-49). */
export const placeAllowed = (enrolment: Enrolment | null, offer: Offer): boolean =>
  enrolment !== null && enrolment.containers.includes(offer.container) && enrolment.pinIds.includes(offer.pinId)

/** Whether this injection is for this requester: a kind of key that his policy allows, or PINs that were prepared for him and that he may have set (SKI-49, SKI-267). */
export function injectionPermitted({ injection }: ServerInput, enrolment: Enrolment | null): boolean {
  if (enrolment === null) return false
  if (injection.what === 'keyPair') return enrolment.keySpecs.includes(injection.keySpec)
  const pins = [injection.pinId, ...(injection.target ? [injection.target.pinId] : [])]
  return injection.subject === enrolment.subject && pins.every((id) => enrolment.pinIds.includes(id))
}

/** Whether K1, or the card's DH key, is proven as the policy wants it (SKI-43 to SKI-46). Without a K1 the shared key is the proof. */
export function proofHolds({ k1Proof }: SkiPolicy, way: Way, judged: Judged | null, enrolment: Enrolment | null): boolean {
  if (judged === null) return false
  if (way === 'shared' || way === 'derived' || k1Proof === 'none') return true
  if (k1Proof === 'pinned') return judged.fingerprint !== null && judged.fingerprint === enrolment?.k1
  return judged.proof === k1Proof
}

/** Somebody else's genuine card is not this card (SKI-47). */
export const cardEnrolled = ({ k1Proof }: SkiPolicy, judged: Judged | null, enrolment: Enrolment | null): boolean =>
  judged !== null && (k1Proof === 'none' || judged.cardId === enrolment?.cardId)

/** The secure function that an injection is. */
export const functionOf = (injection: Injection): SecureFunction => (injection.what === 'keyPair' ? 'Import Key Pair' : injection.function)

/** The CNG name of an algorithm, without the key size. */
export const cngNameOf = (algorithm: SessionAlgorithm): string => (algorithm.startsWith('AES') ? 'AES' : algorithm)

const PADDING_PKCS1 = 2
const PADDING_OAEP = 8
