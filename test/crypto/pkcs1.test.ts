/**
 * RSAES-PKCS1-v1_5 with implicit rejection on every provider: Wycheproof, RSA Laboratories, Botan, and bad blocks.
 * @module
 */
import fc from 'fast-check'
import { constants, createHash, createHmac, privateDecrypt, publicEncrypt } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { pkcs1Encrypt } from '../../src/crypto/pkcs1.js'
import { givenRandom, isCallersMistake, newRsa, providers, systemRandom } from '../support/providers.js'
import { botanRsaKey, labsExamplesOf, recordsOf, textOf, unhex, withVectors, withWycheproof, wycheproofRsaKey } from '../support/vectors.js'

/** What a bad ciphertext decrypts to: draft-irtf-cfrg-rsa-guidance §7.2, computed by OpenSSL's hash. */
function rejection(key: RsaPrivateKey, ciphertext: Uint8Array, length: number): Uint8Array {
  const size = key.n.length
  const padded = (bytes: Uint8Array) => Buffer.concat([new Uint8Array(Math.max(0, size - bytes.length)), bytes])
  const hmac = (secret: Uint8Array, ...parts: Uint8Array[]) => createHmac('sha256', secret).update(Buffer.concat(parts)).digest()
  const secret = hmac(createHash('sha256').update(padded(key.d)).digest(), padded(ciphertext))
  const bits = Uint8Array.of((8 * size) >> 8, (8 * size) & 0xff)
  const stream = Buffer.concat(Array.from({ length: Math.ceil(size / 32) }, (_, i) => hmac(secret, Uint8Array.of(0, i), Buffer.from('message'), bits)))
  return Uint8Array.from(stream.subarray(size - length, size))
}

const vectors = suite('PKCS#1 v1.5 vectors')

withWycheproof(vectors, 'rsa_pkcs1_2048_test', ({ testGroups, numberOfTests }) => {
  const tests = testGroups.flatMap((group) => group.tests.map((test) => ({ group, test })))
  vectors('rsa_pkcs1_2048_test has 34 tests', () => assert.equal([tests.length, numberOfTests], [34, 34]))
  for (const { group, test } of tests)
    vectors(`rsa_pkcs1_2048_test ${test.tcId} ${test.comment}`, async () => {
      const key = wycheproofRsaKey(group)
      const [msg, ct] = [unhex(textOf(test, 'msg')), unhex(textOf(test, 'ct'))]
      const lengths = test.result === 'valid' ? [msg.length] : [...new Set([msg.length, 16, 32])]
      for (const crypto of providers)
        for (const length of lengths) {
          const wanted = test.result === 'valid' ? msg : rejection(key, ct, length)
          assert.equal(await crypto.pkcs1Decrypt(key, ct, length), wanted, crypto.name)
        }
    })
})

withVectors(vectors, 'pyca/pkcs1v15crypt-vectors.txt', (file) => {
  const examples = labsExamplesOf(file)
  vectors('RSA Laboratories: 300 examples', async () => {
    assert.is(examples.length, 300)
    for (const { key, message, seed, ciphertext } of examples) assert.equal(pkcs1Encrypt(key, message, givenRandom(seed!)), ciphertext)
  })
  // Decryption is slower: one example of each key, and all of one.
  examples.forEach(({ key, message, ciphertext }, i) => {
    if (i % 20 !== 0 && i < 280) return
    vectors(`RSA Laboratories example ${i + 1}`, async () => {
      for (const crypto of providers.slice(0, 2)) assert.equal(await crypto.pkcs1Decrypt(key, ciphertext, message.length), message, crypto.name)
    })
  })
})

