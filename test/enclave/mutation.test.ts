/**
 * Can the tests fail? Each rule of the table is switched off by itself, and at least one case must notice: of the contract,
 * on real bytes, or of the rules alone (`rule-cases.ts`) where no command can bring about what the rule forbids.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RULES, type RuleName } from '../../src/enclave/rules.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { CONTRACT, insist } from './contract.js'
import { softwareFactory } from './factory.js'
import { RULE_CASES } from './rule-cases.js'
import { stocked } from './support.js'

const make = softwareFactory(() => stocked(nodeCrypto()))
// A rule is noticed by a case of its own requirement or not at all: the long cases about everything add only time.
const cases = CONTRACT.filter(({ title }) => !/BYOK-(15|138|157) /.test(title))

const mutation = suite('a rule switched off is noticed')

mutation('nothing is noticed while every rule is on', async () => {
  for (const { title, run } of cases) assert.is(await outcome(() => run(insist(make))), null, title)
  for (const { title, run } of RULE_CASES) assert.is(await outcome(() => run([])), null, title)
})

/** What these forbid no command can bring about; the rules' own cases do. */
const ONLY_IN_RULES: readonly RuleName[] = ['stickyAttributes', 'handleFresh']

for (const name of Object.keys(RULES) as RuleName[])
  mutation(`${RULES[name].requirement} ${name}`, async () => {
    const checks = ONLY_IN_RULES.includes(name)
      ? RULE_CASES.map(
          ({ run }) =>
            () =>
              run([name]),
        )
      : cases.map(
          ({ run }) =>
            () =>
              run(insist(make, [name])),
        )
    for (const check of checks) if ((await outcome(check)) instanceof assert.Assertion) return
    assert.unreachable(`no case needs the rule ${name}`)
  })

mutation.run()

async function outcome(run: () => void | Promise<void>): Promise<unknown> {
  try {
    await run()
    return null
  } catch (error) {
    return error
  }
}
