/**
 * `keyferry/node`: the platform's cryptography behind the core's {@link Crypto} interface, for Node.js.
 *
 * @packageDocumentation
 */
import type { Crypto } from '../../src/crypto/crypto.js'

export { nodeCrypto, type NodeCrypto } from './crypto.js'
export type { Crypto }
