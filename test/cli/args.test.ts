import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { command, group, type Command, type Group } from '../../tools/cli/args.js'
import { Failure } from '../../tools/cli/failure.js'
import { keyferry as root } from '../../tools/cli/keyferry.js'
import { editDistance, nearest } from '../../tools/cli/nearest.js'
import { VERSION } from '../../tools/cli/version.js'
import { keyferry, packageVersion } from './harness.js'

const probe = command({
  name: 'probe',
  summary: 'shows what it was given',
  description: [],
  operand: { name: 'FILE', text: 'Anything.' },
  options: {
    out: { value: 'FILE', required: true, text: 'Where to.' },
    kind: { value: 'KIND', text: 'What.', choices: ['ec-P-256', 'oct-256'] },
    deep: { text: 'A switch.' },
  },
  examples: [],
  run: async ({ values, operand }) => ({ json: { values, operand }, lines: [operand] }),
})
const broken = command({
  name: 'broken',
  summary: 'throws',
  description: [],
  options: {},
  examples: [],
  run: async () => {
    throw new RangeError('private parts \x1b[2J of a key')
  },
})
const testRoot = group({ name: 'keyferry', summary: '', description: [], members: [probe, broken], examples: [] })
const tried = (...words: string[]) => keyferry(words, { root: testRoot })

const parser = suite('command line')

parser('takes values behind a space and behind an equals sign, in any order', async () => {
  const { exit, json } = await tried('probe', '--kind=EC-p-256', 'a file', '--deep', '--out', 'x', '--json')
  assert.is(exit, 0)
  assert.equal(json, { values: { kind: 'ec-P-256', deep: true, out: 'x', json: true, help: false }, operand: 'a file' })
})

parser('takes whatever stands behind -- as an operand', async () => {
  const { json } = await tried('probe', '--out=x', '--json', '--', '--help')
  assert.is(json.operand, '--help')
})

for (const [words, says, hint] of [
  [[], 'needs a command: probe, broken', '--help'],
  [['prbe'], 'there is no command prbe', 'Did you mean keyferry probe?'],
  [['zzz'], 'there is no command zzz', '--help'],
  [['--verison'], 'there is no option --verison', 'Did you mean keyferry --version?'],
  [['--version', 'now'], 'one word too many: now', ''],
  [['probe', 'a', '--out', 'x', '--knid', 'oct-256'], 'there is no option --knid', 'Did you mean --kind?'],
  [['probe', 'a', '-o', 'x'], 'there is no option -o', ''],
  [['probe', 'a', '--out'], '--out needs a value, FILE', ''],
  [['probe', 'a', '--out', '--deep'], '--out needs a value, FILE', '--out=--deep'],
  [['probe', 'a', '--out='], '--out needs a value, FILE', ''],
  [['probe', 'a', '--out', 'x', '--out', 'y'], '--out is given twice', ''],
  [['probe', 'a', '--deep=yes', '--out', 'x'], '--deep takes no value', ''],
  [['probe', 'a'], '--out FILE is missing', ''],
  [['probe', '--out', 'x'], 'FILE is missing', ''],
  [['probe', 'a', 'b', '--out', 'x'], 'one word too many: b', ''],
  [['probe', 'a', '--out', 'x', '--kind', 'oct-265'], '--kind takes no oct-265', 'Did you mean oct-256?'],
  [['probe', 'a', '--out', 'x', '--__proto__', 'y'], 'there is no option --__proto__', ''],
] as const)
  parser(`refuses as wrong usage: ${words.join(' ') || '(nothing)'}`, async () => {
    const { exit, out, err } = await tried(...words)
    assert.is(exit, 2)
    assert.is(out, '')
    assert.ok(err.includes(says) && err.includes(hint), err)
  })

parser('answers wrong usage in JSON where JSON was asked for', async () => {
  const { exit, json, err } = await tried('probe', '--json')
  assert.is(exit, 2)
  assert.equal(json, { ok: false, exit: 2, message: '--out FILE is missing', fault: null })
  assert.match(err, '--out FILE is missing')
})

