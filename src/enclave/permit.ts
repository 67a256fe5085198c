/**
 * How the rules are applied to a command, before and after the work on bytes. Pure: state in, state out.
 *
 *   permit ──▶ work on bytes ──▶ review ──▶ commit
 *                                  (sign)
 *
 * `permit` judges what can be known before anything is touched. The enclave then does the work and brings what came of it
 * as public facts. `commit` judges everything once more, against the state as it is by then, because other commands may
 * have come between: the conversation was closed, the key destroyed, the blob imported twice at once. Whatever it refuses
 * leaves the state as it was, and the enclave wipes its bytes (BYOK-129, BYOK-136).
 *
 * An enclave keeps bytes only for handles that are in `state.keys`.
 * @module
 */
import { asked, changed, keyRecord, KEK_MECHANISMS, type AttributeChange, type Attributes, type KeyRecord } from './attributes.js'
import type { EnclaveAnswer, EnclaveFault, KeyFacts, KeyHandle } from './commands.js'
import { KINDS } from './kinds.js'
import { reserve } from './ledger.js'
import { EFFECTS, FORCES, READINGS, REFUSALS, TRANSFER_REFUSED, newLabel, samePublicPart, type Ending, type RuleName } from './rules.js'
import {
  epochOf,
  findKey,
  findLabel,
  nextEpoch,
  putKey,
  type Facts,
  type MadeKey,
  type Permit,
  type RuleCommand,
  type RuleState,
  type Situation,
} from './state.js'
import type { Statement } from './statement.js'
import { accept, refuse, type Verdict } from '../verdict.js'

type RefusalName = keyof typeof REFUSALS
type ForceName = keyof typeof FORCES
type ReadingName = keyof typeof READINGS

/** Which rules apply to a command: refusals before the work (and again after it), further ones after it, and forces on what it makes. */
export interface RulesOfCommand {
  readonly before: readonly RefusalName[]
  readonly after: readonly RefusalName[]
  readonly forces: readonly ForceName[]
}

const OPERATION_RULES = ['importAlone', 'importForKekOnly', 'operationsOfFamily'] as const
const TARGET: RulesOfCommand = {
  before: [...OPERATION_RULES, 'rolesApart', 'labelFree'],
  after: ['handleFresh'],
  forces: ['bornUntrusted', 'bornSensitive', 'bornWrapWithTrusted', 'honestHistory'],
}

/** The rules of each command, in the order in which they are asked. `conversationOpen` comes first in all of them. */
export const COMMAND_RULES: Readonly<Record<RuleCommand['type'], RulesOfCommand>> = {
  holdKek: { before: [], after: ['kekSize', 'handleFresh'], forces: ['bornUntrusted', 'kekWrapTemplate', 'honestHistory'] },
  trustKek: { before: ['ownConversation', 'trustByOfficer', 'trustOnlyKek', 'stickyAttributes'], after: [], forces: [] },
  wrapTarget: {
    before: ['ownConversation', 'wrapsKeys', 'mechanismAllowed', 'targetExtractable', 'wrapWithTrusted', 'wrapTemplate'],
    after: ['sameTarget'],
    forces: [],
  },
  compareImported: { before: ['ownConversation'], after: ['sameTarget'], forces: [] },
  makeKek: { before: ['vaultNamed', 'kekSize'], after: ['handleFresh', 'labelFree'], forces: ['bornUntrusted', 'kekLocked', 'honestHistory'] },
  importTransfer: {
    before: ['vaultNamed', 'ownConversation', 'importsKeys', 'mechanismAllowed', ...OPERATION_RULES],
    after: ['targetNotKek', 'importOnce', 'handleFresh', 'labelFree'],
    forces: ['bornUntrusted', 'importLocked', 'honestHistory'],
  },
  generateKey: TARGET,
  loadKey: TARGET,
  keep: { before: ['ownConversation'], after: [], forces: [] },
  destroyKey: { before: ['ownConversation'], after: [], forces: [] },
}

