import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ClientToVault, OfficerToVault, VaultAnswer } from '../../src/byok/messages.js'
import {
  answerToBadRequest,
  API_VERSIONS,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  REQUEST_ID_HEADER,
  requestIdOf,
  TRANSFER_REFUSAL,
} from '../../src/byok/rest.js'
import type { HttpAnswer, HttpRequest } from '../../src/byok/rest.js'
import { TARGET_KINDS } from '../../src/byok/targets.js'
import { BLOB, bytes, ciphertextWith, fileWith, headerWith, honestFile, KID, KID_PARTS } from './honest.js'

const rest = suite('byok: rest')
const LENIENT_CLIENT = { speaker: 'client', reading: 'lenient' } as const
const OFFICER = { speaker: 'officer', reading: 'lenient' } as const
const version = KID_PARTS.version
const keyHsm = honestFile().toString('base64url')
const transfer = { kek: KID_PARTS, ciphertext: BLOB.toString('base64url') }
const outcome = (verdict: { ok: true } | { ok: false; fault: { code: string } }) => (verdict.ok ? 'taken' : verdict.fault.code)
const http = (method: string, path: string, body: unknown = null): HttpRequest => ({ method, path, body: body === null ? null : JSON.stringify(body) })
const importOf = (body: unknown) => http('PUT', '/keys/payments?api-version=7.6', body)
const asked = { type: 'client.importKey', request: '', name: 'payments', kty: 'RSA', crv: null, enabled: true } as const
const RSA_OPERATIONS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'] as const

// Bodies as real clients send them

rest('BYOK-100 create a KEK as azure-cli does', () => {
  const body = '{"kty":"RSA-HSM","key_size":4096,"key_ops":["import"],"attributes":{"enabled":true}}'
  const request: HttpRequest = { method: 'POST', path: '/keys/kek-2026/create?api-version=7.4-preview.1', body }
  const message = { type: 'client.createKek', request: '', name: 'kek-2026', bits: 4096, operations: ['import'], expires: null } as const
  assert.equal(decodeRequest(request, LENIENT_CLIENT), { ok: true, value: message })
  assert.equal(encodeRequest(message, '7.4-preview.1'), request)
})

rest('BYOK-100 create a KEK as the JavaScript SDK does', () => {
  const request = http('POST', '/keys/kek-2026/create?api%2Dversion=2025-07-01', { kty: 'RSA-HSM', key_size: 2048, key_ops: ['import'], attributes: {} })
  const heard = decodeRequest(request, LENIENT_CLIENT)
  assert.equal(heard, { ok: true, value: { type: 'client.createKek', request: '', name: 'kek-2026', bits: 2048, operations: ['import'], expires: null } })
})

rest('BYOK-39 a KEK with an end', () => {
  const message = { type: 'client.createKek', request: 'r-1', name: 'kek', bits: 3072, operations: ['import'], expires: 1_800_000_000 } as const
  const request = encodeRequest(message)
  assert.is(request.body, '{"kty":"RSA-HSM","key_size":3072,"key_ops":["import"],"attributes":{"enabled":true,"exp":1800000000}}')
  assert.equal(request.headers, { 'x-ms-client-request-id': 'r-1' })
  assert.equal(decodeRequest(request, LENIENT_CLIENT), { ok: true, value: message })
})

for (const path of ['/keys/kek-2026', '/keys/kek-2026/', `/keys/kek-2026/${version}`])
  rest(`BYOK-101 get ${path}`, () => {
    const asksVersion = path.endsWith(version)
    const heard = decodeRequest(http('GET', `${path}?api-version=2025-07-01`), LENIENT_CLIENT)
    assert.equal(heard, { ok: true, value: { type: 'client.getKey', request: '', name: 'kek-2026', version: asksVersion ? version : null } })
  })

const imports: readonly (readonly [client: string, body: string, message: object])[] = [
  [
    'azure-cli 2.45, RSA',
    `{"Hsm":false,"key":{"kty":"RSA-HSM","key_ops":["sign","verify"],"key_hsm":"${keyHsm}"},"attributes":{"enabled":true}}`,
    { ...asked, operations: ['sign', 'verify'], transfer },
  ],
  [
    'azure-cli 2.45, EC',
    `{"Hsm":false,"key":{"kty":"EC-HSM","key_hsm":"${keyHsm}","crv":"P-256"},"attributes":{"enabled":true}}`,
    { ...asked, kty: 'EC', crv: 'P-256', operations: ['sign', 'verify'], transfer },
  ],
  [
    'azure-cli 2.45, oct with --protection hsm',
    `{"Hsm":true,"key":{"kty":"oct-HSM","key_hsm":"${keyHsm}"},"attributes":{"enabled":true}}`,
    { ...asked, kty: 'oct', operations: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], transfer },
  ],
  [
    'JavaScript SDK 4.10.2, disabled',
    `{"Hsm":true,"key":{"kty":"EC-HSM","key_ops":["sign"],"key_hsm":"${keyHsm}","crv":"P-521"},"attributes":{"enabled":false}}`,
    { ...asked, kty: 'EC', crv: 'P-521', operations: ['sign'], enabled: false, transfer },
  ],
  ['the least that says it', `{"key":{"kty":"RSA-HSM","key_hsm":"${keyHsm}"}}`, { ...asked, operations: RSA_OPERATIONS, transfer }],
]
for (const [client, body, message] of imports)
  rest(`BYOK-102 import by ${client}`, () => {
    assert.equal(decodeRequest({ method: 'PUT', path: '/keys/payments?api-version=7.4-preview.1', body }, LENIENT_CLIENT), { ok: true, value: message })
  })

