/**
 * The ledger finds what it is there to find: secrets planted in every form and at every place that it promises to search,
 * and a transfer that shows none of its own. The forms are written by Node, not by the ledger.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Ledger, type Leak } from '../../machines/ledger.js'
import { PROFILES } from '../../src/byok/policy.js'
import { pure } from '../../src/crypto/pure.js'
import type { Enclave, EnclaveAnswer } from '../../src/enclave/commands.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { runCampaign } from '../../tools/cli/byok/campaign.js'
import { VERSION } from '../../tools/cli/version.js'
import { at as pathOf, keyferry } from '../cli/harness.js'
import { pooled, world, type World } from '../support/world.js'

const test = suite('leaks')
const SECRET = Buffer.from(createHash('sha512').update('a secret that is planted').digest().subarray(0, 37))

/** A ledger that knows one secret. */
function ledgerOf(secret: Uint8Array): Ledger {
  const ledger = new Ledger()
  ledger.witness({ name: 'planted', bytes: secret, enclave: 'a store' })
  return ledger
}

/** What a ledger finds in one value. */
function search(value: unknown, secret: Uint8Array = SECRET): readonly Leak[] {
  const ledger = ledgerOf(secret)
  ledger.show('message', 'here', value)
  return ledger.leaks()
}

const reversed = (bytes: Uint8Array) => Buffer.from(bytes).reverse()
/** The bytes somewhere inside others, so that their base64 falls into one of three phases. */
const shifted = (phase: number, bytes: Uint8Array) => Buffer.concat([Buffer.from('~?>'.slice(0, phase)), bytes, Buffer.from('<~')])
const wrapped = (text: string) => text.replace(/.{64}/g, '$&\n')

/** Every form that is promised, as a text. */
const FORMS: readonly (readonly [name: string, write: (bytes: Buffer) => string])[] = [
  ['raw', (bytes) => bytes.toString('latin1')],
  ['hex in lower case', (bytes) => bytes.toString('hex')],
  ['hex in upper case', (bytes) => bytes.toString('hex').toUpperCase()],
  ['hex in pairs', (bytes) => bytes.toString('hex').replace(/../g, '$& ')],
  ['a number in hex', (bytes) => BigInt(`0x${bytes.toString('hex')}`).toString(16)],
  ['a number in decimal', (bytes) => BigInt(`0x${bytes.toString('hex')}`).toString()],
  ['decimal list', (bytes) => bytes.join(',')],
  ['decimal list with spaces', (bytes) => bytes.join(', ')],
  ['decimal list over several lines', (bytes) => JSON.stringify([...bytes], null, 2)],
  ['Uint8Array as JSON', (bytes) => JSON.stringify(new Uint8Array(bytes))],
  ['Uint8Array as JSON inside JSON', (bytes) => JSON.stringify({ said: JSON.stringify(new Uint8Array(bytes)) })],
  ['Buffer as JSON', (bytes) => JSON.stringify(bytes)],
  ['Buffer as printed', (bytes) => inspect(bytes)],
  ['Uint8Array as printed', (bytes) => inspect(new Uint8Array(bytes), { maxArrayLength: null })],
  ...[0, 1, 2].flatMap((phase) => [
    [`base64, phase ${phase}`, (bytes: Buffer) => shifted(phase, bytes).toString('base64')] as const,
    [`base64url, phase ${phase}`, (bytes: Buffer) => shifted(phase, bytes).toString('base64url')] as const,
    [`base64 in lines, phase ${phase}`, (bytes: Buffer) => wrapped(shifted(phase, Buffer.concat([Buffer.alloc(30), bytes])).toString('base64'))] as const,
    ...[0, 1, 2].flatMap((outer) =>
      (['base64', 'base64url'] as const).flatMap((one) =>
        (['base64', 'base64url'] as const).map(
          (other) =>
            [
              `${one} of ${other}, phases ${outer} and ${phase}`,
              (bytes: Buffer) => shifted(outer, Buffer.from(shifted(phase, bytes).toString(other))).toString(one),
            ] as const,
        ),
      ),
    ),
  ]),
]

