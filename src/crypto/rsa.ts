/**
 * The two RSA primitives (RFC 8017 §5.1): the public operation, and the private operation by CRT with base blinding.
 * Padding is put on and taken off by `oaep.ts` and `pkcs1.ts`.
 *
 * A `bigint` operation takes time that depends on its operands, so the private operation never works on a number that a
 * peer chose: it is multiplied by a random factor first, always. The order of operations does not depend on secrets, and
 * no result leaves before the public operation has confirmed it: a wrong half of a CRT result would give away a prime.
 * @module
 */
import { requireBytes, wipe } from '../bytes/bytes.js'
import type { Random } from './crypto.js'
import type { RsaPrivateKey, RsaPublicKey } from './keys.js'
import { i2osp, modularInverse, modularPower, modularPowerPublic, modulo, os2ip } from './number.js'

/** Whether bytes are an input of the RSA primitives: as long as the modulus, and a smaller number. Only public data is looked at. */
export function isBelowModulus({ n }: RsaPublicKey, bytes: Uint8Array): boolean {
  if (bytes.length !== n.length) return false
  const differing = n.findIndex((byte, i) => byte !== bytes[i])
  return differing >= 0 && bytes[differing]! < n[differing]!
}

/** The public operation. An input for which {@link isBelowModulus} says no is a `TypeError`. */
export function rsaPublic(key: RsaPublicKey, input: Uint8Array): Uint8Array {
  requireInput(key, input)
  return i2osp(modularPowerPublic(os2ip(input), os2ip(key.e), os2ip(key.n)), key.n.length)
}

/** The private operation, blinded. An input for which {@link isBelowModulus} says no is a `TypeError`. */
export function rsaPrivate(key: RsaPrivateKey, input: Uint8Array, random: Random): Uint8Array {
  requireInput(key, input)
  const n = os2ip(key.n)
  const { blind, unblind } = blindingPair(key, random)
  return confirmed(key, input, (crt(key, (os2ip(input) * blind) % n) * unblind) % n)
}

/**
 * The private operation without blinding. It leaks, and it is here to show that: the timing gate has to find it.
 * @internal
 */
export function rsaPrivateUnblinded(key: RsaPrivateKey, input: Uint8Array): Uint8Array {
  requireInput(key, input)
  return confirmed(key, input, crt(key, os2ip(input)))
}

/** Drops the blinding pair that is kept beside a key. */
export function forgetBlinding(key: RsaPrivateKey, random: Random): void {
  pairs.get(random)?.delete(key)
}

function crt(key: RsaPrivateKey, base: bigint): bigint {
  const [p, q] = [os2ip(key.p), os2ip(key.q)]
  const modP = modularPower(base % p, os2ip(key.dp), p, 8 * key.p.length)
  const modQ = modularPower(base % q, os2ip(key.dq), q, 8 * key.q.length)
  return modQ + modulo((modP - modQ) * os2ip(key.qi), p) * q
}

function confirmed(key: RsaPrivateKey, input: Uint8Array, result: bigint): Uint8Array {
  // Either a computing fault, or numbers that `checkPrivateKey` would have refused. In both cases the result is a danger.
  if (modularPowerPublic(result, os2ip(key.e), os2ip(key.n)) !== os2ip(input)) throw new Error('the RSA private operation did not confirm its result')
  return i2osp(result, key.n.length)
}

function requireInput(key: RsaPublicKey, input: Uint8Array): void {
  requireBytes(input, 'input', key.n.length)
  if (!isBelowModulus(key, input)) throw new TypeError('input: a number below the modulus is wanted')
}

/** `r^e` and `r^-1` for a random `r`. */
interface BlindingPair {
  blind: bigint
  unblind: bigint
  uses: number
}

// Beside the random source as well as the key: a seeded run must not meet a pair that another run left behind.
const pairs = new WeakMap<Random, WeakMap<RsaPrivateKey, BlindingPair>>()

/** The pair for the next operation: a fresh one every 32 uses, squared in between, which costs next to nothing. */
function blindingPair(key: RsaPrivateKey, random: Random): BlindingPair {
  let ofSource = pairs.get(random)
  if (!ofSource) pairs.set(random, (ofSource = new WeakMap()))
  const kept = ofSource.get(key)
  if (!kept || kept.uses >= PAIR_USES) {
    const fresh = freshPair(key, random)
    ofSource.set(key, fresh)
    return fresh
  }
  const n = os2ip(key.n)
  kept.blind = (kept.blind * kept.blind) % n
  kept.unblind = (kept.unblind * kept.unblind) % n
  kept.uses++
  return kept
}

function freshPair(key: RsaPublicKey, random: Random): BlindingPair {
  const n = os2ip(key.n)
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const [r, mask] = [randomResidue(n, key.n.length, random), randomResidue(n, key.n.length, random)]
    // Euclid's steps follow its operand, so r is masked while it is inverted.
    const inverse = modularInverse((r * mask) % n, n)
    if (inverse !== null) return { blind: modularPowerPublic(r, os2ip(key.e), n), unblind: (inverse * mask) % n, uses: 1 }
  }
  throw new Error(`random: ${MOST_TRIES} numbers in a row had no inverse, so the random source is broken`)
}

function randomResidue(n: bigint, length: number, random: Random): bigint {
  const bytes = random(length + 8)
  const residue = os2ip(bytes) % n
  wipe(bytes)
  return residue
}

const PAIR_USES = 32
// A number without inverse is a multiple of a prime factor of the modulus; from a working source not even one comes.
const MOST_TRIES = 4
