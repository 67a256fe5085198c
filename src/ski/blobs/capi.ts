/**
 * `PUBLICKEYBLOB` and `PRIVATEKEYBLOB` of CAPI for RSA: everything little-endian, the big numbers too.
 *
 *   0 bType 6 or 7 · 1 bVersion 2 · 2 reserved · 4 aiKeyAlg · 8 magic "RSA1" or "RSA2" · 12 bitlen · 16 pubexp · 20 modulus
 *   private: prime1, prime2, exponent1, exponent2, coefficient (bitlen / 16 bytes each), private exponent (bitlen / 8)
 *
 * The magic `RSA2` stands here for a complete private key; `BCRYPT_RSAKEY_BLOB` uses the same number for something else.
 * Keys are as everywhere in the core, big-endian: the bytes are turned round here and nowhere else. Whether the numbers
 * belong together is a question for `key-check.ts` of the core.
 *
 * Requirements: SKI-84, SKI-85.
 * @module
 */
import {
  readLittleEndian,
  reversed,
  u16,
  u32,
  u8,
  writeLittleEndian,
  type LittleEndianCursor,
  type LittleEndianPart,
  type Observe,
  type StructureCode,
} from '../../bytes/little-endian.js'
import type { RsaPrivateKey, RsaPublicKey } from '../../crypto/keys.js'
import { bitLengthOfBytes, minimalBytes, os2ip } from '../../crypto/number.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'
import type { KeyUse } from '../constants/names.js'
import { isRsaBlobSize, requireRsaBlobSize, RSA_BLOB_SIZES_WANTED } from './rsa-size.js'

/** What may be wrong with a CAPI blob. */
export type CapiCode =
  'capi_type_unexpected' | 'capi_version_unknown' | 'capi_algorithm_unknown' | 'capi_magic_unknown' | 'capi_size_unsupported' | 'capi_modulus_size_differs'

/** A {@link CapiCode} or a fault of the layout, with its place. */
export type CapiFault = Fault<StructureCode | CapiCode>

/** A public key and its algorithm: `exchange` is `CALG_RSA_KEYX`, `signature` is `CALG_RSA_SIGN`. */
export interface CapiPublicKey {
  readonly use: KeyUse
  readonly key: RsaPublicKey
}

/** A private key and its algorithm. */
export interface CapiPrivateKey {
  readonly use: KeyUse
  readonly key: RsaPrivateKey
}

/** `aiKeyAlg` of the two uses. */
export const CAPI_ALGORITHM = { exchange: 0xa400, signature: 0x2400 } as const satisfies Readonly<Record<KeyUse, number>>

/** `bType` of the two blobs. */
export const CAPI_TYPE = { public: 6, private: 7 } as const

/** `magic` of the two blobs: `RSA1`, `RSA2` as they lie in the bytes. */
export const CAPI_MAGIC = { public: 0x31415352, private: 0x32415352 } as const

/** The size of a blob for a modulus of so many bits. */
export function capiBytes(form: 'public' | 'private', bits: number): number {
  return HEADER + (form === 'public' ? bits / 8 : (2 * bits) / 8 + (5 * bits) / 16)
}

/** Reads a `PUBLICKEYBLOB`. */
export function decodePublicKeyBlob(bytes: Uint8Array, observe?: Observe): Verdict<CapiPublicKey, CapiFault> {
  const reading = { name: 'PUBLICKEYBLOB', requirement: 'SKI-84', secret: true, observe }
  const read = readLittleEndian<Start, CapiCode>(bytes, reading, (le) => readStart(le, 'public'))
  return read.ok ? accept({ use: read.value.use, key: publicKeyOf(read.value) }) : read
}

/** Reads a `PRIVATEKEYBLOB`. The numbers are copies; the secret ones are the caller's to wipe. */
export function decodePrivateKeyBlob(bytes: Uint8Array, observe?: Observe): Verdict<CapiPrivateKey, CapiFault> {
  const reading = { name: 'PRIVATEKEYBLOB', requirement: 'SKI-85', secret: true, observe }
  const read = readLittleEndian<Start & { readonly integers: readonly Uint8Array[] }, CapiCode>(bytes, reading, (le) => {
    const start = readStart(le, 'private')
    const half = start.bits / 16
    const integers = ['prime1', 'prime2', 'exponent1', 'exponent2', 'coefficient'].map((name) => le.bytes(name, half))
    return { ...start, integers: [...integers, le.bytes('privateExponent', start.bits / 8)] }
  })
  if (!read.ok) return read
  const [p, q, dp, dq, qi, d] = read.value.integers.map(turnedRound) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return accept({ use: read.value.use, key: { ...publicKeyOf(read.value), d, p, q, dp, dq, qi } })
}

