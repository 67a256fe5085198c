/**
 * `src/` and `machines/` depend on nothing around them: no platform global, no clock, no randomness of their own.
 *
 * Asked of the compiler, not of the text: a name that is neither declared in the file nor part of the language itself
 * (ES2023, without the DOM's and Node's types) comes from the surroundings, whatever it is called.
 * @module
 */
import { join, resolve } from 'node:path'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nodesOf, placeOf, project, typescriptFiles } from './project.js'

/** Not of the language, but in every runtime, and the same in each. */
const everywhere = new Set(['URL', 'TextEncoder', 'TextDecoder'])

/** Of the language, and yet not the same twice. */
const unsteady = new Set(['Date', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'Intl', 'globalThis', 'eval', 'Function'])

const files = typescriptFiles('src', 'machines').filter((path) => !path.endsWith('.d.ts'))

/** Programs with one thing to find each, or with nothing, although it looks like it. */
const planted: Readonly<Record<string, string>> = {
  'Date.now()': 'Date',
  'new Date()': 'Date',
  'let when: Date': 'Date',
  'Math.random()': 'Math.random',
  'const { random } = Math': 'Math',
  "Math['random']()": 'Math',
  'crypto.getRandomValues(new Uint8Array(1))': 'crypto',
  'globalThis.crypto': 'globalThis',
  'Buffer.from([])': 'Buffer',
  'process.env': 'process',
  'performance.now()': 'performance',
  'setTimeout(() => {}, 1)': 'setTimeout',
  'queueMicrotask(() => {})': 'queueMicrotask',
  'console.log(1)': 'console',
  'fetch("x")': 'fetch',
  'structuredClone({})': 'structuredClone',
  'let key: CryptoKey': 'CryptoKey',
  'export const o = { crypto }': 'crypto',
  'const o = { Date: 1, crypto: 2 }; o.Date + o.crypto': '',
  'function f(crypto: { random(): number }) { return crypto.random() }': '',
  'interface Crypto { process: number } let c: Crypto': '',
  'loop: for (;;) break loop': '',
  'new URL("https://a.example"); new TextEncoder(); new Uint8Array(1); Math.max(1, 2); Promise.resolve(undefined)': '',
}
const plantedFiles = Object.keys(planted).map((text, index) => [`src/planted-${index}.ts`, `${text}\nexport {}\n`] as const)

/** Every name that reaches out, as `place name`. */
const reaches = reachesOf(files, new Map(plantedFiles))

const purity = suite('purity')

purity('src and machines reach for nothing around them', () => {
  assert.ok(files.length > 5)
  const found = reaches.filter((line) => !line.startsWith('src/planted-'))
  assert.equal(found, [])
})

purity('the search finds what it looks for, and no more', () => {
  Object.entries(planted).forEach(([text, name], index) => {
    const found = reaches.filter((line) => line.startsWith(`src/planted-${index}.ts:`))
    assert.equal(found, name ? [`src/planted-${index}.ts:1 ${name}`] : [], text)
  })
})

function reachesOf(paths: readonly string[], texts: ReadonlyMap<string, string>): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    // The imports of a file are none of this test's business.
    noResolve: true,
  }
  const host = ts.createCompilerHost(options, true)
  const original = { ...host }
  const given = new Map([...texts].map(([path, text]) => [resolve(project, path), text]))
  host.getSourceFile = (path, language) => {
    const text = given.get(path)
    return text === undefined ? original.getSourceFile(path, language) : ts.createSourceFile(path, text, language, true)
  }
  host.getCurrentDirectory = () => project
  const all = [...paths, ...texts.keys()]
  const program = ts.createProgram(
    all.map((path) => join(project, path)),
    options,
    host,
  )
  const checker = program.getTypeChecker()
  const anything = ts.SymbolFlags.Value | ts.SymbolFlags.Type | ts.SymbolFlags.Namespace | ts.SymbolFlags.Alias

  const objection = (name: ts.Identifier): string => {
    const { text, parent } = name
    if (isMemberName(name) || checker.resolveName(text, name, anything, true)) return ''
    // `Math` in any other form could hide its `random`.
    if (text === 'Math') return !ts.isPropertyAccessExpression(parent) ? 'Math' : parent.name.text === 'random' ? 'Math.random' : ''
    if (unsteady.has(text)) return text
    // `undefined` and `const` (of `as const`) are words of the language that the parser takes for names.
    const language = checker.resolveName(text, undefined, anything, false) !== undefined || ['undefined', 'const', 'arguments'].includes(text)
    return language || everywhere.has(text) ? '' : text
  }
  return all.flatMap((path) => {
    const file = program.getSourceFile(join(project, path))
    if (!file) throw new Error(`${path} was not compiled`)
    return [...nodesOf(file)].filter(ts.isIdentifier).flatMap((name) => {
      const found = objection(name)
      return found ? [`${placeOf(name)} ${found}`] : []
    })
  })
}

/** Whether an identifier names a member, a label or something in another module, and so refers to nothing in scope. */
function isMemberName(name: ts.Identifier): boolean {
  const { parent } = name
  if (ts.isPropertyAccessExpression(parent)) return parent.name === name
  if (ts.isQualifiedName(parent)) return parent.right === name
  if (ts.isBindingElement(parent) || ts.isImportSpecifier(parent)) return parent.propertyName === name
  if (ts.isExportSpecifier(parent)) return parent.parent.parent.moduleSpecifier !== undefined || (parent.propertyName !== undefined && parent.name === name)
  if (ts.isShorthandPropertyAssignment(parent)) return false
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent) || ts.isNamedTupleMember(parent) || ts.isMetaProperty(parent)) return true
  if (ts.isTypePredicateNode(parent) || ts.isNamespaceExport(parent)) return parent.kind === ts.SyntaxKind.NamespaceExport
  // The names of parameters in a type are there for the reader.
  if (ts.isParameter(parent) && parent.name === name) return true
  return (ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isObjectLiteralElement(parent) || ts.isEnumMember(parent)) && parent.name === name
}

purity.run()
