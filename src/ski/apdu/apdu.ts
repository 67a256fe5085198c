/**
 * Command and response APDUs as bytes: the four cases of ISO/IEC 7816-4 §5.1, each with short and with extended lengths, and
 * the class byte. What the commands of this card mean is in `encode-command.ts` and `decode-command.ts`; what travels in
 * several pieces, in `chaining.ts` and `responses.ts`.
 *
 * | case | short | extended |
 * | --- | --- | --- |
 * | 1 | header | |
 * | 2 | header, Le | header, 00, Le of two bytes |
 * | 3 | header, Lc, data | header, 00, Lc of two bytes, data |
 * | 4 | header, Lc, data, Le | header, 00, Lc of two bytes, data, Le of two bytes |
 *
 * Le of zeros means as many as its form can say: 256 or 65 536. Lengths are big-endian, as everywhere in ISO/IEC 7816.
 *
 * Spec: spec/ski-apdu.md, SKI-190, SKI-191.
 * @module
 */
import { concat, requireBytes } from '../../bytes/bytes.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import { commandFault, isStatusWord, type CommandFault } from './status-words.js'

/** A command. */
export interface CommandApdu {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** At most 65 535 bytes; of a chain, all of it. */
  readonly data: Uint8Array
  /** How many bytes of answer are wanted at most, 1 to 65 536; `null` for none. */
  readonly le: number | null
  /** Whether the lengths have, or shall have, the extended form; without lengths (case 1) always `false`. */
  readonly extended: boolean
}

/** An answer. */
export interface ResponseApdu {
  /** At most 65 536 bytes. */
  readonly data: Uint8Array
  /** SW1 and SW2 as one number. */
  readonly sw: number
}

/** What may be wrong with the bytes of an APDU. */
export type ApduFault = Fault<'apdu_truncated' | 'apdu_trailing_bytes' | 'apdu_length_zero' | 'apdu_too_long' | 'status_word_invalid'>

/** The most bytes of data that one command may bring, whether in one piece or as a chain. */
export const MOST_COMMAND_DATA = 0xffff
/** The most bytes that one answer may bring. */
export const MOST_RESPONSE_DATA = 0x10000
/** The most bytes of data that fit a command with short lengths. */
export const SHORT_DATA = 0xff
/** The most bytes of answer that a command with short lengths can ask for. */
export const SHORT_ANSWER = 0x100

const HEADER = 4

/** A command as bytes. Lengths have the short form unless `extended` asks for the other or a length needs it. */
export function encodeCommandApdu(apdu: CommandApdu): Uint8Array {
  const { cla, ins, p1, p2, data, le } = apdu
  if (![cla, ins, p1, p2].every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 0xff)) throw new TypeError('encodeCommandApdu: four bytes are wanted')
  requireBytes(data, 'encodeCommandApdu: data')
  if (data.length > MOST_COMMAND_DATA) throw new TypeError('encodeCommandApdu: data is too long')
  if (le !== null && !(Number.isInteger(le) && le >= 1 && le <= MOST_RESPONSE_DATA)) throw new TypeError('encodeCommandApdu: le is none, or 1 to 65536')
  const extended = apdu.extended || data.length > SHORT_DATA || (le ?? 0) > SHORT_ANSWER
  const header = Uint8Array.of(cla, ins, p1, p2)
  if (!extended) {
    const lc = data.length === 0 ? [] : [data.length]
    return concat(header, Uint8Array.from(lc), data, Uint8Array.from(le === null ? [] : [le & 0xff]))
  }
  if (data.length === 0) return concat(header, le === null ? new Uint8Array() : Uint8Array.of(0, ...u16(le)))
  return concat(header, Uint8Array.of(0, ...u16(data.length)), data, Uint8Array.from(le === null ? [] : u16(le)))
}

