import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sanitizeForDisplay } from '../../src/byok/display.js'
import { readTransferFile, writeTransferFile } from '../../src/byok/transfer-file.js'
import { checkBlobLength, splitBlob } from '../../src/byok/transfer-format.js'
import { inspectTransferFile, type Reading } from '../../src/byok/transfer-inspect.js'
import { BLOB, bytes, ciphertextWith, fileWith, GENERATOR, headerWith, honestFile, honestObject, honestText, KID, KID_PARTS, textWith } from './honest.js'

const transfer = suite('byok: transfer file')
const READINGS: readonly Reading[] = ['strict', 'lenient']
const honest = { kek: KID_PARTS, ciphertext: BLOB.toString('base64url'), generator: GENERATOR }

// Writing

transfer('BYOK-98 the written form, byte by byte', () => {
  const written = writeTransferFile(honest)
  assert.ok(written.ok)
  const lines = [
    '{',
    '  "schema_version": "1.0.0",',
    '  "header": {',
    `    "kid": "${KID}",`,
    '    "alg": "dir",',
    '    "enc": "CKM_RSA_AES_KEY_WRAP"',
    '  },',
    `  "ciphertext": "${BLOB.toString('base64url')}",`,
    `  "generator": "${GENERATOR}"`,
    '}',
    '',
  ]
  assert.is(Buffer.from(written.value).toString(), lines.join('\n'))
  assert.equal(JSON.parse(Buffer.from(written.value).toString()), honestObject())
})

const unwritable: readonly (readonly [title: string, changes: object, code: string])[] = [
  ['BYOK-83 a kid without a version', { kek: { ...KID_PARTS, version: '' } }, 'kid_version_missing'],
  ['BYOK-86 a ciphertext that is not base64url', { ciphertext: BLOB.toString('base64') }, 'ciphertext_character_unknown'],
  ['BYOK-91 padding', { ciphertext: bytes(272).toString('base64url') + '=' }, 'ciphertext_character_unknown'],
  ['BYOK-61 a blob for no KEK', { ciphertext: bytes(100).toString('base64url') }, 'blob_too_short'],
  ['BYOK-61 a blob that is no whole blocks', { ciphertext: bytes(409).toString('base64url') }, 'blob_not_whole_blocks'],
  ['BYOK-96 a blob over the cap', { ciphertext: bytes(8200).toString('base64url') }, 'blob_too_large'],
  ['BYOK-97 a generator of 1025 characters', { generator: 'g'.repeat(1025) }, 'generator_too_long'],
  ['BYOK-97 an escape character', { generator: 'tool\u001b[2J' }, 'generator_control_characters'],
  ['BYOK-97 a line feed', { generator: 'tool\nHSM' }, 'generator_control_characters'],
  ['BYOK-97 a C1 control character', { generator: 'tool\u009b2J' }, 'generator_control_characters'],
  ['BYOK-97 a right-to-left override', { generator: 'tool\u202egpj.exe' }, 'generator_control_characters'],
  ['BYOK-97 half a character', { generator: 'tool\ud800' }, 'generator_control_characters'],
]
for (const [title, changes, code] of unwritable)
  transfer(`${title}: not written`, () => {
    const written = writeTransferFile({ ...honest, ...changes })
    assert.is(written.ok ? 'written' : written.fault.code, code)
  })

transfer('BYOK-97 1024 characters are written, also those of two units', () => {
  assert.ok(writeTransferFile({ ...honest, generator: '🔑'.repeat(1024) }).ok)
  assert.not(writeTransferFile({ ...honest, generator: '🔑'.repeat(1025) }).ok)
})

// Reading: each row of the tolerance table, in both readings

type Outcome = 'taken' | (string & {})
interface Row {
  readonly title: string
  readonly file: Uint8Array
  readonly strict: Outcome
  readonly lenient: Outcome
  /** Where the finding is. */
  readonly at?: string
}
const both = (title: string, file: Uint8Array, code: Outcome, at?: string): Row => ({
  title,
  file,
  strict: code,
  lenient: code,
  ...(at === undefined ? {} : { at }),
})
const lenientOnly = (title: string, file: Uint8Array, code: string, at?: string): Row => ({ ...both(title, file, code, at), lenient: 'taken' })
const utf16 = (text: string) => Buffer.from(text, 'utf16le')
const swapped = (buffer: Buffer) => Buffer.from(buffer).swap16()
const marked = (...mark: number[]) => Buffer.from(mark)
const at = (piece: string, file: Uint8Array = honestFile()) => Buffer.from(file).indexOf(piece)
const oneLine = (piece: string) => at(piece, fileWith({}))

