/**
 * What makes a key a key exchange key, judged on its public description: rules K1 to K9 of the BYOK document.
 *
 * Whoever is about to wrap judges the key itself ({@link judgeKekKey}); the vault, which knows the key's state, also judges the use
 * ({@link judgeKekUse}). Time is handed in. What a vault answers to a stranger is not decided here: see `rest.ts`, one refusal for all.
 *
 * Requirements: BYOK-33 to BYOK-41, BYOK-73.
 * @module
 */
import { fromBase64url } from '../bytes/base64.js'
import { bitLengthOfBytes } from '../crypto/number.js'
import type { Kid } from '../enclave/commands.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { shown } from './display.js'
import { byokFault, type ByokFault } from './faults.js'
import { formatKid, parseKid, sameVault, type KidFault } from './kid.js'

/** The sizes of a KEK, in bits. */
export const KEK_BITS = [2048, 3072, 4096] as const

/** The public half of a KEK with what its vault says about it. `n` and `e` are base64url. */
export interface KekKey {
  /** As the key bundle spells it. */
  readonly kty: string
  readonly n: string
  readonly e: string
  readonly operations: readonly string[]
  /** The identifier, as text where it came from outside. */
  readonly kid: Kid | string
}

/** The state of a KEK in its vault. */
export interface KekState {
  readonly kid: Kid | string
  readonly exportable: boolean
  readonly enabled: boolean
  /** First second of validity, Unix time, or `null`. */
  readonly notBefore: number | null
  /** First second after validity, Unix time, or `null`. */
  readonly expires: number | null
  readonly deleted: boolean
}

/** What may be wrong with a KEK as a key. */
export type KekKeyFault =
  KidFault | ByokFault<'kek_kty_wrong' | 'kek_size_not_allowed' | 'kek_modulus_invalid' | 'kek_exponent_invalid' | 'kek_operations_wrong'>

/** What may be wrong with using a KEK here and now. */
export type KekUseFault = KidFault | ByokFault<'kek_other_vault' | 'kek_exportable' | 'kek_disabled' | 'kek_not_yet_valid' | 'kek_expired' | 'kek_deleted'>

/** A KEK that may be used. */
export interface JudgedKek {
  readonly kid: Kid
  readonly bits: number
  /** The length of C1, in bytes. */
  readonly modulusBytes: number
  /** Limits of services further down, for a person to know; never a reason to refuse (K9). */
  readonly advice: readonly string[]
}

/** K1, K2, K3, K6 and the exponent: may anything be wrapped under this key? */
export function judgeKekKey(kek: KekKey): Verdict<JudgedKek, KekKeyFault> {
  if (kek.kty !== 'RSA-HSM') return refuse(byokFault('kek_kty_wrong', { found: shown(kek.kty) }))
  const bits = judgeKekNumbers(kek)
  if (!bits.ok) return bits
  if (!isImportOnly(kek.operations)) return refuse(byokFault('kek_operations_wrong', { found: shown(kek.operations.join(', ')) }))
  const kid = readKid(kek.kid)
  if (!kid.ok) return kid
  return accept({ kid: kid.value, bits: bits.value, modulusBytes: bits.value / 8, advice: adviseOnKekSize(bits.value) })
}

/** K4, K5, K7 and K8: may an import into `vault` use this KEK at `now` (Unix seconds)? */
export function judgeKekUse(state: KekState, vault: string, now: number): Verdict<Kid, KekUseFault> {
  const kid = readKid(state.kid)
  if (!kid.ok) return kid
  if (!sameVault(kid.value, vault)) return refuse(byokFault('kek_other_vault', { found: kid.value.vault, wanted: shown(vault) }))
  if (state.deleted) return refuse(byokFault('kek_deleted'))
  if (state.exportable) return refuse(byokFault('kek_exportable'))
  if (!state.enabled) return refuse(byokFault('kek_disabled'))
  if (state.notBefore !== null && now < state.notBefore) return refuse(byokFault('kek_not_yet_valid', { found: now, wanted: state.notBefore }))
  if (state.expires !== null && now >= state.expires) return refuse(byokFault('kek_expired', { found: now, wanted: state.expires }))
  return accept(kid.value)
}

/** All rules, K1 to K8; the accepted value carries the advice of K9. */
export function judgeKek(kek: KekKey & KekState, vault: string, now: number): Verdict<JudgedKek, KekKeyFault | KekUseFault> {
  const key = judgeKekKey(kek)
  if (!key.ok) return key
  const use = judgeKekUse(kek, vault, now)
  return use.ok ? key : use
}

/** The numbers alone, as a PEM file has them: the size of the modulus in bits, if both are allowed. */
export function judgeKekNumbers({
  n,
  e,
}: Pick<KekKey, 'n' | 'e'>): Verdict<number, ByokFault<'kek_size_not_allowed' | 'kek_modulus_invalid' | 'kek_exponent_invalid'>> {
  const modulus = fromBase64url(n)
  if (!modulus.ok || !isOddInteger(modulus.value)) return refuse(byokFault('kek_modulus_invalid'))
  const bits = bitLengthOfBytes(modulus.value)
  if (!isKekSize(bits)) return refuse(byokFault('kek_size_not_allowed', { found: bits }))

  const exponent = fromBase64url(e)
  if (!exponent.ok || !isOddInteger(exponent.value) || exponent.value.length > 8 || (exponent.value.length === 1 && exponent.value[0] === 1))
    return refuse(byokFault('kek_exponent_invalid', { found: shown(e) }))
  return accept(bits)
}

/** Whether a KEK may have this size. */
export const isKekSize = (bits: number): boolean => (KEK_BITS as readonly number[]).includes(bits)

/** Whether the operations are exactly those of a KEK. */
export const isImportOnly = (operations: readonly string[]): boolean => operations.length === 1 && operations[0] === 'import'

/** K9: which services would not take a key of this size, as sentences. */
export function adviseOnKekSize(bits: number): readonly string[] {
  return bits > 3072 ? ['Some services that use imported keys take 2048 and 3072 bits only (transparent data encryption of Azure SQL, for example).'] : []
}

const readKid = (kid: Kid | string): Verdict<Kid, KidFault> => parseKid(typeof kid === 'string' ? kid : formatKid(kid))
// A leading zero byte would be a second spelling of the same key.
const isOddInteger = (bytes: Uint8Array) => bytes.length > 0 && bytes[0] !== 0 && bytes.at(-1)! % 2 === 1
