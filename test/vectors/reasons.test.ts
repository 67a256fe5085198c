/**
 * Bad transfer blobs fail for the reason that they state, and for no earlier one. Judged with `node:crypto` and a few lines of
 * RFC 8017 and RFC 3394 alone: a vector that fails by accident would be accepted by every implementation that fails, too.
 * @module
 */
import { constants, createDecipheriv, createHash, createPrivateKey, privateDecrypt } from 'node:crypto'
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import { bytes, load, text, title } from './load.js'

type Check = 'U1' | 'U2' | 'U3' | 'U4' | 'U5' | 'U6' | 'none'

const sha1 = (...parts: readonly Uint8Array[]) => createHash('sha1').update(Buffer.concat(parts)).digest()

function mgf1(seed: Buffer, length: number): Buffer {
  const counter = (i: number) => Buffer.of(0, 0, 0, i)
  return Buffer.concat(Array.from({ length: Math.ceil(length / 20) }, (_, i) => sha1(seed, counter(i)))).subarray(0, length)
}

const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, i) => byte ^ b[i]!))

/** The message of an OAEP block, or null. */
function oaepMessage(block: Buffer): Buffer | null {
  const [maskedSeed, maskedData] = [block.subarray(1, 21), block.subarray(21)]
  const data = xor(maskedData, mgf1(xor(maskedSeed, mgf1(maskedData, 20)), maskedData.length))
  const separator = data.subarray(20).findIndex((byte) => byte !== 0) + 20
  const good = block[0] === 0 && data.subarray(0, 20).equals(sha1()) && separator >= 20 && data[separator] === 1
  return good ? data.subarray(separator + 1) : null
}

/** The initial value and the semiblocks behind it: the inverse of the wrapping function of RFC 3394, with nothing checked. */
function unwrapped(key: Buffer, wrapped: Buffer): Buffer {
  const decrypt = (block: Buffer) => createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(block)
  if (wrapped.length === 16) return decrypt(wrapped)
  const blocks = Array.from({ length: wrapped.length / 8 }, (_, i) => Buffer.from(wrapped.subarray(8 * i, 8 * i + 8)))
  const n = blocks.length - 1
  for (let j = 5; j >= 0; j--)
    for (let i = n; i >= 1; i--) {
      const step = Buffer.alloc(8)
      step.writeUInt32BE(n * j + i, 4)
      const opened = decrypt(Buffer.concat([xor(blocks[0]!, step), blocks[i]!]))
      blocks[0] = opened.subarray(0, 8)
      blocks[i] = opened.subarray(8)
    }
  return Buffer.concat(blocks)
}

function firstFailure(kekPkcs8: string, blob: Buffer): Check {
  const kek = createPrivateKey({ key: Buffer.from(kekPkcs8, 'hex'), format: 'der', type: 'pkcs8' })
  const modulus = Buffer.from(kek.export({ format: 'jwk' }).n!, 'base64url')
  const [c1, c2] = [blob.subarray(0, modulus.length), blob.subarray(modulus.length)]
  if (Buffer.compare(c1, modulus) >= 0) return 'U1'
  const ephemeral = oaepMessage(privateDecrypt({ key: kek, padding: constants.RSA_NO_PADDING }, c1))
  if (!ephemeral) return 'U2'
  if (ephemeral.length !== 32) return 'U3'
  const opened = unwrapped(ephemeral, c2)
  if (!opened.subarray(0, 4).equals(Buffer.from('a65959a6', 'hex'))) return 'U4'
  const indicator = opened.readUInt32BE(4)
  const payload = opened.subarray(8)
  if (indicator <= payload.length - 8 || indicator > payload.length) return 'U5'
  return payload.subarray(indicator).every((byte) => byte === 0) ? 'none' : 'U6'
}

for (const name of ['core/rsa-aes-key-wrap', 'byok/transfer-blob']) {
  const { keys, tests } = load(name)
  const reasons = suite(`why blobs of ${name} fail`)
  const judged = tests.filter((vector) => vector['check'] !== 'split' && (vector['hash'] ?? 'SHA-1') === 'SHA-1' && (vector['mgf1'] ?? 'SHA-1') === 'SHA-1')
  reasons('there are many', () => assert.ok(judged.length >= 30))
  for (const vector of judged)
    reasons(title(vector), () => {
      const stated = /^U[1-6]$/.test(String(vector['check'])) ? vector['check'] : 'none'
      assert.is(firstFailure(keys![text(vector, 'kek')]!.pkcs8, Buffer.from(bytes(vector, 'blob'))), stated)
    })
  reasons.run()
}
