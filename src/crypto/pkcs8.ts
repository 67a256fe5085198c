/**
 * PrivateKeyInfo of PKCS#8 (RFC 5208) and its successor OneAsymmetricKey (RFC 5958): what BYOK wraps for an RSA or EC key.
 *
 * Read strictly, written as OpenSSL 3 writes it. What real producers differ in is taken: the public point of an EC key present or
 * absent, its curve repeated inside or not, attributes, the public key of version 2, and, where the caller allows it,
 * up to seven zero bytes behind the DER (a token that pads to eight bytes before it wraps). Everything that is said twice has to agree.
 *
 * Whether the numbers belong together is a question for `key-check.ts`; {@link readPrivateKey} asks both.
 *
 * Requirements: BYOK-65, BYOK-66, BYOK-69 to BYOK-72.
 * @module
 */
import { equalBytes } from '../bytes/bytes.js'
import { contextTag, octetString, readDer, sequence, smallInteger, writeDer, type DerCode, type DerCursor } from '../bytes/der.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { readAlgorithm, writeAlgorithm, type AlgorithmCode } from './algorithm.js'
import { checkPrivateKey, type KeyCheckOptions, type KeyFault } from './key-check.js'
import { recogniseDer, type DerForm } from './key-form.js'
import { copyKey, wipeKey } from './key-parts.js'
import type { PrivateKey } from './keys.js'
import { readRsaPrivateKey, readRsaPublicKey, writeRsaPrivateKey, type Pkcs1Code } from './pkcs1-key.js'
import { completeEcKey, readEcPrivateKey, readPoint, writeEcPrivateKey, type Sec1Code } from './sec1.js'

/** What may be wrong with a PKCS#8 private key, apart from its encoding. */
export type Pkcs8Code =
  | 'pkcs8_encrypted'
  | 'pkcs8_pem_text'
  | 'pkcs8_bare_pkcs1'
  | 'pkcs8_bare_sec1'
  | 'pkcs8_public_key_given'
  | 'pkcs8_version_unknown'
  | 'pkcs8_public_key_in_v1'
  | 'pkcs8_public_key_differs'
  | AlgorithmCode
  | Pkcs1Code
  | Sec1Code

/** A {@link Pkcs8Code} or a fault of the encoding, with its place. */
export type Pkcs8Fault = Fault<Pkcs8Code | DerCode>

/** What a caller tolerates. */
export interface Pkcs8Reading {
  /** Take 0 to 7 zero bytes behind the DER (BYOK-72); none otherwise. */
  readonly trailingZeros: boolean
}

/** A private key and how it was written. */
export interface Pkcs8 {
  /** Not yet checked. A copy that the caller wipes. */
  readonly key: PrivateKey
  /** 1 for RFC 5208, 2 for RFC 5958; the INTEGER in the bytes is one less. */
  readonly version: 1 | 2
  /** Zero bytes behind the DER. */
  readonly trailing: number
  /** Whether attributes were there; they are not read. */
  readonly attributes: boolean
  /** Whether an EC key came with its public point, or the point was computed from the scalar. For RSA always `given`. */
  readonly publicKey: 'given' | 'derived'
}

/**
 * Reads a PKCS#8 private key.
 *
 * @example
 * const read = decodePkcs8(der, { trailingZeros: false })
 * if (!read.ok) console.error(read.fault.code, read.fault.at) // algorithm_ecdh PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 9
 */
export function decodePkcs8(bytes: Uint8Array, reading: Pkcs8Reading): Verdict<Pkcs8, Pkcs8Fault> {
  const read = readDer<Pkcs8, Pkcs8Code>(
    bytes,
    (der) => {
      const info = der.sequence('PrivateKeyInfo', readPrivateKeyInfo)
      return { ...info, trailing: reading.trailingZeros ? der.zeros(MOST_TRAILING_ZEROS) : 0 }
    },
    { secret: true },
  )
  if (read.ok) return accept({ ...read.value, key: copyKey(read.value.key) })
  const form = looksLikePem(bytes) ? 'PEM' : recogniseDer(bytes)
  const code = form && OTHER_FORMS.get(form)
  return code ? refuse({ code, at: 'offset 0', found: form, wanted: 'PKCS#8 DER' }) : read
}

