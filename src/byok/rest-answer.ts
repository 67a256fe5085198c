/**
 * Answers of a vault, as structured messages and as status and body.
 *
 * A key bundle holds public members only. What the HSM behind the vault signed about a key travels in `attributes.attestation`, in the
 * member for the statement about the private key; clients that do not know our format pass over it.
 *
 * Requirements: BYOK-20, BYOK-101, BYOK-107, BYOK-113, BYOK-114.
 * @module
 */
import { fromBase64url } from '../bytes/base64.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../bytes/json.js'
import type { PublicPart } from '../enclave/commands.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { shown } from './display.js'
import { byokFault, faultText, type ByokFault } from './faults.js'
import { formatKid, parseKid, type KidFault } from './kid.js'
import type { ClientToVault, OfficerToVault, VaultAnswer, VaultHearsClient } from './messages.js'
import { member, readKeyOps, readObject, type KeyOpsFault } from './rest-fields.js'
import { REQUEST_ID_HEADER, requestIdOf } from './rest-request.js'
import { parseCrv, parseHsmKty } from './targets.js'

/** An answer without what belongs to the connection. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The one answer to everything that is wrong with a transfer blob, its file, its kid, or the KEK that it names (BYOK-114). */
export const TRANSFER_REFUSAL = { status: 400, code: 'BadParameter', message: 'The key transfer blob is not valid.' } as const

/** Why an answer is no message. */
export type AnswerFault =
  | KidFault
  | KeyOpsFault
  | ByokFault<
      | 'answer_not_json'
      | 'answer_too_large'
      | 'answer_status_unexpected'
      | 'answer_error_malformed'
      | 'answer_member_invalid'
      | 'answer_secret_member'
      | 'answer_other_key'
      | 'answer_other_request'
    >

/** What a vault says to a request that is no message. The text says what is wrong and repeats nothing of the request. */
export function answerToBadRequest(fault: Fault, request: string): Extract<VaultAnswer, { type: 'vault.error' }> {
  const unknown = fault.code === 'call_unknown'
  return { type: 'vault.error', request, status: unknown ? 404 : 400, code: unknown ? 'NotFound' : 'BadParameter', message: `${faultText(fault.code)}.` }
}

/** A message as an answer. */
export function encodeAnswer(answer: VaultAnswer): HttpAnswer {
  const headers = answer.request === '' ? {} : { headers: { [REQUEST_ID_HEADER]: answer.request } }
  switch (answer.type) {
    case 'vault.key':
      return { status: 200, body: JSON.stringify(keyBundle(answer)), ...headers }
    case 'vault.deleted':
      // Nothing can be recovered: the HSM has destroyed the key.
      return { status: 200, body: JSON.stringify({ attributes: { recoveryLevel: 'Purgeable', recoverableDays: 0 } }), ...headers }
    case 'vault.error':
      return { status: answer.status, body: JSON.stringify({ error: { code: answer.code, message: answer.message } }), ...headers }
  }
}

/** Reads an answer to `request`. One about another key, or to another request, is refused. */
export function decodeAnswer(http: HttpAnswer, request: ClientToVault | VaultHearsClient | OfficerToVault): Verdict<VaultAnswer, AnswerFault> {
  const echoed = requestIdOf(http.headers)
  if (echoed !== '' && echoed !== request.request) return refuse(byokFault('answer_other_request', { at: REQUEST_ID_HEADER, found: shown(echoed) }))
  const isError = Number.isInteger(http.status) && http.status >= 400 && http.status <= 599
  if (!isError && http.status !== 200) return refuse(byokFault('answer_status_unexpected', { found: http.status }))
  const body = readObject(http.body)
  if (!body.ok)
    return refuse(
      byokFault(body.fault.code === 'json_too_large' ? 'answer_too_large' : 'answer_not_json', body.fault.at === undefined ? {} : { at: body.fault.at }),
    )

  if (isError) return decodeError(http.status, body.value, request.request)
  if (request.type === 'client.deleteKek') return accept({ type: 'vault.deleted', request: request.request, name: request.name })
  return decodeKeyBundle(body.value, request)
}

function keyBundle({ kid, key, operations, enabled, evidence }: Extract<VaultAnswer, { type: 'vault.key' }>): object {
  const { kty, ...members } = key
  const attestation = evidence === null ? {} : { attestation: { privateKeyAttestation: evidence } }
  return { key: { kid: formatKid(kid), kty: `${kty}-HSM`, key_ops: operations, ...members }, attributes: { enabled, exportable: false, ...attestation } }
}

