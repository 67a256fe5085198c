/**
 * Readers for the third-party vector files: Wycheproof's JSON, the `name = value` files of NIST, Botan and AWS-LC, and the
 * RSA Laboratories files with a heading above each number. The files stay where they lie; without them tests skip.
 * @module
 */
import { NO_VECTORS, thirdParty } from '../crypto/third-party.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { skip } from '../skip.js'
import { big, bytesOf } from './providers.js'

/** A Wycheproof test: what is asked depends on the file, the rest is always there. */
export interface WycheproofTest {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'acceptable' | 'invalid'
  readonly [field: string]: unknown
}

/** A Wycheproof file. Fields that are hex come as text. */
export interface Wycheproof {
  readonly numberOfTests: number
  readonly testGroups: readonly { readonly tests: readonly WycheproofTest[]; readonly [field: string]: unknown }[]
}

/** Something that a vector says, with the section headings above it. */
export interface VectorRecord {
  readonly sections: readonly string[]
  readonly fields: Readonly<Record<string, string>>
}

/** Hands a vector file to `use`, or counts one skipped test with the reason. */
export function withVectors(suite: { skip: () => void }, path: string, use: (file: Buffer) => void): void {
  const file = thirdParty(path)
  if (file) use(file)
  else skip(suite, path, NO_VECTORS)
}

/** {@link withVectors} for a Wycheproof file. */
export function withWycheproof(suite: { skip: () => void }, name: string, use: (file: Wycheproof) => void): void {
  withVectors(suite, `wycheproof/${name}.json`, (file) => use(JSON.parse(file.toString()) as Wycheproof))
}

/** A field of a Wycheproof test or group as text. */
export const textOf = (source: Readonly<Record<string, unknown>>, field: string): string => {
  const value = source[field]
  if (typeof value !== 'string') throw new Error(`${field} is not text`)
  return value
}

/** Bytes of hex text. */
export const unhex = (text: string): Uint8Array => {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new Error('not hex')
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

/** The records of a `name = value` file; an empty line ends a record, `[…]` is a heading, a word alone is a field without value. */
export function recordsOf(file: Buffer): VectorRecord[] {
  const records: VectorRecord[] = []
  let sections: string[] = []
  let afterHeading = false
  let fields: Record<string, string> = {}
  const end = () => {
    if (Object.keys(fields).length > 0) records.push({ sections, fields })
    fields = {}
  }
  for (const line of file.toString('latin1').split(/\r?\n/)) {
    const text = line.trim()
    if (text.startsWith('#')) continue
    const heading = /^\[(.*)\]$/.exec(text)?.[1]
    if (heading !== undefined) {
      end()
      sections = afterHeading ? [...sections, heading] : [heading]
      afterHeading = true
    } else if (text === '') end()
    else {
      afterHeading = false
      const [name, ...value] = text.split('=')
      fields[name!.trim()] = value.join('=').trim()
    }
  }
  end()
  return records
}

/** An example of an RSA Laboratories file: a key and what it encrypts. */
export interface LabsExample {
  readonly key: RsaPrivateKey
  readonly message: Uint8Array
  /** Absent where the file does not give it. */
  readonly seed: Uint8Array | undefined
  readonly ciphertext: Uint8Array
}

/** The examples of an RSA Laboratories file: each number stands in hex below its heading (`# Modulus:`), a key above its examples. */
export function labsExamplesOf(file: Buffer): LabsExample[] {
  const examples: LabsExample[] = []
  const numbers = new Map<string, Uint8Array>()
  for (const section of file.toString('latin1').split(/^#/m)) {
    const [heading, ...lines] = section.split('\n')
    const name = heading!.trim().replace(/:$/, '')
    const digits = lines.join('').replace(/\s/g, '')
    if (digits === '' || !/^[0-9a-f]+$/.test(digits)) continue
    numbers.set(name, unhex(digits.length % 2 === 0 ? digits : `0${digits}`))
    if (name !== 'Encryption') continue
    const integer = (of: string) => minimal(numbers.get(of)!)
    examples.push({
      key: {
        type: 'RSA',
        n: integer('Modulus'),
        e: integer('Public exponent'),
        // The public key comes first and has an "Exponent" as well; the private one is read later and stays.
        d: integer('Exponent'),
        p: integer('Prime 1'),
        q: integer('Prime 2'),
        dp: integer('Prime exponent 1'),
        dq: integer('Prime exponent 2'),
        qi: integer('Coefficient'),
      },
      message: numbers.get('Message')!,
      seed: numbers.get('Seed'),
      ciphertext: numbers.get('Encryption')!,
    })
  }
  return examples
}

/** The key of a Wycheproof group; its numbers are two's complement. */
export function wycheproofRsaKey(group: Readonly<Record<string, unknown>>): RsaPrivateKey {
  const numbers = group['privateKey'] as Readonly<Record<string, string>>
  const integer = (name: string) => minimal(unhex(numbers[name]!))
  return {
    type: 'RSA',
    n: integer('modulus'),
    e: integer('publicExponent'),
    d: integer('privateExponent'),
    p: integer('prime1'),
    q: integer('prime2'),
    dp: integer('exponent1'),
    dq: integer('exponent2'),
    qi: integer('coefficient'),
  }
}

/** The key of a Botan record, which gives two primes and e. */
export function botanRsaKey(fields: Readonly<Record<string, string>>): RsaPrivateKey {
  const [p, q, e] = [fields['P']!, fields['Q']!, fields['E']!].map(BigInt) as [bigint, bigint, bigint]
  const d = inverse(e, (p - 1n) * (q - 1n))
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  return { type: 'RSA', ...(Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, bytesOf(value)])) as Omit<RsaPrivateKey, 'type'>) }
}

const minimal = (bytes: Uint8Array): Uint8Array => bytesOf(big(bytes))

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n]
  for (; a > 0n; [a, b, x, y] = [b % a, a, y - (b / a) * x, x]);
  return ((y % modulus) + modulus) % modulus
}
