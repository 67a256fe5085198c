import { createPrivateKey, createPublicKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/bytes/hex.js'
import { CURVES } from '../../src/crypto/keys.js'
import { decodePkcs8, encodePkcs8, readPrivateKey } from '../../src/crypto/pkcs8.js'
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

const suite8 = suite('crypto: pkcs8')
const strict = { trailingZeros: false }
const lenient = { trailingZeros: true }

const goodEc = pkcs8(ecAlgorithm, ecPrivateKey(ecPoint))
const goodRsa = pkcs8(rsaAlgorithm, rsaPrivateKey())
const v2 = (algorithm: Uint8Array, key: Uint8Array, ...more: readonly Uint8Array[]) => seq(version(1), algorithm, octets(key), ...more)
const spoiltPoint = (form: number, ...coordinates: readonly Uint8Array[]) =>
  pkcs8(ecAlgorithm, ecPrivateKey(tlv(0xa1, bits(join(Uint8Array.of(form), ...coordinates)))))
const scalar = (d: Uint8Array) => pkcs8(ecAlgorithm, seq(version(1), octets(d)))
const attributes = tlv(0xa0, seq(hex('0603551d0f'), tlv(0x31, hex('03020780'))))

/** `genpkey` writes the traditional form as DER where there is one. */
const genpkey = (options: string) => openssl('pkcs8 -topk8 -nocrypt -outform DER', openssl(`genpkey ${options}`))

const refused: readonly (readonly [title: string, bytes: Uint8Array, code: string, at: string])[] = [
  ['BYOK-70 an encrypted PKCS#8', seq(seq(hex('06092a864886f70d01050d'), seq()), octets(new Uint8Array(16))), 'pkcs8_encrypted', 'offset 0'],
  ['BYOK-70 a bare RSAPrivateKey', rsaPrivateKey(), 'pkcs8_bare_pkcs1', 'offset 0'],
  ['BYOK-70 a bare ECPrivateKey', ecPrivateKey(ecParameters(oids.p256), ecPoint), 'pkcs8_bare_sec1', 'offset 0'],
  ['BYOK-70 a bare ECPrivateKey with zero bytes behind it', join(ecPrivateKey(ecParameters(oids.p256)), new Uint8Array(3)), 'pkcs8_bare_sec1', 'offset 0'],
  ['a SubjectPublicKeyInfo', seq(ecAlgorithm, bits(point256)), 'pkcs8_public_key_given', 'offset 0'],
  ['an RSAPublicKey', rsaPublicKey(), 'pkcs8_public_key_given', 'offset 0'],
  ['BYOK-69 PEM text', new TextEncoder().encode('-----BEGIN PRIVATE KEY-----\n'), 'pkcs8_pem_text', 'offset 0'],
  ['BYOK-71 version 3', seq(version(2), rsaAlgorithm, octets(rsaPrivateKey())), 'pkcs8_version_unknown', 'PrivateKeyInfo.version, offset 2'],
  ['BYOK-70 RSASSA-PSS', pkcs8(seq(oids.pss), rsaPrivateKey()), 'algorithm_rsassa_pss', 'PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 7'],
  ['BYOK-70 id-ecDH', pkcs8(seq(oids.ecdh, oids.p256), ecPrivateKey(ecPoint)), 'algorithm_ecdh', 'PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 8'],
  ['BYOK-70 id-ecMQV', pkcs8(seq(oids.ecmqv, oids.p256), ecPrivateKey(ecPoint)), 'algorithm_ecmqv', 'PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 8'],
  ['BYOK-58 id-RSAES-OAEP', pkcs8(seq(oids.oaep), rsaPrivateKey()), 'algorithm_unsupported', 'PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 7'],
  ['BYOK-58 Ed25519', pkcs8(seq(oids.ed25519), octets(ec256.d)), 'algorithm_unsupported', 'PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 7'],
  [
    'BYOK-58 DSA',
    pkcs8(seq(oids.dsa, seq(version(7), version(5), version(3))), version(2)),
    'algorithm_unsupported',
    'PrivateKeyInfo.privateKeyAlgorithm.algorithm, offset 7',
  ],
  [
    'BYOK-65 rsaEncryption without parameters',
    pkcs8(seq(oids.rsa), rsaPrivateKey()),
    'algorithm_parameters_wrong',
    'PrivateKeyInfo.privateKeyAlgorithm.parameters, offset 18',
  ],
  [
    'BYOK-65 rsaEncryption with other parameters',
    pkcs8(seq(oids.rsa, version(0)), rsaPrivateKey()),
    'algorithm_parameters_wrong',
    'PrivateKeyInfo.privateKeyAlgorithm.parameters, offset 18',
  ],
  [
    'BYOK-70 explicit curve parameters',
    pkcs8(seq(oids.ec, seq(version(1))), ecPrivateKey(ecPoint)),
    'curve_explicit',
    'PrivateKeyInfo.privateKeyAlgorithm.parameters, offset 17',
  ],
  [
    'BYOK-70 implicit curve parameters',
    pkcs8(seq(oids.ec, nothing), ecPrivateKey(ecPoint)),
    'curve_implicit',
    'PrivateKeyInfo.privateKeyAlgorithm.parameters, offset 16',
  ],
  ['BYOK-70 no curve parameters', pkcs8(seq(oids.ec), ecPrivateKey(ecPoint)), 'curve_implicit', 'PrivateKeyInfo.privateKeyAlgorithm.parameters, offset 16'],
  ['BYOK-74 P-224', pkcs8(seq(oids.ec, oids.p224), ecPrivateKey(ecPoint)), 'curve_unknown', 'PrivateKeyInfo.privateKeyAlgorithm.parameters, offset 17'],
  [
    'BYOK-70 three primes',
    pkcs8(rsaAlgorithm, rsaPrivateKey(version(1), seq(seq(version(3), version(1), version(1))))),
    'rsa_multi_prime',
    'PrivateKeyInfo.privateKey.RSAPrivateKey.version, offset 24',
  ],
  [
    'BYOK-65 RSAPrivateKey version 2',
    pkcs8(rsaAlgorithm, rsaPrivateKey(version(2))),
    'rsa_version_unknown',
    'PrivateKeyInfo.privateKey.RSAPrivateKey.version, offset 24',
  ],
  [
    'BYOK-70 three primes under the version of two',
    pkcs8(rsaAlgorithm, rsaPrivateKey(version(0), seq())),
    'der_trailing_bytes',
    'PrivateKeyInfo.privateKey.RSAPrivateKey, offset 51',
  ],
  [
    'BYOK-66 ECPrivateKey version 0',
    pkcs8(ecAlgorithm, seq(version(0), octets(ec256.d))),
    'ec_version_unknown',
    'PrivateKeyInfo.privateKey.ECPrivateKey.version, offset 30',
  ],
  [
    'BYOK-66 a scalar without its leading zero byte',
    scalar(ec256.d.subarray(1)),
    'ec_scalar_length_wrong',
    'PrivateKeyInfo.privateKey.ECPrivateKey.privateKey, offset 33',
  ],
  [
    'BYOK-66 a scalar with a byte too many',
    scalar(join(Uint8Array.of(0), ec256.d)),
    'ec_scalar_length_wrong',
    'PrivateKeyInfo.privateKey.ECPrivateKey.privateKey, offset 33',
  ],
  ['BYOK-59 scalar zero', scalar(new Uint8Array(32)), 'ec_scalar_out_of_range', 'PrivateKeyInfo.privateKey.ECPrivateKey.privateKey, offset 33'],
  [
    'BYOK-59 the order as scalar',
    scalar(hex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')),
    'ec_scalar_out_of_range',
    'PrivateKeyInfo.privateKey.ECPrivateKey.privateKey, offset 33',
  ],
  [
    'BYOK-66 another curve inside',
    pkcs8(ecAlgorithm, ecPrivateKey(ecParameters(oids.p256k), ecPoint)),
    'ec_curves_differ',
    'PrivateKeyInfo.privateKey.ECPrivateKey.parameters, offset 68',
  ],
  [
    'BYOK-70 explicit curve parameters inside',
    pkcs8(ecAlgorithm, ecPrivateKey(ecParameters(seq(version(1))), ecPoint)),
    'curve_explicit',
    'PrivateKeyInfo.privateKey.ECPrivateKey.parameters, offset 70',
  ],
  ['BYOK-66 the point at infinity', spoiltPoint(0), 'ec_point_infinity', 'PrivateKeyInfo.privateKey.ECPrivateKey.publicKey, offset 69'],
  ['BYOK-66 a compressed point', spoiltPoint(3, ec256.x), 'ec_point_compressed', 'PrivateKeyInfo.privateKey.ECPrivateKey.publicKey, offset 69'],
  ['BYOK-66 a hybrid point', spoiltPoint(7, ec256.x, ec256.y), 'ec_point_form_unknown', 'PrivateKeyInfo.privateKey.ECPrivateKey.publicKey, offset 70'],
  [
    'BYOK-66 a point without its last byte',
    spoiltPoint(4, ec256.x, ec256.y.subarray(1)),
    'ec_point_length_wrong',
    'PrivateKeyInfo.privateKey.ECPrivateKey.publicKey, offset 70',
  ],
  [
    'BYOK-71 a public key of version 2 in version 1',
    pkcs8(ecAlgorithm, ecPrivateKey(), tlv(0x81, Uint8Array.of(0), point256)),
    'pkcs8_public_key_in_v1',
    'PrivateKeyInfo.publicKey, offset 68',
  ],
  [
    'BYOK-71 another RSA public key',
    v2(rsaAlgorithm, rsaPrivateKey(), tlv(0x81, Uint8Array.of(0), rsaPublicKey(0x57))),
    'pkcs8_public_key_differs',
    'PrivateKeyInfo.publicKey, offset 51',
  ],
  [
    'BYOK-71 two EC public keys that differ',
    v2(ecAlgorithm, ecPrivateKey(ecPoint), tlv(0x81, Uint8Array.of(0, 4), ec256.y, ec256.x)),
    'pkcs8_public_key_differs',
    'PrivateKeyInfo.publicKey, offset 138',
  ],
  [
    'BYOK-69 something behind the public key',
    v2(ecAlgorithm, ecPrivateKey(), tlv(0x81, Uint8Array.of(0), point256), nothing),
    'der_trailing_bytes',
    'PrivateKeyInfo, offset 136',
  ],
  [
    'BYOK-69 something behind the ECPrivateKey',
    pkcs8(ecAlgorithm, join(ecPrivateKey(), nothing)),
    'der_trailing_bytes',
    'PrivateKeyInfo.privateKey, offset 67',
  ],
  [
    'BYOK-69 a negative modulus',
    pkcs8(rsaAlgorithm, seq(version(0), hex('0201d5'))),
    'der_integer_negative',
    'PrivateKeyInfo.privateKey.RSAPrivateKey.modulus, offset 27',
  ],
  [
    'BYOK-69 a modulus with a needless zero byte',
    pkcs8(rsaAlgorithm, seq(version(0), hex('02020055'))),
    'der_integer_not_minimal',
    'PrivateKeyInfo.privateKey.RSAPrivateKey.modulus, offset 27',
  ],
  ['BYOK-69 BER: an indefinite length', join(hex('3080'), goodRsa.subarray(2), hex('0000')), 'der_length_indefinite', 'PrivateKeyInfo, offset 1'],
  ['BYOK-69 BER: a long length', join(hex('3081'), goodRsa.subarray(1)), 'der_length_not_minimal', 'PrivateKeyInfo, offset 1'],
  ['BYOK-69 spoilt attributes', pkcs8(ecAlgorithm, ecPrivateKey(), hex('a003028100')), 'der_length_not_minimal', 'PrivateKeyInfo.attributes.…, offset 70'],
  ['BYOK-69 a truncated key', goodEc.subarray(0, -1), 'der_truncated', 'PrivateKeyInfo, offset 3'],
  ['BYOK-99 nothing', new Uint8Array(), 'der_truncated', 'PrivateKeyInfo, offset 0'],
  ['BYOK-72 one zero byte where none is allowed', join(goodEc, Uint8Array.of(0)), 'der_trailing_bytes', `offset ${goodEc.length}`],
]

for (const [title, bytes, code, at] of refused)
  suite8(`${title} is refused`, () => {
    const read = decodePkcs8(bytes, strict)
    assert.not(read.ok)
    if (!read.ok) assert.equal({ code: read.fault.code, at: read.fault.at }, { code, at })
  })

const trailing: readonly (readonly [title: string, tail: string, accepted: boolean])[] = [
  ['no byte', '', true],
  ['one zero byte', '00', true],
  ['seven zero bytes', '00000000000000', true],
  ['eight zero bytes', '0000000000000000', false],
  ['a byte that is not zero', '01', false],
  ['zero bytes and another one', '000001', false],
]
for (const [title, tail, accepted] of trailing)
  suite8(`BYOK-72 lenient: ${title} behind the DER is ${accepted ? 'taken' : 'refused'}`, () => {
    for (const good of [goodEc, goodRsa]) {
      const read = decodePkcs8(join(good, hex(tail)), lenient)
      if (accepted) assert.ok(read.ok && read.value.trailing === tail.length / 2 && toHex(encodePkcs8(read.value.key)) === toHex(good))
      else assert.ok(!read.ok && read.fault.code === 'der_trailing_bytes' && read.fault.at === `offset ${good.length}`)
    }
  })

const taken: readonly (readonly [title: string, bytes: Uint8Array, how: object])[] = [
  ['BYOK-66 no public point: it is computed', pkcs8(ecAlgorithm, ecPrivateKey()), { version: 1, attributes: false, publicKey: 'derived' }],
  ['BYOK-66 the curve said twice', pkcs8(ecAlgorithm, ecPrivateKey(ecParameters(oids.p256), ecPoint)), { version: 1, attributes: false, publicKey: 'given' }],
  ['BYOK-71 attributes in version 1', pkcs8(ecAlgorithm, ecPrivateKey(ecPoint), attributes), { version: 1, attributes: true, publicKey: 'given' }],
  ['BYOK-71 version 2 with nothing more', v2(ecAlgorithm, ecPrivateKey(ecPoint)), { version: 2, attributes: false, publicKey: 'given' }],
  [
    'BYOK-71 version 2 with attributes and public key',
    v2(ecAlgorithm, ecPrivateKey(), attributes, tlv(0x81, Uint8Array.of(0), point256)),
    { version: 2, attributes: true, publicKey: 'given' },
  ],
]
for (const [title, bytes, how] of taken)
  suite8(`${title} is taken`, () => {
    const read = readPrivateKey(bytes, strict)
    assert.ok(read.ok, read.ok ? '' : read.fault.code)
    if (!read.ok) return
    const { key, trailing: zeros, ...rest } = read.value
    assert.is(zeros, 0)
    assert.equal(rest, how)
    assert.is(toHex(encodePkcs8(key)), toHex(goodEc))
  })

suite8('BYOK-71 version 2 of an RSA key with its public key is taken', () => {
  const read = decodePkcs8(v2(rsaAlgorithm, rsaPrivateKey(), tlv(0x81, Uint8Array.of(0), rsaPublicKey())), strict)
  assert.ok(read.ok && read.value.version === 2 && toHex(encodePkcs8(read.value.key)) === toHex(goodRsa))
})

suite8('BYOK-59 a public point that is not the scalar’s is refused by the check', () => {
  for (const bytes of [
    pkcs8(ecAlgorithm, ecPrivateKey(tlv(0xa1, bits(Uint8Array.of(4), ec256.x, flipped(ec256.y))))),
    v2(ecAlgorithm, ecPrivateKey(), tlv(0x81, Uint8Array.of(0, 4), ec256.x, flipped(ec256.y))),
  ]) {
    assert.ok(decodePkcs8(bytes, strict).ok)
    const read = readPrivateKey(bytes, strict)
    assert.ok(!read.ok && read.fault.code === 'ec_point_not_on_curve')
  }
})

suite8('a key is a copy: wiping the input leaves it alone', () => {
  const bytes = goodEc.slice()
  const read = decodePkcs8(bytes, strict)
  bytes.fill(0)
  assert.ok(read.ok && toHex(encodePkcs8(read.value.key)) === toHex(goodEc))
})

suite8('no fault shows bytes of a raw key that is read as PKCS#8', () => {
  for (let first = 0; first < 256; first++) {
    const read = decodePkcs8(Uint8Array.of(first, ...ec256.x.subarray(1)), strict)
    assert.ok(!read.ok && read.fault.found === undefined, String(first))
  }
})

for (const curve of CURVES)
  suite8(`BYOK-66 ${curve}: as node:crypto writes it, byte for byte`, () => {
    const namedCurve = curve === 'P-256K' ? 'secp256k1' : curve
    const { privateKey } = nativeKeyPair({ type: 'ec', namedCurve })
    const bytes = Uint8Array.from(privateKey.export({ format: 'der', type: 'pkcs8' }))
    const read = readPrivateKey(bytes, strict)
    assert.ok(read.ok)
    if (!read.ok || read.value.key.type !== 'EC') return assert.unreachable()
    assert.is(toHex(encodePkcs8(read.value.key)), toHex(bytes))
    const jwk = privateKey.export({ format: 'jwk' })
    for (const part of ['d', 'x', 'y'] as const) assert.is(Buffer.from(read.value.key[part]).toString('base64url'), jwk[part])

    // As a token writes it that stores no public point. OpenSSL computes it as well.
    const short = encodePkcs8(read.value.key, { publicKey: false })
    const again = readPrivateKey(short, strict)
    assert.ok(again.ok && again.value.publicKey === 'derived' && toHex(encodePkcs8(again.value.key)) === toHex(bytes))
    const native = createPublicKey(createPrivateKey({ key: Buffer.from(short), format: 'der', type: 'pkcs8' })).export({ format: 'jwk' })
    assert.equal([native.x, native.y], [jwk.x, jwk.y])
  })

suite8('BYOK-65 RSA: as node:crypto writes it, byte for byte', () => {
  const { privateKey } = nativeKeyPair({ type: 'rsa', modulusLength: 2048 })
  const bytes = Uint8Array.from(privateKey.export({ format: 'der', type: 'pkcs8' }))
  const read = readPrivateKey(bytes, strict)
  assert.ok(read.ok && read.value.key.type === 'RSA')
  if (!read.ok || read.value.key.type !== 'RSA') return
  assert.is(toHex(encodePkcs8(read.value.key)), toHex(bytes))
  const jwk = privateKey.export({ format: 'jwk' })
  for (const part of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const) assert.is(Buffer.from(read.value.key[part]).toString('base64url'), jwk[part])
})

for (const [kind, options] of Object.entries(OPENSSL_KINDS)) {
  const title = `${kind}: as openssl writes it, byte for byte`
  if (opensslMissing) skip(suite8, title, opensslMissing)
  else
    suite8(title, () => {
      const bytes = genpkey(options)
      const read = readPrivateKey(bytes, strict)
      assert.ok(read.ok && toHex(encodePkcs8(read.value.key)) === toHex(bytes))
    })
}

const opensslRefused: readonly (readonly [title: string, make: () => Uint8Array, code: string])[] = [
  ['BYOK-70 an encrypted key', () => openssl('pkcs8 -topk8 -passout pass:x -outform DER', openssl(`genpkey ${OPENSSL_KINDS['P-256']}`)), 'pkcs8_encrypted'],
  [
    'BYOK-70 the traditional form of an RSA key',
    () => openssl('rsa -traditional -outform DER', openssl(`genpkey ${OPENSSL_KINDS['RSA-2048']}`)),
    'pkcs8_bare_pkcs1',
  ],
  ['BYOK-70 the traditional form of an EC key', () => openssl('ec -outform DER', openssl(`genpkey ${OPENSSL_KINDS['P-384']}`)), 'pkcs8_bare_sec1'],
  ['a public key', () => openssl('pkey -pubout -outform DER', openssl(`genpkey ${OPENSSL_KINDS['P-521']}`)), 'pkcs8_public_key_given'],
  ['BYOK-70 an RSA-PSS key', () => genpkey('-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048'), 'algorithm_rsassa_pss'],
  ['BYOK-58 an Ed25519 key', () => genpkey('-algorithm ED25519'), 'algorithm_unsupported'],
  ['BYOK-58 an X25519 key', () => genpkey('-algorithm X25519'), 'algorithm_unsupported'],
  ['BYOK-70 a key with three primes', () => genpkey('-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3'), 'rsa_multi_prime'],
  ['BYOK-70 explicit parameters', () => genpkey('-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit'), 'curve_explicit'],
  ['BYOK-74 a curve that is not one of the four', () => genpkey('-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1'), 'curve_unknown'],
  ['BYOK-74 RSA of 1024 bits', () => genpkey('-algorithm RSA -pkeyopt rsa_keygen_bits:1024'), 'rsa_modulus_size_unsupported'],
]
for (const [title, make, code] of opensslRefused) {
  if (opensslMissing) skip(suite8, `${title} of openssl is refused`, opensslMissing)
  else
    suite8(`${title} of openssl is refused`, () => {
      const read = readPrivateKey(make(), strict)
      assert.not(read.ok)
      if (!read.ok) assert.is(read.fault.code, code)
    })
}

const pyca: readonly (readonly [file: string, code: string])[] = [
  ['ec_private_key.pem', 'accepted'],
  ['unenc-rsa-pkcs8.pem', 'rsa_modulus_size_unsupported'],
  ['unenc-dsa-pkcs8.pem', 'algorithm_unsupported'],
  // NIST's K-233, which OpenSSL names "wap-wsg-idm-ecid-wtls3".
  ['withdompar_private.pkcs8.pem', 'curve_unknown'],
]
for (const [file, code] of pyca) {
  const pem = thirdParty(`pyca/${file}`)
  if (!pem) skip(suite8, `pyca ${file}`, NO_VECTORS)
  else
    suite8(`pyca ${file}: ${code}`, () => {
      const body = /-----BEGIN PRIVATE KEY-----\n([\s\S]*?)-----END/.exec(pem.toString('utf8'))![1]!
      const read = readPrivateKey(Uint8Array.from(Buffer.from(body, 'base64')), strict)
      assert.is(read.ok ? 'accepted' : read.fault.code, code)
    })
}

suite8.run()

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[copy.length - 1]! ^= 1
  return copy
}
