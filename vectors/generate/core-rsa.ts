/**
 * Vectors for RSAES-OAEP and RSAES-PKCS1-v1_5 (RFC 8017 §7).
 * @module
 */
import { flipped, fromLabel, integerBytes, toInteger, u32 } from './bytes.js'
import { AZURE_OAEP, digest, hashLength, HASHES, hmac, oaepEncode, oaepEncrypt, pkcs1Encode, rsaRaw, type HashName, type Oaep } from './crypto.js'
import { hash, hexOf, keyName, vectorFile, whole, type Document, type Test } from './file.js'
import { modulusBytes, rsaKey, shownKeys } from './keys.js'

const kek = rsaKey('kek-2048')
const MESSAGE = fromLabel('rsa-oaep/message', 32)

export const rsaOaep = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/rsa-oaep',
      title: 'RSAES-OAEP (RFC 8017 section 7.1)',
      about: [
        'Encryption is deterministic given "seed", so valid tests can run in both directions; a library that draws its own seed decrypts.',
        'Every invalid test has the same refusal: whoever can tell two of them apart can decrypt (Manger 2001).',
      ],
      flags: {
        Hashes: 'The hash and the hash inside MGF1 are chosen apart.',
        Label: 'The label is part of the ciphertext.',
        OutOfRange: 'The ciphertext is no number below the modulus, or has another length.',
        Encoding: 'The block inside is not an OAEP encoding.',
        OtherScheme: 'Encrypted by something else, or for somebody else.',
      },
      keys: shownKeys('kek-2048', 'kek-3072', 'kek-4096', 'kek-2048-other'),
      members: {
        key: keyName('The private key.'),
        hash: hash('The hash of the label.'),
        mgf1: hash('The hash inside MGF1.'),
        label: hexOf('The label.'),
        seed: hexOf('The seed of the encryption.'),
        message: hexOf('The plaintext.'),
        ciphertext: hexOf('The ciphertext.'),
      },
      always: ['key', 'hash', 'mgf1', 'label', 'ciphertext'],
      outputs: ['seed', 'message'],
    },
    [...oaepValid(), ...oaepRange(), ...oaepEncoding(), ...oaepScheme()],
  )

const parameters = (key: string, { hash: name, mgf1, label }: Oaep) => ({ key, hash: name, mgf1, label: label.toString('hex') })

function oaepTest(id: string, requirement: string, comment: string, oaep: Oaep, message: Buffer, { key = 'kek-2048', flags = [] as string[] } = {}): Test {
  const seed = fromLabel(`rsa-oaep/seed/${id}`, hashLength[oaep.hash])
  return {
    id,
    requirement,
    comment,
    ...(flags.length > 0 ? { flags } : {}),
    ...parameters(key, oaep),
    seed: seed.toString('hex'),
    message: message.toString('hex'),
    ciphertext: oaepEncrypt(rsaKey(key), message, oaep, seed).toString('hex'),
    result: 'valid',
  }
}

function oaepValid(): Test[] {
  const short = (name: HashName) => name.replace('-', '').toLowerCase()
  const pairs = HASHES.flatMap((name) =>
    HASHES.map((inner) =>
      oaepTest(
        `${short(name)}_mgf1_${short(inner)}`,
        'BYOK-63',
        name === 'SHA-1' && inner === 'SHA-1' ? 'what the mechanism uses' : 'hash and MGF1 hash are independent',
        { hash: name, mgf1: inner, label: Buffer.alloc(0) },
        MESSAGE,
        { flags: ['Hashes'] },
      ),
    ),
  )
  const labelled = (id: string, label: Buffer) => oaepTest(id, 'BYOK-63', 'with a label', { ...AZURE_OAEP, label }, MESSAGE, { flags: ['Label'] })
  return [
    ...pairs,
    labelled('label_short', Buffer.from('label')),
    labelled('label_one_zero_byte', Buffer.of(0)),
    labelled('label_long', fromLabel('rsa-oaep/label', 200)),
    oaepTest('message_empty', 'BYOK-52', 'the separator is the last byte', AZURE_OAEP, Buffer.alloc(0)),
    oaepTest('message_one_byte', 'BYOK-52', 'a message that is equal to the separator', AZURE_OAEP, Buffer.of(1)),
    oaepTest('message_zeros', 'BYOK-52', 'the separator ends the zero bytes, the message may begin with more', AZURE_OAEP, Buffer.alloc(32)),
    oaepTest('message_longest', 'BYOK-52', 'no zero bytes in front of the separator', AZURE_OAEP, fromLabel('rsa-oaep/longest', 256 - 42)),
    oaepTest(
      'message_longest_sha256',
      'BYOK-52',
      'no zero bytes in front of the separator',
      { ...AZURE_OAEP, hash: 'SHA-256', mgf1: 'SHA-256' },
      fromLabel('rsa-oaep/longest', 256 - 66),
    ),
    oaepTest('key_3072', 'BYOK-34', 'a longer key', AZURE_OAEP, MESSAGE, { key: 'kek-3072' }),
    oaepTest('key_4096', 'BYOK-34', 'a longer key', AZURE_OAEP, MESSAGE, { key: 'kek-4096' }),
  ]
}

