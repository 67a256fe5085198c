/**
 * What the vectors of transfer files have in common: an honest file, the ways to write it, and the forms of a test.
 * @module
 */
import { fromLabel } from './bytes.js'
import { AZURE_OAEP, rsaAesWrap } from './crypto.js'
import type { Test } from './file.js'
import { rsaKey, versionOf } from './keys.js'
import { octTarget, type Target } from './targets.js'

/** The kid of the honest file. */
export const KID = `https://contoso.vault.azure.net/keys/import-kek/${versionOf('kek')}`
export const HSM_KID = `https://contoso.managedhsm.azure.net/keys/import-kek/${versionOf('kek')}`
export const GENERATOR = 'Keyferry vectors; software-sourced test keys'

/** A blob for a target under a KEK. */
export const blobOf = (target: Target, bits = 2048): Buffer =>
  rsaAesWrap(
    rsaKey(`kek-${bits}`),
    fromLabel(`transfer-file/ephemeral/${target.kind}`, 32),
    target.payload,
    AZURE_OAEP,
    fromLabel(`transfer-file/seed/${target.kind}`, 20),
  )

// 296, 280 and 288 bytes: base64 of them lacks one, two and no characters of padding.
export const ONE = blobOf(octTarget(32))
export const TWO = blobOf(octTarget(16))
export const NONE = blobOf(octTarget(24))

interface Content {
  schema_version: unknown
  header: unknown
  ciphertext: unknown
  generator: unknown
}

export const header = (kid: unknown = KID): Record<string, unknown> => ({ kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' })
export const content = (change: Partial<Content> & Record<string, unknown> = {}): Record<string, unknown> => ({
  schema_version: '1.0.0',
  header: header(),
  ciphertext: ONE.toString('base64url'),
  generator: GENERATOR,
  ...change,
})
/** The form that a writer writes. */
export const written = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
/** An honest file. */
export const HONEST = written(content())

/** What a file says, where it differs from the honest one. */
export interface Says {
  readonly kid?: string
  readonly blob?: Buffer
  readonly generator?: string | null
}

const bytes = (file: string | Buffer): string => (typeof file === 'string' ? Buffer.from(file, 'utf8') : file).toString('base64')

export const good = (
  id: string,
  requirement: string,
  comment: string,
  flag_: string,
  file: string | Buffer,
  says: Says = {},
  more: Record<string, unknown> = {},
): Test => ({
  id,
  requirement,
  comment,
  flags: [flag_],
  file: bytes(file),
  result: 'valid',
  kid: says.kid ?? KID,
  ciphertext: (says.blob ?? ONE).toString('hex'),
  generator: says.generator === undefined ? GENERATOR : says.generator,
  ...more,
})

export const lenient = (id: string, requirement: string, comment: string, flag_: string, file: string | Buffer, expect: string, says: Says = {}): Test =>
  good(id, requirement, comment, flag_, file, says, { result: 'valid-lenient', expect })

export const refused = (id: string, requirement: string, comment: string, flag_: string, file: string | Buffer, expect: string): Test => ({
  id,
  requirement,
  comment,
  flags: [flag_],
  file: bytes(file),
  result: 'invalid',
  expect,
})
