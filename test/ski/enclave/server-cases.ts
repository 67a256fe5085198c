/**
 * What a server's enclave refuses, and what it does not take for genuine: one case for each promise. The cases are plain
 * data, so that `server-mutation.test.ts` can run them with a rule switched off and see that one of them notices.
 * @module
 */
import * as native from 'node:crypto'
import * as assert from 'uvu/assert'
import type { ServerCommand, SkiFault, SkiHandle } from '../../../src/ski/enclave/commands.js'
import type { ServerRuleName } from '../../../src/ski/enclave/server-rules.js'
import { b64, draw, importStructure, keyDataBlob, receipt, unb64 } from './card-node.js'
import { authenticateResponse, changeResponse, evidenceOf, ISSUER, nodeCard, pairOf, respondAsCard, type Said } from './server-node.js'
import {
  ask,
  composed,
  confirmation,
  established,
  judged,
  K1_CONTAINER,
  K2_TERMS,
  keyed,
  loading,
  make as makeSubject,
  refused,
  say,
  sealing,
  type Composed,
  type Run,
  type Subject,
  type Wanted,
} from './server-support.js'

/** One promise. `run` throws if it is broken. */
export interface Case {
  readonly title: string
  readonly run: (make: (wanted?: Wanted) => Subject) => Promise<void>
}

/** A factory of enclaves with some rules switched off. */
export const makeWithout =
  (without: readonly ServerRuleName[] = []) =>
  (wanted: Wanted = {}): Subject =>
    makeSubject({ ...wanted, without: [...(wanted.without ?? []), ...without] })

const published: Wanted = { policy: { sealedData: 'published' } }
const UNKNOWN = 'f'.repeat(32) as SkiHandle

/** A refusal of one command at one point of a run. */
function at<Point>(
  title: string,
  wanted: Wanted,
  reach: (subject: Subject) => Promise<Point>,
  command: (point: Point, subject: Subject) => unknown,
  code: SkiFault['code'],
  place?: string,
): Case {
  const requirement = title.slice(0, title.indexOf(' '))
  return {
    title,
    run: async (make) => {
      const subject = make(wanted)
      const point = await reach(subject)
      await refused(subject, 'c', await command(point, subject), code, requirement, place)
    },
  }
}

const nothing = async (): Promise<void> => {}
const run =
  <Point>(to: (subject: Subject, run: Run) => Promise<Point>, how: Run = {}) =>
  (subject: Subject): Promise<Point> =>
    to(subject, how)
const begun = (subject: Subject) => ask(subject, 'c', { type: 'beginSession' }, 'enclave.sessionBegun')
const wrapping = (card: SkiHandle, change: object = {}) => ({
  type: 'wrapSessionKey',
  card,
  container: K1_CONTAINER,
  algorithm: 'AES-256',
  padding: 'oaep-sha256',
  proof: 'none',
  ...change,
})
const claim = (change: object = {}) => ({
  type: 'judgeCard',
  way: 'session',
  cardId: b64(draw(16)),
  nonce: null,
  spki: b64(pairOf('rsa-2048', 1).spki),
  evidence: null,
  ...change,
})
const composing = ({ k2 }: Composed, change: object = {}) => ({ type: 'composeKeyPair', key: k2, ...K2_TERMS, keySpec: 3, ...change })

/** A structure that the host handed in, sealed under the key of a run. */
const deposited =
  (bytes: Uint8Array) =>
  ({ key }: { readonly key: SkiHandle }, { server }: Subject) => ({
    type: 'mdEncrypt',
    key,
    function: 'Import Key Pair',
    blob: server.deposit('c', bytes, { kind: 'structure' }),
    flags: 1,
    pieces: 1,
  })
const structure = (version = 7) => importStructure({ container: 7, pinId: 1, keySpec: 3, keySize: 256 }, draw(104), version)

/** A key blob that the host handed in. */
const importing =
  (bytes: Uint8Array, change: object = {}) =>
  (_: unknown, { server }: Subject) => ({
    type: 'mdImportSessionKey',
    blob: server.deposit('c', bytes, { kind: 'keyBlob' }),
    blobType: 'KeyDataBlob',
    algorithm: 'AES',
    ...change,
  })

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

