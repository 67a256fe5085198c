/**
 * What an installation costs: the memory of `keyferry byok run`, and the size of the code that a browser would load.
 * @module
 */
import { build, type Plugin } from 'esbuild'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Findings, Goal, Section, Setting } from './section.js'
import { dist } from './subject.js'

/** Peak memory of the thirty transfers of `keyferry byok run`, in a process of its own. */
export const memory: Section = { name: 'memory', run: runMemory }

/** Bundles, minified and compressed. */
export const bundles: Section = { name: 'bundle', run: runBundles }

async function runMemory({ progress }: Setting): Promise<Findings> {
  progress('keyferry byok run, in a process of its own')
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-bench-'))
  try {
    const start = performance.now()
    const { code, peak, processor, tail } = await child([join(dist, 'tools/cli/main.js'), 'byok', 'run', '--out', join(folder, 'out')])
    const seconds = (performance.now() - start) / 1000
    const succeeded = code === 0
    const failure = `byok run ended with ${code}: ${tail}`
    const measured = (value: number) => (succeeded ? value : null)
    return {
      tables: [],
      goals: [
        {
          what: 'memory of `keyferry byok run`, resident at its peak',
          limit: 250,
          measured: peak === null ? null : measured(peak),
          unit: 'MB',
          note: succeeded ? '' : failure,
        },
        {
          what: '`keyferry byok run`, from the start of the process',
          limit: 30,
          measured: measured(seconds),
          unit: 's',
          note: succeeded ? `by the wall clock; ${processor.toFixed(1)} s of processor time` : failure,
        },
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** How a process ended. */
interface Ended {
  readonly code: number | null
  /** Resident memory at its peak, in units of 10^6 bytes. */
  readonly peak: number | null
  /** Seconds of processor time. */
  readonly processor: number
  readonly tail: string
}

/** Runs Node on `args`. */
async function child(args: readonly string[]): Promise<Ended> {
  const started = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(TELL_PEAK)}`, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const heard = ['', '']
  for (const [index, stream] of [started.stderr!, started.stdio[3] as NodeJS.ReadableStream].entries()) {
    stream.on('data', (chunk: Buffer) => (heard[index] = (heard[index]! + chunk.toString()).slice(-4096)))
  }
  const code = await new Promise<number | null>((resolve, reject) => started.on('error', reject).on('close', resolve))
  const [errors, told] = heard as [string, string]
  const [peak = 0, processor = 0] = told.split(' ').map(Number)
  return { code, peak: told === '' ? null : (peak * 1024) / 1e6, processor: processor / 1e6, tail: errors.trim().split('\n').at(-1) ?? '' }
}

/**
 * The kernel's high-water mark where there is one. The one of `getrusage` begins, on Linux, with the size of the process
 * that started this one.
 */
const TELL_PEAK = `
  import { readFileSync, writeSync } from 'node:fs'
  process.on('exit', () => {
    let peak = process.resourceUsage().maxRSS
    try { peak = /VmHWM:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1] } catch {}
    const { user, system } = process.cpuUsage()
    writeSync(3, peak + ' ' + (user + system))
  })`

async function runBundles({ progress }: Setting): Promise<Findings> {
  progress('bundles')
  const [core, ski] = [await bundle('src/crypto/index.js', { external: ['@noble/*'] }), await bundle('src/ski/index.js', { external: ['@noble/*'] })]
  const [byokMachines, skiMachines] = [await machinesOf('byok'), await machinesOf('ski')]
  const largest = byokMachines.reduce((a, b) => (a.compressed >= b.compressed ? a : b))
  const goal = (what: string, limit: number, { compressed, file }: Bundle): Goal => ({ what, limit, measured: compressed / 1000, unit: 'kB', note: file })
  return {
    tables: [
      {
        title: 'Bundles',
        note: '`keyferry/core` and `keyferry/ski` (with what it takes of the core) without `@noble/*`; each machine with what it shares with the others, without XState and `src/`. 1 kB is 1,000 bytes.',
        head: ['file', 'minified', 'minified and gzipped'],
        rows: [core, ski, ...byokMachines, ...skiMachines].map(({ file, minified, compressed }) => [file, kilobytes(minified), kilobytes(compressed)]),
      },
    ],
    goals: [goal('bundle of `keyferry/core`, min + gzip', 15, core), goal('bundle of a machine of BYOK, min + gzip', 6, largest)],
  }
}

/** The machines of one protocol. */
async function machinesOf(protocol: 'byok' | 'ski'): Promise<readonly Bundle[]> {
  const folder = join('machines', protocol)
  const files = readdirSync(join(dist, folder)).filter((name) => name.endsWith('.js') && definesMachine(join(dist, folder, name)))
  return Promise.all(files.map((file) => bundle(join(folder, file), { external: ['xstate'], plugins: [codecsApart] })))
}

interface Bundle {
  readonly file: string
  readonly minified: number
  readonly compressed: number
}

async function bundle(file: string, options: { readonly external: string[]; readonly plugins?: Plugin[] }): Promise<Bundle> {
  const built = await build({ entryPoints: [join(dist, file)], bundle: true, minify: true, format: 'esm', target: 'es2023', write: false, ...options })
  const { contents } = built.outputFiles[0]!
  return { file, minified: contents.length, compressed: gzipSync(contents, { level: 9 }).length }
}

/** Leaves out what a machine takes from `src/`: encodings and types, which all roles share. */
const codecsApart: Plugin = {
  name: 'codecs apart',
  setup: (bundler) => {
    bundler.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      relative(dist, join(resolveDir, path)).startsWith('src') ? { path, external: true } : undefined,
    )
  },
}

/** Whether a file is a machine, and not what several share. */
const definesMachine = (path: string): boolean => /\bcreateMachine\(/.test(readFileSync(path, 'utf8'))

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
