/**
 * How the rules of a server's enclave are applied to a command, before and after the work on bytes. Pure: state in, state
 * out.
 *
 *   permit ──▶ work on bytes ──▶ commit
 *
 * `permit` judges what can be known before anything is touched; `commit` judges everything once more, against the state as
 * it is by then, because other commands may have come between. Whatever it refuses leaves the state as it was (SKI-222).
 *
 * Spec: spec/ski.md, SKI-7 to SKI-18, SKI-210, SKI-218, SKI-220 to SKI-225.
 * @module
 */
import { accept, refuse, type Verdict } from '../../verdict.js'
import { SEALED_REFUSED } from '../sealed/refusal.js'
import type { ServerAnswer, SkiFault, SkiHandle } from './commands.js'
import { readServerCommand } from './read-server-command.js'
import type { EngineRules, EngineTypes } from './engine.js'
import { SERVER_EFFECTS, SERVER_READINGS, changeCard, type Ending } from './server-effects.js'
import { SERVER_REFUSALS, unknownHandle, type ServerRuleName } from './server-rules.js'
import {
  emptyServer,
  epochOf,
  findObject,
  findSession,
  forgetEpoch,
  nextEpoch,
  onlyKey,
  putObject,
  putSession,
  type Named,
  type ObjectOf,
  type ServerFacts,
  type ServerFactsOf,
  type ServerObject,
  type ServerPermit,
  type ServerSituation,
  type ServerState,
  type ServerWorkCommand,
} from './server-state.js'

type RefusalName = keyof typeof SERVER_REFUSALS
type ReadingName = keyof typeof SERVER_READINGS
type EffectName = keyof typeof SERVER_EFFECTS

const MAKES = ['sessionBegun', 'cardOfWay', 'oneKeyPerSession', 'algorithmOffered', 'canProve', 'nonceKnown'] as const

/** The refusals of each command, in the order in which they are asked. Those of {@link EVERY_COMMAND} come first in all of them. */
export const SERVER_COMMAND_RULES: Readonly<Record<ServerWorkCommand['type'], readonly RefusalName[]>> = {
  beginSession: ['sessionOnce'],
  judgeCard: ['sessionBegun', 'k1OfWay'],
  wrapSessionKey: [...MAKES, 'provenContainer'],
  agreeSessionKey: [...MAKES, 'provenContainer'],
  offerSharedKey: ['sharesKeys', ...MAKES, 'sharedKeyIsAes256'],
  confirmSession: ['sessionBegun', 'keyWasOffered', 'usedOnce'],
  mdImportSessionKey: ['usedOnce', 'blobTypeKnown', 'algorithmKnown', 'algorithmOffered', 'algorithmOfKey', 'confirmedFirst', 'loadedOnce'],
  mdSharedKey: ['sharesKeys', 'sharedKeyOffered', 'inputOfSession', 'confirmedFirst', 'loadedOnce'],
  setKeyProperty: ['propertyValue'],
  drawIv: [],
  makeKeyPair: [],
  makePin: [],
  composeKeyPair: ['keySpecOfKey'],
  composePin: ['pinFunction'],
  mdEncrypt: [
    'usedOnce',
    'flagsKnown',
    'functionOfStructure',
    'propertiesSet',
    'boundToSession',
    'sealsOnce',
    'ivFresh',
    'sealedForProvenCard',
    'archivedFirst',
  ],
  mdOpenResponse: ['responseOfFunction', 'boundToSession', 'responseAsked'],
  confirmInstalled: ['oneMdKey'],
  requestCertificate: ['documentsMade'],
  envelopeKey: ['documentsMade', 'agentsNamed'],
  destroyKey: [],
}

/** The refusals of every command, before its own. */
export const EVERY_COMMAND: readonly RefusalName[] = ['conversationOpen', 'ownConversation', 'typed', 'handleFresh']

const EVIDENCE: readonly ReadingName[] = ['evidenceKey', 'evidencePurpose']

