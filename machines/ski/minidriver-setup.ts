/**
 * The vocabulary of the minidriver: its context, its guards and its actions, each under the name that the machine in
 * `minidriver.ts` uses. Which status a faulty call gets is in `src/ski/minidriver`.
 *
 * Spec: spec/ski.md, SKI-12 to SKI-23, SKI-120 to SKI-149, SKI-182 to SKI-184, SKI-240 to SKI-248.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { Call } from '../../src/ski/calls.js'
import type { ServerAnswer } from '../../src/ski/enclave/commands.js'
import type { AppSays, CardToMinidriver, ReaderSays } from '../../src/ski/messages.js'
import { answerOf } from '../../src/ski/minidriver/answer.js'
import { pinsIn } from '../../src/ski/minidriver/arguments.js'
import { contextFault, faultOf } from '../../src/ski/minidriver/judge.js'
import { MISHAPS, statusOfFault, statusOfWord, triesLeft } from '../../src/ski/minidriver/status.js'
import { SKI_VERSION, type MinidriverView, type ProductFacts } from '../../src/ski/minidriver/view.js'
import { closedPort } from '../ports.js'
import type { Progress } from './common.js'
import { apduOf, commandOf, returned, returnedBytes } from './minidriver-words.js'

/** How an instance of a minidriver is set up: one instance has one context at a time. */
export interface MinidriverInput extends ProductFacts {
  /** The logical channel of the card that this context has to itself (card mode). */
  readonly channel: number
}

/** What a minidriver remembers of its context. All of it is public. */
export interface MinidriverContext extends MinidriverView {
  readonly channel: number
  /** The call in hand. */
  readonly call: Call | null
  /** The PINs that the call in hand has still to put away. */
  readonly pins: readonly number[]
  /** What every call is answered with once the card is gone; 0 while it is there. */
  readonly lost: number
}

type Heard = Call | CardToMinidriver | ReaderSays | ServerAnswer | AppSays

/** What a minidriver is without a context. Handles are counted on, so that those of an old context mean nothing in a new one. */
export const unacquired: Omit<MinidriverContext, keyof MinidriverInput | 'given'> = {
  mode: 'none',
  negotiated: 0,
  capabilities: { cardId: '', mask: 0, algorithms: [], paddings: 0 },
  keys: [],
  agreements: [],
  call: null,
  pins: [],
  lost: 0,
}

/** Calls are known by their numbers; functions that do not exist can be called, too. */
const isCall = (event: { readonly type: string; readonly call?: unknown }): event is Call => typeof event.call === 'number' && !event.type.includes('.')
const callIn = (event: { readonly type: string }): Call | null => (isCall(event) ? event : null)
const isSound = (context: MinidriverContext, event: { readonly type: string }): event is Call => isCall(event) && faultOf(event, context) === null
const isForMe = ({ channel }: MinidriverContext, event: { readonly type: string; readonly channel?: number }): boolean => event.channel === channel
const left = ({ keys, agreements }: MinidriverContext): number => keys.length + agreements.length

