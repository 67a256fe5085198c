/**
 * A script of function calls: reads it whole before anything is done, so that whatever is wrong with it is told with its
 * place, and nothing has happened yet.
 *
 * Entries are calls by their published names, or what happens around them: the reader, the PIN pad, a server's offer in
 * the ways that have a shared key.
 * @module
 */
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../../../src/bytes/json.js'
import { FUNCTIONS, type FunctionName } from '../../../src/ski/calls.js'
import { STATUS, STATUSES } from '../../../src/ski/constants/index.js'
import type { SessionAlgorithm } from '../../../src/ski/enclave/commands.js'
import { SKI_PROFILES, type SkiProfileName } from '../../../src/ski/policy.js'
import { EXIT, failureOf } from '../failure.js'
import { ACQUIRED, ARGUMENTS, type ArgumentSpec } from './script-members.js'
import { near, onlyMembers, readArgument, readBytes, scriptFault, testBytes, type Argument, type BytesArgument, type Scope } from './script-values.js'

/** A card as a script wants it. */
export interface ScriptCard {
  readonly inserted: boolean
  readonly containers: number
  /** `CP_KEY_IMPORT_SUPPORT` as the card claims it. */
  readonly support: number
  /** Whether a key pair is installed only while the PIN that is to guard it is presented. */
  readonly writeNeedsPin: boolean
  readonly pins: readonly { readonly id: number; readonly value: Uint8Array; readonly tries: number; readonly external: boolean }[]
}

/** One entry. */
export type Entry = CallEntry | ReaderEntry | PadEntry | OfferEntry

interface Placed {
  /** Where it stands: `calls[3]`. */
  readonly at: string
}

/** A call. */
export interface CallEntry extends Placed {
  readonly type: 'call'
  /** What others refer to it by. */
  readonly name: string
  readonly context: string
  readonly function: FunctionName
  readonly arguments: readonly (readonly [name: string, argument: Argument, given: boolean])[]
  /** The status that is due, where the script says one. */
  readonly expect: number | null
}

/** Something happens to the card in the reader. */
export interface ReaderEntry extends Placed {
  readonly type: 'reader'
  readonly does: 'removed' | 'reset' | 'inserted'
}

/** What the holder does at the PIN pad the next time; `null`: declines. */
export interface PadEntry extends Placed {
  readonly type: 'pad'
  readonly pin: Uint8Array | null
}

/** What the server says in step 16 where card and server share a key. */
export interface OfferEntry extends Placed {
  readonly type: 'offer'
  readonly name: string
  readonly context: string
  readonly way: 'shared' | 'derived'
  readonly cardId: BytesArgument
  readonly algorithm: SessionAlgorithm
}

/** A script. */
export interface Script {
  readonly profile: SkiProfileName
  readonly card: ScriptCard
  /** Each is one instance of the minidriver, with a logical channel and a conversation of its own. */
  readonly contexts: readonly string[]
  readonly entries: readonly Entry[]
}

/** The most contexts: a card has four logical channels. */
export const CONTEXT_LIMIT = 4
/** The most entries. */
export const ENTRY_LIMIT = 500

/** Reads a script, or throws a failure that names the place. */
export function readScript(text: string): Script {
  const parsed = parseJson(text, { maxDepth: 16, maxBytes: 1 << 17 })
  if (!parsed.ok) throw failureOf(EXIT.unreadable, 'the script', parsed.fault)
  const script = objectAt(parsed.value, 'at its top')
  onlyMembers(script, 'at its top', ['$schema', 'description', 'profile', 'card', 'calls'])
  const { profile = 'published', calls } = script
  if (typeof profile !== 'string' || !Object.hasOwn(SKI_PROFILES, profile))
    throw scriptFault('profile', `one of ${Object.keys(SKI_PROFILES).join(', ')} is wanted`)
  if (!Array.isArray(calls) || calls.length === 0 || calls.length > ENTRY_LIMIT) throw scriptFault('calls', `a list of 1 to ${ENTRY_LIMIT} entries is wanted`)
  const scope = new Set<string>()
  const entries = (calls as readonly JsonValue[]).map((entry, index) => {
    const read = readEntry(objectAt(entry, `calls[${index}]`), `calls[${index}]`, index + 1, scope)
    scope.add(String(index + 1))
    if ('name' in read) scope.add(read.name)
    return read
  })
  const contexts = [...new Set(entries.flatMap((entry) => ('context' in entry ? [entry.context] : [])))]
  if (contexts.length > CONTEXT_LIMIT) throw scriptFault('calls', `there are ${contexts.length} contexts, and a card has ${CONTEXT_LIMIT} channels`)
  return { profile: profile as SkiProfileName, card: readCard(script['card'] ?? null), contexts, entries }
}