const KEK_READINGS: readonly ReadingName[] = ['evidenceKind', 'evidenceKey', 'evidenceKid', 'evidenceMadeInside', 'evidenceImportOnly', 'evidenceNotExportable']
const IMPORT_READINGS: readonly ReadingName[] = ['evidenceKind', 'evidenceImported', 'evidenceNotExportable']

/** Whether a command may be done now, and what the key that comes of it will be. */
export function permit(state: RuleState, conversation: string, command: RuleCommand): Verdict<Permit, EnclaveFault> {
  const found = situate(state, conversation, command)
  if (!found.ok) return found
  const fault = refusal(COMMAND_RULES[command.type].before, found.value)
  if (fault) return refuse(fault)
  const { named, target, attributes } = found.value
  return accept({ conversation, epoch: epochOf(state, conversation), command, named: named?.handle ?? null, target: target?.handle ?? null, attributes })
}

/** Why the result of the work is not taken, in the state as it is now, or `null`. */
export function review(state: RuleState, permit: Permit, facts: Facts): EnclaveFault | null {
  const reviewed = situateDone(state, permit, facts)
  return reviewed.ok ? null : reviewed.fault
}

/** The record of the key that the work made, as {@link commit} will store it: what evidence is to state. */
export function draft(state: RuleState, permit: Permit, facts: Facts & MadeKey): KeyRecord {
  const { command, attributes } = permit
  if (attributes === null || facts.kind === null || facts.type !== command.type) throw new TypeError('draft: the facts do not belong to the permit')
  return keyRecord(attributes, {
    handle: facts.handle,
    kind: facts.kind,
    label: newLabel(command, facts),
    kid: command.type === 'holdKek' ? command.kid : 'version' in facts && 'name' in command ? kidOf(state, command.name, facts.version) : null,
    key: facts.key,
    identity: facts.identity,
    // What a host hands in from outside has no conversation that it could die with.
    owner: command.type === 'loadKey' ? null : permit.conversation,
  })
}

/** Takes the result of the work, or refuses it and leaves the state as it was. */
export function commit(state: RuleState, permit: Permit, facts: Facts): { readonly state: RuleState; readonly answer: EnclaveAnswer } {
  const reviewed = situateDone(state, permit, facts)
  if (!reviewed.ok) return { state, answer: { type: 'enclave.refused', fault: reviewed.fault } }
  const { named, target, change } = reviewed.value

  switch (facts.type) {
    case 'holdKek': {
      const record = draft(state, permit, facts)
      const attested = facts.statement !== null && states(KEK_READINGS, facts.statement, reviewed.value)
      return {
        state: putKey(state, record),
        answer: {
          type: 'enclave.kekHeld',
          kek: record.handle,
          fingerprint: record.identity.slice(record.identity.indexOf(':') + 1),
          bits: facts.bits,
          attested,
          attestedVault: facts.statement?.vault ?? null,
        },
      }
    }
    case 'trustKek':
      return { state: putKey(state, change!.after), answer: { type: 'enclave.kekTrusted', kek: named!.handle } }
    case 'wrapTarget':
      return { state, answer: { type: 'enclave.wrapped', ciphertext: facts.ciphertext, target: keyFacts(target!) } }
    case 'compareImported':
      return { state, answer: compared(target!, facts.statement, reviewed.value) }
    case 'makeKek': {
      const record = draft(state, permit, facts)
      if (record.key.kty !== 'RSA') throw new TypeError('commit: a KEK is an RSA key')
      const { n, e } = record.key
      return {
        state: putKey(state, record),
        answer: { type: 'enclave.kekMade', key: record.handle, version: facts.version, n, e, evidence: facts.evidence },
      }
    }
    case 'importTransfer': {
      const record = draft(state, permit, facts)
      const { identity, handle } = record
      const entry = { blob: facts.blob, identity, owner: permit.conversation, key: handle }
      const ledger = state.settings.singleUse ? reserve(state.ledger, entry) : state.ledger
      return {
        state: { ...putKey(state, record), ledger },
        answer: { type: 'enclave.imported', key: handle, version: facts.version, facts: keyFacts(record), evidence: facts.evidence },
      }
    }
    case 'generateKey':
    case 'loadKey': {
      const record = draft(state, permit, facts)
      return { state: putKey(state, record), answer: { type: 'enclave.keyMade', key: record.handle, facts: keyFacts(record) } }
    }
    case 'keep': {
      const kept = putKey(state, keyRecord(named!, { ...named!, owner: null }))
      return {
        state: effects(['keepUses'], kept, { conversation: permit.conversation, key: named!.handle }),
        answer: { type: 'enclave.kept', key: named!.handle },
      }
    }
    case 'destroyKey': {
      const ending = { conversation: permit.conversation, key: named!.handle }
      return { state: effects(['destroyReleases', 'destroyRemoves'], state, ending), answer: { type: 'enclave.destroyed', key: named!.handle } }
    }
  }
}

