/**
 * The work of a card on keys that establish keys: K1 and its evidence, and session keys in each of the four ways.
 *
 * An establishment that brings a proof is verified first; then it is compared with what the command says and with what the
 * card knows; then the nonce is taken, which is where an attempt begins to count; and only then a private key is used
 * (SKI-51, SKI-54, SKI-68).
 *
 * Requirements: SKI-44, SKI-46, SKI-50 to SKI-54, SKI-68, SKI-70, SKI-77, SKI-210, SKI-211, SKI-215.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import { concat, equalBytes, requireBytes, utf8 } from '../../bytes/bytes.js'
import { isZero, select } from '../../crypto/constant-flow.js'
import { publicPart } from '../../crypto/key-parts.js'
import type { EcPrivateKey, EcPublicKey, Hash, PrivateKey, PublicKey, RsaPrivateKey } from '../../crypto/keys.js'
import { decodeSpki, encodeSpki } from '../../crypto/spki.js'
import { KINDS } from '../../enclave/kinds.js'
import type { Scratch } from '../../enclave/scratch.js'
import { wait, type Steps } from '../../enclave/steps.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import { decodeEccKeyBlob, encodeKeyDataBlob } from '../blobs/index.js'
import type { Way } from '../policy.js'
import { stateKey, type Attester } from '../sealed/card-evidence.js'
import { ALGORITHMS } from '../sealed/codes.js'
import { judgeEstablishment, type Establishment, type ServerVerifier } from '../sealed/establishment.js'
import { ID_BYTES, agreedKey, derivedKey, proofKey, sharedSubkey, type SessionContext } from '../sealed/keys.js'
import { makeReceipt } from '../sealed/receipt.js'
import { SEALED_REFUSED } from '../sealed/refusal.js'
import { ZERO_ID, bytesOf, contextOf, done, fresh, keeper, knownBytes, skiKindOf, type CardBench, type CardDone, type CardJob } from './card-bench.js'
import { findAgreement, findContainer, nonceOf, type CardAgreement, type CardCommandOf, type CardSession } from './card-state.js'
import type { SkiFault, WrapPadding } from './commands.js'
import { secretBytes } from './engine.js'

type Establishing = CardCommandOf<'importSessionKey' | 'shareKey' | 'deriveKey'>

/** Makes K1 (step 6). */
export function* makeK1(bench: CardBench, { command, scratch }: CardJob<CardCommandOf<'makeK1'>>): Steps<CardDone> {
  const { bits, curve } = KINDS[command.kind]
  const made = curve === null ? bench.crypto.generateRsa(bits) : bench.crypto.generateEc(curve)
  const k1 = scratch.key(`K1 ${command.kind}`, yield* wait<PrivateKey>(made))
  if (skiKindOf(k1) !== command.kind) throw new TypeError(`a key of kind ${command.kind} is wanted`)
  const key = bench.newHandle()
  return done({ type: 'makeK1', key, spki: toBase64url(encodeSpki(publicPart(k1 as PublicKey))) }, [key, k1])
}

/** Reads a public key, with a statement about it if asked (steps 10, 11). */
export function* readKey(bench: CardBench, { command, scratch }: CardJob<CardCommandOf<'readKey'>>): Steps<CardDone> {
  if (command.evidence === 'plain') return done({ type: 'readKey', nonce: null, evidence: null })
  const { container, purpose, spki } = findContainer(bench.state(), command.container)!
  if (purpose === 'user') throw new TypeError('a key that establishes keys is wanted')
  const nonce = fresh(bench, ID_BYTES)
  const statement = { container, purpose, cardId: bench.identity.cardId, nonce, spki: knownBytes(spki) }
  const evidence = yield* stateKey(bench.crypto, statement, attesterOf(bench, command.evidence, scratch))
  return done({ type: 'readKey', nonce: toBase64url(nonce), evidence: toBase64url(evidence) })
}

/** Draws the one-shot nonce. */
export function* drawNonce(bench: CardBench): Steps<CardDone> {
  return done({ type: 'drawNonce', nonce: toBase64url(fresh(bench, ID_BYTES)) })
}

