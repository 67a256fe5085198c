/**
 * What a card in software offers beyond the contract: nothing of its secrets shows or stays, whatever fails inside is a
 * refusal without a word, and a host that errs is told.
 * @module
 */
import { inspect } from 'node:util'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { pure } from '../../../src/crypto/pure.js'
import { isPromise } from '../../../src/enclave/steps.js'
import { secretParts } from '../../../src/enclave/witness.js'
import { softwareCard, type SoftwareCardOptions } from '../../../src/ski/enclave/card.js'
import type { CardAnswer, CardCommand } from '../../../src/ski/enclave/commands.js'
import { SKI_PROFILES } from '../../../src/ski/policy.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { ecKey } from '../../enclave/support.js'
import { findSecret } from '../../enclave/secret-search.js'
import { PINS, ask, cardFactory, codeOf, establish, establishing, say, stocked, withK1, type Subject, type Wanted } from './card-case.js'
import { text } from './card-contract-flow.js'
import { agreeWith, authenticateStructure, b64, changeStructure, draw, newSession } from './card-node.js'
import { bringing, installing } from './card-sealing.js'

const card = suite('card in software')
const make = (wanted: Wanted = {}, crypto: Crypto = nodeCrypto()): Subject => cardFactory(() => stocked(crypto))(wanted)

const options = (change: Partial<SoftwareCardOptions> = {}): SoftwareCardOptions => ({
  crypto: nodeCrypto(),
  cardId: draw(16),
  policy: SKI_PROFILES.published,
  ...change,
})

/** A run through everything that a card does with secrets. Gives every answer. */
async function everything(subject: Subject): Promise<readonly (CardAnswer | null)[]> {
  const answers: (CardAnswer | null)[] = []
  const hear = async (command: CardCommand) => void answers.push(await say(subject, command))
  for (const way of ['session', 'agreement', 'derived', 'shared'] as const) {
    const established = await establish(subject, { way, padding: way === 'session' ? 'pkcs1' : 'oaep-sha256', container: way === 'session' ? 0 : 1 })
    answers.push({ type: 'enclave.sessionKeyReady', key: established.key, nonce: established.nonce, receipt: established.receipt })
    await hear({ type: 'readKey', channel: 0, container: way === 'session' ? 0 : 1, evidence: 'attested' })
    await hear({ type: 'readKey', channel: 0, container: 0, evidence: 'sharedKey' })
    for (const flags of [0, 0x10000000]) await hear(await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, PINS.user.value, flags)))
    await hear(await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, text('wrong PIN, twelve'))))
    await hear(await bringing(subject, established, 'Change Authenticator', 1, changeStructure(1, 2, PINS.admin.value, 1, PINS.user.value, 3)))
    await hear(await installing(subject, established, { kind: way === 'session' ? 'rsa-2048' : 'ec-P-256', container: 5, overwrite: true }))
  }
  const oaep = await establishing(subject, { padding: 'oaep-sha1' })
  await hear(oaep.command)
  await hear({ type: 'verifyPin', channel: 0, pinId: 3, pin: { entry: subject.card.enterPin(PINS.pad.value) } })
  await hear({ type: 'verifyPin', channel: 0, pinId: 2, pin: { typed: b64(PINS.admin.value) } })
  return answers
}

card('answers at once where the crypto does, and later where it does', async () => {
  const subject = make()
  const command = { type: 'makeK1', channel: 0, container: 0, kind: 'ec-P-256', pinId: 0 } as const
  assert.not(isPromise(subject.card.perform('reader', command)))
  const late = cardFactory(nodeCrypto)().card.perform('reader', { ...command, kind: 'rsa-2048' })
  assert.ok(isPromise(late))
  assert.is((await late)?.type, 'enclave.k1Made')
})

for (const profile of ['hardened', 'published'] as const) {
  card(`SKI-219 no answer and no description has a secret in it, ${profile}`, async () => {
    const subject = make({ profile })
    const answers = await everything(subject)
    assert.ok(answers.every((answer) => answer !== null))
    // Whatever the work puts into its scratch is told, and wiped with it: what is not told stays behind.
    const names = new Set(subject.secrets.map(({ name }) => name))
    for (const name of IN_CHARGE) assert.ok(names.has(name), `the witness was told of ${name}: ${[...names].join(', ')}`)
    const open = [answers, subject.card.describe(), subject.card, inspect(subject.card, { showHidden: true, depth: 10 })]
    // Of a structure and a key blob parts are public: they are looked for as a whole.
    for (const { name, bytes } of subject.secrets) assert.is(findSecret(open, bytes, /structure|blob|response/.test(name)), null, name)
    assert.is(JSON.stringify(subject.card), '{}')
  })

  card(`SKI-17 dispose wipes every secret, and so does whatever ends before, ${profile}`, async () => {
    const { crypto, seen } = spied()
    const subject = make({ profile }, crypto)
    await everything(subject)
    subject.card.dispose()
    assert.ok(seen.length > 100, `${seen.length} secrets went through the provider`)
    for (const { name, bytes } of seen)
      assert.ok(
        bytes.every((byte) => byte === 0),
        name,
      )
    assert.equal([subject.card.describe().containers, subject.card.describe().pins, subject.card.describe().keys], [[], [], []])
  })
}

