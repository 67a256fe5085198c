/**
 * A card issuer: endorses the attestation keys of cards, and personalises cards for tests and demonstrations. What the
 * server believes of a card ends at the issuer's key (SKI-44); what a card believes of its server is put there here
 * (SKI-51, SKI-52).
 *
 * A card gets a key that is diversified for it: whoever takes one card apart has the key of one card (SKI-46).
 *
 * Requirements: SKI-44, SKI-46, SKI-51, SKI-52.
 * @module
 */
import { requireBytes } from '../../bytes/bytes.js'
import type { Crypto } from '../../crypto/crypto.js'
import { checkPrivateKey } from '../../crypto/key-check.js'
import { copyKey, publicPart } from '../../crypto/key-parts.js'
import type { EcPrivateKey, EcPublicKey } from '../../crypto/keys.js'
import { run, wait, type Steps } from '../../enclave/steps.js'
import type { Maybe } from '../../verdict.js'
import { endorseCard } from '../sealed/card-evidence.js'
import { ID_BYTES, cardKey } from '../sealed/keys.js'
import type { SoftwareCardOptions } from './card.js'

/** Whoever gives out cards. */
export interface CardIssuer {
  /** The P-256 key that a server takes as the anchor of its trust in cards, installed over another way than the cards. */
  readonly publicKey: EcPublicKey
  /** Signs that an attestation key (P-256) is that of a card: r ‖ s, 64 bytes. A card id that has not 16 bytes is a `TypeError`. */
  endorse(cardId: Uint8Array, attestationKey: EcPublicKey): Maybe<Uint8Array>
}

/** Builds an issuer of its P-256 key, which signs endorsements and nothing else. */
export function cardIssuer({ crypto, signingKey }: { readonly crypto: Crypto; readonly signingKey: EcPrivateKey }): CardIssuer {
  if (signingKey.curve !== 'P-256' || !checkPrivateKey(signingKey).ok) throw new TypeError('signingKey: a P-256 key is wanted')
  const key = copyKey(signingKey)
  return { publicKey: copyKey(publicPart(key)), endorse: (cardId, attestationKey) => run(endorseCard(crypto, key, cardId, attestationKey)) }
}

/** What a card is to be, apart from what is drawn for it. */
export interface Personalisation extends Omit<SoftwareCardOptions, 'cardId' | 'attestation' | 'sharedKey'> {
  /** 16 bytes; drawn unless given. */
  readonly cardId?: Uint8Array
  /** Endorses the card's attestation key; without one the card has none. */
  readonly issuer?: CardIssuer
  /** The master key of which the card's shared key is derived (16, 24 or 32 bytes); without one the card has none. */
  readonly masterKey?: Uint8Array
}

/**
 * Draws and derives what a new card gets, as options for `softwareCard`. They hold secrets: whoever asked for them gives
 * them to a card and forgets them.
 */
export const personalise = (wanted: Personalisation): Maybe<SoftwareCardOptions> => run(personaliseSteps(wanted))

function* personaliseSteps({ cardId: given, issuer, masterKey, ...options }: Personalisation): Steps<SoftwareCardOptions> {
  const { crypto } = options
  const cardId = given ? Uint8Array.from(given) : crypto.random(ID_BYTES)
  requireBytes(cardId, 'cardId', ID_BYTES)
  const key = issuer ? yield* wait(crypto.generateEc('P-256')) : null
  return {
    ...options,
    cardId,
    ...(issuer && key ? { attestation: { key, endorsement: yield* wait(issuer.endorse(cardId, publicPart(key))) } } : {}),
    ...(masterKey ? { sharedKey: cardKey(masterKey, cardId) } : {}),
  }
}
