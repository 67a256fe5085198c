/**
 * A server's enclave under work that is not finished: endings that overtake it, and accidents inside.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import type { ServerCommand } from '../../../src/ski/enclave/commands.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { stocked } from '../../enclave/support.js'
import { b64 } from './card-node.js'
import { agentOf } from './authority-support.js'
import {
  ask,
  composed,
  confirmation,
  established,
  faultOf,
  judged,
  K1_CONTAINER,
  make,
  say,
  sealing,
  type Subject,
  installing,
  responding,
  sealedPin,
} from './server-support.js'

const server = suite("server's enclave: endings and accidents")

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

server.run()
