/**
 * Vectors for the transfer file: bytes of a file, and what it says or why it is refused, in both readings.
 * @module
 */
import { base64, caps, constants, generators, kids, members } from './byok-file-members.js'
import { flag, hexOf, orNull, text, vectorFile, type Document, type Test } from './file.js'
import { KEK_BITS } from './keys.js'
import { ecTarget, octTarget, rsaTarget, type Target } from './targets.js'
import { blobOf, content, GENERATOR, good, header, HONEST, HSM_KID, KID, lenient, NONE, ONE, refused, TWO, written, type Says } from './transfer-content.js'

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
    { ...no('byte_order_mark_twice', 'BYOK-94', 'a byte order mark is skipped once', `\ufeff\ufeff${HONEST}`, 'file_not_json'), reading: 'lenient' },
    no('byte_order_mark_behind', 'BYOK-94', 'a byte order mark at the end', `${HONEST}\ufeff`, 'file_not_json'),
    no('lone_surrogate', 'BYOK-94', 'an escape that is half of a character', HONEST.replace(GENERATOR, 'a\\ud83d'), 'file_lone_surrogate'),
  ]
}

/** U+0022 as C0 A2 inside a string. */
function overlong(): Buffer {
  const [before, behind] = HONEST.split(GENERATOR) as [string, string]
  return Buffer.concat([Buffer.from(`${before}a`), Buffer.of(0xc0, 0xa2), Buffer.from(`b${behind}`)])
}
