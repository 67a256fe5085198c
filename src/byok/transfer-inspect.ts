/**
 * The walk over a transfer file that a person asks for: every field with its place and meaning, and every finding, not only the first.
 *
 * A reading says which encodings are tolerated. What the reading refuses is a finding of level MUST; what it tolerates, though no writer
 * should do it, one of level SHOULD. The walk goes on behind a finding wherever the rest still has a meaning, and stops where it has none.
 *
 * Readings chosen where the document is silent: a name or a constant in the wrong case has its own code, though a reader
 * treats the name as missing; control characters in `generator` are refused in the strict reading only, since the value is never believed
 * and never shown as it is; without a KEK, a blob is refused only where no KEK fits its length.
 *
 * Requirements: BYOK-61, BYOK-80 to BYOK-97, BYOK-99.
 * @module
 */
import { toBase64url } from '../bytes/base64.js'
import { fromUtf8, requireBytes } from '../bytes/bytes.js'
import { isJsonObject, parseJson, type JsonFault, type JsonObject, type JsonValue } from '../bytes/json.js'
import type { Kid } from '../enclave/commands.js'
import type { Fault } from '../verdict.js'
import { checkGenerator, codePoint, sanitizeForDisplay, shown, unshowableAt } from './display.js'
import { byokFault, faultText, type ByokFault, type ByokFaultCode } from './faults.js'
import { parseKid, type KidFault } from './kid.js'
import { mapMembers, memberPath, type Member } from './member-map.js'
import { readCiphertext } from './transfer-ciphertext.js'
import { checkBlobLength, TRANSFER_CONSTANTS, TRANSFER_LIMITS, type BlobLengthFault, type TransferFile } from './transfer-format.js'

/** Which encodings of a file are tolerated. Not to be mixed up with a profile, which says what is checked. */
export type Reading = 'strict' | 'lenient'

/** How a file is looked at. */
export interface InspectionOptions {
  readonly reading: Reading
  /** The length of the KEK's modulus, if the KEK is at hand: the blob is then split and measured by it. */
  readonly modulusBytes?: number
}

/** What may be wrong with a transfer file. */
export type TransferFileFault = ByokFault<
  | (KidFault | BlobLengthFault)['code']
  | Extract<ByokFaultCode, `file_${string}` | `member_${string}` | `schema_version_${string}` | `ciphertext_${string}` | `generator_${string}`>
  | 'header_not_object'
  | 'alg_unknown'
  | 'enc_unknown'
  | 'constant_case'
>

/** One thing that is wrong, or not as it should be. */
export type Finding = TransferFileFault & {
  /** `MUST`: this reading refuses the file. `SHOULD`: tolerated, but no writer should do it. */
  readonly level: 'MUST' | 'SHOULD'
  /** The sentence for a person. */
  readonly text: string
}

/** One part of a file, for a person. */
export interface Field {
  /** Where it is: a path of member names; `C1` and `C2` are the parts of the blob. */
  readonly name: string
  /** Offset in bytes: in the file, or for the parts of the blob in the blob. */
  readonly offset: number
  /** Size in bytes; that of a text with its quotation marks. */
  readonly size: number
  /** What it says, fit for a terminal. */
  readonly value: string
  readonly meaning: string
}

/** What an inspection brings to light. */
export interface Inspection {
  readonly findings: readonly Finding[]
  readonly fields: readonly Field[]
  /** What the file says, if no finding is of level MUST. */
  readonly file: TransferFile | null
}

/** Looks at every part of a file. Arbitrary bytes are fine. */
export function inspectTransferFile(bytes: Uint8Array, options: InspectionOptions): Inspection {
  requireBytes(bytes, 'inspectTransferFile')
  if (options.reading !== 'strict' && options.reading !== 'lenient') throw new TypeError('reading: strict or lenient')
  const walk = new Walk(bytes, options)
  const file = walk.file()
  const refused = walk.findings.some(({ level }) => level === 'MUST')
  return { findings: walk.findings, fields: walk.fields, file: refused ? null : file }
}

type Details = Omit<Fault, 'code'>
type Code = TransferFileFault['code']

class Walk {
  readonly findings: Finding[] = []
  readonly fields: Field[] = []
  readonly #bytes: Uint8Array
  readonly #reading: Reading
  readonly #modulusBytes: number | undefined
  readonly #members = new Map<string, Member>()
  #text = ''
  /** For each character of the text, its offset in the file. */
  #offsets: Uint32Array | null = null

