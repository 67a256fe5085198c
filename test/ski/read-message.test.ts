/**
 * Every word that an SKI role may hear from a peer, every function call and its return, read from well-formed samples and
 * from samples with one thing wrong.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FUNCTIONS } from '../../src/ski/calls.js'
import type { SkiHandle } from '../../src/ski/enclave/commands.js'
import { MESSAGE_LIMITS, readSkiMessage, type SkiMessage } from '../../src/ski/read-message.js'
import { readerCases, type ReaderSample } from '../support/reader-cases.js'

const session = 'c2Vzc2lvbi1zZXNzaW9uIQ'
const nonce = 'bm9uY2Utbm9uY2Utbm9uYw'
const cardId = 'Y2FyZC1jYXJkLWNhcmQtYw'
const fingerprint = 'spki-sha256:00'
const key = '000102030405060708090a0b0c0d0e0f' as SkiHandle
const channel = 1
const container = 2
const pinId = 3
const call = 7
const flags = 0
const plain = { reference: key }
const bytes = 'Ynl0ZXM'

type Sample<Type extends SkiMessage['type']> = Extract<SkiMessage, { type: Type }>
/** The compiler sees to it that no word is left out. */
const words: { readonly [Type in SkiMessage['type']]: readonly [sample: Omit<Sample<Type>, 'type'>, nullable?: readonly string[]] } = {
  'client.request': [{ subject: 'CN=Alice', template: 'user' }],
  'client.offer': [
    {
      session,
      way: 'session',
      cardId,
      product: 'Keyferry',
      version: 7,
      k1Container: container,
      spki: bytes,
      evidence: bytes,
      nonce,
      algorithms: ['AES'],
      paddings: 10,
      modes: ['ChainingModeCBC'],
      container: 1,
      pinId: 1,
    },
    ['k1Container', 'spki', 'evidence', 'nonce'],
  ],
  'client.established': [{ session, nonce, receipt: bytes }, ['nonce', 'receipt']],
  'client.installed': [{ session, output: bytes }, ['output']],
  'client.gaveUp': [{ session, status: 0x80100022 }, ['session']],
  'server.start': [{ session, nonce, secret: 'keyPair', ways: ['session', 'shared'], evidence: 'attested', wantsNonce: true }],
  'server.sessionKey': [
    { session, way: 'session', algorithm: 'AES-256', padding: 'oaep-sha256', proven: true, input: bytes, peer: bytes },
    ['padding', 'input', 'peer'],
  ],
  'server.sealed': [{ session, function: 'Import Key Pair', container, flags: 1, mode: 'ChainingModeCBC', iv: nonce, blobs: [bytes, bytes] }, ['container']],
  'server.certificate': [{ session, certificate: bytes, keySpec: 3, keySize: 256 }],
  'server.completed': [{ session }],
  'server.refused': [{ session }, ['session']],
  'server.archive': [{ session, subject: 'CN=Alice', fingerprint, envelope: bytes }],
  'server.commit': [{ session, fingerprint }],
  'server.discard': [{ session }],
  'server.certify': [{ session, request: bytes, fingerprint }],
  'archive.stored': [{ session, fingerprint }],
  'archive.committed': [{ session, fingerprint }],
  'archive.discarded': [{ session }],
  'archive.certified': [{ session, certificate: bytes, fingerprint }],
  'archive.refused': [{ session }],
  'apdu.select': [{ channel }],
  'apdu.capabilities': [{ channel }],
  'apdu.challenge': [{ channel }],
  'apdu.readFile': [{ channel, file: 'certificate', container }],
  'apdu.writeFile': [{ channel, file: 'cmapfile', container, data: bytes }],
  'apdu.generate': [{ channel, container, kind: 'rsa-2048', pinId }],
  'apdu.readKey': [{ channel, container, evidence: 'attested' }],
  'apdu.importSessionKey': [{ channel, container, algorithm: 'AES-128', padding: 'pkcs1', proven: false, input: bytes }],
  'apdu.shareKey': [{ channel, way: 'derived', algorithm: 'AES-192', proven: true, input: bytes }, ['input']],
  'apdu.agree': [{ channel, container, peer: bytes }],
  'apdu.deriveKey': [{ channel, agreement: key, algorithm: '3DES', proven: false, input: bytes }],
  'apdu.setKeyProperty': [{ channel, key, mode: 'CBC', iv: nonce }, ['mode', 'iv']],
  'apdu.processSealed': [{ channel, key, function: 'Change Authenticator', container, flags: 1, blobs: [bytes] }, ['container']],
  'apdu.destroyKey': [{ channel, key }],
  'apdu.deleteContainer': [{ channel, container }],
  'apdu.verify': [{ channel, pinId, pin: 'MTIzNDU2' }, ['pin']],
  'apdu.deauthenticate': [{ channel, pinId }],
  'card.selected': [{ channel, cardId, product: 'Keyferry', version: 7 }],
  'card.capabilities': [{ channel, mask: 10, algorithms: ['AES-128', '3DES_112'], paddings: 10, modes: ['CBC'] }],
  'card.challenge': [{ channel, nonce }],
  'card.file': [{ channel, data: bytes }],
  'card.done': [{ channel }],
  'card.publicKey': [{ channel, purpose: 'session', spki: bytes, evidence: bytes }, ['evidence']],
  'card.sessionKey': [{ channel, key, nonce, receipt: bytes }, ['nonce', 'receipt']],
  'card.agreement': [{ channel, agreement: key }],
  'card.processed': [{ channel, output: bytes }, ['output']],
  'card.refused': [{ channel, sw: 0x6a80 }],
  'card.gone': [{ channel }],
  'reader.reset': [{}],
  'reader.removed': [{}],
  'reader.inserted': [{}],
  'card.pinWanted': [{ pinId }],
  'card.pinSettled': [{ pinId }],
  'holder.pinEntered': [{ pinId, entry: key }],
  'holder.declined': [{}],
  CardAcquireContext: [{ call, flags, version: 7, atr: bytes, cardName: 'Keyferry', allocators: true, hSCardCtx: 1, hScard: 2 }, ['atr', 'cardName']],
  CardDeleteContext: [{ call }],
  CardGetSharedKeyHandle: [{ call, input: bytes, output: true, phKey: true }, ['input']],
  CardGetAlgorithmProperty: [{ call, algorithm: 'AES', property: 'BlockLength', size: 4, flags }, ['algorithm', 'property', 'size']],
  CardDestroyKey: [{ call, handle: 1 }],
  CardGetKeyProperty: [{ call, handle: 1, property: 'IV', size: 16, flags }, ['property', 'size']],
  CardSetKeyProperty: [{ call, handle: 1, property: 'IV', input: bytes, flags }, ['property', 'input']],
  CardProcessEncryptedData: [{ call, handle: 1, function: 'Import Key Pair', blobs: [bytes], size: 64, flags }, ['function', 'blobs', 'size']],
  MDImportSessionKey: [{ call, blobType: 'KeyDataBlob', algorithm: 'AES', phKey: true, input: plain }, ['blobType', 'algorithm', 'input']],
  MDEncryptData: [{ call, handle: 1, function: 'Import Key Pair', input: plain, flags, pieces: 1 }, ['function', 'input']],
  CardGetProperty: [{ call, property: 'Key Import Support', size: 4, flags }, ['property', 'size']],
  CardSetProperty: [{ call, property: 'Key Import Support', input: bytes, flags }, ['property', 'input']],
  CardReadFile: [{ call, directory: 'mscp', file: 'cmapfile', flags }, ['directory', 'file']],
  CardWriteFile: [{ call, directory: 'mscp', file: 'cmapfile', flags, data: bytes }, ['directory', 'file', 'data']],
  CardCreateContainer: [{ call, containerIndex: 1, flags: 1, keySpec: 1, keySize: 2048 }],
  CardCreateContainerEx: [{ call, containerIndex: 1, flags: 1, keySpec: 1, keySize: 2048, pinId }],
  CardDeleteContainer: [{ call, containerIndex: 1, reserved: 0 }],
  CardGetContainerInfo: [{ call, containerIndex: 1, flags, info: true }],
  CardGetContainerProperty: [{ call, containerIndex: 1, property: 'Keyferry Key Evidence', size: 512, flags }, ['property', 'size']],
  CardQueryKeySizes: [{ call, keySpec: 1, flags, sizes: true }],
  CardImportSessionKey: [
    { call, containerIndex: 1, paddingInfo: { hash: 'SHA256', label: bytes }, blobType: 'KeyDataBlob', algorithm: 'AES', phKey: true, input: bytes, flags: 8 },
    ['paddingInfo', 'paddingInfo.label', 'blobType', 'algorithm', 'input'],
  ],
  CardConstructDHAgreement: [{ call, version: 1, containerIndex: 1, flags, publicKey: bytes }, ['publicKey']],
  CardDeriveKey: [
    { call, version: 2, flags: 0x1000000, kdf: 'SP800_56A_CONCAT', agreement: 1, parameters: bytes, algorithm: 'AES', keyLength: 256 },
    ['kdf', 'parameters', 'algorithm'],
  ],
  CardDestroyDHAgreement: [{ call, agreement: 1, flags }],
  CardAuthenticateEx: [{ call, pinId, flags, pin: 'MTIzNDU2' }, ['pin']],
  CardDeauthenticateEx: [{ call, pins: 8, flags }],
  'minidriver.returned': [
    { call, function: 'MDEncryptData', status: 0, data: bytes, handle: 1, blobs: [bytes], spki: bytes, plain, length: 4 },
    ['data', 'handle', 'blobs', 'spki', 'plain', 'length'],
  ],
}
const samples: readonly ReaderSample[] = Object.entries(words).map(([type, [members, nullable]]) => ({
  value: { type, ...members },
  ...(nullable ? { nullable } : {}),
}))

