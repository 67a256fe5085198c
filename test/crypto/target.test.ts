import { constants, createDecipheriv, createPrivateKey, privateDecrypt, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/bytes/hex.js'
import { CURVES, type RsaPublicKey } from '../../src/crypto/keys.js'
import { differsFromKek, parseTarget, readTarget, writeTarget, type DeclaredTarget } from '../../src/crypto/target.js'
import { decodeSpki } from '../../src/crypto/spki.js'
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
  octets,
  oids,
  pkcs8,
  point256,
  rsaAlgorithm,
  rsaPrivateKey,
  seq,
  tlv,
  version,
} from './handmade.js'
import { NO_VECTORS, thirdParty } from './third-party.js'

const targets = suite('crypto: target')
const strict = { trailingZeros: false }
const lenient = { trailingZeros: true }

const der = (key: KeyObject) => Uint8Array.from(key.export({ format: 'der', type: 'pkcs8' }))
const rsa = nativeKeyPair({ type: 'rsa', modulusLength: 2048 })
const p256 = pkcs8(ecAlgorithm, ecPrivateKey(ecPoint))

targets('BYOK-57 the declared type is taken, and the octets are written as they came', () => {
  const kinds: readonly (readonly [Uint8Array, DeclaredTarget])[] = [
    [der(rsa.privateKey), { kty: 'RSA' }],
    ...CURVES.map(
      (curve) => [der(nativeKeyPair({ type: 'ec', namedCurve: curve === 'P-256K' ? 'secp256k1' : curve }).privateKey), { kty: 'EC' as const, curve }] as const,
    ),
    ...[16, 24, 32].map((size) => [new Uint8Array(size).fill(0x30), { kty: 'oct' as const }] as const),
  ]
  assert.is(kinds.length, 8)
  for (const [plaintext, declared] of kinds) {
    const read = readTarget(plaintext, declared, strict)
    assert.ok(read.ok, `${declared.kty} ${read.ok ? '' : read.fault.code}`)
    if (!read.ok) continue
    assert.is(read.value.key.type, declared.kty)
    assert.is(toHex(writeTarget(read.value.key)), toHex(plaintext))
  }
})

targets('BYOK-57 without a declared type either PKCS#8 is taken, and never raw octets', () => {
  const [first, second] = [readTarget(der(rsa.privateKey), {}, strict), readTarget(p256, {}, strict)]
  assert.ok(first.ok && first.value.key.type === 'RSA' && second.ok && second.value.key.type === 'EC')
  const raw = readTarget(new Uint8Array(32).fill(0x30), {}, strict)
  assert.is(!raw.ok && raw.fault.requirement, 'BYOK-69')
})

targets('BYOK-67 what is written of an oct key is a copy', () => {
  const k = new Uint8Array(16).fill(1)
  const written = writeTarget({ type: 'oct', k })
  k.fill(0)
  assert.is(toHex(written), '01'.repeat(16))
})

const rsaSpoilt = (change: Partial<Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi', Uint8Array>>) => {
  const jwk = rsa.privateKey.export({ format: 'jwk' }) as Record<string, string>
  const integers = (['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((name) => {
    const magnitude = change[name] ?? Uint8Array.from(Buffer.from(jwk[name]!, 'base64url'))
    return tlv(0x02, magnitude[0]! >= 0x80 ? join(Uint8Array.of(0), magnitude) : magnitude)
  })
  return pkcs8(rsaAlgorithm, seq(version(0), ...integers))
}
const part = (name: string) => Uint8Array.from(Buffer.from((rsa.privateKey.export({ format: 'jwk' }) as Record<string, string>)[name]!, 'base64url'))
const rsa1024 = der(nativeKeyPair({ type: 'rsa', modulusLength: 1024 }).privateKey)
const RSA = { kty: 'RSA' } as const
const EC = { kty: 'EC', curve: 'P-256' } as const

