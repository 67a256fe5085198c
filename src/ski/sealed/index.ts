/**
 * The sealed-data formats, which the published interface leaves to the minidriver product, and what belongs to them: key derivation,
 * the server's establishment, the card's evidence and its receipts. Pure code on bytes for both enclaves; nothing here holds state.
 *
 * Spec: spec/ski-sealed-data.md.
 * @module
 */
export * from './bound.js'
export * from './card-evidence.js'
export { offersAlgorithm, type CipherKey, type Keep } from './cipher.js'
export * from './codes.js'
export * from './establishment.js'
export type { FormatCode, FormatFault } from './format.js'
export * from './header.js'
export * from './keys.js'
export { openPublished, sealPublished } from './published.js'
export * from './receipt.js'
export { SEALED_REFUSED, type ProofRefused, type SealedRefused } from './refusal.js'
export * from './response.js'
