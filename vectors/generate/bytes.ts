/**
 * Bytes for vectors: secrets that come from labels, and small things to spoil them with.
 * @module
 */
import { createHash } from 'node:crypto'

/**
 * `length` bytes that follow from a label: SHA-256(seed ‖ 0), SHA-256(seed ‖ 1), …, where seed is SHA-256 of
 * `keyferry vectors: LABEL` and the counter has four bytes. Anybody can compute them again.
 */
export function fromLabel(label: string, length: number): Buffer {
  const seed = sha256(Buffer.from(`keyferry vectors: ${label}`))
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => sha256(Buffer.concat([seed, u32(i)])))
  return Buffer.concat(blocks).subarray(0, length)
}

/** SHA-256. */
export const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest()

/** Bytes from hex, which may have spaces. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** A 32-bit integer, big-endian. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A copy with the bits of `mask` flipped in the byte at `at`, counted from the end if negative. */
export function flipped(bytes: Buffer, at: number, mask = 1): Buffer {
  const copy = Buffer.from(bytes)
  const index = at < 0 ? bytes.length + at : at
  if (index < 0 || index >= bytes.length) throw new RangeError(`there is no byte ${at}`)
  copy[index]! ^= mask
  return copy
}

/** Zero bytes behind it, up to a multiple of eight. */
export const padded8 = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])

/** An integer as the fewest bytes, or as `length` bytes. */
export function integerBytes(value: bigint, length?: number): Buffer {
  const digits = value.toString(16)
  const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex')
  if (length === undefined) return bytes
  if (bytes.length > length) throw new RangeError('the integer does not fit')
  return Buffer.concat([Buffer.alloc(length - bytes.length), bytes])
}

/** Bytes as an integer. */
export const toInteger = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`)

/** The inverse of `value` modulo `modulus`. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [((value % modulus) + modulus) % modulus, modulus, 1n, 0n]
  while (a !== 0n) {
    const quotient = b / a
    ;[a, b, x, y] = [b - quotient * a, a, y - quotient * x, x]
  }
  if (b !== 1n) throw new RangeError('there is no inverse')
  return ((y % modulus) + modulus) % modulus
}

/** The greatest common divisor. */
export const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
