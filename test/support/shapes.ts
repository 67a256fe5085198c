/**
 * What a test of a reader of plain data needs: every place in a sample, a copy with one place changed, and values that were made to
 * upset whoever reads them.
 * @module
 */

/** A way through objects and lists. */
export type Path = readonly (string | number)[]

/** A path as text, with a star for the items of a list: `kid.name`, `operations.*`. */
export const textOfPath = (path: Path): string => path.map((step) => (typeof step === 'number' ? '*' : step)).join('.')

/** Every place in a sample that is not the sample itself. */
export function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return []
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return steps.flatMap((step) => {
    const here = [...path, step]
    return [here, ...placesIn(at(value, [step]), here)]
  })
}

/** What stands at a place. */
export const at = (value: unknown, path: Path): unknown => path.reduce((inner, step) => (inner as Record<string | number, unknown>)[step], value)

/** A copy with something else at a place. */
export function withAt<T>(value: T, path: Path, replacement: unknown): T {
  const copy = structuredClone(value)
  ;(at(copy, path.slice(0, -1)) as Record<string | number, unknown>)[path.at(-1)!] = replacement
  return copy
}

/** A copy without a member; without an item, a list has a hole. */
export function without<T>(value: T, path: Path): T {
  const copy = structuredClone(value)
  delete (at(copy, path.slice(0, -1)) as Record<string | number, unknown>)[path.at(-1)!]
  return copy
}

/** A copy in which every object has a member more. */
export function withStrangers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withStrangers)
  if (typeof value !== 'object' || value === null) return value
  return { ...Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withStrangers(member)])), stranger: 'secret' }
}

const kindOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value)

/** Values of other types than that of the sample. `null` is left out: some members may be null. */
export const otherTypes = (sample: unknown): unknown[] =>
  [undefined, true, 7, 'text', 7n, Symbol('text'), () => 'text', {}, [], new String('text'), new Number(7)].filter((value) => kindOf(value) !== kindOf(sample))

/** Lists that look like `[item]`, or like a list that may be read, and are not. */
export const crookedLists = (item: unknown): (readonly [title: string, list: unknown])[] => [
  ['a hole', [item, , item]], // eslint-disable-line no-sparse-arrays
  ['only holes', Array(1)],
  ['an item that is undefined', [undefined]],
  ['a map of its own and a bad item', Object.assign([7], { map: () => [item], some: () => false })],
  ['an object like a list', { 0: item, length: 1, map: () => [item] }],
  ...[Number.NaN, -1, 0.5, '1', null, 1e9, Number.POSITIVE_INFINITY, { valueOf: () => 1 }].map(
    (length) =>
      [
        `the length ${typeof length === 'object' ? 'of an object' : String(length)}`,
        new Proxy([], { get: (_target, name) => (name === 'length' ? length : item) }),
      ] as const,
  ),
]

/** Values that throw when they are looked at, and that throw things which throw in turn. */
export function hostileValues(sample: object): (readonly [title: string, value: unknown])[] {
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  const fail = (thrown: unknown) => () => {
    throw thrown
  }
  const angry = new Proxy({}, { get: fail(new Error('get')), has: fail(new Error('has')), getPrototypeOf: fail(new Error('prototype')) })
  const members = Object.keys(sample)
  return [
    ['a revoked proxy', revoked()],
    ['a proxy whose traps throw', angry],
    ...members.flatMap((name) => [
      [`a getter of ${name} that throws`, Object.defineProperty({ ...sample }, name, { get: fail(new Error(name)), enumerable: true })] as const,
      [`a getter of ${name} that throws a revoked proxy`, Object.defineProperty({ ...sample }, name, { get: fail(revoked()), enumerable: true })] as const,
      [`a getter of ${name} that throws an angry proxy`, Object.defineProperty({ ...sample }, name, { get: fail(angry), enumerable: true })] as const,
      [`a getter of ${name} that throws null`, Object.defineProperty({ ...sample }, name, { get: fail(null), enumerable: true })] as const,
      [`a revoked proxy as ${name}`, { ...sample, [name]: revoked() }] as const,
      [`a proxy of a revoked list as ${name}`, { ...sample, [name]: new Proxy([], { get: fail(angry) }) }] as const,
    ]),
    ['a proxy that throws for descriptors', new Proxy({ ...sample }, { getOwnPropertyDescriptor: fail(angry) })],
  ]
}
