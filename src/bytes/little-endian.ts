/**
 * Structures of little-endian integers, as C programs lay them out: a cursor that reads what a decoder asks for and nothing
 * else, and a writer.
 *
 * A decoder names each member, so a fault can say `CARD_IMPORT_KEYPAIR.cbInput, offset 20`. Reading is exact: what a
 * structure does not use has to be zero, the lengths that it announces have to add up, and nothing may follow it.
 *
 * What is read are windows on the input, never copies; a decoder copies what it keeps once nothing can be refused any more.
 * The writer gathers windows and copies each once, into the result. So a secret leaves no intermediate behind.
 * Says nothing about what the members mean: the structures and key blobs of `src/ski` do.
 *
 * Requirements: SKI-80, SKI-102.
 * @module
 */
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { requireBytes } from './bytes.js'

/** What may be wrong with the layout itself. */
export type StructureCode = 'structure_truncated' | 'structure_trailing_bytes' | 'structure_reserved_not_zero' | 'structure_length_differs'

/** A {@link StructureCode} with its place. */
export type StructureFault = Fault<StructureCode>

/** One member as it was read. */
export interface ReadField {
  /** Structure and member, for example `CARD_IMPORT_KEYPAIR.cbInput`. */
  readonly path: string
  /** The member. */
  readonly name: string
  /** Offset of its first byte. */
  readonly offset: number
  /** Its length in bytes. */
  readonly length: number
  /** `integer`: the value is a number; `bytes`: a window on the input; `reserved`: a window on bytes that have to be zero. */
  readonly kind: 'integer' | 'bytes' | 'reserved'
  readonly value: number | Uint8Array
}

/** Told of each member, in order, before it is judged: for a program that explains a structure to its owner. Values may be secret. */
export type Observe = (field: ReadField) => void

/** What the cursor knows about a structure as a whole. */
export interface StructureReading {
  /** The structure's name, the first part of every place. */
  readonly name: string
  /** The requirement that faults name, unless a fault names its own. */
  readonly requirement: string
  /** Whether the bytes may be a secret: faults do not say what was found until {@link LittleEndianCursor.reveal}. */
  readonly secret?: boolean
  readonly observe?: Observe | undefined
}

/** A member that announces the length of another one. */
export interface AnnouncedLength {
  readonly name: string
  readonly offset: number
  /** Bytes. */
  readonly value: number
}

/**
 * Reads `bytes` as one structure with the given decoder, to the last byte. The first thing that is not as asked for ends
 * the reading and comes back as the fault. `C` are the decoder's own codes, those that it passes to
 * {@link LittleEndianCursor.refuse}.
 *
 * @example
 * readLittleEndian(bytes, { name: 'CARD_KEY_SIZES', requirement: 'SKI-91' }, (le) => ({ version: le.u32('dwVersion') }))
 */
export function readLittleEndian<T, C extends string = never>(
  bytes: Uint8Array,
  reading: StructureReading,
  decode: (le: LittleEndianCursor<C>) => T,
): Verdict<T, Fault<C | StructureCode>> {
  requireBytes(bytes, reading.name)
  try {
    const le = new LittleEndianCursor<C>(bytes, reading)
    const value = decode(le)
    le.end()
    return accept(value)
  } catch (refusal) {
    if (refusal instanceof Refusal) return refuse(refusal.fault as Fault<C | StructureCode>)
    throw refusal
  }
}

/** A place in a structure. Made by {@link readLittleEndian} only; every method either moves on or ends the reading with a fault. */
export class LittleEndianCursor<C extends string = never> {
  readonly #bytes: Uint8Array
  readonly #reading: StructureReading
  #secret: boolean
  #at = 0

  /** @internal */
  constructor(bytes: Uint8Array, reading: StructureReading) {
    this.#bytes = bytes
    this.#reading = reading
    this.#secret = reading.secret === true
  }

