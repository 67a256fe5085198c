/**
 * The vectors that are structures, each beside the type as which it is to be described, and the secrets that are in them.
 * @module
 */
import { property } from '../../src/ski/constants/index.js'
import { structuresNamed, type DescribedField, type Description, type StructureType } from '../../src/ski/decode/index.js'
import { load, text, type Vector } from '../vectors/load.js'

/** A vector that is a structure. */
export interface StructureVector {
  readonly file: string
  readonly vector: Vector
  readonly type: StructureType
  readonly bytes: Uint8Array
}

const unhex = (value: unknown): Uint8Array => Uint8Array.from(Buffer.from(String(value), 'hex'))

/** The type of a name that names one. */
export function typeNamed(name: string): StructureType {
  const [type, ...more] = structuresNamed(name)
  if (!type || more.length > 0) throw new TypeError(`${name} names no structure, or several`)
  return type
}

/** Files whose tests are structures by `type`, with the name of the type in the decoder. */
const NAMED: Readonly<Record<string, (vector: Vector) => string | null>> = {
  'ski/key-blobs': (vector) => text(vector, 'type'),
  'ski/secure-functions': (vector) => text(vector, 'type'),
  'ski/in-process': (vector) => `${text(vector, 'type')}:${text(vector, 'abi')}`,
  'ski/card-data': (vector) => (vector['type'] === 'PROPERTY' ? property(text(vector, 'property'))!.constant : text(vector, 'type')),
  'ski/sealed-bound': (vector) => ({ sealed: 'KFSD', establishment: 'KFPK', evidence: 'KFEV', receipt: 'KFRC' })[text(vector, 'type')] ?? null,
}

/** All of them. Of sealed data, the first blob. */
export const structureVectors: readonly StructureVector[] = Object.entries(NAMED).flatMap(([file, nameOf]) =>
  load(file).tests.flatMap((vector) => {
    const name = nameOf(vector)
    if (name === null) return []
    const blobs = vector['blobs'] as readonly string[] | undefined
    if (vector['type'] === 'sealed' && blobs?.length === 0) return []
    return [{ file, vector, type: typeNamed(name), bytes: unhex(blobs?.[0] ?? vector['bytes']) }]
  }),
)

/** Members that are secret, as the vectors call them. */
const SECRET_MEMBERS: readonly string[] = [
  ...['key', 'd', 'prime1', 'prime2', 'exponent1', 'exponent2', 'coefficient', 'privateExponent'],
  ...['pbInput', 'pbPinData', 'pbSessionPin', 'pbAuthenticatingPinData', 'pbTargetData'],
]

/** The secrets of all vectors that say what is in them, by the name of the vector and the member; each once. */
export const vectorSecrets: ReadonlyMap<string, Uint8Array> = new Map(
  [
    ...new Map(
      structureVectors.flatMap(({ vector, type }) =>
        Object.entries((vector['fields'] ?? {}) as Readonly<Record<string, unknown>>).flatMap(([member, value]) => {
          // The material of CARD_IMPORT_KEYPAIR begins with public numbers; its secrets are those of the key blobs, and its last bytes.
          const hex = member === 'pbInput' ? String(value).slice(-64) : String(value)
          const isSecret = SECRET_MEMBERS.includes(member) && /^([0-9a-f]{2})+$/.test(hex) && type.abi === null
          return isSecret ? [[hex, `${vector.id} ${member}`] as const] : []
        }),
      ),
    ),
  ].map(([hex, name]) => [name, unhex(hex)]),
)

/** The line of a member. */
export function fieldOf({ fields, type }: Description, name: string): DescribedField {
  const field = fields.find((each) => each.name === name)
  if (!field) throw new Error(`${type} has no line for ${name}`)
  return field
}
