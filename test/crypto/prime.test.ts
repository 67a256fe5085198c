/**
 * Probable primes: Wycheproof, OpenSSL, numbers made to deceive, and the search.
 * @module
 */
import fc from 'fast-check'
import { checkPrimeSync, generatePrimeSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { modularPowerPublic } from '../../src/crypto/number.js'
import { findPrime, isFixedProbablePrime, isProbablePrime, jacobi, lucas, millerRabin } from '../../src/crypto/prime.js'
import { big, bytesOf, seededRandom, systemRandom } from '../support/providers.js'
import { textOf, unhex, withWycheproof } from '../support/vectors.js'

const primes = suite('primes')

withWycheproof(primes, 'primality_test', ({ testGroups, numberOfTests }) => {
  const tests = testGroups.flatMap((group) => group.tests)
  primes('primality_test has 159 tests', () => assert.equal([tests.length, numberOfTests], [159, 159]))
  for (const test of tests)
    primes(`primality_test ${test.tcId} ${test.comment}`, () => {
      // The values are two's complement. Negative ones are "acceptable": a prime up to its sign, or refused; here they are refused.
      const bytes = unhex(textOf(test, 'value'))
      const value = BigInt.asIntN(8 * bytes.length, big(bytes))
      assert.is(isProbablePrime(value, 4, systemRandom), test.result === 'valid')
      assert.is(isFixedProbablePrime(value), test.result === 'valid')
    })
})

primes('below 2000, exactly the primes are found', () => {
  const known = Array.from({ length: 2000 }, (_, n) => n).filter((n) => n > 1 && !Array.from({ length: n - 2 }, (_, i) => i + 2).some((d) => n % d === 0))
  const found = Array.from({ length: 2000 }, (_, n) => n).filter((n) => isFixedProbablePrime(BigInt(n)))
  assert.equal(found, known)
})

primes('numbers of all sizes are judged as OpenSSL judges them', () =>
  fc.assert(
    fc.property(fc.bigInt({ min: 2n, max: 1n << 160n }), (n) => {
      const wanted = checkPrimeSync(n)
      assert.is(isProbablePrime(n, 3, systemRandom), wanted)
      assert.is(isFixedProbablePrime(n), wanted)
    }),
    { numRuns: 300 },
  ),
)

primes("OpenSSL's primes pass, and products of two do not", () => {
  for (let i = 0; i < 5; i++) {
    const [p, q] = [generatePrimeSync(512, { bigint: true }), generatePrimeSync(512, { bigint: true })]
    assert.ok(isProbablePrime(p, 5, systemRandom) && isFixedProbablePrime(q))
    assert.not(isProbablePrime(p * q, 1, systemRandom))
    assert.not(isFixedProbablePrime(p * q))
    assert.not(isFixedProbablePrime(p * p), 'a square has no Lucas sequence')
    assert.not(lucas(p * p))
  }
})

// Products (k + 1)(2k + 1) and the like pass Miller–Rabin for many bases; each alone fools one of the two tests.
primes('a strong pseudoprime to the first twelve prime bases is stopped by Lucas', () => {
  const arnault = 318665857834031151167461n
  for (const base of [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n]) assert.ok(millerRabin(arnault, base), String(base))
  assert.not(lucas(arnault))
  assert.not(isFixedProbablePrime(arnault))
})

primes('Lucas pseudoprimes are stopped by Miller–Rabin', () => {
  // OEIS A217120: the first composites that the Lucas test with Selfridge's parameters takes for primes.
  for (const n of [323n, 377n, 1159n, 1829n, 3827n, 5459n, 5777n, 9071n, 9179n, 10877n]) {
    assert.ok(lucas(n), String(n))
    assert.not(millerRabin(n, 2n), String(n))
  }
})

primes('the Jacobi symbol is the product of Legendre symbols', () =>
  fc.assert(
    fc.property(fc.bigInt({ min: -100000n, max: 100000n }), fc.constantFrom(3n, 5n, 7n, 11n, 101n, 65537n), fc.constantFrom(3n, 13n, 17n, 257n), (a, p, q) => {
      // By Euler's criterion.
      const legendre = (prime: bigint) => {
        const power = modularPowerPublic(((a % prime) + prime) % prime, (prime - 1n) / 2n, prime)
        return power === prime - 1n ? -1 : Number(power)
      }
      assert.is(jacobi(a, p * q), legendre(p) * legendre(q))
    }),
  ),
)

primes('the search finds what was wished for, the same for the same randomness', () => {
  const wish = { bits: 256, lowest: 3n << 254n, rounds: 5, suits: (candidate: bigint) => candidate % 7n === 3n }
  for (const label of ['one', 'two', 'three']) {
    const prime = findPrime(wish, seededRandom(label))
    assert.ok(checkPrimeSync(prime))
    assert.is(prime.toString(2).length, 256)
    assert.ok(prime >= wish.lowest && prime % 7n === 3n)
    assert.is(findPrime(wish, seededRandom(label)), prime)
  }
  assert.is.not(findPrime(wish, seededRandom('one')), findPrime(wish, seededRandom('two')))
})

primes('the search finds the first prime above its start', () => {
  const start = (1n << 127n) + 1n
  const bytes = bytesOf(start)
  let first = true
  const random = (length: number) => {
    const given = first && length === bytes.length ? Uint8Array.from(bytes) : systemRandom(length)
    first = false
    return given
  }
  let wanted = start
  while (!checkPrimeSync(wanted)) wanted += 2n
  assert.is(findPrime({ bits: 128, lowest: 0n, rounds: 3, suits: () => true }, random), wanted)
})

primes.run()
