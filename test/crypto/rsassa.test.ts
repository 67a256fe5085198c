/**
 * RSASSA-PKCS1-v1_5 on every provider, beside `node:crypto` and the openssl command, and encoded messages that are almost right.
 * @module
 */
import fc from 'fast-check'
import { constants, createHash, privateEncrypt, sign, verify } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Hash, RsaPrivateKey } from '../../src/crypto/keys.js'
import { publicPart } from '../../src/crypto/key-parts.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { skip } from '../skip.js'
import { given } from '../support/folder.js'
import { big, bytesOf, isCallersMistake, newRsa, providers, systemRandom } from '../support/providers.js'
import { openssl, opensslMissing } from './openssl.js'

const HASHES: readonly (readonly [Hash, string])[] = [
  ['SHA-1', 'sha1'],
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
]

const rsassa = suite('RSASSA-PKCS1-v1_5')
const pairs = [2048, 3072, 4096].map((bits) => ({ bits, ...newRsa(bits) }))
const { key, privateKey } = pairs[0]!
const message = Buffer.from('what is to be signed')

for (const crypto of providers)
  for (const [hash, name] of HASHES) {
    for (const { bits, key, privateKey, publicKey } of pairs)
      rsassa(`${crypto.name}: ${hash} under RSA-${bits}, as node:crypto does it`, async () => {
        const signature = await crypto.rsaSign(key, hash, message)
        assert.is(signature.constructor, Uint8Array)
        assert.ok(verify(name, message, publicKey, signature))
        assert.equal(signature, Uint8Array.from(sign(name, message, privateKey)))
        assert.is(await crypto.rsaVerify(publicPart(key), hash, message, signature), true)
        assert.is(await crypto.rsaVerify(key, hash, message, Buffer.from(signature)), true, 'a private key serves as the public one')
      })

    rsassa(`${crypto.name}: ${hash}, any message, and no other one`, () =>
      fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), async (signed, place) => {
          const signature = Uint8Array.from(sign(name, signed, privateKey))
          assert.equal(await crypto.rsaSign(key, hash, signed), signature)
          assert.is(await crypto.rsaVerify(key, hash, signed, signature), true)
          assert.is(await crypto.rsaVerify(key, hash, Buffer.concat([signed, Buffer.of(0)]), signature), false)
          signature[place % signature.length]! ^= 1 << (place % 8)
          assert.is(await crypto.rsaVerify(key, hash, signed, signature), false)
        }),
        { numRuns: 12 },
      ),
    )
  }

if (opensslMissing !== null) skip(rsassa, 'beside the openssl command', opensslMissing)
else {
  const privateFile = given('rsassa-key', privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const publicFile = given('rsassa-key.pub', pairs[0]!.publicKey.export({ type: 'spki', format: 'pem' }))
  for (const [hash, name] of HASHES)
    rsassa(`${hash}: openssl verifies ours, we verify its own`, async () => {
      const theirs = openssl(`dgst -${name} -sign ${privateFile}`, message)
      for (const crypto of providers) {
        assert.is(await crypto.rsaVerify(key, hash, message, theirs), true, crypto.name)
        const ours = given(`rsassa-${crypto.name}`, await crypto.rsaSign(key, hash, message))
        assert.match(Buffer.from(openssl(`dgst -${name} -verify ${publicFile} -signature ${ours}`, message)).toString(), 'Verified OK')
      }
    })
}

/** The signature over an encoded message of our choice. */
const over = (block: Uint8Array): Uint8Array => Uint8Array.from(privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block))

const digested = createHash('sha256').update(message).digest()
const OID = Buffer.from('0609608648016503040201', 'hex')
const INFO = Buffer.concat([Buffer.from('3031300d', 'hex'), OID, Buffer.from('05000420', 'hex'), digested])
/** An encoded message with this DigestInfo at its end (RFC 8017 §9.2). */
function block(info: Uint8Array, { head = [0, 1], fill = 0xff, behind = new Uint8Array(0), padding = -1 } = {}): Buffer {
  const filled = padding < 0 ? 256 - 3 - info.length - behind.length : padding
  return Buffer.concat([Buffer.from(head), Buffer.alloc(filled, fill), Buffer.of(0), info, behind])
}

rsassa('an encoded message made by hand is the right one', async () => {
  const signature = over(block(INFO))
  assert.equal(signature, Uint8Array.from(sign('sha256', message, privateKey)))
  for (const crypto of providers) assert.is(await crypto.rsaVerify(key, 'SHA-256', message, signature), true, crypto.name)
})

