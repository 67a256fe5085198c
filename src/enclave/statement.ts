/**
 * What the HSM behind a vault states about one of its keys, and the one way of writing it: JSON without white space,
 * members in a fixed order, operations in the order of `OPERATIONS`. A reader that finds any other spelling refuses it,
 * so a statement has one text. Who signed it is the business of `evidence.ts`, what it must state that of `rules.ts`.
 *
 * Requirements: BYOK-134, BYOK-135.
 * @module
 */
import { CURVES } from '../crypto/keys.js'
import { fromBase64url } from '../bytes/base64.js'
import { fromUtf8, utf8 } from '../bytes/bytes.js'
import type { KeyRecord } from './attributes.js'
import type { KeyIdentity, Operation, PublicPart } from './commands.js'
import { OPERATIONS, operationSet } from './kinds.js'

/** See the module text. */
export interface Statement {
  /** `kek`: a key exchange key; `key`: a key that was imported. */
  readonly kind: 'kek' | 'key'
  readonly vault: string
  readonly name: string
  readonly version: string
  readonly key: PublicPart
  /** The labelled check value of a symmetric key, or `null` where there is none. */
  readonly check: KeyIdentity | null
  readonly origin: 'generated' | 'imported'
  readonly operations: readonly Operation[]
  readonly exportable: boolean
}

/** What a store states about a key of its vault. A `TypeError` for any other key: the store never vouches for it. */
export function statementOf(record: KeyRecord): Statement {
  if (record.kid === null || record.class === 'public' || record.origin === 'given') throw new TypeError('statementOf: a key of this vault is wanted')
  return {
    kind: record.operations.includes('import') ? 'kek' : 'key',
    vault: record.kid.vault,
    name: record.kid.name,
    version: record.kid.version,
    key: record.key,
    check: record.key.kty === 'oct' ? record.identity : null,
    origin: record.origin,
    operations: record.operations,
    exportable: record.extractable || record.releasePolicy !== null,
  }
}

/** The bytes of a statement. */
export function encodeStatement(statement: Statement): Uint8Array {
  const { kind, vault, name, version, check, origin, operations, exportable } = statement
  return utf8(
    JSON.stringify({ v: 1, kind, vault, name, version, key: orderedPart(statement.key), check, origin, operations: operationSet(operations), exportable }),
  )
}

/** Reads a statement, or `null` where the bytes are not exactly one. */
export function decodeStatement(bytes: Uint8Array): Statement | null {
  const text = fromUtf8(bytes)
  const statement = text === null ? null : readStatement(parse(text))
  return statement !== null && fromUtf8(encodeStatement(statement)) === text ? statement : null
}

// Unknown members, duplicates, another order and other spellings all fail the comparison with the encoder above; here
// only the types are judged that the encoder relies on.
function readStatement(value: unknown): Statement | null {
  if (!isObject(value)) return null
  const { v, kind, vault, name, version, check, origin, operations, exportable } = value
  const key = readPart(value['key'])
  if (v !== 1 || (kind !== 'kek' && kind !== 'key') || (origin !== 'generated' && origin !== 'imported')) return null
  if (typeof vault !== 'string' || typeof name !== 'string' || typeof version !== 'string' || typeof exportable !== 'boolean') return null
  if (key === null || !Array.isArray(operations) || !operations.every(isOperation)) return null
  if (check !== null && !(key.kty === 'oct' && typeof check === 'string' && /^aes-cmac:[0-9a-f]{32}$/.test(check))) return null
  return { kind, vault, name, version, key, check, origin, operations: operationSet(operations), exportable }
}

function readPart(value: unknown): PublicPart | null {
  if (!isObject(value)) return null
  const { kty, n, e, crv, x, y } = value
  if (kty === 'oct') return { kty }
  if (kty === 'RSA') return isBase64url(n) && isBase64url(e) ? { kty, n, e } : null
  const curve = CURVES.find((one) => one === crv)
  return kty === 'EC' && curve !== undefined && isBase64url(x) && isBase64url(y) ? { kty, crv: curve, x, y } : null
}

function orderedPart(key: PublicPart): PublicPart {
  switch (key.kty) {
    case 'RSA':
      return { kty: key.kty, n: key.n, e: key.e }
    case 'EC':
      return { kty: key.kty, crv: key.crv, x: key.x, y: key.y }
    case 'oct':
      return { kty: key.kty }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isOperation = (value: unknown): value is Operation => OPERATIONS.some((operation) => operation === value)
const isBase64url = (value: unknown): value is string => typeof value === 'string' && value !== '' && fromBase64url(value).ok
