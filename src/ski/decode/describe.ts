/**
 * Some bytes as one structure, member by member, in words.
 *
 * The codec reads and judges; this file gathers what it read, puts words to it, and goes into members that are structures themselves. Offsets
 * always count from the start of all bytes.
 *
 * Secrets are never shown, and no more is shown than can be vouched for: numbers as far as the reading got, byte strings only where nothing is
 * wrong at all (with one wrong length, the bytes of a private number may lie where a public one is expected), and nothing if the bytes begin like
 * another structure, one that holds secrets.
 *
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { toHex } from '../../bytes/hex.js'
import type { ReadField } from '../../bytes/little-endian.js'
import type { Fault } from '../../verdict.js'
import { wideText } from './explain.js'
import { faultText } from './fault-texts.js'
import { secretHead } from './secret-heads.js'
import type { DescribedFault, DescribedField, Description, Explained, Fact, Member, Reading, Seen, StructureType } from './types.js'

/** Describes bytes as one structure, whatever they are. */
export function describe(bytes: Uint8Array, type: StructureType): Description {
  requireBytes(bytes, 'bytes')
  const { title, name, requirement } = type
  const level = readLevel(bytes, type, 0, '')
  const fault = level.fault
  const heads = secretHead(bytes)
  const isSecret = heads !== null && !heads.includes(type.structure)
  const show: Shown = isSecret ? 'nothing' : fault === null ? 'everything' : 'numbers'
  return {
    type: name,
    title,
    requirement,
    length: bytes.length,
    fields: fieldsOf(level, show),
    facts: factsOf(level, show),
    remarks: [...(isSecret ? [`the values are not shown: the bytes begin like ${heads.join(' or ')}, which holds secrets`] : []), ...remarksOf(level)],
    fault: fault && (isSecret ? withoutValues(fault) : fault),
  }
}

/** Whether the codec of a structure, and what judges its numbers, takes the bytes. */
export const accepts = (bytes: Uint8Array, type: StructureType): boolean => readLevel(bytes, type, 0, '').fault === null

/** How much of the values may be shown. */
type Shown = 'everything' | 'numbers' | 'nothing'

/** One structure as it was read, with those inside. */
interface Level {
  readonly prefix: string
  readonly base: number
  readonly reading: Reading
  readonly members: readonly ReadMember[]
  /** The first decisive fault of this level or inside. */
  readonly fault: DescribedFault | null
}

interface ReadMember {
  readonly field: ReadField
  readonly member: Member
  readonly seen: Seen
  readonly inside: Level | null
}

function readLevel(bytes: Uint8Array, type: StructureType, base: number, prefix: string): Level {
  const members: ReadMember[] = []
  let seen: Seen = new Map()
  const reading = type.read(bytes, (field) => {
    seen = new Map([...seen, [field.name, field.value]])
    members.push({ field, member: memberOf(type, field), seen, inside: null })
  })
  const nested = members.map((read) => ({ ...read, inside: levelInside(read, base, prefix) }))
  const insides = nested.flatMap(({ member, inside }) => (inside !== null && member.kind !== 'number' ? [{ inside, decisive: member.decisive === true }] : []))
  const own = reading.fault && placed(reading.fault, nested, type, base)
  return {
    prefix,
    base,
    reading,
    members: nested,
    fault: own ?? insides.find(({ inside, decisive }) => decisive && inside.fault !== null)?.inside.fault ?? null,
  }
}

function levelInside({ field, member, seen }: ReadMember, base: number, prefix: string): Level | null {
  if (member.kind === 'number' || typeof field.value === 'number') return null
  const type = member.inside?.(field.value, seen) ?? null
  return type && readLevel(field.value, type, base + field.offset, `${prefix}${field.name}.`)
}

/** The words for a member; one that has none is counted, never shown. */
function memberOf(type: StructureType, { name, kind }: ReadField): Member {
  const plain = name.replace(/^\[\d+\]\./, '').replace(/ \d+$/, ' #')
  const known = Object.hasOwn(type.members, plain) ? type.members[plain] : undefined
  const fits = known !== undefined && (known.kind === 'number') === (kind === 'integer')
  return fits ? known : UNKNOWN
}

const UNKNOWN: Member = { kind: 'counted', meaning: () => 'a member without words' }

