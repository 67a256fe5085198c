/**
 * The vectors of secrets on their way: a session key under K1, and structures under a session key as published.
 *
 * A refusal looks the same whatever noticed the fault. What did notice it is stated by the vector and found out here with the
 * parts of the library, one after the other: opening, structure, key.
 * @module
 */
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import { checkPrivateKey } from '../../src/crypto/key-check.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { Hash } from '../../src/crypto/keys.js'
import { oaepEncrypt } from '../../src/crypto/oaep.js'
import { pkcs1Encrypt } from '../../src/crypto/pkcs1.js'
import { run } from '../../src/enclave/steps.js'
import { decodeKeyDataBlob, encodeKeyDataBlob } from '../../src/ski/blobs/index.js'
import type { SecureFunction, SessionAlgorithm, WrapPadding } from '../../src/ski/enclave/commands.js'
import { ALGORITHMS, offersAlgorithm, openPublished, openResponse, sealPublished, sealResponse, type SessionKey } from '../../src/ski/sealed/index.js'
import {
  decodeAuthenticate,
  decodeAuthenticateResponse,
  decodeChangeAuthenticator,
  decodeChangeAuthenticatorResponse,
  decodeImportKeypair,
  keyOfImport,
} from '../../src/ski/structures/index.js'
import type { Maybe, Verdict } from '../../src/verdict.js'
import { givenRandom } from '../support/providers.js'
import { accepted, bytes, keyOf, providers, refusedAs, suiteOf, text, title, type Vector } from './load.js'

const { file: sealedFile, tests: sealed } = suiteOf('ski/sealed-published')

const blobsOf = (vector: Vector): Uint8Array[] => (vector['blobs'] as readonly string[]).map((blob) => Uint8Array.from(Buffer.from(blob, 'hex')))
const algorithmOf = (vector: Vector) => text(vector, 'algorithm') as SessionAlgorithm
const flagsOf = (vector: Vector) => vector['dwFlags'] as 0 | 1

