import { createHash, randomBytes, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NO_VECTORS, thirdParty } from '../crypto/third-party.js'
import { skip } from '../skip.js'
import { nativeKeyPair } from '../support/native.js'
import { blobOf, fileOf, kwpHead, type BlobOptions } from './blobs.js'
import { at, compositeKey, fresh, given, keyferry, KID, listing, makeKek, textOf } from './harness.js'

const kek = makeKek(2048)
const der = (key: KeyObject): Buffer => key.export({ type: 'pkcs8', format: 'der' })
const ec = nativeKeyPair({ type: 'ec', namedCurve: 'P-256' })
const rsa = nativeKeyPair({ type: 'rsa', modulusLength: 2048 })
const octets = randomBytes(32)

/** Runs `byok open` with the private KEK on a file or a blob. */
function open(content: string | Uint8Array, ...options: string[]) {
  const key = options.includes('--kek-private') ? [] : ['--kek-private', kek.privatePem]
  return keyferry(['byok', 'open', given('transfer', content), ...key, ...options])
}

const good = suite('byok open')

for (const crypto of ['platform', 'pure'])
  for (const [what, kind, payload, options] of [
    ['an RSA key', 'rsa-2048', der(rsa.privateKey), []],
    ['an RSA key that is declared', 'rsa-2048', der(rsa.privateKey), ['--kty', 'RSA-HSM']],
    ['an EC key', 'ec-P-256', der(ec.privateKey), []],
    ['an EC key with its curve', 'ec-P-256', der(ec.privateKey), ['--kty', 'ec-hsm', '--crv', 'P-256']],
    ['octets', 'oct-256', octets, ['--kty', 'oct-HSM']],
  ] as const)
    good(`BYOK-14 opens ${what} with the ${crypto} crypto, in a file and bare`, async () => {
      const blob = blobOf(kek.publicKey, payload)
      for (const [content, ...form] of [[fileOf(blob)], [blob, '--raw']] as const) {
        const [out, publicOut] = [fresh('key'), fresh('jwk')]
        const ran = await open(content, ...form, ...options, '--crypto', crypto, '--out', out, '--public-out', publicOut, '--json')
        assert.is(ran.exit, 0, ran.err)
        assert.is(ran.json.target.kind, kind)
        assert.equal(readFileSync(out), Buffer.from(payload))
        assert.is(statSync(out).mode & 0o777, 0o600)
        assert.match(ran.err, `warning: ${out} holds the key in clear`)
        assert.equal(JSON.parse(textOf(publicOut)), ran.json.target.publicKey)
      }
    })

