/**
 * The key store in front of the crypto core: commands and answers, the rules that every enclave applies, and the software
 * enclave. See `commands.ts` for what may be said and `rules.ts` for what is allowed; whoever writes an enclave of another
 * sort works with `permit.ts`.
 * @module
 */
export type * from './attributes.js'
export { CHECK_VALUE_LABEL, keyIdentity, publicPartOf } from './check-value.js'
export * from './commands.js'
export { EVIDENCE_LABEL, EVIDENCE_LIMIT, judgeEvidence, signEvidence } from './evidence.js'
export * from './kinds.js'
export type * from './ledger.js'
export { COMMAND_RULES, alter, close, commit, draft, isOver, permit, review, type RulesOfCommand } from './permit.js'
export { EFFECTS, FORCES, KEK_BITS, READINGS, REFUSALS, RULES, TRANSFER_REFUSED } from './rules.js'
export type { Effect, Ending, Force, Reading, Refusal, RuleName } from './rules.js'
export * from './software.js'
export { emptyState, findKey, findLabel, forgetEpoch } from './state.js'
export type * from './state.js'
export * from './statement.js'
export type { Witness, WitnessedSecret } from './witness.js'
