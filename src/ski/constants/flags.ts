/**
 * Flags and small numbers of the minidriver interface, one table for each numbering.
 *
 * Three numberings of RSA paddings exist side by side and disagree: 4 is PSS in `CARD_PADDING_*` and OAEP in
 * `BCRYPT_PAD_*`. Each table therefore has a type of its own, and a number of one table is not assignable where another
 * (or a bare number) is meant; to a plain `number` all of them are.
 *
 * Requirement: SKI-96.
 * @module
 */

/** A number that belongs to one table. The member exists for the compiler only. */
export type NumberOf<Table extends string> = number & { readonly __table: Table }

/** Names and numbers of one table. */
export type FlagTable<Table extends string, Flags extends Readonly<Record<string, number>>> = {
  readonly [Name in keyof Flags]: Flags[Name] & NumberOf<Table>
}

/** Any table. */
export type AnyFlagTable = Readonly<Record<string, number>>

/** What {@link CARD_PADDING} numbers: RSA padding bits of minidriver calls. */
export type CardPadding = NumberOf<'CARD_PADDING'>

/** What {@link BCRYPT_PAD} numbers: padding flags of CNG calls. */
export type BcryptPad = NumberOf<'BCRYPT_PAD'>

/** What {@link BCRYPT_SUPPORTED_PAD} numbers: the mask that a CNG provider answers. */
export type BcryptSupportedPad = NumberOf<'BCRYPT_SUPPORTED_PAD'>

/** `dwFlags` of `CardAcquireContext`; 0 asks for a card. */
export const ACQUIRE_FLAGS = table('ACQUIRE_FLAGS', { CARD_SECURE_KEY_INJECTION_NO_CARD_MODE: 0x1 })

/** Bits of the property `Key Import Support`; 0 is no key import of any sort. */
export const KEY_IMPORT = table('KEY_IMPORT', {
  CARD_KEY_IMPORT_PLAIN_TEXT: 0x1,
  CARD_KEY_IMPORT_RSA_KEYEST: 0x2,
  CARD_KEY_IMPORT_ECC_KEYEST: 0x4,
  CARD_KEY_IMPORT_SHARED_SYMMETRIC: 0x8,
})

/** `dwFlags` of `CardGetProperty` for `Algorithms` and `Padding Schemes`. */
export const OPERATION = table('OPERATION', { CARD_CIPHER_OPERATION: 0x1, CARD_ASYMMETRIC_OPERATION: 0x2 })

/** `dwFlags` of `MDEncryptData` and `CardProcessEncryptedData`: block padding as in PKCS#7. The number is that of `BCRYPT_BLOCK_PADDING`. */
export const DATA_FLAGS = table('DATA_FLAGS', { CARD_BLOCK_PADDING: 0x1 })

/** RSA padding bits of minidriver calls, and of the mask in `Padding Schemes`. */
export const CARD_PADDING = table('CARD_PADDING', { CARD_PADDING_NONE: 0x1, CARD_PADDING_PKCS1: 0x2, CARD_PADDING_PSS: 0x4, CARD_PADDING_OAEP: 0x8 })

/** RSA padding flags of CNG. Not for minidriver calls. */
export const BCRYPT_PAD = table('BCRYPT_PAD', { BCRYPT_PAD_NONE: 0x1, BCRYPT_PAD_PKCS1: 0x2, BCRYPT_PAD_OAEP: 0x4, BCRYPT_PAD_PSS: 0x8 })

/** The CNG property "padding schemes". Not for minidriver calls. */
export const BCRYPT_SUPPORTED_PAD = table('BCRYPT_SUPPORTED_PAD', {
  BCRYPT_SUPPORTED_PAD_PKCS1_ENC: 0x2,
  BCRYPT_SUPPORTED_PAD_PKCS1_SIG: 0x4,
  BCRYPT_SUPPORTED_PAD_OAEP: 0x8,
  BCRYPT_SUPPORTED_PAD_PSS: 0x10,
})

/** `dwFlags` of the calls that sign and derive. */
export const SIGN_FLAGS = table('SIGN_FLAGS', { CARD_BUFFER_SIZE_ONLY: 0x20000000, CARD_PADDING_INFO_PRESENT: 0x40000000 })

/** `CARD_DERIVE_KEY.dwFlags`. */
export const DERIVE_FLAGS = table('DERIVE_FLAGS', { CARD_RETURN_KEY_HANDLE: 0x1000000 })

/** `dwFlags` of `CardCreateContainer` and `CardCreateContainerEx`: one of them. */
export const CREATE_CONTAINER = table('CREATE_CONTAINER', { CARD_CREATE_CONTAINER_KEY_GEN: 1, CARD_CREATE_CONTAINER_KEY_IMPORT: 2 })

