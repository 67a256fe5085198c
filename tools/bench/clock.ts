/**
 * Times several ways to do one thing, in turns: in each round everybody does it once (or as often as a clock needs to
 * see it), and the order rotates. What disturbs the machine then disturbs all of them, and a ratio is formed inside a
 * round wherever everybody works on the same inputs.
 *
 * The clock is the processor time of this process with all its threads: it stands still while somebody else's work is in
 * the way, and includes what compiler and collector do beside. On an idle machine, with one processor, it is the wall clock.
 * @module
 */
import type { Maybe } from '../../src/verdict.js'

/** One way to do it. */
export interface Contender {
  readonly name: string
  readonly run: () => Maybe<unknown>
  /** How many rounds it takes part in, where not in all: some peers are slow. */
  readonly rounds?: number
}

/** How one contender did. Times are milliseconds for one call. */
export interface Timing {
  readonly name: string
  readonly samples: number
  readonly median: number
  /** By how much it takes longer than the first contender; for the first one 1. */
  readonly ratio: number
}

/** How long and how often. */
export interface RaceOptions {
  readonly rounds: number
  /** Runs before the first round, as a time in milliseconds (at least two runs); compilers need it. */
  readonly warmUp?: number
  /** The least length of one sample, in milliseconds; short calls are repeated until they fill it. */
  readonly sample?: number
  /**
   * Whether each call does the same work, so that the ratio is the median of the ratios of all rounds. Where luck decides
   * how much work there is (a search for primes), it is the ratio of the medians.
   */
  readonly sameWork?: boolean
  readonly onRound?: (round: number) => void
}

/** Runs the rounds. The first contender is the one that the others are compared with. */
export async function race(contenders: readonly Contender[], options: RaceOptions): Promise<readonly Timing[]> {
  const { rounds, warmUp = 150, sample = 2, sameWork = true, onRound } = options
  const entrants: Entrant[] = []
  for (const contender of contenders) entrants.push({ contender, calls: await calls(contender, warmUp, sample), times: new Map() })

  for (let round = 0; round < rounds; round++) {
    onRound?.(round)
    for (let turn = 0; turn < entrants.length; turn++) {
      const { contender, calls, times } = entrants[(round + turn) % entrants.length]!
      if (takesPart(contender.rounds ?? rounds, round, rounds)) times.set(round, await timeOf(contender.run, calls))
    }
  }

  const first = entrants[0]!.times
  return entrants.map(({ contender, times }) => {
    const own = median([...times.values()])
    const ratio = sameWork ? median([...times].map(([round, time]) => time / first.get(round)!)) : own / median([...first.values()])
    return { name: contender.name, samples: times.size, median: own, ratio }
  })
}

/** Milliseconds for one call, as the mean of `calls` calls one after the other. */
export async function timeOf(run: () => Maybe<unknown>, calls = 1): Promise<number> {
  const start = processorTime()
  for (let call = 0; call < calls; call++) {
    // Waiting for a value that is there already would cost the quick ones more than the work itself.
    const result = run()
    if (result instanceof Promise) await result
  }
  return (processorTime() - start) / calls
}

/** Milliseconds that this process has worked since it began. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The middle value; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new TypeError('values: at least one is wanted')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

interface Entrant {
  readonly contender: Contender
  readonly calls: number
  /** Times by round. */
  readonly times: Map<number, number>
}

/** Warms up, and says how many calls make a sample. */
async function calls({ run }: Contender, warmUp: number, sample: number): Promise<number> {
  if (warmUp === 0) return 1
  let last = await timeOf(run)
  const end = processorTime() + warmUp
  do last = await timeOf(run)
  while (processorTime() < end)
  return Math.max(1, Math.ceil(sample / Math.max(last, sample / 1000)))
}

/** Spreads `wanted` turns evenly over all rounds. */
const takesPart = (wanted: number, round: number, rounds: number): boolean =>
  wanted >= rounds || Math.floor((round * wanted) / rounds) !== Math.floor(((round - 1) * wanted) / rounds)
