/**
 * Vectors for the structures that a secure function carries, and for the responses to them.
 * @module
 */
import { fromLabel } from './bytes.js'
import { anything, hexOf, oneOf, vectorFile, type Document, type Test } from './file.js'
import { CURVE, ecKey, rsaKey } from './keys.js'
import {
  authenticate,
  authenticateResponse,
  capiBlob,
  CARD_CURVES,
  changeAuthenticator,
  changeAuthenticatorResponse,
  eccKeyBlob,
  importKeyPair,
  KEY_SPEC,
  rsaKeyBlob,
  swapped,
  withBytes,
  withU32,
  type CardCurve,
  type ImportKeyPair,
  type KeySpec,
} from './ski-layouts.js'
import { lengthFaults, writerOf } from './ski-tests.js'

/** A PIN of decimal digits that follow from a label. */
export const pinOf = (label: string, length: number): Buffer => Buffer.from(fromLabel(`ski/pin/${label}`, length).map((byte) => 0x30 + (byte % 10)))

const curveNumber = (curve: CardCurve): string => curve.replace('-', '')

/** An honest CARD_IMPORT_KEYPAIR of an RSA key. */
export const rsaImport = (name: string, keySpec: 'AT_KEYEXCHANGE' | 'AT_SIGNATURE', more: Partial<ImportKeyPair> = {}): Buffer =>
  importKeyPair({
    container: 3,
    pinId: 1,
    keySpec: KEY_SPEC[keySpec],
    keySize: rsaKey(name).n.toString(2).length,
    key: capiBlob(rsaKey(name), 'private', keySpec === 'AT_KEYEXCHANGE' ? 'CALG_RSA_KEYX' : 'CALG_RSA_SIGN'),
    ...more,
  })

/** An honest CARD_IMPORT_KEYPAIR of an EC key. */
export const ecImport = (curve: CardCurve, purpose: 'ECDH' | 'ECDSA', more: Partial<ImportKeyPair> = {}): Buffer =>
  importKeyPair({
    container: 3,
    pinId: 1,
    keySpec: KEY_SPEC[`AT_${purpose === 'ECDH' ? 'ECDHE' : 'ECDSA'}_${curveNumber(curve)}` as KeySpec],
    keySize: curve === 'P-521' ? 521 : 8 * CURVE[curve].bytes,
    key: eccKeyBlob(ecKey(curve, 'ski'), purpose, 'private'),
    ...more,
  })

export const secureFunctions = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/secure-functions',
      title: 'The structures of the secure functions and their responses',
      about: [
        'Valid tests run in both directions: "bytes" decodes to "fields", and "fields" encodes to "bytes".',
        'These bytes are what is sealed. "expect" is what the codec says of the plain bytes; a card that has deciphered them says the same of all of them.',
        'The key inside CARD_IMPORT_KEYPAIR is shown as the bytes of its blob; its own faults are in key-blobs.json.',
      ],
      flags: {
        Version: 'The version is not the right one: 7. Zero counts as 1, which is too low.',
        Length: 'A length field or the length of the whole is wrong.',
        Reserved: 'Bytes that have to be zero are not.',
        KeySpec: 'The key specification.',
        KeySize: 'The key size.',
        Key: 'The key does not fit what is said of it.',
        Flags: 'The flags.',
        Edge: 'At the edge of what is allowed.',
      },
      members: {
        type: oneOf(
          ['CARD_IMPORT_KEYPAIR', 'CARD_AUTHENTICATE', 'CARD_AUTHENTICATE_RESPONSE', 'CARD_CHANGE_AUTHENTICATOR', 'CARD_CHANGE_AUTHENTICATOR_RESPONSE'],
          'The structure.',
        ),
        bytes: hexOf('The structure with what follows it.'),
        fields: anything('What it says, by the names of its members; bytes as hex.'),
      },
      always: ['type', 'bytes'],
      outputs: ['fields'],
    },
    [...imports(), ...authentications(), ...authenticationResponses(), ...changes(), ...changeResponses()],
  )

