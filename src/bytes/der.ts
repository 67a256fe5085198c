/**
 * Strict DER (ITU-T X.690 §10): a cursor that reads what a decoder asks for and nothing else, and a writer.
 *
 * A decoder names the element it expects at each step, so nothing is guessed, nesting is as deep as the decoder's own
 * text, and a fault can say `PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 9`. Two encodings of one value would be
 * two names for one key: BER's other lengths, negative or padded integers and trailing bytes are refused.
 *
 * What is read are windows on the input, never copies; a decoder copies what it keeps. The writer gathers the windows
 * and copies each once, into the result. So a private key leaves no
 * intermediate behind. Says nothing about what the elements mean: `oid.ts`, `pkcs8.ts` and their neighbours do.
 *
 * Requirement: BYOK-69.
 * @module
 */
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'

/** What may be wrong with the encoding itself. */
export type DerCode =
  | 'der_truncated'
  | 'der_tag_unexpected'
  | 'der_tag_multibyte'
  | 'der_length_indefinite'
  | 'der_length_not_minimal'
  | 'der_length_too_large'
  | 'der_trailing_bytes'
  | 'der_too_deep'
  | 'der_integer_empty'
  | 'der_integer_negative'
  | 'der_integer_not_minimal'
  | 'der_integer_too_large'
  | 'der_null_not_empty'
  | 'der_oid_malformed'
  | 'der_bit_string_empty'
  | 'der_bit_string_unused_bits'

/** A {@link DerCode} with its place. */
export type DerFault = Fault<DerCode>

/** The tags that key formats use; context-specific ones are made by {@link contextTag}. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const

/** The tag byte `[number]`, primitive unless said otherwise. */
export const contextTag = (number: number, constructed = false): number => 0x80 | (constructed ? 0x20 : 0) | number

/**
 * Reads `bytes` as one DER value with the given decoder. The decoder goes through its grammar in a straight line; the
 * first thing that is not as asked for ends it, and comes back as the fault. `C` are the decoder's own codes, those that it
 * passes to {@link DerCursor.refuse}. Where the bytes are `secret`, faults of the encoding say what was wanted and where, but not what
 * was found: a raw AES key read as DER would show its first byte.
 *
 * @example
 * readDer(bytes, (der) => der.sequence('Point', (point) => ({ x: point.integer('x'), y: point.integer('y') })))
 */
export function readDer<T, C extends string = never>(
  bytes: Uint8Array,
  decode: (der: DerCursor<C>) => T,
  { secret = false } = {},
): Verdict<T, Fault<C | DerCode>> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('DER: a Uint8Array is wanted')
  try {
    const der = new DerCursor<C>(bytes, secret, 0, bytes.length, '')
    const value = decode(der)
    der.end()
    return accept(value)
  } catch (refusal) {
    if (refusal instanceof Refusal) return refuse(refusal.fault as Fault<C | DerCode>)
    throw refusal
  }
}

/** A place in DER bytes. Made by {@link readDer} only; every method either moves on or ends the reading with a fault. */
export class DerCursor<C extends string = never> {
  readonly #bytes: Uint8Array
  readonly #secret: boolean
  readonly #end: number
  readonly #path: string
  #at: number

  /** @internal */
  constructor(bytes: Uint8Array, secret: boolean, at: number, end: number, path: string) {
    this.#bytes = bytes
    this.#secret = secret
    this.#at = at
    this.#end = end
    this.#path = path
  }

  /** Whether everything inside the surrounding element has been read. */
  get done(): boolean {
    return this.#at === this.#end
  }

  /** The tag byte of the next element, `null` at the end. Nothing is read. */
  get tag(): number | null {
    return this.done ? null : this.#bytes[this.#at]!
  }

  /** Whether the next element has this tag. Nothing is read. */
  next(tag: number): boolean {
    return this.tag === tag
  }

  /** A SEQUENCE whose content `decode` reads to the last byte. */
  sequence<T>(name: string, decode: (inside: DerCursor<C>) => T): T {
    return this.constructed(TAG.sequence, name, decode)
  }

