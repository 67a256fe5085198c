/**
 * The table of readings and the code that holds them: each row names something that is there, each value is in the table and
 * is used.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SKI_PROFILES } from '../../src/ski/policy.js'
import { READINGS } from '../../src/ski/readings.js'
import { readSpec } from '../../tools/spec/index.js'
import { nodesOf, project, syntaxOf, textOf, typescriptFiles } from '../house/project.js'

const table = readSpec(join(project, 'spec')).tables.get('ski-readings')
const rows = table?.rows ?? []
/** What a row's last column names, without the quotes. */
const places = (row: Readonly<Record<string, string>>) =>
  (row['constant'] ?? '')
    .replaceAll('`', '')
    .split(', ')
    .filter((place) => place !== '')
const memberOf = (place: string) => /^READINGS\.(\w+)$/.exec(place)?.[1]

const test = suite('readings')

test('the table has the questions of the reference and the statements of the specification', () => {
  assert.ok(rows.length >= 79, `${rows.length} rows`)
  assert.is(new Set(rows.map(({ id }) => id)).size, rows.length)
})

for (const row of rows)
  test(`${row['id']}: where it is held is there`, () => {
    for (const place of places(row)) {
      const member = memberOf(place)
      const policy = /^(\w+) \(policy\)$/.exec(place)?.[1]
      const [path, name] = place.split('#')
      if (member !== undefined) assert.ok(member in READINGS, place)
      else if (policy !== undefined) assert.ok(policy in SKI_PROFILES.hardened, place)
      else assert.ok(path !== undefined && name !== undefined && existsSync(join(project, path)) && isNamed(path, name), `${row['id']}: ${place}`)
    }
  })

test('every value is in the table, beside the row that its comment names', () => {
  const text = textOf('src/ski/readings.ts')
  for (const member of Object.keys(READINGS)) {
    const ids = rows.filter((row) => places(row).some((place) => memberOf(place) === member)).map(({ id }) => id)
    const named = new RegExp(`/\\*\\* ([AS]-\\d+): [^\\n]*\\*/\\n  ${member}: `).exec(text)?.[1]
    assert.equal(ids, [named], member)
  }
})

test('every value is used, and nowhere but through its name', () => {
  const others = typescriptFiles('src', 'machines', 'tools')
    .filter((path) => path !== 'src/ski/readings.ts')
    .map((path) => readFileSync(join(project, path), 'utf8'))
  const used = new Set(others.flatMap((text) => [...text.matchAll(/\bREADINGS\.(\w+)/g)].map(([, member]) => member)))
  // Some are taken out by a pattern: `const { x: X } = READINGS`.
  for (const text of others)
    for (const [, pattern = ''] of text.matchAll(/const \{([^}]*)\} = READINGS/g))
      for (const member of pattern.split(',')) used.add(member.split(':')[0]!.trim())
  assert.equal(
    Object.keys(READINGS).filter((member) => !used.has(member)),
    [],
  )
})

test.run()

/** Whether a file declares, has as a member, or speaks of a name: as an identifier or as a string. Comments do not count. */
function isNamed(path: string, name: string): boolean {
  return [...nodesOf(syntaxOf(path))].some((node) => (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && node.text === name)
}
