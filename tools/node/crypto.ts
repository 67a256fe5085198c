/**
 * The provider on `node:crypto`. OpenSSL computes; what is taken and what is refused is decided by the core, so that this
 * provider is as strict as `pure`.
 *
 * - Native key objects are made from our own numbers, never from foreign DER, kept beside our key objects and dropped by
 *   `forget`.
 * - Private RSA operations are raw (`RSA_NO_PADDING`) and the padding is taken off by the core in constant flow. OpenSSL's
 *   own unpadding would report a failure by an exception, which can be told from success by the clock alone, and for
 *   PKCS#1 v1.5 Node 20 does not offer it at all.
 * - OpenSSL's errors differ by cause. None is passed on.
 * @module
 */
import * as native from 'node:crypto'
import { promisify } from 'node:util'
import { equalBytes, requireBytes, wipe } from '../../src/bytes/bytes.js'
import {
  decryptionFailed,
  isCbcLength,
  isKwLength,
  isKwpLength,
  cmac,
  removeBlockPadding,
  requireAesKey,
  requireCbcRaw,
  requireKwpPayload,
  requireKwPayload,
} from '../../src/crypto/aes.js'
import type { Crypto, DecryptionFailed, OaepParameters, TripleDes } from '../../src/crypto/crypto.js'
import { checkEcPoint, curveFacts, isEcScalar, uncompressedPoint } from '../../src/crypto/ec.js'
import { hashLength } from '../../src/crypto/hash.js'
import { checkPrivateKey } from '../../src/crypto/key-check.js'
import type { Curve, EcPrivateKey, EcPublicKey, Hash, PrivateKey, PublicKey, RsaPrivateKey, RsaPublicKey } from '../../src/crypto/keys.js'
import { oaepCapacity, oaepDecode, oaepEncode } from '../../src/crypto/oaep.js'
import { decodePkcs1PrivateKey, encodePkcs1PrivateKey } from '../../src/crypto/pkcs1-key.js'
import { pkcs1DecryptBy } from '../../src/crypto/pkcs1.js'
import type { PureCrypto, Synchronous } from '../../src/crypto/pure.js'
import { oaepOf, requireWrappable, unwrapBy } from '../../src/crypto/rsa-aes-key-wrap.js'
import { requireRsaBits } from '../../src/crypto/rsa-keygen.js'
import { isBelowModulus } from '../../src/crypto/rsa.js'
import { emsaPkcs1, requireEmsaPkcs1 } from '../../src/crypto/rsassa.js'
import { encodeSec1 } from '../../src/crypto/sec1.js'
import { encodeSpki } from '../../src/crypto/spki.js'
import { accept, type Verdict } from '../../src/verdict.js'

/** {@link Crypto} as this provider implements it: only RSA key generation answers later, since it runs off the main thread. Triple DES is there. */
export type NodeCrypto = Omit<PureCrypto, 'generateRsa' | 'tripleDes'> & Pick<Crypto, 'generateRsa'> & { readonly tripleDes: Synchronous<TripleDes> }

