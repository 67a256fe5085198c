/**
 * The rules of a key store, each by name, each with the requirement that it enforces. They look at public records only:
 * no bytes, no crypto, no time. Every enclave of ours applies this very table, whether it works on bytes or on terms, so
 * a rule that is switched off for a test is off in all of them.
 *
 * Four sorts: a refusal says why a command is not done; a force says what a new key is whatever was asked; a reading says
 * what evidence must state; an effect says what an ending destroys or remembers. Which of them apply to which command,
 * and when, is in `permit.ts`.
 * @module
 */
import { KEK_WRAP_TEMPLATE, matchesTemplate, type Attributes } from './attributes.js'
import type { EnclaveFault, KeyHandle, Operation, PublicPart } from './commands.js'
import { KINDS, TARGET_OPERATIONS, operationSet, type KeyFamily } from './kinds.js'
import { markKept, matches, releaseConversation, releaseKey, settleConversation } from './ledger.js'
import { epochOf, findKey, findLabel, type RuleState, type Situation } from './state.js'
import type { Statement } from './statement.js'

/** Says why a command is not done, or `null`. Judged before the work and again when its result comes in. */
export interface Refusal {
  readonly requirement: string
  /** The fault, or `null` where the command may go on. */
  readonly refuses: (situation: Situation) => EnclaveFault | null
}

/** Says what a new key is, whatever was asked for. */
export interface Force {
  readonly requirement: string
  /** The attributes as they will be. */
  readonly forces: (attributes: Attributes) => Attributes
}

/** Says what genuine evidence must state to count. */
export interface Reading {
  readonly requirement: string
  /** Whether the statement says what has to be said. */
  readonly states: (statement: Statement, about: Situation) => boolean
}

/** What an effect is about: a conversation that ends, or what it does with one key. */
export interface Ending {
  readonly conversation: string
  /** `null` where the conversation itself ends. */
  readonly key: KeyHandle | null
}

/** Says what an ending does to the state. */
export interface Effect {
  readonly requirement: string
  /** The state after the ending. */
  readonly does: (state: RuleState, ending: Ending) => RuleState
}

/**
 * The one refusal for everything that is found out by opening a transfer blob (BYOK-50, BYOK-114): one object, so that no
 * member of it can ever depend on the cause.
 */
export const TRANSFER_REFUSED: EnclaveFault = Object.freeze({ code: 'transfer_refused', requirement: 'BYOK-50' })

/** Key exchange keys have one of these sizes, in bits. */
export const KEK_BITS: readonly number[] = [2048, 3072, 4096]

// Refusals, in the order in which a reader meets them in the flow.

// Evidence names the vault, so a store that stands behind none has nothing to vouch for.
const vaultNamed: Refusal = {
  requirement: 'BYOK-134',
  refuses: ({ state }) => (state.settings.vault === null ? { code: 'operation_not_allowed', at: 'vault', wanted: 'a store behind a vault' } : null),
}

const kekSize: Refusal = {
  requirement: 'BYOK-34',
  refuses: ({ command, done }) => {
    const bits = command.type === 'makeKek' ? command.bits : done?.facts.type === 'holdKek' ? done.facts.bits : null
    return bits === null || KEK_BITS.includes(bits) ? null : { code: 'kek_size_not_allowed', at: 'bits', found: bits, wanted: KEK_BITS.join(', ') }
  },
}

const ownConversation: Refusal = {
  requirement: 'BYOK-129',
  refuses: ({ named, target, conversation }) =>
    [named, target].some((key) => key !== null && key.owner !== null && key.owner !== conversation) ? { code: 'key_belongs_to_another_conversation' } : null,
}

const trustByOfficer: Refusal = {
  requirement: 'BYOK-121',
  refuses: ({ change }) =>
    change?.asked.trusted !== undefined && change.by !== 'officer' ? { code: 'trust_needs_officer', at: 'by', wanted: 'officer' } : null,
}

const trustOnlyKek: Refusal = {
  requirement: 'BYOK-28',
  refuses: ({ change }) =>
    change?.asked.trusted === true && !(change.before.class === 'public' && sameOperations(change.before.operations, ['wrapKey']))
      ? { code: 'operation_not_allowed', at: 'kek', wanted: 'a key that wraps and nothing else' }
      : null,
}

