/**
 * Decisions about secret bytes without a branch: a condition is a mask, all ones (-1) for yes and 0 for no.
 *
 * Operands are integers from 0 to 2^30. What a compiler makes of it is beyond our control; SECURITY.md says so.
 * @module
 */

/** Yes where `a` is zero. */
export const isZero = (a: number): number => (a - 1) >> 31

/** Yes where `a` equals `b`. */
export const isEqual = (a: number, b: number): number => isZero(a ^ b)

/** Yes where `low <= a <= high`. */
export const isInRange = (a: number, low: number, high: number): number => ~((a - low) >> 31) & ~((high - a) >> 31)

/** The first number where the condition says yes, otherwise the second. */
export const select = (condition: number, yes: number, no: number): number => (yes & condition) | (no & ~condition)
