/**
 * Messages to a card as command APDUs. `decode-command.ts` is the reverse; `instructions.ts` has the table.
 *
 * Integers in data fields are little-endian; an RSA ciphertext is a big-endian octet string, in a message as on this border,
 * so its bytes pass as they are (SKI-205).
 *
 * A message says more than its APDU where an establishment is inside: the algorithm stands in both, and a message in which
 * they differ cannot be said.
 *
 * Spec: spec/ski-apdu.md, SKI-190 to SKI-203, SKI-205.
 * @module
 */
import { fromBase64url } from '../../bytes/base64.js'
import { fromHex } from '../../bytes/hex.js'
import { integer, u32, u8, writeLittleEndian, type LittleEndianPart } from '../../bytes/little-endian.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import type { SessionAlgorithm, WrapPadding } from '../enclave/commands.js'
import type { MinidriverToCard } from '../messages.js'
import { ALGORITHMS, FUNCTION_CODE, MODE_CBC, NO_CONTAINER, WRAP_PADDING_CODES } from '../sealed/codes.js'
import { classByte, encodeCommandApdu, MOST_COMMAND_DATA, MOST_RESPONSE_DATA, SHORT_ANSWER, SHORT_DATA, type CommandApdu } from './apdu.js'
import { chain } from './chaining.js'
import { establishmentCodes } from './establishment-codes.js'
import {
  AID,
  CAPABILITIES_OBJECT,
  EVIDENCE_CODE,
  FILE_CODE,
  ID_BYTES,
  INSTRUCTIONS,
  KIND_CODE,
  PROPERTY_CODE,
  PROVEN_CODE,
  REFERENCE_BYTES,
  SELECT_BY_NAME,
  SHARED_WAY_CODE,
} from './instructions.js'
import { commandFault, type CommandCode, type CommandFault } from './status-words.js'

/** How a command is to travel. */
export interface CommandForm {
  /** Extended lengths: one APDU, whatever its size, and all of its answer at once. Otherwise short ones and, over `chunk` bytes, a chain. */
  readonly extended?: boolean
  /** Bytes of data in each command of a chain, 1 to 255, which is the default. */
  readonly chunk?: number
}

/** A message as the APDUs that carry it, in order. A message that no APDU can say is the caller's mistake. */
export function encodeCommand(message: MinidriverToCard, form: CommandForm = {}): readonly Uint8Array[] {
  const encoded = tryEncodeCommand(message, form)
  if (!encoded.ok) throw new TypeError(`encodeCommand: ${message.type}: ${encoded.fault.at ?? encoded.fault.code}`)
  return encoded.value
}

/** {@link encodeCommand} for a message of unknown descent, in its declared shape: what no APDU can say is a fault, with the status word for it. */
export function tryEncodeCommand(
  message: MinidriverToCard,
  { extended = false, chunk = SHORT_DATA }: CommandForm = {},
): Verdict<readonly Uint8Array[], CommandFault> {
  const encoded = commandApdu(message, extended)
  if (!encoded.ok) return encoded
  return accept(extended ? [encodeCommandApdu(encoded.value)] : chain(encoded.value, chunk))
}

/** A message as one command with all of its data. */
export function commandApdu(message: MinidriverToCard, extended = false): Verdict<CommandApdu, CommandFault> {
  const { own, ins, brings } = INSTRUCTIONS[message.type]
  const { channel } = message
  try {
    if (![0, 1, 2, 3].includes(channel)) unsayable('apdu_channel_unknown', 'channel', { found: channel, wanted: '0 to 3' })
    const { p1 = 0, p2 = 0, data = [] } = partsOf(message)
    const cla = classByte({ own, chained: false, channel })
    const bytes = writeLittleEndian(...data)
    if (bytes.length > MOST_COMMAND_DATA) unsayable('apdu_length_wrong', 'data', { found: bytes.length, wanted: `at most ${MOST_COMMAND_DATA}` })
    const le = brings ? (extended ? MOST_RESPONSE_DATA : SHORT_ANSWER) : null
    return accept({ cla, ins, p1, p2, data: bytes, le, extended: extended && (bytes.length > 0 || le !== null) })
  } catch (refusal) {
    if (refusal instanceof Unsayable) return refuse(refusal.fault)
    throw refusal
  }
}

