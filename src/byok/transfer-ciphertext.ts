/**
 * The text of the member `ciphertext`: base64url, and the other spellings of a blob that people send.
 *
 * Requirements: BYOK-86, BYOK-91, BYOK-92, BYOK-93, BYOK-96.
 * @module
 */
import { decodeBase64, type Base64Fault } from '../bytes/base64.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { codePoint, shown } from './display.js'
import type { ByokFaultCode } from './faults.js'
import { TRANSFER_LIMITS } from './transfer-format.js'

/** Something about the text that is wrong, or that only the lenient reading takes. */
export interface CiphertextFlaw {
  readonly code: Extract<ByokFaultCode, `ciphertext_${string}`> | 'blob_too_large'
  /** The character, by its offset in the text. */
  readonly index: number
  readonly found?: string | number
  readonly wanted?: string | number
}

/** A blob, and what a strict reader would not have taken. */
export interface CiphertextRead {
  readonly blob: Uint8Array
  readonly tolerated: readonly CiphertextFlaw[]
}

/** Reads the text as no reading refuses it; the caller judges what is `tolerated`. */
export function readCiphertext(text: string): Verdict<CiphertextRead, CiphertextFlaw> {
  if (text === '') return refuse({ code: 'ciphertext_empty', index: 0 })
  // Measured before it is decoded; two characters of padding at the most.
  if (text.length > Math.ceil((TRANSFER_LIMITS.blobBytes * 4) / 3) + 2)
    return refuse({ code: 'blob_too_large', index: 0, found: Math.floor((text.length * 3) / 4) })
  if (NOTATION.test(text)) return refuse({ code: 'ciphertext_notation', index: 0, found: shown(text.slice(0, 12)) })

  const decoded = decodeBase64(text, { alphabet: 'either', padding: 'optional' })
  if (!decoded.ok) return refuse(flawOf(decoded.fault, text))

  const standard = text.search(/[+/]/)
  const padding = text.indexOf('=')
  const tolerated: CiphertextFlaw[] = []
  if (standard >= 0) tolerated.push({ code: 'ciphertext_alphabet_standard', index: standard })
  if (padding >= 0) tolerated.push({ code: 'ciphertext_padded', index: padding, found: text.slice(padding) })
  return accept({ blob: decoded.value, tolerated })
}

function flawOf({ code, at = '', found, wanted }: Base64Fault, text: string): CiphertextFlaw {
  const index = Number(/[0-9]*$/.exec(at)![0])
  switch (code) {
    case 'base64_character_unknown':
      return { code: /\s/.test(text.charAt(index)) ? 'ciphertext_white_space' : 'ciphertext_character_unknown', index, found: codePoint(text, index) }
    case 'base64_padding_wrong':
      return { code: 'ciphertext_padding_wrong', index, found: found ?? 0, wanted: `${wanted ?? 0}, or none` }
    case 'base64_length_impossible':
      return { code: 'ciphertext_length_impossible', index, found: found ?? text.length }
    case 'base64_spare_bits':
      return { code: 'ciphertext_spare_bits', index }
    default:
      return { code: 'ciphertext_alphabets_mixed', index }
  }
}

// The document writes the value as BASE64URL(…); some programs copied that.
const NOTATION = /^base64(url)?\s*\(/i
