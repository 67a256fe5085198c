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
import type { KeyRecord } from '../../src/enclave/attributes.js'
import type { Enclave, EnclaveAnswer, EnclaveCommand } from '../../src/enclave/commands.js'
import type { RuleName } from '../../src/enclave/rules.js'
import type { WitnessedSecret } from '../../src/enclave/witness.js'
import * as assert from 'uvu/assert'
import { skip } from '../skip.js'
import { CLOSING } from './contract-closing.js'
import { EVIDENCE } from './contract-evidence.js'
import { FLOW } from './contract-flow.js'
import { REFUSALS } from './contract-refusals.js'
import { codeOf, say, type Gate } from './support.js'

/** What a case asks of the factory. */
export interface Wanted {
  /** A `source` believes the evidence of {@link SIGNING_KEY}; a `vault` stands behind {@link VAULT} and signs with it. */
  readonly role: 'source' | 'vault'
  /** `true` unless given. */
  readonly singleUse?: boolean
  /** Rules to switch off. */
  readonly without?: readonly RuleName[]
  /** The test decides when the crypto answers. */
  readonly gated?: boolean
  /** The test is told the secrets. */
  readonly witnessed?: boolean
}

/** An enclave under test. */
export interface Subject {
  readonly enclave: Enclave & { describe(): readonly KeyRecord[] }
  /** Filled as secrets come to exist. */
  readonly secrets: readonly WitnessedSecret[]
  readonly gate: Gate | null
}

/** Makes enclaves, or `null` where it cannot. */
export type Make = (wanted: Wanted) => Subject | null

/** One promise of the contract. `run` throws if it is broken. */
export interface Case {
  readonly title: string
  readonly run: (make: (wanted: Wanted) => Subject) => Promise<void>
}

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

/** A refusal with this code, after which the enclave describes itself exactly as before. */
export async function refusedWithoutTrace({ enclave }: Subject, conversation: string, command: unknown, code: ReturnType<typeof codeOf>): Promise<EnclaveAnswer> {
  const before = JSON.stringify(enclave.describe())
  const answer = await say(enclave, conversation, command)
  assert.is(codeOf(answer), code, `${JSON.stringify(answer)} for ${(command as EnclaveCommand).type}`)
  assert.is(JSON.stringify(enclave.describe()), before, 'BYOK-136: a refusal leaves everything as it was')
  return answer!
}

// What a case needs is in its title, so that a factory is asked once and not in the middle of a case.
function isPossible(title: string, make: Make): boolean {
  const wanted: Wanted = { role: 'source', ...(title.includes('[gated]') ? { gated: true } : {}), ...(title.includes('[witnessed]') ? { witnessed: true } : {}) }
  return make(title.includes('[rule off]') ? { ...wanted, without: ['bornSensitive'] } : wanted) !== null
}
