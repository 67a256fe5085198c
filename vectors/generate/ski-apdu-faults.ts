/**
 * Commands that a card refuses, chains that break, and responses that answer nothing: one fault each.
 * @module
 */
import { fromLabel, hex } from './bytes.js'
import type { Test } from './file.js'
import {
  AID,
  b64,
  CARD_ID,
  CARD_NONCE,
  establishment,
  evidence,
  hexes,
  extended,
  RECEIPT,
  REFERENCE,
  response,
  sealed,
  SERVER_NONCE,
  SESSION,
  short,
  SPKI,
} from './ski-apdu-layouts.js'
import { withBytes } from './ski-layouts.js'

type Flag = 'Class' | 'Length' | 'Parameters' | 'Data' | 'Chain' | 'Extended' | 'GetResponse' | 'ByteOrder'

const CODE: Readonly<Record<string, string>> = {
  '6700': 'apdu_length_wrong',
  '6881': 'apdu_channel_unknown',
  '6883': 'apdu_chain_broken',
  '6985': 'apdu_nothing_waits',
  '6a80': 'apdu_data_wrong',
  '6a82': 'apdu_application_unknown',
  '6a86': 'apdu_parameters_wrong',
  '6d00': 'apdu_instruction_unknown',
  '6e00': 'apdu_class_unknown',
}

const concat = (...parts: readonly (Buffer | string)[]): Buffer => Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)))

/** A command, or a chain, that ends with a refusal. */
function refused(id: string, requirement: string, comment: string, sent: readonly Buffer[], word: string, ...flags: readonly Flag[]): Test {
  const answered = [...sent.slice(1).map(() => '9000'), word]
  return {
    id: `refused_${id}`,
    requirement,
    comment,
    flags,
    kind: 'command',
    sent: hexes(sent),
    answered,
    word: word.toUpperCase(),
    result: 'invalid',
    expect: CODE[word]!,
  }
}

