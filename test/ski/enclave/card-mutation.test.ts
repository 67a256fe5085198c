/**
 * Can the tests fail? Each rule of a card is switched off by itself, and at least one case must notice: of the contract, on
 * real bytes, or of the rules alone where no command can bring about what the rule forbids.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CARD_RULES, type CardRuleName } from '../../../src/ski/enclave/card-rules.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { cardFactory, stocked } from './card-case.js'
import { CONTRACT } from './card-contract.js'
import { RULE_CASES } from './card-rule-cases.js'

const make = (...off: CardRuleName[]) => cardFactory(() => stocked(nodeCrypto()), off)

/** What these forbid no command can bring about; the rules' own cases do. */
const ONLY_IN_RULES: readonly CardRuleName[] = ['handleFresh', 'ivTakenOnce']

/** Rules that are noticed by a case of another requirement than their own, and by which. */
const ELSEWHERE: Partial<Readonly<Record<CardRuleName, string>>> = {
  resetEndsKeys: 'SKI-247',
  resetEndsEntries: 'SKI-247',
  triesLeft: 'SKI-217',
  rightTryGivesBack: 'SKI-282',
  // An RSA key has no curve, so the work itself refuses it; a user's EC key is what the rule is needed against.
  agreesOnKeys: 'SKI-212',
}

const mutation = suite('a rule of a card switched off is noticed')

mutation('nothing is noticed while every rule is on', () => {
  for (const { title, run } of RULE_CASES) assert.not.throws(() => run([]), title)
})

for (const name of Object.keys(CARD_RULES) as CardRuleName[])
  mutation(`${CARD_RULES[name].requirement} ${name}`, async () => {
    const requirement = `${ELSEWHERE[name] ?? CARD_RULES[name].requirement} `
    const checks = ONLY_IN_RULES.includes(name)
      ? RULE_CASES.filter(({ title }) => title.startsWith(requirement)).map(
          ({ run }) =>
            () =>
              run([name]),
        )
      : CONTRACT.filter(({ title }) => title.startsWith(requirement)).map(
          ({ run }) =>
            () =>
              run(make(name)),
        )
    for (const check of checks) if ((await outcome(check)) instanceof assert.Assertion) return
    assert.unreachable(`no case of ${requirement}needs the rule ${name}`)
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
