/**
 * Our own formats around the published interface, on node:crypto: key derivation, bound sealed data, establishment, card evidence and
 * receipts. Each writer takes what is right and, where a test wants it, what is wrong.
 * @module
 */
import { createCipheriv, createECDH, createHmac, createPublicKey, hkdfSync, verify } from 'node:crypto'
import { fromLabel, integerBytes, inverse, sha256, toInteger, u32 } from './bytes.js'
import { cmac } from './crypto.js'
import { CURVE, ecFromScalar, ecSpki, type EcNumbers } from './keys.js'
import { le16, le32 } from './ski-layouts.js'
import { ALGORITHM } from './ski-session-keys.js'

/** Session-key algorithms, with their numbers in our formats. */
export const SESSION_ALGORITHM = {
  'AES-128': { code: 1, ...ALGORITHM['AES-128'] },
  'AES-192': { code: 2, ...ALGORITHM['AES-192'] },
  'AES-256': { code: 3, ...ALGORITHM['AES-256'] },
  '3DES_112': { code: 4, ...ALGORITHM['3DES_112'] },
  '3DES': { code: 5, ...ALGORITHM['3DES'] },
} as const
export type Algorithm = keyof typeof SESSION_ALGORITHM
export const ALGORITHM_NAMES = Object.keys(SESSION_ALGORITHM) as Algorithm[]

export const WAY = { session: 1, agreement: 2, shared: 3, derived: 4 } as const
export type Way = keyof typeof WAY
export const FUNCTION = { 'Import Key Pair': 1, 'Change Authenticator': 2, Authenticate: 3 } as const
export type SecureFunction = keyof typeof FUNCTION
export const DIRECTION = { toCard: 1, toServer: 2 } as const
export type Direction = keyof typeof DIRECTION

/** The numbers of an RSA padding and of its hash. */
export const WRAP_PADDING = { pkcs1: [2, 0], 'oaep-sha1': [8, 1], 'oaep-sha256': [8, 2], 'oaep-sha384': [8, 3], 'oaep-sha512': [8, 4] } as const
export type WrapPadding = keyof typeof WRAP_PADDING

/** What makes a session this session. */
export interface Session {
  readonly session: Buffer
  readonly serverNonce: Buffer
  readonly cardNonce: Buffer
  readonly cardId: Buffer
}

/** A session that follows from a label. */
export const sessionOf = (label: string): Session => ({
  session: fromLabel(`ski/${label}/session`, 16),
  serverNonce: fromLabel(`ski/${label}/server nonce`, 16),
  cardNonce: fromLabel(`ski/${label}/card nonce`, 16),
  cardId: fromLabel(`ski/${label}/card id`, 16),
})

const all = ({ session, serverNonce, cardNonce, cardId }: Session): Buffer => Buffer.concat([session, serverNonce, cardNonce, cardId])

/** SP 800-108r1 in counter mode with AES-CMAC; label and context are separated by a zero byte, the length is in bits. */
export function counterKdf(key: Buffer, label: string, context: Buffer, length: number): Buffer {
  const fixed = Buffer.concat([Buffer.from(label), Buffer.of(0), context, u32(8 * length)])
  const blocks = Array.from({ length: Math.ceil(length / 16) }, (_, i) => cmac(key, Buffer.concat([u32(i + 1), fixed])))
  return Buffer.concat(blocks).subarray(0, length)
}

export const cardKey = (master: Buffer, cardId: Buffer): Buffer => counterKdf(master, 'keyferry ski card key', cardId, 32)
export const proofKey = (ofCard: Buffer): Buffer => counterKdf(ofCard, 'keyferry ski proof key', Buffer.alloc(0), 32)
export const sharedSubkey = (ofCard: Buffer, session: Session): Buffer => counterKdf(ofCard, 'keyferry ski shared subkey', all(session), 32)
export const derivedKey = (ofCard: Buffer, session: Session, algorithm: Algorithm): Buffer =>
  counterKdf(ofCard, 'keyferry ski session key', all(session), SESSION_ALGORITHM[algorithm].bytes)

