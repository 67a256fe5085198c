/**
 * Keys of `node:crypto`, which stand for the enclave's: their public parts as the library knows them, and signatures in the form
 * of the crypto core.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { sign, type KeyObject } from 'node:crypto'
import type { Curve, PublicKey } from '../../src/crypto/keys.js'
import type { PkiFault, Unsigned } from '../../src/ski/pki.js'
import type { Verdict } from '../../src/verdict.js'
import { nativeKeyPair } from '../support/native.js'

/** The kinds of key that certificates are made for here. */
export const KINDS = ['RSA-2048', 'P-256', 'P-384', 'P-521', 'P-256K'] as const

/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number]

/** A key pair, and what an enclave would do with it. */
export interface Signer {
  readonly kind: Kind
  readonly key: PublicKey
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** A signature in the form of the core. */
  sign(message: Uint8Array): Uint8Array
}

/** The hash that a kind of key signs with. */
export const HASH: Readonly<Record<Kind, string>> = { 'RSA-2048': 'sha256', 'P-256': 'sha256', 'P-256K': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' }

const CURVE_NAME: Readonly<Record<Curve, string>> = { 'P-256': 'prime256v1', 'P-256K': 'secp256k1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }

/** A new key pair. */
export function newSigner(kind: Kind): Signer {
  const pair = nativeKeyPair(kind === 'RSA-2048' ? { type: 'rsa', modulusLength: 2048 } : { type: 'ec', namedCurve: CURVE_NAME[kind] })
  const jwk = pair.publicKey.export({ format: 'jwk' })
  const part = (name: 'n' | 'e' | 'x' | 'y') => Uint8Array.from(Buffer.from(jwk[name] ?? '', 'base64url'))
  return {
    kind,
    key: kind === 'RSA-2048' ? { type: 'RSA', n: part('n'), e: part('e') } : { type: 'EC', curve: kind, x: part('x'), y: part('y') },
    ...pair,
    sign: (message) => Uint8Array.from(sign(HASH[kind], message, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

const made = new Map<Kind, Signer>()

/** The key pair of a kind that this process uses again and again. */
export function signerOf(kind: Kind): Signer {
  let signer = made.get(kind)
  if (!signer) made.set(kind, (signer = newSigner(kind)))
  return signer
}

/** The document, signed. */
export const signedBy = (signer: Signer, unsigned: Unsigned): Uint8Array => unsigned.signed(signer.sign(unsigned.toBeSigned))

/** What was accepted; a fault fails the test. */
export function accepted<T>(verdict: Verdict<T, PkiFault>): T {
  if (!verdict.ok) throw new Error(`refused: ${JSON.stringify(verdict.fault)}`)
  return verdict.value
}

/** The fault of what was refused; anything else fails the test. */
export function refused(verdict: Verdict<unknown, PkiFault>): PkiFault {
  if (verdict.ok) throw new Error('accepted')
  return verdict.fault
}

/** What an openssl command says on both streams, however it ends. */
export function said(command: string): string {
  const { stdout, stderr } = spawnSync('openssl', command.split(' '), { encoding: 'utf8' })
  return stdout + stderr
}

/** DER as PEM. */
export const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`

/** DER from PEM. */
export const fromPem = (text: string | Uint8Array): Uint8Array =>
  Uint8Array.from(
    Buffer.from(
      Buffer.from(text)
        .toString('latin1')
        .replace(/-----[^-]+-----/g, ''),
      'base64',
    ),
  )
