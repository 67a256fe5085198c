/**
 * What a card says to the server: the response of a PIN function, in one blob with block padding, in either format. It is a ciphertext
 * because a response may carry a session PIN, and the client sees it (A-6, A-6b). The card chooses a fresh IV.
 *
 *   published: IV ‖ CBC(S1, IV, structure ‖ padding)
 *   bound: sealed data in the direction from the card to the server; the IV is in the header
 *
 * In the published format both directions have one key, so a recorded request can come back as a response (assumption A2).
 *
 * Spec: spec/ski-sealed-data.md, SKI-63, SKI-67, SKI-74.
 * @module
 */
import { concat } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import type { Steps } from '../../enclave/steps.js'
import { accept, type Verdict } from '../../verdict.js'
import type { SecureFunction } from '../enclave/commands.js'
import type { SealedData } from '../policy.js'
import { openBound, sealBound } from './bound.js'
import { keepNothing, type Keep } from './cipher.js'
import { ALGORITHMS, BLOCK_PADDING } from './codes.js'
import type { SessionKey } from './keys.js'
import { openPublished, sealPublished } from './published.js'
import { SEALED_REFUSED, type SealedRefused } from './refusal.js'

/** What a response answers. */
export interface Answered {
  readonly function: Exclude<SecureFunction, 'Import Key Pair'>
  /** The PIN id that the request was about. The published format does not carry it. */
  readonly pinId: number
}

/** Seals a response: a list of one blob. `iv` is fresh and as long as a block. The published format does not use the key's context. */
export function* sealResponse(
  crypto: Crypto,
  format: SealedData,
  key: SessionKey,
  answered: Answered,
  iv: Uint8Array,
  structure: Uint8Array,
  keep: Keep = keepNothing,
): Steps<readonly Uint8Array[]> {
  if (format === 'bound') return yield* sealBound(crypto, key, 'toServer', { ...RESPONSE, ...answered }, iv, structure, 1, keep)
  return [concat(iv, ...(yield* sealPublished(crypto, key, iv, BLOCK_PADDING, structure, 1, keep)))]
}

/** Opens a response. The structure belongs to the caller, who wipes it. */
export function* openResponse(
  crypto: Crypto,
  format: SealedData,
  key: SessionKey,
  answered: Answered,
  blobs: readonly Uint8Array[],
  keep: Keep = keepNothing,
): Steps<Verdict<Uint8Array, SealedRefused>> {
  const [blob] = blobs
  if (blob === undefined || blobs.length !== 1) return SEALED_REFUSED
  if (format === 'published') {
    const { blockBytes } = ALGORITHMS[key.algorithm]
    return yield* openPublished(crypto, key, blob.slice(0, blockBytes), BLOCK_PADDING, [blob.slice(blockBytes)], keep)
  }
  const expected = { direction: 'toServer', ...answered, container: null, flags: BLOCK_PADDING, iv: null } as const
  const opened = yield* openBound(crypto, key, expected, blobs, keep)
  return opened.ok ? accept(opened.value.structure) : opened
}

const RESPONSE = { container: null, overwrite: false, flags: BLOCK_PADDING, keySpec: 0, keySize: 0 } as const
