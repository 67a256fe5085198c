/**
 * `keyferry/core`: keys, their encodings, and the cryptography behind both protocols. Pure functions; randomness is handed in.
 * @module
 */

// Verdicts, and the faults of the encodings below.
export * from '../verdict.js'
export type { Base64Fault } from '../bytes/base64.js'
export type { DerCode, DerFault } from '../bytes/der.js'
export type { JsonFault, JsonObject, JsonValue } from '../bytes/json.js'

// Keys and their encodings.
export * from './keys.js'
export type { AlgorithmCode, CurveCode } from './algorithm.js'
export * from './fingerprint.js'
export * from './jwk.js'
export { recogniseDer, type DerForm } from './key-form.js'
export * from './key-parts.js'
export * from './pem.js'
export { decodePkcs1PrivateKey, decodePkcs1PublicKey, encodePkcs1PrivateKey, encodePkcs1PublicKey, type Pkcs1Code } from './pkcs1-key.js'
export * from './pkcs8.js'
export { decodeSec1, encodeSec1, type PointCode, type Sec1Code } from './sec1.js'
export * from './spki.js'

// Providers and primitives.
export { fromBase64url, toBase64url } from '../bytes/base64.js'
export { fromHex, toHex } from '../bytes/hex.js'
export { wipe } from '../bytes/bytes.js'
export { cbcDecrypt, cbcDecryptRaw, cbcEncrypt, cbcEncryptRaw, cmac, kwpUnwrap, kwpWrap, kwUnwrap, kwWrap } from './aes.js'
export * from './crypto.js'
export { checkEcPoint, curveFacts, ecdhX, ecdsaSign, ecdsaVerify, ecPublicKey, generateEc, isEcScalar, type CurveFacts, type EcFault } from './ec.js'
export { digest, hashLength, hmac } from './hash.js'
export * from './kdf.js'
export * from './key-check.js'
export { oaepCapacity, oaepDecrypt, oaepEncrypt } from './oaep.js'
export { pkcs1Decrypt, pkcs1Encrypt } from './pkcs1.js'
export * from './pure.js'
export {
  AWS_SHA256_MECHANISM,
  AZURE_MECHANISM,
  checkWrapKey,
  EPHEMERAL_BYTES,
  GOOGLE_SHA256_MECHANISM,
  MAX_WRAP_PAYLOAD,
  rsaAesUnwrap,
  rsaAesWrap,
  wrapInTwoSteps,
  type TwoStepCommands,
  type WrapKeyFault,
} from './rsa-aes-key-wrap.js'
export { generateRsa, RSA_BITS } from './rsa-keygen.js'
export { rsaSign, rsaVerify } from './rsassa.js'
