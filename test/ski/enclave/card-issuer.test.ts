/**
 * The card issuer, judged by `node:crypto`, and a card that was personalised by it.
 * @module
 */
import * as native from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { publicPart } from '../../../src/crypto/key-parts.js'
import { softwareCard } from '../../../src/ski/enclave/card.js'
import { cardIssuer, personalise } from '../../../src/ski/enclave/issuer.js'
import { SKI_PROFILES } from '../../../src/ski/policy.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { ecKey } from '../../enclave/support.js'
import { PINS, ask, issuerKey, ourIssuer, privateKey } from './card-case.js'
import { draw, kdf, readEvidence } from './card-node.js'

const issuing = suite('card issuer')
const crypto = nodeCrypto()
const pins = [PINS.user]

issuing('SKI-44 an endorsement is the issuer’s signature over card id and key', async () => {
  const signingKey = ecKey(42)
  const issuer = cardIssuer({ crypto, signingKey })
  // The issuer has a copy; whoever gave it the key wipes his own.
  signingKey.d.fill(0)
  const [cardId, key] = [draw(16), ecKey(3)]
  const endorsement = await issuer.endorse(cardId, publicPart(key))
  const signed = Buffer.concat([Buffer.from('keyferry ski card endorsement v1\0', 'latin1'), cardId, key.x, key.y])
  assert.is(endorsement.length, 64)
  assert.ok(native.verify('sha256', signed, { key: issuerKey(), dsaEncoding: 'ieee-p1363' }, endorsement))
  const { x, y } = issuerKey().export({ format: 'jwk' })
  assert.equal(
    [issuer.publicKey.x, issuer.publicKey.y].map((part) => Buffer.from(part).toString('base64url')),
    [x, y],
  )
  assert.equal(Object.keys(issuer.publicKey).sort(), ['curve', 'type', 'x', 'y'])
})

issuing('SKI-46 a card gets a key that is diversified for it', async () => {
  for (const bytes of [16, 24, 32]) {
    const [masterKey, cardId] = [draw(bytes), draw(16)]
    const options = await personalise({ crypto, cardId, masterKey, pins, policy: SKI_PROFILES.published })
    assert.equal(Buffer.from(options.sharedKey!), kdf(masterKey, 'keyferry ski card key', cardId, 32))
    assert.is(options.attestation, undefined)
  }
})

issuing('SKI-44 a personalised card gives evidence that holds up to its issuer', async () => {
  const masterKey = draw(32)
  const serverKey = publicPart(ecKey(41))
  const wanted = { crypto, issuer: ourIssuer(crypto), masterKey, serverKey, pins, policy: SKI_PROFILES.hardened, containers: 4 }
  const [one, other] = [await personalise(wanted), await personalise(wanted)]
  assert.not.equal(one.cardId, other.cardId)
  assert.not.equal(one.attestation!.key.d, other.attestation!.key.d)
  const card = softwareCard(one)
  await ask({ card }, { type: 'makeK1', channel: 0, container: 3, kind: 'ec-P-256', pinId: 0 }, 'enclave.k1Made')
  const { evidence } = await ask({ card }, { type: 'readKey', channel: 0, container: 3, evidence: 'attested' }, 'enclave.keyRead')
  assert.equal(readEvidence(evidence!, { issuer: issuerKey() })?.cardId, Buffer.from(one.cardId))
  assert.is(readEvidence(evidence!, { issuer: native.createPublicKey(privateKey(1)) }), null)
  const shared = await ask({ card }, { type: 'readKey', channel: 0, container: 3, evidence: 'sharedKey' }, 'enclave.keyRead')
  assert.ok(readEvidence(shared.evidence!, { shared: kdf(masterKey, 'keyferry ski card key', Buffer.from(one.cardId), 32) }))
})

issuing('SKI-44 what is no P-256 key is told by a TypeError', async () => {
  for (const signingKey of [
    { ...ecKey(1), curve: 'P-256K' as const },
    { ...ecKey(1), d: new Uint8Array(32) },
  ])
    assert.throws(() => cardIssuer({ crypto, signingKey }), /signingKey/)
  for (const call of [
    () => ourIssuer(crypto).endorse(draw(15), publicPart(ecKey(1))),
    () => personalise({ crypto, cardId: draw(17), pins, policy: SKI_PROFILES.published }),
  ])
    assert.throws(call, (error: unknown) => error instanceof TypeError)
})

issuing.run()