const refused = (id: string, requirement: string, comment: string, flags: string[], ciphertext: Buffer, oaep = AZURE_OAEP, key = 'kek-2048'): Test => ({
  id,
  requirement,
  comment,
  flags,
  ...parameters(key, oaep),
  ciphertext: ciphertext.toString('hex'),
  result: 'invalid',
  expect: 'decryption_failed',
})

/** A ciphertext so small that the modulus can be added to it. */
export function smallCiphertext(label: string, n: bigint, make: (seed: Buffer) => Buffer): Buffer {
  const limit = (1n << BigInt(8 * integerBytes(n).length)) - n
  for (let i = 0; ; i++) {
    const ciphertext = make(fromLabel(`${label}/${i}`, 20))
    if (toInteger(ciphertext) < limit) return ciphertext
  }
}

function oaepRange(): Test[] {
  const honest = oaepEncrypt(kek, MESSAGE, AZURE_OAEP, fromLabel('rsa-oaep/range', 20))
  const small = smallCiphertext('rsa-oaep/small', kek.n, (seed) => rsaRaw(kek, oaepEncode(MESSAGE, 256, AZURE_OAEP, seed)))
  const flags = ['OutOfRange']
  return [
    refused('ciphertext_is_modulus', 'BYOK-51', 'congruent to zero', flags, integerBytes(kek.n)),
    refused(
      'ciphertext_over_modulus',
      'BYOK-51',
      'a good ciphertext plus the modulus: the same residue, another name for it',
      flags,
      integerBytes(toInteger(small) + kek.n, 256),
    ),
    refused('ciphertext_all_ones', 'BYOK-51', 'the largest number of this length', flags, Buffer.alloc(256, 0xff)),
    refused('ciphertext_zero', 'BYOK-52', 'decrypts to zero', flags, Buffer.alloc(256)),
    refused('ciphertext_one', 'BYOK-52', 'decrypts to one', flags, integerBytes(1n, 256)),
    refused('ciphertext_modulus_less_one', 'BYOK-52', 'decrypts to itself', flags, integerBytes(kek.n - 1n)),
    refused('ciphertext_empty', 'BYOK-61', 'no bytes', flags, Buffer.alloc(0)),
    refused('ciphertext_one_byte_short', 'BYOK-61', 'the last byte is missing', flags, honest.subarray(0, -1)),
    refused('ciphertext_one_byte_over', 'BYOK-61', 'a zero byte behind', flags, Buffer.concat([honest, Buffer.of(0)])),
    refused('ciphertext_leading_zero', 'BYOK-61', 'the same number with a zero byte in front', flags, Buffer.concat([Buffer.of(0), honest])),
  ]
}

function oaepEncoding(): Test[] {
  const flags = ['Encoding']
  const encoded = (id: string, comment: string, spoil: Parameters<typeof oaepEncode>[4], message = MESSAGE) =>
    refused(id, 'BYOK-52', comment, flags, rsaRaw(kek, oaepEncode(message, 256, AZURE_OAEP, fromLabel(`rsa-oaep/seed/${id}`, 20), spoil)))
  const at = (index: number, value: number) => ({
    data: (data: Buffer) => {
      const copy = Buffer.from(data)
      copy[index] = value
      return copy
    },
  })
  // DB: 20 bytes of hash, 170 zero bytes, 01, 32 bytes of message.
  return [
    encoded('first_byte_one', 'the condition that Manger asks about', { first: 1 }),
    encoded('first_byte_highest', 'as large as the modulus allows', { first: 0x7f }),
    encoded('hash_first_byte', 'one bit of the hash of the label', { data: (data) => flipped(data, 0) }),
    encoded('hash_last_byte', 'one bit of the hash of the label', { data: (data) => flipped(data, 19, 0x80) }),
    encoded('hash_zero', 'no hash at all', { data: (data) => Buffer.concat([Buffer.alloc(20), data.subarray(20)]) }),
    encoded('padding_first_byte', 'a byte that is neither zero nor the separator, directly behind the hash', at(20, 2)),
    encoded('padding_middle_byte', 'a byte that is neither zero nor the separator', at(100, 0x80)),
    encoded('padding_last_byte', 'a byte that is neither zero nor the separator, directly in front of it', at(189, 0xff)),
    encoded('separator_two', 'the separator is 02', at(190, 2)),
    encoded('separator_missing', 'zero bytes to the end', { data: (data) => Buffer.concat([data.subarray(0, 20), Buffer.alloc(data.length - 20)]) }),
    encoded('separator_missing_no_zeros', 'no byte of the block is a separator', {
      data: (data) => Buffer.concat([data.subarray(0, 20), Buffer.alloc(data.length - 20, 3)]),
    }),
  ]
}

