/**
 * Many runs in bad hands, on real bytes: whatever is lost, doubled, delayed, changed, repeated, misrouted or invented, and
 * whatever happens to the card in its reader, the hardened profile keeps what it promises, and no profile shows a secret.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SKI_PROFILES, type SkiPolicy, type Way } from '../../../src/ski/policy.js'
import { WAYS, type SecretName } from '../../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { ACTS, ready, skiStorm, type SkiAftermath, type SkiStorm } from '../../support/ski-storm.js'

const crypto = await ready(nodeCrypto())
const storms = suite('SKI interleavings')

const disturbance = fc.record({ turn: fc.nat(150), what: fc.constantFrom(...ACTS), pick: fc.nat(4000), other: fc.nat(4000) }, { noNullPrototype: true })

const anyStorm = (policy: SkiPolicy, runs: 1 | 2): fc.Arbitrary<SkiStorm> =>
  fc.record(
    {
      policy: fc.constant(policy),
      ways: fc.array(fc.constantFrom<Way[]>(...WAYS), { minLength: runs, maxLength: runs }),
      secret: fc.constantFrom<SecretName[]>('ec-P-256', 'ec-P-256', 'pin'),
      twoCards: runs === 2 ? fc.boolean() : fc.constant(false),
      serialised: fc.boolean(),
      disturbances: fc.array(disturbance, { minLength: 1, maxLength: 12 }),
    },
    { noNullPrototype: true },
  )

/** What holds in every profile: no secret is seen, every run ends, and nothing of it lives on. */
function promisedAlways({ world, outcomes, leftAtServer }: SkiAftermath): void {
  assert.equal(world.ledger.leaks(), [], 'SKI-1 SKI-2 SKI-4 no secret outside an enclave')
  assert.not(outcomes.includes(null), 'SKI-240 SKI-242 every run ends')
  assert.is(leftAtServer, 0, 'SKI-19 SKI-28 nothing of an ended run lives in the server’s enclave')
}

/** What `hardened` adds. */
function promisedHardened(aftermath: SkiAftermath): void {
  const { outcomes, made, installed, archived } = aftermath
  for (const { fingerprint } of installed) assert.ok(made.has(fingerprint), 'SKI-50 only what the server made is on a card')
  // A failed run may have installed its key before the word of it was lost; what is on a card is archived in any case.
  for (const { fingerprint } of installed) assert.ok(archived.includes(fingerprint), 'SKI-24 what is on a card is archived')
  for (const outcome of outcomes) {
    if (!outcome?.ok) continue
    assert.ok(outcome.confirmedByCard, 'SKI-250 success is the card’s word')
    if (outcome.fingerprint === null) continue
    const here = installed.filter(({ fingerprint }) => fingerprint === outcome.fingerprint)
    assert.equal(
      here.map(({ container }) => container),
      [outcome.container],
      'SKI-250 the key is where the server believes it to be, and nowhere else',
    )
  }
}

storms('SKI-213 SKI-248 two undisturbed runs at once: both succeed on two cards, and on one card the place that both chose is filled once', async () => {
  for (const twoCards of [false, true]) {
    const aftermath = await skiStorm(crypto, {
      policy: SKI_PROFILES.hardened,
      ways: ['derived', 'shared'],
      secret: 'ec-P-256',
      twoCards,
      serialised: true,
      disturbances: [],
    })
    promisedAlways(aftermath)
    promisedHardened(aftermath)
    // On one card both clients see the same free container at the same time, and it is filled once: the other run is refused.
    assert.is(aftermath.outcomes.filter((outcome) => outcome?.ok).length, twoCards ? 2 : 1)
    assert.is(aftermath.installed.length, twoCards ? 2 : 1)
    assert.is(aftermath.leftOnCards, 0, 'SKI-19')
  }
})

const check = async (policy: SkiPolicy, runs: 1 | 2, numRuns: number, promised: (aftermath: SkiAftermath) => void) => {
  let succeeded = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(anyStorm(policy, runs), async (storm) => {
      const aftermath = await skiStorm(crypto, storm)
      promisedAlways(aftermath)
      promised(aftermath)
      succeeded += aftermath.outcomes.filter((outcome) => outcome?.ok).length
      refused += aftermath.outcomes.filter((outcome) => !outcome?.ok).length
    }),
    { numRuns },
  )
  // A storm that never lets anything through, or never stops anything, would show nothing.
  assert.ok(succeeded > 0, 'some runs succeed')
  assert.ok(refused > 0, 'some runs are refused')
}

storms('SKI-28 SKI-240 SKI-247 SKI-250 one run at a time, hardened', () => check(SKI_PROFILES.hardened, 1, 120, promisedHardened))
storms('SKI-15 SKI-28 SKI-240 SKI-248 SKI-250 two runs at once, hardened', () => check(SKI_PROFILES.hardened, 2, 80, promisedHardened))
storms('SKI-1 SKI-28 SKI-240 one run at a time, published', () => check(SKI_PROFILES.published, 1, 60, () => {}))

storms.run()
