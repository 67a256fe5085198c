/**
 * The JSON Schema of a script, made of the table that its reader uses.
 * @module
 */
import { FUNCTIONS } from '../../../src/ski/calls.js'
import { SKI_PROFILES } from '../../../src/ski/policy.js'
import { CONTEXT_LIMIT, ENTRY_LIMIT } from './script.js'
import { ARGUMENTS, RESULT_MEMBERS, type ArgumentKind, type ArgumentSpec } from './script-members.js'
import { PADDINGS } from './world.js'

const ref = (name: string) => ({ $ref: `#/$defs/${name}` })
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
const object = (properties: Readonly<Record<string, object>>, required: readonly string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

const KINDS: Readonly<Record<ArgumentKind, object>> = {
  integer: ref('integer'),
  size: orNull(ref('integer')),
  flag: { type: 'boolean' },
  name: { type: ['string', 'null'] },
  bytes: orNull(ref('bytes')),
  pin: orNull(ref('testValue')),
  plain: orNull(ref('plain')),
  blobs: { anyOf: [{ type: 'array', items: ref('bytes') }, { type: 'string', pattern: '^\\$[A-Za-z0-9_-]+\\.blobs$' }, { type: 'null' }] },
  oaep: orNull(object({ hash: { type: 'string' }, label: orNull(ref('bytes')) }, ['hash'])),
}

const NAME = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' }
const COMMENT = { type: 'string' }

/** The arguments that {@link ACQUIRED} gives. */
const usual = new Set(['atr', 'cardName', 'hSCardCtx', 'hScard'])

function callSchema(name: (typeof FUNCTIONS)[number]): object {
  const specs: Readonly<Record<string, ArgumentSpec>> = ARGUMENTS[name]
  const members = Object.entries(specs)
  const properties = Object.fromEntries(
    members.map(([member, { kind, otherwise }]) => [member, { ...KINDS[kind], ...(otherwise !== undefined && { default: otherwise }) }]),
  )
  const required = members
    .filter(([member, { otherwise }]) => otherwise === undefined && !(name === 'CardAcquireContext' && usual.has(member)))
    .map(([member]) => member)
  return object({ call: { const: name }, as: NAME, context: NAME, comment: COMMENT, expect: ref('status'), ...properties }, ['call', ...required])
}

/** JSON Schema, draft 2020-12. */
export const SCRIPT_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A script of minidriver calls for "keyferry ski call"',
  description: `Calls go to at most ${CONTEXT_LIMIT} contexts, each of them an instance of the minidriver with the same card in its reader and a conversation of its own with the server's enclave.`,
  ...object(
    {
      $schema: { type: 'string' },
      description: { type: 'string' },
      profile: { enum: Object.keys(SKI_PROFILES), default: 'published' },
      card: object(
        {
          inserted: { type: 'boolean', default: true },
          containers: { type: 'integer', minimum: 1, maximum: 100, default: 16 },
          support: { type: 'integer', minimum: 0, maximum: 15, default: 14, description: 'What the card claims as "Key Import Support".' },
          writeNeedsPin: { type: 'boolean', default: false },
          pins: {
            type: 'array',
            items: object(
              {
                id: { type: 'integer', minimum: 1, maximum: 7 },
                testValue: { type: 'string', pattern: '^([0-9A-Fa-f]{2}){4,127}$' },
                tries: { type: 'integer', minimum: 1, maximum: 15, default: 3 },
                external: { type: 'boolean', default: false },
              },
              ['id', 'testValue'],
            ),
          },
        },
        [],
      ),
      calls: {
        type: 'array',
        minItems: 1,
        maxItems: ENTRY_LIMIT,
        items: {
          oneOf: [
            ...FUNCTIONS.map(callSchema),
            object({ reader: { enum: ['removed', 'reset', 'inserted'] }, comment: COMMENT }, ['reader']),
            object({ pad: KINDS.pin, comment: COMMENT }, ['pad']),
            object(
              {
                offer: { enum: ['shared', 'derived'] },
                as: NAME,
                context: NAME,
                comment: COMMENT,
                cardId: ref('bytes'),
                algorithm: { enum: ['AES-128', 'AES-192', 'AES-256'], default: 'AES-256' },
              },
              ['offer', 'cardId'],
            ),
          ],
        },
      },
    },
    ['calls'],
  ),
  $defs: {
    reference: {
      type: 'string',
      pattern: `^\\$[A-Za-z0-9_-]+\\.(${RESULT_MEMBERS.join('|')})(\\.[0-9]+)?$`,
      description: 'What an earlier entry, by its name or number, returned.',
    },
    integer: { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^0x[0-9A-Fa-f]{1,8}$' }, ref('reference')] },
    status: { anyOf: [{ type: 'integer' }, { type: 'string' }], description: 'The status that is due: its name, a number, or 0x….' },
    hex: { type: 'string', pattern: '^([0-9A-Fa-f]{2})*$' },
    testValue: object({ testValue: ref('hex') }),
    plain: object({ testValue: ref('hex'), overwrite: { type: 'boolean' }, context: ref('session') }, ['testValue']),
    session: object({ session: ref('bytes'), serverNonce: ref('bytes'), cardNonce: ref('bytes'), cardId: ref('bytes') }),
    bytes: {
      anyOf: [
        ref('reference'),
        object({ hex: ref('hex') }),
        object({ text: { type: 'string' } }),
        object({ u32: { type: 'integer', minimum: 0, maximum: 0xffff_ffff } }),
        object({ concat: { type: 'array', items: ref('bytes') } }),
        object({ wrapped: object({ testValue: ref('hex'), under: ref('bytes'), padding: { enum: PADDINGS } }) }),
      ],
    },
  },
} as const
