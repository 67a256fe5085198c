/**
 * Cases on the rules of a server's enclave alone: states that no sequence of commands can bring about, and results that come
 * when the state is another one than it was.
 * @module
 */
import * as assert from 'uvu/assert'
import type { ServerAnswer, SkiHandle } from '../../../src/ski/enclave/commands.js'
import { closeServer, commitServer, permitServer } from '../../../src/ski/enclave/server-permit.js'
import type { ServerRuleName } from '../../../src/ski/enclave/server-rules.js'
import {
  emptyServer,
  forgetEpoch,
  putObject,
  putSession,
  type ObjectOf,
  type ServerFacts,
  type ServerState,
  type ServerWorkCommand,
} from '../../../src/ski/enclave/server-state.js'

/** One promise of the rules, with some of them switched off. */
export interface RuleCase {
  readonly title: string
  readonly run: (without: readonly ServerRuleName[]) => void
}

/** A handle by any name. */
export const handle = (name: string): SkiHandle => name as SkiHandle

/** A state with nothing in it, of the bound format. */
export const nothing = (without: readonly ServerRuleName[] = []): ServerState =>
  emptyServer({ sealedData: 'bound', receipts: true, archive: 'first', algorithms: ['AES-256'], proofs: ['none'], sharesKeys: true, documents: true, without })

const CONTEXT = { session: 's', serverNonce: 'n', cardNonce: 'm', cardId: 'i' }

/** A card that was judged, and was offered a key. */
export const card = (change: Partial<ObjectOf<'card'>> = {}): ObjectOf<'card'> => ({
  type: 'card',
  handle: handle('card'),
  owner: 'c',
  way: 'session',
  cardId: 'i',
  nonce: 'm',
  container: 3,
  spki: 'k',
  kind: 'rsa-2048',
  fingerprint: 'f',
  proof: 'attested',
  offered: { algorithm: 'AES-256', container: 3 },
  confirmed: true,
  loaded: true,
  ...change,
})

/** A minidriver's key with everything set. */
export const sessionKey = (change: Partial<ObjectOf<'sessionKey'>> = {}): ObjectOf<'sessionKey'> => ({
  type: 'sessionKey',
  handle: handle('key'),
  owner: 'c',
  card: handle('card'),
  algorithm: 'AES-256',
  context: CONTEXT,
  material: 'key',
  mode: 'CBC',
  iv: 'iv',
  used: [],
  sealed: null,
  opened: false,
  ...change,
})

const TERMS = { function: 'Import Key Pair', container: 7, overwrite: false, pinId: 1, keySpec: 3, keySize: 256 } as const

/** K2 in its structure. */
export const structure = (change: Partial<ObjectOf<'structure'>> = {}): ObjectOf<'structure'> => ({
  type: 'structure',
  handle: handle('structure'),
  owner: 'c',
  terms: TERMS,
  mayOverwrite: false,
  key: handle('k2'),
  fingerprint: 'f2',
  archived: true,
  used: false,
  ...change,
})

/** A state in which all is ready to be sealed. */
export const ready = (without: readonly ServerRuleName[] = []): ServerState => {
  const session = putSession(nothing(without), { conversation: 'c', session: 's', nonce: 'n', card: handle('card') })
  return [card(), sessionKey(), structure()].reduce(putObject, session)
}

const seal: ServerWorkCommand = { type: 'mdEncrypt', key: handle('key'), function: 'Import Key Pair', blob: handle('structure'), flags: 1, pieces: 1 }
const sealed: ServerFacts = { type: 'mdEncrypt', iv: 'iv', terms: TERMS, blobs: ['b'] }
const make: ServerWorkCommand = { type: 'makePin', length: 4 }
const made = (name: string): ServerFacts => ({ type: 'makePin', handle: handle(name) })

const codeOf = (answer: ServerAnswer): string => (answer.type === 'enclave.refused' ? answer.fault.code : answer.type)

/** See the module text. */
export const SERVER_RULE_CASES: readonly RuleCase[] = [
  {
    title: 'SKI-218 a new object does not take the handle of a live one',
    run: (without) => {
      const state = ready(without)
      const allowed = permitServer(state, 'c', make)
      assert.ok(allowed.ok)
      const { state: after, answer } = commitServer(state, allowed.value, made('card'))
      assert.equal(answer, { type: 'enclave.refused', fault: { code: 'enclave_failed', requirement: 'SKI-218' } })
      assert.is(after, state)
    },
  },
  {
    title: 'SKI-18 what began before close is not taken after it',
    run: (without) => {
      const state = nothing(without)
      const allowed = permitServer(state, 'c', make)
      assert.ok(allowed.ok)
      const closed = closeServer(state, 'c')
      const late = commitServer(closed, allowed.value, made('a'))
      assert.equal(late.answer, { type: 'enclave.refused', fault: { code: 'conversation_closed', requirement: 'SKI-18' } })
      assert.is(late.state, closed)
      assert.equal(forgetEpoch(closed, 'c').epochs, [])
    },
  },
  ...(
    [
      ['the key was destroyed', (state) => without(state, 'key'), 'handle_unknown'],
      ['the structure was destroyed', (state) => without(state, 'structure'), 'handle_unknown'],
      ['the structure was sealed by another command', (state) => putObject(state, structure({ used: true })), 'purpose_not_allowed'],
      ['the key sealed something else', (state) => putObject(state, sessionKey({ sealed: { ...TERMS, fingerprint: null } })), 'purpose_not_allowed'],
      ['the IV was used', (state) => putObject(state, sessionKey({ used: ['iv'] })), 'iv_used'],
      ['another IV was set', (state) => putObject(state, sessionKey({ iv: 'other' })), 'iv_used'],
      ['the card was destroyed', (state) => without(state, 'card'), 'purpose_not_allowed'],
    ] as readonly (readonly [string, (state: ServerState) => ServerState, string])[]
  ).map(([happened, change, code]): RuleCase => ({
    title: `SKI-222 nothing is sealed if ${happened} meanwhile`,
    run: (rules) => {
      const state = ready(rules)
      const allowed = permitServer(state, 'c', seal)
      assert.ok(allowed.ok)
      assert.is(codeOf(commitServer(state, allowed.value, sealed).answer), 'enclave.mdEncrypted')
      const now = change(state)
      const late = commitServer(now, allowed.value, sealed)
      assert.is(codeOf(late.answer), code)
      assert.is(late.state, now)
    },
  })),
  {
    title: 'SKI-29 a response that opened gets the one refusal if its key was destroyed meanwhile',
    run: (rules) => {
      const state = putObject(ready(rules), sessionKey({ sealed: { ...TERMS, function: 'Authenticate', fingerprint: null } }))
      const allowed = permitServer(state, 'c', { type: 'mdOpenResponse', key: handle('key'), function: 'Authenticate', blobs: [] })
      assert.ok(allowed.ok)
      const late = commitServer(without(state, 'key'), allowed.value, { type: 'mdOpenResponse', attemptsRemaining: 3, sessionPin: null })
      assert.equal(late.answer, { type: 'enclave.refused', fault: { code: 'sealed_refused', requirement: 'SKI-72' } })
    },
  },
]

function without(state: ServerState, name: string): ServerState {
  return { ...state, objects: state.objects.filter(({ handle: known }) => known !== name) }
}