export function badCommands(): Test[] {
  const kfpk = establishment(1, 3, [2, 0], 3, fromLabel('ski/apdu/wrapped', 100))
  const derivation = concat(SESSION, SERVER_NONCE)
  const bare = (head: string) => short('804a0300', concat(head, fromLabel('ski/apdu/wrapped', 8)), 256)
  const seal = (data: Buffer) => short('804e0000', concat(REFERENCE, data), 256)
  const blob = Buffer.of(0xaa, 0xbb)
  return [
    refused('empty', 'SKI-190', 'no bytes at all', [Buffer.alloc(0)], '6700', 'Length'),
    refused('header_cut', 'SKI-190', 'three bytes', [hex('008400')], '6700', 'Length'),
    refused('data_cut', 'SKI-191', 'Lc says one byte more than there is', [hex('805000000f000102030405060708090a0b0c0d')], '6700', 'Length'),
    refused('byte_behind_le', 'SKI-191', 'a byte behind Le', [hex('80d60205 01aa 00 00')], '6700', 'Length'),
    refused('extended_lc_cut', 'SKI-191', 'half of an extended length', [hex('80d60205 00 01')], '6700', 'Length', 'Extended'),
    refused('extended_lc_zero', 'SKI-191', 'an extended Lc of zero in front of Le', [hex('80d60205 00 0000 0000')], '6700', 'Length', 'Extended'),
    refused(
      'extended_data_cut',
      'SKI-191',
      'extended data without its last byte',
      [extended('80d60205', fromLabel('ski/apdu/certificate', 300)).subarray(0, -1)],
      '6700',
      'Length',
      'Extended',
    ),
    refused('extended_le_short', 'SKI-191', 'extended data with a short Le', [concat(extended('80540300', SPKI), '00')], '6700', 'Length', 'Extended'),
    refused('extended_le_long', 'SKI-191', 'a byte behind an extended Le', [concat(extended('80540300', SPKI, 65536), '00')], '6700', 'Length', 'Extended'),
    refused('secure_messaging', 'SKI-190', 'class 0C: secure messaging', [short('0c840000', '', 256)], '6e00', 'Class'),
    refused('class_a0', 'SKI-190', 'class A0, that of SIM cards', [short('a0840000', '', 256)], '6e00', 'Class'),
    refused('class_ff', 'SKI-190', 'class FF, which no card has', [short('ff840000', '', 256)], '6e00', 'Class'),
    refused('channel_4', 'SKI-190', 'class 40: logical channel 4', [short('40840000', '', 256)], '6881', 'Class'),
    refused('channel_19', 'SKI-190', 'class 4F: logical channel 19', [short('4f840000', '', 256)], '6881', 'Class'),
    refused('own_in_standard_class', 'SKI-190', 'GENERATE with class 00', [short('00460301', '01000000')], '6e00', 'Class'),
    refused('standard_in_own_class', 'SKI-190', 'VERIFY with class 80', [short('80200001')], '6e00', 'Class'),
    refused('instruction_58', 'SKI-190', 'an instruction that there is not', [short('80580000', REFERENCE)], '6d00', 'Class'),
    refused('manage_channel', 'SKI-190', 'MANAGE CHANNEL: the channels are open', [short('00700000', '', 1)], '6d00', 'Class'),
    refused('select_path', 'SKI-194', 'SELECT by path', [short('00a40800', AID, 256)], '6a86', 'Parameters'),
    refused('select_next', 'SKI-194', 'SELECT, next occurrence', [short('00a40402', AID, 256)], '6a86', 'Parameters'),
    refused('select_other', 'SKI-194', 'another application', [short('00a40400', withBytes(AID, -1, 2), 256)], '6a82', 'Data'),
    refused('select_part', 'SKI-194', 'the first bytes of our identifier', [short('00a40400', AID.subarray(0, 5), 256)], '6a82', 'Data'),
    refused('select_nothing', 'SKI-194', 'no identifier', [short('00a40400', '', 256)], '6a82', 'Data'),
    refused('object_unknown', 'SKI-202', 'GET DATA of another object', [short('80ca0200', '', 256)], '6a86', 'Parameters'),
    refused('object_with_data', 'SKI-202', 'GET DATA with data', [short('80ca0100', '00', 256)], '6700', 'Length'),
    refused('challenge_parameters', 'SKI-193', 'GET CHALLENGE with P2', [short('00840001', '', 256)], '6a86', 'Parameters'),
    refused('file_unknown', 'SKI-190', 'a file that there is not', [short('80b00300', '', 256)], '6a86', 'Parameters'),
    refused('file_zero', 'SKI-190', 'no file', [short('80d60000', 'aa')], '6a86', 'Parameters'),
    refused('kind_unknown', 'SKI-195', 'a kind of key that there is not', [short('80460304', '01000000')], '6a86', 'Parameters'),
    refused('pin_id_cut', 'SKI-195', 'a PIN id of three bytes', [short('80460301', '010000')], '6700', 'Length'),
    refused('pin_id_long', 'SKI-195', 'a PIN id of five bytes', [short('80460301', '0100000000')], '6700', 'Length'),
    refused('evidence_unknown', 'SKI-196', 'a kind of evidence that there is not', [short('80480303', '', 256)], '6a86', 'Parameters'),
    refused('import_p2', 'SKI-197', 'neither bare nor proven', [short('804a0302', kfpk, 256)], '6a86', 'Parameters'),
    refused('import_algorithm_zero', 'SKI-197', 'algorithm 0', [bare('00020000')], '6a80', 'Data'),
    refused('import_algorithm_six', 'SKI-197', 'algorithm 6', [bare('06020000')], '6a80', 'Data'),
    refused('import_padding_none', 'SKI-197', 'CARD_PADDING_NONE', [bare('03010000')], '6a80', 'Data'),
    refused('import_padding_pss', 'SKI-197', 'CARD_PADDING_PSS, which is for signatures', [bare('03040100')], '6a80', 'Data'),
    refused('import_padding_bcrypt_oaep', 'SKI-197', 'BCRYPT_PAD_OAEP is another numbering', [bare('03040200')], '6a80', 'Data'),
    refused('import_hash_missing', 'SKI-197', 'OAEP without a hash', [bare('03080000')], '6a80', 'Data'),
    refused('import_hash_with_pkcs1', 'SKI-197', 'PKCS#1 v1.5 with a hash', [bare('03020200')], '6a80', 'Data'),
    refused('import_reserved', 'SKI-80', 'the reserved byte', [bare('03020001')], '6a80', 'Data'),
    refused('import_no_key', 'SKI-197', 'no wrapped key', [short('804a0300', '03020000', 256)], '6700', 'Length'),
    refused('import_head_cut', 'SKI-197', 'three bytes', [short('804a0300', '030200', 256)], '6700', 'Length'),
    refused('kfpk_short', 'SKI-197', 'an establishment that is shorter than its fixed part', [short('804a0301', kfpk.subarray(0, 79), 256)], '6a80', 'Data'),
    refused('kfpk_letters', 'SKI-197', 'an establishment that begins with KFPX', [short('804a0301', withBytes(kfpk, 3, 0x58), 256)], '6a80', 'Data'),
    refused('kfpk_algorithm', 'SKI-197', 'an establishment with no known algorithm', [short('804a0301', withBytes(kfpk, 6, 9), 256)], '6a80', 'Data'),
    refused(
      'kfpk_padding',
      'SKI-197',
      'an establishment in which nothing is wrapped, as a session key',
      [short('804a0301', withBytes(kfpk, 7, 1), 256)],
      '6a80',
      'Data',
    ),
    refused('share_way', 'SKI-203', 'a way that there is not', [short('80520200', '', 256)], '6a86', 'Parameters'),
    refused('share_with_data', 'SKI-203', 'the shared key itself, with data', [short('80520000', '03', 256)], '6700', 'Length'),
    refused('derive_without_algorithm', 'SKI-203', 'session and nonce, and no algorithm', [short('80520100', derivation, 256)], '6700', 'Length'),
    refused('derive_byte_behind', 'SKI-203', 'a byte behind the algorithm', [short('80520100', concat(derivation, '0100'), 256)], '6700', 'Length'),
    refused('agree_nothing', 'SKI-203', 'no point', [short('80540300', '', 256)], '6700', 'Length'),
    refused('agreement_parameters', 'SKI-203', 'an agreement in P1', [short('80560100', concat(REFERENCE, derivation, '01'), 256)], '6a86', 'Parameters'),
    refused('property_unknown', 'SKI-198', 'property 3', [short('804c0000', concat(REFERENCE, '0301'))], '6a80', 'Data'),
    refused('property_mode_unknown', 'SKI-198', 'mode 2', [short('804c0000', concat(REFERENCE, '0102'))], '6a80', 'Data'),
    refused('property_mode_long', 'SKI-198', 'a mode of two bytes', [short('804c0000', concat(REFERENCE, '010100'))], '6700', 'Length'),
    refused('property_missing', 'SKI-198', 'a reference alone', [short('804c0000', REFERENCE)], '6700', 'Length'),
    refused('property_iv_empty', 'SKI-198', 'no IV', [short('804c0000', concat(REFERENCE, '02'))], '6a80', 'Data'),
    refused('property_reference_in_parameters', 'SKI-198', 'a reference in P1 and P2', [short('804c0001', concat(REFERENCE, '0101'))], '6a86', 'Parameters'),
    refused('process_function_unknown', 'SKI-199', 'function 4', [seal(sealed(4, 0xff, 0, []))], '6a80', 'Data'),
    refused('process_count_big_endian', 'SKI-199', 'the number of blobs is big-endian', [seal(sealed(1, 3, 1, [blob], 0x0100))], '6a80', 'Data', 'ByteOrder'),
    refused('process_count_too_small', 'SKI-199', 'a blob more than announced', [seal(sealed(1, 3, 1, [blob, blob], 1))], '6700', 'Length'),
    refused('process_count_too_large', 'SKI-199', 'a blob less than announced', [seal(sealed(1, 3, 1, [blob], 2))], '6700', 'Length'),
    refused('process_blob_cut', 'SKI-199', 'the last byte of a blob is missing', [seal(sealed(1, 3, 1, [blob]).subarray(0, -1))], '6700', 'Length'),
    refused('process_many_blobs', 'SKI-199', 'seventeen blobs', [seal(sealed(1, 3, 1, Array<Buffer>(17).fill(Buffer.alloc(0))))], '6a80', 'Data'),
    refused('reference_cut', 'SKI-200', 'a reference of fifteen bytes', [short('80500000', REFERENCE.subarray(0, 15))], '6700', 'Length'),
    refused('reference_long', 'SKI-200', 'a byte behind a reference', [short('80500000', concat(REFERENCE, '00'))], '6700', 'Length'),
    refused('delete_p2', 'SKI-200', 'DELETE CONTAINER with P2', [short('805a0301')], '6a86', 'Parameters'),
    refused('delete_with_data', 'SKI-200', 'DELETE CONTAINER with data', [short('805a0300', '00')], '6700', 'Length'),
    refused('verify_p1', 'SKI-201', 'VERIFY with P1', [short('00200101', Buffer.from('123456'))], '6a86', 'Parameters'),
    refused('deauthenticate_with_data', 'SKI-201', 'DEAUTHENTICATE with data', [short('80220001', Buffer.from('123456'))], '6700', 'Length'),
  ]
}

