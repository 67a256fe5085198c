/**
 * Vectors for PKCS#8 private keys (RFC 5208, RFC 5958): what producers differ in, and what looks like a key and is none.
 * @module
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { flipped, hex, integerBytes } from './bytes.js'
import { bits, der, int, nul, octets, oid, OIDS, seq, withLength } from './der.js'
import { algorithms, ecInside, otherFormats, rsaInside } from './core-pkcs8-inside.js'
import { flag, hexOf, publicPart, vectorFile, type Document, type Test } from './file.js'
import {
  CURVES,
  ecAlgorithm,
  ecFromScalar,
  ecKey,
  ecPkcs8,
  ecPrivateKey,
  ecSpki,
  LARGEST_E,
  pinnedPkcs8,
  privateKeyInfo,
  RSA_ALGORITHM,
  rsaKey,
  rsaPkcs8,
  rsaPrivateKey,
  rsaPublicKey,
  rsaWithExponent,
  shownEc,
  shownRsa,
  uncompressed,
  type ShownPublic,
} from './keys.js'
import { ec, EC_DER, EC_PUBLIC, refused, rsa, RSA_DER, RSA_PUBLIC, valid } from './pkcs8-tests.js'

export const pkcs8 = (): readonly Document[] => {
  checkOurDer()
  return vectorFile(
    {
      path: 'core/pkcs8',
      title: 'PKCS#8 private keys (RFC 5208, RFC 5958), read strictly',
      about: [
        'Valid tests decode to a key with the public part "public"; its arithmetic holds. "canonical" says that a writer who writes version 1, the public point and no inner curve gives the same bytes.',
        'In the lenient reading up to seven zero bytes may follow the outer SEQUENCE; nothing else differs.',
      ],
      flags: {
        Producer: 'A form that some HSM or library writes.',
        Trailing: 'Bytes behind the outer SEQUENCE.',
        Encoding: 'Not DER.',
        Version: 'A version that is unknown, or that forbids what follows.',
        Algorithm: 'An algorithm that is not taken, or its parameters.',
        OtherFormat: 'A private key, but no PKCS#8 in clear.',
        RsaKey: 'Wrong inside RSAPrivateKey.',
        EcKey: 'Wrong inside ECPrivateKey.',
      },
      members: {
        pkcs8: hexOf('What is decoded.'),
        public: publicPart('The public part of the key.'),
        canonical: flag('Whether writing the key gives the same bytes again.'),
      },
      always: ['pkcs8'],
      outputs: ['public', 'canonical'],
    },
    [...plain(), ...forms(), ...trailing(), ...encoding(), ...versions(), ...algorithms(), ...otherFormats(), ...rsaInside(), ...ecInside()],
  )
}

/** What is put together here has to be what OpenSSL writes. */
function checkOurDer(): void {
  for (const name of ['rsa-2048', 'rsa-3072', 'rsa-4096'])
    if (!rsaPkcs8(rsaKey(name)).equals(pinnedPkcs8(name))) throw new Error(`${name}: other DER than OpenSSL's`)
  for (const curve of CURVES) {
    const key = ecKey(curve, 'pkcs8')
    const written = createPrivateKey({ key: ecPkcs8(key), format: 'der', type: 'pkcs8' })
    if (!written.export({ format: 'der', type: 'pkcs8' }).equals(ecPkcs8(key))) throw new Error(`${curve}: other DER than OpenSSL's`)
    if (!createPublicKey(written).export({ format: 'der', type: 'spki' }).equals(ecSpki(key))) throw new Error(`${curve}: other SPKI than OpenSSL's`)
  }
}

function plain(): Test[] {
  const whole = { canonical: true }
  return [
    ...([2048, 3072, 4096] as const).map((size) =>
      valid(`rsa_${size}`, 'BYOK-65', 'as OpenSSL writes it', rsaPkcs8(rsaKey(`rsa-${size}`)), shownRsa(rsaKey(`rsa-${size}`)), whole),
    ),
    ...CURVES.map((curve) => {
      const key = ecKey(curve, 'pkcs8')
      return valid(`ec_${word(curve)}`, 'BYOK-66', 'as OpenSSL writes it', ecPkcs8(key), shownEc(key), whole)
    }),
  ]
}

const word = (curve: string) => curve.toLowerCase().replace('-', '')

