/**
 * What the types of XState do not see: that every name in a machine means something, and that every state answers every event.
 * @module
 */
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { setup, StateMachine, type AnyStateMachine, type AnyStateNode } from 'xstate'
import { readSpec } from '../../tools/spec/index.js'
import { project, typescriptFiles } from './project.js'

const spec = readSpec(join(project, 'spec'))

/** Everything that is wrong with a machine, each with the state it is in. */
function objections(machine: AnyStateMachine): string[] {
  const { guards, actions, actors } = machine.implementations
  const found: string[] = []
  const used = new Set<string>()

  const named = (kind: string, known: object, given: unknown, where: string) => {
    const name = typeof given === 'object' && given !== null ? (given as { type?: unknown }).type : given
    if (typeof name !== 'string') found.push(`${where}: ${kind} without a name`)
    else if (!Object.hasOwn(known, name)) found.push(`${where}: no ${kind} is called ${name}`)
    else used.add(`${kind} ${name}`)
  }
  const guarded = (guard: unknown, where: string): void => {
    // and(…), or(…), not(…) are functions that keep their parts.
    const parts = typeof guard === 'function' ? (guard as { guards?: readonly unknown[] }).guards : undefined
    if (parts) parts.forEach((part) => guarded(part, where))
    else named('guard', guards, guard, where)
  }

  const visit = (node: AnyStateNode, answered: boolean) => {
    const where = node.path.join('.') || '(root)'
    let arrows: { target?: readonly unknown[] | undefined; guard?: unknown; actions: readonly unknown[]; eventType: string }[] = []
    try {
      // Asking for them resolves every target.
      arrows = [...[...node.transitions.values()].flat(), ...(node.always ?? []), node.initial].filter((arrow) => arrow !== undefined)
    } catch (error) {
      found.push(`${where}: ${(error as Error).message}`)
    }
    for (const arrow of arrows) {
      const arrowName = `${where} ${arrow.eventType || 'always'}`
      if (arrow.guard !== undefined) guarded(arrow.guard, arrowName)
      for (const action of arrow.actions) named('action', actions, action, arrowName)
    }
    for (const action of [...node.entry, ...node.exit]) named('action', actions, action, where)
    for (const { src } of node.invoke) named('actor', actors, src, where)
    if (node.after.length > 0) found.push(`${where}: time never reaches a machine, a timeout is an event`)
    if (node.type === 'history') found.push(`${where}: a history state hides where a role is`)

    const everything = node.transitions.get('*')
    const answers = answered || (everything !== undefined && everything.at(-1)?.guard === undefined)
    const passing = node.always?.at(-1)?.guard === undefined && (node.always?.length ?? 0) > 0
    const children = Object.values(node.states)
    if (children.length === 0 && node.type !== 'final' && !answers && !passing) found.push(`${where}: no answer to an event it does not expect`)
    for (const child of children) visit(child, answers)
  }
  visit(machine.root, false)

  for (const [kind, known] of Object.entries({ guard: guards, action: actions, actor: actors }))
    for (const name of Object.keys(known)) if (!used.has(`${kind} ${name}`)) found.push(`${kind} ${name} is never used`)
  return found
}

/** The requirement ids of every state and arrow, as the machine's `meta` names them. */
function cited(machine: AnyStateMachine): { where: string; ids: readonly string[] | undefined; description: string | undefined }[] {
  const states = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(states)]
  return states(machine.root)
    .filter((node) => node.path.length > 0)
    .map((node) => ({
      where: node.path.join('.'),
      ids: (node.meta as { requirements?: readonly string[] } | undefined)?.requirements,
      description: node.description,
    }))
}

