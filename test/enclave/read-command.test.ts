/**
 * Every command that an enclave may be given, read from well-formed samples and from samples with one thing wrong.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCommand, type ReadCommand } from '../../src/enclave/read-command.js'
import { crookedLists, hostileValues, otherTypes, placesIn, textOfPath, withAt, without, withStrangers } from '../support/shapes.js'

const kid = { vault: 'https://contoso.vault.azure.net', name: 'kek-2026', version: '0123456789abcdef0123456789abcdef' }
const kek = 'h1'

/** Members by command; those in the list may be null. */
const commands: { readonly [Type in ReadCommand['type']]: readonly [members: object, nullable?: readonly string[]] } = {
  holdKek: [{ kid, n: 'bg', e: 'AQAB', evidence: 'evidence' }, ['evidence']],
  trustKek: [{ kek, by: 'officer' }],
  wrapTarget: [{ kek, target: 'payroll' }],
  compareImported: [{ target: 'payroll', evidence: 'evidence' }],
  makeKek: [{ name: 'kek-2026', bits: 2048 }],
  importTransfer: [{ kek, ciphertext: 'Y2lwaGVydGV4dA', name: 'payroll', kty: 'EC', crv: 'P-256', operations: ['sign', 'verify'] }],
  generateKey: [{ label: 'payroll', kind: 'oct-256', operations: ['encrypt', 'decrypt'], extractable: true }],
  keep: [{ key: kek }],
  destroyKey: [{ key: kek }],
  close: [{}],
}

const reader = suite('enclave: readCommand')
const codeOf = (value: unknown) => {
  const read = readCommand(value)
  return read.ok ? 'read' : read.fault.code
}

for (const [type, [members, nullable = []]] of Object.entries(commands)) {
  const sample = { type, ...members }
  const places = placesIn(sample)

  reader(`BYOK-136 ${type} is read as it is, without members that nobody declared`, () => {
    assert.equal(readCommand(sample), { ok: true, value: sample })
    assert.equal(readCommand(withStrangers(sample)), { ok: true, value: sample })
  })

  reader(`BYOK-136 ${type}: every member has to be there and has its type`, () => {
    for (const path of places) {
      const refused = (value: unknown) => assert.is(codeOf(value), 'command_invalid', textOfPath(path))
      refused(without(sample, path))
      for (const other of otherTypes(path.reduce((inner: unknown, step) => (inner as Record<string | number, unknown>)[step], sample)))
        refused(withAt(sample, path, other))
      if (nullable.includes(textOfPath(path))) assert.is(codeOf(withAt(sample, path, null)), 'read')
      else refused(withAt(sample, path, null))
    }
  })

  reader(`BYOK-136 ${type}: hostile getters and proxies do not throw out of the reader`, () => {
    for (const [why, value] of hostileValues(sample)) assert.not.throws(() => readCommand(value), why)
  })
}

for (const type of ['importTransfer', 'generateKey'] as const) {
  const sample = { type, ...commands[type][0] }
  for (const [title, list] of crookedLists('sign'))
    reader(`BYOK-136 ${type}: operations with ${title} are refused`, () => {
      assert.equal(readCommand(withAt(sample, ['operations'], list)), { ok: false, fault: { code: 'command_invalid', at: 'operations' } })
    })
  for (const list of [['sign', 'sign'], ['export'], Array(8).fill('sign')])
    reader(`BYOK-136 ${type}: operations ${list.join(', ')} are refused`, () => assert.is(codeOf(withAt(sample, ['operations'], list)), 'command_invalid'))
}

reader('BYOK-136 a curve belongs to an EC key and to no other', () => {
  const sample = { type: 'importTransfer', ...commands.importTransfer[0] }
  assert.is(codeOf({ ...sample, kty: 'RSA' }), 'command_invalid')
  assert.is(codeOf({ ...sample, kty: 'RSA', crv: null }), 'read')
})

reader('BYOK-136 no value makes the reader throw', async () => {
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true })
  const changed = fc.constantFrom(...Object.entries(commands)).chain(([type, [members]]) => {
    const sample = { type, ...members }
    return fc.tuple(fc.constantFrom(...placesIn(sample)), anything).map(([path, other]) => withAt(sample, path, other))
  })
  await fc.assert(
    fc.property(fc.oneof(anything, changed), (value) => {
      const read = readCommand(value)
      if (read.ok) assert.equal(readCommand(read.value), read)
      else assert.is(read.fault.code, 'command_invalid')
    }),
    { numRuns: 2000 },
  )
})

reader.run()
