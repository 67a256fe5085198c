/**
 * What the client application works out from public values: which way both ends can go, where K1 and K2 are to lie, what
 * the files of the card say. Nothing that it decides is trusted by anybody: client and minidriver belong to the attacker.
 *
 * Spec: spec/ski.md, SKI-10, SKI-40, SKI-41, SKI-92, SKI-155, SKI-165.
 * @module
 */
import { fromBase64url, toBase64url } from '../../src/bytes/base64.js'
import { KEY_IMPORT, STATUS, keySpec } from '../../src/ski/constants/index.js'
import type { Returned } from '../../src/ski/calls.js'
import type { SkiKeyKind } from '../../src/ski/enclave/commands.js'
import type { Fault } from '../../src/verdict.js'
import type { Way } from '../../src/ski/policy.js'
import { READINGS } from '../../src/ski/readings.js'
import { decodeContainerMap, decodeMultiString, decodeU32, encodeContainerMap, type ContainerRecord } from '../../src/ski/structures/index.js'

/** What a client wants and has. */
export interface ClientInput {
  readonly subject: string
  readonly template: string
  /** The card's minidriver: product and interface version (SKI-253), and what the reader says of the card. */
  readonly product: string
  readonly version: number
  readonly atr: string
  /** How many containers the card has. */
  readonly containers: number
  /** The PIN that is to guard the containers. */
  readonly pinId: number
  /** K1 in the session way, and the card's DH key in the agreement way. */
  readonly k1Kind: SkiKeyKind
  readonly dhKind: SkiKeyKind
  /** The holder's PIN, where the card wants one: at the PIN pad, or typed here, which is outside the promise (SKI-284). */
  readonly holder: { readonly pinId: number; readonly typed: string | null } | null
  /** The container of a K1 that lies on the card already (step 5), for example the one that was enrolled for `pinned`; a new one is made unless given. */
  readonly existingK1?: number
  /** Whether a K1 that this run makes stays on the card. */
  readonly keepK1: boolean
}

/** A property that is a number; 0 where it is none. */
export function numberIn({ data }: Returned): number {
  const bytes = bytesOf(data)
  const read = bytes && decodeU32(bytes)
  return read?.ok ? read.value : 0
}

/** A property that is a list of names; empty where it is none. */
export function namesIn({ data }: Returned): readonly string[] {
  const bytes = bytesOf(data)
  const read = bytes && decodeMultiString(bytes)
  return read?.ok ? read.value : []
}

/** The first way of the server's that the card claims to know; never plaintext (SKI-31, SKI-41). */
export const chooseWay = (ways: readonly Way[], mask: number): Way | null => ways.find((way) => (mask & BITS[way]) !== 0) ?? null

/** Why no way was found: a card that takes nothing but plaintext is told apart from one that takes nothing. */
export const blameOfMask = (mask: number): Fault =>
  mask === KEY_IMPORT.CARD_KEY_IMPORT_PLAIN_TEXT ? { code: 'plain_text_only', requirement: 'SKI-41' } : { code: 'no_common_way', requirement: 'SKI-40' }

/** The container map of the card: a record for each container, `null` for a free one. An empty or unreadable file is an empty map. */
export function mapIn(data: string | null): readonly (ContainerRecord | null)[] {
  const bytes = bytesOf(data)
  const read = bytes && decodeContainerMap(bytes)
  return read?.ok ? read.value : []
}

/** The free containers, lowest first. */
export const freeContainers = (map: readonly (ContainerRecord | null)[], containers: number): readonly number[] =>
  Array.from({ length: containers }, (_, index) => index).filter((index) => (map[index] ?? null) === null)

/** What the container map says of a key: its size, in the place of its use. */
export interface KeyInContainer {
  /** `AT_…` number. */
  readonly keySpec: number
  /** Bits. */
  readonly keySize: number
}

/** The map with one container more in use. */
export function mapWith(map: readonly (ContainerRecord | null)[], index: number, subject: string, { keySpec: spec, keySize }: KeyInContainer): string {
  // Half a character, which the cut may leave, is no name.
  const name = subject.slice(0, NAME_LIMIT).replace(/\p{Surrogate}/gu, '') || `container ${index}`
  const record: ContainerRecord = {
    name,
    isDefault: map.every((one) => one === null),
    ...(signs(spec) ? { signatureBits: keySize, exchangeBits: 0 } : { signatureBits: 0, exchangeBits: keySize }),
  }
  const longer = Array.from({ length: Math.max(map.length, index + 1) }, (_, at) => (at === index ? record : (map[at] ?? null)))
  return toBase64url(encodeContainerMap(longer))
}

/** The file of a container's certificate: `kscNN` for a signature key, `kxcNN` for one that exchanges keys. */
export const certificateFile = (container: number, spec: number): string => `${signs(spec) ? 'ksc' : 'kxc'}${String(container).padStart(2, '0')}`

const signs = (spec: number): boolean => keySpec(spec)?.use === 'signature'

const BITS: Readonly<Record<Way, number>> = {
  session: READINGS.asymmetricKeyEstablishment,
  agreement: READINGS.agreementCapability,
  shared: KEY_IMPORT.CARD_KEY_IMPORT_SHARED_SYMMETRIC,
  derived: READINGS.derivedCapability,
}

/** A record's name holds 39 characters and a NUL. */
const NAME_LIMIT = 39

function bytesOf(data: string | null): Uint8Array | null {
  const read = data === null ? null : fromBase64url(data)
  return read?.ok ? read.value : null
}

/** `SCARD_E_FILE_NOT_FOUND`: a card without a container map has free containers only. */
export const FILE_NOT_FOUND: number = STATUS.SCARD_E_FILE_NOT_FOUND

/** `SCARD_E_INVALID_PARAMETER`, of a property that may be set and is not: a key without a receipt, where the policy wants none (SKI-149). */
export const PROPERTY_NOT_SET: number = STATUS.SCARD_E_INVALID_PARAMETER
