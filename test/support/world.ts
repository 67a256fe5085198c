/**
 * A whole BYOK world on bytes: a source HSM, a vault and its HSM, a ledger, and target keys to send.
 * @module
 */
import { createHash } from 'node:crypto'
import { Ceremony, type CeremonyOptions, type TransferReport, type TransferRequest } from '../../machines/byok/ceremony.js'
import { Ledger } from '../../machines/ledger.js'
import type { TargetKty } from '../../src/byok/messages.js'
import { PROFILES, type ByokPolicy } from '../../src/byok/policy.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { Curve, EcPublicKey } from '../../src/crypto/keys.js'
import type { Enclave, KeyKind, Operation } from '../../src/enclave/commands.js'
import { softwareEnclave, type SoftwareEnclave } from '../../src/enclave/software.js'

export const VAULT = 'https://hsm1.managedhsm.azure.net'

/** What is asked for a key of a kind: type, curve, and operations. */
export function kindOf(kind: KeyKind): { readonly kty: TargetKty; readonly crv: Curve | null; readonly operations: readonly Operation[] } {
  if (kind.startsWith('rsa')) return { kty: 'RSA', crv: null, operations: ['decrypt', 'encrypt', 'sign', 'verify'] }
  if (kind.startsWith('ec')) return { kty: 'EC', crv: kind.slice(3) as Curve, operations: ['sign', 'verify'] }
  return { kty: 'oct', crv: null, operations: ['decrypt', 'encrypt'] }
}

/** Bytes that anybody can make again: SHA-256 of a label and a counter. */
export function seeded(label: string): (length: number) => Uint8Array {
  let counter = 0
  return (length) => {
    const blocks: Buffer[] = []
    for (let at = 0; at < length; at += 32) blocks.push(createHash('sha256').update(`${label} ${counter++}`).digest())
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length))
  }
}

/** RSA key generation is slow: the same few keys again and again, from a pool that is filled on demand. */
export function pooled<C extends Crypto>(crypto: C, poolSize = 1): C {
  const pool = new Map<number, ReturnType<Crypto['generateRsa']>[]>()
  let next = 0
  return {
    ...crypto,
    generateRsa: (bits: number) => {
      const keys = pool.get(bits) ?? []
      pool.set(bits, keys)
      if (keys.length < poolSize) keys.push(crypto.generateRsa(bits))
      const copy = <K extends object>(key: K): K =>
        Object.fromEntries(Object.entries(key).map(([name, value]) => [name, value instanceof Uint8Array ? value.slice() : (value as unknown)])) as K
      const key = keys[next++ % keys.length]!
      return key instanceof Promise ? key.then(copy) : copy(key)
    },
  }
}

export interface WorldOptions extends Partial<Pick<CeremonyOptions, 'network' | 'onLine' | 'serialised' | 'takesOct'>> {
  readonly crypto: Crypto
  readonly policy?: ByokPolicy
  readonly watched?: boolean
  /** Other HSMs whose evidence the source HSM believes. */
  readonly alsoBelieved?: readonly EcPublicKey[]
  /** Something between role and enclave: bad tokens, slow ones. */
  readonly between?: (enclave: Enclave, of: 'source' | 'vault') => Enclave
}

export interface World {
  readonly ceremony: Ceremony
  readonly ledger: Ledger
  readonly source: SoftwareEnclave
  readonly vault: SoftwareEnclave
  /** Makes a target key at the source and keeps it. */
  makeTarget(label: string, kind: KeyKind): Promise<void>
  transfer(kind: KeyKind, request?: Partial<TransferRequest>): Promise<TransferReport>
}

/** Builds a world. */
export async function world({
  crypto,
  policy = PROFILES.hardened,
  watched = true,
  alsoBelieved = [],
  between = (enclave) => enclave,
  ...options
}: WorldOptions): Promise<World> {
  const ledger = new Ledger()
  const signingKey = await crypto.generateEc('P-256')
  const { type, curve, x, y } = signingKey
  const witness = watched ? { witness: ledger.witness } : {}
  const source = softwareEnclave({
    crypto,
    policy,
    anchors: [{ type, curve, x, y }, ...alsoBelieved.map(({ type, curve, x, y }) => ({ type, curve, x, y }))],
    name: 'source HSM',
    ...witness,
  })
  const vault = softwareEnclave({ crypto, policy, identity: { vault: VAULT, signingKey }, name: 'vault HSM', ...witness })
  const ceremony = new Ceremony({
    policy,
    vault: VAULT,
    takesOct: true,
    now: 1_000_000,
    sourceEnclave: between(source, 'source'),
    vaultEnclave: between(vault, 'vault'),
    ...(watched && { ledger }),
    ...options,
  })
  const makeTarget = async (label: string, kind: KeyKind) => {
    const made = await source.perform('set-up', { type: 'generateKey', label, kind, operations: kindOf(kind).operations, extractable: true })
    if (made?.type !== 'enclave.keyMade') throw new Error(`no target: ${JSON.stringify(made)}`)
    await source.perform('set-up', { type: 'keep', key: made.key })
    await source.perform('set-up', { type: 'close' })
  }
  return {
    ceremony,
    ledger,
    source,
    vault,
    makeTarget,
    transfer: (kind, request = {}) =>
      ceremony.transfer({
        kek: { name: 'kek', bits: 2048, expires: null },
        disposeKek: true,
        target: kind,
        name: `imported-${kind}`,
        ...kindOf(kind),
        generator: 'keyferry test; software enclave',
        ...request,
      }),
  }
}