/** Writes a `PUBLICKEYBLOB`. A key that {@link fitsCapi} says no to is a `TypeError`. */
export function encodePublicKeyBlob({ use, key }: CapiPublicKey): Uint8Array {
  return writeLittleEndian(...start('public', use, key))
}

/** Writes a `PRIVATEKEYBLOB`, a secret of the caller's. A key that {@link fitsCapi} says no to is a `TypeError`. */
export function encodePrivateKeyBlob({ use, key }: CapiPrivateKey): Uint8Array {
  const length = requireRsaBlobSize(key) / 8
  const halves = [key.p, key.q, key.dp, key.dq, key.qi].map((integer) => reversed(integer, length / 2))
  return writeLittleEndian(...start('private', use, key), ...halves, reversed(key.d, length))
}

/** Whether the layout has room for the key: its size, an exponent of four bytes, primes and what belongs to them of half the modulus each. */
export function fitsCapi(key: RsaPublicKey | RsaPrivateKey): boolean {
  const bits = bitLengthOfBytes(key.n)
  if (!isRsaBlobSize(bits) || bitLengthOfBytes(key.e) > 32) return false
  return !('d' in key) || (bitLengthOfBytes(key.d) <= bits && [key.p, key.q, key.dp, key.dq, key.qi].every((integer) => bitLengthOfBytes(integer) <= bits / 2))
}

interface Start {
  readonly use: KeyUse
  readonly bits: number
  readonly exponent: number
  /** A window, little-endian. */
  readonly modulus: Uint8Array
}

function readStart(le: LittleEndianCursor<CapiCode>, form: 'public' | 'private'): Start {
  const type = le.u8('bType')
  if (type !== CAPI_TYPE[form]) le.refuse({ code: 'capi_type_unexpected', found: type, wanted: CAPI_TYPE[form] }, 'bType', 0)
  const version = le.u8('bVersion')
  if (version !== VERSION) le.refuse({ code: 'capi_version_unknown', found: version, wanted: VERSION }, 'bVersion', 1)
  le.reserved('reserved', 2)
  const algorithm = le.u32('aiKeyAlg')
  const use = USES.find((each) => CAPI_ALGORITHM[each] === algorithm)
  if (use === undefined) return le.refuse({ code: 'capi_algorithm_unknown', found: algorithm, wanted: 'CALG_RSA_KEYX or CALG_RSA_SIGN' }, 'aiKeyAlg', 4)
  // Eight bytes that are as they have to be: this is a blob, and what its header says is public.
  le.reveal()
  const magic = le.u32('magic')
  if (magic !== CAPI_MAGIC[form]) le.refuse({ code: 'capi_magic_unknown', found: magic, wanted: CAPI_MAGIC[form] }, 'magic', 8)
  const bits = le.u32('bitlen')
  if (!isRsaBlobSize(bits)) le.refuse({ code: 'capi_size_unsupported', found: bits, wanted: RSA_BLOB_SIZES_WANTED }, 'bitlen', 12)
  const exponent = le.u32('pubexp')
  const offset = le.offset
  const modulus = le.bytes('modulus', bits / 8)
  if (modulus.at(-1)! < 0x80) le.refuse({ code: 'capi_modulus_size_differs', wanted: bits }, 'modulus', offset)
  return { use, bits, exponent, modulus }
}

function publicKeyOf({ modulus, exponent }: Start): RsaPublicKey {
  return { type: 'RSA', n: turnedRound(modulus), e: minimalBytes(BigInt(exponent)) }
}

function start(form: 'public' | 'private', use: KeyUse, key: RsaPublicKey): LittleEndianPart[] {
  const bits = requireRsaBlobSize(key)
  if (bitLengthOfBytes(key.e) > 32) throw new TypeError('e: at most 32 bits are wanted')
  const header = [u8(CAPI_TYPE[form]), u8(VERSION), u16(0), u32(CAPI_ALGORITHM[use]), u32(CAPI_MAGIC[form]), u32(bits), u32(Number(os2ip(key.e)))]
  return [...header, reversed(key.n, bits / 8)]
}

/** A big-endian copy without leading zero bytes; zero is one zero byte. */
function turnedRound(littleEndian: Uint8Array): Uint8Array {
  let length = littleEndian.length
  while (length > 1 && littleEndian[length - 1] === 0) length--
  return littleEndian.slice(0, length).reverse()
}

const HEADER = 20
const VERSION = 2
const USES = ['exchange', 'signature'] as const
