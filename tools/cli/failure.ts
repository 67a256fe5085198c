/**
 * How a command ends when it does not end well: the exit codes, and the one exception that a command throws on purpose.
 *
 * What a peer got wrong is a value on every floor below; here, where a person is told, it becomes a {@link Failure}. Any other exception
 * is a bug of ours, and `keyferry.ts` says so.
 * @module
 */
import { explainFault } from '../../src/byok/faults.js'
import type { Fault } from '../../src/verdict.js'

/** What the exit codes mean. They are part of the public interface. */
export const EXIT = {
  ok: 0,
  /** The input was well-formed enough to judge, and is refused; or the work failed. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Nothing was shown either way. */
  inconclusive: 3,
  /** The input cannot be read: no such file, not a key, not JSON. */
  unreadable: 4,
  /** A bug in keyferry. */
  bug: 70,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What a failure may carry beside its message. */
export interface FailureDetails {
  /** The fault behind it, for a program that reads the JSON. */
  readonly fault?: Fault
  /** What to do about it, a line each. */
  readonly hints?: readonly string[]
}

/** A foreseen end: one line for a person, and an exit code for a script. Never carries secret bytes. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: ExitCode
  readonly fault: Fault | null
  readonly hints: readonly string[]

  constructor(exit: ExitCode, message: string, { fault, hints = [] }: FailureDetails = {}) {
    super(message)
    this.exit = exit
    this.fault = fault ?? null
    this.hints = hints
  }
}

/** A failure that says what a fault says, with the thing that is at fault in front. */
export function failureOf(exit: ExitCode, what: string, fault: Fault, hints: readonly string[] = []): Failure {
  const sentence = explainFault(fault)
  return new Failure(exit, `${what}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`, { fault, hints })
}
