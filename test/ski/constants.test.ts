import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ACQUIRE_FLAGS,
  ASYMMETRIC_ALGORITHMS,
  AUTHENTICATE_EX_FLAGS,
  AUTHENTICATE_FLAGS,
  BCRYPT_PAD,
  BCRYPT_SUPPORTED_PAD,
  bcryptPadOf,
  BLOB_TYPES,
  CARD_DATA,
  CARD_DATA_BYTES,
  CARD_PADDING,
  CARD_PROPERTIES,
  CHAINING_MODES,
  CREATE_CONTAINER,
  DATA_FLAGS,
  DERIVE_FLAGS,
  flagNames,
  formatStatus,
  HASH_IDS,
  INTERFACE_VERSIONS,
  isMaskOf,
  isOneOf,
  KEY_IMPORT,
  KEY_PROPERTIES,
  KEY_SPEC,
  KEY_SPECS,
  keySizeOf,
  keySpec,
  keySpecOf,
  maskOf,
  MAX_PINS,
  OPERATION,
  PIN_CHANGE,
  PIN_ROLES,
  pinSet,
  PROPERTIES,
  property,
  SECURE_FUNCTIONS,
  SIGN_FLAGS,
  STATUS,
  STATUSES,
  statusName,
  SYMMETRIC_ALGORITHMS,
  symmetricAlgorithm,
  toPcscLite,
  type BcryptPad,
  type BcryptSupportedPad,
  type CardPadding,
} from '../../src/ski/constants/index.js'
import { ecKey, rsaKey } from './keys.js'

const constants = suite('ski: constants')

// The numbers that Windows gives (winscard, winerror).
const statuses = {
  SCARD_S_SUCCESS: 0,
  SCARD_F_INTERNAL_ERROR: 0x80100001,
  SCARD_E_CANCELLED: 0x80100002,
  SCARD_E_INVALID_HANDLE: 0x80100003,
  SCARD_E_INVALID_PARAMETER: 0x80100004,
  SCARD_E_NO_MEMORY: 0x80100006,
  SCARD_E_INSUFFICIENT_BUFFER: 0x80100008,
  SCARD_E_NO_SMARTCARD: 0x8010000c,
  SCARD_E_UNKNOWN_CARD: 0x8010000d,
  SCARD_E_UNEXPECTED: 0x8010001f,
  SCARD_E_UNSUPPORTED_FEATURE: 0x80100022,
  SCARD_E_FILE_NOT_FOUND: 0x80100024,
  SCARD_E_WRITE_TOO_MANY: 0x80100028,
  SCARD_E_COMM_DATA_LOST: 0x8010002f,
  SCARD_E_NO_KEY_CONTAINER: 0x80100030,
  SCARD_W_RESET_CARD: 0x80100068,
  SCARD_W_REMOVED_CARD: 0x80100069,
  SCARD_W_SECURITY_VIOLATION: 0x8010006a,
  SCARD_W_WRONG_CHV: 0x8010006b,
  SCARD_W_CHV_BLOCKED: 0x8010006c,
  SCARD_W_CARD_NOT_AUTHENTICATED: 0x8010006f,
  ERROR_INSUFFICIENT_BUFFER: 122,
  ERROR_REVISION_MISMATCH: 1306,
}

constants('SKI-97 every status code has the number of Windows, and no two share one', () => {
  assert.equal(STATUS, statuses)
  assert.is(new Set(STATUSES.map(({ value }) => value)).size, 23)
  for (const { name, value, meaning } of STATUSES) {
    assert.is(statusName(value), name)
    assert.ok(meaning.length > 3, name)
  }
})

constants('SKI-97 a status is named also when it was read as a signed integer', () => {
  assert.is(statusName(-2146435068), 'SCARD_E_INVALID_PARAMETER')
  assert.is(statusName(0x80100099), null)
  assert.is(formatStatus(0x80100004), 'SCARD_E_INVALID_PARAMETER (0x80100004)')
  assert.is(formatStatus(122), 'ERROR_INSUFFICIENT_BUFFER (0x0000007A)')
  assert.is(formatStatus(0x80100099), '0x80100099')
})

