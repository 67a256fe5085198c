/**
 * Key specs: the small numbers by which containers and `CARD_IMPORT_KEYPAIR` say what sort of key they hold.
 *
 * Requirement: SKI-86.
 * @module
 */
import { curveFacts } from '../../crypto/ec.js'
import type { PublicKey } from '../../crypto/keys.js'
import { bitLengthOfBytes } from '../../crypto/number.js'
import type { CardCurve, KeyUse } from './names.js'

/** One key spec. */
export interface KeySpec {
  readonly name: string
  readonly value: number
  readonly type: 'RSA' | 'EC'
  readonly use: KeyUse
  /** `null` for RSA. */
  readonly curve: CardCurve | null
}

/** Every key spec. */
export const KEY_SPECS = [
  { name: 'AT_KEYEXCHANGE', value: 1, type: 'RSA', use: 'exchange', curve: null },
  { name: 'AT_SIGNATURE', value: 2, type: 'RSA', use: 'signature', curve: null },
  { name: 'AT_ECDSA_P256', value: 3, type: 'EC', use: 'signature', curve: 'P-256' },
  { name: 'AT_ECDSA_P384', value: 4, type: 'EC', use: 'signature', curve: 'P-384' },
  { name: 'AT_ECDSA_P521', value: 5, type: 'EC', use: 'signature', curve: 'P-521' },
  { name: 'AT_ECDHE_P256', value: 6, type: 'EC', use: 'exchange', curve: 'P-256' },
  { name: 'AT_ECDHE_P384', value: 7, type: 'EC', use: 'exchange', curve: 'P-384' },
  { name: 'AT_ECDHE_P521', value: 8, type: 'EC', use: 'exchange', curve: 'P-521' },
] as const satisfies readonly KeySpec[]

/** Name → number. */
export const KEY_SPEC = Object.fromEntries(KEY_SPECS.map(({ name, value }) => [name, value])) as {
  readonly [Entry in (typeof KEY_SPECS)[number] as Entry['name']]: Entry['value']
}

/** The key spec of a number, or `null`. */
export function keySpec(value: number): KeySpec | null {
  return KEY_SPECS.find((spec) => spec.value === value) ?? null
}

/** The number for a key and what it is for, or `null` where no key spec fits (P-256K). */
export function keySpecOf(key: PublicKey, use: KeyUse): number | null {
  const curve = key.type === 'EC' ? key.curve : null
  return KEY_SPECS.find((spec) => spec.use === use && spec.curve === curve)?.value ?? null
}

/** The size of a key as `dwKeySize` says it, in bits: modulus or field. */
export function keySizeOf(key: PublicKey): number {
  return key.type === 'RSA' ? bitLengthOfBytes(key.n) : curveFacts(key.curve).bits
}
