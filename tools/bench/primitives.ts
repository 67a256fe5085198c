/**
 * What a transfer is made of, one by one: AES key wrap with padding, RSA key generation, and reading and judging a private
 * key that came from outside.
 * @module
 */
import forge from 'node-forge'
import { keygen as microKeygen } from 'micro-rsa-dsa-dh/rsa.js'
import * as native from 'node:crypto'
import type { PrivateKey } from '../../src/crypto/keys.js'
import type { Verdict } from '../../src/verdict.js'
import { race, type Contender, type Timing } from './clock.js'
import { rawKwpUnwrap, rawKwpWrap, useOwnCode } from './peers.js'
import { duration, timing, worst, type Findings, type Section, type Setting } from './section.js'

/** AES-KWP of payloads as long as PKCS#8 keys are. */
export const keyWrap: Section = { name: 'kwp', run: runKeyWrap }

/** RSA key generation. */
export const keyGeneration: Section = { name: 'keygen', run: runKeyGeneration }

/** PKCS#8: the reader by itself, the reader and the key check, and what the platform's own import costs. */
export const keyReading: Section = { name: 'parse', run: runKeyReading }

async function runKeyWrap({ subject, quick, progress }: Setting): Promise<Findings> {
  const { core, nodeCrypto } = subject
  const platform = nodeCrypto()
  const key = new Uint8Array(native.randomBytes(32))
  const rows: string[][] = []
  const ratios: (readonly [string, number])[] = []
  for (const [length, what] of PAYLOADS) {
    const payload = new Uint8Array(native.randomBytes(length))
    const wrapped = core.kwpWrap(key, payload)
    const contests: readonly (readonly [string, readonly Contender[]])[] = [
      [
        'wrap',
        [
          { name: 'node:crypto', run: () => rawKwpWrap(key, payload) },
          { name: 'platform', run: () => platform.kwpWrap(key, payload) },
          { name: 'pure', run: () => core.kwpWrap(key, payload) },
        ],
      ],
      [
        'unwrap',
        [
          { name: 'node:crypto', run: () => rawKwpUnwrap(key, wrapped) },
          { name: 'platform', run: () => platform.kwpUnwrap(key, wrapped) },
          { name: 'pure', run: () => core.kwpUnwrap(key, wrapped) },
        ],
      ],
    ]
    for (const [operation, contenders] of contests) {
      const onRound = (round: number) => progress(`KWP ${operation} of ${length} bytes, round ${round + 1}`)
      const timings = await race(contenders, { rounds: quick ? 15 : 61, warmUp: quick ? 100 : 250, onRound })
      rows.push([`${length} bytes (${what})`, operation, ...timings.map((entry, index) => timing(entry, index === 0))])
      ratios.push([`${operation} of ${length} bytes`, timings.at(-1)!.ratio])
    }
  }
  return {
    tables: [
      {
        title: 'AES key wrap with padding',
        note: 'RFC 5649 under a 256-bit key, which every call expands anew.',
        head: ['payload', 'operation', 'node:crypto', 'platform', 'pure'],
        rows,
      },
    ],
    goals: [worst({ what: 'pure against raw calls, AES-KWP', limit: 2.2 }, ratios)],
  }
}

async function runKeyGeneration({ subject, quick, progress }: Setting): Promise<Findings> {
  const { core } = subject
  const random = (length: number) => new Uint8Array(native.randomBytes(length))
  const rows: string[][] = []
  const ratios: (readonly [string, number])[] = []
  useOwnCode()
  for (const [bits, full, peers] of KEY_SIZES) {
    const rounds = quick ? Math.max(3, Math.ceil(full / 6)) : full
    const contenders: Contender[] = [
      { name: 'node:crypto', run: () => native.generateKeyPairSync('rsa', { modulusLength: bits }) },
      { name: 'pure', run: () => core.generateRsa(bits, random) },
    ]
    if (peers) {
      contenders.push({ name: 'micro', run: () => microKeygen(bits), rounds: quick ? 2 : 12 })
      contenders.push({ name: 'forge', run: () => forge.pki.rsa.generateKeyPair(bits), rounds: quick ? 1 : 4 })
    }
    const onRound = (round: number) => progress(`RSA-${bits} key generation, round ${round + 1} of ${rounds}`)
    // One run of each beforehand, for the compiler; a sample is one key.
    for (const { run } of contenders.slice(0, 2)) await run()
    const timings = await race(contenders, { rounds, warmUp: 0, sameWork: false, onRound })
    const cell = (entry: Timing | undefined) => (entry ? `${timing(entry, entry === timings[0])}, n = ${entry.samples}` : '')
    rows.push([String(bits), ...[0, 1, 2, 3].map((index) => cell(timings[index]))])
    ratios.push([`${bits} bits, ${timings[1]!.samples} samples each`, timings[1]!.ratio])
  }
  return {
    tables: [
      {
        title: 'RSA key generation',
        note: 'Luck decides how long it takes, so the ratio is one of medians, and a small n says little.',
        head: ['bits', 'node:crypto', 'pure', 'micro', 'forge'],
        rows,
      },
    ],
    goals: [worst({ what: 'pure against raw calls, RSA key generation', limit: 2 }, ratios)],
  }
}

