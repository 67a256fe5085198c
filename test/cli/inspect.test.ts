import { randomBytes } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { at, given, keyferry, KID, makeKek, textOf } from './harness.js'

const kek = makeKek(2048)
const blob = randomBytes(256 + 152)
const honest = {
  schema_version: '1.0.0',
  header: { kid: KID, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
  ciphertext: blob.toString('base64url'),
  generator: 'a tool 1.0; an HSM 2.0',
}
const written = (file: object) => `${JSON.stringify(file, null, 2)}\n`

/** Runs `byok inspect` on some bytes. */
const inspect = (content: string | Uint8Array, ...options: string[]) => keyferry(['byok', 'inspect', given('file.byok', content), ...options])

const shown = suite('byok inspect')

shown('BYOK-80 shows every field with its offset, size and meaning', async () => {
  const text = written(honest)
  const { exit, json } = await inspect(text, '--json')
  assert.is(exit, 0)
  assert.is(json.ok, true)
  assert.equal(json.findings, [])
  const fields = new Map<string, any>(json.fields.map((field: any) => [field.name, field]))
  for (const [name, value] of [
    ['schema_version', '1.0.0'],
    ['header.kid', KID],
    ['header.alg', 'dir'],
    ['header.enc', 'CKM_RSA_AES_KEY_WRAP'],
    ['generator', honest.generator],
  ] as const) {
    const { offset, size, value: told, meaning } = fields.get(name)
    assert.is(text.slice(offset, offset + size), JSON.stringify(value))
    assert.is(told, value)
    assert.ok(meaning.length > 5)
  }
  const { offset, size } = fields.get('ciphertext')
  assert.is(text.slice(offset, offset + size), JSON.stringify(honest.ciphertext))
})

shown('BYOK-61 measures both parts of the blob with the KEK', async () => {
  const { exit, json } = await inspect(written(honest), '--kek', kek.publicPem, '--json')
  assert.is(exit, 0)
  const parts = json.fields.filter(({ name }: any) => name === 'C1' || name === 'C2').map(({ name, offset, size }: any) => [name, offset, size])
  assert.equal(parts, [
    ['C1', 0, 256],
    ['C2', 256, 152],
  ])
  assert.equal(json.usualLengthOf, ['ec-P-256'])
})

shown('tells a person the same', async () => {
  const { exit, out, err } = await inspect(written(honest), '--kek', kek.publicPem)
  assert.is(exit, 0, err)
  for (const part of ['lenient reading', 'header.kid', KID, 'C1', 'C2', '256', '152', 'usual length of ec-P-256', 'nothing to object to'])
    assert.ok(out.includes(part), `${part} is missing:\n${out}`)
})

shown('BYOK-97 shows a hostile generator without what a terminal would act on, and on one line', async () => {
  const { exit, out } = await inspect(written({ ...honest, generator: 'x\x1b[2J\x1b]0;t\x07\u202e\u0085\nnothing to object to' }))
  assert.is(exit, 0)
  assert.not.match(out.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u)
  assert.match(out, 'BYOK-97')
  assert.is(out.split('\n').filter((line) => line === 'nothing to object to').length, 0)
})

shown('tells MUST from SHOULD by the reading', async () => {
  const padded = written({ ...honest, extra: 1 })
  const lenient = await inspect(padded, '--json')
  assert.is(lenient.exit, 0)
  assert.equal(
    lenient.json.findings.map(({ level, requirement, code }: any) => [level, requirement, code]),
    [['SHOULD', 'BYOK-89', 'member_unknown']],
  )
  const strict = await inspect(padded, '--strict', '--json')
  assert.is(strict.exit, 1)
  assert.is(strict.json.ok, false)
  assert.equal(
    strict.json.findings.map(({ level, requirement }: any) => [level, requirement]),
    [['MUST', 'BYOK-89']],
  )
})

shown.run()

const bad = suite('byok inspect: bad input')

const edited = (change: (file: any) => void) => {
  const file = structuredClone(honest)
  change(file)
  return written(file)
}

for (const [what, content, exit, says] of [
  ['no JSON', 'hello', 4, 'not JSON'],
  ['half of a file', written(honest).slice(0, 300), 4, 'not JSON'],
  ['bytes', randomBytes(300).fill(0xff, 0, 1), 4, 'not UTF-8'],
  ['BYOK-99 nothing', '', 1, '[BYOK-99]'],
  ['BYOK-80 an array', '[]', 1, '[BYOK-80]'],
  ['BYOK-80 a missing ciphertext', edited((file) => delete file.ciphertext), 1, 'at: ciphertext) [BYOK-80]'],
  ['BYOK-80 a compact JWE', 'eyJh.bb.cc.dd.ee', 1, '[BYOK-80]'],
  ['BYOK-81 another version', edited((file) => (file.schema_version = '2.0.0')), 1, '[BYOK-81]'],
  ['BYOK-83 a kid without version', edited((file) => (file.header.kid = KID.slice(0, -33))), 1, '[BYOK-83]'],
  ['BYOK-85 another mechanism', edited((file) => (file.header.enc = 'CKM_RSA_AES_KEY_WRAP_PAD')), 1, '[BYOK-85]'],
  ['BYOK-86 an empty ciphertext', edited((file) => (file.ciphertext = '')), 1, '[BYOK-86]'],
  ['BYOK-90 a member twice', written(honest).replace('"alg"', '"alg": "dir", "alg"'), 1, '[BYOK-90]'],
  ['BYOK-93 spare bits', edited((file) => (file.ciphertext = `${Buffer.alloc(400).toString('base64url').slice(0, -1)}B`)), 1, '[BYOK-93]'],
  ['BYOK-95 UTF-16', Buffer.from(`\ufeff${written(honest)}`, 'utf16le'), 1, '[BYOK-95]'],
  ['BYOK-96 a file that is too big', ' '.repeat(70000), 1, '[BYOK-96]'],
  ['BYOK-96 a blob that is too big', edited((file) => (file.ciphertext = randomBytes(9000).toString('base64url'))), 1, '[BYOK-96]'],
  ['BYOK-61 a blob that is too short', edited((file) => (file.ciphertext = randomBytes(256).toString('base64url'))), 1, '[BYOK-61]'],
  ['BYOK-61 a blob that is cut off', edited((file) => (file.ciphertext = blob.subarray(0, 400 - 3).toString('base64url'))), 1, '[BYOK-61]'],
] as const)
  bad(`tells of ${what}: ${exit}`, async () => {
    const ran = await inspect(content)
    assert.is(ran.exit, exit, ran.out + ran.err)
    assert.ok((exit === 1 ? ran.out : ran.err).includes(says), ran.out + ran.err)
    const { json } = await inspect(content, '--json')
    assert.is(json.ok, false)
    if (exit === 1) assert.ok(json.findings.some(({ level, requirement }: any) => level === 'MUST' && says.includes(requirement ?? '')))
  })

bad('BYOK-61 tells of a blob that does not fit the KEK at hand', async () => {
  const other = makeKek(3072)
  const small = edited((file) => (file.ciphertext = randomBytes(256 + 24).toString('base64url')))
  assert.is((await inspect(small)).exit, 0)
  const { exit, out } = await inspect(small, '--kek', other.publicPem)
  assert.is(exit, 1)
  assert.match(out, 'BYOK-61')
})

bad('tells of a missing file, and of a bad KEK', async () => {
  assert.is((await keyferry(['byok', 'inspect', at('nothing.byok')])).exit, 4)
  assert.is((await inspect(written(honest), '--kek', at('nothing.pem'))).exit, 4)
  const { exit, err } = await inspect(written(honest), '--kek', kek.privatePem)
  assert.is(exit, 1)
  assert.match(err, 'a private key where a public one is wanted')
  assert.not.match(err, textOf(kek.privatePem).split('\n')[1]!)
})

bad.run()
