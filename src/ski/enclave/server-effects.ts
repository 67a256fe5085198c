/**
 * What evidence and receipts must say to count, and what a command or the end of a conversation uses up and destroys: the
 * readings and effects among the rules of a server's enclave. See `server-rules.ts`.
 * @module
 */
import type { SkiHandle } from './commands.js'
import {
  dropObject,
  findObject,
  putObject,
  type CardRecord,
  type ServerObject,
  type ServerSituation,
  type ServerState,
  type StatementFacts,
} from './server-state.js'

/** Says what a genuine statement must say to count. */
export interface ServerReading {
  readonly requirement: string
  /** Whether it says what has to be said. */
  readonly holds: (situation: ServerSituation) => boolean
}

/** Says what a command that was done, or the end of a conversation, does to the state beside its own result. */
export interface ServerEffect {
  readonly requirement: string
  /** The state after it. */
  readonly does: (state: ServerState, about: Ending) => ServerState
}

/** What an effect is about. */
export interface Ending {
  readonly conversation: string
  /** The object that is used up or destroyed; `null` where the conversation itself ends. */
  readonly object: SkiHandle | null
}

// Readings.

const statementOf = ({ done }: ServerSituation): StatementFacts | null => (done?.facts.type === 'judgeCard' ? done.facts.statement : null)

const evidenceKey: ServerReading = {
  requirement: 'SKI-44',
  holds: (about) => about.command.type === 'judgeCard' && statementOf(about)?.spki === about.command.spki,
}
const evidencePurpose: ServerReading = {
  requirement: 'SKI-48',
  holds: (about) => about.command.type === 'judgeCard' && statementOf(about)?.purpose === about.command.way,
}
const receiptNonce: ServerReading = {
  requirement: 'SKI-68',
  holds: ({ card, done, command }) => {
    if (done?.facts.type !== 'confirmSession' || command.type !== 'confirmSession') return false
    const { nonce } = done.facts
    return (command.nonce === null || command.nonce === nonce) && (card === null || card.nonce === null || card.nonce === nonce)
  },
}
const receiptOfSealed: ServerReading = {
  requirement: 'SKI-71',
  holds: ({ command, sessionKey }) => {
    const sealed = sessionKey?.sealed
    if (command.type !== 'confirmInstalled' || sealed?.function !== 'Import Key Pair') return false
    return sealed.container === command.container && (sealed.fingerprint === null || sealed.fingerprint === command.fingerprint)
  },
}

// Effects.

const change = <T extends ServerObject['type']>(
  state: ServerState,
  handle: SkiHandle | null,
  type: T,
  after: Partial<Extract<ServerObject, { type: T }>>,
): ServerState => {
  const object = handle === null ? null : findObject(state, handle)
  return object?.type === type ? putObject(state, { ...object, ...after }) : state
}

const importConsumes: ServerEffect = { requirement: 'SKI-223', does: (state, { object }) => change(state, object, 'keyBlob', { used: true }) }
const sealConsumes: ServerEffect = { requirement: 'SKI-223', does: (state, { object }) => change(state, object, 'structure', { used: true }) }
const destroyRemoves: ServerEffect = { requirement: 'SKI-17', does: (state, { object }) => (object === null ? state : dropObject(state, object)) }
const sealUsesIv: ServerEffect = {
  requirement: 'SKI-221',
  does: (state, { object }) => {
    const key = object === null ? null : findObject(state, object)
    return key?.type === 'sessionKey' && key.iv !== null ? putObject(state, { ...key, used: [...key.used, key.iv].sort() }) : state
  },
}
const importLoads: ServerEffect = { requirement: 'SKI-7', does: (state, { object }) => change(state, object, 'card', { loaded: true }) }
const closeDestroys: ServerEffect = {
  requirement: 'SKI-18',
  does: (state, { conversation }) => ({ ...state, objects: state.objects.filter(({ owner }) => owner !== conversation) }),
}
const closeEndsSession: ServerEffect = {
  requirement: 'SKI-9',
  does: (state, { conversation }) => ({ ...state, sessions: state.sessions.filter((session) => session.conversation !== conversation) }),
}

/** The state with a card changed, if it is there. */
export const changeCard = (state: ServerState, handle: SkiHandle, after: Partial<CardRecord>): ServerState => change(state, handle, 'card', after)

/** Every reading, by name. */
export const SERVER_READINGS = { evidenceKey, evidencePurpose, receiptNonce, receiptOfSealed } as const satisfies Readonly<Record<string, ServerReading>>

/** Every effect, by name. */
export const SERVER_EFFECTS = {
  importConsumes,
  sealConsumes,
  destroyRemoves,
  sealUsesIv,
  importLoads,
  closeDestroys,
  closeEndsSession,
} as const satisfies Readonly<Record<string, ServerEffect>>
