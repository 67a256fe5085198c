/**
 * Reads a page of `spec/` as data: requirements and data tables, in the form that spec/README.md lays down.
 *
 * Whatever almost has that form is an error with its line, never prose: a requirement that a program overlooks would bind nobody.
 * @module
 */

/** How strongly a requirement binds. */
export type Level = 'MUST' | 'SHOULD' | 'MAY'

/** One numbered statement that an implementation can meet or miss. */
export interface Requirement {
  readonly id: string
  readonly title: string
  readonly level: Level
  /** Who has to meet it; names out of {@link rolesOf}. */
  readonly roles: readonly string[]
  readonly sources: readonly string[]
  /** Binds in this profile only. */
  readonly profile?: string
  /** Binds in this reading of a file only. */
  readonly reading?: string
  /** `later`: describes a part that does not exist yet. */
  readonly status?: string
  /** The chapter it stands in, without the number. */
  readonly chapter: string
  readonly text: string
  /** What was chosen where the sources are silent, and why. */
  readonly interpretation?: string
  /** How one sees from outside that it is met. */
  readonly check?: string
  /** Given up; the number stays taken. */
  readonly withdrawn: boolean
  readonly page: string
  readonly line: number
}

/** A table for programs: `columns` in order, and each row by column name. */
export interface DataTable {
  readonly name: string
  readonly page: string
  readonly line: number
  readonly columns: readonly string[]
  readonly rows: readonly Readonly<Record<string, string>>[]
}

/** A line that does not have the form it must have. */
export interface Misform {
  readonly page: string
  readonly line: number
  readonly message: string
}

/** What one page holds. */
export interface SpecPage {
  readonly requirements: readonly Requirement[]
  readonly tables: readonly DataTable[]
  readonly misforms: readonly Misform[]
}

