/**
 * One vector of a status code, from a line of a table: the script, the judged call, and what comes of it.
 * @module
 */
import type { Test } from './file.js'
import { call, COMMANDS, NO_CARD, ORDERS, withCard, withoutCard, type FunctionName, type Word } from './ski-status-words.js'

/** Windows' numbers. */
export const STATUS = {
  SCARD_S_SUCCESS: 0,
  SCARD_F_INTERNAL_ERROR: 0x80100001,
  SCARD_E_CANCELLED: 0x80100002,
  SCARD_E_INVALID_HANDLE: 0x80100003,
  SCARD_E_INVALID_PARAMETER: 0x80100004,
  SCARD_E_NO_SMARTCARD: 0x8010000c,
  SCARD_E_UNKNOWN_CARD: 0x8010000d,
  SCARD_E_UNEXPECTED: 0x8010001f,
  SCARD_E_UNSUPPORTED_FEATURE: 0x80100022,
  SCARD_E_FILE_NOT_FOUND: 0x80100024,
  SCARD_E_WRITE_TOO_MANY: 0x80100028,
  SCARD_E_COMM_DATA_LOST: 0x8010002f,
  SCARD_E_NO_KEY_CONTAINER: 0x80100030,
  SCARD_W_RESET_CARD: 0x80100068,
  SCARD_W_REMOVED_CARD: 0x80100069,
  SCARD_W_SECURITY_VIOLATION: 0x8010006a,
  SCARD_W_WRONG_CHV: 0x8010006b,
  SCARD_W_CHV_BLOCKED: 0x8010006c,
  ERROR_INSUFFICIENT_BUFFER: 122,
  ERROR_REVISION_MISMATCH: 1306,
} as const
export type StatusName = keyof typeof STATUS

export const OK = 'SCARD_S_SUCCESS'
export const INVALID = 'SCARD_E_INVALID_PARAMETER'
export const UNSUPPORTED = 'SCARD_E_UNSUPPORTED_FEATURE'
export const HANDLE = 'SCARD_E_INVALID_HANDLE'
export const UNEXPECTED = 'SCARD_E_UNEXPECTED'
export const VIOLATION = 'SCARD_W_SECURITY_VIOLATION'
export const TOO_SMALL = 'ERROR_INSUFFICIENT_BUFFER'
export const REVISION = 'ERROR_REVISION_MISMATCH'
export const LOST = 'SCARD_E_COMM_DATA_LOST'

export type Mode = 'card' | 'no-card'

/** A case. */
export interface Case {
  readonly mode: Mode
  /** Of the judged call; a function that there is not is a string of its own. */
  readonly function: FunctionName | 'CardRSADecrypt'
  /** Distinguishes cases of one function and fault. */
  readonly id?: string
  readonly comment: string
  readonly requirement: string
  /** The name in the table; none where all is well. */
  readonly fault?: string
  readonly status: StatusName
  /** How the judged call differs from a good one. */
  readonly change?: Readonly<Record<string, unknown>>
  /** What was said before, from the acquisition on; a context with keys unless given. */
  readonly before?: readonly Word[]
  /** What the other side says to it. */
  readonly after?: readonly Word[]
  /** What is said to card or enclave from the judged call on; nothing unless given. */
  readonly asks?: readonly Word[]
  /** What comes back beside the status, `null` apart. */
  readonly returned?: Readonly<Record<string, unknown>>
  /** How the product differs. */
  readonly product?: Readonly<Record<string, unknown>>
}

const FLAG: Readonly<Record<Mode, string>> = { card: 'CardMode', 'no-card': 'NoCardMode' }