/** What a message puts into a command; what is left out is zero or empty. */
interface Parts {
  readonly p1?: number
  readonly p2?: number
  readonly data?: Body
}

type Body = readonly (LittleEndianPart | Uint8Array)[]

function partsOf(message: MinidriverToCard): Parts {
  switch (message.type) {
    case 'apdu.select':
      return { p1: SELECT_BY_NAME, data: [AID] }
    case 'apdu.capabilities':
      return { p1: CAPABILITIES_OBJECT }
    case 'apdu.challenge':
      return {}
    case 'apdu.readFile':
      return { p1: FILE_CODE[message.file], p2: parameter('container', message.container) }
    case 'apdu.writeFile':
      return { p1: FILE_CODE[message.file], p2: parameter('container', message.container), data: [bytes('data', message.data)] }
    case 'apdu.generate':
      return { p1: parameter('container', message.container), p2: KIND_CODE[message.kind], data: [number('pinId', message.pinId, 4)] }
    case 'apdu.readKey':
      return { p1: parameter('container', message.container), p2: EVIDENCE_CODE[message.evidence] }
    case 'apdu.importSessionKey': {
      const { algorithm, padding, proven } = message
      const input = bytes('input', message.input, 1)
      const codes = WRAP_PADDING_CODES[padding]
      if (proven) mustAgree(input, algorithm, padding)
      return {
        p1: parameter('container', message.container),
        p2: provenCode(proven),
        data: proven ? [input] : [u8(ALGORITHMS[algorithm].code), u8(codes.padding), u8(codes.hash), u8(0), input],
      }
    }
    case 'apdu.shareKey':
      return { p1: SHARED_WAY_CODE[message.way], p2: provenCode(message.proven), data: sharedKeyData(message) }
    case 'apdu.agree':
      return { p1: parameter('container', message.container), data: [bytes('peer', message.peer, 1)] }
    case 'apdu.deriveKey':
      return { p2: provenCode(message.proven), data: [reference('agreement', message.agreement), ...derivation(message)] }
    case 'apdu.setKeyProperty':
      return { data: [reference('key', message.key), ...property(message)] }
    case 'apdu.processSealed': {
      const { container, blobs } = message
      const head = [u8(FUNCTION_CODE[message.function]), u8(containerByte(container)), number('blobs', blobs.length, 2), number('flags', message.flags, 4)]
      const bodies = blobs.map((blob, i) => bytes(`blobs[${i}]`, blob))
      return { data: [reference('key', message.key), ...head, ...bodies.flatMap((blob) => [u32(blob.length), blob])] }
    }
    case 'apdu.destroyKey':
      return { data: [reference('key', message.key)] }
    case 'apdu.deleteContainer':
      return { p1: parameter('container', message.container) }
    case 'apdu.verify':
      // No data stands for the PIN pad, so an empty PIN cannot be said.
      return { p2: parameter('pinId', message.pinId), data: message.pin === null ? [] : [bytes('pin', message.pin, 1)] }
    case 'apdu.deauthenticate':
      return { p2: parameter('pinId', message.pinId) }
  }
}

type ShareKey = Extract<MinidriverToCard, { type: 'apdu.shareKey' }>
type DeriveKey = Extract<MinidriverToCard, { type: 'apdu.deriveKey' }>

function sharedKeyData({ way, algorithm, proven, input }: ShareKey): Body {
  if (way === 'derived' || proven) return derivation({ algorithm, proven, input: input ?? '' })
  if (input !== null) unsayable('apdu_data_wrong', 'input', { wanted: 'none' })
  // The shared key itself, as long as it is: no data, so no other algorithm can be said.
  if (algorithm !== SHARED_KEY_ALGORITHM) unsayable('apdu_data_wrong', 'algorithm', { found: algorithm, wanted: SHARED_KEY_ALGORITHM })
  return []
}