/** The reverse of {@link encodeCommandApdu}, of any bytes; every byte has its place, or there is a fault. */
export function decodeCommandApdu(bytes: Uint8Array): Verdict<CommandApdu, ApduFault> {
  requireBytes(bytes, 'decodeCommandApdu')
  if (bytes.length < HEADER) return refuse(lengthFault('apdu_truncated', 'header', 0, bytes.length, HEADER))
  const [cla = 0, ins = 0, p1 = 0, p2 = 0, first, ...lengths] = bytes.subarray(0, HEADER + 3)
  const apdu = (from: number, length: number, le: number | null, extended: boolean): Verdict<CommandApdu, ApduFault> =>
    accept({ cla, ins, p1, p2, data: bytes.slice(from, from + length), le, extended })
  if (first === undefined) return apdu(HEADER, 0, null, false)

  if (bytes.length === HEADER + 1) return apdu(HEADER, 0, first || SHORT_ANSWER, false)
  if (first !== 0) {
    const body = HEADER + 1
    const left = bytes.length - body - first
    if (left < 0) return refuse(lengthFault('apdu_truncated', 'data', body, bytes.length - body, first))
    if (left > 1) return refuse(lengthFault('apdu_trailing_bytes', 'end', body + first + 1, left - 1, 0))
    return apdu(body, first, left === 0 ? null : bytes.at(-1)! || SHORT_ANSWER, false)
  }

  const [high, low] = lengths
  if (high === undefined || low === undefined) return refuse(lengthFault('apdu_truncated', 'length', HEADER + 1, bytes.length - HEADER - 1, 2))
  const length = (high << 8) | low
  const body = HEADER + 3
  if (bytes.length === body) return apdu(body, 0, length || MOST_RESPONSE_DATA, true)
  if (length === 0) return refuse(lengthFault('apdu_length_zero', 'Lc', HEADER + 1, 0, '1 to 65535'))
  const left = bytes.length - body - length
  if (left < 0) return refuse(lengthFault('apdu_truncated', 'data', body, bytes.length - body, length))
  if (left === 1) return refuse(lengthFault('apdu_truncated', 'Le', body + length, 1, 2))
  if (left > 2) return refuse(lengthFault('apdu_trailing_bytes', 'end', body + length + 2, left - 2, 0))
  return apdu(body, length, left === 0 ? null : (bytes.at(-2)! << 8) | bytes.at(-1)! || MOST_RESPONSE_DATA, true)
}

/** An answer as bytes: data, SW1, SW2. */
export function encodeResponseApdu({ data, sw }: ResponseApdu): Uint8Array {
  requireBytes(data, 'encodeResponseApdu: data')
  if (data.length > MOST_RESPONSE_DATA) throw new TypeError('encodeResponseApdu: data is too long')
  if (!isStatusWord(sw)) throw new TypeError('encodeResponseApdu: sw is not a status word')
  return concat(data, Uint8Array.from(u16(sw)))
}

/** The reverse of {@link encodeResponseApdu}, of any bytes. */
export function decodeResponseApdu(bytes: Uint8Array): Verdict<ResponseApdu, ApduFault> {
  requireBytes(bytes, 'decodeResponseApdu')
  const length = bytes.length - 2
  if (length < 0) return refuse(lengthFault('apdu_truncated', 'SW1', 0, bytes.length, 2))
  if (length > MOST_RESPONSE_DATA) return refuse(lengthFault('apdu_too_long', 'SW1', length, length, MOST_RESPONSE_DATA))
  const sw = (bytes.at(-2)! << 8) | bytes.at(-1)!
  if (!isStatusWord(sw)) return refuse({ code: 'status_word_invalid', at: `SW1, offset ${length}`, found: sw, requirement: 'SKI-192' })
  return accept({ data: bytes.slice(0, length), sw })
}

/** What a class byte says. */
export interface ApduClass {
  /** Whether the instruction is one of ours (80) or of ISO/IEC 7816-4 (00). */
  readonly own: boolean
  /** Whether more commands of the same chain follow. */
  readonly chained: boolean
  /** The logical channel, 0 to 3. */
  readonly channel: number
}

/** A class byte. */
export const classByte = ({ own, chained, channel }: ApduClass): number => (own ? OWN : 0) | (chained ? CHAINED : 0) | channel

/** Reads a class byte. There is no secure messaging, and no channel above 3 (classes 40 to 7F). */
export function readClass(cla: number): Verdict<ApduClass, CommandFault> {
  if ((cla & 0xc0) === 0x40) return refuse(commandFault('apdu_channel_unknown', { at: 'CLA, offset 0', found: cla }))
  if ((cla & ~(OWN | CHAINED | CHANNELS)) !== 0) return refuse(commandFault('apdu_class_unknown', { at: 'CLA, offset 0', found: cla }))
  return accept({ own: (cla & OWN) !== 0, chained: (cla & CHAINED) !== 0, channel: cla & CHANNELS })
}

const OWN = 0x80
const CHAINED = 0x10
const CHANNELS = 0x03

const u16 = (value: number): [number, number] => [(value >> 8) & 0xff, value & 0xff]

const lengthFault = (code: ApduFault['code'], name: string, offset: number, found: number, wanted: number | string): ApduFault => ({
  code,
  at: `${name}, offset ${offset}`,
  found,
  wanted,
  requirement: 'SKI-191',
})
