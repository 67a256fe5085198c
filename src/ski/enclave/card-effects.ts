/**
 * The rules of a card that refuse nothing: forces say what a key is that came in, whatever was asked; veils say which
 * refusals are not told apart; effects say what an event destroys or has remembered. Each by name, each with its requirement,
 * over public state alone.
 * @module
 */
import type { CardKeyPurpose, SkiFault } from './commands.js'
import { ORDER, findPin, findSessionKey, put, putPin, putSessionKey, type CardMark, type CardState } from './card-state.js'
import { SEALED_REFUSED } from '../sealed/refusal.js'

/** Says what an imported key is for. */
export interface CardForce {
  readonly requirement: string
  /** The purpose as it will be. */
  readonly forces: (purpose: CardKeyPurpose) => CardKeyPurpose
}

/** Says which refusals that come of opened data are told as the one refusal for sealed data. */
export interface CardVeil {
  readonly requirement: string
  /** Whether the fault is hidden. */
  readonly hides: (state: CardState, fault: SkiFault) => boolean
}

/** What an effect is about. */
export interface CardEvent {
  readonly mark: CardMark | null
  readonly channel: number
  /** The PIN that was presented, changed or put away. */
  readonly pinId: number
}

/** Says what an event does to the state. */
export interface CardEffect {
  readonly requirement: string
  /** The state after the event. */
  readonly does: (state: CardState, event: CardEvent) => CardState
}

/** The one refusal for everything that is found out by opening what is sealed: one object, so that no member of it can depend on the cause. */
export const SEALED: SkiFault = SEALED_REFUSED.fault

// Forces. The purpose that is asked for is that of a key which the card made itself.

const importedIsOrdinary: CardForce = { requirement: 'SKI-212', forces: () => 'user' }

// Veils.

const PIN_WORDS: readonly SkiFault['code'][] = ['pin_wrong', 'pin_blocked', 'not_authenticated']

const oneWordForSealed: CardVeil = { requirement: 'SKI-72', hides: (_state, { code }) => !PIN_WORDS.includes(code) }
// In the published format no MAC stands before a PIN: whoever changes the IV would read off what he hit.
const pinWordsBehindMac: CardVeil = {
  requirement: 'SKI-217',
  hides: ({ settings }, { code }) => settings.sealedData === 'published' && PIN_WORDS.includes(code),
}

// Effects of marks.

const nonceSpent: CardEffect = {
  requirement: 'SKI-68',
  does: (state, { mark, channel }) => (mark?.type === 'nonceTaken' ? { ...state, nonces: state.nonces.filter((one) => one.channel !== channel) } : state),
}

const ivRemembered: CardEffect = {
  requirement: 'SKI-221',
  does: (state, { mark }) => {
    const key = mark?.type === 'ivTaken' ? findSessionKey(state, mark.key) : null
    return mark?.type === 'ivTaken' && key !== null ? putSessionKey(state, { ...key, ivs: [...key.ivs, mark.iv] }) : state
  },
}

// The bound format answers for more than the published one, which leaves this to whoever uses it (assumption A2).
const importSpendsKey: CardEffect = {
  requirement: 'SKI-69',
  does: (state, { mark }) => {
    const key = mark?.type === 'ivTaken' && mark.importing && state.settings.sealedData === 'bound' ? findSessionKey(state, mark.key) : null
    return key === null ? state : putSessionKey(state, { ...key, used: true })
  },
}

const tryCounted: CardEffect = {
  requirement: 'SKI-216',
  does: (state, { mark }) => {
    const pin = mark?.type === 'pinTried' ? findPin(state, mark.pinId) : null
    return pin === null ? state : putPin(state, { ...pin, tries: pin.tries - 1 })
  },
}

const entrySpent: CardEffect = {
  requirement: 'SKI-283',
  does: (state, { mark }) => (mark?.type === 'entryTaken' ? { ...state, entries: state.entries.filter((entry) => entry !== mark.entry) } : state),
}

// Effects of PINs.

const rightTryRestores: CardEffect = {
  requirement: 'SKI-285',
  does: (state, { pinId }) => {
    const pin = findPin(state, pinId)
    return pin === null ? state : putPin(state, { ...pin, tries: pin.max })
  },
}

// The PIN of a session is another one: that it was right says nothing of the holder's, so it gives back what it took.
const rightTryGivesBack: CardEffect = {
  requirement: 'SKI-285',
  does: (state, { pinId }) => {
    const pin = findPin(state, pinId)
    return pin === null ? state : putPin(state, { ...pin, tries: Math.min(pin.max, pin.tries + 1) })
  },
}

const presents: CardEffect = {
  requirement: 'SKI-280',
  does: (state, { channel, pinId }) => ({ ...state, authenticated: put(state.authenticated, { channel, pinId }, ORDER.presented) }),
}

const putsAway: CardEffect = {
  requirement: 'SKI-132',
  does: (state, { channel, pinId }) => {
    const others = (one: { readonly channel: number; readonly pinId: number }) => one.channel !== channel || one.pinId !== pinId
    return { ...state, authenticated: state.authenticated.filter(others), sessionPins: state.sessionPins.filter(others) }
  },
}

// Whoever presented the old value has not presented the new one, on whichever channel.
const changeEndsPresented: CardEffect = {
  requirement: 'SKI-281',
  does: (state, { pinId }) => {
    const others = (one: { readonly pinId: number }) => one.pinId !== pinId
    return { ...state, authenticated: state.authenticated.filter(others), sessionPins: state.sessionPins.filter(others) }
  },
}

// Effects of a loss of power.

const resetEndsKeys: CardEffect = { requirement: 'SKI-18', does: (state) => ({ ...state, keys: [], agreements: [] }) }
const resetEndsNonces: CardEffect = { requirement: 'SKI-68', does: (state) => ({ ...state, nonces: [] }) }
const resetEndsPresented: CardEffect = { requirement: 'SKI-247', does: (state) => ({ ...state, authenticated: [], sessionPins: [] }) }
const resetEndsEntries: CardEffect = { requirement: 'SKI-283', does: (state) => ({ ...state, entries: [] }) }

/** Every force, by name. */
export const CARD_FORCES = { importedIsOrdinary } as const satisfies Readonly<Record<string, CardForce>>

/** Every veil, by name. */
export const CARD_VEILS = { oneWordForSealed, pinWordsBehindMac } as const satisfies Readonly<Record<string, CardVeil>>

/** Every effect, by name. */
export const CARD_EFFECTS = {
  nonceSpent,
  ivRemembered,
  importSpendsKey,
  tryCounted,
  entrySpent,
  rightTryRestores,
  rightTryGivesBack,
  presents,
  putsAway,
  changeEndsPresented,
  resetEndsKeys,
  resetEndsNonces,
  resetEndsPresented,
  resetEndsEntries,
} as const satisfies Readonly<Record<string, CardEffect>>
