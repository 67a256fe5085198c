/**
 * What the tests of the sealed-data formats share: providers, sessions, and a provider that remembers what it was handed.
 * @module
 */
import type { Crypto } from '../../src/crypto/crypto.js'
import { offersAlgorithm, type SessionContext, type SessionKey } from '../../src/ski/sealed/index.js'
import type { Fault, Maybe, Verdict } from '../../src/verdict.js'
import { fromLabel } from '../../vectors/generate/bytes.js'
import type { EcNumbers } from '../../vectors/generate/keys.js'
import { ALGORITHM_NAMES, SESSION_ALGORITHM, sessionOf, type Algorithm } from '../../vectors/generate/ski-sealed-formats.js'
import { providers } from '../support/providers.js'

/** A copy that is no `Buffer`. */
export const plain = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)

/** A session of ours for one of the vectors'. */
export const contextOf = (label: string): SessionContext => {
  const { session, serverNonce, cardNonce, cardId } = sessionOf(label)
  return { session: plain(session), serverNonce: plain(serverNonce), cardNonce: plain(cardNonce), cardId: plain(cardId) }
}

/** S1 of a test. */
export const s1Of = (algorithm: Algorithm): Buffer => fromLabel(`ski/test/S1/${algorithm}`, SESSION_ALGORITHM[algorithm].bytes)

/** S1 with its session. */
export const keyOf = (algorithm: Algorithm, label = 'test'): SessionKey => ({ algorithm, key: plain(s1Of(algorithm)), context: contextOf(label) })

/** An IV as long as a block. */
export const ivOf = (algorithm: Algorithm, label = 'test'): Buffer => fromLabel(`ski/test/iv/${label}`, SESSION_ALGORITHM[algorithm].block)

/** An EC key of the vectors as one of ours. */
export const ecOf = ({ curve, d, x, y }: EcNumbers) => ({ type: 'EC', curve, d: plain(d), x: plain(x), y: plain(y) }) as const

/** Every provider with every algorithm that it has: 13 pairs. */
export const pairs: readonly (readonly [crypto: Crypto, algorithm: Algorithm])[] = providers.flatMap((crypto) =>
  ALGORITHM_NAMES.filter((algorithm) => offersAlgorithm(crypto, algorithm)).map((algorithm) => [crypto, algorithm] as const),
)

/** A provider that answers like another one, later if so wanted, and remembers which method it was asked for and with what. */
export function watched(crypto: Crypto, { later = false } = {}) {
  const calls: { readonly method: string; readonly given: readonly unknown[]; readonly answer: unknown }[] = []
  const proxy = new Proxy(crypto, {
    get(target, method: string) {
      const value = target[method as keyof Crypto] as unknown
      if (typeof value !== 'function') return value
      return (...given: unknown[]): Maybe<unknown> => {
        const answer = (value as (...all: unknown[]) => unknown).apply(target, given)
        calls.push({ method, given, answer })
        return later ? Promise.resolve(answer) : answer
      }
    },
  })
  return { crypto: proxy, calls, methods: () => calls.map(({ method }) => method) }
}

/** Whether nothing but zeros is left. */
export const isWiped = (bytes: unknown): boolean => bytes instanceof Uint8Array && bytes.every((byte) => byte === 0)

/** The code of a refusal. */
export const code = (verdict: Verdict<unknown, Fault>): string => (verdict.ok ? 'accepted' : verdict.fault.code)

/** The code of a refusal, and its place. */
export const place = (verdict: Verdict<unknown, Fault>): string => (verdict.ok ? 'accepted' : `${verdict.fault.code} ${verdict.fault.at}`)

/** A copy with one bit flipped. */
export const withBit = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const copy = plain(bytes)
  copy[at]! ^= 1 << bit
  return copy
}
