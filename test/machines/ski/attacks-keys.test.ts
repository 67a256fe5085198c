/**
 * Attacks on how a key is established, on real bytes: what `published` lets the host do to K1 and S1, with the assumption
 * that it hangs on, and with which word `hardened` refuses it. Whatever is refused leaves nothing installed and no trusted
 * party that reports success.
 */
import { createHash, verify, X509Certificate, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SkiPolicy, Way } from '../../../src/ski/policy.js'
import { SUBJECT, type RunWanted, type SecretName } from '../../../tools/cli/ski/world.js'
import { codeOf, DEFENCES, skiScene, stockedCrypto, wrappedIn, type Hosted, type HostedRun, type SkiScene, type Words } from '../../support/ski-attack.js'
import {
  agreedS1,
  certified,
  forgedProof,
  openPublished,
  ownPair,
  raw,
  restated,
  signed,
  spkiOf,
  statementParts,
  stolenKey,
  text,
  unwrapS1,
  wrapS1,
} from '../../support/ski-attacker.js'
import { foreignCard, importedK1, opened, plant, planting, substitution } from '../../support/ski-attacks.js'

const test = suite('ski attacks on keys')
const crypto = await stockedCrypto()
const { published, hardened } = DEFENCES

/** A run of the honest roles. */
const inject = (at: SkiScene, wanted: Partial<RunWanted> = {}) => at.injections.inject(at.request({ way: 'session', secret: 'ec-P-256', ...wanted }))

/** Nobody trusted has reported success, nothing was sealed, nothing is installed. */
function nothingHappened(at: SkiScene, run?: Hosted): void {
  assert.is(at.told('server.sealed'), 0)
  assert.is(at.told('server.certificate') + at.told('server.completed'), 0)
  for (const { enclave } of Object.values(at.cards)) assert.not.ok(enclave.describe().containers.some(({ purpose }) => purpose === 'user'))
  if (run) assert.not.equal(run.outcome(), true)
}

/** Whether a private key is the one that a certificate is about: a signature tells. */
function isKeyOf(stolen: KeyObject, certificate: unknown): boolean {
  const { publicKey } = new X509Certificate(raw(certificate))
  const label = 'signed by who should not'
  if (stolen.asymmetricKeyType === 'rsa') return spkiOf(stolen) === spkiOf(publicKey)
  return verify('sha256', Buffer.from(label), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signed(stolen, label, Buffer.alloc(0)))
}

// 1. K1 substitution.

for (const secret of ['ec-P-256', 'rsa-2048'] as const satisfies readonly SecretName[])
  test(`A1 published: K1 substitution gives the host S1 and K2 (${secret}), and nobody notices`, async () => {
    const at = await skiScene(crypto, published)
    const own = ownPair('rsa')
    let genuine = ''
    let s1: Buffer | undefined
    let stolen: KeyObject | undefined
    at.tamper = (envelope) => {
      const message = envelope.message as Words
      if (message.type === 'client.offer') {
        genuine = String(message['spki'])
        return [{ ...envelope, message: { ...message, spki: own.spki } as Words }]
      }
      if (message.type === 'server.sessionKey') {
        s1 = unwrapS1(own, wrappedIn(message))
        return [{ ...envelope, message: { ...message, input: text(wrapS1(genuine, s1)) } as Words }]
      }
      if (message.type === 'server.sealed') stolen = stolenKey(openPublished(s1!, raw(message['iv']), message['blobs'] as string[]))
      return [envelope]
    }
    const report = await inject(at, { secret })
    assert.equal([codeOf(report.client), codeOf(report.server)], [true, true])
    const certificate = at.last('server.certificate')['certificate']
    assert.is(spkiOf(stolen!), certified(certificate))
    assert.ok(isKeyOf(stolen!, certificate))
    assert.is(at.container(1)?.spki, spkiOf(stolen!), 'and it is the key on the card')
  })

test('A1 published: the same with a point of the host’s own, in the way of the DH agreement', async () => {
  const { achieved, run, stolen, last } = await substitution('agreement')(crypto, published)
  assert.ok(achieved)
  assert.is(run.outcome(), true)
  assert.ok(isKeyOf(stolen!, last['certificate']))
})

for (const way of ['session', 'agreement'] as const)
  test(`A1 published: substitution in the way ${way} gives the host both PINs of a change`, async () => {
    const at = await skiScene(crypto, published)
    const injects: HostedRun['injects'] = (hold) => {
      const target = { pinId: 1, pin: hold('the new one of the holder'), tries: 3 }
      return { what: 'pin', subject: SUBJECT, function: 'Change Authenticator', flags: 1, pinId: 2, pin: hold('the administrator’s'), target }
    }
    const run = at.host({ way, secret: 'pin', injects })
    const own = ownPair(way === 'session' ? 'rsa' : 'ec')
    const key = await run.offer((offer) => ({ ...offer, spki: own.spki }))
    const s1 = way === 'session' ? unwrapS1(own, wrappedIn(key)) : agreedS1(own, raw(key['peer']), run.context())
    const sealed = await run.tell({ type: 'client.established', session: run.known.start!['session'], nonce: null, receipt: null })
    assert.match(opened(at, s1, run.context(), sealed).toString('utf8'), /the administrator’sthe new one of the holder$/)
  })

