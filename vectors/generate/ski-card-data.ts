/**
 * Vectors for what a card says about itself: key sizes, the container map, multi-strings, property values, container information.
 * @module
 */
import { fromLabel } from './bytes.js'
import { anything, hexOf, oneOf, vectorFile, type Document, type Test } from './file.js'
import { containerMapRecord, keySizes, le32, multiString, swapped, utf16, withBytes, withU32 } from './ski-layouts.js'
import { lengthFaults, writerOf } from './ski-tests.js'

export const cardData = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/card-data',
      title: 'What a card says about itself: key sizes, container map, lists and properties',
      about: [
        'Valid tests run in both directions: "bytes" decodes to "fields", and "fields" encodes to "bytes".',
        'CONTAINER_MAP_RECORD is one record, cmapfile all of them; the position of a record is the number of its container, and a record of zero bytes is free: it is shown as null.',
        'A property value is the buffer of a call by the name of the property.',
      ],
      flags: {
        Version: 'The version is not the right one.',
        Length: 'The length is wrong.',
        Range: 'A number is out of its range, or contradicts another one.',
        Reserved: 'Bytes that have to be zero are not.',
        Text: 'The text is not UTF-16LE, or does not end where it should.',
        Value: 'The value is none that the member takes.',
      },
      members: {
        type: oneOf(['CARD_KEY_SIZES', 'CONTAINER_MAP_RECORD', 'cmapfile', 'MULTI_STRING', 'PROPERTY'], 'The structure.'),
        property: oneOf(
          ['Key Import Support', 'Algorithms', 'Padding Schemes', 'Chaining Modes', 'ChainingMode', 'IV', 'BlockLength', 'KeyLengths'],
          'The name of the property, where the type is PROPERTY.',
        ),
        bytes: hexOf('The bytes.'),
        fields: anything('What they say.'),
      },
      always: ['type', 'bytes'],
      outputs: ['fields'],
    },
    [...sizes(), ...records(), ...maps(), ...lists(), ...properties()],
  )

function sizes(): Test[] {
  const writer = writerOf('CARD_KEY_SIZES', 'key_sizes', 'SKI-91')
  const { good, bad } = writer
  const valid = (id: string, comment: string, minimum: number, standard: number, maximum: number, increment: number) =>
    good(id, comment, keySizes(minimum, standard, maximum, increment), {
      dwVersion: 1,
      dwMinimumBitlen: minimum,
      dwDefaultBitlen: standard,
      dwMaximumBitlen: maximum,
      dwIncrementalBitlen: increment,
    })
  const honest = keySizes(2048, 2048, 4096, 1024)
  const word = (id: string, comment: string, at: number, value: number, code: string, flag: string) =>
    bad(id, comment, withU32(honest, at, value), code, { flags: [flag] })
  return [
    valid('rsa', 'RSA keys of three sizes', 2048, 2048, 4096, 1024),
    valid('rsa_one', 'RSA keys of one size', 2048, 2048, 2048, 0),
    valid('p256', 'a curve has one size', 256, 256, 256, 0),
    valid('p521', 'a size that is no number of whole bytes', 521, 521, 521, 0),
    word('version_zero', 'version 0', 0, 0, 'revision_unknown', 'Version'),
    word('version_two', 'version 2', 0, 2, 'revision_unknown', 'Version'),
    word('version_backwards', 'version 1, big-endian', 0, swapped(1), 'revision_unknown', 'Version'),
    word('minimum_above_maximum', 'the smallest size is above the largest', 4, 8192, 'key_sizes_out_of_order', 'Range'),
    word('default_below_minimum', 'the usual size is below the smallest', 8, 1024, 'key_sizes_out_of_order', 'Range'),
    word('default_above_maximum', 'the usual size is above the largest', 8, 8192, 'key_sizes_out_of_order', 'Range'),
    ...lengthFaults(writer, honest, 20),
  ]
}

const NAME = '{5f1c7a2e-6b0d-4c7e-9d53-02a4d9f81b36}'

const recordFields = (name: string, flags: number, signatureBits: number, exchangeBits: number) => ({
  wszGuid: name,
  bFlags: flags,
  wSigKeySizeBits: signatureBits,
  wKeyExchangeKeySizeBits: exchangeBits,
})

