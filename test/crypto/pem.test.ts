import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readPem, writePem } from '../../src/crypto/pem.js'

const pem = suite('crypto: pem')
const ascii = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'))

pem('what is written is read, with any line end', async () => {
  await fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom('PUBLIC KEY', 'X-1 Y'),
      fc.constantFrom('\n', '\r\n', '\r'),
      (bytes, label, end) => {
        const text = writePem(label, bytes)
        assert.ok(text.split('\n').every((line) => line.length <= 64))
        const read = readPem(ascii(text.replaceAll('\n', end)))
        assert.equal(read, { ok: true, value: [{ label, bytes }] })
      },
    ),
  )
})

pem('text around blocks, several blocks, white space at line ends, no line end at the end', () => {
  const text =
    'Key of Alice: see below\n\n-----BEGIN EC PARAMETERS-----  \nBgUr\t\ngQQACg==\n\n-----END EC PARAMETERS-----\nmore\n-----BEGIN A-----\nAAAA\n-----END A-----'
  assert.equal(readPem(ascii(text)), {
    ok: true,
    value: [
      { label: 'EC PARAMETERS', bytes: Uint8Array.of(6, 5, 0x2b, 0x81, 4, 0, 10) },
      { label: 'A', bytes: new Uint8Array(3) },
    ],
  })
})

const block = (body: string, label = 'PRIVATE KEY') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
const refused: readonly (readonly [title: string, text: string, code: string, at: string | undefined])[] = [
  ['nothing', '', 'pem_no_block', undefined],
  ['text without a block', 'hello\n', 'pem_no_block', undefined],
  ['a block without an end', '-----BEGIN A-----\nAAAA\n', 'pem_unterminated', 'A, line 2'],
  ['a block inside another', '-----BEGIN A-----\n-----BEGIN A-----\n', 'pem_boundary_malformed', 'A, line 2'],
  ['an end without a beginning', 'x\n-----END A-----\n', 'pem_boundary_malformed', 'line 2'],
  ['a beginning with four dashes at its end', '-----BEGIN A----\nAAAA\n', 'pem_boundary_malformed', 'line 1'],
  ['a label in small letters', '-----BEGIN private key-----\n', 'pem_boundary_malformed', 'line 1'],
  ['a label that is too long', `-----BEGIN ${'A'.repeat(200)}-----\n`, 'pem_boundary_malformed', 'line 1'],
  ['another label at the end', '-----BEGIN A-----\nAAAA\n-----END B-----\n', 'pem_labels_differ', 'A, line 3'],
  ['an empty block', '-----BEGIN A-----\n-----END A-----\n', 'pem_block_empty', 'A, line 2'],
  ['BYOK-70 a block encrypted in the old way', block('Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA'), 'pem_encrypted', 'PRIVATE KEY, line 2'],
  ['another header', block('Comment: x\n\nAAAA'), 'pem_headers_unsupported', 'PRIVATE KEY, line 2'],
  ['base64url', block('AA_A'), 'base64_alphabet_wrong', 'PRIVATE KEY, offset 2'],
  ['missing padding', block('AA'), 'base64_padding_wrong', 'PRIVATE KEY, offset 2'],
  ['padding inside', block('AA==\nAAAA'), 'base64_character_unknown', 'PRIVATE KEY, offset 2'],
  ['spare bits', block('AB=='), 'base64_spare_bits', 'PRIVATE KEY, offset 1'],
  ['a letter outside ASCII', block('AAA\u00e9'), 'base64_character_unknown', 'PRIVATE KEY, offset 3'],
  ['a good block before a bad one', `${block('AAAA')}${block('A')}`, 'base64_length_impossible', 'PRIVATE KEY, offset 1'],
]
for (const [title, text, code, at] of refused)
  pem(`${title} is refused`, () => {
    const read = readPem(ascii(text))
    assert.not(read.ok)
    if (!read.ok) assert.equal({ code: read.fault.code, at: read.fault.at }, { code, at })
  })

pem('no bytes make it throw', async () => {
  const pieces = fc.constantFrom('-----', 'BEGIN ', 'END ', 'A', '\n', '\r', 'AAAA', '==', ':', ' ', 'Proc-Type: 4,ENCRYPTED', '\u00ff', '\u0000')
  await fc.assert(
    fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
      assert.type(readPem(ascii(parts.join(''))).ok, 'boolean')
    }),
    { numRuns: 2000 },
  )
})

pem('a caller’s mistake is told at once', () => {
  assert.throws(() => readPem('-----BEGIN A-----' as unknown as Uint8Array), TypeError)
  assert.throws(() => writePem('a b', new Uint8Array(1)), TypeError)
})

pem.run()
