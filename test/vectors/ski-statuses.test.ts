/**
 * The vectors of status codes: each script is heard by the real machine, with card and enclave played from the vector. And the
 * table of the specification they are about: every row has a vector, every vector its row.
 * @module
 */
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import type { MinidriverContext, MinidriverInput } from '../../machines/ski/minidriver-setup.js'
import { minidriverMachine } from '../../machines/ski/minidriver.js'
import { begin, step, type Said } from '../../machines/step.js'
import type { Call, Returned } from '../../src/ski/calls.js'
import { STATUS, statusName, type StatusName } from '../../src/ski/constants/index.js'
import { faultOf } from '../../src/ski/minidriver/judge.js'
import { readSpec } from '../../tools/spec/index.js'
import { project } from '../house/project.js'
import { plain } from '../support/role.js'
import { json, suiteOf, text, title, type Vector } from './load.js'

type Heard = Parameters<typeof step<typeof minidriverMachine>>[2]

const { file, tests } = suiteOf('ski/statuses')
const { setups } = json('ski/statuses.json') as { readonly setups: Readonly<Record<string, readonly Heard[]>> }

const product: MinidriverInput = {
  product: 'Keyferry vector card',
  version: 7,
  offersNoCard: true,
  support: 0xe,
  algorithms: ['AES-128', 'AES-192', 'AES-256'],
  containers: 16,
  channel: 0,
}

/** What the machine said from the judged call on, and what it knew when that came. */
function heard(vector: Vector): { readonly said: readonly Said[]; readonly view: MinidriverContext; readonly judged: Call } {
  const script = [...setups[text(vector, 'setup')]!, ...(vector['script'] as readonly Heard[])]
  const at = script.findIndex((word) => 'call' in word && word.call === vector['call'])
  let now = begin(minidriverMachine, { ...product, ...(vector['product'] as Partial<MinidriverInput> | undefined) })
  for (const word of script.slice(0, at)) now = step(minidriverMachine, now.snapshot, word)
  const view = now.snapshot.context
  const said: Said[] = []
  for (const word of script.slice(at)) {
    now = step(minidriverMachine, now.snapshot, word)
    said.push(...now.said)
  }
  return { said, view, judged: script[at] as Call }
}

const isReturn = ({ message }: Said): boolean => message.type === 'minidriver.returned'
const NOTHING = { data: null, handle: null, blobs: null, spki: null, plain: null, length: null }

for (const vector of file.tests)
  tests(title(vector), () => {
    const { said, view, judged } = heard(vector)
    const returns = said.filter(isReturn).map(({ message }) => message as unknown as Returned)
    assert.is(returns.length, 1, 'one return')
    const { type: _, call, function: name, status, ...out } = returns[0]!
    assert.is(statusName(status), vector['status'])
    assert.is(status, vector['number'])
    assert.equal([call, name], [vector['call'], vector['function']])
    assert.equal(out, { ...NOTHING, ...(vector['returned'] as object) })

    const asked = said.filter((line) => !isReturn(line))
    assert.equal(plain(asked.map(({ message }) => message)), vector['asks'])
    for (const { port } of asked) assert.is(port, vector['mode'] === 'card' ? 'wire' : 'enclave')

    // What is found at once is found by name.
    const fault = faultOf(judged, view)
    if (vector.flags!.includes('FoundAtOnce') && !MOMENTS.has(text(vector, 'fault'))) assert.is(fault?.fault, vector['fault'])
    else if (!MOMENTS.has(String(vector['fault']))) assert.is(fault, null)
  })

/** Faults of the moment, which the call does not show. */
const MOMENTS: ReadonlySet<string> = new Set(['call_in_progress', 'card_removed', 'card_reset'])

tests.run()

const table = suite('ski-statuses')
const rows = readSpec(join(project, 'spec'))
  .tables.get('ski-statuses')!
  .rows.flatMap((row) =>
    row['mode']!.split(', ').map((mode) => ({
      function: row['function']!,
      mode,
      fault: row['fault']!,
      status: row['status'] as StatusName,
      requirement: row['requirement']!,
    })),
  )
type Row = (typeof rows)[number]

const faulty = file.tests.filter((vector) => vector['fault'] !== undefined)
/** The row that a vector is about: one of its function, or else one of any. */
const rowOf = (vector: Vector): Row | undefined =>
  [vector['function'], 'any']
    .map((name) => rows.find((row) => row.function === name && row.mode === vector['mode'] && row.fault === vector['fault']))
    .find(Boolean)
const covered = new Set(faulty.map(rowOf))

table('is there', () => assert.ok(rows.length > 200, `${rows.length} rows`))

for (const row of rows)
  table(`${row.requirement} ${row.function}, ${row.mode}: ${row.fault} has a vector`, () => {
    assert.ok(row.status in STATUS)
    assert.ok(covered.has(row))
  })

table('every vector of a fault has its row, with this status and this requirement', () => {
  for (const vector of faulty) {
    const row = rowOf(vector)
    assert.ok(row, `${vector.id}: no row`)
    assert.equal([vector['status'], vector.requirement], [row.status, row.requirement], vector.id)
  }
})

table('every function has good calls, in each mode that it has', () => {
  const modes = (fault: boolean) =>
    new Set(
      file.tests
        .filter((vector) => (vector['fault'] !== undefined) === fault && vector['fault'] !== 'mode_not_allowed')
        .map((vector) => `${String(vector['function'])} ${String(vector['mode'])}`),
    )
  const good = modes(false)
  // Nothing that may be set is a property of the card; and a function that does not exist has no good call.
  const without = [...modes(true)].filter((each) => !good.has(each) && !/^(CardSetProperty|CardRSADecrypt) /.test(each))
  assert.equal(without, [])
})

table.run()
