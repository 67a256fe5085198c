/**
 * One well-formed sample of every word that an SKI role may hear: every message, every call and its return, every answer of
 * an enclave, the words of reader, holder and embedding program. All of it is made up; no bytes are real. The type sees to it
 * that none is left out.
 * @module
 */
import type { EventObject } from 'xstate'
import { toBase64url } from '../../../src/bytes/base64.js'
import type { SkiAnswer, SkiHandle } from '../../../src/ski/enclave/commands.js'
import type { AppSays } from '../../../src/ski/messages.js'
import type { SkiMessage } from '../../../src/ski/read-message.js'
import { SKI_PROFILES, type SkiPolicy } from '../../../src/ski/policy.js'

type Word = SkiMessage | SkiAnswer | AppSays

/** As many equal bytes as told, as base64url. */
export const filled = (length: number, value = 0): string => toBase64url(new Uint8Array(length).fill(value))

export const handle = (name: string): SkiHandle => name as SkiHandle
export const session = filled(16, 1)
export const serverNonce = filled(16, 2)
export const cardNonce = filled(16, 3)
export const cardId = filled(16, 4)
export const iv = filled(16, 5)
export const receipt = filled(104, 6)
/** Base64url, as all bytes in messages, but of nothing. */
export const someBytes = 'Ynl0ZXM'
export const fingerprint = `spki-sha256:${'0'.repeat(64)}`
/** What everybody here calls the minidriver product, and its version. */
export const PRODUCT = 'Keyferry test card'
export const VERSION = 7
/** `CARD_PADDING_PKCS1` and `CARD_PADDING_OAEP`. */
export const PADDINGS = 0x2 | 0x8
/** Every way: `CARD_KEY_IMPORT_RSA_KEYEST`, `_ECC_KEYEST`, `_SHARED_SYMMETRIC`. */
export const MASK = 0x2 | 0x4 | 0x8
export const fault = { code: 'sealed_refused', requirement: 'SKI-29' } as const
export const hardened: SkiPolicy = SKI_PROFILES.hardened
export const published: SkiPolicy = SKI_PROFILES.published

/** A word that nobody knows. */
export const stranger: EventObject = { type: 'stranger' }

