/**
 * The contract, part two: what is refused, with which word, and without a trace. Among it each attack on the programming
 * interface of key stores that the literature knows (Clulow 2003; Delaune, Kremer, Steel 2008; Bortolozzo et al. 2010).
 * @module
 */
import * as assert from 'uvu/assert'
import * as fc from 'fast-check'
import { encodePkcs8 } from '../../src/crypto/pkcs8.js'
import type { EnclaveCommand, EnclaveFault } from '../../src/enclave/commands.js'
import { refusedWithoutTrace, type Case, type Subject } from './contract-case.js'
import { TARGET, importOf, offered, readyToWrap, withKek } from './contract-flow.js'
import { ask, base64url, nativeKey, nativeWrap, nativeWrapOf, say, type Wrapping } from './support.js'

type Code = EnclaveFault['code']

const generation = (title: string, change: Record<string, unknown>, code: Code): Case => ({
  title,
  run: async (make) => void (await refusedWithoutTrace(make({ role: 'source' }), 'c', { ...TARGET, ...change }, code)),
})

/** See the module text. */
export const REFUSALS: readonly Case[] = [
  {
    title: 'BYOK-121 trust comes from the officer only',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { kek } = await ask(source.enclave, 'c', offered(), 'enclave.kekHeld')
      for (const by of ['', 'tool', 'Officer', 'officer ', 'wire']) await refusedWithoutTrace(source, 'c', { type: 'trustKek', kek, by }, 'trust_needs_officer')
      await refusedWithoutTrace(source, 'c', { type: 'trustKek', kek }, 'command_invalid')
      await refusedWithoutTrace(source, 'c', { type: 'wrapTarget', kek, target: 'payments' }, 'label_unknown')
    },
  },
  {
    title: 'BYOK-28 only a key that wraps and nothing else can be trusted',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key } = await ask(source.enclave, 'c', { ...TARGET, kind: 'rsa-2048', operations: ['sign', 'wrapKey'] } as never, 'enclave.keyMade')
      await refusedWithoutTrace(source, 'c', { type: 'trustKek', kek: key, by: 'officer' }, 'operation_not_allowed')
    },
  },
  {
    title: 'BYOK-122 trojan wrapping key: nothing is wrapped under a KEK that the officer did not trust',
    run: async (make) => {
      const source = make({ role: 'source' })
      await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      const { kek } = await ask(source.enclave, 'c', offered(1), 'enclave.kekHeld')
      await refusedWithoutTrace(source, 'c', { type: 'wrapTarget', kek, target: 'payments' }, 'kek_not_trusted')
    },
  },
  {
    title: 'BYOK-122 trust in one KEK object is not trust in another object with the same key',
    run: async (make) => {
      const source = make({ role: 'source' })
      await readyToWrap(source)
      const { kek } = await ask(source.enclave, 'c', offered(), 'enclave.kekHeld')
      await refusedWithoutTrace(source, 'c', { type: 'wrapTarget', kek, target: 'payments' }, 'kek_not_trusted')
    },
  },
  {
    title: 'BYOK-124 key separation: a key pair of the store is no KEK, whatever its operations',
    run: async (make) => {
      const source = make({ role: 'source' })
      await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      const { key } = await ask(source.enclave, 'c', { ...TARGET, label: 'own', kind: 'rsa-2048', operations: ['wrapKey'] } as never, 'enclave.keyMade')
      await refusedWithoutTrace(source, 'c', { type: 'wrapTarget', kek: key, target: 'payments' }, 'mechanism_not_allowed')
    },
  },
  {
    title: 'BYOK-28 a key without wrapKey wraps nothing',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key } = await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      await refusedWithoutTrace(source, 'c', { type: 'wrapTarget', kek: key, target: 'payments' }, 'operation_not_allowed')
    },
  },
  {
    title: 'BYOK-4 a KEK of the vault wraps nothing either',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      await ask(vault.enclave, 'c', TARGET, 'enclave.keyMade')
      await refusedWithoutTrace(vault, 'c', { type: 'wrapTarget', kek: kek.key, target: 'payments' }, 'operation_not_allowed')
    },
  },
  {
    title: 'BYOK-3 typed handles: only a KEK opens a transfer blob',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      const decrypting = await ask(vault.enclave, 'c', { ...TARGET, kind: 'rsa-2048', operations: ['decrypt', 'unwrapKey'] } as never, 'enclave.keyMade')
      const held = await ask(vault.enclave, 'c', offered(), 'enclave.kekHeld')
      for (const wrong of [decrypting.key, held.kek]) await refusedWithoutTrace(vault, 'c', { ...importOf(kek), kek: wrong }, 'operation_not_allowed')
    },
  },
  {
    title: 'BYOK-120 a target that is not extractable stays',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { kek } = await readyToWrap(source, { ...TARGET, extractable: false })
      await refusedWithoutTrace(source, 'c', { type: 'wrapTarget', kek, target: 'payments' }, 'key_not_extractable')
    },
  },
  {
    title: 'BYOK-128 unwrap and wrap again: an imported key does not leave, whoever trusts what',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const { version, key } = await ask(vault.enclave, 'c', importOf(await withKek(vault)), 'enclave.imported')
      const { kek } = await ask(vault.enclave, 'c', offered(), 'enclave.kekHeld')
      await ask(vault.enclave, 'c', { type: 'trustKek', kek, by: 'officer' }, 'enclave.kekTrusted')
      await refusedWithoutTrace(vault, 'c', { type: 'wrapTarget', kek, target: `payments/${version}` }, 'key_not_extractable')
      assert.is(vault.enclave.describe().find(({ handle }) => handle === key)!.sensitive, true)
    },
  },
  {
    title: 'BYOK-37 a KEK of the vault does not leave, whoever trusts what',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const { version } = await withKek(vault)
      const { kek } = await ask(vault.enclave, 'c', offered(), 'enclave.kekHeld')
      await ask(vault.enclave, 'c', { type: 'trustKek', kek, by: 'officer' }, 'enclave.kekTrusted')
      await refusedWithoutTrace(vault, 'c', { type: 'wrapTarget', kek, target: `kek/${version}` }, 'key_not_extractable')
    },
  },
  {
    title: 'BYOK-125 a key that does not match the wrap template is not wrapped [rule off]',
    run: async (make) => {
      const source = make({ role: 'source', without: ['bornSensitive'] })
      const { kek } = await readyToWrap(source)
      await refusedWithoutTrace(source, 'c', { type: 'wrapTarget', kek, target: 'payments' }, 'wrap_template_forbids')
    },
  },
  {
    title: 'BYOK-126 re-import: nothing of a wrap is left behind',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { kek } = await readyToWrap(source)
      const before = source.enclave.describe()
      await ask(source.enclave, 'c', { type: 'wrapTarget', kek, target: 'payments' }, 'enclave.wrapped')
      assert.equal(source.enclave.describe(), before)
    },
  },
  {
    title: 'BYOK-34 weaker key: a KEK of another size is neither held nor made',
    run: async (make) => {
      const [source, vault] = [make({ role: 'source' }), make({ role: 'vault' })]
      for (const bits of [1024, 2040, 2056, 8192]) {
        const n = new Uint8Array(bits / 8).fill(0xff)
        await refusedWithoutTrace(source, 'c', { ...offered(), n: base64url(n) }, 'kek_size_not_allowed')
      }
      for (const bits of [0, 512, 1024, 2047, 2049, 8192, -1, 2048.5, Number.NaN, Number.POSITIVE_INFINITY])
        await refusedWithoutTrace(vault, 'c', { type: 'makeKek', name: 'kek', bits }, 'kek_size_not_allowed')
    },
  },
  {
    title: 'BYOK-73 what is no RSA public key is not held',
    run: async (make) => {
      const source = make({ role: 'source' })
      const n = Buffer.from(offered().n, 'base64url')
      const even = Buffer.from(n)
      even[255]! &= 0xfe
      for (const change of [
        { n: '' },
        { n: `${offered().n}=` },
        { n: base64url(even) },
        { n: base64url(Buffer.concat([Buffer.alloc(1), n])) },
        { e: '' },
        { e: 'AQ' },
        { e: 'Ag' },
        { e: 'AAEAAQ' },
        { e: base64url(new Uint8Array(9).fill(0xff)) },
        { e: '+/+/' },
      ])
        await refusedWithoutTrace(source, 'c', { ...offered(), ...change }, 'kek_invalid')
    },
  },
  {
    title: 'BYOK-134 a store without a vault makes no KEK and imports nothing',
    run: async (make) => {
      const source = make({ role: 'source' })
      await refusedWithoutTrace(source, 'c', { type: 'makeKek', name: 'kek', bits: 2048 }, 'operation_not_allowed')
    },
  },
  generation('BYOK-28 wrap then decrypt: no key does both', { kind: 'oct-256', operations: ['wrapKey', 'decrypt'] }, 'operations_conflict'),
  generation('BYOK-28 encrypt then unwrap: no key does both', { kind: 'rsa-2048', operations: ['unwrapKey', 'encrypt'] }, 'operations_conflict'),
  generation('BYOK-35 import stands alone', { kind: 'rsa-2048', operations: ['import', 'decrypt'] }, 'operations_conflict'),
  generation('BYOK-127 import is for a KEK that was made as one', { kind: 'rsa-2048', operations: ['import'] }, 'operation_not_allowed'),
  generation('BYOK-110 an EC key signs and verifies', { operations: ['sign', 'decrypt'] }, 'operation_not_allowed'),
  generation('BYOK-110 a symmetric key does not sign', { kind: 'oct-128', operations: ['sign'] }, 'operation_not_allowed'),
  {
    title: 'BYOK-127 an import asks for no import, and for nothing beyond its type',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const command = importOf(await withKek(vault), 'rsa-2048')
      await refusedWithoutTrace(vault, 'c', { ...command, operations: ['import'] }, 'operation_not_allowed')
      await refusedWithoutTrace(vault, 'c', { ...command, operations: ['import', 'sign'] }, 'operations_conflict')
      await refusedWithoutTrace(vault, 'c', { ...importOf(withKekOf(command)), operations: ['wrapKey'] }, 'operation_not_allowed')
      // In a vault `wrapKey` means bytes that a caller gives, so the full set of Key Vault is no conflict.
      const all = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'] as const
      await ask(vault.enclave, 'c', { ...command, operations: all }, 'enclave.imported')
    },
  },
  {
    title: 'BYOK-171 one label, one key',
    run: async (make) => {
      const source = make({ role: 'source' })
      await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      for (const conversation of ['c', 'd']) await refusedWithoutTrace(source, conversation, { ...TARGET, kind: 'oct-128', operations: [] }, 'label_taken')
    },
  },
  {
    title: 'BYOK-129 no conversation touches what belongs to another, until it is kept',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key, kek } = await readyToWrap(source)
      const own = await ask(source.enclave, 'd', offered(), 'enclave.kekHeld')
      await ask(source.enclave, 'd', { type: 'trustKek', kek: own.kek, by: 'officer' }, 'enclave.kekTrusted')
      const others: EnclaveCommand[] = [
        { type: 'keep', key: key.key },
        { type: 'destroyKey', key: key.key },
        { type: 'trustKek', kek, by: 'officer' },
        { type: 'wrapTarget', kek, target: 'payments' },
        { type: 'wrapTarget', kek: own.kek, target: 'payments' },
        { type: 'compareImported', target: 'payments', evidence: '' },
      ]
      for (const command of others) await refusedWithoutTrace(source, 'd', command, 'key_belongs_to_another_conversation')
      await ask(source.enclave, 'c', { type: 'keep', key: key.key }, 'enclave.kept')
      await ask(source.enclave, 'd', { type: 'wrapTarget', kek: own.kek, target: 'payments' }, 'enclave.wrapped')
    },
  },
  {
    title: 'BYOK-60 the KEK itself is no target, nor with another exponent [witnessed]',
    run: async (make) => {
      const vault = make({ role: 'vault', witnessed: true })
      const kek = await withKek(vault)
      const part = (name: string) => vault.secrets.find((secret) => secret.name.endsWith(`: ${name}`) && secret.name.startsWith('kek'))!.bytes
      const numbers = { d: part('d'), p: part('p'), q: part('q'), dp: part('dp'), dq: part('dq'), qi: part('qi') }
      const itself = { type: 'RSA', n: Buffer.from(kek.n, 'base64url'), e: Buffer.from(kek.e, 'base64url'), ...numbers } as const
      const command = { ...importOf(kek, 'rsa-2048'), ciphertext: nativeWrap(kek, encodePkcs8(itself)) }
      const answer = await refusedWithoutTrace(vault, 'c', command, 'transfer_refused')
      assert.equal(answer, { type: 'enclave.refused', fault: { code: 'transfer_refused', requirement: 'BYOK-50' } })
    },
  },
  {
    title: 'BYOK-50 whatever is wrong with a blob, the refusal is one and the same',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      const good = importOf(kek, 'ec-P-256')
      const bytes = Buffer.from(good.ciphertext, 'base64url')
      const changed = (at: number) => base64url(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)))
      const wrapped = (payload: Uint8Array) => nativeWrap(kek, payload)
      const { payload } = nativeKey('ec-P-256')
      const of = (wrapping: Wrapping) => nativeWrapOf(kek, payload, wrapping)
      const length = (bytes: number) => bytes.toString(16).padStart(8, '0')
      assert.is.not(payload.length % 8, 0, 'there is padding to spoil')
      const blobs: Record<string, string> = {
        empty: '',
        'not base64url': '****',
        'base64 with padding': `${good.ciphertext}==`,
        'one character': 'A',
        truncated: base64url(bytes.subarray(0, bytes.length - 8)),
        'not a multiple of 8': base64url(bytes.subarray(0, bytes.length - 1)),
        'C1 alone': base64url(bytes.subarray(0, 256)),
        'too long': base64url(new Uint8Array(9000)),
        'far too long': 'A'.repeat(100_000),
        'U1 C1 not below n': base64url(Buffer.concat([Buffer.alloc(256, 0xff), bytes.subarray(256)])),
        'U2 first byte': changed(0),
        'U2 last byte of C1': changed(255),
        'U2 OAEP with another hash': of({ oaepHash: 'sha256' }),
        'U3 an ephemeral key of 16 bytes': of({ ephemeralBytes: 16 }),
        'U3 an ephemeral key of 24 bytes': of({ ephemeralBytes: 24 }),
        'U4 another constant': of({ initial: `a65959a7${length(payload.length)}` }),
        'U5 a length that leaves out a block': of({ initial: `a65959a6${length(payload.length - 8)}` }),
        'U5 a length beyond the blocks': of({ initial: `a65959a6${length(payload.length + 8)}` }),
        'U6 padding that is not zero': of({ padding: 1 }),
        'first byte of C2': changed(256),
        'last byte of C2': changed(bytes.length - 1),
        'another KEK': nativeWrap(offered(2), payload),
        'U7 no PKCS#8': wrapped(Buffer.from('not a key at all')),
        'U7 trailing byte': wrapped(Buffer.concat([payload, Buffer.from([1])])),
        'U8 another curve': wrapped(nativeKey('ec-P-384').payload),
        'U8 another type': wrapped(nativeKey('rsa-2048').payload),
        'U9 public point changed': wrapped(Buffer.from(payload.map((byte, index) => (index === payload.length - 1 ? byte ^ 1 : byte)))),
      }
      const answers = new Set<string>()
      for (const ciphertext of Object.values(blobs))
        answers.add(JSON.stringify(await refusedWithoutTrace(vault, 'c', { ...good, ciphertext }, 'transfer_refused')))
      for (const kty of ['oct', 'RSA'])
        answers.add(JSON.stringify(await refusedWithoutTrace(vault, 'c', { ...good, kty, crv: null, operations: [] }, 'transfer_refused')))
      assert.equal([...answers], ['{"type":"enclave.refused","fault":{"code":"transfer_refused","requirement":"BYOK-50"}}'])
      // Put together the same way and with nothing wrong, it is taken.
      await ask(vault.enclave, 'c', { ...good, ciphertext: of({}) }, 'enclave.imported')
      answers.add(JSON.stringify(await refusedWithoutTrace(vault, 'c', good, 'transfer_refused')))
      assert.is(answers.size, 1, 'a replay looks like any other refusal')
    },
  },
  {
    title: 'BYOK-15 a blob with any byte changed is refused and stores nothing',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const good = importOf(await withKek(vault), 'ec-P-256')
      const bytes = Buffer.from(good.ciphertext, 'base64url')
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
          const ciphertext = base64url(bytes.map((byte, index) => (index === at ? byte ^ by : byte)))
          await refusedWithoutTrace(vault, 'c', { ...good, ciphertext }, 'transfer_refused')
        }),
        { numRuns: 30 },
      )
      await ask(vault.enclave, 'c', good, 'enclave.imported')
    },
  },
  {
    title: 'BYOK-120 copy: there is no command that copies a key or sets an attribute',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key, kek } = await readyToWrap(source)
      for (const type of ['copyKey', 'setAttributes', 'exportKey', 'decrypt', 'loadKey', 'constructor', '__proto__', 'toString', 'enclave.kept', ''])
        await refusedWithoutTrace(source, 'c', { type, key: key.key, kek, sensitive: false, extractable: true, label: 'x' }, 'command_invalid')
      const trojan = { type: 'keep', key: key.key, sensitive: false, extractable: true, wrapWithTrusted: false, trusted: true, operations: ['import'] }
      assert.is((await say(source.enclave, 'c', trojan))?.type, 'enclave.kept')
      const record = source.enclave.describe().find(({ handle }) => handle === key.key)!
      assert.equal([record.sensitive, record.wrapWithTrusted, record.trusted, record.operations], [true, true, false, ['sign', 'verify']])
    },
  },
  {
    title: 'BYOK-136 what a caller does to commands and answers afterwards changes nothing inside',
    run: async (make) => {
      const source = make({ role: 'source' })
      const command = { ...TARGET, operations: ['sign'] as string[] }
      const answer = await ask(source.enclave, 'c', command as never, 'enclave.keyMade')
      command.operations.push('decrypt')
      const before = JSON.stringify(source.enclave.describe())
      const tamper = (work: () => void) => {
        try {
          work()
        } catch (error) {
          assert.instance(error, TypeError)
        }
      }
      tamper(() => (answer.facts.operations as string[]).push('decrypt'))
      tamper(() => Object.assign(answer.facts.key, { x: 'AAAA' }))
      tamper(() => Object.assign(source.enclave.describe()[0]!, { extractable: false, owner: 'd' }))
      tamper(() => (source.enclave.describe() as unknown[]).pop())
      assert.is(JSON.stringify(source.enclave.describe()), before)
    },
  },
  {
    title: 'BYOK-157 no command makes an enclave throw, and what it cannot read it refuses',
    run: async (make) => {
      const [source, vault] = [make({ role: 'source' }), make({ role: 'vault' })]
      const kek = await withKek(vault)
      const { key } = await readyToWrap(source)
      const commands: readonly unknown[] = [
        TARGET,
        offered(),
        { ...importOf(kek), ciphertext: 'AAAA' },
        { type: 'keep', key: key.key },
        { type: 'makeKek', name: 'k', bits: 1 },
      ]
      const hostile = fc.oneof(fc.anything({ maxDepth: 2 }), fc.constantFrom('__proto__', key.key, kek.key, 'payments', [], {}, -1, null, undefined))
      const anyCommand = fc.oneof(
        fc.anything(),
        fc
          .tuple(
            fc.constantFrom(...commands),
            fc.constantFrom('type', 'kek', 'key', 'kid', 'n', 'e', 'evidence', 'operations', 'kty', 'crv', 'name', 'label', 'kind', 'bits', 'extractable'),
            hostile,
          )
          .map(([command, member, value]) => ({ ...(command as object), [member]: value })),
      )
      const records = () => [...source.enclave.describe(), ...vault.enclave.describe()].filter(({ owner }) => owner !== 'x')
      const before = JSON.stringify(records())
      await fc.assert(
        fc.asyncProperty(anyCommand, async (command) => {
          for (const { enclave } of [source, vault]) {
            const answer = await say(enclave, 'x', command)
            assert.ok(answer === null || typeof answer.type === 'string')
          }
        }),
        { numRuns: 300 },
      )
      const revoked = Proxy.revocable({}, {})
      revoked.revoke()
      for (const command of [
        revoked.proxy,
        {
          get type() {
            throw new Error('hostile')
          },
        },
        { type: { toString: () => 'keep' } },
      ])
        await refusedWithoutTrace(source, 'x', command, 'command_invalid')
      // Arrays that answer as they like: whatever of them gets past the reading, nothing comes out as an exception.
      for (const operations of hostileArrays())
        for (const [subject, command] of [
          [source, { ...TARGET, label: 'hostile' }],
          [vault, importOf(kek)],
        ] as const) {
          const answer = await say(subject.enclave, 'x', { ...command, operations })
          assert.type(answer?.type, 'string')
          await subject.enclave.perform('x', { type: 'close' })
        }
      for (const conversation of [undefined, null, 7, {}] as unknown as string[]) await refusedWithoutTrace(source, conversation, TARGET, 'command_invalid')
      for (const { enclave } of [source, vault] as Subject[]) await enclave.perform('x', { type: 'close' })
      assert.is(JSON.stringify(records()), before)
    },
  },
]

function* hostileArrays(): Generator<unknown> {
  const hostile = () => {
    throw new Error('hostile')
  }
  const lazy = () => Object.assign(['sign'], { includes: (one: unknown) => one !== null && hostile() })
  yield Object.assign(['sign'], { map: lazy })
  yield Object.assign(['sign'], { map: () => ({ length: 1, includes: () => false, [Symbol.iterator]: () => ['sign'][Symbol.iterator]() }) })
  yield Object.assign(['sign'], { constructor: { [Symbol.species]: lazy } })
  yield Object.assign(['sign'], { [Symbol.iterator]: hostile })
  yield new Proxy(['sign'], { get: hostile })
  yield new Proxy(['sign'], { get: (array, name, self) => (name === 'length' ? Number.NaN : (Reflect.get(array, name, self) as unknown)) })
  yield new Proxy(['sign'], { has: hostile, ownKeys: hostile, getPrototypeOf: hostile })
  yield Array(3)
}

const withKekOf = (command: ReturnType<typeof importOf>) => ({ key: command.kek, n: offered().n, e: offered().e })