function imports(): Test[] {
  const writer = writerOf('CARD_IMPORT_KEYPAIR', 'import', 'SKI-86')
  const { good, bad } = writer
  const fields = (bytes: Buffer) => ({
    dwVersion: 7,
    bContainerIndex: bytes.readUInt8(4),
    PinId: bytes.readUInt32LE(8),
    dwKeySpec: Object.keys(KEY_SPEC)[bytes.readUInt32LE(12) - 1],
    dwKeySize: bytes.readUInt32LE(16),
    cbInput: bytes.length - 24,
    pbInput: bytes.subarray(24).toString('hex'),
  })
  const valid = (id: string, comment: string, bytes: Buffer, flags?: string[]) => good(id, comment, bytes, fields(bytes), flags ? { flags } : {})
  const rsa = rsaImport('rsa-2048', 'AT_KEYEXCHANGE')
  const ec = ecImport('P-256', 'ECDSA')
  const word = (id: string, comment: string, at: number, value: number, code: string, flag: string, bytes = rsa) =>
    bad(id, comment, withU32(bytes, at, value), code, { flags: [flag], ...(code === 'revision_too_low' ? { requirement: 'SKI-101' } : {}) })
  const reserved = (at: number) =>
    bad(`reserved_byte_${at}`, `padding byte ${at} is not zero`, withBytes(rsa, at, 1), 'structure_reserved_not_zero', {
      flags: ['Reserved'],
      requirement: 'SKI-80',
    })
  const key = (id: string, comment: string, bytes: Buffer, code: string) => bad(id, comment, bytes, code, { flags: ['Key'] })
  return [
    ...['rsa-2048', 'rsa-3072', 'rsa-4096'].flatMap((name) => [
      valid(`${name.replace('-', '_')}_exchange`, `${name}, for key exchange`, rsaImport(name, 'AT_KEYEXCHANGE')),
      valid(`${name.replace('-', '_')}_signature`, `${name}, for signatures`, rsaImport(name, 'AT_SIGNATURE')),
    ]),
    ...CARD_CURVES.flatMap((curve) =>
      (['ECDSA', 'ECDH'] as const).map((purpose) =>
        valid(`${curveNumber(curve).toLowerCase()}_${purpose.toLowerCase()}`, `${curve}, for ${purpose}`, ecImport(curve, purpose)),
      ),
    ),
    valid('container_zero', 'the first container', rsaImport('rsa-2048', 'AT_KEYEXCHANGE', { container: 0 }), ['Edge']),
    valid('container_255', 'the last container', ecImport('P-256', 'ECDH', { container: 255 }), ['Edge']),
    valid('pin_seven', 'the last PIN', ecImport('P-256', 'ECDH', { pinId: 7 }), ['Edge']),
    ...([0, 1, 6] as const).map((version) => word(`version_${version}`, `version ${version}`, 0, version, 'revision_too_low', 'Version')),
    word('version_8', 'version 8', 0, 8, 'revision_unknown', 'Version'),
    word('version_backwards', 'version 7, big-endian', 0, swapped(7), 'revision_unknown', 'Version'),
    ...[5, 6, 7].map(reserved),
    word('key_spec_zero', 'no key specification', 12, 0, 'key_spec_unknown', 'KeySpec'),
    word('key_spec_nine', 'the first number without a meaning', 12, 9, 'key_spec_unknown', 'KeySpec'),
    word('key_spec_backwards', 'AT_KEYEXCHANGE, big-endian', 12, swapped(1), 'key_spec_unknown', 'KeySpec'),
    word('key_size_zero', 'no key size', 16, 0, 'key_size_differs', 'KeySize'),
    word('key_size_in_bytes', 'the size is given in bytes', 16, 256, 'key_size_differs', 'KeySize'),
    word('key_size_of_other_key', '3072 in front of a key of 2048 bits', 16, 3072, 'key_size_differs', 'KeySize'),
    word('key_size_backwards', 'the size is big-endian', 16, swapped(2048), 'key_size_differs', 'KeySize'),
    word('key_size_ec_in_bytes', 'the size of an EC key is given in bytes', 16, 32, 'key_size_differs', 'KeySize', ec),
    word('key_size_p521_whole_bytes', 'P-521 has 521 bits, not 528', 16, 528, 'key_size_differs', 'KeySize', ecImport('P-521', 'ECDSA')),
    word('length_zero', 'no key, says the length', 20, 0, 'key_material_empty', 'Length'),
    word('length_one_less', 'the length is a byte too small', 20, 1171, 'structure_length_differs', 'Length'),
    word('length_one_more', 'the length is a byte too large', 20, 1173, 'structure_length_differs', 'Length'),
    word('length_of_all', 'the length counts the fixed part, too', 20, 1196, 'structure_length_differs', 'Length'),
    word('length_highest', 'a length that overflows when the fixed part is added in 32 bits', 20, 0xffffffff, 'structure_length_differs', 'Length'),
    bad('key_missing', 'no key', importKeyPair({ container: 3, pinId: 1, keySpec: 1, keySize: 2048, key: Buffer.alloc(0) }), 'key_material_empty', {
      flags: ['Length'],
    }),
    key('rsa_under_ecdsa', 'an RSA key under AT_ECDSA_P256', withU32(withU32(rsa, 12, KEY_SPEC.AT_ECDSA_P256), 16, 256), 'ecc_blob_magic_unknown'),
    key('ec_under_exchange', 'an EC key under AT_KEYEXCHANGE', withU32(withU32(ec, 12, KEY_SPEC.AT_KEYEXCHANGE), 16, 2048), 'capi_type_unexpected'),
    key('ecdsa_under_ecdhe', 'an ECDSA key under AT_ECDHE_P256', withU32(ec, 12, KEY_SPEC.AT_ECDHE_P256), 'key_use_differs'),
    key('p256_under_p384', 'a key on P-256 under AT_ECDSA_P384', withU32(withU32(ec, 12, KEY_SPEC.AT_ECDSA_P384), 16, 384), 'key_spec_differs'),
    key('sign_key_under_exchange', 'CALG_RSA_SIGN under AT_KEYEXCHANGE', withU32(rsaImport('rsa-2048', 'AT_SIGNATURE'), 12, 1), 'key_use_differs'),
    key('exchange_key_under_signature', 'CALG_RSA_KEYX under AT_SIGNATURE', withU32(rsa, 12, 2), 'key_use_differs'),
    key(
      'public_rsa',
      'only the public half of an RSA key',
      rsaImport('rsa-2048', 'AT_KEYEXCHANGE', { key: capiBlob(rsaKey('rsa-2048'), 'public') }),
      'capi_type_unexpected',
    ),
    key(
      'public_ec',
      'only the public half of an EC key',
      ecImport('P-256', 'ECDSA', { key: eccKeyBlob(ecKey('P-256', 'ski'), 'ECDSA', 'public') }),
      'card_key_form_differs',
    ),
    key(
      'rsa_as_cng',
      'an RSA key as BCRYPT_RSAKEY_BLOB',
      rsaImport('rsa-2048', 'AT_KEYEXCHANGE', { key: rsaKeyBlob(rsaKey('rsa-2048'), 'full') }),
      'capi_type_unexpected',
    ),
    ...lengthFaults(writer, rsa, 24, true),
  ]
}

