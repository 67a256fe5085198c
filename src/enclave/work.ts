/**
 * The work on bytes behind each command, between the permit and the commit of the rules. Every secret that comes to exist
 * here is put in the command's scratch at once, which wipes it whatever happens; what the store is to keep is named in the
 * result and taken out of the scratch by the store itself.
 *
 * Whether something may be done is not decided here.
 *
 * Requirements: BYOK-5, BYOK-50, BYOK-60, BYOK-63, BYOK-126, BYOK-132, BYOK-134, BYOK-135, BYOK-137.
 * @module
 */
import { fromBase64url, toBase64url } from '../bytes/base64.js'
import { requireBytes } from '../bytes/bytes.js'
import { toHex } from '../bytes/hex.js'
import type { Crypto } from '../crypto/crypto.js'
import { checkPublicKey } from '../crypto/key-check.js'
import { copyKey } from '../crypto/key-parts.js'
import type { EcPrivateKey, EcPublicKey, PrivateKey, RsaPrivateKey, RsaPublicKey, TargetKey } from '../crypto/keys.js'
import { bitLengthOfBytes } from '../crypto/number.js'
import { AZURE_MECHANISM, EPHEMERAL_BYTES } from '../crypto/rsa-aes-key-wrap.js'
import { parseTarget, writeTarget } from '../crypto/target.js'
import { accept, refuse, type Verdict } from '../verdict.js'
import { identitySteps, publicPartOf } from './check-value.js'
import type { EnclaveFault, KeyHandle, KeyKind } from './commands.js'
import { judgeSteps, signSteps } from './evidence.js'
import { KINDS, kindOf, kindOfRsa } from './kinds.js'
import { draft, review } from './permit.js'
import { BYTES_LIMIT } from './read-command.js'
import { TRANSFER_REFUSED } from './rules.js'
import type { Scratch } from './scratch.js'
import type { CommandOf, Facts, MadeKey, Permit, RuleState } from './state.js'
import { statementOf } from './statement.js'
import { wait, type Steps } from './steps.js'

/** A key that a store holds the bytes of: its own, or the public half of somebody else's. */
export type StoredKey = TargetKey | RsaPublicKey

/** What the work needs of the store. */
export interface Bench {
  readonly crypto: Crypto
  /** The HSM's evidence key; `null` where the store stands behind no vault. */
  readonly signingKey: EcPrivateKey | null
  readonly anchors: readonly EcPublicKey[]
  /** Whether up to seven zero bytes behind a DER are read past (BYOK-72). */
  readonly trailingZeros: boolean
  /** The rules' state as it is at this moment. */
  readonly state: () => RuleState
  readonly stored: (handle: KeyHandle | null) => StoredKey
  readonly newHandle: () => KeyHandle
}

/** Public facts for the rules, and the key to store if they take them. */
export interface Done {
  readonly facts: Facts
  readonly key: StoredKey | null
}

/** Does the work of a command. `given` is the key that comes with a `loadKey`; it stays the caller's, and a copy is stored. */
export function work(bench: Bench, permit: Permit, scratch: Scratch, given: TargetKey | null): Steps<Verdict<Done, EnclaveFault>> {
  const { command } = permit
  switch (command.type) {
    case 'holdKek':
      return holdKek(bench, command)
    case 'wrapTarget':
      return wrapTarget(bench, permit, scratch)
    case 'compareImported':
      return compareImported(bench, command)
    case 'makeKek':
      return makeKek(bench, permit, command, scratch)
    case 'importTransfer':
      return importTransfer(bench, permit, command, scratch)
    case 'generateKey':
      return generateKey(bench, command, scratch)
    case 'loadKey':
      return loadKey(bench, command, scratch, given)
    case 'trustKek':
    case 'keep':
    case 'destroyKey':
      return nothing(command.type)
  }
}

