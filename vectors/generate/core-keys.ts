/**
 * Vectors for public keys and bare EC keys, and for the arithmetic of keys.
 * @module
 */
import { flipped, integerBytes } from './bytes.js'
import { bits, der, int, nul, octets, oid, OIDS, seq } from './der.js'
import { curve, flag, hexOf, object, oneOf, publicPart, text, vectorFile, type Document, type Test } from './file.js'
import {
  CURVE,
  CURVES,
  ecAlgorithm,
  ecFromScalar,
  ecKey,
  ecPrivateKey,
  ecSpki,
  fingerprint,
  lambda,
  LARGEST_E,
  RSA_ALGORITHM,
  rsaFromPrimes,
  rsaKey,
  rsaPkcs8,
  rsaPublicKey,
  rsaSpki,
  rsaWithExponent,
  shownEc,
  shownRsa,
  uncompressed,
  type Curve,
  type EcNumbers,
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

export const ecKeys = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/ec-keys',
      title: 'EC key pairs: ranges, curve equation, public point',
      about: ['d, x and y have the length of the field. A key is valid if d is in [1, order - 1] and (x, y) is d times the generator.'],
      flags: {
        Edge: 'At the edge of what is valid.',
        Scalar: 'd is out of range.',
        Point: '(x, y) is not the public point.',
        Length: 'Another length than the field.',
      },
      members: { curve: curve('The curve.'), d: hexOf('The private scalar.'), x: hexOf('The public point.'), y: hexOf('The public point.') },
      always: ['curve', 'd', 'x', 'y'],
    },
    [...CURVES.flatMap(ofCurve), ...ecLengths()],
  )

const shownPair = (key: EcNumbers) => ({ curve: key.curve, d: key.d.toString('hex'), x: key.x.toString('hex'), y: key.y.toString('hex') })

function ofCurve(name: Curve): Test[] {
  const { order, bytes } = CURVE[name]
  const key = ecKey(name, 'pair')
  const other = ecKey(name, 'other')
  const good = (id: string, comment: string, pair: EcNumbers, flags?: string[]): Test => ({
    id: `${word(name)}_${id}`,
    requirement: 'BYOK-59',
    comment,
    ...(flags ? { flags } : {}),
    ...shownPair(pair),
    result: 'valid',
  })
  const bad = (id: string, comment: string, flag_: string, pair: EcNumbers, expect: string): Test => ({
    id: `${word(name)}_${id}`,
    requirement: 'BYOK-59',
    comment,
    flags: [flag_],
    ...shownPair(pair),
    result: 'invalid',
    expect,
  })
  const scalar = (value: bigint) => ({ ...key, d: integerBytes(value, bytes) })
  return [
    good('pair', 'a key pair', key),
    good('scalar_one', 'd = 1: the point is the generator', ecFromScalar(name, 1n), ['Edge']),
    good('scalar_order_less_one', 'the largest d', ecFromScalar(name, order - 1n), ['Edge']),
    bad('scalar_zero', 'd = 0', 'Scalar', scalar(0n), 'ec_scalar_out_of_range'),
    bad('scalar_order', 'd is the order', 'Scalar', scalar(order), 'ec_scalar_out_of_range'),
    bad(
      'scalar_over_order',
      'd is larger than the order by one, so that d times the generator is the generator',
      'Scalar',
      { ...ecFromScalar(name, 1n), d: integerBytes(order + 1n, bytes) },
      'ec_scalar_out_of_range',
    ),
    bad('point_of_another_key', 'on the curve, but not d times the generator', 'Point', { ...key, x: other.x, y: other.y }, 'ec_public_key_differs'),
    bad('point_not_on_curve', 'one bit of x changed', 'Point', offCurve(key), 'ec_point_not_on_curve'),
  ]
}

/** One bit of y changed: the curve has only ±y for an x. */
const offCurve = (key: EcNumbers): EcNumbers => ({ ...key, y: flipped(key.y, -1, 2) })

function ecLengths(): Test[] {
  const key = ecKey('P-256', 'pair')
  const bad = (id: string, comment: string, pair: EcNumbers): Test => ({
    id,
    requirement: 'BYOK-66',
    comment,
    flags: ['Length'],
    ...shownPair(pair),
    result: 'invalid',
    expect: 'ec_length_wrong',
  })
  const long = (bytes: Buffer) => Buffer.concat([Buffer.of(0), bytes])
  return [
    bad('scalar_short', 'a byte of d is missing', { ...key, d: key.d.subarray(1) }),
    bad('scalar_long', 'a zero byte in front of d', { ...key, d: long(key.d) }),
    bad('x_long', 'a zero byte in front of x', { ...key, x: long(key.x) }),
    bad('y_short', 'a byte of y is missing', { ...key, y: key.y.subarray(1) }),
  ]
}

