/**
 * In words: the formats of our own. Sealed data, establishments, card evidence, receipts.
 *
 * Only a holder of keys can say whether a proof or a tag is genuine; nothing here can, and says so. What is enciphered stays enciphered.
 *
 * Requirements: SKI-44, SKI-65, SKI-66, SKI-70, SKI-75, SKI-76.
 * @module
 */
import { readLittleEndian, type Observe } from '../../bytes/little-endian.js'
import { decodeSpki } from '../../crypto/spki.js'
import { accept, type Verdict } from '../../verdict.js'
import { CARD_PADDING, DATA_FLAGS } from '../constants/flags.js'
import { decodeCardEvidence } from '../sealed/card-evidence.js'
import { ALGORITHMS, algorithmOfCode, directionOfCode, functionOfCode, MODE_CBC, NO_CONTAINER, wayOfCode } from '../sealed/codes.js'
import { decodeEstablishment } from '../sealed/establishment.js'
import { decodeHeader, HEADER_BYTES, type SealedHeader } from '../sealed/header.js'
import { decodeReceipt, RECEIPT_BYTES } from '../sealed/receipt.js'
import { bitsOf, bytesOf, code, counted, lengthOf, mask, number, numberIn, oneOf } from './explain.js'
import { keyFacts } from './key-types.js'
import { keySpecName, pinId } from './secure-types.js'
import { readingOf, type Member, type Sign, type StructureType, type View } from './types.js'

const TAG_BYTES = 32
const DIRECTION_NAMES: Readonly<Record<string, string>> = { toCard: 'server to card', toServer: 'card to server' }

/** A container, or the byte that stands for none. */
export const containerMember = (what: string): Member => ({
  kind: 'number',
  explain: (value) => ({ value: String(value), meaning: value === NO_CONTAINER ? `${what}: none` : what }),
})

const COMMON: Readonly<Record<string, Member>> = {
  magic: bytesOf('the magic word'),
  version: number('version of the format'),
  reserved: counted('reserved'),
  session: bytesOf('the session'),
  cardId: bytesOf('the card'),
  serverNonce: bytesOf('the nonce of the server'),
  cardNonce: bytesOf('the nonce of the card'),
  nonce: bytesOf('the nonce of the card'),
  proof: bytesOf('the proof, not verified here'),
  proofLength: lengthOf('the proof'),
}

/** The codes by which our formats name algorithms. */
export const algorithmMember = code('algorithm', algorithmOfCode)

/** The codes of secure functions. */
export const functionMember = code('secure function', functionOfCode)

/** The flag of `MDEncryptData` and `CardProcessEncryptedData`. */
export const dataFlagsMember = mask(DATA_FLAGS, 'flags of the call')

const startsWith =
  (word: string) =>
  (view: View): boolean =>
    view.u32(0) === [...word].reduceRight((value, letter) => value * 256 + letter.charCodeAt(0), 0)
const isFirstVersion: Sign = [8, (view) => view.u8(4) === 1]

/** What may be wrong with sealed data beside its header, as far as it can be seen without its key. */
export type SealedCode = 'sealed_length_differs' | 'sealed_length_not_blocks' | 'sealed_count_zero'

/** Bound sealed data: one blob with its tag, or the first of several. */
const SEALED: StructureType = {
  name: 'KFSD',
  structure: 'KFSD',
  abi: null,
  title: 'sealed data, bound to its session, card and place',
  requirement: 'SKI-65',
  read: readingOf(readSealed, ({ blobCount, direction }) => ({
    remarks: [
      ...(blobCount > 1 ? [`the first of ${blobCount} blobs; the tag is at the end of the last one`] : []),
      `the tag can be verified by ${direction === 'toCard' ? 'the card' : 'the server'} only`,
    ],
  })),
  members: {
    ...COMMON,
    direction: code('direction', (value) => DIRECTION_NAMES[directionOfCode(value) ?? ''] ?? null),
    function: functionMember,
    algorithm: algorithmMember,
    mode: code('chaining mode', (value) => (value === MODE_CBC ? 'CBC' : null)),
    overwrite: code('the container may be overwritten', (value) => ['no', 'yes'][value] ?? null),
    container: containerMember('the container'),
    flags: dataFlagsMember,
    pinId: pinId('the PIN'),
    keySpec: code('key spec', (value) => (value === 0 ? 'none' : keySpecName(value))),
    keySize: bitsOf('size of the key, 0 for none'),
    blobCount: number('how many blobs'),
    iv: bytesOf('the IV'),
    ciphertextBytes: lengthOf('the ciphertext, over all blobs'),
    ciphertext: counted('the structure, enciphered'),
    tag: bytesOf('HMAC-SHA-256 over header and ciphertext, not verified here'),
  },
  begins: startsWith('KFSD'),
  signs: [
    isFirstVersion,
    [16, (view) => directionOfCode(view.u8(5)) !== null && functionOfCode(view.u8(6)) !== null && algorithmOfCode(view.u8(7)) !== null],
    [24, (view) => (view.u16(28) === 1 ? view.u32(80) === view.length - HEADER_BYTES - TAG_BYTES : view.length > HEADER_BYTES)],
  ],
}

