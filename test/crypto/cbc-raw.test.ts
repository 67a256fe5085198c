/**
 * CBC without padding: AES on every provider, triple DES where it is offered. SP 800-38A, `node:crypto`, node-forge.
 * @module
 */
import fc from 'fast-check'
import forge from 'node-forge'
import { createCipheriv } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { isCallersMistake, providers, systemRandom } from '../support/providers.js'
import { unhex } from '../support/vectors.js'

const aes = suite('AES-CBC without padding')

const IV = unhex('000102030405060708090a0b0c0d0e0f')
const PLAIN = unhex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710')
for (const [section, key, wanted] of [
  [
    'F.2.1',
    '2b7e151628aed2a6abf7158809cf4f3c',
    '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7',
  ],
  [
    'F.2.3',
    '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
    '4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd',
  ],
  [
    'F.2.5',
    '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b',
  ],
] as const)
  for (const crypto of providers)
    aes(`${crypto.name}: SP 800-38A ${section}`, async () => {
      assert.equal(await crypto.cbcEncryptRaw(unhex(key), IV, PLAIN), unhex(wanted))
      assert.equal(await crypto.cbcDecryptRaw(unhex(key), IV, unhex(wanted)), PLAIN)
    })

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const aesInput = fc.record(
  { key: fc.constantFrom(16, 24, 32).chain(bytes), iv: bytes(16), data: fc.integer({ min: 1, max: 40 }).chain((blocks) => bytes(16 * blocks)) },
  { noNullPrototype: true },
)

for (const crypto of providers) {
  aes(`${crypto.name}: any blocks, as OpenSSL does it`, () =>
    fc.assert(
      fc.asyncProperty(aesInput, async ({ key, iv, data }) => {
        const cipher = createCipheriv(`aes-${8 * key.length}-cbc`, key, iv).setAutoPadding(false)
        const wanted = Uint8Array.from(Buffer.concat([cipher.update(data), cipher.final()]))
        assert.equal(await crypto.cbcEncryptRaw(key, iv, data), wanted)
        assert.equal(await crypto.cbcDecryptRaw(key, iv, wanted), data)
      }),
    ),
  )

  aes(`${crypto.name}: what padding leaves behind is still there`, async () => {
    const [key, iv] = [systemRandom(32), systemRandom(16)]
    const decrypted = await crypto.cbcDecryptRaw(key, iv, await crypto.cbcEncrypt(key, iv, Uint8Array.of(1, 2, 3)))
    assert.equal(decrypted, Uint8Array.of(1, 2, 3, ...new Array<number>(13).fill(13)))
  })

  aes(`${crypto.name}: nothing is refused, whatever the key`, async () => {
    for (let i = 0; i < 64; i++) assert.is((await crypto.cbcDecryptRaw(systemRandom(16), IV, PLAIN)).length, PLAIN.length)
  })

  aes(`${crypto.name}: inputs stay as they are, and results are plain bytes of their own`, async () => {
    const larger = systemRandom(90)
    const before = Uint8Array.from(larger)
    const [key, iv, data] = [larger.subarray(1, 17), larger.subarray(17, 33), larger.subarray(35, 83)]
    for (const result of [await crypto.cbcEncryptRaw(key, iv, data), await crypto.cbcDecryptRaw(key, iv, Buffer.from(data))]) {
      assert.is(result.constructor, Uint8Array)
      assert.is(result.buffer.byteLength, data.length)
      result.fill(0)
    }
    assert.equal(larger, before)
  })

  aes(`${crypto.name}: other lengths are the caller's mistake`, async () => {
    const good = [16, 16, 32] as const
    for (const [key, iv, data] of [
      [15, 16, 32],
      [0, 16, 32],
      [33, 16, 32],
      [16, 15, 32],
      [16, 0, 32],
      [16, 16, 0],
      [16, 16, 15],
      [16, 16, 33],
    ] as const)
      for (const call of [crypto.cbcEncryptRaw, crypto.cbcDecryptRaw])
        assert.ok(await isCallersMistake(() => call(new Uint8Array(key), new Uint8Array(iv), new Uint8Array(data))), `${key}, ${iv}, ${data}`)
    for (const call of [crypto.cbcEncryptRaw, crypto.cbcDecryptRaw])
      assert.not(await isCallersMistake(() => call(...(good.map((length) => new Uint8Array(length)) as [Uint8Array, Uint8Array, Uint8Array]))))
  })
}

aes.run()

const des = suite('SKI-64 triple DES in CBC without padding')
const { tripleDes } = nodeCrypto()

des('is offered by node alone', () =>
  assert.equal(
    providers.map(({ name, tripleDes: offered }) => [name, offered !== undefined]),
    [
      ['pure', false],
      ['node', true],
      ['web', false],
    ],
  ),
)

/** As node-forge does it, which knows three keys only. */
function forgeEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const binary = (part: Uint8Array) => Buffer.from(part).toString('latin1')
  const three = key.length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key
  const cipher = forge.cipher.createCipher('3DES-CBC', forge.util.createBuffer(binary(three)))
  cipher.start({ iv: binary(iv) })
  cipher.update(forge.util.createBuffer(binary(data)))
  // Its padding comes behind the blocks that are asked for.
  cipher.finish()
  return Uint8Array.from(Buffer.from(cipher.output.getBytes(data.length), 'latin1'))
}

const desInput = fc.record(
  { key: fc.constantFrom(16, 24).chain(bytes), iv: bytes(8), data: fc.integer({ min: 1, max: 40 }).chain((blocks) => bytes(8 * blocks)) },
  { noNullPrototype: true },
)

des('two keys and three, as node-forge does it', () =>
  fc.assert(
    fc.property(desInput, ({ key, iv, data }) => {
      const wanted = forgeEncrypt(key, iv, data)
      assert.equal(tripleDes.cbcEncryptRaw(key, iv, data), wanted)
      assert.equal(tripleDes.cbcDecryptRaw(key, iv, wanted), data)
    }),
  ),
)

des("other lengths are the caller's mistake", async () => {
  for (const [key, iv, data] of [
    [8, 8, 16],
    [15, 8, 16],
    [32, 8, 16],
    [24, 7, 16],
    [24, 16, 16],
    [24, 8, 0],
    [24, 8, 12],
  ] as const)
    for (const call of [tripleDes.cbcEncryptRaw, tripleDes.cbcDecryptRaw])
      assert.ok(await isCallersMistake(() => call(new Uint8Array(key), new Uint8Array(iv), new Uint8Array(data))), `${key}, ${iv}, ${data}`)
})

des.run()
