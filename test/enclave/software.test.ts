/**
 * The software enclave keeps the contract on both crypto providers, and what only it offers.
 * @module
 */
import { inspect } from 'node:util'
import { randomFillSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import { pure } from '../../src/crypto/pure.js'
import type { EnclaveAnswer } from '../../src/enclave/commands.js'
import { softwareEnclave } from '../../src/enclave/software.js'
import { isPromise } from '../../src/enclave/steps.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { CONTRACT, enclaveContract } from './contract.js'
import { TARGET, importOf, offered, withKek } from './contract-flow.js'
import { softwareFactory } from './factory.js'
import { findSecret } from './secret-search.js'
import { VAULT, ask, codeOf, ecKey, nativeKey, nativeWrap, rsaKey, say, stocked } from './support.js'

const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))

const onPure = suite('enclave contract: software on pure')
enclaveContract(
  onPure,
  softwareFactory(() => stocked(pure(random))),
)
onPure.run()

const onNode = suite('enclave contract: software on node')
enclaveContract(onNode, softwareFactory(nodeCrypto))
onNode.run()

const software = suite('software enclave')

// Titles are made in the contract's own files; this is the list that nobody shortens unnoticed.
const CONTRACTED = [
  'BYOK-3',
  'BYOK-4',
  'BYOK-13',
  'BYOK-14',
  'BYOK-15',
  'BYOK-22',
  'BYOK-28',
  'BYOK-29',
  'BYOK-34',
  'BYOK-35',
  'BYOK-37',
  'BYOK-50',
  'BYOK-60',
  'BYOK-72',
  'BYOK-73',
  'BYOK-110',
  'BYOK-120',
  'BYOK-121',
  'BYOK-122',
  'BYOK-124',
  'BYOK-125',
  'BYOK-126',
  'BYOK-127',
  'BYOK-128',
  'BYOK-129',
  'BYOK-130',
  'BYOK-131',
  'BYOK-132',
  'BYOK-134',
  'BYOK-135',
  'BYOK-136',
  'BYOK-138',
  'BYOK-141',
  'BYOK-146',
  'BYOK-149',
  'BYOK-157',
  'BYOK-171',
]
for (const id of CONTRACTED) software(`the contract has a case for ${id}`, () => assert.ok(CONTRACT.some(({ title }) => title.startsWith(`${id} `))))

const source = (crypto: Crypto = nodeCrypto()) => softwareEnclave({ crypto, policy: { singleUse: true }, softwareSource: true })

software('answers at once where the crypto does, and later where it does', async () => {
  const enclave = source()
  assert.not(isPromise(enclave.perform('c', TARGET)))
  const rsa = enclave.perform('c', { ...TARGET, label: 'rsa', kind: 'rsa-2048', operations: ['sign'] })
  assert.ok(isPromise(rsa))
  assert.is((await rsa)?.type, 'enclave.keyMade')
})

software('BYOK-137 dispose wipes every key, also what is in flight, and ends everything', async () => {
  const crypto = nodeCrypto()
  const known: Uint8Array[] = []
  const spied: Crypto = {
    ...crypto,
    generateEc: (curve) => {
      const key = crypto.generateEc(curve)
      known.push(key.d)
      return key
    },
    random: (length) => {
      const bytes = crypto.random(length)
      if (length === 16) known.push(bytes)
      return bytes
    },
    generateRsa: async (bits) => {
      const key = await crypto.generateRsa(bits)
      known.push(key.d, key.p, key.q, key.dp, key.dq, key.qi)
      return key
    },
  }
  const enclave = source(spied)
  await ask(enclave, 'c', TARGET, 'enclave.keyMade')
  await ask(enclave, 'c', { ...TARGET, label: 'oct', kind: 'oct-128', operations: [] }, 'enclave.keyMade')
  const late = enclave.perform('c', { ...TARGET, label: 'late', kind: 'rsa-2048', operations: [] })
  enclave.dispose()
  assert.is(codeOf(await late), 'conversation_closed')
  assert.is(known.length, 8)
  for (const bytes of known) assert.ok(bytes.every((byte) => byte === 0))
  assert.equal(enclave.describe(), [])
  assert.is(codeOf(await say(enclave, 'c', TARGET)), 'enclave_failed')
})

