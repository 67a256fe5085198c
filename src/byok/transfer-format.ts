/**
 * What the key transfer format fixes: its constants, its caps, and how long a transfer blob may be. Writer, reader and inspection share it.
 *
 * Requirements: BYOK-12, BYOK-61, BYOK-81, BYOK-84, BYOK-85, BYOK-96.
 * @module
 */
import { requireBytes } from '../bytes/bytes.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { byokFault, type ByokFault } from './faults.js'
import { KEK_BITS } from './kek.js'
import type { Transfer } from './messages.js'

/** What a transfer file says. `ciphertext`, C1 ‖ C2, is base64url without padding, whatever the file had. */
export interface TransferFile extends Transfer {
  /** What made the file, in its own words; `null` where the file does not say. Never believed. */
  readonly generator: string | null
}

/** The values that never vary. */
export const TRANSFER_CONSTANTS = { schema_version: '1.0.0', alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' } as const

/** The caps. */
export const TRANSFER_LIMITS = { fileBytes: 65536, depth: 4, blobBytes: 8192 } as const

/** What may be wrong with the length of a blob. */
export type BlobLengthFault = ByokFault<'blob_too_large' | 'blob_too_short' | 'blob_too_long' | 'blob_not_whole_blocks'>

/**
 * Judges the length of a blob by public facts (BYOK-61), and returns the fault, if any. `modulusBytes` is that of the
 * KEK; without it a blob is at fault only where no KEK fits.
 */
export function checkBlobLength(length: number, modulusBytes?: number): BlobLengthFault | null {
  if (length > TRANSFER_LIMITS.blobBytes) return byokFault('blob_too_large', { found: length })
  const moduli = modulusBytes === undefined ? KEK_BITS.map((bits) => bits / 8) : [modulusBytes]
  const least = Math.min(...moduli) + SHORTEST_WRAPPED_TARGET
  const most = Math.max(...moduli) + LONGEST_WRAPPED_TARGET
  if (length < least) return byokFault('blob_too_short', { found: length, wanted: `at least ${least} bytes` })
  if (length > most) return byokFault('blob_too_long', { found: length, wanted: `at most ${most} bytes` })
  // Every modulus is a multiple of 8 bytes itself, so the whole blob is one.
  if (length % 8 !== 0) return byokFault('blob_not_whole_blocks', { found: length, wanted: 'a multiple of 8 bytes' })
  return null
}

/** The two parts of a blob. */
export interface BlobParts {
  /** C1: the ephemeral key under the KEK, as long as the modulus. */
  readonly wrappedEphemeral: Uint8Array
  /** C2: the target under the ephemeral key. */
  readonly wrappedTarget: Uint8Array
}

/** Splits a blob. The length of the first part comes from the KEK that was looked up, never from the blob (BYOK-61). */
export function splitBlob(blob: Uint8Array, modulusBytes: number): Verdict<BlobParts, BlobLengthFault> {
  requireBytes(blob, 'splitBlob')
  if (!KEK_BITS.some((bits) => bits === 8 * modulusBytes)) throw new TypeError('modulusBytes: 256, 384 or 512')
  const fault = checkBlobLength(blob.length, modulusBytes)
  return fault ? refuse(fault) : accept({ wrappedEphemeral: blob.slice(0, modulusBytes), wrappedTarget: blob.slice(modulusBytes) })
}

const SHORTEST_WRAPPED_TARGET = 16
const LONGEST_WRAPPED_TARGET = 4096
