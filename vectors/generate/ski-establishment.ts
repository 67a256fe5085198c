/**
 * Vectors for a session key that travels under K1: a key blob inside RSA, PKCS#1 v1.5 or OAEP.
 * @module
 */
import { flipped, fromLabel, integerBytes, toInteger } from './bytes.js'
import { AZURE_OAEP, hashLength, oaepEncode, oaepEncrypt, pkcs1Encode, rsaRaw, type HashName } from './crypto.js'
import { smallCiphertext } from './core-rsa.js'
import { hexOf, keyName, oneOf, vectorFile, type Document, type Test } from './file.js'
import { modulusBytes, rsaKey, shownKeys } from './keys.js'
import { keyDataBlob, magicOf, reversed, swapped } from './ski-layouts.js'
import { sessionKey, SESSION_ALGORITHMS, type SessionAlgorithm } from './ski-session-keys.js'

const OAEP_HASH = { 'oaep-sha1': 'SHA-1', 'oaep-sha256': 'SHA-256', 'oaep-sha384': 'SHA-384', 'oaep-sha512': 'SHA-512' } as const satisfies Record<
  string,
  HashName
>
type OaepPadding = keyof typeof OAEP_HASH
type Padding = 'pkcs1' | OaepPadding
const OAEP_PADDINGS = Object.keys(OAEP_HASH) as OaepPadding[]
const PADDINGS: readonly Padding[] = ['pkcs1', ...OAEP_PADDINGS]

export const establishment = (): readonly Document[] =>
  vectorFile(
    {
      path: 'ski/establishment',
      title: 'A session key under K1: BCRYPT_KEY_DATA_BLOB inside RSA',
      about: [
        'The header of twelve bytes is inside the encryption (reading A-7), the ciphertext is a big-endian octet string as long as the modulus (A-8), the hash inside MGF1 is that of the label, the label is empty.',
        '"randomness" is the seed of OAEP, or the bytes between the block type and the separator of PKCS#1 v1.5, so that encryption is deterministic and valid tests run in both directions.',
        'The length of the key is known beforehand from "algorithm". With PKCS#1 v1.5 nothing that depends on what is inside may be seen from outside: "implicit_rejection" means that the import succeeds, with a random key of the right length in place of what was sent, and that the first use of that key fails (SKI-215). The header inside counts as padding there.',
        'With OAEP every fault inside is one refusal. What everybody can see, the length of the ciphertext, has a code and a status of its own.',
        '"status" is what CardImportSessionKey returns.',
      ],
      flags: {
        TripleDes: 'Triple DES, only where a policy says so.',
        Padding: 'The block inside is not one of this padding.',
        Hash: 'Another hash, or a label.',
        Header: 'The header of the key blob is wrong.',
        KeyLength: 'The key inside has another length than its algorithm asks for.',
        ByteOrder: 'The ciphertext is little-endian.',
        OutOfRange: 'The ciphertext is no number below the modulus, or has another length.',
        OtherKey: 'Encrypted for somebody else, or changed on the way.',
      },
      keys: shownKeys('kek-2048', 'kek-3072', 'kek-4096'),
      members: {
        k1: keyName('The card’s key for establishing keys.'),
        padding: oneOf(PADDINGS, 'The RSA padding.'),
        algorithm: oneOf(SESSION_ALGORITHMS, 'The algorithm of the session key, and the length that follows from it.'),
        wrapped: hexOf('The wrapped key: pbInput of CardImportSessionKey.'),
        key: hexOf('The session key.'),
        blob: hexOf('The key blob inside.'),
        randomness: hexOf('The randomness of the encryption.'),
        status: oneOf(['SCARD_S_SUCCESS', 'SCARD_E_INVALID_PARAMETER', 'SCARD_E_UNEXPECTED'], 'What the call returns.'),
      },
      always: ['k1', 'padding', 'algorithm', 'wrapped', 'status'],
      outputs: ['key', 'blob', 'randomness'],
    },
    [
      ...valid(),
      ...badPkcs1(),
      ...OAEP_PADDINGS.flatMap(otherHashes),
      ...badOaep(),
      ...inside('pkcs1'),
      ...inside('oaep-sha256'),
      ...outside('pkcs1'),
      ...outside('oaep-sha256'),
    ],
  )

const K1 = rsaKey('kek-2048')
const S1 = sessionKey('AES-256')
const word = (text: string) => text.replaceAll('-', '_').toLowerCase()

const requirement = (padding: Padding) => (padding === 'pkcs1' ? 'SKI-215' : 'SKI-197')

/** EME-OAEP or EME-PKCS1-v1_5 over a message, encrypted; with the randomness that was used. */
function wrap(label: string, padding: Padding, message: Buffer, k1 = 'kek-2048'): { wrapped: Buffer; randomness: Buffer } {
  const key = rsaKey(k1)
  if (padding === 'pkcs1') {
    const block = pkcs1Encode(message, modulusBytes(key), `ski/establishment/${label}`)
    return { wrapped: rsaRaw(key, block), randomness: block.subarray(2, -1 - message.length) }
  }
  const hash = OAEP_HASH[padding]
  const randomness = fromLabel(`ski/establishment/${label}`, hashLength[hash])
  return { wrapped: oaepEncrypt(key, message, { hash, mgf1: hash, label: Buffer.alloc(0) }, randomness), randomness }
}

