/**
 * `CARD_AUTHENTICATE`: a PIN that is presented to the card; what the secure function `Authenticate` seals. And the card's
 * response.
 *
 *   0 dwVersion 7 · 4 dwFlags · 8 PinId · 12 cbPinData · 16 PIN
 *   response: 0 dwVersion 7 · 4 cbSessionPin · 8 cAttemptsRemaining · 12 session PIN
 *
 * A PIN that is entered at a device has no place here, so an empty one is refused. Faults do not say how long a PIN is.
 *
 * Requirements: SKI-88, SKI-89, SKI-101, SKI-102.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { readLittleEndian, u32, writeLittleEndian, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'
import { AUTHENTICATE_FLAGS, isMaskOf } from '../constants/flags.js'
import { readVersion, STRUCTURE_VERSION, type VersionCode } from './version.js'

/** What may be wrong with the structure. */
export type AuthenticateFault = Fault<StructureCode | VersionCode | 'authenticate_flags_unknown' | 'pin_empty'>

/** What may be wrong with the response. */
export type AuthenticateResponseFault = Fault<StructureCode | VersionCode>

/** The structure. */
export interface Authenticate {
  /** Bits of `AUTHENTICATE_FLAGS`. */
  readonly flags: number
  readonly pinId: number
  /** Secret. */
  readonly pin: Uint8Array
}

/** The response. */
export interface AuthenticateResponse {
  readonly attemptsRemaining: number
  /** Secret; `null` where none was asked for. */
  readonly sessionPin: Uint8Array | null
}

/** Bytes in front of the PIN. */
export const AUTHENTICATE_BYTES = 16

/** Bytes in front of the session PIN. */
export const AUTHENTICATE_RESPONSE_BYTES = 12

/** Reads the structure. The PIN is a copy that the caller wipes. */
export function decodeAuthenticate(bytes: Uint8Array, observe?: Observe): Verdict<Authenticate, AuthenticateFault> {
  const reading = { name: 'CARD_AUTHENTICATE', requirement: 'SKI-88', secret: true, observe }
  const read = readLittleEndian<Authenticate, AuthenticateFault['code']>(bytes, reading, (le) => {
    readVersion(le, STRUCTURE_VERSION)
    const flags = le.u32('dwFlags')
    if (!isMaskOf(AUTHENTICATE_FLAGS, flags)) le.refuse({ code: 'authenticate_flags_unknown', wanted: WANTED_FLAGS }, 'dwFlags', 4)
    const pinId = le.u32('PinId')
    const length = le.announced('cbPinData')
    if (length.value === 0) le.refuse({ code: 'pin_empty' }, length.name, length.offset)
    const [pin] = le.tail(['pbPinData', length])
    return { flags, pinId, pin: pin! }
  })
  return read.ok ? accept({ ...read.value, pin: read.value.pin.slice() }) : read
}

/** Writes the structure, a secret of the caller's. Unknown flags or an empty PIN are a `TypeError`. */
export function encodeAuthenticate({ flags, pinId, pin }: Authenticate): Uint8Array {
  if (!isMaskOf(AUTHENTICATE_FLAGS, flags)) throw new TypeError(`flags: ${WANTED_FLAGS} is wanted`)
  requireBytes(pin, 'pin')
  if (pin.length === 0) throw new TypeError('pin: at least one byte is wanted')
  return writeLittleEndian(...[STRUCTURE_VERSION, flags, pinId, pin.length].map(u32), pin)
}

/** Reads the response. A session PIN is a copy that the caller wipes. */
export function decodeAuthenticateResponse(bytes: Uint8Array, observe?: Observe): Verdict<AuthenticateResponse, AuthenticateResponseFault> {
  const reading = { name: 'CARD_AUTHENTICATE_RESPONSE', requirement: 'SKI-89', secret: true, observe }
  const read = readLittleEndian<{ attemptsRemaining: number; sessionPin: Uint8Array }, AuthenticateResponseFault['code']>(bytes, reading, (le) => {
    readVersion(le, STRUCTURE_VERSION)
    const length = le.announced('cbSessionPin')
    const attemptsRemaining = le.u32('cAttemptsRemaining')
    const [sessionPin] = le.tail(['pbSessionPin', length])
    return { attemptsRemaining, sessionPin: sessionPin! }
  })
  if (!read.ok) return read
  const { attemptsRemaining, sessionPin } = read.value
  return accept({ attemptsRemaining, sessionPin: sessionPin.length === 0 ? null : sessionPin.slice() })
}

/** Writes the response; with a session PIN it is a secret of the caller's. An empty session PIN is a `TypeError`: `null` says that there is none. */
export function encodeAuthenticateResponse({ attemptsRemaining, sessionPin }: AuthenticateResponse): Uint8Array {
  if (sessionPin?.length === 0) throw new TypeError('sessionPin: at least one byte, or null, is wanted')
  return writeLittleEndian(...[STRUCTURE_VERSION, sessionPin?.length ?? 0, attemptsRemaining].map(u32), ...(sessionPin ? [sessionPin] : []))
}

const WANTED_FLAGS = Object.keys(AUTHENTICATE_FLAGS).join(', ') + ' or 0'
