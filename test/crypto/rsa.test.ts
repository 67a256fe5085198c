/**
 * The RSA primitives and key generation, beside OpenSSL.
 * @module
 */
import fc from 'fast-check'
import { constants, createPrivateKey, createPublicKey, privateDecrypt, publicEncrypt, sign, verify } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkPrivateKey } from '../../src/crypto/key-check.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { generateRsa } from '../../src/crypto/rsa-keygen.js'
import { forgetBlinding, isBelowModulus, rsaPrivate, rsaPrivateUnblinded, rsaPublic } from '../../src/crypto/rsa.js'
import { big, bytesOf, isCallersMistake, newRsa, providers, seededRandom, systemRandom } from '../support/providers.js'

const primitives = suite('RSA primitives')
const { key, privateKey, publicKey } = newRsa(2048)
const raw = { padding: constants.RSA_NO_PADDING }

/** A block below the modulus. */
const block = (): Uint8Array => {
  const bytes = systemRandom(256)
  bytes[0]! &= 0x7f
  return bytes
}

primitives('the public operation is the one of OpenSSL', () => {
  for (let i = 0; i < 20; i++) {
    const input = block()
    assert.equal(rsaPublic(key, input), Uint8Array.from(publicEncrypt({ key: publicKey, ...raw }, input)))
  }
})

primitives('the private operation is the one of OpenSSL, more often than a blinding pair lives', () => {
  for (let i = 0; i < 70; i++) {
    const input = block()
    assert.equal(rsaPrivate(key, input, systemRandom), Uint8Array.from(privateDecrypt({ key: privateKey, ...raw }, input)))
  }
})

primitives('without blinding the result is the same', () => {
  const input = block()
  assert.equal(rsaPrivateUnblinded(key, input), rsaPrivate(key, input, systemRandom))
})

primitives('zero, one and n - 1 are fixed points', () => {
  for (const value of [0n, 1n, big(key.n) - 1n]) {
    const input = new Uint8Array(256)
    const bytes = bytesOf(value)
    input.set(bytes, 256 - bytes.length)
    assert.equal(rsaPublic(key, input), input)
    assert.equal(rsaPrivate(key, input, systemRandom), input)
  }
})

primitives('a blinding pair serves 32 operations, and a forgotten key gets a new one', () => {
  let drawn = 0
  const counting = (length: number) => {
    drawn++
    return systemRandom(length)
  }
  const input = block()
  const seen: number[] = []
  for (let i = 0; i < 65; i++) {
    rsaPrivate(key, input, counting)
    seen.push(drawn)
  }
  assert.equal([seen[0], seen[31], seen[32], seen[63], seen[64]], [2, 2, 4, 4, 6])
  forgetBlinding(key, counting)
  rsaPrivate(key, input, counting)
  assert.is(drawn, 8)
})

primitives('isBelowModulus compares numbers of the right length', () => {
  const above = Uint8Array.from(key.n)
  assert.not(isBelowModulus(key, key.n))
  assert.not(isBelowModulus(key, new Uint8Array(255)))
  assert.not(isBelowModulus(key, new Uint8Array(257)))
  assert.ok(isBelowModulus(key, bytesOf(big(key.n) - 1n)))
  above[255]! ^= 1
  assert.is(isBelowModulus(key, above), big(above) < big(key.n))
  assert.not(isBelowModulus(key, new Uint8Array(256).fill(0xff)))
})

primitives("an input that is not below the modulus is the caller's mistake", async () => {
  for (const input of [key.n, new Uint8Array(255), new Uint8Array(257)]) {
    assert.ok(await isCallersMistake(() => rsaPublic(key, input)))
    assert.ok(await isCallersMistake(() => rsaPrivate(key, input, systemRandom)))
  }
})

for (const field of ['dp', 'dq', 'qi'] as const)
  primitives(`a result made with a wrong ${field} does not leave`, () => {
    // What a fault attack on CRT needs is a result that is right modulo one prime only.
    const faulty: RsaPrivateKey = { ...key, [field]: bytesOf(big(key[field]) ^ 2n) }
    const input = block()
    assert.throws(
      () => rsaPrivate(faulty, input, systemRandom),
      (error: Error) => !(error instanceof TypeError) && /did not confirm/.test(error.message),
    )
  })

primitives.run()

const generation = suite('RSA key generation')

for (const [bits, keys] of [
  [2048, 2],
  [3072, 1],
  [4096, 1],
] as const)
  generation(`${bits} bits: OpenSSL imports the key and it signs`, () => {
    for (let i = 0; i < keys; i++) {
      const made = generateRsa(bits, systemRandom)
      assert.equal(checkPrivateKey(made, { primality: true }), { ok: true, value: undefined })
      const [n, p, q, d] = [big(made.n), big(made.p), big(made.q), big(made.d)]
      assert.is(n.toString(2).length, bits)
      assert.ok(p > q && p - q > 1n << BigInt(bits / 2 - 100))
      for (const prime of [p, q]) assert.ok(prime * prime >= 1n << BigInt(bits - 1), 'at least sqrt(2) times the least number of its length')
      assert.ok(d > 1n << BigInt(bits / 2))
      assert.is(big(made.e), 65537n)

      const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
      const jwk = { kty: 'RSA', ...Object.fromEntries((['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((name) => [name, url(made[name])])) }
      const native = createPrivateKey({ key: jwk, format: 'jwk' })
      assert.ok(verify('sha256', Buffer.from('message'), createPublicKey(native), sign('sha256', Buffer.from('message'), native)))
    }
  })

generation('the same randomness makes the same key', () => {
  const [first, second] = [generateRsa(2048, seededRandom('a seed')), generateRsa(2048, seededRandom('a seed'))]
  assert.equal(first, second)
  assert.is.not(big(generateRsa(2048, seededRandom('another seed')).n), big(first.n))
})

for (const crypto of providers)
  generation(`${crypto.name}: makes keys that check, with all integers minimal`, async () => {
    const made = await crypto.generateRsa(2048)
    assert.equal(await crypto.checkPrivateKey(made), { ok: true, value: undefined })
    assert.equal(Object.keys(made).sort(), ['d', 'dp', 'dq', 'e', 'n', 'p', 'q', 'qi', 'type'])
    assert.is(big(made.e), 65537n)
  })

for (const crypto of providers)
  generation(`${crypto.name}: other sizes are the caller's mistake`, () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1024, 2047, 2049, 2304, 8192, -2048, 2048.5, NaN), async (bits) =>
        assert.ok(await isCallersMistake(() => crypto.generateRsa(bits))),
      ),
      { numRuns: 9 },
    ),
  )

generation.run()
