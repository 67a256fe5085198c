/**
 * What the server application says: commands to its enclave, calls to its minidriver, messages to client and archive, each
 * put together from what it remembers. Nothing is decided here.
 *
 * Where something is missing that the machine has made sure of, a name of no object takes its place, and whoever is asked
 * refuses it.
 *
 * Spec: spec/ski.md, SKI-151 to SKI-181.
 * @module
 */
import { toBase64url } from '../../src/bytes/base64.js'
import { ACQUIRE_FLAGS, BLOB_TYPES, CHAINING_MODES, DATA_FLAGS, KEY_PROPERTIES } from '../../src/ski/constants/index.js'
import { encodeWideText } from '../../src/ski/structures/index.js'
import type { Call } from '../../src/ski/calls.js'
import type { ServerAnswer, ServerCommand, SkiHandle, SkiKeyKind } from '../../src/ski/enclave/commands.js'
import type { ServerToArchive, ServerToClient } from '../../src/ski/messages.js'
import { cngNameOf, choosePadding, evidenceWanted, functionOf, nonceWanted } from './server-plan.js'
import type { ServerContext } from './server-setup.js'

const NOTHING = '' as SkiHandle

/** Commands to the enclave. */
export const callOf = {
  judgeCard: ({ offer }: ServerContext): ServerCommand => ({
    type: 'judgeCard',
    way: offer?.way ?? 'session',
    cardId: offer?.cardId ?? '',
    nonce: offer?.nonce ?? null,
    spki: offer?.spki ?? null,
    evidence: offer?.evidence ?? null,
  }),
  wrapSessionKey: (context: ServerContext): ServerCommand => ({
    type: 'wrapSessionKey',
    ...keyWanted(context),
    padding: (context.offer && choosePadding(context, context.offer)) ?? 'oaep-sha256',
  }),
  agreeSessionKey: (context: ServerContext): ServerCommand => ({ type: 'agreeSessionKey', ...keyWanted(context) }),
  offerSharedKey: (context: ServerContext): ServerCommand => {
    const { card, algorithm, proof } = keyWanted(context)
    return { type: 'offerSharedKey', card, way: context.offer?.way === 'shared' ? 'shared' : 'derived', algorithm, proof }
  },
  confirmSession: ({ card, s1, established }: ServerContext): ServerCommand => ({
    type: 'confirmSession',
    card: card ?? NOTHING,
    blob: s1,
    nonce: established?.nonce ?? null,
    receipt: established?.receipt ?? '',
  }),
  makeKeyPair: ({ injection }: ServerContext): ServerCommand => ({ type: 'makeKeyPair', kind: injection.what === 'keyPair' ? injection.kind : 'ec-P-256' }),
  envelopeKey: ({ k2, injection }: ServerContext): ServerCommand => ({
    type: 'envelopeKey',
    key: k2 ?? NOTHING,
    agents: injection.what === 'keyPair' ? injection.agents : [],
  }),
  compose: ({ injection, k2, offer, enrolment }: ServerContext): ServerCommand =>
    injection.what === 'keyPair'
      ? {
          type: 'composeKeyPair',
          key: k2 ?? NOTHING,
          container: offer?.container ?? NO_CONTAINER,
          pinId: offer?.pinId ?? 0,
          keySpec: injection.keySpec,
          overwrite: enrolment?.overwrite ?? false,
        }
      : {
          type: 'composePin',
          function: injection.function,
          flags: injection.flags,
          pinId: injection.pinId,
          pin: injection.pin,
          target: injection.target,
        },
  drawIv: ({ algorithm }: ServerContext): ServerCommand => ({ type: 'drawIv', algorithm: algorithm ?? 'AES-256' }),
  confirmInstalled: ({ offer, fingerprint, installed }: ServerContext): ServerCommand => ({
    type: 'confirmInstalled',
    container: offer?.container ?? NO_CONTAINER,
    fingerprint: fingerprint ?? '',
    receipt: installed?.output ?? '',
  }),
}

