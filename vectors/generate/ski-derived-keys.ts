/**
 * Vectors for the keys that secure key injection derives.
 * @module
 */
import { fromLabel } from './bytes.js'
import type { Test } from './file.js'
import { CURVE, ecKey } from './keys.js'
import { CARD_CURVES } from './ski-layouts.js'
import {
  agreedKey,
  ALGORITHM_NAMES,
  boundKey,
  cardKey,
  derivedKey,
  DIRECTION,
  proofKey,
  sessionOf,
  SESSION_ALGORITHM,
  sharedSecret,
  sharedSubkey,
  type Algorithm,
  type Direction,
  type Session,
} from './ski-sealed-formats.js'

/** A session as the file shows it. */
export const shownSession = ({ session, serverNonce, cardNonce, cardId }: Session) => ({
  session: session.toString('hex'),
  serverNonce: serverNonce.toString('hex'),
  cardNonce: cardNonce.toString('hex'),
  cardId: cardId.toString('hex'),
})
/** A name as a part of an id. */
export const word = (name: string) => name.replaceAll(/[- ]/g, '_').toLowerCase()
/** The session of the tests. */
export const BOUND_SESSION = sessionOf('bound')
/** S1 of the tests. */
export const s1For = (algorithm: Algorithm): Buffer => fromLabel(`ski/bound/S1/${algorithm}`, SESSION_ALGORITHM[algorithm].bytes)

/** Every key that is derived. */
export function derivedKeys(): Test[] {
  const master = fromLabel('ski/bound/master key', 32)
  const ofCard = cardKey(master, BOUND_SESSION.cardId)
  const key = (
    id: string,
    requirement: string,
    comment: string,
    derivation: string,
    secret: Buffer,
    output: Buffer,
    more: Record<string, unknown> = {},
  ): Test => ({
    ...{ id: `key_${id}`, requirement, comment, type: 'key', ...shownSession(BOUND_SESSION), derivation, secret: secret.toString('hex'), ...more },
    ...{ result: 'valid', output: output.toString('hex') },
  })
  return [
    key('of_card', 'SKI-77', 'what a card shares with the holder of the master key', 'card key', master, ofCard),
    key('of_proofs', 'SKI-77', 'HMAC key of shared-key proofs', 'proof key', ofCard, proofKey(ofCard)),
    key('of_shared_way', 'SKI-77', 'a subkey for each session', 'shared subkey', ofCard, sharedSubkey(ofCard, BOUND_SESSION)),
    ...ALGORITHM_NAMES.map((algorithm) =>
      key(`derived_${word(algorithm)}`, 'SKI-77', 'S1 from the shared key', 'derived key', ofCard, derivedKey(ofCard, BOUND_SESSION, algorithm), { algorithm }),
    ),
    ...CARD_CURVES.map((curve) => {
      const [server, card] = [ecKey(curve, 'ski/server'), ecKey(curve, 'ski/card')]
      const z = sharedSecret(server, card)
      if (z.length !== CURVE[curve].bytes || !sharedSecret(card, server).equals(z)) throw new Error('the halves do not agree')
      const points = { serverPoint: Buffer.concat([server.x, server.y]).toString('hex'), cardPoint: Buffer.concat([card.x, card.y]).toString('hex') }
      const algorithm = curve === 'P-256' ? 'AES-128' : 'AES-256'
      return key(`agreed_${word(curve)}`, 'SKI-77', 'S1 from an agreement', 'agreed key', z, agreedKey(z, BOUND_SESSION, algorithm, server, card), {
        algorithm,
        ...points,
      })
    }),
    ...(['AES-128', 'AES-256'] as const).flatMap((algorithm) =>
      (Object.keys(DIRECTION) as Direction[]).flatMap((direction) =>
        (['encrypt', 'mac'] as const).map((purpose) => {
          const output = boundKey(s1For(algorithm), BOUND_SESSION, algorithm, direction, purpose)
          const id = `bound_${word(algorithm)}_${direction.toLowerCase()}_${purpose}`
          return key(id, 'SKI-67', 'one of four keys', 'bound key', s1For(algorithm), output, { algorithm, direction, purpose })
        }),
      ),
    ),
  ]
}