const refused: readonly (readonly [requirement: string, title: string, plaintext: Uint8Array, declared: DeclaredTarget, code: string])[] = [
  ['BYOK-57', 'a public key', seq(ecAlgorithm, bits(point256)), EC, 'pkcs8_public_key_given'],
  ['BYOK-58', 'an EC key where RSA is declared', p256, RSA, 'target_type_differs'],
  ['BYOK-58', 'an RSA key where EC is declared', der(rsa.privateKey), EC, 'target_type_differs'],
  ['BYOK-58', 'a P-256 key where P-256K is declared', p256, { kty: 'EC', curve: 'P-256K' }, 'target_curve_differs'],
  ['BYOK-58', 'an Ed25519 key', pkcs8(seq(oids.ed25519), octets(ec256.d)), EC, 'algorithm_unsupported'],
  ['BYOK-59', 'a private exponent that does not fit', rsaSpoilt({ d: part('dp') }), RSA, 'rsa_exponent_private_wrong'],
  ['BYOK-59', 'primes that do not make the modulus', rsaSpoilt({ q: part('p') }), RSA, 'rsa_primes_equal'],
  ['BYOK-59', 'a CRT exponent that does not fit', rsaSpoilt({ dp: part('dq') }), RSA, 'rsa_crt_dp_wrong'],
  ['BYOK-59', 'a CRT coefficient that does not fit', rsaSpoilt({ qi: part('dq') }), RSA, 'rsa_crt_qi_wrong'],
  ['BYOK-59', 'scalar zero', pkcs8(ecAlgorithm, seq(version(1), octets(new Uint8Array(32)))), EC, 'ec_scalar_out_of_range'],
  [
    'BYOK-59',
    'a public point off the curve',
    pkcs8(ecAlgorithm, ecPrivateKey(tlv(0xa1, bits(Uint8Array.of(4), ec256.x, ec256.x)))),
    EC,
    'ec_point_not_on_curve',
  ],
  [
    'BYOK-66',
    'the public point of another scalar',
    pkcs8(ecAlgorithm, seq(version(1), octets(hex('00'.repeat(31) + '02')), ecPoint)),
    EC,
    'ec_public_key_differs',
  ],
  ['BYOK-65', 'rsaEncryption without NULL', pkcs8(seq(oids.rsa), rsaPrivateKey()), RSA, 'algorithm_parameters_wrong'],
  ['BYOK-65', 'an unknown version of RSAPrivateKey', pkcs8(rsaAlgorithm, rsaPrivateKey(version(7))), RSA, 'rsa_version_unknown'],
  ['BYOK-66', 'another curve inside', pkcs8(ecAlgorithm, ecPrivateKey(ecParameters(oids.p256k), ecPoint)), EC, 'ec_curves_differ'],
  ['BYOK-66', 'a compressed point', pkcs8(ecAlgorithm, ecPrivateKey(tlv(0xa1, bits(Uint8Array.of(2), ec256.x)))), EC, 'ec_point_compressed'],
  ['BYOK-67', '20 octets', new Uint8Array(20), { kty: 'oct' }, 'target_oct_length_wrong'],
  ['BYOK-67', 'no octets', new Uint8Array(), { kty: 'oct' }, 'target_oct_length_wrong'],
  ['BYOK-67', 'a PKCS#8 where oct is declared', p256, { kty: 'oct' }, 'target_oct_length_wrong'],
  ['BYOK-69', 'PEM text', new TextEncoder().encode('-----BEGIN PRIVATE KEY-----\nAAAA'), EC, 'pkcs8_pem_text'],
  ['BYOK-69', 'BER', join(hex('3080'), p256.subarray(3), hex('0000')), EC, 'der_length_indefinite'],
  ['BYOK-69', 'a truncated key', p256.subarray(0, -1), EC, 'der_truncated'],
  ['BYOK-69', 'raw octets where RSA is declared', new Uint8Array(32).fill(7), RSA, 'der_tag_unexpected'],
  ['BYOK-70', 'an encrypted PKCS#8', seq(seq(oids.rsa), octets(ec256.d)), EC, 'pkcs8_encrypted'],
  ['BYOK-70', 'a bare RSAPrivateKey', rsaPrivateKey(), RSA, 'pkcs8_bare_pkcs1'],
  ['BYOK-70', 'a bare ECPrivateKey', ecPrivateKey(ecParameters(oids.p256)), EC, 'pkcs8_bare_sec1'],
  ['BYOK-70', 'RSASSA-PSS', pkcs8(seq(oids.pss), rsaPrivateKey()), RSA, 'algorithm_rsassa_pss'],
  ['BYOK-70', 'id-ecDH', pkcs8(seq(oids.ecdh, oids.p256), ecPrivateKey()), EC, 'algorithm_ecdh'],
  ['BYOK-70', 'id-ecMQV', pkcs8(seq(oids.ecmqv, oids.p256), ecPrivateKey()), EC, 'algorithm_ecmqv'],
  ['BYOK-70', 'explicit curve parameters', pkcs8(seq(oids.ec, seq(version(1))), ecPrivateKey()), EC, 'curve_explicit'],
  ['BYOK-70', 'three primes', pkcs8(rsaAlgorithm, rsaPrivateKey(version(1), seq())), RSA, 'rsa_multi_prime'],
  ['BYOK-71', 'PKCS#8 version 3', seq(version(2), rsaAlgorithm, octets(rsaPrivateKey())), RSA, 'pkcs8_version_unknown'],
  [
    'BYOK-71',
    'a public key of version 2 that differs',
    seq(version(1), ecAlgorithm, octets(ecPrivateKey(ecPoint)), tlv(0x81, Uint8Array.of(0, 4), ec256.y, ec256.x)),
    EC,
    'pkcs8_public_key_differs',
  ],
  ['BYOK-72', 'a zero byte behind the DER', join(p256, hex('00')), EC, 'der_trailing_bytes'],
  ['BYOK-73', 'an even exponent', rsaSpoilt({ e: hex('010000') }), RSA, 'rsa_exponent_even'],
  ['BYOK-73', 'exponent 1', rsaSpoilt({ e: hex('01') }), RSA, 'rsa_exponent_too_small'],
  ['BYOK-73', 'an exponent of 65 bits', rsaSpoilt({ e: hex('010000000000000001') }), RSA, 'rsa_exponent_too_large'],
  ['BYOK-74', 'RSA of 1024 bits', rsa1024, RSA, 'target_size_unsupported'],
  ['BYOK-74', 'P-224', pkcs8(seq(oids.ec, oids.p224), ecPrivateKey()), EC, 'curve_unknown'],
]
for (const [requirement, title, plaintext, declared, code] of refused)
  targets(`${requirement} ${title} is refused`, () => {
    const read = readTarget(plaintext, declared, strict)
    assert.not(read.ok)
    if (!read.ok) assert.equal({ code: read.fault.code, requirement: read.fault.requirement }, { code, requirement })
  })

