/**
 * Plaintexts of transfer blobs with one fault each.
 * @module
 */
import { createPrivateKey } from 'node:crypto'
import { flipped, fromLabel, integerBytes } from './bytes.js'
import { encrypted } from './core-pkcs8-inside.js'
import { bits, der, int, nul, octets, oid, OIDS, seq } from './der.js'
import {
  CURVE,
  ecAlgorithm,
  ecKey,
  ecPkcs8,
  ecPrivateKey,
  pinnedPkcs8,
  privateKeyInfo,
  rsaKey,
  rsaPkcs8,
  rsaPrivateKey,
  rsaSpki,
  rsaWithExponent,
  uncompressed,
  type Curve,
  type RsaNumbers,
} from './keys.js'

import { octTarget, type Kty } from './targets.js'

export interface PlaintextFault {
  readonly id: string
  readonly requirement: string
  readonly comment: string
  readonly kty: Kty
  readonly crv?: Curve
  readonly plaintext: Buffer
  readonly check: 'U7' | 'U8' | 'U9'
  readonly expect: string
  readonly inBlob?: true
  /** Only a primality test finds it. */
  readonly primality?: true
}

/** Plaintexts with one fault each. */
export function plaintextFaults(): readonly PlaintextFault[] {
  return [...ofForm(), ...ofDeclaration(), ...ofArithmetic()]
}

const rsa = rsaKey('rsa-2048')
const RSA = rsaPkcs8(rsa)
const ec = ecKey('P-256', 'target')
const EC = ecPkcs8(ec)
const asRsa = { kty: 'RSA' } as const
const asP256 = { kty: 'EC', crv: 'P-256' } as const
const asOct = { kty: 'oct' } as const
const blob = { inBlob: true } as const
type Declared = { readonly kty: Kty; readonly crv?: Curve }

function ofForm(): PlaintextFault[] {
  const u7 = (
    id: string,
    requirement: string,
    comment: string,
    declared: Declared,
    plaintext: Buffer,
    expect: string,
    more: { inBlob?: true; primality?: true } = {},
  ): PlaintextFault => ({
    id,
    requirement,
    comment,
    ...declared,
    plaintext,
    check: 'U7',
    expect,
    ...more,
  })
  const pem = Buffer.from(createPrivateKey({ key: EC, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }))
  return [
    u7('pkcs1_instead', 'BYOK-70', 'a bare RSAPrivateKey', asRsa, rsaPrivateKey(rsa), 'pkcs8_bare_pkcs1', blob),
    u7('sec1_instead', 'BYOK-70', 'a bare ECPrivateKey', asP256, ecPrivateKey(ec, { parameters: true }), 'pkcs8_bare_sec1', blob),
    u7('encrypted_pkcs8', 'BYOK-70', 'EncryptedPrivateKeyInfo', asP256, encrypted(EC), 'pkcs8_encrypted', blob),
    u7('pem_text', 'BYOK-69', 'PEM text', asP256, pem, 'pkcs8_pem_text', blob),
    u7('public_key_instead', 'BYOK-57', 'a SubjectPublicKeyInfo', asRsa, rsaSpki(rsa), 'pkcs8_public_key_given', blob),
    u7('raw_scalar', 'BYOK-69', 'only the private scalar', asP256, ec.d, 'der_tag_unexpected'),
    u7('one_byte', 'BYOK-69', 'one byte', asP256, Buffer.of(0x30), 'der_truncated'),
    u7('cut_off', 'BYOK-69', 'the last byte is missing', asP256, EC.subarray(0, -1), 'der_truncated', blob),
    u7(
      'ber_length',
      'BYOK-69',
      'an indefinite length',
      asP256,
      Buffer.concat([Buffer.from('3080', 'hex'), EC.subarray(3), Buffer.alloc(2)]),
      'der_length_indefinite',
    ),
    u7('eight_zeros_behind', 'BYOK-72', 'eight zero bytes cannot come from padding', asP256, Buffer.concat([EC, Buffer.alloc(8)]), 'der_trailing_bytes', blob),
    u7('byte_behind', 'BYOK-72', 'a byte behind the DER that is not zero', asRsa, Buffer.concat([RSA, Buffer.of(1)]), 'der_trailing_bytes', blob),
    u7('pkcs7_padding_behind', 'BYOK-72', 'PKCS#7 padding that was not taken off', asP256, Buffer.concat([EC, Buffer.alloc(6, 6)]), 'der_trailing_bytes'),
    u7('rsassa_pss', 'BYOK-70', 'a key for signatures only', asRsa, privateKeyInfo(seq(oid(OIDS.rsassaPss)), rsaPrivateKey(rsa)), 'algorithm_rsassa_pss', blob),
    u7(
      'ecdh_key',
      'BYOK-70',
      'a key for agreement only',
      asP256,
      privateKeyInfo(seq(oid(OIDS.ecdh), oid(OIDS['P-256'])), ecPrivateKey(ec)),
      'algorithm_ecdh',
      blob,
    ),
    u7('three_primes', 'BYOK-70', 'an RSA key of three primes', asRsa, pinnedPkcs8('rsa-2048-three-primes'), 'rsa_multi_prime', blob),
    u7('curve_implicit', 'BYOK-70', 'NULL in place of a curve', asP256, privateKeyInfo(seq(oid(OIDS.ecPublicKey), nul()), ecPrivateKey(ec)), 'curve_implicit'),
    u7('version_3', 'BYOK-71', 'no such version of PKCS#8', asP256, privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(ec), int(2)), 'pkcs8_version_unknown'),
    u7(
      'point_compressed',
      'BYOK-66',
      'the public point in compressed form',
      asP256,
      privateKeyInfo(ecAlgorithm('P-256'), seq(int(1), octets(ec.d), der(0xa1, bits(Buffer.of(2 + (ec.y[31]! & 1)), ec.x)))),
      'ec_point_compressed',
    ),
    u7(
      'inner_curve_differs',
      'BYOK-66',
      'two curves',
      asP256,
      privateKeyInfo(ecAlgorithm('P-256'), seq(int(1), octets(ec.d), der(0xa0, oid(OIDS['P-256K'])))),
      'ec_curves_differ',
    ),
    ...[1, 8, 15, 17, 31, 33, 48, 64].map((length) =>
      u7(
        `oct_${length}_bytes`,
        'BYOK-67',
        'no AES key has this length',
        asOct,
        fromLabel(`target/oct/${length}`, length),
        'target_oct_length_wrong',
        [15, 33, 64].includes(length) ? blob : {},
      ),
    ),
    u7(
      'oct_zero_behind',
      'BYOK-67',
      'a zero byte behind a symmetric key is part of it, in any reading',
      asOct,
      Buffer.concat([octTarget(32).payload, Buffer.of(0)]),
      'target_oct_length_wrong',
      blob,
    ),
    u7('oct_in_hexadecimal', 'BYOK-67', 'an AES-256 key as 64 digits', asOct, Buffer.from(octTarget(32).payload.toString('hex')), 'target_oct_length_wrong'),
    u7('oct_as_octet_string', 'BYOK-67', 'an AES-256 key in DER', asOct, octets(octTarget(32).payload), 'target_oct_length_wrong'),
  ]
}

