/**
 * What the decoder for people works with: descriptions of structures on one side, what is told about some bytes on the other.
 *
 * A {@link StructureType} joins a codec to words. The codec stays the judge: it says what is read and what is wrong; the words say what each
 * member means. Nothing here knows a layout a second time.
 *
 * Requirements: SKI-80 to SKI-102, SKI-190.
 * @module
 */
import type { Observe } from '../../bytes/little-endian.js'
import type { Fault, Verdict } from '../../verdict.js'
import type { Abi } from '../constants/layout.js'

/** Something that the whole of a structure says: the fingerprint of its key, what it would fit. */
export interface Fact {
  readonly name: string
  readonly value: string
}

/** What reading some bytes as one structure comes to. */
export interface Reading {
  /** The first thing that is wrong, or `null`. */
  readonly fault: Fault | null
  readonly facts: readonly Fact[]
  /** Not wrong as far as this structure goes, yet worth knowing. */
  readonly remarks: readonly string[]
}

/** The members of a structure that were read, by name; of those with one name, the last. */
export type Seen = ReadonlyMap<string, number | Uint8Array>

/** A value for a person, and what it means. */
export interface Explained {
  readonly value: string
  readonly meaning: string
}

/**
 * The words for one member. `hex` bytes are public and are shown, once nothing is wrong with the structure; `text` the same, as UTF-16LE;
 * `counted` bytes are not secret and tell a person nothing; `secret` ones are never shown. A member with `inside` is described in turn.
 */
export type Member =
  | {
      readonly kind: 'number'
      /** What the number means. */
      readonly explain: (value: number, seen: Seen) => Explained
    }
  | {
      readonly kind: 'hex' | 'text' | 'counted' | 'secret'
      /** What the bytes mean, in words. */
      readonly meaning: (bytes: Uint8Array, seen: Seen) => string
      /** Which structure the bytes are, as far as the members before say; `null` where they do not say. */
      readonly inside?: (bytes: Uint8Array, seen: Seen) => StructureType | null
      /** Whether a fault inside is a fault of the whole: unless given, it is a remark. */
      readonly decisive?: boolean
    }

/** Something that speaks for a structure: so many bits of the input would be otherwise in bytes that are something else. */
export type Sign = readonly [bits: number, holds: (view: View) => boolean]

/** One structure that can be described. */
export interface StructureType {
  /** Unique; what a person asks for: `CARD_KEY_SIZES`, `CONTAINER_INFO:x86`. */
  readonly name: string
  /** The structure alone. Faults of its codec begin with it. */
  readonly structure: string
  /** Which of two layouts, for structures with pointers. */
  readonly abi: Abi | null
  /** What it is, in a few words. */
  readonly title: string
  readonly requirement: string
  /** Reads it, with its codec. Secrets that the codec copies are wiped before this returns. */
  readonly read: (bytes: Uint8Array, observe?: Observe) => Reading
  /** By name; a leading index (`[3].`) is left out, and a number at the end is `#`. */
  readonly members: Readonly<Record<string, Member>>
  /** Whether bytes begin like this and like nothing else; absent where there is no magic number. */
  readonly begins?: (view: View) => boolean
  /** What to recognise it by. Empty where any bytes would do, so that nobody can. */
  readonly signs: readonly Sign[]
}

/** One line of a description. */
export interface DescribedField {
  /** The member; one inside another has both names, with a dot. */
  readonly name: string
  /** From the start of all bytes. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
  /** Never a secret: `(secret, 32 bytes)` stands in its place. */
  readonly value: string
  readonly meaning: string
}

/** What is wrong, with its place counted from the start of all bytes. */
export interface DescribedFault extends Fault {
  /** Offset of the byte where it is, `null` where it is not in one place. */
  readonly offset: number | null
  /** The sentence for a person, without its full stop. */
  readonly text: string
}

/** All that there is to say about some bytes as one structure. */
export interface Description {
  readonly type: string
  readonly title: string
  readonly requirement: string
  /** Bytes. */
  readonly length: number
  readonly fields: readonly DescribedField[]
  readonly facts: readonly Fact[]
  readonly remarks: readonly string[]
  readonly fault: DescribedFault | null
}

/** Little-endian integers at places that may not exist: -1 there, which no sign takes for a number. */
export class View {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** How many bytes there are. */
  get length(): number {
    return this.bytes.length
  }

  /** A byte. */
  u8(at: number): number {
    return this.bytes[at] ?? -1
  }

  /** Two bytes. */
  u16(at: number): number {
    return this.#integer(at, 2)
  }

  /** Four bytes. */
  u32(at: number): number {
    return this.#integer(at, 4)
  }

  /** Eight bytes; exact below 2^53. */
  u64(at: number): number {
    return this.#integer(at, 8)
  }

  /** Whether so many bytes are there and zero. */
  zero(at: number, length: number): boolean {
    return at + length <= this.length && this.bytes.subarray(at, at + length).every((byte) => byte === 0)
  }

  #integer(at: number, width: number): number {
    if (at < 0 || at + width > this.length) return -1
    return this.bytes.subarray(at, at + width).reduceRight((value, byte) => value * 256 + byte, 0)
  }
}

/** A reading by a codec. `then` is asked where the codec has accepted: for facts, remarks, and for what only a whole value can be wrong in. */
export function readingOf<T>(
  decode: (bytes: Uint8Array, observe?: Observe) => Verdict<T>,
  then: (value: T, bytes: Uint8Array) => Partial<Reading> = () => ({}),
): StructureType['read'] {
  return (bytes, observe) => {
    const read = decode(bytes, observe)
    return { fault: null, facts: [], remarks: [], ...(read.ok ? then(read.value, bytes) : { fault: read.fault }) }
  }
}
