/**
 * `CARD_KEY_SIZES`: which sizes of a key spec a card offers.
 *
 *   0 dwVersion 1 · 4 minimum · 8 default · 12 maximum · 16 increment, all in bits
 *
 * Requirements: SKI-91, SKI-101, SKI-102.
 * @module
 */
import { readLittleEndian, u32, writeLittleEndian, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import type { Fault, Verdict } from '../../verdict.js'
import { readVersion, type VersionCode } from './version.js'

/** What may be wrong with the structure. */
export type KeySizesFault = Fault<StructureCode | VersionCode | 'key_sizes_out_of_order'>

/** The structure, in bits. */
export interface KeySizes {
  readonly minimum: number
  readonly default: number
  readonly maximum: number
  readonly increment: number
}

/** Bytes of the structure. */
export const KEY_SIZES_BYTES = 20

/** Reads the structure. The default lies between minimum and maximum. */
export function decodeKeySizes(bytes: Uint8Array, observe?: Observe): Verdict<KeySizes, KeySizesFault> {
  return readLittleEndian<KeySizes, KeySizesFault['code']>(bytes, { name: 'CARD_KEY_SIZES', requirement: 'SKI-91', observe }, (le) => {
    readVersion(le, VERSION)
    const sizes = {
      minimum: le.u32('dwMinimumBitlen'),
      default: le.u32('dwDefaultBitlen'),
      maximum: le.u32('dwMaximumBitlen'),
      increment: le.u32('dwIncrementalBitlen'),
    }
    if (!inOrder(sizes))
      le.refuse({ code: 'key_sizes_out_of_order', found: sizes.default, wanted: `${sizes.minimum} to ${sizes.maximum}` }, 'dwDefaultBitlen', 8)
    return sizes
  })
}

/** Writes the structure. A default that does not lie between minimum and maximum is a `TypeError`. */
export function encodeKeySizes(sizes: KeySizes): Uint8Array {
  if (!inOrder(sizes)) throw new TypeError('default: a size between minimum and maximum is wanted')
  return writeLittleEndian(...[VERSION, sizes.minimum, sizes.default, sizes.maximum, sizes.increment].map(u32))
}

const VERSION = 1
const inOrder = (sizes: KeySizes): boolean => sizes.minimum <= sizes.default && sizes.default <= sizes.maximum
