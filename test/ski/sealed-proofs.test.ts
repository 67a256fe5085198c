/**
 * Establishment, card evidence and receipts: against `node:crypto`, each field once wrong, every bit flipped, proofs of the wrong kind,
 * by the wrong key, under the label of another format.
 * @module
 */
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ReadField } from '../../src/bytes/little-endian.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import { run } from '../../src/enclave/steps.js'
import * as sealed from '../../src/ski/sealed/index.js'
import type { Fault, Verdict } from '../../src/verdict.js'
import { fromLabel } from '../../vectors/generate/bytes.js'
import { ecKey, ecSpki, rsaKey, rsaSpki } from '../../vectors/generate/keys.js'
import * as formats from '../../vectors/generate/ski-sealed-formats.js'
import { isCallersMistake, providers } from '../support/providers.js'
import { contextOf, ecOf, isWiped, keyOf, plain, s1Of, watched } from './sealed-support.js'

const session = formats.sessionOf('test')
const context = contextOf('test')
const SERVER = ecKey('P-256', 'ski/test/server proof')
const OTHER = ecKey('P-256', 'ski/test/other')
const ISSUER = ecKey('P-256', 'ski/test/issuer')
const CARD = ecKey('P-256', 'ski/test/attestation')
const PROOF_KEY = fromLabel('ski/test/proof key', 32)

const code = (verdict: Verdict<unknown, Fault>): string => (verdict.ok ? 'accepted' : verdict.fault.code)
const place = (verdict: Verdict<unknown, Fault>): string => (verdict.ok ? 'accepted' : `${verdict.fault.code} ${verdict.fault.at}`)

const withBit = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const copy = plain(bytes)
  copy[at]! ^= 1 << bit
  return copy
}

// ---------------------------------------------------------------------------------------------------------------- establishment

const establishment = suite('establishment')

const SESSION: formats.Establishment = {
  ...{ way: 'session', algorithm: 'AES-256', padding: 'oaep-sha256', container: 2, session },
  material: fromLabel('ski/test/wrapped', 256),
}
const WAYS: readonly formats.Establishment[] = [
  SESSION,
  { ...SESSION, padding: 'pkcs1', material: fromLabel('ski/test/wrapped', 384) },
  { ...SESSION, padding: 'oaep-sha1' },
  { ...SESSION, padding: 'oaep-sha384', algorithm: '3DES' },
  { ...SESSION, padding: 'oaep-sha512', material: fromLabel('ski/test/wrapped', 512) },
  ...([64, 96, 132] as const).map((length) => ({
    ...({ way: 'agreement', algorithm: 'AES-192', container: 0, session, material: fromLabel('ski/test/point', length) } as const),
  })),
  { way: 'shared', algorithm: 'AES-256', container: 255, session, material: Buffer.alloc(0) },
  { way: 'derived', algorithm: 'AES-128', container: 255, session, material: Buffer.alloc(0) },
]

const oursOf = ({ way, algorithm, padding, container, material }: formats.Establishment): sealed.Establishment => ({
  ...{ way, algorithm, padding: padding ?? null, container: container === 255 ? null : container, ...context },
  material: plain(material),
})

const PROVERS: readonly (readonly [formats.ServerProof, sealed.ServerProver, sealed.ServerVerifier])[] = [
  [{ kind: 'none' }, { kind: 'none' }, { kind: 'none' }],
  [
    { kind: 'signature', key: SERVER },
    { kind: 'signature', key: ecOf(SERVER) },
    { kind: 'signature', anchors: [ecOf(OTHER), ecOf(SERVER)] },
  ],
  [
    { kind: 'sharedKey', key: PROOF_KEY },
    { kind: 'sharedKey', key: plain(PROOF_KEY) },
    { kind: 'sharedKey', key: plain(PROOF_KEY) },
  ],
]

const judge = async (crypto: Crypto, bytes: Uint8Array, verifier: sealed.ServerVerifier) => run(sealed.judgeEstablishment(crypto, bytes, verifier))