constants('SKI-97 pcsc-lite has another number for an unsupported feature', () => {
  assert.is(toPcscLite(STATUS.SCARD_E_UNSUPPORTED_FEATURE), 0x8010001f)
  assert.is(toPcscLite(STATUS.SCARD_E_NO_KEY_CONTAINER), 0x80100030)
})

// cardmod.h and bcrypt.h.
const flags: readonly (readonly [name: string, table: object, wanted: object])[] = [
  ['ACQUIRE_FLAGS', ACQUIRE_FLAGS, { CARD_SECURE_KEY_INJECTION_NO_CARD_MODE: 1 }],
  [
    'KEY_IMPORT',
    KEY_IMPORT,
    { CARD_KEY_IMPORT_PLAIN_TEXT: 1, CARD_KEY_IMPORT_RSA_KEYEST: 2, CARD_KEY_IMPORT_ECC_KEYEST: 4, CARD_KEY_IMPORT_SHARED_SYMMETRIC: 8 },
  ],
  ['OPERATION', OPERATION, { CARD_CIPHER_OPERATION: 1, CARD_ASYMMETRIC_OPERATION: 2 }],
  ['DATA_FLAGS', DATA_FLAGS, { CARD_BLOCK_PADDING: 1 }],
  ['CARD_PADDING', CARD_PADDING, { CARD_PADDING_NONE: 1, CARD_PADDING_PKCS1: 2, CARD_PADDING_PSS: 4, CARD_PADDING_OAEP: 8 }],
  ['BCRYPT_PAD', BCRYPT_PAD, { BCRYPT_PAD_NONE: 1, BCRYPT_PAD_PKCS1: 2, BCRYPT_PAD_OAEP: 4, BCRYPT_PAD_PSS: 8 }],
  [
    'BCRYPT_SUPPORTED_PAD',
    BCRYPT_SUPPORTED_PAD,
    { BCRYPT_SUPPORTED_PAD_PKCS1_ENC: 2, BCRYPT_SUPPORTED_PAD_PKCS1_SIG: 4, BCRYPT_SUPPORTED_PAD_OAEP: 8, BCRYPT_SUPPORTED_PAD_PSS: 16 },
  ],
  ['SIGN_FLAGS', SIGN_FLAGS, { CARD_BUFFER_SIZE_ONLY: 0x20000000, CARD_PADDING_INFO_PRESENT: 0x40000000 }],
  ['DERIVE_FLAGS', DERIVE_FLAGS, { CARD_RETURN_KEY_HANDLE: 0x1000000 }],
  ['CREATE_CONTAINER', CREATE_CONTAINER, { CARD_CREATE_CONTAINER_KEY_GEN: 1, CARD_CREATE_CONTAINER_KEY_IMPORT: 2 }],
  ['PIN_CHANGE', PIN_CHANGE, { PIN_CHANGE_FLAG_UNBLOCK: 1, PIN_CHANGE_FLAG_CHANGEPIN: 2 }],
  ['AUTHENTICATE_FLAGS', AUTHENTICATE_FLAGS, { CARD_AUTHENTICATE_GENERATE_SESSION_PIN: 0x10000000, CARD_AUTHENTICATE_SESSION_PIN: 0x20000000 }],
  ['PIN_ROLES', PIN_ROLES, { ROLE_EVERYONE: 0, ROLE_USER: 1, ROLE_ADMIN: 2 }],
]
for (const [name, table, wanted] of flags) constants(`SKI-96 ${name} has the numbers of the header`, () => assert.equal(table, wanted))

