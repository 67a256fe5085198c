/**
 * Answers of a card as response APDUs, and back. What an answer consists of depends on the command, so the minidriver reads
 * it with the command in hand; only the status word comes first and for all alike.
 *
 * Where evidence about a key is asked for, the answer is the evidence, which has purpose and key inside. What is read out of
 * it here is the card's word until the server has judged the proof (SKI-44).
 *
 * `chaining.ts` and `responses.ts` cut and join what is longer than a command asked for.
 *
 * Spec: spec/ski-apdu.md, SKI-192 to SKI-203.
 * @module
 */
import { fromBase64url, toBase64url } from '../../bytes/base64.js'
import { fromUtf8, utf8 } from '../../bytes/bytes.js'
import { fromHex, toHex } from '../../bytes/hex.js'
import { readLittleEndian, u32, u8, writeLittleEndian, type LittleEndianCursor, type LittleEndianPart, type StructureCode } from '../../bytes/little-endian.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import type { SkiHandle } from '../enclave/commands.js'
import type { CardToMinidriver, MinidriverToCard } from '../messages.js'
import { ALGORITHMS, algorithmOfCode, MODE_CBC } from '../sealed/codes.js'
import { MOST_RESPONSE_DATA, type ResponseApdu } from './apdu.js'
import { ID_BYTES, INSTRUCTIONS, nameOfCode, PURPOSE_CODE, RECEIPT_BYTES, REFERENCE_BYTES } from './instructions.js'
import { hasMore, isStatusWord, SW } from './status-words.js'

/** Why a response is no answer to a command. */
export type AnswerFault = Fault<StructureCode | OwnCode>
type OwnCode = 'answer_incomplete' | 'answer_data_unexpected' | 'answer_value_unknown' | 'answer_length_wrong'

/** An answer to a command, whole. One that is no answer to it, or that no APDU can say, is the caller's mistake. */
export function encodeAnswer(message: CardToMinidriver, command: MinidriverToCard): ResponseApdu {
  if (message.channel !== command.channel) throw new TypeError('encodeAnswer: the answer is for another channel')
  if (message.type === 'card.refused') {
    if (!isStatusWord(message.sw) || message.sw === SW.ok || hasMore(message.sw)) throw new TypeError('encodeAnswer: sw refuses nothing')
    return { data: new Uint8Array(), sw: message.sw }
  }
  if (message.type !== INSTRUCTIONS[command.type].answer) throw new TypeError(`encodeAnswer: ${message.type} does not answer ${command.type}`)
  const data = writeLittleEndian(...partsOf(message))
  if (data.length > MOST_RESPONSE_DATA) throw new TypeError('encodeAnswer: the answer is too long')
  const asked = wantsEvidence(command)
  if (message.type === 'card.publicKey' && (message.evidence !== null) !== asked)
    throw new TypeError(`encodeAnswer: evidence is ${asked ? 'missing' : 'there and was not asked for'}`)
  return { data, sw: SW.ok }
}

/** The reverse of {@link encodeAnswer}, from any card: the whole answer to a command, or a refusal. */
export function decodeAnswer({ data, sw }: ResponseApdu, command: MinidriverToCard): Verdict<CardToMinidriver, AnswerFault> {
  const { channel } = command
  const { answer, requirement } = INSTRUCTIONS[command.type]
  if (hasMore(sw)) return refuse({ code: 'answer_incomplete', at: 'SW1', found: sw, requirement: 'SKI-191' })
  if (sw !== SW.ok) {
    if (data.length > 0) return refuse({ code: 'answer_data_unexpected', at: 'data, offset 0', found: data.length, wanted: 0, requirement: 'SKI-192' })
    return accept({ type: 'card.refused', channel, sw })
  }
  if (wantsEvidence(command)) {
    const facts = evidenceFacts(data)
    return facts.ok ? accept({ type: 'card.publicKey', channel, ...facts.value, evidence: toBase64url(data) }) : facts
  }
  const decoded = readLittleEndian<object, OwnCode>(data, { name: answer, requirement }, READERS[answer as Answered])
  return decoded.ok ? accept({ type: answer, channel, ...decoded.value } as CardToMinidriver) : decoded
}

