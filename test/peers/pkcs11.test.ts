/**
 * A PKCS#11 soft token in the place of the card: what our server's enclave wraps and seals, the token unwraps, opens and uses.
 * The published format, because it is the one that needs nothing but what PKCS#11 has.
 */
import { createPublicKey, createPrivateKey, randomBytes, verify, type JsonWebKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SessionAlgorithm, SkiKeyKind } from '../../src/ski/enclave/commands.js'
import { b64, importStructure, material, unb64 } from '../ski/enclave/card-node.js'
import { ask, KEY_SPEC, make, type Subject } from '../ski/enclave/server-support.js'
import { skip } from '../skip.js'
import { PEERS, type Peer, type PeerKind } from './token.js'
import type { Padding } from './token-process.js'

const PADDINGS: readonly Padding[] = ['pkcs1', 'oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512']
const BITS: Readonly<Record<SkiKeyKind, number>> = { 'rsa-2048': 2048, 'rsa-3072': 3072, 'rsa-4096': 4096, 'ec-P-256': 256, 'ec-P-384': 384, 'ec-P-521': 521 }
const K1_CONTAINER = 3
const PLACE = { container: 5, pinId: 1 }

/** What a run of the server's enclave has: a session key that a card was given, and K2 sealed under it. */
interface Sealed {
  readonly input: string
  readonly iv: string
  readonly blobs: readonly string[]
  /** K2's public key, DER. */
  readonly spki: Buffer
}

/** What is sealed, and how. */
interface Wanted {
  readonly padding?: Padding
  readonly algorithm?: SessionAlgorithm
  readonly kind?: SkiKeyKind
  readonly pieces?: number
}

let runs = 0

/** Steps 15 to 26 in the server's enclave, for a card with this K1. */
async function seal(subject: Subject, k1: JsonWebKey, { padding = 'pkcs1', algorithm = 'AES-256', kind = 'ec-P-256', pieces = 1 }: Wanted): Promise<Sealed> {
  const run = `run ${++runs}`
  const spki = createPublicKey({ key: k1, format: 'jwk' }).export({ format: 'der', type: 'spki' })
  await ask(subject, run, { type: 'beginSession' }, 'enclave.sessionBegun')
  const claim = { way: 'session', cardId: b64(randomBytes(16)), nonce: null, spki: b64(spki), evidence: null } as const
  const { card } = await ask(subject, run, { type: 'judgeCard', ...claim }, 'enclave.cardJudged')
  const wrap = { type: 'wrapSessionKey', card, container: K1_CONTAINER, algorithm, padding, proof: 'none' } as const
  const { input, blob: s1 } = await ask(subject, run, wrap, 'enclave.sessionKeyMade')
  const { key } = await ask(subject, run, { type: 'mdImportSessionKey', blob: s1, blobType: 'KeyDataBlob', algorithm: 'AES' }, 'enclave.mdKeyReady')
  const { iv } = await ask(subject, run, { type: 'drawIv', algorithm }, 'enclave.ivDrawn')
  await ask(subject, run, { type: 'setKeyProperty', key, mode: 'CBC', iv: null }, 'enclave.propertySet')
  await ask(subject, run, { type: 'setKeyProperty', key, mode: null, iv }, 'enclave.propertySet')
  const k2 = await ask(subject, run, { type: 'makeKeyPair', kind }, 'enclave.keyPairMade')
  const compose = { type: 'composeKeyPair', key: k2.key, ...PLACE, keySpec: KEY_SPEC[kind], overwrite: false } as const
  const { blob } = await ask(subject, run, compose, 'enclave.composed')
  const { blobs } = await ask(subject, run, { type: 'mdEncrypt', key, function: 'Import Key Pair', blob, flags: 1, pieces }, 'enclave.mdEncrypted')
  assert.is(blobs.length, pieces)
  return { input, iv, blobs, spki: unb64(k2.spki) }
}

/** The private key in `CARD_IMPORT_KEYPAIR`, read off by the published offsets. */
function keyIn(structure: Buffer): JsonWebKey & Record<string, string> {
  const blob = structure.subarray(24)
  if (blob.toString('latin1', 0, 2) === 'EC') {
    const size = blob.readUInt32LE(4)
    const [x, y, d] = [0, 1, 2].map((part) => b64(blob.subarray(8 + part * size, 8 + (part + 1) * size)))
    return { kty: 'EC', crv: { 32: 'P-256', 48: 'P-384', 66: 'P-521' }[size]!, x: x!, y: y!, d: d! }
  }
  assert.is(blob.toString('latin1', 8, 12), 'RSA2')
  const size = blob.readUInt32LE(12) / 8
  const little = (from: number, length: number) => b64(Buffer.from(blob.subarray(from, from + length)).reverse())
  const [p, q, dp, dq, qi] = [0, 1, 2, 3, 4].map((part) => little(20 + size + (part * size) / 2, size / 2))
  return { kty: 'RSA', n: little(20, size), e: 'AQAB', p: p!, q: q!, dp: dp!, dq: dq!, qi: qi!, d: little(20 + size + (5 * size) / 2, size) }
}

