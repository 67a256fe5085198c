/**
 * REST calls to a vault, as structured messages and as method, path and body.
 *
 * What depends on `key_hsm` ends in `transfer: null` and not in a fault, from its base64 to the kid in the file, so that the vault
 * has one answer for all of it (BYOK-114); every fault here is found before `key_hsm` is looked at. Policy (sizes, operations that
 * fit, the vault's own keys) is for the vault.
 *
 * Readings: a request that sets what the messages cannot carry (`nbf`; `exp` of a target; a KEK made disabled) is refused rather than
 * obeyed in part; `key_size` has no default.
 *
 * Requirements: BYOK-99 to BYOK-106, BYOK-108 to BYOK-112, BYOK-115.
 * @module
 */
import { decodeBase64, fromBase64url } from '../bytes/base64.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../bytes/json.js'
import { TARGET_OPERATIONS } from '../enclave/kinds.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { shown } from './display.js'
import { byokFault, type ByokFault } from './faults.js'
import { isKeyName, isKeyVersion } from './kid.js'
import type { ClientToVault, OfficerToVault, Transfer, VaultHearsClient } from './messages.js'
import {
  API_VERSIONS,
  member,
  readApiVersion,
  readAttributes,
  readKeyOps,
  readObject,
  type ApiVersionFault,
  type AttributesFault,
  type KeyOpsFault,
} from './rest-fields.js'
import { parseCrv, parseHsmKty } from './targets.js'
import { readTransferFile } from './transfer-file.js'
import { TRANSFER_LIMITS } from './transfer-format.js'
import type { Reading } from './transfer-inspect.js'

/** A request without what belongs to the connection: host, tokens, other headers. */
export interface HttpRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly body: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** The header that carries `request`. */
export const REQUEST_ID_HEADER = 'x-ms-client-request-id'

/** Who may be on the other end of a connection. */
export type Speaker = 'client' | 'officer'

/** Why a request is no message. */
export type RequestFault =
  | ApiVersionFault
  | KeyOpsFault
  | AttributesFault
  | ByokFault<
      | 'call_unknown'
      | 'call_not_for_role'
      | 'request_id_invalid'
      | 'body_missing'
      | 'body_unexpected'
      | 'body_too_large'
      | 'body_not_json'
      | 'name_invalid'
      | 'version_missing'
      | 'version_invalid'
      | 'kek_kty_wrong'
      | 'key_size_invalid'
      | 'public_exponent_refused'
      | 'kty_not_hsm'
      | 'crv_missing'
      | 'crv_unknown'
      | 'crv_unexpected'
      | 'key_missing'
      | 'key_hsm_missing'
      | 'key_hsm_with_key_members'
      | 'attributes_not_offered'
      | 'update_refused'
    >

/** A message as a request. A message that no vault could be asked is the caller's mistake. */
export function encodeRequest(message: ClientToVault | OfficerToVault, apiVersion: string = '7.6'): HttpRequest {
  const { name, request } = message
  if (!isKeyName(name)) throw new TypeError('encodeRequest: name is not the name of a key')
  if (!isRequestId(request)) throw new TypeError('encodeRequest: request is not a usable id')
  if (!API_VERSIONS.includes(apiVersion)) throw new TypeError('encodeRequest: apiVersion is not known')
  if ('version' in message && message.version !== null && !isKeyVersion(message.version)) throw new TypeError('encodeRequest: version is not a version')

  const call = (method: string, path: string, body: object | null): HttpRequest => ({
    method,
    path: `/keys/${name}${path}?api-version=${apiVersion}`,
    body: body && JSON.stringify(body),
    ...(request === '' ? {} : { headers: { [REQUEST_ID_HEADER]: request } }),
  })
  switch (message.type) {
    case 'client.createKek': {
      const attributes = { enabled: true, ...(message.expires === null ? {} : { exp: message.expires }) }
      return call('POST', '/create', { kty: 'RSA-HSM', key_size: message.bits, key_ops: message.operations, attributes })
    }
    case 'client.getKey':
    case 'officer.getKey':
      return call('GET', message.version === null ? '' : `/${message.version}`, null)
    case 'client.importKey': {
      if (!fromBase64url(message.file).ok) throw new TypeError('encodeRequest: file is not base64url')
      const crv = message.crv === null ? {} : { crv: message.crv }
      const key = { kty: `${message.kty}-HSM`, key_ops: message.operations, key_hsm: message.file, ...crv }
      return call('PUT', '', { Hsm: true, key, attributes: { enabled: message.enabled } })
    }
    case 'client.deleteKek':
      return call('DELETE', '', null)
    case 'officer.setEnabled':
      return call('PATCH', `/${message.version}`, { attributes: { enabled: message.enabled } })
  }
}

/** How a vault listens. */
export interface Listening<S extends Speaker = Speaker> {
  readonly speaker: S
  /** Which encodings of a transfer file it tolerates. A vault is lenient here whatever its profile; a test may not be. */
  readonly reading: Reading
}

