/**
 * A server for tests of cards, on `node:crypto` alone: key derivations, establishments, sealed data, receipts and structures
 * written out from the format tables, so that what a card answers is compared with somebody else's result.
 * @module
 */
import * as native from 'node:crypto'
import type { SecureFunction, SessionAlgorithm, WrapPadding } from '../../../src/ski/enclave/commands.js'
import type { ServerProof, Way } from '../../../src/ski/policy.js'

/** Codes of the formats, from the specification's tables. */
const CODES = {
  way: { session: 1, agreement: 2, shared: 3, derived: 4 },
  algorithm: { 'AES-128': 1, 'AES-192': 2, 'AES-256': 3, '3DES_112': 4, '3DES': 5 },
  keyBytes: { 'AES-128': 16, 'AES-192': 24, 'AES-256': 32, '3DES_112': 16, '3DES': 24 },
  cipher: { 'AES-128': 'aes-128-cbc', 'AES-192': 'aes-192-cbc', 'AES-256': 'aes-256-cbc', '3DES_112': 'des-ede-cbc', '3DES': 'des-ede3-cbc' },
  padding: { pkcs1: [2, 0], 'oaep-sha1': [8, 1], 'oaep-sha256': [8, 2], 'oaep-sha384': [8, 3], 'oaep-sha512': [8, 4] },
  function: { 'Import Key Pair': 1, 'Change Authenticator': 2, Authenticate: 3 },
  proof: { none: 0, signature: 1, sharedKey: 2 },
} as const

/** Bytes as base64url, and back. */
export const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
/** See {@link b64}. */
export const unb64 = (text: string): Buffer => Buffer.from(text, 'base64url')

/** Little-endian integers. */
export const le16 = (value: number): Buffer => Buffer.from([value & 255, value >>> 8])
/** See {@link le16}. */
export const le32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const be32 = (value: number): Buffer => Buffer.from(le32(value)).reverse()
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
/** Random bytes. */
export const draw = (length: number): Buffer => native.randomBytes(length)

/** What a session is, as the server knows it. */
export interface Session {
  readonly algorithm: SessionAlgorithm
  readonly s1: Buffer
  readonly session: Buffer
  readonly serverNonce: Buffer
  readonly cardNonce: Buffer
  readonly cardId: Buffer
}

/** A server's end of a session with a card: ids, nonces, and a new key. */
export const newSession = (cardId: Uint8Array, cardNonce: Uint8Array, algorithm: SessionAlgorithm = 'AES-256'): Session => ({
  algorithm,
  s1: draw(CODES.keyBytes[algorithm]),
  session: draw(16),
  serverNonce: draw(16),
  cardNonce: Buffer.from(cardNonce),
  cardId: Buffer.from(cardId),
})

/** AES-CMAC (RFC 4493) on node's AES. */
function cmac(key: Buffer, message: Buffer): Buffer {
  const ecb = (block: Buffer) => {
    const cipher = native.createCipheriv(`aes-${8 * key.length}-ecb`, key, null).setAutoPadding(false)
    return Buffer.concat([cipher.update(block), cipher.final()])
  }
  const double = (block: Buffer) => {
    const number = BigInt(`0x${block.toString('hex')}`) << 1n
    const reduced = number >> 128n ? number ^ (1n << 128n) ^ 0x87n : number
    return Buffer.from(reduced.toString(16).padStart(32, '0'), 'hex')
  }
  const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, at) => byte ^ b[at]!))
  const k1 = double(ecb(Buffer.alloc(16)))
  const whole = message.length > 0 && message.length % 16 === 0
  const padded = whole ? Buffer.from(message) : Buffer.concat([message, Buffer.from([0x80]), Buffer.alloc(15 - (message.length % 16))])
  const last = padded.length - 16
  padded.set(xor(padded.subarray(last), whole ? k1 : double(k1)), last)
  let state: Buffer = Buffer.alloc(16)
  for (let at = 0; at < padded.length; at += 16) state = ecb(xor(state, padded.subarray(at, at + 16)))
  return state
}

/** SP 800-108r1 in counter mode with AES-CMAC. */
export function kdf(key: Buffer, label: string, context: Buffer, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 16) }, (_, at) =>
    cmac(key, Buffer.concat([be32(at + 1), ascii(label), Buffer.alloc(1), context, be32(8 * length)])),
  )
  return Buffer.concat(blocks).subarray(0, length)
}

/** session ‖ server nonce ‖ card nonce ‖ card id. */
export const contextOf = ({ session, serverNonce, cardNonce, cardId }: Session): Buffer => Buffer.concat([session, serverNonce, cardNonce, cardId])

