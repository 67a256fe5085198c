/**
 * The vectors of names and files: kid, KEK rules, fingerprints, transfer files.
 * @module
 */
import * as assert from 'uvu/assert'
import { decodePublicJwk } from '../../src/crypto/jwk.js'
import { jwkThumbprint, spkiFingerprint } from '../../src/crypto/fingerprint.js'
import type { Kty } from '../../src/crypto/jwk.js'
import { encodeSpki } from '../../src/crypto/spki.js'
import type { JsonValue } from '../../src/bytes/json.js'
import { judgeKek } from '../../src/byok/kek.js'
import { formatKid, parseKid } from '../../src/byok/kid.js'
import { readTransferFile, writeTransferFile } from '../../src/byok/transfer-file.js'
import { accepted, bytes, isAccepted, readingsOf, refusedAs, suiteOf, text, title, type Vector } from './load.js'

const { file: kidFile, tests: kid } = suiteOf('byok/kid')
for (const vector of kidFile.tests)
  kid(title(vector), async () => {
    const parsed = parseKid(text(vector, 'kid'))
    if (vector.result === 'invalid') return refusedAs(vector, parsed)
    const { vault, name, version } = vector
    const value = await accepted(parsed)
    assert.equal(value, { vault, name, version })
    assert.equal(await accepted(parseKid(formatKid(value))), value)
  })
kid.run()

interface KekVector extends Vector {
  readonly key: { readonly kty: string; readonly n: string; readonly e: string; readonly key_ops: readonly string[]; readonly kid: string }
  readonly state: {
    readonly enabled: boolean
    readonly exportable: boolean
    readonly nbf: number | null
    readonly exp: number | null
    readonly deleted: boolean
  }
  readonly vault: string
  readonly now: number
}

const { file: kekFile, tests: kek } = suiteOf('byok/kek')
for (const vector of kekFile.tests as readonly KekVector[])
  kek(title(vector), async () => {
    const { key, state, vault, now } = vector
    const { key_ops: operations, ...numbers } = key
    const { nbf: notBefore, exp: expires, ...rest } = state
    const judged = judgeKek({ ...numbers, operations, ...rest, notBefore, expires }, vault, now)
    if (vector.result === 'invalid') return refusedAs(vector, judged)
    const { bits, advice } = await accepted(judged)
    assert.is(bits, vector['bits'])
    assert.is(advice.length > 0, vector['advice'])
  })
kek.run()

const { file: fingerprintFile, tests: fingerprint } = suiteOf('byok/fingerprint')
for (const vector of fingerprintFile.tests)
  fingerprint(title(vector), async () => {
    const key = await accepted(decodePublicJwk(vector['public'] as JsonValue))
    assert.equal(encodeSpki(key), bytes(vector, 'spki'))
    assert.is(spkiFingerprint(key), vector['spkiSha256'])
    const thumbprints = vector['thumbprints'] as Readonly<Record<string, string>>
    assert.is(Object.keys(thumbprints).length, 2)
    for (const [kty, wanted] of Object.entries(thumbprints)) assert.is(jwkThumbprint(key, kty as Exclude<Kty, 'oct' | 'oct-HSM'>), wanted)
  })
fingerprint.run()

const { file: fileFile, tests: file } = suiteOf('byok/transfer-file')
for (const vector of fileFile.tests) {
  const input = Uint8Array.from(Buffer.from(text(vector, 'file'), 'base64'))
  for (const reading of readingsOf(vector))
    file(title(vector, reading), async () => {
      const read = readTransferFile(input, { reading })
      if (!isAccepted(vector, reading)) return refusedAs(vector, read)
      const { kek: named, ciphertext, generator } = await accepted(read)
      assert.is(formatKid(named), vector['kid'])
      assert.is(Buffer.from(ciphertext, 'base64url').toString('hex'), vector['ciphertext'])
      assert.is(generator, vector['generator'])
    })
  if (vector['written'] === true)
    file(title(vector, 'write'), async () => {
      const { kek: named, ciphertext, generator } = await accepted(readTransferFile(input, { reading: 'strict' }))
      const written = await accepted(writeTransferFile({ kek: named, ciphertext, generator: generator! }))
      assert.equal(Buffer.from(written).toString(), Buffer.from(input).toString())
    })
}
file.run()
