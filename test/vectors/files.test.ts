/**
 * The vector files as a product: their form, their number, what they cover, and that the generators make them again, byte for byte.
 * @module
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { documents } from '../../vectors/generate/documents.js'
import { skip } from '../skip.js'
import { folder, json, load, names, rooms, type Vector } from './load.js'

const all = names.flatMap((name) => load(name).tests.map((vector) => ({ name, vector })))
const invalid = all.filter(({ vector }) => vector.result === 'invalid')

const form = suite('vector files')

const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true })
for (const name of names)
  form(`${name} fits its schema`, () => {
    const file = load(name)
    assert.is(file.schema, `${name.split('/')[1]}.schema.json`)
    const validate = ajv.compile(json(`${name}.schema.json`) as object)
    validate(file)
    assert.equal(validate.errors ?? [], [])
    assert.is(file.tests.length, file.numberOfTests)
    assert.is(new Set(file.tests.map(({ id }) => id)).size, file.numberOfTests, 'an id stands twice')
  })

form('a schema refuses what is not a test', () => {
  const validate = ajv.compile({ ...(json('core/aes-kwp.schema.json') as object), $id: 'probe' })
  const file = structuredClone(load('core/aes-kwp')) as unknown as { tests: Record<string, unknown>[] }
  assert.ok(validate(file))
  const [first] = file.tests
  for (const [member, value] of [
    ['key', 'not hex'],
    ['result', 'perhaps'],
    ['extra', 1],
    ['expect', 'decryption_failed'],
    ['requirement', 'BYOK-0'],
  ] as const) {
    const spoilt = { ...file, tests: [{ ...first, [member]: value }] }
    assert.not.ok(validate(spoilt), member)
  }
})

form('are documented, each one, and nothing else lies there', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const name of names) {
    const row = `| \`${name}.json\` | ${load(name).numberOfTests} |`
    assert.ok(readme.includes(row), `README.md lacks ${row}`)
  }
  const known = new Set(documents().map(([path]) => path))
  const strangers = rooms.flatMap((room) => readdirSync(join(folder, room)).map((file) => `${room}/${file}`)).filter((path) => !known.has(path))
  assert.equal(
    strangers.filter((path) => !/^(byok|ski)\/conversation(-[a-z-]+|\.schema)\.json$/.test(path)),
    [],
  )
})

form('the generators make every document again, byte for byte', () => {
  const made = documents()
  assert.is(made.length, 2 * names.length)
  for (const [path, text] of made) assert.ok(text === readFileSync(join(folder, path), 'utf8'), `${path}: run "npm run vectors"`)
})

form('are many, and most of them say no', () => {
  assert.ok(all.length >= 250, `${all.length} tests`)
  assert.ok(invalid.length >= 140, `${invalid.length} invalid tests`)
})

form('are many in each protocol', () => {
  const count = (room: string) => all.filter(({ name }) => name.startsWith(`${room}/`)).length
  assert.ok(count('byok') >= 250, `${count('byok')} tests of BYOK`)
  assert.ok(count('ski') >= 300, `${count('ski')} tests of SKI`)
  assert.ok(invalid.filter(({ name }) => name.startsWith('ski/')).length >= 170)
})

const recipe = 'the recipe of the README opens a blob with OpenSSL alone'
const tools = ['bash', 'jq', 'xxd', 'openssl'].filter((tool) => spawnSync(tool, ['--version']).error)
if (tools.length > 0) skip(form, recipe, `${tools.join(', ')} not found`)
else
  form(recipe, () => {
    const [script] = /(?<=```sh\n)[^`]*(?=```)/.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? ['']
    const place = mkdtempSync(join(tmpdir(), 'vectors-'))
    try {
      symlinkSync(join(folder, 'byok'), join(place, 'byok'))
      const run = spawnSync('bash', ['-e', '-c', script], { cwd: place, encoding: 'utf8' })
      assert.is(run.status, 0, run.stderr)
      const vector = load('byok/transfer-blob').tests.find(({ id }) => id === 'kek_2048_ec_p_256')!
      assert.equal(createPublicKey(run.stdout).export({ format: 'jwk' }), vector['public'])
    } finally {
      rmSync(place, { recursive: true })
    }
  })

form('explain every flag', () => {
  for (const name of names) {
    const { notes, tests } = load(name)
    for (const { id, flags = [] } of tests) for (const flag of flags) assert.ok(flag in notes, `${name} ${id}: ${flag}`)
  }
})

form('mark the keys as test keys', () => {
  const { warning } = json('keys/rsa.json') as { warning: string }
  assert.match(warning, /TEST KEYS/)
})
form.run()

const coverage = suite('what the vectors cover')

const blobs = load('byok/transfer-blob').tests
for (const bits of [2048, 3072, 4096])
  for (const kind of ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-256K', 'ec-P-384', 'ec-P-521', 'oct-128', 'oct-192', 'oct-256'])
    coverage(`BYOK-14 ${kind} under a KEK of ${bits} bits`, () => {
      const found = blobs.filter((vector) => vector.result === 'valid' && vector['kek'] === `kek-${bits}` && vector['target'] === kind)
      assert.ok(found.length >= 1)
    })

for (const [check, requirement] of [
  ['split', 'BYOK-61'],
  ['U1', 'BYOK-51'],
  ['U2', 'BYOK-52'],
  ['U3', 'BYOK-53'],
  ['U4', 'BYOK-54'],
  ['U5', 'BYOK-55'],
  ['U6', 'BYOK-56'],
  ['U7', 'BYOK-57'],
  ['U8', 'BYOK-58'],
  ['U9', 'BYOK-59'],
  ['U10', 'BYOK-60'],
] as const)
  coverage(`${requirement} unwrap check ${check}`, () => {
    const found = blobs.filter((vector) => vector['check'] === check)
    assert.ok(found.length >= 2, `${found.length} blobs`)
    assert.ok(found.every((vector) => vector.result === 'invalid'))
    assert.ok(found.some((vector) => vector.requirement === requirement))
  })

/** Each row of the tolerance table: what is found in a file, and a vector for it with its result and code. */
const tolerances: readonly (readonly [row: string, id: string, result: Vector['result'], expect?: string])[] = [
  ['schema_version 1.0.0', 'written_oct', 'valid'],
  ['schema_version 1.0 of the other direction', 'schema_version_1_0', 'invalid', 'schema_version_release'],
  ['another schema_version', 'schema_version_2_0_0', 'invalid', 'schema_version_unknown'],
  ['header as an object', 'header_base64url', 'invalid', 'header_not_object'],
  ['kid with a version', 'kid_without_version', 'invalid', 'kid_version_missing'],
  ['alg dir', 'alg_rsa_oaep', 'invalid', 'alg_unknown'],
  ['enc CKM_RSA_AES_KEY_WRAP', 'enc_pad', 'invalid', 'enc_unknown'],
  ['generator absent', 'generator_missing', 'valid'],
  ['case of a name', 'name_upper_case', 'invalid', 'member_name_case'],
  ['case of a constant', 'enc_lower_case', 'invalid', 'constant_case'],
  ['unknown member', 'unknown_member', 'valid-lenient', 'member_unknown'],
  ['unknown member of the header', 'unknown_member_of_header', 'valid-lenient', 'member_unknown'],
  ['member twice', 'ciphertext_twice', 'invalid', 'member_duplicate'],
  ['one =', 'padding_one', 'valid-lenient', 'ciphertext_padded'],
  ['two =', 'padding_two', 'valid-lenient', 'ciphertext_padded'],
  ['wrong number of =', 'ciphertext_padding_too_much', 'invalid', 'ciphertext_padding_wrong'],
  ['+ and /', 'alphabet_standard', 'valid-lenient', 'ciphertext_alphabet_standard'],
  ['both alphabets', 'ciphertext_alphabets_mixed', 'invalid', 'ciphertext_alphabets_mixed'],
  ['white space', 'ciphertext_line_feed', 'invalid', 'ciphertext_white_space'],
  ['spare bits', 'ciphertext_spare_bits_one', 'invalid', 'ciphertext_spare_bits'],
  ['the notation BASE64URL(…)', 'ciphertext_notation', 'invalid', 'ciphertext_notation'],
  ['UTF-8 byte order mark', 'byte_order_mark', 'valid-lenient', 'file_byte_order_mark'],
  ['UTF-16', 'utf_16_le_marked', 'invalid', 'file_utf16'],
  ['ill-formed UTF-8', 'overlong', 'invalid', 'file_not_utf8'],
  ['CR and LF', 'crlf', 'valid'],
  ['one line', 'one_line', 'valid'],
  ['empty file', 'empty', 'invalid', 'file_empty'],
  ['file cap', 'file_too_large', 'invalid', 'file_too_large'],
  ['depth cap', 'too_deep', 'invalid', 'file_too_deep'],
  ['blob cap', 'blob_too_large', 'invalid', 'blob_too_large'],
  ['generator cap', 'generator_too_long', 'invalid', 'generator_too_long'],
  ['control characters in generator', 'generator_escape', 'valid-lenient', 'generator_control_characters'],
]
const files = load('byok/transfer-file').tests
for (const [row, id, result, expect] of tolerances)
  coverage(`tolerance: ${row}`, () => {
    const vector = files.find((each) => each.id === id)
    assert.ok(vector, id)
    assert.equal([vector.result, vector.expect], [result, expect])
  })

