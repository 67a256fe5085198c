/**
 * Explains structures of secure key injection to a person: which one some bytes are, what each member says, and what is wrong. Never shows a
 * secret.
 *
 * @example
 * const [best] = guess(bytes, STRUCTURE_TYPES)
 * const told = best ? describe(bytes, best.type) : null
 * @module
 */
import { APDU_TYPES } from './apdu-types.js'
import { CARD_DATA_TYPES } from './card-data-type.js'
import { CARD_TYPES } from './card-types.js'
import { FORMAT_TYPES } from './format-types.js'
import { CAPI_PRIVATE, CAPI_PUBLIC, ECC_KEY, KEY_DATA, RSA_KEY } from './key-types.js'
import { PROCESS_TYPES } from './process-types.js'
import { PROPERTY_TYPES } from './property-types.js'
import { AUTHENTICATE, AUTHENTICATE_RESPONSE, CHANGE_AUTHENTICATOR, CHANGE_AUTHENTICATOR_RESPONSE, IMPORT_KEYPAIR } from './secure-types.js'
import type { StructureType } from './types.js'

/** Every structure that can be described. */
export const STRUCTURE_TYPES: readonly StructureType[] = [
  ...[KEY_DATA, RSA_KEY, ECC_KEY, CAPI_PUBLIC, CAPI_PRIVATE],
  ...[IMPORT_KEYPAIR, AUTHENTICATE, AUTHENTICATE_RESPONSE, CHANGE_AUTHENTICATOR, CHANGE_AUTHENTICATOR_RESPONSE],
  ...FORMAT_TYPES,
  ...CARD_TYPES,
  ...PROCESS_TYPES,
  ...CARD_DATA_TYPES,
  ...PROPERTY_TYPES,
  ...APDU_TYPES,
]

/**
 * The structures that a name asks for: one, or both layouts where the name says no ABI.
 *
 * @example
 * structuresNamed('CONTAINER_INFO').map(({ name }) => name) // ['CONTAINER_INFO:x64', 'CONTAINER_INFO:x86']
 */
export function structuresNamed(name: string): readonly StructureType[] {
  return STRUCTURE_TYPES.filter((type) => type.name === name || (type.abi !== null && type.structure === name))
}

/** Every name that {@link structuresNamed} knows. */
export const STRUCTURE_NAMES: readonly string[] = [
  ...new Set(STRUCTURE_TYPES.flatMap(({ name, structure, abi }) => (abi === null ? [name] : [structure, name]))),
]

export { describe } from './describe.js'
export { faultText } from './fault-texts.js'
export { guess, type Candidate, type Sureness } from './guess.js'
export type { DescribedFault, DescribedField, Description, Explained, Fact, Member, Reading, Seen, Sign, StructureType, View } from './types.js'
