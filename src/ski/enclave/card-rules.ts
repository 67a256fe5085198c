/**
 * The refusals of a card, each by name, each with the requirement that it enforces. They look at public records only: no
 * bytes, no crypto, no time. Which of them apply to which command, and when, is in `card-permit.ts`; what endings destroy and
 * what is remembered is in `card-effects.ts`.
 *
 * A refusal here may say what it found; whether it is told so is the business of the veils (SKI-29, SKI-72, SKI-217).
 * @module
 */
import { CARD_EFFECTS, CARD_FORCES, CARD_VEILS, SEALED } from './card-effects.js'
import { CARD_MARK_REFUSALS, takesIv } from './card-marks.js'
import { NO_PIN, findAgreement, findPin, findSessionKey, isPresented, type CardSituation, type OpenedFacts } from './card-state.js'
import type { SkiFault } from './commands.js'
import { fromBase64url } from '../../bytes/base64.js'
import { ALGORITHMS } from '../sealed/codes.js'

/** Says why a command is not done, or `null`. Judged before the work and again when its result comes in. */
export interface CardRefusal {
  readonly requirement: string
  /** The fault, or `null` where the command may go on. */
  readonly refuses: (situation: CardSituation) => SkiFault | null
}

/** How many session keys and agreements live at once. A host that asks for more has to destroy some. */
export const MOST_KEYS = 32

// Containers.

const containerKnown: CardRefusal = {
  requirement: 'SKI-192',
  refuses: ({ state, command }) => {
    const container = 'container' in command ? command.container : null
    return container === null || container < state.settings.containers
      ? null
      : { code: 'container_unknown', at: 'container', found: container, wanted: `below ${state.settings.containers}` }
  },
}

const containerFilled: CardRefusal = {
  requirement: 'SKI-126',
  refuses: ({ container }) => (container === null ? { code: 'container_empty', at: 'container' } : null),
}

const k1OverK1Only: CardRefusal = {
  requirement: 'SKI-213',
  refuses: ({ container }) => (container?.purpose === 'user' ? { code: 'container_occupied', at: 'container' } : null),
}

const deletesK1Only: CardRefusal = {
  requirement: 'SKI-213',
  refuses: ({ container }) => (container?.purpose === 'user' ? { code: 'purpose_not_allowed', at: 'container', found: 'user' } : null),
}

// Another key may have come into the container while the first one was worked with.
const sameKeyPair: CardRefusal = {
  requirement: 'SKI-218',
  refuses: ({ container, done }) => (done && (container?.key ?? null) !== done.permit.keyPair ? { code: 'container_empty', at: 'container' } : null),
}

const guardPresented: CardRefusal = {
  requirement: 'SKI-131',
  refuses: ({ state, command, container }) =>
    container !== null && !isPresented(state, command.channel, container.pinId)
      ? { code: 'not_authenticated', at: 'container', wanted: `PIN ${container.pinId}` }
      : null,
}

// Keys that establish keys.

const importsSessionKeys: CardRefusal = {
  requirement: 'SKI-211',
  refuses: ({ container }) => typeFault(container?.kind, 'rsa') ?? purposeFault(container?.purpose, 'session'),
}

const agreesOnKeys: CardRefusal = {
  requirement: 'SKI-211',
  refuses: ({ container }) => typeFault(container?.kind, 'ec') ?? purposeFault(container?.purpose, 'agreement'),
}

const statesK1Only: CardRefusal = {
  requirement: 'SKI-48',
  refuses: ({ command, container }) =>
    command.type === 'readKey' && command.evidence !== 'plain' && container?.purpose === 'user'
      ? { code: 'purpose_not_allowed', at: 'container', found: 'user', wanted: 'session or agreement' }
      : null,
}

const evidenceOffered: CardRefusal = {
  requirement: 'SKI-193',
  refuses: ({ state, command }) => {
    if (command.type !== 'readKey' || command.evidence === 'plain') return null
    return (command.evidence === 'attested' ? state.settings.attests : state.settings.shares)
      ? null
      : { code: 'property_missing', at: 'evidence', found: command.evidence }
  },
}

const sharedKeyHeld: CardRefusal = {
  requirement: 'SKI-135',
  refuses: ({ state }) => (state.settings.shares ? null : { code: 'property_missing', at: 'way', wanted: 'a shared key' }),
}

// The published way is the shared key itself, and has the length that it has.
const sharedKeyWhole: CardRefusal = {
  requirement: 'SKI-77',
  refuses: ({ state, command }) =>
    command.type === 'shareKey' && command.way === 'shared' && state.settings.sealedData === 'published' && ALGORITHMS[command.algorithm].keyBytes !== 32
      ? { code: 'algorithm_not_supported', at: 'algorithm', found: command.algorithm, wanted: 'AES-256' }
      : null,
}

