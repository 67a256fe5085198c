/**
 * The contract of cards, part three: what is found out by opening something. It is one refusal, whatever the cause; only a
 * PIN has words of its own, and those behind a MAC.
 * @module
 */
import type * as native from 'node:crypto'
import * as assert from 'uvu/assert'
import type { SkiKeyKind, WrapPadding } from '../../../src/ski/enclave/commands.js'
import { PINS, ask, establish, nonceFrom, pairOf, refusedWithoutTrace, say, sealedRefused, withK1, type Case, type Subject, type Wanted } from './card-case.js'
import { text, triesOf, wrongPin } from './card-contract-flow.js'
import {
  authenticateStructure,
  b64,
  changeStructure,
  draw,
  establishment,
  keyDataBlob,
  newSession,
  receipt,
  unb64,
  wrapFor,
  type Session,
} from './card-node.js'
import { bringing, installing, type Sealing } from './card-sealing.js'

const BOUND: Wanted = {}
const PUBLISHED: Wanted = { profile: 'published' }
const formatOf = (wanted: Wanted) => (wanted === BOUND ? 'bound' : 'published')

/** A sealed key pair with one thing wrong is refused, and the container stays empty; in the bound format the key is used up. */
const refusesKey = (title: string, wanted: Wanted, sealing: Sealing, change: (blobs: readonly string[]) => readonly string[] = (blobs) => blobs): Case => ({
  title,
  run: async (make) => {
    const subject = make(wanted)
    const established = await establish(subject, { way: 'derived' })
    const command = await installing(subject, established, sealing)
    await sealedRefused(subject, { ...command, blobs: change(command.blobs) })
    assert.equal(subject.card.describe().containers, [])
    const good = await installing(subject, established)
    if (wanted === BOUND) await sealedRefused(subject, good)
    else await ask(subject, good, 'enclave.processed')
  },
})

const inBoth = (title: string, sealing: Sealing): Case[] => [
  refusesKey(`${title}, bound`, BOUND, sealing),
  refusesKey(`${title}, published`, PUBLISHED, sealing),
]

const flip = (blob: string, at: number): string => {
  const bytes = unb64(blob)
  bytes[at < 0 ? bytes.length + at : at]! ^= 1
  return b64(bytes)
}

/** A number of a key, off by one. */
const next = (kind: SkiKeyKind, member: 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi' | 'x' | 'y', by = 2): native.JsonWebKey => {
  const bytes = unb64(pairOf(kind).jwk[member] as string)
  bytes[bytes.length - 1]! ^= by
  return { [member]: b64(bytes) }
}

const wrongNumber = (kind: SkiKeyKind, change: native.JsonWebKey): Sealing => {
  const pair = pairOf(kind)
  return { kind, pair: { ...pair, jwk: { ...pair.jwk, ...change } } }
}

/** A PIN function on a card. */
const pinCase = (
  title: string,
  wanted: Wanted,
  name: 'Authenticate' | 'Change Authenticator',
  pinId: number,
  structure: Buffer,
  expected: unknown,
  triesAfter: readonly [user: number, admin: number],
): Case => ({
  title: `${title}, ${formatOf(wanted)}`,
  run: async (make) => {
    const subject = make(wanted)
    const command = await bringing(subject, await establish(subject, { way: 'derived' }), name, pinId, structure)
    assert.equal(await say(subject, command), expected)
    const state = subject.card.describe()
    assert.equal([triesOf(state, 1), triesOf(state, 2), state.authenticated, state.sessionPins], [...triesAfter, [], []])
    const typed = await say(subject, { type: 'verifyPin', channel: 0, pinId: 2, pin: { typed: b64(PINS.admin.value) } })
    assert.is(typed?.type, 'enclave.pinVerified')
  },
})

const SEALED = { type: 'enclave.refused', fault: { code: 'sealed_refused', requirement: 'SKI-72' } }
const NEW = text('b8#Tn5wQe2Lk')
const USER = PINS.user.value

