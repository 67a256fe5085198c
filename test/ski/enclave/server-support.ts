/**
 * What the tests of a server's enclave share: enclaves, and the way to each point of a run, with a card of node's at the
 * other end.
 * @module
 */
import * as native from 'node:crypto'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import type { EcPrivateKey } from '../../../src/crypto/keys.js'
import type { WitnessedSecret } from '../../../src/enclave/witness.js'
import { softwareServer, type SoftwareServer, type SoftwareServerOptions } from '../../../src/ski/enclave/server.js'
import type {
  SecureFunction,
  ServerAnswer,
  ServerCommand,
  SessionAlgorithm,
  SkiFault,
  SkiHandle,
  SkiKeyKind,
  WrapPadding,
} from '../../../src/ski/enclave/commands.js'
import type { ServerRuleName } from '../../../src/ski/enclave/server-rules.js'
import type { ServerPolicy } from '../../../src/ski/enclave/server-state.js'
import type { SealedData, ServerProof, Way } from '../../../src/ski/policy.js'
import { pkijsPki } from '../../../tools/pki/index.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { gated, stocked, type Gate } from '../../enclave/support.js'
import { b64, draw, receipt, unb64, type Session } from './card-node.js'
import {
  agreeAsCard,
  evidenceOf,
  ISSUER,
  MASTER_KEY,
  nodeCard,
  pairOf,
  readEstablishment,
  SERVER_KEY,
  sharedAsCard,
  unwrapBlob,
  type NodeCard,
  type NodePair,
  authenticateResponse,
  respondAsCard,
} from './server-node.js'

/** A private key of node's on a curve, in our form. */
export function ecKeyOf({ privateKey }: NodePair): EcPrivateKey {
  const { crv, x, y, d } = privateKey.export({ format: 'jwk' })
  const [ax, ay, ad] = [x, y, d].map((part) => Uint8Array.from(unb64(part!)))
  return { type: 'EC', curve: crv as 'P-256', x: ax!, y: ay!, d: ad! }
}

/** The policies of these tests. */
export const PUBLISHED: ServerPolicy = { sealedData: 'published', receipts: false, archive: 'none', tripleDes: true }
/** See {@link PUBLISHED}. */
export const BOUND: ServerPolicy = { sealedData: 'bound', receipts: true, archive: 'none', tripleDes: true }

/** What a case asks of the factory. */
export interface Wanted {
  readonly policy?: Partial<ServerPolicy> & { readonly sealedData?: SealedData }
  readonly without?: readonly ServerRuleName[]
  readonly gated?: boolean
  readonly change?: Partial<SoftwareServerOptions>
  readonly provider?: () => Crypto
}

/** An enclave under test. */
export interface Subject {
  readonly server: SoftwareServer
  readonly secrets: readonly WitnessedSecret[]
  readonly gate: Gate | null
  readonly format: SealedData
}

/** Makes an enclave of everything that there is. */
export function make({ policy = {}, without = [], gated: wantsGate = false, change = {}, provider = () => stocked(nodeCrypto()) }: Wanted = {}): Subject {
  const secrets: WitnessedSecret[] = []
  const slow = wantsGate ? gated(provider()) : null
  const base = policy.sealedData === 'published' ? PUBLISHED : BOUND
  const server = softwareServer({
    crypto: slow?.crypto ?? provider(),
    policy: { ...base, ...policy },
    issuers: [ecKeyOf(ISSUER)],
    masterKey: Uint8Array.from(MASTER_KEY),
    signingKey: ecKeyOf(SERVER_KEY),
    pki: pkijsPki(),
    takesDeposits: true,
    witness: (secret) => void secrets.push(secret),
    without,
    ...change,
  })
  return { server, secrets, gate: slow?.gate ?? null, format: policy.sealedData ?? base.sealedData }
}

/** Says anything. */
export const say = async ({ server }: Subject, conversation: string, command: unknown): Promise<ServerAnswer | null> =>
  server.perform(conversation, command as ServerCommand)

/** Says something and wants an answer of one type. */
export async function ask<T extends ServerAnswer['type']>(
  subject: Subject,
  conversation: string,
  command: ServerCommand,
  type: T,
): Promise<Extract<ServerAnswer, { type: T }>> {
  const answer = await say(subject, conversation, command)
  assert.is(answer?.type === 'enclave.refused' ? `refused: ${JSON.stringify(answer.fault)}` : answer?.type, type)
  return answer as Extract<ServerAnswer, { type: T }>
}

/** The fault of a refusal. */
export const faultOf = (answer: ServerAnswer | null): SkiFault | null => (answer?.type === 'enclave.refused' ? answer.fault : null)

