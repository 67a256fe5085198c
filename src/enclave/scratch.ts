/**
 * What one command holds while it works: secrets that are not the store's yet. Whichever way the command ends, what is
 * still here is wiped; and when its conversation is closed under it, at once, without waiting for a crypto provider that
 * may never answer. A secret that comes later is wiped as it comes.
 *
 * Requirements: BYOK-5, BYOK-129, BYOK-137.
 * @module
 */
import { requireBytes, wipe } from '../bytes/bytes.js'
import type { Crypto } from '../crypto/crypto.js'
import { wipeKey } from '../crypto/key-parts.js'
import type { RsaPublicKey, TargetKey } from '../crypto/keys.js'
import { secretParts } from './witness.js'

/** Is told a secret by name. */
export type Tell = (name: string, bytes: Uint8Array) => void

/** Thrown where work goes on after its scratch was ended; never leaves the enclave. */
export class Ended extends Error {}

/** See the module text. */
export class Scratch {
  readonly #crypto: Crypto
  readonly #tell: Tell
  readonly #bytes = new Set<Uint8Array>()
  readonly #keys = new Set<TargetKey>()
  #ended = false

  constructor(crypto: Crypto, tell: Tell) {
    this.#crypto = crypto
    this.#tell = tell
  }

  /** Whether everything here has been wiped. */
  get ended(): boolean {
    return this.#ended
  }

  /** Throws {@link Ended} if the work is not to go on. */
  goOn(): void {
    if (this.#ended) throw new Ended()
  }

  /** Takes charge of secret bytes. */
  bytes(name: string, secret: Uint8Array): Uint8Array {
    requireBytes(secret, name)
    this.#unlessEnded(() => wipe(secret))
    this.#bytes.add(secret)
    this.#tell(name, secret)
    return secret
  }

  /** Takes charge of a key with secret parts. */
  key<K extends TargetKey>(name: string, key: K): K {
    const parts = secretParts(key)
    for (const [part, bytes] of parts) requireBytes(bytes, part)
    this.#unlessEnded(() => destroyKey(this.#crypto, key))
    this.#keys.add(key)
    for (const [part, bytes] of parts) this.#tell(`${name}: ${part}`, bytes)
    return key
  }

  /** Gives up a key that now belongs to the store. */
  release(key: TargetKey | RsaPublicKey): void {
    this.#keys.delete(key as TargetKey)
  }

  /** Wipes everything. */
  end(): void {
    this.#ended = true
    wipe(...this.#bytes)
    for (const key of this.#keys) destroyKey(this.#crypto, key)
    this.#bytes.clear()
    this.#keys.clear()
  }

  #unlessEnded(destroy: () => void): void {
    if (!this.#ended) return
    destroy()
    throw new Ended()
  }
}

/** Wipes a key and has the provider drop what it keeps beside it. A provider that fails at that keeps nothing from being wiped. */
export function destroyKey(crypto: Crypto, key: TargetKey | RsaPublicKey): void {
  try {
    if (key.type !== 'oct') crypto.forget(key)
  } catch {
    // Nothing that a caller could do about it, and the bytes go in any case.
  }
  wipeKey(key)
}