function readEntry(entry: JsonObject, at: string, number: number, scope: Set<string>): Entry {
  const kinds = ['call', 'reader', 'pad', 'offer'].filter((kind) => entry[kind] !== undefined)
  if (kinds.length !== 1) throw scriptFault(at, 'one of call, reader, pad and offer is wanted')
  switch (kinds[0]) {
    case 'call':
      return readCall(entry, at, number, scope)
    case 'reader':
      onlyMembers(entry, at, ['reader', 'comment'])
      return { type: 'reader', at, does: wordAt(entry['reader']!, `${at}.reader`, ['removed', 'reset', 'inserted']) }
    case 'pad':
      onlyMembers(entry, at, ['pad', 'comment'])
      return { type: 'pad', at, pin: entry['pad'] === null ? null : testBytes(entry['pad']!, `${at}.pad`) }
    default:
      return readOffer(entry, at, number, scope)
  }
}

function readCall(entry: JsonObject, at: string, number: number, scope: Set<string>): CallEntry {
  const { call } = entry
  if (typeof call !== 'string') throw scriptFault(`${at}.call`, 'the name of a function is wanted')
  if (!isFunction(call)) throw scriptFault(`${at}.call`, `there is no function ${JSON.stringify(call)}`, ...near(call, FUNCTIONS))
  const specs: Readonly<Record<string, ArgumentSpec>> = ARGUMENTS[call]
  const names = Object.keys(specs)
  onlyMembers(entry, at, ['call', 'as', 'context', 'expect', 'comment', ...names])
  const usual: Readonly<Record<string, JsonValue>> = call === 'CardAcquireContext' ? usualOf(entry) : {}
  const read = names.map((name) => {
    const spec = specs[name]!
    const given = entry[name] !== undefined
    const value = given ? entry[name]! : (usual[name] ?? spec.otherwise)
    if (value === undefined && usual[name] === undefined) throw scriptFault(at, `${call} has an argument ${name}, which is missing`)
    const use = call === 'MDEncryptData' ? 'structure' : 'keyBlob'
    return [name, readArgument(spec.kind, value ?? null, `${at}.${name}`, scope, use), given] as const
  })
  return {
    type: 'call',
    at,
    ...placeOf(entry, at, number, scope),
    function: call,
    arguments: read,
    expect: readExpect(entry['expect'] ?? null, `${at}.expect`),
  }
}

/** What a caller gives for what a script leaves out, by the mode that it asks for. */
function usualOf(entry: JsonObject): Readonly<Record<string, JsonValue>> {
  const { atr, ...rest } = ACQUIRED[entry['flags'] === 1 || entry['flags'] === '0x1' ? 'noCard' : 'card']
  return { ...rest, ...(atr === null ? { atr } : { atr: { hex: atr } }) }
}

function readOffer(entry: JsonObject, at: string, number: number, scope: Set<string>): OfferEntry {
  onlyMembers(entry, at, ['offer', 'as', 'context', 'cardId', 'algorithm', 'comment'])
  const { offer, cardId, algorithm = 'AES-256' } = entry
  if (cardId === undefined) throw scriptFault(`${at}.cardId`, 'is missing')
  return {
    type: 'offer',
    at,
    ...placeOf(entry, at, number, scope),
    way: wordAt(offer!, `${at}.offer`, ['shared', 'derived']),
    cardId: readBytes(cardId, `${at}.cardId`, scope),
    algorithm: wordAt(algorithm, `${at}.algorithm`, ['AES-128', 'AES-192', 'AES-256']),
  }
}

