/**
 * The vectors of establishment against real enclaves: a card that is given the randomness of the vector, and a server that
 * holds the master key. What a refusal looks like from outside is computed from the enclave's fault.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import type { EcPrivateKey, PrivateKey } from '../../src/crypto/keys.js'
import type { WitnessedSecret } from '../../src/enclave/witness.js'
import { minidriverStatusOf } from '../../src/ski/apdu/index.js'
import { statusWordOf } from '../../src/ski/card-status.js'
import { statusName } from '../../src/ski/constants/index.js'
import { softwareCard, type SoftwareCard, type SoftwareCardOptions } from '../../src/ski/enclave/card.js'
import type {
  CardAnswer,
  CardCommand,
  ServerAnswer,
  ServerCommand,
  SessionAlgorithm,
  SkiHandle,
  SkiKeyKind,
  WrapPadding,
} from '../../src/ski/enclave/commands.js'
import { softwareServer } from '../../src/ski/enclave/server.js'
import { ecSpki, type EcNumbers } from '../../vectors/generate/keys.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { bytes, keyOf, load, suiteOf, text, title, type Vector } from './load.js'

const b64 = (value: Uint8Array): string => Buffer.from(value).toString('base64url')
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b)

/** Draws of sixteen bytes come out of a list as long as there is something in it. */
function scripted(keys: readonly PrivateKey[] = []): { readonly crypto: Crypto; readonly next: Uint8Array[] } {
  const crypto = nodeCrypto()
  const next: Uint8Array[] = []
  const rsa = keys.find((one) => one.type === 'RSA')
  const ec = keys.find((one) => one.type === 'EC')
  const generates = { ...(rsa && { generateRsa: () => copyKey(rsa) }), ...(ec && { generateEc: () => copyKey(ec) }) }
  return { crypto: { ...crypto, ...generates, random: (length) => (length === 16 ? next.shift()?.slice() : undefined) ?? crypto.random(length) }, next }
}

interface Held {
  readonly card: SoftwareCard
  readonly secrets: readonly WitnessedSecret[]
  readonly next: Uint8Array[]
}

function cardOf(options: Partial<SoftwareCardOptions>, bound: boolean, keys: readonly PrivateKey[], proof: 'none' | 'sharedKey' = 'none'): Held {
  const secrets: WitnessedSecret[] = []
  const { crypto, next } = scripted(keys)
  const policy = { serverProof: proof, sealedData: bound ? 'bound' : 'published', receipts: bound, tripleDes: true } as const
  const witness = ({ enclave, name, bytes: value }: WitnessedSecret) => void secrets.push({ enclave, name, bytes: value.slice() })
  return { card: softwareCard({ crypto, cardId: crypto.random(16), policy, witness, ...options }), secrets, next }
}

const tell = async (card: SoftwareCard, command: CardCommand): Promise<CardAnswer> => {
  const answer = await card.perform('reader', command)
  if (answer === null) throw new Error('an answer is wanted')
  return answer
}

/** A status by its name, as the minidriver returns it for the card's answer. */
const statusOf = (answer: CardAnswer): string | null => statusName(answer.type === 'enclave.refused' ? minidriverStatusOf(statusWordOf(answer.fault)) : 0)
/** The session key that a card came to have. */
const s1In = (secrets: readonly WitnessedSecret[]): Uint8Array => secrets.findLast(({ name }) => name.startsWith('session key S1'))!.bytes

const { file: wrapped, tests: session } = suiteOf('ski/establishment')

for (const vector of wrapped.tests)
  session(title(vector, 'card'), async () => {
    const k1 = keyOf(wrapped, vector, 'k1')
    const { card, secrets } = cardOf({}, false, [k1])
    await tell(card, { type: 'makeK1', channel: 0, container: 1, kind: `rsa-${8 * k1.n.length}` as SkiKeyKind, pinId: 0 })
    const [algorithm, padding] = [text(vector, 'algorithm') as SessionAlgorithm, text(vector, 'padding') as WrapPadding]
    const answer = await tell(card, {
      ...({ type: 'importSessionKey', channel: 0, container: 1, algorithm, padding, proven: false } as const),
      input: b64(bytes(vector, 'wrapped')),
    })
    assert.is(statusOf(answer), vector['status'])
    if (vector.result === 'valid') assert.equal(s1In(secrets), bytes(vector, 'key'))
    else if (vector.expect === 'implicit_rejection') {
      // It goes on, with a key that nobody sent and that is another one each time.
      const first = s1In(secrets)
      assert.is(first.length, SIZES[algorithm])
      assert.not(unwrappedKeys.some((key) => same(key, first)))
      unwrappedKeys.push(first)
    } else assert.is(answer.type === 'enclave.refused' ? answer.fault.code : 'accepted', vector.expect)
    card.dispose()
  })
