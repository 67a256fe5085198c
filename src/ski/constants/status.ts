/**
 * The status codes of the minidriver interface: a `DWORD` that every function returns, 0 for success.
 *
 * The numbers are those of Windows. pcsc-lite gives `SCARD_E_UNSUPPORTED_FEATURE` another one, so a PC/SC border needs
 * {@link toPcscLite}. Which function answers which fault with which status is said by the minidriver, not here.
 *
 * Requirement: SKI-97.
 * @module
 */

/** One status code. */
export interface Status {
  /** The name in the headers. */
  readonly name: string
  /** An unsigned 32-bit number. */
  readonly value: number
  /** What a minidriver says with it. */
  readonly meaning: string
}

/** Every status code, in the order of its number among the SCARD codes; the two general Windows errors come last. */
export const STATUSES = [
  { name: 'SCARD_S_SUCCESS', value: 0x00000000, meaning: 'done' },
  { name: 'SCARD_F_INTERNAL_ERROR', value: 0x80100001, meaning: 'an internal consistency check failed' },
  { name: 'SCARD_E_CANCELLED', value: 0x80100002, meaning: 'cancelled by the user' },
  { name: 'SCARD_E_INVALID_HANDLE', value: 0x80100003, meaning: 'no such key handle, card handle or card context' },
  { name: 'SCARD_E_INVALID_PARAMETER', value: 0x80100004, meaning: 'an argument is NULL or not valid, flags included' },
  { name: 'SCARD_E_NO_MEMORY', value: 0x80100006, meaning: 'no memory' },
  { name: 'SCARD_E_INSUFFICIENT_BUFFER', value: 0x80100008, meaning: 'the output buffer is too small; property calls say ERROR_INSUFFICIENT_BUFFER' },
  { name: 'SCARD_E_NO_SMARTCARD', value: 0x8010000c, meaning: 'no card in the reader' },
  { name: 'SCARD_E_UNKNOWN_CARD', value: 0x8010000d, meaning: 'the ATR is not that of a card of this minidriver' },
  { name: 'SCARD_E_UNEXPECTED', value: 0x8010001f, meaning: 'it failed, and there is no more to say' },
  { name: 'SCARD_E_UNSUPPORTED_FEATURE', value: 0x80100022, meaning: 'the function exists and the card does not support it' },
  { name: 'SCARD_E_FILE_NOT_FOUND', value: 0x80100024, meaning: 'no such file on the card' },
  { name: 'SCARD_E_WRITE_TOO_MANY', value: 0x80100028, meaning: 'not enough room on the card' },
  { name: 'SCARD_E_COMM_DATA_LOST', value: 0x8010002f, meaning: 'input or output failed, or data is lost' },
  { name: 'SCARD_E_NO_KEY_CONTAINER', value: 0x80100030, meaning: 'there is nothing in the container of this index' },
  { name: 'SCARD_W_RESET_CARD', value: 0x80100068, meaning: 'the card was reset' },
  { name: 'SCARD_W_REMOVED_CARD', value: 0x80100069, meaning: 'the card was removed' },
  { name: 'SCARD_W_SECURITY_VIOLATION', value: 0x8010006a, meaning: 'an authentication is needed that has not taken place' },
  { name: 'SCARD_W_WRONG_CHV', value: 0x8010006b, meaning: 'wrong PIN, or an attempt with the wrong key' },
  { name: 'SCARD_W_CHV_BLOCKED', value: 0x8010006c, meaning: 'the PIN is blocked' },
  { name: 'SCARD_W_CARD_NOT_AUTHENTICATED', value: 0x8010006f, meaning: 'no PIN was presented to the card' },
  { name: 'ERROR_INSUFFICIENT_BUFFER', value: 0x0000007a, meaning: 'the buffer for a property is too small' },
  { name: 'ERROR_REVISION_MISMATCH', value: 0x0000051a, meaning: 'the version of a structure is lower than the minidriver takes' },
] as const satisfies readonly Status[]

/** The name of a status code. */
export type StatusName = (typeof STATUSES)[number]['name']

/** The number of a status code. */
export type StatusValue = (typeof STATUSES)[number]['value']

/**
 * Name → number.
 *
 * @example
 * STATUS.SCARD_E_INVALID_PARAMETER // 0x80100004
 */
export const STATUS = Object.fromEntries(STATUSES.map(({ name, value }) => [name, value])) as {
  readonly [Entry in (typeof STATUSES)[number] as Entry['name']]: Entry['value']
}

/** The name of a number, or `null`. A number that was read as a signed integer is taken for the same 32 bits. */
export function statusName(value: number): StatusName | null {
  return STATUSES.find((status) => status.value === value >>> 0)?.name ?? null
}

/** A status for a person: `SCARD_E_INVALID_PARAMETER (0x80100004)`, or the number alone. */
export function formatStatus(value: number): string {
  const number = `0x${(value >>> 0).toString(16).toUpperCase().padStart(8, '0')}`
  const name = statusName(value)
  return name === null ? number : `${name} (${number})`
}

/**
 * The number that pcsc-lite (1.9.9) has for a Windows status: 0x8010001F for `SCARD_E_UNSUPPORTED_FEATURE`, which on
 * Windows is `SCARD_E_UNEXPECTED`; otherwise the same. There is no way back: of 0x8010001F nobody can tell which was meant.
 */
export function toPcscLite(status: number): number {
  return status === STATUS.SCARD_E_UNSUPPORTED_FEATURE ? STATUS.SCARD_E_UNEXPECTED : status
}
