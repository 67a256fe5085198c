/**
 * What the client application says: calls to its minidriver and messages to the server, each put together from what it
 * remembers. Nothing is decided here.
 *
 * Spec: spec/ski.md, SKI-151 to SKI-181.
 * @module
 */
import { toBase64url } from '../../src/bytes/base64.js'
import type { Call } from '../../src/ski/calls.js'
import {
  BLOB_TYPES,
  CARD_PADDING,
  CARD_PROPERTIES,
  CHAINING_MODES,
  CREATE_CONTAINER,
  CUSTOM_NAMES,
  DERIVE_FLAGS,
  KEY_PROPERTIES,
  KEY_SPEC,
  OPERATION,
} from '../../src/ski/constants/index.js'
import type { SkiKeyKind, WrapPadding } from '../../src/ski/enclave/commands.js'
import type { ClientToServer } from '../../src/ski/messages.js'
import { READINGS } from '../../src/ski/readings.js'
import { encodeU32, encodeWideText } from '../../src/ski/structures/index.js'
import { certificateFile, mapWith } from './client-plan.js'
import type { ClientContext } from './client-setup.js'

/** Calls to the minidriver; `call` is the number of the call that was just counted. */
export const callOf = {
  acquire: ({ calls, atr, product }: ClientContext): Call => ({
    type: 'CardAcquireContext',
    call: calls,
    flags: 0,
    version: 7,
    atr,
    cardName: product,
    allocators: true,
    hSCardCtx: 1,
    hScard: 1,
  }),
  support: (context: ClientContext): Call => property(context, CARD_PROPERTIES.CP_KEY_IMPORT_SUPPORT, 0),
  cardId: (context: ClientContext): Call => property(context, READINGS.cardIdProperty, 0),
  authenticate: ({ calls, holder }: ClientContext): Call => ({
    type: 'CardAuthenticateEx',
    call: calls,
    pinId: holder?.pinId ?? 0,
    flags: 0,
    pin: holder?.typed ?? null,
  }),
  readMap: ({ calls }: ClientContext): Call => ({ type: 'CardReadFile', call: calls, directory: MSCP, file: MAP_FILE, flags: 0 }),
  create: ({ calls, k1Container, way, k1Kind, dhKind, pinId }: ClientContext): Call => ({
    type: 'CardCreateContainerEx',
    call: calls,
    containerIndex: k1Container ?? NO_CONTAINER,
    flags: CREATE_CONTAINER.CARD_CREATE_CONTAINER_KEY_GEN,
    ...sizeOf(way === 'agreement' ? dhKind : k1Kind),
    pinId,
  }),
  info: ({ calls, k1Container }: ClientContext): Call => ({
    type: 'CardGetContainerInfo',
    call: calls,
    containerIndex: k1Container ?? NO_CONTAINER,
    flags: 0,
    info: true,
  }),
  evidence: ({ calls, k1Container, start }: ClientContext): Call => ({
    type: 'CardGetContainerProperty',
    call: calls,
    containerIndex: k1Container ?? NO_CONTAINER,
    property: CUSTOM_NAMES.KEY_EVIDENCE,
    size: null,
    flags: start?.evidence === 'sharedKey' ? 2 : 1,
  }),
  nonce: (context: ClientContext): Call => property(context, CUSTOM_NAMES.CARD_NONCE, 0),
  algorithms: (context: ClientContext): Call => property(context, CARD_PROPERTIES.CP_ENUM_ALGORITHMS, OPERATION.CARD_CIPHER_OPERATION),
  paddings: (context: ClientContext): Call => property(context, CARD_PROPERTIES.CP_PADDING_SCHEMES, OPERATION.CARD_ASYMMETRIC_OPERATION),
  modes: (context: ClientContext): Call => property(context, CARD_PROPERTIES.CP_CHAINING_MODES, 0),
  importKey: ({ calls, k1Container, key }: ClientContext): Call => ({
    type: 'CardImportSessionKey',
    call: calls,
    containerIndex: k1Container ?? NO_CONTAINER,
    paddingInfo: !key?.padding || key.padding === 'pkcs1' ? null : { hash: OAEP_HASH[key.padding], label: null },
    blobType: key?.proven ? CUSTOM_NAMES.PROVEN_KEY_BLOB : BLOB_TYPES.BCRYPT_KEY_DATA_BLOB,
    algorithm: importName(key?.algorithm ?? 'AES-256'),
    phKey: true,
    input: key?.input ?? null,
    flags: key?.padding === 'pkcs1' ? CARD_PADDING.CARD_PADDING_PKCS1 : CARD_PADDING.CARD_PADDING_OAEP,
  }),
  share: ({ calls, key }: ClientContext): Call => ({ type: 'CardGetSharedKeyHandle', call: calls, input: key?.input ?? null, output: true, phKey: true }),
  agree: ({ calls, k1Container, key }: ClientContext): Call => ({
    type: 'CardConstructDHAgreement',
    call: calls,
    version: 2,
    containerIndex: k1Container ?? NO_CONTAINER,
    flags: 0,
    publicKey: key?.peer ?? null,
  }),
  derive: ({ calls, agreement, key }: ClientContext): Call => ({
    type: 'CardDeriveKey',
    call: calls,
    version: 2,
    flags: DERIVE_FLAGS.CARD_RETURN_KEY_HANDLE,
    kdf: CONCAT_KDF,
    agreement: agreement ?? 0,
    parameters: key?.input ?? null,
    algorithm: cngName(key?.algorithm ?? 'AES-256'),
    keyLength: KEY_BITS[key?.algorithm ?? 'AES-256'],
  }),
  endAgreement: ({ calls, agreement }: ClientContext): Call => ({ type: 'CardDestroyDHAgreement', call: calls, agreement: agreement ?? 0, flags: 0 }),
  receipt: ({ calls, handle }: ClientContext): Call => ({
    type: 'CardGetKeyProperty',
    call: calls,
    handle: handle ?? 0,
    property: CUSTOM_NAMES.KEY_RECEIPT,
    size: null,
    flags: 0,
  }),
  setMode: (context: ClientContext): Call =>
    keyProperty(context, KEY_PROPERTIES.CKP_CHAINING_MODE, toBase64url(encodeWideText(context.sealed?.mode ?? CHAINING_MODES.CARD_CHAIN_MODE_CBC))),
  setIv: (context: ClientContext): Call => keyProperty(context, KEY_PROPERTIES.CKP_INITIALIZATION_VECTOR, context.sealed?.iv ?? null),
  setContainer: (context: ClientContext): Call =>
    keyProperty(context, CUSTOM_NAMES.KEY_CONTAINER, toBase64url(encodeU32(context.sealed?.container ?? NO_CONTAINER))),
  process: ({ calls, handle, sealed }: ClientContext): Call => ({
    type: 'CardProcessEncryptedData',
    call: calls,
    handle: handle ?? 0,
    function: sealed?.function ?? null,
    blobs: sealed?.blobs ?? null,
    size: null,
    flags: sealed?.flags ?? 0,
  }),
  writeCertificate: ({ calls, container, certificate, installedKey }: ClientContext): Call => ({
    type: 'CardWriteFile',
    call: calls,
    directory: MSCP,
    file: certificateFile(container ?? 0, installedKey.keySpec),
    flags: 0,
    data: certificate,
  }),
  writeMap: ({ calls, map, container, subject, installedKey }: ClientContext): Call => ({
    type: 'CardWriteFile',
    call: calls,
    directory: MSCP,
    file: MAP_FILE,
    flags: 0,
    data: mapWith(map, container ?? 0, subject, installedKey),
  }),
  destroy: ({ calls, handle }: ClientContext): Call => ({ type: 'CardDestroyKey', call: calls, handle: handle ?? 0 }),
  deleteK1: ({ calls, k1Container }: ClientContext): Call => ({
    type: 'CardDeleteContainer',
    call: calls,
    containerIndex: k1Container ?? NO_CONTAINER,
    reserved: 0,
  }),
  deleteContext: ({ calls }: ClientContext): Call => ({ type: 'CardDeleteContext', call: calls }),
}