export function badChains(): Test[] {
  const link = short('90d60205', 'a1a2')
  const broken = (id: string, comment: string, next: Buffer, word: string, ...flags: readonly Flag[]) =>
    refused(`chain_${id}`, 'SKI-191', comment, [link, next], word, 'Chain', ...flags)
  return [
    broken('other_instruction', 'another instruction in a chain', short('80500000', REFERENCE), '6883'),
    broken('other_chain', 'a chain in a chain', short('904a0300', 'a1'), '6883'),
    broken('other_p1', 'another P1', short('80d60105', 'a3'), '6883'),
    broken('other_p2', 'another P2', short('80d60206', 'a3'), '6883'),
    broken('other_class', 'another class', short('00d60205', 'a3'), '6883'),
    broken('other_channel', 'the end of the chain, on another logical channel', short('81d60205', 'a3'), '6883'),
    broken('interleaved', 'a command of another logical channel', short('01840000', '', 256), '6883'),
    broken('get_response', 'GET RESPONSE in a chain', short('00c00000', '', 256), '6883', 'GetResponse'),
    broken('empty_link', 'a command of the chain that brings nothing', short('90d60205'), '6700', 'Length'),
    broken('link_with_le', 'a command of the chain that wants an answer', short('90d60205', 'a3', 256), '6700', 'Length'),
    broken('link_cut', 'bytes that are no command', hex('90d60205 03 a3a4'), '6700', 'Length'),
    refused(
      'chain_content',
      'SKI-191',
      'a chain that is whole, and whose content is wrong',
      [short('904a0300', '0302'), short('804a0300', '0101aabb', 256)],
      '6a80',
      'Chain',
      'Data',
    ),
    refused('get_response_alone', 'SKI-191', 'GET RESPONSE, and nothing waits', [short('00c00000', '', 256)], '6985', 'GetResponse'),
    refused('get_response_parameters', 'SKI-191', 'GET RESPONSE with P1', [short('00c00100', '', 256)], '6a86', 'GetResponse', 'Parameters'),
    refused('get_response_without_le', 'SKI-191', 'GET RESPONSE without Le', [short('00c00000')], '6700', 'GetResponse', 'Length'),
    refused('get_response_chained', 'SKI-191', 'GET RESPONSE as a part of a chain', [short('10c00000', '', 256)], '6e00', 'GetResponse', 'Class'),
  ]
}

