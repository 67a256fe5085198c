/**
 * Readers for plain data from strangers: each gives back a fresh copy with the members it knows, or `undefined`.
 * What comes out has the shape that the types promise; members nobody asked for do not ride along.
 * @module
 */

/** Reads a value of one shape, or answers `undefined`. */
export type Reader<T> = (value: unknown) => T | undefined

/** What a reader reads. */
export type Read<R> = R extends Reader<infer T> ? T : never

/** Text of at most `limit` UTF-16 code units. */
export const text =
  (limit: number): Reader<string> =>
  (value) =>
    typeof value === 'string' && value.length <= limit ? value : undefined

/** A boolean. */
export const flag: Reader<boolean> = (value) => (typeof value === 'boolean' ? value : undefined)

/** An integer that a double holds exactly. */
export const integer: Reader<number> = (value) => (Number.isSafeInteger(value) ? (value as number) : undefined)

/** One of the given words. */
export const word =
  <const W extends string>(...words: readonly W[]): Reader<W> =>
  (value) =>
    words.find((known) => known === value)

/** The shape, or `null`. */
export const nullable =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (value) =>
    value === null ? null : reader(value)

/** A list of at most `limit` items, none of them missing. */
export const list =
  <T>(reader: Reader<T>, limit: number): Reader<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value)) return undefined
    const { length } = value
    // Asked once: a proxy may answer anything, and each time something else.
    if (!Number.isInteger(length) || length < 0 || length > limit) return undefined
    const items: T[] = []
    // By number: a list may have holes, and a `map` of its own.
    for (let at = 0; at < length; at++) {
      const item = reader(value[at])
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }

/** An object with these members, all of them. */
export const record =
  <Shape extends Readonly<Record<string, Reader<unknown>>>>(shape: Shape): Reader<{ readonly [Name in keyof Shape]: Read<Shape[Name]> }> =>
  (value) => {
    if (typeof value !== 'object' || value === null) return undefined
    const copy: Record<string, unknown> = {}
    for (const name of Object.keys(shape)) {
      const member = Object.hasOwn(value, name) ? shape[name]!((value as Record<string, unknown>)[name]) : undefined
      if (member === undefined) return undefined
      copy[name] = member
    }
    return copy as { readonly [Name in keyof Shape]: Read<Shape[Name]> }
  }

/** The first of several shapes that fits. */
export const either =
  <T>(...readers: readonly Reader<T>[]): Reader<T> =>
  (value) => {
    for (const reader of readers) {
      const found = reader(value)
      if (found !== undefined) return found
    }
    return undefined
  }
