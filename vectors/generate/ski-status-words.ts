/**
 * What is said around a minidriver in the vectors of status codes: a good call of each function with the command that it
 * comes to, what card and enclave answer, and scripts that lead to a context with keys in it.
 * @module
 */
import { fromLabel } from './bytes.js'
import { ecKey, rsaKey, rsaSpki } from './keys.js'
import { b64, CARD_ID, CARD_NONCE, establishment, PADDING, RECEIPT, REFERENCE, SERVER_NONCE, SESSION } from './ski-apdu-layouts.js'
import { eccKeyBlob, le32, utf16 } from './ski-layouts.js'

/** Anything that a minidriver hears or says. */
export type Word = Readonly<Record<string, unknown>> & { readonly type: string }

/** The product of these vectors, as every test begins with it. */
export const PRODUCT = {
  product: 'Keyferry vector card',
  version: 7,
  offersNoCard: true,
  support: 0xe,
  algorithms: ['AES-128', 'AES-192', 'AES-256'],
  containers: 16,
}

export const wide = (text: string): string => b64(utf16(`${text}\0`))
export const dword = (value: number): string => b64(le32(value))
export const bytes = (label: string, length: number): string => b64(fromLabel(`ski/status/${label}`, length))

export const K1_SPKI = b64(rsaSpki(rsaKey('kek-2048')))
export const IV = bytes('iv', 16)
const SEALED = bytes('sealed', 48)
const WRAPPED = bytes('wrapped', 256)
const ATR = b64(Buffer.from('3b80800101', 'hex'))
/** Session id and server nonce: what a derivation begins with. */
const SESSION_AND_NONCE = Buffer.concat([SESSION, SERVER_NONCE])
export const DERIVED_INPUT = b64(Buffer.concat([SESSION_AND_NONCE, Buffer.of(3)]))
export const POINT = b64(eccKeyBlob(ecKey('P-256', 'ski/status/server'), 'ECDH', 'public'))
export const SIGNING_POINT = b64(eccKeyBlob(ecKey('P-256', 'ski/status/server'), 'ECDSA', 'public'))

/** Establishments, by way and algorithm code. */
export const proven = {
  session: b64(establishment(1, 3, PADDING['oaep-sha256'], 1, fromLabel('ski/status/wrapped', 256))),
  sessionAes128: b64(establishment(1, 1, PADDING['oaep-sha256'], 1, fromLabel('ski/status/wrapped', 256))),
  agreement: b64(establishment(2, 3, [1, 0], 1, fromLabel('ski/status/point', 64))),
  shared: b64(establishment(3, 3, [1, 0], 255, Buffer.alloc(0))),
  derived: b64(establishment(4, 1, [1, 0], 255, Buffer.alloc(0))),
}

/** The card's name for a key, and for another one; both are 16 bytes in hex. */
export const KEY = REFERENCE.toString('hex')
export const OTHER_KEY = fromLabel('ski/status/other reference', 16).toString('hex')
/** The name of a plaintext argument in the server's enclave. */
export const ARGUMENT = { reference: fromLabel('ski/status/argument', 16).toString('hex') }

