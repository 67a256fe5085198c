/**
 * What some bytes are, when nobody says: by magic numbers, versions, lengths that add up, and whether a codec takes them in full.
 *
 * Every structure has signs, each worth the bits that would have to be just so by accident. Bytes that are almost a structure show most of its
 * signs, so the best guess is known, and its fault. Where any bytes would do there are no signs, and nothing is guessed.
 *
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import { accepts } from './level.js'
import { View, type StructureType } from './types.js'

/** How sure a guess is. */
export type Sureness = 'certain' | 'likely' | 'possible'

/** A structure that the bytes may be. */
export interface Candidate {
  readonly type: StructureType
  readonly sureness: Sureness
  /** Whether its codec takes the bytes, and their numbers stand the check. */
  readonly accepted: boolean
}

/**
 * The structures that the bytes may be, the best first, without those that are far behind; none where nothing speaks for any. `among`: those that
 * come into question.
 */
export function guess(bytes: Uint8Array, among: readonly StructureType[]): readonly Candidate[] {
  requireBytes(bytes, 'bytes')
  const view = new View(bytes)
  return among
    .flatMap((type, order) => {
      const weighed = weigh(view, type)
      const accepted = weighed.bits >= LEAST_BITS && accepts(bytes, type)
      const score = accepted ? weighed.bits : scoreOfRefused(weighed)
      return score === 0 ? [] : [{ type, accepted, order, sureness: surenessOf(score), rank: score + (accepted ? TAKEN : 0) }]
    })
    .sort((a, b) => b.rank - a.rank || a.order - b.order)
    .filter(({ rank }, _at, [best]) => rank >= best!.rank / 2)
    .map(({ type, accepted, sureness }) => ({ type, accepted, sureness }))
}

interface Weighed {
  readonly begins: boolean
  /** Of the signs that hold, and of the magic number. */
  readonly bits: number
  /** Of all that there could be. */
  readonly share: number
}

function weigh(view: View, { signs, begins }: StructureType): Weighed {
  const all = signs.reduce((sum, [bits]) => sum + bits, begins === undefined ? 0 : MAGIC)
  const hasBegun = begins?.(view) === true
  const bits = signs.reduce((sum, [bits, holds]) => sum + (holds(view) ? bits : 0), hasBegun ? MAGIC : 0)
  return { begins: hasBegun, bits, share: all === 0 ? 0 : bits / all }
}

/** Signs that do not hold take away from those that do; a magic number is something to go by in any case. */
function scoreOfRefused({ begins, bits, share }: Weighed): number {
  const score = share >= LEAST_SHARE && bits >= 2 * LEAST_BITS ? bits * share ** 2 : 0
  return begins ? Math.max(score, BEGUN) : score
}

function surenessOf(bits: number): Sureness {
  if (bits >= 56) return 'certain'
  return bits >= 24 ? 'likely' : 'possible'
}

const LEAST_BITS = 12
const LEAST_SHARE = 0.5
const MAGIC = 32
const BEGUN = 28
/** What it is worth that a codec takes the bytes in full. */
const TAKEN = 32
