/**
 * The enclaves of SKI: of a card, a server (shared with its no-card minidriver) and a CA. See `commands.ts` for what may be
 * said; whoever writes an enclave of another sort works with the rules, which are pure functions.
 * @module
 */
export * from './authority.js'
export { CARD_EFFECTS, CARD_FORCES, CARD_VEILS, type CardEffect, type CardEvent, type CardForce, type CardVeil } from './card-effects.js'
export { CARD_MARK_REFUSALS, MOST_IVS, type CardMarkRefusal } from './card-marks.js'
export { CARD_COMMAND_RULES, commitCard, isCardOver, noteCard, permitCard, resetCard, type RulesOfCardCommand } from './card-permit.js'
export { CARD_REFUSALS, CARD_RULES, MOST_KEYS, type CardRefusal, type CardRuleName } from './card-rules.js'
export type * from './card-state.js'
export { emptyCard } from './card-state.js'
export * from './card.js'
export * from './commands.js'
export * from './issuer.js'
export { readSkiAnswer } from './read-answer.js'
export { readCardCommand } from './read-card-command.js'
export { readAuthorityCommand, readServerCommand } from './read-server-command.js'
export { SERVER_EFFECTS, SERVER_READINGS, type Ending, type ServerEffect, type ServerReading } from './server-effects.js'
export { EVERY_COMMAND, SERVER_COMMAND_RULES, closeServer, commitServer, permitServer } from './server-permit.js'
export { SERVER_REFUSALS, SERVER_RULES, type ServerRefusal, type ServerRuleName } from './server-rules.js'
export type * from './server-state.js'
export { emptyServer } from './server-state.js'
export * from './server.js'
