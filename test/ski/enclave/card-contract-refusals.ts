/**
 * The contract of cards, part two: what is refused by public facts, with which word, and without a trace.
 * @module
 */
import * as assert from 'uvu/assert'
import type { CardCommand, SkiFault, SkiHandle } from '../../../src/ski/enclave/commands.js'
import {
  PINS,
  ask,
  codeOf,
  establish,
  establishing,
  pairOf,
  refusedWithoutTrace,
  say,
  withIv,
  withK1,
  type Case,
  type Subject,
  type Wanted,
} from './card-case.js'
import { text, triesOf, wrongPin } from './card-contract-flow.js'
import { agreeWith, authenticateStructure, b64, draw, keyDataBlob, newSession, wrapFor } from './card-node.js'
import { bringing, installing } from './card-sealing.js'

type Code = SkiFault['code']
const handle = (name: string) => name as SkiHandle

/** One command on a new card. */
export const simply = (title: string, command: Record<string, unknown>, code: Code, wanted: Wanted = {}): Case => ({
  title,
  run: async (make) => void (await refusedWithoutTrace(make(wanted), { channel: 0, ...command }, code)),
})

/** Commands that a case changes. */
export const IMPORT = { type: 'importSessionKey', channel: 0, container: 0, algorithm: 'AES-256', padding: 'pkcs1', proven: false, input: '' } as const
/** See {@link IMPORT}. */
export const DERIVE = { type: 'shareKey', way: 'derived', algorithm: 'AES-256', proven: false, input: b64(Buffer.alloc(32)) } as const
const PROCESS = { type: 'processSealed', channel: 0, key: handle('x'), function: 'Import Key Pair', container: 1, flags: 1, blobs: ['AAAA'] } as const
/** A card of the published profile. */
export const PUBLISHED: Wanted = { profile: 'published' }

/** An RSA or EC user key in container 5. */
async function withUserKey(subject: Subject, kind: 'rsa-2048' | 'ec-P-256'): Promise<Buffer> {
  await ask(subject, await installing(subject, await establish(subject, { way: 'derived' }), { kind }), 'enclave.processed')
  return pairOf(kind).spki
}

