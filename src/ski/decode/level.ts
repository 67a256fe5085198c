/**
 * Some bytes read as one structure, with the structures inside it: the codec's members, each beside its words, and the first thing that is wrong.
 *
 * Offsets of members count from the start of their own structure; those of faults from the start of all bytes.
 *
 * @module
 */
import type { ReadField } from '../../bytes/little-endian.js'
import type { Fault } from '../../verdict.js'
import { faultText } from './fault-texts.js'
import type { DescribedFault, Member, Reading, Seen, StructureType } from './types.js'

/** One structure as it was read, with those inside. */
export interface Level {
  readonly structure: string
  readonly prefix: string
  /** Where it begins. */
  readonly base: number
  readonly reading: Reading
  readonly members: readonly ReadMember[]
  /** The first decisive fault of this level or inside. */
  readonly fault: DescribedFault | null
}

/** A member and what is known about it. */
export interface ReadMember {
  readonly field: ReadField
  readonly member: Member
  readonly seen: Seen
  readonly inside: Level | null
}

/** Reads bytes as a structure. `base` and `prefix`: where they stand in all bytes, and what stands in front of the names of their members. */
export function readLevel(bytes: Uint8Array, type: StructureType, base = 0, prefix = ''): Level {
  const members: ReadMember[] = []
  const seen = new Map<string, number | Uint8Array>()
  const reading = type.read(bytes, (field) => {
    seen.set(field.name, field.value)
    members.push({ field, member: memberOf(type, field), seen, inside: null })
  })
  const nested = members.map((read) => ({ ...read, inside: levelInside(read, base, prefix) }))
  const insides = nested.flatMap(({ member, inside }) => (inside !== null && member.kind !== 'number' ? [{ inside, decisive: member.decisive === true }] : []))
  const own = reading.fault && placed(reading.fault, nested, type, base)
  return {
    structure: type.structure,
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
  const inner = members.find(({ inside }) => inside !== null && inside.structure === structureOf(place!))?.inside
  const from = inner && !belongsHere(members, type, place!) ? inner : { base, members }
  const member = from.members.find(({ field }) => field.path === place)
  const offset = digits === undefined ? (member ? from.base + member.field.offset : null) : from.base + Number(digits)
  const where = [place, ...(offset === null ? [] : [`offset ${offset}`])].filter(Boolean).join(', ')
  return { ...rest, at: where, offset, text }
}

const structureOf = (place: string): string => place.split(/[.[]/, 1)[0]!
const belongsHere = (members: readonly ReadMember[], type: StructureType, place: string): boolean =>
  structureOf(place) === type.structure || members.some(({ field }) => structureOf(field.path) === structureOf(place))

/** Whether the codec of a structure, and what judges its numbers, takes the bytes. */
export const accepts = (bytes: Uint8Array, type: StructureType): boolean => readLevel(bytes, type).fault === null
