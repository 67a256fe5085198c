/**
 * Every role of a conversation stored as JSON after every message, and taken up in a new session with the enclaves
 * elsewhere; and what becomes of a conversation whose messages, answers or snapshots were lost with the process.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Ceremony, type CeremonyOptions, type TransferReport, type TransferRequest } from '../../machines/byok/ceremony.js'
import { Ledger, type KeyRecords } from '../../machines/index.js'
import type { Line, SessionSnapshot } from '../../machines/session.js'
import { PROFILES, type ByokPolicy, type ProfileName } from '../../src/byok/policy.js'
import { pure } from '../../src/crypto/pure.js'
import type { Enclave, KeyKind } from '../../src/enclave/commands.js'
import { softwareEnclave, type SoftwareEnclave } from '../../src/enclave/software.js'
import { callTime, LateEnclave, stock } from '../support/storm.js'
import { kindOf, pooled, seeded, VAULT } from '../support/world.js'

const test = suite('byok restart')
const { crypto: shared } = await stock()
const pool = pooled(pure(seeded('restart')))

/** Two enclaves that outlive every session. */
interface Enclaves {
  readonly source: SoftwareEnclave
  readonly vault: SoftwareEnclave
  readonly ledger: Ledger
}

async function enclaves(policy: ByokPolicy, seed: string | null): Promise<Enclaves> {
  // The KEK is the same in each seeded run; everything else is drawn again.
  const crypto = seed === null ? shared : { ...pure(seeded(seed)), generateRsa: pool.generateRsa }
  const ledger = new Ledger()
  const signingKey = await crypto.generateEc('P-256')
  const { type, curve, x, y } = signingKey
  return {
    ledger,
    source: softwareEnclave({ crypto, policy, anchors: [{ type, curve, x, y }], name: 'source HSM', witness: ledger.witness }),
    vault: softwareEnclave({ crypto, policy, identity: { vault: VAULT, signingKey }, name: 'vault HSM', witness: ledger.witness }),
  }
}

async function makeTarget(source: Enclave, kind: KeyKind): Promise<void> {
  const made = await source.perform('set-up', { type: 'generateKey', label: 'target', kind, operations: kindOf(kind).operations, extractable: true })
  if (made?.type !== 'enclave.keyMade') throw new Error('no target')
  await source.perform('set-up', { type: 'keep', key: made.key })
}

const optionsFor = (at: Enclaves, policy: ByokPolicy, serialised: boolean): CeremonyOptions => ({
  policy,
  vault: VAULT,
  takesOct: true,
  now: 1_000_000,
  sourceEnclave: at.source,
  vaultEnclave: at.vault,
  ledger: at.ledger,
  serialised,
})

const requestFor = (kind: KeyKind): TransferRequest => ({
  kek: { name: 'kek', bits: 2048, expires: null },
  disposeKek: true,
  target: 'target',
  name: 'payroll',
  ...kindOf(kind),
  generator: 'test',
})

/** Goes on in a new session from what another one left, through JSON. */
function resume(options: CeremonyOptions, request: TransferRequest, left: SessionSnapshot): Ceremony {
  const { roles, inFlight } = JSON.parse(JSON.stringify(left)) as SessionSnapshot
  const ceremony = new Ceremony({ ...options, snapshots: roles })
  ceremony.begin(request, roles)
  for (const envelope of inFlight) ceremony.session.inject(envelope)
  return ceremony
}

/** A conversation; with `every`, all roles die after each message, and their successors are started from what they left. */
async function conversation(profile: ProfileName, kind: KeyKind, serialised: boolean, every: boolean) {
  const policy = PROFILES[profile]
  const at = await enclaves(policy, `${profile} ${kind}`)
  await makeTarget(at.source, kind)
  const [options, request] = [optionsFor(at, policy, serialised), requestFor(kind)]
  const lines: Line[] = []
  let ceremony = new Ceremony(options)
  ceremony.begin(request)
  let restarts = 0
  for (;;) {
    const { session } = ceremony
    const envelope = session.take()
    if (envelope) session.deliver(envelope)
    // The crypto answers at once, but for the stock of slow keys.
    await new Promise((resolve) => setImmediate(resolve))
    if (!envelope && session.inFlight.length === 0) break
    if (!every) continue
    lines.push(...session.lines)
    const left = session.persist()
    session.stop()
    ceremony = resume(options, request, left)
    restarts++
  }
  lines.push(...ceremony.session.lines)
  const said = lines.map(({ from, to, port, message }) => ({ from, to, port, message }))
  const { keys } = (ceremony.session.actor('vault').getSnapshot() as { context: { keys: KeyRecords } }).context
  return { said, restarts, report: ceremony.report(), keys, leaks: at.ledger.leaks(), live: at.vault.describe() }
}

