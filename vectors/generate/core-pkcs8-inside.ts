/**
 * Vectors for what is inside PKCS#8: algorithms, other formats, and the keys themselves.
 * @module
 */
import { createCipheriv, createPrivateKey, pbkdf2Sync } from 'node:crypto'
import { flipped, fromLabel, integerBytes } from './bytes.js'
import { bits, der, int, nul, octets, oid, OIDS, seq } from './der.js'
import type { Test } from './file.js'
import {
  CURVE,
  ecAlgorithm,
  ecFromScalar,
  ecKey,
  ecPrivateKey,
  ecSpki,
  pinnedPkcs8,
  privateKeyInfo,
  RSA_ALGORITHM,
  rsaPrivateKey,
  rsaPublicKey,
  rsaSpki,
  uncompressed,
} from './keys.js'
import { ec, EC_DER, refused, rsa } from './pkcs8-tests.js'

/** Algorithms that are not taken, and parameters. */
export function algorithms(): Test[] {
  const no = (id: string, requirement: string, comment: string, algorithm: Buffer, key: Buffer, expect: string) =>
    refused(id, requirement, comment, 'Algorithm', privateKeyInfo(algorithm, key), expect)
  const [rsaInner, ecInner] = [rsaPrivateKey(rsa), ecPrivateKey(ec)]
  const named = (identifier: string) => seq(oid(identifier), oid(OIDS['P-256']))
  return [
    no('rsa_without_parameters', 'BYOK-65', 'the parameters are NULL, not absent', seq(oid(OIDS.rsaEncryption)), rsaInner, 'algorithm_parameters_wrong'),
    no('rsa_parameters_sequence', 'BYOK-65', 'the parameters are NULL', seq(oid(OIDS.rsaEncryption), seq()), rsaInner, 'algorithm_parameters_wrong'),
    no('rsa_two_parameters', 'BYOK-69', 'an element too many', seq(oid(OIDS.rsaEncryption), nul(), nul()), rsaInner, 'der_trailing_bytes'),
    no('rsassa_pss', 'BYOK-70', 'a key for signatures only', seq(oid(OIDS.rsassaPss)), rsaInner, 'algorithm_rsassa_pss'),
    no('rsassa_pss_null', 'BYOK-70', 'a key for signatures only', seq(oid(OIDS.rsassaPss), nul()), rsaInner, 'algorithm_rsassa_pss'),
    no('rsaes_oaep', 'BYOK-70', 'a key for one scheme only', seq(oid(OIDS.rsaesOaep)), rsaInner, 'algorithm_unsupported'),
    no('ecdh', 'BYOK-70', 'a key for agreement only', named(OIDS.ecdh), ecInner, 'algorithm_ecdh'),
    no('ecmqv', 'BYOK-70', 'a key for agreement only', named(OIDS.ecmqv), ecInner, 'algorithm_ecmqv'),
    no('dsa', 'BYOK-58', 'another kind of key', seq(oid(OIDS.dsa), seq(int(23), int(11), int(4))), int(7), 'algorithm_unsupported'),
    no('ed25519', 'BYOK-58', 'another kind of key', seq(oid(OIDS.ed25519)), octets(fromLabel('pkcs8/ed25519', 32)), 'algorithm_unsupported'),
    no('x25519', 'BYOK-58', 'another kind of key', seq(oid(OIDS.x25519)), octets(fromLabel('pkcs8/x25519', 32)), 'algorithm_unsupported'),
    no('curve_explicit', 'BYOK-70', 'the parameters of P-256, spelt out', seq(oid(OIDS.ecPublicKey), explicitP256()), ecInner, 'curve_explicit'),
    no('curve_implicit', 'BYOK-70', 'NULL: the curve is the one of the issuer', seq(oid(OIDS.ecPublicKey), nul()), ecInner, 'curve_implicit'),
    no(
      'curve_absent',
      'BYOK-66',
      'no parameters, though the curve is named inside',
      seq(oid(OIDS.ecPublicKey)),
      ecPrivateKey(ec, { parameters: true }),
      'curve_implicit',
    ),
    no('curve_p224', 'BYOK-74', 'not one of the four', seq(oid(OIDS.ecPublicKey), oid(OIDS['P-224'])), ecInner, 'curve_unknown'),
    no(
      'curve_brainpool',
      'BYOK-74',
      'not one of the four, with the same field length as P-256',
      seq(oid(OIDS.ecPublicKey), oid(OIDS.brainpoolP256r1)),
      ecInner,
      'curve_unknown',
    ),
    no('rsa_key_called_ec', 'BYOK-69', 'an RSAPrivateKey under the algorithm of EC', ecAlgorithm('P-256'), rsaInner, 'ec_version_unknown'),
    no('ec_key_called_rsa', 'BYOK-69', 'an ECPrivateKey under the algorithm of RSA', RSA_ALGORITHM, ecInner, 'rsa_multi_prime'),
  ]
}

