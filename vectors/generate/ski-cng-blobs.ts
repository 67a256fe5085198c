/**
 * Vectors for the key blobs of CNG: BCRYPT_KEY_DATA_BLOB, BCRYPT_RSAKEY_BLOB, BCRYPT_ECCKEY_BLOB.
 * @module
 */
import { flipped, fromLabel, integerBytes } from './bytes.js'
import type { Test } from './file.js'
import { CURVE, ecFromScalar, ecKey, ecPkcs8, ecSpki, rsaKey, rsaPkcs8, rsaSpki, type EcNumbers } from './keys.js'
import {
  CARD_CURVES,
  eccKeyBlob,
  eccMagic,
  keyDataBlob,
  magicOf,
  reversed,
  rsaKeyBlob,
  RSA_MAGIC,
  rsaParts,
  swapped,
  withBytes,
  withU32,
  type CardCurve,
  type EccPurpose,
  type RsaForm,
} from './ski-layouts.js'
import { lengthFaults, writerOf } from './ski-tests.js'

/** BCRYPT_KEY_DATA_BLOB. */
export function keyData(): Test[] {
  const writer = writerOf('BCRYPT_KEY_DATA_BLOB', 'key_data', 'SKI-81')
  const { good, bad } = writer
  const key = (length: number) => fromLabel(`ski/key-data/${length}`, length)
  const fields = (length: number) => ({ dwMagic: 'KDBM', dwVersion: 1, cbKeyData: length, key: key(length).toString('hex') })
  const honest = keyDataBlob(key(32))
  const magic = (id: string, comment: string, value: number) =>
    bad(`magic_${id}`, comment, keyDataBlob(key(32), { magic: value }), 'key_data_magic_unknown', { flags: ['Magic'] })
  const version = (id: string, comment: string, value: number) =>
    bad(`version_${id}`, comment, keyDataBlob(key(32), { version: value }), 'key_data_version_unknown', { flags: ['Version'] })
  const length = (id: string, comment: string, value: number) =>
    bad(`length_${id}`, comment, keyDataBlob(key(32), { length: value }), value === 0 ? 'key_data_empty' : 'structure_length_differs', {
      flags: ['Length'],
    })
  return [
    good('aes_128', 'a key of 16 bytes', keyDataBlob(key(16)), fields(16)),
    good('aes_192', 'a key of 24 bytes', keyDataBlob(key(24)), fields(24)),
    good('aes_256', 'a key of 32 bytes: 44 bytes in all', honest, fields(32)),
    magic('backwards', 'the four letters in the other order, as a big-endian writer puts them', swapped(magicOf('KDBM'))),
    magic('zero', 'no magic number', 0),
    magic('of_rsa', 'the magic number of an RSA public key', magicOf('RSA1')),
    version('zero', 'version 0', 0),
    version('two', 'version 2', 2),
    version('backwards', 'version 1, big-endian', swapped(1)),
    length('zero', 'a length of zero in front of 32 bytes', 0),
    length('one_less', 'the length is a byte too small', 31),
    length('one_more', 'the length is a byte too large', 33),
    length('with_header', 'the length counts the header, too', 44),
    length('in_bits', 'the length is given in bits', 256),
    length('backwards', 'the length is big-endian', swapped(32)),
    length('highest', 'a length that overflows when the header is added in 32 bits', 0xffffffff),
    bad('key_missing', 'a header that says so, and no key', keyDataBlob(Buffer.alloc(0)), 'key_data_empty', { flags: ['Length'] }),
    ...lengthFaults(writer, honest, 12, true),
  ]
}

