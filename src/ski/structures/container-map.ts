/**
 * `CONTAINER_MAP_RECORD` and the file `mscp/cmapfile` that is made of them: which containers a card has, by name.
 *
 *   0 name, 40 UTF-16LE units with a NUL behind it and zeros after that · 80 bFlags · 81 reserved · 82 signature key bits
 *   84 exchange key bits; 86 bytes
 *
 * A record's position in the file is the container's index. A zeroed record is free; the file is not compacted when a
 * container goes.
 *
 * Requirements: SKI-92, SKI-102.
 * @module
 */
import { concat } from '../../bytes/bytes.js'
import { readLittleEndian, u16, u8, writeLittleEndian, zeros, type LittleEndianCursor, type Observe, type StructureCode } from '../../bytes/little-endian.js'
import type { Fault, Verdict } from '../../verdict.js'
import { CONTAINER_FLAGS } from '../constants/flags.js'
import { bytesToUnits, loneSurrogate, unitsOf, unitsToBytes, unitsToText } from './wide-text.js'

/** What may be wrong with a record. */
export type ContainerRecordCode =
  'container_flags_unknown' | 'container_name_empty' | 'container_name_unterminated' | 'container_name_surrogate' | 'container_name_tail_not_zero'

/** A {@link ContainerRecordCode} or a fault of the layout, with its place. */
export type ContainerRecordFault = Fault<StructureCode | ContainerRecordCode>

/** What may be wrong with the file. */
export type ContainerMapFault = ContainerRecordFault | Fault<'container_map_too_long'>

/** One container. */
export interface ContainerRecord {
  /** 1 to 39 UTF-16 units. */
  readonly name: string
  /** Whether it is the default container. */
  readonly isDefault: boolean
  /** Size of the signature key, 0 where there is none. */
  readonly signatureBits: number
  /** Size of the exchange key, 0 where there is none. */
  readonly exchangeBits: number
}

/** Bytes of a record. */
export const CONTAINER_RECORD_BYTES = 86

/** The longest name, in UTF-16 units. */
export const CONTAINER_NAME_UNITS = 39

/** The most records: an index is one byte. */
export const CONTAINER_MAP_RECORDS = 256

/** Reads one record; `null` is a free one. */
export function decodeContainerRecord(bytes: Uint8Array, observe?: Observe): Verdict<ContainerRecord | null, ContainerRecordFault> {
  return readLittleEndian(bytes, { name: 'CONTAINER_MAP_RECORD', requirement: 'SKI-92', observe }, (le: LittleEndianCursor<ContainerRecordCode>) =>
    readRecord(le, bytes, ''),
  )
}

/** Writes one record; `null` is a free one. A name that does not fit, a size of more than 16 bits, is a `TypeError`. */
export function encodeContainerRecord(record: ContainerRecord | null): Uint8Array {
  if (record === null) return new Uint8Array(CONTAINER_RECORD_BYTES)
  const units = unitsOf(record.name)
  if (units.length === 0 || units.length > CONTAINER_NAME_UNITS) throw new TypeError(`name: 1 to ${CONTAINER_NAME_UNITS} UTF-16 units are wanted`)
  const name = unitsToBytes(units)
  const flags = record.isDefault ? VALID | DEFAULT : VALID
  return writeLittleEndian(name, zeros(NAME_BYTES - name.length), u8(flags), u8(0), u16(record.signatureBits), u16(record.exchangeBits))
}

/** Reads the file: a list whose positions are the indexes. */
export function decodeContainerMap(bytes: Uint8Array, observe?: Observe): Verdict<readonly (ContainerRecord | null)[], ContainerMapFault> {
  return readLittleEndian(bytes, { name: 'cmapfile', requirement: 'SKI-92', observe }, (le: LittleEndianCursor<ContainerMapFault['code']>) => {
    const records: (ContainerRecord | null)[] = []
    while (le.left > 0) {
      if (records.length === CONTAINER_MAP_RECORDS)
        le.refuse({ code: 'container_map_too_long', found: Math.ceil(bytes.length / CONTAINER_RECORD_BYTES), wanted: CONTAINER_MAP_RECORDS })
      records.push(readRecord(le, bytes, `[${records.length}].`))
    }
    return records
  })
}

/** Writes the file. More than 256 records are a `TypeError`. */
export function encodeContainerMap(records: readonly (ContainerRecord | null)[]): Uint8Array {
  if (records.length > CONTAINER_MAP_RECORDS) throw new TypeError(`records: at most ${CONTAINER_MAP_RECORDS} are wanted`)
  return concat(...records.map(encodeContainerRecord))
}

/** The lowest index that holds nothing, on a card with so many containers; `null` where all are taken. */
export function firstFreeContainer(records: readonly (ContainerRecord | null)[], containers: number): number | null {
  for (let index = 0; index < containers; index++) if ((records[index] ?? null) === null) return index
  return null
}

function readRecord<C extends string>(cursor: LittleEndianCursor<C | ContainerRecordCode>, bytes: Uint8Array, prefix: string): ContainerRecord | null {
  const le = cursor as LittleEndianCursor<ContainerRecordCode>
  const start = le.offset
  const units = bytesToUnits(le.bytes(`${prefix}wszGuid`, NAME_BYTES))
  const flags = le.u8(`${prefix}bFlags`)
  le.reserved(`${prefix}bReserved`, 1)
  const [signatureBits, exchangeBits] = [le.u16(`${prefix}wSigKeySizeBits`), le.u16(`${prefix}wKeyExchangeKeySizeBits`)]
  if (bytes.subarray(start, le.offset).every((byte) => byte === 0)) return null

  if (flags !== VALID && flags !== (VALID | DEFAULT))
    le.refuse({ code: 'container_flags_unknown', found: flags, wanted: '1 or 3, or a record of zeros' }, `${prefix}bFlags`, start + NAME_BYTES)
  const nameFault = (code: ContainerRecordCode, unit: number) => le.refuse({ code }, `${prefix}wszGuid`, start + 2 * unit)
  const length = units.indexOf(0)
  if (length < 0) return nameFault('container_name_unterminated', CONTAINER_NAME_UNITS)
  if (length === 0) nameFault('container_name_empty', 0)
  const rest = units.findIndex((unit, at) => at > length && unit !== 0)
  if (rest >= 0) nameFault('container_name_tail_not_zero', rest)
  const lone = loneSurrogate(units, 0, length)
  if (lone >= 0) nameFault('container_name_surrogate', lone)
  return { name: unitsToText(units.slice(0, length)), isDefault: (flags & DEFAULT) !== 0, signatureBits, exchangeBits }
}

const NAME_BYTES = 2 * (CONTAINER_NAME_UNITS + 1)
const { CONTAINER_MAP_VALID_CONTAINER: VALID, CONTAINER_MAP_DEFAULT_CONTAINER: DEFAULT } = CONTAINER_FLAGS
