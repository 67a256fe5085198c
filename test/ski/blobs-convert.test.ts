import { createPrivateKey, createPublicKey, generatePrimeSync, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { JsonValue } from '../../src/bytes/json.js'
import type { PrivateKey } from '../../src/crypto/keys.js'
import {
  blobToKey,
  blobToPkcs8,
  blobToPrivateJwk,
  blobToPublicJwk,
  blobToSpki,
  completeRsaKey,
  decodeCardKey,
  decodeCardPublicKey,
  encodeCardKey,
  encodeCardPublicKey,
  encodeEccKeyBlob,
  encodeKeyDataBlob,
  encodePrivateKeyBlob,
  encodePublicKeyBlob,
  encodeRsaKeyBlob,
  jwkToBlob,
  keyToBlob,
  pkcs8ToBlob,
  recogniseKeyBlob,
  spkiToBlob,
  type KeyBlobType,
} from '../../src/ski/blobs/index.js'
import { KEY_SPEC, KEY_SPECS } from '../../src/ski/constants/index.js'
import type { Verdict } from '../../src/verdict.js'
import { hex } from '../crypto/handmade.js'
import { assertRefused } from './codec-laws.js'
import { copiesDuring, holds } from './copies.js'
import { ecKey, rsaKey } from './keys.js'

const convert = suite('ski: blob conversions')

const value = <T>(verdict: Verdict<T>): T => {
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return verdict.value
}
const der = (key: KeyObject, type: 'pkcs8' | 'spki'): Uint8Array => Uint8Array.from(key.export({ format: 'der', type } as never) as Buffer)
const reDer = (bytes: Uint8Array, type: 'pkcs8' | 'spki'): Uint8Array => {
  const buffer = Buffer.from(bytes)
  return type === 'pkcs8' ? der(createPrivateKey({ key: buffer, format: 'der', type }), type) : der(createPublicKey({ key: buffer, format: 'der', type }), type)
}

const made = { 'RSA-2048': rsaKey(2048), 'P-256': ecKey('P-256'), 'P-384': ecKey('P-384'), 'P-521': ecKey('P-521') } as const
const typesOf = (name: string): { readonly secret: readonly KeyBlobType[]; readonly open: readonly KeyBlobType[] } =>
  name.startsWith('RSA')
    ? { secret: ['RSAPRIVATEBLOB', 'RSAFULLPRIVATEBLOB', 'PRIVATEKEYBLOB'], open: ['RSAPUBLICBLOB', 'PUBLICKEYBLOB'] }
    : { secret: ['ECCPRIVATEBLOB'], open: ['ECCPUBLICBLOB'] }

for (const [name, { native, key }] of Object.entries(made)) {
  const [pkcs8, spki, jwk] = [der(native, 'pkcs8'), der(createPublicKey(native), 'spki'), native.export({ format: 'jwk' })]
  const publicJwk = createPublicKey(native).export({ format: 'jwk' })
  const { secret, open } = typesOf(name)

  for (const type of secret)
    convert(`SKI-98 ${name} between PKCS#8, JWK and ${type}, as node:crypto has it`, () => {
      const blob = value(pkcs8ToBlob(pkcs8, type, 'signature'))
      assert.equal(value(jwkToBlob(jwk as JsonValue, type, 'signature')), blob)
      assert.is(recogniseKeyBlob(blob), type)
      assert.equal(reDer(value(blobToPkcs8(blob, type)), 'pkcs8'), pkcs8)
      assert.equal(value(blobToPrivateJwk(blob, type)), jwk)
      assert.equal(value(blobToSpki(blob, type)), spki)
      assert.equal(value(blobToPublicJwk(blob, type)), publicJwk)
    })

  for (const type of open)
    convert(`SKI-98 ${name} between SPKI, JWK and ${type}, as node:crypto has it`, () => {
      const blob = value(spkiToBlob(spki, type, 'exchange'))
      assert.equal(value(jwkToBlob(publicJwk as JsonValue, type, 'exchange')), blob)
      assert.equal(value(jwkToBlob(jwk as JsonValue, type, 'exchange')), blob)
      assert.equal(value(pkcs8ToBlob(pkcs8, type, 'exchange')), blob)
      assert.is(recogniseKeyBlob(blob), type)
      assert.equal(value(blobToSpki(blob, type)), spki)
      assert.equal(value(blobToPublicJwk(blob, type)), publicJwk)
      const { key: read } = value(blobToKey(blob, type))
      assert.not('d' in read)
    })

  for (const spec of KEY_SPECS.filter(({ curve }) => (curve ?? 'RSA-2048') === name))
    convert(`SKI-86 SKI-90 ${name} for a card as ${spec.name}`, () => {
      const material = value(encodeCardKey(key, spec.value))
      const wanted = key.type === 'RSA' ? encodePrivateKeyBlob({ use: spec.use, key }) : encodeEccKeyBlob({ use: spec.use, form: 'private', key })
      assert.equal(material, wanted)
      assert.equal(value(decodeCardKey(material, spec.value)), key)

      const shown = value(encodeCardPublicKey(key, spec.use))
      assert.equal(shown, key.type === 'RSA' ? encodePublicKeyBlob({ use: spec.use, key }) : encodeEccKeyBlob({ use: spec.use, form: 'public', key }))
      assert.equal(value(encodeCardPublicKey(value(decodeCardPublicKey(shown, spec.use)), spec.use)), shown)
    })
}

const [rsa, ec] = [made['RSA-2048'].key, made['P-256'].key]

convert('SKI-98 blobs are told apart by their first bytes', () => {
  assert.is(recogniseKeyBlob(encodeKeyDataBlob(hex('00112233'))), 'KeyDataBlob')
  assert.is(recogniseKeyBlob(hex('00000000')), null)
  assert.is(recogniseKeyBlob(hex('4b4442')), null)
  // A window that does not begin where its buffer begins.
  assert.is(recogniseKeyBlob(Uint8Array.of(0, ...encodePublicKeyBlob({ use: 'exchange', key: rsa })).subarray(1)), 'PUBLICKEYBLOB')
})

convert('SKI-98 what a format cannot say is refused', () => {
  const requirement = 'SKI-98'
  const publicOnly = { type: 'RSA', n: rsa.n, e: rsa.e } as const
  assertRefused(keyToBlob(publicOnly, 'PRIVATEKEYBLOB', 'exchange'), { code: 'blob_key_public', wanted: 'PRIVATEKEYBLOB', requirement })
  assertRefused(keyToBlob(ec, 'RSAPUBLICBLOB', 'exchange'), { code: 'blob_type_differs', found: 'EC', wanted: 'RSAPUBLICBLOB', requirement })
  assertRefused(keyToBlob(ecKey('P-256K').key, 'ECCPRIVATEBLOB', 'exchange'), { code: 'blob_key_not_expressible', at: 'curve', found: 'P-256K', requirement })
  const wide = { ...rsa, e: hex('0100000001') }
  assertRefused(keyToBlob(wide, 'PRIVATEKEYBLOB', 'exchange'), { code: 'blob_key_not_expressible', at: 'n, e, p, q', requirement })
  assert.ok(keyToBlob(wide, 'RSAFULLPRIVATEBLOB', 'exchange').ok)
  assertRefused(keyToBlob({ ...rsa, dp: rsa.n }, 'RSAFULLPRIVATEBLOB', 'exchange'), { code: 'blob_key_not_expressible', at: 'n, e, p, q', requirement })
  const blob = value(keyToBlob(ec, 'ECCPUBLICBLOB', 'exchange'))
  assertRefused(blobToKey(blob, 'ECCPRIVATEBLOB'), { code: 'blob_type_differs', at: 'offset 0', found: 'ECCPUBLICBLOB', wanted: 'ECCPRIVATEBLOB', requirement })
  assertRefused(blobToPkcs8(blob, 'ECCPUBLICBLOB'), { code: 'blob_key_public', found: 'ECCPUBLICBLOB', requirement })
  const oct = { kty: 'oct', k: Buffer.alloc(16).toString('base64url') }
  assertRefused(jwkToBlob(oct, 'ECCPRIVATEBLOB', 'exchange'), { code: 'blob_type_differs', found: 'oct', wanted: 'ECCPRIVATEBLOB', requirement })
})

convert('SKI-98 a fault of either format comes through', () => {
  const codeOf = (verdict: Verdict<unknown>) => (verdict.ok ? 'accepted' : verdict.fault.code)
  assert.is(codeOf(pkcs8ToBlob(hex('3000'), 'PRIVATEKEYBLOB', 'exchange')), 'der_truncated')
  assert.is(codeOf(spkiToBlob(hex('3000'), 'PUBLICKEYBLOB', 'exchange')), 'der_truncated')
  assert.is(codeOf(jwkToBlob({ kty: 'RSA' }, 'PUBLICKEYBLOB', 'exchange')), 'jwk_member_missing')
  assert.is(codeOf(jwkToBlob({ kty: 'EC', crv: 'P-256', d: 'AA' }, 'ECCPRIVATEBLOB', 'exchange')), 'jwk_member_missing')
  assert.is(codeOf(blobToPkcs8(hex('00'), 'RSAFULLPRIVATEBLOB')), 'structure_truncated')
  assert.is(codeOf(blobToSpki(hex('45434b31'), 'ECCPUBLICBLOB')), 'structure_truncated')
  const wrong = encodeRsaKeyBlob({ form: 'private', key: { ...rsa, p: rsa.q } })
  assert.is(codeOf(blobToPublicJwk(wrong, 'RSAPRIVATEBLOB')), 'rsa_modulus_not_product')
})

convert('SKI-86 a card’s key of another spec, use or form is refused', () => {
  const requirement = 'SKI-86'
  const { AT_KEYEXCHANGE, AT_SIGNATURE, AT_ECDSA_P256, AT_ECDSA_P384, AT_ECDHE_P256 } = KEY_SPEC
  for (const read of [encodeCardKey(ec, 9), decodeCardKey(hex('00'), 9)])
    assertRefused(read, { code: 'key_spec_unknown', found: 9, wanted: '1 to 8', requirement })
  assertRefused(encodeCardKey(ec, AT_SIGNATURE), { code: 'key_spec_differs', at: 'key', found: 'P-256', wanted: 'RSA', requirement })
  assertRefused(encodeCardKey(rsa, AT_ECDSA_P256), { code: 'key_spec_differs', at: 'key', found: 'RSA', wanted: 'P-256', requirement })
  assertRefused(encodeCardKey({ ...rsa, e: hex('0100000001') }, AT_SIGNATURE), { code: 'card_key_not_expressible', at: 'n, e, p, q', requirement })
  assertRefused(encodeCardPublicKey(ecKey('P-256K').key, 'signature'), { code: 'card_key_not_expressible', at: 'curve', requirement })
  assertRefused(encodeCardPublicKey({ ...rsa, e: hex('0100000001') }, 'signature'), { code: 'card_key_not_expressible', at: 'n, e', requirement })

  const [capi, ecc] = [value(encodeCardKey(rsa, AT_SIGNATURE)), value(encodeCardKey(ec, AT_ECDSA_P256))]
  const used = { code: 'key_use_differs', found: 'signature', wanted: 'exchange', requirement }
  assertRefused(decodeCardKey(capi, AT_KEYEXCHANGE), { ...used, at: 'PRIVATEKEYBLOB.aiKeyAlg, offset 4' })
  assertRefused(decodeCardKey(ecc, AT_ECDHE_P256), { ...used, at: 'BCRYPT_ECCKEY_BLOB.dwMagic, offset 0' })
  assertRefused(decodeCardKey(ecc, AT_ECDSA_P384), { code: 'key_spec_differs', at: 'key', found: 'P-256', wanted: 'P-384', requirement })
  const form = { code: 'card_key_form_differs', at: 'BCRYPT_ECCKEY_BLOB.dwMagic, offset 0', requirement }
  const [shownRsa, shownEc] = [value(encodeCardPublicKey(rsa, 'signature')), value(encodeCardPublicKey(ec, 'signature'))]
  assertRefused(decodeCardKey(shownEc, AT_ECDSA_P256), { ...form, found: 'public', wanted: 'private' })
  assertRefused(decodeCardPublicKey(ecc, 'signature'), { ...form, found: 'private', wanted: 'public' })
  assertRefused(decodeCardPublicKey(shownRsa, 'exchange'), { ...used, at: 'PUBLICKEYBLOB.aiKeyAlg, offset 4' })
  assertRefused(decodeCardPublicKey(shownEc, 'exchange'), { ...used, at: 'BCRYPT_ECCKEY_BLOB.dwMagic, offset 0' })
  assert.not(decodeCardPublicKey(capi, 'signature').ok)
  assert.not(decodeCardPublicKey(shownEc.subarray(1), 'signature').ok)
  assert.not(decodeCardKey(capi, AT_ECDSA_P256).ok)
  assert.not(decodeCardKey(ecc, AT_SIGNATURE).ok)
})

// Every copy that is made on the way is looked at afterwards.
const capiRsa = encodePrivateKeyBlob({ use: 'signature', key: rsa })
const eccEc = encodeEccKeyBlob({ use: 'signature', form: 'private', key: ec })
const leaves: readonly (readonly [name: string, secret: PrivateKey, input: Uint8Array, run: (input: Uint8Array) => unknown])[] = [
  ['a card key of another use (RSA)', rsa, capiRsa, (blob) => decodeCardKey(blob, KEY_SPEC.AT_KEYEXCHANGE)],
  ['a card key of another use (EC)', ec, eccEc, (blob) => decodeCardKey(blob, KEY_SPEC.AT_ECDHE_P256)],
  ['a card key on another curve', ec, eccEc, (blob) => decodeCardKey(blob, KEY_SPEC.AT_ECDSA_P384)],
  ['a private key in a public slot', ec, eccEc, (blob) => decodeCardPublicKey(blob, 'signature')],
  ['PKCS#8 of RSA to a public blob', rsa, der(made['RSA-2048'].native, 'pkcs8'), (pkcs8) => pkcs8ToBlob(pkcs8, 'PUBLICKEYBLOB', 'exchange')],
  ['PKCS#8 of EC to a blob of another type', ec, der(made['P-256'].native, 'pkcs8'), (pkcs8) => pkcs8ToBlob(pkcs8, 'PRIVATEKEYBLOB', 'exchange')],
  ['a private blob to SPKI', rsa, capiRsa, (blob) => blobToSpki(blob, 'PRIVATEKEYBLOB')],
  ['RSA2 to a public JWK', rsa, encodeRsaKeyBlob({ form: 'private', key: rsa }), (blob) => blobToPublicJwk(blob, 'RSAPRIVATEBLOB')],
  ['a private blob to PKCS#8', ec, eccEc, (blob) => blobToPkcs8(blob, 'ECCPRIVATEBLOB')],
]
for (const [name, secret, input, run] of leaves)
  convert(`SKI-98 no copy of a secret stays behind: ${name}`, () => {
    const copies = copiesDuring(() => run(input))
    const secrets = secret.type === 'RSA' ? [secret.d, secret.p, secret.q, secret.dp] : [secret.d]
    for (const part of secrets) for (const copy of copies) assert.not(holds(copy, part), `a copy of ${copy.length} bytes`)
  })

convert('SKI-214 a key of a composite prime is not completed, and nothing of it stays', () => {
  const [p1, p2, q] = [512, 512, 1024].map((bits) => generatePrimeSync(bits, { bigint: true })) as [bigint, bigint, bigint]
  // An exponent of 64 bits, prime: it shares no factor with p - 1 or q - 1.
  const bytes = (number: bigint) => hex(number.toString(16))
  const p = bytes(p1 * p2)
  const parts = { type: 'RSA', n: bytes(p1 * p2 * q), e: hex('ffffffffffffffc5'), p, q: bytes(q) } as const
  const copies = copiesDuring(() => {
    const completed = completeRsaKey(parts)
    assert.is(completed.ok ? 'completed' : completed.fault.code, 'rsa_crt_qi_wrong')
  })
  assert.ok(copies.length > 0)
  for (const copy of copies) assert.not(holds(copy, p))
})

convert('SKI-98 the search for copies finds one that stays', () => {
  const copies = copiesDuring(() => decodeCardKey(value(encodeCardKey(ec, KEY_SPEC.AT_ECDSA_P256)), KEY_SPEC.AT_ECDSA_P256))
  assert.ok(copies.some((copy) => holds(copy, ec.d)))
})

convert.run()
