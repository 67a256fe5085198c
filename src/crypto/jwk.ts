/**
 * JSON Web Keys (RFC 7517, RFC 7518 §6) of type RSA, EC and oct, also with the `-HSM` types of Key Vault.
 *
 * Strict about numbers, so that one key has one JWK: base64url without padding or spare bits, RSA integers without
 * leading zero bytes, coordinates and scalars of exactly the field's length. Other members (`kid`, `key_ops`, …) are not
 * looked at: the message around the key says what they mean. Comparison of `kty` is exact; a codec that takes other cases
 * writes it canonically first.
 *
 * A private JWK is text, and text cannot be wiped: it is a form for test keys and for files that a person already has.
 * @module
 */
import { fromBase64url, toBase64url, type Base64Fault } from '../bytes/base64.js'
import { wipe } from '../bytes/bytes.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../bytes/json.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { curveFacts } from './ec.js'
import type { Curve, PublicKey, TargetKey } from './keys.js'

/** The key types, by their JWK names. */
export type Kty = 'RSA' | 'RSA-HSM' | 'EC' | 'EC-HSM' | 'oct' | 'oct-HSM'

/** Every key type. */
export const KTYS: readonly Kty[] = ['RSA', 'RSA-HSM', 'EC', 'EC-HSM', 'oct', 'oct-HSM']

/** Lengths of a symmetric key, in bytes. */
export const OCT_BYTES: readonly number[] = [16, 24, 32]

