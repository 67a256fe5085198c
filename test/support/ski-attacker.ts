/**
 * What somebody who attacks SKI computes, with OpenSSL alone and from the layouts in `spec/ski-sealed-data.md`: none of it
 * is our code, so that a secret that he gets hold of was really to be had.
 * @module
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'

/** Bytes as they travel in messages. */
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** The reverse of {@link text}. */
export const raw = (encoded: unknown): Buffer => Buffer.from(String(encoded), 'base64url')

/** Four bytes, little-endian. */
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const u16 = (value: number): Buffer => u32(value).subarray(0, 2)

/** Bytes that are combined bit by bit. */
export const xor = (...all: readonly Uint8Array[]): Buffer => Buffer.from(all[0]!.map((_, at) => all.reduce((sum, bytes) => sum ^ bytes[at]!, 0)))

/** A key pair of the attacker's. */
export interface OwnPair {
  readonly privateKey: KeyObject
  /** DER SubjectPublicKeyInfo, as it travels. */
  readonly spki: string
}

/** A new pair: RSA with 2048 bits, or EC on P-256. */
export function ownPair(type: 'rsa' | 'ec'): OwnPair {
  const { privateKey, publicKey } = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, spki: spkiOf(publicKey) }
}

/** DER SubjectPublicKeyInfo of a key or its public half, as it travels. */
export const spkiOf = (key: KeyObject): string => text((key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' }))

/** The key that a certificate is about. */
export const certified = (certificate: unknown): string => spkiOf(new X509Certificate(raw(certificate)).publicKey)

/** A raw signature by an EC key of the attacker's, r ‖ s. */
export const signed = (key: KeyObject, label: string, body: Uint8Array): Buffer =>
  sign('sha256', Buffer.concat([Buffer.from(label), body]), { key, dsaEncoding: 'ieee-p1363' })

// S1.

/** A fresh S1 of 256 bits. */
export const ownS1 = (): Buffer => randomBytes(32)

/** S1 in a key blob, under a public key, OAEP with SHA-256. */
export const wrapS1 = (spki: string, s1: Uint8Array): Buffer =>
  publicEncrypt({ key: publicKeyOf(spki), oaepHash: 'sha256', padding: constants.RSA_PKCS1_OAEP_PADDING }, keyBlob(s1))

/** The reverse of {@link wrapS1}. */
export const unwrapS1 = ({ privateKey }: OwnPair, wrapped: Uint8Array): Buffer =>
  privateDecrypt({ key: privateKey, oaepHash: 'sha256', padding: constants.RSA_PKCS1_OAEP_PADDING }, wrapped).subarray(12)

/** `BCRYPT_KEY_DATA_BLOB`. */
export const keyBlob = (key: Uint8Array): Buffer => Buffer.concat([Buffer.from('KDBM'), u32(1), u32(key.length), key])

/** A public key from its DER. */
export const publicKeyOf = (spki: string): KeyObject => createPublicKey({ key: raw(spki), format: 'der', type: 'spki' })

/** S1 of an agreement between an own point, shown as the card's, and the server's. */
export function agreedS1(own: OwnPair, serverBlob: Uint8Array, context: Context): Buffer {
  const theirs = Buffer.from(serverBlob).subarray(8)
  const peer = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: text(theirs.subarray(0, 32)), y: text(theirs.subarray(32)) } })
  const z = diffieHellman({ privateKey: own.privateKey, publicKey: peer })
  const counted = (...parts: readonly Uint8Array[]) => {
    const bytes = Buffer.concat(parts)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const info = [
    counted(Buffer.from('AES')),
    counted(context.session, context.serverNonce, theirs),
    counted(context.cardId, context.cardNonce, pointOf(own.privateKey)),
  ]
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from([0, 0, 0, 1]), z, ...info]))
    .digest()
}

// Structures.

/** `CARD_IMPORT_KEYPAIR` around an own pair. */
export function importStructure({ privateKey }: OwnPair, place: { readonly container: number; readonly pinId: number; readonly keySpec?: number }): Buffer {
  const ec = privateKey.asymmetricKeyType === 'ec'
  const material = ec ? Buffer.concat([Buffer.from('ECS2'), u32(32), pointOf(privateKey), raw(privateKey.export({ format: 'jwk' }).d)]) : capiBlob(privateKey)
  const { container, pinId, keySpec = ec ? 3 : 1 } = place
  return Buffer.concat([...[7, container, pinId, keySpec, ec ? 256 : 2048, material.length].map(u32), material])
}