const machines: { name: string; file: string; machine: AnyStateMachine }[] = []
const roles = [
  ...['client', 'officer', 'source-hsm', 'tool', 'vault', 'vault-hsm'].map((role) => `machines/byok/${role}.ts`),
  ...['archive', 'card', 'client', 'minidriver', 'server'].map((role) => `machines/ski/${role}.ts`),
]
for (const file of typescriptFiles('machines').filter((path) => path !== 'machines/index.ts')) {
  const module = (await import(pathToFileURL(join(project, file)).href)) as Record<string, unknown>
  for (const [name, value] of Object.entries(module))
    if (value instanceof StateMachine && !machines.some(({ machine }) => machine === value)) machines.push({ name, file, machine: value as AnyStateMachine })
}

const houses = suite('machines')

houses('every role file exports one machine', () => {
  const declared = machines.map(({ file }) => file).sort()
  assert.equal(declared, [...new Set(declared)], 'one machine per file')
  assert.equal(declared, roles.toSorted())
})

for (const { file, machine } of machines) {
  houses(`${file}: every name exists and is used, every state answers every event`, () => assert.equal(objections(machine), []))
  houses(`${file}: every state has a description and names its requirements`, () => {
    const silent = cited(machine).filter(({ ids, description }) => !description || !ids?.length)
    assert.equal(
      silent.map(({ where }) => where),
      [],
    )
    const strangers = cited(machine).flatMap(({ ids }) => (ids ?? []).filter((id) => !spec.requirements.has(id)))
    assert.equal(strangers, [])
  })
}

// The check itself: one machine with one mistake each.
const glossary = setup({ guards: { g: () => true }, actions: { a: () => {} } })
const sound = { initial: 'x', states: { x: { on: { go: { target: 'y', guard: 'g', actions: 'a' }, '*': 'y' } }, y: { type: 'final' } } } as const
const spoilt: Record<string, [config: object, says: RegExp]> = {
  'a target that does not exist': [{ ...sound, states: { ...sound.states, x: { on: { go: { target: 'z', guard: 'g', actions: 'a' }, '*': 'y' } } } }, /z/],
  'a guard that does not exist': [
    { ...sound, states: { ...sound.states, x: { on: { go: { target: 'y', guard: 'h', actions: 'a' }, '*': 'y' } } } },
    /no guard is called h/,
  ],
  'an action that does not exist': [
    { ...sound, states: { ...sound.states, x: { entry: 'b', on: { go: { guard: 'g', actions: 'a' }, '*': 'y' } } } },
    /no action is called b/,
  ],
  'an actor that does not exist': [{ ...sound, invoke: { src: 'wire' } }, /no actor is called wire/],
  'a guard without a name': [{ ...sound, entry: 'a', states: { ...sound.states, x: { on: { go: { guard: () => true }, '*': 'y' } } } }, /guard without a name/],
  'an action without a name': [{ ...sound, entry: () => {} }, /action without a name/],
  'a state without an answer to everything': [
    { ...sound, states: { ...sound.states, x: { on: { go: { target: 'y', guard: 'g', actions: 'a' } } } } },
    /no answer/,
  ],
  'a guarded answer to everything': [{ ...sound, states: { ...sound.states, x: { on: { '*': { target: 'y', guard: 'g', actions: 'a' } } } } }, /no answer/],
  'a clock': [{ ...sound, states: { ...sound.states, x: { ...sound.states.x, after: { 1000: 'y' } } } }, /time never reaches/],
  'a guard that nothing uses': [{ ...sound, states: { ...sound.states, x: { on: { go: { target: 'y', actions: 'a' }, '*': 'y' } } } }, /guard g is never used/],
}
for (const [title, [config, says]] of Object.entries(spoilt))
  houses(`refuses ${title}`, () => {
    // XState itself throws for some, when the machine is made or asked.
    let said: string[]
    try {
      said = objections(glossary.createMachine(config as never) as unknown as AnyStateMachine)
    } catch (error) {
      said = [(error as Error).message]
    }
    assert.match(said.join('\n'), says)
  })
houses('finds nothing wrong with a sound machine', () => assert.equal(objections(glossary.createMachine(sound)), []))

houses.run()
