/**
 * The four curves on every provider: ECDH from Wycheproof, ECDSA crosswise, keys and points at their edges.
 * @module
 */
import fc from 'fast-check'
import { createECDH, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkEcPoint, curveFacts, ecdhX, ecPublicKey, generateEc, isEcScalar } from '../../src/crypto/ec.js'
import { CURVES, type Curve, type EcPrivateKey, type EcPublicKey } from '../../src/crypto/keys.js'
import { big, bytesOf, isCallersMistake, providers, seededRandom, systemRandom } from '../support/providers.js'
import { textOf, unhex, withWycheproof } from '../support/vectors.js'

const NATIVE: Readonly<Record<Curve, string>> = { 'P-256': 'prime256v1', 'P-256K': 'secp256k1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }
const HASH: Readonly<Record<Curve, string>> = { 'P-256': 'sha256', 'P-256K': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' }

/** A number in as many bytes as the curve's field has. */
const field = (curve: Curve, value: bigint): Uint8Array => {
  const bytes = bytesOf(value)
  const padded = new Uint8Array(curveFacts(curve).bytes)
  padded.set(bytes, padded.length - bytes.length)
  return padded
}

/** A key that OpenSSL made. */
function nativeKey(curve: Curve): EcPrivateKey {
  const pair = createECDH(NATIVE[curve])
  const point = pair.generateKeys()
  const { bytes } = curveFacts(curve)
  const d = field(curve, big(pair.getPrivateKey()))
  return { type: 'EC', curve, x: Uint8Array.from(point.subarray(1, 1 + bytes)), y: Uint8Array.from(point.subarray(1 + bytes)), d }
}

const vectors = suite('ECDH vectors')

for (const [name, curve, count, opener] of [
  ['ecdh_secp256r1_ecpoint_test', 'P-256', 355, providers],
  // The larger curve is slow in pure code; WebCrypto is the same OpenSSL here.
  ['ecdh_secp384r1_ecpoint_test', 'P-384', 790, providers.slice(0, 2)],
] as const)
  withWycheproof(vectors, name, ({ testGroups, numberOfTests }) => {
    const tests = testGroups.flatMap((group) => group.tests)
    vectors(`${name} has ${count} tests`, () => assert.equal([tests.length, numberOfTests], [count, count]))
    for (const test of tests)
      vectors(`${name} ${test.tcId} ${test.comment}`, async () => {
        const { bytes } = curveFacts(curve)
        const point = unhex(textOf(test, 'public'))
        // A key here is two coordinates. Points in any other form (compressed: "acceptable") are for the codecs to refuse.
        if (point.length !== 1 + 2 * bytes || point[0] !== 4) return assert.is.not(test.result, 'valid')
        const digits = textOf(test, 'private')
        const d = field(curve, BigInt(`0x${digits}`))
        const own: EcPrivateKey = { ...ecPublicKey(curve, d), d }
        const peer: EcPublicKey = { type: 'EC', curve, x: point.slice(1, 1 + bytes), y: point.slice(1 + bytes) }
        for (const crypto of opener) {
          const shared = await crypto.ecdh(own, peer)
          if (test.result === 'invalid') assert.equal(shared, { ok: false, fault: { code: 'ec_point_not_on_curve', at: 'x, y' } }, crypto.name)
          else assert.equal(shared, { ok: true, value: unhex(textOf(test, 'shared')) }, crypto.name)
        }
      })
  })

vectors.run()

const laws = suite('EC laws')

for (const curve of CURVES) {
  const facts = curveFacts(curve)
  const order = big(facts.order)

  laws(`${curve}: lengths`, () => {
    const wanted = { 'P-256': [32, 256], 'P-256K': [32, 256], 'P-384': [48, 384], 'P-521': [66, 521] }[curve]
    assert.equal([facts.bytes, facts.bits, facts.order.length], [wanted[0], wanted[1], wanted[0]])
  })

  laws(`${curve}: the public key is the one of OpenSSL, at the ends of the range as well`, () => {
    for (const value of [1n, 2n, order - 1n, big(nativeKey(curve).d)]) {
      const d = field(curve, value)
      const native = createECDH(NATIVE[curve])
      native.setPrivateKey(d)
      const { x, y } = ecPublicKey(curve, d)
      assert.is(Buffer.concat([Buffer.of(4), x, y]).toString('hex'), native.getPublicKey('hex'))
    }
  })

  laws(`${curve}: scalars are from 1 to the order less 1, in field length`, async () => {
    for (const value of [0n, order, order + 1n]) {
      assert.not(isEcScalar(curve, field(curve, value)))
      assert.ok(await isCallersMistake(() => ecPublicKey(curve, field(curve, value))))
    }
    assert.ok(isEcScalar(curve, field(curve, 1n)))
    assert.ok(isEcScalar(curve, field(curve, order - 1n)))
    assert.not(isEcScalar(curve, Uint8Array.of(1)))
    assert.not(isEcScalar(curve, new Uint8Array(facts.bytes + 1).fill(1)))
  })

  laws(`${curve}: points`, () => {
    const { x, y } = nativeKey(curve)
    const key = { type: 'EC', curve, x, y } as const
    const offCurve = { ok: false, fault: { code: 'ec_point_not_on_curve', at: 'x, y' } }
    assert.equal(checkEcPoint(key), { ok: true, value: undefined })
    assert.equal(checkEcPoint({ ...key, y: field(curve, big(y) ^ 1n) }), offCurve)
    assert.equal(checkEcPoint({ ...key, x: field(curve, 0n), y: field(curve, 0n) }), offCurve)
    assert.equal(checkEcPoint({ ...key, x: new Uint8Array(facts.bytes).fill(0xff) }), offCurve)
    assert.equal(checkEcPoint({ ...key, x: x.slice(1) }), {
      ok: false,
      fault: { code: 'ec_length_wrong', at: 'x', found: facts.bytes - 1, wanted: facts.bytes },
    })
    assert.equal(checkEcPoint({ ...key, y: Uint8Array.of(0, ...y) }), {
      ok: false,
      fault: { code: 'ec_length_wrong', at: 'y', found: facts.bytes + 1, wanted: facts.bytes },
    })
  })

  laws(`${curve}: a seeded key is the same again and another for another seed`, () => {
    const [first, second, third] = ['a', 'a', 'b'].map((seed) => generateEc(curve, seededRandom(seed)))
    assert.equal(first, second)
    assert.is.not(big(first!.d), big(third!.d))
  })

  for (const crypto of providers) {
    laws(`${curve} ${crypto.name}: generated keys check and agree with everybody's`, async () => {
      const own = await crypto.generateEc(curve)
      assert.equal(await crypto.checkPrivateKey(own), { ok: true, value: undefined })
      for (const other of providers) {
        const peer = await other.generateEc(curve)
        const shared = await crypto.ecdh(own, peer)
        assert.ok(shared.ok)
        assert.is(shared.value.length, facts.bytes)
        assert.equal(await other.ecdh(peer, own), shared, other.name)
      }
    })

    laws(`${curve} ${crypto.name}: ECDSA is OpenSSL's, both ways, and nothing changed is taken`, async () => {
      const key = nativeKey(curve)
      const url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
      const crv = curve === 'P-256K' ? 'secp256k1' : curve
      const native = createPrivateKey({ key: { kty: 'EC', crv, x: url(key.x), y: url(key.y), d: url(key.d) }, format: 'jwk' })
      const message = systemRandom(100)
      const signature = await crypto.ecdsaSign(key, message)
      assert.is(signature.length, 2 * facts.bytes)
      assert.ok(verify(HASH[curve], message, { key: createPublicKey(native), dsaEncoding: 'ieee-p1363' }, signature))

      const theirs = Uint8Array.from(sign(HASH[curve], message, { key: native, dsaEncoding: 'ieee-p1363' }))
      assert.ok(await crypto.ecdsaVerify(key, message, theirs))
      // The other s is as good (FIPS 186-5 has no rule about it), so that one of the two is always high.
      const otherS = Uint8Array.of(...theirs.slice(0, facts.bytes), ...field(curve, order - big(theirs.slice(facts.bytes))))
      assert.ok(await crypto.ecdsaVerify(key, message, otherS))

      for (const at of [0, facts.bytes - 1, facts.bytes, 2 * facts.bytes - 1]) {
        const changed = Uint8Array.from(theirs)
        changed[at]! ^= 1
        assert.not(await crypto.ecdsaVerify(key, message, changed), `byte ${at}`)
      }
      assert.not(await crypto.ecdsaVerify(key, Uint8Array.of(...message, 0), theirs))
      assert.not(await crypto.ecdsaVerify(nativeKey(curve), message, theirs))
      assert.not(await crypto.ecdsaVerify(key, message, theirs.slice(1)))
      assert.not(await crypto.ecdsaVerify(key, message, new Uint8Array(2 * facts.bytes)))
      assert.not(await crypto.ecdsaVerify({ ...key, x: field(curve, 0n) }, message, theirs))
    })

    laws(`${curve} ${crypto.name}: a peer off the curve or on another is refused, a scalar of ours out of range is our mistake`, async () => {
      const own = nativeKey(curve)
      const peer = nativeKey(curve)
      const other = nativeKey(curve === 'P-256' ? 'P-256K' : 'P-256')
      assert.equal(await crypto.ecdh(own, { ...peer, y: field(curve, big(peer.y) ^ 1n) }), { ok: false, fault: { code: 'ec_point_not_on_curve', at: 'x, y' } })
      assert.equal(await crypto.ecdh(own, other), { ok: false, fault: { code: 'ec_curve_differs', at: 'curve', found: other.curve, wanted: curve } })
      const zero = { ...own, d: new Uint8Array(facts.bytes) }
      assert.ok(await isCallersMistake(() => crypto.ecdh(zero, peer)))
      assert.ok(await isCallersMistake(() => crypto.ecdsaSign(zero, systemRandom(4))))
    })
  }
}

laws('a point of one curve is not one of another', () =>
  fc.assert(
    fc.property(fc.constantFrom<Curve>('P-256', 'P-256K'), (curve) => {
      const { x, y } = nativeKey(curve)
      assert.not(checkEcPoint({ type: 'EC', curve: curve === 'P-256' ? 'P-256K' : 'P-256', x, y }).ok)
    }),
    { numRuns: 10 },
  ),
)

laws("an unknown curve is the caller's mistake", async () => {
  const own = { ...nativeKey('P-256'), curve: 'P-224' as Curve }
  assert.ok(await isCallersMistake(() => curveFacts('P-224' as Curve)))
  assert.ok(await isCallersMistake(() => ecdhX(own, own)))
  for (const crypto of providers) assert.ok(await isCallersMistake(() => crypto.generateEc('P-224' as Curve)), crypto.name)
})

laws.run()
