/**
 * What a server's enclave refuses, and what it does not take for genuine: one case for each promise. The cases are plain
 * data, so that `server-mutation.test.ts` can run them with a rule switched off and see that one of them notices.
 * @module
 */
import type { Case } from './server-case.js'
import { KEY_CASES } from './server-cases-keys.js'
import { SEALING_CASES } from './server-cases-sealing.js'
import { SESSION_CASES } from './server-cases-session.js'

/** Every case. */
export const SERVER_CASES: readonly Case[] = [...SESSION_CASES, ...KEY_CASES, ...SEALING_CASES]
