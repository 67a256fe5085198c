/**
 * The tests of one structure: what they have in common is said once.
 * @module
 */
import type { Test } from './file.js'

/** Writes tests of one type, whose ids begin with `prefix`. */
export interface Writer {
  /** A good one, with what it decodes to and whatever else the file shows. */
  readonly good: (id: string, comment: string, bytes: Buffer, fields: unknown, more?: Readonly<Record<string, unknown>>) => Test
  /** One with a single fault. */
  readonly bad: (id: string, comment: string, bytes: Buffer, expect: string, more?: Readonly<Record<string, unknown>>) => Test
}

/** {@link Writer} for a type and the requirement that describes it; a test may name another requirement. */
export function writerOf(type: string, prefix: string, requirement: string): Writer {
  const common = (id: string, comment: string, bytes: Buffer, more: Readonly<Record<string, unknown>>) => ({
    id: `${prefix}_${id}`,
    requirement,
    comment,
    ...more,
    type,
    bytes: bytes.toString('hex'),
  })
  return {
    good: (id, comment, bytes, fields, more = {}) => ({ ...common(id, comment, bytes, more), fields, result: 'valid' }),
    bad: (id, comment, bytes, expect, more = {}) => ({ ...common(id, comment, bytes, more), result: 'invalid', expect }),
  }
}

/**
 * What is wrong with the length of any structure: nothing there, the fixed part cut, the end cut, a byte too many. Where the fixed
 * part announces what follows (`announced`), the announcement is what does not fit.
 */
export function lengthFaults({ bad }: Writer, bytes: Buffer, fixed: number, announced = false): Test[] {
  const flags = { flags: ['Length'], requirement: 'SKI-102' }
  const fault = (id: string, comment: string, spoilt: Buffer, code: string) => bad(id, comment, spoilt, code, flags)
  return [
    fault('empty', 'no bytes at all', Buffer.alloc(0), 'structure_truncated'),
    fault('one_byte', 'one byte', bytes.subarray(0, 1), 'structure_truncated'),
    ...(fixed === bytes.length ? [] : [fault('header_cut', 'a byte of the fixed part is missing', bytes.subarray(0, fixed - 1), 'structure_truncated')]),
    fault('truncated', 'the last byte is missing', bytes.subarray(0, -1), announced ? 'structure_length_differs' : 'structure_truncated'),
    fault(
      'trailing_byte',
      'a zero byte behind the end',
      Buffer.concat([bytes, Buffer.of(0)]),
      announced ? 'structure_length_differs' : 'structure_trailing_bytes',
    ),
  ]
}
