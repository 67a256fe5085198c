/**
 * `keyferry/web`: the browser's and worker's cryptography (SubtleCrypto, with noble where it has no answer) behind the
 * core's {@link Crypto} interface.
 *
 * @packageDocumentation
 */
import type { Crypto } from '../../src/crypto/crypto.js'

export { webCrypto } from './crypto.js'
export type { Crypto }
