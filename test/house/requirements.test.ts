/**
 * The requirements of `spec/` and everything that cites them agree: one list, no id out of the air, no MUST that nothing shows.
 * @module
 */
import { join } from 'node:path'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { citedIn, readSpec, withoutFences } from '../../tools/spec/index.js'
import { nodesOf, placeOf, project, projectFiles, stringsOf, syntaxOf, textOf, typescriptFiles } from './project.js'

const spec = readSpec(join(project, 'spec'))
/** This folder talks about ids; it cites none. */
const files = projectFiles().filter((path) => !path.startsWith('test/house/'))

const requirements = suite('requirements')

requirements('every page has the form that spec/README.md lays down', () => {
  assert.equal(spec.misforms, [])
  assert.ok(spec.requirements.size > 100, `only ${spec.requirements.size} requirements were found`)
})

requirements('every id that is cited anywhere exists', () => {
  const strangers = files
    .filter((path) => /\.(?:ts|js|json|md)$/.test(path) && path !== 'package-lock.json')
    .flatMap((path) => {
      const text = path.endsWith('.md') ? withoutFences(textOf(path)).join('\n') : textOf(path)
      return citedIn(text).flatMap((id) => (spec.requirements.has(id) ? [] : [`${path}: ${id}`]))
    })
  assert.equal(strangers, [])
})

requirements('every MUST that is not for later is cited by a vector or a test', () => {
  const cited = new Set(
    files.flatMap((path) => {
      if (path.startsWith('vectors/') && path.endsWith('.json')) return citedIn(textOf(path))
      // In a test it is a title or a message that cites, not a comment.
      if (path.startsWith('test/') && path.endsWith('.test.ts')) return stringsOf(syntaxOf(path)).flatMap(citedIn)
      return []
    }),
  )
  const unseen = [...spec.requirements.values()].filter(({ id, level, status }) => level === 'MUST' && status !== 'later' && !cited.has(id))
  assert.equal(
    unseen.map(({ id, title }) => `${id} ${title}`),
    [],
  )
})

requirements('every fault code is in the table of faults, with the requirement it enforces', () => {
  const rows = ['faults', 'ski-faults'].flatMap((name) => {
    const table = spec.tables.get(name)
    assert.ok(table, `spec/ has no table ${name}`)
    return table.rows
  })
  const known = new Map<string, Set<string>>()
  for (const { fault = '', requirement = '' } of rows) known.set(fault, new Set([...(known.get(fault) ?? []), ...citedIn(requirement)]))
  const strangers = typescriptFiles('src', 'machines', 'tools').flatMap((path) =>
    faultsIn(syntaxOf(path)).flatMap(({ code, requirement, at }) => {
      const enforces = known.get(code)
      if (!enforces) return [`${at} ${code}`]
      return requirement === undefined || enforces.has(requirement) ? [] : [`${at} ${code} enforces ${[...enforces].join(', ')}, not ${requirement}`]
    }),
  )
  assert.equal(strangers, [])
})

/** The fault codes that a file writes down, in values (`{ code: 'x' }`) and in types (`Fault<'x'>`). */
function faultsIn(file: ts.SourceFile): { code: string; requirement: string | undefined; at: string }[] {
  const literal = (node: ts.Node | undefined) => (node && ts.isStringLiteralLike(node) ? node.text : undefined)
  return [...nodesOf(file)].flatMap((node) => {
    const at = () => placeOf(node)
    if (ts.isObjectLiteralExpression(node)) {
      const member = (name: string) => node.properties.filter(ts.isPropertyAssignment).find((property) => property.name.getText(file) === name)?.initializer
      const code = literal(member('code'))
      return code !== undefined && /^[a-z0-9]+(?:_[a-z0-9]+)+$/.test(code) ? [{ code, requirement: literal(member('requirement')), at: at() }] : []
    }
    if (ts.isTypeReferenceNode(node) && node.typeName.getText(file) === 'Fault') {
      const of = node.typeArguments?.[0]
      const types = of === undefined ? [] : ts.isUnionTypeNode(of) ? [...of.types] : [of]
      return types.flatMap((type) => {
        const code = ts.isLiteralTypeNode(type) ? literal(type.literal) : undefined
        return code === undefined ? [] : [{ code, requirement: undefined, at: at() }]
      })
    }
    return []
  })
}

requirements.run()
