/**
 * Who holds a secret in plaintext at one moment, as the enclaves' own records say it: live objects of the server's enclave,
 * which application and minidriver share, and of the card's.
 *
 * An object belongs to whoever it is for: S1 as an argument, K2 and PINs to the application, the imported session key to
 * the minidriver; and while the minidriver works on an argument of the application, it holds what is in it, too.
 *
 * Spec: spec/ski.md, SKI-1 to SKI-4, SKI-220, SKI-223.
 * @module
 */
import type { CardState } from '../../../src/ski/enclave/card-state.js'
import type { SkiHandle } from '../../../src/ski/enclave/commands.js'
import type { ServerDescription } from '../../../src/ski/enclave/server.js'
import type { ServerObject } from '../../../src/ski/enclave/server-state.js'

/** Server application and its minidriver, card, client application and its minidriver. */
export type Place = 'SA' | 'SM' | 'SC' | 'CL' | 'CM'

/** Where each secret is in plaintext, server's side first. */
export interface Holders {
  /** The session key. */
  readonly s1: readonly Place[]
  /** The private half of the user's key. */
  readonly k2: readonly Place[]
  /** The PIN that is injected. */
  readonly pin: readonly Place[]
  /** Whether the CA has K2, enciphered to its recovery agents. */
  readonly archived: boolean
}

/** One moment of a run. */
export interface Moment {
  readonly server: ServerDescription
  /** The run's conversation in the server's enclave. */
  readonly conversation: string
  readonly card: CardState
  /** The run's logical channel. */
  readonly channel: number
  /** The argument that the server's minidriver is just working on. */
  readonly inHand: SkiHandle | null
  /** The PIN that is injected, and where its old value lay on the card; `null` in a run for a key pair. */
  readonly pin: { readonly id: number; readonly before: SkiHandle } | null
  readonly archived: boolean
}

/** Who holds what. */
export function holdersAt({ server, conversation, card, channel, inHand, pin, archived }: Moment): Holders {
  const objects = server.objects.filter(({ owner }) => owner === conversation)
  const has = (test: (object: ServerObject) => boolean) => objects.some(test)
  const works = (test: (object: ServerObject) => boolean) => objects.some((object) => object.handle === inHand && test(object))
  return {
    s1: places({
      SA: has(isKeyBlob),
      SM: has(({ type }) => type === 'sessionKey') || works(isKeyBlob),
      SC: card.keys.some((key) => key.channel === channel),
    }),
    k2: places({
      SA: has(({ type }) => type === 'keyPair') || has(isKeyStructure),
      SM: works(isKeyStructure),
      SC: card.containers.some(({ purpose, origin }) => purpose === 'user' && origin === 'imported'),
    }),
    pin: places({
      SA: has(({ type }) => type === 'pin') || has(isPinStructure),
      SM: works(isPinStructure),
      SC: pin !== null && card.pins.some(({ id, value }) => id === pin.id && value !== pin.before),
    }),
    archived,
  }
}

/** Once a call has made its own of an argument, the argument is a name without bytes. */
const isKeyBlob = (object: ServerObject) => object.type === 'keyBlob' && !object.used
const isKeyStructure = (object: ServerObject) => object.type === 'structure' && !object.used && object.terms?.function === 'Import Key Pair'
const isPinStructure = (object: ServerObject) => object.type === 'structure' && !object.used && object.terms?.function !== 'Import Key Pair'

const places = (held: Partial<Record<Place, boolean>>): readonly Place[] => (Object.keys(held) as Place[]).filter((place) => held[place])
