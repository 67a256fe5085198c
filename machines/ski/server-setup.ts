/**
 * The vocabulary of the server application: its context, its guards and its actions, each under the name that the machine
 * in `server.ts` uses. Guards compare public values; what they decide is in `server-plan.ts`, what is said in
 * `server-words.ts`.
 *
 * Spec: spec/ski.md, SKI-14, SKI-24, SKI-49, SKI-151 to SKI-181, SKI-250, SKI-252, SKI-260.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { Returned } from '../../src/ski/calls.js'
import type { ServerAnswer, SessionAlgorithm, SkiHandle } from '../../src/ski/enclave/commands.js'
import type { AppSays, ArchiveToServer, ClientToServer } from '../../src/ski/messages.js'
import type { Fault } from '../../src/verdict.js'
import { closedPort } from '../ports.js'
import { blameFor, blameForReturn, type Outcome, type Progress } from './common.js'
import { callOf, wordOf } from './server-words.js'
import * as plan from './server-plan.js'

/** What a finished injection says. */
export interface Injected {
  readonly session: string
  readonly cardId: string
  readonly container: number | null
  /** `spki-sha256:` of K2; `null` for a PIN. */
  readonly fingerprint: string | null
  /** DER; `null` for a PIN. */
  readonly certificate: string | null
  /** Whether the card itself has said so, by a receipt or an enciphered response under the session's keys. */
  readonly confirmedByCard: boolean
  /** Whether K2 is archived. */
  readonly archived: boolean
}

/** What the server remembers of a run. Public: names, public keys, ciphertext and handles. */
export interface ServerContext extends plan.ServerInput {
  readonly enrolment: plan.Enrolment | null
  readonly session: string | null
  readonly offer: plan.Offer | null
  readonly algorithm: SessionAlgorithm | null
  readonly judged: plan.Judged | null
  readonly card: SkiHandle | null
  /** S1 as a plaintext argument in the enclave. */
  readonly s1: SkiHandle | null
  readonly established: Extract<ClientToServer, { type: 'client.established' }> | null
  /** How many calls were made to the minidriver. */
  readonly calls: number
  /** `h_s`, and the enclave's name for the same key. */
  readonly handle: number | null
  readonly k2: SkiHandle | null
  readonly fingerprint: string | null
  readonly request: string | null
  /** `CARD_IMPORT_KEYPAIR` or a PIN structure as a plaintext argument in the enclave. */
  readonly argument: SkiHandle | null
  readonly iv: string | null
  readonly blobs: readonly string[]
  readonly archived: boolean
  readonly installed: Extract<ClientToServer, { type: 'client.installed' }> | null
  readonly confirmed: boolean
  readonly certificate: string | null
  readonly fault: Fault | null
}

type Heard = ClientToServer | ArchiveToServer | Returned | ServerAnswer | AppSays

/** What is remembered before a run begins. */
export const unbegun: Omit<ServerContext, keyof plan.ServerInput> = {
  enrolment: null,
  session: null,
  offer: null,
  algorithm: null,
  judged: null,
  card: null,
  s1: null,
  established: null,
  calls: 0,
  handle: null,
  k2: null,
  fingerprint: null,
  request: null,
  argument: null,
  iv: null,
  blobs: [],
  archived: false,
  installed: null,
  confirmed: false,
  certificate: null,
  fault: null,
}

/** How a run ended (SKI-249). */
export function outcomeOf(context: ServerContext): Outcome<Injected> {
  const { fault, session, installed, injection, judged, offer, fingerprint, certificate, confirmed, archived } = context
  if (fault !== null || session === null || installed === null) return { ok: false, fault: fault ?? { code: 'out_of_turn', requirement: 'SKI-241' } }
  const container = injection.what === 'keyPair' ? (offer?.container ?? null) : null
  return { ok: true, session, cardId: judged?.cardId ?? '', container, fingerprint, certificate, confirmedByCard: confirmed, archived }
}

