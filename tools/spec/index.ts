/**
 * The specification as data, read from the pages of `spec/`: the only list of requirements there is.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DataTable, type Misform, parsePage, type Requirement } from './parse.js'

export { type DataTable, type Level, type Misform, parsePage, type Requirement, rolesOf, type SpecPage, withoutFences } from './parse.js'

/** All pages together. */
export interface Spec {
  readonly requirements: ReadonlyMap<string, Requirement>
  readonly tables: ReadonlyMap<string, DataTable>
  /** Everything that keeps the pages from being data, ids and table names given twice included. */
  readonly misforms: readonly Misform[]
}

/** Reads every page directly in `folder`, apart from its README, which describes the form and holds examples of it. */
export function readSpec(folder: string): Spec {
  const requirements = new Map<string, Requirement>()
  const tables = new Map<string, DataTable>()
  const misforms: Misform[] = []
  for (const page of readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort()) {
    const parsed = parsePage(readFileSync(join(folder, page), 'utf8'), page)
    misforms.push(...parsed.misforms)
    for (const requirement of parsed.requirements) {
      const { id, line } = requirement
      if (requirements.has(id)) misforms.push({ page, line, message: `${id} is given twice` })
      requirements.set(id, requirement)
    }
    for (const table of parsed.tables) {
      if (tables.has(table.name)) misforms.push({ page, line: table.line, message: `table ${table.name} is given twice` })
      tables.set(table.name, table)
    }
  }
  return { requirements, tables, misforms }
}

/** The ids that a text cites, each once. */
export function citedIn(text: string): string[] {
  return [...new Set(text.match(/\b(?:BYOK|SKI)-[1-9][0-9]*\b/g) ?? [])]
}
