/**
 * RSAPrivateKey and RSAPublicKey of PKCS#1 (RFC 8017 appendix A.1), alone and as the inside of PKCS#8 and SPKI.
 *
 * Two primes only: a key with more is announced by version 1. Whether the numbers belong together is a question for
 * `key-check.ts`.
 *
 * Requirements: BYOK-65, BYOK-70.
 * @module
 */
import { integer, readDer, sequence, smallInteger, writeDer, type DerCode, type DerCursor, type DerElement } from '../bytes/der.js'
import { accept, type Fault, type Verdict } from '../verdict.js'
import { copyKey } from './key-parts.js'
import type { RsaPrivateKey, RsaPublicKey } from './keys.js'

/** What may be wrong with an RSAPrivateKey, apart from its encoding. */
export type Pkcs1Code = 'rsa_version_unknown' | 'rsa_multi_prime'

/** Reads a bare RSAPrivateKey, as `openssl rsa -traditional` writes it. */
export function decodePkcs1PrivateKey(bytes: Uint8Array): Verdict<RsaPrivateKey, Fault<Pkcs1Code | DerCode>> {
  const read = readDer(bytes, readRsaPrivateKey, { secret: true })
  return read.ok ? accept(copyKey(read.value)) : read
}

/** Writes a bare RSAPrivateKey. The result is a secret of the caller's. */
export const encodePkcs1PrivateKey = (key: RsaPrivateKey): Uint8Array => writeDer(writeRsaPrivateKey(key))

/** Reads a bare RSAPublicKey, as `openssl rsa -RSAPublicKey_out` writes it. */
export function decodePkcs1PublicKey(bytes: Uint8Array): Verdict<RsaPublicKey, Fault<DerCode>> {
  const read = readDer(bytes, readRsaPublicKey)
  return read.ok ? accept(copyKey(read.value)) : read
}

/** Writes a bare RSAPublicKey. */
export const encodePkcs1PublicKey = (key: RsaPublicKey): Uint8Array => writeDer(writeRsaPublicKey(key))

/** Reads an RSAPrivateKey inside something else. The parts are windows on the input. */
export function readRsaPrivateKey(der: DerCursor<Pkcs1Code>): RsaPrivateKey {
  return der.sequence('RSAPrivateKey', (inside) => {
    const offset = inside.offset
    const version = inside.smallInteger('version')
    if (version === 1) inside.refuse({ code: 'rsa_multi_prime', found: version, wanted: 0 }, 'version', offset)
    if (version !== 0) inside.refuse({ code: 'rsa_version_unknown', found: version, wanted: 0 }, 'version', offset)
    return {
      type: 'RSA',
      n: inside.integer('modulus'),
      e: inside.integer('publicExponent'),
      d: inside.integer('privateExponent'),
      p: inside.integer('prime1'),
      q: inside.integer('prime2'),
      dp: inside.integer('exponent1'),
      dq: inside.integer('exponent2'),
      qi: inside.integer('coefficient'),
    }
  })
}

/** Writes an RSAPrivateKey for use inside something else. */
export const writeRsaPrivateKey = (key: RsaPrivateKey): DerElement =>
  sequence(smallInteger(0), ...[key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(integer))

/** Reads an RSAPublicKey inside something else. The parts are windows on the input. */
export function readRsaPublicKey(der: DerCursor): RsaPublicKey {
  return der.sequence('RSAPublicKey', (inside) => ({ type: 'RSA', n: inside.integer('modulus'), e: inside.integer('publicExponent') }))
}

/** Writes an RSAPublicKey for use inside something else. */
export const writeRsaPublicKey = (key: RsaPublicKey): DerElement => sequence(integer(key.n), integer(key.e))