/** The vector of a case. */
export function vectorOf(each: Case): Test {
  const { mode, function: name, comment, requirement, fault, status, change = {}, after = [], asks = [], returned = {}, product } = each
  const before = each.before ?? (mode === 'card' ? withCard.ready() : withoutCard.ready())
  const judged: Word = name === 'CardRSADecrypt' ? { type: name, call: 0 } : call(name, change)
  const script = numbered([...before, judged, ...after])
  const [setup, { length }] = setupOf(before)
  return {
    id: [mode.replace('-', '_'), snake(name), fault ?? 'good', each.id].filter((part) => part !== undefined).join('_'),
    requirement,
    comment,
    flags: [fault === undefined ? 'Good' : asks.length > 0 || after.length > 0 ? 'FoundLater' : 'FoundAtOnce', FLAG[mode]],
    mode,
    function: name,
    ...(fault === undefined ? {} : { fault }),
    ...(product ? { product } : {}),
    setup,
    script: script.slice(length),
    call: script[before.length]!['call'],
    asks,
    status,
    number: STATUS[status],
    returned,
    ...(status === OK ? { result: 'valid' } : { result: 'invalid', expect: fault ?? '' }),
  }
}

/** Scripts that many tests begin with, by name. */
export const SETUPS: Readonly<Record<string, readonly Word[]>> = {
  none: [],
  card: numbered(withCard.acquired()),
  cardWithKey: numbered(withCard.key()),
  cardReady: numbered(withCard.ready()),
  noCard: numbered(withoutCard.acquired()),
  noCardWithKey: numbered(withoutCard.key()),
  noCardReady: numbered(withoutCard.ready()),
}

/** The longest of them that a script begins with. */
function setupOf(script: readonly Word[]): readonly [name: string, setup: readonly Word[]] {
  const whole = numbered(script).map((word) => JSON.stringify(word))
  const begins = ([, setup]: readonly [string, readonly Word[]]) => setup.every((word, at) => JSON.stringify(word) === whole[at])
  return Object.entries(SETUPS)
    .filter(begins)
    .reduce((best, other) => (other[1].length > best[1].length ? other : best))
}

/** Gives the calls of a script their numbers, from 1 on. */
function numbered(script: readonly Word[]): readonly Word[] {
  let calls = 0
  return script.map((word) => ('call' in word ? { ...word, call: ++calls } : word))
}

const snake = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()

/** A line of a table of faults that a call shows by itself: fault, status, difference, comment, and a word where the fault has more than one case. */
export type Line = readonly [fault: string, status: StatusName, change: Readonly<Record<string, unknown>>, comment: string, id?: string]

/** Cases of one function that are found at once. */
export const seen = (mode: Mode, name: FunctionName, requirement: string, lines: readonly Line[], more: Partial<Case> = {}): readonly Case[] =>
  lines.map(([fault, status, change, comment, id]) => ({
    mode,
    function: name,
    comment,
    requirement: REQUIREMENT[fault] ?? requirement,
    fault,
    status,
    change,
    ...(id === undefined ? {} : { id }),
    ...more,
  }))

/** Faults that are about the same thing whatever the function. */
const REQUIREMENT: Readonly<Record<string, string>> = {
  function_not_offered: 'SKI-145',
  handle_destroyed: 'SKI-16',
  plain_text_import: 'SKI-41',
  chaining_mode_missing: 'SKI-12',
  iv_missing: 'SKI-12',
}

/** A fault that card or enclave find: what they answer to a good call, or to one that differs. */
export const told = (
  mode: Mode,
  name: FunctionName,
  requirement: string,
  fault: string,
  answer: Word,
  status: StatusName,
  comment: string,
  more: Partial<Case> = {},
): Case => ({
  mode,
  function: name,
  comment,
  requirement,
  fault,
  status,
  after: [answer],
  asks: [(mode === 'card' ? COMMANDS : ORDERS)[name]!],
  ...more,
})

/** The mode in which a function is at home. */
export const homeOf = (name: FunctionName): Mode => (name.startsWith('MD') ? 'no-card' : 'card')

/** The modes that have a function. */
export const modesOf = (name: FunctionName): readonly Mode[] =>
  name.startsWith('MD') ? ['no-card'] : NO_CARD.includes(name) || name === 'CardDeleteContext' ? ['card', 'no-card'] : ['card']