/** See the module text. */
export const REFUSALS: readonly Case[] = [
  // Containers.
  ...(
    [
      { type: 'makeK1', container: 16, kind: 'rsa-2048', pinId: 0 },
      { type: 'readKey', container: 16, evidence: 'plain' },
      { ...IMPORT, container: 16, proven: true },
      { type: 'agree', container: 16, peer: '' },
      { type: 'deleteContainer', container: 254 },
    ] as const
  ).map((command) => simply(`SKI-192 ${command.type}: a container that the card does not have`, command, 'container_unknown')),
  {
    title: 'SKI-192 processSealed: a container that the card does not have',
    run: async (make) => {
      const subject = make()
      const command = await installing(subject, await establish(subject), { container: 16 })
      await refusedWithoutTrace(subject, command, 'container_unknown')
    },
  },
  ...(
    [
      { type: 'readKey', container: 0, evidence: 'plain' },
      { ...IMPORT, proven: true },
      { type: 'agree', container: 0, peer: '' },
      { type: 'deleteContainer', container: 0 },
    ] as const
  ).map((command) => simply(`SKI-126 ${command.type}: an empty container`, command, 'container_empty')),
  {
    title: 'SKI-213 K1 is never made over a user key',
    run: async (make) => {
      const subject = make()
      await withUserKey(subject, 'ec-P-256')
      await refusedWithoutTrace(subject, { type: 'makeK1', channel: 0, container: 5, kind: 'rsa-2048', pinId: 0 }, 'container_occupied')
    },
  },
  {
    title: 'SKI-213 a user key is not deleted',
    run: async (make) => {
      const subject = make()
      await withUserKey(subject, 'ec-P-256')
      await refusedWithoutTrace(subject, { type: 'deleteContainer', channel: 0, container: 5 }, 'purpose_not_allowed')
    },
  },
  {
    title: 'SKI-131 what a PIN guards wants the PIN: to import, to agree, to delete, to make anew; on the same channel',
    run: async (make) => {
      const subject = make(PUBLISHED)
      const spki = await withK1(subject, { container: 0, pinId: 1 })
      const agreed = await withK1(subject, { container: 1, pinId: 1, kind: 'ec-P-256' })
      const session = newSession(subject.cardId, Buffer.alloc(16))
      const commands: readonly CardCommand[] = [
        { ...IMPORT, input: b64(wrapFor(spki, keyDataBlob(session.s1), 'pkcs1')) },
        { type: 'agree', channel: 0, container: 1, peer: agreeWith(agreed, session).peer },
        { type: 'makeK1', channel: 0, container: 0, kind: 'rsa-2048', pinId: 0 },
        { type: 'deleteContainer', channel: 0, container: 1 },
      ]
      await ask(subject, { type: 'verifyPin', channel: 1, pinId: 1, pin: { typed: b64(PINS.user.value) } }, 'enclave.pinVerified')
      await ask(subject, { type: 'verifyPin', channel: 0, pinId: 2, pin: { typed: b64(PINS.admin.value) } }, 'enclave.pinVerified')
      for (const command of commands) await refusedWithoutTrace(subject, command, 'not_authenticated')
      await ask(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(PINS.user.value) } }, 'enclave.pinVerified')
      for (const command of commands) assert.is(codeOf(await say(subject, command)), null)
    },
  },

  // Keys that establish keys.
  {
    title: 'SKI-212 an imported key is an ordinary key: it imports no session key and agrees on none',
    run: async (make) => {
      for (const kind of ['rsa-2048', 'ec-P-256'] as const) {
        const subject = make(PUBLISHED)
        const spki = await withUserKey(subject, kind)
        const session = newSession(subject.cardId, Buffer.alloc(16))
        const command: CardCommand =
          kind === 'rsa-2048'
            ? { ...IMPORT, container: 5, input: b64(wrapFor(spki, keyDataBlob(session.s1), 'pkcs1')) }
            : { type: 'agree', channel: 0, container: 5, peer: agreeWith(spki, session).peer }
        await refusedWithoutTrace(subject, command, 'purpose_not_allowed')
      }
    },
  },
  {
    title: 'SKI-48 no evidence is given of a key that does not establish keys',
    run: async (make) => {
      for (const kind of ['rsa-2048', 'ec-P-256'] as const) {
        const subject = make()
        await withUserKey(subject, kind)
        for (const evidence of ['attested', 'sharedKey'])
          await refusedWithoutTrace(subject, { type: 'readKey', channel: 0, container: 5, evidence }, 'purpose_not_allowed')
      }
    },
  },
  {
    title: 'SKI-211 K1 for agreements unwraps nothing, and K1 for session keys agrees on nothing',
    run: async (make) => {
      const subject = make(PUBLISHED)
      const agreed = await withK1(subject, { container: 0, kind: 'ec-P-256' })
      await withK1(subject, { container: 1 })
      await refusedWithoutTrace(subject, { ...IMPORT, input: b64(draw(256)) }, 'format_invalid')
      const { peer } = agreeWith(agreed, newSession(subject.cardId, Buffer.alloc(16)))
      await refusedWithoutTrace(subject, { type: 'agree', channel: 0, container: 1, peer }, 'format_invalid')
    },
  },
  {
    title: 'SKI-193 a card without the key for a kind of evidence says so',
    run: async (make) => {
      for (const [lacks, evidence] of [
        ['attestation', 'attested'],
        ['sharedKey', 'sharedKey'],
      ] as const) {
        const subject = make({ lacks })
        await withK1(subject)
        await refusedWithoutTrace(subject, { type: 'readKey', channel: 0, container: 0, evidence }, 'property_missing')
      }
    },
  },
  simply('SKI-135 a card without a shared key makes no session key of it', DERIVE, 'property_missing', { ...PUBLISHED, lacks: 'sharedKey' }),
  simply(
    'SKI-77 the published way shared is the whole key',
    { ...DERIVE, way: 'shared', algorithm: 'AES-128', input: null },
    'algorithm_not_supported',
    PUBLISHED,
  ),
  simply('SKI-40 an algorithm that the card does not offer', { ...DERIVE, algorithm: 'AES-128' }, 'algorithm_not_supported', {
    ...PUBLISHED,
    options: { algorithms: ['AES-256'] },
  }),
  simply('SKI-64 3DES wants the policy', { ...DERIVE, algorithm: '3DES' }, 'algorithm_not_supported', PUBLISHED),
  simply('SKI-197 a padding that the card does not offer', { ...IMPORT, input: '' }, 'padding_not_supported', {
    ...PUBLISHED,
    options: { paddings: ['oaep-sha256'] },
  }),
  {
    title: 'SKI-50 where the policy wants a proof, an establishment without one is refused',
    run: async (make) => {
      for (const serverProof of ['signature', 'sharedKey'] as const) {
        const subject = make({ ...PUBLISHED, policy: { serverProof } })
        const spki = await withK1(subject)
        const agreed = await withK1(subject, { container: 1, kind: 'ec-P-256' })
        const session = newSession(subject.cardId, Buffer.alloc(16))
        const { agreement } = await ask(subject, { type: 'agree', channel: 0, container: 1, peer: agreeWith(agreed, session).peer }, 'enclave.agreed')
        const wrapped = b64(wrapFor(spki, keyDataBlob(session.s1), 'pkcs1'))
        await refusedWithoutTrace(subject, { ...IMPORT, input: wrapped }, 'proof_refused')
        await refusedWithoutTrace(subject, { ...DERIVE, channel: 0 }, 'proof_refused')
        await refusedWithoutTrace(subject, { ...DERIVE, channel: 0, way: 'shared', input: null }, 'proof_refused')
        await refusedWithoutTrace(subject, { ...DERIVE, type: 'deriveKey', channel: 0, agreement }, 'proof_refused')
      }
    },
  },
  {
    title: 'SKI-67 the bound format has to know its session',
    run: async (make) => {
      const subject = make({ policy: { serverProof: 'none' } })
      const spki = await withK1(subject)
      await refusedWithoutTrace(subject, { ...IMPORT, input: b64(wrapFor(spki, keyDataBlob(draw(32)), 'pkcs1')) }, 'proof_refused')
      await refusedWithoutTrace(subject, { ...DERIVE, channel: 0, way: 'shared', input: null }, 'proof_refused')
      await ask(subject, { ...DERIVE, channel: 0 }, 'enclave.sessionKeyReady')
    },
  },
  {
    title: 'SKI-192 there is room for so many keys and no more',
    run: async (make) => {
      const subject = make(PUBLISHED)
      const spki = await withK1(subject)
      const agreed = await withK1(subject, { container: 1, kind: 'ec-P-256' })
      const { peer } = agreeWith(agreed, newSession(subject.cardId, Buffer.alloc(16)))
      const { agreement } = await ask(subject, { type: 'agree', channel: 0, container: 1, peer }, 'enclave.agreed')
      let last = handle('')
      for (let made = 1; made < 32; made++) last = (await ask(subject, { ...DERIVE, channel: made % 4 }, 'enclave.sessionKeyReady')).key
      const commands = [
        { ...DERIVE, channel: 0 },
        { type: 'agree', channel: 0, container: 1, peer },
        { ...IMPORT, input: b64(wrapFor(spki, keyDataBlob(draw(32)), 'pkcs1')) },
        { ...DERIVE, type: 'deriveKey', channel: 0, agreement },
      ] as const
      for (const command of commands) await refusedWithoutTrace(subject, command, 'no_room')
      await ask(subject, { type: 'destroyKey', channel: 31 % 4, key: last }, 'enclave.destroyed')
      await ask(subject, { ...DERIVE, channel: 0 }, 'enclave.sessionKeyReady')
    },
  },
  {
    title: 'SKI-7 an agreement gives one session key',
    run: async (make) => {
      const subject = make(PUBLISHED)
      const { command } = await establish(subject, { way: 'agreement' })
      await refusedWithoutTrace(subject, command, 'purpose_not_allowed')
      const { agreement } = command as Extract<CardCommand, { type: 'deriveKey' }>
      await ask(subject, { type: 'destroyKey', channel: 0, key: agreement }, 'enclave.destroyed')
      await refusedWithoutTrace(subject, command, 'handle_unknown')
    },
  },

  // Handles and properties.
  ...(
    [
      { type: 'setKeyProperty', key: 'x', mode: 'CBC', iv: null },
      PROCESS,
      { type: 'destroyKey', key: 'x' },
      { ...DERIVE, type: 'deriveKey', agreement: 'x' },
      { type: 'verifyPin', pinId: 1, pin: { entry: 'x' } },
    ] as const
  ).map((command) => simply(`SKI-218 ${command.type}: a handle that never was`, command, 'handle_unknown')),
  {
    title: 'SKI-248 what belongs to one channel is nothing on another',
    run: async (make) => {
      const subject = make(PUBLISHED)
      const established = await establish(subject, { channel: 1 })
      const sealed = await installing(subject, established, { channel: 1 })
      const { command } = await establishing(subject, { way: 'agreement', container: 1, channel: 1 })
      const { agreement } = command as Extract<CardCommand, { type: 'deriveKey' }>
      for (const other of [
        sealed,
        command,
        { type: 'setKeyProperty', key: established.key, mode: 'CBC', iv: null },
        { type: 'destroyKey', key: established.key },
        { type: 'destroyKey', key: agreement },
      ])
        await refusedWithoutTrace(subject, { ...other, channel: 0 }, 'handle_unknown')
      await ask(subject, sealed, 'enclave.processed')
    },
  },
  {
    title: 'SKI-218 a destroyed handle is dead, and is destroyed once',
    run: async (make) => {
      const subject = make()
      const established = await establish(subject)
      const command = await installing(subject, established)
      const destroy = { type: 'destroyKey', channel: 0, key: established.key } as const
      await ask(subject, destroy, 'enclave.destroyed')
      for (const dead of [command, destroy, { type: 'setKeyProperty', channel: 0, key: established.key, mode: 'CBC', iv: null }])
        await refusedWithoutTrace(subject, dead, 'handle_unknown')
    },
  },
  {
    title: 'SKI-139 an IV has the length of a block',
    run: async (make) => {
      const subject = make()
      const { key } = await establish(subject)
      for (const iv of ['', b64(draw(8)), b64(draw(15)), b64(draw(17)), `${b64(draw(16)).slice(0, -1)}=`])
        await refusedWithoutTrace(subject, { type: 'setKeyProperty', channel: 0, key, mode: null, iv }, 'property_invalid')
    },
  },
  {
    title: 'SKI-12 nothing is opened before mode and IV are set',
    run: async (make) => {
      for (const wanted of [{}, PUBLISHED]) {
        const subject = make(wanted)
        const established = await establish(subject)
        const command = { ...PROCESS, key: established.key }
        assert.is((await refusedWithoutTrace(subject, command, 'property_missing')).at, 'ChainingMode')
        await ask(subject, { type: 'setKeyProperty', channel: 0, key: established.key, mode: 'CBC', iv: null }, 'enclave.propertySet')
        assert.is((await refusedWithoutTrace(subject, command, 'property_missing')).at, 'IV')
      }
    },
  },
  {
    title: 'SKI-221 an IV serves once, also where nothing came of it',
    run: async (make) => {
      for (const wanted of [{}, PUBLISHED]) {
        const subject = make(wanted)
        const established = await establish(subject)
        const command = await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, PINS.user.value))
        await ask(subject, command, 'enclave.processed')
        await refusedWithoutTrace(subject, command, 'iv_used')
        const bad = await bringing(subject, established, 'Authenticate', 1, Buffer.alloc(16))
        assert.is(codeOf(await say(subject, bad)), 'sealed_refused')
        await refusedWithoutTrace(subject, bad, 'iv_used')
      }
    },
  },
  {
    title: 'SKI-221 a key takes 64 IVs and no more',
    run: async (make) => {
      const subject = make(PUBLISHED)
      const established = await establish(subject, { way: 'derived' })
      for (let taken = 0; taken < 64; taken++) {
        await withIv(subject, established)
        assert.is(
          codeOf(await say(subject, { ...PROCESS, key: established.key, function: 'Authenticate', container: null, blobs: [b64(draw(16))] })),
          'sealed_refused',
        )
      }
      await withIv(subject, established)
      await refusedWithoutTrace(subject, { ...PROCESS, key: established.key, function: 'Authenticate', container: null, blobs: [b64(draw(16))] }, 'iv_used')
    },
  },
  ...(
    [
      ['flags that nobody knows', { flags: 2 }],
      ['no container for a key pair', { container: null }],
      ['a container for a PIN', { function: 'Authenticate' }],
      ['a blob that is no base64url', { blobs: ['A'] }],
      ['no blob', { blobs: [] }],
    ] as const
  ).map(([what, change]): Case => ({
    title: `SKI-140 ${what}`,
    run: async (make) => {
      for (const wanted of [{}, PUBLISHED]) {
        const subject = make(wanted)
        const command = await installing(subject, await establish(subject))
        await refusedWithoutTrace(subject, { ...command, ...change }, 'format_invalid')
        await ask(subject, command, 'enclave.processed')
      }
    },
  })),

  // PINs.
  ...(
    [
      { type: 'makeK1', container: 0, kind: 'rsa-2048', pinId: 4 },
      { type: 'verifyPin', pinId: 0, pin: { typed: '' } },
      { type: 'verifyPin', pinId: 4, pin: { typed: '' } },
      { type: 'deauthenticate', pinId: 7 },
    ] as const
  ).map((command) => simply(`SKI-285 ${command.type}: PIN ${command.pinId} is none of this card's`, command, 'pin_unknown')),
  simply('SKI-102 a typed PIN that is no base64url costs no try', { type: 'verifyPin', pinId: 1, pin: { typed: 'A' } }, 'format_invalid'),
  {
    title: 'SKI-285 a wrong PIN takes a try, the last one blocks it, and a right one restores them',
    run: async (make) => {
      const subject = make()
      const typed = (pin: Buffer) => say(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(pin) } })
      for (const wrong of ['', 'k', 'kT4!vq9ZpX0', 'kT4!vq9ZpX0e ', 'kT4!vq9ZpX0f']) {
        assert.equal(await typed(text(wrong)), wrongPin(2), wrong)
        assert.equal(subject.card.describe().authenticated, [])
        assert.is((await typed(PINS.user.value))?.type, 'enclave.pinVerified')
        assert.is(triesOf(subject.card.describe(), 1), 3)
        await ask(subject, { type: 'deauthenticate', channel: 0, pinId: 1 }, 'enclave.deauthenticated')
      }
      for (const left of [2, 1, 0]) assert.equal(await typed(text('wrong')), wrongPin(left))
      const entry = subject.card.enterPin(PINS.user.value)
      for (const pin of [{ typed: b64(PINS.user.value) }, { typed: b64(text('wrong')) }, { entry }])
        await refusedWithoutTrace(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin }, 'pin_blocked')
    },
  },
  {
    title: 'SKI-283 a wrong PIN from the PIN pad takes a try too, and is not compared again',
    run: async (make) => {
      const subject = make()
      const entry = subject.card.enterPin(text('wrong'))
      const command = { type: 'verifyPin', channel: 0, pinId: 3, pin: { entry } } as const
      assert.equal(await say(subject, command), wrongPin(2))
      await refusedWithoutTrace(subject, command, 'handle_unknown')
    },
  },
  simply('SKI-286 a PIN of the PIN pad is typed nowhere else', { type: 'verifyPin', pinId: 3, pin: { typed: b64(PINS.pad.value) } }, 'purpose_not_allowed'),

  // At the door.
  ...(
    [
      ['no command', undefined],
      ['a type that nobody knows', { type: 'exportKey', channel: 0 }],
      ['a channel that there is not', { type: 'drawNonce', channel: 4 }],
      ['a property without a value', { type: 'setKeyProperty', channel: 0, key: 'x', mode: null, iv: null }],
    ] as const
  ).map(([what, command]): Case => ({
    title: `SKI-222 ${what}`,
    run: async (make) => void (await refusedWithoutTrace(make(), command, 'command_invalid')),
  })),
]
