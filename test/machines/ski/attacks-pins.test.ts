/**
 * Attacks on PINs that travel under a session key, on real bytes: guessing by single blocks, forged and reflected answers.
 * K1 and server are proven where the published format alone is to blame.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFENCES, rewritten, skiScene, stockedCrypto, type Hosted, type HostedRun, type SkiScene } from '../../support/ski-attack.js'
import { authenticateStructure, raw, text, u32, xor } from '../../support/ski-attacker.js'
import { guesser, guessing, presenting, setting } from '../../support/ski-attacks.js'

const test = suite('ski attacks on PINs')
const crypto = await stockedCrypto()
const { published, hardened, sealedData } = DEFENCES

const sealedRun = (at: SkiScene, wanted: HostedRun): Promise<Hosted> => at.host(wanted).upToSealed()
const blobsOf = (run: Hosted): readonly string[] => run.known.sealed!['blobs'] as readonly string[]
const ivOf = (run: Hosted): string => String(run.known.sealed!['iv'])
const verified = async (run: Hosted, pinId: number, pin: string) =>
  (await run.apdu({ type: 'apdu.verify', pinId, pin: text(Buffer.from(pin)) })).type === 'card.done'

// Guessing.

for (const [title, defence] of [
  ['published', published],
  ['published, K1 and server proven', sealedData],
] as const)
  test(`A2 A5 ${title}: the PIN of an administrator is guessed by single blocks, and its counter never moves`, async () => {
    const { achieved, at, pin } = await guessing(crypto, defence)
    assert.ok(achieved)
    assert.is(pin?.length, 8)
    assert.equal([at.pin(2).tries, at.pin(2).max], [5, 5])
  })

/** What the holder's PIN may be. */
const CANDIDATES = Array.from({ length: 32 }, (_, index) => `24${String(index).padStart(2, '0')}77`)

/** Halves the candidates until one is left; after each round the holder is asked for his PIN, which sets the counter back. */
async function searched(run: Hosted): Promise<{ readonly found: string; readonly rounds: number }> {
  const { guess, triesLeft } = guesser(run)
  let left: readonly string[] = CANDIDATES
  let rounds = 0
  for (; left.length > 1; rounds++) {
    const half = left.slice(0, left.length / 2)
    for (const pin of half) await guess(pin, rounds + 1)
    const hit = (await triesLeft()) === 1
    left = hit ? half : left.slice(left.length / 2)
    await run.apdu({ type: 'apdu.verify', pinId: 1, pin: null })
  }
  return { found: left[0]!, rounds }
}

test('A2 published: the holder’s PIN among 32 is found with five tries of the counter, which the holder gives back each time', async () => {
  const secret = CANDIDATES[21]!
  const at = await skiScene(crypto, sealedData, { pins: { 1: secret, 2: 'administrator' } })
  // The holder is a person: he enters his PIN when his reader asks for it.
  const run = await sealedRun(at, presenting(1, secret))
  const { found, rounds } = await searched(run)
  assert.equal([found, rounds], [secret, 5])
  assert.ok(await verified(run, 1, found))
})

test('SKI-66 SKI-217 hardened: a single block tells nothing: one word for every guess, no try is taken, and the PIN is not found', async () => {
  const secret = CANDIDATES[21]!
  const at = await skiScene(crypto, hardened, { pins: { 1: secret, 2: 'administrator' } })
  const run = await sealedRun(at, presenting(1, secret))
  const { guess } = guesser(run)
  for (const pin of CANDIDATES) assert.equal(await guess(pin), { type: 'card.refused', channel: 1, sw: 0x6f00 })
  assert.equal([at.pin(1).tries, at.pin(2).tries], [3, 5])
  // The server's own request still counts.
  const { output } = await run.feed()
  assert.is((await run.finish(output)).type, 'server.completed')
})

test('SKI-221 a ciphertext may be tried under so many IVs and no more', async () => {
  const at = await skiScene(crypto, published, { pins: { 1: 'holder', 2: 'administrator' } })
  const run = await sealedRun(at, presenting(1, 'holder'))
  const words: unknown[] = []
  for (let index = 0; index < 66; index++) words.push((await guesser(run).guess(`no${index}`))['sw'])
  assert.equal([new Set(words.slice(0, 64)).size, words.slice(0, 1), words.slice(64)], [1, [0x6f00], [0x6985, 0x6985]])
})

