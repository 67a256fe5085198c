/**
 * Which status a call gets when card or enclave refuse what it asks.
 *
 * Spec: spec/ski.md, SKI-29, SKI-120 to SKI-149; spec/ski-apdu.md, SKI-204.
 * @module
 */
import { minidriverStatusOf } from '../apdu/index.js'
import type { FunctionName } from '../calls.js'
import { STATUS } from '../constants/index.js'
import type { SkiFault } from '../enclave/commands.js'

/** The status for a refusal of the server's enclave (no-card mode). */
export const statusOfFault = ({ code }: SkiFault): number => FAULTS[code] ?? STATUS.SCARD_E_UNEXPECTED

/** The status for a status word of the card. What is not found is a file or a container, by what was asked for. */
export function statusOfWord(sw: number, asked: FunctionName | null): number {
  if (sw === NOT_FOUND && (asked === 'CardReadFile' || asked === 'CardWriteFile')) return STATUS.SCARD_E_FILE_NOT_FOUND
  // An agreement is named by an index, not by a handle.
  if (sw === NO_SUCH_KEY && (asked === 'CardDeriveKey' || asked === 'CardDestroyDHAgreement')) return STATUS.SCARD_E_INVALID_PARAMETER
  return minidriverStatusOf(sw)
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
  pin_wrong: STATUS.SCARD_W_WRONG_CHV,
  pin_blocked: STATUS.SCARD_W_CHV_BLOCKED,
  enclave_failed: STATUS.SCARD_F_INTERNAL_ERROR,
}
