/** The BYOK tool: carries things, writes the file, decides nothing. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toolMachine } from '../../../machines/byok/tool.js'
import { Arrows, words } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { kekKid, samples as s, target } from './samples.js'

const test = suite('byok tool')
const arrows = new Arrows(toolMachine)
const input = { generator: 'example tool 1.0; example HSM 7.4' }
const resting = { expectKek: [], expectWrapped: [s['client.kek']] }

test('BYOK-9 kid, modulus and evidence go to the source HSM together', () => {
  const run = arrows.converse(input, resting.expectWrapped)
  assert.equal(run.said[1], [{ port: 'wire', message: { type: 'tool.wrap', kid: kekKid, n: 'bg', e: 'AQAB', evidence: 'evidence', target: 'payroll' } }])
})

test('BYOK-98 the file is written as the document says', () => {
  const run = arrows.converse(input, [...resting.expectWrapped, s['sourceHsm.wrapped']])
  assert.equal(run.visits, ['expectKek', 'expectWrapped', 'written'])
  const output = run.output as { ok: true; file: string }
  assert.ok(output.ok)
  assert.equal(JSON.parse(Buffer.from(output.file, 'base64url').toString()), {
    schema_version: '1.0.0',
    header: { kid: `${kekKid.vault}/keys/${kekKid.name}/${kekKid.version}`, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
    ciphertext: s['sourceHsm.wrapped'].ciphertext,
    generator: input.generator,
  })
  assert.equal(run.said.at(-1), [{ port: 'wire', message: { type: 'tool.file', file: output.file, key: target.key } }])
})

test('BYOK-61 a ciphertext that no KEK fits makes no file', () => {
  for (const ciphertext of ['', 'AAAA', 'not base64url!', 'A'.repeat(545)]) {
    const run = arrows.converse(input, [...resting.expectWrapped, { ...s['sourceHsm.wrapped'], ciphertext } as never])
    assert.is(run.visits.at(-1), 'refused')
    assert.not((run.output as { ok: boolean }).ok)
    assert.equal(words(run.said.at(-1)!, 'wire'), ['tool.refused'])
  }
})

test('BYOK-160 a refusal of the source HSM, a timeout and a cancel end in an output', () => {
  for (const [event, code] of [
    [s['sourceHsm.refused'], 'kek_rejected'],
    [s['app.timeout'], 'timed_out'],
    [s['app.cancel'], 'cancelled'],
    [s['client.kek'], 'out_of_turn'],
  ] as const) {
    const run = arrows.converse(input, [...resting.expectWrapped, event])
    assert.is((run.output as { fault: { code: string } }).fault.code, code)
    assert.equal(words(run.said.at(-1)!, 'wire'), ['tool.refused'])
  }
})

test('BYOK-150 every state answers every word', () => answersEverything(arrows, input, resting))

test('every arrow is taken', () => printCoverage(arrows))

test.run()
