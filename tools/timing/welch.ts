/**
 * `npm run timing`: asks whether the time of a private operation on the pure provider tells what it was given.
 *
 * Two classes of inputs are timed in one process, in random order, and compared by Welch's t-test on trimmed means (Yuen
 * 1974: a tenth is left away at each end, and the variances are winsorised). A magnitude above 4.5 is taken for a leak,
 * as is usual for such gates. Below it nothing was noticed, which is weak evidence: so the RSA operation without blinding
 * runs beside as a control. It leaks; where that is not noticed either, the run says nothing.
 *
 * Not part of the tests: what it finds depends on how quiet the machine is.
 *
 * Requirements: BYOK-16, BYOK-50.
 * @module
 */
import { createHash, generateKeyPairSync, randomFillSync, randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { kwpWrap } from '../../src/crypto/aes.js'
import type { Random } from '../../src/crypto/crypto.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { oaepEncrypt } from '../../src/crypto/oaep.js'
import { decodePkcs1PrivateKey } from '../../src/crypto/pkcs1-key.js'
import { AZURE_MECHANISM, rsaAesUnwrap } from '../../src/crypto/rsa-aes-key-wrap.js'
import { rsaPrivate, rsaPrivateUnblinded, rsaPublic } from '../../src/crypto/rsa.js'

const LIMIT = 4.5
/** Left away at each end of each class. */
const TRIM = 0.1
/** Different inputs of one class; each is used again and again. */
const POOL = 64
const PAYLOAD_BYTES = 138

const HELP = `npm run timing -- [options]

Welch's t-test on the time of RSA private operations and of failing unwraps of the pure provider. Run it on a quiet
machine, bound to one processor: taskset -c 1 npm run timing

  --samples N    measurements for each class; 2000 unless given
  --bits N       size of the key: 2048, 3072 or 4096; 2048 unless given
  --json         findings as JSON on stdout
  --help         this text

Exit code 0: nothing noticed, and the control was. 1: a leak. 3: the control was not noticed, so nothing is known.`

/** Two classes of inputs to one operation. */
interface Comparison {
  readonly name: string
  /** A gate has to stay below the limit, a control has to exceed it. */
  readonly kind: 'gate' | 'control'
  readonly run: (input: Uint8Array) => unknown
  readonly classes: readonly [Class, Class]
}

interface Class {
  readonly name: string
  readonly inputs: readonly Uint8Array[]
}

/** What came of a comparison; times are microseconds, as trimmed means. */
interface Finding {
  readonly name: string
  readonly kind: Comparison['kind']
  readonly classes: readonly [string, string]
  readonly means: readonly [number, number]
  readonly t: number
  /** Whether it came out as it has to. */
  readonly good: boolean
}

function main(): number {
  let values
  try {
    values = parseArgs({
      options: {
        samples: { type: 'string', default: '2000' },
        bits: { type: 'string', default: '2048' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return usage((error as Error).message)
  }
  if (values.help) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  const [samples, bits] = [Number(values.samples), Number(values.bits)]
  if (!Number.isSafeInteger(samples) || samples < 20) return usage('--samples: a number from 20 up is wanted')
  if (!AZURE_MECHANISM.kekBits.includes(bits)) return usage(`--bits: one of ${AZURE_MECHANISM.kekBits.join(', ')} is wanted`)

  const findings = comparisons(bits).map((comparison) => compare(comparison, samples))
  progress('')
  const verdict = judge(findings)
  process.stdout.write(
    `${values.json ? JSON.stringify({ bits, samples, limit: LIMIT, verdict, findings }, null, 2) : table(findings, bits, samples, verdict)}\n`,
  )
  return { 'nothing noticed': 0, leak: 1, inconclusive: 3 }[verdict]
}

/** A leak that was noticed stays one, whatever became of the control. */
function judge(findings: readonly Finding[]): 'nothing noticed' | 'leak' | 'inconclusive' {
  if (findings.some(({ kind, good }) => kind === 'gate' && !good)) return 'leak'
  return findings.every(({ good }) => good) ? 'nothing noticed' : 'inconclusive'
}

function comparisons(bits: number): readonly Comparison[] {
  const key = newKey(bits)
  const operands: readonly [Class, Class] = [
    { name: 'tiny', inputs: pool((index) => tinyNumber(key, index)) },
    { name: 'random', inputs: pool(() => belowModulus(key)) },
  ]
  // C2 is always under a key of its own: behind a good C1 KWP runs with the key from it, behind a bad one with the stand-in.
  const blob = (first: Uint8Array) => join(first, kwpWrap(random(32), random(PAYLOAD_BYTES)))
  const badKwp = () => blob(oaepEncrypt(key, random(32), AZURE_MECHANISM, random(20)))
  const badLabelHash = () => blob(oaepEncrypt(key, random(32), { ...AZURE_MECHANISM, label: Uint8Array.of(1) }, random(20)))
  const badSeparator = () => blob(withoutSeparator(key))
  const unwrap = (input: Uint8Array) => {
    if (rsaAesUnwrap(key, input, AZURE_MECHANISM, random).ok) throw new Error('a blob opened that was made to fail')
  }
  return [
    { name: 'private operation, not blinded', kind: 'control', run: (input) => rsaPrivateUnblinded(key, input), classes: operands },
    { name: 'private operation, blinded', kind: 'gate', run: (input) => rsaPrivate(key, input, random), classes: operands },
    {
      name: 'failing unwrap: which half',
      kind: 'gate',
      run: unwrap,
      classes: [
        { name: 'bad OAEP', inputs: pool(badLabelHash) },
        { name: 'bad KWP', inputs: pool(badKwp) },
      ],
    },
    {
      name: 'failing unwrap: which check of OAEP',
      kind: 'gate',
      run: unwrap,
      classes: [
        { name: 'label hash', inputs: pool(badLabelHash) },
        { name: 'separator', inputs: pool(badSeparator) },
      ],
    },
  ]
}

/** Times both classes in random order, after a warm-up in the same order. */
function compare({ name, kind, run, classes }: Comparison, samples: number): Finding {
  const order = shuffled(samples)
  const times = classes.map(() => new Float64Array(samples))
  const taken = [0, 0]
  const warmUp = Math.max(20, samples / 10)
  for (let at = 0; at < warmUp; at++) run(classes[order[at % order.length]!]!.inputs[at % POOL]!)
  for (const [at, which] of order.entries()) {
    if (at % 50 === 0) progress(`${name}: ${at} of ${order.length}`)
    const turn = taken[which]!++
    const input = classes[which]!.inputs[turn % POOL]!
    const start = process.hrtime.bigint()
    run(input)
    times[which]![turn] = Number(process.hrtime.bigint() - start) / 1000
  }
  const [first, second] = times.map(trimmed) as [Trimmed, Trimmed]
  const t = (first.mean - second.mean) / Math.sqrt(first.squaredError + second.squaredError)
  const noticed = Math.abs(t) > LIMIT
  return { name, kind, classes: [classes[0].name, classes[1].name], means: [first.mean, second.mean], t, good: noticed === (kind === 'control') }
}

interface Trimmed {
  readonly mean: number
  /** The square of the standard error of the mean. */
  readonly squaredError: number
}

/** The trimmed mean, and its error from the winsorised variance: what was left away still counts, as the nearest value that was not. */
function trimmed(times: Float64Array): Trimmed {
  const sorted = times.toSorted()
  const cut = Math.floor(TRIM * sorted.length)
  const kept = sorted.subarray(cut, sorted.length - cut)
  const mean = kept.reduce((sum, time) => sum + time, 0) / kept.length
  const winsorised = sorted.map((time) => Math.min(Math.max(time, kept[0]!), kept.at(-1)!))
  const centre = winsorised.reduce((sum, time) => sum + time, 0) / winsorised.length
  const squares = winsorised.reduce((sum, time) => sum + (time - centre) ** 2, 0)
  return { mean, squaredError: squares / (kept.length * (kept.length - 1)) }
}

/** As many zeros as ones, in random order. */
function shuffled(each: number): Uint8Array {
  const order = new Uint8Array(2 * each).fill(1, each)
  for (let at = order.length - 1; at > 0; at--) {
    const other = randomInt(at + 1)
    ;[order[at], order[other]] = [order[other]!, order[at]!]
  }
  return order
}

/** A new key, made by OpenSSL. */
function newKey(bits: number): RsaPrivateKey {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'pkcs1', format: 'der' },
    privateKeyEncoding: { type: 'pkcs1', format: 'der' },
  })
  const decoded = decodePkcs1PrivateKey(privateKey)
  if (!decoded.ok) throw new Error(`OpenSSL wrote a key that does not read: ${decoded.fault.code}`)
  return decoded.value
}

/** 2, 3, …: numbers whose first powers are short. */
function tinyNumber({ n }: RsaPrivateKey, index: number): Uint8Array {
  const number = new Uint8Array(n.length)
  number[n.length - 1] = index + 2
  return number
}

/** A random number one byte shorter than the modulus. */
function belowModulus({ n }: RsaPrivateKey): Uint8Array {
  const number = random(n.length)
  number[0] = 0
  return number
}

/** A C1 whose block is good but for the separator: behind the hash of the label there are zero bytes only. */
function withoutSeparator(key: RsaPrivateKey): Uint8Array {
  const block = new Uint8Array(key.n.length)
  const [seed, data] = [block.subarray(1, 21), block.subarray(21)]
  data.set(createHash('sha1').digest())
  seed.set(random(20))
  mask(data, seed)
  mask(seed, data)
  return rsaPublic(key, block)
}

/** XORs MGF1 with SHA-1 of `seed` onto `target` (RFC 8017 B.2.1). */
function mask(target: Uint8Array, seed: Uint8Array): void {
  for (let start = 0; start < target.length; start += 20) {
    const bytes = createHash('sha1')
      .update(seed)
      .update(Uint8Array.of(0, 0, 0, start / 20))
      .digest()
    for (const [at, byte] of bytes.subarray(0, target.length - start).entries()) target[start + at]! ^= byte
  }
}

const random: Random = (length) => randomFillSync(new Uint8Array(length))
const pool = (make: (index: number) => Uint8Array): readonly Uint8Array[] => Array.from({ length: POOL }, (_, index) => make(index))
const join = (first: Uint8Array, second: Uint8Array): Uint8Array => Uint8Array.from([...first, ...second])

function table(findings: readonly Finding[], bits: number, samples: number, verdict: string): string {
  const rows = [
    ['comparison', 'classes', 'means', '|t|', 'wanted', ''],
    ...findings.map(({ name, kind, classes, means, t, good }) => [
      kind === 'control' ? `${name} (control)` : name,
      classes.join(' / '),
      `${means.map((mean) => mean.toFixed(1)).join(' / ')} µs`,
      Math.abs(t).toFixed(2),
      `${kind === 'control' ? '>' : '<'} ${LIMIT}`,
      good ? 'ok' : kind === 'control' ? 'NOT NOTICED' : 'LEAK',
    ]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return [`RSA-${bits}, ${samples} measurements for each class, ${100 * TRIM} % trimmed at each end`, '', ...lines, '', verdict].join('\n')
}

/** One line that is written over and over; not in a file or a pipe. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line}`)
}

function usage(complaint: string): number {
  process.stderr.write(`${complaint}\n\n${HELP}\n`)
  return 2
}

process.exitCode = main()
