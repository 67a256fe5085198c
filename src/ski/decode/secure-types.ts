/**
 * In words: the structures of the secure functions and their responses, before they are sealed or after they were opened.
 *
 * Requirements: SKI-86 to SKI-89, SKI-101, SKI-102.
 * @module
 */
import { wipe } from '../../bytes/bytes.js'
import { checkPrivateKey } from '../../crypto/key-check.js'
import { wipeKey } from '../../crypto/key-parts.js'
import { AUTHENTICATE_FLAGS, MAX_PINS, PIN_CHANGE, PIN_ROLES } from '../constants/flags.js'
import { keySpec } from '../constants/key-specs.js'
import { decodeAuthenticate, decodeAuthenticateResponse } from '../structures/authenticate.js'
import { decodeChangeAuthenticator, decodeChangeAuthenticatorResponse } from '../structures/change-authenticator.js'
import { decodeImportKeypair, keyOfImport } from '../structures/import-keypair.js'
import { STRUCTURE_VERSION } from '../structures/version.js'
import { bitsOf, code, counted, lengthOf, mask, number, numberIn, oneOf, secret, version } from './explain.js'
import { aboutKey, CAPI_MEMBERS, CAPI_PRIVATE, ECC_KEY, ECC_MEMBERS } from './key-types.js'
import { readingOf, type Member, type Seen, type Sign, type StructureType } from './types.js'

/** A number of `PIN_ID`. */
export const pinId = (what: string): Member =>
  code(what, (value) => Object.entries<number>(PIN_ROLES).find(([, role]) => role === value)?.[0] ?? (value < MAX_PINS ? 'a further PIN of the holder' : null))

/** A number of a key spec, in so many words. */
export const keySpecName = (value: number): string | null => {
  const spec = keySpec(value)
  return spec && `${spec.name}, ${spec.curve ?? spec.type} for ${spec.use === 'exchange' ? 'key exchange' : 'signatures'}`
}

const materialType = (seen: Seen): StructureType | null => {
  const spec = keySpec(numberIn(seen, 'dwKeySpec'))
  return spec && (spec.type === 'RSA' ? CAPI_PRIVATE : ECC_KEY)
}
const isSeven: Sign = [32, (view) => view.u32(0) === STRUCTURE_VERSION]

/** `CARD_IMPORT_KEYPAIR`, with the key in it. */
export const IMPORT_KEYPAIR: StructureType = {
  name: 'CARD_IMPORT_KEYPAIR',
  structure: 'CARD_IMPORT_KEYPAIR',
  abi: null,
  title: 'a key pair for a container, as "Import Key Pair" seals it',
  requirement: 'SKI-86',
  read: readingOf(decodeImportKeypair, (structure) => {
    const key = keyOfImport(structure)
    wipe(structure.keyData)
    // The codec speaks of the key where the structure says otherwise.
    if (!key.ok) return { fault: key.fault.at === 'key' ? { ...key.fault, at: 'CARD_IMPORT_KEYPAIR.dwKeySpec' } : key.fault }
    try {
      const [inside, members] = key.value.type === 'RSA' ? ([CAPI_PRIVATE, CAPI_MEMBERS] as const) : ([ECC_KEY, ECC_MEMBERS] as const)
      // The facts are told where the key is described, inside.
      return { ...aboutKey(inside.structure, members, key.value, checkPrivateKey(key.value)), facts: [] }
    } finally {
      wipeKey(key.value)
    }
  }),
  members: {
    dwVersion: version(STRUCTURE_VERSION),
    bContainerIndex: number('the container that the key is for'),
    padding: counted('padding'),
    PinId: pinId('the PIN that will guard the container'),
    dwKeySpec: code('key spec', keySpecName),
    dwKeySize: bitsOf('size of the key'),
    cbInput: lengthOf('the key material'),
    pbInput: {
      kind: 'secret',
      meaning: (_bytes, seen) => `the key material, ${materialType(seen)?.structure ?? 'of an unknown form'}`,
      inside: (_bytes, seen) => materialType(seen),
    },
  },
  signs: [
    isSeven,
    [24, (view) => view.zero(5, 3)],
    [24, (view) => view.u32(8) >= 0 && view.u32(8) < 256],
    [28, (view) => keySpec(view.u32(12)) !== null],
    [16, (view) => view.u32(16) > 0 && view.u32(16) <= 16384],
    [32, (view) => view.u32(20) === view.length - 24],
  ],
}

