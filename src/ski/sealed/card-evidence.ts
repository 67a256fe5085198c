/**
 * Card evidence ("KFEV"): a card's statement about one of its keys, made on the card for establishing keys and for nothing else
 * (assumption A1), with a fresh one-shot nonce of the card. Proven by a chain of two signatures, issuer → card → statement, or under
 * the key that card and server share.
 *
 * The proof is the end of the message, so it is verified before anything but the card id is read. Whether this is the card that was
 * enrolled, and the key that was offered, is asked by the server's enclave.
 *
 * Spec: spec/ski-sealed-data.md, SKI-44, SKI-46, SKI-47, SKI-48, SKI-78.
 * @module
 */
import { concat, requireBytes } from '../../bytes/bytes.js'
import { u16, writeLittleEndian, type Observe } from '../../bytes/little-endian.js'
import type { Crypto } from '../../crypto/crypto.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import type { Steps } from '../../enclave/steps.js'
import type { Verdict } from '../../verdict.js'
import {
  announced16,
  coded,
  containerByte,
  containerOf,
  copied,
  preamble,
  readFormat,
  requireLength,
  type Format,
  type FormatCursor,
  type FormatFault,
} from './format.js'
import { ID_BYTES } from './keys.js'
import { isSigned, isTagged, requireP256, SIGNATURE_BYTES, signText, TAG_BYTES, tagText } from './proof.js'
import { proofRefused, type ProofRefused } from './refusal.js'

/** What an issuer signs before card id and attestation point; its last byte is a zero byte. */
export const ENDORSEMENT_LABEL = 'keyferry ski card endorsement v1\0'

/** What a card proves before the statement; its last byte is a zero byte. */
export const STATEMENT_LABEL = 'keyferry ski key statement v1\0'

/** What a card says of a key: that it was made on the card, and does what `purpose` says and nothing else. */
export interface KeyStatement {
  readonly container: number
  /** `session`: imports session keys. `agreement`: establishes keys by DH. */
  readonly purpose: 'session' | 'agreement'
  /** 16 bytes. */
  readonly cardId: Uint8Array
  /** The card's, 16 bytes. */
  readonly nonce: Uint8Array
  /** DER SubjectPublicKeyInfo of the key; read by whoever uses it. */
  readonly spki: Uint8Array
}

/** By what a card proves. */
export type EvidenceKind = 'attested' | 'sharedKey'

/** A statement as read, with the proof that it brings and that nobody has verified. */
export interface DecodedEvidence extends KeyStatement {
  readonly proofKind: EvidenceKind
  readonly proof: Uint8Array
}

/** What a card proves with: its attestation key on P-256 and the issuer's endorsement of it, or the proof key of the shared key. */
export type Attester =
  { readonly kind: 'attested'; readonly key: EcPrivateKey; readonly endorsement: Uint8Array } | { readonly kind: 'sharedKey'; readonly key: Uint8Array }

/** What a server verifies with: issuers it trusts, or the proof key of the card that it expects. */
export type EvidenceJudge = { readonly kind: 'attested'; readonly issuers: readonly EcPublicKey[] } | { readonly kind: 'sharedKey'; readonly key: Uint8Array }

/** An issuer's signature that this attestation key is that of this card, made when the card is personalised. 64 bytes. */
export function* endorseCard(crypto: Crypto, issuer: EcPrivateKey, cardId: Uint8Array, attestationKey: EcPublicKey): Steps<Uint8Array> {
  requireBytes(cardId, 'cardId', ID_BYTES)
  return yield* signText(crypto, issuer, ENDORSEMENT_LABEL, concat(cardId, pointOf(attestationKey)))
}

/** Writes a statement with its proof. One that {@link decodeCardEvidence} would not take is a `TypeError`. */
export function* stateKey(crypto: Crypto, statement: KeyStatement, attester: Attester): Steps<Uint8Array> {
  const text = encodeText(statement, attester.kind)
  if (attester.kind === 'sharedKey') return concat(text, yield* tagText(crypto, attester.key, STATEMENT_LABEL, text))
  requireBytes(attester.endorsement, 'endorsement', SIGNATURE_BYTES)
  return concat(text, pointOf(attester.key), attester.endorsement, yield* signText(crypto, attester.key, STATEMENT_LABEL, text))
}

/** Verifies the proof, then reads. Evidence of another kind than the judge's is refused. */
export function* judgeCardEvidence(crypto: Crypto, bytes: Uint8Array, judge: EvidenceJudge): Steps<Verdict<KeyStatement, FormatFault | ProofRefused>> {
  // A copy: what is read is what was verified, whatever becomes of the message meanwhile.
  const message = Uint8Array.from(bytes)
  if (!(yield* isProven(crypto, message, judge))) return UNPROVEN
  const decoded = decodeCardEvidence(message)
  return decoded.ok && decoded.value.proofKind !== judge.kind ? UNPROVEN : decoded
}