const stickyAttributes: Refusal = {
  requirement: 'BYOK-120',
  refuses: ({ change }) => {
    if (change === null) return null
    const { before, after } = change
    const weaker =
      (before.sensitive && !after.sensitive && 'sensitive') ||
      (!before.extractable && after.extractable && 'extractable') ||
      (before.wrapWithTrusted && !after.wrapWithTrusted && 'wrapWithTrusted') ||
      (!includesAll(before.operations, after.operations) && 'operations')
    return weaker ? { code: 'operation_not_allowed', at: weaker } : null
  },
}

// The operations of a key say for what it was meant, the mechanisms how it may be done: a key pair that its owner lets
// wrap is still no key exchange key, and one that decrypts never opens a transfer.
const wrapsKeys: Refusal = {
  requirement: 'BYOK-28',
  refuses: ({ named }) => (named?.operations.includes('wrapKey') ? null : { code: 'operation_not_allowed', at: 'kek', wanted: 'wrapKey' }),
}

const importsKeys: Refusal = {
  requirement: 'BYOK-3',
  refuses: ({ named }) =>
    named?.class === 'private' && sameOperations(named.operations, ['import']) ? null : { code: 'operation_not_allowed', at: 'kek', wanted: 'import' },
}

const mechanismAllowed: Refusal = {
  requirement: 'BYOK-124',
  refuses: ({ named }) =>
    named?.mechanisms.includes('CKM_RSA_AES_KEY_WRAP') ? null : { code: 'mechanism_not_allowed', at: 'kek', wanted: 'CKM_RSA_AES_KEY_WRAP' },
}

const targetExtractable: Refusal = {
  requirement: 'BYOK-120',
  refuses: ({ target }) => (target?.extractable ? null : { code: 'key_not_extractable', at: 'target' }),
}

const wrapWithTrusted: Refusal = {
  requirement: 'BYOK-122',
  refuses: ({ named, target }) => (target?.wrapWithTrusted && !named?.trusted ? { code: 'kek_not_trusted', at: 'kek' } : null),
}

const wrapTemplate: Refusal = {
  requirement: 'BYOK-125',
  refuses: ({ named, target }) =>
    named?.wrapTemplate && target && !matchesTemplate(target, named.wrapTemplate) ? { code: 'wrap_template_forbids', at: 'target' } : null,
}

const importAlone: Refusal = {
  requirement: 'BYOK-35',
  refuses: ({ attributes }) =>
    attributes && attributes.operations.includes('import') && attributes.operations.length > 1
      ? { code: 'operations_conflict', at: 'operations', found: attributes.operations.join(' '), wanted: 'import alone' }
      : null,
}

const importForKekOnly: Refusal = {
  requirement: 'BYOK-127',
  refuses: ({ command, attributes }) =>
    command.type !== 'makeKek' && attributes?.operations.includes('import')
      ? { code: 'operation_not_allowed', at: 'operations', found: 'import', wanted: 'a key exchange key made inside' }
      : null,
}

const operationsOfFamily: Refusal = {
  requirement: 'BYOK-110',
  refuses: ({ command, attributes }) => {
    const family = familyOf(command)
    const beyond = attributes?.operations.find((operation) => family !== null && operation !== 'import' && !TARGET_OPERATIONS[family].includes(operation))
    return beyond === undefined ? null : { code: 'operation_not_allowed', at: 'operations', found: beyond }
  },
}

const rolesApart: Refusal = {
  requirement: 'BYOK-28',
  // Not asked of imports: an imported key takes part in no transport of keys (mechanisms), and its `wrapKey` means bytes
  // that a caller gives. So it cannot wrap what it could then decrypt (BYOK-128).
  refuses: ({ attributes }) => {
    const has = (...both: Operation[]) => attributes !== null && includesAll(attributes.operations, both)
    return has('wrapKey', 'decrypt') || has('unwrapKey', 'encrypt')
      ? { code: 'operations_conflict', at: 'operations', found: attributes!.operations.join(' ') }
      : null
  },
}

// In a vault the label is the kid, which names one key for ever; at the source it is what the officer reads.
const labelFree: Refusal = {
  requirement: 'BYOK-171',
  refuses: ({ state, command, done }) => {
    const label = newLabel(command, done?.facts)
    return label !== null && findLabel(state, label) ? { code: 'label_taken', at: 'label', found: label } : null
  },
}

