/**
 * The vectors of bound sealed data and of what belongs to it: derived keys, establishments, card evidence, receipts.
 *
 * Each is judged as its receiver does. What is deterministic is also made again, from what the file says it contains.
 * @module
 */
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { Curve, EcPublicKey } from '../../src/crypto/keys.js'
import { decodeSpki } from '../../src/crypto/spki.js'
import { run, type Steps } from '../../src/enclave/steps.js'
import type { SecureFunction, SessionAlgorithm } from '../../src/ski/enclave/commands.js'
import * as sealed from '../../src/ski/sealed/index.js'
import { decodeAuthenticate, decodeChangeAuthenticator, decodeImportKeypair } from '../../src/ski/structures/index.js'
import { accept, type Verdict } from '../../src/verdict.js'
import { accepted, bytes, providers, refusedAs, suiteOf, text, title, type Vector } from './load.js'

const { file, tests } = suiteOf('ski/sealed-bound')

const ofType = (type: string): readonly Vector[] => file.tests.filter((vector) => vector['type'] === type)
const unhex = (value: unknown): Uint8Array => Uint8Array.from(Buffer.from(String(value), 'hex'))
const algorithmOf = (vector: Vector) => text(vector, 'algorithm') as SessionAlgorithm
const directionOf = (vector: Vector) => text(vector, 'direction') as sealed.Direction
const contextOf = (vector: Vector): sealed.SessionContext => ({
  session: bytes(vector, 'session'),
  serverNonce: bytes(vector, 'serverNonce'),
  cardNonce: bytes(vector, 'cardNonce'),
  cardId: bytes(vector, 'cardId'),
})
const keyOf = (vector: Vector): sealed.SessionKey => ({ algorithm: algorithmOf(vector), key: bytes(vector, 'key'), context: contextOf(vector) })
const judged = async <T>(steps: Steps<T>): Promise<T> => run(steps)

const COUNTS = { key: 19, sealed: 93, establishment: 44, evidence: 29, receipt: 16 }
tests('has so many tests of each type', () => assert.equal(Object.fromEntries(Object.keys(COUNTS).map((type) => [type, ofType(type).length])), COUNTS))

// ------------------------------------------------------------------------------------------------------------------ derived keys

function pointOf(vector: Vector, member: string): EcPublicKey {
  const point = bytes(vector, member)
  const length = point.length / 2
  const curve = ({ 32: 'P-256', 48: 'P-384', 66: 'P-521' } as Readonly<Record<number, Curve>>)[length]!
  return { type: 'EC', curve, x: point.slice(0, length), y: point.slice(length) }
}

function derived(vector: Vector): Uint8Array {
  const [secret, context] = [bytes(vector, 'secret'), contextOf(vector)]
  switch (text(vector, 'derivation')) {
    case 'card key':
      return sealed.cardKey(secret, context.cardId)
    case 'proof key':
      return sealed.proofKey(secret)
    case 'shared subkey':
      return sealed.sharedSubkey(secret, context)
    case 'derived key':
      return sealed.derivedKey(secret, context, algorithmOf(vector))
    case 'agreed key':
      return sealed.agreedKey(secret, context, algorithmOf(vector), pointOf(vector, 'serverPoint'), pointOf(vector, 'cardPoint'))
    default:
      return sealed.boundKey({ algorithm: algorithmOf(vector), key: secret, context }, directionOf(vector), text(vector, 'purpose') as 'encrypt' | 'mac')
  }
}

for (const vector of ofType('key')) tests(title(vector), () => assert.equal(derived(vector), bytes(vector, 'output')))

// ------------------------------------------------------------------------------------------------------------------- sealed data

const blobsOf = (vector: Vector): Uint8Array[] => (vector['blobs'] as readonly string[]).map(unhex)

function termsOf(vector: Vector): sealed.Terms {
  const terms = vector['terms'] as Pick<sealed.Terms, 'overwrite' | 'pinId' | 'keySpec' | 'keySize'>
  return { ...terms, function: text(vector, 'function') as SecureFunction, container: vector['container'] as number | null, flags: vector['dwFlags'] as number }
}

/** What a structure says of what its header says, too. */
function inside(name: string, structure: Uint8Array): Verdict<Parameters<typeof sealed.sameTerms>[1]> {
  if (name === 'Import Key Pair') {
    const read = decodeImportKeypair(structure)
    return read.ok ? accept({ ...read.value, container: read.value.containerIndex }) : read
  }
  const none = { container: null, keySpec: 0, keySize: 0 }
  if (name === 'Authenticate') {
    const read = decodeAuthenticate(structure)
    return read.ok ? accept({ ...none, pinId: read.value.pinId }) : read
  }
  const read = decodeChangeAuthenticator(structure)
  return read.ok ? accept({ ...none, pinId: read.value.targetPinId }) : read
}

const openSealed = (crypto: Crypto, vector: Vector): Promise<Verdict<sealed.Opened>> => {
  const direction = directionOf(vector)
  const { function: name, container, flags } = { ...termsOf({ ...vector, terms: {} }) }
  const iv = direction === 'toCard' ? bytes(vector, 'iv') : null
  return judged(sealed.openBound(crypto, keyOf(vector), { direction, function: name, container, flags, iv }, blobsOf(vector)))
}

