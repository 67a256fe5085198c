/** The client's part in the 31 steps and around them: what it says at each, word for word, in each of the four ways. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clientMachine } from '../../../machines/ski/client.js'
import type { Way } from '../../../src/ski/policy.js'
import { Arrows, type Conversation } from '../../support/role.js'
import { cardId, iv, PRODUCT, session, someBytes, VERSION } from './samples.js'
import { clientInput, clientRun, hearsOf, mapOf, running, u32, wide, type ClientRun } from './scripts.js'

const test = suite('ski client, step by step')
const arrows = new Arrows(clientMachine)
const walk = (wanted: ClientRun, input: object = {}) => arrows.converse({ ...clientInput, ...input }, hearsOf(clientRun(wanted)))

/** What was said on arrival in a state. A client says everything through its one wire. */
function saidIn(run: Conversation, state: string): unknown {
  const said = run.said[run.visits.indexOf(running(state))] ?? []
  assert.is(said.length, 1, state)
  assert.is(said[0]!.port, 'wire')
  return said[0]!.message
}

const session31 = walk({ holder: true }, { holder: { pinId: 1, typed: null } })
const getProperty = (call: number, property: string, flags = 0) => ({ type: 'CardGetProperty', call, property, size: null, flags })
const setKeyProperty = (call: number, property: string, input: string) => ({ type: 'CardSetKeyProperty', call, handle: 7, property, input, flags: 0 })

