/**
 * What a minidriver says: an APDU, as a message, for a call in card mode; a command to the server's enclave for a call in
 * no-card mode; and the return of a call. Nothing is decided here: the call has been judged before.
 *
 * Spec: spec/ski.md, SKI-120 to SKI-149; spec/ski-apdu.md.
 * @module
 */
import { fromBase64url, toBase64url } from '../../src/bytes/base64.js'
import { decodeSpki } from '../../src/crypto/spki.js'
import { encodeCardPublicKey } from '../../src/ski/blobs/index.js'
import type { Call, Returned } from '../../src/ski/calls.js'
import { CARD_PADDING, CUSTOM_NAMES, KEY_PROPERTIES, KEY_SPEC, STATUS } from '../../src/ski/constants/index.js'
import type { SecureFunction, ServerCommand, SessionAlgorithm, SkiHandle, SkiKeyKind, WrapPadding } from '../../src/ski/enclave/commands.js'
import type { CardFile, CardToMinidriver, MinidriverToCard } from '../../src/ski/messages.js'
import { decodeEstablishment } from '../../src/ski/sealed/establishment.js'
import { answerOf } from '../../src/ski/minidriver/answer.js'
import { keyOf } from '../../src/ski/minidriver/view.js'
import { encodeContainerInfo } from '../../src/ski/structures/index.js'
import type { MinidriverContext } from './minidriver-setup.js'

/** A call came while another one was in hand: the caller did not hold the card to himself. */
export const STATUS_BUSY = STATUS.SCARD_E_UNEXPECTED
/** Something answered what nobody can answer. */
export const STATUS_FAILED = STATUS.SCARD_F_INTERNAL_ERROR
/** The card is out of the reader. */
export const STATUS_REMOVED = STATUS.SCARD_W_REMOVED_CARD
/** The card was reset under the call. */
export const STATUS_RESET = STATUS.SCARD_W_RESET_CARD
/** The entry point is there, the function is not (SKI-145). */
export const STATUS_UNSUPPORTED = STATUS.SCARD_E_UNSUPPORTED_FEATURE

/** The return of a call. A call that nobody made has number 0 and the name of the function that begins everything. */
export const returned = (call: Call | null, status: number, out: Partial<Returned> = {}): Returned => ({
  type: 'minidriver.returned',
  call: call?.call ?? 0,
  function: call?.type ?? 'CardAcquireContext',
  status,
  data: null,
  handle: null,
  blobs: null,
  spki: null,
  plain: null,
  length: null,
  ...out,
})

/** The command for the card that a call comes to. */
export function apduOf(context: MinidriverContext): MinidriverToCard {
  const { call, channel } = context
  switch (call?.type) {
    case 'CardGetProperty':
      return { type: 'apdu.challenge', channel }
    case 'CardReadFile':
      return { type: 'apdu.readFile', channel, ...fileOf(call.file) }
    case 'CardWriteFile':
      return { type: 'apdu.writeFile', channel, ...fileOf(call.file), data: call.data ?? '' }
    case 'CardCreateContainer':
      return { type: 'apdu.generate', channel, container: call.containerIndex, kind: kindOf(call.keySpec, call.keySize), pinId: DEFAULT_PIN }
    case 'CardCreateContainerEx':
      return { type: 'apdu.generate', channel, container: call.containerIndex, kind: kindOf(call.keySpec, call.keySize), pinId: call.pinId }
    case 'CardDeleteContainer':
      return { type: 'apdu.deleteContainer', channel, container: call.containerIndex }
    case 'CardGetContainerInfo':
      return { type: 'apdu.readKey', channel, container: call.containerIndex, evidence: 'plain' }
    case 'CardGetContainerProperty':
      return {
        type: 'apdu.readKey',
        channel,
        container: call.containerIndex,
        evidence: call.flags === 2 ? 'sharedKey' : call.flags === 1 ? 'attested' : 'plain',
      }
    case 'CardImportSessionKey':
      return {
        type: 'apdu.importSessionKey',
        channel,
        container: call.containerIndex,
        algorithm: algorithmOf(call.algorithm),
        padding: paddingOf(call.flags, call.paddingInfo?.hash ?? null),
        proven: call.blobType === CUSTOM_NAMES.PROVEN_KEY_BLOB,
        input: call.input ?? '',
      }
    case 'CardGetSharedKeyHandle':
      return { type: 'apdu.shareKey', channel, ...sharedOf(call.input) }
    case 'CardConstructDHAgreement':
      return { type: 'apdu.agree', channel, container: call.containerIndex, peer: call.publicKey ?? '' }
    case 'CardDeriveKey':
      return {
        type: 'apdu.deriveKey',
        channel,
        agreement: agreementOf(context, call.agreement),
        algorithm: call.algorithm === 'AES' && call.keyLength !== 256 ? sizedAes(call.keyLength) : algorithmOf(call.algorithm),
        proven: isEstablishment(call.parameters),
        input: call.parameters ?? '',
      }
    case 'CardDestroyDHAgreement':
      return { type: 'apdu.destroyKey', channel, key: agreementOf(context, call.agreement) }
    case 'CardSetKeyProperty':
      return {
        type: 'apdu.setKeyProperty',
        channel,
        key: handleOf(context, call.handle),
        mode: call.property === KEY_PROPERTIES.CKP_CHAINING_MODE ? 'CBC' : null,
        iv: call.property === KEY_PROPERTIES.CKP_INITIALIZATION_VECTOR ? call.input : null,
      }
    case 'CardProcessEncryptedData':
      return {
        type: 'apdu.processSealed',
        channel,
        key: handleOf(context, call.handle),
        function: functionOf(call.function),
        container: keyOf(context, call.handle)?.container ?? null,
        flags: call.flags,
        blobs: call.blobs ?? [],
      }
    case 'CardDestroyKey':
      return { type: 'apdu.destroyKey', channel, key: handleOf(context, call.handle) }
    case 'CardAuthenticateEx':
      return { type: 'apdu.verify', channel, pinId: call.pinId, pin: call.pin }
    case 'CardDeauthenticateEx':
      return { type: 'apdu.deauthenticate', channel, pinId: firstOf(call.pins) }
    default:
      return { type: 'apdu.select', channel }
  }
}

