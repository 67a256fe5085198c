/**
 * Which work is behind which command of a card. Whether something may be done is not decided here.
 * @module
 */
import type { Steps } from '../../enclave/steps.js'
import type { CardBench, CardDone, CardIdentity, CardTypes } from './card-bench.js'
import { agree, deriveKey, drawNonce, importSessionKey, makeK1, readKey, shareKey } from './card-keys.js'
import { processSealed, verifyPin } from './card-sealed.js'
import type { CardFacts } from './card-state.js'
import type { Work } from './engine.js'

/** The work of a card with an identity. */
export const cardWork =
  (identity: CardIdentity): Work<CardTypes> =>
  (store, permit, scratch) => {
    const bench: CardBench = { ...store, identity }
    const { command } = permit
    switch (command.type) {
      case 'makeK1':
        return makeK1(bench, { permit, command, scratch })
      case 'readKey':
        return readKey(bench, { permit, command, scratch })
      case 'drawNonce':
        return drawNonce(bench)
      case 'importSessionKey':
        return importSessionKey(bench, { permit, command, scratch })
      case 'shareKey':
        return shareKey(bench, { permit, command, scratch })
      case 'agree':
        return agree(bench, { permit, command, scratch })
      case 'deriveKey':
        return deriveKey(bench, { permit, command, scratch })
      case 'processSealed':
        return processSealed(bench, { permit, command, scratch })
      case 'verifyPin':
        return verifyPin(bench, { permit, command, scratch })
      case 'setKeyProperty':
      case 'destroyKey':
      case 'deleteContainer':
      case 'deauthenticate':
        return nothing({ type: command.type })
    }
  }

/** Work of the same shape as the others, where nothing is to be done to bytes. */
function* nothing(facts: CardFacts): Steps<CardDone> {
  return { ok: true, value: { facts, keep: [] } }
}
