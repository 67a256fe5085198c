/**
 * The contract of enclaves: what each one must do, whatever it is made of. A test file registers it with a factory:
 *
 *     const pureEnclave = suite('enclave contract, software on pure')
 *     enclaveContract(pureEnclave, make)
 *     pureEnclave.run()
 *
 * A factory that cannot do what a case needs (tell secrets, answer late, switch a rule off) gives `null`, and the case is
 * skipped with its reason. The cases are plain data as well, so that `mutation.test.ts` can run them against an enclave with
 * a rule switched off and see that one of them notices.
 * @module
 */
import type { RuleName } from '../../src/enclave/rules.js'
import { skip } from '../skip.js'
import type { Case, Make, Subject, Wanted } from './contract-case.js'
import { CLOSING } from './contract-closing.js'
import { EVIDENCE } from './contract-evidence.js'
import { FLOW } from './contract-flow.js'
import { REFUSALS } from './contract-refusals.js'

/** Thrown by the factory that a case gets, where the enclave under test cannot do what it needs. */
export class Unavailable extends Error {}

/** Every case. */
export const CONTRACT: readonly Case[] = [...FLOW, ...REFUSALS, ...CLOSING, ...EVIDENCE]

/** Adds the whole contract to a suite. The caller runs the suite. */
export function enclaveContract(suite: { (title: string, test: () => Promise<void>): void; skip: () => void }, make: Make): void {
  for (const { title, run } of CONTRACT) {
    if (!isPossible(title, make)) {
      skip(suite, title, 'this enclave does not offer what the case needs')
      continue
    }
    suite(title, () => run(insist(make)))
  }
}

/** A factory for cases: throws {@link Unavailable} for `null`. */
export const insist =
  (make: Make, without: readonly RuleName[] = []) =>
  (wanted: Wanted): Subject => {
    const subject = make({ ...wanted, without: [...(wanted.without ?? []), ...without] })
    if (subject === null) throw new Unavailable()
    return subject
  }

// What a case needs is in its title, so that a factory is asked once and not in the middle of a case.
function isPossible(title: string, make: Make): boolean {
  const wanted: Wanted = {
    role: 'source',
    ...(title.includes('[gated]') ? { gated: true } : {}),
    ...(title.includes('[witnessed]') ? { witnessed: true } : {}),
  }
  return make(title.includes('[rule off]') ? { ...wanted, without: ['bornSensitive'] } : wanted) !== null
}