/** The machines of each protocol, by the names that `role:` takes. */
export const machineRoles = {
  BYOK: ['client', 'tool', 'officer', 'source HSM', 'vault', 'vault HSM'],
  SKI: ['client', 'minidriver', 'card', 'server', 'archive'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** Names for several at once, or for what stands beside the machines. */
export const collectiveRoles: readonly string[] = ['enclave', 'port', 'writer', 'reader', 'all']

const heading = /^### ((?:BYOK|SKI)-[1-9][0-9]*) — (.+)$/
const almostHeading = /^#+ *(?:BYOK|SKI)[-0-9]/
const chapterHeading = /^## ([0-9]+)\. (.+)$/
const metadataLine = /^\*\*(MUST|SHOULD|MAY)\*\*((?: · [a-z]+: .+?)+)$/
const marker = /^<!-- table: ([a-z-]+) -->$/
const almostMarker = /^<!--\s*table/
const keys = ['role', 'source', 'profile', 'reading', 'status']
const permitted: Readonly<Record<string, readonly string[]>> = { profile: ['hardened', 'published'], reading: ['strict', 'lenient'], status: ['later'] }

/** Reads one page. `page` is its name, for messages. */
export function parsePage(text: string, page: string): SpecPage {
  const lines = withoutFences(text)
  const requirements: Requirement[] = []
  const tables: DataTable[] = []
  const misforms: Misform[] = []
  const wrong = (index: number, message: string) => misforms.push({ page, line: index + 1, message })
  let chapter = ''

  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    chapter = chapterHeading.exec(line)?.[2] ?? chapter
    const named = heading.exec(line)
    if (named) {
      const requirement = readRequirement(lines, i, chapter, page, wrong)
      if (requirement) requirements.push(requirement)
    } else if (almostHeading.test(line)) wrong(i, 'not a requirement heading: ### ID — title')
    const table = marker.exec(line)
    if (table?.[1]) {
      const read = readTable(lines, i, table[1], page, wrong)
      if (read) tables.push(read)
    } else if (almostMarker.test(line)) wrong(i, 'not a table marker: <!-- table: name -->')
  }
  return { requirements, tables, misforms }
}

type Wrong = (index: number, message: string) => void

/** The names that `role:` takes in a requirement: the machines of its protocol, and the collective names. */
export function rolesOf(id: string): readonly string[] {
  return [...machineRoles[id.startsWith('SKI-') ? 'SKI' : 'BYOK'], ...collectiveRoles]
}

function readRequirement(lines: readonly string[], at: number, chapter: string, page: string, wrong: Wrong): Requirement | undefined {
  const [, id = '', title = ''] = heading.exec(lines[at] ?? '') ?? []
  if (lines[at + 1] !== '' || lines[at + 3] !== '') wrong(at, `${id}: an empty line belongs before and behind the metadata`)
  const metadata = metadataLine.exec(lines[at + 2] ?? '')
  if (!metadata) {
    wrong(at + 2, `${id}: not a metadata line`)
    return undefined
  }
  const entries = (metadata[2] ?? '').slice(' · '.length).split(' · ')
  const values: Record<string, string> = {}
  let last = -1
  for (const entry of entries) {
    const colon = entry.indexOf(': ')
    const [key, value] = [entry.slice(0, colon), entry.slice(colon + 2)]
    const order = keys.indexOf(key)
    if (order < 0) wrong(at + 2, `${id}: unknown key ${key}`)
    else if (order <= last) wrong(at + 2, `${id}: ${key} is doubled or out of order`)
    last = Math.max(last, order)
    if (permitted[key] && !permitted[key].includes(value)) wrong(at + 2, `${id}: ${key} cannot be ${value}`)
    values[key] = value
  }
  const named = (values['role'] ?? '').split(', ')
  const roles = rolesOf(id)
  for (const role of named) if (!roles.includes(role)) wrong(at + 2, `${id}: unknown role ${role}`)
  if (!values['source']) wrong(at + 2, `${id}: no source`)

  let end = at + 3
  while (end < lines.length && !(lines[end] ?? '').startsWith('#')) end++
  const body = readBody(lines.slice(at + 3, end), (message) => wrong(at, `${id}: ${message}`))
  const withdrawn = title.endsWith('(withdrawn)')
  if (withdrawn && metadata[1] !== 'MAY') wrong(at + 2, `${id}: a withdrawn requirement is a MAY`)
  const { profile, reading, status, source = '' } = values
  return {
    id,
    title,
    level: metadata[1] as Level,
    roles: named,
    sources: source.split('; '),
    ...(profile === undefined ? {} : { profile }),
    ...(reading === undefined ? {} : { reading }),
    ...(status === undefined ? {} : { status }),
    chapter,
    ...body,
    withdrawn,
    page,
    line: at + 1,
  }
}

function readBody(lines: readonly string[], wrong: (message: string) => void): Pick<Requirement, 'text' | 'interpretation' | 'check'> {
  const paragraphs = lines
    .join('\n')
    .split(/\n(?:[ \t]*\n)+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
  const startingWith = (word: string) => paragraphs.flatMap((paragraph, index) => (paragraph.startsWith(`${word}: `) ? [index] : []))
  const [readings, checks] = [startingWith('Reading'), startingWith('Check')]
  if (readings.length > 1) wrong('more than one Reading')
  if (checks.length > 1) wrong('more than one Check')
  const [reading = paragraphs.length, check = paragraphs.length] = [readings[0], checks[0]]
  if (readings.length > 0 && check < reading) wrong('Check stands before Reading')
  const text = paragraphs.slice(0, Math.min(reading, check)).join('\n\n')
  if (text === '') wrong('no text')
  // What follows `Reading:` up to `Check:` belongs to the reading, a list or a table included.
  const interpretation = paragraphs.slice(reading, check).join('\n\n').slice('Reading: '.length)
  const checked = paragraphs.slice(check).join('\n\n').slice('Check: '.length)
  return { text, ...(interpretation ? { interpretation } : {}), ...(checked ? { check: checked } : {}) }
}

function readTable(lines: readonly string[], at: number, name: string, page: string, wrong: Wrong): DataTable | undefined {
  const columns = cells(lines[at + 1] ?? '')
  if (!columns || !/^\|(?:[-: ]+\|)+$/.test(lines[at + 2] ?? '')) {
    wrong(at, `table ${name}: header and rule belong directly below the marker`)
    return undefined
  }
  const rows: Record<string, string>[] = []
  for (let i = at + 3; (lines[i] ?? '').startsWith('|'); i++) {
    const row = cells(lines[i] ?? '')
    if (row?.length !== columns.length) wrong(i, `table ${name}: ${columns.length} cells expected`)
    else rows.push(Object.fromEntries(columns.map((column, index) => [column, row[index] ?? ''])))
  }
  if (rows.length === 0) wrong(at, `table ${name}: no rows`)
  return { name, page, line: at + 1, columns, rows }
}

function cells(line: string): string[] | undefined {
  const parts = line.trimEnd().split('|')
  if (parts.length < 3 || parts[0] !== '' || parts.at(-1) !== '') return undefined
  return parts.slice(1, -1).map((part) => {
    const cell = part.trim()
    if (cell === '–') return ''
    return /^`[^`]*`$/.test(cell) ? cell.slice(1, -1) : cell
  })
}

/** The lines, with those inside (and of) fenced code blocks emptied, so that numbers stay. */
export function withoutFences(text: string): string[] {
  let fence = ''
  return text.split(/\r?\n/).map((line) => {
    const ticks = /^(?:```+)/.exec(line)?.[0]
    if (fence === '' && ticks) {
      fence = ticks
      return ''
    }
    if (fence === '') return line
    // A block ends at a line of at least as many backticks and nothing else.
    if (ticks && ticks.length >= fence.length && line.trimEnd() === ticks) fence = ''
    return ''
  })
}
