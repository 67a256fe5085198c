/**
 * Every key that SKI derives, against derivations on `node:crypto`; and that a change of any input changes every output.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { agreedKey, boundKey, cardKey, derivedKey, proofKey, sharedSubkey, type SessionContext } from '../../src/ski/sealed/index.js'
import { flipped, fromLabel } from '../../vectors/generate/bytes.js'
import { ecKey } from '../../vectors/generate/keys.js'
import * as formats from '../../vectors/generate/ski-sealed-formats.js'
import { pure } from '../../src/crypto/pure.js'
import { isCallersMistake, systemRandom } from '../support/providers.js'
import { contextOf, ecOf, keyOf, plain, s1Of } from './sealed-support.js'

const session = formats.sessionOf('test')
const context = contextOf('test')
const MASTER = fromLabel('ski/test/master key', 32)
const OF_CARD = formats.cardKey(MASTER, session.cardId)
const DIRECTIONS = ['toCard', 'toServer'] as const
const PURPOSES = ['encrypt', 'mac'] as const

const keys = suite('keys of SKI')

for (const length of [16, 24, 32])
  keys(`SKI-77 K_C from a master key of ${length} bytes`, () => {
    const master = fromLabel('ski/test/master key', length)
    assert.equal(cardKey(plain(master), context.cardId), plain(formats.cardKey(master, session.cardId)))
  })

keys('SKI-77 subkey of the shared key', () => assert.equal(sharedSubkey(plain(OF_CARD), context), plain(formats.sharedSubkey(OF_CARD, session))))
keys('SKI-77 key of shared-key proofs', () => assert.equal(proofKey(plain(OF_CARD)), plain(formats.proofKey(OF_CARD))))

for (const algorithm of formats.ALGORITHM_NAMES) {
  keys(`SKI-77 way derived, ${algorithm}`, () => {
    const derived = derivedKey(plain(OF_CARD), context, algorithm)
    assert.equal(derived, plain(formats.derivedKey(OF_CARD, session, algorithm)))
    assert.is(derived.length, formats.SESSION_ALGORITHM[algorithm].bytes)
  })
  for (const direction of DIRECTIONS)
    for (const purpose of PURPOSES)
      keys(`SKI-67 bound key, ${algorithm}, ${direction}, ${purpose}`, () =>
        assert.equal(boundKey(keyOf(algorithm), direction, purpose), plain(formats.boundKey(s1Of(algorithm), session, algorithm, direction, purpose))),
      )
}

for (const curve of ['P-256', 'P-384', 'P-521'] as const)
  keys(`SKI-77 way agreement, ${curve}, both halves`, () => {
    const [server, card] = [ecKey(curve, 'ski/test/server'), ecKey(curve, 'ski/test/card')]
    const z = formats.sharedSecret(server, card)
    const crypto = pure(systemRandom)
    for (const [own, peer] of [
      [server, card],
      [card, server],
    ] as const) {
      const shared = crypto.ecdh(ecOf(own), ecOf(peer))
      assert.ok(shared.ok && Buffer.from(shared.value).equals(z))
    }
    for (const algorithm of formats.ALGORITHM_NAMES)
      assert.equal(agreedKey(plain(z), context, algorithm, ecOf(server), ecOf(card)), plain(formats.agreedKey(z, session, algorithm, server, card)))
  })

keys('SKI-67 the four keys of a session, its subkey and its derived key are six', () => {
  const bound = DIRECTIONS.flatMap((direction) => PURPOSES.map((purpose) => boundKey(keyOf('AES-256'), direction, purpose)))
  const all = [...bound, sharedSubkey(plain(OF_CARD), context), derivedKey(plain(OF_CARD), context, 'AES-256')]
  assert.is(new Set(all.map((key) => Buffer.from(key).toString('hex'))).size, 6)
})

for (const name of ['session', 'serverNonce', 'cardNonce', 'cardId'] as const)
  keys(`SKI-9 one bit of ${name} changes every key of a session`, () => {
    const other: SessionContext = { ...context, [name]: plain(flipped(Buffer.from(context[name]), 7)) }
    const [server, card] = [ecOf(ecKey('P-256', 'ski/test/server')), ecOf(ecKey('P-256', 'ski/test/card'))]
    const made = (of: SessionContext) => [
      sharedSubkey(plain(OF_CARD), of),
      derivedKey(plain(OF_CARD), of, 'AES-128'),
      agreedKey(new Uint8Array(32), of, 'AES-192', server, card),
      ...DIRECTIONS.flatMap((direction) => PURPOSES.map((purpose) => boundKey({ ...keyOf('AES-256'), context: of }, direction, purpose))),
    ]
    const [before, after] = [made(context), made(other)]
    before.forEach((key, at) => assert.not.equal(key, after[at]))
  })

keys('arguments of a wrong length are a mistake of the caller', async () => {
  const short = { ...context, cardNonce: new Uint8Array(15) }
  const [server, card] = [ecOf(ecKey('P-256', 'ski/test/server')), ecOf(ecKey('P-256', 'ski/test/card'))]
  for (const call of [
    () => cardKey(plain(MASTER), new Uint8Array(15)),
    () => cardKey(new Uint8Array(31), context.cardId),
    () => proofKey(new Uint8Array(16)),
    () => sharedSubkey(new Uint8Array(16), context),
    () => derivedKey(plain(OF_CARD), short, 'AES-256'),
    () => sharedSubkey(plain(OF_CARD), short),
    () => agreedKey(new Uint8Array(31), context, 'AES-256', server, card),
    () => agreedKey(new Uint8Array(32), short, 'AES-256', server, card),
    () => boundKey({ ...keyOf('AES-256'), context: short }, 'toCard', 'mac'),
  ])
    assert.ok(await isCallersMistake(call), call.toString())
})

keys.run()
