/**
 * `keyferry ski decode`: what it takes, what it tells, how it ends, and that no secret of any vector is in what it writes.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findSecret } from '../enclave/secret-search.js'
import { structureVectors, vectorSecrets } from '../ski/decode-support.js'
import { at, fresh, given, keyferry } from './harness.js'

const decode = (...words: string[]) => keyferry(['ski', 'decode', ...words])
const vector = (id: string): Buffer => Buffer.from(structureVectors.find((each) => each.vector.id === id)!.bytes)
const KEY = '4b44424d010000001000000000112233445566778899aabbccddeeff'

const shown = suite('ski decode')

shown('SKI-86 shows every member with offset, length, value and meaning', async () => {
  const { exit, json } = await decode(given('import.bin', vector('import_rsa_2048_exchange')), '--json')
  assert.is(exit, 0)
  assert.is(json.ok, true)
  assert.is(json.type, 'CARD_IMPORT_KEYPAIR')
  assert.is(json.sureness, 'certain')
  assert.equal(json.input, { from: 'file', form: 'binary', bytes: 1196 })
  assert.is(json.fault, null)
  const fields = new Map<string, any>(json.fields.map((field: any) => [field.name, field]))
  for (const [name, offset, length, value, meaning] of [
    ['dwVersion', 0, 4, '7', 'version'],
    ['bContainerIndex', 4, 1, '3', 'container'],
    ['dwKeySpec', 12, 4, '1', 'AT_KEYEXCHANGE'],
    ['dwKeySize', 16, 4, '2048', 'bits'],
    ['pbInput', 24, 1172, '(secret, 1172 bytes)', 'PRIVATEKEYBLOB'],
    ['pbInput.aiKeyAlg', 28, 4, '0x0000A400', 'CALG_RSA_KEYX'],
    ['pbInput.prime1', 300, 128, '(secret, 128 bytes)', 'p'],
    ['pbInput.privateExponent', 940, 256, '(secret, 256 bytes)', 'd'],
  ] as const) {
    const field = fields.get(name)
    assert.equal([field.offset, field.length, field.value], [offset, length, value], name)
    assert.match(field.meaning, meaning)
  }
  const spki = structureVectors.find((each) => each.vector.id === 'capi_private_2048_exchange')!.vector['spki']
  const { createHash } = await import('node:crypto')
  const fingerprint = createHash('sha256').update(String(spki), 'hex').digest('hex')
  assert.ok(json.facts.some(({ value }: any) => value === fingerprint))
})

shown('tells a person the same', async () => {
  const { exit, out, err } = await decode(given('import.bin', vector('import_rsa_2048_exchange')))
  assert.is(exit, 0, err)
  for (const part of ['CARD_IMPORT_KEYPAIR', '1196 bytes', 'SKI-86', 'without doubt', 'pbInput.modulus', '(secret, 128 bytes)', 'a valid structure'])
    assert.ok(out.includes(part), `${part} is missing:\n${out}`)
})

shown('says what is wrong, where, and by which requirement', async () => {
  const damaged = vector('import_rsa_2048_exchange')
  damaged[32] = 0x33
  const { exit, json } = await decode(given('import.bin', damaged), '--json')
  assert.is(exit, 1)
  assert.is(json.ok, false)
  assert.is(json.type, 'CARD_IMPORT_KEYPAIR')
  assert.equal([json.fault.code, json.fault.offset, json.fault.requirement], ['capi_magic_unknown', 32, 'SKI-85'])
  const { out } = await decode(given('import.bin', damaged))
  assert.match(out, /wrong {2}The magic number is not that of this blob \(at: PRIVATEKEYBLOB\.magic, offset 32; .*\) \[SKI-85\]/)
})

shown('lists what else it could be', async () => {
  const { json } = await decode('01000000', '--json')
  assert.is(json.sureness, 'possible')
  assert.ok(json.others.length > 0)
  assert.ok(json.others.every(({ type, sureness, accepted }: any) => type && sureness && typeof accepted === 'boolean'))
  assert.match((await decode('01000000')).out, 'It could also be')
})

shown('is told what the bytes are, in any case of letters', async () => {
  const { exit, json } = await decode('02000000', '--as', 'cp_padding_schemes', '--json')
  assert.is(exit, 0)
  assert.is(json.type, 'CP_PADDING_SCHEMES')
  assert.is(json.sureness, 'told')
  assert.equal(json.others, [])
  const wrong = await decode('02000000', '--as', 'CARD_KEY_SIZES', '--json')
  assert.is(wrong.exit, 1)
  assert.is(wrong.json.fault.code, 'revision_unknown')
})

shown('takes a structure with pointers for either ABI, or for one', async () => {
  for (const abi of ['x64', 'x86']) {
    const path = given('info.bin', vector(`container_info_${abi}_both`))
    const { exit, json } = await decode(path, '--as', 'CONTAINER_INFO', '--json')
    assert.is(exit, 0)
    assert.is(json.type, `CONTAINER_INFO:${abi}`)
    assert.is((await decode(path, '--as', `CONTAINER_INFO:${abi}`)).exit, 0)
    assert.is((await decode(path, '--as', `CONTAINER_INFO:${abi === 'x64' ? 'x86' : 'x64'}`)).exit, 1)
  }
  const { exit, json } = await decode('ff', '--as', 'CARD_DERIVE_KEY', '--json')
  assert.equal([exit, json.type], [1, 'CARD_DERIVE_KEY:x64'])
})

shown('says the same every time', async () => {
  const path = given('import.bin', vector('import_rsa_2048_exchange'))
  assert.equal(await decode(path, '--json'), await decode(path, '--json'))
})

shown('shows texts from strangers without what a terminal would act on', async () => {
  const list = Buffer.from('x\x1b[2J\u202ey\0\0', 'utf16le').toString('hex')
  const { out } = await decode(list, '--as', 'MULTI_STRING')
  assert.not.match(out.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u)
})
shown.run()

const input = suite('ski decode: input')

for (const [what, contents, form] of [
  ['bytes', Buffer.from(KEY, 'hex'), 'binary'],
  ['hexadecimal text', `${KEY}\n`, 'hex'],
  ['hexadecimal text in lines', KEY.replace(/(.{16})/g, '$1\r\n'), 'hex'],
  ['a C array', KEY.replace(/(..)/g, '0x$1, '), 'hex'],
  ['base64', Buffer.from(KEY, 'hex').toString('base64'), 'base64'],
  [
    'base64 in lines',
    Buffer.from(KEY, 'hex')
      .toString('base64')
      .replace(/(.{8})/g, '$1\n'),
    'base64',
  ],
  ['base64url without padding', Buffer.from(KEY, 'hex').toString('base64url'), 'base64'],
] as const)
  input(`takes a file of ${what}`, async () => {
    const { exit, json } = await decode(given('key.txt', contents), '--json')
    assert.is(exit, 0)
    assert.equal(json.input, { from: 'file', form, bytes: 28 })
    assert.is(json.type, 'BCRYPT_KEY_DATA_BLOB')
  })

for (const digits of [KEY, KEY.toUpperCase(), KEY.replace(/(..)/g, '$1 ').trim(), KEY.replace(/(..)/g, '$1:').slice(0, -1), `0x${KEY}`])
  input(`takes ${digits.slice(0, 12)}… on the command line`, async () => {
    const { exit, json } = await decode(digits, '--json')
    assert.is(exit, 0)
    assert.equal(json.input, { from: 'command line', form: 'hex', bytes: 28 })
  })

input('takes a file before digits of the same name', async () => {
  const before = process.cwd()
  given('9000', Buffer.from(KEY, 'hex'))
  process.chdir(at('.'))
  try {
    assert.is((await decode('9000', '--json')).json.type, 'BCRYPT_KEY_DATA_BLOB')
  } finally {
    process.chdir(before)
  }
})

const child = (stdin: string | Uint8Array, ...words: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', join(import.meta.dirname, '../../tools/cli/main.ts'), 'ski', 'decode', ...words], {
    input: stdin,
    encoding: 'utf8',
  })

input('takes stdin', () => {
  const { status, stdout } = child(Buffer.from(KEY, 'hex'), '-', '--json')
  assert.is(status, 0)
  assert.equal(JSON.parse(stdout).input, { from: 'stdin', form: 'binary', bytes: 28 })
  assert.is(child(Buffer.alloc(200000, 1), '-').status, 4)
})

for (const [what, exit, says, words] of [
  ['nothing', 2, 'FILE|HEX is missing', []],
  ['half a byte', 2, 'two digits make a byte', ['abc']],
  ['two words', 2, 'one word too many', ['4b44', '424d']],
  ['an unknown type', 2, 'Did you mean CARD_KEY_SIZES?', ['01000000', '--as', 'CARD_KEY_SIZE']],
  ['an option that there is not', 2, 'no option --show-secrets', [KEY, '--show-secrets']],
  ['no such file', 4, 'there is no such file', [fresh('bin')]],
  ['a folder', 4, 'it is a folder', [at('.')]],
  ['text of another sort', 4, 'neither hexadecimal digits nor base64', [given('text.txt', 'hello, world!')]],
  ['half a byte in a file', 4, 'two digits make a byte', [given('half.txt', '4b4')]],
  ['long text with a slip at its end', 4, 'neither hexadecimal', [given('slip.txt', `${'ab'.repeat(60000)}!`)]],
  ['a file that is too long', 4, 'longer than', [given('long.bin', Buffer.alloc(200000, 1))]],
  ['an empty file', 4, 'there are no bytes', [given('empty.bin', '')]],
] as const)
  input(`tells of ${what}: ${exit}`, async () => {
    const ran = await decode(...words)
    assert.is(ran.exit, exit, ran.out + ran.err)
    assert.ok(ran.err.includes(says), ran.err)
    assert.is(ran.out, '')
  })

input('bytes that are nothing known: 1', async () => {
  const { exit, out } = await decode('00112233445566778899aabbccddeeff')
  assert.is(exit, 1)
  assert.match(out, 'no structure known by its bytes')
  const { json } = await decode('00112233445566778899aabbccddeeff', '--json')
  assert.equal([json.ok, json.type, json.fields], [false, null, []])
})

input('an empty file may be an empty container map', async () => {
  assert.is((await decode(given('empty.bin', ''), '--as', 'cmapfile')).exit, 0)
  assert.is((await decode(given('empty.bin', ''), '--as', 'CARD_KEY_SIZES')).exit, 1)
})

input('the help says what it is for', async () => {
  const { exit, out } = await decode('--help')
  assert.is(exit, 0)
  for (const part of ['FILE|HEX', '--as TYPE', 'CARD_IMPORT_KEYPAIR', '--json', 'never shown']) assert.ok(out.includes(part), part)
  assert.match((await keyferry(['ski', '--help'])).out, 'decode')
})
input.run()

const leaks = suite('ski decode: secrets')

leaks('no secret of any vector is in any output', async () => {
  const written: string[] = []
  const holders = structureVectors.filter(({ file }) => file === 'ski/key-blobs' || file === 'ski/secure-functions')
  // One byte may be a letter, and then it is text.
  for (const { bytes, type } of holders.filter(({ bytes: { length } }) => length > 1)) {
    const path = given('secret.bin', bytes)
    for (const words of [[], ['--as', type.name, '--json']]) {
      const { exit, out, err } = await decode(path, ...words)
      assert.ok(exit === 0 || exit === 1, err)
      written.push(out, err)
    }
  }
  assert.ok(written.length > 1200)
  const lines = [...new Set(written.flatMap((text) => text.split('\n')))]
  const searched = [...vectorSecrets].filter(([name, secret]) => secret.length >= 8 && !/scalar_(?:one|highest)/.test(name))
  assert.ok(searched.length >= 35)
  for (const [name, secret] of searched) assert.is(findSecret(lines, secret), null, name)
})

leaks('a wrong command line does not repeat digits', async () => {
  const { exit, err } = await decode(`${KEY}0`)
  assert.is(exit, 2)
  assert.not.match(err, '00112233')
  const mistyped = await decode(KEY.replace('44', '4g'))
  assert.is(mistyped.exit, 2)
  assert.match(mistyped.err, 'character 4')
  assert.not.match(mistyped.err, '00112233')
})
leaks.run()
