/**
 * The contract, part three: endings. What a conversation made dies with it, also what was not finished; what was kept
 * stays; what was reserved is free again.
 * @module
 */
import * as assert from 'uvu/assert'
import { refusedWithoutTrace, type Case, type Subject } from './contract-case.js'
import { TARGET, goodEvidence, importOf, offered, readyToWrap, withKek } from './contract-flow.js'
import { ask, base64url, codeOf, nativeKey, nativeWrap, say } from './support.js'

const close = (subject: Subject, conversation: string): void => assert.is(subject.enclave.perform(conversation, { type: 'close' }), null)

/** See the module text. */
export const CLOSING: readonly Case[] = [
  {
    title: 'BYOK-129 close destroys what was not kept, and nothing of another conversation',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key } = await readyToWrap(source)
      const kept = await ask(source.enclave, 'c', { ...TARGET, label: 'kept' }, 'enclave.keyMade')
      await ask(source.enclave, 'c', { type: 'keep', key: kept.key }, 'enclave.kept')
      const others = await ask(source.enclave, 'd', { ...TARGET, label: 'others' }, 'enclave.keyMade')
      close(source, 'c')
      assert.equal(
        source.enclave
          .describe()
          .map(({ handle }) => handle)
          .sort(),
        [kept.key, others.key].sort(),
      )
      await refusedWithoutTrace(source, 'c', { type: 'destroyKey', key: key.key }, 'handle_unknown')
    },
  },
  {
    title: 'BYOK-129 closing twice, or what never was, is nothing',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key } = await ask(source.enclave, 'd', TARGET, 'enclave.keyMade')
      for (const conversation of ['c', 'c', '__proto__', '']) close(source, conversation)
      assert.equal(
        source.enclave.describe().map(({ handle }) => handle),
        [key],
      )
    },
  },
  {
    title: 'BYOK-129 after close the conversation may begin again',
    run: async (make) => {
      const source = make({ role: 'source' })
      await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      close(source, 'c')
      await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
    },
  },
  ...(['generateKey', 'holdKek', 'makeKek', 'importTransfer', 'wrapTarget'] as const).map((type): Case => ({
    title: `BYOK-129 close reaches a ${type} that is in flight: its late answer leaves nothing alive [gated]`,
    run: async (make) => {
      const subject = make({ role: type === 'makeKek' || type === 'importTransfer' ? 'vault' : 'source', gated: true })
      const command = await commandOf(type, subject)
      const before = subject.enclave.describe().filter(({ owner }) => owner !== 'c')
      subject.gate!.hold()
      const answer = say(subject.enclave, 'c', command)
      close(subject, 'c')
      assert.equal(subject.enclave.describe(), before)
      await subject.gate!.release()
      assert.is(codeOf(await answer), 'conversation_closed')
      assert.equal(subject.enclave.describe(), before)
    },
  })),
  {
    title: 'BYOK-129 work of the same conversation that began after close is done [gated]',
    run: async (make) => {
      const source = make({ role: 'source', gated: true })
      source.gate!.hold()
      const [early, other] = [say(source.enclave, 'c', TARGET), say(source.enclave, 'd', { ...TARGET, label: 'd' })]
      close(source, 'c')
      const late = say(source.enclave, 'c', TARGET)
      await source.gate!.release()
      assert.equal([codeOf(await early), (await other)?.type, (await late)?.type], ['conversation_closed', 'enclave.keyMade', 'enclave.keyMade'])
    },
  },
  {
    title: 'BYOK-126 a target that is replaced while it is wrapped is not wrapped [gated]',
    run: async (make) => {
      const source = make({ role: 'source', gated: true })
      const { key, kek } = await readyToWrap(source)
      source.gate!.hold()
      const wrapped = say(source.enclave, 'c', { type: 'wrapTarget', kek, target: 'payments' })
      source.gate!.pass()
      await ask(source.enclave, 'c', { type: 'destroyKey', key: key.key }, 'enclave.destroyed')
      await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      await source.gate!.release()
      assert.is(codeOf(await wrapped), 'label_unknown')
    },
  },
  {
    title: 'BYOK-126 a KEK that is destroyed while it wraps has wrapped nothing [gated]',
    run: async (make) => {
      const source = make({ role: 'source', gated: true })
      const { kek } = await readyToWrap(source)
      source.gate!.hold()
      const wrapped = say(source.enclave, 'c', { type: 'wrapTarget', kek, target: 'payments' })
      await ask(source.enclave, 'c', { type: 'destroyKey', key: kek }, 'enclave.destroyed')
      await source.gate!.release()
      assert.is(codeOf(await wrapped), 'handle_unknown')
    },
  },
  {
    title: 'BYOK-132 one blob in two imports at once makes one key [gated]',
    run: async (make) => {
      const vault = make({ role: 'vault', gated: true })
      const command = importOf(await withKek(vault))
      vault.gate!.hold()
      const answers = [say(vault.enclave, 'c', command), say(vault.enclave, 'd', command)]
      await vault.gate!.release()
      assert.equal((await Promise.all(answers)).map((answer) => codeOf(answer) ?? answer?.type).sort(), ['enclave.imported', 'transfer_refused'])
      assert.is(vault.enclave.describe().length, 2)
    },
  },
  {
    title: 'BYOK-22 a blob, and a key in another blob, is imported once',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      const command = importOf(kek)
      const imported = await ask(vault.enclave, 'c', command, 'enclave.imported')
      const again = { ...command, ciphertext: nativeWrap(kek, nativeKey('ec-P-256').payload) }
      for (const replay of [command, again, { ...command, name: 'other', operations: ['sign'] }]) {
        await refusedWithoutTrace(vault, 'c', replay, 'transfer_refused')
        await refusedWithoutTrace(vault, 'd', replay, 'transfer_refused')
      }
      await ask(vault.enclave, 'c', { type: 'keep', key: imported.key }, 'enclave.kept')
      close(vault, 'c')
      for (const replay of [command, again]) await refusedWithoutTrace(vault, 'e', replay, 'transfer_refused')
      await ask(vault.enclave, 'e', { type: 'destroyKey', key: imported.key }, 'enclave.destroyed')
      for (const replay of [command, again]) await refusedWithoutTrace(vault, 'f', replay, 'transfer_refused')
    },
  },
  {
    title: 'BYOK-132 an import that was not kept costs nothing: after close the blob is taken again',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const command = importOf(await withKek(vault))
      await ask(vault.enclave, 'c', command, 'enclave.imported')
      close(vault, 'd')
      await refusedWithoutTrace(vault, 'd', command, 'transfer_refused')
      close(vault, 'c')
      await ask(vault.enclave, 'd', command, 'enclave.imported')
    },
  },
  {
    title: 'BYOK-132 an import that was destroyed before it was kept costs nothing either',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const command = importOf(await withKek(vault))
      const { key } = await ask(vault.enclave, 'c', command, 'enclave.imported')
      await ask(vault.enclave, 'c', { type: 'destroyKey', key }, 'enclave.destroyed')
      await ask(vault.enclave, 'c', command, 'enclave.imported')
    },
  },
  {
    title: 'BYOK-132 a kept key that was told to nobody is taken back by the conversation that made it, and costs nothing',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const command = importOf(await withKek(vault))
      for (const end of ['destroyKey', 'close'] as const) {
        const { key } = await ask(vault.enclave, 'c', command, 'enclave.imported')
        await ask(vault.enclave, 'c', { type: 'keep', key }, 'enclave.kept')
        await refusedWithoutTrace(vault, 'c', command, 'transfer_refused')
        await ask(vault.enclave, 'c', { type: 'destroyKey', key }, 'enclave.destroyed')
        if (end === 'close') close(vault, 'c')
      }
      await ask(vault.enclave, 'd', command, 'enclave.imported')
    },
  },
  {
    title: 'BYOK-132 replay after deletion: once its conversation was closed a kept key is used up, whoever destroys it',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      for (const [number, destroyer] of ['c', 'd'].entries()) {
        const command = importOf(kek, 'ec-P-256', number)
        const { key } = await ask(vault.enclave, 'c', command, 'enclave.imported')
        await ask(vault.enclave, 'c', { type: 'keep', key }, 'enclave.kept')
        close(vault, 'c')
        // Kept once more it is no more the conversation's than before.
        await ask(vault.enclave, destroyer, { type: 'keep', key }, 'enclave.kept')
        await ask(vault.enclave, destroyer, { type: 'destroyKey', key }, 'enclave.destroyed')
        const again = { ...command, ciphertext: nativeWrap(kek, nativeKey('ec-P-256', number).payload) }
        for (const replay of [command, again])
          for (const conversation of ['c', 'd', 'e']) await refusedWithoutTrace(vault, conversation, replay, 'transfer_refused')
      }
    },
  },
  {
    title: 'BYOK-132 a kept key that another conversation destroys is used up, closed or not',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const command = importOf(await withKek(vault))
      const { key } = await ask(vault.enclave, 'c', command, 'enclave.imported')
      await ask(vault.enclave, 'c', { type: 'keep', key }, 'enclave.kept')
      await ask(vault.enclave, 'd', { type: 'destroyKey', key }, 'enclave.destroyed')
      await refusedWithoutTrace(vault, 'c', { type: 'destroyKey', key }, 'handle_unknown')
      for (const conversation of ['c', 'd']) {
        await refusedWithoutTrace(vault, conversation, command, 'transfer_refused')
        close(vault, conversation)
      }
      for (const conversation of ['c', 'e']) await refusedWithoutTrace(vault, conversation, command, 'transfer_refused')
    },
  },
  {
    title: 'BYOK-132 a close while the import is kept and destroyed again: what comes after it takes nothing back [gated]',
    run: async (make) => {
      const vault = make({ role: 'vault', gated: true })
      const kek = await withKek(vault)
      const command = importOf(kek)
      const { key } = await ask(vault.enclave, 'c', command, 'enclave.imported')
      await ask(vault.enclave, 'c', { type: 'keep', key }, 'enclave.kept')
      // Something is in flight, so that the store still counts the closings of this conversation.
      vault.gate!.hold()
      const pending = say(vault.enclave, 'c', importOf(kek, 'ec-P-384'))
      close(vault, 'c')
      await ask(vault.enclave, 'c', { type: 'destroyKey', key }, 'enclave.destroyed')
      await vault.gate!.release()
      assert.is(codeOf(await pending), 'conversation_closed')
      for (const conversation of ['c', 'd']) await refusedWithoutTrace(vault, conversation, command, 'transfer_refused')
      await ask(vault.enclave, 'c', importOf(kek, 'ec-P-384'), 'enclave.imported')
    },
  },
  {
    title: 'BYOK-50 a KEK that is destroyed while it opens a blob says nothing about the blob [gated]',
    run: async (make) => {
      const vault = make({ role: 'vault', gated: true })
      for (const good of [true, false]) {
        const kek = await withKek(vault)
        const command = importOf(kek)
        const bytes = Buffer.from(command.ciphertext, 'base64url')
        if (!good) bytes[bytes.length - 1]! ^= 1
        vault.gate!.hold()
        const answer = say(vault.enclave, 'c', { ...command, ciphertext: base64url(bytes) })
        await ask(vault.enclave, 'k', { type: 'destroyKey', key: kek.key }, 'enclave.destroyed')
        await vault.gate!.release()
        assert.equal(await answer, { type: 'enclave.refused', fault: { code: 'transfer_refused', requirement: 'BYOK-50' } })
        assert.equal(vault.enclave.describe(), [])
      }
    },
  },
  {
    title: 'BYOK-161 without single use nothing is remembered: a blob is taken again, with whatever operations are asked',
    run: async (make) => {
      const vault = make({ role: 'vault', singleUse: false })
      const kek = await withKek(vault)
      const command = { ...importOf(kek), operations: ['sign'] }
      const first = (await ask(vault.enclave, 'c', command as never, 'enclave.imported')).key
      await ask(vault.enclave, 'c', { type: 'keep', key: first }, 'enclave.kept')
      const otherBlob = nativeWrap(kek, nativeKey('ec-P-256').payload)
      for (const ciphertext of [command.ciphertext, otherBlob]) {
        const again = await ask(vault.enclave, 'd', { ...command, ciphertext, operations: ['sign', 'verify'] } as never, 'enclave.imported')
        await ask(vault.enclave, 'd', { type: 'keep', key: again.key }, 'enclave.kept')
      }
    },
  },
  {
    title: 'BYOK-131 no handle is given twice, and none looks like another',
    run: async (make) => {
      const source = make({ role: 'source' })
      const handles: string[] = []
      for (let i = 0; i < 50; i++) {
        const { kek } = await ask(source.enclave, 'c', offered(), 'enclave.kekHeld')
        handles.push(kek)
        if (i % 2) await ask(source.enclave, 'c', { type: 'destroyKey', key: kek }, 'enclave.destroyed')
      }
      assert.is(new Set(handles).size, 50)
      assert.is(new Set(handles.map((handle) => handle.slice(0, 16))).size, 50)
    },
  },
]

async function commandOf(type: string, subject: Subject): Promise<unknown> {
  switch (type) {
    case 'holdKek':
      return { ...offered(), evidence: goodEvidence() }
    case 'makeKek':
      return { type, name: 'kek', bits: 2048 }
    case 'importTransfer':
      return importOf(await withKek(subject))
    case 'wrapTarget':
      return { type, kek: (await readyToWrap(subject)).kek, target: 'payments' }
    default:
      return TARGET
  }
}
