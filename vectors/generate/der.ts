/**
 * Just enough DER to write key formats, and to write them wrong on purpose. It reads nothing.
 * @module
 */
import { hex, integerBytes } from './bytes.js'

/** An element: tag, shortest length, content. */
export const der = (tag: number, ...content: readonly Buffer[]): Buffer => withLength(tag, shortLength(content), ...content)

/** An element whose length field is given, right or wrong. */
export const withLength = (tag: number, length: Buffer, ...content: readonly Buffer[]): Buffer => Buffer.concat([Buffer.of(tag), length, ...content])

/** The length field that DER asks for. */
export function shortLength(content: readonly Buffer[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  if (length < 128) return Buffer.of(length)
  const bytes = integerBytes(BigInt(length))
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes])
}

export const seq = (...content: readonly Buffer[]): Buffer => der(0x30, ...content)
export const octets = (...content: readonly Buffer[]): Buffer => der(0x04, ...content)
export const bits = (...content: readonly Buffer[]): Buffer => der(0x03, Buffer.of(0), ...content)
export const nul = (): Buffer => der(0x05)

/** A non-negative INTEGER. */
export function int(value: bigint | number): Buffer {
  const bytes = integerBytes(BigInt(value))
  return der(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

/** An OBJECT IDENTIFIER from the hex of its content. */
export const oid = (content: string): Buffer => der(0x06, hex(content))

/** The identifiers that appear in vectors, as the hex of their content. */
export const OIDS = {
  rsaEncryption: '2a864886f70d010101',
  rsaesOaep: '2a864886f70d010107',
  rsassaPss: '2a864886f70d01010a',
  ecPublicKey: '2a8648ce3d0201',
  ecdh: '2b8104010c',
  ecmqv: '2b8104010d',
  dsa: '2a8648ce380401',
  x25519: '2b656e',
  ed25519: '2b6570',
  'P-256': '2a8648ce3d030107',
  'P-256K': '2b8104000a',
  'P-384': '2b81040022',
  'P-521': '2b81040023',
  'P-224': '2b81040021',
  brainpoolP256r1: '2b2403030208010107',
  primeField: '2a8648ce3d0101',
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
  hmacSha256: '2a864886f70d0209',
  aes256Cbc: '60864801650304012a',
  friendlyName: '2a864886f70d010914',
} as const
