/**
 * APDUs and what stands in them, written by hand after ISO/IEC 7816-4 and the table of `spec/ski-apdu.md`.
 * @module
 */
import { fromLabel, hex } from './bytes.js'
import { le16, le32 } from './ski-layouts.js'

/** Bytes as messages carry them. */
export const b64 = (bytes: Buffer): string => bytes.toString('base64url')

/** APDUs as the file shows them. */
export const hexes = (apdus: readonly Buffer[]): string[] => apdus.map((bytes) => bytes.toString('hex'))

/** A message between minidriver and card. */
export type Message = Readonly<Record<string, unknown>>

/** A command with short lengths. `le` 256 is written 00. */
export function short(header: string, data: Buffer | string = '', le: number | null = null): Buffer {
  const bytes = typeof data === 'string' ? hex(data) : data
  if (bytes.length > 255) throw new RangeError('too long for a short command')
  return Buffer.concat([hex(header), ...(bytes.length > 0 ? [Buffer.of(bytes.length), bytes] : []), ...(le === null ? [] : [Buffer.of(le % 256)])])
}

/** A command with extended lengths. `le` 65536 is written 0000. */
export function extended(header: string, data: Buffer | string = '', le: number | null = null): Buffer {
  const bytes = typeof data === 'string' ? hex(data) : data
  const be16 = (value: number) => Buffer.of((value >> 8) & 0xff, value & 0xff)
  const lc = bytes.length > 0 ? [Buffer.of(0), be16(bytes.length), bytes] : [Buffer.of(0)]
  return Buffer.concat([hex(header), ...lc, ...(le === null ? [] : [be16(le % 65536)])])
}

/** A chain: all but the last command have the bit 10 in the class byte; the last one may have Le. */
export function chained(header: string, data: Buffer, chunk: number, le: number | null = null): Buffer[] {
  const [cla, rest] = [Number.parseInt(header.slice(0, 2), 16), header.slice(2)]
  const links = Array.from({ length: Math.ceil(data.length / chunk) }, (_, i) => data.subarray(i * chunk, (i + 1) * chunk))
  return links.map((link, i) => {
    const last = i === links.length - 1
    return short(`${(last ? cla : cla + 0x10).toString(16).padStart(2, '0')}${rest}`, link, last ? le : null)
  })
}

/** A response: data and status word. */
export const response = (data: Buffer | string, word: string): Buffer => Buffer.concat([typeof data === 'string' ? hex(data) : data, hex(word)])

/** The application identifier. */
export const AID = Buffer.concat([Buffer.of(0xf0), Buffer.from('KEYFERRY', 'latin1'), Buffer.of(1)])

const sixteen = (label: string): Buffer => fromLabel(`ski/apdu/${label}`, 16)
export const CARD_ID = sixteen('card id')
export const SESSION = sixteen('session')
export const SERVER_NONCE = sixteen('server nonce')
export const CARD_NONCE = sixteen('card nonce')
/** By which a card names a session key or an agreement. */
export const REFERENCE = sixteen('reference')
/** As long as a receipt; whether it is one is not for this border. */
export const RECEIPT = fromLabel('ski/apdu/receipt', 104)
/** Stands for a public key. */
export const SPKI = fromLabel('ski/apdu/public key', 91)
/** Stands for an RSA ciphertext of 2048 bits; no palindrome. */
export const WRAPPED = fromLabel('ski/apdu/wrapped', 256)

export const ALGORITHM = { 'AES-128': 1, 'AES-192': 2, 'AES-256': 3, '3DES_112': 4, '3DES': 5 } as const
export type Algorithm = keyof typeof ALGORITHM
/** CARD_PADDING_* and the code of the hash. */
export const PADDING = { pkcs1: [2, 0], 'oaep-sha1': [8, 1], 'oaep-sha256': [8, 2], 'oaep-sha384': [8, 3], 'oaep-sha512': [8, 4] } as const
export type Padding = keyof typeof PADDING

/** KFPK without a proof. */
export function establishment(way: number, algorithm: number, padding: readonly [number, number], container: number, material: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('KFPK', 'latin1'),
    Buffer.of(1, way, algorithm, ...padding, container, 0, 0),
    ...[SESSION, SERVER_NONCE, CARD_NONCE, CARD_ID],
    le16(material.length),
    le16(0),
    material,
  ])
}

/** KFEV with a proof that is as long as one. */
export const evidence = (purpose: number, proofLength = 192): Buffer =>
  Buffer.concat([
    Buffer.from('KFEV', 'latin1'),
    Buffer.of(1, proofLength === 192 ? 1 : 2, 2, 1, purpose, 0, 0, 0),
    CARD_ID,
    CARD_NONCE,
    le16(SPKI.length),
    le16(proofLength),
    SPKI,
    fromLabel('ski/apdu/proof', proofLength),
  ])

/** The data field of PROCESS ENCRYPTED DATA behind the reference. */
export const sealed = (name: number, container: number, flags: number, blobs: readonly Buffer[], count = blobs.length): Buffer =>
  Buffer.concat([Buffer.of(name, container), le16(count), le32(flags), ...blobs.flatMap((blob) => [le32(blob.length), blob])])
