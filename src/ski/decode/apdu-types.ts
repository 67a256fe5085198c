/**
 * In words: the APDUs between minidriver and card, with the structures in their data fields.
 *
 * An answer is read without its command, so what its data is nobody can say, apart from the formats that have a magic word.
 *
 * Requirements: SKI-190 to SKI-205.
 * @module
 */
import { wipe } from '../../bytes/bytes.js'
import type { Observe, ReadField } from '../../bytes/little-endian.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'
import { decodeCommandApdu, decodeResponseApdu, readClass, type CommandApdu, type ResponseApdu } from '../apdu/apdu.js'
import { decodeCommand } from '../apdu/decode-command.js'
import {
  EVIDENCE_CODE,
  FILE_CODE,
  GET_RESPONSE,
  INSTRUCTIONS,
  KIND_CODE,
  nameOfCode,
  PROPERTY_CODE,
  PROVEN_CODE,
  SHARED_WAY_CODE,
} from '../apdu/instructions.js'
import { describeStatusWord, hasMore, minidriverStatusOf, STATUS_WORDS, sw4 } from '../apdu/status-words.js'
import { CARD_PADDING } from '../constants/flags.js'
import { formatStatus } from '../constants/status.js'
import { MODE_CBC } from '../sealed/codes.js'
import { CONTAINER_MAP } from './card-types.js'
import { bytesOf, code, counted, hex, lengthOf, nested, number, numberIn, oneOf, secret } from './explain.js'
import { algorithmMember, containerMember, dataFlagsMember, ESTABLISHMENT, formatOf, functionMember } from './format-types.js'
import { ECC_KEY } from './key-types.js'
import { pinId } from './secure-types.js'
import { readingOf, type Reading, type Seen, type StructureType, type View } from './types.js'

const HEADER_BYTES = 4
const PROPERTY_NAMES: Readonly<Record<string, string>> = { mode: 'chaining mode', iv: 'IV' }