/** `CARD_CHANGE_AUTHENTICATOR.dwFlags`: one of them. */
export const PIN_CHANGE = table('PIN_CHANGE', { PIN_CHANGE_FLAG_UNBLOCK: 0x1, PIN_CHANGE_FLAG_CHANGEPIN: 0x2 })

/** `CARD_AUTHENTICATE.dwFlags`. */
export const AUTHENTICATE_FLAGS = table('AUTHENTICATE_FLAGS', {
  CARD_AUTHENTICATE_GENERATE_SESSION_PIN: 0x10000000,
  CARD_AUTHENTICATE_SESSION_PIN: 0x20000000,
})

/** `dwFlags` of `CardAuthenticateEx`: those of the structure, and one that has no meaning there. */
export const AUTHENTICATE_EX_FLAGS = table('AUTHENTICATE_EX_FLAGS', {
  CARD_PIN_SILENT_CONTEXT: 0x40,
  CARD_AUTHENTICATE_GENERATE_SESSION_PIN: 0x10000000,
  CARD_AUTHENTICATE_SESSION_PIN: 0x20000000,
})

/** `bFlags` of a record of the container map. */
export const CONTAINER_FLAGS = table('CONTAINER_FLAGS', { CONTAINER_MAP_VALID_CONTAINER: 0x1, CONTAINER_MAP_DEFAULT_CONTAINER: 0x2 })

/** The roles that a `PIN_ID` names first; the rest are further PINs of the holder. */
export const PIN_ROLES = table('PIN_ROLES', { ROLE_EVERYONE: 0, ROLE_USER: 1, ROLE_ADMIN: 2 })

/** How many PINs a card has at most; a `PIN_ID` is below it. */
export const MAX_PINS = 8

/** A `PIN_SET`: the mask of some PINs. An id that is none is a `TypeError`. */
export function pinSet(...ids: readonly number[]): number {
  return ids.reduce((set, id) => {
    if (!Number.isInteger(id) || id < 0 || id >= MAX_PINS) throw new TypeError(`PIN_ID: 0 to ${MAX_PINS - 1} is wanted`)
    return set | (1 << id)
  }, 0)
}

/** Whether a number is made of bits of the table and nothing else; 0 is. */
export function isMaskOf<Table extends string>(flags: Readonly<Record<string, NumberOf<Table>>>, value: number): value is NumberOf<Table> {
  const all = Object.values<number>(flags).reduce((mask, flag) => mask | flag, 0)
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff && (value & ~all) === 0
}

/** Whether a number is exactly one number of the table. */
export function isOneOf<Table extends string>(flags: Readonly<Record<string, NumberOf<Table>>>, value: number): value is NumberOf<Table> {
  return Object.values<number>(flags).includes(value)
}

/** Several bits of one table in one number. */
export function maskOf<Table extends string>(first: NumberOf<Table>, ...more: readonly NumberOf<NoInfer<Table>>[]): NumberOf<Table> {
  return (more.reduce<number>((mask, flag) => mask | flag, first) >>> 0) as NumberOf<Table>
}

/** The names of the bits that are set in a mask, and one hexadecimal number for those that the table does not know. */
export function flagNames(flags: AnyFlagTable, mask: number): string[] {
  const known = Object.entries(flags).filter(([, flag]) => flag !== 0 && (mask & flag) === flag)
  const rest = (mask & ~known.reduce((sum, [, flag]) => sum | flag, 0)) >>> 0
  return [...known.map(([name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])]
}

/** The CNG flag for one padding bit of a minidriver call. A number that is not one bit of {@link CARD_PADDING} is a `TypeError`. */
export function bcryptPadOf(padding: CardPadding): BcryptPad {
  switch (padding as number) {
    case CARD_PADDING.CARD_PADDING_NONE:
      return BCRYPT_PAD.BCRYPT_PAD_NONE
    case CARD_PADDING.CARD_PADDING_PKCS1:
      return BCRYPT_PAD.BCRYPT_PAD_PKCS1
    case CARD_PADDING.CARD_PADDING_PSS:
      return BCRYPT_PAD.BCRYPT_PAD_PSS
    case CARD_PADDING.CARD_PADDING_OAEP:
      return BCRYPT_PAD.BCRYPT_PAD_OAEP
    default:
      throw new TypeError('padding: one CARD_PADDING_* bit is wanted')
  }
}

/** The type of a table is its name; at run time the numbers are what they are. */
function table<const Table extends string, const Flags extends Readonly<Record<string, number>>>(_name: Table, flags: Flags): FlagTable<Table, Flags> {
  return flags as FlagTable<Table, Flags>
}