function oaepScheme(): Test[] {
  const flags = ['OtherScheme']
  const seed = (id: string, name: HashName = 'SHA-1') => fromLabel(`rsa-oaep/seed/${id}`, hashLength[name])
  const made = (id: string, comment: string, oaep: Partial<Oaep>, read: Partial<Oaep> = {}) =>
    refused(
      id,
      'BYOK-63',
      comment,
      [...flags, ...('label' in oaep || 'label' in read ? ['Label'] : ['Hashes'])],
      oaepEncrypt(kek, MESSAGE, { ...AZURE_OAEP, ...oaep }, seed(id, oaep.hash)),
      {
        ...AZURE_OAEP,
        ...read,
      },
    )
  const honest = oaepEncrypt(kek, MESSAGE, AZURE_OAEP, seed('changed'))
  return [
    made('made_with_sha256', 'made with SHA-256 for both, read with SHA-1', { hash: 'SHA-256', mgf1: 'SHA-256' }),
    made('made_with_mgf1_sha256', 'made with SHA-256 inside MGF1, read with SHA-1', { mgf1: 'SHA-256' }),
    made('made_with_sha256_mgf1_sha1', 'made with SHA-256 for the label and SHA-1 inside MGF1, read with SHA-1', { hash: 'SHA-256' }),
    made('made_with_label', 'made with a label, read without', { label: Buffer.from('label') }),
    made('made_without_label', 'made without a label, read with one', {}, { label: Buffer.from('label') }),
    made('made_with_longer_label', 'the label is longer by a zero byte', { label: Buffer.from('label\0') }, { label: Buffer.from('label') }),
    refused('made_with_pkcs1', 'BYOK-63', 'RSAES-PKCS1-v1_5 is never accepted', flags, rsaRaw(kek, pkcs1Encode(MESSAGE, 256, 'rsa-oaep/pkcs1'))),
    refused('made_without_padding', 'BYOK-63', 'the message as a number', flags, rsaRaw(kek, Buffer.concat([Buffer.alloc(224), MESSAGE]))),
    refused(
      'made_for_other_key',
      'BYOK-15',
      'encrypted for another key of the same size',
      flags,
      oaepEncrypt(rsaKey('kek-2048-other'), MESSAGE, AZURE_OAEP, seed('other')),
    ),
    refused('changed_first_byte', 'BYOK-15', 'one bit changed', flags, flipped(honest, 0)),
    refused('changed_last_byte', 'BYOK-15', 'one bit changed', flags, flipped(honest, -1)),
  ]
}

export const rsaPkcs1 = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/rsa-pkcs1',
      title: 'RSAES-PKCS1-v1_5 (RFC 8017 section 7.2) with implicit rejection',
      about: [
        'The caller knows the length of the message. Valid tests decrypt to "message".',
        'Invalid tests never fail: "expect" is "synthetic", which means that decryption ends well with "length" bytes that look random, are the same at every try, and are not the end of the block inside.',
        '"synthetic" holds those bytes as draft-irtf-cfrg-rsa-guidance derives them from the key and the ciphertext (KDK = HMAC-SHA-256(SHA-256(d), C), the last "length" bytes of its PRF for "message"). An implementation may derive them in another way. The draft says nothing about ciphertexts of a wrong length.',
        'BYOK itself never uses this scheme; it is here because accepting it, or failing on it, is the classic oracle.',
      ],
      flags: {
        Padding: 'The block inside is not one.',
        OutOfRange: 'The ciphertext is no number below the modulus, or has another length.',
        OtherLength: 'The message has another length than the caller wants.',
      },
      keys: shownKeys('kek-2048', 'kek-3072'),
      members: {
        key: keyName('The private key.'),
        ciphertext: hexOf('The ciphertext.'),
        length: whole('The length of the message that the caller wants.'),
        message: hexOf('The plaintext.'),
        synthetic: hexOf('The bytes that take the place of the message.'),
      },
      always: ['key', 'ciphertext', 'length'],
      outputs: ['message'],
    },
    [...pkcs1Valid(), ...pkcs1Invalid()],
  )

