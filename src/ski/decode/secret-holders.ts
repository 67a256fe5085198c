/**
 * Which bytes look like a structure that holds a secret.
 *
 * A description shows what its own structure says is public. If a person calls some bytes what they are not, that word is worth nothing: bytes
 * that look like a key or a PIN are then shown to nobody.
 *
 * @module
 */
import { CAPI_TYPE } from '../blobs/capi.js'
import { ECC_KEY_MAGICS } from '../blobs/ecc-key.js'
import { KEY_DATA_MAGIC } from '../blobs/key-data.js'
import { RSA_KEY_MAGIC } from '../blobs/rsa-key.js'
import { STRUCTURE_VERSION } from '../structures/version.js'
import { guess } from './guess.js'
import { CAPI_PRIVATE, ECC_KEY, KEY_DATA, RSA_KEY } from './key-types.js'
import { accepts } from './level.js'
import { AUTHENTICATE, AUTHENTICATE_RESPONSE, CHANGE_AUTHENTICATOR, CHANGE_AUTHENTICATOR_RESPONSE, IMPORT_KEYPAIR } from './secure-types.js'
import { View, type StructureType } from './types.js'

const SECURE: readonly StructureType[] = [IMPORT_KEYPAIR, AUTHENTICATE, AUTHENTICATE_RESPONSE, CHANGE_AUTHENTICATOR]
const HOLDERS: readonly StructureType[] = [KEY_DATA, RSA_KEY, ECC_KEY, CAPI_PRIVATE, ...SECURE]

/** The first number of structures that hold secrets. */
const HEADS: readonly (readonly [type: StructureType, holds: (first: number) => boolean])[] = [
  [KEY_DATA, (first) => first === KEY_DATA_MAGIC],
  [RSA_KEY, (first) => first === RSA_KEY_MAGIC.private || first === RSA_KEY_MAGIC.full],
  [ECC_KEY, (first) => ECC_KEY_MAGICS.some(({ value, form }) => value === first && form === 'private')],
  [CAPI_PRIVATE, (first) => first === CAPI_TYPE.private + 0x200],
  [IMPORT_KEYPAIR, (first) => first === STRUCTURE_VERSION],
]

/** The structure with secrets in it that bytes look like, `null` where there is none or where it is what they were called. */
export function secretHolder(bytes: Uint8Array, called: StructureType): string | null {
  // The structures of the secure functions begin alike, and like CARD_DATA; which of them it is, the rest of the bytes say.
  const hasVersion = SECURE.includes(called) || called === CHANGE_AUTHENTICATOR_RESPONSE || called.structure === 'CARD_DATA'
  const head = headOf(bytes, (type) => type !== called && !(hasVersion && SECURE.includes(type)))
  if (head !== null) return head
  if (HOLDERS.includes(called) && accepts(bytes, called)) return null
  const [best] = guess(bytes, [called, ...HOLDERS.filter((type) => type !== called)])
  return best !== undefined && best.type !== called ? best.type.structure : null
}

function headOf(bytes: Uint8Array, concerns: (type: StructureType) => boolean): string | null {
  const first = new View(bytes).u32(0)
  return HEADS.find(([type, holds]) => concerns(type) && holds(first))?.[0].structure ?? null
}
