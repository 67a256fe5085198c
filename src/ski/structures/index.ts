/**
 * The structures of the minidriver interface in bytes.
 * @module
 */
export * from './authenticate.js'
export * from './change-authenticator.js'
export * from './container-info.js'
export * from './container-map.js'
export * from './import-keypair.js'
export * from './in-process.js'
export * from './key-sizes.js'
export * from './property.js'
export { decodeStruct, encodeStruct, type Struct, type StructFault, type StructValues } from './struct.js'
export { revisionOf, STRUCTURE_VERSION, structureStatus, type VersionCode } from './version.js'
export { decodeMultiString, decodeWideText, encodeMultiString, encodeWideText, type MultiStringFault, type WideTextFault } from './wide-text.js'
