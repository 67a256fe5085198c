/**
 * The properties: of what, of which sort, with which `dwFlags`, read or written.
 *
 * How a value is laid out in bytes is said by `structures/property.ts`.
 *
 * Requirements: SKI-94, SKI-122, SKI-123, SKI-136, SKI-138, SKI-139.
 * @module
 */
import { CARD_PADDING, DATA_FLAGS, KEY_IMPORT, OPERATION, type AnyFlagTable } from './flags.js'
import { CARD_PROPERTIES, CUSTOM_NAMES, KEY_PROPERTIES } from './names.js'
import { READINGS } from '../readings.js'

/** How a value is laid out: a `DWORD`, a multi-string, a string, bytes, or three `DWORD`s (least, most, step, in bits). */
export type PropertySort = 'u32' | 'names' | 'text' | 'bytes' | 'keyLengths'

/** What may be done with a property of one sort of object. */
export interface PropertyAccess {
  readonly get: boolean
  readonly set: boolean
  /** Legal `dwFlags`; anything else is `SCARD_E_INVALID_PARAMETER`. */
  readonly flags: readonly number[]
}

/** One property. */
export interface Property {
  /** The string. */
  readonly name: string
  /** The name of the constant. */
  readonly constant: string
  readonly sort: PropertySort
  /** For a number that is a mask: what its bits mean, by the `dwFlags` of the call. */
  readonly masks?: Readonly<Record<number, AnyFlagTable>>
  /** As a property of the card (`CardGetProperty`), of a key, of an algorithm, of a container; absent where it is none. */
  readonly card?: PropertyAccess
  readonly key?: PropertyAccess
  readonly algorithm?: PropertyAccess
  readonly container?: PropertyAccess
}

const { CARD_CIPHER_OPERATION: CIPHER, CARD_ASYMMETRIC_OPERATION: ASYMMETRIC } = OPERATION
const read = (...flags: readonly number[]): PropertyAccess => ({ get: true, set: false, flags: flags.length === 0 ? [0] : flags })
const readAndWrite: PropertyAccess = { get: true, set: true, flags: [0] }
const write: PropertyAccess = { get: false, set: true, flags: [0] }

/** Every property that SKI has, and ours. */
export const PROPERTIES: readonly Property[] = [
  { name: CARD_PROPERTIES.CP_KEY_IMPORT_SUPPORT, constant: 'CP_KEY_IMPORT_SUPPORT', sort: 'u32', masks: { 0: KEY_IMPORT }, card: read() },
  { name: CARD_PROPERTIES.CP_ENUM_ALGORITHMS, constant: 'CP_ENUM_ALGORITHMS', sort: 'names', card: read(CIPHER, ASYMMETRIC) },
  {
    name: CARD_PROPERTIES.CP_PADDING_SCHEMES,
    constant: 'CP_PADDING_SCHEMES',
    sort: 'u32',
    masks: { [CIPHER]: DATA_FLAGS, [ASYMMETRIC]: CARD_PADDING },
    card: read(CIPHER, ASYMMETRIC),
  },
  // Public minidrivers disagree about the flags of this one; both are taken.
  { name: CARD_PROPERTIES.CP_CHAINING_MODES, constant: 'CP_CHAINING_MODES', sort: 'names', card: read(...READINGS.chainingModesFlags) },
  { name: CARD_PROPERTIES.CP_CARD_GUID, constant: 'CP_CARD_GUID', sort: 'bytes', card: read() },
  { name: KEY_PROPERTIES.CKP_CHAINING_MODE, constant: 'CKP_CHAINING_MODE', sort: 'text', key: readAndWrite },
  { name: KEY_PROPERTIES.CKP_INITIALIZATION_VECTOR, constant: 'CKP_INITIALIZATION_VECTOR', sort: 'bytes', key: readAndWrite },
  { name: KEY_PROPERTIES.CKP_BLOCK_LENGTH, constant: 'CKP_BLOCK_LENGTH', sort: 'u32', key: read(), algorithm: read() },
  { name: KEY_PROPERTIES.BCRYPT_KEY_LENGTHS, constant: 'BCRYPT_KEY_LENGTHS', sort: 'keyLengths', algorithm: read() },
  { name: CUSTOM_NAMES.KEY_RECEIPT, constant: 'KEY_RECEIPT', sort: 'bytes', key: read() },
  { name: CUSTOM_NAMES.KEY_CONTAINER, constant: 'KEY_CONTAINER', sort: 'u32', key: write },
  { name: CUSTOM_NAMES.KEY_EVIDENCE, constant: 'KEY_EVIDENCE', sort: 'bytes', container: read(0, 1, 2) },
  { name: CUSTOM_NAMES.CARD_NONCE, constant: 'CARD_NONCE', sort: 'bytes', card: read() },
]

/** The property of a name, or `null`. */
export function property(name: string): Property | null {
  return PROPERTIES.find((each) => each.name === name) ?? null
}
