/**
 * The good paths of a server's enclave, with a card of node's at the other end: what the server makes, that card opens.
 * @module
 */
import * as native from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pure } from '../../../src/crypto/pure.js'
import type { SessionAlgorithm, SkiKeyKind, WrapPadding } from '../../../src/ski/enclave/commands.js'
import type { Way } from '../../../src/ski/policy.js'
import { stocked } from '../../enclave/support.js'
import { authenticateStructure, b64, changeStructure, importStructure, material, receipt, unb64 } from './card-node.js'
import { authenticateResponse, changeResponse, fingerprintOf, nodeCard, openAsCard, readEstablishment, respondAsCard } from './server-node.js'
import { ask, composed, established, judged, K1_CONTAINER, K2_TERMS, keyed, KEY_SPEC, make, sealing, type Composed, type Subject } from './server-support.js'

const flow = suite("server's enclave: good paths")

const random = (length: number): Uint8Array => native.randomFillSync(new Uint8Array(length))
const WAYS: readonly Way[] = ['session', 'agreement', 'shared', 'derived']
const KINDS: readonly SkiKeyKind[] = ['rsa-2048', 'rsa-3072', 'ec-P-256', 'ec-P-384', 'ec-P-521']
const BITS: Readonly<Record<string, number>> = { 'rsa-2048': 2048, 'rsa-3072': 3072, 'ec-P-256': 256, 'ec-P-384': 384, 'ec-P-521': 521 }

/** Whether a structure is the one of node's around the private key that belongs to a public one. */
function sameStructure(structure: Buffer, kind: SkiKeyKind, at: Composed): void {
  const jwk = jwkOf(structure, kind)
  const publicKey = native.createPublicKey({ key: jwk, format: 'jwk' })
  assert.equal(publicKey.export({ type: 'spki', format: 'der' }), at.spki)
  const { container, pinId } = K2_TERMS
  const terms = { container, pinId, keySpec: KEY_SPEC[kind], keySize: BITS[kind]! }
  assert.equal(structure, importStructure(terms, material({ kind, jwk, spki: at.spki }, 'signature')))
}

/** The private key in a structure, read off by the tables of CAPI and CNG. */
function jwkOf(structure: Buffer, kind: SkiKeyKind): native.JsonWebKey {
  const blob = structure.subarray(24)
  if (kind.startsWith('ec')) {
    const length = blob.readUInt32LE(4)
    const [x, y, d] = [0, 1, 2].map((part) => b64(blob.subarray(8 + part * length, 8 + (part + 1) * length)))
    return { kty: 'EC', crv: kind.slice(3), x: x!, y: y!, d: d! }
  }
  const bytes = blob.readUInt32LE(12) / 8
  const little = (from: number, length: number) => b64(Buffer.from(blob.subarray(from, from + length)).reverse())
  const half = bytes / 2
  const [p, q, dp, dq, qi] = [0, 1, 2, 3, 4].map((part) => little(20 + bytes + part * half, half))
  return { kty: 'RSA', n: little(20, bytes), e: 'AQAB', p: p!, q: q!, dp: dp!, dq: dq!, qi: qi!, d: little(20 + bytes + 5 * half, bytes) }
}

for (const format of ['published', 'bound'] as const)
  for (const way of WAYS)
    flow(`SKI-40 SKI-174 ${way}, ${format}: K2 arrives`, async () => {
      const subject = make({ policy: { sealedData: format } })
      const at = await composed(subject, { way })
      const { blobs } = await ask(subject, 'c', sealing(at), 'enclave.mdEncrypted')
      assert.is(blobs.length, 1)
      const { structure, header } = openAsCard(at.session, format, at.iv, blobs)
      sameStructure(structure, 'ec-P-256', at)
      if (header === null) return
      assert.equal([...header.subarray(4, 12)], [1, 1, 1, 3, 1, 0, K2_TERMS.container, 0])
      assert.equal(
        [0, 1, 2, 3].map((part) => header.readUInt32LE(12 + 4 * part)),
        [1, K2_TERMS.pinId, 3, 256],
      )
      assert.equal([header.subarray(32, 48), header.subarray(48, 64)], [at.terms.session, at.node.cardId])
      const command = { type: 'confirmInstalled', container: K2_TERMS.container, fingerprint: at.fingerprint } as const
      const identity = native.createHash('sha256').update(at.spki).digest()
      const installed = await ask(subject, 'c', { ...command, receipt: receipt(at.session, 2, K2_TERMS.container, identity) }, 'enclave.installedConfirmed')
      assert.is(installed.genuine, true)
    })

for (const kind of KINDS)
  flow(`SKI-62 SKI-86 a K2 of kind ${kind}`, async () => {
    const subject = make({ policy: { sealedData: 'published' } })
    const at = await composed(subject, { k2: kind })
    const { blobs } = await ask(subject, 'c', sealing(at), 'enclave.mdEncrypted')
    sameStructure(openAsCard(at.session, 'published', at.iv, blobs).structure, kind, at)
    assert.is(at.fingerprint, fingerprintOf(at.spki))
  })

