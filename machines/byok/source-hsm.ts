/**
 * The HSM that owns the target key. It wraps a target only under a KEK that its officer accepted at its own console, and
 * later tells the officer whether the vault imported that very key. A service: it comes back to `waiting`.
 *
 *   waiting ─ tool.wrap ─▶ holdingKek ─▶ expectOfficer ─▶ trustingKek ─▶ wrapping ─▶ waiting
 *      │                        └──────── otherwise ──┴─────────┴────────────┴────▶ refused ─▶ waiting
 *      └─ officer.compare ─▶ comparing ─▶ waiting
 *
 * What a blob looks like is the enclave's business; which KEK to believe is the officer's (`officer.ts`). The tool and
 * the workstation decide nothing here: they belong to the attacker.
 *
 * Spec: spec/byok.md, BYOK-8, BYOK-121, BYOK-126, BYOK-140 to BYOK-142, BYOK-150 to BYOK-153.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { ConsoleToSource, AppSays, ToolToSource } from '../../src/byok/messages.js'
import type { KekProof } from '../../src/byok/policy.js'
import type { EnclaveAnswer, KeyHandle, Kid } from '../../src/enclave/commands.js'
import type { Fault } from '../../src/verdict.js'
import { closedPort } from '../ports.js'
import { blameFor, type Progress } from './common.js'

/** What the HSM is set up with. */
export interface SourceHsmInput {
  /** How a KEK has to be proven before it may wrap anything (assumption A3). */
  readonly kekProof: KekProof
}

interface SourceHsmContext {
  readonly kekProof: KekProof
  readonly kid: Kid | null
  readonly kek: KeyHandle | null
  readonly fingerprint: string | null
  readonly target: string | null
  readonly fault: Fault | null
}

const idle = { kid: null, kek: null, fingerprint: null, target: null, fault: null }