/** BCRYPT_RSAKEY_BLOB. */
export function rsaBlobs(): Test[] {
  const writer = writerOf('BCRYPT_RSAKEY_BLOB', 'rsa', 'SKI-82')
  const { good, bad } = writer
  const key = rsaKey('rsa-2048')
  const fields = (name: string, form: RsaForm) => {
    const numbers = rsaKey(name)
    const parts = Object.entries(rsaParts(numbers, form)).map(([part, value]) => [part, value.toString('hex')])
    return { Magic: RSA_MAGIC[form], BitLength: numbers.n.toString(2).length, ...(Object.fromEntries(parts) as Record<string, string>) }
  }
  const valid = (name: string, form: RsaForm) =>
    good(
      `${name.slice('rsa-'.length)}_${form}`,
      `${RSA_MAGIC[form]}, a key of ${name.slice('rsa-'.length)} bits`,
      rsaKeyBlob(rsaKey(name), form),
      fields(name, form),
      {
        spki: rsaSpki(rsaKey(name)).toString('hex'),
        ...(form === 'public' ? {} : { pkcs8: rsaPkcs8(rsaKey(name)).toString('hex') }),
      },
    )
  const blob: Readonly<Record<RsaForm, Buffer>> = {
    public: rsaKeyBlob(key, 'public'),
    private: rsaKeyBlob(key, 'private'),
    full: rsaKeyBlob(key, 'full'),
  }
  const magic = (id: string, comment: string, form: RsaForm, letters: string, code: string) =>
    bad(`magic_${id}`, comment, withU32(blob[form], 0, magicOf(letters)), code, { flags: ['Magic'] })
  const header = (id: string, comment: string, form: RsaForm, at: number, value: number, code: string) =>
    bad(id, comment, withU32(blob[form], at, value), code, { flags: ['Length'] })
  const number = (id: string, comment: string, form: RsaForm, part: string, value: Buffer, code: string, flag = 'Number') =>
    bad(id, comment, rsaKeyBlob(key, form, { [part]: value }), code, { flags: [flag], requirement: form === 'public' ? 'SKI-82' : 'SKI-214' })
  const parts = rsaParts(key, 'full')
  return [
    ...['rsa-2048', 'rsa-3072', 'rsa-4096'].flatMap((name) => [valid(name, 'public'), valid(name, 'private'), valid(name, 'full')]),
    magic('backwards', 'the letters in the other order', 'public', '1ASR', 'rsa_blob_magic_unknown'),
    magic('four', 'a magic number that does not exist', 'full', 'RSA4', 'rsa_blob_magic_unknown'),
    magic('of_ecdh', 'the magic number of an EC public key', 'public', 'ECK1', 'rsa_blob_magic_unknown'),
    magic('private_without_primes', 'private, and the lengths of the primes are zero', 'public', 'RSA2', 'rsa_blob_prime_not_minimal'),
    magic('public_with_primes', 'public, and the lengths of the primes are not zero', 'private', 'RSA1', 'rsa_blob_primes_in_public'),
    magic('full_without_rest', 'full, and the exponents and the coefficient are missing', 'private', 'RSA3', 'structure_truncated'),
    magic('private_with_rest', 'private, and the exponents and the coefficient stand behind it', 'full', 'RSA2', 'structure_trailing_bytes'),
    header('bit_length_zero', 'a size of zero bits', 'public', 4, 0, 'rsa_blob_size_unsupported'),
    header('bit_length_in_bytes', 'the size is given in bytes', 'public', 4, 256, 'rsa_blob_size_unsupported'),
    header('bit_length_one_less', 'one bit less than the modulus has', 'public', 4, 2047, 'rsa_blob_size_unsupported'),
    header('bit_length_one_more', 'one bit more than the modulus has', 'public', 4, 2049, 'rsa_blob_size_unsupported'),
    header('bit_length_backwards', 'the size is big-endian', 'public', 4, swapped(2048), 'rsa_blob_size_unsupported'),
    header('exponent_length_zero', 'no exponent', 'public', 8, 0, 'rsa_blob_exponent_not_minimal'),
    header('exponent_length_one_less', 'the length of the exponent is a byte too small', 'public', 8, 2, 'rsa_blob_modulus_size_differs'),
    header('exponent_length_one_more', 'the length of the exponent is a byte too large', 'public', 8, 4, 'structure_truncated'),
    header('exponent_length_backwards', 'the length of the exponent is big-endian', 'public', 8, swapped(3), 'structure_truncated'),
    header('modulus_length_zero', 'no modulus', 'public', 12, 0, 'rsa_blob_modulus_length_differs'),
    header('modulus_length_one_less', 'the length of the modulus is a byte too small', 'public', 12, 255, 'rsa_blob_modulus_length_differs'),
    header('modulus_length_one_more', 'the length of the modulus is a byte too large', 'public', 12, 257, 'rsa_blob_modulus_length_differs'),
    header('modulus_length_highest', 'lengths that overflow when they are added in 32 bits', 'public', 12, 0xfffffffd, 'rsa_blob_modulus_length_differs'),
    header('prime1_length_one_less', 'the length of p is a byte too small', 'private', 16, 127, 'structure_trailing_bytes'),
    header('prime1_length_one_more', 'the length of p is a byte too large', 'private', 16, 129, 'structure_truncated'),
    header('prime2_length_one_less', 'the length of q is a byte too small', 'private', 20, 127, 'structure_trailing_bytes'),
    header('prime2_length_zero', 'the length of q is zero', 'private', 20, 0, 'rsa_blob_prime_not_minimal'),
    number(
      'modulus_little_endian',
      'the modulus is little-endian',
      'public',
      'modulus',
      reversed(parts.modulus!),
      'rsa_blob_modulus_size_differs',
      'ByteOrder',
    ),
    number(
      'exponent_leading_zero',
      'a zero byte in front of an exponent of two bytes',
      'public',
      'exponent',
      Buffer.of(0, 1, 1),
      'rsa_blob_exponent_not_minimal',
    ),
    number('exponent_zero', 'e = 0', 'public', 'exponent', Buffer.alloc(3), 'rsa_blob_exponent_not_minimal'),
    number('exponent_even', 'e = 65538', 'public', 'exponent', Buffer.of(1, 0, 2), 'rsa_exponent_even'),
    number(
      'modulus_top_bit_clear',
      'a modulus of 2047 bits in a key of 2048',
      'public',
      'modulus',
      flipped(parts.modulus!, 0, 0x80),
      'rsa_blob_modulus_size_differs',
    ),
    number('modulus_even', 'the modulus is even', 'public', 'modulus', flipped(parts.modulus!, -1), 'rsa_modulus_even'),
    number('modulus_of_another_key', 'the modulus of another key', 'private', 'modulus', integerBytes(rsaKey('kek-2048').n), 'rsa_modulus_not_product'),
    number('prime1_changed', 'p + 2', 'private', 'prime1', integerBytes(key.p + 2n), 'rsa_modulus_not_product'),
    number('prime2_little_endian', 'q is little-endian', 'private', 'prime2', reversed(parts.prime2!), 'rsa_prime_even', 'ByteOrder'),
    number('exponent1_wrong', 'd mod (p - 1), plus 2', 'full', 'exponent1', integerBytes(key.dp + 2n, 128), 'rsa_crt_dp_wrong'),
    number('exponent2_wrong', 'd mod (q - 1), plus 2', 'full', 'exponent2', integerBytes(key.dq + 2n, 128), 'rsa_crt_dq_wrong'),
    number('coefficient_wrong', 'the inverse of q, plus 1', 'full', 'coefficient', integerBytes(key.qi + 1n, 128), 'rsa_crt_qi_wrong'),
    number('private_exponent_wrong', 'd + 2', 'full', 'privateExponent', integerBytes(key.d + 2n, 256), 'rsa_exponent_private_wrong'),
    ...lengthFaults(writer, blob.public, 24),
    bad('full_truncated', 'the last byte of a full key is missing', blob.full.subarray(0, -1), 'structure_truncated', { flags: ['Length'] }),
    bad('full_trailing_byte', 'a zero byte behind a full key', Buffer.concat([blob.full, Buffer.of(0)]), 'structure_trailing_bytes', { flags: ['Length'] }),
  ]
}

