/**
 * The small parts: check values, evidence text, work in steps, the search for secrets.
 * @module
 */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomBytes, randomFillSync } from 'node:crypto'
import { fromHex } from '../../src/bytes/hex.js'
import { publicPart } from '../../src/crypto/key-parts.js'
import { pure } from '../../src/crypto/pure.js'
import { keyIdentity, publicPartOf } from '../../src/enclave/check-value.js'
import { judgeEvidence, signEvidence } from '../../src/enclave/evidence.js'
import { OPERATIONS } from '../../src/enclave/kinds.js'
import { markKept, matches, releaseConversation, releaseKey, reserve, settleConversation, type Ledger } from '../../src/enclave/ledger.js'
import { decodeStatement, encodeStatement, statementOf, type Statement } from '../../src/enclave/statement.js'
import { run, wait, type Steps } from '../../src/enclave/steps.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { handle, record } from './rule-cases.js'
import { findSecret } from './secret-search.js'
import { VAULT, VERSION, ecKey, kekStatement, nativeEvidence, nativeKey, nativeVerify, rsaKey } from './support.js'

const crypto = pure((length) => randomFillSync(new Uint8Array(length)))

const parts = suite('enclave parts')

// openssl mac -cipher AES-256-CBC -macopt hexkey:000102… -in label CMAC, with the label 'keyferry check value v1'
const CHECK_VALUES = [
  [16, '7cca408b979de14ed48c4cee9a931432'],
  [24, '3c80bfb12191b4b97749fd6764a36540'],
  [32, '13cb0fe9c96d1565c7a250576bf09b92'],
] as const
for (const [length, expected] of CHECK_VALUES)
  parts(`BYOK-133 check value of a key of ${length} bytes is the AES-CMAC that openssl gives`, async () => {
    const k = Uint8Array.from({ length }, (_, index) => index)
    for (const provider of [crypto, nodeCrypto()]) assert.is(await keyIdentity(provider, { type: 'oct', k }), `aes-cmac:${expected}`)
  })

parts('BYOK-45 the identity of a pair is the SHA-256 of the SPKI that node writes', async () => {
  for (const [key, native] of [
    [rsaKey('rsa-2048'), nativeKey('rsa-2048')],
    [ecKey(), nativeKey('ec-P-256')],
  ] as const) {
    assert.is(await keyIdentity(crypto, key), native.identity)
    assert.equal(publicPartOf(key), native.part)
  }
})

parts('BYOK-134 evidence is read by node, and node’s by us', async () => {
  const { part } = nativeKey('rsa-2048')
  const statement: Statement = {
    kind: 'kek',
    vault: VAULT,
    name: 'kek',
    version: VERSION,
    key: part,
    check: null,
    origin: 'generated',
    operations: ['import'],
    exportable: false,
  }
  const text = kekStatement(part as Extract<typeof part, { kty: 'RSA' }>)
  for (const provider of [crypto, nodeCrypto()]) {
    const evidence = await signEvidence(provider, ecKey(), statement)
    assert.equal(nativeVerify(evidence, 0), JSON.parse(text))
    assert.equal(await judgeEvidence(provider, [publicPart(ecKey(7)), publicPart(ecKey())], nativeEvidence(text, 0)), statement)
    assert.is(await judgeEvidence(provider, [publicPart(ecKey(7))], evidence), null)
    assert.is(await judgeEvidence(provider, [], evidence), null)
  }
})

const statements: fc.Arbitrary<Statement> = fc
  .record(
    {
      kind: fc.constantFrom('kek', 'key'),
      vault: fc.string(),
      name: fc.string(),
      version: fc.string(),
      key: fc.constantFrom(nativeKey('rsa-2048').part, nativeKey('ec-P-256').part, { kty: 'oct' } as const),
      check: fc.constant(null),
      origin: fc.constantFrom('generated', 'imported'),
      operations: fc.subarray([...OPERATIONS]),
      exportable: fc.boolean(),
    },
    { noNullPrototype: true },
  )
  .map((statement) => (statement.key.kty === 'oct' ? { ...statement, check: `aes-cmac:${'0a'.repeat(16)}` } : statement) as Statement)

parts('BYOK-134 a statement is read as it was written', () => {
  fc.assert(fc.property(statements, (statement) => assert.equal(decodeStatement(encodeStatement(statement)), statement)))
})

parts('BYOK-134 reading is total, and what is read is written again as it was', () => {
  const mutated = fc.tuple(statements.map(encodeStatement), fc.nat(), fc.integer({ min: 1, max: 255 })).map(([bytes, at, by]) => {
    bytes[at % bytes.length]! ^= by
    return bytes
  })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        mutated,
        fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      ),
      (bytes) => {
        const statement = decodeStatement(bytes)
        if (statement !== null) assert.equal([...encodeStatement(statement)], [...bytes])
      },
    ),
    { numRuns: 500 },
  )
})