/** The types of a server's enclave, for the engine. */
export interface ServerTypes extends EngineTypes {
  readonly state: ServerState
  readonly command: ServerWorkCommand | { readonly type: 'close' }
  readonly permit: ServerPermit
  readonly facts: ServerFacts
  readonly mark: never
  readonly answer: ServerAnswer
}

/** The rules of a server's enclave, for the engine. */
export const serverRules: EngineRules<ServerTypes> = {
  read: readServerCommand,
  end: (state, conversation, command) => (command.type === 'close' ? { state: closeServer(state, conversation), answer: null } : null),
  permit: permitServer,
  note: () => {
    throw new TypeError('a server writes nothing down before a command is done')
  },
  commit: commitServer,
  isOver: (state, { conversation, epoch }) => epochOf(state, conversation) !== epoch,
  settle: (state, conversation, busy) => (busy.includes(conversation) ? state : forgetEpoch(state, conversation)),
  holds: (state, handle) => {
    const object = findObject(state, handle)
    return object !== null && !('used' in object && object.used === true)
  },
  empty: ({ settings }) => emptyServer(settings),
  // Where bytes of a peer were opened, not even an accident may show how far it came.
  accident: ({ type }) => (type === 'mdOpenResponse' ? SEALED_REFUSED.fault : { code: 'enclave_failed' }),
}

/** Whether a command may be done now. */
export function permitServer(state: ServerState, conversation: string, command: ServerTypes['command']): Verdict<ServerPermit, SkiFault> {
  if (command.type === 'close') throw new TypeError('permitServer: a command that is worked on is wanted')
  const permit = { conversation, epoch: epochOf(state, conversation), command }
  const judged = judge(state, permit, null)
  return judged.ok ? accept(permit) : judged
}

/** Takes the result of the work, or refuses it and leaves the state as it was. */
export function commitServer(state: ServerState, permit: ServerPermit, facts: ServerFacts): { readonly state: ServerState; readonly answer: ServerAnswer } {
  if (facts.type !== permit.command.type) throw new TypeError(`facts of ${facts.type} for ${permit.command.type}`)
  const judged = judge(state, permit, facts)
  if (judged.ok) return take(state, judged.value, facts)
  // Only a response that opened comes this far: a word of its own would tell it from one that did not (SKI-29).
  const fault = facts.type === 'mdOpenResponse' && judged.fault.code !== 'conversation_closed' ? SEALED_REFUSED.fault : judged.fault
  return { state, answer: { type: 'enclave.refused', fault } }
}

/** Ends a conversation: all that it made goes, and what is in flight finds another epoch when it comes. */
export function closeServer(state: ServerState, conversation: string): ServerState {
  return nextEpoch(effects(['closeDestroys', 'closeEndsSession'], state, { conversation, object: null }), conversation)
}

