/**
 * Attacks on what travels under a session key, and on what is said about it, on real bytes: rewriting, replay, forged
 * acknowledgements, mixing, cutting. K1 and server are proven where the published format alone is to blame.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Way } from '../../../src/ski/policy.js'
import { DEFENCES, rewritten, skiScene, stockedCrypto, type Feeding, type Hosted, type HostedRun, type SkiScene } from '../../support/ski-attack.js'
import { certified, raw, text } from '../../support/ski-attacker.js'
import { again, feedRewritten, forgedSuccess, overwriting, replay } from '../../support/ski-attacks.js'

const test = suite('ski attacks on sealed data')
const crypto = await stockedCrypto()
const { published, hardened, sealedData } = DEFENCES
/** The published format, with everything around it as in its profile, or as hardened has it. */
const FORMATS = [
  ['published', published],
  ['published, K1 and server proven', sealedData],
] as const
const WAYS = ['session', 'agreement', 'shared', 'derived'] as const satisfies readonly Way[]

/** A run up to sealed data that the card has not seen yet. */
const sealedRun = (at: SkiScene, wanted: HostedRun = {}): Promise<Hosted> => at.host(wanted).upToSealed()
const blobsOf = (run: Hosted): readonly string[] => run.known.sealed!['blobs'] as readonly string[]
const ivOf = (run: Hosted): string => String(run.known.sealed!['iv'])

// 3. Rewriting of the IV.

for (const way of WAYS)
  for (const [title, defence] of FORMATS)
    test(`A2 ${title}: container and PIN id are rewritten in the way ${way}, and the server reports another container`, async () => {
      const at = await skiScene(crypto, defence)
      const run = await sealedRun(at, { way })
      assert.is((await feedRewritten(run, { container: 5, pinId: 2 })).type, 'card.processed')
      const last = await run.finish(null)
      assert.equal([at.container(5)?.pinId, at.container(1)], [2, undefined])
      assert.is(at.container(5)?.spki, certified(last['certificate']))
      assert.is(run.outcome(), true)
      const report = at.injections.report('hosted 1').server
      assert.is(report?.ok && report.container, 1)
    })

for (const way of WAYS)
  test(`SKI-66 SKI-73 hardened: a rewritten IV is refused in the way ${way}, in the call, in the header, or in both`, async () => {
    for (const where of ['call', 'header', 'both']) {
      const at = await skiScene(crypto, hardened)
      const run = await sealedRun(at, { way })
      const iv = text(raw(ivOf(run)).map((byte, index) => (index === 4 ? byte ^ 1 : byte)))
      const header = raw(blobsOf(run)[0])
      raw(iv).copy(header, 64)
      const last =
        where === 'both' ? await feedRewritten(run, { container: 5, pinId: 2 }) : await run.feed(where === 'call' ? { iv } : { blobs: [text(header)] })
      assert.equal([last['sw'], at.imported()], [0x6f00, []])
      assert.is(run.outcome(), null, 'the server still waits')
      await run.finish(null)
      assert.is(run.outcome(), 'receipt_refused')
    }
  })

test('SKI-86 SKI-214 another key spec through the IV does not fit the key behind it, in either format', async () => {
  for (const defence of [published, sealedData, hardened])
    for (const keySpec of [1, 2, 4, 6]) {
      const at = await skiScene(crypto, defence)
      const run = await sealedRun(at)
      assert.is((await feedRewritten(run, { container: 1, pinId: 1, keySpec }))['sw'], 0x6f00)
      assert.equal(at.imported(), [])
    }
})

test('SKI-214 another container prepared than the one that was sealed is refused in either format (A-5)', async () => {
  for (const defence of [published, hardened]) {
    const at = await skiScene(crypto, defence)
    const run = await sealedRun(at)
    assert.is((await run.feed({ container: 2 }))['sw'], 0x6f00)
    assert.equal(at.imported(), [])
    await run.finish(null)
    assert.is(run.outcome(), defence === published ? true : 'receipt_refused')
  }
})

// 5. Replay.

test('A2 published: a recorded session sets the old PIN again after a reset; hardened: its nonce is spent', async () => {
  const old = await replay(crypto, published)
  assert.ok(old.achieved)
  assert.is(old.last.type, 'card.processed')
  const { achieved, at, last } = await replay(crypto, hardened)
  assert.not(achieved)
  assert.equal([last.type, last['sw'], at.cards['card']!.enclave.describe().keys], ['card.refused', 0x6982, []])
})

