/**
 * Vectors for the answers of a vault.
 * @module
 */
import type { Test } from './file.js'
import { base64url, ecKey, rsaKey, shownEc, versionOf } from './keys.js'
import { KEY, url, VAULT, type Http } from './rest-messages.js'

/** Answers, good and bad. */
export function answers(): Test[] {
  const asked = { type: 'client.getKey', request: 'r1', name: 'imported', version: KEY.version }
  const rsa = rsaKey('rsa-2048')
  const [n, e] = [base64url(rsa.n), base64url(rsa.e)]
  const ec = shownEc(ecKey('P-256K', 'target')) as { kty: 'EC'; crv: string; x: string; y: string }
  const rsaBundle = { kid: url(KEY), kty: 'RSA-HSM', key_ops: ['sign', 'verify'], n, e }
  const ecBundle = { ...ec, kid: url(KEY), kty: 'EC-HSM', key_ops: ['sign', 'verify'] }
  const octBundle = { kid: url(KEY), kty: 'oct-HSM', key_ops: ['encrypt', 'decrypt'] }
  const attributes = {
    enabled: false,
    created: 1_780_000_000,
    updated: 1_780_000_000,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
    exportable: false,
    hsmPlatform: '2',
  }
  const ok = (key: object, more: object = { attributes }): Http => ({ status: 200, body: JSON.stringify({ key, ...more }) })
  const says = (key: object, change: object = {}) => ({
    type: 'vault.key',
    request: 'r1',
    kid: KEY,
    key,
    operations: ['sign', 'verify'],
    enabled: false,
    evidence: null,
    ...change,
  })
  const error = (status: number, body: unknown): Http => ({ status, body: typeof body === 'string' ? body : JSON.stringify(body) })
  const yes = (id: string, requirement: string, comment: string, http: Http, message: object, to: object = asked): Test => ({
    id: `answer_${id}`,
    requirement,
    comment,
    flags: ['Answer'],
    direction: 'answer',
    asked: to,
    http,
    result: 'valid',
    message,
  })
  const no = (id: string, requirement: string, comment: string, http: Http, expect: string): Test => ({
    id: `answer_${id}`,
    requirement,
    comment,
    flags: ['Answer'],
    direction: 'answer',
    asked,
    http,
    result: 'invalid',
    expect,
  })
  const secret = ['key_hsm', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'k'].map((name) =>
    no(`with_${name}`, 'BYOK-20', `${name} in an answer: the vault gives away what it must not`, ok({ ...rsaBundle, [name]: 'AQAB' }), 'answer_secret_member'),
  )
  const other = (change: Partial<typeof KEY>) => ok({ ...rsaBundle, kid: url({ ...KEY, ...change }) })
  const RSA = { kty: 'RSA', n, e }
  const evidence = 'eyJmb3JtIjoidGVzdCJ9'
  return [
    yes('rsa', 'BYOK-107', 'an RSA key', ok(rsaBundle), says(RSA)),
    yes('ec', 'BYOK-107', 'an EC key; the curve is spelt P-256K', ok(ecBundle), says({ kty: 'EC', crv: ec.crv, x: ec.x, y: ec.y })),
    yes('oct', 'BYOK-107', 'a symmetric key has no key members', ok(octBundle), says({ kty: 'oct' }, { operations: ['encrypt', 'decrypt'] })),
    yes('enabled', 'BYOK-107', 'an enabled key', ok(rsaBundle, { attributes: { ...attributes, enabled: true } }), says(RSA, { enabled: true })),
    yes(
      'evidence',
      'BYOK-101',
      'with what the HSM signed',
      ok(rsaBundle, { attributes: { ...attributes, attestation: { privateKeyAttestation: evidence } } }),
      says(RSA, { evidence }),
    ),
    yes('tags', 'BYOK-107', 'with tags', ok(rsaBundle, { attributes, tags: { a: 'b' } }), says(RSA)),
    yes('request_id', 'BYOK-107', 'the answer names the request', { ...ok(rsaBundle), headers: { 'X-Ms-Client-Request-Id': 'r1' } }, says(RSA)),
    yes(
      'transfer_refused',
      'BYOK-114',
      'the one answer to every bad blob',
      error(400, { error: { code: 'BadParameter', message: 'The key transfer blob is not valid.' } }),
      {
        type: 'vault.error',
        request: 'r1',
        status: 400,
        code: 'BadParameter',
        message: 'The key transfer blob is not valid.',
      },
    ),
    yes(
      'not_found',
      'BYOK-113',
      'an error with an inner error',
      error(404, { error: { code: 'KeyNotFound', message: 'No such key.', innererror: { code: 'X' } } }),
      { type: 'vault.error', request: 'r1', status: 404, code: 'KeyNotFound', message: 'No such key.' },
    ),
    no('not_json', 'BYOK-107', 'a page', error(200, '<html></html>'), 'answer_not_json'),
    no('error_without_object', 'BYOK-113', 'a status without an error object', error(500, {}), 'answer_error_malformed'),
    no('error_code_number', 'BYOK-113', 'a number as code', error(400, { error: { code: 400, message: '' } }), 'answer_error_malformed'),
    no('redirect', 'BYOK-107', 'somewhere else', error(302, {}), 'answer_status_unexpected'),
    no('other_name', 'BYOK-107', 'another key', other({ name: 'other' }), 'answer_other_key'),
    no('other_version', 'BYOK-107', 'another version', other({ version: versionOf('other') }), 'answer_other_key'),
    no('other_request', 'BYOK-107', 'an answer to another request', { ...ok(rsaBundle), headers: { 'x-ms-client-request-id': 'r2' } }, 'answer_other_request'),
    no('kid_without_version', 'BYOK-38', 'a kid without version', ok({ ...rsaBundle, kid: `${VAULT}/keys/imported` }), 'kid_version_missing'),
    no('key_missing', 'BYOK-107', 'no key', error(200, { attributes }), 'answer_member_invalid'),
    no('attributes_missing', 'BYOK-107', 'no attributes', ok(rsaBundle, {}), 'answer_member_invalid'),
    no('kty_software', 'BYOK-107', 'not an HSM key', ok({ ...rsaBundle, kty: 'RSA' }), 'answer_member_invalid'),
    no('modulus_missing', 'BYOK-107', 'no modulus', ok({ kid: url(KEY), kty: 'RSA-HSM', key_ops: ['sign'], e }), 'answer_member_invalid'),
    no('modulus_padded', 'BYOK-107', 'base64 with padding', ok({ ...rsaBundle, n: Buffer.from(n, 'base64url').toString('base64') }), 'answer_member_invalid'),
    no('exportable', 'BYOK-107', 'an exportable key', ok(rsaBundle, { attributes: { ...attributes, exportable: true } }), 'answer_member_invalid'),
    ...secret,
  ]
}
