/**
 * The contract of cards, part one: what a card does when all is well, in every way, format, padding, algorithm and kind.
 * Expected values come from `node:crypto`, which plays the server.
 * @module
 */
import * as native from 'node:crypto'
import * as assert from 'uvu/assert'
import type { SessionAlgorithm, SkiKeyKind, WrapPadding } from '../../../src/ski/enclave/commands.js'
import type { Way } from '../../../src/ski/policy.js'
import { PINS, ask, codeOf, establish, issuerKey, nonceFrom, pairOf, say, withK1, type Case, type Wanted } from './card-case.js'
import { authenticateStructure, b64, changeStructure, le32, openResponse, readEvidence, receipt, unb64 } from './card-node.js'
import { SPECS, bringing, installing, type Sealing } from './card-sealing.js'

const KINDS = Object.keys(SPECS) as readonly SkiKeyKind[]
const WAYS: readonly Way[] = ['session', 'agreement', 'derived', 'shared']
const fingerprint = (spki: Uint8Array) => native.createHash('sha256').update(spki).digest()

/** Establishes and installs, and compares everything that comes back. */
const installs = (title: string, wanted: Wanted, establishing: Parameters<typeof establish>[1] = {}, sealing: Sealing = {}): Case => ({
  title,
  run: async (make) => {
    const subject = make(wanted)
    const established = await establish(subject, establishing)
    const { session } = established
    const { receipts } = subject.card.describe().settings
    const { way = 'session' } = establishing
    const container = way === 'shared' || way === 'derived' ? null : (establishing.container ?? 0)
    assert.is(established.receipt, receipts ? receipt(session, 1, container) : null)
    assert.is(
      established.nonce,
      container === null && 'proven' in established.command && (established.command.proven || way === 'derived') ? b64(session.cardNonce) : null,
    )
    const { kind = 'ec-P-256', container: target = 5, channel = 0 } = sealing
    const answer = await ask(subject, await installing(subject, established, sealing), 'enclave.processed')
    const { spki } = sealing.pair ?? pairOf(kind)
    assert.equal(answer, { type: 'enclave.processed', container: target, output: receipts ? receipt(session, 2, target, fingerprint(spki)) : null })
    const read = await ask(subject, { type: 'readKey', channel, container: target, evidence: 'plain' }, 'enclave.keyRead')
    assert.equal(read, { type: 'enclave.keyRead', container: target, purpose: 'user', spki: b64(spki), evidence: null })
    const record = subject.card.describe().containers.find((one) => one.container === target)!
    assert.equal([record.kind, record.origin, record.pinId], [kind, 'imported', sealing.pinId ?? 0])
  },
})

