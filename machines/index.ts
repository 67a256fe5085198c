/**
 * The roles, and what connects them: the entry point `keyferry`. One machine per role; each is also importable by itself
 * from `keyferry/machines/…`.
 *
 * @packageDocumentation
 */
export { blameFor, type Outcome, type Progress, type RoleName } from './byok/common.js'
export { Ceremony, type CeremonyOptions, type TransferReport, type TransferRequest } from './byok/ceremony.js'
export { clientMachine, type ClientInput, type Transferred } from './byok/client.js'
export { officerMachine, type Confirmed, type OfficerInput } from './byok/officer.js'
export { sourceHsmMachine, type SourceHsmInput } from './byok/source-hsm.js'
export { toolMachine, type ToolInput } from './byok/tool.js'
export { vaultHsmMachine } from './byok/vault-hsm.js'
export { vaultMachine, type VaultInput } from './byok/vault.js'
export { type KeyRecords, type KeyVersion } from './byok/vault-records.js'
export { EXCHANGES, HEARS } from './byok/vocabulary.js'
export { formsOf, Ledger, type Leak, type ShownAs } from './ledger.js'
export { closedPort, enclavePort, linkPort, turnstile, type Link, type LinkPortOptions, type Message, type Port, type Turnstile } from './ports.js'
export { Session, type Envelope, type Line, type Membership, type SessionOptions, type SessionSnapshot } from './session.js'
export { begin, step, type Said, type Step } from './step.js'
