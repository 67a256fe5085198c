/** The vault's front end: records, policy, one refusal for every fault of a blob. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import { vaultMachine, type VaultInput } from '../../../machines/byok/vault.js'
import { Arrows, words } from '../../support/role.js'
import { answersEverything, printCoverage } from './laws.js'
import { handle, kekKid, samples as s, VAULT } from './samples.js'

const test = suite('byok vault')
const arrows = new Arrows(vaultMachine)
const input: VaultInput = { vault: VAULT, importDisabled: true, takesOct: false, now: 1_000 }
const withKek = [s['client.createKek'], s['vaultHsm.kekMade']]
const withKey = [...withKek, s['client.importKey'], s['vaultHsm.imported']]
const resting = {
  waiting: [],
  makingKek: [s['client.createKek']],
  importing: [...withKek, s['client.importKey']],
  destroyingKek: [...withKek, s['client.deleteKek']],
}
const change = (event: EventObject, change: object) => ({ ...event, ...change })
const last = (hears: readonly EventObject[], given = input) => arrows.converse(given, hears).said.at(-1)!
const UNIFORM = { type: 'vault.error', request: 'r3', status: 400, code: 'BadParameter', message: 'The key transfer blob is not valid.' }
const importOf = (transfer: object | null) => change(s['client.importKey'], { transfer })
const kek = s['client.importKey'].transfer.kek

test('BYOK-35 BYOK-107 a KEK is made and answered as a public key bundle', () => {
  const run = arrows.converse(input, withKek)
  assert.equal(run.visits, ['waiting', 'makingKek', 'waiting'])
  assert.equal(run.said[1], [{ port: 'wire', message: { type: 'vault.makeKek', call: 1, name: 'kek', bits: 2048 } }])
  assert.equal(run.said[2], [
    {
      port: 'wire',
      message: {
        type: 'vault.key',
        request: 'r1',
        kid: kekKid,
        key: { kty: 'RSA', n: 'bg', e: 'AQAB' },
        operations: ['import'],
        enabled: true,
        evidence: 'evidence',
      },
    },
  ])
})

test('BYOK-34 BYOK-35 BYOK-172 a KEK of another size, with another operation, or under the name of a target is not made', () => {
  for (const wrong of [{ bits: 1024 }, { bits: 2049 }, { operations: ['import', 'decrypt'] }, { operations: [] }, { operations: ['decrypt'] }]) {
    const said = last([change(s['client.createKek'], wrong)])
    assert.equal(words(said, 'wire'), ['vault.error'])
    assert.match(JSON.stringify(said), 'BadParameter')
  }
  assert.equal(words(last([...withKey, change(s['client.createKek'], { name: 'payroll' })]), 'wire'), ['vault.error'])
})

test('BYOK-145 an imported key starts disabled, whatever the request says; in the published profile as asked', () => {
  assert.match(JSON.stringify(last(withKey)), '"enabled":false')
  assert.match(JSON.stringify(last(withKey, { ...input, importDisabled: false })), '"enabled":true')
  const asked = [...withKek, change(s['client.importKey'], { enabled: false }), s['vaultHsm.imported']]
  assert.match(JSON.stringify(last(asked, { ...input, importDisabled: false })), '"enabled":false')
})

test('BYOK-25 an import under an existing name adds a version and leaves the older one', () => {
  const second = change(s['vaultHsm.imported'], { call: 3, key: 'k3', version: 'f'.repeat(32) })
  const run = arrows.converse(input, [...withKey, s['client.importKey'], second, change(s['client.getKey'], { name: 'payroll' }), s['officer.getKey']])
  assert.match(JSON.stringify(run.said.at(-2)), 'f'.repeat(32))
  assert.match(JSON.stringify(run.said.at(-1)), s['officer.getKey'].version)
})

test('BYOK-114 every blob fault gets one and the same answer, and leaves the records as they were', () => {
  const before = arrows.converse(input, withKek).context
  const disabled = { type: 'officer.setEnabled', request: 'r6', name: 'kek', version: kekKid.version, enabled: false }
  const faults: [string, readonly EventObject[]][] = [
    ['unreadable file', [...withKek, importOf(null)]],
    ['other vault', [...withKek, importOf({ kek: { ...kek, vault: 'https://evil.vault.azure.net' }, ciphertext: 'eA' })]],
    ['unknown KEK', [...withKek, importOf({ kek: { ...kek, name: 'other' }, ciphertext: 'eA' })]],
    ['unknown version', [...withKek, importOf({ kek: { ...kek, version: 'e'.repeat(32) }, ciphertext: 'eA' })]],
    ['what the HSM refused', [...withKek, s['client.importKey'], s['vaultHsm.refused']]],
    ['an HSM that does not answer', [...withKek, s['client.importKey'], s['app.timeout'], s['app.timeout']]],
  ]
  for (const [name, hears] of faults) {
    const run = arrows.converse(input, hears)
    assert.equal(run.said.at(-1), [{ port: 'wire', message: UNIFORM }], name)
    // How many calls were made to the HSM is no record of anything.
    assert.equal({ ...(run.context as object), calls: 0 }, { ...(before as object), calls: 0 }, name)
  }
  assert.equal(last([...withKek, disabled, s['client.importKey']]), [{ port: 'wire', message: UNIFORM }], 'disabled KEK')
  assert.equal(
    last([...withKey, importOf({ kek: { ...kek, name: 'payroll', version: s['officer.getKey'].version }, ciphertext: 'eA' })]),
    [{ port: 'wire', message: UNIFORM }],
    'a target is no KEK',
  )
})

test('BYOK-39 BYOK-24 an expired KEK opens nothing; time moves by the clock event alone, and never back', () => {
  const expiring = [change(s['client.createKek'], { expires: 2_000 }), s['vaultHsm.kekMade']]
  assert.is(arrows.converse(input, [...expiring, s['client.importKey']]).visits.at(-1), 'importing')
  assert.equal(last([...expiring, { type: 'app.clock', now: 2_000 } as never, s['client.importKey']]), [{ port: 'wire', message: UNIFORM }])
  assert.equal(last([...expiring, { type: 'app.clock', now: 2_000 } as never, { type: 'app.clock', now: 5 } as never, s['client.importKey']]), [
    { port: 'wire', message: UNIFORM },
  ])
})

test('BYOK-24 the clock may strike at any time and disturbs nothing', () => {
  const clock = { type: 'app.clock', now: 5_000 } as EventObject
  for (const [state, prefix] of Object.entries(resting)) {
    const run = arrows.converse(input, [...prefix, clock])
    assert.is(run.visits.at(-1), state)
    assert.is((run.context as VaultInput).now, 5_000)
  }
})

test('BYOK-68 BYOK-110 BYOK-172 type and operations are judged before the file, and told apart from it', () => {
  for (const wrong of [
    { kty: 'oct', crv: null, operations: ['encrypt'] },
    { operations: ['wrapKey'] },
    { operations: ['sign', 'sign'] },
    { operations: ['import'] },
    { operations: [] },
    { crv: null },
    { name: 'kek' },
  ]) {
    const run = arrows.converse(input, [...withKek, change(s['client.importKey'], wrong)])
    assert.is(run.visits.at(-1), 'waiting')
    assert.match(JSON.stringify(run.said.at(-1)), 'The request is not valid')
  }
  const oct = change(s['client.importKey'], { kty: 'oct', crv: null, operations: ['encrypt'] })
  assert.is(arrows.converse({ ...input, takesOct: true }, [...withKek, oct]).visits.at(-1), 'importing')
})

test('BYOK-115 BYOK-148 enabling and disabling; nothing else is changed', () => {
  const run = arrows.converse(input, [...withKey, s['officer.setEnabled']])
  assert.match(JSON.stringify(run.said.at(-1)), '"enabled":true')
  assert.equal(words(last([s['officer.setEnabled']]), 'wire'), ['vault.error'])
})

test('BYOK-101 an unknown name or version is not found', () => {
  assert.match(JSON.stringify(last([s['client.getKey']])), 'KeyNotFound')
  assert.match(JSON.stringify(last([...withKek, s['officer.getKey']])), 'KeyNotFound')
  assert.match(JSON.stringify(last([change(s['client.getKey'], { name: '__proto__' })])), 'KeyNotFound')
})

test('BYOK-32 BYOK-159 BYOK-172 a KEK is deleted; a target is not, and no second KEK comes under its name', () => {
  const run = arrows.converse(input, [...resting.destroyingKek, s['vaultHsm.destroyed']])
  assert.equal(run.said.at(-1), [{ port: 'wire', message: { type: 'vault.deleted', request: 'r4', name: 'kek' } }])
  assert.equal((run.context as { keys: object }).keys, {})
  assert.match(JSON.stringify(last([...withKey, change(s['client.deleteKek'], { name: 'payroll' })])), 'KeyNotFound')
  assert.equal(words(last([...withKek, s['client.createKek']]), 'wire'), ['vault.error'])
})

test('BYOK-32 the destruction of another key is not the destruction of this one', () => {
  const run = arrows.converse(input, [...resting.destroyingKek, change(s['vaultHsm.destroyed'], { key: handle('k9') })])
  assert.equal(words(run.said.at(-1)!, 'wire'), ['vault.error'])
  assert.ok('kek' in (run.context as { keys: object }).keys)
})

test('BYOK-17 a key that the HSM made too late is ordered destroyed and never recorded', () => {
  for (const late of [s['vaultHsm.kekMade'], s['vaultHsm.imported']].map((word) => change(word, { key: 'k7' }))) {
    const run = arrows.converse(input, [...resting.importing, s['app.timeout'], s['app.timeout'], late])
    assert.equal(run.said.at(-1), [{ port: 'wire', message: { type: 'vault.destroy', call: 0, key: 'k7' } }])
    assert.not('payroll' in (run.context as { keys: object }).keys)
  }
})

test('BYOK-17 the order to destroy is repeated after each request until the HSM says that the key is gone', () => {
  const late = change(s['vaultHsm.imported'], { key: 'k7' })
  const orders = (said: readonly { message: { type: string } }[]) => said.filter(({ message }) => message.type === 'vault.destroy').length
  const given = [...resting.importing, s['app.timeout'], s['app.timeout'], late]
  const next = [s['client.importKey'], change(s['vaultHsm.imported'], { call: 3, key: 'k8' })]
  assert.is(orders(arrows.converse(input, [...given, ...next]).said.at(-1)!), 1)
  const gone = change(s['vaultHsm.destroyed'], { call: 0, key: 'k7' })
  assert.is(orders(arrows.converse(input, [...given, gone, ...next]).said.at(-1)!), 0)
  const during = arrows.converse(input, [...resting.destroyingKek, change(late, { call: 1 })])
  assert.is(during.visits.at(-1), 'destroyingKek')
  assert.equal((during.context as { orphans: string[] }).orphans, ['k7'])
})

test('BYOK-158 an HSM that does not answer is asked once more, the same', () => {
  for (const prefix of [resting.makingKek, resting.importing, resting.destroyingKek]) {
    const run = arrows.converse(input, [...prefix, s['app.timeout']])
    assert.equal(run.said.at(-1), run.said.at(-2))
    assert.equal(words(arrows.converse(input, [...prefix, s['app.timeout'], s['app.timeout']]).said.at(-1)!, 'wire'), ['vault.error'])
  }
})

test('BYOK-17 BYOK-151 an answer to a call that was given up is not one to the call in hand', () => {
  const other = change(s['client.importKey'], { request: 'r7', name: 'other' })
  const another = change(s['client.createKek'], { request: 'r8', name: 'kek2' })
  const again = { makingKek: another, importing: other, destroyingKek: s['client.deleteKek'] }
  for (const [state, call] of Object.entries(again)) {
    const run = arrows.converse(input, [...resting.importing, s['app.timeout'], s['app.timeout'], call, s['vaultHsm.imported'], s['vaultHsm.refused']])
    assert.equal(run.visits.slice(-3), [state, state, state])
    assert.equal((run.context as { orphans: string[] }).orphans, ['k2'])
    assert.equal(words(run.said.at(-1)!, 'wire'), [])
    assert.equal(Object.keys((run.context as { keys: object }).keys), ['kek'])
  }
})

test('BYOK-17 an answer that comes twice does not cost the key that it brought', () => {
  for (const hears of [
    [...withKey, s['vaultHsm.imported']],
    [...resting.importing, s['vaultHsm.kekMade']],
  ])
    assert.equal(words(arrows.converse(input, hears).said.at(-1)!, 'wire'), [])
})

test('BYOK-151 a second call while one is in hand ends both, and leaves nobody asking', () => {
  const run = arrows.converse(input, [...resting.importing, s['officer.getKey']])
  assert.equal(
    run.said.at(-1)!.map(({ message }) => (message as { request?: string }).request),
    ['r3', 'r5'],
  )
})

test('BYOK-150 every state answers every word', () => answersEverything(arrows, input, resting))

test('every arrow is taken', () => printCoverage(arrows))

test.run()
