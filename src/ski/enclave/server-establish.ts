/**
 * Steps 15 to 23 on the server: a card is judged, S1 is made for it in one of the four ways, the card's receipt for it is
 * judged, and the minidriver gets the same key.
 *
 * Spec: spec/ski.md, SKI-7, SKI-40 to SKI-54, SKI-133, SKI-135, SKI-165 to SKI-173; spec/ski-sealed-data.md, SKI-67, SKI-70,
 * SKI-76, SKI-77.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import { concat, requireBytes } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import { spkiFingerprint } from '../../crypto/fingerprint.js'
import { checkPublicKey } from '../../crypto/key-check.js'
import type { EcPublicKey, Hash, RsaPublicKey } from '../../crypto/keys.js'
import { decodeSpki } from '../../crypto/spki.js'
import { wait, type Steps } from '../../enclave/steps.js'
import { refuse } from '../../verdict.js'
import { decodeKeyDataBlob, encodeEccKeyBlob, encodeKeyDataBlob } from '../blobs/index.js'
import type { ServerProof } from '../policy.js'
import {
  ALGORITHMS,
  ID_BYTES,
  agreedKey,
  cardKey,
  decodeCardEvidence,
  derivedKey,
  judgeCardEvidence,
  judgeReceipt,
  proofKey,
  proveEstablishment,
  sharedSubkey,
  type Establishment,
  type EvidenceJudge,
  type ServerProver,
} from '../sealed/index.js'
import type { SkiHandle, WrapPadding } from './commands.js'
import { secretBytes } from './engine.js'
import { algorithmOfName, skiKindOf } from './server-terms.js'
import { findSession, type CardRecord, type ContextText, type ServerSessionRecord, type StatementFacts } from './server-state.js'
import {
  bytesOf,
  contextBytes,
  done,
  fresh,
  keepIn,
  known,
  objectOf,
  peerBytes,
  secretOf,
  type AnyServerJob,
  type ServerJob,
  type ServerWork,
} from './server-job.js'

/** Judges what a client says that a card said. Evidence that proves nothing is no fault: what follows from it is a policy. */
export function* judgeCard(job: ServerJob<'judgeCard'>): ServerWork {
  const { bench, command } = job
  const handle = bench.newHandle()
  if (command.spki === null) return done({ type: 'judgeCard', handle, kind: null, fingerprint: null, statement: null, evidenceNonce: null })
  const spki = peerBytes(command.spki)
  const key = spki && decodeSpki(spki)
  if (!key?.ok) return refuse({ code: 'format_invalid', at: 'spki', requirement: 'SKI-98' })
  const kind = skiKindOf(key.value)
  if (kind === null || !checkPublicKey(key.value).ok)
    return refuse({ code: 'format_invalid', at: 'spki', wanted: 'a key that SKI carries', requirement: 'SKI-98' })
  const fingerprint = `spki-sha256:${spkiFingerprint(key.value)}`
  const evidence = command.evidence === null ? null : peerBytes(command.evidence)
  const { statement, nonce } = evidence === null ? NO_EVIDENCE : yield* judgeEvidence(job, evidence)
  return done({ type: 'judgeCard', handle, kind, fingerprint, statement, evidenceNonce: nonce })
}

/** Step 16 in the way `session`: a fresh S1 in a key blob, encrypted to K1. The header is inside the encryption. */
export function* wrapSessionKey(job: ServerJob<'wrapSessionKey'>): ServerWork {
  const { bench, command, scratch } = job
  const card = objectOf(job, command.card, 'card')
  const k1 = publicKeyOf(card) as RsaPublicKey
  const session = sessionOf(job)
  const s1 = scratch.bytes('S1', fresh(bench, ALGORITHMS[command.algorithm].keyBytes))
  const blob = scratch.key('S1 key blob', secretBytes(encodeKeyDataBlob(s1)))
  const wrapped = yield* wrap(bench.crypto, k1, blob.k, command.padding)
  const context = contextOf(session, card)
  const offer = yield* establish(job, { ...command, way: 'session' }, card, context, wrapped)
  const facts = { type: 'wrapSessionKey', handle: bench.newHandle(), peer: null, context } as const
  return done({ ...facts, input: toBase64url(offer ?? wrapped), proven: offer !== null }, [facts.handle, blob])
}