/** Something that does not open under PKCS #1 v1.5. */
const unopenable: readonly (readonly [title: string, wrapped: (spki: Buffer, session: Session) => Buffer])[] = [
  ['random bytes', () => Buffer.concat([Buffer.alloc(1), draw(255)])],
  ['a number above the modulus', () => Buffer.alloc(256, 0xff)],
  ['zero', () => Buffer.alloc(256)],
  ['another padding', (spki, { s1 }) => wrapFor(spki, keyDataBlob(s1), 'oaep-sha1')],
  ['the bare key', (spki, { s1 }) => wrapFor(spki, s1, 'pkcs1')],
  ['a key blob with another magic', (spki, { s1 }) => wrapFor(spki, Buffer.concat([Buffer.from('KDBN'), keyDataBlob(s1).subarray(4)]), 'pkcs1')],
  [
    'a key blob of another version',
    (spki, { s1 }) => wrapFor(spki, Buffer.concat([keyDataBlob(s1).subarray(0, 4), Buffer.from([2]), keyDataBlob(s1).subarray(5)]), 'pkcs1'),
  ],
  ['a key of another algorithm', (spki, { s1 }) => wrapFor(spki, keyDataBlob(s1.subarray(16)), 'pkcs1')],
  ['a key blob with a byte more', (spki, { s1 }) => wrapFor(spki, Buffer.concat([keyDataBlob(s1), Buffer.alloc(1)]), 'pkcs1')],
  ['a key blob that is longer than it says', (spki, { s1 }) => wrapFor(spki, Buffer.concat([keyDataBlob(s1.subarray(1)), Buffer.alloc(1)]), 'pkcs1')],
]

async function wrappedWrongly(
  subject: Subject,
  padding: WrapPadding,
  wrapped: (spki: Buffer, session: Session) => Buffer,
): Promise<{ readonly command: object; readonly session: Session }> {
  const spki = await withK1(subject)
  const session = newSession(subject.cardId, subject.format === 'bound' ? await nonceFrom(subject) : Buffer.alloc(16))
  const material = wrapped(spki, session)
  const proven = subject.format === 'bound'
  const input = b64(proven ? establishment(session, { way: 'session', padding, container: 0, material }, subject.prover) : material)
  return { command: { type: 'importSessionKey', channel: 0, container: 0, algorithm: 'AES-256', padding, proven, input }, session }
}

