/**
 * The decoder for people, on the vectors: every structure described as what it is, every fault told as its codec tells it, with its place.
 * @module
 */
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import fc from 'fast-check'
import * as blobs from '../../src/ski/blobs/index.js'
import { describe, guess, STRUCTURE_NAMES, STRUCTURE_TYPES, structuresNamed, type Description } from '../../src/ski/decode/index.js'
import { decodeCardEvidence, decodeEstablishment, decodeReceipt } from '../../src/ski/sealed/index.js'
import * as structures from '../../src/ski/structures/index.js'
import type { Verdict } from '../../src/verdict.js'
import { fieldOf, structureVectors, typeNamed, type StructureVector } from './decode-support.js'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const described = (name: string, hex: string): Description => describe(bytesOf(hex), typeNamed(name))

// ------------------------------------------------------------------------------------------------------------------------ vectors

const vectors = suite('decode: vectors')

vectors('has so many of each file', () => {
  const counts: Record<string, number> = {}
  for (const { file } of structureVectors) counts[file] = (counts[file] ?? 0) + 1
  assert.equal(counts, { 'ski/key-blobs': 208, 'ski/secure-functions': 124, 'ski/in-process': 90, 'ski/card-data': 76, 'ski/sealed-bound': 181 })
})

/** The codecs, asked again and by themselves. */
const CODECS: Readonly<Record<string, (bytes: Uint8Array) => Verdict<unknown>>> = {
  BCRYPT_KEY_DATA_BLOB: blobs.decodeKeyDataBlob,
  BCRYPT_RSAKEY_BLOB: blobs.decodeRsaKeyBlob,
  BCRYPT_ECCKEY_BLOB: blobs.decodeEccKeyBlob,
  PUBLICKEYBLOB: blobs.decodePublicKeyBlob,
  PRIVATEKEYBLOB: blobs.decodePrivateKeyBlob,
  CARD_IMPORT_KEYPAIR: structures.decodeImportKeypair,
  CARD_AUTHENTICATE: structures.decodeAuthenticate,
  CARD_AUTHENTICATE_RESPONSE: structures.decodeAuthenticateResponse,
  CARD_CHANGE_AUTHENTICATOR: structures.decodeChangeAuthenticator,
  CARD_CHANGE_AUTHENTICATOR_RESPONSE: structures.decodeChangeAuthenticatorResponse,
  CARD_KEY_SIZES: structures.decodeKeySizes,
  CONTAINER_MAP_RECORD: structures.decodeContainerRecord,
  cmapfile: structures.decodeContainerMap,
  MULTI_STRING: structures.decodeMultiString,
  CP_ENUM_ALGORITHMS: structures.decodeMultiString,
  CP_CHAINING_MODES: structures.decodeMultiString,
  CKP_CHAINING_MODE: structures.decodeWideText,
  CP_KEY_IMPORT_SUPPORT: structures.decodeU32,
  CP_PADDING_SCHEMES: structures.decodeU32,
  CKP_BLOCK_LENGTH: structures.decodeU32,
  BCRYPT_KEY_LENGTHS: structures.decodeKeyLengths,
  'CONTAINER_INFO:x64': (bytes) => structures.decodeContainerInfo(bytes, 'x64'),
  'CONTAINER_INFO:x86': (bytes) => structures.decodeContainerInfo(bytes, 'x86'),
  ...Object.fromEntries(
    [structures.OAEP_PADDING_INFO, structures.PKCS1_PADDING_INFO, structures.ENCRYPTED_DATA, structures.DERIVE_KEY, structures.DH_AGREEMENT_INFO].flatMap(
      (declared) =>
        (['x64', 'x86'] as const).map((abi) => [`${declared.name}:${abi}`, (bytes: Uint8Array) => structures.decodeStruct(declared, abi, bytes)] as const),
    ),
  ),
  KFPK: decodeEstablishment,
  KFEV: decodeCardEvidence,
  KFRC: decodeReceipt,
}

