/**
 * Vectors for public keys as SubjectPublicKeyInfo, and for bare EC private keys.
 * @module
 */
import { flipped, integerBytes } from './bytes.js'
import { bits, der, int, nul, octets, oid, OIDS, seq } from './der.js'
import { flag, hexOf, publicPart, vectorFile, type Document, type Test } from './file.js'
import {
  CURVE,
  CURVES,
  ecAlgorithm,
  ecKey,
  ecPrivateKey,
  ecSpki,
  fingerprint,
  LARGEST_E,
  RSA_ALGORITHM,
  rsaKey,
  rsaPkcs8,
  rsaPublicKey,
  rsaSpki,
  rsaWithExponent,
  shownEc,
  shownRsa,
  uncompressed,
  type RsaNumbers,
} from './keys.js'

const ec = ecKey('P-256', 'spki')
const rsa = rsaKey('rsa-2048')
const word = (name: string) => name.toLowerCase().replace('-', '')

export const spki = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/spki',
      title: 'Public keys as SubjectPublicKeyInfo (RFC 5280 section 4.1), read strictly and checked',
      about: ['The form in which a KEK is downloaded, and whose SHA-256 is its fingerprint. One key has one encoding.'],
      flags: {
        Encoding: 'Not DER, or not the DER of a public key.',
        Algorithm: 'An algorithm that is not taken, or its parameters.',
        Numbers: 'The numbers are not those of a key that is taken.',
      },
      members: { spki: hexOf('What is decoded.'), public: publicPart('The key.'), sha256: hexOf('SHA-256 of the bytes.') },
      always: ['spki'],
      outputs: ['public', 'sha256'],
    },
    [...spkiValid(), ...spkiInvalid()],
  )

function spkiValid(): Test[] {
  const rsaTest = (id: string, requirement: string, comment: string, key: RsaNumbers): Test => ({
    id,
    requirement,
    comment,
    spki: rsaSpki(key).toString('hex'),
    public: shownRsa(key),
    sha256: fingerprint(rsaSpki(key)),
    result: 'valid',
  })
  return [
    ...([2048, 3072, 4096] as const).map((size) => rsaTest(`rsa_${size}`, 'BYOK-45', 'as OpenSSL writes it', rsaKey(`kek-${size}`))),
    rsaTest('rsa_exponent_3', 'BYOK-73', 'the smallest exponent', rsaWithExponent(3n)),
    rsaTest('rsa_exponent_64_bits', 'BYOK-73', 'the largest prime below 2^64', rsaWithExponent(LARGEST_E)),
    ...CURVES.map((name): Test => {
      const key = ecKey(name, 'spki')
      return {
        id: `ec_${word(name)}`,
        requirement: 'BYOK-45',
        comment: 'as OpenSSL writes it',
        spki: ecSpki(key).toString('hex'),
        public: shownEc(key),
        sha256: fingerprint(ecSpki(key)),
        result: 'valid',
      }
    }),
  ]
}