/** See the module text. */
export const sourceHsmMachine = setup({
  types: {
    input: {} as SourceHsmInput,
    context: {} as SourceHsmContext,
    events: {} as ToolToSource | ConsoleToSource | EnclaveAnswer | AppSays,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort, enclave: closedPort, console: closedPort },
  guards: {
    provenEnough: ({ context, event }) => context.kekProof !== 'attested' || (event.type === 'enclave.kekHeld' && event.attested),
    acceptsAnotherKek: ({ context, event }) => event.type === 'officer.acceptKek' && event.kek !== context.kek,
    fingerprintConfirmed: ({ context, event }) =>
      context.kekProof !== 'pinned' || (event.type === 'officer.acceptKek' && event.fingerprint !== null && event.fingerprint === context.fingerprint),
    sameKek: ({ context, event }) => event.type === 'enclave.kekTrusted' && event.kek === context.kek,
  },
  actions: {
    noteRequest: assign(({ event }) => {
      assertEvent(event, 'tool.wrap')
      return { kid: event.kid, target: event.target }
    }),
    holdKek: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'tool.wrap')
      return { type: 'holdKek', kid: event.kid, n: event.n, e: event.e, evidence: event.evidence }
    }),
    noteKek: assign(({ event }) => {
      assertEvent(event, 'enclave.kekHeld')
      return { kek: event.kek, fingerprint: event.fingerprint }
    }),
    offerKek: sendTo('console', ({ context, event }) => {
      assertEvent(event, 'enclave.kekHeld')
      const { bits, fingerprint, attested, attestedVault } = event
      return { type: 'sourceHsm.kekOffered', kek: context.kek, kid: context.kid, bits, fingerprint, attested, attestedVault, target: context.target }
    }),
    trustKek: sendTo('enclave', ({ context }) => ({ type: 'trustKek', kek: context.kek, by: 'officer' })),
    wrap: sendTo('enclave', ({ context }) => ({ type: 'wrapTarget', kek: context.kek, target: context.target })),
    tellWrapped: sendTo('wire', ({ event }) => {
      assertEvent(event, 'enclave.wrapped')
      return { type: 'sourceHsm.wrapped', ciphertext: event.ciphertext, key: event.target.key }
    }),
    tellNoted: sendTo('console', ({ event }) => {
      assertEvent(event, 'enclave.wrapped')
      return { type: 'sourceHsm.noted', target: event.target }
    }),
    noteComparison: assign(({ event }) => {
      assertEvent(event, 'officer.compare')
      return { target: event.target }
    }),
    compare: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'officer.compare')
      return { type: 'compareImported', target: event.target, evidence: event.evidence }
    }),
    tellCompared: sendTo('console', ({ context, event }) => {
      assertEvent(event, 'enclave.compared')
      return { ...event, type: 'sourceHsm.compared', target: context.target }
    }),
    blameProof: assign({ fault: { code: 'kek_not_attested', requirement: 'BYOK-141' } }),
    blameFingerprint: assign({ fault: { code: 'kek_fingerprint_differs', requirement: 'BYOK-142' } }),
    blameOfficer: assign({ fault: { code: 'kek_rejected', requirement: 'BYOK-8' } }),
    blame: assign(({ context, event }) => ({ fault: context.fault ?? blameFor(event) })),
    tellRefused: sendTo('wire', ({ context, event }) => ({ type: 'sourceHsm.refused', fault: context.fault ?? blameFor(event) })),
    tellStopped: sendTo('console', ({ context, event }) => ({ type: 'sourceHsm.stopped', fault: context.fault ?? blameFor(event) })),
    close: sendTo('enclave', { type: 'close' }),
    forget: assign(idle),
    reportOffered: emit({ type: 'progress', role: 'sourceHsm', step: 'kekOffered' }),
    reportWrapped: emit({ type: 'progress', role: 'sourceHsm', step: 'wrapped' }),
    reportCompared: emit({ type: 'progress', role: 'sourceHsm', step: 'compared' }),
    reportRefused: emit({ type: 'progress', role: 'sourceHsm', step: 'refused' }),
  },
}).createMachine({
  id: 'byok.sourceHsm',
  description: 'Wraps a target key under a KEK that the officer accepted, and compares what the vault imported.',
  context: ({ input }) => ({ ...idle, kekProof: input.kekProof }),
  invoke: [
    { src: 'wire', id: 'wire' },
    { src: 'enclave', id: 'enclave' },
    { src: 'console', id: 'console' },
  ],
  initial: 'waiting',
  states: {
    waiting: {
      description: 'Nothing in hand. A late answer of the enclave finds nothing alive; a stray word is answered.',
      meta: { requirements: ['BYOK-150', 'BYOK-129'] },
      on: {
        'tool.wrap': { target: 'holdingKek', actions: ['noteRequest', 'holdKek'], description: 'the tool asks for a wrap', meta: { requirements: ['BYOK-8'] } },
        'officer.compare': {
          target: 'comparing',
          actions: ['noteComparison', 'compare'],
          description: 'the officer brings the evidence of an imported key',
          meta: { requirements: ['BYOK-146'] },
        },
        'officer.*': { actions: 'tellStopped', meta: { requirements: ['BYOK-151'] } },
        'enclave.*': { actions: 'close', meta: { requirements: ['BYOK-129'] } },
        '*': { actions: 'tellRefused', meta: { requirements: ['BYOK-151'] } },
      },
    },
    holdingKek: {
      description: 'The enclave reads the offered public key and judges its evidence.',
      meta: { requirements: ['BYOK-34', 'BYOK-141'] },
      on: {
        'enclave.kekHeld': [
          { guard: 'provenEnough', target: 'expectOfficer', actions: ['noteKek', 'offerKek', 'reportOffered'], meta: { requirements: ['BYOK-140'] } },
          { target: 'refused', actions: 'blameProof', meta: { requirements: ['BYOK-141'] } },
        ],
        '*': 'refused',
      },
    },
    expectOfficer: {
      description: 'The officer looks at vault, size, fingerprint and evidence at the console.',
      meta: { requirements: ['BYOK-7', 'BYOK-8', 'BYOK-142', 'BYOK-143'] },
      on: {
        'officer.acceptKek': [
          // A word about an earlier offer that comes late, while another KEK is shown by now.
          { guard: 'acceptsAnotherKek', target: 'refused', meta: { requirements: ['BYOK-8', 'BYOK-151'] } },
          { guard: 'fingerprintConfirmed', target: 'trustingKek', actions: 'trustKek', meta: { requirements: ['BYOK-121'] } },
          { target: 'refused', actions: 'blameFingerprint', meta: { requirements: ['BYOK-142'] } },
        ],
        'officer.rejectKek': { target: 'refused', actions: 'blameOfficer', meta: { requirements: ['BYOK-8'] } },
        '*': 'refused',
      },
    },
    trustingKek: {
      description: 'The enclave marks the KEK as trusted, by the officer’s word only.',
      meta: { requirements: ['BYOK-121'] },
      on: {
        'enclave.kekTrusted': { guard: 'sameKek', target: 'wrapping', actions: 'wrap', meta: { requirements: ['BYOK-122'] } },
        '*': 'refused',
      },
    },
    wrapping: {
      description: 'One atomic command: the ephemeral key has no life of its own.',
      meta: { requirements: ['BYOK-5', 'BYOK-126'] },
      on: {
        'enclave.wrapped': {
          target: 'waiting',
          actions: ['tellWrapped', 'tellNoted', 'reportWrapped', 'close', 'forget'],
          meta: { requirements: ['BYOK-144', 'BYOK-159'] },
        },
        '*': 'refused',
      },
    },
    comparing: {
      description: 'The enclave judges evidence about the imported key against the target it still holds.',
      meta: { requirements: ['BYOK-21', 'BYOK-146'] },
      on: {
        'enclave.compared': { target: 'waiting', actions: ['tellCompared', 'reportCompared', 'close', 'forget'], meta: { requirements: ['BYOK-146'] } },
        '*': 'refused',
      },
    },
    refused: {
      description: 'Destroys all that the conversation made, tells tool and officer, and waits again.',
      meta: { requirements: ['BYOK-31', 'BYOK-129', 'BYOK-151', 'BYOK-157'] },
      entry: ['blame', 'close', 'tellRefused', 'tellStopped', 'reportRefused', 'forget'],
      always: 'waiting',
    },
  },
})