function good(id: string, comment: string, padding: Padding, algorithm: SessionAlgorithm, k1 = 'kek-2048', flags?: readonly string[]): Test {
  const blob = keyDataBlob(sessionKey(algorithm))
  const { wrapped, randomness } = wrap(id, padding, blob, k1)
  return {
    id,
    requirement: flags ? 'SKI-64' : 'SKI-197',
    comment,
    ...(flags ? { flags } : {}),
    k1,
    padding,
    algorithm,
    wrapped: wrapped.toString('hex'),
    key: sessionKey(algorithm).toString('hex'),
    blob: blob.toString('hex'),
    randomness: randomness.toString('hex'),
    status: 'SCARD_S_SUCCESS',
    result: 'valid',
  }
}

function valid(): Test[] {
  const aes = PADDINGS.flatMap((padding) =>
    (['AES-128', 'AES-192', 'AES-256'] as const).map((algorithm) =>
      good(`${word(padding)}_${word(algorithm)}`, `${algorithm}, ${padding}`, padding, algorithm),
    ),
  )
  const longer = (['kek-3072', 'kek-4096'] as const).flatMap((k1) =>
    (['pkcs1', 'oaep-sha256'] as const).map((padding) => good(`${word(padding)}_${word(k1)}`, `K1 of ${k1.slice(4)} bits`, padding, 'AES-256', k1)),
  )
  const tripleDes = (['3DES_112', '3DES'] as const).flatMap((algorithm) =>
    (['pkcs1', 'oaep-sha256'] as const).map((padding) =>
      good(`${word(padding)}_${word(algorithm)}`, `${algorithm}, ${padding}`, padding, algorithm, 'kek-2048', ['TripleDes']),
    ),
  )
  return [...aes, ...longer, ...tripleDes]
}

/** A refused one, or with PKCS#1 v1.5 one that goes on with a random key. */
function bad(id: string, comment: string, flag: string, padding: Padding, wrapped: Buffer): Test {
  const lengthWrong = wrapped.length !== 256
  return {
    id: `${word(padding)}_${id}`,
    requirement: requirement(padding),
    comment,
    flags: [flag],
    k1: 'kek-2048',
    padding,
    algorithm: 'AES-256',
    wrapped: wrapped.toString('hex'),
    status: lengthWrong ? 'SCARD_E_INVALID_PARAMETER' : padding === 'pkcs1' ? 'SCARD_S_SUCCESS' : 'SCARD_E_UNEXPECTED',
    result: 'invalid',
    expect: lengthWrong ? 'format_invalid' : padding === 'pkcs1' ? 'implicit_rejection' : 'sealed_refused',
  }
}

function badPkcs1(): Test[] {
  const block = pkcs1Encode(keyDataBlob(S1), 256, 'ski/establishment/bad')
  const changed = (id: string, comment: string, at: number, value: number) => {
    const copy = Buffer.from(block)
    copy[at] = value
    return bad(id, comment, 'Padding', 'pkcs1', rsaRaw(K1, copy))
  }
  return [
    changed('first_byte_one', 'the block begins with 01', 0, 1),
    changed('block_type_zero', 'block type 00', 1, 0),
    changed('block_type_one', 'block type 01, that of signatures', 1, 1),
    changed('padding_zero_at_once', 'no padding: a separator in the first byte', 2, 0),
    changed('padding_seven_bytes', 'a separator behind seven bytes of padding', 9, 0),
    changed('padding_zero_before_separator', 'the message would be one byte longer', 210, 0),
    changed('separator_missing', 'no separator where the length of the key puts it', 211, 7),
    bad('made_with_oaep', 'an OAEP ciphertext', 'Padding', 'pkcs1', oaepEncrypt(K1, keyDataBlob(S1), AZURE_OAEP, fromLabel('ski/establishment/oaep', 20))),
    bad('made_without_padding', 'the blob as a number', 'Padding', 'pkcs1', rsaRaw(K1, Buffer.concat([Buffer.alloc(212), keyDataBlob(S1)]))),
  ]
}

/** One hash in place of another; each padding is read once as each other one. */
function otherHashes(padding: OaepPadding): Test[] {
  return OAEP_PADDINGS.filter((other) => other !== padding).map((other) =>
    bad(
      `made_with_${OAEP_HASH[other].replace('-', '').toLowerCase()}`,
      `made with ${OAEP_HASH[other]}`,
      'Hash',
      padding,
      wrap(`${padding}/${other}`, other, keyDataBlob(S1)).wrapped,
    ),
  )
}

