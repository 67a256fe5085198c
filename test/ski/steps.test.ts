/** The table of the 31 steps against the one in the specification, and the reader that finds a message's step. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { skiSteps, SKI_STEPS } from '../../src/ski/steps.js'
import { parsePage } from '../../tools/spec/index.js'

const test = suite('the 31 steps of SKI')
const PARTIES: Readonly<Record<string, string>> = { CL: 'client', CM: 'minidriver', SC: 'card', SA: 'server', SM: 'serverMinidriver' }
const page = parsePage(readFileSync(join(import.meta.dirname, '../../spec/ski.md'), 'utf8'), 'ski.md')
const rows = page.tables.find(({ name }) => name === 'ski-steps')?.rows ?? []

test('SKI-151 to SKI-181 number, parties and ways are those of the specification', () => {
  assert.is(rows.length, 31)
  assert.equal(
    SKI_STEPS.map(({ step, from, to, ways }) => ({ step: String(step), from, to, ways: [...ways].sort() })),
    rows.map(({ step, from, to, ways }) => ({ step, from: PARTIES[from!], to: PARTIES[to!], ways: ways!.split(', ').sort() })),
  )
})

test('no message belongs to two steps', () => {
  const all = SKI_STEPS.flatMap(({ from, to, says, calls }) => [...says, ...calls].map((words) => `${from} ${to} ${words}`))
  assert.is(new Set(all).size, all.length)
})

test('a return is known by its call, and what lies between them by it, too', () => {
  const step = skiSteps()
  const heard = (from: string, to: string, message: Parameters<typeof step>[2]) => step(from, to, message).step
  assert.is(heard('client', 'minidriver', { type: 'CardGetProperty', property: 'Algorithms' }), 13)
  assert.is(heard('minidriver', 'client', { type: 'minidriver.returned' }), 14)
  assert.is(heard('client', 'minidriver', { type: 'CardGetProperty', property: 'Card Identifier' }), null)
  assert.is(heard('minidriver', 'client', { type: 'minidriver.returned' }), null)
  assert.is(heard('client', 'minidriver', { type: 'CardSetKeyProperty', property: 'IV' }), 27)
  assert.is(heard('minidriver', 'card', { type: 'apdu.setKeyProperty' }), 27)
  assert.is(heard('card', 'minidriver', { type: 'card.done' }), 27)
  assert.is(heard('minidriver', 'client', { type: 'minidriver.returned' }), 27)
})

test('one command of the card serves a step and something beside it', () => {
  const step = skiSteps()
  step('client', 'minidriver', { type: 'CardGetContainerInfo' })
  assert.is(step('minidriver', 'card', { type: 'apdu.readKey' }).step, 10)
  assert.equal(step('card', 'minidriver', { type: 'card.refused' }), { step: 11, words: 'answer to apdu.readKey', part: 'answer' })
  assert.is(step('minidriver', 'client', { type: 'minidriver.returned' }).step, 12)
  step('client', 'minidriver', { type: 'CardGetContainerProperty', property: 'Keyferry Key Evidence' })
  assert.is(step('minidriver', 'card', { type: 'apdu.readKey' }).step, null)
  assert.is(step('card', 'minidriver', { type: 'card.publicKey' }).step, null)
})

test('the server’s calls are not the client’s, and a stray return answers nothing', () => {
  const step = skiSteps()
  assert.is(step('server', 'serverMinidriver', { type: 'CardSetKeyProperty', property: 'IV' }).step, 24)
  assert.is(step('server', 'serverMinidriver', { type: 'CardGetSharedKeyHandle' }).step, 22)
  assert.is(step('client', 'minidriver', { type: 'CardGetSharedKeyHandle' }).step, 17)
  step('minidriver', 'client', { type: 'minidriver.returned' })
  assert.equal(step('minidriver', 'client', { type: 'minidriver.returned' }), { step: null, words: 'return of nothing', part: 'return' })
})

test.run()
