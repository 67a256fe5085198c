/**
 * Text as the minidriver interface has it: UTF-16LE with a NUL at the end, and lists of such texts with one more NUL.
 *
 * A list without texts is that last NUL alone. Text is well-formed (no half of a surrogate pair) and holds no NUL of its own.
 *
 * Requirement: SKI-93.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'

/** What may be wrong with a text. */
export type WideTextFault = Fault<'wide_text_length_odd' | 'wide_text_unterminated' | 'wide_text_trailing' | 'wide_text_surrogate'>

/** What may be wrong with a list of texts. */
export type MultiStringFault = WideTextFault | Fault<'multi_string_unterminated' | 'multi_string_trailing'>

/** Reads one text with its NUL, to the last byte. */
export function decodeWideText(bytes: Uint8Array): Verdict<string, WideTextFault> {
  const units = readUnits(bytes)
  if (!units.ok) return units
  const end = units.value.indexOf(0)
  if (end < 0) return fault('wide_text_unterminated', bytes.length)
  if (end < units.value.length - 1) return fault('wide_text_trailing', 2 * (end + 1))
  return textOf(units.value, 0, end)
}

/** Writes one text with its NUL. A text with a NUL in it, or half of a surrogate pair, is a `TypeError`. */
export function encodeWideText(text: string): Uint8Array {
  return unitsToBytes([...unitsOf(text), 0])
}

/** Reads a list of texts, to the last byte. */
export function decodeMultiString(bytes: Uint8Array): Verdict<readonly string[], MultiStringFault> {
  const units = readUnits(bytes)
  if (!units.ok) return units
  const texts: string[] = []
  let at = 0
  for (;;) {
    const end = units.value.indexOf(0, at)
    if (end < 0) return fault('multi_string_unterminated', bytes.length)
    if (end === at) break
    const text = textOf(units.value, at, end)
    if (!text.ok) return text
    texts.push(text.value)
    at = end + 1
  }
  return at === units.value.length - 1 ? accept(texts) : fault('multi_string_trailing', 2 * (at + 1))
}

/** Writes a list of texts. An empty text is a `TypeError`: it would end the list. */
export function encodeMultiString(texts: readonly string[]): Uint8Array {
  if (texts.includes('')) throw new TypeError('texts: none may be empty')
  return unitsToBytes([...texts.flatMap((text) => [...unitsOf(text), 0]), 0])
}

/** The code units of a text that may stand in front of a NUL. */
export function unitsOf(text: string): number[] {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  if (typeof text !== 'string' || units.includes(0) || loneSurrogate(units, 0, units.length) >= 0)
    throw new TypeError('text: well-formed, without NUL, is wanted')
  return units
}

/** Code units as bytes. */
export function unitsToBytes(units: readonly number[]): Uint8Array {
  return Uint8Array.from(units.flatMap((unit) => [unit & 0xff, unit >> 8]))
}

/** The offset of the first half of a surrogate pair that stands alone, or -1. */
export function loneSurrogate(units: readonly number[], from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const unit = units[at]!
    if (unit < 0xd800 || unit > 0xdfff) continue
    const next = at + 1 < to ? units[at + 1]! : 0
    if (unit > 0xdbff || next < 0xdc00 || next > 0xdfff) return at
    at++
  }
  return -1
}

/** Bytes as code units. */
export function bytesToUnits(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, at) => bytes[2 * at]! | (bytes[2 * at + 1]! << 8))
}

/** Code units as text. */
export const unitsToText = (units: readonly number[]): string => units.map((unit) => String.fromCharCode(unit)).join('')

function readUnits(bytes: Uint8Array): Verdict<readonly number[], WideTextFault> {
  requireBytes(bytes, 'text')
  return bytes.length % 2 === 1 ? fault('wide_text_length_odd', bytes.length - 1) : accept(bytesToUnits(bytes))
}

function textOf(units: readonly number[], from: number, to: number): Verdict<string, WideTextFault> {
  const lone = loneSurrogate(units, from, to)
  return lone < 0 ? accept(unitsToText(units.slice(from, to))) : fault('wide_text_surrogate', 2 * lone)
}

const fault = <C extends string>(code: C, offset: number) => refuse<Fault<C>>({ code, at: `offset ${offset}`, requirement: 'SKI-93' })
