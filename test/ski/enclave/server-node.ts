/**
 * A card for tests of servers, on `node:crypto` alone: it states what its keys are, takes session keys in all four ways,
 * opens sealed data and writes receipts and responses, so that what a server makes is judged by somebody else. What both
 * ends write the same way comes from `card-node.ts`.
 * @module
 */
import * as native from 'node:crypto'
import type { SecureFunction, SessionAlgorithm, WrapPadding } from '../../../src/ski/enclave/commands.js'
import { nativeKeyPair } from '../../support/native.js'
import { b64, contextOf, draw, hmac, kdf, le16, le32, proofKey, unb64, type Session } from './card-node.js'

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
const KEY_BYTES = { 'AES-128': 16, 'AES-192': 24, 'AES-256': 32, '3DES_112': 16, '3DES': 24 } as const
const CIPHER = { 'AES-128': 'aes-128-cbc', 'AES-192': 'aes-192-cbc', 'AES-256': 'aes-256-cbc', '3DES_112': 'des-ede-cbc', '3DES': 'des-ede3-cbc' } as const
const CURVES = { 'ec-P-256': 'prime256v1', 'ec-P-384': 'secp384r1', 'ec-P-521': 'secp521r1' } as const

/** A key pair of node's. */
export interface NodePair {
  readonly privateKey: native.KeyObject
  readonly publicKey: native.KeyObject
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer
}

const pairs = new Map<string, NodePair>()

/** A key pair of a kind, made once per process and number. */
export function pairOf(kind: string, number = 0): NodePair {
  const name = `${kind} ${number}`
  const known = pairs.get(name)
  if (known) return known
  const made = kind.startsWith('rsa')
    ? nativeKeyPair({ type: 'rsa', modulusLength: Number(kind.slice(4)) })
    : nativeKeyPair({ type: 'ec', namedCurve: CURVES[kind as keyof typeof CURVES] ?? kind })
  const pair = { ...made, spki: made.publicKey.export({ type: 'spki', format: 'der' }) }
  pairs.set(name, pair)
  return pair
}

/** `spki-sha256:…`, by node. */
export const fingerprintOf = (spki: Uint8Array): string => `spki-sha256:${native.createHash('sha256').update(spki).digest('hex')}`

/** The issuer of the cards of these tests, the server's signing key, and the master key of the shared keys. */
export const ISSUER = pairOf('ec-P-256', 100)
/** See {@link ISSUER}. */
export const SERVER_KEY = pairOf('ec-P-256', 101)
/** See {@link ISSUER}. */
export const MASTER_KEY = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')

const signed = (pair: NodePair, ...parts: readonly Buffer[]): Buffer =>
  native.sign('sha256', Buffer.concat(parts), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })

/** X ‖ Y of a public key. */
export function pointOf({ publicKey }: NodePair): Buffer {
  const { x, y } = publicKey.export({ format: 'jwk' })
  return Buffer.concat([unb64(x!), unb64(y!)])
}

/** A card: its id, its attestation key, and the key that it shares with the server. */
export interface NodeCard {
  readonly cardId: Buffer
  readonly attestation: NodePair
  readonly endorsement: Buffer
  readonly shared: Buffer
}

/** Personalises a card. */
export function nodeCard(issuer = ISSUER, number = 0): NodeCard {
  const cardId = draw(16)
  const attestation = pairOf('ec-P-256', 110 + number)
  const endorsement = signed(issuer, ascii('keyferry ski card endorsement v1\0'), cardId, pointOf(attestation))
  return { cardId, attestation, endorsement, shared: kdf(MASTER_KEY, 'keyferry ski card key', cardId, 32) }
}

/** What a card says of a key: as it has to be, unless given. */
export interface Said {
  readonly by?: 'attested' | 'sharedKey'
  readonly container?: number
  readonly purpose?: number
  readonly origin?: number
  readonly cardId?: Buffer
  readonly nonce?: Buffer
}

/** Evidence (KFEV) for a key. */
export function evidenceOf(card: NodeCard, spki: Uint8Array, said: Said = {}): { readonly evidence: string; readonly nonce: Buffer } {
  const { by = 'attested', container = 3, purpose = 1, origin = 1, cardId = card.cardId, nonce = draw(16) } = said
  const proofBytes = by === 'attested' ? 192 : 32
  const numbers = Buffer.from([1, by === 'attested' ? 1 : 2, container, origin, purpose, 0, 0, 0])
  const text = Buffer.concat([ascii('KFEV'), numbers, cardId, nonce, le16(spki.length), le16(proofBytes), spki])
  const label = ascii('keyferry ski key statement v1\0')
  const proof =
    by === 'attested'
      ? Buffer.concat([pointOf(card.attestation), card.endorsement, signed(card.attestation, label, text)])
      : hmac(proofKey(card.shared), label, text)
  return { evidence: b64(Buffer.concat([text, proof])), nonce }
}