/** A receipt for S1 that is not the card's word about this session, after which nothing is confirmed. */
const notConfirmed = (
  title: string,
  change: (command: Extract<ServerCommand, { type: 'confirmSession' }>, subject: Subject) => object,
  how: Run = {},
): Case => ({
  title,
  run: async (make) => {
    const subject = make()
    const point = await established(subject, how)
    const command = confirmation(point) as Extract<ServerCommand, { type: 'confirmSession' }>
    const before = JSON.stringify(subject.server.describe())
    const answer = await ask(subject, 'c', { ...command, ...change(command, subject) }, 'enclave.sessionConfirmed')
    assert.is(answer.genuine, false)
    assert.is(JSON.stringify(subject.server.describe()), before)
    await refused(subject, 'c', loading(point), 'not_authenticated', 'SKI-250')
    assert.is((await ask(subject, 'c', command, 'enclave.sessionConfirmed')).genuine, true)
  },
})

/** A receipt for K2 that does not count. */
const notInstalled = (title: string, change: (command: Extract<ServerCommand, { type: 'confirmInstalled' }>, point: Composed) => object): Case => ({
  title,
  run: async (make) => {
    const subject = make()
    const point = await composed(subject)
    await ask(subject, 'c', sealing(point), 'enclave.mdEncrypted')
    const { container } = K2_TERMS
    const good = {
      type: 'confirmInstalled',
      container,
      fingerprint: point.fingerprint,
      receipt: receipt(point.session, 2, container, digest(point.spki)),
    } as const
    assert.is((await ask(subject, 'c', { ...good, ...change(good, point) }, 'enclave.installedConfirmed')).genuine, false)
    assert.is((await ask(subject, 'c', good, 'enclave.installedConfirmed')).genuine, true)
  },
})
const digest = (spki: Buffer): Buffer => native.createHash('sha256').update(spki).digest()
const flipped = (text: string, byte: number): string => {
  const bytes = unb64(text)
  bytes[byte < 0 ? bytes.length + byte : byte]! ^= 1
  return b64(bytes)
}

/** A run with a PIN function that was sealed. */
async function asked(subject: Subject, name: 'Authenticate' | 'Change Authenticator' = 'Authenticate') {
  const point = await keyed(subject)
  const pin = subject.server.holdPin('c', Buffer.from('123456789012'))
  const target = name === 'Authenticate' ? null : { pinId: 1, pin, tries: 3 }
  const { blob } = await ask(subject, 'c', { type: 'composePin', function: name, flags: target ? 2 : 0, pinId: 1, pin, target }, 'enclave.composed')
  await ask(subject, 'c', { type: 'mdEncrypt', key: point.key, function: name, blob, flags: 1, pieces: 1 }, 'enclave.mdEncrypted')
  return { ...point, name, blob, pin }
}

/** A response that does not open, and the one refusal for it. */
const notOpened = (title: string, wanted: Wanted, response: (point: Awaited<ReturnType<typeof asked>>, subject: Subject) => readonly string[]): Case => ({
  title,
  run: async (make) => {
    const subject = make(wanted)
    const point = await asked(subject)
    const command = { type: 'mdOpenResponse', key: point.key, function: 'Authenticate', blobs: response(point, subject) }
    const before = JSON.stringify(subject.server.describe())
    assert.equal(await say(subject, 'c', command), { type: 'enclave.refused', fault: { code: 'sealed_refused', requirement: 'SKI-72' } })
    assert.is(JSON.stringify(subject.server.describe()), before)
  },
})
const answering = (point: Awaited<ReturnType<typeof asked>>, subject: Subject, bytes: Buffer = authenticateResponse(3), change: object = {}) =>
  respondAsCard(point.session, subject.format, { function: 'Authenticate', pinId: 1, ...change }, bytes)

