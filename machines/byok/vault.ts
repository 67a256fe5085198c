/**
 * The key vault's front end: keeps the records of keys and their versions, judges what may be judged without opening a
 * blob, and asks the HSM behind it for the rest. Holds no secret, so it has no enclave. A service.
 *
 *   waiting ─ client.createKek ─▶ makingKek ─ vaultHsm.kekMade ─▶ waiting
 *      ├──── client.importKey ──▶ checkTarget ▶ checkFile ▶ checkVault ▶ checkKek ▶ importing ─ vaultHsm.imported ─▶ waiting
 *      ├──── client.deleteKek ──▶ destroyingKek ─ vaultHsm.destroyed ─▶ waiting
 *      ├──── client.getKey, officer.getKey, officer.setEnabled ─▶ answered at once
 *      └─ otherwise, in any state ─▶ refused ─▶ waiting
 *
 * Everything from an unreadable file to a KEK that is disabled, expired, foreign or unknown, and to what the HSM refused,
 * is answered with one and the same refusal (BYOK-114).
 *
 * Spec: spec/byok.md, chapters on KEK, REST and roles.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { AppSays, ClockSays, HsmToVault, OfficerToVault, VaultAnswer, VaultHearsClient } from '../../src/byok/messages.js'
import type { KeyHandle, Kid, Operation, PublicPart } from '../../src/enclave/commands.js'
import { closedPort } from '../ports.js'
import type { Progress } from './common.js'

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

/** One version of one key, as the front end knows it. */
export interface KeyVersion {
  readonly handle: KeyHandle
  readonly kek: boolean
  readonly key: PublicPart
  readonly operations: readonly Operation[]
  readonly enabled: boolean
  readonly expires: number | null
  readonly evidence: string | null
}

interface VaultContext extends VaultInput {
  /** By name, then version; the last one added is the newest. */
  readonly keys: Readonly<Record<string, readonly (KeyVersion & { readonly version: string })[]>>
  /** The call in hand. */
  readonly asked: VaultHearsClient | OfficerToVault | null
  /** How many calls to the HSM were made; the number of the one in hand. */
  readonly calls: number
}

type Hears = VaultHearsClient | OfficerToVault | HsmToVault | AppSays | ClockSays

const BAD_TRANSFER = { status: 400, code: 'BadParameter', message: 'The key transfer blob is not valid.' }
const BAD_REQUEST = { status: 400, code: 'BadParameter', message: 'The request is not valid for this key type or vault.' }
const NOT_FOUND = { status: 404, code: 'KeyNotFound', message: 'A key with this name and version was not found in this vault.' }
const HSM_FAILED = { status: 500, code: 'InternalServerError', message: 'The vault could not carry out the request; nothing was changed.' }
const OUT_OF_TURN = { status: 409, code: 'Conflict', message: 'The vault was not waiting for this.' }

/** The record that a name, and a version or the newest, stand for. */
const find = (context: VaultContext, name: string, version: string | null) => {
  const versions = Object.hasOwn(context.keys, name) ? context.keys[name]! : []
  return version === null ? versions.at(-1) : versions.find((record) => record.version === version)
}

/** A new key of the HSM that no record stands for. The answer that brought a recorded one may come twice. */
const isOrphan = (context: VaultContext, event: Hears) =>
  (event.type === 'vaultHsm.kekMade' || event.type === 'vaultHsm.imported') &&
  !Object.values(context.keys).some((versions) => versions.some(({ handle }) => handle === event.key))

const keyAnswer = (context: VaultContext, request: string, name: string, version: string | null): VaultAnswer => {
  const found = find(context, name, version)
  if (!found) return { type: 'vault.error', request, ...NOT_FOUND }
  const kid: Kid = { vault: context.vault, name, version: found.version }
  return { type: 'vault.key', request, kid, key: found.key, operations: found.operations, enabled: found.enabled, evidence: found.evidence }
}

const added = (context: VaultContext, name: string, version: string, record: KeyVersion) => ({
  ...context.keys,
  [name]: [...(Object.hasOwn(context.keys, name) ? context.keys[name]! : []), { version, ...record }],
})