parser('calls an exception that nobody foresaw a bug, without a stack and without its message', async () => {
  const { exit, out, err } = await tried('broken')
  assert.is(exit, 70)
  assert.is(out, '')
  assert.is(err, 'keyferry: this is a bug in keyferry (RangeError); KEYFERRY_DEBUG=1 shows where\n')
  assert.is((await tried('broken', '--json')).json.exit, 70)
})

parser('shows the stack of a bug where KEYFERRY_DEBUG is set, and no control characters', async () => {
  const { exit, err } = await keyferry(['broken'], { root: testRoot, env: { KEYFERRY_DEBUG: '1' } })
  assert.is(exit, 70)
  assert.match(err, 'args.test.ts')
  assert.not.match(err, '\x1b')
})

parser('tells its version', async () => {
  assert.is((await keyferry(['--version'])).out, `${packageVersion}\n`)
  assert.equal((await keyferry(['--version', '--json'])).json, { name: 'keyferry', version: packageVersion })
  assert.is(VERSION, packageVersion)
})

parser.run()

const help = suite('help')

const nodes = (node: Group | Command, path: string[] = []): { node: Group | Command; path: string[] }[] => [
  { node, path },
  ...(node.type === 'group' ? node.members.flatMap((member) => nodes(member, [...path, member.name])) : []),
]

for (const { node, path } of nodes(root))
  help(`of "${['keyferry', ...path].join(' ')}" names all that it takes`, async () => {
    const { exit, out, err } = await keyferry([...path, '--help'])
    assert.is(exit, 0)
    assert.is(err, '')
    const names = node.type === 'group' ? node.members.map(({ name }) => name) : Object.keys(node.options).map((name) => `--${name}`)
    for (const name of [...names, node.summary, 'Usage', 'Examples']) assert.ok(out.includes(name), `${name} is not in the help`)
    for (const { command: words } of node.examples) assert.ok(out.includes(`keyferry ${words}`))
    assert.ok(node.examples.length > 0, 'no example')
    assert.is((await keyferry(['help', ...path])).out, out)
    assert.is((await keyferry([...path, '-h'])).out, out)
  })

help('has examples that parse', () => {
  let count = 0
  for (const { node } of nodes(root))
    for (const { command: line } of node.examples) {
      const words = line.split(' ')
      if (words.some((word) => word === '--help' || word === '--version')) continue
      const found = nodes(root).find(({ path, node: { type } }) => type === 'command' && path.every((word, i) => word === words[i]))
      assert.ok(found?.node.type === 'command', line)
      found.node.parse(words.slice(found.path.length))
      count++
    }
  assert.ok(count >= 6)
})

help('is shown without looking at the rest of the line', async () => {
  const { exit, out } = await keyferry(['byok', 'wrap', '--nonsense', '--help'])
  assert.is(exit, 0)
  assert.match(out, '--kek FILE')
})

help('finds the group of a command whose group was left out', async () => {
  const { exit, err } = await keyferry(['inspect', 'x.byok'])
  assert.is(exit, 2)
  assert.match(err, 'Did you mean keyferry byok inspect?')
})

help.run()

const words = suite('nearest word')

for (const [a, b, distance] of [
  ['', '', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['wrap', 'warp', 1],
  ['ca', 'abc', 3],
] as const)
  words(`from "${a}" to "${b}" it is ${distance}`, () => assert.is(editDistance(a, b), distance))

words('is found by its beginning, too, and not at any price', () => {
  assert.is(nearest('insp', ['wrap', 'inspect']), 'inspect')
  assert.is(nearest('x', ['wrap', 'inspect']), null)
  assert.is(nearest('something', ['wrap', 'inspect']), null)
})

words('a failure is an exception with an exit code and no more', () => {
  const failure = new Failure(4, 'gone')
  assert.equal([failure.exit, failure.message, failure.fault, failure.hints], [4, 'gone', null, []])
})

words.run()