function take(state: ServerState, about: ServerSituation, facts: ServerFacts): { readonly state: ServerState; readonly answer: ServerAnswer } {
  const { conversation, command, session, card, sessionKey, keyPair } = about
  const owner = conversation
  const after = (names: readonly EffectName[], object: SkiHandle, base = state) => effects(names, base, { conversation, object })
  switch (facts.type) {
    case 'beginSession': {
      const { session: id, nonce } = facts
      return { state: putSession(state, { conversation, session: id, nonce, card: null }), answer: { type: 'enclave.sessionBegun', session: id, nonce } }
    }
    case 'judgeCard':
      return judged(state, about, facts)
    case 'wrapSessionKey':
    case 'agreeSessionKey': {
      const { handle, input, peer, proven, context } = facts
      const { algorithm, container } = wanted(command, facts.type)
      const blob = { type: 'keyBlob', handle, owner, card: card!.handle, algorithm, context, used: false } as const
      const offered = putSession(changeCard(state, card!.handle, { offered: { algorithm, container } }), { ...session!, card: card!.handle })
      return { state: putObject(offered, blob), answer: { type: 'enclave.sessionKeyMade', blob: handle, input, peer, proven } }
    }
    case 'offerSharedKey': {
      const { algorithm } = wanted(command, facts.type)
      const offered = changeCard(state, card!.handle, { offered: { algorithm, container: null } })
      const { input, proven } = facts
      return { state: putSession(offered, { ...session!, card: card!.handle }), answer: { type: 'enclave.sharedKeyOffered', input, proven } }
    }
    case 'confirmSession': {
      const genuine = facts.genuine && hold(['receiptNonce'], about)
      return {
        state: genuine ? changeCard(state, card!.handle, { confirmed: true, nonce: facts.nonce }) : state,
        answer: { type: 'enclave.sessionConfirmed', genuine },
      }
    }
    case 'mdImportSessionKey': {
      const { handle, algorithm } = facts
      const { keyBlob } = about
      const key = newSessionKey({ handle, owner, card: keyBlob!.card, algorithm, context: keyBlob!.context, material: handle })
      const imported = after(['importConsumes'], keyBlob!.handle, putObject(state, key))
      return { state: keyBlob!.card === null ? imported : after(['importLoads'], keyBlob!.card, imported), answer: { type: 'enclave.mdKeyReady', key: handle } }
    }
    case 'mdSharedKey': {
      const { handle, context, material } = facts
      const { algorithm } = card!.offered!
      const shared = putObject(state, newSessionKey({ handle, owner, card: card!.handle, algorithm, context, material }))
      return { state: after(['importLoads'], card!.handle, shared), answer: { type: 'enclave.mdKeyReady', key: handle } }
    }
    case 'setKeyProperty': {
      const { mode, iv } = wanted(command, facts.type)
      const key = { ...sessionKey!, mode: mode ?? sessionKey!.mode, iv: iv ?? sessionKey!.iv }
      return { state: putObject(state, key), answer: { type: 'enclave.propertySet', key: key.handle } }
    }
    case 'drawIv':
      return { state, answer: { type: 'enclave.ivDrawn', iv: facts.iv } }
    case 'makeKeyPair': {
      const { handle, spki, fingerprint } = facts
      const pair = { type: 'keyPair', handle, owner, kind: wanted(command, facts.type).kind, spki, fingerprint, archived: false } as const
      return { state: putObject(state, pair), answer: { type: 'enclave.keyPairMade', key: handle, spki, fingerprint } }
    }
    case 'makePin':
      return { state: putObject(state, { type: 'pin', handle: facts.handle, owner, origin: 'made' }), answer: { type: 'enclave.pinMade', key: facts.handle } }
    case 'composeKeyPair':
    case 'composePin': {
      const { handle, terms } = facts
      const key = { key: keyPair?.handle ?? null, fingerprint: keyPair?.fingerprint ?? null, archived: keyPair?.archived ?? false }
      const structure = { type: 'structure', handle, owner, terms, mayOverwrite: terms.overwrite, ...key, used: false } as const
      return { state: putObject(state, structure), answer: { type: 'enclave.composed', blob: handle } }
    }
    case 'mdEncrypt': {
      const { function: secureFunction, container, pinId } = facts.terms
      const sealed = { function: secureFunction, container, pinId, fingerprint: about.structure!.fingerprint }
      const used = after(['sealUsesIv'], sessionKey!.handle)
      const key = findObject(used, sessionKey!.handle) as ObjectOf<'sessionKey'>
      const state = after(['sealConsumes'], about.structure!.handle, putObject(used, { ...key, sealed, opened: false }))
      return { state, answer: { type: 'enclave.mdEncrypted', blobs: facts.blobs } }
    }
    case 'mdOpenResponse': {
      const { attemptsRemaining, sessionPin } = facts
      const opened = putObject(state, { ...sessionKey!, opened: true })
      const kept: ServerState = sessionPin === null ? opened : putObject(opened, { type: 'pin', handle: sessionPin, owner, origin: 'received' })
      return { state: kept, answer: { type: 'enclave.responseOpened', attemptsRemaining, sessionPin } }
    }
    case 'confirmInstalled':
      return { state, answer: { type: 'enclave.installedConfirmed', genuine: facts.genuine && hold(['receiptOfSealed'], about) } }
    case 'requestCertificate':
      return { state, answer: { type: 'enclave.certificateRequested', request: facts.request } }
    case 'envelopeKey': {
      const composed = state.objects.filter((object): object is ObjectOf<'structure'> => object.type === 'structure' && object.key === keyPair!.handle)
      const archived = [{ ...keyPair!, archived: true }, ...composed.map((structure) => ({ ...structure, archived: true }))]
      return {
        state: archived.reduce<ServerState>(putObject, state),
        answer: { type: 'enclave.keyEnveloped', envelope: facts.envelope, fingerprint: keyPair!.fingerprint },
      }
    }
    case 'destroyKey': {
      const { key } = wanted(command, facts.type)
      return { state: after(['destroyRemoves'], key), answer: { type: 'enclave.destroyed', key } }
    }
  }
}

