/**
 * The ten kinds of key that can travel, as a vault's interface sees them: how they are called in a JWK, what they may be used for,
 * and who takes them.
 *
 * Sizes, curves and operations come from the enclave's table (`kinds.ts`); what a plaintext looks like is said by `target.ts` of the core.
 *
 * Requirements: BYOK-68, BYOK-74, BYOK-108, BYOK-110.
 * @module
 */
import { CURVES, type Curve } from '../crypto/keys.js'
import type { KeyKind, Kid, Operation } from '../enclave/commands.js'
import { KEY_KINDS, KINDS, OPERATIONS, TARGET_OPERATIONS, type KindFacts } from '../enclave/kinds.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { shown } from './display.js'
import { byokFault, type ByokFault } from './faults.js'
import { AZURE_HOSTS, isManagedHsm, parseVault, type VaultHosts } from './kid.js'
import type { TargetKty } from './messages.js'

/** The key types that a vault writes for keys in an HSM. */
export type HsmKty = `${TargetKty}-HSM`

/** One row of the table. */
export interface TargetKind extends KindFacts {
  readonly kind: KeyKind
  /** The type on the wire. */
  readonly hsmKty: HsmKty
  /** What the key may be used for, and is used for where the request does not say. */
  readonly operations: readonly Operation[]
}

/** Every kind, in the order in which tables list them. */
export const TARGET_KINDS: readonly TargetKind[] = KEY_KINDS.map((kind) => {
  const facts = KINDS[kind]
  return { kind, ...facts, hsmKty: `${facts.kty}-HSM`, operations: TARGET_OPERATIONS[facts.kty] }
})

/** The row of a kind. */
export function targetKind(kind: KeyKind): TargetKind {
  const found = TARGET_KINDS.find((each) => each.kind === kind)
  if (!found) throw new TypeError(`targetKind: there is no kind ${kind}`)
  return found
}

/** The row of a key by its type and size, or curve. */
export function judgeTargetKind(kty: TargetKty, size: number | Curve): Verdict<TargetKind, ByokFault<'target_kind_unknown'>> {
  const found = TARGET_KINDS.find((each) => each.kty === kty && size === (each.curve ?? each.bits))
  return found ? accept(found) : refuse(byokFault('target_kind_unknown', { found: shown(`${kty} ${size}`) }))
}

/** The type family behind a `kty` of the wire: `-HSM` types only, in any case. */
export function parseHsmKty(text: string): TargetKty | null {
  return TARGET_KINDS.find(({ hsmKty }) => hsmKty.toLowerCase() === text.toLowerCase())?.kty ?? null
}

/** The curve behind a `crv` of the wire, with the name that old clients use for P-256K. */
export const parseCrv = (text: string): Curve | null => (text === 'SECP256K1' ? 'P-256K' : (CURVES.find((curve) => curve === text) ?? null))

/** Whether the text names an operation. */
export const isOperation = (text: unknown): text is Operation => OPERATIONS.includes(text as Operation)

/** Judges the operations asked for a target. */
export function checkOperations(
  kty: TargetKty,
  operations: readonly Operation[],
): Verdict<readonly Operation[], ByokFault<'operation_import_on_target' | 'operation_not_for_type' | 'operation_twice'>> {
  const allowed = TARGET_OPERATIONS[kty]
  for (const [at, operation] of operations.entries()) {
    const place = { at: `key_ops[${at}]`, found: shown(operation), wanted: allowed.join(', ') }
    if (operation === 'import') return refuse(byokFault('operation_import_on_target', place))
    if (!allowed.includes(operation)) return refuse(byokFault('operation_not_for_type', place))
    if (operations.indexOf(operation) !== at) return refuse(byokFault('operation_twice', { at: place.at, found: place.found }))
  }
  return accept(operations)
}

/** Whether the vault takes symmetric keys: a Managed HSM, by its host. An unknown host does not. */
export const octAllowed = (vault: Kid | string, hosts: VaultHosts = AZURE_HOSTS): boolean => isManagedHsm(vault, hosts)

/** Judges, before anything is wrapped, whether the vault takes a key of this type. */
export function checkDestination(kty: TargetKty, vault: Kid | string, hosts: VaultHosts = AZURE_HOSTS): Verdict<void, ByokFault<'target_oct_not_taken'>> {
  if (kty !== 'oct' || octAllowed(vault, hosts)) return accept(undefined)
  const origin = parseVault(typeof vault === 'string' ? vault : vault.vault)
  return refuse(byokFault('target_oct_not_taken', origin.ok ? { found: origin.value } : {}))
}
