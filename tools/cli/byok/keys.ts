/**
 * Keys that a person hands to a command, and how they are told about: which file is unreadable and which is refused, and what may be
 * shown of a key.
 *
 * Requirements: BYOK-9, BYOK-33 to BYOK-35, BYOK-59, BYOK-60, BYOK-67, BYOK-74.
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { toBase64url } from '../../../src/bytes/base64.js'
import { wipe } from '../../../src/bytes/bytes.js'
import type { JsonObject } from '../../../src/bytes/json.js'
import { shown } from '../../../src/byok/display.js'
import { byokFault } from '../../../src/byok/faults.js'
import { isImportOnly, judgeKekNumbers } from '../../../src/byok/kek.js'
import { formatKid, parseKid, sameKid } from '../../../src/byok/kid.js'
import type { TargetKty } from '../../../src/byok/messages.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { encodePublicJwk } from '../../../src/crypto/jwk.js'
import { readPrivateKeyFile, readPublicKeyFile } from '../../../src/crypto/key-file.js'
import { wipeKey } from '../../../src/crypto/key-parts.js'
import type { RsaPrivateKey, RsaPublicKey, TargetKey } from '../../../src/crypto/keys.js'
import { bitLengthOfBytes } from '../../../src/crypto/number.js'
import { pure } from '../../../src/crypto/pure.js'
import { readTarget } from '../../../src/crypto/target.js'
import { keyIdentity } from '../../../src/enclave/check-value.js'
import type { KeyIdentity, KeyKind, Kid } from '../../../src/enclave/commands.js'
import { kindOf } from '../../../src/enclave/kinds.js'
import type { Fault } from '../../../src/verdict.js'
import { nodeCrypto } from '../../node/crypto.js'
import type { OptionSpec } from '../args.js'
import { EXIT, failureOf, type ExitCode, type Failure } from '../failure.js'
import { readInput } from '../files.js'

/** The option that chooses a crypto provider. */
export const CRYPTO_OPTION = {
  value: 'NAME',
  text: 'Who computes: platform is OpenSSL inside Node (the default), pure is keyferry itself.',
  choices: ['platform', 'pure'],
} as const satisfies OptionSpec

/** The provider of that name; never one in place of the other. */
export const cryptoNamed = (name: 'platform' | 'pure' | undefined): Crypto =>
  name === 'pure' ? pure((length) => randomFillSync(new Uint8Array(length))) : nodeCrypto()

/** A KEK from a file, judged as far as a file can be. */
export interface KekFile {
  readonly key: RsaPublicKey
  readonly bits: number
}

/** Reads and judges the public KEK. A JWK that says more than its numbers is held to what it says. */
export async function readKek(path: string, kid?: Kid): Promise<KekFile> {
  const what = `the KEK, ${path}`
  const bytes = await readInput(path, 'the KEK')
  try {
    const read = readPublicKeyFile(bytes)
    if (!read.ok) throw kekFailure(what, read.fault)
    const { key, jwk } = read.value
    if (key.type !== 'RSA') throw failureOf(EXIT.refused, what, byokFault('kek_kty_wrong', { found: key.type, wanted: 'RSA' }))
    const numbers = judgeKekNumbers({ n: toBase64url(key.n), e: toBase64url(key.e) })
    if (!numbers.ok) throw failureOf(EXIT.refused, what, numbers.fault)
    const fault = jwk ? statedFault(jwk, kid) : null
    if (fault) throw failureOf(EXIT.refused, what, fault)
    return { key, bits: numbers.value }
  } finally {
    // Somebody may have given the wrong half.
    wipe(bytes)
  }
}

/** Reads the private half of a test KEK. The caller wipes it. */
export async function readPrivateKek(path: string): Promise<RsaPrivateKey> {
  const what = `the private KEK, ${path}`
  const bytes = await readInput(path, 'the private KEK')
  try {
    const read = readPrivateKeyFile(bytes, { primality: true })
    if (!read.ok) throw kekFailure(what, read.fault)
    const { key } = read.value
    if (key.type === 'RSA') return key
    wipeKey(key)
    throw failureOf(EXIT.refused, what, byokFault('kek_kty_wrong', { found: key.type, wanted: 'RSA' }))
  } finally {
    wipe(bytes)
  }
}

/** Reads a target key. Raw octets are taken only where `kty` says that they are a key. The caller wipes it. */
export async function readTargetKey(path: string, kty: TargetKty | undefined): Promise<TargetKey> {
  const what = `the target key, ${path}`
  const bytes = await readInput(path, 'the target key')
  try {
    // A JWK is longer than any raw key.
    const isJwk = bytes.length > LONGEST_OCT && bytes.find((byte) => byte > SPACE) === BRACE
    if (kty === 'oct' && !isJwk) {
      const raw = readTarget(bytes, { kty }, { trailingZeros: false })
      if (!raw.ok) throw failureOf(EXIT.refused, what, raw.fault)
      return raw.value.key
    }
    const read = readPrivateKeyFile(bytes, { primality: true })
    if (!read.ok) throw targetFailure(what, read.fault)
    const { key } = read.value
    if (kty === undefined || kty === key.type) return key
    wipeKey(key)
    throw failureOf(EXIT.refused, what, { code: 'target_type_differs', found: key.type, wanted: kty, requirement: 'BYOK-58' })
  } finally {
    wipe(bytes)
  }
}

