/**
 * `CARD_IMPORT_KEYPAIR`: a key pair and the container that it is for; what the secure function `Import Key Pair` seals.
 * There is no response structure.
 *
 *   0 dwVersion 7 · 4 bContainerIndex · 5 three zero bytes · 8 PinId · 12 dwKeySpec · 16 dwKeySize (bits) · 20 cbInput · 24 key material
 *
 * {@link decodeImportKeypair} reads the structure, {@link keyOfImport} the key in it. Whether the numbers of the key belong
 * together, and whether the container is the one that was meant, is for the card to find out.
 *
 * Requirements: SKI-86, SKI-101, SKI-102.
 * @module
 */
import { requireBytes, wipe } from '../../bytes/bytes.js'
import { readLittleEndian, u32, u8, writeLittleEndian, zeros, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import { wipeKey } from '../../crypto/key-parts.js'
import type { PrivateKey } from '../../crypto/keys.js'
import { accept, refuse, type Fault, type Verdict } from '../../verdict.js'
import { decodeCardKey, encodeCardKey, type CardKeyFault } from '../blobs/card-key.js'
import { keySizeOf, keySpec } from '../constants/key-specs.js'
import { readVersion, STRUCTURE_VERSION, type VersionCode } from './version.js'

/** What may be wrong with the structure. */
export type ImportKeypairFault = Fault<StructureCode | VersionCode | 'key_spec_unknown' | 'key_material_empty'>

/** The structure. */
export interface ImportKeypair {
  /** The container that the key is for: one byte. */
  readonly containerIndex: number
  /** The PIN that will guard the container. */
  readonly pinId: number
  /** A number of `KEY_SPECS`. */
  readonly keySpec: number
  /** Bits. */
  readonly keySize: number
  /** The key material; secret. */
  readonly keyData: Uint8Array
}

/** Bytes in front of the key material. */
export const IMPORT_KEYPAIR_BYTES = 24

/** Reads the structure. The key material is a copy that the caller wipes. */
export function decodeImportKeypair(bytes: Uint8Array, observe?: Observe): Verdict<ImportKeypair, ImportKeypairFault> {
  const reading = { name: 'CARD_IMPORT_KEYPAIR', requirement: 'SKI-86', secret: true, observe }
  const read = readLittleEndian<ImportKeypair, ImportKeypairFault['code']>(bytes, reading, (le) => {
    readVersion(le, STRUCTURE_VERSION)
    // These are not the bytes of a key; what the fixed part says is public.
    le.reveal()
    const containerIndex = le.u8('bContainerIndex')
    le.reserved('padding', 3)
    const pinId = le.u32('PinId')
    const spec = le.u32('dwKeySpec')
    if (!keySpec(spec)) le.refuse({ code: 'key_spec_unknown', found: spec, wanted: '1 to 8' }, 'dwKeySpec', 12)
    const keySize = le.u32('dwKeySize')
    const length = le.announced('cbInput')
    if (length.value === 0) le.refuse({ code: 'key_material_empty' }, length.name, length.offset)
    const [keyData] = le.tail(['pbInput', length])
    return { containerIndex, pinId, keySpec: spec, keySize, keyData: keyData! }
  })
  return read.ok ? accept({ ...read.value, keyData: read.value.keyData.slice() }) : read
}

/** Writes the structure, a secret of the caller's. A number that does not fit, an unknown key spec or no key material is a `TypeError`. */
export function encodeImportKeypair({ containerIndex, pinId, keySpec: spec, keySize, keyData }: ImportKeypair): Uint8Array {
  requireBytes(keyData, 'keyData')
  if (keyData.length === 0) throw new TypeError('keyData: at least one byte is wanted')
  if (!keySpec(spec)) throw new TypeError('keySpec: 1 to 8 is wanted')
  return writeLittleEndian(u32(STRUCTURE_VERSION), u8(containerIndex), zeros(3), ...[pinId, spec, keySize, keyData.length].map(u32), keyData)
}

/** What a key pair is given with. */
export interface KeypairPlace extends Pick<ImportKeypair, 'containerIndex' | 'pinId' | 'keySpec'> {
  readonly key: PrivateKey
}

/** The structure for a key pair, with its size and its material in the form of the key spec. A secret of the caller's. */
export function importKeypairOf({ key, ...place }: KeypairPlace): Verdict<Uint8Array, CardKeyFault> {
  const material = encodeCardKey(key, place.keySpec)
  if (!material.ok) return material
  try {
    return accept(encodeImportKeypair({ ...place, keySize: keySizeOf(key), keyData: material.value }))
  } finally {
    wipe(material.value)
  }
}

/** The key in the structure: of the form, type, curve and size that the fixed part says. Not yet checked; a copy that the caller wipes. */
export function keyOfImport(structure: ImportKeypair): Verdict<PrivateKey, CardKeyFault | Fault<'key_size_differs'>> {
  const key = decodeCardKey(structure.keyData, structure.keySpec)
  if (!key.ok) return key
  const size = keySizeOf(key.value)
  if (size === structure.keySize) return key
  wipeKey(key.value)
  return refuse({ code: 'key_size_differs', at: 'CARD_IMPORT_KEYPAIR.dwKeySize, offset 16', found: structure.keySize, wanted: size, requirement: 'SKI-86' })
}
