/**
 * The CA behind the server: keeps K2 enciphered to its recovery agents, and issues the certificate. It cannot open what it
 * keeps. A service: it comes back to `waiting`.
 *
 *   waiting ─ server.archive ─▶ waiting    a provisional record; server.commit makes it final, server.discard removes it
 *      └───── server.certify ─▶ certifying ─ certificate for that very key ─▶ waiting
 *
 * Only the server speaks to it, inside one machine (SKI-252); the client has no part in this path.
 *
 * Spec: spec/ski.md, SKI-24 to SKI-26, SKI-260 to SKI-264.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { AuthorityAnswer } from '../../src/ski/enclave/commands.js'
import type { AppSays, ArchiveToServer, ServerToArchive } from '../../src/ski/messages.js'
import { closedPort } from '../ports.js'
import type { Progress } from './common.js'

/** One archived key. */
export interface ArchiveRecord {
  readonly session: string
  readonly subject: string
  /** `spki-sha256:` of the key inside. */
  readonly fingerprint: string
  /** CMS EnvelopedData to the recovery agents. */
  readonly envelope: string
  /** The key is on a card (step 31). */
  readonly final: boolean
}

/** How an archive is set up. */
export interface ArchiveInput {
  /** Whether a key is certified only once it is archived (SKI-24). */
  readonly archivalRequired: boolean
}

interface ArchiveContext extends ArchiveInput {
  readonly records: readonly ArchiveRecord[]
  /** The certificate request in hand: for which session and for which key. */
  readonly session: string
  readonly fingerprint: string | null
}

const idle = { session: '', fingerprint: null }