/** Reads evidence and verifies nothing. */
export const decodeCardEvidence = (bytes: Uint8Array, observe?: Observe): Verdict<DecodedEvidence, FormatFault> => readFormat(KFEV, bytes, observe)

function* isProven(crypto: Crypto, message: Uint8Array, judge: EvidenceJudge): Steps<boolean> {
  const length = PROOF_BYTES[judge.kind]
  if (message.length < FIXED_BYTES + length) return false
  const [text, proof] = [message.subarray(0, message.length - length), message.subarray(message.length - length)]
  if (judge.kind === 'sharedKey') return yield* isTagged(crypto, judge.key, STATEMENT_LABEL, text, proof)
  const point = proof.subarray(0, POINT_BYTES)
  const endorsement = proof.subarray(POINT_BYTES, POINT_BYTES + SIGNATURE_BYTES)
  const cardId = text.subarray(CARD_ID_OFFSET, CARD_ID_OFFSET + ID_BYTES)
  if (!(yield* isSigned(crypto, judge.issuers, ENDORSEMENT_LABEL, concat(cardId, point), endorsement))) return false
  return yield* isSigned(crypto, [keyOfPoint(point)], STATEMENT_LABEL, text, proof.subarray(POINT_BYTES + SIGNATURE_BYTES))
}

function encodeText({ container, purpose, cardId, nonce, spki }: KeyStatement, kind: EvidenceKind): Uint8Array {
  requireBytes(cardId, 'cardId', ID_BYTES)
  requireBytes(nonce, 'nonce', ID_BYTES)
  requireBytes(spki, 'spki')
  if (spki.length < 1 || spki.length > SPKI_LIMIT) throw new TypeError(`spki: 1 to ${SPKI_LIMIT} bytes are wanted`)
  return writeLittleEndian(
    preamble(KFEV.magic),
    Uint8Array.of(1 + KINDS.indexOf(kind), containerByte(container), MADE_ON_CARD, 1 + PURPOSES.indexOf(purpose), 0, 0, 0),
    cardId,
    nonce,
    u16(spki.length),
    u16(PROOF_BYTES[kind]),
    spki,
  )
}

function readEvidence(cursor: FormatCursor): DecodedEvidence {
  const proofKind = coded(cursor, 'proofKind', (code) => KINDS[code - 1] ?? null)
  const container = coded(cursor, 'container', containerOf)
  coded(cursor, 'origin', (code) => (code === MADE_ON_CARD ? code : null))
  const purpose = coded(cursor, 'purpose', (code) => PURPOSES[code - 1] ?? null)
  cursor.reserved('reserved', 3)
  const [cardId, nonce] = [copied(cursor, 'cardId', ID_BYTES), copied(cursor, 'nonce', ID_BYTES)]
  const [spkiLength, proofLength] = [announced16(cursor, 'spkiLength'), announced16(cursor, 'proofLength')]
  const { value } = spkiLength
  if (value < 1 || value > SPKI_LIMIT) cursor.refuse({ code: 'format_length_wrong', found: value, wanted: `1 to ${SPKI_LIMIT}` }, 'spkiLength', 44)
  requireLength(cursor, proofLength, [PROOF_BYTES[proofKind]])
  const [spki, proof] = cursor.tail(['spki', spkiLength], ['proof', proofLength]).map((part) => part.slice()) as [Uint8Array, Uint8Array]
  return { container, purpose, cardId, nonce, spki, proofKind, proof }
}

function pointOf(key: EcPublicKey): Uint8Array {
  requireP256(key)
  return concat(key.x, key.y)
}
const keyOfPoint = (point: Uint8Array): EcPublicKey => ({ type: 'EC', curve: 'P-256', x: point.slice(0, 32), y: point.slice(32) })

const KFEV: Format<DecodedEvidence> = { magic: 'KFEV', requirement: 'SKI-78', read: readEvidence }
const UNPROVEN = proofRefused('SKI-44')
const FIXED_BYTES = 48
const CARD_ID_OFFSET = 12
const POINT_BYTES = 64
const MADE_ON_CARD = 1
/** Enough for RSA of 4096 bits (550 bytes). */
const SPKI_LIMIT = 1024
/** Both in the order of their numbers, from 1. */
const KINDS: readonly EvidenceKind[] = ['attested', 'sharedKey']
const PURPOSES: readonly KeyStatement['purpose'][] = ['session', 'agreement']
const PROOF_BYTES: Readonly<Record<EvidenceKind, number>> = { attested: POINT_BYTES + 2 * SIGNATURE_BYTES, sharedKey: TAG_BYTES }