const SIZES: Readonly<Record<SessionAlgorithm, number>> = { 'AES-128': 16, 'AES-192': 24, 'AES-256': 32, '3DES_112': 16, '3DES': 24 }
/** The keys that were really wrapped, and every stand-in so far. */
const unwrappedKeys: Uint8Array[] = wrapped.tests.filter(({ result }) => result === 'valid').map((vector) => bytes(vector, 'key'))
session.run()

const { file: derivedFile, tests: derived } = suiteOf('ski/establishment-derived')

/** A key pair of a vector: a scalar, and its point. */
function pairOf(vector: Vector, scalar: string, point: Uint8Array): EcNumbers {
  const half = point.length / 2
  return {
    curve: text(vector, 'curve') as EcNumbers['curve'],
    x: Buffer.from(point.slice(0, half)),
    y: Buffer.from(point.slice(half)),
    d: Buffer.from(bytes(vector, scalar)),
  }
}

const ours = ({ curve, x, y, d }: EcNumbers): EcPrivateKey => ({ type: 'EC', curve, x: Uint8Array.from(x), y: Uint8Array.from(y), d: Uint8Array.from(d) })

const inputOf = (vector: Vector): string | null => (vector['input'] === null ? null : b64(bytes(vector, 'input')))

for (const vector of derivedFile.tests) {
  const [way, algorithm] = [text(vector, 'way'), text(vector, 'algorithm') as SessionAlgorithm]
  const bound = vector['format'] === 'bound'
  const agrees = way === 'agreement'
  const kind = `ec-${String(vector['curve'])}` as SkiKeyKind
  const cardPair = agrees ? pairOf(vector, 'cardScalar', bytes(vector, 'cardPoint')) : null

  derived(title(vector, 'card'), async () => {
    const { card, secrets, next } = cardOf(
      { cardId: bytes(vector, 'cardId'), sharedKey: bytes(vector, 'sharedKey') },
      bound,
      cardPair ? [ours(cardPair)] : [],
      bound ? 'sharedKey' : 'none',
    )
    if (agrees) await tell(card, { type: 'makeK1', channel: 0, container: 2, kind, pinId: 0 })
    next.push(bytes(vector, 'cardNonce'))
    if (bound) assert.equal(await tell(card, { type: 'drawNonce', channel: 0 }), { type: 'enclave.nonceDrawn', nonce: b64(bytes(vector, 'cardNonce')) })
    const before = JSON.stringify(card.describe().keys)
    const answer = await take(card, vector, way, algorithm, bound)
    assert.is(statusOf(answer), vector['status'])
    if (vector.result === 'invalid') {
      assert.is(answer.type === 'enclave.refused' ? answer.fault.code : 'accepted', vector.expect)
      return assert.is(JSON.stringify(card.describe().keys), before, 'there is no key')
    }
    assert.equal(s1In(secrets), bytes(vector, 'key'))
    if (answer.type !== 'enclave.sessionKeyReady') return assert.unreachable(answer.type)
    assert.is(answer.receipt, bound ? b64(bytes(vector, 'receipt')) : null)
    if (way === 'derived') assert.is(answer.nonce, b64(bytes(vector, 'cardNonce')))
    card.dispose()
  })

  if (vector.result === 'valid')
    derived(title(vector, 'server'), async () => {
      const serverPair = agrees ? pairOf(vector, 'serverScalar', bytes(vector, 'peer').slice(8)) : null
      const { crypto, next } = scripted(serverPair ? [ours(serverPair)] : [])
      const secrets: WitnessedSecret[] = []
      const server = softwareServer({
        crypto,
        policy: { sealedData: bound ? 'bound' : 'published', receipts: bound, archive: 'none', tripleDes: false },
        masterKey: bytes(vector, 'masterKey'),
        witness: (secret) => void secrets.push({ ...secret, bytes: secret.bytes.slice() }),
      })
      const ask = async <T extends ServerAnswer['type']>(command: ServerCommand, type: T): Promise<Extract<ServerAnswer, { type: T }>> => {
        const answer = await server.perform('c', command)
        assert.is(answer?.type === 'enclave.refused' ? JSON.stringify(answer.fault) : answer?.type, type)
        return answer as Extract<ServerAnswer, { type: T }>
      }
      next.push(bytes(vector, 'session'), bytes(vector, 'serverNonce'))
      assert.equal(await ask({ type: 'beginSession' }, 'enclave.sessionBegun'), {
        type: 'enclave.sessionBegun',
        session: b64(bytes(vector, 'session')),
        nonce: b64(bytes(vector, 'serverNonce')),
      })
      const nonce = b64(bytes(vector, 'cardNonce'))
      const spki = cardPair ? b64(ecSpki(cardPair)) : null
      const shown = { cardId: b64(bytes(vector, 'cardId')), nonce: bound ? nonce : null, spki, evidence: null }
      const { card } = await ask({ type: 'judgeCard', way: way as 'shared', ...shown }, 'enclave.cardJudged')
      const proof = bound ? 'sharedKey' : 'none'
      const made = agrees
        ? await ask({ type: 'agreeSessionKey', card, container: 2, algorithm, proof }, 'enclave.sessionKeyMade')
        : await ask({ type: 'offerSharedKey', card, way: way as 'shared', algorithm, proof }, 'enclave.sharedKeyOffered')
      // What a bare derivation is asked for with has the algorithm behind it: the interface has no other place for it.
      const suffix = way === 'derived' && !bound ? Buffer.of(CODES[algorithm]!) : Buffer.alloc(0)
      assert.is(made.input, vector['input'] === null ? null : b64(Buffer.concat([bytes(vector, 'input'), suffix])))
      let blob: SkiHandle | null = null
      if (made.type === 'enclave.sessionKeyMade') {
        assert.is(made.peer, b64(bytes(vector, 'peer')))
        blob = made.blob
      }
      if (bound) {
        const confirm = (receipt: string): ServerCommand => ({ type: 'confirmSession', card, blob, nonce: way === 'agreement' ? null : nonce, receipt })
        assert.is((await ask(confirm(b64(bytes(vector, 'receipt'))), 'enclave.sessionConfirmed')).genuine, true)
        const another = bytes(vector, 'receipt')
        another[103]! ^= 1
        const again = await server.perform('c', confirm(b64(another)))
        assert.not(again?.type === 'enclave.sessionConfirmed' && again.genuine)
      }
      if (blob === null) await ask({ type: 'mdSharedKey', input: way === 'derived' || bound ? nonce : null }, 'enclave.mdKeyReady')
      assert.ok(
        secrets.some(({ bytes: value }) => same(value, bytes(vector, 'key'))),
        'the server’s enclave holds S1',
      )
      server.dispose()
    })
}
const CODES: Partial<Readonly<Record<SessionAlgorithm, number>>> = { 'AES-128': 1, 'AES-192': 2, 'AES-256': 3 }