const steps: readonly (readonly [title: string, state: string, says: object])[] = [
  [
    'SKI-120 the context is acquired before anything else',
    'acquiring',
    { type: 'CardAcquireContext', call: 1, flags: 0, version: 7, atr: 'OwA', cardName: PRODUCT, allocators: true, hSCardCtx: 1, hScard: 1 },
  ],
  ['SKI-151 step 1: subject and template', 'requesting', { type: 'client.request', subject: 'CN=Ada', template: 'user' }],
  ['SKI-152 SKI-153 step 3: after step 2, the ways of the card are asked for', 'askingSupport', getProperty(2, 'Key Import Support')],
  ['SKI-154 SKI-47 step 4: a way is found, and the card’s name is asked for', 'identifying', getProperty(3, 'Card Identifier')],
  ['SKI-283 the holder is asked at the PIN pad', 'authenticating', { type: 'CardAuthenticateEx', call: 4, pinId: 1, flags: 0, pin: null }],
  ['SKI-155 step 5: the container map is read', 'readingMap', { type: 'CardReadFile', call: 5, directory: 'mscp', file: 'cmapfile', flags: 0 }],
  [
    'SKI-155 SKI-156 step 5: K1 is made in the first free container, RSA key exchange, in bits, guarded by the PIN',
    'creating',
    { type: 'CardCreateContainerEx', call: 6, containerIndex: 1, flags: 1, keySpec: 1, keySize: 2048, pinId: 1 },
  ],
  [
    'SKI-157 SKI-158 SKI-159 step 9: after step 8, K1’s public half is asked for',
    'readingKey',
    { type: 'CardGetContainerInfo', call: 7, containerIndex: 1, flags: 0, info: true },
  ],
  [
    'SKI-159 SKI-44 steps 9 to 12 once more, for the evidence',
    'proving',
    { type: 'CardGetContainerProperty', call: 8, containerIndex: 1, property: 'Keyferry Key Evidence', size: null, flags: 1 },
  ],
  ['SKI-162 SKI-163 step 13: ciphers, after step 12', 'listingAlgorithms', getProperty(9, 'Algorithms', 1)],
  ['SKI-163 step 13: asymmetric paddings', 'listingPaddings', getProperty(10, 'Padding Schemes', 2)],
  ['SKI-163 step 13: chaining modes', 'listingModes', getProperty(11, 'Chaining Modes')],
  [
    'SKI-164 SKI-165 step 15: after step 14, the offer',
    'offering',
    {
      type: 'client.offer',
      session,
      way: 'session',
      cardId,
      product: PRODUCT,
      version: VERSION,
      k1Container: 1,
      spki: 'c3BraQ',
      evidence: 'ZXZpZGVuY2U',
      nonce: null,
      algorithms: ['AES', '3DES'],
      paddings: 0xa,
      modes: ['ChainingModeCBC'],
      container: 2,
      pinId: 1,
    },
  ],
  [
    'SKI-166 SKI-167 step 17: after step 16, the wrapped key with its padding, and the algorithm of the key',
    'importing',
    {
      type: 'CardImportSessionKey',
      call: 12,
      containerIndex: 1,
      paddingInfo: { hash: 'SHA256', label: null },
      blobType: 'KeyferryProvenKeyBlob',
      algorithm: 'AES',
      phKey: true,
      input: someBytes,
      flags: 8,
    },
  ],
  [
    'SKI-170 SKI-70 step 20: a handle, and the card’s receipt is asked for',
    'fetchingReceipt',
    { type: 'CardGetKeyProperty', call: 13, handle: 7, property: 'Keyferry Receipt', size: null, flags: 0 },
  ],
  ['SKI-171 step 21: session and receipt, no handle', 'reporting', { type: 'client.established', session, nonce: null, receipt: 'cmVjZWlwdA' }],
  ['SKI-176 A-17: after step 26, K1 is deleted', 'deletingK1', { type: 'CardDeleteContainer', call: 14, containerIndex: 1, reserved: 0 }],
  ['SKI-177 SKI-12 SKI-13 step 27: the mode that the server used', 'settingMode', setKeyProperty(15, 'ChainingMode', wide('ChainingModeCBC'))],
  ['SKI-177 SKI-12 SKI-13 step 27: the IV that the server used', 'settingIv', setKeyProperty(16, 'IV', iv)],
  ['SKI-177 SKI-28 step 27: the container that is to be prepared', 'preparing', setKeyProperty(17, 'Keyferry Container', u32(1))],
  [
    'SKI-177 SKI-13 step 27: function, flags and blobs as they came',
    'processing',
    { type: 'CardProcessEncryptedData', call: 18, handle: 7, function: 'Import Key Pair', blobs: [someBytes], size: null, flags: 1 },
  ],
  ['SKI-180 SKI-181 step 31: after step 30, the session and the card’s receipt', 'finishing', { type: 'client.installed', session, output: 'b3V0cHV0' }],
  [
    'SKI-266 the certificate is written beside its key',
    'writingCertificate',
    { type: 'CardWriteFile', call: 19, directory: 'mscp', file: 'ksc02', flags: 0, data: someBytes },
  ],
  [
    'SKI-266 SKI-92 the container map has one record more, and the others where they were',
    'writingMap',
    { type: 'CardWriteFile', call: 20, directory: 'mscp', file: 'cmapfile', flags: 0, data: mapOf('first', null, { name: 'CN=Ada', signatureBits: 256 }) },
  ],
  ['SKI-19 SKI-137 the session key is destroyed', 'releasing', { type: 'CardDestroyKey', call: 21, handle: 7 }],
  ['SKI-121 the context is deleted', 'leaving', { type: 'CardDeleteContext', call: 22 }],
]
for (const [title, state, says] of steps) test(title, () => assert.equal(saidIn(session31, state), says))

test('SKI-181 SKI-249 the run is these steps and no others, and its output is a value', () => {
  assert.equal(session31.visits, [...steps.map(([, state]) => running(state)), 'done'])
  assert.equal(session31.output, { ok: true, session, way: 'session', container: 2, certificate: someBytes, pinWasTyped: false })
})

const pkcs1 = hearsOf(clientRun({ bare: true }).map(([state, event]) => [state, state === 'offering' ? { ...event, padding: 'pkcs1' } : event] as const))

