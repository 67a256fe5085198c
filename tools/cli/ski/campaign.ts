/**
 * Runs of secure key injection, one after the other, each with a card of its own, in one world with one ledger.
 *
 * A ledger is told every secret by the enclaves' witness and searches everything public for them. That is what makes this a
 * demonstration; an app has neither.
 * @module
 */
import type { InjectionReport } from '../../../machines/ski/injections.js'
import type { Ledger } from '../../../machines/ledger.js'
import type { Line } from '../../../machines/session.js'
import type { ArchiveRecord } from '../../../machines/ski/archive.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import type { WrapPadding } from '../../../src/ski/enclave/commands.js'
import type { SkiPolicy, Way } from '../../../src/ski/policy.js'
import { SKI_STEPS } from '../../../src/ski/steps.js'
import { Transcript, type Row } from './transcript.js'
import { PADDINGS, SECRETS, skiWorld, USER_PIN, WAYS, type SecretName, type SkiWorld } from './world.js'

/** One run as it is planned. */
export interface RunPlan {
  readonly way: Way
  readonly secret: SecretName
  /** How S1 is wrapped: the way `session` only. */
  readonly padding: WrapPadding | null
  /** What its files are called. */
  readonly label: string
}

/** What a person may choose; what is left out is chosen here. */
export interface Choice {
  readonly way?: Way | undefined
  readonly secret?: SecretName | undefined
  readonly padding?: WrapPadding | undefined
  /** Everything that was not chosen is gone through. */
  readonly all: boolean
}

/** What is shown with nothing chosen, in every way; every other secret is shown once. */
const OF_EACH_WAY: readonly SecretName[] = ['rsa-2048', 'ec-P-256', 'pin']

/** The runs that a choice comes to. */
export function plansOf({ way, secret, padding, all }: Choice): readonly RunPlan[] {
  const nothing = way === undefined && secret === undefined && padding === undefined
  const ways = way === undefined && padding === undefined && (all || nothing) ? WAYS : [way ?? 'session']
  const secrets = secret !== undefined ? [secret] : all ? SECRETS : nothing ? OF_EACH_WAY : SECRETS.slice(0, 1)
  const paddings = (of: Way) => (of !== 'session' ? [null] : padding !== undefined ? [padding] : all ? PADDINGS : PADDINGS.slice(0, 1))
  const plans = ways.flatMap((one) => secrets.flatMap((other) => paddings(one).map((wrap) => planOf(one, other, wrap, all))))
  const others = nothing && !all ? SECRETS.filter((one) => !OF_EACH_WAY.includes(one)).map((one) => planOf('session', one, PADDINGS[0]!, all)) : []
  return [...plans, ...others]
}

const planOf = (way: Way, secret: SecretName, padding: WrapPadding | null, all: boolean): RunPlan => ({
  way,
  secret,
  padding,
  label: [way, secret, ...(padding !== null && all ? [padding] : [])].join('-'),
})

/** What a campaign does. */
export interface SkiCampaignPlan {
  readonly crypto: Crypto
  readonly policy: SkiPolicy
  readonly runs: readonly RunPlan[]
  /** The holder's PIN: at the PIN pad, or typed at the client, which is outside the promise (SKI-284). */
  readonly holder: 'pad' | 'typed'
  /** Told before each run. */
  readonly onProgress: (done: number, all: number, what: string) => void
}

/** One run and how it ended. */
export interface SkiRun {
  readonly plan: RunPlan
  readonly rows: readonly Row[]
  readonly report: InjectionReport
  readonly ok: boolean
  /** Steps of the page that this run did not have. */
  readonly without: readonly number[]
  /** What the archive keeps of it. */
  readonly record: ArchiveRecord | null
}

/** What came of it. */
export interface SkiCampaign {
  readonly runs: readonly SkiRun[]
  /** Every line of the first run. */
  readonly conversation: readonly Line[]
  readonly ledger: Ledger
  readonly world: SkiWorld
}

/** Runs a campaign. The caller disposes of its world. */
export async function runSkiCampaign({ crypto, policy, runs: plans, holder, onProgress }: SkiCampaignPlan): Promise<SkiCampaign> {
  let transcript: Transcript | null = null
  const world = await skiWorld({ crypto, policy, cards: plans.length, onLine: (line) => transcript?.hear(line) })
  const { injections, ledger, cards } = world
  const names = Object.keys(cards)
  const runs: SkiRun[] = []
  let conversation: readonly Line[] = []
  try {
    for (const [index, plan] of plans.entries()) {
      onProgress(index, plans.length, titleOf(plan))
      const { way, secret, padding } = plan
      const [card, name] = [names[index]!, index === 0 ? '' : `run ${index + 1}`]
      const pinned = policy.k1Proof === 'pinned' && (way === 'session' || way === 'agreement')
      const enrolled = pinned ? await world.enrol(card, way === 'session' ? 'rsa-2048' : 'ec-P-256') : undefined
      transcript = new Transcript(world, { name, card, pinId: secret === 'pin' ? USER_PIN : null, typed: holder === 'typed' })
      const report = await injections.inject(world.request({ way, secret, card, name, holder, ...(padding && { padding }), ...(enrolled && { enrolled }) }))
      const { rows } = transcript
      const ok = report.client?.ok === true && report.server?.ok === true
      runs.push({ plan, rows, report, ok, without: withoutOf(rows), record: recordOf(world, report) })
      if (index === 0) conversation = injections.session.lines.slice()
    }
  } catch (error) {
    world.dispose()
    throw error
  }
  onProgress(plans.length, plans.length, 'searching everything public for every secret')
  return { runs, conversation, ledger, world }
}

/** A run for people. */
export const titleOf = ({ way, secret, padding }: RunPlan): string => `${secret} in the way ${way}${padding === null ? '' : `, S1 wrapped with ${padding}`}`

const withoutOf = (rows: readonly Row[]): readonly number[] => SKI_STEPS.map(({ step }) => step).filter((step) => !rows.some((row) => row.step === step))

function recordOf({ injections }: SkiWorld, { server }: InjectionReport): ArchiveRecord | null {
  if (server?.ok !== true) return null
  const { records } = (injections.session.actor('archive').getSnapshot() as { context: { records: readonly ArchiveRecord[] } }).context
  return records.find(({ session }) => session === server.session) ?? null
}