// 274 bytes make padding of two signs, 275 of one, and neither is a blob; so padding is tested on blobs of whole blocks.
const padOne = bytes(272 + 8 * 16).toString('base64')
const padTwo = bytes(280).toString('base64')
const cipherAt = at(BLOB.toString('base64url'))
const url = BLOB.toString('base64url')
const spare = bytes(280).toString('base64url')
const spoiled = spare.slice(0, -1) + String.fromCharCode(spare.charCodeAt(spare.length - 1) + 1)
const deep = (levels: number) => fileWith({ extra: JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels)) as unknown })

const rows: readonly Row[] = [
  both('BYOK-80 the honest file', honestFile(), 'taken'),
  both('BYOK-80 on one line', Buffer.from(JSON.stringify(honestObject())), 'taken'),
  both('BYOK-80 with CRLF and tabs', Buffer.from(honestText().replaceAll('\n', '\r\n').replaceAll('  ', '\t')), 'taken'),
  both('BYOK-80 members in another order', Buffer.from(JSON.stringify(Object.fromEntries(Object.entries(honestObject()).reverse()))), 'taken'),
  both('BYOK-87 no generator', fileWith({ generator: undefined }), 'taken'),
  both('BYOK-10 a kid that is not in its normal spelling', headerWith({ kid: KID.replace('contoso', 'Contoso').replace('.net', '.net:443') }), 'taken'),

  both('BYOK-99 an empty file', Buffer.alloc(0), 'file_empty'),
  both('BYOK-80 white space alone', Buffer.from(' \n'), 'file_not_json', 'offset 2'),
  both('BYOK-80 not JSON', Buffer.from('hello'), 'file_not_json', 'offset 0'),
  both('BYOK-80 cut off', honestFile().subarray(0, -3), 'file_not_json'),
  both('BYOK-80 something behind the object', Buffer.concat([honestFile(), Buffer.from('{}')]), 'file_not_json', `offset ${honestFile().length}`),
  both('BYOK-80 a comma too many', textWith('"\n}\n', '",\n}\n'), 'file_not_json'),
  both('BYOK-80 a comment', textWith('{\n', '{ // made today\n'), 'file_not_json', 'offset 2'),
  both('BYOK-80 an array', Buffer.from(`[${honestText()}]`), 'file_not_object'),
  both('BYOK-80 a string', Buffer.from(JSON.stringify(honestText())), 'file_not_object'),
  both('BYOK-80 null', Buffer.from('null'), 'file_not_object'),
  both('BYOK-80 the compact form of JWE', Buffer.from('eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA'), 'file_compact_jwe'),

  both('BYOK-80 no schema_version', fileWith({ schema_version: undefined }), 'member_missing', 'schema_version'),
  both('BYOK-80 no header', fileWith({ header: undefined }), 'member_missing', 'header'),
  both('BYOK-80 no kid', headerWith({ kid: undefined }), 'member_missing', 'header.kid'),
  both('BYOK-80 no alg', headerWith({ alg: undefined }), 'member_missing', 'header.alg'),
  both('BYOK-80 no enc', headerWith({ enc: undefined }), 'member_missing', 'header.enc'),
  both('BYOK-80 no ciphertext', fileWith({ ciphertext: undefined }), 'member_missing', 'ciphertext'),
  both('BYOK-80 an empty object, whose prototype counts for nothing', Buffer.from('{}'), 'member_missing', 'schema_version'),
  both('BYOK-80 a version that is a number', fileWith({ schema_version: 1 }), 'member_type_wrong', `schema_version, offset ${oneLine('"1.0.0"')}`),
  both('BYOK-80 a kid that is null', headerWith({ kid: null }), 'member_type_wrong'),
  both('BYOK-80 a ciphertext that is an array', fileWith({ ciphertext: [url] }), 'member_type_wrong'),
  both('BYOK-80 a generator that is an object', fileWith({ generator: { tool: 'x' } }), 'member_type_wrong'),
  both(
    'BYOK-82 a header in base64url',
    fileWith({ header: Buffer.from('{}').toString('base64url') }),
    'header_not_object',
    `header, offset ${oneLine('{"kid"')}`,
  ),

  both(
    'BYOK-81 schema_version 1.0, of the opposite direction',
    fileWith({ schema_version: '1.0' }),
    'schema_version_release',
    `schema_version, offset ${oneLine('"1.0.0"')}`,
  ),
  both('BYOK-81 schema_version 2.0.0', fileWith({ schema_version: '2.0.0' }), 'schema_version_unknown'),
  both('BYOK-84 alg RSA-OAEP', headerWith({ alg: 'RSA-OAEP' }), 'alg_unknown', `header.alg, offset ${oneLine('"dir"')}`),
  both('BYOK-85 enc CKM_RSA_AES_KEY_WRAP_PAD', headerWith({ enc: 'CKM_RSA_AES_KEY_WRAP_PAD' }), 'enc_unknown'),
  both('BYOK-85 enc A256GCM', headerWith({ enc: 'A256GCM' }), 'enc_unknown'),
  both('BYOK-83 a kid without a version', headerWith({ kid: KID.slice(0, -33) }), 'kid_version_missing', `header.kid, offset ${oneLine('"https')}`),
  both('BYOK-83 a kid that is only a name', headerWith({ kid: 'kek-2026' }), 'kid_not_url'),
  both('BYOK-88 a member name in another case', textWith('"ciphertext"', '"Ciphertext"'), 'member_name_case', `Ciphertext, offset ${cipherAt - 1}`),
  both('BYOK-88 a member name of the header in another case', textWith('"kid"', '"KID"'), 'member_name_case', `header.KID, offset ${at('"https')}`),
  both('BYOK-88 generator in another case', textWith('"generator"', '"Generator"'), 'member_name_case'),
  both('BYOK-88 alg in another case', headerWith({ alg: 'DIR' }), 'constant_case'),
  both('BYOK-88 enc in another case', headerWith({ enc: 'ckm_rsa_aes_key_wrap' }), 'constant_case'),

  lenientOnly(
    'BYOK-89 an unknown member',
    fileWith({ comment: 'hello' }),
    'member_unknown',
    `comment, offset ${at('"hello"', fileWith({ comment: 'hello' }))}`,
  ),
  lenientOnly('BYOK-89 an unknown member of the header', headerWith({ typ: 'JOSE' }), 'member_unknown'),
  lenientOnly('BYOK-89 an unknown member with an object inside', deep(3), 'member_unknown'),
  lenientOnly('BYOK-89 a second one in another case, beside the right one', fileWith({ Header: {} }), 'member_unknown'),
  lenientOnly('BYOK-89 __proto__', textWith('{\n  "schema', '{\n  "__proto__": {"ciphertext": ""},\n  "schema'), 'member_unknown'),

  both('BYOK-90 a member twice', textWith('"generator"', '"schema_version": "1.0.0",\n  "generator"'), 'member_duplicate'),
  both('BYOK-90 a member of the header twice', textWith('"alg"', '"kid": "x",\n    "alg"'), 'member_duplicate', `header.kid, offset ${at('"alg"')}`),
  both('BYOK-90 twice, once with an escape', textWith('"alg"', '"k\\u0069d": "x",\n    "alg"'), 'member_duplicate', `header.kid, offset ${at('"alg"')}`),
  both(
    'BYOK-90 twice in a part that is ignored',
    textWith('"generator"', '"x": {"a": 1, "a": 1},\n  "generator"'),
    'member_duplicate',
    `x.a, offset ${at('"generator"') + 14}`,
  ),
  both('BYOK-90 twice, and not JSON behind it', Buffer.from('{"a":1,"a":2,'), 'member_duplicate', 'a, offset 7'),

  lenientOnly('BYOK-91 one sign of padding', ciphertextWith(padOne.replaceAll('+', '-').replaceAll('/', '_')), 'ciphertext_padded'),
  lenientOnly(
    'BYOK-91 two signs of padding',
    ciphertextWith(padTwo.replaceAll('+', '-').replaceAll('/', '_')),
    'ciphertext_padded',
    `ciphertext, offset ${oneLine(url) + 374}`,
  ),
  both('BYOK-91 one sign too few', ciphertextWith(padTwo.replaceAll('+', '-').replaceAll('/', '_').slice(0, -1)), 'ciphertext_padding_wrong'),
  both('BYOK-91 one sign too many', ciphertextWith(`${padTwo.replaceAll('+', '-').replaceAll('/', '_')}=`), 'ciphertext_padding_wrong'),
  both('BYOK-91 padding where none fits', ciphertextWith(`${url}=`), 'ciphertext_padding_wrong'),
  both(
    'BYOK-92 padding in the middle',
    ciphertextWith(`${url.slice(0, 8)}==${url.slice(8)}`),
    'ciphertext_character_unknown',
    `ciphertext, offset ${oneLine(url) + 8}`,
  ),
  lenientOnly(
    'BYOK-92 the standard alphabet',
    ciphertextWith(BLOB.toString('base64')),
    'ciphertext_alphabet_standard',
    `ciphertext, offset ${oneLine(url) + BLOB.toString('base64').search(/[+/]/)}`,
  ),
  lenientOnly(
    'BYOK-92 the standard alphabet with escaped slashes',
    textWith(url, BLOB.toString('base64').replaceAll('/', '\\/')),
    'ciphertext_alphabet_standard',
    `ciphertext, offset ${cipherAt - 1}`,
  ),
  both('BYOK-92 both alphabets', ciphertextWith(url.replace(/[-_]/, (letter) => (letter === '-' ? '+' : '/'))), 'ciphertext_alphabets_mixed'),
  both('BYOK-92 a space', ciphertextWith(`${url.slice(0, 64)} ${url.slice(64)}`), 'ciphertext_white_space', `ciphertext, offset ${oneLine(url) + 64}`),
  both('BYOK-92 a line feed', ciphertextWith(`${url.slice(0, 64)}\n${url.slice(64)}`), 'ciphertext_white_space'),
  both('BYOK-92 a line feed at the end', ciphertextWith(`${url}\n`), 'ciphertext_white_space'),
  both('BYOK-92 a dot', ciphertextWith(`${url.slice(0, 64)}.${url.slice(64)}`), 'ciphertext_character_unknown', `ciphertext, offset ${oneLine(url) + 64}`),
  both('BYOK-92 a letter outside ASCII', ciphertextWith(`${url}é`), 'ciphertext_character_unknown'),
  both('BYOK-93 spare bits', ciphertextWith(spoiled), 'ciphertext_spare_bits', `ciphertext, offset ${oneLine(url) + spoiled.length - 1}`),
  both('BYOK-86 the notation of the document', ciphertextWith(`BASE64URL(${url})`), 'ciphertext_notation'),
  both('BYOK-86 an empty ciphertext', ciphertextWith(''), 'ciphertext_empty'),
  both('BYOK-86 a length that no bytes have', ciphertextWith(`${url}A`), 'ciphertext_length_impossible'),

  lenientOnly('BYOK-94 a byte order mark', Buffer.concat([marked(0xef, 0xbb, 0xbf), honestFile()]), 'file_byte_order_mark', 'offset 0'),
  both(
    'BYOK-80 a byte order mark not at the beginning',
    Buffer.concat([Buffer.from(' '), marked(0xef, 0xbb, 0xbf), honestFile()]),
    'file_not_json',
    'offset 1',
  ),
  both('BYOK-94 Latin-1', Buffer.from(honestText().replace('software', 'Schlüssel'), 'latin1'), 'file_not_utf8'),
  both('BYOK-94 a surrogate in UTF-8', Buffer.concat([honestFile(), marked(0xed, 0xa0, 0x80)]), 'file_not_utf8'),
  both('BYOK-94 half a character as an escape', textWith('software', '\\ud800'), 'file_lone_surrogate', `generator, offset ${at(`"${GENERATOR}`)}`),
  both('BYOK-95 UTF-16 with a mark', Buffer.concat([marked(0xff, 0xfe), utf16(honestText())]), 'file_utf16', 'offset 0'),
  both('BYOK-95 UTF-16 with a mark, big-endian', Buffer.concat([marked(0xfe, 0xff), swapped(utf16(honestText()))]), 'file_utf16', 'offset 0'),
  both('BYOK-95 UTF-16 without a mark', utf16(honestText()), 'file_utf16', 'offset 0'),
  both('BYOK-95 UTF-16 without a mark, big-endian', swapped(utf16(honestText())), 'file_utf16', 'offset 0'),
  both('BYOK-95 UTF-32', marked(0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0), 'file_utf16', 'offset 0'),

  both('BYOK-96 a file of 65536 bytes', Buffer.from(honestText().padEnd(65536)), 'taken'),
  both('BYOK-96 a file of 65537 bytes', Buffer.from(honestText().padEnd(65537)), 'file_too_large'),
  both('BYOK-96 five levels', deep(4), 'file_too_deep'),
  both('BYOK-96 deeper than any stack', Buffer.from('['.repeat(60000)), 'file_too_deep'),
  both(
    'BYOK-90 deeper than any stack, behind a name that stands twice',
    Buffer.from(`{"a":1,"a":${'['.repeat(30000)}${']'.repeat(30000)}}`),
    'member_duplicate',
  ),
  both('BYOK-96 a blob of 8193 bytes', ciphertextWith(bytes(8193).toString('base64url')), 'blob_too_large'),
  both('BYOK-96 a blob of 30000 bytes', ciphertextWith(bytes(30000).toString('base64url')), 'blob_too_large'),
  both('BYOK-61 a blob too short for any KEK', ciphertextWith(bytes(264).toString('base64url')), 'blob_too_short'),
  both('BYOK-61 a blob too long for any KEK', ciphertextWith(bytes(512 + 4096 + 8).toString('base64url')), 'blob_too_long'),
  both('BYOK-61 a blob that is no whole blocks', ciphertextWith(bytes(407).toString('base64url')), 'blob_not_whole_blocks'),

  both('BYOK-97 a generator of 1024 characters', fileWith({ generator: 'é'.repeat(1024) }), 'taken'),
  both('BYOK-97 a generator of 1025 characters', fileWith({ generator: 'é'.repeat(1025) }), 'generator_too_long'),
  lenientOnly('BYOK-97 an escape character in the generator', fileWith({ generator: 'tool\u001b[2J' }), 'generator_control_characters'),
  lenientOnly('BYOK-97 a right-to-left override in the generator', fileWith({ generator: 'tool\u202egpj' }), 'generator_control_characters'),
]

for (const row of rows)
  for (const reading of READINGS)
    transfer(`${row.title}: ${row[reading]} (${reading})`, () => {
      const outcome = row[reading]
      const read = readTransferFile(row.file, { reading })
      assert.is(read.ok ? 'taken' : read.fault.code, outcome)
      const { findings, file } = inspectTransferFile(row.file, { reading })
      assert.is(file !== null, read.ok, 'a reader and a person see the same')
      assert.is(
        findings.some(({ level }) => level === 'MUST'),
        !read.ok,
      )
      if (!read.ok) {
        assert.is(read.fault.requirement, /^BYOK-\d+/.exec(row.title)![0])
        if (row.at !== undefined) assert.is(read.fault.at, row.at)
      }
      // What is tolerated is still told.
      if (read.ok && row.strict !== 'taken')
        assert.ok(findings.some(({ code, level, at: place }) => code === row.strict && level === 'SHOULD' && (row.at ?? place) === place))
    })

transfer('the table has every row once', () => {
  assert.is(new Set(rows.map(({ title }) => title)).size, rows.length)
  assert.ok(rows.length > 80)
})

transfer('BYOK-87 a missing generator is told, and refused by nobody', () => {
  for (const reading of READINGS) {
    const { findings, file } = inspectTransferFile(fileWith({ generator: undefined }), { reading })
    assert.equal(
      findings.map(({ code, level }) => [code, level]),
      [['generator_missing', 'SHOULD']],
    )
    assert.is(file?.generator, null)
  }
})

transfer('BYOK-80 every finding is told, not only the first', () => {
  const file = Buffer.concat([
    marked(0xef, 0xbb, 0xbf),
    fileWith({ schema_version: '1.0', header: { kid: 'kek', ALG: 'dir', enc: 'x', typ: 1 }, ciphertext: `${url} `, generator: '\u001b', more: [] }),
  ])
  const codes = inspectTransferFile(file, { reading: 'strict' }).findings.map(({ code }) => code)
  const expected = ['file_byte_order_mark', 'member_unknown', 'schema_version_release', 'member_name_case', 'member_unknown', 'kid_not_url', 'enc_unknown']
  assert.equal(codes, [...expected, 'ciphertext_white_space', 'generator_control_characters'])
})

transfer('BYOK-90 behind a name that stands twice the rest is still looked at', () => {
  const file = textWith('"alg": "dir"', '"alg": "dir",\n    "alg": "RSA1_5",\n    "kid": "x"')
  const codes = inspectTransferFile(file, { reading: 'lenient' }).findings.map(({ code }) => code)
  assert.equal(codes, ['member_duplicate', 'member_duplicate', 'kid_not_url', 'alg_unknown'])
})

// Fields

transfer('BYOK-86 fields say where they are and how long they are, in bytes of the file', () => {
  const file = Buffer.concat([marked(0xef, 0xbb, 0xbf), fileWith({ generator: 'Schlüssel 🔑 werkzeug', ciphertext: url })])
  const { fields } = inspectTransferFile(file, { reading: 'lenient' })
  const text = (name: string) => {
    const { offset, size } = fields.find((field) => field.name === name)!
    return file.subarray(offset, offset + size).toString()
  }
  assert.is(text('file'), file.toString())
  assert.is(text('schema_version'), '"1.0.0"')
  assert.is(text('header.kid'), `"${KID}"`)
  assert.is(text('header.alg'), '"dir"')
  assert.is(text('header.enc'), '"CKM_RSA_AES_KEY_WRAP"')
  assert.is(text('ciphertext'), `"${url}"`)
  assert.is(text('generator'), '"Schlüssel 🔑 werkzeug"')
  assert.ok(fields.every(({ meaning }) => meaning.length > 0))
})

transfer('BYOK-61 with the KEK at hand the blob is split', () => {
  for (const modulusBytes of [256, 384, 512]) {
    const file = ciphertextWith(bytes(modulusBytes + 152).toString('base64url'))
    const { fields, file: read } = inspectTransferFile(file, { reading: 'strict', modulusBytes })
    assert.ok(read)
    assert.equal(
      fields.filter(({ name }) => /^C\d$/.test(name)).map(({ name, offset, size }) => [name, offset, size]),
      [
        ['C1', 0, modulusBytes],
        ['C2', modulusBytes, 152],
      ],
    )
    assert.match(fields.find(({ name }) => name === 'C2')!.meaning, '137 to 144 bytes inside')
  }
})

const lengths: readonly (readonly [title: string, length: number, k: number | undefined, code: string | null])[] = [
  ['k + 16 is the shortest', 272, 256, null],
  ['k + 8 is too short', 264, 256, 'blob_too_short'],
  ['k + 4096 is the longest', 4352, 256, null],
  ['k + 4104 is too long', 4360, 256, 'blob_too_long'],
  ['k + 17 is no whole blocks', 273, 256, 'blob_not_whole_blocks'],
  ['a blob for 2048 bits is too short for 4096', 408, 512, 'blob_too_short'],
  ['without a KEK the largest one counts', 512 + 4096, undefined, null],
  ['without a KEK 512 + 4104 is too long', 512 + 4104, undefined, 'blob_too_long'],
  ['without a KEK 271 is too short', 271, undefined, 'blob_too_short'],
  ['over the cap', 8193, 512, 'blob_too_large'],
]
for (const [title, length, k, code] of lengths)
  transfer(`BYOK-61 ${title}`, () => {
    assert.is(checkBlobLength(length, k)?.code ?? null, code)
    if (k === undefined) return
    const split = splitBlob(bytes(length), k)
    assert.is(split.ok ? null : split.fault.code, code)
    if (split.ok) assert.equal(Buffer.concat([split.value.wrappedEphemeral, split.value.wrappedTarget]), bytes(length))
    if (split.ok) assert.is(split.value.wrappedEphemeral.length, k)
  })

transfer('BYOK-61 the length of the first part is never a guess', () => {
  assert.throws(() => splitBlob(BLOB, 255), TypeError)
  assert.throws(() => splitBlob(BLOB, 128), TypeError)
})

// What is shown

transfer('BYOK-97 what a terminal could act on is never shown', async () => {
  const { fields, findings } = inspectTransferFile(
    fileWith({
      generator: 'a\u001b]0;x\u0007\u202eb\u2028c',
      'evil\u001b[2J': 1,
      schema_version: '\u009b1m',
      header: { kid: 'https://x\u001b', alg: 'd\u0000', enc: '\u2066' },
    }),
    { reading: 'strict' },
  )
  const texts = [...fields, ...findings].flatMap((part) => Object.values(part)).map(String)

  for (const text of texts) assert.not.match(text, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  assert.is(fields.find(({ name }) => name === 'generator')!.value, 'a]0;xbc')
  await fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 50 }), (text, limit) => {
      const shown = sanitizeForDisplay(text, limit)
      assert.ok([...shown].length <= limit)
      assert.is(sanitizeForDisplay(shown, limit), shown)

      assert.not.match(shown, /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/)
    }),
  )
})