/** Faults that are found behind the codec, in the numbers of a key or in what a structure says of it: where they have to be told. */
const PLACES: Readonly<Record<string, string>> = {
  import_key_size_zero: 'dwKeySize',
  import_key_size_in_bytes: 'dwKeySize',
  import_key_size_of_other_key: 'dwKeySize',
  import_key_size_backwards: 'dwKeySize',
  import_key_size_ec_in_bytes: 'dwKeySize',
  import_key_size_p521_whole_bytes: 'dwKeySize',
  import_rsa_under_ecdsa: 'pbInput.dwMagic',
  import_ec_under_exchange: 'pbInput.bType',
  import_ecdsa_under_ecdhe: 'pbInput.dwMagic',
  import_p256_under_p384: 'dwKeySpec',
  import_sign_key_under_exchange: 'pbInput.aiKeyAlg',
  import_exchange_key_under_signature: 'pbInput.aiKeyAlg',
  import_public_rsa: 'pbInput.bType',
  import_public_ec: 'pbInput.dwMagic',
  import_rsa_as_cng: 'pbInput.bType',
  rsa_exponent_even: 'PublicExponent',
  rsa_modulus_even: 'Modulus',
  rsa_modulus_of_another_key: 'Modulus',
  rsa_prime1_changed: 'Modulus',
  rsa_prime2_little_endian: 'Prime2',
  rsa_exponent1_wrong: 'Exponent1',
  rsa_exponent2_wrong: 'Exponent2',
  rsa_coefficient_wrong: 'Coefficient',
  rsa_private_exponent_wrong: 'PrivateExponent',
  capi_public_exponent_zero: 'pubexp',
  capi_public_exponent_one: 'pubexp',
  capi_public_exponent_backwards: 'pubexp',
  capi_public_modulus_even: 'modulus',
  capi_private_modulus_of_another_key: 'modulus',
  capi_private_prime1_changed: 'modulus',
  capi_private_prime1_even: 'prime1',
  capi_private_primes_equal: 'prime1',
  capi_private_prime_big_endian: 'modulus',
  capi_private_exponent1_wrong: 'exponent1',
  capi_private_exponent2_wrong: 'exponent2',
  capi_private_coefficient_wrong: 'coefficient',
  capi_private_private_exponent_zero: 'privateExponent',
  capi_private_private_exponent_modulus: 'privateExponent',
  capi_private_private_exponent_wrong: 'privateExponent',
  capi_private_primes_exchanged: 'exponent1',
}

function placeOf({ vector, bytes, type }: StructureVector, told: Description): number {
  const verdict = CODECS[type.name]!(bytes)
  if (!verdict.ok) return Number(/offset (\d+)$/.exec(verdict.fault.at!)![1])
  const ecc = /^ecc_.*_(point|scalar)_(zero|order|highest|off_curve|above_prime|little_endian|of_another_key)$/.exec(vector.id)
  const member = ecc ? (ecc[1] === 'scalar' ? 'd' : 'X') : PLACES[vector.id]
  return fieldOf(told, member!).offset
}

for (const each of structureVectors) {
  const { vector, type, bytes } = each
  // Of a proof, a tag or a ciphertext nobody without a key can say that it is wrong.
  const isRefused = vector.result === 'invalid' && !['proof_refused', 'sealed_refused'].includes(vector.expect!)
  vectors(`${vector.requirement} ${vector.id} as ${type.name}`, () => {
    const told = describe(bytes, type)
    assert.is(told.type, type.name)
    assert.is(told.length, bytes.length)
    for (const { offset, length } of told.fields) assert.ok(length > 0 && offset + length <= bytes.length)
    if (vector.result === 'valid') assert.is(told.fault, null)
    if (!isRefused) return
    assert.is(told.fault!.code, vector.expect)
    assert.is(told.fault!.offset, placeOf(each, told))
    assert.ok(told.fault!.at!.endsWith(`offset ${told.fault!.offset}`))
  })
}
vectors.run()

// ------------------------------------------------------------------------------------------------------------------------- values

const values = suite('decode: values')

/** A value of a vector is the one that is shown, or its length if it is secret. */
function shows(told: Description, member: string, value: unknown): void {
  const field = fieldOf(told, member)
  const shown = field.value
  if (shown.startsWith('(secret')) return assert.is(shown, `(secret, ${String(value).length / 2} bytes)`)
  if (typeof value === 'number') return assert.is(shown === 'NULL' ? 0 : Number(shown.split(' ')[0]), value)
  const isHex = /^([0-9a-f]{2})*$/.test(String(value)) && /^[0-9a-f]+$/.test(shown)
  if (isHex) return assert.ok([value, Buffer.from(String(value), 'hex').reverse().toString('hex')].includes(shown))
  assert.ok(shown.includes(String(value)) || field.meaning.includes(String(value)), `${member}: ${shown}, ${field.meaning}`)
}

let compared = 0
for (const { vector, type, bytes } of structureVectors.filter(({ vector, file }) => vector.result === 'valid' && file !== 'ski/sealed-bound')) {
  const fields = vector['fields']
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) continue
  values(`${vector.requirement} ${vector.id}`, () => {
    const told = describe(bytes, type)
    for (const [member, value] of Object.entries(fields)) {
      const isThere = told.fields.some(({ name }) => name === member)
      // An empty member has no line; reserved bytes say that they are zero.
      if (!isThere || member === 'reserved') continue
      shows(told, member, value)
      compared++
    }
  })
}
values('compares many', () => assert.ok(compared > 500, `${compared}`))
values.run()