good('prints the public part and the fingerprint, and writes nothing', async () => {
  const before = listing().length
  const { exit, out, err } = await open(fileOf(blobOf(kek.publicKey, der(ec.privateKey))), '--kek-private', kek.privatePem)
  assert.is(exit, 0)
  assert.is(err, '')
  const { x, y, d } = ec.privateKey.export({ format: 'jwk' })
  const fingerprint = createHash('sha256')
    .update(ec.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  for (const part of [KID, 'ec-P-256', x!, y!, `spki-sha256:${fingerprint}`, 'a test (its own words)']) assert.ok(out.includes(part), part)
  assert.not.ok(out.includes(d!))
  assert.ok(listing().length <= before + 1)
})

good('BYOK-133 prints a check value of a symmetric key, and calls it a MAC', async () => {
  const { out } = await open(blobOf(kek.publicKey, octets), '--raw', '--kty', 'oct')
  assert.match(out, /check value +aes-cmac:[0-9a-f]{32} \(a MAC, not a public key\)/)
  assert.not.ok(out.includes(octets.toString('hex')) || out.includes(octets.toString('base64url')))
})

for (const zeros of [1, 7])
  good(`BYOK-72 takes ${zeros} zero bytes behind the key unless strict, and does not write them`, async () => {
    const padded = Buffer.concat([der(ec.privateKey), Buffer.alloc(zeros)])
    const content = fileOf(blobOf(kek.publicKey, padded))
    const out = fresh('der')
    const ran = await open(content, '--out', out, '--json')
    assert.is(ran.exit, 0, ran.err)
    assert.is(ran.json.trailingZeros, zeros)
    assert.equal(readFileSync(out), der(ec.privateKey))
    assert.is((await open(content, '--strict')).exit, 1)
  })

good('--strict governs the tolerances of the file', async () => {
  const content = fileOf(blobOf(kek.publicKey, der(ec.privateKey)), { extra: true })
  assert.is((await open(content)).exit, 0)
  const { exit, err } = await open(content, '--strict')
  assert.is(exit, 1)
  assert.match(err, 'BYOK-89')
})

good('says that all checks pass where it is asked to explain', async () => {
  assert.match((await open(blobOf(kek.publicKey, der(rsa.privateKey)), '--raw', '--explain')).out, 'All checks from U1 to U10 pass.')
})

for (const [form, content] of [
  ['PKCS#1 PEM', kek.privateKey.export({ type: 'pkcs1', format: 'pem' })],
  ['PKCS#8 DER', kek.privateKey.export({ type: 'pkcs8', format: 'der' })],
  ['JWK', JSON.stringify(kek.privateKey.export({ format: 'jwk' }))],
] as const)
  good(`takes the private KEK as ${form}`, async () => {
    const { exit, err } = await open(blobOf(kek.publicKey, octets), '--raw', '--kty', 'oct-HSM', '--kek-private', given('private', content))
    assert.is(exit, 0, err)
  })

good.run()

const refusals = suite('byok open: what does not open')

const jwk = ec.privateKey.export({ format: 'jwk' })
/** A PKCS#8 whose public point belongs to another key. */
const mismatched = (() => {
  const own = der(ec.privateKey)
  const point = der(nativeKeyPair({ type: 'ec', namedCurve: 'P-256' }).privateKey).subarray(-64)
  return Buffer.concat([own.subarray(0, -64), point])
})()
/** An RSA key with one bit of d changed. */
const wrongD = (() => {
  const { d } = rsa.privateKey.export({ format: 'jwk' })
  const bytes = Buffer.from(der(rsa.privateKey))
  const place = bytes.indexOf(Buffer.from(d!, 'base64url'))
  bytes[place + 100]! ^= 1
  return bytes
})()
const allOnes = (blob: Buffer) => Buffer.concat([Buffer.alloc(256, 0xff), blob.subarray(256)])
const changed = (blob: Buffer, offset: number) => {
  blob[offset]! ^= 1
  return blob
}
const faulty = (payload: Uint8Array, options: BlobOptions) => blobOf(kek.publicKey, payload, options)
const honest = () => blobOf(kek.publicKey, der(ec.privateKey))

/** The check, its requirement, what it is, the blob, options. */
const FAULTS: readonly (readonly [string, string, string, Buffer, ...string[]])[] = [
  ['U1', 'BYOK-51', 'C1 above the modulus', allOnes(honest())],
  ['U2', 'BYOK-52', 'a changed C1', changed(honest(), 200)],
  ['U2', 'BYOK-52', 'OAEP with SHA-256', faulty(der(ec.privateKey), { oaepHash: 'sha256' })],
  ['U2', 'BYOK-52', 'PKCS#1 v1.5', faulty(der(ec.privateKey), { pkcs1: true })],
  ['U2', 'BYOK-52', 'another KEK', forAnother()],
  ['U3', 'BYOK-53', 'an ephemeral key of 16 bytes', faulty(der(ec.privateKey), { ephemeral: randomBytes(16) })],
  ['U3', 'BYOK-53', 'an ephemeral key of 24 bytes', faulty(der(ec.privateKey), { ephemeral: randomBytes(24) })],
  ['U4', 'BYOK-54', 'a changed C2', changed(honest(), 300)],
  ['U4', 'BYOK-54', 'key wrap without padding', faulty(octets, { head: Buffer.alloc(8, 0xa6) }), '--kty', 'oct-HSM'],
  ['U4', 'BYOK-54', 'a C2 of one block with another constant', faulty(Buffer.alloc(8), { head: kwpHead(8, 'a65959a7') }), '--kty', 'oct-HSM'],
  ['U5', 'BYOK-55', 'a length that is too long', faulty(octets, { head: kwpHead(33) }), '--kty', 'oct-HSM'],
  ['U5', 'BYOK-55', 'a length that is too short', faulty(octets, { head: kwpHead(24) }), '--kty', 'oct-HSM'],
  ['U6', 'BYOK-56', 'padding that is not zero', faulty(der(ec.privateKey), { pad: 1 })],
  ['U7', 'BYOK-69', 'octets that are not declared', faulty(octets, {})],
  ['U7', 'BYOK-69', 'a truncated PKCS#8', faulty(der(ec.privateKey).subarray(0, 100), {})],
  ['U7', 'BYOK-69', 'PEM', faulty(Buffer.from(ec.privateKey.export({ type: 'pkcs8', format: 'pem' })), {})],
  ['U7', 'BYOK-70', 'a bare PKCS#1', faulty(rsa.privateKey.export({ type: 'pkcs1', format: 'der' }), {})],
  ['U7', 'BYOK-72', 'eight zero bytes behind the key', faulty(Buffer.concat([der(ec.privateKey), Buffer.alloc(8)]), {})],
  ['U7', 'BYOK-67', 'a PKCS#8 that is said to be octets', honest(), '--kty', 'oct-HSM'],
  ['U7', 'BYOK-67', 'octets of one block', faulty(Buffer.alloc(8), {}), '--kty', 'oct-HSM'],
  ['U8', 'BYOK-58', 'an EC key that is said to be RSA', honest(), '--kty', 'RSA-HSM'],
  ['U8', 'BYOK-58', 'an EC key on another curve than said', honest(), '--kty', 'EC-HSM', '--crv', 'P-384'],
  ['U8', 'BYOK-58', 'an RSA key where a curve is said', faulty(der(rsa.privateKey), {}), '--crv', 'P-256'],
  ['U9', 'BYOK-59', 'an RSA key with a changed d', faulty(wrongD, {})],
  ['U10', 'BYOK-60', 'the KEK itself', faulty(der(kek.privateKey), {})],
]

/** A blob for another KEK whose C1 is below our modulus: a larger one is U1. */
function forAnother(): Buffer {
  const other = nativeKeyPair({ type: 'rsa', modulusLength: 2048 }).publicKey
  const modulus = Buffer.from(kek.publicKey.export({ format: 'jwk' }).n!, 'base64url')
  for (;;) {
    const blob = blobOf(other, der(ec.privateKey))
    if (blob.compare(modulus, 0, modulus.length, 0, modulus.length) < 0) return blob
  }
}

refusals('the table has a row for each of U1 to U10', () => {
  assert.equal([...new Set(FAULTS.map(([check]) => check))], ['U1', 'U2', 'U3', 'U4', 'U5', 'U6', 'U7', 'U8', 'U9', 'U10'])
  assert.is(FAULTS.length, 25)
})

for (const [check, requirement, what, blob, ...options] of FAULTS)
  refusals(`BYOK-50 ${requirement} refuses ${what} in one way, and names ${check} only where asked`, async () => {
    const out = fresh('der')
    const path = given('transfer', fileOf(blob))
    const one = await open(fileOf(blob), ...options, '--out', out)
    assert.is(one.exit, 1)
    assert.is(one.out, '')
    assert.is(
      one.err,
      `keyferry: ${path}: the transfer blob does not open with this key [BYOK-50]\n  A symmetric key needs --kty oct-HSM. --explain names the check that failed.\n`,
    )
    for (const crypto of ['platform', 'pure']) {
      const { exit, json } = await open(blob, '--raw', ...options, '--crypto', crypto, '--json')
      assert.is(exit, 1)
      assert.equal(json.fault, { code: 'decryption_failed', requirement: 'BYOK-50' })
      const explained = await open(blob, '--raw', ...options, '--crypto', crypto, '--explain', '--json')
      assert.is(explained.exit, 1)
      assert.equal(explained.json.fault, { code: 'decryption_failed', at: check, requirement })
    }
    assert.not.ok(listing().some((name) => at(name) === out))
    for (const secret of [octets.toString('hex'), jwk.d!, 'BEGIN PRIVATE']) assert.not.ok(one.err.includes(secret))
  })

refusals('BYOK-66 U7 refuses an EC key whose public point is another key’s', async () => {
  const { exit, err } = await open(blobOf(kek.publicKey, mismatched), '--raw', '--explain')
  assert.is(exit, 1)
  assert.match(err, /U[79]: .*(public|curve).*\[BYOK-(66|59)\]/i)
})

refusals('explains what the maker probably did', async () => {
  for (const [blob, hint] of [
    [faulty(octets, { oaepHash: 'sha256' }), 'opens with OAEP SHA-256 and MGF1 SHA-256'],
    [faulty(octets, { head: Buffer.alloc(8, 0xa6) }), 'without padding (RFC 3394)'],
  ] as const)
    assert.ok((await open(blob, '--raw', '--kty', 'oct', '--explain')).err.includes(hint))
})

refusals.run()

const bad = suite('byok open: bad input')

const small = nativeKeyPair({ type: 'rsa', modulusLength: 1024 }).privateKey
for (const [what, content, options, exit, says] of [
  ['no private KEK', fileOf(honest()), ['--kek-private', ''], 2, '--kek-private needs a value'],
  ['a curve for octets', fileOf(honest()), ['--kty', 'oct-HSM', '--crv', 'P-256'], 2, '--crv is for EC keys'],
  ['an unknown type', fileOf(honest()), ['--kty', 'RSB-HSM'], 2, 'Did you mean RSA-HSM?'],
  ['an unknown curve', fileOf(honest()), ['--crv', 'P-257'], 2, 'Did you mean P-256?'],
  ['a missing KEK', fileOf(honest()), ['--kek-private', at('nothing')], 4, 'there is no such file'],
  ['a public KEK', fileOf(honest()), ['--kek-private', kek.publicPem], 1, 'a public key where a private one is wanted'],
  ['an EC KEK', fileOf(honest()), ['--kek-private', given('kek-ec', der(ec.privateKey))], 1, '[BYOK-33]'],
  ['BYOK-34 BYOK-64 a KEK of 1024 bits', fileOf(honest()), ['--kek-private', given('kek-1024', der(small))], 1, 'found: 1024; wanted: 2048'],
  [
    'BYOK-59 a KEK with a prime that is none',
    fileOf(honest()),
    ['--kek-private', given('kek-composite', compositeKey())],
    1,
    'prime of the RSA key is not prime',
  ],
  ['a KEK that is no key', fileOf(honest()), ['--kek-private', given('kek-none', 'hello')], 4, 'no key in a form that is known'],
  ['no JSON', 'hello', [], 4, 'not JSON'],
  ['a blob in place of a file', Buffer.alloc(408, 0xff), [], 4, 'not UTF-8'],
  ['BYOK-99 an empty file', '', [], 1, '[BYOK-99]'],
  ['BYOK-61 an empty blob', '', ['--raw'], 1, '[BYOK-61]'],
  ['BYOK-61 a blob that is cut off', honest().subarray(0, 405), ['--raw'], 1, '[BYOK-61]'],
  ['BYOK-61 a blob of C1 alone', honest().subarray(0, 256), ['--raw'], 1, '[BYOK-61]'],
  ['BYOK-61 a blob that is longer than any target makes it', Buffer.alloc(5000), ['--raw'], 1, '[BYOK-61]'],
  ['BYOK-96 a blob over the cap', Buffer.alloc(100000), ['--raw'], 1, '[BYOK-96]'],
  ['BYOK-96 a file over the cap', fileOf(honest(), { generator: 'x'.repeat(70000) }), [], 1, '[BYOK-96]'],
  ['BYOK-61 a file whose blob is cut off', fileOf(honest().subarray(0, 300)), [], 1, '[BYOK-61]'],
  ['BYOK-83 a file with a kid without version', fileOf(honest()).replace(/\/[0-9a-f]{32}/, ''), [], 1, '[BYOK-83]'],
] as const)
  bad(`refuses ${what}: ${exit}`, async () => {
    given('transfer', content)
    const before = listing()
    const ran = await open(content, ...options)
    assert.is(ran.exit, exit, ran.err)
    assert.ok(ran.err.includes(says), ran.err)
    assert.is(ran.out, '')
    assert.equal(listing(), before)
  })

bad('a missing file', async () => {
  const { exit, err } = await keyferry(['byok', 'open', at('nothing'), '--kek-private', kek.privatePem])
  assert.is(exit, 4)
  assert.match(err, 'cannot read the transfer file')
})

bad('never writes the key over an input or an existing file', async () => {
  const path = given('transfer', fileOf(honest()))
  for (const [out, force, exit] of [
    [path, true, 2],
    [kek.privatePem, true, 2],
    [given('mine', 'mine'), false, 1],
  ] as const) {
    const before = textOf(out)
    assert.is((await keyferry(['byok', 'open', path, '--kek-private', kek.privatePem, '--out', out, ...(force ? ['--force'] : [])])).exit, exit)
    assert.is(textOf(out), before)
  }
})

bad.run()

const vectors = suite('byok open: third-party vectors')

interface SharedTest {
  readonly name: string
  readonly result: 'valid' | 'valid-lenient' | 'invalid'
  readonly target: string
  readonly kekPkcs8: string
  readonly blob: string
  readonly plaintext: string
}

for (const [name, count] of [
  ['openssl', 9],
  ['python', 10],
  ['softhsm2', 1],
  ['nss', 1],
  ['negative', 13],
] as const) {
  const content = thirdParty(`byok/${name}.json`)
  if (!content) {
    skip(vectors, `byok/${name}.json`, NO_VECTORS)
    continue
  }
  const { tests } = JSON.parse(content.toString()) as { tests: SharedTest[] }
  vectors(`${name}.json has ${count} tests`, () => assert.is(tests.length, count))
  for (const [i, test] of tests.entries())
    vectors(`${name} ${i + 1} ${test.name}: ${test.result}`, async () => {
      const out = fresh('key')
      const key = given('vector-kek', Buffer.from(test.kekPkcs8, 'hex'))
      const kty = test.target.startsWith('AES') ? ['--kty', 'oct-HSM'] : []
      const attempt = (...options: string[]) => open(fileOf(Buffer.from(test.blob, 'hex')), '--kek-private', key, ...kty, ...options)
      assert.is((await attempt('--strict')).exit, test.result === 'valid' ? 0 : 1)
      if (test.result === 'invalid') return
      const { exit, err, json } = await attempt('--out', out, '--json')
      assert.is(exit, 0, err)
      const plaintext = Buffer.from(test.plaintext, 'hex')
      assert.equal(readFileSync(out), plaintext.subarray(0, plaintext.length - json.trailingZeros))
      assert.ok(plaintext.subarray(plaintext.length - json.trailingZeros).every((byte) => byte === 0))
    })
}

vectors.run()
