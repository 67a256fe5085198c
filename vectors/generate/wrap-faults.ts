/**
 * Transfer blobs with one fault each, for the checks that need no knowledge of the payload: the split, and U1 to U6.
 * @module
 */
import { flipped, fromLabel, integerBytes, padded8, toInteger } from './bytes.js'
import { smallCiphertext } from './core-rsa.js'
import { AZURE_OAEP, hashLength, kw, KWP_CONSTANT, kwOfPkcs7, kwp, kwpSpoilt, oaepEncode, oaepEncrypt, pkcs1Encode, rsaRaw, type Oaep } from './crypto.js'
import { modulusBytes, rsaKey } from './keys.js'

export interface BlobFault {
  readonly id: string
  readonly requirement: string
  readonly comment: string
  readonly kek: string
  readonly blob: Buffer
  readonly check: 'split' | 'U1' | 'U2' | 'U3' | 'U4' | 'U5' | 'U6'
}

const EPHEMERAL = fromLabel('wrap-faults/ephemeral', 32)
const SEED = fromLabel('wrap-faults/seed', 20)

/** A payload under each fault. The KEK sizes take turns. */
export function mechanismFaults(payload: Buffer): readonly BlobFault[] {
  return [...ofSplit(payload), ...ofU1(payload), ...ofU2(payload), ...ofU3(payload), ...ofKwp(payload)]
}

const join = (first: Buffer, second: Buffer) => Buffer.concat([first, second])

/** An honest C1 of some ephemeral key. */
const c1 = (kek: string, ephemeral = EPHEMERAL, oaep: Oaep = AZURE_OAEP): Buffer =>
  oaepEncrypt(rsaKey(kek), ephemeral, oaep, fromLabel('wrap-faults/seed', hashLength[oaep.hash]))

/** The first ciphertext, by its seed, that is below the modulus of a KEK that it was not made for. */
function belowModulus(kek: string, make: (seed: Buffer) => Buffer): Buffer {
  for (let i = 0; ; i++) {
    const ciphertext = make(fromLabel(`wrap-faults/below/${i}`, 20))
    if (toInteger(ciphertext) < rsaKey(kek).n) return ciphertext
  }
}

function ofSplit(payload: Buffer): BlobFault[] {
  const fault = (id: string, comment: string, blob: Buffer, kek = 'kek-2048', requirement = 'BYOK-61'): BlobFault => ({
    id: `split_${id}`,
    requirement,
    comment,
    kek,
    blob,
    check: 'split',
  })
  const [first, second] = [c1('kek-2048'), kwp(EPHEMERAL, payload)]
  return [
    fault('empty', 'no bytes', Buffer.alloc(0), 'kek-2048', 'BYOK-99'),
    fault('only_c1', 'C2 is missing', first),
    fault('c2_of_eight_bytes', 'C2 is half a block', join(first, second.subarray(0, 8))),
    fault('one_byte_short', 'C2 is not a multiple of eight', join(first, second.subarray(0, -1))),
    fault('one_byte_over', 'a line feed behind the blob, as an editor leaves it', join(join(first, second), Buffer.of(0x0a))),
    fault('c2_too_long', 'C2 of 4104 bytes, otherwise good', join(c1('kek-3072'), kwp(EPHEMERAL, fromLabel('wrap-faults/long', 4096))), 'kek-3072'),
    fault('kek_of_1024_bits', 'a blob that is good in itself, under a KEK that is too small', join(c1('rsa-1024'), second), 'rsa-1024', 'BYOK-64'),
    fault('for_a_smaller_kek', 'made for a KEK of 2048 bits, read with one of 4096: shorter than its C1', join(first, second), 'kek-4096'),
  ]
}

