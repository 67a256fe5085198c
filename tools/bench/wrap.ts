/**
 * CKM_RSA_AES_KEY_WRAP: wrap and unwrap, for each KEK size and three targets, on each provider and beside its peers.
 * @module
 */
import { execFileSync } from 'node:child_process'
import * as native from 'node:crypto'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { RsaPrivateKey, RsaPublicKey } from '../../src/crypto/keys.js'
import type { Verdict } from '../../src/verdict.js'
import { median, race, type Contender, type Timing } from './clock.js'
import { micro, nodeForge, rawNode } from './peers.js'
import { digits, duration, isMet, timing, worst, type Findings, type Goal, type Section, type Setting, type Table } from './section.js'
import type { Subject } from './subject.js'

/** See the module text. */
export const wrapping: Section = { name: 'wrap', run }

const KEK_BITS = [2048, 3072, 4096]
const TARGETS = ['RSA-2048', 'RSA-4096', 'P-256'] as const
const NAMES = ['node:crypto', 'platform', 'web', 'pure', 'micro', 'forge'] as const
type Name = (typeof NAMES)[number]

/** Timings of one operation for one KEK and one target. */
interface Case {
  readonly operation: 'wrap' | 'unwrap'
  readonly bits: number
  readonly target: (typeof TARGETS)[number]
  readonly timings: readonly Timing[]
}

async function run({ subject, quick, progress }: Setting): Promise<Findings> {
  const payloads = TARGETS.map((target) => [target, payloadOf(target)] as const)
  const cases: Case[] = []
  for (const bits of KEK_BITS) {
    const kek = makeKek(bits)
    const contestants = contestantsFor(subject, kek)
    for (const [target, payload] of payloads) {
      const blob = await agree(contestants, payload)
      for (const operation of ['wrap', 'unwrap'] as const) {
        const contenders = contestants.map(([name, contestant]): Contender => {
          const input = operation === 'wrap' ? payload : blob
          return { name, run: () => contestant[operation](input), rounds: (quick ? QUICK_ROUNDS : ROUNDS)[name] }
        })
        const onRound = (round: number) => progress(`${operation} ${target} under RSA-${bits}, round ${round + 1}`)
        cases.push({ operation, bits, target, timings: await race(contenders, { rounds: quick ? 9 : 121, warmUp: quick ? 60 : 250, onRound }) })
      }
    }
  }
  progress('RSA-2048 without the vector unit')
  return { tables: [table('wrap', cases), table('unwrap', cases), vectorUnit(cases, quick)], goals: goals(cases) }
}

/** A way to wrap and unwrap that may answer later. */
interface Contestant {
  readonly wrap: (payload: Uint8Array) => Uint8Array | Promise<Uint8Array>
  readonly unwrap: (blob: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

function contestantsFor(subject: Subject, kek: native.KeyObject): readonly (readonly [Name, Contestant])[] {
  const { core, nodeCrypto, webCrypto } = subject
  const own = ownKey(subject, kek)
  return [
    ['node:crypto', rawNode(kek)],
    ['platform', ours(subject, nodeCrypto(), own)],
    ['web', ours(subject, webCrypto(), own)],
    [
      'pure',
      ours(
        subject,
        core.pure((length) => new Uint8Array(native.randomBytes(length))),
        own,
      ),
    ],
    ['micro', micro(own)],
    ['forge', nodeForge(own)],
  ]
}

/**
 * A new KEK, written as DER and read back: in Node 20 a key object shares a lock with the job that generated it, and what
 * reads the numbers of such a key can wait for that lock for ever.
 */
function makeKek(bits: number): native.KeyObject {
  const { privateKey } = native.generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  return native.createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
}

/** The same key as our providers take it. */
function ownKey({ core }: Subject, kek: native.KeyObject): RsaPrivateKey {
  const read = core.decodePkcs8(kek.export({ type: 'pkcs8', format: 'der' }), { trailingZeros: false })
  if (!read.ok || read.value.key.type !== 'RSA') throw new Error('the KEK does not read')
  return read.value.key
}

/** A provider with a KEK: what an enclave does for one transfer, and nothing around it. */
function ours({ core }: Subject, crypto: Crypto, kek: RsaPrivateKey): Contestant {
  const publicKey: RsaPublicKey = core.publicPart(kek)
  return {
    wrap: (payload) => {
      const ephemeral = crypto.random(core.EPHEMERAL_BYTES)
      const blob = crypto.rsaAesWrap(publicKey, ephemeral, payload, core.AZURE_MECHANISM)
      if (!(blob instanceof Promise)) core.wipe(ephemeral)
      return blob
    },
    unwrap: (blob) => {
      const opened = crypto.rsaAesUnwrap(kek, blob, core.AZURE_MECHANISM)
      return opened instanceof Promise ? opened.then(valueOf) : valueOf(opened)
    },
  }
}

function valueOf(opened: Verdict<Uint8Array>): Uint8Array {
  if (!opened.ok) throw new Error(`an own blob is refused: ${opened.fault.code}`)
  return opened.value
}

/** Everybody's blob opens at everybody's, before anything is timed. Returns one of them. */
async function agree(contestants: readonly (readonly [Name, Contestant])[], payload: Uint8Array): Promise<Uint8Array> {
  let blob = new Uint8Array(0)
  for (const [maker, { wrap }] of contestants) {
    blob = Uint8Array.from(await wrap(payload))
    for (const [opener, { unwrap }] of contestants) {
      if (!native.timingSafeEqual(await unwrap(blob), payload)) throw new Error(`${opener} does not open what ${maker} wraps`)
    }
  }
  return blob
}

function payloadOf(target: (typeof TARGETS)[number]): Uint8Array {
  const { privateKey } =
    target === 'P-256'
      ? native.generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : native.generateKeyPairSync('rsa', { modulusLength: Number(target.slice(4)) })
  return new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }))
}

