/**
 * Complete conversations of secure key injection as vectors: every message of seeded runs, with the APDUs that travelled,
 * for both profiles, honest and in bad hands.
 *
 * Like those of BYOK they come from the machines themselves. What makes them evidence is beside them: the secrets of the
 * runs (test keys), with which anybody can open what travelled by other means, as `test/vectors/ski-conversations.test.ts`
 * does with the platform's crypto and openssl.
 *
 *   npm run vectors:conversations
 * @module
 */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ClientInput } from '../../machines/ski/client-plan.js'
import type { CardInput } from '../../machines/ski/card.js'
import type { InjectionReport } from '../../machines/ski/injections.js'
import type { ServerInput } from '../../machines/ski/server-plan.js'
import type { Envelope, Line } from '../../machines/session.js'
import { fromBase64url, toBase64url } from '../../src/bytes/base64.js'
import { toHex } from '../../src/bytes/hex.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { pure } from '../../src/crypto/pure.js'
import { decodeSpki, encodeSpki } from '../../src/crypto/spki.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { Maybe } from '../../src/verdict.js'
import type { WitnessedSecret } from '../../src/enclave/witness.js'
import { CARD_PADDING } from '../../src/ski/constants/index.js'
import type { ProductFacts } from '../../src/ski/minidriver/view.js'
import { SKI_PROFILES, type SkiProfileName } from '../../src/ski/policy.js'
import { DEMONSTRATION_PRODUCT, skiWorld, WAYS, type RunWanted } from '../cli/ski/world.js'
import { seeded } from './seeded.js'

/** A message of a conversation. */
export type SpokenLine = Omit<Line, 'readers'>

/** One conversation as it stands in a file. */
export interface SkiConversation {
  readonly id: string
  readonly requirement: string
  readonly comment: string
  readonly result: 'valid' | 'invalid'
  /** How both applications ended: `ok`, or the code of the fault. */
  readonly expect: { readonly client: string; readonly server: string }
  /** Messages of these types were changed or made by the attacker. */
  readonly tampered: readonly string[]
  /** What the roles were given before the run: public values and handles. */
  readonly roles: { readonly client: ClientInput; readonly server: ServerInput; readonly card: CardInput; readonly product: ProductFacts }
  /** Public keys that were agreed on beforehand: SPKI, and certificates, DER in hex. */
  readonly known: { readonly issuer: string; readonly server: string; readonly authority: string; readonly agent: string }
  /** Test keys, hex: what the enclaves held. No secret to anybody. */
  readonly testSecrets: readonly { readonly holder: string; readonly name: string; readonly hex: string }[]
  readonly messages: readonly SpokenLine[]
}

/** One file. */
export interface SkiConversationFile {
  readonly schema: string
  readonly spec: string
  readonly title: string
  readonly notes: readonly string[]
  readonly profile: SkiProfileName
  readonly numberOfTests: number
  readonly tests: readonly SkiConversation[]
}

/** What happens to messages on a wire; `types` are those that were not said by whom they seem to come from. */
interface Attack {
  readonly types: readonly string[]
  readonly on: (envelope: Envelope) => readonly Envelope[]
}

const key = (way: RunWanted['way'], secret: RunWanted['secret']): RunWanted => ({ way, secret, ...(way === 'session' && { padding: 'oaep-sha256' }) })

/** What an attack may need of the world that it happens in. */
interface Battlefield {
  readonly crypto: Crypto
  /** Tells a secret of the attacker's to the file. */
  readonly tell: (name: string, bytes: Uint8Array) => void
}

interface Planned extends Pick<SkiConversation, 'id' | 'requirement' | 'comment'> {
  readonly run: RunWanted
  readonly attack?: (field: Battlefield) => Maybe<Attack>
  /** Where only one profile has what is attacked. */
  readonly only?: SkiProfileName
}