software('BYOK-137 a wrap and an import wipe what they worked with, on every way out', async () => {
  const crypto = nodeCrypto()
  const worked: Uint8Array[] = []
  const failing = { wrap: false, sign: false }
  const spied: Crypto = {
    ...crypto,
    rsaAesWrap: (kek, ephemeral, payload, mechanism) => {
      worked.push(ephemeral, payload)
      if (failing.wrap) throw new Error(`bad luck with ${Buffer.from(payload).toString('hex')}`)
      return crypto.rsaAesWrap(kek, ephemeral, payload, mechanism)
    },
    rsaAesUnwrap: (kek, blob, mechanism) => {
      const opened = crypto.rsaAesUnwrap(kek, blob, mechanism)
      if (opened.ok) worked.push(opened.value)
      return opened
    },
    ecdsaSign: (key, message) => {
      if (failing.sign) throw new Error('bad luck')
      return crypto.ecdsaSign(key, message)
    },
  }
  const vault = softwareEnclave({ crypto: spied, identity: { vault: VAULT, signingKey: ecKey() }, policy: { singleUse: true } })
  const kek = await withKek({ enclave: vault, secrets: [], gate: null })
  await ask(vault, 'c', TARGET, 'enclave.keyMade')
  const { kek: held } = await ask(vault, 'c', offered(), 'enclave.kekHeld')
  await ask(vault, 'c', { type: 'trustKek', kek: held, by: 'officer' }, 'enclave.kekTrusted')

  const wrap = { type: 'wrapTarget', kek: held, target: 'payments' } as const
  await ask(vault, 'c', wrap, 'enclave.wrapped')
  failing.wrap = true
  const failed = await say(vault, 'c', wrap)
  assert.equal(failed, { type: 'enclave.refused', fault: { code: 'enclave_failed' } })

  failing.sign = true
  assert.is(codeOf(await say(vault, 'c', importOf(kek))), 'transfer_refused', 'an accident during an import looks like any bad blob')
  failing.sign = false
  await ask(vault, 'c', importOf(kek), 'enclave.imported')
  assert.is(codeOf(await say(vault, 'c', importOf(kek))), 'transfer_refused')

  assert.is(worked.length, 7)
  for (const bytes of worked) assert.ok(bytes.every((byte) => byte === 0))
})

software('BYOK-5 a crypto provider that never answers keeps no secret past close', async () => {
  const crypto = nodeCrypto()
  const worked: Uint8Array[] = []
  const hanging: Crypto = {
    ...crypto,
    rsaAesWrap: (_kek, ephemeral, payload) => {
      worked.push(ephemeral, payload)
      return new Promise(() => {})
    },
  }
  const enclave = source(hanging)
  await ask(enclave, 'c', TARGET, 'enclave.keyMade')
  const { kek } = await ask(enclave, 'c', offered(), 'enclave.kekHeld')
  await ask(enclave, 'c', { type: 'trustKek', kek, by: 'officer' }, 'enclave.kekTrusted')
  void enclave.perform('c', { type: 'wrapTarget', kek, target: 'payments' })
  assert.ok(worked.length === 2 && worked.every((bytes) => bytes.some((byte) => byte !== 0)))
  await enclave.perform('c', { type: 'close' })
  for (const bytes of worked) assert.ok(bytes.every((byte) => byte === 0))
})

software('BYOK-157 whatever fails inside is one refusal without a word, thrown, rejected or of the wrong type', async () => {
  const accidents: (() => never)[] = [
    () => {
      throw new Error('secret')
    },
    () => Promise.reject(new Error('secret')) as never,
    () => undefined as never,
    () => Promise.resolve(7) as never,
    () => rsaKey('rsa-2048') as never,
    () => ({ ...ecKey(), curve: 'P-384' }) as never,
    () => {
      throw null
    },
  ]
  for (const accident of accidents) {
    const crypto: Crypto = { ...nodeCrypto(), generateEc: accident, forget: accident }
    const enclave = source(crypto)
    const answer: EnclaveAnswer | null = await say(enclave, 'c', TARGET)
    assert.equal(answer, { type: 'enclave.refused', fault: { code: 'enclave_failed' } })
    assert.equal(enclave.describe(), [])
    await ask(enclave, 'c', { ...TARGET, kind: 'oct-128', operations: [] }, 'enclave.keyMade')
    await enclave.perform('c', { type: 'close' })
    assert.equal(enclave.describe(), [])
  }
})

