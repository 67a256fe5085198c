import { createPrivateKey, createPublicKey, generatePrimeSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EcPrivateKey, RsaPrivateKey } from '../../src/crypto/keys.js'
import {
  capiBytes,
  CAPI_ALGORITHM,
  completeRsaKey,
  decodeEccKeyBlob,
  decodeKeyDataBlob,
  decodePrivateKeyBlob,
  decodePublicKeyBlob,
  decodeRsaKeyBlob,
  ECC_KEY_MAGICS,
  encodeEccKeyBlob,
  encodeKeyDataBlob,
  encodePrivateKeyBlob,
  encodePublicKeyBlob,
  encodeRsaKeyBlob,
  fitsCapi,
  type EccKeyBlob,
  type RsaKeyBlob,
} from '../../src/ski/blobs/index.js'
import { hex } from '../crypto/handmade.js'
import { openssl, opensslMissing } from '../crypto/openssl.js'
import { skip } from '../skip.js'
import { assertRefused, assertStrict, assertTotal, type Codec } from './codec-laws.js'
import { ecKey, rsaKey } from './keys.js'

const blobs = suite('ski: key blobs')

/** Numbers as `DWORD`s and bytes as they are, put together by Buffer. */
const layOut = (...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(
    Buffer.concat(
      parts.map((part) => {
        if (typeof part !== 'number') return part
        const word = Buffer.alloc(4)
        word.writeUInt32LE(part)
        return word
      }),
    ),
  )
const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const padded = (bytes: Uint8Array, length: number): Uint8Array => layOut(new Uint8Array(length - bytes.length), bytes)
const backwards = (bytes: Uint8Array, length: number): Uint8Array => padded(bytes, length).reverse()
/** A copy with some bytes replaced. */
const spoiled = (bytes: Uint8Array, at: number, ...replacement: readonly number[]): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy.set(replacement, at)
  return copy
}

const { native: nativeRsa, key: rsa } = rsaKey(2048)
const rsa1024 = rsaKey(1024).key
const small = rsaKey(2048, 3).key
const publicOf = ({ n, e }: RsaPrivateKey) => ({ type: 'RSA', n, e }) as const
const primesOf = ({ n, e, p, q }: RsaPrivateKey) => ({ type: 'RSA', n, e, p, q }) as const
const pointOf = ({ curve, x, y }: EcPrivateKey) => ({ type: 'EC', curve, x, y }) as const

// BCRYPT_KEY_DATA_BLOB

const keyData: Codec<Uint8Array> = { encode: encodeKeyDataBlob, decode: decodeKeyDataBlob }
const key256 = Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at)

blobs('SKI-81 a key data blob of AES-256 is 44 bytes', () => {
  const wanted = layOut(ascii('KDBM'), 1, 32, key256)
  assert.is(wanted.length, 44)
  assert.equal(encodeKeyDataBlob(key256), wanted)
  assert.equal(decodeKeyDataBlob(wanted), { ok: true, value: key256 })
})

blobs('SKI-81 a key data blob undoes itself and takes nothing else', async () => {
  for (const length of [1, 16, 24, 32, 100]) assertStrict(keyData, key256.slice(0, 1).length === length ? key256.slice(0, 1) : new Uint8Array(length).fill(7))
  await assertTotal(keyData, [encodeKeyDataBlob(key256)])
})

const goodKeyData = encodeKeyDataBlob(key256)
const keyDataFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  ['nothing', new Uint8Array(), { code: 'structure_truncated', at: 'BCRYPT_KEY_DATA_BLOB.dwMagic, offset 0', wanted: 4 }],
  ['another magic', spoiled(goodKeyData, 3, 0x4e), { code: 'key_data_magic_unknown', at: 'BCRYPT_KEY_DATA_BLOB.dwMagic, offset 0', wanted: 0x4d42444b }],
  ['version 2', spoiled(goodKeyData, 4, 2), { code: 'key_data_version_unknown', at: 'BCRYPT_KEY_DATA_BLOB.dwVersion, offset 4', found: 2, wanted: 1 }],
  ['version 0', spoiled(goodKeyData, 4, 0), { code: 'key_data_version_unknown', at: 'BCRYPT_KEY_DATA_BLOB.dwVersion, offset 4', found: 0, wanted: 1 }],
  [
    'a length that differs',
    spoiled(goodKeyData, 8, 31),
    { code: 'structure_length_differs', at: 'BCRYPT_KEY_DATA_BLOB.cbKeyData, offset 8', found: 31, wanted: 32 },
  ],
  ['no key', layOut(ascii('KDBM'), 1, 0), { code: 'key_data_empty', at: 'BCRYPT_KEY_DATA_BLOB.cbKeyData, offset 8' }],
]
for (const [name, bytes, fault] of keyDataFaults)
  blobs(`SKI-81 refuses a key data blob: ${name}`, () => assertRefused(decodeKeyDataBlob(bytes), { ...fault, requirement: 'SKI-81' }))