/** x of the shared point, by OpenSSL. */
export function sharedSecret(own: EcNumbers, peer: EcNumbers): Buffer {
  const ecdh = createECDH(CURVE[own.curve].node)
  ecdh.setPrivateKey(own.d)
  return ecdh.computeSecret(Buffer.concat([Buffer.of(4), peer.x, peer.y]))
}

/** The one-step KDF of SP 800-56C with SHA-256, as CNG's SP800_56A_CONCAT. */
export function agreedKey(z: Buffer, { session, serverNonce, cardNonce, cardId }: Session, algorithm: Algorithm, server: EcNumbers, card: EcNumbers): Buffer {
  const counted = (...parts: readonly Buffer[]) => [u32(Buffer.concat(parts).length), ...parts]
  const partyU = counted(session, serverNonce, server.x, server.y)
  const partyV = counted(cardId, cardNonce, card.x, card.y)
  return sha256(Buffer.concat([u32(1), z, ...counted(Buffer.from('AES')), ...partyU, ...partyV])).subarray(0, SESSION_ALGORITHM[algorithm].bytes)
}

/** One of the four keys of bound sealed data. */
export function boundKey(
  key: Buffer,
  { session, serverNonce, cardNonce, cardId }: Session,
  algorithm: Algorithm,
  direction: Direction,
  purpose: 'encrypt' | 'mac',
) {
  const info = Buffer.concat([Buffer.from('keyferry ski v1\0'), Buffer.of(DIRECTION[direction], purpose === 'encrypt' ? 1 : 2), session, cardId])
  const length = purpose === 'encrypt' ? SESSION_ALGORITHM[algorithm].bytes : 32
  return Buffer.from(hkdfSync('sha256', key, Buffer.concat([serverNonce, cardNonce]), info, length))
}

/** CBC over whole blocks, with block padding unless the plaintext brings its own. */
export function cbc(algorithm: Algorithm, key: Buffer, iv: Buffer, plaintext: Buffer, padding = true): Buffer {
  const cipher = createCipheriv(SESSION_ALGORITHM[algorithm].cipher, key, iv).setAutoPadding(padding)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}

/** HMAC-SHA-256 over a label that ends with a zero byte, and a text. */
export const labelled = (key: Buffer, label: string, ...text: readonly Buffer[]): Buffer =>
  createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(`${label}\0`), ...text]))
    .digest()

/** ECDSA on P-256 with SHA-256, r ‖ s; the secret number follows from key and message, so that it is the same each time. OpenSSL verifies it. */
export function ecdsa(key: EcNumbers, label: string, ...text: readonly Buffer[]): Buffer {
  const { order } = CURVE['P-256']
  const message = Buffer.concat([Buffer.from(`${label}\0`), ...text])
  const k = (toInteger(fromLabel(`ecdsa/${sha256(Buffer.concat([key.d, message])).toString('hex')}`, 48)) % (order - 1n)) + 1n
  const r = toInteger(ecFromScalar('P-256', k).x) % order
  const s = (inverse(k, order) * (toInteger(sha256(message)) + r * toInteger(key.d))) % order
  const signature = Buffer.concat([integerBytes(r, 32), integerBytes(s, 32)])
  const publicKey = createPublicKey({ key: ecSpki(key), format: 'der', type: 'spki' })
  if (!verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)) throw new Error('ECDSA does not verify')
  return signature
}

/** The fields of the header of bound sealed data. */
export interface Header {
  readonly magic?: string
  readonly version?: number
  readonly direction: number
  readonly function: number
  readonly algorithm: number
  readonly mode?: number
  readonly overwrite?: number
  readonly container: number
  readonly reserved?: number
  readonly flags: number
  readonly pinId: number
  readonly keySpec: number
  readonly keySize: number
  readonly blobCount: number
  readonly reserved2?: number
  readonly session: Buffer
  readonly cardId: Buffer
  /** 16 bytes; with 3DES the last eight are zero. */
  readonly iv: Buffer
  readonly length: number
}