parts('a store vouches for keys of its vault only', () => {
  for (const change of [
    {},
    { kid: { vault: VAULT, name: 'a', version: VERSION }, class: 'public' },
    { kid: { vault: VAULT, name: 'a', version: VERSION }, origin: 'given' },
  ] as const)
    assert.throws(
      () => statementOf(record('a', change)),
      (error: unknown) => error instanceof TypeError,
    )
})

parts('BYOK-132 the ledger is one whatever the order, and final entries stay', () => {
  const entry = (name: string, owner: string) => ({ blob: name, identity: `i${name}`, owner, key: handle(`k${name}`), kept: false })
  const make = (...names: string[]): Ledger => names.reduce((ledger, name) => reserve(ledger, entry(name, name === 'b' ? 'd' : 'c')), [] as Ledger)
  assert.equal(make('a', 'b', 'c'), make('c', 'b', 'a'))
  const kept = markKept(make('a', 'b'), handle('ka'))
  assert.equal(kept, [{ ...entry('a', 'c'), kept: true }, entry('b', 'd')])
  assert.equal(markKept(kept, handle('unknown')), kept)
  assert.equal([releaseKey(kept, 'c', handle('ka')), releaseKey(kept, 'd', handle('kb'))], [[kept[1]], [kept[0]]])
  for (const [conversation, key] of [
    ['d', 'ka'],
    ['c', 'kb'],
    ['c', 'unknown'],
  ] as const)
    assert.equal(releaseKey(kept, conversation, handle(key)), kept)
  assert.equal([releaseConversation(kept, 'c'), releaseConversation(kept, 'd')], [kept, [kept[0]]])

  const final = settleConversation(kept, 'c')
  assert.equal(final, [{ blob: 'a', identity: 'ia', owner: null, key: null, kept: true }, entry('b', 'd')])
  assert.equal([settleConversation(kept, 'd'), settleConversation(final, 'c')], [kept, final])
  assert.equal(releaseConversation(releaseKey(final, 'c', handle('ka')), 'c'), final)
  assert.equal([matches(final, 'a', 'x').length, matches(final, 'x', 'ia').length, matches(final, 'x', 'x').length], [1, 1, 0])
})

parts('work in steps runs at once, or later, and ends its business in both cases', async () => {
  const ended: string[] = []
  function* work(value: number | Promise<number>): Steps<number> {
    try {
      return (yield* wait(value)) + 1
    } catch {
      return -1
    } finally {
      ended.push('end')
    }
  }
  assert.is(run(work(1)), 2)
  assert.is(await run(work(Promise.resolve(1))), 2)
  assert.is(await run(work(Promise.reject(new Error('x')))), -1)
  assert.is(ended.length, 3)
})

const PLANTED: readonly (readonly [string, (secret: Buffer) => unknown])[] = [
  ['raw', (secret) => new Uint8Array(secret)],
  ['raw in an error', (secret) => new Error(`bad key ${secret.toString('latin1')}`)],
  ['hex', (secret) => ({ deep: [{ text: `x${secret.toString('hex')}` }] })],
  ['hex in capitals', (secret) => secret.toString('hex').toUpperCase()],
  ['decimal list', (secret) => [...secret]],
  ['decimal list as text', (secret) => secret.join(', ')],
  ['a part of it', (secret) => secret.subarray(0, 16).toString('hex')],
  ['base64url', (secret) => secret.toString('base64url')],
  ['reversed', (secret) => Buffer.from(secret).reverse().toString('hex')],
  ['as a member name', (secret) => ({ [secret.toString('hex')]: 1 })],
  ...[0, 1, 2].map((phase): readonly [string, (secret: Buffer) => unknown] => [
    `base64, phase ${phase}`,
    (secret) => Buffer.concat([randomBytes(phase), secret, randomBytes(2)]).toString('base64'),
  ]),
  ['base64 twice', (secret) => Buffer.from(`{"k":"${secret.toString('base64')}"}`).toString('base64url')],
]
for (const [title, plant] of PLANTED)
  parts(`BYOK-138 the search finds a planted leak: ${title}`, () => {
    for (let i = 0; i < 20; i++) {
      const secret = randomBytes(32)
      assert.is.not(findSecret({ clean: 1, planted: plant(secret) }, secret), null)
      assert.is(findSecret({ clean: 1, planted: plant(randomBytes(32)) }, secret), null)
    }
  })

parts('the search takes a hex helper for what it is', () => assert.is(findSecret('00ff', fromHex('aabb')!), null))

parts.run()