function forms(): Test[] {
  const attribute = (content: Buffer) => der(0xa0, seq(oid(OIDS.friendlyName), der(0x31, content)))
  const name = attribute(der(0x1e, Buffer.from('key', 'utf16le').swap16()))
  const smallD = ecFromScalar('P-521', 0x1234n)
  return [
    ...CURVES.map((curve) => {
      const key = ecKey(curve, 'pkcs8')
      return valid(
        `ec_${word(curve)}_without_point`,
        'BYOK-66',
        'the public point is absent, as one token writes it; it is derived',
        ecPkcs8(key, { point: false }),
        shownEc(key),
      )
    }),
    valid('ec_inner_curve', 'BYOK-66', 'the curve is named inside as well, and it is the same', ecPkcs8(ec, { parameters: true }), EC_PUBLIC),
    valid('ec_inner_curve_without_point', 'BYOK-66', 'the curve inside, no public point', ecPkcs8(ec, { parameters: true, point: false }), EC_PUBLIC),
    valid('ec_scalar_with_leading_zeros', 'BYOK-66', 'a small scalar keeps the length of the field', ecPkcs8(smallD), shownEc(smallD), { canonical: true }),
    valid('rsa_version_2', 'BYOK-71', 'RFC 5958 without any of its additions', privateKeyInfo(RSA_ALGORITHM, rsaPrivateKey(rsa), int(1)), RSA_PUBLIC),
    valid(
      'rsa_version_2_public_key',
      'BYOK-71',
      'RFC 5958 with the public key',
      privateKeyInfo(RSA_ALGORITHM, rsaPrivateKey(rsa), int(1), der(0x81, Buffer.of(0), rsaPublicKey(rsa))),
      RSA_PUBLIC,
    ),
    valid(
      'ec_version_2_public_key',
      'BYOK-71',
      'RFC 5958 with the public key, which is not repeated inside',
      privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(ec, { point: false }), int(1), der(0x81, Buffer.of(0), uncompressed(ec))),
      EC_PUBLIC,
    ),
    valid(
      'ec_version_2_public_key_twice',
      'BYOK-71',
      'the public key inside and outside',
      privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(ec), int(1), der(0x81, Buffer.of(0), uncompressed(ec))),
      EC_PUBLIC,
    ),
    valid(
      'attributes_empty',
      'BYOK-71',
      'a set of attributes without any',
      privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(ec), int(0), der(0xa0)),
      EC_PUBLIC,
    ),
    valid('attributes_version_1', 'BYOK-71', 'attributes are skipped', privateKeyInfo(RSA_ALGORITHM, rsaPrivateKey(rsa), int(0), name), RSA_PUBLIC),
    valid(
      'attributes_version_2_public_key',
      'BYOK-71',
      'attributes, then the public key',
      privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(ec), int(1), name, der(0x81, Buffer.of(0), uncompressed(ec))),
      EC_PUBLIC,
    ),
    ...([3n, 17n] as const).map((e) => {
      const key = rsaWithExponent(e)
      return valid(`rsa_exponent_${e}`, 'BYOK-73', 'a small exponent', rsaPkcs8(key), shownRsa(key), { canonical: true })
    }),
    valid(
      'rsa_exponent_64_bits',
      'BYOK-73',
      'the largest exponents are below 2^64',
      rsaPkcs8(rsaWithExponent(LARGEST_E)),
      shownRsa(rsaWithExponent(LARGEST_E)),
      { canonical: true },
    ),
  ]
}