// Laws

const lengthOfBlob = fc.tuple(fc.constantFrom(256, 384, 512), fc.integer({ min: 2, max: 512 })).map(([k, blocks]) => k + 8 * blocks)
const files = fc.record(
  {
    kek: fc.constant(KID_PARTS),
    ciphertext: lengthOfBlob.chain((length) => fc.uint8Array({ minLength: length, maxLength: length })).map((blob) => Buffer.from(blob).toString('base64url')),
    generator: fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => sanitizeForDisplay(text)),
  },
  { noNullPrototype: true },
)

transfer('BYOK-98 what is written is read by both readings, and by JSON.parse and Buffer', async () => {
  await fc.assert(
    fc.property(files, (file) => {
      const written = writeTransferFile(file)
      assert.ok(written.ok)
      for (const reading of READINGS) assert.equal(readTransferFile(written.value, { reading }), { ok: true, value: file })
      const parsed = JSON.parse(Buffer.from(written.value).toString()) as ReturnType<typeof honestObject>
      assert.is(Buffer.from(String(parsed.ciphertext), 'base64url').toString('base64url'), file.ciphertext)
      assert.is(parsed.header.kid, KID)
    }),
  )
})

const mutated = fc
  .tuple(fc.constantFrom(honestFile(), fileWith({ x: { y: [1, 'é'] } })), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat({ max: 900 }))
  .map(([file, changes, end]) => {
    const copy = Buffer.from(file)
    for (const [position, value] of changes) copy[position % copy.length] = value
    return end > copy.length ? copy : copy.subarray(0, copy.length - (end % 7))
  })