/** The key in a key blob that was wrapped for K1; throws where it does not open. */
export function unwrapBlob(k1: NodePair, wrapped: Uint8Array, padding: WrapPadding): Buffer {
  if (padding !== 'pkcs1') {
    const opened = native.privateDecrypt(
      { key: k1.privateKey, padding: native.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: padding.slice('oaep-'.length) },
      wrapped,
    )
    return keyOfBlob(opened)
  }
  // Node 20 offers no unpadding of PKCS#1 v1.5: 00 02, at least eight bytes that are not zero, 00, message.
  const encoded = native.privateDecrypt({ key: k1.privateKey, padding: native.constants.RSA_NO_PADDING }, wrapped)
  const end = encoded.indexOf(0, 2)
  if (encoded[0] !== 0 || encoded[1] !== 2 || end < 10) throw new Error('this is no PKCS#1 v1.5 padding')
  return keyOfBlob(encoded.subarray(end + 1))
}

function keyOfBlob(blob: Buffer): Buffer {
  if (blob.subarray(0, 8).toString('hex') !== '4b44424d01000000' || blob.readUInt32LE(8) !== blob.length - 12) throw new Error('this is no key blob')
  return blob.subarray(12)
}

/** S1 by ECDH of the card's key with the server's point (BCRYPT_ECCKEY_BLOB), and the point as X ‖ Y. */
export function agreeAsCard(k1: NodePair, peer: string, session: Omit<Session, 's1'>): { readonly s1: Buffer; readonly point: Buffer } {
  const blob = unb64(peer)
  const { crv, x, y, d } = k1.privateKey.export({ format: 'jwk' })
  const magic = { 'P-256': 'ECK1', 'P-384': 'ECK3', 'P-521': 'ECK5' }[crv!]!
  if (blob.subarray(0, 4).toString() !== magic) throw new Error('this is no public ECDH key of the curve')
  const point = blob.subarray(8)
  const ecdh = native.createECDH({ 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }[crv!]!)
  ecdh.setPrivateKey(unb64(d!))
  const z = ecdh.computeSecret(Buffer.concat([Buffer.from([4]), point]))
  const be32 = (value: number) => Buffer.from(le32(value)).reverse()
  const counted = (...parts: Buffer[]) => Buffer.concat([be32(parts.reduce((sum, part) => sum + part.length, 0)), ...parts])
  const partyU = counted(session.session, session.serverNonce, point)
  const partyV = counted(session.cardId, session.cardNonce, unb64(x!), unb64(y!))
  const input = Buffer.concat([be32(1), z, counted(ascii('AES')), partyU, partyV])
  return { s1: native.createHash('sha256').update(input).digest().subarray(0, KEY_BYTES[session.algorithm]), point }
}

/** The key of a session in the ways `shared` and `derived`. */
export function sharedAsCard({ shared }: NodeCard, way: 'shared' | 'derived', format: 'published' | 'bound', session: Omit<Session, 's1'>): Buffer {
  const context = contextOf({ ...session, s1: Buffer.alloc(0) })
  if (way === 'derived') return kdf(shared, 'keyferry ski session key', context, KEY_BYTES[session.algorithm])
  return format === 'bound' ? kdf(shared, 'keyferry ski shared subkey', context, 32) : shared
}

/** An establishment (KFPK), taken apart by its table; throws where its proof is not the server's. */
export function readEstablishment(input: string, proof: 'none' | 'signature' | 'sharedKey', card: NodeCard) {
  const bytes = unb64(input)
  const [materialBytes, proofBytes] = [bytes.readUInt16LE(76), bytes.readUInt16LE(78)]
  const [text, given] = [bytes.subarray(0, 80 + materialBytes), bytes.subarray(80 + materialBytes)]
  const label = ascii('keyferry ski server proof v1\0')
  const good = {
    none: () => given.length === 0,
    signature: () => native.verify('sha256', Buffer.concat([label, text]), { key: SERVER_KEY.publicKey, dsaEncoding: 'ieee-p1363' }, given),
    sharedKey: () => hmac(proofKey(card.shared), label, text).equals(given),
  }[proof]
  if (given.length !== proofBytes || !good()) throw new Error('the proof is not the server')
  return {
    head: [...bytes.subarray(0, 12)],
    session: bytes.subarray(12, 28),
    serverNonce: bytes.subarray(28, 44),
    cardNonce: bytes.subarray(44, 60),
    cardId: bytes.subarray(60, 76),
    material: bytes.subarray(80, 80 + materialBytes),
  }
}

