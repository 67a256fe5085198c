/**
 * Other people's ways to wrap and unwrap: raw calls to `node:crypto`, `micro-rsa-dsa-dh` and `node-forge`. The latter two
 * have no AES key wrap with padding; noble's stands in. Everything that can be made ready beforehand is.
 * @module
 */
import { aeskwp } from '@noble/ciphers/aes.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { mgf1, OAEP } from 'micro-rsa-dsa-dh/rsa.js'
import forge from 'node-forge'
import * as native from 'node:crypto'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'

/** A way to wrap a payload under a fixed KEK, and to undo it. */
export interface Peer {
  readonly wrap: (payload: Uint8Array) => Uint8Array
  readonly unwrap: (blob: Uint8Array) => Uint8Array
}

/** Straight calls, with key objects made beforehand: what everything else is compared with. */
export function rawNode(kek: native.KeyObject): Peer {
  const publicKey = native.createPublicKey(kek)
  const padding = native.constants.RSA_PKCS1_OAEP_PADDING
  const length = kek.asymmetricKeyDetails!.modulusLength! / 8
  return {
    wrap: (payload) => {
      const ephemeral = native.randomBytes(32)
      return Buffer.concat([native.publicEncrypt({ key: publicKey, padding, oaepHash: 'sha1' }, ephemeral), rawKwpWrap(ephemeral, payload)])
    },
    unwrap: (blob) => {
      const ephemeral = native.privateDecrypt({ key: kek, padding, oaepHash: 'sha1' }, blob.subarray(0, length))
      return rawKwpUnwrap(ephemeral, blob.subarray(length))
    },
  }
}

/** AES-KWP by `node:crypto`. */
export function rawKwpWrap(key: Uint8Array, payload: Uint8Array): Buffer {
  const cipher = native.createCipheriv('id-aes256-wrap-pad', key, KWP_IV)
  return Buffer.concat([cipher.update(payload), cipher.final()])
}

/** Undoes {@link rawKwpWrap}. */
export function rawKwpUnwrap(key: Uint8Array, wrapped: Uint8Array): Buffer {
  const decipher = native.createDecipheriv('id-aes256-wrap-pad', key, KWP_IV)
  return Buffer.concat([decipher.update(wrapped), decipher.final()])
}

/** `micro-rsa-dsa-dh`, which works on `bigint`s without CRT or blinding. */
export function micro(kek: RsaPrivateKey): Peer {
  const integer = (bytes: Uint8Array) => BigInt(`0x${hex(bytes)}`)
  const [n, e, d] = [integer(kek.n), integer(kek.e), integer(kek.d)]
  const oaep = OAEP(sha1, mgf1(sha1))
  return {
    wrap: (payload) => {
      const ephemeral = native.randomBytes(32)
      return Buffer.concat([oaep.encrypt({ n, e }, ephemeral), aeskwp(ephemeral).encrypt(payload)])
    },
    unwrap: (blob) => aeskwp(oaep.decrypt({ n, d }, blob.subarray(0, kek.n.length))).decrypt(blob.subarray(kek.n.length)),
  }
}

/** `node-forge`, which has integers, CRT and blinding of its own, kept to its own code. */
export function nodeForge(kek: RsaPrivateKey): Peer {
  useOwnCode()
  const integer = (bytes: Uint8Array) => new forge.jsbn.BigInteger(hex(bytes), 16)
  const publicKey = forge.pki.rsa.setPublicKey(integer(kek.n), integer(kek.e))
  const [n, e, d, p, q, dp, dq, qi] = [kek.n, kek.e, kek.d, kek.p, kek.q, kek.dp, kek.dq, kek.qi].map(integer) as EightIntegers
  const privateKey = forge.pki.rsa.setPrivateKey(n, e, d, p, q, dp, dq, qi)
  const scheme = { md: forge.md.sha1.create(), mgf1: { md: forge.md.sha1.create() } }
  return {
    wrap: (payload) => {
      const ephemeral = native.randomBytes(32)
      const first = Buffer.from(publicKey.encrypt(ephemeral.toString('latin1'), 'RSA-OAEP', scheme), 'latin1')
      return Buffer.concat([first, aeskwp(ephemeral).encrypt(payload)])
    },
    unwrap: (blob) => {
      const first = Buffer.from(blob.subarray(0, kek.n.length)).toString('latin1')
      const ephemeral = Buffer.from(privateKey.decrypt(first, 'RSA-OAEP', scheme), 'latin1')
      return aeskwp(ephemeral).decrypt(blob.subarray(kek.n.length))
    },
  }
}

/** Keeps `node-forge` from calling the platform where it could. Its types do not know of this. */
export function useOwnCode(): void {
  ;(forge as unknown as { options: { usePureJavaScript: boolean } }).options.usePureJavaScript = true
}

type Integer = forge.jsbn.BigInteger
type EightIntegers = [Integer, Integer, Integer, Integer, Integer, Integer, Integer, Integer]

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** RFC 5649 §3. */
const KWP_IV = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6)
