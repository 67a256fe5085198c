/**
 * All generated documents, in memory.
 * @module
 */
import { aesKw, aesKwp } from './core-aes.js'
import { kdf } from './core-kdf.js'
import { ecKeys, rsaKeyCheck, sec1, spki } from './core-keys.js'
import { pkcs8 } from './core-pkcs8.js'
import { rsaOaep, rsaPkcs1 } from './core-rsa.js'
import { rsaAesKeyWrap } from './core-wrap.js'
import type { Document } from './file.js'

/** Path under `vectors/` and text of every document that a generator writes. */
export const documents = (): readonly Document[] => [aesKwp, aesKw, rsaOaep, rsaPkcs1, kdf, pkcs8, spki, sec1, ecKeys, rsaKeyCheck, rsaAesKeyWrap].flatMap((make) => make())
