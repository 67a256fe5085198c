import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../tools/cli/failure.js'
import { checkOutputs, READ_LIMIT, readInput, writeOutputs } from '../../tools/cli/files.js'
import { at, folder, fresh, given, listing } from './harness.js'

const bytes = Uint8Array.of(1, 2, 3)
const output = (path: string, secret = false) => ({ path, option: '--out', secret, bytes })

/** The failure that something ends in. */
async function failure(work: () => Promise<unknown>): Promise<Failure> {
  try {
    await work()
  } catch (error) {
    assert.instance(error, Failure)
    return error as Failure
  }
  return assert.unreachable('it did not fail') as never
}

const reading = suite('reading files')

reading('gives what is there', async () => assert.equal(await readInput(given('input', bytes), 'the input'), bytes))

reading('stops behind the limit', async () => {
  const path = given('large', new Uint8Array(READ_LIMIT + 1000))
  assert.is((await readInput(path, 'it')).length, READ_LIMIT + 1)
})

reading('of what is not there, or is a folder, is told in words', async () => {
  for (const [path, why] of [
    [at('nothing'), 'there is no such file'],
    [folder, 'it is a folder'],
    [at('input/below'), 'a part of the path is no folder'],
  ] as const) {
    const { exit, message } = await failure(() => readInput(path, 'the KEK'))
    assert.is(exit, 4)
    assert.is(message, `cannot read the KEK, ${path}: ${why}`)
  }
})

reading.run()

const writing = suite('writing files')

writing('makes them whole, private ones for the owner only', async () => {
  const [open, secret] = [output(fresh('a')), output(fresh('b'), true)]
  await writeOutputs([open, secret], false)
  assert.equal(new Uint8Array(readFileSync(open.path)), bytes)
  assert.equal(new Uint8Array(readFileSync(secret.path)), bytes)
  assert.is(statSync(secret.path).mode & 0o777, 0o600)
})

writing('replaces nothing unless forced, and says how', async () => {
  const path = given('there', 'old')
  for (const attempt of [() => checkOutputs([output(path)], [], false), () => writeOutputs([output(path)], false)]) {
    const { exit, message, hints } = await failure(attempt)
    assert.is(exit, 1)
    assert.is(message, `--out ${path} is there already`)
    assert.equal(hints, ['--force replaces it.'])
    assert.is(readFileSync(path, 'utf8'), 'old')
  }
  await checkOutputs([output(path)], [], true)
  chmodSync(path, 0o644)
  await writeOutputs([output(path, true)], true)
  assert.equal(new Uint8Array(readFileSync(path)), bytes)
  assert.is(statSync(path).mode & 0o777, 0o600)
})

writing('puts no file in the place of a link or a folder, even forced', async () => {
  const link = at('link')
  symlinkSync(given('linked', 'old'), link)
  for (const path of [link, folder]) {
    assert.match((await failure(() => checkOutputs([output(path)], [], true))).message, 'is no ordinary file')
    assert.match((await failure(() => writeOutputs([output(path)], true))).message, 'is no ordinary file')
  }
  assert.ok(lstatSync(link).isSymbolicLink())
})

writing('never goes where an input or another output is, by whatever name', async () => {
  const input = given('key', 'secret')
  mkdirSync(at('sub'))
  for (const path of [input, at('sub/../key')]) {
    const { exit, message } = await failure(() => checkOutputs([output(path)], [input], true))
    assert.is(exit, 2)
    assert.is(message, `--out ${path} is also an input`)
  }
  const twice = await failure(() => checkOutputs([output(at('x')), { path: at('sub/../x'), option: '--public-out' }], [], false))
  assert.is(twice.exit, 2)
  assert.match(twice.message, 'is also the output of --out')
})

writing('leaves nothing behind where one of several fails', async () => {
  const before = listing()
  const first = fresh('a')
  const { exit, message } = await failure(() => writeOutputs([output(first), output(at('no/such/folder'))], false))
  assert.is(exit, 1)
  assert.match(message, 'there is no such file')
  assert.equal(listing(), before)

  const last = await failure(() => writeOutputs([output(first), output(at('key'))], false))
  assert.match(last.message, 'is there already')
  assert.equal(listing(), before)
  assert.is((await failure(() => checkOutputs([output(at('no/such/folder'))], [], false))).exit, 1)
})

writing.run()
