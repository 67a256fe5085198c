/**
 * The command as a process of its own: exit codes, streams, and what happens where nobody can be asked.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { at, fresh, given, KID, listing, makeKek, packageVersion } from './harness.js'

const main = join(resolve(import.meta.dirname, '../..'), 'tools/cli/main.ts')
const words = ['--import', import.meta.resolve('tsx'), main]

/** Runs the command and waits for its end. */
function keyferry(...given: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...words, ...given], { input: '', encoding: 'utf8', cwd: at('.') })
  return { exit: status, out: stdout, err: stderr }
}

const kek = makeKek(2048)
const child = suite('keyferry as a process')

child('tells its version and nothing else', () => {
  assert.equal(keyferry('--version'), { exit: 0, out: `${packageVersion}\n`, err: '' })
})

child('ends with the exit code, says why on stderr, and shows no stack', () => {
  const { exit, out, err } = keyferry('byok', 'inspect', 'nothing.byok')
  assert.is(exit, 4)
  assert.is(out, '')
  assert.is(err, 'keyferry: cannot read the transfer file, nothing.byok: there is no such file\n')
  assert.is(keyferry().exit, 2)
})

child('BYOK-48 wraps, opens and inspects; without a terminal it asks nobody', () => {
  const [out, publicOut] = [fresh('byok'), fresh('jwk')]
  const wrap = ['byok', 'wrap', '--kek', kek.publicPem, '--kid', KID, '--generate', 'ec-P-384', '--out', out, '--public-out', publicOut]
  const before = listing()
  const refused = keyferry(...wrap)
  assert.is(refused.exit, 1)
  assert.match(refused.err, 'not confirmed from another channel')
  assert.equal(listing(), before)

  const wrapped = keyferry(...wrap, '--unconfirmed-kek', '--json')
  assert.is(wrapped.exit, 0, wrapped.err)
  assert.is(wrapped.err, '')
  const opened = keyferry('byok', 'open', out, '--kek-private', kek.privatePem, '--json')
  assert.is(opened.exit, 0, opened.err)
  assert.equal(JSON.parse(opened.out).target.publicKey, JSON.parse(wrapped.out).target.publicKey)
  assert.is(keyferry('byok', 'inspect', out, '--kek', kek.publicPem, '--strict').exit, 0)
})

child('does not mind a reader that has seen enough', async () => {
  const process = spawn(globalThis.process.execPath, [...words, 'byok', 'wrap', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  process.stdout.destroy()
  let err = ''
  process.stderr.on('data', (piece: Buffer) => (err += piece.toString()))
  const exit = await new Promise((done) => process.on('close', done))
  assert.is(exit, 0)
  assert.is(err, '')
})

child('reads a KEK that is a pipe', () => {
  const file = given('piped.pem', '')
  assert.is(keyferry('byok', 'inspect', given('x.byok', '{}'), '--kek', file).exit, 4)
  const script = `cat '${kek.publicPem}' | '${process.execPath}' ${words.map((word) => `'${word}'`).join(' ')} byok wrap --kek /dev/stdin --kid ${KID} --generate ec-P-256 --out '${fresh('byok')}' --unconfirmed-kek`
  const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
  assert.is(status, 0, stderr)
})

child.run()