test('A2 published: what was sealed once is taken again, elsewhere; hardened: the key opens nothing more', async () => {
  for (const [, defence] of FORMATS) {
    const { achieved, at } = await again(crypto, defence)
    assert.ok(achieved)
    assert.is(at.imported().length, 2)
  }
  const { achieved, at, run, last } = await again(crypto, hardened)
  assert.not(achieved)
  assert.is(last['sw'], 0x6f00)
  assert.is((await run.feed())['sw'], 0x6985, 'nor under the IV that was used')
  assert.is(at.imported().length, 1)
})

test('SKI-69 hardened: sealed data that failed once is not taken afterwards either', async () => {
  const at = await skiScene(crypto, hardened)
  const run = await sealedRun(at)
  const blob = raw(blobsOf(run)[0])
  blob[blob.length - 1]! ^= 1
  assert.is((await run.feed({ blobs: [text(blob)] }))['sw'], 0x6f00)
  assert.is((await run.feed())['sw'], 0x6985)
  const other = rewritten(ivOf(run), Buffer.alloc(16), Buffer.alloc(16, 1))
  assert.is((await run.feed({ iv: other }))['sw'], 0x6f00)
  assert.equal(at.imported(), [])
})

// 8. Receipts of other things.

test('SKI-250 hardened: a receipt of another session, another kind, another container, or of nobody is none', async () => {
  const at = await skiScene(crypto, hardened)
  const first = await sealedRun(at)
  const old = { session: first.known.taken!['receipt'], keyPair: (await first.feed())['output'] }
  assert.is((await first.finish(old.keyPair)).type, 'server.certificate')
  const sessionOf = (run: Hosted) => run.known.start!['session']
  for (const receipt of [old.session, old.keyPair, null, text(Buffer.alloc(104))]) {
    const run = at.host()
    await run.offer()
    await run.takeKey()
    const last = await run.tell({ type: 'client.established', session: sessionOf(run), nonce: null, receipt })
    assert.equal([last.type, run.outcome()], ['server.refused', 'receipt_refused'])
  }
  for (const receipt of [() => old.session, () => old.keyPair, (run: Hosted) => run.known.taken!['receipt'], () => text(Buffer.alloc(104))]) {
    const run = await sealedRun(at)
    const last = await run.finish(receipt(run))
    assert.equal([last.type, run.outcome()], ['server.refused', 'receipt_refused'])
  }
  assert.is(at.imported().length, 1)
})

test('SKI-71 hardened: the receipt for another key in the same container, and for the same key in another one, is none', async () => {
  const at = await skiScene(crypto, hardened)
  const run = await sealedRun(at)
  const output = raw((await run.feed())['output'])
  for (const place of [6, 8, 24, 40, 72]) {
    const changed = Buffer.from(output)
    changed[place]! ^= 3
    const other = await sealedRun(at)
    await other.finish(text(changed))
    assert.is(other.outcome(), 'receipt_refused')
  }
  const last = await run.finish(text(output))
  assert.is(at.container(1)?.spki, certified(last['certificate']))
})

// 9. Forged acknowledgements.

test('A2 published: step 27 is dropped and step 31 forged: the server reports success, the CA certifies, the card is empty', async () => {
  for (const [, defence] of FORMATS) {
    const { achieved, at, run, last } = await forgedSuccess(crypto, defence)
    assert.ok(achieved)
    assert.equal([run.outcome(), last.type, at.imported()], [true, 'server.certificate', []])
  }
})

test('A2 published: steps 17 to 20 are dropped and step 21 forged: the server seals for a card that never took the key', async () => {
  const at = await skiScene(crypto, published)
  const run = at.host()
  await run.offer()
  assert.is((await run.tell({ type: 'client.established', session: run.known.start!['session'], nonce: null, receipt: null })).type, 'server.sealed')
  await run.finish(null)
  assert.is(run.outcome(), true)
  assert.equal([at.imported(), at.cards['card']!.enclave.describe().keys], [[], []])
})

test('SKI-250 hardened: neither step counts by the client’s word, in any way', async () => {
  for (const way of WAYS) {
    const at = await skiScene(crypto, hardened)
    const early = at.host({ way })
    await early.offer()
    const last = await early.tell({ type: 'client.established', session: early.known.start!['session'], nonce: early.known.offer!['nonce'], receipt: null })
    assert.equal([last.type, early.outcome()], ['server.refused', 'receipt_refused'])
    const run = await sealedRun(at, { way })
    await run.finish(null)
    assert.is(run.outcome(), 'receipt_refused')
    assert.is(at.told('server.certificate'), 0)
  }
})

// 10. Overwriting, mixing, malleability.