/** See the module text. */
export const archiveMachine = setup({
  types: {
    input: {} as ArchiveInput,
    context: {} as ArchiveContext,
    events: {} as ServerToArchive | AuthorityAnswer | AppSays,
    emitted: {} as Progress,
  },
  actors: { local: closedPort, enclave: closedPort },
  guards: {
    isNew: ({ context, event }) => event.type === 'server.archive' && !context.records.some(({ session }) => session === event.session),
    isArchived: ({ context, event }) =>
      event.type === 'server.commit' && context.records.some(({ session, fingerprint }) => session === event.session && fingerprint === event.fingerprint),
    isProvisional: ({ context, event }) => event.type === 'server.discard' && !context.records.some(({ session, final }) => session === event.session && final),
    mayBeCertified: ({ context, event }) =>
      event.type === 'server.certify' &&
      (!context.archivalRequired || context.records.some(({ session, fingerprint }) => session === event.session && fingerprint === event.fingerprint)),
    certifiesThatKey: ({ context, event }) => event.type === 'enclave.certificateIssued' && event.fingerprint === context.fingerprint,
  },
  actions: {
    noteRequest: assign(({ event }) => {
      assertEvent(event, 'server.certify')
      return { session: event.session, fingerprint: event.fingerprint }
    }),
    forget: assign(idle),
    store: assign(({ context, event }) => {
      assertEvent(event, 'server.archive')
      const { session, subject, fingerprint, envelope } = event
      return { records: [...context.records, { session, subject, fingerprint, envelope, final: false }] }
    }),
    makeFinal: assign(({ context, event }) => {
      assertEvent(event, 'server.commit')
      return { records: context.records.map((record) => (record.session === event.session ? { ...record, final: true } : record)) }
    }),
    discard: assign(({ context, event }) => {
      assertEvent(event, 'server.discard')
      return { records: context.records.filter(({ session }) => session !== event.session) }
    }),
    issue: sendTo('enclave', ({ event }) => {
      assertEvent(event, 'server.certify')
      return { type: 'issueCertificate', request: event.request }
    }),
    close: sendTo('enclave', { type: 'close' }),
    tellStored: sendTo('local', ({ event }) => {
      assertEvent(event, 'server.archive')
      return { type: 'archive.stored', session: event.session, fingerprint: event.fingerprint } satisfies ArchiveToServer
    }),
    tellCommitted: sendTo('local', ({ event }) => {
      assertEvent(event, 'server.commit')
      return { type: 'archive.committed', session: event.session, fingerprint: event.fingerprint } satisfies ArchiveToServer
    }),
    tellDiscarded: sendTo('local', ({ event }) => {
      assertEvent(event, 'server.discard')
      return { type: 'archive.discarded', session: event.session } satisfies ArchiveToServer
    }),
    tellCertified: sendTo('local', ({ context, event }) => {
      assertEvent(event, 'enclave.certificateIssued')
      return { type: 'archive.certified', session: context.session, certificate: event.certificate, fingerprint: event.fingerprint } satisfies ArchiveToServer
    }),
    tellRefused: sendTo('local', ({ context }) => ({ type: 'archive.refused', session: context.session }) satisfies ArchiveToServer),
    tellStray: sendTo('local', ({ event }) => ({ type: 'archive.refused', session: 'session' in event ? event.session : '' }) satisfies ArchiveToServer),
    reportStored: emit({ type: 'progress', role: 'archive', step: 'stored' }),
    reportFinal: emit({ type: 'progress', role: 'archive', step: 'committed' }),
    reportCertified: emit({ type: 'progress', role: 'archive', step: 'certified' }),
    reportRefused: emit({ type: 'progress', role: 'archive', step: 'refused' }),
  },
}).createMachine({
  id: 'ski.archive',
  description: 'Keeps user keys enciphered to recovery agents and certifies them; has no key that could open what it keeps.',
  context: ({ input }) => ({ ...idle, ...input, records: [] }),
  invoke: [
    { src: 'local', id: 'local' },
    { src: 'enclave', id: 'enclave' },
  ],
  initial: 'waiting',
  states: {
    waiting: {
      description: 'Nothing in hand.',
      meta: { requirements: ['SKI-25', 'SKI-240'] },
      entry: 'forget',
      on: {
        'server.archive': [
          { guard: 'isNew', actions: ['store', 'tellStored', 'reportStored'], meta: { requirements: ['SKI-24', 'SKI-260'] } },
          { actions: 'tellStray', description: 'one record for a session', meta: { requirements: ['SKI-26'] } },
        ],
        'server.commit': [
          { guard: 'isArchived', actions: ['makeFinal', 'tellCommitted', 'reportFinal'], meta: { requirements: ['SKI-26', 'SKI-260'] } },
          { actions: 'tellStray', description: 'not what is archived', meta: { requirements: ['SKI-26'] } },
        ],
        'server.discard': [
          { guard: 'isProvisional', actions: ['discard', 'tellDiscarded'], meta: { requirements: ['SKI-28', 'SKI-260'] } },
          { actions: 'tellStray', description: 'a final record stays', meta: { requirements: ['SKI-24'] } },
        ],
        'server.certify': [
          { guard: 'mayBeCertified', target: 'certifying', actions: ['noteRequest', 'issue'], meta: { requirements: ['SKI-264'] } },
          { actions: 'tellStray', description: 'a key that nobody has archived', meta: { requirements: ['SKI-24'] } },
        ],
        'enclave.*': { actions: 'close', meta: { requirements: ['SKI-246'] } },
        '*': { actions: 'tellStray', meta: { requirements: ['SKI-241'] } },
      },
    },
    certifying: {
      description: 'The enclave checks the request and signs the certificate.',
      meta: { requirements: ['SKI-264'] },
      on: {
        'enclave.certificateIssued': {
          guard: 'certifiesThatKey',
          target: 'waiting',
          actions: ['tellCertified', 'close', 'reportCertified'],
          meta: { requirements: ['SKI-264'] },
        },
        'server.*': { actions: 'tellStray', description: 'one thing at a time', meta: { requirements: ['SKI-241'] } },
        '*': { target: 'waiting', actions: ['close', 'tellRefused', 'reportRefused'], meta: { requirements: ['SKI-241', 'SKI-246'] } },
      },
    },
  },
})