withVectors(vectors, 'botan/rsaes.vec', (file) => {
  const records = recordsOf(file).filter(({ sections }) => sections[0] === 'EME-PKCS1-v1_5')
  vectors('Botan has 10 records', () => assert.is(records.length, 10))
  records.forEach(({ fields }, i) =>
    vectors(`Botan EME-PKCS1-v1_5 ${i + 1}`, async () => {
      const key = botanRsaKey(fields)
      const [message, padding, ciphertext] = [unhex(fields['Msg']!), unhex(fields['Nonce']!), unhex(fields['Ciphertext']!)]
      assert.equal(pkcs1Encrypt(key, message, givenRandom(padding)), ciphertext)
      assert.equal(await providers[0]!.pkcs1Decrypt(key, ciphertext, message.length), message)
    }),
  )
})

vectors.run()

const laws = suite('PKCS#1 v1.5 laws')
const { key, privateKey, publicKey } = newRsa(2048)

laws('every provider opens what every provider made', () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 245 }), fc.constantFrom(...providers), fc.constantFrom(...providers), async (message, maker, opener) => {
      const ciphertext = await maker.pkcs1Encrypt(key, message)
      assert.equal(await opener.pkcs1Decrypt(key, ciphertext, message.length), message)
    }),
    { numRuns: 40 },
  ),
)

laws('a message of another length than the caller knows is bad padding', async () => {
  const ciphertext = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, systemRandom(16))
  for (const crypto of providers)
    for (const length of [0, 15, 17, 32, 245]) assert.equal(await crypto.pkcs1Decrypt(key, ciphertext, length), rejection(key, ciphertext, length), crypto.name)
})

const good = (): Uint8Array => Uint8Array.of(0, 2, ...systemRandom(221).map((byte) => byte || 1), 0, ...systemRandom(32))
for (const [what, spoil] of [
  ['a first byte of 1', (block: Uint8Array) => void (block[0] = 1)],
  ['a block type of 1', (block: Uint8Array) => void (block[1] = 1)],
  ['a zero at the start of the padding', (block: Uint8Array) => void (block[2] = 0)],
  ['a zero at the end of the padding', (block: Uint8Array) => void (block[222] = 0)],
  ['no zero before the message', (block: Uint8Array) => void (block[223] = 1)],
] as const)
  laws(`rejected implicitly: ${what}`, async () => {
    const block = good()
    spoil(block)
    const ciphertext = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block)
    for (const crypto of providers) {
      const first = await crypto.pkcs1Decrypt(key, ciphertext, 32)
      assert.equal(first, rejection(key, ciphertext, 32), crypto.name)
      assert.equal(await crypto.pkcs1Decrypt(key, ciphertext, 32), first, 'the same one each time')
    }
  })

laws('the same block unspoiled is taken', async () => {
  const block = good()
  const ciphertext = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block)
  for (const crypto of providers) assert.equal(await crypto.pkcs1Decrypt(key, ciphertext, 32), block.slice(224), crypto.name)
})

laws('a ciphertext of another length, or not below the modulus, is rejected implicitly', async () => {
  for (const ciphertext of [new Uint8Array(0), systemRandom(255), systemRandom(257), key.n, new Uint8Array(256).fill(0xff)])
    for (const crypto of providers) assert.equal(await crypto.pkcs1Decrypt(key, ciphertext, 32), rejection(key, ciphertext, 32), crypto.name)
})

laws('a zero byte in the padding is drawn again', () => {
  const padding = systemRandom(221).map((byte) => byte || 1)
  padding[7] = 0
  const ciphertext = pkcs1Encrypt(key, systemRandom(32), givenRandom(padding, Uint8Array.of(0), Uint8Array.of(9)))
  const block = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, ciphertext)
  assert.is(block[9], 9)
  assert.equal(Uint8Array.from(block.subarray(2, 9)), padding.slice(0, 7))
})

laws("a message or a length that cannot be is the caller's mistake", async () => {
  const ciphertext = systemRandom(256)
  for (const crypto of providers) {
    assert.ok(await isCallersMistake(() => crypto.pkcs1Encrypt(key, new Uint8Array(246))), crypto.name)
    for (const length of [-1, 246, 1.5, NaN]) assert.ok(await isCallersMistake(() => crypto.pkcs1Decrypt(key, ciphertext, length)), crypto.name)
  }
})

laws.run()