function ofU1(payload: Buffer): BlobFault[] {
  const second = kwp(EPHEMERAL, payload)
  const fault = (id: string, comment: string, kek: string, first: Buffer): BlobFault => ({
    id: `u1_${id}`,
    requirement: 'BYOK-51',
    comment,
    kek,
    blob: join(first, second),
    check: 'U1',
  })
  const { n } = rsaKey('kek-2048')
  const small = smallCiphertext('wrap-faults/small', n, (seed) => rsaRaw(rsaKey('kek-2048'), oaepEncode(EPHEMERAL, 256, AZURE_OAEP, seed)))
  return [
    fault('c1_is_modulus', 'C1 is n', 'kek-2048', integerBytes(n)),
    fault(
      'c1_over_modulus',
      'a good C1 plus n: the same residue, so a reader that reduces first opens it',
      'kek-2048',
      integerBytes(toInteger(small) + n, 256),
    ),
    fault('c1_all_ones', 'the largest number of this length', 'kek-3072', Buffer.alloc(384, 0xff)),
    fault('c1_modulus_plus_one', 'C1 is n + 1', 'kek-4096', integerBytes(rsaKey('kek-4096').n + 1n, 512)),
  ]
}

function ofU2(payload: Buffer): BlobFault[] {
  const second = kwp(EPHEMERAL, payload)
  const fault = (id: string, comment: string, kek: string, first: Buffer, requirement = 'BYOK-52'): BlobFault => ({
    id: `u2_${id}`,
    requirement,
    comment,
    kek,
    blob: join(first, second),
    check: 'U2',
  })
  const encoded = (kek: string, spoil: Parameters<typeof oaepEncode>[4]) =>
    rsaRaw(rsaKey(kek), oaepEncode(EPHEMERAL, modulusBytes(rsaKey(kek)), AZURE_OAEP, SEED, spoil))
  const at = (index: number, value: number) => (data: Buffer) => {
    const copy = Buffer.from(data)
    copy[index] = value
    return copy
  }
  return [
    fault('first_byte', 'the encoded block begins with 01', 'kek-2048', encoded('kek-2048', { first: 1 })),
    fault('label_hash', 'one bit of the hash of the label', 'kek-3072', encoded('kek-3072', { data: (data) => flipped(data, 7, 0x10) })),
    fault('padding', 'a byte 02 among the zero bytes', 'kek-4096', encoded('kek-4096', { data: at(60, 2) })),
    fault(
      'separator',
      'no separator in front of the key',
      'kek-2048',
      encoded('kek-2048', { data: (data) => at(data.length - 33, 0)(data.fill(0x5a, data.length - 32)) }),
    ),
    fault('label', 'made with a label', 'kek-2048', c1('kek-2048', EPHEMERAL, { ...AZURE_OAEP, label: Buffer.from('Azure') }), 'BYOK-63'),
    fault('sha256', 'made with SHA-256 in both places', 'kek-2048', c1('kek-2048', EPHEMERAL, { ...AZURE_OAEP, hash: 'SHA-256', mgf1: 'SHA-256' }), 'BYOK-63'),
    fault('mgf1_sha256', 'made with SHA-256 inside MGF1', 'kek-3072', c1('kek-3072', EPHEMERAL, { ...AZURE_OAEP, mgf1: 'SHA-256' }), 'BYOK-63'),
    fault('pkcs1', 'C1 made by RSAES-PKCS1-v1_5', 'kek-2048', rsaRaw(rsaKey('kek-2048'), pkcs1Encode(EPHEMERAL, 256, 'wrap-faults/pkcs1')), 'BYOK-63'),
    fault(
      'other_kek',
      'made for another KEK of the same size',
      'kek-2048',
      belowModulus('kek-2048', (seed) => oaepEncrypt(rsaKey('kek-2048-other'), EPHEMERAL, AZURE_OAEP, seed)),
      'BYOK-15',
    ),
    fault('changed_c1', 'one bit of C1 changed', 'kek-4096', flipped(c1('kek-4096'), 100), 'BYOK-15'),
    fault('c1_zero', 'C1 is zero', 'kek-2048', Buffer.alloc(256)),
  ]
}