/**
 * Writes a private key as PKCS#8 version 1, the way OpenSSL 3 does: no curve inside ECPrivateKey, and with the public
 * point unless `publicKey` is false. The result is a secret of the caller's.
 */
export function encodePkcs8(key: PrivateKey, { publicKey = true }: { readonly publicKey?: boolean } = {}): Uint8Array {
  const inside = key.type === 'RSA' ? writeRsaPrivateKey(key) : writeEcPrivateKey(key, { curve: false, point: publicKey })
  return writeDer(sequence(smallInteger(0), writeAlgorithm(key), octetString(inside)))
}

/** Reads a PKCS#8 private key and checks its arithmetic. What is refused is wiped. */
export function readPrivateKey(bytes: Uint8Array, options: Pkcs8Reading & KeyCheckOptions): Verdict<Pkcs8, Pkcs8Fault | KeyFault> {
  const read = decodePkcs8(bytes, options)
  if (!read.ok) return read
  const checked = checkPrivateKey(read.value.key, options)
  if (checked.ok) return read
  wipeKey(read.value.key)
  return checked
}

function readPrivateKeyInfo(info: DerCursor<Pkcs8Code>): Omit<Pkcs8, 'trailing'> {
  const versionOffset = info.offset
  const version = info.smallInteger('version')
  if (version > 1) info.refuse({ code: 'pkcs8_version_unknown', found: version, wanted: '0 or 1' }, 'version', versionOffset)

  const algorithm = readAlgorithm(info, 'privateKeyAlgorithm')
  const parts = info.octetStringContaining('privateKey', (inside) =>
    algorithm.type === 'RSA' ? readRsaPrivateKey(inside) : { type: 'EC' as const, ...readEcPrivateKey(inside, algorithm.curve) },
  )

  const attributes = info.next(ATTRIBUTES)
  if (attributes) info.skip('attributes')

  const publicOffset = info.offset
  const differs = (): never => info.refuse({ code: 'pkcs8_public_key_differs' }, 'publicKey', publicOffset)
  const hasPublicKey = info.next(PUBLIC_KEY)
  if (hasPublicKey && version === 0) info.refuse({ code: 'pkcs8_public_key_in_v1' }, 'publicKey', publicOffset)

  const common = { version: version === 0 ? 1 : 2, attributes } as const
  if (parts.type === 'RSA') {
    const outer = hasPublicKey ? info.bitStringContaining('publicKey', readRsaPublicKey, PUBLIC_KEY) : parts
    if (!equalBytes(outer.n, parts.n) || !equalBytes(outer.e, parts.e)) differs()
    return { ...common, key: parts, publicKey: 'given' }
  }
  const outer = hasPublicKey ? readPoint(info, parts.curve, 'publicKey', PUBLIC_KEY) : null
  if (outer && parts.point && !(equalBytes(outer.x, parts.point.x) && equalBytes(outer.y, parts.point.y))) differs()
  const point = parts.point ?? outer
  return { ...common, key: completeEcKey({ ...parts, point }), publicKey: point ? 'given' : 'derived' }
}

function looksLikePem(bytes: Uint8Array): boolean {
  return PEM_START.every((byte, i) => bytes[i] === byte)
}

const MOST_TRAILING_ZEROS = 7
const ATTRIBUTES = contextTag(0, true)
const PUBLIC_KEY = contextTag(1)
const PEM_START = Uint8Array.from('-----BEGIN ', (c) => c.charCodeAt(0))

/** A key in another format is worth its own word: the maker only has to convert it. */
const OTHER_FORMS: ReadonlyMap<DerForm | 'PEM', Pkcs8Code> = new Map([
  ['PEM', 'pkcs8_pem_text'],
  ['encrypted PKCS#8', 'pkcs8_encrypted'],
  ['PKCS#1 private key', 'pkcs8_bare_pkcs1'],
  ['SEC1', 'pkcs8_bare_sec1'],
  ['PKCS#1 public key', 'pkcs8_public_key_given'],
  ['SPKI', 'pkcs8_public_key_given'],
])