/** See the module text. */
export const minidriverSetup = setup({
  types: {
    input: {} as MinidriverInput,
    context: {} as MinidriverContext,
    events: {} as Heard,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort, enclave: closedPort },
  guards: {
    isCall: ({ event }) => isCall(event),
    /** Nothing is wrong with the call as far as it can be seen from here. */
    sound: ({ context, event }) => isSound(context, event),
    answeredHere: ({ context, event }) => isSound(context, event) && answerOf(event, context) !== null,
    wantsNoCard: ({ context, event }) => isSound(context, event) && event.type === 'CardAcquireContext' && event.flags !== 0,
    /** A card says it, and to this context. */
    forMe: ({ context, event }) => isForMe(context, event),
    isMyCard: ({ context, event }) =>
      event.type === 'card.selected' && isForMe(context, event) && event.product === context.product && event.version === context.version,
    somethingLeft: ({ context }) => left(context) > 0,
    morePins: ({ context, event }) => isForMe(context, event) && context.pins.length > 1,
  },
  actions: {
    noteCall: assign(({ event }) => ({ call: callIn(event), pins: event.type === 'CardDeauthenticateEx' ? (pinsIn(event.pins) ?? []) : [] })),
    forgetCall: assign({ call: null, pins: [] }),
    nextPin: assign({ pins: ({ context }) => context.pins.slice(1) }),
    enterCardMode: assign({ mode: 'card' }),
    enterNoCardMode: assign({ mode: 'noCard' }),
    noteVersion: assign({ negotiated: ({ context }) => (context.call?.type === 'CardAcquireContext' ? Math.min(context.call.version, SKI_VERSION) : 0) }),
    noteCardId: assign(({ context, event }) => {
      assertEvent(event, 'card.selected')
      return { capabilities: { ...context.capabilities, cardId: event.cardId } }
    }),
    noteCapabilities: assign(({ context, event }) => {
      assertEvent(event, 'card.capabilities')
      const { mask, algorithms, paddings } = event
      return { capabilities: { ...context.capabilities, mask, algorithms, paddings } }
    }),
    leaveContext: assign(unacquired),
    /** Card out or reset: no handle of this context means anything any more (SKI-18). */
    loseCard: assign({ keys: [], agreements: [], lost: MISHAPS.card_removed }),
    loseSession: assign({ keys: [], agreements: [], lost: MISHAPS.card_reset }),
    giveCardKey: assign(({ context, event }) => {
      assertEvent(event, 'card.sessionKey')
      return commandOf.withKey(context, event.key, event.receipt)
    }),
    giveServerKey: assign(({ context, event }) => {
      assertEvent(event, 'enclave.mdKeyReady')
      return commandOf.withKey(context, event.key, null)
    }),
    giveAgreement: assign(({ context, event }) => {
      assertEvent(event, 'card.agreement')
      return commandOf.withAgreement(context, event.agreement)
    }),
    takeNamed: assign(({ context }) => commandOf.withoutNamed(context)),
    takeFirst: assign(({ context }) => (context.keys.length > 0 ? { keys: context.keys.slice(1) } : { agreements: context.agreements.slice(1) })),
    noteProperty: assign(({ context }) => commandOf.withProperty(context)),
    noteHere: assign(({ context, event }) => (isCall(event) ? commandOf.withAnswer(context, event) : {})),
    noteUse: assign(({ context }) => commandOf.withUse(context)),
    askSelect: sendTo('wire', ({ context }) => ({ type: 'apdu.select', channel: context.channel })),
    askCapabilities: sendTo('wire', ({ context }) => ({ type: 'apdu.capabilities', channel: context.channel })),
    askCard: sendTo('wire', ({ context }) => apduOf(context)),
    askEnclave: sendTo('enclave', ({ context }) => commandOf.call(context)),
    destroyFirstOnCard: sendTo('wire', ({ context }) => ({
      type: 'apdu.destroyKey',
      channel: context.channel,
      key: context.keys[0]?.key ?? context.agreements[0]?.agreement ?? '',
    })),
    destroyFirst: sendTo('enclave', ({ context }) => ({ type: 'destroyKey', key: context.keys[0]?.key ?? '' })),
    returnFault: sendTo('wire', ({ context, event }) => {
      const fault = isCall(event) ? faultOf(event, context) : null
      return returned(callIn(event), fault?.status ?? MISHAPS.enclave_failed, { length: fault?.length ?? null })
    }),
    returnHere: sendTo('wire', ({ context, event }) => {
      const answer = isCall(event) ? answerOf(event, context) : null
      return returned(callIn(event), 0, { data: answer?.data ?? null, length: answer?.length ?? null })
    }),
    returnAcquired: sendTo('wire', ({ context }) => returned(context.call, 0, { handle: context.negotiated })),
    returnDone: sendTo('wire', ({ context }) => returned(context.call, 0)),
    returnHandle: sendTo('wire', ({ context, event }) =>
      returnedBytes(context.call, event.type === 'card.sessionKey' ? event.nonce : null, { handle: context.given }),
    ),
    returnAgreement: sendTo('wire', ({ context }) => returned(context.call, 0, { handle: context.agreements.at(-1)?.index ?? null })),
    returnData: sendTo('wire', ({ context, event }) => {
      assertEvent(event, ['card.challenge', 'card.file', 'card.processed'])
      return returnedBytes(context.call, event.type === 'card.challenge' ? event.nonce : event.type === 'card.file' ? event.data : event.output)
    }),
    returnPublicKey: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'card.publicKey')
      return commandOf.publicKey(context, event)
    }),
    returnBlobs: sendTo('wire', ({ context, event }) => returned(context.call, 0, { blobs: event.type === 'enclave.mdEncrypted' ? event.blobs : null })),
    returnResponse: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.responseOpened')
      return returned(context.call, 0, { length: event.attemptsRemaining, plain: event.sessionPin === null ? null : { reference: event.sessionPin } })
    }),
    returnRefused: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'card.refused')
      return returned(context.call, statusOfWord(event.sw, context.call?.type ?? null), { length: triesLeft(event.sw) })
    }),
    returnEnclaveRefused: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.refused')
      return returned(context.call, statusOfFault(event.fault))
    }),
    returnCancelled: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.cancelled)),
    returnTimedOut: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.timed_out)),
    returnAbsent: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.card_absent)),
    returnRemoved: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.card_removed)),
    returnReset: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.card_reset)),
    returnUnknownCard: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.card_unknown)),
    returnUnreadable: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.transport_failed)),
    returnEnclaveFailed: sendTo('wire', ({ context }) => returned(context.call, MISHAPS.enclave_failed)),
    /** Whether the context has the function comes before all else (SKI-148). */
    returnBusy: sendTo('wire', ({ context, event }) =>
      returned(callIn(event), (isCall(event) ? contextFault(event, context)?.status : null) ?? MISHAPS.call_in_progress),
    ),
    returnLost: sendTo('wire', ({ context, event }) => returned(callIn(event), (isCall(event) ? contextFault(event, context)?.status : null) ?? context.lost)),
    reportStray: emit({ type: 'progress', role: 'minidriver', step: 'strayWord' }),
    reportLate: emit({ type: 'progress', role: 'minidriver', step: 'lateAnswer' }),
    reportGone: emit({ type: 'progress', role: 'minidriver', step: 'cardGone' }),
    reportAcquired: emit({ type: 'progress', role: 'minidriver', step: 'acquired' }),
    reportDeleted: emit({ type: 'progress', role: 'minidriver', step: 'deleted' }),
  },
})
