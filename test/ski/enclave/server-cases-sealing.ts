/**
 * What a server's enclave refuses to put together and to seal, what it does not open, and what it does not take for installed.
 * @module
 */
import * as assert from 'uvu/assert'
import type { ServerCommand } from '../../../src/ski/enclave/commands.js'
import { b64, draw, receipt, unb64 } from './card-node.js'
import { authenticateResponse, changeResponse, nodeCard, pairOf, respondAsCard } from './server-node.js'
import {
  ask,
  composed,
  established,
  K1_CONTAINER,
  K2_TERMS,
  keyed,
  loading,
  refused,
  say,
  sealing,
  type Composed,
  type Run,
  type Subject,
  type Wanted,
} from './server-support.js'
import { type Case, published, at, run, composing, deposited, structure, digest, flipped, depositedKey } from './server-case.js'

/** A receipt for K2 that does not count. */
const notInstalled = (title: string, change: (command: Extract<ServerCommand, { type: 'confirmInstalled' }>, point: Composed) => object): Case => ({
  title,
  run: async (make) => {
    const subject = make()
    const point = await composed(subject)
    await ask(subject, 'c', sealing(point), 'enclave.mdEncrypted')
    const { container } = K2_TERMS
    const good = {
      type: 'confirmInstalled',
      container,
      fingerprint: point.fingerprint,
      receipt: receipt(point.session, 2, container, digest(point.spki)),
    } as const
    assert.is((await ask(subject, 'c', { ...good, ...change(good, point) }, 'enclave.installedConfirmed')).genuine, false)
    assert.is((await ask(subject, 'c', good, 'enclave.installedConfirmed')).genuine, true)
  },
})

/** A run with a PIN function that was sealed. */
async function asked(subject: Subject, name: 'Authenticate' | 'Change Authenticator' = 'Authenticate') {
  const point = await keyed(subject)
  const pin = subject.server.holdPin('c', Buffer.from('123456789012'))
  const target = name === 'Authenticate' ? null : { pinId: 1, pin, tries: 3 }
  const { blob } = await ask(subject, 'c', { type: 'composePin', function: name, flags: target ? 2 : 0, pinId: 1, pin, target }, 'enclave.composed')
  await ask(subject, 'c', { type: 'mdEncrypt', key: point.key, function: name, blob, flags: 1, pieces: 1 }, 'enclave.mdEncrypted')
  return { ...point, name, blob, pin }
}

/** A response that does not open, and the one refusal for it. */
const notOpened = (title: string, wanted: Wanted, response: (point: Awaited<ReturnType<typeof asked>>, subject: Subject) => readonly string[]): Case => ({
  title,
  run: async (make) => {
    const subject = make(wanted)
    const point = await asked(subject)
    const command = { type: 'mdOpenResponse', key: point.key, function: 'Authenticate', blobs: response(point, subject) }
    const before = JSON.stringify(subject.server.describe())
    assert.equal(await say(subject, 'c', command), { type: 'enclave.refused', fault: { code: 'sealed_refused', requirement: 'SKI-72' } })
    assert.is(JSON.stringify(subject.server.describe()), before)
  },
})

const answering = (point: Awaited<ReturnType<typeof asked>>, subject: Subject, bytes: Buffer = authenticateResponse(3), change: object = {}) =>
  respondAsCard(point.session, subject.format, { function: 'Authenticate', pinId: 1, ...change }, bytes)

