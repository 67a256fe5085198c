/**
 * Every command that a card may be given and every answer that an enclave of SKI may give, read from well-formed samples and
 * from samples with one thing wrong.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CardCommand, SkiAnswer, SkiHandle } from '../../../src/ski/enclave/commands.js'
import { readSkiAnswer } from '../../../src/ski/enclave/read-answer.js'
import { readCardCommand } from '../../../src/ski/enclave/read-card-command.js'
import { readerCases, type ReaderSample } from '../../support/reader-cases.js'
import { crookedLists, hostileValues, otherTypes, placesIn, textOfPath, withAt, without, withStrangers } from '../../support/shapes.js'

const key = 'h1' as SkiHandle
const bytes = 'c2VjcmV0'
const id = 'AAAAAAAAAAAAAAAAAAAAAA'

type Command<Type extends CardCommand['type']> = Omit<Extract<CardCommand, { type: Type }>, 'type'>
/** Members by command; those in the list may be null. */
const commands: { readonly [Type in CardCommand['type']]: readonly [members: Command<Type>, nullable?: readonly string[]] } = {
  makeK1: [{ channel: 0, container: 1, kind: 'rsa-2048', pinId: 1 }],
  readKey: [{ channel: 3, container: 254, evidence: 'attested' }],
  drawNonce: [{ channel: 0 }],
  importSessionKey: [{ channel: 0, container: 0, algorithm: 'AES-256', padding: 'oaep-sha256', proven: true, input: bytes }],
  shareKey: [{ channel: 0, way: 'derived', algorithm: '3DES', proven: false, input: bytes }, ['input']],
  agree: [{ channel: 0, container: 0, peer: bytes }],
  deriveKey: [{ channel: 0, agreement: key, algorithm: 'AES-128', proven: false, input: bytes }],
  setKeyProperty: [{ channel: 0, key, mode: 'CBC', iv: id }, ['mode', 'iv']],
  processSealed: [{ channel: 0, key, function: 'Import Key Pair', container: 5, flags: 1, blobs: [bytes] }, ['container']],
  destroyKey: [{ channel: 0, key }],
  deleteContainer: [{ channel: 0, container: 0 }],
  verifyPin: [{ channel: 0, pinId: 1, pin: { typed: bytes } }],
  deauthenticate: [{ channel: 0, pinId: 1 }],
  close: [{}],
}

const commandReader = suite('card: readCardCommand')
const codeOf = (value: unknown) => {
  const read = readCardCommand(value)
  return read.ok ? 'read' : read.fault.code
}

for (const [type, [members, nullable = []]] of Object.entries(commands)) {
  const sample = { type, ...members }

  commandReader(`SKI-222 ${type} is read as it is, without members that nobody declared`, () => {
    assert.equal(readCardCommand(sample), { ok: true, value: sample })
    assert.equal(readCardCommand(withStrangers(sample)), { ok: true, value: sample })
  })

  commandReader(`SKI-222 ${type}: every member has to be there and has its type`, () => {
    for (const path of placesIn(sample)) {
      const refused = (value: unknown) => assert.is(codeOf(value), 'command_invalid', textOfPath(path))
      refused(without(sample, path))
      for (const other of otherTypes(path.reduce((inner: unknown, step) => (inner as Record<string | number, unknown>)[step], sample)))
        refused(withAt(sample, path, other))
      if (nullable.includes(textOfPath(path))) assert.is(codeOf(withAt(sample, path, null)), 'read')
      else refused(withAt(sample, path, null))
    }
  })

  commandReader(`SKI-222 ${type}: hostile getters and proxies do not throw out of the reader`, () => {
    for (const [why, value] of hostileValues(sample)) assert.not.throws(() => readCardCommand(value), why)
  })
}

commandReader('SKI-222 numbers have their ranges', () => {
  const sample = { type: 'processSealed', ...commands.processSealed[0] }
  for (const [member, last] of [
    ['channel', 3],
    ['container', 254],
    ['flags', 0xffffffff],
  ] as const) {
    for (const good of [0, last]) assert.is(codeOf({ ...sample, [member]: good }), 'read')
    for (const bad of [-1, last + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.is(codeOf({ ...sample, [member]: bad }), 'command_invalid', `${member} ${bad}`)
  }
})

commandReader('SKI-222 blobs are a list of at most 16 texts', () => {
  const sample = { type: 'processSealed', ...commands.processSealed[0] }
  assert.is(codeOf({ ...sample, blobs: Array(16).fill(bytes) }), 'read')
  for (const blobs of [Array(17).fill(bytes), ['A'.repeat(16_385)]]) assert.is(codeOf({ ...sample, blobs }), 'command_invalid')
  for (const [why, blobs] of crookedLists(bytes)) assert.is(codeOf({ ...sample, blobs }), 'command_invalid', why)
})

commandReader('SKI-283 a PIN is typed or entered', () => {
  const sample = { type: 'verifyPin', channel: 0, pinId: 1 }
  assert.equal(readCardCommand({ ...sample, pin: { entry: key } }), { ok: true, value: { ...sample, pin: { entry: key } } })
  assert.equal(readCardCommand({ ...sample, pin: { typed: bytes, entry: key } }), { ok: true, value: { ...sample, pin: { typed: bytes } } })
  assert.is(codeOf({ ...sample, pin: {} }), 'command_invalid')
})

commandReader('SKI-222 no value makes the reader throw', async () => {
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true })
  const changed = fc.constantFrom(...Object.entries(commands)).chain(([type, [members]]) => {
    const sample = { type, ...members }
    return fc.tuple(fc.constantFrom(...placesIn(sample)), anything).map(([path, other]) => withAt(sample, path, other))
  })
  await fc.assert(
    fc.property(fc.oneof(anything, changed), (value) => {
      const read = readCardCommand(value)
      if (read.ok) assert.equal(readCardCommand(read.value), read)
      else assert.is(read.fault.code, 'command_invalid')
    }),
    { numRuns: 2000 },
  )
})

