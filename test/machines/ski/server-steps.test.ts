/** The server's part in the 31 steps and around them: what it says at each, through which port, in each of the four ways. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { serverMachine } from '../../../machines/ski/server.js'
import type { Way } from '../../../src/ski/policy.js'
import { Arrows, type Conversation } from '../../support/role.js'
import { cardId, cardNonce, fingerprint, iv, PRODUCT, receipt, samples as s, serverNonce, session, someBytes } from './samples.js'
import { change, hearsOf, pinInjection, running, serverFor, serverInput, serverRun, upTo, wide } from './scripts.js'
import type { ServerInput } from '../../../machines/ski/server-plan.js'

const test = suite('ski server, step by step')
const arrows = new Arrows(serverMachine)
const walk = (input: ServerInput = serverInput, way: Way = 'session') => arrows.converse(input, hearsOf(serverRun(input, way)))

/** What was said on arrival in a state. */
const saidIn = (run: Conversation, state: string): unknown => {
  const at = run.visits.indexOf(running(state))
  assert.ok(at >= 0, state)
  return run.said[at]!.map(({ port, message }) => [port, message])
}
const toEnclave = (message: object) => [['enclave', message]]
const toLocal = (message: object) => [['local', message]]
const toWire = (message: object) => [['wire', message]]
const setKeyProperty = (call: number, property: string, input: string) => toLocal({ type: 'CardSetKeyProperty', call, handle: 3, property, input, flags: 0 })
const structure = { reference: 'structure' }