function authentications(): Test[] {
  const writer = writerOf('CARD_AUTHENTICATE', 'authenticate', 'SKI-88')
  const { good, bad } = writer
  const pin = pinOf('user', 12)
  const valid = (id: string, comment: string, pinId: number, bytes: Buffer, flags = 0) =>
    good(id, comment, authenticate({ flags, pinId, pin: bytes }), {
      dwVersion: 7,
      dwFlags: flags,
      PinId: pinId,
      cbPinData: bytes.length,
      pbPinData: bytes.toString('hex'),
    })
  const honest = authenticate({ pinId: 1, pin })
  const word = (id: string, comment: string, at: number, value: number, code: string, flag: string) =>
    bad(id, comment, withU32(honest, at, value), code, { flags: [flag], ...(code === 'revision_too_low' ? { requirement: 'SKI-101' } : {}) })
  return [
    valid('user', 'the PIN of the user', 1, pin),
    valid('administrator', 'the key of the administrator', 2, fromLabel('ski/pin/administrator', 24)),
    valid('session_pin_wanted', 'a session PIN is asked for', 1, pin, 0x10000000),
    valid('session_pin_given', 'a session PIN in place of the PIN', 1, fromLabel('ski/pin/session', 20), 0x20000000),
    valid('pin_four', 'four digits', 3, pinOf('short', 4)),
    valid('pin_sixteen', 'with the fixed part, two whole cipher blocks', 1, pinOf('block', 16)),
    valid('pin_with_zero_bytes', 'a PIN is bytes, not text', 1, Buffer.concat([pinOf('padded', 6), Buffer.alloc(2)])),
    ...([0, 1, 6] as const).map((version) => word(`version_${version}`, `version ${version}`, 0, version, 'revision_too_low', 'Version')),
    word('version_8', 'version 8', 0, 8, 'revision_unknown', 'Version'),
    word('authenticate_flags_unknown', 'a flag without a meaning', 4, 1, 'authenticate_flags_unknown', 'Flags'),
    word('flags_silent', 'a flag of the call, not of the structure', 4, 0x40, 'authenticate_flags_unknown', 'Flags'),
    word('flags_backwards', 'a session PIN is asked for, big-endian', 4, 0x10, 'authenticate_flags_unknown', 'Flags'),
    word('length_zero', 'no PIN, says the length', 12, 0, 'pin_empty', 'Length'),
    word('length_one_less', 'the length is a byte too small', 12, 11, 'structure_length_differs', 'Length'),
    word('length_one_more', 'the length is a byte too large', 12, 13, 'structure_length_differs', 'Length'),
    word('length_of_all', 'the length counts the fixed part, too', 12, 28, 'structure_length_differs', 'Length'),
    word('length_backwards', 'the length is big-endian', 12, swapped(12), 'structure_length_differs', 'Length'),
    word('length_highest', 'a length that overflows when the fixed part is added in 32 bits', 12, 0xffffffff, 'structure_length_differs', 'Length'),
    bad('pin_missing', 'no PIN', authenticate({ pinId: 1, pin: Buffer.alloc(0) }), 'pin_empty', { flags: ['Length'] }),
    ...lengthFaults(writer, honest, 16, true),
  ]
}

