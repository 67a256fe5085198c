/**
 * The form of a vector file, and of the JSON Schema beside it.
 *
 * A generator says which members its tests have and what each of them means; from that come the schema and, with the
 * tests, the file. Everything that all files share is said here.
 * @module
 */

export type Result = 'valid' | 'valid-lenient' | 'invalid'

/** One test. Beside these members it has the inputs and outputs that its file describes. */
export interface Test {
  readonly id: string
  /** Only where no requirement asks for it there is a source instead. */
  readonly requirement?: string
  readonly source?: string
  readonly comment: string
  readonly flags?: readonly string[]
  readonly result: Result
  readonly expect?: string
  readonly [member: string]: unknown
}

/** A fragment of JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>

export interface Description {
  /** `core/aes-kwp`: the path under `vectors/` without its extension. */
  readonly path: string
  readonly title: string
  /** Sentences for the reader of the file. */
  readonly about: readonly string[]
  /** What each flag stands for. */
  readonly flags: Readonly<Record<string, string>>
  /** Keys that the tests name. */
  readonly keys?: Readonly<Record<string, unknown>>
  /** Scripts that tests begin with, by name. */
  readonly setups?: Readonly<Record<string, unknown>>
  /** Members of a test beyond the common ones. */
  readonly members: Readonly<Record<string, Schema>>
  /** Those members that every test has. */
  readonly always: readonly string[]
  /** Those members that a test has if its result is not `invalid`. */
  readonly outputs?: readonly string[]
}

/** A generated document: path under `vectors/`, and text. */
export type Document = readonly [path: string, text: string]

/** The vector file and its schema. */
export function vectorFile(description: Description, tests: readonly Test[]): readonly Document[] {
  const { path, title, about, flags, keys, setups } = description
  check(description, tests)
  const schema = `${path.split('/').at(-1)}.schema.json`
  const file = {
    schema,
    spec: `spec/${protocolOf(path)}.md`,
    title,
    about,
    notes: flags,
    ...(keys ? { keys } : {}),
    ...(setups ? { setups } : {}),
    numberOfTests: tests.length,
    tests,
  }
  return [
    [`${path}.json`, `${JSON.stringify(file, null, 2)}\n`],
    [`${path}.schema.json`, `${JSON.stringify(schemaOf(description), null, 2)}\n`],
  ]
}

/** Whose requirements a file cites: the core's are those of BYOK. */
const protocolOf = (path: string): 'byok' | 'ski' => (path.startsWith('ski/') ? 'ski' : 'byok')

function check({ path, flags }: Description, tests: readonly Test[]): void {
  const ids = tests.map((test) => test.id)
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i)
  if (twice.length > 0) throw new Error(`${path}: ${twice.join(', ')} stands twice`)
  const used = new Set(tests.flatMap((test) => test.flags ?? []))
  const wrong = [...Object.keys(flags).filter((flag) => !used.has(flag)), ...[...used].filter((flag) => !(flag in flags))]
  if (wrong.length > 0) throw new Error(`${path}: flags not used or not explained: ${wrong.join(', ')}`)
}

const describe = (schema: Schema, description: string): Schema => ({ ...schema, description })

/** Kinds of members. */
export const hexOf = (description: string): Schema => describe({ $ref: '#/$defs/hex' }, description)
export const text = (description: string): Schema => describe({ type: 'string' }, description)
export const whole = (description: string): Schema => describe({ type: 'integer', minimum: 0 }, description)
export const flag = (description: string): Schema => describe({ type: 'boolean' }, description)
export const oneOf = (values: readonly (string | number | null)[], description: string): Schema => describe({ enum: values }, description)
export const listOf = (items: Schema, description: string): Schema => describe({ type: 'array', items }, description)
export const keyName = (description: string): Schema => describe({ type: 'string' }, `${description} The name of a key under "keys".`)
export const hash = (description: string): Schema => oneOf(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'], description)
export const curve = (description: string): Schema => oneOf(['P-256', 'P-256K', 'P-384', 'P-521'], description)
export const anything = (description: string): Schema => ({ description })

/** Marks the tests that only a primality test refuses. */
export const PRIMALITY: Schema = {
  const: true,
  description: 'Only a primality test of p and q finds this (BYOK-59): every other check of the key passes.',
}

/** An object with exactly these members; a name that ends in `?` may be missing. */
export function object(members: Readonly<Record<string, Schema>>, description = ''): Schema {
  const names = Object.keys(members)
  return {
    ...(description ? { description } : {}),
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), members[name]])),
    required: names.filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  }
}

