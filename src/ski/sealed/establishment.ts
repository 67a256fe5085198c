/**
 * The establishment ("KFPK"): what a server tells a card to make a session key of, with the session, both nonces, the card and the
 * container that it is for, and a proof that it is the server's word (assumption A6).
 *
 * The proof is the end of the message and its length follows from what the card was personalised with, so it is verified before
 * anything in the message is read. Whether session, nonces, card and container are the right ones is asked by the card's enclave.
 *
 * Spec: spec/ski-sealed-data.md, SKI-50 to SKI-54, SKI-76.
 * @module
 */
import { concat, requireBytes } from '../../bytes/bytes.js'
import { u16, writeLittleEndian, type Observe } from '../../bytes/little-endian.js'
import type { Crypto } from '../../crypto/crypto.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import type { Steps } from '../../enclave/steps.js'
import type { Verdict } from '../../verdict.js'
import type { SessionAlgorithm, WrapPadding } from '../enclave/commands.js'
import type { ServerProof, Way } from '../policy.js'
import { ALGORITHMS, algorithmOfCode, NO_WRAP_PADDING, WAY_CODE, wayOfCode, WRAP_PADDING_CODES, wrapPaddingOfCodes } from './codes.js'
import {
  announced16,
  coded,
  containerByte,
  containerOf,
  copied,
  preamble,
  readFormat,
  requireLength,
  refuseValue,
  type Format,
  type FormatCursor,
  type FormatFault,
} from './format.js'
import { ID_BYTES } from './keys.js'
import { isSigned, isTagged, SIGNATURE_BYTES, signText, TAG_BYTES, tagText } from './proof.js'
import { proofRefused, type ProofRefused } from './refusal.js'

/** What is proven before the message; its last byte is a zero byte. */
export const SERVER_PROOF_LABEL = 'keyferry ski server proof v1\0'

/** What a session key is made of, and for whom. Byte strings that name something have 16 bytes. */
export interface Establishment {
  readonly way: Way
  readonly algorithm: SessionAlgorithm
  /** The RSA padding in the way `session`, `null` in the others. */
  readonly padding: WrapPadding | null
  /** Where the card's key is; `null` in the ways `shared` and `derived`. */
  readonly container: number | null
  readonly session: Uint8Array
  readonly serverNonce: Uint8Array
  readonly cardNonce: Uint8Array
  readonly cardId: Uint8Array
  /** `session`: the RSA ciphertext, big-endian. `agreement`: the server's point, X ‖ Y. Otherwise empty. */
  readonly material: Uint8Array
}

/** An establishment as read, with the proof that it brings and that nobody has verified. */
export interface DecodedEstablishment extends Establishment {
  readonly proofKind: ServerProof
  readonly proof: Uint8Array
}

/** By what a server proves. `key` of `sharedKey` is the proof key of the card. */
export type ServerProver =
  { readonly kind: 'none' } | { readonly kind: 'signature'; readonly key: EcPrivateKey } | { readonly kind: 'sharedKey'; readonly key: Uint8Array }

/** What a card verifies with. */
export type ServerVerifier =
  | { readonly kind: 'none' }
  | { readonly kind: 'signature'; readonly anchors: readonly EcPublicKey[] }
  | { readonly kind: 'sharedKey'; readonly key: Uint8Array }

/** Writes an establishment with its proof. One that {@link decodeEstablishment} would not take is a `TypeError`. */
export function* proveEstablishment(crypto: Crypto, establishment: Establishment, prover: ServerProver): Steps<Uint8Array> {
  const text = encodeText(establishment, prover.kind)
  switch (prover.kind) {
    case 'none':
      return text
    case 'signature':
      return concat(text, yield* signText(crypto, prover.key, SERVER_PROOF_LABEL, text))
    case 'sharedKey':
      return concat(text, yield* tagText(crypto, prover.key, SERVER_PROOF_LABEL, text))
  }
}

/** Verifies the proof, then reads. A message with another kind of proof than the verifier's is refused, also where that is `none`. */
export function* judgeEstablishment(crypto: Crypto, bytes: Uint8Array, verifier: ServerVerifier): Steps<Verdict<Establishment, FormatFault | ProofRefused>> {
  // A copy: what is read is what was verified, whatever becomes of the message meanwhile.
  const message = Uint8Array.from(bytes)
  if (!(yield* isProven(crypto, message, verifier))) return UNPROVEN
  const decoded = decodeEstablishment(message)
  return decoded.ok && decoded.value.proofKind !== verifier.kind ? UNPROVEN : decoded
}

/** Reads an establishment and verifies nothing. */
export const decodeEstablishment = (bytes: Uint8Array, observe?: Observe): Verdict<DecodedEstablishment, FormatFault> => readFormat(KFPK, bytes, observe)

