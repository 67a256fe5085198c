/**
 * The constants of the minidriver interface as typed tables: status codes, flags, strings, key specs, properties, `CARD_DATA`.
 * The numbers that begin a key blob are beside its codec.
 * @module
 */
export * from './card-data.js'
export * from './flags.js'
export * from './key-specs.js'
export * from './layout.js'
export * from './names.js'
export * from './properties.js'
export * from './status.js'