for (const [name, write] of FORMS)
  test(`BYOK-1 BYOK-155 a secret is found as ${name}, forwards and backwards, alone and inside a longer text`, () => {
    for (const bytes of [SECRET, reversed(SECRET)])
      for (const [before, after] of [
        ['', ''],
        ['key: ', ' (that was it)'],
      ] as const) {
        const [leak] = search(before + write(bytes) + after)
        assert.equal([leak?.secret, leak?.where], ['planted of a store', 'message: here'])
      }
  })

/** Every kind of place in which a text or bytes can stand. */
const PLACES: readonly (readonly [name: string, put: (text: string) => unknown])[] = [
  ['a member', (text) => ({ deep: { deeper: [{ member: text }] } })],
  ['a member name', (text) => ({ [text]: 1 })],
  ['a member name among numbers', (text) => [{ a: 1, [text]: 2 }]],
  ['a symbol', (text) => ({ [Symbol(text)]: Symbol(text) })],
  ['a member that is not enumerable', (text) => Object.defineProperty({}, 'hidden', { value: text, enumerable: false })],
  ['what a getter gives', (text) => Object.defineProperty({}, 'shown', { get: () => text })],
  [
    'what a getter throws',
    (text) =>
      Object.defineProperty({ before: 1 }, 'shown', {
        enumerable: true,
        get: () => {
          throw new Error(text)
        },
      }),
  ],
  ['the message of an error', (text) => new TypeError(text)],
  ['the stack of an error', (text) => Object.assign(new Error('no'), { stack: `Error: no\n  at ${text}` })],
  ['the cause of an error', (text) => new Error('no', { cause: new Error(text) })],
  ['an aggregate of errors', (text) => new AggregateError([new Error(text)])],
  ['a map’s value', (text) => new Map([['key', { inner: text }]])],
  ['a map’s key', (text) => new Map([[{ inner: text }, 1]])],
  ['a set', (text) => new Set([text])],
  ['JSON', (text) => JSON.stringify({ text })],
  ['JSON in JSON in JSON', (text) => JSON.stringify({ one: JSON.stringify([JSON.stringify({ two: text })]) })],
  ['a member name in JSON', (text) => JSON.stringify({ [text]: null })],
  ['a list without a prototype', (text) => Object.assign(Object.create(null) as object, { text })],
  ['a circle', (text) => circle({ text })],
]

function circle(value: object): object {
  return Object.assign(value, { self: value })
}

for (const [name, put] of PLACES)
  test(`BYOK-6 BYOK-155 a secret is found in ${name}`, () => {
    for (const write of [(bytes: Buffer) => bytes.toString('hex'), (bytes: Buffer) => bytes.toString('latin1'), (bytes: Buffer) => bytes.join(', ')])
      assert.ok(search(put(write(SECRET))).length > 0)
  })

const own = (bytes: Buffer) => Uint8Array.from(bytes)
/** Every kind of value that bytes can be. */
const VALUES: readonly (readonly [name: string, make: (bytes: Buffer) => unknown])[] = [
  ['Uint8Array', own],
  ['Buffer', (bytes) => bytes],
  ['a part of a longer Uint8Array', (bytes) => Uint8Array.from([9, ...bytes, 9]).subarray(1, -1)],
  ['DataView', (bytes) => new DataView(own(bytes).buffer)],
  ['ArrayBuffer', (bytes) => own(bytes).buffer],
  ['Uint16Array of bytes', (bytes) => Uint16Array.from(bytes)],
  ['Float64Array of bytes', (bytes) => Float64Array.from(bytes)],
  ['array of numbers', (bytes) => [...bytes]],
  ['array of numbers and other things', (bytes) => [bytes.length, 'bytes', ...bytes, null]],
  ['object with numbered members', (bytes) => ({ ...own(bytes) })],
  ['object with numbered members and others', (bytes) => ({ ...own(bytes), length: bytes.length, name: 'd' })],
  ['Buffer’s JSON form', (bytes) => bytes.toJSON()],
  ['map from place to byte', (bytes) => new Map(bytes.entries())],
  ['bigint', (bytes) => BigInt(`0x${bytes.toString('hex')}`)],
  ['negative bigint', (bytes) => -BigInt(`0x${bytes.toString('hex')}`)],
  ['bytes of JSON', (bytes) => Buffer.from(JSON.stringify({ d: [...bytes] }))],
]

