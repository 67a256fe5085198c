/**
 * How the rules of a card are applied to a command: before the work, while it goes on, and when it is done. Pure: state in,
 * state out.
 *
 * What comes of opened data is judged at the end, where `veiled` takes from a refusal whatever could tell one cause from
 * another (SKI-72, SKI-217).
 *
 * Requirements: SKI-148, SKI-210 to SKI-222, SKI-247.
 * @module
 */
import { accept, refuse, type Verdict } from '../../verdict.js'
import { CARD_EFFECTS, CARD_FORCES, CARD_VEILS, SEALED, type CardEvent } from './card-effects.js'
import { CARD_MARK_REFUSALS } from './card-marks.js'
import { CARD_REFUSALS, type CardRuleName } from './card-rules.js'
import {
  ORDER,
  findAgreement,
  findContainer,
  findPin,
  findSessionKey,
  put,
  putPin,
  putSessionKey,
  type CardAgreement,
  type CardCommandOf,
  type CardFacts,
  type CardMark,
  type CardPermit,
  type CardRuleCommand,
  type CardSituation,
  type CardState,
  type KeyContainer,
  type OpenedFacts,
  type OpenedOf,
  type CardSessionKey,
} from './card-state.js'
import type { CardAnswer, CardKeyPurpose, SkiFault, SkiKeyKind } from './commands.js'

type RefusalName = keyof typeof CARD_REFUSALS
type EffectName = keyof typeof CARD_EFFECTS

/** Which refusals apply to a command: before the work (and again after it), and further ones after it. */
export interface RulesOfCardCommand {
  readonly before: readonly RefusalName[]
  readonly after: readonly RefusalName[]
}

const OF_A_KEY = ['containerKnown', 'containerFilled'] as const
const OF_AN_ALGORITHM = ['algorithmOffered', 'tripleDesByPolicy'] as const
const OF_A_HANDLE = ['handleKnown', 'ownChannel'] as const

/** The refusals of each command, in the order in which they are asked (SKI-148). */
export const CARD_COMMAND_RULES: Readonly<Record<CardRuleCommand['type'], RulesOfCardCommand>> = {
  makeK1: { before: ['containerKnown', 'pinKnown', 'k1OverK1Only', 'guardPresented'], after: ['sameKeyPair'] },
  readKey: { before: ['evidenceOffered', ...OF_A_KEY, 'statesK1Only'], after: ['sameKeyPair'] },
  drawNonce: { before: [], after: [] },
  importSessionKey: {
    before: [...OF_AN_ALGORITHM, 'paddingOffered', ...OF_A_KEY, 'importsSessionKeys', 'guardPresented', 'roomForKeys', 'serverProven', 'sessionNamed'],
    after: ['sameKeyPair', 'handleFresh'],
  },
  shareKey: { before: ['sharedKeyHeld', ...OF_AN_ALGORITHM, 'sharedKeyWhole', 'roomForKeys', 'serverProven', 'sessionNamed'], after: ['handleFresh'] },
  agree: { before: [...OF_A_KEY, 'agreesOnKeys', 'guardPresented', 'roomForKeys'], after: ['sameKeyPair', 'handleFresh'] },
  deriveKey: { before: [...OF_A_HANDLE, ...OF_AN_ALGORITHM, 'agreementOnce', 'roomForKeys', 'serverProven'], after: ['handleFresh'] },
  setKeyProperty: { before: [...OF_A_HANDLE, 'ivLength'], after: [] },
  processSealed: {
    before: ['flagsKnown', ...OF_A_HANDLE, 'containerPrepared', 'propertiesSet', 'ivFresh', 'containerKnown', 'overwriteSaid', 'writeGuarded'],
    after: ['pinRight', 'containerSaid', 'guardKnown'],
  },
  destroyKey: { before: [...OF_A_HANDLE], after: [] },
  deleteContainer: { before: [...OF_A_KEY, 'deletesK1Only', 'guardPresented'], after: ['sameKeyPair'] },
  verifyPin: { before: ['pinKnown', 'pinNotBlocked', 'entryWaits'], after: ['pinRight'] },
  deauthenticate: { before: ['pinKnown'], after: [] },
}

/** Whether a command may be done now. */
export function permitCard(state: CardState, conversation: string, command: CardRuleCommand): Verdict<CardPermit, SkiFault> {
  const situation = situate(state, command)
  const fault = refusal(CARD_COMMAND_RULES[command.type].before, situation)
  return fault ? refuse(fault) : accept({ conversation, epoch: state.epoch, command, keyPair: situation.container?.key ?? null })
}

