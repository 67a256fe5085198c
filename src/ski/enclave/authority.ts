/**
 * The enclave of a CA: one key, which signs the CA's own certificate and certificates for keys whose owners have signed
 * their requests. It keeps nothing between two commands; the documents are built by a {@link Pki} that holds no key.
 *
 * A test CA: it asks for nothing but possession of the key. Who may have which name is decided by whoever hands it a
 * request, which in the machines is the server and nobody else (SKI-252).
 *
 * It is a process on a general computer: it stands for an HSM, it does not replace one (see SECURITY.md).
 *
 * Requirements: SKI-219, SKI-222, SKI-264.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import { requireBytes } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import { spkiFingerprint } from '../../crypto/fingerprint.js'
import { checkPrivateKey, checkPublicKey } from '../../crypto/key-check.js'
import { copyKey, publicPart } from '../../crypto/key-parts.js'
import type { PrivateKey, PublicKey } from '../../crypto/keys.js'
import { run, wait, type Steps } from '../../enclave/steps.js'
import { secretParts, type Witness } from '../../enclave/witness.js'
import { accept, refuse, type Maybe, type Verdict } from '../../verdict.js'
import type { CertificateContent, Pki } from '../pki.js'
import type { AuthorityAnswer, AuthorityCommand, SkiEnclave, SkiFault } from './commands.js'
import { Engine, teller, type EngineRules, type EngineTypes } from './engine.js'
import { readAuthorityCommand } from './read-server-command.js'
import { peerBytes } from './server-job.js'
import { signDocument } from './server-documents.js'
import { skiKindOf } from './server-terms.js'

/** What a CA's enclave is built from. */
export interface SoftwareAuthorityOptions {
  readonly crypto: Crypto
  readonly pki: Pki
  /** RSA, or EC on P-256, P-384 or P-521. Copied. Signs certificates and nothing else. */
  readonly signingKey: PrivateKey
  /** The CA's name, RFC 4514 text. */
  readonly subject: string
  /** Unix seconds: of the CA's own certificate, and of those that it issues. */
  readonly validity: { readonly notBefore: number; readonly notAfter: number }
  /** The CA's certificate, DER, where another CA has issued one; self-signed unless given. */
  readonly certificate?: Uint8Array
  /** What the witness calls it; `authority` unless given. */
  readonly name?: string
  /** Is told every secret. For tests and demonstrations only; off unless given. */
  readonly witness?: Witness
  /** Rules to switch off, for tests that show that a rule is needed. */
  readonly without?: readonly AuthorityRuleName[]
}

/** A CA's enclave in this process, with what only its host may do. */
export interface SoftwareAuthority extends SkiEnclave<AuthorityCommand, AuthorityAnswer> {
  /** The CA's own certificate, DER: as given, or self-signed at the first call. A name that is none is a `TypeError`. */
  certificate(): Maybe<Uint8Array>
  /** Signs a certificate for a recovery agent's key. Not a command: agents are the host's business. */
  certifyAgent(subject: string, key: PublicKey): Maybe<Uint8Array>
  /** Wipes the key, ends all work, and refuses every command from then on. */
  dispose(): void
}

/** Says why a request is not certified, or `null`. */
export interface AuthorityRefusal {
  readonly requirement: string
  /** The fault, or `null` where the certificate may be issued. */
  readonly refuses: (request: RequestFacts) => SkiFault | null
}

/** What is found out about a request. */
export interface RequestFacts {
  /** Its signature is good under the key in it. */
  readonly signed: boolean
  /** The key is of a kind that SKI carries, and its numbers are those of a key. */
  readonly sound: boolean
  /** The key is the CA's own. */
  readonly own: boolean
}

const invalid = (at: string, wanted: string): SkiFault => ({ code: 'certificate_request_invalid', at, wanted })

const keySound: AuthorityRefusal = { requirement: 'SKI-264', refuses: ({ sound }) => (sound ? null : invalid('key', 'a key that SKI carries')) }
const keyPossessed: AuthorityRefusal = { requirement: 'SKI-264', refuses: ({ signed }) => (signed ? null : invalid('signature', 'a signature by the key')) }
// Whoever got a certificate for the CA's own key under another name could pass for the CA.
const keyNotOwn: AuthorityRefusal = { requirement: 'SKI-264', refuses: ({ own }) => (own ? invalid('key', 'a key of somebody else') : null) }

