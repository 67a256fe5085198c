/**
 * What does not fit one command, on its way to the card: cut into a chain by the minidriver, put together again by the card.
 * And what does not fit one answer: kept by the card until GET RESPONSE asks for it. `responses.ts` is the other end of that.
 *
 * A card has room for one chain and for one answer. The commands of a chain differ in nothing but their data and the bit
 * that says whether more follow. Anything else in between, also on another logical channel, breaks the chain: it is refused
 * with 6883, neither carried out nor kept, and the chain is forgotten.
 *
 * The state is plain data, which survives JSON.
 *
 * Spec: spec/ski-apdu.md, SKI-191; ISO/IEC 7816-4 §5.3.3 and §5.3.4.
 * @module
 */
import { fromHex, toHex } from '../../bytes/hex.js'
import {
  decodeCommandApdu,
  encodeCommandApdu,
  encodeResponseApdu,
  MOST_COMMAND_DATA,
  readClass,
  SHORT_DATA,
  type CommandApdu,
  type ResponseApdu,
} from './apdu.js'
import { GET_RESPONSE } from './instructions.js'
import { commandFault, SW, type CommandFault } from './status-words.js'

const CHAINED = 0x10

/** A command as the APDUs that carry it, each with at most `chunk` bytes of data; Le stands in the last one. */
export function chain(apdu: CommandApdu, chunk = SHORT_DATA): readonly Uint8Array[] {
  if (!Number.isInteger(chunk) || chunk < 1 || chunk > SHORT_DATA) throw new TypeError('chain: chunk is 1 to 255')
  if (apdu.data.length > MOST_COMMAND_DATA) throw new TypeError('chain: data is too long')
  const last = Math.max(0, Math.ceil(apdu.data.length / chunk) - 1)
  return Array.from({ length: last + 1 }, (_, i) => {
    const data = apdu.data.subarray(i * chunk, (i + 1) * chunk)
    return encodeCommandApdu(i === last ? { ...apdu, data } : { ...apdu, cla: apdu.cla | CHAINED, data, le: null })
  })
}

/** Where a card stands between two APDUs. */
export interface Assembler {
  /** The chain that is not complete yet. `cla` is without the chaining bit; `data` is hex. */
  readonly pending: { readonly cla: number; readonly ins: number; readonly p1: number; readonly p2: number; readonly data: string } | null
  /** What GET RESPONSE may ask for. `data` is hex. */
  readonly rest: { readonly channel: number; readonly data: string; readonly sw: number } | null
}

/** Where a card stands after a reset. */
export const IDLE: Assembler = { pending: null, rest: null }

/** What comes of one APDU: a whole command to carry out, or an answer that the card can give without carrying out anything. */
export type Received =
  | { readonly state: Assembler; readonly command: CommandApdu; readonly answer?: undefined; readonly fault?: undefined }
  /** `fault`: why the answer is a refusal, for whoever shows it; the card says no more than the status word. */
  | { readonly state: Assembler; readonly answer: Uint8Array; readonly fault?: CommandFault; readonly command?: undefined }

/** The card's side: takes one APDU, whatever its bytes. */
export function receive({ pending, rest }: Assembler, bytes: Uint8Array): Received {
  const refused = (fault: CommandFault): Received => ({ state: IDLE, answer: wordAlone(fault.sw), fault })
  const parsed = decodeCommandApdu(bytes)
  if (!parsed.ok) {
    const { code: _code, ...place } = parsed.fault
    return refused(commandFault('apdu_length_wrong', place))
  }
  const apdu = parsed.value
  const read = readClass(apdu.cla)
  if (!read.ok) return refused(read.fault)
  const { own, chained, channel } = read.value

  if (!own && apdu.ins === GET_RESPONSE) {
    if (pending) return refused(commandFault('apdu_chain_broken'))
    if (chained) return refused(commandFault('apdu_class_unknown'))
    if (apdu.p1 !== 0 || apdu.p2 !== 0) return refused(commandFault('apdu_parameters_wrong'))
    if (apdu.le === null || apdu.data.length > 0) return refused(commandFault('apdu_length_wrong'))
    if (rest?.channel !== channel) return refused(commandFault('apdu_nothing_waits'))
    return segment(rest.data, rest.sw, channel, apdu.le)
  }

  const { ins, p1, p2 } = apdu
  const cla = apdu.cla & ~CHAINED
  if (pending && !(pending.cla === cla && pending.ins === ins && pending.p1 === p1 && pending.p2 === p2)) return refused(commandFault('apdu_chain_broken'))
  const data = (pending?.data ?? '') + toHex(apdu.data)
  if (data.length > 2 * MOST_COMMAND_DATA) return refused(commandFault('apdu_length_wrong'))
  if (!chained) return { state: IDLE, command: { ...apdu, data: bytesOf(data) } }
  // A link that brings nothing could be repeated without end; one that asks for an answer would get it in the wrong place.
  if (apdu.data.length === 0 || apdu.le !== null) return refused(commandFault('apdu_length_wrong'))
  return { state: { pending: { cla, ins, p1, p2, data }, rest: null }, answer: wordAlone(SW.ok) }
}

/** The card's side: the answer to a command, as far as the command asked for it; the rest waits for GET RESPONSE. */
export function answerWith(command: CommandApdu, { data, sw }: ResponseApdu): { readonly state: Assembler; readonly answer: Uint8Array } {
  const read = readClass(command.cla)
  if (!read.ok) throw new TypeError('answerWith: command has no class of ours')
  return segment(toHex(data), sw, read.value.channel, command.le ?? 0)
}

function segment(data: string, sw: number, channel: number, le: number): { readonly state: Assembler; readonly answer: Uint8Array } {
  const [now, later] = [bytesOf(data.slice(0, 2 * le)), data.slice(2 * le)]
  if (later === '') return { state: IDLE, answer: encodeResponseApdu({ data: now, sw }) }
  const left = later.length / 2
  return { state: { pending: null, rest: { channel, data: later, sw } }, answer: encodeResponseApdu({ data: now, sw: 0x6100 | (left > 0xff ? 0 : left) }) }
}

const wordAlone = (sw: number) => encodeResponseApdu({ data: new Uint8Array(), sw })

/** Hex that this file has written. */
const bytesOf = (hex: string): Uint8Array => fromHex(hex)!
