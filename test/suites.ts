/**
 * Finds suites that a test file declares and never runs: uvu reports such a file as passed.
 * @module
 */
import ts from 'typescript'

/**
 * The names of suites without a `.run()` behind their last test, and `the file` if it runs nothing at all.
 * A test that is added after `.run()` is never run either.
 */
export function suitesWithoutRun(source: string): string[] {
  const lastTest = new Map<string, number>()
  const lastRun = new Map<string, number>()
  const visit = (node: ts.Node): void => {
    // A helper may stand below `.run()` and be called above it.
    if (ts.isFunctionDeclaration(node)) return
    if (ts.isCallExpression(node)) {
      const called = node.expression
      if (ts.isIdentifier(called)) lastTest.set(called.text, node.getStart())
      else if (ts.isPropertyAccessExpression(called) && ts.isIdentifier(called.expression)) {
        const of = called.name.text === 'run' ? lastRun : lastTest
        of.set(called.expression.text, node.getStart())
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(parse(source))
  if (lastRun.size === 0) return ['the file']
  return [...suitesOf(source)].filter((name) => !((lastRun.get(name) ?? -1) > (lastTest.get(name) ?? -1)))
}

/** The uses of `.only` and `.skip` of a suite, each with its line. */
export function partialRuns(source: string): { word: 'only' | 'skip'; line: number }[] {
  const file = parse(source)
  const suites = suitesOf(source)
  const found: { word: 'only' | 'skip'; line: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && suites.has(node.expression.text)) {
      const word = node.name.text
      if (word === 'only' || word === 'skip') found.push({ word, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** The names by which a file knows its suites: `const name = suite(…)`, and `test` of uvu. */
function suitesOf(source: string): Set<string> {
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isImportSpecifier(node) && node.name.text === 'test' && /'uvu'/.test(node.parent.parent.parent.getText())) names.add('test')
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer && ts.isCallExpression(node.initializer)) {
      if (node.initializer.expression.getText() === 'suite') names.add(node.name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(parse(source))
  return names
}

function parse(source: string): ts.SourceFile {
  return ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest, true)
}