/** The files: what each of them shows. */
const FILES: Readonly<Record<string, readonly Planned[]>> = {
  session: [{ id: 'session_ec_p256', requirement: 'SKI-168', comment: 'the 31 steps: S1 under K1, an EC key pair', run: key('session', 'ec-P-256') }],
  'session-rsa': [{ id: 'session_rsa_2048', requirement: 'SKI-86', comment: 'the 31 steps with an RSA key pair', run: key('session', 'rsa-2048') }],
  agreement: [{ id: 'agreement_ec_p256', requirement: 'SKI-40', comment: 'Diffie-Hellman between server and card', run: key('agreement', 'ec-P-256') }],
  'shared-key': [
    { id: 'shared_ec_p256', requirement: 'SKI-77', comment: 'under the key that card and server share', run: key('shared', 'ec-P-256') },
    { id: 'derived_ec_p256', requirement: 'SKI-40', comment: 'under a key that is derived from the shared one', run: key('derived', 'ec-P-256') },
  ],
  pin: [
    {
      id: 'pin_change',
      requirement: 'SKI-281',
      comment: 'a new PIN of the holder’s, set with the one that unblocks it, and the card’s enciphered response',
      run: { way: 'derived', secret: 'pin', pinFunction: 'Change Authenticator' },
    },
    {
      id: 'pin_authenticate',
      requirement: 'SKI-280',
      comment: 'a PIN is presented from afar',
      run: { way: 'derived', secret: 'pin', pinFunction: 'Authenticate' },
    },
  ],
  hostile: [
    {
      id: 'k1_substituted',
      requirement: 'SKI-43',
      comment: 'the host shows the server a key of its own and passes S1 on',
      run: key('session', 'ec-P-256'),
      attack: substituteK1,
    },
    {
      id: 'other_card',
      requirement: 'SKI-47',
      comment: 'a genuine card, but another one than was enrolled for this requester',
      run: { ...key('agreement', 'ec-P-256'), enrolment: { cardId: toBase64url(new Uint8Array(16).fill(0x11)) } },
    },
  ],
  dropped: [
    {
      id: 'receipt_dropped',
      requirement: 'SKI-250',
      comment: 'the host keeps the card’s receipt at step 21 to itself',
      only: 'hardened',
      run: key('session', 'ec-P-256'),
      attack: () => ({ types: ['client.established'], on: changed('client.established', { receipt: null }) }),
    },
    {
      id: 'injection_dropped',
      requirement: 'SKI-250',
      comment: 'the host drops step 27 and says at 30 that all went well',
      run: key('derived', 'ec-P-256'),
      attack: () => ({ types: ['CardProcessEncryptedData', 'minidriver.returned'], on: pretendInjection }),
    },
  ],
}

/** The files of one profile, by their last name. */
export const SKI_CONVERSATION_FILES = Object.keys(FILES)

const changed =
  (type: string, members: object) =>
  (envelope: Envelope): readonly Envelope[] => [envelope.message.type === type ? { ...envelope, message: { ...envelope.message, ...members } } : envelope]

/** The call that hands the sealed data over never arrives, and what comes back is made up. */
function pretendInjection(envelope: Envelope): readonly Envelope[] {
  const { message, from, to, port } = envelope
  if (message.type !== 'CardProcessEncryptedData') return [envelope]
  const nothing = { data: null, handle: null, blobs: null, spki: null, plain: null, length: null }
  const { call } = message as typeof message & { readonly call: number }
  return [{ from: to, to: from, port, message: { type: 'minidriver.returned', call, function: message.type, status: 0, ...nothing } as never }]
}