card('SKI-7 what was agreed is wiped as soon as a session key was derived of it', async () => {
  const { crypto, seen } = spied()
  const subject = make({}, crypto)
  const { command } = await establishing(subject, { way: 'agreement' })
  const agreed = seen.filter(({ name }) => name === 'ECDH')
  assert.ok(agreed.length === 1 && agreed[0]!.bytes.some((byte) => byte !== 0))
  await ask(subject, command, 'enclave.sessionKeyReady')
  assert.ok(agreed[0]!.bytes.every((byte) => byte === 0))
})

card('SKI-17 of a PIN, of the shared key and of a session key no copy is left', async () => {
  const pin = Uint8Array.from(PINS.user.value)
  const sharedKey = new Uint8Array(draw(32))
  for (const secret of [pin, sharedKey]) {
    const left = await copiesLeft(secret, async () => {
      const subject = softwareCard(options({ sharedKey, pins: [{ id: 1, value: pin, tries: 3 }] }))
      await ask({ card: subject }, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(pin) } }, 'enclave.pinVerified')
      await ask({ card: subject }, { type: 'verifyPin', channel: 0, pinId: 1, pin: { entry: subject.enterPin(pin) } }, 'enclave.pinVerified')
      await ask({ card: subject }, { type: 'shareKey', channel: 0, way: 'shared', algorithm: 'AES-256', proven: false, input: null }, 'enclave.sessionKeyReady')
      subject.dispose()
    })
    assert.is(left, 0)
  }
})

card('SKI-17 a crypto provider that never answers keeps no secret past a reset', async () => {
  const imported: Uint8Array[] = []
  const hanging: Crypto = {
    ...nodeCrypto(),
    checkPrivateKey: (key) => {
      imported.push(...secretParts(key).map(([, bytes]) => bytes))
      return new Promise(() => {})
    },
  }
  const subject = make({}, hanging)
  void subject.card.perform('reader', await installing(subject, await establish(subject)))
  assert.ok(imported.length === 1 && imported.every((bytes) => bytes.some((byte) => byte !== 0)))
  void subject.card.perform('reader', { type: 'close' })
  for (const bytes of imported) assert.ok(bytes.every((byte) => byte === 0))
})

card('SKI-246 whatever fails inside is one refusal without a word', async () => {
  const accidents: (() => unknown)[] = [
    () => {
      throw new Error('secret')
    },
    () => Promise.reject(new Error('secret')),
    () => undefined,
    () => 7,
    () => {
      throw null
    },
  ]
  const members: readonly (readonly [keyof Crypto, (subject: Subject) => Promise<CardCommand>, CardAnswer])[] = [
    ['generateEc', async () => ({ type: 'makeK1', channel: 0, container: 3, kind: 'ec-P-256', pinId: 0 }), FAILED],
    ['ecdsaSign', async (subject) => (await withK1(subject), { type: 'readKey', channel: 0, container: 0, evidence: 'attested' }), FAILED],
    ['hmac', async () => ({ type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(PINS.user.value) } }), FAILED],
    ['pkcs1Decrypt', async (subject) => (await establishing(subject, { padding: 'pkcs1' })).command, SEALED],
    ['oaepDecrypt', async (subject) => (await establishing(subject)).command, SEALED],
    ['ecdsaVerify', async (subject) => (await establishing(subject, { way: 'derived' })).command, FAILED],
    ['cbcDecryptRaw', async (subject) => installing(subject, await establish(subject)), SEALED],
    ['checkPrivateKey', async (subject) => installing(subject, await establish(subject)), SEALED],
    ['digest', async (subject) => installing(subject, await establish(subject)), SEALED],
    ['hmac', async (subject) => installing(subject, await establish(subject)), SEALED],
    [
      'ecdh',
      async (subject) => ({
        type: 'agree',
        channel: 0,
        container: 0,
        peer: agreeWith(await withK1(subject, { kind: 'ec-P-256' }), newSession(subject.cardId, Buffer.alloc(16))).peer,
      }),
      FAILED,
    ],
  ]
  for (const [member, prepare, refusal] of members)
    for (const accident of member === 'ecdsaVerify' ? [...accidents.slice(0, 2), ...accidents.slice(4)] : accidents) {
      const crypto = { ...nodeCrypto() } as Crypto
      const subject = make({}, forwarding(crypto))
      const command = await prepare(subject)
      const before = subject.card.describe().containers
      Object.assign(crypto, { [member]: accident })
      assert.equal(await say(subject, command), refusal, `${member} ${String(accident)}`)
      assert.equal(subject.card.describe().containers, before)
      assert.equal(subject.card.describe().authenticated, [])
    }
})

