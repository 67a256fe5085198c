/**
 * The key vectors: PKCS#8, SubjectPublicKeyInfo, ECPrivateKey, and the arithmetic of keys.
 * @module
 */
import * as assert from 'uvu/assert'
import { checkPublicKey } from '../../src/crypto/key-check.js'
import { publicPart } from '../../src/crypto/key-parts.js'
import type { Curve, EcPrivateKey, PublicKey, RsaPrivateKey } from '../../src/crypto/keys.js'
import { decodePkcs8, encodePkcs8 } from '../../src/crypto/pkcs8.js'
import { decodeSec1, encodeSec1 } from '../../src/crypto/sec1.js'
import { decodeSpki, encodeSpki } from '../../src/crypto/spki.js'
import { spkiFingerprint } from '../../src/crypto/fingerprint.js'
import type { Verdict } from '../../src/verdict.js'
import { accepted, bytes, isAccepted, providers, readingsOf, refusedAs, suiteOf, text, title } from './load.js'

/** A public key as the vectors show it. */
function shown(key: PublicKey): object {
  const url = (value: Uint8Array) => Buffer.from(value).toString('base64url')
  return key.type === 'RSA' ? { kty: 'RSA', n: url(key.n), e: url(key.e) } : { kty: 'EC', crv: key.curve, x: url(key.x), y: url(key.y) }
}

const { file: pkcs8File, tests: pkcs8 } = suiteOf('core/pkcs8')
for (const vector of pkcs8File.tests)
  for (const crypto of providers)
    for (const reading of readingsOf(vector))
      pkcs8(title(vector, `${crypto.name}, ${reading}`), async () => {
        const input = bytes(vector, 'pkcs8')
        const decoded = decodePkcs8(input, { trailingZeros: reading === 'lenient' })
        const checked: Verdict<unknown> = decoded.ok ? await crypto.checkPrivateKey(decoded.value.key) : decoded
        if (!isAccepted(vector, reading)) return refusedAs(vector, checked)
        assert.ok(checked.ok, JSON.stringify(checked))
        const { key } = await accepted(decoded)
        assert.equal(shown(publicPart(key)), vector['public'])
        const trailing = vector.result === 'valid-lenient'
        assert.is(Buffer.from(encodePkcs8(key)).equals(input), vector['canonical'])
        // What followed the DER is never written again (BYOK-72).
        if (trailing) assert.ok(encodePkcs8(key).length < input.length)
      })
pkcs8.run()

const { file: spkiFile, tests: spki } = suiteOf('core/spki')
for (const vector of spkiFile.tests)
  spki(title(vector), async () => {
    const input = bytes(vector, 'spki')
    const decoded = decodeSpki(input)
    const checked: Verdict<unknown> = decoded.ok ? checkPublicKey(decoded.value) : decoded
    if (vector.result === 'invalid') return refusedAs(vector, checked)
    assert.ok(checked.ok, JSON.stringify(checked))
    const key = await accepted(decoded)
    assert.equal(shown(key), vector['public'])
    assert.equal(encodeSpki(key), input)
    assert.is(spkiFingerprint(key), vector['sha256'])
  })
spki.run()

const { file: sec1File, tests: sec1 } = suiteOf('core/sec1')
for (const vector of sec1File.tests)
  for (const crypto of providers)
    sec1(title(vector, crypto.name), async () => {
      const input = bytes(vector, 'sec1')
      const decoded = decodeSec1(input)
      const checked: Verdict<unknown> = decoded.ok ? await crypto.checkPrivateKey(decoded.value) : decoded
      if (vector.result === 'invalid') return refusedAs(vector, checked)
      const key = await accepted(decoded)
      assert.ok(checked.ok, JSON.stringify(checked))
      assert.equal(shown(publicPart(key)), vector['public'])
      assert.is(Buffer.from(encodeSec1(key)).equals(input), vector['canonical'])
    })
sec1.run()

const { file: ecFile, tests: ec } = suiteOf('core/ec-keys')
for (const vector of ecFile.tests)
  for (const crypto of providers)
    ec(title(vector, crypto.name), async () => {
      const [d, x, y] = [bytes(vector, 'd'), bytes(vector, 'x'), bytes(vector, 'y')]
      const key: EcPrivateKey = { type: 'EC', curve: text(vector, 'curve') as Curve, d, x, y }
      const checked = crypto.checkPrivateKey(key)
      if (vector.result === 'invalid') return refusedAs(vector, checked)
      await accepted(checked)
    })
ec.run()

const { file: rsaFile, tests: rsa } = suiteOf('core/rsa-key-check')
for (const vector of rsaFile.tests)
  for (const crypto of providers)
    rsa(title(vector, crypto.name), async () => {
      const numbers = Object.fromEntries(
        Object.entries(vector['key'] as Record<string, string>).map(([name, hex]) => [name, Uint8Array.from(Buffer.from(hex, 'hex'))]),
      )
      const key = { type: 'RSA', ...numbers } as unknown as RsaPrivateKey
      const checked = crypto.checkPrivateKey(key)
      if (vector.result === 'invalid') return refusedAs(vector, checked)
      await accepted(checked)
    })
rsa.run()
