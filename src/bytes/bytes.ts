/**
 * Small things that every codec needs: join, compare, wipe, and text in UTF-8.
 * @module
 */

/** Joins byte strings into a new one. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Compares byte strings without an early exit; only the lengths are treated as public. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/**
 * Overwrites secrets with zeros. This is the best that a garbage-collected runtime offers: copies made by the compiler
 * or the collector stay out of reach (see SECURITY.md).
 */
export function wipe(...secrets: readonly (Uint8Array | undefined | null)[]): void {
  for (const secret of secrets) secret?.fill(0)
}

/** A copy of a view, and the whole buffer behind the view wiped. For results of libraries that return windows on larger buffers. */
export function copyAndWipe(view: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(view)
  new Uint8Array(view.buffer).fill(0)
  return copy
}

/** Throws a `TypeError` unless `value` is a `Uint8Array` (of the given length). */
export function requireBytes(value: unknown, name: string, length?: number): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name}: a Uint8Array is wanted`)
  if (length !== undefined && value.length !== length) throw new TypeError(`${name}: ${length} bytes are wanted, ${value.length} were given`)
}

/** Text as UTF-8 bytes. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** UTF-8 bytes as text, or `null` where they are not UTF-8. A byte order mark is kept, so that the caller can judge it. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
