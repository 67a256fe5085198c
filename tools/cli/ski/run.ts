/**
 * `keyferry ski run`: watch a key pair or a PIN travel from a server into a card, step by step.
 *
 * Requirements: SKI-1 to SKI-4, SKI-151 to SKI-181, SKI-245, SKI-284.
 * @module
 */
import type { Crypto } from '../../../src/crypto/crypto.js'
import { pure } from '../../../src/crypto/pure.js'
import type { Leak, Ledger } from '../../../machines/ledger.js'
import { formatStatus } from '../../../src/ski/constants/index.js'
import { SKI_PROFILES, type K1Proof, type ServerProof, type SkiPolicy } from '../../../src/ski/policy.js'
import { nodeCrypto } from '../../node/crypto.js'
import { webCrypto } from '../../web/crypto.js'
import { command, usage } from '../args.js'
import { leakText } from '../byok/campaign.js'
import { EXIT } from '../failure.js'
import { checkOutputs, prepareFolder, writeOutputs } from '../files.js'
import { progress } from '../io.js'
import { seededRandom } from '../seed.js'
import { styled, table, type Text } from '../text.js'
import { plansOf, runSkiCampaign, titleOf, type SkiCampaign, type SkiRun } from './campaign.js'
import { contentsOf, outputsOf, stepsJson } from './outputs.js'
import type { Row } from './transcript.js'
import { HOLDERS_PIN, PADDINGS, SECRETS, WAYS } from './world.js'

