/**
 * Work that is written once and runs at once where the crypto answers at once, or later where it does not.
 *
 * A generator says `yield* wait(…)` where another function would say `await …`. Its `finally` blocks run in both cases,
 * and nothing is deferred without need: with a synchronous provider a command is answered before `perform` returns.
 * @module
 */
import type { Maybe } from '../verdict.js'

/** Work in steps; each pause stands for a promise. */
export type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>

/** The value of something that is there now or later. */
export function* wait<T>(value: Maybe<T>): Steps<T> {
  return isPromise(value) ? ((yield value) as T) : value
}

/** Runs work to its end: a plain result if it never had to wait, otherwise a promise. */
export function run<T>(steps: Steps<T>): Maybe<T> {
  const advance = (result: IteratorResult<PromiseLike<unknown>, T>): Maybe<T> =>
    result.done
      ? result.value
      : Promise.resolve(result.value).then(
          (value) => advance(steps.next(value)),
          (reason: unknown) => advance(steps.throw(reason)),
        )
  return advance(steps.next())
}

/** Whether a value comes later. */
export const isPromise = <T>(value: Maybe<T>): value is Promise<T> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
