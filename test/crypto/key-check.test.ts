/**
 * The key check: what real producers make is taken, and each number, spoiled alone, has its own fault.
 * @module
 */
import { createECDH, generatePrimeSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkPrivateKey, checkPublicKey } from '../../src/crypto/key-check.js'
import { CURVES, type EcPrivateKey, type RsaPrivateKey } from '../../src/crypto/keys.js'
import { nativeKeyPair } from '../support/native.js'
import { big, bytesOf, newRsa, providers, rsaFromJwk } from '../support/providers.js'

const ACCEPTED = { ok: true, value: undefined }
const rsa = suite('RSA key check')
const { key } = newRsa(2048)
const [p, q, d, n] = [big(key.p), big(key.q), big(key.d), big(key.n)]

/** What the check says: the fault without what was found. */
function faultOf(spoiled: RsaPrivateKey): readonly [code: string, at: string | undefined] | null {
  const checked = checkPrivateKey(spoiled)
  return checked.ok ? null : [checked.fault.code, checked.fault.at]
}

/** The whole private key of two primes and an exponent. */
function keyOf(first: bigint, second: bigint, e: bigint, privateExponent?: bigint): RsaPrivateKey {
  const inverse = (value: bigint, modulus: bigint): bigint => {
    let [a, b, x, y] = [value % modulus, modulus, 1n, 0n]
    for (; a > 0n; [a, b, x, y] = [b % a, a, y - (b / a) * x, x]);
    return ((y % modulus) + modulus) % modulus
  }
  const exponent = privateExponent ?? inverse(e, (first - 1n) * (second - 1n))
  const numbers = {
    n: first * second,
    e,
    d: exponent,
    p: first,
    q: second,
    dp: exponent % (first - 1n),
    dq: exponent % (second - 1n),
    qi: inverse(second, first),
  }
  return { type: 'RSA', ...(Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, bytesOf(value)])) as Omit<RsaPrivateKey, 'type'>) }
}

for (const [title, make] of [
  ['2048 bits of OpenSSL', () => key],
  ['3072 bits of OpenSSL', () => newRsa(3072).key],
  ['e = 3', () => rsaFromJwk({ ...nativeKeyPair({ type: 'rsa', modulusLength: 2048, publicExponent: 3 }).privateKey.export({ format: 'jwk' }) })],
  ['the smaller prime first', () => keyOf(p < q ? p : q, p < q ? q : p, 65537n)],
  ['d modulo the least common multiple', () => keyOf(p, q, 65537n, big(keyOf(p, q, 65537n).d) % lcm(p - 1n, q - 1n))],
  ['d modulo the totient', () => keyOf(p, q, 65537n)],
] as const)
  rsa(`taken: ${title}`, () => assert.equal(checkPrivateKey(make()), ACCEPTED))

function lcm(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y > 0n) [x, y] = [y, x % y]
  return (a / x) * b
}

/** A prime so large that two of them have a product of full length. */
function prime(bits: number): bigint {
  for (;;) {
    const candidate = generatePrimeSync(bits, { bigint: true })
    if (candidate >= 3n << BigInt(bits - 2)) return candidate
  }
}
const otherPrime = prime(1024)

