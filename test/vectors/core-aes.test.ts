/**
 * The AES key wrap and key derivation vectors.
 * @module
 */
import * as assert from 'uvu/assert'
import { concatKdf, concatKdfHmac, hkdf, x963Kdf } from '../../src/crypto/kdf.js'
import type { Hash } from '../../src/crypto/keys.js'
import { accepted, bytes, providers, refusedAs, suiteOf, text, title } from './load.js'

for (const [name, wrap, unwrap] of [
  ['core/aes-kwp', 'kwpWrap', 'kwpUnwrap'],
  ['core/aes-kw', 'kwWrap', 'kwUnwrap'],
] as const) {
  const { file, tests } = suiteOf(name)
  for (const vector of file.tests)
    for (const crypto of providers)
      tests(title(vector, crypto.name), async () => {
        const [key, wrapped] = [bytes(vector, 'key'), bytes(vector, 'wrapped')]
        if (vector.result === 'invalid') return refusedAs(vector, crypto[unwrap](key, wrapped))
        const payload = bytes(vector, 'payload')
        assert.equal(await accepted(crypto[unwrap](key, wrapped)), payload)
        assert.equal(await crypto[wrap](key, payload), wrapped)
      })
  tests.run()
}

const { file, tests } = suiteOf('core/kdf')
for (const vector of file.tests)
  tests(title(vector), () => {
    const hash = text(vector, 'hash') as Hash
    const length = vector['length'] as number
    const [secret, info] = [bytes(vector, 'secret'), bytes(vector, 'info')]
    const derive = {
      HKDF: () => hkdf(hash, secret, bytes(vector, 'salt'), info, length),
      'X9.63': () => x963Kdf(hash, secret, info, length),
      concat: () => concatKdf(hash, secret, info, length),
      'concat-HMAC': () => concatKdfHmac(hash, secret, bytes(vector, 'salt'), info, length),
    }[text(vector, 'kdf')]
    assert.equal(derive?.(), bytes(vector, 'output'))
  })
tests.run()
