/**
 * The contract of cards, part four: loss of power, and commands that overlap. What a reset ends is gone, whatever was in
 * flight; what counts tries stays.
 * @module
 */
import * as assert from 'uvu/assert'
import type { CardCommand, CardAnswer } from '../../../src/ski/enclave/commands.js'
import { PINS, ask, codeOf, establish, establishing, nonceFrom, pairOf, refusedWithoutTrace, say, withK1, type Case, type Subject } from './card-case.js'
import { text, triesOf } from './card-contract-flow.js'
import { agreeWith, authenticateStructure, b64, newSession } from './card-node.js'
import { bringing, installing } from './card-sealing.js'

const powerOff = (subject: Subject): void => assert.is(subject.card.perform('reader', { type: 'close' }), null)

/** What survives a loss of power. */
const lasting = (subject: Subject) => {
  const { containers, pins } = subject.card.describe()
  return { containers, pins }
}

const GONE = { keys: [], agreements: [], nonces: [], authenticated: [], sessionPins: [], entries: [], epoch: 0 }
const isPoweredOff = (subject: Subject): void => {
  const { settings: _settings, containers: _containers, pins: _pins, ...volatile } = subject.card.describe()
  assert.equal(volatile, GONE)
}

/** A command of each sort that takes time, with what it needs. */
const IN_FLIGHT: readonly (readonly [type: CardCommand['type'], prepare: (subject: Subject) => Promise<CardCommand>])[] = [
  ['makeK1', async () => ({ type: 'makeK1', channel: 0, container: 3, kind: 'ec-P-256', pinId: 0 })],
  ['readKey', async (subject) => (await withK1(subject), { type: 'readKey', channel: 0, container: 0, evidence: 'attested' })],
  ['importSessionKey', async (subject) => (await establishing(subject)).command],
  ['shareKey', async (subject) => (await establishing(subject, { way: 'shared' })).command],
  ['deriveKey', async (subject) => (await establishing(subject, { way: 'agreement' })).command],
  [
    'agree',
    async (subject) => {
      const spki = await withK1(subject, { kind: 'ec-P-256' })
      return { type: 'agree', channel: 0, container: 0, peer: agreeWith(spki, newSession(subject.cardId, Buffer.alloc(16))).peer }
    },
  ],
  ['processSealed', async (subject) => installing(subject, await establish(subject))],
]

