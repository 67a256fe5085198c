/**
 * The vocabulary of the client application: its context, its guards and its actions, each under the name that the machine
 * in `client.ts` uses.
 *
 * Spec: spec/ski.md, SKI-10, SKI-13, SKI-151 to SKI-181.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { Returned } from '../../src/ski/calls.js'
import { SECURE_FUNCTIONS } from '../../src/ski/constants/index.js'
import type { AppSays, ClientToServer, ServerToClient } from '../../src/ski/messages.js'
import type { Way } from '../../src/ski/policy.js'
import type { ContainerRecord } from '../../src/ski/structures/index.js'
import type { Fault } from '../../src/verdict.js'
import { closedPort } from '../ports.js'
import * as plan from './client-plan.js'
import { callOf, wordOf } from './client-words.js'
import { blameFor, blameForReturn, type Outcome, type Progress } from './common.js'

/** What a client says of a finished run. */
export interface Received {
  readonly session: string
  readonly way: Way
  /** Where K2 lies; `null` for a PIN. */
  readonly container: number | null
  /** DER; `null` for a PIN. */
  readonly certificate: string | null
  /** The holder's PIN went through this program: it is outside the promise (SKI-284). */
  readonly pinWasTyped: boolean
}

/** What the client remembers of a run. All of it is public. */
export interface ClientContext extends plan.ClientInput {
  /** How many calls were made to the minidriver. */
  readonly calls: number
  readonly start: Extract<ServerToClient, { type: 'server.start' }> | null
  readonly way: Way | null
  readonly cardId: string
  readonly map: readonly (ContainerRecord | null)[]
  readonly k1Container: number | null
  readonly container: number | null
  readonly madeK1: boolean
  readonly spki: string | null
  readonly evidence: string | null
  readonly nonce: string | null
  readonly algorithms: readonly string[]
  readonly paddings: number
  readonly modes: readonly string[]
  readonly key: Extract<ServerToClient, { type: 'server.sessionKey' }> | null
  readonly agreement: number | null
  /** `h_c`. */
  readonly handle: number | null
  readonly receipt: string | null
  readonly sealed: Extract<ServerToClient, { type: 'server.sealed' }> | null
  readonly output: string | null
  /** The card has said that the secret is installed. */
  readonly installed: boolean
  readonly certificate: string | null
  /** What the container map is to say of K2. */
  readonly installedKey: plan.KeyInContainer
  /** The status that ended the run, if it was the minidriver's. */
  readonly status: number
  readonly fault: Fault | null
}

/** What is remembered before a run begins. */
export const unbegun: Omit<ClientContext, keyof plan.ClientInput> = {
  calls: 0,
  start: null,
  way: null,
  cardId: '',
  map: [],
  k1Container: null,
  container: null,
  madeK1: false,
  spki: null,
  evidence: null,
  nonce: null,
  algorithms: [],
  paddings: 0,
  modes: [],
  key: null,
  agreement: null,
  handle: null,
  receipt: null,
  sealed: null,
  output: null,
  installed: false,
  certificate: null,
  installedKey: { keySpec: 0, keySize: 0 },
  status: 0,
  fault: null,
}

/**
 * How a run ended (SKI-249). A run that fails after the card has said that the secret is installed (the certificate could not
 * be written, somebody cancelled) does not undo that, and says so (SKI-243, SKI-266).
 */
export type ReceivedOrNot = Extract<Outcome<Received>, { ok: true }> | (Extract<Outcome<Received>, { ok: false }> & { readonly installed: boolean })

/** See {@link ReceivedOrNot}. */
export function outcomeOf({ fault, start, way, container, certificate, sealed, installed, holder }: ClientContext): ReceivedOrNot {
  if (fault !== null || start === null || way === null || sealed === null)
    return { ok: false, fault: fault ?? { code: 'out_of_turn', requirement: 'SKI-241' }, installed }
  const place = sealed.function === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR ? container : null
  return { ok: true, session: start.session, way, container: place, certificate, pinWasTyped: typeof holder?.typed === 'string' }
}