/** Operations that a target of each type may have (BYOK-110). */
const ALLOWED: Readonly<Record<string, readonly Operation[]>> = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
  oct: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
}

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
      // A name holds key exchange keys or targets, never both: deleting the one must not take the other along.
      find(context, event.name, null)?.kek !== false,
    versionKnown: ({ context, event }) =>
      (event.type === 'officer.setEnabled' || event.type === 'officer.getKey') && find(context, event.name, event.version) !== undefined,
    kekKnown: ({ context, event }) => event.type === 'client.deleteKek' && find(context, event.name, null)?.kek === true,
    targetAllowed: ({ context }) => {
      const asked = context.asked
      if (asked?.type !== 'client.importKey' || (asked.kty === 'oct' && !context.takesOct) || find(context, asked.name, null)?.kek === true) return false
      return (
        (asked.crv !== null) === (asked.kty === 'EC') &&
        asked.operations.length > 0 &&
        asked.operations.every((operation) => ALLOWED[asked.kty]?.includes(operation))
      )
    },
    fileReadable: ({ context }) => context.asked?.type === 'client.importKey' && context.asked.transfer !== null,
    ownVault: ({ context }) => context.asked?.type === 'client.importKey' && context.asked.transfer?.kek.vault === context.vault,
    kekUsable: ({ context }) => {
      if (context.asked?.type !== 'client.importKey' || !context.asked.transfer) return false
      const kek = find(context, context.asked.transfer.kek.name, context.asked.transfer.kek.version)
      return kek !== undefined && kek.kek && kek.enabled && (kek.expires === null || context.now < kek.expires)
    },
    answersCall: ({ context, event }) => 'call' in event && event.call === context.calls,
    late: ({ context, event }) => 'call' in event && event.call !== context.calls,
    lateKey: ({ context, event }) => 'call' in event && event.call !== context.calls && isOrphan(context, event),
    unrecordedKey: ({ context, event }) => isOrphan(context, event),
    /** Somebody else asked while a call was in hand. */
    interrupted: ({ context, event }) => requestOf(event) !== undefined && requestOf(event) !== context.asked?.request,
    destroyedNewest: ({ context, event }) =>
      event.type === 'vaultHsm.destroyed' && context.asked?.type === 'client.deleteKek' && find(context, context.asked.name, null)?.handle === event.key,
    destroyedLast: ({ context, event }) =>
      event.type === 'vaultHsm.destroyed' &&
      context.asked?.type === 'client.deleteKek' &&
      context.keys[context.asked.name]?.length === 1 &&
      find(context, context.asked.name, null)?.handle === event.key,
  },
  actions: {
    noteAsked: assign(({ event }) => {
      assertEvent(event, ['client.createKek', 'client.importKey', 'client.deleteKek'])
      return { asked: event }
    }),
    countCall: assign(({ context }) => ({ calls: context.calls + 1 })),
    askKek: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'client.createKek')
      return { type: 'vault.makeKek', call: context.calls, name: event.name, bits: event.bits }
    }),
    askImport: sendTo('wire', ({ context }) => {
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.importKey' }>
      const kek = asked.transfer && find(context, asked.transfer.kek.name, asked.transfer.kek.version)
      const { name, kty, crv, operations } = asked
      return { type: 'vault.import', call: context.calls, kek: kek?.handle, ciphertext: asked.transfer?.ciphertext, name, kty, crv, operations }
    }),
    askDestroy: sendTo('wire', ({ context }) => ({
      type: 'vault.destroy',
      call: context.calls,
      key: find(context, context.asked?.name ?? '', null)?.handle,
    })),
    // Not counted as a call: nobody waits for its answer.
    destroyOrphan: sendTo('wire', ({ event }) => {
      assertEvent(event, ['vaultHsm.kekMade', 'vaultHsm.imported'])
      return { type: 'vault.destroy', call: 0, key: event.key }
    }),
    recordKek: assign(({ context, event }) => {
      assertEvent(event, 'vaultHsm.kekMade')
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.createKek' }>
      const { key: handle, version, n, e, evidence } = event
      const record: KeyVersion = { handle, kek: true, key: { kty: 'RSA', n, e }, operations: ['import'], enabled: true, expires: asked.expires, evidence }
      return { keys: added(context, asked.name, version, record) }
    }),
    recordImported: assign(({ context, event }) => {
      assertEvent(event, 'vaultHsm.imported')
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.importKey' }>
      const { key: handle, version, facts, evidence } = event
      const enabled = asked.enabled && !context.importDisabled
      return {
        keys: added(context, asked.name, version, { handle, kek: false, key: facts.key, operations: facts.operations, enabled, expires: null, evidence }),
      }
    }),
    setEnabled: assign(({ context, event }) => {
      assertEvent(event, 'officer.setEnabled')
      const versions = (context.keys[event.name] ?? []).map((record) => (record.version === event.version ? { ...record, enabled: event.enabled } : record))
      return { keys: { ...context.keys, [event.name]: versions } }
    }),
    dropKek: assign(({ context, event }) => {
      assertEvent(event, 'vaultHsm.destroyed')
      const name = context.asked?.name ?? ''
      const left = (context.keys[name] ?? []).filter((record) => record.handle !== event.key)
      const { [name]: _, ...others } = context.keys
      return { keys: left.length > 0 ? { ...others, [name]: left } : others }
    }),
    tellKey: sendTo('wire', ({ context, event }) => {
      assertEvent(event, ['client.getKey', 'officer.getKey', 'officer.setEnabled'])
      return keyAnswer(context, event.request, event.name, event.version)
    }),
    tellNewKey: sendTo('wire', ({ context }) => {
      const asked = context.asked as Extract<VaultHearsClient, { type: 'client.createKek' | 'client.importKey' }>
      return keyAnswer(context, asked.request, asked.name, null)
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
    forget: assign({ asked: null }),
    reportKek: emit({ type: 'progress', role: 'vault', step: 'kekCreated' }),
    reportImported: emit({ type: 'progress', role: 'vault', step: 'keyImported' }),
    reportDeleted: emit({ type: 'progress', role: 'vault', step: 'kekDeleted' }),
    reportRefused: emit({ type: 'progress', role: 'vault', step: 'refused' }),
    reportLate: emit({ type: 'progress', role: 'vault', step: 'lateAnswer' }),
  },
}).createMachine({
  id: 'byok.vault',
  description: 'The front end of a key vault: records, policy, and one refusal for every fault of a transfer blob.',
  context: ({ input }) => ({ ...input, keys: {}, asked: null, calls: 0 }),
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
            actions: ['noteAsked', 'countCall', 'askKek'],
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
            actions: ['noteAsked', 'countCall', 'askDestroy'],
            description: 'the customer disposes of the KEK',
            meta: { requirements: ['BYOK-32', 'BYOK-159'] },
          },
          { actions: 'tellNotFound' },
        ],
        'app.clock': { actions: 'setClock', description: 'time passes', meta: { requirements: ['BYOK-24'] } },
        'vaultHsm.*': [
          { guard: 'unrecordedKey', actions: ['destroyOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
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
        'vaultHsm.kekMade': { guard: 'answersCall', target: 'waiting', actions: ['recordKek', 'tellNewKey', 'reportKek', 'forget'] },
        'vaultHsm.*': [
          { guard: 'lateKey', actions: ['destroyOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { guard: 'late', actions: 'reportLate', description: 'the answer to a call that was given up', meta: { requirements: ['BYOK-150'] } },
        ],
        '*': 'refused',
      },
    },
    checkTarget: {
      description: 'Type, curve and operations depend on the request alone, and are told apart from a bad blob.',
      meta: { requirements: ['BYOK-68', 'BYOK-108', 'BYOK-109', 'BYOK-110'] },
      always: [
        { guard: 'targetAllowed', target: 'checkFile' },
        { target: 'waiting', actions: ['tellBadRequest', 'forget'], meta: { requirements: ['BYOK-68', 'BYOK-110'] } },
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
      always: [{ guard: 'kekUsable', target: 'importing', actions: ['countCall', 'askImport'] }, { target: 'refused' }],
    },
    importing: {
      description: 'The HSM opens the blob. Nothing is recorded before it has.',
      meta: { requirements: ['BYOK-17', 'BYOK-50'] },
      on: {
        'app.clock': { actions: 'setClock', meta: { requirements: ['BYOK-24'] } },
        'vaultHsm.imported': {
          guard: 'answersCall',
          target: 'waiting',
          actions: ['recordImported', 'tellNewKey', 'reportImported', 'forget'],
          meta: { requirements: ['BYOK-25', 'BYOK-145'] },
        },
        'vaultHsm.*': [
          { guard: 'lateKey', actions: ['destroyOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { guard: 'late', actions: 'reportLate', description: 'the answer to a call that was given up', meta: { requirements: ['BYOK-150'] } },
        ],
        '*': 'refused',
      },
    },
    destroyingKek: {
      description: 'The HSM destroys the KEK; blobs made for it open nowhere any more.',
      meta: { requirements: ['BYOK-32', 'BYOK-130'] },
      on: {
        'vaultHsm.destroyed': [
          { guard: 'destroyedLast', target: 'waiting', actions: ['dropKek', 'tellDeleted', 'reportDeleted', 'forget'], meta: { requirements: ['BYOK-159'] } },
          {
            guard: 'destroyedNewest',
            actions: ['dropKek', 'countCall', 'askDestroy'],
            description: 'the next older version',
            meta: { requirements: ['BYOK-159'] },
          },
        ],
        'vaultHsm.*': [
          { guard: 'lateKey', actions: ['destroyOrphan', 'reportLate'], meta: { requirements: ['BYOK-17'] } },
          { guard: 'late', actions: 'reportLate', description: 'the answer to a call that was given up', meta: { requirements: ['BYOK-150'] } },
        ],
        'app.clock': { actions: 'setClock', meta: { requirements: ['BYOK-24'] } },
        '*': 'refused',
      },
    },
    refused: {
      description: 'One refusal for every cause, and records as they were.',
      meta: { requirements: ['BYOK-16', 'BYOK-17', 'BYOK-114'] },
      entry: ['tellRefused', 'reportRefused'],
      always: [
        { guard: 'interrupted', target: 'waiting', actions: ['tellIntruder', 'forget'] },
        { target: 'waiting', actions: 'forget' },
      ],
    },
  },
})

const requestOf = (event: object): string | undefined => ('request' in event && typeof event.request === 'string' ? event.request : undefined)
