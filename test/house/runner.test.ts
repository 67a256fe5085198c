/**
 * The runner of these tests, on files that uvu would report as passed: each must come out red.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { partialRuns, suitesWithoutRun } from '../suites.js'

const project = resolve(import.meta.dirname, '../..')
const root = mkdtempSync(join(tmpdir(), 'keyferry-runner-'))
symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))

/** Runs the runner over these files alone. */
function runner(files: Record<string, string>, ...more: string[]): { code: number | null; last: string; text: string } {
  const folder = mkdtempSync(join(root, 'case-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'test/run.ts', '--root', folder, ...more], { cwd: project, encoding: 'utf8' })
  return { code: run.status, last: run.stdout.trimEnd().split('\n').at(-1) ?? '', text: run.stdout + run.stderr }
}

const head = "import { suite } from 'uvu'\nconst s = suite('s')\n"
const good = `${head}s('passes', () => {})\ns.run()\n`

const runs = suite('runner')
runs.after(() => rmSync(root, { recursive: true }))

runs('adds up what passes and what is skipped, with the reasons', () => {
  const skipping = `import { skip } from '${join(project, 'test/skip.js')}'\n${head}s('a', () => {})\nskip(s, 'b', 'no vectors here')\ns.run()\n`
  const { code, last, text } = runner({ 'one.test.ts': good, 'deep/two.test.ts': skipping, 'three.ts': 'throw new Error("not a test file")' })
  assert.is(last, '2 passed, 0 failed, 1 skipped', text)
  assert.is(code, 0)
  assert.match(text, 'b: no vectors here')
})

runs('shows the output of a failing test', () => {
  const { code, last, text } = runner({ 'x.test.ts': `${head}s('a', () => {})\ns('b', () => { throw new Error('this is why') })\ns.run()\n` })
  assert.is(last, '1 passed, 1 failed, 0 skipped', text)
  assert.is(code, 1)
  assert.match(text, 'this is why')
})

/** What uvu passes by accident: the file, and what the runner says of it in the end. */
const accidents: readonly (readonly [title: string, source: string, says: string])[] = [
  ['a hook before the suite that throws', `${head}s.before(() => { throw 1 })\ns('a', () => {})\ns.run()\n`, '1'],
  ['a hook after each test that throws', `${head}s.after.each(() => { throw 1 })\ns('a', () => {})\ns('b', () => {})\ns.run()\n`, '2'],
  ['a file without .run()', `${head}s('a', () => {})\n`, '1, ended without totals, the file is never run: .run() is missing'],
  ['one suite of two without .run()', `${good}const t = suite('t')\nt('a', () => {})\n`, '1, t is never run: .run() is missing'],
  ['a test added after .run()', `${good}s('late', () => {})\n`, '1, s is never run: .run() is missing'],
  ['a suite without a test', `${head}s.run()\n`, '1, has no test'],
  ['a file that ends before its totals', `${head}s('a', () => process.exit(0))\ns.run()\n`, '1, ended without totals'],
  ['a file that cannot be loaded', "import './missing.js'\nx.run()\n", '1, ended without totals'],
  ['a test that never settles', `${head}s('a', () => new Promise(() => {}))\ns.run()\n`, '1, ended without totals'],
  ['an error after the totals', `${good}process.on('exit', () => process.exit(7))\n`, '1, ended with exit code 7'],
]

runs('counts as failed what uvu passes by accident', () => {
  const { code, last, text } = runner(Object.fromEntries(accidents.map(([, source], index) => [`case-${index}.test.ts`, source])))
  assert.is(code, 1)
  const verdicts = text.slice(text.lastIndexOf('\nfailed\n')).split('\n')
  accidents.forEach(([title, , says], index) => {
    const verdict = verdicts.find((line) => line.includes(`case-${index}.test.ts: `))
    assert.is(verdict?.slice(verdict.indexOf('.ts: ') + 5), says, `${title}\n${text}`)
  })
  assert.is(last, '3 passed, 11 failed, 0 skipped')
})

runs('ends a file that never ends', () => {
  const { code, text } = runner({ 'x.test.ts': `${good}setInterval(() => {}, 1000)\n` }, '--limit', '5')
  assert.is(code, 1)
  assert.match(text, 'x.test.ts: 1, did not end within 5 s')
})

runs('fails when no file matches', () => {
  const { code, last } = runner({ 'x.test.ts': good }, '--only', 'nothing-like-it')
  assert.is(last, '0 passed, 1 failed, 0 skipped')
  assert.is(code, 1)
})

runs('one bad file among good ones is enough', () => {
  const { code, last } = runner({ 'a.test.ts': good, 'b.test.ts': `${head}s('a', () => {})\n`, 'c.test.ts': good })
  assert.is(last, '2 passed, 1 failed, 0 skipped')
  assert.is(code, 1)
})

runs('finds suites that are never run', () => {
  assert.equal(suitesWithoutRun(good), [])
  assert.equal(suitesWithoutRun(`${good}function later() { s('x', () => {}) }\n`), [], 'a helper below .run() is no late test')
  assert.equal(suitesWithoutRun("import { test } from 'uvu'\ntest('a', () => {})\n"), ['the file'])
  assert.equal(suitesWithoutRun(`${good}const t = suite('t')\n`), ['t'])
})

runs('finds suites that are run in part', () => {
  assert.equal(partialRuns(`${head}s.only('a', () => {})\ns.skip('b')\ncursor.skip(1)\ns.run()\n`), [
    { word: 'only', line: 3 },
    { word: 'skip', line: 4 },
  ])
})

runs.run()