transfer('no bytes make a reader throw, and what is taken has one written form', async () => {
  const anything = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map(Buffer.from), mutated)
  await fc.assert(
    fc.property(anything, fc.constantFrom(...READINGS), (file, reading) => {
      const read = readTransferFile(file, { reading })
      if (!read.ok) return
      const generator = read.value.generator ?? 'none'
      const written = writeTransferFile({ ...read.value, generator: sanitizeForDisplay(generator) })
      assert.ok(written.ok)
      assert.equal(readTransferFile(written.value, { reading: 'strict' }), { ok: true, value: { ...read.value, generator: sanitizeForDisplay(generator) } })
      if (reading === 'lenient') return
      // Strictly read, a file says nothing that its written form does not say, letter by letter.
      const given = JSON.parse(Buffer.from(file).toString()) as ReturnType<typeof honestObject>
      const again = JSON.parse(Buffer.from(written.value).toString()) as ReturnType<typeof honestObject>
      assert.equal({ ...again, header: { ...again.header, kid: given.header.kid } }, { ...given, generator })
    }),
    { numRuns: 1000 },
  )
})

transfer('what the strict reading takes, the lenient reading takes alike', async () => {
  await fc.assert(
    fc.property(mutated, (file) => {
      const strict = readTransferFile(file, { reading: 'strict' })
      if (strict.ok) assert.equal(readTransferFile(file, { reading: 'lenient' }), strict)
    }),
    { numRuns: 500 },
  )
})

transfer('a caller who gives no bytes or no reading is told at once', () => {
  assert.throws(() => readTransferFile('{}' as any, { reading: 'strict' }), TypeError)
  assert.throws(() => readTransferFile(honestFile(), {} as any), TypeError)
})

transfer.run()
