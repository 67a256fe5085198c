/**
 * A server's enclave as a whole: endings, also of what is in flight, wiping, accidents inside, hostile commands, and what
 * only its host may do.
 * @module
 */
import * as native from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { isPromise } from '../../../src/enclave/steps.js'
import type { ServerCommand, SkiHandle } from '../../../src/ski/enclave/commands.js'
import { softwareServer, type SoftwareServerOptions } from '../../../src/ski/enclave/server.js'
import { SERVER_RULES } from '../../../src/ski/enclave/server-rules.js'
import { pkijsPki } from '../../../tools/pki/index.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { stocked } from '../../enclave/support.js'
import { findSecret } from '../../enclave/secret-search.js'
import { b64, draw, importStructure, keyDataBlob, receipt, type Session } from './card-node.js'
import { agentOf } from './authority-support.js'
import { SERVER_CASES } from './server-cases.js'
import { authenticateResponse, openAsCard, pairOf, respondAsCard, SERVER_KEY } from './server-node.js'
import {
  ask,
  BOUND,
  composed,
  confirmation,
  ecKeyOf,
  established,
  faultOf,
  judged,
  K1_CONTAINER,
  K2_TERMS,
  keyed,
  make,
  say,
  sealing,
  type Composed,
  type Subject,
} from './server-support.js'

const server = suite("server's enclave")

const WAYS = ['session', 'agreement', 'shared', 'derived'] as const

server('SKI-222 every requirement of a rule has a case', () => {
  const cited = new Set(SERVER_CASES.map(({ title }) => title.slice(0, title.indexOf(' '))))
  // What these say holds of every case, or is seen in the good paths.
  for (const elsewhere of ['SKI-223']) cited.add(elsewhere)
  const missing = Object.entries(SERVER_RULES).filter(([, { requirement }]) => !cited.has(requirement))
  assert.equal(missing, [])
})

server('answers at once where the crypto does, and later where it does', async () => {
  const subject = make()
  assert.not(isPromise(subject.server.perform('c', { type: 'beginSession' })))
  const rsa = make({ provider: nodeCrypto }).server.perform('c', { type: 'makeKeyPair', kind: 'rsa-2048' })
  assert.ok(isPromise(rsa))
  assert.is((await rsa)?.type, 'enclave.keyPairMade')
})

/** Each command that takes time, at the point of a run where it may be said. */
const IN_FLIGHT: Readonly<Record<string, (subject: Subject) => Promise<ServerCommand>>> = {
  judgeCard: async (subject) => {
    const { node, k1 } = await judged(subject, { conversation: 'd' })
    await ask(subject, 'c', { type: 'beginSession' }, 'enclave.sessionBegun')
    const { evidenceOf } = await import('./server-node.js')
    return { type: 'judgeCard', way: 'session', cardId: b64(node.cardId), nonce: null, spki: b64(k1!.spki), evidence: evidenceOf(node, k1!.spki).evidence }
  },
  wrapSessionKey: async (subject) => {
    const { card } = await judged(subject)
    return { type: 'wrapSessionKey', card, container: K1_CONTAINER, algorithm: 'AES-256', padding: 'pkcs1', proof: 'none' }
  },
  agreeSessionKey: async (subject) => {
    const { card } = await judged(subject, { way: 'agreement' })
    return { type: 'agreeSessionKey', card, container: K1_CONTAINER, algorithm: 'AES-256', proof: 'none' }
  },
  offerSharedKey: async (subject) => {
    const { card } = await judged(subject, { way: 'derived' })
    return { type: 'offerSharedKey', card, way: 'derived', algorithm: 'AES-256', proof: 'signature' }
  },
  confirmSession: async (subject) => confirmation(await established(subject)),
  makeKeyPair: async () => ({ type: 'makeKeyPair', kind: 'rsa-2048' }),
  mdEncrypt: async (subject) => sealing(await composed(subject)),
  mdOpenResponse: async (subject) => {
    const { at } = await sealedPin(subject)
    return responding(at, subject)
  },
  confirmInstalled: async (subject) => {
    const at = await composed(subject)
    await ask(subject, 'c', sealing(at), 'enclave.mdEncrypted')
    return installing(at)
  },
  requestCertificate: async (subject) => ({ type: 'requestCertificate', key: (await composed(subject)).k2, subject: 'CN=a' }),
  envelopeKey: async (subject) => ({ type: 'envelopeKey', key: (await composed(subject)).k2, agents: [b64((await agentOf('rsa-2048')).certificate)] }),
}