/** Sealed data as a card opens it: the structure, and of the bound format the header; throws where anything is wrong. */
export function openAsCard(session: Session, format: 'published' | 'bound', iv: string, blobs: readonly string[], padded = true) {
  const pieces = blobs.map(unb64)
  if (format === 'published') return { structure: decipher(session.algorithm, session.s1, unb64(iv), Buffer.concat(pieces), padded), header: null }
  const header = pieces[0]!.subarray(0, 84)
  const cut = pieces.map((piece, at) => piece.subarray(at === 0 ? 84 : 0, at === pieces.length - 1 ? piece.length - 32 : undefined))
  const tag = pieces.at(-1)!.subarray(-32)
  const expected = hmac(keyOf(session, 1, 2), ascii('keyferry ski sealed v1\0'), header, ...cut.flatMap((piece) => [le32(piece.length), piece]))
  if (!expected.equals(tag)) throw new Error('another tag')
  if (!header.subarray(64, 64 + unb64(iv).length).equals(unb64(iv))) throw new Error('another IV')
  return { structure: decipher(session.algorithm, keyOf(session, 1, 1), unb64(iv), Buffer.concat(cut), padded), header }
}

/** One of the keys of the bound format, by HKDF of node's. */
function keyOf(session: Session, direction: 1 | 2, purpose: 1 | 2): Buffer {
  const info = Buffer.concat([ascii('keyferry ski v1\0'), Buffer.from([direction, purpose]), session.session, session.cardId])
  const length = purpose === 1 ? KEY_BYTES[session.algorithm] : 32
  return Buffer.from(native.hkdfSync('sha256', session.s1, Buffer.concat([session.serverNonce, session.cardNonce]), info, length))
}

function decipher(algorithm: SessionAlgorithm, key: Buffer, iv: Buffer, ciphertext: Buffer, padded: boolean): Buffer {
  const cipher = native.createDecipheriv(CIPHER[algorithm], key, iv).setAutoPadding(padded)
  return Buffer.concat([cipher.update(ciphertext), cipher.final()])
}

function encipher(algorithm: SessionAlgorithm, key: Buffer, iv: Buffer, structure: Uint8Array): Buffer {
  const cipher = native.createCipheriv(CIPHER[algorithm], key, iv)
  return Buffer.concat([cipher.update(structure), cipher.final()])
}

/** What a card answers to a PIN function. */
export interface Responding {
  readonly function: Exclude<SecureFunction, 'Import Key Pair'>
  readonly pinId: number
  readonly direction?: 1 | 2
}

/** A response, in one blob. */
export function respondAsCard(session: Session, format: 'published' | 'bound', about: Responding, structure: Uint8Array): string {
  const iv = draw(session.algorithm.startsWith('AES') ? 16 : 8)
  if (format === 'published') return b64(Buffer.concat([iv, encipher(session.algorithm, session.s1, iv, structure)]))
  const direction = about.direction ?? 2
  const ciphertext = encipher(session.algorithm, keyOf(session, direction, 1), iv, structure)
  const algorithm = { 'AES-128': 1, 'AES-192': 2, 'AES-256': 3, '3DES_112': 4, '3DES': 5 }[session.algorithm]
  const header = Buffer.concat([
    ascii('KFSD'),
    Buffer.from([1, direction, about.function === 'Authenticate' ? 3 : 2, algorithm, 1, 0, 0xff, 0]),
    ...[1, about.pinId, 0, 0].map(le32),
    le16(1),
    le16(0),
    session.session,
    session.cardId,
    Buffer.concat([iv, Buffer.alloc(16)]).subarray(0, 16),
    le32(ciphertext.length),
  ])
  const tag = hmac(keyOf(session, direction, 2), ascii('keyferry ski sealed v1\0'), header, le32(ciphertext.length), ciphertext)
  return b64(Buffer.concat([header, ciphertext, tag]))
}

/** `CARD_AUTHENTICATE_RESPONSE`. */
export const authenticateResponse = (attempts: number, sessionPin: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([le32(7), le32(sessionPin.length), le32(attempts), sessionPin])

/** `CARD_CHANGE_AUTHENTICATOR_RESPONSE`. */
export const changeResponse = (attempts: number): Buffer => Buffer.concat([le32(7), le32(attempts)])
