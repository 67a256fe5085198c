/**
 * Secrets in a server's enclave: wiped when they are used, destroyed or disposed of, never past an ending, and in no answer.
 * @module
 */
import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { findSecret } from '../../enclave/secret-search.js'
import { b64 } from './card-node.js'
import { agentOf } from './authority-support.js'
import { ask, composed, confirmation, established, faultOf, make, say, sealing, type Subject, responding, sealedPin, WAYS } from './server-support.js'

const server = suite("server's enclave: secrets")

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

server.run()
