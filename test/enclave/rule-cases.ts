/**
 * Cases on the rules alone: states that no sequence of commands can bring about, and results that no honest store brings.
 * They are plain data, so that `mutation.test.ts` can run them with a rule switched off.
 * @module
 */
import * as assert from 'uvu/assert'
import { KEK_MECHANISMS, asked, keyRecord, type AttributeChange, type KeyRecord } from '../../src/enclave/attributes.js'
import type { EnclaveAnswer, KeyHandle, PublicPart } from '../../src/enclave/commands.js'
import { alter, close, commit, permit } from '../../src/enclave/permit.js'
import { TRANSFER_REFUSED, type RuleName } from '../../src/enclave/rules.js'
import { emptyState, findKey, forgetEpoch, putKey, type Facts, type RuleCommand, type RuleState } from '../../src/enclave/state.js'

/** One promise of the rules, with some of them switched off. */
export interface RuleCase {
  readonly title: string
  readonly run: (without: readonly RuleName[]) => void
}

/** A state with nothing in it, of a store behind a vault. */
export const nothing = (without: readonly RuleName[] = []): RuleState => emptyState({ vault: 'https://contoso.vault.azure.net', singleUse: true, without })

/** A handle by any name. */
export const handle = (name: string): KeyHandle => name as KeyHandle

const part: PublicPart = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }

/** A record, locked unless changed. */
export const record = (name: string, change: Partial<KeyRecord> = {}): KeyRecord => {
  const attributes = { ...asked('private', 'generated', ['sign'], false), sensitive: true, trusted: false, wrapWithTrusted: true, ...change }
  const rest = { handle: handle(name), kind: 'ec-P-256', label: name, kid: null, key: part, identity: `spki-sha256:${name}`, owner: 'c', ...change } as const
  return keyRecord(attributes, rest)
}

/** Does a command in one go, as an enclave would that has the facts at once. */
export function step(state: RuleState, conversation: string, command: RuleCommand, facts: Facts): { state: RuleState; answer: EnclaveAnswer } {
  const allowed = permit(state, conversation, command)
  return allowed.ok ? commit(state, allowed.value, facts) : { state, answer: { type: 'enclave.refused', fault: allowed.fault } }
}

/** Facts about a target that was made. */
export const made = (name: string): Facts => ({ type: 'generateKey', handle: handle(name), kind: 'ec-P-256', key: part, identity: `spki-sha256:${name}` })

/** The command that makes it. */
export const generate = (label: string) => ({ type: 'generateKey', label, kind: 'ec-P-256', operations: ['sign'], extractable: true }) as const

const importing = (kek: string) =>
  ({ type: 'importTransfer', kek: handle(kek), ciphertext: '', name: 'payments', kty: 'EC', crv: 'P-256', operations: ['sign'] }) as const
const imported = (name: string): Facts => ({ ...made(name), type: 'importTransfer', version: 'v', blob: 'b', evidence: '' }) as Facts

/** A KEK that is kept. */
const kek = (change: Partial<KeyRecord> = {}): KeyRecord => record('kek', { operations: ['import'], mechanisms: KEK_MECHANISMS, owner: null, ...change })

/** See the module text. */
export const RULE_CASES: readonly RuleCase[] = [
  ...(
    [
      ['sensitive', { sensitive: false }],
      ['extractable', { extractable: true }],
      ['wrapWithTrusted', { wrapWithTrusted: false }],
      ['operations', { operations: ['sign', 'decrypt'] }],
    ] as readonly (readonly [string, AttributeChange])[]
  ).map(([attribute, change]): RuleCase => ({
    title: `BYOK-120 ${attribute} goes one way only`,
    run: (without) => {
      const state = putKey(nothing(without), record('a'))
      const altered = alter(state, handle('a'), change, 'officer')
      assert.equal(altered, { ok: false, fault: { code: 'operation_not_allowed', at: attribute, requirement: 'BYOK-120' } })
    },
  })),
  {
    title: 'BYOK-131 a new key does not take the handle of a live one',
    run: (without) => {
      const state = putKey(nothing(without), record('a'))
      const { state: after, answer } = step(state, 'c', generate('b'), made('a'))
      assert.equal(answer, { type: 'enclave.refused', fault: { code: 'enclave_failed', requirement: 'BYOK-131' } })
      assert.is(after, state)
    },
  },
  {
    title: 'BYOK-129 what began before close is not taken after it',
    run: (without) => {
      const state = nothing(without)
      const allowed = permit(state, 'c', generate('a'))
      assert.ok(allowed.ok)
      const closed = close(state, 'c')
      const late = commit(closed, allowed.value, made('a'))
      assert.equal(late.answer, { type: 'enclave.refused', fault: { code: 'conversation_closed', requirement: 'BYOK-129' } })
      assert.is(late.state, closed)
      assert.equal(findKey(step(closed, 'c', generate('a'), made('a')).state, 'a')?.owner, 'c')
      assert.equal(forgetEpoch(closed, 'c').epochs, [])
    },
  },
  ...(
    [
      ['its KEK was destroyed', (state) => ({ ...state, keys: [] })],
      ['its KEK went to another conversation', (state) => putKey(state, kek({ owner: 'd' }))],
      ['its KEK became another sort of key', (state) => putKey(state, kek({ operations: ['sign'], mechanisms: [] }))],
      ['its handle is in use', (state) => putKey(state, record('a'))],
      ['its label is in use', (state) => putKey(state, record('b', { label: 'payments/v' }))],
    ] as readonly (readonly [string, (state: RuleState) => RuleState])[]
  ).map(([happened, change]): RuleCase => ({
    title: `BYOK-50 a good blob gets the one refusal if ${happened} while it was opened`,
    run: (without) => {
      const state = putKey(nothing(without), kek())
      const allowed = permit(state, 'c', importing('kek'))
      assert.ok(allowed.ok)
      assert.is(commit(state, allowed.value, imported('a')).answer.type, 'enclave.imported')
      const now = change(state)
      const late = commit(now, allowed.value, imported('a'))
      assert.equal(late.answer, { type: 'enclave.refused', fault: TRANSFER_REFUSED })
      assert.is(late.state, now)
    },
  })),
]