/** The provider on `node:crypto`, with key objects of its own. */
export function nodeCrypto(): NodeCrypto {
  const keys = keyObjects()

  const oaepEncrypt = (key: RsaPublicKey, message: Uint8Array, parameters: OaepParameters): Uint8Array =>
    own(encryptOaep(keys.of(key), key, message, parameters))

  const rsaRaw = (key: RsaPrivateKey, input: Uint8Array): Buffer =>
    native.privateDecrypt({ key: keys.of(key), padding: native.constants.RSA_NO_PADDING }, input)

  const oaepDecrypt = (key: RsaPrivateKey, ciphertext: Uint8Array, parameters: OaepParameters): Verdict<Uint8Array, DecryptionFailed> => {
    requireBytes(ciphertext, 'ciphertext')
    if (!isBelowModulus(key, ciphertext)) return decryptionFailed
    const encoded = rsaRaw(key, ciphertext)
    try {
      return oaepDecode(encoded, parameters)
    } finally {
      wipe(encoded)
    }
  }

  return {
    name: 'node',
    random,
    generateRsa,
    generateEc,
    // OpenSSL's own primality test makes 64 rounds and more: no faster than the core's, which every provider shares.
    checkPrivateKey: (key) => checkPrivateKey(key, { primality: true }),

    oaepEncrypt,
    oaepDecrypt,
    pkcs1Encrypt: (key, message) => {
      requireBytes(message, 'message')
      if (message.length > key.n.length - 11) throw new TypeError(`message: at most ${key.n.length - 11} bytes are wanted, ${message.length} were given`)
      return own(native.publicEncrypt({ key: keys.of(key), padding: native.constants.RSA_PKCS1_PADDING }, message))
    },
    pkcs1Decrypt: (key, ciphertext, length) => pkcs1DecryptBy(key, ciphertext, length, (input) => rsaRaw(key, input)),

    kwpWrap: (key, payload) => own(kwpWrap(key, payload)),
    kwpUnwrap,
    kwWrap: (key, payload) => {
      requireKwPayload(key, payload)
      return own(aesWrap(`id-aes${8 * key.length}-wrap`, key, KW_IV, payload))
    },
    kwUnwrap: (key, wrapped) => {
      requireAesKey(key)
      requireBytes(wrapped, 'wrapped')
      return isKwLength(wrapped.length) ? aesUnwrap(`id-aes${8 * key.length}-wrap`, key, KW_IV, wrapped) : decryptionFailed
    },
    cbcEncrypt: (key, iv, plaintext) => {
      requireAesKey(key)
      requireBytes(iv, 'iv', 16)
      requireBytes(plaintext, 'plaintext')
      const cipher = native.createCipheriv(aesCbc(key), key, iv)
      return joined(cipher.update(plaintext), cipher.final())
    },
    cbcDecrypt: (key, iv, ciphertext) => {
      requireAesKey(key)
      requireBytes(iv, 'iv', 16)
      requireBytes(ciphertext, 'ciphertext')
      if (!isCbcLength(ciphertext.length)) return decryptionFailed
      return removeBlockPadding(rawCipher(native.createDecipheriv(aesCbc(key), key, iv), ciphertext))
    },
    cbcEncryptRaw: (key, iv, data) => {
      requireCbcRaw(key, iv, data)
      return rawCipher(native.createCipheriv(aesCbc(key), key, iv), data)
    },
    cbcDecryptRaw: (key, iv, data) => {
      requireCbcRaw(key, iv, data)
      return rawCipher(native.createDecipheriv(aesCbc(key), key, iv), data)
    },
    tripleDes: {
      cbcEncryptRaw: (key, iv, data) => {
        requireTripleDes(key, iv, data)
        return rawCipher(native.createCipheriv(desCbc(key), key, iv), data)
      },
      cbcDecryptRaw: (key, iv, data) => {
        requireTripleDes(key, iv, data)
        return rawCipher(native.createDecipheriv(desCbc(key), key, iv), data)
      },
    },
    cmac,
    hmac: (hash, key, message) => {
      requireBytes(key, 'key')
      requireBytes(message, 'message')
      return own(native.createHmac(hashName(hash), key).update(message).digest())
    },
    digest: (hash, message) => {
      requireBytes(message, 'message')
      return own(native.createHash(hashName(hash)).update(message).digest())
    },

    rsaSign: (key, hash, message) => own(rsaRaw(key, requireEmsaPkcs1(key, hash, message))),
    rsaVerify: (key, hash, message, signature) => {
      requireBytes(signature, 'signature')
      const encoded = emsaPkcs1(key, hash, message)
      if (!encoded || !isBelowModulus(key, signature)) return false
      try {
        return equalBytes(native.publicEncrypt({ key: keys.ofPublic(key), padding: native.constants.RSA_NO_PADDING }, signature), encoded)
      } catch {
        // Numbers that OpenSSL does not take for a key at all.
        return false
      }
    },

    ecdh,
    ecdsaSign: (key, message) => {
      requireBytes(message, 'message')
      requireScalar(key)
      return own(native.sign(hashName(curveFacts(key.curve).hash), message, { key: keys.of(key), dsaEncoding: 'ieee-p1363' }))
    },
    ecdsaVerify: (key, message, signature) => {
      requireBytes(message, 'message')
      requireBytes(signature, 'signature')
      const { bytes, hash } = curveFacts(key.curve)
      if (signature.length !== 2 * bytes || !checkEcPoint(key).ok) return false
      return native.verify(hashName(hash), message, { key: keys.ofPublic(key), dsaEncoding: 'ieee-p1363' }, signature)
    },

    rsaAesWrap: (kek, ephemeral, payload, mechanism) => {
      requireWrappable(kek, ephemeral, payload, mechanism)
      return joined(encryptOaep(keys.of(kek), kek, ephemeral, oaepOf(mechanism)), kwpWrap(ephemeral, payload))
    },
    rsaAesUnwrap: (kek, blob, mechanism) => {
      const parameters = oaepOf(mechanism)
      return unwrapBy({ oaepDecrypt: (first) => oaepDecrypt(kek, first, parameters), kwpUnwrap, random }, kek, blob, mechanism)
    },

    forget: keys.forget,
  }
}

