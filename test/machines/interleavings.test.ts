/**
 * All six roles on real bytes in bad hands, at random: whatever happens, nobody is left waiting, nothing is half stored,
 * no officer confirms what is not so, no secret is seen, and no message disappears without a note.
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AnyMachineSnapshot } from 'xstate'
import type { KeyVersion } from '../../machines/index.js'
import type { KeyHandle, KeyKind } from '../../src/enclave/commands.js'
import {
  CEREMONY_ROLES,
  FRONT,
  MALICE,
  POLICIES,
  SERVICES,
  stock,
  TACTICS,
  WEATHER,
  weather,
  type Aftermath,
  type Disturbance,
  type Storm,
} from '../support/storm.js'
import { VAULT } from '../support/world.js'

const test = suite('byok interleavings')
const seed = Number(process.env['KEYFERRY_SEED'] ?? 20_260_101)
/** Multiplies the number of runs. */
const times = Number(process.env['KEYFERRY_RUNS'] ?? 1)
const shared = await stock()

const storms = (words: readonly Disturbance['what'][], most: number, tactics: number): fc.Arbitrary<Storm> => {
  const disturbance = fc.record({ turn: fc.nat(34), what: fc.constantFrom(...words), pick: fc.nat(999), other: fc.nat(999) }, { noNullPrototype: true })
  return fc.record(
    {
      policy: fc.constantFrom(...POLICIES),
      kind: fc.constantFrom<KeyKind>('ec-P-256', 'oct-256'),
      serialised: fc.boolean(),
      late: fc.boolean(),
      history: fc.boolean(),
      expires: fc.constantFrom(null, null, 1_001_000),
      // Many attacks work only while nothing else goes wrong.
      disturbances: fc.oneof(fc.array(disturbance, { maxLength: most }), fc.array(disturbance, { maxLength: 1 })),
      tactics: fc.uniqueArray(fc.constantFrom(...TACTICS), { maxLength: tactics }),
    },
    { noNullPrototype: true },
  )
}

const recordsOf = (after: Aftermath): readonly KeyVersion[] =>
  Object.values((snapshotOf(after, 'vault').context as { keys: Record<string, readonly KeyVersion[]> }).keys).flat()
const nameOf = (after: Aftermath, handle: KeyHandle): readonly string[] =>
  Object.entries((snapshotOf(after, 'vault').context as { keys: Record<string, readonly KeyVersion[]> }).keys).flatMap(([name, versions]) =>
    versions.some((version) => version.handle === handle) ? [name] : [],
  )
const snapshotOf = (after: Aftermath, role: string) => after.world.ceremony.session.actor(role).getSnapshot() as AnyMachineSnapshot
const delivered = (after: Aftermath, type: RegExp) =>
  after.world.ceremony.session.lines.filter(({ port, message }) => port === 'wire' && type.test(message.type))

function everybodyEnds(after: Aftermath): void {
  for (const role of CEREMONY_ROLES) {
    const { status, output } = snapshotOf(after, role)
    assert.is(status, 'done', `BYOK-152 the ${role} ends`)
    assert.type((output as { ok: unknown }).ok, 'boolean', `BYOK-160 the ${role} has an output`)
  }
  for (const role of SERVICES) {
    const { status, value } = snapshotOf(after, role)
    assert.equal([status, value], ['active', 'waiting'], `BYOK-157 ${role} waits again`)
  }
}

/** What no enemy and no weather changes. */
function nothingIsShown(after: Aftermath): void {
  assert.equal(after.world.ledger.leaks(), [], 'BYOK-1 BYOK-6 BYOK-155 no secret in anything public')
  assert.equal(after.miscounted, [], 'BYOK-154 what a port does not let in is noted')
}

/** The source HSM and its officer: nothing for a stranger, nothing left behind, no wrong word. */
function sourceIsSafe(after: Aftermath): void {
  const { world, storm, request, report, everHeld, opened } = after
  if (storm.policy.kekProof !== 'none') assert.equal(opened, [], 'BYOK-140 nobody but the vault meant can open what was wrapped')
  const left = world.source.describe()
  assert.ok(
    left.every(({ class: of, owner }) => of !== 'public' && owner === null),
    'BYOK-159 the source HSM holds no KEK any more',
  )
  const { officer } = report
  if (!officer?.ok || !storm.policy.compareImported) return
  const kept = officer.kid && everHeld.get(officer.kid.version)
  const target = left.find(({ label }) => label === request.target)!
  assert.ok(kept, 'P2b what the officer confirms was kept')
  assert.is(officer.compared, true)
  assert.is(kept.identity, target.identity, 'BYOK-146 the key that is confirmed is the target')
  assert.equal([...kept.operations].sort(), [...request.operations].sort(), 'BYOK-147 with the operations meant')
  assert.equal([kept.kid?.vault, kept.kid?.name], [VAULT, request.name], 'BYOK-147 in the vault and under the name meant')
  assert.equal([kept.origin, kept.sensitive, kept.extractable, kept.trusted], ['imported', true, false, false], 'BYOK-128')
}

