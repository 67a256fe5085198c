/**
 * The key vault's front end: keeps the records of keys and their versions, judges what may be judged without opening a
 * blob, and asks the HSM behind it for the rest. Holds no secret, so it has no enclave. A service.
 *
 *   waiting ─ client.createKek ─▶ makingKek ─ vaultHsm.kekMade ─▶ waiting
 *      ├──── client.importKey ──▶ checkTarget ▶ checkFile ▶ checkVault ▶ checkKek ▶ importing ─ vaultHsm.imported ─▶ waiting
 *      ├──── client.deleteKek ──▶ destroyingKek ─ vaultHsm.destroyed ─▶ waiting
 *      ├──── client.getKey, officer.getKey, officer.setEnabled ─▶ answered at once
 *      └─ otherwise, in any state ─▶ refused ─▶ waiting          (each way back leads through tidying)
 *
 * Everything from an unreadable file to a KEK that is disabled, expired, foreign or unknown, and to what the HSM refused,
 * is answered with one and the same refusal (BYOK-114).
 *
 * Spec: spec/byok.md, chapters on KEK, REST and roles.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { AppSays, ClockSays, HsmToVault, OfficerToVault, VaultHearsClient, VaultToHsm } from '../../src/byok/messages.js'
import type { KeyHandle } from '../../src/enclave/commands.js'
import { TARGET_OPERATIONS } from '../../src/enclave/kinds.js'
import { closedPort } from '../ports.js'
import type { Progress } from './common.js'
import { added, bringsOrphan, find, keyAnswer, NOT_FOUND, switched, versionsOf, without, type KeyRecords, type KeyVersion } from './vault-records.js'

/** What a vault is set up with. */
export interface VaultInput {
  /** Its own normalised origin, for example `https://contoso.vault.azure.net`. */
  readonly vault: string
  /** Imported keys start disabled, whatever the request says (assumption A4). */
  readonly importDisabled: boolean
  /** Whether it takes octet keys: a Managed HSM does (BYOK-68). */
  readonly takesOct: boolean
  /** Unix seconds at the start; moves by `app.clock` only (BYOK-24). */
  readonly now: number
}

interface VaultContext extends VaultInput {
  readonly keys: KeyRecords
  /** The request in hand. */
  readonly asked: VaultHearsClient | OfficerToVault | null
  /** The call to the HSM in hand, and how many there were. */
  readonly call: VaultToHsm | null
  readonly calls: number
  /** Whether the call in hand was sent a second time. */
  readonly repeated: boolean
  /** Keys that the HSM made too late; ordered destroyed until it says that they are gone. */
  readonly orphans: readonly KeyHandle[]
}

type Hears = VaultHearsClient | OfficerToVault | HsmToVault | AppSays | ClockSays

const BAD_TRANSFER = { status: 400, code: 'BadParameter', message: 'The key transfer blob is not valid.' }
const BAD_REQUEST = { status: 400, code: 'BadParameter', message: 'The request is not valid for this key type or vault.' }
const HSM_FAILED = { status: 500, code: 'InternalServerError', message: 'The vault could not carry out the request; nothing was changed.' }
const OUT_OF_TURN = { status: 409, code: 'Conflict', message: 'The vault was not waiting for this.' }

