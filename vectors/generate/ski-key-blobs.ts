/**
 * Vectors for key blobs: those of CNG (`ski-cng-blobs.ts`) and those of CryptoAPI.
 * @module
 */
import { integerBytes, toInteger } from './bytes.js'
import { anything, hexOf, oneOf, vectorFile, type Document, type Test } from './file.js'
import { rsaKey, rsaPkcs8, rsaSpki } from './keys.js'
import { eccBlobs, keyData, rsaBlobs } from './ski-cng-blobs.js'
import { CALG, capiBlob, magicOf, reversed, swapped, withBytes, withU32, type Calg } from './ski-layouts.js'
import { lengthFaults, writerOf } from './ski-tests.js'

export const keyBlobs = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/key-blobs',
      title: 'Key blobs of CNG and of CryptoAPI',
      about: [
        'Valid tests run in both directions: "bytes" decodes to "fields", and "fields" encodes to "bytes".',
        'In "fields", members have the names of the structure; magic numbers are shown as their four letters; all numbers of a key are shown as big-endian hex, whatever their order in the blob.',
        '"spki" and "pkcs8" are the same key in those formats. BCRYPT_RSAKEY_BLOB with the letters RSA2 carries no exponents: d is the least one, as in "pkcs8".',
        'A blob is read first, and its numbers are checked after that: a refusal of either is a refusal. SKI-214 marks what only the check of a private key finds.',
      ],
      flags: {
        Magic: 'The magic number is not the right one.',
        Version: 'The version is not the right one.',
        Length: 'A length field or the length of the whole is wrong.',
        Number: 'A number of an RSA key is wrong.',
        Point: 'The point is wrong.',
        Scalar: 'The private scalar of an EC key is out of its range.',
        ByteOrder: 'A number has the byte order of the other family of blobs.',
        Header: 'Another member of the header is wrong.',
        Calg: 'The algorithm of a CryptoAPI blob.',
      },
      members: {
        type: oneOf(['BCRYPT_KEY_DATA_BLOB', 'BCRYPT_RSAKEY_BLOB', 'BCRYPT_ECCKEY_BLOB', 'PUBLICKEYBLOB', 'PRIVATEKEYBLOB'], 'The structure.'),
        bytes: hexOf('The blob.'),
        fields: anything('What the blob says, by the names of its members.'),
        spki: hexOf('SubjectPublicKeyInfo of the key, DER.'),
        pkcs8: hexOf('PrivateKeyInfo of the key, DER, where the blob is private.'),
      },
      always: ['type', 'bytes'],
      outputs: ['fields'],
    },
    [...keyData(), ...rsaBlobs(), ...eccBlobs(), ...capiPublic(), ...capiPrivate()],
  )

const hex = (value: bigint, length?: number) => integerBytes(value, length).toString('hex')

function capiFields(name: string, half: 'public' | 'private', calg: Calg) {
  const { n, e, d, p, q, dp, dq, qi } = rsaKey(name)
  const bits = n.toString(2).length
  const [whole, part] = [bits / 8, bits / 16]
  return {
    bType: half === 'public' ? 6 : 7,
    bVersion: 2,
    reserved: 0,
    aiKeyAlg: calg,
    magic: half === 'public' ? 'RSA1' : 'RSA2',
    bitlen: bits,
    pubexp: Number(e),
    modulus: hex(n, whole),
    ...(half === 'public'
      ? {}
      : {
          prime1: hex(p, part),
          prime2: hex(q, part),
          exponent1: hex(dp, part),
          exponent2: hex(dq, part),
          coefficient: hex(qi, part),
          privateExponent: hex(d, whole),
        }),
  }
}

const key = rsaKey('rsa-2048')
const backwards = (value: bigint, length: number): bigint => toInteger(reversed(integerBytes(value, length)))

function validCapi(half: 'public' | 'private', requirement: string): Test[] {
  const type = half === 'public' ? 'PUBLICKEYBLOB' : 'PRIVATEKEYBLOB'
  return ['rsa-2048', 'rsa-3072', 'rsa-4096'].flatMap((name) =>
    (Object.keys(CALG) as Calg[]).map((calg) =>
      writerOf(type, `capi_${half}`, requirement).good(
        `${name.slice('rsa-'.length)}_${calg === 'CALG_RSA_KEYX' ? 'exchange' : 'signature'}`,
        `a key of ${name.slice('rsa-'.length)} bits, ${calg}`,
        capiBlob(rsaKey(name), half, calg),
        capiFields(name, half, calg),
        { flags: ['Calg'], spki: rsaSpki(rsaKey(name)).toString('hex'), ...(half === 'private' ? { pkcs8: rsaPkcs8(rsaKey(name)).toString('hex') } : {}) },
      ),
    ),
  )
}

