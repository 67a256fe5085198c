/**
 * In words: multi-strings, the values of properties, and status codes.
 *
 * A property is known by its name and not by its bytes, so most of these are for whoever says what the bytes are.
 *
 * Requirements: SKI-93, SKI-94, SKI-97.
 * @module
 */
import { readLittleEndian, type Observe } from '../../bytes/little-endian.js'
import type { Verdict } from '../../verdict.js'
import { flagNames, KEY_IMPORT, type AnyFlagTable } from '../constants/flags.js'
import { ASYMMETRIC_ALGORITHMS, CARD_PROPERTIES, CHAINING_MODES, CUSTOM_NAMES, symmetricAlgorithm } from '../constants/names.js'
import { PROPERTIES, type Property } from '../constants/properties.js'
import { formatStatus, STATUSES } from '../constants/status.js'
import { decodeKeyLengths, decodeU32 } from '../structures/property.js'
import { decodeMultiString, decodeWideText } from '../structures/wide-text.js'
import { bitsOf, counted, hex, text, wideText } from './explain.js'
import { readingOf, type Sign, type StructureType, type View } from './types.js'

const NAME_MEMBER = text((name) => meaningOf(name))

/** What a name stands for. */
function meaningOf(name: string): string {
  if (name === '') return 'the end'
  const symmetric = symmetricAlgorithm(name)
  if (symmetric) return `symmetric algorithm, keys of ${symmetric.keyBytes.map((bytes) => 8 * bytes).join(', ')} bits`
  if (isAlgorithm(name)) return 'asymmetric algorithm'
  if (isMode(name)) return 'chaining mode'
  return 'a name that the interface does not define'
}

/** Tells of each text, and of the NUL that ends the list: the codec reads the list as a whole. */
function readNames(bytes: Uint8Array, observe?: Observe): Verdict<readonly string[]> {
  const read = decodeMultiString(bytes)
  if (!read.ok) return read
  let offset = 0
  for (const [index, name] of [...read.value, ''].entries()) {
    tellBytes(observe, bytes, index < read.value.length ? `name ${index}` : 'end', offset, 2 * (name.length + 1))
    offset += 2 * (name.length + 1)
  }
  return read
}

function readText(bytes: Uint8Array, observe?: Observe): Verdict<string> {
  const read = decodeWideText(bytes)
  if (read.ok) tellBytes(observe, bytes, 'value', 0, bytes.length)
  return read
}

function tellBytes(observe: Observe | undefined, bytes: Uint8Array, name: string, offset: number, length: number): void {
  observe?.({ path: name, name, offset, length, kind: 'bytes', value: bytes.subarray(offset, offset + length) })
}

const TEXT_MEMBERS = { 'name #': NAME_MEMBER, end: counted('the NUL that ends the list'), value: NAME_MEMBER }

/** Characters in UTF-16LE, none of them a control character; with so many NULs at the end. */
function looksLikeText(view: View, nuls: 1 | 2): boolean {
  const units = Array.from({ length: Math.floor(view.length / 2) }, (_, at) => view.u16(2 * at))
  const body = units.slice(0, -nuls)
  return body.length > 0 && units.slice(-nuls).every((unit) => unit === 0) && body.every((unit) => unit === 0 || unit >= 0x20)
}

/** A list of texts, as `Algorithms` and `Chaining Modes` have it. */
const MULTI_STRING: StructureType = {
  name: 'MULTI_STRING',
  structure: 'MULTI_STRING',
  abi: null,
  title: 'a list of names',
  requirement: 'SKI-93',
  read: readingOf(readNames, (names) => ({ facts: [{ name: 'names', value: String(names.length) }] })),
  members: TEXT_MEMBERS,
  signs: [
    [8, (view) => view.length >= 2 && view.length % 2 === 0],
    [40, (view) => view.length > 4 && startsLikeText(view)],
    [24, (view) => looksLikeText(view, 2)],
  ],
}

/** At least two visible ASCII characters in UTF-16LE. */
const startsLikeText = (view: View): boolean => [0, 2].every((at) => view.u16(at) >= 0x20 && view.u16(at) < 0x7f)

const STATUS_TYPE: StructureType = {
  name: 'STATUS',
  structure: 'DWORD',
  abi: null,
  title: 'a status that a function of the interface returns',
  requirement: 'SKI-97',
  read: readingOf(decodeU32),
  members: {
    value: {
      kind: 'number',
      explain: (value) => ({
        value: formatStatus(value),
        meaning: STATUSES.find((status) => status.value === value)?.meaning ?? 'not a status of the interface',
      }),
    },
  },
  signs: [
    [4, (view) => view.length === 4],
    [24, (view) => view.u32(0) !== 0 && STATUSES.some(({ value }) => value === view.u32(0))],
  ],
}