/** Reads a request as the vault hears it. HTTP does not say who speaks; the embedding program knows by the credentials. */
export function decodeRequest(http: HttpRequest, listening: Listening<'client'>): Verdict<VaultHearsClient, RequestFault>
export function decodeRequest(http: HttpRequest, listening: Listening<'officer'>): Verdict<OfficerToVault, RequestFault>
export function decodeRequest(http: HttpRequest, listening: Listening): Verdict<VaultHearsClient | OfficerToVault, RequestFault>
export function decodeRequest(http: HttpRequest, { speaker, reading }: Listening): Verdict<VaultHearsClient | OfficerToVault, RequestFault> {
  const request = requestIdOf(http.headers)
  if (!isRequestId(request)) return refuse(byokFault('request_id_invalid', { at: REQUEST_ID_HEADER }))
  const [path = '', ...query] = http.path.split('?')
  const [root, keys, name, last, ...rest] = path.split('/')
  if (root !== '' || keys !== 'keys' || name === undefined || rest.length > 0)
    return refuse(byokFault('call_unknown', { found: shown(`${http.method} ${path}`) }))
  const call = CALLS.find(({ method, tail }) => method === http.method && (tail === 'version' || tail === (last ?? '')))
  if (!call) return refuse(byokFault('call_unknown', { found: shown(`${http.method} ${path}`) }))
  if (!call.speakers.includes(speaker)) return refuse(byokFault('call_not_for_role', { found: speaker }))
  const apiVersion = readApiVersion(query.join('?'))
  if (!apiVersion.ok) return apiVersion
  if (!isKeyName(name)) return refuse(byokFault('name_invalid', { found: shown(name) }))

  let version: string | null = null
  if (call.tail === 'version') {
    version = last === undefined || last === '' ? null : last
    if (version === null && speaker === 'officer') return refuse(byokFault('version_missing'))
    if (version !== null && !isKeyVersion(version)) return refuse(byokFault('version_invalid', { found: shown(version) }))
  }
  const body = readBody(http.body, call.hasBody)
  if (!body.ok) return body

  switch (call.name) {
    case 'create':
      return decodeCreate(body.value, { name, request })
    case 'get':
      return accept(speaker === 'officer' ? { type: 'officer.getKey', request, name, version: version! } : { type: 'client.getKey', request, name, version })
    case 'import':
      return decodeImport(body.value, { name, request }, reading)
    case 'update': {
      const enabled = decodeUpdate(body.value)
      return enabled.ok ? accept({ type: 'officer.setEnabled', request, name, version: version!, enabled: enabled.value }) : enabled
    }
    case 'delete':
      return accept({ type: 'client.deleteKek', request, name })
  }
}

/** The id of a request, or of the request that an answer belongs to; empty where there is none. Header names are compared in lower case. */
export function requestIdOf(headers: Readonly<Record<string, string>> = {}): string {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === REQUEST_ID_HEADER)?.[1] ?? ''
}

/** Whether the text may be a request id: at most 128 visible ASCII characters, so that it can go into a header and a log. */
export const isRequestId = (text: string): boolean => /^[!-~]{0,128}$/.test(text)

function decodeCreate(body: JsonObject, { name, request }: Named): Verdict<VaultHearsClient, RequestFault> {
  const kty = member(body, 'kty')
  if (typeof kty !== 'string' || parseHsmKty(kty) !== 'RSA') return refuse(byokFault('kek_kty_wrong', { at: 'kty', ...textFound(kty) }))
  const bits = member(body, 'key_size')
  if (typeof bits !== 'number' || !Number.isSafeInteger(bits)) return refuse(byokFault('key_size_invalid', { at: 'key_size' }))
  const exponent = member(body, 'public_exponent')
  if (exponent !== undefined && exponent !== 65537) return refuse(byokFault('public_exponent_refused', { at: 'public_exponent' }))
  // Without `key_ops` a service makes an ordinary key. The vault then sees operations that are not a KEK's.
  const operations = readKeyOps(member(body, 'key_ops') ?? TARGET_OPERATIONS.RSA, 'key_ops')
  if (!operations.ok) return operations
  const attributes = readAttributes(body)
  if (!attributes.ok) return refuse({ ...attributes.fault, requirement: EXPORT_FAULTS.has(attributes.fault.code) ? 'BYOK-37' : 'BYOK-112' })
  const { enabled, notBefore, expires } = attributes.value
  if (!enabled || notBefore !== null) return refuse(byokFault('attributes_not_offered', { at: enabled ? 'attributes.nbf' : 'attributes.enabled' }))
  return accept({ type: 'client.createKek', request, name, bits, operations: operations.value, expires })
}

