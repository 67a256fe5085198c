/**
 * The ten kinds of key that BYOK carries, as a table: family, size, curve, and what a key of the family may be used for.
 *
 * Requirements: BYOK-68, BYOK-74, BYOK-110.
 * @module
 */
import type { Curve, OctKey, PublicKey } from '../crypto/keys.js'
import { bitLengthOfBytes } from '../crypto/number.js'
import type { KeyKind, Operation } from './commands.js'

/** The families of keys, by their JWK names. */
export type KeyFamily = 'RSA' | 'EC' | 'oct'

/** What a kind of key is. */
export interface KindFacts {
  readonly kty: KeyFamily
  /** Modulus size, size of the curve's order, or key length. */
  readonly bits: number
  readonly curve: Curve | null
}

/** Every kind, by name. */
export const KINDS: Readonly<Record<KeyKind, KindFacts>> = {
  'rsa-2048': { kty: 'RSA', bits: 2048, curve: null },
  'rsa-3072': { kty: 'RSA', bits: 3072, curve: null },
  'rsa-4096': { kty: 'RSA', bits: 4096, curve: null },
  'ec-P-256': { kty: 'EC', bits: 256, curve: 'P-256' },
  'ec-P-256K': { kty: 'EC', bits: 256, curve: 'P-256K' },
  'ec-P-384': { kty: 'EC', bits: 384, curve: 'P-384' },
  'ec-P-521': { kty: 'EC', bits: 521, curve: 'P-521' },
  'oct-128': { kty: 'oct', bits: 128, curve: null },
  'oct-192': { kty: 'oct', bits: 192, curve: null },
  'oct-256': { kty: 'oct', bits: 256, curve: null },
}

/** The names of all kinds, in the order of the table. */
export const KEY_KINDS = Object.keys(KINDS) as readonly KeyKind[]

/** Every operation, in the order in which sets of them are written. */
export const OPERATIONS: readonly Operation[] = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey', 'import']

/** What a target of each family may be used for. `import` is in none of them: it is for a key exchange key alone. */
export const TARGET_OPERATIONS: Readonly<Record<KeyFamily, readonly Operation[]>> = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
  oct: ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'],
}

/** The kind of a key, or `null` where BYOK carries no such key. */
export function kindOf(key: PublicKey | OctKey): KeyKind | null {
  switch (key.type) {
    case 'RSA':
      return kindOfRsa(bitLengthOfBytes(key.n))
    case 'EC':
      return `ec-${key.curve}`
    case 'oct':
      return KEY_KINDS.find((kind) => KINDS[kind].kty === 'oct' && KINDS[kind].bits === 8 * key.k.length) ?? null
  }
}

/** The kind of an RSA key with a modulus of so many bits, or `null`. */
export const kindOfRsa = (bits: number): KeyKind | null => KEY_KINDS.find((kind) => KINDS[kind].kty === 'RSA' && KINDS[kind].bits === bits) ?? null

/** A set of operations in its one written form: in the order of {@link OPERATIONS}, each once, frozen. */
export const operationSet = (operations: readonly Operation[]): readonly Operation[] =>
  Object.freeze(OPERATIONS.filter((operation) => operations.includes(operation)))
