/**
 * One run, row by row: a row is a message between two parties, with the number of its step; or a call with its return,
 * where both belong to one step or to none.
 *
 * A row says who holds S1, K2 and the PIN after it. That is asked of the enclaves while the run goes on, and written down.
 *
 * Spec: spec/ski.md, SKI-151 to SKI-181.
 * @module
 */
import { fromBase64url } from '../../../src/bytes/base64.js'
import type { Returned } from '../../../src/ski/calls.js'
import { INSTRUCTIONS } from '../../../src/ski/apdu/instructions.js'
import type { MinidriverToCard } from '../../../src/ski/messages.js'
import { skiSteps, type SteppedMessage } from '../../../src/ski/steps.js'
import type { SkiHandle } from '../../../src/ski/enclave/commands.js'
import type { Line } from '../../../machines/session.js'
import { serverConversation } from '../../../machines/ski/injections.js'
import type { ArchiveRecord } from '../../../machines/ski/archive.js'
import { holdersAt, type Holders, type Place } from './holders.js'
import type { SkiWorld } from './world.js'

/** A party, as the page's table of steps calls it; `CA` is the archive, `PIN pad` the holder at it. */
export type Party = Place | 'CA' | 'PIN pad'

/** One row. */
export interface Row {
  /** 1 to 31; `null` for what the page leaves out. */
  readonly step: number | null
  readonly from: Party
  readonly to: Party
  /** The call with what it is about, `return`, a command of the card, `answer`, or the message's name. */
  readonly what: string
  /** A `DWORD` status, where the row has a return. */
  readonly status: number | null
  /** The status word of the card, four hex digits, where the row ends with its answer. */
  readonly sw: string | null
  /** What travelled: the APDUs; in a call and its return, the buffers; of any other message, its JSON. */
  readonly bytes: number
  readonly holders: Holders
  /** Who has the holder's PIN besides the card, which compares it: somebody only where it is typed at the client (SKI-284). */
  readonly holderPin: readonly Place[]
}

/** Which run of a world is written down. */
export interface Watched {
  readonly name: string
  readonly card: string
  /** The PIN that gets another value; `null` in a run for a key pair. */
  readonly pinId: number | null
  /** Whether the client was given the holder's PIN to type. */
  readonly typed: boolean
}

/** See the module text. Build it before the run begins, and let it hear every line. */
export class Transcript {
  readonly rows: Row[] = []
  readonly #world: SkiWorld
  readonly #run: Watched
  readonly #steps = skiSteps()
  readonly #pin: { readonly id: number; readonly before: SkiHandle } | null
  /** Whether the last row waits for its return. */
  #open = false
  #session: string | null = null

  constructor(world: SkiWorld, run: Watched) {
    this.#world = world
    this.#run = run
    const stored = world.cards[run.card]!.enclave.describe().pins.find(({ id }) => id === run.pinId)
    this.#pin = stored ? { id: stored.id, before: stored.value } : null
  }

