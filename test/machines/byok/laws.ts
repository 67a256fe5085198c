/**
 * Laws that hold for every role.
 * @module
 */
import * as assert from 'uvu/assert'
import type { EventObject } from 'xstate'
import type { Arrows } from '../../support/role.js'
import { everyWord } from './samples.js'

/**
 * In every resting state, every word gets an answer: something is said, or the state changes, or progress is reported.
 * `xstate.…` is nobody's word. Visiting the states themselves is checked, so that a script that went astray is noticed.
 */
export function answersEverything(arrows: Arrows, input: unknown, resting: Readonly<Record<string, readonly EventObject[]>>): void {
  for (const [state, prefix] of Object.entries(resting)) {
    assert.is(arrows.converse(input, prefix).visits.at(-1), state, `the script leads to ${state}`)
    for (const event of everyWord) {
      const run = arrows.converse(input, [...prefix, event])
      const answered = run.said.at(-1)!.length > 0 || run.visits.at(-1) !== state || run.emitted.at(-1)! > 0
      assert.ok(answered, `${state} answers ${event.type}`)
    }
  }
}

/** Fails unless every arrow was taken by some test of the file, and prints the count. */
export function printCoverage(arrows: Arrows): void {
  process.stdout.write(`arrows of ${arrows.machine.id}: ${arrows.taken.size} of ${arrows.all.size} taken\n`)
  assert.equal(arrows.missing(), [])
}
