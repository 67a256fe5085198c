/**
 * A whole RSA private key from its primes: what form RSA2 of `BCRYPT_RSAKEY_BLOB` leaves to the reader.
 *
 * The arithmetic is that of key generation. It is done only for a modulus of a size that the caller takes, which is the
 * product of two odd numbers of half that size: anything else would make us compute for as long as a stranger likes.
 *
 * Requirements: SKI-82, SKI-214.
 * @module
 */
import { checkPrivateKey, checkPublicKey, type KeyCheckOptions, type KeyFault } from '../../crypto/key-check.js'
import { copyKey, publicPart, wipeKey } from '../../crypto/key-parts.js'
import type { RsaPrivateKey } from '../../crypto/keys.js'
import { bitLengthOfBytes, greatestCommonDivisor, minimalBytes, modularInverse, modularPower, os2ip } from '../../crypto/number.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import type { RsaPrimes } from './rsa-key.js'

/** Computes d, the CRT exponents and the coefficient, and checks the whole. The key is the caller's to wipe and shares nothing with `parts`. */
export function completeRsaKey(parts: RsaPrimes, options: KeyCheckOptions = {}): Verdict<RsaPrivateKey, KeyFault> {
  const publicKey = checkPublicKey(publicPart(parts), options)
  if (!publicKey.ok) return publicKey
  const primeBits = bitLengthOfBytes(parts.n) / 2
  for (const at of ['p', 'q'] as const) {
    if (bitLengthOfBytes(parts[at]) !== primeBits) return refuse({ code: 'rsa_prime_size_wrong', at, wanted: primeBits })
    if ((parts[at].at(-1)! & 1) === 0) return refuse({ code: 'rsa_prime_even', at })
  }
  const [n, e, p, q] = [parts.n, parts.e, parts.p, parts.q].map(os2ip) as [bigint, bigint, bigint, bigint]
  if (p * q !== n) return refuse({ code: 'rsa_modulus_not_product', at: 'n' })

  const [pLess1, qLess1] = [p - 1n, q - 1n]
  const d = modularInverse(e, (pLess1 * qLess1) / greatestCommonDivisor(pLess1, qLess1))
  if (d === null) return refuse({ code: 'rsa_exponent_private_wrong', at: 'e' })
  const key: RsaPrivateKey = {
    ...copyKey({ type: 'RSA', n: parts.n, e: parts.e, p: parts.p, q: parts.q }),
    d: minimalBytes(d),
    dp: minimalBytes(d % pLess1),
    dq: minimalBytes(d % qLess1),
    qi: minimalBytes(modularPower(q, p - 2n, p)),
  }
  const checked = checkPrivateKey(key, options)
  if (checked.ok) return accept(key)
  wipeKey(key)
  return checked
}