function table(operation: Case['operation'], cases: readonly Case[]): Table {
  const rows = cases
    .filter((found) => found.operation === operation)
    .map(({ bits, target, timings }) => [String(bits), target, ...timings.map((entry, index) => timing(entry, index === 0))])
  const note = 'For micro and forge, noble does the AES key wrap that they do not have.'
  return { title: operation === 'wrap' ? 'Wrap' : 'Unwrap', note, head: ['KEK', 'target', ...NAMES], rows }
}

function goals(cases: readonly Case[]) {
  const ratios = (name: Name, include: (found: Case) => boolean, against?: Name) =>
    cases.filter(include).map((found) => {
      const ratio = (of: Name) => found.timings.find((entry) => entry.name === of)!.ratio
      return [`${found.operation} ${found.target} under ${found.bits}`, against ? ratio(against) / ratio(name) : ratio(name)] as const
    })
  const isShortest = ({ operation, bits, target }: Case) => operation === 'wrap' && target === 'P-256' && bits === 2048
  return [
    worst(
      { what: 'platform against raw calls, wrap and unwrap', limit: 1.1 },
      ratios('platform', (found) => !isShortest(found)),
    ),
    worst({ what: 'platform against raw calls, wrap of P-256 under 2048', limit: 1.25 }, ratios('platform', isShortest)),
    explained(
      worst(
        { what: 'pure against raw calls, unwrap', limit: 9 },
        ratios('pure', ({ operation }) => operation === 'unwrap'),
      ),
    ),
    worst(
      { what: 'pure against raw calls, wrap of RSA keys', limit: 3.5 },
      ratios('pure', ({ operation, target }) => operation === 'wrap' && target !== 'P-256'),
    ),
    worst(
      { what: 'pure against raw calls, wrap of P-256', limit: 6 },
      ratios('pure', ({ operation, target }) => operation === 'wrap' && target === 'P-256'),
    ),
    worst(
      { what: 'pure faster than micro-rsa-dsa-dh, unwrap', limit: 3, atLeast: true },
      ratios('pure', ({ operation }) => operation === 'unwrap', 'micro'),
    ),
    worst(
      { what: 'pure faster than node-forge, unwrap', limit: 5, atLeast: true },
      ratios('pure', ({ operation }) => operation === 'unwrap', 'forge'),
    ),
  ]
}

/** Where RSA-2048 is what misses the limit, the reader is told where to look for the reason. */
const explained = (goal: Goal): Goal =>
  isMet(goal) === false && goal.note?.includes('under 2048') === true ? { ...goal, note: `${goal.note}; see “RSA-2048 and the vector unit”` } : goal

/**
 * OpenSSL has a routine of its own for RSA-2048, and for no other size, on processors with AVX-512 IFMA. It is switched
 * off by an environment variable, read when a process starts.
 */
function vectorUnit(cases: readonly Case[], quick: boolean): Table {
  const { OPENSSL_ia32cap: _, ...env } = process.env
  const measured = (masks: NodeJS.ProcessEnv) =>
    Number(execFileSync(process.execPath, ['--input-type=module', '--eval', PRIVATE_OPERATION], { env: { ...env, ...masks } }))
  const pairs = Array.from({ length: quick ? 3 : 7 }, () => [measured({}), measured({ OPENSSL_ia32cap: ':~0x200000' })] as const)
  const [on, off] = [median(pairs.map(([time]) => time)), median(pairs.map(([, time]) => time))]
  const rows = cases
    .filter(({ operation, bits }) => operation === 'unwrap' && bits === 2048)
    .map(({ target, timings }) => {
      const [raw, own] = [timings[0]!.median, timings.find(({ name }) => name === 'pure')!.median]
      return [target, duration(on), duration(off), `${digits(own / raw)}×`, `${digits(own / (raw - on + off))}×`]
    })
  return {
    title: 'RSA-2048 and the vector unit',
    note: 'OpenSSL has a routine of its own for RSA-2048 private operations on processors with AVX-512 IFMA. Here is what one operation takes with it and with `OPENSSL_ia32cap=:~0x200000`, and what the ratio of pure unwrap would be without it. On other processors the two columns are the same.',
    head: ['target', 'private operation', 'without AVX-512 IFMA', 'pure unwrap', 'pure unwrap against raw calls without it'],
    rows,
  }
}

/** A program that prints the median time of a raw RSA-2048 private operation, in milliseconds. */
const PRIVATE_OPERATION = `
  import { generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto'
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const input = publicEncrypt(publicKey, Buffer.from('32 bytes, like an ephemeral key.'))
  const times = Array.from({ length: 200 }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < 4; i++) privateDecrypt(privateKey, input)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 4000
  })
  console.log(times.sort((a, b) => a - b)[100])`

/** Where the limit is a few parts of a hundred, more rounds are needed than where it is a factor. */
const ROUNDS: Readonly<Record<Name, number>> = { 'node:crypto': 121, platform: 121, web: 31, pure: 31, micro: 11, forge: 11 }
const QUICK_ROUNDS: Readonly<Record<Name, number>> = { 'node:crypto': 9, platform: 9, web: 5, pure: 5, micro: 2, forge: 2 }