/** Between the two: S1 comes under his key and goes on under the card's. */
async function substituteK1({ crypto, tell }: Battlefield): Promise<Attack> {
  const own = await crypto.generateRsa(2048)
  for (const part of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const) tell(`key: ${part}`, own[part])
  const ownSpki = encodeSpki({ type: 'RSA', n: own.n, e: own.e })
  let real: Uint8Array = new Uint8Array()
  const on = (envelope: Envelope): readonly Envelope[] => {
    const message = envelope.message as Envelope['message'] & { readonly spki?: string; readonly evidence?: string | null; readonly input?: string }
    if (message.type === 'client.offer') {
      real = bytes(message.spki)
      const evidence = message.evidence ? toBase64url(replaced(bytes(message.evidence), real, ownSpki)) : null
      return [{ ...envelope, message: { ...message, spki: toBase64url(ownSpki), evidence } as never }]
    }
    if (message.type === 'server.sessionKey')
      return [{ ...envelope, message: { ...message, input: toBase64url(rewrap(crypto, own, real, bytes(message.input))) } as never }]
    return [envelope]
  }
  return { types: ['client.offer', 'server.sessionKey'], on }
}

function rewrap(crypto: Crypto, own: RsaPrivateKey, to: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const oaep = { hash: 'SHA-256', mgf1: 'SHA-256' } as const
  const k1 = decodeSpki(to)
  const s1 = now(crypto.oaepDecrypt(own, wrapped, oaep))
  if (!k1.ok || !s1.ok || k1.value.type !== 'RSA') throw new Error('the attacker cannot open S1')
  return now(crypto.oaepEncrypt(k1.value, s1.value, oaep))
}

/** What the pure provider answers at once. */
function now<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('a provider that answers at once is wanted')
  return value
}

function replaced(whole: Uint8Array, part: Uint8Array, by: Uint8Array): Uint8Array {
  const at = Buffer.from(whole).indexOf(part)
  if (at < 0 || part.length !== by.length) throw new Error('the evidence does not hold the key')
  const copy = whole.slice()
  copy.set(by, at)
  return copy
}

function bytes(text: string | null | undefined): Uint8Array {
  const read = fromBase64url(text ?? '')
  if (!read.ok) throw new TypeError('base64url is wanted')
  return read.value
}

const CARD = {
  product: DEMONSTRATION_PRODUCT.product,
  version: DEMONSTRATION_PRODUCT.version,
  mask: DEMONSTRATION_PRODUCT.support,
  ways: WAYS,
  algorithms: DEMONSTRATION_PRODUCT.algorithms,
  paddings: CARD_PADDING.CARD_PADDING_PKCS1 | CARD_PADDING.CARD_PADDING_OAEP,
} as const satisfies Omit<CardInput, 'cardId'>

async function conversation(profile: SkiProfileName, { attack: planned, run, ...scene }: Planned): Promise<SkiConversation> {
  const secrets: { holder: string; name: string; hex: string }[] = []
  const note = (holder: string, name: string, value: Uint8Array) => {
    const hex = toHex(value)
    if (!secrets.some((one) => one.hex === hex)) secrets.push({ holder, name, hex })
  }
  // What follows from the others by the formats is left out.
  const witness = ({ enclave, name, bytes: value }: WitnessedSecret) => (TOLD.test(name) ? note(enclave, name, value) : undefined)
  const crypto: Crypto = pure(seeded(`keyferry vectors ski ${profile} ${scene.id}`))
  const signingKey = await crypto.generateEc('P-256')
  const { type, curve, x, y } = signingKey
  const lines: Line[] = []
  let attack: Attack | null = null
  const world = await skiWorld({
    crypto,
    policy: SKI_PROFILES[profile],
    watched: false,
    card: CARD,
    cardEnclave: { witness, serverKey: { type, curve, x, y } },
    serverEnclave: { witness, signingKey },
    onLine: (line) => void lines.push(line),
    network: (envelope) => attack?.on(envelope) ?? [envelope],
  })
  attack = (await planned?.({ crypto, tell: (name, value) => note('attacker', name, value) })) ?? null
  for (const part of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const) note('recovery agent', `key: ${part}`, world.agent.key[part])
  const request = world.request(run)
  const report = await world.injections.inject(request)
  const { id: cardId } = world.cards['card']!
  const known = {
    issuer: toHex(encodeSpki(world.issuer.publicKey)),
    server: toHex(encodeSpki({ type, curve, x, y })),
    authority: toHex(world.caCertificate),
    agent: toHex(world.agent.certificate),
  }
  const spoken = lines.map(({ number, from, to, port, message, carried }) => ({
    number,
    from,
    to,
    port,
    message,
    ...(carried === undefined ? {} : { carried }),
  }))
  world.dispose()
  return {
    ...scene,
    ...endOf(report),
    tampered: attack?.types ?? [],
    roles: { client: request.client, server: request.server, card: { cardId, ...CARD }, product: DEMONSTRATION_PRODUCT },
    known,
    testSecrets: secrets,
    messages: spoken,
  }
}