/** What may be shown of a key. */
export interface KeyDescription {
  readonly kind: KeyKind
  readonly identity: KeyIdentity
  /** The public JWK; an object without members for a symmetric key, which has no public part. */
  readonly publicKey: object
}

/** Describes a key. */
export async function describeKey(crypto: Crypto, key: TargetKey): Promise<KeyDescription> {
  const kind = kindOf(key)
  if (kind === null) throw new TypeError('describeKey: a key of one of the ten kinds is wanted')
  return { kind, identity: await keyIdentity(crypto, key), publicKey: key.type === 'oct' ? {} : encodePublicJwk(key) }
}

/** The identity of a key with the name of what it is: a check value is a MAC and no public key (BYOK-133). */
export const identityRow = (identity: KeyIdentity): [string, string] =>
  identity.startsWith('aes-cmac:') ? ['check value', `${identity} (a MAC, not a public key)`] : ['fingerprint', identity]

/** What a JWK from a vault says about itself. One without a `kid` is numbers in another spelling, and its `kty` the family of the key. */
function statedFault(jwk: JsonObject, kid: Kid | undefined): Fault | null {
  const member = (name: string) => (Object.hasOwn(jwk, name) ? jwk[name] : undefined)
  const [kty, stated, operations] = [member('kty'), member('kid'), member('key_ops')]
  if (stated !== undefined && kty !== 'RSA-HSM') return byokFault('kek_kty_wrong', { at: 'kty', ...(typeof kty === 'string' ? { found: shown(kty) } : {}) })
  if (operations !== undefined && !(Array.isArray(operations) && isImportOnly(operations.map(String))))
    return byokFault('kek_operations_wrong', { at: 'key_ops', ...(Array.isArray(operations) ? { found: shown(operations.join(', ')) } : {}) })
  if (stated === undefined || kid === undefined) return null
  const parsed = typeof stated === 'string' ? parseKid(stated) : null
  if (parsed?.ok && sameKid(parsed.value, kid)) return null
  // Two sources for one KEK: the file would name a key that cannot open it.
  return byokFault('kek_kid_differs', { at: 'kid', ...(typeof stated === 'string' ? { found: shown(stated) } : {}), wanted: formatKid(kid) })
}

function kekFailure(what: string, fault: Fault): Failure {
  if (fault.code === 'rsa_modulus_size_unsupported')
    return failureOf(EXIT.refused, what, byokFault('kek_size_not_allowed', fault.found === undefined ? {} : { found: fault.found }))
  return failureOf(exitFor(fault), what, fault, hintsFor(fault, KEK_HINTS))
}

function targetFailure(what: string, fault: Fault): Failure {
  if (fault.code === 'rsa_modulus_size_unsupported') return failureOf(EXIT.refused, what, byokFault('target_kind_unknown', { found: `RSA ${fault.found}` }))
  return failureOf(exitFor(fault), what, fault, hintsFor(fault, TARGET_HINTS))
}

/** A file that holds no key at all is unreadable; a key that is not the right one is refused. */
const exitFor = ({ code }: Fault): ExitCode => (NOT_A_KEY.test(code) ? EXIT.unreadable : EXIT.refused)

const hintsFor = ({ code }: Fault, hints: Readonly<Record<string, string>>): string[] => (Object.hasOwn(hints, code) ? [hints[code]!] : [])

/** The size of an RSA key, in bits. */
export const modulusBits = (key: RsaPublicKey): number => bitLengthOfBytes(key.n)

const NOT_A_KEY = /^(?:key_file_(?:empty|too_large|utf16|unrecognised)|pem_|base64_|json_|der_|jwk_(?:not_object|member_|integer_|length_))/

const KEK_HINTS: Readonly<Record<string, string>> = {
  private_key_given:
    'This is a private key where a public one belongs. The private half of a KEK never leaves its vault; if this is one, the KEK protects nothing any more.',
  public_key_given: 'This is a public key. To open a transfer file the private half is needed, which only test KEKs have in a file.',
}

const TARGET_HINTS: Readonly<Record<string, string>> = {
  key_file_unrecognised: 'Raw octets are taken with --kty oct.',
  key_encrypted: 'Decrypt it first, on the machine where it may be in clear: openssl pkey -in KEY -out PLAIN',
  public_key_given: 'This is a public key; the target is a private or symmetric one.',
}
const LONGEST_OCT = 32
const SPACE = 0x20
const BRACE = 0x7b
