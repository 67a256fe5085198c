/**
 * What a key consists of: its public part, a copy of it, and its secrets overwritten.
 *
 * Decoders work on windows on their input and copy a key once they are sure of it; whoever is done with a key wipes it.
 * @module
 */
import { wipe } from '../bytes/bytes.js'
import type { EcPublicKey, PublicKey, RsaPublicKey, TargetKey } from './keys.js'

/** A key of the same kind whose bytes share nothing with the original. */
export function copyKey<K extends PublicKey | TargetKey>(key: K): K {
  return Object.fromEntries(
    Object.entries(key).map(([name, part]: [string, unknown]) => [name, part instanceof Uint8Array ? Uint8Array.from(part) : part]),
  ) as unknown as K
}

/** The public part alone, as an object of its own that shares bytes with the key. */
export function publicPart(key: RsaPublicKey): RsaPublicKey
export function publicPart(key: EcPublicKey): EcPublicKey
export function publicPart(key: PublicKey): PublicKey
export function publicPart(key: PublicKey): PublicKey {
  return key.type === 'RSA' ? { type: 'RSA', n: key.n, e: key.e } : { type: 'EC', curve: key.curve, x: key.x, y: key.y }
}

/** Overwrites the secret parts; the public ones stay readable. */
export function wipeKey(key: PublicKey | TargetKey): void {
  for (const [name, part] of Object.entries(key) as [string, unknown][]) if (SECRET_PARTS.has(name) && part instanceof Uint8Array) wipe(part)
}

const SECRET_PARTS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