software('BYOK-157 nor does an import tell what failed inside', async () => {
  const accidents: (() => unknown)[] = [
    () => undefined,
    () => 7,
    () => ({ ok: true, value: 7 }),
    () => ({ ok: true }),
    () => new Uint8Array(7),
    () => Promise.reject(new Error('secret')),
    () => {
      throw new Error('secret')
    },
  ]
  for (const member of ['rsaAesUnwrap', 'checkPrivateKey', 'digest', 'ecdsaSign'] as const)
    // A key check that says yes is no accident.
    for (const accident of member === 'checkPrivateKey' ? accidents.slice(5) : accidents) {
      const crypto = { ...nodeCrypto() }
      const vault = softwareEnclave({ crypto, identity: { vault: VAULT, signingKey: ecKey() }, policy: { singleUse: true } })
      const kek = await withKek({ enclave: vault, secrets: [], gate: null })
      crypto[member] = accident as never
      const before = vault.describe()
      assert.equal(await say(vault, 'c', importOf(kek)), { type: 'enclave.refused', fault: { code: 'transfer_refused', requirement: 'BYOK-50' } }, member)
      assert.equal(vault.describe(), before)
    }
})

software('BYOK-72 zero bytes behind the DER are taken in the lenient reading alone', async () => {
  for (const reading of ['lenient', 'strict'] as const) {
    const vault = softwareEnclave({ crypto: nodeCrypto(), identity: { vault: VAULT, signingKey: ecKey() }, policy: { singleUse: true }, reading })
    const kek = await withKek({ enclave: vault, secrets: [], gate: null })
    const padded = nativeWrap(kek, Buffer.concat([nativeKey('ec-P-256').payload, Buffer.alloc(1)]))
    const answer = await say(vault, 'c', { ...importOf(kek), ciphertext: padded })
    assert.is(codeOf(answer), reading === 'strict' ? 'transfer_refused' : null)
    await ask(vault, 'd', importOf(kek, 'ec-P-384'), 'enclave.imported')
  }
})

software('BYOK-6 looking at an enclave shows nothing of its keys', async () => {
  const secrets: Uint8Array[] = []
  const enclave = softwareEnclave({ crypto: nodeCrypto(), policy: { singleUse: true }, witness: ({ bytes }) => secrets.push(bytes) })
  await ask(enclave, 'c', TARGET, 'enclave.keyMade')
  assert.is(secrets.length, 1)
  assert.is(JSON.stringify(enclave), '{}')
  assert.is(findSecret([enclave, inspect(enclave, { showHidden: true, depth: 10 })], secrets[0]!), null)
})

software('BYOK-47 a key from a file is labelled as given, and can be wrapped under the same rules', async () => {
  const enclave = source()
  const given = { label: 'file', key: rsaKey('rsa-2048'), operations: ['sign'], extractable: true } as const
  const made = await enclave.load(given)
  assert.is(made.type, 'enclave.keyMade')
  const [record] = enclave.describe()
  assert.equal([record!.origin, record!.owner, record!.identity], ['given', null, nativeKey('rsa-2048').identity])
  assert.equal([record!.alwaysSensitive, record!.neverExtractable, record!.wrapWithTrusted], [false, false, true])
  assert.ok(
    given.key.d.some((byte) => byte !== 0),
    'the key of the caller stays his',
  )
  assert.is(codeOf(await enclave.load(given)), 'label_taken')
  assert.is(codeOf(await enclave.load({ ...given, label: 'x', operations: ['import'] })), 'operation_not_allowed')
  assert.is(codeOf(await enclave.load({ ...given, label: '\n' })), 'command_invalid')
  const wrong = { ...given.key, d: given.key.d.map((byte) => byte ^ 2) }
  assert.is(codeOf(await enclave.load({ ...given, label: 'x', key: wrong })), 'command_invalid')
  assert.is(codeOf(await enclave.load({ ...given, label: 'x', key: { type: 'oct', k: new Uint8Array(7) } })), 'command_invalid')
  const held = await ask(enclave, 'c', offered(), 'enclave.kekHeld')
  assert.is(codeOf(await say(enclave, 'c', { type: 'wrapTarget', kek: held.kek, target: 'file' })), 'kek_not_trusted')
})