/** Every case. */
export const SERVER_CASES: readonly Case[] = [
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

  // The card's receipt for S1, and the minidriver's key.
  at(
    'SKI-11 a receipt for a card that was offered nothing',
    {},
    run(judged),
    ({ card }) => ({ type: 'confirmSession', card, blob: null, nonce: null, receipt: 'AA' }),
    'purpose_not_allowed',
    'card',
  ),
  at(
    'SKI-11 a receipt for a key that was made, without that key',
    {},
    run(established),
    (point) => ({ ...confirmation(point), blob: null }),
    'purpose_not_allowed',
    'blob',
  ),
  {
    title: 'SKI-11 a receipt judged with a key that was made for nobody',
    run: async (make) => {
      const subject = make()
      const point = await established(subject)
      const blob = subject.server.deposit('c', keyDataBlob(draw(32)), { kind: 'keyBlob' })
      await refused(subject, 'c', { ...confirmation(point), blob }, 'purpose_not_allowed', 'SKI-11', 'blob')
    },
  },
  notConfirmed('SKI-70 a receipt with another tag', ({ receipt: text }) => ({ receipt: flipped(text, -1) })),
  notConfirmed('SKI-70 a receipt for another container', ({ receipt: text }) => ({ receipt: flipped(text, 6) })),
  notConfirmed('SKI-70 no receipt at all', () => ({ receipt: '' })),
  notConfirmed('SKI-70 a receipt that is no base64url', () => ({ receipt: '*' })),
  notConfirmed('SKI-68 a nonce that is not the one in the evidence', () => ({ nonce: b64(draw(16)) })),
  notConfirmed('SKI-68 a nonce that is not the one of step 15, in the way derived', () => ({ nonce: b64(draw(16)) }), { way: 'derived' }),
  at('SKI-250 the minidriver gets no key that the card has not confirmed', {}, run(established), loading, 'not_authenticated'),
  at('SKI-250 nor one of a shared key', {}, run(established, { way: 'derived' }), loading, 'not_authenticated'),
  at('SKI-133 another type of blob', {}, nothing, importing(keyDataBlob(draw(32)), { blobType: 'OpaqueKeyBlob' }), 'format_invalid', 'blobType'),
  at('SKI-133 an algorithm that nobody knows', {}, nothing, importing(keyDataBlob(draw(32)), { algorithm: 'AES-256' }), 'format_invalid', 'algorithm'),
  at('SKI-81 another magic', {}, nothing, importing(Buffer.concat([Buffer.from('KDBX'), keyDataBlob(draw(32)).subarray(4)])), 'format_invalid'),
  at(
    'SKI-81 another version',
    {},
    nothing,
    importing(Buffer.concat([Buffer.from('KDBM\x02\0\0\0', 'latin1'), keyDataBlob(draw(32)).subarray(8)])),
    'format_invalid',
  ),
  at('SKI-81 a length that does not add up', {}, nothing, importing(keyDataBlob(draw(32)).subarray(0, 43)), 'format_invalid'),
  at('SKI-81 a byte behind the key', {}, nothing, importing(Buffer.concat([keyDataBlob(draw(32)), draw(1)])), 'format_invalid'),
  at('SKI-133 a key of a length that the algorithm does not have', {}, nothing, importing(keyDataBlob(draw(20))), 'format_invalid', 'cbKeyData'),
  at('SKI-133 two keys for three-key 3DES', {}, nothing, importing(keyDataBlob(draw(16)), { algorithm: '3DES' }), 'format_invalid', 'cbKeyData'),
  at(
    'SKI-210 S1 under the name of another algorithm of its length',
    published,
    run(established, { algorithm: 'AES-192' }),
    ({ blob }) => ({ type: 'mdImportSessionKey', blob, blobType: 'KeyDataBlob', algorithm: '3DES' }),
    'purpose_not_allowed',
    'algorithm',
  ),
  at('SKI-220 S1 imported a second time', published, run(keyed), loading, 'purpose_not_allowed', 'blob'),
  at('SKI-7 a shared key loaded a second time', published, run(keyed, { way: 'derived' }), loading, 'purpose_not_allowed', 'card'),
  at(
    'SKI-224 a shared key that no card was offered',
    published,
    run(judged, { way: 'derived' }),
    () => ({ type: 'mdSharedKey', input: null }),
    'property_missing',
    'session',
  ),
  at(
    'SKI-224 a shared key in a session of another way',
    published,
    run(established),
    () => ({ type: 'mdSharedKey', input: null }),
    'property_missing',
    'session',
  ),
  at(
    'SKI-135 another nonce than that of step 15',
    published,
    run(established, { way: 'derived' }),
    () => ({ type: 'mdSharedKey', input: b64(draw(16)) }),
    'format_invalid',
    'input',
  ),
  {
    title: 'SKI-135 no nonce where a key of one session needs it, and none where the shared key is used itself',
    run: async (make) => {
      for (const way of ['derived', 'shared'] as const) {
        const subject = make(published)
        await begun(subject)
        const { card } = await ask(subject, 'c', claim({ way, spki: null }) as ServerCommand, 'enclave.cardJudged')
        await ask(subject, 'c', { type: 'offerSharedKey', card, way, algorithm: 'AES-256', proof: 'none' }, 'enclave.sharedKeyOffered')
        if (way === 'derived') await refused(subject, 'c', { type: 'mdSharedKey', input: null }, 'format_invalid', 'SKI-135', 'input')
        else await ask(subject, 'c', { type: 'mdSharedKey', input: null }, 'enclave.mdKeyReady')
      }
    },
  },
  at(
    'SKI-139 an IV that is longer than a block',
    published,
    run(keyed),
    ({ key }) => ({ type: 'setKeyProperty', key, mode: null, iv: b64(draw(17)) }),
    'property_invalid',
    'iv',
  ),
  at(
    'SKI-139 an IV of AES for 3DES',
    published,
    run(keyed, { algorithm: '3DES' }),
    ({ key }) => ({ type: 'setKeyProperty', key, mode: null, iv: b64(draw(16)) }),
    'property_invalid',
    'iv',
  ),
  at(
    'SKI-139 an IV that is no base64url',
    published,
    run(keyed),
    ({ key }) => ({ type: 'setKeyProperty', key, mode: null, iv: '****' }),
    'property_invalid',
    'iv',
  ),

  // Structures, and what is sealed.
  at('SKI-86 a key specification of another curve', published, run(composed), (point) => composing(point, { keySpec: 4 }), 'format_invalid', 'keySpec'),
  at('SKI-86 a key specification of RSA for an EC key', published, run(composed), (point) => composing(point, { keySpec: 1 }), 'format_invalid', 'keySpec'),
  at('SKI-86 no key specification', published, run(composed), (point) => composing(point, { keySpec: 0 }), 'format_invalid', 'keySpec'),
  at(
    'SKI-281 a change without a target',
    published,
    async ({ server }) => server.holdPin('c', Buffer.from('1234')),
    (pin) => ({ type: 'composePin', function: 'Change Authenticator', flags: 2, pinId: 1, pin, target: null }),
    'format_invalid',
    'target',
  ),
  at(
    'SKI-281 an authentication with a target',
    published,
    async ({ server }) => server.holdPin('c', Buffer.from('1234')),
    (pin) => ({ type: 'composePin', function: 'Authenticate', flags: 0, pinId: 1, pin, target: { pinId: 1, pin, tries: 3 } }),
    'format_invalid',
    'target',
  ),
  at(
    'SKI-281 flags that the structure does not have',
    published,
    async ({ server }) => server.holdPin('c', Buffer.from('1234')),
    (pin) => ({ type: 'composePin', function: 'Authenticate', flags: 1, pinId: 1, pin, target: null }),
    'format_invalid',
    'flags',
  ),
  at('SKI-12 nothing is sealed before the IV is set', published, sealable({ mode: 'CBC', iv: null }), (point) => sealing(point), 'property_missing', 'iv'),
  at(
    'SKI-12 nothing is sealed before the mode is set',
    published,
    sealable({ mode: null, iv: b64(draw(16)) }),
    (point) => sealing(point),
    'property_missing',
    'mode',
  ),
  at('SKI-134 flags that MDEncryptData does not have', published, run(composed), (point) => ({ ...sealing(point), flags: 2 }), 'format_invalid', 'flags'),
  at(
    'SKI-134 no block padding for a structure that is not whole blocks',
    published,
    run(composed, { k2: 'rsa-2048' } as Run),
    (point) => ({ ...sealing(point), flags: 0 }),
    'format_invalid',
    'flags',
  ),
  at('SKI-61 more blobs than blocks', published, run(composed), (point) => ({ ...sealing(point), pieces: 10 }), 'format_invalid', 'pieces'),
  at(
    'SKI-134 a structure under the name of another function',
    published,
    run(composed),
    (point) => sealing(point, 'Authenticate'),
    'purpose_not_allowed',
    'function',
  ),
  at('SKI-101 a structure of a lower version', published, run(keyed), deposited(structure(6)), 'version_too_low'),
  at('SKI-101 a structure of version 0, which counts as 1', published, run(keyed), deposited(structure(0)), 'version_too_low'),
  at('SKI-101 a structure of a higher version', published, run(keyed), deposited(structure(8)), 'format_invalid'),
  at('SKI-86 a structure whose length does not add up', published, run(keyed), deposited(structure().subarray(0, -1)), 'format_invalid'),
  at('SKI-65 the bound format under a key that no session is known of', {}, depositedKey, deposited(structure()), 'property_missing', 'session'),
  at('SKI-220 a structure sealed a second time', published, sealedOnce, (point) => sealing(point), 'purpose_not_allowed', 'blob'),
  at('SKI-69 a second message under one key of the bound format', {}, run(sealedAgain), (point) => sealing(point), 'purpose_not_allowed', 'key'),
  at('SKI-221 a second message under one IV', published, run(sealedAgain), (point) => sealing(point), 'iv_used', 'iv'),
  {
    title: 'SKI-221 an IV that the shared key was used with is used up in every session',
    run: async (make) => {
      const subject = make(published)
      const card = nodeCard()
      const first = await composed(subject, { way: 'shared', card })
      await ask(subject, 'c', sealing(first), 'enclave.mdEncrypted')
      const second = await composed(subject, { way: 'shared', card, conversation: 'd' })
      await ask(subject, 'd', { type: 'setKeyProperty', key: second.key, mode: null, iv: first.iv }, 'enclave.propertySet')
      await refused(subject, 'd', sealing(second), 'iv_used', 'SKI-221')
      await ask(subject, 'd', { type: 'setKeyProperty', key: second.key, mode: null, iv: second.iv }, 'enclave.propertySet')
      await ask(subject, 'd', sealing(second), 'enclave.mdEncrypted')
    },
  },
  {
    title: 'SKI-224 what was made here is sealed under the key of the card that was judged and no other',
    run: async (make) => {
      const subject = make(published)
      const point = await composed(subject)
      const { key } = await depositedKey(subject)
      await refused(subject, 'c', { ...sealing(point), key }, 'purpose_not_allowed', 'SKI-224', 'key')
      await ask(subject, 'c', { type: 'destroyKey', key: point.card }, 'enclave.destroyed')
      await refused(subject, 'c', sealing(point), 'purpose_not_allowed', 'SKI-224', 'key')
    },
  },
  at(
    'SKI-260 K2 is sealed before it was enciphered for the archive',
    { policy: { sealedData: 'published', archive: 'first' } },
    run(composed),
    (point) => sealing(point),
    'property_missing',
    'archive',
  ),

  // What comes back.
  at(
    'SKI-140 a response to an import, which has none',
    published,
    run(keyed),
    ({ key }) => ({ type: 'mdOpenResponse', key, function: 'Import Key Pair', blobs: ['AA'] }),
    'algorithm_not_supported',
    'function',
  ),
  at(
    'SKI-74 a response to a function that was not asked for',
    {},
    asked,
    ({ key }) => ({ type: 'mdOpenResponse', key, function: 'Change Authenticator', blobs: ['AA'] }),
    'purpose_not_allowed',
    'key',
  ),
  {
    title: 'SKI-74 a second response',
    run: async (make) => {
      const subject = make()
      const point = await asked(subject)
      const command = { type: 'mdOpenResponse', key: point.key, function: 'Authenticate', blobs: [answering(point, subject)] } as const
      await ask(subject, 'c', command, 'enclave.responseOpened')
      await refused(subject, 'c', command, 'purpose_not_allowed', 'SKI-74', 'key')
    },
  },
  ...[published, {}].flatMap((wanted) => [
    notOpened(`SKI-72 a response with its last byte changed, ${wanted === published ? 'published' : 'bound'}`, wanted, (point, subject) => [
      flipped(answering(point, subject), -1),
    ]),
    notOpened(`SKI-72 a response whose structure is none, ${wanted === published ? 'published' : 'bound'}`, wanted, (point, subject) => [
      answering(point, subject, changeResponse(3)),
    ]),
    notOpened(`SKI-72 no blob, ${wanted === published ? 'published' : 'bound'}`, wanted, () => []),
    notOpened(`SKI-72 two blobs, ${wanted === published ? 'published' : 'bound'}`, wanted, (point, subject) => [
      answering(point, subject),
      answering(point, subject),
    ]),
    notOpened(`SKI-72 no base64url, ${wanted === published ? 'published' : 'bound'}`, wanted, () => ['*']),
    notOpened(`SKI-72 nothing in the blob, ${wanted === published ? 'published' : 'bound'}`, wanted, () => ['']),
  ]),
  notOpened('SKI-74 a response in the direction of a request', {}, (point, subject) => [answering(point, subject, authenticateResponse(3), { direction: 1 })]),
  notOpened('SKI-73 a response about another PIN', {}, (point, subject) => [answering(point, subject, authenticateResponse(3), { pinId: 2 })]),
  notOpened('SKI-73 a response to another function', {}, (point, subject) => [
    answering(point, subject, authenticateResponse(3), { function: 'Change Authenticator' }),
  ]),
  at(
    'SKI-250 a receipt for K2 where the minidriver has no key',
    {},
    run(established),
    () => ({ type: 'confirmInstalled', container: 7, fingerprint: '', receipt: '' }),
    'property_missing',
    'session',
  ),
  notInstalled('SKI-71 a receipt with another tag', ({ receipt: text }) => ({ receipt: flipped(text, -1) })),
  notInstalled('SKI-71 a receipt for another container', (_, { session, spki }) => ({ container: 8, receipt: receipt(session, 2, 8, digest(spki)) })),
  notInstalled('SKI-71 a receipt for another key', (_, { session }) => {
    const other = digest(pairOf('ec-P-256', 9).spki)
    return { fingerprint: `spki-sha256:${other.toString('hex')}`, receipt: receipt(session, 2, K2_TERMS.container, other) }
  }),
  notInstalled('SKI-71 the receipt for S1 in place of that for K2', (_, { session }) => ({ receipt: receipt(session, 1, K1_CONTAINER) })),
  notInstalled('SKI-71 a fingerprint that is none', () => ({ fingerprint: 'spki-sha256:' })),
  notInstalled('SKI-71 a receipt that is no base64url', () => ({ receipt: '*' })),

  // Documents.
  at(
    'SKI-263 a request where nobody builds one',
    { ...published, change: { pki: undefined as never } },
    run(composed),
    ({ k2 }) => ({ type: 'requestCertificate', key: k2, subject: 'CN=a' }),
    'algorithm_not_supported',
    'pki',
  ),
  at(
    'SKI-263 an archive where nobody builds one',
    { ...published, change: { pki: undefined as never } },
    run(composed),
    ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: ['AA'] }),
    'algorithm_not_supported',
    'pki',
  ),
  at(
    'SKI-263 a name that is none',
    published,
    run(composed),
    ({ k2 }) => ({ type: 'requestCertificate', key: k2, subject: '=,=' }),
    'certificate_request_invalid',
    'subject',
  ),
  at('SKI-265 an archive for nobody', published, run(composed), ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: [] }), 'format_invalid', 'agents'),
  at(
    'SKI-265 a recovery agent that is no certificate',
    published,
    run(composed),
    ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: ['AAAA'] }),
    'format_invalid',
    'agents[0]',
  ),
  at(
    'SKI-265 a recovery agent that is no base64url',
    published,
    run(composed),
    ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: ['*'] }),
    'format_invalid',
    'agents[0]',
  ),
]