function random(length: number): Uint8Array {
  return native.randomFillSync(new Uint8Array(length))
}

async function generateRsa(bits: number): Promise<RsaPrivateKey> {
  requireRsaBits(bits)
  const { privateKey } = await generateKeyPair('rsa', {
    modulusLength: bits,
    publicExponent: 65537,
    publicKeyEncoding: { type: 'pkcs1', format: 'der' },
    privateKeyEncoding: { type: 'pkcs1', format: 'der' },
  })
  try {
    const decoded = decodePkcs1PrivateKey(privateKey)
    if (!decoded.ok) throw new Error(`OpenSSL wrote a key that does not read: ${decoded.fault.code}`)
    return decoded.value
  } finally {
    wipe(privateKey)
  }
}

function generateEc(curve: Curve): EcPrivateKey {
  const { bytes } = curveFacts(curve)
  const pair = native.createECDH(CURVE_NAME[curve])
  const point = pair.generateKeys()
  const scalar = pair.getPrivateKey()
  // OpenSSL leaves leading zero bytes away.
  const d = new Uint8Array(bytes)
  d.set(scalar, bytes - scalar.length)
  wipe(scalar)
  return { type: 'EC', curve, x: Uint8Array.from(point.subarray(1, 1 + bytes)), y: Uint8Array.from(point.subarray(1 + bytes)), d }
}

function ecdh(key: EcPrivateKey, peer: EcPublicKey): Verdict<Uint8Array> {
  if (peer.curve !== key.curve) return { ok: false, fault: { code: 'ec_curve_differs', at: 'curve', found: peer.curve, wanted: key.curve } }
  const checked = checkEcPoint(peer)
  if (!checked.ok) return checked
  requireScalar(key)
  const agreement = native.createECDH(CURVE_NAME[key.curve])
  agreement.setPrivateKey(key.d)
  return accept(own(agreement.computeSecret(uncompressedPoint(peer))))
}

function requireScalar(key: EcPrivateKey): void {
  if (!isEcScalar(key.curve, key.d)) throw new TypeError('d: a private scalar of the curve is wanted')
}

/** OAEP by OpenSSL where it can (one hash for both), otherwise by the core over the raw operation. */
function encryptOaep(keyObject: native.KeyObject, key: RsaPublicKey, message: Uint8Array, parameters: OaepParameters): Buffer {
  const { hash, mgf1, label } = parameters
  requireBytes(message, 'message')
  const capacity = oaepCapacity(key.n.length, hash)
  if (message.length > capacity) throw new TypeError(`message: at most ${capacity} bytes are wanted, ${message.length} were given`)
  if (hash === mgf1) {
    const options = { key: keyObject, padding: native.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hashName(hash) }
    return native.publicEncrypt(label ? { ...options, oaepLabel: label } : options, message)
  }
  const seed = random(hashLength(hash))
  const encoded = oaepEncode(message, key.n.length, parameters, seed)
  try {
    return native.publicEncrypt({ key: keyObject, padding: native.constants.RSA_NO_PADDING }, encoded)
  } finally {
    wipe(seed, encoded)
  }
}

function kwpWrap(key: Uint8Array, payload: Uint8Array): Buffer {
  requireKwpPayload(key, payload)
  return aesWrap(`id-aes${8 * key.length}-wrap-pad`, key, KWP_IV, payload)
}

function kwpUnwrap(key: Uint8Array, wrapped: Uint8Array): Verdict<Uint8Array, DecryptionFailed> {
  requireAesKey(key)
  requireBytes(wrapped, 'wrapped')
  return isKwpLength(wrapped.length) ? aesUnwrap(`id-aes${8 * key.length}-wrap-pad`, key, KWP_IV, wrapped) : decryptionFailed
}