/** Takes a wrapped session key (steps 18, 19). */
export function* importSessionKey(bench: CardBench, job: CardJob<CardCommandOf<'importSessionKey'>>): Steps<CardDone> {
  const { permit, command, scratch } = job
  const k1 = bench.stored(permit.keyPair!) as RsaPrivateKey
  const heard = yield* hear(bench, job, { way: 'session', container: command.container, bareBytes: k1.n.length, peer: null })
  if (!heard.ok) return heard
  const { context, material } = heard.value
  if (material.length !== k1.n.length) return refuse(wrongLength(material.length, k1.n.length))
  const s1 = yield* unwrap(bench, k1, command, material, scratch)
  return s1 === null ? SEALED_REFUSED : yield* ready(bench, job, 'session', context, command.container, s1)
}

/** Makes a session key of the key that card and server share. */
export function* shareKey(bench: CardBench, job: CardJob<CardCommandOf<'shareKey'>>): Steps<CardDone> {
  const { way } = job.command
  const heard = yield* hear(bench, job, { way, container: null, bareBytes: way === 'shared' ? 0 : 2 * ID_BYTES, peer: null })
  if (!heard.ok) return heard
  const { context } = heard.value
  return yield* ready(bench, job, way, context, null, sharedSecret(bench, job.command, contextOf(bench, context)))
}

/** Computes a DH agreement with the server's point. */
export function* agree(bench: CardBench, { permit, command, scratch }: CardJob<CardCommandOf<'agree'>>): Steps<CardDone> {
  const own = bench.stored(permit.keyPair!) as EcPrivateKey
  const blob = bytesOf(command.peer, 'peer')
  if (!blob.ok) return blob
  const peer = decodeEccKeyBlob(blob.value)
  if (!peer.ok) return refuse({ ...peer.fault, code: 'format_invalid', found: peer.fault.code })
  const { form, use, key } = peer.value
  if (form !== 'public' || use !== 'exchange' || key.curve !== own.curve)
    return refuse({ code: 'format_invalid', at: 'peer', wanted: `a public ECDH key on ${own.curve}`, requirement: 'SKI-100' })
  const agreed = yield* wait(bench.crypto.ecdh(own, key))
  if (!agreed.ok) return refuse({ code: 'format_invalid', at: 'peer', found: agreed.fault.code, requirement: 'SKI-100' })
  const handle = bench.newHandle()
  const z = scratch.key('agreed secret Z', secretBytes(agreed.value))
  return done({ type: 'agree', handle, peer: toBase64url(concat(key.x, key.y)) }, [handle, z])
}

/** Derives a session key of an agreement. */
export function* deriveKey(bench: CardBench, job: CardJob<CardCommandOf<'deriveKey'>>): Steps<CardDone> {
  const { command } = job
  const agreement = findAgreement(bench.state(), command.agreement)!
  const { container, peer } = agreement
  const heard = yield* hear(bench, job, { way: 'agreement', container, bareBytes: 2 * ID_BYTES, peer })
  if (!heard.ok) return heard
  const { context } = heard.value
  const z = bench.stored(command.agreement)
  if (z.type !== 'oct') throw new TypeError('an agreement is wanted')
  const { card, server } = pointsOf(agreement)
  const s1 = agreedKey(z.k, contextOf(bench, context), command.algorithm, server, card)
  return yield* ready(bench, job, 'agreement', context, container, s1)
}

/** What an establishment has to be for. */
interface Wanted {
  readonly way: Way
  readonly container: number | null
  /** How long a bare input is. */
  readonly bareBytes: number
  /** The point of the agreement that it is for. */
  readonly peer: string | null
}

/** What an establishment says, once its nonce is taken. `material` is the wrapped key in the way `session`. */
interface Heard {
  readonly context: CardSession
  readonly material: Uint8Array
}

