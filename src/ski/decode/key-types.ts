/**
 * Key blobs in words: those of CNG and CAPI.
 *
 * The codec says whether the bytes are a blob; then the numbers are judged as a key, all but primality. Of a private key only the public part is
 * shown, by its fingerprint.
 *
 * Requirements: SKI-81 to SKI-85, SKI-98.
 * @module
 */
import { wipe } from '../../bytes/bytes.js'
import { spkiFingerprint } from '../../crypto/fingerprint.js'
import { checkPrivateKey, checkPublicKey, type KeyFault } from '../../crypto/key-check.js'
import { publicPart, wipeKey } from '../../crypto/key-parts.js'
import type { PrivateKey, PublicKey } from '../../crypto/keys.js'
import type { Verdict } from '../../verdict.js'
import { CAPI_ALGORITHM, CAPI_MAGIC, CAPI_TYPE, capiBytes, decodePrivateKeyBlob, decodePublicKeyBlob } from '../blobs/capi.js'
import { completeRsaKey } from '../blobs/complete-rsa.js'
import { decodeEccKeyBlob, ECC_KEY_MAGICS } from '../blobs/ecc-key.js'
import { decodeKeyDataBlob, KEY_DATA_MAGIC } from '../blobs/key-data.js'
import { decodeRsaKeyBlob, RSA_KEY_MAGIC, type RsaKeyBlob } from '../blobs/rsa-key.js'
import { keySizeOf } from '../constants/key-specs.js'
import { SYMMETRIC_ALGORITHMS } from '../constants/names.js'
import { bitsOf, bytesOf, code, counted, lengthOf, magic, number, secret, version } from './explain.js'
import { readingOf, type Fact, type Member, type Reading, type Sign, type StructureType, type View } from './types.js'

/** Where the numbers of a key stand: the core's name for a number, and the member's. */
export type KeyMembers = Readonly<Record<string, string>>

const useOf = (algorithm: number) => (['exchange', 'signature'] as const).find((use) => CAPI_ALGORITHM[use] === algorithm) ?? null
const ALGORITHM_NAMES: Readonly<Record<string, string>> = { exchange: 'CALG_RSA_KEYX', signature: 'CALG_RSA_SIGN' }
const RSA_FORMS: ReadonlyMap<number, string> = new Map([
  [RSA_KEY_MAGIC.public, 'public RSA key'],
  [RSA_KEY_MAGIC.private, 'private RSA key: its primes alone'],
  [RSA_KEY_MAGIC.full, 'private RSA key with all its numbers'],
])

/** Where CAPI puts the numbers of an RSA key. */
export const CAPI_MEMBERS = {
  ...{ n: 'modulus', e: 'pubexp', p: 'prime1', q: 'prime2' },
  ...{ dp: 'exponent1', dq: 'exponent2', qi: 'coefficient', d: 'privateExponent' },
}
const CNG_MEMBERS = {
  ...{ n: 'Modulus', e: 'PublicExponent', p: 'Prime1', q: 'Prime2' },
  ...{ dp: 'Exponent1', dq: 'Exponent2', qi: 'Coefficient', d: 'PrivateExponent' },
}
/** Where CNG puts the numbers of an EC key. */
export const ECC_MEMBERS = { x: 'X', y: 'Y', d: 'd' }

/** `BCRYPT_KEY_DATA_BLOB`. */
export const KEY_DATA: StructureType = {
  name: 'BCRYPT_KEY_DATA_BLOB',
  structure: 'BCRYPT_KEY_DATA_BLOB',
  abi: null,
  title: 'a symmetric key with its header',
  requirement: 'SKI-81',
  read: readingOf(decodeKeyDataBlob, (key) => {
    const names = SYMMETRIC_ALGORITHMS.filter(({ keyBytes }) => (keyBytes as readonly number[]).includes(key.length)).map(({ name }) => name)
    const bits = 8 * key.length
    wipe(key)
    return names.length === 0
      ? { remarks: [`no symmetric algorithm of the interface has keys of ${bits} bits`] }
      : { facts: [{ name: 'key', value: `${bits} bits, as long as one of ${names.join(', ')}` }] }
  }),
  members: {
    dwMagic: magic((value) => (value === KEY_DATA_MAGIC ? 'key data blob' : null)),
    dwVersion: version(1),
    cbKeyData: lengthOf('the key'),
    key: secret('the key'),
  },
  begins: (view) => view.u32(0) === KEY_DATA_MAGIC,
  signs: [
    [32, (view) => view.u32(4) === 1],
    [32, (view) => view.u32(8) === view.length - 12],
  ],
}