software('BYOK-137 of a key from a file that is refused no copy is left', async () => {
  const enclave = source()
  const k = new Uint8Array(32).fill(0xab)
  const given = { label: 'file', key: { type: 'oct', k }, operations: ['encrypt'], extractable: true } as const
  const load = (change: object, code: ReturnType<typeof codeOf>) => async () => assert.is(codeOf(await enclave.load({ ...given, ...change })), code)
  assert.is(await copiesLeft(k, load({}, null)), 1, 'the copy that the enclave stores is seen')
  assert.is(await copiesLeft(k, load({}, 'label_taken')), 0)
  assert.is(await copiesLeft(k, load({ label: 'x', operations: ['encrypt', 'unwrapKey'] }, 'operations_conflict')), 0)
  enclave.dispose()
  assert.is(await copiesLeft(k, load({ label: 'x' }, 'enclave_failed')), 0)
})

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
  return copies.filter((copy) => Buffer.compare(copy, secret) === 0).length
}

software('a host that gives what it may not is told by a TypeError', () => {
  const crypto = nodeCrypto()
  const policy = { singleUse: true }
  const closed = softwareEnclave({ crypto, policy })
  assert.throws(
    () => closed.load({ label: 'x', key: ecKey(), operations: [], extractable: true }),
    (error: unknown) => error instanceof TypeError,
  )
  const open = source()
  const given = { label: 'x', key: ecKey(), operations: ['sign'], extractable: true } as const
  const mistakes: readonly (readonly [member: string, given: unknown])[] = [
    ['label', undefined],
    ['label', null],
    ['label', { ...given, label: 5 }],
    ['key.type', { ...given, key: undefined }],
    ['key.type', { ...given, key: null }],
    ['key.type', { ...given, key: { type: 'x' } }],
    ['key.curve', { ...given, key: { ...ecKey(), curve: 'P-192' } }],
    ['key.d', { ...given, key: { ...ecKey(), d: undefined } }],
    ['key.qi', { ...given, key: { ...rsaKey('rsa-2048'), qi: [1] } }],
    ['key.k', { ...given, key: { type: 'oct', k: 'zz' } }],
    ['operations', { ...given, operations: undefined }],
    ['operations', { ...given, operations: 'sign' }],
    ['operations', { ...given, operations: ['nope'] }],
    ['extractable', { ...given, extractable: 'yes' }],
    ['extractable', { ...given, extractable: undefined }],
  ]
  for (const [member, mistake] of mistakes)
    assert.throws(
      () => open.load(mistake as typeof given),
      (error: unknown) => error instanceof TypeError && error.message.startsWith(`${member}: `),
      `${member} ${JSON.stringify(mistake)}`,
    )
  assert.equal(open.describe(), [])
  const spoiled = { ...ecKey(), d: new Uint8Array(32) }
  for (const options of [
    { crypto, policy, identity: { vault: VAULT, signingKey: spoiled } },
    { crypto, policy, anchors: [{ ...ecKey(), y: new Uint8Array(32) }] },
    { crypto, policy, anchors: [{ ...ecKey(), curve: 'P-256K' as const }] },
  ])
    assert.throws(
      () => softwareEnclave(options),
      (error: unknown) => error instanceof TypeError,
    )
})

software('the same seed makes the same enclave', async () => {
  const seeded = () => {
    let count = 0
    return pure((length) => Uint8Array.from({ length }, () => (count = (count * 1103515245 + 12345) & 0x7fffffff) >>> 16))
  }
  const answers = async () => {
    const enclave = source(stocked(seeded()))
    return [
      await say(enclave, 'c', TARGET),
      await say(enclave, 'c', offered()),
      await say(enclave, 'c', { ...TARGET, label: 'o', kind: 'oct-256', operations: [] }),
    ]
  }
  assert.equal(await answers(), await answers())
})

software('BYOK-131 handles are new even where the randomness is stuck', async () => {
  const crypto: Crypto = { ...nodeCrypto(), random: (length) => new Uint8Array(length).fill(7) }
  const enclave = source(crypto)
  const [a, b] = [await ask(enclave, 'c', offered(), 'enclave.kekHeld'), await ask(enclave, 'c', offered(), 'enclave.kekHeld')]
  assert.is.not(a.kek, b.kek)
})

software('a closed conversation leaves no trace behind', async () => {
  const enclave = source()
  for (let i = 0; i < 100; i++) {
    await ask(enclave, `c${i}`, TARGET, 'enclave.keyMade')
    await enclave.perform(`c${i}`, { type: 'close' })
  }
  assert.equal(enclave.describe(), [])
})

software.run()
