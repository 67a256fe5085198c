/**
 * Some bytes as one structure, member by member, in words.
 *
 * The codec reads and judges; this file gathers what it read, puts words to it, and goes into members that are structures themselves. Offsets
 * always count from the start of all bytes.
 *
 * Secrets are never shown, and no more is shown than can be vouched for: numbers as far as the reading got, byte strings only where nothing is
 * wrong at all (with one wrong length, the bytes of a private number may lie where a public one is expected), and nothing if the bytes look like
 * another structure, one that holds secrets.
 *
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { toHex } from '../../bytes/hex.js'
import type { ReadField } from '../../bytes/little-endian.js'
import { wideText } from './explain.js'
import { readLevel, type Level } from './level.js'
import { secretHolder } from './secret-holders.js'
import type { DescribedFault, DescribedField, Description, Explained, Fact, Member, Seen, StructureType } from './types.js'

/** Describes bytes as one structure, whatever they are. */
export function describe(bytes: Uint8Array, type: StructureType): Description {
  requireBytes(bytes, 'bytes')
  const { title, name, requirement } = type
  const level = readLevel(bytes, type)
  const fault = level.fault
  const holder = secretHolder(bytes, type)
  const isSecret = holder !== null
  const show: Shown = isSecret ? 'nothing' : fault === null ? 'everything' : 'numbers'
  return {
    type: name,
    title,
    requirement,
    length: bytes.length,
    fields: fieldsOf(level, show, fault),
    facts: factsOf(level, show),
    remarks: [...(isSecret ? [`the values are not shown: the bytes look like ${holder}, which may hold secrets`] : []), ...remarksOf(level)],
    fault: fault && (isSecret ? withoutValues(fault) : fault),
  }
}

/** How much of the values may be shown. */
type Shown = 'everything' | 'numbers' | 'nothing'

/** The lines of a level. `fault`: the one that is told; members without bytes are left out. */
function fieldsOf({ members, base, prefix }: Level, show: Shown, fault: DescribedFault | null): DescribedField[] {
  return members.flatMap(({ field, member, seen, inside }, index) => {
    if (field.length === 0) return []
    const offset = base + field.offset
    // A number that the codec has just refused, and would not name, is not named here either.
    const hidden = index === members.length - 1 && fault?.offset === offset && fault.found === undefined && field.kind === 'integer'
    const { value, meaning } = explained(field, member, seen, hidden ? 'nothing' : show)
    const row = { name: prefix + field.name, offset, length: field.length, value, meaning }
    if (inside === null) return [row]
    return [row, ...(show === 'everything' && inside.fault !== null ? fieldsOf(inside, 'numbers', inside.fault) : fieldsOf(inside, show, fault))]
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

function withoutValues({ found: _found, wanted: _wanted, ...fault }: DescribedFault): DescribedFault {
  return fault
}