const page = walk()
const steps: readonly (readonly [title: string, state: string, says: unknown])[] = [
  ['SKI-151 step 1 is waited for', 'expectRequest', []],
  ['SKI-152 step 2: session and nonce are drawn inside the enclave', 'beginning', toEnclave({ type: 'beginSession' })],
  [
    'SKI-152 step 2: session, nonce, what is to come, the ways, and the evidence that is wanted',
    'expectOffer',
    toWire({
      type: 'server.start',
      session,
      nonce: serverNonce,
      secret: 'keyPair',
      ways: ['session', 'derived', 'agreement', 'shared'],
      evidence: 'attested',
      wantsNonce: true,
    }),
  ],
  [
    'SKI-165 SKI-44 after step 15 the enclave judges the evidence',
    'judging',
    toEnclave({ type: 'judgeCard', way: 'session', cardId, nonce: cardNonce, spki: someBytes, evidence: someBytes }),
  ],
  [
    'SKI-166 SKI-50 step 16: S1 is made in the enclave for that card, with the proof that the policy wants',
    'keying',
    toEnclave({ type: 'wrapSessionKey', card: 'c1', container: 0, algorithm: 'AES-256', proof: 'signature', padding: 'oaep-sha256' }),
  ],
  [
    'SKI-166 step 16: the wrapped key, its algorithm and padding',
    'expectEstablished',
    toWire({
      type: 'server.sessionKey',
      session,
      way: 'session',
      algorithm: 'AES-256',
      padding: 'oaep-sha256',
      proven: true,
      input: someBytes,
      peer: null,
    }),
  ],
  [
    'SKI-171 SKI-250 after step 21 the enclave judges the card’s receipt for S1',
    'confirmingSession',
    toEnclave({ type: 'confirmSession', card: 'c1', blob: 's1', nonce: cardNonce, receipt }),
  ],
  [
    'SKI-21 SKI-120 SKI-11 only then SM is acquired, without a card',
    'acquiring',
    toLocal({ type: 'CardAcquireContext', call: 1, flags: 1, version: 7, atr: null, cardName: PRODUCT, allocators: true, hSCardCtx: 0, hScard: 0 }),
  ],
  [
    'SKI-172 step 22: S1 by reference, with the algorithm of the key',
    'loading',
    toLocal({ type: 'MDImportSessionKey', call: 2, blobType: 'KeyDataBlob', algorithm: 'AES', phKey: true, input: { reference: 's1' } }),
  ],
  ['SKI-173 SKI-223 after step 23 SA’s copy of S1 is destroyed', 'droppingS1', toEnclave({ type: 'destroyKey', key: 's1' })],
  ['SKI-174 step 24: K2 is made in the enclave', 'makingKey', toEnclave({ type: 'makeKeyPair', kind: 'rsa-2048' })],
  [
    'SKI-263 the request for its certificate, with the subject of the server’s own list',
    'requesting',
    toEnclave({ type: 'requestCertificate', key: 'k2', subject: 'CN=Ada' }),
  ],
  ['SKI-265 K2 is enciphered to the recovery agents', 'enveloping', toEnclave({ type: 'envelopeKey', key: 'k2', agents: [someBytes] })],
  [
    'SKI-24 SKI-25 the envelope goes to the archive, inside the machine',
    'storing',
    toLocal({ type: 'server.archive', session, subject: 'CN=Ada', fingerprint, envelope: someBytes }),
  ],
  [
    'SKI-174 SKI-86 SKI-49 step 24: the structure, with the place of the offer and the rest of the server’s own list',
    'composing',
    toEnclave({ type: 'composeKeyPair', key: 'k2', container: 1, pinId: 1, keySpec: 1, overwrite: false }),
  ],
  ['SKI-174 SKI-12 step 24: the mode first', 'settingMode', setKeyProperty(3, 'ChainingMode', wide('ChainingModeCBC'))],
  ['SKI-8 SKI-221 a fresh IV from the enclave', 'drawingIv', toEnclave({ type: 'drawIv', algorithm: 'AES-256' })],
  ['SKI-174 SKI-12 step 24: then the IV', 'settingIv', setKeyProperty(4, 'IV', iv)],
  [
    'SKI-174 SKI-134 step 24: then it is sealed, by reference',
    'encrypting',
    toLocal({ type: 'MDEncryptData', call: 5, handle: 3, function: 'Import Key Pair', input: structure, flags: 1, pieces: 1 }),
  ],
  ['SKI-175 SKI-223 after step 25 the structure is destroyed', 'droppingArgument', toEnclave({ type: 'destroyKey', key: 'structure' })],
  ['SKI-176 SKI-223 and with the archive’s answer, K2', 'droppingKey', toEnclave({ type: 'destroyKey', key: 'k2' })],
  [
    'SKI-176 SKI-13 step 26: function, container, flags, mode, IV, and the blobs in order',
    'expectInstalled',
    toWire({
      type: 'server.sealed',
      session,
      function: 'Import Key Pair',
      container: 1,
      flags: 1,
      mode: 'ChainingModeCBC',
      iv,
      blobs: ['YmxvYjE', 'YmxvYjI'],
    }),
  ],
  [
    'SKI-181 SKI-250 after step 31 the enclave judges the card’s receipt for K2 and its place',
    'confirmingInstalled',
    toEnclave({ type: 'confirmInstalled', container: 1, fingerprint, receipt }),
  ],
  ['SKI-264 the certificate for that very key', 'certifying', toLocal({ type: 'server.certify', session, request: someBytes, fingerprint })],
  ['SKI-260 SKI-26 the record becomes final', 'committing', toLocal({ type: 'server.commit', session, fingerprint })],
  ['SKI-19 SKI-137 the handle is destroyed', 'releasing', toLocal({ type: 'CardDestroyKey', call: 6, handle: 3 })],
  ['SKI-121 SM’s context is deleted', 'leaving', toLocal({ type: 'CardDeleteContext', call: 7 })],
]
for (const [title, state, says] of steps) test(title, () => assert.equal(saidIn(page, state), says))

test('SKI-19 SKI-266 SKI-249 the end: the enclave destroys the rest, the client gets its certificate, the output is a value', () => {
  assert.equal(page.visits, [...steps.map(([, state]) => running(state)), 'done'])
  assert.equal(
    page.said.at(-1)!.map(({ port, message }) => [port, message]),
    [
      ['enclave', { type: 'close' }],
      ['wire', { type: 'server.certificate', session, certificate: someBytes, keySpec: 1, keySize: 2048 }],
    ],
  )
  assert.equal(page.output, { ok: true, session, cardId, container: 1, fingerprint, certificate: someBytes, confirmedByCard: true, archived: true })
})

test('SKI-14 SKI-176 the client gets sealed data after 21 and 23, and, archive first, after the archive has answered', () => {
  const order = page.said.flat().map(({ message }) => message.type)
  const at = (type: string) => order.indexOf(type)
  for (const before of ['confirmSession', 'MDImportSessionKey', 'server.archive']) assert.ok(at(before) >= 0 && at(before) < at('server.sealed'), before)
  assert.ok(at('server.sealed') < at('server.certify'))
})