async function sealedPin(subject: Subject) {
  const at = await keyed(subject)
  const { key: pin } = await ask(subject, 'c', { type: 'makePin', length: 16 }, 'enclave.pinMade')
  const compose = { type: 'composePin', function: 'Authenticate', flags: 0x10000000, pinId: 1, pin, target: null } as const
  const { blob } = await ask(subject, 'c', compose, 'enclave.composed')
  const { blobs } = await ask(subject, 'c', { type: 'mdEncrypt', key: at.key, function: 'Authenticate', blob, flags: 1, pieces: 1 }, 'enclave.mdEncrypted')
  return { at, blobs }
}
const responding = ({ key, session }: { readonly key: SkiHandle; readonly session: Session }, subject: Subject): ServerCommand => ({
  type: 'mdOpenResponse',
  key,
  function: 'Authenticate',
  blobs: [respondAsCard(session, subject.format, { function: 'Authenticate', pinId: 1 }, authenticateResponse(3, Buffer.from('0123456789abcdef')))],
})
const installing = ({ session, spki, fingerprint }: Composed): ServerCommand => ({
  type: 'confirmInstalled',
  container: K2_TERMS.container,
  fingerprint,
  receipt: receipt(session, 2, K2_TERMS.container, native.createHash('sha256').update(spki).digest()),
})

for (const [name, prepare] of Object.entries(IN_FLIGHT)) {
  server(`SKI-18 close reaches a ${name} that is in flight: its late answer leaves nothing alive`, async () => {
    const subject = make({ gated: true })
    const command = await prepare(subject)
    const others = () => JSON.stringify(subject.server.describe().objects.filter(({ owner }) => owner !== 'c'))
    const before = others()
    subject.gate!.hold()
    const answer = say(subject, 'c', command)
    await subject.server.perform('c', { type: 'close' })
    assert.is(others(), before)
    assert.ok(subject.server.describe().objects.every(({ owner }) => owner !== 'c'))
    await subject.gate!.release()
    assert.equal(faultOf(await answer), { code: 'conversation_closed', requirement: 'SKI-218' })
    assert.is(others(), before)
    // The conversation may begin again.
    await ask(subject, 'c', { type: 'beginSession' }, 'enclave.sessionBegun')
  })

  server(`SKI-246 an accident in a ${name} is one refusal, which leaves everything as it was`, async () => {
    for (const accident of ACCIDENTS) {
      const crypto = { ...stocked(nodeCrypto()) } as unknown as Record<string, unknown>
      const subject = make({ provider: () => crypto as unknown as Crypto })
      const command = await prepare(subject)
      const before = JSON.stringify(subject.server.describe())
      for (const [member, work] of Object.entries(crypto))
        if (typeof work === 'function' && member !== 'random' && member !== 'forget') crypto[member] = accident
      const fault = faultOf(await say(subject, 'c', command))
      const expected = name === 'mdOpenResponse' ? { code: 'sealed_refused', requirement: 'SKI-72' } : { code: 'enclave_failed' }
      // Evidence that cannot be verified is evidence that proves nothing.
      if (name !== 'judgeCard' || fault !== null) {
        assert.equal(fault, expected)
        assert.is(JSON.stringify(subject.server.describe()), before)
      }
    }
  })
}

const ACCIDENTS: readonly (() => unknown)[] = [
  () => {
    throw new Error('secret')
  },
  () => Promise.reject(new Error('secret')),
  () => undefined,
  () => 7,
  () => new Uint8Array(5),
  () => {
    throw null
  },
]