/** Step 16 in the way `agreement`: the server's half of an ECDH, in software, with an ephemeral key. */
export function* agreeSessionKey(job: ServerJob<'agreeSessionKey'>): ServerWork {
  const { bench, command, scratch } = job
  const card = objectOf(job, command.card, 'card')
  const theirs = publicKeyOf(card) as EcPublicKey
  const session = sessionOf(job)
  const ours = scratch.key('server DH key', yield* wait(bench.crypto.generateEc(theirs.curve)))
  if (ours.curve !== theirs.curve) throw new TypeError(`a key on ${theirs.curve} is wanted`)
  const agreed = yield* wait(bench.crypto.ecdh(ours, theirs))
  if (!agreed.ok) throw new TypeError('the point of a card that was judged is a point of its curve')
  const z = scratch.bytes('Z', agreed.value)
  const context = contextOf(session, card)
  const s1 = scratch.bytes('S1', agreedKey(z, contextBytes(context), command.algorithm, ours, theirs))
  const blob = scratch.key('S1 key blob', secretBytes(encodeKeyDataBlob(s1)))
  const { curve, x, y } = ours
  const point = { type: 'EC', curve, x, y } as const
  const peer = toBase64url(encodeEccKeyBlob({ use: 'exchange', form: 'public', key: point }))
  const offer = yield* establish(job, { ...command, way: 'agreement', padding: null }, card, context, concat(x, y))
  const bare = concat(bytesOf(session.session), bytesOf(session.nonce))
  const facts = { type: 'agreeSessionKey', handle: bench.newHandle(), peer, context } as const
  return done({ ...facts, input: toBase64url(offer ?? bare), proven: offer !== null }, [facts.handle, blob])
}

/** Step 16 in the ways `shared` and `derived`. A derivation needs session, server nonce and algorithm; the shared key itself needs nothing. */
export function* offerSharedKey(job: ServerJob<'offerSharedKey'>): ServerWork {
  const { command } = job
  const card = objectOf(job, command.card, 'card')
  const session = sessionOf(job)
  const offer = yield* establish(job, { ...command, padding: null, container: null }, card, contextOf(session, card), new Uint8Array(0))
  if (offer !== null) return done({ type: 'offerSharedKey', input: toBase64url(offer), proven: true })
  const bare = concat(bytesOf(session.session), bytesOf(session.nonce), Uint8Array.of(ALGORITHMS[command.algorithm].code))
  return done({ type: 'offerSharedKey', input: command.way === 'derived' ? toBase64url(bare) : null, proven: false })
}

/** Step 21: whether the card has said, under keys that only it can have, that it has the session key. */
export function* confirmSession(job: ServerJob<'confirmSession'>): ServerWork {
  const { bench, command, scratch } = job
  const card = objectOf(job, command.card, 'card')
  const receipt = peerBytes(command.receipt)
  const context = command.blob === null ? contextOf(sessionOf(job), card, command.nonce) : objectOf(job, command.blob, 'keyBlob').context
  if (context === null || card.offered === null) throw new TypeError('a key that was offered is wanted')
  const { algorithm, container } = card.offered
  const key = command.blob === null ? sharedKeyOf(job, card, context) : keyInBlob(job, command.blob)
  const session = { algorithm, key, context: contextBytes(context) }
  const expected = { kind: 'sessionKey', container, identity: null } as const
  const genuine = receipt !== null && (yield* judgeReceipt(bench.crypto, session, expected, receipt, keepIn(scratch)))
  return done({ type: 'confirmSession', genuine, nonce: context.cardNonce })
}

/** Steps 22 and 23: `MDImportSessionKey`. */
export function* mdImportSessionKey(job: ServerJob<'mdImportSessionKey'>): ServerWork {
  const { bench, command, scratch } = job
  const decoded = decodeKeyDataBlob(secretOf(job, command.blob))
  if (!decoded.ok) return refuse({ code: 'format_invalid', at: decoded.fault.at ?? 'input', requirement: 'SKI-81' })
  const key = scratch.key('session key', secretBytes(decoded.value))
  const algorithm = algorithmOfName(command.algorithm, key.k.length)
  if (algorithm === null) return refuse({ code: 'format_invalid', at: 'cbKeyData', found: key.k.length, requirement: 'SKI-133' })
  const handle = bench.newHandle()
  return done({ type: 'mdImportSessionKey', handle, algorithm }, [handle, key])
}

/** `CardGetSharedKeyHandle` without a card: the key that the card was offered in this session, of the master key by its id. */
export function* mdSharedKey(job: ServerJob<'mdSharedKey'>): ServerWork {
  const { bench, command, scratch } = job
  const session = sessionOf(job)
  const card = objectOf(job, known(session.card), 'card')
  const context = contextOf(session, card, command.input)
  const key = scratch.key('session key', secretBytes(sharedKeyOf(job, card, context).slice()))
  const handle = bench.newHandle()
  // The shared key itself is one key in all sessions; whatever is derived of it is one session's.
  const material = card.way === 'shared' && bench.state().settings.sealedData === 'published' ? `shared:${card.cardId}` : handle
  return done({ type: 'mdSharedKey', handle, context, material }, [handle, key])
}

interface Judged {
  readonly statement: StatementFacts | null
  readonly nonce: string | null
}
const NO_EVIDENCE: Judged = { statement: null, nonce: null }

