/**
 * JSON (RFC 8259) from somebody we do not trust.
 *
 * `JSON.parse` keeps the last of two members with one name, so two readers of one text can disagree about what it says; it nests as
 * deep as the stack goes, and it can be made to touch prototypes. This reader refuses duplicate names, has a cap for
 * size and depth, and gives objects without a prototype. It knows no document type: codecs say which members they want.
 *
 * Faults name the place and never repeat values, because a JWK is JSON too.
 *
 * Requirements: BYOK-90, BYOK-96 (the caps themselves belong to the codecs).
 * @module
 */
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'

/** What JSON text can say. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** A JSON object without a prototype: every member is one that the text names, `__proto__` included. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}

/** What may be wrong with JSON text; `at` is the path of the member and the offset in the text. */
export type JsonFault = Fault<'json_too_large' | 'json_too_deep' | 'json_syntax' | 'json_duplicate_member' | 'json_lone_surrogate' | 'json_number_too_large'>

/** The caps of a document type. */
export interface JsonLimits {
  /** Objects and arrays inside each other: a bare number has depth 0, `{}` has depth 1. At most 64. */
  readonly maxDepth: number
  /** Size of the text as UTF-8. */
  readonly maxBytes: number
}

/**
 * Reads one JSON value and nothing behind it. A byte order mark is not white space: the caller judges it before.
 *
 * @example
 * parseJson('{"a":1,"a":2}', { maxDepth: 4, maxBytes: 65536 })
 * // { ok: false, fault: { code: 'json_duplicate_member', at: 'a, offset 7' } }
 */
export function parseJson(text: string, limits: JsonLimits): Verdict<JsonValue, JsonFault> {
  if (typeof text !== 'string') throw new TypeError('parseJson: text is wanted')
  if (!(limits.maxDepth >= 0 && limits.maxDepth <= DEEPEST)) throw new TypeError(`parseJson: maxDepth is 0 to ${DEEPEST}`)
  const size = utf8Length(text, limits.maxBytes)
  if (size > limits.maxBytes) return refuse({ code: 'json_too_large', found: size, wanted: limits.maxBytes })
  return new JsonReader(text, limits.maxDepth).document()
}

/** Tells an object from the other values. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A recursive-descent reader. Methods answer `undefined`, which is no JSON value, once `fault` is set; the depth cap
 * bounds the recursion.
 */
class JsonReader {
  readonly #text: string
  readonly #maxDepth: number
  /** One step for each open object or array; `null` while it has no member yet. */
  readonly #path: (string | number | null)[] = []
  #at = 0
  #fault: JsonFault | null = null

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  document(): Verdict<JsonValue, JsonFault> {
    this.#space()
    const value = this.#value()
    if (value !== undefined) {
      this.#space()
      if (this.#at < this.#text.length) this.#syntax('the end')
    }
    return value === undefined || this.#fault ? refuse(this.#fault!) : accept(value)
  }

  #value(): JsonValue | undefined {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#object())
      case '[':
        return this.#nested(() => this.#array())
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #nested(read: () => JsonValue | undefined): JsonValue | undefined {
    if (this.#path.length >= this.#maxDepth) return this.#refuse('json_too_deep', { wanted: this.#maxDepth })
    this.#at++
    this.#space()
    this.#path.push(null)
    const value = read()
    this.#path.pop()
    return value
  }

  #object(): JsonObject | undefined {
    const object = Object.create(null) as Record<string, JsonValue>
    if (this.#take('}')) return object
    do {
      this.#name(null)
      this.#space()
      const start = this.#at
      if (this.#text[this.#at] !== '"') return this.#syntax('a member name')
      const name = this.#string()
      if (name === undefined) return undefined
      this.#name(name)
      if (name in object) return this.#refuse('json_duplicate_member', {}, start)
      this.#space()
      if (!this.#take(':')) return this.#syntax('":"')
      this.#space()
      const value = this.#value()
      if (value === undefined) return undefined
      object[name] = value
      this.#space()
    } while (this.#take(','))
    return this.#take('}') ? object : this.#syntax('"," or "}"')
  }

  #array(): JsonValue[] | undefined {
    const array: JsonValue[] = []
    if (this.#take(']')) return array
    do {
      this.#name(array.length)
      this.#space()
      const value = this.#value()
      if (value === undefined) return undefined
      array.push(value)
      this.#space()
    } while (this.#take(','))
    return this.#take(']') ? array : this.#syntax('"," or "]"')
  }

  #string(): string | undefined {
    const start = this.#at++
    let value = ''
    let piece = this.#at
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      // NaN at the end of the text fails this comparison too.
      if (!(code >= 0x20)) return this.#syntax('a character or the end of the string')
      if (code === QUOTE || code === BACKSLASH) {
        value += this.#text.slice(piece, this.#at++)
        if (code === QUOTE) break
        const escaped = this.#escape()
        if (escaped === undefined) return undefined
        value += escaped
        piece = this.#at
      } else this.#at++
    }
    // With the flag `u`, Cs matches only surrogates that are not one half of a pair: no UTF-8 can carry them on.
    return /\p{Cs}/u.test(value) ? this.#refuse('json_lone_surrogate', {}, start) : value
  }

  #escape(): string | undefined {
    const letter = this.#text[this.#at] ?? ''
    const simple = ESCAPES.get(letter)
    if (simple !== undefined) {
      this.#at++
      return simple
    }
    const digits = this.#text.slice(this.#at + 1, this.#at + 5)
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) return this.#syntax('an escape')
    this.#at += 5
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #number(): number | undefined {
    NUMBER.lastIndex = this.#at
    const digits = NUMBER.exec(this.#text)?.[0]
    if (digits === undefined) return this.#syntax('a value')
    const value = Number(digits)
    if (!Number.isFinite(value)) return this.#refuse('json_number_too_large')
    this.#at += digits.length
    return value
  }

  #word<T extends JsonValue>(word: string, value: T): T | undefined {
    if (!this.#text.startsWith(word, this.#at)) return this.#syntax('a value')
    this.#at += word.length
    return value
  }

  #space(): void {
    while (SPACE.has(this.#text[this.#at] ?? '')) this.#at++
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #name(name: string | number | null): void {
    this.#path[this.#path.length - 1] = name
  }

  #syntax(wanted: string): undefined {
    return this.#refuse('json_syntax', { wanted })
  }

  #refuse(code: JsonFault['code'], rest: Omit<JsonFault, 'code' | 'at'> = {}, offset = this.#at): undefined {
    const path = this.#path.map(shown).join('').replace(/^\./, '')
    this.#fault = { code, at: path === '' ? `offset ${offset}` : `${path}, offset ${offset}`, ...rest }
    return undefined
  }
}

/** One step of a path. Names come from the peer, so what a terminal could act on is escaped and the length is capped. */
function shown(step: string | number | null): string {
  if (step === null) return ''
  if (typeof step === 'number') return `[${step}]`
  if (/^[\w-]{1,64}$/.test(step)) return `.${step}`
  const escaped = JSON.stringify(step.slice(0, 64)).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `[${escaped}]`
}

/** The length of the text as UTF-8; stops counting once it is over the limit. */
function utf8Length(text: string, limit: number): number {
  let length = text.length
  // Two bytes more for what takes three of them, one for two; each half of a surrogate pair counts two of the pair's four.
  for (let i = 0; i < text.length && length <= limit; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) length += code < 0x800 || (code & 0xf800) === 0xd800 ? 1 : 2
  }
  return length
}

const DEEPEST = 64
const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = new Set([' ', '\t', '\n', '\r'])
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const ESCAPES = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
