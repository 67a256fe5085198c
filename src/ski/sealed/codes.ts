/**
 * The numbers by which the formats of this folder name ways, algorithms, paddings, functions and directions. They are our own,
 * apart from the RSA paddings, which are those of `CARD_PADDING_*`. What the documents number stands in `../constants`.
 *
 * Spec: spec/ski-sealed-data.md, SKI-65, SKI-76, SKI-96.
 * @module
 */
import type { SecureFunction, SessionAlgorithm, WrapPadding } from '../enclave/commands.js'
import type { Way } from '../policy.js'

/** What is fixed about a session-key algorithm. */
export interface AlgorithmFacts {
  readonly code: number
  /** The identifier of the published interface (`CP_ENUM_ALGORITHMS`), which does not say the size of an AES key. */
  readonly name: 'AES' | '3DES_112' | '3DES'
  readonly cipher: 'AES' | '3DES'
  readonly keyBytes: number
  readonly blockBytes: 8 | 16
}

/** Session-key algorithms. */
export const ALGORITHMS: Readonly<Record<SessionAlgorithm, AlgorithmFacts>> = {
  'AES-128': { code: 1, name: 'AES', cipher: 'AES', keyBytes: 16, blockBytes: 16 },
  'AES-192': { code: 2, name: 'AES', cipher: 'AES', keyBytes: 24, blockBytes: 16 },
  'AES-256': { code: 3, name: 'AES', cipher: 'AES', keyBytes: 32, blockBytes: 16 },
  '3DES_112': { code: 4, name: '3DES_112', cipher: '3DES', keyBytes: 16, blockBytes: 8 },
  '3DES': { code: 5, name: '3DES', cipher: '3DES', keyBytes: 24, blockBytes: 8 },
}

/** The ways to establish a key (SKI-40). */
export const WAY_CODE: Readonly<Record<Way, number>> = { session: 1, agreement: 2, shared: 3, derived: 4 }

/** The secure functions. */
export const FUNCTION_CODE: Readonly<Record<SecureFunction, number>> = { 'Import Key Pair': 1, 'Change Authenticator': 2, Authenticate: 3 }

/** Who speaks: the server to the card, or the card to the server. */
export type Direction = 'toCard' | 'toServer'

/** The directions. */
export const DIRECTION_CODE: Readonly<Record<Direction, number>> = { toCard: 1, toServer: 2 }

/** `CARD_PADDING_*`, and the hash of OAEP (the one inside MGF1 is the same, the label is empty). */
export interface WrapPaddingCodes {
  readonly padding: number
  readonly hash: number
}

/** RSA paddings of a wrapped session key. */
export const WRAP_PADDING_CODES: Readonly<Record<WrapPadding, WrapPaddingCodes>> = {
  pkcs1: { padding: 2, hash: 0 },
  'oaep-sha1': { padding: 8, hash: 1 },
  'oaep-sha256': { padding: 8, hash: 2 },
  'oaep-sha384': { padding: 8, hash: 3 },
  'oaep-sha512': { padding: 8, hash: 4 },
}

/** What stands in their place where nothing is wrapped by RSA. */
export const NO_WRAP_PADDING: WrapPaddingCodes = { padding: 1, hash: 0 }

/** Cipher block chaining, the only mode that the interface defines. */
export const MODE_CBC = 1

/** Stands in place of a container's number where none is meant. */
export const NO_CONTAINER = 0xff

/** `CARD_BLOCK_PADDING`, the one flag of `MDEncryptData` and `CardProcessEncryptedData`. */
export const BLOCK_PADDING = 0x1

/** The algorithm of a number, or `null`. */
export const algorithmOfCode = (code: number): SessionAlgorithm | null => nameWhere(ALGORITHMS, (facts) => facts.code === code)

/** The way of a number, or `null`. */
export const wayOfCode = (code: number): Way | null => nameWhere(WAY_CODE, (known) => known === code)

/** The secure function of a number, or `null`. */
export const functionOfCode = (code: number): SecureFunction | null => nameWhere(FUNCTION_CODE, (known) => known === code)

/** The direction of a number, or `null`. */
export const directionOfCode = (code: number): Direction | null => nameWhere(DIRECTION_CODE, (known) => known === code)

/** The RSA padding of a pair of numbers, or `null`. */
export const wrapPaddingOfCodes = (padding: number, hash: number): WrapPadding | null =>
  nameWhere(WRAP_PADDING_CODES, (known) => known.padding === padding && known.hash === hash)

function nameWhere<Name extends string, Value>(table: Readonly<Record<Name, Value>>, fits: (value: Value) => boolean): Name | null {
  return (Object.keys(table) as Name[]).find((name) => fits(table[name])) ?? null
}
