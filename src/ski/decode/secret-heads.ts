/**
 * Which bytes begin like a structure that holds a secret.
 *
 * A description shows what its own structure says is public. If a person calls some bytes what they are not, that word is worth nothing: then
 * bytes with such a beginning are shown to nobody.
 *
 * @module
 */
import { CAPI_TYPE } from '../blobs/capi.js'
import { ECC_KEY_MAGICS } from '../blobs/ecc-key.js'
import { KEY_DATA_MAGIC } from '../blobs/key-data.js'
import { RSA_KEY_MAGIC } from '../blobs/rsa-key.js'
import { STRUCTURE_VERSION } from '../structures/version.js'
import { View } from './types.js'

/** The structures that bytes with such a beginning may be, or `null` where it is not one of a secret. */
export function secretHead(bytes: Uint8Array): readonly string[] | null {
  const first = new View(bytes).u32(0)
  return HEADS.find(([, holds]) => holds(first))?.[0] ?? null
}

const HEADS: readonly (readonly [structures: readonly string[], holds: (first: number) => boolean])[] = [
  [['BCRYPT_KEY_DATA_BLOB'], (first) => first === KEY_DATA_MAGIC],
  [['BCRYPT_RSAKEY_BLOB'], (first) => first === RSA_KEY_MAGIC.private || first === RSA_KEY_MAGIC.full],
  [['BCRYPT_ECCKEY_BLOB'], (first) => ECC_KEY_MAGICS.some(({ value, form }) => value === first && form === 'private')],
  [['PRIVATEKEYBLOB'], (first) => first === CAPI_TYPE.private + 0x200],
  [
    ['CARD_IMPORT_KEYPAIR', 'CARD_AUTHENTICATE', 'CARD_AUTHENTICATE_RESPONSE', 'CARD_CHANGE_AUTHENTICATOR', 'CARD_CHANGE_AUTHENTICATOR_RESPONSE'],
    (first) => first === STRUCTURE_VERSION,
  ],
]