// BCRYPT_RSAKEY_BLOB

const rsaBlob: Codec<RsaKeyBlob> = { encode: encodeRsaKeyBlob, decode: decodeRsaKeyBlob }
const halves = (key: RsaPrivateKey) => [padded(key.dp, key.p.length), padded(key.dq, key.q.length), padded(key.qi, key.p.length)]

blobs('SKI-82 RSA1 is header, exponent, modulus', () => {
  const wanted = layOut(ascii('RSA1'), 2048, 3, 256, 0, 0, rsa.e, rsa.n)
  assert.is(wanted.length, 24 + 3 + 256)
  assert.equal(encodeRsaKeyBlob({ form: 'public', key: publicOf(rsa) }), wanted)
  assert.equal(encodeRsaKeyBlob({ form: 'public', key: rsa }), wanted)
})

blobs('SKI-82 RSA2 adds the primes, RSA3 all the rest', () => {
  const primes = [rsa.e, rsa.n, rsa.p, rsa.q]
  assert.equal(encodeRsaKeyBlob({ form: 'private', key: rsa }), layOut(ascii('RSA2'), 2048, 3, 256, 128, 128, ...primes))
  const full = layOut(ascii('RSA3'), 2048, 3, 256, 128, 128, ...primes, ...halves(rsa), padded(rsa.d, 256))
  assert.equal(encodeRsaKeyBlob({ form: 'full', key: rsa }), full)
  assert.is(full.length, 24 + 3 + 256 + 5 * 128 + 256)
})

blobs('SKI-82 an RSA key blob undoes itself and takes nothing else', async () => {
  const values: readonly RsaKeyBlob[] = [
    { form: 'public', key: publicOf(rsa) },
    { form: 'private', key: primesOf(small) },
    { form: 'full', key: rsa1024 },
  ]
  for (const value of values) assertStrict(rsaBlob, value)
  await assertTotal(rsaBlob, values.map(encodeRsaKeyBlob))
})

blobs('SKI-82 numbers behind the primes may begin with zero bytes, and come back without', () => {
  const key = { ...rsa1024, dp: hex('05'), dq: hex('00'), qi: hex('0102'), d: hex('03') }
  const bytes = encodeRsaKeyBlob({ form: 'full', key })
  assert.is(bytes.length, encodeRsaKeyBlob({ form: 'full', key: rsa1024 }).length)
  assert.equal(decodeRsaKeyBlob(bytes), { ok: true, value: { form: 'full', key } })
})