/** The card as it is judged: by its evidence where that is genuine and says what it has to, otherwise as the client has it. */
function judged(state: ServerState, about: ServerSituation, facts: ServerFactsOf<'judgeCard'>): { readonly state: ServerState; readonly answer: ServerAnswer } {
  const command = wanted(about.command, 'judgeCard')
  const statement = facts.statement !== null && hold(EVIDENCE, about) ? facts.statement : null
  const { handle, kind, fingerprint } = facts
  const proof = statement?.by ?? 'none'
  const cardId = statement?.cardId ?? command.cardId
  const card: ServerObject = {
    type: 'card',
    handle,
    owner: about.conversation,
    way: command.way,
    cardId,
    nonce: statement?.nonce ?? command.nonce ?? facts.evidenceNonce,
    container: statement?.container ?? null,
    spki: command.spki,
    kind,
    fingerprint,
    proof,
    offered: null,
    confirmed: false,
    loaded: false,
  }
  return { state: putObject(state, card), answer: { type: 'enclave.cardJudged', card: handle, proof, cardId, fingerprint, kind } }
}

const newSessionKey = (facts: Pick<ObjectOf<'sessionKey'>, 'handle' | 'owner' | 'card' | 'algorithm' | 'context' | 'material'>): ObjectOf<'sessionKey'> => ({
  type: 'sessionKey',
  ...facts,
  mode: null,
  iv: null,
  used: [],
  sealed: null,
  opened: false,
})

function judge(state: ServerState, permit: ServerPermit, facts: ServerFacts | null): Verdict<ServerSituation, SkiFault> {
  const { conversation, command } = permit
  const done = facts && { permit, facts }
  const named = references(command)
  const bare = { state, conversation, command, session: findSession(state, conversation), done }
  const ended = refusal(['conversationOpen'], { ...bare, ...NOTHING, objects: [], misnamed: null })
  if (ended) return refuse(ended)
  const lost = named.find(({ handle }) => findObject(state, handle) === null)
  if (lost) return refuse(unknownHandle(lost.at))

  const objects = named.map(({ at, handle }) => ({ at, object: findObject(state, handle)! }))
  const wrong = named.find(({ handle, wanted }) => wanted !== null && findObject(state, handle)!.type !== wanted)
  const misnamed = wrong ? { at: wrong.at, found: findObject(state, wrong.handle)!.type, wanted: wrong.wanted! } : null
  const situation: ServerSituation = {
    ...bare,
    objects,
    misnamed,
    ...roles(
      bare,
      objects.map(({ object }) => object),
    ),
  }
  const fault = refusal([...EVERY_COMMAND, ...SERVER_COMMAND_RULES[command.type]], situation)
  return fault ? refuse(fault) : accept(situation)
}

const NOTHING: Named = { card: null, keyBlob: null, structure: null, sessionKey: null, keyPair: null }

