/**
 * What the BYOK roles say to each other: plain data, survives JSON, carries nothing secret. Bytes are base64url.
 *
 * Between client (or officer) and vault these are the structured form of REST calls; `rest.ts` turns them into
 * method, path and JSON body and back. `request` is the client request id (`x-ms-client-request-id`): an answer echoes
 * it, so that a late answer is not taken for another one.
 *
 * Spec: spec/byok.md, chapters on the flow and on REST.
 * @module
 */
import type { Curve } from '../crypto/keys.js'
import type { KeyHandle, KeyIdentity, Kid, KeyFacts, Operation, PublicPart } from '../enclave/commands.js'
import type { Fault } from '../verdict.js'

/** The key type families of a target, without the `-HSM` suffix that the wire carries. */
export type TargetKty = 'RSA' | 'EC' | 'oct'

/** What a reader found in `key_hsm`: which KEK version, and C1 ‖ C2. */
export interface Transfer {
  readonly kek: Kid
  readonly ciphertext: string
}

/** Customer's client → vault. */
export type ClientToVault =
  | {
      readonly type: 'client.createKek'
      readonly request: string
      readonly name: string
      readonly bits: number
      readonly operations: readonly Operation[]
      /** `attributes.exp`: Unix seconds after which the KEK opens nothing, or `null` (BYOK-39). */
      readonly expires: number | null
    }
  | { readonly type: 'client.getKey'; readonly request: string; readonly name: string; readonly version: string | null }
  | {
      readonly type: 'client.importKey'
      readonly request: string
      readonly name: string
      readonly kty: TargetKty
      readonly crv: Curve | null
      readonly operations: readonly Operation[]
      readonly enabled: boolean
      /** The bytes of the `.byok` file, unmodified. */
      readonly file: string
    }
  | { readonly type: 'client.deleteKek'; readonly request: string; readonly name: string }

/** The same calls as the vault hears them: the wire's codec has read the file, or found it invalid (`transfer: null`). */
export type VaultHearsClient =
  | Exclude<ClientToVault, { type: 'client.importKey' }>
  | (Omit<Extract<ClientToVault, { type: 'client.importKey' }>, 'file'> & { readonly transfer: Transfer | null })

/** Officer → vault: looks at the imported key and enables or disables it. */
export type OfficerToVault =
  | { readonly type: 'officer.getKey'; readonly request: string; readonly name: string; readonly version: string }
  | { readonly type: 'officer.setEnabled'; readonly request: string; readonly name: string; readonly version: string; readonly enabled: boolean }

/** Vault → whoever asked. */
export type VaultAnswer =
  | {
      readonly type: 'vault.key'
      readonly request: string
      readonly kid: Kid
      readonly key: PublicPart
      readonly operations: readonly Operation[]
      readonly enabled: boolean
      /** What the HSM behind the vault signed about this key, or `null` where the vault gives none. */
      readonly evidence: string | null
    }
  | { readonly type: 'vault.deleted'; readonly request: string; readonly name: string }
  | { readonly type: 'vault.error'; readonly request: string; readonly status: number; readonly code: string; readonly message: string }

/** Vault front end → the HSM behind it. `call` is a number that the answer echoes, so that a late answer is not taken for another one. */
export type VaultToHsm =
  | { readonly type: 'vault.makeKek'; readonly call: number; readonly name: string; readonly bits: number }
  | {
      readonly type: 'vault.import'
      readonly call: number
      readonly kek: KeyHandle
      readonly ciphertext: string
      readonly name: string
      readonly kty: TargetKty
      readonly crv: Curve | null
      readonly operations: readonly Operation[]
    }
  | { readonly type: 'vault.destroy'; readonly call: number; readonly key: KeyHandle }

/** The HSM behind the vault → front end. */
export type HsmToVault =
  | {
      readonly type: 'vaultHsm.kekMade'
      readonly call: number
      readonly key: KeyHandle
      readonly version: string
      readonly n: string
      readonly e: string
      readonly evidence: string
    }
  | {
      readonly type: 'vaultHsm.imported'
      readonly call: number
      readonly key: KeyHandle
      readonly version: string
      readonly facts: KeyFacts
      readonly evidence: string
    }
  | { readonly type: 'vaultHsm.destroyed'; readonly call: number; readonly key: KeyHandle }
  | { readonly type: 'vaultHsm.refused'; readonly call: number }

/** Client → tool: the public KEK with whatever proves it, and which target to wrap. A file in real life. */
export interface ClientToTool {
  readonly type: 'client.kek'
  readonly kid: Kid
  readonly n: string
  readonly e: string
  readonly operations: readonly Operation[]
  readonly evidence: string | null
  readonly target: string
}

/** Tool → source HSM. */
export interface ToolToSource {
  readonly type: 'tool.wrap'
  readonly kid: Kid
  readonly n: string
  readonly e: string
  readonly evidence: string | null
  readonly target: string
}

/** Source HSM → tool. */
export type SourceToTool =
  { readonly type: 'sourceHsm.wrapped'; readonly ciphertext: string; readonly key: PublicPart } | { readonly type: 'sourceHsm.refused'; readonly fault: Fault }

/** Tool → client: the finished `.byok` file and the target's public part. */
export type ToolToClient =
  { readonly type: 'tool.file'; readonly file: string; readonly key: PublicPart } | { readonly type: 'tool.refused'; readonly fault: Fault }

/** Client ↔ officer: "it is there, please look", and the officer's word. */
export type ClientToOfficer = { readonly type: 'client.imported'; readonly kid: Kid } | { readonly type: 'client.gaveUp' }
/** See {@link ClientToOfficer}. */
export type OfficerToClient = { readonly type: 'officer.confirmed'; readonly kid: Kid } | { readonly type: 'officer.refused'; readonly fault: Fault }

/** Source HSM → the officer at its console. */
export type SourceToConsole =
  | {
      readonly type: 'sourceHsm.kekOffered'
      /** Which offer this is: the HSM's handle of the offered key. The officer's word names it, so that it counts for nothing else. */
      readonly kek: KeyHandle
      readonly kid: Kid
      readonly bits: number
      /** SPKI SHA-256 of the offered KEK, as the HSM itself computed it. */
      readonly fingerprint: string
      readonly attested: boolean
      readonly attestedVault: string | null
      readonly target: string
    }
  | { readonly type: 'sourceHsm.noted'; readonly target: KeyFacts }
  | {
      readonly type: 'sourceHsm.compared'
      /** The label of the key that the evidence was compared with. */
      readonly target: string
      readonly genuine: boolean
      readonly sameKey: boolean | null
      readonly kid: Kid | null
      readonly operations: readonly Operation[] | null
    }
  | { readonly type: 'sourceHsm.stopped'; readonly fault: Fault }

/** Officer at the console → source HSM. `fingerprint` is what the officer typed from another channel. */
export type ConsoleToSource =
  | { readonly type: 'officer.acceptKek'; readonly kek: KeyHandle; readonly fingerprint: string | null }
  | { readonly type: 'officer.rejectKek' }
  | { readonly type: 'officer.compare'; readonly target: string; readonly evidence: string }

/** What the embedding program tells any role: time is up, a person cancels. */
export type AppSays = { readonly type: 'app.timeout' } | { readonly type: 'app.cancel' }

/** What the embedding program tells a role with a calendar: it is now `now` (Unix seconds). Time moves by nothing else (BYOK-24). */
export interface ClockSays {
  readonly type: 'app.clock'
  readonly now: number
}

/** Names under which keys are told apart; re-exported for users of the messages. */
export type { KeyFacts, KeyHandle, KeyIdentity, Kid, Operation, PublicPart }