const almost: readonly (readonly [string, Uint8Array])[] = [
  ['block type 2', block(INFO, { head: [0, 2] })],
  ['block type 0', block(INFO, { head: [0, 0], fill: 0 })],
  ['padding of other bytes', block(INFO, { fill: 0xfe })],
  ['one byte of the padding changed', Buffer.from(block(INFO)).fill(0xfe, 9, 10)],
  ['bytes behind the DigestInfo, padding as short as it may be', block(INFO, { padding: 8, behind: Buffer.alloc(256 - 8 - 3 - INFO.length) })],
  ['chosen bytes behind the DigestInfo', block(INFO, { behind: Buffer.alloc(20, 7) })],
  ['no NULL in the AlgorithmIdentifier', block(Buffer.concat([Buffer.from('302f300b', 'hex'), OID, Buffer.from('0420', 'hex'), digested]))],
  ['parameters that are no NULL', block(Buffer.concat([Buffer.from('30353011', 'hex'), OID, Buffer.from('0404deadbeef0420', 'hex'), digested]))],
  ['a length in more bytes than it needs', block(Buffer.concat([Buffer.from('308131300d', 'hex'), OID, Buffer.from('05000420', 'hex'), digested]))],
  ['bytes behind the digest, inside', block(Buffer.concat([Buffer.from('3033300d', 'hex'), OID, Buffer.from('05000420', 'hex'), digested, Buffer.of(5, 0)]))],
  ['the identifier of another hash', block(Buffer.concat([Buffer.from('3031300d0609608648016503040203', 'hex'), Buffer.from('05000420', 'hex'), digested]))],
  ['the digest alone', block(digested)],
  ['the digest of another message', block(Buffer.concat([INFO.subarray(0, -32), createHash('sha256').update('another').digest()]))],
]
for (const [what, encoded] of almost)
  rsassa(`no signature: ${what}`, async () => {
    assert.is(encoded.length, 256)
    for (const crypto of providers) assert.is(await crypto.rsaVerify(key, 'SHA-256', message, over(encoded)), false, crypto.name)
  })

rsassa('no signature: one under another hash, of another length, or a number that is not below the modulus', async () => {
  const signature = Uint8Array.from(sign('sha256', message, privateKey))
  const larger = bytesOf(big(signature) + big(key.n))
  const wrong = [new Uint8Array(0), signature.slice(1), Buffer.concat([Buffer.of(0), signature]), Buffer.concat([signature, Buffer.of(0)]), larger, key.n]
  for (const crypto of providers) {
    for (const bytes of [...wrong, new Uint8Array(256), new Uint8Array(256).fill(0xff)])
      assert.is(await crypto.rsaVerify(key, 'SHA-256', message, bytes), false, crypto.name)
    for (const hash of ['SHA-1', 'SHA-384', 'SHA-512'] as const) assert.is(await crypto.rsaVerify(key, hash, message, signature), false, crypto.name)
  }
})

rsassa("a modulus too short for the hash: the signer's mistake, no signature for the verifier", async () => {
  const short = newRsa(512)
  for (const crypto of providers) {
    assert.ok(await isCallersMistake(() => crypto.rsaSign(short.key, 'SHA-512', message)), crypto.name)
    assert.is(await crypto.rsaVerify(short.key, 'SHA-512', message, new Uint8Array(64)), false, crypto.name)
    assert.equal(await crypto.rsaSign(short.key, 'SHA-256', message), Uint8Array.from(sign('sha256', message, short.privateKey)), crypto.name)
  }
})

rsassa('a signature made with a wrong CRT number never leaves', async () => {
  for (const name of ['dp', 'dq', 'qi'] as const)
    for (const crypto of providers) {
      const spoiled: RsaPrivateKey = { ...key, [name]: bytesOf(big(key[name]) ^ 4n) }
      let signature: Uint8Array | null = null
      try {
        signature = await crypto.rsaSign(spoiled, 'SHA-256', message)
      } catch (error) {
        assert.not.instance(error, TypeError)
      }
      // A provider that notices may go the long way by d instead.
      if (signature) assert.ok(await nodeCrypto().rsaVerify(key, 'SHA-256', message, signature), `${crypto.name} ${name}`)
      crypto.forget(spoiled)
    }
})

rsassa('numbers that are no key verify nothing', async () => {
  const one = Uint8Array.of(1)
  for (const [n, e] of [
    [key.n, new Uint8Array(1)],
    [bytesOf(big(key.n) - 1n), key.e],
    [key.n, key.n],
    [one, one],
    [new Uint8Array(1), key.e],
    [new Uint8Array(0), key.e],
    [new Uint8Array(256).fill(0xff), one],
  ] as const)
    for (const crypto of providers)
      assert.is(
        await crypto.rsaVerify({ type: 'RSA', n, e }, 'SHA-256', message, systemRandom(n.length).fill(0, 0, 1)),
        false,
        `${crypto.name} ${n.length} ${e.length}`,
      )
})

rsassa("what is no byte string and no hash is the caller's mistake", async () => {
  const signature = new Uint8Array(256)
  for (const crypto of providers)
    for (const call of [
      () => crypto.rsaSign(key, 'SHA-256', 'text' as never),
      () => crypto.rsaSign(key, 'MD5' as Hash, message),
      () => crypto.rsaVerify(key, 'SHA-256', 'text' as never, signature),
      () => crypto.rsaVerify(key, 'SHA-256', message, 'text' as never),
      () => crypto.rsaVerify(key, 'MD5' as Hash, message, signature),
    ])
      assert.ok(await isCallersMistake(call), crypto.name)
})

rsassa.run()
