/**
 * What is fixed about the arguments of a server's commands: which names, numbers and lengths go together. Tables and pure
 * functions over public values.
 *
 * Spec: spec/ski.md, SKI-86, SKI-133, SKI-134, SKI-139, SKI-280, SKI-281.
 * @module
 */
import { fromBase64url } from '../../bytes/base64.js'
import type { PublicKey } from '../../crypto/keys.js'
import { KINDS, kindOf } from '../../enclave/kinds.js'
import { AUTHENTICATE_FLAGS, KEY_SPECS, PIN_CHANGE } from '../constants/index.js'
import { READINGS } from '../readings.js'
import { ALGORITHMS } from '../sealed/codes.js'
import { ID_BYTES } from '../sealed/keys.js'
import type { SecureFunction, SessionAlgorithm, SkiKeyKind } from './commands.js'

/** The kinds of key pair that SKI carries, in the order of its tables. */
export const SKI_KEY_KINDS: readonly SkiKeyKind[] = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521']

/** All session-key algorithms, in the order of their numbers. */
export const SESSION_ALGORITHMS = Object.keys(ALGORITHMS) as readonly SessionAlgorithm[]

/** The kind of a public key, or `null` where SKI carries no such key. */
export function skiKindOf(key: PublicKey): SkiKeyKind | null {
  const kind = kindOf(key)
  return SKI_KEY_KINDS.find((known) => known === kind) ?? null
}

/** `AT_…` values that a key of each kind can have. */
export const KEY_SPECS_OF = Object.fromEntries(
  SKI_KEY_KINDS.map((kind) => {
    const { kty, curve } = KINDS[kind]
    return [kind, KEY_SPECS.filter((spec) => spec.type === kty && spec.curve === curve).map(({ value }) => value as number)]
  }),
) as unknown as Readonly<Record<SkiKeyKind, readonly number[]>>

/** `dwFlags` of the structures of the PIN functions. */
export const PIN_FLAGS: Readonly<Record<Exclude<SecureFunction, 'Import Key Pair'>, readonly number[]>> = {
  Authenticate: [0, AUTHENTICATE_FLAGS.CARD_AUTHENTICATE_GENERATE_SESSION_PIN],
  'Change Authenticator': [PIN_CHANGE.PIN_CHANGE_FLAG_UNBLOCK, PIN_CHANGE.PIN_CHANGE_FLAG_CHANGEPIN],
}

/** `dwFlags` of `MDEncryptData`: block padding, or none for a structure that is whole blocks. */
export const SEAL_FLAGS: readonly number[] = READINGS.encryptFlags

/** The published identifiers of these algorithms, or of all of them. They do not say the size of an AES key. */
export function symmetricNames(algorithms: readonly SessionAlgorithm[] | null): readonly string[] {
  return [...new Set((algorithms ?? SESSION_ALGORITHMS).map((algorithm) => ALGORITHMS[algorithm].name))]
}

/** The algorithm of a published identifier and a key of so many bytes, or `null` where there is none. */
export const algorithmOfName = (name: string, bytes: number): SessionAlgorithm | null =>
  SESSION_ALGORITHMS.find((algorithm) => ALGORITHMS[algorithm].name === name && ALGORITHMS[algorithm].keyBytes === bytes) ?? null

/** Whether a text is an IV for an algorithm, in base64url. */
export function isIv(iv: string, algorithm: SessionAlgorithm): boolean {
  const bytes = fromBase64url(iv)
  return bytes.ok && bytes.value.length === ALGORITHMS[algorithm].blockBytes
}

/** Whether a text is a session id, a nonce or a card id, in base64url. */
export function isId(id: string): boolean {
  const bytes = fromBase64url(id)
  return bytes.ok && bytes.value.length === ID_BYTES
}
