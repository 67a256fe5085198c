/**
 * The parts that REST calls have in common: API versions, operations, attributes and tags, and JSON bodies with caps.
 *
 * A member that is `null` counts as absent, since clients write both.
 *
 * Requirements: BYOK-105, BYOK-110, BYOK-111, BYOK-112.
 * @module
 */
import { isJsonObject, parseJson, type JsonFault, type JsonObject, type JsonValue } from '../bytes/json.js'
import type { Operation } from '../enclave/commands.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { shown } from './display.js'
import { byokFault, type ByokFault } from './faults.js'
import { isOperation } from './targets.js'

/** The versions of the interface in which an import has the form of `rest.ts`. */
export const API_VERSIONS: readonly string[] = [
  '2016-10-01',
  '7.0',
  '7.1',
  '7.2',
  '7.3',
  '7.4-preview.1',
  '7.4',
  '7.5',
  '7.6-preview.2',
  '7.6',
  '2025-06-01-preview',
  '2025-07-01',
  '2026-01-01-preview',
  '2026-03-01-preview',
  '2026-05-01-preview',
  '2026-07-01-preview',
]

/** The caps of a body: a transfer file at its cap fits, and unknown members may nest a little. */
export const BODY_LIMITS = { maxBytes: 131072, maxDepth: 16 } as const

/** What may be wrong with the query of a request. */
export type ApiVersionFault = ByokFault<'api_version_missing' | 'api_version_unknown' | 'api_version_twice'>

/** Judges the query of a request, without its question mark. Names count as they are decoded: one client writes `api%2Dversion`. */
export function readApiVersion(query: string): Verdict<string, ApiVersionFault> {
  const versions: string[] = []
  for (const pair of query.split('&')) {
    const [name = '', ...value] = pair.split('=')
    if (percentDecoded(name) === 'api-version') versions.push(percentDecoded(value.join('=')) ?? '')
  }
  const [version, second] = versions
  if (version === undefined) return refuse(byokFault('api_version_missing'))
  if (second !== undefined) return refuse(byokFault('api_version_twice'))
  return API_VERSIONS.includes(version) ? accept(version) : refuse(byokFault('api_version_unknown', { found: shown(version) }))
}

/** Reads a body, which is a JSON object. */
export function readObject(text: string): Verdict<JsonObject, JsonFault> {
  const parsed = parseJson(text, BODY_LIMITS)
  if (!parsed.ok) return parsed
  return isJsonObject(parsed.value) ? accept(parsed.value) : refuse({ code: 'json_syntax', at: 'offset 0', wanted: 'an object' })
}

/** A member, or `undefined` where it is absent or `null`. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined
}

/** What may be wrong with operations. */
export type KeyOpsFault = ByokFault<'key_ops_invalid' | 'operation_twice'>

/** Reads `key_ops`. Whether they fit the type is judged by `checkOperations`, whether they make a KEK by `judgeKekKey`. */
export function readKeyOps(value: JsonValue, at: string): Verdict<readonly Operation[], KeyOpsFault> {
  if (!Array.isArray(value)) return refuse(byokFault('key_ops_invalid', { at }))
  const operations: Operation[] = []
  for (const [index, item] of (value as readonly JsonValue[]).entries()) {
    const place = { at: `${at}[${index}]`, ...(typeof item === 'string' ? { found: shown(item) } : {}) }
    if (!isOperation(item)) return refuse(byokFault('key_ops_invalid', place))
    if (operations.includes(item)) return refuse(byokFault('operation_twice', place))
    operations.push(item)
  }
  return accept(operations)
}

/** What a request says about a key beside the key itself. */
export interface Attributes {
  readonly enabled: boolean
  readonly notBefore: number | null
  readonly expires: number | null
}

/** What may be wrong with attributes and tags. */
export type AttributesFault = ByokFault<
  'attributes_invalid' | 'attributes_window_empty' | 'attributes_exportable' | 'release_policy_refused' | 'tags_invalid' | 'tags_too_many' | 'tags_too_long'
>

/** Reads attributes and judges tags and release policy. Tags are judged and then forgotten: nothing in the protocol depends on them. */
export function readAttributes(body: JsonObject): Verdict<Attributes, AttributesFault> {
  if (member(body, 'release_policy') !== undefined) return refuse(byokFault('release_policy_refused', { at: 'release_policy' }))
  const tags = judgeTags(member(body, 'tags'))
  if (tags) return refuse(tags)

  const attributes = member(body, 'attributes') ?? NO_MEMBERS
  if (!isJsonObject(attributes)) return refuse(byokFault('attributes_invalid', { at: 'attributes', wanted: 'an object' }))
  for (const [name, isRight, wanted] of ATTRIBUTES) {
    const value = member(attributes, name)
    if (value !== undefined && !isRight(value)) return refuse(byokFault('attributes_invalid', { at: `attributes.${name}`, wanted }))
  }
  if (member(attributes, 'exportable') === true) return refuse(byokFault('attributes_exportable', { at: 'attributes.exportable' }))
  const enabled = (member(attributes, 'enabled') ?? true) as boolean
  const notBefore = (member(attributes, 'nbf') ?? null) as number | null
  const expires = (member(attributes, 'exp') ?? null) as number | null
  if (notBefore !== null && expires !== null && notBefore >= expires)
    return refuse(byokFault('attributes_window_empty', { at: 'attributes.exp', found: expires }))
  return accept({ enabled, notBefore, expires })
}

function judgeTags(tags: JsonValue | undefined): ByokFault<'tags_invalid' | 'tags_too_many' | 'tags_too_long'> | null {
  if (tags === undefined) return null
  if (!isJsonObject(tags)) return byokFault('tags_invalid', { at: 'tags' })
  const entries = Object.entries(tags)
  if (entries.length > MOST_TAGS) return byokFault('tags_too_many', { at: 'tags', found: entries.length })
  for (const [name, value] of entries) {
    if (typeof value !== 'string') return byokFault('tags_invalid', { at: 'tags', found: shown(name) })
    if (name.length > LONGEST_TAG || value.length > LONGEST_TAG) return byokFault('tags_too_long', { at: 'tags', found: shown(name) })
  }
  return null
}

function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

const isBoolean = (value: JsonValue) => typeof value === 'boolean'
const isTime = (value: JsonValue) => Number.isSafeInteger(value) && (value as number) >= 0
const ATTRIBUTES = [
  ['enabled', isBoolean, 'true or false'],
  ['exportable', isBoolean, 'true or false'],
  ['nbf', isTime, 'seconds since 1970'],
  ['exp', isTime, 'seconds since 1970'],
] as const
const NO_MEMBERS: JsonObject = {}
const MOST_TAGS = 15
const LONGEST_TAG = 256