/** The token takes S1 and opens the structure; node says that the key in it is the server's. Then the token uses it, where it can. */
async function arrives({ token, k1, signs }: Card, wanted: Wanted): Promise<void> {
  const { padding = 'pkcs1', algorithm = 'AES-256', kind = 'ec-P-256' } = wanted
  const sealed = await seal(make({ policy: { sealedData: 'published' } }), k1, wanted)
  assert.is(await token.ask({ do: 'importSessionKey', padding, input: sealed.input }), algorithm.slice('AES-'.length))
  const structure = unb64((await token.ask({ do: 'open', iv: sealed.iv, blobs: sealed.blobs })) as string)

  const jwk = keyIn(structure)
  const terms = { ...PLACE, keySpec: KEY_SPEC[kind], keySize: BITS[kind] }
  assert.equal(structure, importStructure(terms, material({ kind, jwk, spki: sealed.spki }, 'signature')), 'the structure that the tables ask for')
  const ours = createPublicKey({ key: sealed.spki, format: 'der', type: 'spki' })
  assert.ok(createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).equals(ours), 'the key that the server made')

  if (!signs.includes(jwk.kty!)) return
  const message = randomBytes(40)
  const signature = unb64((await token.ask({ do: 'sign', key: jwk, message: b64(message) })) as string)
  assert.ok(verify('sha256', message, { key: ours, dsaEncoding: 'ieee-p1363' }, signature), 'the token signs with it')
}

/** A token that stands for a card. */
interface Card {
  readonly token: Peer
  readonly k1: JsonWebKey
  /** The types of key that it signs with. */
  readonly signs: readonly string[]
}

/** A token with its first K1, or why there is none. */
async function begun({ missing, start }: PeerKind): Promise<Card | string> {
  if (missing !== null) return missing
  const token = start()
  return k1Of(token, 2048).then(
    async (k1) => {
      const signs: string[] = []
      for (const type of ['RSA', 'EC'] as const) if (await token.ask({ do: 'signs', type })) signs.push(type)
      return { token, k1, signs }
    },
    (error: Error) => `does not start here: ${error.message.replace(/\s+/g, ' ').slice(0, 200)}`,
  )
}

/** A new K1 in the token. */
async function k1Of(token: Peer, bits: number): Promise<JsonWebKey> {
  return { kty: 'RSA', ...((await token.ask({ do: 'makeK1', bits })) as { n: string; e: string }) }
}

const peers = suite('PKCS#11 tokens')

for (const kind of PEERS) {
  const { name } = kind
  const card = await begun(kind)
  if (typeof card === 'string') {
    skip(peers, `${name} opens what our server seals`, card)
    continue
  }
  const { token, signs } = card
  peers.after(() => token.end())
  const offered: Padding[] = []
  for (const padding of PADDINGS) if (await token.ask({ do: 'offers', padding })) offered.push(padding)

  peers(`SKI-166 ${name} has PKCS#1 v1.5 and OAEP with SHA-1 at least`, () => assert.equal(offered.slice(0, 2), ['pkcs1', 'oaep-sha1']))

  for (const padding of PADDINGS)
    if (offered.includes(padding)) peers(`SKI-166 SKI-169 ${name} unwraps S1: ${padding}`, async () => arrives(card, { padding }))
    else skip(peers, `${name} unwraps S1: ${padding}`, 'the token does not have it')

  for (const algorithm of ['AES-128', 'AES-192'] as const)
    peers(`SKI-60 SKI-133 ${name} opens what is sealed under ${algorithm}`, async () => arrives(card, { algorithm }))

  for (const k2 of ['rsa-2048', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521'] as const) {
    const uses = signs.includes(k2.slice(0, 2) === 'ec' ? 'EC' : 'RSA')
    peers(`SKI-60 SKI-86 ${name} opens ${uses ? 'and uses ' : ''}K2: ${k2}`, async () => arrives(card, { kind: k2 }))
    if (!uses) skip(peers, `${name} uses K2: ${k2}`, 'the token does not sign with such keys')
  }

  peers(`SKI-61 ${name} opens what came in five blobs`, async () => arrives(card, { kind: 'rsa-2048', pieces: 5 }))

  peers(`SKI-166 ${name}: a K1 of 3072 bits`, async () => arrives({ ...card, k1: await k1Of(token, 3072) }, { padding: 'oaep-sha1' }))
}

peers.run()
