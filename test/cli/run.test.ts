/** `keyferry byok run`: the transfers, the ledger, the files, and the same bytes for the same seed. */
import { createHash, createPublicKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { at, given, keyferry } from './harness.js'

const test = suite('keyferry byok run')
const one = ['--kek-bits', '2048', '--target', 'ec-P-256']
const read = (folder: string, name: string) => readFileSync(join(at(folder), name), 'utf8')
const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(at(folder)).map((name) => [name, createHash('sha256').update(read(folder, name)).digest('hex')]))

test('BYOK-14 BYOK-155 one transfer on the pure crypto: imported, nothing seen, files written', async () => {
  const ran = await keyferry(['byok', 'run', ...one, '--seed', 'test', '--out', at('a')])
  assert.is(ran.exit, 0)
  assert.match(ran.out, /^1 of 1 imported$/m)
  assert.match(ran.out, /^12 secrets tracked, 0 seen outside an enclave in 54 messages, \d+ snapshots, \d+ inspection events$/m)
  assert.equal(readdirSync(at('a')).sort(), [
    'conversation.json',
    'conversation.mmd',
    'ec-P-256-under-kek-2048.byok',
    'ec-P-256-under-kek-2048.jwk.json',
    'kek-2048.json',
    'kek-2048.pem',
  ])
})

test('BYOK-45 BYOK-83 what the files say fits together, by node’s own account', () => {
  const pem = createPublicKey(read('a', 'kek-2048.pem'))
  assert.is(pem.asymmetricKeyDetails?.modulusLength, 2048)
  const kek = JSON.parse(read('a', 'kek-2048.json')) as { kid: string; spkiSha256: string }
  assert.is(
    kek.spkiSha256,
    createHash('sha256')
      .update(pem.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
  )
  const file = JSON.parse(read('a', 'ec-P-256-under-kek-2048.byok')) as { header: { kid: string }; ciphertext: string }
  assert.is(file.header.kid, kek.kid)
  assert.is(Buffer.from(file.ciphertext, 'base64url').length, 256 + 152)
  assert.is(
    createPublicKey({ key: JSON.parse(read('a', 'ec-P-256-under-kek-2048.jwk.json')) as never, format: 'jwk' }).asymmetricKeyDetails?.namedCurve,
    'prime256v1',
  )
})

test('the conversation is told message by message, as a table, as JSON and as a diagram', async () => {
  const lines = JSON.parse(read('a', 'conversation.json')) as {
    number: number
    from: string
    to: string
    port: string
    readers: string
    message: { type: string }
  }[]
  assert.equal(
    lines.map(({ number }) => number),
    lines.map((_, index) => index + 1),
  )
  for (const { port, readers } of lines) assert.is(readers === 'everybody', port === 'wire')
  const diagram = read('a', 'conversation.mmd')
  assert.match(diagram, /^sequenceDiagram$/m)
  assert.is(diagram.match(/-?->>/g)?.length, lines.length)
})

test('the same seed gives the same bytes and the same report, another seed others', async () => {
  const [b, c] = [
    await keyferry(['byok', 'run', ...one, '--seed', 'test', '--out', at('b'), '--json']),
    await keyferry(['byok', 'run', ...one, '--seed', 'other', '--out', at('c'), '--json']),
  ]
  assert.equal(filesOf('b'), filesOf('a'))
  assert.not.equal(filesOf('c')['kek-2048.pem'], filesOf('a')['kek-2048.pem'])
  assert.is((b.json as { imported: number }).imported, 1)
  assert.not.equal(b.json, c.json)
})

test('BYOK-161 the published profile compares nothing and says so', async () => {
  const ran = await keyferry(['byok', 'run', ...one, '--seed', 'test', '--profile', 'published', '--out', at('d'), '--json'])
  assert.is(ran.exit, 0)
  const { profile, transfers } = ran.json as { profile: string; transfers: { officer: { ok: boolean; compared: boolean } }[] }
  assert.is(profile, 'published')
  assert.equal(
    transfers.map(({ officer }) => officer.compared),
    [false],
  )
})

test('a person at a terminal sees progress, on stderr only', async () => {
  const ran = await keyferry(['byok', 'run', ...one, '--seed', 'test', '--out', at('e')], { terminal: true, env: { NO_COLOR: '1' } })
  assert.match(ran.err, '[0/1] ec-P-256 under a KEK of 2048 bits')
  assert.not.match(ran.out, '[0/1]')
})

test('a place that is no folder is told before anything is done', async () => {
  const ran = await keyferry(['byok', 'run', ...one, '--seed', 'test', '--out', given('taken', 'a file')])
  assert.is(ran.exit, 1)
  assert.match(ran.err, 'cannot write into')
})

test('wrong usage is told before anything is done', async () => {
  for (const words of [
    ['--kek-bits', '1024'],
    ['--target', 'rsa-1024'],
    ['--profile', 'open'],
    ['--seed', 'x', '--crypto', 'platform'],
    ['--kek-size', '2048'],
    ['extra'],
  ]) {
    const ran = await keyferry(['byok', 'run', ...words, '--out', at('f')])
    assert.is(ran.exit, 2, words.join(' '))
    assert.not(readdirSync(at('.')).includes('f'))
  }
})

test.run()
