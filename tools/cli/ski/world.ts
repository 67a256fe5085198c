/**
 * A whole SKI world in this process: a card issuer, a card that was personalised, a server with its enclave, a CA with a
 * recovery agent, and a ledger that is told every secret. For demonstrations and tests: the secrets are made for it.
 * @module
 */
import { fromBase64url, toBase64url } from '../../../src/bytes/base64.js'
import { equalBytes } from '../../../src/bytes/bytes.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { spkiFingerprint } from '../../../src/crypto/fingerprint.js'
import type { RsaPrivateKey } from '../../../src/crypto/keys.js'
import { decodeSpki } from '../../../src/crypto/spki.js'
import type { Maybe } from '../../../src/verdict.js'
import type { Witness } from '../../../src/enclave/witness.js'
import { softwareAuthority, type SoftwareAuthority } from '../../../src/ski/enclave/authority.js'
import { softwareCard, type SoftwareCard, type SoftwareCardOptions } from '../../../src/ski/enclave/card.js'
import type { CardAnswer, SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from '../../../src/ski/enclave/commands.js'
import { cardIssuer, personalise, type CardIssuer } from '../../../src/ski/enclave/issuer.js'
import { softwareServer, type SoftwareServer, type SoftwareServerOptions } from '../../../src/ski/enclave/server.js'
import { CARD_PADDING, KEY_SPEC, PIN_CHANGE } from '../../../src/ski/constants/index.js'
import type { ProductFacts } from '../../../src/ski/minidriver/view.js'
import type { SkiPolicy, Way } from '../../../src/ski/policy.js'
import { READINGS } from '../../../src/ski/readings.js'
import type { ClientInput } from '../../../machines/ski/client-plan.js'
import { Injections, serverConversation, type CardInReader, type InjectionRequest, type InjectionsOptions } from '../../../machines/ski/injections.js'
import type { Enrolment, Injection, ServerInput } from '../../../machines/ski/server-plan.js'
import { Ledger } from '../../../machines/ledger.js'
import { pkijsPki } from '../../pki/index.js'

/** What can be injected, by the names of the command line. */
export type SecretName = SkiKeyKind | 'pin'

/** Every secret, in the order of the help text. */
export const SECRETS: readonly SecretName[] = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521', 'pin']

/** Every way, the page's own first. */
export const WAYS: readonly Way[] = ['session', 'agreement', 'shared', 'derived']

/** Every padding of a wrapped session key. */
export const PADDINGS: readonly WrapPadding[] = ['oaep-sha256', 'oaep-sha384', 'oaep-sha512', 'oaep-sha1', 'pkcs1']

const ALGORITHMS: readonly SessionAlgorithm[] = ['AES-256', 'AES-128', 'AES-192']
const PRODUCT = 'Keyferry Demonstration Minidriver'
const VERSION = 7
/** The requester of the demonstration. */
export const SUBJECT = 'CN=Test User,O=Keyferry'
const TEMPLATE = 'user-with-recovery'
/** What the reader says of the card: an ISO 7816-3 answer to reset without historical bytes. */
const ATR = 'OwA'
/** The holder's PIN, and the one that unblocks it. */
export const USER_PIN = 1
const ADMIN_PIN = 2
/** How the ledger calls a holder's PIN, whatever else it is called. */
export const HOLDERS_PIN = 'holder’s PIN'

/** How a world is built. */
export interface SkiWorldOptions extends Partial<Pick<InjectionsOptions, 'network' | 'onLine' | 'serialised' | 'inspect' | 'snapshots' | 'serverProducts'>> {
  readonly crypto: Crypto
  readonly policy: SkiPolicy
  /** Whether a ledger is told every secret; told unless given. */
  readonly watched?: boolean
  /** How many cards, named `card`, `card 2`, …; one unless given. */
  readonly cards?: number
  /** What a card claims and does, where it is not everything. */
  readonly card?: Partial<CardInReader['input']>
  /** More of a card's enclave: rules switched off, PINs. */
  readonly cardEnclave?: Partial<SoftwareCardOptions>
  readonly serverEnclave?: Partial<SoftwareServerOptions>
  /** Something between role and enclave: bad tokens, slow ones. */
  readonly between?: <Enclave>(enclave: Enclave, of: string) => Enclave
}

/** What is asked of a run. */
export interface RunWanted {
  readonly way: Way
  readonly secret: SecretName
  readonly padding?: WrapPadding
  readonly card?: string
  readonly name?: string
  readonly channel?: number
  /** The kind of the card's DH key. */
  readonly dhKind?: SkiKeyKind
  readonly k1Kind?: SkiKeyKind
  readonly pinFunction?: 'Authenticate' | 'Change Authenticator'
  /** The holder's PIN before K1 is made: at the PIN pad, or typed at the client, which is outside the promise. */
  readonly holder?: 'pad' | 'typed' | null
  readonly client?: Partial<ClientInput>
  readonly server?: Partial<ServerInput>
  readonly enrolment?: Partial<Enrolment>
  /** A K1 that lies on the card already. */
  readonly enrolled?: EnrolledK1
}

/** A card of the world, with what only its maker knows. */
export interface WorldCard {
  readonly id: string
  readonly enclave: SoftwareCard
  /** Test PINs: they are made for this world and guard nothing. */
  readonly pins: Readonly<Record<number, Uint8Array>>
}

/** See the module text. */
export interface SkiWorld {
  readonly injections: Injections
  /** What the injections were built from: to build them again, around the same enclaves, after a restart. */
  readonly settings: InjectionsOptions
  readonly ledger: Ledger
  readonly cards: Readonly<Record<string, WorldCard>>
  readonly server: SoftwareServer
  readonly authority: SoftwareAuthority
  readonly issuer: CardIssuer
  /** The recovery agent's certificate (DER), and its key, which opens the archive. */
  readonly agent: { readonly certificate: Uint8Array; readonly key: RsaPrivateKey }
  readonly caCertificate: Uint8Array
  /** What the roles of a run are given. */
  request(wanted: RunWanted): InjectionRequest
  /**
   * What a card goes through before it is given out, where K1 is to be pinned (SKI-45): the holder enters the PIN, K1 is made
   * and stays, and its fingerprint is written down for the server. At the issuer's desk: no client has a part in it.
   */
  enrol(card: string, kind?: SkiKeyKind): Promise<EnrolledK1>
  /** Stops the roles and wipes every enclave. */
  dispose(): void
}

/** A K1 that was enrolled. */
export interface EnrolledK1 {
  readonly container: number
  /** `spki-sha256:` and 64 hex digits. */
  readonly fingerprint: string
}

/** Builds a world. */
export async function skiWorld(options: SkiWorldOptions): Promise<SkiWorld> {
  const { crypto, policy, watched = true, cards: count = 1, between = (enclave) => enclave } = options
  const ledger = new Ledger()
  // By its bytes, so that whatever enclave tells of it, the ledger knows whose it is.
  const holdersPins: Uint8Array[] = []
  const tell: Witness = (secret) =>
    ledger.witness(holdersPins.some((pin) => equalBytes(pin, secret.bytes)) ? { ...secret, name: `${HOLDERS_PIN} (${secret.name})` } : secret)
  const witness = watched ? { witness: tell } : {}
  const pki = pkijsPki()
  const issuer = cardIssuer({ crypto, signingKey: await crypto.generateEc('P-256') })
  const serverKey = await crypto.generateEc('P-256')
  const masterKey = crypto.random(32)
  const { type, curve, x, y } = serverKey
  const server = softwareServer({ crypto, policy, pki, issuers: [issuer.publicKey], masterKey, signingKey: serverKey, ...witness, ...options.serverEnclave })
  const authority = softwareAuthority({
    crypto,
    pki,
    signingKey: await crypto.generateEc('P-256'),
    subject: 'CN=Test CA,O=Keyferry',
    validity: VALIDITY,
    ...witness,
  })
  const agentKey = await crypto.generateRsa(2048)
  const caCertificate = await authority.certificate()
  const agent = {
    key: agentKey,
    certificate: await authority.certifyAgent('CN=Test Recovery Agent,O=Keyferry', { type: 'RSA', n: agentKey.n, e: agentKey.e }),
  }

  const cards: Record<string, WorldCard> = {}
  const inReaders: Record<string, CardInReader> = {}
  for (let index = 0; index < count; index++) {
    const name = index === 0 ? 'card' : `card${index + 1}`
    const pins: Readonly<Record<number, Uint8Array>> = { [USER_PIN]: testPin(crypto), [ADMIN_PIN]: testPin(crypto) }
    holdersPins.push(pins[USER_PIN]!)
    const personal = await personalise({
      crypto,
      policy,
      issuer,
      masterKey,
      serverKey: { type, curve, x, y },
      pins: [
        { id: USER_PIN, value: pins[USER_PIN]!, tries: 3 },
        { id: ADMIN_PIN, value: pins[ADMIN_PIN]!, tries: 5 },
      ],
      name,
      ...witness,
      ...options.cardEnclave,
    })
    const enclave = softwareCard(personal)
    const id = toBase64url(personal.cardId)
    cards[name] = { id, enclave, pins }
    inReaders[name] = {
      input: {
        cardId: id,
        product: PRODUCT,
        version: VERSION,
        mask: 0xe,
        ways: WAYS,
        algorithms: ALGORITHMS,
        paddings: CARD_PADDING.CARD_PADDING_PKCS1 | CARD_PADDING.CARD_PADDING_OAEP,
        ...options.card,
      },
      enclave: between(enclave, name),
      holder: (pinId) => (pins[pinId] ? enclave.enterPin(pins[pinId]) : null),
    }
  }

  const { network, onLine, serialised, inspect, snapshots, serverProducts } = options
  const settings: InjectionsOptions = {
    cards: inReaders,
    serverEnclave: between(server, 'server'),
    archivalRequired: policy.archive !== 'none',
    authorityEnclave: between(authority, 'authority'),
    product: DEMONSTRATION_PRODUCT,
    ...(watched && { ledger }),
    ...(network && { network }),
    ...(onLine && { onLine }),
    ...(serialised !== undefined && { serialised }),
    ...(inspect && { inspect }),
    ...(snapshots && { snapshots }),
    ...(serverProducts && { serverProducts }),
  }
  const injections = new Injections(settings)

  const request = (wanted: RunWanted): InjectionRequest => {
    const { way, secret, card = 'card', name = '', channel = 0, padding, dhKind = 'ec-P-256', k1Kind = 'rsa-2048', holder = 'pad' } = wanted
    const { id, pins } = cards[card]!
    const conversation = serverConversation(name)
    const hold = (pinId: number, value = pins[pinId]!): SkiHandle => server.holdPin(conversation, value)
    return {
      name,
      card,
      channel,
      client: {
        subject: SUBJECT,
        template: TEMPLATE,
        product: PRODUCT,
        version: VERSION,
        atr: ATR,
        containers: 16,
        pinId: USER_PIN,
        k1Kind,
        dhKind,
        holder: holder === null ? null : { pinId: USER_PIN, typed: holder === 'typed' ? toBase64url(pins[USER_PIN]!) : null },
        keepK1: policy.keepK1,
        ...(wanted.enrolled && { existingK1: wanted.enrolled.container }),
        ...wanted.client,
      },
      server: {
        policy,
        ways: [way],
        algorithms: ALGORITHMS,
        paddings: padding ? [padding] : PADDINGS,
        products: [{ product: PRODUCT, version: VERSION }],
        enrolments: [
          {
            subject: SUBJECT,
            template: TEMPLATE,
            cardId: id,
            k1: wanted.enrolled?.fingerprint ?? null,
            containers: Array.from({ length: 16 }, (_, index) => index),
            pinIds: secret === 'pin' ? [USER_PIN, ADMIN_PIN] : [USER_PIN],
            keySpecs: Object.values(KEY_SPECS),
            overwrite: false,
            ...wanted.enrolment,
          },
        ],
        injection:
          secret === 'pin' ? pinInjection(wanted.pinFunction ?? 'Change Authenticator', hold, testPin(crypto)) : keyInjection(secret, agent.certificate),
        pieces: READINGS.blobs,
        ...wanted.server,
      },
    }
  }
  const enrol = async (card: string, kind: SkiKeyKind = 'rsa-2048'): Promise<EnrolledK1> => {
    const { enclave, pins } = cards[card]!
    const at = { channel: 0, container: 0, pinId: USER_PIN } as const
    await told(enclave.perform(card, { type: 'verifyPin', ...at, pin: { entry: enclave.enterPin(pins[USER_PIN]!) } }), 'enclave.pinVerified')
    await told(enclave.perform(card, { type: 'makeK1', ...at, kind }), 'enclave.k1Made')
    const { spki } = await told(enclave.perform(card, { type: 'readKey', ...at, evidence: 'plain' }), 'enclave.keyRead')
    await told(enclave.perform(card, { type: 'deauthenticate', ...at }), 'enclave.deauthenticated')
    return { container: at.container, fingerprint: fingerprintOf(spki) }
  }
  const dispose = () => {
    injections.session.stop()
    for (const enclave of [server, authority, ...Object.values(cards).map((card) => card.enclave)]) enclave.dispose()
  }
  return { injections, settings, ledger, cards, server, authority, issuer, agent, caCertificate, request, enrol, dispose }
}

/** The answer of a card that does what it is told. */
async function told<Type extends CardAnswer['type']>(answer: Maybe<CardAnswer | null>, type: Type): Promise<Extract<CardAnswer, { type: Type }>> {
  const given = await answer
  if (given?.type === type) return given as Extract<CardAnswer, { type: Type }>
  throw new Error(`the card did not answer ${type}: ${given?.type === 'enclave.refused' ? given.fault.code : 'no answer'}`)
}

function fingerprintOf(spki: string): string {
  const der = fromBase64url(spki)
  const key = der.ok ? decodeSpki(der.value) : der
  if (!key.ok) throw new Error(`the card showed no key: ${key.fault.code}`)
  return `spki-sha256:${spkiFingerprint(key.value)}`
}

/** The product of the demonstration. */
export const DEMONSTRATION_PRODUCT: ProductFacts = {
  product: PRODUCT,
  version: VERSION,
  offersNoCard: true,
  support: 0xe,
  algorithms: ALGORITHMS,
  containers: 16,
}

/** From 2026 to 2036. */
const VALIDITY = { notBefore: 1_767_225_600, notAfter: 2_082_758_400 }

function keyInjection(kind: SkiKeyKind, agent: Uint8Array): Injection {
  return { what: 'keyPair', kind, keySpec: KEY_SPECS[kind], agents: [toBase64url(agent)] }
}

const KEY_SPECS: Readonly<Record<SkiKeyKind, number>> = {
  'rsa-2048': KEY_SPEC.AT_KEYEXCHANGE,
  'rsa-3072': KEY_SPEC.AT_KEYEXCHANGE,
  'rsa-4096': KEY_SPEC.AT_KEYEXCHANGE,
  'ec-P-256': KEY_SPEC.AT_ECDSA_P256,
  'ec-P-384': KEY_SPEC.AT_ECDSA_P384,
  'ec-P-521': KEY_SPEC.AT_ECDSA_P521,
}

function pinInjection(name: 'Authenticate' | 'Change Authenticator', hold: (pinId: number, value?: Uint8Array) => SkiHandle, next: Uint8Array): Injection {
  return name === 'Authenticate'
    ? { what: 'pin', subject: SUBJECT, function: name, flags: 0, pinId: USER_PIN, pin: hold(USER_PIN), target: null }
    : {
        what: 'pin',
        subject: SUBJECT,
        function: name,
        flags: PIN_CHANGE.PIN_CHANGE_FLAG_UNBLOCK,
        pinId: ADMIN_PIN,
        pin: hold(ADMIN_PIN),
        target: { pinId: USER_PIN, pin: hold(USER_PIN, next), tries: 3 },
      }
}

/** A test PIN: sixteen letters, long enough that a search finds it only where it really is. */
function testPin(crypto: Crypto): Uint8Array {
  return crypto.random(16).map((byte) => 0x61 + (byte % 26))
}
