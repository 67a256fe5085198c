/**
 * The findings as text: for a terminal, and as a page to keep.
 * @module
 */
import { readFileSync } from 'node:fs'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { digits, isMet, type Findings, type Goal, type Table } from './section.js'
import { project } from './subject.js'

/** Where and with what it was measured. */
export interface Circumstances {
  readonly date: string | null
  readonly quick: boolean
  readonly versions: Readonly<Record<string, string>>
  readonly machine: string
  /** Processors that this process may use, where the system tells. */
  readonly pinned: string | null
  /** Load averages of one minute, before and after: above 1 for this process alone. */
  readonly load: readonly [before: number, after: number]
}

/** Reads off the circumstances once everything is measured. */
export function circumstances(date: string | null, quick: boolean, loadBefore: number): Circumstances {
  const version = (name: string) => {
    const path = join(project, name === 'keyferry' ? '' : `node_modules/${name}`, 'package.json')
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  }
  const packages = ['keyferry', 'xstate', '@noble/ciphers', '@noble/curves', '@noble/hashes', 'micro-rsa-dsa-dh', 'node-forge', 'esbuild']
  const processors = cpus()
  return {
    date,
    quick,
    versions: {
      node: process.versions.node,
      openssl: process.versions.openssl,
      ...Object.fromEntries(packages.map((name) => [name, version(name)])),
    },
    machine: `${processors[0]?.model.trim() ?? 'unknown processor'}, ${count(processors.length, 'core')}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`,
    pinned: allowedProcessors(),
    load: [loadBefore, loadavg()[0]!],
  }
}

/** The page. */
export function page(findings: Findings, where: Circumstances): string {
  const [met, missed, unknown] = [true, false, null].map((wanted) => findings.goals.filter((goal) => isMet(goal) === wanted).length)
  return [
    '# Benchmark',
    '',
    'Written by `npm run bench`. Everything takes turns in one process; times are medians, in processor time, which stands still while other work is in the way. Ratios are to raw calls of `node:crypto` on the same inputs, with key objects made beforehand. “Platform” is `keyferry/node`, “web” is `keyferry/web` on Node’s WebCrypto, “pure” is `keyferry/core`; “micro” is `micro-rsa-dsa-dh` and “forge” is `node-forge`. How it is measured is said at the top of each file of this folder.',
    '',
    ...environment(where).map((line) => `- ${line}`),
    '',
    '## Accepted values',
    '',
    `${met} met, ${missed} missed${unknown === 0 ? '' : `, ${unknown} not measured`}.`,
    '',
    ...markdown({ head: GOAL_HEAD, rows: findings.goals.map(goalRow) }),
    ...findings.tables.flatMap((table) => ['', `## ${table.title}`, '', table.note, '', ...markdown(table)]),
    '',
  ].join('\n')
}

/** The same for a terminal. */
export function text(findings: Findings, where: Circumstances): string {
  return [
    ...environment(where),
    ...findings.tables.flatMap((table) => ['', table.title, ...aligned(table)]),
    '',
    'Accepted values',
    ...aligned({ head: GOAL_HEAD, rows: findings.goals.map(goalRow) }),
  ].join('\n')
}

const GOAL_HEAD = ['', 'value', 'accepted', 'measured', 'which']

function goalRow(goal: Goal): readonly string[] {
  const { what, limit, measured, unit, atLeast = false, note = '' } = goal
  const met = isMet(goal)
  const shown = (value: number) => (unit === '×' ? `${digits(value)}×` : `${digits(value)} ${unit}`)
  return [
    met === null ? '–' : met ? 'met' : 'MISSED',
    what,
    `${atLeast ? '≥' : '≤'} ${limit}${unit === '×' ? '×' : ` ${unit}`}`,
    measured === null ? 'not measured' : shown(measured),
    note,
  ]
}

function environment({ date, quick, versions, machine, pinned, load }: Circumstances): readonly string[] {
  return [
    `${date === null ? '' : `${date}. `}${quick ? 'A quick look: too few rounds to quote. ' : ''}${machine}${pinned === null ? '' : `, bound to processor ${pinned}`}.`,
    `Load average before and after: ${load[0].toFixed(2)}, ${load[1].toFixed(2)}; this process by itself is 1, more than that is other work.`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ]
}

function markdown({ head, rows }: Pick<Table, 'head' | 'rows'>): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

function aligned({ head, rows }: Pick<Table, 'head' | 'rows'>): readonly string[] {
  const plain = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('`', '')))
  const widths = head.map((_, column) => Math.max(...plain.map((row) => row[column]!.length)))
  return plain.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

function allowedProcessors(): string | null {
  try {
    const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return allowed !== undefined && /^\d+$/.test(allowed) ? allowed : null
  } catch {
    return null
  }
}