/** See the module text. */
export const CLOSING: readonly Case[] = [
  {
    title: 'SKI-247 a reset ends keys, agreements, nonces, entries and authenticated states on every channel, and nothing else',
    run: async (make) => {
      const subject = make()
      const established = await establish(subject)
      await ask(subject, await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, PINS.user.value, 0x10000000)), 'enclave.processed')
      const sealed = await installing(subject, established)
      const { command } = await establishing(subject, { way: 'agreement', container: 1 })
      await establish(subject, { way: 'derived', channel: 2 })
      await nonceFrom(subject, 3)
      for (const channel of [0, 1]) await ask(subject, { type: 'verifyPin', channel, pinId: 2, pin: { typed: b64(PINS.admin.value) } }, 'enclave.pinVerified')
      await say(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(text('wrong')) } })
      const entry = subject.card.enterPin(PINS.pad.value)
      const before = lasting(subject)
      assert.equal([before.containers.length, triesOf(subject.card.describe(), 1)], [2, 2])

      powerOff(subject)
      isPoweredOff(subject)
      assert.equal(lasting(subject), before)
      await refusedWithoutTrace(subject, sealed, 'handle_unknown')
      await refusedWithoutTrace(subject, command, 'handle_unknown')
      await refusedWithoutTrace(subject, { type: 'verifyPin', channel: 0, pinId: 3, pin: { entry } }, 'handle_unknown')
      powerOff(subject)
      isPoweredOff(subject)
      await ask(subject, await installing(subject, await establish(subject)), 'enclave.processed')
    },
  },
  {
    title: 'SKI-68 a recorded session, played again after a reset, gets no session key',
    run: async (make) => {
      for (const way of ['session', 'derived', 'shared'] as const) {
        const subject = make()
        const unused = await establishing(subject, { way })
        powerOff(subject)
        await refusedWithoutTrace(subject, unused.command, 'proof_refused')
        const { command } = await establish(subject, { way })
        powerOff(subject)
        await refusedWithoutTrace(subject, command, 'proof_refused')
      }
    },
  },
  {
    title: 'SKI-131 a PIN that was presented before a reset is not presented after it',
    run: async (make) => {
      const subject = make()
      await withK1(subject, { pinId: 1 })
      await ask(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(PINS.user.value) } }, 'enclave.pinVerified')
      powerOff(subject)
      await refusedWithoutTrace(subject, { type: 'deleteContainer', channel: 0, container: 0 }, 'not_authenticated')
    },
  },
  ...IN_FLIGHT.map(([type, prepare]): Case => ({
    title: `SKI-247 a reset reaches a ${type} that is in flight: its late answer leaves nothing alive [gated]`,
    run: async (make) => {
      const subject = make({ gated: true })
      const command = await prepare(subject)
      const before = lasting(subject)
      subject.gate!.hold()
      const answer = say(subject, command)
      powerOff(subject)
      await subject.gate!.release()
      assert.equal(await answer, { type: 'enclave.refused', fault: { code: 'conversation_closed', requirement: 'SKI-218' } })
      isPoweredOff(subject)
      assert.equal(lasting(subject), before)
    },
  })),
  ...(['right', 'wrong', 'pad', 'sealed'] as const).map((how): Case => ({
    title: `SKI-216 the try of a PIN (${how}) is taken before the comparison: losing power gives none back [gated]`,
    run: async (make) => {
      const subject = make({ gated: true })
      const established = await establish(subject, { way: 'derived' })
      for (const left of [2, 1, 0]) {
        const pin = how === 'wrong' ? text('wrong') : PINS.user.value
        const command: CardCommand =
          how === 'sealed'
            ? await bringing(subject, left === 2 ? established : await establish(subject, { way: 'derived' }), 'Authenticate', 1, authenticateStructure(1, pin))
            : { type: 'verifyPin', channel: 0, pinId: 1, pin: how === 'pad' ? { entry: subject.card.enterPin(pin) } : { typed: b64(pin) } }
        const answer = await cutOff(subject, command, () => triesOf(subject.card.describe(), 1) === left)
        assert.is(codeOf(answer), 'conversation_closed')
        assert.is(triesOf(subject.card.describe(), 1), left)
        isPoweredOff(subject)
      }
      assert.is(codeOf(await say(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(PINS.user.value) } })), 'pin_blocked')
    },
  })),
  {
    title: 'SKI-247 work that began after the reset is done [gated]',
    run: async (make) => {
      const subject = make({ gated: true })
      const command = { type: 'makeK1', channel: 0, container: 0, kind: 'ec-P-256', pinId: 0 } as const
      subject.gate!.hold()
      const early = say(subject, command)
      powerOff(subject)
      const late = say(subject, command)
      await subject.gate!.release()
      assert.equal([codeOf(await early), (await late)?.type], ['conversation_closed', 'enclave.k1Made'])
      assert.is(subject.card.describe().epoch, 0)
    },
  },
  {
    title: 'SKI-218 a K1 that is replaced while it unwraps has unwrapped nothing [gated]',
    run: async (make) => {
      // Replaced while the proof is verified, and when the private key has done its work already.
      for (const steps of [0, 1]) {
        const subject = make({ gated: true })
        const { command } = await establishing(subject)
        subject.gate!.hold()
        const answer = say(subject, command)
        for (let step = 0; step < steps; step++) await subject.gate!.step()
        subject.gate!.pass()
        await ask(subject, { type: 'makeK1', channel: 1, container: 0, kind: 'rsa-2048', pinId: 0 }, 'enclave.k1Made')
        await subject.gate!.release()
        assert.is(codeOf(await answer), 'sealed_refused')
        assert.equal(subject.card.describe().keys, [])
      }
    },
  },
  {
    title: 'SKI-218 no evidence is given of a key that is replaced meanwhile [gated]',
    run: async (make) => {
      const subject = make({ gated: true })
      await withK1(subject)
      subject.gate!.hold()
      const answer = say(subject, { type: 'readKey', channel: 0, container: 0, evidence: 'attested' })
      subject.gate!.pass()
      await withK1(subject)
      await subject.gate!.release()
      assert.is(codeOf(await answer), 'container_empty')
      assert.equal(subject.card.describe().nonces, [])
    },
  },
  {
    title: 'SKI-213 K1 that is still being made does not come over a user key that came meanwhile [gated]',
    run: async (make) => {
      const subject = make({ gated: true })
      const command = await installing(subject, await establish(subject))
      subject.gate!.hold()
      const answer = say(subject, { type: 'makeK1', channel: 0, container: 5, kind: 'ec-P-256', pinId: 0 })
      subject.gate!.pass()
      await ask(subject, command, 'enclave.processed')
      await subject.gate!.release()
      assert.is(codeOf(await answer), 'container_occupied')
      assert.is(subject.card.describe().containers.find(({ container }) => container === 5)!.purpose, 'user')
    },
  },
  {
    title: 'SKI-218 a session key that is destroyed while it opens has opened nothing [gated]',
    run: async (make) => {
      for (const profile of ['hardened', 'published'] as const) {
        const subject = make({ profile, gated: true })
        const established = await establish(subject)
        const command = await installing(subject, established)
        subject.gate!.hold()
        const answer = say(subject, command)
        subject.gate!.pass()
        await ask(subject, { type: 'destroyKey', channel: 0, key: established.key }, 'enclave.destroyed')
        await subject.gate!.release()
        assert.equal(await answer, { type: 'enclave.refused', fault: { code: 'sealed_refused', requirement: 'SKI-72' } })
        assert.is(subject.card.describe().containers.length, 1)
      }
    },
  },
  {
    title: 'SKI-248 two sessions that install into one container at once: one key, and in the bound format one refusal [gated]',
    run: async (make) => {
      for (const profile of ['hardened', 'published'] as const) {
        const subject = make({ profile, gated: true })
        const commands = [
          await installing(subject, await establish(subject)),
          await installing(subject, await establish(subject, { channel: 1, container: 1 }), { channel: 1, pair: pairOf('ec-P-256', 71) }),
        ]
        subject.gate!.hold()
        const answers = commands.map((command) => say(subject, command))
        await subject.gate!.release()
        const second = profile === 'hardened' ? 'sealed_refused' : 'enclave.processed'
        assert.equal((await Promise.all(answers)).map((answer) => codeOf(answer) ?? answer?.type).sort(), ['enclave.processed', second])
        assert.is(subject.card.describe().containers.length, 3)
      }
    },
  },
  {
    title: 'SKI-68 one establishment twice at once makes one session key [gated]',
    run: async (make) => {
      const subject = make({ gated: true })
      const { command } = await establishing(subject)
      subject.gate!.hold()
      const answers = [say(subject, command), say(subject, command)]
      await subject.gate!.release()
      assert.equal((await Promise.all(answers)).map((answer) => codeOf(answer) ?? answer?.type).sort(), ['enclave.sessionKeyReady', 'proof_refused'])
      assert.is(subject.card.describe().keys.length, 1)
    },
  },
  {
    title: 'SKI-218 no handle is given twice, and none looks like another',
    run: async (make) => {
      const subject = make({ profile: 'published' })
      const handles: string[] = []
      for (let i = 0; i < 40; i++) {
        const { key } = await establish(subject, { way: 'derived' })
        handles.push(key)
        if (i % 2) await ask(subject, { type: 'destroyKey', channel: 0, key }, 'enclave.destroyed')
        if (i === 20) powerOff(subject)
      }
      assert.is(new Set(handles.map((handle) => handle.slice(0, 16))).size, 40)
      for (const handle of handles) assert.match(handle, /^[0-9a-f]{32}$/)
    },
  },
]

/** Says a command, lets the crypto go on step by step until something shows in the state, and takes the power away. */
async function cutOff(subject: Subject, command: CardCommand, until: () => boolean): Promise<CardAnswer | null> {
  subject.gate!.hold()
  const answer = say(subject, command)
  for (let steps = 0; !until(); steps++) {
    assert.ok(steps < 20, 'what the test waits for comes')
    await subject.gate!.step()
  }
  powerOff(subject)
  await subject.gate!.release()
  return answer
}