function pkcs1Valid(): Test[] {
  const good = (id: string, comment: string, message: Buffer, name = 'kek-2048'): Test => ({
    id,
    requirement: 'BYOK-50',
    comment,
    key: name,
    ciphertext: rsaRaw(rsaKey(name), pkcs1Encode(message, modulusBytes(rsaKey(name)), `rsa-pkcs1/${id}`)).toString('hex'),
    length: message.length,
    message: message.toString('hex'),
    result: 'valid',
  })
  return [
    good('message_32_bytes', 'an AES-256 key', MESSAGE),
    good('message_16_bytes', 'an AES-128 key', MESSAGE.subarray(0, 16)),
    good('message_24_bytes', 'a triple DES key', MESSAGE.subarray(0, 24)),
    good('message_empty', 'the separator is the last byte', Buffer.alloc(0)),
    good(
      'message_begins_with_zero',
      'the first zero byte behind the padding is the separator, not the last',
      Buffer.concat([Buffer.alloc(3), MESSAGE.subarray(3)]),
    ),
    good('message_longest', 'eight bytes of padding, the fewest', fromLabel('rsa-pkcs1/longest', 245)),
    good('key_3072', 'a longer key', MESSAGE, 'kek-3072'),
  ]
}

/** What the guidance derives in place of a message. */
function synthetic(ciphertext: Buffer, length: number): Buffer {
  const k = modulusBytes(kek)
  const secret = digest('SHA-256', integerBytes(kek.d, k))
  const kdk = hmac('SHA-256', secret, ciphertext)
  const u16 = (value: number) => u32(value).subarray(2)
  const blocks = Array.from({ length: k / 32 }, (_, i) => hmac('SHA-256', kdk, u16(i), Buffer.from('message'), u16(8 * k)))
  return Buffer.concat(blocks).subarray(k - length)
}

function pkcs1Invalid(): Test[] {
  const block = pkcs1Encode(MESSAGE, 256, 'rsa-pkcs1/bad')
  const bad = (id: string, comment: string, flags: string[], ciphertext: Buffer, length = 32): Test => ({
    id,
    requirement: 'BYOK-50',
    comment,
    flags,
    key: 'kek-2048',
    ciphertext: ciphertext.toString('hex'),
    length,
    result: 'invalid',
    expect: 'synthetic',
    ...(ciphertext.length === 256 ? { synthetic: synthetic(ciphertext, length).toString('hex') } : {}),
  })
  const padding = (id: string, comment: string, at: number, value: number) => {
    const changed = Buffer.from(block)
    changed[at] = value
    return bad(id, comment, ['Padding'], rsaRaw(kek, changed))
  }
  const honest = rsaRaw(kek, block)
  const small = smallCiphertext('rsa-pkcs1/small', kek.n, (seed) => rsaRaw(kek, pkcs1Encode(MESSAGE, 256, seed.toString('hex'))))
  return [
    padding('first_byte_one', 'the block begins with 01', 0, 1),
    padding('block_type_zero', 'block type 00', 1, 0),
    padding('block_type_one', 'block type 01, that of signatures', 1, 1),
    padding('block_type_three', 'block type 03', 1, 3),
    padding('padding_zero_at_once', 'no padding: a separator in the first byte', 2, 0),
    padding('padding_seven_bytes', 'a separator behind seven bytes of padding', 9, 0),
    padding('padding_eight_bytes', 'a separator behind eight bytes of padding: a longer message than wanted', 10, 0),
    padding('padding_zero_before_separator', 'the message would be one byte longer', 222, 0),
    padding('separator_missing', 'no separator where the length puts it, nor before', 223, 7),
    bad(
      'message_shorter',
      'a message of 31 bytes where 32 are wanted',
      ['OtherLength'],
      rsaRaw(kek, pkcs1Encode(MESSAGE.subarray(1), 256, 'rsa-pkcs1/shorter')),
    ),
    bad(
      'message_longer',
      'a message of 33 bytes where 32 are wanted',
      ['OtherLength'],
      rsaRaw(kek, pkcs1Encode(fromLabel('rsa-pkcs1/33', 33), 256, 'rsa-pkcs1/longer')),
    ),
    bad('length_differs', 'a good message of 32 bytes, read as one of 16', ['OtherLength'], honest, 16),
    bad('made_with_oaep', 'an OAEP ciphertext', ['Padding'], oaepEncrypt(kek, MESSAGE, AZURE_OAEP, fromLabel('rsa-pkcs1/oaep', 20))),
    bad('ciphertext_zero', 'decrypts to zero', ['OutOfRange'], Buffer.alloc(256)),
    bad('ciphertext_is_modulus', 'congruent to zero', ['OutOfRange'], integerBytes(kek.n)),
    bad('ciphertext_over_modulus', 'a good ciphertext plus the modulus', ['OutOfRange'], integerBytes(toInteger(small) + kek.n, 256)),
    bad('ciphertext_one_byte_short', 'the first byte is missing', ['OutOfRange'], honest.subarray(1)),
    bad('ciphertext_one_byte_over', 'a zero byte in front', ['OutOfRange'], Buffer.concat([Buffer.of(0), honest])),
  ]
}
