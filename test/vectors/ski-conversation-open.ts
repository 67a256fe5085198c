/**
 * Opens a recorded conversation of secure key injection with its test keys, on node:crypto alone: S1 by each of the four ways,
 * evidence, the server's proof, sealed data, receipts. Nothing of the library takes part; the formulas are those of the
 * vector generators.
 * @module
 */
import { constants, createDecipheriv, createHmac, createPrivateKey, createPublicKey, privateDecrypt, verify, type KeyObject } from 'node:crypto'
import { agreedKey, boundKey, derivedKey, sharedSecret, sharedSubkey, type Session } from '../../vectors/generate/ski-sealed-formats.js'
import type { SkiConversation } from '../../tools/vectors/ski-conversations.js'

/** A message with its members. */
export interface Row {
  readonly type: string
  readonly [member: string]: any
}

/** Bytes of base64url. */
export const raw = (text: unknown): Buffer => {
  if (typeof text !== 'string') throw new TypeError('text is wanted')
  return Buffer.from(text, 'base64url')
}
const hex = (text: string) => Buffer.from(text, 'hex')
/** A public key of SPKI in DER. */
export const publicKey = (der: Buffer): KeyObject => createPublicKey({ key: der, format: 'der', type: 'spki' })

/** The messages of a type. */
export const said = ({ messages }: SkiConversation, type: string): readonly Row[] =>
  messages.filter(({ message }) => message.type === type).map(({ message }) => message as unknown as Row)

/** The one message of a type. */
export function only(conversation: SkiConversation, type: string): Row {
  const [first, second] = said(conversation, type)
  if (first === undefined || second !== undefined) throw new Error(`${conversation.id}: ${type} was not said once`)
  return first
}

/** The secrets whose name begins so, by the rest of the name. */
export function secretsOf({ testSecrets }: SkiConversation, holder: string, name: string): Readonly<Record<string, Buffer>> {
  const found = testSecrets.filter((one) => one.holder === holder && one.name.startsWith(name))
  return Object.fromEntries(found.map((one) => [one.name.slice(name.length).replace(/^: /, ''), hex(one.hex)]))
}

/** A private key out of a public one and secret parts. */
export function privateKey(of: KeyObject, parts: Readonly<Record<string, Buffer>>): KeyObject {
  const text = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, value.toString('base64url')]))
  return createPrivateKey({ key: { ...of.export({ format: 'jwk' }), ...text }, format: 'jwk' })
}

/** Session id, nonces and card id, as they were said; a nonce that nobody drew is zero bytes. */
export function sessionOf(conversation: SkiConversation): Session {
  const start = only(conversation, 'server.start')
  const offer = only(conversation, 'client.offer')
  const named = [
    offer['evidence'] === null ? null : raw(offer['evidence']).subarray(28, 44),
    offer['nonce'],
    said(conversation, 'client.established')[0]?.['nonce'],
  ]
  const cardNonce = named.map((one) => (typeof one === 'string' ? raw(one) : (one as Buffer | null | undefined))).find((one) => one)
  return { session: raw(start['session']), serverNonce: raw(start['nonce']), cardNonce: cardNonce ?? Buffer.alloc(16), cardId: raw(offer['cardId']) }
}

/** What was sent at step 16, out of its establishment if it is in one. */
export function material(conversation: SkiConversation): Buffer {
  const { proven, input } = only(conversation, 'server.sessionKey')
  const bytes = raw(input)
  return proven === true ? bytes.subarray(80, 80 + bytes.readUInt16LE(76)) : bytes
}

/** S1 as whoever holds `holder`'s half of the establishment finds it. */
export function sessionKeyOf(conversation: SkiConversation, bound: boolean, holder = 'card'): Buffer {
  const { way, peer } = only(conversation, 'server.sessionKey')
  const session = sessionOf(conversation)
  switch (way) {
    case 'session': {
      const offered = publicKey(raw(only(conversation, 'client.offer')['spki']))
      const blob = privateDecrypt(
        {
          key: privateKey(offered, secretsOf(conversation, holder, holder === 'card' ? 'K1 rsa-2048' : 'key')),
          padding: constants.RSA_PKCS1_OAEP_PADDING,
          oaepHash: 'sha256',
        },
        material(conversation),
      )
      // BCRYPT_KEY_DATA_BLOB: KDBM, version 1, length.
      if (blob.toString('latin1', 0, 4) !== 'KDBM' || blob.readUInt32LE(4) !== 1 || blob.readUInt32LE(8) !== 32) throw new Error('no key data blob')
      return blob.subarray(12)
    }
    case 'agreement': {
      const { d } = secretsOf(conversation, 'server', 'server DH key')
      const point = (bytes: Buffer) => ({ curve: 'P-256' as const, x: bytes.subarray(0, 32), y: bytes.subarray(32), d: d! })
      // BCRYPT_ECCKEY_BLOB: magic number and length in front of the point.
      const server = point(raw(peer).subarray(8))
      const card = point(raw(only(conversation, 'client.offer')['spki']).subarray(-64))
      return agreedKey(sharedSecret(server, card), session, 'AES-256', server, card)
    }
    default: {
      const shared = secretsOf(conversation, 'server', 'card key')['']
      if (shared === undefined) throw new Error('no shared key')
      if (way === 'derived') return derivedKey(shared, session, 'AES-256')
      return bound ? sharedSubkey(shared, session) : shared
    }
  }
}

