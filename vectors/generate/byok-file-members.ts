/**
 * Vectors for the members of a transfer file: names, constants, kid, ciphertext, sizes, generator.
 * @module
 */
import { fromLabel } from './bytes.js'
import type { Test } from './file.js'
import { content, good, header, HONEST, KID, lenient, NONE, ONE, refused, TWO, written } from './transfer-content.js'

/** Missing, mistyped and repeated members. */
export function members(): Test[] {
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

/** Constants with other values. */
export function constants(): Test[] {
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
    inHeader('enc_sha256', 'BYOK-11', 'the mechanism of the opposite direction with SHA-256', { enc: 'RSA_AES_KEY_WRAP_256' }, 'enc_unknown'),
    inHeader('enc_jose', 'BYOK-85', 'an algorithm of JOSE', { enc: 'A256GCM' }, 'enc_unknown'),
    inHeader('enc_number', 'BYOK-85', 'the number of the mechanism', { enc: '0x1054' }, 'enc_unknown'),
    inHeader('enc_lower_case', 'BYOK-88', 'ckm_rsa_aes_key_wrap', { enc: 'ckm_rsa_aes_key_wrap' }, 'constant_case'),
  ]
}

/** Kids that are none. */
export function kids(): Test[] {
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

/** Ciphertexts that are not base64url. */
export function base64(): Test[] {
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

/** Sizes, at their limits and beyond. */
export function caps(): Test[] {
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

/** The free text. */
export function generators(): Test[] {
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
