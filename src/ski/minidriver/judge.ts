/**
 * Which status a call gets before anything is asked of a card or an enclave: every fault that the call itself, the mode and
 * the context show. For each function its checks in the order in which they are made; the first that holds is the answer.
 *
 * The names of faults are those of the table `ski-statuses` in spec/ski.md. What only card or enclave can find out comes
 * back from there, see `status.ts`.
 *
 * Spec: spec/ski.md, SKI-20, SKI-120 to SKI-149.
 * @module
 */
import { fromBase64url } from '../../bytes/base64.js'
import { decodeEccKeyBlob } from '../blobs/index.js'
import { NO_CARD_FUNCTIONS, type Call, type FunctionName } from '../calls.js'
import {
  ACQUIRE_FLAGS,
  AUTHENTICATE_EX_FLAGS,
  BLOB_TYPES,
  CARD_PADDING,
  CHAINING_MODES,
  CREATE_CONTAINER,
  CUSTOM_NAMES,
  DATA_FLAGS,
  DERIVE_FLAGS,
  HASH_IDS,
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
import { blockLengthOf, keyOf, offeredAlgorithms, sizedAlgorithm, type MinidriverView } from './view.js'

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
const BUFFER = 'ERROR_INSUFFICIENT_BUFFER'

/** The first fault of a call, or `null` where card, enclave or context may be asked. */
export function faultOf(call: Call, view: MinidriverView): CallFault | null {
  const mode = modeFault(call, view)
  if (mode !== null) return mode
  const checks = CHECKS[call.type] as readonly Check<Call>[]
  const [fault, status] = checks.find(([, , holds]) => holds(call, view)) ?? []
  if (fault === undefined || status === undefined) return null
  return { fault, status: STATUS[status], length: status === BUFFER ? answerLength(call, view) : null }
}

/** A context takes the functions of its mode, and none before it is acquired (SKI-20, SKI-143, SKI-144, SKI-147). */
function modeFault(call: Call, { mode }: MinidriverView): CallFault | null {
  const fault = (name: string, status: StatusName): CallFault => ({ fault: name, status: STATUS[status], length: null })
  if (call.type === 'CardAcquireContext') return mode === 'none' ? null : fault('already_acquired', INVALID)
  if (mode === 'none') return fault('context_deleted', HANDLE)
  const allowed = mode === 'noCard' ? NO_CARD.has(call.type) : call.type !== 'MDImportSessionKey' && call.type !== 'MDEncryptData'
  return allowed ? null : fault('mode_not_allowed', UNSUPPORTED)
}

const NO_CARD: ReadonlySet<FunctionName> = new Set([...NO_CARD_FUNCTIONS, 'CardDeleteContext'])

const noCardWanted = ({ flags }: CallOf<'CardAcquireContext'>) => flags === ACQUIRE_FLAGS.CARD_SECURE_KEY_INJECTION_NO_CARD_MODE
const flagsNotZero: Check<{ readonly flags: number }> = ['flags_not_zero', INVALID, ({ flags }) => flags !== 0]
const handleInvalid: Check<{ readonly handle: number }> = ['handle_invalid', HANDLE, ({ handle }, view) => keyOf(view, handle) === null]
const containerUnknown: Check<{ readonly containerIndex: number }> = [
  'container_unknown',
  INVALID,
  ({ containerIndex }, { containers }) => !Number.isInteger(containerIndex) || containerIndex < 0 || containerIndex >= containers,
]
const pinUnknown = (pinId: number) => !Number.isInteger(pinId) || pinId < 1 || pinId >= MAX_PINS
const bufferTooSmall: Check<Call & { readonly size: number | null }> = [
  'buffer_too_small',
  BUFFER,
  (call, view) => call.size !== null && (answerLength(call, view) ?? 0) > call.size,
]
const secureFunctionUnknown: Check<{ readonly function: string | null }> = ['secure_function_unknown', INVALID, ({ function: name }) => !isSecureFunction(name)]
const propertyNull: Check<{ readonly property: string | null }> = ['pointer_null', INVALID, ({ property: name }) => name === null]

const create: readonly Check<CallOf<'CardCreateContainer'> | CallOf<'CardCreateContainerEx'>>[] = [
  containerUnknown,
  ['plain_text_import', UNSUPPORTED, ({ flags }) => flags === CREATE_CONTAINER.CARD_CREATE_CONTAINER_KEY_IMPORT],
  ['flags_unknown', INVALID, ({ flags }) => flags !== CREATE_CONTAINER.CARD_CREATE_CONTAINER_KEY_GEN],
  ['key_spec_unknown', INVALID, ({ keySpec: spec }) => !ESTABLISHING.has(keySpec(spec)?.name ?? '')],
  ['ecc_size_not_zero', INVALID, ({ keySpec: spec, keySize }) => keySpec(spec)?.type === 'EC' && keySize !== 0],
  ['key_size_wrong', INVALID, ({ keySpec: spec, keySize }) => keySpec(spec)?.type === 'RSA' && !RSA_BITS.includes(keySize)],
]

/** Keys that establish keys: those are all that a card makes for this interface (SKI-212). */
const ESTABLISHING: ReadonlySet<string> = new Set(['AT_KEYEXCHANGE', 'AT_ECDHE_P256', 'AT_ECDHE_P384', 'AT_ECDHE_P521'])
const RSA_BITS: readonly number[] = [2048, 3072, 4096]

const CHECKS: { readonly [Name in FunctionName]: readonly Check<CallOf<Name>>[] } = {
  CardAcquireContext: [
    ['flags_unknown', INVALID, (call) => call.flags !== 0 && !noCardWanted(call)],
    ['mode_not_offered', UNSUPPORTED, (call, { offersNoCard }) => noCardWanted(call) && !offersNoCard],
    ['version_too_low', REVISION, (call) => call.version < (noCardWanted(call) ? NO_CARD_MINIMUM : MINIMUM)],
    ['allocators_missing', INVALID, ({ allocators }) => !allocators],
    ['handles_zero', HANDLE, (call) => !noCardWanted(call) && (call.hSCardCtx === 0 || call.hScard === 0)],
    ['atr_missing', INVALID, (call) => !noCardWanted(call) && (call.atr === null || call.atr === '')],
    ['card_name_missing', INVALID, (call) => !noCardWanted(call) && (call.cardName === null || call.cardName === '')],
    ['card_unknown', 'SCARD_E_UNKNOWN_CARD', (call, { product }) => !noCardWanted(call) && call.cardName !== product],
  ],
  CardDeleteContext: [],
  CardGetProperty: [
    propertyNull,
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.card?.get !== true],
    ['flags_not_zero', INVALID, (call) => call.flags !== 0 && isFlagless(call.property)],
    ['flags_unknown', INVALID, ({ property: name, flags }) => property(name ?? '')?.card?.flags.includes(flags) !== true],
    bufferTooSmall,
  ],
  CardSetProperty: [
    propertyNull,
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.card === undefined],
    flagsNotZero,
    ['property_read_only', UNSUPPORTED, () => true],
  ],
  CardReadFile: [
    ['pointer_null', INVALID, ({ directory, file }) => directory === null || file === null],
    flagsNotZero,
    ['file_not_found', 'SCARD_E_FILE_NOT_FOUND', ({ directory, file }, view) => directory !== MSCP || !isFile(file, view)],
  ],
  CardWriteFile: [
    ['pointer_null', INVALID, ({ directory, file, data }) => directory === null || file === null || data === null],
    flagsNotZero,
    ['file_not_found', 'SCARD_E_FILE_NOT_FOUND', ({ directory, file }, view) => directory !== MSCP || !isFile(file, view)],
  ],
  CardCreateContainer: create,
  CardCreateContainerEx: [
    ['function_not_offered', UNSUPPORTED, (_, { version }) => version < NO_CARD_MINIMUM],
    ...create,
    ['pin_unknown', INVALID, ({ pinId }) => pinUnknown(pinId)],
  ],
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
    ['padding_not_offered', INVALID, ({ flags }, { capabilities }) => !IMPORT_PADDINGS.includes(flags) || (flags & capabilities.paddings) === 0],
    ['padding_info_missing', INVALID, ({ flags, paddingInfo }) => flags === CARD_PADDING.CARD_PADDING_OAEP && paddingInfo === null],
    ['hash_unknown', INVALID, ({ paddingInfo }) => paddingInfo !== null && !(paddingInfo.hash in HASH_IDS)],
    ['label_not_empty', INVALID, ({ paddingInfo }) => paddingInfo?.label != null && paddingInfo.label !== ''],
    ['blob_type_unknown', INVALID, ({ blobType }) => blobType !== BLOB_TYPES.BCRYPT_KEY_DATA_BLOB && blobType !== CUSTOM_NAMES.PROVEN_KEY_BLOB],
    ['algorithm_unknown', INVALID, ({ algorithm }) => sizedAlgorithm(algorithm) === null],
    ['algorithm_not_offered', UNSUPPORTED, ({ algorithm }, view) => !isOffered(algorithm, view)],
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
    ['key_bytes_wanted', UNSUPPORTED, ({ flags }) => flags === 0],
    ['flags_unknown', INVALID, ({ flags }) => flags !== DERIVE_FLAGS.CARD_RETURN_KEY_HANDLE],
    ['kdf_unknown', INVALID, ({ kdf }) => kdf !== CONCAT_KDF],
    ['algorithm_unknown', INVALID, ({ algorithm }) => sizedAlgorithm(algorithm) === null],
    ['algorithm_not_offered', UNSUPPORTED, ({ algorithm }, view) => !isOffered(algorithm, view)],
    ['key_length_not_legal', INVALID, ({ algorithm, keyLength }) => !isKeyLength(algorithm, keyLength)],
    ['derivation_input_wrong', INVALID, ({ parameters }) => (bytesOf(parameters)?.length ?? 0) < DERIVATION_BYTES],
    ['agreement_unknown', INVALID, ({ agreement }, { agreements }) => !agreements.some(({ index }) => index === agreement)],
  ],
  CardDestroyDHAgreement: [
    flagsNotZero,
    ['agreement_unknown', INVALID, ({ agreement }, { agreements }) => !agreements.some(({ index }) => index === agreement)],
  ],
  CardAuthenticateEx: [
    ['session_pin_not_offered', UNSUPPORTED, ({ flags }) => (flags & SESSION_PIN_FLAGS) !== 0],
    ['flags_unknown', INVALID, ({ flags }) => flags !== 0 && flags !== AUTHENTICATE_EX_FLAGS.CARD_PIN_SILENT_CONTEXT],
    ['pin_unknown', INVALID, ({ pinId }) => pinUnknown(pinId)],
  ],
  CardDeauthenticateEx: [
    flagsNotZero,
    ['pin_unknown', INVALID, ({ pins }) => pins <= 0 || (pins & 1) !== 0 || pins >= 1 << MAX_PINS || (pins & (pins - 1)) !== 0],
  ],
  MDImportSessionKey: [
    ['pointer_null', INVALID, ({ input, blobType, algorithm, phKey }) => input === null || blobType === null || algorithm === null || !phKey],
    ['blob_type_unknown', INVALID, ({ blobType }) => blobType !== BLOB_TYPES.BCRYPT_KEY_DATA_BLOB],
    ['algorithm_unknown', INVALID, ({ algorithm }) => sizedAlgorithm(algorithm) === null],
    ['algorithm_not_offered', UNSUPPORTED, ({ algorithm }, view) => !isOffered(algorithm, view)],
  ],
  MDEncryptData: [
    ['pointer_null', INVALID, ({ input, function: name }) => input === null || name === null],
    handleInvalid,
    secureFunctionUnknown,
    ['flags_unknown', INVALID, ({ flags }) => flags !== 0 && flags !== DATA_FLAGS.CARD_BLOCK_PADDING],
    ['chaining_mode_missing', INVALID, ({ handle }, view) => keyOf(view, handle)?.mode !== true],
    ['iv_missing', INVALID, ({ handle }, view) => keyOf(view, handle)?.iv == null],
  ],
  CardGetSharedKeyHandle: [
    ['pointer_null', INVALID, ({ phKey }) => !phKey],
    ['derivation_input_wrong', INVALID, ({ input }, { mode }) => mode === 'card' && input !== null && (bytesOf(input)?.length ?? 0) < DERIVATION_BYTES],
  ],
  CardGetAlgorithmProperty: [
    ['pointer_null', INVALID, ({ algorithm, property: name }) => algorithm === null || name === null],
    flagsNotZero,
    ['algorithm_unknown', INVALID, ({ algorithm }) => symmetricAlgorithm(algorithm ?? '') === null],
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.algorithm?.get !== true],
    bufferTooSmall,
  ],
  CardDestroyKey: [handleInvalid],
  CardGetKeyProperty: [
    propertyNull,
    flagsNotZero,
    handleInvalid,
    ['property_unknown', INVALID, ({ property: name }) => property(name ?? '')?.key?.get !== true],
    ['property_not_set', INVALID, (call, view) => answerLength(call, view) === null],
    bufferTooSmall,
  ],
  CardSetKeyProperty: [
    ['pointer_null', INVALID, ({ property: name, input }) => name === null || input === null],
    flagsNotZero,
    handleInvalid,
    [
      'property_unknown',
      INVALID,
      ({ property: name }, { mode }) => property(name ?? '')?.key === undefined || (name === CUSTOM_NAMES.KEY_CONTAINER && mode !== 'card'),
    ],
    ['property_read_only', INVALID, ({ property: name }) => property(name ?? '')?.key?.set !== true],
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
    handleInvalid,
    secureFunctionUnknown,
    ['import_without_card', UNSUPPORTED, ({ function: name }, { mode }) => mode === 'noCard' && name === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR],
    ['flags_unknown', INVALID, ({ flags }) => flags !== 0 && flags !== DATA_FLAGS.CARD_BLOCK_PADDING],
    ['chaining_mode_missing', INVALID, ({ handle }, view) => keyOf(view, handle)?.mode !== true],
    ['iv_missing', INVALID, ({ handle }, view) => keyOf(view, handle)?.iv == null],
    ['buffer_too_small', BUFFER, ({ size, function: name }) => size !== null && size < responseBytes(name)],
  ],
}