/** `CARD_AUTHENTICATE`. */
export const AUTHENTICATE: StructureType = {
  name: 'CARD_AUTHENTICATE',
  structure: 'CARD_AUTHENTICATE',
  abi: null,
  title: 'a PIN that is presented to the card, as "Authenticate" seals it',
  requirement: 'SKI-88',
  read: readingOf(decodeAuthenticate, ({ pin }) => {
    wipe(pin)
    return {}
  }),
  members: {
    dwVersion: version(STRUCTURE_VERSION),
    dwFlags: mask(AUTHENTICATE_FLAGS, 'flags'),
    PinId: pinId('the PIN'),
    cbPinData: lengthOf('its value'),
    pbPinData: secret('the value of the PIN'),
  },
  signs: [
    isSeven,
    [28, (view) => view.length >= 8 && (view.u32(4) & 0xcfffffff) === 0],
    [24, (view) => view.u32(8) >= 0 && view.u32(8) < 256],
    [32, (view) => view.u32(12) === view.length - 16],
  ],
}

/** The response to it. */
export const AUTHENTICATE_RESPONSE: StructureType = {
  name: 'CARD_AUTHENTICATE_RESPONSE',
  structure: 'CARD_AUTHENTICATE_RESPONSE',
  abi: null,
  title: 'the response of the card to "Authenticate"',
  requirement: 'SKI-89',
  read: readingOf(decodeAuthenticateResponse, ({ sessionPin }) => {
    wipe(sessionPin)
    return {}
  }),
  members: {
    dwVersion: version(STRUCTURE_VERSION),
    cbSessionPin: lengthOf('the session PIN, 0 for none'),
    cAttemptsRemaining: number('tries that are left'),
    pbSessionPin: secret('the session PIN'),
  },
  signs: [isSeven, [32, (view) => view.u32(4) === view.length - 12], [24, (view) => view.u32(8) >= 0 && view.u32(8) < 256]],
}

/** `CARD_CHANGE_AUTHENTICATOR`. */
export const CHANGE_AUTHENTICATOR: StructureType = {
  name: 'CARD_CHANGE_AUTHENTICATOR',
  structure: 'CARD_CHANGE_AUTHENTICATOR',
  abi: null,
  title: 'a PIN that is changed or unblocked, as "Change Authenticator" seals it',
  requirement: 'SKI-87',
  read: readingOf(decodeChangeAuthenticator, ({ authenticatingData, targetData }) => {
    wipe(authenticatingData, targetData)
    return {}
  }),
  members: {
    dwVersion: version(STRUCTURE_VERSION),
    dwFlags: oneOf(PIN_CHANGE, 'what is done'),
    dwAuthenticatingPinId: pinId('the PIN or key that authenticates'),
    cbAuthenticatingPinData: lengthOf('its value'),
    dwTargetPinId: pinId('the PIN that is set'),
    cbTargetData: lengthOf('its new value'),
    cRetryCount: number('tries that the PIN will have'),
    pbAuthenticatingPinData: secret('the value that authenticates'),
    pbTargetData: secret('the new value of the PIN'),
  },
  signs: [
    isSeven,
    [30, (view) => view.u32(4) === 1 || view.u32(4) === 2],
    [24, (view) => view.u32(8) >= 0 && view.u32(8) < 256],
    [24, (view) => view.u32(16) >= 0 && view.u32(16) < 256],
    [24, (view) => view.u32(24) >= 0 && view.u32(24) < 256],
    [32, (view) => view.length >= 28 && view.u32(12) + view.u32(20) === view.length - 28],
  ],
}

/** The response to it. */
export const CHANGE_AUTHENTICATOR_RESPONSE: StructureType = {
  name: 'CARD_CHANGE_AUTHENTICATOR_RESPONSE',
  structure: 'CARD_CHANGE_AUTHENTICATOR_RESPONSE',
  abi: null,
  title: 'the response of the card to "Change Authenticator"',
  requirement: 'SKI-89',
  read: readingOf(decodeChangeAuthenticatorResponse),
  members: { dwVersion: version(STRUCTURE_VERSION), cAttemptsRemaining: number('tries that are left') },
  signs: [isSeven, [24, (view) => view.u32(4) >= 0 && view.u32(4) < 256], [32, (view) => view.length === 8]],
}
