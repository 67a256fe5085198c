/** `keyferry ski run`: the 31 steps, who holds what, the ledger, the files, and the same bytes for the same seed. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SKI_PROFILES } from '../../src/ski/policy.js'
import { plansOf } from '../../tools/cli/ski/campaign.js'
import { Transcript } from '../../tools/cli/ski/transcript.js'
import { PADDINGS, SECRETS, skiWorld, WAYS } from '../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { at, given, keyferry, type Ran } from './harness.js'

const test = suite('keyferry ski run')

interface Step {
  readonly step: number | null
  readonly from: string
  readonly to: string
  readonly what: string
  readonly status: number | null
  readonly statusText: string | null
  readonly sw: string | null
  readonly bytes: number
  readonly holders: { readonly S1: string[]; readonly K2: string[]; readonly PIN: string[]; readonly holderPIN: string[]; readonly archived: boolean }
}
interface Run {
  readonly way: string
  readonly secret: string
  readonly ok: boolean
  readonly without: readonly number[]
  readonly steps: readonly Step[]
}
const ski = (...words: string[]) => keyferry(['ski', 'run', ...words])
const runOf = ({ json }: Ran): Run => (json as { runs: Run[] }).runs[0]!
const numbersIn = (steps: readonly Step[]) => [...new Set(steps.flatMap(({ step }) => (step === null ? [] : [step])))].sort((a, b) => a - b)
const range = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, index) => low + index)
const LEDGER = /^\d+ secrets tracked, 0 seen outside an enclave in \d+ messages, \d+ snapshots, \d+ inspection events$/m

/**
 * The page's use case, as the reference tells it: parties, and where S1 and the private half of K2 may be after the step.
 * `CA`: enciphered to the recovery agents.
 */
const REFERENCE: readonly (readonly [step: number, parties: string, s1: string, k2: string])[] = [
  ...(
    [
      [1, 'CL SA'],
      [2, 'SA CL'],
      [3, 'CL CM'],
      [4, 'CM CL'],
      [5, 'CL CM'],
      [6, 'CM SC'],
      [7, 'SC CM'],
      [8, 'CM CL'],
    ] as const
  ).map(([step, parties]) => [step, parties, '', ''] as const),
  ...(
    [
      [9, 'CL CM'],
      [10, 'CM SC'],
      [11, 'SC CM'],
      [12, 'CM CL'],
      [13, 'CL CM'],
      [14, 'CM CL'],
      [15, 'CL SA'],
    ] as const
  ).map(([step, parties]) => [step, parties, '', ''] as const),
  [16, 'SA CL', 'SA', ''],
  [17, 'CL CM', 'SA', ''],
  [18, 'CM SC', 'SA', ''],
  [19, 'SC CM', 'SA SC', ''],
  [20, 'CM CL', 'SA SC', ''],
  [21, 'CL SA', 'SA SC', ''],
  [22, 'SA SM', 'SA SM SC', ''],
  [23, 'SM SA', 'SM SC', ''],
  [24, 'SA SM', 'SM SC', 'SA SM CA'],
  [25, 'SM SA', 'SM SC', 'SA CA'],
  [26, 'SA CL', 'SM SC', 'CA'],
  [27, 'CL CM', 'SM SC', 'CA'],
  [28, 'CM SC', 'SM SC', 'CA'],
  [29, 'SC CM', 'SM SC', 'SC CA'],
  [30, 'CM CL', 'SM SC', 'SC CA'],
  [31, 'CL SA', 'SM SC', 'SC CA'],
]
const k2Of = ({ holders: { K2, archived } }: Step) => [...K2, ...(archived ? ['CA'] : [])].join(' ')

let session: Run

test('SKI-151 to SKI-181 the way session lists all 31 steps, each with its parties, in order', async () => {
  const ran = await ski('--way', 'session', '--secret', 'ec-P-256', '--json')
  assert.is(ran.exit, 0)
  session = runOf(ran)
  assert.equal(numbersIn(session.steps), range(1, 31))
  assert.equal(session.without, [])
  for (const [step, parties] of REFERENCE)
    for (const { from, to } of session.steps.filter((one) => one.step === step)) assert.is(`${from} ${to}`, parties, `step ${step}`)
  const firsts = range(1, 31).map((step) => session.steps.findIndex((one) => one.step === step))
  assert.equal(
    firsts,
    [...firsts].sort((a, b) => a - b),
  )
})

