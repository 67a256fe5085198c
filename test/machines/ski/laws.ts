/**
 * Laws that hold for every SKI role.
 * @module
 */
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import type { Arrows } from '../../support/role.js'
import { everyWord } from './samples.js'

export { printCoverage } from '../byok/laws.js'

/**
 * In every resting state, every word gets an answer: something is said, or the state changes, or progress is reported
 * (SKI-240). `xstate.…` is nobody's word. `resting` gives for each state a script that leads there; visiting the states
 * themselves is checked, so that a script that went astray is noticed. A nested state is named as its snapshot's value is,
 * as JSON.
 */
export function answersEverything(arrows: Arrows, input: unknown, resting: Readonly<Record<string, readonly EventObject[]>>): void {
  for (const [state, prefix] of Object.entries(resting)) {
    const { visits, persisted } = arrows.converse(input, prefix)
    assert.is(visits.at(-1), state, `the script leads to ${state}`)
    for (const event of everyWord) {
      const run = arrows.converse(input, [event], persisted)
      const answered = run.said.at(-1)!.length > 0 || run.visits.at(-1) !== state || run.emitted.at(-1)! > 0
      assert.ok(answered, `${state} answers ${event.type}`)
    }
  }
}

/** The name of a nested state, as {@link answersEverything} wants it: `nested('withCard', 'ready')`. */
export const nested = (...path: readonly [string, ...string[]]): string => {
  const value = path.slice(0, -1).reduceRight<unknown>((inner, name) => ({ [name]: inner }), path.at(-1))
  return typeof value === 'string' ? value : JSON.stringify(value)
}
