/**
 * What the vectors of REST messages have in common: vaults, keys, a transfer file, and the forms of a test.
 * @module
 */
import type { Test } from './file.js'
import { versionOf } from './keys.js'
import { octTarget } from './targets.js'
import { blobOf } from './transfer-content.js'

export const VAULT = 'https://contoso.vault.azure.net'
export const MANAGED_HSM = 'https://contoso.managedhsm.azure.net'
export const KEK = { vault: VAULT, name: 'import-kek', version: versionOf('kek') }
export const KEY = { vault: VAULT, name: 'imported', version: versionOf('imported') }
export const url = (kid: typeof KEK) => `${kid.vault}/keys/${kid.name}/${kid.version}`
export const BLOB = blobOf(octTarget(32))
export const file = (kid = url(KEK)): Buffer =>
  Buffer.from(
    `${JSON.stringify({ schema_version: '1.0.0', header: { kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' }, ciphertext: BLOB.toString('base64url'), generator: 'Keyferry vectors' }, null, 2)}\n`,
  )
export const FILE = file()
export const TRANSFER = { kek: KEK, ciphertext: BLOB.toString('base64url') }
export const RSA_OPERATIONS = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey']

/** A request or an answer. */
export type Http = { method?: string; path?: string; status?: number; headers?: Record<string, string>; body: string | null }

const QUERY = '?api-version=7.6'
export const call = (method: string, path: string, body: unknown, query = QUERY): Http => ({
  method,
  path: path + query,
  body: body === null || typeof body === 'string' ? body : JSON.stringify(body),
})

export const heard = (
  id: string,
  requirement: string,
  comment: string,
  flags: string[],
  http: Http,
  message: object,
  speaker = 'client',
  vault?: string,
): Test => ({
  id,
  requirement,
  comment,
  flags,
  direction: 'request',
  speaker,
  ...(vault === undefined ? {} : { vault }),
  http,
  result: 'valid',
  message,
})

export const refused = (
  id: string,
  requirement: string,
  comment: string,
  flags: string[],
  http: Http,
  expect: string,
  speaker = 'client',
  vault?: string,
): Test => ({
  id,
  requirement,
  comment,
  flags,
  direction: 'request',
  speaker,
  ...(vault === undefined ? {} : { vault }),
  http,
  result: 'invalid',
  expect,
})
