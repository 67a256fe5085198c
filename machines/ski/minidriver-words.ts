/**
 * What a minidriver says: an APDU, as a message, for a call in card mode; a command to the server's enclave for a call in
 * no-card mode; and the return of a call. Nothing is decided here: the call has been judged before.
 *
 * Spec: spec/ski.md, SKI-120 to SKI-149, SKI-182 to SKI-184; spec/ski-apdu.md.
 * @module
 */
import { fromBase64url, toBase64url } from '../../src/bytes/base64.js'
import { decodeSpki } from '../../src/crypto/spki.js'
import { encodeCardPublicKey } from '../../src/ski/blobs/index.js'
import type { Call, Returned } from '../../src/ski/calls.js'
import { CUSTOM_NAMES, KEY_PROPERTIES, SECURE_FUNCTIONS } from '../../src/ski/constants/index.js'
import type { ServerCommand, SessionAlgorithm, SkiHandle } from '../../src/ski/enclave/commands.js'
import type { CardToMinidriver, MinidriverToCard } from '../../src/ski/messages.js'
import {
  agreedDerivation,
  algorithmOfBits,
  cardFile,
  establishmentIn,
  keyToMake,
  secureFunction,
  sharedDerivation,
  sizedAlgorithm,
  wrapPadding,
} from '../../src/ski/minidriver/arguments.js'
import { answerOf } from '../../src/ski/minidriver/answer.js'
import { MISHAPS } from '../../src/ski/minidriver/status.js'
import { keyOf, type KeyEntry } from '../../src/ski/minidriver/view.js'
import { READINGS } from '../../src/ski/readings.js'
import { encodeContainerInfo } from '../../src/ski/structures/index.js'
import type { MinidriverContext } from './minidriver-setup.js'

/** The return of a call. Where nobody called, it has number 0 and the name of the function that begins everything. */
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

/** The return of a call that has bytes for a buffer of the caller's, which may be too small for them. */
export function returnedBytes(call: Call | null, data: string | null, out: Partial<Returned> = {}): Returned {
  const length = data === null ? null : Math.floor((data.length * 3) / 4)
  const size = call !== null && 'size' in call ? call.size : null
  const fits = length === null || size === null || length <= size
  return fits ? returned(call, 0, { data, length, ...out }) : returned(call, MISHAPS.buffer_too_small, { length })
}