function propertyType(known: Property): StructureType {
  const { name, constant, sort } = known
  const common = { name: constant, abi: null, title: `the property "${name}"`, requirement: 'SKI-94' }
  switch (sort) {
    case 'u32':
      return {
        ...common,
        structure: 'DWORD',
        read: readingOf(decodeU32),
        members: { value: { kind: 'number', explain: (value) => ({ value: hex(value), meaning: numberMeaning(known, value) }) } },
        signs: numberSigns(known),
      }
    case 'keyLengths':
      return {
        ...common,
        structure: 'BCRYPT_KEY_LENGTHS_STRUCT',
        read: readingOf(decodeKeyLengths),
        members: { dwMinLength: bitsOf('shortest key'), dwMaxLength: bitsOf('longest key'), dwIncrement: bitsOf('step from one length to the next') },
        signs: [
          [8, (view) => view.length === 12],
          [40, (view) => [0, 4, 8].every((at) => view.u32(at) >= 0 && view.u32(at) <= 16384 && view.u32(at) % 8 === 0) && view.u32(0) > 0],
          [8, (view) => view.u32(0) <= view.u32(4)],
        ],
      }
    case 'names':
      return {
        ...common,
        structure: constant,
        read: readingOf(readNames),
        members: TEXT_MEMBERS,
        signs: namedSigns(2, name === CARD_PROPERTIES.CP_ENUM_ALGORITHMS ? isAlgorithm : isMode),
      }
    case 'text':
      return { ...common, structure: constant, read: readingOf(readText), members: TEXT_MEMBERS, signs: namedSigns(1, isMode) }
    case 'bytes':
      return {
        ...common,
        structure: constant,
        read: readingOf(readAnything, ({ length }) => ({ remarks: lengthRemarks(name, length) })),
        // Nothing vouches for bytes without a form: they could as well be a key.
        members: { value: counted('the bytes') },
        signs: [],
      }
  }
}

/** Property values that are nothing but bytes. */
function readAnything(bytes: Uint8Array, observe?: Observe): Verdict<Uint8Array> {
  return readLittleEndian(bytes, { name: 'value', requirement: 'SKI-94', observe }, (le) => le.bytes('value', bytes.length))
}

/** What is odd about the length of such a value. */
function lengthRemarks(name: string, length: number): string[] {
  const wanted = { IV: [8, 16], 'Card Identifier': [16], [CUSTOM_NAMES.CARD_NONCE]: [16] }[name] ?? [length]
  return wanted.includes(length) ? [] : [`"${name}" has ${wanted.join(' or ')} bytes, these are ${length}`]
}

function numberMeaning({ name, masks }: Property, value: number): string {
  if (masks === undefined) return name === 'BlockLength' ? `${value} bytes: the block, and so the IV` : String(value)
  const tables = Object.entries(masks)
  const inWords = (table: AnyFlagTable) => flagNames(table, value).join(', ') || 'nothing'
  if (tables.length === 1) return inWords(tables[0]![1])
  return tables.map(([flags, table]) => `asked with dwFlags ${flags}: ${inWords(table)}`).join('; ')
}

function numberSigns({ name, masks }: Property): readonly Sign[] {
  const isOne = (value: number): boolean => {
    if (masks === undefined) return name === 'BlockLength' && (value === 8 || value === 16)
    return value > 0 && value <= 0xf
  }
  // The first of two masks that the same numbers could be comes first.
  return [
    [4, (view) => view.length === 4],
    [masks?.[0] === KEY_IMPORT ? 13 : 12, (view) => isOne(view.u32(0))],
  ]
}

/** Names that the property could have, every one of them: otherwise it is a text of something else. */
function namedSigns(nuls: 1 | 2, isKnown: (name: string) => boolean): readonly Sign[] {
  const names = (view: View) => wideText(view.bytes).split('\0')
  return [
    [8, (view) => view.length >= 2 && view.length % 2 === 0],
    [30, startsLikeText],
    [40, (view) => looksLikeText(view, nuls) && names(view).every(isKnown)],
  ]
}

const isAlgorithm = (name: string): boolean => symmetricAlgorithm(name) !== null || ASYMMETRIC_ALGORITHMS.some((each) => each.name === name)
const isMode = (name: string): boolean => Object.values<string>(CHAINING_MODES).includes(name)

/** All of this file. Properties whose value is a structure of our own are described as that. */
export const PROPERTY_TYPES: readonly StructureType[] = [
  MULTI_STRING,
  ...PROPERTIES.filter(({ name }) => name !== CUSTOM_NAMES.KEY_RECEIPT && name !== CUSTOM_NAMES.KEY_EVIDENCE).map(propertyType),
  STATUS_TYPE,
]
