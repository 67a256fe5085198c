/**
 * The header of bound sealed data (84 bytes): everything that the ciphertext is for. What it does not carry, the nonces, is in the keys.
 *
 * Which function wants what is checked in both directions: an import names a container, the PIN functions name none, and have no key
 * specification, no size and nothing to overwrite.
 *
 * Spec: spec/ski-sealed-data.md, SKI-65, SKI-73, SKI-75.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { u16, u32, writeLittleEndian, zeros, type Observe } from '../../bytes/little-endian.js'
import type { Verdict } from '../../verdict.js'
import type { SecureFunction, SessionAlgorithm } from '../enclave/commands.js'
import { ALGORITHMS, algorithmOfCode, DIRECTION_CODE, directionOfCode, FUNCTION_CODE, functionOfCode, MODE_CBC, NO_CONTAINER, type Direction } from './codes.js'
import { coded, containerByte, containerOf, copied, preamble, readFormat, refuseValue, type Format, type FormatCursor, type FormatFault } from './format.js'
import { ID_BYTES } from './keys.js'

/** The length of a header. */
export const HEADER_BYTES = 84

/** What sealed data is for. */
export interface Terms {
  readonly function: SecureFunction
  /** The target container, `null` for the PIN functions and for responses. */
  readonly container: number | null
  /** Whether the container may be overwritten. */
  readonly overwrite: boolean
  /** `CARD_BLOCK_PADDING` or 0. */
  readonly flags: number
  /** The PIN that is to guard the container, or the PIN that the function is about (of a change, the target). */
  readonly pinId: number
  /** `AT_…`, 0 for the PIN functions. */
  readonly keySpec: number
  /** In bits, 0 for the PIN functions. */
  readonly keySize: number
}

/** A header. */
export interface SealedHeader extends Terms {
  readonly direction: Direction
  readonly algorithm: SessionAlgorithm
  readonly blobCount: number
  readonly session: Uint8Array
  readonly cardId: Uint8Array
  /** As long as a block of the algorithm. */
  readonly iv: Uint8Array
  /** The length of the ciphertext, over all blobs. */
  readonly ciphertextBytes: number
}

/** Writes a header. One that {@link decodeHeader} would not take is a `TypeError`. */
export function encodeHeader(header: SealedHeader): Uint8Array {
  const { algorithm, iv, session, cardId, blobCount, ciphertextBytes, flags, pinId, keySpec, keySize } = header
  const { blockBytes, code } = ALGORITHMS[algorithm]
  const container = containerByte(header.container)
  requireBytes(iv, 'iv', blockBytes)
  requireBytes(session, 'session', ID_BYTES)
  requireBytes(cardId, 'cardId', ID_BYTES)
  if (objection(header, container) !== null) throw new TypeError(`header: these terms are none of ${header.function}`)
  return writeLittleEndian(
    preamble(KFSD.magic),
    Uint8Array.of(DIRECTION_CODE[header.direction], FUNCTION_CODE[header.function], code, MODE_CBC, Number(header.overwrite), container, 0),
    u32(flags),
    u32(pinId),
    u32(keySpec),
    u32(keySize),
    u16(blobCount),
    u16(0),
    session,
    cardId,
    iv,
    zeros(IV_FIELD_BYTES - blockBytes),
    u32(ciphertextBytes),
  )
}

/** Reads a header. That it belongs to anything is for the MAC to say. */
export const decodeHeader = (bytes: Uint8Array, observe?: Observe): Verdict<SealedHeader, FormatFault> => readFormat(KFSD, bytes, observe)

/** Whether a structure says the same as the header that it came with (SKI-73). */
export const sameTerms = (header: Terms, structure: Pick<Terms, 'container' | 'pinId' | 'keySpec' | 'keySize'>): boolean =>
  header.container === structure.container && header.pinId === structure.pinId && header.keySpec === structure.keySpec && header.keySize === structure.keySize

function readHeader(cursor: FormatCursor): SealedHeader {
  const direction = coded(cursor, 'direction', directionOfCode)
  const secureFunction = coded(cursor, 'function', functionOfCode)
  const algorithm = coded(cursor, 'algorithm', algorithmOfCode)
  coded(cursor, 'mode', (code) => (code === MODE_CBC ? code : null))
  const overwrite = coded(cursor, 'overwrite', (code) => (code > 1 ? null : code)) === 1
  const containerCode = cursor.u8('container')
  cursor.reserved('reserved', 1)
  const [flags, pinId, keySpec, keySize] = [cursor.u32('flags'), cursor.u32('pinId'), cursor.u32('keySpec'), cursor.u32('keySize')]
  const blobCount = cursor.u16('blobCount')
  cursor.reserved('reserved', 2)
  const [session, cardId] = [copied(cursor, 'session', ID_BYTES), copied(cursor, 'cardId', ID_BYTES)]
  const { blockBytes } = ALGORITHMS[algorithm]
  const iv = copied(cursor, 'iv', blockBytes)
  cursor.reserved('iv', IV_FIELD_BYTES - blockBytes)
  const ciphertextBytes = cursor.u32('ciphertextBytes')
  const container = containerOf(containerCode)
  const header: SealedHeader = {
    ...{ direction, function: secureFunction, algorithm, overwrite, container, flags, pinId, keySpec, keySize },
    ...{ blobCount, session, cardId, iv, ciphertextBytes },
  }
  const wrong = objection(header, containerCode)
  if (wrong) refuseValue(cursor, wrong.name, wrong.offset, wrong.found)
  return header
}

interface Objection {
  readonly name: string
  readonly offset: number
  readonly found: number
}

/** The first field that does not go with the function. */
function objection(header: Terms, container: number): Objection | null {
  const { overwrite, keySpec, keySize } = header
  if ((header.function === 'Import Key Pair') === (container === NO_CONTAINER)) return { name: 'container', offset: 10, found: container }
  if (header.function === 'Import Key Pair') return null
  if (overwrite) return { name: 'overwrite', offset: 9, found: 1 }
  if (keySpec !== 0) return { name: 'keySpec', offset: 20, found: keySpec }
  if (keySize !== 0) return { name: 'keySize', offset: 24, found: keySize }
  return null
}

const KFSD: Format<SealedHeader> = { magic: 'KFSD', requirement: 'SKI-65', read: readHeader }
const IV_FIELD_BYTES = 16