/** A run whose key has these properties only. */
function sealable({ mode, iv }: { readonly mode: 'CBC' | null; readonly iv: string | null }) {
  return async (subject: Subject): Promise<Composed> => {
    const at = await established(subject)
    const { key } = await ask(subject, 'c', loading(at), 'enclave.mdKeyReady')
    await ask(subject, 'c', { type: 'setKeyProperty', key, mode, iv }, 'enclave.propertySet')
    const made = await ask(subject, 'c', { type: 'makeKeyPair', kind: 'ec-P-256' }, 'enclave.keyPairMade')
    const { blob } = await ask(subject, 'c', { type: 'composeKeyPair', key: made.key, ...K2_TERMS, keySpec: 3 }, 'enclave.composed')
    return { ...at, key, iv: '', k2: made.key, spki: unb64(made.spki), fingerprint: made.fingerprint, structure: blob }
  }
}

/** A run in which K2 was sealed, with a new IV set. */
async function sealedOnce(subject: Subject): Promise<Composed> {
  const point = await composed(subject)
  await ask(subject, 'c', sealing(point), 'enclave.mdEncrypted')
  const { iv } = await ask(subject, 'c', { type: 'drawIv', algorithm: 'AES-256' }, 'enclave.ivDrawn')
  await ask(subject, 'c', { type: 'setKeyProperty', key: point.key, mode: null, iv }, 'enclave.propertySet')
  return point
}

/** A run in which K2 was sealed, and lies in a second structure. */
async function sealedAgain(subject: Subject): Promise<Composed> {
  const point = await composed(subject)
  await ask(subject, 'c', sealing(point), 'enclave.mdEncrypted')
  const { blob } = await ask(subject, 'c', composing(point) as ServerCommand, 'enclave.composed')
  return { ...point, structure: blob }
}

/** A key that the host handed in, with mode and IV. */
async function depositedKey(subject: Subject): Promise<{ readonly key: SkiHandle }> {
  const { key } = await ask(subject, 'c', importing(keyDataBlob(draw(32)))(null, subject) as ServerCommand, 'enclave.mdKeyReady')
  await ask(subject, 'c', { type: 'setKeyProperty', key, mode: 'CBC', iv: b64(draw(16)) }, 'enclave.propertySet')
  return { key }
}
