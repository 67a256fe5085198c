/**
 * Card evidence and receipts: against `node:crypto`, each field once wrong, every bit flipped, a chain with a wrong link, a receipt for
 * something else.
 * @module
 */
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import { run } from '../../src/enclave/steps.js'
import * as sealed from '../../src/ski/sealed/index.js'
import { fromLabel } from '../../vectors/generate/bytes.js'
import { ecKey, ecSpki, rsaKey, rsaSpki } from '../../vectors/generate/keys.js'
import * as formats from '../../vectors/generate/ski-sealed-formats.js'
import { isCallersMistake, providers } from '../support/providers.js'
import { code, contextOf, ecOf, isWiped, keyOf, place, plain, s1Of, watched, withBit } from './sealed-support.js'

const session = formats.sessionOf('test')
const context = contextOf('test')
const OTHER = ecKey('P-256', 'ski/test/other')
const ISSUER = ecKey('P-256', 'ski/test/issuer')
const CARD = ecKey('P-256', 'ski/test/attestation')
const PROOF_KEY = fromLabel('ski/test/proof key', 32)

const evidence = suite('card evidence')

const STATEMENT: formats.Evidence = {
  ...{ container: 2, purpose: 'session', cardId: session.cardId, nonce: session.cardNonce },
  spki: rsaSpki(rsaKey('rsa-2048')),
}
const STATEMENTS: readonly formats.Evidence[] = [
  STATEMENT,
  { ...STATEMENT, container: 0, purpose: 'agreement', spki: ecSpki(ecKey('P-521', 'ski/test/card')) },
  { ...STATEMENT, container: 254, spki: rsaSpki(rsaKey('kek-4096')) },
]
const ATTESTED: formats.CardProof = { kind: 'attested', key: CARD, endorsement: formats.endorsementOf(ISSUER, session.cardId, CARD) }
const SHARED: formats.CardProof = { kind: 'sharedKey', key: PROOF_KEY }
const JUDGES = {
  attested: { kind: 'attested', issuers: [ecOf(OTHER), ecOf(ISSUER)] },
  sharedKey: { kind: 'sharedKey', key: plain(PROOF_KEY) },
} as const satisfies Record<string, sealed.EvidenceJudge>

const ourStatement = ({ container, purpose, cardId, nonce, spki }: formats.Evidence): sealed.KeyStatement => ({
  ...{ container, purpose, cardId: plain(cardId), nonce: plain(nonce), spki: plain(spki) },
})
const judgeEvidence = async (crypto: Crypto, bytes: Uint8Array, by: sealed.EvidenceJudge) => run(sealed.judgeCardEvidence(crypto, bytes, by))

