/**
 * The arguments in a script: read once, before any call is made, and worked out when their call's turn comes.
 *
 * Bytes are written as hex, as text (UTF-16LE with its NUL), as a 32-bit number, one behind the other, as a reference to
 * what an earlier call returned, or as a marked test value wrapped under such a key. Plaintext is written as a marked test
 * value and nothing else: it goes into the server's enclave, and the call gets its place there (SKI-220).
 * @module
 */
import { fromBase64url, toBase64url } from '../../../src/bytes/base64.js'
import { concat } from '../../../src/bytes/bytes.js'
import { fromHex } from '../../../src/bytes/hex.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/bytes/json.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import type { Hash } from '../../../src/crypto/keys.js'
import { decodeSpki } from '../../../src/crypto/spki.js'
import type { SkiHandle, WrapPadding } from '../../../src/ski/enclave/commands.js'
import type { Deposit } from '../../../src/ski/enclave/server.js'
import { encodeU32, encodeWideText } from '../../../src/ski/structures/index.js'
import { EXIT, Failure } from '../failure.js'
import { nearest } from '../nearest.js'
import { RESULT_MEMBERS, type ArgumentKind, type ResultMember } from './script-members.js'

/** What a call, or an offer, came to, as far as others may refer to it. Bytes are base64url. */
export type Result = { readonly [Member in ResultMember]?: number | string | readonly string[] | null }

/** What an argument is worked out with. */
export interface Bench {
  readonly crypto: Crypto
  /** What an entry came to, by its name. */
  result(name: string): Result
  /** Puts plaintext into the server's enclave. */
  deposit(bytes: Uint8Array, what: Deposit): SkiHandle
}

/** An argument that was read. */
export interface Argument {
  /** How it is shown to a person. Never shows a test value that stands for a secret. */
  readonly shown: string
  /** Works it out as the interface of the machine has it. */
  readonly of: (bench: Bench) => Promise<unknown>
}

/** What a script may refer to at one place: the entries before it, by name. */
export type Scope = ReadonlySet<string>

/** Something in a script that cannot be. */
export const scriptFault = (at: string, message: string, ...hints: string[]): Failure =>
  new Failure(EXIT.unreadable, `the script, ${at}: ${message}`, { hints })

/** An argument that cannot be worked out: what was referred to is not there. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** Reads an argument. `use` says what plaintext is for. */
export function readArgument(kind: ArgumentKind, value: JsonValue, at: string, scope: Scope, use: Deposit['kind'] = 'keyBlob'): Argument {
  switch (kind) {
    case 'integer':
    case 'size':
      return kind === 'size' && value === null ? NULL : readInteger(value, at, scope)
    case 'flag':
      if (typeof value !== 'boolean') throw scriptFault(at, 'true or false is wanted')
      return constant(value, String(value))
    case 'name':
      if (value !== null && typeof value !== 'string') throw scriptFault(at, 'a text, or null, is wanted')
      return value === null ? NULL : constant(value, JSON.stringify(value))
    case 'bytes':
      return value === null ? NULL : asText(readBytes(value, at, scope))
    case 'pin':
      return value === null ? constant(null, 'at the PIN pad') : asText(readTestValue(value, at))
    case 'plain':
      return value === null ? NULL : readPlain(value, at, scope, use)
    case 'blobs':
      return value === null ? NULL : readBlobs(value, at, scope)
    case 'oaep':
      return value === null ? NULL : readOaep(value, at, scope)
  }
}

/** Bytes that were read, and how they are shown. */
export interface BytesArgument {
  readonly shown: string
  readonly bytes: (bench: Bench) => Promise<Uint8Array>
}

