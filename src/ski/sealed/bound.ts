/**
 * Sealed data that is bound to its session, its card and its place ("KFSD"): a header that says all of it, CBC, and a MAC over both.
 *
 *   blob 0 = header ‖ piece 0, blob 1 = piece 1, …, last blob = last piece ‖ tag
 *   tag = HMAC-SHA-256(MAC key, label ‖ header ‖ for each blob: length of its piece ‖ piece)
 *
 * Opening goes in a fixed order: MAC, then the header against what the receiver knows by itself, then the cipher, then the padding.
 * Whatever fails, the answer is the same object. What the structure inside says, and whether it agrees with the header, is asked by
 * the enclave, which goes on to answer that same object.
 *
 * A key is used once in each direction; the enclave keeps count (SKI-69).
 *
 * Spec: spec/ski-sealed-data.md, SKI-65, SKI-66, SKI-67, SKI-72, SKI-73, SKI-74.
 * @module
 */
import { concat, equalBytes, wipe } from '../../bytes/bytes.js'
import { u32, writeLittleEndian } from '../../bytes/little-endian.js'
import type { Crypto } from '../../crypto/crypto.js'
import type { Steps } from '../../enclave/steps.js'
import { accept, type Verdict } from '../../verdict.js'
import type { SecureFunction } from '../enclave/commands.js'
import { READINGS } from '../readings.js'
import { arePieces, cutBlocks } from './blocks.js'
import { decipher, encipher, keepNothing, type Keep } from './cipher.js'
import { ALGORITHMS, BLOCK_PADDING, type Direction } from './codes.js'
import { decodeHeader, encodeHeader, HEADER_BYTES, type SealedHeader, type Terms } from './header.js'
import { boundKey, type SessionKey } from './keys.js'
import { TAG_BYTES, tagText } from './proof.js'
import { SEALED_REFUSED, type SealedRefused } from './refusal.js'

/** What is authenticated before the header; its last byte is a zero byte. */
export const SEALED_LABEL = 'keyferry ski sealed v1\0'

/** What the receiver knows of sealed data by itself. Session, nonces, card and algorithm are those of its key. */
export interface Expected {
  readonly direction: Direction
  readonly function: SecureFunction
  /** The container that was prepared, or `null` for none. */
  readonly container: number | null
  /** The flags of the call. */
  readonly flags: number
  /** The IV that was set, or `null` where the sender chooses it. */
  readonly iv: Uint8Array | null
  /** The PIN id, where the receiver knows it: that of a response is the request's. */
  readonly pinId?: number
}

/** Sealed data that opened. */
export interface Opened {
  readonly header: SealedHeader
  /** The structure without its padding. It belongs to the caller, who wipes it. */
  readonly structure: Uint8Array
}

/** Seals a structure, on terms that its contents agree with. `iv` is fresh and as long as a block. Terms that cannot be are a `TypeError`. */
export function* sealBound(
  crypto: Crypto,
  key: SessionKey,
  direction: Direction,
  terms: Terms,
  iv: Uint8Array,
  structure: Uint8Array,
  pieces: number = READINGS.blobs,
  keep: Keep = keepNothing,
): Steps<readonly Uint8Array[]> {
  const { algorithm, context } = key
  const keys = directionKeys(key, direction, keep)
  try {
    const ciphertext = yield* encipher(crypto, { algorithm, key: keys.encrypt }, iv, terms.flags, structure, keep)
    const cut = cutBlocks(ciphertext, ALGORITHMS[algorithm].blockBytes, pieces)
    const { session, cardId } = context
    const header = encodeHeader({ ...terms, direction, algorithm, blobCount: pieces, session, cardId, iv, ciphertextBytes: ciphertext.length })
    const tag = yield* tagOf(crypto, keys.mac, header, cut)
    return cut.map((piece, at) => concat(at === 0 ? header : NOTHING, piece, at === pieces - 1 ? tag : NOTHING))
  } finally {
    wipe(keys.encrypt, keys.mac)
  }
}