for (const way of ['session', 'agreement'] as const satisfies readonly Way[]) {
  test(`SKI-44 hardened: substitution in the way ${way}, with the card’s own statement beside it, is refused`, async () => {
    const { achieved, at, run, last } = await substitution(way)(crypto, hardened)
    assert.not(achieved)
    assert.equal([run.outcome(), last], ['card_not_proven', { type: 'server.refused', session: run.known.start!['session'] }])
    assert.is(at.told('server.sessionKey'), 0)
    nothingHappened(at, run)
  })

  test(`SKI-28 hardened: honest client and minidriver under substitution in the way ${way} end with a refusal`, async () => {
    const at = await skiScene(crypto, hardened)
    const { spki } = ownPair(way === 'session' ? 'rsa' : 'ec')
    at.tamper = (envelope) => [envelope.message.type === 'client.offer' ? { ...envelope, message: { ...envelope.message, spki } as Words } : envelope]
    const report = await inject(at, { way })
    assert.equal([codeOf(report.client), codeOf(report.server)], ['server_refused', 'card_not_proven'])
    nothingHappened(at)
  })

  for (const k1Proof of ['pinned', 'sharedKey'] as const)
    test(`SKI-45 SKI-46 ${k1Proof}: the card’s own key is taken in the way ${way}, another one is refused`, async () => {
      const policy: SkiPolicy = { ...hardened.policy, k1Proof }
      for (const honest of [true, false]) {
        const at = await skiScene(crypto, { policy })
        const maker = at.host({ way })
        await maker.apdu({ type: 'apdu.generate', container: 12, kind: way === 'session' ? 'rsa-2048' : 'ec-P-256', pinId: 0 })
        const shown = await maker.apdu({ type: 'apdu.readKey', container: 12, evidence: k1Proof === 'sharedKey' ? 'sharedKey' : 'plain' })
        const k1 = `spki-sha256:${createHash('sha256').update(raw(shown['spki'])).digest('hex')}`
        const run = at.host({ way, enrolment: { k1 } })
        const last = await run.offer((offer) => ({
          ...offer,
          ...{ k1Container: 12, spki: honest ? shown['spki'] : ownPair(way === 'session' ? 'rsa' : 'ec').spki },
          evidence: shown['evidence'] ?? null,
        }))
        assert.is(last.type, honest ? 'server.sessionKey' : 'server.refused')
        if (!honest) assert.is(run.outcome(), 'card_not_proven')
        nothingHappened(at, run)
      }
    })
}

// 7. Keys that are not K1, and statements that are not the card's.

for (const [title, change] of [
  ['a statement about the card’s key, with another key in it', (bytes, own, id) => restated(statementParts(bytes), raw(own), id)],
  [
    'a statement of an attestation key that an issuer of the host’s own endorses',
    (bytes, own, id) => restated(statementParts(bytes), raw(own), id, forgedProof(id)),
  ],
  ['no statement', () => null],
  ['a statement cut short', (bytes) => text(raw(bytes).subarray(0, -1))],
  ['a statement that was changed to one about a DH key', (bytes) => text(Buffer.from(raw(bytes)).fill(2, 8, 9))],
] as const satisfies readonly (readonly [string, (evidence: unknown, own: string, cardId: Buffer) => string | null])[])
  test(`SKI-44 hardened: a key made off the card is no K1: ${title}`, async () => {
    const at = await skiScene(crypto, hardened)
    const run = at.host()
    const own = ownPair('rsa')
    await run.offer((offer) => ({ ...offer, spki: own.spki, evidence: change(offer['evidence'], own.spki, raw(offer['cardId'])) }))
    assert.is(run.outcome(), 'card_not_proven')
    nothingHappened(at, run)
  })

test('SKI-212 SKI-48 a pair that was brought onto the card is no K1: no statement about it, no session key under it', async () => {
  for (const defence of [published, DEFENCES.serverProof]) {
    const at = await skiScene(crypto, defence)
    const run = at.host()
    const own = ownPair('rsa')
    assert.is((await plant(at, run, own, 5)).type, 'card.processed')
    assert.equal([at.container(5)!.spki, at.container(5)!.purpose], [own.spki, 'user'])
    for (const evidence of ['attested', 'sharedKey'])
      assert.equal(await run.apdu({ type: 'apdu.readKey', container: 5, evidence }), { type: 'card.refused', channel: 1, sw: 0x6985 })
    const input = text(wrapS1(own.spki, Buffer.alloc(32)))
    const taken = await run.apdu({ type: 'apdu.importSessionKey', container: 5, algorithm: 'AES-256', padding: 'oaep-sha256', proven: false, input })
    assert.is(taken['sw'], 0x6985)
  }
})