function readSealed(bytes: Uint8Array, observe?: Observe): Verdict<SealedHeader> {
  const header = decodeHeader(bytes.subarray(0, HEADER_BYTES), observe)
  if (!header.ok) return header
  const { blobCount, ciphertextBytes, algorithm } = header.value
  const body = readLittleEndian<null, SealedCode>(bytes, { name: 'KFSD', requirement: 'SKI-66' }, (le) => {
    le.bytes('header', HEADER_BYTES)
    const refuse = (code: SealedCode, found: number, wanted: string | number, name: string, offset: number) => le.refuse({ code, found, wanted }, name, offset)
    const { blockBytes } = ALGORITHMS[algorithm]
    const here = le.left - (blobCount === 1 ? TAG_BYTES : 0)
    if (blobCount === 0) refuse('sealed_count_zero', 0, 'at least 1', 'blobCount', 28)
    if (blobCount === 1 ? ciphertextBytes !== here : ciphertextBytes <= here)
      refuse('sealed_length_differs', ciphertextBytes, blobCount === 1 ? Math.max(here, 0) : `more than ${here}`, 'ciphertextBytes', 80)
    if (here === 0 || here % blockBytes !== 0) refuse('sealed_length_not_blocks', here, `a multiple of ${blockBytes}`, 'ciphertext', HEADER_BYTES)
    tell(observe, bytes, 'ciphertext', le.offset, here)
    le.bytes('ciphertext', here)
    if (blobCount === 1) tell(observe, bytes, 'tag', le.offset, TAG_BYTES)
    le.bytes('tag', le.left)
    return null
  })
  return body.ok ? accept(header.value) : body
}

function tell(observe: Observe | undefined, bytes: Uint8Array, name: string, offset: number, length: number): void {
  observe?.({ path: `KFSD.${name}`, name, offset, length, kind: 'bytes', value: bytes.subarray(offset, offset + length) })
}

/** The server's establishment of a session key. */
export const ESTABLISHMENT: StructureType = {
  name: 'KFPK',
  structure: 'KFPK',
  abi: null,
  title: 'an establishment: what a session key is made of, with the proof of the server',
  requirement: 'SKI-76',
  read: readingOf(decodeEstablishment, ({ proofKind }) => ({
    remarks: proofKind === 'none' ? ['nothing proves that it is from the server'] : ['the proof can be verified by the card only'],
  })),
  members: {
    ...COMMON,
    way: code('way to establish the key', wayOfCode),
    algorithm: algorithmMember,
    padding: oneOf(CARD_PADDING, 'RSA padding'),
    hash: code('hash of OAEP', (value) => ['none', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'][value] ?? null),
    container: containerMember('the container of the card’s key'),
    proofKind: code('proof', (value) => ['none', 'signature of the server', 'HMAC under a shared key'][value] ?? null),
    materialLength: lengthOf('the key material'),
    material: {
      kind: 'counted',
      meaning: (_bytes, seen) => MATERIALS[numberIn(seen, 'way')] ?? 'key material',
    },
  },
  begins: startsWith('KFPK'),
  signs: [
    isFirstVersion,
    [16, (view) => wayOfCode(view.u8(5)) !== null && algorithmOfCode(view.u8(6)) !== null],
    [32, (view) => view.length >= 80 && view.u16(76) + view.u16(78) === view.length - 80],
  ],
}

/** By way. */
const MATERIALS: Readonly<Record<number, string>> = {
  1: 'the session key, enciphered with RSA for the card; big-endian',
  2: 'the public point of the server, X ‖ Y',
  3: 'none',
  4: 'none',
}

/** A card's statement about one of its keys. */
export const EVIDENCE: StructureType = {
  name: 'KFEV',
  structure: 'KFEV',
  abi: null,
  title: 'card evidence: a statement of a card about one of its keys',
  requirement: 'SKI-44',
  read: readingOf(decodeCardEvidence, ({ spki }) => {
    const key = decodeSpki(spki)
    const remark = 'the proof can be verified by the server only'
    return key.ok ? { facts: keyFacts(key.value), remarks: [remark] } : { remarks: [remark, `the public key in it cannot be read: ${key.fault.code}`] }
  }),
  members: {
    ...COMMON,
    proofKind: code('proof', (value) => [null, 'signatures of issuer and card', 'HMAC under a shared key'][value] ?? null),
    container: containerMember('the container of the key'),
    origin: code('origin', (value) => (value === 1 ? 'made on the card' : null)),
    purpose: code('what the key does, and nothing else', (value) => [null, 'imports session keys', 'agrees on session keys'][value] ?? null),
    spkiLength: lengthOf('the public key'),
    spki: bytesOf('the public key, SubjectPublicKeyInfo in DER'),
  },
  begins: startsWith('KFEV'),
  signs: [
    isFirstVersion,
    [16, (view) => [1, 2].includes(view.u8(5)) && view.u8(7) === 1],
    [32, (view) => view.length >= 48 && view.u16(44) + view.u16(46) === view.length - 48],
  ],
}

/** A card's receipt. */
export const RECEIPT: StructureType = {
  name: 'KFRC',
  structure: 'KFRC',
  abi: null,
  title: 'a receipt of a card',
  requirement: 'SKI-70',
  read: readingOf(decodeReceipt, () => ({ remarks: ['the tag can be verified by the server only'] })),
  members: {
    ...COMMON,
    kind: code('what the card confirms', (value) => [null, 'it has the session key', 'it installed the key pair'][value] ?? null),
    container: containerMember('the container'),
    identity: bytesOf('SHA-256 of the SubjectPublicKeyInfo of the installed key'),
    tag: bytesOf('HMAC-SHA-256, not verified here'),
  },
  begins: startsWith('KFRC'),
  signs: [isFirstVersion, [16, (view) => [1, 2].includes(view.u8(5))], [16, (view: View) => view.length === RECEIPT_BYTES]],
}

/** All of this file. */
export const FORMAT_TYPES: readonly StructureType[] = [SEALED, ESTABLISHMENT, EVIDENCE, RECEIPT]

/** The format that bytes begin like, or `null`. */
export function formatOf(bytes: Uint8Array): StructureType | null {
  const word = String.fromCharCode(...bytes.subarray(0, 4))
  return FORMAT_TYPES.find(({ name }) => name === word) ?? null
}
