/**
 * EC keys as SEC 1 writes them: the octet form of a point (§2.3), and ECPrivateKey (RFC 5915), alone and as the inside
 * of PKCS#8.
 *
 * Points are taken uncompressed. Whether a point lies on its curve, and whether it is the scalar's, is a question for
 * `key-check.ts`.
 *
 * Requirements: BYOK-66, BYOK-70.
 * @module
 */
import {
  bitString,
  contextTag,
  element,
  octetString,
  readDer,
  sequence,
  smallInteger,
  writeDer,
  type DerCode,
  type DerCursor,
  type DerElement,
} from '../bytes/der.js'
import { accept, type Fault, type Verdict } from '../verdict.js'
import { readNamedCurve, writeNamedCurve, type CurveCode } from './algorithm.js'
import { curveFacts, ecPublicKey, isEcScalar, uncompressedPoint } from './ec.js'
import { copyKey } from './key-parts.js'
import type { Curve, EcPrivateKey, EcPublicKey } from './keys.js'

/** What may be wrong with the octets of a point. */
export type PointCode = 'ec_point_infinity' | 'ec_point_compressed' | 'ec_point_form_unknown' | 'ec_point_length_wrong'

/** What may be wrong with an ECPrivateKey, apart from its encoding. */
export type Sec1Code =
  'ec_version_unknown' | 'ec_scalar_length_wrong' | 'ec_scalar_out_of_range' | 'ec_curve_missing' | 'ec_curves_differ' | CurveCode | PointCode

/** An ECPrivateKey as it was written: the point may be missing. */
export interface EcPrivateParts {
  readonly curve: Curve
  readonly d: Uint8Array
  readonly point: EcPublicKey | null
}

/** Reads a bare ECPrivateKey, as `openssl ec` writes it. It has to name its curve. */
export function decodeSec1(bytes: Uint8Array): Verdict<EcPrivateKey, Fault<Sec1Code | DerCode>> {
  const read = readDer<EcPrivateKey, Sec1Code>(bytes, (der) => completeEcKey(readEcPrivateKey(der, null)), { secret: true })
  return read.ok ? accept(copyKey(read.value)) : read
}

/** Writes a bare ECPrivateKey with curve and public point. The result is a secret of the caller's. */
export const encodeSec1 = (key: EcPrivateKey): Uint8Array => writeDer(writeEcPrivateKey(key, { curve: true, point: true }))

/** Reads an ECPrivateKey; `curve` is what the surrounding AlgorithmIdentifier says. The parts are windows on the input. */
export function readEcPrivateKey(der: DerCursor<Sec1Code>, curve: Curve | null): EcPrivateParts {
  return der.sequence('ECPrivateKey', (inside) => {
    let offset = inside.offset
    const version = inside.smallInteger('version')
    if (version !== 1) inside.refuse({ code: 'ec_version_unknown', found: version, wanted: 1 }, 'version', offset)
    const scalarOffset = inside.offset
    const d = inside.octetString('privateKey')

    offset = inside.offset
    const own = inside.next(PARAMETERS) ? inside.constructed(PARAMETERS, 'parameters', (parameters) => readNamedCurve(parameters, '')) : null
    const named = curve ?? own ?? inside.refuse({ code: 'ec_curve_missing' }, 'parameters', offset)
    if (own !== null && own !== named) inside.refuse({ code: 'ec_curves_differ', found: own, wanted: named }, 'parameters', offset)
    const { bytes } = curveFacts(named)
    if (d.length !== bytes) inside.refuse({ code: 'ec_scalar_length_wrong', found: d.length, wanted: bytes }, 'privateKey', scalarOffset)
    if (!isEcScalar(named, d)) inside.refuse({ code: 'ec_scalar_out_of_range' }, 'privateKey', scalarOffset)

    const point = inside.next(PUBLIC_KEY) ? inside.constructed(PUBLIC_KEY, 'publicKey', (publicKey) => readPoint(publicKey, named, '')) : null
    return { curve: named, d, point }
  })
}

/** The key that the parts make; a missing point is computed. */
export function completeEcKey({ curve, d, point }: EcPrivateParts): EcPrivateKey {
  return { ...(point ?? ecPublicKey(curve, d)), d }
}

/** Writes an ECPrivateKey for use inside something else, with the optional fields asked for. */
export function writeEcPrivateKey(key: EcPrivateKey, fields: { readonly curve: boolean; readonly point: boolean }): DerElement {
  return sequence(
    smallInteger(1),
    octetString(key.d),
    ...(fields.curve ? [element(PARAMETERS, writeNamedCurve(key.curve))] : []),
    ...(fields.point ? [element(PUBLIC_KEY, bitString(uncompressedPoint(key)))] : []),
  )
}

/** Reads a BIT STRING that holds a point. The coordinates are windows on the input. */
export function readPoint(der: DerCursor<PointCode>, curve: Curve, name: string, tag?: number): EcPublicKey {
  const offset = der.offset
  const octets = der.bitString(name, tag)
  const { bytes } = curveFacts(curve)
  const form = octets[0]
  if (form === 0) der.refuse({ code: 'ec_point_infinity' }, name, offset)
  if (form === 2 || form === 3) der.refuse({ code: 'ec_point_compressed', found: form, wanted: 4 }, name, offset)
  if (form !== 4) der.refuse({ code: 'ec_point_form_unknown', ...(form === undefined ? {} : { found: form }), wanted: 4 }, name, offset)
  if (octets.length !== 1 + 2 * bytes) der.refuse({ code: 'ec_point_length_wrong', found: octets.length, wanted: 1 + 2 * bytes }, name, offset)
  return { type: 'EC', curve, x: octets.subarray(1, 1 + bytes), y: octets.subarray(1 + bytes) }
}

const PARAMETERS = contextTag(0, true)
const PUBLIC_KEY = contextTag(1, true)
