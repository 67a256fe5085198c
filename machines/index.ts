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
export { archiveMachine, type ArchiveRecord } from './ski/archive.js'
export { cardMachine, type CardInput } from './ski/card.js'
export type { ClientInput as SkiClientInput } from './ski/client-plan.js'
export type { ClientContext as SkiClientContext, Received, ReceivedOrNot } from './ski/client-setup.js'
export { clientMachine as skiClientMachine } from './ski/client.js'
export type { Progress as SkiProgress, RoleName as SkiRoleName } from './ski/common.js'
export {
  Injections,
  roleName,
  serverConversation,
  type CardInReader,
  type InjectionReport,
  type InjectionRequest,
  type InjectionsOptions,
} from './ski/injections.js'
export type { MinidriverContext, MinidriverInput } from './ski/minidriver-setup.js'
export { minidriverMachine } from './ski/minidriver.js'
export type { Enrolment, Injection, Judged, Offer, ServedProduct, ServerInput } from './ski/server-plan.js'
export type { Injected, ServerContext } from './ski/server-setup.js'
export { serverMachine } from './ski/server.js'
export { SKI_EXCHANGES, SKI_HEARS } from './ski/vocabulary.js'
export { formsOf, Ledger, type Leak, type ShownAs } from './ledger.js'
export {
  closedPort,
  enclavePort,
  linkPort,
  turnstile,
  type AnyEnclave,
  type Link,
  type LinkPortOptions,
  type Message,
  type Port,
  type Turnstile,
} from './ports.js'
export { Session, type Channel, type Envelope, type Line, type Membership, type SessionOptions, type SessionSnapshot } from './session.js'
export { begin, step, type Said, type Step } from './step.js'
