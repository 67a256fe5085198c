/**
 * Base64 and base64url (RFC 4648 §4, §5), strict: alphabets are not mixed, padding is the right one or none, spare bits
 * are zero, white space is not skipped. What a format tolerates is said by its codec through the options.
 * @module
 */
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { wipe } from './bytes.js'

/** What may be wrong with base64 text; `at` is the offset of the character. */
export type Base64Fault = Fault<
  'base64_character_unknown' | 'base64_alphabet_wrong' | 'base64_alphabets_mixed' | 'base64_padding_wrong' | 'base64_length_impossible' | 'base64_spare_bits'
>

/** Which texts a reader takes. */
export interface Base64Reading {
  /** `url`: `-` and `_`; `standard`: `+` and `/`; `either`: one of the two, never both in one text. */
  readonly alphabet: 'url' | 'standard' | 'either'
  /** `none`: refuse `=`; `required`: the right number; `optional`: none or the right number. */
  readonly padding: 'none' | 'required' | 'optional'
}

/** Bytes as base64url without padding. */
export function toBase64url(bytes: Uint8Array): string {
  return encode(bytes, URL_ALPHABET)
}

/** Bytes as standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  const text = encode(bytes, STANDARD_ALPHABET)
  return text + '='.repeat((4 - (text.length % 4)) % 4)
}

/** Reads base64url without padding; any other text is refused. */
export const fromBase64url = (text: string): Verdict<Uint8Array, Base64Fault> => decodeBase64(text, { alphabet: 'url', padding: 'none' })

/** Reads base64 text as the reading allows. Text that hides a secret may be given as ASCII bytes, which can be wiped. */
export function decodeBase64(text: string | Uint8Array, reading: Base64Reading): Verdict<Uint8Array, Base64Fault> {
  const codeAt = (i: number) => (typeof text === 'string' ? text.charCodeAt(i) : text[i]!)
  let length = text.length
  while (length > 0 && codeAt(length - 1) === PAD) length--
  const padding = text.length - length
  const wantedPadding = (4 - (length % 4)) % 4
  const at = (offset: number) => `offset ${offset}`

  const alphabet = alphabetFault(codeAt, length, reading)
  if (alphabet) return refuse(alphabet)
  if (length % 4 === 1) return refuse({ code: 'base64_length_impossible', at: at(length), found: length })
  if (padding > 0 && (reading.padding === 'none' || padding !== wantedPadding))
    return refuse({ code: 'base64_padding_wrong', at: at(length), found: padding, wanted: reading.padding === 'none' ? 0 : wantedPadding })
  if (padding === 0 && reading.padding === 'required' && wantedPadding > 0)
    return refuse({ code: 'base64_padding_wrong', at: at(length), found: 0, wanted: wantedPadding })

  const bytes = new Uint8Array(Math.floor((length * 3) / 4))
  let bits = 0
  let held = 0
  let written = 0
  for (let i = 0; i < length; i++) {
    bits = (bits << 6) | VALUES[codeAt(i)]!
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[written++] = (bits >>> held) & 0xff
      bits &= (1 << held) - 1
    }
  }
  // Two texts for one byte string would be two names for one blob.
  if (bits !== 0) {
    wipe(bytes)
    return refuse({ code: 'base64_spare_bits', at: at(length - 1) })
  }
  return accept(bytes)
}

function alphabetFault(codeAt: (i: number) => number, length: number, reading: Base64Reading): Base64Fault | null {
  let url = -1
  let standard = -1
  for (let i = 0; i < length; i++) {
    const code = codeAt(i)
    if (code > 127 || VALUES[code] === 255) return { code: 'base64_character_unknown', at: `offset ${i}` }
    if (code === 0x2d || code === 0x5f) url = url < 0 ? i : url
    if (code === 0x2b || code === 0x2f) standard = standard < 0 ? i : standard
  }
  if (url >= 0 && standard >= 0) return { code: 'base64_alphabets_mixed', at: `offset ${Math.max(url, standard)}` }
  if (standard >= 0 && reading.alphabet === 'url') return { code: 'base64_alphabet_wrong', at: `offset ${standard}`, wanted: 'base64url' }
  if (url >= 0 && reading.alphabet === 'standard') return { code: 'base64_alphabet_wrong', at: `offset ${url}`, wanted: 'base64' }
  return null
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const characters = Math.min(4, bytes.length - i + 1)
    for (let c = 0; c < characters; c++) text += alphabet[(group >>> (18 - 6 * c)) & 63]!
  }
  return text
}

const PAD = 0x3d
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STANDARD_ALPHABET = `${LETTERS}+/`
const URL_ALPHABET = `${LETTERS}-_`
const VALUES = new Uint8Array(128).fill(255)
for (let i = 0; i < 64; i++) {
  VALUES[STANDARD_ALPHABET.charCodeAt(i)] = i
  VALUES[URL_ALPHABET.charCodeAt(i)] = i
}
