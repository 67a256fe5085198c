/**
 * A server's enclave as a whole: hostile commands, handles, randomness, and what only its host may do.
 * @module
 */
import * as native from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { isPromise } from '../../../src/enclave/steps.js'
import type { ServerCommand } from '../../../src/ski/enclave/commands.js'
import { softwareServer, type SoftwareServerOptions } from '../../../src/ski/enclave/server.js'
import { SERVER_RULES } from '../../../src/ski/enclave/server-rules.js'
import { pkijsPki } from '../../../tools/pki/index.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { authenticateStructure, b64, changeStructure, draw, importStructure, keyDataBlob, type Session } from './card-node.js'
import { SERVER_CASES } from './server-cases.js'
import { openAsCard, pairOf, SERVER_KEY } from './server-node.js'
import { ask, BOUND, composed, ecKeyOf, faultOf, make, say, sealing } from './server-support.js'

const server = suite("server's enclave")

server('SKI-222 every requirement of a rule has a case', () => {
  const cited = new Set(SERVER_CASES.map(({ title }) => title.slice(0, title.indexOf(' '))))
  // What these say holds of every case, or is seen in the good paths.
  for (const elsewhere of ['SKI-223']) cited.add(elsewhere)
  const missing = Object.entries(SERVER_RULES).filter(([, { requirement }]) => !cited.has(requirement))
  assert.equal(missing, [])
})

// Titles are made in the files of the cases; these are the ones that nobody leaves out unnoticed.
for (const id of ['SKI-210', 'SKI-224']) server(`there is a case for ${id}`, () => assert.ok(SERVER_CASES.some(({ title }) => title.startsWith(`${id} `))))

server('answers at once where the crypto does, and later where it does', async () => {
  const subject = make()
  assert.not(isPromise(subject.server.perform('c', { type: 'beginSession' })))
  const rsa = make({ provider: nodeCrypto }).server.perform('c', { type: 'makeKeyPair', kind: 'rsa-2048' })
  assert.ok(isPromise(rsa))
  assert.is((await rsa)?.type, 'enclave.keyPairMade')
})

server('SKI-244 whatever is said, nothing throws, and what is no command is refused', async () => {
  const subject = make()
  const at = await composed(subject)
  const before = JSON.stringify(subject.server.describe())
  const trap = new Proxy({}, { get: () => { throw new Error('trap') }, has: () => { throw new Error('trap') }, getOwnPropertyDescriptor: () => { throw new Error('trap') } }) // prettier-ignore
  const getter = { type: 'drawIv', get algorithm(): never { throw new Error('trap') } } // prettier-ignore
  const hostile: unknown[] = [
    undefined,
    null,
    7,
    'close',
    [],
    {},
    { type: 'nope' },
    { type: '__proto__' },
    { type: 'constructor' },
    { type: ['close'] },
    trap,
    getter,
  ]
  for (const value of hostile) assert.is(faultOf(await say(subject, 'c', value))?.code, 'command_invalid')
  for (const conversation of [undefined, null, 7, {}])
    assert.equal(faultOf(await say(subject, conversation as never, { type: 'beginSession' })), { code: 'command_invalid', at: 'conversation' })
  const good: Record<string, object> = {
    judgeCard: { type: 'judgeCard', way: 'session', cardId: b64(draw(16)), nonce: null, spki: null, evidence: null },
    composePin: { type: 'composePin', function: 'Authenticate', flags: 0, pinId: 1, pin: at.card, target: { pinId: 1, pin: at.card, tries: 1 } },
    mdEncrypt: sealing(at),
    envelopeKey: { type: 'envelopeKey', key: at.k2, agents: ['AA'] },
    makePin: { type: 'makePin', length: 4 },
  }
  for (const command of Object.values(good))
    for (const member of Object.keys(command).slice(1))
      for (const wrong of [undefined, 7.5, -1, 2 ** 40, 'x'.repeat(70_000), {}, [null], Number.NaN, true]) {
        if (wrong === true && member === 'overwrite') continue
        const answer = await say(subject, 'c', { ...command, [member]: wrong })
        assert.equal([faultOf(answer)?.code, faultOf(answer)?.at], ['command_invalid', member], JSON.stringify(answer))
      }
  assert.is(JSON.stringify(subject.server.describe()), before)
})