/** The calls that make a key, up to the one that refuses. */
async function take(card: SoftwareCard, vector: Vector, way: string, algorithm: SessionAlgorithm, proven: boolean): Promise<CardAnswer> {
  const input = inputOf(vector)
  if (way !== 'agreement') return tell(card, { type: 'shareKey', channel: 0, way: way as 'shared', algorithm, proven, input })
  const agreed = await tell(card, { type: 'agree', channel: 0, container: 2, peer: b64(bytes(vector, 'peer')) })
  if (agreed.type !== 'enclave.agreed') {
    assert.is(vector['refusedBy'], 'agree')
    return agreed
  }
  assert.is.not(vector['refusedBy'], 'agree')
  return tell(card, { type: 'deriveKey', channel: 0, agreement: agreed.agreement, algorithm, proven, input: input ?? '' })
}
derived.run()

const installed = suite('keys that a card opens')
const imports = load('ski/sealed-published').tests.filter(
  ({ algorithm, direction, dwFlags, ...vector }) =>
    vector['function'] === 'Import Key Pair' && algorithm === 'AES-256' && direction === 'toCard' && dwFlags === 1,
)

/** The containers in which a new card installs the key of a vector, having tried each on a card of its own. */
async function installs(vector: Vector): Promise<readonly number[]> {
  const taken: number[] = []
  for (let container = 0; container < 16; container++) {
    const { card } = cardOf({ sharedKey: bytes(vector, 'key'), pins: [{ id: 1, value: new Uint8Array(16).fill(0x31), tries: 3 }] }, false, [])
    const ready = await tell(card, { type: 'shareKey', channel: 0, way: 'shared', algorithm: 'AES-256', proven: false, input: null })
    if (ready.type !== 'enclave.sessionKeyReady') throw new Error(ready.type)
    const { key } = ready
    await tell(card, { type: 'setKeyProperty', channel: 0, key, mode: 'CBC', iv: null })
    await tell(card, { type: 'setKeyProperty', channel: 0, key, mode: null, iv: b64(bytes(vector, 'iv')) })
    const blobs = (vector['blobs'] as readonly string[]).map((blob) => b64(Buffer.from(blob, 'hex')))
    const answer = await tell(card, { type: 'processSealed', channel: 0, key, function: 'Import Key Pair', container, flags: 1, blobs })
    const filled = card.describe().containers.map((one) => one.container)
    if (answer.type === 'enclave.refused') {
      assert.equal(answer.fault, { code: 'sealed_refused', requirement: 'SKI-72' })
      assert.equal(filled, [])
    } else taken.push(...filled)
    card.dispose()
  }
  return taken
}

for (const vector of imports.filter(({ stage }) => stage === 'key'))
  installed(`SKI-30 ${vector.id}: the card opens it, looks at the key, and installs nothing`, async () => assert.equal(await installs(vector), []))

installed('SKI-30 and a good one is installed where its structure says', async () => {
  const bad = imports.filter(({ stage }) => stage === 'key')
  assert.ok(bad.length >= 4, `${bad.length} bad ones`)
  const [good] = imports.filter(({ result }) => result === 'valid')
  assert.equal(await installs(good!), [bytes(good!, 'structure')[4]])
})
installed.run()
