/**
 * Text for a terminal: styles, tables, and JSON that is safe to show.
 *
 * Much of what a command prints comes from files that strangers wrote. A {@link Text} keeps words and style apart until the last
 * moment, so every word is made harmless in one place and no file can bring its own colours or move the cursor (BYOK-97).
 * @module
 */
import { sanitizeForDisplay } from '../../src/byok/display.js'

/** Words, styled words, or both in a row. One line: a line feed in it is dropped like any control character. */
export type Text = string | Styled | readonly Text[]

/** Words in one style. */
export interface Styled {
  readonly style: Style
  readonly text: string
}

/** What a style means, rather than how it looks. */
export type Style = 'heading' | 'quiet' | 'good' | 'warning' | 'bad'

/** Puts words in a style. */
export const styled = (style: Style, text: string): Styled => ({ style, text })

/** One line as it goes to a stream, without its line feed. */
export function render(text: Text, colour: boolean): string {
  if (typeof text === 'string') return sanitizeForDisplay(text, Infinity)
  if (isStyled(text)) {
    const words = sanitizeForDisplay(text.text, Infinity)
    const [on, off] = SGR[text.style]
    return colour ? `\x1b[${on}m${words}\x1b[${off}m` : words
  }
  return text.map((part) => render(part, colour)).join('')
}

/** Rows as lines, with columns as wide as their widest cell. The last column is not padded. */
export function table(rows: readonly (readonly Text[])[], { indent = '', gap = '  ' }: { readonly indent?: string; readonly gap?: string } = {}): Text[] {
  const length = (cell: Text) => [...render(cell, false)].length
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, i) => Math.max(length(cell), widest[i] ?? 0)), [])
  return rows.map((row) => [indent, ...row.flatMap((cell, i) => (i === row.length - 1 ? [cell] : [cell, ' '.repeat(widths[i]! - length(cell)), gap]))])
}

/** Words broken into lines of at most `width` characters. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** JSON for a person's terminal and for a program alike: what a terminal could act on is escaped, not dropped. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(ACTIVE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const isStyled = (text: Text): text is Styled => typeof text === 'object' && 'style' in text

/** Select Graphic Rendition: on, off. */
const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  heading: [1, 22],
  quiet: [2, 22],
  good: [32, 39],
  warning: [33, 39],
  bad: [31, 39],
}

// The line feeds are those of the layout: inside a string JSON has none.
const ACTIVE = /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu
