/**
 * Every entry point of the package leads to a file, from the outside: through `import 'keyferry/…'`, as an app would.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { built } from '../built.js'
import { project, projectFiles, textOf } from './project.js'

type Target = string | { types: string; default: string }
const pack = JSON.parse(textOf('package.json')) as { name: string; version: string; bin: Record<string, string>; exports: Record<string, Target> }

/** What a `*` of an entry point stands for, by the pattern of its target. */
function samples(target: string): string[] {
  const [before = '', after = ''] = target.slice(2).split('*')
  const here = before.startsWith('dist/') ? before.slice('dist/'.length) : before
  return projectFiles()
    .map((path) => path.replace(/\.ts$/, '.js'))
    .filter((path) => path.startsWith(here) && path.endsWith(after) && /\.(?:js|json)$/.test(path))
    .filter((path) => before.startsWith('dist/') || path.endsWith('.json'))
    .map((path) => path.slice(here.length, after ? -after.length : undefined))
}

/** Every name under which something can be imported, and the file that it must be. */
const entries = Object.entries(pack.exports).flatMap(([key, target]) => {
  const file = typeof target === 'string' ? target : target.default
  const stars = file.includes('*') ? samples(file) : ['']
  return stars.map((star) => ({ key, name: pack.name + key.slice(1).replace('*', star), file: file.replace('*', star) }))
})

const exported = suite('exports')
exported.before(() => void built())

exported('every entry point has a room', () => {
  for (const key of Object.keys(pack.exports))
    assert.ok(
      entries.some((entry) => entry.key === key),
      `${key} leads nowhere`,
    )
})

exported('every entry point can be imported', () => {
  const missing = entries.filter(({ file }) => !existsSync(join(project, file)))
  assert.equal(missing, [])
  const modules = entries.filter(({ file }) => file.endsWith('.js')).map(({ name }) => name)
  const program = `for (const name of ${JSON.stringify(modules)}) if (Object.keys(await import(name)).length === 0) console.log(name, 'exports nothing')`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: project, encoding: 'utf8' })
  assert.is(stderr, '')
  // A module of types alone is no entry point, but a room may have one.
  assert.equal(
    stdout.split('\n').filter((line) => line && !line.startsWith(`${pack.name}/machines/`)),
    [],
  )
})

exported('every entry point has reference pages', () => {
  const { entryPoints } = JSON.parse(textOf('typedoc.json')) as { entryPoints: string[] }
  const sources = entries
    .filter(({ key, file }) => !key.includes('*') && file.endsWith('.js'))
    .map(({ file }) => file.replace('./dist/', '').replace(/\.js$/, '.ts'))
  assert.equal(
    sources.filter((source) => !entryPoints.includes(source)),
    [],
  )
})

exported('the core needs no XState', () => {
  // A resolver that refuses to find it stands in for an app that has not installed it.
  const resolver = `export function resolve(name, context, next) { if (name === 'xstate') throw new Error('xstate is not installed'); return next(name, context) }`
  const register = `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(resolver)}))`
  const load = (...names: string[]) => {
    const options = ['--import', `data:text/javascript,${encodeURIComponent(register)}`, '--input-type=module', '--eval']
    const program = names.map((name) => `await import('${name}')`).join('\n')
    return spawnSync(process.execPath, [...options, program], { cwd: project, encoding: 'utf8' }).stderr
  }
  assert.is(load('keyferry/core', 'keyferry/enclave', 'keyferry/byok'), '')
  assert.match(load('keyferry'), 'xstate is not installed')
})

exported('the command is there and says its version', () => {
  for (const [name, file] of Object.entries(pack.bin)) {
    assert.match(textOf(file.replace(/^dist\//, '').replace(/\.js$/, '.ts')), /^#!\/usr\/bin\/env node\n/, `${name} needs its first line`)
    const { stdout, status } = spawnSync(process.execPath, [join(project, file), '--version'], { encoding: 'utf8' })
    assert.is(status, 0)
    assert.match(stdout, pack.version)
  }
})

exported('what is packed is what is exported', () => {
  const { files } = JSON.parse(textOf('package.json')) as { files: string[] }
  for (const { file } of entries) {
    const path = file.slice(2)
    const packed =
      path === 'package.json' ||
      files.some((pattern) => path.startsWith(`${pattern}/`) || (pattern.startsWith('vectors/') && /^vectors\/.+\.(?:json|md)$/.test(path)))
    assert.ok(packed, `${path} is exported but not packed`)
  }
  assert.ok(readdirSync(project).includes('LICENSE'))
})

exported.run()
