/**
 * Which byte strings are copied while something runs: the ways in which the core copies, watched.
 * @module
 */

/** The results of `slice` and `Uint8Array.from` during a run, as they are afterwards. */
export function copiesDuring(run: () => unknown): readonly Uint8Array[] {
  const copies: Uint8Array[] = []
  const prototype = Uint8Array.prototype
  const watched = (target: object, name: string): (() => void) => {
    const original = Reflect.get(target, name) as (...args: unknown[]) => Uint8Array
    const own = Object.getOwnPropertyDescriptor(target, name)
    Object.defineProperty(target, name, {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        const copy = original.apply(this, args)
        if (copy instanceof Uint8Array) copies.push(copy)
        return copy
      },
    })
    return () => {
      if (own) Object.defineProperty(target, name, own)
      else Reflect.deleteProperty(target, name)
    }
  }
  const restore = [watched(prototype, 'slice'), watched(Uint8Array, 'from')]
  try {
    run()
  } finally {
    for (const each of restore) each()
  }
  return copies
}

/** Whether `part` stands somewhere in `bytes`. */
export const holds = (bytes: Uint8Array, part: Uint8Array): boolean => Buffer.from(bytes).includes(Buffer.from(part))
