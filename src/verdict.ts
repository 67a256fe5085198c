/**
 * The two ways in which a function of ours can end when a peer's bytes are involved.
 *
 * A peer's mistake is a value: `refuse(fault)`. A caller's mistake (an argument of the wrong type or size, which no peer
 * can cause) is a `TypeError`, thrown at once. Nothing here ever carries secret bytes.
 * @module
 */

/** Accepted with a value, or refused with a fault that has a stable `code`. */
export type Verdict<T, F extends Fault = Fault> = Accepted<T> | Refused<F>

/** The good end of a {@link Verdict}. */
export interface Accepted<T> {
  readonly ok: true
  readonly value: T
}

/** The bad end of a {@link Verdict}. */
export interface Refused<F extends Fault = Fault> {
  readonly ok: false
  readonly fault: F
}

/** What was wrong, where, and which requirement says so. Plain data, safe to show to anybody. */
export interface Fault<Code extends string = string> {
  /** A stable name in snake_case; part of the public interface. */
  readonly code: Code
  /** The place: a path of field names, and a byte offset where bytes are meant (`PrivateKeyInfo.version, offset 4`). */
  readonly at?: string
  /** What was found, if it is public. */
  readonly found?: string | number
  /** What would have been right. */
  readonly wanted?: string | number
  /** The requirement that is enforced, for example `BYOK-37`. */
  readonly requirement?: string
}

/** Ends well. */
export const accept = <T>(value: T): Accepted<T> => ({ ok: true, value })

/** Ends with a fault. */
export const refuse = <F extends Fault>(fault: F): Refused<F> => ({ ok: false, fault })

/** A value now or later: pure code answers at once, WebCrypto and remote tokens do not. */
export type Maybe<T> = T | Promise<T>