const goodPublic = encodeRsaKeyBlob({ form: 'public', key: rsa })
const goodPrivate = encodeRsaKeyBlob({ form: 'private', key: rsa })
const at = (member: string, offset: number) => `BCRYPT_RSAKEY_BLOB.${member}, offset ${offset}`
const RSA_SIZES = 'a multiple of 16 from 512 to 16384'
const rsaFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  ['another magic', spoiled(goodPublic, 3, 0x34), { code: 'rsa_blob_magic_unknown', at: at('Magic', 0), wanted: 'RSA1, RSA2 or RSA3' }],
  ['a size between the sizes', spoiled(goodPublic, 4, 1), { code: 'rsa_blob_size_unsupported', at: at('BitLength', 4), found: 2049, wanted: RSA_SIZES }],
  ['a size of nothing', spoiled(goodPublic, 4, 0, 0), { code: 'rsa_blob_size_unsupported', at: at('BitLength', 4), found: 0, wanted: RSA_SIZES }],
  [
    'a modulus length that differs',
    spoiled(goodPublic, 12, 0xff, 0),
    { code: 'rsa_blob_modulus_length_differs', at: at('cbModulus', 12), found: 255, wanted: 256 },
  ],
  ['a prime in a public key', spoiled(goodPublic, 16, 1), { code: 'rsa_blob_primes_in_public', at: at('cbPrime1', 16), found: 1, wanted: 0 }],
  ['a second prime in a public key', spoiled(goodPublic, 20, 2), { code: 'rsa_blob_primes_in_public', at: at('cbPrime2', 20), found: 2, wanted: 0 }],
  [
    'an exponent with a zero byte',
    layOut(ascii('RSA1'), 2048, 4, 256, 0, 0, padded(rsa.e, 4), rsa.n),
    { code: 'rsa_blob_exponent_not_minimal', at: at('PublicExponent', 24) },
  ],
  ['no exponent', layOut(ascii('RSA1'), 2048, 0, 256, 0, 0, rsa.n), { code: 'rsa_blob_exponent_not_minimal', at: at('PublicExponent', 24) }],
  ['a modulus that is too short', spoiled(goodPublic, 27, 0x7f), { code: 'rsa_blob_modulus_size_differs', at: at('Modulus', 27), found: 2047, wanted: 2048 }],
  ['a prime with a zero byte', spoiled(goodPrivate, 283, 0), { code: 'rsa_blob_prime_not_minimal', at: at('Prime1', 283) }],
  ['no second prime', layOut(ascii('RSA2'), 2048, 3, 256, 128, 0, rsa.e, rsa.n, rsa.p), { code: 'rsa_blob_prime_not_minimal', at: at('Prime2', 411) }],
  ['a prime that is cut off', goodPrivate.subarray(0, 500), { code: 'structure_truncated', at: at('Prime2', 411), found: 89, wanted: 128 }],
]
for (const [name, bytes, fault] of rsaFaults)
  blobs(`SKI-82 refuses an RSA key blob: ${name}`, () => assertRefused(decodeRsaKeyBlob(bytes), { ...fault, requirement: 'SKI-82' }))

blobs('SKI-82 a key that no blob can say is the caller’s mistake', () => {
  assert.throws(() => encodeRsaKeyBlob({ form: 'public', key: { type: 'RSA', n: hex('ff'), e: hex('03') } }), TypeError)
  assert.throws(() => encodeRsaKeyBlob({ form: 'public', key: { ...publicOf(rsa), e: hex('00') } }), TypeError)
  assert.throws(() => encodeRsaKeyBlob({ form: 'full', key: { ...rsa, dp: rsa.d } }), TypeError)
})

blobs('SKI-82 a key is completed from its primes as node:crypto made it', () => {
  for (const key of [rsa, small]) {
    const completed = completeRsaKey(primesOf(key))
    assert.ok(completed.ok)
    // The private exponent has two usual values; modulo p - 1 and q - 1 they are one.
    assert.equal({ ...completed.value, d: key.d }, key)
    const der = createPrivateKey({ key: toJwk(completed.value), format: 'jwk' })
    assert.ok(createPublicKey(der).equals(createPublicKey(createPrivateKey({ key: toJwk(key), format: 'jwk' }))))
  }
})

blobs('SKI-214 no key is completed from numbers that make none', () => {
  const primes = primesOf(rsa)
  const code = (parts: Partial<RsaPrivateKey>, options = {}) => {
    const completed = completeRsaKey({ ...primes, ...parts }, options)
    return completed.ok ? 'completed' : completed.fault.code
  }
  assert.is(code({ p: hex('01') }), 'rsa_prime_size_wrong')
  assert.is(code({ q: spoiled(rsa.q, 127, rsa.q[127]! & 0xfe) }), 'rsa_prime_even')
  assert.is(code({ q: rsa.p }), 'rsa_modulus_not_product')
  assert.is(code(primesOf(rsa1024)), 'rsa_modulus_size_unsupported')
  assert.is(code(primesOf(rsa1024), { rsaBits: [1024] }), 'completed')
  // 3 divides p - 1, so no exponent undoes 3.
  for (;;) {
    const p = generatePrimeSync(1024, { add: 6n, rem: 1n, bigint: true })
    const n = p * BigInt(`0x${Buffer.from(rsa.q).toString('hex')}`)
    if (n >> 2047n === 0n) continue
    assert.is(code({ n: hex(n.toString(16)), e: hex('03'), p: hex(p.toString(16)) }), 'rsa_exponent_private_wrong')
    break
  }
})

