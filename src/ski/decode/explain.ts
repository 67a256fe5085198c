/**
 * Ways to say what a member means, for the tables of structures in this folder.
 *
 * Requirements: SKI-80, SKI-96, SKI-97.
 * @module
 */
import { flagNames, type AnyFlagTable } from '../constants/flags.js'
import type { Member, Seen, StructureType } from './types.js'

/** A number without names. */
export const number = (meaning: string): Member => ({ kind: 'number', explain: (value) => ({ value: String(value), meaning }) })

/** A length or a count, in bytes. */
export const lengthOf = (what: string): Member => number(`bytes of ${what}`)

/** A size in bits. */
export const bitsOf = (what: string): Member => ({ kind: 'number', explain: (value) => ({ value: String(value), meaning: `${what}, in bits` }) })

/** A version that has to be the given one. */
export const version = (wanted: number): Member => ({
  kind: 'number',
  explain: (value) => ({ value: String(value), meaning: value === wanted ? 'version of the structure' : `version of the structure; ${wanted} is wanted` }),
})

/** A number in hexadecimal digits, as many as its member has. */
export const hex = (value: number, bytes = 4): string =>
  `0x${value
    .toString(16)
    .toUpperCase()
    .padStart(2 * bytes, '0')}`

/** A number that begins a structure, and what it says. `name` answers `null` for one that is unknown. */
export const magic = (name: (value: number) => string | null): Member => ({
  kind: 'number',
  explain: (value) => ({ value: `${hex(value)} ${asText(value)}`, meaning: name(value) ?? 'not a magic number of this structure' }),
})

/** A mask of named bits. */
export const mask = (table: AnyFlagTable, meaning: string, none = 'no flag'): Member => ({
  kind: 'number',
  explain: (value) => ({ value: hex(value), meaning: `${meaning}: ${flagNames(table, value).join(', ') || none}` }),
})

/** A number that stands for something. */
export const code = (meaning: string, nameOf: (value: number, seen: Seen) => string | null, bytes?: number): Member => ({
  kind: 'number',
  explain: (value, seen) => ({
    value: bytes === undefined ? String(value) : hex(value, bytes),
    meaning: `${meaning}: ${nameOf(value, seen) ?? 'unknown'}`,
  }),
})

/** One number of a table. */
export const oneOf = (table: AnyFlagTable, meaning: string): Member =>
  code(meaning, (value) => Object.entries(table).find(([, known]) => known === value)?.[0] ?? null)

/** Public bytes, shown in hexadecimal digits. */
export const bytesOf = (meaning: string): Member => ({ kind: 'hex', meaning: () => meaning })

/** Bytes that are counted: ciphertexts, and whatever could be anything. */
export const counted = (meaning: string): Member => ({ kind: 'counted', meaning: () => meaning })

/** Bytes that are never shown. */
export const secret = (meaning: string): Member => ({ kind: 'secret', meaning: () => meaning })

/** UTF-16LE. */
export const text = (meaning: (text: string) => string): Member => ({ kind: 'text', meaning: (bytes) => meaning(wideText(bytes)) })

/** Public bytes that are a structure, if `inside` says so. */
export const nested = (meaning: string, inside: (bytes: Uint8Array, seen: Seen) => StructureType | null, decisive = false): Member => ({
  kind: 'counted',
  meaning: (bytes, seen) => {
    const type = inside(bytes, seen)
    return type === null ? meaning : `${meaning}, ${type.structure}`
  },
  inside,
  decisive,
})

/** A pointer or a handle, as its number. */
export const pointer = (to: string): Member => ({
  kind: 'number',
  explain: (value) => ({ value: value === 0 ? 'NULL' : `0x${value.toString(16).toUpperCase()}`, meaning: `pointer to ${to}; not followed` }),
})

/** A handle, as its number. */
export const handle = (of: string): Member => ({
  kind: 'number',
  explain: (value) => ({ value: `0x${value.toString(16).toUpperCase()}`, meaning: `handle of ${of}` }),
})

/** A number of a member that was read before, or -1. */
export function numberIn(seen: Seen, name: string): number {
  const value = seen.get(name)
  return typeof value === 'number' ? value : -1
}

/** UTF-16LE without the zero units at its end. */
export function wideText(bytes: Uint8Array): string {
  let units = ''
  for (let at = 0; at + 1 < bytes.length; at += 2) units += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8))
  return units.replace(/\0+$/, '')
}

/** Four bytes as they lie, where all of them are visible ASCII. */
function asText(value: number): string {
  const text = String.fromCharCode(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24)
  return /^[ -~]{4}$/.test(text) ? `"${text}"` : ''
}
