/**
 * A key in a file that somebody hands us: PEM, DER or JWK, in any of the formats that tools write.
 *
 * The caller says whether a public or a private key is wanted; the other one has its own refusal, because a private key
 * where a public one belongs is an accident that its owner has to hear about. Formats of keys that we do not know are named.
 * The arithmetic is checked here, so that what is returned can be used.
 *
 * Lenient where people's files differ (white space, several PEM blocks, a byte order mark, the key bundle around a JWK),
 * strict about the key itself. Raw octets are no key file: nothing in them could say so.
 * @module
 */
import { fromUtf8, requireBytes, wipe } from '../bytes/bytes.js'
import { isJsonObject, parseJson, type JsonFault, type JsonObject } from '../bytes/json.js'
import { accept, refuse, type Fault, type Verdict } from '../verdict.js'
import { decodePrivateJwk, decodePublicJwk, type JwkFault } from './jwk.js'
import { checkPrivateKey, checkPublicKey, type KeyCheckOptions, type KeyFault } from './key-check.js'
import { recogniseDer, type DerForm } from './key-form.js'
import { wipeKey } from './key-parts.js'
import type { PublicKey, TargetKey } from './keys.js'
import { readPem, type PemBlock, type PemFault } from './pem.js'
import { decodePkcs1PrivateKey, decodePkcs1PublicKey } from './pkcs1-key.js'
import { decodePkcs8, type Pkcs8Fault } from './pkcs8.js'
import { decodeSec1 } from './sec1.js'
import { decodeSpki, type SpkiCode } from './spki.js'

/** A key from a file, checked, and how it was written. */
export interface KeyFile<K> {
  readonly container: 'PEM' | 'DER' | 'JWK'
  readonly format: 'SPKI' | 'PKCS#1' | 'PKCS#8' | 'SEC1' | 'JWK'
  /** The caller wipes a private one. */
  readonly key: K
  /** The JWK object itself where the file holds one: `kid`, `kty` and `key_ops` are the reader's to judge. */
  readonly jwk?: JsonObject
}

/** What may be wrong with a key file as such, before its key is looked at. */
export type KeyFileCode =
  | 'key_file_empty'
  | 'key_file_too_large'
  | 'key_file_utf16'
  | 'key_file_unrecognised'
  | 'key_file_several_keys'
  | 'key_encrypted'
  | 'key_type_unsupported'
  | 'private_key_given'
  | 'public_key_given'
  | 'certificate_given'

/** Whatever can be wrong with a key file. */
export type KeyFileFault = Fault<KeyFileCode> | PemFault | JsonFault | JwkFault | Pkcs8Fault | Fault<SpkiCode> | KeyFault

/** Reads an RSA or EC public key: SubjectPublicKeyInfo or RSAPublicKey as PEM or DER, or a JWK. */
export function readPublicKeyFile(bytes: Uint8Array, options: KeyCheckOptions = {}): Verdict<KeyFile<PublicKey>, KeyFileFault> {
  const read = readFile<PublicKey>(bytes, PUBLIC)
  if (!read.ok) return read
  const checked = checkPublicKey(read.value.key, options)
  return checked.ok ? read : checked
}

/** Reads a private key: PKCS#8, RSAPrivateKey or ECPrivateKey as PEM or DER, or a JWK, which may also be an oct one. */
export function readPrivateKeyFile(bytes: Uint8Array, options: KeyCheckOptions = {}): Verdict<KeyFile<TargetKey>, KeyFileFault> {
  const read = readFile<TargetKey>(bytes, PRIVATE)
  if (!read.ok || read.value.key.type === 'oct') return read
  const checked = checkPrivateKey(read.value.key, options)
  if (checked.ok) return read
  wipeKey(read.value.key)
  return checked
}

/** What {@link readFile} has to know about the kind of key that is wanted. */
interface Wanted<K> {
  readonly formats: Readonly<Partial<Record<DerForm, readonly [KeyFile<K>['format'], (der: Uint8Array) => Verdict<K, KeyFileFault>]>>>
  /** The decoder whose fault describes DER that is no known format. */
  readonly usual: DerForm
  readonly jwk: (value: JsonObject) => Verdict<K, JwkFault>
}

const PUBLIC: Wanted<PublicKey> = {
  formats: { SPKI: ['SPKI', decodeSpki], 'PKCS#1 public key': ['PKCS#1', decodePkcs1PublicKey] },
  usual: 'SPKI',
  jwk: decodePublicJwk,
}

const PRIVATE: Wanted<TargetKey> = {
  formats: {
    'PKCS#8': ['PKCS#8', decodePkcs8Key],
    'PKCS#1 private key': ['PKCS#1', decodePkcs1PrivateKey],
    SEC1: ['SEC1', decodeSec1],
  },
  usual: 'PKCS#8',
  jwk: decodePrivateJwk,
}

function decodePkcs8Key(der: Uint8Array): Verdict<TargetKey, Pkcs8Fault> {
  const read = decodePkcs8(der, { trailingZeros: false })
  return read.ok ? accept(read.value.key) : read
}