/** `BCRYPT_RSAKEY_BLOB` in its three forms. */
export const RSA_KEY: StructureType = {
  name: 'BCRYPT_RSAKEY_BLOB',
  structure: 'BCRYPT_RSAKEY_BLOB',
  abi: null,
  title: 'an RSA key as CNG writes it',
  requirement: 'SKI-82',
  read: readingOf(decodeRsaKeyBlob, (blob) => {
    try {
      return aboutKey('BCRYPT_RSAKEY_BLOB', CNG_MEMBERS, blob.key, judgeRsa(blob))
    } finally {
      wipeKey(blob.key)
    }
  }),
  members: {
    Magic: magic((value) => RSA_FORMS.get(value) ?? null),
    BitLength: bitsOf('size of the modulus'),
    cbPublicExp: lengthOf('the public exponent'),
    cbModulus: lengthOf('the modulus'),
    cbPrime1: lengthOf('the first prime, of its exponent and of the coefficient'),
    cbPrime2: lengthOf('the second prime and of its exponent'),
    PublicExponent: bytesOf('e, big-endian'),
    Modulus: bytesOf('n, big-endian'),
    ...privateNumbers('big-endian', { p: 'Prime1', q: 'Prime2', dp: 'Exponent1', dq: 'Exponent2', qi: 'Coefficient', d: 'PrivateExponent' }),
  },
  begins: (view) => RSA_FORMS.has(view.u32(0)),
  signs: [
    [24, (view) => view.u32(4) >= 512 && view.u32(4) <= 16384 && view.u32(4) % 16 === 0],
    [32, (view) => view.u32(12) > 0 && view.u32(12) === view.u32(4) / 8],
    [32, (view) => rsaBytes(view).includes(view.length)],
  ],
}

/** `BCRYPT_ECCKEY_BLOB`. */
export const ECC_KEY: StructureType = {
  name: 'BCRYPT_ECCKEY_BLOB',
  structure: 'BCRYPT_ECCKEY_BLOB',
  abi: null,
  title: 'an EC key as CNG writes it',
  requirement: 'SKI-83',
  read: readingOf(decodeEccKeyBlob, (blob) => {
    try {
      const verdict = blob.form === 'public' ? checkPublicKey(blob.key) : checkPrivateKey(blob.key)
      return aboutKey('BCRYPT_ECCKEY_BLOB', ECC_MEMBERS, blob.key, verdict)
    } finally {
      wipeKey(blob.key)
    }
  }),
  members: {
    dwMagic: magic(eccMagic),
    cbKey: lengthOf('each number'),
    X: bytesOf('the point, big-endian'),
    Y: bytesOf('the point, big-endian'),
    d: secret('the private scalar, big-endian'),
  },
  begins: (view) => eccMagic(view.u32(0)) !== null,
  signs: [
    [32, (view) => [32, 48, 66].includes(view.u32(4))],
    [24, (view) => [2, 3].includes((view.length - 8) / view.u32(4))],
  ],
}

/** `PUBLICKEYBLOB` of CAPI. */
export const CAPI_PUBLIC: StructureType = capi('public', 'PUBLICKEYBLOB', 'SKI-84')

/** `PRIVATEKEYBLOB` of CAPI. */
export const CAPI_PRIVATE: StructureType = capi('private', 'PRIVATEKEYBLOB', 'SKI-85')

/** What a key check found, told by the members of the structure that the key was in; for a sound key, type, size and fingerprint of its public part. */
export function aboutKey(structure: string, members: KeyMembers, key: PublicKey | PrivateKey, verdict: Verdict<unknown, KeyFault>): Partial<Reading> {
  if (verdict.ok) return { facts: keyFacts(key) }
  const { at = '', ...fault } = verdict.fault
  const member = members[at.split(',')[0]!]
  return { fault: { ...fault, ...(member === undefined ? {} : { at: `${structure}.${member}` }) } }
}

