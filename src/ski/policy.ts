/**
 * The answers to what the SKI documents leave open, as one mandatory argument. Nothing is chosen silently: a profile is a
 * named set of answers, and every answer can be given by itself.
 *
 * Spec: spec/threat-model.md, assumptions A1, A2 and A6; spec/ski.md, SKI-40 to SKI-54, SKI-251, SKI-260, SKI-267.
 * @module
 */

/** The four ways to establish the key under which a secret travels (SKI-40). */
export type Way = 'shared' | 'session' | 'derived' | 'agreement'

/** How the server knows that a card's public key is the card's (A1, SKI-43). */
export type K1Proof = 'attested' | 'pinned' | 'sharedKey' | 'none'

/** How the card knows that a session key is the server's (A6, SKI-50). */
export type ServerProof = 'signature' | 'sharedKey' | 'none'

/** What a secret travels in (A2): the structure under CBC and nothing more, or bound to session, card and place, with a MAC. */
export type SealedData = 'published' | 'bound'

/** Both profiles, by name. */
export type SkiProfileName = 'published' | 'hardened'

/** One answer per gap. */
export interface SkiPolicy {
  /** A1. The ways `shared` and `derived` have no K1: there the shared key itself is the proof. */
  readonly k1Proof: K1Proof
  /** A6. */
  readonly serverProof: ServerProof
  /** A2. */
  readonly sealedData: SealedData
  /** Whether steps 21 and 31 count for the server only with the card's receipt (SKI-250); receipts exist in the bound format only. */
  readonly receipts: boolean
  /** When K2 is archived: before it is sent, after it is installed, or not at all (SKI-260). */
  readonly archive: 'first' | 'last' | 'none'
  /** Whether 3DES may be agreed on (SKI-64). */
  readonly tripleDes: boolean
  /** Whether a card that takes nothing but plaintext may be served in plaintext (SKI-41). No profile says yes, and no role here does it. */
  readonly plainTextImport: false
  /** Whether K1 stays on the card after the run. */
  readonly keepK1: boolean
}

/** `published` does what the documents ask and no more; `hardened`, the default, closes what can be closed. */
export const SKI_PROFILES: Readonly<Record<SkiProfileName, SkiPolicy>> = {
  published: {
    k1Proof: 'none',
    serverProof: 'none',
    sealedData: 'published',
    receipts: false,
    archive: 'first',
    tripleDes: false,
    plainTextImport: false,
    keepK1: false,
  },
  hardened: {
    k1Proof: 'attested',
    serverProof: 'signature',
    sealedData: 'bound',
    receipts: true,
    archive: 'first',
    tripleDes: false,
    plainTextImport: false,
    keepK1: false,
  },
}
