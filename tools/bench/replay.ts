/**
 * A crypto provider that writes down what it is asked, one that gives the written answers again, and the written calls
 * made once more without anybody around them.
 * @module
 */
import type { Crypto } from '../../src/crypto/crypto.js'
import { processorTime } from './clock.js'

/** One call to a provider. Keys that were one object in several calls are one object here, too. */
export interface Call {
  readonly name: keyof Crypto
  readonly args: readonly unknown[]
  readonly answer: unknown
  /** Whether the answer was a promise. */
  readonly later: boolean
}

/** A provider that writes down every call with copies of all that went in and came out. */
export function recorder(crypto: Crypto): { readonly crypto: Crypto; readonly calls: readonly Call[] } {
  const calls: Call[] = []
  const copy = copier()
  const write = (name: keyof Crypto, method: Method): Method => {
    return (...args) => {
      // A key is wiped sooner or later: it is copied when it is first met.
      const call = { name, args: args.map(copy) }
      const answer = method(...args)
      if (!(answer instanceof Promise)) {
        calls.push({ ...call, answer: copy(answer), later: false })
        return answer
      }
      return answer.then((value: unknown) => {
        calls.push({ ...call, answer: copy(value), later: true })
        return value
      })
    }
  }
  return { crypto: mapped(crypto, write), calls }
}

/** A provider that answers at once, with what was written down, and asks for the same calls in the same order. */
export function instant(calls: readonly Call[]): Crypto {
  const copy = copier()
  const answers = calls.map(({ answer, later }) => (later ? Promise.resolve(copy(answer)) : copy(answer)))
  let next = 0
  const answer = (name: string) => () => {
    if (calls[next]?.name !== name) throw new Error(`${name} is called, where ${calls[next]?.name ?? 'nothing'} was recorded`)
    return answers[next++]
  }
  return new Proxy({}, { get: (_, name) => (name === 'name' ? 'instant' : answer(String(name))) }) as Crypto
}

/** Makes the calls one after the other, and says how many milliseconds that took. Key objects are new to the provider. */
export async function direct(calls: readonly Call[], crypto: Crypto): Promise<number> {
  const copy = copier()
  const ready = calls.map(({ name, args }) => [methodOf(crypto, name), args.map(copy)] as const)
  const start = processorTime()
  for (const [method, args] of ready) {
    const answer = method(...args)
    if (answer instanceof Promise) await answer
  }
  return processorTime() - start
}

/** A provider with a watch on its RSA key generation, the one call whose length is a matter of luck. */
export function stopwatch(crypto: Crypto): { readonly crypto: Crypto; readonly generation: () => number } {
  let spent = 0
  const generateRsa = async (bits: number) => {
    const start = processorTime()
    try {
      return await crypto.generateRsa(bits)
    } finally {
      spent += processorTime() - start
    }
  }
  return { crypto: { ...crypto, generateRsa }, generation: () => spent }
}

const methodOf = (crypto: Crypto, name: keyof Crypto): Method => (crypto as unknown as Record<keyof Crypto, Method>)[name]

type Method = (...args: readonly unknown[]) => unknown

function mapped(crypto: Crypto, change: (name: keyof Crypto, method: Method) => Method): Crypto {
  const entries = Object.entries(crypto) as [keyof Crypto, unknown][]
  return Object.fromEntries(
    entries.map(([name, member]) => [name, typeof member === 'function' ? change(name, member as Method) : member]),
  ) as unknown as Crypto
}

/** Deep copies of plain values; what is one object stays one object, as long as it is the same copier. */
function copier(): (value: unknown) => unknown {
  const known = new WeakMap<object, unknown>()
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Uint8Array) return Uint8Array.from(value)
    const made =
      known.get(value) ?? (Array.isArray(value) ? value.map(copy) : Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copy(part)])))
    known.set(value, made)
    return made
  }
  return copy
}
