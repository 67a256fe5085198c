import { createHash, type JsonWebKey, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/bytes/hex.js'
import { isJsonObject, parseJson, type JsonValue } from '../../src/bytes/json.js'
import { jwkThumbprint, spkiFingerprint } from '../../src/crypto/fingerprint.js'
import { curveOfName, decodePrivateJwk, decodePublicJwk, encodePrivateJwk, encodePublicJwk, KTYS, plainKty } from '../../src/crypto/jwk.js'
import { CURVES } from '../../src/crypto/keys.js'
import { decodeSpki, encodeSpki } from '../../src/crypto/spki.js'
import { encodePkcs8 } from '../../src/crypto/pkcs8.js'
import { nativeKeyPair } from '../support/native.js'

const jwks = suite('crypto: jwk')

const rsa = nativeKeyPair({ type: 'rsa', modulusLength: 2048 })
const ec = nativeKeyPair({ type: 'ec', namedCurve: 'P-256' })
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })
/** As it comes from a file: through our own reader. */
const read = (jwk: JsonWebKey | object): JsonValue => {
  const value = parseJson(JSON.stringify(jwk), { maxDepth: 4, maxBytes: 65536 })
  if (!value.ok) throw new Error(value.fault.code)
  return value.value
}
const der = (key: KeyObject, type: 'spki' | 'pkcs8') => toHex(Uint8Array.from(key.export({ format: 'der', type } as never) as Buffer))

for (const [kind, { publicKey, privateKey }] of [
  ['RSA', rsa] as const,
  ...CURVES.map((curve) => [curve, nativeKeyPair({ type: 'ec', namedCurve: curve === 'P-256K' ? 'secp256k1' : curve })] as const),
])
  jwks(`${kind}: node:crypto’s JWK is the same key, and ours is the same JWK`, () => {
    const canonical = (jwk: JsonWebKey) => ({ ...jwk, ...(jwk.crv === undefined ? {} : { crv: curveOfName(jwk.crv) }) })
    const open = decodePublicJwk(read(jwkOf(publicKey)))
    assert.ok(open.ok)
    if (!open.ok) return
    assert.is(toHex(encodeSpki(open.value)), der(publicKey, 'spki'))
    assert.equal(encodePublicJwk(open.value), canonical(jwkOf(publicKey)))
    assert.is(encodePublicJwk(open.value, { hsm: true }).kty, `${open.value.type}-HSM`)

    const secret = decodePrivateJwk(read(jwkOf(privateKey)))
    assert.ok(secret.ok && secret.value.type !== 'oct')
    assert.is(toHex(encodePkcs8(secret.value)), der(privateKey, 'pkcs8'))
    assert.equal(encodePrivateJwk(secret.value), canonical(jwkOf(privateKey)))
    assert.equal(encodePublicJwk(secret.value), encodePublicJwk(open.value))
  })

for (const size of [16, 24, 32])
  jwks(`oct of ${size} bytes, both types`, () => {
    const k = Buffer.alloc(size, 7)
    for (const kty of ['oct', 'oct-HSM']) {
      const key = decodePrivateJwk(read({ kty, k: k.toString('base64url') }))
      assert.ok(key.ok && key.value.type === 'oct' && Buffer.compare(key.value.k, k) === 0)
      if (key.ok) assert.equal(encodePrivateJwk(key.value), { kty: 'oct', k: k.toString('base64url') })
    }
  })

jwks('the -HSM types are read as the plain ones', () => {
  const { kid: _, ...bundle } = { ...jwkOf(rsa.publicKey), kty: 'RSA-HSM', kid: 'https://v/keys/a/b', key_ops: ['import'] }
  assert.equal(decodePublicJwk(read(bundle)), decodePublicJwk(read(jwkOf(rsa.publicKey))))
  assert.equal(decodePrivateJwk(read({ ...jwkOf(ec.privateKey), kty: 'EC-HSM' })), decodePrivateJwk(read(jwkOf(ec.privateKey))))
  assert.equal(KTYS.map(plainKty), ['RSA', 'RSA', 'EC', 'EC', 'oct', 'oct'])
})