/** Faults of the header that both halves have. */
function capiHeader(half: 'public' | 'private', requirement: string): Test[] {
  const { bad } = writerOf(half === 'public' ? 'PUBLICKEYBLOB' : 'PRIVATEKEYBLOB', `capi_${half}`, requirement)
  const blob = capiBlob(key, half)
  const byte = (id: string, comment: string, at: number, value: number, code: string, flag = 'Header') =>
    bad(id, comment, withBytes(blob, at, value), code, { flags: [flag], ...(code === 'structure_reserved_not_zero' ? { requirement: 'SKI-80' } : {}) })
  const word = (id: string, comment: string, at: number, value: number, code: string, flag: string) =>
    bad(id, comment, withU32(blob, at, value), code, { flags: [flag] })
  return [
    byte('type_of_other_half', 'bType of the other half', 0, half === 'public' ? 7 : 6, 'capi_type_unexpected'),
    byte('type_simple', 'bType 1, an enciphered session key', 0, 1, 'capi_type_unexpected'),
    byte('version_one', 'bVersion 1', 1, 1, 'capi_version_unknown', 'Version'),
    byte('version_three', 'bVersion 3', 1, 3, 'capi_version_unknown', 'Version'),
    byte('reserved_first', 'the first reserved byte', 2, 1, 'structure_reserved_not_zero'),
    byte('reserved_second', 'the second reserved byte', 3, 0x80, 'structure_reserved_not_zero'),
    word('algorithm_dss', 'CALG_DSS_SIGN', 4, 0x2200, 'capi_algorithm_unknown', 'Calg'),
    word('algorithm_backwards', 'CALG_RSA_KEYX, big-endian', 4, swapped(CALG.CALG_RSA_KEYX), 'capi_algorithm_unknown', 'Calg'),
    word('magic_of_other_half', 'the letters of the other half', 8, magicOf(half === 'public' ? 'RSA2' : 'RSA1'), 'capi_magic_unknown', 'Magic'),
    word('magic_backwards', 'the letters in the other order', 8, swapped(magicOf(half === 'public' ? 'RSA1' : 'RSA2')), 'capi_magic_unknown', 'Magic'),
    word('bit_length_zero', 'no bits', 12, 0, 'capi_size_unsupported', 'Length'),
    word('bit_length_in_bytes', 'the size is given in bytes', 12, 256, 'capi_size_unsupported', 'Length'),
    word('bit_length_not_whole', 'a size that is no number of whole bytes', 12, 2047, 'capi_size_unsupported', 'Length'),
    word('bit_length_larger', 'a larger key is announced', 12, 2064, 'structure_truncated', 'Length'),
    word('bit_length_backwards', 'the size is big-endian', 12, swapped(2048), 'capi_size_unsupported', 'Length'),
  ]
}

function capiPublic(): Test[] {
  const writer = writerOf('PUBLICKEYBLOB', 'capi_public', 'SKI-84')
  const number = (id: string, comment: string, change: Parameters<typeof capiBlob>[3], code: string, flag = 'Number') =>
    writer.bad(id, comment, capiBlob(key, 'public', 'CALG_RSA_KEYX', change), code, { flags: [flag] })
  return [
    ...validCapi('public', 'SKI-84'),
    ...capiHeader('public', 'SKI-84'),
    number('exponent_zero', 'e = 0', { e: 0n }, 'rsa_exponent_even'),
    number('exponent_one', 'e = 1', { e: 1n }, 'rsa_exponent_too_small'),
    number('exponent_backwards', 'e = 65537, big-endian', { e: 0x01000100n }, 'rsa_exponent_even', 'ByteOrder'),
    number('modulus_big_endian', 'the modulus is big-endian', { n: backwards(key.n, 256) }, 'capi_modulus_size_differs', 'ByteOrder'),
    number('modulus_top_bit_clear', 'a modulus of 2047 bits in a key of 2048', { n: key.n - (1n << 2047n) }, 'capi_modulus_size_differs'),
    number('modulus_even', 'the modulus is even', { n: key.n - 1n }, 'rsa_modulus_even'),
    ...lengthFaults(writer, capiBlob(key, 'public'), 20),
  ]
}

function capiPrivate(): Test[] {
  const writer = writerOf('PRIVATEKEYBLOB', 'capi_private', 'SKI-85')
  const number = (id: string, comment: string, change: Parameters<typeof capiBlob>[3], code: string, flag = 'Number') =>
    writer.bad(id, comment, capiBlob(key, 'private', 'CALG_RSA_KEYX', change), code, { flags: [flag], requirement: 'SKI-214' })
  return [
    ...validCapi('private', 'SKI-85'),
    ...capiHeader('private', 'SKI-85'),
    number('modulus_of_another_key', 'the modulus of another key', { n: rsaKey('kek-2048').n }, 'rsa_modulus_not_product'),
    number('prime1_changed', 'p + 2', { p: key.p + 2n }, 'rsa_modulus_not_product'),
    number('prime1_even', 'p - 1', { p: key.p - 1n }, 'rsa_prime_even'),
    number('primes_equal', 'q = p', { q: key.p }, 'rsa_primes_equal'),
    number('prime_big_endian', 'p is big-endian', { p: backwards(key.p, 128) }, 'rsa_modulus_not_product', 'ByteOrder'),
    number('exponent1_wrong', 'd mod (p - 1), plus 2', { dp: key.dp + 2n }, 'rsa_crt_dp_wrong'),
    number('exponent2_wrong', 'd mod (q - 1), plus 2', { dq: key.dq + 2n }, 'rsa_crt_dq_wrong'),
    number('coefficient_wrong', 'the inverse of q, plus 1', { qi: key.qi + 1n }, 'rsa_crt_qi_wrong'),
    number('private_exponent_zero', 'd = 0', { d: 0n }, 'rsa_exponent_private_out_of_range'),
    number('private_exponent_modulus', 'd = n', { d: key.n }, 'rsa_exponent_private_out_of_range'),
    number('private_exponent_wrong', 'd + 2', { d: key.d + 2n }, 'rsa_exponent_private_wrong'),
    number('primes_exchanged', 'p and q have changed places, and nothing else has', { p: key.q, q: key.p }, 'rsa_crt_dp_wrong'),
    ...lengthFaults(writer, capiBlob(key, 'private'), 20),
  ]
}