for (const [title, spoiled, code, at] of [
  ['another modulus', { ...key, n: bytesOf(n + 2n) }, 'rsa_modulus_not_product', 'n'],
  ['an even modulus', { ...key, n: bytesOf(n - 1n) }, 'rsa_modulus_even', 'n'],
  ['a modulus of 1024 bits', newRsa(1024).key, 'rsa_modulus_size_unsupported', 'n'],
  ['a modulus of 2049 bits', { ...key, n: bytesOf(n + (1n << 2048n)) }, 'rsa_modulus_size_unsupported', 'n'],
  ['another p', { ...key, p: bytesOf(otherPrime) }, 'rsa_modulus_not_product', 'n'],
  ['another q', { ...key, q: bytesOf(otherPrime) }, 'rsa_modulus_not_product', 'n'],
  ['an even p', { ...key, p: bytesOf(p - 1n) }, 'rsa_prime_even', 'p'],
  ['an even q', { ...key, q: bytesOf(q - 1n) }, 'rsa_prime_even', 'q'],
  ['p = q', { ...key, p: key.q }, 'rsa_primes_equal', 'p, q'],
  ['p = 1, q = n', { ...key, p: Uint8Array.of(1), q: key.n }, 'rsa_prime_size_wrong', 'p'],
  ['p short by one bit', { ...key, p: bytesOf(p >> 1n) }, 'rsa_prime_size_wrong', 'p'],
  ['q long by one bit', { ...key, q: bytesOf(q + (1n << 1024n)) }, 'rsa_prime_size_wrong', 'q'],
  ['another d', { ...key, d: bytesOf(d + 2n) }, 'rsa_exponent_private_wrong', 'd'],
  ['d that fits p only', { ...key, d: bytesOf((d + (p - 1n)) % n) }, 'rsa_exponent_private_wrong', 'd'],
  ['d that fits q only', { ...key, d: bytesOf((d + (q - 1n)) % n) }, 'rsa_exponent_private_wrong', 'd'],
  ['d = 1', { ...key, d: Uint8Array.of(1) }, 'rsa_exponent_private_out_of_range', 'd'],
  ['d above the modulus', { ...key, d: bytesOf(d + 4n * (p - 1n) * (q - 1n)) }, 'rsa_exponent_private_out_of_range', 'd'],
  ['another dp', { ...key, dp: bytesOf(big(key.dp) + 2n) }, 'rsa_crt_dp_wrong', 'dp'],
  ['dp not reduced', { ...key, dp: bytesOf(big(key.dp) + p - 1n) }, 'rsa_crt_dp_wrong', 'dp'],
  ['dp and dq swapped', { ...key, dp: key.dq, dq: key.dp }, 'rsa_crt_dp_wrong', 'dp'],
  ['another dq', { ...key, dq: bytesOf(big(key.dq) + 2n) }, 'rsa_crt_dq_wrong', 'dq'],
  ['another qi', { ...key, qi: bytesOf(big(key.qi) ^ 1n) }, 'rsa_crt_qi_wrong', 'qi'],
  ['qi not reduced', { ...key, qi: bytesOf(big(key.qi) + p) }, 'rsa_crt_qi_wrong', 'qi'],
  ['an even e', { ...key, e: Uint8Array.of(1, 0, 0) }, 'rsa_exponent_even', 'e'],
  ['e = 1', { ...key, e: Uint8Array.of(1) }, 'rsa_exponent_too_small', 'e'],
  ['e = 2^64 + 1', { ...key, e: bytesOf((1n << 64n) + 1n) }, 'rsa_exponent_too_large', 'e'],
  ['e of another key', { ...key, e: Uint8Array.of(3) }, 'rsa_exponent_private_wrong', 'd'],
  ...(['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).flatMap((name) => [
    [`${name} with a leading zero`, { ...key, [name]: Uint8Array.of(0, ...key[name]) }, 'rsa_integer_not_minimal', name] as const,
    [`${name} empty`, { ...key, [name]: new Uint8Array(0) }, 'rsa_integer_not_minimal', name] as const,
  ]),
] as const)
  rsa(`BYOK-59 refused: ${title}`, () => assert.equal(faultOf(spoiled), [code, at]))

/** A number that `make` yields and whose predecessor shares no factor with e, so that e has an inverse. */
function coprime(e: bigint, make: () => bigint): bigint {
  for (;;) {
    const candidate = make()
    if (lcm(e, candidate - 1n) === e * (candidate - 1n)) return candidate
  }
}

rsa('BYOK-73 the largest exponent is 2^64 - 1', () => {
  const largest = (1n << 64n) - 1n
  const made = keyOf(
    coprime(largest, () => prime(1024)),
    coprime(largest, () => prime(1024)),
    largest,
  )
  assert.equal(checkPrivateKey(made), ACCEPTED)
})