test('A2 published: a client that calls a full container free has the user’s key in it replaced; hardened: refused', async () => {
  for (const [, defence] of FORMATS) assert.ok((await overwriting(crypto, defence)).achieved)
  const { achieved, at } = await overwriting(crypto, hardened)
  assert.not(achieved)
  assert.is(at.imported().length, 1)
})

test('SKI-213 hardened: the server’s list, and not the client, says whether a key may go', async () => {
  for (const overwrite of [true, false]) {
    const at = await skiScene(crypto, hardened)
    await at.host().complete()
    const before = at.container(1)!.spki
    const run = await sealedRun(at, { enrolment: { overwrite } })
    assert.is((await run.feed()).type, overwrite ? 'card.processed' : 'card.refused')
    assert.is(at.container(1)!.spki !== before, overwrite)
  }
})

for (const way of WAYS)
  test(`SKI-9 SKI-66 the sealed data of one session under the key of another one, on one card, in the way ${way}`, async () => {
    for (const defence of [published, hardened]) {
      const at = await skiScene(crypto, defence)
      const [a, b] = [await sealedRun(at, { way }), await sealedRun(at, { way })]
      const said = await b.feed(a.known.sealed as unknown as Feeding)
      // Where every session has the shared key itself, a session is nothing (SKI-77).
      const taken = defence === published && way === 'shared'
      assert.is(said['sw'] ?? said.type, taken ? 'card.processed' : 0x6f00)
      assert.is(at.imported().length, taken ? 1 : 0)
    }
  })

test('SKI-248 a key of one card, or of one channel, is nobody’s on another one', async () => {
  for (const defence of [published, hardened]) {
    const at = await skiScene(crypto, defence, { cards: 2 })
    const [a, b] = [await sealedRun(at), await sealedRun(at, { card: 'card2' })]
    const stranger = at.host()
    const { key } = a.known.taken!
    for (const run of [b, stranger]) {
      const { iv, blobs, flags, function: name, container } = a.known.sealed!
      assert.is((await run.apdu({ type: 'apdu.setKeyProperty', key, mode: null, iv }))['sw'], 0x6a88)
      assert.is((await run.apdu({ type: 'apdu.processSealed', key, function: name, container, flags, blobs }))['sw'], 0x6a88)
      assert.is((await run.apdu({ type: 'apdu.destroyKey', key }))['sw'], 0x6a88)
    }
    await b.feed(a.known.sealed as unknown as Feeding)
    assert.equal([at.imported(), at.imported('card2')], [[], []])
    assert.is((await a.feed()).type, 'card.processed')
  }
})

const pieces = ([first, second, third]: readonly string[]) => ({
  'the second dropped': [first, third],
  'the last dropped': [first, second],
  'the first dropped': [second, third],
  'the second twice': [first, second, second, third],
  'the last twice': [first, second, third, third],
  'two exchanged': [first, third, second],
  'all turned round': [third, second, first],
  'one more block': [first, second, third, text(Buffer.alloc(16))],
})

for (const title of Object.keys(pieces([])) as (keyof ReturnType<typeof pieces>)[])
  test(`SKI-61 SKI-66 blobs, ${title}: nothing is installed, in either format`, async () => {
    for (const defence of [published, hardened]) {
      const at = await skiScene(crypto, defence)
      const run = await sealedRun(at, { server: { pieces: 3 } })
      assert.is((await run.feed({ blobs: pieces(blobsOf(run))[title] as readonly string[] }))['sw'], 0x6f00)
      assert.equal(at.imported(), [])
    }
  })

test('A2 published: how a ciphertext is cut is nobody’s business; SKI-65 hardened: it is', async () => {
  for (const defence of [published, hardened]) {
    const at = await skiScene(crypto, defence)
    const run = await sealedRun(at, { server: { pieces: 3 } })
    const joined = text(Buffer.concat(blobsOf(run).map(raw)))
    const answer = await run.feed({ blobs: [joined] })
    assert.is(answer['sw'] ?? answer.type, defence === published ? 'card.processed' : 0x6f00)
  }
})

test('SKI-7 one way’s handle is no other way’s: K2 of a session never comes to lie where another run’s server expects its own', async () => {
  const at = await skiScene(crypto, hardened)
  const [a, b] = [await sealedRun(at), await sealedRun(at, { way: 'derived' })]
  const output = (await a.feed())['output']
  assert.is((await b.finish(output)).type, 'server.refused')
  const last = await a.finish(output)
  assert.equal([a.outcome(), b.outcome()], [true, 'receipt_refused'])
  assert.is(at.container(1)?.spki, certified(last['certificate']))
})

test.run()
