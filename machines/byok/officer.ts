/**
 * The security officer at the source HSM: accepts a KEK, notes what was wrapped, looks at what arrived, and only then
 * lets the key be used.
 *
 *   expectOffer ▶ checkKek ─▶ expectNoted ▶ checkNoted ─▶ expectImported ─▶ fetching ─▶ comparing ─▶ checkEvidence
 *        │                        │                                                                       │
 *        │                        └─ nothing to compare (A4) ─▶ confirmed ◀─ enabling ◀─ checkName ◀─ checkOperations ◀─ checkKey
 *        └─ otherwise, in any state ─▶ refused, or distrusted once a key was named
 *
 * The console is trusted, the wire is not: the evidence about the imported key travels over the wire and is judged by
 * the source HSM, and the officer compares what it says with what he noted. Where the vault gives no evidence, the
 * comparison is not available, which is never "passed" (BYOK-149).
 *
 * Spec: spec/byok.md, BYOK-21, BYOK-140 to BYOK-149; spec/threat-model.md, A3, A4.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { AppSays, ClientToOfficer, SourceToConsole, VaultAnswer } from '../../src/byok/messages.js'
import type { KekProof } from '../../src/byok/policy.js'
import type { KeyFacts, Kid, Operation } from '../../src/enclave/commands.js'
import type { Fault } from '../../src/verdict.js'
import { closedPort } from '../ports.js'
import { blameFor, type Outcome, type Progress } from './common.js'

/** What the officer knows beforehand, from the customer and not from the workstation. */
export interface OfficerInput {
  /** How the KEK is proven (assumption A3). */
  readonly kekProof: KekProof
  /** Whether the imported key is compared before it is enabled (assumption A4). */
  readonly compareImported: boolean
  /** The vault that the key is meant for. */
  readonly vault: string
  /** For `pinned`: the KEK's SPKI SHA-256, from a channel that does not end at the vault's front end. */
  readonly fingerprint: string | null
  /** The label of the target key in the source HSM. */
  readonly target: string
  /** The name that the key is to have in the vault. */
  readonly name: string
  /** What the key may be used for in the vault. */
  readonly operations: readonly Operation[]
}

type Offer = Extract<SourceToConsole, { type: 'sourceHsm.kekOffered' }>
type Comparison = Omit<Extract<SourceToConsole, { type: 'sourceHsm.compared' }>, 'type' | 'target'>

interface OfficerContext extends OfficerInput {
  readonly offer: Offer | null
  readonly noted: KeyFacts | null
  readonly kid: Kid | null
  readonly found: Comparison | null
  readonly requests: number
  readonly fault: Fault | null
}

/** What a confirmed ceremony says. */
export interface Confirmed {
  readonly kid: Kid | null
  readonly noted: KeyFacts | null
  /** Whether the vault's key was compared with the source's; in `published` nobody asks for it (A4). */
  readonly compared: boolean
}