/** Reads bytes in any of their forms. */
export function readBytes(value: JsonValue, at: string, scope: Scope): BytesArgument {
  if (typeof value === 'string') {
    const reference = readReference(value, at, scope)
    return { shown: value, bytes: (bench) => Promise.resolve(bytesAt(bench, reference)) }
  }
  const [form, content] = oneMember(value, at, ['hex', 'text', 'u32', 'concat', 'wrapped'])
  const inside = `${at}.${form}`
  switch (form) {
    case 'hex':
      return fixed(hexIn(content, inside))
    case 'text':
      return { ...fixed(wideTextIn(content, inside)), shown: JSON.stringify(content) }
    case 'u32':
      if (typeof content !== 'number' || !Number.isInteger(content) || content < 0 || content > 0xffff_ffff)
        throw scriptFault(inside, 'an unsigned 32-bit number is wanted')
      return { ...fixed(encodeU32(content)), shown: `u32 ${content}` }
    case 'concat': {
      if (!Array.isArray(content)) throw scriptFault(inside, 'a list is wanted')
      const parts = (content as readonly JsonValue[]).map((part, index) => readBytes(part, `${inside}[${index}]`, scope))
      return {
        shown: parts.map((part) => part.shown).join(' ‖ '),
        bytes: async (bench) => concat(...(await Promise.all(parts.map((part) => part.bytes(bench))))),
      }
    }
    default:
      return readWrapped(content, inside, scope)
  }
}

/** Reads `{"testValue": "<hex>"}`: plaintext that everybody may know. */
export function testBytes(value: JsonValue, at: string): Uint8Array {
  const [, content] = oneMember(value, at, ['testValue'], 'a marked test value, {"testValue": "<hex>"}, is wanted: a script holds no other secrets')
  return hexIn(content, `${at}.testValue`)
}

function readTestValue(value: JsonValue, at: string): BytesArgument {
  const bytes = testBytes(value, at)
  return { ...fixed(bytes), shown: `test value of ${bytes.length} bytes` }
}

/** Reads `"$name.member"` or `"$name.blobs.0"`. */
export function readReference(text: string, at: string, scope: Scope): Reference {
  const match = /^\$([A-Za-z0-9_-]+)\.([a-z]+)(?:\.(\d+))?$/.exec(text)
  if (!match)
    throw scriptFault(
      at,
      `${JSON.stringify(text)} is no reference`,
      'A reference is written "$name.member": an earlier entry by its name or number, and what it returned.',
    )
  const [, name = '', member = '', index] = match
  if (!scope.has(name)) throw scriptFault(at, `there is no entry ${name} before this one`, ...near(name, [...scope]))
  if (!(RESULT_MEMBERS as readonly string[]).includes(member)) throw scriptFault(at, `an entry has no ${member}`, `It has: ${RESULT_MEMBERS.join(', ')}.`)
  return { text, name, member: member as ResultMember, index: index === undefined ? null : Number(index) }
}

interface Reference {
  readonly text: string
  readonly name: string
  readonly member: ResultMember
  readonly index: number | null
}

function valueAt(bench: Bench, { text, name, member, index }: Reference): number | string | readonly string[] {
  const found = bench.result(name)[member] ?? null
  const value = index === null ? found : Array.isArray(found) ? ((found as readonly string[])[index] ?? null) : null
  if (value === null) throw new Unavailable(`${text} is not there: entry ${name} returned none`)
  return value
}

function bytesAt(bench: Bench, reference: Reference): Uint8Array {
  const value = valueAt(bench, reference)
  const bytes = typeof value === 'string' ? fromBase64url(value) : null
  if (!bytes?.ok) throw new Unavailable(`${reference.text} is no byte string`)
  return bytes.value
}

function readInteger(value: JsonValue, at: string, scope: Scope): Argument {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return constant(value, String(value))
  if (typeof value === 'string' && /^0x[0-9a-f]{1,8}$/i.test(value)) return constant(Number(value), value)
  if (typeof value !== 'string' || !value.startsWith('$')) throw scriptFault(at, 'a whole number, "0x…" or a reference is wanted')
  const reference = readReference(value, at, scope)
  return {
    shown: value,
    of: (bench) => {
      const number = valueAt(bench, reference)
      if (typeof number !== 'number') throw new Unavailable(`${value} is no number`)
      return Promise.resolve(number)
    },
  }
}

