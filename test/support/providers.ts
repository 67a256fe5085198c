/**
 * The providers that every vector runs on, and keys for them that `node:crypto` made.
 * @module
 */
import { randomFillSync } from 'node:crypto'
import type { Crypto, Random } from '../../src/crypto/crypto.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { pure } from '../../src/crypto/pure.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { webCrypto } from '../../tools/web/crypto.js'
import { nativeKeyPair } from './native.js'

/** Bytes from the operating system. */
export const systemRandom: Random = (length) => randomFillSync(new Uint8Array(length))

/** `pure`, `node` and `web`. */
export const providers: readonly Crypto[] = [pure(systemRandom), nodeCrypto(), webCrypto()]

/** Bytes that depend on the label alone: xorshift, for tests that want to see the same run twice. */
export function seededRandom(label: string): Random {
  let state = [...label].reduce((sum, character) => Math.imul(sum ^ character.charCodeAt(0), 0x01000193), 0x811c9dc5) | 1
  return (length) =>
    new Uint8Array(length).map(() => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (Math.imul(state, 0x9e3779b1) >>> 24) & 0xff
    })
}

/** A random source that hands out these bytes, in this order, and nothing else. */
export function givenRandom(...bytes: readonly Uint8Array[]): Random {
  const rest = [...bytes]
  return (length) => {
    const next = rest.shift()
    if (next?.length !== length) throw new Error(`random bytes were asked for that the test does not hand out: ${length}`)
    return Uint8Array.from(next)
  }
}

/** The numbers of an RSA key in a JWK. */
export function rsaFromJwk(jwk: Readonly<Record<string, unknown>>): RsaPrivateKey {
  const number = (name: string) => Uint8Array.from(Buffer.from(String(jwk[name]), 'base64url'))
  return { type: 'RSA', n: number('n'), e: number('e'), d: number('d'), p: number('p'), q: number('q'), dp: number('dp'), dq: number('dq'), qi: number('qi') }
}

/** A new RSA key, as numbers and as native key objects. */
export function newRsa(bits: number) {
  const { privateKey, publicKey } = nativeKeyPair({ type: 'rsa', modulusLength: bits })
  return { key: rsaFromJwk({ ...privateKey.export({ format: 'jwk' }) }), privateKey, publicKey }
}

/** An integer from big-endian bytes, without the code under test. */
export const big = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`))

/** The fewest bytes of an integer, without the code under test. */
export const bytesOf = (value: bigint): Uint8Array => {
  const digits = value.toString(16)
  return Uint8Array.from(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'))
}

/** Whether a call throws, or rejects with, a `TypeError`. */
export async function isCallersMistake(call: () => unknown): Promise<boolean> {
  try {
    await call()
    return false
  } catch (error) {
    return error instanceof TypeError
  }
}
