/**
 * What a case of the card contract is made of: a card that was personalised by node's keys, the server's side of it, and a
 * few steps that most cases take.
 * @module
 */
import * as native from 'node:crypto'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { copyKey, publicPart } from '../../../src/crypto/key-parts.js'
import type { RsaPrivateKey } from '../../../src/crypto/keys.js'
import type { WitnessedSecret } from '../../../src/enclave/witness.js'
import type { CardRuleName } from '../../../src/ski/enclave/card-rules.js'
import { softwareCard, type InitialPin, type SoftwareCard, type SoftwareCardOptions } from '../../../src/ski/enclave/card.js'
import type { CardAnswer, CardCommand, SessionAlgorithm, SkiFault, SkiHandle, SkiKeyKind, WrapPadding } from '../../../src/ski/enclave/commands.js'
import { cardIssuer } from '../../../src/ski/enclave/issuer.js'
import type { Way } from '../../../src/ski/policy.js'
import { ecKey, gated, nativeKey, rsaKey, type Gate } from '../../enclave/support.js'
import {
  agreeWith,
  b64,
  draw,
  establishment,
  kdf,
  contextOf,
  keyDataBlob,
  newSession,
  unb64,
  wrapFor,
  type Pair,
  type Prover,
  type Session,
} from './card-node.js'

/** What a case asks of the factory. */
export interface Wanted {
  /** `hardened` unless given; the members that are given win. */
  readonly profile?: 'hardened' | 'published'
  readonly policy?: Partial<SoftwareCardOptions['policy']>
  readonly options?: Pick<Partial<SoftwareCardOptions>, 'containers' | 'algorithms' | 'paddings' | 'writeNeedsPin'>
  /** The pins of {@link PINS} unless given. */
  readonly pins?: readonly InitialPin[]
  /** Leave out one of the card's own keys. */
  readonly lacks?: 'attestation' | 'sharedKey'
  /** Rules to switch off. */
  readonly without?: readonly CardRuleName[]
  /** The test decides when the crypto answers. */
  readonly gated?: boolean
}

/** A card under test, and what its server has. */
export interface Subject {
  readonly card: SoftwareCard
  readonly cardId: Buffer
  readonly shared: Buffer
  readonly format: 'published' | 'bound'
  readonly prover: Prover
  /** Filled as secrets come to exist. */
  readonly secrets: readonly WitnessedSecret[]
  readonly gate: Gate | null
}

/** One promise of the contract. `run` throws if it is broken. */
export interface Case {
  readonly title: string
  readonly run: (make: (wanted?: Wanted) => Subject) => Promise<void>
}

/** The PIN of the holder, of the administrator, and one that is entered at the PIN pad alone. */
export const PINS = {
  user: { id: 1, value: Buffer.from('kT4!vq9ZpX0e'), tries: 3 },
  admin: { id: 2, value: Buffer.from('7uW-hd2Ls8Rb'), tries: 5 },
  pad: { id: 3, value: Buffer.from('Yc61mJ*o3NgA'), tries: 3, external: true },
} as const

/** The keys of the server, the issuer and the card: P-256 keys of node's, by number. */
const [SERVER, ISSUER, ATTESTATION] = [41, 42, 43]
/** A server that no card was personalised for. */
export const OTHER_SERVER = 44

/** The issuer's key, as node has it. */
export const issuerKey = (): native.KeyObject => native.createPublicKey(privateKey(ISSUER))

/** A P-256 key of node's. */
export const privateKey = (number: number): native.KeyObject =>
  native.createPrivateKey({ key: Buffer.from(nativeKey('ec-P-256', number).payload), format: 'der', type: 'pkcs8' })

let fromStock = 0
/** A provider whose RSA keys come from node's stock, so that tests do not wait for primes. */
export function stocked(crypto: Crypto): Crypto {
  const stock = (bits: number) => copyKey<RsaPrivateKey>(rsaKey(`rsa-${bits}` as 'rsa-2048', bits === 2048 ? 10 + (fromStock++ % 4) : 10))
  return { ...crypto, generateRsa: (bits: number) => stock(bits) }
}