test('SKI-6 SKI-15 SKI-262 no handle, no reference and no envelope is in anything that goes to the client', () => {
  const archived = change(s['enclave.keyEnveloped'], { envelope: 'ZW52ZWxvcGU' })
  for (const archive of ['first', 'last'] as const) {
    const input = serverFor({ archive })
    const hears = hearsOf(serverRun(input).map(([state, event]) => [state, state === 'enveloping' ? archived : event] as const))
    for (const { port, message } of arrows.converse(input, hears).said.flat()) {
      if (port !== 'wire') continue
      assert.not.match(JSON.stringify(message), /reference|"handle"|"(s1|k2|c1|structure)"|ZW52ZWxvcGU/)
    }
  }
})

/** What is said in the other ways, where it is not what is said in the way `session`. */
const peer = 'cGVlcg'
const key = { type: 'server.sessionKey', session, algorithm: 'AES-256', padding: null, proven: true, input: someBytes }
const ways: readonly (readonly [way: Way, says: Readonly<Record<string, unknown>>])[] = [
  [
    'agreement',
    {
      judging: toEnclave({ type: 'judgeCard', way: 'agreement', cardId, nonce: cardNonce, spki: someBytes, evidence: someBytes }),
      keying: toEnclave({ type: 'agreeSessionKey', card: 'c1', container: 0, algorithm: 'AES-256', proof: 'signature' }),
      expectEstablished: toWire({ ...key, way: 'agreement', peer }),
      confirmingSession: toEnclave({ type: 'confirmSession', card: 'c1', blob: 's1', nonce: cardNonce, receipt }),
      loading: toLocal({ type: 'MDImportSessionKey', call: 2, blobType: 'KeyDataBlob', algorithm: 'AES', phKey: true, input: { reference: 's1' } }),
      droppingS1: toEnclave({ type: 'destroyKey', key: 's1' }),
    },
  ],
  ...(['shared', 'derived'] as const).map(
    (way) =>
      [
        way,
        {
          judging: toEnclave({ type: 'judgeCard', way, cardId, nonce: cardNonce, spki: null, evidence: null }),
          keying: toEnclave({ type: 'offerSharedKey', card: 'c1', way, algorithm: 'AES-256', proof: 'signature' }),
          expectEstablished: toWire({ ...key, way, peer: null }),
          confirmingSession: toEnclave({ type: 'confirmSession', card: 'c1', blob: null, nonce: cardNonce, receipt }),
          loading: toLocal({ type: 'CardGetSharedKeyHandle', call: 2, input: cardNonce, output: false, phKey: true }),
        },
      ] as const,
  ),
]
for (const [way, says] of ways)
  test(`SKI-40 way ${way}: its own calls, and the page’s steps around them`, () => {
    const run = walk(serverInput, way)
    assert.equal(run.visits, [...serverRun(serverInput, way).map(([state]) => running(state)), 'done'])
    for (const [state, message] of Object.entries(says)) assert.equal(saidIn(run, state), message)
    assert.ok((run.output as { ok: boolean }).ok)
  })

test('SKI-40 in the ways shared and derived SA has no S1 to destroy', () => {
  for (const way of ['shared', 'derived'] as const) assert.not(walk(serverInput, way).visits.includes(running('droppingS1')), way)
})

const published = serverFor({ k1Proof: 'none', serverProof: 'none', sealedData: 'published', receipts: false })

test('SKI-250 SKI-251 published: the client’s word counts, and the output says that the card’s did not', () => {
  const run = walk(published)
  assert.equal(run.visits, [...serverRun(published).map(([state]) => running(state)), 'done'])
  for (const state of ['confirmingSession', 'confirmingInstalled']) assert.not(run.visits.includes(running(state)), state)
  assert.is((run.output as { confirmedByCard: boolean }).confirmedByCard, false)
})

test('SKI-152 what is asked of the client at step 2 follows from the policy', () => {
  const asks = (input: ServerInput) => {
    const [, message] = (saidIn(arrows.converse(input, upTo(serverRun(input), 'expectOffer')), 'expectOffer') as [string, Record<string, unknown>][])[0]!
    return [message['evidence'], message['wantsNonce'], message['secret']]
  }
  assert.equal(asks(serverInput), ['attested', true, 'keyPair'])
  assert.equal(asks(serverFor({ k1Proof: 'sharedKey' })), ['sharedKey', true, 'keyPair'])
  assert.equal(asks(serverFor({ k1Proof: 'pinned' })), ['plain', true, 'keyPair'])
  assert.equal(asks(published), ['plain', false, 'keyPair'])
  assert.equal(asks(serverFor({ ...published.policy, serverProof: 'signature' })), ['plain', true, 'keyPair'])
  assert.equal(asks(serverFor({ ...published.policy, sealedData: 'bound' })), ['plain', true, 'keyPair'])
  assert.equal(asks(serverFor({}, { injection: pinInjection })), ['attested', true, 'pin'])
})