server('SKI-244 a property: commands of any members never throw, and never change what another conversation has', async () => {
  const subject = make()
  const at = await composed(subject, { conversation: 'mine' })
  const theirs = () => JSON.stringify(subject.server.describe().objects.filter(({ owner }) => owner === 'mine'))
  const before = theirs()
  const handles = subject.server.describe().objects.map(({ handle }) => handle as string)
  const value = fc.oneof(
    fc.constantFrom(...handles, b64(draw(16)), 'AES-256', 'session', 'none', 'Import Key Pair', 'KeyDataBlob', 'AES'),
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
  )
  const members = ['card', 'key', 'blob', 'pin', 'way', 'cardId', 'nonce', 'spki', 'evidence', 'container', 'algorithm', 'proof', 'receipt', 'blobType', 'input', 'mode', 'iv', 'function', 'flags', 'pieces', 'blobs', 'target', 'agents', 'subject', 'length', 'kind', 'pinId', 'keySpec', 'overwrite', 'padding', 'fingerprint'] // prettier-ignore
  const types = ['judgeCard', 'wrapSessionKey', 'agreeSessionKey', 'offerSharedKey', 'confirmSession', 'mdImportSessionKey', 'mdSharedKey', 'setKeyProperty', 'drawIv', 'composeKeyPair', 'composePin', 'mdEncrypt', 'mdOpenResponse', 'confirmInstalled', 'requestCertificate', 'envelopeKey', 'destroyKey'] // prettier-ignore
  const command = fc
    .tuple(fc.constantFrom(...types), fc.array(value, { minLength: members.length, maxLength: members.length }))
    .map(([type, values]) => ({ type, ...Object.fromEntries(members.map((member, index) => [member, values[index]])) }))
  await fc.assert(
    fc.asyncProperty(command, async (said) => {
      const answer = await say(subject, 'c', said)
      assert.ok(answer?.type.startsWith('enclave.'))
      assert.is(theirs(), before)
    }),
    { numRuns: 300 },
  )
  await ask(subject, 'mine', sealing(at), 'enclave.mdEncrypted')
})

server('SKI-218 no handle is given twice, even where the randomness is stuck', async () => {
  const crypto: Crypto = { ...nodeCrypto(), random: (length) => new Uint8Array(length).fill(7) }
  const subject = make({ provider: () => crypto })
  const handles = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const { key } = await ask(subject, 'c', { type: 'makePin', length: 4 }, 'enclave.pinMade')
    handles.add(key)
    if (i % 2) await ask(subject, 'c', { type: 'destroyKey', key }, 'enclave.destroyed')
  }
  assert.is(handles.size, 20)
})

server('SKI-225 a PIN is never drawn of bytes that cannot be even', async () => {
  const stuck: Crypto = { ...nodeCrypto(), random: (length) => new Uint8Array(length).fill(255) }
  assert.equal(faultOf(await say(make({ provider: () => stuck }), 'c', { type: 'makePin', length: 4 })), { code: 'enclave_failed' })
  const subject = make()
  for (let i = 0; i < 50; i++) await ask(subject, 'c', { type: 'makePin', length: 64 }, 'enclave.pinMade')
  const drawn = subject.secrets.filter(({ name }) => name === 'PIN: k').map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
  assert.is(drawn.length, 50)
  assert.ok(drawn.every((pin) => /^[0-9A-Za-z]{64}$/.test(pin)))
  assert.is(new Set(drawn.join('')).size, 62)
})