card('SKI-246 a card that was disposed of refuses everything', async () => {
  const subject = make()
  const late = subject.card.perform('reader', { type: 'makeK1', channel: 0, container: 0, kind: 'ec-P-256', pinId: 0 })
  assert.is((await late)?.type, 'enclave.k1Made')
  subject.card.dispose()
  assert.equal(await say(subject, { type: 'drawNonce', channel: 0 }), FAILED)
  assert.is(subject.card.perform('reader', { type: 'close' }), null)
  assert.throws(
    () => subject.card.enterPin(PINS.user.value),
    (error: unknown) => error instanceof TypeError,
  )
})

card('SKI-222 hostile commands never make it throw, and never change what lasts', async () => {
  const subject = make({ profile: 'published' })
  await withK1(subject, { pinId: 1 })
  const { key } = await establish(subject, { way: 'derived' })
  const lasting = () => JSON.stringify([subject.card.describe().containers, subject.card.describe().pins.map(({ id, max, value }) => [id, max, value])])
  const before = lasting()
  const types = [
    'readKey',
    'drawNonce',
    'importSessionKey',
    'shareKey',
    'agree',
    'deriveKey',
    'setKeyProperty',
    'processSealed',
    'destroyKey',
    'deleteContainer',
    'verifyPin',
    'deauthenticate',
  ]
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true })
  const bytes = fc.uint8Array({ maxLength: 300 }).map((given) => b64(given))
  const command = fc.record(
    {
      type: fc.oneof(fc.constantFrom(...types), anything),
      channel: fc.oneof(fc.nat(3), anything),
      container: fc.oneof(fc.nat(17), fc.constant(null), anything),
      evidence: fc.oneof(fc.constantFrom('plain', 'attested', 'sharedKey'), anything),
      algorithm: fc.oneof(fc.constantFrom('AES-128', 'AES-256', '3DES'), anything),
      padding: fc.oneof(fc.constantFrom('pkcs1', 'oaep-sha256'), anything),
      proven: fc.oneof(fc.boolean(), anything),
      way: fc.oneof(fc.constantFrom('shared', 'derived'), anything),
      input: fc.oneof(bytes, fc.constant(null), anything),
      peer: fc.oneof(bytes, anything),
      key: fc.oneof(fc.constant(key), fc.string(), anything),
      agreement: fc.oneof(fc.string(), anything),
      mode: fc.oneof(fc.constantFrom('CBC', null), anything),
      iv: fc.oneof(bytes, fc.constant(null), anything),
      function: fc.oneof(fc.constantFrom('Import Key Pair', 'Authenticate', 'Change Authenticator'), anything),
      flags: fc.oneof(fc.nat(2), anything),
      blobs: fc.oneof(fc.array(bytes, { maxLength: 3 }), anything),
      pinId: fc.oneof(fc.nat(4), anything),
      pin: fc.oneof(
        bytes.map((typed) => ({ typed })),
        anything,
      ),
    },
    { requiredKeys: ['type', 'channel'], noNullPrototype: true },
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(command, anything), async (value) => {
      const answer = await say(subject, value)
      assert.ok(answer === null || answer.type.startsWith('enclave.'))
      assert.is(lasting(), before)
    }),
    { numRuns: 2000 },
  )
  assert.is(codeOf(await subject.card.perform(7 as never, { type: 'drawNonce', channel: 0 })), 'command_invalid')
})