  /** A constructed element with any tag, read to the last byte. */
  constructed<T>(tag: number, name: string, decode: (inside: DerCursor<C>) => T): T {
    return this.#within(this.#element(tag, name), name, decode)
  }

  /** An OCTET STRING. */
  octetString(name: string): Uint8Array {
    return this.#window(this.#element(TAG.octetString, name))
  }

  /** An OCTET STRING that contains DER, read to the last byte. */
  octetStringContaining<T>(name: string, decode: (inside: DerCursor<C>) => T): T {
    return this.#within(this.#element(TAG.octetString, name), name, decode)
  }

  /** A BIT STRING of whole bytes; a tag can be given where the schema tags it implicitly. */
  bitString(name: string, tag: number = TAG.bitString): Uint8Array {
    return this.#window(this.#bitStringContent(name, tag))
  }

  /** A BIT STRING that contains DER, read to the last byte. */
  bitStringContaining<T>(name: string, decode: (inside: DerCursor<C>) => T, tag: number = TAG.bitString): T {
    return this.#within(this.#bitStringContent(name, tag), name, decode)
  }

  /** An INTEGER that is not negative: its bytes without the sign byte; zero is one zero byte. */
  integer(name: string): Uint8Array {
    const { start, end, at } = this.#element(TAG.integer, name)
    const [first, second] = [this.#bytes[start]!, this.#bytes[start + 1]!]
    if (start === end) this.#fail({ code: 'der_integer_empty' }, name, at)
    if (first >= 0x80) this.#fail({ code: 'der_integer_negative' }, name, at)
    if (first === 0 && end - start > 1 && second < 0x80) this.#fail({ code: 'der_integer_not_minimal' }, name, at)
    return this.#bytes.subarray(first === 0 && end - start > 1 ? start + 1 : start, end)
  }

  /** An INTEGER that is a version number: 0 to 255. */
  smallInteger(name: string): number {
    const at = this.#at
    const bytes = this.integer(name)
    if (bytes.length > 1) this.#fail({ code: 'der_integer_too_large', wanted: 'at most 255' }, name, at)
    return bytes[0]!
  }

  /** A NULL. */
  null(name: string): void {
    const { start, end, at } = this.#element(TAG.null, name)
    if (start !== end) this.#fail({ code: 'der_null_not_empty', found: end - start, wanted: 0 }, name, at)
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  objectIdentifier(name: string): string {
    const { start, end, at } = this.#element(TAG.objectIdentifier, name)
    const dotted = end - start <= LONGEST_OID ? dottedForm(this.#bytes.subarray(start, end)) : null
    return dotted ?? this.#fail({ code: 'der_oid_malformed' }, name, at)
  }

  /** Steps over one element of any kind. Its encoding is checked as deep as it goes, its meaning is not. */
  skip(name: string, deepest = 16): void {
    const tag = this.#bytes[this.#at] ?? 0
    const element = this.#element(null, name)
    if ((tag & CONSTRUCTED) === 0) return
    if (deepest === 0) this.#fail({ code: 'der_too_deep' }, name, element.at)
    this.#within(element, name, (inside) => {
      while (!inside.done) inside.skip('…', deepest - 1)
    })
  }

  /** Steps over zero bytes up to the end, if there are no more than `most` of them, and says how many there were. */
  zeros(most: number): number {
    const rest = this.#bytes.subarray(this.#at, this.#end)
    if (rest.length > most || rest.some((byte) => byte !== 0)) return 0
    this.#at = this.#end
    return rest.length
  }

  /** Ends the reading unless everything has been read. Called by the cursor itself behind each constructed element. */
  end(): void {
    if (!this.done) this.#fail({ code: 'der_trailing_bytes', found: this.#end - this.#at, wanted: 0 }, '', this.#at)
  }

  /** Where the next element starts, counted from the first byte of the input. */
  get offset(): number {
    return this.#at
  }

  /** Ends the reading with a fault of the decoder's own. `offset` is where the element in question started. */
  refuse(fault: Omit<Fault<C>, 'at'>, name = '', offset = this.#at): never {
    const { code, ...details } = fault
    const path = this.#pathOf(name)
    throw new Refusal({ code, at: path === '' ? `offset ${offset}` : `${path}, offset ${offset}`, ...details })
  }

  #within<T>({ start, end }: Element, name: string, decode: (inside: DerCursor<C>) => T): T {
    const inside = new DerCursor<C>(this.#bytes, this.#secret, start, end, this.#pathOf(name))
    const value = decode(inside)
    inside.end()
    return value
  }

  #window({ start, end }: Element): Uint8Array {
    return this.#bytes.subarray(start, end)
  }

