/**
 * Failures of opening look alike, whatever was wrong: on the pure provider and on Node's, in both formats, at each level
 * (the card's enclave, the bytes of its answer, the status of the function, what client and server say then). Everything
 * that is said after the command is compared as one text, with session ids and handles taken out.
 *
 * What the attacker seals himself he seals with OpenSSL, under a session key that he made (A6): so he comes past every check
 * that a change of somebody else's ciphertext would hit by chance only.
 */
import { createCipheriv, randomBytes } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pure } from '../../../src/crypto/pure.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import type { Envelope } from '../../../machines/session.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import type { RunWanted } from '../../../tools/cli/ski/world.js'
import { DEFENCES, skiScene, stockedCrypto, wrappedIn, type Defence, type Feeding, type SkiScene, type Words } from '../../support/ski-attack.js'
import { establishment, ownS1, raw, sealBound, text, wrapS1 } from '../../support/ski-attacker.js'
import { GOOD, oaepWrappings, PADDINGS, PIN_FUNCTIONS, PINS, STRUCTURES, wrappings } from '../../support/ski-faulty.js'

const test = suite('ski uniform failures')
const { published, hardened, serverProof } = DEFENCES
const PROVIDERS: readonly Crypto[] = [await stockedCrypto(pure((length) => randomBytes(length))), await stockedCrypto(nodeCrypto())]

/** The one word of each level. */
const SAID = {
  enclave: '{"type":"enclave.refused","fault":{"code":"sealed_refused","requirement":"SKI-72"}}',
  apdu: '["6f00"]',
  card: '{"type":"card.refused","channel":0,"sw":28416}',
  status: 0x8010001f,
}

// How a run is told.

/** Everything that is said behind the last command of a type, in one text. */
function toldAfter(at: SkiScene, type: string, from: number): string {
  const { lines } = at.injections.session
  const last = lines.findLastIndex(({ message, port }, index) => index >= from && port === 'wire' && message.type === type)
  assert.ok(last >= 0, `nobody said ${type}`)
  // What the card was told is no answer: that is the line before, and the enclave's command.
  const behind = lines.slice(last + 1).filter(({ message }) => message.type !== type.slice('apdu.'.length))
  return (
    behind
      .map(({ from, to, message, carried }) => `${from} > ${to}: ${JSON.stringify(message)} ${JSON.stringify(from === 'card' ? (carried ?? null) : null)}`)
      .join('\n')
      .replaceAll(/"[0-9a-f]{32}"/g, '"HANDLE"')
      // A key pair takes one call more than a PIN: the container is prepared first.
      .replaceAll(/"call":\d+/g, '"call":0')
      .replaceAll(/"session":"[\w-]{22}"/g, '"session":"SESSION"')
  )
}

/** A run of the honest roles with something done to it on the way. */
async function run(
  at: SkiScene,
  wanted: Pick<RunWanted, 'way' | 'secret'> & Partial<RunWanted>,
  tamper: (message: Words) => Words,
  after = 'apdu.processSealed',
) {
  const from = at.injections.session.lines.length
  at.tamper = (envelope: Envelope) => [{ ...envelope, message: tamper(envelope.message as Words) }]
  const report = await at.injections.inject(at.request(wanted))
  at.tamper = (envelope) => [envelope]
  return { report, told: toldAfter(at, after, from), from }
}

function isTheOneRefusal(told: string): void {
  assert.ok(told.includes(SAID.enclave), told)
  assert.ok(told.includes(`${SAID.card} ${SAID.apdu}`), told)
  assert.ok(
    told.includes(
      `"function":"CardProcessEncryptedData","status":${SAID.status},"data":null,"handle":null,"blobs":null,"spki":null,"plain":null,"length":null`,
    ),
  )
  assert.ok(told.includes(`{"type":"client.gaveUp","session":"SESSION","status":${SAID.status}}`))
}

