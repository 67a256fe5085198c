/**
 * A smart card in software: the rules of a card over real bytes, on any crypto provider.
 *
 * It is a process on a general computer: it stands for a card, it does not replace one (see SECURITY.md). What a loss of
 * power takes from it and what stays is told in `card-state.ts`; as long as the object lives, nothing from outside, an old
 * snapshot of a machine included, sets a counter or a mark back (SKI-216).
 *
 * In the published format a refusal says nothing, a wrong PIN included; but the counter of the PIN has gone down, and who
 * can read it (`63Cx` of a VERIFY, a PIN that is blocked in the end) sees that a try was made (SKI-217).
 *
 * Requirements: SKI-3, SKI-5, SKI-18, SKI-210 to SKI-222, SKI-247, SKI-283.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import { checkPrivateKey, checkPublicKey } from '../../crypto/key-check.js'
import { copyKey } from '../../crypto/key-parts.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import { secretParts, type Witness } from '../../enclave/witness.js'
import type { Maybe } from '../../verdict.js'
import type { SkiPolicy } from '../policy.js'
import { offersAlgorithm } from '../sealed/cipher.js'
import { ALGORITHMS, WRAP_PADDING_CODES } from '../sealed/codes.js'
import type { CardIdentity, CardTypes } from './card-bench.js'
import { commitCard, isCardOver, noteCard, permitCard, resetCard } from './card-permit.js'
import type { CardRuleName } from './card-rules.js'
import { SEALED } from './card-effects.js'
import { MOST_TRIES, PIN_BYTES } from './card-sealed.js'
import { emptyCard, holdsSecret, type CardState, type CardPin } from './card-state.js'
import { cardWork } from './card-work.js'
import type { CardAnswer, CardCommand, SessionAlgorithm, SkiEnclave, SkiHandle, WrapPadding } from './commands.js'
import { Engine, secretBytes, teller, type EngineRules, type Secret } from './engine.js'
import { readCardCommand } from './read-card-command.js'

/** A PIN as it is when the card is given to its holder. */
export interface InitialPin {
  /** `PIN_ID`: 1 (`ROLE_USER`) to 7. */
  readonly id: number
  /** Copied; the caller wipes his own. */
  readonly value: Uint8Array
  /** How many wrong tries block it, 1 to 15. */
  readonly tries: number
  /** The PIN that unblocks it; 2 (`ROLE_ADMIN`) unless given. */
  readonly unblockedBy?: number
  /** Entered at the PIN pad and nowhere else; off unless given (SKI-286). */
  readonly external?: boolean
}

/** What a card is built from. Keys are copied. */
export interface SoftwareCardOptions {
  readonly crypto: Crypto
  /** 16 bytes. */
  readonly cardId: Uint8Array
  /** How many containers it has, at most 255; 16 unless given. */
  readonly containers?: number
  readonly pins?: readonly InitialPin[]
  /** The card's own P-256 key, which states what its keys are and signs nothing else, and the issuer's signature on it (64 bytes). */
  readonly attestation?: { readonly key: EcPrivateKey; readonly endorsement: Uint8Array }
  /** K_C, the key that this card shares with the server, 32 bytes. */
  readonly sharedKey?: Uint8Array
  /** The server's P-256 key, for the policy `signature`. */
  readonly serverKey?: EcPublicKey
  readonly policy: Pick<SkiPolicy, 'serverProof' | 'sealedData' | 'receipts' | 'tripleDes'>
  /** Session-key algorithms; all that the provider has unless given. Triple DES needs the policy as well. */
  readonly algorithms?: readonly SessionAlgorithm[]
  /** RSA paddings of a wrapped session key; all unless given. */
  readonly paddings?: readonly WrapPadding[]
  /** Whether a key pair is installed only while the PIN that is to guard it is presented; off unless given. */
  readonly writeNeedsPin?: boolean
  /** What the witness calls it; `card` unless given. */
  readonly name?: string
  /** Is told every secret. For tests and demonstrations only; off unless given. */
  readonly witness?: Witness
  /** Rules to switch off, for tests that show that a rule is needed. */
  readonly without?: readonly CardRuleName[]
}