/** One sample for each word; every sample has channel 0, call 1, session {@link session}. */
export const samples = {
  'app.timeout': { type: 'app.timeout' },
  'app.cancel': { type: 'app.cancel' },
  'client.request': { type: 'client.request', subject: 'CN=Ada', template: 'user' },
  'client.offer': {
    type: 'client.offer',
    session,
    way: 'session',
    cardId,
    product: PRODUCT,
    version: VERSION,
    k1Container: 0,
    spki: someBytes,
    evidence: someBytes,
    nonce: cardNonce,
    algorithms: ['AES'],
    paddings: PADDINGS,
    modes: ['ChainingModeCBC'],
    container: 1,
    pinId: 1,
  },
  'client.established': { type: 'client.established', session, nonce: cardNonce, receipt },
  'client.installed': { type: 'client.installed', session, output: receipt },
  'client.gaveUp': { type: 'client.gaveUp', session, status: 0 },
  'server.start': {
    type: 'server.start',
    session,
    nonce: serverNonce,
    secret: 'keyPair',
    ways: ['session', 'derived', 'agreement', 'shared'],
    evidence: 'attested',
    wantsNonce: true,
  },
  'server.sessionKey': {
    type: 'server.sessionKey',
    session,
    way: 'session',
    algorithm: 'AES-256',
    padding: 'oaep-sha256',
    proven: true,
    input: someBytes,
    peer: null,
  },
  'server.sealed': {
    type: 'server.sealed',
    session,
    function: 'Import Key Pair',
    container: 1,
    flags: 1,
    mode: 'ChainingModeCBC',
    iv,
    blobs: [someBytes],
  },
  'server.certificate': { type: 'server.certificate', session, certificate: someBytes, keySpec: 3, keySize: 256 },
  'server.completed': { type: 'server.completed', session },
  'server.refused': { type: 'server.refused', session },
  'server.archive': { type: 'server.archive', session, subject: 'CN=Ada', fingerprint, envelope: someBytes },
  'server.commit': { type: 'server.commit', session, fingerprint },
  'server.discard': { type: 'server.discard', session },
  'server.certify': { type: 'server.certify', session, request: someBytes, fingerprint },
  'archive.stored': { type: 'archive.stored', session, fingerprint },
  'archive.committed': { type: 'archive.committed', session, fingerprint },
  'archive.discarded': { type: 'archive.discarded', session },
  'archive.certified': { type: 'archive.certified', session, certificate: someBytes, fingerprint },
  'archive.refused': { type: 'archive.refused', session },
  'apdu.select': { type: 'apdu.select', channel: 0 },
  'apdu.capabilities': { type: 'apdu.capabilities', channel: 0 },
  'apdu.challenge': { type: 'apdu.challenge', channel: 0 },
  'apdu.readFile': { type: 'apdu.readFile', channel: 0, file: 'cmapfile', container: 0 },
  'apdu.writeFile': { type: 'apdu.writeFile', channel: 0, file: 'cmapfile', container: 0, data: someBytes },
  'apdu.generate': { type: 'apdu.generate', channel: 0, container: 0, kind: 'rsa-2048', pinId: 1 },
  'apdu.readKey': { type: 'apdu.readKey', channel: 0, container: 0, evidence: 'attested' },
  'apdu.importSessionKey': {
    type: 'apdu.importSessionKey',
    channel: 0,
    container: 0,
    algorithm: 'AES-256',
    padding: 'oaep-sha256',
    proven: true,
    input: someBytes,
  },
  'apdu.shareKey': { type: 'apdu.shareKey', channel: 0, way: 'derived', algorithm: 'AES-256', proven: true, input: someBytes },
  'apdu.agree': { type: 'apdu.agree', channel: 0, container: 0, peer: someBytes },
  'apdu.deriveKey': { type: 'apdu.deriveKey', channel: 0, agreement: handle('a1'), algorithm: 'AES-256', proven: true, input: someBytes },
  'apdu.setKeyProperty': { type: 'apdu.setKeyProperty', channel: 0, key: handle('k1'), mode: 'CBC', iv: null },
  'apdu.processSealed': {
    type: 'apdu.processSealed',
    channel: 0,
    key: handle('k1'),
    function: 'Import Key Pair',
    container: 1,
    flags: 1,
    blobs: [someBytes],
  },
  'apdu.destroyKey': { type: 'apdu.destroyKey', channel: 0, key: handle('k1') },
  'apdu.deleteContainer': { type: 'apdu.deleteContainer', channel: 0, container: 0 },
  'apdu.verify': { type: 'apdu.verify', channel: 0, pinId: 1, pin: null },
  'apdu.deauthenticate': { type: 'apdu.deauthenticate', channel: 0, pinId: 1 },
  'card.selected': { type: 'card.selected', channel: 0, cardId, product: PRODUCT, version: VERSION },
  'card.capabilities': {
    type: 'card.capabilities',
    channel: 0,
    mask: MASK,
    algorithms: ['AES-128', 'AES-192', 'AES-256'],
    paddings: PADDINGS,
    modes: ['CBC'],
  },
  'card.challenge': { type: 'card.challenge', channel: 0, nonce: cardNonce },
  'card.file': { type: 'card.file', channel: 0, data: someBytes },
  'card.done': { type: 'card.done', channel: 0 },
  'card.publicKey': { type: 'card.publicKey', channel: 0, purpose: 'session', spki: someBytes, evidence: someBytes },
  'card.sessionKey': { type: 'card.sessionKey', channel: 0, key: handle('k1'), nonce: cardNonce, receipt },
  'card.agreement': { type: 'card.agreement', channel: 0, agreement: handle('a1') },
  'card.processed': { type: 'card.processed', channel: 0, output: receipt },
  'card.refused': { type: 'card.refused', channel: 0, sw: 0x6f00 },
  'card.gone': { type: 'card.gone', channel: 0 },
  'reader.reset': { type: 'reader.reset' },
  'reader.removed': { type: 'reader.removed' },
  'reader.inserted': { type: 'reader.inserted' },
  'card.pinWanted': { type: 'card.pinWanted', pinId: 1 },
  'card.pinSettled': { type: 'card.pinSettled', pinId: 1 },
  'holder.pinEntered': { type: 'holder.pinEntered', pinId: 1, entry: handle('p1') },
  'holder.declined': { type: 'holder.declined' },
  CardAcquireContext: {
    type: 'CardAcquireContext',
    call: 1,
    flags: 0,
    version: 7,
    atr: filled(8, 0x3b),
    cardName: PRODUCT,
    allocators: true,
    hSCardCtx: 1,
    hScard: 2,
  },
  CardDeleteContext: { type: 'CardDeleteContext', call: 1 },
  CardGetProperty: { type: 'CardGetProperty', call: 1, property: 'Key Import Support', size: null, flags: 0 },
  CardSetProperty: { type: 'CardSetProperty', call: 1, property: 'Key Import Support', input: filled(4, 0), flags: 0 },
  CardReadFile: { type: 'CardReadFile', call: 1, directory: 'mscp', file: 'cmapfile', flags: 0 },
  CardWriteFile: { type: 'CardWriteFile', call: 1, directory: 'mscp', file: 'kxc01', flags: 0, data: someBytes },
  CardCreateContainer: { type: 'CardCreateContainer', call: 1, containerIndex: 0, flags: 1, keySpec: 1, keySize: 2048 },
  CardCreateContainerEx: { type: 'CardCreateContainerEx', call: 1, containerIndex: 0, flags: 1, keySpec: 1, keySize: 2048, pinId: 1 },
  CardDeleteContainer: { type: 'CardDeleteContainer', call: 1, containerIndex: 0, reserved: 0 },
  CardGetContainerInfo: { type: 'CardGetContainerInfo', call: 1, containerIndex: 0, flags: 0, info: true },
  CardGetContainerProperty: { type: 'CardGetContainerProperty', call: 1, containerIndex: 0, property: 'Keyferry Key Evidence', size: null, flags: 1 },
  CardQueryKeySizes: { type: 'CardQueryKeySizes', call: 1, keySpec: 1, flags: 0, sizes: true },
  CardImportSessionKey: {
    type: 'CardImportSessionKey',
    call: 1,
    containerIndex: 0,
    paddingInfo: { hash: 'SHA256', label: null },
    blobType: 'KeyDataBlob',
    algorithm: 'AES',
    phKey: true,
    input: filled(256, 7),
    flags: 8,
  },
  CardConstructDHAgreement: { type: 'CardConstructDHAgreement', call: 1, version: 2, containerIndex: 0, flags: 0, publicKey: someBytes },
  CardDeriveKey: {
    type: 'CardDeriveKey',
    call: 1,
    version: 2,
    flags: 0x1000000,
    kdf: 'SP800_56A_CONCAT',
    agreement: 1,
    parameters: filled(32, 8),
    algorithm: 'AES',
    keyLength: 256,
  },
  CardDestroyDHAgreement: { type: 'CardDestroyDHAgreement', call: 1, agreement: 1, flags: 0 },
  CardAuthenticateEx: { type: 'CardAuthenticateEx', call: 1, pinId: 1, flags: 0, pin: null },
  CardDeauthenticateEx: { type: 'CardDeauthenticateEx', call: 1, pins: 2, flags: 0 },
  CardGetSharedKeyHandle: { type: 'CardGetSharedKeyHandle', call: 1, input: null, output: true, phKey: true },
  CardGetAlgorithmProperty: { type: 'CardGetAlgorithmProperty', call: 1, algorithm: 'AES', property: 'BlockLength', size: null, flags: 0 },
  CardDestroyKey: { type: 'CardDestroyKey', call: 1, handle: 1 },
  CardGetKeyProperty: { type: 'CardGetKeyProperty', call: 1, handle: 1, property: 'BlockLength', size: null, flags: 0 },
  CardSetKeyProperty: { type: 'CardSetKeyProperty', call: 1, handle: 1, property: 'IV', input: iv, flags: 0 },
  CardProcessEncryptedData: { type: 'CardProcessEncryptedData', call: 1, handle: 1, function: 'Import Key Pair', blobs: [someBytes], size: null, flags: 1 },
  MDImportSessionKey: { type: 'MDImportSessionKey', call: 1, blobType: 'KeyDataBlob', algorithm: 'AES', phKey: true, input: { reference: handle('b1') } },
  MDEncryptData: { type: 'MDEncryptData', call: 1, handle: 1, function: 'Import Key Pair', input: { reference: handle('b2') }, flags: 1, pieces: 1 },
  'minidriver.returned': {
    type: 'minidriver.returned',
    call: 1,
    function: 'CardGetProperty',
    status: 0,
    data: filled(4, 2),
    handle: null,
    blobs: null,
    spki: null,
    plain: null,
    length: 4,
  },
  'enclave.k1Made': { type: 'enclave.k1Made', container: 0 },
  'enclave.keyRead': { type: 'enclave.keyRead', container: 0, purpose: 'session', spki: someBytes, evidence: someBytes },
  'enclave.nonceDrawn': { type: 'enclave.nonceDrawn', nonce: cardNonce },
  'enclave.sessionKeyReady': { type: 'enclave.sessionKeyReady', key: handle('k1'), nonce: cardNonce, receipt },
  'enclave.agreed': { type: 'enclave.agreed', agreement: handle('a1') },
  'enclave.propertySet': { type: 'enclave.propertySet', key: handle('k1') },
  'enclave.processed': { type: 'enclave.processed', container: 1, output: receipt },
  'enclave.destroyed': { type: 'enclave.destroyed', key: handle('k1') },
  'enclave.containerDeleted': { type: 'enclave.containerDeleted', container: 0 },
  'enclave.pinVerified': { type: 'enclave.pinVerified', pinId: 1 },
  'enclave.deauthenticated': { type: 'enclave.deauthenticated', pinId: 1 },
  'enclave.refused': { type: 'enclave.refused', fault },
  'enclave.sessionBegun': { type: 'enclave.sessionBegun', session, nonce: serverNonce },
  'enclave.cardJudged': { type: 'enclave.cardJudged', card: handle('c1'), proof: 'attested', cardId, fingerprint, kind: 'rsa-2048' },
  'enclave.sessionKeyMade': { type: 'enclave.sessionKeyMade', blob: handle('b1'), input: someBytes, peer: null, proven: true },
  'enclave.sharedKeyOffered': { type: 'enclave.sharedKeyOffered', input: someBytes, proven: true },
  'enclave.sessionConfirmed': { type: 'enclave.sessionConfirmed', genuine: true },
  'enclave.mdKeyReady': { type: 'enclave.mdKeyReady', key: handle('k1') },
  'enclave.ivDrawn': { type: 'enclave.ivDrawn', iv },
  'enclave.keyPairMade': { type: 'enclave.keyPairMade', key: handle('u1'), spki: someBytes, fingerprint },
  'enclave.pinMade': { type: 'enclave.pinMade', key: handle('p1') },
  'enclave.composed': { type: 'enclave.composed', blob: handle('b2') },
  'enclave.mdEncrypted': { type: 'enclave.mdEncrypted', blobs: [someBytes] },
  'enclave.responseOpened': { type: 'enclave.responseOpened', attemptsRemaining: 3, sessionPin: null },
  'enclave.installedConfirmed': { type: 'enclave.installedConfirmed', genuine: true },
  'enclave.certificateRequested': { type: 'enclave.certificateRequested', request: someBytes },
  'enclave.keyEnveloped': { type: 'enclave.keyEnveloped', envelope: someBytes, fingerprint },
  'enclave.certificateIssued': { type: 'enclave.certificateIssued', certificate: someBytes, fingerprint },
} satisfies { readonly [Type in Word['type']]: Extract<Word, { readonly type: Type }> }

/** Every sample, and a stranger. */
export const everyWord: readonly EventObject[] = [...Object.values<EventObject>(samples), stranger]
