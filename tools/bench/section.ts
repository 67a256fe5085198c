/**
 * What every part of the benchmark takes and gives: tables to read, and goals that are met or missed.
 * @module
 */
import type { Timing } from './clock.js'
import type { Subject } from './subject.js'

/** A table with a title; the first row of cells is the head. */
export interface Table {
  readonly title: string
  /** What a reader has to know to read it right. */
  readonly note: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A value that the project promises. */
export interface Goal {
  readonly what: string
  readonly limit: number
  /** `null` where it could not be measured; `note` then says why. */
  readonly measured: number | null
  /** Written behind both values. */
  readonly unit: '×' | 'ms' | 's' | 'MB' | 'kB'
  /** Which way is good; most limits are upper ones. */
  readonly atLeast?: boolean
  /** For a group of values: which of them is shown. */
  readonly note?: string
}

/** What a section found out. */
export interface Findings {
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
}

/** What a section is given. */
export interface Setting {
  readonly subject: Subject
  /** Fewer rounds, for a first look. */
  readonly quick: boolean
  /** Tells a person at a terminal what is going on. */
  readonly progress: (text: string) => void
}

/** One part of the benchmark. */
export interface Section {
  readonly name: string
  readonly run: (setting: Setting) => Promise<Findings>
}

/** Whether a goal is met; `null` where nothing was measured. */
export const isMet = ({ measured, limit, atLeast = false }: Goal): boolean | null =>
  measured === null ? null : atLeast ? measured >= limit : measured <= limit

/** The goal of a group of ratios: the one that is furthest on the wrong side. */
export function worst(goal: Omit<Goal, 'measured' | 'unit'>, group: readonly (readonly [name: string, ratio: number])[]): Goal {
  const sorted = [...group].sort(([, a], [, b]) => (goal.atLeast === true ? a - b : b - a))
  const [name, measured] = sorted[0]!
  const within = group.filter(([, ratio]) => isMet({ ...goal, measured: ratio, unit: '×' }) === true).length
  return { ...goal, measured, unit: '×', note: group.length === 1 ? name : `${name}; ${within} of ${group.length} within` }
}

/** A time in words: three digits, in the unit that fits. */
export function duration(ms: number): string {
  if (ms < 1) return `${digits(1000 * ms)} µs`
  return ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`
}

/** Three significant digits, never in powers of ten. */
export const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2))

/** A timing as a table shows it. */
export const timing = ({ median, ratio }: Timing, reference = false): string => (reference ? duration(median) : `${duration(median)} (${digits(ratio)}×)`)
