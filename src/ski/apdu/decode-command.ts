/**
 * Command APDUs as messages to a card: what the card's own machine hears. `encode-command.ts` is the reverse.
 *
 * Takes a command whose chain is together again, from anybody, and either makes a message of declared shape of it or says
 * which status word refuses it. Faults are looked for in the order of the bytes: class (6E00, 6881), instruction (6D00),
 * P1 and P2 (6A86), lengths (6700), content (6A80).
 *
 * Le is only the most that may come at once, so it is not looked at here: without it the answer waits for GET RESPONSE, as
 * it does under T=0.
 *
 * Spec: spec/ski-apdu.md, SKI-190 to SKI-203, SKI-205.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import { equalBytes, requireBytes } from '../../bytes/bytes.js'
import { toHex } from '../../bytes/hex.js'
import { readLittleEndian, type LittleEndianCursor, type Observe } from '../../bytes/little-endian.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import type { SessionAlgorithm, SkiHandle, WrapPadding } from '../enclave/commands.js'
import type { MinidriverToCard } from '../messages.js'
import { algorithmOfCode, functionOfCode, MODE_CBC, NO_CONTAINER, wrapPaddingOfCodes } from '../sealed/codes.js'
import { readClass, type CommandApdu } from './apdu.js'
import { SHARED_KEY_ALGORITHM } from './encode-command.js'
import { establishmentCodes } from './establishment-codes.js'
import {
  AID,
  CAPABILITIES_OBJECT,
  EVIDENCE_CODE,
  FILE_CODE,
  ID_BYTES,
  INSTRUCTIONS,
  KIND_CODE,
  nameOfCode,
  PROPERTY_CODE,
  PROVEN_CODE,
  REFERENCE_BYTES,
  SELECT_BY_NAME,
  SHARED_WAY_CODE,
  type Instruction,
} from './instructions.js'
import { commandFault, type CommandCode, type CommandFault } from './status-words.js'

/** The most blobs that one command may bring; what is read here is what `readSkiMessage` reads. */
export const MOST_BLOBS = 16

/** Reads a command, or says with which status word to refuse it. `observe` is told of the members of the data field; its offsets count from there. */
export function decodeCommand(apdu: CommandApdu, observe?: Observe): Verdict<MinidriverToCard, CommandFault> {
  requireBytes(apdu.data, 'decodeCommand: data')
  const read = readClass(apdu.cla)
  if (!read.ok) return read
  const { own, chained, channel } = read.value
  const named = (Object.entries(INSTRUCTIONS) as [MinidriverToCard['type'], Instruction][]).find(([, { ins }]) => ins === apdu.ins)
  if (!named) return refuse(commandFault('apdu_instruction_unknown', { at: 'INS, offset 1', found: apdu.ins }))
  const [type, instruction] = named
  if (instruction.own !== own || chained) return refuse(commandFault('apdu_class_unknown', { at: 'CLA, offset 0', found: apdu.cla }))
  const reading = { name: instruction.name, requirement: instruction.requirement, observe }
  const decoded = readLittleEndian<Members, OwnCode>(apdu.data, reading, (data) => READERS[type](data, apdu))
  if (decoded.ok) return accept({ type, channel, ...decoded.value } as MinidriverToCard)
  const { code, ...details } = decoded.fault
  return refuse(commandFault(isOwn(code) ? code : LAYOUT[code], details))
}

type Members = Readonly<Record<string, unknown>>
type OwnCode = (typeof OWN_CODES)[number]
type Cursor = LittleEndianCursor<OwnCode>

const OWN_CODES = ['apdu_parameters_wrong', 'apdu_length_wrong', 'apdu_data_wrong', 'apdu_application_unknown'] as const satisfies readonly CommandCode[]
const isOwn = (code: string): code is OwnCode => (OWN_CODES as readonly string[]).includes(code)