card('the same seed makes the same card', async () => {
  const seeded = () => {
    let count = 0
    return pure((length) => Uint8Array.from({ length }, () => (count = (count * 1103515245 + 12345) & 0x7fffffff) >>> 16))
  }
  const answers = async () => {
    const same = softwareCard(options({ crypto: seeded(), cardId: new Uint8Array(16), sharedKey: new Uint8Array(32).fill(1) }))
    const commands: readonly CardCommand[] = [
      { type: 'makeK1', channel: 0, container: 0, kind: 'ec-P-256', pinId: 0 },
      { type: 'readKey', channel: 0, container: 0, evidence: 'sharedKey' },
      { type: 'shareKey', channel: 0, way: 'derived', algorithm: 'AES-128', proven: false, input: b64(Buffer.alloc(32)) },
    ]
    const said: unknown[] = []
    for (const command of commands) said.push(await say({ card: same }, command))
    return [said, same.describe()]
  }
  assert.equal(await answers(), await answers())
})

card('SKI-218 handles are new even where the randomness is stuck', async () => {
  const stuck: Crypto = { ...nodeCrypto(), random: (length) => new Uint8Array(length).fill(7) }
  const subject = softwareCard(options({ crypto: stuck, sharedKey: new Uint8Array(32) }))
  const command = { type: 'shareKey', channel: 0, way: 'shared', algorithm: 'AES-256', proven: false, input: null } as const
  const [a, b] = [await ask({ card: subject }, command, 'enclave.sessionKeyReady'), await ask({ card: subject }, command, 'enclave.sessionKeyReady')]
  assert.is.not(a.key, b.key)
})

card('a host that gives what it may not is told by a TypeError', () => {
  const key = ecKey(1)
  const pin = { id: 1, value: PINS.user.value, tries: 3 }
  const mistakes: readonly (readonly [member: string, change: object])[] = [
    ['cardId', { cardId: draw(15) }],
    ['containers', { containers: 0 }],
    ['containers', { containers: 256 }],
    ['containers', { containers: 1.5 }],
    ['pins', { pins: [{ ...pin, id: 0 }] }],
    ['pins', { pins: [{ ...pin, id: 8 }] }],
    ['pins', { pins: [{ ...pin, unblockedBy: 0 }] }],
    ['pins.value', { pins: [{ ...pin, value: 'text' }] }],
    ['pins.value', { pins: [{ ...pin, value: draw(3) }] }],
    ['pins.value', { pins: [{ ...pin, value: draw(128) }] }],
    ['pins.tries', { pins: [{ ...pin, tries: 0 }] }],
    ['pins.tries', { pins: [{ ...pin, tries: 16 }] }],
    ['pins', { pins: [pin, pin] }],
    ['attestation.key', { attestation: { key: { ...key, d: new Uint8Array(32) }, endorsement: draw(64) } }],
    ['attestation.key', { attestation: { key: { ...key, curve: 'P-256K' }, endorsement: draw(64) } }],
    ['attestation.endorsement', { attestation: { key, endorsement: draw(63) } }],
    ['sharedKey', { sharedKey: draw(16) }],
    ['serverKey', { serverKey: { ...key, y: new Uint8Array(32) } }],
    ['serverKey', { policy: { ...SKI_PROFILES.hardened } }],
    ['sharedKey', { policy: { ...SKI_PROFILES.hardened, serverProof: 'sharedKey' } }],
    ['algorithms', { crypto: pure(nodeCrypto().random), algorithms: ['3DES'] }],
  ]
  for (const [member, change] of mistakes)
    assert.throws(
      () => softwareCard(options(change)),
      (error: unknown) => error instanceof TypeError && error.message.startsWith(`${member}: `),
      `${member} ${JSON.stringify(Object.keys(change))}`,
    )
  const good = softwareCard(options())
  for (const entered of ['text', draw(128)])
    assert.throws(
      () => good.enterPin(entered as Uint8Array),
      (error: unknown) => error instanceof TypeError,
    )
})

card('what was given to a card stays the giver’s', () => {
  const given = {
    attestation: { key: ecKey(43), endorsement: new Uint8Array(64) },
    sharedKey: new Uint8Array(32).fill(3),
    pins: [{ id: 1, value: Uint8Array.from(PINS.user.value), tries: 3 }],
  }
  softwareCard(options(given)).dispose()
  for (const bytes of [given.attestation.key.d, given.sharedKey, given.pins[0]!.value]) assert.ok(bytes.some((byte) => byte !== 0))
})

card.run()

