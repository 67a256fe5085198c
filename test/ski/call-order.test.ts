/**
 * The order in which faults are looked for, against the table of statuses: a call with several faults gets the status of the
 * one that stands first. And what a context without a card takes.
 */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { minidriverMachine } from '../../machines/ski/minidriver.js'
import { begin, step } from '../../machines/step.js'
import { FUNCTIONS, NO_CARD_FUNCTIONS, type Call, type FunctionName } from '../../src/ski/calls.js'
import { faultOf } from '../../src/ski/minidriver/judge.js'
import type { MinidriverView } from '../../src/ski/minidriver/view.js'
import { readSpec } from '../../tools/spec/index.js'
import { project } from '../house/project.js'

const { rows } = readSpec(join(project, 'spec')).tables.get('ski-statuses') ?? { rows: [] }
const test = suite('order of faults')

const PRODUCT = { product: 'Test', version: 7, offersNoCard: true, support: 0xe, algorithms: ['AES-256', 'AES-128'], containers: 16 } as const
const CARD: MinidriverView = {
  ...PRODUCT,
  mode: 'card',
  negotiated: 7,
  capabilities: { cardId: 'AAAAAAAAAAAAAAAAAAAAAA', mask: 0xe, algorithms: ['AES-256', 'AES-128'], paddings: 0xa },
  keys: [],
  agreements: [],
  given: 1,
}
const KEY = { handle: 1, key: 'k' as never, algorithm: 'AES-256', mode: false, iv: null, container: null, receipt: null } as const
const utf16 = (text: string) => Buffer.from(`${text}\0`, 'utf16le').toString('base64url')

/** Everything is wrong; each change takes the first fault away. A change may be to the view as well. */
const LADDERS: Partial<{ [Name in FunctionName]: { readonly mode: 'card' | 'noCard'; readonly call: object; readonly changes: readonly object[] } }> = {
  CardGetProperty: {
    mode: 'card',
    call: { property: null, size: 0, flags: 4 },
    changes: [{ property: 'Nothing' }, { property: 'Algorithms' }, { flags: 1 }, { size: 1000 }],
  },
  CardImportSessionKey: {
    mode: 'card',
    call: { containerIndex: 99, paddingInfo: null, blobType: null, algorithm: 'ROT13', phKey: false, input: null, flags: 4 },
    changes: [
      { blobType: 'OpaqueKeyBlob', input: 'AA', phKey: true },
      { flags: 8 },
      { paddingInfo: { hash: 'MD5', label: 'label' } },
      { paddingInfo: { hash: 'SHA256', label: 'label' } },
      { paddingInfo: { hash: 'SHA256', label: null } },
      { blobType: 'KeyDataBlob' },
      { algorithm: '3DES' },
      { algorithm: 'AES' },
      { containerIndex: 3 },
    ],
  },
  CardSetKeyProperty: {
    mode: 'card',
    call: { handle: 9, property: null, input: null, flags: 1 },
    changes: [
      { property: 'Nothing', input: 'AA' },
      { flags: 0 },
      { handle: 1, view: { keys: [] } },
      { view: { keys: [KEY] } },
      { property: 'BlockLength' },
      { property: 'ChainingMode', input: utf16('ChainingModeECB') },
      { input: utf16('ChainingModeCBC') },
    ],
  },
  MDEncryptData: {
    mode: 'noCard',
    call: { handle: 9, function: null, input: null, flags: 2, pieces: 1 },
    changes: [
      { function: 'Nothing', input: { reference: 'r' } },
      { handle: 1, view: { keys: [] } },
      { view: { keys: [KEY] } },
      { function: 'Import Key Pair' },
      { flags: 1 },
      { view: { keys: [{ ...KEY, mode: true }] } },
      { view: { keys: [{ ...KEY, mode: true, iv: 'AAAAAAAAAAAAAAAAAAAAAA' }] } },
    ],
  },
  CardProcessEncryptedData: {
    mode: 'card',
    call: { handle: 9, function: null, blobs: null, size: 0, flags: 2 },
    changes: [
      { function: 'Nothing', blobs: [] },
      { blobs: ['AA'] },
      { handle: 1, view: { keys: [] } },
      { view: { keys: [KEY] } },
      { function: 'Authenticate' },
      { flags: 1 },
      { view: { keys: [{ ...KEY, mode: true }] } },
      { view: { keys: [{ ...KEY, mode: true, iv: 'AAAAAAAAAAAAAAAAAAAAAA' }] } },
      { size: 1000 },
    ],
  },
}

for (const [type, { mode, call, changes }] of Object.entries(LADDERS))
  test(`SKI-148 ${type}: each fault hides those that stand behind it`, () => {
    const order = rows.filter((row) => row['function'] === type).map((row) => row['fault'] ?? '')
    let view: MinidriverView = { ...CARD, mode }
    let now = { type, call: 1, ...call } as unknown as Call
    const found: string[] = []
    for (const change of [{}, ...changes]) {
      const { view: other, ...members } = change as { view?: Partial<MinidriverView> }
      view = { ...view, ...other }
      now = { ...now, ...members }
      const fault = faultOf(now, view)
      if (fault === null) break
      const row = rows.find((one) => one['function'] === type && one['fault'] === fault.fault)
      assert.ok(row, `${type} has no row ${fault.fault}`)
      found.push(fault.fault)
    }
    assert.is(faultOf(now, view), null, 'at the end nothing is wrong')
    assert.is(found.length, changes.length, `${found.join(', ')}: every change takes one fault away`)
    assert.equal(
      found,
      order.filter((fault) => found.includes(fault)),
      'the order is that of the table',
    )
  })

test('SKI-148 mode and context go before everything else', () => {
  const call = { type: 'CardImportSessionKey', call: 1, ...LADDERS.CardImportSessionKey!.call } as unknown as Call
  assert.is(faultOf(call, { ...CARD, mode: 'noCard' })?.fault, 'mode_not_allowed')
  assert.is(faultOf(call, { ...CARD, mode: 'none' })?.fault, 'context_deleted')
  assert.is(faultOf(call, { ...CARD, support: 0x8 })?.fault, 'function_not_offered')
})

test('SKI-20 SKI-143 SKI-21 without a card, every function but nine is refused before anything is said to anybody', () => {
  const opened = begin(minidriverMachine, { ...PRODUCT, channel: 0 })
  const acquire = { type: 'CardAcquireContext', call: 1, flags: 1, version: 7, atr: null, cardName: null, allocators: true, hSCardCtx: 0, hScard: 0 } as const
  let state = step(minidriverMachine, opened.snapshot, acquire)
  assert.equal(
    state.said.map(({ message }) => [message.type, (message as unknown as { status: number }).status]),
    [['minidriver.returned', 0]],
  )
  const taken = new Set<string>([...NO_CARD_FUNCTIONS, 'CardDeleteContext', 'CardAcquireContext'])
  const others = FUNCTIONS.filter((name) => !taken.has(name))
  assert.is(others.length, FUNCTIONS.length - 10)
  for (const [index, type] of others.entries()) {
    const before = JSON.stringify(state.snapshot.context)
    // No arguments at all: they are not looked at.
    state = step(minidriverMachine, state.snapshot, { type, call: index + 2 } as never)
    assert.equal(
      state.said.map(({ port, message }) => [port, message.type, (message as unknown as { status: number }).status]),
      [['wire', 'minidriver.returned', 0x80100022]],
      type,
    )
    assert.is(JSON.stringify(state.snapshot.context), before, `${type}: nothing has changed`)
  }
})

test.run()