test('SKI-1 SKI-2 SKI-223 who holds S1 and K2 after each step is what the reference says', () => {
  for (const [step, , s1, k2] of REFERENCE) {
    const last = session.steps.findLast((one) => one.step === step)!
    assert.is(last.holders.S1.join(' '), s1, `S1 after step ${step}`)
    assert.is(k2Of(last), k2, `K2 after step ${step}`)
  }
  const end = session.steps.at(-1)!
  assert.equal(end.holders.S1, [], 'nobody holds S1 in the end')
  assert.is(k2Of(end), 'SC CA')
  for (const { holders } of session.steps) assert.equal(holders.holderPIN, [])
})

test('what the page leaves out stands between the steps, without a number', () => {
  const beside = session.steps.filter(({ step }) => step === null).map(({ from, to, what }) => `${from} ${to} ${what}`)
  assert.equal(beside, [
    'CL CM CardAcquireContext',
    'CL CM CardGetProperty(Card Identifier)',
    'CL CM CardAuthenticateEx',
    'CL CM CardGetContainerProperty(Keyferry Key Evidence)',
    'CL CM CardGetKeyProperty(Keyferry Receipt)',
    'SA SM CardAcquireContext(no-card mode)',
    'SA CA server.archive',
    'CL CM CardDeleteContainer',
    'SA CA server.certify',
    'SA CA server.commit',
    'SA SM CardDestroyKey',
    'SA SM CardDeleteContext',
    'SA CL server.certificate',
    'CL CM CardWriteFile(ksc01)',
    'CL CM CardWriteFile(cmapfile)',
    'CL CM CardDestroyKey',
    'CL CM CardDeleteContext',
  ])
})

test('SKI-97 a step that returns has a status, an answer of the card a status word, and what travelled is counted', () => {
  const of = (step: number) => session.steps.findLast((one) => one.step === step)!
  assert.is(of(4).statusText, 'SCARD_S_SUCCESS (0x00000000)')
  assert.is(session.steps.find(({ what }) => what === 'CardReadFile(cmapfile)')!.statusText, 'SCARD_E_FILE_NOT_FOUND (0x80100024)')
  for (const step of [7, 11, 19, 29]) assert.is(of(step).sw, '9000', `step ${step}`)
  // A command: CLA INS P1 P2 Lc and a PIN id. A key: its purpose, a SubjectPublicKeyInfo of 294 bytes, in two responses with GET RESPONSE between them.
  assert.is(of(4).bytes, 4)
  assert.is(of(6).bytes, 9)
  assert.is(of(7).bytes, 2)
  assert.is(of(11).bytes, 1 + 294 + 2 + 2 + 5)
  // Header 84, structure 128 in 144, tag 32.
  assert.is(of(25).bytes, 84 + 144 + 32)
  assert.is(of(22).bytes, 0, 'a reference passes, not the key')
})

test('SKI-40 the other ways keep the numbers and say what falls away', async () => {
  for (const [way, without] of [
    ['agreement', []],
    ['shared', range(6, 12)],
    ['derived', range(6, 12)],
  ] as const) {
    const run = runOf(await ski('--way', way, '--secret', 'ec-P-256', '--json'))
    assert.ok(run.ok, way)
    assert.equal(run.without, without, way)
    assert.equal(
      numbersIn(run.steps),
      range(1, 31).filter((step) => !(without as readonly number[]).includes(step)),
    )
    for (const [step, , s1, k2] of REFERENCE) {
      const last = run.steps.findLast((one) => one.step === step)
      if (!last) continue
      // Where S1 is made of a shared key, the server has none until its minidriver asks for it.
      const held = way === 'agreement' ? s1 : step === 22 ? 'SC' : s1.replace(/^SA ?/, '')
      assert.is(last.holders.S1.join(' '), held, `${way}: S1 after step ${step}`)
      assert.is(k2Of(last), k2, `${way}: K2 after step ${step}`)
    }
  }
})

test('in the way agreement steps 17 to 20 are gone through twice', async () => {
  const { steps } = runOf(await ski('--way', 'agreement', '--secret', 'pin', '--json'))
  assert.equal(
    steps.filter(({ step }) => step !== null && step >= 17 && step <= 20).map(({ step, what }) => `${step} ${what}`),
    ['17 CardConstructDHAgreement', '18 AGREE', '19 answer', '20 return', '17 CardDeriveKey', '18 DERIVE', '19 answer', '20 return'],
  )
})

test('SKI-4 SKI-281 an injected PIN is at the server, for one call at its minidriver, and then on the card', async () => {
  const ran = await ski('--way', 'derived', '--secret', 'pin', '--json')
  const { steps } = runOf(ran)
  const pinAfter = (step: number) => steps.findLast((one) => one.step === step)!.holders.PIN.join(' ')
  assert.equal([16, 23, 24, 25, 28, 29, 31].map(pinAfter), ['SA', 'SA', 'SA SM', 'SA', 'SA', 'SA SC', 'SA SC'])
  assert.equal(steps.at(-1)!.holders.PIN, ['SC'])
  for (const { holders } of steps)
    assert.equal(
      [...holders.K2, ...holders.S1, ...holders.PIN].filter((place) => place === 'CL' || place === 'CM'),
      [],
    )
})

