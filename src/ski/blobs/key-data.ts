/**
 * `BCRYPT_KEY_DATA_BLOB`: a header of twelve bytes in front of the raw bytes of a symmetric key.
 *
 *   0 dwMagic "KDBM" · 4 dwVersion 1 · 8 cbKeyData · 12 key
 *
 * Which lengths an algorithm takes is said by `constants/names.ts`; the blob itself takes any but none.
 *
 * Requirement: SKI-81.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { readLittleEndian, u32, writeLittleEndian, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import { accept, type Fault, type Verdict } from '../../verdict.js'

/** What may be wrong with a key data blob. */
export type KeyDataFault = Fault<StructureCode | 'key_data_magic_unknown' | 'key_data_version_unknown' | 'key_data_empty'>

/** The number that begins the blob: `KDBM` as it lies in the bytes. */
export const KEY_DATA_MAGIC = 0x4d42444b

/** Bytes in front of the key. */
export const KEY_DATA_HEADER_BYTES = 12

/** Reads a key data blob. The key is a copy that the caller wipes. */
export function decodeKeyDataBlob(bytes: Uint8Array, observe?: Observe): Verdict<Uint8Array, KeyDataFault> {
  const read = readLittleEndian<Uint8Array, KeyDataFault['code']>(
    bytes,
    { name: 'BCRYPT_KEY_DATA_BLOB', requirement: 'SKI-81', secret: true, observe },
    (le) => {
      if (le.u32('dwMagic') !== KEY_DATA_MAGIC) le.refuse({ code: 'key_data_magic_unknown', wanted: KEY_DATA_MAGIC }, 'dwMagic', 0)
      le.reveal()
      const version = le.u32('dwVersion')
      if (version !== VERSION) le.refuse({ code: 'key_data_version_unknown', found: version, wanted: VERSION }, 'dwVersion', 4)
      const length = le.announced('cbKeyData')
      if (length.value === 0) le.refuse({ code: 'key_data_empty' }, length.name, length.offset)
      const [key] = le.tail(['key', length])
      return key!
    },
  )
  return read.ok ? accept(Uint8Array.from(read.value)) : read
}

/** Writes a key data blob. The result is a secret of the caller's. An empty key is a `TypeError`. */
export function encodeKeyDataBlob(key: Uint8Array): Uint8Array {
  requireBytes(key, 'key')
  if (key.length === 0) throw new TypeError('key: at least one byte is wanted')
  return writeLittleEndian(u32(KEY_DATA_MAGIC), u32(VERSION), u32(key.length), key)
}

const VERSION = 1
