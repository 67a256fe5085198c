/**
 * Structures, paddings, PIN functions and wrapped session keys that a card is not to take, made with OpenSSL alone: one fault
 * each. For an attacker who seals himself, and so comes past every check that stands before the one that he is after.
 * @module
 */
import { constants, publicEncrypt, randomBytes } from 'node:crypto'
import { authenticateStructure, changeStructure, importStructure, keyBlob, ownPair, publicKeyOf, wrapS1 } from './ski-attacker.js'

/** The PINs of the card that {@link PIN_FUNCTIONS} are for. */
export const PINS = { 1: 'the holder’s own', 2: 'administrator' } as const

const own = { ec: ownPair('ec'), rsa: ownPair('rsa') }
const good = { container: 1, pinId: 1 }
const put = (bytes: Uint8Array, at: number, ...values: readonly number[]): Buffer => {
  const changed = Buffer.from(bytes)
  values.forEach((value, index) => (changed[at + index] = value))
  return changed
}
/** For container 1 and PIN 1, a key on P-256 and one of RSA: nothing is wrong with these. */
export const GOOD = [importStructure(own.ec, good), importStructure(own.rsa, good)] as const
const [EC, RSA] = GOOD
/** A byte of a number in the RSA blob, by the place of the number. */
const rsa = (offset: number): Buffer => put(RSA, 24 + offset, RSA[24 + offset]! ^ 2)
const ecd = (offset: number): Buffer => put(EC, 24 + offset, EC[24 + offset]! ^ 1)
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const withD = (d: Buffer): Buffer => Buffer.concat([EC.subarray(0, 24 + 72), d])

/** Structures that are not to be installed. */
export const STRUCTURES: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.of(7)],
  ['the fixed part alone', EC.subarray(0, 24)],
  ['version 0', put(EC, 0, 0)],
  ['version 6', put(EC, 0, 6)],
  ['version 8', put(EC, 0, 8)],
  ['another container', put(EC, 4, 2)],
  ['a container that is none', put(EC, 4, 0xff)],
  ['a reserved byte', put(EC, 5, 1)],
  ['a PIN that is none', put(EC, 8, 6)],
  ['key spec 0', put(EC, 12, 0)],
  ['key spec 9', put(EC, 12, 9)],
  ['the key spec of RSA', put(EC, 12, 1)],
  ['the key spec of ECDH', put(EC, 12, 6)],
  ['the key spec of another curve', put(EC, 12, 4)],
  ['another size', put(EC, 16, 1)],
  ['no key', put(EC, 20, 0)],
  ['a key that is longer than it is', put(EC, 20, 105)],
  ['a key that is shorter than it is', put(EC, 20, 103)],
  ['a byte behind the key', Buffer.concat([EC, Buffer.alloc(1)])],
  ['another magic word', put(EC, 24, 0x46)],
  ['a public blob', put(EC, 27, 0x31)],
  ['another length of coordinates', put(EC, 28, 31)],
  ['x', ecd(8)],
  ['y', ecd(40)],
  ['d', ecd(103)],
  ['d of zero', withD(Buffer.alloc(32))],
  ['d of the order', withD(ORDER)],
  ['d of one', withD(Buffer.concat([Buffer.alloc(31), Buffer.of(1)]))],
  ['RSA: another sort of blob', put(RSA, 24, 6)],
  ['RSA: a key for signatures', put(RSA, 29, 0x24)],
  ['RSA: an even exponent', put(RSA, 24 + 16, 2)],
  ['RSA: another size', put(RSA, 24 + 13, 12)],
  ['RSA: the modulus', rsa(20)],
  ['RSA: p', rsa(20 + 256)],
  ['RSA: q', rsa(20 + 384)],
  ['RSA: d mod p-1', rsa(20 + 512)],
  ['RSA: d mod q-1', rsa(20 + 640)],
  ['RSA: the inverse of q', rsa(20 + 768)],
  ['RSA: d', rsa(20 + 896)],
]

/** Blocks that no padding ends. */
export const PADDINGS: readonly (readonly [string, Buffer])[] = [
  ['padding of 0', Buffer.concat([EC, Buffer.alloc(16)])],
  ['padding of 17', Buffer.concat([EC, Buffer.alloc(16, 17)])],
  ['padding of 255', Buffer.concat([EC, Buffer.alloc(16, 255)])],
  ['padding that is not all alike', Buffer.concat([EC, Buffer.from('07101010101010101010101010101010', 'hex')])],
  ['padding that is a byte short', Buffer.concat([EC, Buffer.alloc(14, 16), Buffer.of(15, 16)])],
]

