/**
 * Receipts ("KFRC", 104 bytes): a card's word, under the session's keys, that it has the session key, or that it installed a key pair.
 * With them steps 21 and 31 are the card's statements and not the client's.
 *
 * A receipt has one text. Who judges one knows what it has to say, so it is written again and compared as a whole.
 *
 * Spec: spec/ski-sealed-data.md, SKI-70, SKI-71, SKI-79, SKI-250.
 * @module
 */
import { concat, equalBytes, requireBytes, wipe } from '../../bytes/bytes.js'
import type { Observe } from '../../bytes/little-endian.js'
import type { Crypto } from '../../crypto/crypto.js'
import type { Steps } from '../../enclave/steps.js'
import type { Verdict } from '../../verdict.js'
import { keepNothing, type Keep } from './cipher.js'
import { coded, containerByte, containerOf, copied, preamble, readFormat, refuseValue, type Format, type FormatCursor, type FormatFault } from './format.js'
import { boundKey, ID_BYTES, type SessionKey } from './keys.js'
import { TAG_BYTES, tagText } from './proof.js'

/** What is authenticated before a receipt; its last byte is a zero byte. */
export const RECEIPT_LABEL = 'keyferry ski receipt v1\0'

/** The length of a receipt. */
export const RECEIPT_BYTES = 104

/** What a card confirms. */
export interface Receipt {
  /** `sessionKey`: the card has S1. `keyPair`: the card installed K2. */
  readonly kind: 'sessionKey' | 'keyPair'
  /** Where K1 or the DH key is (`null` in the ways without one), or where K2 was put. */
  readonly container: number | null
  /** SHA-256 of K2's SubjectPublicKeyInfo, 32 bytes; `null` for a session key. */
  readonly identity: Uint8Array | null
}

/** A receipt as read, with a tag that nobody has verified. */
export interface DecodedReceipt extends Receipt {
  readonly session: Uint8Array
  readonly cardId: Uint8Array
  readonly tag: Uint8Array
}

/** Writes a receipt. One that {@link decodeReceipt} would not take is a `TypeError`. */
export function* makeReceipt(crypto: Crypto, key: SessionKey, receipt: Receipt, keep: Keep = keepNothing): Steps<Uint8Array> {
  const text = encodeText(key, receipt)
  const macKey = keep('MAC key', boundKey(key, 'toServer', 'mac'))
  try {
    return concat(text, yield* tagText(crypto, macKey, RECEIPT_LABEL, text))
  } finally {
    wipe(macKey)
  }
}

/** Whether the bytes are exactly this receipt, in constant time. */
export function* judgeReceipt(crypto: Crypto, key: SessionKey, expected: Receipt, bytes: Uint8Array, keep: Keep = keepNothing): Steps<boolean> {
  const given = Uint8Array.from(bytes)
  return equalBytes(given, yield* makeReceipt(crypto, key, expected, keep))
}

/** Reads a receipt and verifies nothing. */
export const decodeReceipt = (bytes: Uint8Array, observe?: Observe): Verdict<DecodedReceipt, FormatFault> => readFormat(KFRC, bytes, observe)

function encodeText({ context }: SessionKey, { kind, container, identity }: Receipt): Uint8Array {
  if ((kind === 'keyPair') !== (identity !== null)) throw new TypeError('identity: given for a key pair, and only there')
  if (kind === 'keyPair' && container === null) throw new TypeError('container: wanted for a key pair')
  if (identity !== null) requireBytes(identity, 'identity', IDENTITY_BYTES)
  const numbers = Uint8Array.of(1 + KINDS.indexOf(kind), containerByte(container), 0)
  return concat(preamble(KFRC.magic), numbers, context.session, context.cardId, identity ?? new Uint8Array(IDENTITY_BYTES))
}

function readReceipt(cursor: FormatCursor): DecodedReceipt {
  const kind = coded(cursor, 'kind', (code) => KINDS[code - 1] ?? null)
  const containerCode = cursor.u8('container')
  const container = containerOf(containerCode)
  if (kind === 'keyPair' && container === null) refuseValue(cursor, 'container', 6, containerCode)
  cursor.reserved('reserved', 1)
  const [session, cardId] = [copied(cursor, 'session', ID_BYTES), copied(cursor, 'cardId', ID_BYTES)]
  const identity = kind === 'keyPair' ? copied(cursor, 'identity', IDENTITY_BYTES) : null
  if (identity === null) cursor.reserved('identity', IDENTITY_BYTES)
  return { kind, container, identity, session, cardId, tag: copied(cursor, 'tag', TAG_BYTES) }
}

const KFRC: Format<DecodedReceipt> = { magic: 'KFRC', requirement: 'SKI-79', read: readReceipt }
const IDENTITY_BYTES = 32
/** In the order of their numbers, from 1. */
const KINDS: readonly Receipt['kind'][] = ['sessionKey', 'keyPair']
