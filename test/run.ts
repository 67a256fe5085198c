/**
 * Runs every `*.test.ts`, each in its own process, and cannot be green by accident.
 *
 *     node --import tsx test/run.ts [--only PATTERN] [--jobs N] [--limit SECONDS] [--root FOLDER]
 *
 * uvu alone reports success for a suite whose hook throws, for a file that forgets `.run()` and for a pattern without a file.
 * So nothing counts here but the totals that uvu prints: `Total − Passed` tests have failed whatever the exit code says, and
 * a file without totals, without a single test, with a bad exit code or over its time has failed as well.
 * The last line is `N passed, N failed, N skipped`; the exit code is 1 if anything failed.
 * @module
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { SKIP_MARK } from './skip.js'
import { suitesWithoutRun } from './suites.js'

interface Outcome {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  /** Why the file counts as failed beyond its failing tests. */
  readonly trouble: readonly string[]
  /** `title: reason`, as the tests gave them. */
  readonly skips: readonly string[]
  readonly output: string
}

const project = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const loader = import.meta.resolve('tsx')
const running = new Set<number>()

const options = readOptions()
process.exitCode = await main()

async function main(): Promise<number> {
  const files = testFiles(options.root).filter((file) => options.only.test(relative(options.root, file)))
  const outcomes: Outcome[] = []
  const queue = files.values()
  await Promise.all(Array.from({ length: options.jobs }, () => work(queue, outcomes)))

  const sum = (count: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + count(outcome), 0)
  const skipped = sum((outcome) => outcome.skipped)
  if (skipped > 0) {
    say('\nskipped')
    for (const { skips, skipped: counted, file } of outcomes) {
      for (const skip of skips) say(`  ${skip}`)
      if (counted > skips.length) say(`  ${counted - skips.length} more in ${file}: no reason given`)
    }
  }
  if (outcomes.length > 1) {
    say('\nslowest')
    const slowest = outcomes.toSorted((a, b) => b.seconds - a.seconds).slice(0, 5)
    for (const { seconds, file } of slowest) say(`  ${seconds.toFixed(1).padStart(6)} s  ${file}`)
  }
  const bad = outcomes.filter((outcome) => outcome.failed > 0)
  if (bad.length > 0) {
    say('\nfailed')
    for (const { file, failed, trouble } of bad) say(`  ${file}: ${failed}${trouble.map((reason) => `, ${reason}`).join('')}`)
  }
  const nothing = files.length === 0 ? 1 : 0
  if (nothing) say(`no test file under ${options.root} matches ${options.only.source}`)
  const failed = sum((outcome) => outcome.failed) + nothing
  say(`\n${sum((outcome) => outcome.passed)} passed, ${failed} failed, ${skipped} skipped`)
  return failed > 0 ? 1 : 0
}

/** One lane: takes the next file until none is left. */
async function work(queue: Iterator<string>, outcomes: Outcome[]): Promise<void> {
  for (let next = queue.next(); !next.done; next = queue.next()) {
    const outcome = await run(next.value)
    outcomes.push(outcome)
    const { file, passed, failed, skipped, seconds, trouble, output } = outcome
    if (failed > 0) {
      say(`FAILED  ${file}`)
      for (const reason of trouble) say(`        ${reason}`)
      say(output)
    } else say(`ok      ${file}  ${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ''}  ${seconds.toFixed(1)} s`)
  }
}

async function run(path: string): Promise<Outcome> {
  const file = relative(process.cwd(), path)
  const began = performance.now()
  const { output, code, overdue } = await start(path)
  const seconds = (performance.now() - began) / 1000

  const count = (name: string) =>
    Number(
      output
        .match(new RegExp(`^ {2}${name}: +(\\d+)$`, 'gm'))
        ?.at(-1)
        ?.match(/\d+$/)?.[0] ?? Number.NaN,
    )
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')]
  const trouble: string[] = []
  if (overdue) trouble.push(`did not end within ${options.limit} s`)
  if (Number.isNaN(total + passed + skipped)) trouble.push('ended without totals')
  else if (total + skipped === 0) trouble.push('has no test')
  else if (passed === total && !overdue && code !== 0) trouble.push(`ended with exit code ${code}`)
  for (const name of suitesWithoutRun(readFileSync(path, 'utf8'))) trouble.push(`${name} is never run: .run() is missing`)

  const failing = Number.isNaN(total - passed) ? 0 : total - passed
  return {
    file,
    passed: Number.isNaN(passed) ? 0 : passed,
    failed: failing > 0 ? failing : Math.min(trouble.length, 1),
    skipped: Number.isNaN(skipped) ? 0 : skipped,
    seconds,
    trouble,
    skips: output
      .split('\n')
      .filter((line) => line.startsWith(SKIP_MARK))
      .map((line) => line.slice(SKIP_MARK.length)),
    output,
  }
}

function start(path: string): Promise<{ output: string; code: number | null; overdue: boolean }> {
  return new Promise((done) => {
    // A process group of its own, so that whatever the test started ends with it.
    const child = spawn(process.execPath, ['--import', loader, path], { cwd: project, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const { pid } = child
    if (pid !== undefined) running.add(pid)
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    let overdue = false
    const timer = setTimeout(() => {
      overdue = true
      if (pid !== undefined) end(pid)
    }, options.limit * 1000)
    // What a test leaves behind would hold the pipes open.
    child.on('exit', () => {
      if (pid !== undefined) end(pid)
    })
    const finish = (code: number | null) => {
      clearTimeout(timer)
      if (pid !== undefined) running.delete(pid)
      done({ output: stripVTControlCharacters(Buffer.concat(chunks).toString('utf8')), code, overdue })
    }
    child.on('error', () => finish(null))
    child.on('close', finish)
  })
}

/** Ends a process group. */
function end(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Already gone.
  }
}

function testFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testFiles(join(folder, entry.name))
      return entry.name.endsWith('.test.ts') ? [join(folder, entry.name)] : []
    })
}

function readOptions(): { only: RegExp; jobs: number; limit: number; root: string } {
  const { values } = parseArgs({ options: { only: { type: 'string' }, jobs: { type: 'string' }, limit: { type: 'string' }, root: { type: 'string' } } })
  const positive = (name: 'jobs' | 'limit', otherwise: number) => {
    const number = Number(values[name] ?? otherwise)
    if (!(number > 0)) throw new TypeError(`--${name} takes a positive number`)
    return number
  }
  return {
    only: new RegExp(values.only ?? ''),
    jobs: Math.ceil(positive('jobs', Math.min(2, availableParallelism()))),
    limit: positive('limit', 300),
    root: resolve(values.root ?? join(project, 'test')),
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const pid of running) end(pid)
    process.exit(1)
  })