/** The wrap modes answer with everything at once, in `update`. */
function aesWrap(name: string, key: Uint8Array, iv: Uint8Array, payload: Uint8Array): Buffer {
  const cipher = native.createCipheriv(name, key, iv)
  const wrapped = cipher.update(payload)
  cipher.final()
  return wrapped
}

function aesUnwrap(name: string, key: Uint8Array, iv: Uint8Array, wrapped: Uint8Array): Verdict<Uint8Array, DecryptionFailed> {
  const decipher = native.createDecipheriv(name, key, iv)
  try {
    const payload = decipher.update(wrapped)
    decipher.final()
    return accept(own(payload))
  } catch {
    return decryptionFailed
  }
}

/** Whole blocks through a cipher, with no padding put on or taken off. */
function rawCipher(cipher: native.Cipher | native.Decipher, data: Uint8Array): Uint8Array {
  cipher.setAutoPadding(false)
  return joined(cipher.update(data), cipher.final())
}

const aesCbc = (key: Uint8Array): string => `aes-${8 * key.length}-cbc`
const desCbc = (key: Uint8Array): string => (key.length === 16 ? 'des-ede-cbc' : 'des-ede3-cbc')

function requireTripleDes(key: Uint8Array, iv: Uint8Array, data: Uint8Array): void {
  requireBytes(key, 'key')
  if (key.length !== 16 && key.length !== 24) throw new TypeError(`key: 16 or 24 bytes are wanted, ${key.length} were given`)
  requireBytes(iv, 'iv', 8)
  requireBytes(data, 'data')
  if (data.length === 0 || data.length % 8 !== 0) throw new TypeError(`data: whole blocks of 8 bytes are wanted, ${data.length} bytes were given`)
}

/** Native key objects beside ours. */
function keyObjects() {
  const kept = new WeakMap<PublicKey, native.KeyObject>()
  const keep = (key: PublicKey, make: () => native.KeyObject): native.KeyObject => {
    let object = kept.get(key)
    if (!object) kept.set(key, (object = make()))
    return object
  }
  return {
    /** Of the whole key: private where there is a private part. */
    of: (key: PublicKey | PrivateKey) => keep(key, () => ('d' in key ? privateKeyObject(key) : publicKeyObject(key))),
    /** Of the public part only. */
    ofPublic: (key: PublicKey) => ('d' in key ? publicKeyObject(key) : keep(key, () => publicKeyObject(key))),
    forget: (key: PublicKey) => void kept.delete(key),
  }
}

function privateKeyObject(key: PrivateKey): native.KeyObject {
  const der = buffer(key.type === 'RSA' ? encodePkcs1PrivateKey(key) : encodeSec1(key))
  try {
    return native.createPrivateKey({ key: der, format: 'der', type: key.type === 'RSA' ? 'pkcs1' : 'sec1' })
  } finally {
    wipe(der)
  }
}

const publicKeyObject = (key: PublicKey): native.KeyObject => native.createPublicKey({ key: buffer(encodeSpki(key)), format: 'der', type: 'spki' })

/** The same bytes under Node's type, not a copy. */
const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A copy that shares no memory with Node's pool, and the original wiped. */
function own(bytes: Buffer): Uint8Array {
  const copy = new Uint8Array(bytes)
  wipe(bytes)
  return copy
}

function joined(first: Buffer, second: Buffer): Uint8Array {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  wipe(first, second)
  return whole
}

const generateKeyPair = promisify(native.generateKeyPair)

const HASH_NAME: ReadonlyMap<Hash, string> = new Map([
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
])

function hashName(hash: Hash): string {
  const name = HASH_NAME.get(hash)
  if (!name) throw new TypeError(`hash: one of ${[...HASH_NAME.keys()].join(', ')} is wanted`)
  return name
}

const CURVE_NAME: Readonly<Record<Curve, string>> = { 'P-256': 'prime256v1', 'P-256K': 'secp256k1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }

/** RFC 5649 §3. */
const KWP_IV = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6)
/** RFC 3394 §2.2.3.1. */
const KW_IV = new Uint8Array(8).fill(0xa6)