test('SKI-212 a card that forgets where a key came from states the host’s pair as K1; who cannot plant one gains nothing by that', async () => {
  const without = ['importedIsOrdinary'] as const
  const alone = await importedK1(crypto, { policy: hardened.policy, without })
  assert.not(alone.achieved)
  const both = await importedK1(crypto, { policy: DEFENCES.serverProof.policy, without })
  assert.ok(both.achieved)
  assert.is(certified(both.last['certificate']), spkiOf(both.stolen!))
  assert.not((await importedK1(crypto, DEFENCES.serverProof)).achieved)
})

// 6. Somebody else's genuine card.

test('A1 published: the host’s own genuine card takes the key that was meant for another one', async () => {
  const { achieved, at, run, last } = await foreignCard(crypto, published)
  assert.ok(achieved)
  assert.is(run.outcome(), true)
  assert.is(at.container(1, 'card2')?.spki, certified(last['certificate']))
})

test('SKI-47 hardened: the host’s own genuine card is attested, but not enrolled', async () => {
  const { achieved, at, run } = await foreignCard(crypto, hardened)
  assert.not(achieved)
  assert.is(run.outcome(), 'card_not_enrolled')
  nothingHappened(at, run)
})

test('SKI-44 SKI-47 hardened: a lie about the card id does not help: the statement is believed, and it is of one card', async () => {
  for (const way of ['session', 'agreement', 'shared', 'derived'] as const) {
    const at = await skiScene(crypto, hardened, { cards: 2 })
    const id = raw(at.cards['card']!.id)
    const run = at.host({ way, inReader: 'card2' })
    await run.offer((offer) => ({ ...offer, cardId: text(id) }))
    const other = at.host({ way, inReader: 'card2' })
    await other.offer((offer) => ({
      ...offer,
      evidence: offer['evidence'] && restated(statementParts(offer['evidence']), statementParts(offer['evidence']).spki, id),
    }))
    const keyed = way === 'session' || way === 'agreement'
    // Without K1 the id is a claim, which only the card with the shared key of that id can make good.
    if (!keyed) assert.is((await run.takeKey())['sw'], 0x6982)
    assert.equal([run.outcome(), other.outcome()], keyed ? ['card_not_enrolled', 'card_not_proven'] : [null, 'card_not_enrolled'])
    nothingHappened(at, run)
  }
})

// 2. A planted key.

for (const type of ['ec', 'rsa'] as const)
  test(`A6 published: the host’s own ${type} key lies in the container for which the server certifies another one`, async () => {
    const at = await skiScene(crypto, published)
    const run = at.host()
    await run.upToSealed()
    const own = ownPair(type)
    assert.is((await plant(at, run, own, 1)).type, 'card.processed')
    const last = await run.finish(null)
    assert.is(run.outcome(), true)
    assert.is(at.container(1)!.spki, own.spki)
    assert.equal([at.container(1)!.origin, at.container(1)!.pinId], ['imported', 1])
    assert.is.not(certified(last['certificate']), own.spki)
  })

test('SKI-50 SKI-51 hardened: a session key of the host’s is refused, bare, unproven, or signed by a server of his own', async () => {
  const { achieved, at, run } = await planting(crypto, hardened)
  assert.not(achieved)
  const refusals = at.heard.filter(({ message }) => message.type === 'card.refused').map(({ message }) => (message as Words)['sw'])
  assert.equal(refusals, [0x6982, 0x6982, 0x6982])
  assert.equal(at.cards['card']!.enclave.describe().keys, [])
  nothingHappened(at, run)
})

test('SKI-54 hardened: what the server proved for the host’s own card is refused by another one', async () => {
  const at = await skiScene(crypto, hardened, { cards: 2 })
  const own = at.host({ card: 'card2' })
  assert.is((await own.offer()).type, 'server.sessionKey')
  const victim = at.host({ card: 'card' })
  await victim.offer()
  const { algorithm, padding, input } = own.known.key!
  const container = own.known.offer!['k1Container']
  await victim.apdu({ type: 'apdu.generate', container, kind: 'rsa-2048', pinId: 0 })
  const taken = await victim.apdu({ type: 'apdu.importSessionKey', container, algorithm, padding, proven: true, input })
  assert.is(taken['sw'], 0x6982)
  assert.equal(at.cards['card']!.enclave.describe().keys, [])
  nothingHappened(at, victim)
})