server('SKI-221 IVs are fresh and as long as a block', async () => {
  const subject = make()
  const ivs = new Set<string>()
  for (let i = 0; i < 20; i++) ivs.add((await ask(subject, 'c', { type: 'drawIv', algorithm: i % 2 ? '3DES' : 'AES-128' }, 'enclave.ivDrawn')).iv)
  assert.is(ivs.size, 20)
  assert.equal([...new Set([...ivs].map((iv) => Buffer.from(iv, 'base64url').length))].sort(), [16, 8].sort())
})

server('SKI-133 SKI-134 a script: what is handed in is imported and sealed as the published calls do', async () => {
  for (const sealedData of ['published', 'bound'] as const) {
    const subject = make({ policy: { sealedData } })
    const session: Session = { algorithm: 'AES-256', s1: draw(32), session: draw(16), serverNonce: draw(16), cardNonce: draw(16), cardId: draw(16) }
    const context = { session: b64(session.session), serverNonce: b64(session.serverNonce), cardNonce: b64(session.cardNonce), cardId: b64(session.cardId) }
    const blob = subject.server.deposit('c', keyDataBlob(session.s1), { kind: 'keyBlob', context })
    const { key } = await ask(subject, 'c', { type: 'mdImportSessionKey', blob, blobType: 'KeyDataBlob', algorithm: 'AES' }, 'enclave.mdKeyReady')
    const iv = b64(draw(16))
    await ask(subject, 'c', { type: 'setKeyProperty', key, mode: 'CBC', iv }, 'enclave.propertySet')
    const structure = importStructure({ container: 5, pinId: 1, keySpec: 1, keySize: 2048 }, draw(24))
    const deposited = subject.server.deposit('c', structure, { kind: 'structure', overwrite: true })
    // 48 bytes are whole blocks: no padding is needed.
    const command = { type: 'mdEncrypt', key, function: 'Import Key Pair', blob: deposited, flags: 0, pieces: 3 } as const
    const { blobs } = await ask(subject, 'c', command, 'enclave.mdEncrypted')
    const opened = openAsCard(session, sealedData, iv, blobs, false)
    assert.equal([opened.structure, blobs.length], [structure, 3])
    if (opened.header) assert.equal([opened.header[9], opened.header[10], opened.header.readUInt32LE(12), opened.header.readUInt16LE(28)], [1, 5, 0, 3])
  }
})

server('SKI-280 SKI-281 a script: PIN structures that are handed in say their own PIN', async () => {
  const subject = make()
  const session: Session = { algorithm: 'AES-128', s1: draw(16), session: draw(16), serverNonce: draw(16), cardNonce: draw(16), cardId: draw(16) }
  const context = { session: b64(session.session), serverNonce: b64(session.serverNonce), cardNonce: b64(session.cardNonce), cardId: b64(session.cardId) }
  for (const [name, structure, pinId] of [
    ['Authenticate', authenticateStructure(4, draw(12)), 4],
    ['Change Authenticator', changeStructure(2, 2, draw(12), 5, draw(12), 3), 5],
  ] as const) {
    const blob = subject.server.deposit('c', keyDataBlob(session.s1), { kind: 'keyBlob', context })
    const { key } = await ask(subject, 'c', { type: 'mdImportSessionKey', blob, blobType: 'KeyDataBlob', algorithm: 'AES' }, 'enclave.mdKeyReady')
    const iv = b64(draw(16))
    await ask(subject, 'c', { type: 'setKeyProperty', key, mode: 'CBC', iv }, 'enclave.propertySet')
    const deposited = (bytes: Uint8Array) => subject.server.deposit('c', bytes, { kind: 'structure' })
    const command = { type: 'mdEncrypt', key, function: name, flags: 1, pieces: 1 } as const
    for (const wrong of [structure.subarray(0, -1), Buffer.alloc(0)])
      assert.is(faultOf(await say(subject, 'c', { ...command, blob: deposited(wrong) }))?.code, 'format_invalid')
    const { blobs } = await ask(subject, 'c', { ...command, blob: deposited(structure) }, 'enclave.mdEncrypted')
    const opened = openAsCard(session, 'bound', iv, blobs)
    assert.equal([opened.structure, opened.header!.readUInt32LE(16), opened.header![10]], [structure, pinId, 255])
  }
})