/** The key of shared-key proofs. */
export const proofKey = (shared: Buffer): Buffer => kdf(shared, 'keyferry ski proof key', Buffer.alloc(0), 32)

/** HMAC-SHA-256. */
export const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer => native.createHmac('sha256', key).update(Buffer.concat(parts)).digest()

/** One of the four keys of the bound format. */
function boundKey(session: Session, direction: 1 | 2, purpose: 1 | 2): Buffer {
  const info = Buffer.concat([ascii('keyferry ski v1\0'), Buffer.from([direction, purpose]), session.session, session.cardId])
  const length = purpose === 1 ? CODES.keyBytes[session.algorithm] : 32
  return Buffer.from(native.hkdfSync('sha256', session.s1, Buffer.concat([session.serverNonce, session.cardNonce]), info, length))
}

/** Wraps a key blob for K1. */
export function wrapFor(spki: Uint8Array, blob: Uint8Array, padding: WrapPadding): Buffer {
  const key = native.createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return padding === 'pkcs1'
    ? native.publicEncrypt({ key, padding: native.constants.RSA_PKCS1_PADDING }, blob)
    : native.publicEncrypt({ key, padding: native.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: padding.slice('oaep-'.length) }, blob)
}

/** `BCRYPT_KEY_DATA_BLOB`. */
export const keyDataBlob = (key: Uint8Array): Buffer => Buffer.concat([ascii('KDBM'), le32(1), le32(key.length), key])

/** What an establishment is made of. */
export interface Terms {
  readonly way: Way
  readonly padding: WrapPadding | null
  readonly container: number | null
  readonly material: Uint8Array
}

/** By what a server proves. */
export type Prover =
  { readonly kind: 'none' } | { readonly kind: 'signature'; readonly key: native.KeyObject } | { readonly kind: 'sharedKey'; readonly key: Buffer }

/** An establishment (KFPK). */
export function establishment(session: Session, { way, padding, container, material }: Terms, prover: Prover): Buffer {
  const [code, hash] = padding === null ? [1, 0] : CODES.padding[padding]
  const kind: ServerProof = prover.kind
  const numbers = [1, CODES.way[way], CODES.algorithm[session.algorithm], code, hash, container ?? 0xff, CODES.proof[kind], 0]
  const proofBytes = { none: 0, signature: 64, sharedKey: 32 }[kind]
  const text = Buffer.concat([ascii('KFPK'), Buffer.from(numbers), contextOf(session), le16(material.length), le16(proofBytes), material])
  return Buffer.concat([text, prove(prover, 'keyferry ski server proof v1\0', text)])
}

function prove(prover: Prover, label: string, text: Buffer): Buffer {
  const signed = Buffer.concat([ascii(label), text])
  if (prover.kind === 'none') return Buffer.alloc(0)
  return prover.kind === 'signature' ? native.sign('sha256', signed, { key: prover.key, dsaEncoding: 'ieee-p1363' }) : hmac(proofKey(prover.key), signed)
}

/** What sealed data is for. */
export interface SealedTerms {
  readonly function: SecureFunction
  readonly container?: number | null
  readonly overwrite?: boolean
  readonly flags?: number
  readonly pinId?: number
  readonly keySpec?: number
  readonly keySize?: number
  readonly direction?: 1 | 2
  readonly blobs?: number
}

/** Header fields that a test wants to be wrong, or of another session. */
export interface HeaderChange {
  readonly session?: Buffer
  readonly cardId?: Buffer
  readonly iv?: Buffer
  readonly blobCount?: number
  readonly mode?: number
}

/** Sealed data of the bound format (KFSD). */
export function sealBound(session: Session, terms: SealedTerms, iv: Buffer, structure: Uint8Array, pieces = 1, change: HeaderChange = {}): string[] {
  const { container = null, overwrite = false, flags = 1, pinId = 0, keySpec = 0, keySize = 0, direction = 1 } = terms
  const ciphertext = cbc(session.algorithm, boundKey(session, direction, 1), iv, flags === 1, structure)
  const numbers = [1, direction, CODES.function[terms.function], CODES.algorithm[session.algorithm], change.mode ?? 1, overwrite ? 1 : 0, container ?? 0xff, 0]
  const header = Buffer.concat([
    ascii('KFSD'),
    Buffer.from(numbers),
    ...[flags, pinId, keySpec, keySize].map(le32),
    le16(change.blobCount ?? pieces),
    le16(0),
    change.session ?? session.session,
    change.cardId ?? session.cardId,
    Buffer.concat([change.iv ?? iv, Buffer.alloc(16)]).subarray(0, 16),
    le32(ciphertext.length),
  ])
  const cut = cutInto(ciphertext, iv.length, pieces)
  const tag = hmac(boundKey(session, direction, 2), ascii('keyferry ski sealed v1\0'), header, ...cut.flatMap((piece) => [le32(piece.length), piece]))
  return cut.map((piece, at) => b64(Buffer.concat([at === 0 ? header : Buffer.alloc(0), piece, at === pieces - 1 ? tag : Buffer.alloc(0)])))
}