  constructor(bytes: Uint8Array, { reading, modulusBytes }: InspectionOptions) {
    this.#bytes = bytes
    this.#reading = reading
    this.#modulusBytes = modulusBytes
  }

  file(): TransferFile | null {
    const size = this.#bytes.length
    this.fields.push({ name: 'file', offset: 0, size, value: `${size} bytes`, meaning: 'all bytes of the file, which are uploaded unchanged' })
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
      this.#offsets = byteOffsets(this.#text, marked ? 3 : 0)
      if (marked) this.#tolerate('file_byte_order_mark', { at: 'offset 0' })
      return true
    }
    return false
  }

  /** Text to a value; `undefined` where there is none to go on with. */
  #parse(): JsonValue | undefined {
    const parsed = parseJson(this.#text, { maxDepth: TRANSFER_LIMITS.depth, maxBytes: TRANSFER_LIMITS.fileBytes })
    if (parsed.ok) {
      for (const member of mapMembers(this.#text).members) this.#members.set(member.path, member)
      return parsed.value
    }
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
    let value: JsonValue
    try {
      value = JSON.parse(this.#text) as JsonValue
    } catch {
      // The text is at fault behind the name as well, and then a map of it says nothing.
      this.#refuse('member_duplicate', { at: this.#placeOf(first) })
      return undefined
    }
    const { members, depth } = mapMembers(this.#text)
    for (const member of members) {
      if (this.#members.has(member.path)) this.#refuse('member_duplicate', { at: `${shown(member.path)}, offset ${this.#byteOffset(member.nameAt)}` })
      this.#members.set(member.path, member)
    }
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
    if (!isJsonObject(header)) return this.#refuse('header_not_object', { at: this.#at('header'), found: typeName(header) })
    this.#unknownMembers(header, ['kid', 'alg', 'enc'], 'header')
    const kid = this.#kid(header)
    this.#constant(header, 'alg', 'header', 'the KEK protects the ciphertext directly, by the mechanism of enc')
    this.#constant(header, 'enc', 'header', 'RSA-OAEP of an AES key, then AES key wrap with padding (RFC 5649)')
    return kid
  }

  #kid(header: JsonObject): Kid | null {
    const text = this.#string(header, 'kid', 'header')
    if (text === null) return null
    this.#field('header.kid', 'the version of the KEK that opens the ciphertext', text)
    const kid = parseKid(text)
    if (kid.ok) return kid.value
    this.#add('MUST', { ...kid.fault, at: this.#at('header.kid'), requirement: 'BYOK-83' })
    return null
  }

  #constant(object: JsonObject, name: keyof typeof TRANSFER_CONSTANTS, parent: string, meaning: string): void {
    const value = this.#string(object, name, parent)
    if (value === null) return
    const path = memberPath(parent, name)
    this.#field(path, meaning, value)
    const wanted = TRANSFER_CONSTANTS[name]
    if (value === wanted) return
    const code =
      value.toLowerCase() === wanted.toLowerCase()
        ? 'constant_case'
        : value === '1.0' && name === 'schema_version'
          ? 'schema_version_release'
          : `${name}_unknown`
    this.#refuse(code as Code, { at: this.#at(path), found: shown(value), wanted })
  }

  #ciphertext(root: JsonObject): string | null {
    const text = this.#string(root, 'ciphertext', '')
    if (text === null) return null
    const read = readCiphertext(text)
    this.#field('ciphertext', 'base64url of the transfer blob, C1 ‖ C2', read.ok ? `${read.value.blob.length} bytes` : `${text.length} characters`)
    for (const { code, index, ...details } of read.ok ? read.value.tolerated : [read.fault]) {
      const place = { ...details, at: this.#at('ciphertext', index) }
      if (read.ok) this.#tolerate(code, place)
      else this.#refuse(code, place)
    }
    if (!read.ok) return null
    const { blob } = read.value
    this.#parts(blob.length)
    const fault = checkBlobLength(blob.length, this.#modulusBytes)
    if (fault) this.#add('MUST', { ...fault, at: this.#at('ciphertext') })
    return toBase64url(blob)
  }

  /** C1 and C2, if it is known where the one ends. */
  #parts(length: number): void {
    const k = this.#modulusBytes
    if (k === undefined || length <= k) return
    this.fields.push({ name: 'C1', offset: 0, size: k, value: `${k} bytes`, meaning: 'the ephemeral AES key under the KEK, RSA-OAEP with SHA-1' })
    const [least, most] = [length - k - 15, length - k - 8]
    const inside = least > 0 ? `${least} to ${most} bytes inside` : 'too short for one'
    this.fields.push({ name: 'C2', offset: k, size: length - k, value: `${length - k} bytes`, meaning: `the target key, AES key wrap with padding; ${inside}` })
  }

  #generator(root: JsonObject): string | null {
    if (!Object.hasOwn(root, 'generator') && misspelt(root, 'generator') === undefined) {
      this.#add('SHOULD', byokFault('generator_missing'))
      return null
    }
    const text = this.#string(root, 'generator', '')
    if (text === null) return null
    this.#field('generator', 'what made the file, in its own words; evidence of nothing', text)
    const judged = checkGenerator(text)
    if (!judged.ok && judged.fault.code === 'generator_too_long') this.#add('MUST', { ...judged.fault, at: this.#at('generator') })
    const index = unshowableAt(text)
    if (index >= 0) this.#tolerate('generator_control_characters', { at: this.#at('generator', index), found: codePoint(text, index) })
    return text
  }

  #unknownMembers(object: JsonObject, known: readonly string[], parent: string): void {
    const meanings = new Map(known.map((name) => [misspelt(object, name), name]))
    for (const name of Object.keys(object)) {
      if (known.includes(name)) continue
      const path = memberPath(parent, name)
      const meant = meanings.get(name)
      if (meant !== undefined) this.#refuse('member_name_case', { at: this.#at(path), found: name, wanted: meant })
      else this.#tolerate('member_unknown', { at: this.#at(path) })
      this.#field(path, 'not part of the format', typeName(object[name]!))
    }
  }

  /** A member that has to be there; `undefined` with a finding. One in the wrong case has its finding already. */
  #member(object: JsonObject, name: string, parent: string): JsonValue | undefined {
    if (Object.hasOwn(object, name)) return object[name]
    if (misspelt(object, name) === undefined) this.#refuse('member_missing', { at: memberPath(parent, name) })
    return undefined
  }

  /** The text of a member; `null` with a finding. */
  #string(object: JsonObject, name: string, parent: string): string | null {
    const value = this.#member(object, name, parent)
    if (value === undefined || typeof value === 'string') return value ?? null
    return this.#refuse('member_type_wrong', { at: this.#at(memberPath(parent, name)), found: typeName(value), wanted: 'a string' })
  }

  #field(path: string, meaning: string, value: string): void {
    const member = this.#members.get(path)
    if (!member) return
    const offset = this.#byteOffset(member.start)
    this.fields.push({ name: shown(path), offset, size: this.#byteOffset(member.end) - offset, value: sanitizeForDisplay(value), meaning })
  }

  /** A place in the file: the member, and the byte at which its value begins, or at which the character `index` of its text stands. */
  #at(path: string, index = -1): string {
    const member = this.#members.get(path)
    if (!member) return shown(path)
    // With escapes, the characters of the value and of the file are not in step.
    const inStep = index >= 0 && !this.#text.slice(member.start, member.end).includes('\\')
    return `${shown(path)}, offset ${this.#byteOffset(inStep ? member.start + 1 + index : member.start)}`
  }

  #byteOffset(index: number): number {
    return this.#offsets?.[index] ?? this.#bytes.length
  }

  /** A finding in every reading. Answers `null`, for a caller that has nothing to go on with. */
  #refuse(code: Code, details: Details): null {
    this.#add('MUST', byokFault(code, details))
    return null
  }

  /** A finding that the lenient reading tolerates. */
  #tolerate(code: Code, details: Details): void {
    this.#add(this.#reading === 'strict' ? 'MUST' : 'SHOULD', byokFault(code, details))
  }

  #add(level: Finding['level'], fault: TransferFileFault): void {
    this.findings.push({ ...fault, level, text: faultText(fault.code) })
  }
}

/** The name under which a missing member stands in the wrong case, if it does. */
const misspelt = (object: JsonObject, name: string) =>
  Object.hasOwn(object, name) ? undefined : Object.keys(object).find((each) => each.toLowerCase() === name)

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