for (const profile of ['hardened', 'published'] as const)
  for (const kind of ['ec-P-256', 'oct-256'] as const)
    for (const serialised of [true, false])
      test(`BYOK-155 ${profile}, ${kind}, ${serialised ? 'serialised' : 'not serialised'}: a restart after every message changes nothing`, async () => {
        const straight = await conversation(profile, kind, serialised, false)
        const broken = await conversation(profile, kind, serialised, true)
        const { client, tool, officer } = broken.report
        assert.ok(client?.ok && tool?.ok && officer?.ok, JSON.stringify(broken.report))
        assert.ok(broken.restarts > (profile === 'hardened' ? 20 : 14), `${broken.restarts} restarts`)
        assert.equal(broken.said, straight.said, 'the same words, byte for byte')
        assert.equal(broken.report, straight.report)
        assert.equal([broken.keys, broken.live], [straight.keys, straight.live])
        assert.equal(broken.leaks, [])
      })

/** Runs until so many messages have been carried, stores everything, and stops. */
function cut(ceremony: Ceremony, after: number): SessionSnapshot | null {
  const { session } = ceremony
  for (let carried = 0; carried < after; carried++) {
    const envelope = session.take()
    if (!envelope) return null
    session.deliver(envelope)
  }
  const left = session.persist()
  session.stop()
  return left
}

const keysOf = (ceremony: Ceremony) => (ceremony.session.actor('vault').getSnapshot() as { context: { keys: KeyRecords } }).context.keys

/** Keys and records stand for each other; of a KEK whose deletion is in doubt there may be a record too many. */
function nothingIsHalfDone(at: Enclaves, ceremony: Ceremony, doubtful: boolean): void {
  const records = Object.values(keysOf(ceremony)).flat()
  for (const { handle, owner } of at.vault.describe()) {
    assert.is(owner, null)
    assert.ok(doubtful || records.some((record) => record.handle === handle), 'a key without a record')
  }
  for (const record of records) assert.ok(record.kek || at.vault.describe().some(({ handle }) => handle === record.handle), 'a record without a key')
  assert.equal(
    at.source.describe().map(({ label }) => label),
    ['target'],
    'BYOK-159 nothing is left at the source',
  )
}

test('BYOK-31 everything that was on its way is lost with the process: whoever waits is told so, and all is cleaned up', async () => {
  const ends: string[] = []
  for (let after = 0; ; after++) {
    const at = await enclaves(PROFILES.hardened, null)
    await makeTarget(at.source, 'ec-P-256')
    const [options, request] = [optionsFor(at, PROFILES.hardened, true), requestFor('ec-P-256')]
    const first = new Ceremony(options)
    first.begin(request)
    const left = cut(first, after)
    if (!left) break
    const ceremony = resume(options, request, { ...left, inFlight: [] })
    assert.equal(await callTime(ceremony), [], `cut after ${after}`)
    // The word between the vault and its HSM may be what was lost.
    const inner = left.inFlight.some(({ message }) => message.type.startsWith('vaultHsm.'))
    nothingIsHalfDone(at, ceremony, inner)
    const { client, officer } = ceremony.report()
    if (officer?.ok)
      assert.ok(
        Object.values(keysOf(ceremony))
          .flat()
          .some(({ enabled, kek }) => enabled && !kek),
      )
    ends.push(`${client?.ok ? 'ok' : 'refused'} ${officer?.ok ? 'ok' : 'refused'}`)
    assert.equal(at.ledger.leaks(), [])
  }
  assert.ok(ends.length > 20 && ends.includes('refused refused'), ends.join(', '))
})