/** Work of the same shape as the others, where nothing is to be done to bytes. */
function* nothing(type: 'trustKek' | 'keep' | 'destroyKey'): Steps<Verdict<Done, EnclaveFault>> {
  return done({ type }, null)
}

function* holdKek(bench: Bench, command: CommandOf<'holdKek'>): Steps<Verdict<Done, EnclaveFault>> {
  const [n, e] = [fromBase64url(command.n), fromBase64url(command.e)]
  if (!n.ok || !e.ok) return refuse({ code: 'kek_invalid', at: n.ok ? 'e' : 'n' })
  const kek: RsaPublicKey = { type: 'RSA', n: n.value, e: e.value }
  const bits = bitLengthOfBytes(kek.n)
  // Which sizes are allowed is a rule; here it is only asked whether this is a key at all.
  const checked = checkPublicKey(kek, { rsaBits: [bits] })
  if (!checked.ok) return refuse({ code: 'kek_invalid', at: checked.fault.at ?? 'n', found: checked.fault.code })
  const statement = command.evidence === null ? null : yield* judgeSteps(bench.crypto, bench.anchors, command.evidence)
  const facts = { ...(yield* made(bench, kek, kindOfRsa(bits))), type: 'holdKek', bits, statement } as const
  return done(facts, kek)
}

function* wrapTarget(bench: Bench, permit: Permit, scratch: Scratch): Steps<Verdict<Done, EnclaveFault>> {
  const kek = bench.stored(permit.named) as RsaPublicKey
  const target = bench.stored(permit.target) as TargetKey
  const ephemeral = scratch.bytes('ephemeral AES key', bench.crypto.random(EPHEMERAL_BYTES))
  const payload = scratch.bytes('target: wrapped octets', writeTarget(target))
  const blob = yield* wait(bench.crypto.rsaAesWrap(kek, ephemeral, payload, AZURE_MECHANISM))
  requireBytes(blob, 'blob')
  return done({ type: 'wrapTarget', ciphertext: toBase64url(blob) }, null)
}

function* compareImported(bench: Bench, command: CommandOf<'compareImported'>): Steps<Verdict<Done, EnclaveFault>> {
  const statement = yield* judgeSteps(bench.crypto, bench.anchors, command.evidence)
  return done({ type: 'compareImported', statement }, null)
}

function* makeKek(bench: Bench, permit: Permit, command: CommandOf<'makeKek'>, scratch: Scratch): Steps<Verdict<Done, EnclaveFault>> {
  const kek = scratch.key(`kek rsa-${command.bits}`, yield* wait(bench.crypto.generateRsa(command.bits)))
  requireKind(kek, kindOfRsa(command.bits))
  const facts = { ...(yield* made(bench, kek, kindOfRsa(command.bits))), type: 'makeKek', version: newVersion(bench), evidence: '' } as const
  return yield* withEvidence(bench, permit, facts, kek)
}

/** Everything that is found out in here is one refusal. */
function* importTransfer(bench: Bench, permit: Permit, command: CommandOf<'importTransfer'>, scratch: Scratch): Steps<Verdict<Done, EnclaveFault>> {
  const { crypto } = bench
  const blob = fromBase64url(command.ciphertext.length > BYTES_LIMIT ? '' : command.ciphertext)
  // Text that is no base64url is a blob of no length: the provider refuses it like any other wrong length.
  const bytes = blob.ok ? blob.value : new Uint8Array(0)
  const key = yield* openTransfer(bench, permit, command, bytes, scratch)
  if (key === null) {
    // A check value costs AES operations; a refusal costs as many as an import does.
    if (command.kty === 'oct') yield* identitySteps(crypto, { type: 'oct', k: scratch.bytes('stand-in key', crypto.random(32)) })
    return refuse(TRANSFER_REFUSED)
  }
  const digest = yield* wait(crypto.digest('SHA-256', bytes))
  requireBytes(digest, 'digest', 32)
  const facts = { ...(yield* made(bench, key, kindOf(key))), type: 'importTransfer', version: newVersion(bench), blob: toHex(digest), evidence: '' } as const
  return yield* withEvidence(bench, permit, facts, key)
}

