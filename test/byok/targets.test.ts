import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkDestination, checkOperations, judgeTargetKind, octAllowed, parseCrv, parseHsmKty, TARGET_KINDS, targetKind } from '../../src/byok/targets.js'
import type { KeyKind, Operation } from '../../src/enclave/commands.js'

const targets = suite('byok: targets')
const RSA_OPERATIONS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']
const EC_OPERATIONS = ['sign', 'verify']
const OCT_OPERATIONS = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']

// From the import guide's table and the note under it.
const table: readonly (readonly [kind: string, hsmKty: string, curve: string | null, bits: number, operations: readonly string[]])[] = [
  ['rsa-2048', 'RSA-HSM', null, 2048, RSA_OPERATIONS],
  ['rsa-3072', 'RSA-HSM', null, 3072, RSA_OPERATIONS],
  ['rsa-4096', 'RSA-HSM', null, 4096, RSA_OPERATIONS],
  ['ec-P-256', 'EC-HSM', 'P-256', 256, EC_OPERATIONS],
  ['ec-P-256K', 'EC-HSM', 'P-256K', 256, EC_OPERATIONS],
  ['ec-P-384', 'EC-HSM', 'P-384', 384, EC_OPERATIONS],
  ['ec-P-521', 'EC-HSM', 'P-521', 521, EC_OPERATIONS],
  ['oct-128', 'oct-HSM', null, 128, OCT_OPERATIONS],
  ['oct-192', 'oct-HSM', null, 192, OCT_OPERATIONS],
  ['oct-256', 'oct-HSM', null, 256, OCT_OPERATIONS],
]

targets('BYOK-74 there are ten kinds', () => {
  assert.equal(
    TARGET_KINDS.map(({ kind, hsmKty, curve, bits, operations }) => [kind, hsmKty, curve, bits, operations]),
    table,
  )
})

for (const [kind, hsmKty, curve, bits, operations] of table)
  targets(`BYOK-74 ${kind} is found by its name and by what it is`, () => {
    const row = targetKind(kind as KeyKind)
    assert.is(row.hsmKty, hsmKty)
    assert.equal(judgeTargetKind(row.kty, row.curve ?? bits), { ok: true, value: row })
    assert.equal(checkOperations(row.kty, operations as Operation[]), { ok: true, value: operations })
    assert.is(parseHsmKty(hsmKty), row.kty)
    if (curve !== null) assert.is(parseCrv(curve), curve)
  })

targets('BYOK-74 other sizes are no kind', () => {
  for (const [kty, size] of [
    ['RSA', 1024],
    ['RSA', 8192],
    ['oct', 64],
    ['oct', 512],
    ['EC', 256],
    ['RSA', 'P-256'],
    ['EC', 'P-224'],
  ] as const) {
    const judged = judgeTargetKind(kty, size as number)
    assert.is(judged.ok ? 'accepted' : judged.fault.code, 'target_kind_unknown', `${kty} ${size}`)
  }
  assert.throws(() => targetKind('rsa-1024' as KeyKind), TypeError)
})

targets('BYOK-108 types are compared without regard to case, and software types are none', () => {
  for (const text of ['OCT-HSM', 'oct-hsm', 'oct-HSM']) assert.is(parseHsmKty(text), 'oct')
  assert.is(parseHsmKty('rsa-hsm'), 'RSA')
  for (const text of ['RSA', 'EC', 'oct', '', 'AKP-HSM', 'RSA-HSM ']) assert.is(parseHsmKty(text), null, text)
})

targets('BYOK-109 SECP256K1 is the only other name of a curve', () => {
  assert.is(parseCrv('SECP256K1'), 'P-256K')
  for (const text of ['p-256', 'P-224', 'secp256r1', 'prime256v1', '']) assert.is(parseCrv(text), null, text)
})

const badOperations: readonly (readonly ['RSA' | 'EC' | 'oct', readonly Operation[], string, string])[] = [
  ['RSA', ['sign', 'import'], 'operation_import_on_target', 'key_ops[1]'],
  ['EC', ['import'], 'operation_import_on_target', 'key_ops[0]'],
  ['EC', ['wrapKey'], 'operation_not_for_type', 'key_ops[0]'],
  ['oct', ['encrypt', 'sign'], 'operation_not_for_type', 'key_ops[1]'],
  ['RSA', ['sign', 'verify', 'sign'], 'operation_twice', 'key_ops[2]'],
]
for (const [kty, operations, code, at] of badOperations)
  targets(`BYOK-110 ${operations.join(', ')} on ${kty}: refused`, () => {
    const judged = checkOperations(kty, operations)
    assert.ok(!judged.ok)
    assert.is(judged.fault.code, code)
    assert.is(judged.fault.at, at)
    assert.is(judged.fault.requirement, 'BYOK-110')
  })

targets('BYOK-68 symmetric keys go to a Managed HSM only', () => {
  assert.ok(octAllowed('https://contoso.managedhsm.azure.net'))
  assert.not(octAllowed('https://contoso.vault.azure.net'))
  assert.not(octAllowed('https://keys.example.com'))
  assert.ok(checkDestination('oct', 'https://contoso.managedhsm.azure.net').ok)
  for (const vault of ['https://contoso.vault.azure.net', 'https://keys.example.com', 'nonsense']) {
    const judged = checkDestination('oct', vault)
    assert.is(judged.ok ? 'accepted' : judged.fault.code, 'target_oct_not_taken', vault)
  }
  assert.ok(checkDestination('RSA', 'https://contoso.vault.azure.net').ok)
  assert.ok(checkDestination('EC', 'https://keys.example.com').ok)
  assert.ok(checkDestination('oct', 'https://a.hsm.localhost', { keyVault: [], managedHsm: ['hsm.localhost'] }).ok)
})

targets.run()
