/**
 * AES key wrap, CBC and CMAC on every provider: Wycheproof, NIST CAVP and ACVP, Botan, pyca, and the lengths at their edges.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import { isCallersMistake, providers, systemRandom } from '../support/providers.js'
import { recordsOf, textOf, unhex, withVectors, withWycheproof } from '../support/vectors.js'

type Mode = 'kw' | 'kwp'
const wrap = (crypto: Crypto, mode: Mode, key: Uint8Array, payload: Uint8Array) => (mode === 'kw' ? crypto.kwWrap(key, payload) : crypto.kwpWrap(key, payload))
const unwrap = (crypto: Crypto, mode: Mode, key: Uint8Array, wrapped: Uint8Array) =>
  mode === 'kw' ? crypto.kwUnwrap(key, wrapped) : crypto.kwpUnwrap(key, wrapped)

const FAILED = { ok: false, fault: { code: 'decryption_failed' } }
const vectors = suite('AES vectors')

for (const [mode, name, count] of [
  ['kwp', 'aes_kwp_test', 127],
  ['kw', 'aes_wrap_test', 83],
] as const)
  withWycheproof(vectors, name, ({ testGroups, numberOfTests }) => {
    const tests = testGroups.flatMap((group) => group.tests)
    vectors(`${name} has ${count} tests`, () => assert.equal([tests.length, numberOfTests], [count, count]))
    for (const test of tests) {
      const [key, msg, ct] = ['key', 'msg', 'ct'].map((field) => unhex(textOf(test, field))) as [Uint8Array, Uint8Array, Uint8Array]
      vectors(`${name} ${test.tcId} ${test.comment}`, async () => {
        for (const crypto of providers) {
          const opened = await unwrap(crypto, mode, key, ct)
          if (test.result === 'valid') {
            assert.equal(opened, { ok: true, value: msg }, crypto.name)
            assert.equal(await wrap(crypto, mode, key, msg), ct, crypto.name)
            // The three "acceptable" ones wrap eight bytes with KW, which SP 800-38F does not allow.
          } else assert.equal(opened, FAILED, crypto.name)
        }
      })
    }
  })

for (const [mode, file, count] of [
  ['kwp', 'KWP_AE_128', 500],
  ['kwp', 'KWP_AE_256', 250],
  ['kwp', 'KWP_AD_128', 500],
  ['kwp', 'KWP_AD_256', 250],
  ['kw', 'KW_AE_256', 250],
  ['kw', 'KW_AD_256', 250],
] as const)
  withVectors(vectors, `nist-cavp/${file}.txt`, (text) => {
    const records = recordsOf(text).filter(({ fields }) => fields['COUNT'] !== undefined)
    vectors(`NIST CAVP ${file}, ${count} records`, async () => {
      assert.is(records.length, count)
      for (const { fields } of records)
        for (const crypto of providers) {
          const [key, c] = [unhex(fields['K']!), unhex(fields['C']!)]
          const opened = await unwrap(crypto, mode, key, c)
          const where = `${crypto.name} ${fields['COUNT']}`
          if (fields['FAIL'] !== undefined) assert.equal(opened, FAILED, where)
          else {
            assert.equal(opened, { ok: true, value: unhex(fields['P']!) }, where)
            assert.equal(await wrap(crypto, mode, key, unhex(fields['P']!)), c, where)
          }
        }
    })
  })

for (const [file, payload, key, count] of [
  ['botan/nist_key_wrap.vec', 'Input', 'Key', 136],
  ['botan/rfc3394.vec', 'Key', 'KEK', 6],
  ['pyca/kwp_botan.txt', 'Input', 'Key', 129],
] as const)
  withVectors(vectors, file, (text) => {
    const records = recordsOf(text).filter(({ fields }) => fields['Output'] !== undefined)
    vectors(`${file} has ${count} records`, () => assert.is(records.length, count))
    records.forEach(({ sections, fields }, i) => {
      vectors(`${file} record ${i + 1}`, async () => {
        const mode = sections[0] === 'KWP' ? 'kwp' : 'kw'
        const [k, p, c] = [unhex(fields[key]!), unhex(fields[payload]!), unhex(fields['Output']!)]
        for (const crypto of providers)
          if (mode === 'kw' && p.length === 8) assert.equal(await unwrap(crypto, mode, k, c), FAILED, crypto.name)
          else {
            assert.equal(await wrap(crypto, mode, k, p), c, crypto.name)
            assert.equal(await unwrap(crypto, mode, k, c), { ok: true, value: p }, crypto.name)
          }
      })
    })
  })

withVectors(vectors, 'acvp/ACVP-AES-KWP.prompt.json', (prompt) =>
  withVectors(vectors, 'acvp/ACVP-AES-KWP.expected.json', (expected) => {
    interface Group {
      readonly direction?: string
      readonly tests: readonly { readonly tcId: number; readonly key?: string; readonly pt?: string; readonly ct?: string; readonly testPassed?: boolean }[]
    }
    const groupsOf = (file: Buffer) => (JSON.parse(file.toString()) as { testGroups?: readonly Group[] }[]).flatMap(({ testGroups }) => testGroups ?? [])
    const answers = new Map(groupsOf(expected).flatMap(({ tests }) => tests.map((test) => [test.tcId, test])))
    const questions = groupsOf(prompt).flatMap(({ direction, tests }) => tests.map((test) => ({ direction, test })))
    vectors(`ACVP KWP, 24 questions`, async () => {
      assert.is(questions.length, 24)
      for (const { direction, test } of questions)
        for (const crypto of providers.slice(0, 2)) {
          const answer = answers.get(test.tcId)!
          const key = unhex(test.key!)
          if (direction === 'encrypt') assert.equal(await crypto.kwpWrap(key, unhex(test.pt!)), unhex(answer.ct!), `${crypto.name} ${test.tcId}`)
          else {
            const wanted = answer.testPassed === false ? FAILED : { ok: true, value: unhex(answer.pt!) }
            assert.equal(await crypto.kwpUnwrap(key, unhex(test.ct!)), wanted, `${crypto.name} ${test.tcId}`)
          }
        }
    })
  }),
)

withWycheproof(vectors, 'aes_cbc_pkcs5_test', ({ testGroups, numberOfTests }) => {
  const tests = testGroups.flatMap((group) => group.tests)
  vectors('aes_cbc_pkcs5_test has 108 tests', () => assert.equal([tests.length, numberOfTests], [108, 108]))
  for (const test of tests) {
    const [key, iv, msg, ct] = ['key', 'iv', 'msg', 'ct'].map((field) => unhex(textOf(test, field))) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    vectors(`aes_cbc_pkcs5_test ${test.tcId} ${test.comment}`, async () => {
      for (const crypto of providers) {
        assert.equal(await crypto.cbcDecrypt(key, iv, ct), test.result === 'valid' ? { ok: true, value: msg } : FAILED, crypto.name)
        if (test.result === 'valid') assert.equal(await crypto.cbcEncrypt(key, iv, msg), ct, crypto.name)
      }
    })
  }
})

withWycheproof(vectors, 'aes_cmac_test', ({ testGroups, numberOfTests }) => {
  const tests = testGroups.flatMap((group) => group.tests)
  vectors('aes_cmac_test has 156 tests', () => assert.equal([tests.length, numberOfTests], [156, 156]))
  for (const test of tests)
    vectors(`aes_cmac_test ${test.tcId} ${test.comment}`, async () => {
      const [key, msg, tag] = ['key', 'msg', 'tag'].map((field) => unhex(textOf(test, field))) as [Uint8Array, Uint8Array, Uint8Array]
      for (const crypto of providers) {
        if (![16, 24, 32].includes(key.length)) assert.ok(await isCallersMistake(() => crypto.cmac(key, msg)), crypto.name)
        else assert.is(Buffer.from(await crypto.cmac(key, msg)).equals(tag), test.result === 'valid', crypto.name)
      }
    })
})

vectors.run()

const edges = suite('AES lengths and laws')
const key = systemRandom(32)

for (const crypto of providers) {
  for (const length of [0, 8, 15, 17, 8208])
    edges(`${crypto.name}: KWP refuses ${length} bytes`, async () => assert.equal(await crypto.kwpUnwrap(key, systemRandom(length)), FAILED))
  for (const length of [0, 8, 16, 25, 8208])
    edges(`${crypto.name}: KW refuses ${length} bytes`, async () => assert.equal(await crypto.kwUnwrap(key, systemRandom(length)), FAILED))
  for (const length of [0, 15, 17])
    edges(`${crypto.name}: CBC refuses ${length} bytes`, async () => assert.equal(await crypto.cbcDecrypt(key, systemRandom(16), systemRandom(length)), FAILED))
  for (const length of [0, 8193])
    edges(`${crypto.name}: KWP of ${length} bytes is the caller's mistake`, async () =>
      assert.ok(await isCallersMistake(() => crypto.kwpWrap(key, new Uint8Array(length)))),
    )
  for (const length of [0, 8, 17, 8200])
    edges(`${crypto.name}: KW of ${length} bytes is the caller's mistake`, async () =>
      assert.ok(await isCallersMistake(() => crypto.kwWrap(key, new Uint8Array(length)))),
    )
  for (const length of [0, 15, 31, 33])
    edges(`${crypto.name}: a key of ${length} bytes is the caller's mistake`, async () => {
      const wrong = new Uint8Array(length)
      assert.ok(await isCallersMistake(() => crypto.kwpWrap(wrong, key)))
      assert.ok(await isCallersMistake(() => crypto.kwpUnwrap(wrong, systemRandom(24))))
      assert.ok(await isCallersMistake(() => crypto.kwWrap(wrong, key)))
      assert.ok(await isCallersMistake(() => crypto.kwUnwrap(wrong, systemRandom(24))))
      assert.ok(await isCallersMistake(() => crypto.cbcEncrypt(wrong, systemRandom(16), key)))
      assert.ok(await isCallersMistake(() => crypto.cbcDecrypt(wrong, systemRandom(16), key)))
      assert.ok(await isCallersMistake(() => crypto.cmac(wrong, key)))
    })

  edges(`${crypto.name}: what comes out has a buffer of its own`, async () => {
    const iv = systemRandom(16)
    for (const secret of [Uint8Array.of(1), systemRandom(9), systemRandom(1217)]) {
      const opened = await crypto.kwpUnwrap(key, await crypto.kwpWrap(key, secret))
      const decrypted = await crypto.cbcDecrypt(key, iv, await crypto.cbcEncrypt(key, iv, secret))
      for (const result of [opened, decrypted]) {
        assert.ok(result.ok)
        assert.is(result.value.buffer.byteLength, secret.length)
        assert.is(result.value.constructor, Uint8Array)
      }
    }
  })
}

edges('unwrap undoes wrap, crosswise between the providers, and a changed bit is refused', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(16, 24, 32),
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.nat(),
      fc.constantFrom(...providers),
      fc.constantFrom(...providers),
      async (size, payload, at, maker, opener) => {
        const k = systemRandom(size)
        const wrapped = await maker.kwpWrap(k, payload)
        const before = Uint8Array.from(wrapped)
        assert.equal(await opener.kwpUnwrap(k, wrapped), { ok: true, value: payload })
        assert.equal(wrapped, before, 'the input is left alone')
        wrapped[(at >> 3) % wrapped.length]! ^= 1 << (at & 7)
        assert.equal(await opener.kwpUnwrap(k, wrapped), FAILED)
      },
    ),
    { numRuns: 200 },
  ),
)

edges.run()
