/**
 * Which status a call gets before anything is asked of a card or an enclave: every fault that the call itself, the mode and
 * the context show. For each function its checks in the order in which they are made; the first that holds is the answer.
 *
 * The names of faults are those of the table `ski-statuses` in spec/ski.md. What only card or enclave can find out comes
 * back from there, see `status.ts`.
 *
 * Spec: spec/ski.md, SKI-20, SKI-120 to SKI-149, SKI-182 to SKI-184.
 * @module
 */
import { decodeEccKeyBlob } from '../blobs/index.js'
import { FUNCTIONS, NO_CARD_FUNCTIONS, type Call, type FunctionName } from '../calls.js'
import {
  ACQUIRE_FLAGS,
  AUTHENTICATE_EX_FLAGS,
  BLOB_TYPES,
  CARD_PADDING,
  CHAINING_MODES,
  CREATE_CONTAINER,
  CUSTOM_NAMES,
  DERIVE_FLAGS,
  KEY_PROPERTIES,
  MAX_PINS,
  SECURE_FUNCTIONS,
  STATUS,
  keySpec,
  property,
  symmetricAlgorithm,
  type StatusName,
} from '../constants/index.js'
import type { SessionAlgorithm } from '../enclave/commands.js'
import { decodeU32, decodeWideText } from '../structures/index.js'
import { answerLength } from './answer.js'
import {
  OAEP,
  agreedDerivation,
  algorithmOfBits,
  algorithmsNamed,
  bytesIn,
  cardFile,
  isEmpty,
  keyToMake,
  pinsIn,
  secureFunction,
  sharedDerivation,
  sizedAlgorithm,
} from './arguments.js'
import { READINGS } from '../readings.js'
import { blockLengthOf, isFunctionOffered, keyOf, offeredAlgorithms, wasHandle, type MinidriverView } from './view.js'

/** Why a call is answered at once. */
export interface CallFault {
  /** The name in the table `ski-statuses`. */
  readonly fault: string
  readonly status: number
  /** Bytes that are needed, where a buffer is too small. */
  readonly length: number | null
}

type CallOf<Name extends FunctionName> = Extract<Call, { type: Name }>
type Check<C> = readonly [fault: string, status: StatusName, holds: (call: C, view: MinidriverView) => boolean]

const INVALID = 'SCARD_E_INVALID_PARAMETER'
const UNSUPPORTED = 'SCARD_E_UNSUPPORTED_FEATURE'
const REVISION = 'ERROR_REVISION_MISMATCH'
const HANDLE = 'SCARD_E_INVALID_HANDLE'

/** The first fault of a call, or `null` where card, enclave or context may be asked. */
export function faultOf(call: Call, view: MinidriverView): CallFault | null {
  const outside = contextFault(call, view)
  if (outside !== null) return outside
  if (!isFunctionOffered(call.type, view)) return of('function_not_offered', UNSUPPORTED)
  const checks = CHECKS[call.type] as readonly Check<Call>[]
  const [fault, status] = checks.find(([, , holds]) => holds(call, view)) ?? []
  if (fault === undefined || status === undefined) return null
  return of(fault, status, fault === TOO_SMALL ? leastSize(call, view) : null)
}

/** A context takes the functions of its mode, and none before it is acquired (SKI-20, SKI-143 to SKI-145, SKI-148). */
export function contextFault(call: Call, { mode }: MinidriverView): CallFault | null {
  if (call.type === 'CardAcquireContext') return mode === 'none' ? null : of('already_acquired', INVALID)
  if (mode === 'none') return of('context_deleted', HANDLE)
  if (!KNOWN.has(call.type)) return of('function_unknown', UNSUPPORTED)
  const allowed = mode === 'noCard' ? NO_CARD.has(call.type) : call.type !== 'MDImportSessionKey' && call.type !== 'MDEncryptData'
  return allowed ? null : of('mode_not_allowed', READINGS.modeRefuses)
}

const of = (fault: string, status: StatusName, length: number | null = null): CallFault => ({ fault, status: STATUS[status], length })
const KNOWN: ReadonlySet<FunctionName> = new Set(FUNCTIONS)
const NO_CARD: ReadonlySet<string> = new Set([...NO_CARD_FUNCTIONS, ...READINGS.noCardTakesToo])
const TOO_SMALL = 'buffer_too_small'