for (const padding of ['pkcs1', 'oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512'] as const satisfies readonly WrapPadding[])
  flow(`SKI-166 S1 wrapped with ${padding}, of the length of the modulus`, async () => {
    const subject = make({ policy: { sealedData: 'published' } })
    const at = await established(subject, { padding, k1: 'rsa-3072' })
    assert.equal([at.session.s1.length, unb64(at.input!).length, at.proven], [32, 384, false])
  })

for (const [algorithm, bytes, block] of [
  ['AES-128', 16, 16],
  ['AES-192', 24, 16],
  ['AES-256', 32, 16],
  ['3DES_112', 16, 8],
  ['3DES', 24, 8],
] as const satisfies readonly (readonly [SessionAlgorithm, number, number])[])
  for (const format of ['published', 'bound'] as const)
    flow(`SKI-64 SKI-133 ${algorithm} under its published name, ${format}`, async () => {
      const subject = make({ policy: { sealedData: format } })
      const at = await composed(subject, { algorithm })
      assert.equal([at.session.s1.length, unb64(at.iv).length], [bytes, block])
      const { blobs } = await ask(subject, 'c', sealing(at), 'enclave.mdEncrypted')
      sameStructure(openAsCard(at.session, format, at.iv, blobs).structure, 'ec-P-256', at)
    })

for (const curve of ['ec-P-256', 'ec-P-384', 'ec-P-521'] as const)
  flow(`SKI-40 agreement with a card's key on ${curve.slice(3)}`, async () => {
    const subject = make()
    const at = await composed(subject, { way: 'agreement', k1: curve, proof: 'signature' })
    const { blobs } = await ask(subject, 'c', sealing(at), 'enclave.mdEncrypted')
    sameStructure(openAsCard(at.session, 'bound', at.iv, blobs).structure, 'ec-P-256', at)
  })

for (const way of WAYS)
  for (const proof of ['none', 'signature', 'sharedKey'] as const)
    flow(`SKI-54 SKI-76 ${way}: the establishment says everything, proof ${proof}`, async () => {
      const subject = make()
      const at = await established(subject, { way, proof })
      assert.is(at.proven, true)
      const said = readEstablishment(at.input!, proof, at.node)
      const codes = { session: [1, 3, 8, 2, K1_CONTAINER], agreement: [2, 3, 1, 0, K1_CONTAINER], shared: [3, 3, 1, 0, 255], derived: [4, 3, 1, 0, 255] }[way]
      assert.equal(said.head, [...Buffer.from('KFPK'), 1, ...codes, { none: 0, signature: 1, sharedKey: 2 }[proof], 0])
      const { session, serverNonce, cardNonce, cardId } = at.terms
      assert.equal([said.session, said.serverNonce, said.cardNonce, said.cardId], [session, serverNonce, cardNonce, cardId])
    })

flow('SKI-135 published and without a proof a derivation is told session, server nonce and algorithm, the shared key nothing', async () => {
  const subject = make({ policy: { sealedData: 'published' } })
  const derived = await established(subject, { way: 'derived', algorithm: 'AES-128' })
  assert.equal([derived.input, derived.proven], [b64(Buffer.concat([derived.terms.session, derived.terms.serverNonce, Buffer.from([1])])), false])
  const shared = await established(subject, { way: 'shared', conversation: 'd' })
  assert.equal([shared.input, shared.proven], [null, false])
})

flow('SKI-44 SKI-46 what evidence proves, and by whom', async () => {
  const subject = make()
  for (const [evidence, proof] of [
    ['attested', 'attested'],
    ['sharedKey', 'sharedKey'],
    [null, 'none'],
  ] as const) {
    const at = await judged(subject, { evidence, conversation: proof })
    const { type, card, ...said } = at.answer
    assert.equal([type, typeof card], ['enclave.cardJudged', 'string'])
    assert.equal(said, { proof, cardId: b64(at.node.cardId), fingerprint: fingerprintOf(at.k1!.spki), kind: 'rsa-2048' })
  }
})

flow('SKI-47 the card is the one that genuine evidence names, whatever the client says', async () => {
  const subject = make()
  await ask(subject, 'c', { type: 'beginSession' }, 'enclave.sessionBegun')
  const at = await judged(subject, { conversation: 'd' })
  const { evidence } = await import('./server-node.js').then(({ evidenceOf }) => evidenceOf(at.node, at.k1!.spki))
  const claim = { type: 'judgeCard', way: 'session', cardId: b64(nodeCard().cardId), nonce: null, spki: b64(at.k1!.spki), evidence } as const
  const answer = await ask(subject, 'c', claim, 'enclave.cardJudged')
  assert.equal([answer.proof, answer.cardId], ['attested', b64(at.node.cardId)])
})