/**
 * Ends a conversation: its unkept keys and their reservations go, the imports that it kept are used up for good, and what is
 * in flight finds another epoch when it comes.
 */
export function close(state: RuleState, conversation: string): RuleState {
  return nextEpoch(effects(['closeReleases', 'closeSettles', 'closeDestroys'], state, { conversation, key: null }), conversation)
}

/** Whether the conversation of a permit was closed since it was given, so that nothing that comes of it will be taken. */
export const isOver = (state: RuleState, permit: Permit): boolean => refusal(['conversationOpen'], aftermath(state, permit, { type: 'keep' })) !== null

/** Changes attributes of a key, as far as the rules allow it. `by` is who asks: `officer` stands for the officer's console. */
export function alter(state: RuleState, handle: KeyHandle, change: AttributeChange, by: string): Verdict<RuleState, EnclaveFault> {
  const before = findKey(state, handle)
  if (before === null) return refuse(unknownHandle('key'))
  const after = changed(before, change)
  const command: RuleCommand = { type: 'trustKek', kek: handle, by }
  const nothing = { target: null, attributes: null, done: null }
  const fault = refusal(['trustByOfficer', 'trustOnlyKek', 'stickyAttributes'], {
    ...nothing,
    state,
    conversation: before.owner ?? '',
    command,
    named: before,
    change: { before, asked: change, after, by },
  })
  return fault ? refuse(fault) : accept(putKey(state, after))
}

/** What is told about a key. */
export const keyFacts = ({ kind, key, identity, operations }: KeyRecord): KeyFacts => Object.freeze({ kind, key, identity, operations })

function situateDone(state: RuleState, permit: Permit, facts: Facts): Verdict<Situation, EnclaveFault> {
  if (facts.type !== permit.command.type) throw new TypeError(`facts of ${facts.type} for ${permit.command.type}`)
  const early = aftermath(state, permit, facts)
  const closed = refusal(['conversationOpen'], early)
  if (closed) return refuse(closed)
  const judged = judgeDone(state, permit, early.done)
  // Only a good blob comes this far: a word of its own would tell it from a bad one (BYOK-50).
  return !judged.ok && permit.command.type === 'importTransfer' ? refuse(TRANSFER_REFUSED) : judged
}

function judgeDone(state: RuleState, { conversation, command }: Permit, done: Situation['done']): Verdict<Situation, EnclaveFault> {
  const found = situate(state, conversation, command)
  if (!found.ok) return found
  const { before, after } = COMMAND_RULES[command.type]
  const situation = { ...found.value, done }
  const fault = refusal(before, found.value) ?? refusal(after, situation)
  return fault ? refuse(fault) : accept(situation)
}

const aftermath = (state: RuleState, permit: Permit, facts: Facts): Situation => ({
  ...nobody(state, permit.conversation, permit.command),
  done: { permit, facts },
})