// BCRYPT_ECCKEY_BLOB

const eccBlob: Codec<EccKeyBlob> = { encode: encodeEccKeyBlob, decode: decodeEccKeyBlob }
const SIZES = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const
const magics: readonly (readonly [text: string, curve: keyof typeof SIZES, use: 'exchange' | 'signature', form: 'public' | 'private'])[] = [
  ['ECK1', 'P-256', 'exchange', 'public'],
  ['ECK2', 'P-256', 'exchange', 'private'],
  ['ECK3', 'P-384', 'exchange', 'public'],
  ['ECK4', 'P-384', 'exchange', 'private'],
  ['ECK5', 'P-521', 'exchange', 'public'],
  ['ECK6', 'P-521', 'exchange', 'private'],
  ['ECS1', 'P-256', 'signature', 'public'],
  ['ECS2', 'P-256', 'signature', 'private'],
  ['ECS3', 'P-384', 'signature', 'public'],
  ['ECS4', 'P-384', 'signature', 'private'],
  ['ECS5', 'P-521', 'signature', 'public'],
  ['ECS6', 'P-521', 'signature', 'private'],
]

for (const [text, curve, use, form] of magics)
  blobs(`SKI-83 ${text}: ${form} ${use} key on ${curve}`, () => {
    const { key } = ecKey(curve)
    const blob: EccKeyBlob = form === 'public' ? { use, form, key: pointOf(key) } : { use, form, key }
    const numbers = form === 'public' ? [key.x, key.y] : [key.x, key.y, key.d]
    assert.equal(encodeEccKeyBlob(blob), layOut(ascii(text), SIZES[curve], ...numbers))
    assertStrict(eccBlob, blob)
  })

const ec = ecKey('P-256').key
const goodEc = encodeEccKeyBlob({ use: 'signature', form: 'private', key: ec })

blobs('SKI-83 there are twelve magics, and a private P-256 blob has 104 bytes', () => {
  assert.equal(
    ECC_KEY_MAGICS.map(({ text }) => text),
    magics.map(([text]) => text),
  )
  assert.is(goodEc.length, 104)
})

blobs('SKI-83 an ECC key blob: any bytes get a verdict', async () => {
  await assertTotal(eccBlob, [goodEc, encodeEccKeyBlob({ use: 'exchange', form: 'public', key: ecKey('P-521').key })])
})

const eccFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  [
    'another magic',
    spoiled(goodEc, 3, 0x37),
    { code: 'ecc_blob_magic_unknown', at: 'BCRYPT_ECCKEY_BLOB.dwMagic, offset 0', wanted: 'ECK1 to ECK6 or ECS1 to ECS6' },
  ],
  ['the length of another curve', spoiled(goodEc, 4, 48), { code: 'ecc_blob_length_differs', at: 'BCRYPT_ECCKEY_BLOB.cbKey, offset 4', found: 48, wanted: 32 }],
  ['no scalar', goodEc.subarray(0, 72), { code: 'structure_truncated', at: 'BCRYPT_ECCKEY_BLOB.d, offset 72', found: 0, wanted: 32 }],
  ['a scalar in a public key', spoiled(goodEc, 3, 0x31), { code: 'structure_trailing_bytes', at: 'BCRYPT_ECCKEY_BLOB, offset 72', found: 32, wanted: 0 }],
]
for (const [name, bytes, fault] of eccFaults)
  blobs(`SKI-83 refuses an ECC key blob: ${name}`, () => assertRefused(decodeEccKeyBlob(bytes), { ...fault, requirement: 'SKI-83' }))

blobs('SKI-83 a key on P-256K, or of the wrong length, is the caller’s mistake', () => {
  assert.throws(() => encodeEccKeyBlob({ use: 'signature', form: 'private', key: ecKey('P-256K').key }), TypeError)
  assert.throws(() => encodeEccKeyBlob({ use: 'signature', form: 'private', key: { ...ec, d: ec.d.slice(1) } }), TypeError)
})

