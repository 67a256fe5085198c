/**
 * Every word that a role may hear from a peer, read from well-formed samples and from samples with one thing wrong.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMessage, type ByokMessage } from '../../src/byok/read-message.js'
import type { KeyFacts, KeyHandle, Kid, PublicPart } from '../../src/enclave/commands.js'
import { readerCases, type ReaderSample } from '../support/reader-cases.js'
import { withAt } from '../support/shapes.js'

const vault = 'https://contoso.vault.azure.net'
const version = '0123456789abcdef0123456789abcdef'
const kid: Kid = { vault, name: 'kek-2026', version }
const kek = 'h1' as KeyHandle
const call = 1
const request = 'r1'
const name = 'payroll'
const parts: Readonly<Record<PublicPart['kty'], PublicPart>> = {
  RSA: { kty: 'RSA', n: 'bg', e: 'AQAB' },
  EC: { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' },
  oct: { kty: 'oct' },
}
const facts: KeyFacts = { kind: 'ec-P-256', key: parts.EC, identity: 'spki-sha256:00', operations: ['sign', 'verify'] }
const fault = { code: 'kek_rejected', requirement: 'BYOK-8' }
const rsaKek = { n: 'bg', e: 'AQAB', evidence: 'evidence' }

type Sample<Type extends ByokMessage['type']> = Extract<ByokMessage, { type: Type }>
/** The compiler sees to it that no word is left out. */
const words: { readonly [Type in ByokMessage['type']]: readonly [sample: Omit<Sample<Type>, 'type'>, nullable?: readonly string[]] } = {
  'client.createKek': [{ request, name, bits: 2048, operations: ['import'], expires: 1_900_000_000 }, ['expires']],
  'client.getKey': [{ request, name, version }, ['version']],
  'client.importKey': [
    { request, name, kty: 'EC', crv: 'P-256', operations: ['sign'], enabled: true, transfer: { kek: kid, ciphertext: 'Y2lwaGVydGV4dA' } },
    ['crv', 'transfer'],
  ],
  'client.deleteKek': [{ request, name }],
  'client.kek': [{ kid, ...rsaKek, operations: ['import'], target: name }, ['evidence']],
  'client.imported': [{ kid }],
  'client.gaveUp': [{}],
  'tool.wrap': [{ kid, ...rsaKek, target: name }, ['evidence']],
  'tool.file': [{ file: 'ZmlsZQ', key: parts.RSA }],
  'tool.refused': [{ fault }],
  'sourceHsm.wrapped': [{ ciphertext: 'Y2lwaGVydGV4dA', key: parts.EC }],
  'sourceHsm.refused': [{ fault }],
  'sourceHsm.kekOffered': [{ kek, kid, bits: 2048, fingerprint: 'f1', attested: true, attestedVault: vault, target: name }, ['attestedVault']],
  'sourceHsm.noted': [{ target: facts }],
  'sourceHsm.compared': [{ target: name, genuine: true, sameKey: true, kid, operations: ['sign'] }, ['sameKey', 'kid', 'operations']],
  'sourceHsm.stopped': [{ fault }],
  'officer.acceptKek': [{ kek, fingerprint: 'f1' }, ['fingerprint']],
  'officer.rejectKek': [{}],
  'officer.compare': [{ target: name, evidence: 'evidence' }],
  'officer.getKey': [{ request, name, version }],
  'officer.setEnabled': [{ request, name, version, enabled: true }],
  'officer.confirmed': [{ kid }],
  'officer.refused': [{ fault }],
  'vault.key': [{ request, kid, key: parts.EC, operations: ['sign'], enabled: false, evidence: 'evidence' }, ['evidence']],
  'vault.deleted': [{ request, name }],
  'vault.error': [{ request, status: 400, code: 'BadParameter', message: 'no' }],
  'vault.makeKek': [{ call, name, bits: 2048 }],
  'vault.import': [{ call, kek, ciphertext: 'Y2lwaGVydGV4dA', name, kty: 'EC', crv: 'P-256', operations: ['sign'] }, ['crv']],
  'vault.destroy': [{ call, key: kek }],
  'vaultHsm.kekMade': [{ call, key: kek, version, n: 'bg', e: 'AQAB', evidence: 'evidence' }],
  'vaultHsm.imported': [{ call, key: kek, version, facts, evidence: 'evidence' }],
  'vaultHsm.destroyed': [{ call, key: kek }],
  'vaultHsm.refused': [{ call }],
}
const samples: readonly ReaderSample[] = Object.entries(words).map(([type, [members, nullable]]) => ({
  value: { type, ...members },
  ...(nullable ? { nullable } : {}),
}))

const messages = suite('byok: readMessage')

messages('BYOK-154 there are 33 words', () => assert.is(samples.length, 33))

readerCases(messages, 'BYOK-154', samples, readMessage)

const file = { type: 'tool.file', file: 'ZmlsZQ', key: parts.RSA }
messages('BYOK-154 a public part has the members of its type and no others', () => {
  const all = { n: 'bg', e: 'AQAB', crv: 'P-256', x: 'eA', y: 'eQ', k: 'secret', d: 'secret' }
  for (const part of Object.values(parts)) assert.equal(readMessage({ ...file, key: { ...all, ...part } }), { ...file, key: part })
  for (const kty of ['RSA-HSM', 'rsa', '', 'toString']) assert.is(readMessage({ ...file, key: { ...all, kty } }), null)
  assert.is(readMessage({ ...file, key: { ...parts.EC, crv: 'P-224' } }), null)
})

messages('BYOK-154 a member of the prototype is no member', () => {
  assert.is(readMessage(Object.assign(Object.create({ file: file.file }) as object, { type: file.type, key: file.key })), null)
})

messages('BYOK-154 a fault has a code of the right form, and a requirement only of the right form', () => {
  const refused = { type: 'tool.refused', fault }
  for (const code of ['', 'Kek Rejected', 'kek-rejected', '\u001b[2J', 'a'.repeat(65)]) assert.is(readMessage(withAt(refused, ['fault', 'code'], code)), null)
  for (const requirement of ['', 'BYOK', 'BYOK-', 'XYZ-1', 'BYOK-1\n'])
    assert.equal(readMessage(withAt(refused, ['fault', 'requirement'], requirement)), { type: 'tool.refused', fault: { code: 'kek_rejected' } })
})

messages('BYOK-154 a key version that a vault could not be asked for is not read', () => {
  for (const wrong of [
    { name: 'a/b' },
    { name: '' },
    { name: 'n'.repeat(128) },
    { version: 'latest' },
    { version: version.toUpperCase() },
    { version: `${version}0` },
  ])
    assert.is(readMessage({ type: 'client.imported', kid: { ...kid, ...wrong } }), null)
})

messages.run()