/** A public JWK of ours: the members that make the key, and no others. */
export type PublicJwk =
  | { readonly kty: 'RSA' | 'RSA-HSM'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC' | 'EC-HSM'; readonly crv: Curve; readonly x: string; readonly y: string }

/** A private JWK of ours. Secret text: see the module text. */
export type PrivateJwk =
  | (Extract<PublicJwk, { n: string }> & Readonly<Record<'d' | 'p' | 'q' | 'dp' | 'dq' | 'qi', string>>)
  | (Extract<PublicJwk, { crv: Curve }> & { readonly d: string })
  | { readonly kty: 'oct' | 'oct-HSM'; readonly k: string }

/** What may be wrong with a JWK; `at` is the member. */
export type JwkFault =
  | Base64Fault
  | Fault<
      | 'jwk_not_object'
      | 'jwk_member_missing'
      | 'jwk_member_not_text'
      | 'jwk_kty_unsupported'
      | 'jwk_crv_unsupported'
      | 'jwk_private_given'
      | 'jwk_public_given'
      | 'jwk_multi_prime'
      | 'jwk_integer_not_minimal'
      | 'jwk_length_wrong'
    >

/** The type without `-HSM`. */
export function plainKty(kty: Kty): 'RSA' | 'EC' | 'oct' {
  return kty.replace('-HSM', '') as 'RSA' | 'EC' | 'oct'
}

/** A curve by any name that a JWK uses for it: `P-256K` is `secp256k1` in RFC 8812, and old clients write `SECP256K1`. */
export function curveOfName(name: string): Curve | null {
  return CURVE_NAMES.get(name) ?? null
}

/** Reads a public RSA or EC JWK. One with a private member is refused: it should not be where a public one is wanted. */
export function decodePublicJwk(jwk: JsonValue): Verdict<PublicKey, JwkFault> {
  const shape = jwkShape(jwk)
  if (!shape.ok) return shape
  const { members, type, curve } = shape.value
  const secret = PRIVATE_MEMBERS.find((name) => Object.hasOwn(members, name))
  if (secret !== undefined || type === 'oct') return refuse({ code: 'jwk_private_given', at: secret ?? 'kty' })
  const parts = decodeParts(members, type === 'RSA' ? ['n', 'e'] : ['x', 'y'], curve)
  return parts.ok ? accept(curve ? { type: 'EC', curve, ...parts.value } : { type: 'RSA', ...parts.value }) : parts
}

/** Reads a private RSA or EC JWK, or an oct one. An RSA key has to bring its CRT parameters, and may have two primes only. */
export function decodePrivateJwk(jwk: JsonValue): Verdict<TargetKey, JwkFault> {
  const shape = jwkShape(jwk)
  if (!shape.ok) return shape
  const { members, type, curve } = shape.value
  if (Object.hasOwn(members, 'oth')) return refuse({ code: 'jwk_multi_prime', at: 'oth' })
  if (type === 'oct') {
    const parts = decodeParts(members, ['k'], null)
    return parts.ok ? accept({ type, ...parts.value }) : parts
  }
  if (!PRIVATE_MEMBERS.some((name) => Object.hasOwn(members, name))) return refuse({ code: 'jwk_public_given', at: 'd' })
  if (curve) {
    const parts = decodeParts(members, ['x', 'y', 'd'], curve)
    return parts.ok ? accept({ type: 'EC', curve, ...parts.value }) : parts
  }
  const parts = decodeParts(members, ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'], null)
  return parts.ok ? accept({ type: 'RSA', ...parts.value }) : parts
}

/** The public JWK of a key; of a private key, only the public part. */
export function encodePublicJwk(key: PublicKey, { hsm = false }: { readonly hsm?: boolean } = {}): PublicJwk {
  return key.type === 'RSA'
    ? { kty: hsm ? 'RSA-HSM' : 'RSA', n: toBase64url(key.n), e: toBase64url(key.e) }
    : { kty: hsm ? 'EC-HSM' : 'EC', crv: key.curve, x: toBase64url(key.x), y: toBase64url(key.y) }
}

/** The private JWK of a key. Secret text: see the module text. */
export function encodePrivateJwk(key: TargetKey): PrivateJwk {
  switch (key.type) {
    case 'oct':
      return { kty: 'oct', k: toBase64url(key.k) }
    case 'EC':
      return { kty: 'EC', crv: key.curve, x: toBase64url(key.x), y: toBase64url(key.y), d: toBase64url(key.d) }
    case 'RSA': {
      const [n, e, d, p, q, dp, dq, qi] = [key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(toBase64url) as EightTexts
      return { kty: 'RSA', n, e, d, p, q, dp, dq, qi }
    }
  }
}

interface JwkShape {
  readonly members: JsonObject
  readonly type: 'RSA' | 'EC' | 'oct'
  readonly curve: Curve | null
}

function jwkShape(jwk: JsonValue): Verdict<JwkShape, JwkFault> {
  if (!isJsonObject(jwk)) return refuse({ code: 'jwk_not_object' })
  const kty = textMember(jwk, 'kty')
  if (!kty.ok) return kty
  const known = KTYS.find((name) => name === kty.value)
  if (!known) return refuse({ code: 'jwk_kty_unsupported', at: 'kty', ...shown(kty.value), wanted: KTYS.join(', ') })
  const type = plainKty(known)
  if (type !== 'EC') return accept({ members: jwk, type, curve: null })
  const crv = textMember(jwk, 'crv')
  if (!crv.ok) return crv
  const curve = curveOfName(crv.value)
  return curve ? accept({ members: jwk, type, curve }) : refuse({ code: 'jwk_crv_unsupported', at: 'crv', ...shown(crv.value) })
}

/** Decodes the named members. A curve fixes their lengths; otherwise they are RSA integers, or `k`. What was decoded before a fault is wiped. */
function decodeParts<N extends string>(members: JsonObject, names: readonly N[], curve: Curve | null): Verdict<Record<N, Uint8Array>, JwkFault> {
  const parts = {} as Record<N, Uint8Array>
  for (const name of names) {
    const text = textMember(members, name)
    const bytes = text.ok ? fromBase64url(text.value) : text
    if (bytes.ok) parts[name] = bytes.value
    const fault = bytes.ok ? partFault(name, bytes.value, curve) : text.ok ? { ...bytes.fault, at: `${name}, ${bytes.fault.at}` } : bytes.fault
    if (!fault) continue
    wipe(...Object.values<Uint8Array>(parts))
    return refuse(fault)
  }
  return accept(parts)
}

function partFault(at: string, bytes: Uint8Array, curve: Curve | null): JwkFault | null {
  if (at === 'k') return OCT_BYTES.includes(bytes.length) ? null : { code: 'jwk_length_wrong', at, found: bytes.length, wanted: OCT_BYTES.join(', ') }
  if (curve) {
    const wanted = curveFacts(curve).bytes
    return bytes.length === wanted ? null : { code: 'jwk_length_wrong', at, found: bytes.length, wanted }
  }
  // RFC 7518 §2 (Base64urlUInt): the fewest octets.
  return bytes.length === 0 || bytes[0] === 0 ? { code: 'jwk_integer_not_minimal', at } : null
}

function textMember(object: JsonObject, at: string): Verdict<string, JwkFault> {
  const value = Object.hasOwn(object, at) ? object[at] : undefined
  if (value === undefined) return refuse({ code: 'jwk_member_missing', at })
  return typeof value === 'string' ? accept(value) : refuse({ code: 'jwk_member_not_text', at })
}

/** A name that the peer made up is repeated only where it looks like one. */
const shown = (name: string): { found?: string } => (/^[\w-]{1,32}$/.test(name) ? { found: name } : {})

type EightTexts = [string, string, string, string, string, string, string, string]

const PRIVATE_MEMBERS: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const CURVE_NAMES: ReadonlyMap<string, Curve> = new Map([
  ['P-256', 'P-256'],
  ['P-256K', 'P-256K'],
  ['secp256k1', 'P-256K'],
  ['SECP256K1', 'P-256K'],
  ['P-384', 'P-384'],
  ['P-521', 'P-521'],
])
