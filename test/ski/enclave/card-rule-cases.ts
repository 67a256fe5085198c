/**
 * Cases on the rules of a card alone: results and races that no command of ours can bring about. They are plain data, so
 * that `card-mutation.test.ts` can run them with a rule switched off.
 * @module
 */
import * as assert from 'uvu/assert'
import { commitCard, noteCard, permitCard } from '../../../src/ski/enclave/card-permit.js'
import type { CardRuleName } from '../../../src/ski/enclave/card-rules.js'
import { emptyCard, type CardCommandOf, type CardMark, type CardState, type CardSessionKey } from '../../../src/ski/enclave/card-state.js'
import type { SkiHandle } from '../../../src/ski/enclave/commands.js'

/** One promise of the rules, with some of them switched off. */
export interface RuleCase {
  readonly title: string
  readonly run: (without: readonly CardRuleName[]) => void
}

const handle = (name: string): SkiHandle => name as SkiHandle
const IV = 'AAAAAAAAAAAAAAAAAAAAAA'
const context = { session: IV, serverNonce: IV, cardNonce: IV }
const key: CardSessionKey = { handle: handle('k'), channel: 0, way: 'derived', algorithm: 'AES-256', context, mode: 'CBC', iv: IV, ivs: [], used: false }

const card = (without: readonly CardRuleName[], change: Partial<CardState> = {}): CardState => ({
  ...emptyCard({
    containers: 4,
    serverProof: 'none',
    sealedData: 'bound',
    receipts: true,
    tripleDes: false,
    algorithms: ['AES-256'],
    paddings: ['pkcs1'],
    attests: true,
    shares: true,
    writeNeedsPin: false,
    without,
  }),
  ...change,
})

const opening: CardCommandOf<'processSealed'> = {
  type: 'processSealed',
  channel: 0,
  key: key.handle,
  function: 'Import Key Pair',
  container: 1,
  flags: 1,
  blobs: [],
}

/** Two commands that were permitted before either of them wrote anything down. */
const twice = (title: string, mark: Extract<CardMark, { type: 'ivTaken' }>): RuleCase => ({
  title,
  run: (without) => {
    const state = card(without, { keys: [key] })
    const allowed = permitCard(state, 'c', opening)
    assert.ok(allowed.ok)
    const first = noteCard(state, allowed.value, mark)
    assert.ok(first.ok)
    const iv = mark.importing ? 'BBBBBBBBBBBBBBBBBBBBBA' : mark.iv
    assert.equal(noteCard(first.value, allowed.value, { ...mark, iv }), { ok: false, fault: { code: 'sealed_refused', requirement: 'SKI-72' } })
  },
})

/** See the module text. */
export const RULE_CASES: readonly RuleCase[] = [
  twice('SKI-69 two imports under one key that began at once: the second opens nothing', { type: 'ivTaken', key: key.handle, iv: IV, importing: true }),
  twice('SKI-221 two openings under one IV that began at once: the second opens nothing', { type: 'ivTaken', key: key.handle, iv: IV, importing: false }),
  {
    title: 'SKI-218 a new session key does not take the handle of a live one',
    run: (without) => {
      const state = card(without, { keys: [key] })
      const allowed = permitCard(state, 'c', { type: 'shareKey', channel: 0, way: 'derived', algorithm: 'AES-256', proven: false, input: '' })
      assert.ok(allowed.ok)
      const { state: after, answer } = commitCard(state, allowed.value, { type: 'shareKey', handle: key.handle, way: 'derived', context, receipt: null })
      assert.equal(answer, { type: 'enclave.refused', fault: { code: 'enclave_failed', requirement: 'SKI-218' } })
      assert.is(after, state)
    },
  },
]
