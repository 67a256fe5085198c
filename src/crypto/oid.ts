/**
 * The object identifiers that key formats and signatures use: those we take, and those we refuse by name, because "unknown algorithm"
 * helps nobody whose HSM wrote `id-ecDH`.
 * @module
 */
import { CURVES, type Curve, type Hash } from './keys.js'

/** Algorithms of keys, and the one envelope that is told apart. */
export const OID = {
  /** RFC 8017 A.1. */
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsaesOaep: '1.2.840.113549.1.1.7',
  rsassaPss: '1.2.840.113549.1.1.10',
  /** RFC 5480 §2.1. */
  ecPublicKey: '1.2.840.10045.2.1',
  ecdh: '1.3.132.1.12',
  ecmqv: '1.3.132.1.13',
} as const

/** Named curves, RFC 5480 §2.1.1.1; secp256k1 from SEC 2 §A.2. */
export const CURVE_OID: Readonly<Record<Curve, string>> = {
  'P-256': '1.2.840.10045.3.1.7',
  'P-256K': '1.3.132.0.10',
  'P-384': '1.3.132.0.34',
  'P-521': '1.3.132.0.35',
}

/** Hash functions, RFC 8017 A.2.4. */
export const HASH_OID: Readonly<Record<Hash, string>> = {
  'SHA-1': '1.3.14.3.2.26',
  'SHA-256': '2.16.840.1.101.3.4.2.1',
  'SHA-384': '2.16.840.1.101.3.4.2.2',
  'SHA-512': '2.16.840.1.101.3.4.2.3',
}

/** The curve with this identifier, or `null` where it is none of ours. */
export function curveOfOid(dotted: string): Curve | null {
  return CURVES.find((curve) => CURVE_OID[curve] === dotted) ?? null
}

/** An identifier as a person wants to see it: `id-ecDH (1.3.132.1.12)`. */
export function describeOid(dotted: string): string {
  const name = NAMES.get(dotted)
  return name === undefined ? dotted : `${name} (${dotted})`
}

const NAMES: ReadonlyMap<string, string> = new Map([
  [OID.rsaEncryption, 'rsaEncryption'],
  [OID.rsaesOaep, 'id-RSAES-OAEP'],
  [OID.rsassaPss, 'id-RSASSA-PSS'],
  [OID.ecPublicKey, 'id-ecPublicKey'],
  [OID.ecdh, 'id-ecDH'],
  [OID.ecmqv, 'id-ecMQV'],
  ['1.2.840.10040.4.1', 'id-dsa'],
  ['1.2.840.113549.1.3.1', 'dhKeyAgreement'],
  ['1.2.840.10046.2.1', 'dhpublicnumber'],
  ['1.3.101.110', 'X25519'],
  ['1.3.101.111', 'X448'],
  ['1.3.101.112', 'Ed25519'],
  ['1.3.101.113', 'Ed448'],
  ['1.2.840.10045.3.1.1', 'P-192'],
  ['1.3.132.0.33', 'P-224'],
  ['1.3.36.3.3.2.8.1.1.7', 'brainpoolP256r1'],
  ['1.3.36.3.3.2.8.1.1.11', 'brainpoolP384r1'],
  ['1.3.36.3.3.2.8.1.1.13', 'brainpoolP512r1'],
  ['1.2.156.10197.1.301', 'SM2'],
  ...CURVES.map((curve) => [CURVE_OID[curve], curve] as const),
])
