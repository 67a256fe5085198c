/**
 * RSA key generation in the manner of FIPS 186-5 A.1.3: probable primes, e = 65537.
 *
 * Two departures, both common: the primes are searched upwards from a random start (not drawn anew for every candidate),
 * and the start comes from the caller's `Random`, so that a seeded run makes the same key again.
 * @module
 */
import type { Random } from './crypto.js'
import type { RsaPrivateKey } from './keys.js'
import { greatestCommonDivisor, minimalBytes, modularInverse, modularPower } from './number.js'
import { findPrime } from './prime.js'

/** The RSA modulus sizes that are made, and taken unless the caller says otherwise, in bits. */
export const RSA_BITS: readonly number[] = [2048, 3072, 4096]

/** Throws a `TypeError` unless `bits` is one of {@link RSA_BITS}. */
export function requireRsaBits(bits: number): void {
  if (!RSA_BITS.includes(bits)) throw new TypeError(`bits: one of ${RSA_BITS.join(', ')} is wanted`)
}

/** A new two-prime RSA key. */
export function generateRsa(bits: number, random: Random): RsaPrivateKey {
  requireRsaBits(bits)
  const primeBits = bits / 2
  // Any two numbers from sqrt(2) * 2^(primeBits - 1) up have a product of full length.
  const lowest = SQRT_2 << BigInt(primeBits - 64)
  const rounds = primeBits > 1024 ? 4 : 5
  const coprime = (candidate: bigint) => (candidate - 1n) % E !== 0n
  const leastDistance = 1n << BigInt(primeBits - 100)

  for (;;) {
    const first = findPrime({ bits: primeBits, lowest, rounds, suits: coprime }, random)
    const farFromFirst = (candidate: bigint) => (candidate > first ? candidate - first : first - candidate) > leastDistance
    const second = findPrime({ bits: primeBits, lowest, rounds, suits: (candidate) => coprime(candidate) && farFromFirst(candidate) }, random)
    const [p, q] = first > second ? [first, second] : [second, first]

    const lcm = ((p - 1n) * (q - 1n)) / greatestCommonDivisor(p - 1n, q - 1n)
    const d = modularInverse(E, lcm)
    // A small d could be found from the public key; by chance it does not happen, FIPS 186-5 has it checked all the same.
    if (d === null || d >> BigInt(primeBits) === 0n) continue
    return {
      type: 'RSA',
      n: minimalBytes(p * q),
      e: minimalBytes(E),
      d: minimalBytes(d),
      p: minimalBytes(p),
      q: minimalBytes(q),
      dp: minimalBytes(d % (p - 1n)),
      dq: minimalBytes(d % (q - 1n)),
      qi: minimalBytes(modularPower(q, p - 2n, p)),
    }
  }
}

const E = 65537n
/** The square root of 2 times 2^63, rounded up. */
const SQRT_2 = 0xb504f333f9de6485n
