/**
 * How a refusal is blamed: every role ends with a fault that says what was unwanted, and nothing of its content.
 * @module
 */
import type { EventObject } from 'xstate'
import type { Fault } from '../src/verdict.js'

/** A small, stable set of events for whoever watches a role (`actor.on('progress', …)`). */
export interface ProgressOf<Role extends string> {
  readonly type: 'progress'
  readonly role: Role
  readonly step: string
}

/** The output of a role that ends: never a throw. */
export type Outcome<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly fault: Fault }

/** Which requirement of a protocol stands behind which cause. */
export interface Causes {
  readonly timeout: string
  readonly cancel: string
  readonly port: string
  readonly outOfTurn: string
  /** The words by which a peer or an enclave refuses, with a `fault` of its own. */
  readonly refusals: ReadonlySet<string>
}

/**
 * The fault that an unwanted event stands for: what a peer or the enclave said about its refusal, a timeout, a cancel, or
 * else a word out of turn. Names the event's type and nothing of its content.
 */
export function blameFor(event: EventObject & { readonly fault?: unknown }, causes: Causes): Fault {
  if (event.type === 'app.timeout') return { code: 'timed_out', requirement: causes.timeout }
  if (event.type === 'app.cancel') return { code: 'cancelled', requirement: causes.cancel }
  if (causes.refusals.has(event.type)) return reportedBy(event)
  if (event.type.startsWith('xstate.')) return { code: 'port_failed', requirement: causes.port }
  return { code: 'out_of_turn', found: event.type, requirement: causes.outOfTurn }
}

/** A peer may be lying, and may put anything into a fault: only a code and a requirement id of the right form are passed on. */
function reportedBy(event: EventObject & { readonly fault?: unknown }): Fault {
  const { code, requirement } = (typeof event.fault === 'object' && event.fault !== null ? event.fault : {}) as { code?: unknown; requirement?: unknown }
  return {
    code: typeof code === 'string' && /^[a-z0-9_]{1,64}$/.test(code) ? code : 'refused_without_reason',
    at: event.type,
    ...(typeof requirement === 'string' && /^(BYOK|SKI)-\d{1,4}$/.test(requirement) ? { requirement } : {}),
  }
}