rest('BYOK-102 the import that we write, byte by byte', () => {
  const request = encodeRequest({ ...asked, kty: 'EC', crv: 'P-256K', operations: ['sign', 'verify'], request: 'r-7', file: keyHsm })
  assert.equal(request, {
    method: 'PUT',
    path: '/keys/payments?api-version=7.6',
    body: `{"Hsm":true,"key":{"kty":"EC-HSM","key_ops":["sign","verify"],"key_hsm":"${keyHsm}","crv":"P-256K"},"attributes":{"enabled":true}}`,
    headers: { [REQUEST_ID_HEADER]: 'r-7' },
  })
  assert.equal(Buffer.from((JSON.parse(request.body!) as { key: { key_hsm: string } }).key.key_hsm, 'base64url'), honestFile())
})

// What may vary

// A file whose base64 has padding and, thanks to the question marks, a letter in which the alphabets differ.
const padded = ['', ' ', '  ']
  .map((end) => Buffer.from(fileWith({ generator: '?'.repeat(9) }).toString() + end).toString('base64'))
  .find((text) => /\/.*=$/.test(text))!

const varied: readonly (readonly [title: string, body: object, changes: object])[] = [
  ['BYOK-103 Hsm false loses to kty', { Hsm: false, key: { kty: 'RSA-HSM', key_hsm: keyHsm } }, {}],
  ['BYOK-103 Hsm in any value', { Hsm: 'maybe', key: { kty: 'RSA-HSM', key_hsm: keyHsm } }, {}],
  [
    'BYOK-105 unknown members at every level',
    { x: { y: [{}] }, key: { kty: 'RSA-HSM', key_hsm: keyHsm, alg: 'x' }, attributes: { hsmPlatform: '2', created: 1 } },
    {},
  ],
  [
    'BYOK-105 null is absent',
    { Hsm: null, key: { kty: 'RSA-HSM', key_ops: null, crv: null, d: null, key_hsm: keyHsm }, attributes: null, tags: null, release_policy: null },
    {},
  ],
  ['BYOK-106 standard base64 with padding', { key: { kty: 'RSA-HSM', key_hsm: padded } }, {}],
  ['BYOK-106 base64url with padding', { key: { kty: 'RSA-HSM', key_hsm: padded.replaceAll('+', '-').replaceAll('/', '_') } }, {}],
  ['BYOK-108 kty in lower case', { key: { kty: 'rsa-hsm', key_hsm: keyHsm } }, {}],
  [
    'BYOK-108 kty as the documents also write it',
    { key: { kty: 'OCT-HSM', key_hsm: keyHsm } },
    { kty: 'oct', operations: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'] },
  ],
  ['BYOK-109 SECP256K1', { key: { kty: 'EC-HSM', crv: 'SECP256K1', key_hsm: keyHsm } }, { kty: 'EC', crv: 'P-256K', operations: ['sign', 'verify'] }],
  [
    'BYOK-112 tags and attributes of the right form',
    { key: { kty: 'RSA-HSM', key_hsm: keyHsm }, tags: { team: 'pay' }, attributes: { exportable: false, enabled: false } },
    { enabled: false },
  ],
  ['BYOK-110 import is passed on, for the vault to refuse', { key: { kty: 'RSA-HSM', key_ops: ['import'], key_hsm: keyHsm } }, { operations: ['import'] }],
]
for (const [title, body, changes] of varied)
  rest(`${title}: taken`, () => {
    assert.equal(decodeRequest(importOf(body), LENIENT_CLIENT), { ok: true, value: { ...asked, operations: RSA_OPERATIONS, transfer, ...changes } })
  })

// One answer for everything below key_hsm

const key = (value: unknown) => ({ key: { kty: 'RSA-HSM', key_hsm: value } })
const b64 = (file: Uint8Array) => Buffer.from(file).toString('base64url')
const invalidTransfers: readonly (readonly [title: string, value: unknown])[] = [
  ['BYOK-99 an empty text', ''],
  ['BYOK-106 a number', 5],
  ['BYOK-106 an object', { file: keyHsm }],
  ['BYOK-106 both alphabets', `${b64(bytes(99)).replaceAll('-', '_')}-+_/`],
  ['BYOK-106 spare bits', 'AB'],
  ['BYOK-106 white space', `${keyHsm.slice(0, 40)}\n${keyHsm.slice(40)}`],
  ['BYOK-106 the wrong padding', `${keyHsm}===`],
  ['BYOK-80 no JSON', b64(Buffer.from('hello'))],
  ['BYOK-80 the file itself in place of its base64', honestFile().toString()],
  ['BYOK-83 a kid without a version', b64(headerWith({ kid: KID.slice(0, -33) }))],
  ['BYOK-81 another version', b64(fileWith({ schema_version: '1.0' }))],
  ['BYOK-90 a member twice', b64(Buffer.from(honestFile().toString().replace('"alg"', '"alg":"dir","alg"')))],
  ['BYOK-93 spare bits in the ciphertext', b64(ciphertextWith(`${b64(BLOB)}B`))],
  ['BYOK-61 a blob for no KEK', b64(ciphertextWith(b64(bytes(100))))],
  ['BYOK-96 a file over the cap', b64(Buffer.from(honestFile().toString().padEnd(65537)))],
  ['BYOK-96 a text over the cap', 'A'.repeat(100_000)],
]
for (const [title, value] of invalidTransfers)
  rest(`BYOK-114 ${title}: heard as an invalid transfer, like any other`, () => {
    assert.equal(decodeRequest(importOf(key(value)), LENIENT_CLIENT), { ok: true, value: { ...asked, operations: RSA_OPERATIONS, transfer: null } })
  })

rest('BYOK-114 the reading decides what a tolerated file is', () => {
  const file = key(b64(fileWith({ comment: 'tolerated' })))
  const lenient = decodeRequest(importOf(file), LENIENT_CLIENT)
  const strict = decodeRequest(importOf(file), { speaker: 'client', reading: 'strict' })
  assert.ok(lenient.ok && lenient.value.type === 'client.importKey' && lenient.value.transfer)
  assert.ok(strict.ok && strict.value.type === 'client.importKey' && strict.value.transfer === null)
})

rest('BYOK-96 a file at the cap fits into a body', () => {
  const heard = decodeRequest(importOf(key(Buffer.from(honestFile().toString().padEnd(65536)).toString('base64'))), LENIENT_CLIENT)
  assert.ok(heard.ok && heard.value.type === 'client.importKey' && heard.value.transfer)
})

rest('BYOK-114 the refusal, word by word', () => {
  assert.equal(TRANSFER_REFUSAL, { status: 400, code: 'BadParameter', message: 'The key transfer blob is not valid.' })
  const answer = encodeAnswer({ type: 'vault.error', request: '', ...TRANSFER_REFUSAL })
  assert.equal(answer, { status: 400, body: '{"error":{"code":"BadParameter","message":"The key transfer blob is not valid."}}' })
})

// Requests that are none

const CREATE = { kty: 'RSA-HSM', key_size: 2048, key_ops: ['import'] }
const post = (body: unknown) => http('POST', '/keys/kek/create?api-version=7.6', body)
const rsa = (more: object) => importOf({ key: { kty: 'RSA-HSM', key_hsm: keyHsm, ...more } })
const beside = (more: object) => importOf({ key: { kty: 'RSA-HSM', key_hsm: keyHsm }, ...more })
const manyTags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag${i}`, 'x']))

const refused: readonly (readonly [title: string, request: HttpRequest, code: string, at?: string])[] = [
  ['BYOK-173 no api-version', http('GET', '/keys/kek'), 'api_version_missing'],
  ['BYOK-173 an unknown api-version', http('GET', '/keys/kek?api-version=9.9'), 'api_version_unknown'],
  ['BYOK-173 two api-versions', http('GET', '/keys/kek?api-version=7.6&api%2Dversion=7.5'), 'api_version_twice'],
  ['BYOK-173 a query that is not encoded well', http('GET', '/keys/kek?%E0%A4%A=7.6'), 'api_version_missing'],
  ['BYOK-173 a call that is not offered', http('POST', `/keys/kek/${version}/release?api-version=7.6`, {}), 'call_unknown'],
  ['BYOK-173 the list of keys', http('GET', '/keys?api-version=7.6'), 'call_unknown'],
  ['BYOK-173 import as one page of the documents has it', http('POST', '/keys/kek/import?api-version=7.6', {}), 'call_unknown'],
  ['BYOK-173 a method in lower case', http('get', '/keys/kek?api-version=7.6'), 'call_unknown'],
  ['BYOK-173 another collection', http('GET', '/secrets/kek?api-version=7.6'), 'call_unknown'],
  ['BYOK-173 an absolute URL', http('GET', 'https://contoso.vault.azure.net/keys/kek?api-version=7.6'), 'call_unknown'],
  ['BYOK-173 an update by the client', http('PATCH', `/keys/kek/${version}?api-version=7.6`, {}), 'call_not_for_role'],
  ['BYOK-173 no body', http('PUT', '/keys/payments?api-version=7.6'), 'body_missing'],
  ['BYOK-173 a body on a get', http('GET', '/keys/kek?api-version=7.6', {}), 'body_unexpected'],
  ['BYOK-173 not JSON', { ...importOf({}), body: '{' }, 'body_not_json', 'offset 1'],
  ['BYOK-173 an array', importOf([]), 'body_not_json'],
  ['BYOK-173 a member twice', { ...importOf({}), body: '{"key":{},"key":{}}' }, 'body_not_json', 'key, offset 10'],
  ['BYOK-96 a body over the cap', importOf({ x: 'x'.repeat(131072) }), 'body_too_large'],
  ['BYOK-174 a request id with a line feed', { ...http('GET', '/keys/kek?api-version=7.6'), headers: { [REQUEST_ID_HEADER]: 'a\nb' } }, 'request_id_invalid'],
  [
    'BYOK-174 a request id of 129 characters',
    { ...http('GET', '/keys/kek?api-version=7.6'), headers: { [REQUEST_ID_HEADER]: 'a'.repeat(129) } },
    'request_id_invalid',
  ],
  ['BYOK-111 a name with a dot', http('GET', '/keys/kek.1?api-version=7.6'), 'name_invalid'],
  ['BYOK-111 a name of 128 characters', http('GET', `/keys/${'k'.repeat(128)}?api-version=7.6`), 'name_invalid'],
  ['BYOK-111 an encoded name', http('GET', '/keys/%6bek?api-version=7.6'), 'name_invalid'],
  ['BYOK-111 a version that is none', http('GET', '/keys/kek/latest?api-version=7.6'), 'version_invalid'],
  ['BYOK-33 a KEK of type RSA', post({ ...CREATE, kty: 'RSA' }), 'kek_kty_wrong', 'kty'],
  ['BYOK-33 a KEK of type EC-HSM', post({ ...CREATE, kty: 'EC-HSM' }), 'kek_kty_wrong', 'kty'],
  ['BYOK-33 a KEK without a type', post({ ...CREATE, kty: undefined }), 'kek_kty_wrong', 'kty'],
  ['BYOK-100 no key size', post({ ...CREATE, key_size: undefined }), 'key_size_invalid', 'key_size'],
  ['BYOK-100 a key size as text', post({ ...CREATE, key_size: '2048' }), 'key_size_invalid', 'key_size'],
  ['BYOK-100 an exponent', post({ ...CREATE, public_exponent: 3 }), 'public_exponent_refused', 'public_exponent'],
  ['BYOK-37 an exportable KEK', post({ ...CREATE, attributes: { exportable: true } }), 'attributes_exportable', 'attributes.exportable'],
  ['BYOK-37 a KEK with a release policy', post({ ...CREATE, release_policy: {} }), 'release_policy_refused', 'release_policy'],
  ['BYOK-112 a KEK made disabled', post({ ...CREATE, attributes: { enabled: false } }), 'attributes_not_offered', 'attributes.enabled'],
  ['BYOK-112 a KEK with nbf', post({ ...CREATE, attributes: { nbf: 5 } }), 'attributes_not_offered', 'attributes.nbf'],
  ['BYOK-112 nbf behind exp', post({ ...CREATE, attributes: { nbf: 5, exp: 5 } }), 'attributes_window_empty', 'attributes.exp'],
  ['BYOK-110 operations that are no list', post({ ...CREATE, key_ops: 'import' }), 'key_ops_invalid', 'key_ops'],
  ['BYOK-110 an unknown operation', post({ ...CREATE, key_ops: ['import', 'release'] }), 'key_ops_invalid', 'key_ops[1]'],
  ['BYOK-110 an operation twice', post({ ...CREATE, key_ops: ['import', 'import'] }), 'operation_twice', 'key_ops[1]'],
  ['BYOK-110 an unknown operation for a target', rsa({ key_ops: ['sign', 5] }), 'key_ops_invalid', 'key.key_ops[1]'],
  ['BYOK-102 no key', importOf({ Hsm: true }), 'key_missing', 'key'],
  ['BYOK-102 a key that is a text', importOf({ key: keyHsm }), 'key_missing', 'key'],
  ['BYOK-102 no blob', importOf({ key: { kty: 'RSA-HSM' } }), 'key_hsm_missing', 'key.key_hsm'],
  ['BYOK-102 a key in clear', importOf({ key: { kty: 'RSA-HSM', n: 'AQ', e: 'AQAB', d: 'AQ' } }), 'key_hsm_missing', 'key.key_hsm'],
  ...['n', 'e', 'd', 'dp', 'dq', 'qi', 'p', 'q', 'k', 'x', 'y'].map(
    (name) => [`BYOK-104 ${name} beside the blob`, rsa({ [name]: 'AQ' }), 'key_hsm_with_key_members', `key.${name}`] as const,
  ),
  ['BYOK-108 a software type', rsa({ kty: 'RSA' }), 'kty_not_hsm', 'key.kty'],
  ['BYOK-108 no type', rsa({ kty: undefined }), 'kty_not_hsm', 'key.kty'],
  ['BYOK-108 a type of another preview', rsa({ kty: 'AKP-HSM' }), 'kty_not_hsm', 'key.kty'],
  ['BYOK-109 EC without a curve', rsa({ kty: 'EC-HSM' }), 'crv_missing', 'key.crv'],
  ['BYOK-109 an unknown curve', rsa({ kty: 'EC-HSM', crv: 'P-224' }), 'crv_unknown', 'key.crv'],
  ['BYOK-109 a curve that is a number', rsa({ kty: 'EC-HSM', crv: 256 }), 'crv_unknown', 'key.crv'],
  ['BYOK-109 a curve for RSA', rsa({ crv: 'P-256' }), 'crv_unexpected', 'key.crv'],
  ['BYOK-112 attributes that are a text', beside({ attributes: 'enabled' }), 'attributes_invalid', 'attributes'],
  ['BYOK-112 enabled as a number', beside({ attributes: { enabled: 1 } }), 'attributes_invalid', 'attributes.enabled'],
  ['BYOK-112 exp as a date', beside({ attributes: { exp: '2026-01-01' } }), 'attributes_invalid', 'attributes.exp'],
  ['BYOK-112 nbf with a fraction', beside({ attributes: { nbf: 1.5 } }), 'attributes_invalid', 'attributes.nbf'],
  ['BYOK-112 an exportable target', beside({ attributes: { exportable: true } }), 'attributes_exportable', 'attributes.exportable'],
  ['BYOK-112 a target with exp', beside({ attributes: { exp: 5 } }), 'attributes_not_offered', 'attributes.exp'],
  ['BYOK-18 a target with a release policy', beside({ release_policy: { data: 'e30' } }), 'release_policy_refused', 'release_policy'],
  ['BYOK-112 tags that are a list', beside({ tags: ['x'] }), 'tags_invalid', 'tags'],
  ['BYOK-112 a tag that is a number', beside({ tags: { x: 1 } }), 'tags_invalid', 'tags'],
  ['BYOK-112 16 tags', beside({ tags: manyTags(16) }), 'tags_too_many', 'tags'],
  ['BYOK-112 a tag of 257 characters', beside({ tags: { x: 'x'.repeat(257) } }), 'tags_too_long', 'tags'],
  ['BYOK-112 a tag name of 257 characters', beside({ tags: { ['x'.repeat(257)]: '' } }), 'tags_too_long', 'tags'],
]
for (const [title, request, code, at] of refused)
  rest(`${title}: ${code}`, () => {
    const heard = decodeRequest(request, LENIENT_CLIENT)
    assert.ok(!heard.ok)
    assert.is(heard.fault.code, code)
    assert.is(heard.fault.requirement, /^BYOK-\d+/.exec(title)![0])
    if (at !== undefined) assert.is(heard.fault.at, at)
    const answer = answerToBadRequest(heard.fault, 'r-1')
    assert.is(answer.code, code === 'call_unknown' ? 'NotFound' : 'BadParameter')
    assert.is(answer.request, 'r-1')
    assert.match(answer.message, /^[A-Z].*\.$/)
  })

rest('BYOK-112 fifteen tags of 256 characters are taken', () => {
  const tags = { ...manyTags(14), ['n'.repeat(256)]: 'v'.repeat(256) }
  assert.is(outcome(decodeRequest(beside({ tags }), LENIENT_CLIENT)), 'taken')
})

rest('BYOK-114 what does not depend on the blob is found first, whatever the blob is', () => {
  for (const [title, request, code] of refused.filter(([title]) => /BYOK-(?:108|109|110|112)/.test(title))) {
    if (request.method !== 'PUT') continue
    const spoiled = { ...request, body: request.body!.replace(keyHsm, 'nonsense') }
    assert.is(outcome(decodeRequest(spoiled, LENIENT_CLIENT)), code, title)
  }
})

rest('BYOK-113 an answer to a bad request repeats nothing of it', () => {
  const secret = 'MIIEvQIBADANBg'
  const requests = [
    rsa({ kty: secret }),
    rsa({ kty: 'EC-HSM', crv: secret }),
    rsa({ key_ops: [secret] }),
    beside({ tags: { [secret]: 1 } }),
    { ...importOf({}), body: `{"key":${secret}}` },
  ]
  for (const request of requests) {
    const heard = decodeRequest(request, LENIENT_CLIENT)
    assert.ok(!heard.ok)
    assert.not.match(encodeAnswer(answerToBadRequest(heard.fault, '')).body, secret)
  }
})

for (const apiVersion of API_VERSIONS)
  rest(`BYOK-173 api-version ${apiVersion}`, () => {
    assert.is(outcome(decodeRequest(http('GET', `/keys/kek?api-version=${apiVersion}`), LENIENT_CLIENT)), 'taken')
  })

rest('BYOK-173 a body of no letters is none', () => {
  assert.is(outcome(decodeRequest({ ...http('GET', '/keys/kek?api-version=7.6'), body: '' }, LENIENT_CLIENT)), 'taken')
  assert.is(outcome(decodeRequest({ ...importOf({}), body: '' }, LENIENT_CLIENT)), 'body_missing')
})

// The officer

const patch = (body: unknown, path = `/keys/payments/${version}`) => http('PATCH', `${path}?api-version=7.6`, body)
rest('BYOK-115 enable and disable', () => {
  for (const enabled of [true, false]) {
    const message = { type: 'officer.setEnabled', request: '', name: 'payments', version, enabled } as const
    assert.equal(decodeRequest(patch({ attributes: { enabled } }), OFFICER), { ok: true, value: message })
    assert.equal(encodeRequest(message), { method: 'PATCH', path: `/keys/payments/${version}?api-version=7.6`, body: `{"attributes":{"enabled":${enabled}}}` })
  }
})

const badUpdates: readonly (readonly [title: string, request: HttpRequest, code: string])[] = [
  ['BYOK-115 operations', patch({ key_ops: ['import'], attributes: { enabled: true } }), 'update_refused'],
  ['BYOK-115 tags', patch({ tags: {}, attributes: { enabled: true } }), 'update_refused'],
  ['BYOK-115 a release policy', patch({ release_policy: {}, attributes: { enabled: true } }), 'update_refused'],
  ['BYOK-115 exp', patch({ attributes: { enabled: true, exp: 5 } }), 'update_refused'],
  ['BYOK-115 nothing', patch({}), 'update_refused'],
  ['BYOK-112 enabled as a text', patch({ attributes: { enabled: 'true' } }), 'attributes_invalid'],
  ['BYOK-111 no version', patch({ attributes: { enabled: true } }, '/keys/payments'), 'version_missing'],
  ['BYOK-111 an empty version in a get', http('GET', '/keys/payments/?api-version=7.6'), 'version_missing'],
  ['BYOK-173 an import', importOf(key(keyHsm)), 'call_not_for_role'],
]
for (const [title, request, code] of badUpdates)
  rest(`${title} by the officer: ${code}`, () => {
    const heard = decodeRequest(request, OFFICER)
    assert.ok(!heard.ok)
    assert.is(heard.fault.code, code)
    assert.is(heard.fault.requirement, /^BYOK-\d+/.exec(title)![0])
  })

// Answers

const kekAnswer: VaultAnswer = {
  type: 'vault.key',
  request: 'r-1',
  kid: KID_PARTS,
  key: { kty: 'RSA', n: bytes(256, 'n').toString('base64url'), e: 'AQAB' },
  operations: ['import'],
  enabled: true,
  evidence: null,
}
const getKek = { type: 'client.getKey', request: 'r-1', name: 'kek-2026', version: null } as const

rest('BYOK-107 a key bundle, byte by byte', () => {
  assert.equal(encodeAnswer(kekAnswer), {
    status: 200,
    body: `{"key":{"kid":"${KID}","kty":"RSA-HSM","key_ops":["import"],"n":"${bytes(256, 'n').toString('base64url')}","e":"AQAB"},"attributes":{"enabled":true,"exportable":false}}`,
    headers: { [REQUEST_ID_HEADER]: 'r-1' },
  })
})

rest('BYOK-107 a key bundle as a service answers it', () => {
  const body = {
    key: { kid: KID, kty: 'EC-HSM', key_ops: ['sign', 'verify'], crv: 'P-256', x: b64(bytes(32, 'x')), y: b64(bytes(32, 'y')) },
    attributes: { enabled: true, created: 1, updated: 2, recoveryLevel: 'Recoverable', recoverableDays: 90, exportable: false, hsmPlatform: '2' },
    tags: {},
  }
  const answer = decodeAnswer({ status: 200, body: JSON.stringify(body) }, getKek)
  const expected: VaultAnswer = {
    ...kekAnswer,
    key: { kty: 'EC', crv: 'P-256', x: body.key.x, y: body.key.y },
    operations: ['sign', 'verify'],
  }
  assert.equal(answer, { ok: true, value: expected })
})

rest('BYOK-20 an octet key is answered without a key', () => {
  const { body } = encodeAnswer({ ...kekAnswer, key: { kty: 'oct' }, operations: ['wrapKey'] })
  assert.equal((JSON.parse(body) as { key: object }).key, { kid: KID, kty: 'oct-HSM', key_ops: ['wrapKey'] })
})

rest('BYOK-101 evidence travels beside the key', () => {
  const answer = encodeAnswer({ ...kekAnswer, evidence: 'signed "statement"' })
  const bundle = JSON.parse(answer.body) as { attributes: object }
  assert.equal(bundle.attributes, { enabled: true, exportable: false, attestation: { privateKeyAttestation: 'signed "statement"' } })
  assert.equal(decodeAnswer(answer, getKek), { ok: true, value: { ...kekAnswer, evidence: 'signed "statement"' } })
})

const bundle = (changes: { key?: object; attributes?: object | null } = {}): HttpAnswer => {
  const { key: members, attributes } = JSON.parse(encodeAnswer(kekAnswer).body) as { key: object; attributes: object }
  return {
    status: 200,
    body: JSON.stringify({
      key: { ...members, ...changes.key },
      attributes: changes.attributes === null ? undefined : { ...attributes, ...changes.attributes },
    }),
  }
}
const badAnswers: readonly (readonly [title: string, answer: HttpAnswer, code: string, at?: string])[] = [
  ['BYOK-107 not JSON', { status: 200, body: '<html>' }, 'answer_not_json'],
  ['BYOK-107 an array', { status: 200, body: '[]' }, 'answer_not_json'],
  ['BYOK-96 over the cap', { status: 200, body: JSON.stringify({ x: 'x'.repeat(131072) }) }, 'answer_too_large'],
  ['BYOK-113 a redirect', { status: 302, body: '{}' }, 'answer_status_unexpected'],
  ['BYOK-113 accepted for later', { status: 202, body: '{}' }, 'answer_status_unexpected'],
  ['BYOK-113 an error without an object', { status: 400, body: '{}' }, 'answer_error_malformed', 'error'],
  ['BYOK-113 an error whose code is a number', { status: 400, body: '{"error":{"code":1,"message":"x"}}' }, 'answer_error_malformed', 'error'],
  ['BYOK-107 an error of a proxy', { status: 502, body: 'Bad Gateway' }, 'answer_not_json'],
  ['BYOK-107 no key', { status: 200, body: '{"attributes":{"enabled":true}}' }, 'answer_member_invalid', 'key'],
  ['BYOK-107 no attributes', bundle({ attributes: null }), 'answer_member_invalid', 'attributes'],
  ['BYOK-107 no kid', bundle({ key: { kid: undefined } }), 'answer_member_invalid', 'key.kid'],
  ['BYOK-38 a kid without a version', bundle({ key: { kid: KID.slice(0, -33) } }), 'kid_version_missing', 'key.kid'],
  ['BYOK-107 a software type', bundle({ key: { kty: 'RSA' } }), 'answer_member_invalid', 'key.kty'],
  ['BYOK-107 no modulus', bundle({ key: { n: undefined } }), 'answer_member_invalid', 'key.n'],
  ['BYOK-107 an exponent with padding', bundle({ key: { e: 'Aw==' } }), 'answer_member_invalid', 'key.e'],
  ['BYOK-107 an EC key without a curve', bundle({ key: { kty: 'EC-HSM' } }), 'answer_member_invalid', 'key.crv'],
  ['BYOK-107 an EC key without y', bundle({ key: { kty: 'EC-HSM', crv: 'P-256', x: 'AQ' } }), 'answer_member_invalid', 'key.y'],
  ['BYOK-110 no operations', bundle({ key: { key_ops: undefined } }), 'key_ops_invalid', 'key.key_ops'],
  ['BYOK-107 no word on enabled', bundle({ attributes: { enabled: undefined } }), 'answer_member_invalid', 'attributes.enabled'],
  ['BYOK-107 an exportable key', bundle({ attributes: { exportable: true } }), 'answer_member_invalid', 'attributes.exportable'],
  ['BYOK-107 evidence that is a number', bundle({ attributes: { attestation: 5 } }), 'answer_member_invalid', 'attributes.attestation'],
  ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'key_hsm'].map(
    (name) => [`BYOK-20 ${name} in the answer`, bundle({ key: { [name]: 'AQ' } }), 'answer_secret_member', `key.${name}`] as const,
  ),
  ['BYOK-107 another key', bundle({ key: { kid: KID.replace('kek-2026', 'kek-2025') } }), 'answer_other_key', 'key.kid'],
  ['BYOK-107 to another request', { ...encodeAnswer(kekAnswer), headers: { 'X-MS-Client-Request-Id': 'r-0' } }, 'answer_other_request'],
]
for (const [title, answer, code, at] of badAnswers)
  rest(`${title}: ${code}`, () => {
    const heard = decodeAnswer(answer, getKek)
    assert.ok(!heard.ok)
    assert.is(heard.fault.code, code)
    assert.is(heard.fault.requirement, /^BYOK-\d+/.exec(title)![0])
    if (at !== undefined) assert.is(heard.fault.at, at)
    assert.not.match(JSON.stringify(heard.fault), '"AQ"')
  })

rest('BYOK-174 an answer about another version than the one asked for is none', () => {
  const other = decodeAnswer(encodeAnswer(kekAnswer), { ...getKek, version: 'f'.repeat(32) })
  assert.is(outcome(other), 'answer_other_key')
})

rest('BYOK-113 an error is passed on, its inner error is not', () => {
  const body = '{"error":{"code":"Forbidden","message":"no","innererror":{"code":"KeyDisabled"}}}'
  assert.equal(decodeAnswer({ status: 403, body }, getKek), {
    ok: true,
    value: { type: 'vault.error', request: 'r-1', status: 403, code: 'Forbidden', message: 'no' },
  })
})

rest('the id of a request is found in any case of its header', () => {
  assert.is(requestIdOf({ 'X-Ms-Client-Request-Id': 'abc' }), 'abc')
  assert.is(requestIdOf({}), '')
  assert.is(requestIdOf(), '')
})

rest('a message that no vault can be asked is the mistake of the caller', () => {
  const get: ClientToVault = { type: 'client.getKey', request: '', name: 'kek', version: null }
  assert.throws(() => encodeRequest({ ...get, name: '../secrets/x' }), TypeError)
  assert.throws(() => encodeRequest({ ...get, request: 'a\r\nx: y' }), TypeError)
  assert.throws(() => encodeRequest({ ...get, version: 'latest' }), TypeError)
  assert.throws(() => encodeRequest(get, '1.0'), TypeError)
  assert.throws(() => encodeRequest({ ...asked, operations: [], file: 'not base64' }), TypeError)
})

// Laws

const name = fc.stringMatching(/^[0-9a-zA-Z-]{1,127}$/)
const request = fc.stringMatching(/^[!-~]{0,40}$/)
const versions = fc.stringMatching(/^[0-9a-f]{32}$/)
const operations = fc.subarray([...RSA_OPERATIONS, 'import'] as const)
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true }) as unknown as fc.Arbitrary<T>
const target = fc.constantFrom(...TARGET_KINDS).map(({ kty, curve }) => ({ kty, crv: curve }))
const fromClient: fc.Arbitrary<ClientToVault> = fc.oneof(
  record<Extract<ClientToVault, { type: 'client.createKek' }>>({
    type: fc.constant('client.createKek'),
    request,
    name,
    bits: fc.constantFrom(1024, 2048, 3072, 4096),
    operations,
    expires: fc.option(fc.nat()),
  }),
  record<Extract<ClientToVault, { type: 'client.getKey' }>>({ type: fc.constant('client.getKey'), request, name, version: fc.option(versions) }),
  record<Extract<ClientToVault, { type: 'client.deleteKek' }>>({ type: fc.constant('client.deleteKek'), request, name }),
  fc
    .tuple(request, name, target, operations, fc.boolean(), fc.constantFrom(keyHsm, '', 'AAAA'))
    .map(([id, keyName, kind, ops, enabled, file]): ClientToVault => ({
      type: 'client.importKey',
      request: id,
      name: keyName,
      ...kind,
      operations: ops,
      enabled,
      file,
    })),
)
const fromOfficer: fc.Arbitrary<OfficerToVault> = fc.oneof(
  record<Extract<OfficerToVault, { type: 'officer.getKey' }>>({ type: fc.constant('officer.getKey'), request, name, version: versions }),
  record<Extract<OfficerToVault, { type: 'officer.setEnabled' }>>({
    type: fc.constant('officer.setEnabled'),
    request,
    name,
    version: versions,
    enabled: fc.boolean(),
  }),
)

rest('what a client says is what the vault hears', async () => {
  await fc.assert(
    fc.property(fromClient, fc.constantFrom(...API_VERSIONS), (message, apiVersion) => {
      const heard = decodeRequest(encodeRequest(message, apiVersion), LENIENT_CLIENT)
      if (message.type !== 'client.importKey') return assert.equal(heard, { ok: true, value: message })
      const { file, ...rest } = message
      assert.equal(heard, { ok: true, value: { ...rest, transfer: file === keyHsm ? transfer : null } })
    }),
  )
})

rest('what an officer says is what the vault hears', async () => {
  await fc.assert(fc.property(fromOfficer, (message) => assert.equal(decodeRequest(encodeRequest(message), OFFICER), { ok: true, value: message })))
})

const number = fc.uint8Array({ minLength: 1, maxLength: 40 }).map(b64)
const answers: fc.Arbitrary<VaultAnswer> = fc.oneof(
  record<Extract<VaultAnswer, { type: 'vault.key' }>>({
    type: fc.constant('vault.key'),
    request,
    kid: fc.constant(KID_PARTS),
    key: fc.oneof(
      fc.constant({ kty: 'oct' } as const),
      record({ kty: fc.constant('RSA' as const), n: number, e: number }),
      record({ kty: fc.constant('EC' as const), crv: fc.constantFrom('P-256', 'P-256K', 'P-384', 'P-521'), x: number, y: number }),
    ),
    operations,
    enabled: fc.boolean(),
    evidence: fc.option(fc.string({ unit: 'grapheme' })),
  }),
  record<Extract<VaultAnswer, { type: 'vault.error' }>>({
    type: fc.constant('vault.error'),
    request,
    status: fc.integer({ min: 400, max: 599 }),
    code: fc.string(),
    message: fc.string({ unit: 'grapheme' }),
  }),
  record<Extract<VaultAnswer, { type: 'vault.deleted' }>>({ type: fc.constant('vault.deleted'), request, name: fc.constant('kek-2026') }),
)

rest('what the vault answers is what is heard', async () => {
  await fc.assert(
    fc.property(answers, (answer) => {
      const call: ClientToVault =
        answer.type === 'vault.deleted'
          ? { type: 'client.deleteKek', request: answer.request, name: 'kek-2026' }
          : { type: 'client.getKey', request: answer.request, name: 'kek-2026', version: null }
      assert.equal(decodeAnswer(encodeAnswer(answer), call), { ok: true, value: answer })
    }),
  )
})

rest('nothing makes a decoder throw', async () => {
  const mutatedBody = fc
    .tuple(fc.constantFrom(...imports.map(([, body]) => body), encodeAnswer(kekAnswer).body), fc.nat(), fc.string({ maxLength: 3 }))
    .map(([body, position, piece]) => {
      const index = position % body.length
      return body.slice(0, index) + piece + body.slice(index + piece.length)
    })
  const body = fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), mutatedBody))
  const path = fc.oneof(
    fc.constantFrom('/keys/payments?api-version=7.6', `/keys/k/${version}?api-version=7.6`, '/keys/k/create?api-version=7.6'),
    fc.webPath(),
    fc.string(),
  )
  await fc.assert(
    fc.property(
      fc.constantFrom('GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'x'),
      path,
      body,
      fc.constantFrom(LENIENT_CLIENT, OFFICER),
      (method, where, text, listening) => {
        const heard = decodeRequest({ method, path: where, body: text }, listening)
        // What is heard can be said again.
        if (heard.ok && heard.value.type !== 'client.importKey') assert.equal(decodeRequest(encodeRequest(heard.value), listening), heard)
        void decodeAnswer({ status: 200, body: text ?? '' }, getKek)
        void decodeAnswer({ status: 400, body: text ?? '' }, getKek)
      },
    ),
    { numRuns: 1000 },
  )
})

rest.run()
