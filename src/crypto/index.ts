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
export * from './key-file.js'
export { recogniseDer, type DerForm } from './key-form.js'
export * from './key-parts.js'
export * from './pem.js'
export { decodePkcs1PrivateKey, decodePkcs1PublicKey, encodePkcs1PrivateKey, encodePkcs1PublicKey, type Pkcs1Code } from './pkcs1-key.js'
export * from './pkcs8.js'
export { decodeSec1, encodeSec1, type PointCode, type Sec1Code } from './sec1.js'
export * from './spki.js'
export * from './target.js'

// Providers and primitives.