function decodeError(status: number, body: JsonObject, request: string): Verdict<VaultAnswer, AnswerFault> {
  const error = member(body, 'error')
  const code = error !== undefined && isJsonObject(error) ? member(error, 'code') : undefined
  const message = error !== undefined && isJsonObject(error) ? member(error, 'message') : undefined
  if (typeof code !== 'string' || typeof message !== 'string') return refuse(byokFault('answer_error_malformed', { at: 'error' }))
  return accept({ type: 'vault.error', request, status, code, message })
}

function decodeKeyBundle(
  body: JsonObject,
  request: Exclude<ClientToVault | VaultHearsClient | OfficerToVault, { type: 'client.deleteKek' }>,
): Verdict<VaultAnswer, AnswerFault> {
  const key = member(body, 'key')
  const attributes = member(body, 'attributes')
  if (key === undefined || !isJsonObject(key)) return invalid('key', 'an object')
  if (attributes === undefined || !isJsonObject(attributes)) return invalid('attributes', 'an object')
  const secret = SECRET_MEMBERS.find((name) => Object.hasOwn(key, name))
  if (secret !== undefined) return refuse(byokFault('answer_secret_member', { at: `key.${secret}` }))

  const kidText = member(key, 'kid')
  if (typeof kidText !== 'string') return invalid('key.kid', 'the URL of a key version')
  const kid = parseKid(kidText)
  if (!kid.ok) return refuse({ ...kid.fault, at: 'key.kid' })
  const askedVersion = 'version' in request ? request.version : null
  if (kid.value.name !== request.name || (askedVersion !== null && kid.value.version !== askedVersion))
    return refuse(byokFault('answer_other_key', { at: 'key.kid', found: formatKid(kid.value) }))

  const part = decodePublicPart(key)
  if (!part.ok) return part
  const operations = readKeyOps(member(key, 'key_ops') ?? null, 'key.key_ops')
  if (!operations.ok) return operations
  const enabled = member(attributes, 'enabled')
  if (typeof enabled !== 'boolean') return invalid('attributes.enabled', 'true or false')
  if (member(attributes, 'exportable') === true) return invalid('attributes.exportable', 'false')
  const evidence = decodeEvidence(member(attributes, 'attestation'))
  if (evidence === undefined) return invalid('attributes.attestation', 'an object with privateKeyAttestation')
  return accept({ type: 'vault.key', request: request.request, kid: kid.value, key: part.value, operations: operations.value, enabled, evidence })
}

function decodePublicPart(key: JsonObject): Verdict<PublicPart, AnswerFault> {
  const ktyText = member(key, 'kty')
  const kty = typeof ktyText === 'string' ? parseHsmKty(ktyText) : null
  const number = (name: string) => {
    const value = member(key, name)
    return typeof value === 'string' && value !== '' && fromBase64url(value).ok ? value : null
  }
  switch (kty) {
    case 'RSA': {
      const [n, e] = [number('n'), number('e')]
      return n !== null && e !== null ? accept({ kty, n, e }) : invalid(n === null ? 'key.n' : 'key.e', 'base64url')
    }
    case 'EC': {
      const crvText = member(key, 'crv')
      const crv = typeof crvText === 'string' ? parseCrv(crvText) : null
      if (crv === null) return invalid('key.crv', 'P-256, P-256K, P-384 or P-521')
      const [x, y] = [number('x'), number('y')]
      return x !== null && y !== null ? accept({ kty, crv, x, y }) : invalid(x === null ? 'key.x' : 'key.y', 'base64url')
    }
    case 'oct':
      return accept({ kty })
    case null:
      return invalid('key.kty', 'RSA-HSM, EC-HSM or oct-HSM')
  }
}

/** The evidence; `null` where there is none, `undefined` where there is something else. */
function decodeEvidence(attestation: JsonValue | undefined): string | null | undefined {
  if (attestation === undefined) return null
  if (!isJsonObject(attestation)) return undefined
  const evidence = member(attestation, 'privateKeyAttestation')
  return evidence === undefined ? null : typeof evidence === 'string' ? evidence : undefined
}

const invalid = (at: string, wanted: string) => refuse(byokFault('answer_member_invalid', { at, wanted }))
const SECRET_MEMBERS = ['key_hsm', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'] as const
