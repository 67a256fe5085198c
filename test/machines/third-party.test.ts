/**
 * Blobs that others made (openssl, python-cryptography, SoftHSM2, NSS), through the real import path: the vault's machine,
 * the HSM's machine, its enclave. Read where they lie; never part of the project.
 */
import { createPublicKey, createPrivateKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Ceremony } from '../../machines/byok/ceremony.js'
import { PROFILES } from '../../src/byok/policy.js'
import { writeTransferFile } from '../../src/byok/transfer-file.js'
import { toBase64url } from '../../src/bytes/base64.js'
import { decodePkcs8 } from '../../src/crypto/pkcs8.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { pure } from '../../src/crypto/pure.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import { softwareEnclave } from '../../src/enclave/software.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { withVectors } from '../support/vectors.js'
import { seeded, VAULT } from '../support/world.js'

interface Case {
  readonly tcId: number
  readonly name: string
  readonly result: 'valid' | 'valid-lenient' | 'invalid'
  readonly kekBits: number
  readonly kekPkcs8: string
  readonly target: string
  readonly plaintext: string
  readonly blob: string
}

const test = suite('third-party blobs through the import path')
const REFUSAL = { type: 'vault.error', request: 'client-2', status: 400, code: 'BadParameter', message: 'The key transfer blob is not valid.' }
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

/** What the blob's maker says is in it, as an import request says it. */
function asked(target: string) {
  const name = target.toUpperCase()
  if (name.startsWith('RSA')) return { kty: 'RSA', crv: null, operations: ['sign', 'verify'] } as const
  if (name.startsWith('AES')) return { kty: 'oct', crv: null, operations: ['encrypt', 'decrypt'] } as const
  return { kty: 'EC', crv: target as 'P-256', operations: ['sign', 'verify'] } as const
}

/** The whole of one import: a KEK is made (the case's own, where the HSM would draw one), and the file is uploaded. */
async function importCase(vector: Case, crypto: Crypto, reading: 'strict' | 'lenient') {
  const read = decodePkcs8(hex(vector.kekPkcs8), { trailingZeros: false })
  assert.ok(read.ok)
  const kek = (read as { value: { key: RsaPrivateKey } }).value.key
  const signingKey = await crypto.generateEc('P-256')
  const policy = PROFILES.hardened
  const enclave = softwareEnclave({
    crypto: { ...crypto, generateRsa: () => copyKey(kek) },
    identity: { vault: VAULT, signingKey },
    policy,
    reading,
  })
  const ceremony = new Ceremony({ policy, vault: VAULT, takesOct: true, now: 0, sourceEnclave: softwareEnclave({ crypto, policy }), vaultEnclave: enclave })
  const { session } = ceremony
  const say = async (message: { readonly type: string; readonly [member: string]: unknown }) => {
    session.inject({ from: 'client', to: 'vault', port: 'wire', message })
    await session.run()
    return session.lines.filter(({ from, to }) => from === 'vault' && to === 'client').at(-1)!.message as {
      type: string
      kid: { version: string }
      key: Record<string, string>
    }
  }
  // Nobody is at home as a client: what the vault answers is read off the wire.
  const made = await say({ type: 'client.createKek', request: 'client-1', name: 'kek', bits: vector.kekBits, operations: ['import'], expires: null })
  assert.is(made.type, 'vault.key')
  const ciphertext = toBase64url(hex(vector.blob))
  const written = writeTransferFile({ kek: { vault: VAULT, name: 'kek', version: made.kid.version }, ciphertext, generator: 'third party' })
  const answer = await say({
    type: 'client.importKey',
    request: 'client-2',
    name: 'imported',
    ...asked(vector.target),
    enabled: false,
    file: written.ok ? toBase64url(written.value) : '',
  })
  const alive = enclave.describe().filter(({ operations }) => operations[0] !== 'import').length
  session.stop()
  enclave.dispose()
  return { answer, alive }
}

const SETS = { openssl: 9, python: 10, softhsm2: 1, nss: 1, negative: 13 } as const
const providers = { pure: pure(seeded('third party')), node: nodeCrypto() as Crypto }

for (const [set, count] of Object.entries(SETS))
  withVectors(test, `byok/${set}.json`, (file) => {
    const { tests } = JSON.parse(file.toString()) as { tests: readonly Case[] }
    test(`${set}: all ${count} cases are there`, () => assert.is(tests.length, count))
    for (const vector of tests)
      for (const [provider, crypto] of Object.entries(providers))
        for (const reading of ['strict', 'lenient'] as const) {
          // The faulty ones are judged by the strict reading; zeros behind the DER, among them, are what the lenient one is for.
          if (vector.result === 'invalid' && reading === 'lenient') continue
          const opens = vector.result === 'valid' || (vector.result === 'valid-lenient' && reading === 'lenient')
          test(`${opens ? 'BYOK-14' : 'BYOK-114'} ${set} ${vector.tcId} ${vector.name} ${opens ? 'is imported' : 'is refused'} (${provider}, ${reading})`, async () => {
            const { answer, alive } = await importCase(vector, crypto, reading)
            assert.is(answer.type, opens ? 'vault.key' : 'vault.error')
            assert.is(alive, opens ? 1 : 0)
            if (!opens) assert.equal(answer, REFUSAL)
            else if (answer.key['kty'] !== 'oct') {
              const inside = createPrivateKey({ key: Buffer.from(vector.plaintext, 'hex'), format: 'der', type: 'pkcs8' })
              const expected = createPublicKey(inside).export({ format: 'jwk' }) as Record<string, string>
              assert.is(answer.key['n'] ?? answer.key['x'], expected['n'] ?? expected['x'])
            }
          })
        }
  })

test.run()
