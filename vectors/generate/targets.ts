/**
 * Target keys of the ten kinds, and the forms in which producers write them.
 * @module
 */
import { fromLabel } from './bytes.js'
import { der, int, oid, OIDS, seq } from './der.js'
import {
  CURVES,
  ecAlgorithm,
  ecKey,
  ecPkcs8,
  ecPrivateKey,
  ecSpki,
  LARGEST_E,
  privateKeyInfo,
  RSA_ALGORITHM,
  rsaKey,
  rsaPkcs8,
  rsaPrivateKey,
  rsaSpki,
  rsaWithExponent,
  shownEc,
  shownRsa,
  uncompressed,
  type Curve,
  type RsaNumbers,
  type ShownPublic,
} from './keys.js'

export type Kty = 'RSA' | 'EC' | 'oct'

export interface Target {
  readonly kind: string
  readonly kty: Kty
  readonly curve?: Curve
  readonly payload: Buffer
  readonly public: ShownPublic
  readonly spki?: Buffer
}

const ofRsa = (kind: string, key: RsaNumbers): Target => ({ kind, kty: 'RSA', payload: rsaPkcs8(key), public: shownRsa(key), spki: rsaSpki(key) })

/** A pinned RSA key as target. */
export const rsaTarget = (name: string): Target => ofRsa(name, rsaKey(name))

/** An EC key as target. */
export function ecTarget(curve: Curve): Target {
  const key = ecKey(curve, 'target')
  return { kind: `ec-${curve}`, kty: 'EC', curve, payload: ecPkcs8(key), public: shownEc(key), spki: ecSpki(key) }
}

/** A symmetric key as target. */
export const octTarget = (length: number): Target => ({
  kind: `oct-${8 * length}`,
  kty: 'oct',
  payload: fromLabel(`target/oct/${length}`, length),
  public: { kty: 'oct' },
})

/** One target of each kind. */
export const KINDS: readonly Target[] = [...['rsa-2048', 'rsa-3072', 'rsa-4096'].map(rsaTarget), ...CURVES.map(ecTarget), ...[16, 24, 32].map(octTarget)]

export interface PlaintextForm {
  readonly id: string
  readonly requirement: string
  readonly comment: string
  readonly target: Target
  readonly plaintext: Buffer
  readonly lenientOnly?: true
  /** Whether there is a blob around it as well. */
  readonly inBlob?: true
}

/** What producers write instead of the usual form. */
export function plaintextForms(): readonly PlaintextForm[] {
  const p256 = ecTarget('P-256')
  const key = ecKey('P-256', 'target')
  const rsa = rsaTarget('rsa-2048')
  const zeros = (target: Target, count: number) => Buffer.concat([target.payload, Buffer.alloc(count)])
  const padded = (id: string, target: Target, count: number, inBlob?: true): PlaintextForm => ({
    id,
    requirement: 'BYOK-72',
    comment: `${count} zero bytes behind the DER, as a token leaves them that pads before KWP`,
    target,
    plaintext: zeros(target, count),
    lenientOnly: true,
    ...(inBlob ? { inBlob } : {}),
  })
  return [
    ...CURVES.map((curve): PlaintextForm => {
      const target = ecTarget(curve)
      const id = `ec_${curve.toLowerCase().replace('-', '')}_without_point`
      return {
        id,
        requirement: 'BYOK-66',
        comment: 'the public point is absent',
        target,
        plaintext: ecPkcs8(ecKey(curve, 'target'), { point: false }),
        ...(curve === 'P-256' ? { inBlob: true } : {}),
      }
    }),
    {
      id: 'ec_inner_curve',
      requirement: 'BYOK-66',
      comment: 'the curve is named inside as well',
      target: p256,
      plaintext: ecPkcs8(key, { parameters: true }),
      inBlob: true,
    },
    {
      id: 'version_2_with_public_key',
      requirement: 'BYOK-71',
      comment: 'RFC 5958 with the public key',
      target: p256,
      plaintext: privateKeyInfo(ecAlgorithm('P-256'), ecPrivateKey(key), int(1), der(0x81, Buffer.of(0), uncompressed(key))),
      inBlob: true,
    },
    {
      id: 'with_attributes',
      requirement: 'BYOK-71',
      comment: 'attributes behind the key',
      target: rsa,
      plaintext: privateKeyInfo(
        RSA_ALGORITHM,
        rsaPrivateKey(rsaKey('rsa-2048')),
        int(0),
        der(0xa0, seq(oid(OIDS.friendlyName), der(0x31, der(0x1e, Buffer.from('\0k'))))),
      ),
      inBlob: true,
    },
    {
      id: 'rsa_exponent_3',
      requirement: 'BYOK-73',
      comment: 'the smallest exponent',
      target: ofRsa('rsa-2048', rsaWithExponent(3n)),
      plaintext: rsaPkcs8(rsaWithExponent(3n)),
    },
    {
      id: 'rsa_exponent_64_bits',
      requirement: 'BYOK-73',
      comment: 'the largest prime below 2^64',
      target: ofRsa('rsa-2048', rsaWithExponent(LARGEST_E)),
      plaintext: rsaPkcs8(rsaWithExponent(LARGEST_E)),
    },
    padded('rsa_padded_to_eight', rsa, 8 - (rsa.payload.length % 8), true),
    padded('ec_one_zero', p256, 1),
    padded('ec_padded_to_eight', p256, 8 - (p256.payload.length % 8), true),
    padded('ec_seven_zeros', p256, 7, true),
  ]
}
