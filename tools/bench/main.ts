/**
 * `npm run bench`: measures, prints, and keeps the page. Nothing is written before everything is measured, so it can be
 * interrupted at any time.
 * @module
 */
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { conversation } from './conversation.js'
import { bundles, memory } from './footprint.js'
import { keyGeneration, keyReading, keyWrap } from './primitives.js'
import { circumstances, page, text } from './report.js'
import { isMet, type Findings, type Section } from './section.js'
import { codecs } from './ski-codecs.js'
import { injection } from './ski.js'
import { project, subject } from './subject.js'
import { wrapping } from './wrap.js'

const SECTIONS: readonly Section[] = [wrapping, keyWrap, keyGeneration, keyReading, conversation, injection, codecs, memory, bundles]

const HELP = `npm run bench -- [options]

Times wrap and unwrap, their parts, whole conversations and injections, and the structures of SKI, beside raw calls of
node:crypto and other libraries where there are some, and measures memory and bundle sizes. Bind it to one processor for steady numbers: taskset -c 1 npm run bench

  --only NAMES   sections, separated by commas: ${SECTIONS.map(({ name }) => name).join(', ')}
  --quick        fewer rounds, for a first look
  --check        exit with 1 if an accepted value is missed or was not measured
  --json         findings as JSON on stdout
  --out FILE     where the page goes; tools/bench/RESULTS.md, unless it is a quick or partial run
  --date TEXT    the date on the page
  --help         this text`

process.exitCode = await main()

async function main(): Promise<number> {
  let values
  try {
    values = parseArgs({
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        out: { type: 'string' },
        date: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return usage((error as Error).message)
  }
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const wanted = values.only?.split(',')
  const unknown = wanted?.find((name) => !SECTIONS.some((section) => section.name === name))
  if (unknown !== undefined) return usage(`no section is called ${unknown}`)

  const sections = SECTIONS.filter(({ name }) => wanted?.includes(name) ?? true)
  const [loadBefore, measured] = [loadavg()[0]!, await measure(sections, values.quick)]
  const where = circumstances(values.date ?? null, values.quick, loadBefore)
  console.log(
    values.json
      ? JSON.stringify({ ...where, ...measured, goals: measured.goals.map((goal) => ({ ...goal, met: isMet(goal) })) }, null, 2)
      : text(measured, where),
  )

  const out = values.out ?? (values.quick || wanted ? undefined : resolve(project, 'tools/bench/RESULTS.md'))
  if (out !== undefined) {
    writeFileSync(out, page(measured, where))
    console.error(`written: ${relative(process.cwd(), out)}`)
  }
  return values.check && measured.goals.some((goal) => isMet(goal) !== true) ? 1 : 0
}

async function measure(sections: readonly Section[], quick: boolean): Promise<Findings> {
  const setting = { subject: await subject(), quick, progress }
  const found: Findings[] = []
  for (const section of sections) found.push(await section.run(setting))
  progress('')
  return { tables: found.flatMap(({ tables }) => tables), goals: found.flatMap(({ goals }) => goals) }
}

/** One line that is written over and over; not in a file or a pipe. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line}`)
}

function usage(complaint: string): number {
  console.error(`${complaint}\n\n${HELP}`)
  return 2
}
