/**
 * The ledger of a session: which secret exists in which enclave, what was said and shown outside, and whether any secret
 * can be seen there. It knows secrets only through an enclave's optional witness, so it belongs into tests and
 * demonstrations (SECURITY.md).
 *
 * A secret is searched for raw, in hex, in base64 and base64url in all three phases, in base64 of base64, as a decimal
 * list, as one decimal number, and each of these with its bytes reversed. Texts are collected leaf by leaf: every string,
 * number list, byte array and member name anywhere in a message, snapshot, inspection event, output or file; what a string
 * holds that is JSON itself; and the same without its white space, so that a PEM file or a printed buffer hides nothing.
 *
 * Only a whole secret is found. Half of one, one that is shorter than 12 bytes, and one that is masked, compressed or
 * written in any other way are not.
 *
 * Spec: spec/byok.md, BYOK-1, BYOK-6, BYOK-155.
 * @module
 */
import { toBase64 } from '../src/bytes/base64.js'
import { utf8 } from '../src/bytes/bytes.js'
import { toHex } from '../src/bytes/hex.js'

/** What kind of public thing was shown. */
export type ShownAs = 'message' | 'snapshot' | 'inspection event' | 'output' | 'file' | 'text'

/** A secret seen where it must not be. Names the secret, never shows it. */
export interface Leak {
  readonly secret: string
  readonly form: string
  readonly where: string
}

/** See the module text. */
export class Ledger {
  readonly #secrets: { readonly name: string; readonly enclave: string; readonly bytes: Uint8Array }[] = []
  readonly #texts = new Map<string, string>()
  readonly #counts: Record<ShownAs, number> = { message: 0, snapshot: 0, 'inspection event': 0, output: 0, file: 0, text: 0 }

  /** The witness to construct an enclave with. Bytes are copied, those of a Node `Buffer` too, whose `slice` does not copy. */
  readonly witness = (secret: { readonly name: string; readonly bytes: Uint8Array; readonly enclave: string }): void => {
    if (secret.bytes.length >= WINDOW) this.#secrets.push({ name: secret.name, enclave: secret.enclave, bytes: Uint8Array.from(secret.bytes) })
  }

