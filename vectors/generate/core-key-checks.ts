/**
 * Vectors for the arithmetic of keys.
 * @module
 */
import { flipped, integerBytes } from './bytes.js'
import { curve, hexOf, object, PRIMALITY, vectorFile, type Document, type Test } from './file.js'
import {
  CURVE,
  CURVES,
  ecFromScalar,
  ecKey,
  lambda,
  LARGEST_E,
  rsaFromPrimes,
  rsaKey,
  rsaWithExponent,
  type Curve,
  type EcNumbers,
  type RsaNumbers,
} from './keys.js'

const rsa = rsaKey('rsa-2048')
const word = (name: string) => name.toLowerCase().replace('-', '')

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
        'Valid are all d with e·d ≡ 1 modulo lcm(p-1, q-1), below n; FIPS 186-5 keys are among them.',
      ],
      flags: { Modulus: 'n, or what it is made of.', PublicExponent: 'e.', PrivateExponent: 'd.', Crt: 'dP, dQ or qInv.', Edge: 'Unusual and valid.' },
      members: {
        key: object(Object.fromEntries(['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => [name, hexOf(name)])), 'The numbers, in the fewest bytes.'),
        primality: PRIMALITY,
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