function spkiInvalid(): Test[] {
  const no = (id: string, requirement: string, comment: string, flag_: string, bytes: Buffer, expect: string): Test => ({
    id,
    requirement,
    comment,
    flags: [flag_],
    spki: bytes.toString('hex'),
    result: 'invalid',
    expect,
  })
  const numbers = (id: string, requirement: string, comment: string, key: { n: bigint; e: bigint }, expect: string) =>
    no(id, requirement, comment, 'Numbers', rsaSpki(key), expect)
  const ecPoint = (point: Buffer) => seq(ecAlgorithm('P-256'), bits(point))
  return [
    no(
      'trailing_byte',
      'BYOK-69',
      'a zero byte behind; no reading takes one here',
      'Encoding',
      Buffer.concat([rsaSpki(rsa), Buffer.of(0)]),
      'der_trailing_bytes',
    ),
    no('one_byte_short', 'BYOK-69', 'the last byte is missing', 'Encoding', rsaSpki(rsa).subarray(0, -1), 'der_truncated'),
    no(
      'unused_bits',
      'BYOK-69',
      'a bit string that leaves bits unused',
      'Encoding',
      seq(RSA_ALGORITHM, der(0x03, Buffer.of(3), rsaPublicKey(rsa))),
      'der_bit_string_unused_bits',
    ),
    no('key_in_octet_string', 'BYOK-69', 'an octet string around the key', 'Encoding', seq(RSA_ALGORITHM, octets(rsaPublicKey(rsa))), 'der_tag_unexpected'),
    no(
      'modulus_negative',
      'BYOK-69',
      'the sign byte is missing',
      'Encoding',
      seq(RSA_ALGORITHM, bits(seq(der(0x02, integerBytes(rsa.n)), int(rsa.e)))),
      'der_integer_negative',
    ),
    no(
      'modulus_not_minimal',
      'BYOK-69',
      'two sign bytes',
      'Encoding',
      seq(RSA_ALGORITHM, bits(seq(der(0x02, Buffer.alloc(2), integerBytes(rsa.n)), int(rsa.e)))),
      'der_integer_not_minimal',
    ),
    no('private_key', 'BYOK-69', 'a PKCS#8 private key', 'Encoding', rsaPkcs8(rsaKey('rsa-1024')), 'der_tag_unexpected'),
    no(
      'rsa_without_parameters',
      'BYOK-45',
      'the same key with absent parameters would have another fingerprint',
      'Algorithm',
      seq(seq(oid(OIDS.rsaEncryption)), bits(rsaPublicKey(rsa))),
      'algorithm_parameters_wrong',
    ),
    no('rsassa_pss', 'BYOK-70', 'a key for signatures only', 'Algorithm', seq(seq(oid(OIDS.rsassaPss)), bits(rsaPublicKey(rsa))), 'algorithm_rsassa_pss'),
    no('ecdh', 'BYOK-70', 'a key for agreement only', 'Algorithm', seq(seq(oid(OIDS.ecdh), oid(OIDS['P-256'])), bits(uncompressed(ec))), 'algorithm_ecdh'),
    no('curve_implicit', 'BYOK-70', 'NULL in place of a curve', 'Algorithm', seq(seq(oid(OIDS.ecPublicKey), nul()), bits(uncompressed(ec))), 'curve_implicit'),
    no(
      'curve_p224',
      'BYOK-74',
      'not one of the four',
      'Algorithm',
      seq(seq(oid(OIDS.ecPublicKey), oid(OIDS['P-224'])), bits(uncompressed(ec))),
      'curve_unknown',
    ),
    no(
      'point_compressed',
      'BYOK-66',
      'the point in compressed form',
      'Encoding',
      ecPoint(Buffer.concat([Buffer.of(2 + (ec.y[31]! & 1)), ec.x])),
      'ec_point_compressed',
    ),
    no('point_infinity', 'BYOK-59', 'the point at infinity', 'Numbers', ecPoint(Buffer.of(0)), 'ec_point_infinity'),
    no('point_not_on_curve', 'BYOK-59', 'one bit of y changed', 'Numbers', ecPoint(flipped(uncompressed(ec), -1)), 'ec_point_not_on_curve'),
    no('point_of_other_curve', 'BYOK-59', 'a point of P-256K on P-256', 'Numbers', ecPoint(uncompressed(ecKey('P-256K', 'spki'))), 'ec_point_not_on_curve'),
    numbers('rsa_1024', 'BYOK-34', 'too small', rsaKey('rsa-1024'), 'rsa_modulus_size_unsupported'),
    numbers('rsa_2056', 'BYOK-34', 'not on the list', rsaKey('rsa-2056'), 'rsa_modulus_size_unsupported'),
    numbers('rsa_2047', 'BYOK-34', 'one bit short', rsaKey('rsa-2047'), 'rsa_modulus_size_unsupported'),
    numbers('modulus_even', 'BYOK-59', 'twice something', { n: rsa.n - 1n, e: rsa.e }, 'rsa_modulus_even'),
    numbers('exponent_even', 'BYOK-73', '65538', { n: rsa.n, e: 65538n }, 'rsa_exponent_even'),
    numbers('exponent_one', 'BYOK-73', 'encrypts to itself', { n: rsa.n, e: 1n }, 'rsa_exponent_too_small'),
    numbers('exponent_zero', 'BYOK-73', 'encrypts to one', { n: rsa.n, e: 0n }, 'rsa_exponent_even'),
    numbers('exponent_65_bits', 'BYOK-73', '2^64 + 1', { n: rsa.n, e: (1n << 64n) + 1n }, 'rsa_exponent_too_large'),
    numbers('exponent_as_large_as_modulus', 'BYOK-73', 'makes every public operation a burden', { n: rsa.n, e: rsa.n - 2n }, 'rsa_exponent_too_large'),
  ]
}

