/**
 * The customer's client, online at the vault: creates the KEK, fetches it, has the target wrapped, uploads the file.
 *
 *   start ─▶ creatingKek ─▶ fetchingKek ─▶ expectFile ─▶ looking ─▶ importing ─▶ imported ─▶ expectOfficer ─▶ settled ─▶ disposing ─▶ done
 *     └── the KEK exists ──────▲                          │   ▲                                        └── keep the KEK ──▲
 *                                                 timeout ▼   │ not there, once
 *                                                        asking ─ it is there ─▶ imported
 *     otherwise, in any state ─▶ undoing (this run made a KEK: order it deleted) ─▶ refused
 *
 * After a lost answer it asks before it sends anything again (BYOK-158). It decides nothing that matters: the
 * workstation belongs to the attacker.
 *
 * Spec: spec/byok.md, BYOK-7, BYOK-30, BYOK-32, BYOK-100 to BYOK-102, BYOK-158, BYOK-159.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { AppSays, OfficerToClient, TargetKty, ToolToClient, VaultAnswer } from '../../src/byok/messages.js'
import type { Curve } from '../../src/crypto/keys.js'
import type { Kid, Operation, PublicPart } from '../../src/enclave/commands.js'
import type { Fault } from '../../src/verdict.js'
import { closedPort } from '../ports.js'
import { blameFor, type Outcome, type Progress } from './common.js'

/** What the customer wants. */
export interface ClientInput {
  /** The KEK to use: a new one, or a version that exists. */
  readonly kek: { readonly name: string; readonly bits: number; readonly expires: number | null } | Kid
  /** Whether the KEK is deleted after this transfer (BYOK-32). */
  readonly disposeKek: boolean
  /** The label of the target key in the source HSM. */
  readonly target: string
  /** The name that the key is to have in the vault. */
  readonly name: string
  readonly kty: TargetKty
  readonly crv: Curve | null
  readonly operations: readonly Operation[]
  /** Whether the key is usable at once; a `hardened` import starts disabled (assumption A4). */
  readonly enabled: boolean
  /** Whether an officer compares and enables the key before the client is done (assumption A4). */
  readonly expectOfficer: boolean
}

interface ClientContext extends ClientInput {
  readonly requests: number
  /** The KEK version in use, once it is known. */
  readonly kekKid: Kid | null
  readonly madeKek: boolean
  readonly file: string | null
  readonly expected: PublicPart | null
  /** The newest version under the target's name before the import; the import made another one. */
  readonly before: string | null
  readonly retried: boolean
  readonly kid: Kid | null
  readonly kekDisposed: boolean
  readonly fault: Fault | null
}

/** What a finished transfer says. */
export interface Transferred {
  readonly kid: Kid
  readonly kek: Kid
  readonly kekDisposed: boolean
}