/** One text for all of them. */
class Same {
  #text: string | null = null
  readonly titles: string[] = []
  add(title: string, told: string): void {
    this.#text ??= told
    assert.is(told, this.#text, title)
    this.titles.push(title)
  }
  get text(): string {
    return this.#text!
  }
}

const installed = (at: SkiScene) => at.cards['card']!.enclave.describe().containers.filter(({ origin }) => origin === 'imported').length

// 1. Somebody else's ciphertext, changed.

type Change = readonly [title: string, change: (feeding: Feeding, at: SkiScene) => Partial<Feeding>]
const onBlob = (change: (blob: Buffer) => readonly Buffer[]) => (feeding: Feeding) => ({ blobs: change(raw(feeding.blobs[0])).map(text) })
const flipped = (at: number): Change => [
  `bit ${at % 8} of byte ${at}`,
  onBlob((blob) => [Buffer.from(blob.map((byte, index) => (index === (at < 0 ? blob.length + at : at) ? byte ^ (1 << (Math.abs(at) % 8)) : byte)))]),
]

const LENGTHS: readonly Change[] = [
  ['a byte less', onBlob((blob) => [blob.subarray(0, -1)])],
  ['a block less', onBlob((blob) => [blob.subarray(0, -16)])],
  ['the first byte missing', onBlob((blob) => [blob.subarray(1)])],
  ['the first block missing', onBlob((blob) => [blob.subarray(16)])],
  ['one byte', onBlob((blob) => [blob.subarray(0, 1)])],
  ['one block', onBlob((blob) => [blob.subarray(0, 16)])],
  ['a byte more', onBlob((blob) => [Buffer.concat([blob, Buffer.alloc(1)])])],
  ['a block more', onBlob((blob) => [Buffer.concat([blob, Buffer.alloc(16)])])],
  ['twice over', onBlob((blob) => [blob, blob])],
  ['random bytes of the same length', onBlob((blob) => [randomBytes(blob.length)])],
  ['zeros of the same length', onBlob((blob) => [Buffer.alloc(blob.length)])],
  ['another container prepared', () => ({ container: 7 })],
  ['opened as Authenticate', () => ({ function: 'Authenticate', container: null })],
  ['opened as Change Authenticator', () => ({ function: 'Change Authenticator', container: null })],
]

const BOUND: readonly Change[] = [
  ...Array.from({ length: 84 }, (_, byte) => flipped(byte)),
  ...[84, 99, 100, 131, 160, 227, -1, -2, -16, -31, -32, -33].map(flipped),
  ...LENGTHS,
  ['without a tag', onBlob((blob) => [blob.subarray(0, -32)])],
  ['the header alone', onBlob((blob) => [blob.subarray(0, 84)])],
  ['cut in two', onBlob((blob) => [blob.subarray(0, 100), blob.subarray(100)])],
  ['as if without padding', () => ({ flags: 0 })],
]

const PUBLISHED: readonly Change[] = [
  ...Array.from({ length: 48 }, (_, index) => flipped(index * 3)),
  // The first block says nothing of the key: only in these bytes does a change of the IV make it another structure.
  ...LENGTHS.filter(([title]) => title !== 'zeros of the same length'),
  ['as if without padding', () => ({ flags: 0 })],
]

for (const crypto of PROVIDERS)
  for (const [profile, defence, changes] of [
    ['hardened', hardened, BOUND],
    ['published', published, PUBLISHED],
  ] as const satisfies readonly (readonly [string, Defence, readonly Change[]])[])
    test(`SKI-72 ${crypto.name}, ${profile}: ${changes.length} changes of sealed data have one answer at every level`, async () => {
      const at = await skiScene(crypto, defence, { pins: PINS })
      const same = new Same()
      for (const [title, change] of changes) {
        const { report, told } = await run(at, { way: 'derived', secret: 'ec-P-256' }, (message) =>
          message.type === 'apdu.processSealed' ? { ...message, ...change(message as unknown as Feeding, at) } : message,
        )
        same.add(title, told)
        assert.equal([report.client?.ok, report.server?.ok, installed(at)], [false, false, 0], title)
      }
      isTheOneRefusal(same.text)
      assert.is(same.titles.length, changes.length)
      assert.ok(changes.length >= 60)
      assert.equal([at.pin(1).tries, at.pin(2).tries], [3, 5])
      // Unchanged, it goes in.
      const { report } = await run(at, { way: 'derived', secret: 'ec-P-256' }, (message) => message)
      assert.equal([report.client?.ok, report.server?.ok, installed(at)], [true, true, 1])
    })

// 2. What the attacker seals himself: everything behind the cipher.

const cbc = (s1: Buffer, iv: Buffer, structure: Uint8Array, padded: boolean): string => {
  const cipher = createCipheriv('aes-256-cbc', s1, iv).setAutoPadding(padded)
  return text(Buffer.concat([cipher.update(structure), cipher.final()]))
}

/** Puts a session key of the attacker's in the place of the server's, and what he seals in the place of what it sealed. */
function planted(structure: Uint8Array, name: string, padded = true): (message: Words) => Words {
  const [s1, iv] = [ownS1(), randomBytes(16)]
  let spki = ''
  return (message) => {
    if (message.type === 'client.offer') spki = String(message['spki'])
    if (message.type === 'server.sessionKey') return { ...message, input: text(wrapS1(spki, s1)) }
    if (message.type !== 'server.sealed') return message
    const container = name === 'Import Key Pair' ? 1 : null
    return { ...message, function: name, container, iv: text(iv), blobs: [cbc(s1, iv, structure, padded)] }
  }
}

for (const crypto of PROVIDERS)
  test(`SKI-30 SKI-72 SKI-214 SKI-217 ${crypto.name}, published: whatever is found behind the cipher, a wrong or blocked PIN included, has one answer`, async () => {
    const at = await skiScene(crypto, published, { pins: PINS })
    const same = new Same()
    const attempt = async (title: string, structure: Uint8Array, name: string, padded = true) => {
      const { report, told } = await run(at, { way: 'session', secret: 'ec-P-256' }, planted(structure, name, padded))
      same.add(title, told)
      assert.equal([report.client?.ok, report.server?.ok, installed(at)], [false, false, 0], title)
    }
    for (const [title, structure] of STRUCTURES) await attempt(title, structure, 'Import Key Pair')
    for (const [title, blocks] of PADDINGS) await attempt(title, blocks, 'Import Key Pair', false)
    let tries = 5
    for (const [title, name, structure, taken] of PIN_FUNCTIONS) {
      await attempt(title, structure, name)
      tries -= taken
      // The one thing that the interface itself leaves visible, to whoever asks for it (SKI-217).
      assert.is(at.pin(2).tries, tries, title)
    }
    isTheOneRefusal(same.text)
    assert.is(tries, 0)
    assert.is(same.titles.length, 64)
    for (const structure of GOOD) {
      const { report } = await run(at, { way: 'session', secret: 'ec-P-256' }, planted(structure, 'Import Key Pair'))
      assert.ok(report.client?.ok)
    }
  })

for (const crypto of PROVIDERS)
  test(`SKI-72 SKI-217 ${crypto.name}, bound: the same behind a good MAC; a PIN alone has words of its own`, async () => {
    const at = await skiScene(crypto, serverProof, { pins: PINS })
    const host = at.host()
    const K1 = 8
    await host.apdu({ type: 'apdu.generate', container: K1, kind: 'rsa-2048', pinId: 0 })
    const { spki } = await host.apdu({ type: 'apdu.readKey', container: K1, evidence: 'plain' })
    const { cardId } = await host.apdu({ type: 'apdu.select' })
    const same = new Same()
    const s1 = ownS1()
    const wrapped = wrapS1(String(spki), s1)
    const feed = async (
      structure: Uint8Array,
      fn: 1 | 2 | 3,
      terms: { readonly pinId: number; readonly container?: number; readonly keySpec?: number; readonly keySize?: number },
      padded = true,
    ) => {
      const { nonce } = await host.apdu({ type: 'apdu.challenge' })
      const context = { session: randomBytes(16), serverNonce: randomBytes(16), cardNonce: raw(nonce), cardId: raw(cardId) }
      const input = establishment(context, K1, wrapped, null)
      const taken = await host.apdu({ type: 'apdu.importSessionKey', container: K1, algorithm: 'AES-256', padding: 'oaep-sha256', proven: true, input })
      const iv = randomBytes(16)
      const from = at.injections.session.lines.length
      const name = (['Import Key Pair', 'Change Authenticator', 'Authenticate'] as const)[fn - 1]!
      const blobs = [sealBound(s1, context, iv, structure, { fn, ...terms, padded })]
      const answer = await host.feed({ key: String(taken['key']), function: name, container: terms.container ?? null, flags: 1, iv: text(iv), blobs })
      const told = toldAfter(at, 'apdu.processSealed', from)
      await host.apdu({ type: 'apdu.destroyKey', key: taken['key'] })
      return { told, sw: answer['sw'] }
    }
    for (const [title, structure] of STRUCTURES) {
      const isRsa = title.startsWith('RSA')
      const terms = { container: 1, pinId: 1, keySpec: isRsa ? 1 : 3, keySize: isRsa ? 2048 : 256 }
      same.add(title, (await feed(structure, 1, terms)).told)
      assert.is(installed(at), 0, title)
    }
    for (const [title, blocks] of PADDINGS) {
      const { told } = await feed(blocks, 1, { container: 1, pinId: 1, keySpec: 3, keySize: 256 }, false)
      same.add(title, told)
    }
    const words: unknown[] = []
    for (const [title, name, structure, taken] of PIN_FUNCTIONS) {
      const pinId = structure.readUInt32LE(name === 'Authenticate' ? 8 : 16)
      const { told, sw } = await feed(structure, name === 'Authenticate' ? 3 : 2, { pinId })
      if (taken === 0 && title !== 'the right PIN, blocked') same.add(title, told)
      else words.push(sw)
    }
    assert.equal(words, [0x63c4, 0x63c3, 0x63c2, 0x63c1, 0x63c0, 0x6983])
    assert.ok(same.text.includes(`${SAID.card.replace('0,"sw"', '1,"sw"')} ${SAID.apdu}`), same.text)
    assert.ok(same.titles.length >= 55)
  })

// 3. Session keys that do not open.

for (const crypto of PROVIDERS) {
  test(`SKI-215 ${crypto.name}: under PKCS#1 v1.5 no failure of the unwrap is seen at the import, and one answer at the end`, async () => {
    const at = await skiScene(crypto, published, { pins: PINS })
    const [imports, ends] = [new Same(), new Same()]
    for (let index = 0; index < 18; index++) {
      let title = ''
      let spki = ''
      const { told, report, from } = await run(at, { way: 'session', secret: 'ec-P-256', padding: 'pkcs1' }, (message) => {
        if (message.type === 'client.offer') spki = String(message['spki'])
        if (message.type !== 'server.sessionKey') return message
        assert.is(wrappedIn(message).length, 256)
        const [name, wrapped] = wrappings(spki)[index]!
        title = name
        return { ...message, input: text(wrapped) }
      })
      ends.add(title, told)
      // The minidriver's return of the import: a handle, and nothing else that could differ.
      const { lines } = at.injections.session
      const returned = lines.slice(from).filter(({ message }) => (message as Words)['function'] === 'CardImportSessionKey')
      const card = lines.slice(from).filter(({ message }) => message.type === 'card.sessionKey')
      assert.equal([returned.length, card.length], [1, 1], title)
      const handle = String((card[0]!.message as Words)['key'])
      imports.add(title, JSON.stringify([returned[0]!.message, card[0]!.message, card[0]!.carried]).replaceAll(handle, 'HANDLE'))
      assert.equal([report.client?.ok, installed(at)], [false, 0])
    }
    isTheOneRefusal(ends.text)
    // As it is when all is well.
    const from = at.injections.session.lines.length
    const { client } = await at.injections.inject(at.request({ way: 'session', secret: 'ec-P-256', padding: 'pkcs1' }))
    assert.ok(client?.ok)
    const { lines } = at.injections.session
    const [returned, card] = [
      lines.slice(from).find(({ message }) => (message as Words)['function'] === 'CardImportSessionKey')!,
      lines.slice(from).find(({ message }) => message.type === 'card.sessionKey')!,
    ]
    imports.add('a good one', JSON.stringify([returned.message, card.message, card.carried]).replaceAll(String((card.message as Words)['key']), 'HANDLE'))
  })

  test(`SKI-29 ${crypto.name}: under OAEP every failure of the unwrap has one answer`, async () => {
    const at = await skiScene(crypto, published, { pins: PINS })
    const same = new Same()
    const count = 17
    for (let index = 0; index < count; index++) {
      let spki = ''
      let title = ''
      const change = (message: Words): Words => {
        if (message.type === 'client.offer') spki = String(message['spki'])
        if (message.type !== 'server.sessionKey') return message
        const [name, wrapped] = oaepWrappings(spki)[index]!
        title = name
        return { ...message, input: text(wrapped) }
      }
      const { told, report } = await run(at, { way: 'session', secret: 'ec-P-256', padding: 'oaep-sha256' }, change, 'apdu.importSessionKey')
      same.add(title, told)
      assert.not(report.client?.ok)
    }
    assert.ok(same.text.includes(`${SAID.card} ${SAID.apdu}`), same.text)
    assert.ok(same.text.includes(`"function":"CardImportSessionKey","status":${SAID.status}`))
  })
}

test.run()