  #bitStringContent(name: string, tag: number): Element {
    const { start, end, at } = this.#element(tag, name)
    if (start === end) this.#fail({ code: 'der_bit_string_empty' }, name, at)
    if (this.#bytes[start] !== 0) this.#fail({ code: 'der_bit_string_unused_bits', found: this.#bytes[start]!, wanted: 0 }, name, at)
    return { at, start: start + 1, end }
  }

  /** Tag and length (X.690 §8.1.2, §8.1.3, §10.1); moves behind the element. `null` takes any tag of one byte. */
  #element(tag: number | null, name: string): Element {
    const at = this.#at
    const bytes = this.#bytes
    if (at >= this.#end) this.#fail({ code: 'der_truncated', wanted: tag === null ? 'an element' : tagName(tag) }, name, at)
    const found = bytes[at]!
    if (tag === null && (found & 0x1f) === 0x1f) this.#fail({ code: 'der_tag_multibyte', found: tagName(found) }, name, at)
    if (tag !== null && found !== tag) this.#fail({ code: 'der_tag_unexpected', found: tagName(found), wanted: tagName(tag) }, name, at)

    if (at + 1 >= this.#end) this.#fail({ code: 'der_truncated', wanted: 'a length' }, name, at + 1)
    const first = bytes[at + 1]!
    let start = at + 2
    let length = first
    if (first === 0x80) this.#fail({ code: 'der_length_indefinite' }, name, at + 1)
    if (first > 0x80) {
      const size = first & 0x7f
      // Three bytes say up to 16 MiB. More would be a length that no key has, and 0xff is reserved.
      if (size > 3) this.#fail({ code: 'der_length_too_large', found: size, wanted: 'at most 3 bytes' }, name, at + 1)
      start += size
      if (start > this.#end) this.#fail({ code: 'der_truncated', wanted: 'a length' }, name, at + 1)
      length = bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
      if (length < 0x80 || length < 256 ** (size - 1)) this.#fail({ code: 'der_length_not_minimal', found: length }, name, at + 1)
    }
    if (length > this.#end - start) this.#fail({ code: 'der_truncated', found: this.#end - start, wanted: length }, name, start)
    this.#at = start + length
    return { at, start, end: this.#at }
  }

  #pathOf(name: string): string {
    return this.#path === '' || name === '' ? this.#path + name : `${this.#path}.${name}`
  }

  #fail({ found, ...fault }: Omit<DerFault, 'at'>, name: string, offset: number): never {
    return (this as DerCursor<DerCode>).refuse(this.#secret || found === undefined ? fault : { ...fault, found }, name, offset)
  }
}

/** An element to be written: a tag, and windows on its content that are copied when the whole is written. */
export interface DerElement {
  readonly tag: number
  readonly content: readonly (Uint8Array | DerElement)[]
  /** Length of the content. */
  readonly length: number
}

/** An element with any tag. */
export function element(tag: number, ...content: readonly (Uint8Array | DerElement)[]): DerElement {
  return { tag, content, length: content.reduce((sum, part) => sum + ('tag' in part ? headerLength(part.length) + part.length : part.length), 0) }
}

/** A SEQUENCE. */
export const sequence = (...content: readonly DerElement[]): DerElement => element(TAG.sequence, ...content)

/** A non-negative INTEGER from big-endian bytes; leading zero bytes are left out and the sign byte is put in. */
export function integer(bytes: Uint8Array): DerElement {
  let first = 0
  while (first < bytes.length - 1 && bytes[first] === 0) first++
  const minimal = bytes.subarray(first)
  return (minimal[0] ?? 0x80) >= 0x80 ? element(TAG.integer, ZERO, minimal) : element(TAG.integer, minimal)
}

/** An INTEGER from 0 to 255. */
export const smallInteger = (value: number): DerElement => integer(Uint8Array.of(value))

/** An OCTET STRING of bytes or around another element. */
export const octetString = (content: Uint8Array | DerElement): DerElement => element(TAG.octetString, content)

/** A BIT STRING of whole bytes, or around another element. */
export const bitString = (content: Uint8Array | DerElement, tag: number = TAG.bitString): DerElement => element(tag, ZERO, content)

/** A NULL. */
export const nullElement = (): DerElement => element(TAG.null)

/** An OBJECT IDENTIFIER from its dotted form. A text that is none is a `TypeError`. */
export function objectIdentifier(dotted: string): DerElement {
  const arcs = /^[0-2](\.(0|[1-9]\d*))+$/.test(dotted) ? dotted.split('.').map(BigInt) : []
  const [root, second, ...others] = arcs
  if (root === undefined || second === undefined || (root < 2n && second > 39n)) throw new TypeError(`not an object identifier: ${dotted}`)
  return element(TAG.objectIdentifier, Uint8Array.from([root * 40n + second, ...others].flatMap(base128)))
}

/** The bytes of an element. They are the caller's to wipe. */
export function writeDer(value: DerElement): Uint8Array {
  const bytes = new Uint8Array(headerLength(value.length) + value.length)
  put(value, bytes, 0)
  return bytes
}

/** Carries a fault out of a decoder; never leaves this file. */
class Refusal extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.code)
    this.fault = fault
  }
}