/** A refusal with this code and requirement, after which the enclave describes itself exactly as before. */
export async function refused(subject: Subject, conversation: string, command: unknown, code: SkiFault['code'], requirement: string | undefined, at?: string) {
  const before = JSON.stringify(subject.server.describe())
  const answer = await say(subject, conversation, command)
  const fault = faultOf(answer)
  assert.equal([fault?.code, fault?.requirement], [code, requirement], JSON.stringify(answer))
  if (at !== undefined) assert.is(fault?.at, at)
  assert.is(JSON.stringify(subject.server.describe()), before, 'SKI-222: a refusal leaves everything as it was')
}

/** How a run goes: the way of the 31 steps unless given. */
export interface Run {
  readonly way?: Way
  readonly algorithm?: SessionAlgorithm
  readonly padding?: WrapPadding
  readonly proof?: ServerProof
  readonly k1?: SkiKeyKind
  readonly evidence?: 'attested' | 'sharedKey' | null
  readonly conversation?: string
  readonly card?: NodeCard
}

/** A run that has come as far as a card that was judged (step 15). */
export interface Judged {
  readonly conversation: string
  readonly node: NodeCard
  readonly k1: NodePair | null
  readonly card: SkiHandle
  readonly way: Way
  /** All but S1. */
  readonly terms: Omit<Session, 's1'>
  readonly answer: Extract<ServerAnswer, { type: 'enclave.cardJudged' }>
}

/** Where K1 is. */
export const K1_CONTAINER = 3

const hasK1 = (way: Way): boolean => way === 'session' || way === 'agreement'

/** Steps 2 to 15. */
export async function judged(subject: Subject, run: Run = {}): Promise<Judged> {
  const { way = 'session', algorithm = 'AES-256', conversation = 'c', card: node = nodeCard() } = run
  const begun = await ask(subject, conversation, { type: 'beginSession' }, 'enclave.sessionBegun')
  const k1 = hasK1(way) ? pairOf(run.k1 ?? (way === 'session' ? 'rsa-2048' : 'ec-P-256'), 1) : null
  const by = run.evidence === undefined ? 'attested' : run.evidence
  const said = k1 && by ? evidenceOf(node, k1.spki, { by, container: K1_CONTAINER, purpose: way === 'session' ? 1 : 2 }) : null
  const nonce = said?.nonce ?? draw(16)
  const answer = await ask(
    subject,
    conversation,
    { type: 'judgeCard', way, cardId: b64(node.cardId), nonce: said ? null : b64(nonce), spki: k1 && b64(k1.spki), evidence: said?.evidence ?? null },
    'enclave.cardJudged',
  )
  const terms = { algorithm, session: unb64(begun.session), serverNonce: unb64(begun.nonce), cardNonce: nonce, cardId: node.cardId }
  return { conversation, node, k1, card: answer.card, way, terms, answer }
}

/** A run in which both ends have S1 (step 20). */
export interface Established extends Judged {
  /** As the card has it. */
  readonly session: Session
  /** S1's key blob in the server's enclave, where there is one. */
  readonly blob: SkiHandle | null
  readonly input: string | null
  readonly proven: boolean
}

/** Steps 16 to 20. */
export async function established(subject: Subject, run: Run = {}): Promise<Established> {
  const at = await judged(subject, run)
  const { conversation, card, terms, node, way } = at
  const { padding = 'oaep-sha256', proof = 'none' } = run
  const { algorithm } = terms
  if (way === 'session') {
    const made = await ask(
      subject,
      conversation,
      { type: 'wrapSessionKey', card, container: K1_CONTAINER, algorithm, padding, proof },
      'enclave.sessionKeyMade',
    )
    const wrapped = made.proven ? readEstablishment(made.input, proof, node).material : unb64(made.input)
    const session = { ...terms, s1: unwrapBlob(at.k1!, wrapped, padding) }
    return { ...at, session, blob: made.blob, input: made.input, proven: made.proven }
  }
  if (way === 'agreement') {
    const made = await ask(subject, conversation, { type: 'agreeSessionKey', card, container: K1_CONTAINER, algorithm, proof }, 'enclave.sessionKeyMade')
    const { s1, point } = agreeAsCard(at.k1!, made.peer!, terms)
    if (made.proven) assert.equal(readEstablishment(made.input, proof, node).material, point)
    else assert.is(made.input, b64(Buffer.concat([terms.session, terms.serverNonce])))
    return { ...at, session: { ...terms, s1 }, blob: made.blob, input: made.input, proven: made.proven }
  }
  const offered = await ask(subject, conversation, { type: 'offerSharedKey', card, way, algorithm, proof }, 'enclave.sharedKeyOffered')
  const session = { ...terms, s1: sharedAsCard(node, way, subject.format, terms) }
  return { ...at, session, blob: null, input: offered.input, proven: offered.proven }
}

/** A run in which the minidriver has its key, with mode and IV set (step 24). */
export interface Keyed extends Established {
  readonly key: SkiHandle
  readonly iv: string
}