/** Messages to the server. */
export const wordOf = {
  request: ({ subject, template }: ClientContext): ClientToServer => ({ type: 'client.request', subject, template }),
  offer: (context: ClientContext): ClientToServer => {
    const { start, way, cardId, product, version, k1Container, spki, evidence, nonce, algorithms, paddings, modes, container, pinId } = context
    return {
      type: 'client.offer',
      session: start?.session ?? '',
      way: way ?? 'session',
      cardId,
      product,
      version,
      k1Container,
      spki,
      evidence,
      nonce,
      algorithms,
      paddings,
      modes,
      container: container ?? NO_CONTAINER,
      pinId,
    }
  },
  established: ({ start, nonce, receipt }: ClientContext): ClientToServer => ({ type: 'client.established', session: start?.session ?? '', nonce, receipt }),
  installed: ({ start, output }: ClientContext): ClientToServer => ({ type: 'client.installed', session: start?.session ?? '', output }),
}

const property = ({ calls }: ClientContext, name: string, flags: number): Call => ({
  type: 'CardGetProperty',
  call: calls,
  property: name,
  size: null,
  flags,
})

const keyProperty = ({ calls, handle }: ClientContext, name: string, input: string | null): Call => ({
  type: 'CardSetKeyProperty',
  call: calls,
  handle: handle ?? 0,
  property: name,
  input,
  flags: 0,
})

/** Key spec and size of a key that is made on the card; the size of an EC key is given as 0 (SKI-124). */
function sizeOf(kind: SkiKeyKind): { readonly keySpec: number; readonly keySize: number } {
  return kind.startsWith('rsa') ? { keySpec: KEY_SPEC.AT_KEYEXCHANGE, keySize: Number(kind.slice(4)) } : { keySpec: DH_SPEC[kind] ?? 0, keySize: 0 }
}

const DH_SPEC: Partial<Record<SkiKeyKind, number>> = {
  'ec-P-256': KEY_SPEC.AT_ECDHE_P256,
  'ec-P-384': KEY_SPEC.AT_ECDHE_P384,
  'ec-P-521': KEY_SPEC.AT_ECDHE_P521,
}

const OAEP_HASH: Readonly<Record<Exclude<WrapPadding, 'pkcs1'>, string>> = {
  'oaep-sha1': 'SHA1',
  'oaep-sha256': 'SHA256',
  'oaep-sha384': 'SHA384',
  'oaep-sha512': 'SHA512',
}

const KEY_BITS = { 'AES-128': 128, 'AES-192': 192, 'AES-256': 256, '3DES_112': 128, '3DES': 192 } as const
/** `AES` is a key of 256 bits where a card has to know the size before it has opened the blob (SKI-141). */
const importName = (algorithm: keyof typeof KEY_BITS): string => (algorithm === 'AES-256' ? 'AES' : algorithm)
const cngName = (algorithm: keyof typeof KEY_BITS): string => (algorithm.startsWith('AES') ? 'AES' : algorithm)

const CONCAT_KDF = 'SP800_56A_CONCAT'
const MSCP = 'mscp'
const MAP_FILE = 'cmapfile'
const NO_CONTAINER = 0xff