/** A card, with what only its host may do. */
export interface SoftwareCard extends SkiEnclave<CardCommand, CardAnswer> {
  /** Everything that is public about the card: containers, counters, live session keys. */
  describe(): CardState
  /**
   * What the PIN pad does: leaves a PIN here, for one `verifyPin`. Not a command: no port carries it. A PIN longer than 127
   * bytes is a `TypeError`, and so is any call after {@link SoftwareCard.dispose}.
   */
  enterPin(pin: Uint8Array): SkiHandle
  /** Wipes all secrets, ends all work, and refuses every command from then on. */
  dispose(): void
}

/**
 * Builds a card. Options that contradict each other are a `TypeError`.
 *
 * @example
 * const card = softwareCard({ crypto: pure(random), cardId, policy: SKI_PROFILES.published })
 * await card.perform('reader', { type: 'makeK1', channel: 0, container: 0, kind: 'rsa-2048', pinId: 0 })
 */
export function softwareCard(options: SoftwareCardOptions): SoftwareCard {
  const { crypto, name = 'card', pins = [] } = options
  const identity = identityOf(options)
  const state = emptyCard(settingsOf(options))
  requirePins(pins)
  const tell = teller(options.witness, name)
  const own: Secret[] = []
  if (identity.attestation) own.push(identity.attestation.key)
  if (identity.sharedKey) own.push(secretBytes(identity.sharedKey))
  for (const key of own)
    for (const [part, bytes] of secretParts(key)) tell(`${key.type === 'oct' ? 'shared key' : 'attestation key'} of the card: ${part}`, bytes)

  const engine = new Engine<CardTypes>({ crypto, rules: CARD_ENGINE_RULES, work: cardWork(identity), state, tell, own })
  const given = [...pins].sort((a, b) => a.id - b.id).map((pin) => ({ pin, handle: engine.newHandle() }))
  engine.install(
    { ...state, pins: given.map(({ pin, handle }) => pinRecord(pin, handle)) },
    given.map(({ pin, handle }) => [handle, `PIN ${pin.id}`, secretBytes(Uint8Array.from(pin.value))] as const),
  )
  return new Card(engine)
}

class Card implements SoftwareCard {
  readonly #engine: Engine<CardTypes>

  constructor(engine: Engine<CardTypes>) {
    this.#engine = engine
  }

  perform(conversation: string, command: CardCommand): Maybe<CardAnswer | null> {
    return this.#engine.perform(conversation, command)
  }

  describe(): CardState {
    return this.#engine.state
  }

  enterPin(pin: Uint8Array): SkiHandle {
    requireBytes(pin, 'pin')
    if (pin.length > PIN_BYTES.max) throw new TypeError(`pin: at most ${PIN_BYTES.max} bytes are wanted`)
    const entry = this.#engine.newHandle()
    const { state } = this.#engine
    this.#engine.install({ ...state, entries: [...state.entries, entry].sort() }, [[entry, 'PIN as entered', secretBytes(Uint8Array.from(pin))]])
    return entry
  }

  dispose(): void {
    this.#engine.dispose()
  }
}

const CARD_ENGINE_RULES: EngineRules<CardTypes> = {
  read: readCardCommand,
  // A card has one power supply for all that talk to it.
  end: (state, _conversation, { type }) => (type === 'close' ? { state: resetCard(state), answer: null } : null),
  permit: (state, conversation, command) => {
    if (command.type === 'close') throw new TypeError('a command that is worked on is wanted')
    return permitCard(state, conversation, command)
  },
  note: noteCard,
  commit: commitCard,
  isOver: isCardOver,
  settle: (state, _conversation, busy) => (busy.length === 0 && state.epoch !== 0 ? { ...state, epoch: 0 } : state),
  holds: holdsSecret,
  empty: (state) => emptyCard(state.settings),
  accident: ({ type }) => (type === 'processSealed' || type === 'importSessionKey' ? SEALED : { code: 'enclave_failed' }),
}