/** What confirms S1, as the card says it. */
export const confirmation = ({ card, blob, session, k1, terms, way }: Established): ServerCommand => ({
  type: 'confirmSession',
  card,
  blob,
  nonce: way === 'shared' || way === 'derived' ? b64(terms.cardNonce) : null,
  receipt: receipt(session, 1, k1 ? K1_CONTAINER : null),
})

/** The published identifier of an algorithm. */
export const nameOf = (algorithm: SessionAlgorithm): string => (algorithm.startsWith('AES') ? 'AES' : algorithm)

/** How the minidriver comes by its key. */
export const loading = ({ blob, terms }: Established): ServerCommand =>
  blob
    ? { type: 'mdImportSessionKey', blob, blobType: 'KeyDataBlob', algorithm: nameOf(terms.algorithm) }
    : { type: 'mdSharedKey', input: b64(terms.cardNonce) }

/** Steps 21 to 24. */
export async function keyed(subject: Subject, run: Run = {}): Promise<Keyed> {
  const at = await established(subject, run)
  const { conversation } = at
  if (subject.format === 'bound') assert.ok((await ask(subject, conversation, confirmation(at), 'enclave.sessionConfirmed')).genuine)
  const { key } = await ask(subject, conversation, loading(at), 'enclave.mdKeyReady')
  const { iv } = await ask(subject, conversation, { type: 'drawIv', algorithm: at.terms.algorithm }, 'enclave.ivDrawn')
  await ask(subject, conversation, { type: 'setKeyProperty', key, mode: 'CBC', iv: null }, 'enclave.propertySet')
  await ask(subject, conversation, { type: 'setKeyProperty', key, mode: null, iv }, 'enclave.propertySet')
  return { ...at, key, iv }
}

/** A run in which K2 lies in its structure. */
export interface Composed extends Keyed {
  readonly k2: SkiHandle
  readonly spki: Buffer
  readonly fingerprint: string
  readonly structure: SkiHandle
}

/** Where K2 is to go. */
export const K2_TERMS = { container: 7, pinId: 1, overwrite: false } as const

/** The key specification of a signature key. */
export const KEY_SPEC: Readonly<Record<SkiKeyKind, number>> = { 'rsa-2048': 2, 'rsa-3072': 2, 'rsa-4096': 2, 'ec-P-256': 3, 'ec-P-384': 4, 'ec-P-521': 5 }

/** K2 and its structure. */
export async function composed(subject: Subject, run: Run & { readonly k2?: SkiKeyKind } = {}): Promise<Composed> {
  const at = await keyed(subject, run)
  const kind = run.k2 ?? 'ec-P-256'
  const made = await ask(subject, at.conversation, { type: 'makeKeyPair', kind }, 'enclave.keyPairMade')
  const { blob } = await ask(subject, at.conversation, { type: 'composeKeyPair', key: made.key, ...K2_TERMS, keySpec: KEY_SPEC[kind] }, 'enclave.composed')
  return { ...at, k2: made.key, spki: unb64(made.spki), fingerprint: made.fingerprint, structure: blob }
}

/** `MDEncryptData` for what was composed. */
export const sealing = ({ key, structure }: Composed, name: SecureFunction = 'Import Key Pair'): Extract<ServerCommand, { type: 'mdEncrypt' }> => ({
  type: 'mdEncrypt',
  key,
  function: name,
  blob: structure,
  flags: 1,
  pieces: 1,
})

/** The four ways. */
export const WAYS = ['session', 'agreement', 'shared', 'derived'] as const

/** A PIN function that was sealed. */
export async function sealedPin(subject: Subject) {
  const at = await keyed(subject)
  const { key: pin } = await ask(subject, 'c', { type: 'makePin', length: 16 }, 'enclave.pinMade')
  const compose = { type: 'composePin', function: 'Authenticate', flags: 0x10000000, pinId: 1, pin, target: null } as const
  const { blob } = await ask(subject, 'c', compose, 'enclave.composed')
  const { blobs } = await ask(subject, 'c', { type: 'mdEncrypt', key: at.key, function: 'Authenticate', blob, flags: 1, pieces: 1 }, 'enclave.mdEncrypted')
  return { at, blobs }
}
/** The card's response to it. */
export const responding = ({ key, session }: { readonly key: SkiHandle; readonly session: Session }, subject: Subject): ServerCommand => ({
  type: 'mdOpenResponse',
  key,
  function: 'Authenticate',
  blobs: [respondAsCard(session, subject.format, { function: 'Authenticate', pinId: 1 }, authenticateResponse(3, Buffer.from('0123456789abcdef')))],
})
/** The card's receipt for K2. */
export const installing = ({ session, spki, fingerprint }: Composed): ServerCommand => ({
  type: 'confirmInstalled',
  container: K2_TERMS.container,
  fingerprint,
  receipt: receipt(session, 2, K2_TERMS.container, native.createHash('sha256').update(spki).digest()),
})