// CAPI

const capiPublic = { encode: encodePublicKeyBlob, decode: decodePublicKeyBlob }
const capiPrivate = { encode: encodePrivateKeyBlob, decode: decodePrivateKeyBlob }
const capiHeader = (type: number, algorithm: number, magic: string, bits: number, e: number) =>
  layOut(Uint8Array.of(type, 2, 0, 0), algorithm, ascii(magic), bits, e)

blobs('SKI-84 PUBLICKEYBLOB of RSA-2048 is 276 bytes, little-endian throughout', () => {
  const wanted = layOut(capiHeader(6, 0xa400, 'RSA1', 2048, 65537), backwards(rsa.n, 256))
  assert.is(wanted.length, 276)
  assert.is(capiBytes('public', 2048), 276)
  assert.equal(encodePublicKeyBlob({ use: 'exchange', key: rsa }), wanted)
  assertStrict(capiPublic, { use: 'exchange', key: publicOf(rsa) })
})

blobs('SKI-85 PRIVATEKEYBLOB of RSA-2048 is 1172 bytes, little-endian throughout', () => {
  const numbers = [rsa.p, rsa.q, rsa.dp, rsa.dq, rsa.qi].map((number) => backwards(number, 128))
  const wanted = layOut(capiHeader(7, 0x2400, 'RSA2', 2048, 65537), backwards(rsa.n, 256), ...numbers, backwards(rsa.d, 256))
  assert.is(wanted.length, 1172)
  assert.is(capiBytes('private', 2048), 1172)
  assert.equal(encodePrivateKeyBlob({ use: 'signature', key: rsa }), wanted)
  assertStrict(capiPrivate, { use: 'signature', key: rsa1024 })
})

blobs('SKI-84 SKI-85 CAPI blobs: any bytes get a verdict', async () => {
  await assertTotal(capiPublic, [encodePublicKeyBlob({ use: 'signature', key: rsa1024 })])
  await assertTotal(capiPrivate, [encodePrivateKeyBlob({ use: 'exchange', key: rsa1024 })])
})

const goodCapi = encodePrivateKeyBlob({ use: 'exchange', key: rsa })
const capiAt = (member: string, offset: number) => `PRIVATEKEYBLOB.${member}, offset ${offset}`
const capiFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  ['a public blob', encodePublicKeyBlob({ use: 'exchange', key: rsa }), { code: 'capi_type_unexpected', at: capiAt('bType', 0), wanted: 7 }],
  ['version 3', spoiled(goodCapi, 1, 3), { code: 'capi_version_unknown', at: capiAt('bVersion', 1), wanted: 2 }],
  ['reserved bytes that are set', spoiled(goodCapi, 3, 1), { code: 'structure_reserved_not_zero', at: capiAt('reserved', 3), wanted: 0 }],
  ['another algorithm', spoiled(goodCapi, 5, 0x66), { code: 'capi_algorithm_unknown', at: capiAt('aiKeyAlg', 4), wanted: 'CALG_RSA_KEYX or CALG_RSA_SIGN' }],
  ['the magic of a public key', spoiled(goodCapi, 11, 0x31), { code: 'capi_magic_unknown', at: capiAt('magic', 8), found: 0x31415352, wanted: 0x32415352 }],
  ['a size between the sizes', spoiled(goodCapi, 12, 8), { code: 'capi_size_unsupported', at: capiAt('bitlen', 12), found: 2056, wanted: RSA_SIZES }],
  ['a modulus that is too short', spoiled(goodCapi, 275, 0x7f), { code: 'capi_modulus_size_differs', at: capiAt('modulus', 20), wanted: 2048 }],
  [
    'a private exponent that is cut off',
    goodCapi.subarray(0, 1171),
    { code: 'structure_truncated', at: capiAt('privateExponent', 916), found: 255, wanted: 256 },
  ],
]
for (const [name, bytes, fault] of capiFaults)
  blobs(`SKI-85 refuses a PRIVATEKEYBLOB: ${name}`, () => assertRefused(decodePrivateKeyBlob(bytes), { ...fault, requirement: 'SKI-85' }))

