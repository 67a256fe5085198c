/**
 * What the formats of this folder have in common: a magic word of four characters, a version, fields that stand for something by a
 * table, containers by number or none. Everything else about reading and writing is that of `bytes/little-endian.ts`.
 *
 * Spec: spec/ski-sealed-data.md, SKI-75, SKI-80, SKI-102.
 * @module
 */
import { concat, utf8 } from '../../bytes/bytes.js'
import { readLittleEndian, type AnnouncedLength, type LittleEndianCursor, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import type { Fault, Verdict } from '../../verdict.js'
import { NO_CONTAINER } from './codes.js'

/** What may be wrong with one of our formats, apart from its layout. */
export type FormatCode = 'format_magic_unknown' | 'format_version_unknown' | 'format_value_unknown' | 'format_length_wrong'

/** A fault with its place (`KFSD.flags, offset 12`) and what was found; the formats carry no plaintext. */
export type FormatFault = Fault<FormatCode | StructureCode>

/** A place in one of our formats. */
export type FormatCursor = LittleEndianCursor<FormatCode>

/** The version of every format here. */
export const FORMAT_VERSION = 1

/** One of our formats. */
export interface Format<T> {
  readonly magic: string
  /** The requirement that describes it. */
  readonly requirement: string
  /** Reads what stands behind magic word and version. What it keeps it copies. */
  readonly read: (cursor: FormatCursor) => T
}

/** Reads `bytes` as a format, version 1, to the last byte. */
export const readFormat = <T>({ magic, requirement, read }: Format<T>, bytes: Uint8Array, observe?: Observe): Verdict<T, FormatFault> =>
  readLittleEndian<T, FormatCode>(bytes, { name: magic, requirement, observe }, (cursor) => {
    const word = cursor.bytes('magic', 4)
    if (!utf8(magic).every((byte, at) => byte === word[at])) cursor.refuse({ code: 'format_magic_unknown', wanted: magic, requirement: VERSIONS }, 'magic', 0)
    const version = cursor.u8('version')
    if (version !== FORMAT_VERSION) {
      cursor.refuse({ code: 'format_version_unknown', found: version, wanted: FORMAT_VERSION, requirement: VERSIONS }, 'version', 4)
    }
    return read(cursor)
  })

/** Magic word and version. */
export const preamble = (magic: string): Uint8Array => concat(utf8(magic), Uint8Array.of(FORMAT_VERSION))

/** A byte that stands for something, by a table; where the table answers `null`, the byte is refused. */
export function coded<T>(cursor: FormatCursor, name: string, meaning: (code: number) => T | null): T {
  const { offset } = cursor
  const code = cursor.u8(name)
  return meaning(code) ?? refuseValue(cursor, name, offset, code)
}

/** Ends the reading: a field that has no such value here. */
export const refuseValue = (cursor: FormatCursor, name: string, offset: number, found: number): never =>
  cursor.refuse({ code: 'format_value_unknown', found }, name, offset)

/** Ends the reading unless an announced length is one of these. */
export function requireLength(cursor: FormatCursor, { name, offset, value }: AnnouncedLength, lengths: readonly number[]): void {
  if (!lengths.includes(value)) cursor.refuse({ code: 'format_length_wrong', found: value, wanted: lengths.join(' or ') }, name, offset)
}

/** 16 bits that say how long another field is. */
export const announced16 = (cursor: FormatCursor, name: string): AnnouncedLength => ({ name, offset: cursor.offset, value: cursor.u16(name) })

/** A copy of so many bytes. */
export const copied = (cursor: FormatCursor, name: string, length: number): Uint8Array => cursor.bytes(name, length).slice()

/** The number of a container, or the byte that stands for none. Anything else than 0 to 254 and `null` is a `TypeError`. */
export function containerByte(container: number | null): number {
  if (container === null) return NO_CONTAINER
  if (!Number.isInteger(container) || container < 0 || container >= NO_CONTAINER) throw new TypeError('container: 0 to 254 is wanted')
  return container
}

/** The reverse of {@link containerByte}. */
export const containerOf = (byte: number): number | null => (byte === NO_CONTAINER ? null : byte)

const VERSIONS = 'SKI-75'
