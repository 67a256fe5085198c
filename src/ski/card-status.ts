/**
 * Which status word a card gives for which refusal of its enclave. Everything that depends on secret bytes is one word
 * (SKI-29, SKI-72); a PIN's own words come only where the enclave says so (SKI-217).
 *
 * Spec: spec/ski-apdu.md, SKI-192.
 * @module
 */
import type { SkiFault } from './enclave/commands.js'

/** The status word for a refusal: ISO 7816-4 §5.6, as a number. */
export function statusWordOf(fault: SkiFault): number {
  if (fault.code === 'pin_wrong') return 0x63c0 + triesOf(fault.found)
  return WORDS[fault.code]
}

/** What a card says when it is asked while it works, or when a person declines at the PIN pad. */
export const BUSY = 0x6985
/** The person at the PIN pad did not enter a PIN. */
export const DECLINED = 0x6401
/** The card does not do this. */
export const NOT_SUPPORTED = 0x6a81
/** There is no such file. */
export const NO_SUCH_FILE = 0x6a82

const WORDS: Readonly<Record<Exclude<SkiFault['code'], 'pin_wrong'>, number>> = {
  sealed_refused: 0x6f00,
  pin_blocked: 0x6983,
  proof_refused: 0x6982,
  handle_unknown: 0x6a88,
  container_empty: 0x6a82,
  container_occupied: 0x6a84,
  container_unknown: 0x6a86,
  purpose_not_allowed: 0x6985,
  not_authenticated: 0x6982,
  property_missing: 0x6985,
  property_invalid: 0x6a80,
  algorithm_not_supported: 0x6a81,
  padding_not_supported: 0x6a80,
  format_invalid: 0x6a80,
  version_too_low: 0x6a80,
  iv_used: 0x6985,
  certificate_request_invalid: 0x6a80,
  no_room: 0x6a84,
  pin_unknown: 0x6a86,
  command_invalid: 0x6a80,
  conversation_closed: 0x6f00,
  enclave_failed: 0x6f00,
}

/** A word has room for fifteen tries. */
const triesOf = (found: unknown): number => (typeof found === 'number' && found >= 0 && found <= 15 ? found : 0)
