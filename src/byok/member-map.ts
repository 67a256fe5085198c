/**
 * Where the members of a JSON text stand. `parseJson` of the floor below says what a text means and stops at its first fault; a person who
 * inspects a file wants to know at which byte a member begins, and to see every name that stands twice.
 *
 * Wants text that is JSON already. No recursion depends on the text, which may nest deeper than any stack.
 * @module
 */

/** One member of an object: where its value stands in the text. */
export interface Member {
  /** Names from the outermost object, for example `header.kid`. A name that is no word is in brackets: `["a b"]`. */
  readonly path: string
  readonly name: string
  /** 1 for a member of the outermost object. */
  readonly depth: number
  /** Offset of the name's quotation mark, in UTF-16 units like the rest. */
  readonly nameAt: number
  /** Offset of the first character of the value. */
  readonly start: number
  /** Offset behind the value. */
  readonly end: number
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
  const open: Container[] = []
  let depth = 0

  const value = (start: number, end: number) => {
    const inside = open.at(-1)
    if (!inside?.isObject || inside.name === null || open.length > DEEPEST) return -1
    return members.push({ path: memberPath(inside.path, inside.name), name: inside.name, depth: open.length, nameAt: inside.nameAt, start, end }) - 1
  }

  for (const token of text.matchAll(TOKEN)) {
    const inside = open.at(-1)
    const [piece] = token
    const start = token.index
    switch (piece) {
      case '{':
      case '[': {
        const member = value(start, text.length)
        const path = !inside ? '' : inside.isObject ? memberPath(inside.path, inside.name ?? '') : `${inside.path}[${inside.items}]`
        open.push({ isObject: piece === '{', path: open.length < DEEPEST ? path : '', name: null, nameAt: 0, items: 0, member })
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
        if (inside) Object.assign(inside, { name: null, items: inside.items + 1 })
        break
      case ':':
        break
      default:
        if (inside?.isObject && inside.name === null) Object.assign(inside, { name: JSON.parse(piece) as string, nameAt: start })
        else value(start, start + piece.length)
    }
  }
  return { members, depth }
}

/** The path of a member of the object at `parent`, which is empty for the outermost one. */
export function memberPath(parent: string, name: string): string {
  if (!/^[\w-]+$/.test(name)) return `${parent}[${JSON.stringify(name)}]`
  return parent === '' ? name : `${parent}.${name}`
}

interface Container {
  readonly isObject: boolean
  readonly path: string
  /** The name whose value comes next. */
  name: string | null
  nameAt: number
  items: number
  /** Which member this container is the value of. */
  readonly member: number
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs
// No document of ours is deeper, and paths of hostile text would grow without end.
const DEEPEST = 16
