/**
 * What all providers have in common and no vector says: randomness, native types as input, and forgetting.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { copyKey, publicPart, wipeKey } from '../../src/crypto/key-parts.js'
import { pure } from '../../src/crypto/pure.js'
import { AZURE_MECHANISM } from '../../src/crypto/rsa-aes-key-wrap.js'
import { webCrypto } from '../../tools/web/crypto.js'
import { newRsa, providers, seededRandom, systemRandom } from '../support/providers.js'

const common = suite('providers')
const SHA1 = { hash: 'SHA-1', mgf1: 'SHA-1' } as const
const { key } = newRsa(2048)

common('their names', () =>
  assert.equal(
    providers.map(({ name }) => name),
    ['pure', 'node', 'web'],
  ),
)

for (const crypto of providers) {
  common(`${crypto.name}: random bytes are as many as asked for, plain, and others each time`, () => {
    for (const length of [0, 1, 32, 5000]) {
      const bytes = crypto.random(length)
      assert.is(bytes.length, length)
      assert.is(bytes.constructor, Uint8Array)
    }
    assert.not.equal(crypto.random(16), crypto.random(16))
  })

  common(`${crypto.name}: Buffers and windows on larger buffers are taken, left alone, and shared with no result`, async () => {
    const message = Buffer.from('a message')
    const larger = new Uint8Array(40)
    larger.set(message, 3)
    for (const given of [message, larger.subarray(3, 3 + message.length)]) {
      const before = Buffer.from(given)
      const aesKey = Buffer.from(systemRandom(32))
      const keyBefore = Buffer.from(aesKey)
      const blob = Buffer.from(await crypto.rsaAesWrap(key, aesKey, given, AZURE_MECHANISM))
      const opened = await crypto.rsaAesUnwrap(key, blob, AZURE_MECHANISM)
      assert.ok(opened.ok)
      assert.equal([...opened.value], [...message])
      opened.value.fill(0)
      for (const result of [
        await crypto.kwpUnwrap(aesKey, Buffer.from(await crypto.kwpWrap(aesKey, given))),
        await crypto.oaepDecrypt(key, Buffer.from(await crypto.oaepEncrypt(key, given, SHA1)), SHA1),
        await crypto.cbcDecrypt(aesKey, aesKey.subarray(0, 16), Buffer.from(await crypto.cbcEncrypt(aesKey, aesKey.subarray(0, 16), given))),
        { ok: true as const, value: await crypto.pkcs1Decrypt(key, Buffer.from(await crypto.pkcs1Encrypt(key, given)), given.length) },
      ]) {
        assert.ok(result.ok)
        assert.equal([...result.value], [...message])
        assert.is(result.value.constructor, Uint8Array)
        result.value.fill(0)
      }
      assert.ok(before.equals(given) && keyBefore.equals(aesKey))
    }
  })

  common(`${crypto.name}: a private key serves as the public one`, async () => {
    const ciphertext = await crypto.oaepEncrypt(key, Uint8Array.of(1), SHA1)
    assert.equal(await crypto.oaepDecrypt(key, ciphertext, SHA1), { ok: true, value: Uint8Array.of(1) })
    assert.is((await crypto.oaepEncrypt(publicPart(key), Uint8Array.of(1), SHA1)).length, 256)
  })
}

for (const crypto of providers.slice(1))
  common(`${crypto.name}: a key that was wiped and forgotten is of no more use`, async () => {
    const own = copyKey(key)
    const ciphertext = await crypto.oaepEncrypt(key, Uint8Array.of(1), SHA1)
    assert.ok((await crypto.oaepDecrypt(own, ciphertext, SHA1)).ok)
    wipeKey(own)
    // The native copy lives on until it is dropped: this is why `forget` exists.
    assert.ok((await crypto.oaepDecrypt(own, ciphertext, SHA1)).ok)
    crypto.forget(own)
    let opened = false
    try {
      opened = (await crypto.oaepDecrypt(own, ciphertext, SHA1)).ok
    } catch {
      // Node does not even import such a key; WebCrypto does, and opens nothing with it.
    }
    assert.not(opened)
  })

common('pure: forgetting drops the blinding pair', async () => {
  let drawn = 0
  const crypto = pure((length) => {
    drawn += length
    return systemRandom(length)
  })
  const ciphertext = crypto.oaepEncrypt(key, Uint8Array.of(1), SHA1)
  const drawnBy = () => {
    const before = drawn
    assert.ok(crypto.oaepDecrypt(key, ciphertext, SHA1).ok)
    return drawn - before
  }
  assert.equal([drawnBy(), drawnBy()], [528, 0])
  crypto.forget(key)
  assert.equal([drawnBy(), drawnBy()], [528, 0])
})

common('web: takes the SubtleCrypto and the randomness it is given', async () => {
  const first = webCrypto(globalThis.crypto.subtle, (array) => (array.set(seededRandom('web')(array.length)), array))
  assert.equal(first.random(20), seededRandom('web')(20))
  assert.ok((await first.checkPrivateKey(key)).ok)
})

common.run()
