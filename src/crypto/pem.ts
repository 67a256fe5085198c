/**
 * PEM, the textual encoding of RFC 7468: labelled base64 blocks, with text that explains them around.
 *
 * Works on bytes from end to end, because a private key must not become a string that nobody can wipe. Blocks encrypted in the
 * old OpenSSL way (RFC 1421 headers) are told apart. What a label means is said by `key-file.ts`.
 * @module
 */
import { decodeBase64, toBase64, type Base64Fault } from '../bytes/base64.js'
import { requireBytes, wipe } from '../bytes/bytes.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'

/** One block. */
export interface PemBlock {
  /** What stands behind BEGIN: `PUBLIC KEY`. */
  readonly label: string
  /** What the block contains; the caller wipes it where the label says that it is secret. */
  readonly bytes: Uint8Array
}

/** What may be wrong with PEM text; `at` is the line, and the label where there is one. */
export type PemFault =
  | Base64Fault
  | Fault<
      'pem_no_block' | 'pem_boundary_malformed' | 'pem_unterminated' | 'pem_labels_differ' | 'pem_encrypted' | 'pem_headers_unsupported' | 'pem_block_empty'
    >

/** Reads all blocks. Line ends may be LF, CRLF or CR; white space inside a block is skipped; lines outside are not looked at. */
export function readPem(text: Uint8Array): Verdict<readonly PemBlock[], PemFault> {
  requireBytes(text, 'PEM')
  const blocks: PemBlock[] = []
  const failed = readBlocks(text, blocks) ?? (blocks.length === 0 ? { code: 'pem_no_block' as const } : null)
  if (!failed) return accept(blocks)
  wipe(...blocks.map((block) => block.bytes))
  return refuse(failed)
}

/** Writes one block: lines of 64 characters that end in LF. For public keys; a secret would become a string. */
export function writePem(label: string, bytes: Uint8Array): string {
  if (!LABEL.test(label)) throw new TypeError(`not a PEM label: ${label}`)
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

function readBlocks(text: Uint8Array, blocks: PemBlock[]): PemFault | null {
  const base64 = new Uint8Array(text.length)
  let label: string | null = null
  let length = 0
  let number = 0
  try {
    for (const line of lines(text)) {
      number++
      const at = label === null ? `line ${number}` : `${label}, line ${number}`
      const boundary = line.length >= 5 && line.subarray(0, 5).every((byte) => byte === DASH)
      if (label === null) {
        if (!boundary) continue
        label = boundaryLabel(line, 'BEGIN')
        if (label === null) return { code: 'pem_boundary_malformed', at, wanted: '-----BEGIN …-----' }
        length = 0
      } else if (boundary) {
        const end = boundaryLabel(line, 'END')
        if (end === null) return { code: 'pem_boundary_malformed', at, wanted: `-----END ${label}-----` }
        if (end !== label) return { code: 'pem_labels_differ', at, found: end, wanted: label }
        if (length === 0) return { code: 'pem_block_empty', at }
        const bytes = decodeBase64(base64.subarray(0, length), { alphabet: 'standard', padding: 'required' })
        if (!bytes.ok) return { ...bytes.fault, at: `${label}, ${bytes.fault.at}` }
        blocks.push({ label, bytes: bytes.value })
        label = null
      } else if (line.includes(COLON)) {
        return { code: asciiText(line).startsWith('Proc-Type: 4,ENCRYPTED') ? 'pem_encrypted' : 'pem_headers_unsupported', at }
      } else {
        for (const byte of line) if (!WHITE_SPACE.has(byte)) base64[length++] = byte
      }
    }
    return label === null ? null : { code: 'pem_unterminated', at: `${label}, line ${number}`, wanted: `-----END ${label}-----` }
  } finally {
    wipe(base64)
  }
}

function* lines(text: Uint8Array): Generator<Uint8Array> {
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== LF && text[i] !== CR) continue
    yield text.subarray(start, i)
    if (text[i] === CR && text[i + 1] === LF) i++
    start = i + 1
  }
  if (start < text.length) yield text.subarray(start)
}

/** The label of an encapsulation boundary (RFC 7468 §3), `null` where the line is none. */
function boundaryLabel(line: Uint8Array, word: 'BEGIN' | 'END'): string | null {
  const text = line.length <= LONGEST_BOUNDARY ? asciiText(line).trimEnd() : ''
  const inner = text.startsWith(`-----${word} `) && text.endsWith('-----') ? text.slice(word.length + 6, -5) : ''
  return LABEL.test(inner) ? inner : null
}

const asciiText = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, LONGEST_BOUNDARY))

/** Words of capitals and digits with single spaces or hyphens; RFC 7468 allows more, no key label uses it. */
const LABEL = /^[A-Z0-9]+(?:[ -][A-Z0-9]+)*$/
const LONGEST_BOUNDARY = 80
const DASH = 0x2d
const COLON = 0x3a
const LF = 0x0a
const CR = 0x0d
const WHITE_SPACE = new Set([0x20, 0x09, 0x0b, 0x0c])
