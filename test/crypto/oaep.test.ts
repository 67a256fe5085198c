/**
 * RSAES-OAEP on every provider: Wycheproof, RSA Laboratories, pyca, Botan, and blocks spoiled one byte at a time.
 * @module
 */
import fc from 'fast-check'
import { constants, createHash, createPrivateKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { OaepParameters } from '../../src/crypto/crypto.js'
import { checkPrivateKey } from '../../src/crypto/key-check.js'
import type { Hash } from '../../src/crypto/keys.js'
import { oaepCapacity, oaepDecode, oaepEncode, oaepEncrypt } from '../../src/crypto/oaep.js'
import { isCallersMistake, newRsa, providers, rsaFromJwk, systemRandom } from '../support/providers.js'
import { botanRsaKey, labsExamplesOf, recordsOf, textOf, unhex, withVectors, withWycheproof, wycheproofRsaKey } from '../support/vectors.js'

const FAILED = { ok: false, fault: { code: 'decryption_failed' } }
const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const
const [pureProvider, nodeProvider] = [providers[0]!, providers[1]!]

const vectors = suite('OAEP vectors')

for (const [name, count, applicable] of [
  ['rsa_oaep_2048_sha1_mgf1sha1_test', 18, 18],
  ['rsa_oaep_2048_sha256_mgf1sha256_test', 37, 37],
  ['rsa_oaep_3072_sha256_mgf1sha1_test', 32, 32],
  // Two of its groups have MGF1 with SHA-224, which the core does not know.
  ['rsa_oaep_misc_test', 45, 39],
] as const)
  withWycheproof(vectors, name, ({ testGroups, numberOfTests }) => {
    const known = (hash: unknown): hash is Hash => HASHES.includes(hash as Hash)
    const groups = testGroups.filter((group) => known(group['sha']) && known(group['mgfSha']))
    const sum = (list: typeof testGroups) => list.reduce((total, group) => total + group.tests.length, 0)
    vectors(`${name} has ${count} tests, ${applicable} with hashes of ours`, () =>
      assert.equal([numberOfTests, sum(testGroups), sum(groups)], [count, count, applicable]),
    )
    for (const group of groups) {
      const key = wycheproofRsaKey(group)
      const parameters = { hash: group['sha'] as Hash, mgf1: group['mgfSha'] as Hash }
      for (const test of group.tests) {
        const [msg, ct, label] = ['msg', 'ct', 'label'].map((field) => unhex(textOf(test, field))) as [Uint8Array, Uint8Array, Uint8Array]
        vectors(`${name} ${test.tcId} ${parameters.hash} ${parameters.mgf1} ${test.comment}`, async () => {
          for (const crypto of providers) {
            const opened = await crypto.oaepDecrypt(key, ct, label.length > 0 ? { ...parameters, label } : parameters)
            assert.equal(opened, test.result === 'valid' ? { ok: true, value: msg } : FAILED, crypto.name)
          }
        })
      }
    }
  })

withWycheproof(vectors, 'rsa_three_primes_oaep_2048_sha1_mgf1sha1_test', ({ testGroups, numberOfTests }) => {
  vectors('three primes: 18 tests under one key, which is refused', () => {
    assert.is(numberOfTests, 18)
    assert.is(testGroups.length, 1)
    assert.equal(checkPrivateKey(wycheproofRsaKey(testGroups[0]!)), { ok: false, fault: { code: 'rsa_prime_size_wrong', at: 'p', wanted: 1024 } })
  })
})

for (const [path, count, parametersOf] of [
  ['pyca/oaep-vect.txt', 60, { hash: 'SHA-1', mgf1: 'SHA-1' }],
  ['pyca/oaep-sha1-sha256.txt', 60, { hash: 'SHA-256', mgf1: 'SHA-1' }],
] as const)
  withVectors(vectors, path, (file) => {
    const examples = labsExamplesOf(file)
    vectors(`${path} has ${count} examples`, () => assert.is(examples.length, count))
    examples.forEach(({ key, message, seed, ciphertext }, i) =>
      vectors(`${path} ${i + 1}`, async () => {
        if (seed) assert.equal(oaepEncrypt(key, message, parametersOf, seed), ciphertext)
        for (const crypto of [pureProvider, nodeProvider])
          assert.equal(await crypto.oaepDecrypt(key, ciphertext, parametersOf), { ok: true, value: message }, crypto.name)
      }),
    )
  })

withVectors(vectors, 'pyca/oaep-label.txt', (file) => {
  const records = recordsOf(file).filter(({ fields }) => fields['KEY'] !== undefined)
  vectors('pyca OAEP with a label', async () => {
    assert.is(records.length, 1)
    const { fields } = records[0]!
    const der = createPrivateKey({ key: Buffer.from(fields['KEY']!, 'hex'), format: 'der', type: 'pkcs8' })
    const key = rsaFromJwk({ ...der.export({ format: 'jwk' }) })
    const parameters = { hash: 'SHA-512', mgf1: 'SHA-512', label: unhex(fields['OAEPLabel']!) } as const
    for (const crypto of providers) {
      const opened = await crypto.oaepDecrypt(key, unhex(fields['Input']!), parameters)
      assert.equal(opened, { ok: true, value: Uint8Array.from(Buffer.from('Hello World')) }, crypto.name)
      assert.equal(await crypto.oaepDecrypt(key, unhex(fields['Input']!), { hash: 'SHA-512', mgf1: 'SHA-512' }), FAILED, crypto.name)
    }
  })
})

withVectors(vectors, 'botan/rsaes.vec', (file) => {
  const records = recordsOf(file).filter(({ sections }) => sections[0] === 'OAEP(SHA-1)')
  vectors('Botan has 38 OAEP records', () => assert.is(records.length, 38))
  records.forEach(({ fields }, i) =>
    vectors(`Botan OAEP ${i + 1}`, async () => {
      const key = botanRsaKey(fields)
      const [message, seed, ciphertext] = [unhex(fields['Msg']!), unhex(fields['Nonce']!), unhex(fields['Ciphertext']!)]
      const parameters = { hash: 'SHA-1', mgf1: 'SHA-1' } as const
      assert.equal(oaepEncrypt(key, message, parameters, seed), ciphertext)
      assert.equal(await pureProvider.oaepDecrypt(key, ciphertext, parameters), { ok: true, value: message })
    }),
  )
})

vectors.run()

const laws = suite('OAEP laws')
const { key, privateKey, publicKey } = newRsa(2048)
const raw = { padding: constants.RSA_NO_PADDING }

laws('every provider opens what every provider made, with any hashes and label', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...HASHES),
      fc.constantFrom(...HASHES),
      fc.uint8Array({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 126 }),
      fc.constantFrom(...providers),
      fc.constantFrom(...providers),
      async (hash, mgf1, label, message, maker, opener) => {
        const parameters = { hash, mgf1, label }
        const ciphertext = await maker.oaepEncrypt(key, message, parameters)
        assert.equal(await opener.oaepDecrypt(key, ciphertext, parameters), { ok: true, value: message })
        assert.equal(await opener.oaepDecrypt(key, ciphertext, { ...parameters, label: Uint8Array.of(...label, 1) }), FAILED)
        assert.is.not(Buffer.from(await maker.oaepEncrypt(key, message, parameters)).toString('hex'), Buffer.from(ciphertext).toString('hex'))
      },
    ),
    { numRuns: 40 },
  ),
)