/** Every rule of a CA's enclave, by name. */
export const AUTHORITY_RULES = { keySound, keyPossessed, keyNotOwn } as const satisfies Readonly<Record<string, AuthorityRefusal>>

/** The name of a rule, as it is switched off in tests. */
export type AuthorityRuleName = keyof typeof AUTHORITY_RULES

/** Builds a CA's enclave. A key that is none, or a validity that is none, is a `TypeError`. */
export function softwareAuthority(options: SoftwareAuthorityOptions): SoftwareAuthority {
  const { crypto, pki, signingKey, subject, validity, certificate, name = 'authority', without = [] } = options
  if (skiKindOf(signingKey) === null || !checkPrivateKey(signingKey).ok) throw new TypeError('signingKey: a key of a kind that SKI carries is wanted')
  const { notBefore, notAfter } = validity
  if (!Number.isSafeInteger(notBefore) || !Number.isSafeInteger(notAfter) || notAfter < notBefore)
    throw new TypeError('validity: Unix seconds are wanted, in order')
  if (certificate !== undefined) requireBytes(certificate, 'certificate')
  const tell = teller(options.witness, name)
  const key = copyKey(signingKey)
  for (const [part, bytes] of secretParts(key)) tell(`CA key: ${part}`, bytes)
  const issuer: Issuer = { crypto, pki, key, subject, notBefore, notAfter, without: [...without].sort() }
  const engine = new Engine<AuthorityTypes>({
    crypto,
    rules: RULES,
    work: (_bench, permit) => issueFor(issuer, permit.request),
    state: EMPTY,
    tell,
    own: [key],
  })
  return new Authority(engine, issuer, certificate === undefined ? null : Uint8Array.from(certificate))
}

interface Issuer {
  readonly crypto: Crypto
  readonly pki: Pki
  readonly key: PrivateKey
  readonly subject: string
  readonly notBefore: number
  readonly notAfter: number
  readonly without: readonly AuthorityRuleName[]
}

class Authority implements SoftwareAuthority {
  readonly #engine: Engine<AuthorityTypes>
  readonly #issuer: Issuer
  #certificate: Uint8Array | null

  constructor(engine: Engine<AuthorityTypes>, issuer: Issuer, certificate: Uint8Array | null) {
    this.#engine = engine
    this.#issuer = issuer
    this.#certificate = certificate
  }

  perform(conversation: string, command: AuthorityCommand): Maybe<AuthorityAnswer | null> {
    return this.#engine.perform(conversation, command)
  }