/** How many bytes the answer has; of a response of the card, at least. */
const leastSize = (call: Call, view: MinidriverView): number =>
  call.type === 'CardProcessEncryptedData' ? responseBytes(call, view) : (answerLength(call, view) ?? 0)

const noCardWanted = ({ flags }: CallOf<'CardAcquireContext'>) => flags === ACQUIRE_FLAGS.CARD_SECURE_KEY_INJECTION_NO_CARD_MODE
const flagsNotZero: Check<{ readonly flags: number }> = ['flags_not_zero', INVALID, ({ flags }) => flags !== 0]
const handleWrong: readonly Check<{ readonly handle: number }>[] = [
  ['handle_invalid', HANDLE, ({ handle }, view) => !wasHandle(view, handle)],
  ['handle_destroyed', HANDLE, ({ handle }, view) => keyOf(view, handle) === null],
]
const containerUnknown: Check<{ readonly containerIndex: number }> = [
  'container_unknown',
  READINGS.containerIndexUnknown,
  ({ containerIndex }, { containers }) => !Number.isInteger(containerIndex) || containerIndex < 0 || containerIndex >= containers,
]
const fileNotFound: Check<CallOf<'CardReadFile'> | CallOf<'CardWriteFile'>> = [
  'file_not_found',
  'SCARD_E_FILE_NOT_FOUND',
  ({ directory, file }, { containers }) => (cardFile(directory, file)?.container ?? containers) >= containers,
]
const bufferTooSmall: Check<Call & { readonly size: number | null }> = [
  TOO_SMALL,
  READINGS.bufferTooSmall,
  (call, view) => call.size !== null && leastSize(call, view) > call.size,
]
const secureFunctionUnknown: Check<{ readonly function: string | null }> = [
  'secure_function_unknown',
  INVALID,
  ({ function: name }) => secureFunction(name) === null,
]
const propertyNull: Check<{ readonly property: string | null }> = ['pointer_null', INVALID, ({ property: name }) => name === null]
const flagsOutside = (known: readonly number[]): Check<{ readonly flags: number }> => ['flags_unknown', INVALID, ({ flags }) => !known.includes(flags)]
const algorithmUnknown: Check<{ readonly algorithm: string | null }> = ['algorithm_unknown', INVALID, ({ algorithm }) => sizedAlgorithm(algorithm) === null]

const create: readonly Check<CallOf<'CardCreateContainer'> | CallOf<'CardCreateContainerEx'>>[] = [
  containerUnknown,
  ['plain_text_import', UNSUPPORTED, ({ flags }) => flags === CREATE_CONTAINER.CARD_CREATE_CONTAINER_KEY_IMPORT],
  ['flags_unknown', INVALID, ({ flags }) => flags !== CREATE_CONTAINER.CARD_CREATE_CONTAINER_KEY_GEN],
  ['key_spec_unknown', INVALID, ({ keySpec: spec }) => keySpec(spec)?.use !== 'exchange'],
  ['ecc_size_not_zero', INVALID, ({ keySpec: spec, keySize }) => keySpec(spec)?.type === 'EC' && keySize !== 0],
  ['key_size_wrong', INVALID, ({ keySpec: spec, keySize }) => keyToMake(spec, keySize) === null],
]

