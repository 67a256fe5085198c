/**
 * `BCRYPT_RSAKEY_BLOB`: an RSA key as CNG writes it, in three forms.
 *
 *   0 Magic · 4 BitLength · 8 cbPublicExp · 12 cbModulus · 16 cbPrime1 · 20 cbPrime2 · 24 big-endian integers:
 *   RSA1 public    exponent, modulus
 *   RSA2 private   exponent, modulus, prime1, prime2
 *   RSA3 full      exponent, modulus, prime1, prime2, exponent1, exponent2, coefficient, private exponent
 *
 * One key has one blob: exponent and primes without leading zero bytes, a modulus of exactly `BitLength` bits. The numbers
 * behind the primes are as long as the layout says and may begin with zero bytes. Whether the numbers belong together is a
 * question for `key-check.ts` of the core; `completeRsaKey` makes a whole key of form RSA2.
 *
 * Requirement: SKI-82.
 * @module
 */
import { bigEndian, readLittleEndian, u32, writeLittleEndian, type LittleEndianCursor, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import type { RsaPrivateKey, RsaPublicKey } from '../../crypto/keys.js'
import { bitLengthOfBytes } from '../../crypto/number.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'
import { isRsaBlobSize, minimalCopy, requireRsaBlobSize, RSA_BLOB_SIZES_WANTED } from './rsa-size.js'

/** What may be wrong with an RSA key blob. */
export type RsaKeyBlobCode =
  | 'rsa_blob_magic_unknown'
  | 'rsa_blob_size_unsupported'
  | 'rsa_blob_modulus_length_differs'
  | 'rsa_blob_modulus_size_differs'
  | 'rsa_blob_exponent_not_minimal'
  | 'rsa_blob_prime_not_minimal'
  | 'rsa_blob_primes_in_public'

/** A {@link RsaKeyBlobCode} or a fault of the layout, with its place. */
export type RsaKeyBlobFault = Fault<StructureCode | RsaKeyBlobCode>

/** What form RSA2 carries: enough to compute the rest. */
export interface RsaPrimes extends RsaPublicKey {
  readonly p: Uint8Array
  readonly q: Uint8Array
}

/** A key and the form in which it is written. */
export type RsaKeyBlob =
  | { readonly form: 'public'; readonly key: RsaPublicKey }
  | { readonly form: 'private'; readonly key: RsaPrimes }
  | { readonly form: 'full'; readonly key: RsaPrivateKey }

/** The numbers that begin the three forms: `RSA1`, `RSA2`, `RSA3` as they lie in the bytes. */
export const RSA_KEY_MAGIC = { public: 0x31415352, private: 0x32415352, full: 0x33415352 } as const satisfies Readonly<Record<RsaKeyBlob['form'], number>>

/** Bytes in front of the integers. */
export const RSA_KEY_HEADER_BYTES = 24

/** Reads an RSA key blob: the numbers that it gives, and no others. Copies; the secret ones are the caller's to wipe. */
export function decodeRsaKeyBlob(bytes: Uint8Array, observe?: Observe): Verdict<RsaKeyBlob, RsaKeyBlobFault> {
  const read = readLittleEndian<Windows, RsaKeyBlobCode>(bytes, { name: 'BCRYPT_RSAKEY_BLOB', requirement: 'SKI-82', secret: true, observe }, readWindows)
  if (!read.ok) return read
  const { form, n, e, p, q, rest } = read.value
  const key: RsaPublicKey = { type: 'RSA', n: n.slice(), e: e.slice() }
  if (form === 'public') return accept({ form, key })
  const primes: RsaPrimes = { ...key, p: p.slice(), q: q.slice() }
  if (form === 'private') return accept({ form, key: primes })
  const [dp, dq, qi, d] = rest.map(minimalCopy) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return accept({ form, key: { ...primes, d, dp, dq, qi } })
}

/** Writes an RSA key blob; of the forms with private parts the result is a secret of the caller's. A number that does not fit its place is a `TypeError`. */
export function encodeRsaKeyBlob(blob: RsaKeyBlob): Uint8Array {
  const { form, key } = blob
  const bits = requireRsaBlobSize(key)
  const length = bits / 8
  const exponent = significantBytes(key.e)
  const [prime1, prime2] = form === 'public' ? [0, 0] : [significantBytes(blob.key.p), significantBytes(blob.key.q)]
  const header = [RSA_KEY_MAGIC[form], bits, exponent, length, prime1, prime2].map(u32)
  const integers = [bigEndian(key.e, exponent), bigEndian(key.n, length)]
  if (form !== 'public') integers.push(bigEndian(blob.key.p, prime1), bigEndian(blob.key.q, prime2))
  if (form === 'full') {
    const { dp, dq, qi, d } = blob.key
    integers.push(bigEndian(dp, prime1), bigEndian(dq, prime2), bigEndian(qi, prime1), bigEndian(d, length))
  }
  return writeLittleEndian(...header, ...integers)
}

interface Windows {
  readonly form: RsaKeyBlob['form']
  readonly n: Uint8Array
  readonly e: Uint8Array
  readonly p: Uint8Array
  readonly q: Uint8Array
  /** exponent1, exponent2, coefficient, private exponent; none unless the form is full. */
  readonly rest: readonly Uint8Array[]
}

function readWindows(le: LittleEndianCursor<RsaKeyBlobCode>): Windows {
  const magic = le.u32('Magic')
  const form = FORMS.find((each) => RSA_KEY_MAGIC[each] === magic)
  if (form === undefined) return le.refuse({ code: 'rsa_blob_magic_unknown', wanted: 'RSA1, RSA2 or RSA3' }, 'Magic', 0)
  le.reveal()
  const bits = le.u32('BitLength')
  if (!isRsaBlobSize(bits)) le.refuse({ code: 'rsa_blob_size_unsupported', found: bits, wanted: RSA_BLOB_SIZES_WANTED }, 'BitLength', 4)
  const exponentLength = le.u32('cbPublicExp')
  const modulusLength = le.u32('cbModulus')
  if (modulusLength !== bits / 8) le.refuse({ code: 'rsa_blob_modulus_length_differs', found: modulusLength, wanted: bits / 8 }, 'cbModulus', 12)
  const [prime1Length, prime2Length] = [le.u32('cbPrime1'), le.u32('cbPrime2')]
  if (form === 'public' && (prime1Length !== 0 || prime2Length !== 0)) {
    const [name, offset] = prime1Length === 0 ? (['cbPrime2', 20] as const) : (['cbPrime1', 16] as const)
    le.refuse({ code: 'rsa_blob_primes_in_public', found: prime1Length || prime2Length, wanted: 0 }, name, offset)
  }

  const minimal = (name: string, length: number, code: RsaKeyBlobCode): Uint8Array => {
    const offset = le.offset
    const window = le.bytes(name, length)
    if (length === 0 || window[0] === 0) le.refuse({ code }, name, offset)
    return window
  }
  const e = minimal('PublicExponent', exponentLength, 'rsa_blob_exponent_not_minimal')
  const modulusOffset = le.offset
  const n = le.bytes('Modulus', modulusLength)
  const modulusBits = bitLengthOfBytes(n)
  if (modulusBits !== bits) le.refuse({ code: 'rsa_blob_modulus_size_differs', found: modulusBits, wanted: bits }, 'Modulus', modulusOffset)
  if (form === 'public') return { form, n, e, p: NONE, q: NONE, rest: [] }
  const p = minimal('Prime1', prime1Length, 'rsa_blob_prime_not_minimal')
  const q = minimal('Prime2', prime2Length, 'rsa_blob_prime_not_minimal')
  if (form === 'private') return { form, n, e, p, q, rest: [] }
  const rest = [
    le.bytes('Exponent1', prime1Length),
    le.bytes('Exponent2', prime2Length),
    le.bytes('Coefficient', prime1Length),
    le.bytes('PrivateExponent', modulusLength),
  ]
  return { form, n, e, p, q, rest }
}

/** The length without leading zero bytes. An integer without any other is a `TypeError`: no blob can say it. */
function significantBytes(bigEndian: Uint8Array): number {
  const length = Math.ceil(bitLengthOfBytes(bigEndian) / 8)
  if (length === 0) throw new TypeError('e, p, q: a positive integer is wanted')
  return length
}

const FORMS = ['public', 'private', 'full'] as const
const NONE = new Uint8Array()
