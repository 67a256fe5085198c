/**
 * What the five roles share: how a refusal is blamed, and the progress events that an embedding program may watch.
 * @module
 */
import type { EventObject } from 'xstate'
import type { Returned } from '../../src/ski/calls.js'
import type { Fault } from '../../src/verdict.js'
import { blameFor as blame, type Causes, type ProgressOf } from '../blame.js'

/** The five roles; the minidriver is one machine in two places. */
export type RoleName = 'client' | 'minidriver' | 'card' | 'server' | 'archive'

/** A small, stable set of events for whoever watches a role (`actor.on('progress', …)`). */
export type Progress = ProgressOf<RoleName>

/** The output of a role that ends: never a throw (SKI-249). */
export type { Outcome } from '../blame.js'

/** The fault that an unwanted event stands for (SKI-241 to SKI-243, SKI-246). Names the event's type and nothing of its content. */
export function blameFor(event: EventObject & { readonly fault?: unknown }): Fault {
  return ENDINGS[event.type] ?? blame(event, CAUSES)
}

/** The fault that an unwanted return stands for: the status of the call in hand; a return of another call is out of turn (SKI-241). */
export function blameForReturn(event: Returned, call: number): Fault {
  const { function: name, status } = event
  return event.call === call && status !== 0 ? { code: 'minidriver_refused', at: name, found: status, requirement: 'SKI-28' } : blameFor(event)
}

/** By these words a peer ends the run; none of them says why. */
const ENDINGS: Readonly<Record<string, Fault>> = {
  'server.refused': { code: 'server_refused', requirement: 'SKI-28' },
  'client.gaveUp': { code: 'client_gave_up', requirement: 'SKI-28' },
  'archive.refused': { code: 'archive_refused', requirement: 'SKI-24' },
}

const CAUSES: Causes = {
  timeout: 'SKI-242',
  cancel: 'SKI-243',
  port: 'SKI-246',
  outOfTurn: 'SKI-241',
  refusals: new Set(['enclave.refused']),
}
