/**
 * `keyferry/ski`: secure key injection, pure and without XState: the published structures, constants and status codes, the
 * sealed-data formats and their companions, the APDUs of this card, what the roles say to each other, and the enclaves of
 * card, server and CA. What the roles do is in `keyferry/machines/ski`, the cryptography in `keyferry/core`.
 * @module
 */
export * from './apdu/index.js'
export * from './blobs/index.js'
export * from './calls.js'
export * from './card-status.js'
export * from './constants/index.js'
export * from './decode/index.js'
export * from './enclave/index.js'
export type * from './messages.js'
export * from './minidriver/answer.js'
export * from './minidriver/judge.js'
export * from './minidriver/status.js'
export * from './minidriver/view.js'
export type * from './pki.js'
export * from './policy.js'
export * from './readings.js'
export { MESSAGE_LIMITS, readSkiMessage, type SkiMessage } from './read-message.js'
export * from './sealed/index.js'
export * from './structures/index.js'
export { answerThroughApdus, throughApdus, type CardRefused, type Travelled } from './travel.js'