/** The 84 bytes of a header. */
export function sealedHeader(header: Header): Buffer {
  const { magic = 'KFSD', version = 1, direction, algorithm, mode = 1, overwrite = 0, container, reserved = 0 } = header
  const { flags, pinId, keySpec, keySize, blobCount, reserved2 = 0, session, cardId, iv, length } = header
  return Buffer.concat([
    Buffer.from(magic, 'latin1'),
    Buffer.of(version, direction, header.function, algorithm, mode, overwrite, container, reserved),
    ...[flags, pinId, keySpec, keySize].map(le32),
    ...[blobCount, reserved2].map(le16),
    session,
    cardId,
    iv,
    le32(length),
  ])
}

/** What is sealed, and what may be wrong with it: fields of the header, the label, the keys, the padding, the cut. */
export interface Bound {
  readonly session: Session
  readonly key: Buffer
  readonly algorithm: Algorithm
  readonly direction: Direction
  readonly function: SecureFunction
  readonly container: number
  readonly pinId: number
  readonly keySpec?: number
  readonly keySize?: number
  readonly flags?: number
  readonly iv: Buffer
  readonly structure: Buffer
  /** After how many bytes of ciphertext each piece but the last ends. */
  readonly cuts?: readonly number[]
  readonly header?: Partial<Header>
  readonly label?: string
  /** Another key for the MAC, or for the cipher. */
  readonly mac?: Buffer
  readonly encrypt?: Buffer
  /** Whole blocks in place of structure and padding. */
  readonly padded?: Buffer
  /** The header as it is sent, where it is not the one under the MAC. */
  readonly sent?: Partial<Header>
}

/** Blobs of bound sealed data. */
export function sealBound(bound: Bound): Buffer[] {
  const { session, key, algorithm, direction, iv, structure, flags = 1, cuts = [], label = 'keyferry ski sealed v1' } = bound
  const { encrypt = boundKey(key, session, algorithm, direction, 'encrypt'), mac = boundKey(key, session, algorithm, direction, 'mac') } = bound
  const ciphertext = bound.padded ? cbc(algorithm, encrypt, iv, bound.padded, false) : cbc(algorithm, encrypt, iv, structure, flags === 1)
  const pieces = [...cuts, ciphertext.length].map((end, at, ends) => ciphertext.subarray(ends[at - 1] ?? 0, end))
  const fields: Header = {
    direction: DIRECTION[direction],
    function: FUNCTION[bound.function],
    algorithm: SESSION_ALGORITHM[algorithm].code,
    container: bound.container,
    flags,
    pinId: bound.pinId,
    keySpec: bound.keySpec ?? 0,
    keySize: bound.keySize ?? 0,
    blobCount: pieces.length,
    session: session.session,
    cardId: session.cardId,
    iv: Buffer.concat([iv, Buffer.alloc(16 - iv.length)]),
    length: ciphertext.length,
    ...bound.header,
  }
  const header = sealedHeader(fields)
  const tag = labelled(mac, label, header, ...pieces.flatMap((piece) => [le32(piece.length), piece]))
  const sent = sealedHeader({ ...fields, ...bound.sent })
  return pieces.map((piece, at) => Buffer.concat([at === 0 ? sent : NOTHING, piece, at === pieces.length - 1 ? tag : NOTHING]))
}

const NOTHING = Buffer.alloc(0)

/** What a server proves with. */
export type ServerProof =
  { readonly kind: 'none' } | { readonly kind: 'signature'; readonly key: EcNumbers } | { readonly kind: 'sharedKey'; readonly key: Buffer }

/** The fields of an establishment, and what may be wrong with it. */
export interface Establishment {
  readonly way: Way
  readonly algorithm: Algorithm
  readonly padding?: WrapPadding
  readonly container: number
  readonly session: Session
  readonly material: Buffer
  readonly magic?: string
  readonly version?: number
  /** Numbers in place of those that follow from the fields above, by offset. */
  readonly bytes?: Readonly<Record<number, number>>
  readonly materialLength?: number
  readonly proofLength?: number
  readonly label?: string
}