/** What a call does to the context, and the command to the server's enclave that it comes to. */
export const commandOf = {
  /** The command of a call in no-card mode. */
  call: (context: MinidriverContext): ServerCommand => {
    const { call } = context
    switch (call?.type) {
      case 'MDImportSessionKey':
        return {
          type: 'mdImportSessionKey',
          blob: call.input?.reference ?? NOTHING,
          blobType: call.blobType ?? '',
          algorithm: call.algorithm ?? '',
        }
      case 'MDEncryptData':
        return {
          type: 'mdEncrypt',
          key: handleOf(context, call.handle),
          function: functionOf(call.function),
          blob: call.input?.reference ?? NOTHING,
          flags: call.flags,
          pieces: call.pieces,
        }
      case 'CardGetSharedKeyHandle':
        return { type: 'mdSharedKey', input: call.input }
      case 'CardSetKeyProperty':
        return {
          type: 'setKeyProperty',
          key: handleOf(context, call.handle),
          mode: call.property === KEY_PROPERTIES.CKP_CHAINING_MODE ? 'CBC' : null,
          iv: call.property === KEY_PROPERTIES.CKP_INITIALIZATION_VECTOR ? call.input : null,
        }
      case 'CardProcessEncryptedData':
        return { type: 'mdOpenResponse', key: handleOf(context, call.handle), function: functionOf(call.function), blobs: call.blobs ?? [] }
      case 'CardDestroyKey':
        return { type: 'destroyKey', key: handleOf(context, call.handle) }
      default:
        return { type: 'destroyKey', key: NOTHING }
    }
  },
  /** The context with a handle more. */
  withKey: ({ keys, given, call }: MinidriverContext, key: SkiHandle, receipt: string | null): Partial<MinidriverContext> => ({
    given: given + 1,
    keys: [...keys, { handle: given + 1, key, algorithm: algorithmIn(call), mode: false, iv: null, container: null, receipt }],
  }),
  /** The context after mode or IV was set. */
  withProperty: ({ keys, call }: MinidriverContext): Partial<MinidriverContext> =>
    call?.type === 'CardSetKeyProperty'
      ? {
          keys: keys.map((entry) =>
            entry.handle !== call.handle ? entry : call.property === KEY_PROPERTIES.CKP_CHAINING_MODE ? { ...entry, mode: true } : { ...entry, iv: call.input },
          ),
        }
      : {},
  /** The context after a call that was answered here. */
  withAnswer: (context: MinidriverContext, call: Call): Partial<MinidriverContext> => {
    const set = answerOf(call, context)?.set
    return set && 'handle' in call ? { keys: context.keys.map((entry) => (entry.handle === call.handle ? { ...entry, ...set } : entry)) } : {}
  },
  /** A public key as `CONTAINER_INFO` (for x64) and as it is, or as evidence. */
  publicKey: ({ call }: MinidriverContext, { spki, purpose, evidence }: Extract<CardToMinidriver, { type: 'card.publicKey' }>): Partial<Returned> =>
    call?.type === 'CardGetContainerProperty' ? { data: evidence } : { data: containerInfo(spki, purpose === 'user'), spki },
}