server('a host that gives what it may not is told by a TypeError', () => {
  const options: SoftwareServerOptions = { crypto: nodeCrypto(), policy: BOUND }
  const mistakes: (() => unknown)[] = [
    () => softwareServer({ ...options, masterKey: new Uint8Array(16) }),
    () => softwareServer({ ...options, signingKey: { ...ecKeyOf(SERVER_KEY), d: new Uint8Array(32) } }),
    () => softwareServer({ ...options, signingKey: { ...ecKeyOf(pairOf('ec-P-384')) } }),
    () => softwareServer({ ...options, issuers: [{ ...ecKeyOf(SERVER_KEY), y: new Uint8Array(32) }] }),
    () => softwareServer({ ...options, policy: { ...BOUND, sealedData: 'published' } }),
    () => softwareServer(options).deposit('c', keyDataBlob(draw(16)), { kind: 'keyBlob' }),
    () => make().server.deposit('c', 'text' as never, { kind: 'structure' }),
    () => make().server.deposit('c', new Uint8Array(8193), { kind: 'structure' }),
    () => make().server.deposit(7 as never, new Uint8Array(1), { kind: 'structure' }),
    () => make().server.deposit('c', new Uint8Array(44), { kind: 'keyBlob', context: { session: 'x', serverNonce: 'x', cardNonce: 'x', cardId: 'x' } }),
    () => make().server.holdPin('c', new Uint8Array(0)),
    () => make().server.holdPin('c', new Uint8Array(128)),
    () => {
      const { server: disposed } = make()
      disposed.dispose()
      disposed.holdPin('c', new Uint8Array(4))
    },
  ]
  for (const [number, mistake] of mistakes.entries()) assert.throws(mistake, (error: unknown) => error instanceof TypeError, String(number))
})

server('what a host gives stays his: keys and arguments are copied', async () => {
  const masterKey = new Uint8Array(32).fill(5)
  const subject = make({ change: { masterKey } })
  const pin = new Uint8Array(8).fill(6)
  subject.server.holdPin('c', pin)
  subject.server.dispose()
  assert.ok(masterKey.every((byte) => byte === 5) && pin.every((byte) => byte === 6))
})

server('the same seed makes the same enclave', async () => {
  const answers = async () => {
    let count = 0
    const crypto: Crypto = {
      ...nodeCrypto(),
      random: (length) => new Uint8Array(native.createHash('shake256', { outputLength: length }).update(String(count++)).digest()),
    }
    const { server: enclave } = make({ provider: () => crypto })
    const said: ServerCommand[] = [{ type: 'beginSession' }, { type: 'drawIv', algorithm: 'AES-256' }, { type: 'makePin', length: 8 }]
    return [await Promise.all(said.map(async (command) => enclave.perform('c', command))), enclave.describe()]
  }
  assert.equal(await answers(), await answers())
})

server('SKI-18 a closed conversation leaves no trace behind', async () => {
  const subject = make({ change: { pki: pkijsPki() } })
  for (let i = 0; i < 50; i++) {
    await ask(subject, `c${i}`, { type: 'beginSession' }, 'enclave.sessionBegun')
    await ask(subject, `c${i}`, { type: 'makePin', length: 4 }, 'enclave.pinMade')
    await subject.server.perform(`c${i}`, { type: 'close' })
  }
  for (const conversation of ['never', '__proto__', '']) await subject.server.perform(conversation, { type: 'close' })
  assert.equal(subject.server.describe(), { objects: [], sessions: [] })
})

server.run()
