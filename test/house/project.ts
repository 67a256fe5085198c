/**
 * The project as text: its files, its rooms, and what a TypeScript file imports. For the tests of this folder.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, resolve } from 'node:path'
import ts from 'typescript'

/** The project's folder. */
export const project = resolve(import.meta.dirname, '../..')

const made = new Set(['.git', 'node_modules', 'dist', 'out', 'docs', 'coverage'])

/** Paths of the project's own files (nothing that is built or installed), with `/`, relative to the project. */
export function projectFiles(folder = project): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return made.has(entry.name) ? [] : projectFiles(path)
    if (!entry.isFile() || /\.(?:tgz|log)$/.test(entry.name)) return []
    return [relative(project, path).replaceAll('\\', '/')]
  })
}

/** The TypeScript files of these rooms, declarations included. */
export function typescriptFiles(...rooms: string[]): string[] {
  return projectFiles().filter((path) => path.endsWith('.ts') && rooms.some((room) => path.startsWith(`${room}/`)))
}

/** A file's text. */
export function textOf(path: string): string {
  return readFileSync(join(project, path), 'utf8')
}

/** A file's syntax tree, with parents. */
export function syntaxOf(path: string, text = textOf(path)): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

/** Every node of a tree, in order. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => void children.push(child))
  for (const child of children) yield* nodesOf(child)
}

/** What a file imports, re-exports or loads, in whatever form: the module names as written. */
export function importsOf(file: ts.SourceFile): string[] {
  const names: string[] = []
  for (const node of nodesOf(file)) {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier))
      names.push(node.moduleSpecifier.text)
    if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText(file) === 'require')) {
      const [module] = node.arguments
      // A computed name could be anything.
      names.push(module && ts.isStringLiteralLike(module) ? module.text : '(computed)')
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) names.push(node.argument.literal.text)
  }
  return names
}

/** The project path that a relative import means. */
export function resolveImport(from: string, name: string): string {
  return posix.join(dirname(from), name).replace(/\.js$/, '.ts')
}

/** The texts of all string and template literals of a file. */
export function stringsOf(file: ts.SourceFile): string[] {
  const strings: string[] = []
  for (const node of nodesOf(file))
    if (
      ts.isStringLiteralLike(node) ||
      node.kind === ts.SyntaxKind.TemplateHead ||
      node.kind === ts.SyntaxKind.TemplateMiddle ||
      node.kind === ts.SyntaxKind.TemplateTail
    )
      strings.push((node as ts.LiteralLikeNode).text)
  return strings
}

/** Where a node stands, for a message. */
export function placeOf(node: ts.Node): string {
  const file = node.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(node.getStart())
  return `${relative(project, resolve(project, file.fileName)).replaceAll('\\', '/')}:${line + 1}`
}