/** A structure out of sealed data, of either format, with the MAC verified where there is one. */
export function unsealed(conversation: SkiConversation, s1: Buffer, blob: Buffer, iv: Buffer, bound: boolean, direction: 'toCard' | 'toServer'): Buffer {
  const open = (key: Buffer, from: Buffer, ciphertext: Buffer) => {
    const decipher = createDecipheriv('aes-256-cbc', key, from)
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  }
  if (!bound) return direction === 'toCard' ? open(s1, iv, blob) : open(s1, blob.subarray(0, 16), blob.subarray(16))
  const session = sessionOf(conversation)
  const [header, piece, tag] = [blob.subarray(0, 84), blob.subarray(84, -32), blob.subarray(-32)]
  const length = Buffer.alloc(4)
  length.writeUInt32LE(piece.length)
  const mac = createHmac('sha256', boundKey(s1, session, 'AES-256', direction, 'mac'))
    .update('keyferry ski sealed v1\0')
    .update(header)
    .update(length)
    .update(piece)
    .digest()
  if (!mac.equals(tag)) throw new Error('the MAC does not verify')
  if (!header.subarray(32, 64).equals(Buffer.concat([session.session, session.cardId]))) throw new Error('another session or card')
  return open(boundKey(s1, session, 'AES-256', direction, 'encrypt'), header.subarray(64, 80), piece)
}

/** Whether a receipt is one under the session's key. */
export function isReceipt(conversation: SkiConversation, s1: Buffer, receipt: Buffer): boolean {
  const mac = boundKey(s1, sessionOf(conversation), 'AES-256', 'toServer', 'mac')
  return createHmac('sha256', mac).update('keyferry ski receipt v1\0').update(receipt.subarray(0, 72)).digest().equals(receipt.subarray(72))
}

/** Whether the server's signature in an establishment is good. */
export function isServersProof({ known }: SkiConversation, kfpk: Buffer): boolean {
  const end = 80 + kfpk.readUInt16LE(76)
  return verify('sha256', Buffer.concat([Buffer.from('keyferry ski server proof v1\0'), kfpk.subarray(0, end)]), p1363(hex(known.server)), kfpk.subarray(end))
}

/** Whether attested evidence is the issuer's card's. */
export function isCardsEvidence({ known }: SkiConversation, kfev: Buffer): boolean {
  const end = 48 + kfev.readUInt16LE(44)
  const [text, proof] = [kfev.subarray(0, end), kfev.subarray(end)]
  const [point, endorsement, signature] = [proof.subarray(0, 64), proof.subarray(64, 128), proof.subarray(128)]
  const [x, y] = [point.subarray(0, 32), point.subarray(32)].map((part) => part.toString('base64url'))
  const attestation = { key: createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
  const endorsed = Buffer.concat([Buffer.from('keyferry ski card endorsement v1\0'), kfev.subarray(12, 28), point])
  const stated = Buffer.concat([Buffer.from('keyferry ski key statement v1\0'), text])
  return verify('sha256', endorsed, p1363(hex(known.issuer)), endorsement) && verify('sha256', stated, attestation, signature)
}

const p1363 = (spki: Buffer) => ({ key: publicKey(spki), dsaEncoding: 'ieee-p1363' }) as const

/** `CARD_IMPORT_KEYPAIR` with the key that is in it. */
export function importedKey(structure: Buffer): { readonly container: number; readonly pinId: number; readonly key: KeyObject } {
  if (structure.readUInt32LE(0) !== 7 || structure.readUInt32LE(20) !== structure.length - 24) throw new Error('no CARD_IMPORT_KEYPAIR')
  const [container, pinId, blob] = [structure[4]!, structure.readUInt32LE(8), structure.subarray(24)]
  return { container, pinId, key: createPrivateKey({ key: structure.readUInt32LE(12) <= 2 ? capiKey(blob) : eccKey(blob), format: 'jwk' }) }
}

/** `BCRYPT_ECCKEY_BLOB`, P-256: X, Y and d, big-endian. */
function eccKey(blob: Buffer) {
  const [x, y, d] = [8, 40, 72].map((at) => blob.subarray(at, at + 32).toString('base64url'))
  return { kty: 'EC', crv: 'P-256', x: x!, y: y!, d: d! }
}

/** CAPI `PRIVATEKEYBLOB` of 2048 bits: little-endian numbers behind 20 bytes. */
function capiKey(blob: Buffer) {
  if (blob.toString('latin1', 8, 12) !== 'RSA2') throw new Error('no PRIVATEKEYBLOB')
  let at = 20
  const next = (length: number) =>
    Buffer.from(blob.subarray(at, (at += length)))
      .reverse()
      .toString('base64url')
  const [n, p, q, dp, dq, qi, d] = [256, 128, 128, 128, 128, 128, 256].map(next)
  return { kty: 'RSA', e: Buffer.from(blob.subarray(16, 19)).reverse().toString('base64url'), n: n!, p: p!, q: q!, dp: dp!, dq: dq!, qi: qi!, d: d! }
}
