/**
 * The contract of cards, part five: establishments that are not taken, because of their proof, of what they are for, or of
 * their form; and points that are none.
 * @module
 */
import * as assert from 'uvu/assert'
import type { CardCommand, SkiFault } from '../../../src/ski/enclave/commands.js'
import {
  OTHER_SERVER,
  ask,
  codeOf,
  establish,
  establishing,
  nonceFrom,
  privateKey,
  refusedWithoutTrace,
  say,
  withK1,
  type Case,
  type Subject,
  type Wanted,
} from './card-case.js'
import { agreeWith, b64, draw, establishment, keyDataBlob, newSession, unb64, wrapFor, type Prover, type Session, type Terms } from './card-node.js'
import { DERIVE, IMPORT, PUBLISHED, simply } from './card-contract-refusals.js'

/** An establishment that is right but for one thing, properly proven. */
const otherwise = (
  member: string,
  change: (good: { session: Session; terms: Terms }, subject: Subject) => { session?: Partial<Session>; terms?: Partial<Terms> },
): Case => ({
  title: `SKI-54 an establishment with another ${member} is refused, and the nonce is spent`,
  run: async (make) => {
    const subject = make()
    const spki = await withK1(subject, { container: 0 })
    await withK1(subject, { container: 1 })
    const session = newSession(subject.cardId, await nonceFrom(subject))
    const terms: Terms = { way: 'session', padding: 'oaep-sha256', container: 0, material: wrapFor(spki, keyDataBlob(session.s1), 'oaep-sha256') }
    const changed = change({ session, terms }, subject)
    const input = b64(establishment({ ...session, ...changed.session }, { ...terms, ...changed.terms }, subject.prover))
    const answer = await say(subject, { ...IMPORT, padding: 'oaep-sha256', proven: true, input })
    assert.equal(answer, { type: 'enclave.refused', fault: { code: 'proof_refused', at: member, requirement: member === 'cardNonce' ? 'SKI-68' : 'SKI-54' } })
    assert.is(subject.card.describe().nonces.length, member === 'cardNonce' ? 1 : 0)
    assert.equal(subject.card.describe().keys, [])
  },
})

const badProof = (
  title: string,
  wanted: Wanted,
  forge: (good: Buffer, subject: Subject, session: Session, terms: Terms) => Buffer,
  code: SkiFault['code'] = 'proof_refused',
): Case => ({
  title,
  run: async (make) => {
    const subject = make(wanted)
    const { command, session } = await establishing(subject, { way: 'derived' })
    const { input } = command as Extract<CardCommand, { type: 'shareKey' }>
    const terms: Terms = { way: 'derived', padding: null, container: null, material: Buffer.alloc(0) }
    await refusedWithoutTrace(subject, { ...command, input: b64(forge(unb64(input!), subject, session, terms)) }, code)
    await ask(subject, command, 'enclave.sessionKeyReady')
  },
})

const flipped = (bytes: Buffer, at: number): Buffer => Buffer.from(bytes.map((byte, index) => (index === (at < 0 ? bytes.length + at : at) ? byte ^ 1 : byte)))