laws('OpenSSL opens what the core encodes, and the core what OpenSSL encrypts', () =>
  fc.assert(
    fc.property(fc.constantFrom(...HASHES), fc.uint8Array({ maxLength: 126 }), (hash, message) => {
      const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash.replace('-', '').toLowerCase() }
      const seed = systemRandom(createHash(oaep.oaepHash).digest().length)
      assert.equal(Uint8Array.from(privateDecrypt({ key: privateKey, ...oaep }, oaepEncrypt(key, message, { hash, mgf1: hash }, seed))), message)
      const block = privateDecrypt({ key: privateKey, ...raw }, publicEncrypt({ key: publicKey, ...oaep }, message))
      assert.equal(oaepDecode(block, { hash, mgf1: hash }), { ok: true, value: message })
    }),
    { numRuns: 40 },
  ),
)

/** A block spoiled before it is masked; encoded here, since OpenSSL makes no bad ones. */
function spoiled(spoil: (head: Uint8Array, data: Uint8Array) => void): Buffer {
  const sha1 = (...parts: Uint8Array[]) => createHash('sha1').update(Buffer.concat(parts)).digest()
  const mgf1 = (seed: Uint8Array, length: number) =>
    Buffer.concat(Array.from({ length: Math.ceil(length / 20) }, (_, i) => sha1(seed, Uint8Array.of(0, 0, 0, i)))).subarray(0, length)
  const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ b[i]!)
  const [head, seed, data] = [new Uint8Array(1), systemRandom(20), new Uint8Array(235)]
  data.set(sha1(), 0)
  data[202] = 1
  data.set(systemRandom(32), 203)
  spoil(head, data)
  const maskedData = xor(data, mgf1(seed, 235))
  return Buffer.concat([head, xor(seed, mgf1(maskedData, 20)), maskedData])
}