// 10. Downgrades, mismatches, stale evidence.

for (const [title, change, code] of [
  ['SKI-31 a card that has nothing but 3DES', { algorithms: ['3DES', '3DES_112'] }, 'no_common_algorithm'],
  ['SKI-31 a card that has no algorithm', { algorithms: [] }, 'no_common_algorithm'],
  ['SKI-31 a card that has no padding', { paddings: 0 }, 'no_common_algorithm'],
  ['SKI-31 a card that has only paddings for signatures', { paddings: 4 }, 'no_common_algorithm'],
  ['SKI-40 a way that the server does not offer', { way: 'shared', spki: null, evidence: null, k1Container: null }, 'no_common_way'],
  ['SKI-23 another product', { product: 'Another Minidriver' }, 'product_not_served'],
  ['SKI-23 another version', { version: 6 }, 'product_not_served'],
  ['SKI-49 a container that is not for this requester', { container: 40 }, 'place_not_allowed'],
  ['SKI-49 a PIN that is not for this requester', { pinId: 2 }, 'place_not_allowed'],
  ['SKI-9 another session', { session: text(Buffer.alloc(16)) }, 'out_of_turn'],
] as const)
  for (const [profile, defence] of [
    ['published', published],
    ['hardened', hardened],
  ] as const)
    test(`${title} is refused (${profile})`, async () => {
      const at = await skiScene(crypto, defence)
      const run = at.host()
      const last = await run.offer((offer) => ({ ...offer, ...change }))
      assert.equal([last.type, run.outcome()], ['server.refused', code])
      nothingHappened(at, run)
    })

test('SKI-31 a weaker padding than the server’s list has is not agreed on because a client says so', async () => {
  for (const defence of [published, hardened]) {
    const at = await skiScene(crypto, defence)
    const run = at.host({ padding: 'oaep-sha256' })
    await run.offer((offer) => ({ ...offer, paddings: 2 }))
    assert.is(run.outcome(), 'no_common_algorithm')
    nothingHappened(at, run)
  }
})

test('SKI-41 a card that is said to take nothing but plaintext gets nothing', async () => {
  for (const defence of [published, hardened]) {
    const at = await skiScene(crypto, defence)
    at.tamper = (envelope) => [envelope.message.type === 'card.capabilities' ? { ...envelope, message: { ...envelope.message, mask: 1 } as Words } : envelope]
    const report = await inject(at)
    assert.is(codeOf(report.client), 'plain_text_only')
    assert.not.ok(report.server?.ok)
    nothingHappened(at)
  }
})

test('SKI-68 hardened: evidence with a nonce that another one has replaced gets a session key that the card does not take', async () => {
  const at = await skiScene(crypto, hardened)
  const run = at.host()
  await run.offer()
  await run.apdu({ type: 'apdu.challenge' })
  assert.is((await run.takeKey())['sw'], 0x6982)
  const later = at.host()
  await later.offer()
  await at.reset()
  assert.is((await later.takeKey())['sw'], 0x6982)
  assert.equal(at.cards['card']!.enclave.describe().keys, [])
  nothingHappened(at, later)
})

test('SKI-54 hardened: what the server proved for one algorithm, padding, way or container is refused for another one', async () => {
  const at = await skiScene(crypto, hardened)
  for (const change of [{ algorithm: 'AES-128' }, { padding: 'oaep-sha512' }, { padding: 'pkcs1' }, { container: 6 }, { proven: false }] as const) {
    const run = at.host()
    await run.offer()
    const { algorithm, padding, input } = run.known.key!
    await run.apdu({ type: 'apdu.generate', container: 6, kind: 'rsa-2048', pinId: 0 })
    const command = { type: 'apdu.importSessionKey', container: run.known.offer!['k1Container'], algorithm, padding, proven: true, input, ...change }
    assert.is((await run.apdu(command)).type, 'card.refused', JSON.stringify(change))
  }
  assert.equal(at.cards['card']!.enclave.describe().keys, [])
})

test('SKI-76 hardened: not one byte of what the server says at step 16 can be changed', async () => {
  const at = await skiScene(crypto, hardened)
  const run = at.host()
  await run.offer()
  const input = raw(run.known.key!['input'])
  const { algorithm, padding } = run.known.key!
  const container = run.known.offer!['k1Container']
  for (let byte = 0; byte < input.length; byte += 3) {
    const changed = Buffer.from(input)
    changed[byte]! ^= 1 << (byte % 8)
    const taken = await run.apdu({ type: 'apdu.importSessionKey', container, algorithm, padding, proven: true, input: text(changed) })
    assert.is(taken.type, 'card.refused', `byte ${byte}`)
  }
  // None of them has used the nonce up.
  assert.is((await run.takeKey()).type, 'card.sessionKey')
})

test.run()