for (const crypto of providers) {
  for (const proof of [ATTESTED, SHARED])
    for (const fields of STATEMENTS)
      evidence(`SKI-44 SKI-46 ${crypto.name}: ${proof.kind}, purpose ${fields.purpose}, container ${fields.container}`, async () => {
        const made = formats.evidenceOf(fields, proof)
        const judged = await judgeEvidence(crypto, plain(made), JUDGES[proof.kind])
        assert.ok(judged.ok)
        assert.equal(judged.value, { ...ourStatement(fields), proofKind: proof.kind, proof: plain(made.subarray(48 + fields.spki.length)) })
        const attester: sealed.Attester =
          proof.kind === 'attested'
            ? { kind: 'attested', key: ecOf(CARD), endorsement: await run(sealed.endorseCard(crypto, ecOf(ISSUER), plain(session.cardId), ecOf(CARD))) }
            : { kind: 'sharedKey', key: plain(PROOF_KEY) }
        const ours = await run(sealed.stateKey(crypto, ourStatement(fields), attester))
        assert.equal(ours.slice(0, 48 + fields.spki.length), plain(made.subarray(0, 48 + fields.spki.length)))
        if (proof.kind === 'sharedKey') assert.equal(ours, plain(made))
        assert.ok((await judgeEvidence(crypto, ours, JUDGES[proof.kind])).ok)
        const other = proof.kind === 'attested' ? JUDGES.sharedKey : JUDGES.attested
        assert.is(code(await judgeEvidence(crypto, ours, other)), 'proof_refused')
      })

  evidence(`SKI-44 ${crypto.name}: any flipped bit is refused`, async () => {
    for (const proof of [ATTESTED, SHARED]) {
      const made = plain(formats.evidenceOf(STATEMENTS[1]!, proof))
      const stride = proof.kind === 'attested' ? 3 : 1
      for (let at = 0; at < made.length; at += stride)
        assert.equal(await judgeEvidence(crypto, withBit(made, at, at % 8), JUDGES[proof.kind]), {
          ok: false,
          fault: { code: 'proof_refused', requirement: 'SKI-44' },
        })
    }
  })

  evidence(`SKI-44 SKI-47 ${crypto.name}: a chain with a wrong link is refused`, async () => {
    const attested = (change: Partial<formats.CardProof & { kind: 'attested' }>, fields = STATEMENT) =>
      plain(formats.evidenceOf(fields, { ...ATTESTED, ...change }))
    const otherCard = { ...STATEMENT, cardId: fromLabel('ski/test/other card', 16) }
    const cases = {
      'no issuer of ours': attested({ endorsement: formats.endorsementOf(CARD, session.cardId, CARD) }),
      'an endorsement for another card': attested({ endorsement: formats.endorsementOf(ISSUER, otherCard.cardId, CARD) }),
      'an endorsement of another key': attested({ key: OTHER }),
      'a genuine card that speaks for another one': attested({}, otherCard),
      'an endorsement under the label of a statement': attested({
        endorsement: formats.endorsementOf(ISSUER, session.cardId, CARD, 'keyferry ski key statement v1'),
      }),
      'a statement under the label of an endorsement': attested({}, { ...STATEMENT, label: 'keyferry ski card endorsement v1' }),
      'a point that is not on the curve': (() => {
        const key = { ...CARD, y: Buffer.alloc(32, 7) }
        const made = attested({ endorsement: formats.endorsementOf(ISSUER, session.cardId, key) })
        made.set(key.y, made.length - 160)
        return made
      })(),
      'a proof that is too short': attested({}).slice(0, 200),
    }
    for (const [what, bytes] of Object.entries(cases)) assert.is(code(await judgeEvidence(crypto, bytes, JUDGES.attested)), 'proof_refused', what)
    const none: sealed.EvidenceJudge = { kind: 'attested', issuers: [] }
    assert.is(code(await judgeEvidence(crypto, attested({}), none)), 'proof_refused')
    const other: sealed.EvidenceJudge = { kind: 'sharedKey', key: plain(fromLabel('ski/test/other', 32)) }
    assert.is(code(await judgeEvidence(crypto, plain(formats.evidenceOf(STATEMENT, SHARED)), other)), 'proof_refused')
  })
}

const faultyStatements: readonly (readonly [Partial<formats.Evidence>, string])[] = [
  [{ magic: 'KFPK' }, 'format_magic_unknown KFEV.magic, offset 0'],
  [{ version: 0 }, 'format_version_unknown KFEV.version, offset 4'],
  [{ bytes: { 5: 0 } }, 'format_value_unknown KFEV.proofKind, offset 5'],
  [{ bytes: { 5: 3 } }, 'format_value_unknown KFEV.proofKind, offset 5'],
  [{ container: 255 }, 'format_value_unknown KFEV.container, offset 6'],
  [{ bytes: { 7: 0 } }, 'format_value_unknown KFEV.origin, offset 7'],
  [{ bytes: { 7: 2 } }, 'format_value_unknown KFEV.origin, offset 7'],
  [{ bytes: { 8: 0 } }, 'format_value_unknown KFEV.purpose, offset 8'],
  [{ bytes: { 8: 3 } }, 'format_value_unknown KFEV.purpose, offset 8'],
  [{ bytes: { 9: 1 } }, 'structure_reserved_not_zero KFEV.reserved, offset 9'],
  [{ bytes: { 11: 1 } }, 'structure_reserved_not_zero KFEV.reserved, offset 11'],
  [{ spki: Buffer.alloc(0) }, 'format_length_wrong KFEV.spkiLength, offset 44'],
  [{ spki: Buffer.alloc(1025) }, 'format_length_wrong KFEV.spkiLength, offset 44'],
  [{ spkiLength: 1024 }, 'structure_length_differs KFEV.spkiLength, offset 44'],
  [{ spkiLength: 293 }, 'structure_length_differs KFEV.proofLength, offset 46'],
  [{ proofLength: 192 }, 'format_length_wrong KFEV.proofLength, offset 46'],
]

for (const [change, fault] of faultyStatements)
  evidence(`SKI-78 a good proof around a bad text: ${fault}`, async () => {
    const made = plain(formats.evidenceOf({ ...STATEMENT, ...change }, SHARED))
    for (const crypto of providers) assert.is(place(await judgeEvidence(crypto, made, JUDGES.sharedKey)), fault)
    assert.is(place(sealed.decodeCardEvidence(made)), fault)
  })

