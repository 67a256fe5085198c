/**
 * Vectors for AES key wrap with padding (RFC 5649) and without (RFC 3394).
 * @module
 */
import { flipped, fromLabel, hex, padded8, u32 } from './bytes.js'
import { kw, KW_IV, KWP_CONSTANT, kwOfPkcs7, kwp, kwpSpoilt, wrapSemiblocks } from './crypto.js'
import { hexOf, vectorFile, type Document, type Test } from './file.js'

const MEMBERS = {
  key: hexOf('AES key of 16, 24 or 32 bytes.'),
  payload: hexOf('What is wrapped.'),
  wrapped: hexOf('What it is wrapped to; the input of an unwrap.'),
}

export const aesKwp = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/aes-kwp',
      title: 'AES key wrap with padding (RFC 5649, SP 800-38F KWP)',
      about: [
        'Valid tests run in both directions: wrapping is deterministic.',
        'Invalid tests are unwrapped. Whatever is wrong, the refusal is one and the same.',
      ],
      flags: {
        Rfc5649: 'An example of RFC 5649 section 6.',
        OneBlock: 'Payloads of up to eight bytes are one AES block, without the rounds of RFC 3394: other code, same checks.',
        WrongConstant:
          'The first four bytes of the recovered initial value are not A65959A6. A receiver that skips this check takes any key for the right one.',
        WrongLengthIndicator:
          'The length indicator does not fit the number of blocks. A receiver that trusts it reads outside its buffer, or gives away zero bytes as key.',
        NonZeroPadding: 'The padding is not zero: two ciphertexts would open to one payload.',
        WrongLength: 'No KWP ciphertext has this length.',
        Changed: 'A ciphertext that was changed under way, or the key is another one.',
      },
      members: MEMBERS,
      always: ['key', 'wrapped'],
      outputs: ['payload'],
    },
    [...kwpValid(), ...kwpConstant(), ...kwpIndicator(), ...kwpPadding(), ...kwpLengths(), ...kwpChanged()],
  )

const shown = (key: Buffer, wrapped: Buffer, payload?: Buffer) => ({
  key: key.toString('hex'),
  ...(payload ? { payload: payload.toString('hex') } : {}),
  wrapped: wrapped.toString('hex'),
})

function kwpValid(): Test[] {
  const rfcKey = hex('5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8')
  const example = (id: string, payload: Buffer, wrapped: Buffer): Test => {
    if (!kwp(rfcKey, payload).equals(wrapped)) throw new Error(`${id} is not what OpenSSL computes`)
    return { id, requirement: 'BYOK-63', comment: 'from the RFC', flags: ['Rfc5649'], ...shown(rfcKey, wrapped, payload), result: 'valid' }
  }
  const length = (keyBytes: number, bytes: number, comment: string): Test => {
    const [key, payload] = [fromLabel(`aes-kwp/key/${keyBytes}`, keyBytes), fromLabel(`aes-kwp/payload/${bytes}`, bytes)]
    return {
      id: `payload_${bytes}_bytes_aes_${8 * keyBytes}`,
      requirement: 'BYOK-63',
      comment,
      ...(bytes <= 8 ? { flags: ['OneBlock'] } : {}),
      ...shown(key, kwp(key, payload), payload),
      result: 'valid',
    }
  }
  return [
    example(
      'rfc_5649_twenty_octets',
      hex('c37b7e6492584340 bed1220780894115 5068f738'),
      hex('138bdeaa9b8fa7fc 61f97742e72248ee 5ae6ae5360d1ae6a 5f54f373fa543b6a'),
    ),
    example('rfc_5649_seven_octets', hex('466f7250617369'), hex('afbeb0f07dfbf541 9200f2ccb50bb24f')),
    length(32, 1, 'the shortest payload'),
    length(16, 7, 'one byte of padding in one block'),
    length(32, 8, 'one block without padding'),
    length(24, 8, 'one block without padding'),
    length(32, 9, 'the shortest payload that goes through the rounds'),
    length(16, 16, 'an AES-128 key as target'),
    length(24, 24, 'an AES-192 key as target'),
    length(32, 32, 'an AES-256 key as target'),
    length(32, 138, 'the usual length of a P-256 key as PKCS#8'),
    length(24, 1218, 'the usual length of an RSA-2048 key as PKCS#8'),
    length(32, 4088, 'the longest payload of a transfer'),
    length(32, 4095, 'a payload that a tool with chunks of 4096 bytes still wraps in one piece'),
  ]
}