function* isProven(crypto: Crypto, message: Uint8Array, verifier: ServerVerifier): Steps<boolean> {
  const length = PROOF_BYTES[verifier.kind]
  if (message.length < length) return false
  const [text, proof] = [message.subarray(0, message.length - length), message.subarray(message.length - length)]
  switch (verifier.kind) {
    case 'none':
      return true
    case 'signature':
      return yield* isSigned(crypto, verifier.anchors, SERVER_PROOF_LABEL, text, proof)
    case 'sharedKey':
      return yield* isTagged(crypto, verifier.key, SERVER_PROOF_LABEL, text, proof)
  }
}

function encodeText(establishment: Establishment, kind: ServerProof): Uint8Array {
  const { way, algorithm, padding, session, serverNonce, cardNonce, cardId, material } = establishment
  for (const [name, id] of Object.entries({ session, serverNonce, cardNonce, cardId })) requireBytes(id, name, ID_BYTES)
  requireBytes(material, 'material')
  const container = containerByte(establishment.container)
  if ((padding !== null) !== (way === 'session')) throw new TypeError('padding: given in the way session, and only there')
  if ((establishment.container !== null) !== hasContainer(way)) throw new TypeError('container: given in the ways session and agreement, and only there')
  if (!MATERIAL_BYTES[way].includes(material.length)) throw new TypeError(`material: of ${MATERIAL_BYTES[way].join(', ')} bytes is wanted`)
  const codes = padding === null ? NO_WRAP_PADDING : WRAP_PADDING_CODES[padding]
  return writeLittleEndian(
    preamble(KFPK.magic),
    Uint8Array.of(WAY_CODE[way], ALGORITHMS[algorithm].code, codes.padding, codes.hash, container, KINDS.indexOf(kind), 0),
    session,
    serverNonce,
    cardNonce,
    cardId,
    u16(material.length),
    u16(PROOF_BYTES[kind]),
    material,
  )
}

function readEstablishment(cursor: FormatCursor): DecodedEstablishment {
  const way = coded(cursor, 'way', wayOfCode)
  const algorithm = coded(cursor, 'algorithm', algorithmOfCode)
  const [paddingCode, hash] = [cursor.u8('padding'), cursor.u8('hash')]
  const padding = readPadding(cursor, way, paddingCode, hash)
  const container = containerOf(coded(cursor, 'container', (code) => ((containerOf(code) !== null) === hasContainer(way) ? code : null)))
  const proofKind = coded(cursor, 'proofKind', (code) => KINDS[code] ?? null)
  cursor.reserved('reserved', 1)
  const [session, serverNonce] = [copied(cursor, 'session', ID_BYTES), copied(cursor, 'serverNonce', ID_BYTES)]
  const [cardNonce, cardId] = [copied(cursor, 'cardNonce', ID_BYTES), copied(cursor, 'cardId', ID_BYTES)]
  const [materialLength, proofLength] = [announced16(cursor, 'materialLength'), announced16(cursor, 'proofLength')]
  requireLength(cursor, materialLength, MATERIAL_BYTES[way])
  requireLength(cursor, proofLength, [PROOF_BYTES[proofKind]])
  const [material, proof] = cursor.tail(['material', materialLength], ['proof', proofLength]).map((part) => part.slice()) as [Uint8Array, Uint8Array]
  return { way, algorithm, padding, container, session, serverNonce, cardNonce, cardId, material, proofKind, proof }
}

function readPadding(cursor: FormatCursor, way: Way, padding: number, hash: number): WrapPadding | null {
  if (way === 'session') return wrapPaddingOfCodes(padding, hash) ?? refuseValue(cursor, 'padding', 7, padding)
  if (padding !== NO_WRAP_PADDING.padding) refuseValue(cursor, 'padding', 7, padding)
  if (hash !== NO_WRAP_PADDING.hash) refuseValue(cursor, 'hash', 8, hash)
  return null
}

const hasContainer = (way: Way): boolean => way === 'session' || way === 'agreement'

const KFPK: Format<DecodedEstablishment> = { magic: 'KFPK', requirement: 'SKI-76', read: readEstablishment }
const UNPROVEN = proofRefused('SKI-50')
/** In the order of their numbers. */
const KINDS: readonly ServerProof[] = ['none', 'signature', 'sharedKey']
const PROOF_BYTES: Readonly<Record<ServerProof, number>> = { none: 0, signature: SIGNATURE_BYTES, sharedKey: TAG_BYTES }
/** RSA of 2048, 3072 and 4096 bits; points on P-256, P-384 and P-521. */
const MATERIAL_BYTES: Readonly<Record<Way, readonly number[]>> = { session: [256, 384, 512], agreement: [64, 96, 132], shared: [0], derived: [0] }