function readPlain(value: JsonValue, at: string, scope: Scope, use: Deposit['kind']): Argument {
  if (!isJsonObject(value)) throw scriptFault(at, 'a marked test value, {"testValue": "<hex>"}, or null is wanted')
  const { testValue, overwrite = false, context = null, ...rest } = value
  onlyMembers(rest, at, ['testValue', use === 'structure' ? 'overwrite' : 'context'])
  const plain = readTestValue({ testValue: testValue ?? null }, at)
  if (use === 'structure') {
    if (context !== null) throw scriptFault(`${at}.context`, 'only a session key has one')
    if (typeof overwrite !== 'boolean') throw scriptFault(`${at}.overwrite`, 'true or false is wanted')
    return { shown: plain.shown, of: async (bench) => ({ reference: bench.deposit(await plain.bytes(bench), { kind: 'structure', overwrite }) }) }
  }
  if (overwrite !== false) throw scriptFault(`${at}.overwrite`, 'only a structure has it')
  const ids = context === null ? null : readContext(context, `${at}.context`, scope)
  return {
    shown: plain.shown,
    of: async (bench) => {
      const bytes = await plain.bytes(bench)
      if (ids === null) return { reference: bench.deposit(bytes, { kind: 'keyBlob' }) }
      const [session, serverNonce, cardNonce, cardId] = await Promise.all(ids.map(async (id) => toBase64url(await id.bytes(bench))))
      return {
        reference: bench.deposit(bytes, { kind: 'keyBlob', context: { session: session!, serverNonce: serverNonce!, cardNonce: cardNonce!, cardId: cardId! } }),
      }
    },
  }
}

/** The session that a key is for, which the bound format needs: four byte strings of 16 bytes. */
function readContext(value: JsonValue, at: string, scope: Scope): readonly BytesArgument[] {
  if (!isJsonObject(value)) throw scriptFault(at, `an object of ${CONTEXT.join(', ')} is wanted`)
  onlyMembers(value, at, CONTEXT)
  return CONTEXT.map((name) => {
    if (value[name] === undefined) throw scriptFault(`${at}.${name}`, 'is missing')
    return readBytes(value[name], `${at}.${name}`, scope)
  })
}
const CONTEXT = ['session', 'serverNonce', 'cardNonce', 'cardId'] as const

function readBlobs(value: JsonValue, at: string, scope: Scope): Argument {
  if (typeof value === 'string') {
    const reference = readReference(value, at, scope)
    if (reference.member !== 'blobs' || reference.index !== null) throw scriptFault(at, 'blobs are wanted: "$name.blobs"')
    return { shown: value, of: (bench) => Promise.resolve(valueAt(bench, reference)) }
  }
  if (!Array.isArray(value)) throw scriptFault(at, 'a list of bytes, "$name.blobs" or null is wanted')
  const items = (value as readonly JsonValue[]).map((item, index) => readBytes(item, `${at}[${index}]`, scope))
  return {
    shown: `[${items.map(({ shown }) => shown).join(', ')}]`,
    of: (bench) => Promise.all(items.map(async (item) => toBase64url(await item.bytes(bench)))),
  }
}

function readOaep(value: JsonValue, at: string, scope: Scope): Argument {
  if (!isJsonObject(value)) throw scriptFault(at, 'an object of hash and label, or null, is wanted')
  const { hash, label = null, ...rest } = value
  onlyMembers(rest, at, ['hash', 'label'])
  if (typeof hash !== 'string') throw scriptFault(`${at}.hash`, 'a text is wanted')
  const read = label === null ? null : readBytes(label, `${at}.label`, scope)
  return { shown: `OAEP ${hash}`, of: async (bench) => ({ hash, label: read === null ? null : toBase64url(await read.bytes(bench)) }) }
}