for (const rule of ['K1', 'K2', 'K3', 'K4', 'K5', 'K6', 'K7', 'K8', 'K9'])
  coverage(`KEK rule ${rule}`, () => assert.ok(load('byok/kek').tests.some(({ flags = [] }) => flags.includes(rule))))

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
for (const [what, numbers] of [
  ['the KEK', [...range(33, 41), 45, 46, 73]],
  ['the unwrap', [...range(50, 56), ...range(57, 61), 63, 64]],
  ['the plaintext', range(65, 74)],
  ['the file', [...range(80, 99)]],
  ['the messages', range(100, 115)],
] as const)
  coverage(`each requirement of ${what} is cited`, () => {
    const cited = new Set(all.map(({ vector }) => vector.requirement))
    assert.equal(
      numbers.map((number) => `BYOK-${number}`).filter((id) => !cited.has(id)),
      [],
    )
  })

for (const [what, numbers] of [
  ['the structures', [...range(80, 94), 99, 100, 101, 102, 214]],
  ['a wrapped session key', [197, 215]],
  ['sealed data as published', range(60, 64)],
] as const)
  coverage(`each requirement of ${what} is cited in the vectors of SKI`, () => {
    const cited = new Set(all.map(({ vector }) => vector.requirement))
    assert.equal(
      numbers.map((number) => `SKI-${number}`).filter((id) => !cited.has(id)),
      [],
    )
  })

/** Each structure of the interface has accepted tests and refused ones. */
const structures = ['key-blobs', 'secure-functions', 'card-data', 'in-process'].flatMap((name) => load(`ski/${name}`).tests)
for (const type of new Set(structures.map((vector) => String(vector['type']))))
  coverage(`${type}: what is right, and what is wrong`, () => {
    const results = structures.filter((vector) => vector['type'] === type).map(({ result }) => result)
    assert.ok(results.filter((result) => result === 'valid').length >= 1)
    assert.ok(results.filter((result) => result === 'invalid').length >= 2)
  })
coverage.run()
