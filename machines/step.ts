/**
 * Drives a role without running it: a conversation as plain data. Each step says what the role said through which port.
 * Built on XState's pure `initialTransition` and `transition`, so it is the same machine that runs live.
 * @module
 */
import {
  initialTransition,
  transition,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventFromLogic,
  type EventObject,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate'
import type { Message } from './ports.js'

/** One thing that a role said. */
export interface Said {
  /** The port's name: `wire`, `enclave` or `console`. */
  readonly port: string
  readonly message: Message
}

/** A role after one event. */
export interface Step<Machine extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<Machine>
  /** What was said, in order. */
  readonly said: readonly Said[]
  /** Progress events for whoever watches. */
  readonly emitted: readonly EventObject[]
}

/** The role before anything was said to it. */
export function begin<Machine extends AnyStateMachine>(
  machine: Machine,
  ...[input]: InputFrom<Machine> extends undefined ? [] : [InputFrom<Machine>]
): Step<Machine> {
  const [snapshot, actions] = initialTransition(machine, input as never)
  return collect(snapshot, actions)
}

/**
 * The role after one more event. A finished role hears nothing (`transition` alone would still run root transitions).
 * @throws TypeError for an event type that belongs to XState: `xstate.stop` would stop the role, whoever sent it.
 */
export function step<Machine extends AnyStateMachine>(machine: Machine, snapshot: SnapshotFrom<Machine>, event: EventFromLogic<Machine>): Step<Machine> {
  const { type } = event as EventObject
  if (type.startsWith('xstate.')) throw new TypeError(`${type}: nobody may say an event of XState's own`)
  if ((snapshot as AnyMachineSnapshot).status !== 'active') return { snapshot, said: [], emitted: [] }
  const [next, actions] = transition(machine, snapshot, event)
  return collect(next, actions)
}

function collect<Machine extends AnyStateMachine>(snapshot: SnapshotFrom<Machine>, actions: readonly { type: string; params: unknown }[]): Step<Machine> {
  const said: Said[] = []
  const emitted: EventObject[] = []
  for (const action of actions) {
    const params = action.params as { targetId?: string; event?: EventObject } | undefined
    if (action.type === 'xstate.sendTo' && params?.event) said.push({ port: params.targetId ?? '', message: params.event })
    if (action.type === 'xstate.emit' && params?.event) emitted.push(params.event)
  }
  return { snapshot, said, emitted }
}