const wantsEvidence = (command: MinidriverToCard): boolean => command.type === 'apdu.readKey' && command.evidence !== 'plain'

function partsOf(message: Exclude<CardToMinidriver, { type: 'card.refused' }>): readonly (LittleEndianPart | Uint8Array)[] {
  switch (message.type) {
    case 'card.selected': {
      const product = utf8(message.product)
      return [bytes(message.cardId, ID_BYTES), u8(product.length), product, u8(message.version)]
    }
    case 'card.capabilities': {
      const { mask, algorithms, paddings, modes } = message
      const codes = algorithms.map((name) => u8(ALGORITHMS[name].code))
      return [u32(mask), u8(codes.length), ...codes, u32(paddings), u8(modes.length), ...modes.map(() => u8(MODE_CBC)), u8(EXTENDED_LENGTH)]
    }
    case 'card.challenge':
      return [bytes(message.nonce, ID_BYTES)]
    case 'card.file':
      return [bytes(message.data)]
    case 'card.done':
      return []
    case 'card.publicKey': {
      const { purpose, spki, evidence } = message
      if (evidence === null) return [u8(PURPOSE_CODE[purpose]), bytes(spki)]
      const whole = bytes(evidence)
      const inside = evidenceFacts(whole)
      if (!inside.ok || inside.value.purpose !== purpose || inside.value.spki !== spki) throw new TypeError('encodeAnswer: the evidence speaks of another key')
      return [whole]
    }
    case 'card.sessionKey': {
      const { key, nonce, receipt } = message
      return [reference(key), ...(nonce === null ? [] : [bytes(nonce, ID_BYTES)]), ...(receipt === null ? [] : [bytes(receipt, RECEIPT_BYTES)])]
    }
    case 'card.agreement':
      return [reference(message.agreement)]
    case 'card.processed':
      if (message.output === '') throw new TypeError('encodeAnswer: no output is null')
      return message.output === null ? [] : [bytes(message.output)]
    case 'card.gone':
      throw new TypeError('encodeAnswer: where there is no card, nobody sends an APDU')
  }
}

type Cursor = LittleEndianCursor<OwnCode>
type Answered = Exclude<CardToMinidriver['type'], 'card.refused' | 'card.gone'>

const READERS: { readonly [Type in Answered]: (data: Cursor) => Omit<Extract<CardToMinidriver, { type: Type }>, 'type' | 'channel'> } = {
  'card.selected': (data) => {
    const cardId = id(data, 'card id')
    const length = data.u8('product length')
    const offset = data.offset
    const product = fromUtf8(data.bytes('product', length)) ?? data.refuse({ code: 'answer_value_unknown', wanted: 'UTF-8' }, 'product', offset)
    return { cardId, product, version: data.u8('version') }
  },
  'card.capabilities': (data) => {
    const mask = data.u32('mask')
    const algorithms = coded(data, 'algorithms', algorithmOfCode)
    const paddings = data.u32('paddings')
    const modes = coded(data, 'modes', (code) => (code === MODE_CBC ? 'CBC' : null))
    const offset = data.offset
    const extended = data.u8('extended length')
    if (extended > 1) data.refuse({ code: 'answer_value_unknown', found: extended, wanted: '0 or 1' }, 'extended length', offset)
    return { mask, algorithms, paddings, modes }
  },
  'card.challenge': (data) => ({ nonce: id(data, 'nonce') }),
  'card.file': (data) => ({ data: rest(data, 'data') }),
  'card.done': () => ({}),
  'card.publicKey': (data) => {
    const purpose = purposeOf(data)
    if (data.left === 0) data.refuse({ code: 'answer_length_wrong', found: 0, wanted: 'a public key' }, 'SPKI')
    return { purpose, spki: rest(data, 'SPKI'), evidence: null }
  },
  'card.sessionKey': (data) => {
    const key = toHex(data.bytes('reference', REFERENCE_BYTES)) as SkiHandle
    // Nonce and receipt may be missing, each by itself; the four lengths differ.
    if (![0, ID_BYTES, RECEIPT_BYTES, ID_BYTES + RECEIPT_BYTES].includes(data.left))
      data.refuse(
        { code: 'answer_length_wrong', found: data.left, wanted: `a nonce of ${ID_BYTES}, a receipt of ${RECEIPT_BYTES}, both or none` },
        'nonce, receipt',
      )
    const nonce = data.left % RECEIPT_BYTES === ID_BYTES ? id(data, 'nonce') : null
    return { key, nonce, receipt: data.left === 0 ? null : rest(data, 'receipt') }
  },
  'card.agreement': (data) => ({ agreement: toHex(data.bytes('reference', REFERENCE_BYTES)) as SkiHandle }),
  'card.processed': (data) => ({ output: data.left === 0 ? null : rest(data, 'output') }),
}