/** The command for the card that a call comes to. */
export function apduOf(context: MinidriverContext): MinidriverToCard {
  const { call, channel } = context
  switch (call?.type) {
    case 'CardGetProperty':
      return { type: 'apdu.challenge', channel }
    case 'CardReadFile':
      return { type: 'apdu.readFile', channel, ...fileOf(call) }
    case 'CardWriteFile':
      return { type: 'apdu.writeFile', channel, ...fileOf(call), data: call.data ?? '' }
    case 'CardCreateContainer':
      return {
        type: 'apdu.generate',
        channel,
        container: call.containerIndex,
        kind: keyToMake(call.keySpec, call.keySize) ?? 'rsa-2048',
        pinId: READINGS.defaultPinId,
      }
    case 'CardCreateContainerEx':
      return { type: 'apdu.generate', channel, container: call.containerIndex, kind: keyToMake(call.keySpec, call.keySize) ?? 'rsa-2048', pinId: call.pinId }
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
        algorithm: algorithmIn(call),
        padding: wrapPadding(call.flags, call.paddingInfo) ?? 'pkcs1',
        proven: call.blobType === CUSTOM_NAMES.PROVEN_KEY_BLOB,
        input: call.input ?? '',
      }
    case 'CardGetSharedKeyHandle':
      return { type: 'apdu.shareKey', channel, ...(sharedDerivation(call.input) ?? NO_DERIVATION) }
    case 'CardConstructDHAgreement':
      return { type: 'apdu.agree', channel, container: call.containerIndex, peer: call.publicKey ?? '' }
    case 'CardDeriveKey':
      return {
        type: 'apdu.deriveKey',
        channel,
        agreement: agreementOf(context, call.agreement),
        algorithm: algorithmIn(call),
        proven: agreedDerivation(call.parameters, algorithmIn(call))?.proven === true,
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
        // The PIN functions have no container.
        container: call.function === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR ? (keyOf(context, call.handle)?.container ?? null) : null,
        flags: call.flags,
        blobs: call.blobs ?? [],
      }
    case 'CardDestroyKey':
      return { type: 'apdu.destroyKey', channel, key: handleOf(context, call.handle) }
    case 'CardAuthenticateEx':
      return { type: 'apdu.verify', channel, pinId: call.pinId, pin: call.pin }
    case 'CardDeauthenticateEx':
      return { type: 'apdu.deauthenticate', channel, pinId: context.pins[0] ?? 0 }
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
    keys: [...keys, { handle: given + 1, key, algorithm: call === null ? 'AES-256' : algorithmIn(call), mode: false, iv: null, container: null, receipt }],
  }),
  /** The context with an agreement more, under the lowest index that is free. */
  withAgreement: ({ agreements }: MinidriverContext, agreement: SkiHandle): Partial<MinidriverContext> => {
    const taken = new Set(agreements.map((one) => one.index))
    const index = Array.from({ length: agreements.length + 1 }, (_, at) => at + 1).find((one) => !taken.has(one)) ?? 0
    return { agreements: [...agreements, { index, agreement }] }
  },
  /** The context without the key, or the agreement, that the call destroys. */
  withoutNamed: ({ keys, agreements, call }: MinidriverContext): Partial<MinidriverContext> => ({
    keys: keys.filter(({ handle }) => call?.type !== 'CardDestroyKey' || handle !== call.handle),
    agreements: agreements.filter(({ index }) => call?.type !== 'CardDestroyDHAgreement' || index !== call.agreement),
  }),
  /** The context after mode or IV was set. */
  withProperty: (context: MinidriverContext): Partial<MinidriverContext> => {
    const { call } = context
    if (call?.type !== 'CardSetKeyProperty') return {}
    return changeKey(context, call.handle, call.property === KEY_PROPERTIES.CKP_CHAINING_MODE ? { mode: true } : { iv: call.input })
  },
  /** The context after a call that was answered here. */
  withAnswer: (context: MinidriverContext, call: Call): Partial<MinidriverContext> => {
    const set = answerOf(call, context)?.set
    return set && 'handle' in call ? changeKey(context, call.handle, set) : {}
  },
  /** The context after something was sealed or opened: the IV is used up, and the container named for it (SKI-12, SKI-149). */
  withUse: (context: MinidriverContext): Partial<MinidriverContext> => {
    const { call } = context
    if (call?.type !== 'MDEncryptData' && call?.type !== 'CardProcessEncryptedData') return {}
    return changeKey(context, call.handle, call.function === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR ? { iv: null, container: null } : { iv: null })
  },
  /** A public key as `CONTAINER_INFO` (for x64), or with what is stated about it. One that cannot be read is an answer that cannot be read. */
  publicKey: ({ call }: MinidriverContext, { spki, purpose, evidence }: Extract<CardToMinidriver, { type: 'card.publicKey' }>): Returned => {
    if (call?.type === 'CardGetContainerProperty') return returnedBytes(call, call.flags === 0 ? spki : evidence, { spki })
    const data = containerInfo(spki, purpose === 'user')
    return data === null ? returned(call, MISHAPS.transport_failed) : returned(call, 0, { data, spki })
  },
}

const changeKey = ({ keys }: MinidriverContext, handle: number, set: Partial<KeyEntry>): Partial<MinidriverContext> => ({
  keys: keys.map((entry) => (entry.handle === handle ? { ...entry, ...set } : entry)),
})

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

// What a judged call cannot lack still needs a word here; it names nothing.
const NOTHING = '' as SkiHandle
const NO_DERIVATION = { way: 'shared', algorithm: 'AES-256', proven: false, input: null } as const

const handleOf = (context: MinidriverContext, handle: number): SkiHandle => keyOf(context, handle)?.key ?? NOTHING
const agreementOf = ({ agreements }: MinidriverContext, index: number): SkiHandle => agreements.find((one) => one.index === index)?.agreement ?? NOTHING
const functionOf = (name: string | null) => secureFunction(name) ?? 'Import Key Pair'
const fileOf = ({ directory, file }: { readonly directory: string | null; readonly file: string | null }) =>
  cardFile(directory, file) ?? ({ file: 'cmapfile', container: 0 } as const)

/**
 * The algorithm of the key that a call makes. Without a card the shared key's is not known here, and 16 bytes are taken for
 * its block.
 */
function algorithmIn(call: Call): SessionAlgorithm {
  switch (call.type) {
    case 'CardImportSessionKey': {
      const proven = call.blobType === CUSTOM_NAMES.PROVEN_KEY_BLOB ? establishmentIn(call.input) : null
      return proven?.algorithm ?? sizedAlgorithm(call.algorithm) ?? 'AES-256'
    }
    case 'CardGetSharedKeyHandle':
      return sharedDerivation(call.input)?.algorithm ?? 'AES-256'
    case 'CardDeriveKey':
      return algorithmOfBits(call.algorithm, call.keyLength) ?? 'AES-256'
    case 'MDImportSessionKey':
      return sizedAlgorithm(call.algorithm) ?? 'AES-256'
    default:
      return 'AES-256'
  }
}
