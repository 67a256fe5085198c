/**
 * What a card refuses to write down while it works, and the command with it: a nonce that is not outstanding, an IV that
 * served, a key that is used up, a PIN without tries. Judged at the moment of writing, because commands may overlap; what is
 * written stays, whichever way the command ends (SKI-216).
 * @module
 */
import { SEALED } from './card-effects.js'
import { findPin, findSessionKey, type CardMark, type CardState } from './card-state.js'
import type { SkiFault } from './commands.js'

/** Says why something is not written down, and the command with it not done, or `null`. */
export interface CardMarkRefusal {
  readonly requirement: string
  /** The fault, or `null` where it is to be written down. */
  readonly refusesMark: (state: CardState, mark: CardMark, channel: number) => SkiFault | null
}

/** How many IVs a session key takes. It keeps guesses at a ciphertext few, and the record of them short. */
export const MOST_IVS = 64

const nonceOutstanding: CardMarkRefusal = {
  requirement: 'SKI-68',
  refusesMark: (state, mark, channel) =>
    mark.type === 'nonceTaken' && mark.nonce !== null && !state.nonces.some((one) => one.channel === channel && one.nonce === mark.nonce)
      ? { code: 'proof_refused', at: 'cardNonce' }
      : null,
}

const openedOnce: CardMarkRefusal = {
  requirement: 'SKI-69',
  refusesMark: (state, mark) => (mark.type === 'ivTaken' && findSessionKey(state, mark.key)?.used ? SEALED : null),
}

// Two commands that overlap may both have been permitted.
const ivTakenOnce: CardMarkRefusal = {
  requirement: 'SKI-221',
  refusesMark: (state, mark) => {
    const key = mark.type === 'ivTaken' ? findSessionKey(state, mark.key) : null
    return mark.type === 'ivTaken' && key !== null && !takesIv(key.ivs, mark.iv) ? { code: 'iv_used', at: 'IV' } : null
  },
}

const triesLeft: CardMarkRefusal = {
  requirement: 'SKI-285',
  refusesMark: (state, mark) => {
    if (mark.type !== 'pinTried') return null
    const pin = findPin(state, mark.pinId)
    if (pin === null) return { code: 'pin_unknown', at: 'pinId' }
    return pin.tries === 0 ? { code: 'pin_blocked', at: 'pinId' } : null
  },
}

const externalAtPadOnly: CardMarkRefusal = {
  requirement: 'SKI-286',
  refusesMark: (state, mark) =>
    mark.type === 'pinTried' && mark.from !== 'pad' && findPin(state, mark.pinId)?.external
      ? { code: 'purpose_not_allowed', at: 'pinId', wanted: 'the PIN pad' }
      : null,
}

const mayChange: CardMarkRefusal = {
  requirement: 'SKI-281',
  refusesMark: (state, mark) => {
    if (mark.type !== 'pinTried' || mark.change === null) return null
    const { how, target } = mark.change
    const by = how === 'change' ? target : findPin(state, target)?.unblockedBy
    return findPin(state, target) !== null && by === mark.pinId ? null : { code: 'pin_unknown', at: 'pinId' }
  },
}

/** Every refusal to write something down, by name; asked in this order. */
export const CARD_MARK_REFUSALS = { nonceOutstanding, openedOnce, ivTakenOnce, externalAtPadOnly, mayChange, triesLeft } as const satisfies Readonly<
  Record<string, CardMarkRefusal>
>

/** Whether a key may open something under an IV. */
export const takesIv = (ivs: readonly string[], iv: string): boolean => ivs.length < MOST_IVS && !ivs.includes(iv)
