/**
 * `keyferry/node`: the platform's cryptography behind the core's {@link Crypto} interface, for Node.js, and key files as
 * people have them, which the core leaves out because a browser would load their formats for nothing.
 *
 * @packageDocumentation
 */
import type { Crypto } from '../../src/crypto/crypto.js'

export { readPrivateKeyFile, readPublicKeyFile, type KeyFile, type KeyFileCode, type KeyFileFault } from '../../src/crypto/key-file.js'
export { nodeCrypto, type NodeCrypto } from './crypto.js'
export type { Crypto }
