/**
 * Each attack against each defence: `published`, `hardened`, and `hardened` with one thing left out at a time. What is left
 * out lets the attacks through that it is there for, and no others: so each policy is needed, and none stands in for another.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFENCES, skiScene, stockedCrypto } from '../../support/ski-attack.js'
import { certified, spkiOf } from '../../support/ski-attacker.js'
import { ATTACKS } from '../../support/ski-attacks.js'

const test = suite('ski attacks, each defence left out alone')
const crypto = await stockedCrypto()

type AttackName = keyof typeof ATTACKS
type DefenceName = keyof typeof DEFENCES

const OF_A1: readonly AttackName[] = ['K1 substitution', 'DH key substitution', 'a genuine card of somebody else']
const OF_A2: readonly AttackName[] = ['IV rewriting', 'the same sealed data again', 'PIN guessing', 'forged success', 'overwriting']

/** What gets through, and by which assumption or requirement. */
const LETS_THROUGH: Readonly<Record<DefenceName, { readonly by: string; readonly attacks: readonly AttackName[] }>> = {
  published: { by: 'A1 A2 A6', attacks: [...OF_A1, ...OF_A2, 'planting', 'replay after a reset'] },
  hardened: { by: 'SKI-250', attacks: [] },
  k1Proof: { by: 'A1 SKI-43', attacks: OF_A1 },
  // What is planted may say that it overwrites.
  serverProof: { by: 'A6 SKI-50', attacks: ['planting', 'overwriting'] },
  // The server's proof still names a nonce of the card, so that no session comes again after a reset.
  sealedData: { by: 'A2 SKI-66', attacks: OF_A2 },
  receipts: { by: 'A2 SKI-250', attacks: ['forged success'] },
  cardNonce: { by: 'A2 SKI-68', attacks: ['replay after a reset'] },
  // Nobody gets a pair of his own onto a card that proves its server, so this rule is needed behind another one only.
  k1Origin: { by: 'SKI-212', attacks: [] },
}

for (const [defence, { by, attacks }] of Object.entries(LETS_THROUGH) as [DefenceName, (typeof LETS_THROUGH)[DefenceName]][])
  for (const [name, attack] of Object.entries(ATTACKS) as [AttackName, (typeof ATTACKS)[AttackName]][]) {
    const through = attacks.includes(name)
    const against = defence === 'published' || defence === 'hardened' ? defence : `hardened without ${defence}`
    test(`${by} ${against}: ${name} ${through ? 'succeeds' : 'fails'}`, async () => {
      const { achieved, at, run, last, stolen } = await attack(crypto, DEFENCES[defence])
      assert.is(achieved, through)
      if (through) return
      // The last word was a refusal; and no certificate is about a key that the attacker has.
      assert.match(last.type, /refused$/)
      if (stolen) assert.not.ok(at.heard.some(({ message }) => 'certificate' in message && certified(message.certificate) === spkiOf(stolen)))
      if (OF_A1.includes(name)) assert.not.equal(run.outcome(), true)
    })
  }

test('SKI-250 without each of them alone, the honest run still completes, in every way', async () => {
  for (const defence of Object.values(DEFENCES))
    for (const way of ['session', 'agreement', 'shared', 'derived'] as const)
      for (const secret of ['ec-P-256', 'pin'] as const) {
        const at = await skiScene(crypto, defence)
        const { client, server } = await at.injections.inject(at.request({ way, secret }))
        assert.equal([client?.ok, server?.ok], [true, true])
        assert.is(at.cards['card']!.enclave.describe().containers.filter(({ origin }) => origin === 'imported').length, secret === 'pin' ? 0 : 1)
      }
})

test.run()
