/**
 * Laws of the key codecs: no bytes make them throw, and what they accept has one encoding.
 *
 * Arbitrary bytes hardly ever get past the first tag, so most inputs here are good keys with something spoilt: a bit
 * flipped, bytes put in, left out, repeated or taken from another key.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseJson } from '../../src/bytes/json.js'
import { toHex } from '../../src/bytes/hex.js'
import { decodePrivateJwk, decodePublicJwk, encodePrivateJwk, encodePublicJwk } from '../../src/crypto/jwk.js'
import { checkPrivateKey, checkPublicKey } from '../../src/crypto/key-check.js'
import { readPrivateKeyFile, readPublicKeyFile } from '../../src/crypto/key-file.js'
import { recogniseDer } from '../../src/crypto/key-form.js'
import { CURVES } from '../../src/crypto/keys.js'
import { decodePkcs1PrivateKey, decodePkcs1PublicKey, encodePkcs1PrivateKey, encodePkcs1PublicKey } from '../../src/crypto/pkcs1-key.js'
import { decodePkcs8, encodePkcs8, readPrivateKey } from '../../src/crypto/pkcs8.js'
import { decodeSec1, encodeSec1 } from '../../src/crypto/sec1.js'
import { decodeSpki, encodeSpki } from '../../src/crypto/spki.js'
import { readTarget, writeTarget, type DeclaredTarget } from '../../src/crypto/target.js'
import { nativeKeyPair } from '../support/native.js'
import {
  ec256,
  ecAlgorithm,
  ecParameters,
  ecPoint,
  ecPrivateKey,
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

const laws = suite('crypto: laws of the key codecs')

const der = (key: KeyObject, type: 'spki' | 'pkcs1' | 'pkcs8' | 'sec1') => Uint8Array.from(key.export({ format: 'der', type } as never) as Buffer)
const rsa = nativeKeyPair({ type: 'rsa', modulusLength: 2048 })
const pairs = CURVES.map((curve) => nativeKeyPair({ type: 'ec', namedCurve: curve === 'P-256K' ? 'secp256k1' : curve }))

const seeds: readonly Uint8Array[] = [
  ...(['spki', 'pkcs1'] as const).map((type) => der(rsa.publicKey, type)),
  ...(['pkcs8', 'pkcs1'] as const).map((type) => der(rsa.privateKey, type)),
  ...pairs.flatMap(({ publicKey, privateKey }) => [der(publicKey, 'spki'), der(privateKey, 'pkcs8'), der(privateKey, 'sec1')]),
  rsaPublicKey(),
  rsaPrivateKey(),
  pkcs8(rsaAlgorithm, rsaPrivateKey()),
  pkcs8(ecAlgorithm, ecPrivateKey()),
  pkcs8(ecAlgorithm, ecPrivateKey(ecParameters(oids.p256), ecPoint), tlv(0xa0, seq(oids.ec, tlv(0x31, version(1))))),
  seq(version(1), ecAlgorithm, octets(ecPrivateKey()), tlv(0x81, Uint8Array.of(0), point256)),
  ec256.d,
]

/** One way to spoil bytes; `other` is what is put in. */
type Spoil = (bytes: Uint8Array, at: number, other: Uint8Array) => Uint8Array
const spoils: readonly Spoil[] = [
  (bytes) => bytes,
  (bytes, at, other) => bytes.map((byte, i) => (i === at ? byte ^ (1 << (other.length % 8)) : byte)),
  (bytes, at, other) => bytes.map((byte, i) => (i === at ? other.length % 256 : byte)),
  (bytes, at, other) => Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(0, 4), ...bytes.subarray(at)),
  (bytes, at, other) => Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 1 + (other.length % 3))),
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, other) => Uint8Array.of(...bytes, ...new Uint8Array(at % 9), ...other.subarray(0, at % 2)),
  (bytes, at, other) => Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(at)),
]
// Faults sit in the headers, and those are at the front; without this, RSA's numbers would take nearly all of them.
const place = fc.oneof(fc.nat(40), fc.nat(200), fc.nat(1300))
const spoilt = fc
  .tuple(fc.constantFrom(...seeds), fc.constantFrom(...seeds), fc.array(fc.tuple(fc.constantFrom(...spoils), place), { minLength: 1, maxLength: 3 }))
  .map(([seed, other, steps]) => steps.reduce((bytes, [spoil, at]) => (bytes.length === 0 ? bytes : spoil(bytes, at % bytes.length, other)), seed))
const input = fc.oneof({ weight: 9, arbitrary: spoilt }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) })

laws('no bytes make a decoder, a check or a file reader throw', async () => {
  const declared: readonly DeclaredTarget[] = [{}, { kty: 'RSA' }, { kty: 'EC', curve: 'P-256' }, { kty: 'oct' }]
  await fc.assert(
    fc.property(input, (bytes) => {
      for (const trailingZeros of [false, true]) {
        assert.type(readPrivateKey(bytes, { trailingZeros }).ok, 'boolean')
        for (const target of declared) {
          const read = readTarget(bytes, target, { trailingZeros })
          if (!read.ok) assert.match(read.fault.requirement, /^BYOK-\d+$/)
        }
      }
      for (const decode of [decodePkcs1PrivateKey, decodeSec1]) {
        const read = decode(bytes)
        if (read.ok) assert.type(checkPrivateKey(read.value).ok, 'boolean')
      }
      for (const decode of [decodePkcs1PublicKey, decodeSpki]) {
        const read = decode(bytes)
        if (read.ok) assert.type(checkPublicKey(read.value).ok, 'boolean')
      }
      recogniseDer(bytes)
      assert.type(readPublicKeyFile(bytes).ok, 'boolean')
      assert.type(readPrivateKeyFile(bytes).ok, 'boolean')
    }),
    { numRuns: 1500 },
  )
})