const KEY = fromLabel('aes-kwp/key/32', 32)
const LONG = fromLabel('aes-kwp/payload/29', 29)
const SHORT = fromLabel('aes-kwp/payload/5', 5)

const refused = (id: string, requirement: string, comment: string, flags: string[], wrapped: Buffer, key = KEY): Test => ({
  id,
  requirement,
  comment,
  flags,
  ...shown(key, wrapped),
  result: 'invalid',
  expect: 'decryption_failed',
})

function kwpConstant(): Test[] {
  const flags = ['WrongConstant']
  const bit = (at: number) =>
    refused(`constant_byte_${at}`, 'BYOK-54', 'one bit of the constant differs', flags, kwpSpoilt(KEY, LONG, { constant: flipped(KWP_CONSTANT, at, 1 << at) }))
  return [
    bit(0),
    bit(1),
    bit(2),
    bit(3),
    refused('constant_zero', 'BYOK-54', 'no constant at all', flags, kwpSpoilt(KEY, LONG, { constant: Buffer.alloc(4) })),
    refused(
      'constant_one_block',
      'BYOK-54',
      'one bit of the constant differs',
      [...flags, 'OneBlock'],
      kwpSpoilt(KEY, SHORT, { constant: flipped(KWP_CONSTANT, 3) }),
    ),
    refused('rfc_3394_instead', 'BYOK-54', 'wrapped by RFC 3394, whose initial value is A6A6A6A6A6A6A6A6', flags, kw(KEY, padded8(LONG))),
    refused('rfc_3394_of_pkcs7_instead', 'BYOK-63', 'PKCS#7 padding and RFC 3394, which one token means by CKM_AES_KEY_WRAP_PAD', flags, kwOfPkcs7(KEY, LONG)),
  ]
}

function kwpIndicator(): Test[] {
  const flags = ['WrongLengthIndicator']
  const mli = (id: string, comment: string, value: number, payload = LONG) =>
    refused(id, 'BYOK-55', comment, payload.length <= 8 ? [...flags, 'OneBlock'] : flags, kwpSpoilt(KEY, payload, { mli: value }))
  return [
    mli('indicator_zero', 'says that nothing was wrapped', 0),
    mli('indicator_one', 'says one byte for four blocks', 1),
    mli('indicator_a_block_less', 'exactly 8(n-1), the largest value that is too small', 24),
    mli('indicator_one_over', 'exactly 8n+1, the smallest value that is too large', 33),
    mli('indicator_a_block_more', 'says a block more than there is', 37),
    mli('indicator_sign_bit', 'negative for whoever reads it as signed', 0x8000001d),
    mli('indicator_all_ones', 'overflows whoever adds seven to it', 0xffffffff),
    mli('indicator_little_endian', 'the right length, the wrong way round', 0x1d000000),
    mli('indicator_zero_one_block', 'says that nothing was wrapped', 0, SHORT),
    mli('indicator_nine_one_block', 'says more than one block can hold', 9, SHORT),
    mli('indicator_all_ones_one_block', 'overflows whoever adds seven to it', 0xffffffff, SHORT),
  ]
}

