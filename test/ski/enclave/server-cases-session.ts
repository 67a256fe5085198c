/**
 * What a server's enclave refuses of handles, sessions and cards, and which evidence proves nothing.
 * @module
 */
import * as assert from 'uvu/assert'
import type { ServerCommand, SkiHandle } from '../../../src/ski/enclave/commands.js'
import { b64, draw, keyDataBlob, unb64 } from './card-node.js'
import { evidenceOf, ISSUER, nodeCard, pairOf, type Said } from './server-node.js'
import { ask, composed, established, judged, K1_CONTAINER, refused, say, sealing } from './server-support.js'
import { type Case, published, UNKNOWN, at, nothing, run, begun, wrapping, claim, composing, importing, flipped } from './server-case.js'

/** Evidence that proves nothing. */
const unproven = (title: string, said: Said, spki: () => Buffer = () => pairOf('rsa-2048', 1).spki, issuer = ISSUER): Case => ({
  title,
  run: async (make) => {
    const subject = make()
    await begun(subject)
    const node = nodeCard(issuer)
    const { evidence } = evidenceOf(node, spki(), said)
    const answer = await ask(subject, 'c', claim({ cardId: b64(node.cardId), evidence }) as ServerCommand, 'enclave.cardJudged')
    assert.equal([answer.proof, answer.cardId], ['none', b64(node.cardId)])
  },
})