laws('BYOK-69 what a decoder accepts is written again with the same bytes', async () => {
  const codecs: readonly ((bytes: Uint8Array) => Uint8Array | null)[] = [
    (bytes) => again(decodeSpki(bytes), encodeSpki),
    (bytes) => again(decodePkcs1PublicKey(bytes), encodePkcs1PublicKey),
    (bytes) => again(decodePkcs1PrivateKey(bytes), encodePkcs1PrivateKey),
  ]
  let accepted = 0
  await fc.assert(
    fc.property(input, (bytes) => {
      for (const codec of codecs) {
        const written = codec(bytes)
        if (!written) continue
        accepted++
        assert.is(toHex(written), toHex(bytes))
      }
    }),
    { numRuns: 4000 },
  )
  // Otherwise the law would say nothing.
  assert.ok(accepted > 100, `only ${accepted} inputs were accepted`)
})

laws('BYOK-69 the same for private EC keys and PKCS#8, but for what may be said or left out', async () => {
  let accepted = 0
  await fc.assert(
    fc.property(input, (bytes) => {
      const sec1 = decodeSec1(bytes)
      if (sec1.ok) {
        accepted++
        // Only the public point may be missing, and then the canonical form is longer.
        const canonical = encodeSec1(sec1.value)
        if (bytes.length >= canonical.length) assert.is(toHex(canonical), toHex(bytes))
        assert.equal(decodeSec1(canonical), sec1)
      }
      const read = decodePkcs8(bytes, { trailingZeros: true })
      if (!read.ok) return
      accepted++
      const { key, version: written, trailing, attributes, publicKey } = read.value
      const body = bytes.subarray(0, bytes.length - trailing)
      const canonical = encodePkcs8(key, { publicKey: publicKey === 'given' })
      const saidTwice = key.type === 'EC' && body.length > canonical.length
      if (written === 1 && !attributes && !saidTwice) assert.is(toHex(canonical), toHex(body))
      // Whatever was left out or said twice, the canonical form is the same key and does not change any more.
      const once = decodePkcs8(encodePkcs8(key), { trailingZeros: false })
      assert.ok(once.ok)
      if (once.ok) assert.equal(once.value, { key, version: 1, trailing: 0, attributes: false, publicKey: 'given' })
    }),
    { numRuns: 4000 },
  )
  assert.ok(accepted > 100, `only ${accepted} inputs were accepted`)
})

laws('what the check lets pass is a key that a target carries unchanged', async () => {
  await fc.assert(
    fc.property(input, (bytes) => {
      const read = readTarget(bytes, {}, { trailingZeros: false })
      if (!read.ok) return
      const carried = readTarget(writeTarget(read.value.key), { kty: read.value.key.type }, { trailingZeros: false })
      assert.equal(carried, read)
    }),
    { numRuns: 1000 },
  )
})

laws('a JWK that is accepted is written again with the same members', async () => {
  const jwks = [rsa, ...pairs].flatMap(({ publicKey, privateKey }) => [publicKey, privateKey].map((key) => key.export({ format: 'jwk' })))
  const texts = fc
    .tuple(fc.constantFrom(...jwks), fc.nat(), fc.constantFrom('', 'A', '=', '-', '+', '"', ',', '\\u0041', 'AA', 'P-256', 'e', ':1', 'RSA-HSM'), fc.nat(2))
    .map(([jwk, where, piece, cut]) => {
      const text = JSON.stringify(jwk)
      const at = where % text.length
      return text.slice(0, at) + piece + text.slice(at + cut)
    })
  let accepted = 0
  await fc.assert(
    fc.property(texts, (text) => {
      const json = parseJson(text, { maxDepth: 4, maxBytes: 65536 })
      if (!json.ok) return
      const given = json.value as Record<string, string>
      for (const written of [again(decodePublicJwk(json.value), encodePublicJwk), again(decodePrivateJwk(json.value), encodePrivateJwk)]) {
        if (!written) continue
        accepted++
        for (const [name, value] of Object.entries(written)) {
          if (name === 'kty') assert.is(value, given['kty']!.replace('-HSM', ''))
          else if (name === 'crv') assert.ok(value === given['crv'] || value === 'P-256K')
          else assert.is(value, given[name])
        }
      }
    }),
    { numRuns: 3000 },
  )
  assert.ok(accepted > 100, `only ${accepted} texts were accepted`)
})

laws('every number of a PKCS#8 is needed: a changed one is refused', async () => {
  for (const { privateKey } of [rsa, ...pairs]) {
    const bytes = der(privateKey, 'pkcs8')
    await fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const read = readPrivateKey(
          bytes.map((byte, i) => (i === at ? byte ^ change : byte)),
          { trailingZeros: false },
        )
        // Version 2 is the one byte that may be another: RFC 5958 has nothing else to say here.
        if (read.ok) assert.equal([read.value.version, at, change], [2, bytes.indexOf(0x02) + 2, 1])
      }),
      { numRuns: 300 },
    )
  }
})

laws.run()

function again<K, T>(read: { ok: true; value: K } | { ok: false }, encode: (key: K) => T): T | null {
  return read.ok ? encode(read.value) : null
}