/** Unwraps a blob and reads the key in it (U1 to U9). */
function* openTransfer(bench: Bench, permit: Permit, command: CommandOf<'importTransfer'>, blob: Uint8Array, scratch: Scratch): Steps<TargetKey | null> {
  const { kty, crv } = command
  const kek = bench.stored(permit.named) as RsaPrivateKey
  const opened = yield* wait(bench.crypto.rsaAesUnwrap(kek, blob, AZURE_MECHANISM))
  if (!opened.ok) return null
  const plaintext = scratch.bytes('transfer: unwrapped octets', opened.value)
  const parsed = parseTarget(plaintext, crv === null ? { kty } : { kty, curve: crv }, { trailingZeros: bench.trailingZeros })
  if (!parsed.ok) return null
  const key = scratch.key('imported key', parsed.value.key)
  if (key.type === 'oct') return key
  const checked = yield* wait(bench.crypto.checkPrivateKey(key))
  return checked.ok ? key : null
}

function* generateKey(bench: Bench, command: CommandOf<'generateKey'>, scratch: Scratch): Steps<Verdict<Done, EnclaveFault>> {
  const key = scratch.key(`target ${command.kind}`, yield* newKey(bench.crypto, command.kind))
  requireKind(key, command.kind)
  return done({ ...(yield* made(bench, key, command.kind)), type: 'generateKey' }, key)
}

function* newKey(crypto: Crypto, kind: KeyKind): Steps<TargetKey> {
  const { kty, bits, curve } = KINDS[kind]
  if (kty === 'RSA') return yield* wait(crypto.generateRsa(bits))
  if (curve !== null) return yield* wait(crypto.generateEc(curve))
  return { type: 'oct', k: crypto.random(bits / 8) }
}

/** A provider that makes another key than it was asked for is broken, and the store refuses to work with it. */
function requireKind(key: TargetKey, kind: KeyKind | null): void {
  if (kindOf(key) !== kind) throw new TypeError(`a key of kind ${kind} is wanted`)
}

function* loadKey(bench: Bench, command: CommandOf<'loadKey'>, scratch: Scratch, given: TargetKey | null): Steps<Verdict<Done, EnclaveFault>> {
  if (given === null) throw new TypeError('loadKey: a key is wanted')
  const key = scratch.key(`given ${command.kind}`, copyKey(given))
  const checked = key.type === 'oct' ? accept(undefined) : yield* wait(bench.crypto.checkPrivateKey(key))
  if (!checked.ok) return refuse({ code: 'command_invalid', at: 'key', found: checked.fault.code })
  return done({ ...(yield* made(bench, key, command.kind)), type: 'loadKey' }, key)
}

/** Signs what the store will say about a key, once the rules have agreed to take it. */
function* withEvidence(
  bench: Bench,
  permit: Permit,
  facts: Extract<Facts, { evidence: string }>,
  key: PrivateKey | TargetKey,
): Steps<Verdict<Done, EnclaveFault>> {
  const state = bench.state()
  const fault = review(state, permit, facts)
  if (fault) return refuse(fault)
  if (bench.signingKey === null) throw new TypeError('evidence: a store behind a vault is wanted')
  const evidence = yield* signSteps(bench.crypto, bench.signingKey, statementOf(draft(state, permit, facts)))
  return done({ ...facts, evidence }, key)
}

function* made(bench: Bench, key: StoredKey, kind: KeyKind | null): Steps<MadeKey> {
  return { handle: bench.newHandle(), kind, key: publicPartOf(key), identity: yield* identitySteps(bench.crypto, key) }
}

const newVersion = (bench: Bench): string => toHex(bench.crypto.random(16))
const done = (facts: Facts, key: StoredKey | null): Verdict<Done, EnclaveFault> => accept({ facts, key })
