/**
 * The witness: for tests and demonstrations, somebody who is told each secret that an enclave holds, so that a ledger can
 * search everything public for it. Off unless given at construction, and named in SECURITY.md: it breaks the one promise
 * that an enclave makes.
 * @module
 */
import type { TargetKey } from '../crypto/keys.js'

/** A secret that has come to exist. `bytes` is a copy that belongs to the witness. */
export interface WitnessedSecret {
  /** What it is, for people: `kek rsa-2048: p`, `target "a": PKCS#8`. */
  readonly name: string
  readonly bytes: Uint8Array
  /** The name of the enclave that holds it. */
  readonly enclave: string
}

/** Is told each secret once, when it comes to exist. */
export type Witness = (secret: WitnessedSecret) => void

/** The secret numbers of a key, by their JWK names. */
export function secretParts(key: TargetKey): readonly (readonly [name: string, bytes: Uint8Array])[] {
  switch (key.type) {
    case 'RSA':
      return [
        ['d', key.d],
        ['p', key.p],
        ['q', key.q],
        ['dp', key.dp],
        ['dq', key.dq],
        ['qi', key.qi],
      ]
    case 'EC':
      return [['d', key.d]]
    case 'oct':
      return [['k', key.k]]
  }
}