commandReader.run()

type Sample<Type extends SkiAnswer['type']> = Omit<Extract<SkiAnswer, { type: Type }>, 'type'>
const fingerprint = `spki-sha256:${'0'.repeat(64)}`
/** The compiler sees to it that no answer is left out. */
const answers: { readonly [Type in SkiAnswer['type']]: readonly [sample: Sample<Type>, nullable?: readonly string[]] } = {
  'enclave.k1Made': [{ container: 1 }],
  'enclave.keyRead': [{ container: 1, purpose: 'session', spki: bytes, evidence: bytes }, ['evidence']],
  'enclave.nonceDrawn': [{ nonce: id }],
  'enclave.sessionKeyReady': [{ key, nonce: id, receipt: bytes }, ['nonce', 'receipt']],
  'enclave.agreed': [{ agreement: key }],
  'enclave.propertySet': [{ key }],
  'enclave.processed': [{ container: 5, output: bytes }, ['container', 'output']],
  'enclave.destroyed': [{ key }],
  'enclave.containerDeleted': [{ container: 1 }],
  'enclave.pinVerified': [{ pinId: 1 }],
  'enclave.deauthenticated': [{ pinId: 1 }],
  'enclave.sessionBegun': [{ session: id, nonce: id }],
  'enclave.cardJudged': [{ card: key, proof: 'attested', cardId: id, fingerprint, kind: 'rsa-2048' }, ['fingerprint', 'kind']],
  'enclave.sessionKeyMade': [{ blob: key, input: bytes, peer: bytes, proven: true }, ['peer']],
  'enclave.sharedKeyOffered': [{ input: bytes, proven: true }, ['input']],
  'enclave.sessionConfirmed': [{ genuine: true }],
  'enclave.mdKeyReady': [{ key }],
  'enclave.ivDrawn': [{ iv: id }],
  'enclave.keyPairMade': [{ key, spki: bytes, fingerprint }],
  'enclave.pinMade': [{ key }],
  'enclave.composed': [{ blob: key }],
  'enclave.mdEncrypted': [{ blobs: [bytes] }],
  'enclave.responseOpened': [{ attemptsRemaining: 3, sessionPin: key }, ['sessionPin']],
  'enclave.installedConfirmed': [{ genuine: false }],
  'enclave.certificateRequested': [{ request: bytes }],
  'enclave.keyEnveloped': [{ envelope: bytes, fingerprint }],
  'enclave.certificateIssued': [{ certificate: bytes, fingerprint }],
  'enclave.refused': [{ fault: { code: 'handle_unknown', requirement: 'SKI-218' } }],
}
const samples: readonly ReaderSample[] = Object.entries(answers).map(([type, [members, nullable]]) => ({
  value: { type, ...members },
  ...(nullable ? { nullable } : {}),
}))

const answerReader = suite('SKI enclaves: readSkiAnswer')

readerCases(answerReader, 'SKI-246', samples, readSkiAnswer)

answerReader('SKI-217 of a wrong PIN the tries that are left are told, and of nothing else anything', () => {
  const refused = (fault: object) => ({ type: 'enclave.refused', fault })
  assert.equal(readSkiAnswer(refused({ code: 'pin_wrong', found: 2, at: 'pin' })), refused({ code: 'pin_wrong', found: 2 }))
  for (const found of [-1, 16, 0.5, '2', null]) assert.equal(readSkiAnswer(refused({ code: 'pin_wrong', found })), refused({ code: 'pin_wrong' }))
  assert.equal(readSkiAnswer(refused({ code: 'sealed_refused', found: 2, at: 'padding' })), refused({ code: 'sealed_refused' }))
})

answerReader('SKI-246 a refusal with a code that nobody knows is no answer', () => {
  for (const code of ['', 'decryption_failed', 'toString', '__proto__']) assert.is(readSkiAnswer({ type: 'enclave.refused', fault: { code } }), null)
})

answerReader.run()