/** A factory of cards over what `provider` makes, all with the same rules off. */
export const cardFactory =
  (provider: () => Crypto, off: readonly CardRuleName[] = []) =>
  (wanted: Wanted = {}): Subject => {
    const { profile = 'hardened', policy = {}, options = {}, pins = Object.values(PINS), lacks, without = [] } = wanted
    const format = policy.sealedData ?? (profile === 'hardened' ? 'bound' : 'published')
    const serverProof = policy.serverProof ?? (profile === 'hardened' ? 'signature' : 'none')
    const slow = wanted.gated ? gated(provider()) : null
    const crypto = slow?.crypto ?? provider()
    const [cardId, shared] = [draw(16), draw(32)]
    const secrets: WitnessedSecret[] = []
    const card = softwareCard({
      crypto,
      cardId,
      pins,
      ...(lacks === 'attestation' ? {} : { attestation: { key: ecKey(ATTESTATION), endorsement: endorse(cardId) } }),
      ...(lacks === 'sharedKey' ? {} : { sharedKey: shared }),
      serverKey: publicPart(ecKey(SERVER)),
      policy: { receipts: format === 'bound', tripleDes: false, ...policy, serverProof, sealedData: format },
      ...options,
      without: [...off, ...without],
      witness: (secret) => void secrets.push(secret),
    })
    const prover: Prover =
      serverProof === 'none'
        ? { kind: 'none' }
        : serverProof === 'signature'
          ? { kind: 'signature', key: privateKey(SERVER) }
          : { kind: 'sharedKey', key: shared }
    return { card, cardId, shared, format, prover, secrets, gate: slow?.gate ?? null }
  }

function endorse(cardId: Uint8Array): Uint8Array {
  const { x, y } = ecKey(ATTESTATION)
  const signed = Buffer.concat([Buffer.from('keyferry ski card endorsement v1\0', 'latin1'), cardId, x, y])
  return new Uint8Array(native.sign('sha256', signed, { key: privateKey(ISSUER), dsaEncoding: 'ieee-p1363' }))
}

/** The issuer of these cards, with our code. */
export const ourIssuer = (crypto: Crypto) => cardIssuer({ crypto, signingKey: ecKey(ISSUER) })

/** Says anything to a card. */
export const say = async ({ card }: Pick<Subject, 'card'>, command: unknown): Promise<CardAnswer | null> => card.perform('reader', command as CardCommand)

/** Says something and wants an answer of one type. */
export async function ask<T extends CardAnswer['type']>(
  subject: Pick<Subject, 'card'>,
  command: CardCommand,
  type: T,
): Promise<Extract<CardAnswer, { type: T }>> {
  const answer = await say(subject, command)
  assert.is(answer?.type === 'enclave.refused' ? `refused: ${answer.fault.code} ${answer.fault.at ?? ''}` : answer?.type, type)
  return answer as Extract<CardAnswer, { type: T }>
}

/** The code of a refusal. */
export const codeOf = (answer: CardAnswer | null): SkiFault['code'] | null => (answer?.type === 'enclave.refused' ? answer.fault.code : null)

/** A refusal with this code, after which the card describes itself exactly as before. */
export async function refusedWithoutTrace(subject: Subject, command: unknown, code: SkiFault['code'] | null): Promise<SkiFault> {
  const before = JSON.stringify(subject.card.describe())
  const answer = await say(subject, command)
  assert.is(codeOf(answer), code, JSON.stringify(answer))
  assert.is(JSON.stringify(subject.card.describe()), before, 'SKI-222: a refusal leaves everything as it was')
  return (answer as Extract<CardAnswer, { type: 'enclave.refused' }>).fault
}

/** The one refusal for what is sealed, to the last member. */
export async function sealedRefused(subject: Subject, command: unknown): Promise<void> {
  assert.equal(await say(subject, command), { type: 'enclave.refused', fault: { code: 'sealed_refused', requirement: 'SKI-72' } })
}

/** Makes K1 in a container, and reads it. */
export async function withK1(
  subject: Subject,
  { container = 0, kind = 'rsa-2048', pinId = 0, channel = 0 }: { container?: number; kind?: SkiKeyKind; pinId?: number; channel?: number } = {},
): Promise<Buffer> {
  await ask(subject, { type: 'makeK1', channel, container, kind, pinId }, 'enclave.k1Made')
  return unb64((await ask(subject, { type: 'readKey', channel, container, evidence: 'plain' }, 'enclave.keyRead')).spki)
}

/** Has the card draw its nonce. */
export const nonceFrom = async (subject: Subject, channel = 0): Promise<Buffer> =>
  unb64((await ask(subject, { type: 'drawNonce', channel }, 'enclave.nonceDrawn')).nonce)