evidence('SKI-78 a good proof of a text that says it has another kind of proof', async () => {
  // The tag is the end of what would be the proof of the other kind.
  const spki = Buffer.concat([STATEMENT.spki, Buffer.alloc(160)])
  const made = plain(formats.evidenceOf({ ...STATEMENT, bytes: { 5: 1 }, spki, spkiLength: STATEMENT.spki.length, proofLength: 192 }, SHARED))
  assert.ok(sealed.decodeCardEvidence(made).ok)
  for (const crypto of providers) assert.is(code(await judgeEvidence(crypto, made, JUDGES.sharedKey)), 'proof_refused')
})

evidence('SKI-78 what is read is what was verified, although the message changes meanwhile', async () => {
  const { crypto } = watched(providers[0]!, { later: true })
  const statement = plain(formats.evidenceOf(STATEMENT, SHARED))
  const receipt = plain(formats.receiptOf(INSTALLED, MAC_KEY))
  const judging = [judgeEvidence(crypto, statement, JUDGES.sharedKey).then(({ ok }) => ok), judgeReceipt(crypto, receipt)]
  for (const message of [statement, receipt]) message.fill(0)
  assert.equal(await Promise.all(judging), [true, true])
})

evidence('a mistake of the caller is a TypeError', async () => {
  const crypto = providers[0]!
  const shared: sealed.Attester = { kind: 'sharedKey', key: plain(PROOF_KEY) }
  const state = (change: Partial<sealed.KeyStatement>, attester: sealed.Attester = shared) =>
    run(sealed.stateKey(crypto, { ...ourStatement(STATEMENT), ...change }, attester))
  for (const call of [
    () => state({ container: 255 }),
    () => state({ cardId: new Uint8Array(15) }),
    () => state({ nonce: new Uint8Array(0) }),
    () => state({ spki: new Uint8Array(0) }),
    () => state({ spki: new Uint8Array(1025) }),
    () => state({}, { kind: 'attested', key: ecOf(CARD), endorsement: new Uint8Array(63) }),
    () => state({}, { kind: 'attested', key: ecOf(ecKey('P-384', 'ski/test/card')), endorsement: new Uint8Array(64) }),
    () => run(sealed.endorseCard(crypto, ecOf(ISSUER), new Uint8Array(15), ecOf(CARD))),
    () => run(sealed.endorseCard(crypto, ecOf(ISSUER), plain(session.cardId), ecOf(ecKey('P-384', 'ski/test/card')))),
    () => run(sealed.judgeCardEvidence(crypto, plain(formats.evidenceOf(STATEMENT, ATTESTED)), { kind: 'attested', issuers: [ecOf(ecKey('P-384', 'x'))] })),
  ])
    assert.ok(await isCallersMistake(call), call.toString())
})

evidence.run()

const receipts = suite('receipts')

const IDENTITY = createHash('sha256').update(STATEMENT.spki).digest()
const MAC_KEY = formats.boundKey(s1Of('AES-256'), session, 'AES-256', 'toServer', 'mac')
const CONFIRMED: formats.Receipt = { kind: 'sessionKey', container: 2, session: session.session, cardId: session.cardId, identity: null }
const INSTALLED: formats.Receipt = { ...CONFIRMED, kind: 'keyPair', container: 3, identity: IDENTITY }
const RECEIPTS = [CONFIRMED, { ...CONFIRMED, container: 255 }, INSTALLED]
const ourReceipt = ({ kind, container, identity }: formats.Receipt): sealed.Receipt => ({
  ...{ kind, container: container === 255 ? null : container, identity: identity && plain(identity) },
})
const judgeReceipt = async (crypto: Crypto, bytes: Uint8Array, expected = ourReceipt(INSTALLED), key = keyOf('AES-256')) =>
  run(sealed.judgeReceipt(crypto, key, expected, bytes))