function trailing(): Test[] {
  const zeros = (count: number, bytes = EC_DER) => Buffer.concat([bytes, Buffer.alloc(count)])
  const lenient = (count: number, bytes: Buffer, part: ShownPublic, id: string): Test => ({
    ...valid(id, 'BYOK-72', 'a token that pads to eight bytes before KWP leaves zero bytes behind the DER', zeros(count, bytes), part),
    flags: ['Trailing', 'Producer'],
    result: 'valid-lenient',
    expect: 'der_trailing_bytes',
  })
  const no = (id: string, comment: string, bytes: Buffer) => refused(id, 'BYOK-72', comment, 'Trailing', bytes, 'der_trailing_bytes')
  return [
    ...[1, 2, 3, 4, 5, 6, 7].map((count) => lenient(count, EC_DER, EC_PUBLIC, `trailing_zeros_${count}`)),
    lenient(6, RSA_DER, RSA_PUBLIC, 'trailing_zeros_rsa'),
    no('trailing_zeros_8', 'eight zero bytes cannot come from padding', zeros(8)),
    no('trailing_byte_not_zero', 'one byte', Buffer.concat([EC_DER, Buffer.of(1)])),
    no('trailing_last_not_zero', 'six zero bytes and another one', Buffer.concat([zeros(6), Buffer.of(0x80)])),
    no('trailing_first_not_zero', 'one byte and six zero bytes', Buffer.concat([EC_DER, Buffer.of(0x30), Buffer.alloc(6)])),
    no('trailing_second_key', 'another key', Buffer.concat([EC_DER, EC_DER])),
  ]
}

function encoding(): Test[] {
  const no = (id: string, comment: string, bytes: Buffer, expect: string) => refused(id, 'BYOK-69', comment, 'Encoding', bytes, expect)
  const inside = EC_DER.subarray(3)
  const modulus = integerBytes(rsa.n)
  const rsaWithModulus = (element: Buffer) =>
    privateKeyInfo(RSA_ALGORITHM, seq(int(0), element, ...[rsa.e, rsa.d, rsa.p, rsa.q, rsa.dp, rsa.dq, rsa.qi].map(int)))
  return [
    no('empty', 'no bytes', Buffer.alloc(0), 'der_truncated'),
    no('only_a_tag', 'one byte', Buffer.of(0x30), 'der_truncated'),
    no('one_byte_short', 'the last byte is missing', EC_DER.subarray(0, -1), 'der_truncated'),
    no('half', 'the second half is missing', RSA_DER.subarray(0, RSA_DER.length / 2), 'der_truncated'),
    no('length_not_minimal', 'two bytes of length where one is enough', withLength(0x30, hex('820087'), inside), 'der_length_not_minimal'),
    no(
      'length_long_form_for_short',
      'the long form for a length below 128',
      seq(withLength(0x02, hex('8101'), Buffer.of(0)), ecAlgorithm('P-256'), octets(ecPrivateKey(ec))),
      'der_length_not_minimal',
    ),
    no('length_indefinite', 'BER: the end is marked by two zero bytes', Buffer.concat([hex('3080'), inside, hex('0000')]), 'der_length_indefinite'),
    no('length_four_bytes', 'four bytes of length', withLength(0x30, hex('8400000087'), inside), 'der_length_too_large'),
    no('length_reserved', 'the reserved first byte of a length', withLength(0x30, hex('ff'), inside), 'der_length_too_large'),
    no('length_beyond_end', 'the outer length is one too large', withLength(0x30, hex('8188'), inside), 'der_truncated'),
    no('length_before_end', 'the outer length is one too small', withLength(0x30, hex('8186'), inside), 'der_truncated'),
    no(
      'inner_length_beyond_parent',
      'the octet string ends behind the sequence around it',
      seq(int(0), ecAlgorithm('P-256'), withLength(0x04, hex('6e'), ecPrivateKey(ec))),
      'der_truncated',
    ),
    no('outer_tag_set', 'a SET instead of a SEQUENCE', flipped(EC_DER, 0, 0x01), 'der_tag_unexpected'),
    no('outer_tag_primitive', 'the bit for "constructed" is missing', flipped(EC_DER, 0, 0x20), 'der_tag_unexpected'),
    no('key_in_bit_string', 'a BIT STRING around the key', seq(int(0), ecAlgorithm('P-256'), bits(ecPrivateKey(ec))), 'der_tag_unexpected'),
    no(
      'key_in_constructed_string',
      'BER: an octet string in pieces',
      seq(int(0), ecAlgorithm('P-256'), der(0x24, octets(ecPrivateKey(ec)))),
      'der_tag_unexpected',
    ),
    no('modulus_negative', 'the sign byte is missing', rsaWithModulus(der(0x02, modulus)), 'der_integer_negative'),
    no('modulus_not_minimal', 'two sign bytes', rsaWithModulus(der(0x02, Buffer.alloc(2), modulus)), 'der_integer_not_minimal'),
    no('modulus_empty', 'an integer without content', rsaWithModulus(der(0x02)), 'der_integer_empty'),
    no(
      'version_missing',
      'the version is absent, which leaves the outer form of EncryptedPrivateKeyInfo',
      seq(ecAlgorithm('P-256'), octets(ecPrivateKey(ec))),
      'pkcs8_encrypted',
    ),
    no('key_missing', 'nothing behind the algorithm', seq(int(0), ecAlgorithm('P-256')), 'der_truncated'),
    no(
      'key_trailing_byte',
      'a byte behind the key, inside the octet string',
      privateKeyInfo(ecAlgorithm('P-256'), Buffer.concat([ecPrivateKey(ec), Buffer.of(0)])),
      'der_trailing_bytes',
    ),
    no(
      'unknown_element',
      'an element that is not part of the structure',
      privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(ec), int(0), nul()),
      'der_trailing_bytes',
    ),
    no(
      'null_not_empty',
      'a NULL with content',
      privateKeyInfo(seq(oid(OIDS.rsaEncryption), der(0x05, Buffer.of(0))), rsaPrivateKey(rsa)),
      'der_null_not_empty',
    ),
    no('oid_empty', 'an object identifier without content', privateKeyInfo(seq(oid(''), nul()), rsaPrivateKey(rsa)), 'der_oid_malformed'),
    no('oid_cut_off', 'the last part goes on behind the end', privateKeyInfo(seq(oid('2a864886f70d010181'), nul()), rsaPrivateKey(rsa)), 'der_oid_malformed'),
    no(
      'oid_not_minimal',
      'a part with a zero group in front',
      privateKeyInfo(seq(oid('2a8086488 6f70d010101'.replace(' ', '')), nul()), rsaPrivateKey(rsa)),
      'der_oid_malformed',
    ),
  ]
}

