import type { JsonWebKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { adviseOnKekSize, isImportOnly, judgeKek, judgeKekKey, judgeKekNumbers, judgeKekUse, type KekKey, type KekState } from '../../src/byok/kek.js'
import { nativeKeyPair } from '../support/native.js'
import { KID, KID_PARTS } from './honest.js'

const kek = suite('byok: kek')
const NOW = 1_800_000_000
const vault = KID_PARTS.vault

// Not a key that anybody made, but a number of the right size, which is all that these rules look at.
const modulus = (bits: number) => {
  const n = Buffer.alloc(bits / 8, 0x5a)
  n[0] = 0x80
  n[n.length - 1] = 0x01
  return n.toString('base64url')
}
const key = (changes: Partial<KekKey> = {}): KekKey => ({ kty: 'RSA-HSM', n: modulus(2048), e: 'AQAB', operations: ['import'], kid: KID, ...changes })
const state = (changes: Partial<KekState> = {}): KekState => ({
  kid: KID,
  exportable: false,
  enabled: true,
  notBefore: null,
  expires: null,
  deleted: false,
  ...changes,
})
const codeOf = (verdict: { ok: boolean; fault?: { code: string; requirement?: string } }) =>
  verdict.ok ? 'accepted' : `${verdict.fault!.code} ${verdict.fault!.requirement}`

for (const bits of [2048, 3072, 4096])
  kek(`BYOK-34 a KEK of ${bits} bits is taken`, () => {
    assert.equal(judgeKekKey(key({ n: modulus(bits) })), {
      ok: true,
      value: { kid: KID_PARTS, bits, modulusBytes: bits / 8, advice: adviseOnKekSize(bits) },
    })
  })

kek('BYOK-34 a key that node:crypto made is taken', () => {
  const { n, e } = nativeKeyPair({ type: 'rsa', modulusLength: 2048 }).publicKey.export({ format: 'jwk' }) as JsonWebKey & { n: string; e: string }
  assert.equal(judgeKekNumbers({ n, e }), { ok: true, value: 2048 })
})

const unfit: readonly (readonly [title: string, changes: Partial<KekKey>, code: string])[] = [
  ['K1 type RSA', { kty: 'RSA' }, 'kek_kty_wrong BYOK-33'],
  ['K1 type EC-HSM', { kty: 'EC-HSM' }, 'kek_kty_wrong BYOK-33'],
  ['K1 type in another case', { kty: 'rsa-hsm' }, 'kek_kty_wrong BYOK-33'],
  ['K2 1024 bits', { n: modulus(1024) }, 'kek_size_not_allowed BYOK-34'],
  ['K2 8192 bits', { n: modulus(8192) }, 'kek_size_not_allowed BYOK-34'],
  ['K2 2047 bits', { n: Buffer.from(modulus(2048), 'base64url').fill(0x7f, 0, 1).toString('base64url') }, 'kek_size_not_allowed BYOK-34'],
  [
    'K2 a leading zero byte',
    { n: Buffer.concat([Buffer.alloc(1), Buffer.from(modulus(2048), 'base64url')]).toString('base64url') },
    'kek_modulus_invalid BYOK-34',
  ],
  ['K2 an even number', { n: Buffer.from(modulus(2048), 'base64url').fill(2, 255).toString('base64url') }, 'kek_modulus_invalid BYOK-34'],
  ['K2 no number', { n: '' }, 'kek_modulus_invalid BYOK-34'],
  ['K2 padded text', { n: `${modulus(2048)}==` }, 'kek_modulus_invalid BYOK-34'],
  ['e = 1', { e: 'AQ' }, 'kek_exponent_invalid BYOK-73'],
  ['e = 4', { e: 'BA' }, 'kek_exponent_invalid BYOK-73'],
  ['e = 2^64 + 1', { e: Buffer.from('010000000000000001', 'hex').toString('base64url') }, 'kek_exponent_invalid BYOK-73'],
  ['no e', { e: '' }, 'kek_exponent_invalid BYOK-73'],
  ['e with a leading zero byte', { e: Buffer.from('00010001', 'hex').toString('base64url') }, 'kek_exponent_invalid BYOK-73'],
  ['K3 no operations', { operations: [] }, 'kek_operations_wrong BYOK-35'],
  ['K3 import and wrapKey', { operations: ['import', 'wrapKey'] }, 'kek_operations_wrong BYOK-35'],
  ['K3 import twice', { operations: ['import', 'import'] }, 'kek_operations_wrong BYOK-35'],
  ['K3 wrapKey alone', { operations: ['wrapKey'] }, 'kek_operations_wrong BYOK-35'],
  ['K6 no version', { kid: KID.replace(/\/[0-9a-f]{32}$/, '') }, 'kid_version_missing BYOK-38'],
  ['K6 a malformed version in a record', { kid: { ...KID_PARTS, version: 'latest' } }, 'kid_version_invalid BYOK-38'],
]
for (const [title, changes, code] of unfit)
  kek(`${code.split(' ')[1]} ${title}: nothing is wrapped under it`, () => {
    assert.is(codeOf(judgeKekKey(key(changes))), code)
    assert.is(codeOf(judgeKek({ ...state(), ...key(changes) }, vault, NOW)), code)
  })

for (const e of ['Aw', 'EQ', 'AQAB', Buffer.from('ffffffffffffffff', 'hex').toString('base64url')])
  kek(`BYOK-73 the exponent ${e} is taken`, () => assert.is(codeOf(judgeKekKey(key({ e }))), 'accepted'))

const unusable: readonly (readonly [title: string, changes: Partial<KekState>, code: string])[] = [
  ['K4 in another vault', { kid: KID.replace('contoso', 'fabrikam') }, 'kek_other_vault BYOK-36'],
  ['K4 at another port', { kid: KID.replace('.net', '.net:8443') }, 'kek_other_vault BYOK-36'],
  ['K5 exportable', { exportable: true }, 'kek_exportable BYOK-37'],
  ['K6 no version', { kid: KID.replace(/\/[0-9a-f]{32}$/, '') }, 'kid_version_missing BYOK-38'],
  ['K7 disabled', { enabled: false }, 'kek_disabled BYOK-39'],
  ['K7 a second before nbf', { notBefore: NOW + 1 }, 'kek_not_yet_valid BYOK-39'],
  ['K7 at exp', { expires: NOW }, 'kek_expired BYOK-39'],
  ['K7 behind exp', { expires: NOW - 1 }, 'kek_expired BYOK-39'],
  ['K8 deleted', { deleted: true }, 'kek_deleted BYOK-40'],
]
for (const [title, changes, code] of unusable)
  kek(`${code.split(' ')[1]} ${title}: no import uses it`, () => {
    assert.is(codeOf(judgeKekUse(state(changes), vault, NOW)), code)
    const whole = { ...key(), ...state(changes) }
    assert.is(codeOf(judgeKek(whole, vault, NOW)), code)
  })

kek('BYOK-39 the window is taken from its first second to the one before its end', () => {
  assert.ok(judgeKekUse(state({ notBefore: NOW, expires: NOW + 1 }), vault, NOW).ok)
})

kek('BYOK-36 the vault is compared as an origin, not as text', () => {
  assert.equal(judgeKekUse(state(), 'https://CONTOSO.vault.azure.net:443', NOW), { ok: true, value: KID_PARTS })
})

kek('BYOK-41 4096 bits come with advice and are taken; 2048 and 3072 come with none', () => {
  const judged = judgeKek({ ...key({ n: modulus(4096) }), ...state() }, vault, NOW)
  assert.ok(judged.ok && judged.value.advice.length === 1)
  assert.equal(adviseOnKekSize(2048), [])
  assert.equal(adviseOnKekSize(3072), [])
})

kek('BYOK-4 import alone is the set of a KEK', () => {
  assert.ok(isImportOnly(['import']))
  assert.not(isImportOnly(['Import']))
})

kek.run()
