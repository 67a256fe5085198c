/**
 * `BCRYPT_ECCKEY_BLOB`: an EC key as CNG writes it.
 *
 *   0 dwMagic (curve, use and form in one) · 4 cbKey · 8 big-endian X, Y and, in the private form, d, each cbKey bytes
 *
 * P-256K has no magic. Whether the point is on the curve and the scalar its own is a question for `key-check.ts` of the core.
 *
 * Requirement: SKI-83.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { readLittleEndian, u32, writeLittleEndian, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import { curveFacts } from '../../crypto/ec.js'
import { copyKey } from '../../crypto/key-parts.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'
import type { CardCurve, KeyUse } from '../constants/names.js'

/** What may be wrong with an ECC key blob. */
export type EccKeyBlobFault = Fault<StructureCode | 'ecc_blob_magic_unknown' | 'ecc_blob_length_differs'>

/** A key, its form, and what it is for: `exchange` has the ECDH magics, `signature` those of ECDSA. */
export type EccKeyBlob =
  { readonly use: KeyUse; readonly form: 'public'; readonly key: EcPublicKey } | { readonly use: KeyUse; readonly form: 'private'; readonly key: EcPrivateKey }

/** What a magic says. */
export interface EccKeyMagic {
  /** As it lies in the bytes. */
  readonly text: string
  readonly value: number
  readonly curve: CardCurve
  readonly use: KeyUse
  readonly form: EccKeyBlob['form']
}

/** The numbers that begin the blob. */
export const ECC_KEY_MAGICS = [
  { text: 'ECK1', value: 0x314b4345, curve: 'P-256', use: 'exchange', form: 'public' },
  { text: 'ECK2', value: 0x324b4345, curve: 'P-256', use: 'exchange', form: 'private' },
  { text: 'ECK3', value: 0x334b4345, curve: 'P-384', use: 'exchange', form: 'public' },
  { text: 'ECK4', value: 0x344b4345, curve: 'P-384', use: 'exchange', form: 'private' },
  { text: 'ECK5', value: 0x354b4345, curve: 'P-521', use: 'exchange', form: 'public' },
  { text: 'ECK6', value: 0x364b4345, curve: 'P-521', use: 'exchange', form: 'private' },
  { text: 'ECS1', value: 0x31534345, curve: 'P-256', use: 'signature', form: 'public' },
  { text: 'ECS2', value: 0x32534345, curve: 'P-256', use: 'signature', form: 'private' },
  { text: 'ECS3', value: 0x33534345, curve: 'P-384', use: 'signature', form: 'public' },
  { text: 'ECS4', value: 0x34534345, curve: 'P-384', use: 'signature', form: 'private' },
  { text: 'ECS5', value: 0x35534345, curve: 'P-521', use: 'signature', form: 'public' },
  { text: 'ECS6', value: 0x36534345, curve: 'P-521', use: 'signature', form: 'private' },
] as const satisfies readonly EccKeyMagic[]

/** Bytes in front of the integers. */
export const ECC_KEY_HEADER_BYTES = 8

/** Reads an ECC key blob. Copies; the scalar is the caller's to wipe. */
export function decodeEccKeyBlob(bytes: Uint8Array, observe?: Observe): Verdict<EccKeyBlob, EccKeyBlobFault> {
  const read = readLittleEndian<EccKeyBlob, EccKeyBlobFault['code']>(
    bytes,
    { name: 'BCRYPT_ECCKEY_BLOB', requirement: 'SKI-83', secret: true, observe },
    (le) => {
      const magic = le.u32('dwMagic')
      const known = ECC_KEY_MAGICS.find(({ value }) => value === magic)
      if (!known) return le.refuse({ code: 'ecc_blob_magic_unknown', wanted: 'ECK1 to ECK6 or ECS1 to ECS6' }, 'dwMagic', 0)
      le.reveal()
      const { curve, use, form } = known
      const wanted = curveFacts(curve).bytes
      const length = le.u32('cbKey')
      if (length !== wanted) le.refuse({ code: 'ecc_blob_length_differs', found: length, wanted }, 'cbKey', 4)
      const point: EcPublicKey = { type: 'EC', curve, x: le.bytes('X', length), y: le.bytes('Y', length) }
      return form === 'public' ? { use, form, key: point } : { use, form, key: { ...point, d: le.bytes('d', length) } }
    },
  )
  return read.ok ? accept({ ...read.value, key: copyKey(read.value.key) } as EccKeyBlob) : read
}

/** Writes an ECC key blob; in the private form the result is a secret of the caller's. A key on P-256K, or with numbers not of field length, is a `TypeError`. */
export function encodeEccKeyBlob(blob: EccKeyBlob): Uint8Array {
  const { use, form, key } = blob
  const magic = ECC_KEY_MAGICS.find((each) => each.curve === key.curve && each.use === use && each.form === form)
  if (!magic) throw new TypeError(`an ECC key blob knows no ${form} key on ${key.curve} for ${use}`)
  const { bytes } = curveFacts(key.curve)
  const integers = blob.form === 'private' ? [key.x, key.y, blob.key.d] : [key.x, key.y]
  for (const integer of integers) requireBytes(integer, 'x, y, d', bytes)
  return writeLittleEndian(u32(magic.value), u32(bytes), ...integers)
}
