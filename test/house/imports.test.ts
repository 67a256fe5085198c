/**
 * Imports run one way between the rooms, the two protocols never meet, and what is published imports only what it declares.
 * @module
 */
import { builtinModules } from 'node:module'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { importsOf, projectFiles, resolveImport, syntaxOf } from './project.js'

/** From the ground floor up: a file may import its own room and any room below. Two rooms on one floor do not see each other. */
const floors: readonly (readonly [room: RegExp, floor: number])[] = [
  [/^src\/(?:bytes\/|verdict\.ts|globals\.d\.ts)/, 0],
  [/^src\/crypto\//, 1],
  [/^src\/enclave\//, 2],
  [/^src\/byok\//, 3],
  [/^src\/ski\//, 3],
  [/^machines\//, 4],
  [/^tools\//, 5],
  [/^test\//, 6],
]

/** What a published room may import from other packages. */
const packages: readonly (readonly [room: RegExp, allowed: RegExp])[] = [
  [/^src\//, /^@noble\/(?:ciphers|hashes|curves)\//],
  [/^machines\//, /^xstate$/],
  [/^tools\/web\//, /^(?:xstate|@noble\/.+)$/],
  [/^tools\/pki\//, /^(?:pkijs|asn1js)$/],
  [/^tools\/bench\//, /./],
  [/^tools\//, /^(?:node:.+|xstate|@noble\/.+)$/],
  // A vector is evidence because something else computed it.
  [/^vectors\//, /^node:/],
]

/** What is wrong with `from` importing `name`, or an empty string. */
function objection(from: string, name: string): string {
  if (builtinModules.includes(name)) return `${from}: ${name} is written node:${name}`
  if (!name.startsWith('.')) {
    const rule = packages.find(([room]) => room.test(from))
    return rule && !rule[1].test(name) ? `${from} imports ${name}` : ''
  }
  const to = resolveImport(from, name)
  if (!/\.(?:js|json)$/.test(name)) return `${from}: ${name} does not end in .js`
  if (from.startsWith('vectors/')) return to.startsWith('vectors/') ? '' : `${from} imports ${to}`
  const [own, other] = [from, to].map((path) => floors.findIndex(([room]) => room.test(path))) as [number, number]
  const [floor, below] = [floors[own]?.[1] ?? Infinity, floors[other]?.[1] ?? Infinity]
  if (to.startsWith('vectors/') && floor === 6) return ''
  if (below > floor || (below === floor && own !== other)) return `${from} imports ${to}`
  const [protocol, foreign] = [from, to].map((path) => /^(?:src|machines)\/(byok|ski)\//.exec(path)?.[1])
  if (protocol && foreign && protocol !== foreign) return `${from} imports ${to}`
  return ''
}

const imports = suite('imports')

imports('run one way', () => {
  const files = projectFiles().filter((path) => path.endsWith('.ts'))
  assert.ok(files.length > 10)
  const objections = files.flatMap((path) => importsOf(syntaxOf(path)).map((name) => objection(path, name)))
  assert.equal(objections.filter(Boolean), [])
})

imports('each room has a floor', () => {
  const homeless = projectFiles().filter((path) => path.endsWith('.ts') && !path.startsWith('vectors/') && !floors.some(([room]) => room.test(path)))
  assert.equal(homeless, [])
})

for (const [from, name] of [
  ['src/bytes/hex.ts', '../crypto/keys.js'],
  ['src/crypto/rsa.ts', '../enclave/rules.js'],
  ['src/enclave/rules.ts', '../byok/policy.js'],
  ['src/byok/policy.ts', '../ski/policy.js'],
  ['src/byok/policy.ts', '../../machines/step.js'],
  ['src/byok/policy.ts', 'xstate'],
  ['src/byok/policy.ts', 'node:fs'],
  ['machines/byok/tool.ts', '../ski/card.js'],
  ['machines/byok/tool.ts', '../../src/ski/messages.js'],
  ['machines/byok/tool.ts', '../../tools/node/index.js'],
  ['machines/byok/tool.ts', 'node:fs'],
  ['machines/byok/tool.ts', './common'],
  ['tools/web/index.ts', 'node:crypto'],
  ['src/ski/pki.ts', 'pkijs'],
  ['machines/ski/archive.ts', 'pkijs'],
  ['tools/pki/index.ts', 'node:crypto'],
  ['tools/cli/main.ts', 'pkijs'],
  ['tools/cli/main.ts', 'fast-check'],
  ['tools/cli/main.ts', '../../test/skip.js'],
  ['tools/cli/main.ts', 'fs'],
  ['vectors/generate.ts', '../src/bytes/hex.js'],
] as const)
  imports(`${from} may not import ${name}`, () => assert.is.not(objection(from, name), ''))

imports('finds an import in each of its forms', () => {
  const text = "import 'a'; import b from 'b'; import type { C } from 'c'; export * from 'd'; let e: import('e').E; await import('f'); require('g'); import(h)"
  assert.equal(importsOf(syntaxOf('x.ts', text)), ['a', 'b', 'c', 'd', 'e', 'f', 'g', '(computed)'])
})

imports.run()