function* hear(bench: CardBench, job: CardJob<Establishing>, wanted: Wanted): Steps<Verdict<Heard, SkiFault>> {
  const { command, permit, scratch } = job
  const input = bytesOf(command.input ?? '', 'input')
  if (!input.ok) return input
  if (!command.proven) return hearBare(bench, job, wanted, input.value)
  const judged = yield* judgeEstablishment(bench.crypto, input.value, verifierOf(bench, scratch))
  if (!judged.ok) return refuse(judged.fault.code === 'proof_refused' ? judged.fault : { ...judged.fault, code: 'format_invalid', found: judged.fault.code })
  const { session, serverNonce, cardNonce, material } = judged.value
  const context = { session: toBase64url(session), serverNonce: toBase64url(serverNonce), cardNonce: toBase64url(cardNonce) }
  const fault = bench.note(permit, { type: 'nonceTaken', nonce: context.cardNonce })
  if (fault) return refuse(fault)
  const at = differs(bench, command, wanted, judged.value)
  return at === null ? accept({ context, material }) : refuse({ code: 'proof_refused', at, requirement: 'SKI-54' })
}

/**
 * The published inputs, which name neither card nor nonce and bring no proof. The nonce that is outstanding goes into the
 * session; where none is, the way `derived` has the card draw one now, and the others go without.
 */
function hearBare(bench: CardBench, { command, permit }: CardJob<Establishing>, { way, bareBytes }: Wanted, input: Uint8Array): Verdict<Heard, SkiFault> {
  if (input.length !== bareBytes) return refuse(wrongLength(input.length, bareBytes))
  const drawn = () => (way === 'derived' ? toBase64url(fresh(bench, ID_BYTES)) : ZERO_ID)
  const cardNonce = nonceOf(bench.state(), command.channel) ?? drawn()
  const fault = bench.note(permit, { type: 'nonceTaken', nonce: null })
  if (fault) return refuse(fault)
  if (way === 'session' || way === 'shared') return accept({ context: { session: ZERO_ID, serverNonce: ZERO_ID, cardNonce }, material: input })
  const [session, serverNonce] = [input.slice(0, ID_BYTES), input.slice(ID_BYTES)].map(toBase64url) as [string, string]
  return accept({ context: { session, serverNonce, cardNonce }, material: NOTHING })
}

/** Where a proven establishment is for something else than this command on this card, or `null`. */
function differs(bench: CardBench, command: Establishing, wanted: Wanted, found: Establishment): string | null {
  if (found.way !== wanted.way) return 'way'
  if (found.algorithm !== command.algorithm) return 'algorithm'
  if (found.padding !== (command.type === 'importSessionKey' ? command.padding : null)) return 'padding'
  if (found.container !== wanted.container) return 'container'
  if (!equalBytes(found.cardId, bench.identity.cardId)) return 'cardId'
  return wanted.peer !== null && toBase64url(found.material) !== wanted.peer ? 'material' : null
}

/**
 * Unwraps S1. With PKCS #1 v1.5 nothing can be seen to fail: where the padding or the header of the key blob is not right,
 * the command goes on with another key, which follows from what was unwrapped (SKI-215).
 */
function* unwrap(
  bench: CardBench,
  k1: RsaPrivateKey,
  { algorithm, padding }: CardCommandOf<'importSessionKey'>,
  wrapped: Uint8Array,
  scratch: Scratch,
): Steps<Uint8Array | null> {
  const { keyBytes } = ALGORITHMS[algorithm]
  const header = encodeKeyDataBlob(new Uint8Array(keyBytes)).subarray(0, KEY_DATA_HEADER)
  const hash = OAEP_HASH[padding]
  if (hash === null) {
    const blob = scratch.bytes('unwrapped key blob', yield* wait(bench.crypto.pkcs1Decrypt(k1, wrapped, KEY_DATA_HEADER + keyBytes)))
    requireBytes(blob, 'blob', KEY_DATA_HEADER + keyBytes)
    const good = isZero(header.reduce((difference, byte, at) => difference | (byte ^ blob[at]!), 0))
    // Of what was unwrapped, so that the same ciphertext gives the same key whether it is good or not.
    const drawn = scratch.bytes('stand-in session key', yield* wait(bench.crypto.digest('SHA-256', concat(utf8(STAND_IN_LABEL), blob))))
    requireBytes(drawn, 'digest', 32)
    return Uint8Array.from({ length: keyBytes }, (_, at) => select(good, blob[KEY_DATA_HEADER + at]!, drawn[at]!))
  }
  const opened = yield* wait(bench.crypto.oaepDecrypt(k1, wrapped, { hash, mgf1: hash }))
  if (!opened.ok) return null
  const blob = scratch.bytes('unwrapped key blob', opened.value)
  return blob.length === KEY_DATA_HEADER + keyBytes && equalBytes(blob.subarray(0, KEY_DATA_HEADER), header) ? blob.slice(KEY_DATA_HEADER) : null
}

