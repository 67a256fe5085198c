/**
 * Establishments: against `node:crypto`, each field once wrong, every bit flipped, proofs of the wrong kind, by the wrong key, under the
 * label of another format.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ReadField } from '../../src/bytes/little-endian.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import { run } from '../../src/enclave/steps.js'
import * as sealed from '../../src/ski/sealed/index.js'
import { fromLabel } from '../../vectors/generate/bytes.js'
import { ecKey } from '../../vectors/generate/keys.js'
import * as formats from '../../vectors/generate/ski-sealed-formats.js'
import { isCallersMistake, providers } from '../support/providers.js'
import { code, contextOf, ecOf, place, plain, watched, withBit } from './sealed-support.js'

const session = formats.sessionOf('test')
const context = contextOf('test')
const SERVER = ecKey('P-256', 'ski/test/server proof')
const OTHER = ecKey('P-256', 'ski/test/other')
const PROOF_KEY = fromLabel('ski/test/proof key', 32)

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
    const fields = { ...rest, ...(change.way === undefined ? { padding } : {}), ...change }
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

establishment('SKI-51 what is read is what was verified, although the message changes meanwhile', async () => {
  const { crypto } = watched(providers[0]!, { later: true })
  const message = plain(formats.establishmentOf(SESSION, { kind: 'sharedKey', key: PROOF_KEY }))
  const judging = judge(crypto, message, { kind: 'sharedKey', key: plain(PROOF_KEY) })
  message.fill(0)
  assert.ok((await judging).ok)
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