function badOaep(): Test[] {
  const sha256 = { hash: 'SHA-256', mgf1: 'SHA-256', label: Buffer.alloc(0) } as const
  const seed = (id: string) => fromLabel(`ski/establishment/oaep/${id}`, 32)
  const blob = keyDataBlob(S1)
  const encoded = (id: string, comment: string, spoil: Parameters<typeof oaepEncode>[4]) =>
    bad(id, comment, 'Padding', 'oaep-sha256', rsaRaw(K1, oaepEncode(blob, 256, sha256, seed(id), spoil)))
  const other = (id: string, comment: string, oaep: Parameters<typeof oaepEncrypt>[2]) =>
    bad(id, comment, 'Hash', 'oaep-sha256', oaepEncrypt(K1, blob, oaep, seed(id)))
  return [
    encoded('first_byte_one', 'the condition that Manger asks about', { first: 1 }),
    encoded('label_hash_wrong', 'one bit of the hash of the label', { data: (data) => flipped(data, 0) }),
    encoded('separator_missing', 'zero bytes to the end', { data: (data) => Buffer.concat([data.subarray(0, 32), Buffer.alloc(data.length - 32)]) }),
    other('mgf1_sha1', 'SHA-1 inside MGF1', { ...sha256, mgf1: 'SHA-1' }),
    other('with_label', 'with a label', { ...sha256, label: Buffer.from('label') }),
    bad('made_with_pkcs1', 'a PKCS#1 v1.5 ciphertext', 'Padding', 'oaep-sha256', rsaRaw(K1, pkcs1Encode(blob, 256, 'ski/establishment/pkcs1'))),
  ]
}

/** A good padding around something else than the key blob that is wanted. */
function inside(padding: 'pkcs1' | 'oaep-sha256'): Test[] {
  const of = (id: string, comment: string, flag: string, message: Buffer) => bad(id, comment, flag, padding, wrap(`${padding}/${id}`, padding, message).wrapped)
  const blob = keyDataBlob(S1)
  const key = (length: number) => keyDataBlob(fromLabel('ski/establishment/other-length', length))
  return [
    of('header_missing', 'the key without its header', 'Header', S1),
    of('header_magic', 'another magic number', 'Header', keyDataBlob(S1, { magic: magicOf('RSA1') })),
    of('header_magic_backwards', 'the letters of the magic number in the other order', 'Header', keyDataBlob(S1, { magic: swapped(magicOf('KDBM')) })),
    of('header_version', 'version 2', 'Header', keyDataBlob(S1, { version: 2 })),
    of('header_length_one_less', 'the length in the header is a byte too small', 'Header', keyDataBlob(S1, { length: 31 })),
    of('header_length_one_more', 'the length in the header is a byte too large', 'Header', keyDataBlob(S1, { length: 33 })),
    of('header_length_backwards', 'the length in the header is big-endian', 'Header', keyDataBlob(S1, { length: swapped(32) })),
    of('blob_truncated', 'the last byte of the key is missing', 'KeyLength', blob.subarray(0, -1)),
    of('blob_trailing_byte', 'a zero byte behind the key', 'KeyLength', Buffer.concat([blob, Buffer.of(0)])),
    of('key_of_aes_128', 'a key of 16 bytes where AES-256 is announced', 'KeyLength', key(16)),
    of('key_of_aes_192', 'a key of 24 bytes where AES-256 is announced', 'KeyLength', key(24)),
    of('key_of_20_bytes', 'a length that no algorithm has', 'KeyLength', key(20)),
    of('key_of_33_bytes', 'a byte more than the longest key', 'KeyLength', key(33)),
    of('key_of_no_bytes', 'a header and no key', 'KeyLength', key(0)),
    of('message_empty', 'nothing at all', 'KeyLength', Buffer.alloc(0)),
  ]
}

/** What happens to a ciphertext on the way. */
function outside(padding: 'pkcs1' | 'oaep-sha256'): Test[] {
  const blob = keyDataBlob(S1)
  const { wrapped } = wrap(`${padding}/outside`, padding, blob)
  const small = smallCiphertext(`ski/establishment/${padding}`, K1.n, (seed) => wrap(`${padding}/${seed.toString('hex')}`, padding, blob).wrapped)
  const of = (id: string, comment: string, flag: string, ciphertext: Buffer) => bad(id, comment, flag, padding, ciphertext)
  return [
    of('ciphertext_little_endian', 'the ciphertext has the byte order of CryptoAPI', 'ByteOrder', reversed(wrapped)),
    of('made_for_another_key', 'encrypted for another key of the same size', 'OtherKey', wrap(`${padding}/other`, padding, blob, 'kek-2048-other').wrapped),
    of('changed_first_byte', 'one bit changed', 'OtherKey', flipped(wrapped, 0)),
    of('changed_last_byte', 'one bit changed', 'OtherKey', flipped(wrapped, -1)),
    of('ciphertext_zero', 'decrypts to zero', 'OutOfRange', Buffer.alloc(256)),
    of('ciphertext_over_modulus', 'a good ciphertext plus the modulus: the same residue', 'OutOfRange', integerBytes(toInteger(small) + K1.n, 256)),
    of('ciphertext_one_byte_short', 'the last byte is missing', 'OutOfRange', wrapped.subarray(0, -1)),
    of('ciphertext_one_byte_over', 'a zero byte behind', 'OutOfRange', Buffer.concat([wrapped, Buffer.of(0)])),
    of('ciphertext_empty', 'no bytes', 'OutOfRange', Buffer.alloc(0)),
  ]
}
