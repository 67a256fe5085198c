/**
 * Where a script is played: one card in one reader with its holder, the server's enclave, and an instance of the
 * minidriver for each context. An instance reaches both, as a real one does; which of them it uses is chosen when it is
 * acquired.
 *
 * Calls come from here, and what they return comes back here. Between minidriver and card, messages travel as APDUs.
 * @module
 */
import { toBase64url } from '../../../src/bytes/base64.js'
import type { Call, Returned } from '../../../src/ski/calls.js'
import { CARD_PADDING } from '../../../src/ski/constants/index.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { softwareCard, type SoftwareCard } from '../../../src/ski/enclave/card.js'
import type { ServerAnswer, ServerCommand, SessionAlgorithm, SkiHandle } from '../../../src/ski/enclave/commands.js'
import { cardIssuer, personalise } from '../../../src/ski/enclave/issuer.js'
import { readSkiAnswer } from '../../../src/ski/enclave/read-answer.js'
import { softwareServer, type Deposit, type SoftwareServer } from '../../../src/ski/enclave/server.js'
import type { CardToMinidriver, MinidriverToCard } from '../../../src/ski/messages.js'
import { SKI_PROFILES, type SkiPolicy } from '../../../src/ski/policy.js'
import { readSkiMessage } from '../../../src/ski/read-message.js'
import { answerThroughApdus, throughApdus } from '../../../src/ski/travel.js'
import type { Message } from '../../../machines/ports.js'
import { Session, type Channel, type Envelope } from '../../../machines/session.js'
import { cardMachine } from '../../../machines/ski/card.js'
import { minidriverMachine } from '../../../machines/ski/minidriver.js'
import { SKI_HEARS } from '../../../machines/ski/vocabulary.js'
import type { OfferEntry, Script } from './script.js'
import { Unavailable } from './script-values.js'
import { DEMONSTRATION_PRODUCT, WAYS } from './world.js'

/** What a call came to. */
export interface Played {
  readonly returned: Returned
  /** The APDUs of the call, as hex: command and response by turns. */
  readonly apdus: readonly string[]
}

/** See the module text. */
export class Stage {
  readonly #session: Session
  readonly #card: SoftwareCard
  readonly #server: SoftwareServer
  readonly #contexts: readonly string[]
  readonly #policy: SkiPolicy
  /** What each context says to its minidriver, and what it heard last. */
  readonly #says = new Map<string, (message: Message) => void>()
  readonly #heard = new Map<string, Returned>()
  /** The PINs, by id, as the card has had them from the beginning. */
  readonly #pins: ReadonlyMap<number, Uint8Array>
  /** What the holder does next; `undefined`: enters the right PIN. */
  #pad: Uint8Array | null | undefined
  #command: MinidriverToCard | null = null
  #calls = 0

