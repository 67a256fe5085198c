/**
 * Probable primes: the tests of FIPS 186-5 appendix B.3 and the search that RSA key generation uses.
 *
 * Randomness is handed in. `rsa-keygen.ts` says which primes it wants; nothing here knows about RSA.
 * @module
 */
import { wipe } from '../bytes/bytes.js'
import type { Random } from './crypto.js'
import { digest } from './hash.js'
import { bitLength, minimalBytes, modularPower, modulo, os2ip } from './number.js'

/** A wish for a prime. */
export interface PrimeWish {
  /** The exact number of bits. */
  readonly bits: number
  /** The least value taken. */
  readonly lowest: bigint
  /** Rounds of Miller–Rabin before the Lucas test; FIPS 186-5 table B.1 has them by size. */
  readonly rounds: number
  /** What else the prime has to satisfy. Asked before the costly tests. */
  readonly suits: (candidate: bigint) => boolean
}

/**
 * A random probable prime: the first one at or above a random odd number that suits. The numbers above the start are
 * sieved by small primes; what is left is tested by Miller–Rabin with random bases, and the survivor by Lucas.
 */
export function findPrime({ bits, lowest, rounds, suits }: PrimeWish, random: Random): bigint {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const start = randomOdd(bits, lowest, random)
    const divisible = sieve(start)
    for (let i = 0; i < divisible.length; i++) {
      if (divisible[i] !== 0) continue
      const candidate = start + 2n * BigInt(i)
      if (candidate >> BigInt(bits) !== 0n) break
      if (suits(candidate) && passes(candidate, rounds, random)) return candidate
    }
  }
  throw new Error(`random: no prime near ${MOST_TRIES} starts, so the random source is broken`)
}

/** Whether any integer is a probable prime: exact below 2^36, otherwise `rounds` of Miller–Rabin with random bases and a Lucas test. */
export function isProbablePrime(n: bigint, rounds: number, random: Random): boolean {
  return byTrialDivision(n) ?? passes(n, rounds, random)
}

/**
 * The same without randomness, for judging a number that somebody else made: base 2 and Lucas (Baillie–PSW, for which no
 * counterexample is known), then bases derived from the number, so that it cannot be made to fit bases known beforehand.
 */
export function isFixedProbablePrime(n: bigint): boolean {
  const known = byTrialDivision(n)
  if (known !== null) return known
  if (!millerRabin(n, 2n) || !lucas(n)) return false
  const bytes = minimalBytes(n)
  try {
    for (let round = 0; round < FIXED_ROUNDS; round++) {
      const base = digest('SHA-512', Uint8Array.of(round, ...bytes))
      if (!millerRabin(n, 2n + (os2ip(base) % (n - 3n)))) return false
    }
    return true
  } finally {
    wipe(bytes)
  }
}

/** One round of Miller–Rabin (FIPS 186-5 B.3.1) for odd `n > 3` and a base in `[2, n - 2]`. */
export function millerRabin(n: bigint, base: bigint): boolean {
  let twos = 0
  while ((((n - 1n) >> BigInt(twos)) & 1n) === 0n) twos++
  let power = modularPower(base, (n - 1n) >> BigInt(twos), n)
  if (power === 1n || power === n - 1n) return true
  for (let i = 1; i < twos; i++) {
    power = (power * power) % n
    if (power === n - 1n) return true
  }
  return false
}

/** The general Lucas test (FIPS 186-5 B.3.3) for an odd `n` without small factors. */
export function lucas(n: bigint): boolean {
  if (isSquare(n)) return false
  let d = 5n
  for (let symbol = jacobi(d, n); symbol !== -1; symbol = jacobi(d, n)) {
    if (symbol === 0) return false
    d = d > 0n ? -d - 2n : -d + 2n
  }

  const half = (x: bigint) => ((x & 1n) === 0n ? x : x + n) >> 1n
  let [u, v] = [1n, 1n]
  for (let bit = BigInt(bitLength(n + 1n) - 2); bit >= 0n; bit--) {
    ;[u, v] = [(u * v) % n, half(modulo(v * v + d * u * u, n))]
    if ((((n + 1n) >> bit) & 1n) === 1n) [u, v] = [half((u + v) % n), half(modulo(v + d * u, n))]
  }
  return u === 0n
}