/** The algorithm of the key that card and server share, of 32 bytes. */
export const SHARED_KEY_ALGORITHM: SessionAlgorithm = 'AES-256'

function derivation({ algorithm, proven, input }: Pick<DeriveKey, 'algorithm' | 'proven' | 'input'>): Body {
  const given = bytes('input', input)
  if (proven) {
    mustAgree(given, algorithm)
    return [given]
  }
  if (given.length !== 2 * ID_BYTES) unsayable('apdu_data_wrong', 'input', { found: given.length, wanted: 2 * ID_BYTES })
  return [given, u8(ALGORITHMS[algorithm].code)]
}

function property({ mode, iv }: Extract<MinidriverToCard, { type: 'apdu.setKeyProperty' }>): Body {
  if (mode !== null && iv === null) return [u8(PROPERTY_CODE.mode), u8(MODE_CBC)]
  if (mode === null && iv !== null) return [u8(PROPERTY_CODE.iv), bytes('iv', iv, 1)]
  return unsayable('apdu_data_wrong', 'mode, iv', { wanted: 'one of them' })
}

/** Refuses an establishment that says of itself something else than the message does. */
function mustAgree(input: Uint8Array, algorithm: SessionAlgorithm, padding?: WrapPadding): void {
  const codes = establishmentCodes(input)
  if (!codes) return unsayable('apdu_data_wrong', 'input', { wanted: 'an establishment' })
  if (codes.algorithm !== algorithm) unsayable('apdu_data_wrong', 'algorithm', { found: algorithm, wanted: codes.algorithm ?? 'a known one' })
  if (padding !== undefined && codes.padding !== padding) unsayable('apdu_data_wrong', 'padding', { found: padding, wanted: codes.padding ?? 'a known one' })
}

const provenCode = (proven: boolean): number => (proven ? PROVEN_CODE.proven : PROVEN_CODE.bare)

function parameter(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xff) unsayable('apdu_parameters_wrong', name, { found: value, wanted: '0 to 255' })
  return value
}

function containerByte(container: number | null): number {
  if (container === null) return NO_CONTAINER
  const byte = parameter('container', container)
  if (byte === NO_CONTAINER) unsayable('apdu_data_wrong', 'container', { found: byte, wanted: 'at most 254' })
  return byte
}

function number(name: string, value: number, width: number): LittleEndianPart {
  if (!Number.isInteger(value) || value < 0 || value >= 256 ** width) unsayable('apdu_data_wrong', name, { found: value, wanted: `${width} bytes` })
  return integer(value, width)
}

function reference(name: string, handle: string): Uint8Array {
  const bytes = /^[0-9a-f]*$/.test(handle) ? fromHex(handle) : null
  if (bytes?.length !== REFERENCE_BYTES) return unsayable('apdu_reference_unknown', name, { wanted: `${2 * REFERENCE_BYTES} hex digits` })
  return bytes
}

function bytes(name: string, text: string, least = 0): Uint8Array {
  const decoded = fromBase64url(text)
  if (!decoded.ok) return unsayable('apdu_data_wrong', name, { wanted: 'base64url' })
  if (decoded.value.length < least) unsayable('apdu_data_wrong', name, { found: decoded.value.length, wanted: `at least ${least}` })
  return decoded.value
}

function unsayable(code: CommandCode, at: string, details: Pick<Fault, 'found' | 'wanted'>): never {
  throw new Unsayable(commandFault(code, { at, ...details }))
}

/** Carries a fault out of the encoder; never leaves this file. */
class Unsayable extends Error {
  readonly fault: CommandFault
  constructor(fault: CommandFault) {
    super(fault.code)
    this.fault = fault
  }
}
