import { createHash, createPublicKey, privateDecrypt, randomBytes, type KeyObject } from 'node:crypto'
import { statSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { KEY_KINDS } from '../../src/enclave/kinds.js'
import { nativeKeyPair } from '../support/native.js'
import { at, compositeKey, fresh, given, HSM_KID, keyferry, KID, listing, makeKek, textOf, type World } from './harness.js'

const kek = makeKek(2048)
const ec = nativeKeyPair({ type: 'ec', namedCurve: 'P-256' })
const ecPem = given('ec.pem', ec.privateKey.export({ type: 'pkcs8', format: 'pem' }))
const aes = given('aes.bin', randomBytes(32))
/** Computed apart from our code. */
const fingerprint = createHash('sha256')
  .update(kek.publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex')

/** Runs `byok wrap` with an output of its own, and tells whether anything was written. */
async function wrap(options: Record<string, string | true>, world: World = {}) {
  const out = fresh('byok')
  const before = listing()
  const given: Record<string, string | true> = { kek: kek.publicPem, kid: KID, target: ecPem, out, ...options }
  const words = Object.entries(given).flatMap(([name, value]) => (value === '' ? [] : value === true ? [`--${name}`] : [`--${name}`, value]))
  const ran = await keyferry(['byok', 'wrap', ...words], world)
  return { ...ran, path: out, wrote: listing().filter((name) => !before.includes(name)).length }
}

const unconfirmed = { 'unconfirmed-kek': true } as const

const good = suite('byok wrap')

for (const bits of [2048, 3072, 4096])
  good(`BYOK-98 BYOK-61 writes a transfer file for a KEK of ${bits} bits`, async () => {
    const publicPem = bits === 2048 ? kek.publicPem : makeKek(bits).publicPem
    const { exit, err, path } = await wrap({ kek: publicPem, ...unconfirmed })
    assert.is(exit, 0, err)
    assert.is(err, '')
    const text = textOf(path)
    const file = JSON.parse(text)
    assert.is(text, `${JSON.stringify(file, null, 2)}\n`)
    assert.equal(Object.keys(file), ['schema_version', 'header', 'ciphertext', 'generator'])
    assert.equal(file.header, { kid: KID, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' })
    assert.is(Buffer.from(file.ciphertext, 'base64url').length, bits / 8 + 152)
  })

for (const [what, content] of [
  ['PEM, SPKI', kek.publicKey.export({ type: 'spki', format: 'pem' })],
  ['PEM, PKCS#1', kek.publicKey.export({ type: 'pkcs1', format: 'pem' })],
  ['DER, SPKI', kek.publicKey.export({ type: 'spki', format: 'der' })],
  ['DER, PKCS#1', kek.publicKey.export({ type: 'pkcs1', format: 'der' })],
  ['JWK', JSON.stringify(kek.publicKey.export({ format: 'jwk' }))],
  ['JWK from a vault', JSON.stringify({ ...kek.publicKey.export({ format: 'jwk' }), kty: 'RSA-HSM', kid: KID, key_ops: ['import'] })],
  ['key bundle', JSON.stringify({ key: { ...kek.publicKey.export({ format: 'jwk' }), kty: 'RSA-HSM', kid: KID, key_ops: ['import'] }, attributes: {} })],
] as const)
  good(`BYOK-175 takes the KEK as ${what}`, async () => {
    const { exit, err } = await wrap({ kek: given('kek-form', content), 'confirm-fingerprint': fingerprint })
    assert.is(exit, 0, err)
  })

const rsa = nativeKeyPair({ type: 'rsa', modulusLength: 2048 }).privateKey
for (const [what, kind, content, options] of [
  ['PKCS#8 PEM', 'rsa-2048', rsa.export({ type: 'pkcs8', format: 'pem' }), {}],
  ['PKCS#8 DER', 'rsa-2048', rsa.export({ type: 'pkcs8', format: 'der' }), { kty: 'RSA' }],
  ['PKCS#1 PEM', 'rsa-2048', rsa.export({ type: 'pkcs1', format: 'pem' }), {}],
  ['PKCS#1 DER', 'rsa-2048', rsa.export({ type: 'pkcs1', format: 'der' }), {}],
  ['SEC1 PEM', 'ec-P-256', ec.privateKey.export({ type: 'sec1', format: 'pem' }), { kty: 'EC' }],
  ['SEC1 DER', 'ec-P-256', ec.privateKey.export({ type: 'sec1', format: 'der' }), {}],
  ['RSA JWK', 'rsa-2048', JSON.stringify(rsa.export({ format: 'jwk' })), {}],
  ['EC JWK', 'ec-P-256', JSON.stringify(ec.privateKey.export({ format: 'jwk' })), {}],
  ['oct JWK', 'oct-128', JSON.stringify({ kty: 'oct', k: Buffer.alloc(16, 7).toString('base64url') }), { kid: HSM_KID }],
  ['oct JWK, declared', 'oct-128', JSON.stringify({ kty: 'oct', k: Buffer.alloc(16, 7).toString('base64url') }), { kid: HSM_KID, kty: 'oct' }],
  ['raw octets', 'oct-192', Buffer.alloc(24, 0x30), { kid: HSM_KID, kty: 'oct' }],
  ['raw octets that begin like a JWK', 'oct-256', Buffer.from('{"kty":"oct","k":"AAAAAAAAAAAAA"'), { kid: HSM_KID, kty: 'oct' }],
] as const)
  good(`BYOK-175 takes the target as ${what}`, async () => {
    const { exit, err, json } = await wrap({ target: given('target-form', content), json: true, ...unconfirmed, ...options })
    assert.is(exit, 0, err)
    assert.is(json.target.kind, kind)
  })

for (const kind of KEY_KINDS)
  good(`BYOK-74 makes a key of kind ${kind}`, async () => {
    const publicOut = fresh('jwk')
    const crypto = kind === 'rsa-4096' ? 'platform' : 'pure'
    const { exit, err, json } = await wrap({ target: '', generate: kind, kid: HSM_KID, 'public-out': publicOut, crypto, json: true, ...unconfirmed })
    assert.is(exit, 0, err)
    assert.is(json.target.kind, kind)
    const jwk = JSON.parse(textOf(publicOut))
    assert.equal(json.target.publicKey, jwk)
    if (kind.startsWith('oct')) {
      assert.is(textOf(publicOut), '{}\n')
      assert.match(json.target.identity, /^aes-cmac:[0-9a-f]{32}$/)
    } else {
      const spki = createPublicKey({ key: jwk.crv === 'P-256K' ? { ...jwk, crv: 'secp256k1' } : jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })
      assert.is(json.target.identity, `spki-sha256:${createHash('sha256').update(spki).digest('hex')}`)
    }
  })

good('BYOK-13 two wraps of one key differ in both halves, and their ephemeral keys too', async () => {
  const [a, b] = await Promise.all([wrap(unconfirmed), wrap(unconfirmed)])
  const [first, second] = [a, b].map(({ path }) => Buffer.from(JSON.parse(textOf(path)).ciphertext, 'base64url')) as [Buffer, Buffer]
  const open = (blob: Buffer) => privateDecrypt({ key: kek.privateKey, oaepHash: 'sha1' }, blob.subarray(0, 256))
  assert.is.not(first.subarray(0, 256).toString('hex'), second.subarray(0, 256).toString('hex'))
  assert.is.not(first.subarray(256).toString('hex'), second.subarray(256).toString('hex'))
  assert.is.not(open(first).toString('hex'), open(second).toString('hex'))
  assert.is(open(first).length, 32)
})

good('BYOK-47 calls a key from a file software-sourced, in the output and in the file', async () => {
  const { out, path } = await wrap({ ...unconfirmed, generator: 'Our tool 1.2' })
  assert.match(out, /target +ec-P-256, software-sourced key, from /)
  assert.match(JSON.parse(textOf(path)).generator, /^Our tool 1\.2; keyferry \d+\.\d+\.\d+; software-sourced key$/)
  const plain = await wrap({ ...unconfirmed, json: true })
  assert.match(JSON.parse(textOf(plain.path)).generator, /^keyferry \d+\.\d+\.\d+; software-sourced key$/)
  assert.is(plain.json.target.source, 'software')
})

good('BYOK-41 tells of limits further down, and wraps', async () => {
  const { exit, out } = await wrap({ kek: at('kek-4096.pem'), ...unconfirmed })
  assert.is(exit, 0)
  assert.match(out, 'note: Some services')
})

good('shows colours on a terminal that wants them, and the wait for a key', async () => {
  const options = { target: '', generate: 'ec-P-256', ...unconfirmed }
  const colour = await wrap(options, { terminal: true })
  assert.match(colour.out, '\x1b[33mnot confirmed\x1b[39m')
  assert.match(colour.err, 'making a key, ec-P-256')
  const quiet = await wrap(options, { terminal: true, env: { NO_COLOR: '1' } })
  assert.not.match(quiet.out + quiet.err, '\x1b')
})

good('replaces an existing file when forced, and only then', async () => {
  const out = given('existing.byok', 'mine')
  const refused = await wrap({ out, ...unconfirmed })
  assert.is(refused.exit, 1)
  assert.match(refused.err, 'is there already')
  assert.is(textOf(out), 'mine')
  assert.is((await wrap({ out, force: true, ...unconfirmed })).exit, 0)
  assert.match(textOf(out), 'schema_version')
})

good('never writes over the key that it reads', async () => {
  const { exit, err } = await wrap({ out: ecPem, force: true, ...unconfirmed })
  assert.is(exit, 2)
  assert.match(err, 'is also an input')
  assert.match(textOf(ecPem), 'PRIVATE KEY')
  assert.ok(statSync(ecPem).size > 0)
})

good.run()

const confirmation = suite('byok wrap: is it the right KEK?')

for (const [what, text] of [
  ['as it is', fingerprint],
  ['in upper case', fingerprint.toUpperCase()],
  ['with colons', fingerprint.match(/../g)!.join(':')],
  ['with spaces', fingerprint.match(/.{8}/g)!.join(' ')],
])
  confirmation(`BYOK-45 takes the fingerprint ${what}`, async () => {
    const { exit, err, json } = await wrap({ 'confirm-fingerprint': text!, json: true })
    assert.is(exit, 0, err)
    assert.equal(json.kek, { kid: KID, bits: 2048, confirmed: true, fingerprint })
  })

confirmation('BYOK-45 takes what a person types, and does not show it before', async () => {
  const { exit, err } = await wrap({}, { terminal: true, types: fingerprint })
  assert.is(exit, 0, err)
  assert.match(err, 'Fingerprint of the KEK')
  assert.not.match(err, fingerprint)
})

for (const [what, options, world, exit, says] of [
  ['BYOK-48 nothing, where nobody can be asked', {}, {}, 1, 'not confirmed from another channel'],
  ['BYOK-48 an empty line', {}, { types: ' ' }, 1, 'not confirmed from another channel'],
  ['BYOK-45 a shortened one, typed', {}, { types: fingerprint.slice(0, 32) }, 1, 'not 64 hex digits'],
  ['BYOK-45 a shortened one', { 'confirm-fingerprint': fingerprint.slice(0, 32) }, {}, 2, '64 hex digits'],
  ['BYOK-45 words', { 'confirm-fingerprint': 'z'.repeat(64) }, {}, 2, '64 hex digits'],
  ['BYOK-46 a JWK thumbprint', { 'confirm-fingerprint': randomBytes(32).toString('base64url') }, {}, 2, '64 hex digits'],
  ['BYOK-142 that of another key', { 'confirm-fingerprint': '00'.repeat(32) }, {}, 1, 'another fingerprint'],
  ['BYOK-142 that of another key, typed', {}, { types: '00'.repeat(32) }, 1, 'another fingerprint'],
  ['both answers', { 'confirm-fingerprint': fingerprint, ...unconfirmed }, {}, 2, 'exclude each other'],
] as const)
  confirmation(`refuses ${what}, writes nothing and does not give the answer away`, async () => {
    const ran = await wrap(options, { terminal: true, ...world })
    assert.is(ran.exit, exit)
    assert.match(ran.err, says)
    assert.is(ran.wrote, 0)
    assert.not.match(ran.out + ran.err, fingerprint)
  })

confirmation('BYOK-48 says where to get the fingerprint', async () => {
  const { err } = await wrap({})
  assert.match(err, 'openssl pkey -pubin -in kek.pem -outform DER | openssl dgst -sha256')
  assert.match(err, '--unconfirmed-kek')
})

confirmation.run()

const bad = suite('byok wrap: bad input')

const jwk = (extra: object) => JSON.stringify({ ...kek.publicKey.export({ format: 'jwk' }), ...extra })
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' })
const small = nativeKeyPair({ type: 'rsa', modulusLength: 1024 })
const huge = Object.fromEntries(['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => [name, Buffer.alloc(1024, 0xff).toString('base64url')]))
const otherEc = nativeKeyPair({ type: 'ec', namedCurve: 'P-224' })
const pss = nativeKeyPair({ type: 'rsa-pss', modulusLength: 2048 })
const encrypted = ec.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })

/** What, options, contents of files named by options, exit code, what the message says. */
type BadRow = readonly [what: string, options: Record<string, string | true>, files: Record<string, string | Uint8Array>, exit: number, says: string]
const ROWS: readonly BadRow[] = [
  ['no KEK', { kek: '' }, {}, 2, '--kek FILE is missing'],
  ['no kid', { kid: '' }, {}, 2, '--kid URL is missing'],
  ['no output', { out: '' }, {}, 2, '--out FILE is missing'],
  ['neither target nor kind', { target: '' }, {}, 2, 'one of --target FILE and --generate KIND'],
  ['target and kind', { generate: 'oct-256' }, {}, 2, 'one of --target FILE and --generate KIND'],
  ['an unknown kind', { target: '', generate: 'rsa-1024' }, {}, 2, '--generate takes no rsa-1024'],
  ['a kind and a type', { target: '', generate: 'ec-P-256', kty: 'EC' }, {}, 2, '--kty'],
  ['BYOK-38 a kid without version', { kid: KID.slice(0, -33) }, {}, 2, 'names no version'],
  ['BYOK-38 a kid with an empty version', { kid: KID.slice(0, -32) }, {}, 2, 'names no version'],
  ['BYOK-38 a kid with half a version', { kid: KID.slice(0, -16) }, {}, 2, 'not a version'],
  ['BYOK-10 a kid without TLS', { kid: KID.replace('https', 'http') }, {}, 2, 'not an https URL'],
  ['BYOK-10 a kid with a password', { kid: KID.replace('//', '//me:pw@') }, {}, 2, 'user information'],
  ['a kid that is no URL', { kid: 'kek' }, {}, 2, 'not a URL'],
  ['BYOK-97 control characters in the generator', { generator: 'a\x1b[2Jb' }, {}, 2, 'control characters'],
  ['BYOK-97 a long generator', { generator: 'a'.repeat(1025) }, {}, 2, 'too long'],
  ['an output in no folder', { out: at('no/such/x.byok') }, {}, 1, 'no such folder'],
  ['two outputs in one place', { out: at('same'), 'public-out': at('same') }, {}, 2, 'is also the output'],
  ['a missing KEK file', { kek: at('nothing.pem') }, {}, 4, 'there is no such file'],
  ['a missing target file', { target: at('nothing.pem') }, {}, 4, 'there is no such file'],
  ['a folder for a KEK', { kek: at('.') }, {}, 4, 'it is a folder'],
  ['an empty KEK', {}, { kek: '' }, 4, 'the file is empty'],
  ['an empty target', {}, { target: '' }, 4, 'the file is empty'],
  ['a KEK that is no key', {}, { kek: 'hello' }, 4, 'no key in a form that is known'],
  ['a KEK that is cut off', {}, { kek: textOf(kek.publicPem).slice(0, 200) }, 4, 'without end'],
  ['a KEK of DER that is cut off', {}, { kek: kek.publicKey.export({ type: 'spki', format: 'der' }).subarray(0, 100) }, 4, 'ends before its length'],
  ['a KEK of broken JSON', {}, { kek: '{"kty":"RSA"' }, 4, 'not JSON'],
  ['a KEK that is JSON and no JWK', {}, { kek: '{"a":1}' }, 4, 'missing'],
  ['a KEK in UTF-16', {}, { kek: Buffer.from(`\ufeff${textOf(kek.publicPem)}`, 'utf16le') }, 4, 'UTF-16'],
  ['a KEK that is too large', {}, { kek: 'x'.repeat(70000) }, 4, 'too large'],
  ['a private key for a KEK', {}, { kek: pkcs8(kek.privateKey) }, 1, 'a private key where a public one is wanted'],
  ['a private JWK for a KEK', {}, { kek: JSON.stringify(kek.privateKey.export({ format: 'jwk' })) }, 1, 'a private key where a public one is wanted'],
  ['an encrypted private key for a KEK', {}, { kek: encrypted }, 1, 'encrypted'],
  ['BYOK-33 an EC key for a KEK', {}, { kek: ec.publicKey.export({ type: 'spki', format: 'pem' }) }, 1, 'wrong type (found: EC; wanted: RSA) [BYOK-33]'],
  ['BYOK-33 a PSS key for a KEK', {}, { kek: pss.publicKey.export({ type: 'spki', format: 'pem' }) }, 1, 'RSASSA-PSS'],
  [
    'BYOK-34 a KEK of 1024 bits',
    {},
    { kek: small.publicKey.export({ type: 'spki', format: 'pem' }) },
    1,
    'found: 1024; wanted: 2048, 3072 or 4096 bits) [BYOK-34]',
  ],
  ['BYOK-73 a KEK with an even exponent', {}, { kek: jwk({ e: 'AQAA' }) }, 1, 'exponent'],
  ['BYOK-33 a KEK from a vault that is no RSA-HSM key', {}, { kek: jwk({ kid: KID, key_ops: ['import'] }) }, 1, 'wanted: RSA-HSM) [BYOK-33]'],
  ['BYOK-35 a KEK that may encrypt', {}, { kek: jwk({ kty: 'RSA-HSM', kid: KID, key_ops: ['import', 'encrypt'] }) }, 1, '[BYOK-35]'],
  ['BYOK-9 a KEK that says it is another one', {}, { kek: jwk({ kty: 'RSA-HSM', kid: KID.replace('0', '1'), key_ops: ['import'] }) }, 1, '[BYOK-9]'],
  ['BYOK-175 several KEKs', {}, { kek: textOf(kek.publicPem).repeat(2) }, 1, 'more than one key'],
  ['BYOK-59 a target with a prime that is none', {}, { target: compositeKey() }, 1, 'prime of the RSA key is not prime'],
  ['a target that is no key', {}, { target: 'hello' }, 4, '--kty oct'],
  ['a public key for a target', {}, { target: ec.publicKey.export({ type: 'spki', format: 'pem' }) }, 1, 'a public key where a private one is wanted'],
  ['an encrypted target', {}, { target: encrypted }, 1, 'the key is encrypted'],
  ['BYOK-70 a PSS key for a target', {}, { target: pkcs8(pss.privateKey) }, 1, 'RSASSA-PSS'],
  ['BYOK-74 a target on another curve', {}, { target: pkcs8(otherEc.privateKey) }, 1, 'curve'],
  ['BYOK-74 an RSA target that is too small', {}, { target: pkcs8(small.privateKey) }, 1, 'RSA 1024'],
  ['BYOK-74 an RSA target that is too large', {}, { target: JSON.stringify({ kty: 'RSA', ...huge }) }, 1, 'RSA 8192'],
  ['BYOK-67 raw octets that are too long', { kty: 'oct', kid: HSM_KID }, { target: randomBytes(33) }, 1, 'found: 33; wanted: 16, 24, 32) [BYOK-67]'],
  ['BYOK-67 very many raw octets', { kty: 'oct', kid: HSM_KID }, { target: Buffer.alloc(200000) }, 1, '[BYOK-67]'],
  ['BYOK-67 no octets', { kty: 'oct', kid: HSM_KID }, { target: '' }, 1, '[BYOK-67]'],
  ['BYOK-58 an EC key that is said to be RSA', { kty: 'RSA' }, {}, 1, 'found: EC; wanted: RSA) [BYOK-58]'],
  ['BYOK-68 octets for a vault that takes none', { kty: 'oct', target: aes }, {}, 1, '[BYOK-68]'],
  ['BYOK-68 an oct JWK for a vault that takes none', {}, { target: JSON.stringify({ kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA' }) }, 1, '[BYOK-68]'],
  ['BYOK-68 new octets for an unknown host', { target: '', generate: 'oct-256', kid: KID.replace('vault.azure.net', 'example.org') }, {}, 1, '[BYOK-68]'],
  ['BYOK-60 the KEK itself for a target', {}, { target: pkcs8(kek.privateKey) }, 1, '[BYOK-60]'],
]

for (const [what, options, files, exit, says] of ROWS)
  bad(`refuses ${what}: ${exit}`, async () => {
    const written = Object.fromEntries(Object.entries(files).map(([option, content]) => [option, given(`bad-${option}`, content)]))
    const ran = await wrap({ ...unconfirmed, ...options, ...written })
    assert.is(ran.exit, exit, ran.err)
    assert.ok(ran.err.includes(says), ran.err)
    assert.not.match(ran.err, /^\s+at .*\.ts/m)
    assert.is(ran.out, '')
    assert.is(ran.wrote, 0)
    const json = (await wrap({ ...unconfirmed, ...options, ...written, json: true })).json
    assert.equal([json.ok, json.exit], [false, exit])
  })

bad('BYOK-97 no file name or key identifier brings control characters to the terminal', async () => {
  const { err } = await wrap({ kid: `${KID}\x1b[2J`, ...unconfirmed }, { terminal: true, env: { NO_COLOR: '1' } })
  assert.not.match(err, '\x1b')
  const file = await wrap({ kek: at('evil\x1b]0;title\x07'), ...unconfirmed }, { terminal: true, env: { NO_COLOR: '1' } })
  assert.not.match(file.err, /[\x1b\x07]/)
})

bad.run()