test('SKI-45 a pinned key was made at the card’s enrolment: steps 6 to 8 fall away', async () => {
  const run = runOf(await ski('--way', 'agreement', '--secret', 'ec-P-256', '--k1-proof', 'pinned', '--json'))
  assert.ok(run.ok)
  assert.equal(run.without, [6, 7, 8])
})

test('SKI-43 SKI-50 every proof can be asked for by name', async () => {
  for (const [k1, server] of [
    ['shared-key', 'shared-key'],
    ['none', 'none'],
  ]) {
    const ran = await ski('--way', 'agreement', '--secret', 'ec-P-256', '--k1-proof', k1!, '--server-proof', server!, '--json')
    assert.is(ran.exit, 0, k1)
  }
})

test('SKI-251 the published profile takes nobody’s word from the card', async () => {
  const ran = await ski('--way', 'shared', '--secret', 'ec-P-256', '--profile', 'published')
  assert.is(ran.exit, 0)
  assert.match(ran.out, LEDGER)
  assert.not.match(ran.out, 'Keyferry Receipt')
  assert.match(ran.out, 'Steps 6 to 12 of the 31 fall away')
})

test('SKI-284 a PIN that is typed at the client is outside the promise: it is said, seen, and the exit code is 1', async () => {
  const words = ['--way', 'derived', '--secret', 'ec-P-256', '--holder', 'typed']
  const ran = await ski(...words, '--json')
  assert.is(ran.exit, 1)
  const { ok, ledger } = ran.json as { ok: boolean; ledger: { leaks: { secret: string; outsideThePromise: boolean }[] } }
  assert.not(ok)
  assert.ok(ledger.leaks.length > 0)
  for (const { secret, outsideThePromise } of ledger.leaks) assert.ok(outsideThePromise && secret.startsWith('holder’s PIN'), secret)
  const { steps } = runOf(ran)
  assert.equal(steps.find(({ what }) => what === 'CardAuthenticateEx')!.holders.holderPIN, ['CL', 'CM'])
  assert.equal(steps.at(-1)!.holders.holderPIN, ['CL'])
  const told = await ski(...words)
  assert.match(told.out, 'there it is outside the promise (SKI-284), and seen')
  assert.match(told.out, /^1 of 1 injected$/m)
})

const seeded = ['--way', 'derived', '--secret', 'ec-P-384', '--seed', 'test']

test('the files: certificate, CA, archive, the agent’s test key, transcript', async () => {
  const ran = await ski(...seeded, '--out', at('a'))
  assert.is(ran.exit, 0)
  assert.match(ran.out, LEDGER)
  assert.equal(readdirSync(at('a')).sort(), [
    'ca.pem',
    'derived-ec-P-384.archive.pem',
    'derived-ec-P-384.certificate.pem',
    'recovery-agent.TEST-KEY.pem',
    'recovery-agent.pem',
    'transcript.json',
  ])
  const read = (name: string) => readFileSync(join(at('a'), name), 'utf8')
  const [certificate, ca, agent] = ['derived-ec-P-384.certificate.pem', 'ca.pem', 'recovery-agent.pem'].map((name) => new X509Certificate(read(name)))
  assert.ok(certificate!.verify(ca!.publicKey))
  assert.is(certificate!.publicKey.asymmetricKeyDetails?.namedCurve, 'secp384r1')
  assert.ok(agent!.checkPrivateKey(createPrivateKey(read('recovery-agent.TEST-KEY.pem'))))
  assert.match(read('recovery-agent.TEST-KEY.pem'), /^TEST KEY /)
  assert.is(statSync(join(at('a'), 'recovery-agent.TEST-KEY.pem')).mode & 0o777, 0o600)
  assert.match(read('derived-ec-P-384.archive.pem'), /^-----BEGIN CMS-----/)
  const transcript = JSON.parse(read('transcript.json')) as { runs: Run[]; conversation: { from: string }[] }
  assert.is(transcript.runs.length, 1)
  assert.ok(transcript.conversation.length > 100)
})

const filesOf = (folder: string) =>
  readdirSync(at(folder)).map(
    (name) =>
      `${name} ${createHash('sha256')
        .update(readFileSync(join(at(folder), name)))
        .digest('hex')}`,
  )

