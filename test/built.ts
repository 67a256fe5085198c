/**
 * The built JavaScript, for tests of what is installed rather than of the sources: the command, the entry points, the README.
 *
 * `npm test` works in a fresh clone with nothing built, and a stale build is never tested: whoever asks first builds.
 * @module
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const project = resolve(import.meta.dirname, '..')
/** Tools of this repository run from their source. */
const notBuilt: ReadonlySet<string> = new Set(
  (JSON.parse(readFileSync(join(project, 'tsconfig.build.json'), 'utf8')) as { exclude: string[] }).exclude.map((folder) => join(project, folder)),
)
const lock = join(project, 'node_modules', '.keyferry-build')

/** Builds `dist/` if anything in it is missing or older than its source, and returns its path. Waits if another process is at it. */
export function built(): string {
  const dist = join(project, 'dist')
  if (isFresh(dist)) return dist
  const mine = acquire()
  try {
    if (!isFresh(dist)) build()
  } finally {
    if (mine) rmdirSync(lock)
  }
  return dist
}

function build(): void {
  const compiler = join(project, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false', '--declarationMap', 'false']
  execFileSync(process.execPath, [compiler, ...options], { cwd: project, stdio: ['ignore', 'inherit', 'inherit'] })
}

function isFresh(dist: string): boolean {
  const settings = Math.max(...['tsconfig.json', 'tsconfig.build.json'].map((name) => changed(join(project, name))))
  return ['src', 'machines', 'tools']
    .flatMap((room) => sources(join(project, room)))
    .every((source) => changed(source.replace(project, dist).replace(/\.ts$/, '.js')) >= Math.max(settings, changed(source)))
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return notBuilt.has(path) ? [] : sources(path)
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts') ? [path] : []
  })
}

const changed = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** One builder at a time. A lock that is older than any build was left by a process that was ended. */
function acquire(): boolean {
  for (;;) {
    try {
      mkdirSync(dirname(lock), { recursive: true })
      mkdirSync(lock)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (Date.now() - changed(lock) > 120_000) return false
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
}
