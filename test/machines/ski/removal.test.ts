/**
 * One thing goes wrong: the card is pulled out or reset, a message is lost or comes twice; at every step in turn in one way, at
 * every third in the others. Whatever
 * the step, no half container is left, no handle outlives the card's power, and whoever ends, ends.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SKI_PROFILES } from '../../../src/ski/policy.js'
import { WAYS } from '../../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { ready, skiStorm, type Disturbance, type SkiStorm } from '../../support/ski-storm.js'

const crypto = await ready(nodeCrypto())
const test = suite('SKI, one mishap at every step')

const ACTS = ['remove', 'reset', 'lose', 'double'] as const

for (const way of WAYS) {
  const storm = (disturbances: readonly Disturbance[]): SkiStorm => ({
    policy: SKI_PROFILES.hardened,
    ways: [way],
    secret: 'ec-P-256',
    twoCards: false,
    serialised: true,
    watched: false,
    disturbances,
  })
  for (const what of ACTS)
    test(`SKI-18 SKI-28 SKI-247 way ${way}: ${what}, step after step`, async () => {
      const calm = await skiStorm(crypto, storm([]))
      assert.ok(calm.outcomes[0]?.ok)
      const steps = calm.world.injections.session.lines.filter(({ port }) => port !== 'enclave').length
      assert.ok(steps > 60)
      let refused = 0
      // Every step where the card goes out in the page's own way; elsewhere every third one, each act beginning at another.
      const stride = way === 'session' && what === 'remove' ? 1 : 3
      for (let turn = ACTS.indexOf(what) % stride; turn < steps; turn += stride) {
        const aftermath = await skiStorm(crypto, storm([{ turn, what, pick: 0, other: 0 }]))
        const [outcome] = aftermath.outcomes
        const at = `${what} at ${turn}`
        assert.is(aftermath.leftAtServer, 0, `${at}: nothing of the run lives at the server`)
        assert.ok(outcome, `${at}: the server ends`)
        for (const { fingerprint } of aftermath.installed) {
          assert.ok(aftermath.made.has(fingerprint), `${at}: only a whole key of the server's is in a container`)
          assert.ok(aftermath.archived.includes(fingerprint), `${at}: and it is archived`)
        }
        if (outcome.ok) assert.is(aftermath.installed.length, 1, `${at}: success means that the key is there`)
        else refused++
        if (what === 'remove' || what === 'reset') assert.is(aftermath.leftOnCards, 0, `${at}: no session key outlives the card's power`)
      }
      // What is lost or pulled out early stops a run; what comes twice may be noticed and stop it, too.
      if (what !== 'double') assert.ok(refused > steps / stride / 4, `${refused} of ${steps} are refused`)
    })
}

test.run()
