/**
 * Vectors for the transfer file: bytes of a file, and what it says or why it is refused, in both readings.
 * @module
 */
import { fromLabel } from './bytes.js'
import { AZURE_OAEP, rsaAesWrap } from './crypto.js'
import { flag, hexOf, orNull, text, vectorFile, type Document, type Test } from './file.js'
import { KEK_BITS, rsaKey, versionOf } from './keys.js'
import { ecTarget, octTarget, rsaTarget, type Target } from './targets.js'

const KID = `https://contoso.vault.azure.net/keys/import-kek/${versionOf('kek')}`
const HSM_KID = `https://contoso.managedhsm.azure.net/keys/import-kek/${versionOf('kek')}`
const GENERATOR = 'Keyferry vectors; software-sourced test keys'

/** A blob for a target under a KEK. */
export const blobOf = (target: Target, bits = 2048): Buffer =>
  rsaAesWrap(
    rsaKey(`kek-${bits}`),
    fromLabel(`transfer-file/ephemeral/${target.kind}`, 32),
    target.payload,
    AZURE_OAEP,
    fromLabel(`transfer-file/seed/${target.kind}`, 20),
  )

// 296, 280 and 288 bytes: base64 of them lacks one, two and no characters of padding.
const ONE = blobOf(octTarget(32))
const TWO = blobOf(octTarget(16))
const NONE = blobOf(octTarget(24))

interface Content {
  schema_version: unknown
  header: unknown
  ciphertext: unknown
  generator: unknown
}