function placeOf(entry: JsonObject, at: string, number: number, scope: Scope): { readonly name: string; readonly context: string } {
  const { as = String(number), context = 'main' } = entry
  if (typeof as !== 'string' || !NAME.test(as)) throw scriptFault(`${at}.as`, 'a name of letters, digits, - and _ is wanted')
  if (as !== String(number) && (scope.has(as) || /^\d+$/.test(as))) throw scriptFault(`${at}.as`, `another entry is called ${as}`)
  if (typeof context !== 'string' || !NAME.test(context)) throw scriptFault(`${at}.context`, 'a name of letters, digits, - and _ is wanted')
  return { name: as, context }
}
const NAME = /^[A-Za-z0-9_-]{1,64}$/

function readExpect(value: JsonValue, at: string): number | null {
  if (value === null) return null
  if (typeof value === 'number' && Number.isInteger(value)) return value >>> 0
  if (typeof value === 'string' && /^0x[0-9a-f]{1,8}$/i.test(value)) return Number(value)
  if (typeof value === 'string' && Object.hasOwn(STATUS, value)) return STATUS[value as keyof typeof STATUS]
  throw scriptFault(
    at,
    'a status is wanted: its name, a number, or "0x…"',
    ...(typeof value === 'string'
      ? near(
          value,
          STATUSES.map(({ name }) => name),
        )
      : []),
  )
}

/** The holder's PIN and the one that unblocks it, where a script names none. */
const USUAL_PINS = [
  { id: 1, testValue: toHexText('test PIN of user'), tries: 3 },
  { id: 2, testValue: toHexText('test PIN of admin'), tries: 5 },
]

function readCard(value: JsonValue): ScriptCard {
  const card = value === null ? {} : objectAt(value, 'card')
  onlyMembers(card, 'card', ['inserted', 'containers', 'support', 'writeNeedsPin', 'pins'])
  const { inserted = true, writeNeedsPin = false, pins = USUAL_PINS } = card
  if (typeof inserted !== 'boolean') throw scriptFault('card.inserted', 'true or false is wanted')
  if (typeof writeNeedsPin !== 'boolean') throw scriptFault('card.writeNeedsPin', 'true or false is wanted')
  if (!Array.isArray(pins)) throw scriptFault('card.pins', 'a list is wanted')
  const read = (pins as readonly JsonValue[]).map((pin, index) => readPin(objectAt(pin, `card.pins[${index}]`), `card.pins[${index}]`))
  if (new Set(read.map(({ id }) => id)).size !== read.length) throw scriptFault('card.pins', 'each id once is wanted')
  return {
    inserted,
    writeNeedsPin,
    containers: rangeAt(card['containers'] ?? 16, 'card.containers', 1, 100),
    support: rangeAt(card['support'] ?? 0xe, 'card.support', 0, 0xf),
    pins: read,
  }
}

function readPin(pin: JsonObject, at: string): ScriptCard['pins'][number] {
  onlyMembers(pin, at, ['id', 'testValue', 'tries', 'external'])
  const { external = false } = pin
  if (typeof external !== 'boolean') throw scriptFault(`${at}.external`, 'true or false is wanted')
  const { length } = (pin['testValue'] ?? '') as string
  if (length < 8 || length > 254) throw scriptFault(`${at}.testValue`, '4 to 127 bytes in hex are wanted')
  return {
    id: rangeAt(pin['id'] ?? null, `${at}.id`, 1, 7),
    value: testBytes({ testValue: pin['testValue'] ?? null }, at),
    tries: rangeAt(pin['tries'] ?? 3, `${at}.tries`, 1, 15),
    external,
  }
}

function objectAt(value: JsonValue, at: string): JsonObject {
  if (!isJsonObject(value)) throw scriptFault(at, 'an object is wanted')
  return value
}

function rangeAt(value: JsonValue, at: string, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) throw scriptFault(at, `a number from ${low} to ${high} is wanted`)
  return value
}

function wordAt<const Word extends string>(value: JsonValue, at: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === value)
  if (found === undefined) throw scriptFault(at, `one of ${words.join(', ')} is wanted`)
  return found
}

const isFunction = (name: string): name is FunctionName => (FUNCTIONS as readonly string[]).includes(name)

function toHexText(text: string): string {
  return Array.from(text, (character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}
