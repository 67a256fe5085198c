/**
 * Where the members of a JSON text stand. `parseJson` of the floor below says what a text means and stops at its first fault; a person who
 * inspects a file wants to know at which byte a member begins, and to see every name that stands twice.
 *
 * Wants text that is JSON already. No recursion depends on the text, which may nest deeper than any stack, and what is kept is never more
 * than the text: a path is put together for the few members that somebody is told about, by {@link pathOf}.
 * @module
 */

/** One member of an object: where its value stands in the text. */
export interface Member {
  readonly name: string
  /** 1 for a member of the outermost object. */
  readonly depth: number
  /** Whether a member of this name stands before it in the same object. */
  readonly again: boolean
  /** The object it is in. */
  readonly inside: Container
  /** Offset of the name's quotation mark, in UTF-16 units like the rest. */
  readonly nameAt: number
  /** Offset of the first character of the value. */
  readonly start: number
  /** Offset behind the value. */
  readonly end: number
}

/** An object or array, by the way that leads to it. */
export interface Container {
  /** What it is in; `null` for the outermost one. */
  readonly outer: Container | null
  /** The name or the index that it has there. */
  readonly step: string | number
}

/** A map of a text. */
export interface MemberMap {
  /** In the order of the text. */
  readonly members: readonly Member[]
  /** How deep objects and arrays nest: 1 for `{}`. */
  readonly depth: number
}

/** Finds the members of JSON text, as far down as documents go. Text that `JSON.parse` refuses is the caller's mistake. */
export function mapMembers(text: string): MemberMap {
  const members: { -readonly [Part in keyof Member]: Member[Part] }[] = []
  const open: OpenContainer[] = []
  let depth = 0

  const value = (start: number, end: number) => {
    const inside = open.at(-1)
    if (!inside || inside.names === null || inside.name === null || open.length > DEEPEST) return -1
    const { name, nameAt, names } = inside
    const again = names.has(name)
    names.add(name)
    return members.push({ name, depth: open.length, again, inside, nameAt, start, end }) - 1
  }

  for (const token of text.matchAll(TOKEN)) {
    const inside = open.at(-1)
    const [piece] = token
    const start = token.index
    switch (piece) {
      case '{':
      case '[': {
        const member = value(start, text.length)
        const step = inside ? (inside.name ?? inside.items) : ''
        open.push({ outer: inside ?? null, step, names: piece === '{' ? new Set() : null, name: null, nameAt: 0, items: 0, member })
        depth = Math.max(depth, open.length)
        break
      }
      case '}':
      case ']': {
        const member = members[open.pop()?.member ?? -1]
        if (member) member.end = start + 1
        break
      }
      case ',':
        if (inside) {
          inside.name = null
          inside.items++
        }
        break
      case ':':
        break
      default:
        if (inside?.names && inside.name === null) {
          inside.name = JSON.parse(piece) as string
          inside.nameAt = start
        } else value(start, start + piece.length)
    }
  }
  return { members, depth }
}

/** The path of a member, for example `header.kid`; a name that is no word is in brackets: `["a b"]`. */
export function pathOf({ name, inside }: Member): string {
  const steps: (string | number)[] = [name]
  for (let container = inside; container.outer !== null; container = container.outer) steps.push(container.step)
  return steps.reverse().reduce((path: string, step) => (typeof step === 'number' ? `${path}[${step}]` : memberPath(path, step)), '')
}

/** The path of a member of the object at `parent`, which is empty for the outermost one. */
export function memberPath(parent: string, name: string): string {
  if (name.length > LONGEST_STEP) return `${parent}[${JSON.stringify(`${name.slice(0, LONGEST_STEP)}…`)}]`
  if (!/^[\w-]+$/.test(name)) return `${parent}[${JSON.stringify(name)}]`
  return parent === '' ? name : `${parent}.${name}`
}

interface OpenContainer extends Container {
  /** The names that had their values already; `null` for an array. */
  readonly names: Set<string> | null
  /** The name whose value comes next. */
  name: string | null
  nameAt: number
  items: number
  /** Which member this container is the value of. */
  readonly member: number
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs
// No document of ours is deeper, and the way to a member of hostile text would be without end.
const DEEPEST = 16
const LONGEST_STEP = 64
