/**
 * A whole transfer through the six machines, and what of its time is the machines' own.
 *
 * One conversation is recorded: every call to the crypto provider, with copies of what went in and what came out. It is
 * held again many times with a provider that answers at once with what was recorded, so that the machines, the enclaves'
 * rules and the encodings are all that is left. Then two things take turns: a conversation on real bytes, and the recorded
 * calls to the same provider, one after the other, without any machine.
 *
 * The KEK is made in the conversation, which takes most of the time, by luck more or less. So key generation is timed by
 * itself, in both, and its median is added to both sides.
 * @module
 */
import type { TargetKty } from '../../src/byok/messages.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { Curve, EcPrivateKey, TargetKey } from '../../src/crypto/keys.js'
import type { Operation } from '../../src/enclave/commands.js'
import { median, processorTime } from './clock.js'
import { direct, instant, recorder, stopwatch } from './replay.js'
import { duration, worst, type Findings, type Goal, type Section, type Setting } from './section.js'
import type { Subject } from './subject.js'

/** See the module text. */
export const conversation: Section = { name: 'conversation', run }

async function run({ subject, quick, progress }: Setting): Promise<Findings> {
  const [rounds, instants] = quick ? [5, 60] : [31, 400]
  const rows: string[][] = []
  const shares: { readonly target: string; readonly share: number }[] = []
  const ratios: (readonly [string, number])[] = []
  for (const target of TARGETS) {
    const stage = await setUp(subject, target)
    const { crypto, calls } = recorder(subject.nodeCrypto())
    const messages = await (await stage.open(crypto))()
    const own = await times(instants + WARM_UP, async (round) => {
      if (round % 20 === 0) progress(`conversation about ${target.name} with instant crypto, ${round}`)
      return timed(await stage.open(instant(calls)))
    })
    const [cold, warm] = [own[0]!, own.slice(WARM_UP)]

    // What is left of a conversation without its key generation, on machines and directly.
    const generation: number[] = []
    const [onMachines, alone]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      progress(`conversation about ${target.name}, round ${round + 1} of ${rounds}`)
      for (const turn of [round, round + 1]) {
        const watch = stopwatch(subject.nodeCrypto())
        const spent = turn % 2 === 0 ? await timed(await stage.open(watch.crypto)) : await direct(calls, watch.crypto)
        ;(turn % 2 === 0 ? onMachines : alone).push(spent - watch.generation())
        generation.push(watch.generation())
      }
    }
    const [key, machines, calling] = [median(generation), median(onMachines), median(alone)]
    const ratio = (key + machines) / (key + calling)
    const share = median(warm)
    shares.push({ target: target.name, share })
    ratios.push([`RSA-2048 KEK, ${target.name} target`, ratio])
    rows.push([
      target.name,
      String(messages),
      duration(key),
      duration(key + machines),
      `${duration(key + calling)} (${calls.length} calls)`,
      `${ratio.toFixed(2)}×`,
      `${(machines / calling).toFixed(2)}×`,
      duration(machines - calling),
      duration(share),
      duration(cold),
    ])
  }
  const largest = shares.reduce((a, b) => (a.share >= b.share ? a : b))
  const shareGoal: Goal = { what: "the machines' own share of a conversation", limit: 8, measured: largest.share, unit: 'ms', note: `${largest.target} target` }
  return {
    tables: [
      {
        title: 'A whole conversation',
        note: 'Six machines, hardened profile, RSA-2048 KEK made in the conversation, platform crypto, no ledger and no inspection. “Share” is a conversation with instant crypto: machines, rules of both enclaves, REST and file encodings.',
        head: [
          'target',
          'messages',
          'KEK generation',
          'conversation',
          'same crypto directly',
          'ratio',
          'ratio without key generation',
          'difference',
          'share',
          'share, first time',
        ],
        rows,
      },
    ],
    goals: [worst({ what: 'conversation against the same crypto called directly, with key generation', limit: 1.5 }, ratios), shareGoal],
  }
}

/** What a conversation is about. */
interface Target {
  readonly name: string
  readonly kty: TargetKty
  readonly crv: Curve | null
  readonly operations: readonly Operation[]
  readonly make: (crypto: Crypto) => TargetKey | Promise<TargetKey>
}

const TARGETS: readonly Target[] = [
  { name: 'RSA-2048', kty: 'RSA', crv: null, operations: ['decrypt', 'encrypt', 'sign', 'verify'], make: (crypto) => crypto.generateRsa(2048) },
  { name: 'P-256', kty: 'EC', crv: 'P-256', operations: ['sign', 'verify'], make: (crypto) => crypto.generateEc('P-256') },
  { name: 'oct-256', kty: 'oct', crv: null, operations: ['decrypt', 'encrypt'], make: (crypto) => ({ type: 'oct', k: crypto.random(32) }) },
]

/** Everything that exists before a conversation begins. */
interface Stage {
  /** Fresh enclaves with the target in them, on a provider that takes over when the conversation starts. */
  readonly open: (crypto: Crypto) => Promise<() => Promise<number>>
}

async function setUp({ nodeCrypto, softwareEnclave, Ceremony, PROFILES }: Subject, target: Target): Promise<Stage> {
  const real = nodeCrypto()
  const policy = PROFILES.hardened
  const [key, signingKey] = [await target.make(real), real.generateEc('P-256')]
  const { type, curve, x, y }: EcPrivateKey = signingKey
  const open = async (crypto: Crypto) => {
    // Loading a target is no part of a conversation, so it is not the measured provider that checks it.
    let present: Crypto = real
    const switched = new Proxy<Crypto>(real, { get: (_, name): unknown => Reflect.get(present, name) })
    const source = softwareEnclave({ crypto: switched, policy, anchors: [{ type, curve, x, y }], softwareSource: true })
    const vault = softwareEnclave({ crypto: switched, policy, identity: { vault: VAULT, signingKey } })
    const { kty, crv, operations } = target
    const loaded = await source.load({ label: 'target', key, operations, extractable: true })
    if (loaded.type === 'enclave.refused') throw new Error(`the target is refused: ${loaded.fault.code}`)
    present = crypto
    return async () => {
      const ceremony = new Ceremony({ policy, vault: VAULT, takesOct: true, now: 1_000_000, sourceEnclave: source, vaultEnclave: vault })
      const kek = { name: 'kek', bits: 2048, expires: null }
      const report = await ceremony.transfer({ kek, disposeKek: true, target: 'target', name: 'imported', kty, crv, operations, generator: 'keyferry bench' })
      if (report.client?.ok !== true) throw new Error(`the transfer failed: ${JSON.stringify(report.client)}`)
      ceremony.session.stop()
      return ceremony.session.lines.length
    }
  }
  return { open }
}

async function timed(converse: () => Promise<number>): Promise<number> {
  const start = processorTime()
  await converse()
  return processorTime() - start
}

async function times(count: number, once: (round: number) => Promise<number>): Promise<readonly number[]> {
  const found: number[] = []
  for (let round = 0; round < count; round++) found.push(await once(round))
  return found
}

const VAULT = 'https://vault.managedhsm.azure.net'
const WARM_UP = 300