/** See the module text. */
export const officerMachine = setup({
  types: {
    input: {} as OfficerInput,
    context: {} as OfficerContext,
    events: {} as SourceToConsole | ClientToOfficer | VaultAnswer | AppSays,
    output: {} as Outcome<Confirmed>,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort, console: closedPort },
  guards: {
    kekAcceptable: ({ context }) => {
      const { offer, kekProof, vault } = context
      if (kekProof === 'none') return true
      return offer?.kid.vault === vault && (kekProof === 'pinned' || offer.attestedVault === vault)
    },
    targetExpected: ({ context }) => context.offer?.target === context.target,
    comparisonAsked: ({ context }) => context.compareImported,
    namedAsNoted: ({ context, event }) => event.type === 'client.imported' && event.kid.name === context.name && event.kid.vault === context.vault,
    answersDisabled: ({ context, event }) =>
      event.type === 'vault.key' &&
      !event.enabled &&
      event.request === requestId(context) &&
      event.kid.name === context.kid?.name &&
      event.kid.version === context.kid.version,
    answersMe: ({ context, event }) =>
      event.type === 'vault.key' && event.request === requestId(context) && event.kid.name === context.kid?.name && event.kid.version === context.kid.version,
    nowEnabled: ({ context, event }) =>
      event.type === 'vault.key' &&
      event.request === requestId(context) &&
      event.enabled &&
      event.kid.name === context.kid?.name &&
      event.kid.version === context.kid.version,
    evidenceGiven: ({ event }) => event.type === 'vault.key' && event.evidence !== null,
    aboutMyTarget: ({ context, event }) => event.type === 'sourceHsm.compared' && event.target === context.target,
    evidenceGenuine: ({ context }) => context.found?.genuine === true,
    keyIsTheSame: ({ context }) => context.found?.sameKey === true,
    operationsAsNoted: ({ context }) =>
      context.operations.every((operation) => context.found?.operations?.includes(operation)) &&
      context.found?.operations?.every((operation) => context.operations.includes(operation)) === true,
    nameAsNoted: ({ context }) => {
      const said = context.found?.kid
      return said?.vault === context.vault && said.name === context.name && said.name === context.kid?.name && said.version === context.kid.version
    },
  },
  actions: {
    noteOffer: assign(({ event }) => {
      assertEvent(event, 'sourceHsm.kekOffered')
      return { offer: event }
    }),
    acceptKek: sendTo('console', ({ context }) => ({
      type: 'officer.acceptKek',
      kek: context.offer?.kek,
      fingerprint: context.kekProof === 'pinned' ? context.fingerprint : null,
    })),
    rejectKek: sendTo('console', { type: 'officer.rejectKek' }),
    noteTarget: assign(({ event }) => {
      assertEvent(event, 'sourceHsm.noted')
      return { noted: event.target }
    }),
    noteImported: assign(({ event }) => {
      assertEvent(event, 'client.imported')
      return { kid: event.kid }
    }),
    countRequest: assign(({ context }) => ({ requests: context.requests + 1 })),
    askKey: sendTo('wire', ({ context }) => ({ type: 'officer.getKey', request: requestId(context), name: context.kid?.name, version: context.kid?.version })),
    compare: sendTo('console', ({ context, event }) => {
      assertEvent(event, 'vault.key')
      return { type: 'officer.compare', target: context.target, evidence: event.evidence }
    }),
    noteComparison: assign(({ event }) => {
      assertEvent(event, 'sourceHsm.compared')
      const { genuine, sameKey, kid, operations } = event
      return { found: { genuine, sameKey, kid, operations } }
    }),
    askEnable: sendTo('wire', ({ context }) => ({ ...switchOf(context), enabled: true })),
    // Whatever went wrong, a key that was not confirmed must not be used (BYOK-21). The order may be lost; the refusal stands.
    askDisable: sendTo('wire', ({ context }) => ({ ...switchOf(context), enabled: false })),
    tellConfirmed: sendTo('wire', ({ context }) => ({ type: 'officer.confirmed', kid: context.kid })),
    tellRefused: sendTo('wire', ({ context }) => ({ type: 'officer.refused', fault: context.fault })),
    blameKek: assign({ fault: { code: 'kek_vault_differs', requirement: 'BYOK-143' } }),
    blameTarget: assign({ fault: { code: 'target_differs', requirement: 'BYOK-144' } }),
    blameNamed: assign({ fault: { code: 'imported_name_differs', requirement: 'BYOK-147' } }),
    blameEnabled: assign({ fault: { code: 'imported_already_enabled', requirement: 'BYOK-145' } }),
    blameUnavailable: assign({ fault: { code: 'comparison_not_available', requirement: 'BYOK-149' } }),
    blameEvidence: assign({ fault: { code: 'imported_evidence_not_genuine', requirement: 'BYOK-135' } }),
    blameKey: assign(({ context }) => ({
      fault:
        context.found?.sameKey === null
          ? { code: 'comparison_not_available', requirement: 'BYOK-149' }
          : { code: 'imported_key_differs', requirement: 'BYOK-146' },
    })),
    blameOperations: assign({ fault: { code: 'imported_operations_differ', requirement: 'BYOK-147' } }),
    blameName: assign({ fault: { code: 'imported_name_differs', requirement: 'BYOK-147' } }),
    blame: assign(({ context, event }) => ({ fault: context.fault ?? blameFor(event) })),
    reportAccepted: emit({ type: 'progress', role: 'officer', step: 'kekAccepted' }),
    reportCompared: emit({ type: 'progress', role: 'officer', step: 'compared' }),
    reportConfirmed: emit({ type: 'progress', role: 'officer', step: 'confirmed' }),
    reportRefused: emit({ type: 'progress', role: 'officer', step: 'refused' }),
  },
}).createMachine({
  id: 'byok.officer',
  description: 'Accepts the KEK, compares what the vault imported, enables the key.',
  context: ({ input }) => ({ ...input, offer: null, noted: null, kid: null, found: null, requests: 0, fault: null }),
  invoke: [
    { src: 'wire', id: 'wire' },
    { src: 'console', id: 'console' },
  ],
  initial: 'expectOffer',
  states: {
    expectOffer: {
      description: 'The source HSM shows a KEK at its console.',
      meta: { requirements: ['BYOK-7', 'BYOK-8'] },
      on: {
        'sourceHsm.kekOffered': {
          target: 'checkKek',
          actions: 'noteOffer',
          description: 'the HSM shows vault, size and fingerprint',
          meta: { requirements: ['BYOK-8'] },
        },
        '*': 'refused',
      },
    },
    checkKek: {
      description: 'The officer compares the vault, not only that the KEK is genuine: an attacker has a genuine vault too.',
      meta: { requirements: ['BYOK-141', 'BYOK-142', 'BYOK-143'] },
      always: [
        { guard: 'kekAcceptable', target: 'checkTarget', meta: { requirements: ['BYOK-143'] } },
        { target: 'refused', actions: ['blameKek', 'rejectKek'], meta: { requirements: ['BYOK-143'] } },
      ],
    },
    checkTarget: {
      description: 'Is this the key that is to travel?',
      meta: { requirements: ['BYOK-144'] },
      always: [
        { guard: 'targetExpected', target: 'expectNoted', actions: ['acceptKek', 'reportAccepted'], meta: { requirements: ['BYOK-121'] } },
        { target: 'refused', actions: ['blameTarget', 'rejectKek'], meta: { requirements: ['BYOK-144'] } },
      ],
    },
    expectNoted: {
      description: 'The HSM tells what it wrapped; the officer notes it down.',
      meta: { requirements: ['BYOK-144'] },
      on: {
        'sourceHsm.noted': [
          { guard: 'comparisonAsked', target: 'expectImported', actions: 'noteTarget', meta: { requirements: ['BYOK-144'] } },
          { target: 'confirmed', actions: 'noteTarget', meta: { requirements: ['BYOK-161'] } },
        ],
        '*': 'refused',
      },
    },
    expectImported: {
      description: 'The client says under which kid the key is said to be.',
      meta: { requirements: ['BYOK-145'] },
      on: {
        'client.imported': [
          { guard: 'namedAsNoted', target: 'fetching', actions: 'noteImported', meta: { requirements: ['BYOK-146'] } },
          // Another key is none of this officer's business, and gets no order from him either.
          { target: 'refused', actions: 'blameNamed', meta: { requirements: ['BYOK-147'] } },
        ],
        '*': 'refused',
      },
    },
    fetching: {
      description: 'The officer asks the vault for the key and its evidence.',
      meta: { requirements: ['BYOK-135', 'BYOK-146'] },
      entry: ['countRequest', 'askKey'],
      on: {
        'vault.key': [
          { guard: 'answersDisabled', target: 'checkAnswer', meta: { requirements: ['BYOK-145'] } },
          // A version that is in use already is not what this import made; it is left alone.
          { guard: 'answersMe', target: 'refused', actions: 'blameEnabled', meta: { requirements: ['BYOK-145'] } },
        ],
        '*': 'refused',
      },
    },
    checkAnswer: {
      description: 'Without evidence there is nothing to compare.',
      meta: { requirements: ['BYOK-149'] },
      always: [
        { guard: 'evidenceGiven', target: 'comparing', actions: 'compare', meta: { requirements: ['BYOK-146'] } },
        { target: 'distrusted', actions: 'blameUnavailable', meta: { requirements: ['BYOK-149'] } },
      ],
    },
    comparing: {
      description: 'The source HSM judges the evidence against the key that it holds.',
      meta: { requirements: ['BYOK-21', 'BYOK-146'] },
      on: {
        'sourceHsm.compared': {
          guard: 'aboutMyTarget',
          target: 'checkEvidence',
          actions: ['noteComparison', 'reportCompared'],
          meta: { requirements: ['BYOK-146'] },
        },
        '*': 'distrusted',
      },
    },
    checkEvidence: {
      description: 'Signed by a vault HSM that the source HSM knows.',
      meta: { requirements: ['BYOK-135'] },
      always: [
        { guard: 'evidenceGenuine', target: 'checkKey' },
        { target: 'distrusted', actions: 'blameEvidence', meta: { requirements: ['BYOK-135'] } },
      ],
    },
    checkKey: {
      description: 'The public part, or the check value, is the target’s.',
      meta: { requirements: ['BYOK-21', 'BYOK-146', 'BYOK-149'] },
      always: [
        { guard: 'keyIsTheSame', target: 'checkOperations' },
        { target: 'distrusted', actions: 'blameKey', meta: { requirements: ['BYOK-146', 'BYOK-149'] } },
      ],
    },
    checkOperations: {
      description: 'The key may do what was noted, no more and no less.',
      meta: { requirements: ['BYOK-18', 'BYOK-147'] },
      always: [
        { guard: 'operationsAsNoted', target: 'checkName' },
        { target: 'distrusted', actions: 'blameOperations', meta: { requirements: ['BYOK-147'] } },
      ],
    },
    checkName: {
      description: 'It lies in the right vault, under the right name, and is the version that the client named.',
      meta: { requirements: ['BYOK-143', 'BYOK-147'] },
      always: [
        { guard: 'nameAsNoted', target: 'enabling', meta: { requirements: ['BYOK-148'] } },
        { target: 'distrusted', actions: 'blameName', meta: { requirements: ['BYOK-147'] } },
      ],
    },
    enabling: {
      description: 'Only now may the key be used.',
      meta: { requirements: ['BYOK-148'] },
      entry: ['countRequest', 'askEnable'],
      on: {
        'vault.key': { guard: 'nowEnabled', target: 'confirmed', actions: 'tellConfirmed', meta: { requirements: ['BYOK-148'] } },
        '*': 'distrusted',
      },
    },
    confirmed: { type: 'final', description: 'The ceremony is over.', meta: { requirements: ['BYOK-160'] }, entry: 'reportConfirmed' },
    distrusted: {
      type: 'final',
      description: 'A key was named and not confirmed: it is ordered to be disabled, and the client is told why.',
      meta: { requirements: ['BYOK-21', 'BYOK-148', 'BYOK-150', 'BYOK-160'] },
      entry: ['blame', 'countRequest', 'askDisable', 'tellRefused', 'reportRefused'],
    },
    refused: {
      type: 'final',
      description: 'Nothing was imported as far as the officer knows; the client is told why.',
      meta: { requirements: ['BYOK-150', 'BYOK-160'] },
      entry: ['blame', 'tellRefused', 'reportRefused'],
    },
  },
  output: ({ context }) =>
    context.fault ? { ok: false, fault: context.fault } : { ok: true, kid: context.kid, noted: context.noted, compared: context.found !== null },
})

const requestId = (context: OfficerContext) => `officer-${context.name}-${context.requests}`

const switchOf = (context: OfficerContext) => ({
  type: 'officer.setEnabled' as const,
  request: requestId(context),
  name: context.kid?.name ?? '',
  version: context.kid?.version ?? '',
})
