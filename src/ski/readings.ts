/**
 * The readings that are a value: what the documents of secure key injection leave open, and what is taken here, each in one
 * place. To read a document otherwise, change the value; whatever follows from it follows.
 *
 * Readings that are no value are the order of states in a machine, a policy, or what one function does. The table
 * `ski-readings` of spec/ski.md has all of them, with the reason for each and the place where it is held.
 *
 * Spec: spec/ski.md, chapter 12.
 * @module
 */
import { CARD_PADDING, DATA_FLAGS, KEY_IMPORT, OPERATION, PIN_ROLES } from './constants/flags.js'
import { BLOB_TYPES, CARD_PROPERTIES } from './constants/names.js'
import type { StatusName } from './constants/status.js'

const status = <Name extends StatusName>(name: Name): StatusName => name
const numbers = (...values: readonly number[]): readonly number[] => values
const names = (...values: readonly string[]): readonly string[] => values

/** See the module text. The id in front of each member is that of its row. */
export const READINGS = {
  /** into how many blobs one sealed structure is cut unless the application asks for more. */
  blobs: 1,
  /** the bit of `Key Import Support` that the page calls `CARD_KEY_IMPORT_ASYMMETRIC_KEYEST`. */
  asymmetricKeyEstablishment: KEY_IMPORT.CARD_KEY_IMPORT_RSA_KEYEST,
  /** S-2: the bit of a key that is derived from the shared one; that of the shared key itself. */
  derivedCapability: KEY_IMPORT.CARD_KEY_IMPORT_SHARED_SYMMETRIC,
  /** S-3: the bit of a Diffie-Hellman agreement. */
  agreementCapability: KEY_IMPORT.CARD_KEY_IMPORT_ECC_KEYEST,
  /** S-4: a buffer of the caller's that is too small. */
  bufferTooSmall: status('ERROR_INSUFFICIENT_BUFFER'),
  /** S-5: a function that the mode of the context does not have. */
  modeRefuses: status('SCARD_E_UNSUPPORTED_FEATURE'),
  /** S-6: what a context without a card takes besides the eight functions. */
  noCardTakesToo: names('CardDeleteContext'),
  /** S-7: the blob types of `MDImportSessionKey`. */
  sessionKeyBlobTypes: names(BLOB_TYPES.BCRYPT_KEY_DATA_BLOB),
  /** S-9: `dwFlags` of `MDEncryptData`; without the flag the structure has to be whole blocks. */
  encryptFlags: numbers(0, DATA_FLAGS.CARD_BLOCK_PADDING),
  /** S-14: `dwFlags` of `CardProcessEncryptedData`. */
  processFlags: numbers(0, DATA_FLAGS.CARD_BLOCK_PADDING),
  /** S-15: whatever was found by opening sealed data. */
  openingRefused: status('SCARD_E_UNEXPECTED'),
  /** S-16: `dwFlags` of `CardImportSessionKey`, one of them. */
  importPaddings: numbers(CARD_PADDING.CARD_PADDING_PKCS1, CARD_PADDING.CARD_PADDING_OAEP),
  /** S-18: no-card mode is wanted of a product that does not have it. */
  modeNotOffered: status('SCARD_E_UNSUPPORTED_FEATURE'),
  /** S-19: `Padding Schemes` of cipher operations. */
  cipherPaddings: DATA_FLAGS.CARD_BLOCK_PADDING,
  /** S-20: `dwFlags` with which `Chaining Modes` is read. */
  chainingModesFlags: numbers(0, OPERATION.CARD_CIPHER_OPERATION),
  /** S-23: a structure whose version is higher than known. */
  structureVersionHigh: status('SCARD_E_INVALID_PARAMETER'),
  /** S-46: the lowest `CARD_DATA.dwVersion` of a context without a card. */
  noCardMinimumVersion: 7,
  /** S-47: an unknown property in `CardGetProperty`. */
  unknownProperty: status('SCARD_E_INVALID_PARAMETER'),
  /** S-48: setting a property of the card that can only be read. */
  readOnlyProperty: status('SCARD_E_UNSUPPORTED_FEATURE'),
  /** S-48: the same with a property of a key. */
  readOnlyKeyProperty: status('SCARD_E_INVALID_PARAMETER'),
  /** S-49: a container index that the card does not have. */
  containerIndexUnknown: status('SCARD_E_INVALID_PARAMETER'),
  /** S-50: the PIN that guards a container of `CardCreateContainer`, which names none. */
  defaultPinId: PIN_ROLES.ROLE_USER,
  /** S-53: the property of the card that is its id, 16 bytes. */
  cardIdProperty: CARD_PROPERTIES.CP_CARD_GUID,
} as const