/** Sealed data as published: CBC, and nothing more. */
export const sealPublished = (session: Session, iv: Buffer, structure: Uint8Array, pieces = 1, padded = true): string[] =>
  cutInto(cbc(session.algorithm, session.s1, iv, padded, structure), iv.length, pieces).map(b64)

/** Opens a response of a card, in either format; throws where it is none. */
export function openResponse(session: Session, format: 'published' | 'bound', output: string): Buffer {
  const blob = unb64(output)
  const block = session.algorithm.startsWith('AES') ? 16 : 8
  if (format === 'published') return decipher(session.algorithm, session.s1, blob.subarray(0, block), blob.subarray(block))
  const [header, ciphertext, tag] = [blob.subarray(0, 84), blob.subarray(84, -32), blob.subarray(-32)]
  if (header[5] !== 2) throw new Error('a response goes in the other direction')
  const expected = hmac(boundKey(session, 2, 2), ascii('keyferry ski sealed v1\0'), header, le32(ciphertext.length), ciphertext)
  if (!expected.equals(tag)) throw new Error('the response has another tag')
  return decipher(session.algorithm, boundKey(session, 2, 1), header.subarray(64, 64 + block), ciphertext)
}

/** A receipt (KFRC). */
export function receipt(session: Session, kind: 1 | 2, container: number | null, identity: Uint8Array = Buffer.alloc(32)): string {
  const text = Buffer.concat([ascii('KFRC'), Buffer.from([1, kind, container ?? 0xff, 0]), session.session, session.cardId, identity])
  return b64(Buffer.concat([text, hmac(boundKey(session, 2, 2), ascii('keyferry ski receipt v1\0'), text)]))
}

/** Evidence (KFEV) taken apart, if its proof is genuine. */
export function readEvidence(
  evidence: string,
  judge: { readonly issuer: native.KeyObject } | { readonly shared: Buffer },
): { container: number; purpose: number; cardId: Buffer; nonce: Buffer; spki: Buffer } | null {
  const bytes = unb64(evidence)
  const spkiBytes = bytes.readUInt16LE(44)
  const [text, proof] = [bytes.subarray(0, 48 + spkiBytes), bytes.subarray(48 + spkiBytes)]
  const said = {
    container: bytes[6]!,
    purpose: bytes[8]!,
    cardId: bytes.subarray(12, 28),
    nonce: bytes.subarray(28, 44),
    spki: bytes.subarray(48, 48 + spkiBytes),
  }
  const label = ascii('keyferry ski key statement v1\0')
  if (bytes.subarray(0, 4).toString() !== 'KFEV' || bytes[4] !== 1 || bytes[7] !== 1 || proof.length !== bytes.readUInt16LE(46)) return null
  if ('shared' in judge) return bytes[5] === 2 && hmac(proofKey(judge.shared), label, text).equals(proof) ? said : null
  const [point, endorsement, signature] = [proof.subarray(0, 64), proof.subarray(64, 128), proof.subarray(128)]
  const attestation = native.createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: b64(point.subarray(0, 32)), y: b64(point.subarray(32)) }, format: 'jwk' })
  const verify = (key: native.KeyObject, signed: Buffer, by: Buffer) => native.verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, by)
  const endorsed = verify(judge.issuer, Buffer.concat([ascii('keyferry ski card endorsement v1\0'), said.cardId, point]), endorsement)
  return bytes[5] === 1 && endorsed && verify(attestation, Buffer.concat([label, text]), signature) ? said : null
}

