import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BYOK_FAULTS, byokFault, explainFault, faultText, type FaultEntry } from '../../src/byok/faults.js'
import { CORE_FAULTS } from '../../src/byok/core-faults.js'
import { readSpec } from '../../tools/spec/index.js'

const faults = suite('byok: faults')
const codes = Object.entries(BYOK_FAULTS as Record<string, FaultEntry>)

faults('every code is in the table of the specification, with the same requirement', () => {
  const rows = readSpec(join(import.meta.dirname, '../../spec')).tables.get('faults')!.rows
  const listed = new Map(rows.map(({ fault = '', requirement = '' }) => [fault, requirement]))
  const differing = codes.flatMap(([code, { requirement }]) =>
    listed.get(code) === requirement ? [] : [`${code}: ${requirement}, listed ${listed.get(code)}`],
  )
  assert.equal(differing, [])
  assert.ok(codes.length > 100)
})

faults('every other code of the table has words too, with the same requirement, and nothing else has', () => {
  const rows = readSpec(join(import.meta.dirname, '../../spec')).tables.get('faults')!.rows
  const others = rows.filter(({ fault = '' }) => !Object.hasOwn(BYOK_FAULTS, fault))
  assert.equal(Object.keys(CORE_FAULTS).sort(), others.map(({ fault }) => fault).sort())
  const differing = others.filter(({ fault = '', requirement = '' }) => !requirement.split(', ').includes(CORE_FAULTS[fault]!.requirement))
  assert.equal(differing, [])
  for (const [code, { text }] of Object.entries(CORE_FAULTS)) assert.match(text, /^.*[^.]$/, code)
})

faults('every text is a sentence without its full stop, and no two are alike', () => {
  for (const [code, { text, right }] of codes) {
    assert.match(code, /^[a-z0-9]+(_[a-z0-9]+)+$/)
    assert.match(text, /^[A-Z].*[^.]$/, code)
    assert.not(right === '', code)
  }
  assert.is(new Set(codes.map(([, { text }]) => text)).size, codes.length)
})

faults('a fault carries its requirement and what would have been right, unless the details know better', () => {
  assert.equal(byokFault('alg_unknown', { at: 'header.alg', found: 'x' }), {
    code: 'alg_unknown',
    requirement: 'BYOK-84',
    wanted: 'dir',
    at: 'header.alg',
    found: 'x',
  })
  assert.is(byokFault('alg_unknown', { wanted: 'y' }).wanted, 'y')
})

faults('a line for a person', () => {
  const line = explainFault(byokFault('kek_size_not_allowed', { found: 1024 }))
  assert.is(line, 'The key exchange key has a size that is not allowed (found: 1024; wanted: 2048, 3072 or 4096 bits) [BYOK-34]')
})

faults('a code of another floor, or of nobody, is put into words', () => {
  assert.is(explainFault({ code: 'der_length_not_minimal', at: 'offset 4' }), 'A length not in its shortest form (at: offset 4) [BYOK-69]')
  assert.is(explainFault({ code: 'nobody_knows_this' }), 'Nobody knows this')
  assert.is(explainFault({ code: 'toString' }), 'ToString')
  assert.match(faultText('decryption_failed'), /^The transfer blob does not open/)
})

faults.run()