function ofDeclaration(): PlaintextFault[] {
  const u8 = (
    id: string,
    requirement: string,
    comment: string,
    declared: Declared,
    plaintext: Buffer,
    expect: string,
    more: { inBlob?: true; primality?: true } = {},
  ): PlaintextFault => ({
    id,
    requirement,
    comment,
    ...declared,
    plaintext,
    check: 'U8',
    expect,
    ...more,
  })
  const curves = (['P-256K', 'P-384', 'P-521'] as const).map((curve) =>
    u8(
      `${curve.toLowerCase().replace('-', '')}_declared_p256`,
      'BYOK-58',
      `a ${curve} key, declared as P-256`,
      asP256,
      ecPkcs8(ecKey(curve, 'target')),
      'target_curve_differs',
      blob,
    ),
  )
  return [
    ...curves,
    u8('p256_declared_p256k', 'BYOK-58', 'the field lengths are the same', { kty: 'EC', crv: 'P-256K' }, EC, 'target_curve_differs', blob),
    u8('rsa_declared_ec', 'BYOK-58', 'an RSA key, declared as EC', asP256, RSA, 'target_type_differs', blob),
    u8('ec_declared_rsa', 'BYOK-58', 'an EC key, declared as RSA', asRsa, EC, 'target_type_differs', blob),
    u8('rsa_declared_oct', 'BYOK-67', 'an RSA key, declared as oct', asOct, RSA, 'target_oct_length_wrong', blob),
    u8('oct_declared_rsa', 'BYOK-69', 'an AES key, declared as RSA', asRsa, octTarget(32).payload, 'der_tag_unexpected', blob),
    u8('rsa_1024', 'BYOK-74', 'too small', asRsa, rsaPkcs8(rsaKey('rsa-1024')), 'target_size_unsupported', blob),
    u8('rsa_2047', 'BYOK-74', 'one bit short', asRsa, rsaPkcs8(rsaKey('rsa-2047')), 'target_size_unsupported'),
    u8('rsa_2056', 'BYOK-74', 'not on the list', asRsa, rsaPkcs8(rsaKey('rsa-2056')), 'target_size_unsupported', blob),
    u8(
      'curve_p224',
      'BYOK-74',
      'not one of the four',
      asP256,
      privateKeyInfo(seq(oid(OIDS.ecPublicKey), oid(OIDS['P-224'])), ecPrivateKey(ec)),
      'curve_unknown',
      blob,
    ),
    u8(
      'ed25519',
      'BYOK-58',
      'another kind of key',
      asP256,
      privateKeyInfo(seq(oid(OIDS.ed25519)), octets(fromLabel('target/ed25519', 32))),
      'algorithm_unsupported',
      blob,
    ),
  ]
}