/** ECParameters of P-256 as specifiedCurve (RFC 3279 §2.3.5). OpenSSL has to read the key as the same one. */
function explicitP256(): Buffer {
  const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
  const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
  const parameters = seq(
    int(1),
    seq(oid(OIDS.primeField), int(p)),
    seq(octets(integerBytes(p - 3n)), octets(integerBytes(b))),
    octets(uncompressed(ecFromScalar('P-256', 1n))),
    int(CURVE['P-256'].order),
    int(1),
  )
  const read = createPrivateKey({ key: privateKeyInfo(seq(oid(OIDS.ecPublicKey), parameters), ecPrivateKey(ec)), format: 'der', type: 'pkcs8' })
  if (read.asymmetricKeyType !== 'ec') throw new Error('OpenSSL does not read the explicit parameters')
  return parameters
}

/** Private keys that are no PKCS#8 in clear. */
export function otherFormats(): Test[] {
  const no = (id: string, comment: string, bytes: Buffer, expect: string) => refused(id, 'BYOK-70', comment, 'OtherFormat', bytes, expect)
  const pem = createPrivateKey({ key: EC_DER, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' })
  return [
    no('encrypted', 'EncryptedPrivateKeyInfo (PBES2)', encrypted(EC_DER), 'pkcs8_encrypted'),
    no('bare_pkcs1', 'an RSAPrivateKey alone', rsaPrivateKey(rsa), 'pkcs8_bare_pkcs1'),
    no('bare_sec1', 'an ECPrivateKey alone', ecPrivateKey(ec, { parameters: true }), 'pkcs8_bare_sec1'),
    no('bare_sec1_without_curve', 'an ECPrivateKey alone, without its curve', ecPrivateKey(ec), 'pkcs8_bare_sec1'),
    no('pem', 'PEM text', Buffer.from(pem), 'pkcs8_pem_text'),
    no('spki_rsa', 'only the public key', rsaSpki(rsa), 'pkcs8_public_key_given'),
    no('spki_ec', 'only the public key', ecSpki(ec), 'pkcs8_public_key_given'),
    no('pkcs1_public_key', 'an RSAPublicKey alone', rsaPublicKey(rsa), 'pkcs8_public_key_given'),
  ]
}

/** PBES2 with PBKDF2 and AES-256-CBC; password "keyferry". */
export function encrypted(key: Buffer): Buffer {
  const [salt, iv] = [fromLabel('pkcs8/salt', 8), fromLabel('pkcs8/iv', 16)]
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync('keyferry', salt, 2048, 32, 'sha256'), iv)
  const parameters = seq(seq(oid(OIDS.pbkdf2), seq(octets(salt), int(2048), seq(oid(OIDS.hmacSha256), nul()))), seq(oid(OIDS.aes256Cbc), octets(iv)))
  const info = seq(seq(oid(OIDS.pbes2), parameters), octets(Buffer.concat([cipher.update(key), cipher.final()])))
  createPrivateKey({ key: info, format: 'der', type: 'pkcs8', passphrase: 'keyferry' })
  return info
}

/** RSAPrivateKey. */
export function rsaInside(): Test[] {
  const numbers = [rsa.n, rsa.e, rsa.d, rsa.p, rsa.q, rsa.dp, rsa.dq, rsa.qi]
  const no = (id: string, requirement: string, comment: string, inner: Buffer, expect: string) =>
    refused(id, requirement, comment, 'RsaKey', privateKeyInfo(RSA_ALGORITHM, inner), expect)
  return [
    refused('rsa_three_primes', 'BYOK-70', 'a key of three primes, made by OpenSSL', 'RsaKey', pinnedPkcs8('rsa-2048-three-primes'), 'rsa_multi_prime'),
    no('rsa_version_two', 'BYOK-65', 'RSAPrivateKey of an unknown version', seq(int(2), ...numbers.map(int)), 'rsa_version_unknown'),
    no('rsa_coefficient_missing', 'BYOK-65', 'the last number is absent', seq(int(0), ...numbers.slice(0, 7).map(int)), 'der_truncated'),
    no('rsa_crt_missing', 'BYOK-65', 'only n, e and d', seq(int(0), ...numbers.slice(0, 3).map(int)), 'der_truncated'),
    no('rsa_number_too_many', 'BYOK-69', 'a tenth number', seq(int(0), ...numbers.map(int), int(1)), 'der_trailing_bytes'),
    no(
      'rsa_other_primes_in_version_0',
      'BYOK-70',
      'otherPrimeInfos belong to version 1',
      seq(int(0), ...numbers.map(int), seq(seq(int(3), int(1), int(1)))),
      'der_trailing_bytes',
    ),
  ]
}

/** ECPrivateKey. */
export function ecInside(): Test[] {
  const { order } = CURVE['P-256']
  const scalar = (value: bigint, length = 32) => octets(integerBytes(value, length))
  const point = (content: Buffer) => der(0xa1, bits(content))
  const no = (id: string, requirement: string, comment: string, expect: string, ...elements: Buffer[]) =>
    refused(id, requirement, comment, 'EcKey', privateKeyInfo(ecAlgorithm('P-256'), seq(...elements)), expect)
  const d = octets(ec.d)
  const compressed = Buffer.concat([Buffer.of(2 + (ec.y[31]! & 1)), ec.x])
  const offCurve = flipped(uncompressed(ec), -1)
  return [
    no('ec_version_zero', 'BYOK-66', 'ECPrivateKey has version 1', 'ec_version_unknown', int(0), d),
    no('ec_version_two', 'BYOK-66', 'ECPrivateKey has version 1', 'ec_version_unknown', int(2), d),
    no('ec_scalar_zero', 'BYOK-59', 'd = 0', 'ec_scalar_out_of_range', int(1), scalar(0n)),
    no('ec_scalar_order', 'BYOK-59', 'd is the order', 'ec_scalar_out_of_range', int(1), scalar(order)),
    no('ec_scalar_all_ones', 'BYOK-59', 'd is the largest number of its length', 'ec_scalar_out_of_range', int(1), octets(Buffer.alloc(32, 0xff))),
    no('ec_scalar_short', 'BYOK-66', '31 bytes', 'ec_scalar_length_wrong', int(1), octets(ec.d.subarray(1))),
    no('ec_scalar_long', 'BYOK-66', 'a zero byte in front', 'ec_scalar_length_wrong', int(1), scalar(BigInt(`0x${ec.d.toString('hex')}`), 33)),
    no('ec_scalar_empty', 'BYOK-66', 'no bytes', 'ec_scalar_length_wrong', int(1), octets()),
    no(
      'ec_inner_curve_differs',
      'BYOK-66',
      'outside P-256, inside P-256K, which has the same field length',
      'ec_curves_differ',
      int(1),
      d,
      der(0xa0, oid(OIDS['P-256K'])),
    ),
    no('ec_inner_curve_explicit', 'BYOK-70', 'inside, the parameters are spelt out', 'curve_explicit', int(1), d, der(0xa0, explicitP256())),
    no('ec_point_compressed', 'BYOK-66', 'the point in compressed form', 'ec_point_compressed', int(1), d, point(compressed)),
    no(
      'ec_point_hybrid',
      'BYOK-66',
      'the point in hybrid form',
      'ec_point_form_unknown',
      int(1),
      d,
      point(Buffer.concat([Buffer.of(6 + (ec.y[31]! & 1)), ec.x, ec.y])),
    ),
    no('ec_point_infinity', 'BYOK-59', 'the point at infinity', 'ec_point_infinity', int(1), d, point(Buffer.of(0))),
    no('ec_point_short', 'BYOK-66', 'a byte of the point is missing', 'ec_point_length_wrong', int(1), d, point(uncompressed(ec).subarray(0, -1))),
    no('ec_point_not_on_curve', 'BYOK-59', 'one bit of y changed', 'ec_point_not_on_curve', int(1), d, point(offCurve)),
    no(
      'ec_point_of_another_key',
      'BYOK-59',
      'a point on the curve that is not d times the generator',
      'ec_public_key_differs',
      int(1),
      d,
      point(uncompressed(ecKey('P-256', 'other'))),
    ),
    no('ec_point_negated', 'BYOK-59', 'the same x, the other y', 'ec_public_key_differs', int(1), d, point(negated())),
    no(
      'ec_point_unused_bits',
      'BYOK-69',
      'a bit string that leaves a bit unused',
      'der_bit_string_unused_bits',
      int(1),
      d,
      der(0xa1, der(0x03, Buffer.of(1), uncompressed(ec))),
    ),
    no(
      'ec_point_before_curve',
      'BYOK-69',
      'the optional fields in the wrong order',
      'der_trailing_bytes',
      int(1),
      d,
      point(uncompressed(ec)),
      der(0xa0, oid(OIDS['P-256'])),
    ),
    no('ec_scalar_as_integer', 'BYOK-69', 'the scalar as INTEGER', 'der_tag_unexpected', int(1), int(BigInt(`0x${ec.d.toString('hex')}`))),
  ]
}

function negated(): Buffer {
  const { x, y } = ecFromScalar('P-256', CURVE['P-256'].order - BigInt(`0x${ec.d.toString('hex')}`))
  return Buffer.concat([Buffer.of(4), x, y])
}
