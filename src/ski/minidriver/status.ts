/**
 * Which status a call gets for what becomes of it elsewhere: card or enclave refuse it, the card goes, nobody answers, or
 * another call came first.
 *
 * Spec: spec/ski.md, SKI-17, SKI-29, SKI-120 to SKI-149, SKI-241 to SKI-247; spec/ski-apdu.md, SKI-204.
 * @module
 */
import { minidriverStatusOf, triesLeft } from '../apdu/index.js'
import type { FunctionName } from '../calls.js'
import { STATUS } from '../constants/index.js'
import type { SkiFault } from '../enclave/commands.js'
import { READINGS } from '../readings.js'

export { triesLeft }

/** What may happen to a call under way, or keep one from being begun, by the names of the table `ski-statuses`. */
export const MISHAPS = {
  call_in_progress: STATUS.SCARD_E_UNEXPECTED,
  cancelled: STATUS.SCARD_E_CANCELLED,
  timed_out: STATUS.SCARD_E_COMM_DATA_LOST,
  card_absent: STATUS.SCARD_E_NO_SMARTCARD,
  card_removed: STATUS.SCARD_W_REMOVED_CARD,
  card_reset: STATUS.SCARD_W_RESET_CARD,
  card_unknown: STATUS.SCARD_E_UNKNOWN_CARD,
  transport_failed: STATUS.SCARD_E_COMM_DATA_LOST,
  enclave_failed: STATUS.SCARD_F_INTERNAL_ERROR,
  buffer_too_small: STATUS[READINGS.bufferTooSmall],
} as const

/** The status for a refusal of the server's enclave (no-card mode). */
export const statusOfFault = ({ code }: SkiFault): number => FAULTS[code] ?? STATUS[READINGS.openingRefused]

/** The status for a status word of the card. What is not found is an application, a file or a container, by what was asked for. */
export function statusOfWord(sw: number, asked: FunctionName | null): number {
  switch (asked) {
    case 'CardAcquireContext':
      return sw === NOT_FOUND ? STATUS.SCARD_E_UNKNOWN_CARD : minidriverStatusOf(sw)
    case 'CardReadFile':
    case 'CardWriteFile':
      return sw === NOT_FOUND ? STATUS.SCARD_E_FILE_NOT_FOUND : minidriverStatusOf(sw)
    case 'CardDeriveKey':
    case 'CardDestroyDHAgreement':
      // An agreement is named by an index, not by a handle.
      return sw === NO_SUCH_KEY ? STATUS.SCARD_E_INVALID_PARAMETER : minidriverStatusOf(sw)
    case 'CardDestroyKey':
      // Whatever keeps the card from deleting the material (SKI-17).
      return STATUS.SCARD_E_INVALID_HANDLE
    default:
      return minidriverStatusOf(sw)
  }
}

const NOT_FOUND = 0x6a82
const NO_SUCH_KEY = 0x6a88

const FAULTS: Partial<Readonly<Record<SkiFault['code'], number>>> = {
  handle_unknown: STATUS.SCARD_E_INVALID_HANDLE,
  property_missing: STATUS.SCARD_E_INVALID_PARAMETER,
  property_invalid: STATUS.SCARD_E_INVALID_PARAMETER,
  iv_used: STATUS.SCARD_E_INVALID_PARAMETER,
  format_invalid: STATUS.SCARD_E_INVALID_PARAMETER,
  command_invalid: STATUS.SCARD_E_INVALID_PARAMETER,
  version_too_low: STATUS.ERROR_REVISION_MISMATCH,
  algorithm_not_supported: STATUS.SCARD_E_UNSUPPORTED_FEATURE,
  padding_not_supported: STATUS.SCARD_E_UNSUPPORTED_FEATURE,
  enclave_failed: STATUS.SCARD_F_INTERNAL_ERROR,
}