const word = (curve: CardCurve) => curve.replace('-', '').toLowerCase()
const PURPOSES: readonly EccPurpose[] = ['ECDH', 'ECDSA']
const HALVES = ['public', 'private'] as const

/** BCRYPT_ECCKEY_BLOB. */
export function eccBlobs(): Test[] {
  const writer = writerOf('BCRYPT_ECCKEY_BLOB', 'ecc', 'SKI-83')
  return [
    ...CARD_CURVES.flatMap((curve) => PURPOSES.flatMap((purpose) => HALVES.map((half) => validEcc(curve, purpose, half)))),
    ...eccEdges(),
    ...eccHeaders(),
  ].concat(CARD_CURVES.flatMap(eccNumbers), lengthFaults(writer, eccKeyBlob(ecKey('P-256', 'ski'), 'ECDSA', 'public'), 8))
}

function validEcc(curve: CardCurve, purpose: EccPurpose, half: (typeof HALVES)[number], key: EcNumbers = ecKey(curve, 'ski'), id = ''): Test {
  const magic = eccMagic(purpose, curve, half)
  return writerOf('BCRYPT_ECCKEY_BLOB', 'ecc', 'SKI-83').good(
    `${word(curve)}_${purpose.toLowerCase()}_${half}${id}`,
    `${magic}, ${purpose} on ${curve}, ${half}`,
    eccKeyBlob(key, purpose, half),
    {
      dwMagic: magic,
      cbKey: CURVE[curve].bytes,
      X: key.x.toString('hex'),
      Y: key.y.toString('hex'),
      ...(half === 'private' ? { d: key.d.toString('hex') } : {}),
    },
    { spki: ecSpki(key).toString('hex'), ...(half === 'private' ? { pkcs8: ecPkcs8(key).toString('hex') } : {}) },
  )
}

function eccEdges(): Test[] {
  return CARD_CURVES.flatMap((curve) => [
    validEcc(curve, 'ECDSA', 'private', ecFromScalar(curve, 1n), '_scalar_one'),
    validEcc(curve, 'ECDH', 'private', ecFromScalar(curve, CURVE[curve].order - 1n), '_scalar_highest'),
  ])
}