blobs('SKI-84 a private blob is no public one', () => {
  assertRefused(decodePublicKeyBlob(goodCapi), { code: 'capi_type_unexpected', at: 'PUBLICKEYBLOB.bType, offset 0', wanted: 6, requirement: 'SKI-84' })
})

blobs('SKI-85 what the layout has no room for is known before', () => {
  const wide = { ...rsa, e: hex('0100000001') }
  const lopsided = { ...rsa, p: hex('01'), q: rsa.n }
  assert.ok(fitsCapi(rsa) && fitsCapi(publicOf(rsa)))
  for (const key of [wide, lopsided]) {
    assert.not(fitsCapi(key))
    assert.throws(() => encodePrivateKeyBlob({ use: 'exchange', key }), TypeError)
  }
  assert.not(fitsCapi({ type: 'RSA', n: hex('ff'), e: hex('03') }))
  assert.throws(() => encodePublicKeyBlob({ use: 'exchange', key: wide }), TypeError)
})

// OpenSSL writes and reads CAPI blobs by itself; it knows keys for exchange only.
if (opensslMissing !== null) skip(blobs, 'SKI-84 SKI-85 OpenSSL’s own CAPI blobs', opensslMissing)
else
  for (const bits of [1024, 2048, 3072, 4096]) {
    const { native, key } = bits === 2048 ? { native: nativeRsa, key: rsa } : rsaKey(bits)
    const pkcs8 = Uint8Array.from(native.export({ format: 'der', type: 'pkcs8' }))
    const spki = Uint8Array.from(createPublicKey(native).export({ format: 'der', type: 'spki' }))

    blobs(`SKI-84 OpenSSL writes and reads the PUBLICKEYBLOB of RSA-${bits}`, () => {
      const theirs = openssl('rsa -pubin -inform DER -outform MSBLOB -pubout', spki)
      assert.equal(encodePublicKeyBlob({ use: 'exchange', key }), theirs)
      assert.equal(decodePublicKeyBlob(theirs), { ok: true, value: { use: 'exchange', key: publicOf(key) } })
      for (const use of ['exchange', 'signature'] as const)
        assert.equal(openssl('rsa -pubin -inform MSBLOB -outform DER -pubout', encodePublicKeyBlob({ use, key })), spki)
    })

    blobs(`SKI-85 OpenSSL writes and reads the PRIVATEKEYBLOB of RSA-${bits}`, () => {
      const theirs = openssl('rsa -inform DER -outform MSBLOB', pkcs8)
      assert.is(theirs.length, capiBytes('private', bits))
      assert.equal(encodePrivateKeyBlob({ use: 'exchange', key }), theirs)
      assert.equal(decodePrivateKeyBlob(theirs), { ok: true, value: { use: 'exchange', key } })
      assert.equal(
        openssl('pkey -inform MSBLOB -outform DER', encodePrivateKeyBlob({ use: 'signature', key })),
        openssl('pkey -inform DER -outform DER', pkcs8),
      )
    })
  }

blobs('SKI-102 faults about bytes that may be a secret do not repeat them', () => {
  const raw = Uint8Array.from({ length: 44 }, (_, index) => 0x90 + index)
  for (const decode of [decodeKeyDataBlob, decodeRsaKeyBlob, decodeEccKeyBlob, decodePublicKeyBlob, decodePrivateKeyBlob]) {
    const read = decode(raw)
    assert.not(read.ok)
    if (!read.ok) assert.is(read.fault.found, undefined)
  }
})

blobs('decoders answer with copies', () => {
  const bytes = Uint8Array.from(goodEc)
  const read = decodeEccKeyBlob(bytes)
  bytes.fill(0)
  assert.ok(read.ok && read.value.form === 'private')
  if (read.ok && read.value.form === 'private') assert.equal(read.value.key, ec)
  assert.is(CAPI_ALGORITHM.exchange, 0xa400)
})

function toJwk(key: RsaPrivateKey) {
  const members = Object.entries(key).filter(([name]) => name !== 'type') as [string, Uint8Array][]
  return { kty: 'RSA', ...Object.fromEntries(members.map(([name, part]) => [name, Buffer.from(part).toString('base64url')])) }
}

blobs.run()
