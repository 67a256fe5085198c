/**
 * The provider on WebCrypto: RSA-OAEP, RSASSA-PKCS1-v1_5, ECDH and ECDSA by `SubtleCrypto` where it has them, everything
 * else by the core (WebCrypto has no AES-KWP, no encryption by PKCS#1 v1.5, no CBC without padding, no secp256k1, and one
 * hash for OAEP and MGF1 alike). What is taken and what is refused is decided by the core, so that this provider is as
 * strict as `pure`.
 *
 * It runs in browsers and in Node; `SubtleCrypto` and its source of randomness are the platform's unless handed in.
 * @module
 */
import { concat, requireBytes, wipe } from '../../src/bytes/bytes.js'
import { decryptionFailed, kwpUnwrap, kwpWrap } from '../../src/crypto/aes.js'
import type { Crypto, DecryptionFailed, OaepParameters } from '../../src/crypto/crypto.js'
import { checkEcPoint, curveFacts, ecdhX, ecdsaSign, ecdsaVerify, isEcScalar, uncompressedPoint } from '../../src/crypto/ec.js'
import { publicPart } from '../../src/crypto/key-parts.js'
import type { Curve, EcPrivateKey, Hash, PrivateKey, PublicKey, RsaPrivateKey, RsaPublicKey } from '../../src/crypto/keys.js'
import { oaepCapacity, oaepDecrypt, oaepEncrypt } from '../../src/crypto/oaep.js'
import { decodePkcs8, encodePkcs8 } from '../../src/crypto/pkcs8.js'
import { pure } from '../../src/crypto/pure.js'
import { oaepOf, requireWrappable, unwrapByAsync } from '../../src/crypto/rsa-aes-key-wrap.js'
import { requireRsaBits } from '../../src/crypto/rsa-keygen.js'
import { hashLength } from '../../src/crypto/hash.js'
import { isBelowModulus } from '../../src/crypto/rsa.js'
import { emsaPkcs1, requireEmsaPkcs1 } from '../../src/crypto/rsassa.js'
import { encodeSpki } from '../../src/crypto/spki.js'
import { accept, type Verdict } from '../../src/verdict.js'

/** Fills an array with random bytes and returns it, like `crypto.getRandomValues`. */
export type GetRandomValues = (array: Uint8Array<ArrayBuffer>) => Uint8Array

/** The provider on WebCrypto, with imported keys of its own. */
export function webCrypto(
  subtle: SubtleCrypto = globalThis.crypto.subtle,
  getRandomValues: GetRandomValues = (array) => globalThis.crypto.getRandomValues(array),
): Crypto {
  const random = (length: number): Uint8Array => getRandomValues(new Uint8Array(length))
  const core = pure(random)
  const keys = importedKeys(subtle)

  const encryptOaep = async (key: RsaPublicKey, message: Uint8Array, parameters: OaepParameters): Promise<Uint8Array> => {
    const { hash, mgf1, label } = parameters
    requireBytes(message, 'message')
    const capacity = oaepCapacity(key.n.length, hash)
    if (message.length > capacity) throw new TypeError(`message: at most ${capacity} bytes are wanted, ${message.length} were given`)
    if (hash !== mgf1) return oaepEncrypt(key, message, parameters, random(hashLength(hash)))
    const imported = await keys.of(publicPart(key), key, `encrypt ${hash}`, { name: 'RSA-OAEP', hash }, 'encrypt')
    return new Uint8Array(await subtle.encrypt(oaepAlgorithm(label), imported, source(message)))
  }

  const decryptOaep = async (key: RsaPrivateKey, ciphertext: Uint8Array, parameters: OaepParameters): Promise<Verdict<Uint8Array, DecryptionFailed>> => {
    const { hash, mgf1, label } = parameters
    requireBytes(ciphertext, 'ciphertext')
    if (hash !== mgf1) return oaepDecrypt(key, ciphertext, parameters, random)
    if (!isBelowModulus(key, ciphertext)) return decryptionFailed
    const imported = await keys.of(key, key, `decrypt ${hash}`, { name: 'RSA-OAEP', hash }, 'decrypt')
    try {
      return accept(new Uint8Array(await subtle.decrypt(oaepAlgorithm(label), imported, source(ciphertext))))
    } catch {
      return decryptionFailed
    }
  }

  return {
    ...core,
    name: 'web',

    generateRsa: async (bits) => {
      requireRsaBits(bits)
      const algorithm = { name: 'RSA-OAEP', modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' }
      return await exported<RsaPrivateKey>(subtle, await subtle.generateKey(algorithm, true, ['encrypt', 'decrypt']))
    },
    generateEc: async (curve) => {
      if (!isNist(curve)) return core.generateEc(curve)
      return await exported<EcPrivateKey>(subtle, await subtle.generateKey({ name: 'ECDSA', namedCurve: curve }, true, ['sign', 'verify']))
    },

    oaepEncrypt: encryptOaep,
    oaepDecrypt: decryptOaep,

    rsaSign: async (key, hash, message) => {
      requireEmsaPkcs1(key, hash, message)
      const imported = await keys.of(key, key, `sign ${hash}`, { name: RSASSA, hash }, 'sign')
      return new Uint8Array(await subtle.sign(RSASSA, imported, source(message)))
    },
    rsaVerify: async (key, hash, message, signature) => {
      requireBytes(signature, 'signature')
      if (!emsaPkcs1(key, hash, message) || !isBelowModulus(key, signature)) return false
      try {
        const imported = await keys.of(publicPart(key), key, `verify ${hash}`, { name: RSASSA, hash }, 'verify')
        return await subtle.verify(RSASSA, imported, source(signature), source(message))
      } catch {
        // Numbers that WebCrypto does not take for a key at all.
        return false
      }
    },

    ecdh: async (own, peer) => {
      if (!isNist(own.curve) || peer.curve !== own.curve) return ecdhX(own, peer)
      const checked = checkEcPoint(peer)
      if (!checked.ok) return checked
      requireScalar(own)
      const algorithm = { name: 'ECDH', namedCurve: own.curve } as const
      const secret = await keys.of(own, own, 'ECDH', algorithm, 'deriveBits')
      const point = await subtle.importKey('raw', source(uncompressedPoint(peer)), algorithm, false, [])
      return accept(new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: point }, secret, 8 * curveFacts(own.curve).bytes)))
    },
    ecdsaSign: async (key, message) => {
      if (!isNist(key.curve)) return ecdsaSign(key, message)
      requireBytes(message, 'message')
      requireScalar(key)
      const imported = await keys.of(key, key, 'sign', { name: 'ECDSA', namedCurve: key.curve }, 'sign')
      return new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: curveFacts(key.curve).hash }, imported, source(message)))
    },
    ecdsaVerify: async (key, message, signature) => {
      if (!isNist(key.curve)) return ecdsaVerify(key, message, signature)
      requireBytes(message, 'message')
      requireBytes(signature, 'signature')
      const { bytes, hash } = curveFacts(key.curve)
      if (signature.length !== 2 * bytes || !checkEcPoint(key).ok) return false
      const imported = await keys.of(publicPart(key), key, 'verify', { name: 'ECDSA', namedCurve: key.curve }, 'verify')
      return await subtle.verify({ name: 'ECDSA', hash }, imported, source(signature), source(message))
    },

    rsaAesWrap: async (kek, ephemeral, payload, mechanism) => {
      requireWrappable(kek, ephemeral, payload, mechanism)
      return concat(await encryptOaep(kek, ephemeral, oaepOf(mechanism)), kwpWrap(ephemeral, payload))
    },
    rsaAesUnwrap: (kek, blob, mechanism) => {
      const parameters = oaepOf(mechanism)
      return unwrapByAsync({ oaepDecrypt: (first) => decryptOaep(kek, first, parameters), kwpUnwrap, random }, kek, blob, mechanism)
    },

    forget: (key) => {
      core.forget(key)
      keys.forget(key)
    },
  }
}

