/**
 * The plaintext of a BYOK transfer: octets that came out of an unwrap, and the key that the request declared (checks U7 to U10).
 *
 * RSA and EC keys travel as PKCS#8, symmetric keys as raw octets. The type is declared, never guessed: 32 octets
 * that happen to parse would otherwise be a key that nobody asked for.
 *
 * Faults are exact and carry the requirement, for a person who owns the key and asks why. They depend on secret bytes:
 * an enclave answers any of them with its one refusal. None repeats what the plaintext contains, beyond the type, curve
 * and size of the key.
 *
 * Requirements: BYOK-57 to BYOK-60, BYOK-65 to BYOK-67, BYOK-69 to BYOK-74.
 * @module
 */
import { equalBytes, requireBytes } from '../bytes/bytes.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { OCT_BYTES } from './jwk.js'
import { checkPrivateKey } from './key-check.js'
import { copyKey, wipeKey } from './key-parts.js'
import type { Curve, RsaPublicKey, TargetKey } from './keys.js'
import { bitLengthOfBytes } from './number.js'
import { decodePkcs8, encodePkcs8, type Pkcs8Reading } from './pkcs8.js'
import { RSA_BITS } from './rsa-keygen.js'

/** What a request says about the key it brings. */
export interface DeclaredTarget {
  /** The key type; without one, a PKCS#8 of either type is taken, and never raw octets. */
  readonly kty?: 'RSA' | 'EC' | 'oct'
  /** The curve of an EC key; without one, any of the four is taken. */
  readonly curve?: Curve
}

/** A target key and how it was written. */
export interface Target {
  /** A copy that the caller wipes. */
  readonly key: TargetKey
  /** Zero bytes behind the DER: 0 unless the reading takes them. */
  readonly trailing: number
}

/** Any fault of a target; `requirement` is always there. */
export type TargetFault = Fault & { readonly requirement: string }

/**
 * U7 and U8: the octets parse as the declared type, and algorithm, curve and size are as declared and allowed. Without
 * arithmetic, for a provider with its own key check; {@link readTarget} has it all.
 */
export function parseTarget(plaintext: Uint8Array, declared: DeclaredTarget, reading: Pkcs8Reading): Verdict<Target, TargetFault> {
  requireBytes(plaintext, 'plaintext')
  if (declared.kty === 'oct') {
    if (OCT_BYTES.includes(plaintext.length)) return accept({ key: { type: 'oct', k: plaintext.slice() }, trailing: 0 })
    return refuse({ code: 'target_oct_length_wrong', found: plaintext.length, wanted: OCT_BYTES.join(', '), requirement: 'BYOK-67' })
  }
  const read = decodePkcs8(plaintext, reading)
  if (!read.ok) return refuse(withRequirement(read.fault))
  const { key, trailing } = read.value
  const fault = declarationFault(key, declared)
  if (!fault) return accept({ key, trailing })
  wipeKey(key)
  return refuse(fault)
}

/**
 * U7 to U9: {@link parseTarget}, and the numbers of the key belong together.
 *
 * @example
 * readTarget(plaintext, { kty: 'EC', curve: 'P-256K' }, { trailingZeros: true })
 * // { ok: false, fault: { code: 'target_curve_differs', at: 'curve', found: 'P-256', wanted: 'P-256K', requirement: 'BYOK-58' } }
 */
export function readTarget(plaintext: Uint8Array, declared: DeclaredTarget, reading: Pkcs8Reading): Verdict<Target, TargetFault> {
  const target = parseTarget(plaintext, declared, reading)
  if (!target.ok || target.value.key.type === 'oct') return target
  const checked = checkPrivateKey(target.value.key, { primality: true })
  if (checked.ok) return target
  wipeKey(target.value.key)
  return refuse(withRequirement(checked.fault))
}

/** The octets that carry a target: PKCS#8 as OpenSSL 3 writes it, or the symmetric key itself. A secret of the caller's. */
export function writeTarget(key: TargetKey): Uint8Array {
  return key.type === 'oct' ? copyKey(key).k : encodePkcs8(key)
}

/** U10: a target must not be the KEK, which would let one import-only key decrypt. Only public parts are compared. */
export function differsFromKek(target: TargetKey, kek: RsaPublicKey): Verdict<void, TargetFault> {
  return target.type === 'RSA' && equalBytes(target.n, kek.n) ? refuse({ code: 'target_is_kek', at: 'n', requirement: 'BYOK-60' }) : accept(undefined)
}

function declarationFault(key: TargetKey, { kty, curve }: DeclaredTarget): TargetFault | null {
  if (kty !== undefined && kty !== key.type) return { code: 'target_type_differs', at: 'kty', found: key.type, wanted: kty, requirement: 'BYOK-58' }
  if (key.type === 'EC' && curve !== undefined && curve !== key.curve)
    return { code: 'target_curve_differs', at: 'curve', found: key.curve, wanted: curve, requirement: 'BYOK-58' }
  if (key.type !== 'RSA') return null
  const bits = bitLengthOfBytes(key.n)
  return RSA_BITS.includes(bits) ? null : { code: 'target_size_unsupported', at: 'n', found: bits, wanted: RSA_BITS.join(', '), requirement: 'BYOK-74' }
}

/** Which requirement a fault of the codec or of the key check enforces: the first pattern that fits its code. */
function withRequirement(fault: Fault): TargetFault {
  return { ...fault, requirement: REQUIREMENTS.find(([pattern]) => pattern.test(fault.code))?.[1] ?? 'BYOK-57' }
}

const REQUIREMENTS: readonly (readonly [RegExp, string])[] = [
  [/^der_trailing_bytes$/, 'BYOK-72'],
  [/^(der_|pkcs8_pem_text)/, 'BYOK-69'],
  [/^(pkcs8_encrypted|pkcs8_bare_|algorithm_(rsassa_pss|ecdh|ecmqv)|curve_(explicit|implicit)|rsa_multi_prime)/, 'BYOK-70'],
  [/^pkcs8_(version|public_key_in_v1|public_key_differs)/, 'BYOK-71'],
  [/^curve_unknown$/, 'BYOK-74'],
  [/^rsa_exponent_(even|too_small|too_large)$/, 'BYOK-73'],
  [/^(rsa_version_unknown|algorithm_parameters_wrong)$/, 'BYOK-65'],
  [/^ec_(version_unknown|curves_differ|scalar_length_wrong|point_(infinity|compressed|form_unknown|length_wrong)|public_key_differs)$/, 'BYOK-66'],
  [/^(rsa_|ec_)/, 'BYOK-59'],
  [/^algorithm_unsupported$/, 'BYOK-58'],
]