/** See the module text. */
export const ESTABLISHING: readonly Case[] = [
  otherwise('way', ({ session }, { cardId: _ }) => ({ terms: { way: 'derived', padding: null, container: null, material: Buffer.alloc(0) }, session })),
  otherwise('algorithm', ({ session }) => ({ session: { ...session, algorithm: 'AES-128' } })),
  otherwise('padding', () => ({ terms: { padding: 'pkcs1' } })),
  otherwise('container', () => ({ terms: { container: 1 } })),
  otherwise('cardId', () => ({ session: { cardId: draw(16) } })),
  otherwise('cardNonce', () => ({ session: { cardNonce: draw(16) } })),
  {
    title: 'SKI-54 an establishment for another point is refused',
    run: async (make) => {
      const subject = make()
      const { command, session } = await establishing(subject, { way: 'agreement' })
      const other = establishment(session, { way: 'agreement', padding: null, container: 0, material: draw(64) }, subject.prover)
      assert.is(codeOf(await say(subject, { ...command, input: b64(other) })), 'proof_refused')
      assert.is(codeOf(await say(subject, command)), 'proof_refused', 'SKI-68: its nonce is spent')
    },
  },
  {
    title: 'SKI-68 an establishment counts once, and an older nonce not at all',
    run: async (make) => {
      const subject = make()
      const { command } = await establish(subject)
      await refusedWithoutTrace(subject, command, 'proof_refused')
      const later = await establishing(subject)
      await nonceFrom(subject)
      await refusedWithoutTrace(subject, later.command, 'proof_refused')
    },
  },
  {
    title: 'SKI-248 a nonce belongs to its channel',
    run: async (make) => {
      const subject = make()
      const { command } = await establishing(subject, { way: 'derived', channel: 1 })
      await refusedWithoutTrace(subject, { ...command, channel: 2 }, 'proof_refused')
      await ask(subject, command, 'enclave.sessionKeyReady')
    },
  },
  {
    title: 'SKI-70 a derivation that brings no establishment has no receipt',
    run: async (make) => {
      const subject = make({ policy: { serverProof: 'none' } })
      const { receipt } = await ask(subject, { ...DERIVE, channel: 0 }, 'enclave.sessionKeyReady')
      assert.is(receipt, null)
    },
  },
  badProof('SKI-51 an establishment that somebody else signed', {}, (_good, _subject, session, terms) =>
    establishment(session, terms, { kind: 'signature', key: privateKey(OTHER_SERVER) }),
  ),
  badProof('SKI-51 an establishment proven by nothing', {}, (_good, _subject, session, terms) => establishment(session, terms, { kind: 'none' })),
  badProof('SKI-51 an establishment proven in another way than the policy says', {}, (_good, { shared }, session, terms) =>
    establishment(session, terms, { kind: 'sharedKey', key: shared }),
  ),
  badProof('SKI-52 an establishment under the shared key of another card', { policy: { serverProof: 'sharedKey' } }, (_good, _subject, session, terms) =>
    establishment(session, terms, { kind: 'sharedKey', key: draw(32) }),
  ),
  badProof(
    'SKI-53 where no proof is wanted, a signed establishment is another message',
    { policy: { serverProof: 'none' } },
    (_good, _subject, session, terms) => establishment(session, terms, { kind: 'signature', key: privateKey(OTHER_SERVER) } satisfies Prover),
  ),
  badProof('SKI-75 an establishment of another version', { policy: { serverProof: 'none' } }, (good) => flipped(good, 4), 'format_invalid'),
  badProof('SKI-102 an establishment cut short', { policy: { serverProof: 'none' } }, (good) => good.subarray(0, -1), 'format_invalid'),
  ...[0, 4, 5, 6, 9, 12, 28, 44, 60, 76, 80, -1].map((at) => badProof(`SKI-51 an establishment with byte ${at} changed`, {}, (good) => flipped(good, at))),
  ...(
    [
      ['SKI-102 an input that is no base64url', { ...DERIVE, input: 'A' }],
      ['SKI-102 a derivation input of another length', { ...DERIVE, input: b64(Buffer.alloc(33)) }],
      ['SKI-102 a derivation without an input', { ...DERIVE, input: null }],
      ['SKI-102 an input for the shared key itself', { ...DERIVE, way: 'shared' }],
    ] as const
  ).map(([title, command]) => simply(title, command, 'format_invalid', PUBLISHED)),
  {
    title: 'SKI-102 a wrapped key of another length than the modulus',
    run: async (make) => {
      const subject = make(PUBLISHED)
      await withK1(subject)
      await nonceFrom(subject)
      for (const length of [0, 255, 257, 512]) await refusedWithoutTrace(subject, { ...IMPORT, input: b64(Buffer.alloc(length, 1)) }, 'format_invalid')
      const hardened = make()
      await withK1(hardened)
      const session = newSession(hardened.cardId, await nonceFrom(hardened))
      const terms = { way: 'session', padding: 'pkcs1', container: 0, material: Buffer.alloc(384, 1) } as const
      const input = b64(establishment(session, terms, hardened.prover))
      assert.is(codeOf(await say(hardened, { ...IMPORT, proven: true, input })), 'format_invalid')
    },
  },
  ...(
    [
      ['another curve', (_own, other) => other],
      ['a point that is not on the curve', (own) => flipped(own, -1)],
      ['a private key', (own) => Buffer.concat([Buffer.from('ECK2'), own.subarray(4), Buffer.alloc(32, 1)])],
      ['the magic of ECDSA', (own) => Buffer.concat([Buffer.from('ECS1'), own.subarray(4)])],
      ['a blob cut short', (own) => own.subarray(0, -1)],
      ['nothing', () => Buffer.alloc(0)],
    ] as readonly (readonly [string, (own: Buffer, other: Buffer) => Buffer])[]
  ).map(([what, change]): Case => ({
    title: `SKI-100 agree: ${what} in place of a point`,
    run: async (make) => {
      const subject = make()
      const own = await withK1(subject, { kind: 'ec-P-256' })
      const other = await withK1(subject, { container: 1, kind: 'ec-P-384' })
      const session = newSession(subject.cardId, Buffer.alloc(16))
      const [peer, foreign] = [own, other].map((spki) => unb64(agreeWith(spki, session).peer)) as [Buffer, Buffer]
      await refusedWithoutTrace(subject, { type: 'agree', channel: 0, container: 0, peer: b64(change(peer, foreign)) }, 'format_invalid')
    },
  })),
]