/** See the module text. */
export const skiRunCommand = command({
  name: 'run',
  summary: 'injects keys and PINs into a card, through all five machines, and shows the 31 steps',
  description: [
    'With nothing chosen: each way with an RSA key, an EC key and a PIN, and every other key once. With a way, a secret or a padding: that one run. The first run is shown step by step, on real bytes, between software enclaves in this process.',
    'Numbers are those of the published use case; lines without one are what it leaves out. The last columns say who holds a secret in plaintext after the line: CL client, CM its minidriver, SC card, SA server, SM its minidriver. That is asked of the enclaves while the run goes on.',
    'A ledger is told every secret and searches each message, snapshot and inspection event for it. The exit code is 0 only if every run ended well and no secret was seen. With --holder typed one is seen, the holder’s PIN, which nothing promises to protect there; so the exit code is 1.',
  ],
  options: {
    way: { value: 'WAY', choices: WAYS, text: 'How the key is established; session unless something else is chosen.' },
    secret: { value: 'SECRET', choices: SECRETS, text: 'What is injected.' },
    padding: { value: 'PADDING', choices: PADDINGS, text: 'How the session key is wrapped, in the way session.' },
    profile: { value: 'NAME', choices: ['hardened', 'published'], text: 'What is checked; hardened unless given.' },
    'k1-proof': {
      value: 'PROOF',
      choices: ['attested', 'pinned', 'shared-key', 'none'],
      text: 'How the server knows the card’s key; the profile says unless given.',
    },
    'server-proof': {
      value: 'PROOF',
      choices: ['signature', 'shared-key', 'none'],
      text: 'How the card knows the server’s key; the profile says unless given.',
    },
    holder: { value: 'WHERE', choices: ['pad', 'typed'], text: 'Where the holder’s PIN is entered; at the PIN pad unless given.' },
    all: { text: 'Every way, secret and padding that was not chosen.' },
    crypto: { value: 'PROVIDER', choices: ['node', 'pure', 'web'], text: 'Which cryptography does the work; node unless given.' },
    seed: { value: 'TEXT', text: 'Makes every byte the same each time, on the pure crypto. For tests: such keys are no secret.' },
    out: { value: 'FOLDER', text: 'Where certificates, archived keys, the recovery agent’s test key and the transcript go; nowhere unless given.' },
    force: { text: 'Replace files that are there already.' },
  },
  examples: [
    { text: 'The 31 steps:', command: 'ski run --way session' },
    { text: 'A PIN, as the document says and no more:', command: 'ski run --secret pin --profile published' },
    { text: 'One run, the same bytes each time, and what is left of it:', command: 'ski run --way derived --secret ec-P-256 --seed demo --out ski-demo' },
  ],
  async run({ values }, io) {
    const { way, secret, padding, all, seed, out, profile = 'hardened', holder = 'pad' } = values
    const provider = values.crypto ?? (seed === undefined ? 'node' : 'pure')
    if (seed !== undefined && provider !== 'pure') throw usage('--seed needs --crypto pure: the platform draws its own random bytes')
    if (padding !== undefined && way !== undefined && way !== 'session') throw usage(`--padding is for the way session; in the way ${way} nothing is wrapped`)
    const policy: SkiPolicy = {
      ...SKI_PROFILES[profile],
      ...(values['k1-proof'] && { k1Proof: K1_PROOFS[values['k1-proof']] }),
      ...(values['server-proof'] && { serverProof: SERVER_PROOFS[values['server-proof']] }),
    }
    const plans = plansOf({ way, secret, padding, all })
    if (out !== undefined) {
      // Before the work, so that a folder that cannot be written costs nobody a run.
      await prepareFolder(out)
      await checkOutputs(outputsOf(out, plans), [], values.force)
    }
    const campaign = await runSkiCampaign({
      crypto: cryptoOf(provider, seed),
      policy,
      runs: plans,
      holder,
      onProgress: (done, of, what) => progress(io, styled('quiet', `[${done}/${of}] ${what}`)),
    })
    const { runs, ledger, world } = campaign
    const found = { leaks: [] as readonly Leak[], summary: '', secrets: 0 }
    try {
      if (out !== undefined) await writeOutputs(contentsOf(out, campaign, { profile, crypto: provider }), values.force)
      found.leaks = ledger.leaks()
      found.summary = ledger.summary(found.leaks)
      found.secrets = ledger.secrets
    } finally {
      world.dispose()
      ledger.wipe()
    }
    const { leaks, summary, secrets } = found
    const isTyped = (leak: Leak) => holder === 'typed' && leak.secret.startsWith(HOLDERS_PIN)
    const done = runs.filter(({ ok }) => ok).length
    const good = done === runs.length && leaks.length === 0
    return {
      exit: good ? EXIT.ok : EXIT.refused,
      json: {
        ok: good,
        profile,
        crypto: provider,
        ...(seed === undefined ? {} : { seed }),
        policy,
        injected: done,
        runs: runs.map(({ plan: { way, secret, padding }, rows, report, ok, without }) => ({
          way,
          secret,
          padding,
          ok,
          client: report.client,
          server: report.server,
          without,
          steps: stepsJson(rows),
        })),
        holder,
        ledger: { summary, leaks: leaks.map((leak) => ({ ...leak, outsideThePromise: isTyped(leak) })), secrets, ...countsOf(ledger) },
        ...(out === undefined ? {} : { out }),
      },
      lines: [
        ...firstRun(runs[0]!, `profile ${profile}, ${provider} crypto`),
        '',
        ...(runs.length > 1 ? [styled('heading', 'All runs'), '', ...summaryTable(campaign), ''] : []),
        ...runs.filter(({ ok }) => !ok).map((run) => styled('bad', `${titleOf(run.plan)}: ${faultOf(run)}`)),
        ...leaks.filter((leak) => !isTyped(leak)).map((leak) => styled('bad', `seen outside an enclave: ${leakText(leak)}`)),
        ...(holder === 'typed' ? [styled('warning', 'the holder’s PIN was typed at the client: there it is outside the promise (SKI-284), and seen')] : []),
        ...leaks.filter(isTyped).map((leak) => styled('warning', `  ${leakText(leak)}`)),
        styled(done === runs.length ? 'good' : 'bad', `${done} of ${runs.length} injected`),
        styled(leaks.length === 0 ? 'good' : 'bad', summary),
        ...(out === undefined ? [] : [`files in ${out}/: certificates and archived keys (.pem), the recovery agent’s TEST KEY, transcript.json`]),
      ],
    }
  },
})

const countsOf = (ledger: Ledger) => ({
  messages: ledger.count('message'),
  snapshots: ledger.count('snapshot'),
  inspectionEvents: ledger.count('inspection event'),
})

const K1_PROOFS: Readonly<Record<'attested' | 'pinned' | 'shared-key' | 'none', K1Proof>> = {
  attested: 'attested',
  pinned: 'pinned',
  'shared-key': 'sharedKey',
  none: 'none',
}
const SERVER_PROOFS: Readonly<Record<'signature' | 'shared-key' | 'none', ServerProof>> = { signature: 'signature', 'shared-key': 'sharedKey', none: 'none' }