test('SKI-260 archive last: K2 is archived after step 31, and destroyed with the archive’s answer', () => {
  const last = serverFor({ archive: 'last' })
  const run = walk(last)
  assert.equal(run.visits, [...serverRun(last).map(([state]) => running(state)), 'done'])
  const order = run.said.flat().map(({ message }) => message.type)
  assert.ok(order.indexOf('server.sealed') < order.indexOf('envelopeKey'))
  assert.equal(saidIn(run, 'droppingKey'), toEnclave({ type: 'destroyKey', key: 'k2' }))
  assert.is((run.output as { archived: boolean }).archived, true)
})

test('SKI-260 archive none: nothing is archived, and the output says so', () => {
  const none = serverFor({ archive: 'none' })
  const run = walk(none)
  assert.equal(run.visits, [...serverRun(none).map(([state]) => running(state)), 'done'])
  const said = run.said.flat().map(({ message }) => message.type)
  for (const type of ['envelopeKey', 'server.archive', 'server.commit']) assert.not(said.includes(type), type)
  assert.ok(said.includes('server.certify'))
  assert.is((run.output as { archived: boolean }).archived, false)
})

test('SKI-280 SKI-281 SKI-225 a PIN: by reference only, no K2, no archive, no certificate', () => {
  for (const archive of ['first', 'last', 'none'] as const) {
    const input = serverFor({ archive }, { injection: pinInjection })
    const run = walk(input)
    assert.equal(run.visits, [...serverRun(input).map(([state]) => running(state)), 'done'])
    assert.equal(
      saidIn(run, 'composing'),
      toEnclave({ type: 'composePin', function: 'Change Authenticator', flags: 1, pinId: 2, pin: 'p2', target: { pinId: 1, pin: 'p3', tries: 3 } }),
    )
    assert.equal(
      saidIn(run, 'expectInstalled'),
      toWire({
        type: 'server.sealed',
        session,
        function: 'Change Authenticator',
        container: null,
        flags: 1,
        mode: 'ChainingModeCBC',
        iv,
        blobs: ['YmxvYjE', 'YmxvYjI'],
      }),
    )
    for (const type of ['makeKeyPair', 'server.archive', 'server.certify'])
      assert.not(
        run.said.flat().some(({ message }) => message.type === type),
        type,
      )
    assert.equal(run.said.at(-1)!.at(-1)!.message, { type: 'server.completed', session })
    assert.equal(run.output, { ok: true, session, cardId, container: null, fingerprint: null, certificate: null, confirmedByCard: true, archived: false })
  }
})

test('SKI-282 SKI-140 the card’s enciphered response is opened by SM', () => {
  const run = walk(serverFor({}, { injection: { ...pinInjection, function: 'Authenticate', target: null } as ServerInput['injection'] }))
  assert.equal(
    saidIn(run, 'opening'),
    toLocal({ type: 'CardProcessEncryptedData', call: 6, handle: 3, function: 'Authenticate', blobs: [receipt], size: null, flags: 1 }),
  )
})

test('SKI-251 published: a PIN without a response is a PIN by the client’s word', () => {
  const input = { ...published, injection: pinInjection }
  const hears = serverRun(input).flatMap(([state, event]) => {
    if (state === 'opening') return []
    return [[state, state === 'expectInstalled' ? change(event, { output: null }) : event] as const]
  })
  const run = arrows.converse(input, hearsOf(hears))
  assert.is(run.visits.at(-1), 'done')
  assert.is((run.output as { confirmedByCard: boolean }).confirmedByCard, false)
})

test('SKI-61 into how many blobs a structure is cut is the server’s setting', () => {
  const [[, message]] = saidIn(walk({ ...serverInput, pieces: 3 }), 'encrypting') as [[string, { readonly pieces: number }]]
  assert.is(message.pieces, 3)
})

test('SKI-245 progress is told as it is made', () => {
  const told = page.visits.filter((_, index) => page.emitted[index]! > 0)
  assert.equal(told, [...['expectOffer', 'keying', 'requesting', 'expectInstalled'].map(running), 'done'])
})

test.run()
