/**
 * The arguments of each function as a script writes them: by their published names, in the order of the interface. One
 * table, which the reader and the schema of scripts are made of.
 *
 * Spec: spec/ski.md, SKI-120 to SKI-149.
 * @module
 */
import type { Call, FunctionName } from '../../../src/ski/calls.js'

/** What may stand for an argument. */
export type ArgumentKind =
  /** A number, `0x…`, or a reference. */
  | 'integer'
  /** The same, or `null`. */
  | 'size'
  | 'flag'
  /** A text, or `null` for a NULL pointer. */
  | 'name'
  /** Bytes in one of their forms, or `null`. */
  | 'bytes'
  /** A PIN as a marked test value; `null`: at the PIN pad. */
  | 'pin'
  /** A plaintext argument: a marked test value, or `null`. */
  | 'plain'
  /** A list of bytes, a reference to blobs, or `null`. */
  | 'blobs'
  /** `BCRYPT_OAEP_PADDING_INFO`, or `null`. */
  | 'oaep'

/** One argument. */
export interface ArgumentSpec {
  readonly kind: ArgumentKind
  /** What stands where the script says nothing; without one the argument must be given. */
  readonly otherwise?: number | boolean | string | null
}

const integer = { kind: 'integer' } as const
const flags = { kind: 'integer', otherwise: 0 } as const
const size = { kind: 'size', otherwise: null } as const
const there = { kind: 'flag', otherwise: true } as const
const name = { kind: 'name' } as const
const bytes = { kind: 'bytes' } as const

type ArgumentsOf = { readonly [Name in FunctionName]: { readonly [Member in keyof Omit<Extract<Call, { type: Name }>, 'type' | 'call'>]: ArgumentSpec } }

/** See the module text. */
export const ARGUMENTS: ArgumentsOf = {
  CardAcquireContext: {
    flags,
    version: { kind: 'integer', otherwise: 7 },
    atr: bytes,
    cardName: name,
    allocators: there,
    hSCardCtx: integer,
    hScard: integer,
  },
  CardDeleteContext: {},
  CardGetProperty: { property: name, size, flags },
  CardSetProperty: { property: name, input: bytes, flags },
  CardReadFile: { directory: name, file: name, flags },
  CardWriteFile: { directory: name, file: name, flags, data: bytes },
  CardCreateContainer: { containerIndex: integer, flags: integer, keySpec: integer, keySize: integer },
  CardCreateContainerEx: { containerIndex: integer, flags: integer, keySpec: integer, keySize: integer, pinId: integer },
  CardDeleteContainer: { containerIndex: integer, reserved: flags },
  CardGetContainerInfo: { containerIndex: integer, flags, info: there },
  CardGetContainerProperty: { containerIndex: integer, property: name, size, flags },
  CardQueryKeySizes: { keySpec: integer, flags, sizes: there },
  CardConstructDHAgreement: { version: { kind: 'integer', otherwise: 2 }, containerIndex: integer, flags, publicKey: bytes },
  CardDeriveKey: {
    version: { kind: 'integer', otherwise: 2 },
    flags: integer,
    kdf: name,
    agreement: integer,
    parameters: bytes,
    algorithm: name,
    keyLength: integer,
  },
  CardDestroyDHAgreement: { agreement: integer, flags },
  CardAuthenticateEx: { pinId: integer, flags, pin: { kind: 'pin' } },
  CardDeauthenticateEx: { pins: integer, flags },
  CardImportSessionKey: {
    containerIndex: integer,
    paddingInfo: { kind: 'oaep', otherwise: null },
    blobType: { kind: 'name', otherwise: 'KeyDataBlob' },
    algorithm: name,
    phKey: there,
    input: bytes,
    flags: integer,
  },
  MDImportSessionKey: { blobType: { kind: 'name', otherwise: 'KeyDataBlob' }, algorithm: name, phKey: there, input: { kind: 'plain' } },
  MDEncryptData: {
    handle: integer,
    function: name,
    input: { kind: 'plain' },
    flags: { kind: 'integer', otherwise: 1 },
    pieces: { kind: 'integer', otherwise: 1 },
  },
  CardGetSharedKeyHandle: { input: bytes, output: there, phKey: there },
  CardGetAlgorithmProperty: { algorithm: name, property: name, size, flags },
  CardDestroyKey: { handle: integer },
  CardGetKeyProperty: { handle: integer, property: name, size, flags },
  CardSetKeyProperty: { handle: integer, property: name, input: bytes, flags },
  CardProcessEncryptedData: { handle: integer, function: name, blobs: { kind: 'blobs' }, size, flags: { kind: 'integer', otherwise: 1 } },
}

/**
 * Arguments that have a usual value in one of the two modes, where the script says nothing: what a reader gives in card
 * mode, and nothing at all in no-card mode.
 */
export const ACQUIRED = {
  card: { atr: '3b00', cardName: 'Keyferry Demonstration Minidriver', hSCardCtx: 1, hScard: 1 },
  noCard: { atr: null, cardName: 'Keyferry Demonstration Minidriver', hSCardCtx: 0, hScard: 0 },
} as const

/** What a result has that a later call may refer to. */
export const RESULT_MEMBERS = ['status', 'data', 'handle', 'blobs', 'spki', 'length', 'session', 'nonce'] as const

/** One of {@link RESULT_MEMBERS}. */
export type ResultMember = (typeof RESULT_MEMBERS)[number]