function identityOf({ cardId, attestation, sharedKey, serverKey, policy }: SoftwareCardOptions): CardIdentity {
  requireBytes(cardId, 'cardId', 16)
  if (attestation) {
    requireP256(checkPrivateKey(attestation.key).ok, attestation.key, 'attestation.key')
    requireBytes(attestation.endorsement, 'attestation.endorsement', 64)
  }
  if (sharedKey) requireBytes(sharedKey, 'sharedKey', 32)
  if (serverKey) requireP256(checkPublicKey(serverKey).ok, serverKey, 'serverKey')
  if (policy.serverProof === 'signature' && !serverKey) throw new TypeError('serverKey: wanted for the policy signature')
  if (policy.serverProof === 'sharedKey' && !sharedKey) throw new TypeError('sharedKey: wanted for the policy sharedKey')
  return {
    cardId: Uint8Array.from(cardId),
    attestation: attestation ? { key: copyKey(attestation.key), endorsement: Uint8Array.from(attestation.endorsement) } : null,
    sharedKey: sharedKey ? Uint8Array.from(sharedKey) : null,
    serverKey: serverKey ? copyKey(serverKey) : null,
  }
}

function settingsOf(options: SoftwareCardOptions): CardState['settings'] {
  const { crypto, containers = 16, policy, attestation, sharedKey, writeNeedsPin = false, without = [] } = options
  const offered = ALL_ALGORITHMS.filter((algorithm) => offersAlgorithm(crypto, algorithm))
  const { algorithms = offered, paddings = ALL_PADDINGS } = options
  const { serverProof, sealedData, receipts, tripleDes } = policy
  if (!Number.isInteger(containers) || containers < 1 || containers > 255) throw new TypeError('containers: 1 to 255 are wanted')
  const missing = algorithms.find((algorithm) => !offered.includes(algorithm))
  if (missing !== undefined) throw new TypeError(`algorithms: this provider does not have ${missing}`)
  return {
    containers,
    serverProof,
    sealedData,
    receipts,
    tripleDes,
    algorithms: ALL_ALGORITHMS.filter((one) => algorithms.includes(one)),
    paddings: ALL_PADDINGS.filter((one) => paddings.includes(one)),
    attests: attestation !== undefined,
    shares: sharedKey !== undefined,
    writeNeedsPin,
    without: [...without].sort(),
  }
}

function requirePins(pins: readonly InitialPin[]): void {
  const inRange = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high
  for (const { id, value, tries, unblockedBy = ROLE_ADMIN } of pins) {
    if (!inRange(id, 1, LAST_PIN) || !inRange(unblockedBy, 1, LAST_PIN)) throw new TypeError(`pins: an id of 1 to ${LAST_PIN} is wanted`)
    requireBytes(value, 'pins.value')
    if (!inRange(value.length, PIN_BYTES.min, PIN_BYTES.max)) throw new TypeError(`pins.value: ${PIN_BYTES.min} to ${PIN_BYTES.max} bytes are wanted`)
    if (!inRange(tries, 1, MOST_TRIES)) throw new TypeError(`pins.tries: 1 to ${MOST_TRIES} are wanted`)
  }
  if (new Set(pins.map(({ id }) => id)).size !== pins.length) throw new TypeError('pins: each id once is wanted')
}

const pinRecord = ({ id, tries, unblockedBy = ROLE_ADMIN, external = false }: InitialPin, value: SkiHandle): CardPin => ({
  id,
  tries,
  max: tries,
  unblockedBy,
  external,
  value,
})

function requireP256(valid: boolean, key: EcPublicKey, name: string): void {
  if (!valid || key.type !== 'EC' || key.curve !== 'P-256') throw new TypeError(`${name}: a P-256 key is wanted`)
}

const ROLE_ADMIN = 2
const LAST_PIN = 7
const ALL_ALGORITHMS = Object.keys(ALGORITHMS) as readonly SessionAlgorithm[]
const ALL_PADDINGS = Object.keys(WRAP_PADDING_CODES) as readonly WrapPadding[]