interface Element {
  /** Offset of the tag. */
  readonly at: number
  /** Offsets of the content. */
  readonly start: number
  readonly end: number
}

function put(value: DerElement, bytes: Uint8Array, offset: number): number {
  let at = offset
  bytes[at++] = value.tag
  if (value.length < 0x80) bytes[at++] = value.length
  else {
    const size = headerLength(value.length) - 2
    bytes[at++] = 0x80 | size
    for (let i = size - 1; i >= 0; i--) bytes[at++] = (value.length >>> (8 * i)) & 0xff
  }
  for (const part of value.content) {
    if ('tag' in part) at = put(part, bytes, at)
    else {
      bytes.set(part, at)
      at += part.length
    }
  }
  return at
}

const headerLength = (length: number): number => (length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5)

/** X.690 §8.19; `null` where an arc is cut off or does not take the fewest bytes. */
function dottedForm(content: Uint8Array): string | null {
  const arcs: bigint[] = []
  let arc = 0n
  let open = false
  for (const byte of content) {
    if (!open && byte === 0x80) return null
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    open = byte >= 0x80
    if (open) continue
    arcs.push(arc)
    arc = 0n
  }
  const [first, ...others] = arcs
  if (open || first === undefined) return null
  const root = first < 80n ? first / 40n : 2n
  return [root, first - root * 40n, ...others].join('.')
}

function base128(arc: bigint): number[] {
  const bytes = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) bytes.unshift(Number(rest & 0x7fn) | 0x80)
  return bytes
}

/** How a tag is named in a fault. */
function tagName(tag: number): string {
  const known = Object.entries(TAG).find(([, byte]) => byte === tag)?.[0]
  return `${known ? `${known} ` : ''}0x${tag.toString(16).padStart(2, '0')}`
}

const CONSTRUCTED = 0x20
const LONGEST_OID = 64
const ZERO = Uint8Array.of(0)
