/**
 * The walk over a transfer file that a person asks for: every field with its place and meaning, and every finding, not only the first.
 *
 * A reading says which encodings are tolerated. What the reading refuses is a finding of level MUST; what it tolerates, though no writer
 * should do it, one of level SHOULD. The walk goes on behind a finding wherever the rest still has a meaning, and stops where it has none.
 *
 * A vault does not need all that: {@link firstRefusal} is the same walk, ended by the first finding of level MUST, and remembers nothing on
 * the way. Files come from strangers, so neither walk does work or keeps text in more than proportion to the file, and of the same finding
 * over and over again only the first ones are told.
 *
 * Readings chosen where the document is silent: a name or a constant in the wrong case has its own code, since "missing" would not help the
 * person who sees it there; control characters in `generator` are refused in the strict reading only, since the value is never believed
 * and never shown as it is; without a KEK, a blob is refused only where no KEK fits its length.
 *
 * Requirements: BYOK-61, BYOK-80 to BYOK-97, BYOK-99.
 * @module
 */
import { toBase64url } from '../bytes/base64.js'
import { fromUtf8, requireBytes } from '../bytes/bytes.js'
import { isJsonObject, parseJson, type JsonFault, type JsonObject, type JsonValue } from '../bytes/json.js'
import type { Kid } from '../enclave/commands.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { checkGenerator, codePoint, sanitizeForDisplay, shown, unshowableAt } from './display.js'
import { byokFault } from './faults.js'
import { parseKid } from './kid.js'
import { mapMembers, memberPath, pathOf, type Member } from './member-map.js'
import { readCiphertext } from './transfer-ciphertext.js'
import { checkBlobLength, TRANSFER_CONSTANTS, TRANSFER_LIMITS, type TransferFile } from './transfer-format.js'
import {
  LISTENER_FOR_REFUSALS,
  MOST_OF_A_CODE,
  Refused,
  Report,
  type Field,
  type Finding,
  type Listener,
  type TransferCode,
  type TransferFileFault,
} from './transfer-report.js'

/** Which encodings of a file are tolerated. Not to be mixed up with a profile, which says what is checked. */
export type Reading = 'strict' | 'lenient'

/** How a file is looked at. */
export interface InspectionOptions {
  readonly reading: Reading
  /** The length of the KEK's modulus, if the KEK is at hand: the blob is then split and measured by it. */
  readonly modulusBytes?: number
}

/** What an inspection brings to light. */
export interface Inspection {
  /** At most {@link MOST_OF_A_CODE} with one code; if there were more, one with that code and without a place follows at the end and counts them. */
  readonly findings: readonly Finding[]
  readonly fields: readonly Field[]
  /** What the file says, if no finding is of level MUST. */
  readonly file: TransferFile | null
}

/** Looks at every part of a file. Arbitrary bytes are fine. */
export function inspectTransferFile(bytes: Uint8Array, options: InspectionOptions): Inspection {
  const report = new Report()
  const file = new Walk(bytes, options, report).file()
  return { findings: report.findings(), fields: report.fields, file: report.refused ? null : file }
}

/** Reads a file up to the first finding of level MUST. Arbitrary bytes are fine. */
export function firstRefusal(bytes: Uint8Array, options: InspectionOptions): Verdict<TransferFile, TransferFileFault> {
  try {
    // The walk gives no file only behind a refusal, and this listener does not come back from one.
    return accept(new Walk(bytes, options, LISTENER_FOR_REFUSALS).file()!)
  } catch (error) {
    if (error instanceof Refused) return refuse(error.fault)
    throw error
  }
}

/** Where members of the format are: in the outermost object, or in its member `header`. */
type Parent = '' | 'header'

/** A place in the file: a member, and perhaps a character of its text. */
interface Place {
  readonly parent: Parent
  readonly name: string
  readonly index?: number
}

/** What a fault says beside its code; a place becomes text when the fault is wanted. */
type Details = Omit<Fault, 'code' | 'at'> & { readonly at?: string | Place }

class Walk {
  readonly #bytes: Uint8Array
  readonly #reading: Reading
  readonly #modulusBytes: number | undefined
  readonly #listener: Listener
  #text = ''
  /** How many bytes of the file stand before the text. */
  #skipped = 0
  #members: Readonly<Record<Parent, ReadonlyMap<string, Member>>> | null = null
  #offsets: Uint32Array | null = null