/** `CARD_DATA.dwVersion`: the oldest that is served, and the first that knows secure key injection. */
const MINIMUM = 4
const NO_CARD_MINIMUM = 7
/** The first version of the DH and derivation structures that returns a key handle. */
const STRUCTURE_MINIMUM = 2
const CONCAT_KDF = 'SP800_56A_CONCAT'
/** Session id and server nonce. */
const DERIVATION_BYTES = 32
const MSCP = 'mscp'
const IMPORT_PADDINGS: readonly number[] = [CARD_PADDING.CARD_PADDING_PKCS1, CARD_PADDING.CARD_PADDING_OAEP]
const SESSION_PIN_FLAGS = AUTHENTICATE_EX_FLAGS.CARD_AUTHENTICATE_GENERATE_SESSION_PIN | AUTHENTICATE_EX_FLAGS.CARD_AUTHENTICATE_SESSION_PIN

const isFlagless = (name: string | null) => property(name ?? '')?.card?.flags.join() === '0'
const isSecureFunction = (name: string | null) => Object.values(SECURE_FUNCTIONS).some((one) => one === name)
const isOffered = (name: string | null, view: MinidriverView) => offeredAlgorithms(view).includes(sizedAlgorithm(name)!)
const isFile = (name: string | null, { containers }: MinidriverView) => {
  const match = /^k[xs]c(\d\d)$/.exec(name ?? '')
  return name === 'cmapfile' || (match !== null && Number(match[1]) < containers)
}

