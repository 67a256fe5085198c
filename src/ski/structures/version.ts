/**
 * `dwVersion`, the first member of most structures.
 *
 * The structures of secure key injection have version 7; a lower one is refused with a code of its own, because the interface
 * has a status of its own for it, and 0 counts as 1. What a higher one would look like nobody has said. Structures that a
 * minidriver fills in have the version that it writes, and no other is read.
 *
 * Requirement: SKI-101.
 * @module
 */
import type { LittleEndianCursor } from '../../bytes/little-endian.js'
import type { Fault } from '../../verdict.js'
import { STATUS } from '../constants/status.js'
import { READINGS } from '../readings.js'

/** What may be wrong with a version. */
export type VersionCode = 'revision_too_low' | 'revision_unknown'

/** The version of `CARD_IMPORT_KEYPAIR`, `CARD_AUTHENTICATE`, `CARD_CHANGE_AUTHENTICATOR` and their responses. */
export const STRUCTURE_VERSION = 7

/** The version that a caller means: 0 counts as 1. */
export const revisionOf = (dwVersion: number): number => (dwVersion === 0 ? 1 : dwVersion)

/** Reads `dwVersion`, which has to be `wanted`. */
export function readVersion<C extends string>(le: LittleEndianCursor<C>, wanted: number): void {
  const offset = le.offset
  const found = le.u32('dwVersion')
  if (found === wanted) return
  const code = revisionOf(found) < wanted ? 'revision_too_low' : 'revision_unknown'
  // Any secret could begin with a high number; one below eight is not what a secret looks like, and a person wants to see it.
  if (code === 'revision_too_low') le.reveal()
  ;(le as LittleEndianCursor<string>).refuse({ code, found, wanted, requirement: 'SKI-101' }, 'dwVersion', offset)
}

/** The status with which a minidriver answers a structure that it cannot read. */
export function structureStatus({ code }: Fault): number {
  return code === ('revision_too_low' satisfies VersionCode) ? STATUS.ERROR_REVISION_MISMATCH : STATUS[READINGS.structureVersionHigh]
}
