/**
 * What the six roles share: how a refusal is blamed, and the progress events that an embedding program may watch.
 * @module
 */
import type { EventObject } from 'xstate'
import type { Fault } from '../../src/verdict.js'

/** The six roles. */
export type RoleName = 'client' | 'tool' | 'officer' | 'sourceHsm' | 'vault' | 'vaultHsm'

/** A small, stable set of events for whoever watches a role (`actor.on('progress', …)`). */
export interface Progress {
  readonly type: 'progress'
  readonly role: RoleName
  readonly step: string
}

/** The output of a ceremony role: never a throw (BYOK-160). */
export type Outcome<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly fault: Fault }

/**
 * The fault that an unwanted event stands for: what a peer or the enclave said about its refusal, a timeout, a cancel, or
 * else a word out of turn (BYOK-151 to BYOK-153, BYOK-157). Names the event's type and nothing of its content.
 */
export function blameFor(event: EventObject & { readonly fault?: unknown }): Fault {
  if (event.type === 'app.timeout') return { code: 'timed_out', requirement: 'BYOK-152' }
  if (event.type === 'app.cancel') return { code: 'cancelled', requirement: 'BYOK-153' }
  if (REFUSALS.has(event.type)) return reportedBy(event)
  if (event.type.startsWith('xstate.')) return { code: 'port_failed', requirement: 'BYOK-157' }
  return { code: 'out_of_turn', found: event.type, requirement: 'BYOK-151' }
}

const REFUSALS: ReadonlySet<string> = new Set(['enclave.refused', 'sourceHsm.refused', 'sourceHsm.stopped', 'tool.refused', 'officer.refused'])

/** A peer may be lying, and may put anything into a fault: only a code and a requirement id of the right form are passed on. */
function reportedBy(event: EventObject & { readonly fault?: unknown }): Fault {
  const { code, requirement } = (typeof event.fault === 'object' && event.fault !== null ? event.fault : {}) as { code?: unknown; requirement?: unknown }
  return {
    code: typeof code === 'string' && /^[a-z0-9_]{1,64}$/.test(code) ? code : 'refused_without_reason',
    at: event.type,
    ...(typeof requirement === 'string' && /^(BYOK|SKI)-\d{1,4}$/.test(requirement) ? { requirement } : {}),
  }
}
