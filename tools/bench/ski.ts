/**
 * A whole injection through the five roles and both minidrivers, each way with a key pair of either type and a PIN, and what
 * of its time is whose: the cryptography's, the enclaves', the machines'.
 *
 * One run is recorded: every call to the crypto provider, and every answer of an enclave. It is held again many times with
 * enclaves that answer at once with what was recorded, so that the machines are all that is left: roles, ports, minidrivers,
 * messages and APDUs. And with a provider that answers at once, so that the enclaves' own part comes on top: rules,
 * structures, sealed data, X.509 and CMS. Runs on real bytes take turns with the recorded calls by themselves.
 *
 * Every run needs a world of its own, since a card remembers what it has done. A world is built from recorded answers, too,
 * and building it is not timed. RSA keys come from a stock, because luck decides how long it takes to make one: how many a
 * run takes is in the table, and what one costs is in the table of key generation.
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
  const [rounds, instants, warmUp] = quick ? [3, 15, 5] : [9, 40, 20]
  progress('RSA keys for injections')
  const crypto = await stocked(subject)
  const entrants: Entrant[] = []
  for (const way of WAYS)
    for (const secret of SECRETS)
      entrants.push({ way, secret, ...(await recorded(subject, crypto, way, secret)), whole: [], calling: [], withEnclaves: [], machines: [] })

  for (let round = 0; round < warmUp + instants; round++)
    for (const { way, secret, stage, calls, answers, withEnclaves, machines } of entrants) {
      progress(`injection (${way}, ${secret}) with instant crypto, round ${round + 1} of ${warmUp + instants}`)
      const [both, alone] = [await timed(await stage(instant(calls))), await timed(await stage(crypto, answers))]
      if (round < warmUp) continue
      withEnclaves.push(both)
      machines.push(alone)
    }
  for (let round = 0; round < rounds; round++)
    for (const { way, secret, stage, calls, whole, calling } of entrants) {
      progress(`injection (${way}, ${secret}), round ${round + 1} of ${rounds}`)
      for (const turn of [round, round + 1])
        if (turn % 2 === 0) whole.push(await timed(await stage(crypto)))
        else calling.push(await direct(calls, crypto))
    }

  const shares = entrants.map(({ way, secret, machines }) => ({ what: `${way}, ${secret}`, share: median(machines) }))
  const rows = entrants.map(({ way, secret, messages, calls, whole, calling, withEnclaves, machines }, row) => {
    const keys = calls.filter(({ name }) => name === 'generateRsa').length
    const enclaves = median(withEnclaves.map((both, round) => both - machines[round]!))
    const times = [duration(median(whole)), `${duration(median(calling))} (${calls.length} calls)`, duration(enclaves), duration(shares[row]!.share)]
    return [way, secret, String(messages), String(keys), ...times]
  })
  const largest = shares.reduce((a, b) => (a.share >= b.share ? a : b))
  const goal: Goal = { what: "the machines' own share of an injection", limit: 10, measured: largest.share, unit: 'ms', note: largest.what }
  return {
    tables: [
      {
        title: 'A whole injection',
        note: 'Hardened profile: five machines and two instances of the minidriver, evidence, server’s proof, bound sealed data, receipts, archive and certificate; platform crypto, no ledger and no inspection. RSA keys are taken from a stock. “Crypto” is the same calls made directly; “enclaves” is what they add on instant crypto: rules, structures, sealed data, X.509 and CMS; “machines” is a run with instant enclaves: roles, ports, minidrivers, messages and APDUs.',
        head: ['way', 'secret', 'messages', 'RSA keys', 'injection', 'crypto', 'enclaves', 'machines'],
        rows,
      },
    ],
    goals: [goal],
  }
}

/** What an enclave answered, by the enclave's name; a promise where it was one. */
type Answers = ReadonlyMap<string, readonly { readonly answer: unknown; readonly later: boolean }[]>

/** Makes a fresh world on recorded answers, on a provider that takes over when the run starts; running it gives the number of messages. */
type Stage = (crypto: Crypto, answers?: Answers) => Promise<() => Promise<number>>

/** One way with one secret, and its times in milliseconds. */
interface Entrant extends Awaited<ReturnType<typeof recorded>> {
  readonly way: Way
  readonly secret: SecretName
  readonly whole: number[]
  readonly calling: number[]
  readonly withEnclaves: number[]
  readonly machines: number[]
}

/** Records a run, and gives the way to have it again. */
async function recorded(subject: Subject, crypto: Crypto, way: Way, secret: SecretName) {
  const [building, running] = [recorder(crypto), recorder(crypto)]
  const answers = new Map<string, { answer: unknown; later: boolean }[]>()
  const messages = await (await worldOn(subject, building.crypto, way, secret, writing(answers)))(running.crypto)()
  const stage: Stage = async (measured, played) =>
    (await worldOn(subject, instant(building.calls), way, secret, played ? playing(played) : undefined))(measured)
  return { stage, messages, answers, calls: running.calls }
}

type Between = NonNullable<Parameters<Subject['skiWorld']>[0]['between']>
interface AnyEnclave {
  readonly perform: (conversation: string, command: unknown) => unknown
}

/** Writes down what enclaves answer. */
function writing(answers: Map<string, { answer: unknown; later: boolean }[]>): Between {
  return (enclave, of) => {
    const written: { answer: unknown; later: boolean }[] = []
    answers.set(of, written)
    const perform: AnyEnclave['perform'] = (conversation, command) => {
      const answer = (enclave as unknown as AnyEnclave).perform(conversation, command)
      const entry = { answer, later: answer instanceof Promise }
      written.push(entry)
      if (answer instanceof Promise) void answer.then((value: unknown) => (entry.answer = value))
      return answer
    }
    return { ...enclave, perform }
  }
}

/** Enclaves that give the written answers again. */
function playing(answers: Answers): Between {
  return (enclave, of) => {
    let next = 0
    const perform: AnyEnclave['perform'] = () => {
      const entry = answers.get(of)?.[next++]
      if (!entry) throw new Error(`${of} is asked more often than was written down`)
      return entry.later ? Promise.resolve(entry.answer) : entry.answer
    }
    return { ...enclave, perform }
  }
}

/** A world that is built on one provider and runs on another. */
async function worldOn({ skiWorld, ski }: Subject, building: Crypto, way: Way, secret: SecretName, between?: Between) {
  let present = building
  const switched = new Proxy({} as Crypto, { get: (_, name): unknown => Reflect.get(present, name) })
  const world = await skiWorld({ crypto: switched, policy: ski.SKI_PROFILES.hardened, watched: false, ...(between && { between }) })
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
