/**
 * Every refusal of a server's enclave, by its requirement.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeWithout } from './server-case.js'
import { SERVER_CASES } from './server-cases.js'

const refusals = suite("server's enclave: refusals")

for (const { title, run } of SERVER_CASES) refusals(title, () => run(makeWithout()))

refusals('no case has the title of another one', () => assert.is(new Set(SERVER_CASES.map(({ title }) => title)).size, SERVER_CASES.length))

refusals.run()