test('SKI-141 SKI-167 each padding has its own info and flag', () => {
  const plain = arrows.converse(clientInput, pkcs1)
  const { paddingInfo, flags, blobType } = saidIn(plain, 'importing') as { paddingInfo: unknown; flags: number; blobType: string }
  assert.equal([paddingInfo, flags, blobType], [null, 2, 'KeyDataBlob'])
  for (const [padding, hash] of [
    ['oaep-sha1', 'SHA1'],
    ['oaep-sha384', 'SHA384'],
    ['oaep-sha512', 'SHA512'],
  ]) {
    const hears = hearsOf(clientRun().map(([state, event]) => [state, state === 'offering' ? { ...event, padding } : event] as const))
    const call = saidIn(arrows.converse(clientInput, hears), 'importing') as { paddingInfo: unknown; flags: number }
    assert.equal([call.paddingInfo, call.flags], [{ hash, label: null }, 8])
  }
})

test('SKI-266 SKI-92 the certificate of a key that exchanges keys has the other name, and its size the other place', () => {
  const hears = clientRun().map(([state, event]) => [state, state === 'finishing' ? { ...event, keySpec: 1, keySize: 2048 } : event] as const)
  const run = arrows.converse(clientInput, hearsOf(hears))
  assert.is((saidIn(run, 'writingCertificate') as { file: string }).file, 'kxc02')
  const record = Buffer.from((saidIn(run, 'writingMap') as { data: string }).data, 'base64url').subarray(2 * 86)
  assert.equal([record.readUInt16LE(82), record.readUInt16LE(84)], [0, 2048])
})

/** What is said in the other ways, where it is not what is said in the way `session`. */
const ways: readonly (readonly [way: Way, says: Readonly<Record<string, object>>])[] = [
  [
    'agreement',
    {
      creating: { type: 'CardCreateContainerEx', call: 5, containerIndex: 1, flags: 1, keySpec: 6, keySize: 0, pinId: 1 },
      agreeing: { type: 'CardConstructDHAgreement', call: 11, version: 2, containerIndex: 1, flags: 0, publicKey: someBytes },
      deriving: {
        type: 'CardDeriveKey',
        call: 12,
        version: 2,
        flags: 0x1000000,
        kdf: 'SP800_56A_CONCAT',
        agreement: 4,
        parameters: someBytes,
        algorithm: 'AES',
        keyLength: 256,
      },
      closingAgreement: { type: 'CardDestroyDHAgreement', call: 13, agreement: 4, flags: 0 },
      reporting: { type: 'client.established', session, nonce: null, receipt: 'cmVjZWlwdA' },
    },
  ],
  [
    'shared',
    {
      drawing: getProperty(5, 'Keyferry Card Nonce'),
      sharing: { type: 'CardGetSharedKeyHandle', call: 9, input: someBytes, output: true, phKey: true },
      reporting: { type: 'client.established', session, nonce: 'b3V0', receipt: 'cmVjZWlwdA' },
    },
  ],
  [
    'derived',
    {
      drawing: getProperty(5, 'Keyferry Card Nonce'),
      sharing: { type: 'CardGetSharedKeyHandle', call: 9, input: someBytes, output: true, phKey: true },
      reporting: { type: 'client.established', session, nonce: 'b3V0', receipt: 'cmVjZWlwdA' },
    },
  ],
]
for (const [way, says] of ways)
  test(`SKI-40 way ${way}: its own calls, and the page’s steps around them`, () => {
    const run = walk({ way })
    assert.equal(run.visits, [...clientRun({ way }).map(([state]) => running(state)), 'done'])
    for (const [state, message] of Object.entries(says)) assert.equal(saidIn(run, state), message)
    const { k1Container, container, nonce } = saidIn(run, 'offering') as { k1Container: number | null; container: number; nonce: string | null }
    assert.equal([k1Container, container, nonce], way === 'agreement' ? [1, 2, null] : [null, 1, 'bm9uY2U'])
    assert.is((run.output as { way: Way }).way, way)
  })

test('SKI-40 a DH key has the curve that is wanted, an RSA key its size', () => {
  for (const [dhKind, keySpec] of [
    ['ec-P-384', 7],
    ['ec-P-521', 8],
  ]) {
    const made = saidIn(walk({ way: 'agreement' }, { dhKind }), 'creating') as { keySpec: number; keySize: number }
    assert.equal([made.keySpec, made.keySize], [keySpec, 0])
  }
  assert.is((saidIn(walk({}, { k1Kind: 'rsa-4096' }), 'creating') as { keySize: number }).keySize, 4096)
})