function records(): Test[] {
  const writer = writerOf('CONTAINER_MAP_RECORD', 'record', 'SKI-92')
  const { good, bad } = writer
  const valid = (id: string, comment: string, ...members: Parameters<typeof containerMapRecord>) =>
    good(id, comment, containerMapRecord(...members), recordFields(...members))
  const honest = containerMapRecord(NAME, 1, 0, 2048)
  return [
    valid('exchange', 'a key for key exchange', NAME, 1, 0, 2048),
    valid('default', 'the default container', NAME, 3, 0, 2048),
    valid('signature', 'a key for signatures', NAME, 1, 256, 0),
    valid('both', 'a key of each sort', NAME, 1, 2048, 3072),
    valid('name_longest', 'a name of 39 characters', 'x'.repeat(39), 1, 0, 2048),
    valid('name_not_ascii', 'a name beyond ASCII', 'Schlüssel №1 🔑', 1, 521, 0),
    good('free', 'a free place', Buffer.alloc(86), null),
    bad('name_unterminated', 'a name of 40 characters, without an end', containerMapRecord('x'.repeat(40), 1, 0, 2048), 'container_name_unterminated', {
      flags: ['Text'],
    }),
    bad('name_surrogate', 'half a character', withBytes(honest, 0, 0x3d, 0xd8), 'container_name_surrogate', { flags: ['Text'] }),
    bad('name_residue', 'characters behind the end of the name', withBytes(honest, 78, 0x78, 0), 'container_name_tail_not_zero', { flags: ['Reserved'] }),
    bad('name_missing', 'in use, and without a name', withBytes(honest, 0, ...Buffer.alloc(80)), 'container_name_empty', { flags: ['Text'] }),
    bad('flags_default_only', 'default, and not in use', withBytes(honest, 80, 2), 'container_flags_unknown', { flags: ['Value'] }),
    bad('flags_zero', 'not in use, and not of zero bytes', withBytes(honest, 80, 0), 'container_flags_unknown', { flags: ['Value'] }),
    bad('flags_four', 'a flag without a meaning', withBytes(honest, 80, 5), 'container_flags_unknown', { flags: ['Value'] }),
    bad('reserved', 'the reserved byte', withBytes(honest, 81, 1), 'structure_reserved_not_zero', { flags: ['Reserved'], requirement: 'SKI-80' }),
    ...lengthFaults(writer, honest, 86),
  ]
}

function maps(): Test[] {
  const { good, bad } = writerOf('cmapfile', 'map', 'SKI-92')
  const first = containerMapRecord(NAME, 3, 0, 2048)
  const second = containerMapRecord(NAME.replace('5f', '60'), 1, 256, 0)
  const free = Buffer.alloc(86)
  const fields = [recordFields(NAME, 3, 0, 2048), recordFields(NAME.replace('5f', '60'), 1, 256, 0)]
  return [
    good('empty', 'no containers', Buffer.alloc(0), []),
    good('two', 'two containers', Buffer.concat([first, second]), fields),
    good('gap', 'a free place between two: the file is not compacted', Buffer.concat([first, free, second]), [fields[0], null, fields[1]]),
    good('free_at_end', 'a free place at the end', Buffer.concat([first, free]), [fields[0], null]),
    bad('cut', 'a byte of the second record is missing', Buffer.concat([first, second]).subarray(0, -1), 'structure_truncated', { flags: ['Length'] }),
    bad('over', 'a byte behind the second record', Buffer.concat([first, second, Buffer.of(0)]), 'structure_truncated', { flags: ['Length'] }),
  ]
}

function lists(): Test[] {
  const { good, bad } = writerOf('MULTI_STRING', 'list', 'SKI-93')
  const text = (id: string, comment: string, bytes: Buffer, code: string) => bad(id, comment, bytes, code, { flags: ['Text'] })
  const two = multiString('AES', '3DES')
  return [
    good('empty', 'no strings: the end of the list alone', multiString(), []),
    good('one', 'one string', multiString('AES'), ['AES']),
    good('three', 'three strings', multiString('AES', '3DES', '3DES_112'), ['AES', '3DES', '3DES_112']),
    good('not_ascii', 'beyond ASCII', multiString('Ж', '🔑'), ['Ж', '🔑']),
    text('no_bytes', 'no bytes at all', Buffer.alloc(0), 'multi_string_unterminated'),
    text('end_missing', 'the zero at the end of the list is missing', two.subarray(0, -2), 'multi_string_unterminated'),
    text('string_unterminated', 'the last string has no end', utf16('AES\x003DES'), 'multi_string_unterminated'),
    text('odd', 'half a unit behind', Buffer.concat([two, Buffer.of(0)]), 'wide_text_length_odd'),
    text('half_unit_missing', 'the last byte is missing', two.subarray(0, -1), 'wide_text_length_odd'),
    text('behind_the_end', 'a string behind the end of the list', Buffer.concat([two, utf16('RSA\0')]), 'multi_string_trailing'),
    text('zero_behind_the_end', 'one zero too many', Buffer.concat([two, utf16('\0')]), 'multi_string_trailing'),
    text('empty_in_front', 'an empty string in front of another one', utf16('\0AES\0\0'), 'multi_string_trailing'),
    text('ascii', 'one byte for each character', Buffer.from('AES\0\0\0', 'latin1'), 'multi_string_unterminated'),
    text('empty_and_end', 'an empty string and the end of the list, for no strings', utf16('\0\0'), 'multi_string_trailing'),
    text('surrogate', 'half a character', Buffer.concat([Buffer.of(0x00, 0xd8), utf16('\0\0')]), 'wide_text_surrogate'),
  ]
}

