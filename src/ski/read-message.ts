/**
 * What comes over a wire or from a console is data from outside: this file makes a message, a function call or its return of
 * it that has the declared shape and no members but its own, or nothing. A port lets in only what this has read, so that a
 * role never meets a member that is missing or of another type.
 *
 * Shape and size only: what a message means, and whether it may be said now, is the role's business; whether bytes are
 * base64url is for those who want the bytes.
 *
 * Spec: spec/ski.md, SKI-244.
 * @module
 */
import { flag, integer, list, nullable, record, text, word, type Reader } from '../bytes/shape.js'
import { FUNCTIONS, type Call, type PlainArgument, type Returned } from './calls.js'
import type { SecureFunction, SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from './enclave/commands.js'
import type {
  ArchiveToServer,
  CardFile,
  CardToHolder,
  CardToMinidriver,
  ClientToServer,
  HolderToCard,
  MinidriverToCard,
  ReaderSays,
  ServerToArchive,
  ServerToClient,
} from './messages.js'
import type { Way } from './policy.js'

/** Every word that an SKI role may hear from a peer. What the embedding program says (`app.…`) comes through no port. */
export type SkiMessage =
  | ArchiveToServer
  | Call
  | CardToHolder
  | CardToMinidriver
  | ClientToServer
  | HolderToCard
  | MinidriverToCard
  | ReaderSays
  | Returned
  | ServerToArchive
  | ServerToClient

/** The most that a message may bring. Texts are counted in characters. */
export const MESSAGE_LIMITS = {
  /** Session ids, nonces, card ids, handles, fingerprints. */
  id: 128,
  /** Names: of properties, algorithms, products, functions, files. */
  name: 256,
  /** Bytes as base64url: more than the longest command of a card holds. */
  bytes: 131_072,
  /** Items of a list; also the blobs of sealed data. */
  list: 16,
} as const

const id = text(MESSAGE_LIMITS.id)
const session = id
const fingerprint = id
const handle = id as Reader<SkiHandle>
const name = text(MESSAGE_LIMITS.name)
const bytes = text(MESSAGE_LIMITS.bytes)
const listOf = <T>(item: Reader<T>): Reader<readonly T[]> => list(item, MESSAGE_LIMITS.list)

const way: Reader<Way> = word('shared', 'session', 'derived', 'agreement')
const algorithm: Reader<SessionAlgorithm> = word('AES-128', 'AES-192', 'AES-256', '3DES_112', '3DES')
const padding: Reader<WrapPadding> = word('pkcs1', 'oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512')
const secureFunction: Reader<SecureFunction> = word('Import Key Pair', 'Change Authenticator', 'Authenticate')
const keyKind: Reader<SkiKeyKind> = word('rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521')
const evidence = word('plain', 'attested', 'sharedKey')
const purpose = word('session', 'agreement', 'user')
const cardFile: Reader<CardFile> = word('cmapfile', 'certificate')
const plain: Reader<PlainArgument> = record({ reference: handle })

const channel = integer
const container = integer
const pinId = integer
const call = integer
const flags = integer
const property = nullable(name)
const input = nullable(bytes)
const size = nullable(integer)

type ReadersOf<Message extends { readonly type: string }> = {
  readonly [Type in Message['type']]: Reader<Omit<Extract<Message, { readonly type: Type }>, 'type'>>
}

const CLIENT_AND_SERVER: ReadersOf<ClientToServer | ServerToClient | ServerToArchive | ArchiveToServer> = {
  'client.request': record({ subject: text(1024), template: name }),
  'client.offer': record({
    session,
    way,
    cardId: id,
    product: name,
    version: integer,
    k1Container: nullable(container),
    spki: nullable(bytes),
    evidence: nullable(bytes),
    nonce: nullable(id),
    algorithms: listOf(name),
    paddings: integer,
    modes: listOf(name),
    container,
    pinId,
  }),
  'client.established': record({ session, nonce: nullable(id), receipt: nullable(bytes) }),
  'client.installed': record({ session, output: nullable(bytes) }),
  'client.gaveUp': record({ session: nullable(session), status: integer }),
  'server.start': record({ session, nonce: id, secret: word('keyPair', 'pin'), ways: listOf(way), evidence, wantsNonce: flag }),
  'server.sessionKey': record({ session, way, algorithm, padding: nullable(padding), proven: flag, input, peer: nullable(bytes) }),
  'server.sealed': record({
    session,
    function: secureFunction,
    container: nullable(container),
    flags,
    mode: name,
    iv: id,
    blobs: listOf(bytes),
  }),
  'server.certificate': record({ session, certificate: bytes, keySpec: integer, keySize: integer }),
  'server.completed': record({ session }),
  'server.refused': record({ session: nullable(session) }),
  'server.archive': record({ session, subject: text(1024), fingerprint, envelope: bytes }),
  'server.commit': record({ session, fingerprint }),
  'server.discard': record({ session }),
  'server.certify': record({ session, request: bytes, fingerprint }),
  'archive.stored': record({ session, fingerprint }),
  'archive.committed': record({ session, fingerprint }),
  'archive.discarded': record({ session }),
  'archive.certified': record({ session, certificate: bytes, fingerprint }),
  'archive.refused': record({ session }),
}

const CARD: ReadersOf<MinidriverToCard | CardToMinidriver | ReaderSays | CardToHolder | HolderToCard> = {
  'apdu.select': record({ channel }),
  'apdu.capabilities': record({ channel }),
  'apdu.challenge': record({ channel }),
  'apdu.readFile': record({ channel, file: cardFile, container }),
  'apdu.writeFile': record({ channel, file: cardFile, container, data: bytes }),
  'apdu.generate': record({ channel, container, kind: keyKind, pinId }),
  'apdu.readKey': record({ channel, container, evidence }),
  'apdu.importSessionKey': record({ channel, container, algorithm, padding, proven: flag, input: bytes }),
  'apdu.shareKey': record({ channel, way: word('shared', 'derived'), algorithm, proven: flag, input }),
  'apdu.agree': record({ channel, container, peer: bytes }),
  'apdu.deriveKey': record({ channel, agreement: handle, algorithm, proven: flag, input: bytes }),
  'apdu.setKeyProperty': record({ channel, key: handle, mode: nullable(word('CBC')), iv: nullable(id) }),
  'apdu.processSealed': record({ channel, key: handle, function: secureFunction, container: nullable(container), flags, blobs: listOf(bytes) }),
  'apdu.destroyKey': record({ channel, key: handle }),
  'apdu.deleteContainer': record({ channel, container }),
  'apdu.verify': record({ channel, pinId, pin: nullable(text(512)) }),
  'apdu.deauthenticate': record({ channel, pinId }),
  'card.selected': record({ channel, cardId: id, product: name, version: integer }),
  'card.capabilities': record({ channel, mask: integer, algorithms: listOf(algorithm), paddings: integer, modes: listOf(word('CBC')) }),
  'card.challenge': record({ channel, nonce: id }),
  'card.file': record({ channel, data: bytes }),
  'card.done': record({ channel }),
  'card.publicKey': record({ channel, purpose, spki: bytes, evidence: nullable(bytes) }),
  'card.sessionKey': record({ channel, key: handle, nonce: nullable(id), receipt: nullable(bytes) }),
  'card.agreement': record({ channel, agreement: handle }),
  'card.processed': record({ channel, output: nullable(bytes) }),
  'card.refused': record({ channel, sw: integer }),
  'card.gone': record({ channel }),
  'reader.reset': record({}),
  'reader.removed': record({}),
  'reader.inserted': record({}),
  'card.pinWanted': record({ pinId }),
  'card.pinSettled': record({ pinId }),
  'holder.pinEntered': record({ pinId, entry: handle }),
  'holder.declined': record({}),
}

const CALLS: ReadersOf<Call | Returned> = {
  CardAcquireContext: record({ call, flags, version: integer, atr: input, cardName: nullable(name), allocators: flag, hSCardCtx: integer, hScard: integer }),
  CardDeleteContext: record({ call }),
  CardGetSharedKeyHandle: record({ call, input, output: flag, phKey: flag }),
  CardGetAlgorithmProperty: record({ call, algorithm: nullable(name), property, size, flags }),
  CardDestroyKey: record({ call, handle: integer }),
  CardGetKeyProperty: record({ call, handle: integer, property, size, flags }),
  CardSetKeyProperty: record({ call, handle: integer, property, input, flags }),
  CardProcessEncryptedData: record({ call, handle: integer, function: nullable(name), blobs: nullable(listOf(bytes)), size, flags }),
  MDImportSessionKey: record({ call, blobType: nullable(name), algorithm: nullable(name), phKey: flag, input: nullable(plain) }),
  MDEncryptData: record({ call, handle: integer, function: nullable(name), input: nullable(plain), flags, pieces: integer }),
  CardGetProperty: record({ call, property, size, flags }),
  CardSetProperty: record({ call, property, input, flags }),
  CardReadFile: record({ call, directory: nullable(name), file: nullable(name), flags }),
  CardWriteFile: record({ call, directory: nullable(name), file: nullable(name), flags, data: input }),
  CardCreateContainer: record({ call, containerIndex: container, flags, keySpec: integer, keySize: integer }),
  CardCreateContainerEx: record({ call, containerIndex: container, flags, keySpec: integer, keySize: integer, pinId }),
  CardDeleteContainer: record({ call, containerIndex: container, reserved: integer }),
  CardGetContainerInfo: record({ call, containerIndex: container, flags, info: flag }),
  CardGetContainerProperty: record({ call, containerIndex: container, property, size, flags }),
  CardQueryKeySizes: record({ call, keySpec: integer, flags, sizes: flag }),
  CardImportSessionKey: record({
    call,
    containerIndex: container,
    paddingInfo: nullable(record({ hash: name, label: nullable(bytes) })),
    blobType: nullable(name),
    algorithm: nullable(name),
    phKey: flag,
    input,
    flags,
  }),
  CardConstructDHAgreement: record({ call, version: integer, containerIndex: container, flags, publicKey: input }),
  CardDeriveKey: record({
    call,
    version: integer,
    flags,
    kdf: nullable(name),
    agreement: integer,
    parameters: input,
    algorithm: nullable(name),
    keyLength: integer,
  }),
  CardDestroyDHAgreement: record({ call, agreement: integer, flags }),
  CardAuthenticateEx: record({ call, pinId, flags, pin: nullable(text(512)) }),
  CardDeauthenticateEx: record({ call, pins: integer, flags }),
  'minidriver.returned': record({
    call,
    function: word(...FUNCTIONS),
    status: integer,
    data: nullable(bytes),
    handle: nullable(integer),
    blobs: nullable(listOf(bytes)),
    spki: nullable(bytes),
    plain: nullable(plain),
    length: nullable(integer),
  }),
}

const READERS: ReadersOf<SkiMessage> = { ...CLIENT_AND_SERVER, ...CARD, ...CALLS }
const WORDS: ReadonlySet<string> = new Set(Object.keys(READERS))

/** Reads a message, a call or a return, or gives `null`. Never throws, whatever it is given: hostile getters included. */
export function readSkiMessage(value: unknown): SkiMessage | null {
  try {
    const type = (value as { type?: unknown } | null)?.type
    if (typeof type !== 'string' || !WORDS.has(type)) return null
    const members = (READERS[type as SkiMessage['type']] as Reader<object>)(value)
    return members ? ({ type, ...members } as SkiMessage) : null
  } catch {
    return null
  }
}