targets('BYOK-72 zero bytes behind the DER are taken in lenient reading only, and are left out', () => {
  const read = readTarget(join(p256, new Uint8Array(6)), EC, lenient)
  assert.ok(read.ok && read.value.trailing === 6 && toHex(writeTarget(read.value.key)) === toHex(p256))
  assert.not(readTarget(join(p256, new Uint8Array(8)), EC, lenient).ok)
  // Octets of a symmetric key have no end of their own.
  assert.not(readTarget(new Uint8Array(33), { kty: 'oct' }, lenient).ok)
})

targets('BYOK-57 parseTarget leaves the arithmetic to the provider', () => {
  assert.ok(parseTarget(rsaSpoilt({ d: part('dp') }), RSA, strict).ok)
  assert.not(parseTarget(rsa1024, RSA, strict).ok)
})

targets('BYOK-60 a target is not the KEK', () => {
  const kek = decodeSpki(Uint8Array.from(rsa.publicKey.export({ format: 'der', type: 'spki' })))
  const [same, other] = [readTarget(der(rsa.privateKey), RSA, strict), readTarget(p256, EC, strict)]
  if (!kek.ok || !same.ok || !other.ok) return assert.unreachable()
  assert.equal(differsFromKek(same.value.key, kek.value as RsaPublicKey), { ok: false, fault: { code: 'target_is_kek', at: 'n', requirement: 'BYOK-60' } })
  assert.ok(differsFromKek(other.value.key, kek.value as RsaPublicKey).ok)
  assert.ok(differsFromKek({ type: 'oct', k: new Uint8Array(16) }, kek.value as RsaPublicKey).ok)
  assert.ok(differsFromKek(same.value.key, { ...(kek.value as RsaPublicKey), n: part('p') }).ok)
})