  private constructor(parts: { script: Script; card: SoftwareCard; cardId: string; pins: ReadonlyMap<number, Uint8Array>; server: SoftwareServer }) {
    const { script, card, cardId, pins, server } = parts
    this.#card = card
    this.#server = server
    this.#contexts = script.contexts
    this.#policy = SKI_PROFILES[script.profile]
    this.#pins = pins
    this.#session = new Session({
      read: readSkiMessage,
      readAnswer: readSkiAnswer,
      route: (from, port, message) => this.#route(from, port, message),
      travel: (envelope) => this.#travel(envelope),
    })
    this.#session.add(CARD, cardMachine, {
      input: { ...CARD_CLAIMS, cardId, mask: script.card.support },
      hears: SKI_HEARS.card,
      enclave: { enclave: card, conversation: CARD },
    })
    const says = this.#session.attend(HOLDER, 'console', (message) => {
      if (message.type === 'card.pinWanted') says(this.#atThePad((message as Message & { readonly pinId: number }).pinId))
    })
    for (const [channel, name] of script.contexts.entries()) {
      this.#session.add(minidriverOf(name), minidriverMachine, {
        input: { ...DEMONSTRATION_PRODUCT, containers: script.card.containers, channel },
        hears: SKI_HEARS.minidriver,
        enclave: { enclave: server, conversation: name },
      })
      this.#says.set(
        name,
        this.#session.attend(callerOf(name), 'wire', (message) => void this.#heard.set(name, message as Returned)),
      )
    }
  }

  /** Sets everything up as a script wants it. */
  static async of(script: Script, crypto: Crypto): Promise<Stage> {
    const policy = SKI_PROFILES[script.profile]
    const issuer = cardIssuer({ crypto, signingKey: await crypto.generateEc('P-256') })
    const signingKey = await crypto.generateEc('P-256')
    const { type, curve, x, y } = signingKey
    const masterKey = crypto.random(32)
    const pins = new Map(script.card.pins.map(({ id, value }) => [id, value] as const))
    const { containers, writeNeedsPin } = script.card
    const personal = await personalise({
      crypto,
      policy,
      issuer,
      masterKey,
      serverKey: { type, curve, x, y },
      containers,
      writeNeedsPin,
      pins: script.card.pins.map(({ id, tries, external }) => ({ id, value: pins.get(id)!, tries, external })),
    })
    const server = softwareServer({ crypto, policy, issuers: [issuer.publicKey], masterKey, signingKey, takesDeposits: true })
    const stage = new Stage({ script, card: softwareCard(personal), cardId: toBase64url(personal.cardId), pins, server })
    if (!script.card.inserted) await stage.reader('removed')
    return stage
  }

  /** Makes a call. */
  async call(context: string, call: Omit<Call, 'call'>): Promise<Played> {
    const before = this.#session.lines.length
    this.#heard.delete(context)
    this.#says.get(context)!({ ...call, call: ++this.#calls } as Message)
    await this.#session.run()
    const returned = this.#heard.get(context)
    if (returned?.call !== this.#calls) throw new Error(`${call.type} was not answered`)
    const carried = this.#session.lines.slice(before).flatMap((line) => (Array.isArray(line.carried) ? (line.carried as readonly string[]) : []))
    return { returned, apdus: carried }
  }

  /** Does something to the card in the reader: the card sees it, and so does every instance. */
  async reader(does: 'removed' | 'reset' | 'inserted'): Promise<void> {
    for (const to of [CARD, ...this.#contexts.map(minidriverOf)])
      this.#session.inject({ from: 'reader', to, port: 'wire', message: { type: `reader.${does}` } })
    await this.#session.run()
  }

  /** What the holder does the next time that the card asks; `null`: declines. */
  pad(pin: Uint8Array | null): void {
    this.#pad = pin
  }

  /** Puts plaintext into the server's enclave. */
  deposit(context: string, bytes: Uint8Array, what: Deposit): SkiHandle {
    return this.#server.deposit(context, bytes, what)
  }

  /** Step 16 in a way that has a shared key. */
  async offer(
    context: string,
    way: OfferEntry['way'],
    cardId: string,
    algorithm: SessionAlgorithm,
  ): Promise<{ session: string; nonce: string; input: string | null }> {
    const { session, nonce } = await this.#ask(context, { type: 'beginSession' }, 'enclave.sessionBegun')
    const { card } = await this.#ask(context, { type: 'judgeCard', way, cardId, nonce: null, spki: null, evidence: null }, 'enclave.cardJudged')
    const { serverProof: proof } = this.#policy
    const { input } = await this.#ask(context, { type: 'offerSharedKey', card, way, algorithm, proof }, 'enclave.sharedKeyOffered')
    return { session, nonce, input }
  }

  /** Stops the roles and wipes the enclaves. */
  dispose(): void {
    this.#session.stop()
    this.#card.dispose()
    this.#server.dispose()
  }

  async #ask<Type extends ServerAnswer['type']>(context: string, command: ServerCommand, wanted: Type): Promise<Extract<ServerAnswer, { type: Type }>> {
    const answer = await this.#server.perform(context, command)
    if (answer?.type === wanted) return answer as Extract<ServerAnswer, { type: Type }>
    throw new Unavailable(`the server makes no offer: ${answer?.type === 'enclave.refused' ? answer.fault.code : 'no answer'}`)
  }

  #atThePad(pinId: number): Message {
    const pin = this.#pad === undefined ? (this.#pins.get(pinId) ?? null) : this.#pad
    this.#pad = undefined
    return pin === null ? { type: 'holder.declined' } : ({ type: 'holder.pinEntered', pinId, entry: this.#card.enterPin(pin) } as Message)
  }

  #route(from: string, port: Channel, message: Message): string {
    if (port === 'console') return from === CARD ? HOLDER : CARD
    if (from === CARD) return minidriverOf(this.#contexts[(message as { channel?: number }).channel ?? 0] ?? '')
    if (from.startsWith(CALLER)) return minidriverOf(from.slice(CALLER.length))
    return message.type === 'minidriver.returned' ? callerOf(from.slice(MINIDRIVER.length)) : CARD
  }

  #travel({ from, to, port, message }: Envelope): { readonly carried: unknown; readonly message: Message; readonly to?: string } {
    if (port !== 'wire') return { carried: undefined, message }
    if (to === CARD && message.type.startsWith('apdu.')) {
      const { carried, message: heard } = throughApdus(message as MinidriverToCard)
      if (heard.type === 'card.refused') return { carried, message: heard, to: from }
      this.#command = heard
      return { carried, message: heard }
    }
    if (from !== CARD || this.#command === null) return { carried: undefined, message }
    return answerThroughApdus(message as CardToMinidriver, this.#command)
  }
}

const CARD = 'card'
const HOLDER = 'holder'
const MINIDRIVER = 'minidriver '
const CALLER = 'caller '
const minidriverOf = (context: string) => `${MINIDRIVER}${context}`
const callerOf = (context: string) => `${CALLER}${context}`

const CARD_CLAIMS = {
  product: DEMONSTRATION_PRODUCT.product,
  version: DEMONSTRATION_PRODUCT.version,
  ways: WAYS,
  algorithms: DEMONSTRATION_PRODUCT.algorithms,
  paddings: CARD_PADDING.CARD_PADDING_PKCS1 | CARD_PADDING.CARD_PADDING_OAEP,
} as const
