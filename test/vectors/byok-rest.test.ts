/**
 * The REST vectors: what a vault hears, what a client or officer hears, and the one answer to every bad transfer file.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ClientToVault, OfficerToVault, VaultHearsClient } from '../../src/byok/messages.js'
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  TRANSFER_REFUSAL,
  type HttpAnswer,
  type HttpRequest,
  type Speaker,
} from '../../src/byok/rest.js'
import { checkDestination, checkOperations } from '../../src/byok/targets.js'
import { refuse, type Verdict } from '../../src/verdict.js'
import { accepted, load, refusedAs, suiteOf, title, type Vector } from './load.js'

interface RestVector extends Vector {
  readonly direction: 'request' | 'answer'
  readonly speaker?: Speaker
  readonly vault?: string
  readonly asked?: ClientToVault | OfficerToVault
  readonly http: HttpRequest & HttpAnswer
  readonly message?: unknown
}

/** Decodes a request, and judges an import by what a vault knows without looking at `key_hsm`. */
function hear({ http, speaker = 'client', vault }: RestVector): Verdict<VaultHearsClient | OfficerToVault> {
  const heard = decodeRequest(http, { speaker, reading: 'lenient' })
  if (!heard.ok || heard.value.type !== 'client.importKey') return heard
  const { kty, operations, transfer } = heard.value
  const allowed = checkOperations(kty, operations)
  if (!allowed.ok) return allowed
  const taken = vault === undefined ? null : checkDestination(kty, vault)
  if (taken && !taken.ok) return taken
  return transfer === null ? refuse({ code: 'transfer_refused' }) : heard
}

const { file: restFile, tests: rest } = suiteOf('byok/rest')
for (const vector of restFile.tests as readonly RestVector[])
  rest(title(vector), async () => {
    if (vector.direction === 'answer') {
      const answer = decodeAnswer(vector.http, vector.asked!)
      if (vector.result === 'invalid') return refusedAs(vector, answer)
      const value = await accepted(answer)
      assert.equal(value, vector.message)
      assert.equal(await accepted(decodeAnswer(encodeAnswer(value), vector.asked!)), value, 'written and read again')
      return
    }
    const heard = hear(vector)
    if (vector.result === 'invalid') {
      await refusedAs(vector, heard)
      if (vector.message) assert.equal(await accepted(decodeRequest(vector.http, { speaker: vector.speaker!, reading: 'lenient' })), vector.message)
      return
    }
    const value = await accepted(heard)
    assert.equal(value, vector.message)
    if (value.type === 'client.importKey') return
    assert.equal(await accepted(decodeRequest(encodeRequest(value), { speaker: vector.speaker!, reading: 'lenient' })), value, 'written and read again')
  })
rest.run()

const uniform = suite('one answer')
uniform('BYOK-114 every bad transfer file makes the same message, and the answer is the documented one', () => {
  const bad = (load('byok/rest').tests as readonly RestVector[]).filter(({ expect }) => expect === 'transfer_refused')
  assert.ok(bad.length >= 10)
  assert.is(new Set(bad.map(({ http }) => JSON.stringify(decodeRequest(http, { speaker: 'client', reading: 'lenient' })))).size, 1)
  const answer = encodeAnswer({ type: 'vault.error', request: '', ...TRANSFER_REFUSAL })
  assert.equal(answer, { status: 400, body: '{"error":{"code":"BadParameter","message":"The key transfer blob is not valid."}}' })
})
uniform.run()