const algorithmOffered: CardRefusal = {
  requirement: 'SKI-40',
  refuses: ({ state, command }) =>
    'algorithm' in command && !state.settings.algorithms.includes(command.algorithm)
      ? { code: 'algorithm_not_supported', at: 'algorithm', found: command.algorithm }
      : null,
}

const tripleDesByPolicy: CardRefusal = {
  requirement: 'SKI-64',
  refuses: ({ state, command }) =>
    'algorithm' in command && ALGORITHMS[command.algorithm].cipher === '3DES' && !state.settings.tripleDes
      ? { code: 'algorithm_not_supported', at: 'algorithm', found: command.algorithm }
      : null,
}

const paddingOffered: CardRefusal = {
  requirement: 'SKI-197',
  refuses: ({ state, command }) =>
    command.type === 'importSessionKey' && !state.settings.paddings.includes(command.padding)
      ? { code: 'padding_not_supported', at: 'padding', found: command.padding }
      : null,
}

const serverProven: CardRefusal = {
  requirement: 'SKI-50',
  refuses: ({ state, command }) =>
    'proven' in command && !command.proven && state.settings.serverProof !== 'none'
      ? { code: 'proof_refused', at: 'proven', wanted: state.settings.serverProof }
      : null,
}

// A bare establishment of these two says nothing of the session that the bound format is bound to.
const sessionNamed: CardRefusal = {
  requirement: 'SKI-67',
  refuses: ({ state, command }) =>
    state.settings.sealedData === 'bound' &&
    (command.type === 'importSessionKey' || (command.type === 'shareKey' && command.way === 'shared')) &&
    !command.proven
      ? { code: 'proof_refused', at: 'proven', wanted: 'an establishment' }
      : null,
}

const roomForKeys: CardRefusal = {
  requirement: 'SKI-192',
  refuses: ({ state }) => (state.keys.length + state.agreements.length < MOST_KEYS ? null : { code: 'no_room', at: 'key', wanted: MOST_KEYS }),
}

const agreementOnce: CardRefusal = {
  requirement: 'SKI-7',
  refuses: ({ agreement }) => (agreement?.used ? { code: 'purpose_not_allowed', at: 'agreement', found: 'used' } : null),
}

const handleFresh: CardRefusal = {
  requirement: 'SKI-218',
  refuses: ({ state, done }) =>
    done && 'handle' in done.facts && (findSessionKey(state, done.facts.handle) ?? findAgreement(state, done.facts.handle)) ? { code: 'enclave_failed' } : null,
}

const handleKnown: CardRefusal = {
  requirement: 'SKI-218',
  refuses: ({ command, key, agreement }) =>
    key === null && agreement === null ? { code: 'handle_unknown', at: command.type === 'deriveKey' ? 'agreement' : 'key' } : null,
}

const ownChannel: CardRefusal = {
  requirement: 'SKI-248',
  refuses: ({ command, key, agreement }) =>
    [key, agreement].some((one) => one !== null && one.channel !== command.channel) ? { code: 'handle_unknown', at: 'channel' } : null,
}

// Properties and sealed data.

const ivLength: CardRefusal = {
  requirement: 'SKI-139',
  refuses: ({ command, key }) => {
    if (command.type !== 'setKeyProperty' || command.iv === null || key === null) return null
    const { blockBytes } = ALGORITHMS[key.algorithm]
    const iv = fromBase64url(command.iv)
    return iv.ok && iv.value.length === blockBytes ? null : { code: 'property_invalid', at: 'iv', wanted: `${blockBytes} bytes` }
  },
}

const propertiesSet: CardRefusal = {
  requirement: 'SKI-12',
  refuses: ({ key }) =>
    key !== null && (key.mode === null || key.iv === null) ? { code: 'property_missing', at: key.mode === null ? 'ChainingMode' : 'IV' } : null,
}

const ivFresh: CardRefusal = {
  requirement: 'SKI-221',
  refuses: ({ key }) => (key !== null && key.iv !== null && !takesIv(key.ivs, key.iv) ? { code: 'iv_used', at: 'IV' } : null),
}

const flagsKnown: CardRefusal = {
  requirement: 'SKI-140',
  refuses: ({ command }) =>
    command.type === 'processSealed' && command.flags !== 0 && command.flags !== 1 ? { code: 'format_invalid', at: 'flags', found: command.flags } : null,
}

const containerPrepared: CardRefusal = {
  requirement: 'SKI-140',
  refuses: ({ command }) =>
    command.type === 'processSealed' && (command.function === 'Import Key Pair') !== (command.container !== null)
      ? { code: 'format_invalid', at: 'container', wanted: command.function === 'Import Key Pair' ? 'a container' : 'none' }
      : null,
}

// The documents let an import take the place of whatever is there, and the published format has no word in it (assumption A2).
const overwriteSaid: CardRefusal = {
  requirement: 'SKI-213',
  refuses: ({ state, command, container, done }) => {
    if (command.type !== 'processSealed' || container === null || state.settings.sealedData === 'published') return null
    const opened = openedFacts(done)
    return opened?.function === 'Import Key Pair' && !opened.overwrite ? SEALED : null
  },
}