/** A schema or null. */
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })

const base64url = { type: 'string', pattern: '^[A-Za-z0-9_-]*$' }

/** The public part of a key, in JWK members. */
export const publicPart = (description: string): Schema => ({
  description,
  oneOf: [
    object({ kty: { const: 'RSA' }, n: base64url, e: base64url }),
    object({ kty: { const: 'EC' }, crv: { enum: ['P-256', 'P-256K', 'P-384', 'P-521'] }, x: base64url, y: base64url }),
    object({ kty: { const: 'oct' } }),
  ],
})

function schemaOf({ path, title, keys, setups, members, always, outputs = [] }: Description): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    description: `The form of ${path}.json.`,
    ...object({
      schema: { const: `${path.split('/').at(-1)}.schema.json` },
      spec: describe({ type: 'string' }, 'Where the requirements stand.'),
      title: { type: 'string' },
      about: describe({ type: 'array', items: { type: 'string' } }, 'What the file is about, and how to use it.'),
      notes: describe({ type: 'object', additionalProperties: { type: 'string' } }, 'What each flag stands for.'),
      ...(keys ? { keys: describe({ type: 'object', additionalProperties: { $ref: '#/$defs/key' } }, 'TEST KEYS that the tests name.') } : {}),
      ...(setups ? { setups: describe({ type: 'object', additionalProperties: { type: 'array' } }, 'Scripts that tests begin with, by name.') } : {}),
      numberOfTests: describe({ type: 'integer', minimum: 1 }, 'How many tests the file carries.'),
      tests: { type: 'array', items: { $ref: '#/$defs/test' } },
    }),
    $defs: {
      hex: { type: 'string', pattern: '^([0-9a-f]{2})*$' },
      ...(keys
        ? {
            key: object({
              bits: { type: 'integer' },
              pkcs8: describe({ $ref: '#/$defs/hex' }, 'PrivateKeyInfo, DER.'),
              spki: describe({ $ref: '#/$defs/hex' }, 'SubjectPublicKeyInfo, DER.'),
            }),
          }
        : {}),
      test: {
        type: 'object',
        properties: {
          id: describe({ type: 'string', pattern: '^[a-z0-9]+(_[a-z0-9]+)*$' }, 'Which part is special, and how. Unique in the file.'),
          requirement: describe({ type: 'string', pattern: `^${protocolOf(path).toUpperCase()}-[1-9][0-9]*$` }, 'The requirement that the test is about.'),
          source: describe({ type: 'string' }, 'The document and section that the test is about, where no requirement of this specification asks for it.'),
          comment: describe({ type: 'string', minLength: 1 }, 'Why the test exists.'),
          flags: describe({ type: 'array', items: { type: 'string' }, minItems: 1 }, 'Groups that the test belongs to; see "notes".'),
          ...members,
          reading: describe({ enum: ['strict', 'lenient'] }, 'The one reading that the test is for; without it, both.'),
          result: describe(
            { enum: ['valid', 'valid-lenient', 'invalid'] },
            'valid: accepted in both readings. valid-lenient: accepted in the lenient reading, refused in the strict one. invalid: refused in both.',
          ),
          expect: describe({ type: 'string', pattern: '^[a-z0-9]+(_[a-z0-9]+)*$' }, 'The fault code of the refusal.'),
        },
        required: ['id', 'comment', ...always, 'result'],
        additionalProperties: false,
        oneOf: [{ required: ['requirement'] }, { required: ['source'] }],
        if: { properties: { result: { const: 'invalid' } } },
        then: { required: ['expect'] },
        else: outputs.length > 0 ? { required: outputs } : true,
        allOf: [{ if: { properties: { result: { const: 'valid' } } }, then: { not: { required: ['expect'] } }, else: { required: ['expect'] } }],
      },
    },
  }
}