/** Opens blobs, or refuses them. See the module text. */
export function* openBound(
  crypto: Crypto,
  key: SessionKey,
  expected: Expected,
  blobs: readonly Uint8Array[],
  keep: Keep = keepNothing,
): Steps<Verdict<Opened, SealedRefused>> {
  // Copies from here on: what is deciphered is what was authenticated, whatever becomes of the blobs meanwhile.
  const parts = takeApart(blobs, ALGORITHMS[key.algorithm].blockBytes)
  if (parts === null) return SEALED_REFUSED
  const keys = directionKeys(key, expected.direction, keep)
  try {
    const genuine = equalBytes(parts.tag, yield* tagOf(crypto, keys.mac, parts.header, parts.pieces))
    const header = decodeHeader(parts.header)
    if (!genuine || !header.ok || !isExpected(header.value, key, expected, parts.pieces)) return SEALED_REFUSED
    const { iv, flags } = header.value
    const structure = yield* decipher(crypto, { algorithm: key.algorithm, key: keys.encrypt }, iv, flags, concat(...parts.pieces), keep)
    return structure === null ? SEALED_REFUSED : accept({ header: header.value, structure })
  } finally {
    wipe(keys.encrypt, keys.mac)
  }
}

interface Parts {
  readonly header: Uint8Array
  readonly pieces: readonly Uint8Array[]
  readonly tag: Uint8Array
}

/** Header, pieces and tag, by lengths alone, which are public; `null` where they cannot be those of sealed data. */
function takeApart(blobs: readonly Uint8Array[], block: number): Parts | null {
  const last = blobs.length - 1
  const bounds = blobs.map((blob, at) => ({ start: at === 0 ? HEADER_BYTES : 0, end: blob.length - (at === last ? TAG_BYTES : 0) }))
  const lengths = bounds.map(({ start, end }) => end - start)
  if (!arePieces(lengths, block)) return null
  return {
    header: blobs[0]!.slice(0, HEADER_BYTES),
    pieces: blobs.map((blob, at) => blob.slice(bounds[at]!.start, bounds[at]!.end)),
    tag: blobs[last]!.slice(-TAG_BYTES),
  }
}

function isExpected(header: SealedHeader, key: SessionKey, expected: Expected, pieces: readonly Uint8Array[]): boolean {
  const { context, algorithm } = key
  return (
    header.direction === expected.direction &&
    header.function === expected.function &&
    header.algorithm === algorithm &&
    header.container === expected.container &&
    header.flags === expected.flags &&
    (header.flags === BLOCK_PADDING || header.flags === 0) &&
    header.blobCount === pieces.length &&
    header.ciphertextBytes === pieces.reduce((sum, piece) => sum + piece.length, 0) &&
    equalBytes(header.session, context.session) &&
    equalBytes(header.cardId, context.cardId) &&
    (expected.iv === null || equalBytes(header.iv, expected.iv)) &&
    (expected.pinId === undefined || header.pinId === expected.pinId)
  )
}

/** Both keys of a direction, before the first pause: a session key that is wiped meanwhile must not lend its zeros to the second one. */
function directionKeys(key: SessionKey, direction: Direction, keep: Keep): { readonly encrypt: Uint8Array; readonly mac: Uint8Array } {
  const encrypt = keep('sealing key', boundKey(key, direction, 'encrypt'))
  const mac = keep('MAC key', boundKey(key, direction, 'mac'))
  return { encrypt, mac }
}

const tagOf = (crypto: Crypto, macKey: Uint8Array, header: Uint8Array, pieces: readonly Uint8Array[]): Steps<Uint8Array> =>
  tagText(crypto, macKey, SEALED_LABEL, writeLittleEndian(header, ...pieces.flatMap((piece) => [u32(piece.length), piece])))

const NOTHING = new Uint8Array(0)
