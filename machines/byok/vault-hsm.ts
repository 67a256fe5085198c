/**
 * The HSM behind the vault: makes key exchange keys, opens transfer blobs, destroys. A service: it comes back to `waiting`.
 *
 *   waiting ─ vault.makeKek ─▶ makingKek ─▶ keeping ─▶ waiting
 *      ├──── vault.import ───▶ importing ─▶ keeping ─▶ waiting
 *      ├──── vault.destroy ──▶ destroying ──────────▶ waiting
 *      └─ otherwise, in any state ─▶ refused ─▶ waiting
 *
 * A new key belongs to the conversation until it is kept, so a conversation that breaks leaves nothing behind; one that
 * breaks while the key is being kept has it destroyed by name. Every refusal is the same word, whatever the cause
 * (BYOK-50): what may be told apart, the enclave has already not said. A call that comes again, word for word, is answered
 * again and not done again: the vault may not have heard the answer.
 *
 * Spec: spec/byok.md, BYOK-3, BYOK-35, BYOK-50, BYOK-127 to BYOK-129, BYOK-134, BYOK-135.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { AppSays, HsmToVault, VaultToHsm } from '../../src/byok/messages.js'
import type { EnclaveAnswer, KeyHandle } from '../../src/enclave/commands.js'
import { closedPort } from '../ports.js'
import type { Progress } from './common.js'

interface VaultHsmContext {
  /** The last call, and what was answered to it. */
  readonly last: { readonly asked: string; readonly answer: HsmToVault } | null
  /** The call in hand, as text, to know it again. */
  readonly asked: string | null
  /** The vault's number of the call in hand; the answer echoes it. */
  readonly call: number
  /** The key that is ordered to be destroyed. */
  readonly doomed: KeyHandle | null
  /** What will be told once the new key is kept. */
  readonly made: Extract<HsmToVault, { readonly key: string; readonly version: string }> | null
}

const idle = { asked: null, call: 0, doomed: null, made: null }