server('SKI-223 what a command worked with is wiped when it is done, and what it made when it is destroyed', async () => {
  const kept: Uint8Array[] = []
  const crypto = nodeCrypto()
  const note = (...secrets: readonly Uint8Array[]) => void kept.push(...secrets)
  const spied: Crypto = {
    ...crypto,
    oaepEncrypt: (key, message, parameters) => (note(message), crypto.oaepEncrypt(key, message, parameters)),
    cbcEncryptRaw: (key, iv, data) => (note(key, data), crypto.cbcEncryptRaw(key, iv, data)),
    cbcEncrypt: (key, iv, data) => (note(key, data), crypto.cbcEncrypt(key, iv, data)),
    hmac: (hash, key, message) => (note(key), crypto.hmac(hash, key, message)),
    generateEc: (curve) => {
      const key = crypto.generateEc(curve)
      note(key.d)
      return key
    },
    ecdh: (own, peer) => {
      const z = crypto.ecdh(own, peer)
      if (z.ok) note(z.value)
      return z
    },
  }
  const subject = make({ provider: () => spied })
  for (const way of WAYS) {
    const at = await composed(subject, { way, conversation: way, proof: 'sharedKey' })
    await ask(subject, way, { type: 'envelopeKey', key: at.k2, agents: [b64((await agentOf('rsa-2048')).certificate)] }, 'enclave.keyEnveloped')
    await ask(subject, way, sealing(at), 'enclave.mdEncrypted')
    if (at.blob) await ask(subject, way, { type: 'destroyKey', key: at.blob }, 'enclave.destroyed')
    await ask(subject, way, { type: 'destroyKey', key: at.structure }, 'enclave.destroyed')
    await ask(subject, way, { type: 'destroyKey', key: at.k2 }, 'enclave.destroyed')
    await ask(subject, way, { type: 'destroyKey', key: at.key }, 'enclave.destroyed')
  }
  assert.is(kept.length, 39)
  for (const bytes of kept) assert.ok(bytes.every((byte) => byte === 0))
})

server('SKI-223 an argument is wiped as it is used, before it is destroyed by name', async () => {
  const crypto = nodeCrypto()
  const blobs: Uint8Array[] = []
  const spied: Crypto = { ...crypto, oaepEncrypt: (key, message, parameters) => (blobs.push(message), crypto.oaepEncrypt(key, message, parameters)) }
  const subject = make({ provider: () => spied })
  const at = await established(subject)
  assert.ok(blobs[0]!.some((byte) => byte !== 0))
  await ask(subject, 'c', confirmation(at), 'enclave.sessionConfirmed')
  await ask(subject, 'c', { type: 'mdImportSessionKey', blob: at.blob!, blobType: 'KeyDataBlob', algorithm: 'AES' }, 'enclave.mdKeyReady')
  assert.ok(blobs[0]!.every((byte) => byte === 0))
  await ask(subject, 'c', { type: 'destroyKey', key: at.blob! }, 'enclave.destroyed')
})

server('SKI-1 a crypto provider that never answers keeps no secret past close', async () => {
  for (const member of ['oaepEncrypt', 'hmac', 'cbcEncryptRaw', 'cbcEncrypt', 'ecdsaSign'] as const) {
    const crypto = nodeCrypto()
    const worked: Uint8Array[] = []
    const hanging = { ...crypto } as Crypto
    const subject = make({ provider: () => hanging })
    const at = await composed(subject)
    const agents = [b64((await agentOf('rsa-2048')).certificate)]
    Object.assign(hanging, {
      [member]: (...given: unknown[]) => {
        for (const one of given.flatMap((value) => (value instanceof Uint8Array ? [value] : []))) worked.push(one)
        return new Promise(() => {})
      },
    })
    // Of what the provider is given, messages that are signed and IVs are no secrets.
    void subject.server.perform(
      'c',
      member === 'ecdsaSign'
        ? { type: 'requestCertificate', key: at.k2, subject: 'CN=a' }
        : member.startsWith('cbcEncrypt') && member === 'cbcEncryptRaw'
          ? sealing(at)
          : member === 'hmac'
            ? sealing(at)
            : { type: 'envelopeKey', key: at.k2, agents },
    )
    assert.ok(worked.length > 0, member)
    await subject.server.perform('c', { type: 'close' })
    const secrets = { oaepEncrypt: [0], hmac: [0], cbcEncryptRaw: [0, 2], cbcEncrypt: [0, 2], ecdsaSign: [] }[member]
    for (const place of secrets)
      assert.ok(
        worked[place]!.every((byte) => byte === 0),
        `${member} ${place}`,
      )
  }
})

