/**
 * Can the tests of a server's enclave fail? Each rule of the table is switched off by itself, and at least one case must
 * notice: on real bytes, or of the rules alone where no command can bring about what the rule forbids.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SERVER_RULES, type ServerRuleName } from '../../../src/ski/enclave/server-rules.js'
import { makeWithout } from './server-case.js'
import { SERVER_CASES } from './server-cases.js'
import { SERVER_RULE_CASES } from './server-rule-cases.js'

const mutation = suite("server's enclave: a rule switched off is noticed")

mutation('nothing is noticed while every rule is on', () => {
  for (const { title, run } of SERVER_RULE_CASES) assert.not.throws(() => run([]), title)
})

/** What these forbid no command can bring about one after the other; the rules' own cases do. */
const ONLY_IN_RULES: readonly ServerRuleName[] = ['conversationOpen', 'handleFresh']

for (const name of Object.keys(SERVER_RULES) as ServerRuleName[])
  mutation(`${SERVER_RULES[name].requirement} ${name}`, async () => {
    const checks = ONLY_IN_RULES.includes(name)
      ? SERVER_RULE_CASES.map(
          ({ run }) =>
            () =>
              run([name]),
        )
      : sorted(name).map(
          ({ run }) =>
            () =>
              run(makeWithout([name])),
        )
    for (const check of checks) if ((await outcome(check)) instanceof assert.Assertion) return
    assert.unreachable(`no case needs the rule ${name}`)
  })

mutation.run()

/** The cases of the rule's requirement first: one of them should notice. */
const sorted = (name: ServerRuleName) => {
  const own = ({ title }: { readonly title: string }) => title.startsWith(`${SERVER_RULES[name].requirement} `)
  return [...SERVER_CASES.filter(own), ...SERVER_CASES.filter((one) => !own(one))]
}

async function outcome(run: () => void | Promise<void>): Promise<unknown> {
  try {
    await run()
    return null
  } catch (error) {
    return error
  }
}