async function runKeyReading({ subject, quick, progress }: Setting): Promise<Findings> {
  const { core, nodeCrypto } = subject
  const platform = nodeCrypto()
  const rows: string[][] = []
  const parsed: (readonly [string, number])[] = []
  const judged: (readonly [string, number])[] = []
  for (const [name, pair] of KEYS) {
    const der = pair().privateKey.export({ type: 'pkcs8', format: 'der' })
    const bytes = new Uint8Array(der)
    const parse = () => {
      const read = core.decodePkcs8(bytes, { trailingZeros: false })
      if (!read.ok) throw new Error(`a key does not read: ${read.fault.code}`)
      return read.value.key
    }
    const judge = (check: (key: PrivateKey) => Verdict<void>) => () => {
      const checked = check(parse())
      if (!checked.ok) throw new Error(`a key is refused: ${checked.fault.code}`)
    }
    const contenders: readonly Contender[] = [
      { name: 'node:crypto', run: () => native.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) },
      { name: 'parse', run: parse },
      { name: 'parse and check', run: judge((key) => core.checkPrivateKey(key)) },
      { name: 'pure import', run: judge((key) => core.checkPrivateKey(key, { primality: true })), rounds: 11 },
      { name: 'platform import', run: judge(platform.checkPrivateKey), rounds: 11 },
    ]
    const onRound = (round: number) => progress(`reading a ${name} key, round ${round + 1}`)
    const timings = await race(contenders, { rounds: quick ? 15 : 61, warmUp: quick ? 100 : 250, onRound })
    rows.push([
      name,
      ...timings.map((entry, index) => (index === 1 || index === 2 ? `${duration(entry.median)} (${entry.ratio.toFixed(3)}×)` : duration(entry.median))),
    ])
    if (name.startsWith('RSA')) {
      parsed.push([name, timings[1]!.ratio])
      judged.push([name, timings[2]!.ratio])
    }
  }
  return {
    tables: [
      {
        title: 'Reading a private key',
        note: 'PKCS#8. `createPrivateKey` neither reads strictly nor checks an RSA key. The check is complete arithmetic; of an EC key it derives the public point. An import also tests whether p and q are prime, in pure code or by OpenSSL.',
        head: ['key', '`createPrivateKey`', 'parse', 'parse and check', 'pure import', 'platform import'],
        rows,
      },
    ],
    goals: [
      worst({ what: 'PKCS#8 parse against `createPrivateKey`, RSA', limit: 0.05 }, parsed),
      worst({ what: 'PKCS#8 parse and full arithmetic check against `createPrivateKey`, RSA', limit: 1 }, judged),
    ],
  }
}

const PAYLOADS: readonly (readonly [length: number, what: string])[] = [
  [138, 'P-256'],
  [1217, 'RSA-2048'],
  [2375, 'RSA-4096'],
]

/** Modulus bits, samples, and whether the peers are asked too: above 2048 bits they take minutes. */
const KEY_SIZES: readonly (readonly [bits: number, samples: number, peers: boolean])[] = [
  [2048, 60, true],
  [3072, 30, false],
  [4096, 20, false],
]

const KEYS: readonly (readonly [name: string, pair: () => native.KeyPairKeyObjectResult])[] = [
  ['RSA-2048', () => native.generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['RSA-3072', () => native.generateKeyPairSync('rsa', { modulusLength: 3072 })],
  ['RSA-4096', () => native.generateKeyPairSync('rsa', { modulusLength: 4096 })],
  ['P-256', () => native.generateKeyPairSync('ec', { namedCurve: 'prime256v1' })],
]