type ImportAlgorithm =
  { readonly name: 'RSA-OAEP' | 'RSASSA-PKCS1-v1_5'; readonly hash: Hash } | { readonly name: 'ECDH' | 'ECDSA'; readonly namedCurve: Curve }

/** Imported keys beside ours, one for each use, because WebCrypto binds a key to its use. Never extractable. */
function importedKeys(subtle: SubtleCrypto) {
  const kept = new WeakMap<PublicKey, Map<string, CryptoKey>>()
  return {
    /** The key imported for a use; `part` says which numbers of `key` go in. */
    of: async (part: PublicKey | PrivateKey, key: PublicKey, use: string, algorithm: ImportAlgorithm, usage: KeyUsage): Promise<CryptoKey> => {
      let uses = kept.get(key)
      if (!uses) kept.set(key, (uses = new Map<string, CryptoKey>()))
      const known = uses.get(use)
      if (known) return known
      const der = 'd' in part ? encodePkcs8(part) : encodeSpki(part)
      try {
        const imported = await subtle.importKey('d' in part ? 'pkcs8' : 'spki', source(der), algorithm, false, [usage])
        uses.set(use, imported)
        return imported
      } finally {
        wipe(der)
      }
    },
    forget: (key: PublicKey) => void kept.delete(key),
  }
}

/** The numbers of a generated key. */
async function exported<Key extends PrivateKey>(subtle: SubtleCrypto, pair: CryptoKeyPair): Promise<Key> {
  const der = new Uint8Array(await subtle.exportKey('pkcs8', pair.privateKey))
  try {
    const decoded = decodePkcs8(der, { trailingZeros: false })
    if (!decoded.ok) throw new Error(`WebCrypto wrote a key that does not read: ${decoded.fault.code}`)
    return decoded.value.key as Key
  } finally {
    wipe(der)
  }
}

function requireScalar(key: EcPrivateKey): void {
  if (!isEcScalar(key.curve, key.d)) throw new TypeError('d: a private scalar of the curve is wanted')
}

const RSASSA = 'RSASSA-PKCS1-v1_5'
const oaepAlgorithm = (label: Uint8Array | undefined): RsaOaepParams => (label ? { name: 'RSA-OAEP', label: source(label) } : { name: 'RSA-OAEP' })
const isNist = (curve: Curve): boolean => curveFacts(curve).name !== 'P-256K'

/** Our byte strings never lie in shared memory; the platform's types want to be told. */
const source = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>