  /** Takes a line of the session down. */
  readonly hear = (line: Line): void => {
    const [from, to] = [this.#partyOf(line.from), this.#partyOf(line.to)]
    if (line.port === 'enclave') {
      // The minidriver holds what its command works on until that is done; the answer is the next row's.
      if (from === 'SM' && this.#open) this.#note(argumentOf(line.message))
      return
    }
    if (from === null || to === null) return
    const { message } = line
    if (message.type === 'server.start') this.#session = (message as { session?: string }).session ?? null
    const stepped = this.#steps(NAMES.get(from) ?? from, NAMES.get(to) ?? to, message)
    const { step, part } = stepped
    const last = this.rows.at(-1)
    const ending = endingOf(line, stepped)
    const goesOn = last !== undefined && this.#open && last.step === step
    if (goesOn) this.#replace({ ...last, ...ending, bytes: last.bytes + bytesOf(line) })
    else
      this.rows.push({
        step,
        from,
        to,
        what: captionOf(line, stepped),
        status: null,
        sw: null,
        ...ending,
        bytes: bytesOf(line),
        holders: NOBODY,
        holderPin: [],
      })
    // A call waits for its return, a question to the archive for its answer. Whatever else is said is a row of its own.
    this.#open = goesOn ? part !== 'return' && from !== 'CA' : part === 'call' || to === 'CA'
    this.#note(null, carriesPin(message) ? [from, to] : [])
  }

  #replace(row: Row): void {
    this.rows[this.rows.length - 1] = row
  }

  /** Writes down who holds what now. */
  #note(inHand: SkiHandle | null, carriers: readonly Party[] = []): void {
    const { server, cards, injections } = this.#world
    const { name, card } = this.#run
    const records = (injections.session.actor('archive').getSnapshot() as { context: { records: readonly ArchiveRecord[] } }).context.records
    const row = this.rows.at(-1)!
    const now = holdersAt({
      server: server.describe(),
      conversation: serverConversation(name),
      card: cards[card]!.enclave.describe(),
      channel: 0,
      inHand,
      pin: this.#pin,
      archived: records.some(({ session }) => session === this.#session),
    })
    // What is typed is the client's from the beginning, and the minidriver's while it passes.
    const holderPin = (['CL', 'CM'] as const).filter(
      (place) => carriers.includes(place) || row.holderPin.includes(place) || (place === 'CL' && this.#run.typed),
    )
    this.#replace({ ...row, holders: now, holderPin })
  }

  /** The party behind a role; `null` for one of another run, and for an enclave. */
  #partyOf(role: string): Party | null {
    const { name, card } = this.#run
    if (role === card) return 'SC'
    if (role === `holder of ${card}`) return 'PIN pad'
    if (role === 'archive') return 'CA'
    const [first = '', ...rest] = role.split(' ')
    return rest.join(' ') === name ? (PARTIES.get(first) ?? null) : null
  }
}

const PARTIES: ReadonlyMap<string, Place> = new Map([
  ['client', 'CL'],
  ['minidriver', 'CM'],
  ['server', 'SA'],
  ['serverMinidriver', 'SM'],
])
/** The names of the steps' parties. */
const NAMES: ReadonlyMap<Party, string> = new Map([...[...PARTIES].map(([role, place]) => [place, role] as const), ['SC', 'card']])

const NOBODY: Holders = { s1: [], k2: [], pin: [], archived: false }

/** How a row ends: with a status, or with a status word. */
function endingOf({ message, carried }: Line, { part }: SteppedMessage): Partial<Row> {
  if (part === 'return') return { status: (message as Returned).status, sw: null }
  return part === 'answer' && Array.isArray(carried) ? { sw: String(carried.at(-1) ?? '').slice(-4) || null } : {}
}

/** The member of a message that tells two calls of one function apart. */
function captionOf({ message }: Line, { part, words }: SteppedMessage): string {
  if (part === 'return' || part === 'answer') return part
  if (part === 'command') return INSTRUCTIONS[message.type as MinidriverToCard['type']].name
  const { function: name, flags } = message as { function?: string; flags?: number }
  if (part === 'call' && name !== undefined) return `${words}(${name})`
  if (message.type === 'CardAcquireContext' && flags === 1) return `${words}(no-card mode)`
  return message.type.startsWith('CardCreateContainer') ? `${words}(KEY_GEN)` : words
}

/** Members of calls and returns that are byte strings. */
type Buffer = 'input' | 'data' | 'publicKey' | 'parameters' | 'pin' | 'blobs'

/** What travelled, in bytes; see {@link Row.bytes}. */
export function bytesOf({ carried, message }: Line): number {
  if (Array.isArray(carried)) return carried.reduce<number>((sum, apdu) => sum + String(apdu).length / 2, 0)
  if (message.type.includes('.') && message.type !== 'minidriver.returned') return new TextEncoder().encode(JSON.stringify(message)).length
  const { input, data, publicKey, parameters, pin, blobs } = message as { readonly [Member in Buffer]?: unknown }
  const buffers = [input, data, publicKey, parameters, pin, ...(Array.isArray(blobs) ? (blobs as unknown[]) : [])]
  return buffers.reduce<number>((sum, buffer) => {
    const bytes = typeof buffer === 'string' ? fromBase64url(buffer) : null
    return sum + (bytes?.ok ? bytes.value.length : 0)
  }, 0)
}

const carriesPin = (message: object): boolean => typeof (message as { pin?: unknown }).pin === 'string'

/** The plaintext argument that a command of the server's minidriver names. */
const argumentOf = (command: object): SkiHandle | null => (command as { blob?: SkiHandle }).blob ?? null
