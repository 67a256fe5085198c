/**
 * The contract of cards: what each one must do, whatever it is made of. The cases are plain data, so that they run on every
 * provider, and against a card with a rule switched off, to see that one of them notices.
 * @module
 */
import type { Case } from './card-case.js'
import { CLOSING } from './card-contract-closing.js'
import { ESTABLISHING } from './card-contract-establishing.js'
import { FLOW } from './card-contract-flow.js'
import { REFUSALS } from './card-contract-refusals.js'
import { SEALED_CASES } from './card-contract-sealed.js'

/** Every case. */
export const CONTRACT: readonly Case[] = [...FLOW, ...REFUSALS, ...ESTABLISHING, ...SEALED_CASES, ...CLOSING]
