/**
 * Where `keyferry ski decode` gets its bytes from: a file, stdin, or hexadecimal digits on the command line; and what a file is: the bytes
 * themselves, or text that spells them.
 *
 * No structure is visible ASCII from end to end, so a file that is, is text.
 * @module
 */
import { lstat } from 'node:fs/promises'
import { decodeBase64 } from '../../../src/bytes/base64.js'
import { concat, fromUtf8, wipe } from '../../../src/bytes/bytes.js'
import { usage } from '../args.js'
import { EXIT, Failure } from '../failure.js'
import { READ_LIMIT, readInput } from '../files.js'

/** What was given. */
export interface Input {
  /** A secret, perhaps: the caller wipes it. */
  readonly bytes: Uint8Array
  readonly from: 'file' | 'stdin' | 'command line'
  readonly form: 'binary' | 'hex' | 'base64'
}

/** Reads what the operand names. `-` is stdin; a file goes before digits of the same name. */
export async function readDecodeInput(operand: string): Promise<Input> {
  if (operand === '-') return { ...bytesOf(await readStdin(), 'stdin'), from: 'stdin' }
  const isFile = await exists(operand)
  if (isFile || !looksLikeDigits(operand)) return { ...bytesOf(await readInput(operand, 'the input'), operand), from: 'file' }
  // What was typed may be a secret: a message says where it is wrong, and does not repeat it.
  const bytes = fromDigits(operand)
  if (bytes === null) throw usage(`there is no such file, and the operand is not hexadecimal: ${whyNot(operand)}`)
  return { bytes, from: 'command line', form: 'hex' }
}

/** The bytes that the contents of a file are, or spell. */
function bytesOf(contents: Uint8Array, what: string): Omit<Input, 'from'> {
  if (contents.length > READ_LIMIT) throw unreadable(contents, `${what} is longer than ${READ_LIMIT} bytes`)
  if (contents.length === 0 || !contents.every(isVisible)) return { bytes: contents, form: 'binary' }
  const text = fromUtf8(contents)!
  if (isDigits(text)) {
    const bytes = fromDigits(text)
    if (bytes === null) throw unreadable(contents, `${what} is hexadecimal text that is not whole: two digits make a byte`)
    wipe(contents)
    return { bytes, form: 'hex' }
  }
  const letters = contents.filter((letter) => letter > 0x20)
  const read = decodeBase64(letters, { alphabet: 'either', padding: 'optional' })
  wipe(letters)
  if (!read.ok) throw unreadable(contents, `${what} is text, and neither hexadecimal digits nor base64`)
  wipe(contents)
  return { bytes: read.value, form: 'base64' }
}

function unreadable(contents: Uint8Array, message: string): Failure {
  wipe(contents)
  return new Failure(EXIT.unreadable, message)
}

/** Digits alone, without what people put between bytes: white space, colons, commas, and 0x in front. */
const bare = (text: string): string => text.replace(/0x/gi, '').replace(/[\s:,]/g, '')

const isDigits = (text: string): boolean => /^[0-9a-f]+$/i.test(bare(text))

/** Digits, or many of them with a slip; a path of a file has a dot or a slash. */
function looksLikeDigits(text: string): boolean {
  if (isDigits(text)) return true
  const digits = text.replace(/[^0-9a-f]/gi, '').length
  return digits >= 16 && digits >= 0.6 * text.length && !/[./\\]/.test(text)
}

function fromDigits(text: string): Uint8Array | null {
  const digits = bare(text)
  return isDigits(text) && digits.length % 2 === 0 ? Uint8Array.from(Buffer.from(digits, 'hex')) : null
}

function whyNot(text: string): string {
  const wrong = text.search(/[^\s:,0-9a-fx]/i)
  return wrong < 0 ? 'two digits make a byte' : `it goes wrong at character ${wrong + 1}`
}

/** Visible ASCII and white space. */
const isVisible = (byte: number): boolean => (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** All of stdin, at most a byte more than is taken of any file. */
async function readStdin(): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece)
    length += piece.length
    if (length > READ_LIMIT) break
  }
  const all = concat(...pieces)
  wipe(...pieces)
  return all
}
