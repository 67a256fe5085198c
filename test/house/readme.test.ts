/**
 * What the README shows is what happens: its commands run, its programs compile and run, and the output beside them is theirs.
 *
 * `bash` blocks run one after another in one empty folder, with `keyferry` as a command; `ts` blocks run against the built package.
 * A `text` block directly behind one of them is its output, where `…` stands for anything.
 * The first block, the two commands for a fresh clone, is run by `.ci/run` in a fresh clone.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { built } from '../built.js'
import { project, textOf } from './project.js'

interface Block {
  readonly language: string
  readonly text: string
  readonly line: number
  /** What the block after it shows as its output. */
  readonly shows: string | undefined
}

const blocks = codeBlocks(textOf('README.md'))
const folder = mkdtempSync(join(tmpdir(), 'keyferry-readme-'))

const readme = suite('README')

readme.before(() => {
  const dist = built()
  mkdirSync(join(folder, 'bin'))
  const command = `#!/bin/sh\nexec '${process.execPath}' '${join(dist, 'tools/cli/main.js')}' "$@"\n`
  writeFileSync(join(folder, 'bin', 'keyferry'), command, { mode: 0o755 })
  mkdirSync(join(folder, 'here', 'node_modules', '@types'), { recursive: true })
  for (const [name, target] of [
    ['keyferry', project],
    ['xstate', join(project, 'node_modules/xstate')],
    ['@types/node', join(project, 'node_modules/@types/node')],
  ] as const)
    symlinkSync(target, join(folder, 'here', 'node_modules', name), 'dir')
  writeFileSync(join(folder, 'here', 'package.json'), '{ "type": "module" }\n')
})
readme.after(() => rmSync(folder, { recursive: true }))

readme('begins with the two commands', () => {
  assert.is(blocks[0]?.language, 'bash')
  assert.equal(blocks[0]?.text.trim().split('\n'), ['npm ci && npm start', 'npm ci && npm test'])
  assert.ok(
    blocks.some(({ language }) => language === 'ts'),
    'no program',
  )
})

for (const block of blocks.slice(1)) {
  const { language, line, shows } = block
  if (language === 'bash')
    readme(`line ${line}: the commands run`, () => {
      const { stdout, stderr, status } = run('bash', ['-euo', 'pipefail', '-c', block.text])
      assert.is(status, 0, stderr + stdout)
      if (shows !== undefined) assert.ok(matches(stdout, shows), `shows\n${shows}\nbut prints\n${stdout}`)
    })
  else if (language === 'ts' || language === 'js')
    readme(`line ${line}: the program compiles and runs`, () => {
      const file = join(folder, 'here', `line-${line}.ts`)
      writeFileSync(file, block.text)
      assert.equal(mistypings(file), [])
      const { outputText } = ts.transpileModule(block.text, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 } })
      writeFileSync(file.replace(/\.ts$/, '.js'), outputText)
      const { stdout, stderr, status } = run(process.execPath, [file.replace(/\.ts$/, '.js')])
      assert.is(status, 0, stderr + stdout)
      if (shows !== undefined) assert.ok(matches(stdout, shows), `shows\n${shows}\nbut prints\n${stdout}`)
    })
  else
    readme(`line ${line}: is output or data, not code`, () =>
      assert.ok(['text', 'json'].includes(language), `a block of ${language || 'no language'} is not run`),
    )
}

readme('every link inside the repository leads somewhere', () => {
  const pages = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
  const dead = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].flatMap(([, target = '']) => (existsSync(join(project, target)) ? [] : [`${page}: ${target}`])),
  )
  assert.equal(dead, [])
})

readme('compares output', () => {
  assert.ok(matches('a\nb\nc\n', 'a\n…\nc'))
  assert.ok(matches('took 12 ms\n', 'took … ms'))
  assert.not.ok(matches('a\nb\n', 'a'))
  assert.not.ok(matches('xa', 'a'))
})

readme('finds blocks and their output', () => {
  assert.equal(codeBlocks('x\n```bash\na\nb\n```\n\n```text\nc\n```\n\nprose\n\n```text\nd\n```\n'), [
    { language: 'bash', text: 'a\nb\n', line: 2, shows: 'c\n' },
    { language: 'text', text: 'd\n', line: 13, shows: undefined },
  ])
})

function codeBlocks(page: string): Block[] {
  const found = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(({ index, 0: { length }, 1: language = '', 2: text = '' }) => ({
    language,
    text,
    begin: index,
    end: index + length,
  }))
  /** Whether block `at` is the output of the block before it. */
  const isOutput = (at: number) => {
    const [code, output] = [found[at - 1], found[at]]
    return code !== undefined && code.language !== 'text' && output?.language === 'text' && page.slice(code.end, output.begin).trim() === ''
  }
  return found.flatMap(({ language, text, begin }, at) => {
    if (isOutput(at)) return []
    return [{ language, text, line: page.slice(0, begin).split('\n').length, shows: isOutput(at + 1) ? found[at + 1]?.text : undefined }]
  })
}

/** Whether a program printed what is shown; a line of `…` stands for any lines, `…` inside a line for anything in it. */
function matches(printed: string, shown: string): boolean {
  const lines = shown
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '…' ? '(?:.*\\n)*?' : `${line.trimEnd().split('…').map(escaped).join('.*')} *\\n`))
  return new RegExp(`^${lines.join('')}$`).test(`${printed.trimEnd()}\n`)
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function run(command: string, options: readonly string[]) {
  const env = { ...process.env, NO_COLOR: '1', PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` }
  return spawnSync(command, options, { cwd: join(folder, 'here'), encoding: 'utf8', env, input: '' })
}

/** What the compiler says about a program that imports the package: its entry points are looked up in the sources. */
function mistypings(file: string): string[] {
  const { exports } = JSON.parse(textOf('package.json')) as { exports: Record<string, string | { default: string }> }
  const paths = Object.entries(exports).flatMap(([key, target]) =>
    typeof target === 'string'
      ? []
      : [[`keyferry${key.slice(1)}`, [join(project, target.default.replace('./dist/', '').replace(/\.js$/, '.ts'))]] as [string, string[]]],
  )
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: ['node'],
    typeRoots: [join(project, 'node_modules/@types')],
    paths: Object.fromEntries(paths),
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  })
  const source = program.getSourceFile(file)
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  )
}

readme.run()
