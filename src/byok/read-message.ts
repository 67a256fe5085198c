/**
 * What comes over a wire or from a console is data from outside: this file makes a message of it that has the declared
 * shape and no members but its own, or nothing. A port lets in only what this has read, so that a role never meets a
 * member that is missing or of another type (BYOK-154).
 *
 * Shape only: what a message means, and whether it may be said now, is the role's business.
 * @module
 */
import { flag, integer, nullable, record, text, word, type Reader } from '../bytes/shape.js'
import { CURVES } from '../crypto/keys.js'
import { bytesShape, factsShape, handleShape, kidShape, operationsShape, publicPartShape, versionShape } from '../enclave/read-answer.js'
import type { Fault } from '../verdict.js'
import type {
  ClientToOfficer,
  ClientToTool,
  ConsoleToSource,
  HsmToVault,
  OfficerToClient,
  OfficerToVault,
  SourceToConsole,
  SourceToTool,
  ToolToClient,
  ToolToSource,
  VaultAnswer,
  VaultHearsClient,
  VaultToHsm,
} from './messages.js'

/** Every word that a BYOK role may hear from a peer. */
export type ByokMessage =
  | ClientToOfficer
  | ClientToTool
  | ConsoleToSource
  | HsmToVault
  | OfficerToClient
  | OfficerToVault
  | SourceToConsole
  | SourceToTool
  | ToolToClient
  | ToolToSource
  | VaultAnswer
  | VaultHearsClient
  | VaultToHsm

const name = text(128)
const request = text(128)
const call = integer
const version = text(64)
const label = text(256)
const crv = nullable(word(...CURVES))
const kty = word('RSA', 'EC', 'oct')
const file = text(131_072)
const transfer = nullable(record({ kek: kidShape, ciphertext: bytesShape }))

/** A peer may put anything into a fault: a code and a requirement id of the right form are read, the rest is left behind. */
const fault: Reader<Fault> = (value) => {
  const code = record({ code: text(64) })(value)?.code
  if (code === undefined || !/^[a-z0-9_]+$/.test(code)) return undefined
  const requirement = record({ requirement: text(16) })(value)?.requirement
  return requirement !== undefined && /^(BYOK|SKI)-\d{1,4}$/.test(requirement) ? { code, requirement } : { code }
}

const READERS: { readonly [Type in ByokMessage['type']]: Reader<Omit<Extract<ByokMessage, { type: Type }>, 'type'>> } = {
  'client.createKek': record({ request, name, bits: integer, operations: operationsShape, expires: nullable(integer) }),
  'client.getKey': record({ request, name, version: nullable(version) }),
  'client.importKey': record({ request, name, kty, crv, operations: operationsShape, enabled: flag, transfer }),
  'client.deleteKek': record({ request, name }),
  'client.kek': record({ kid: kidShape, n: bytesShape, e: bytesShape, operations: operationsShape, evidence: nullable(bytesShape), target: label }),
  'client.imported': record({ kid: kidShape }),
  'client.gaveUp': record({}),
  'tool.wrap': record({ kid: kidShape, n: bytesShape, e: bytesShape, evidence: nullable(bytesShape), target: label }),
  'tool.file': record({ file, key: publicPartShape }),
  'tool.refused': record({ fault }),
  'sourceHsm.wrapped': record({ ciphertext: bytesShape, key: publicPartShape }),
  'sourceHsm.refused': record({ fault }),
  'sourceHsm.kekOffered': record({
    kek: handleShape,
    kid: kidShape,
    bits: integer,
    fingerprint: text(128),
    attested: flag,
    attestedVault: nullable(text(512)),
    target: label,
  }),
  'sourceHsm.noted': record({ target: factsShape }),
  'sourceHsm.compared': record({ target: label, genuine: flag, sameKey: nullable(flag), kid: nullable(kidShape), operations: nullable(operationsShape) }),
  'sourceHsm.stopped': record({ fault }),
  'officer.acceptKek': record({ kek: handleShape, fingerprint: nullable(text(128)) }),
  'officer.rejectKek': record({}),
  'officer.compare': record({ target: label, evidence: bytesShape }),
  'officer.getKey': record({ request, name, version }),
  'officer.setEnabled': record({ request, name, version, enabled: flag }),
  'officer.confirmed': record({ kid: kidShape }),
  'officer.refused': record({ fault }),
  'vault.key': record({ request, kid: kidShape, key: publicPartShape, operations: operationsShape, enabled: flag, evidence: nullable(bytesShape) }),
  'vault.deleted': record({ request, name }),
  'vault.error': record({ request, status: integer, code: text(64), message: text(1024) }),
  'vault.makeKek': record({ call, name, bits: integer }),
  'vault.import': record({ call, kek: handleShape, ciphertext: bytesShape, name, kty, crv, operations: operationsShape }),
  'vault.destroy': record({ call, key: handleShape }),
  'vaultHsm.kekMade': record({ call, key: handleShape, version: versionShape, n: bytesShape, e: bytesShape, evidence: bytesShape }),
  'vaultHsm.imported': record({ call, key: handleShape, version: versionShape, facts: factsShape, evidence: bytesShape }),
  'vaultHsm.destroyed': record({ call, key: handleShape }),
  'vaultHsm.refused': record({ call }),
}

const WORDS: ReadonlySet<string> = new Set(Object.keys(READERS))

/** Reads a message, or gives `null`. Never throws, whatever it is given: hostile getters included. */
export function readMessage(value: unknown): ByokMessage | null {
  try {
    const type = (value as { type?: unknown } | null)?.type
    if (typeof type !== 'string' || !WORDS.has(type)) return null
    const members = (READERS[type as ByokMessage['type']] as Reader<object>)(value)
    return members ? ({ type, ...members } as ByokMessage) : null
  } catch {
    return null
  }
}
