/**
 * Key pairs of `node:crypto` that are safe to export.
 *
 * In Node 20 a key object that comes straight from `generateKeyPairSync` shares a lock with the job that generated it. An
 * export as JWK holds the lock while it allocates; a garbage collection at that moment destroys the job, which waits for
 * the same lock, for ever. So the pair is written as DER by the job itself and read back.
 * @module
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

/** The kinds of key that tests want. */
export type NativeKind =
  | { readonly type: 'rsa' | 'rsa-pss'; readonly modulusLength: number; readonly publicExponent?: number }
  | { readonly type: 'ec'; readonly namedCurve: string }
  | { readonly type: 'ed25519' }

/** A new key pair. */
export function nativeKeyPair({ type, ...options }: NativeKind): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const encodings = { publicKeyEncoding: { type: 'spki', format: 'der' }, privateKeyEncoding: { type: 'pkcs8', format: 'der' } } as const
  const generate = generateKeyPairSync as unknown as (type: string, options: object) => { readonly privateKey: Buffer; readonly publicKey: Buffer }
  const { privateKey, publicKey } = generate(type, { ...options, ...encodings })
  return {
    privateKey: createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }),
    publicKey: createPublicKey({ key: publicKey, format: 'der', type: 'spki' }),
  }
}
