/**
 * The three bytes of an establishment (KFPK) that a command and its establishment have in common: algorithm, padding, hash.
 * The APDU has them once, inside the establishment; the message has them beside it, so that a card's rules can be asked
 * before its proof is. They are nothing but a claim until the enclave has verified the proof (SKI-51).
 *
 * Spec: spec/ski-apdu.md, SKI-197, SKI-203; spec/ski-sealed-data.md, SKI-76.
 * @module
 */
import { utf8, equalBytes } from '../../bytes/bytes.js'
import type { SessionAlgorithm, WrapPadding } from '../enclave/commands.js'
import { algorithmOfCode, wrapPaddingOfCodes } from '../sealed/codes.js'

/** What an establishment says of itself. */
export interface EstablishmentCodes {
  readonly algorithm: SessionAlgorithm | null
  /** `null` also where nothing is wrapped by RSA. */
  readonly padding: WrapPadding | null
}

/** Reads the codes; `null` where there is no establishment. */
export function establishmentCodes(bytes: Uint8Array): EstablishmentCodes | null {
  if (bytes.length < FIXED_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return null
  const [algorithm = 0, padding = 0, hash = 0] = bytes.subarray(ALGORITHM_AT)
  return { algorithm: algorithmOfCode(algorithm), padding: wrapPaddingOfCodes(padding, hash) }
}

const MAGIC = utf8('KFPK')
const ALGORITHM_AT = 6
const FIXED_BYTES = 80
