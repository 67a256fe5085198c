/**
 * `CARD_CHANGE_AUTHENTICATOR`: a PIN or key that authenticates, and the new value of a PIN; what the secure function
 * `Change Authenticator` seals. And the card's response.
 *
 *   0 dwVersion 7 · 4 dwFlags · 8 dwAuthenticatingPinId · 12 cbAuthenticatingPinData · 16 dwTargetPinId · 20 cbTargetData
 *   24 cRetryCount · 28 authenticating data, then new data
 *   response: 0 dwVersion 7 · 4 cAttemptsRemaining
 *
 * Neither value may be empty: a PIN that is entered at a device has no place here. Faults do not say how long a value is.
 *
 * Requirements: SKI-87, SKI-89, SKI-101, SKI-102.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { readLittleEndian, u32, writeLittleEndian, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'
import { isOneOf, PIN_CHANGE } from '../constants/flags.js'
import { readVersion, STRUCTURE_VERSION, type VersionCode } from './version.js'

/** What may be wrong with the structure. */
export type ChangeAuthenticatorFault = Fault<StructureCode | VersionCode | 'change_flags_unknown' | 'pin_empty'>

/** What may be wrong with the response. */
export type ChangeAuthenticatorResponseFault = Fault<StructureCode | VersionCode>

/** The structure. */
export interface ChangeAuthenticator {
  /** One number of `PIN_CHANGE`. */
  readonly flags: number
  /** The PIN or key that authenticates. */
  readonly authenticatingPinId: number
  /** Its value; secret. */
  readonly authenticatingData: Uint8Array
  /** The PIN that is set. */
  readonly targetPinId: number
  /** Its new value; secret. */
  readonly targetData: Uint8Array
  /** The tries that the PIN will have. */
  readonly retryCount: number
}

/** The response. */
export interface ChangeAuthenticatorResponse {
  readonly attemptsRemaining: number
}

/** Bytes in front of the two values. */
export const CHANGE_AUTHENTICATOR_BYTES = 28

/** Bytes of the response. */
export const CHANGE_AUTHENTICATOR_RESPONSE_BYTES = 8

/** Reads the structure. The two values are copies that the caller wipes. */
export function decodeChangeAuthenticator(bytes: Uint8Array, observe?: Observe): Verdict<ChangeAuthenticator, ChangeAuthenticatorFault> {
  const reading = { name: 'CARD_CHANGE_AUTHENTICATOR', requirement: 'SKI-87', secret: true, observe }
  const read = readLittleEndian<ChangeAuthenticator, ChangeAuthenticatorFault['code']>(bytes, reading, (le) => {
    readVersion(le, STRUCTURE_VERSION)
    const flags = le.u32('dwFlags')
    if (!isOneOf(PIN_CHANGE, flags)) le.refuse({ code: 'change_flags_unknown', wanted: WANTED_FLAGS }, 'dwFlags', 4)
    const authenticatingPinId = le.u32('dwAuthenticatingPinId')
    const authenticatingLength = le.announced('cbAuthenticatingPinData')
    const targetPinId = le.u32('dwTargetPinId')
    const targetLength = le.announced('cbTargetData')
    const retryCount = le.u32('cRetryCount')
    for (const { name, offset, value } of [authenticatingLength, targetLength]) if (value === 0) le.refuse({ code: 'pin_empty' }, name, offset)
    const [authenticatingData, targetData] = le.tail(['pbAuthenticatingPinData', authenticatingLength], ['pbTargetData', targetLength])
    return { flags, authenticatingPinId, authenticatingData: authenticatingData!, targetPinId, targetData: targetData!, retryCount }
  })
  if (!read.ok) return read
  const { authenticatingData, targetData, ...rest } = read.value
  return accept({ ...rest, authenticatingData: authenticatingData.slice(), targetData: targetData.slice() })
}

/** Writes the structure, a secret of the caller's. Unknown flags or an empty value are a `TypeError`. */
export function encodeChangeAuthenticator(change: ChangeAuthenticator): Uint8Array {
  const { flags, authenticatingPinId, authenticatingData, targetPinId, targetData, retryCount } = change
  if (!isOneOf(PIN_CHANGE, flags)) throw new TypeError(`flags: ${WANTED_FLAGS} is wanted`)
  for (const data of [authenticatingData, targetData]) {
    requireBytes(data, 'authenticatingData, targetData')
    if (data.length === 0) throw new TypeError('authenticatingData, targetData: at least one byte is wanted')
  }
  const numbers = [STRUCTURE_VERSION, flags, authenticatingPinId, authenticatingData.length, targetPinId, targetData.length, retryCount]
  return writeLittleEndian(...numbers.map(u32), authenticatingData, targetData)
}

/** Reads the response. */
export function decodeChangeAuthenticatorResponse(
  bytes: Uint8Array,
  observe?: Observe,
): Verdict<ChangeAuthenticatorResponse, ChangeAuthenticatorResponseFault> {
  const reading = { name: 'CARD_CHANGE_AUTHENTICATOR_RESPONSE', requirement: 'SKI-89', observe }
  return readLittleEndian<ChangeAuthenticatorResponse, ChangeAuthenticatorResponseFault['code']>(bytes, reading, (le) => {
    readVersion(le, STRUCTURE_VERSION)
    return { attemptsRemaining: le.u32('cAttemptsRemaining') }
  })
}

/** Writes the response. */
export function encodeChangeAuthenticatorResponse({ attemptsRemaining }: ChangeAuthenticatorResponse): Uint8Array {
  return writeLittleEndian(u32(STRUCTURE_VERSION), u32(attemptsRemaining))
}

const WANTED_FLAGS = Object.keys(PIN_CHANGE).join(' or ')