/** `CONTAINER_INFO` around a public key; `null` where it is none that the structure carries. */
function containerInfo(spki: string, signs: boolean): string | null {
  const der = fromBase64url(spki)
  const key = der.ok ? decodeSpki(der.value) : der
  if (!key.ok) return null
  const use = signs && key.value.type === 'EC' ? 'signature' : 'exchange'
  const blob = encodeCardPublicKey(key.value, use)
  if (!blob.ok) return null
  return toBase64url(encodeContainerInfo(use === 'signature' ? { signature: blob.value, exchange: null } : { signature: null, exchange: blob.value }, 'x64'))
}

const NOTHING = '' as SkiHandle
const DEFAULT_PIN = 1

const handleOf = (context: MinidriverContext, handle: number): SkiHandle => keyOf(context, handle)?.key ?? NOTHING
const agreementOf = ({ agreements }: MinidriverContext, index: number): SkiHandle => agreements.find((one) => one.index === index)?.agreement ?? NOTHING
const functionOf = (name: string | null): SecureFunction => FUNCTIONS.find((one) => one === name) ?? 'Import Key Pair'
const FUNCTIONS: readonly SecureFunction[] = ['Import Key Pair', 'Change Authenticator', 'Authenticate']

/** `cmapfile`, or the certificate of a container: `kxcNN` or `kscNN`. */
function fileOf(name: string | null): { readonly file: CardFile; readonly container: number } {
  const match = /^k[xs]c(\d\d)$/.exec(name ?? '')
  return match ? { file: 'certificate', container: Number(match[1]) } : { file: 'cmapfile', container: 0 }
}

function kindOf(keySpec: number, keySize: number): SkiKeyKind {
  if (keySpec === KEY_SPEC.AT_ECDHE_P256) return 'ec-P-256'
  if (keySpec === KEY_SPEC.AT_ECDHE_P384) return 'ec-P-384'
  if (keySpec === KEY_SPEC.AT_ECDHE_P521) return 'ec-P-521'
  return keySize === 3072 ? 'rsa-3072' : keySize === 4096 ? 'rsa-4096' : 'rsa-2048'
}

/** `AES` alone means the size that a session key has by default. */
const algorithmOf = (name: string | null): SessionAlgorithm => ALGORITHMS.find((one) => one === name) ?? 'AES-256'
const ALGORITHMS: readonly SessionAlgorithm[] = ['AES-128', 'AES-192', 'AES-256', '3DES_112', '3DES']
const sizedAes = (bits: number): SessionAlgorithm => (bits === 128 ? 'AES-128' : bits === 192 ? 'AES-192' : 'AES-256')

function algorithmIn(call: Call | null): SessionAlgorithm {
  if (call?.type === 'CardDeriveKey' && call.algorithm === 'AES') return sizedAes(call.keyLength)
  return call !== null && 'algorithm' in call ? algorithmOf(call.algorithm) : 'AES-256'
}

function paddingOf(flags: number, hash: string | null): WrapPadding {
  if (flags === CARD_PADDING.CARD_PADDING_PKCS1) return 'pkcs1'
  return hash === 'SHA1' ? 'oaep-sha1' : hash === 'SHA384' ? 'oaep-sha384' : hash === 'SHA512' ? 'oaep-sha512' : 'oaep-sha256'
}

const firstOf = (pins: number): number => Math.max(0, 31 - Math.clz32(pins & -pins))

type Shared = Omit<Extract<MinidriverToCard, { type: 'apdu.shareKey' }>, 'type' | 'channel'>

/** No input: the shared key itself. Session, server nonce and the number of an algorithm: a key derived of it. Or an establishment around either. */
function sharedOf(input: string | null): Shared {
  const bytes = bytesOf(input)
  const proven = establishmentIn(input)
  if (proven !== null) return { way: proven.way === 'shared' ? 'shared' : 'derived', algorithm: proven.algorithm, proven: true, input }
  if (bytes?.length !== DERIVATION_BYTES) return { way: 'shared', algorithm: 'AES-256', proven: false, input: null }
  const algorithm = ALGORITHMS[(bytes[DERIVATION_BYTES - 1] ?? 0) - 1] ?? 'AES-256'
  return { way: 'derived', algorithm, proven: false, input: toBase64url(bytes.subarray(0, DERIVATION_BYTES - 1)) }
}

const DERIVATION_BYTES = 33

const isEstablishment = (input: string | null): boolean => establishmentIn(input) !== null

function establishmentIn(input: string | null) {
  const bytes = bytesOf(input)
  const read = bytes && decodeEstablishment(bytes)
  return read?.ok ? read.value : null
}

function bytesOf(text: string | null): Uint8Array | null {
  const read = text === null ? null : fromBase64url(text)
  return read?.ok ? read.value : null
}
