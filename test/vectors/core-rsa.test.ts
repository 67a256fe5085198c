/**
 * The RSA vectors: OAEP, PKCS#1 v1.5 with implicit rejection, and the mechanism CKM_RSA_AES_KEY_WRAP.
 *
 * A vector with fixed randomness is encrypted by the pure core, which takes the randomness as an argument, and decrypted by both providers.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { OaepParameters, WrapMechanism } from '../../src/crypto/crypto.js'
import type { Hash } from '../../src/crypto/keys.js'
import { kwpWrap } from '../../src/crypto/aes.js'
import { oaepEncrypt } from '../../src/crypto/oaep.js'
import { AZURE_MECHANISM, rsaAesWrap, wrapInTwoSteps } from '../../src/crypto/rsa-aes-key-wrap.js'
import { accepted, bytes, keyOf, providers, refusedAs, suiteOf, text, title, type Vector } from './load.js'

const hashes = (vector: Vector) => ({ hash: text(vector, 'hash') as Hash, mgf1: text(vector, 'mgf1') as Hash })

const { file: oaepFile, tests: oaep } = suiteOf('core/rsa-oaep')
for (const vector of oaepFile.tests) {
  const parameters: OaepParameters = { ...hashes(vector), label: bytes(vector, 'label') }
  const key = keyOf(oaepFile, vector, 'key')
  for (const crypto of providers)
    oaep(title(vector, crypto.name), async () => {
      const opened = crypto.oaepDecrypt(key, bytes(vector, 'ciphertext'), parameters)
      if (vector.result === 'invalid') return refusedAs(vector, opened)
      assert.equal(await accepted(opened), bytes(vector, 'message'))
    })
  if (vector.result === 'valid')
    oaep(title(vector, 'encrypt'), () => {
      assert.equal(oaepEncrypt(key, bytes(vector, 'message'), parameters, bytes(vector, 'seed')), bytes(vector, 'ciphertext'))
    })
}
oaep.run()

const { file: pkcs1File, tests: pkcs1 } = suiteOf('core/rsa-pkcs1')
for (const vector of pkcs1File.tests) {
  const key = keyOf(pkcs1File, vector, 'key')
  for (const crypto of providers)
    pkcs1(title(vector, crypto.name), async () => {
      const length = vector['length'] as number
      const opened = await crypto.pkcs1Decrypt(key, bytes(vector, 'ciphertext'), length)
      if (vector.result === 'valid') return assert.equal(opened, bytes(vector, 'message'))
      assert.is(vector.expect, 'synthetic')
      assert.is(opened.length, length)
      assert.equal(await crypto.pkcs1Decrypt(key, bytes(vector, 'ciphertext'), length), opened, 'another message at the second try')
      if ('synthetic' in vector) assert.equal(opened, bytes(vector, 'synthetic'))
    })
}
pkcs1.run()

const { file: wrapFile, tests: wrap } = suiteOf('core/rsa-aes-key-wrap')
for (const vector of wrapFile.tests) {
  const mechanism: WrapMechanism = { ...AZURE_MECHANISM, ...hashes(vector) }
  const kek = keyOf(wrapFile, vector, 'kek')
  for (const crypto of providers)
    wrap(title(vector, crypto.name), async () => {
      const opened = crypto.rsaAesUnwrap(kek, bytes(vector, 'blob'), mechanism)
      if (vector.result === 'invalid') return refusedAs(vector, opened)
      const payload = bytes(vector, 'payload')
      assert.equal(await accepted(opened), payload)
      const own = await crypto.rsaAesWrap(kek, crypto.random(32), payload, mechanism)
      assert.is(own.length, bytes(vector, 'blob').length)
      assert.equal(await accepted(crypto.rsaAesUnwrap(kek, own, mechanism)), payload)
    })
  if (vector.result === 'valid') {
    const [ephemeral, payload, seed, blob] = ['ephemeral', 'payload', 'seed', 'blob'].map((member) => bytes(vector, member)) as Four
    wrap(title(vector, 'wrap'), () => assert.equal(rsaAesWrap(kek, ephemeral, payload, mechanism, seed), blob))
    wrap(title(vector, 'wrap in two steps'), () => {
      const halves = { wrapEphemeral: () => oaepEncrypt(kek, ephemeral, mechanism, seed), wrapTarget: () => kwpWrap(ephemeral, payload) }
      assert.equal(wrapInTwoSteps(kek, halves), blob)
    })
  }
}
wrap.run()

type Four = [Uint8Array, Uint8Array, Uint8Array, Uint8Array]

const uniform = suite('refusals look alike')
uniform('BYOK-16 BYOK-50 every bad blob has the same fault, to the last member', async () => {
  for (const crypto of providers) {
    const faults = new Set<string>()
    for (const vector of wrapFile.tests.filter(({ result }) => result === 'invalid'))
      faults.add(JSON.stringify(await crypto.rsaAesUnwrap(keyOf(wrapFile, vector, 'kek'), bytes(vector, 'blob'), AZURE_MECHANISM)))
    assert.equal([...faults], ['{"ok":false,"fault":{"code":"decryption_failed"}}'])
  }
})
uniform.run()
