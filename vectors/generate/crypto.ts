/**
 * The cryptography behind the vectors, on node:crypto (that is, on OpenSSL): honest building blocks, and the same with
 * one thing wrong.
 * @module
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  type KeyObject,
} from 'node:crypto'
import { padded8, u32 } from './bytes.js'
import { modulusBytes, rsaPkcs8, rsaSpki, type RsaNumbers } from './keys.js'

export type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

export const HASHES: readonly HashName[] = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']
export const hashLength: Readonly<Record<HashName, number>> = { 'SHA-1': 20, 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 }

const node = (hash: HashName): string => hash.replace('-', '').toLowerCase()

export const digest = (hash: HashName, ...parts: readonly Buffer[]): Buffer => createHash(node(hash)).update(Buffer.concat(parts)).digest()
export const hmac = (hash: HashName, key: Buffer, ...parts: readonly Buffer[]): Buffer => createHmac(node(hash), key).update(Buffer.concat(parts)).digest()

/** The constant of RFC 5649 §3. */
export const KWP_CONSTANT: Buffer = Buffer.from('a65959a6', 'hex')

/** The initial value of RFC 3394 §2.2.3.1. */
export const KW_IV: Buffer = Buffer.alloc(8, 0xa6)

/** The wrapping function of SP 800-38F over an initial value of eight bytes and whole semiblocks, neither of them checked. */
export function wrapSemiblocks(key: Buffer, iv: Buffer, semiblocks: Buffer): Buffer {
  if (semiblocks.length === 8) {
    const block = createCipheriv(`aes-${8 * key.length}-ecb`, key, null).setAutoPadding(false)
    return Buffer.concat([block.update(Buffer.concat([iv, semiblocks])), block.final()])
  }
  const wrap = createCipheriv(`aes${8 * key.length}-wrap`, key, iv)
  return Buffer.concat([wrap.update(semiblocks), wrap.final()])
}

/** AES-KW, RFC 3394. */
export const kw = (key: Buffer, payload: Buffer, iv: Buffer = KW_IV): Buffer => wrapSemiblocks(key, iv, payload)

/** AES-KWP, RFC 5649, by OpenSSL's own padding. */
export function kwp(key: Buffer, payload: Buffer): Buffer {
  const wrap = createCipheriv(`id-aes${8 * key.length}-wrap-pad`, key, KWP_CONSTANT)
  const wrapped = Buffer.concat([wrap.update(payload), wrap.final()])
  const unwrap = createDecipheriv(`id-aes${8 * key.length}-wrap-pad`, key, KWP_CONSTANT)
  if (!Buffer.concat([unwrap.update(wrapped), unwrap.final()]).equals(payload)) throw new Error('KWP does not open')
  return wrapped
}

/** AES-KWP with a part of the initial value, or the padding, chosen. */
export function kwpSpoilt(key: Buffer, payload: Buffer, spoil: { constant?: Buffer; mli?: number; padding?: Buffer }): Buffer {
  const { constant = KWP_CONSTANT, mli = payload.length, padding } = spoil
  const semiblocks = padding ? Buffer.concat([payload, padding]) : padded8(payload)
  if (semiblocks.length % 8 !== 0) throw new RangeError('the padding does not fill a semiblock')
  return wrapSemiblocks(key, Buffer.concat([constant, u32(mli)]), semiblocks)
}

/** PKCS#7 padding to eight bytes, then RFC 3394: what some tokens mean by CKM_AES_KEY_WRAP_PAD. */
export function kwOfPkcs7(key: Buffer, payload: Buffer): Buffer {
  const count = 8 - (payload.length % 8)
  return kw(key, Buffer.concat([payload, Buffer.alloc(count, count)]))
}

/** AES-CMAC (RFC 4493). */
export function cmac(key: Buffer, message: Buffer): Buffer {
  const encrypt = (block: Buffer) =>
    createCipheriv(`aes-${8 * key.length}-ecb`, key, null)
      .setAutoPadding(false)
      .update(block)
  const double = (block: Buffer) => {
    const value = (BigInt(`0x${block.toString('hex')}`) << 1n) & ((1n << 128n) - 1n)
    const reduced = block[0]! & 0x80 ? value ^ 0x87n : value
    return Buffer.from(reduced.toString(16).padStart(32, '0'), 'hex')
  }
  const xor = (a: Buffer, b: Buffer) => a.map((byte, i) => byte ^ b[i]!) as Buffer
  const k1 = double(encrypt(Buffer.alloc(16)))
  const whole = message.length > 0 && message.length % 16 === 0
  const filled = whole ? message : Buffer.concat([message, Buffer.of(0x80), Buffer.alloc(15 - (message.length % 16))])
  let state = Buffer.alloc(16)
  for (let at = 0; at < filled.length; at += 16) {
    const last = at + 16 === filled.length
    const block = filled.subarray(at, at + 16)
    state = Buffer.from(encrypt(xor(state, last ? xor(block, whole ? k1 : double(k1)) : block)))
  }
  return state
}

