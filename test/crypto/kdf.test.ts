/**
 * Hashes, HMAC and key derivation, against Wycheproof, NIST, Botan, AWS-LC, `node:crypto` and the openssl command.
 * @module
 */
import fc from 'fast-check'
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digest, hashLength, hmac } from '../../src/crypto/hash.js'
import { concatKdf, concatKdfHmac, hkdf, kdfCounterCmac, x963Kdf } from '../../src/crypto/kdf.js'
import type { Hash } from '../../src/crypto/keys.js'
import { skip } from '../skip.js'
import { isCallersMistake, providers, seededRandom } from '../support/providers.js'
import { recordsOf, textOf, unhex, withVectors, withWycheproof } from '../support/vectors.js'
import { openssl, opensslMissing } from './openssl.js'

const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const
const NODE_NAMES: Readonly<Record<Hash, string>> = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' }
const NONE = new Uint8Array(0)

const vectors = suite('KDF vectors')

for (const [name, hash, count] of [
  ['hkdf_sha1_test', 'SHA-1', 44],
  ['hkdf_sha256_test', 'SHA-256', 86],
] as const)
  withWycheproof(vectors, name, ({ testGroups, numberOfTests }) => {
    const tests = testGroups.flatMap((group) => group.tests)
    vectors(`${name} has ${count} tests`, () => assert.equal([tests.length, numberOfTests], [count, count]))
    for (const test of tests)
      vectors(`${name} ${test.tcId} ${test.comment}`, async () => {
        const [ikm, salt, info, okm] = ['ikm', 'salt', 'info', 'okm'].map((field) => unhex(textOf(test, field))) as [
          Uint8Array,
          Uint8Array,
          Uint8Array,
          Uint8Array,
        ]
        const size = test['size'] as number
        if (test.result === 'valid') assert.equal(hkdf(hash, ikm, salt, info, size), okm)
        else assert.ok(await isCallersMistake(() => hkdf(hash, ikm, salt, info, size)))
      })
  })

withVectors(vectors, 'pyca/rfc-5869-HKDF-SHA256.txt', (file) => {
  // An empty line stands between what goes in and what comes out.
  const records = recordsOf(file)
  const inputs = records.filter(({ fields }) => fields['IKM'] !== undefined)
  const outputs = records.filter(({ fields }) => fields['OKM'] !== undefined)
  vectors('RFC 5869 has 3 records', () => assert.equal([inputs.length, outputs.length], [3, 3]))
  inputs.forEach(({ fields }, i) =>
    vectors(`RFC 5869 test case ${i + 1}`, () => {
      const [ikm, salt, info] = ['IKM', 'salt', 'info'].map((name) => unhex(fields[name]!)) as [Uint8Array, Uint8Array, Uint8Array]
      assert.equal(hkdf('SHA-256', ikm, salt, info, Number(fields['L'])), unhex(outputs[i]!.fields['OKM']!))
    }),
  )
})

withVectors(vectors, 'pyca/ansx963_2001.txt', (file) => {
  const records = recordsOf(file).filter(({ fields }) => fields['COUNT'] !== undefined)
  vectors('X9.63: 50 records, the ones with a hash of ours are met', () => {
    assert.is(records.length, 50)
    let tried = 0
    for (const { sections, fields } of records) {
      const hash = HASHES.find((name) => name === sections[0])
      if (!hash) continue
      const wanted = unhex(fields['key_data']!)
      assert.equal(x963Kdf(hash, unhex(fields['Z']!), unhex(fields['SharedInfo']!), wanted.length), wanted, `${hash} ${fields['COUNT']}`)
      tried++
    }
    assert.is(tried, 40)
  })
})

withVectors(vectors, 'botan/kdf2.vec', (file) => {
  const records = recordsOf(file).filter(({ fields }) => fields['Output'] !== undefined)
  vectors('KDF2: 80 records', () => {
    assert.is(records.length, 80)
    for (const { sections, fields } of records) {
      const hash = sections[0] === 'KDF2(SHA-1)' ? 'SHA-1' : 'SHA-256'
      const wanted = unhex(fields['Output']!)
      assert.equal(x963Kdf(hash, unhex(fields['Secret']!), unhex(fields['Salt'] ?? ''), wanted.length), wanted)
    }
  })
})

withVectors(vectors, 'aws-lc/sskdf.txt', (file) => {
  const records = recordsOf(file).filter(({ fields }) => fields['EXPECT'] !== undefined)
  const names: Readonly<Record<string, Hash>> = { SHA1: 'SHA-1', 'SHA-256': 'SHA-256', 'SHA-384': 'SHA-384', 'SHA-512': 'SHA-512' }
  vectors('one-step KDF: 190 records, the ones with a hash of ours are met', () => {
    assert.is(records.length, 190)
    const tried = { DIGEST: 0, HMAC: 0 }
    for (const { fields } of records) {
      const hash = names[fields['HASH']!]
      if (!hash) continue
      const [secret, info, wanted] = ['SECRET', 'INFO', 'EXPECT'].map((name) => unhex(fields[name] ?? '')) as [Uint8Array, Uint8Array, Uint8Array]
      const variant = fields['VARIANT'] as 'DIGEST' | 'HMAC'
      const salt = fields['SALT'] === undefined ? NONE : unhex(fields['SALT'])
      const derived = variant === 'DIGEST' ? concatKdf(hash, secret, info, wanted.length) : concatKdfHmac(hash, secret, salt, info, wanted.length)
      assert.equal(derived, wanted)
      tried[variant]++
    }
    assert.equal(tried, { DIGEST: 99, HMAC: 90 })
  })
})