interface KeyFacts {
  readonly purpose: keyof typeof PURPOSE_CODE
  readonly spki: string
}

/** What a card's evidence (KFEV) says of the key. What else is in it, and whether the proof is any good, is for the server. */
const evidenceFacts = (evidence: Uint8Array): Verdict<KeyFacts, AnswerFault> =>
  readLittleEndian<KeyFacts, OwnCode>(evidence, { name: 'KFEV', requirement: 'SKI-193' }, (data) => {
    if (fromUtf8(data.bytes('magic', 4)) !== 'KFEV') data.refuse({ code: 'answer_value_unknown', wanted: 'KFEV' }, 'magic', 0)
    data.bytes('version, proof kind, container, origin', 4)
    const purpose = purposeOf(data)
    data.bytes('reserved', 3)
    data.bytes('card id, nonce', 2 * ID_BYTES)
    const [spkiLength, proofLength] = [data.u16('SPKI length'), data.u16('proof length')]
    const spki = toBase64url(data.bytes('SPKI', spkiLength))
    data.bytes('proof', proofLength)
    return { purpose, spki }
  })

/** This card takes extended lengths as well as chains. */
const EXTENDED_LENGTH = 1

function purposeOf(data: Cursor): KeyFacts['purpose'] {
  const offset = data.offset
  const code = data.u8('purpose')
  return nameOfCode(PURPOSE_CODE, code) ?? data.refuse({ code: 'answer_value_unknown', found: code }, 'purpose', offset)
}

/** A list of codes behind its count. */
function coded<T>(data: Cursor, name: string, meaning: (code: number) => T | null): T[] {
  const count = data.u8(`number of ${name}`)
  return Array.from({ length: count }, (_, i) => {
    const offset = data.offset
    const code = data.u8(`${name}[${i}]`)
    return meaning(code) ?? data.refuse({ code: 'answer_value_unknown', found: code }, `${name}[${i}]`, offset)
  })
}

const id = (data: Cursor, name: string): string => toBase64url(data.bytes(name, ID_BYTES))
const rest = (data: Cursor, name: string): string => toBase64url(data.bytes(name, data.left))

function bytes(text: string, length?: number): Uint8Array {
  const decoded = fromBase64url(text)
  if (!decoded.ok) throw new TypeError('encodeAnswer: base64url is wanted')
  if (length !== undefined && decoded.value.length !== length) throw new TypeError(`encodeAnswer: ${length} bytes are wanted`)
  return decoded.value
}

function reference(handle: string): Uint8Array {
  const bytes = /^[0-9a-f]*$/.test(handle) ? fromHex(handle) : null
  if (bytes?.length !== REFERENCE_BYTES) throw new TypeError(`encodeAnswer: ${2 * REFERENCE_BYTES} hex digits are wanted`)
  return bytes
}