function sessionKeyOf(vector: Vector): SessionKey {
  const [session, serverNonce, cardNonce, cardId] = [1, 2, 3, 4].map((byte) => new Uint8Array(16).fill(byte)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  return { algorithm: algorithmOf(vector), key: bytes(vector, 'key'), context: { session, serverNonce, cardNonce, cardId } }
}

const answered = (vector: Vector) => ({ function: text(vector, 'function') as Exclude<SecureFunction, 'Import Key Pair'>, pinId: 1 })

function open(crypto: Crypto, vector: Vector): Maybe<Verdict<Uint8Array>> {
  const key = sessionKeyOf(vector)
  if (vector['direction'] === 'toServer') return run(openResponse(crypto, 'published', key, answered(vector), blobsOf(vector)))
  return run(openPublished(crypto, key, bytes(vector, 'iv'), flagsOf(vector), blobsOf(vector)))
}

/** What refuses a structure that has been deciphered. */
function judge(vector: Vector, structure: Uint8Array): 'structure' | 'key' | 'nothing' {
  if (vector['function'] === 'Import Key Pair') {
    const read = decodeImportKeypair(structure)
    if (!read.ok) return 'structure'
    const key = keyOfImport(read.value)
    return key.ok && checkPrivateKey(key.value).ok ? 'nothing' : 'key'
  }
  const request = vector['direction'] === 'toCard'
  const decoders =
    vector['function'] === 'Authenticate' ? [decodeAuthenticate, decodeAuthenticateResponse] : [decodeChangeAuthenticator, decodeChangeAuthenticatorResponse]
  return decoders[request ? 0 : 1]!(structure).ok ? 'nothing' : 'structure'
}

for (const vector of sealedFile.tests)
  for (const crypto of providers)
    sealed(title(vector, crypto.name), async () => {
      if (!offersAlgorithm(crypto, algorithmOf(vector))) return assert.ok(vector.flags?.includes('TripleDes'), 'an algorithm is missing that is no triple DES')
      const opened = await open(crypto, vector)
      if (vector.result === 'valid') {
        const structure = await accepted(opened)
        assert.equal(structure, bytes(vector, 'structure'))
        return assert.is(judge(vector, structure), 'nothing')
      }
      assert.is(vector.expect, 'sealed_refused')
      const stage = vector['stage']
      if (stage === 'blobs' || stage === 'padding') return refusedAs(vector, opened)
      assert.is(judge(vector, await accepted(opened)), stage)
    })

for (const vector of sealedFile.tests.filter(({ result, flags = [] }) => result === 'valid' && !flags.includes('Malleable')))
  for (const crypto of providers.filter((each) => offersAlgorithm(each, algorithmOf(vector))))
    sealed(title(vector, `${crypto.name}, seal`), async () => {
      const [key, structure, blobs] = [sessionKeyOf(vector), bytes(vector, 'structure'), blobsOf(vector)]
      const iv = vector['direction'] === 'toCard' ? bytes(vector, 'iv') : blobs[0]!.slice(0, ALGORITHMS[key.algorithm].blockBytes)
      const made =
        vector['direction'] === 'toCard'
          ? await run(sealPublished(crypto, key, iv, flagsOf(vector), structure, blobs.length))
          : await run(sealResponse(crypto, 'published', key, answered(vector), iv, structure))
      assert.is(made.length, blobs.length)
      assert.equal(Buffer.concat(made), Buffer.concat(blobs))
    })
sealed.run()

const { file: establishmentFile, tests: establishment } = suiteOf('ski/establishment')

const HASH: Readonly<Record<Exclude<WrapPadding, 'pkcs1'>, Hash>> = {
  'oaep-sha1': 'SHA-1',
  'oaep-sha256': 'SHA-256',
  'oaep-sha384': 'SHA-384',
  'oaep-sha512': 'SHA-512',
}

for (const vector of establishmentFile.tests) {
  const k1 = keyOf(establishmentFile, vector, 'k1')
  const padding = text(vector, 'padding') as WrapPadding
  const length = ALGORITHMS[algorithmOf(vector)].keyBytes
  const wrapped = bytes(vector, 'wrapped')
  for (const crypto of providers)
    establishment(title(vector, crypto.name), async () => {
      if (padding === 'pkcs1') {
        const blob = await crypto.pkcs1Decrypt(k1, wrapped, HEADER + length)
        assert.is(blob.length, HEADER + length, 'decryption never fails, and the length is the one asked for')
        const key = decodeKeyDataBlob(blob)
        if (vector.result === 'valid') return assert.equal([blob, await accepted(key)], [bytes(vector, 'blob'), bytes(vector, 'key')])
        return assert.not.ok(key.ok && key.value.length === length, 'the key inside would be used')
      }
      const hash = HASH[padding]
      const blob = await crypto.oaepDecrypt(k1, wrapped, { hash, mgf1: hash })
      const key = blob.ok ? decodeKeyDataBlob(blob.value) : blob
      if (vector.result === 'valid') return assert.equal(await accepted(key), bytes(vector, 'key'))
      assert.not.ok(key.ok && key.value.length === length, 'the key inside would be used')
    })
  if (vector.result === 'valid')
    establishment(title(vector, 'wrap'), async () => {
      const [blob, randomness] = [bytes(vector, 'blob'), bytes(vector, 'randomness')]
      assert.equal(encodeKeyDataBlob(bytes(vector, 'key')), blob)
      if (padding === 'pkcs1') return assert.equal(pkcs1Encrypt(k1, blob, givenRandom(randomness)), wrapped)
      const hash = HASH[padding]
      assert.equal(oaepEncrypt(k1, blob, { hash, mgf1: hash }, randomness), wrapped)
    })
}
establishment.run()

const promises = suite('what the vectors of SKI promise')
promises('SKI-29 SKI-215 one refusal for each way to fail inside, and a status of its own only for what everybody sees', () => {
  for (const { id, result, expect, padding, status } of establishmentFile.tests as readonly (Vector & { padding: string; status: string })[])
    if (result === 'invalid') {
      const seen = expect === 'format_invalid'
      const wanted = seen ? 'SCARD_E_INVALID_PARAMETER' : padding === 'pkcs1' ? 'SCARD_S_SUCCESS' : 'SCARD_E_UNEXPECTED'
      assert.equal([expect, status], [seen ? expect : padding === 'pkcs1' ? 'implicit_rejection' : 'sealed_refused', wanted], id)
    }
  assert.equal([...new Set(sealedFile.tests.filter(({ result }) => result === 'invalid').map(({ expect }) => expect))], ['sealed_refused'])
})
promises.run()

/** BCRYPT_KEY_DATA_BLOB_HEADER. */
const HEADER = 12