/** Every case. */
export const SEALING_CASES: readonly Case[] = [
  // Structures, and what is sealed.
  at('SKI-86 a key specification of another curve', published, run(composed), (point) => composing(point, { keySpec: 4 }), 'format_invalid', 'keySpec'),
  at('SKI-86 a key specification of RSA for an EC key', published, run(composed), (point) => composing(point, { keySpec: 1 }), 'format_invalid', 'keySpec'),
  at('SKI-86 no key specification', published, run(composed), (point) => composing(point, { keySpec: 0 }), 'format_invalid', 'keySpec'),
  at(
    'SKI-281 a change without a target',
    published,
    async ({ server }) => server.holdPin('c', Buffer.from('1234')),
    (pin) => ({ type: 'composePin', function: 'Change Authenticator', flags: 2, pinId: 1, pin, target: null }),
    'format_invalid',
    'target',
  ),
  at(
    'SKI-281 an authentication with a target',
    published,
    async ({ server }) => server.holdPin('c', Buffer.from('1234')),
    (pin) => ({ type: 'composePin', function: 'Authenticate', flags: 0, pinId: 1, pin, target: { pinId: 1, pin, tries: 3 } }),
    'format_invalid',
    'target',
  ),
  at(
    'SKI-281 flags that the structure does not have',
    published,
    async ({ server }) => server.holdPin('c', Buffer.from('1234')),
    (pin) => ({ type: 'composePin', function: 'Authenticate', flags: 1, pinId: 1, pin, target: null }),
    'format_invalid',
    'flags',
  ),
  at('SKI-12 nothing is sealed before the IV is set', published, sealable({ mode: 'CBC', iv: null }), (point) => sealing(point), 'property_missing', 'iv'),
  at(
    'SKI-12 nothing is sealed before the mode is set',
    published,
    sealable({ mode: null, iv: b64(draw(16)) }),
    (point) => sealing(point),
    'property_missing',
    'mode',
  ),
  at('SKI-134 flags that MDEncryptData does not have', published, run(composed), (point) => ({ ...sealing(point), flags: 2 }), 'format_invalid', 'flags'),
  at(
    'SKI-134 no block padding for a structure that is not whole blocks',
    published,
    run(composed, { k2: 'rsa-2048' } as Run),
    (point) => ({ ...sealing(point), flags: 0 }),
    'format_invalid',
    'flags',
  ),
  at('SKI-61 more blobs than blocks', published, run(composed), (point) => ({ ...sealing(point), pieces: 10 }), 'format_invalid', 'pieces'),
  at(
    'SKI-134 a structure under the name of another function',
    published,
    run(composed),
    (point) => sealing(point, 'Authenticate'),
    'purpose_not_allowed',
    'function',
  ),
  at('SKI-101 a structure of a lower version', published, run(keyed), deposited(structure(6)), 'version_too_low'),
  at('SKI-101 a structure of version 0, which counts as 1', published, run(keyed), deposited(structure(0)), 'version_too_low'),
  at('SKI-101 a structure of a higher version', published, run(keyed), deposited(structure(8)), 'format_invalid'),
  at('SKI-86 a structure whose length does not add up', published, run(keyed), deposited(structure().subarray(0, -1)), 'format_invalid'),
  at('SKI-65 the bound format under a key that no session is known of', {}, depositedKey, deposited(structure()), 'property_missing', 'session'),
  at('SKI-220 a structure sealed a second time', published, sealedOnce, (point) => sealing(point), 'purpose_not_allowed', 'blob'),
  at('SKI-69 a second message under one key of the bound format', {}, run(sealedAgain), (point) => sealing(point), 'purpose_not_allowed', 'key'),
  at('SKI-221 a second message under one IV', published, run(sealedAgain), (point) => sealing(point), 'iv_used', 'iv'),
  {
    title: 'SKI-221 an IV that the shared key was used with is used up in every session',
    run: async (make) => {
      const subject = make(published)
      const card = nodeCard()
      const first = await composed(subject, { way: 'shared', card })
      await ask(subject, 'c', sealing(first), 'enclave.mdEncrypted')
      const second = await composed(subject, { way: 'shared', card, conversation: 'd' })
      await ask(subject, 'd', { type: 'setKeyProperty', key: second.key, mode: null, iv: first.iv }, 'enclave.propertySet')
      await refused(subject, 'd', sealing(second), 'iv_used', 'SKI-221')
      await ask(subject, 'd', { type: 'setKeyProperty', key: second.key, mode: null, iv: second.iv }, 'enclave.propertySet')
      await ask(subject, 'd', sealing(second), 'enclave.mdEncrypted')
    },
  },
  {
    title: 'SKI-224 what was made here is sealed under the key of the card that was judged and no other',
    run: async (make) => {
      const subject = make(published)
      const point = await composed(subject)
      const { key } = await depositedKey(subject)
      await refused(subject, 'c', { ...sealing(point), key }, 'purpose_not_allowed', 'SKI-224', 'key')
      await ask(subject, 'c', { type: 'destroyKey', key: point.card }, 'enclave.destroyed')
      await refused(subject, 'c', sealing(point), 'purpose_not_allowed', 'SKI-224', 'key')
    },
  },
  at(
    'SKI-260 K2 is sealed before it was enciphered for the archive',
    { policy: { sealedData: 'published', archive: 'first' } },
    run(composed),
    (point) => sealing(point),
    'property_missing',
    'archive',
  ),

  // What comes back.
  at(
    'SKI-140 a response to an import, which has none',
    published,
    run(keyed),
    ({ key }) => ({ type: 'mdOpenResponse', key, function: 'Import Key Pair', blobs: ['AA'] }),
    'algorithm_not_supported',
    'function',
  ),
  at(
    'SKI-74 a response to a function that was not asked for',
    {},
    asked,
    ({ key }) => ({ type: 'mdOpenResponse', key, function: 'Change Authenticator', blobs: ['AA'] }),
    'purpose_not_allowed',
    'key',
  ),
  {
    title: 'SKI-74 a second response',
    run: async (make) => {
      const subject = make()
      const point = await asked(subject)
      const command = { type: 'mdOpenResponse', key: point.key, function: 'Authenticate', blobs: [answering(point, subject)] } as const
      await ask(subject, 'c', command, 'enclave.responseOpened')
      await refused(subject, 'c', command, 'purpose_not_allowed', 'SKI-74', 'key')
    },
  },
  ...[published, {}].flatMap((wanted) => [
    notOpened(`SKI-72 a response with its last byte changed, ${wanted === published ? 'published' : 'bound'}`, wanted, (point, subject) => [
      flipped(answering(point, subject), -1),
    ]),
    notOpened(`SKI-72 a response whose structure is none, ${wanted === published ? 'published' : 'bound'}`, wanted, (point, subject) => [
      answering(point, subject, changeResponse(3)),
    ]),
    notOpened(`SKI-72 no blob, ${wanted === published ? 'published' : 'bound'}`, wanted, () => []),
    notOpened(`SKI-72 two blobs, ${wanted === published ? 'published' : 'bound'}`, wanted, (point, subject) => [
      answering(point, subject),
      answering(point, subject),
    ]),
    notOpened(`SKI-72 no base64url, ${wanted === published ? 'published' : 'bound'}`, wanted, () => ['*']),
    notOpened(`SKI-72 nothing in the blob, ${wanted === published ? 'published' : 'bound'}`, wanted, () => ['']),
  ]),
  notOpened('SKI-74 a response in the direction of a request', {}, (point, subject) => [answering(point, subject, authenticateResponse(3), { direction: 1 })]),
  notOpened('SKI-73 a response about another PIN', {}, (point, subject) => [answering(point, subject, authenticateResponse(3), { pinId: 2 })]),
  notOpened('SKI-73 a response to another function', {}, (point, subject) => [
    answering(point, subject, authenticateResponse(3), { function: 'Change Authenticator' }),
  ]),
  at(
    'SKI-250 a receipt for K2 where the minidriver has no key',
    {},
    run(established),
    () => ({ type: 'confirmInstalled', container: 7, fingerprint: '', receipt: '' }),
    'property_missing',
    'session',
  ),
  notInstalled('SKI-71 a receipt with another tag', ({ receipt: text }) => ({ receipt: flipped(text, -1) })),
  notInstalled('SKI-71 a receipt for another container', (_, { session, spki }) => ({ container: 8, receipt: receipt(session, 2, 8, digest(spki)) })),
  notInstalled('SKI-71 a receipt for another key', (_, { session }) => {
    const other = digest(pairOf('ec-P-256', 9).spki)
    return { fingerprint: `spki-sha256:${other.toString('hex')}`, receipt: receipt(session, 2, K2_TERMS.container, other) }
  }),
  notInstalled('SKI-71 the receipt for S1 in place of that for K2', (_, { session }) => ({ receipt: receipt(session, 1, K1_CONTAINER) })),
  notInstalled('SKI-71 a fingerprint that is none', () => ({ fingerprint: 'spki-sha256:' })),
  notInstalled('SKI-71 a receipt that is no base64url', () => ({ receipt: '*' })),

  // Documents.
  at(
    'SKI-263 a request where nobody builds one',
    { ...published, change: { pki: undefined as never } },
    run(composed),
    ({ k2 }) => ({ type: 'requestCertificate', key: k2, subject: 'CN=a' }),
    'algorithm_not_supported',
    'pki',
  ),
  at(
    'SKI-263 an archive where nobody builds one',
    { ...published, change: { pki: undefined as never } },
    run(composed),
    ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: ['AA'] }),
    'algorithm_not_supported',
    'pki',
  ),
  at(
    'SKI-263 a name that is none',
    published,
    run(composed),
    ({ k2 }) => ({ type: 'requestCertificate', key: k2, subject: '=,=' }),
    'certificate_request_invalid',
    'subject',
  ),
  at('SKI-265 an archive for nobody', published, run(composed), ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: [] }), 'format_invalid', 'agents'),
  at(
    'SKI-265 a recovery agent that is no certificate',
    published,
    run(composed),
    ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: ['AAAA'] }),
    'format_invalid',
    'agents[0]',
  ),
  at(
    'SKI-265 a recovery agent that is no base64url',
    published,
    run(composed),
    ({ k2 }) => ({ type: 'envelopeKey', key: k2, agents: ['*'] }),
    'format_invalid',
    'agents[0]',
  ),
]

