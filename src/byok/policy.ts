/**
 * The answers to what the BYOK document leaves open, as one mandatory argument. Nothing is chosen silently: a profile is
 * a named set of answers, and every answer can be given by itself.
 *
 * Profile (which checks) is not reading (which encodings of a file are tolerated); see `transfer-file.ts` for the latter.
 *
 * Spec: spec/threat-model.md, assumptions A3 and A4; spec/byok.md, BYOK-140 to BYOK-149, BYOK-161.
 * @module
 */

/** How the source HSM and its officer know that a KEK is the vault's (A3). */
export type KekProof = 'attested' | 'pinned' | 'none'

/** Both profiles, by name. */
export type ProfileName = 'published' | 'hardened'

/** One answer per gap. */
export interface ByokPolicy {
  /** A3: `attested`: evidence signed by the vault's HSM; `pinned`: a fingerprint from another channel; `none`: the KEK is believed. */
  readonly kekProof: KekProof
  /** A4: the vault creates imported keys disabled, whatever the request says. */
  readonly importDisabled: boolean
  /** A4: the officer compares public part (or check value), name and operations before he enables the key. */
  readonly compareImported: boolean
  /** A4: the vault's HSM takes each blob, and each key, once. */
  readonly singleUse: boolean
}

/** `published` does what the document asks and no more; `hardened`, the default, closes what can be closed. */
export const PROFILES: Readonly<Record<ProfileName, ByokPolicy>> = {
  published: { kekProof: 'none', importDisabled: false, compareImported: false, singleUse: false },
  hardened: { kekProof: 'attested', importDisabled: true, compareImported: true, singleUse: true },
}