/** Writes something down while a command is worked on; see the engine. */
export function noteCard(state: CardState, { command }: CardPermit, mark: CardMark): Verdict<CardState, SkiFault> {
  for (const name of Object.keys(CARD_MARK_REFUSALS) as (keyof typeof CARD_MARK_REFUSALS)[]) {
    const rule = CARD_MARK_REFUSALS[name]
    const fault = isOff(state, name) ? null : rule.refusesMark(state, mark, command.channel)
    // Which nonce an establishment names is public.
    if (fault) return refuse(mark.type === 'nonceTaken' ? stated(fault, rule.requirement) : veiled(state, command, stated(fault, rule.requirement)))
  }
  const event = { mark, channel: command.channel, pinId: 0 }
  return accept(effects(['nonceSpent', 'ivRemembered', 'importSpendsKey', 'tryCounted', 'entrySpent'], state, event))
}

/** Takes the result of the work, or refuses it and leaves the state as it was. */
export function commitCard(state: CardState, permit: CardPermit, facts: CardFacts): { readonly state: CardState; readonly answer: CardAnswer } {
  if (facts.type !== permit.command.type) throw new TypeError(`facts of ${facts.type} for ${permit.command.type}`)
  const judged = judge(state, permit, facts)
  if (!judged.ok) return { state, answer: { type: 'enclave.refused', fault: veiled(state, permit.command, judged.fault) } }
  return taken(state, judged.value, permit.command, facts)
}

/** Ends everything that does not survive a loss of power, and all work (SKI-247). */
export function resetCard(state: CardState): CardState {
  const names = ['resetEndsKeys', 'resetEndsNonces', 'resetEndsPresented', 'resetEndsEntries'] as const
  return { ...effects(names, state, { mark: null, channel: 0, pinId: 0 }), epoch: state.epoch + 1 }
}

/** Whether the power was lost since a permit was given. */
export const isCardOver = (state: CardState, permit: CardPermit): boolean => state.epoch !== permit.epoch

function judge(state: CardState, permit: CardPermit, facts: CardFacts): Verdict<CardSituation, SkiFault> {
  const situation = { ...situate(state, permit.command), done: { permit, facts } }
  const { before, after } = CARD_COMMAND_RULES[permit.command.type]
  // What was written down meanwhile is this command's own doing, and is not to be held against it.
  const fault = refusal(
    before.filter((name) => !OWN_DOING.includes(name)),
    situation,
  )
  const last = fault ?? refusal(after, situation)
  return last ? refuse(last) : accept(situation)
}

const OWN_DOING: readonly RefusalName[] = ['ivFresh', 'pinNotBlocked']

/** Finds what a command names. */
function situate(state: CardState, command: CardRuleCommand): CardSituation {
  const named = 'key' in command ? command.key : null
  const agreed = command.type === 'deriveKey' ? command.agreement : command.type === 'destroyKey' ? command.key : null
  return {
    state,
    command,
    container: 'container' in command && command.container !== null ? findContainer(state, command.container) : null,
    key: named === null ? null : findSessionKey(state, named),
    agreement: agreed === null ? null : findAgreement(state, agreed),
    pin: 'pinId' in command ? findPin(state, command.pinId) : null,
    done: null,
  }
}

function taken(
  state: CardState,
  situation: CardSituation,
  command: CardRuleCommand,
  facts: CardFacts,
): { readonly state: CardState; readonly answer: CardAnswer } {
  const { channel } = command
  const { container, key, agreement } = situation
  switch (facts.type) {
    case 'makeK1': {
      const { container: number, kind, pinId } = command as CardCommandOf<'makeK1'>
      const purpose = purposeOf(kind)
      const record = { container: number, purpose, kind, spki: facts.spki, pinId, origin: 'generated', keySpec: null, key: facts.key } as const
      return { state: putContainer(state, record), answer: { type: 'enclave.k1Made', container: number } }
    }
    case 'readKey': {
      const { container: number, purpose, spki } = container!
      const after = facts.nonce === null ? state : { ...state, nonces: put(state.nonces, { channel, nonce: facts.nonce }, ORDER.channel) }
      return { state: after, answer: { type: 'enclave.keyRead', container: number, purpose, spki, evidence: facts.evidence } }
    }
    case 'drawNonce':
      return {
        state: { ...state, nonces: put(state.nonces, { channel, nonce: facts.nonce }, ORDER.channel) },
        answer: { type: 'enclave.nonceDrawn', nonce: facts.nonce },
      }
    case 'importSessionKey':
    case 'shareKey':
    case 'deriveKey': {
      const { handle, way, context, receipt } = facts
      const { algorithm, proven } = command as CardCommandOf<'importSessionKey' | 'shareKey' | 'deriveKey'>
      const record: CardSessionKey = { handle, channel, way, algorithm, context, mode: null, iv: null, ivs: [], used: false }
      const before = agreement === null ? state : { ...state, agreements: put(state.agreements, { ...agreement, used: true }, ORDER.handle) }
      const nonce = facts.type === 'shareKey' && (way === 'derived' || proven) ? context.cardNonce : null
      return { state: putSessionKey(before, record), answer: { type: 'enclave.sessionKeyReady', key: handle, nonce, receipt } }
    }
    case 'agree': {
      const record: CardAgreement = { handle: facts.handle, channel, container: container!.container, spki: container!.spki, peer: facts.peer, used: false }
      return {
        state: { ...state, agreements: put(state.agreements, record, ORDER.handle) },
        answer: { type: 'enclave.agreed', agreement: facts.handle },
      }
    }
    case 'setKeyProperty': {
      const { mode, iv } = command as CardCommandOf<'setKeyProperty'>
      const record = { ...key!, mode: mode ?? key!.mode, iv: iv ?? key!.iv }
      return { state: putSessionKey(state, record), answer: { type: 'enclave.propertySet', key: record.handle } }
    }
    case 'processSealed':
      return {
        state: carriedOut(state, channel, facts.opened),
        answer: { type: 'enclave.processed', container: (command as CardCommandOf<'processSealed'>).container, output: facts.output },
      }
    case 'destroyKey': {
      const { key: handle } = command as CardCommandOf<'destroyKey'>
      const others = (one: { readonly handle: string }) => one.handle !== handle
      return {
        state: { ...state, keys: state.keys.filter(others), agreements: state.agreements.filter(others) },
        answer: { type: 'enclave.destroyed', key: handle },
      }
    }
    case 'deleteContainer':
      return {
        state: { ...state, containers: state.containers.filter((one) => one !== container) },
        answer: { type: 'enclave.containerDeleted', container: container!.container },
      }
    case 'verifyPin': {
      const { pinId } = command as CardCommandOf<'verifyPin'>
      return { state: effects(['rightTryRestores', 'presents'], state, { mark: null, channel, pinId }), answer: { type: 'enclave.pinVerified', pinId } }
    }
    case 'deauthenticate': {
      const { pinId } = command as CardCommandOf<'deauthenticate'>
      return { state: effects(['putsAway'], state, { mark: null, channel, pinId }), answer: { type: 'enclave.deauthenticated', pinId } }
    }
  }
}