const header = (kid: unknown = KID): Record<string, unknown> => ({ kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' })
const content = (change: Partial<Content> & Record<string, unknown> = {}): Record<string, unknown> => ({
  schema_version: '1.0.0',
  header: header(),
  ciphertext: ONE.toString('base64url'),
  generator: GENERATOR,
  ...change,
})
/** The form that a writer writes. */
const written = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
const HONEST = written(content())

export const transferFile = (): readonly Document[] =>
  vectorFile(
    {
      path: 'byok/transfer-file',
      title: 'Transfer files (*.byok): bytes to content, in a strict and a lenient reading',
      about: [
        '"file" is the whole file in base64. A valid file says "kid", "ciphertext" (the blob in hex) and "generator" (null if absent).',
        'valid-lenient: the lenient reading takes it, the strict one refuses it with "expect". No KEK is at hand, so the blob is measured against all KEK sizes.',
        '"written" marks the files that a writer has to write exactly like this, given their content.',
        'The codes are for a person who inspects a file. A vault answers all of them with one refusal.',
        'A generator with control characters is refused in the strict reading, and shown without them in the lenient one.',
      ],
      flags: {
        Written: 'The written form.',
        Layout: 'JSON says the same thing in many ways.',
        Tolerance: 'A deviation that some producer makes.',
        Encoding: 'Not UTF-8, or not JSON.',
        Member: 'A member is missing, has the wrong type, or stands twice.',
        Constant: 'A constant has another value.',
        Kid: 'The kid is none.',
        Base64: 'The ciphertext is not base64url.',
        Cap: 'Too large, too deep, too long.',
        BlobLength: 'No blob has this length.',
        Generator: 'The free text.',
      },
      members: {
        file: { type: 'string', contentEncoding: 'base64', description: 'All bytes of the file, base64.' },
        kid: text('The kid, normalised.'),
        ciphertext: hexOf('The blob.'),
        generator: orNull(text('What the file says about its maker.')),
        written: flag('Whether a writer writes exactly these bytes.'),
      },
      always: ['file'],
      outputs: ['kid', 'ciphertext', 'generator'],
    },
    [...plain(), ...layouts(), ...tolerated(), ...encodings(), ...members(), ...constants(), ...kids(), ...base64(), ...caps(), ...generators()],
  )

interface Says {
  readonly kid?: string
  readonly blob?: Buffer
  readonly generator?: string | null
}

const bytes = (file: string | Buffer): string => (typeof file === 'string' ? Buffer.from(file, 'utf8') : file).toString('base64')

const good = (
  id: string,
  requirement: string,
  comment: string,
  flag_: string,
  file: string | Buffer,
  says: Says = {},
  more: Record<string, unknown> = {},
): Test => ({
  id,
  requirement,
  comment,
  flags: [flag_],
  file: bytes(file),
  result: 'valid',
  kid: says.kid ?? KID,
  ciphertext: (says.blob ?? ONE).toString('hex'),
  generator: says.generator === undefined ? GENERATOR : says.generator,
  ...more,
})

const lenient = (id: string, requirement: string, comment: string, flag_: string, file: string | Buffer, expect: string, says: Says = {}): Test =>
  good(id, requirement, comment, flag_, file, says, { result: 'valid-lenient', expect })

const refused = (id: string, requirement: string, comment: string, flag_: string, file: string | Buffer, expect: string): Test => ({
  id,
  requirement,
  comment,
  flags: [flag_],
  file: bytes(file),
  result: 'invalid',
  expect,
})

function plain(): Test[] {
  const whole = (id: string, comment: string, target: Target, bits: number, kid = KID): Test => {
    const blob = blobOf(target, bits)
    return good(
      id,
      'BYOK-98',
      comment,
      'Written',
      written(content({ header: header(kid), ciphertext: blob.toString('base64url') })),
      { kid, blob },
      { written: true },
    )
  }
  return [
    ...KEK_BITS.map((bits) => whole(`written_rsa_under_${bits}`, `an RSA-2048 key under ${bits} bits`, rsaTarget('rsa-2048'), bits)),
    whole('written_ec', 'a P-256 key', ecTarget('P-256'), 2048),
    whole('written_oct', 'an AES-256 key for a Managed HSM', octTarget(32), 2048, HSM_KID),
  ]
}

function layouts(): Test[] {
  const layout = (id: string, comment: string, file: string | Buffer, says: Says = {}, requirement = 'BYOK-80') =>
    good(id, requirement, comment, 'Layout', file, says)
  const { schema_version, generator, ciphertext } = content()
  return [
    layout('one_line', 'no white space', JSON.stringify(content())),
    layout('crlf', 'CR and LF at the ends of lines', HONEST.replaceAll('\n', '\r\n')),
    layout('tabs', 'tabs, and white space around', `\n\t ${JSON.stringify(content(), null, '\t')} \r\n\n`),
    layout(
      'other_order',
      'members have no order',
      JSON.stringify({ generator, ciphertext, header: { enc: 'CKM_RSA_AES_KEY_WRAP', alg: 'dir', kid: KID }, schema_version }),
    ),
    layout('escaped_name', 'a name with an escape is the same name', HONEST.replace('"ciphertext"', '"c\\u0069phertext"')),
    layout('escaped_value', 'a value with escapes is the same value', HONEST.replace('https://', 'https:\\/\\/')),
    layout('kid_upper_case_host', 'hosts have no case', written(content({ header: header(KID.replace('contoso', 'Contoso')) })), {}, 'BYOK-83'),
    layout(
      'kid_default_port',
      'the default port is no part of an origin',
      written(content({ header: header(KID.replace('.net', '.net:443')) })),
      {},
      'BYOK-83',
    ),
    layout('largest_file', 'exactly 65536 bytes', HONEST.padEnd(65_536, '\n'), {}, 'BYOK-96'),
  ]
}

function tolerated(): Test[] {
  const tolerance = (id: string, requirement: string, comment: string, file: string | Buffer, expect: string, says: Says = {}) =>
    lenient(id, requirement, comment, 'Tolerance', file, expect, says)
  return [
    tolerance('unknown_member', 'BYOK-89', 'a member that is not part of the format', written(content({ comment: 'x' })), 'member_unknown'),
    tolerance(
      'unknown_member_of_header',
      'BYOK-89',
      'a member of the header that is not part of the format',
      written(content({ header: { ...header(), typ: 'JWE' } })),
      'member_unknown',
    ),
    tolerance('unknown_member_nested', 'BYOK-89', 'an unknown member with four levels in all', written(content({ extra: { a: [{}] } })), 'member_unknown'),
    tolerance(
      'unknown_member_proto',
      'BYOK-89',
      'a name that JavaScript treats in its own way',
      HONEST.replace('{', '{"__proto__":{"ciphertext":""},'),
      'member_unknown',
    ),
    tolerance(
      'padding_one',
      'BYOK-91',
      'one =, as many as belong there',
      written(content({ ciphertext: `${ONE.toString('base64url')}=` })),
      'ciphertext_padded',
    ),
    tolerance(
      'padding_two',
      'BYOK-91',
      'two =, as many as belong there',
      written(content({ ciphertext: `${TWO.toString('base64url')}==` })),
      'ciphertext_padded',
      { blob: TWO },
    ),
    tolerance('alphabet_standard', 'BYOK-92', '+ and / throughout', written(content({ ciphertext: NONE.toString('base64') })), 'ciphertext_alphabet_standard', {
      blob: NONE,
    }),
    tolerance('byte_order_mark', 'BYOK-94', 'a UTF-8 byte order mark in front', `\ufeff${HONEST}`, 'file_byte_order_mark'),
  ]
}

function encodings(): Test[] {
  const no = (id: string, requirement: string, comment: string, file: string | Buffer, expect: string) =>
    refused(id, requirement, comment, 'Encoding', file, expect)
  const utf16 = Buffer.from(HONEST, 'utf16le')
  const utf32 = Buffer.concat([...HONEST].map((c) => Buffer.of(c.charCodeAt(0), 0, 0, 0)))
  const withByte = (value: number) => Buffer.concat([Buffer.from(HONEST.slice(0, -4)), Buffer.of(value), Buffer.from(HONEST.slice(-4))])
  return [
    no('empty', 'BYOK-99', 'no bytes; two clients upload such a file without complaint', Buffer.alloc(0), 'file_empty'),
    no('only_white_space', 'BYOK-80', 'a line feed', '\n', 'file_not_json'),
    no('not_json', 'BYOK-80', 'a sentence', 'This is not the file that you are looking for.', 'file_not_json'),
    no('cut_off', 'BYOK-80', 'the last two characters are missing', HONEST.slice(0, -2), 'file_not_json'),
    no('something_behind', 'BYOK-80', 'a second brace', `${HONEST}}`, 'file_not_json'),
    no('two_objects', 'BYOK-80', 'the file twice', HONEST + HONEST, 'file_not_json'),
    no('zero_byte_behind', 'BYOK-80', 'a byte 00 at the end', `${HONEST}\0`, 'file_not_json'),
    no('trailing_comma', 'BYOK-80', 'a comma behind the last member', HONEST.replace(`"${GENERATOR}"`, `"${GENERATOR}",`), 'file_not_json'),
    no('single_quotes', 'BYOK-80', 'quotes of another language', HONEST.replaceAll('"', "'"), 'file_not_json'),
    no('comment', 'BYOK-80', 'JSON has no comments', `// blob\n${HONEST}`, 'file_not_json'),
    no('line_feed_in_string', 'BYOK-80', 'a raw line feed inside a string', HONEST.replace(GENERATOR, 'a\nb'), 'file_not_json'),
    no(
      'pem_instead',
      'BYOK-80',
      'base64 between PEM lines',
      `-----BEGIN KEY TRANSFER-----\n${ONE.toString('base64')}\n-----END KEY TRANSFER-----\n`,
      'file_not_json',
    ),
    no('blob_instead', 'BYOK-94', 'the bare blob', ONE, 'file_not_utf8'),
    no('array', 'BYOK-80', 'the object inside an array', JSON.stringify([content()]), 'file_not_object'),
    no('string', 'BYOK-80', 'the file as a string', JSON.stringify(HONEST), 'file_not_object'),
    no('null', 'BYOK-80', 'null', 'null', 'file_not_object'),
    no('number', 'BYOK-80', 'a number', '1', 'file_not_object'),
    no(
      'compact_jwe',
      'BYOK-80',
      'the compact form that the prose speaks of',
      `${Buffer.from(JSON.stringify(header())).toString('base64url')}..AAAA.${ONE.toString('base64url')}.AAAA`,
      'file_compact_jwe',
    ),
    no('utf_16_le_marked', 'BYOK-95', 'UTF-16 with byte order mark, as a shell writes it', Buffer.concat([Buffer.of(0xff, 0xfe), utf16]), 'file_utf16'),
    no(
      'utf_16_be_marked',
      'BYOK-95',
      'UTF-16, big-endian, with byte order mark',
      Buffer.concat([Buffer.of(0xfe, 0xff), Buffer.from(utf16).swap16()]),
      'file_utf16',
    ),
    no('utf_16_le', 'BYOK-95', 'UTF-16 without byte order mark', utf16, 'file_utf16'),
    no('utf_16_be', 'BYOK-95', 'UTF-16, big-endian, without byte order mark', Buffer.from(utf16).swap16(), 'file_utf16'),
    no('utf_32_le_marked', 'BYOK-95', 'UTF-32 with byte order mark', Buffer.concat([Buffer.of(0xff, 0xfe, 0, 0), utf32]), 'file_utf16'),
    no('latin_1', 'BYOK-94', 'a byte FC, which is ü in Latin-1', withByte(0xfc), 'file_not_utf8'),
    no('overlong', 'BYOK-94', 'a quotation mark in two bytes', overlong(), 'file_not_utf8'),
    no('byte_order_mark_twice', 'BYOK-94', 'two byte order marks', `\ufeff\ufeff${HONEST}`, 'file_not_json'),
    no('byte_order_mark_behind', 'BYOK-94', 'a byte order mark at the end', `${HONEST}\ufeff`, 'file_not_json'),
    no('lone_surrogate', 'BYOK-94', 'an escape that is half of a character', HONEST.replace(GENERATOR, 'a\\ud83d'), 'file_lone_surrogate'),
  ]
}

/** U+0022 as C0 A2 inside a string. */
function overlong(): Buffer {
  const [before, behind] = HONEST.split(GENERATOR) as [string, string]
  return Buffer.concat([Buffer.from(`${before}a`), Buffer.of(0xc0, 0xa2), Buffer.from(`b${behind}`)])
}

function members(): Test[] {
  const no = (id: string, requirement: string, comment: string, file: string, expect: string) => refused(id, requirement, comment, 'Member', file, expect)
  const without = (name: string) => {
    const { [name]: _gone, ...rest } = content()
    return written(rest)
  }
  const headerWithout = (name: string) => {
    const { [name]: _gone, ...rest } = header()
    return written(content({ header: rest }))
  }
  const twice = (name: string, value: string) => HONEST.replace(`"${name}"`, `"${name}": ${value},\n  "${name}"`)
  const same = JSON.stringify(content()['ciphertext'])
  return [
    no('schema_version_missing', 'BYOK-81', 'a member is missing', without('schema_version'), 'member_missing'),
    no('header_missing', 'BYOK-82', 'a member is missing', without('header'), 'member_missing'),
    no('ciphertext_missing', 'BYOK-86', 'a member is missing', without('ciphertext'), 'member_missing'),
    no('kid_missing', 'BYOK-83', 'a member is missing', headerWithout('kid'), 'member_missing'),
    no('alg_missing', 'BYOK-84', 'a member is missing', headerWithout('alg'), 'member_missing'),
    no('enc_missing', 'BYOK-85', 'a member is missing', headerWithout('enc'), 'member_missing'),
    no('header_empty', 'BYOK-82', 'a header without members', written(content({ header: {} })), 'member_missing'),
    no('empty_object', 'BYOK-80', 'an object without members', '{}', 'member_missing'),
    no('schema_version_number', 'BYOK-81', 'a number', written(content({ schema_version: 1 })), 'member_type_wrong'),
    no('header_null', 'BYOK-82', 'null', written(content({ header: null })), 'header_not_object'),
    no(
      'header_base64url',
      'BYOK-82',
      'the header as in compact JWE',
      written(content({ header: Buffer.from(JSON.stringify(header())).toString('base64url') })),
      'header_not_object',
    ),
    no('header_text', 'BYOK-82', 'the header as JSON text in a string', written(content({ header: JSON.stringify(header()) })), 'header_not_object'),
    no('header_array', 'BYOK-82', 'an array', written(content({ header: [header()] })), 'header_not_object'),
    no('kid_null', 'BYOK-83', 'null', written(content({ header: header(null) })), 'member_type_wrong'),
    no('kid_object', 'BYOK-83', 'an object', written(content({ header: header({ url: KID }) })), 'member_type_wrong'),
    no('alg_null', 'BYOK-84', 'null', written(content({ header: { ...header(), alg: null } })), 'member_type_wrong'),
    no(
      'ciphertext_array',
      'BYOK-86',
      'the parts apart',
      written(content({ ciphertext: [ONE.subarray(0, 256).toString('base64url'), ONE.subarray(256).toString('base64url')] })),
      'member_type_wrong',
    ),
    no('ciphertext_null', 'BYOK-86', 'null', written(content({ ciphertext: null })), 'member_type_wrong'),
    no('generator_number', 'BYOK-87', 'a number', written(content({ generator: 1 })), 'member_type_wrong'),
    no('ciphertext_twice', 'BYOK-90', 'two values; most readers keep the last', twice('ciphertext', '"AAAA"'), 'member_duplicate'),
    no('ciphertext_twice_same', 'BYOK-90', 'twice the same value', twice('ciphertext', same), 'member_duplicate'),
    no('kid_twice', 'BYOK-90', 'two kids', twice('kid', JSON.stringify(KID.replace('contoso', 'fabrikam'))), 'member_duplicate'),
    no('header_twice', 'BYOK-90', 'two headers', twice('header', JSON.stringify(header())), 'member_duplicate'),
    no('generator_twice', 'BYOK-90', 'also a member that is not believed', twice('generator', '"x"'), 'member_duplicate'),
    no(
      'ciphertext_twice_escaped',
      'BYOK-90',
      'one of the two names has an escape',
      HONEST.replace('"ciphertext"', `"ciph\\u0065rtext": ${same},\n  "ciphertext"`),
      'member_duplicate',
    ),
    no('unknown_twice', 'BYOK-90', 'inside a member that is ignored', HONEST.replace('{', '{"extra":{"a":1,"a":1},'), 'member_duplicate'),
    no('name_upper_case', 'BYOK-88', 'Ciphertext', HONEST.replace('"ciphertext"', '"Ciphertext"'), 'member_name_case'),
    no('header_upper_case', 'BYOK-88', 'HEADER', HONEST.replace('"header"', '"HEADER"'), 'member_name_case'),
    no('kid_upper_case', 'BYOK-88', 'KID', HONEST.replace('"kid"', '"KID"'), 'member_name_case'),
  ]
}

function constants(): Test[] {
  const no = (id: string, requirement: string, comment: string, change: Record<string, unknown>, expect: string) =>
    refused(id, requirement, comment, 'Constant', written(content(change)), expect)
  const inHeader = (id: string, requirement: string, comment: string, change: Record<string, unknown>, expect: string) =>
    no(id, requirement, comment, { header: { ...header(), ...change } }, expect)
  return [
    no('schema_version_1_0', 'BYOK-81', 'the value of the opposite direction', { schema_version: '1.0' }, 'schema_version_release'),
    no('schema_version_2_0_0', 'BYOK-81', 'a later version', { schema_version: '2.0.0' }, 'schema_version_unknown'),
    no('schema_version_1_0_1', 'BYOK-81', 'a later version', { schema_version: '1.0.1' }, 'schema_version_unknown'),
    no('schema_version_space', 'BYOK-81', 'a space behind', { schema_version: '1.0.0 ' }, 'schema_version_unknown'),
    no('schema_version_empty', 'BYOK-81', 'no version', { schema_version: '' }, 'schema_version_unknown'),
    inHeader('alg_rsa_oaep', 'BYOK-84', 'the algorithm of JOSE', { alg: 'RSA-OAEP' }, 'alg_unknown'),
    inHeader('alg_none', 'BYOK-84', 'the classic', { alg: 'none' }, 'alg_unknown'),
    inHeader('alg_upper_case', 'BYOK-88', 'DIR', { alg: 'DIR' }, 'constant_case'),
    inHeader('enc_pad', 'BYOK-85', 'the name that the prose uses', { enc: 'CKM_RSA_AES_KEY_WRAP_PAD' }, 'enc_unknown'),
    inHeader('enc_sha256', 'BYOK-85', 'the mechanism of the opposite direction with SHA-256', { enc: 'RSA_AES_KEY_WRAP_256' }, 'enc_unknown'),
    inHeader('enc_jose', 'BYOK-85', 'an algorithm of JOSE', { enc: 'A256GCM' }, 'enc_unknown'),
    inHeader('enc_number', 'BYOK-85', 'the number of the mechanism', { enc: '0x1054' }, 'enc_unknown'),
    inHeader('enc_lower_case', 'BYOK-88', 'ckm_rsa_aes_key_wrap', { enc: 'ckm_rsa_aes_key_wrap' }, 'constant_case'),
  ]
}

function kids(): Test[] {
  const no = (id: string, comment: string, kid: string, expect: string) =>
    refused(`kid_${id}`, 'BYOK-83', comment, 'Kid', written(content({ header: header(kid) })), expect)
  return [
    no('without_version', 'never "the newest"', KID.slice(0, KID.lastIndexOf('/')), 'kid_version_missing'),
    no('http', 'another scheme', KID.replace('https', 'http'), 'kid_not_https'),
    no('name_only', 'not a URL', 'import-kek', 'kid_not_url'),
    no('tpm', 'the value of the opposite direction', 'TpmEphemeralEncryptionKey', 'kid_not_url'),
    no('empty', 'no characters', '', 'kid_not_url'),
    no('userinfo', 'a host in front of the @', KID.replace('https://', 'https://contoso.vault.azure.net@evil.'), 'kid_userinfo'),
    no(
      'version_upper_case',
      'versions have lower case',
      KID.replace(/[^/]*$/, (version) => version.toUpperCase()),
      'kid_version_invalid',
    ),
    no('secret', 'a secret instead of a key', KID.replace('/keys/', '/secrets/'), 'kid_path_wrong'),
  ]
}

function base64(): Test[] {
  const no = (id: string, requirement: string, comment: string, ciphertext: string, expect: string) =>
    refused(`ciphertext_${id}`, requirement, comment, 'Base64', written(content({ ciphertext })), expect)
  const [one, two] = [ONE.toString('base64url'), TWO.toString('base64url')]
  const url = one.search(/[-_]/)
  const mixed = `${one.slice(0, url + 1)}${one.slice(url + 1).replace(/[-_]/, (c) => (c === '-' ? '+' : '/'))}`
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const nextInAlphabet = (character: string) => alphabet[alphabet.indexOf(character) + 1]!
  return [
    no('empty', 'BYOK-86', 'no characters', '', 'ciphertext_empty'),
    no('notation', 'BYOK-86', 'the notation of the document, copied', `BASE64URL(${one})`, 'ciphertext_notation'),
    no('padding_missing_one', 'BYOK-91', 'one = where two belong', `${two}=`, 'ciphertext_padding_wrong'),
    no('padding_too_much', 'BYOK-91', 'two = where one belongs', `${one}==`, 'ciphertext_padding_wrong'),
    no('padding_not_due', 'BYOK-91', 'one = where none belongs', `${NONE.toString('base64url')}=`, 'ciphertext_padding_wrong'),
    no('padding_inside', 'BYOK-92', 'a = in the middle', `${one.slice(0, 100)}=${one.slice(101)}`, 'ciphertext_character_unknown'),
    no('alphabets_mixed', 'BYOK-92', 'both alphabets in one value', mixed, 'ciphertext_alphabets_mixed'),
    no('line_feed', 'BYOK-92', 'a line feed at column 64', `${one.slice(0, 64)}\n${one.slice(64)}`, 'ciphertext_white_space'),
    no('line_feed_behind', 'BYOK-92', 'a line feed at the end', `${one}\n`, 'ciphertext_white_space'),
    no('space_in_front', 'BYOK-92', 'a space', ` ${one}`, 'ciphertext_white_space'),
    no('asterisk', 'BYOK-92', 'a character of no alphabet', `*${one.slice(1)}`, 'ciphertext_character_unknown'),
    no('dot', 'BYOK-92', 'the separator of compact JWE', `${one.slice(0, 342)}.${one.slice(342)}`, 'ciphertext_character_unknown'),
    no('not_ascii', 'BYOK-92', 'a full-width A', `\uff21${one.slice(1)}`, 'ciphertext_character_unknown'),
    no('length_impossible', 'BYOK-86', 'one character more than whole groups', `${NONE.toString('base64url')}A`, 'ciphertext_length_impossible'),
    no(
      'spare_bits_one',
      'BYOK-93',
      'the two bits of the last character that belong to no byte are 01',
      `${one.slice(0, -1)}${nextInAlphabet(one.at(-1)!)}`,
      'ciphertext_spare_bits',
    ),
    no(
      'spare_bits_two',
      'BYOK-93',
      'the four bits of the last character that belong to no byte are 0001',
      `${two.slice(0, -1)}${nextInAlphabet(two.at(-1)!)}`,
      'ciphertext_spare_bits',
    ),
  ]
}

function caps(): Test[] {
  const no = (id: string, requirement: string, comment: string, flag_: string, file: string, expect: string) =>
    refused(id, requirement, comment, flag_, file, expect)
  const ofLength = (length: number) =>
    written(
      content({
        ciphertext: Buffer.concat([ONE, fromLabel('transfer-file/long', 65_536)])
          .subarray(0, length)
          .toString('base64url'),
      }),
    )
  const longest = Buffer.concat([ONE, fromLabel('transfer-file/long', 65_536)]).subarray(0, 4608)
  return [
    good('blob_longest', 'BYOK-61', 'as long as a blob for 4096 bits can be', 'BlobLength', ofLength(4608), { blob: longest }),
    good('blob_shortest', 'BYOK-61', 'as short as a blob for 2048 bits can be', 'BlobLength', ofLength(272), { blob: ONE.subarray(0, 272) }),
    no('file_too_large', 'BYOK-96', '65537 bytes', 'Cap', HONEST.padEnd(65_537, '\n'), 'file_too_large'),
    no('too_deep', 'BYOK-96', 'five levels', 'Cap', written(content({ extra: { a: [{ b: {} }] } })), 'file_too_deep'),
    no('much_too_deep', 'BYOK-96', 'a thousand arrays', 'Cap', HONEST.replace('{', `{"extra":${'['.repeat(1000)}${']'.repeat(1000)},`), 'file_too_deep'),
    no('blob_too_large', 'BYOK-96', 'a blob of 8200 bytes', 'Cap', ofLength(8200), 'blob_too_large'),
    no('blob_too_long', 'BYOK-61', 'eight bytes more than any blob', 'BlobLength', ofLength(4616), 'blob_too_long'),
    no('blob_too_short', 'BYOK-61', 'C1 and half a block', 'BlobLength', ofLength(264), 'blob_too_short'),
    no('blob_of_one_byte', 'BYOK-61', 'one byte', 'BlobLength', ofLength(1), 'blob_too_short'),
    no('blob_not_whole_blocks', 'BYOK-61', 'four bytes more than whole blocks', 'BlobLength', ofLength(292), 'blob_not_whole_blocks'),
  ]
}

function generators(): Test[] {
  const says = (generator: string) => written(content({ generator }))
  const { generator: _gone, ...silent } = content()
  const yes = (id: string, requirement: string, comment: string, generator: string) =>
    good(id, requirement, comment, 'Generator', says(generator), { generator })
  const control = (id: string, comment: string, generator: string) =>
    lenient(`generator_${id}`, 'BYOK-97', comment, 'Generator', says(generator), 'generator_control_characters', { generator })
  return [
    good('generator_missing', 'BYOK-87', 'a reader does not need it', 'Generator', written(silent), { generator: null }),
    yes('generator_empty', 'BYOK-87', 'no characters', ''),
    yes('generator_not_ascii', 'BYOK-94', 'letters and characters of many scripts', 'HSM «Größe» 鍵 🔑'),
    yes('generator_longest', 'BYOK-97', '1024 characters', 'g'.repeat(1024)),
    yes('generator_longest_astral', 'BYOK-97', '1024 characters outside the basic plane', '🔑'.repeat(1024)),
    control('escape', 'an escape sequence that would colour a terminal', '\u001b[31mHSM'),
    control('line_feed', 'a line feed that would begin a new line in a log', 'HSM\nverified: yes'),
    control('c1', 'a control character above ASCII', 'HSM\u009b2J'),
    control('direction', 'a mark that turns the direction of text around', 'HSM \u202eoos'),
    refused('generator_too_long', 'BYOK-97', '1025 characters', 'Generator', says('g'.repeat(1025)), 'generator_too_long'),
  ]
}