/** What evidence says, if it is genuine, and the nonce in it in any case. The kind of its proof says who has to be asked. */
function* judgeEvidence(job: AnyServerJob, evidence: Uint8Array): Steps<Judged> {
  const { bench, tools } = job
  const read = decodeCardEvidence(evidence)
  if (!read.ok) return NO_EVIDENCE
  const { proofKind, cardId } = read.value
  const nonce = toBase64url(read.value.nonce)
  if (proofKind === 'sharedKey' && tools.masterKey === null) return { statement: null, nonce }
  const judge: EvidenceJudge = proofKind === 'attested' ? { kind: 'attested', issuers: tools.issuers } : { kind: 'sharedKey', key: proofKeyOf(job, cardId) }
  const judged = yield* judgeCardEvidence(bench.crypto, evidence, judge)
  if (!judged.ok) return { statement: null, nonce }
  const { container, purpose, ...said } = judged.value
  return {
    statement: { by: proofKind, container, purpose, cardId: toBase64url(said.cardId), nonce: toBase64url(said.nonce), spki: toBase64url(said.spki) },
    nonce,
  }
}

/**
 * What the card is told, with the proof that is asked for; `null` where neither a proof nor the bound format, which needs to
 * know session and nonces, asks for it.
 */
function* establish(
  job: AnyServerJob,
  offer: Pick<Establishment, 'way' | 'algorithm' | 'padding' | 'container'> & { readonly proof: ServerProof },
  { cardId }: CardRecord,
  context: ContextText,
  material: Uint8Array,
): Steps<Uint8Array | null> {
  const { bench, tools } = job
  if (offer.proof === 'none' && bench.state().settings.sealedData === 'published') return null
  const { way, algorithm, padding, container, proof } = offer
  const prover: ServerProver =
    proof === 'none'
      ? { kind: proof }
      : proof === 'signature'
        ? { kind: proof, key: known(tools.signingKey) }
        : { kind: proof, key: proofKeyOf(job, bytesOf(cardId)) }
  return yield* proveEstablishment(bench.crypto, { way, algorithm, padding, container, ...contextBytes(context), material }, prover)
}

/** The key of a session in the ways `shared` and `derived`; in the published format of the former, the shared key itself. In the scratch. */
function sharedKeyOf(job: AnyServerJob, { way, cardId, offered }: CardRecord, context: ContextText): Uint8Array {
  const { scratch, bench } = job
  const shared = cardKeyOf(job, bytesOf(cardId))
  if (way === 'derived') return scratch.bytes('S1', derivedKey(shared, contextBytes(context), known(offered).algorithm))
  return bench.state().settings.sealedData === 'bound' ? scratch.bytes('S1', sharedSubkey(shared, contextBytes(context))) : shared
}

/** The key in a key blob that was made here, in the scratch. */
function keyInBlob(job: AnyServerJob, handle: SkiHandle): Uint8Array {
  const decoded = decodeKeyDataBlob(secretOf(job, handle))
  if (!decoded.ok) throw new TypeError('a key blob that was made here is wanted')
  return job.scratch.bytes('S1', decoded.value)
}

const cardKeyOf = ({ tools, scratch }: AnyServerJob, cardId: Uint8Array): Uint8Array => scratch.bytes('card key', cardKey(known(tools.masterKey), cardId))
const proofKeyOf = (job: AnyServerJob, cardId: Uint8Array): Uint8Array => job.scratch.bytes('proof key', proofKey(cardKeyOf(job, cardId)))

function* wrap(crypto: Crypto, k1: RsaPublicKey, blob: Uint8Array, padding: WrapPadding): Steps<Uint8Array> {
  const hash = OAEP_HASH[padding]
  const wrapped = yield* wait(hash === null ? crypto.pkcs1Encrypt(k1, blob) : crypto.oaepEncrypt(k1, blob, { hash, mgf1: hash }))
  requireBytes(wrapped, 'wrapped', k1.n.length)
  return wrapped
}

/** What makes this session this session. Where no nonce of the card is known there are zero bytes. */
const contextOf = ({ session, nonce }: ServerSessionRecord, card: CardRecord, cardNonce: string | null = null): ContextText => ({
  session,
  serverNonce: nonce,
  cardNonce: card.nonce ?? cardNonce ?? NO_NONCE,
  cardId: card.cardId,
})

const sessionOf = ({ bench, conversation }: AnyServerJob): ServerSessionRecord => known(findSession(bench.state(), conversation))

function publicKeyOf(card: CardRecord): RsaPublicKey | EcPublicKey {
  const key = decodeSpki(bytesOf(known(card.spki)))
  if (!key.ok) throw new TypeError('a key that was judged is wanted')
  return key.value
}

const NO_NONCE = toBase64url(new Uint8Array(ID_BYTES))
const OAEP_HASH: Readonly<Record<WrapPadding, Hash | null>> = {
  pkcs1: null,
  'oaep-sha1': 'SHA-1',
  'oaep-sha256': 'SHA-256',
  'oaep-sha384': 'SHA-384',
  'oaep-sha512': 'SHA-512',
}