/** `{"testValue": "<hex>", "under": "$k1.spki", "padding": "oaep-sha256"}`: what a server does in step 16. */
function readWrapped(value: JsonValue, at: string, scope: Scope): BytesArgument {
  if (!isJsonObject(value)) throw scriptFault(at, 'an object of testValue, under and padding is wanted')
  const { testValue, under, padding, ...rest } = value
  onlyMembers(rest, at, ['testValue', 'under', 'padding'])
  const plain = readTestValue({ testValue: testValue ?? null }, at)
  if (under === undefined) throw scriptFault(`${at}.under`, 'is missing')
  const key = readBytes(under, `${at}.under`, scope)
  if (typeof padding !== 'string' || !Object.hasOwn(WRAP_HASH, padding))
    throw scriptFault(`${at}.padding`, `one of ${Object.keys(WRAP_HASH).join(', ')} is wanted`)
  const hash = WRAP_HASH[padding as WrapPadding]
  return {
    shown: `${plain.shown} under ${key.shown}, ${padding}`,
    bytes: async (bench) => {
      const spki = decodeSpki(await key.bytes(bench))
      if (!spki.ok || spki.value.type !== 'RSA') throw new Unavailable(`${key.shown} is no RSA key`)
      const message = await plain.bytes(bench)
      const room = spki.value.n.length - (hash === null ? 11 : 2 * HASH_BYTES[hash] + 2)
      if (message.length > room) throw new Unavailable(`${plain.shown} does not fit under ${key.shown}: ${room} bytes do`)
      return hash === null ? bench.crypto.pkcs1Encrypt(spki.value, message) : bench.crypto.oaepEncrypt(spki.value, message, { hash, mgf1: hash })
    },
  }
}

type WrapHash = Extract<Hash, 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'>
const WRAP_HASH: Readonly<Record<WrapPadding, WrapHash | null>> = {
  pkcs1: null,
  'oaep-sha1': 'SHA-1',
  'oaep-sha256': 'SHA-256',
  'oaep-sha384': 'SHA-384',
  'oaep-sha512': 'SHA-512',
}
const HASH_BYTES: Readonly<Record<WrapHash, number>> = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 }

const constant = (value: unknown, shown: string): Argument => ({ shown, of: () => Promise.resolve(value) })
const NULL = constant(null, 'NULL')
const fixed = (bytes: Uint8Array): BytesArgument => ({ shown: `${bytes.length} bytes`, bytes: () => Promise.resolve(bytes) })
const asText = ({ shown, bytes }: BytesArgument): Argument => ({ shown, of: async (bench) => toBase64url(await bytes(bench)) })

function hexIn(value: JsonValue, at: string): Uint8Array {
  const bytes = typeof value === 'string' ? fromHex(value.toLowerCase()) : null
  if (bytes === null) throw scriptFault(at, 'hexadecimal digits, two for each byte, are wanted')
  if (bytes.length > BYTES_LIMIT) throw scriptFault(at, `at most ${BYTES_LIMIT} bytes are wanted`)
  return bytes
}

/** A text as the interface has it. */
function wideTextIn(value: JsonValue, at: string): Uint8Array {
  try {
    if (typeof value === 'string') return encodeWideText(value)
  } catch {
    // Half of a character, or a NUL: told below.
  }
  throw scriptFault(at, 'a well-formed text without NUL is wanted')
}

/** What the server's enclave takes as one argument. */
const BYTES_LIMIT = 8192

/** The one member of an object, whose name is one of those. */
function oneMember(
  value: JsonValue,
  at: string,
  names: readonly string[],
  wanted = `bytes are wanted: {"hex": "…"}, {"text": "…"}, {"u32": 1}, {"concat": […]}, {"wrapped": {…}} or a reference`,
): readonly [string, JsonValue] {
  if (!isJsonObject(value)) throw scriptFault(at, wanted)
  onlyMembers(value, at, names)
  const [member, second] = Object.entries(value)
  if (member === undefined || second !== undefined || member[1] === null) throw scriptFault(at, wanted)
  return member
}

/** Refuses members that nobody knows. */
export function onlyMembers(value: JsonObject, at: string, names: readonly string[]): void {
  const stranger = Object.keys(value).find((name) => !names.includes(name))
  if (stranger !== undefined) throw scriptFault(at, `there is no member ${JSON.stringify(stranger)}`, ...near(stranger, names))
}

/** A hint at what was meant. */
export function near(word: string, names: readonly string[]): string[] {
  const found = nearest(word, names)
  return found === null ? [] : [`Did you mean ${found}?`]
}
