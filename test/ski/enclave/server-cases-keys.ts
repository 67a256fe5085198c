/**
 * What a server's enclave refuses between S1 and the minidriver's key, and which receipts confirm nothing.
 * @module
 */
import * as assert from 'uvu/assert'
import type { ServerCommand } from '../../../src/ski/enclave/commands.js'
import { b64, draw, keyDataBlob } from './card-node.js'
import { ask, confirmation, established, judged, keyed, loading, refused, type Run, type Subject } from './server-support.js'
import { type Case, published, at, nothing, run, begun, claim, importing, flipped } from './server-case.js'

/** A receipt for S1 that is not the card's word about this session, after which nothing is confirmed. */
const notConfirmed = (
  title: string,
  change: (command: Extract<ServerCommand, { type: 'confirmSession' }>, subject: Subject) => object,
  how: Run = {},
): Case => ({
  title,
  run: async (make) => {
    const subject = make()
    const point = await established(subject, how)
    const command = confirmation(point) as Extract<ServerCommand, { type: 'confirmSession' }>
    const before = JSON.stringify(subject.server.describe())
    const answer = await ask(subject, 'c', { ...command, ...change(command, subject) }, 'enclave.sessionConfirmed')
    assert.is(answer.genuine, false)
    assert.is(JSON.stringify(subject.server.describe()), before)
    await refused(subject, 'c', loading(point), 'not_authenticated', 'SKI-250')
    assert.is((await ask(subject, 'c', command, 'enclave.sessionConfirmed')).genuine, true)
  },
})