constants('SKI-96 the three numberings of paddings are three types and three tables', () => {
  // @ts-expect-error a CNG flag is no padding bit of a minidriver call
  const fromCng: CardPadding = BCRYPT_PAD.BCRYPT_PAD_OAEP
  // @ts-expect-error a bit of CNG's mask is no padding bit of a minidriver call
  const fromMask: CardPadding = BCRYPT_SUPPORTED_PAD.BCRYPT_SUPPORTED_PAD_OAEP
  // @ts-expect-error a padding bit of a minidriver call is no CNG flag
  const toCng: BcryptPad = CARD_PADDING.CARD_PADDING_OAEP
  // @ts-expect-error a bit of CNG's mask is no CNG flag
  const maskAsFlag: BcryptPad = BCRYPT_SUPPORTED_PAD.BCRYPT_SUPPORTED_PAD_PSS
  // @ts-expect-error a CNG flag is no bit of CNG's mask
  const flagAsMask: BcryptSupportedPad = BCRYPT_PAD.BCRYPT_PAD_PSS
  // @ts-expect-error a number that somebody made up belongs to no table
  const bare: CardPadding = 8
  // @ts-expect-error two tables do not go into one mask
  const mixed = maskOf(CARD_PADDING.CARD_PADDING_OAEP, BCRYPT_PAD.BCRYPT_PAD_OAEP)
  const right: CardPadding = CARD_PADDING.CARD_PADDING_OAEP
  const plain: number = right
  assert.equal([plain, fromCng, fromMask, toCng, maskAsFlag, flagAsMask, bare, mixed], [8, 4, 8, 8, 16, 8, 8, 12])

  // Where they disagree, a number of one table says something else in another.
  const nameIn = (table: object, value: number) => Object.entries(table).find(([, flag]) => flag === value)?.[0]
  assert.is(nameIn(CARD_PADDING, 4), 'CARD_PADDING_PSS')
  assert.is(nameIn(BCRYPT_PAD, 4), 'BCRYPT_PAD_OAEP')
  assert.is(nameIn(BCRYPT_SUPPORTED_PAD, 4), 'BCRYPT_SUPPORTED_PAD_PKCS1_SIG')
})

constants('SKI-96 a padding bit becomes the CNG flag of the same padding, not of the same number', () => {
  const pairs = Object.entries(CARD_PADDING).map(([name, bit]) => [name.replace('CARD_PADDING_', ''), bcryptPadOf(bit)])
  assert.equal(
    pairs,
    Object.entries(BCRYPT_PAD)
      .map(([name, bit]) => [name.replace('BCRYPT_PAD_', ''), bit])
      .sort(([a], [b]) => ORDER.indexOf(String(a)) - ORDER.indexOf(String(b))),
  )
  assert.throws(() => bcryptPadOf(maskOf(CARD_PADDING.CARD_PADDING_PKCS1, CARD_PADDING.CARD_PADDING_OAEP)), TypeError)
})
const ORDER = ['NONE', 'PKCS1', 'PSS', 'OAEP']

constants('masks are judged and named', () => {
  assert.ok(isMaskOf(KEY_IMPORT, 0) && isMaskOf(KEY_IMPORT, 0xf))
  for (const value of [0x10, -1, 0.5, 2 ** 32, NaN]) assert.not(isMaskOf(KEY_IMPORT, value), String(value))
  assert.ok(isMaskOf(AUTHENTICATE_EX_FLAGS, 0x30000040))
  assert.ok(isOneOf(PIN_CHANGE, 2))
  assert.not(isOneOf(PIN_CHANGE, 3))
  assert.equal(flagNames(KEY_IMPORT, 0x82), ['CARD_KEY_IMPORT_RSA_KEYEST', '0x80'])
  assert.equal(flagNames(SIGN_FLAGS, 0xc0000000), ['CARD_PADDING_INFO_PRESENT', '0x80000000'])
  assert.is(maskOf(SIGN_FLAGS.CARD_BUFFER_SIZE_ONLY, SIGN_FLAGS.CARD_PADDING_INFO_PRESENT), 0x60000000)
  assert.equal([pinSet(), pinSet(PIN_ROLES.ROLE_USER, PIN_ROLES.ROLE_ADMIN), pinSet(MAX_PINS - 1)], [0, 6, 128])
  for (const id of [-1, 8, 0.5]) assert.throws(() => pinSet(id), TypeError)
})