/** A run whose key has these properties only. */
function sealable({ mode, iv }: { readonly mode: 'CBC' | null; readonly iv: string | null }) {
  return async (subject: Subject): Promise<Composed> => {
    const at = await established(subject)
    const { key } = await ask(subject, 'c', loading(at), 'enclave.mdKeyReady')
    await ask(subject, 'c', { type: 'setKeyProperty', key, mode, iv }, 'enclave.propertySet')
    const made = await ask(subject, 'c', { type: 'makeKeyPair', kind: 'ec-P-256' }, 'enclave.keyPairMade')
    const { blob } = await ask(subject, 'c', { type: 'composeKeyPair', key: made.key, ...K2_TERMS, keySpec: 3 }, 'enclave.composed')
    return { ...at, key, iv: '', k2: made.key, spki: unb64(made.spki), fingerprint: made.fingerprint, structure: blob }
  }
}

/** A run in which K2 was sealed, with a new IV set. */
async function sealedOnce(subject: Subject): Promise<Composed> {
  const point = await composed(subject)
  await ask(subject, 'c', sealing(point), 'enclave.mdEncrypted')
  const { iv } = await ask(subject, 'c', { type: 'drawIv', algorithm: 'AES-256' }, 'enclave.ivDrawn')
  await ask(subject, 'c', { type: 'setKeyProperty', key: point.key, mode: null, iv }, 'enclave.propertySet')
  return point
}

/** A run in which K2 was sealed, and lies in a second structure. */
async function sealedAgain(subject: Subject): Promise<Composed> {
  const point = await composed(subject)
  await ask(subject, 'c', sealing(point), 'enclave.mdEncrypted')
  const { blob } = await ask(subject, 'c', composing(point) as ServerCommand, 'enclave.composed')
  return { ...point, structure: blob }
}