/** See the module text. */
export const clientSetup = setup({
  types: {
    input: {} as plan.ClientInput,
    context: {} as ClientContext,
    events: {} as ServerToClient | Returned | AppSays,
    output: {} as ReceivedOrNot,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort },
  guards: {
    returnedWell: ({ context, event }) => event.type === 'minidriver.returned' && event.call === context.calls && event.status === 0,
    noSuchFile: ({ context, event }) => event.type === 'minidriver.returned' && event.call === context.calls && event.status === plan.FILE_NOT_FOUND,
    noSuchProperty: ({ context, event }) => event.type === 'minidriver.returned' && event.call === context.calls && event.status === plan.PROPERTY_NOT_SET,
    mySession: ({ context, event }) => 'session' in event && event.session !== null && event.session === context.start?.session,
    holderAuthenticates: ({ context }) => context.holder !== null,
    wayFound: ({ context }) => context.way !== null,
    k1Exists: ({ context }) => context.existingK1 !== undefined && (context.way === 'session' || context.way === 'agreement'),
    hasK1: ({ context }) => context.way === 'session' || context.way === 'agreement',
    nowhereFree: ({ context }) => context.container === null,
    evidenceWanted: ({ context }) => context.start !== null && context.start.evidence !== 'plain',
    nonceWanted: ({ context }) => context.start !== null && context.start.wantsNonce && context.evidence === null,
    isMyWay: ({ context, event }) => event.type === 'server.sessionKey' && event.session === context.start?.session && event.way === context.way,
    sessionWay: ({ context }) => context.way === 'session',
    agreementWay: ({ context }) => context.way === 'agreement',
    wasProven: ({ context }) => context.key?.proven === true,
    containerNamed: ({ context }) => typeof context.sealed?.container === 'number',
    k1ToDelete: ({ context }) => context.madeK1 && !context.keepK1,
  },
  actions: {
    countCall: assign({ calls: ({ context }) => context.calls + 1 }),
    noteStart: assign(({ event }) => {
      assertEvent(event, 'server.start')
      return { start: event }
    }),
    noteWay: assign(({ context, event }) => {
      assertEvent(event, 'minidriver.returned')
      return { way: plan.chooseWay(context.start?.ways ?? [], plan.numberIn(event)) }
    }),
    noteCardId: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { cardId: event.data ?? '' }
    }),
    noteMap: assign(({ context, event }) => {
      assertEvent(event, 'minidriver.returned')
      const map = plan.mapIn(event.data)
      const [first, second] = plan.freeContainers(map, context.containers)
      const hasK1 = context.way === 'session' || context.way === 'agreement'
      const k1Container = hasK1 ? (context.existingK1 ?? first ?? null) : null
      return { map, k1Container, container: (k1Container === first ? second : first) ?? null }
    }),
    noteK1: assign({ madeK1: true }),
    forgetK1: assign({ madeK1: false }),
    notePublicKey: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { spki: event.spki }
    }),
    noteEvidence: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { evidence: event.data }
    }),
    noteNonce: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { nonce: event.data }
    }),
    noteAlgorithms: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { algorithms: plan.namesIn(event) }
    }),
    notePaddings: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { paddings: plan.numberIn(event) }
    }),
    noteModes: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { modes: plan.namesIn(event) }
    }),
    noteKey: assign(({ event }) => {
      assertEvent(event, 'server.sessionKey')
      return { key: event }
    }),
    noteAgreement: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { agreement: event.handle }
    }),
    forgetAgreement: assign({ agreement: null }),
    noteHandle: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { handle: event.handle }
    }),
    noteSharedHandle: assign(({ context, event }) => {
      assertEvent(event, 'minidriver.returned')
      return { handle: event.handle, nonce: event.data ?? context.nonce }
    }),
    noteReceipt: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { receipt: event.data }
    }),
    noteSealed: assign(({ event }) => {
      assertEvent(event, 'server.sealed')
      return { sealed: event }
    }),
    noteOutput: assign(({ event }) => {
      assertEvent(event, 'minidriver.returned')
      return { output: event.data, installed: true }
    }),
    noteCertificate: assign(({ event }) => {
      assertEvent(event, 'server.certificate')
      return { certificate: event.certificate, installedKey: { keySpec: event.keySpec, keySize: event.keySize } }
    }),
    forgetHandle: assign({ handle: null }),
    blame: assign(({ context, event }) => ({
      fault: context.fault ?? (event.type === 'minidriver.returned' ? blameForReturn(event, context.calls) : blameFor(event)),
      status: event.type === 'minidriver.returned' && event.call === context.calls ? event.status : context.status,
    })),
    blameWay: assign(({ event }) => ({ fault: plan.blameOfMask(event.type === 'minidriver.returned' ? plan.numberIn(event) : 0) })),
    blameRoom: assign({ fault: { code: 'no_free_container', requirement: 'SKI-155' } }),
    callAcquire: sendTo('wire', ({ context }) => callOf.acquire(context)),
    callSupport: sendTo('wire', ({ context }) => callOf.support(context)),
    callCardId: sendTo('wire', ({ context }) => callOf.cardId(context)),
    callAuthenticate: sendTo('wire', ({ context }) => callOf.authenticate(context)),
    callReadMap: sendTo('wire', ({ context }) => callOf.readMap(context)),
    callCreate: sendTo('wire', ({ context }) => callOf.create(context)),
    callInfo: sendTo('wire', ({ context }) => callOf.info(context)),
    callEvidence: sendTo('wire', ({ context }) => callOf.evidence(context)),
    callNonce: sendTo('wire', ({ context }) => callOf.nonce(context)),
    callAlgorithms: sendTo('wire', ({ context }) => callOf.algorithms(context)),
    callPaddings: sendTo('wire', ({ context }) => callOf.paddings(context)),
    callModes: sendTo('wire', ({ context }) => callOf.modes(context)),
    callImport: sendTo('wire', ({ context }) => callOf.importKey(context)),
    callShare: sendTo('wire', ({ context }) => callOf.share(context)),
    callAgree: sendTo('wire', ({ context }) => callOf.agree(context)),
    callDerive: sendTo('wire', ({ context }) => callOf.derive(context)),
    callEndAgreement: sendTo('wire', ({ context }) => callOf.endAgreement(context)),
    callReceipt: sendTo('wire', ({ context }) => callOf.receipt(context)),
    callSetMode: sendTo('wire', ({ context }) => callOf.setMode(context)),
    callSetIv: sendTo('wire', ({ context }) => callOf.setIv(context)),
    callSetContainer: sendTo('wire', ({ context }) => callOf.setContainer(context)),
    callProcess: sendTo('wire', ({ context }) => callOf.process(context)),
    callWriteCertificate: sendTo('wire', ({ context }) => callOf.writeCertificate(context)),
    callWriteMap: sendTo('wire', ({ context }) => callOf.writeMap(context)),
    callDestroy: sendTo('wire', ({ context }) => callOf.destroy(context)),
    callDeleteK1: sendTo('wire', ({ context }) => callOf.deleteK1(context)),
    callDelete: sendTo('wire', ({ context }) => callOf.deleteContext(context)),
    tellRequest: sendTo('wire', ({ context }) => wordOf.request(context)),
    tellOffer: sendTo('wire', ({ context }) => wordOf.offer(context)),
    tellEstablished: sendTo('wire', ({ context }) => wordOf.established(context)),
    tellInstalled: sendTo('wire', ({ context }) => wordOf.installed(context)),
    tellGaveUp: sendTo(
      'wire',
      ({ context }) => ({ type: 'client.gaveUp', session: context.start?.session ?? null, status: context.status }) satisfies ClientToServer,
    ),
    reportStarted: emit({ type: 'progress', role: 'client', step: 'started' }),
    reportOffered: emit({ type: 'progress', role: 'client', step: 'offered' }),
    reportEstablished: emit({ type: 'progress', role: 'client', step: 'keyEstablished' }),
    reportInstalled: emit({ type: 'progress', role: 'client', step: 'installed' }),
    reportDone: emit({ type: 'progress', role: 'client', step: 'done' }),
    reportRefused: emit({ type: 'progress', role: 'client', step: 'refused' }),
  },
})