function decodeImport(body: JsonObject, { name, request }: Named, reading: Reading): Verdict<VaultHearsClient, RequestFault> {
  const key = member(body, 'key')
  if (key === undefined || !isJsonObject(key)) return refuse(byokFault('key_missing', { at: 'key' }))
  const ktyText = member(key, 'kty')
  const kty = typeof ktyText === 'string' ? parseHsmKty(ktyText) : null
  if (kty === null) return refuse(byokFault('kty_not_hsm', { at: 'key.kty', ...textFound(ktyText) }))

  const crvText = member(key, 'crv')
  if (kty !== 'EC' && crvText !== undefined) return refuse(byokFault('crv_unexpected', { at: 'key.crv' }))
  if (kty === 'EC' && crvText === undefined) return refuse(byokFault('crv_missing', { at: 'key.crv' }))
  const crv = typeof crvText === 'string' ? parseCrv(crvText) : null
  if (kty === 'EC' && crv === null) return refuse(byokFault('crv_unknown', { at: 'key.crv', ...textFound(crvText) }))

  const operations = readKeyOps(member(key, 'key_ops') ?? TARGET_OPERATIONS[kty], 'key.key_ops')
  if (!operations.ok) return operations
  const attributes = readAttributes(body)
  if (!attributes.ok) return attributes
  const { enabled, notBefore, expires } = attributes.value
  if (notBefore !== null || expires !== null)
    return refuse(byokFault('attributes_not_offered', { at: notBefore !== null ? 'attributes.nbf' : 'attributes.exp' }))

  const beside = KEY_MEMBERS.find((each) => member(key, each) !== undefined)
  const blob = member(key, 'key_hsm')
  if (blob === undefined) return refuse(byokFault('key_hsm_missing', { at: 'key.key_hsm' }))
  if (beside !== undefined) return refuse(byokFault('key_hsm_with_key_members', { at: `key.${beside}` }))
  return accept({ type: 'client.importKey', request, name, kty, crv, operations: operations.value, enabled, transfer: readTransfer(blob, reading) })
}

/** From here on nothing is told apart. */
function readTransfer(keyHsm: JsonValue, reading: Reading): Transfer | null {
  if (typeof keyHsm !== 'string' || keyHsm.length > Math.ceil((TRANSFER_LIMITS.fileBytes * 4) / 3) + 2) return null
  const bytes = decodeBase64(keyHsm, { alphabet: 'either', padding: 'optional' })
  const file = bytes.ok ? readTransferFile(bytes.value, { reading }) : null
  return file?.ok ? { kek: file.value.kek, ciphertext: file.value.ciphertext } : null
}

function decodeUpdate(body: JsonObject): Verdict<boolean, RequestFault> {
  const attributes = member(body, 'attributes') ?? {}
  if (!isJsonObject(attributes)) return refuse(byokFault('attributes_invalid', { at: 'attributes', wanted: 'an object' }))
  const other = otherMember(body, 'attributes') ?? otherMember(attributes, 'enabled')
  if (other !== undefined) return refuse(byokFault('update_refused', { found: shown(other) }))
  const enabled = member(attributes, 'enabled')
  if (enabled === undefined) return refuse(byokFault('update_refused', { at: 'attributes.enabled' }))
  return typeof enabled === 'boolean' ? accept(enabled) : refuse(byokFault('attributes_invalid', { at: 'attributes.enabled', wanted: 'true or false' }))
}

function readBody(text: string | null, wanted: boolean): Verdict<JsonObject, RequestFault> {
  const given = text !== null && text !== ''
  if (!wanted) return given ? refuse(byokFault('body_unexpected')) : accept({})
  if (!given) return refuse(byokFault('body_missing'))
  const body = readObject(text)
  if (body.ok) return body
  const { code, at } = body.fault
  return refuse(byokFault(code === 'json_too_large' ? 'body_too_large' : 'body_not_json', at === undefined ? {} : { at }))
}

interface Named {
  readonly name: string
  readonly request: string
}

const textFound = (value: JsonValue | undefined) => (typeof value === 'string' ? { found: shown(value) } : {})
const otherMember = (object: JsonObject, known: string) => Object.keys(object).find((name) => name !== known && member(object, name) !== undefined)

interface Call {
  readonly name: 'create' | 'get' | 'import' | 'update' | 'delete'
  readonly method: string
  /** What follows the name of the key: nothing (or the empty version that some clients write), a word, or a version. */
  readonly tail: '' | 'create' | 'version'
  readonly hasBody: boolean
  readonly speakers: readonly Speaker[]
}

const CALLS: readonly Call[] = [
  { name: 'create', method: 'POST', tail: 'create', hasBody: true, speakers: ['client'] },
  { name: 'get', method: 'GET', tail: 'version', hasBody: false, speakers: ['client', 'officer'] },
  { name: 'import', method: 'PUT', tail: '', hasBody: true, speakers: ['client'] },
  { name: 'update', method: 'PATCH', tail: 'version', hasBody: true, speakers: ['officer'] },
  { name: 'delete', method: 'DELETE', tail: '', hasBody: false, speakers: ['client'] },
]

const KEY_MEMBERS = ['n', 'e', 'd', 'dp', 'dq', 'qi', 'p', 'q', 'k', 'x', 'y'] as const
const EXPORT_FAULTS: ReadonlySet<string> = new Set(['attributes_exportable', 'release_policy_refused'])