/** The least that a response can be, under a format that is the product's own: a block, and the IV before it. */
const responseBytes = (name: string | null): number => (name === SECURE_FUNCTIONS.CSF_IMPORT_KEYPAIR ? 0 : 32)

function isKeyLength(name: string | null, bits: number): boolean {
  const algorithm = sizedAlgorithm(name)
  const family: Readonly<Record<SessionAlgorithm, readonly number[]>> = {
    'AES-128': [128],
    'AES-192': [192],
    'AES-256': [256],
    '3DES_112': [128],
    '3DES': [192],
  }
  return algorithm !== null && (name === 'AES' ? [128, 192, 256] : family[algorithm]).includes(bits)
}

function isDhPoint(blob: string | null): boolean {
  const bytes = bytesOf(blob)
  const read = bytes && decodeEccKeyBlob(bytes)
  return read?.ok === true && read.value.use === 'exchange' && read.value.form === 'public'
}

function isIv(input: string | null, handle: number, view: MinidriverView): boolean {
  const entry = keyOf(view, handle)
  return entry !== null && bytesOf(input)?.length === blockLengthOf(entry.algorithm)
}

function isContainer(input: string | null, { containers }: MinidriverView): boolean {
  const bytes = bytesOf(input)
  const read = bytes && decodeU32(bytes)
  return read?.ok === true && read.value < containers
}

function textOf(input: string | null): string | null {
  const bytes = bytesOf(input)
  const read = bytes && decodeWideText(bytes)
  return read?.ok ? read.value : null
}

function bytesOf(text: string | null): Uint8Array | null {
  const read = text === null ? null : fromBase64url(text)
  return read?.ok ? read.value : null
}
