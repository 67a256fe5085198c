/**
 * The enclave of a server: the rules over real bytes, on any crypto provider. The server application and its no-card
 * minidriver share it, so that what the published calls take in plaintext never leaves it (SKI-220).
 *
 * It is a process on a general computer: it stands for an HSM, it does not replace one (see SECURITY.md).
 *
 * Requirements: SKI-1, SKI-2, SKI-7, SKI-210, SKI-218 to SKI-225.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import { checkPrivateKey, checkPublicKey } from '../../crypto/key-check.js'
import { copyKey } from '../../crypto/key-parts.js'
import type { EcPrivateKey, EcPublicKey, TargetKey } from '../../crypto/keys.js'
import { secretParts, type Witness } from '../../enclave/witness.js'
import type { Maybe } from '../../verdict.js'
import type { Pki } from '../pki.js'
import type { ServerProof } from '../policy.js'
import { offersAlgorithm } from '../sealed/index.js'
import type { ServerAnswer, ServerCommand, SkiEnclave, SkiHandle } from './commands.js'
import { Engine, secretBytes, teller } from './engine.js'
import { serverRules, type ServerTypes } from './server-permit.js'
import type { ServerRuleName } from './server-rules.js'
import { emptyServer, putObject, type ContextText, type ServerObject, type ServerPolicy, type ServerSessionRecord } from './server-state.js'
import { SESSION_ALGORITHMS, isId } from './server-terms.js'
import { serverWork } from './server-work.js'

/** What a server's enclave is built from. Keys are copied. */
export interface SoftwareServerOptions {
  readonly crypto: Crypto
  readonly policy: ServerPolicy
  /** P-256 public keys of card issuers, installed over another way than the cards; without them no card is attested. */
  readonly issuers?: readonly EcPublicKey[]
  /** The master key of the keys that cards share with the server, 32 bytes; without it the ways `shared` and `derived` are refused. */
  readonly masterKey?: Uint8Array
  /** The P-256 key that proves the server to cards and signs nothing else. */
  readonly signingKey?: EcPrivateKey
  /** Builds and reads X.509, PKCS#10 and CMS; without it there are no requests and no archive. */
  readonly pki?: Pki
  /** Allows {@link SoftwareServer.deposit}: plaintext arguments from a script, for comparisons and tests. Off unless given. */
  readonly takesDeposits?: boolean
  /** What the witness calls it; `server` unless given. */
  readonly name?: string
  /** Is told every secret. For tests and demonstrations only; off unless given. */
  readonly witness?: Witness
  /** Rules to switch off, for tests that show that a rule is needed. */
  readonly without?: readonly ServerRuleName[]
}

/** What a host hands in: the argument of `MDImportSessionKey`, or of `MDEncryptData`. */
export type Deposit =
  | {
      readonly kind: 'keyBlob'
      /** The session that the key is for, base64url of 16 bytes each; the bound format needs it. */
      readonly context?: ContextText
    }
  | {
      readonly kind: 'structure'
      /** Whether the bound format says that the container may be overwritten; not unless given. */
      readonly overwrite?: boolean
    }

/** The public side of a server's enclave. */
export interface ServerDescription {
  readonly objects: readonly ServerObject[]
  readonly sessions: readonly ServerSessionRecord[]
}

/** A server's enclave in this process, with what only its host may do. */
export interface SoftwareServer extends SkiEnclave<ServerCommand, ServerAnswer> {
  /** The public records of all live objects and sessions. */
  describe(): ServerDescription
  /**
   * Takes the plaintext argument of a published call, copied. Not a command: no port carries it. Any call is a `TypeError`
   * unless the enclave was built with `takesDeposits`. What was not made here is sealed under keys that were not made here
   * either, and never counts as a key of a card that was judged.
   */
  deposit(conversation: string, bytes: Uint8Array, what: Deposit): SkiHandle
  /** Takes a PIN that an administrator entered at the server, copied. Not a command either; 1 to 127 bytes. */
  holdPin(conversation: string, bytes: Uint8Array): SkiHandle
  /** Wipes all secrets, ends all work, and refuses every command from then on. */
  dispose(): void
}

/**
 * Builds a server's enclave. Options of the wrong type or size are a `TypeError`.
 *
 * @example
 * const server = softwareServer({ crypto: pure(random), policy: SKI_PROFILES.hardened, issuers, signingKey })
 * await server.perform('c1', { type: 'beginSession' })
 */