const CHECKS: { readonly [Name in FunctionName]: readonly Check<CallOf<Name>>[] } = {
  CardAcquireContext: [
    ['flags_unknown', INVALID, (call) => call.flags !== 0 && !noCardWanted(call)],
    ['mode_not_offered', READINGS.modeNotOffered, (call, { offersNoCard }) => noCardWanted(call) && !offersNoCard],
    ['version_too_low', REVISION, (call) => call.version < (noCardWanted(call) ? READINGS.noCardMinimumVersion : MINIMUM)],
    ['allocators_missing', INVALID, ({ allocators }) => !allocators],
    ['handles_zero', HANDLE, (call) => !noCardWanted(call) && (call.hSCardCtx === 0 || call.hScard === 0)],
    ['atr_missing', INVALID, (call) => !noCardWanted(call) && (call.atr === null || call.atr === '')],
    ['card_name_missing', INVALID, (call) => !noCardWanted(call) && (call.cardName === null || call.cardName === '')],
    ['card_unknown', 'SCARD_E_UNKNOWN_CARD', (call, { product }) => !noCardWanted(call) && call.cardName !== product],
  ],
  CardDeleteContext: [],
  CardGetProperty: [
    propertyNull,
    ['property_unknown', READINGS.unknownProperty, ({ property: name }) => property(name ?? '')?.card?.get !== true],
    ['flags_not_zero', INVALID, (call) => call.flags !== 0 && isFlagless(call.property)],
    ['flags_unknown', INVALID, ({ property: name, flags }) => property(name ?? '')?.card?.flags.includes(flags) !== true],
    bufferTooSmall,
  ],
  CardSetProperty: [
    propertyNull,
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.card === undefined],
    flagsNotZero,
    ['property_read_only', READINGS.readOnlyProperty, () => true],
  ],
  CardReadFile: [['pointer_null', INVALID, ({ directory, file }) => directory === null || file === null], flagsNotZero, fileNotFound],
  CardWriteFile: [['pointer_null', INVALID, ({ directory, file, data }) => directory === null || file === null || data === null], flagsNotZero, fileNotFound],
  CardCreateContainer: create,
  CardCreateContainerEx: [...create, ['pin_unknown', INVALID, ({ pinId }) => !isPin(pinId, EVERYONE)]],
  CardDeleteContainer: [containerUnknown, ['flags_not_zero', INVALID, ({ reserved }) => reserved !== 0]],
  CardGetContainerInfo: [['pointer_null', INVALID, ({ info }) => !info], flagsNotZero, containerUnknown],
  CardGetContainerProperty: [
    propertyNull,
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.container === undefined],
    ['flags_unknown', INVALID, ({ property: name, flags }) => property(name ?? '')?.container?.flags.includes(flags) !== true],
    containerUnknown,
  ],
  CardQueryKeySizes: [
    ['pointer_null', INVALID, ({ sizes }) => !sizes],
    flagsNotZero,
    ['key_spec_unknown', INVALID, ({ keySpec: spec }) => keySpec(spec) === null],
  ],
  CardImportSessionKey: [
    ['pointer_null', INVALID, ({ input, blobType, algorithm, phKey }) => input === null || blobType === null || algorithm === null || !phKey],
    ['padding_not_offered', INVALID, ({ flags }, { capabilities }) => !READINGS.importPaddings.includes(flags) || (flags & capabilities.paddings) === 0],
    ['padding_info_missing', INVALID, ({ flags, paddingInfo }) => flags === CARD_PADDING.CARD_PADDING_OAEP && paddingInfo === null],
    ['hash_unknown', INVALID, ({ flags, paddingInfo }) => flags === CARD_PADDING.CARD_PADDING_OAEP && !OAEP.has(paddingInfo?.hash ?? '')],
    ['label_not_empty', INVALID, ({ flags, paddingInfo }) => flags === CARD_PADDING.CARD_PADDING_OAEP && !isEmpty(paddingInfo?.label ?? null)],
    ['blob_type_unknown', INVALID, ({ blobType }) => blobType !== BLOB_TYPES.BCRYPT_KEY_DATA_BLOB && blobType !== CUSTOM_NAMES.PROVEN_KEY_BLOB],
    algorithmUnknown,
    ['algorithm_not_offered', UNSUPPORTED, ({ algorithm }, view) => !isOffered(sizedAlgorithm(algorithm), view)],
    containerUnknown,
  ],
  CardConstructDHAgreement: [
    ['pointer_null', INVALID, ({ publicKey }) => publicKey === null],
    flagsNotZero,
    ['structure_version_low', REVISION, ({ version }) => version < STRUCTURE_MINIMUM],
    ['peer_key_invalid', INVALID, ({ publicKey }) => !isDhPoint(publicKey)],
    containerUnknown,
  ],
  CardDeriveKey: [
    ['pointer_null', INVALID, ({ kdf, algorithm, parameters }) => kdf === null || algorithm === null || parameters === null],
    ['structure_version_low', REVISION, ({ version }) => version < STRUCTURE_MINIMUM],
    ['key_bytes_wanted', UNSUPPORTED, ({ flags }) => (flags & DERIVE_FLAGS.CARD_RETURN_KEY_HANDLE) === 0],
    ['flags_unknown', INVALID, ({ flags }) => flags !== DERIVE_FLAGS.CARD_RETURN_KEY_HANDLE],
    ['kdf_unknown', INVALID, ({ kdf }) => kdf !== CONCAT_KDF],
    algorithmUnknown,
    [
      'algorithm_not_offered',
      UNSUPPORTED,
      ({ algorithm, keyLength }, view) => !isOffered(algorithmOfBits(algorithm, keyLength) ?? sizedAlgorithm(algorithm), view),
    ],
    ['key_length_not_legal', INVALID, ({ algorithm, keyLength }) => algorithmOfBits(algorithm, keyLength) === null],
    [
      'derivation_input_wrong',
      INVALID,
      ({ algorithm, keyLength, parameters }) => agreedDerivation(parameters, algorithmOfBits(algorithm, keyLength) ?? 'AES-256') === null,
    ],
    ['agreement_unknown', INVALID, ({ agreement }, { agreements }) => !agreements.some(({ index }) => index === agreement)],
  ],
  CardDestroyDHAgreement: [
    flagsNotZero,
    ['agreement_unknown', INVALID, ({ agreement }, { agreements }) => !agreements.some(({ index }) => index === agreement)],
  ],
  CardAuthenticateEx: [
    ['session_pin_not_offered', UNSUPPORTED, ({ flags }) => (flags & SESSION_PIN_FLAGS) !== 0],
    ['flags_unknown', INVALID, ({ flags }) => flags !== 0 && flags !== AUTHENTICATE_EX_FLAGS.CARD_PIN_SILENT_CONTEXT],
    ['pin_unknown', INVALID, ({ pinId }) => !isPin(pinId, FIRST_PIN)],
  ],
  CardDeauthenticateEx: [flagsNotZero, ['pin_unknown', INVALID, ({ pins }) => pinsIn(pins) === null]],
  MDImportSessionKey: [
    ['pointer_null', INVALID, ({ input, blobType, algorithm, phKey }) => input === null || blobType === null || algorithm === null || !phKey],
    ['blob_type_unknown', INVALID, ({ blobType }) => !READINGS.sessionKeyBlobTypes.includes(blobType ?? '')],
    // The blob says the size, so none but the published names.
    ['algorithm_unknown', INVALID, ({ algorithm }) => symmetricAlgorithm(algorithm ?? '') === null],
    ['algorithm_not_offered', UNSUPPORTED, ({ algorithm }, view) => !algorithmsNamed(algorithm).some((one) => isOffered(one, view))],
  ],
  MDEncryptData: [
    ['pointer_null', INVALID, ({ input, function: name }) => input === null || name === null],
    ...handleWrong,
    secureFunctionUnknown,
    flagsOutside(READINGS.encryptFlags),
    ['chaining_mode_missing', INVALID, ({ handle }, view) => keyOf(view, handle)?.mode !== true],
    ['iv_missing', INVALID, ({ handle }, view) => (keyOf(view, handle)?.iv ?? null) === null],
  ],
  CardGetSharedKeyHandle: [
    ['pointer_null', INVALID, ({ phKey }) => !phKey],
    [
      'derivation_input_wrong',
      INVALID,
      ({ input }, { mode }) => (mode === 'card' ? sharedDerivation(input) === null : input !== null && bytesIn(input)?.length !== NONCE_BYTES),
    ],
  ],
  CardGetAlgorithmProperty: [
    ['pointer_null', INVALID, ({ algorithm, property: name }) => algorithm === null || name === null],
    flagsNotZero,
    ['algorithm_unknown', INVALID, ({ algorithm }) => symmetricAlgorithm(algorithm ?? '') === null],
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.algorithm?.get !== true],
    bufferTooSmall,
  ],
  CardDestroyKey: handleWrong,
  CardGetKeyProperty: [
    propertyNull,
    flagsNotZero,
    ...handleWrong,
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.key?.get !== true],
    ['property_not_set', INVALID, (call, view) => answerLength(call, view) === null],
    bufferTooSmall,
  ],
  CardSetKeyProperty: [
    ['pointer_null', INVALID, ({ property: name, input }) => name === null || input === null],
    flagsNotZero,
    ...handleWrong,
    [
      'property_unknown',
      INVALID,
      ({ property: name }, { mode }) => property(name ?? '')?.key === undefined || (name === CUSTOM_NAMES.KEY_CONTAINER && mode !== 'card'),
    ],
    ['property_read_only', READINGS.readOnlyKeyProperty, ({ property: name }) => property(name ?? '')?.key?.set !== true],
    [
      'chaining_mode_not_offered',
      INVALID,
      ({ property: name, input }) => name === KEY_PROPERTIES.CKP_CHAINING_MODE && textOf(input) !== CHAINING_MODES.CARD_CHAIN_MODE_CBC,
    ],
    ['iv_length_wrong', INVALID, ({ property: name, input, handle }, view) => name === KEY_PROPERTIES.CKP_INITIALIZATION_VECTOR && !isIv(input, handle, view)],
    ['container_unknown', INVALID, ({ property: name, input }, view) => name === CUSTOM_NAMES.KEY_CONTAINER && !isContainer(input, view)],
  ],
  CardProcessEncryptedData: [
    ['pointer_null', INVALID, ({ function: name, blobs }) => name === null || blobs === null],
    ['blob_count_zero', INVALID, ({ blobs }) => blobs?.length === 0],
    ...handleWrong,
    secureFunctionUnknown,
    ['import_without_card', UNSUPPORTED, ({ function: name }, { mode }) => mode === 'noCard' && name === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR],
    flagsOutside(READINGS.processFlags),
    // A response brings its own IV (SKI-63), so without a card nothing has to be set.
    ['chaining_mode_missing', INVALID, ({ handle }, view) => view.mode === 'card' && keyOf(view, handle)?.mode !== true],
    ['iv_missing', INVALID, ({ handle }, view) => view.mode === 'card' && (keyOf(view, handle)?.iv ?? null) === null],
    bufferTooSmall,
    [
      'container_not_named',
      INVALID,
      ({ handle, function: name }, view) => name === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR && (keyOf(view, handle)?.container ?? null) === null,
    ],
  ],
}