for (const crypto of providers)
  for (const [native, prover, verifier] of PROVERS) {
    for (const fields of WAYS)
      establishment(`SKI-76 ${crypto.name}: way ${fields.way}, ${fields.padding ?? fields.material.length}, proof ${native.kind}`, async () => {
        const made = formats.establishmentOf(fields, native)
        const judged = await judge(crypto, plain(made), verifier)
        assert.ok(judged.ok)
        const proof = plain(made.subarray(80 + fields.material.length))
        assert.equal(judged.value, { ...oursOf(fields), proofKind: native.kind, proof })
        const ours = await run(sealed.proveEstablishment(crypto, oursOf(fields), prover))
        if (native.kind === 'signature') {
          assert.equal(ours.slice(0, -64), plain(made.subarray(0, -64)))
          assert.ok((await judge(crypto, ours, verifier)).ok)
        } else assert.equal(ours, plain(made))
      })

    establishment(`SKI-50 ${crypto.name}: proof ${native.kind} is wanted, no other will do`, async () => {
      for (const [other] of PROVERS) {
        const judged = await judge(crypto, plain(formats.establishmentOf(SESSION, other)), verifier)
        assert.is(code(judged), other.kind === native.kind ? 'accepted' : 'proof_refused')
      }
    })
  }

establishment('SKI-51 any flipped bit is refused, and its proof is looked at first', async () => {
  for (const crypto of providers)
    for (const [native, , verifier] of PROVERS.slice(1)) {
      const made = plain(formats.establishmentOf({ ...SESSION, material: fromLabel('ski/test/wrapped', 256) }, native))
      const stride = native.kind === 'signature' ? 5 : 1
      for (let at = 0; at < made.length; at += stride)
        assert.equal(await judge(crypto, withBit(made, at, at % 8), verifier), {
          ok: false,
          fault: { code: 'proof_refused', requirement: 'SKI-50' },
        })
    }
})

establishment('SKI-51 a proof by another key, under another label, or of another length is refused', async () => {
  for (const crypto of providers) {
    const signature: sealed.ServerVerifier = { kind: 'signature', anchors: [ecOf(SERVER)] }
    const shared: sealed.ServerVerifier = { kind: 'sharedKey', key: plain(PROOF_KEY) }
    const labels = ['keyferry ski key statement v1', 'keyferry ski server proof v2', 'keyferry ski server proof v']
    const cases: readonly (readonly [Buffer, sealed.ServerVerifier])[] = [
      [formats.establishmentOf(SESSION, { kind: 'signature', key: OTHER }), signature],
      [formats.establishmentOf(SESSION, { kind: 'sharedKey', key: fromLabel('ski/test/other', 32) }), shared],
      ...labels.map((label) => [formats.establishmentOf({ ...SESSION, label }, { kind: 'signature', key: SERVER }), signature] as const),
      ...labels.map((label) => [formats.establishmentOf({ ...SESSION, label }, { kind: 'sharedKey', key: PROOF_KEY }), shared] as const),
      [formats.establishmentOf(SESSION, { kind: 'signature', key: SERVER }), { kind: 'signature', anchors: [] }],
      [Buffer.alloc(0), signature],
      [Buffer.alloc(63), signature],
      [Buffer.alloc(31), shared],
    ]
    for (const [bytes, verifier] of cases) assert.is(code(await judge(crypto, plain(bytes), verifier)), 'proof_refused')
  }
})