for (const crypto of providers) {
  for (const fields of RECEIPTS)
    receipts(`SKI-70 SKI-71 ${crypto.name}: ${fields.kind}, container ${fields.container}`, async () => {
      const made = plain(formats.receiptOf(fields, MAC_KEY))
      assert.is(made.length, sealed.RECEIPT_BYTES)
      assert.equal(await run(sealed.makeReceipt(crypto, keyOf('AES-256'), ourReceipt(fields))), made)
      assert.is(await judgeReceipt(crypto, made, ourReceipt(fields)), true)
      const read = sealed.decodeReceipt(made)
      assert.ok(read.ok)
      assert.equal(read.value, { ...ourReceipt(fields), session: context.session, cardId: context.cardId, tag: made.slice(72) })
    })

  receipts(`SKI-71 ${crypto.name}: any flipped bit is refused`, async () => {
    const made = plain(formats.receiptOf(INSTALLED, MAC_KEY))
    for (let at = 0; at < 8 * made.length; at++) assert.is(await judgeReceipt(crypto, withBit(made, at >> 3, at % 8)), false)
  })

  receipts(`SKI-71 ${crypto.name}: a receipt for something else is refused`, async () => {
    const made = plain(formats.receiptOf(INSTALLED, MAC_KEY))
    const expected = ourReceipt(INSTALLED)
    assert.is(await judgeReceipt(crypto, made, { ...expected, container: 4 }), false)
    assert.is(await judgeReceipt(crypto, made, { ...expected, identity: plain(fromLabel('ski/test/other', 32)) }), false)
    assert.is(await judgeReceipt(crypto, made, ourReceipt(CONFIRMED)), false)
    assert.is(await judgeReceipt(crypto, plain(formats.receiptOf(CONFIRMED, MAC_KEY))), false)
    for (const name of ['session', 'serverNonce', 'cardNonce', 'cardId'] as const) {
      const key = keyOf('AES-256')
      assert.is(await judgeReceipt(crypto, made, expected, { ...key, context: { ...key.context, [name]: contextOf('other')[name] } }), false, name)
    }
    for (const wrong of [new Uint8Array(0), made.slice(1), made.slice(0, -1), plain(Buffer.concat([made, Buffer.of(0)]))])
      assert.is(await judgeReceipt(crypto, wrong), false)
    const toCard = formats.boundKey(s1Of('AES-256'), session, 'AES-256', 'toCard', 'mac')
    assert.is(await judgeReceipt(crypto, plain(formats.receiptOf(INSTALLED, toCard))), false)
    assert.is(await judgeReceipt(crypto, plain(formats.receiptOf({ ...INSTALLED, label: 'keyferry ski sealed v1' }, MAC_KEY))), false)
    assert.is(await judgeReceipt(crypto, made), true)
  })
}

const faultyReceipts: readonly (readonly [Partial<formats.Receipt>, string])[] = [
  [{ magic: 'KFSD' }, 'format_magic_unknown KFRC.magic, offset 0'],
  [{ version: 2 }, 'format_version_unknown KFRC.version, offset 4'],
  [{ bytes: { 5: 0 } }, 'format_value_unknown KFRC.kind, offset 5'],
  [{ bytes: { 5: 3 } }, 'format_value_unknown KFRC.kind, offset 5'],
  [{ container: 255 }, 'format_value_unknown KFRC.container, offset 6'],
  [{ bytes: { 7: 1 } }, 'structure_reserved_not_zero KFRC.reserved, offset 7'],
  [{ bytes: { 5: 1 } }, 'structure_reserved_not_zero KFRC.identity, offset 40'],
]

for (const [change, fault] of faultyReceipts)
  receipts(`SKI-79 ${fault}`, () => assert.is(place(sealed.decodeReceipt(plain(formats.receiptOf({ ...INSTALLED, ...change }, MAC_KEY)))), fault))

receipts('SKI-137 the MAC key is wiped, and passes through `keep`', async () => {
  const { crypto, calls } = watched(providers[0]!)
  const kept: Uint8Array[] = []
  await run(sealed.makeReceipt(crypto, keyOf('AES-256'), ourReceipt(CONFIRMED), (_name, secret) => (kept.push(secret), secret)))
  assert.is(calls[0]!.given[1], kept[0])
  assert.ok(isWiped(kept[0]))
})

receipts('a mistake of the caller is a TypeError', async () => {
  const make = (change: Partial<sealed.Receipt>) => run(sealed.makeReceipt(providers[0]!, keyOf('AES-256'), { ...ourReceipt(INSTALLED), ...change }))
  for (const call of [
    () => make({ identity: null }),
    () => make({ kind: 'sessionKey' }),
    () => make({ container: null }),
    () => make({ container: 256 }),
    () => make({ identity: new Uint8Array(31) }),
  ])
    assert.ok(await isCallersMistake(call), call.toString())
})

receipts.run()