function properties(): Test[] {
  const writer = (property: string, prefix: string) => {
    const { good, bad } = writerOf('PROPERTY', prefix, 'SKI-94')
    return {
      good: (id: string, comment: string, bytes: Buffer, fields: unknown) => good(id, comment, bytes, fields, { property }),
      bad: (id: string, comment: string, bytes: Buffer, code: string, flag: string) => bad(id, comment, bytes, code, { property, flags: [flag] }),
    }
  }
  const imports = writer('Key Import Support', 'property_import')
  const paddings = writer('Padding Schemes', 'property_paddings')
  const algorithms = writer('Algorithms', 'property_algorithms')
  const modes = writer('Chaining Modes', 'property_modes')
  const mode = writer('ChainingMode', 'property_mode')
  const iv = writer('IV', 'property_iv')
  const block = writer('BlockLength', 'property_block')
  const lengths = writer('KeyLengths', 'property_lengths')
  const cbc = utf16('ChainingModeCBC\0')
  const three = (...values: readonly [number, number, number]) => Buffer.concat(values.map(le32))
  return [
    imports.good('none', 'no key import of any sort', le32(0), 0),
    imports.good('session', 'a session key under a card key', le32(2), 2),
    imports.good('all', 'everything', le32(0xf), 0xf),
    imports.bad('short', 'three bytes', le32(2).subarray(0, 3), 'structure_truncated', 'Length'),
    imports.bad('long', 'eight bytes, as a pointer-sized integer', Buffer.concat([le32(2), le32(0)]), 'structure_trailing_bytes', 'Length'),
    paddings.good('rsa', 'PKCS#1 v1.5 and OAEP', le32(0xa), 0xa),
    paddings.good('block', 'block padding', le32(1), 1),
    paddings.bad('short', 'one byte', Buffer.of(1), 'structure_truncated', 'Length'),
    algorithms.good('both', 'AES and 3DES', multiString('AES', '3DES'), ['AES', '3DES']),
    algorithms.bad('unterminated', 'the list has no end', multiString('AES').subarray(0, -2), 'multi_string_unterminated', 'Text'),
    modes.good('cbc', 'CBC', multiString('ChainingModeCBC'), ['ChainingModeCBC']),
    modes.bad('ascii', 'one byte for each character', Buffer.from('ChainingModeCBC\0\0', 'latin1'), 'wide_text_length_odd', 'Text'),
    mode.good('cbc', 'CBC', cbc, 'ChainingModeCBC'),
    mode.bad('unterminated', 'without a zero at the end', cbc.subarray(0, -2), 'wide_text_unterminated', 'Text'),
    mode.bad('odd', 'the last byte is missing', cbc.subarray(0, -1), 'wide_text_length_odd', 'Text'),
    mode.bad('list', 'a list in place of a string', multiString('ChainingModeCBC'), 'wide_text_trailing', 'Text'),
    iv.good('aes', '16 bytes', fromLabel('ski/property/iv', 16), fromLabel('ski/property/iv', 16).toString('hex')),
    block.good('aes', '16 bytes', le32(16), 16),
    block.good('triple_des', '8 bytes', le32(8), 8),
    block.bad('short', 'one byte', Buffer.of(16), 'structure_truncated', 'Length'),
    lengths.good('aes', '128, 192 and 256 bits', three(128, 256, 64), { dwMinLength: 128, dwMaxLength: 256, dwIncrement: 64 }),
    lengths.bad('short', 'the step is missing', three(128, 256, 64).subarray(0, 8), 'structure_truncated', 'Length'),
  ]
}