/** What establishing a session may want. */
export interface Establishing {
  readonly way?: Way
  readonly algorithm?: SessionAlgorithm
  readonly padding?: WrapPadding
  readonly kind?: SkiKeyKind
  readonly channel?: number
  readonly container?: number
}

/** A session that both ends have. */
export interface Established {
  readonly key: SkiHandle
  readonly session: Session
  readonly receipt: string | null
  readonly nonce: string | null
  /** The command that made it. */
  readonly command: CardCommand
}

/** Establishes a session key as the policy of the card wants it. K1, where the way has one, comes into `container`. */
export async function establish(subject: Subject, wanted: Establishing = {}): Promise<Established> {
  const command = await establishing(subject, wanted)
  const { key, receipt, nonce } = await ask(subject, command.command, 'enclave.sessionKeyReady')
  const cardNonce = nonce !== null && command.session.cardNonce.every((byte) => byte === 0) ? unb64(nonce) : command.session.cardNonce
  return { ...command, key, receipt, nonce, session: command.complete({ ...command.session, cardNonce }) }
}

/** The command that establishes, and the session that will come of it. */
export async function establishing(
  subject: Subject,
  { way = 'session', algorithm = 'AES-256', padding = 'oaep-sha256', kind, channel = 0, container = 0 }: Establishing = {},
): Promise<{ readonly command: CardCommand; readonly session: Session; readonly complete: (session: Session) => Session }> {
  const { cardId, shared, format, prover } = subject
  const proven = prover.kind !== 'none' || format === 'bound'
  const same = (session: Session) => session
  const k1 =
    way === 'session' || way === 'agreement' ? await withK1(subject, { channel, container, kind: kind ?? (way === 'session' ? 'rsa-2048' : 'ec-P-256') }) : null
  const begun = newSession(cardId, proven ? await nonceFrom(subject, channel) : Buffer.alloc(16), algorithm)
  const ids = Buffer.concat([begun.session, begun.serverNonce])
  const kfpk = (session: Session, at: number | null, material: Uint8Array) =>
    b64(establishment(session, { way, padding: way === 'session' ? padding : null, container: at, material }, prover))
  switch (way) {
    case 'session': {
      const wrapped = wrapFor(k1!, keyDataBlob(begun.s1), padding)
      const input = proven ? kfpk(begun, container, wrapped) : b64(wrapped)
      return { command: { type: 'importSessionKey', channel, container, algorithm, padding, proven, input }, session: begun, complete: same }
    }
    case 'agreement': {
      const { peer, point, session } = agreeWith(k1!, begun)
      const { agreement } = await ask(subject, { type: 'agree', channel, container, peer }, 'enclave.agreed')
      const input = proven ? kfpk(session, container, point) : b64(ids)
      return { command: { type: 'deriveKey', channel, agreement, algorithm, proven, input }, session, complete: same }
    }
    case 'derived':
    case 'shared': {
      const complete = (session: Session): Session => ({ ...session, s1: sharedSecret(way, format, shared, session) })
      const input = proven ? kfpk(begun, null, Buffer.alloc(0)) : way === 'derived' ? b64(ids) : null
      return { command: { type: 'shareKey', channel, way, algorithm, proven, input }, session: begun, complete }
    }
  }
}

function sharedSecret(way: 'shared' | 'derived', format: 'published' | 'bound', shared: Buffer, session: Session): Buffer {
  if (way === 'derived') return kdf(shared, 'keyferry ski session key', contextOf(session), session.s1.length)
  return format === 'published' ? shared : kdf(shared, 'keyferry ski shared subkey', contextOf(session), 32)
}

/** Sets CBC and an IV on a session key, and gives the IV. */
export async function withIv(
  subject: Subject,
  { key, session }: Pick<Established, 'key' | 'session'>,
  channel = 0,
  iv = draw(session.algorithm.startsWith('AES') ? 16 : 8),
): Promise<Buffer> {
  await ask(subject, { type: 'setKeyProperty', channel, key, mode: 'CBC', iv: null }, 'enclave.propertySet')
  await ask(subject, { type: 'setKeyProperty', channel, key, mode: null, iv: b64(iv) }, 'enclave.propertySet')
  return iv
}

/** A key pair of node's for K2. */
export function pairOf(kind: SkiKeyKind, number = 70): Pair {
  const key = native.createPrivateKey({ key: Buffer.from(nativeKey(kind, number).payload), format: 'der', type: 'pkcs8' })
  return { kind, jwk: key.export({ format: 'jwk' }), spki: native.createPublicKey(key).export({ format: 'der', type: 'spki' }) }
}