const faultyEstablishments: readonly (readonly [Partial<formats.Establishment>, string])[] = [
  [{ magic: 'KFPL' }, 'format_magic_unknown KFPK.magic, offset 0'],
  [{ version: 2 }, 'format_version_unknown KFPK.version, offset 4'],
  [{ bytes: { 5: 0 } }, 'format_value_unknown KFPK.way, offset 5'],
  [{ bytes: { 5: 5 } }, 'format_value_unknown KFPK.way, offset 5'],
  [{ bytes: { 6: 0 } }, 'format_value_unknown KFPK.algorithm, offset 6'],
  [{ bytes: { 6: 6 } }, 'format_value_unknown KFPK.algorithm, offset 6'],
  [{ bytes: { 7: 4 } }, 'format_value_unknown KFPK.padding, offset 7'],
  [{ bytes: { 7: 2 } }, 'format_value_unknown KFPK.padding, offset 7'],
  [{ bytes: { 8: 0 } }, 'format_value_unknown KFPK.padding, offset 7'],
  [{ bytes: { 8: 5 } }, 'format_value_unknown KFPK.padding, offset 7'],
  [{ container: 255 }, 'format_value_unknown KFPK.container, offset 9'],
  [{ bytes: { 10: 3 } }, 'format_value_unknown KFPK.proofKind, offset 10'],
  [{ bytes: { 11: 1 } }, 'structure_reserved_not_zero KFPK.reserved, offset 11'],
  [{ materialLength: 255 }, 'format_length_wrong KFPK.materialLength, offset 76'],
  [{ materialLength: 384 }, 'structure_length_differs KFPK.materialLength, offset 76'],
  [{ proofLength: 0 }, 'format_length_wrong KFPK.proofLength, offset 78'],
  [{ material: fromLabel('ski/test/wrapped', 255) }, 'format_length_wrong KFPK.materialLength, offset 76'],
  [{ material: fromLabel('ski/test/wrapped', 257), materialLength: 256 }, 'structure_length_differs KFPK.proofLength, offset 78'],
  [{ way: 'shared', padding: 'pkcs1', container: 255, material: Buffer.alloc(0) }, 'format_value_unknown KFPK.padding, offset 7'],
  [{ ...WAYS[8]!, bytes: { 8: 1 } }, 'format_value_unknown KFPK.hash, offset 8'],
  [{ ...WAYS[8]!, container: 0 }, 'format_value_unknown KFPK.container, offset 9'],
  [{ ...WAYS[8]!, material: Buffer.alloc(64) }, 'format_length_wrong KFPK.materialLength, offset 76'],
  [{ ...WAYS[5]!, material: Buffer.alloc(65) }, 'format_length_wrong KFPK.materialLength, offset 76'],
]

for (const [change, fault] of faultyEstablishments)
  establishment(`SKI-76 a good proof around a bad text: ${fault}`, async () => {
    const { padding, ...rest } = SESSION
    const fields = { ...rest, ...(change.way === undefined ? { padding } : {}), ...change } as formats.Establishment
    const made = plain(formats.establishmentOf(fields, { kind: 'sharedKey', key: PROOF_KEY }))
    for (const crypto of providers) assert.is(place(await judge(crypto, made, { kind: 'sharedKey', key: plain(PROOF_KEY) })), fault)
    assert.is(place(sealed.decodeEstablishment(made)), fault)
  })

establishment('SKI-102 no prefix of an establishment is one, and nothing follows it', () => {
  const made = plain(formats.establishmentOf(WAYS[8]!, { kind: 'sharedKey', key: PROOF_KEY }))
  for (let length = 0; length < 80; length++) assert.is(code(sealed.decodeEstablishment(made.slice(0, length))), 'structure_truncated')
  for (let length = 80; length < made.length; length++) assert.is(code(sealed.decodeEstablishment(made.slice(0, length))), 'structure_length_differs')
  assert.is(code(sealed.decodeEstablishment(plain(Buffer.concat([made, Buffer.of(0)])))), 'structure_length_differs')
  assert.ok(sealed.decodeEstablishment(made).ok)
})

establishment('what is read shares no byte with the message', () => {
  const made = plain(formats.establishmentOf(SESSION, { kind: 'sharedKey', key: PROOF_KEY }))
  const read = sealed.decodeEstablishment(made)
  made.fill(0)
  assert.ok(read.ok && Buffer.from(read.value.material).equals(SESSION.material) && Buffer.from(read.value.session).equals(session.session))
})

establishment('SKI-76 a reader may be told of each field', () => {
  const fields: ReadField[] = []
  sealed.decodeEstablishment(plain(formats.establishmentOf(SESSION, { kind: 'none' })), (field) => fields.push(field))
  assert.equal(
    fields.map(({ name, offset }) => `${offset} ${name}`),
    [
      ...['0 magic', '4 version', '5 way', '6 algorithm', '7 padding', '8 hash', '9 container', '10 proofKind', '11 reserved', '12 session'],
      ...['28 serverNonce', '44 cardNonce', '60 cardId', '76 materialLength', '78 proofLength', '80 material', '336 proof'],
    ],
  )
})