jwks('BYOK-109 secp256k1 by its three names, and no other name', () => {
  for (const name of ['P-256K', 'secp256k1', 'SECP256K1']) assert.is(curveOfName(name), 'P-256K')
  for (const name of ['p-256', 'Secp256k1', 'P256', '', 'constructor']) assert.is(curveOfName(name), null)
})

const publicRsa = jwkOf(rsa.publicKey)
const privateRsa = jwkOf(rsa.privateKey)
const publicEc = jwkOf(ec.publicKey)
const privateEc = jwkOf(ec.privateKey)
const padded = (text: string, bytes: number) => Buffer.concat([Buffer.alloc(bytes), Buffer.from(text, 'base64url')]).toString('base64url')
const cut = (text: string) => Buffer.from(text, 'base64url').subarray(1).toString('base64url')

type Row = readonly [title: string, jwk: unknown, code: string, at: string | undefined]
const refusedPublic: readonly Row[] = [
  ['a number', 5, 'jwk_not_object', undefined],
  ['null', null, 'jwk_not_object', undefined],
  ['an array', [publicRsa], 'jwk_not_object', undefined],
  ['no kty', { n: publicRsa.n, e: publicRsa.e }, 'jwk_member_missing', 'kty'],
  ['a kty that is no text', { ...publicRsa, kty: 1 }, 'jwk_member_not_text', 'kty'],
  ['OKP', { kty: 'OKP', crv: 'Ed25519', x: publicEc.x }, 'jwk_kty_unsupported', 'kty'],
  ['a kty in another case', { ...publicRsa, kty: 'rsa' }, 'jwk_kty_unsupported', 'kty'],
  ['a curve we do not have', { ...publicEc, crv: 'P-224' }, 'jwk_crv_unsupported', 'crv'],
  ['no curve', { kty: 'EC', x: publicEc.x, y: publicEc.y }, 'jwk_member_missing', 'crv'],
  ['a private RSA key', privateRsa, 'jwk_private_given', 'd'],
  ['a private EC key', privateEc, 'jwk_private_given', 'd'],
  ['one private member', { ...publicRsa, qi: 'AQ' }, 'jwk_private_given', 'qi'],
  ['other primes', { ...publicRsa, oth: [] }, 'jwk_private_given', 'oth'],
  ['an oct key', { kty: 'oct', k: 'AAAA' }, 'jwk_private_given', 'k'],
  ['an oct key without k', { kty: 'oct-HSM' }, 'jwk_private_given', 'kty'],
  ['no modulus', { kty: 'RSA', e: 'AQAB' }, 'jwk_member_missing', 'n'],
  ['a modulus that is null', { kty: 'RSA', n: null, e: 'AQAB' }, 'jwk_member_not_text', 'n'],
  ['no y', { kty: 'EC', crv: 'P-256', x: publicEc.x }, 'jwk_member_missing', 'y'],
  ['padding', { ...publicRsa, e: 'Aw==' }, 'base64_padding_wrong', 'e, offset 2'],
  ['the standard alphabet', { ...publicRsa, n: 'A+AA' }, 'base64_alphabet_wrong', 'n, offset 1'],
  ['spare bits', { ...publicRsa, e: 'AQABAB' }, 'base64_spare_bits', 'e, offset 5'],
  ['a modulus with a leading zero byte', { ...publicRsa, n: padded(publicRsa.n!, 1) }, 'jwk_integer_not_minimal', 'n'],
  ['an exponent without bytes', { ...publicRsa, e: '' }, 'jwk_integer_not_minimal', 'e'],
  ['an exponent that is zero', { ...publicRsa, e: 'AA' }, 'jwk_integer_not_minimal', 'e'],
  ['a coordinate that is too long', { ...publicEc, x: padded(publicEc.x!, 1) }, 'jwk_length_wrong', 'x'],
  ['a coordinate that is too short', { ...publicEc, y: cut(publicEc.y!) }, 'jwk_length_wrong', 'y'],
]
const refusedPrivate: readonly Row[] = [
  ['a public RSA key', publicRsa, 'jwk_public_given', 'd'],
  ['a public EC key', publicEc, 'jwk_public_given', 'd'],
  ['three primes', { ...privateRsa, oth: [{ r: 'AQ', d: 'AQ', t: 'AQ' }] }, 'jwk_multi_prime', 'oth'],
  ['no CRT parameters', { kty: 'RSA', n: privateRsa.n, e: privateRsa.e, d: privateRsa.d }, 'jwk_member_missing', 'p'],
  ['a prime with a leading zero byte', { ...privateRsa, p: padded(privateRsa.p!, 1) }, 'jwk_integer_not_minimal', 'p'],
  ['a scalar with a byte too many', { ...privateEc, d: padded(privateEc.d!, 1) }, 'jwk_length_wrong', 'd'],
  ['a scalar that is cut', { ...privateEc, d: cut(privateEc.d!) }, 'jwk_length_wrong', 'd'],
  ['an oct key of 20 bytes', { kty: 'oct', k: Buffer.alloc(20).toString('base64url') }, 'jwk_length_wrong', 'k'],
  ['an oct key without k', { kty: 'oct' }, 'jwk_member_missing', 'k'],
]
for (const [room, rows, decode] of [
  ['public', refusedPublic, decodePublicJwk],
  ['private', refusedPrivate, decodePrivateJwk],
] as const)
  for (const [title, jwk, code, at] of rows)
    jwks(`as a ${room} key, ${title} is refused`, () => {
      const verdict = decode(read(jwk as object))
      assert.not(verdict.ok)
      if (!verdict.ok) assert.equal({ code: verdict.fault.code, at: verdict.fault.at }, { code, at })
    })

