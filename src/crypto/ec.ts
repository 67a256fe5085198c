/**
 * The four curves: facts, key checks, ECDH and ECDSA, on `@noble/curves`.
 *
 * Points are affine and given as two coordinates of field length, so the point at infinity cannot be expressed. All four
 * curves have prime order: a point on the curve is a point of the right order. How keys are written as DER, PEM or JWK
 * is said by the codecs beside this file.
 * @module
 */
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, requireBytes, wipe } from '../bytes/bytes.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import type { Random } from './crypto.js'
import type { Curve, EcPrivateKey, EcPublicKey, Hash } from './keys.js'
import { i2osp } from './number.js'

/** What everybody knows about a curve. */
export interface CurveFacts {
  readonly name: Curve
  /** Length of a coordinate and of a private scalar, in bytes. */
  readonly bytes: number
  /** Number of bits of the field and of the order. */
  readonly bits: number
  /** The order of the base point, big-endian, `bytes` long. */
  readonly order: Uint8Array
  /** The hash that ECDSA uses with this curve. */
  readonly hash: Hash
}

/** What is wrong with an EC key, or with the pair of keys in an agreement. */
export type EcFault = Fault<'ec_length_wrong' | 'ec_scalar_out_of_range' | 'ec_point_not_on_curve' | 'ec_public_key_differs' | 'ec_curve_differs'>

/** The facts of a curve. An unknown name is a `TypeError`. */
export function curveFacts(curve: Curve): CurveFacts {
  const facts = FACTS.get(curve)
  if (!facts) throw new TypeError(`curve: one of ${[...FACTS.keys()].join(', ')} is wanted`)
  return facts
}

/** Whether `d` is a private scalar of the curve: field length, in `[1, order - 1]`. */
export function isEcScalar(curve: Curve, d: Uint8Array): boolean {
  return noble(curve).utils.isValidSecretKey(d)
}

/** The public point of a private scalar. A scalar that is none is a `TypeError`: ask {@link isEcScalar} first. */
export function ecPublicKey(curve: Curve, d: Uint8Array): EcPublicKey {
  if (!isEcScalar(curve, d)) throw new TypeError('d: a private scalar of the curve is wanted')
  const { bytes } = curveFacts(curve)
  const point = noble(curve).getPublicKey(d, false)
  return { type: 'EC', curve, x: point.slice(1, 1 + bytes), y: point.slice(1 + bytes) }
}

/** A point in the uncompressed form of SEC 1 §2.3.3: `04 ‖ x ‖ y`. */
export function uncompressedPoint(key: EcPublicKey): Uint8Array {
  return concat(UNCOMPRESSED, key.x, key.y)
}

/** Whether the coordinates have the field's length, are below its prime and satisfy the curve's equation. */
export function checkEcPoint(key: EcPublicKey): Verdict<void, EcFault> {
  const { bytes } = curveFacts(key.curve)
  if (key.x.length !== bytes) return refuse({ code: 'ec_length_wrong', at: 'x', found: key.x.length, wanted: bytes })
  if (key.y.length !== bytes) return refuse({ code: 'ec_length_wrong', at: 'y', found: key.y.length, wanted: bytes })
  if (!noble(key.curve).utils.isValidPublicKey(uncompressedPoint(key), false)) return refuse({ code: 'ec_point_not_on_curve', at: 'x, y' })
  return accept(undefined)
}

/**
 * A new key pair. The scalar comes from as many random bytes as FIPS 186-5 A.2.1 asks for ("extra random bits": at least
 * 64 more than the order has), reduced by noble, so that its bias cannot be seen.
 */
export function generateEc(curve: Curve, random: Random): EcPrivateKey {
  const { utils, lengths } = noble(curve)
  const seed = random(lengths.seed!)
  try {
    const d = utils.randomSecretKey(seed)
    return { ...ecPublicKey(curve, d), d }
  } finally {
    wipe(seed)
  }
}

/** ECDH (SP 800-56A §5.7.1.2): the x coordinate of the shared point. The peer's point is checked; ours must be a key. */
export function ecdhX(own: EcPrivateKey, peer: EcPublicKey): Verdict<Uint8Array, EcFault> {
  if (peer.curve !== own.curve) return refuse({ code: 'ec_curve_differs', at: 'curve', found: peer.curve, wanted: own.curve })
  const checked = checkEcPoint(peer)
  if (!checked.ok) return checked
  if (!isEcScalar(own.curve, own.d)) throw new TypeError('d: a private scalar of the curve is wanted')
  const shared = noble(own.curve).getSharedSecret(own.d, uncompressedPoint(peer), true)
  try {
    return accept(shared.slice(1))
  } finally {
    wipe(shared)
  }
}

/** ECDSA over the curve's hash, deterministic (RFC 6979): `r ‖ s`, each of field length. */
export function ecdsaSign(key: EcPrivateKey, message: Uint8Array): Uint8Array {
  requireBytes(message, 'message')
  if (!isEcScalar(key.curve, key.d)) throw new TypeError('d: a private scalar of the curve is wanted')
  return noble(key.curve).sign(message, key.d, { lowS: false })
}

/**
 * Whether `signature` (`r ‖ s`) is one of `message` under the key. Both of the two values of s are taken, as other
 * implementations of FIPS 186-5 do; a signature of the wrong length, or under a point that is none, is simply not valid.
 */
export function ecdsaVerify(key: EcPublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  requireBytes(message, 'message')
  requireBytes(signature, 'signature')
  if (signature.length !== 2 * curveFacts(key.curve).bytes || !checkEcPoint(key).ok) return false
  return noble(key.curve).verify(signature, message, uncompressedPoint(key), { lowS: false })
}

const NOBLE: ReadonlyMap<Curve, readonly [ECDSA, Hash]> = new Map([
  ['P-256', [p256, 'SHA-256']],
  ['P-256K', [secp256k1, 'SHA-256']],
  ['P-384', [p384, 'SHA-384']],
  ['P-521', [p521, 'SHA-512']],
])

const FACTS: ReadonlyMap<Curve, CurveFacts> = new Map(
  [...NOBLE].map(([name, [{ Point }, hash]]) => [
    name,
    { name, bytes: Point.Fp.BYTES, bits: Point.Fp.BITS, order: i2osp(Point.Fn.ORDER, Point.Fn.BYTES), hash },
  ]),
)

const noble = (curve: Curve): ECDSA => {
  const entry = NOBLE.get(curve)
  if (!entry) throw new TypeError(`curve: one of ${[...NOBLE.keys()].join(', ')} is wanted`)
  return entry[0]
}

const UNCOMPRESSED = Uint8Array.of(4)