/** See the module text. */
export const FLOW: readonly Case[] = [
  ...KINDS.map((kind): Case => ({
    title: `SKI-211 K1 of kind ${kind} is made, and read by node`,
    run: async (make) => {
      const subject = make()
      const spki = await withK1(subject, { container: 3, kind, pinId: 1 })
      const key = native.createPublicKey({ key: spki, format: 'der', type: 'spki' })
      assert.is(key.asymmetricKeyType, kind.startsWith('rsa') ? 'rsa' : 'ec')
      if (kind.startsWith('rsa')) assert.is(key.asymmetricKeyDetails!.modulusLength, SPECS[kind][2])
      const [record] = subject.card.describe().containers
      const { key: _handle, ...said } = record!
      const purpose = kind.startsWith('rsa') ? 'session' : 'agreement'
      assert.equal(said, { container: 3, purpose, kind, spki: b64(spki), pinId: 1, origin: 'generated', keySpec: null })
    },
  })),
  ...(['rsa-2048', 'ec-P-384'] as const).flatMap((kind) => [
    {
      title: `SKI-44 evidence for ${kind} holds up to the issuer's key`,
      run: async (make) => {
        const subject = make()
        const spki = await withK1(subject, { container: 2, kind })
        const answers = [0, 1].map(() => ask(subject, { type: 'readKey', channel: 0, container: 2, evidence: 'attested' }, 'enclave.keyRead'))
        const [first, second] = (await Promise.all(answers)).map(({ evidence }) => readEvidence(evidence!, { issuer: issuerKey() }))
        assert.equal([first!.container, first!.purpose, first!.cardId, first!.spki], [2, kind === 'rsa-2048' ? 1 : 2, subject.cardId, spki])
        assert.not.equal(first!.nonce, second!.nonce)
        assert.equal(subject.card.describe().nonces, [{ channel: 0, nonce: b64(second!.nonce) }])
      },
    } satisfies Case,
    {
      title: `SKI-46 evidence for ${kind} holds up to the shared key`,
      run: async (make) => {
        const subject = make()
        const spki = await withK1(subject, { kind })
        const { evidence } = await ask(subject, { type: 'readKey', channel: 1, container: 0, evidence: 'sharedKey' }, 'enclave.keyRead')
        const said = readEvidence(evidence!, { shared: subject.shared })!
        assert.equal([said.cardId, said.spki], [subject.cardId, spki])
        assert.equal(subject.card.describe().nonces, [{ channel: 1, nonce: b64(said.nonce) }])
      },
    } satisfies Case,
  ]),
  ...(['pkcs1', 'oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512'] as readonly WrapPadding[]).flatMap((padding) => [
    installs(`SKI-197 a session key under ${padding}, hardened`, {}, { padding }),
    installs(`SKI-197 a session key under ${padding}, published`, { profile: 'published' }, { padding }),
  ]),
  ...(['AES-128', 'AES-192', 'AES-256'] as readonly SessionAlgorithm[]).flatMap((algorithm) => [
    installs(`SKI-66 ${algorithm}, bound`, {}, { algorithm, padding: 'pkcs1' }),
    installs(`SKI-60 ${algorithm}, published`, { profile: 'published' }, { algorithm, padding: 'pkcs1' }),
  ]),
  ...(['3DES', '3DES_112'] as readonly SessionAlgorithm[]).flatMap((algorithm) => [
    installs(`SKI-64 ${algorithm}, bound, where the policy allows it [3DES]`, { policy: { tripleDes: true } }, { algorithm }),
    installs(`SKI-64 ${algorithm}, published, where the policy allows it [3DES]`, { profile: 'published', policy: { tripleDes: true } }, { algorithm }),
  ]),
  ...KINDS.flatMap((kind) =>
    (['exchange', 'signature'] as const).map((use) =>
      installs(`SKI-214 a key pair of kind ${kind} for ${use} is installed`, {}, { way: 'derived' }, { kind, use }),
    ),
  ),
  ...(['rsa-2048', 'ec-P-521'] as const).map((kind) =>
    installs(`SKI-60 a key pair of kind ${kind} is installed, published`, { profile: 'published' }, { way: 'derived' }, { kind }),
  ),
  ...(['rsa-3072', 'rsa-4096'] as const).map((kind) => installs(`SKI-211 K1 of kind ${kind} imports a session key`, {}, { kind })),
  ...WAYS.flatMap((way) => [
    installs(`SKI-40 way ${way}, hardened`, {}, { way }),
    installs(`SKI-40 way ${way}, published`, { profile: 'published' }, { way }),
    installs(`SKI-52 way ${way}, the server proven by the shared key`, { policy: { serverProof: 'sharedKey' } }, { way }),
    installs(`SKI-53 way ${way}, bound without a proof`, { policy: { serverProof: 'none' } }, { way }),
    installs(`SKI-51 way ${way}, published with a proof`, { profile: 'published', policy: { serverProof: 'signature' } }, { way }),
  ]),
  ...(['ec-P-256', 'ec-P-384', 'ec-P-521'] as const).map((kind) =>
    installs(`SKI-203 agreement on ${kind}`, {}, { way: 'agreement', kind, algorithm: 'AES-192' }),
  ),
  installs('SKI-70 no receipts where the policy wants none', { policy: { receipts: false } }),
  installs('SKI-61 several blobs, bound', {}, {}, { pieces: 4, kind: 'rsa-2048' }),
  installs('SKI-61 several blobs, published', { profile: 'published' }, {}, { pieces: 4, kind: 'rsa-2048' }),
  installs('SKI-140 no padding where the structure is whole blocks, bound', {}, {}, { flags: 0 }),
  installs('SKI-140 no padding where the structure is whole blocks, published', { profile: 'published' }, {}, { flags: 0 }),
  installs('SKI-213 a container of the last number, guarded by a PIN', { options: { containers: 7 } }, {}, { container: 6, pinId: 1 }),
  installs('SKI-248 all of it on another channel', {}, { channel: 3 }, { channel: 3 }),
  installs('SKI-213 over K1, where the sealed data says so', {}, {}, { container: 0, overwrite: true }),
  {
    title: 'SKI-213 a user key is overwritten where the sealed data says so',
    run: async (make) => {
      const subject = make()
      await ask(subject, await installing(subject, await establish(subject), { pinId: 1 }), 'enclave.processed')
      await ask(subject, await installing(subject, await establish(subject), { pair: pairOf('ec-P-256', 71), overwrite: true }), 'enclave.processed')
      const { spki, pinId } = subject.card.describe().containers.find(({ container }) => container === 5)!
      assert.equal([spki, pinId], [b64(pairOf('ec-P-256', 71).spki), 0])
    },
  },
  {
    title: 'SKI-213 SKI-251 in the published format an import takes the place of whatever the container holds, K1 or a user key',
    run: async (make) => {
      const subject = make({ profile: 'published' })
      for (const [container, seed] of [
        [5, 71],
        [5, 72],
        [0, 73],
      ] as const) {
        const pair = pairOf('ec-P-256', seed)
        await ask(subject, await installing(subject, await establish(subject), { pair, container }), 'enclave.processed')
        const found = subject.card.describe().containers.find((record) => record.container === container)!
        assert.equal([found.spki, found.purpose], [b64(pair.spki), 'user'])
      }
    },
  },
  {
    title: 'SKI-68 the way derived draws a nonce itself where none is outstanding, and takes the one that is',
    run: async (make) => {
      const subject = make({ profile: 'published' })
      const first = await establish(subject, { way: 'derived' })
      assert.is(unb64(first.nonce!).length, 16)
      const nonce = await nonceFrom(subject)
      const second = await establish(subject, { way: 'derived' })
      assert.is(second.nonce, b64(nonce))
      assert.equal(subject.card.describe().nonces, [])
      assert.not.equal((await establish(subject, { way: 'derived' })).nonce, second.nonce)
    },
  },
  ...(['bound', 'published'] as const).flatMap((format): Case[] => {
    const wanted: Wanted = format === 'bound' ? {} : { profile: 'published' }
    return [
      {
        title: `SKI-280 a sealed PIN is presented on its channel, and the tries are restored, ${format}`,
        run: async (make) => {
          const subject = make(wanted)
          const established = await establish(subject)
          const { session } = established
          await say(subject, { type: 'verifyPin', channel: 2, pinId: 1, pin: { typed: b64(Buffer.from('wrong PIN')) } })
          assert.is(triesOf(subject.card.describe(), 1), 2)
          const command = await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, PINS.user.value))
          const answer = await ask(subject, command, 'enclave.processed')
          assert.is(answer.container, null)
          assert.equal(openResponse(session, format, answer.output!), Buffer.concat([le32(7), le32(0), le32(3)]))
          assert.equal(subject.card.describe().authenticated, [{ channel: 0, pinId: 1 }])
          assert.is(triesOf(subject.card.describe(), 1), 3)
        },
      },
      {
        title: `SKI-282 a session PIN comes enciphered, and is no authentication by itself, ${format}`,
        run: async (make) => {
          const subject = make(wanted)
          const established = await establish(subject)
          const { session } = established
          const drawn = await ask(
            subject,
            await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, PINS.user.value, 0x10000000)),
            'enclave.processed',
          )
          const response = openResponse(session, format, drawn.output!)
          const pin = response.subarray(12)
          assert.equal([response.readUInt32LE(0), response.readUInt32LE(4), response.readUInt32LE(8)], [7, pin.length, 3])
          assert.ok(pin.length >= 16)
          assert.equal(subject.card.describe().authenticated, [])
          await say(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(Buffer.from('wrong PIN')) } })
          const used = await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, pin, 0x20000000))
          const answer = await ask(subject, used, 'enclave.processed')
          assert.equal(openResponse(session, format, answer.output!), Buffer.concat([le32(7), le32(0), le32(2)]))
          assert.equal(subject.card.describe().authenticated, [{ channel: 0, pinId: 1 }])
          assert.is(triesOf(subject.card.describe(), 1), 2, 'SKI-285: a session PIN gives back what it took')
        },
      },
      {
        title: `SKI-281 a PIN is changed by itself, ${format}`,
        run: async (make) => {
          const subject = make(wanted)
          const established = await establish(subject)
          await ask(subject, { type: 'verifyPin', channel: 1, pinId: 1, pin: { typed: b64(PINS.user.value) } }, 'enclave.pinVerified')
          const fresh = Buffer.from('b8#Tn5wQe2Lk')
          const command = await bringing(subject, established, 'Change Authenticator', 1, changeStructure(2, 1, PINS.user.value, 1, fresh, 0))
          const answer = await ask(subject, command, 'enclave.processed')
          assert.equal(openResponse(established.session, format, answer.output!), Buffer.concat([le32(7), le32(3)]))
          assert.equal(subject.card.describe().authenticated, [], 'who presented the old PIN has not presented the new one')
          const typed = (pin: Buffer) => say(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(pin) } })
          assert.is(codeOf(await typed(PINS.user.value)), 'pin_wrong')
          assert.is((await typed(fresh))?.type, 'enclave.pinVerified')
        },
      },
      {
        title: `SKI-281 a blocked PIN is unblocked by the administrator's, with another number of tries, ${format}`,
        run: async (make) => {
          const subject = make(wanted)
          const established = await establish(subject)
          const typed = (pin: Buffer) => say(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(pin) } })
          for (const left of [2, 1, 0]) assert.equal(await typed(text('wrong')), wrongPin(left))
          assert.is(codeOf(await typed(PINS.user.value)), 'pin_blocked')
          const fresh = text('b8#Tn5wQe2Lk')
          const command = await bringing(subject, established, 'Change Authenticator', 1, changeStructure(1, 2, PINS.admin.value, 1, fresh, 8))
          const answer = await ask(subject, command, 'enclave.processed')
          assert.equal(openResponse(established.session, format, answer.output!), Buffer.concat([le32(7), le32(8)]))
          assert.is(triesOf(subject.card.describe(), 1), 8)
          assert.is((await typed(fresh))?.type, 'enclave.pinVerified')
        },
      },
    ]
  }),
  {
    title: 'SKI-283 a PIN from the PIN pad is compared once',
    run: async (make) => {
      const subject = make()
      for (const pinId of [1, 3]) {
        const entry = subject.card.enterPin(pinId === 1 ? PINS.user.value : PINS.pad.value)
        const command = { type: 'verifyPin', channel: 0, pinId, pin: { entry } } as const
        await ask(subject, command, 'enclave.pinVerified')
        assert.is(codeOf(await say(subject, command)), 'handle_unknown')
      }
      assert.equal(subject.card.describe().authenticated, [
        { channel: 0, pinId: 1 },
        { channel: 0, pinId: 3 },
      ])
    },
  },
  {
    title: 'SKI-132 deauthenticate puts a PIN away on its channel, with what was drawn for the session',
    run: async (make) => {
      const subject = make()
      const established = await establish(subject)
      await ask(subject, await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, PINS.user.value, 0x10000000)), 'enclave.processed')
      for (const channel of [0, 1]) await ask(subject, { type: 'verifyPin', channel, pinId: 1, pin: { typed: b64(PINS.user.value) } }, 'enclave.pinVerified')
      assert.is(subject.card.describe().sessionPins.length, 1)
      await ask(subject, { type: 'deauthenticate', channel: 0, pinId: 1 }, 'enclave.deauthenticated')
      assert.equal(subject.card.describe().authenticated, [{ channel: 1, pinId: 1 }])
      assert.equal(subject.card.describe().sessionPins, [])
    },
  },
  {
    title: 'SKI-69 several PIN functions follow each other under one key',
    run: async (make) => {
      const subject = make()
      const established = await establish(subject)
      for (let round = 0; round < 3; round++)
        await ask(subject, await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, PINS.user.value)), 'enclave.processed')
    },
  },
  {
    title: 'SKI-200 a container of K1 is deleted, and a new K1 takes its place',
    run: async (make) => {
      const subject = make()
      const first = await withK1(subject)
      const second = await withK1(subject)
      assert.not.equal(first, second)
      await ask(subject, { type: 'deleteContainer', channel: 0, container: 0 }, 'enclave.containerDeleted')
      assert.equal(subject.card.describe().containers, [])
    },
  },
]

/** How many tries a PIN has left. */
export const triesOf = (state: { readonly pins: readonly { readonly id: number; readonly tries: number }[] }, id: number): number =>
  state.pins.find((pin) => pin.id === id)!.tries

/** Text as bytes. */
export const text = (value: string): Buffer => Buffer.from(value)

/** The refusal of a wrong PIN. */
export const wrongPin = (left: number) => ({ type: 'enclave.refused', fault: { code: 'pin_wrong', at: 'pin', found: left, requirement: 'SKI-285' } })
