/**
 * What the arguments of a call mean: names of algorithms, files and functions, padding information, key specs, and the
 * inputs whose form is this product's own. Each reading gives `null` where there is none; which status that is, is said by
 * `judge.ts`.
 *
 * Spec: spec/ski.md, SKI-76, SKI-99, SKI-124, SKI-132, SKI-133, SKI-135, SKI-141, SKI-182.
 * @module
 */
import { fromBase64url, toBase64url } from '../../bytes/base64.js'
import type { OaepInfo } from '../calls.js'
import { CARD_PADDING, MAX_PINS, keySpec } from '../constants/index.js'
import type { SecureFunction, SessionAlgorithm, SkiKeyKind, WrapPadding } from '../enclave/commands.js'
import type { CardFile } from '../messages.js'
import { ALGORITHMS } from '../sealed/codes.js'
import { decodeEstablishment, type Establishment } from '../sealed/establishment.js'

/** The bytes of a base64url text. */
export function bytesIn(text: string | null): Uint8Array | null {
  const read = text === null ? null : fromBase64url(text)
  return read?.ok ? read.value : null
}

const SIZED = Object.keys(ALGORITHMS) as readonly SessionAlgorithm[]

/**
 * The algorithm of an identifier: a published name, or one of ours with the size in it. `AES` alone is AES-256: the interface
 * has no place for the size where a card must know it before it has opened the blob (SKI-215).
 */
export const sizedAlgorithm = (name: string | null): SessionAlgorithm | null => (name === 'AES' ? 'AES-256' : (SIZED.find((one) => one === name) ?? null))

/** The algorithm of an identifier and a key length in bits. */
export const algorithmOfBits = (name: string | null, bits: number): SessionAlgorithm | null =>
  SIZED.find((one) => (one === name || ALGORITHMS[one].name === name) && 8 * ALGORITHMS[one].keyBytes === bits) ?? null

/** The algorithms of a published name, which does not say the size. */
export const algorithmsNamed = (name: string | null): readonly SessionAlgorithm[] => SIZED.filter((one) => ALGORITHMS[one].name === name)

/** The name of a secure function. */
export const secureFunction = (name: string | null): SecureFunction | null => FUNCTIONS.find((one) => one === name) ?? null
const FUNCTIONS: readonly SecureFunction[] = ['Import Key Pair', 'Change Authenticator', 'Authenticate']

/** A file of the directory `mscp`: the container map, or the certificate of a container, `kxcNN` or `kscNN`. */
export function cardFile(directory: string | null, name: string | null): { readonly file: CardFile; readonly container: number } | null {
  if (directory !== 'mscp') return null
  const match = /^k[xs]c(\d\d)$/.exec(name ?? '')
  if (match) return { file: 'certificate', container: Number(match[1]) }
  return name === 'cmapfile' ? { file: 'cmapfile', container: 0 } : null
}

/** The key that `CardCreateContainer` is to make. Only those that establish keys are made on a card (SKI-212). */
export function keyToMake(spec: number, bits: number): SkiKeyKind | null {
  const facts = keySpec(spec)
  if (facts?.use !== 'exchange') return null
  if (facts.type === 'EC') return bits === 0 && facts.curve !== null ? `ec-${facts.curve}` : null
  return RSA_KINDS.find((kind) => kind === `rsa-${bits}`) ?? null
}
const RSA_KINDS = ['rsa-2048', 'rsa-3072', 'rsa-4096'] as const

/** The RSA padding of a wrapped session key. Padding information is looked at with OAEP only. */
export function wrapPadding(flags: number, info: OaepInfo | null): WrapPadding | null {
  if (flags === CARD_PADDING.CARD_PADDING_PKCS1) return 'pkcs1'
  if (flags !== CARD_PADDING.CARD_PADDING_OAEP || info === null || !isEmpty(info.label)) return null
  return OAEP.get(info.hash) ?? null
}

/** The paddings by the hash that `BCRYPT_OAEP_PADDING_INFO` names. */
export const OAEP: ReadonlyMap<string, WrapPadding> = new Map([
  ['SHA1', 'oaep-sha1'],
  ['SHA256', 'oaep-sha256'],
  ['SHA384', 'oaep-sha384'],
  ['SHA512', 'oaep-sha512'],
])

/** Whether a label is none. */
export const isEmpty = (label: string | null): boolean => label === null || label === ''

/** The PINs of a `PIN_SET`, lowest first; the one that nobody presents is none of them. */
export function pinsIn(set: number): readonly number[] | null {
  if (!Number.isInteger(set) || set <= 0 || set >= 1 << MAX_PINS || (set & EVERYONE) !== 0) return null
  return Array.from({ length: MAX_PINS }, (_, id) => id).filter((id) => (set & (1 << id)) !== 0)
}
/** `ROLE_EVERYONE` in a `PIN_SET`. */
const EVERYONE = 1

/**
 * An establishment (KFPK). Read here only to say to the card what is in it: nobody but the card can tell whether it is true
 * (SKI-51).
 */
export function establishmentIn(input: string | null): Establishment | null {
  const bytes = bytesIn(input)
  const read = bytes && decodeEstablishment(bytes)
  return read?.ok ? read.value : null
}

/** What an input of `CardGetSharedKeyHandle` or a parameter list of `CardDeriveKey` asks of a card. */
export interface Derivation<Way> {
  readonly way: Way
  readonly algorithm: SessionAlgorithm
  /** Whether it is an establishment. */
  readonly proven: boolean
  /** As the card's command wants it. */
  readonly input: string | null
}

/** Nothing: the shared key itself. Session id, server nonce and the number of an algorithm: a key derived of it. Or an establishment around either. */
export function sharedDerivation(input: string | null): Derivation<'shared' | 'derived'> | null {
  if (input === null) return { way: 'shared', algorithm: 'AES-256', proven: false, input }
  const proven = establishmentIn(input)
  if (proven) return proven.way === 'shared' || proven.way === 'derived' ? { way: proven.way, algorithm: proven.algorithm, proven: true, input } : null
  const bytes = bytesIn(input)
  const algorithm = SIZED.find((one) => ALGORITHMS[one].code === bytes?.[SESSION_BYTES])
  if (bytes?.length !== SESSION_BYTES + 1 || algorithm === undefined) return null
  return { way: 'derived', algorithm, proven: false, input: toBase64url(bytes.subarray(0, SESSION_BYTES)) }
}

/** Session id and server nonce, or an establishment for an agreement on a key of this algorithm. */
export function agreedDerivation(parameters: string | null, algorithm: SessionAlgorithm): Derivation<'agreement'> | null {
  const proven = establishmentIn(parameters)
  const fits = proven ? proven.way === 'agreement' && proven.algorithm === algorithm : bytesIn(parameters)?.length === SESSION_BYTES
  return fits ? { way: 'agreement', algorithm, proven: proven !== null, input: parameters } : null
}

/** Session id and server nonce. */
const SESSION_BYTES = 32
