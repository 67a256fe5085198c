/**
 * `keyferry/byok`: the formats and policies of cloud key import, pure and without state. What the roles do with them is in
 * `keyferry/machines/byok`, the cryptography is in `keyferry/core`. What a transfer may carry belongs to the protocol and is
 * exported here, though its file lies in the core, below the enclave that asks it.
 * @module
 */
export * from '../crypto/target.js'
export * from './display.js'
export * from './faults.js'
export * from './kek.js'
export * from './kid.js'
export type * from './messages.js'
export * from './policy.js'
export { readMessage, type ByokMessage } from './read-message.js'
export * from './rest.js'
export * from './targets.js'
export * from './transfer-file.js'
export * from './transfer-format.js'
export { inspectTransferFile, type Inspection, type InspectionOptions, type Reading } from './transfer-inspect.js'
export { MOST_OF_A_CODE, type Field, type Finding, type TransferCode, type TransferFileFault } from './transfer-report.js'
