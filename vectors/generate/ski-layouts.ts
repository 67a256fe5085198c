/**
 * The structures of secure key injection as bytes. Each writer takes what is right and, where a test wants it, what is wrong:
 * a member given in `change` is written in place of the right one, and nothing else follows it.
 * @module
 */
import { integerBytes } from './bytes.js'
import { CURVE, type EcNumbers, type RsaNumbers } from './keys.js'

/** A 16-bit integer, little-endian. */
export function le16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

/** A 32-bit integer, little-endian. */
export function le32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** The same bytes, last one first. */
export const reversed = (bytes: Buffer): Buffer => Buffer.from(bytes).reverse()

/** A 32-bit integer as somebody reads it who takes its bytes for big-endian. */
export const swapped = (value: number): number => le32(value).readUInt32BE()

/** A copy with other bytes at a place, counted from the end if negative. */
export function withBytes(bytes: Buffer, at: number, ...replacement: readonly number[]): Buffer {
  const copy = Buffer.from(bytes)
  copy.set(replacement, at < 0 ? bytes.length + at : at)
  return copy
}

/** A copy with another 32-bit integer at a place. */
export const withU32 = (bytes: Buffer, at: number, value: number): Buffer => withBytes(bytes, at, ...le32(value))

/** UTF-16, little-endian. */
export const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

/** A list of strings, each ended by a zero unit, and one more at the end. */
export const multiString = (...strings: readonly string[]): Buffer => utf16(`${strings.map((each) => `${each}\0`).join('')}\0`)

/** The four letters of a magic number as the integer that they are. */
export const magicOf = (letters: string): number => Buffer.from(letters, 'latin1').readUInt32LE()

const bytesFor = (bits: number): number => Math.ceil(bits / 8)

/** BCRYPT_KEY_DATA_BLOB_HEADER and the key. */
export function keyDataBlob(key: Buffer, change: { magic?: number; version?: number; length?: number } = {}): Buffer {
  const { magic = magicOf('KDBM'), version = 1, length = key.length } = change
  return Buffer.concat([le32(magic), le32(version), le32(length), key])
}

/** How much of a key BCRYPT_RSAKEY_BLOB carries, and the letters that say so. */
export const RSA_MAGIC = { public: 'RSA1', private: 'RSA2', full: 'RSA3' } as const
export type RsaForm = keyof typeof RSA_MAGIC
type RsaPart = 'exponent' | 'modulus' | 'prime1' | 'prime2' | 'exponent1' | 'exponent2' | 'coefficient' | 'privateExponent'

/** The numbers of BCRYPT_RSAKEY_BLOB in their order, big-endian. */
export function rsaParts(key: RsaNumbers, form: RsaForm): Partial<Record<RsaPart, Buffer>> {
  const bytes = integerBytes(key.n).length
  const half = bytes / 2
  return {
    exponent: integerBytes(key.e),
    modulus: integerBytes(key.n),
    ...(form === 'public' ? {} : { prime1: integerBytes(key.p, half), prime2: integerBytes(key.q, half) }),
    ...(form !== 'full'
      ? {}
      : {
          exponent1: integerBytes(key.dp, half),
          exponent2: integerBytes(key.dq, half),
          coefficient: integerBytes(key.qi, half),
          privateExponent: integerBytes(key.d, bytes),
        }),
  }
}

/** BCRYPT_RSAKEY_BLOB. `change` names numbers of {@link rsaParts}; the length fields follow the right numbers. */
export function rsaKeyBlob(key: RsaNumbers, form: RsaForm, change: Partial<Record<RsaPart, Buffer>> = {}): Buffer {
  const parts = rsaParts(key, form)
  const length = (name: RsaPart) => le32(parts[name]?.length ?? 0)
  return Buffer.concat([
    le32(magicOf(RSA_MAGIC[form])),
    le32(key.n.toString(2).length),
    ...(['exponent', 'modulus', 'prime1', 'prime2'] as const).map(length),
    ...Object.values({ ...parts, ...change }),
  ])
}

/** The curves of the interface. */
export type CardCurve = 'P-256' | 'P-384' | 'P-521'
export const CARD_CURVES: readonly CardCurve[] = ['P-256', 'P-384', 'P-521']
export type EccPurpose = 'ECDH' | 'ECDSA'

/** The letters of BCRYPT_ECCKEY_BLOB: ECK or ECS, and a digit that says which curve and which half. */
export const eccMagic = (purpose: EccPurpose, curve: CardCurve, half: 'public' | 'private'): string =>
  `EC${purpose === 'ECDH' ? 'K' : 'S'}${2 * CARD_CURVES.indexOf(curve) + (half === 'public' ? 1 : 2)}`

/** BCRYPT_ECCKEY_BLOB. */
export function eccKeyBlob(key: EcNumbers, purpose: EccPurpose, half: 'public' | 'private', change: { magic?: string; length?: number } = {}): Buffer {
  const { magic = eccMagic(purpose, key.curve as CardCurve, half), length = CURVE[key.curve].bytes } = change
  return Buffer.concat([le32(magicOf(magic)), le32(length), key.x, key.y, ...(half === 'private' ? [key.d] : [])])
}