flow('SKI-61 several blobs, in both formats', async () => {
  for (const format of ['published', 'bound'] as const) {
    const subject = make({ policy: { sealedData: format } })
    const at = await composed(subject, { k2: 'rsa-2048' })
    const { blobs } = await ask(subject, 'c', { ...sealing(at), pieces: 5 }, 'enclave.mdEncrypted')
    assert.is(blobs.length, 5)
    sameStructure(openAsCard(at.session, format, at.iv, blobs).structure, 'rsa-2048', at)
  }
})

flow('SKI-65 the header says that a container may be overwritten where the server has decided so', async () => {
  const subject = make()
  const at = await composed(subject)
  const compose = { type: 'composeKeyPair', key: at.k2, ...K2_TERMS, overwrite: true, keySpec: 6 } as const
  const { blob } = await ask(subject, 'c', compose, 'enclave.composed')
  const { blobs } = await ask(subject, 'c', { ...sealing(at), blob }, 'enclave.mdEncrypted')
  assert.is(openAsCard(at.session, 'bound', at.iv, blobs).header![9], 1)
})

/** A PIN function up to the sealed structure, as the card reads it. */
async function sealedPin(subject: Subject, name: 'Authenticate' | 'Change Authenticator') {
  const at = await keyed(subject)
  const admin = subject.server.holdPin('c', Buffer.from('administrator-000000'))
  const { key: pin } = await ask(subject, 'c', { type: 'makePin', length: 12 }, 'enclave.pinMade')
  const target = name === 'Authenticate' ? null : { pinId: 1, pin, tries: 3 }
  const command = { type: 'composePin', function: name, flags: target ? 2 : 0x10000000, pinId: 2, pin: admin, target } as const
  const { blob } = await ask(subject, 'c', command, 'enclave.composed')
  const { blobs } = await ask(subject, 'c', { type: 'mdEncrypt', key: at.key, function: name, blob, flags: 1, pieces: 1 }, 'enclave.mdEncrypted')
  return { at, ...openAsCard(at.session, subject.format, at.iv, blobs) }
}

for (const format of ['published', 'bound'] as const) {
  flow(`SKI-280 authenticate, ${format}, with a session PIN that comes back`, async () => {
    const subject = make({ policy: { sealedData: format } })
    const { at, structure, header } = await sealedPin(subject, 'Authenticate')
    assert.equal(structure, authenticateStructure(2, Buffer.from('administrator-000000'), 0x10000000))
    if (header) assert.equal([...header.subarray(5, 11), header.readUInt32LE(16)], [1, 3, 3, 1, 0, 255, 2])
    const sessionPin = Buffer.from('session-pin-session-pin')
    const response = respondAsCard(at.session, format, { function: 'Authenticate', pinId: 2 }, authenticateResponse(5, sessionPin))
    const command = { type: 'mdOpenResponse', key: at.key, function: 'Authenticate', blobs: [response] } as const
    const opened = await ask(subject, 'c', command, 'enclave.responseOpened')
    assert.is(opened.attemptsRemaining, 5)
    const told = subject.secrets.find(({ name }) => name.startsWith('session PIN'))
    assert.equal(Buffer.from(told!.bytes), sessionPin)
    // It is a PIN like any other here: the server can send it back.
    const use = { type: 'composePin', function: 'Authenticate', flags: 0, pinId: 2, pin: opened.sessionPin!, target: null } as const
    await ask(subject, 'c', use, 'enclave.composed')
  })

  flow(`SKI-281 SKI-282 change authenticator, ${format}`, async () => {
    const subject = make({ policy: { sealedData: format } })
    const { at, structure, header } = await sealedPin(subject, 'Change Authenticator')
    const pin = subject.secrets.find(({ name }) => name === 'PIN: k')!
    const value = structure.subarray(-12)
    assert.match(value.toString(), /^[0-9A-Za-z]{12}$/)
    assert.equal(Buffer.from(pin.bytes), value)
    assert.equal(structure, changeStructure(2, 2, Buffer.from('administrator-000000'), 1, value, 3))
    if (header) assert.equal([...header.subarray(5, 11), header.readUInt32LE(16)], [1, 2, 3, 1, 0, 255, 1])
    const response = respondAsCard(at.session, format, { function: 'Change Authenticator', pinId: 1 }, changeResponse(3))
    const command = { type: 'mdOpenResponse', key: at.key, function: 'Change Authenticator', blobs: [response] } as const
    assert.equal(await ask(subject, 'c', command, 'enclave.responseOpened'), { type: 'enclave.responseOpened', attemptsRemaining: 3, sessionPin: null })
  })
}

flow('SKI-40 the same on the pure provider', async () => {
  const subject = make({ provider: () => stocked(pure(random)), policy: { tripleDes: false } })
  for (const way of WAYS) {
    const at = await composed(subject, { way, conversation: way, proof: 'signature', k2: 'rsa-2048' })
    const { blobs } = await ask(subject, way, sealing(at), 'enclave.mdEncrypted')
    sameStructure(openAsCard(at.session, 'bound', at.iv, blobs).structure, 'rsa-2048', at)
  }
})

flow.run()