for (const [name, make] of VALUES)
  test(`BYOK-6 a secret is found as ${name}`, () => {
    for (const bytes of [SECRET, reversed(SECRET), Buffer.concat([Buffer.alloc(2), SECRET.subarray(0, 20)])]) {
      const whole = bytes.length < SECRET.length ? bytes : SECRET
      assert.ok(search(make(bytes), whole).length > 0)
      assert.ok(search({ list: [{ inner: make(bytes) }] }, whole).length > 0)
    }
  })

test('BYOK-6 a secret that begins with zeros is found as a number too', () => {
  const secret = Buffer.concat([Buffer.alloc(3), Buffer.from('0a', 'hex'), SECRET.subarray(0, 28)])
  const number = BigInt(`0x${secret.toString('hex')}`)
  for (const value of [number, number.toString(16), number.toString(), secret.toString('hex')]) assert.ok(search(value, secret).length > 0)
})

test('BYOK-155 what is not the whole secret is not found: half of it, a masked one, one of 11 bytes, other data', () => {
  const masked = SECRET.map((byte) => byte ^ 0x5c)
  for (const value of [
    SECRET.subarray(0, 36),
    SECRET.subarray(1).toString('hex'),
    masked,
    createHash('sha256').update(SECRET).digest(),
    '',
    null,
    7,
    () => SECRET,
  ])
    assert.equal(search(value), [])
  const short = SECRET.subarray(0, 11)
  assert.is(ledgerOf(short).secrets, 0)
  assert.equal(search(short.toString('hex'), short), [])
})

test('the copies in a ledger are its own, and are wiped', () => {
  // The `slice` of a Buffer is no copy.
  for (const mine of [Uint8Array.from(SECRET), Buffer.from(SECRET)]) {
    const ledger = ledgerOf(mine)
    mine.fill(0)
    ledger.show('file', 'out', SECRET.toString('hex'))
    assert.is(ledger.leaks()[0]?.where, 'file: out')
    assert.match(ledger.summary(), /^1 secrets tracked, 1 seen outside an enclave in 0 messages/)
    mine.set(SECRET)
    ledger.leaks()
    ledger.wipe()
    assert.equal([ledger.secrets, ledger.leaks()], [0, []])
    assert.ok(SECRET.equals(mine), 'the caller’s bytes are left as they are')
  }
})

const seed = 20_260_102
const secrets = fc.uint8Array({ minLength: 16, maxLength: 96 }).filter((bytes) => new Set(bytes).size > 8)

test('BYOK-1 BYOK-155 law: any secret, in any form, at any place', () =>
  fc.assert(
    fc.property(secrets, fc.constantFrom(...FORMS), fc.constantFrom(...PLACES), fc.boolean(), (bytes, [form, write], [, put], backwards) => {
      // A printer shows no more than fifty bytes of a buffer.
      const secret = Buffer.from(form === 'Buffer as printed' ? bytes.subarray(0, 50) : bytes)
      return search(put(write(backwards ? reversed(secret) : secret)), secret).length > 0
    }),
    { seed, numRuns: 3000 },
  ))

test('BYOK-155 law: nothing is found in public data', () =>
  fc.assert(
    fc.property(
      fc.array(secrets, { minLength: 1, maxLength: 4 }),
      fc.anything({ withTypedArray: true, withMap: true, withSet: true, withBigInt: true }),
      fc.uint8Array({ maxLength: 300 }),
      (all, thing, noise) => {
        const ledger = new Ledger()
        for (const bytes of all) ledger.witness({ name: 'secret', bytes, enclave: 'a store' })
        // Public data does not hold the secret by chance: both come from one generator that likes to repeat itself.
        const publicly = [
          thing,
          randomBytes(noise.length),
          randomBytes(64).toString('base64'),
          [...randomBytes(40)],
          all.map((bytes) => createHash('sha256').update(bytes).digest('hex')),
        ]
        ledger.show('message', 'here', publicly)
        return ledger.leaks().length === 0
      },
    ),
    { seed, numRuns: 500 },
  ))

/** Everything that the process prints meanwhile. */
async function printed(work: () => Promise<unknown>): Promise<readonly unknown[]> {
  const calls: unknown[] = []
  const undo: (() => void)[] = []
  const replace = (owner: object, name: string, by: unknown) => {
    const before = Reflect.get(owner, name) as unknown
    Reflect.set(owner, name, by)
    undo.push(() => Reflect.set(owner, name, before))
  }
  for (const [name, member] of Object.entries(console))
    if (typeof member === 'function') replace(console, name, (...said: unknown[]) => calls.push([name, ...said]))
  for (const stream of [process.stdout, process.stderr]) replace(stream, 'write', (...said: unknown[]) => calls.push(said))
  try {
    await work()
  } finally {
    for (const put of undo.reverse()) put()
  }
  return calls
}