function ofArithmetic(): PlaintextFault[] {
  const u9 = (
    id: string,
    requirement: string,
    comment: string,
    declared: Declared,
    plaintext: Buffer,
    expect: string,
    more: { inBlob?: true; primality?: true } = {},
  ): PlaintextFault => ({
    id,
    requirement,
    comment,
    ...declared,
    plaintext,
    check: 'U9',
    expect,
    ...more,
  })
  const ofRsaWith = (change: Partial<RsaNumbers>) => rsaPkcs8({ ...rsa, ...change })
  const ecWith = (d: Buffer, point?: Buffer) => privateKeyInfo(ecAlgorithm('P-256'), seq(int(1), octets(d), ...(point ? [der(0xa1, bits(point))] : [])))
  return [
    u9('rsa_modulus', 'BYOK-59', 'n is not p·q', asRsa, ofRsaWith({ n: rsa.n + 2n }), 'rsa_modulus_not_product', blob),
    u9('rsa_prime_composite', 'BYOK-59', 'p is no prime, though every congruence holds', asRsa, rsaPkcs8(rsaKey('rsa-2048-composite')), 'rsa_prime_composite', {
      ...blob,
      primality: true,
    }),
    u9('rsa_primes_unequal', 'BYOK-59', 'primes of 1000 and 1048 bits', asRsa, rsaPkcs8(rsaKey('rsa-2048-unequal-primes')), 'rsa_prime_size_wrong'),
    u9('rsa_private_exponent', 'BYOK-59', 'd is that of no key', asRsa, ofRsaWith({ d: rsa.d + 2n }), 'rsa_exponent_private_wrong', blob),
    u9('rsa_dp', 'BYOK-59', 'dP is wrong', asRsa, ofRsaWith({ dp: rsa.dp + 2n }), 'rsa_crt_dp_wrong', blob),
    u9('rsa_dq', 'BYOK-59', 'dQ is wrong', asRsa, ofRsaWith({ dq: rsa.dq + 2n }), 'rsa_crt_dq_wrong'),
    u9('rsa_qi', 'BYOK-59', 'qInv is wrong', asRsa, ofRsaWith({ qi: rsa.qi + 2n }), 'rsa_crt_qi_wrong'),
    u9('rsa_exponent_one', 'BYOK-73', 'e = 1: encrypts to itself', asRsa, ofRsaWith({ e: 1n, d: 1n, dp: 1n, dq: 1n }), 'rsa_exponent_too_small', blob),
    u9('rsa_exponent_even', 'BYOK-73', 'e is even', asRsa, ofRsaWith({ e: 65538n }), 'rsa_exponent_even'),
    u9(
      'rsa_exponent_65_bits',
      'BYOK-73',
      'e = 2^64 + 13, and the key would work',
      asRsa,
      rsaPkcs8(rsaWithExponent((1n << 64n) + 13n)),
      'rsa_exponent_too_large',
      blob,
    ),
    u9('ec_scalar_zero', 'BYOK-59', 'd = 0', asP256, ecWith(Buffer.alloc(32)), 'ec_scalar_out_of_range', blob),
    u9('ec_scalar_order', 'BYOK-59', 'd is the order', asP256, ecWith(integerBytes(CURVE['P-256'].order)), 'ec_scalar_out_of_range', blob),
    u9(
      'ec_point_of_another_key',
      'BYOK-66',
      'the public point belongs to another scalar',
      asP256,
      ecWith(ec.d, uncompressed(ecKey('P-256', 'other'))),
      'ec_public_key_differs',
      blob,
    ),
    u9(
      'ec_point_not_on_curve',
      'BYOK-59',
      'the public point is on no curve',
      asP256,
      ecWith(ec.d, flipped(uncompressed(ec), -1)),
      'ec_point_not_on_curve',
      blob,
    ),
  ]
}