/** What the layout's own faults are to a card. */
const LAYOUT = {
  structure_truncated: 'apdu_length_wrong',
  structure_trailing_bytes: 'apdu_length_wrong',
  structure_length_differs: 'apdu_length_wrong',
  structure_reserved_not_zero: 'apdu_data_wrong',
} as const

const READERS: Readonly<Record<MinidriverToCard['type'], (data: Cursor, apdu: CommandApdu) => Members>> = {
  'apdu.select': (data, { p1, p2 }) => {
    exactly(data, 'P1', 2, p1, SELECT_BY_NAME)
    exactly(data, 'P2', 3, p2, 0)
    // The identifier may be any length; whether it is ours is not a question of length.
    if (!equalBytes(data.bytes('AID', data.left), AID)) data.refuse({ code: 'apdu_application_unknown' }, 'AID', 0)
    return {}
  },
  'apdu.capabilities': (data, { p1, p2 }) => {
    exactly(data, 'P1', 2, p1, CAPABILITIES_OBJECT)
    exactly(data, 'P2', 3, p2, 0)
    return {}
  },
  'apdu.challenge': (data, apdu) => noParameters(data, apdu),
  'apdu.readFile': (data, { p1, p2 }) => ({ file: coded(data, 'P1', 2, p1, FILE_CODE), container: p2 }),
  'apdu.writeFile': (data, { p1, p2 }) => ({ file: coded(data, 'P1', 2, p1, FILE_CODE), container: p2, data: rest(data, 'data') }),
  'apdu.generate': (data, { p1, p2 }) => ({ container: p1, kind: coded(data, 'P2', 3, p2, KIND_CODE), pinId: data.u32('PIN id') }),
  'apdu.readKey': (data, { p1, p2 }) => ({ container: p1, evidence: coded(data, 'P2', 3, p2, EVIDENCE_CODE) }),
  'apdu.importSessionKey': (data, { p1, p2 }) => {
    const proven = isProven(data, p2)
    if (proven) {
      const { algorithm, padding, input } = establishment(data)
      return { container: p1, algorithm, padding: padding ?? wrong(data, 'KFPK.padding'), proven, input }
    }
    const algorithm = sessionAlgorithm(data)
    const offset = data.offset
    const padding: WrapPadding = wrapPaddingOfCodes(data.u8('padding'), data.u8('hash')) ?? wrong(data, 'padding', offset)
    data.reserved('reserved', 1)
    return { container: p1, algorithm, padding, proven, input: rest(data, 'wrapped key', 1) }
  },
  'apdu.shareKey': (data, { p1, p2 }) => {
    const way = coded(data, 'P1', 2, p1, SHARED_WAY_CODE)
    const proven = isProven(data, p2)
    return { way, proven, ...(way === 'shared' && !proven ? { algorithm: SHARED_KEY_ALGORITHM, input: null } : derivation(data, proven)) }
  },
  'apdu.agree': (data, { p1, p2 }) => {
    exactly(data, 'P2', 3, p2, 0)
    return { container: p1, peer: rest(data, 'point', 1) }
  },
  'apdu.deriveKey': (data, { p1, p2 }) => {
    exactly(data, 'P1', 2, p1, 0)
    const proven = isProven(data, p2)
    return { agreement: reference(data), proven, ...derivation(data, proven) }
  },
  'apdu.setKeyProperty': (data, apdu) => {
    noParameters(data, apdu)
    const key = reference(data)
    const offset = data.offset
    const property = data.u8('property')
    if (property === PROPERTY_CODE.iv) return { key, mode: null, iv: data.left > 0 ? rest(data, 'IV') : wrong(data, 'IV') }
    if (property !== PROPERTY_CODE.mode) wrong(data, 'property', offset, property)
    const mode = data.u8('mode')
    if (mode !== MODE_CBC) wrong(data, 'mode', offset + 1, mode)
    return { key, mode: 'CBC', iv: null }
  },
  'apdu.processSealed': (data, apdu) => {
    noParameters(data, apdu)
    const key = reference(data)
    const name = coding(data, 'function', functionOfCode)
    const container = data.u8('container')
    const offset = data.offset
    const count = data.u16('blob count')
    if (count > MOST_BLOBS) wrong(data, 'blob count', offset, count)
    const flags = data.u32('flags')
    const blobs = Array.from({ length: count }, (_, i) => toBase64url(data.bytes(`blob ${i}`, data.u32(`length ${i}`))))
    return { key, function: name, container: container === NO_CONTAINER ? null : container, flags, blobs }
  },
  'apdu.destroyKey': (data, apdu) => {
    noParameters(data, apdu)
    return { key: reference(data) }
  },
  'apdu.deleteContainer': (data, { p1, p2 }) => {
    exactly(data, 'P2', 3, p2, 0)
    return { container: p1 }
  },
  'apdu.verify': (data, { p1, p2 }) => {
    exactly(data, 'P1', 2, p1, 0)
    return { pinId: p2, pin: data.left === 0 ? null : rest(data, 'PIN') }
  },
  'apdu.deauthenticate': (data, { p1, p2 }) => {
    exactly(data, 'P1', 2, p1, 0)
    return { pinId: p2 }
  },
}

