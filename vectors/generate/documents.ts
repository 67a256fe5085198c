/**
 * All generated documents, in memory.
 * @module
 */
import { aesKw, aesKwp } from './core-aes.js'
import { rsaOaep, rsaPkcs1 } from './core-rsa.js'
import type { Document } from './file.js'

/** Path under `vectors/` and text of every document that a generator writes. */
export const documents = (): readonly Document[] => [aesKwp, aesKw, rsaOaep, rsaPkcs1].flatMap((make) => make())
