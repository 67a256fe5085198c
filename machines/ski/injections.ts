/**
 * All roles of SKI in one process: a server with its archive, cards in readers, and for every run a client and the two
 * instances of the minidriver. For demonstrations and tests; an app that embeds one role brings its own links.
 *
 * Between minidriver and card, messages travel as APDUs: what the card hears is what its codec made of them.
 * @module
 */
import type { Actor } from 'xstate'
import type {
  AuthorityAnswer,
  AuthorityCommand,
  CardAnswer,
  CardCommand,
  ServerAnswer,
  ServerCommand,
  SkiEnclave,
  SkiHandle,
} from '../../src/ski/enclave/commands.js'
import { readSkiAnswer } from '../../src/ski/enclave/read-answer.js'
import type { CardToMinidriver, MinidriverToCard } from '../../src/ski/messages.js'
import type { ProductFacts } from '../../src/ski/minidriver/view.js'
import { readSkiMessage } from '../../src/ski/read-message.js'
import { answerThroughApdus, throughApdus } from '../../src/ski/travel.js'
import { turnstile, type Message } from '../ports.js'
import { Session, type Channel, type Envelope, type SessionOptions, type SessionSnapshot } from '../session.js'
import { archiveMachine } from './archive.js'
import { cardMachine, type CardInput } from './card.js'
import type { ClientInput } from './client-plan.js'
import type { ReceivedOrNot } from './client-setup.js'
import { clientMachine } from './client.js'
import type { Outcome } from './common.js'
import { minidriverMachine } from './minidriver.js'
import type { ServerInput } from './server-plan.js'
import type { Injected, ServerContext } from './server-setup.js'
import { serverMachine } from './server.js'
import { SKI_EXCHANGES, SKI_HEARS } from './vocabulary.js'

/** A card in a reader, and its holder at the PIN pad. */
export interface CardInReader {
  readonly input: CardInput
  readonly enclave: SkiEnclave<CardCommand, CardAnswer>
  /** What the holder does when the card wants a PIN: enters it into the card's enclave and says where, or declines. */
  readonly holder?: (pinId: number) => SkiHandle | null
}

/** How the long-lived roles are set up. */
export interface InjectionsOptions extends Pick<SessionOptions, 'ledger' | 'network' | 'onLine' | 'inspect'> {
  readonly cards: Readonly<Record<string, CardInReader>>
  readonly serverEnclave: SkiEnclave<ServerCommand, ServerAnswer>
  /** Whether the CA certifies archived keys only (SKI-24). */
  readonly archivalRequired: boolean
  readonly authorityEnclave: SkiEnclave<AuthorityCommand, AuthorityAnswer>
  /** The product of minidriver on the client, and those on the server, of which the card's type chooses one (SKI-253); the same one unless given (SKI-23). */
  readonly product: ProductFacts
  readonly serverProducts?: readonly ProductFacts[]
  /** Without it the roles hear everything at once, and refuse what is out of turn. */
  readonly serialised?: boolean
  /** Where the roles go on from, after a restart. */
  readonly snapshots?: SessionSnapshot['roles']
}

/** One run. */
export interface InjectionRequest {
  /** The name of the run: its roles are `client`, `minidriver`, `server`, `serverMinidriver`, with ` name` behind it unless it is empty. */
  readonly name?: string
  readonly card: string
  /** The logical channel that this run's context has to itself. */
  readonly channel?: number
  readonly client: ClientInput
  readonly server: ServerInput
}

/** How a run ended, role by role; `null` for a role that has not ended. */
export interface InjectionReport {
  readonly client: ReceivedOrNot | null
  readonly server: Outcome<Injected> | null
}

/** The conversation of a run in the server's enclave: application and minidriver have one. */
export const serverConversation = (name = ''): string => roleName('server', name)

/** See the module text. */
export class Injections {
  readonly session: Session
  readonly #options: InjectionsOptions
  /** Which run speaks on which channel of which card. */
  readonly #channels = new Map<string, string>()
  /** The command that each card has in hand. */
  readonly #commands = new Map<string, MinidriverToCard>()
  readonly #cardOf = new Map<string, string>()

  constructor(options: InjectionsOptions) {
    this.#options = options
    const { ledger, network, onLine, inspect, serialised = true, cards } = options
    this.session = new Session({
      read: readSkiMessage,
      readAnswer: readSkiAnswer,
      route: (from, port, message) => this.#route(from, port, message),
      travel: (envelope) => this.#travel(envelope),
      ...(ledger && { ledger }),
      ...(network && { network }),
      ...(onLine && { onLine }),
      ...(inspect && { inspect }),
    })
    for (const [name, { input, enclave, holder }] of Object.entries(cards)) {
      this.session.add(name, cardMachine, {
        input,
        hears: SKI_HEARS.card,
        enclave: { enclave, conversation: name },
        ...(serialised && { turnstile: turnstile(SKI_EXCHANGES.card) }),
        ...this.#from(name),
      })
      const says = this.session.attend(holderOf(name), 'console', (message) => {
        if (message.type !== 'card.pinWanted') return
        const { pinId } = message as Message & { readonly pinId: number }
        const entry = holder?.(pinId) ?? null
        says(entry === null ? { type: 'holder.declined' } : ({ type: 'holder.pinEntered', pinId, entry } as Message))
      })
    }
    this.session.add('archive', archiveMachine, {
      input: { archivalRequired: options.archivalRequired },
      hears: SKI_HEARS.archive,
      enclave: { enclave: options.authorityEnclave, conversation: 'archive' },
      ...(serialised && { turnstile: turnstile(SKI_EXCHANGES.archive) }),
      ...this.#from('archive'),
    })
  }