/** See the module text. */
export const vaultMachine = setup({
  types: {
    input: {} as VaultInput,
    context: {} as VaultContext,
    events: {} as Hears,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort },
  guards: {
    kekWellAsked: ({ context, event }) =>
      event.type === 'client.createKek' &&
      [2048, 3072, 4096].includes(event.bits) &&
      event.operations.length === 1 &&
      event.operations[0] === 'import' &&
      // One KEK to a name, and no target under it: deleting the one must not take another along.
      versionsOf(context.keys, event.name).length === 0,
    versionKnown: ({ context, event }) =>
      (event.type === 'officer.setEnabled' || event.type === 'officer.getKey') && find(context.keys, event.name, event.version) !== undefined,
    kekKnown: ({ context, event }) => event.type === 'client.deleteKek' && find(context.keys, event.name, null)?.kek === true,
    targetAllowed: ({ context }) => {
      const asked = context.asked
      if (asked?.type !== 'client.importKey' || (asked.kty === 'oct' && !context.takesOct) || find(context.keys, asked.name, null)?.kek === true) return false
      return (
        (asked.crv !== null) === (asked.kty === 'EC') &&
        asked.operations.length > 0 &&
        asked.operations.every((operation, index) => TARGET_OPERATIONS[asked.kty].includes(operation) && asked.operations.indexOf(operation) === index)
      )
    },
    fileReadable: ({ context }) => context.asked?.type === 'client.importKey' && context.asked.transfer !== null,
    ownVault: ({ context }) => context.asked?.type === 'client.importKey' && context.asked.transfer?.kek.vault === context.vault,
    kekUsable: ({ context }) => {
      if (context.asked?.type !== 'client.importKey' || !context.asked.transfer) return false
      const kek = find(context.keys, context.asked.transfer.kek.name, context.asked.transfer.kek.version)
      return kek !== undefined && kek.kek && kek.enabled && (kek.expires === null || context.now < kek.expires)
    },
    answersCall: ({ context, event }) => 'call' in event && event.call === context.calls,
    late: ({ context, event }) => 'call' in event && event.call !== context.calls,
    lateKey: ({ context, event }) => 'call' in event && event.call !== context.calls && bringsOrphan(context.keys, event),
    unrecordedKey: ({ context, event }) => 'call' in event && bringsOrphan(context.keys, event),
    orphanGone: ({ context, event }) => event.type === 'vaultHsm.destroyed' && context.orphans.includes(event.key),
    orphansLeft: ({ context }) => context.orphans.length > 0,
    notYetRepeated: ({ context }) => !context.repeated,
    /** Somebody else asked while a call was in hand. */
    interrupted: ({ context, event }) => requestOf(event) !== undefined && requestOf(event) !== context.asked?.request,
    destroyedTheKek: ({ context, event }) =>
      event.type === 'vaultHsm.destroyed' && context.asked?.type === 'client.deleteKek' && find(context.keys, context.asked.name, null)?.handle === event.key,
  },
  actions: {
    noteAsked: assign(({ event }) => {
      assertEvent(event, ['client.createKek', 'client.importKey', 'client.deleteKek'])
      return { asked: event }
    }),
    // What is asked of the HSM is kept, so that it can be asked again, word for word, when no answer comes.
    prepareKek: assign(({ context, event }) => {
      assertEvent(event, 'client.createKek')
      return callOf(context, { type: 'vault.makeKek', call: context.calls + 1, name: event.name, bits: event.bits })
    }),
    prepareImport: assign(({ context }) => {
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.importKey' }>
      const { kek, ciphertext } = asked.transfer!
      const { name, kty, crv, operations } = asked
      const { handle } = find(context.keys, kek.name, kek.version)!
      return callOf(context, { type: 'vault.import', call: context.calls + 1, kek: handle, ciphertext, name, kty, crv, operations })
    }),
    prepareDestroy: assign(({ context, event }) => {
      assertEvent(event, 'client.deleteKek')
      return callOf(context, { type: 'vault.destroy', call: context.calls + 1, key: find(context.keys, event.name, null)!.handle })
    }),
    askHsm: sendTo('wire', ({ context }) => context.call!),
    noteRepeat: assign({ repeated: true }),
    noteOrphan: assign(({ context, event }) => {
      assertEvent(event, ['vaultHsm.kekMade', 'vaultHsm.imported'])
      return { orphans: [...context.orphans.filter((key) => key !== event.key), event.key] }
    }),
    dropOrphan: assign(({ context, event }) => {
      assertEvent(event, 'vaultHsm.destroyed')
      return { orphans: context.orphans.filter((key) => key !== event.key) }
    }),
    // Not one of the counted calls: nobody waits for its answer, and it is said again after the next request.
    orderOrphan: sendTo('wire', ({ context }) => ({ type: 'vault.destroy', call: 0, key: context.orphans[0] })),
    recordKek: assign(({ context, event }) => {
      assertEvent(event, 'vaultHsm.kekMade')
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.createKek' }>
      const { key: handle, version, n, e, evidence } = event
      const record: KeyVersion = {
        version,
        handle,
        kek: true,
        key: { kty: 'RSA', n, e },
        operations: ['import'],
        enabled: true,
        expires: asked.expires,
        evidence,
      }
      return { keys: added(context.keys, asked.name, record) }
    }),
    recordImported: assign(({ context, event }) => {
      assertEvent(event, 'vaultHsm.imported')
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.importKey' }>
      const { key: handle, version, facts, evidence } = event
      const enabled = asked.enabled && !context.importDisabled
      const record: KeyVersion = { version, handle, kek: false, key: facts.key, operations: facts.operations, enabled, expires: null, evidence }
      return { keys: added(context.keys, asked.name, record) }
    }),
    setEnabled: assign(({ context, event }) => {
      assertEvent(event, 'officer.setEnabled')
      return { keys: switched(context.keys, event.name, event.version, event.enabled) }
    }),
    dropKek: assign(({ context }) => ({ keys: without(context.keys, context.asked?.name ?? '') })),
    tellKey: sendTo('wire', ({ context, event }) => {
      assertEvent(event, ['client.getKey', 'officer.getKey', 'officer.setEnabled'])
      return keyAnswer(context.keys, context.vault, event.request, event.name, event.version)
    }),
    tellNewKey: sendTo('wire', ({ context }) => {
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.createKek' | 'client.importKey' }>
      return keyAnswer(context.keys, context.vault, asked.request, asked.name, null)
    }),
    tellDeleted: sendTo('wire', ({ context }) => {
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.deleteKek' }>
      return { type: 'vault.deleted', request: asked.request, name: asked.name }
    }),
    tellBadRequest: sendTo('wire', ({ context, event }) => ({
      type: 'vault.error',
      request: requestOf(event) ?? context.asked?.request ?? '',
      ...BAD_REQUEST,
    })),
    tellNotFound: sendTo('wire', ({ event }) => ({ type: 'vault.error', request: requestOf(event) ?? '', ...NOT_FOUND })),
    tellOutOfTurn: sendTo('wire', ({ event }) => ({ type: 'vault.error', request: requestOf(event) ?? '', ...OUT_OF_TURN })),
    // The call in hand gets the uniform refusal; a call that came in between is answered too, so nobody is left asking.
    tellRefused: sendTo('wire', ({ context }) => ({
      type: 'vault.error',
      request: context.asked?.request ?? '',
      ...(context.asked?.type === 'client.importKey' ? BAD_TRANSFER : HSM_FAILED),
    })),
    tellIntruder: sendTo('wire', ({ event }) => ({ type: 'vault.error', request: requestOf(event) ?? '', ...OUT_OF_TURN })),
    setClock: assign(({ context, event }) => {
      assertEvent(event, 'app.clock')
      return { now: Math.max(context.now, event.now) }
    }),
    forget: assign({ asked: null, call: null, repeated: false }),
    reportKek: emit({ type: 'progress', role: 'vault', step: 'kekCreated' }),
    reportImported: emit({ type: 'progress', role: 'vault', step: 'keyImported' }),
    reportDeleted: emit({ type: 'progress', role: 'vault', step: 'kekDeleted' }),
    reportRefused: emit({ type: 'progress', role: 'vault', step: 'refused' }),
    reportRepeated: emit({ type: 'progress', role: 'vault', step: 'askedAgain' }),
    reportLate: emit({ type: 'progress', role: 'vault', step: 'lateAnswer' }),
  },
}).createMachine({
  id: 'byok.vault',
  description: 'The front end of a key vault: records, policy, and one refusal for every fault of a transfer blob.',
  context: ({ input }) => ({ ...input, keys: {}, asked: null, call: null, calls: 0, repeated: false, orphans: [] }),
  invoke: [{ src: 'wire', id: 'wire' }],
  initial: 'waiting',
  states: {
    waiting: {
      description: 'Nothing in hand. A key that the HSM made too late is destroyed; a stray word is answered.',
      meta: { requirements: ['BYOK-17', 'BYOK-150'] },
      on: {
        'client.createKek': [
          {
            guard: 'kekWellAsked',
            target: 'makingKek',
            actions: ['noteAsked', 'prepareKek', 'askHsm'],
            description: 'the customer wants a KEK',
            meta: { requirements: ['BYOK-34', 'BYOK-35'] },
          },
          { actions: 'tellBadRequest', meta: { requirements: ['BYOK-34', 'BYOK-35'] } },
        ],
        'client.getKey': { actions: 'tellKey', description: 'the customer reads a public key', meta: { requirements: ['BYOK-101', 'BYOK-107'] } },
        'officer.getKey': { actions: 'tellKey', description: 'the officer reads a public key', meta: { requirements: ['BYOK-101', 'BYOK-107'] } },
        'client.importKey': {
          target: 'checkTarget',
          actions: 'noteAsked',
          description: 'the customer uploads a transfer file',
          meta: { requirements: ['BYOK-102'] },
        },
        'officer.setEnabled': [
          {
            guard: 'versionKnown',
            actions: ['setEnabled', 'tellKey'],
            description: 'the officer enables or disables a key',
            meta: { requirements: ['BYOK-115', 'BYOK-148'] },
          },
          { actions: 'tellNotFound' },
        ],
        'client.deleteKek': [
          {
            guard: 'kekKnown',
            target: 'destroyingKek',
            actions: ['noteAsked', 'prepareDestroy', 'askHsm'],
            description: 'the customer disposes of the KEK',
            meta: { requirements: ['BYOK-32', 'BYOK-159'] },
          },
          { actions: 'tellNotFound' },
        ],
        'app.clock': { actions: 'setClock', description: 'time passes', meta: { requirements: ['BYOK-24'] } },
        'vaultHsm.*': [
          { guard: 'unrecordedKey', target: 'tidying', actions: ['noteOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { guard: 'orphanGone', target: 'tidying', actions: ['dropOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { actions: 'reportLate', meta: { requirements: ['BYOK-150'] } },
        ],
        '*': { actions: 'tellOutOfTurn', meta: { requirements: ['BYOK-151'] } },
      },
    },
    makingKek: {
      description: 'The HSM makes the key exchange key.',
      meta: { requirements: ['BYOK-35', 'BYOK-127'] },
      on: {
        'app.clock': { actions: 'setClock', meta: { requirements: ['BYOK-24'] } },
        'vaultHsm.kekMade': { guard: 'answersCall', target: 'tidying', actions: ['recordKek', 'tellNewKey', 'reportKek', 'forget'] },
        'vaultHsm.*': [
          { guard: 'lateKey', actions: ['noteOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { guard: 'late', actions: 'reportLate', description: 'the answer to a call that was given up', meta: { requirements: ['BYOK-150'] } },
        ],
        'app.timeout': {
          guard: 'notYetRepeated',
          actions: ['noteRepeat', 'askHsm', 'reportRepeated'],
          description: 'no answer: the HSM is asked once more, the same',
          meta: { requirements: ['BYOK-158'] },
        },
        '*': 'refused',
      },
    },
    checkTarget: {
      description: 'Type, curve and operations depend on the request alone, and are told apart from a bad blob.',
      meta: { requirements: ['BYOK-68', 'BYOK-108', 'BYOK-109', 'BYOK-110'] },
      always: [
        { guard: 'targetAllowed', target: 'checkFile' },
        { target: 'tidying', actions: ['tellBadRequest', 'forget'], meta: { requirements: ['BYOK-68', 'BYOK-110'] } },
      ],
    },
    checkFile: {
      description: 'Could the file be read at all?',
      meta: { requirements: ['BYOK-80', 'BYOK-114'] },
      always: [{ guard: 'fileReadable', target: 'checkVault' }, { target: 'refused' }],
    },
    checkVault: {
      description: 'KEK and target live in the same vault.',
      meta: { requirements: ['BYOK-10', 'BYOK-36'] },
      always: [{ guard: 'ownVault', target: 'checkKek' }, { target: 'refused' }],
    },
    checkKek: {
      description: 'The KEK exists, may import, is enabled and inside its time.',
      meta: { requirements: ['BYOK-23', 'BYOK-35', 'BYOK-38', 'BYOK-39', 'BYOK-40'] },
      always: [{ guard: 'kekUsable', target: 'importing', actions: ['prepareImport', 'askHsm'] }, { target: 'refused' }],
    },
    importing: {
      description: 'The HSM opens the blob. Nothing is recorded before it has.',
      meta: { requirements: ['BYOK-17', 'BYOK-50'] },
      on: {
        'app.clock': { actions: 'setClock', meta: { requirements: ['BYOK-24'] } },
        'vaultHsm.imported': {
          guard: 'answersCall',
          target: 'tidying',
          actions: ['recordImported', 'tellNewKey', 'reportImported', 'forget'],
          meta: { requirements: ['BYOK-25', 'BYOK-145'] },
        },
        'vaultHsm.*': [
          { guard: 'lateKey', actions: ['noteOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { guard: 'late', actions: 'reportLate', description: 'the answer to a call that was given up', meta: { requirements: ['BYOK-150'] } },
        ],
        'app.timeout': {
          guard: 'notYetRepeated',
          actions: ['noteRepeat', 'askHsm', 'reportRepeated'],
          description: 'no answer: the HSM is asked once more, the same',
          meta: { requirements: ['BYOK-158'] },
        },
        '*': 'refused',
      },
    },
    destroyingKek: {
      description: 'The HSM destroys the KEK; blobs made for it open nowhere any more.',
      meta: { requirements: ['BYOK-32', 'BYOK-130'] },
      on: {
        'vaultHsm.destroyed': {
          guard: 'destroyedTheKek',
          target: 'tidying',
          actions: ['dropKek', 'tellDeleted', 'reportDeleted', 'forget'],
          meta: { requirements: ['BYOK-159'] },
        },
        'vaultHsm.*': [
          { guard: 'lateKey', actions: ['noteOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { guard: 'late', actions: 'reportLate', description: 'the answer to a call that was given up', meta: { requirements: ['BYOK-150'] } },
        ],
        'app.clock': { actions: 'setClock', meta: { requirements: ['BYOK-24'] } },
        'app.timeout': {
          guard: 'notYetRepeated',
          actions: ['noteRepeat', 'askHsm', 'reportRepeated'],
          description: 'no answer: the HSM is asked once more, the same',
          meta: { requirements: ['BYOK-158'] },
        },
        '*': 'refused',
      },
    },
    tidying: {
      description: 'A key that came too late is ordered destroyed, again and again until the HSM says that it is gone.',
      meta: { requirements: ['BYOK-17', 'BYOK-157'] },
      always: [{ guard: 'orphansLeft', target: 'waiting', actions: 'orderOrphan', meta: { requirements: ['BYOK-17'] } }, { target: 'waiting' }],
    },
    refused: {
      description: 'One refusal for every cause, and records as they were.',
      meta: { requirements: ['BYOK-16', 'BYOK-17', 'BYOK-114'] },
      entry: ['tellRefused', 'reportRefused'],
      always: [
        { guard: 'interrupted', target: 'tidying', actions: ['tellIntruder', 'forget'] },
        { target: 'tidying', actions: 'forget' },
      ],
    },
  },
})

const callOf = (context: VaultContext, call: VaultToHsm) => ({ call, calls: context.calls + 1, repeated: false })

const requestOf = (event: object): string | undefined => ('request' in event && typeof event.request === 'string' ? event.request : undefined)
