/**
 * What a minidriver answers by itself: properties of the card (as it claimed them at acquisition), of algorithms and of
 * keys, and key sizes. Everything else is asked of card or enclave.
 *
 * Asked only of calls that have no fault, but for the lengths, which a fault of the buffer needs.
 *
 * Spec: spec/ski.md, SKI-94, SKI-122, SKI-127, SKI-136, SKI-138, SKI-149.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import type { Call } from '../calls.js'
import {
  ASYMMETRIC_ALGORITHMS,
  CARD_PROPERTIES,
  CHAINING_MODES,
  CUSTOM_NAMES,
  KEY_PROPERTIES,
  OPERATION,
  keySpec,
  symmetricAlgorithm,
} from '../constants/index.js'
import { READINGS } from '../readings.js'
import { decodeU32, encodeKeyLengths, encodeKeySizes, encodeMultiString, encodeU32, encodeWideText } from '../structures/index.js'
import { bytesIn } from './arguments.js'
import { blockLengthOf, keyOf, offeredAlgorithms, type KeyEntry, type MinidriverView } from './view.js'

/** An answer that needs nobody else. */
export interface Answer {
  /** base64url; `null` where the call returns no bytes. */
  readonly data: string | null
  /** Bytes returned. */
  readonly length: number | null
  /** What it changes of the key that the call names. */
  readonly set?: Partial<KeyEntry>
}

/** The answer, or `null` where card or enclave must be asked. */
export function answerOf(call: Call, view: MinidriverView): Answer | null {
  if (call.type === 'CardSetKeyProperty' && call.property === CUSTOM_NAMES.KEY_CONTAINER)
    return { data: null, length: null, set: { container: numberIn(call.input) } }
  const bytes = bytesOf(call, view)
  return bytes === null ? null : { data: toBase64url(bytes), length: bytes.length }
}

/** How many bytes the answer has, or the evidence of a nonce that is yet to be drawn; `null` where there is none. */
export function answerLength(call: Call, view: MinidriverView): number | null {
  if (call.type === 'CardGetProperty' && call.property === CUSTOM_NAMES.CARD_NONCE) return NONCE_BYTES
  return bytesOf(call, view)?.length ?? null
}

function bytesOf(call: Call, view: MinidriverView): Uint8Array | null {
  switch (call.type) {
    case 'CardGetProperty':
      return cardProperty(call.property, call.flags, view)
    case 'CardGetAlgorithmProperty':
      return algorithmProperty(call.algorithm, call.property)
    case 'CardGetKeyProperty':
      return keyProperty(keyOf(view, call.handle), call.property)
    case 'CardQueryKeySizes':
      return keySizes(call.keySpec)
    default:
      return null
  }
}

function cardProperty(name: string | null, flags: number, view: MinidriverView): Uint8Array | null {
  const { mask, paddings, cardId } = view.capabilities
  switch (name) {
    case CARD_PROPERTIES.CP_KEY_IMPORT_SUPPORT:
      return encodeU32(mask)
    case CARD_PROPERTIES.CP_ENUM_ALGORITHMS:
      return encodeMultiString(flags === OPERATION.CARD_CIPHER_OPERATION ? cipherNames(view) : ASYMMETRIC_ALGORITHMS.map((one) => one.name))
    case CARD_PROPERTIES.CP_PADDING_SCHEMES:
      return encodeU32(flags === OPERATION.CARD_CIPHER_OPERATION ? READINGS.cipherPaddings : paddings)
    case CARD_PROPERTIES.CP_CHAINING_MODES:
      return encodeMultiString([CHAINING_MODES.CARD_CHAIN_MODE_CBC])
    case READINGS.cardIdProperty:
      return bytesIn(cardId)
    default:
      return null
  }
}

/** The published names, each once: AES in all sizes is one. */
const cipherNames = (view: MinidriverView): readonly string[] => [...new Set(offeredAlgorithms(view).map((one) => (one.startsWith('AES') ? 'AES' : one)))]

function algorithmProperty(algorithm: string | null, name: string | null): Uint8Array | null {
  const facts = symmetricAlgorithm(algorithm ?? '')
  if (facts === null) return null
  if (name === KEY_PROPERTIES.CKP_BLOCK_LENGTH) return encodeU32(facts.blockBytes)
  if (name !== KEY_PROPERTIES.BCRYPT_KEY_LENGTHS) return null
  const bits = facts.keyBytes.map((bytes) => 8 * bytes)
  const [minimum = 0, second = minimum] = bits
  return encodeKeyLengths({ minimum, maximum: bits.at(-1) ?? minimum, increment: second - minimum })
}

function keyProperty(entry: KeyEntry | null, name: string | null): Uint8Array | null {
  if (entry === null) return null
  switch (name) {
    case KEY_PROPERTIES.CKP_CHAINING_MODE:
      return entry.mode ? encodeWideText(CHAINING_MODES.CARD_CHAIN_MODE_CBC) : null
    case KEY_PROPERTIES.CKP_INITIALIZATION_VECTOR:
      return bytesIn(entry.iv)
    case KEY_PROPERTIES.CKP_BLOCK_LENGTH:
      return encodeU32(blockLengthOf(entry.algorithm))
    case CUSTOM_NAMES.KEY_RECEIPT:
      return bytesIn(entry.receipt)
    default:
      return null
  }
}

function keySizes(spec: number): Uint8Array | null {
  const facts = keySpec(spec)
  if (facts === null) return null
  if (facts.type === 'RSA') return encodeKeySizes({ minimum: 2048, default: 2048, maximum: 4096, increment: 1024 })
  const bits = facts.curve === 'P-521' ? 521 : facts.curve === 'P-384' ? 384 : 256
  return encodeKeySizes({ minimum: bits, default: bits, maximum: bits, increment: 1 })
}

const NONCE_BYTES = 16

function numberIn(input: string | null): number | null {
  const bytes = bytesIn(input)
  const read = bytes && decodeU32(bytes)
  return read?.ok ? read.value : null
}