function kwpPadding(): Test[] {
  const flags = ['NonZeroPadding']
  const padding = (id: string, comment: string, bytes: Buffer, payload = LONG) =>
    refused(id, 'BYOK-56', comment, payload.length <= 8 ? [...flags, 'OneBlock'] : flags, kwpSpoilt(KEY, payload, { padding: bytes }))
  return [
    padding('padding_first_byte', 'the first byte of padding', hex('010000')),
    padding('padding_middle_byte', 'a byte in the middle', hex('008000')),
    padding('padding_last_byte', 'the last byte', hex('000001')),
    padding('padding_pkcs7', 'PKCS#7 padding', hex('030303')),
    padding('padding_one_block', 'the last byte', hex('000001'), SHORT),
    refused('padding_only_byte', 'BYOK-56', 'one byte of padding, and it is not zero', flags, kwpSpoilt(KEY, LONG.subarray(0, 23), { padding: hex('ff') })),
  ]
}

function kwpLengths(): Test[] {
  const honest = kwp(KEY, LONG)
  const flags = ['WrongLength']
  return [
    refused('length_zero', 'BYOK-61', 'some libraries answer nothing with nothing', flags, Buffer.alloc(0)),
    refused('length_eight', 'BYOK-61', 'only the place of the initial value', flags, honest.subarray(0, 8)),
    refused('length_fifteen', 'BYOK-61', 'one byte less than the shortest', flags, kwp(KEY, SHORT).subarray(0, 15)),
    refused('length_one_short', 'BYOK-61', 'not a multiple of eight', flags, honest.subarray(0, -1)),
    refused('length_one_over', 'BYOK-61', 'not a multiple of eight', flags, Buffer.concat([honest, Buffer.of(0)])),
    refused('length_a_block_short', 'BYOK-15', 'the last block is missing', flags, honest.subarray(0, -8)),
    refused('length_a_block_over', 'BYOK-15', 'a block too many', flags, Buffer.concat([honest, Buffer.alloc(8)])),
  ]
}

function kwpChanged(): Test[] {
  const honest = kwp(KEY, LONG)
  const flags = ['Changed']
  return [
    refused('changed_first_byte', 'BYOK-15', 'one bit', flags, flipped(honest, 0)),
    refused('changed_last_byte', 'BYOK-15', 'one bit', flags, flipped(honest, -1, 0x80)),
    refused(
      'changed_order',
      'BYOK-15',
      'two blocks exchanged',
      flags,
      Buffer.concat([honest.subarray(0, 8), honest.subarray(16, 24), honest.subarray(8, 16), honest.subarray(24)]),
    ),
    refused('changed_one_block', 'BYOK-15', 'one bit', ['Changed', 'OneBlock'], flipped(kwp(KEY, SHORT), 9)),
    refused('other_key', 'BYOK-15', 'the key is another one', flags, honest, fromLabel('aes-kwp/other-key', 32)),
  ]
}

export const aesKw = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/aes-kw',
      title: 'AES key wrap (RFC 3394, SP 800-38F KW)',
      about: ['Valid tests run in both directions: wrapping is deterministic. Payloads have at least two semiblocks.'],
      flags: {
        Rfc3394: 'An example of RFC 3394 section 4.',
        WrongIv: 'The recovered initial value is not A6A6A6A6A6A6A6A6.',
        WrongLength: 'No KW ciphertext has this length.',
        Changed: 'A ciphertext that was changed under way, or the key is another one.',
      },
      members: MEMBERS,
      always: ['key', 'wrapped'],
      outputs: ['payload'],
    },
    [...kwValid(), ...kwInvalid()],
  )

