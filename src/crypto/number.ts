/**
 * Integers as bytes and as `bigint`, and the modular arithmetic that RSA stands on.
 *
 * The sequence of operations in {@link modularPower} depends on lengths alone, never on the digits of the exponent. That
 * is as far as this language goes: one `bigint` multiplication takes time that depends on its operands, and a `bigint`
 * cannot be wiped. `rsa.ts` therefore blinds the operands; SECURITY.md says what remains.
 * @module
 */

/** Big-endian bytes as an integer (RFC 8017 §4.2). */
export function os2ip(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let value = 0n
  let at = 0
  for (; at < bytes.length % 8; at++) value = (value << 8n) | BigInt(bytes[at]!)
  for (; at < bytes.length; at += 8) value = (value << 64n) | view.getBigUint64(at)
  return value
}

/** An integer as exactly `length` big-endian bytes (RFC 8017 §4.1). One that does not fit, or is negative, is a `TypeError`. */
export function i2osp(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let rest = value
  let at = length
  for (; at >= 8; rest >>= 64n) view.setBigUint64((at -= 8), BigInt.asUintN(64, rest))
  for (; at > 0; rest >>= 8n) bytes[--at] = Number(BigInt.asUintN(8, rest))
  if (rest !== 0n) throw new TypeError(`an integer that does not fit into ${length} bytes`)
  return bytes
}

/** An integer as the fewest big-endian bytes that hold it; zero is one zero byte. */
export function minimalBytes(value: bigint): Uint8Array {
  return i2osp(value, Math.max(1, Math.ceil(bitLength(value) / 8)))
}

/** The number of bits of a non-negative integer; zero has none. */
export function bitLength(value: bigint): number {
  let bits = 0
  let rest = value
  for (; rest > 0xffffffffn; rest >>= 32n) bits += 32
  return bits + (32 - Math.clz32(Number(rest)))
}

/** The number of bits of an integer given as bytes, without making a `bigint` of it. */
export function bitLengthOfBytes(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : 8 * (bytes.length - first - 1) + (32 - Math.clz32(bytes[first]!))
}

/** The residue in `[0, modulus)`, also of a negative integer, by the same two divisions either way. */
export function modulo(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus
}

/**
 * `base ^ exponent mod modulus` for `0 <= base`, `exponent >= 0`, by a window of five bits.
 *
 * The exponent is read as `exponentBits` bits (its own length unless given). Five squarings and one multiplication per
 * window, whatever the digit: the entry for digit zero is `modulus + 1`, so that multiplying by it is no shorter.
 */
export function modularPower(base: bigint, exponent: bigint, modulus: bigint, exponentBits = bitLength(exponent)): bigint {
  const digits = windowDigits(exponent, exponentBits)
  const reduced = base % modulus
  const powers = [modulus + 1n, reduced]
  for (let i = 2; i < 1 << WINDOW; i++) powers.push((powers[i - 1]! * reduced) % modulus)

  let result = 1n % modulus
  for (const digit of digits) {
    result = (result * result) % modulus
    result = (result * result) % modulus
    result = (result * result) % modulus
    result = (result * result) % modulus
    result = (result * result) % modulus
    result = (result * powers[digit]!) % modulus
  }
  digits.fill(0)
  return result
}

/** `base ^ exponent mod modulus` for a public exponent: square and multiply, which is faster where the exponent is short. */
export function modularPowerPublic(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus
  for (let bit = BigInt(bitLength(exponent)) - 1n; bit >= 0n; bit--) {
    result = (result * result) % modulus
    if (((exponent >> bit) & 1n) === 1n) result = (result * base) % modulus
  }
  return result
}

/** The inverse of `value` modulo `modulus`, or `null` where they share a factor. Not for secrets that are not blinded: Euclid's steps follow its operands. */
export function modularInverse(value: bigint, modulus: bigint): bigint | null {
  let [a, b] = [modulo(value, modulus), modulus]
  let [x, y] = [1n, 0n]
  while (a !== 0n) {
    const quotient = b / a
    ;[a, b] = [b - quotient * a, a]
    ;[x, y] = [y - quotient * x, x]
  }
  return b === 1n ? modulo(y, modulus) : null
}

/** The greatest common divisor of two non-negative integers. */
export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}

/** The exponent cut into windows, most significant first, from as many bytes as `bits` needs. */
function windowDigits(exponent: bigint, bits: number): Uint8Array {
  const bytes = i2osp(exponent, Math.ceil(bits / 8))
  const digits = new Uint8Array(Math.ceil((8 * bytes.length) / WINDOW))
  let held = 0
  let buffer = 0
  let next = digits.length
  for (let at = bytes.length - 1; at >= 0; at--) {
    buffer |= bytes[at]! << held
    held += 8
    for (; held >= WINDOW; held -= WINDOW, buffer >>>= WINDOW) digits[--next] = buffer & ((1 << WINDOW) - 1)
  }
  if (next > 0) digits[--next] = buffer
  bytes.fill(0)
  return digits
}

const WINDOW = 5