function eccHeaders(): Test[] {
  const { bad } = writerOf('BCRYPT_ECCKEY_BLOB', 'ecc', 'SKI-83')
  const key = ecKey('P-256', 'ski')
  const magic = (id: string, comment: string, half: 'public' | 'private', letters: string, code: string) =>
    bad(`magic_${id}`, comment, eccKeyBlob(key, 'ECDH', half, { magic: letters }), code, { flags: ['Magic'] })
  const length = (id: string, comment: string, value: number) =>
    bad(`length_${id}`, comment, eccKeyBlob(key, 'ECDH', 'public', { length: value }), 'ecc_blob_length_differs', { flags: ['Length'] })
  return [
    magic('backwards', 'the letters in the other order', 'public', '1KCE', 'ecc_blob_magic_unknown'),
    magic('zero', 'no magic number', 'public', '\0\0\0\0', 'ecc_blob_magic_unknown'),
    magic('seven', 'a curve that does not exist', 'public', 'ECK7', 'ecc_blob_magic_unknown'),
    magic('generic', 'the magic number of a curve named elsewhere', 'public', 'ECKP', 'ecc_blob_magic_unknown'),
    magic('of_rsa', 'the magic number of an RSA public key', 'public', 'RSA1', 'ecc_blob_magic_unknown'),
    magic('of_p384', 'the magic number of P-384 in front of a point of P-256', 'public', 'ECK3', 'ecc_blob_length_differs'),
    magic('of_p521', 'the magic number of P-521 in front of a key of P-256', 'private', 'ECS6', 'ecc_blob_length_differs'),
    magic('private_without_scalar', 'private, and only a point behind it', 'public', 'ECK2', 'structure_truncated'),
    magic('public_with_scalar', 'public, and a private scalar behind the point', 'private', 'ECK1', 'structure_trailing_bytes'),
    length('zero', 'coordinates of no bytes', 0),
    length('one_less', 'the length is a byte too small', 31),
    length('one_more', 'the length is a byte too large', 33),
    length('in_bits', 'the length is given in bits', 256),
    length('backwards', 'the length is big-endian', swapped(32)),
    length('of_point', 'the length of both coordinates', 64),
    bad(
      'p521_length_without_padding',
      'P-521 with coordinates of 65 bytes',
      Buffer.concat([
        withU32(eccKeyBlob(ecKey('P-521', 'ski'), 'ECDH', 'public'), 4, 65).subarray(0, 8),
        ...[ecKey('P-521', 'ski')].flatMap(({ x, y }) => [x.subarray(1), y.subarray(1)]),
      ]),
      'ecc_blob_length_differs',
      { flags: ['Length'] },
    ),
  ]
}

/** Y with one bit changed: the curve has only ±Y for an X. */
const offCurve = (key: EcNumbers): EcNumbers => ({ ...key, y: flipped(key.y, -1, 2) })

function eccNumbers(curve: CardCurve): Test[] {
  const { bad } = writerOf('BCRYPT_ECCKEY_BLOB', `ecc_${word(curve)}`, 'SKI-214')
  const { bytes, order } = CURVE[curve]
  const [key, other] = [ecKey(curve, 'ski'), ecKey(curve, 'ski/other')]
  const point = (id: string, comment: string, changed: EcNumbers, flag = 'Point') =>
    bad(id, comment, eccKeyBlob(changed, 'ECDH', 'public'), 'ec_point_not_on_curve', { flags: [flag], requirement: 'SKI-83' })
  const scalar = (id: string, comment: string, value: bigint) =>
    bad(`scalar_${id}`, comment, eccKeyBlob({ ...key, d: integerBytes(value, bytes) }, 'ECDSA', 'private'), 'ec_scalar_out_of_range', { flags: ['Scalar'] })
  return [
    point('point_off_curve', 'one bit of Y changed', offCurve(key)),
    point('point_zero', 'both coordinates are zero', { ...key, x: Buffer.alloc(bytes), y: Buffer.alloc(bytes) }),
    point('point_above_prime', 'X is larger than the prime of the field', { ...key, x: withBytes(Buffer.alloc(bytes, 0xff), 0, curve === 'P-521' ? 3 : 0xff) }),
    point('point_little_endian', 'the coordinates are little-endian', { ...key, x: reversed(key.x), y: reversed(key.y) }, 'ByteOrder'),
    scalar('zero', 'd = 0', 0n),
    scalar('order', 'd is the order', order),
    scalar('highest', 'the largest number that has as many bits', (1n << BigInt(curve === 'P-521' ? 521 : 8 * bytes)) - 1n),
    bad(
      'point_of_another_key',
      'on the curve, but not d times the generator',
      eccKeyBlob({ ...key, x: other.x, y: other.y }, 'ECDSA', 'private'),
      'ec_public_key_differs',
      {
        flags: ['Point'],
      },
    ),
  ]
}