  constructor(bytes: Uint8Array, { reading, modulusBytes }: InspectionOptions, listener: Listener) {
    requireBytes(bytes, 'transfer file')
    if (reading !== 'strict' && reading !== 'lenient') throw new TypeError('reading: strict or lenient')
    this.#bytes = bytes
    this.#reading = reading
    this.#modulusBytes = modulusBytes
    this.#listener = listener
  }

  file(): TransferFile | null {
    const size = this.#bytes.length
    const meaning = 'all bytes of the file, which are uploaded unchanged'
    this.#listener.field(() => ({ name: 'file', offset: 0, size, value: `${size} bytes`, meaning }))
    const root = this.#decode() ? this.#parse() : undefined
    if (root === undefined) return null
    if (!isJsonObject(root)) return this.#refuse('file_not_object', { found: typeName(root) })
    return this.#root(root)
  }

  /** Bytes to text; false where there is none to go on with. */
  #decode(): boolean {
    const bytes = this.#bytes
    const wide = wideEncoding(bytes)
    const text = bytes.length > TRANSFER_LIMITS.fileBytes || wide !== null ? null : fromUtf8(bytes)
    if (bytes.length === 0) this.#refuse('file_empty', { found: 0 })
    else if (bytes.length > TRANSFER_LIMITS.fileBytes) this.#refuse('file_too_large', { found: bytes.length })
    else if (wide !== null) this.#refuse('file_utf16', { at: 'offset 0', found: wide })
    else if (text === null) this.#refuse('file_not_utf8', {})
    else {
      const marked = text.startsWith(BYTE_ORDER_MARK)
      this.#text = marked ? text.slice(1) : text
      this.#skipped = marked ? 3 : 0
      if (marked) this.#tolerate('file_byte_order_mark', { at: 'offset 0' })
      return true
    }
    return false
  }

  /** Text to a value; `undefined` where there is none to go on with. */
  #parse(): JsonValue | undefined {
    const parsed = parseJson(this.#text, { maxDepth: TRANSFER_LIMITS.depth, maxBytes: TRANSFER_LIMITS.fileBytes })
    if (parsed.ok) return parsed.value
    return parsed.fault.code === 'json_duplicate_member' ? this.#duplicates(parsed.fault) : this.#unreadable(parsed.fault)
  }

  #unreadable(fault: JsonFault): undefined {
    const place = { at: this.#placeOf(fault) }
    if (fault.code === 'json_too_deep') this.#refuse('file_too_deep', place)
    else if (fault.code === 'json_lone_surrogate') this.#refuse('file_lone_surrogate', place)
    else this.#refuse(COMPACT_JWE.test(this.#text.trim()) ? 'file_compact_jwe' : 'file_not_json', place)
  }

  /** Reports every name that stands again, and goes on with what most programs would read: the last of each name. */
  #duplicates(first: JsonFault): JsonValue | undefined {
    this.#refuse('member_duplicate', { at: this.#placeOf(first) })
    let value: JsonValue
    try {
      value = JSON.parse(this.#text) as JsonValue
    } catch {
      // The text is at fault behind the name as well, and then a map of it says nothing.
      return undefined
    }
    const { members, depth } = mapMembers(this.#text)
    const [, ...more] = members.filter(({ again }) => again)
    for (const member of more)
      this.#add('MUST', 'member_duplicate', () => byokFault('member_duplicate', { at: `${shown(pathOf(member))}, offset ${this.#byteOffset(member.nameAt)}` }))
    if (depth > TRANSFER_LIMITS.depth) this.#refuse('file_too_deep', { found: depth })
    return value
  }

  /** The JSON reader counts characters; people who open the file count bytes. */
  #placeOf({ at = 'offset 0' }: JsonFault): string {
    return at.replace(/[0-9]+$/, (index) => String(this.#byteOffset(Number(index))))
  }

  #root(root: JsonObject): TransferFile | null {
    this.#unknownMembers(root, ['schema_version', 'header', 'ciphertext', 'generator'], '')
    this.#constant(root, 'schema_version', '', 'the version of this format')
    const header = this.#header(root)
    const ciphertext = this.#ciphertext(root)
    const generator = this.#generator(root)
    return header && ciphertext !== null ? { kek: header, ciphertext, generator } : null
  }

  #header(root: JsonObject): Kid | null {
    const header = this.#member(root, 'header', '')
    if (header === undefined) return null
    if (!isJsonObject(header)) return this.#refuse('header_not_object', { at: { parent: '', name: 'header' }, found: typeName(header) })
    this.#unknownMembers(header, ['kid', 'alg', 'enc'], 'header')
    const kid = this.#kid(header)
    this.#constant(header, 'alg', 'header', 'the KEK protects the ciphertext directly, by the mechanism of enc')
    this.#constant(header, 'enc', 'header', 'RSA-OAEP of an AES key, then AES key wrap with padding (RFC 5649)')
    return kid
  }

  #kid(header: JsonObject): Kid | null {
    const text = this.#string(header, 'kid', 'header')
    if (text === null) return null
    const place: Place = { parent: 'header', name: 'kid' }
    this.#field(place, 'the version of the KEK that opens the ciphertext', text)
    const kid = parseKid(text)
    return kid.ok ? kid.value : this.#refuse(kid.fault.code, { ...kid.fault, at: place, requirement: 'BYOK-83' })
  }

  #constant(object: JsonObject, name: keyof typeof TRANSFER_CONSTANTS, parent: Parent, meaning: string): void {
    const value = this.#string(object, name, parent)
    if (value === null) return
    this.#field({ parent, name }, meaning, value)
    const wanted = TRANSFER_CONSTANTS[name]
    if (value === wanted) return
    const code =
      value.toLowerCase() === wanted.toLowerCase()
        ? 'constant_case'
        : value === '1.0' && name === 'schema_version'
          ? 'schema_version_release'
          : `${name}_unknown`
    this.#refuse(code as TransferCode, { at: { parent, name }, found: shown(value), wanted })
  }

  #ciphertext(root: JsonObject): string | null {
    const text = this.#string(root, 'ciphertext', '')
    if (text === null) return null
    const read = readCiphertext(text)
    const place: Place = { parent: '', name: 'ciphertext' }
    this.#field(place, 'base64url of the transfer blob, C1 ‖ C2', read.ok ? `${read.value.blob.length} bytes` : `${text.length} characters`)
    for (const { code, index, ...details } of read.ok ? read.value.tolerated : [read.fault]) {
      const flaw = { ...details, at: { ...place, index } }
      if (read.ok) this.#tolerate(code, flaw)
      else this.#refuse(code, flaw)
    }
    if (!read.ok) return null
    const { blob } = read.value
    this.#parts(blob.length)
    const fault = checkBlobLength(blob.length, this.#modulusBytes)
    if (fault) this.#refuse(fault.code, { ...fault, at: place })
    return toBase64url(blob)
  }

  /** C1 and C2, if it is known where the one ends. */
  #parts(length: number): void {
    const k = this.#modulusBytes
    if (k === undefined || length <= k) return
    const first = { name: 'C1', offset: 0, size: k, value: `${k} bytes`, meaning: 'the ephemeral AES key under the KEK, RSA-OAEP with SHA-1' }
    const [least, most] = [length - k - 15, length - k - 8]
    const inside = least > 0 ? `${least} to ${most} bytes inside` : 'too short for one'
    const meaning = `the target key, AES key wrap with padding; ${inside}`
    this.#listener.field(() => first)
    this.#listener.field(() => ({ name: 'C2', offset: k, size: length - k, value: `${length - k} bytes`, meaning }))
  }

  #generator(root: JsonObject): string | null {
    if (!Object.hasOwn(root, 'generator') && misspelt(root, 'generator') === undefined) {
      this.#add('SHOULD', 'generator_missing', () => byokFault('generator_missing'))
      return null
    }
    const text = this.#string(root, 'generator', '')
    if (text === null) return null
    const place: Place = { parent: '', name: 'generator' }
    this.#field(place, 'what made the file, in its own words; evidence of nothing', text)
    const judged = checkGenerator(text)
    if (!judged.ok && judged.fault.code === 'generator_too_long') this.#refuse('generator_too_long', { ...judged.fault, at: place })
    const index = unshowableAt(text)
    if (index >= 0) this.#tolerate('generator_control_characters', { at: { ...place, index }, found: codePoint(text, index) })
    return text
  }

  #unknownMembers(object: JsonObject, known: readonly string[], parent: Parent): void {
    const meanings = new Map(known.map((name) => [misspelt(object, name), name]))
    const strangers = Object.keys(object).filter((name) => !known.includes(name))
    for (const [i, name] of strangers.entries()) {
      const place: Place = { parent, name }
      const meant = meanings.get(name)
      if (meant !== undefined) this.#refuse('member_name_case', { at: place, found: name, wanted: meant })
      else this.#tolerate('member_unknown', { at: place })
      if (i < MOST_OF_A_CODE) this.#field(place, 'not part of the format', typeName(object[name]!))
    }
  }

  /** A member that has to be there; `undefined` with a finding. One in the wrong case has its finding already. */
  #member(object: JsonObject, name: string, parent: Parent): JsonValue | undefined {
    if (Object.hasOwn(object, name)) return object[name]
    if (misspelt(object, name) === undefined) this.#refuse('member_missing', { at: memberPath(parent, name) })
    return undefined
  }

  /** The text of a member; `null` with a finding. */
  #string(object: JsonObject, name: string, parent: Parent): string | null {
    const value = this.#member(object, name, parent)
    if (value === undefined || typeof value === 'string') return value ?? null
    return this.#refuse('member_type_wrong', { at: { parent, name }, found: typeName(value), wanted: 'a string' })
  }

  #field({ parent, name }: Place, meaning: string, value: string): void {
    this.#listener.field(() => {
      const { start, end } = this.#find(parent, name)
      const offset = this.#byteOffset(start)
      return { name: shown(memberPath(parent, name)), offset, size: this.#byteOffset(end) - offset, value: sanitizeForDisplay(value), meaning }
    })
  }

  /** A place as text: the member, and the byte at which its value begins, or at which the character `index` of its text stands. */
  #at({ parent, name, index = -1 }: Place): string {
    const { start, end } = this.#find(parent, name)
    // With escapes, the characters of the value and of the file are not in step.
    const inStep = index >= 0 && !this.#text.slice(start, end).includes('\\')
    return `${shown(memberPath(parent, name))}, offset ${this.#byteOffset(inStep ? start + 1 + index : start)}`
  }

  /** Where a member stands that the value has. */
  #find(parent: Parent, name: string): Member {
    this.#members ??= membersOfTheFormat(this.#text)
    return this.#members[parent].get(name)!
  }

  #byteOffset(index: number): number {
    this.#offsets ??= byteOffsets(this.#text, this.#skipped)
    return this.#offsets[index] ?? this.#bytes.length
  }

  /** A finding in every reading. Answers `null`, for a caller that has nothing to go on with. */
  #refuse(code: TransferCode, details: Details): null {
    this.#add('MUST', code, () => this.#fault(code, details))
    return null
  }

  /** A finding that the lenient reading tolerates. */
  #tolerate(code: TransferCode, details: Details): void {
    this.#add(this.#reading === 'strict' ? 'MUST' : 'SHOULD', code, () => this.#fault(code, details))
  }

  #add(level: Finding['level'], code: TransferCode, fault: () => TransferFileFault): void {
    this.#listener.finding(level, code, fault)
  }

  #fault(code: TransferCode, { at, ...details }: Details): TransferFileFault {
    return byokFault(code, at === undefined ? details : { ...details, at: typeof at === 'string' ? at : this.#at(at) })
  }
}

