/**
 * The engine under rules and work of a toy: what it promises whatever enclave is built on it.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SkiFault, SkiHandle } from '../../../src/ski/enclave/commands.js'
import { Engine, secretBytes, type EngineRules, type EngineTypes, type Refusal, type Work } from '../../../src/ski/enclave/engine.js'
import { wait } from '../../../src/enclave/steps.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'

interface State {
  readonly epoch: number
  readonly notes: readonly string[]
  readonly held: readonly SkiHandle[]
}

interface Toy extends EngineTypes {
  readonly state: State
  readonly command: { readonly type: 'work' | 'stop' | 'close' }
  readonly permit: { readonly conversation: string; readonly epoch: number }
  readonly facts: { readonly handle: SkiHandle }
  readonly mark: string
  readonly answer: { readonly type: 'done'; readonly handle: SkiHandle } | { readonly type: 'stopped' } | Refusal
}

const RULES: EngineRules<Toy> = {
  read: (value) => ({ ok: true, value: value as Toy['command'] }),
  end: (state, _conversation, { type }) =>
    type === 'work' ? null : { state: { ...state, epoch: state.epoch + 1, held: [] }, answer: type === 'stop' ? { type: 'stopped' } : null },
  permit: (state, conversation) => ({ ok: true, value: { conversation, epoch: state.epoch } }),
  note: (state, _permit, mark) =>
    state.notes.includes(mark) ? { ok: false, fault: { code: 'iv_used' } } : { ok: true, value: { ...state, notes: [...state.notes, mark] } },
  commit: (state, _permit, { handle }) => ({ state: { ...state, held: [...state.held, handle] }, answer: { type: 'done', handle } }),
  isOver: (state, { epoch }) => state.epoch !== epoch,
  settle: (state, _conversation, busy) => (busy.length === 0 ? { ...state, epoch: 0 } : state),
  holds: (state, handle) => state.held.includes(handle),
  empty: () => ({ epoch: 0, notes: [], held: [] }),
  accident: () => ({ code: 'sealed_refused' }),
}

/** An engine whose work notes something when the test lets it, and then stores a secret. */
function toy() {
  const secrets: Uint8Array[] = []
  let go = (_fail: boolean): void => {}
  const work: Work<Toy> = function* (bench, permit, scratch) {
    const secret = scratch.key('secret', secretBytes(new Uint8Array(16).fill(5)))
    secrets.push(secret.k)
    const fail = yield* wait(new Promise<boolean>((resolve) => (go = resolve)))
    if (fail) throw new Error('secret')
    const fault = bench.note(permit, 'noted')
    if (fault) return { ok: false, fault }
    const handle = bench.newHandle()
    return { ok: true, value: { facts: { handle }, keep: [[handle, secret]] } }
  }
  const own = secretBytes(new Uint8Array(16).fill(6))
  const told: string[] = []
  const engine = new Engine<Toy>({
    crypto: nodeCrypto(),
    rules: RULES,
    work,
    state: RULES.empty(null as never),
    tell: (name) => void told.push(name),
    own: [own],
  })
  return { engine, secrets, own, told, go: (fail = false) => go(fail) }
}

const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
const codeOf = (answer: Toy['answer'] | null): SkiFault['code'] | null => (answer?.type === 'enclave.refused' ? answer.fault.code : null)

const engines = suite('SKI engine')

engines('SKI-222 a secret is kept as long as the state speaks of it', async () => {
  const { engine, secrets, told, go } = toy()
  const answer = engine.perform('c', { type: 'work' })
  go()
  assert.is((await answer)?.type, 'done')
  assert.equal([secrets.map(isWiped), engine.state.notes, told], [[false], ['noted'], ['secret: k']])
  engine.install({ ...engine.state, held: [] })
  assert.ok(isWiped(secrets[0]!))
})

engines('SKI-216 what was written down stays, and a second command finds it', async () => {
  const { engine, secrets, go } = toy()
  for (const code of [null, 'iv_used']) {
    const answer = engine.perform('c', { type: 'work' })
    go()
    assert.is(codeOf(await answer), code)
  }
  assert.equal(secrets.map(isWiped), [false, true])
})

for (const end of ['stop', 'close'] as const)
  engines(`SKI-218 what a ${end} overtakes writes nothing down any more, and leaves nothing alive`, async () => {
    const { engine, secrets, go } = toy()
    const answer = engine.perform('c', { type: 'work' })
    assert.equal(engine.perform('c', { type: end }), end === 'stop' ? { type: 'stopped' } : null)
    assert.ok(isWiped(secrets[0]!))
    go()
    assert.is(codeOf(await answer), 'conversation_closed')
    assert.equal(engine.state, { epoch: 0, notes: [], held: [] })
  })

engines('SKI-246 an accident is what the rules say it looks like', async () => {
  const { engine, secrets, go } = toy()
  const answer = engine.perform('c', { type: 'work' })
  go(true)
  assert.equal(await answer, { type: 'enclave.refused', fault: { code: 'sealed_refused' } })
  assert.ok(isWiped(secrets[0]!))
})

engines('SKI-17 disposal wipes what is kept, what is in flight, and the enclave’s own', async () => {
  const { engine, secrets, own, go } = toy()
  const first = engine.perform('c', { type: 'work' })
  go()
  await first
  const late = engine.perform('c', { type: 'work' })
  engine.dispose()
  assert.equal([...secrets, own.k].map(isWiped), [true, true, true])
  go()
  assert.is(codeOf(await late), 'conversation_closed')
  assert.ok(engine.disposed)
  assert.is(codeOf(engine.perform('c', { type: 'work' }) as Refusal), 'enclave_failed')
  assert.is(codeOf(engine.perform('c', { type: 'stop' }) as Refusal), 'enclave_failed')
  assert.is(engine.perform('c', { type: 'close' }), null)
  const given = secretBytes(new Uint8Array(16).fill(7))
  assert.throws(
    () => engine.install(engine.state, [[engine.newHandle(), 'late', given]]),
    (error: unknown) => error instanceof TypeError,
  )
  assert.ok(isWiped(given.k))
})

engines.run()