/** The secrets that are told: keys and PINs as they were made, and the key of the session. */
const TOLD = /^(K1 |K2 (rsa|ec)|S1$|server DH key|card key|PIN (as|\d))/

function endOf({ client, server }: InjectionReport): Pick<SkiConversation, 'result' | 'expect'> {
  const end = (outcome: { readonly ok: boolean; readonly fault?: { readonly code: string } } | null) =>
    outcome === null ? 'did not end' : (outcome.fault?.code ?? 'ok')
  const expect = { client: end(client), server: end(server) }
  return { result: expect.client === 'ok' && expect.server === 'ok' ? 'valid' : 'invalid', expect }
}

/** Makes one file. The same bytes each time. */
export async function skiConversationFile(profile: SkiProfileName, name: string): Promise<SkiConversationFile> {
  const tests: SkiConversation[] = []
  for (const { only = profile, ...scene } of FILES[name] ?? []) if (only === profile) tests.push(await conversation(profile, scene))
  return {
    schema: 'conversation.schema.json',
    spec: 'spec/ski.md',
    title: `Complete SKI conversations, profile ${profile}: ${name}`,
    notes: [
      'Every message of a run, in order. port: wire (everybody can read it, the calls of the client included), local (inside the server), console (PIN pad), enclave (a role and its enclave).',
      'carried: the APDUs that a message between minidriver and card travelled as, hex, command and response by turns. Other bytes are base64url without padding.',
      'tampered: types of messages that the attacker changed or made; the file has them as they arrived.',
      'testSecrets: what the enclaves, the recovery agent and an attacker held, so that everything can be opened by other means. Test keys.',
    ],
    profile,
    numberOfTests: tests.length,
    tests,
  }
}

/** The text of a file: an object to a line where a person would not look into it. */
export function skiConversationText({ tests, ...head }: SkiConversationFile): string {
  const list = (items: readonly unknown[]) => (items.length === 0 ? '[]' : `[\n${items.map((item) => `        ${JSON.stringify(item)}`).join(',\n')}\n      ]`)
  const test = (one: SkiConversation) =>
    `    {\n${Object.entries(one)
      .map(
        ([name, value]) => `      ${JSON.stringify(name)}: ${name === 'messages' || name === 'testSecrets' ? list(value as unknown[]) : JSON.stringify(value)}`,
      )
      .join(',\n')}\n    }`
  const members = Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return `{\n${[...members, `  "tests": [\n${tests.map(test).join(',\n')}\n  ]`].join(',\n')}\n}\n`
}

/** The file's name in `vectors/ski`. */
export const skiConversationFileName = (profile: SkiProfileName, name: string): string => `conversation-${profile}-${name}.json`

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const profile of ['hardened', 'published'] as const)
    for (const name of SKI_CONVERSATION_FILES) {
      const path = join(resolve(import.meta.dirname, '..', '..'), 'vectors', 'ski', skiConversationFileName(profile, name))
      writeFileSync(path, skiConversationText(await skiConversationFile(profile, name)))
    }
