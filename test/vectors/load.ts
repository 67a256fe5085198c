/**
 * Reads the vector files and turns their members into what the functions under test take.
 * @module
 */
import { createPrivateKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { pure } from '../../src/crypto/pure.js'
import type { Maybe, Verdict } from '../../src/verdict.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { rsaFromJwk, systemRandom } from '../support/providers.js'

/** One test of a vector file. */
export interface Vector {
  readonly id: string
  readonly requirement?: string
  readonly source?: string
  readonly comment: string
  readonly flags?: readonly string[]
  readonly result: 'valid' | 'valid-lenient' | 'invalid'
  readonly expect?: string
  readonly reading?: Reading
  /** Only a primality test finds what is wrong. */
  readonly primality?: true
  readonly [member: string]: unknown
}

/** A vector file. */
export interface VectorFile {
  readonly schema: string
  readonly spec: string
  readonly title: string
  readonly notes: Readonly<Record<string, string>>
  readonly keys?: Readonly<Record<string, { readonly bits: number; readonly pkcs8: string; readonly spki: string }>>
  readonly numberOfTests: number
  readonly tests: readonly Vector[]
}

/** The folder of the vectors. */
export const folder = fileURLToPath(new URL('../../vectors/', import.meta.url))

/** The folders of vector files. */
export const rooms: readonly string[] = ['core', 'byok', 'ski']

/** The vector files, as `core/aes-kwp`. Whole conversations have another form and a test of their own. */
export const names = rooms.flatMap((room) =>
  readdirSync(join(folder, room))
    .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json') && !name.startsWith('conversation-'))
    .sort()
    .map((name) => `${room}/${name.slice(0, -'.json'.length)}`),
)

/** A document below the folder. */
export const json = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'))

/** A vector file by its name. */
export const load = (name: string): VectorFile => json(`${name}.json`) as VectorFile

/** The providers that every vector runs on. */
export const providers: readonly Crypto[] = [pure(systemRandom), nodeCrypto()]

/** A member that is hex. */
export function bytes(vector: Vector, member: string): Uint8Array {
  const text = vector[member]
  if (typeof text !== 'string' || !/^([0-9a-f]{2})*$/.test(text)) throw new TypeError(`${vector.id}: ${member} is not hex`)
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

/** A member that is text. */
export function text(vector: Vector, member: string): string {
  const value = vector[member]
  if (typeof value !== 'string') throw new TypeError(`${vector.id}: ${member} is not text`)
  return value
}

/** The key that a member names. */
export function keyOf(file: VectorFile, vector: Vector, member: string): RsaPrivateKey {
  const key = file.keys?.[text(vector, member)]
  if (!key) throw new TypeError(`${vector.id}: ${member} names no key`)
  return rsaFromJwk({ ...createPrivateKey({ key: Buffer.from(key.pkcs8, 'hex'), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' }) })
}

/** The name of the test that runs a vector. */
export const title = (vector: Vector, way?: string): string => `${vector.requirement ?? vector.source} ${vector.id}${way === undefined ? '' : ` (${way})`}`

/** A suite for one file that begins by counting, because an emptied file would pass any loop. */
export function suiteOf(name: string) {
  const file = load(name)
  const tests = suite(name)
  tests('carries the number of tests it announces', () => {
    assert.is(file.tests.length, file.numberOfTests)
    assert.ok(file.tests.length > 0)
  })
  return { file, tests }
}

/** Asserts the refusal that a vector expects. */
export async function refusedAs(vector: Vector, verdict: Maybe<Verdict<unknown>>): Promise<void> {
  const ended = await verdict
  assert.is(ended.ok ? 'accepted' : ended.fault.code, vector.expect)
}

/** Asserts acceptance and returns the value. */
export async function accepted<T>(verdict: Maybe<Verdict<T>>): Promise<T> {
  const ended = await verdict
  if (!ended.ok) assert.unreachable(`refused: ${ended.fault.code} ${ended.fault.at ?? ''}`)
  return (ended as { value: T }).value
}

/** Which encodings of a file are tolerated. */
export type Reading = 'strict' | 'lenient'

/** The readings that a vector is for. */
export const readingsOf = (vector: Vector): readonly Reading[] => (vector.reading ? [vector.reading] : ['strict', 'lenient'])

/** Whether the vector is accepted in a reading. */
export const isAccepted = (vector: Vector, reading: Reading): boolean =>
  vector.result === 'valid' || (vector.result === 'valid-lenient' && reading === 'lenient')