function sharedSecret(bench: CardBench, { way, algorithm }: CardCommandOf<'shareKey'>, context: SessionContext): Uint8Array {
  const shared = bench.identity.sharedKey
  if (shared === null) throw new TypeError('a shared key is wanted')
  if (way === 'derived') return derivedKey(shared, context, algorithm)
  return bench.state().settings.sealedData === 'bound' ? sharedSubkey(shared, context) : Uint8Array.from(shared)
}

/** A session key is there: under a handle, with the card's word for it where the format has one (SKI-70). */
function* ready(
  bench: CardBench,
  { command, scratch }: CardJob<Establishing>,
  way: Way,
  context: CardSession,
  container: number | null,
  s1: Uint8Array,
): Steps<CardDone> {
  const key = scratch.key('session key S1', secretBytes(s1))
  const { sealedData, receipts } = bench.state().settings
  const session = { algorithm: command.algorithm, key: s1, context: contextOf(bench, context) }
  const receipt =
    command.proven && receipts && sealedData === 'bound'
      ? toBase64url(yield* makeReceipt(bench.crypto, session, { kind: 'sessionKey', container, identity: null }, keeper(scratch)))
      : null
  const handle = bench.newHandle()
  return done({ type: command.type, handle, way, context, receipt }, [handle, key])
}

function attesterOf({ identity }: CardBench, evidence: 'attested' | 'sharedKey', scratch: Scratch): Attester {
  if (evidence === 'attested' && identity.attestation !== null) return { kind: 'attested', ...identity.attestation }
  if (evidence === 'sharedKey' && identity.sharedKey !== null)
    return { kind: 'sharedKey', key: scratch.bytes('proof key of the card', proofKey(identity.sharedKey)) }
  throw new TypeError('a card that can state something is wanted')
}

function verifierOf(bench: CardBench, scratch: Scratch): ServerVerifier {
  const { identity } = bench
  const { serverProof } = bench.state().settings
  if (serverProof === 'none') return { kind: 'none' }
  if (serverProof === 'signature' && identity.serverKey !== null) return { kind: 'signature', anchors: [identity.serverKey] }
  if (serverProof === 'sharedKey' && identity.sharedKey !== null)
    return { kind: 'sharedKey', key: scratch.bytes('proof key of the card', proofKey(identity.sharedKey)) }
  throw new TypeError('a card that can verify its server is wanted')
}

function pointsOf({ spki, peer }: CardAgreement): { readonly card: EcPublicKey; readonly server: EcPublicKey } {
  const card = decodeSpki(knownBytes(spki))
  if (!card.ok || card.value.type !== 'EC') throw new TypeError('an EC key is wanted')
  const point = knownBytes(peer)
  const half = point.length / 2
  return { card: card.value, server: { type: 'EC', curve: card.value.curve, x: point.slice(0, half), y: point.slice(half) } }
}

const wrongLength = (found: number, wanted: number): SkiFault => ({ code: 'format_invalid', at: 'input', found, wanted, requirement: 'SKI-102' })

const NOTHING = new Uint8Array(0)
/** The header of `BCRYPT_KEY_DATA_BLOB`, in bytes. */
const KEY_DATA_HEADER = 12
const STAND_IN_LABEL = 'keyferry ski stand-in\0'

const OAEP_HASH: Readonly<Record<WrapPadding, Hash | null>> = {
  pkcs1: null,
  'oaep-sha1': 'SHA-1',
  'oaep-sha256': 'SHA-256',
  'oaep-sha384': 'SHA-384',
  'oaep-sha512': 'SHA-512',
}
