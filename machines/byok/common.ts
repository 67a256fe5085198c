/**
 * What the six roles share: how a refusal is blamed, and the progress events that an embedding program may watch.
 * @module
 */
import type { EventObject } from 'xstate'
import type { Fault } from '../../src/verdict.js'
import { blameFor as blame, type Causes, type ProgressOf } from '../blame.js'

/** The six roles. */
export type RoleName = 'client' | 'tool' | 'officer' | 'sourceHsm' | 'vault' | 'vaultHsm'

/** A small, stable set of events for whoever watches a role (`actor.on('progress', …)`). */
export type Progress = ProgressOf<RoleName>

/** The output of a ceremony role: never a throw (BYOK-160). */
export type { Outcome } from '../blame.js'

/** The fault that an unwanted event stands for (BYOK-151 to BYOK-153, BYOK-157). Names the event's type and nothing of its content. */
export const blameFor = (event: EventObject & { readonly fault?: unknown }): Fault => blame(event, CAUSES)

const CAUSES: Causes = {
  timeout: 'BYOK-152',
  cancel: 'BYOK-153',
  port: 'BYOK-157',
  outOfTurn: 'BYOK-151',
  refusals: new Set(['enclave.refused', 'sourceHsm.refused', 'sourceHsm.stopped', 'tool.refused', 'officer.refused']),
}