/** A fault with its offset from the start of all bytes, whether the codec named an offset or a member, here or one level further in. */
function placed(fault: Fault, members: readonly ReadMember[], type: StructureType, base: number): DescribedFault {
  const { at, ...rest } = fault
  const text = faultText(fault.code)
  if (at === undefined) return { ...rest, offset: null, text }
  const [, place, digits] = /^(.*?)(?:(?:, |^)offset (\d+))?$/.exec(at)!
  const inner = members.find(({ inside }) => inside !== null && belongsTo(inside, place!))?.inside
  const from = inner && !belongsHere(members, type, place!) ? inner : { base, members }
  const member = from.members.find(({ field }) => field.path === place)
  const offset = digits === undefined ? (member ? from.base + member.field.offset : null) : from.base + Number(digits)
  const where = [place, ...(offset === null ? [] : [`offset ${offset}`])].filter(Boolean).join(', ')
  return { ...rest, at: where, offset, text }
}

const structureOf = (place: string): string => place.split(/[.[]/, 1)[0]!
const belongsTo = ({ members }: Level, place: string): boolean => members.some(({ field }) => structureOf(field.path) === structureOf(place))
const belongsHere = (members: readonly ReadMember[], type: StructureType, place: string): boolean =>
  structureOf(place) === type.structure || members.some(({ field }) => structureOf(field.path) === structureOf(place))

function fieldsOf({ members, base, prefix, reading }: Level, show: Shown): DescribedField[] {
  return members.flatMap(({ field, member, seen, inside }, index) => {
    // A number that the codec has just refused, and would not name, is not named here either.
    const isLast = index === members.length - 1
    const hidden = show !== 'everything' && isLast && reading.fault !== null && reading.fault.found === undefined
    const { value, meaning } = explained(field, member, seen, hidden ? 'nothing' : show)
    const row = { name: prefix + field.name, offset: base + field.offset, length: field.length, value, meaning }
    return [row, ...(inside === null ? [] : fieldsOf(inside, show === 'everything' && inside.fault !== null ? 'numbers' : show))]
  })
}

function explained({ kind, value, length }: ReadField, member: Member, seen: Seen, show: Shown): Explained {
  const size = `${length} byte${length === 1 ? '' : 's'}`
  if (typeof value === 'number') {
    if (show === 'nothing') return { value: `(${size})`, meaning: 'not shown' }
    return member.kind === 'number' ? member.explain(value, seen) : { value: String(value), meaning: 'a member without words' }
  }
  const meaning = member.kind === 'number' ? 'not a number of this size' : show === 'nothing' ? 'not shown' : member.meaning(value, seen)
  if (kind === 'reserved') return { value: value.every((byte) => byte === 0) ? 'zero' : 'not zero', meaning: 'reserved, has to be zero' }
  if (member.kind === 'secret') return { value: `(secret, ${size})`, meaning }
  if (show === 'everything' && member.kind === 'hex') return { value: toHex(value), meaning }
  if (show === 'everything' && member.kind === 'text') return { value: JSON.stringify(wideText(value)), meaning }
  return { value: `(${size})`, meaning: show === 'everything' || member.kind !== 'text' ? meaning : 'text, not shown' }
}

function factsOf({ reading, members }: Level, show: Shown): Fact[] {
  if (show === 'nothing') return []
  return [...reading.facts, ...members.flatMap(({ field, inside }) => (inside === null ? [] : factsOf(inside, show).map((fact) => ofMember(field.name, fact))))]
}

const ofMember = (member: string, { name, value }: Fact): Fact => ({ name: `${member}: ${name}`, value })

/** Remarks of all levels, and faults inside that are none of the whole. */
function remarksOf({ reading, members, fault }: Level): string[] {
  const inner = members.flatMap(({ field, inside }) => {
    if (inside === null) return []
    const isRemark = inside.fault !== null && fault === null
    const wrong = isRemark ? [`${field.name}: ${sentence(inside.fault)}`] : []
    return [...wrong, ...remarksOf(inside).map((remark) => `${field.name}: ${remark}`)]
  })
  return [...reading.remarks, ...inner]
}

const sentence = ({ text, at }: DescribedFault): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}${at === undefined ? '' : ` (${at})`}`

function withoutValues({ found: _found, ...fault }: DescribedFault): DescribedFault {
  return fault
}