/** Responses that a minidriver does not take for an answer. */
export function badAnswers(): Test[] {
  const KEY = REFERENCE.toString('hex')
  const challenge = { type: 'apdu.challenge', channel: 0 }
  const select = { type: 'apdu.select', channel: 0 }
  const capabilities = { type: 'apdu.capabilities', channel: 0 }
  const plain = { type: 'apdu.readKey', channel: 0, container: 3, evidence: 'plain' }
  const attested = { ...plain, evidence: 'attested' }
  const share = { type: 'apdu.shareKey', channel: 0, way: 'derived', algorithm: 'AES-128', proven: false, input: b64(concat(SESSION, SERVER_NONCE)) }
  const destroy = { type: 'apdu.destroyKey', channel: 0, key: KEY }
  const proof = evidence(1, 32)
  const bad = (
    id: string,
    requirement: string,
    comment: string,
    asked: object,
    data: Buffer,
    expect: string,
    word = '9000',
    ...flags: readonly Flag[]
  ): Test => ({
    id: `answer_bad_${id}`,
    requirement,
    comment,
    ...(flags.length > 0 ? { flags } : {}),
    kind: 'answer',
    asked,
    sent: [],
    answered: hexes([response(data, word)]),
    result: 'invalid',
    expect,
  })
  const raw = (id: string, comment: string, bytes: string, expect: string): Test => ({
    ...bad(id, 'SKI-192', comment, challenge, Buffer.alloc(0), expect, '9000', 'Length'),
    answered: [bytes],
  })
  return [
    raw('empty', 'no bytes at all', '', 'apdu_truncated'),
    raw('one_byte', 'half of a status word', '90', 'apdu_truncated'),
    raw('word_60', '6000 is no status word', '6000', 'status_word_invalid'),
    raw('word_50', '5000 is no status word', '5000', 'status_word_invalid'),
    bad('data_beside_refusal', 'SKI-192', 'data beside a refusal', challenge, CARD_NONCE, 'answer_data_unexpected', '6f00', 'Data'),
    bad('done_with_data', 'SKI-200', 'data where there is none', destroy, Buffer.of(0), 'structure_trailing_bytes', '9000', 'Length'),
    bad('nonce_cut', 'SKI-193', 'a nonce of fifteen bytes', challenge, CARD_NONCE.subarray(1), 'structure_truncated', '9000', 'Length'),
    bad('nonce_long', 'SKI-193', 'a nonce of seventeen bytes', challenge, concat(CARD_NONCE, '00'), 'structure_trailing_bytes', '9000', 'Length'),
    bad('product_cut', 'SKI-194', 'a product that is cut', select, concat(CARD_ID, '08 4b6579'), 'structure_truncated', '9000', 'Length'),
    bad('product_latin1', 'SKI-194', 'a product that is not UTF-8', select, concat(CARD_ID, '02 4be9 07'), 'answer_value_unknown', '9000', 'Data'),
    bad('version_missing', 'SKI-194', 'no version', select, concat(CARD_ID, '02 4b65'), 'structure_truncated', '9000', 'Length'),
    bad(
      'algorithm_unknown',
      'SKI-202',
      'an algorithm that there is not',
      capabilities,
      hex('0a000000 01 06 0a000000 01 01 01'),
      'answer_value_unknown',
      '9000',
      'Data',
    ),
    bad('mode_unknown', 'SKI-202', 'a mode that there is not', capabilities, hex('0a000000 01 01 0a000000 01 02 01'), 'answer_value_unknown', '9000', 'Data'),
    bad('extended_perhaps', 'SKI-202', 'extended length: 2', capabilities, hex('0a000000 01 01 0a000000 01 01 02'), 'answer_value_unknown', '9000', 'Data'),
    bad('purpose_unknown', 'SKI-196', 'purpose 3', plain, concat('03', SPKI), 'answer_value_unknown', '9000', 'Data'),
    bad('key_missing', 'SKI-196', 'a purpose and no key', plain, Buffer.of(1), 'answer_length_wrong', '9000', 'Length'),
    bad('key_without_evidence', 'SKI-193', 'a key alone where evidence was asked for', attested, concat('01', SPKI), 'answer_value_unknown', '9000', 'Data'),
    bad('evidence_cut', 'SKI-193', 'evidence that is cut', attested, proof.subarray(0, -1), 'structure_truncated', '9000', 'Length'),
    bad('evidence_long', 'SKI-193', 'a byte behind evidence', attested, concat(proof, '00'), 'structure_trailing_bytes', '9000', 'Length'),
    bad('evidence_purpose', 'SKI-193', 'evidence about purpose 3', attested, withBytes(proof, 8, 3), 'answer_value_unknown', '9000', 'Data'),
    bad('reference_cut', 'SKI-203', 'a reference of fifteen bytes', share, REFERENCE.subarray(1), 'structure_truncated', '9000', 'Length'),
    bad(
      'nonce_half',
      'SKI-203',
      'half of a nonce behind the reference',
      share,
      concat(REFERENCE, CARD_NONCE.subarray(0, 8)),
      'answer_length_wrong',
      '9000',
      'Length',
    ),
    bad(
      'receipt_cut',
      'SKI-203',
      'a receipt without its last byte',
      share,
      concat(REFERENCE, RECEIPT.subarray(0, -1)),
      'answer_length_wrong',
      '9000',
      'Length',
    ),
    bad('receipt_long', 'SKI-203', 'a byte behind the receipt', share, concat(REFERENCE, CARD_NONCE, RECEIPT, '00'), 'answer_length_wrong', '9000', 'Length'),
    {
      ...bad(
        'stalled',
        'SKI-191',
        'a card that promises more again and again, and brings nothing',
        challenge,
        Buffer.alloc(0),
        'answer_stalled',
        '6110',
        'GetResponse',
      ),
      sent: hexes([short('00c00000', '', 16)]),
      answered: ['6110', '6110'],
    },
  ]
}
