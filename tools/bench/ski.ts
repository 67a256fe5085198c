/**
 * A whole injection through the five roles and both minidrivers, each way with a key pair of either type and a PIN, and what
 * of its time is the machines' own.
 *
 * It is found out as for a conversation of BYOK: one run is recorded, call by call, and held again with a provider that
 * answers at once with what was recorded; and runs on real bytes take turns with the recorded calls by themselves. Every
 * run needs a world of its own, since a card remembers what it has done. A world is built from recorded answers, too, and
 * building it is not timed.
 *
 * RSA keys come from a stock, because luck decides how long it takes to make one: how many a run takes is in the table, and
 * what one costs is in the table of key generation.
 * @module
 */
import type { Crypto } from '../../src/crypto/crypto.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import type { Way } from '../../src/ski/policy.js'
import type { SecretName } from '../cli/ski/world.js'
import { median, processorTime } from './clock.js'
import { direct, instant, recorder } from './replay.js'
import { duration, type Findings, type Goal, type Section, type Setting } from './section.js'
import type { Subject } from './subject.js'

/** See the module text. */
export const injection: Section = { name: 'injection', run }

const WAYS: readonly Way[] = ['session', 'agreement', 'shared', 'derived']
const SECRETS: readonly SecretName[] = ['rsa-2048', 'ec-P-256', 'pin']

async function run({ subject, quick, progress }: Setting): Promise<Findings> {
  const [rounds, instants] = quick ? [3, 20] : [21, 120]
  progress('RSA keys for injections')
  const crypto = await stocked(subject)
  const rows: string[][] = []
  const shares: { readonly what: string; readonly share: number }[] = []
  let warmUp = quick ? 40 : WARM_UP.first
  for (const way of WAYS)
    for (const secret of SECRETS) {
      const what = `${way}, ${secret}`
      const { stage, calls, messages } = await recorded(subject, crypto, way, secret)
      const own: number[] = []
      for (let round = 0; round < warmUp + instants; round++) {
        if (round % 20 === 0) progress(`injection (${what}) with instant crypto, ${round}`)
        own.push(await timed(await stage(instant(calls))))
      }
      const [onMachines, alone]: [number[], number[]] = [[], []]
      for (let round = 0; round < rounds; round++) {
        progress(`injection (${what}), round ${round + 1} of ${rounds}`)
        for (const turn of [round, round + 1])
          if (turn % 2 === 0) onMachines.push(await timed(await stage(crypto)))
          else alone.push(await direct(calls, crypto))
      }
      const [whole, calling, share] = [median(onMachines), median(alone), median(own.slice(warmUp))]
      shares.push({ what, share })
      const keys = calls.filter(({ name }) => name === 'generateRsa').length
      rows.push([
        way,
        secret,
        String(messages),
        String(keys),
        duration(whole),
        `${duration(calling)} (${calls.length} calls)`,
        duration(whole - calling),
        duration(share),
      ])
      warmUp = quick ? 10 : WARM_UP.other
    }
  const largest = shares.reduce((a, b) => (a.share >= b.share ? a : b))
  const goal: Goal = { what: "the machines' own share of an injection", limit: 10, measured: largest.share, unit: 'ms', note: largest.what }
  return {
    tables: [
      {
        title: 'A whole injection',
        note: 'Hardened profile: five machines and two instances of the minidriver, evidence, server’s proof, bound sealed data, receipts, archive and certificate; platform crypto, no ledger and no inspection. RSA keys are taken from a stock. “Share” is a run with instant crypto: machines, rules of all enclaves, APDUs, structures and X.509.',
        head: ['way', 'secret', 'messages', 'RSA keys', 'injection', 'same crypto directly', 'difference', 'share'],
        rows,
      },
    ],
    goals: [goal],
  }
}

/** Makes a fresh world on recorded answers, on a provider that takes over when the run starts; running it gives the number of messages. */
type Stage = (crypto: Crypto) => Promise<() => Promise<number>>

/** Records a run, and gives the way to have it again. */
async function recorded(subject: Subject, crypto: Crypto, way: Way, secret: SecretName) {
  const [building, running] = [recorder(crypto), recorder(crypto)]
  const messages = await (await worldOn(subject, building.crypto, way, secret))(running.crypto)()
  const stage: Stage = async (measured) => (await worldOn(subject, instant(building.calls), way, secret))(measured)
  return { stage, messages, calls: running.calls }
}

/** A world that is built on one provider and runs on another. */
async function worldOn({ skiWorld, ski }: Subject, building: Crypto, way: Way, secret: SecretName) {
  let present = building
  const switched = new Proxy({} as Crypto, { get: (_, name): unknown => Reflect.get(present, name) })
  const world = await skiWorld({ crypto: switched, policy: ski.SKI_PROFILES.hardened, watched: false })
  const request = world.request({ way, secret })
  return (running: Crypto) => {
    present = running
    return async () => {
      const report = await world.injections.inject(request)
      if (report.client?.ok !== true || report.server?.ok !== true) throw new Error(`the injection failed: ${JSON.stringify(report)}`)
      const { session } = world.injections
      session.stop()
      return session.lines.length
    }
  }
}

/** The platform's provider with RSA keys that are there already, one after the other. */
async function stocked({ nodeCrypto }: Subject): Promise<Crypto> {
  const crypto = nodeCrypto()
  const stock: RsaPrivateKey[] = []
  for (let made = 0; made < STOCK; made++) stock.push(await crypto.generateRsa(2048))
  let next = 0
  const generateRsa = (bits: number): RsaPrivateKey => {
    if (bits !== 2048) throw new TypeError(`the stock has no RSA keys of ${bits} bits`)
    // Whoever gets a key wipes it in the end.
    const parts = Object.entries(stock[next++ % STOCK]!).map(([name, part]: [string, unknown]) => [name, part instanceof Uint8Array ? part.slice() : part])
    return Object.fromEntries(parts) as RsaPrivateKey
  }
  return { ...crypto, generateRsa }
}

async function timed(inject: () => Promise<number>): Promise<number> {
  const start = processorTime()
  await inject()
  return processorTime() - start
}

/** More than a run takes, so that no two keys of a run are one. */
const STOCK = 5
/** The code is the same for every row, most of it. */
const WARM_UP = { first: 250, other: 40 } as const