/** What stands in which role. The card is the one that is named, or the one that the key or the session named belongs to. */
function roles(
  { state, session, conversation, command }: Pick<ServerSituation, 'state' | 'session' | 'conversation' | 'command'>,
  objects: readonly ServerObject[],
): Named {
  const of = <T extends ServerObject['type']>(type: T): ObjectOf<T> | null => objects.find((object): object is ObjectOf<T> => object.type === type) ?? null
  const keyBlob = of('keyBlob')
  const sessionKey = of('sessionKey') ?? (command.type === 'confirmInstalled' ? onlyKey(state, conversation) : null)
  const behind = keyBlob?.card ?? sessionKey?.card ?? (command.type === 'mdSharedKey' ? session?.card : null) ?? null
  const found = behind === null ? null : findObject(state, behind)
  return { card: of('card') ?? (found?.type === 'card' ? found : null), keyBlob, sessionKey, structure: of('structure'), keyPair: of('keyPair') }
}

interface Reference {
  readonly at: string
  readonly handle: SkiHandle
  readonly wanted: ServerObject['type'] | null
}

/** The handles in a command, by the members that name them. */
function references(command: ServerWorkCommand): readonly Reference[] {
  switch (command.type) {
    case 'wrapSessionKey':
    case 'agreeSessionKey':
    case 'offerSharedKey':
      return [{ at: 'card', handle: command.card, wanted: 'card' }]
    case 'confirmSession':
      return [
        { at: 'card', handle: command.card, wanted: 'card' },
        ...(command.blob === null ? [] : [{ at: 'blob', handle: command.blob, wanted: 'keyBlob' } as const]),
      ]
    case 'mdImportSessionKey':
      return [{ at: 'blob', handle: command.blob, wanted: 'keyBlob' }]
    case 'setKeyProperty':
    case 'mdOpenResponse':
      return [{ at: 'key', handle: command.key, wanted: 'sessionKey' }]
    case 'mdEncrypt':
      return [
        { at: 'key', handle: command.key, wanted: 'sessionKey' },
        { at: 'blob', handle: command.blob, wanted: 'structure' },
      ]
    case 'composeKeyPair':
    case 'requestCertificate':
    case 'envelopeKey':
      return [{ at: 'key', handle: command.key, wanted: 'keyPair' }]
    case 'composePin':
      return [
        { at: 'pin', handle: command.pin, wanted: 'pin' },
        ...(command.target === null ? [] : [{ at: 'target.pin', handle: command.target.pin, wanted: 'pin' } as const]),
      ]
    case 'destroyKey':
      return [{ at: 'key', handle: command.key, wanted: null }]
    default:
      return []
  }
}

function refusal(names: readonly RefusalName[], situation: ServerSituation): SkiFault | null {
  for (const name of names) {
    if (isOff(situation.state, name)) continue
    const rule = SERVER_REFUSALS[name]
    const fault = rule.refuses(situation)
    if (fault) return fault.requirement === undefined ? { ...fault, requirement: rule.requirement } : fault
  }
  return null
}

const hold = (names: readonly ReadingName[], about: ServerSituation): boolean =>
  names.every((name) => isOff(about.state, name) || SERVER_READINGS[name].holds(about))

const effects = (names: readonly EffectName[], state: ServerState, ending: Ending): ServerState =>
  names.reduce((before, name) => (isOff(before, name) ? before : SERVER_EFFECTS[name].does(before, ending)), state)

const isOff = (state: ServerState, name: ServerRuleName): boolean => state.settings.without.includes(name)

/** The command, as one of the type that its facts have. */
function wanted<T extends ServerWorkCommand['type']>(command: ServerWorkCommand, type: T): Extract<ServerWorkCommand, { type: T }> {
  if (command.type !== type) throw new TypeError(`a command of type ${type} is wanted`)
  return command as Extract<ServerWorkCommand, { type: T }>
}