const pin = (value: string) => Buffer.from(value)
/** PIN functions that are not to succeed; how many tries of PIN 2 each takes. */
export const PIN_FUNCTIONS: readonly (readonly [string, 'Authenticate' | 'Change Authenticator', Buffer, number])[] = [
  ['a wrong PIN', 'Authenticate', authenticateStructure(2, pin('wrong one')), 1],
  ['a wrong PIN of the right length', 'Authenticate', authenticateStructure(2, pin('administratoR')), 1],
  ['a PIN that is none', 'Authenticate', authenticateStructure(6, pin(PINS[2])), 0],
  ['PIN 0', 'Authenticate', authenticateStructure(0, pin(PINS[2])), 0],
  ['unknown flags', 'Authenticate', authenticateStructure(2, pin(PINS[2]), 3), 0],
  ['both flags', 'Authenticate', authenticateStructure(2, pin(PINS[2]), 0x30000000), 0],
  ['no PIN', 'Authenticate', authenticateStructure(2, pin('')), 0],
  ['version 6', 'Authenticate', put(authenticateStructure(2, pin(PINS[2])), 0, 6), 0],
  ['a PIN of the session that nobody has', 'Authenticate', authenticateStructure(2, pin('anything'), 0x20000000), 1],
  ['a wrong PIN to unblock', 'Change Authenticator', changeStructure(1, 2, pin('wrong one'), 1, pin('next one'), 3), 1],
  ['another PIN to unblock', 'Change Authenticator', changeStructure(1, 1, pin(PINS[1]), 1, pin('next one'), 3), 0],
  ['a new PIN that is too short', 'Change Authenticator', changeStructure(1, 2, pin(PINS[2]), 1, pin('abc'), 3), 0],
  ['too many tries', 'Change Authenticator', changeStructure(1, 2, pin(PINS[2]), 1, pin('next one'), 16), 0],
  ['no flags', 'Change Authenticator', changeStructure(0, 2, pin(PINS[2]), 1, pin('next one'), 3), 0],
  ['both ways at once', 'Change Authenticator', changeStructure(3, 2, pin(PINS[2]), 1, pin('next one'), 3), 0],
  ['a target that is none', 'Change Authenticator', changeStructure(1, 2, pin(PINS[2]), 6, pin('next one'), 3), 0],
  ['version 6', 'Change Authenticator', put(changeStructure(1, 2, pin(PINS[2]), 1, pin('next one'), 3), 0, 6), 0],
  ['a wrong PIN, the last try', 'Authenticate', authenticateStructure(2, pin('wrong two')), 1],
  ['the right PIN, blocked', 'Authenticate', authenticateStructure(2, pin(PINS[2])), 0],
]

/** What an attacker sends in the place of a wrapped session key, where PKCS#1 v1.5 and a key of 256 bits are wanted. */
export function wrappings(spki: string): readonly (readonly [string, Buffer])[] {
  const key = publicKeyOf(spki)
  const pkcs1 = (message: Uint8Array) => publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, message)
  const plain = (message: Uint8Array) => publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, message)
  const block = Buffer.concat([Buffer.of(0, 2), Buffer.alloc(209, 0xaa), Buffer.of(0), keyBlob(Buffer.alloc(32, 1))])
  return [
    ['random', put(randomBytes(256), 0, 0)],
    ['zero', Buffer.alloc(256)],
    ['one', put(Buffer.alloc(256), 255, 1)],
    ['no key blob', pkcs1(Buffer.from('not a key blob'))],
    ['an empty message', pkcs1(Buffer.alloc(0))],
    ['a key of 16 bytes', pkcs1(keyBlob(Buffer.alloc(16)))],
    ['a key of 31 bytes', pkcs1(keyBlob(Buffer.alloc(31)))],
    ['a key of 33 bytes', pkcs1(keyBlob(Buffer.alloc(33)))],
    ['another magic word', pkcs1(put(keyBlob(Buffer.alloc(32)), 0, 0x4c))],
    ['another version', pkcs1(put(keyBlob(Buffer.alloc(32)), 4, 2))],
    ['another length inside', pkcs1(put(keyBlob(Buffer.alloc(32)), 8, 31))],
    ['the first byte', plain(put(block, 0, 1))],
    ['block type 1', plain(put(block, 1, 1))],
    ['a zero in the padding', plain(put(block, 5, 0))],
    ['a zero late in the padding', plain(put(block, 100, 0))],
    ['no zero behind the padding', plain(put(block, 211, 1))],
    ['no zero at all', plain(Buffer.concat([Buffer.of(0, 2), Buffer.alloc(254, 0xbb)]))],
    ['OAEP', wrapS1(spki, Buffer.alloc(32))],
  ]
}

/** The same, where OAEP with SHA-256 and a key of 256 bits are wanted. */
export function oaepWrappings(spki: string): readonly (readonly [string, Buffer])[] {
  const key = publicKeyOf(spki)
  const oaep = (message: Uint8Array, oaepHash = 'sha256') => publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, message)
  const blob = keyBlob(Buffer.alloc(32))
  return [
    ...wrappings(spki).slice(0, 4),
    ['PKCS#1 v1.5', publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, blob)],
    ['SHA-1', oaep(blob, 'sha1')],
    ['SHA-384', oaep(blob, 'sha384')],
    ['SHA-512', oaep(blob, 'sha512')],
    ['a label', publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from('label') }, blob)],
    ['no key blob', oaep(Buffer.from('not a key blob'))],
    ['an empty message', oaep(Buffer.alloc(0))],
    ['a key of 16 bytes', oaep(keyBlob(Buffer.alloc(16)))],
    ['a key of 33 bytes', oaep(keyBlob(Buffer.alloc(33)))],
    ['another magic word', oaep(put(blob, 0, 0x4c))],
    ['another version', oaep(put(blob, 4, 2))],
    ['another length inside', oaep(put(blob, 8, 31))],
    ['a byte behind the key', oaep(Buffer.concat([blob, Buffer.alloc(1)]))],
  ]
}
