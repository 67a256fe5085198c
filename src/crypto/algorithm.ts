/**
 * AlgorithmIdentifier, as PKCS#8 and SubjectPublicKeyInfo use it: which kind of key follows.
 *
 * Only rsaEncryption with NULL parameters and id-ecPublicKey with one of four named curves. Identifiers that bind a
 * key to one scheme (RSASSA-PSS, id-ecDH, id-ecMQV) are refused by name: taking such a key as a general one would drop its restriction.
 *
 * Requirements: BYOK-65, BYOK-66, BYOK-70.
 * @module
 */
import { nullElement, objectIdentifier, sequence, TAG, type DerCursor, type DerElement } from '../bytes/der.js'
import type { Curve } from './keys.js'
import { CURVE_OID, curveOfOid, describeOid, OID } from './oid.js'

/** What may be wrong with the parameters of an EC key. */
export type CurveCode = 'curve_explicit' | 'curve_implicit' | 'curve_unknown'

/** What may be wrong with an AlgorithmIdentifier, apart from its encoding. */
export type AlgorithmCode = 'algorithm_rsassa_pss' | 'algorithm_ecdh' | 'algorithm_ecmqv' | 'algorithm_unsupported' | 'algorithm_parameters_wrong' | CurveCode

/** The kinds of key we know. */
export type KeyAlgorithm = { readonly type: 'RSA' } | { readonly type: 'EC'; readonly curve: Curve }

/** Reads an AlgorithmIdentifier. */
export function readAlgorithm(der: DerCursor<AlgorithmCode>, name: string): KeyAlgorithm {
  return der.sequence(name, (inside) => {
    const offset = inside.offset
    const algorithm = inside.objectIdentifier('algorithm')
    switch (algorithm) {
      case OID.rsaEncryption:
        // RFC 8017 A.1: the parameters are NULL, not absent.
        if (!inside.next(TAG.null)) inside.refuse({ code: 'algorithm_parameters_wrong', wanted: 'NULL' }, 'parameters')
        inside.null('parameters')
        return { type: 'RSA' }
      case OID.ecPublicKey:
        return { type: 'EC', curve: readNamedCurve(inside, 'parameters') }
      default:
        return inside.refuse({ code: REFUSED.get(algorithm) ?? 'algorithm_unsupported', found: describeOid(algorithm) }, 'algorithm', offset)
    }
  })
}

/** Writes an AlgorithmIdentifier. */
export function writeAlgorithm(algorithm: KeyAlgorithm): DerElement {
  return algorithm.type === 'RSA'
    ? sequence(objectIdentifier(OID.rsaEncryption), nullElement())
    : sequence(objectIdentifier(OID.ecPublicKey), writeNamedCurve(algorithm.curve))
}

/** Reads ECParameters (RFC 5480 §2.1.1), of which only the choice `namedCurve` is taken: any other curve would be the peer's own. */
export function readNamedCurve(der: DerCursor<CurveCode>, name: string): Curve {
  const offset = der.offset
  if (der.next(TAG.sequence)) der.refuse({ code: 'curve_explicit', wanted: 'a named curve' }, name)
  if (der.next(TAG.null) || der.done) der.refuse({ code: 'curve_implicit', wanted: 'a named curve' }, name)
  const dotted = der.objectIdentifier(name)
  return curveOfOid(dotted) ?? der.refuse({ code: 'curve_unknown', found: describeOid(dotted) }, name, offset)
}

/** Writes ECParameters as a named curve. */
export const writeNamedCurve = (curve: Curve): DerElement => objectIdentifier(CURVE_OID[curve])

const REFUSED: ReadonlyMap<string, AlgorithmCode> = new Map([
  [OID.rsassaPss, 'algorithm_rsassa_pss'],
  [OID.ecdh, 'algorithm_ecdh'],
  [OID.ecmqv, 'algorithm_ecmqv'],
])