jwks('members come from the object itself, never from a prototype', () => {
  const inherited = Object.create({ kty: 'oct', k: Buffer.alloc(16).toString('base64url') }) as JsonValue
  const verdict = decodePrivateJwk(inherited)
  assert.is(!verdict.ok && verdict.fault.code, 'jwk_member_missing')
  assert.ok(isJsonObject(inherited))
})

jwks('a made-up type is shown only where it looks like a name', () => {
  const found = (kty: string) => {
    const verdict = decodePublicJwk(read({ kty }))
    return verdict.ok ? null : verdict.fault.found
  }
  assert.is(found('AKP-HSM'), 'AKP-HSM')
  assert.is(found('\u001b[2J'), undefined)
  assert.is(found('A'.repeat(33)), undefined)
})

jwks('BYOK-45 the fingerprint is the SHA-256 of the SPKI, all of it', () => {
  for (const { publicKey, privateKey } of [rsa, ec]) {
    const spki = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }))
    const key = decodeSpki(spki)
    const secret = decodePrivateJwk(read(jwkOf(privateKey)))
    assert.ok(key.ok && secret.ok && secret.value.type !== 'oct')
    assert.is(spkiFingerprint(key.value), createHash('sha256').update(spki).digest('hex'))
    assert.is(spkiFingerprint(secret.value), spkiFingerprint(key.value))
  }
})

jwks('BYOK-46 the thumbprint is that of RFC 7638 §3.1', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
  const key = decodePublicJwk(read({ kty: 'RSA', n, e: 'AQAB' }))
  assert.ok(key.ok)
  if (!key.ok) return
  assert.is(jwkThumbprint(key.value, 'RSA'), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  const hsm = createHash('sha256').update(`{"e":"AQAB","kty":"RSA-HSM","n":"${n}"}`).digest('base64url')
  assert.is(jwkThumbprint(key.value, 'RSA-HSM'), hsm)
  assert.throws(() => jwkThumbprint(key.value, 'EC'), TypeError)
})

jwks('BYOK-46 the thumbprint of an EC key', () => {
  const key = decodePublicJwk(read(publicEc))
  assert.ok(key.ok)
  if (!key.ok) return
  const text = `{"crv":"P-256","kty":"EC-HSM","x":"${publicEc.x}","y":"${publicEc.y}"}`
  assert.is(jwkThumbprint(key.value, 'EC-HSM'), createHash('sha256').update(text).digest('base64url'))
})

jwks.run()