/** `CARD_DATA.dwVersion`: the oldest that is served. */
const MINIMUM = 4
/** The first version of the DH and derivation structures that returns a key handle. */
const STRUCTURE_MINIMUM = 2
const CONCAT_KDF = 'SP800_56A_CONCAT'
/** A nonce of the card, in bytes. */
const NONCE_BYTES = 16
const SESSION_PIN_FLAGS = AUTHENTICATE_EX_FLAGS.CARD_AUTHENTICATE_GENERATE_SESSION_PIN | AUTHENTICATE_EX_FLAGS.CARD_AUTHENTICATE_SESSION_PIN
/** `ROLE_EVERYONE`, which may guard a container and has no PIN, and the first one that has. */
const EVERYONE = 0
const FIRST_PIN = 1

const isPin = (pinId: number, least: number) => Number.isInteger(pinId) && pinId >= least && pinId < MAX_PINS
const isFlagless = (name: string | null) => property(name ?? '')?.card?.flags.join() === '0'
const isOffered = (algorithm: SessionAlgorithm | null, view: MinidriverView) => algorithm !== null && offeredAlgorithms(view).includes(algorithm)

/**
 * The least that an output can be: without a card the response structure; with one, that structure under a format that is
 * the product's own, which is no shorter than the published one: an IV, and blocks with padding.
 */