  /** Notes something public. */
  show(as: ShownAs, where: string, value: unknown): void {
    this.#counts[as]++
    for (const text of leaves(value)) if (text.length >= WINDOW && !this.#texts.has(text)) this.#texts.set(text, `${as}: ${where}`)
  }

  /** How many secrets were told of. */
  get secrets(): number {
    return this.#secrets.length
  }

  /** How many things of a kind were shown. */
  count(as: ShownAs): number {
    return this.#counts[as]
  }

  /** Every secret that can be seen in what was shown. */
  leaks(): readonly Leak[] {
    const patterns = new Map<string, { readonly text: string; readonly form: string; readonly secret: string }[]>()
    for (const { name, enclave, bytes } of this.#secrets)
      for (const [form, text] of formsOf(bytes)) {
        if (text.length < WINDOW) continue
        const head = text.slice(0, WINDOW)
        const known = patterns.get(head)
        const pattern = { text, form, secret: `${name} of ${enclave}` }
        if (known) known.push(pattern)
        else patterns.set(head, [pattern])
      }
    const leaks: Leak[] = []
    for (const [text, where] of this.#texts)
      for (let at = 0; at + WINDOW <= text.length; at++)
        for (const { text: pattern, form, secret } of patterns.get(text.slice(at, at + WINDOW)) ?? [])
          if (text.startsWith(pattern, at)) leaks.push({ secret, form, where })
    return leaks
  }

  /** The line that a run ends with. */
  summary(leaks: readonly Leak[] = this.leaks()): string {
    const seen = new Set(leaks.map((leak) => leak.secret)).size
    return `${this.secrets} secrets tracked, ${seen} seen outside an enclave in ${this.count('message')} messages, ${this.count('snapshot')} snapshots, ${this.count('inspection event')} inspection events`
  }

  /** Overwrites the copies of all secrets. */
  wipe(): void {
    for (const { bytes } of this.#secrets) bytes.fill(0)
    this.#secrets.length = 0
  }
}

/** Shorter strings would be found by chance; a PIN for a test has at least so many characters (bytes and characters alike). */
const WINDOW = 12

/** Every way of writing a secret that is searched for. */
export function formsOf(bytes: Uint8Array): readonly (readonly [form: string, text: string])[] {
  return [...straightFormsOf(bytes, ''), ...straightFormsOf(Uint8Array.from(bytes).reverse(), 'reversed ')]
}

function straightFormsOf(bytes: Uint8Array, prefix: string): (readonly [string, string])[] {
  // A number is often printed without its leading zeros.
  const hex = toHex(bytes).replace(/^0+(?=.{16})/, '')
  const once = phasesOf(bytes)
  const forms: (readonly [string, string])[] = [
    [`${prefix}raw`, latin1(bytes)],
    [`${prefix}hex`, hex],
    [`${prefix}HEX`, hex.toUpperCase()],
    [`${prefix}decimal list`, bytes.join(',')],
    [`${prefix}decimal number`, BigInt(`0x${hex || '0'}`).toString()],
  ]
  for (const inner of once) {
    forms.push([`${prefix}base64`, inner], [`${prefix}base64url`, urlForm(inner)])
    for (const outer of [...phasesOf(utf8(inner)), ...phasesOf(utf8(urlForm(inner)))])
      forms.push([`${prefix}base64 of base64`, outer], [`${prefix}base64url of base64`, urlForm(outer)])
  }
  return forms
}

/** Base64 of the bytes as it stands inside a longer text, for each of the three alignments: only characters that depend on nothing else. */
function phasesOf(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].map((phase) => {
    const shifted = new Uint8Array(phase + bytes.length)
    shifted.set(bytes, phase)
    return toBase64(shifted).slice(Math.ceil((phase * 8) / 6), Math.floor(((phase + bytes.length) * 8) / 6))
  })
}

const urlForm = (text: string) => text.replace(/\+/g, '-').replace(/\//g, '_')

/** Bytes as text, one character each. `String.fromCharCode(...bytes)` alone takes no more bytes than the stack does. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Every text in a value, however deep; numbers that stand together as decimal list, bytes one character each. */
function* leaves(value: unknown, seen = new Set<object>()): Generator<string> {
  if (typeof value === 'string') yield* textsOf(value, seen)
  if (typeof value === 'symbol' && value.description !== undefined) yield* textsOf(value.description, seen)
  if (typeof value === 'bigint') yield value.toString(16)
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  if (value instanceof ArrayBuffer) yield* textsOf(latin1(new Uint8Array(value)), seen)
  if (value instanceof Map) yield* leaves([...value.keys(), ...value.values()], seen)
  if (value instanceof Set) yield* leaves([...value], seen)
  if (ArrayBuffer.isView(value)) {
    yield* textsOf(latin1(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)), seen)
    if (!(value instanceof DataView)) yield Array.from(value as Uint8Array).join(',')
    return
  }
  // Own names, not only enumerable ones: an error's message and stack are among them.
  const members = Reflect.ownKeys(value).map((name) => [name, memberOf(value, name)] as const)
  // A byte array in JSON is an object with numbered members.
  const numbers = members.flatMap(([, member]) => (typeof member === 'number' ? [member] : []))
  yield numbers.join(',')
  for (const [name, member] of members) {
    yield* leaves(name, seen)
    yield* leaves(member, seen)
  }
}

/** A member, or what reading it throws. */
function memberOf(value: object, name: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown>)[name]
  } catch (error) {
    return error
  }
}

/** A text as it is, without what a printer puts between bytes or into long lines, and what it says as JSON. */
function* textsOf(text: string, seen: Set<object>): Generator<string> {
  if (text.length < WINDOW) return
  yield text
  const dense = text.replace(/\\*"\d+\\*"\s*:/g, '').replace(/\s+|\\+[nrt]/g, '')
  if (dense !== text) yield dense
  if (/^\s*[[{"]/.test(text)) yield* leaves(parsed(text), seen)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