/** See the module text. */
export const clientMachine = setup({
  types: {
    input: {} as ClientInput,
    context: {} as ClientContext,
    events: {} as VaultAnswer | ToolToClient | OfficerToClient | AppSays,
    output: {} as Outcome<Transferred>,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort },
  guards: {
    kekExists: ({ context }) => context.kekKid !== null,
    answersMe: ({ context, event }) => 'request' in event && event.request === requestId(context),
    isKek: ({ context, event }) =>
      event.type === 'vault.key' &&
      event.request === requestId(context) &&
      event.key.kty === 'RSA' &&
      event.operations.length === 1 &&
      event.operations[0] === 'import' &&
      event.kid.name === context.kek.name &&
      (context.kekKid === null || event.kid.version === context.kekKid.version),
    isTheImport: ({ context, event }) =>
      event.type === 'vault.key' && event.request === requestId(context) && event.kid.version !== context.before && samePublic(event.key, context.expected),
    nothingThere: ({ context, event }) => event.type === 'vault.error' && event.request === requestId(context) && event.status === 404,
    notThereYet: ({ context, event }) => event.type === 'vault.error' && event.request === requestId(context) && event.status === 404 && !context.retried,
    stillTheOldOne: ({ context, event }) =>
      event.type === 'vault.key' && event.request === requestId(context) && event.kid.version === context.before && !context.retried,
    officerExpected: ({ context }) => context.expectOfficer,
    confirmsMine: ({ context, event }) =>
      event.type === 'officer.confirmed' && event.kid.name === context.kid?.name && event.kid.version === context.kid.version,
    kekToDispose: ({ context }) => context.disposeKek,
    kekMadeHere: ({ context }) => context.madeKek,
    waitedForDeletion: ({ context, event }) => event.type === 'vault.deleted' && event.request === requestId(context),
  },
  actions: {
    countRequest: assign(({ context }) => ({ requests: context.requests + 1 })),
    askCreate: sendTo('wire', ({ context }) => {
      const { name, bits, expires } = context.kek as Extract<ClientInput['kek'], { bits: number }>
      return { type: 'client.createKek', request: requestId(context), name, bits, operations: ['import'], expires }
    }),
    noteMade: assign(({ event }) => {
      assertEvent(event, 'vault.key')
      return { kekKid: event.kid, madeKek: true }
    }),
    askKek: sendTo('wire', ({ context }) => ({ type: 'client.getKey', request: requestId(context), name: context.kek.name, version: context.kekKid?.version })),
    handKek: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'vault.key')
      const { n, e } = event.key as Extract<PublicPart, { kty: 'RSA' }>
      return { type: 'client.kek', kid: event.kid, n, e, operations: event.operations, evidence: event.evidence, target: context.target }
    }),
    noteFile: assign(({ event }) => {
      assertEvent(event, 'tool.file')
      return { file: event.file, expected: event.key }
    }),
    noteBefore: assign(({ event }) => {
      assertEvent(event, 'vault.key')
      return { before: event.kid.version }
    }),
    askImport: sendTo('wire', ({ context }) => {
      const { name, kty, crv, operations, enabled, file } = context
      return { type: 'client.importKey', request: requestId(context), name, kty, crv, operations, enabled, file }
    }),
    askWhether: sendTo('wire', ({ context }) => ({ type: 'client.getKey', request: requestId(context), name: context.name, version: null })),
    noteRetry: assign({ retried: true }),
    noteImported: assign(({ event }) => {
      assertEvent(event, 'vault.key')
      return { kid: event.kid }
    }),
    tellOfficer: sendTo('wire', ({ context }) => ({ type: 'client.imported', kid: context.kid })),
    askDispose: sendTo('wire', ({ context }) => ({ type: 'client.deleteKek', request: requestId(context), name: context.kek.name })),
    noteDisposed: assign({ kekDisposed: true }),
    blame: assign(({ context, event }) => ({ fault: context.fault ?? (event.type === 'vault.error' ? VAULT_REFUSED : blameFor(event)) })),
    tellGaveUp: sendTo('wire', { type: 'client.gaveUp' }),
    reportStale: emit({ type: 'progress', role: 'client', step: 'staleAnswer' }),
    reportKek: emit({ type: 'progress', role: 'client', step: 'kekFetched' }),
    reportFile: emit({ type: 'progress', role: 'client', step: 'fileReceived' }),
    reportImported: emit({ type: 'progress', role: 'client', step: 'imported' }),
    reportDone: emit({ type: 'progress', role: 'client', step: 'done' }),
    reportRefused: emit({ type: 'progress', role: 'client', step: 'refused' }),
  },
}).createMachine({
  id: 'byok.client',
  description: 'Creates a KEK, has a target wrapped for it, and imports the transfer file.',
  context: ({ input }) => ({
    ...input,
    requests: 0,
    kekKid: 'version' in input.kek ? input.kek : null,
    madeKek: false,
    file: null,
    expected: null,
    before: null,
    retried: false,
    kid: null,
    kekDisposed: false,
    fault: null,
  }),
  invoke: [{ src: 'wire', id: 'wire' }],
  initial: 'start',
  states: {
    start: {
      description: 'A new KEK, or one that exists?',
      meta: { requirements: ['BYOK-7'] },
      always: [{ guard: 'kekExists', target: 'fetchingKek' }, { target: 'creatingKek' }],
    },
    creatingKek: {
      description: 'The vault is asked for a key exchange key.',
      meta: { requirements: ['BYOK-35', 'BYOK-100'] },
      entry: ['countRequest', 'askCreate'],
      on: {
        'vault.key': { guard: 'isKek', target: 'fetchingKek', actions: 'noteMade', meta: { requirements: ['BYOK-107'] } },
        '*': 'undoing',
      },
    },
    fetchingKek: {
      description: 'The public KEK is fetched, with the evidence that the vault has of it.',
      meta: { requirements: ['BYOK-9', 'BYOK-101', 'BYOK-134'] },
      entry: ['countRequest', 'askKek'],
      on: {
        'vault.key': { guard: 'isKek', target: 'expectFile', actions: ['handKek', 'reportKek'], meta: { requirements: ['BYOK-9'] } },
        '*': 'undoing',
      },
    },
    expectFile: {
      description: 'Tool, source HSM and officer are at work.',
      meta: { requirements: ['BYOK-7'] },
      on: {
        'tool.file': { target: 'looking', actions: ['noteFile', 'reportFile'], meta: { requirements: ['BYOK-98'] } },
        '*': 'undoing',
      },
    },
    looking: {
      description: 'What lies under the name now? Without knowing, a lost answer could not be told from an import that failed.',
      meta: { requirements: ['BYOK-30', 'BYOK-158'] },
      entry: ['countRequest', 'askWhether'],
      on: {
        'vault.key': { guard: 'answersMe', target: 'importing', actions: 'noteBefore', meta: { requirements: ['BYOK-25'] } },
        'vault.error': { guard: 'nothingThere', target: 'importing', meta: { requirements: ['BYOK-158'] } },
        '*': 'undoing',
      },
    },
    importing: {
      description: 'The file is uploaded, byte for byte.',
      meta: { requirements: ['BYOK-102', 'BYOK-106'] },
      entry: ['countRequest', 'askImport'],
      on: {
        'vault.key': [
          { guard: 'isTheImport', target: 'imported', actions: 'noteImported', meta: { requirements: ['BYOK-107'] } },
          { guard: 'answersMe', target: 'undoing', meta: { requirements: ['BYOK-21'] } },
          { actions: 'reportStale', meta: { requirements: ['BYOK-158'] } },
        ],
        'app.timeout': { target: 'asking', description: 'the answer is lost', meta: { requirements: ['BYOK-30', 'BYOK-158'] } },
        '*': 'undoing',
      },
    },
    asking: {
      description: 'Was it imported? Asked before anything is sent again.',
      meta: { requirements: ['BYOK-30', 'BYOK-158'] },
      entry: ['countRequest', 'askWhether'],
      on: {
        'vault.key': [
          { guard: 'isTheImport', target: 'imported', actions: 'noteImported', meta: { requirements: ['BYOK-158'] } },
          { guard: 'stillTheOldOne', target: 'importing', actions: 'noteRetry', meta: { requirements: ['BYOK-30'] } },
          { guard: 'answersMe', target: 'undoing', meta: { requirements: ['BYOK-21'] } },
          { actions: 'reportStale', meta: { requirements: ['BYOK-158'] } },
        ],
        'vault.error': [
          { guard: 'notThereYet', target: 'importing', actions: 'noteRetry', meta: { requirements: ['BYOK-30'] } },
          { guard: 'answersMe', target: 'undoing' },
          { actions: 'reportStale', meta: { requirements: ['BYOK-158'] } },
        ],
        '*': 'undoing',
      },
    },
    imported: {
      description: 'The key is in the vault.',
      meta: { requirements: ['BYOK-145'] },
      entry: 'reportImported',
      always: [
        { guard: 'officerExpected', target: 'expectOfficer', actions: 'tellOfficer', meta: { requirements: ['BYOK-146'] } },
        { target: 'settled', meta: { requirements: ['BYOK-161'] } },
      ],
    },
    expectOfficer: {
      description: 'The officer compares and enables; until then the key cannot be used.',
      meta: { requirements: ['BYOK-146', 'BYOK-148'] },
      on: {
        'officer.confirmed': { guard: 'confirmsMine', target: 'settled', meta: { requirements: ['BYOK-148'] } },
        '*': 'undoing',
      },
    },
    settled: {
      description: 'Does the KEK serve another transfer?',
      meta: { requirements: ['BYOK-32', 'BYOK-159'] },
      always: [{ guard: 'kekToDispose', target: 'disposing' }, { target: 'done' }],
    },
    disposing: {
      description: 'The KEK is deleted; blobs made for it open nowhere any more.',
      meta: { requirements: ['BYOK-32', 'BYOK-159'] },
      entry: ['countRequest', 'askDispose'],
      on: {
        'vault.deleted': { guard: 'waitedForDeletion', target: 'done', actions: 'noteDisposed', meta: { requirements: ['BYOK-159'] } },
        // The key is in place all the same; the output says that the KEK is not known to be gone.
        '*': 'done',
      },
    },
    done: { type: 'final', description: 'The key has arrived.', meta: { requirements: ['BYOK-160'] }, entry: 'reportDone' },
    undoing: {
      description: 'What this run made is taken back: a KEK that it created is ordered to be deleted.',
      meta: { requirements: ['BYOK-31', 'BYOK-159'] },
      entry: ['blame', 'countRequest'],
      always: [{ guard: 'kekMadeHere', target: 'refused', actions: 'askDispose', meta: { requirements: ['BYOK-159'] } }, { target: 'refused' }],
    },
    refused: {
      type: 'final',
      description: 'The officer is told that nothing more will come.',
      meta: { requirements: ['BYOK-31', 'BYOK-150', 'BYOK-160'] },
      entry: ['tellGaveUp', 'reportRefused'],
    },
  },
  output: ({ context }) =>
    context.kid !== null && context.kekKid !== null && context.fault === null
      ? { ok: true, kid: context.kid, kek: context.kekKid, kekDisposed: context.kekDisposed }
      : { ok: false, fault: context.fault ?? { code: 'out_of_turn', requirement: 'BYOK-151' } },
})

const VAULT_REFUSED: Fault = { code: 'vault_refused', requirement: 'BYOK-114' }

const requestId = (context: ClientContext) => `client-${context.name}-${context.requests}`

/** Octet keys have no public part: the client can only see that it is one. */
const samePublic = (a: PublicPart, b: PublicPart | null) =>
  (a.kty === 'RSA' && b?.kty === 'RSA' && a.n === b.n && a.e === b.e) ||
  (a.kty === 'EC' && b?.kty === 'EC' && a.x === b.x && a.y === b.y) ||
  (a.kty === 'oct' && b?.kty === 'oct')
