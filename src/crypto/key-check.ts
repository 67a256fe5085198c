/**
 * Whether the numbers of a key belong together. Codecs read numbers; this file judges them, and every import calls it.
 *
 * The check of a private key is complete arithmetic: the product, both congruences of the exponents, the CRT parameters,
 * ranges and sizes; for EC the range of d, the curve equation and the public point of d. It costs less than a native
 * import of the same key. Primality is left out unless asked for, because in pure code it costs more than all the rest
 * together; whatever imports a key asks for it (BYOK-59), for a key with composite "primes" gives wrong results.
 *
 * A fault names the field and never carries a value of a secret number.
 * @module
 */
import { equalBytes, requireBytes } from '../bytes/bytes.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { checkEcPoint, curveFacts, ecPublicKey, isEcScalar, type EcFault } from './ec.js'
import type { EcPrivateKey, PrivateKey, PublicKey, RsaPrivateKey, RsaPublicKey } from './keys.js'
import { bitLengthOfBytes, os2ip } from './number.js'
import { isFixedProbablePrime } from './prime.js'
import { RSA_BITS } from './rsa-keygen.js'

/** What is wrong with an RSA public key. */
export type RsaPublicFault = Fault<
  'rsa_integer_not_minimal' | 'rsa_modulus_size_unsupported' | 'rsa_modulus_even' | 'rsa_exponent_even' | 'rsa_exponent_too_small' | 'rsa_exponent_too_large'
>

/** What is wrong with an RSA private key. */
export type RsaPrivateFault =
  | RsaPublicFault
  | Fault<
      | 'rsa_prime_size_wrong'
      | 'rsa_prime_even'
      | 'rsa_primes_equal'
      | 'rsa_prime_composite'
      | 'rsa_modulus_not_product'
      | 'rsa_exponent_private_out_of_range'
      | 'rsa_exponent_private_wrong'
      | 'rsa_crt_dp_wrong'
      | 'rsa_crt_dq_wrong'
      | 'rsa_crt_qi_wrong'
    >

/** What is wrong with a key. */
export type KeyFault = RsaPrivateFault | EcFault

/** What a caller may ask of a key check beyond the defaults. */
export interface KeyCheckOptions {
  /** Modulus sizes that are taken, in bits; 2048, 3072 and 4096 unless given. */
  readonly rsaBits?: readonly number[]
  /** Also test p and q for primality (Baillie–PSW and Miller–Rabin with bases derived from the number); off unless given. */
  readonly primality?: boolean
}

/** Judges a private key: all that {@link checkPublicKey} asks, and that the private numbers fit the public ones. */
export function checkPrivateKey(key: PrivateKey, options: KeyCheckOptions = {}): Verdict<void, KeyFault> {
  return key.type === 'RSA' ? checkRsaPrivateKey(key, options) : checkEcPrivateKey(key)
}

/** Judges a public key: RSA modulus odd and of a size taken, exponent odd, at least 3 and below 2^64; EC point on the curve. */
export function checkPublicKey(key: PublicKey, options: KeyCheckOptions = {}): Verdict<void, RsaPublicFault | EcFault> {
  return key.type === 'RSA' ? checkRsaPublicKey(key, options) : checkEcPoint(key)
}

function checkRsaPublicKey({ n, e }: RsaPublicKey, { rsaBits = RSA_BITS }: KeyCheckOptions): Verdict<void, RsaPublicFault> {
  const notMinimal = notMinimalFault({ n, e })
  if (notMinimal) return refuse(notMinimal)
  const bits = bitLengthOfBytes(n)
  if (!rsaBits.includes(bits)) return refuse({ code: 'rsa_modulus_size_unsupported', at: 'n', found: bits, wanted: rsaBits.join(', ') })
  if (isEven(n)) return refuse({ code: 'rsa_modulus_even', at: 'n' })
  // The cap keeps a hostile key from making a public operation slow; e has 64 bits where other importers stop, too.
  if (e.length > MAX_EXPONENT_BYTES) return refuse({ code: 'rsa_exponent_too_large', at: 'e', found: bitLengthOfBytes(e), wanted: 8 * MAX_EXPONENT_BYTES })
  if (isEven(e)) return refuse({ code: 'rsa_exponent_even', at: 'e' })
  if (bitLengthOfBytes(e) < 2) return refuse({ code: 'rsa_exponent_too_small', at: 'e', wanted: 3 })
  return accept(undefined)
}