constants('SKI-94 strings are spelt as in the header', () => {
  assert.equal(SECURE_FUNCTIONS, { CSF_IMPORT_KEYPAIR: 'Import Key Pair', CSF_CHANGE_AUTHENTICATOR: 'Change Authenticator', CSF_AUTHENTICATE: 'Authenticate' })
  const { CP_CARD_GUID: identifier, ...ski } = CARD_PROPERTIES
  assert.is(identifier, 'Card Identifier')
  assert.equal(Object.values(ski), ['Key Import Support', 'Algorithms', 'Padding Schemes', 'Chaining Modes'])
  assert.equal(Object.values(KEY_PROPERTIES), ['ChainingMode', 'IV', 'BlockLength', 'KeyLengths'])
  assert.equal(
    Object.values(CHAINING_MODES),
    ['CBC', 'ECB', 'CFB', 'CCM', 'GCM', 'N/A'].map((mode) => `ChainingMode${mode}`),
  )
  assert.equal(
    Object.values(BLOB_TYPES).sort(),
    'ECCPRIVATEBLOB ECCPUBLICBLOB KeyDataBlob OpaqueKeyBlob RSAFULLPRIVATEBLOB RSAPRIVATEBLOB RSAPUBLICBLOB Rfc3565KeyWrapBlob'.split(' '),
  )
  assert.equal(Object.keys(HASH_IDS), ['SHA1', 'SHA256', 'SHA384', 'SHA512'])
})

constants('SKI-94 algorithms and their legal key lengths', () => {
  assert.equal(
    SYMMETRIC_ALGORITHMS.map(({ name, keyBytes, blockBytes }) => [name, [...keyBytes], blockBytes]),
    [
      ['AES', [16, 24, 32], 16],
      ['3DES', [24], 8],
      ['3DES_112', [16], 8],
    ],
  )
  assert.is(symmetricAlgorithm('AES')?.constant, 'CARD_AES_ALGORITHM')
  assert.is(symmetricAlgorithm('aes'), null)
  assert.equal(
    ASYMMETRIC_ALGORITHMS.map(({ name }) => name),
    ['RSA', 'ECDH_P256', 'ECDH_P384', 'ECDH_P521', 'ECDSA_P256', 'ECDSA_P384', 'ECDSA_P521'],
  )
})

constants('SKI-86 key specs', () => {
  assert.equal(KEY_SPEC, {
    AT_KEYEXCHANGE: 1,
    AT_SIGNATURE: 2,
    AT_ECDSA_P256: 3,
    AT_ECDSA_P384: 4,
    AT_ECDSA_P521: 5,
    AT_ECDHE_P256: 6,
    AT_ECDHE_P384: 7,
    AT_ECDHE_P521: 8,
  })
  for (const spec of KEY_SPECS) {
    assert.equal(keySpec(spec.value), spec)
    const key = spec.curve === null ? rsa : ecKey(spec.curve).key
    assert.is(keySpecOf(key, spec.use), spec.value)
    assert.is(keySizeOf(key), spec.curve === null ? 2048 : Number(spec.curve.slice(2)))
  }
  assert.is(keySpec(0), null)
  assert.is(keySpec(9), null)
  assert.is(keySpecOf(ecKey('P-256K').key, 'signature'), null)
})
const rsa = rsaKey(2048).key