/** Calls to the minidriver, and words to archive and client. */
export const wordOf = {
  acquire: ({ calls, offer }: ServerContext): Call => ({
    type: 'CardAcquireContext',
    call: calls,
    flags: ACQUIRE_FLAGS.CARD_SECURE_KEY_INJECTION_NO_CARD_MODE,
    version: 7,
    atr: null,
    cardName: offer?.product ?? null,
    allocators: true,
    hSCardCtx: 0,
    hScard: 0,
  }),
  load: ({ calls, s1, algorithm, established }: ServerContext): Call =>
    s1 !== null
      ? {
          type: 'MDImportSessionKey',
          call: calls,
          blobType: BLOB_TYPES.BCRYPT_KEY_DATA_BLOB,
          algorithm: algorithm && cngNameOf(algorithm),
          phKey: true,
          input: { reference: s1 },
        }
      : { type: 'CardGetSharedKeyHandle', call: calls, input: established?.nonce ?? null, output: false, phKey: true },
  setMode: ({ calls, handle }: ServerContext): Call => ({
    type: 'CardSetKeyProperty',
    call: calls,
    handle: handle ?? 0,
    property: KEY_PROPERTIES.CKP_CHAINING_MODE,
    input: CBC_VALUE,
    flags: 0,
  }),
  setIv: ({ calls, handle, iv }: ServerContext): Call => ({
    type: 'CardSetKeyProperty',
    call: calls,
    handle: handle ?? 0,
    property: KEY_PROPERTIES.CKP_INITIALIZATION_VECTOR,
    input: iv,
    flags: 0,
  }),
  encrypt: ({ calls, handle, injection, argument, pieces }: ServerContext): Call => ({
    type: 'MDEncryptData',
    call: calls,
    handle: handle ?? 0,
    function: functionOf(injection),
    input: argument && { reference: argument },
    flags: DATA_FLAGS.CARD_BLOCK_PADDING,
    pieces,
  }),
  open: ({ calls, handle, injection, installed }: ServerContext): Call => ({
    type: 'CardProcessEncryptedData',
    call: calls,
    handle: handle ?? 0,
    function: functionOf(injection),
    blobs: installed?.output ? [installed.output] : null,
    size: null,
    flags: DATA_FLAGS.CARD_BLOCK_PADDING,
  }),
  destroy: ({ calls, handle }: ServerContext): Call => ({ type: 'CardDestroyKey', call: calls, handle: handle ?? 0 }),
  deleteContext: ({ calls }: ServerContext): Call => ({ type: 'CardDeleteContext', call: calls }),
  archive: ({ session, enrolment, fingerprint }: ServerContext, envelope: string): ServerToArchive => ({
    type: 'server.archive',
    session: session ?? '',
    subject: enrolment?.subject ?? '',
    fingerprint: fingerprint ?? '',
    envelope,
  }),
  certify: ({ session, request, fingerprint }: ServerContext): ServerToArchive => ({
    type: 'server.certify',
    session: session ?? '',
    request: request ?? '',
    fingerprint: fingerprint ?? '',
  }),
  commit: ({ session, fingerprint }: ServerContext): ServerToArchive => ({ type: 'server.commit', session: session ?? '', fingerprint: fingerprint ?? '' }),
  start: ({ policy, ways, injection }: ServerContext, session: string, nonce: string): ServerToClient => ({
    type: 'server.start',
    session,
    nonce,
    secret: injection.what,
    ways,
    evidence: evidenceWanted(policy),
    wantsNonce: nonceWanted(policy),
  }),
  sessionKey: (context: ServerContext, made: Extract<ServerAnswer, { type: 'enclave.sessionKeyMade' | 'enclave.sharedKeyOffered' }>): ServerToClient => ({
    type: 'server.sessionKey',
    session: context.session ?? '',
    way: context.offer?.way ?? 'session',
    algorithm: context.algorithm ?? 'AES-256',
    padding: context.offer?.way === 'session' ? choosePadding(context, context.offer) : null,
    proven: made.proven,
    input: made.input,
    peer: made.type === 'enclave.sessionKeyMade' ? made.peer : null,
  }),
  sealed: ({ session, injection, offer, iv, blobs }: ServerContext): ServerToClient => ({
    type: 'server.sealed',
    session: session ?? '',
    function: functionOf(injection),
    container: injection.what === 'keyPair' ? (offer?.container ?? null) : null,
    flags: DATA_FLAGS.CARD_BLOCK_PADDING,
    mode: CHAINING_MODES.CARD_CHAIN_MODE_CBC,
    iv: iv ?? '',
    blobs,
  }),
  end: ({ session, certificate, injection }: ServerContext): ServerToClient =>
    certificate === null || injection.what === 'pin'
      ? { type: 'server.completed', session: session ?? '' }
      : { type: 'server.certificate', session: session ?? '', certificate, keySpec: injection.keySpec, keySize: bitsOf(injection.kind) },
}

const keyWanted = ({ card, offer, algorithm, policy }: ServerContext) => ({
  card: card ?? NOTHING,
  container: offer?.k1Container ?? NO_CONTAINER,
  algorithm: algorithm ?? 'AES-256',
  proof: policy.serverProof,
})

/** Bits: of the modulus, or of the curve. */
const bitsOf = (kind: SkiKeyKind): number => Number(/\d+/.exec(kind.slice(4).replace('P-', ''))?.[0] ?? 0)

const NO_CONTAINER = 0xff
const CBC_VALUE = toBase64url(encodeWideText(CHAINING_MODES.CARD_CHAIN_MODE_CBC))
