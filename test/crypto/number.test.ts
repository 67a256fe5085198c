/**
 * Integers and modular arithmetic, beside the textbook.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bitLength,
  bitLengthOfBytes,
  greatestCommonDivisor,
  i2osp,
  minimalBytes,
  modularInverse,
  modularPower,
  modularPowerPublic,
  modulo,
  os2ip,
} from '../../src/crypto/number.js'
import { big } from '../support/providers.js'

const laws = suite('numbers')
const natural = fc.bigInt({ min: 0n, max: 1n << 600n })
const positive = fc.bigInt({ min: 1n, max: 1n << 600n })

/** Square and multiply from the right, which the code under test does not do. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus
  for (let [b, e] = [base % modulus, exponent]; e > 0n; e >>= 1n, b = (b * b) % modulus) if (e & 1n) result = (result * b) % modulus
  return result
}

laws('os2ip reads bytes as a number, whatever they are a window on', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(7), (bytes, offset) => {
      const larger = new Uint8Array(bytes.length + offset + 3)
      larger.set(bytes, offset)
      assert.is(os2ip(larger.subarray(offset, offset + bytes.length)), big(bytes))
    }),
  ),
)

laws('i2osp undoes os2ip', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => assert.equal(i2osp(os2ip(bytes), bytes.length), bytes))))

laws('i2osp takes nothing that does not fit', () => {
  assert.throws(
    () => i2osp(256n, 1),
    (error: unknown) => error instanceof TypeError,
  )
  assert.throws(
    () => i2osp(1n << 128n, 16),
    (error: unknown) => error instanceof TypeError,
  )
  assert.throws(
    () => i2osp(-1n, 8),
    (error: unknown) => error instanceof TypeError,
  )
  assert.throws(
    () => i2osp(-1n, 9),
    (error: unknown) => error instanceof TypeError,
  )
})

laws('minimalBytes and both bit lengths agree', () =>
  fc.assert(
    fc.property(natural, (value) => {
      const bytes = minimalBytes(value)
      assert.is(big(bytes), value)
      assert.ok(bytes.length === 1 || bytes[0] !== 0)
      const bits = value === 0n ? 0 : value.toString(2).length
      assert.is(bitLength(value), bits)
      assert.is(bitLengthOfBytes(bytes), bits)
      assert.is(bitLengthOfBytes(Uint8Array.of(0, 0, ...bytes)), bits)
    }),
  ),
)

laws('both modular powers are powers', () =>
  fc.assert(
    fc.property(natural, natural, positive, fc.nat(20), (base, exponent, modulus, more) => {
      const wanted = power(base, exponent, modulus)
      assert.is(modularPower(base, exponent, modulus), wanted)
      assert.is(modularPower(base, exponent, modulus, exponent.toString(2).length + more), wanted)
      assert.is(modularPowerPublic(base % modulus, exponent, modulus), wanted)
    }),
  ),
)

laws('modularPower at the ends', () => {
  assert.is(modularPower(5n, 0n, 7n), 1n)
  assert.is(modularPower(0n, 0n, 7n), 1n)
  assert.is(modularPower(0n, 5n, 7n), 0n)
  assert.is(modularPower(5n, 5n, 1n), 0n)
  assert.is(modularPower(2n, 32n, 1n << 40n), 1n << 32n)
})

laws('an inverse is an inverse, and is there exactly where the two are coprime', () =>
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 300n), max: 1n << 300n }), fc.bigInt({ min: 2n, max: 1n << 300n }), (value, modulus) => {
      const inverse = modularInverse(value, modulus)
      if (inverse === null) assert.is.not(greatestCommonDivisor(modulo(value, modulus), modulus), 1n)
      else {
        assert.ok(inverse > 0n && inverse < modulus)
        assert.is(modulo(value * inverse, modulus), 1n)
      }
    }),
  ),
)

laws('the greatest common divisor divides, and nothing larger does', () =>
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 1n << 80n }), fc.bigInt({ min: 1n, max: 1n << 80n }), fc.bigInt({ min: 1n, max: 1n << 40n }), (a, b, common) => {
      const divisor = greatestCommonDivisor(a * common, b * common)
      assert.is((a * common) % divisor, 0n)
      assert.is((b * common) % divisor, 0n)
      assert.is(divisor % common, 0n)
      assert.is(greatestCommonDivisor((a * common) / divisor, (b * common) / divisor), 1n)
    }),
  ),
)

laws.run()
