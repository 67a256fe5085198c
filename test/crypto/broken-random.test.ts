/**
 * Random sources that are broken: the work ends, with an error that names the source, and leaves no secret behind.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Random } from '../../src/crypto/crypto.js'
import { pkcs1DecryptBy, pkcs1Encrypt } from '../../src/crypto/pkcs1.js'
import { findPrime } from '../../src/crypto/prime.js'
import { AZURE_MECHANISM, unwrapBy } from '../../src/crypto/rsa-aes-key-wrap.js'
import { generateRsa } from '../../src/crypto/rsa-keygen.js'
import { rsaPrivate } from '../../src/crypto/rsa.js'
import { accept } from '../../src/verdict.js'
import { newRsa, systemRandom } from '../support/providers.js'

const broken = suite('crypto: broken random sources')
const { key } = newRsa(2048)

const filled =
  (byte: number): Random =>
  (length) =>
    new Uint8Array(length).fill(byte)
const failing: Random = () => {
  throw new Error('random: no entropy')
}
const namesTheSource = (error: Error) => !(error instanceof TypeError) && error.message.startsWith('random: ')

for (const [what, use] of [
  ['RSA, blinded', (random: Random) => rsaPrivate(key, new Uint8Array(256).fill(1), random)],
  ['the padding of PKCS#1 v1.5', (random: Random) => pkcs1Encrypt(key, new Uint8Array(32), random)],
  ['RSA key generation', (random: Random) => generateRsa(2048, random)],
  ['the search for a prime', (random: Random) => findPrime({ bits: 64, lowest: 3n << 62n, rounds: 4, suits: () => true }, random)],
] as const)
  broken(`BYOK-137 ${what} ends where all random bytes are zero`, () => {
    assert.throws(() => use(filled(0)), namesTheSource)
    assert.throws(() => use(failing), namesTheSource)
  })

broken('BYOK-137 RSA key generation ends where every number is the same', () => assert.throws(() => generateRsa(2048, filled(0xff)), namesTheSource))

broken('BYOK-137 a search in which nothing suits ends', () => {
  assert.throws(() => findPrime({ bits: 64, lowest: 1n << 63n, rounds: 4, suits: () => false }, systemRandom), namesTheSource)
})

broken('BYOK-137 the ephemeral key that C1 opened to is wiped where no stand-in can be drawn', () => {
  const ephemeral = systemRandom(32)
  const kwpUnwrap = () => assert.unreachable('nothing is unwrapped') as never
  assert.throws(
    () => unwrapBy({ oaepDecrypt: () => accept(ephemeral), kwpUnwrap, random: failing }, key, new Uint8Array(256 + 24).fill(1), AZURE_MECHANISM),
    namesTheSource,
  )
  assert.equal(ephemeral, new Uint8Array(32))
})

broken('BYOK-137 the rejection message of PKCS#1 v1.5 is wiped where the private operation fails', () => {
  // It is cut out of a longer stream, and never leaves the function.
  const original = Uint8Array.prototype.slice
  const cut: Uint8Array[] = []
  Uint8Array.prototype.slice = function (this: Uint8Array, ...range) {
    const part = original.apply(this, range)
    if (part.length === 32) cut.push(part)
    return part
  }
  const rsa = () => {
    assert.ok(cut.at(-1)?.some((byte) => byte !== 0))
    throw new Error('rsa: no answer')
  }
  try {
    assert.throws(() => pkcs1DecryptBy(key, new Uint8Array(256).fill(1), 32, rsa), 'rsa: no answer')
  } finally {
    Uint8Array.prototype.slice = original
  }
  assert.equal(cut.at(-1), new Uint8Array(32))
})

broken.run()