/** The name under which a missing member stands in the wrong case, if it does. */
const misspelt = (object: JsonObject, name: string) =>
  Object.hasOwn(object, name) ? undefined : Object.keys(object).find((each) => each.toLowerCase() === name)

/** The members of the outermost object and of its header; of those with one name the last, which is the one that the value has. */
function membersOfTheFormat(text: string): Readonly<Record<Parent, ReadonlyMap<string, Member>>> {
  const [root, header] = [new Map<string, Member>(), new Map<string, Member>()]
  let within = ''
  for (const member of mapMembers(text).members) {
    if (member.depth === 1) {
      within = member.name
      if (within === 'header') header.clear()
      root.set(within, member)
    } else if (member.depth === 2 && within === 'header') header.set(member.name, member)
  }
  return { '': root, header }
}

const typeName = (value: JsonValue) =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`

/** UTF-16 and UTF-32 by their byte order marks, or by zero bytes beside the first character, which in JSON is ASCII. */
function wideEncoding(bytes: Uint8Array): string | null {
  const [a, b, c, d] = bytes
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) return 'UTF-32'
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16'
  if ((a === 0 && b === 0 && c === 0) || (b === 0 && c === 0 && d === 0)) return 'UTF-32'
  return (a === 0) !== (b === 0) && bytes.length > 1 ? 'UTF-16' : null
}

/** For each UTF-16 unit of the text, and its end, the offset in UTF-8 behind `skipped` bytes. */
function byteOffsets(text: string, skipped: number): Uint32Array {
  const offsets = new Uint32Array(text.length + 1)
  let offset = skipped
  for (let i = 0; i < text.length; i++) {
    offsets[i] = offset
    const unit = text.charCodeAt(i)
    // Each half of a surrogate pair stands for two of the four bytes.
    offset += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3
  }
  offsets[text.length] = offset
  return offsets
}

const BYTE_ORDER_MARK = '\ufeff'
const COMPACT_JWE = /^[\w-]+(\.[\w-]*){4}$/
