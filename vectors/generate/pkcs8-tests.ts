/**
 * Vectors for PKCS#8: the forms of a test, and the keys that are spoilt.
 * @module
 */
import type { Test } from './file.js'
import { ecKey, ecPkcs8, rsaKey, rsaPkcs8, shownEc, shownRsa, type ShownPublic } from './keys.js'

export const rsa = rsaKey('rsa-2048')
export const ec = ecKey('P-256', 'pkcs8')
export const RSA_DER = rsaPkcs8(rsa)
export const EC_DER = ecPkcs8(ec)

export const RSA_PUBLIC = shownRsa(rsa)
export const EC_PUBLIC = shownEc(ec)

export const valid = (id: string, requirement: string, comment: string, bytes: Buffer, part: ShownPublic, more: Partial<Test> = {}): Test => ({
  id,
  requirement,
  comment,
  flags: ['Producer'],
  pkcs8: bytes.toString('hex'),
  public: part,
  canonical: false,
  result: 'valid',
  ...more,
})

export const refused = (id: string, requirement: string, comment: string, flag: string, bytes: Buffer, expect: string): Test => ({
  id,
  requirement,
  comment,
  flags: [flag],
  pkcs8: bytes.toString('hex'),
  result: 'invalid',
  expect,
})
