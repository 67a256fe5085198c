/**
 * What a case of the enclave contract is made of.
 * @module
 */
import * as assert from 'uvu/assert'
import type { KeyRecord } from '../../src/enclave/attributes.js'
import type { Enclave, EnclaveAnswer } from '../../src/enclave/commands.js'
import type { RuleName } from '../../src/enclave/rules.js'
import type { WitnessedSecret } from '../../src/enclave/witness.js'
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

/** A refusal with this code, after which the enclave describes itself exactly as before. */
export async function refusedWithoutTrace(
  { enclave }: Subject,
  conversation: string,
  command: unknown,
  code: ReturnType<typeof codeOf>,
): Promise<EnclaveAnswer> {
  const before = JSON.stringify(enclave.describe())
  const answer = await say(enclave, conversation, command)
  assert.is(codeOf(answer), code, JSON.stringify(answer))
  assert.is(JSON.stringify(enclave.describe()), before, 'BYOK-136: a refusal leaves everything as it was')
  return answer!
}