const handleFresh: Refusal = {
  requirement: 'BYOK-131',
  refuses: ({ state, done }) => (done && 'handle' in done.facts && findKey(state, done.facts.handle) ? { code: 'enclave_failed' } : null),
}

// Whoever closed a conversation has been told that nothing of it is left. A result that comes later must not make it untrue.
const conversationOpen: Refusal = {
  requirement: 'BYOK-129',
  refuses: ({ state, done }) => (done && epochOf(state, done.permit.conversation) !== done.permit.epoch ? { code: 'conversation_closed' } : null),
}

const sameTarget: Refusal = {
  requirement: 'BYOK-126',
  // A label may have come to name another key while the first one was being wrapped.
  refuses: ({ target, done }) => (done && (target?.handle ?? null) !== done.permit.target ? { code: 'label_unknown', at: 'target' } : null),
}

const targetNotKek: Refusal = {
  requirement: 'BYOK-60',
  refuses: ({ state, done }) => {
    if (done?.facts.type !== 'importTransfer') return null
    const { key } = done.facts
    // By the modulus alone: the KEK with another exponent is still the KEK.
    return key.kty === 'RSA' && state.keys.some((kek) => kek.operations.includes('import') && kek.key.kty === 'RSA' && kek.key.n === key.n)
      ? TRANSFER_REFUSED
      : null
  },
}

// The identity beside the blob, because a target that was wrapped twice makes two blobs of one key.
const importOnce: Refusal = {
  requirement: 'BYOK-22',
  refuses: ({ state, done }) =>
    done?.facts.type === 'importTransfer' && matches(state.ledger, done.facts.blob, done.facts.identity).length > 0 ? TRANSFER_REFUSED : null,
}

// Forces.

const bornUntrusted: Force = { requirement: 'BYOK-121', forces: (key) => ({ ...key, trusted: false }) }
const bornSensitive: Force = { requirement: 'BYOK-120', forces: (key) => ({ ...key, sensitive: true }) }
const bornWrapWithTrusted: Force = { requirement: 'BYOK-122', forces: (key) => ({ ...key, wrapWithTrusted: true }) }
const kekLocked: Force = { requirement: 'BYOK-37', forces: (key) => ({ ...key, sensitive: true, extractable: false, operations: operationSet(['import']) }) }
const kekWrapTemplate: Force = { requirement: 'BYOK-125', forces: (key) => ({ ...key, wrapTemplate: KEK_WRAP_TEMPLATE }) }
const importLocked: Force = { requirement: 'BYOK-128', forces: (key) => ({ ...key, sensitive: true, extractable: false, wrapWithTrusted: true }) }
const honestHistory: Force = {
  requirement: 'BYOK-29',
  forces: (key) => ({
    ...key,
    alwaysSensitive: key.sensitive && key.origin === 'generated',
    neverExtractable: !key.extractable && key.origin === 'generated',
  }),
}

// Readings of evidence.

const evidenceKind: Reading = {
  requirement: 'BYOK-135',
  states: (statement, { command }) => statement.kind === (command.type === 'holdKek' ? 'kek' : 'key'),
}
const evidenceKey: Reading = {
  requirement: 'BYOK-141',
  states: (statement, { done }) => done?.facts.type === 'holdKek' && samePublicPart(statement.key, done.facts.key),
}
const evidenceKid: Reading = {
  requirement: 'BYOK-141',
  states: (statement, { command }) =>
    command.type === 'holdKek' && statement.vault === command.kid.vault && statement.name === command.kid.name && statement.version === command.kid.version,
}
const evidenceMadeInside: Reading = { requirement: 'BYOK-141', states: ({ origin }) => origin === 'generated' }
const evidenceImportOnly: Reading = { requirement: 'BYOK-141', states: ({ operations }) => sameOperations(operations, ['import']) }
const evidenceNotExportable: Reading = { requirement: 'BYOK-141', states: ({ exportable }) => !exportable }
const evidenceImported: Reading = { requirement: 'BYOK-135', states: ({ origin }) => origin === 'imported' }

// Effects.