function derivation(data: Cursor, proven: boolean): Members {
  if (proven) {
    const { algorithm, input } = establishment(data)
    return { algorithm, input }
  }
  const input = toBase64url(data.bytes('session and nonce', 2 * ID_BYTES))
  return { algorithm: sessionAlgorithm(data), input }
}

function establishment(data: Cursor): { readonly algorithm: SessionAlgorithm; readonly padding: WrapPadding | null; readonly input: string } {
  const offset = data.offset
  const bytes = data.bytes('KFPK', data.left)
  const codes = establishmentCodes(bytes) ?? wrong(data, 'KFPK', offset)
  return { algorithm: codes.algorithm ?? wrong(data, 'KFPK.algorithm', offset), padding: codes.padding, input: toBase64url(bytes) }
}

const sessionAlgorithm = (data: Cursor): SessionAlgorithm => coding(data, 'algorithm', algorithmOfCode)

const reference = (data: Cursor): SkiHandle => toHex(data.bytes('reference', REFERENCE_BYTES)) as SkiHandle

/** All that is left, which is never less than `least` bytes. */
function rest(data: Cursor, name: string, least = 0): string {
  if (data.left < least) data.refuse({ code: 'apdu_length_wrong', found: data.left, wanted: `at least ${least}` }, name)
  return toBase64url(data.bytes(name, data.left))
}

function coding<T>(data: Cursor, name: string, meaning: (code: number) => T | null): T {
  const offset = data.offset
  const code = data.u8(name)
  return meaning(code) ?? wrong(data, name, offset, code)
}

function wrong(data: Cursor, name: string, offset?: number, found?: number): never {
  return data.refuse({ code: 'apdu_data_wrong', ...(found === undefined ? {} : { found }) }, name, offset)
}

/** P1 and P2 stand in front of the data; their offsets are those in the APDU. */
function exactly(data: Cursor, name: 'P1' | 'P2', offset: number, found: number, wanted: number): void {
  if (found !== wanted) data.refuse({ code: 'apdu_parameters_wrong', found, wanted }, name, offset)
}

function noParameters(data: Cursor, { p1, p2 }: CommandApdu): Members {
  exactly(data, 'P1', 2, p1, 0)
  exactly(data, 'P2', 3, p2, 0)
  return {}
}

function coded<Name extends string>(data: Cursor, at: 'P1' | 'P2', offset: number, found: number, table: Readonly<Record<Name, number>>): Name {
  return nameOfCode(table, found) ?? data.refuse({ code: 'apdu_parameters_wrong', found }, at, offset)
}

function isProven(data: Cursor, p2: number): boolean {
  return coded(data, 'P2', 3, p2, PROVEN_CODE) === 'proven'
}
