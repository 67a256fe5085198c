/**
 * The transfer blob vectors, opened and judged as a destination HSM does, and the plaintext vectors.
 *
 * Where a provider draws its own randomness, a valid vector is unwrapped, wrapped again and unwrapped again.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import { wipeKey } from '../../src/crypto/key-parts.js'
import type { Curve, RsaPrivateKey, TargetKey } from '../../src/crypto/keys.js'
import { AZURE_MECHANISM, rsaAesWrap } from '../../src/crypto/rsa-aes-key-wrap.js'
import { differsFromKek, parseTarget, readTarget, type DeclaredTarget } from '../../src/crypto/target.js'
import { keyIdentity, publicPartOf } from '../../src/enclave/check-value.js'
import { kindOf } from '../../src/enclave/kinds.js'
import { accept, type Verdict } from '../../src/verdict.js'
import { accepted, bytes, isAccepted, keyOf, providers, readingsOf, refusedAs, suiteOf, text, title, type Reading, type Vector } from './load.js'

const declaredBy = (vector: Vector): DeclaredTarget => ({
  kty: text(vector, 'kty').replace('-HSM', '') as 'RSA' | 'EC' | 'oct',
  ...('crv' in vector ? { curve: vector['crv'] as Curve } : {}),
})

/** U7 to U10 with the provider's own arithmetic. */
async function judge(crypto: Crypto, plaintext: Uint8Array, vector: Vector, kek: RsaPrivateKey | null, reading: Reading): Promise<Verdict<TargetKey>> {
  const parsed = parseTarget(plaintext, declaredBy(vector), { trailingZeros: reading === 'lenient' })
  if (!parsed.ok) return parsed
  const { key } = parsed.value
  const checked = key.type === 'oct' ? accept(undefined) : await crypto.checkPrivateKey(key)
  if (!checked.ok) return checked
  const differs = kek ? differsFromKek(key, kek) : accept(undefined)
  return differs.ok ? accept(key) : differs
}

const { file: blobFile, tests: blob } = suiteOf('byok/transfer-blob')
for (const vector of blobFile.tests) {
  const kek = keyOf(blobFile, vector, 'kek')
  for (const crypto of providers)
    for (const reading of vector.result === 'valid-lenient' ? readingsOf(vector) : (['lenient'] as const))
      blob(title(vector, `${crypto.name}, ${reading}`), async () => {
        const opened = await crypto.rsaAesUnwrap(kek, bytes(vector, 'blob'), AZURE_MECHANISM)
        const target: Verdict<TargetKey> = opened.ok ? await judge(crypto, opened.value, vector, kek, reading) : opened
        if (!isAccepted(vector, reading)) return refusedAs(vector, target)
        const payload = await accepted(opened)
        assert.equal(payload, bytes(vector, 'payload'))
        const key = await accepted(target)
        assert.is(kindOf(key), vector['target'])
        assert.equal(publicPartOf(key), vector['public'])
        assert.is(await keyIdentity(crypto, key), vector['identity'])
        const again = await crypto.rsaAesWrap(kek, crypto.random(32), payload, AZURE_MECHANISM)
        assert.equal(await accepted(crypto.rsaAesUnwrap(kek, again, AZURE_MECHANISM)), payload)
        wipeKey(key)
      })
  if (vector.result !== 'invalid')
    blob(title(vector, 'wrap'), () => {
      const made = rsaAesWrap(kek, bytes(vector, 'ephemeral'), bytes(vector, 'payload'), AZURE_MECHANISM, bytes(vector, 'seed'))
      assert.equal(made, bytes(vector, 'blob'))
    })
}
blob.run()

const { file: plaintextFile, tests: plaintext } = suiteOf('byok/target-plaintext')
for (const vector of plaintextFile.tests) {
  const kek = 'kek' in vector ? keyOf(plaintextFile, vector, 'kek') : null
  for (const reading of readingsOf(vector)) {
    for (const crypto of providers)
      plaintext(title(vector, `${crypto.name}, ${reading}`), async () => {
        const target = judge(crypto, bytes(vector, 'plaintext'), vector, kek, reading)
        if (!isAccepted(vector, reading)) return refusedAs(vector, target)
        assert.equal(publicPartOf(await accepted(target)), vector['public'])
      })
    if (vector.result === 'invalid' && kek === null)
      plaintext(title(vector, `requirement of the fault, ${reading}`), () => {
        const target = readTarget(bytes(vector, 'plaintext'), declaredBy(vector), { trailingZeros: reading === 'lenient' })
        assert.is(target.ok ? 'accepted' : target.fault.requirement, vector.requirement)
      })
  }
}
plaintext.run()

const declarations = suite('declared and contained')
const kinds = plaintextFile.tests.filter(({ result, flags }) => result === 'valid' && flags === undefined)
declarations('there is one plaintext of each kind', () => assert.is(kinds.length, 10))
for (const { id, kty, crv: curve } of kinds)
  declarations(`BYOK-19 declared like ${id}: only such keys are taken`, () => {
    const declared = { kty, ...(curve === undefined ? {} : { curve }) } as DeclaredTarget
    for (const vector of kinds)
      assert.is(readTarget(bytes(vector, 'plaintext'), declared, { trailingZeros: false }).ok, vector['kty'] === kty && vector['crv'] === curve, vector.id)
  })
declarations.run()
