/**
 * The keys of the vectors: pinned RSA keys, EC keys that follow from labels, and their forms in DER.
 *
 * The numbers come from node:crypto; the DER is put together here and compared with what node:crypto writes.
 * @module
 */
import { createECDH, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fromLabel, gcd, hex, integerBytes, inverse, sha256, toInteger } from './bytes.js'
import { bits, der, int, nul, octets, oid, OIDS, seq } from './der.js'

/** The numbers of an RSA key. */
export interface RsaNumbers {
  readonly n: bigint
  readonly e: bigint
  readonly d: bigint
  readonly p: bigint
  readonly q: bigint
  readonly dp: bigint
  readonly dq: bigint
  readonly qi: bigint
}

export type Curve = 'P-256' | 'P-256K' | 'P-384' | 'P-521'

/** What SEC 2 says about a curve, and what Node calls it. */
export const CURVE = {
  'P-256': { node: 'prime256v1', bytes: 32, order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  'P-256K': { node: 'secp256k1', bytes: 32, order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n },
  'P-384': { node: 'secp384r1', bytes: 48, order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n },
  'P-521': {
    node: 'secp521r1',
    bytes: 66,
    order: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
} as const satisfies Record<Curve, { node: string; bytes: number; order: bigint }>

export const CURVES = Object.keys(CURVE) as Curve[]

/** An EC key pair, each number in field length. */
export interface EcNumbers {
  readonly curve: Curve
  readonly d: Buffer
  readonly x: Buffer
  readonly y: Buffer
}

interface Pinned {
  readonly bits: number
  readonly pkcs8?: string
  readonly p?: string
  readonly q?: string
}

const pinned = (JSON.parse(readFileSync(new URL('../keys/rsa.json', import.meta.url), 'utf8')) as { keys: Record<string, Pinned> }).keys

/** The KEK sizes. */
export const KEK_BITS = [2048, 3072, 4096] as const

/** PKCS#8 of a pinned key, as OpenSSL wrote it. */
export function pinnedPkcs8(name: string): Buffer {
  const { pkcs8 } = pinned[name]!
  if (pkcs8 === undefined) throw new Error(`${name} is pinned as numbers`)
  return hex(pkcs8)
}

/** A pinned RSA key by name. */
export function rsaKey(name: string): RsaNumbers {
  const { pkcs8, p, q } = pinned[name]!
  if (pkcs8 === undefined) return rsaFromPrimes(BigInt(`0x${p}`), BigInt(`0x${q}`))
  const jwk = createPrivateKey({ key: hex(pkcs8), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  const number = (text: string | undefined) => toInteger(Buffer.from(text!, 'base64url'))
  return {
    n: number(jwk.n),
    e: number(jwk.e),
    d: number(jwk.d),
    p: number(jwk.p),
    q: number(jwk.q),
    dp: number(jwk.dp),
    dq: number(jwk.dq),
    qi: number(jwk.qi),
  }
}

/** The key with these primes; d is the least one. */
export function rsaFromPrimes(p: bigint, q: bigint, e = 65537n): RsaNumbers {
  const d = inverse(e, lambda(p, q))
  return { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
}

/** The largest prime below 2^64. */
export const LARGEST_E = 0xffffffffffffffc5n

/** The first pinned key that takes this exponent, with it; d is the one below (p − 1)(q − 1). */
export function rsaWithExponent(e: bigint): RsaNumbers {
  const { p, q } = ['rsa-2048', 'kek-2048', 'kek-2048-other'].map(rsaKey).find((key) => gcd(e, (key.p - 1n) * (key.q - 1n)) === 1n)!
  const d = inverse(e, (p - 1n) * (q - 1n))
  return { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
}

/** The least common multiple of p − 1 and q − 1. */
export function lambda(p: bigint, q: bigint): bigint {
  return ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n)
}

/** The length of the modulus in bytes. */
export const modulusBytes = (key: { readonly n: bigint }): number => integerBytes(key.n).length

const ecKeys = new Map<string, EcNumbers>()

/** The EC key that follows from a label. */
export function ecKey(curve: Curve, label: string): EcNumbers {
  const name = `${curve}/${label}`
  const known = ecKeys.get(name)
  if (known) return known
  const { bytes, order } = CURVE[curve]
  const key = ecFromScalar(curve, (toInteger(fromLabel(`ec/${name}`, bytes + 16)) % (order - 1n)) + 1n)
  ecKeys.set(name, key)
  return key
}

/** The EC key with this scalar. */
export function ecFromScalar(curve: Curve, scalar: bigint): EcNumbers {
  const { node, bytes } = CURVE[curve]
  const d = integerBytes(scalar, bytes)
  const ecdh = createECDH(node)
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey()
  return { curve, d, x: point.subarray(1, 1 + bytes), y: point.subarray(1 + bytes) }
}

/** `04 ‖ x ‖ y`. */
export const uncompressed = ({ x, y }: EcNumbers): Buffer => Buffer.concat([Buffer.of(4), x, y])

/** RSAPrivateKey (RFC 8017 A.1.2). */
export const rsaPrivateKey = ({ n, e, d, p, q, dp, dq, qi }: RsaNumbers): Buffer => seq(int(0), ...[n, e, d, p, q, dp, dq, qi].map(int))

/** RSAPublicKey (RFC 8017 A.1.1). */
export const rsaPublicKey = ({ n, e }: Pick<RsaNumbers, 'n' | 'e'>): Buffer => seq(int(n), int(e))

export const RSA_ALGORITHM = seq(oid(OIDS.rsaEncryption), nul())
export const ecAlgorithm = (curve: Curve): Buffer => seq(oid(OIDS.ecPublicKey), oid(OIDS[curve]))

/** ECPrivateKey (RFC 5915) with the optional fields asked for. */
export function ecPrivateKey(key: EcNumbers, { parameters = false, point = true }: { parameters?: boolean; point?: boolean } = {}): Buffer {
  return seq(int(1), octets(key.d), ...(parameters ? [der(0xa0, oid(OIDS[key.curve]))] : []), ...(point ? [der(0xa1, bits(uncompressed(key)))] : []))
}

/** PrivateKeyInfo (RFC 5208) around any algorithm and key. */
export const privateKeyInfo = (algorithm: Buffer, key: Buffer, version = int(0), ...more: readonly Buffer[]): Buffer =>
  seq(version, algorithm, octets(key), ...more)

/** PKCS#8 of an RSA key. */
export const rsaPkcs8 = (key: RsaNumbers): Buffer => privateKeyInfo(RSA_ALGORITHM, rsaPrivateKey(key))

/** PKCS#8 of an EC key, as OpenSSL 3 writes it. */
export const ecPkcs8 = (key: EcNumbers, form: { parameters?: boolean; point?: boolean } = {}): Buffer =>
  privateKeyInfo(ecAlgorithm(key.curve), ecPrivateKey(key, form))

/** SubjectPublicKeyInfo of an RSA key. */
export const rsaSpki = (key: Pick<RsaNumbers, 'n' | 'e'>): Buffer => seq(RSA_ALGORITHM, bits(rsaPublicKey(key)))

/** SubjectPublicKeyInfo of an EC key. */
export const ecSpki = (key: EcNumbers): Buffer => seq(ecAlgorithm(key.curve), bits(uncompressed(key)))

/** Members of a public key as hex, as the vectors show it. */
export type ShownPublic = { kty: 'RSA'; n: string; e: string } | { kty: 'EC'; crv: Curve; x: string; y: string } | { kty: 'oct' }

export const shownRsa = (key: Pick<RsaNumbers, 'n' | 'e'>): ShownPublic => ({ kty: 'RSA', n: base64url(key.n), e: base64url(key.e) })
export const shownEc = (key: EcNumbers): ShownPublic => ({ kty: 'EC', crv: key.curve, x: key.x.toString('base64url'), y: key.y.toString('base64url') })

/** An integer in the fewest bytes, base64url. */
export const base64url = (value: bigint): string => integerBytes(value).toString('base64url')

/** The KEKs of a vector file, in forms that any tool takes. */
export function shownKeys(...names: readonly string[]): Record<string, { bits: number; pkcs8: string; spki: string }> {
  return Object.fromEntries(
    names.map((name) => {
      const key = rsaKey(name)
      return [name, { bits: key.n.toString(2).length, pkcs8: rsaPkcs8(key).toString('hex'), spki: rsaSpki(key).toString('hex') }]
    }),
  )
}

/** A version of a key, as a vault names it: 32 hex digits that follow from a label. */
export const versionOf = (label: string): string => fromLabel(`version/${label}`, 16).toString('hex')

/** SHA-256 of a SubjectPublicKeyInfo. */
export const fingerprint = (spki: Buffer): string => sha256(spki).toString('hex')