function checkRsaPrivateKey(key: RsaPrivateKey, options: KeyCheckOptions): Verdict<void, RsaPrivateFault> {
  const publicPart = checkRsaPublicKey(key, options)
  if (!publicPart.ok) return publicPart
  const notMinimal = notMinimalFault({ d: key.d, p: key.p, q: key.q, dp: key.dp, dq: key.dq, qi: key.qi })
  if (notMinimal) return refuse(notMinimal)

  const primeBits = bitLengthOfBytes(key.n) / 2
  for (const at of ['p', 'q'] as const) {
    if (bitLengthOfBytes(key[at]) !== primeBits) return refuse({ code: 'rsa_prime_size_wrong', at, wanted: primeBits })
    if (isEven(key[at])) return refuse({ code: 'rsa_prime_even', at })
  }
  if (equalBytes(key.p, key.q)) return refuse({ code: 'rsa_primes_equal', at: 'p, q' })

  const [n, e, d, p, q, dp, dq, qi] = [key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(os2ip) as EightIntegers
  if (p * q !== n) return refuse({ code: 'rsa_modulus_not_product', at: 'n' })
  if (d <= 1n || d >= n) return refuse({ code: 'rsa_exponent_private_out_of_range', at: 'd' })
  // Congruent to 1 modulo both p - 1 and q - 1 is congruent to 1 modulo their least common multiple.
  const [dModP, dModQ] = [d % (p - 1n), d % (q - 1n)]
  if ((e * dModP) % (p - 1n) !== 1n || (e * dModQ) % (q - 1n) !== 1n) return refuse({ code: 'rsa_exponent_private_wrong', at: 'd' })
  if (dp !== dModP) return refuse({ code: 'rsa_crt_dp_wrong', at: 'dp' })
  if (dq !== dModQ) return refuse({ code: 'rsa_crt_dq_wrong', at: 'dq' })
  if (qi >= p || (qi * q) % p !== 1n) return refuse({ code: 'rsa_crt_qi_wrong', at: 'qi' })

  if (options.primality === true) {
    if (!isFixedProbablePrime(p)) return refuse({ code: 'rsa_prime_composite', at: 'p' })
    if (!isFixedProbablePrime(q)) return refuse({ code: 'rsa_prime_composite', at: 'q' })
  }
  return accept(undefined)
}

function checkEcPrivateKey(key: EcPrivateKey): Verdict<void, EcFault> {
  const { bytes } = curveFacts(key.curve)
  requireBytes(key.d, 'd')
  if (key.d.length !== bytes) return refuse({ code: 'ec_length_wrong', at: 'd', found: key.d.length, wanted: bytes })
  if (!isEcScalar(key.curve, key.d)) return refuse({ code: 'ec_scalar_out_of_range', at: 'd' })
  const point = checkEcPoint(key)
  if (!point.ok) return point
  const derived = ecPublicKey(key.curve, key.d)
  const same = equalBytes(derived.x, key.x) && equalBytes(derived.y, key.y)
  return same ? accept(undefined) : refuse({ code: 'ec_public_key_differs', at: 'x, y' })
}

/** RSA integers are minimal by contract, so a leading zero byte (or no byte at all) is a second form of the same key. */
function notMinimalFault(integers: Readonly<Record<string, Uint8Array>>): Fault<'rsa_integer_not_minimal'> | null {
  for (const [at, bytes] of Object.entries(integers)) {
    requireBytes(bytes, at)
    if (bytes.length === 0 || (bytes.length > 1 && bytes[0] === 0)) return { code: 'rsa_integer_not_minimal', at }
  }
  return null
}

type EightIntegers = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]

const isEven = (bytes: Uint8Array): boolean => (bytes[bytes.length - 1]! & 1) === 0
const MAX_EXPONENT_BYTES = 8
