/**
 * The one way to skip a test here: with its title and a reason, which the runner prints. uvu's own `skip` forgets both.
 * @module
 */

/** How a line begins that announces a skipped test to the runner. */
export const SKIP_MARK = '# skipped: '

/** Counts one test of `suite` as skipped, and says why. */
export function skip(suite: { skip: () => void }, title: string, reason: string): void {
  suite.skip()
  process.stdout.write(`${SKIP_MARK}${title}: ${reason}\n`)
}