/** See the module text. */
export const SEALED_CASES: readonly Case[] = [
  // Unwrapping.
  ...[BOUND, PUBLISHED].flatMap((wanted) =>
    unopenable.map(([what, wrapped]): Case => ({
      title: `SKI-215 ${what} in place of a wrapped key: nothing shows, and nothing opens, ${formatOf(wanted)}`,
      run: async (make) => {
        const subject = make(wanted)
        const { command, session } = await wrappedWrongly(subject, 'pkcs1', wrapped)
        const answer = await say(subject, command)
        if (answer?.type !== 'enclave.sessionKeyReady') return assert.unreachable(JSON.stringify(answer))
        assert.is(answer.receipt?.length ?? 0, wanted === BOUND ? receipt(session, 1, 0).length : 0)
        assert.is.not(answer.receipt, receipt(session, 1, 0))
        const sealing = await installing(subject, { ...answer, session, command: command as never })
        await sealedRefused(subject, sealing)
      },
    })),
  ),
  ...[BOUND, PUBLISHED].flatMap((wanted) =>
    (
      [
        ['random bytes', () => Buffer.concat([Buffer.alloc(1), draw(255)])],
        ['a number above the modulus', () => Buffer.alloc(256, 0xff)],
        ['another hash', (spki, { s1 }) => wrapFor(spki, keyDataBlob(s1), 'oaep-sha384')],
        ['the bare key', (spki, { s1 }) => wrapFor(spki, s1, 'oaep-sha256')],
        [
          'a key blob of another version',
          (spki, { s1 }) => wrapFor(spki, Buffer.concat([keyDataBlob(s1).subarray(0, 4), Buffer.from([2]), keyDataBlob(s1).subarray(5)]), 'oaep-sha256'),
        ],
        ['a key of another algorithm', (spki, { s1 }) => wrapFor(spki, keyDataBlob(s1.subarray(16)), 'oaep-sha256')],
      ] as readonly (readonly [string, (spki: Buffer, session: Session) => Buffer])[]
    ).map(([what, wrapped]): Case => ({
      title: `SKI-29 OAEP: ${what} in place of a wrapped key is the one refusal, ${formatOf(wanted)}`,
      run: async (make) => {
        const subject = make(wanted)
        const { command } = await wrappedWrongly(subject, 'oaep-sha256', wrapped)
        await sealedRefused(subject, command)
        assert.equal([subject.card.describe().keys, subject.card.describe().nonces], [[], []])
      },
    })),
  ),

  ...[BOUND, PUBLISHED].map((wanted): Case => ({
    title: `SKI-72 one answer from the first length to the last check, ${formatOf(wanted)}`,
    run: async (make) => {
      const subject = make(wanted)
      const session = () => establish(subject, { way: 'derived' })
      const change = async (...structure: Parameters<typeof changeStructure>) =>
        bringing(subject, await session(), 'Change Authenticator', structure[3], changeStructure(...structure))
      const whole = await installing(subject, await session())
      const commands = [
        { ...whole, blobs: [b64(draw(7))] },
        { ...(await installing(subject, await session())), blobs: [b64(draw(256))] },
        await installing(subject, await session(), { version: 6 }),
        await installing(subject, await session(), { says: { container: 6 } }),
        await installing(subject, await session(), wrongNumber('rsa-2048', next('rsa-2048', 'dp'))),
        await installing(subject, await session(), { pinId: 6 }),
        await change(2, 4, USER, 4, NEW, 0),
        await change(2, 2, PINS.admin.value, 1, NEW, 0),
        await change(2, 3, PINS.pad.value, 3, NEW, 0),
      ]
      for (const command of commands) assert.equal(await say(subject, command), SEALED)
    },
  })),

  // The envelope of the bound format.
  ...[0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 20, 24, 28, 30, 32, 48, 64, 80, 84, -33, -32, -1].map((at) =>
    refusesKey(`SKI-66 byte ${at} of sealed data changed`, BOUND, {}, ([blob]) => [flip(blob!, at)]),
  ),
  refusesKey('SKI-66 sealed data cut short', BOUND, {}, ([blob]) => [b64(unb64(blob!).subarray(0, -1))]),
  refusesKey('SKI-66 sealed data with a byte more', BOUND, {}, ([blob]) => [b64(Buffer.concat([unb64(blob!), Buffer.alloc(1)]))]),
  refusesKey('SKI-66 nothing but a header', BOUND, {}, ([blob]) => [b64(unb64(blob!).subarray(0, 84))]),
  refusesKey('SKI-66 blobs in another order', BOUND, { pieces: 3 }, ([a, b, c]) => [b!, a!, c!]),
  refusesKey('SKI-66 a blob that is missing', BOUND, { pieces: 3 }, ([a, , c]) => [a!, c!]),
  refusesKey('SKI-66 a blob that is there twice', BOUND, { pieces: 3 }, ([a, b, c]) => [a!, b!, b!, c!]),
  refusesKey('SKI-66 published data where bound is wanted', BOUND, {}, ([blob]) => [b64(unb64(blob!).subarray(84, -32))]),
  refusesKey('SKI-74 what goes in the other direction', BOUND, { terms: { direction: 2 } }),
  refusesKey('SKI-73 sealed for another container', BOUND, { terms: { container: 6 }, says: { container: 6 } }),
  refusesKey('SKI-73 sealed for another function', BOUND, { terms: { function: 'Authenticate' } }),
  refusesKey('SKI-73 sealed with other flags', BOUND, { terms: { flags: 0 } }),
  refusesKey('SKI-73 sealed for another session', BOUND, { header: { session: draw(16) } }),
  refusesKey('SKI-73 sealed for another card', BOUND, { header: { cardId: draw(16) } }),
  refusesKey('SKI-73 sealed under another IV than was set', BOUND, { header: { iv: draw(16) } }),
  refusesKey('SKI-73 sealed in another mode', BOUND, { header: { mode: 2 } }),
  refusesKey('SKI-73 another number of blobs', BOUND, { header: { blobCount: 2 } }),
  refusesKey('SKI-73 the structure has another container than the header', BOUND, { says: { container: 6 } }),
  refusesKey('SKI-73 the structure has another PIN than the header', BOUND, { says: { pinId: 1 } }),
  refusesKey('SKI-73 the structure has another key spec than the header', BOUND, { says: { keySpec: 3 } }),
  refusesKey('SKI-73 the structure has another size than the header', BOUND, { says: { keySize: 384 } }),
  {
    title: 'SKI-73 sealed data of one session does not open in the next one of the same card',
    run: async (make) => {
      const subject = make()
      const first = await establish(subject)
      const recorded = await installing(subject, first)
      const second = await establish(subject)
      const command = await installing(subject, second)
      await sealedRefused(subject, { ...command, blobs: recorded.blobs })
    },
  },

  // The structure, and the key in it.
  refusesKey('SKI-60 a padding that is none', PUBLISHED, {}, ([blob]) => [flip(blob!, -17)]),
  refusesKey('SKI-60 no whole blocks', PUBLISHED, {}, ([blob]) => [b64(unb64(blob!).subarray(0, -1))]),
  refusesKey('SKI-214 another container than the one that was prepared, published', PUBLISHED, { says: { container: 6 } }),
  ...inBoth('SKI-214 a PIN that the card does not have', { pinId: 6 }),
  ...inBoth('SKI-101 a structure of version 6', { version: 6 }),
  ...inBoth('SKI-102 a structure with a byte more', { structure: (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]) }),
  ...inBoth('SKI-102 a structure cut short', { structure: (bytes) => bytes.subarray(0, -1) }),
  ...inBoth('SKI-80 a reserved byte that is not zero', { structure: (bytes) => Buffer.concat([bytes.subarray(0, 5), Buffer.from([1]), bytes.subarray(6)]) }),
  ...inBoth('SKI-86 a key spec that is none', { says: { keySpec: 9 }, terms: { keySpec: 9 } }),
  ...inBoth('SKI-86 the key spec of another family', { says: { keySpec: 1 }, terms: { keySpec: 1 } }),
  ...inBoth('SKI-86 the key spec of another curve', { says: { keySpec: 7 }, terms: { keySpec: 7 } }),
  ...inBoth('SKI-86 the key spec of the other use', { says: { keySpec: 3 }, terms: { keySpec: 3 } }),
  ...inBoth('SKI-86 another size than the key has', { kind: 'rsa-2048', says: { keySize: 3072 }, terms: { keySize: 3072 } }),
  ...inBoth('SKI-85 a public key blob', { kind: 'rsa-2048', blob: (bytes) => Buffer.concat([Buffer.from([6]), bytes.subarray(1)]) }),
  ...inBoth('SKI-83 a key blob with another magic', { blob: (bytes) => Buffer.concat([Buffer.from('ECK1'), bytes.subarray(4)]) }),
  ...(['n', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).flatMap((member) =>
    inBoth(`SKI-214 an RSA key with another ${member}`, wrongNumber('rsa-2048', next('rsa-2048', member))),
  ),
  ...inBoth('SKI-214 an RSA key with an even exponent', wrongNumber('rsa-2048', next('rsa-2048', 'e', 1))),
  ...inBoth('SKI-214 an RSA key with exponent 1', wrongNumber('rsa-2048', { e: 'AQ' })),
  ...(['x', 'y', 'd'] as const).flatMap((member) => inBoth(`SKI-214 an EC key with another ${member}`, wrongNumber('ec-P-256', next('ec-P-256', member)))),
  ...inBoth('SKI-214 an EC key with d = 0', wrongNumber('ec-P-256', { d: b64(Buffer.alloc(32)) })),
  ...inBoth('SKI-214 an EC key with d above the order', wrongNumber('ec-P-256', { d: b64(Buffer.alloc(32, 0xff)) })),
  {
    title: 'SKI-213 a container is overwritten only where the sealed data says so, bound',
    run: async (make) => {
      for (const container of [0, 5]) {
        const subject = make()
        await ask(subject, await installing(subject, await establish(subject), { pair: pairOf('ec-P-256', 71) }), 'enclave.processed')
        const before = subject.card.describe().containers.find((one) => one.container === 5)
        await sealedRefused(subject, await installing(subject, await establish(subject), { container }))
        assert.equal(
          subject.card.describe().containers.find((one) => one.container === 5),
          before,
        )
        assert.is(subject.card.describe().containers.find((one) => one.container === 0)!.purpose, 'session')
      }
    },
  },
  {
    title: 'SKI-69 an import uses the key up',
    run: async (make) => {
      const subject = make()
      const established = await establish(subject)
      await ask(subject, await installing(subject, established), 'enclave.processed')
      await sealedRefused(subject, await installing(subject, established, { container: 6 }))
      await sealedRefused(subject, await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, USER)))
      assert.is(triesOf(subject.card.describe(), 1), 3)
    },
  },
  {
    title: 'SKI-251 in the published format a key opens again',
    run: async (make) => {
      const subject = make(PUBLISHED)
      const established = await establish(subject)
      for (const container of [5, 6]) await ask(subject, await installing(subject, established, { container }), 'enclave.processed')
    },
  },
  {
    title: 'SKI-217 a card that wants the PIN for a write says so behind the MAC, and beforehand where it is public',
    run: async (make) => {
      const options = { writeNeedsPin: true }
      const bound = make({ options })
      const first = await say(bound, await installing(bound, await establish(bound), { pinId: 1 }))
      assert.equal(first, { type: 'enclave.refused', fault: { code: 'not_authenticated', at: 'container', wanted: 'PIN 1', requirement: 'SKI-217' } })
      const published = make({ ...PUBLISHED, options })
      await sealedRefused(published, await installing(published, await establish(published), { pinId: 1 }))
      for (const subject of [bound, published]) {
        await ask(subject, { type: 'verifyPin', channel: 0, pinId: 1, pin: { typed: b64(USER) } }, 'enclave.pinVerified')
        await ask(subject, await installing(subject, await establish(subject), { pinId: 1 }), 'enclave.processed')
        await ask(subject, { type: 'deauthenticate', channel: 0, pinId: 1 }, 'enclave.deauthenticated')
      }
      const established = await establish(bound)
      await refusedWithoutTrace(bound, await installing(bound, established, { overwrite: true }), 'not_authenticated')
    },
  },

  // PINs.
  pinCase('SKI-217 a wrong PIN says so behind a MAC', BOUND, 'Authenticate', 1, authenticateStructure(1, text('wrong')), wrongPin(2), [2, 5]),
  pinCase('SKI-217 a wrong PIN says nothing without one', PUBLISHED, 'Authenticate', 1, authenticateStructure(1, text('wrong')), SEALED, [2, 5]),
  pinCase('SKI-217 a wrong PIN changes nothing', BOUND, 'Change Authenticator', 1, changeStructure(2, 1, text('wrong'), 1, NEW, 0), wrongPin(2), [2, 5]),
  pinCase('SKI-217 a wrong PIN changes nothing', PUBLISHED, 'Change Authenticator', 1, changeStructure(2, 1, text('wrong'), 1, NEW, 0), SEALED, [2, 5]),
  ...[BOUND, PUBLISHED].flatMap((wanted) => [
    pinCase('SKI-285 a PIN that the card does not have', wanted, 'Authenticate', 4, authenticateStructure(4, USER), SEALED, [3, 5]),
    pinCase('SKI-286 a PIN of the PIN pad', wanted, 'Authenticate', 3, authenticateStructure(3, PINS.pad.value), SEALED, [3, 5]),
    pinCase('SKI-286 a PIN of the PIN pad is not changed', wanted, 'Change Authenticator', 3, changeStructure(2, 3, PINS.pad.value, 3, NEW, 0), SEALED, [3, 5]),
    pinCase('SKI-88 flags that nobody knows', wanted, 'Authenticate', 1, authenticateStructure(1, USER, 1), SEALED, [3, 5]),
    pinCase('SKI-88 both flags for session PINs', wanted, 'Authenticate', 1, authenticateStructure(1, USER, 0x30000000), SEALED, [3, 5]),
    pinCase('SKI-101 a structure of version 6', wanted, 'Authenticate', 1, authenticateStructure(1, USER, 0, 6), SEALED, [3, 5]),
    pinCase(
      'SKI-102 a structure with a byte more',
      wanted,
      'Authenticate',
      1,
      Buffer.concat([authenticateStructure(1, USER), Buffer.alloc(1)]),
      SEALED,
      [3, 5],
    ),
    pinCase('SKI-281 a PIN is not changed by another', wanted, 'Change Authenticator', 1, changeStructure(2, 2, PINS.admin.value, 1, NEW, 0), SEALED, [3, 5]),
    pinCase('SKI-281 a PIN is not unblocked by itself', wanted, 'Change Authenticator', 1, changeStructure(1, 1, USER, 1, NEW, 0), SEALED, [3, 5]),
    pinCase(
      'SKI-281 the administrator’s PIN is not unblocked by the holder’s',
      wanted,
      'Change Authenticator',
      2,
      changeStructure(1, 1, USER, 2, NEW, 0),
      SEALED,
      [3, 5],
    ),
    pinCase(
      'SKI-281 a target that the card does not have',
      wanted,
      'Change Authenticator',
      4,
      changeStructure(1, 2, PINS.admin.value, 4, NEW, 0),
      SEALED,
      [3, 5],
    ),
    ...[0, 3, 4].map((flags) =>
      pinCase(`SKI-87 flags ${flags} of a change`, wanted, 'Change Authenticator', 1, changeStructure(flags, 1, USER, 1, NEW, 0), SEALED, [3, 5]),
    ),
    pinCase('SKI-281 a new PIN that is too short', wanted, 'Change Authenticator', 1, changeStructure(2, 1, USER, 1, text('abc'), 0), SEALED, [3, 5]),
    pinCase('SKI-281 more tries than a counter holds', wanted, 'Change Authenticator', 1, changeStructure(2, 1, USER, 1, NEW, 16), SEALED, [3, 5]),
  ]),
  pinCase('SKI-73 a header about another PIN', BOUND, 'Authenticate', 2, authenticateStructure(1, USER), SEALED, [3, 5]),
  pinCase(
    'SKI-73 a header about the PIN that authenticates',
    BOUND,
    'Change Authenticator',
    2,
    changeStructure(1, 2, PINS.admin.value, 1, NEW, 0),
    SEALED,
    [3, 5],
  ),
  ...[BOUND, PUBLISHED].map((wanted): Case => ({
    title: `SKI-217 a blocked PIN, and a session PIN that was never drawn, ${formatOf(wanted)}`,
    run: async (make) => {
      const subject = make(wanted)
      const established = await establish(subject, { way: 'derived' })
      const attempt = async (pin: Buffer, flags = 0) =>
        say(subject, await bringing(subject, established, 'Authenticate', 1, authenticateStructure(1, pin, flags)))
      assert.equal(await attempt(USER, 0x20000000), wanted === BOUND ? wrongPin(2) : SEALED)
      assert.equal(await attempt(text('wrong')), wanted === BOUND ? wrongPin(1) : SEALED)
      assert.equal(await attempt(text('wrong')), wanted === BOUND ? wrongPin(0) : SEALED)
      const blocked = { type: 'enclave.refused', fault: { code: 'pin_blocked', at: 'pinId', requirement: 'SKI-285' } }
      assert.equal(await attempt(USER), wanted === BOUND ? blocked : SEALED)
      assert.is(triesOf(subject.card.describe(), 1), 0)
    },
  })),
  {
    title: 'SKI-280 a session PIN belongs to its channel',
    run: async (make) => {
      const subject = make()
      const [here, there] = [await establish(subject, { way: 'derived' }), await establish(subject, { way: 'derived', channel: 1 })]
      const drawn = await ask(subject, await bringing(subject, here, 'Authenticate', 1, authenticateStructure(1, USER, 0x10000000)), 'enclave.processed')
      assert.is.not(drawn.output, null)
      const pin = subject.secrets.filter(({ name }) => name.startsWith('session PIN:')).at(-1)!.bytes
      const used = authenticateStructure(1, pin, 0x20000000)
      assert.equal(await say(subject, await bringing(subject, there, 'Authenticate', 1, used, { channel: 1 })), wrongPin(2))
      await ask(subject, await bringing(subject, here, 'Authenticate', 1, used), 'enclave.processed')
    },
  },
]
