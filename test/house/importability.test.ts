/** The machines can be opened in Stately's editor: its importer sees the states and arrows that run. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { clientMachine } from '../../machines/byok/client.js'
import { officerMachine } from '../../machines/byok/officer.js'
import { sourceHsmMachine } from '../../machines/byok/source-hsm.js'
import { toolMachine } from '../../machines/byok/tool.js'
import { vaultHsmMachine } from '../../machines/byok/vault-hsm.js'
import { vaultMachine } from '../../machines/byok/vault.js'
import { archiveMachine } from '../../machines/ski/archive.js'
import { cardMachine } from '../../machines/ski/card.js'
import { clientMachine as skiClientMachine } from '../../machines/ski/client.js'
import { minidriverMachine } from '../../machines/ski/minidriver.js'
import { serverMachine } from '../../machines/ski/server.js'

interface ImportedArrow {
  readonly target?: string
  readonly cond?: { readonly type: string }
}
interface ImportedNode {
  readonly type?: string
  readonly on?: Readonly<Record<string, ImportedArrow | readonly ImportedArrow[] | string>>
  readonly always?: ImportedArrow | readonly ImportedArrow[] | string
  readonly states?: Readonly<Record<string, ImportedNode>>
}

const test = suite('importability')
const roles: Readonly<Record<string, AnyStateMachine>> = {
  'byok/client': clientMachine,
  'byok/tool': toolMachine,
  'byok/officer': officerMachine,
  'byok/source-hsm': sourceHsmMachine,
  'byok/vault': vaultMachine,
  'byok/vault-hsm': vaultHsmMachine,
  'ski/archive': archiveMachine,
  'ski/card': cardMachine,
  'ski/client': skiClientMachine,
  'ski/minidriver': minidriverMachine,
  'ski/server': serverMachine,
}
const project = join(import.meta.dirname, '..', '..')
const read = JSON.parse(
  execFileSync(process.execPath, ['extract.mjs', ...Object.keys(roles).map((role) => join(project, 'machines', `${role}.ts`))], {
    cwd: join(project, 'test', 'importability'),
    encoding: 'utf8',
  }),
) as ImportedNode[][]

const arrowText = (path: readonly string[], event: string, target: string, guard: string) => `${path.join('.')} ─ ${event || 'always'} [${guard}] → ${target}`

function* importedArrows(node: ImportedNode, keys: ReadonlyMap<string, string>, path: readonly string[] = []): Generator<string> {
  const all: (readonly [string, unknown])[] = [...Object.entries(node.on ?? {}), ...(node.always === undefined ? [] : [['', node.always] as const])]
  for (const [event, arrows] of all)
    for (const arrow of [arrows].flat() as (ImportedArrow | string)[]) {
      const { target, cond } = typeof arrow === 'string' ? { target: arrow, cond: undefined } : arrow
      // A target is written as the name of a sibling, as `#id`, as `.child`, or as a path of names: what it names comes last.
      const last = target?.split(/[.#]/).at(-1) ?? ''
      yield arrowText(path, event, keys.get(last) ?? last, cond?.type ?? '')
    }
  for (const [name, child] of Object.entries(node.states ?? {})) yield* importedArrows(child, keys, [...path, name])
}

function* liveArrows(node: AnyStateNode, path: readonly string[] = []): Generator<string> {
  for (const arrow of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
    const guard = arrow.guard as string | { type: string } | undefined
    yield arrowText(path, arrow.eventType, arrow.target?.[0]?.key ?? '', typeof guard === 'object' ? guard.type : (guard ?? ''))
  }
  for (const [name, child] of Object.entries(node.states)) yield* liveArrows(child, [...path, name])
}

/** The names of states that have an id of their own, by that id. */
const keysOf = (root: AnyStateNode): ReadonlyMap<string, string> => {
  const all = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(all)]
  return new Map(all(root).map(({ id, key }) => [id, key]))
}

Object.entries(roles).forEach(([role, machine], index) =>
  test(`${role}: one machine in the file, and the importer sees its every arrow`, () => {
    assert.is(read[index]!.length, 1)
    const live = [...liveArrows(machine.root)].sort()
    assert.ok(live.length > 0)
    assert.equal([...importedArrows(read[index]![0]!, keysOf(machine.root))].sort(), live)
  }),
)

test.run()
