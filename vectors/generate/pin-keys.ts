/**
 * Makes the RSA keys that the vectors use, once. Key generation in Node takes no seed, so the keys are drawn and kept:
 *
 *     node --import tsx vectors/generate/pin-keys.ts
 *
 * A name that `vectors/keys/rsa.json` already holds keeps its key: a new one would change every vector made with it.
 * All of these are test keys. Their private halves are public.
 * @module
 */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, generatePrimeSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../keys/rsa.json', import.meta.url))

interface Pinned {
  /** What the key is for. */
  readonly use: string
  readonly bits: number
  /** PKCS#8 DER as OpenSSL wrote it; the form that takes any RSA key, also one with three primes. */
  readonly pkcs8?: string
  /** Numbers that make no good key. */
  readonly p?: string
  readonly q?: string
}

interface KeyFile {
  readonly title: string
  readonly warning: string
  readonly keys: Record<string, Pinned>
}

const WANTED: readonly [name: string, use: string, make: () => Omit<Pinned, 'use'>][] = [
  ['kek-2048', 'key exchange key', () => generated(2048)],
  ['kek-3072', 'key exchange key', () => generated(3072)],
  ['kek-4096', 'key exchange key', () => generated(4096)],
  ['kek-2048-other', 'a key exchange key that the blob was not made for', () => generated(2048)],
  ['rsa-2048', 'target key', () => generated(2048)],
  ['rsa-3072', 'target key', () => generated(3072)],
  ['rsa-4096', 'target key', () => generated(4096)],
  ['rsa-1024', 'too small, as target and as key exchange key', () => generated(1024)],
  ['rsa-2056', 'a size that is a multiple of eight and not on the list', () => generated(2056)],
  ['rsa-2047', 'one bit short of 2048', () => unequalPrimes(1024, 1023, 2047)],
  ['rsa-2048-three-primes', 'more than two primes', threePrimes],
  ['rsa-2048-unequal-primes', 'primes of 1000 and 1048 bits', () => unequalPrimes(1000, 1048, 2048)],
  ['rsa-2048-composite', 'p is the product of two primes of 512 bits', composite],
]

const file: KeyFile = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as KeyFile)
  : {
      title: 'RSA test keys',
      warning: 'TEST KEYS. The private halves are published here. Never use one of them for anything but these vectors.',
      keys: {},
    }
for (const [name, use, make] of WANTED) file.keys[name] ??= { use, ...make() }
writeFileSync(FILE, `${JSON.stringify(file, null, 2)}\n`)

function generated(bits: number): Omit<Pinned, 'use'> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicExponent: 65537,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  return { bits, pkcs8: privateKey.toString('hex') }
}

function threePrimes(): Omit<Pinned, 'use'> {
  const pem = execFileSync('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-pkeyopt', 'rsa_keygen_primes:3'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return { bits: 2048, pkcs8: createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' }).toString('hex') }
}

function unequalPrimes(pBits: number, qBits: number, bits: number): Omit<Pinned, 'use'> {
  return primesOf(
    bits,
    () => generatePrimeSync(pBits, { bigint: true }),
    () => generatePrimeSync(qBits, { bigint: true }),
  )
}

function composite(): Omit<Pinned, 'use'> {
  const half = () => generatePrimeSync(512, { bigint: true })
  return primesOf(
    2048,
    () => half() * half(),
    () => generatePrimeSync(1024, { bigint: true }),
  )
}

/** Two numbers whose product has `bits` bits and for which 65537 is an exponent. */
function primesOf(bits: number, drawP: () => bigint, drawQ: () => bigint): Omit<Pinned, 'use'> {
  for (;;) {
    const [p, q] = [drawP(), drawQ()]
    if ((p * q).toString(2).length === bits && (p - 1n) % 65537n !== 0n && (q - 1n) % 65537n !== 0n) return { bits, p: p.toString(16), q: q.toString(16) }
  }
}