// ------------------------------------------------------------------------------------------------------------------------ guesses

const guesses = suite('decode: guesses')

/** Valid, yet what they are cannot be seen: too short, or the same bytes as something that is asked for more often. */
const AMBIGUOUS: readonly string[] = [
  ...['map_empty', 'list_empty', 'property_iv_aes', 'property_import_none'],
  // A list of algorithms is most probably the property with that content.
  ...['list_one', 'list_three'],
  // One small number: several properties have such values.
  ...['property_paddings_rsa', 'property_paddings_block', 'property_block_triple_des'],
  // Nothing but pointers, or zeros.
  ...['bcrypt_pkcs1_padding_info_x64_distinct', 'bcrypt_pkcs1_padding_info_x64_empty', 'bcrypt_pkcs1_padding_info_x86_distinct'],
  ...['bcrypt_pkcs1_padding_info_x86_empty', 'bcrypt_oaep_padding_info_x86_distinct', 'card_encrypted_data_x86_distinct', 'card_derive_key_x86_empty'],
]

for (const { vector, type, bytes } of structureVectors.filter(({ vector }) => vector.result === 'valid' && !AMBIGUOUS.includes(vector.id)))
  guesses(`${vector.requirement} ${vector.id} is ${type.name}`, () => {
    const [best] = guess(bytes, STRUCTURE_TYPES)
    assert.is(best?.type.name, type.name)
    assert.ok(best!.accepted)
  })

for (const id of AMBIGUOUS)
  guesses(`${id} may be anything`, () => {
    const { type, bytes } = structureVectors.find(({ vector }) => vector.id === id)!
    const candidates = guess(bytes, STRUCTURE_TYPES)
    assert.is.not(candidates[0]?.type, type)
    assert.is(describe(bytes, type).fault, null)
  })

guesses('bytes that are almost a structure are told by it', () => {
  const damaged = structureVectors.filter(({ vector, bytes }) => vector.result === 'invalid' && bytes.length >= 4)
  const missed = damaged.filter(({ type, bytes }) => guess(bytes, STRUCTURE_TYPES)[0]?.type !== type)
  assert.ok(damaged.length > 450)
  // Those that are a good structure of another type, or too short for signs, are listed by family.
  const unexpected = missed.filter(({ type }) => type.signs.reduce((sum, [bits]) => sum + bits, 0) > 100).map(({ vector }) => vector.id)
  assert.equal(unexpected.sort(), ['authenticate_flags_backwards'])
  assert.ok(missed.length < damaged.length / 10, `${missed.length} of ${damaged.length}`)
})

guesses('says less the less there is to go by', () => {
  const best = (hex: string) => guess(bytesOf(hex), STRUCTURE_TYPES)[0]
  assert.is(best('4b44424d 01000000 02000000 abcd')?.sureness, 'certain')
  assert.is(best('9000')?.type.name, 'RESPONSE_APDU')
  assert.is(best('02000000')?.sureness, 'possible')
  assert.is(best('00112233445566778899aabbccddeeff'), undefined)
  assert.is(best(''), undefined)
})

guesses('names are unique, and lead to their types', () => {
  assert.is(new Set(STRUCTURE_TYPES.map(({ name }) => name)).size, STRUCTURE_TYPES.length)
  for (const name of STRUCTURE_NAMES) assert.ok(structuresNamed(name).length > 0)
  assert.equal(
    structuresNamed('CONTAINER_INFO').map(({ name }) => name),
    ['CONTAINER_INFO:x64', 'CONTAINER_INFO:x86'],
  )
  assert.equal(structuresNamed('nothing'), [])
})
guesses.run()

// -------------------------------------------------------------------------------------------------------------------------- words

const words = suite('decode: words')

words('SKI-96 names flags, key specs, roles and modes', () => {
  const authenticate = described('CARD_AUTHENTICATE', '07000000 00000010 01000000 02000000 3132')
  assert.is(fieldOf(authenticate, 'dwFlags').meaning, 'flags: CARD_AUTHENTICATE_GENERATE_SESSION_PIN')
  assert.is(fieldOf(authenticate, 'PinId').meaning, 'the PIN: ROLE_USER')
  assert.is(fieldOf(authenticate, 'pbPinData').value, '(secret, 2 bytes)')
  const support = described('CP_KEY_IMPORT_SUPPORT', '0a000000')
  assert.is(fieldOf(support, 'value').meaning, 'CARD_KEY_IMPORT_RSA_KEYEST, CARD_KEY_IMPORT_SHARED_SYMMETRIC')
  const paddings = described('CP_PADDING_SCHEMES', '01000000')
  assert.match(fieldOf(paddings, 'value').meaning, 'dwFlags 1: CARD_BLOCK_PADDING')
  assert.match(fieldOf(paddings, 'value').meaning, 'dwFlags 2: CARD_PADDING_NONE')
  assert.match(fieldOf(described('CP_CHAINING_MODES', Buffer.from('ChainingModeCBC\0\0', 'utf16le').toString('hex')), 'name 0').meaning, 'chaining mode')
})