constants('SKI-94 properties: sort, flags, and what may be done with them', () => {
  const rows = PROPERTIES.map(({ constant, sort, card, key, algorithm }) => [
    constant,
    sort,
    card?.flags.join(' ') ?? '',
    key ? `${key.get ? 'r' : ''}${key.set ? 'w' : ''}` : '',
    algorithm ? 'r' : '',
  ])
  assert.equal(rows.slice(0, 9), [
    ['CP_KEY_IMPORT_SUPPORT', 'u32', '0', '', ''],
    ['CP_ENUM_ALGORITHMS', 'names', '1 2', '', ''],
    ['CP_PADDING_SCHEMES', 'u32', '1 2', '', ''],
    ['CP_CHAINING_MODES', 'names', '0 1', '', ''],
    ['CP_CARD_GUID', 'bytes', '0', '', ''],
    ['CKP_CHAINING_MODE', 'text', '', 'rw', ''],
    ['CKP_INITIALIZATION_VECTOR', 'bytes', '', 'rw', ''],
    ['CKP_BLOCK_LENGTH', 'u32', '', 'r', 'r'],
    ['BCRYPT_KEY_LENGTHS', 'keyLengths', '', '', 'r'],
  ])
  assert.is(property('IV')?.constant, 'CKP_INITIALIZATION_VECTOR')
  assert.is(property('iv'), null)
  // A padding mask is read by the flags of the call.
  assert.equal(property('Padding Schemes')?.masks, { 1: DATA_FLAGS, 2: CARD_PADDING })
  for (const { card } of PROPERTIES) assert.not(card?.set)
})

// Offsets of the header's structure, from a compiler for each ABI.
const offsets: readonly (readonly [member: string, version: number, x64: number, x86: number])[] = [
  ['dwVersion', 4, 0, 0],
  ['pbAtr', 4, 8, 4],
  ['cbAtr', 4, 16, 8],
  ['pwszCardName', 4, 24, 12],
  ['pfnCspAlloc', 4, 32, 16],
  ['pfnCspReAlloc', 4, 40, 20],
  ['pfnCspFree', 4, 48, 24],
  ['pfnCspCacheAddFile', 4, 56, 28],
  ['pfnCspCacheLookupFile', 4, 64, 32],
  ['pfnCspCacheDeleteFile', 4, 72, 36],
  ['pvCacheContext', 4, 80, 40],
  ['pfnCspPadData', 4, 88, 44],
  ['hSCardCtx', 4, 96, 48],
  ['hScard', 4, 104, 52],
  ['pvVendorSpecific', 4, 112, 56],
  ['pfnCardDeleteContext', 4, 120, 60],
  ['pfnCardDeriveKey', 5, 328, 164],
  ['pfnCardGetChallengeEx', 6, 352, 176],
  ['pfnCspUnpadData', 7, 416, 208],
  ['pfnMDImportSessionKey', 7, 424, 212],
  ['pfnMDEncryptData', 7, 432, 216],
  ['pfnCardImportSessionKey', 7, 440, 220],
  ['pfnCardGetSharedKeyHandle', 7, 448, 224],
  ['pfnCardGetAlgorithmProperty', 7, 456, 228],
  ['pfnCardGetKeyProperty', 7, 464, 232],
  ['pfnCardSetKeyProperty', 7, 472, 236],
  ['pfnCardDestroyKey', 7, 480, 240],
  ['pfnCardProcessEncryptedData', 7, 488, 244],
  ['pfnCardCreateContainerEx', 7, 496, 248],
]

constants('SKI-95 CARD_DATA version 7 in both ABIs', () => {
  assert.equal(CARD_DATA_BYTES, { x64: 504, x86: 252 })
  for (const [name, version, x64, x86] of offsets)
    assert.equal(
      CARD_DATA.filter((member) => member.name === name),
      [{ name, version, x64, x86 }],
    )
  assert.is(new Set(CARD_DATA.map(({ name }) => name)).size, 63)
  assert.equal(
    INTERFACE_VERSIONS.map(({ version }) => version),
    [4, 5, 6, 7],
  )
})

constants.run()