function responseBytes({ function: name, handle }: CallOf<'CardProcessEncryptedData'>, view: MinidriverView): number {
  if (name === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR) return 0
  const structure = name === SECURE_FUNCTIONS.CSF_CHANGE_AUTHENTICATOR ? CHANGE_RESPONSE : AUTHENTICATE_RESPONSE
  const entry = keyOf(view, handle)
  if (view.mode !== 'card' || entry === null) return structure
  const block = blockLengthOf(entry.algorithm)
  return block + block * (Math.floor(structure / block) + 1)
}
/** The fixed parts of the responses, in bytes (SKI-89). */
const CHANGE_RESPONSE = 8
const AUTHENTICATE_RESPONSE = 12

function isDhPoint(blob: string | null): boolean {
  const bytes = bytesIn(blob)
  const read = bytes && decodeEccKeyBlob(bytes)
  return read?.ok === true && read.value.use === 'exchange' && read.value.form === 'public'
}

function isIv(input: string | null, handle: number, view: MinidriverView): boolean {
  const entry = keyOf(view, handle)
  return entry !== null && bytesIn(input)?.length === blockLengthOf(entry.algorithm)
}

function isContainer(input: string | null, { containers }: MinidriverView): boolean {
  const bytes = bytesIn(input)
  const read = bytes && decodeU32(bytes)
  return read?.ok === true && read.value < containers
}

function textOf(input: string | null): string | null {
  const bytes = bytesIn(input)
  const read = bytes && decodeWideText(bytes)
  return read?.ok ? read.value : null
}