/** See the module text. */
export const vaultHsmMachine = setup({
  types: {
    context: {} as VaultHsmContext,
    events: {} as VaultToHsm | EnclaveAnswer | AppSays,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort, enclave: closedPort },
  guards: {
    alreadyAnswered: ({ context, event }) => 'call' in event && event.call !== 0 && context.last?.asked === JSON.stringify(event),
    sameCall: ({ context, event }) => context.asked === JSON.stringify(event),
    /** Somebody else's call came in while one was in hand. */
    interrupted: ({ context, event }) => 'call' in event && event.call !== context.call,
    destroyedTheDoomed: ({ context, event }) => event.type === 'enclave.destroyed' && event.key === context.doomed,
    /** What was to be destroyed is not there: it was destroyed before, and the word about it was lost. */
    alreadyGone: ({ event }) => event.type === 'enclave.refused' && event.fault.code === 'handle_unknown',
    keptTheNewKey: ({ context, event }) => event.type === 'enclave.kept' && event.key === context.made?.key,
  },
  actions: {
    noteCall: assign(({ event }) => {
      assertEvent(event, ['vault.makeKek', 'vault.import', 'vault.destroy'])
      return { asked: JSON.stringify(event), call: event.call, doomed: event.type === 'vault.destroy' ? event.key : null }
    }),
    makeKek: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'vault.makeKek')
      return { type: 'makeKek', name: event.name, bits: event.bits }
    }),
    importTransfer: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'vault.import')
      const { kek, ciphertext, name, kty, crv, operations } = event
      return { type: 'importTransfer', kek, ciphertext, name, kty, crv, operations }
    }),
    destroy: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'vault.destroy')
      return { type: 'destroyKey', key: event.key }
    }),
    noteKek: assign(({ context, event }) => {
      assertEvent(event, 'enclave.kekMade')
      return { made: { ...event, type: 'vaultHsm.kekMade' as const, call: context.call } }
    }),
    noteImported: assign(({ context, event }) => {
      assertEvent(event, 'enclave.imported')
      return { made: { ...event, type: 'vaultHsm.imported' as const, call: context.call } }
    }),
    keep: sendTo('enclave', ({ context }) => ({ type: 'keep', key: context.made?.key })),
    // The enclave may have kept the key already, and its answer be lost.
    destroyMade: sendTo('enclave', ({ context }) => ({ type: 'destroyKey', key: context.made?.key })),
    noteMadeTold: assign(({ context }) => ({ last: context.asked === null || !context.made ? null : { asked: context.asked, answer: context.made } })),
    noteDestroyedTold: assign(({ context }) => ({
      last:
        context.asked === null || context.doomed === null
          ? null
          : { asked: context.asked, answer: { type: 'vaultHsm.destroyed' as const, call: context.call, key: context.doomed } },
    })),
    noteRefusedTold: assign(({ context }) => ({
      last: context.asked === null ? context.last : { asked: context.asked, answer: { type: 'vaultHsm.refused' as const, call: context.call } },
    })),
    tellLast: sendTo('wire', ({ context }) => context.last?.answer ?? { type: 'vaultHsm.refused', call: context.call }),
    tellRefused: sendTo('wire', ({ context }) => ({ type: 'vaultHsm.refused', call: context.call })),
    tellStray: sendTo('wire', ({ event }) => ({ type: 'vaultHsm.refused', call: 'call' in event ? event.call : 0 })),
    close: sendTo('enclave', { type: 'close' }),
    forget: assign(idle),
    reportMade: emit({ type: 'progress', role: 'vaultHsm', step: 'keyKept' }),
    reportDestroyed: emit({ type: 'progress', role: 'vaultHsm', step: 'keyDestroyed' }),
    reportRepeated: emit({ type: 'progress', role: 'vaultHsm', step: 'askedAgain' }),
    reportRefused: emit({ type: 'progress', role: 'vaultHsm', step: 'refused' }),
  },
}).createMachine({
  id: 'byok.vaultHsm',
  description: 'Makes key exchange keys and opens transfer blobs; the private KEK never leaves it.',
  context: { ...idle, last: null },
  invoke: [
    { src: 'wire', id: 'wire' },
    { src: 'enclave', id: 'enclave' },
  ],
  initial: 'waiting',
  states: {
    waiting: {
      description: 'Nothing in hand. A late answer of the enclave finds nothing alive; a stray word is answered.',
      meta: { requirements: ['BYOK-129', 'BYOK-150'] },
      on: {
        'vault.makeKek': [
          {
            guard: 'alreadyAnswered',
            actions: ['tellLast', 'reportRepeated'],
            description: 'the vault did not hear the answer',
            meta: { requirements: ['BYOK-158'] },
          },
          {
            target: 'makingKek',
            actions: ['noteCall', 'makeKek'],
            description: 'the vault wants a key exchange key',
            meta: { requirements: ['BYOK-35'] },
          },
        ],
        'vault.import': [
          {
            guard: 'alreadyAnswered',
            actions: ['tellLast', 'reportRepeated'],
            description: 'the vault did not hear the answer',
            meta: { requirements: ['BYOK-158'] },
          },
          {
            target: 'importing',
            actions: ['noteCall', 'importTransfer'],
            description: 'the vault hands over a blob',
            meta: { requirements: ['BYOK-50'] },
          },
        ],
        'vault.destroy': [
          {
            guard: 'alreadyAnswered',
            actions: ['tellLast', 'reportRepeated'],
            description: 'the vault did not hear the answer',
            meta: { requirements: ['BYOK-158'] },
          },
          {
            target: 'destroying',
            actions: ['noteCall', 'destroy'],
            description: 'the vault disposes of a key',
            meta: { requirements: ['BYOK-32'] },
          },
        ],
        'enclave.*': { actions: 'close', meta: { requirements: ['BYOK-129'] } },
        '*': { actions: 'tellStray', meta: { requirements: ['BYOK-151'] } },
      },
    },
    makingKek: {
      description: 'The enclave makes an RSA key that can do nothing but import, and signs evidence of it.',
      meta: { requirements: ['BYOK-35', 'BYOK-127', 'BYOK-134'] },
      on: {
        'enclave.kekMade': { target: 'keeping', actions: 'noteKek' },
        'vault.*': { guard: 'sameCall', actions: 'reportRepeated', description: 'the vault is impatient', meta: { requirements: ['BYOK-158'] } },
        '*': 'refused',
      },
    },
    importing: {
      description: 'The enclave opens the blob, to the end whatever fails, and forces the attributes of the new key.',
      meta: { requirements: ['BYOK-50', 'BYOK-128', 'BYOK-135'] },
      on: {
        'enclave.imported': { target: 'keeping', actions: 'noteImported' },
        'vault.*': { guard: 'sameCall', actions: 'reportRepeated', description: 'the vault is impatient', meta: { requirements: ['BYOK-158'] } },
        '*': 'refused',
      },
    },
    keeping: {
      description: 'The new key outlives the conversation only from here on.',
      meta: { requirements: ['BYOK-17', 'BYOK-129'] },
      entry: 'keep',
      on: {
        'enclave.kept': { guard: 'keptTheNewKey', target: 'waiting', actions: ['noteMadeTold', 'close', 'tellLast', 'reportMade', 'forget'] },
        'vault.*': { guard: 'sameCall', actions: 'reportRepeated', description: 'the vault is impatient', meta: { requirements: ['BYOK-158'] } },
        '*': { target: 'refused', actions: 'destroyMade', meta: { requirements: ['BYOK-17', 'BYOK-157'] } },
      },
    },
    destroying: {
      description: 'A destroyed handle is dead.',
      meta: { requirements: ['BYOK-32', 'BYOK-130'] },
      on: {
        'enclave.destroyed': {
          guard: 'destroyedTheDoomed',
          target: 'waiting',
          actions: ['noteDestroyedTold', 'tellLast', 'reportDestroyed', 'close', 'forget'],
        },
        'enclave.refused': {
          guard: 'alreadyGone',
          target: 'waiting',
          actions: ['noteDestroyedTold', 'tellLast', 'close', 'forget'],
          meta: { requirements: ['BYOK-130'] },
        },
        'vault.*': { guard: 'sameCall', actions: 'reportRepeated', description: 'the vault is impatient', meta: { requirements: ['BYOK-158'] } },
        '*': 'refused',
      },
    },
    refused: {
      description: 'One refusal for every cause; all that the conversation made is destroyed.',
      meta: { requirements: ['BYOK-16', 'BYOK-50', 'BYOK-129'] },
      entry: ['close', 'noteRefusedTold', 'tellRefused', 'reportRefused'],
      always: [
        {
          guard: 'interrupted',
          target: 'waiting',
          actions: ['tellStray', 'forget'],
          description: 'the other call is answered too',
          meta: { requirements: ['BYOK-150'] },
        },
        { target: 'waiting', actions: 'forget' },
      ],
    },
  },
})