const destroyRemoves: Effect = {
  requirement: 'BYOK-130',
  does: (state, { key }) => ({ ...state, keys: state.keys.filter(({ handle }) => handle !== key) }),
}
// Also after `keep`: whoever cannot be sure that it was done destroys the key by name, and has told nobody of it yet.
const destroyReleases: Effect = {
  requirement: 'BYOK-132',
  does: (state, { conversation, key }) => (key === null ? state : { ...state, ledger: releaseKey(state.ledger, conversation, key) }),
}
const keepUses: Effect = {
  requirement: 'BYOK-132',
  does: (state, { key }) => (key === null ? state : { ...state, ledger: markKept(state.ledger, key) }),
}
const closeDestroys: Effect = {
  requirement: 'BYOK-129',
  does: (state, { conversation }) => ({ ...state, keys: state.keys.filter((key) => key.owner !== conversation) }),
}
const closeReleases: Effect = {
  requirement: 'BYOK-132',
  does: (state, { conversation }) => ({ ...state, ledger: releaseConversation(state.ledger, conversation) }),
}
// A conversation of the same name may begin again, and must not find what this one could still take back.
const closeSettles: Effect = {
  requirement: 'BYOK-132',
  does: (state, { conversation }) => ({ ...state, ledger: settleConversation(state.ledger, conversation) }),
}

/** Every refusal, by name. */
export const REFUSALS = {
  vaultNamed,
  kekSize,
  ownConversation,
  trustByOfficer,
  trustOnlyKek,
  stickyAttributes,
  wrapsKeys,
  importsKeys,
  mechanismAllowed,
  targetExtractable,
  wrapWithTrusted,
  wrapTemplate,
  importAlone,
  importForKekOnly,
  operationsOfFamily,
  rolesApart,
  labelFree,
  handleFresh,
  conversationOpen,
  sameTarget,
  targetNotKek,
  importOnce,
} as const satisfies Readonly<Record<string, Refusal>>

/** Every force, by name. */
export const FORCES = {
  bornUntrusted,
  bornSensitive,
  bornWrapWithTrusted,
  kekLocked,
  kekWrapTemplate,
  importLocked,
  honestHistory,
} as const satisfies Readonly<Record<string, Force>>

/** Every reading of evidence, by name. */
export const READINGS = {
  evidenceKind,
  evidenceKey,
  evidenceKid,
  evidenceMadeInside,
  evidenceImportOnly,
  evidenceNotExportable,
  evidenceImported,
} as const satisfies Readonly<Record<string, Reading>>

/** Every effect, by name. */
export const EFFECTS = { destroyRemoves, destroyReleases, keepUses, closeDestroys, closeReleases, closeSettles } as const satisfies Readonly<
  Record<string, Effect>
>

/** All rules. */
export const RULES = { ...REFUSALS, ...FORCES, ...READINGS, ...EFFECTS } as const

/** The name of a rule, as it is switched off in tests. */
export type RuleName = keyof typeof RULES

/** Whether two public parts are the same key; a symmetric key has none, so it is never known to be the same. */
export function samePublicPart(a: PublicPart, b: PublicPart): boolean {
  if (a.kty === 'RSA') return b.kty === 'RSA' && a.n === b.n && a.e === b.e
  if (a.kty === 'EC') return b.kty === 'EC' && a.crv === b.crv && a.x === b.x && a.y === b.y
  return false
}

/** The label under which a new key will be found: what was asked, or in a vault name and version. */
export function newLabel(command: Situation['command'], facts: NonNullable<Situation['done']>['facts'] | undefined): string | null {
  if (command.type === 'generateKey' || command.type === 'loadKey') return command.label
  if (command.type !== 'makeKek' && command.type !== 'importTransfer') return null
  return facts && 'version' in facts ? `${command.name}/${facts.version}` : null
}

function familyOf(command: Situation['command']): KeyFamily | null {
  if (command.type === 'importTransfer') return command.kty
  return command.type === 'generateKey' || command.type === 'loadKey' ? KINDS[command.kind].kty : null
}
const includesAll = (all: readonly Operation[], some: readonly Operation[]): boolean => some.every((operation) => all.includes(operation))
const sameOperations = (a: readonly Operation[], b: readonly Operation[]): boolean => includesAll(a, b) && includesAll(b, a)
