/**
 * The values of properties in bytes. Of which sort a property is, is said by `constants/properties.ts`.
 *
 * Whether a value is one that a property may have (an IV as long as the block, a mode that the card offers, a bit of the
 * mask) is for the minidriver to judge.
 *
 * Requirements: SKI-93, SKI-94.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { readLittleEndian, u32, writeLittleEndian, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import { property, type Property, type PropertySort } from '../constants/properties.js'
import { decodeMultiString, decodeWideText, encodeMultiString, encodeWideText, type MultiStringFault } from './wide-text.js'

/** What may be wrong with a value. */
export type PropertyFault = MultiStringFault | Fault<StructureCode | 'property_unknown'>

/** Key lengths of an algorithm, in bits. */
export interface KeyLengths {
  readonly minimum: number
  readonly maximum: number
  readonly increment: number
}

/** A value and its sort. */
export type PropertyValue =
  | { readonly sort: 'u32'; readonly value: number }
  | { readonly sort: 'names'; readonly value: readonly string[] }
  | { readonly sort: 'text'; readonly value: string }
  | { readonly sort: 'bytes'; readonly value: Uint8Array }
  | { readonly sort: 'keyLengths'; readonly value: KeyLengths }

/** Reads a `DWORD` that is all there is. */
export function decodeU32(bytes: Uint8Array, observe?: Observe): Verdict<number, Fault<StructureCode>> {
  return readLittleEndian(bytes, { name: 'DWORD', requirement: 'SKI-94', observe }, (le) => le.u32('value'))
}

/** Writes a `DWORD`. A number that does not fit is a `TypeError`. */
export const encodeU32 = (value: number): Uint8Array => writeLittleEndian(u32(value))

/** Reads `KeyLengths`. */
export function decodeKeyLengths(bytes: Uint8Array, observe?: Observe): Verdict<KeyLengths, Fault<StructureCode>> {
  return readLittleEndian(bytes, { name: 'BCRYPT_KEY_LENGTHS_STRUCT', requirement: 'SKI-94', observe }, (le) => ({
    minimum: le.u32('dwMinLength'),
    maximum: le.u32('dwMaxLength'),
    increment: le.u32('dwIncrement'),
  }))
}

/** Writes `KeyLengths`. */
export const encodeKeyLengths = ({ minimum, maximum, increment }: KeyLengths): Uint8Array => writeLittleEndian(...[minimum, maximum, increment].map(u32))

/** Reads the value of a property. Bytes are a copy. */
export function decodeProperty(name: string, bytes: Uint8Array): Verdict<PropertyValue, PropertyFault> {
  const known = property(name)
  if (!known) return refuse({ code: 'property_unknown', wanted: 'a property of the interface', requirement: 'SKI-94' })
  const { sort }: Property = known
  switch (sort) {
    case 'u32':
      return valued(sort, decodeU32(bytes))
    case 'names':
      return valued(sort, decodeMultiString(bytes))
    case 'text':
      return valued(sort, decodeWideText(bytes))
    case 'keyLengths':
      return valued(sort, decodeKeyLengths(bytes))
    case 'bytes':
      requireBytes(bytes, name)
      return accept({ sort, value: bytes.slice() })
  }
}

/** Writes the value of a property. An unknown property, or a value of another sort than the property's, is a `TypeError`. */
export function encodeProperty(name: string, value: PropertyValue): Uint8Array {
  if (property(name)?.sort !== value.sort) throw new TypeError(`a value of sort ${property(name)?.sort ?? 'unknown'} is wanted`)
  switch (value.sort) {
    case 'u32':
      return encodeU32(value.value)
    case 'names':
      return encodeMultiString(value.value)
    case 'text':
      return encodeWideText(value.value)
    case 'keyLengths':
      return encodeKeyLengths(value.value)
    case 'bytes':
      return value.value.slice()
  }
}

function valued<S extends PropertySort, T, F extends PropertyFault>(sort: S, read: Verdict<T, F>): Verdict<{ readonly sort: S; readonly value: T }, F> {
  return read.ok ? accept({ sort, value: read.value }) : read
}