const messages = suite('ski: readSkiMessage')

messages('SKI-244 there are 82 words', () => assert.is(samples.length, 82))

readerCases(messages, 'SKI-244', samples, readSkiMessage)

messages('SKI-244 every function is a word, and there are 26 of them', () => {
  assert.is(FUNCTIONS.length, 26)
  for (const name of FUNCTIONS) assert.ok(name in words, name)
})

messages('SKI-244 what the embedding program says comes through no port', () => {
  for (const type of ['app.timeout', 'app.cancel', 'enclave.refused', 'xstate.stop']) assert.is(readSkiMessage({ type }), null)
})

messages('SKI-244 a member of the prototype is no member', () => {
  assert.is(readSkiMessage(Object.assign(Object.create({ session }) as object, { type: 'server.completed' })), null)
})

messages('SKI-244 sizes end where the limits say', () => {
  const sealed = (blobs: readonly string[]) => readSkiMessage({ type: 'apdu.processSealed', ...words['apdu.processSealed'][0], blobs })
  assert.is.not(sealed(Array(MESSAGE_LIMITS.list).fill(bytes)), null)
  assert.is(sealed(Array(MESSAGE_LIMITS.list + 1).fill(bytes)), null)
  assert.is.not(sealed(['A'.repeat(MESSAGE_LIMITS.bytes)]), null)
  assert.is(sealed(['A'.repeat(MESSAGE_LIMITS.bytes + 1)]), null)
  assert.is(readSkiMessage({ type: 'server.completed', session: 'A'.repeat(MESSAGE_LIMITS.id + 1) }), null)
})

messages('SKI-220 a plaintext argument is a reference and nothing else', () => {
  const encrypt = { type: 'MDEncryptData', ...words.MDEncryptData[0] }
  assert.equal(readSkiMessage({ ...encrypt, input: { reference: key, bytes: 'secret' } }), { ...encrypt, input: plain })
  for (const input of ['secret', { bytes: 'secret' }, [key], key]) assert.is(readSkiMessage({ ...encrypt, input }), null)
})

messages.run()