function ofU3(payload: Buffer): BlobFault[] {
  const fault = (id: string, comment: string, ephemeral: Buffer, kek = 'kek-2048', second = kwp(EPHEMERAL, payload), requirement = 'BYOK-53'): BlobFault => ({
    id: `u3_ephemeral_${id}`,
    requirement,
    comment,
    kek,
    blob: join(c1(kek, ephemeral), second),
    check: 'U3',
  })
  const [short, middle] = [EPHEMERAL.subarray(0, 16), EPHEMERAL.subarray(0, 24)]
  return [
    fault('16_bytes', 'AES-128: opens with plain library calls, and is a downgrade in any reading', short, 'kek-2048', kwp(short, payload), 'BYOK-64'),
    fault('24_bytes', 'AES-192: opens with plain library calls, and is a downgrade in any reading', middle, 'kek-3072', kwp(middle, payload), 'BYOK-64'),
    fault('31_bytes', 'a byte is missing', EPHEMERAL.subarray(1)),
    fault('33_bytes', 'a zero byte in front', Buffer.concat([Buffer.of(0), EPHEMERAL]), 'kek-4096'),
    fault('40_bytes', 'a key that was wrapped itself', kwp(EPHEMERAL, EPHEMERAL)),
    fault('empty', 'nothing', Buffer.alloc(0)),
    fault('hexadecimal', 'the key as 64 digits', Buffer.from(EPHEMERAL.toString('hex'))),
  ]
}

function ofKwp(payload: Buffer): BlobFault[] {
  const fault = (check: 'U4' | 'U5' | 'U6', id: string, requirement: string, comment: string, second: Buffer, kek = 'kek-2048'): BlobFault => ({
    id: `${check.toLowerCase()}_${id}`,
    requirement,
    comment,
    kek,
    blob: join(c1(kek), second),
    check,
  })
  const blocks = padded8(payload).length
  if (blocks === payload.length) throw new RangeError('the payload has to need padding')
  const mli = (value: number) => kwpSpoilt(EPHEMERAL, payload, { mli: value })
  const gap = blocks - payload.length
  return [
    fault('U4', 'constant', 'BYOK-54', 'one bit of A65959A6', kwpSpoilt(EPHEMERAL, payload, { constant: flipped(KWP_CONSTANT, 1, 0x40) })),
    fault('U4', 'rfc_3394', 'BYOK-54', 'C2 made by RFC 3394', kw(EPHEMERAL, padded8(payload)), 'kek-3072'),
    fault('U4', 'rfc_3394_of_pkcs7', 'BYOK-63', 'C2 made by PKCS#7 padding and RFC 3394', kwOfPkcs7(EPHEMERAL, payload), 'kek-4096'),
    fault('U4', 'other_ephemeral', 'BYOK-54', 'C2 under another key than the one in C1', kwp(fromLabel('wrap-faults/other', 32), payload)),
    fault('U4', 'changed_c2_first', 'BYOK-15', 'one bit of C2 changed', flipped(kwp(EPHEMERAL, payload), 0), 'kek-3072'),
    fault('U4', 'changed_c2_last', 'BYOK-15', 'one bit of C2 changed', flipped(kwp(EPHEMERAL, payload), -1)),
    fault('U4', 'a_block_short', 'BYOK-15', 'the last eight bytes of C2 are missing', kwp(EPHEMERAL, payload).subarray(0, -8)),
    fault('U5', 'indicator_zero', 'BYOK-55', 'says that nothing was wrapped', mli(0)),
    fault('U5', 'indicator_low', 'BYOK-55', 'exactly 8(n-1)', mli(blocks - 8), 'kek-3072'),
    fault('U5', 'indicator_high', 'BYOK-55', 'exactly 8n+1', mli(blocks + 1), 'kek-4096'),
    fault('U5', 'indicator_all_ones', 'BYOK-55', 'overflows whoever adds to it', mli(0xffffffff)),
    fault('U6', 'padding_first', 'BYOK-56', 'the first byte of padding is 01', kwpSpoilt(EPHEMERAL, payload, { padding: padding(gap, 0) }), 'kek-4096'),
    fault('U6', 'padding_last', 'BYOK-56', 'the last byte of padding is 01', kwpSpoilt(EPHEMERAL, payload, { padding: padding(gap, gap - 1) })),
    fault('U6', 'padding_pkcs7', 'BYOK-56', 'PKCS#7 padding under RFC 5649', kwpSpoilt(EPHEMERAL, payload, { padding: Buffer.alloc(gap, gap) }), 'kek-3072'),
  ]
}

const padding = (length: number, at: number): Buffer => {
  const bytes = Buffer.alloc(length)
  bytes[at] = 1
  return bytes
}