  certificate(): Maybe<Uint8Array> {
    if (this.#certificate !== null) return this.#certificate.slice()
    const { subject, key } = this.#issuer
    return run(this.#certify({ subject, key: publicOf(key), use: 'authority' }, (made) => (this.#certificate ??= made).slice()))
  }

  certifyAgent(subject: string, key: PublicKey): Maybe<Uint8Array> {
    return run(this.#certify({ subject, key: copyKey(publicOf(key)), use: 'recovery' }, (made) => made))
  }

  dispose(): void {
    this.#engine.dispose()
  }

  *#certify(content: Pick<CertificateContent, 'subject' | 'key' | 'use'>, then: (made: Uint8Array) => Uint8Array): Steps<Uint8Array> {
    if (this.#engine.disposed) throw new TypeError('this enclave was disposed of')
    const made = yield* sign(this.#issuer, content)
    if (!made.ok) throw new TypeError(`${made.fault.at}: ${made.fault.found}`)
    return then(made.value)
  }
}

// The engine's part: nothing is kept, so the state is how often each conversation was closed while something of it was in flight.

interface AuthorityState {
  readonly epochs: Readonly<Record<string, number>>
}

interface AuthorityTypes extends EngineTypes {
  readonly state: AuthorityState
  readonly command: AuthorityCommand
  readonly permit: { readonly conversation: string; readonly epoch: number; readonly request: string }
  readonly facts: { readonly certificate: string; readonly fingerprint: string }
  readonly mark: never
  readonly answer: AuthorityAnswer
}

const EMPTY: AuthorityState = { epochs: {} }
const epochOf = ({ epochs }: AuthorityState, conversation: string): number => (Object.hasOwn(epochs, conversation) ? epochs[conversation]! : 0)

const RULES: EngineRules<AuthorityTypes> = {
  read: readAuthorityCommand,
  end: (state, conversation, { type }) =>
    type === 'close' ? { state: { epochs: { ...state.epochs, [conversation]: epochOf(state, conversation) + 1 } }, answer: null } : null,
  permit: (state, conversation, command) => {
    if (command.type === 'close') throw new TypeError('a command that is worked on is wanted')
    return accept({ conversation, epoch: epochOf(state, conversation), request: command.request })
  },
  note: () => {
    throw new TypeError('a CA writes nothing down before a command is done')
  },
  commit: (state, permit, { certificate, fingerprint }) => {
    if (RULES.isOver(state, permit)) return { state, answer: { type: 'enclave.refused', fault: { code: 'conversation_closed', requirement: 'SKI-18' } } }
    return { state, answer: { type: 'enclave.certificateIssued', certificate, fingerprint } }
  },
  isOver: (state, { conversation, epoch }) => epochOf(state, conversation) !== epoch,
  settle: (state, conversation, busy) =>
    busy.includes(conversation) ? state : { epochs: Object.fromEntries(Object.entries(state.epochs).filter(([name]) => name !== conversation)) },
  holds: () => false,
  empty: () => EMPTY,
  accident: () => ({ code: 'enclave_failed' }),
}

function* issueFor(issuer: Issuer, text: string) {
  const { crypto, pki, key: own, without } = issuer
  const bytes = peerBytes(text)
  const read = bytes && (yield* wait(pki.readRequest(bytes)))
  if (!read?.ok)
    return refuse<SkiFault>({ code: 'certificate_request_invalid', at: 'request', requirement: 'SKI-264', ...(read ? { found: read.fault.code } : {}) })
  const { subject, key, toBeSigned, signature } = read.value
  const sound = skiKindOf(key) !== null && checkPublicKey(key).ok
  const signed =
    sound && (yield* wait(key.type === 'RSA' ? crypto.rsaVerify(key, 'SHA-256', toBeSigned, signature) : crypto.ecdsaVerify(key, toBeSigned, signature)))
  const fingerprint = spkiFingerprint(key)
  const facts: RequestFacts = { sound, signed: signed === true, own: fingerprint === spkiFingerprint(own) }
  for (const [name, { refuses, requirement }] of Object.entries(AUTHORITY_RULES) as [AuthorityRuleName, AuthorityRefusal][]) {
    const fault = without.includes(name) ? null : refuses(facts)
    if (fault) return refuse<SkiFault>({ ...fault, requirement })
  }
  const made = yield* sign(issuer, { subject, key: copyKey(publicOf(key)), use: 'user' })
  if (!made.ok) return made
  return accept({ facts: { certificate: toBase64url(made.value), fingerprint: `spki-sha256:${fingerprint}` }, keep: [] })
}

/** A certificate by this CA: a fresh serial number, and its signature. */
function* sign(
  { crypto, pki, key, subject, notBefore, notAfter }: Issuer,
  content: Pick<CertificateContent, 'subject' | 'key' | 'use'>,
): Steps<Verdict<Uint8Array, SkiFault>> {
  const drawn = crypto.random(SERIAL_BYTES)
  requireBytes(drawn, 'random', SERIAL_BYTES)
  // Positive and never zero, whatever was drawn (RFC 5280 §4.1.2.2).
  const serial = Uint8Array.from(drawn, (byte, at) => (at === 0 ? (byte & 0x3f) | 0x40 : byte))
  const built = yield* wait(pki.certificate({ ...content, issuer: { subject, key: publicOf(key) }, serial, notBefore, notAfter }))
  if (!built.ok) return refuse({ code: 'certificate_request_invalid', at: 'subject', found: built.fault.code, requirement: 'SKI-264' })
  const { toBeSigned } = built.value
  requireBytes(toBeSigned, 'toBeSigned')
  const certificate = built.value.signed(yield* signDocument(crypto, key, toBeSigned.slice()))
  requireBytes(certificate, 'certificate')
  return accept(certificate)
}

/** The public numbers alone: nothing else is given to whoever builds documents. */
const publicOf = (key: PublicKey): PublicKey => copyKey(publicPart(key as Extract<PublicKey, { type: 'RSA' }>))

const SERIAL_BYTES = 16