const SHA1: OaepParameters = { hash: 'SHA-1', mgf1: 'SHA-1' }
for (const [what, spoil] of [
  ['a first byte of 1', (head: Uint8Array) => void (head[0] = 1)],
  ['a first bit of the label hash', (_: Uint8Array, data: Uint8Array) => void (data[0]! ^= 0x80)],
  ['a last bit of the label hash', (_: Uint8Array, data: Uint8Array) => void (data[19]! ^= 1)],
  ['a separator of 2', (_: Uint8Array, data: Uint8Array) => void (data[202] = 2)],
  ['padding of 0x80 at its start', (_: Uint8Array, data: Uint8Array) => void (data[20] = 0x80)],
  ['padding of 0x81 at its end', (_: Uint8Array, data: Uint8Array) => void (data[201] = 0x81)],
  ['no separator at all', (_: Uint8Array, data: Uint8Array) => void data.fill(0, 20)],
] as const)
  laws(`BYOK-52 refused by every provider: ${what}`, async () => {
    const block = spoiled(spoil)
    assert.equal(oaepDecode(block, SHA1), FAILED)
    const ciphertext = publicEncrypt({ key: publicKey, ...raw }, block)
    for (const crypto of providers) assert.equal(await crypto.oaepDecrypt(key, ciphertext, SHA1), FAILED, crypto.name)
  })

laws('the same block unspoiled is taken, and so are an empty message and one behind a separator at the first place', async () => {
  for (const [spoil, length] of [
    [() => undefined, 32],
    [(_: Uint8Array, data: Uint8Array) => void data.fill(0, 20).fill(1, 234), 0],
    [(_: Uint8Array, data: Uint8Array) => void (data[20] = 1), 214],
  ] as const) {
    const ciphertext = publicEncrypt({ key: publicKey, ...raw }, spoiled(spoil))
    for (const crypto of providers) {
      const opened = await crypto.oaepDecrypt(key, ciphertext, SHA1)
      assert.ok(opened.ok, crypto.name)
      assert.is(opened.value.length, length)
      assert.is(opened.value.constructor, Uint8Array)
      assert.is(opened.value.buffer.byteLength, length)
    }
  }
})

laws('BYOK-51 a ciphertext of another length, or not below the modulus, is refused by every provider', async () => {
  for (const ciphertext of [new Uint8Array(0), systemRandom(255), systemRandom(257), key.n, new Uint8Array(256).fill(0xff)])
    for (const crypto of providers)
      for (const mgf1 of ['SHA-1', 'SHA-256'] as const) assert.equal(await crypto.oaepDecrypt(key, ciphertext, { hash: 'SHA-1', mgf1 }), FAILED, crypto.name)
})

laws("a message that is too long, or a seed of another length, is the caller's mistake", async () => {
  assert.is(oaepCapacity(256, 'SHA-1'), 214)
  for (const crypto of providers) {
    assert.is((await crypto.oaepEncrypt(key, new Uint8Array(214), SHA1)).length, 256)
    assert.ok(await isCallersMistake(() => crypto.oaepEncrypt(key, new Uint8Array(215), SHA1)), crypto.name)
    assert.ok(await isCallersMistake(() => crypto.oaepEncrypt(key, new Uint8Array(215), { ...SHA1, mgf1: 'SHA-256' })), crypto.name)
  }
  assert.ok(await isCallersMistake(() => oaepEncode(new Uint8Array(1), 256, SHA1, new Uint8Array(19))))
  assert.ok(await isCallersMistake(() => oaepEncode(new Uint8Array(0), 41, SHA1, new Uint8Array(20))))
  assert.equal(oaepDecode(new Uint8Array(41), SHA1), FAILED)
})

laws.run()