/** Every case. */
export const SESSION_CASES: readonly Case[] = [
  // Handles.
  at('SKI-218 a handle that never was', {}, nothing, () => wrapping(UNKNOWN), 'handle_unknown', 'card'),
  {
    title: 'SKI-15 a handle of another conversation is refused like one that never was',
    run: async (make) => {
      const subject = make({ policy: { sealedData: 'published' } })
      const theirs = await composed(subject, { conversation: 'd' })
      await ask(subject, 'c', { type: 'beginSession' }, 'enclave.sessionBegun')
      for (const command of [
        wrapping(theirs.card),
        sealing(theirs),
        composing(theirs),
        { type: 'destroyKey', key: theirs.k2 },
        { type: 'envelopeKey', key: theirs.k2, agents: [] },
      ]) {
        const answers = [
          await say(subject, 'c', command),
          await say(subject, 'c', JSON.parse(JSON.stringify(command).replaceAll(/"[0-9a-f]{32}"/g, `"${UNKNOWN}"`))),
        ]
        assert.is(answers[0]?.type, 'enclave.refused')
        assert.equal(answers[0], answers[1])
      }
    },
  },
  {
    title: 'SKI-210 an object is good for what it is: every other sort of object in its place is refused',
    run: async (make) => {
      const subject = make(published)
      const point = await composed(subject)
      const blob = subject.server.deposit('c', keyDataBlob(draw(32)), { kind: 'keyBlob' })
      const pin = subject.server.holdPin('c', Buffer.from('1234'))
      const objects = { card: point.card, keyBlob: blob, structure: point.structure, sessionKey: point.key, keyPair: point.k2, pin }
      const uses: readonly (readonly [keyof typeof objects, string, (handle: SkiHandle) => object])[] = [
        ['card', 'card', (card) => wrapping(card)],
        ['keyBlob', 'blob', (named) => ({ type: 'mdImportSessionKey', blob: named, blobType: 'KeyDataBlob', algorithm: 'AES' })],
        ['structure', 'blob', (named) => ({ ...sealing(point), blob: named })],
        ['sessionKey', 'key', (key) => ({ ...sealing(point), key })],
        ['sessionKey', 'key', (key) => ({ type: 'setKeyProperty', key, mode: 'CBC', iv: null })],
        ['sessionKey', 'key', (key) => ({ type: 'mdOpenResponse', key, function: 'Authenticate', blobs: ['AA'] })],
        ['keyPair', 'key', (key) => composing({ ...point, k2: key })],
        ['keyPair', 'key', (key) => ({ type: 'requestCertificate', key, subject: 'CN=a' })],
        ['keyPair', 'key', (key) => ({ type: 'envelopeKey', key, agents: ['AA'] })],
        ['pin', 'pin', (named) => ({ type: 'composePin', function: 'Authenticate', flags: 0, pinId: 1, pin: named, target: null })],
        [
          'pin',
          'target.pin',
          (named) => ({ type: 'composePin', function: 'Change Authenticator', flags: 2, pinId: 1, pin, target: { pinId: 1, pin: named, tries: 3 } }),
        ],
      ]
      for (const [sort, place, command] of uses)
        for (const [other, handle] of Object.entries(objects))
          if (other !== sort) await refused(subject, 'c', command(handle), 'purpose_not_allowed', 'SKI-210', place)
    },
  },
  {
    title: 'SKI-17 a destroyed handle is dead, and its bytes are gone',
    run: async (make) => {
      const subject = make(published)
      const point = await composed(subject)
      for (const key of [point.k2, point.structure, point.key, point.blob!, point.card]) {
        await ask(subject, 'c', { type: 'destroyKey', key }, 'enclave.destroyed')
        await refused(subject, 'c', { type: 'destroyKey', key }, 'handle_unknown', 'SKI-218', 'key')
      }
    },
  },
  {
    title: 'SKI-18 close destroys all that a conversation made, and nothing of another one',
    run: async (make) => {
      const subject = make()
      const mine = await composed(subject)
      const theirs = await composed(subject, { conversation: 'd' })
      assert.is(await say(subject, 'c', { type: 'close' }), null)
      const { objects } = subject.server.describe()
      assert.ok(objects.length > 0 && objects.every(({ owner }) => owner === 'd'))
      await refused(subject, 'c', { type: 'destroyKey', key: mine.k2 }, 'handle_unknown', 'SKI-218')
      await ask(subject, 'd', sealing(theirs), 'enclave.mdEncrypted')
    },
  },
  {
    title: 'SKI-9 close ends the session: the conversation begins with another one',
    run: async (make) => {
      const subject = make()
      const first = await begun(subject)
      await say(subject, 'c', { type: 'close' })
      assert.equal(subject.server.describe(), { objects: [], sessions: [] })
      const second = await begun(subject)
      assert.is.not(first.session, second.session)
      assert.is.not(first.nonce, second.nonce)
    },
  },

  // Sessions and cards.
  at('SKI-33 a second session in one conversation', {}, begun, () => ({ type: 'beginSession' }), 'purpose_not_allowed', 'session'),
  at('SKI-152 a card without a session', {}, nothing, () => claim(), 'property_missing', 'session'),
  at('SKI-40 no K1 in a way that has one', {}, begun, () => claim({ spki: null }), 'format_invalid', 'spki'),
  at('SKI-40 a K1 in a way that has none', {}, begun, () => claim({ way: 'shared' }), 'format_invalid', 'evidence'),
  at('SKI-40 evidence in a way that has no K1', {}, begun, () => claim({ way: 'derived', spki: null, evidence: 'AA' }), 'format_invalid', 'evidence'),
  at('SKI-40 an EC key to wrap for', {}, begun, () => claim({ spki: b64(pairOf('ec-P-256', 1).spki) }), 'purpose_not_allowed', 'spki'),
  at('SKI-40 an RSA key to agree with', {}, begun, () => claim({ way: 'agreement' }), 'purpose_not_allowed', 'spki'),
  at('SKI-98 a K1 that is no SubjectPublicKeyInfo', {}, begun, () => claim({ spki: 'AAAA' }), 'format_invalid', 'spki'),
  at('SKI-98 a K1 that is no base64url', {}, begun, () => claim({ spki: '*' }), 'format_invalid', 'spki'),
  at('SKI-98 a K1 that is too short', {}, begun, () => claim({ spki: b64(pairOf('rsa-1024').spki) }), 'format_invalid', 'spki'),
  at(
    'SKI-98 a K1 on a curve that SKI does not carry',
    {},
    begun,
    () => claim({ way: 'agreement', spki: b64(pairOf('secp256k1').spki) }),
    'format_invalid',
    'spki',
  ),
  unproven('SKI-44 evidence for another key proves nothing', {}, () => pairOf('rsa-2048', 2).spki),
  unproven('SKI-48 evidence for a key of another purpose proves nothing', { purpose: 2 }),
  unproven('SKI-44 evidence of an issuer that nobody trusts proves nothing', {}, undefined, pairOf('ec-P-256', 5)),
  unproven('SKI-44 a card that speaks of another card proves nothing', { cardId: draw(16) }),
  unproven('SKI-212 evidence that does not say "made on the card" proves nothing', { origin: 2 }),
  unproven('SKI-46 evidence under the shared key of another card proves nothing', { by: 'sharedKey', cardId: draw(16) }),
  {
    title: 'SKI-44 evidence with one bit changed, anywhere, proves nothing',
    run: async (make) => {
      const subject = make()
      await begun(subject)
      const node = nodeCard()
      for (const by of ['attested', 'sharedKey'] as const) {
        const { evidence } = evidenceOf(node, pairOf('rsa-2048', 1).spki, { by })
        for (let byte = 0; byte < unb64(evidence).length; byte += 7) {
          const answer = await ask(subject, 'c', claim({ evidence: flipped(evidence, byte) }) as ServerCommand, 'enclave.cardJudged')
          assert.is(answer.proof, 'none', `${by} byte ${byte}`)
        }
      }
    },
  },
  at(
    'SKI-48 a key wrapped for a card that was judged for an agreement',
    {},
    run(judged, { way: 'agreement' }),
    ({ card }) => wrapping(card),
    'purpose_not_allowed',
    'card',
  ),
  at(
    'SKI-48 an agreement with a card that was judged for a wrapped key',
    {},
    run(judged),
    ({ card }) => ({ type: 'agreeSessionKey', card, container: K1_CONTAINER, algorithm: 'AES-256', proof: 'none' }),
    'purpose_not_allowed',
    'card',
  ),
  at(
    'SKI-48 the shared key for a card that was judged for a derived one',
    {},
    run(judged, { way: 'derived' }),
    ({ card }) => ({ type: 'offerSharedKey', card, way: 'shared', algorithm: 'AES-256', proof: 'none' }),
    'purpose_not_allowed',
    'card',
  ),
  at('SKI-44 K1 in another container than the evidence says', {}, run(judged), ({ card }) => wrapping(card, { container: 4 }), 'proof_refused', 'container'),
  ...(['session', 'agreement', 'derived'] as const).map((way): Case => {
    const again = {
      session: (card: SkiHandle) => wrapping(card),
      agreement: (card: SkiHandle) => ({ type: 'agreeSessionKey', card, container: K1_CONTAINER, algorithm: 'AES-256', proof: 'none' }),
      derived: (card: SkiHandle) => ({ type: 'offerSharedKey', card, way, algorithm: 'AES-256', proof: 'none' }),
    }[way]
    return at(`SKI-7 a second session key in one session, ${way}`, {}, run(established, { way }), ({ card }) => again(card), 'purpose_not_allowed', 'session')
  }),
  {
    title: 'SKI-7 a session key for a second card in one session',
    run: async (make) => {
      const subject = make()
      await established(subject)
      const { card } = await ask(subject, 'c', claim() as ServerCommand, 'enclave.cardJudged')
      await refused(subject, 'c', wrapping(card), 'purpose_not_allowed', 'SKI-7')
    },
  },
  {
    title: 'SKI-7 each session has a key of its own',
    run: async (make) => {
      const subject = make()
      const keys = []
      for (const way of ['session', 'agreement', 'shared', 'derived'] as const)
        for (const conversation of ['a', 'b']) keys.push((await established(subject, { way, conversation: way + conversation })).session.s1.toString('hex'))
      assert.is(new Set(keys).size, 8)
    },
  },
  at(
    'SKI-50 a proof by a key that is not there',
    { change: { signingKey: undefined as never } },
    run(judged),
    ({ card }) => wrapping(card, { proof: 'signature' }),
    'purpose_not_allowed',
    'proof',
  ),
  at(
    'SKI-50 a proof under a shared key that is not there',
    { change: { masterKey: undefined as never } },
    run(judged),
    ({ card }) => wrapping(card, { proof: 'sharedKey' }),
    'purpose_not_allowed',
    'proof',
  ),
  at(
    'SKI-64 3DES without a policy for it',
    { policy: { tripleDes: false } },
    run(judged),
    ({ card }) => wrapping(card, { algorithm: '3DES' }),
    'algorithm_not_supported',
    'algorithm',
  ),
  at(
    'SKI-64 3DES imported without a policy for it',
    { policy: { tripleDes: false } },
    nothing,
    importing(keyDataBlob(draw(24)), { algorithm: '3DES' }),
    'algorithm_not_supported',
    'algorithm',
  ),
  at(
    'SKI-135 a shared key without a master key',
    { change: { masterKey: undefined as never } },
    run(judged, { way: 'derived' }),
    ({ card }) => ({ type: 'offerSharedKey', card, way: 'derived', algorithm: 'AES-256', proof: 'none' }),
    'algorithm_not_supported',
    'way',
  ),
  at(
    'SKI-77 a shared key of another size than it has',
    {},
    run(judged, { way: 'shared' }),
    ({ card }) => ({ type: 'offerSharedKey', card, way: 'shared', algorithm: 'AES-128', proof: 'none' }),
    'algorithm_not_supported',
    'algorithm',
  ),

  ...(['wrapSessionKey', 'agreeSessionKey', 'offerSharedKey'] as const).map((type): Case => ({
    title: `SKI-68 ${type} for a card whose nonce nobody knows, where it has to be named`,
    run: async (make) => {
      const way = ({ wrapSessionKey: 'session', agreeSessionKey: 'agreement', offerSharedKey: 'derived' } as const)[type]
      const spki = { session: b64(pairOf('rsa-2048', 1).spki), agreement: b64(pairOf('ec-P-256', 1).spki), derived: null }[way]
      for (const [wanted, proof] of [
        [{}, 'none'],
        [published, 'signature'],
      ] as const) {
        const subject = make(wanted)
        await begun(subject)
        const { card } = await ask(subject, 'c', claim({ way, spki }) as ServerCommand, 'enclave.cardJudged')
        const place = type === 'offerSharedKey' ? { way } : { container: K1_CONTAINER }
        const command = { type, card, ...place, algorithm: 'AES-256', proof, ...(type === 'wrapSessionKey' ? { padding: 'oaep-sha256' } : {}) }
        await refused(subject, 'c', command, 'property_missing', 'SKI-68', 'nonce')
        // A nonce in evidence is the card's, whether the evidence proves anything or not.
        if (spki === null) continue
        const { evidence } = evidenceOf(nodeCard(pairOf('ec-P-256', 5)), unb64(spki), { purpose: way === 'session' ? 1 : 2 })
        const again = await ask(subject, 'c', claim({ way, spki, evidence }) as ServerCommand, 'enclave.cardJudged')
        await ask(subject, 'c', { ...command, card: again.card } as ServerCommand, 'enclave.sessionKeyMade')
      }
    },
  })),
]