test('the same seed gives the same report and the same files, certificate and archive included; another seed others', async () => {
  const b = await ski(...seeded, '--out', at('b'), '--json')
  const c = await ski('--way', 'derived', '--secret', 'ec-P-384', '--seed', 'other', '--out', at('c'), '--json')
  assert.equal(filesOf('b'), filesOf('a'))
  assert.not.equal(filesOf('c'), filesOf('a'))
  const again = await ski(...seeded, '--out', at('b'), '--json', '--force')
  assert.equal(again.json, b.json)
  assert.not.equal(runOf(c), runOf(b))
})

test('nothing is replaced unless asked to, and it is told before the work', async () => {
  const before = filesOf('a')
  const ran = await ski(...seeded, '--out', at('a'))
  assert.is(ran.exit, 1)
  assert.match(ran.err, 'is there already')
  assert.match(ran.err, '--force replaces it.')
  assert.is(ran.out, '')
  assert.equal(filesOf('a'), before)
  const nowhere = await ski(...seeded, '--out', given('taken', 'a file'))
  assert.is(nowhere.exit, 1)
})

test('a person at a terminal sees progress, on stderr only', async () => {
  const ran = await keyferry(['ski', 'run', '--way', 'derived', '--secret', 'pin'], { terminal: true, env: { NO_COLOR: '1' } })
  assert.match(ran.err, '[0/1] pin in the way derived')
  assert.not.match(ran.out, '[0/1]')
})

test('wrong usage is told before anything is done', async () => {
  for (const words of [
    ['--way', 'plain'],
    ['--secret', 'rsa-1024'],
    ['--padding', 'oaep'],
    ['--way', 'derived', '--padding', 'pkcs1'],
    ['--seed', 'x', '--crypto', 'node'],
    ['--seed', 'x', '--crypto', 'web'],
    ['--k1-proof', 'signature'],
    ['--holder', 'guest'],
    ['extra'],
  ]) {
    const ran = await ski(...words, '--out', at('f'))
    assert.is(ran.exit, 2, words.join(' '))
    assert.not(existsSync(at('f')), words.join(' '))
  }
})

test('with nothing chosen: each way with three secrets, and every secret once; with --all: everything', () => {
  const nothing = plansOf({ all: false })
  for (const way of WAYS)
    for (const secret of ['rsa-2048', 'ec-P-256', 'pin']) assert.is(nothing.filter((plan) => plan.way === way && plan.secret === secret).length, 1)
  assert.equal(new Set(nothing.map(({ secret }) => secret)), new Set(SECRETS))
  assert.is(nothing.length, 16)
  const all = plansOf({ all: true })
  assert.is(all.length, SECRETS.length * (PADDINGS.length + 3))
  assert.is(new Set(all.map(({ label }) => label)).size, all.length)
  assert.equal(
    plansOf({ all: true, padding: 'pkcs1' }).map(({ way, padding }) => `${way} ${padding}`),
    SECRETS.map(() => 'session pkcs1'),
  )
  assert.equal(
    plansOf({ all: false, secret: 'pin' }).map(({ way, secret, padding }) => `${way} ${secret} ${padding}`),
    ['session pin oaep-sha256'],
  )
})

test('several runs: one step by step, all in a table, one ledger', async () => {
  const ran = await ski('--all', '--secret', 'pin', '--crypto', 'web')
  assert.is(ran.exit, 0)
  assert.is(ran.out.match(/^ ?31 /gm)?.length, 1)
  assert.equal(
    PADDINGS.filter((padding) => new RegExp(`^session +pin +${padding} +yes`, 'm').test(ran.out)),
    PADDINGS,
  )
  assert.match(ran.out, /^8 of 8 injected$/m)
  assert.match(ran.out, LEDGER)
})

test('SKI-32 SKI-42 a run that ends early is written down as far as it came', async () => {
  let transcript: Transcript | null = null
  const world = await skiWorld({ crypto: nodeCrypto(), policy: SKI_PROFILES.hardened, card: { ways: [] }, onLine: (line) => transcript?.hear(line) })
  transcript = new Transcript(world, { name: '', card: 'card', pinId: null, typed: false })
  const { client } = await world.injections.inject(world.request({ way: 'derived', secret: 'ec-P-256' }))
  world.dispose()
  assert.not(client!.ok)
  const { rows } = transcript
  const last = rows.findLast(({ step }) => step !== null)!
  assert.is(last.step, 20)
  assert.is(last.status, 0x80100022)
  for (const { holders } of rows)
    assert.equal(
      [...holders.s1, ...holders.k2].filter((place) => place === 'SC'),
      [],
    )
})

test.run()
