/**
 * SPKI, PKCS#1 and SEC 1 beside PKCS#8, which has a file of its own.
 * @module
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/bytes/hex.js'
import type { DerCode } from '../../src/bytes/der.js'
import { ecdhX, ecPublicKey } from '../../src/crypto/ec.js'
import { checkPublicKey } from '../../src/crypto/key-check.js'
import { recogniseDer } from '../../src/crypto/key-form.js'
import { copyKey, publicPart, wipeKey } from '../../src/crypto/key-parts.js'
import { CURVES, type EcPrivateKey, type PublicKey } from '../../src/crypto/keys.js'
import { decodePkcs1PrivateKey, decodePkcs1PublicKey, encodePkcs1PrivateKey, encodePkcs1PublicKey } from '../../src/crypto/pkcs1-key.js'
import { decodeSec1, encodeSec1 } from '../../src/crypto/sec1.js'
import { decodeSpki, encodeSpki, type SpkiCode } from '../../src/crypto/spki.js'
import type { Verdict } from '../../src/verdict.js'
import { skip } from '../skip.js'
import { nativeKeyPair } from '../support/native.js'
import {
  bits,
  ec256,
  ecAlgorithm,
  ecParameters,
  ecPoint,
  ecPrivateKey,
  hex,
  join,
  nothing,
  octets,
  oids,
  pkcs8,
  point256,
  rsaAlgorithm,
  rsaPrivateKey,
  rsaPublicKey,
  seq,
  tlv,
  version,
} from './handmade.js'
import { openssl, OPENSSL_KINDS, opensslMissing } from './openssl.js'
import { NO_VECTORS, thirdParty } from './third-party.js'

const formats = suite('crypto: key formats')

const der = (key: KeyObject, type: 'spki' | 'pkcs1' | 'pkcs8' | 'sec1') => Uint8Array.from(key.export({ format: 'der', type } as never) as Buffer)
const rsa = nativeKeyPair({ type: 'rsa', modulusLength: 2048 })
const nodeCurve = (curve: string) => (curve === 'P-256K' ? 'secp256k1' : curve)
const pairs = CURVES.map((curve) => [curve, nativeKeyPair({ type: 'ec', namedCurve: nodeCurve(curve) })] as const)

function value<T>(verdict: Verdict<T>): T {
  if (!verdict.ok) throw new Error(`${verdict.fault.code} ${verdict.fault.at ?? ''}`)
  return verdict.value
}

formats('SPKI of an RSA key, as node:crypto writes it, byte for byte', () => {
  const bytes = der(rsa.publicKey, 'spki')
  const key = value(decodeSpki(bytes))
  assert.is(toHex(encodeSpki(key)), toHex(bytes))
  assert.ok(checkPublicKey(key).ok)
})

for (const [curve, { publicKey, privateKey }] of pairs) {
  formats(`SPKI of a ${curve} key, as node:crypto writes it, byte for byte`, () => {
    const bytes = der(publicKey, 'spki')
    const key = value(decodeSpki(bytes))
    assert.ok(key.type === 'EC' && key.curve === curve)
    assert.is(toHex(encodeSpki(key)), toHex(bytes))
    assert.ok(checkPublicKey(key).ok)
  })

  formats(`ECPrivateKey of a ${curve} key, as node:crypto writes it, byte for byte`, () => {
    const bytes = der(privateKey, 'sec1')
    const key = value(decodeSec1(bytes))
    assert.is(toHex(encodeSec1(key)), toHex(bytes))
    assert.is(toHex(encodeSpki(key)), toHex(der(publicKey, 'spki')))
  })
}

formats('RSAPrivateKey and RSAPublicKey, as node:crypto writes them, byte for byte', () => {
  const [secret, open] = [der(rsa.privateKey, 'pkcs1'), der(rsa.publicKey, 'pkcs1')]
  const key = value(decodePkcs1PrivateKey(secret))
  assert.is(toHex(encodePkcs1PrivateKey(key)), toHex(secret))
  assert.is(toHex(encodePkcs1PublicKey(value(decodePkcs1PublicKey(open)))), toHex(open))
  assert.is(toHex(encodePkcs1PublicKey(key)), toHex(open))
})

const algorithmAt = 'SubjectPublicKeyInfo.algorithm'
const keyAt = 'SubjectPublicKeyInfo.subjectPublicKey'
const refused: readonly (readonly [title: string, bytes: Uint8Array, code: SpkiCode | DerCode, at: string])[] = [
  ['RSASSA-PSS', seq(seq(oids.pss), bits(rsaPublicKey())), 'algorithm_rsassa_pss', `${algorithmAt}.algorithm, offset 4`],
  ['id-ecDH', seq(seq(oids.ecdh, oids.p256), bits(point256)), 'algorithm_ecdh', `${algorithmAt}.algorithm, offset 4`],
  ['Ed25519', seq(seq(oids.ed25519), bits(ec256.x)), 'algorithm_unsupported', `${algorithmAt}.algorithm, offset 4`],
  ['rsaEncryption without NULL', seq(seq(oids.rsa), bits(rsaPublicKey())), 'algorithm_parameters_wrong', `${algorithmAt}.parameters, offset 15`],
  ['explicit parameters', seq(seq(oids.ec, seq(version(1))), bits(point256)), 'curve_explicit', `${algorithmAt}.parameters, offset 13`],
  ['no parameters', seq(seq(oids.ec, nothing), bits(point256)), 'curve_implicit', `${algorithmAt}.parameters, offset 13`],
  ['P-224', seq(seq(oids.ec, oids.p224), bits(point256)), 'curve_unknown', `${algorithmAt}.parameters, offset 13`],
  ['something behind the curve', seq(seq(oids.ec, oids.p256, nothing), bits(point256)), 'der_trailing_bytes', `${algorithmAt}, offset 23`],
  ['the point at infinity', seq(ecAlgorithm, bits(Uint8Array.of(0))), 'ec_point_infinity', `${keyAt}, offset 23`],
  ['a compressed point', seq(ecAlgorithm, bits(Uint8Array.of(2), ec256.x)), 'ec_point_compressed', `${keyAt}, offset 23`],
  ['an empty point', seq(ecAlgorithm, bits()), 'ec_point_form_unknown', `${keyAt}, offset 23`],
  ['a point of another curve’s length', seq(ecAlgorithm, bits(point256, ec256.x)), 'ec_point_length_wrong', `${keyAt}, offset 23`],
  ['unused bits', seq(ecAlgorithm, tlv(0x03, Uint8Array.of(1), point256)), 'der_bit_string_unused_bits', `${keyAt}, offset 23`],
  ['a byte behind the key', join(seq(ecAlgorithm, bits(point256)), Uint8Array.of(0)), 'der_trailing_bytes', 'offset 91'],
  ['a byte behind the RSAPublicKey', seq(rsaAlgorithm, bits(rsaPublicKey(), nothing)), 'der_trailing_bytes', `${keyAt}, offset 28`],
  [
    'a negative exponent',
    seq(rsaAlgorithm, bits(seq(version(0x55), hex('020181')))),
    'der_integer_negative',
    `${keyAt}.RSAPublicKey.publicExponent, offset 25`,
  ],
]
for (const [title, bytes, code, at] of refused)
  formats(`SPKI with ${title} is refused`, () => {
    const read = decodeSpki(bytes)
    assert.not(read.ok)
    if (!read.ok) assert.equal({ code: read.fault.code, at: read.fault.at }, { code, at })
  })

formats('a refused algorithm is named', () => {
  const read = decodeSpki(seq(seq(oids.ed25519), bits(ec256.x)))
  assert.is(!read.ok && read.fault.found, 'Ed25519 (1.3.101.112)')
})

formats('a bare ECPrivateKey has to name its curve', () => {
  const read = decodeSec1(ecPrivateKey(ecPoint))
  assert.equal(read, { ok: false, fault: { code: 'ec_curve_missing', at: 'ECPrivateKey.parameters, offset 39' } })
  assert.ok(decodeSec1(ecPrivateKey(ecParameters(oids.p256))).ok)
})

const recognised: readonly (readonly [form: string | null, bytes: Uint8Array])[] = [
  ['PKCS#8', pkcs8(ecAlgorithm, ecPrivateKey())],
  ['PKCS#8', pkcs8(rsaAlgorithm, rsaPrivateKey(), tlv(0xa0))],
  ['encrypted PKCS#8', seq(seq(oids.rsa), octets(ec256.x))],
  ['PKCS#1 private key', rsaPrivateKey()],
  ['PKCS#1 private key', rsaPrivateKey(version(1), seq())],
  ['PKCS#1 public key', rsaPublicKey()],
  ['SEC1', ecPrivateKey(ecParameters(oids.p256), ecPoint)],
  ['SPKI', seq(ecAlgorithm, bits(point256))],
  ['DSA private key', seq(...[0, 7, 5, 3, 2, 1].map(version))],
  ['certificate', seq(seq(), seq(oids.rsa), bits(ec256.x))],
  [null, seq()],
  [null, new Uint8Array()],
  [null, octets(ec256.x)],
  [null, hex('3080020100')],
]
for (const [form, bytes] of recognised)
  formats(`${form ?? 'nothing'} is recognised in ${toHex(bytes.subarray(0, 12))}…`, () => {
    assert.is(recogniseDer(bytes), form)
    assert.is(recogniseDer(join(bytes, new Uint8Array(3))), form)
  })

formats('a copy shares nothing, a wiped key has no secrets left, a public part never had any', () => {
  const key = value(decodeSec1(der(pairs[0]![1].privateKey, 'sec1')))
  const copy = copyKey(key)
  assert.equal(Object.keys(publicPart(copy)), ['type', 'curve', 'x', 'y'])
  wipeKey(key)
  assert.ok(key.d.every((byte) => byte === 0) && copy.d.some((byte) => byte !== 0))
  assert.equal(key.x, copy.x)

  const rsaKey = value(decodePkcs1PrivateKey(der(rsa.privateKey, 'pkcs1')))
  assert.equal(Object.keys(publicPart(rsaKey)), ['type', 'n', 'e'])
  wipeKey(rsaKey)
  for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const)
    assert.ok(
      rsaKey[part].every((byte) => byte === 0),
      part,
    )
  assert.ok(rsaKey.n.some((byte) => byte !== 0))

  const oct = { type: 'oct', k: Uint8Array.of(1, 2) } as const
  wipeKey(oct)
  assert.equal(oct.k, Uint8Array.of(0, 0))
})

for (const [kind, options] of Object.entries(OPENSSL_KINDS)) {
  const title = `${kind}: openssl’s public and traditional forms, byte for byte`
  if (opensslMissing) skip(formats, title, opensslMissing)
  else
    formats(title, () => {
      const pem = openssl(`genpkey ${options}`)
      const spki = openssl('pkey -pubout -outform DER', pem)
      const key: PublicKey = value(decodeSpki(spki))
      assert.is(toHex(encodeSpki(key)), toHex(spki))
      if (kind === 'RSA-2048') {
        const traditional = openssl('rsa -traditional -outform DER', pem)
        assert.is(toHex(encodePkcs1PrivateKey(value(decodePkcs1PrivateKey(traditional)))), toHex(traditional))
        const open = openssl('rsa -RSAPublicKey_out -outform DER', pem)
        assert.is(toHex(encodePkcs1PublicKey(value(decodePkcs1PublicKey(open)))), toHex(open))
      } else {
        const traditional = openssl('ec -outform DER', pem)
        assert.is(toHex(encodeSec1(value(decodeSec1(traditional)))), toHex(traditional))
        const compressed = decodeSpki(openssl('ec -pubout -conv_form compressed -outform DER', pem))
        assert.is(!compressed.ok && compressed.fault.code, 'ec_point_compressed')
      }
      assert.is(toHex(encodeSpki(key)), toHex(der(createPublicKey(Buffer.from(pem)), 'spki')))
    })
}

interface EcdhFile {
  readonly numberOfTests: number
  readonly testGroups: readonly {
    readonly tests: readonly { tcId: number; comment: string; flags: string[]; public: string; private: string; shared: string; result: string }[]
  }[]
}
const wycheproof = thirdParty('wycheproof/ecdh_secp256k1_test.json')
if (!wycheproof) skip(formats, 'Wycheproof ecdh_secp256k1', NO_VECTORS)
else {
  const file = JSON.parse(wycheproof.toString('utf8')) as EcdhFile
  const tests = file.testGroups.flatMap((group) => group.tests)

  formats('Wycheproof ecdh_secp256k1 has the number of tests it announces', () => assert.is(tests.length, file.numberOfTests))

  for (const test of tests)
    formats(`Wycheproof ecdh_secp256k1 ${test.tcId} ${test.result}: ${test.comment}`, () => {
      const read = decodeSpki(hex(test.public))
      const shared = read.ok && read.value.type === 'EC' ? ecdhX(wycheproofKey(test.private), read.value) : null
      if (test.result === 'valid') return assert.is(shared?.ok && toHex(shared.value), test.shared)
      // "acceptable" here means DER that is none, or parameters that are not named: neither is taken.
      assert.not(shared?.ok, read.ok ? '' : read.fault.code)
    })
}

formats.run()

/** The private key of a test: an integer in hex, with or without a sign byte. */
function wycheproofKey(integer: string): EcPrivateKey {
  const d = hex(integer.replace(/^0+/, '').padStart(64, '0'))
  return { ...ecPublicKey('P-256K', d), d }
}