/** The vault, as long as its own front end is honest. */
function nothingIsHalfStored(after: Aftermath): void {
  const { world, said } = after
  const records = recordsOf(after)
  const live = world.vault.describe()
  const { orphans } = snapshotOf(after, 'vault').context as { orphans: readonly KeyHandle[] }
  const named = (handle: KeyHandle, types: RegExp, lines: readonly { message: object }[]) =>
    lines.some(({ message }) => types.test((message as { type: string }).type) && (message as { key?: unknown }).key === handle)
  for (const record of records as readonly (KeyVersion & { version: string })[]) {
    const key = live.find(({ handle }) => handle === record.handle)
    // A deletion whose answer was lost: the record stays, opens nothing, and goes when the deletion is asked again.
    if (!key && record.kek && named(record.handle, /^vault\.destroy$/, said)) continue
    assert.ok(key, 'BYOK-17 every record has a live key')
    assert.equal([key.owner, key.key, key.operations.includes('import'), key.kid?.version], [null, record.key, record.kek, record.version])
    assert.ok(nameOf(after, key.handle).includes(key.kid!.name), 'BYOK-17 it lies under the name under which it was made')
  }
  for (const { handle, owner } of live) {
    assert.is(owner, null, 'BYOK-129 no key of a conversation outlives it')
    if (records.some((record) => record.handle === handle)) continue
    // Without a record: only where the HSM's word did not reach the vault, or as long as the vault's order to destroy it does not get through.
    assert.ok(named(handle, /^vaultHsm\.(kekMade|imported)$/, said), 'BYOK-157 a key that nobody was told of does not live')
    const told = named(handle, /^vaultHsm\.(kekMade|imported)$/, delivered(after, /^vaultHsm/))
    assert.ok(!told || orphans.includes(handle), 'BYOK-17 a key that the vault was told of is recorded, or ordered destroyed again and again')
  }
  const answered = new Set(
    said.flatMap(({ message }) => (message.type === 'vault.key' ? [(message as unknown as { kid: { version: string } }).kid.version] : [])),
  )
  for (const { version } of records as (KeyVersion & { version: string })[]) assert.ok(answered.has(version), 'BYOK-17 what was refused left no record')
}

/** Counts how many runs ended how, so that a generator that does nothing is noticed. */
const tally = { runs: 0, confirmed: 0, refused: 0, carried: 0 }
function count(after: Aftermath): void {
  tally.runs++
  if (after.report.officer?.ok && after.report.client?.ok) tally.confirmed++
  else tally.refused++
  tally.carried += after.world.ceremony.session.lines.length
}

const property = (runs: number, words: readonly Disturbance['what'][], most: number, tactics: number, laws: readonly ((after: Aftermath) => void)[]) =>
  fc.assert(
    fc.asyncProperty(storms(words, most, tactics), async (storm) => {
      const after = await weather(storm, shared)
      for (const law of laws) law(after)
      count(after)
      after.world.ceremony.session.stop()
    }),
    { seed, numRuns: times * runs, includeErrorInReport: true },
  )

test('BYOK-150 BYOK-17 lost, doubled, delayed and reordered messages, time and cancels at any moment', async () => {
  await property(160, WEATHER, 6, 0, [everybodyEnds, nothingIsShown, sourceIsSafe, nothingIsHalfStored])
  // Without an enemy, the client's word is as good as the officer's.
  assert.ok(tally.confirmed > 20 && tally.refused > 20, JSON.stringify(tally))
})

test('BYOK-21 BYOK-140 a host who changes, repeats, misdirects and invents what he likes', () =>
  property(160, [...MALICE, ...MALICE, ...WEATHER], 8, 3, [everybodyEnds, nothingIsShown, sourceIsSafe, nothingIsHalfStored]))

test('BYOK-21 BYOK-157 a front end that commands its HSM and lies to everybody', () =>
  property(100, [...FRONT, ...FRONT, ...MALICE, ...WEATHER], 10, 3, [everybodyEnds, nothingIsShown, sourceIsSafe]))

test('how much that was', () => {
  process.stdout.write(
    `${tally.runs} conversations (seed ${seed}), ${tally.confirmed} confirmed, ${tally.refused} refused, ${tally.carried} messages and commands\n`,
  )
  assert.is(tally.runs, 420 * times)
})

test.run()