function authenticationResponses(): Test[] {
  const writer = writerOf('CARD_AUTHENTICATE_RESPONSE', 'authenticate_response', 'SKI-89')
  const { good, bad } = writer
  const sessionPin = fromLabel('ski/pin/session', 20)
  const valid = (id: string, comment: string, bytes: Buffer, attempts: number) =>
    good(id, comment, authenticateResponse(bytes, attempts), {
      dwVersion: 7,
      cbSessionPin: bytes.length,
      cAttemptsRemaining: attempts,
      pbSessionPin: bytes.toString('hex'),
    })
  const honest = authenticateResponse(sessionPin, 3)
  const word = (id: string, comment: string, at: number, value: number, code: string, flag: string) =>
    bad(id, comment, withU32(honest, at, value), code, { flags: [flag], ...(code === 'revision_too_low' ? { requirement: 'SKI-101' } : {}) })
  return [
    valid('without_session_pin', 'no session PIN was asked for', Buffer.alloc(0), 3),
    valid('with_session_pin', 'a session PIN', sessionPin, 3),
    valid('blocked', 'no attempts remain', Buffer.alloc(0), 0),
    ...([0, 6] as const).map((version) => word(`version_${version}`, `version ${version}`, 0, version, 'revision_too_low', 'Version')),
    word('version_8', 'version 8', 0, 8, 'revision_unknown', 'Version'),
    word('length_zero', 'no session PIN, says the length', 4, 0, 'structure_length_differs', 'Length'),
    word('length_one_less', 'the length is a byte too small', 4, 19, 'structure_length_differs', 'Length'),
    word('length_one_more', 'the length is a byte too large', 4, 21, 'structure_length_differs', 'Length'),
    word('length_highest', 'a length that overflows when the fixed part is added in 32 bits', 4, 0xffffffff, 'structure_length_differs', 'Length'),
    ...lengthFaults(writer, honest, 12, true),
  ]
}