function readFile<K>(bytes: Uint8Array, wanted: Wanted<K>): Verdict<KeyFile<K>, KeyFileFault> {
  requireBytes(bytes, 'key file')
  if (bytes.length === 0) return refuse({ code: 'key_file_empty' })
  if (bytes.length > LARGEST) return refuse({ code: 'key_file_too_large', found: bytes.length, wanted: LARGEST })
  if (startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff])) return refuse({ code: 'key_file_utf16', wanted: 'UTF-8' })
  const text = startsWith(bytes, UTF8_MARK) ? bytes.subarray(UTF8_MARK.length) : bytes
  // DER always starts with a SEQUENCE, and "0" is neither white space nor a bracket.
  if (text[0] === DER_SEQUENCE) return readDerFile(text, wanted, 'DER')
  if (text.find((byte) => byte > SPACE) === BRACE) return readJwkFile(text, wanted)
  const pem = readPem(text)
  if (pem.ok) return readPemFile(pem.value, wanted)
  if (pem.fault.code === 'pem_encrypted') return refuse({ code: 'key_encrypted', ...(pem.fault.at === undefined ? {} : { at: pem.fault.at }) })
  return pem.fault.code === 'pem_no_block' ? refuse({ code: 'key_file_unrecognised', wanted: 'PEM, DER or JWK' }) : pem
}

function readDerFile<K>(der: Uint8Array, wanted: Wanted<K>, container: 'PEM' | 'DER', labelled?: DerForm): Verdict<KeyFile<K>, KeyFileFault> {
  const form = labelled ?? recogniseDer(der) ?? wanted.usual
  const decoder = wanted.formats[form]
  if (!decoder) return refuse({ code: WRONG_FORMS.get(form)!, found: form })
  const [format, decode] = decoder
  const key = decode(der)
  if (key.ok) return accept({ container, format, key: key.value })
  return key.fault.code === 'algorithm_unsupported' ? refuse({ ...key.fault, code: 'key_type_unsupported' }) : key
}

function readPemFile<K>(blocks: readonly PemBlock[], wanted: Wanted<K>): Verdict<KeyFile<K>, KeyFileFault> {
  try {
    const keys = blocks.filter(({ label }) => !NOT_KEYS.has(label))
    const fitting = keys.filter(({ label }) => wanted.formats[LABELS.get(label)!])
    const other = keys.find((block) => !fitting.includes(block))
    // A private key beside the public one that is wanted is the accident this file is about; the reverse is harmless.
    const leaked = wanted.usual === PUBLIC.usual ? keys.find(({ label }) => PRIVATE.formats[LABELS.get(label)!]) : undefined
    if (leaked || (other && fitting.length === 0)) return refuse(wrongBlock((leaked ?? other!).label))
    const [only, ...more] = fitting
    if (!only) return refuse({ code: 'key_file_unrecognised', found: blocks.map(({ label }) => label).join(', ') })
    if (more.length > 0) return refuse({ code: 'key_file_several_keys', found: fitting.length, wanted: 1 })
    return readDerFile(only.bytes, wanted, 'PEM', LABELS.get(only.label))
  } finally {
    wipe(...blocks.map(({ bytes }) => bytes))
  }
}

function wrongBlock(label: string): Fault<KeyFileCode> {
  const form = LABELS.get(label)
  return { code: form ? WRONG_FORMS.get(form)! : 'key_type_unsupported', found: label }
}

function readJwkFile<K>(bytes: Uint8Array, wanted: Wanted<K>): Verdict<KeyFile<K>, KeyFileFault> {
  const text = fromUtf8(bytes)
  if (text === null) return refuse({ code: 'key_file_unrecognised', wanted: 'UTF-8' })
  const json = parseJson(text, { maxDepth: 8, maxBytes: LARGEST })
  if (!json.ok) return json
  if (!isJsonObject(json.value)) return refuse({ code: 'jwk_not_object' })
  // Key Vault answers with a bundle around the JWK, and people save what they got.
  const bundled = Object.hasOwn(json.value, 'kty') ? undefined : json.value['key']
  const jwk = isJsonObject(bundled) ? bundled : json.value
  const key = wanted.jwk(jwk)
  if (key.ok) return accept({ container: 'JWK', format: 'JWK', key: key.value, jwk })
  const code = JWK_CODES.get(key.fault.code)
  return code ? refuse({ ...key.fault, code }) : key
}

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean => start.every((byte, i) => bytes[i] === byte)

const LARGEST = 65536
const UTF8_MARK: readonly number[] = [0xef, 0xbb, 0xbf]
const DER_SEQUENCE = 0x30
const SPACE = 0x20
const BRACE = 0x7b

/** PEM labels of key formats (RFC 7468, and what OpenSSL writes beside). */
const LABELS: ReadonlyMap<string, DerForm> = new Map([
  ['PUBLIC KEY', 'SPKI'],
  ['RSA PUBLIC KEY', 'PKCS#1 public key'],
  ['PRIVATE KEY', 'PKCS#8'],
  ['ENCRYPTED PRIVATE KEY', 'encrypted PKCS#8'],
  ['RSA PRIVATE KEY', 'PKCS#1 private key'],
  ['EC PRIVATE KEY', 'SEC1'],
  ['DSA PRIVATE KEY', 'DSA private key'],
  ['CERTIFICATE', 'certificate'],
])

/** Blocks that OpenSSL writes before a key, and that say nothing the key does not say. */
const NOT_KEYS: ReadonlySet<string> = new Set(['EC PARAMETERS', 'DSA PARAMETERS', 'DH PARAMETERS'])

const WRONG_FORMS: ReadonlyMap<DerForm, KeyFileCode> = new Map([
  ['SPKI', 'public_key_given'],
  ['PKCS#1 public key', 'public_key_given'],
  ['PKCS#8', 'private_key_given'],
  ['encrypted PKCS#8', 'key_encrypted'],
  ['PKCS#1 private key', 'private_key_given'],
  ['SEC1', 'private_key_given'],
  ['DSA private key', 'key_type_unsupported'],
  ['certificate', 'certificate_given'],
])

const JWK_CODES: ReadonlyMap<string, KeyFileCode> = new Map([
  ['jwk_private_given', 'private_key_given'],
  ['jwk_public_given', 'public_key_given'],
  ['jwk_kty_unsupported', 'key_type_unsupported'],
])