export const sec1 = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/sec1',
      title: 'Bare ECPrivateKey (RFC 5915, SEC 1 appendix C.4)',
      about: ['The form that "openssl ec" writes. It is never what BYOK wraps; a tool reads it where a person has it in a file.'],
      flags: { Encoding: 'Not DER, or not the DER of an EC key.', Numbers: 'The numbers are not those of a key.' },
      members: {
        sec1: hexOf('What is decoded.'),
        public: publicPart('The public part of the key.'),
        canonical: flag('Whether writing the key with curve and point gives the same bytes again.'),
      },
      always: ['sec1'],
      outputs: ['public', 'canonical'],
    },
    [...sec1Valid(), ...sec1Invalid()],
  )

function sec1Valid(): Test[] {
  return CURVES.flatMap((name) => {
    const key = ecKey(name, 'sec1')
    const good = (id: string, comment: string, bytes: Buffer, canonical: boolean): Test => ({
      id: `${word(name)}_${id}`,
      requirement: 'BYOK-66',
      comment,
      sec1: bytes.toString('hex'),
      public: shownEc(key),
      canonical,
      result: 'valid',
    })
    return [
      good('with_point', 'as OpenSSL writes it', ecPrivateKey(key, { parameters: true }), true),
      good('without_point', 'the public point is derived', ecPrivateKey(key, { parameters: true, point: false }), false),
    ]
  })
}

function sec1Invalid(): Test[] {
  const key = ecKey('P-384', 'sec1')
  const named = der(0xa0, oid(OIDS['P-384']))
  const no = (id: string, requirement: string, comment: string, flag_: string, bytes: Buffer, expect: string): Test => ({
    id,
    requirement,
    comment,
    flags: [flag_],
    sec1: bytes.toString('hex'),
    result: 'invalid',
    expect,
  })
  return [
    no('curve_missing', 'BYOK-66', 'nothing says which curve it is', 'Encoding', ecPrivateKey(key), 'ec_curve_missing'),
    no('curve_unknown', 'BYOK-74', 'P-224', 'Encoding', seq(int(1), octets(key.d), der(0xa0, oid(OIDS['P-224']))), 'curve_unknown'),
    no('version_zero', 'BYOK-66', 'ECPrivateKey has version 1', 'Encoding', seq(int(0), octets(key.d), named), 'ec_version_unknown'),
    no(
      'trailing_byte',
      'BYOK-69',
      'a zero byte behind',
      'Encoding',
      Buffer.concat([ecPrivateKey(key, { parameters: true }), Buffer.of(0)]),
      'der_trailing_bytes',
    ),
    no('scalar_short', 'BYOK-66', 'a byte is missing', 'Encoding', seq(int(1), octets(key.d.subarray(1)), named), 'ec_scalar_length_wrong'),
    no('scalar_zero', 'BYOK-59', 'd = 0', 'Numbers', seq(int(1), octets(Buffer.alloc(48)), named), 'ec_scalar_out_of_range'),
    no('scalar_order', 'BYOK-59', 'd is the order', 'Numbers', seq(int(1), octets(integerBytes(CURVE['P-384'].order)), named), 'ec_scalar_out_of_range'),
    no(
      'point_of_another_key',
      'BYOK-59',
      'the point is not d times the generator',
      'Numbers',
      seq(int(1), octets(key.d), named, der(0xa1, bits(uncompressed(ecKey('P-384', 'other'))))),
      'ec_public_key_differs',
    ),
    no(
      'point_not_on_curve',
      'BYOK-59',
      'one bit of y changed',
      'Numbers',
      seq(int(1), octets(key.d), named, der(0xa1, bits(flipped(uncompressed(key), -1)))),
      'ec_point_not_on_curve',
    ),
  ]
}