/** Finds the keys that a command names, and what it asks for. */
function situate(state: RuleState, conversation: string, command: RuleCommand): Verdict<Situation, EnclaveFault> {
  const situation = nobody(state, conversation, command)
  const handle = 'kek' in command ? command.kek : 'key' in command ? command.key : null
  const named = handle === null ? null : findKey(state, handle)
  if (handle !== null && named === null) return refuse(unknownHandle('kek' in command ? 'kek' : 'key'))
  const target = 'target' in command ? findLabel(state, command.target) : null
  if ('target' in command && target === null) return refuse({ code: 'label_unknown', at: 'target', found: command.target })

  const change =
    command.type === 'trustKek' && named ? { before: named, asked: { trusted: true }, after: changed(named, { trusted: true }), by: command.by } : null
  return accept({ ...situation, named, target, change, attributes: attributesOf(state, command) })
}

const nobody = (state: RuleState, conversation: string, command: RuleCommand): Situation => ({
  state,
  conversation,
  command,
  named: null,
  target: null,
  attributes: null,
  change: null,
  done: null,
})

/** What the key that a command makes will be: what was asked, under the forces of the command. */
function attributesOf({ settings }: RuleState, command: RuleCommand): Attributes | null {
  const lax = askedFor(command)
  if (lax === null) return null
  const names = COMMAND_RULES[command.type].forces.filter((name) => !settings.without.includes(name))
  return Object.freeze(names.reduce((attributes, name) => FORCES[name].forces(attributes), lax))
}

function askedFor(command: RuleCommand): Attributes | null {
  switch (command.type) {
    case 'holdKek':
      return { ...asked('public', 'given', ['wrapKey'], true), mechanisms: KEK_MECHANISMS }
    case 'makeKek':
      return { ...asked('private', 'generated', ['import'], true), mechanisms: KEK_MECHANISMS }
    case 'importTransfer':
      return asked(command.kty === 'oct' ? 'secret' : 'private', 'imported', command.operations, true)
    case 'generateKey':
    case 'loadKey': {
      const origin = command.type === 'loadKey' ? 'given' : 'generated'
      return asked(KINDS[command.kind].kty === 'oct' ? 'secret' : 'private', origin, command.operations, command.extractable)
    }
    default:
      return null
  }
}

function refusal(names: readonly RefusalName[], situation: Situation): EnclaveFault | null {
  for (const name of names) {
    if (isOff(situation.state, name)) continue
    const rule = REFUSALS[name]
    const fault = rule.refuses(situation)
    if (fault) return fault.requirement === undefined ? { ...fault, requirement: rule.requirement } : fault
  }
  return null
}

const states = (names: readonly ReadingName[], statement: Statement, about: Situation): boolean =>
  names.every((name) => isOff(about.state, name) || READINGS[name].states(statement, about))

const effects = (names: readonly (keyof typeof EFFECTS)[], state: RuleState, ending: Ending): RuleState =>
  names.reduce((before, name) => (isOff(before, name) ? before : EFFECTS[name].does(before, ending)), state)

const isOff = (state: RuleState, name: RuleName): boolean => state.settings.without.includes(name)

function compared(target: KeyRecord, statement: Statement | null, about: Situation): EnclaveAnswer {
  if (statement === null || !states(IMPORT_READINGS, statement, about))
    return { type: 'enclave.compared', genuine: false, sameKey: null, kid: null, operations: null }
  const { vault, name, version, operations } = statement
  return { type: 'enclave.compared', genuine: true, sameKey: sameKey(target, statement), kid: { vault, name, version }, operations }
}

function sameKey(target: KeyRecord, statement: Statement): boolean | null {
  if (target.key.kty !== 'oct' || statement.key.kty !== 'oct') return samePublicPart(target.key, statement.key)
  return statement.check === null ? null : statement.check === target.identity
}

function kidOf(state: RuleState, name: string, version: string) {
  return { vault: state.settings.vault ?? '', name, version }
}

const unknownHandle = (at: string): EnclaveFault => ({ code: 'handle_unknown', at, requirement: 'BYOK-130' })
