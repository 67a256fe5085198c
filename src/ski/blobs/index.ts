/**
 * Key blobs of CNG and CAPI, and their conversion to PKCS#8, SubjectPublicKeyInfo and JWK.
 * @module
 */
export * from './capi.js'
export * from './card-key.js'
export * from './complete-rsa.js'
export * from './convert.js'
export * from './ecc-key.js'
export * from './key-data.js'
export * from './rsa-key.js'
export { RSA_BLOB_BITS } from './rsa-size.js'