function versions(): Test[] {
  const no = (id: string, requirement: string, comment: string, version: Buffer, expect: string) =>
    refused(id, requirement, comment, 'Version', privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(ec), version), expect)
  const other = ecKey('P-256', 'other')
  const withPublic = (version: number, algorithm: Buffer, key: Buffer, publicKey: Buffer) =>
    privateKeyInfo(algorithm, key, int(version), der(0x81, Buffer.of(0), publicKey))
  const differs = 'the public key beside the private key is that of another'
  return [
    no('version_3', 'BYOK-71', 'no such version', int(2), 'pkcs8_version_unknown'),
    no('version_255', 'BYOK-71', 'no such version', int(255), 'pkcs8_version_unknown'),
    no('version_negative', 'BYOK-69', 'minus one', der(0x02, Buffer.of(0xff)), 'der_integer_negative'),
    no('version_not_minimal', 'BYOK-69', 'zero in two bytes', der(0x02, Buffer.alloc(2)), 'der_integer_not_minimal'),
    no('version_large', 'BYOK-69', '256', int(256), 'der_integer_too_large'),
    refused(
      'public_key_in_version_1',
      'BYOK-71',
      'version 1 has no public key',
      'Version',
      withPublic(0, ecAlgorithm('P-256'), ecPrivateKey(ec), uncompressed(ec)),
      'pkcs8_public_key_in_v1',
    ),
    refused(
      'rsa_public_key_differs',
      'BYOK-71',
      differs,
      'Version',
      withPublic(1, RSA_ALGORITHM, rsaPrivateKey(rsa), rsaPublicKey(rsaKey('kek-2048'))),
      'pkcs8_public_key_differs',
    ),
    refused(
      'rsa_public_exponent_differs',
      'BYOK-71',
      'same modulus, other exponent',
      'Version',
      withPublic(1, RSA_ALGORITHM, rsaPrivateKey(rsa), rsaPublicKey({ n: rsa.n, e: 3n })),
      'pkcs8_public_key_differs',
    ),
    refused(
      'ec_public_keys_differ',
      'BYOK-71',
      'the public key outside is not the one inside',
      'Version',
      withPublic(1, ecAlgorithm('P-256'), ecPrivateKey(ec), uncompressed(other)),
      'pkcs8_public_key_differs',
    ),
    refused(
      'ec_public_key_of_another',
      'BYOK-71',
      differs,
      'Version',
      withPublic(1, ecAlgorithm('P-256'), ecPrivateKey(ec, { point: false }), uncompressed(other)),
      'ec_public_key_differs',
    ),
  ]
}