const crypto = pooled(nodeCrypto(), 3)

test('BYOK-1 BYOK-6 BYOK-155 a transfer shows none of its secrets, and prints nothing at all', async () => {
  for (const policy of [PROFILES.hardened, PROFILES.published]) {
    const at = await world({ crypto, policy })
    const reports: unknown[] = []
    const said = await printed(async () => {
      for (const kind of ['rsa-2048', 'ec-P-521', 'oct-256'] as const) {
        await at.makeTarget(kind, kind)
        reports.push(await at.transfer(kind, { target: kind }))
      }
    })
    assert.ok((reports as { client: { ok: boolean } }[]).every(({ client }) => client.ok))
    assert.equal(said, [])
    at.ledger.show('output', 'reports', reports)
    at.ledger.show('snapshot', 'session', at.ceremony.session.persist())
    assert.ok(at.ledger.secrets > 30 && at.ledger.count('snapshot') > 50 && at.ledger.count('inspection event') > 200)
    assert.equal(at.ledger.leaks(), [])
    // The same ledger would have found the smallest of them.
    at.ledger.witness({
      name: 'public',
      bytes: Buffer.from((reports[1] as { officer: { noted: { key: { x: string } } } }).officer.noted.key.x, 'base64url'),
      enclave: 'none',
    })
    assert.ok(at.ledger.leaks().length > 0)
    at.ledger.wipe()
  }
})

/** The random bytes of `keyferry byok run --seed`. */
function demonstration(words: string): (length: number) => Uint8Array {
  let counter = 0
  return (length) => {
    const blocks: Buffer[] = []
    for (let made = 0; made < length; made += 32) blocks.push(createHash('sha256').update(`keyferry demonstration ${counter++} ${words}`).digest())
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, length))
  }
}

test('BYOK-1 BYOK-6 the files and the text of `keyferry byok run` show none of its secrets, and a planted one is found in them', async () => {
  const { voyages, keks, ledger } = await runCampaign({
    crypto: pure(demonstration('leaks')),
    policy: PROFILES.hardened,
    kekBits: [2048],
    kinds: ['ec-P-256'],
    generator: `keyferry ${VERSION}; software enclave`,
    onProgress: () => {},
  })
  const command = ['byok', 'run', '--kek-bits', '2048', '--target', 'ec-P-256', '--seed', 'leaks', '--out', pathOf('leaks')]
  const ran = await keyferry(command)
  assert.is(ran.exit, 0)
  const names = readdirSync(pathOf('leaks'))
  assert.is(names.length, 6)
  const contents = names.map((name) => [name, readFileSync(join(pathOf('leaks'), name))] as const)
  const transferFile = contents.find(([name]) => name.endsWith('.byok'))![1]
  assert.is(transferFile.toString('base64url'), voyages[0]?.file, 'the ledger knows the secrets of the run that wrote the files')

  for (const [name, bytes] of contents) ledger.show('file', name, [bytes, bytes.toString('utf8')])
  ledger.show('text', 'out', ran.out)
  ledger.show('text', 'err', ran.err)
  assert.is(ledger.count('file'), 6)
  assert.equal(ledger.leaks(), [])

  // The KEK's modulus stands in its PEM file, the table of the conversation and elsewhere, in lines of 64 characters.
  ledger.witness({ name: 'modulus', bytes: Buffer.from(keks[0]!.n, 'base64url'), enclave: 'none' })
  assert.ok(ledger.leaks().some(({ where }) => where === 'file: kek-2048.pem'))
  ledger.wipe()
})

/** Replaces a member of an answer, however deep; the path ends in the member's name. */
function withMember(answer: EnclaveAnswer, path: string, value: unknown): EnclaveAnswer {
  const copy = structuredClone(answer) as unknown as Record<string, unknown>
  const names = path.split('.')
  const last = names.pop()!
  let inner = copy
  for (const name of names) inner = (inner[name] ??= {}) as Record<string, unknown>
  inner[last] = value
  return copy as unknown as EnclaveAnswer
}