/** `CARD_AUTHENTICATE`. */
export const authenticateStructure = (pinId: number, pin: Uint8Array, flags = 0): Buffer => Buffer.concat([...[7, flags, pinId, pin.length].map(u32), pin])

/** `CARD_CHANGE_AUTHENTICATOR`. */
export const changeStructure = (flags: number, by: number, pin: Uint8Array, target: number, next: Uint8Array, tries: number): Buffer =>
  Buffer.concat([...[7, flags, by, pin.length, target, next.length, tries].map(u32), pin, next])

/** The private key in a `CARD_IMPORT_KEYPAIR`. */
export function stolenKey(structure: Uint8Array): KeyObject {
  const material = Buffer.from(structure).subarray(24)
  const size = material.readUInt32LE(4)
  if (material.subarray(0, 4).toString() !== 'ECS2') return stolenRsa(material)
  const [x, y, d] = [0, 1, 2].map((part) => text(material.subarray(8 + part * size, 8 + (part + 1) * size)))
  return createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y, d } as never })
}

/** From the little-endian numbers of a CAPI `PRIVATEKEYBLOB`. */
function stolenRsa(material: Buffer): KeyObject {
  const half = material.readUInt32LE(12) / 16
  let at = 20
  const number = (length: number) => text(Buffer.from(material.subarray(at, (at += length))).reverse())
  const [n, p, q, dp, dq, qi, d] = [2 * half, half, half, half, half, half, 2 * half].map(number)
  return createPrivateKey({ format: 'jwk', key: { kty: 'RSA', e: text(Buffer.from(material.subarray(16, 19)).reverse()), n, p, q, dp, dq, qi, d } as never })
}

function capiBlob(key: KeyObject): Buffer {
  const jwk = key.export({ format: 'jwk' }) as Readonly<Record<string, string>>
  const number = (name: string, length: number) => {
    const bytes = raw(jwk[name]).reverse()
    return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)])
  }
  const numbers = [number('n', 256), ...['p', 'q', 'dp', 'dq', 'qi'].map((name) => number(name, 128)), number('d', 256)]
  return Buffer.concat([Buffer.from([7, 2, 0, 0]), u32(0xa400), Buffer.from('RSA2'), u32(2048), u32(65537), ...numbers])
}

/** X ‖ Y of a key on P-256. */
export function pointOf(key: KeyObject): Buffer {
  const { x, y } = key.export({ format: 'jwk' })
  return Buffer.concat([raw(x), raw(y)])
}

// The published format.

/** The structure under CBC, padded unless told. */
export function sealPublished(s1: Uint8Array, iv: Uint8Array, structure: Uint8Array, padded = true): string {
  const cipher = createCipheriv(`aes-${s1.length * 8}-cbc`, s1, iv).setAutoPadding(padded)
  return text(Buffer.concat([cipher.update(structure), cipher.final()]))
}

/** The reverse of {@link sealPublished}; the blobs are one ciphertext. */
export function openPublished(s1: Uint8Array, iv: Uint8Array, blobs: readonly string[]): Buffer {
  const decipher = createDecipheriv(`aes-${s1.length * 8}-cbc`, s1, iv)
  return Buffer.concat([decipher.update(Buffer.concat(blobs.map(raw))), decipher.final()])
}

// The bound format.

/** What a session is told apart by, 16 bytes each. */
export interface Context {
  readonly session: Uint8Array
  readonly serverNonce: Uint8Array
  readonly cardNonce: Uint8Array
  readonly cardId: Uint8Array
}

/** 1: server to card, 2: card to server. */
export type Way = 1 | 2

const HEADER = 84
const boundKey = (s1: Uint8Array, { session, serverNonce, cardNonce, cardId }: Context, direction: Way, purpose: 1 | 2): Buffer =>
  Buffer.from(
    hkdfSync(
      'sha256',
      s1,
      Buffer.concat([serverNonce, cardNonce]),
      Buffer.concat([Buffer.from('keyferry ski v1\0'), Buffer.from([direction, purpose]), session, cardId]),
      32,
    ),
  )

/** Under a MAC key. */
const tagged = (key: Uint8Array, label: string, body: Uint8Array): Buffer => createHmac('sha256', key).update(label).update(body).digest()