export function softwareServer(options: SoftwareServerOptions): SoftwareServer {
  const { crypto, policy, pki, issuers = [], masterKey, signingKey, takesDeposits = false, name = 'server', without = [] } = options
  for (const issuer of issuers) requireP256(checkPublicKey(issuer).ok, issuer, 'issuers')
  if (signingKey) requireP256(checkPrivateKey(signingKey).ok, signingKey, 'signingKey')
  if (masterKey) requireBytes(masterKey, 'masterKey', MASTER_KEY_BYTES)
  const { sealedData, receipts, archive, tripleDes } = policy
  if (receipts && sealedData !== 'bound') throw new TypeError('policy: receipts exist in the bound format only')
  const allowed = SESSION_ALGORITHMS.filter((algorithm) => offersAlgorithm(crypto, algorithm) && (tripleDes || !algorithm.startsWith('3DES')))
  const proofs: ServerProof[] = [...(signingKey ? ['signature' as const] : []), ...(masterKey ? ['sharedKey' as const] : []), 'none']
  const settings = {
    ...{ sealedData, receipts, archive, algorithms: allowed, proofs },
    ...{ sharesKeys: masterKey !== undefined, documents: pki !== undefined, without: [...without].sort() },
  }

  const tell = teller(options.witness, name)
  const own: (readonly [name: string, key: TargetKey])[] = []
  const tools = {
    issuers: issuers.map(copyKey),
    masterKey: masterKey ? Uint8Array.from(masterKey) : null,
    signingKey: signingKey ? copyKey(signingKey) : null,
    pki: pki ?? null,
  }
  if (tools.masterKey) own.push(['master key', secretBytes(tools.masterKey)])
  if (tools.signingKey) own.push(['server signing key', tools.signingKey])
  for (const [ofWhat, key] of own) for (const [part, bytes] of secretParts(key)) tell(`${ofWhat}: ${part}`, bytes)
  const engine = new Engine<ServerTypes>({
    crypto,
    rules: serverRules,
    work: serverWork(tools),
    state: emptyServer(settings),
    tell,
    own: own.map(([, key]) => key),
  })
  return new Server(engine, takesDeposits)
}

class Server implements SoftwareServer {
  readonly #engine: Engine<ServerTypes>
  readonly #takesDeposits: boolean

  constructor(engine: Engine<ServerTypes>, takesDeposits: boolean) {
    this.#engine = engine
    this.#takesDeposits = takesDeposits
  }

  perform(conversation: string, command: ServerCommand): Maybe<ServerAnswer | null> {
    return this.#engine.perform(conversation, command)
  }

  describe(): ServerDescription {
    const { objects, sessions } = this.#engine.state
    return { objects: [...objects], sessions: [...sessions] }
  }

  deposit(conversation: string, bytes: Uint8Array, what: Deposit): SkiHandle {
    if (!this.#takesDeposits) throw new TypeError('deposit: this enclave takes no arguments from outside')
    if (what.kind === 'structure') {
      const mayOverwrite = what.overwrite ?? false
      const structure = { type: 'structure', terms: null, mayOverwrite, key: null, fingerprint: null, archived: false, used: false } as const
      return this.#take(conversation, bytes, 'structure as deposited', (given) => ({ ...structure, ...given }))
    }
    const context = what.context ? contextOf(what.context) : null
    const keyBlob = { type: 'keyBlob', card: null, algorithm: null, context, used: false } as const
    return this.#take(conversation, bytes, 'key blob as deposited', (given) => ({ ...keyBlob, ...given }))
  }

  holdPin(conversation: string, bytes: Uint8Array): SkiHandle {
    requireBytes(bytes, 'bytes')
    if (bytes.length < 1 || bytes.length > PIN_LIMIT) throw new TypeError(`bytes: a PIN of 1 to ${PIN_LIMIT} bytes is wanted`)
    return this.#take(conversation, bytes, 'PIN as entered', (given) => ({ type: 'pin', origin: 'held', ...given }))
  }

  dispose(): void {
    this.#engine.dispose()
  }

  #take(conversation: string, bytes: Uint8Array, name: string, record: (given: { handle: SkiHandle; owner: string }) => ServerObject): SkiHandle {
    if (typeof conversation !== 'string') throw new TypeError('conversation: a text is wanted')
    requireBytes(bytes, 'bytes')
    if (bytes.length > DEPOSIT_LIMIT) throw new TypeError(`bytes: at most ${DEPOSIT_LIMIT} are wanted`)
    const handle = this.#engine.newHandle()
    this.#engine.install(putObject(this.#engine.state, record({ handle, owner: conversation })), [[handle, name, secretBytes(Uint8Array.from(bytes))]])
    return handle
  }
}

/** Any structure of ours is shorter, and no ciphertext of it is longer than the formats take. */
const DEPOSIT_LIMIT = 8192
const PIN_LIMIT = 127
const MASTER_KEY_BYTES = 32

function contextOf({ session, serverNonce, cardNonce, cardId }: ContextText): ContextText {
  const context = { session, serverNonce, cardNonce, cardId }
  for (const [name, id] of Object.entries(context))
    if (typeof id !== 'string' || !isId(id)) throw new TypeError(`context.${name}: 16 bytes as base64url are wanted`)
  return context
}

function requireP256(valid: boolean, key: EcPublicKey, name: string): void {
  if (!valid || key.type !== 'EC' || key.curve !== 'P-256') throw new TypeError(`${name}: P-256 keys are wanted`)
}
