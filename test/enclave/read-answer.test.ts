/**
 * Every answer of an enclave, read from well-formed samples and from samples with one thing wrong: a driver may be broken or replaced.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EnclaveAnswer, KeyFacts, KeyHandle, Kid } from '../../src/enclave/commands.js'
import { KEY_KINDS, OPERATIONS } from '../../src/enclave/kinds.js'
import { readAnswer } from '../../src/enclave/read-answer.js'
import { readerCases, type ReaderSample } from '../support/reader-cases.js'
import { withAt } from '../support/shapes.js'

const vault = 'https://contoso.vault.azure.net'
const version = '0123456789abcdef0123456789abcdef'
const kid: Kid = { vault, name: 'payroll', version }
const key = 'h1' as KeyHandle
const facts: KeyFacts = { kind: 'rsa-2048', key: { kty: 'RSA', n: 'bg', e: 'AQAB' }, identity: 'spki-sha256:00', operations: ['sign', 'verify'] }
const target: KeyFacts = { kind: 'oct-256', key: { kty: 'oct' }, identity: 'aes-cmac:00', operations: [...OPERATIONS] }
const made = { key, version, evidence: 'evidence' }

type Sample<Type extends EnclaveAnswer['type']> = Extract<EnclaveAnswer, { type: Type }>
/** The compiler sees to it that no answer is left out. */
const answers: { readonly [Type in EnclaveAnswer['type']]: readonly [sample: Omit<Sample<Type>, 'type'>, nullable?: readonly string[]] } = {
  'enclave.kekHeld': [{ kek: key, fingerprint: 'f1', bits: 2048, attested: true, attestedVault: vault }, ['attestedVault']],
  'enclave.kekTrusted': [{ kek: key }],
  'enclave.wrapped': [{ ciphertext: 'Y2lwaGVydGV4dA', target }],
  'enclave.compared': [{ genuine: true, sameKey: false, kid, operations: ['sign'] }, ['sameKey', 'kid', 'operations']],
  'enclave.kekMade': [{ ...made, n: 'bg', e: 'AQAB' }],
  'enclave.imported': [{ ...made, facts }],
  'enclave.keyMade': [{ key, facts }],
  'enclave.kept': [{ key }],
  'enclave.destroyed': [{ key }],
  'enclave.refused': [{ fault: { code: 'handle_unknown', requirement: 'BYOK-130' } }],
}
const samples: readonly ReaderSample[] = Object.entries(answers).map(([type, [members, nullable]]) => ({
  value: { type, ...members },
  ...(nullable ? { nullable } : {}),
}))

const reader = suite('enclave: readAnswer')

reader('BYOK-157 there are ten answers', () => assert.is(samples.length, 10))

readerCases(reader, 'BYOK-157', samples, readAnswer)

reader('BYOK-157 every kind of key and every operation is read, and no other', () => {
  const answer = { type: 'enclave.keyMade', key, facts }
  for (const kind of KEY_KINDS) assert.equal(readAnswer(withAt(answer, ['facts', 'kind'], kind)), withAt(answer, ['facts', 'kind'], kind))
  for (const kind of ['rsa-1024', 'rsa', 'toString']) assert.is(readAnswer(withAt(answer, ['facts', 'kind'], kind)), null)
  for (const operation of OPERATIONS) assert.ok(readAnswer(withAt(answer, ['facts', 'operations'], [operation])))
  for (const operation of ['export', 'Sign', 'length']) assert.is(readAnswer(withAt(answer, ['facts', 'operations'], [operation])), null)
})

reader('BYOK-155 secret members that a driver adds to a public part stay behind', () => {
  const leaking = withAt({ type: 'enclave.keyMade', key, facts }, ['facts', 'key'], { kty: 'RSA', n: 'bg', e: 'AQAB', d: 'secret', p: 'secret' })
  assert.equal(readAnswer(leaking), { type: 'enclave.keyMade', key, facts })
})

reader.run()