for (const vector of ofType('sealed'))
  for (const crypto of providers) {
    tests(title(vector, crypto.name), async () => {
      if (!sealed.offersAlgorithm(crypto, algorithmOf(vector))) return assert.ok(vector.flags?.includes('TripleDes'))
      const opened = await openSealed(crypto, vector)
      if (vector.result === 'invalid' && vector['stage'] !== 'terms') {
        await refusedAs(vector, opened)
        return assert.is(opened, sealed.SEALED_REFUSED)
      }
      const { header, structure } = await accepted(opened)
      const agrees = vector['direction'] === 'toServer' || sealed.sameTerms(header, await accepted(inside(text(vector, 'function'), structure)))
      if (vector.result === 'invalid') return assert.not.ok(agrees)
      assert.ok(agrees)
      assert.equal(structure, bytes(vector, 'structure'))
      const { overwrite, pinId, keySpec, keySize } = header
      assert.equal({ overwrite, pinId, keySpec, keySize }, vector['terms'])
    })
    if (vector.result === 'valid' && sealed.offersAlgorithm(crypto, algorithmOf(vector)))
      tests(title(vector, `${crypto.name}, seal`), async () => {
        const blobs = blobsOf(vector)
        const direction = directionOf(vector)
        const { blockBytes } = sealed.ALGORITHMS[algorithmOf(vector)]
        const iv = direction === 'toCard' ? bytes(vector, 'iv') : blobs[0]!.slice(64, 64 + blockBytes)
        const steps = sealed.sealBound(crypto, keyOf(vector), direction, termsOf(vector), iv, bytes(vector, 'structure'), blobs.length)
        const made = await judged(steps)
        // Where the file cuts elsewhere than we do, the header is the same and the tag is another one.
        if (made.every((blob, at) => blob.length === blobs[at]!.length)) return assert.equal(made, blobs)
        assert.ok(vector.flags?.includes('Blobs'))
        assert.equal(Buffer.concat(made).subarray(0, -32), Buffer.concat(blobs).subarray(0, -32))
      })
  }

// ------------------------------------------------------------------------------------------------------------------------ proofs

interface Verifier {
  readonly kind: 'none' | 'signature' | 'attested' | 'sharedKey'
  readonly keys?: readonly string[]
  readonly key?: string
}

function anchorsOf({ keys = [] }: Verifier): readonly EcPublicKey[] {
  return keys.map((key) => {
    const read = decodeSpki(unhex(key))
    if (!read.ok || read.value.type !== 'EC') throw new TypeError('an EC key is wanted')
    return read.value
  })
}

function judgeProof(crypto: Crypto, vector: Vector): Promise<Verdict<object>> {
  const verifier = vector['verifier'] as Verifier
  const message = bytes(vector, 'bytes')
  const shared = { kind: 'sharedKey', key: unhex(verifier.key) } as const
  if (vector['type'] === 'evidence')
    return judged(sealed.judgeCardEvidence(crypto, message, verifier.kind === 'sharedKey' ? shared : { kind: 'attested', issuers: anchorsOf(verifier) }))
  const by: sealed.ServerVerifier =
    verifier.kind === 'sharedKey' ? shared : verifier.kind === 'none' ? { kind: 'none' } : { kind: 'signature', anchors: anchorsOf(verifier) }
  return judged(sealed.judgeEstablishment(crypto, message, by))
}

const shown = (fields: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [name, value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value]),
  )

for (const vector of [...ofType('establishment'), ...ofType('evidence')])
  for (const crypto of providers)
    tests(title(vector, crypto.name), async () => {
      const verdict = await judgeProof(crypto, vector)
      if (vector.result === 'invalid') return refusedAs(vector, verdict)
      const { proof, ...fields } = shown(await accepted(verdict))
      assert.equal(fields, vector['fields'])
      assert.ok(text(vector, 'bytes').endsWith(String(proof)))
    })

for (const vector of ofType('receipt'))
  for (const crypto of providers)
    tests(title(vector, crypto.name), async () => {
      const { kind, container, identity } = vector['fields'] as { kind: sealed.Receipt['kind']; container: number | null; identity: string | null }
      const expected: sealed.Receipt = { kind, container, identity: identity === null ? null : unhex(identity) }
      const message = bytes(vector, 'bytes')
      assert.is(await judged(sealed.judgeReceipt(crypto, keyOf(vector), expected, message)), vector.result === 'valid')
      if (vector.result === 'valid') assert.equal(await judged(sealed.makeReceipt(crypto, keyOf(vector), expected)), message)
    })

tests.run()

const promises = suite('what the vectors of bound sealed data promise')
promises('SKI-72 one refusal for sealed data, whatever notices the fault, and each stage is met', () => {
  const refused = ofType('sealed').filter(({ result }) => result === 'invalid')
  assert.equal([...new Set(refused.map(({ expect }) => expect))], ['sealed_refused'])
  assert.equal([...new Set(refused.map((vector) => vector['stage']))].sort(), ['blobs', 'header', 'mac', 'padding', 'terms'])
  assert.ok(refused.length >= 40)
})
promises('SKI-64 every function with every algorithm', () => {
  const pairs = ofType('sealed').filter(({ result, direction }) => result === 'valid' && direction === 'toCard')
  assert.is(new Set(pairs.map((vector) => `${text(vector, 'function')}, ${text(vector, 'algorithm')}`)).size, 15)
})
promises.run()
