/**
 * The records of a vault's front end: names, their versions, and how one is answered for. Plain public data; pure functions.
 * @module
 */
import type { HsmToVault, VaultAnswer } from '../../src/byok/messages.js'
import type { KeyHandle, Kid, Operation, PublicPart } from '../../src/enclave/commands.js'

/** One version of one key, as the front end knows it. */
export interface KeyVersion {
  readonly version: string
  readonly handle: KeyHandle
  readonly kek: boolean
  readonly key: PublicPart
  readonly operations: readonly Operation[]
  readonly enabled: boolean
  readonly expires: number | null
  readonly evidence: string | null
}

/** By name; the version that was added last is the newest. */
export type KeyRecords = Readonly<Record<string, readonly KeyVersion[]>>

/** The answer for a name or version that is not there. */
export const NOT_FOUND = { status: 404, code: 'KeyNotFound', message: 'A key with this name and version was not found in this vault.' }

/** All versions of a name, oldest first. Names come from strangers: only own members count. */
export const versionsOf = (keys: KeyRecords, name: string): readonly KeyVersion[] => (Object.hasOwn(keys, name) ? keys[name]! : [])

/** The record that a name, and a version or the newest, stand for. */
export const find = (keys: KeyRecords, name: string, version: string | null): KeyVersion | undefined =>
  version === null ? versionsOf(keys, name).at(-1) : versionsOf(keys, name).find((record) => record.version === version)

/** The records with one version more; older ones stay as they were (BYOK-25). */
export const added = (keys: KeyRecords, name: string, record: KeyVersion): KeyRecords => ({ ...keys, [name]: [...versionsOf(keys, name), record] })

/** The records with one version enabled or disabled. */
export const switched = (keys: KeyRecords, name: string, version: string, enabled: boolean): KeyRecords => ({
  ...keys,
  [name]: versionsOf(keys, name).map((record) => (record.version === version ? { ...record, enabled } : record)),
})

/** The records without a name. */
export const without = (keys: KeyRecords, name: string): KeyRecords => Object.fromEntries(Object.entries(keys).filter(([other]) => other !== name))

/** Whether an answer of the HSM brings a new key that no record stands for. The answer that brought a recorded one may come twice. */
export const bringsOrphan = (keys: KeyRecords, answer: HsmToVault): boolean =>
  (answer.type === 'vaultHsm.kekMade' || answer.type === 'vaultHsm.imported') &&
  !Object.values(keys).some((versions) => versions.some(({ handle }) => handle === answer.key))

/** What the vault answers about a key. */
export function keyAnswer(keys: KeyRecords, vault: string, request: string, name: string, version: string | null): VaultAnswer {
  const found = find(keys, name, version)
  if (!found) return { type: 'vault.error', request, ...NOT_FOUND }
  const kid: Kid = { vault, name, version: found.version }
  return { type: 'vault.key', request, kid, key: found.key, operations: found.operations, enabled: found.enabled, evidence: found.evidence }
}