function kwValid(): Test[] {
  const keys = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  const data = hex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f')
  const example = (section: number, keyBytes: number, dataBytes: number, wrapped: string): Test => {
    const [key, payload] = [keys.subarray(0, keyBytes), data.subarray(0, dataBytes)]
    if (!kw(key, payload).equals(hex(wrapped))) throw new Error(`RFC 3394 section 4.${section} is not what OpenSSL computes`)
    return {
      id: `rfc_3394_section_4_${section}`,
      requirement: 'BYOK-63',
      comment: `${8 * dataBytes} bits under ${8 * keyBytes} bits, from the RFC`,
      flags: ['Rfc3394'],
      ...shown(key, hex(wrapped), payload),
      result: 'valid',
    }
  }
  const key = fromLabel('aes-kw/key', 32)
  const long = fromLabel('aes-kw/payload/1024', 1024)
  return [
    example(1, 16, 16, '1fa68b0a8112b447 aef34bd8fb5a7b82 9d3e862371d2cfe5'),
    example(2, 24, 16, '96778b25ae6ca435 f92b5b97c050aed2 468ab8a17ad84e5d'),
    example(3, 32, 16, '64e8c3f9ce0f5ba2 63e9777905818a2a 93c8191e7d6e8ae7'),
    example(4, 24, 24, '031d33264e15d332 68f24ec260743edc e1c6c7ddee725a93 6ba814915c6762d2'),
    example(5, 32, 24, 'a8f9bc1612c68b3f f6e6f4fbe30e71e4 769c8b80a32cb895 8cd5d17d6b254da1'),
    example(6, 32, 32, '28c9f404c4b810f4 cbccb35cfb87f826 3f5786e2d80ed326 cbc7f0e71a99f43b fb988b9b7a02dd21'),
    { id: 'payload_1024_bytes', requirement: 'BYOK-63', comment: 'a step counter of more than one byte', ...shown(key, kw(key, long), long), result: 'valid' },
  ]
}

function kwInvalid(): Test[] {
  const key = fromLabel('aes-kw/key', 32)
  const payload = fromLabel('aes-kw/payload/32', 32)
  const honest = kw(key, payload)
  const iv = ['WrongIv']
  const no = (id: string, requirement: string, comment: string, flags: string[], wrapped: Buffer, under = key) =>
    refused(id, requirement, comment, flags, wrapped, under)
  return [
    no('iv_first_byte', 'BYOK-63', 'one bit of the initial value differs', iv, kw(key, payload, flipped(KW_IV, 0))),
    no('iv_last_byte', 'BYOK-63', 'one bit of the initial value differs', iv, kw(key, payload, flipped(KW_IV, 7, 0x80))),
    no('iv_half', 'BYOK-63', 'only the first half is right', iv, kw(key, payload, hex('a6a6a6a600000000'))),
    no('rfc_5649_instead', 'BYOK-63', 'wrapped with padding: the initial value is A65959A6 and the length', iv, kwp(key, payload)),
    no(
      'rfc_5649_empty_padding',
      'BYOK-63',
      'as above, with the length indicator of RFC 5649 and no padding',
      iv,
      wrapSemiblocks(key, Buffer.concat([KWP_CONSTANT, u32(32)]), payload),
    ),
    no('length_zero', 'BYOK-61', 'some libraries answer nothing with nothing', ['WrongLength'], Buffer.alloc(0)),
    no('length_eight', 'BYOK-61', 'only the place of the initial value', ['WrongLength'], honest.subarray(0, 8)),
    no('length_sixteen', 'BYOK-61', 'one semiblock is below the minimum of RFC 3394', ['WrongLength'], wrapSemiblocks(key, KW_IV, payload.subarray(0, 8))),
    no('length_one_short', 'BYOK-61', 'not a multiple of eight', ['WrongLength'], honest.subarray(0, -1)),
    no('length_one_over', 'BYOK-61', 'not a multiple of eight', ['WrongLength'], Buffer.concat([honest, Buffer.of(0)])),
    no('changed_first_byte', 'BYOK-15', 'one bit', ['Changed'], flipped(honest, 0)),
    no('changed_last_byte', 'BYOK-15', 'one bit', ['Changed'], flipped(honest, -1)),
    no('length_a_block_short', 'BYOK-15', 'the last block is missing', ['WrongLength'], honest.subarray(0, -8)),
    no('other_key', 'BYOK-15', 'the key is another one', ['Changed'], honest, fromLabel('aes-kw/other-key', 32)),
  ]
}
