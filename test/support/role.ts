/**
 * Drives one role from a script, live and purely at once, and keeps count of the arrows that were taken.
 * @module
 */
import * as assert from 'uvu/assert'
import {
  createActor,
  fromCallback,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type EventObject,
  type InputFrom,
  type InspectionEvent,
} from 'xstate'
import { begin, step, type Said } from '../../machines/step.js'

/** What a role did with a script. */
export interface Conversation {
  /** The state after the start and after each event. */
  readonly visits: readonly string[]
  /** What it said after the start and after each event. */
  readonly said: readonly (readonly Said[])[]
  /** How many progress events it emitted after each event. */
  readonly emitted: readonly number[]
  readonly output: unknown
  readonly context: unknown
  readonly persisted: unknown
}

/** The arrows of a machine, and which of them a test has taken. */
export class Arrows {
  readonly all: ReadonlySet<string>
  readonly taken = new Set<string>()
  /** The machine with an ear at each port: made once, because making a machine takes longer than running it. */
  readonly #listened: AnyStateMachine
  #heardBy: Said[][] = []

  constructor(readonly machine: AnyStateMachine) {
    const ear = (port: string) =>
      fromCallback<EventObject>(({ receive }) => {
        receive((message) => this.#heardBy.at(-1)!.push({ port, message }))
      })
    const actors = Object.fromEntries(Object.keys(machine.implementations.actors).map((port) => [port, ear(port)]))
    this.#listened = machine.provide({ actors } as never)
    const all = new Set<string>()
    const visit = (node: AnyStateNode) => {
      for (const [event, arrows] of node.transitions) arrows.forEach((_, index) => all.add(arrowName(node, event, index)))
      node.always?.forEach((_, index) => all.add(arrowName(node, '', index)))
      for (const child of Object.values(node.states)) visit(child)
    }
    visit(machine.root)
    this.all = all
  }

  /** The arrows that no test has taken. */
  missing(): readonly string[] {
    return [...this.all].filter((arrow) => !this.taken.has(arrow))
  }

  /**
   * Runs a script on a fresh role, or on one that is taken up from what a {@link Conversation} persisted, live and purely; asserts
   * that both agree, and notes the arrows.
   */
  converse<Machine extends AnyStateMachine>(input: InputFrom<Machine>, hears: readonly EventObject[], persisted?: unknown): Conversation {
    const machine = this.machine
    const heardBy: Said[][] = [[]]
    this.#heardBy = heardBy
    const emitted: number[] = [0]
    const actor = createActor(this.#listened, {
      ...(persisted === undefined ? { input } : { snapshot: persisted }),
      inspect: (event: InspectionEvent) => {
        if (event.type !== '@xstate.microstep') return
        for (const arrow of (event as unknown as { _transitions: { source: AnyStateNode; eventType: string }[] })._transitions) {
          const siblings: readonly unknown[] = (arrow.eventType === '' ? arrow.source.always : arrow.source.transitions.get(arrow.eventType)) ?? []
          this.taken.add(arrowName(arrow.source, arrow.eventType, siblings.indexOf(arrow)))
        }
      },
    } as never)
    actor.on('*', () => emitted.push(emitted.pop()! + 1))
    actor.start()
    const stored = persisted === undefined ? null : createActor(machine, { snapshot: persisted } as never).getSnapshot()
    let pure = stored === null ? begin(machine, ...([input] as never)) : { snapshot: stored, said: [], emitted: [] }
    const visits = [stateOf(actor.getSnapshot() as AnyMachineSnapshot)]
    for (const event of hears) {
      heardBy.push([])
      emitted.push(0)
      actor.send(event)
      pure = step(machine, pure.snapshot, event as never)
      visits.push(stateOf(actor.getSnapshot() as AnyMachineSnapshot))
      assert.is(stateOf(pure.snapshot as AnyMachineSnapshot), visits.at(-1), 'the pure and the live role are in one state')
      // What is said on entry to a final state reaches the ports in pure runs and live alike.
      assert.equal(plain(pure.said), plain(heardBy.at(-1)), 'the pure and the live role say the same')
    }
    const snapshot = actor.getSnapshot() as AnyMachineSnapshot
    const result = {
      visits,
      said: heardBy,
      emitted,
      output: snapshot.output as unknown,
      context: snapshot.context as unknown,
      persisted: plain(actor.getPersistedSnapshot()),
    }
    actor.stop()
    return result
  }
}

const arrowName = (node: AnyStateNode, event: string, index: number) =>
  `${node.path.join('.') || '(root)'} ─ ${event || 'always'}${index > 0 ? ` (${index + 1})` : ''}`

const stateOf = (snapshot: AnyMachineSnapshot) => (typeof snapshot.value === 'string' ? snapshot.value : JSON.stringify(snapshot.value))

/** Through JSON and back: what is compared, stored and shown is plain data. */
export const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

/** The type names of what was said through a port. */
export const words = (said: readonly Said[], port: string): readonly string[] => said.filter((line) => line.port === port).map((line) => line.message.type)
