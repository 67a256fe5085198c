/**
 * Vectors for key derivation: HKDF, the X9.63 KDF, and the one-step KDF of SP 800-56C with a hash and with HMAC.
 * @module
 */
import { hkdfSync } from 'node:crypto'
import { fromLabel, hex, u32 } from './bytes.js'
import { digest, hashLength, HASHES, hmac, type HashName } from './crypto.js'
import { hash, hexOf, oneOf, vectorFile, whole, type Document, type Test } from './file.js'

type Kdf = 'HKDF' | 'X9.63' | 'concat' | 'concat-HMAC'

export const kdf = (): readonly Document[] =>
  vectorFile(
    {
      path: 'core/kdf',
      title: 'Key derivation: HKDF (RFC 5869), X9.63 KDF (SEC 1 section 3.6.1), one-step KDF (SP 800-56C r2 section 4.1)',
      about: [
        'HKDF: extract and expand. X9.63: H(secret, counter, info). concat: H(counter, secret, info). concat-HMAC: HMAC(salt, counter, secret, info). Counters have four bytes and begin at 1.',
        'Wrong arguments of a derivation are mistakes of its caller, so there is no invalid test.',
      ],
      flags: { Rfc5869: 'A test case of RFC 5869 appendix A.', ManyBlocks: 'More output than one digest.' },
      members: {
        kdf: oneOf(['HKDF', 'X9.63', 'concat', 'concat-HMAC'], 'Which derivation.'),
        hash: hash('The hash.'),
        secret: hexOf('The input key material.'),
        salt: hexOf('The salt of HKDF, or the HMAC key of concat-HMAC.'),
        info: hexOf('The shared or fixed information.'),
        length: whole('How many bytes are wanted.'),
        output: hexOf('The derived bytes.'),
      },
      always: ['kdf', 'hash', 'secret', 'info', 'length'],
      outputs: ['output'],
    },
    [...rfc5869(), ...HASHES.flatMap(ofHash)],
  )

function derive(name: Kdf, hashName: HashName, secret: Buffer, salt: Buffer, info: Buffer, length: number): Buffer {
  if (name === 'HKDF') return Buffer.from(hkdfSync(hashName.replace('-', ''), secret, salt, info, length))
  const block = (counter: Buffer): Buffer => {
    if (name === 'X9.63') return digest(hashName, secret, counter, info)
    return name === 'concat' ? digest(hashName, counter, secret, info) : hmac(hashName, salt, counter, secret, info)
  }
  return Buffer.concat(Array.from({ length: Math.ceil(length / hashLength[hashName]) }, (_, i) => block(u32(i + 1)))).subarray(0, length)
}

function test(id: string, comment: string, name: Kdf, hashName: HashName, secret: Buffer, salt: Buffer, info: Buffer, length: number, flags: string[]): Test {
  return {
    id,
    source: {
      HKDF: 'RFC 5869 section 2',
      'X9.63': 'SEC 1 section 3.6.1',
      concat: 'SP 800-56C r2 section 4.1, option 1',
      'concat-HMAC': 'SP 800-56C r2 section 4.1, option 2',
    }[name],
    comment,
    ...(flags.length > 0 ? { flags } : {}),
    kdf: name,
    hash: hashName,
    secret: secret.toString('hex'),
    ...(name === 'HKDF' || name === 'concat-HMAC' ? { salt: salt.toString('hex') } : {}),
    info: info.toString('hex'),
    length,
    result: 'valid',
    output: derive(name, hashName, secret, salt, info, length).toString('hex'),
  }
}

function rfc5869(): Test[] {
  const range = (from: number, to: number) => Buffer.from(Array.from({ length: to - from + 1 }, (_, i) => from + i))
  const example = (id: string, hashName: HashName, secret: Buffer, salt: Buffer, info: Buffer, length: number, output: string): Test => {
    const made = test(id, 'from the RFC', 'HKDF', hashName, secret, salt, info, length, ['Rfc5869'])
    if (made['output'] !== output) throw new Error(`${id} is not what OpenSSL computes`)
    return made
  }
  return [
    example(
      'rfc_5869_case_1',
      'SHA-256',
      Buffer.alloc(22, 0x0b),
      range(0, 12),
      range(0xf0, 0xf9),
      42,
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ),
    example(
      'rfc_5869_case_3',
      'SHA-256',
      Buffer.alloc(22, 0x0b),
      Buffer.alloc(0),
      Buffer.alloc(0),
      42,
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ),
    example(
      'rfc_5869_case_4',
      'SHA-1',
      Buffer.alloc(11, 0x0b),
      range(0, 12),
      range(0xf0, 0xf9),
      42,
      '085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896',
    ),
  ]
}

function ofHash(name: HashName): Test[] {
  const short = name.replace('-', '').toLowerCase()
  const secret = fromLabel(`kdf/secret/${name}`, 32)
  const salt = fromLabel(`kdf/salt/${name}`, hashLength[name])
  const info = hex('6b6579666572727920746573742076656374')
  const make = (id: string, comment: string, kind: Kdf, length: number, information = info) =>
    test(`${id}_${short}`, comment, kind, name, secret, salt, information, length, length > hashLength[name] ? ['ManyBlocks'] : [])
  return [
    make('hkdf_32_bytes', 'an AES-256 key', 'HKDF', 32),
    make('x963_16_bytes', 'an AES-128 key', 'X9.63', 16),
    make('x963_100_bytes', 'a part of the last digest is left over', 'X9.63', 100),
    make('x963_no_info', 'no shared information', 'X9.63', hashLength[name], Buffer.alloc(0)),
    make('concat_one_digest', 'exactly one digest', 'concat', hashLength[name]),
    make('concat_100_bytes', 'a part of the last digest is left over', 'concat', 100),
    make('concat_hmac_48_bytes', 'two AES-192 keys', 'concat-HMAC', 48),
  ]
}
