/**
 * What holds for every strict codec: it undoes itself, takes nothing cut off or extended, and never throws on bytes.
 * @module
 */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { Verdict } from '../../src/verdict.js'

/** A codec, and good bytes to spoil. */
export interface Codec<T> {
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Verdict<T>
}

/** Decoding undoes encoding, and encoding decoding; every prefix and every extension by one byte is refused. */
export function assertStrict<T>({ encode, decode }: Codec<T>, value: T): void {
  const bytes = encode(value)
  const read = decode(bytes)
  assert.ok(read.ok, JSON.stringify(read))
  assert.equal(read.value, value)
  assert.equal(encode(read.value), bytes)
  for (let length = 0; length < bytes.length; length++) assert.not(decode(bytes.subarray(0, length)).ok, `${length} of ${bytes.length} bytes`)
  for (const extra of [0, 1, 0xff]) assert.not(decode(Uint8Array.of(...bytes, extra)).ok, `one byte more: ${extra}`)
}

/** Any bytes, and good bytes with a few changed: a verdict, never an exception. What is taken is written back as it was. */
export async function assertTotal<T>({ encode, decode }: Codec<T>, good: readonly Uint8Array[], numRuns = 300): Promise<void> {
  const spoiled = fc
    .record(
      {
        seed: fc.constantFrom(...good),
        changes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
        cut: fc.option(fc.nat()),
        tail: fc.uint8Array({ maxLength: 4 }),
      },
      { noNullPrototype: true },
    )
    .map(({ seed, changes, cut, tail }) => {
      const bytes = Uint8Array.from(seed)
      // The header is where a change means something, so that half of them hit it.
      for (const [at, value] of changes) bytes[at % (at % 2 === 0 ? Math.min(28, bytes.length) : bytes.length)] = value
      return Uint8Array.of(...(cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1))), ...tail)
    })
  await fc.assert(
    fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const before = Uint8Array.from(bytes)
      const read = decode(bytes)
      if (read.ok) assert.equal(encode(read.value), bytes)
      else assert.ok(/^[a-z0-9]+(_[a-z0-9]+)+$/.test(read.fault.code) && /^SKI-\d+$/.test(read.fault.requirement ?? ''), JSON.stringify(read.fault))
      assert.equal(bytes, before)
    }),
    { numRuns },
  )
}

/** Asserts a refusal with exactly this fault. */
export function assertRefused(read: Verdict<unknown>, fault: object): void {
  assert.equal(read, { ok: false, fault })
}
