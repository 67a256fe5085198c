/**
 * All generated documents, in memory.
 * @module
 */
import { targetPlaintext, transferBlob } from './byok-blob.js'
import { transferFile } from './byok-file.js'
import { fingerprints, kek, kid } from './byok-keys.js'
import { rest } from './byok-rest.js'
import { aesKw, aesKwp } from './core-aes.js'
import { kdf } from './core-kdf.js'
import { ecKeys, rsaKeyCheck } from './core-key-checks.js'
import { sec1, spki } from './core-public-keys.js'
import { pkcs8 } from './core-pkcs8.js'
import { rsaOaep, rsaPkcs1 } from './core-rsa.js'
import { rsaAesKeyWrap } from './core-wrap.js'
import type { Document } from './file.js'
import { apdu } from './ski-apdu.js'
import { cardData } from './ski-card-data.js'
import { establishment } from './ski-establishment.js'
import { establishmentDerived } from './ski-establishment-derived.js'
import { inProcess } from './ski-in-process.js'
import { keyBlobs } from './ski-key-blobs.js'
import { sealedBound } from './ski-sealed-bound.js'
import { sealedPublished } from './ski-sealed-published.js'
import { secureFunctions } from './ski-secure-functions.js'
import { statuses } from './ski-statuses.js'

/** Path under `vectors/` and text of every document that a generator writes. */
export const documents = (): readonly Document[] =>
  [
    aesKwp,
    aesKw,
    rsaOaep,
    rsaPkcs1,
    kdf,
    pkcs8,
    spki,
    sec1,
    ecKeys,
    rsaKeyCheck,
    rsaAesKeyWrap,
    transferBlob,
    targetPlaintext,
    kid,
    kek,
    fingerprints,
    transferFile,
    rest,
    keyBlobs,
    secureFunctions,
    cardData,
    inProcess,
    establishment,
    establishmentDerived,
    sealedPublished,
    sealedBound,
    apdu,
    statuses,
  ].flatMap((make) => make())