  /** Starts the roles of one run without carrying any message yet. */
  begin({ name = '', card, channel = 0, client, server }: InjectionRequest): void {
    const { product, serverProducts = [product], serverEnclave, serialised = true } = this.#options
    const of = (role: string) => roleName(role, name)
    this.#channels.set(`${card} ${channel}`, name)
    this.#cardOf.set(name, card)
    const enclave = { enclave: serverEnclave, conversation: serverConversation(name) }
    const turns = () => (serialised ? { turnstile: turnstile(SKI_EXCHANGES.minidriver) } : {})
    this.session.add(of('server'), serverMachine, { input: server, hears: SKI_HEARS.server, enclave, ...this.#from(of('server')) })
    serverProducts.forEach((facts, index) =>
      this.session.add(of(productRole(index)), minidriverMachine, {
        input: { ...facts, channel },
        hears: SKI_HEARS.serverMinidriver,
        wire: 'local',
        enclave,
        ...turns(),
        ...this.#from(of(productRole(index))),
      }),
    )
    this.session.add(of('minidriver'), minidriverMachine, {
      input: { ...product, channel },
      hears: SKI_HEARS.minidriver,
      ...turns(),
      ...this.#from(of('minidriver')),
    })
    this.session.add(of('client'), clientMachine, { input: client, hears: SKI_HEARS.client, ...this.#from(of('client')) })
  }

  /** Runs one injection until nobody says anything any more. */
  async inject(request: InjectionRequest): Promise<InjectionReport> {
    this.begin(request)
    await this.session.run()
    return this.report(request.name)
  }

  /** How a run stands. */
  report(name = ''): InjectionReport {
    const output = <T>(role: string) => ((this.session.actor(roleName(role, name)) as Actor<never>).getSnapshot() as { output?: T }).output ?? null
    return { client: output('client'), server: output('server') }
  }

  /** Does something to the card in a reader: both the card and every minidriver at it see it. */
  reader(card: string, says: 'reader.reset' | 'reader.removed' | 'reader.inserted'): void {
    this.session.inject({ from: 'reader', to: card, port: 'wire', message: { type: says } })
    for (const [name, at] of this.#cardOf)
      if (at === card) this.session.inject({ from: 'reader', to: roleName('minidriver', name), port: 'wire', message: { type: says } })
  }

  #from(name: string): { readonly snapshot?: SessionSnapshot['roles'][string] } {
    const snapshot = this.#options.snapshots?.[name]
    return snapshot ? { snapshot } : {}
  }

  #route(from: string, port: Channel, message: Message): string | null {
    const [role = '', ...rest] = from.split(' ')
    const run = rest.join(' ')
    if (port === 'console') return from in this.#options.cards ? holderOf(from) : cardOfHolder(from)
    if (from in this.#options.cards) {
      const speaker = this.#channels.get(`${from} ${(message as { channel?: number }).channel ?? 0}`)
      return speaker === undefined ? null : roleName('minidriver', speaker)
    }
    if (from === 'archive') return this.#serverOf(message)
    if (role === 'client') return roleName(message.type.startsWith('client.') ? 'server' : 'minidriver', run)
    if (role === 'minidriver') return message.type === 'minidriver.returned' ? roleName('client', run) : (this.#cardOf.get(run) ?? null)
    if (role.startsWith('serverMinidriver')) return roleName('server', run)
    if (port === 'wire') return roleName('client', run)
    return message.type.startsWith('server.') ? 'archive' : roleName(this.#productOf(from), run)
  }

  /** The instance of the server's minidrivers that a run's call is for: the one of the card's product, as the server has heard it. */
  #productOf(server: string): string {
    const { product, serverProducts = [product] } = this.#options
    const { offer } = (this.session.actor(server).getSnapshot() as { readonly context: ServerContext }).context
    const index = serverProducts.findIndex((facts) => facts.product === offer?.product)
    return productRole(Math.max(0, index))
  }

  /** The server whose session a word of the archive is about. The servers know it themselves, after a restart as well. */
  #serverOf(message: Message): string | null {
    const { session } = message as { readonly session?: string }
    const sessionOf = (name: string) => (this.session.actor(name).getSnapshot() as { readonly context: ServerContext }).context.session
    return [...this.#cardOf.keys()].map((run) => roleName('server', run)).find((name) => sessionOf(name) === session) ?? null
  }

  /** Commands and answers travel as APDUs; everything else as it is. */
  #travel({ from, to, port, message }: Envelope): { readonly carried: unknown; readonly message: Message; readonly to?: string } {
    if (port !== 'wire') return { carried: undefined, message }
    if (message.type.startsWith('apdu.') && to in this.#options.cards) {
      const { carried, message: heard } = throughApdus(message as MinidriverToCard)
      if (heard.type === 'card.refused') return { carried, message: heard, to: from }
      this.#commands.set(to, heard)
      return { carried, message: heard }
    }
    const command = this.#commands.get(from)
    if (!message.type.startsWith('card.') || command === undefined || readSkiMessage(message) === null) return { carried: undefined, message }
    return answerThroughApdus(message as CardToMinidriver, command)
  }
}

/** The name of a role in a run. */
export function roleName(role: string, run = ''): string {
  return run === '' ? role : `${role} ${run}`
}

/** The first product's instance has the plain name. */
const productRole = (index: number) => (index === 0 ? 'serverMinidriver' : `serverMinidriver${index + 1}`)

const holderOf = (card: string) => `holder of ${card}`
const cardOfHolder = (holder: string) => holder.slice('holder of '.length)