/** An enclave that puts something into each answer of a type. */
const leaking = (inner: Enclave, type: EnclaveAnswer['type'], path: string, value: unknown): Enclave => ({
  perform: async (conversation, command) => {
    const answer = await inner.perform(conversation, command)
    if (command.type === 'close' || answer === null) return answer
    // A refusal where the enclave would have answered something else is made of the very answer.
    if (type === 'enclave.refused') return withMember({ type, fault: { code: 'enclave_failed' } }, path, value)
    return answer.type === type ? withMember(answer, path, value) : answer
  },
})

/** What everybody can see of a transfer, but for what passes between a role and its enclave. */
const publicPartOf = (at: World) =>
  JSON.stringify([at.ceremony.session.lines.filter(({ port }) => port !== 'enclave'), at.ceremony.session.persist(), at.ceremony.report()])

const hex = SECRET.subarray(0, 32).toString('hex')
const text = SECRET.toString('base64url')
/** Where an enclave could put a secret, and whether the port's reader lets it through to the role. */
const HIDING_PLACES: readonly (readonly [of: 'source' | 'vault', type: EnclaveAnswer['type'], path: string, value: unknown, survives: boolean])[] = [
  ['source', 'enclave.wrapped', 'ciphertext', text, true],
  ['source', 'enclave.wrapped', 'target.identity', hex, true],
  ['source', 'enclave.wrapped', 'target.key.x', text, true],
  ['source', 'enclave.wrapped', 'target.key.d', text, false],
  ['source', 'enclave.wrapped', 'ephemeral', text, false],
  ['source', 'enclave.wrapped', 'ciphertext', SECRET, false],
  ['source', 'enclave.kekHeld', 'fingerprint', hex, true],
  ['source', 'enclave.kekHeld', 'note', text, false],
  ['source', 'enclave.compared', 'kid.version', hex, false],
  ['source', 'enclave.compared', 'operations', ['sign', 'verify', hex], false],
  ['source', 'enclave.refused', 'fault.code', hex, true],
  ['source', 'enclave.refused', 'fault.code', `"${SECRET.toString('latin1')}`, false],
  ['source', 'enclave.refused', 'fault.found', text, false],
  ['source', 'enclave.refused', 'fault.requirement', hex, false],
  ['source', 'enclave.refused', 'fault.cause', new Error(text), false],
  ['source', 'enclave.refused', 'stack', text, false],
  ['vault', 'enclave.kekMade', 'evidence', text, true],
  ['vault', 'enclave.kekMade', 'version', hex, false],
  ['vault', 'enclave.kekMade', 'd', text, false],
  ['vault', 'enclave.imported', 'evidence', text, true],
  ['vault', 'enclave.imported', 'facts.key.y', text, true],
  ['vault', 'enclave.imported', 'facts.key.k', text, false],
  ['vault', 'enclave.imported', 'facts.operations', ['sign', hex], false],
  ['vault', 'enclave.imported', 'facts.kind', text, false],
  ['vault', 'enclave.refused', 'fault.code', hex, false],
  ['vault', 'enclave.refused', 'fault.found', text, false],
]

for (const [of, type, path, value, survives] of HIDING_PLACES)
  test(`BYOK-2 BYOK-20 BYOK-155 an enclave of the ${of} that says a secret in ${type} ${path}: ${survives ? 'it is caught' : 'the port leaves it behind'}`, async () => {
    const at = await world({ crypto, between: (inner, which) => (which === of ? leaking(inner, type, path, value) : inner) })
    at.ledger.witness({ name: 'planted', bytes: SECRET, enclave: of })
    at.ledger.witness({ name: 'planted', bytes: SECRET.subarray(0, 32), enclave: of })
    await at.makeTarget('ec-P-256', 'ec-P-256')
    await at.transfer('ec-P-256')
    const leaks = at.ledger.leaks()
    assert.ok(leaks.length > 0, 'the ledger sees it at the latest between enclave and role')
    assert.ok(leaks.every(({ secret }) => secret === `planted of ${of}`))
    const outside = leaks.filter(({ where }) => !/^message: (sourceHsm|vaultHsm)'s enclave to /.test(where))
    assert.is(publicPartOf(at).includes(typeof value === 'string' ? value : hex), survives)
    if (!survives) assert.equal(outside, [])
  })

test.run()