/** See the module text. */
export const serverSetup = setup({
  types: {
    input: {} as plan.ServerInput,
    context: {} as ServerContext,
    events: {} as Heard,
    output: {} as Outcome<Injected>,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort, local: closedPort, enclave: closedPort },
  guards: {
    isEnrolled: ({ context, event }) => event.type === 'client.request' && plan.enrolmentOf(context, event.subject, event.template) !== null,
    mySession: ({ context, event }) => 'session' in event && event.session !== null && event.session === context.session,
    productServed: ({ context }) => context.offer !== null && plan.productServed(context, context.offer),
    wayOffered: ({ context }) => context.offer !== null && context.ways.includes(context.offer.way),
    algorithmCommon: ({ context }) =>
      context.offer !== null &&
      plan.chooseAlgorithm(context, context.offer) !== null &&
      (context.offer.way !== 'session' || plan.choosePadding(context, context.offer) !== null) &&
      plan.modeCommon(context.offer),
    injectionPermitted: ({ context }) => plan.injectionPermitted(context, context.enrolment),
    placeAllowed: ({ context }) => context.offer !== null && plan.placeAllowed(context.enrolment, context.offer),
    proofHolds: ({ context }) => context.offer !== null && plan.proofHolds(context.policy, context.offer.way, context.judged, context.enrolment),
    cardEnrolled: ({ context }) => plan.cardEnrolled(context.policy, context.judged, context.enrolment),
    sessionWay: ({ context }) => context.offer?.way === 'session',
    agreementWay: ({ context }) => context.offer?.way === 'agreement',
    receiptsUnwanted: ({ context }) => !context.policy.receipts,
    receiptGiven: ({ context }) => typeof context.established?.receipt === 'string',
    genuine: ({ event }) => 'genuine' in event && event.genuine,
    returnedWell: ({ context, event }) => event.type === 'minidriver.returned' && event.call === context.calls && event.status === 0,
    isS1: ({ context, event }) => event.type === 'enclave.destroyed' && event.key === context.s1,
    isArgument: ({ context, event }) => event.type === 'enclave.destroyed' && event.key === context.argument,
    isK2: ({ context, event }) => event.type === 'enclave.destroyed' && event.key === context.k2,
    isK2First: ({ context, event }) => event.type === 'enclave.destroyed' && event.key === context.k2 && context.installed === null,
    envelopesThatKey: ({ context, event }) => event.type === 'enclave.keyEnveloped' && event.fingerprint === context.fingerprint,
    holdsS1: ({ context }) => context.s1 !== null,
    keyPairWanted: ({ context }) => context.injection.what === 'keyPair',
    archiveNow: ({ context }) => context.policy.archive === 'first' && !context.archived,
    archiveAfter: ({ context }) => context.policy.archive === 'last' && !context.archived,
    archiveIsLast: ({ context }) => context.policy.archive === 'last',
    notYetSealed: ({ context }) => context.installed === null,
    storedThatKey: ({ context, event }) =>
      'fingerprint' in event && 'session' in event && event.session === context.session && event.fingerprint === context.fingerprint,
    storedThatKeyFirst: ({ context, event }) =>
      event.type === 'archive.stored' && context.installed === null && event.session === context.session && event.fingerprint === context.fingerprint,
    pinWanted: ({ context }) => context.injection.what === 'pin',
    responseGiven: ({ context }) => context.injection.what === 'pin' && typeof context.installed?.output === 'string',
    outputGiven: ({ context }) => typeof context.installed?.output === 'string',
    nothingSealed: ({ context }) => context.blobs.length === 0,
    wasArchived: ({ context }) => context.archived,
    holdsK2: ({ context }) => context.k2 !== null,
  },
  actions: {
    noteRequest: assign(({ context, event }) => {
      assertEvent(event, 'client.request')
      return { enrolment: plan.enrolmentOf(context, event.subject, event.template) }
    }),
    noteSession: assign(({ event }) => {
      assertEvent(event, 'enclave.sessionBegun')
      return { session: event.session }
    }),
    noteOffer: assign(({ context, event }) => {
      assertEvent(event, 'client.offer')
      return { offer: event, algorithm: plan.chooseAlgorithm(context, event) }
    }),
    noteJudged: assign(({ event }) => {
      assertEvent(event, 'enclave.cardJudged')
      return { card: event.card, judged: { proof: event.proof, cardId: event.cardId, fingerprint: event.fingerprint } }
    }),
    noteS1: assign(({ event }) => {
      assertEvent(event, 'enclave.sessionKeyMade')
      return { s1: event.blob }
    }),
    noteEstablished: assign(({ event }) => {
      assertEvent(event, 'client.established')
      return { established: event }
    }),
    countCall: assign({ calls: ({ context }) => context.calls + 1 }),
    noteHandle: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { handle: event.handle }
    }),
    forgetS1: assign({ s1: null }),
    noteKey: assign(({ event }) => {
      assertEvent(event, 'enclave.keyPairMade')
      return { k2: event.key, fingerprint: event.fingerprint }
    }),
    noteCertificateRequest: assign(({ event }) => {
      assertEvent(event, 'enclave.certificateRequested')
      return { request: event.request }
    }),
    noteArchived: assign({ archived: true }),
    noteArgument: assign(({ event }) => {
      assertEvent(event, 'enclave.composed')
      return { argument: event.blob }
    }),
    noteIv: assign(({ event }) => {
      assertEvent(event, 'enclave.ivDrawn')
      return { iv: event.iv }
    }),
    noteBlobs: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { blobs: event.blobs ?? [] }
    }),
    forgetArgument: assign({ argument: null }),
    forgetKey: assign({ k2: null }),
    noteInstalled: assign(({ event }) => {
      assertEvent(event, 'client.installed')
      return { installed: event }
    }),
    noteConfirmed: assign({ confirmed: true }),
    noteCertificate: assign(({ event }) => {
      assertEvent(event, 'archive.certified')
      return { certificate: event.certificate }
    }),
    forgetHandle: assign({ handle: null }),
    blame: assign(({ context, event }) => ({ fault: context.fault ?? blameOf(event, context) })),
    blameProduct: assign({ fault: { code: 'product_not_served', requirement: 'SKI-23' } }),
    blameWay: assign({ fault: { code: 'no_common_way', requirement: 'SKI-40' } }),
    blameAlgorithm: assign({ fault: { code: 'no_common_algorithm', requirement: 'SKI-31' } }),
    blameInjection: assign({ fault: { code: 'injection_not_permitted', requirement: 'SKI-267' } }),
    blamePlace: assign({ fault: { code: 'place_not_allowed', requirement: 'SKI-49' } }),
    blameProof: assign({ fault: { code: 'card_not_proven', requirement: 'SKI-43' } }),
    blameCard: assign({ fault: { code: 'card_not_enrolled', requirement: 'SKI-47' } }),
    blameReceipt: assign({ fault: { code: 'receipt_refused', requirement: 'SKI-250' } }),
    beginSession: sendTo('enclave', { type: 'beginSession' }),
    judgeCard: sendTo('enclave', ({ context }) => callOf.judgeCard(context)),
    wrapSessionKey: sendTo('enclave', ({ context }) => callOf.wrapSessionKey(context)),
    agreeSessionKey: sendTo('enclave', ({ context }) => callOf.agreeSessionKey(context)),
    offerSharedKey: sendTo('enclave', ({ context }) => callOf.offerSharedKey(context)),
    confirmSession: sendTo('enclave', ({ context }) => callOf.confirmSession(context)),
    destroyS1: sendTo('enclave', ({ context }) => ({ type: 'destroyKey', key: context.s1 })),
    makeKeyPair: sendTo('enclave', ({ context }) => callOf.makeKeyPair(context)),
    requestCertificate: sendTo('enclave', ({ context }) => ({ type: 'requestCertificate', key: context.k2, subject: context.enrolment?.subject })),
    envelopeKey: sendTo('enclave', ({ context }) => callOf.envelopeKey(context)),
    compose: sendTo('enclave', ({ context }) => callOf.compose(context)),
    drawIv: sendTo('enclave', ({ context }) => callOf.drawIv(context)),
    destroyArgument: sendTo('enclave', ({ context }) => ({ type: 'destroyKey', key: context.argument })),
    destroyK2: sendTo('enclave', ({ context }) => ({ type: 'destroyKey', key: context.k2 })),
    confirmInstalled: sendTo('enclave', ({ context }) => callOf.confirmInstalled(context)),
    close: sendTo('enclave', { type: 'close' }),
    callAcquire: sendTo('local', ({ context }) => wordOf.acquire(context)),
    callLoad: sendTo('local', ({ context }) => wordOf.load(context)),
    callSetMode: sendTo('local', ({ context }) => wordOf.setMode(context)),
    callSetIv: sendTo('local', ({ context }) => wordOf.setIv(context)),
    callEncrypt: sendTo('local', ({ context }) => wordOf.encrypt(context)),
    callOpen: sendTo('local', ({ context }) => wordOf.open(context)),
    callDestroy: sendTo('local', ({ context }) => wordOf.destroy(context)),
    callDelete: sendTo('local', ({ context }) => wordOf.deleteContext(context)),
    store: sendTo('local', ({ context, event }) => {
      assertEvent(event, 'enclave.keyEnveloped')
      return wordOf.archive(context, event.envelope)
    }),
    askCertificate: sendTo('local', ({ context }) => wordOf.certify(context)),
    commit: sendTo('local', ({ context }) => wordOf.commit(context)),
    discard: sendTo('local', ({ context }) => ({ type: 'server.discard', session: context.session ?? '' })),
    tellStart: sendTo('wire', ({ context, event }) => {
      assertEvent(event, 'enclave.sessionBegun')
      return wordOf.start(context, event.session, event.nonce)
    }),
    tellSessionKey: sendTo('wire', ({ context, event }) => {
      assertEvent(event, ['enclave.sessionKeyMade', 'enclave.sharedKeyOffered'])
      return wordOf.sessionKey(context, event)
    }),
    tellSealed: sendTo('wire', ({ context }) => wordOf.sealed(context)),
    tellEnd: sendTo('wire', ({ context }) => wordOf.end(context)),
    tellRefused: sendTo('wire', ({ context }) => ({ type: 'server.refused', session: context.session })),
    reportStarted: emit({ type: 'progress', role: 'server', step: 'started' }),
    reportCardProven: emit({ type: 'progress', role: 'server', step: 'cardProven' }),
    reportKeyMade: emit({ type: 'progress', role: 'server', step: 'keyMade' }),
    reportSealed: emit({ type: 'progress', role: 'server', step: 'sealed' }),
    reportDone: emit({ type: 'progress', role: 'server', step: 'done' }),
    reportRefused: emit({ type: 'progress', role: 'server', step: 'refused' }),
  },
})

/** What is kept or certified for this session has to be the key that is injected (SKI-26, SKI-261). */
function blameOf(event: Heard, { session, fingerprint, calls }: ServerContext): Fault {
  if (event.type === 'minidriver.returned') return blameForReturn(event, calls)
  const kept = event.type === 'enclave.keyEnveloped' || (event.type.startsWith('archive.') && 'session' in event && event.session === session)
  return kept && 'fingerprint' in event && event.fingerprint !== fingerprint ? { code: 'key_differs', requirement: 'SKI-26' } : blameFor(event)
}