/** What sealed data makes of the state. */
function carriedOut(state: CardState, channel: number, opened: OpenedFacts): CardState {
  const event = { mark: null, channel, pinId: opened.pinId }
  switch (opened.function) {
    case 'Import Key Pair': {
      const { container, kind, spki, pinId, keySpec, key } = opened
      const purpose = isOff(state, 'importedIsOrdinary') ? purposeOf(kind) : CARD_FORCES.importedIsOrdinary.forces(purposeOf(kind))
      return putContainer(state, { container, purpose, kind, spki, pinId, origin: 'imported', keySpec, key })
    }
    case 'Authenticate':
      return authenticated(state, event, opened)
    case 'Change Authenticator': {
      const { pinId, value, tries } = opened.target
      const before = effects(['rightTryRestores'], state, event)
      const pin = findPin(before, pinId)!
      const max = tries === 0 ? pin.max : tries
      return effects(['changeEndsPresented'], putPin(before, { ...pin, value, max, tries: max }), { ...event, pinId })
    }
  }
}

function authenticated(state: CardState, event: CardEvent, opened: OpenedOf<'Authenticate'>): CardState {
  const { channel, pinId } = event
  const tried = effects([opened.compared === 'pin' ? 'rightTryRestores' : 'rightTryGivesBack'], state, event)
  // Whoever asks for a PIN of the session is authenticated by that one, and not already by asking for it.
  if (opened.sessionPin === null) return effects(['presents'], tried, event)
  return { ...tried, sessionPins: put(tried.sessionPins, { channel, pinId, value: opened.sessionPin }, ORDER.presented) }
}

/** What is told instead of a refusal that comes of opened data, or of a race that only good data gets into. */
function veiled(state: CardState, command: CardRuleCommand, fault: SkiFault): SkiFault {
  if (command.type === 'importSessionKey') return SEALED
  if (command.type !== 'processSealed') return fault
  const hidden = (Object.keys(CARD_VEILS) as (keyof typeof CARD_VEILS)[]).some((name) => !isOff(state, name) && CARD_VEILS[name].hides(state, fault))
  return hidden ? SEALED : fault
}

function refusal(names: readonly RefusalName[], situation: CardSituation): SkiFault | null {
  for (const name of names) {
    if (isOff(situation.state, name)) continue
    const rule = CARD_REFUSALS[name]
    const fault = rule.refuses(situation)
    if (fault) return stated(fault, rule.requirement)
  }
  return null
}

const stated = (fault: SkiFault, requirement: string): SkiFault => (fault.requirement === undefined ? { ...fault, requirement } : fault)

const effects = (names: readonly EffectName[], state: CardState, event: CardEvent): CardState =>
  names.reduce((before, name) => (isOff(before, name) ? before : CARD_EFFECTS[name].does(before, event)), state)

const isOff = (state: CardState, name: CardRuleName): boolean => state.settings.without.includes(name)

const putContainer = (state: CardState, record: KeyContainer): CardState => ({ ...state, containers: put(state.containers, record, ORDER.container) })

const purposeOf = (kind: SkiKeyKind): CardKeyPurpose => (kind.startsWith('rsa') ? 'session' : 'agreement')