/** A command. */
const COMMAND: StructureType = {
  name: 'COMMAND_APDU',
  structure: 'COMMAND_APDU',
  abi: null,
  title: 'a command to the card',
  requirement: 'SKI-190',
  read: readCommand,
  members: {
    CLA: code('class', className, 1),
    INS: code('instruction', (value, seen) => instructionName(numberIn(seen, 'CLA'), value), 1),
    P1: { kind: 'number', explain: (value, seen) => ({ value: hex(value, 1), meaning: parameterMeaning('P1', value, seen) }) },
    P2: { kind: 'number', explain: (value, seen) => ({ value: hex(value, 1), meaning: parameterMeaning('P2', value, seen) }) },
    Lc: lengthOf('the data field'),
    data: {
      kind: 'counted',
      meaning: (_bytes, seen) => (isFile(seen) ? 'the contents of the file' : 'the data field'),
      inside: (_bytes, seen) => (isFile(seen) && numberIn(seen, 'P1') === FILE_CODE.cmapfile ? CONTAINER_MAP : null),
    },
    Le: number('how many bytes of answer may come'),
    AID: bytesOf('the application'),
    'PIN id': pinId('the PIN that will guard the key'),
    PIN: secret('the value of the PIN'),
    reference: bytesOf('the key or agreement'),
    algorithm: algorithmMember,
    padding: oneOf(CARD_PADDING, 'RSA padding'),
    hash: code('hash of OAEP', (value) => ['none', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'][value] ?? null),
    reserved: counted('reserved'),
    'wrapped key': counted('the session key, enciphered with RSA; big-endian'),
    KFPK: nested('what the session key is made of', () => ESTABLISHMENT, true),
    'session and nonce': bytesOf('the session and the nonce of the server'),
    point: nested('the public point of the server', () => ECC_KEY, true),
    property: code('property', (value) => PROPERTY_NAMES[nameOfCode(PROPERTY_CODE, value) ?? ''] ?? null),
    mode: code('chaining mode', (value) => (value === MODE_CBC ? 'CBC' : null)),
    IV: bytesOf('the IV'),
    function: functionMember,
    container: containerMember('the container'),
    'blob count': number('how many blobs'),
    flags: dataFlagsMember,
    'length #': lengthOf('the blob behind it'),
    'blob #': nested('a sealed blob', formatOf),
  },
  signs: [
    [6, (view) => readClass(view.u8(0)).ok],
    [12, (view) => instructionName(view.u8(0), view.u8(1)) !== null],
    [16, (view) => decodeCommandApdu(view.bytes).ok],
    [14, isWholeCommand],
  ],
}

/** WRITE FILE brings the container map, or a certificate. */
function isFile(seen: Seen): boolean {
  return numberIn(seen, 'INS') === INSTRUCTIONS['apdu.writeFile'].ins && isWhole(numberIn(seen, 'CLA'))
}

function isWholeCommand(view: View): boolean {
  const apdu = decodeCommandApdu(view.bytes)
  if (!apdu.ok) return false
  try {
    const { cla, ins } = apdu.value
    return decodeCommand(apdu.value).ok || (instructionName(cla, ins) !== null && (isLink(apdu.value) || isGetResponse(apdu.value)))
  } finally {
    wipe(apdu.value.data)
  }
}

/** Whether more of the same command follows, so that what is here of its data field has no beginning or no end. */
const isLink = ({ cla }: CommandApdu): boolean => {
  const read = readClass(cla)
  return read.ok && read.value.chained
}

const isWhole = (cla: number): boolean => {
  const read = readClass(cla)
  return read.ok && !read.value.chained
}

const isGetResponse = ({ cla, ins }: CommandApdu): boolean => ins === GET_RESPONSE && (cla & 0x80) === 0

function readCommand(bytes: Uint8Array, observe?: Observe): Reading {
  const apdu = decodeCommandApdu(bytes)
  if (!apdu.ok) return { fault: apdu.fault, facts: [], remarks: [] }
  const { cla, ins, p1, p2, data, le, extended } = apdu.value
  try {
    const integer = (name: string, offset: number, length: number, value: number) => observe?.(fieldOf({ name, offset, length, kind: 'integer', value }))
    for (const [offset, [name, value]] of (
      [
        ['CLA', cla],
        ['INS', ins],
        ['P1', p1],
        ['P2', p2],
      ] as const
    ).entries())
      integer(name, offset, 1, value)
    const lengthBytes = data.length === 0 ? 0 : extended ? 3 : 1
    const start = HEADER_BYTES + lengthBytes
    if (lengthBytes > 0) integer('Lc', HEADER_BYTES, lengthBytes, data.length)
    // Windows on the caller's bytes: the copy that is read here is wiped before anybody looks.
    const inData: Observe = (field) => {
      const offset = field.offset + start
      observe?.({ ...field, offset, value: typeof field.value === 'number' ? field.value : bytes.subarray(offset, offset + field.length) })
    }
    const judged = judgeCommand(apdu.value, inData)
    if (le !== null) integer('Le', start + data.length, bytes.length - start - data.length, le)
    return judged.fault === null ? judged : { ...judged, fault: moved(judged.fault, start) }
  } finally {
    wipe(data)
  }
}

function judgeCommand(apdu: CommandApdu, observe: Observe): Reading {
  const nothing = { fault: null, facts: [], remarks: [] }
  const isUnknown = instructionName(apdu.cla, apdu.ins) === null
  if ((isLink(apdu) || isGetResponse(apdu) || isUnknown) && apdu.data.length > 0)
    observe(fieldOf({ name: 'data', offset: 0, length: apdu.data.length, kind: 'bytes', value: apdu.data }))
  if (!isUnknown && (isLink(apdu) || isGetResponse(apdu))) {
    return isLink(apdu) ? { ...nothing, remarks: ['a part of a chain: what is in its data field can be said of the whole chain only'] } : nothing
  }
  const heard = decodeCommand(apdu, observe)
  if (heard.ok) return nothing
  const { sw, ...fault } = heard.fault
  return { fault, facts: [{ name: 'status word of a card that gets it', value: describeStatusWord(sw) }], remarks: [] }
}

/** A fault of the data field, with its offset in the APDU. The header's faults have theirs already. */
function moved(fault: Fault, by: number): Fault {
  if (fault.at === undefined || /^(?:CLA|INS)\b|\.P[12]\b/.test(fault.at)) return fault
  return { ...fault, at: fault.at.replace(/offset (\d+)$/, (_all, offset: string) => `offset ${Number(offset) + by}`) }
}

const fieldOf = (field: Omit<ReadField, 'path'>): ReadField => ({ ...field, path: `COMMAND_APDU.${field.name}` })

function className(value: number): string | null {
  const read = readClass(value)
  if (!read.ok) return null
  const { own, chained, channel } = read.value
  return `${own ? 'this card’s own' : 'ISO/IEC 7816-4'}, channel ${channel}${chained ? ', more of the chain follows' : ''}`
}

function instructionName(cla: number, ins: number): string | null {
  if (isGetResponse({ cla, ins } as CommandApdu)) return 'GET RESPONSE'
  const own = (cla & 0x80) !== 0
  return Object.values(INSTRUCTIONS).find((each) => each.ins === ins && each.own === own)?.name ?? null
}

/** What P1 and P2 are, by instruction; absent where they have to be zero. */
const PARAMETERS: Readonly<Record<string, Partial<Record<'P1' | 'P2', (value: number) => string>>>> = {
  SELECT: { P1: named('by name', { yes: 0x04 }) },
  'GET DATA': { P1: named('the object', { capabilities: 0x01 }) },
  'READ FILE': { P1: named('file', FILE_CODE), P2: () => 'container' },
  'WRITE FILE': { P1: named('file', FILE_CODE), P2: () => 'container' },
  GENERATE: { P1: () => 'container', P2: named('kind of key', KIND_CODE) },
  'READ PUBLIC KEY': { P1: () => 'container', P2: named('evidence', EVIDENCE_CODE) },
  'IMPORT SESSION KEY': { P1: () => 'container', P2: named('form', PROVEN_CODE) },
  'SHARED KEY': { P1: named('way', SHARED_WAY_CODE), P2: named('form', PROVEN_CODE) },
  AGREE: { P1: () => 'container' },
  DERIVE: { P2: named('form', PROVEN_CODE) },
  'DELETE CONTAINER': { P1: () => 'container' },
  VERIFY: { P2: () => 'the PIN' },
  DEAUTHENTICATE: { P2: () => 'the PIN' },
}

function named(what: string, table: Readonly<Record<string, number>>): (value: number) => string {
  return (value) => `${what}: ${nameOfCode(table, value) ?? 'unknown'}`
}

function parameterMeaning(parameter: 'P1' | 'P2', value: number, seen: Seen): string {
  const instruction = instructionName(numberIn(seen, 'CLA'), numberIn(seen, 'INS'))
  if (instruction === null) return 'parameter'
  const meaning = PARAMETERS[instruction]?.[parameter]
  return meaning ? meaning(value) : 'no parameter, 0'
}

/** An answer. */
const RESPONSE: StructureType = {
  name: 'RESPONSE_APDU',
  structure: 'RESPONSE_APDU',
  abi: null,
  title: 'an answer of the card',
  requirement: 'SKI-192',
  read: readingOf(readResponse, ({ data, sw }) => {
    wipe(data)
    return {
      facts: hasMore(sw) ? [] : [{ name: 'status of the minidriver', value: formatStatus(minidriverStatusOf(sw)) }],
      remarks: data.length > 0 && data.length !== 2 ? ['what the data of an answer means depends on the command'] : [],
    }
  }),
  members: {
    data: nested('the data of the answer', formatOf),
    SW: { kind: 'number', explain: (value) => ({ value: sw4(value), meaning: describeStatusWord(value).replace(/^[0-9A-F]{4}, /, '') }) },
  },
  signs: [
    [14, (view) => STATUS_WORDS.some(({ value, mask }) => ((256 * view.u8(view.length - 2) + view.u8(view.length - 1)) & mask) === value)],
    [16, (view) => view.length === 2 || bringsFormat(view.bytes.subarray(0, -2))],
  ],
}

/** Whether data is one of our formats, whole. */
const bringsFormat = (data: Uint8Array): boolean => formatOf(data)?.read(data).fault === null

function readResponse(bytes: Uint8Array, observe?: Observe): Verdict<ResponseApdu> {
  const read = decodeResponseApdu(bytes)
  if (!read.ok) return read
  const { data, sw } = read.value
  if (data.length > 0)
    observe?.({ path: 'RESPONSE_APDU.data', name: 'data', offset: 0, length: data.length, kind: 'bytes', value: bytes.subarray(0, data.length) })
  observe?.({ path: 'RESPONSE_APDU.SW', name: 'SW', offset: data.length, length: 2, kind: 'integer', value: sw })
  return accept(read.value)
}

/** All of this file. */
export const APDU_TYPES: readonly StructureType[] = [COMMAND, RESPONSE]