function cryptoOf(provider: 'node' | 'pure' | 'web', seed: string | undefined): Crypto {
  if (provider === 'web') return webCrypto()
  const platform = nodeCrypto()
  if (provider === 'node') return platform
  return pure(seed === undefined ? (length) => platform.random(length) : seededRandom(seed))
}

function firstRun({ plan, rows, without, report }: SkiRun, how: string): Text[] {
  return [
    styled('heading', `One run: ${titleOf(plan)}, ${how}`),
    '',
    ...stepLines(rows),
    '',
    styled(
      'quiet',
      'bytes: of the APDUs; of the buffers of a call and its return; of any other message, its JSON. +CA: enciphered to the recovery agents as well.',
    ),
    ...(without.length === 0 || report.server?.ok !== true
      ? []
      : [`${spans(without)} of the 31 ${without.length === 1 ? 'falls' : 'fall'} away: ${whyWithout(plan.way)}`]),
  ]
}

/** Why a way has fewer steps than the page. */
const whyWithout = (way: SkiRun['plan']['way']): string =>
  way === 'shared' || way === 'derived' ? `the way ${way} makes no key pair on the card` : 'the key was made on the card at its enrolment'

/** Rows as a table. Columns in which nothing would ever stand are left out. */
export function stepLines(rows: readonly Row[]): Text[] {
  const holders: readonly (readonly [title: string, of: (row: Row) => readonly string[]])[] = [
    ['S1', ({ holders: { s1 } }) => s1],
    ['K2', ({ holders: { k2, archived } }) => [...k2, ...(archived ? ['+CA'] : [])]],
    ['PIN', ({ holders: { pin } }) => pin],
    ['holder’s PIN', ({ holderPin }) => holderPin],
  ]
  const shown = holders.filter(([, of]) => rows.some((row) => of(row).length > 0))
  const heading = ['step', '', 'call or message', 'status', 'bytes', ...shown.map(([title]) => title)].map((title) => styled('quiet', title))
  return table([
    heading,
    ...rows.map((row) => [
      row.step === null ? '' : String(row.step).padStart(2),
      `${row.from} → ${row.to}`,
      row.step === null ? styled('quiet', row.what) : row.what,
      endOf(row),
      row.bytes === 0 ? '-' : String(row.bytes),
      ...shown.map(([, of]) => of(row).join(' ') || '-'),
    ]),
  ])
}

function endOf({ status, sw }: Row): Text {
  if (status !== null) return styled(status === 0 ? 'good' : 'warning', formatStatus(status))
  return sw === null ? '' : styled(sw === '9000' ? 'good' : 'warning', sw)
}

function summaryTable({ runs }: SkiCampaign): Text[] {
  const heading = ['way', 'secret', 'padding', 'injected', 'card’s word', 'archived', 'public key'].map((title) => styled('quiet', title))
  return table([
    heading,
    ...runs.map(({ plan: { way, secret, padding }, report: { server }, ok }) => [
      way,
      secret,
      padding ?? '-',
      ok ? styled('good', 'yes') : styled('bad', 'no'),
      server?.ok === true && server.confirmedByCard ? 'yes' : 'no',
      server?.ok === true && server.archived ? 'yes' : 'no',
      server?.ok === true && server.fingerprint !== null ? `${server.fingerprint.slice(0, 'spki-sha256:'.length + 32)}…` : '-',
    ]),
  ])
}

const faultOf = ({ report: { client, server } }: SkiRun): string =>
  [client, server].flatMap((outcome) => (outcome?.ok === false ? [outcome.fault.code] : [])).join(', ') || 'did not end'

/** Numbers in words: `steps 6 to 12`, `step 5`. */
function spans(numbers: readonly number[]): string {
  const parts: string[] = []
  for (let at = 0; at < numbers.length;) {
    let end = at
    while (numbers[end + 1] === numbers[end]! + 1) end++
    parts.push(end === at ? String(numbers[at]) : `${numbers[at]} to ${numbers[end]}`)
    at = end + 1
  }
  return `${numbers.length === 1 ? 'Step' : 'Steps'} ${parts.join(', ')}`
}