  /** Offset of the next member. */
  get offset(): number {
    return this.#at
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** A `BYTE`. */
  u8(name: string): number {
    return this.#integer(name, 1)
  }

  /** A `WORD`. */
  u16(name: string): number {
    return this.#integer(name, 2)
  }

  /** A `DWORD`. */
  u32(name: string): number {
    return this.#integer(name, 4)
  }

  /** Eight bytes, `null` where no number is exact (from 2^53 on). */
  u64(name: string): number | null {
    const window = this.#take(name, 8)
    const value = littleEndian(window)
    const exact = Number.isSafeInteger(value)
    this.#reading.observe?.(exact ? this.#field(name, 'integer', window, value) : this.#field(name, 'bytes', window, window))
    return exact ? value : null
  }

  /** A `DWORD` that says how long another member is. */
  announced(name: string): AnnouncedLength {
    const offset = this.#at
    return { name, offset, value: this.u32(name) }
  }

  /** So many bytes, as a window. */
  bytes(name: string, length: number): Uint8Array {
    const window = this.#take(name, length)
    this.#reading.observe?.(this.#field(name, 'bytes', window, window))
    return window
  }

  /** So many bytes that mean nothing and have to be zero. */
  reserved(name: string, length: number): void {
    const offset = this.#at
    const window = this.#take(name, length)
    this.#reading.observe?.(this.#field(name, 'reserved', window, window))
    const wrong = window.findIndex((byte) => byte !== 0)
    if (wrong >= 0) this.#fail({ code: 'structure_reserved_not_zero', found: window[wrong]!, wanted: 0 }, name, offset + wrong)
  }

  /**
   * What stands behind the fixed part: byte strings of the announced lengths, which take up all that is left. A length that
   * does not fit is a fault of the member that announced it.
   */
  tail(...members: readonly (readonly [name: string, length: AnnouncedLength])[]): Uint8Array[] {
    let left = this.left
    for (const [index, [, { name, offset, value }]] of members.entries()) {
      const last = index === members.length - 1
      if (last ? value !== left : value > left)
        this.#fail({ code: 'structure_length_differs', found: value, wanted: last ? left : `at most ${left}` }, name, offset)
      left -= value
    }
    return members.map(([name, length]) => this.bytes(name, length.value))
  }

  /** What follows is public: from here on faults may say what was found. */
  reveal(): void {
    this.#secret = false
  }

  /** Ends the reading unless everything has been read. Called by {@link readLittleEndian}. */
  end(): void {
    if (this.left > 0) this.#fail({ code: 'structure_trailing_bytes', found: this.left, wanted: 0 }, '', this.#at)
  }

  /** Ends the reading with a fault of the decoder's own. `offset` is where the member in question starts. */
  refuse(fault: Omit<Fault<C>, 'at'>, name = '', offset = this.#at): never {
    const { code, found, wanted, requirement = this.#reading.requirement } = fault
    throw new Refusal({
      code,
      at: `${this.#path(name)}, offset ${offset}`,
      ...(found === undefined || this.#secret ? {} : { found }),
      ...(wanted === undefined ? {} : { wanted }),
      requirement,
    })
  }

  #integer(name: string, width: number): number {
    const window = this.#take(name, width)
    const value = littleEndian(window)
    this.#reading.observe?.(this.#field(name, 'integer', window, value))
    return value
  }

  #take(name: string, length: number): Uint8Array {
    if (length > this.left) this.#fail({ code: 'structure_truncated', found: this.left, wanted: length }, name, this.#at)
    const window = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return window
  }

  #field(name: string, kind: ReadField['kind'], { length }: Uint8Array, value: ReadField['value']): ReadField {
    return { path: this.#path(name), name, offset: this.#at - length, length, kind, value }
  }

  #path(name: string): string {
    const dot = name === '' || name.startsWith('[') ? '' : '.'
    return this.#reading.name + dot + name
  }

  #fail(fault: Omit<StructureFault, 'at'>, name: string, offset: number): never {
    return (this as LittleEndianCursor<StructureCode>).refuse(fault, name, offset)
  }
}

/** A member to be written. */
export interface LittleEndianPart {
  /** Bytes that it takes. */
  readonly length: number
  /** Writes itself; the bytes are zero before. */
  readonly put: (bytes: Uint8Array) => void
}

/** A `BYTE`. A number that does not fit is a `TypeError`, here and below. */
export const u8 = (value: number): LittleEndianPart => integer(value, 1)

/** A `WORD`. */
export const u16 = (value: number): LittleEndianPart => integer(value, 2)

/** A `DWORD`. */
export const u32 = (value: number): LittleEndianPart => integer(value, 4)

/** An integer of `width` bytes; above 2^53 no number is exact, and none is taken. */
export function integer(value: number, width: number): LittleEndianPart {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** width) throw new TypeError(`an integer of ${width} bytes is wanted`)
  return {
    length: width,
    put: (bytes) => {
      for (let i = 0, rest = value; i < width; i++, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
    },
  }
}

/** Zero bytes. */
export const zeros = (length: number): LittleEndianPart => ({ length, put: () => {} })

/** A big-endian integer with zero bytes in front, up to `width` bytes. One that does not fit is a `TypeError`. */
export function bigEndian(magnitude: Uint8Array, width: number): LittleEndianPart {
  const digits = significant(magnitude, width)
  return { length: width, put: (bytes) => bytes.set(digits, width - digits.length) }
}

/** A big-endian integer written backwards, with zero bytes behind it, up to `width` bytes. One that does not fit is a `TypeError`. */
export function reversed(magnitude: Uint8Array, width: number): LittleEndianPart {
  const digits = significant(magnitude, width)
  return {
    length: width,
    put: (bytes) => {
      bytes.set(digits)
      bytes.subarray(0, digits.length).reverse()
    },
  }
}

/** The members behind each other. The bytes are the caller's to wipe. */
export function writeLittleEndian(...parts: readonly (LittleEndianPart | Uint8Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    const room = bytes.subarray(at, at + part.length)
    if (part instanceof Uint8Array) room.set(part)
    else part.put(room)
    at += part.length
  }
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

/** Exact below 2^53. */
const littleEndian = (window: Uint8Array): number => window.reduceRight((value, byte) => value * 256 + byte, 0)

/** The digits without leading zero bytes, as a window. */
function significant(magnitude: Uint8Array, width: number): Uint8Array {
  requireBytes(magnitude, 'integer')
  let first = 0
  while (first < magnitude.length && magnitude[first] === 0) first++
  if (magnitude.length - first > width) throw new TypeError(`an integer that does not fit into ${width} bytes`)
  return magnitude.subarray(first)
}