/** KFPK. */
export function establishmentOf(fields: Establishment, prover: ServerProof): Buffer {
  const { way, algorithm, padding, container, session, material, magic = 'KFPK', version = 1, label = 'keyferry ski server proof v1' } = fields
  const kind = ['none', 'signature', 'sharedKey'].indexOf(prover.kind)
  const proofBytes = [0, 64, 32][kind]!
  const head = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    Buffer.of(version, WAY[way], SESSION_ALGORITHM[algorithm].code, ...(padding ? WRAP_PADDING[padding] : [1, 0]), container, kind, 0),
    all(session),
    le16(fields.materialLength ?? material.length),
    le16(fields.proofLength ?? proofBytes),
  ])
  for (const [offset, value] of Object.entries(fields.bytes ?? {})) head[Number(offset)] = value
  const text = Buffer.concat([head, material])
  if (prover.kind === 'none') return text
  return Buffer.concat([text, prover.kind === 'signature' ? ecdsa(prover.key, label, text) : labelled(prover.key, label, text)])
}

/** A card's attestation key and who vouches for it. */
export type CardProof =
  { readonly kind: 'attested'; readonly key: EcNumbers; readonly endorsement: Buffer } | { readonly kind: 'sharedKey'; readonly key: Buffer }

/** An issuer's word that an attestation key is that of a card. */
export const endorsementOf = (issuer: EcNumbers, cardId: Buffer, key: EcNumbers, label = 'keyferry ski card endorsement v1'): Buffer =>
  ecdsa(issuer, label, cardId, key.x, key.y)

/** The fields of card evidence, and what may be wrong with it. */
export interface Evidence {
  readonly container: number
  readonly purpose: 'session' | 'agreement'
  readonly cardId: Buffer
  readonly nonce: Buffer
  readonly spki: Buffer
  readonly magic?: string
  readonly version?: number
  readonly bytes?: Readonly<Record<number, number>>
  readonly spkiLength?: number
  readonly proofLength?: number
  readonly label?: string
}

/** KFEV. */
export function evidenceOf(fields: Evidence, prover: CardProof): Buffer {
  const { container, purpose, cardId, nonce, spki, magic = 'KFEV', version = 1, label = 'keyferry ski key statement v1' } = fields
  const attested = prover.kind === 'attested'
  const head = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    Buffer.of(version, attested ? 1 : 2, container, 1, purpose === 'session' ? 1 : 2, 0, 0, 0),
    cardId,
    nonce,
    le16(fields.spkiLength ?? spki.length),
    le16(fields.proofLength ?? (attested ? 192 : 32)),
  ])
  for (const [offset, value] of Object.entries(fields.bytes ?? {})) head[Number(offset)] = value
  const text = Buffer.concat([head, spki])
  if (!attested) return Buffer.concat([text, labelled(prover.key, label, text)])
  return Buffer.concat([text, prover.key.x, prover.key.y, prover.endorsement, ecdsa(prover.key, label, text)])
}

/** The fields of a receipt, and what may be wrong with it. */
export interface Receipt {
  readonly kind: 'sessionKey' | 'keyPair'
  readonly container: number
  readonly session: Buffer
  readonly cardId: Buffer
  readonly identity: Buffer | null
  readonly magic?: string
  readonly version?: number
  readonly bytes?: Readonly<Record<number, number>>
  readonly label?: string
}

/** KFRC, under the MAC key from the card to the server. */
export function receiptOf(fields: Receipt, mac: Buffer): Buffer {
  const { kind, container, session, cardId, identity, magic = 'KFRC', version = 1, label = 'keyferry ski receipt v1' } = fields
  const head = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    Buffer.of(version, kind === 'sessionKey' ? 1 : 2, container, 0),
    session,
    cardId,
    identity ?? Buffer.alloc(32),
  ])
  for (const [offset, value] of Object.entries(fields.bytes ?? {})) head[Number(offset)] = value
  return Buffer.concat([head, labelled(mac, label, head)])
}