/** Seals what an attacker makes up, from server to card, as the bound format does. Not `padded`: whole blocks, whatever the flag says. */
export function sealBound(
  s1: Uint8Array,
  context: Context,
  iv: Uint8Array,
  structure: Uint8Array,
  terms: { fn?: number; container?: number; overwrite?: boolean; pinId: number; keySpec?: number; keySize?: number; padded?: boolean },
): string {
  const { fn = 1, container = 0xff, overwrite = false, pinId, keySpec = 0, keySize = 0, padded = true } = terms
  const direction = 1
  const cipher = createCipheriv('aes-256-cbc', boundKey(s1, context, direction, 1), iv).setAutoPadding(padded)
  const ciphertext = Buffer.concat([cipher.update(structure), cipher.final()])
  const header = Buffer.concat([
    Buffer.from('KFSD'),
    Buffer.from([1, direction, fn, 3, 1, Number(overwrite), container, 0]),
    ...[1, pinId, keySpec, keySize].map(u32),
    u16(1),
    u16(0),
    context.session,
    context.cardId,
    iv,
    u32(ciphertext.length),
  ])
  const body = Buffer.concat([header, u32(ciphertext.length), ciphertext])
  return text(Buffer.concat([header, ciphertext, tagged(boundKey(s1, context, direction, 2), 'keyferry ski sealed v1\0', body)]))
}

/** Opens what the bound format carries, one blob or several. */
export function openBound(s1: Uint8Array, context: Context, blobs: readonly string[], direction: Way = 1): Buffer {
  const all = Buffer.concat(blobs.map(raw))
  const decipher = createDecipheriv('aes-256-cbc', boundKey(s1, context, direction, 1), all.subarray(64, 80))
  return Buffer.concat([decipher.update(all.subarray(HEADER, -32)), decipher.final()])
}

/** A receipt, as a card would write it: for S1, or for a key pair with its SubjectPublicKeyInfo. */
export function receipt(s1: Uint8Array, context: Context, container: number, spki: string | null): string {
  const identity = spki === null ? Buffer.alloc(32) : createHash('sha256').update(raw(spki)).digest()
  const body = Buffer.concat([Buffer.from('KFRC'), Buffer.from([1, spki === null ? 1 : 2, container, 0]), context.session, context.cardId, identity])
  return text(Buffer.concat([body, tagged(boundKey(s1, context, 2, 2), 'keyferry ski receipt v1\0', body)]))
}

/** An establishment (KFPK) of the attacker's own, in the way `session`: without a proof, or signed by whatever key he has. */
export function establishment(context: Context, container: number, wrapped: Uint8Array, signer: KeyObject | null): string {
  const body = Buffer.concat([
    Buffer.from('KFPK'),
    // Way session, AES-256, OAEP with SHA-256.
    Buffer.from([1, 1, 3, 8, 2, container, signer ? 1 : 0, 0]),
    ...[context.session, context.serverNonce, context.cardNonce, context.cardId],
    u16(wrapped.length),
    u16(signer ? 64 : 0),
    wrapped,
  ])
  return text(signer ? Buffer.concat([body, signed(signer, 'keyferry ski server proof v1\0', body)]) : body)
}

/** A statement of a card about one of its keys (KFEV), taken apart. */
export interface Statement {
  readonly head: Buffer
  readonly spki: Buffer
  readonly proof: Buffer
}

/** Takes evidence apart. */
export function statementParts(evidence: unknown): Statement {
  const bytes = raw(evidence)
  const end = 48 + bytes.readUInt16LE(44)
  return { head: bytes.subarray(0, 48), spki: bytes.subarray(48, end), proof: bytes.subarray(end) }
}

/** A statement with another key or another card in it, under whatever proof there is. */
export function restated({ head, proof }: Statement, spki: Uint8Array, cardId: Uint8Array, change: (body: Buffer) => Uint8Array = () => proof): string {
  const body = Buffer.concat([head.subarray(0, 12), cardId, head.subarray(28, 44), u16(spki.length), head.subarray(46), spki])
  return text(Buffer.concat([body, change(body)]))
}

/** A proof by an attestation key of the attacker's, which a key of the attacker's endorses. */
export function forgedProof(cardId: Uint8Array): (body: Buffer) => Buffer {
  const [issuer, attester] = [ownPair('ec').privateKey, ownPair('ec').privateKey]
  const point = pointOf(attester)
  const endorsement = signed(issuer, 'keyferry ski card endorsement v1\0', Buffer.concat([cardId, point]))
  return (body) => Buffer.concat([point, endorsement, signed(attester, 'keyferry ski key statement v1\0', body)])
}

/** The key material in an establishment, and its proof. */
export function establishmentParts(input: string): { readonly material: Buffer; readonly proof: Buffer } {
  const bytes = raw(input)
  const end = 80 + bytes.readUInt16LE(76)
  return { material: bytes.subarray(80, end), proof: bytes.subarray(end) }
}
