/**
 * Text from strangers, made fit for a terminal or a log, and the rule for text that we write ourselves.
 *
 * A `generator` is free text in a file that anybody can write: with control characters it could repaint a terminal, with
 * direction marks it could show another key identifier than it carries.
 *
 * Requirements: BYOK-97.
 * @module
 */
import { accept, refuse, type Verdict } from '../verdict.js'
import { byokFault, type ByokFault } from './faults.js'

/** The longest `generator`, in characters (code points). */
export const GENERATOR_LIMIT = 1024

/** What may be wrong with a `generator`. */
export type GeneratorFault = ByokFault<'generator_too_long' | 'generator_control_characters'>

/** The text without control characters, direction marks and line separators, shortened to `limit` characters with an ellipsis at the end. */
export function sanitizeForDisplay(text: string, limit: number = GENERATOR_LIMIT): string {
  const characters: string[] = []
  // Stops where the rest would be cut off: the text may be very much longer than what is shown of it.
  for (const character of text) {
    if (UNSHOWABLE.test(character)) continue
    if (characters.length >= limit) return `${characters.slice(0, limit - 1).join('')}…`
    characters.push(character)
  }
  return characters.join('')
}

/** Whether the text holds a character that {@link sanitizeForDisplay} would drop; the offset of the first one, or -1. */
export const unshowableAt = (text: string): number => text.search(UNSHOWABLE)

/** Judges a `generator` that is about to be written. */
export function checkGenerator(text: string): Verdict<string, GeneratorFault> {
  const length = [...text].length
  if (length > GENERATOR_LIMIT) return refuse(byokFault('generator_too_long', { found: length }))
  const at = unshowableAt(text)
  return at < 0 ? accept(text) : refuse(byokFault('generator_control_characters', { at: `character ${at}`, found: codePoint(text, at) }))
}

/** A short piece of untrusted text for `found` in a fault. */
export const shown = (text: string): string => sanitizeForDisplay(text, SHOWN_LIMIT)

/** A character by its number, for example `U+001B`. */
export const codePoint = (text: string, at: number): string => `U+${(text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

const SHOWN_LIMIT = 160
// Cc: U+0000 to U+001F and U+007F to U+009F; Cs: half of a surrogate pair; Zl, Zp: line and paragraph separators.
const UNSHOWABLE = /[\p{Cc}\p{Bidi_Control}\p{Cs}\p{Zl}\p{Zp}]/u
