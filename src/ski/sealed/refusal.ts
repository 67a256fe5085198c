/**
 * The one answer to sealed data that does not open. It is a single frozen object, so that no two reasons can differ in it.
 *
 * Spec: spec/ski-sealed-data.md, SKI-29, SKI-72.
 * @module
 */
import type { Fault, Refused } from '../../verdict.js'

/** The only thing said about sealed data that does not open: MAC, header, padding and, in the enclave, all that follows. */
export type SealedRefused = Fault<'sealed_refused'>

/** See the module text. */
export const SEALED_REFUSED: Refused<SealedRefused> = Object.freeze({
  ok: false,
  fault: Object.freeze({ code: 'sealed_refused', requirement: 'SKI-72' }),
})

/** What is said of a statement whose proof does not verify. */
export type ProofRefused = Fault<'proof_refused'>

/** {@link ProofRefused} with the requirement that asks for the proof. */
export const proofRefused = (requirement: string): Refused<ProofRefused> =>
  Object.freeze({ ok: false, fault: Object.freeze({ code: 'proof_refused', requirement }) })