/** Every case. */
export const KEY_CASES: readonly Case[] = [
  // The card's receipt for S1, and the minidriver's key.
  at(
    'SKI-11 a receipt for a card that was offered nothing',
    {},
    run(judged),
    ({ card }) => ({ type: 'confirmSession', card, blob: null, nonce: null, receipt: 'AA' }),
    'purpose_not_allowed',
    'card',
  ),
  at(
    'SKI-11 a receipt for a key that was made, without that key',
    {},
    run(established),
    (point) => ({ ...confirmation(point), blob: null }),
    'purpose_not_allowed',
    'blob',
  ),
  {
    title: 'SKI-11 a receipt judged with a key that was made for nobody',
    run: async (make) => {
      const subject = make()
      const point = await established(subject)
      const blob = subject.server.deposit('c', keyDataBlob(draw(32)), { kind: 'keyBlob' })
      await refused(subject, 'c', { ...confirmation(point), blob }, 'purpose_not_allowed', 'SKI-11', 'blob')
    },
  },
  notConfirmed('SKI-70 a receipt with another tag', ({ receipt: text }) => ({ receipt: flipped(text, -1) })),
  notConfirmed('SKI-70 a receipt for another container', ({ receipt: text }) => ({ receipt: flipped(text, 6) })),
  notConfirmed('SKI-70 no receipt at all', () => ({ receipt: '' })),
  notConfirmed('SKI-70 a receipt that is no base64url', () => ({ receipt: '*' })),
  notConfirmed('SKI-68 a nonce that is not the one in the evidence', () => ({ nonce: b64(draw(16)) })),
  notConfirmed('SKI-68 a nonce that is not the one of step 15, in the way derived', () => ({ nonce: b64(draw(16)) }), { way: 'derived' }),
  at('SKI-250 the minidriver gets no key that the card has not confirmed', {}, run(established), loading, 'not_authenticated'),
  at('SKI-250 nor one of a shared key', {}, run(established, { way: 'derived' }), loading, 'not_authenticated'),
  at('SKI-133 another type of blob', {}, nothing, importing(keyDataBlob(draw(32)), { blobType: 'OpaqueKeyBlob' }), 'format_invalid', 'blobType'),
  at('SKI-133 an algorithm that nobody knows', {}, nothing, importing(keyDataBlob(draw(32)), { algorithm: 'AES-256' }), 'format_invalid', 'algorithm'),
  at('SKI-81 another magic', {}, nothing, importing(Buffer.concat([Buffer.from('KDBX'), keyDataBlob(draw(32)).subarray(4)])), 'format_invalid'),
  at(
    'SKI-81 another version',
    {},
    nothing,
    importing(Buffer.concat([Buffer.from('KDBM\x02\0\0\0', 'latin1'), keyDataBlob(draw(32)).subarray(8)])),
    'format_invalid',
  ),
  at('SKI-81 a length that does not add up', {}, nothing, importing(keyDataBlob(draw(32)).subarray(0, 43)), 'format_invalid'),
  at('SKI-81 a byte behind the key', {}, nothing, importing(Buffer.concat([keyDataBlob(draw(32)), draw(1)])), 'format_invalid'),
  at('SKI-133 a key of a length that the algorithm does not have', {}, nothing, importing(keyDataBlob(draw(20))), 'format_invalid', 'cbKeyData'),
  at('SKI-133 two keys for three-key 3DES', {}, nothing, importing(keyDataBlob(draw(16)), { algorithm: '3DES' }), 'format_invalid', 'cbKeyData'),
  at(
    'SKI-210 S1 under the name of another algorithm of its length',
    published,
    run(established, { algorithm: 'AES-192' }),
    ({ blob }) => ({ type: 'mdImportSessionKey', blob, blobType: 'KeyDataBlob', algorithm: '3DES' }),
    'purpose_not_allowed',
    'algorithm',
  ),
  at('SKI-220 S1 imported a second time', published, run(keyed), loading, 'purpose_not_allowed', 'blob'),
  at('SKI-7 a shared key loaded a second time', published, run(keyed, { way: 'derived' }), loading, 'purpose_not_allowed', 'card'),
  at(
    'SKI-224 a shared key that no card was offered',
    published,
    run(judged, { way: 'derived' }),
    () => ({ type: 'mdSharedKey', input: null }),
    'property_missing',
    'session',
  ),
  at(
    'SKI-224 a shared key in a session of another way',
    published,
    run(established),
    () => ({ type: 'mdSharedKey', input: null }),
    'property_missing',
    'session',
  ),
  at(
    'SKI-135 another nonce than that of step 15',
    published,
    run(established, { way: 'derived' }),
    () => ({ type: 'mdSharedKey', input: b64(draw(16)) }),
    'format_invalid',
    'input',
  ),
  {
    title: 'SKI-135 no nonce where a key of one session needs it, and none where the shared key is used itself',
    run: async (make) => {
      for (const way of ['derived', 'shared'] as const) {
        const subject = make(published)
        await begun(subject)
        const { card } = await ask(subject, 'c', claim({ way, spki: null }) as ServerCommand, 'enclave.cardJudged')
        await ask(subject, 'c', { type: 'offerSharedKey', card, way, algorithm: 'AES-256', proof: 'none' }, 'enclave.sharedKeyOffered')
        if (way === 'derived') await refused(subject, 'c', { type: 'mdSharedKey', input: null }, 'format_invalid', 'SKI-135', 'input')
        else await ask(subject, 'c', { type: 'mdSharedKey', input: null }, 'enclave.mdKeyReady')
      }
    },
  },
  at(
    'SKI-139 an IV that is longer than a block',
    published,
    run(keyed),
    ({ key }) => ({ type: 'setKeyProperty', key, mode: null, iv: b64(draw(17)) }),
    'property_invalid',
    'iv',
  ),
  at(
    'SKI-139 an IV of AES for 3DES',
    published,
    run(keyed, { algorithm: '3DES' }),
    ({ key }) => ({ type: 'setKeyProperty', key, mode: null, iv: b64(draw(16)) }),
    'property_invalid',
    'iv',
  ),
  at(
    'SKI-139 an IV that is no base64url',
    published,
    run(keyed),
    ({ key }) => ({ type: 'setKeyProperty', key, mode: null, iv: '****' }),
    'property_invalid',
    'iv',
  ),
]