words('SKI-97 names statuses', () => {
  const status = described('STATUS', '04001080')
  assert.is(fieldOf(status, 'value').value, 'SCARD_E_INVALID_PARAMETER (0x80100004)')
  assert.is(guess(bytesOf('22001080'), STRUCTURE_TYPES)[0]?.type.name, 'STATUS')
})

words('SKI-95 reads CARD_DATA of both ABIs', () => {
  for (const [abi, size] of [
    ['x64', 504],
    ['x86', 252],
  ] as const) {
    const bytes = Uint8Array.from({ length: size }, (_, at) => (at === 0 ? 7 : 0))
    const told = describe(bytes, typeNamed(`CARD_DATA:${abi}`))
    assert.is(told.fault, null)
    // Four bytes that say 7 begin the structures of the secure functions as well.
    assert.is(fieldOf(told, 'dwVersion').value, '7')
    assert.is(fieldOf(told, 'hScard').value, '0x0')
    assert.is(fieldOf(told, 'pfnCardProcessEncryptedData').offset, { x64: 488, x86: 244 }[abi])
    assert.is(guess(bytes, STRUCTURE_TYPES)[0]?.type.name, `CARD_DATA:${abi}`)
    assert.is(describe(new Uint8Array(size - 1).fill(6, 0, 1), typeNamed(`CARD_DATA:${abi}`)).fault?.code, 'structure_truncated')
    assert.is(describe(new Uint8Array(size), typeNamed(`CARD_DATA:${abi}`)).fault?.code, 'card_data_version_unknown')
  }
})

words('SKI-90 describes the keys in a CONTAINER_INFO where they stand', () => {
  const { bytes } = structureVectors.find(({ vector }) => vector.id === 'container_info_x64_ec')!
  const told = describe(bytes, typeNamed('CONTAINER_INFO:x64'))
  assert.is(fieldOf(told, 'signature key.dwMagic').offset, 40)
  assert.is(fieldOf(told, 'exchange key.X').offset, 120)
  assert.ok(told.facts.some(({ name, value }) => name === 'exchange key: public key' && value === 'EC, P-384'))
  const spoiled = Uint8Array.from(bytes)
  spoiled[50]! ^= 1
  const remarked = describe(spoiled, typeNamed('CONTAINER_INFO:x64'))
  assert.is(remarked.fault, null)
  assert.match(remarked.remarks.join(), 'the point is not on the curve')
})

words('SKI-65 tells sealed data that cannot be', () => {
  const { bytes } = structureVectors.find(({ vector, type }) => type.name === 'KFSD' && vector.result === 'valid')!
  const changed = (at: number, value: number) => {
    const copy = Uint8Array.from(bytes)
    copy[at] = value
    return describe(copy, typeNamed('KFSD')).fault
  }
  assert.equal(changed(28, 0)?.code, 'sealed_count_zero')
  assert.equal(changed(80, 1)?.offset, 80)
  assert.is(describe(bytes.subarray(0, -1), typeNamed('KFSD')).fault?.code, 'sealed_length_differs')
  const first = describe(Uint8Array.from([...bytes.subarray(0, 28), 2, ...bytes.subarray(29, 84 + 16)]), typeNamed('KFSD'))
  assert.is(first.fault, null)
  assert.match(first.remarks.join(), 'the first of 2 blobs')
  assert.is(describe(Uint8Array.from([...bytes.subarray(0, 28), 2, ...bytes.subarray(29, 84 + 15)]), typeNamed('KFSD')).fault?.code, 'sealed_length_not_blocks')
})

words('any bytes: a description, never an exception, and always the same', async () => {
  await fc.assert(
    fc.property(fc.constantFrom(...STRUCTURE_TYPES), fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...structureVectors), (type, random, { bytes }) => {
      for (const input of [random, Uint8Array.of(...bytes.subarray(0, 40), ...random)]) {
        const told = describe(input, type)
        assert.equal(describe(input, type), told)
        for (const { offset, length } of told.fields) assert.ok(offset >= 0 && length > 0 && offset + length <= input.length)
        guess(input, STRUCTURE_TYPES)
      }
    }),
    { numRuns: 300 },
  )
})

words('is for bytes', () => {
  assert.throws(() => describe('00' as unknown as Uint8Array, typeNamed('STATUS')), TypeError)
  assert.throws(() => guess('00' as unknown as Uint8Array, STRUCTURE_TYPES), TypeError)
})
words.run()
