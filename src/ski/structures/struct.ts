/**
 * The fixed part of a structure that holds pointers, for an ABI that the caller names: members by name, pointers as numbers.
 *
 * Such a structure never leaves its process; this is for a program that looks at one, or hands one over. What a pointer
 * points at is not followed. Padding between members has to be zero.
 *
 * Requirements: SKI-90, SKI-99, SKI-100, SKI-102.
 * @module
 */
import {
  integer,
  readLittleEndian,
  writeLittleEndian,
  zeros,
  type LittleEndianCursor,
  type LittleEndianPart,
  type Observe,
  type StructureCode,
} from '../../bytes/little-endian.js'
import type { Fault, Verdict } from '../../verdict.js'
import { layOut, type Abi, type Layout, type MemberDeclaration } from '../constants/layout.js'
import { readVersion, type VersionCode } from './version.js'

/** What may be wrong with a fixed part. A pointer above 2^53 is none that a process has, and no number is exact there. */
export type StructFault = Fault<StructureCode | VersionCode | 'pointer_too_large'>

/** A structure, laid out for both ABIs. */
export interface Struct<Name extends string = string> {
  readonly name: string
  /** The requirement that its faults name. */
  readonly requirement: string
  /** What `dwVersion` has to be; `null` where there is none. */
  readonly version: number | null
  readonly x64: Layout<Name>
  readonly x86: Layout<Name>
}

/** The numbers of a structure, by member. */
export type StructValues<Name extends string = string> = Readonly<Record<Name, number>>

/** Declares a structure by its members, in order. */
export function struct<const Name extends string>(
  name: string,
  requirement: string,
  version: number | null,
  members: readonly MemberDeclaration<Name>[],
): Struct<Name> {
  return { name, requirement, version, x64: layOut(members, 'x64'), x86: layOut(members, 'x86') }
}

/** Reads a fixed part that is all there is. */
export function decodeStruct<Name extends string>(
  declared: Struct<Name>,
  abi: Abi,
  bytes: Uint8Array,
  observe?: Observe,
): Verdict<StructValues<Name>, StructFault> {
  const { name, requirement } = declared
  return readLittleEndian<StructValues<Name>, StructFault['code']>(bytes, { name, requirement, observe }, (le) => readStruct(le, declared, abi))
}

/** Reads a fixed part inside something else. */
export function readStruct<Name extends string, C extends string>(
  le: LittleEndianCursor<C | StructFault['code']>,
  declared: Struct<Name>,
  abi: Abi,
): StructValues<Name> {
  const { size, members } = declared[abi]
  const start = le.offset
  const values: Partial<Record<Name, number>> = {}
  for (const { name, offset, length } of members) {
    if (start + offset > le.offset) le.reserved('padding', start + offset - le.offset)
    if (name === 'dwVersion' && declared.version !== null) {
      readVersion(le, declared.version)
      values[name] = declared.version
    } else values[name] = length === 8 ? readLong(le, name) : length === 4 ? le.u32(name) : length === 2 ? le.u16(name) : le.u8(name)
  }
  if (start + size > le.offset) le.reserved('padding', start + size - le.offset)
  return values as Record<Name, number>
}

/** Writes a fixed part. A member that is missing or does not fit, or a wrong version, is a `TypeError`. */
export function encodeStruct<Name extends string>(declared: Struct<Name>, abi: Abi, values: StructValues<Name>): Uint8Array {
  const { size, members } = declared[abi]
  const parts: LittleEndianPart[] = []
  let end = 0
  for (const { name, offset, length } of members) {
    if (name === 'dwVersion' && declared.version !== null && values[name] !== declared.version) throw new TypeError(`dwVersion: ${declared.version} is wanted`)
    parts.push(zeros(offset - end), integer(values[name], length))
    end = offset + length
  }
  return writeLittleEndian(...parts, zeros(size - end))
}

function readLong<C extends string>(le: LittleEndianCursor<C | StructFault['code']>, name: string): number {
  const offset = le.offset
  return le.u64(name) ?? (le as LittleEndianCursor<StructFault['code']>).refuse({ code: 'pointer_too_large', wanted: 'below 2^53' }, name, offset)
}