test('SKI-285 wrong PINs inside sealed data block the PIN, in either format', async () => {
  for (const [defence, words] of [
    [published, [0x6f00, 0x6f00, 0x6f00, 0x6f00]],
    [hardened, [0x63c2, 0x63c1, 0x63c0, 0x6983]],
  ] as const) {
    const at = await skiScene(crypto, defence, { pins: { 1: 'holder', 2: 'administrator' } })
    const said: unknown[] = []
    for (const wrong of ['wrong 1', 'wrong 2', 'wrong 3', 'holder']) said.push((await (await sealedRun(at, presenting(1, wrong))).feed())['sw'])
    assert.equal(said, words)
    await at.reset()
    assert.is(at.pin(1).tries, 0)
    assert.is((await at.host().apdu({ type: 'apdu.verify', pinId: 1, pin: text(Buffer.from('holder')) }))['sw'], 0x6983)
  }
})

// Reflection.

/** Up to sealed data of a PIN function. */
const pinRun = (at: SkiScene): Promise<Hosted> => sealedRun(at, presenting(1, 'holder'))

test('A2 published: the server takes its own words, sent back, for the card’s answer', async () => {
  const at = await skiScene(crypto, published, { pins: { 1: 'holder', 2: 'administrator' } })
  const run = await pinRun(at)
  // CARD_AUTHENTICATE {7, flags 0, PIN 1, 6 bytes, …} becomes a response {7, 10 bytes of session PIN, 3 tries, …}.
  const said = authenticateStructure(1, Buffer.from('holder')).subarray(0, 16)
  const wanted = Buffer.concat([u32(7), u32(10), u32(3), said.subarray(12)])
  const last = await run.finish(text(Buffer.concat([raw(rewritten(ivOf(run), said, wanted)), raw(blobsOf(run)[0])])))
  assert.equal([last.type, run.outcome()], ['server.completed', true])
  const report = at.injections.report('hosted 1').server
  assert.ok(report?.ok && report.confirmedByCard, 'as if the card had said so')
  assert.equal(at.cards['card']!.enclave.describe().authenticated, [])
})

test('A2 published: one known block is answer enough to a change of a PIN that never took place', async () => {
  const at = await skiScene(crypto, published, { pins: { 1: 'holder', 2: 'administrator' } })
  const run = await sealedRun(at, setting('administrator', 'the next one'))
  const said = Buffer.concat([u32(7), u32(1), u32(2), u32('administrator'.length)])
  const response = Buffer.concat([u32(7), u32(3), Buffer.alloc(8, 8)])
  const forged = Buffer.concat([raw(rewritten(ivOf(run), said, response)), raw(blobsOf(run)[0]).subarray(0, 16)])
  await run.finish(text(forged))
  assert.is(run.outcome(), true)
  assert.ok(await verified(run, 1, 'holder'), 'the old PIN is still the PIN')
})

test('SKI-74 hardened: what the server sealed is no answer of the card, and what the card answered is nothing that a server sealed', async () => {
  const at = await skiScene(crypto, hardened, { pins: { 1: 'holder', 2: 'administrator' } })
  const first = await pinRun(at)
  const output = String((await first.feed())['output'])
  for (const change of [{}, { iv: text(raw(output).subarray(64, 80)) }] as const) {
    const turned = raw(output)
    for (const direction of [2, 1]) {
      turned[5] = direction
      const iv = change.iv ?? text(xor(raw(ivOf(first)), Buffer.alloc(16, direction)))
      assert.is((await first.feed({ iv, blobs: [text(turned)] }))['type'], 'card.refused')
    }
  }
  assert.is(at.pin(1).tries, 3)
  const second = await pinRun(at)
  for (const blob of [blobsOf(second)[0]!, output]) {
    const run = blob === output ? second : await pinRun(at)
    const turned = raw(blob === output ? output : blobsOf(run)[0])
    turned[5] = 2
    await run.finish(text(turned))
    assert.is(run.outcome(), 'minidriver_refused')
  }
})

test('A2 published: an answer of the card, sent back to it, passes for requests that nobody made, and blocks the administrator’s PIN; hardened: refused', async () => {
  for (const defence of [published, hardened]) {
    const at = await skiScene(crypto, defence, { pins: { 1: 'holder', 2: 'administrator' } })
    const run = await pinRun(at)
    const output = raw((await run.feed())['output'])
    // {7, no PIN of the session, 3 tries} and four bytes of padding: the whole block is known.
    const said = Buffer.concat([u32(7), u32(0), u32(3), Buffer.alloc(4, 4)])
    const [iv, block] = [output.subarray(-32, -16), output.subarray(-16)]
    for (let time = 1; time <= 5; time++) {
      const wanted = authenticateStructure(2, Buffer.alloc(16 * time)).subarray(0, 16)
      const blob = Buffer.concat(Array.from({ length: time + 1 }, () => block))
      const answer = await run.feed({ iv: rewritten(text(iv), said, wanted), flags: 0, blobs: [text(blob)] })
      assert.is(answer['sw'], 0x6f00)
      assert.is(at.pin(2).tries, defence === published ? 5 - time : 5)
    }
    assert.is(at.pin(1).tries, 3)
  }
})

test.run()
