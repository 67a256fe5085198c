/**
 * The vocabulary of the minidriver: its context, its guards and its actions, each under the name that the machine in
 * `minidriver.ts` uses. Which status a faulty call gets is in `src/ski/minidriver`.
 *
 * Spec: spec/ski.md, SKI-15 to SKI-22, SKI-120 to SKI-149.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { Call, Returned } from '../../src/ski/calls.js'
import type { ServerAnswer } from '../../src/ski/enclave/commands.js'
import type { AppSays, CardToMinidriver, ReaderSays } from '../../src/ski/messages.js'
import { answerOf } from '../../src/ski/minidriver/answer.js'
import { faultOf } from '../../src/ski/minidriver/judge.js'
import { statusOfFault, statusOfWord } from '../../src/ski/minidriver/status.js'
import type { MinidriverView, ProductFacts } from '../../src/ski/minidriver/view.js'
import { closedPort } from '../ports.js'
import type { Progress } from './common.js'
import { apduOf, commandOf, returned, STATUS_BUSY, STATUS_FAILED, STATUS_REMOVED, STATUS_RESET, STATUS_UNSUPPORTED } from './minidriver-words.js'

/** How an instance of a minidriver is set up: one instance is one context. */
export interface MinidriverInput extends ProductFacts {
  /** The logical channel of the card that this context has to itself (card mode). */
  readonly channel: number
}

/** What a minidriver remembers of its context. All of it is public. */
export interface MinidriverContext extends MinidriverView {
  readonly channel: number
  /** The call in hand. */
  readonly call: Call | null
  /** How many handles, and agreements, were given. */
  readonly given: number
}

type Heard = Call | CardToMinidriver | ReaderSays | ServerAnswer | AppSays

/** What a minidriver is before it is acquired. */
export const unacquired: Omit<MinidriverContext, keyof MinidriverInput> = {
  mode: 'none',
  capabilities: { cardId: '', mask: 0, algorithms: [], paddings: 0 },
  keys: [],
  agreements: [],
  call: null,
  given: 0,
}

const isCall = (event: { readonly type: string }): event is Call => 'call' in event && !event.type.includes('.')

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
    faulty: ({ context, event }) => isCall(event) && faultOf(event, context) !== null,
    answeredHere: ({ context, event }) => isCall(event) && answerOf(event, context) !== null,
    wantsNoCard: ({ event }) => event.type === 'CardAcquireContext' && event.flags === 1,
    isCall: ({ event }) => isCall(event),
    forMe: ({ context, event }) => 'channel' in event && event.channel === context.channel,
    isCardNonce: ({ event }) => event.type === 'CardGetProperty',
    keysLeft: ({ context }) => context.keys.length > 0,
    agreementsLeft: ({ context }) => context.agreements.length > 0,
  },
  actions: {
    noteCall: assign({ call: ({ event }) => (isCall(event) ? event : null) }),
    forgetCall: assign({ call: null }),
    enterCardMode: assign({ mode: 'card' }),
    enterNoCardMode: assign(({ context }) => ({ mode: 'noCard' as const, capabilities: { ...context.capabilities, algorithms: context.algorithms } })),
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
    dropHandles: assign({ keys: [], agreements: [] }),
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
      const index = context.given + 1
      return { given: index, agreements: [...context.agreements, { index, agreement: event.agreement }] }
    }),
    takeKey: assign(({ context }) => ({
      keys: context.keys.filter(({ handle }) => !(context.call && 'handle' in context.call) || handle !== context.call.handle),
    })),
    takeAgreement: assign(({ context }) => ({
      agreements: context.agreements.filter(({ index }) => context.call?.type !== 'CardDestroyDHAgreement' || index !== context.call.agreement),
    })),
    takeFirst: assign(({ context }) => (context.keys.length > 0 ? { keys: context.keys.slice(1) } : { agreements: context.agreements.slice(1) })),
    noteProperty: assign(({ context }) => commandOf.withProperty(context)),
    noteHere: assign(({ context, event }) => (isCall(event) ? commandOf.withAnswer(context, event) : {})),
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
      return returned(isCall(event) ? event : null, fault?.status ?? STATUS_FAILED, { length: fault?.length ?? null })
    }),
    returnHere: sendTo('wire', ({ context, event }) => {
      const answer = isCall(event) ? answerOf(event, context) : null
      return returned(isCall(event) ? event : null, 0, { data: answer?.data ?? null, handle: answer?.handle ?? null, length: answer?.length ?? null })
    }),
    returnAcquired: sendTo('wire', ({ context, event }) => {
      const call = isCall(event) ? event : context.call
      return returned(call, 0, { handle: call?.type === 'CardAcquireContext' ? Math.min(call.version, context.version) : null })
    }),
    returnDone: sendTo('wire', ({ context }) => returned(context.call, 0)),
    returnDoneNow: sendTo('wire', ({ event }) => returned(isCall(event) ? event : null, 0)),
    returnHandle: sendTo('wire', ({ context, event }) => returned(context.call, 0, { handle: context.given, data: 'nonce' in event ? event.nonce : null })),
    returnNonce: sendTo('wire', ({ context, event }) => returned(context.call, 0, { data: 'nonce' in event ? event.nonce : null })),
    returnFile: sendTo('wire', ({ context, event }) => returned(context.call, 0, { data: event.type === 'card.file' ? event.data : null })),
    returnPublicKey: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'card.publicKey')
      return returned(context.call, 0, commandOf.publicKey(context, event))
    }),
    returnOutput: sendTo('wire', ({ context, event }) => returned(context.call, 0, { data: event.type === 'card.processed' ? event.output : null })),
    returnBlobs: sendTo('wire', ({ context, event }) => returned(context.call, 0, { blobs: event.type === 'enclave.mdEncrypted' ? event.blobs : null })),
    returnResponse: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.responseOpened')
      return returned(context.call, 0, { length: event.attemptsRemaining, plain: event.sessionPin === null ? null : { reference: event.sessionPin } })
    }),
    returnRefused: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'card.refused')
      return returned(context.call, statusOfWord(event.sw, context.call?.type ?? null), { length: (event.sw & 0xfff0) === 0x63c0 ? event.sw & 0xf : null })
    }),
    returnEnclaveRefused: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.refused')
      return returned(context.call, statusOfFault(event.fault))
    }),
    returnRemoved: sendTo('wire', ({ context }) => returned(context.call, STATUS_REMOVED)),
    returnRemovedNow: sendTo('wire', ({ event }) => returned(isCall(event) ? event : null, STATUS_REMOVED)),
    returnReset: sendTo('wire', ({ context }) => returned(context.call, STATUS_RESET)),
    returnFailed: sendTo('wire', ({ context }) => returned(context.call, STATUS_FAILED)),
    returnBusy: sendTo('wire', ({ event }) => returned(isCall(event) ? event : null, STATUS_BUSY)),
    returnUnsupported: sendTo('wire', ({ event }) => returned(isCall(event) ? event : null, STATUS_UNSUPPORTED)),
    reportStray: emit({ type: 'progress', role: 'minidriver', step: 'strayWord' }),
    reportRemoved: emit({ type: 'progress', role: 'minidriver', step: 'cardGone' }),
    reportAcquired: emit({ type: 'progress', role: 'minidriver', step: 'acquired' }),
    reportDeleted: emit({ type: 'progress', role: 'minidriver', step: 'deleted' }),
  },
})

/** What is heard back; for whoever watches. */
export type { Returned }
