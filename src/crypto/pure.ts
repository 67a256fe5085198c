/**
 * The provider that runs everywhere: this folder's own functions behind the `Crypto` interface, with randomness handed
 * in. Everything answers at once, and a seeded `Random` makes every answer reproducible.
 * @module
 */
import * as aes from './aes.js'
import type { Crypto, Random } from './crypto.js'
import { ecdhX, ecdsaSign, ecdsaVerify, generateEc } from './ec.js'
import { digest, hashLength, hmac } from './hash.js'
import { checkPrivateKey } from './key-check.js'
import { oaepDecrypt, oaepEncrypt } from './oaep.js'
import { pkcs1Decrypt, pkcs1Encrypt } from './pkcs1.js'
import { rsaAesUnwrap, rsaAesWrap } from './rsa-aes-key-wrap.js'
import { generateRsa } from './rsa-keygen.js'
import { forgetBlinding } from './rsa.js'
import { rsaSign, rsaVerify } from './rsassa.js'

/** A provider, known to answer at once. */
export type Synchronous<Provider> = {
  readonly [Name in keyof Provider]: Provider[Name] extends (...args: infer Arguments) => infer Result
    ? (...args: Arguments) => Exclude<Result, Promise<unknown>>
    : Provider[Name]
}

/** {@link Crypto} as `pure` implements it. */
export type PureCrypto = Synchronous<Crypto>

/** The pure provider over a source of randomness. */
export function pure(random: Random): PureCrypto {
  return {
    name: 'pure',
    random,
    generateRsa: (bits) => generateRsa(bits, random),
    generateEc: (curve) => generateEc(curve, random),
    checkPrivateKey: (key) => checkPrivateKey(key, { primality: true }),

    oaepEncrypt: (key, message, parameters) => oaepEncrypt(key, message, parameters, random(hashLength(parameters.hash))),
    oaepDecrypt: (key, ciphertext, parameters) => oaepDecrypt(key, ciphertext, parameters, random),
    pkcs1Encrypt: (key, message) => pkcs1Encrypt(key, message, random),
    pkcs1Decrypt: (key, ciphertext, length) => pkcs1Decrypt(key, ciphertext, length, random),

    kwpWrap: aes.kwpWrap,
    kwpUnwrap: aes.kwpUnwrap,
    kwWrap: aes.kwWrap,
    kwUnwrap: aes.kwUnwrap,
    cbcEncrypt: aes.cbcEncrypt,
    cbcDecrypt: aes.cbcDecrypt,
    cbcEncryptRaw: aes.cbcEncryptRaw,
    cbcDecryptRaw: aes.cbcDecryptRaw,
    cmac: aes.cmac,
    hmac,
    digest,

    rsaSign: (key, hash, message) => rsaSign(key, hash, message, random),
    rsaVerify,

    ecdh: ecdhX,
    ecdsaSign,
    ecdsaVerify,

    rsaAesWrap: (kek, ephemeral, payload, mechanism) => rsaAesWrap(kek, ephemeral, payload, mechanism, random(hashLength(mechanism.hash))),
    rsaAesUnwrap: (kek, blob, mechanism) => rsaAesUnwrap(kek, blob, mechanism, random),

    forget: (key) => {
      if ('d' in key && key.type === 'RSA') forgetBlinding(key, random)
    },
  }
}