/** Ephemeral ECDH of the server with the card's key: the point as a blob and as X ‖ Y, and S1 by the one-step KDF. */
export function agreeWith(cardSpki: Uint8Array, session: Session): { readonly peer: string; readonly point: Buffer; readonly session: Session } {
  const card = native.createPublicKey({ key: Buffer.from(cardSpki), format: 'der', type: 'spki' })
  const { crv, x, y } = card.export({ format: 'jwk' })
  const curve = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }[crv!]!
  const ecdh = native.createECDH(curve)
  const point = ecdh.generateKeys().subarray(1)
  const cardPoint = Buffer.concat([unb64(x!), unb64(y!)])
  const z = ecdh.computeSecret(Buffer.concat([Buffer.from([4]), cardPoint]))
  const partyU = Buffer.concat([session.session, session.serverNonce, point])
  const partyV = Buffer.concat([session.cardId, session.cardNonce, cardPoint])
  const counted = (part: Buffer) => Buffer.concat([be32(part.length), part])
  const otherInfo = Buffer.concat([counted(ascii('AES')), counted(partyU), counted(partyV)])
  const s1 = native
    .createHash('sha256')
    .update(Buffer.concat([be32(1), z, otherInfo]))
    .digest()
    .subarray(0, CODES.keyBytes[session.algorithm])
  const magic = { 'P-256': 'ECK1', 'P-384': 'ECK3', 'P-521': 'ECK5' }[crv!]!
  return { peer: b64(Buffer.concat([ascii(magic), le32(point.length / 2), point])), point, session: { ...session, s1 } }
}

/** A key pair of node's, as JWK and as DER SubjectPublicKeyInfo. */
export interface Pair {
  readonly kind: string
  readonly jwk: native.JsonWebKey
  readonly spki: Buffer
}

/** `CARD_IMPORT_KEYPAIR`, and what is in it. */
export interface ImportTerms {
  readonly container: number
  readonly pinId: number
  readonly keySpec: number
  readonly keySize: number
}

/** `CARD_IMPORT_KEYPAIR` around a key pair. */
export const importStructure = ({ container, pinId, keySpec, keySize }: ImportTerms, material: Uint8Array, version = 7): Buffer =>
  Buffer.concat([le32(version), Buffer.from([container, 0, 0, 0]), le32(pinId), le32(keySpec), le32(keySize), le32(material.length), material])

/** The key material of a pair: CAPI `PRIVATEKEYBLOB`, or `BCRYPT_ECCKEY_BLOB`. */
export function material({ jwk }: Pair, use: 'exchange' | 'signature', change: Partial<native.JsonWebKey> = {}): Buffer {
  const changed = { ...jwk, ...change }
  if (jwk.kty === 'EC') {
    const number = { 'P-256': 2, 'P-384': 4, 'P-521': 6 }[jwk.crv!]!
    const parts = [changed.x, changed.y, changed.d].map((part) => unb64(part!))
    return Buffer.concat([ascii(`EC${use === 'exchange' ? 'K' : 'S'}${number}`), le32(parts[0]!.length), ...parts])
  }
  const bytes = unb64(jwk.n!).length
  const little = (part: string | undefined, length: number) =>
    Buffer.concat([Buffer.alloc(length), unb64(part!)])
      .subarray(-length)
      .reverse()
  const half = bytes / 2
  return Buffer.concat([
    Buffer.from([7, 2, 0, 0]),
    le32(use === 'exchange' ? 0xa400 : 0x2400),
    ascii('RSA2'),
    le32(8 * bytes),
    le32(Number(BigInt(`0x${unb64(changed.e!).toString('hex')}`))),
    little(changed.n, bytes),
    ...[changed.p, changed.q, changed.dp, changed.dq, changed.qi].map((part) => little(part, half)),
    little(changed.d, bytes),
  ])
}

/** `CARD_AUTHENTICATE`. */
export const authenticateStructure = (pinId: number, pin: Uint8Array, flags = 0, version = 7): Buffer =>
  Buffer.concat([le32(version), le32(flags), le32(pinId), le32(pin.length), pin])

/** `CARD_CHANGE_AUTHENTICATOR`. */
export const changeStructure = (flags: number, by: number, pin: Uint8Array, target: number, value: Uint8Array, tries: number): Buffer =>
  Buffer.concat([le32(7), le32(flags), le32(by), le32(pin.length), le32(target), le32(value.length), le32(tries), pin, value])

function cbc(algorithm: SessionAlgorithm, key: Buffer, iv: Buffer, padded: boolean, plaintext: Uint8Array): Buffer {
  const cipher = native.createCipheriv(CODES.cipher[algorithm], key, iv).setAutoPadding(padded)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}

function decipher(algorithm: SessionAlgorithm, key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  const cipher = native.createDecipheriv(CODES.cipher[algorithm], key, iv)
  return Buffer.concat([cipher.update(ciphertext), cipher.final()])
}

/** In the order of the ciphertext, on block boundaries, the last piece the longest. */
function cutInto(ciphertext: Buffer, block: number, pieces: number): Buffer[] {
  return Array.from({ length: pieces }, (_, at) => ciphertext.subarray(at * block, at === pieces - 1 ? undefined : (at + 1) * block))
}