/** The Jacobi symbol (a / n) for odd positive `n` (FIPS 186-5 B.4). */
export function jacobi(a: bigint, n: bigint): -1 | 0 | 1 {
  let [top, bottom] = [modulo(a, n), n]
  let sign: -1 | 1 = 1
  while (top !== 0n) {
    while ((top & 1n) === 0n) {
      top >>= 1n
      if ((bottom & 7n) === 3n || (bottom & 7n) === 5n) sign = sign === 1 ? -1 : 1
    }
    ;[top, bottom] = [bottom, top]
    if ((top & 3n) === 3n && (bottom & 3n) === 3n) sign = sign === 1 ? -1 : 1
    top %= bottom
  }
  return bottom === 1n ? sign : 0
}

function passes(n: bigint, rounds: number, random: Random): boolean {
  const length = Math.ceil(bitLength(n) / 8) + 8
  for (let round = 0; round < rounds; round++) {
    const bytes = random(length)
    const base = 2n + (os2ip(bytes) % (n - 3n))
    wipe(bytes)
    if (!millerRabin(n, base)) return false
  }
  return lucas(n)
}

/** The answer where small primes suffice, otherwise `null`. */
function byTrialDivision(n: bigint): boolean | null {
  if (n < 2n || (n & 1n) === 0n) return n === 2n
  for (const prime of smallPrimes().primes) {
    const divisor = BigInt(prime)
    if (divisor * divisor > n) return true
    if (n % divisor === 0n) return false
  }
  return null
}

function randomOdd(bits: number, lowest: bigint, random: Random): bigint {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const bytes = random(Math.ceil(bits / 8))
    const candidate = BigInt.asUintN(bits, os2ip(bytes)) | (1n << BigInt(bits - 1)) | 1n
    wipe(bytes)
    if (candidate >= lowest) return candidate
  }
  throw new Error(`random: ${MOST_TRIES} numbers in a row were too small, so the random source is broken`)
}

/** Marks each `start + 2i` that a small prime divides. */
function sieve(start: bigint): Uint8Array {
  const divisible = new Uint8Array(SIEVE_WIDTH)
  const { primes, groups } = smallPrimes()
  for (const { product, from, to } of groups) {
    const residue = Number(start % product)
    for (let k = from; k < to; k++) {
      const prime = primes[k]!
      const missing = prime - (residue % prime) // start + missing is the next multiple
      for (let i = ((missing % 2 === 0 ? missing : missing + prime) / 2) % prime; i < SIEVE_WIDTH; i += prime) divisible[i] = 1
    }
  }
  return divisible
}

/** Odd primes, in groups whose product is still exact as a `number`: one long division then serves a whole group. */
interface SmallPrimes {
  readonly primes: Uint32Array
  readonly groups: readonly { readonly product: bigint; readonly from: number; readonly to: number }[]
}

let known: SmallPrimes | undefined

function smallPrimes(): SmallPrimes {
  if (known) return known
  const composite = new Uint8Array(SMALL_PRIME_LIMIT)
  const primes: number[] = []
  for (let n = 3; n < SMALL_PRIME_LIMIT; n += 2) {
    if (composite[n] !== 0) continue
    primes.push(n)
    for (let multiple = n * n; multiple < SMALL_PRIME_LIMIT; multiple += 2 * n) composite[multiple] = 1
  }
  const groups: { product: bigint; from: number; to: number }[] = []
  let product = 1
  let from = 0
  primes.forEach((prime, k) => {
    if (product * prime > Number.MAX_SAFE_INTEGER) {
      groups.push({ product: BigInt(product), from, to: k })
      ;[product, from] = [1, k]
    }
    product *= prime
  })
  groups.push({ product: BigInt(product), from, to: primes.length })
  return (known = { primes: Uint32Array.from(primes), groups })
}

/** By Newton's iteration from above. */
function isSquare(n: bigint): boolean {
  let root = 1n << BigInt(Math.ceil(bitLength(n) / 2))
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) return root * root === n
    root = next
  }
}

const SMALL_PRIME_LIMIT = 1 << 17
const SIEVE_WIDTH = 4096
const FIXED_ROUNDS = 4
// A working source needs two or three; this many it takes never.
const MOST_TRIES = 256