const containerSaid: CardRefusal = {
  requirement: 'SKI-214',
  refuses: ({ command, done }) => {
    const opened = openedFacts(done)
    return command.type === 'processSealed' && opened?.function === 'Import Key Pair' && opened.container !== command.container ? SEALED : null
  },
}

const guardKnown: CardRefusal = {
  requirement: 'SKI-214',
  refuses: ({ state, done }) => {
    const opened = openedFacts(done)
    return opened?.function === 'Import Key Pair' && opened.pinId !== NO_PIN && findPin(state, opened.pinId) === null ? SEALED : null
  },
}

// For the key that is there this is known before anything is opened; for the one that comes, only behind a MAC.
const writeGuarded: CardRefusal = {
  requirement: 'SKI-217',
  refuses: ({ state, command, container, done }) => {
    if (!state.settings.writeNeedsPin || command.type !== 'processSealed') return null
    if (container !== null && !isPresented(state, command.channel, container.pinId))
      return { code: 'not_authenticated', at: 'container', wanted: `PIN ${container.pinId}` }
    const opened = openedFacts(done)
    if (opened?.function !== 'Import Key Pair' || isPresented(state, command.channel, opened.pinId)) return null
    return state.settings.sealedData === 'bound' ? { code: 'not_authenticated', at: 'container', wanted: `PIN ${opened.pinId}` } : SEALED
  },
}

// PINs.

const pinKnown: CardRefusal = {
  requirement: 'SKI-285',
  refuses: ({ command, pin }) =>
    'pinId' in command && pin === null && !(command.type === 'makeK1' && command.pinId === NO_PIN)
      ? { code: 'pin_unknown', at: 'pinId', found: command.pinId }
      : null,
}

const pinNotBlocked: CardRefusal = {
  requirement: 'SKI-285',
  refuses: ({ pin }) => (pin?.tries === 0 ? { code: 'pin_blocked', at: 'pinId', found: pin.id } : null),
}

const entryWaits: CardRefusal = {
  requirement: 'SKI-283',
  // Asked before the work only: by its end the entry is spent.
  refuses: ({ state, command, done }) =>
    done === null && command.type === 'verifyPin' && 'entry' in command.pin && !state.entries.includes(command.pin.entry)
      ? { code: 'handle_unknown', at: 'pin.entry' }
      : null,
}

const pinRight: CardRefusal = {
  requirement: 'SKI-285',
  refuses: ({ state, done }) => {
    const facts = done?.facts.type === 'verifyPin' ? done.facts : openedFacts(done)
    if (!facts || !('right' in facts) || facts.right) return null
    const pinId = 'pinId' in facts ? facts.pinId : done?.permit.command.type === 'verifyPin' ? done.permit.command.pinId : NO_PIN
    return { code: 'pin_wrong', at: 'pin', found: findPin(state, pinId)?.tries ?? 0 }
  },
}

/** Every refusal, by name. */
export const CARD_REFUSALS = {
  containerKnown,
  containerFilled,
  k1OverK1Only,
  deletesK1Only,
  sameKeyPair,
  guardPresented,
  importsSessionKeys,
  agreesOnKeys,
  statesK1Only,
  evidenceOffered,
  sharedKeyHeld,
  sharedKeyWhole,
  algorithmOffered,
  tripleDesByPolicy,
  paddingOffered,
  serverProven,
  sessionNamed,
  roomForKeys,
  agreementOnce,
  handleFresh,
  handleKnown,
  ownChannel,
  ivLength,
  propertiesSet,
  ivFresh,
  flagsKnown,
  containerPrepared,
  overwriteSaid,
  containerSaid,
  guardKnown,
  writeGuarded,
  pinKnown,
  pinNotBlocked,
  entryWaits,
  pinRight,
} as const satisfies Readonly<Record<string, CardRefusal>>

/** All rules of a card. */
export const CARD_RULES = { ...CARD_REFUSALS, ...CARD_MARK_REFUSALS, ...CARD_FORCES, ...CARD_VEILS, ...CARD_EFFECTS } as const

/** The name of a rule, as it is switched off in tests. */
export type CardRuleName = keyof typeof CARD_RULES

const openedFacts = (done: CardSituation['done']): OpenedFacts | null => (done?.facts.type === 'processSealed' ? done.facts.opened : null)

/** A key of the other type cannot be meant: that is the caller's argument (SKI-128, SKI-141), and no matter of purpose. */
const typeFault = (found: string | undefined, wanted: 'rsa' | 'ec'): SkiFault | null =>
  found === undefined || found.startsWith(wanted) ? null : { code: 'format_invalid', at: 'container', found, wanted }

const purposeFault = (found: string | undefined, wanted: string): SkiFault | null =>
  found === undefined || found === wanted ? null : { code: 'purpose_not_allowed', at: 'container', found, wanted }