interface Blob {
  readonly tcId: number
  readonly name: string
  readonly result: string
  readonly target: string
  readonly kekPkcs8: string
  readonly blob: string
  readonly plaintext: string
}
interface Blobs {
  readonly tests: readonly Blob[]
}
/** `AES-128` and `P-384`, as the files name their targets. */
function declaredOf(target: string): DeclaredTarget {
  const curve = CURVES.find((name) => name === target)
  if (curve) return { kty: 'EC', curve }
  return { kty: target.startsWith('RSA') ? 'RSA' : 'oct' }
}
const announced = { 'openssl.json': 9, 'python.json': 10, 'nss.json': 1, 'softhsm2.json': 1 }
for (const [name, count] of Object.entries(announced)) {
  const file = thirdParty(`byok/${name}`)
  if (!file) {
    skip(targets, `byok/${name}`, NO_VECTORS)
    continue
  }
  const { tests } = JSON.parse(file.toString('utf8')) as Blobs
  targets(`byok/${name} has ${count} tests`, () => assert.is(tests.length, count))
  for (const test of tests)
    targets(`byok/${name} ${test.tcId} ${test.result}: ${test.name}`, () => {
      const plaintext = hex(test.plaintext)
      const [exact, tolerant] = [readTarget(plaintext, declaredOf(test.target), strict), readTarget(plaintext, declaredOf(test.target), lenient)]
      assert.is(exact.ok, test.result === 'valid')
      assert.ok(tolerant.ok)
      if (!tolerant.ok) return
      const written = toHex(writeTarget(tolerant.value.key)) + '00'.repeat(tolerant.value.trailing)
      assert.is(written, test.plaintext)
    })
}

// The plaintexts that break the specification, by what their vectors say of them.
const broken: Readonly<Record<string, string>> = {
  'PEM text instead of DER': 'BYOK-69 pkcs8_pem_text',
  'PKCS#8 followed by zero bytes (SoftHSM 2.6.1 form)': 'BYOK-72 der_trailing_bytes',
  'encrypted PKCS#8': 'BYOK-70 pkcs8_encrypted',
}
const negative = thirdParty('byok/negative.json')
if (!negative) skip(targets, 'byok/negative.json', NO_VECTORS)
else {
  const { tests } = JSON.parse(negative.toString('utf8')) as Blobs
  for (const [name, wanted] of Object.entries(broken))
    targets(`byok/negative.json ${name}: ${wanted}`, () => {
      const test = tests.find((candidate) => candidate.name === name)
      assert.ok(test)
      const read = readTarget(opened(test), declaredOf(test.target), strict)
      assert.is(read.ok ? 'accepted' : `${read.fault.requirement} ${read.fault.code}`, wanted)
    })
}

targets.run()

/** These vectors give the honest plaintext; what they wrapped instead is inside the blob, which node opens. */
function opened({ kekPkcs8, blob }: Blob): Uint8Array {
  const key = createPrivateKey({ key: Buffer.from(kekPkcs8, 'hex'), format: 'der', type: 'pkcs8' })
  const bytes = hex(blob)
  const size = key.asymmetricKeyDetails!.modulusLength! / 8
  const aes = privateDecrypt({ key, oaepHash: 'sha1', padding: constants.RSA_PKCS1_OAEP_PADDING }, bytes.subarray(0, size))
  const kwp = createDecipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'))
  return Uint8Array.from(Buffer.concat([kwp.update(bytes.subarray(size)), kwp.final()]))
}