/** MGF1 (RFC 8017 B.2.1). */
export function mgf1(hash: HashName, seed: Buffer, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / hashLength[hash]) }, (_, i) => digest(hash, seed, u32(i)))
  return Buffer.concat(blocks).subarray(0, length)
}

export interface Oaep {
  readonly hash: HashName
  readonly mgf1: HashName
  readonly label: Buffer
}

/** What the mechanism of Azure uses. */
export const AZURE_OAEP: Oaep = { hash: 'SHA-1', mgf1: 'SHA-1', label: Buffer.alloc(0) }

/** EME-OAEP (RFC 8017 §7.1.1) into `length` bytes. `spoil` may change DB or the first byte of the result. */
export function oaepEncode(
  message: Buffer,
  length: number,
  oaep: Oaep,
  seed: Buffer,
  spoil: { data?: (data: Buffer, start: number) => Buffer; first?: number } = {},
): Buffer {
  const size = hashLength[oaep.hash]
  if (seed.length !== size) throw new RangeError('the seed has the length of the hash')
  const zeros = length - message.length - 2 * size - 2
  if (zeros < 0) throw new RangeError('the message is too long')
  const honest = Buffer.concat([digest(oaep.hash, oaep.label), Buffer.alloc(zeros), Buffer.of(1), message])
  const data = spoil.data ? spoil.data(honest, size + zeros) : honest
  if (data.length !== honest.length) throw new RangeError('DB keeps its length')
  const maskedData = xor(data, mgf1(oaep.mgf1, seed, data.length))
  const maskedSeed = xor(seed, mgf1(oaep.mgf1, maskedData, size))
  return Buffer.concat([Buffer.of(spoil.first ?? 0), maskedSeed, maskedData])
}

/** RSAES-OAEP with a given seed. Where OpenSSL can open it, it has to. */
export function oaepEncrypt(key: RsaNumbers, message: Buffer, oaep: Oaep, seed: Buffer): Buffer {
  const ciphertext = rsaRaw(key, oaepEncode(message, modulusBytes(key), oaep, seed))
  if (oaep.hash === oaep.mgf1) {
    const opened = privateDecrypt(
      { key: privateKey(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: node(oaep.hash), oaepLabel: oaep.label },
      ciphertext,
    )
    if (!opened.equals(message)) throw new Error('OAEP does not open')
  }
  return ciphertext
}

/** EME-PKCS1-v1_5 (RFC 8017 §7.2.1). The padding is derived from `label` and has no zero byte. */
export function pkcs1Encode(message: Buffer, length: number, label: string): Buffer {
  const padding = Buffer.alloc(length - message.length - 3)
  for (let i = 0; i < padding.length; i++) padding[i] = 1 + (digest('SHA-256', Buffer.from(`keyferry vectors: ${label}`), u32(i)).readUInt32BE() % 255)
  return Buffer.concat([Buffer.of(0, 2), padding, Buffer.of(0), message])
}

/** The RSA public operation on a block as long as the modulus. */
export function rsaRaw(key: Pick<RsaNumbers, 'n' | 'e'>, block: Buffer): Buffer {
  return publicEncrypt({ key: publicKey(key), padding: constants.RSA_NO_PADDING }, block)
}

/** The blob of CKM_RSA_AES_KEY_WRAP. */
export const rsaAesWrap = (kek: RsaNumbers, ephemeral: Buffer, payload: Buffer, oaep: Oaep, seed: Buffer): Buffer =>
  Buffer.concat([oaepEncrypt(kek, ephemeral, oaep, seed), kwp(ephemeral, payload)])

const privateKeys = new Map<bigint, KeyObject>()
const publicKeys = new Map<bigint, KeyObject>()

function privateKey(key: RsaNumbers): KeyObject {
  let object = privateKeys.get(key.n)
  if (!object) privateKeys.set(key.n, (object = createPrivateKey({ key: rsaPkcs8(key), format: 'der', type: 'pkcs8' })))
  return object
}

function publicKey(key: Pick<RsaNumbers, 'n' | 'e'>): KeyObject {
  let object = publicKeys.get(key.n)
  if (!object) publicKeys.set(key.n, (object = createPublicKey({ key: rsaSpki(key), format: 'der', type: 'spki' })))
  return object
}

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ b[i]!))