function changes(): Test[] {
  const writer = writerOf('CARD_CHANGE_AUTHENTICATOR', 'change', 'SKI-87')
  const { good, bad } = writer
  const [authenticating, target] = [pinOf('user', 12), pinOf('user/new', 14)]
  const change = { flags: 2, authenticatingPinId: 1, targetPinId: 1, authenticating, target }
  const valid = (id: string, comment: string, members: Parameters<typeof changeAuthenticator>[0]) =>
    good(id, comment, changeAuthenticator(members), {
      dwVersion: 7,
      dwFlags: members.flags,
      dwAuthenticatingPinId: members.authenticatingPinId,
      cbAuthenticatingPinData: members.authenticating.length,
      dwTargetPinId: members.targetPinId,
      cbTargetData: members.target.length,
      cRetryCount: members.retryCount ?? 0,
      pbAuthenticatingPinData: members.authenticating.toString('hex'),
      pbTargetData: members.target.toString('hex'),
    })
  const honest = changeAuthenticator(change)
  const word = (id: string, comment: string, at: number, value: number, code: string, flag: string) =>
    bad(id, comment, withU32(honest, at, value), code, { flags: [flag], ...(code === 'revision_too_low' ? { requirement: 'SKI-101' } : {}) })
  const lengths = (id: string, comment: string, first: number, second: number, code: string) =>
    bad(id, comment, changeAuthenticator({ ...change, authenticatingLength: first, targetLength: second }), code, { flags: ['Length'] })
  return [
    valid('pin', 'the user changes the PIN', change),
    valid('unblock', 'the administrator unblocks the PIN of the user', {
      flags: 1,
      authenticatingPinId: 2,
      targetPinId: 1,
      authenticating: fromLabel('ski/pin/administrator', 24),
      target,
      retryCount: 3,
    }),
    valid('shorter', 'the new PIN is shorter than the old one', { ...change, target: pinOf('short', 4) }),
    ...([0, 1, 6] as const).map((version) => word(`version_${version}`, `version ${version}`, 0, version, 'revision_too_low', 'Version')),
    word('version_8', 'version 8', 0, 8, 'revision_unknown', 'Version'),
    word('flags_zero', 'neither change nor unblock', 4, 0, 'change_flags_unknown', 'Flags'),
    word('flags_both', 'change and unblock', 4, 3, 'change_flags_unknown', 'Flags'),
    word('flags_four', 'a flag without a meaning', 4, 4, 'change_flags_unknown', 'Flags'),
    lengths('authenticating_length_one_more', 'the first length is a byte too large', 13, 14, 'structure_length_differs'),
    lengths('authenticating_length_one_less', 'the first length is a byte too small', 11, 14, 'structure_length_differs'),
    lengths('target_length_one_more', 'the second length is a byte too large', 12, 15, 'structure_length_differs'),
    lengths('target_length_one_less', 'the second length is a byte too small', 12, 13, 'structure_length_differs'),
    lengths('lengths_overflow', 'the lengths are right if they are added in 32 bits', 0xfffffffe, 28, 'structure_length_differs'),
    lengths('length_highest', 'a length that overflows when the fixed part is added in 32 bits', 0xffffffff, 14, 'structure_length_differs'),
    bad('target_missing', 'no new PIN', changeAuthenticator({ ...change, target: Buffer.alloc(0) }), 'pin_empty', { flags: ['Length'] }),
    ...lengthFaults(writer, honest, 28, true),
  ]
}

function changeResponses(): Test[] {
  const writer = writerOf('CARD_CHANGE_AUTHENTICATOR_RESPONSE', 'change_response', 'SKI-89')
  const { good, bad } = writer
  const honest = changeAuthenticatorResponse(3)
  return [
    good('three', 'three attempts remain', honest, { dwVersion: 7, cAttemptsRemaining: 3 }),
    good('blocked', 'no attempts remain', changeAuthenticatorResponse(0), { dwVersion: 7, cAttemptsRemaining: 0 }),
    ...[0, 6].map((version) =>
      bad(`version_${version}`, `version ${version}`, changeAuthenticatorResponse(3, version), 'revision_too_low', {
        flags: ['Version'],
        requirement: 'SKI-101',
      }),
    ),
    bad('version_8', 'version 8', changeAuthenticatorResponse(3, 8), 'revision_unknown', { flags: ['Version'] }),
    ...lengthFaults(writer, honest, 8),
  ]
}