/** Secrets that come to exist in a run through everything, by the names under which they are taken charge of. */
const IN_CHARGE = [
  ...['PIN 1: k', 'K1 rsa-2048: d', 'K1 ec-P-256: d', 'shared key of the card: k', 'attestation key of the card: d', 'session key S1: k', 'agreed secret Z: k'],
  ...['stand-in session key', 'unwrapped key blob', 'proof key of the card', 'session key S1 at work', 'opened structure', 'padded structure', 'response'],
  ...['imported key blob', 'imported key pair: d', 'imported key pair: p', 'PIN as given', 'PIN as entered: k', 'PIN at work', 'key of a comparison'],
  ...['session PIN as drawn', 'session PIN: k'],
]

const FAILED: CardAnswer = { type: 'enclave.refused', fault: { code: 'enclave_failed' } }
const SEALED: CardAnswer = { type: 'enclave.refused', fault: { code: 'sealed_refused', requirement: 'SKI-72' } }

/** A provider that asks another one at each call, so that a test can change it under a card. */
const forwarding = (crypto: Crypto): Crypto =>
  Object.fromEntries(
    Object.entries(crypto).map(([name, member]) => [
      name,
      typeof member === 'function' ? (...args: unknown[]) => (crypto[name as keyof Crypto] as (...given: unknown[]) => unknown)(...args) : (member as unknown),
    ]),
  ) as unknown as Crypto

/** A provider that shows every secret that goes in or comes out: keys of ciphers and MACs, deciphered bytes, private numbers. */
function spied(): { readonly crypto: Crypto; readonly seen: { name: string; bytes: Uint8Array }[] } {
  const crypto = stocked(nodeCrypto())
  const seen: { name: string; bytes: Uint8Array }[] = []
  const see = <T>(name: string, value: T, ...secrets: readonly Uint8Array[]): T => {
    for (const bytes of secrets) if (bytes.some((byte) => byte !== 0)) seen.push({ name, bytes })
    return value
  }
  return {
    seen,
    crypto: {
      ...crypto,
      generateEc: (curve) => {
        const key = crypto.generateEc(curve) as ReturnType<typeof ecKey>
        return see('EC key', key, key.d)
      },
      generateRsa: (bits) => {
        const key = crypto.generateRsa(bits) as Extract<Parameters<typeof secretParts>[0], { type: 'RSA' }>
        return see('RSA key', key, ...secretParts(key).map(([, bytes]) => bytes))
      },
      checkPrivateKey: (key) => see('imported key', crypto.checkPrivateKey(key), ...secretParts(key).map(([, bytes]) => bytes)),
      pkcs1Decrypt: (key, wrapped, length) => {
        const blob = crypto.pkcs1Decrypt(key, wrapped, length) as Uint8Array
        return see('PKCS #1', blob, blob)
      },
      oaepDecrypt: (key, wrapped, parameters) => {
        const opened = crypto.oaepDecrypt(key, wrapped, parameters) as Exclude<ReturnType<Crypto['oaepDecrypt']>, Promise<unknown>>
        return see('OAEP', opened, ...(opened.ok ? [opened.value] : []))
      },
      ecdh: (own, peer) => {
        const agreed = crypto.ecdh(own, peer) as Exclude<ReturnType<Crypto['ecdh']>, Promise<unknown>>
        return see('ECDH', agreed, ...(agreed.ok ? [agreed.value] : []))
      },
      cbcDecryptRaw: (key, iv, data) => {
        const opened = crypto.cbcDecryptRaw(key, iv, data) as Uint8Array
        return see('CBC', opened, key, opened)
      },
      cbcEncryptRaw: (key, iv, data) => see('CBC', crypto.cbcEncryptRaw(key, iv, data), key, data),
      hmac: (hash, key, message) => see('HMAC', crypto.hmac(hash, key, message), key, ...(PIN_VALUES.has(b64(message)) ? [message] : [])),
    },
  }
}

const PIN_VALUES: ReadonlySet<string> = new Set([...Object.values(PINS).map(({ value }) => b64(value)), b64(text('wrong PIN, twelve'))])

/** How many of the copies of a secret that are made while something is done still hold it afterwards. */
async function copiesLeft(secret: Uint8Array, done: () => Promise<void>): Promise<number> {
  const from = Reflect.get(Uint8Array, 'from') as (...args: unknown[]) => Uint8Array
  const copies: Uint8Array[] = []
  Object.assign(Uint8Array, {
    from: (...args: unknown[]) => {
      const copy = from.apply(Uint8Array, args)
      copies.push(copy)
      return copy
    },
  })
  try {
    await done()
  } finally {
    Reflect.deleteProperty(Uint8Array, 'from')
  }
  assert.ok(copies.length > 0)
  return copies.filter((copy) => Buffer.compare(copy, secret) === 0).length
}