export const rsaKeyCheck = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/rsa-key-check',
      title: 'RSA private keys: whether the eight numbers belong together',
      about: [
        'One number is wrong in each invalid test. Libraries that accept such a key compute wrong results, and a wrong result of a CRT computation gives away a prime.',
        'Valid are all d with e·d ≡ 1 modulo lcm(p-1, q-1), below n; FIPS 186-5 keys are among them. "primality" says that the check includes a primality test of p and q.',
      ],
      flags: { Modulus: 'n, or what it is made of.', PublicExponent: 'e.', PrivateExponent: 'd.', Crt: 'dP, dQ or qInv.', Edge: 'Unusual and valid.' },
      members: {
        key: object(Object.fromEntries(['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => [name, hexOf(name)])), 'The numbers, in the fewest bytes.'),
        primality: oneOf([true] as never, 'The check includes primality.'),
        at: text('The number that the fault names.'),
      },
      always: ['key'],
    },
    rsaChecks(),
  )

function rsaChecks(): Test[] {
  const shown = (key: RsaNumbers) =>
    Object.fromEntries((['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((name) => [name, integerBytes(key[name]).toString('hex')]))
  const good = (id: string, comment: string, key: RsaNumbers, flags?: string[]): Test => ({
    id,
    requirement: 'BYOK-59',
    comment,
    ...(flags ? { flags } : {}),
    key: shown(key),
    result: 'valid',
  })
  const bad = (id: string, requirement: string, comment: string, flag_: string, key: RsaNumbers, expect: string): Test => ({
    id,
    requirement,
    comment,
    flags: [flag_],
    key: shown(key),
    result: 'invalid',
    expect,
  })
  const { n, e, d, p, q, dp, dq, qi } = rsa
  const least = lambda(p, q)
  const swapped = { ...rsaFromPrimes(q, p), d }
  const next = (value: bigint) => value + 2n
  const composite = rsaKey('rsa-2048-composite')
  const evenP = { ...rsa, p: p - 1n }
  return [
    ...['rsa-2048', 'rsa-3072', 'rsa-4096'].map((name) => good(name.replace('-', '_'), 'as OpenSSL made it', rsaKey(name))),
    good('exponent_3', 'the smallest exponent', rsaWithExponent(3n), ['Edge']),
    good('exponent_64_bits', 'the largest prime below 2^64', rsaWithExponent(LARGEST_E), ['Edge']),
    good('private_exponent_least', 'd modulo lcm(p-1, q-1)', { ...rsa, d: d % least }, ['Edge']),
    good('private_exponent_larger', 'd plus lcm(p-1, q-1), still below n', { ...rsa, d: (d % least) + least }, ['Edge']),
    good('primes_exchanged', 'p and q exchanged, and dP, dQ and qInv with them', swapped, ['Edge']),
    bad('modulus_other', 'BYOK-59', 'n is not p·q', 'Modulus', { ...rsa, n: next(n) }, 'rsa_modulus_not_product'),
    bad('modulus_of_another_key', 'BYOK-59', 'n is that of another key', 'Modulus', { ...rsa, n: rsaKey('kek-2048').n }, 'rsa_modulus_not_product'),
    bad('modulus_even', 'BYOK-59', 'n is even', 'Modulus', { ...rsa, n: n - 1n }, 'rsa_modulus_even'),
    bad('modulus_1024_bits', 'BYOK-74', 'too small', 'Modulus', rsaKey('rsa-1024'), 'rsa_modulus_size_unsupported'),
    bad('modulus_2047_bits', 'BYOK-74', 'one bit short', 'Modulus', rsaKey('rsa-2047'), 'rsa_modulus_size_unsupported'),
    bad('modulus_2056_bits', 'BYOK-74', 'not on the list', 'Modulus', rsaKey('rsa-2056'), 'rsa_modulus_size_unsupported'),
    bad('primes_of_unequal_size', 'BYOK-59', '1000 and 1048 bits', 'Modulus', rsaKey('rsa-2048-unequal-primes'), 'rsa_prime_size_wrong'),
    bad('primes_equal', 'BYOK-59', 'n is a square', 'Modulus', square(), 'rsa_primes_equal'),
    bad('prime_even', 'BYOK-59', 'p is even', 'Modulus', evenP, 'rsa_prime_even'),
    bad('prime_one', 'BYOK-59', 'p = n and q = 1', 'Modulus', { ...rsa, p: n, q: 1n }, 'rsa_prime_size_wrong'),
    bad('prime_other', 'BYOK-59', 'another number in place of q', 'Modulus', { ...rsa, q: next(q) }, 'rsa_modulus_not_product'),
    {
      ...bad(
        'prime_composite',
        'BYOK-59',
        'p is the product of two primes; every congruence holds, and the key does not work',
        'Modulus',
        composite,
        'rsa_prime_composite',
      ),
      primality: true,
    },
    bad('exponent_even', 'BYOK-73', 'e + 1', 'PublicExponent', { ...rsa, e: e + 1n }, 'rsa_exponent_even'),
    bad('exponent_one', 'BYOK-73', 'e = d = 1', 'PublicExponent', { ...rsa, e: 1n, d: 1n, dp: 1n, dq: 1n }, 'rsa_exponent_too_small'),
    bad('exponent_65_bits', 'BYOK-73', '2^64 + 13, with a d that fits', 'PublicExponent', rsaWithExponent((1n << 64n) + 13n), 'rsa_exponent_too_large'),
    bad('exponent_of_another', 'BYOK-59', 'e = 3, d for 65537', 'PublicExponent', { ...rsa, e: 3n }, 'rsa_exponent_private_wrong'),
    bad('private_exponent_other', 'BYOK-59', 'd + 2', 'PrivateExponent', { ...rsa, d: next(d) }, 'rsa_exponent_private_wrong'),
    bad('private_exponent_one', 'BYOK-59', 'd = 1', 'PrivateExponent', { ...rsa, d: 1n }, 'rsa_exponent_private_out_of_range'),
    bad(
      'private_exponent_over_modulus',
      'BYOK-59',
      'congruent to a good one, and larger than n',
      'PrivateExponent',
      { ...rsa, d: d + least * (n / least + 1n) },
      'rsa_exponent_private_out_of_range',
    ),
    bad(
      'private_exponent_good_for_p_only',
      'BYOK-59',
      'right modulo p-1, wrong modulo q-1',
      'PrivateExponent',
      { ...rsa, d: dp + (p - 1n) * 3n },
      'rsa_exponent_private_wrong',
    ),
    bad('dp_other', 'BYOK-59', 'dP + 2: the result is wrong modulo p only, and gcd gives q away', 'Crt', { ...rsa, dp: next(dp) }, 'rsa_crt_dp_wrong'),
    bad('dp_not_reduced', 'BYOK-59', 'dP + p - 1: works, and is not dP', 'Crt', { ...rsa, dp: dp + p - 1n }, 'rsa_crt_dp_wrong'),
    bad('dq_other', 'BYOK-59', 'dQ + 2', 'Crt', { ...rsa, dq: next(dq) }, 'rsa_crt_dq_wrong'),
    bad('dq_is_dp', 'BYOK-59', 'dP in both places', 'Crt', { ...rsa, dq: dp }, 'rsa_crt_dq_wrong'),
    bad('qi_other', 'BYOK-59', 'qInv + 2', 'Crt', { ...rsa, qi: next(qi) }, 'rsa_crt_qi_wrong'),
    bad('qi_not_reduced', 'BYOK-59', 'qInv + p: works, and is not qInv', 'Crt', { ...rsa, qi: qi + p }, 'rsa_crt_qi_wrong'),
    bad('qi_of_exchanged_primes', 'BYOK-59', 'p and q exchanged, qInv left as it was', 'Crt', { ...swapped, qi }, 'rsa_crt_qi_wrong'),
  ]
}

/** A modulus that is a square, with exponents that fit its "totient". */
function square(): RsaNumbers {
  const { p } = [rsaKey('rsa-2048'), rsaKey('kek-2048')]
    .map(({ p: a, q: b }) => ({ p: a > b ? a : b }))
    .find((each) => (each.p * each.p).toString(2).length === 2048)!
  return { ...rsaFromPrimes(p, p + 2n, 65537n), n: p * p, q: p, dq: rsa.dq, qi: 1n }
}