establishment('a mistake of the caller is a TypeError', async () => {
  const ours = oursOf(SESSION)
  const prove = (change: Partial<sealed.Establishment>, prover: sealed.ServerProver = { kind: 'none' }) =>
    run(sealed.proveEstablishment(providers[0]!, { ...ours, ...change }, prover))
  for (const call of [
    () => prove({ padding: null }),
    () => prove({ container: null }),
    () => prove({ container: 255 }),
    () => prove({ way: 'shared' }),
    () => prove({ way: 'derived', padding: null, container: null }),
    () => prove({ way: 'agreement', padding: null }),
    () => prove({ session: new Uint8Array(15) }),
    () => prove({ cardNonce: new Uint8Array(17) }),
    () => prove({ material: new Uint8Array(257) }),
    () => prove({}, { kind: 'signature', key: ecOf(ecKey('P-384', 'ski/test/server')) }),
  ])
    assert.ok(await isCallersMistake(call), call.toString())
})

establishment.run()

// --------------------------------------------------------------------------------------------------------------------- evidence

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
      plain(formats.evidenceOf(fields, { ...ATTESTED, ...change } as formats.CardProof))
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
  evidence(`SKI-44 a good proof around a bad text: ${fault}`, async () => {
    const made = plain(formats.evidenceOf({ ...STATEMENT, ...change }, SHARED))
    for (const crypto of providers) assert.is(place(await judgeEvidence(crypto, made, JUDGES.sharedKey)), fault)
    assert.is(place(sealed.decodeCardEvidence(made)), fault)
  })