server('SKI-17 dispose wipes every secret, also what is in flight, and ends everything', async () => {
  const crypto = nodeCrypto()
  const known: Uint8Array[] = []
  const spied: Crypto = {
    ...crypto,
    generateEc: (curve) => {
      const key = crypto.generateEc(curve)
      known.push(key.d)
      return key
    },
    generateRsa: async (bits) => {
      const key = await crypto.generateRsa(bits)
      known.push(key.d, key.p, key.q, key.dp, key.dq, key.qi)
      return key
    },
  }
  const subject = make({ provider: () => spied })
  await composed(subject)
  const late = say(subject, 'd', { type: 'makeKeyPair', kind: 'rsa-2048' })
  subject.server.dispose()
  assert.is(faultOf(await late)?.code, 'conversation_closed')
  assert.is(known.length, 7)
  for (const bytes of known) assert.ok(bytes.every((byte) => byte === 0))
  assert.equal(subject.server.describe(), { objects: [], sessions: [] })
  assert.equal(faultOf(await say(subject, 'c', { type: 'beginSession' })), { code: 'enclave_failed' })
  assert.is(await say(subject, 'c', { type: 'close' }), null)
})

server('SKI-219 no answer and no description has a secret in it', async () => {
  for (const sealedData of ['published', 'bound'] as const) {
    const subject = make({ policy: { sealedData } })
    const said: unknown[] = []
    const perform = subject.server.perform.bind(subject.server)
    const told: Subject = {
      ...subject,
      server: {
        ...subject.server,
        describe: () => subject.server.describe(),
        deposit: (...given) => subject.server.deposit(...given),
        holdPin: (...given) => subject.server.holdPin(...given),
        dispose: () => subject.server.dispose(),
        perform: (conversation, command) => {
          const answer = perform(conversation, command)
          said.push(answer)
          return answer
        },
      },
    }
    for (const way of WAYS) {
      const at = await composed(told, { way, conversation: way, proof: 'sharedKey', k2: way === 'session' ? 'rsa-2048' : 'ec-P-384' })
      await ask(told, way, { type: 'requestCertificate', key: at.k2, subject: 'CN=Somebody' }, 'enclave.certificateRequested')
      await ask(told, way, { type: 'envelopeKey', key: at.k2, agents: [b64((await agentOf('rsa-2048')).certificate)] }, 'enclave.keyEnveloped')
      said.push(told.server.describe())
      await ask(told, way, sealing(at), 'enclave.mdEncrypted')
    }
    const { at } = await sealedPin(told)
    await ask(told, 'c', responding(at, told), 'enclave.responseOpened')
    said.push(told.server.describe())
    const answers = await Promise.all(said)
    const names = new Set(subject.secrets.map(({ name }) => name))
    for (const expected of [
      'master key: k',
      'server signing key: d',
      'S1',
      'session key: k',
      'K2 rsa-2048: p',
      'K2 ec-P-384: d',
      'PIN: k',
      'session PIN: k',
      'card key',
      'archive content key',
    ])
      assert.ok(names.has(expected), `${expected} was not witnessed: ${[...names].join(', ')}`)
    for (const { name, bytes } of subject.secrets) assert.is(findSecret(answers, bytes, /structure|PKCS|blob/.test(name)), null, name)
    assert.is(
      findSecret([...answers, 'x', Buffer.from(subject.secrets[0]!.bytes).toString('hex')], subject.secrets[0]!.bytes),
      'hex',
      'the search finds what is there',
    )
  }
})

server('SKI-219 looking at an enclave shows nothing of its keys', async () => {
  const subject = make()
  await composed(subject)
  assert.is(JSON.stringify(subject.server), '{}')
  for (const { name, bytes } of subject.secrets)
    assert.is(findSecret([subject.server, inspect(subject.server, { showHidden: true, depth: 10 })], bytes, /structure|PKCS|blob/.test(name)), null, name)
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