/** Type, size and fingerprint of the public part. */
export function keyFacts(key: PublicKey | PrivateKey): Fact[] {
  const name = key.type === 'RSA' ? `RSA, ${keySizeOf(key)} bits` : `EC, ${key.curve}`
  return [
    { name: 'public key', value: name },
    { name: 'SHA-256 of its SubjectPublicKeyInfo', value: spkiFingerprint(publicPart(key)) },
  ]
}

function capi(form: 'public' | 'private', name: string, requirement: string): StructureType {
  const isPrivate = form === 'private'
  const after = (key: PublicKey | PrivateKey, verdict: Verdict<void, KeyFault>) => aboutKey(name, CAPI_MEMBERS, key, verdict)
  const signs: readonly Sign[] = [
    [24, (view) => useOf(view.u32(4)) !== null],
    [32, (view) => view.u32(8) === CAPI_MAGIC[form]],
    [32, (view) => view.u32(12) > 0 && capiBytes(form, view.u32(12)) === view.length],
  ]
  return {
    name,
    structure: name,
    abi: null,
    title: `an RSA ${form} key as CAPI writes it`,
    requirement,
    read: isPrivate
      ? readingOf(decodePrivateKeyBlob, ({ key }) => {
          try {
            return after(key, checkPrivateKey(key))
          } finally {
            wipeKey(key)
          }
        })
      : readingOf(decodePublicKeyBlob, ({ key }) => after(key, checkPublicKey(key))),
    members: {
      bType: code('type of the blob', (value) => (value === 6 ? 'PUBLICKEYBLOB' : value === 7 ? 'PRIVATEKEYBLOB' : null)),
      bVersion: number('version of the blob'),
      reserved: counted('reserved'),
      aiKeyAlg: code('algorithm', (value) => ALGORITHM_NAMES[useOf(value) ?? ''] ?? null, 4),
      magic: magic((value) => (value === CAPI_MAGIC.public ? 'public RSA key' : value === CAPI_MAGIC.private ? 'private RSA key' : null)),
      bitlen: bitsOf('size of the modulus'),
      pubexp: number('e'),
      modulus: bytesOf('n, little-endian'),
      ...privateNumbers('little-endian', CAPI_MEMBERS),
    },
    begins: (view) => view.u32(0) === CAPI_TYPE[form] + 0x200,
    signs,
  }
}

const judgeRsa = (blob: RsaKeyBlob): Verdict<unknown, KeyFault> => {
  if (blob.form === 'public') return checkPublicKey(blob.key)
  if (blob.form === 'full') return checkPrivateKey(blob.key)
  const completed = completeRsaKey(blob.key)
  if (completed.ok) wipeKey(completed.value)
  return completed
}

/** How long the blob may be, by its header: with all numbers of the key, or with the primes alone. */
function rsaBytes(view: View): readonly number[] {
  const [exponent, modulus, prime1, prime2] = [view.u32(8), view.u32(12), view.u32(16), view.u32(20)] as const
  const least = 24 + exponent + modulus + prime1 + prime2
  return [least, least + 2 * prime1 + prime2 + modulus]
}

function eccMagic(value: number): string | null {
  const known = ECC_KEY_MAGICS.find((each) => each.value === value)
  return known ? `${known.form} key on ${known.curve} for ${known.use === 'exchange' ? 'ECDH' : 'ECDSA'}` : null
}

function privateNumbers(order: string, { p, q, dp, dq, qi, d }: Readonly<Record<'p' | 'q' | 'dp' | 'dq' | 'qi' | 'd', string>>): Record<string, Member> {
  return {
    [p]: secret(`p, ${order}`),
    [q]: secret(`q, ${order}`),
    [dp]: secret(`d mod p - 1, ${order}`),
    [dq]: secret(`d mod q - 1, ${order}`),
    [qi]: secret(`inverse of q mod p, ${order}`),
    [d]: secret(`d, ${order}`),
  }
}