evidence('SKI-44 a good proof of a text that says it has another kind of proof', async () => {
  const made = formats.evidenceOf({ ...STATEMENT, bytes: { 5: 1 }, proofLength: 192, spki: STATEMENT.spki.subarray(0, 134) }, SHARED)
  assert.is(code(await judgeEvidence(providers[0]!, plain(made), JUDGES.sharedKey)), 'structure_length_differs')
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

// --------------------------------------------------------------------------------------------------------------------- receipts

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
  receipts(`SKI-70 ${fault}`, () => assert.is(place(sealed.decodeReceipt(plain(formats.receiptOf({ ...INSTALLED, ...change }, MAC_KEY)))), fault))

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

// ------------------------------------------------------------------------------------------------------------------------ codecs

const codecs = suite('codecs of our own formats')

codecs('SKI-102 whatever bytes come in, a decoder answers with a verdict, and what it accepts is written the same', async () => {
  const magic = fc.constantFrom('KFSD', 'KFPK', 'KFEV', 'KFRC').map((word) => Buffer.from(`${word}\x01`, 'latin1'))
  const small = fc.uint8Array({ minLength: 7, maxLength: 7, max: 3 })
  await fc.assert(
    fc.asyncProperty(magic, small, fc.uint8Array({ maxLength: 200 }), async (start, numbers, rest) => {
      const bytes = plain(Buffer.concat([start, numbers, rest]))
      for (const decode of [sealed.decodeHeader, sealed.decodeEstablishment, sealed.decodeCardEvidence, sealed.decodeReceipt]) {
        const read = decode(bytes)
        assert.is(typeof read.ok, 'boolean')
        if (!read.ok) assert.match(read.fault.at!, /^KF(?:SD|PK|EV|RC)(?:\.\w+)?, offset \d+$/)
      }
    }),
    { numRuns: 2000 },
  )
})

codecs('SKI-65 a header says back what it was written from', () => {
  const iv = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const u32 = fc.nat({ max: 0xffffffff })
  const common = { direction: fc.constantFrom('toCard', 'toServer'), flags: u32, pinId: u32, blobCount: fc.nat({ max: 65535 }), ciphertextBytes: u32 } as const
  const ids = { session: iv(16), cardId: iv(16) }
  const cipher = fc.oneof(
    fc.record({ algorithm: fc.constantFrom('AES-128', 'AES-192', 'AES-256'), iv: iv(16) }, { noNullPrototype: true }),
    fc.record({ algorithm: fc.constantFrom('3DES_112', '3DES'), iv: iv(8) }, { noNullPrototype: true }),
  )
  const terms = fc.oneof(
    fc.record(
      { function: fc.constant('Import Key Pair'), container: fc.nat({ max: 254 }), overwrite: fc.boolean(), keySpec: u32, keySize: u32 },
      { noNullPrototype: true },
    ),
    fc.record(
      {
        function: fc.constantFrom('Authenticate', 'Change Authenticator'),
        container: fc.constant(null),
        overwrite: fc.constant(false),
        keySpec: fc.constant(0),
        keySize: fc.constant(0),
      },
      { noNullPrototype: true },
    ),
  )
  fc.assert(
    fc.property(fc.record({ ...common, ...ids }, { noNullPrototype: true }), cipher, terms, (a, b, c) => {
      const header = { ...a, ...b, ...c } as sealed.SealedHeader
      const bytes = sealed.encodeHeader(header)
      assert.is(bytes.length, sealed.HEADER_BYTES)
      const read = sealed.decodeHeader(bytes)
      assert.ok(read.ok)
      assert.equal(read.value, header)
    }),
  )
})

const faultyHeaders: readonly (readonly [Partial<formats.Header>, string])[] = [
  [{ magic: 'KFRC' }, 'format_magic_unknown KFSD.magic, offset 0'],
  [{ version: 2 }, 'format_version_unknown KFSD.version, offset 4'],
  [{ direction: 0 }, 'format_value_unknown KFSD.direction, offset 5'],
  [{ direction: 3 }, 'format_value_unknown KFSD.direction, offset 5'],
  [{ function: 4 }, 'format_value_unknown KFSD.function, offset 6'],
  [{ algorithm: 0 }, 'format_value_unknown KFSD.algorithm, offset 7'],
  [{ mode: 0 }, 'format_value_unknown KFSD.mode, offset 8'],
  [{ overwrite: 2 }, 'format_value_unknown KFSD.overwrite, offset 9'],
  [{ container: 255 }, 'format_value_unknown KFSD.container, offset 10'],
  [{ function: 3 }, 'format_value_unknown KFSD.container, offset 10'],
  [{ reserved: 1 }, 'structure_reserved_not_zero KFSD.reserved, offset 11'],
  [{ reserved2: 256 }, 'structure_reserved_not_zero KFSD.reserved, offset 31'],
  [{ function: 3, container: 255, overwrite: 1 }, 'format_value_unknown KFSD.overwrite, offset 9'],
  [{ function: 3, container: 255 }, 'format_value_unknown KFSD.keySpec, offset 20'],
  [{ function: 2, container: 255, keySpec: 0 }, 'format_value_unknown KFSD.keySize, offset 24'],
  [{ algorithm: 5 }, 'structure_reserved_not_zero KFSD.iv, offset 72'],
]

for (const [change, fault] of faultyHeaders)
  codecs(`SKI-65 ${fault} ${JSON.stringify(change)}`, () => {
    const header = formats.sealedHeader({
      ...{ direction: 1, function: 1, algorithm: 3, container: 3, flags: 1, pinId: 1, keySpec: 1, keySize: 2048, blobCount: 1 },
      ...{ session: session.session, cardId: session.cardId, iv: Buffer.alloc(16, 1), length: 144, ...change },
    })
    assert.is(place(sealed.decodeHeader(plain(header))), fault)
  })

codecs('numbers and names are a bijection', () => {
  for (const [name, { code: number }] of Object.entries(sealed.ALGORITHMS)) assert.is(sealed.algorithmOfCode(number), name)
  for (const [name, number] of Object.entries(sealed.WAY_CODE)) assert.is(sealed.wayOfCode(number), name)
  for (const [name, number] of Object.entries(sealed.FUNCTION_CODE)) assert.is(sealed.functionOfCode(number), name)
  for (const [name, number] of Object.entries(sealed.DIRECTION_CODE)) assert.is(sealed.directionOfCode(number), name)
  for (const [name, { padding, hash }] of Object.entries(sealed.WRAP_PADDING_CODES)) assert.is(sealed.wrapPaddingOfCodes(padding, hash), name)
  for (const lookUp of [sealed.algorithmOfCode, sealed.wayOfCode, sealed.functionOfCode, sealed.directionOfCode])
    for (const number of [0, 6, 255]) assert.is(lookUp(number), null)
  assert.equal(
    Object.entries(sealed.ALGORITHMS).map(([name, facts]) => [name, facts.code, facts.keyBytes, facts.blockBytes]),
    Object.entries(formats.SESSION_ALGORITHM).map(([name, facts]) => [name, facts.code, facts.bytes, facts.block]),
  )
  assert.equal([sealed.WAY_CODE, sealed.FUNCTION_CODE, sealed.DIRECTION_CODE], [formats.WAY, formats.FUNCTION, formats.DIRECTION])
})

codecs.run()