test('SKI-129 the size of a derived key is that of the algorithm that was agreed on', () => {
  const hears = clientRun({ way: 'agreement' }).map(([state, event]) => [state, state === 'offering' ? { ...event, algorithm: '3DES_112' } : event] as const)
  const { algorithm, keyLength } = saidIn(arrows.converse(clientInput, hearsOf(hears)), 'deriving') as { algorithm: string; keyLength: number }
  assert.equal([algorithm, keyLength], ['3DES_112', 128])
})

test('SKI-251 published: no evidence, no nonce and no receipt is asked for', () => {
  for (const way of ['session', 'agreement', 'shared', 'derived'] as const) {
    const run = walk({ way, bare: true })
    for (const state of ['proving', 'drawing', 'fetchingReceipt']) assert.not(run.visits.includes(running(state)), `${way} ${state}`)
    assert.is((saidIn(run, 'reporting') as { receipt: unknown }).receipt, null)
    assert.ok((run.output as { ok: boolean }).ok)
  }
})

test('SKI-46 evidence under the shared key is asked for by its own flag', () => {
  const hears = clientRun().map(([state, event]) => [state, state === 'requesting' ? { ...event, evidence: 'sharedKey' } : event] as const)
  assert.is((saidIn(arrows.converse(clientInput, hearsOf(hears)), 'proving') as { flags: number }).flags, 2)
})

test('SKI-280 SKI-281 SKI-282 a PIN: no container, no certificate; the card’s enciphered response goes to the server unread', () => {
  const run = walk({ secret: 'pin' })
  assert.equal(run.visits, [...clientRun({ secret: 'pin' }).map(([state]) => running(state)), 'done'])
  assert.equal(saidIn(run, 'processing'), {
    type: 'CardProcessEncryptedData',
    call: 16,
    handle: 7,
    function: 'Change Authenticator',
    blobs: [someBytes],
    size: null,
    flags: 1,
  })
  assert.equal(saidIn(run, 'finishing'), { type: 'client.installed', session, output: 'b3V0cHV0' })
  assert.equal(run.output, { ok: true, session, way: 'session', container: null, certificate: null, pinWasTyped: false })
})

test('SKI-284 a PIN that is typed here goes to the card, and the output says so', () => {
  const run = walk({ holder: true }, { holder: { pinId: 1, typed: 'MTIzNA' } })
  assert.equal(saidIn(run, 'authenticating'), { type: 'CardAuthenticateEx', call: 4, pinId: 1, flags: 0, pin: 'MTIzNA' })
  assert.is((run.output as { pinWasTyped: boolean }).pinWasTyped, true)
})

test('SKI-155 A-17 a K1 that is there already is not made again and not deleted; one that is to stay stays', () => {
  const existing = walk({ existingK1: true }, { existingK1: 5 })
  assert.equal(existing.visits, [...clientRun({ existingK1: true }).map(([state]) => running(state)), 'done'])
  const { k1Container, container } = saidIn(existing, 'offering') as { k1Container: number; container: number }
  assert.equal([k1Container, container], [5, 1])
  // K1 has no record in the map: its container looks free, and is not taken for K2.
  const first = walk({ existingK1: true }, { existingK1: 1 })
  assert.is((saidIn(first, 'offering') as { container: number }).container, 2)
  const kept = walk({ keepK1: true }, { keepK1: true })
  assert.not(kept.visits.includes(running('deletingK1')))
  assert.is(kept.visits.at(-1), 'done')
})

test('SKI-245 progress is told as it is made', () => {
  const told = session31.visits.filter((_, index) => session31.emitted[index]! > 0)
  assert.equal(told, [...['askingSupport', 'offering', 'fetchingReceipt', 'finishing'].map(running), 'done'])
})

test.run()