rsa('a composite p that satisfies every congruence is found where the caller asks for it', () => {
  const composite = coprime(65537n, () => {
    for (;;) {
      const product = prime(512) * prime(512)
      if (product >= 3n << 1022n) return product // large enough for a modulus of 2048 bits
    }
  })
  for (const [first, second, at] of [
    [composite, coprime(65537n, () => prime(1024)), 'p'],
    [coprime(65537n, () => prime(1024)), composite, 'q'],
  ] as const) {
    // Euclid finds an inverse modulo first - 1 and second - 1, whatever first and second are.
    const made = keyOf(first, second, 65537n)
    assert.equal(checkPrivateKey(made), ACCEPTED)
    assert.equal(checkPrivateKey(made, { primality: true }), { ok: false, fault: { code: 'rsa_prime_composite', at } })
  }
  assert.equal(checkPrivateKey(key, { primality: true }), ACCEPTED)
})

rsa('sizes are as the caller says', () => {
  const small = newRsa(1024).key
  assert.equal(checkPrivateKey(small, { rsaBits: [1024] }), ACCEPTED)
  assert.equal(checkPrivateKey(small), { ok: false, fault: { code: 'rsa_modulus_size_unsupported', at: 'n', found: 1024, wanted: '2048, 3072, 4096' } })
  assert.equal(checkPublicKey({ type: 'RSA', n: key.n, e: key.e }, { rsaBits: [3072] }), {
    ok: false,
    fault: { code: 'rsa_modulus_size_unsupported', at: 'n', found: 2048, wanted: '3072' },
  })
})

rsa('no fault carries a secret number', () => {
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
    const checked = checkPrivateKey({ ...key, [name]: bytesOf(big(key[name]) ^ 2n) })
    assert.ok(!checked.ok && checked.fault.found === undefined, name)
  }
})

rsa('every provider gives the same verdict', async () => {
  for (const crypto of providers) {
    assert.equal(await crypto.checkPrivateKey(key), ACCEPTED, crypto.name)
    assert.equal(await crypto.checkPrivateKey({ ...key, dp: key.dq }), { ok: false, fault: { code: 'rsa_crt_dp_wrong', at: 'dp' } }, crypto.name)
  }
})

rsa.run()

const ec = suite('EC key check')
const NATIVE = { 'P-256': 'prime256v1', 'P-256K': 'secp256k1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' } as const

for (const curve of CURVES) {
  const pair = createECDH(NATIVE[curve])
  const point = Uint8Array.from(pair.generateKeys())
  const size = (point.length - 1) / 2
  const scalar = pair.getPrivateKey()
  const own: EcPrivateKey = {
    type: 'EC',
    curve,
    x: point.slice(1, 1 + size),
    y: point.slice(1 + size),
    d: Uint8Array.from(Buffer.concat([new Uint8Array(size - scalar.length), scalar])),
  }

  ec(`${curve}: a key of OpenSSL is taken`, () => {
    assert.equal(checkPrivateKey(own), ACCEPTED)
    assert.equal(checkPublicKey(own), ACCEPTED)
  })

  for (const [title, spoiled, fault] of [
    ['d = 0', { ...own, d: new Uint8Array(size) }, { code: 'ec_scalar_out_of_range', at: 'd' }],
    ['d above the order', { ...own, d: new Uint8Array(size).fill(0xff) }, { code: 'ec_scalar_out_of_range', at: 'd' }],
    ['d short by one byte', { ...own, d: own.d.slice(1) }, { code: 'ec_length_wrong', at: 'd', found: size - 1, wanted: size }],
    ['another x', { ...own, x: own.x.map((byte, i) => (i === size - 1 ? byte ^ 1 : byte)) }, { code: 'ec_point_not_on_curve', at: 'x, y' }],
    ['the point of another key', { ...own, ...pointOf(NATIVE[curve], size) }, { code: 'ec_public_key_differs', at: 'x, y' }],
  ] as const)
    ec(`BYOK-59 ${curve} refused: ${title}`, () => {
      const checked = checkPrivateKey(spoiled)
      // Changing the last bit of x may give another point of the curve: then the two keys differ.
      if (title === 'another x' && !checked.ok && checked.fault.code === 'ec_public_key_differs') return
      assert.equal(checked, { ok: false, fault })
    })
}

function pointOf(name: string, size: number): { readonly x: Uint8Array; readonly y: Uint8Array } {
  const point = Uint8Array.from(createECDH(name).generateKeys())
  return { x: point.slice(1, 1 + size), y: point.slice(1 + size) }
}

ec.run()
