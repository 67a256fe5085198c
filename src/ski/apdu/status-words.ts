/**
 * Status words: what they mean here, and what a minidriver makes of them.
 *
 * A card tells by the word alone why it refuses, so the words for which secret bytes matter are few: one for everything
 * that a wrong key, MAC, padding or structure can cause (SKI-72), and two for PINs (SKI-217). The rest speaks about what
 * anybody can see.
 *
 * Spec: spec/ski-apdu.md, SKI-192, SKI-204; ISO/IEC 7816-4 §5.6.
 * @module
 */
import type { Fault } from '../../verdict.js'
import { STATUS, type StatusName } from '../constants/index.js'
import { READINGS } from '../readings.js'

/** The words that this floor gives or looks for. Those that a card gives for a refusal of its enclave are in `../card-status.ts`. */
export const SW = {
  ok: 0x9000,
  wrongLength: 0x6700,
  channelNotSupported: 0x6881,
  lastOfChainExpected: 0x6883,
  conditionsNotSatisfied: 0x6985,
  wrongData: 0x6a80,
  notFound: 0x6a82,
  wrongParameters: 0x6a86,
  referenceNotFound: 0x6a88,
  instructionNotSupported: 0x6d00,
  classNotSupported: 0x6e00,
  refused: 0x6f00,
} as const

/** A status word, or a family of them. */
export interface StatusWord {
  readonly value: number
  /** Which bits of a word have to be those of `value`: all of them, or all but a count at the end. */
  readonly mask: number
  readonly meaning: string
  /** What the minidriver returns for it (SKI-204). */
  readonly status: StatusName
}

const word = (value: number, meaning: string, status: StatusName): StatusWord => ({ value, mask: 0xffff, meaning, status })

/** Every word that this card gives. Any other one is `SCARD_E_UNEXPECTED` to a minidriver. */
export const STATUS_WORDS: readonly StatusWord[] = [
  word(0x9000, 'done', 'SCARD_S_SUCCESS'),
  { value: 0x6100, mask: 0xff00, meaning: 'done; GET RESPONSE brings so many more bytes, 00 for 256 or more', status: 'SCARD_E_UNEXPECTED' },
  { value: 0x63c0, mask: 0xfff0, meaning: 'wrong PIN; the last digit counts the tries that are left', status: 'SCARD_W_WRONG_CHV' },
  word(0x6401, 'the person at the PIN pad did not enter a PIN', 'SCARD_E_UNEXPECTED'),
  word(0x6700, 'wrong length', 'SCARD_E_INVALID_PARAMETER'),
  word(0x6881, 'logical channel not supported', 'SCARD_E_UNSUPPORTED_FEATURE'),
  word(0x6883, 'the last command of the chain was expected; the chain is forgotten', 'SCARD_E_UNEXPECTED'),
  word(0x6982, 'security status not satisfied', 'SCARD_W_SECURITY_VIOLATION'),
  word(0x6983, 'PIN blocked', 'SCARD_W_CHV_BLOCKED'),
  word(0x6985, 'conditions of use not satisfied', 'SCARD_E_UNEXPECTED'),
  word(0x6a80, 'wrong data', 'SCARD_E_INVALID_PARAMETER'),
  word(0x6a81, 'function not supported', 'SCARD_E_UNSUPPORTED_FEATURE'),
  word(0x6a82, 'no such application, container or file', 'SCARD_E_NO_KEY_CONTAINER'),
  word(0x6a84, 'no room: the container is occupied, or the card is full', 'SCARD_E_WRITE_TOO_MANY'),
  word(0x6a86, 'wrong P1 or P2', 'SCARD_E_INVALID_PARAMETER'),
  word(0x6a88, 'no such key or agreement', 'SCARD_E_INVALID_HANDLE'),
  word(0x6d00, 'instruction not supported', 'SCARD_E_UNSUPPORTED_FEATURE'),
  word(0x6e00, 'class not supported', 'SCARD_E_UNSUPPORTED_FEATURE'),
  word(0x6f00, 'refused: the one word for everything that depends on secret bytes', READINGS.openingRefused),
]

const entryOf = (sw: number): StatusWord | undefined => STATUS_WORDS.find(({ value, mask }) => (sw & mask) === value)

/** A status word as four hex digits, upper case: `6A80`. */
export const sw4 = (sw: number): string => sw.toString(16).toUpperCase().padStart(4, '0')

/** A status word and its meaning, for a person: `6A80, wrong data`. */
export const describeStatusWord = (sw: number): string => `${sw4(sw)}, ${entryOf(sw)?.meaning ?? 'not a status word of this card'}`

/** The `DWORD` status that a minidriver returns for a status word (SKI-204). */
export const minidriverStatusOf = (sw: number): number => STATUS[entryOf(sw)?.status ?? 'SCARD_E_UNEXPECTED']

/** The tries that are left after a wrong PIN, 0 to 15; `null` for any other word. */
export const triesLeft = (sw: number): number | null => ((sw & 0xfff0) === 0x63c0 ? sw & 0x0f : null)

/** Whether GET RESPONSE would bring more. */
export const hasMore = (sw: number): boolean => sw >> 8 === 0x61

/** Whether a number has the form of a status word: ISO/IEC 7816-4 §5.6 leaves `6X` and `9X`, and takes `60` away. */
export const isStatusWord = (sw: number): boolean => Number.isInteger(sw) && (sw >> 12 === 0x6 || sw >> 12 === 0x9) && sw >> 8 !== 0x60

/** Why a card refuses a command before it does anything. Each code has one status word. */
export type CommandCode = keyof typeof COMMAND_CODES

/** A refusal by the card's side of the border, with the status word that says it. */
export interface CommandFault extends Fault<CommandCode> {
  readonly sw: number
}

const COMMAND_CODES = {
  apdu_length_wrong: { sw: SW.wrongLength, requirement: 'SKI-190' },
  apdu_channel_unknown: { sw: SW.channelNotSupported, requirement: 'SKI-190' },
  apdu_chain_broken: { sw: SW.lastOfChainExpected, requirement: 'SKI-191' },
  apdu_nothing_waits: { sw: SW.conditionsNotSatisfied, requirement: 'SKI-191' },
  apdu_data_wrong: { sw: SW.wrongData, requirement: 'SKI-190' },
  apdu_application_unknown: { sw: SW.notFound, requirement: 'SKI-194' },
  apdu_parameters_wrong: { sw: SW.wrongParameters, requirement: 'SKI-190' },
  apdu_reference_unknown: { sw: SW.referenceNotFound, requirement: 'SKI-190' },
  apdu_instruction_unknown: { sw: SW.instructionNotSupported, requirement: 'SKI-190' },
  apdu_class_unknown: { sw: SW.classNotSupported, requirement: 'SKI-190' },
} as const

/** Makes the fault of a code. `requirement`: where a single command asks for more than all commands do. */
export function commandFault(code: CommandCode, details: Omit<Fault, 'code'> = {}): CommandFault {
  return { code, ...COMMAND_CODES[code], ...details }
}