/** A good call of each function, in the context that {@link ready} makes. */
export const CALLS = {
  CardAcquireContext: { flags: 0, version: 7, atr: ATR, cardName: PRODUCT.product, allocators: true, hSCardCtx: 1, hScard: 2 },
  CardDeleteContext: {},
  CardGetProperty: { property: 'Key Import Support', size: null, flags: 0 },
  CardSetProperty: { property: 'Key Import Support', input: dword(0), flags: 0 },
  CardReadFile: { directory: 'mscp', file: 'cmapfile', flags: 0 },
  CardWriteFile: { directory: 'mscp', file: 'kxc01', flags: 0, data: SEALED },
  CardCreateContainer: { containerIndex: 1, flags: 1, keySpec: 1, keySize: 2048 },
  CardCreateContainerEx: { containerIndex: 1, flags: 1, keySpec: 6, keySize: 0, pinId: 3 },
  CardDeleteContainer: { containerIndex: 1, reserved: 0 },
  CardGetContainerInfo: { containerIndex: 1, flags: 0, info: true },
  CardGetContainerProperty: { containerIndex: 1, property: 'Keyferry Key Evidence', size: null, flags: 1 },
  CardQueryKeySizes: { keySpec: 1, flags: 0, sizes: true },
  CardImportSessionKey: {
    containerIndex: 1,
    paddingInfo: { hash: 'SHA256', label: null },
    blobType: 'KeyDataBlob',
    algorithm: 'AES',
    phKey: true,
    input: WRAPPED,
    flags: 8,
  },
  CardConstructDHAgreement: { version: 2, containerIndex: 1, flags: 0, publicKey: POINT },
  CardDeriveKey: {
    version: 2,
    flags: 0x1000000,
    kdf: 'SP800_56A_CONCAT',
    agreement: 1,
    parameters: b64(SESSION_AND_NONCE),
    algorithm: 'AES',
    keyLength: 128,
  },
  CardDestroyDHAgreement: { agreement: 1, flags: 0 },
  CardAuthenticateEx: { pinId: 1, flags: 0, pin: null },
  CardDeauthenticateEx: { pins: 2, flags: 0 },
  CardGetSharedKeyHandle: { input: null, output: true, phKey: true },
  CardGetAlgorithmProperty: { algorithm: 'AES', property: 'BlockLength', size: null, flags: 0 },
  CardDestroyKey: { handle: 1 },
  CardGetKeyProperty: { handle: 1, property: 'BlockLength', size: null, flags: 0 },
  CardSetKeyProperty: { handle: 1, property: 'IV', input: IV, flags: 0 },
  CardProcessEncryptedData: { handle: 1, function: 'Import Key Pair', blobs: [SEALED], size: null, flags: 1 },
  MDImportSessionKey: { blobType: 'KeyDataBlob', algorithm: 'AES', phKey: true, input: ARGUMENT },
  MDEncryptData: { handle: 1, function: 'Import Key Pair', input: ARGUMENT, flags: 1, pieces: 1 },
} as const satisfies Readonly<Record<string, object>>

export type FunctionName = keyof typeof CALLS
export const FUNCTIONS = Object.keys(CALLS) as FunctionName[]
export const NO_CARD: readonly FunctionName[] = [
  'MDImportSessionKey',
  'MDEncryptData',
  'CardGetSharedKeyHandle',
  'CardGetAlgorithmProperty',
  'CardDestroyKey',
  'CardGetKeyProperty',
  'CardSetKeyProperty',
  'CardProcessEncryptedData',
]

/** A call; numbers are given when the script is complete. */
export const call = (name: FunctionName, change: Readonly<Record<string, unknown>> = {}): Word => ({ type: name, call: 0, ...CALLS[name], ...change })

const channel = 0
/** The command to the card that the good call of a function comes to; none where the minidriver answers by itself. */
export const COMMANDS: Partial<Readonly<Record<FunctionName, Word>>> = {
  CardReadFile: { type: 'apdu.readFile', channel, file: 'cmapfile', container: 0 },
  CardWriteFile: { type: 'apdu.writeFile', channel, file: 'certificate', container: 1, data: SEALED },
  CardCreateContainer: { type: 'apdu.generate', channel, container: 1, kind: 'rsa-2048', pinId: 1 },
  CardCreateContainerEx: { type: 'apdu.generate', channel, container: 1, kind: 'ec-P-256', pinId: 3 },
  CardDeleteContainer: { type: 'apdu.deleteContainer', channel, container: 1 },
  CardGetContainerInfo: { type: 'apdu.readKey', channel, container: 1, evidence: 'plain' },
  CardGetContainerProperty: { type: 'apdu.readKey', channel, container: 1, evidence: 'attested' },
  CardImportSessionKey: { type: 'apdu.importSessionKey', channel, container: 1, algorithm: 'AES-256', padding: 'oaep-sha256', proven: false, input: WRAPPED },
  CardConstructDHAgreement: { type: 'apdu.agree', channel, container: 1, peer: POINT },
  CardDeriveKey: { type: 'apdu.deriveKey', channel, agreement: OTHER_KEY, algorithm: 'AES-128', proven: false, input: b64(SESSION_AND_NONCE) },
  CardDestroyDHAgreement: { type: 'apdu.destroyKey', channel, key: OTHER_KEY },
  CardAuthenticateEx: { type: 'apdu.verify', channel, pinId: 1, pin: null },
  CardDeauthenticateEx: { type: 'apdu.deauthenticate', channel, pinId: 1 },
  CardGetSharedKeyHandle: { type: 'apdu.shareKey', channel, way: 'shared', algorithm: 'AES-256', proven: false, input: null },
  CardDestroyKey: { type: 'apdu.destroyKey', channel, key: KEY },
  CardSetKeyProperty: { type: 'apdu.setKeyProperty', channel, key: KEY, mode: null, iv: IV },
  CardProcessEncryptedData: { type: 'apdu.processSealed', channel, key: KEY, function: 'Import Key Pair', container: 2, flags: 1, blobs: [SEALED] },
}