vectors.run()

const laws = suite('hashes and KDFs beside node:crypto')

for (const crypto of providers)
  laws(`${crypto.name}: digest and HMAC`, () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...HASHES), fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 200 }), async (hash, message, key) => {
        assert.equal(await crypto.digest(hash, message), Uint8Array.from(createHash(NODE_NAMES[hash]).update(message).digest()))
        assert.equal(await crypto.hmac(hash, key, message), Uint8Array.from(createHmac(NODE_NAMES[hash], key).update(message).digest()))
      }),
    ),
  )

laws('HKDF', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...HASHES),
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ maxLength: 80 }),
      fc.integer({ min: 1, max: 500 }),
      (hash, secret, salt, info, length) =>
        assert.equal(hkdf(hash, secret, salt, info, length), new Uint8Array(hkdfSync(NODE_NAMES[hash], secret, salt, info, length))),
    ),
  ),
)

laws('the counter modes are what their definitions say', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...HASHES),
      fc.uint8Array({ maxLength: 60 }),
      fc.uint8Array({ maxLength: 60 }),
      fc.integer({ min: 1, max: 300 }),
      (hash, secret, info, length) => {
        const counter = (i: number) => Uint8Array.of(0, 0, 0, i)
        const blocks = Array.from({ length: Math.ceil(length / hashLength(hash)) }, (_, i) => counter(i + 1))
        const sha = (...parts: Uint8Array[]) => createHash(NODE_NAMES[hash]).update(Buffer.concat(parts)).digest()
        assert.equal(x963Kdf(hash, secret, info, length), Uint8Array.from(Buffer.concat(blocks.map((i) => sha(secret, i, info))).subarray(0, length)))
        assert.equal(concatKdf(hash, secret, info, length), Uint8Array.from(Buffer.concat(blocks.map((i) => sha(i, secret, info))).subarray(0, length)))
      },
    ),
  ),
)

for (const length of [0, -1, 1.5, 2 ** 21])
  laws(`a length of ${length} is the caller's mistake`, async () => {
    for (const derive of [
      () => x963Kdf('SHA-256', NONE, NONE, length),
      () => concatKdf('SHA-256', NONE, NONE, length),
      () => concatKdfHmac('SHA-256', NONE, NONE, NONE, length),
      () => hkdf('SHA-256', NONE, NONE, NONE, length),
      () => kdfCounterCmac(new Uint8Array(16), NONE, NONE, length),
    ])
      assert.ok(await isCallersMistake(derive))
  })

laws("a key that AES does not know is the caller's mistake", async () => {
  for (const size of [0, 15, 20, 33]) assert.ok(await isCallersMistake(() => kdfCounterCmac(new Uint8Array(size), NONE, NONE, 16)))
})

laws("an unknown hash is the caller's mistake", async () => {
  assert.ok(await isCallersMistake(() => digest('MD5' as Hash, NONE)))
  assert.ok(await isCallersMistake(() => hmac('SHA1' as Hash, NONE, NONE)))
})

laws.run()

const counter = suite('SP 800-108 counter mode with AES-CMAC')

if (opensslMissing !== null) skip(counter, 'beside openssl kdf', opensslMissing)
else
  for (const size of [16, 24, 32])
    for (const [label, context, length] of [
      [0, 0, 16],
      [1, 0, 1],
      [0, 1, 15],
      [13, 29, 17],
      [16, 32, 32],
      [7, 64, 48],
      [300, 200, 500],
      [5, 5, 4096],
    ] as const)
      counter(`openssl derives the same: key of ${size} bytes, label of ${label}, context of ${context}, ${length} bytes`, () => {
        const random = seededRandom(`${size} ${label} ${context} ${length}`)
        const [key, labelBytes, contextBytes] = [random(size), random(label), random(context)]
        const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
        const options = [`mac:CMAC`, `cipher:AES-${8 * size}-CBC`, 'mode:COUNTER', `hexkey:${hex(key)}`]
        // What is not given is empty for openssl as well.
        if (label > 0) options.push(`hexsalt:${hex(labelBytes)}`)
        if (context > 0) options.push(`hexinfo:${hex(contextBytes)}`)
        const derived = openssl(`kdf -binary -keylen ${length} ${options.map((option) => `-kdfopt ${option}`).join(' ')} KBKDF`)
        assert.equal(kdfCounterCmac(key, labelBytes, contextBytes, length), derived)
      })

counter('another length gives another key, not a longer one', () => {
  const key = seededRandom('length')(16)
  assert.not.equal(kdfCounterCmac(key, NONE, NONE, 32).slice(0, 16), kdfCounterCmac(key, NONE, NONE, 16))
})

counter.run()