test('BYOK-155 BYOK-157 the answer of an enclave is lost with the process: a refusal, and nothing left', async () => {
  const states = new Set<string>()
  for (let after = 0; ; after++) {
    const at = await enclaves(PROFILES.hardened, null)
    await makeTarget(at.source, 'ec-P-256')
    const request = requestFor('ec-P-256')
    const answers: (() => void)[] = []
    const late = { source: new LateEnclave(at.source, answers), vault: new LateEnclave(at.vault, answers) }
    const options = { ...optionsFor(at, PROFILES.hardened, true), sourceEnclave: late.source, vaultEnclave: late.vault }
    const first = new Ceremony(options)
    first.begin(request)
    // Carries on as far as the last answer that is not given.
    let given = 0
    for (;;) {
      const envelope = first.session.take()
      if (envelope) first.session.deliver(envelope)
      else if (answers.length > 0 && given < after) {
        answers.shift()!()
        given++
      } else break
      await new Promise((resolve) => setImmediate(resolve))
    }
    const over = answers.length === 0
    const left = first.session.persist()
    first.session.stop()
    if (over) break
    for (const role of ['sourceHsm', 'vaultHsm']) states.add(`${role} ${String((left.roles[role] as { value?: unknown }).value)}`)
    const ceremony = resume(optionsFor(at, PROFILES.hardened, true), request, left)
    // What the dead process was told comes too late for everybody.
    for (const answer of answers) answer()
    assert.equal(await callTime(ceremony), [], `after ${after} answers`)
    nothingIsHalfDone(at, ceremony, false)
    assert.equal(at.ledger.leaks(), [])
  }
  for (const state of ['holdingKek', 'trustingKek', 'wrapping', 'comparing']) assert.ok(states.has(`sourceHsm ${state}`), state)
  for (const state of ['makingKek', 'importing', 'keeping', 'destroying']) assert.ok(states.has(`vaultHsm ${state}`), state)
})

test('BYOK-132 an old snapshot shortens no memory: a vault put back to before an import does not import again', async () => {
  const at = await enclaves(PROFILES.hardened, null)
  await makeTarget(at.source, 'ec-P-256')
  const [options, request] = [optionsFor(at, PROFILES.hardened, true), { ...requestFor('ec-P-256'), disposeKek: false }]
  const first = new Ceremony(options)
  first.begin(request)
  let old: SessionSnapshot | null = null
  for (;;) {
    const [next] = first.session.inFlight
    if (!next) break
    if (next.message.type === 'client.importKey') old = first.session.persist()
    first.session.deliver(first.session.take()!)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(first.report().officer?.ok)
  const handles = at.vault.describe().map(({ handle }) => handle)
  const second = resume(options, request, old!)
  assert.equal(await callTime(second), [])
  const report: TransferReport = second.report()
  assert.not.ok(report.client?.ok)
  assert.not.ok(report.officer?.ok)
  assert.equal(
    at.vault
      .describe()
      .filter(({ origin }) => origin === 'imported')
      .map(({ handle }) => handle),
    handles.filter((handle) => at.vault.describe().some((record) => record.handle === handle && record.origin === 'imported')),
    'no second key of it',
  )
  assert.equal(
    Object.keys(keysOf(second)).filter((name) => name !== 'kek'),
    [],
  )
})

test('BYOK-155 a role that has ended stays ended', async () => {
  const at = await enclaves(PROFILES.hardened, null)
  await makeTarget(at.source, 'ec-P-256')
  const [options, request] = [optionsFor(at, PROFILES.hardened, true), requestFor('ec-P-256')]
  const first = new Ceremony(options)
  first.begin(request)
  assert.equal(await callTime(first), [])
  const again = resume(options, request, first.session.persist())
  assert.equal(again.report(), first.report())
  again.session.inject({ from: 'client', to: 'officer', port: 'wire', message: { type: 'client.gaveUp' } })
  assert.equal(await callTime(again), [])
  assert.equal(again.report(), first.report())
  assert.is(again.session.dropped.length, 1)
})

test.run()