/** The command to the server's enclave that the good call of a function comes to. */
export const ORDERS: Partial<Readonly<Record<FunctionName, Word>>> = {
  MDImportSessionKey: { type: 'mdImportSessionKey', blob: ARGUMENT.reference, blobType: 'KeyDataBlob', algorithm: 'AES' },
  MDEncryptData: { type: 'mdEncrypt', key: KEY, function: 'Import Key Pair', blob: ARGUMENT.reference, flags: 1, pieces: 1 },
  CardGetSharedKeyHandle: { type: 'mdSharedKey', input: null },
  CardDestroyKey: { type: 'destroyKey', key: KEY },
  CardSetKeyProperty: { type: 'setKeyProperty', key: KEY, mode: null, iv: IV },
  CardProcessEncryptedData: { type: 'mdOpenResponse', key: KEY, function: 'Authenticate', blobs: [SEALED] },
}

/** What a card says. */
export const card = {
  selected: { type: 'card.selected', channel, cardId: b64(CARD_ID), product: PRODUCT.product, version: PRODUCT.version },
  capabilities: { type: 'card.capabilities', channel, mask: 0xe, algorithms: ['AES-128', 'AES-192', 'AES-256'], paddings: 0xa, modes: ['CBC'] },
  challenge: { type: 'card.challenge', channel, nonce: b64(CARD_NONCE) },
  done: { type: 'card.done', channel },
  sessionKey: { type: 'card.sessionKey', channel, key: KEY, nonce: null, receipt: b64(RECEIPT) },
  agreement: { type: 'card.agreement', channel, agreement: OTHER_KEY },
  gone: { type: 'card.gone', channel },
} as const satisfies Readonly<Record<string, Word>>

/** What the acquisition of a context says first. */
export const SELECT: Word = { type: 'apdu.select', channel }

/** A refusal of the card, by its status word. */
export const refused = (sw: number): Word => ({ type: 'card.refused', channel, sw })

/** What the server's enclave says. */
export const enclave = {
  keyReady: { type: 'enclave.mdKeyReady', key: KEY },
  propertySet: { type: 'enclave.propertySet', key: KEY },
  destroyed: { type: 'enclave.destroyed', key: KEY },
} as const satisfies Readonly<Record<string, Word>>

/** A refusal of the server's enclave. */
export const declined = (code: string, requirement: string): Word => ({ type: 'enclave.refused', fault: { code, requirement } })

const mode = (handle = 1): Word => call('CardSetKeyProperty', { handle, property: 'ChainingMode', input: wide('ChainingModeCBC') })

/** Scripts that lead to a context in card mode. */
export const withCard = {
  acquired: (change: Readonly<Record<string, unknown>> = {}, capabilities: Readonly<Record<string, unknown>> = {}): readonly Word[] => [
    call('CardAcquireContext', change),
    card.selected,
    { ...card.capabilities, ...capabilities },
  ],
  key: (): readonly Word[] => [...withCard.acquired(), call('CardImportSessionKey'), card.sessionKey],
  /** A key with mode, IV and container, and an agreement. */
  ready: (): readonly Word[] => [
    ...withCard.key(),
    mode(),
    card.done,
    call('CardSetKeyProperty'),
    card.done,
    call('CardSetKeyProperty', { property: 'Keyferry Container', input: dword(2) }),
    call('CardConstructDHAgreement'),
    card.agreement,
  ],
}

/** Scripts that lead to a context in no-card mode. */
export const withoutCard = {
  acquired: (): readonly Word[] => [call('CardAcquireContext', NO_CARD_MODE)],
  key: (): readonly Word[] => [...withoutCard.acquired(), call('MDImportSessionKey'), enclave.keyReady],
  /** A key with mode and IV. */
  ready: (): readonly Word[] => [...withoutCard.key(), mode(), enclave.propertySet, call('CardSetKeyProperty'), enclave.propertySet],
}

/** What differs in a `CardAcquireContext` that wants no card. */
export const NO_CARD_MODE = { flags: 1, atr: null, cardName: null, hSCardCtx: 0, hScard: 0 } as const