/** The two algorithm identifiers of CryptoAPI blobs. */
export const CALG = { CALG_RSA_KEYX: 0xa400, CALG_RSA_SIGN: 0x2400 } as const
export type Calg = keyof typeof CALG

/** PUBLICKEYBLOB or PRIVATEKEYBLOB of CryptoAPI: numbers little-endian, from the modulus on. `change` names numbers, given as values. */
export function capiBlob(key: RsaNumbers, half: 'public' | 'private', calg: Calg = 'CALG_RSA_KEYX', change: Partial<RsaNumbers> = {}): Buffer {
  const { n, e, d, p, q, dp, dq, qi } = { ...key, ...change }
  const bits = key.n.toString(2).length
  const number = (value: bigint, length: number) => reversed(integerBytes(value, length))
  const [whole, part] = [bytesFor(bits), bytesFor(bits) / 2]
  return Buffer.concat([
    Buffer.of(half === 'public' ? 6 : 7, 2, 0, 0),
    le32(CALG[calg]),
    le32(magicOf(half === 'public' ? 'RSA1' : 'RSA2')),
    le32(bits),
    le32(Number(e)),
    number(n, whole),
    ...(half === 'public' ? [] : [...[p, q, dp, dq, qi].map((value) => number(value, part)), number(d, whole)]),
  ])
}

/** Key specifications by their numbers. */
export const KEY_SPEC = {
  AT_KEYEXCHANGE: 1,
  AT_SIGNATURE: 2,
  AT_ECDSA_P256: 3,
  AT_ECDSA_P384: 4,
  AT_ECDSA_P521: 5,
  AT_ECDHE_P256: 6,
  AT_ECDHE_P384: 7,
  AT_ECDHE_P521: 8,
} as const
export type KeySpec = keyof typeof KEY_SPEC

/** CARD_IMPORT_KEYPAIR. */
export interface ImportKeyPair {
  readonly version?: number
  readonly container: number
  readonly padding?: readonly [number, number, number]
  readonly pinId: number
  readonly keySpec: number
  readonly keySize: number
  readonly length?: number
  readonly key: Buffer
}

/** CARD_IMPORT_KEYPAIR. */
export function importKeyPair({ version = 7, container, padding = [0, 0, 0], pinId, keySpec, keySize, key, length = key.length }: ImportKeyPair): Buffer {
  return Buffer.concat([le32(version), Buffer.of(container, ...padding), le32(pinId), le32(keySpec), le32(keySize), le32(length), key])
}

/** CARD_AUTHENTICATE. */
export interface Authenticate {
  readonly version?: number
  readonly flags?: number
  readonly pinId: number
  readonly length?: number
  readonly pin: Buffer
}

/** CARD_AUTHENTICATE. */
export const authenticate = ({ version = 7, flags = 0, pinId, pin, length = pin.length }: Authenticate): Buffer =>
  Buffer.concat([le32(version), le32(flags), le32(pinId), le32(length), pin])

/** The response to CARD_AUTHENTICATE. */
export const authenticateResponse = (sessionPin: Buffer, attempts: number, { version = 7, length = sessionPin.length } = {}): Buffer =>
  Buffer.concat([le32(version), le32(length), le32(attempts), sessionPin])

/** CARD_CHANGE_AUTHENTICATOR. */
export interface ChangeAuthenticator {
  readonly version?: number
  readonly flags: number
  readonly authenticatingPinId: number
  readonly authenticatingLength?: number
  readonly targetPinId: number
  readonly targetLength?: number
  readonly retryCount?: number
  readonly authenticating: Buffer
  readonly target: Buffer
}

/** CARD_CHANGE_AUTHENTICATOR. */
export function changeAuthenticator(members: ChangeAuthenticator): Buffer {
  const { version = 7, flags, authenticatingPinId, targetPinId, retryCount = 0, authenticating, target } = members
  const { authenticatingLength = authenticating.length, targetLength = target.length } = members
  return Buffer.concat([
    ...[version, flags, authenticatingPinId, authenticatingLength, targetPinId, targetLength, retryCount].map(le32),
    authenticating,
    target,
  ])
}

/** The response to CARD_CHANGE_AUTHENTICATOR. */
export const changeAuthenticatorResponse = (attempts: number, version = 7): Buffer => Buffer.concat([le32(version), le32(attempts)])

/** CARD_KEY_SIZES. */
export const keySizes = (minimum: number, standard: number, maximum: number, increment: number, version = 1): Buffer =>
  Buffer.concat([version, minimum, standard, maximum, increment].map(le32))

/** CONTAINER_MAP_RECORD. */
export function containerMapRecord(name: string, flags: number, signatureBits: number, exchangeBits: number): Buffer {
  const units = Buffer.alloc(80)
  utf16(name).copy(units)
  return Buffer.concat([units, Buffer.of(flags, 0), le16(signatureBits), le16(exchangeBits)])
}
