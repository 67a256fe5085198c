/**
 * Every key that SKI derives, and from what. Nothing else derives one.
 *
 *   master key -KDF-> K_C, the card's shared key (diversified: a card never holds the master key)
 *   K_C -KDF-> session key of the way `derived`; subkey of a session in the way `shared`; key of shared-key proofs
 *   ECDH -> Z -one-step KDF-> session key of the way `agreement`
 *   S1 -HKDF-> two keys per direction of the bound format
 *
 * KDF is the counter mode of SP 800-108r1 with AES-CMAC, the one-step KDF is that of SP 800-56C r2 with SHA-256 (CNG:
 * `SP800_56A_CONCAT`), HKDF is RFC 5869 with SHA-256. All of it is synchronous; what is returned belongs to the caller, who wipes it.
 *
 * Spec: spec/ski-sealed-data.md, SKI-67, SKI-77.
 * @module
 */
import { concat, requireBytes, utf8 } from '../../bytes/bytes.js'
import { concatKdf, hkdf, kdfCounterCmac } from '../../crypto/kdf.js'
import type { EcPublicKey } from '../../crypto/keys.js'
import type { SessionAlgorithm } from '../enclave/commands.js'
import { ALGORITHMS, DIRECTION_CODE, type Direction } from './codes.js'

/** The length of session ids, nonces and card ids. */
export const ID_BYTES = 16

/** What makes a session this session: four byte strings of 16 bytes, all public. */
export interface SessionContext {
  readonly session: Uint8Array
  readonly serverNonce: Uint8Array
  readonly cardNonce: Uint8Array
  readonly cardId: Uint8Array
}

/** A session key (S1) with the session that it belongs to. In the bound format of the way `shared`, `key` is the {@link sharedSubkey}. */
export interface SessionKey {
  readonly algorithm: SessionAlgorithm
  readonly key: Uint8Array
  readonly context: SessionContext
}

/** K_C, 32 bytes: the key that a card shares with whoever has the master key (16, 24 or 32 bytes). */
export function cardKey(master: Uint8Array, cardId: Uint8Array): Uint8Array {
  requireBytes(cardId, 'cardId', ID_BYTES)
  return kdfCounterCmac(master, utf8('keyferry ski card key'), cardId, CARD_KEY_BYTES)
}

/** The key of one session in the way `shared`, 32 bytes (SKI-77). */
export function sharedSubkey(ofCard: Uint8Array, context: SessionContext): Uint8Array {
  requireBytes(ofCard, 'cardKey', CARD_KEY_BYTES)
  return kdfCounterCmac(ofCard, utf8('keyferry ski shared subkey'), contextBytes(context), 32)
}

/** S1 in the way `derived`. */
export function derivedKey(ofCard: Uint8Array, context: SessionContext, algorithm: SessionAlgorithm): Uint8Array {
  requireBytes(ofCard, 'cardKey', CARD_KEY_BYTES)
  return kdfCounterCmac(ofCard, utf8('keyferry ski session key'), contextBytes(context), ALGORITHMS[algorithm].keyBytes)
}

/** The HMAC key of shared-key proofs, 32 bytes. */
export function proofKey(ofCard: Uint8Array): Uint8Array {
  requireBytes(ofCard, 'cardKey', CARD_KEY_BYTES)
  return kdfCounterCmac(ofCard, utf8('keyferry ski proof key'), new Uint8Array(0), 32)
}

/**
 * S1 in the way `agreement`, of the x coordinate of the shared point. Party U is the server with its ephemeral point, party V the
 * card; where no card nonce is outstanding it is 16 zero bytes.
 */
export function agreedKey(z: Uint8Array, context: SessionContext, algorithm: SessionAlgorithm, serverPoint: EcPublicKey, cardPoint: EcPublicKey): Uint8Array {
  requireContext(context)
  requireBytes(z, 'z', cardPoint.x.length)
  const partyU = [context.session, context.serverNonce, serverPoint.x, serverPoint.y]
  const partyV = [context.cardId, context.cardNonce, cardPoint.x, cardPoint.y]
  const otherInfo = concat(counted(utf8('AES')), counted(...partyU), counted(...partyV))
  return concatKdf('SHA-256', z, otherInfo, ALGORITHMS[algorithm].keyBytes)
}

/** One of the four keys of the bound format: to encipher or to authenticate (32 bytes) what goes in one direction (SKI-67). */
export function boundKey(session: SessionKey, direction: Direction, purpose: 'encrypt' | 'mac'): Uint8Array {
  const { key, context, algorithm } = session
  requireContext(context)
  const numbers = Uint8Array.of(DIRECTION_CODE[direction], purpose === 'encrypt' ? 1 : 2)
  const info = concat(utf8('keyferry ski v1\0'), numbers, context.session, context.cardId)
  const length = purpose === 'encrypt' ? ALGORITHMS[algorithm].keyBytes : MAC_KEY_BYTES
  return hkdf('SHA-256', key, concat(context.serverNonce, context.cardNonce), info, length)
}

const CARD_KEY_BYTES = 32
const MAC_KEY_BYTES = 32

function contextBytes(context: SessionContext): Uint8Array {
  requireContext(context)
  return concat(context.session, context.serverNonce, context.cardNonce, context.cardId)
}

function requireContext(context: SessionContext): void {
  requireBytes(context.session, 'session', ID_BYTES)
  requireBytes(context.serverNonce, 'serverNonce', ID_BYTES)
  requireBytes(context.cardNonce, 'cardNonce', ID_BYTES)
  requireBytes(context.cardId, 'cardId', ID_BYTES)
}

/** Bytes behind their number, 32 bits, big-endian as SP 800-56A has it. */
function counted(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = concat(new Uint8Array(4), ...parts)
  new DataView(bytes.buffer).setUint32(0, bytes.length - 4)
  return bytes
}
