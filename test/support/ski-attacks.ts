/**
 * The attacks on SKI that are tried against every defence, each as a function that goes as far as it is let and says how far
 * that was. See `ski-attack.ts` for the scene and `ski-attacker.ts` for what the attacker computes.
 * @module
 */
import { SUBJECT } from '../../tools/cli/ski/world.js'
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import type { Crypto } from '../../src/crypto/crypto.js'
import type { Way } from '../../src/ski/policy.js'
import { rewritten, skiScene, wrappedIn, type Defence, type Hosted, type HostedRun, type SkiScene, type Words } from './ski-attack.js'
import {
  agreedS1,
  authenticateStructure,
  certified,
  establishment,
  importStructure,
  openBound,
  openPublished,
  ownPair,
  ownS1,
  raw,
  receipt,
  sealBound,
  sealPublished,
  spkiOf,
  stolenKey,
  text,
  u32,
  unwrapS1,
  wrapS1,
  xor,
  type Context,
  type OwnPair,
} from './ski-attacker.js'

/** How far an attack came. */
export interface Loot {
  /** Whether the attacker has what he wanted. */
  readonly achieved: boolean
  readonly at: SkiScene
  readonly run: Hosted
  /** The last thing that he was told. */
  readonly last: Words
  /** A private key that he has and should not have. */
  readonly stolen?: KeyObject
  /** A PIN that he has and should not have. */
  readonly pin?: string
}

/** An attack. */
export type Attack = (crypto: Crypto, defence: Defence) => Promise<Loot>

const isBound = (at: SkiScene): boolean => at.policy.sealedData === 'bound'

/** Opens what the server sealed, with an S1 that the attacker has. */
export function opened(at: SkiScene, s1: Uint8Array, context: Context, { iv, blobs }: Words): Buffer {
  return isBound(at) ? openBound(s1, context, blobs as readonly string[]) : openPublished(s1, raw(iv), blobs as readonly string[])
}

/** From the moment at which the attacker has S1 of a session: he answers in the card's place and takes K2. */
async function takeOver(at: SkiScene, run: Hosted, s1: Uint8Array, k1Container: number): Promise<Loot> {
  const context = run.context()
  const { receipts } = at.policy
  const session = run.known.start!['session']
  const sealed = await run.tell({ type: 'client.established', session, nonce: null, receipt: receipts ? receipt(s1, context, k1Container, null) : null })
  if (sealed.type !== 'server.sealed') return { achieved: false, at, run, last: sealed }
  const stolen = stolenKey(opened(at, s1, context, sealed))
  const last = await run.finish(receipts ? receipt(s1, context, 1, spkiOf(stolen)) : null)
  return { achieved: last.type === 'server.certificate' && certified(last['certificate']) === spkiOf(stolen), at, run, last, stolen }
}

/** A1: the attacker shows a key of his own as the card's. */
export const substitution =
  (way: Way): Attack =>
  async (crypto, defence) => {
    const at = await skiScene(crypto, defence)
    const run = at.host({ way })
    const own = ownPair(way === 'session' ? 'rsa' : 'ec')
    const last = await run.offer((offer) => ({ ...offer, spki: own.spki }))
    if (last.type !== 'server.sessionKey') return { achieved: false, at, run, last }
    const s1 = way === 'session' ? unwrapS1(own, wrappedIn(last)) : agreedS1(own, raw(last['peer']), run.context())
    return takeOver(at, run, s1, Number(run.known.offer!['k1Container']))
  }

/** A6: the attacker makes a session key himself and seals a key pair of his own under it. */
export async function plant(at: SkiScene, run: Hosted, pair: OwnPair, container: number, overwrite = false): Promise<Words> {
  const k1 = 6
  await run.apdu({ type: 'apdu.generate', container: k1, kind: 'rsa-2048', pinId: 0 })
  const { spki } = await run.apdu({ type: 'apdu.readKey', container: k1, evidence: 'plain' })
  const { cardId } = await run.apdu({ type: 'apdu.select' })
  const s1 = ownS1()
  const wrapped = wrapS1(String(spki), s1)
  let refusal: Words | undefined
  for (const signer of ['bare', null, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] as const) {
    const { nonce } = await run.apdu({ type: 'apdu.challenge' })
    const context = { session: randomBytes(16), serverNonce: randomBytes(16), cardNonce: raw(nonce), cardId: raw(cardId) }
    const input = signer === 'bare' ? text(wrapped) : establishment(context, k1, wrapped, signer)
    const import_ = { type: 'apdu.importSessionKey', container: k1, algorithm: 'AES-256', padding: 'oaep-sha256', proven: signer !== 'bare', input }
    const taken = await run.apdu(import_)
    refusal ??= taken
    if (taken.type !== 'card.sessionKey') continue
    const iv = randomBytes(16)
    const rsa = pair.privateKey.asymmetricKeyType === 'rsa'
    const structure = importStructure(pair, { container, pinId: 1 })
    const terms = { container, overwrite, pinId: 1, keySpec: rsa ? 1 : 3, keySize: rsa ? 2048 : 256 }
    const blob = isBound(at) ? sealBound(s1, context, iv, structure, terms) : sealPublished(s1, iv, structure)
    return run.feed({ key: String(taken['key']), function: 'Import Key Pair', container, flags: 1, iv: text(iv), blobs: [blob] })
  }
  return refusal!
}

/** A6: planting, where the server waits for its own key to arrive. */
export const planting: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence)
  const run = at.host()
  const pair = ownPair('ec')
  const last = await plant(at, run, pair, 1)
  return { achieved: at.container(1)?.spki === pair.spki, at, run, last, stolen: pair.privateKey }
}

/** A2: container and PIN id, which stand in the first block, are changed through the IV. */
export const ivRewriting: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence)
  const run = at.host()
  await run.upToSealed()
  const last = await feedRewritten(run, { container: 5, pinId: 2 })
  return { achieved: at.container(5)?.pinId === 2 && at.container(1) === undefined, at, run, last }
}

/** Feeds what the server sealed, with another place in its first block. */
export async function feedRewritten(run: Hosted, { container, pinId, keySpec = 3 }: { container: number; pinId: number; keySpec?: number }): Promise<Words> {
  const { iv, blobs } = run.known.sealed as unknown as { iv: string; blobs: readonly string[] }
  const changed = rewritten(iv, FIRST_BLOCK(1, 1, 3), FIRST_BLOCK(container, pinId, keySpec))
  // A format with a header gets the new IV and the new place in there as well.
  const first = raw(blobs[0])
  if (first.subarray(0, 4).toString() === 'KFSD') {
    first[10] = container
    first[16] = pinId
    raw(changed).copy(first, 64)
  }
  return run.feed({ container, iv: changed, blobs: [text(first), ...blobs.slice(1)] })
}

/** The first sixteen bytes of `CARD_IMPORT_KEYPAIR`. */
const FIRST_BLOCK = (container: number, pinId: number, keySpec: number): Buffer => Buffer.concat([7, container, pinId, keySpec].map(u32))

/** A2: the same sealed data again, at once, into another container. */
export const again: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence)
  const run = at.host()
  await run.complete()
  const last = await feedRewritten(run, { container: 5, pinId: 1 })
  return { achieved: at.container(5) !== undefined && at.container(5)!.spki === at.container(1)?.spki, at, run, last }
}

const OLD_PIN = 'pin-that-was-once'
const NEW_PIN = 'pin-that-is-valid'

/** A2: a recorded session, in which the server set a PIN, is played again after a reset. */
export const replay: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence)
  const change = (value: string) => at.host(setting(Buffer.from(at.cards['card']!.pins[2]!).toString(), value))
  const run = change(OLD_PIN)
  await run.complete()
  await change(NEW_PIN).complete()
  await at.reset()
  delete run.known.taken
  const taken = await run.takeKey()
  const last = taken.type === 'card.sessionKey' ? await run.feed() : taken
  const verified = await run.apdu({ type: 'apdu.verify', pinId: 1, pin: text(Buffer.from(OLD_PIN)) })
  return { achieved: verified.type === 'card.done', at, run, last, pin: OLD_PIN }
}

/** A2: step 27 is dropped, step 31 is forged. */
export const forgedSuccess: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence)
  const run = at.host()
  await run.upToSealed()
  const last = await run.finish(null)
  return { achieved: run.outcome() === true && at.container(1) === undefined, at, run, last }
}

/** A1: another genuine card, the attacker's own, is in the reader. */
export const foreignCard: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence, { cards: 2 })
  const run = at.host({ card: 'card', inReader: 'card2' })
  // He says that it is the card that was enrolled.
  const last = await run.offer()
  if (last.type !== 'server.sessionKey') return { achieved: false, at, run, last }
  await run.establish()
  const end = await run.finish((await run.feed())['output'] ?? null)
  return { achieved: run.outcome() === true && at.container(1, 'card2') !== undefined && at.container(1) === undefined, at, run, last: end }
}

/** A user's key is replaced by one that lies about the place being free, or that is planted with leave to overwrite. */
export const overwriting: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence)
  await at.host().complete()
  const before = at.container(1)!.spki
  const run = at.host()
  await run.upToSealed()
  let last = await run.feed()
  if (at.container(1)!.spki === before) last = await plant(at, run, ownPair('ec'), 1, true)
  return { achieved: at.container(1)!.spki !== before, at, run, last }
}

/** A1: a pair that the attacker brought onto the card is offered as K1, with what the card states about it. */
export const importedK1: Attack = async (crypto, defence) => {
  const at = await skiScene(crypto, defence)
  const run = at.host()
  const own = ownPair('rsa')
  await plant(at, run, own, 5)
  const stated = await run.apdu({ type: 'apdu.readKey', container: 5, evidence: 'attested' })
  const evidence = stated.type === 'card.publicKey' ? stated['evidence'] : null
  const last = await run.offer((offer) => ({ ...offer, spki: own.spki, k1Container: 5, evidence }))
  if (evidence === null || last.type !== 'server.sessionKey') return { achieved: false, at, run, last: stated }
  return takeOver(at, run, unwrapS1(own, wrappedIn(last)), 5)
}

/** Guesses a PIN that is sealed in the second block of a `CARD_AUTHENTICATE`. */
export interface Guesser {
  /**
   * Sends the block with the PIN in it under an IV that makes a request of it if the guess is right. No IV is taken twice, so
   * each time that a guess is repeated is to have another number.
   */
  guess(pin: string, time?: number): Promise<Words>
  /** How many tries PIN 1 has left, as anybody finds out by a wrong one of his own. */
  triesLeft(): Promise<number>
}

/** A guesser for what the server has sealed in this run. */
export function guesser(run: Hosted): Guesser {
  const { blobs } = run.known.sealed as unknown as { blobs: readonly string[] }
  const all = raw(blobs[0])
  const start = all.subarray(0, 4).toString() === 'KFSD' ? 84 : 0
  const [first, second] = [all.subarray(start, start + 16), all.subarray(start + 16, start + 32)]
  return {
    guess: (pin, time = 1) => {
      const bytes = Buffer.from(pin)
      const padded = Buffer.concat([bytes, Buffer.alloc(16 - bytes.length, 16 - bytes.length)])
      // If the block says this PIN, under this IV it says: CARD_AUTHENTICATE, PIN 1, so many bytes. Any blocks do for those.
      const iv = xor(padded, first, authenticateStructure(1, Buffer.alloc(16 * time)).subarray(0, 16))
      const rest = Array.from({ length: time }, () => second)
      const header = Buffer.from(all.subarray(0, start))
      if (start > 0) iv.copy(header, 64)
      const blob = Buffer.concat([header, second, ...rest, all.subarray(start + 32)])
      return run.feed({ function: 'Authenticate', flags: 0, iv: text(iv), blobs: [text(blob)] })
    },
    triesLeft: async () => {
      const { sw } = await run.apdu({ type: 'apdu.verify', pinId: 1, pin: text(Buffer.from('not this one')) })
      return Number(sw) & 0xf
    },
  }
}

/** A run in which the server has a PIN presented. */
export const presenting = (pinId: number, value: string, flags = 0): HostedRun => ({
  secret: 'pin',
  injects: (hold) => ({ what: 'pin', subject: SUBJECT, function: 'Authenticate', flags, pinId, pin: hold(value), target: null }),
})

/** A run in which the server sets PIN 1 with the administrator's. */
export const setting = (administrator: string, value: string): HostedRun => ({
  secret: 'pin',
  injects: (hold) => {
    const target = { pinId: 1, pin: hold(value), tries: 3 }
    return { what: 'pin', subject: SUBJECT, function: 'Change Authenticator', flags: 1, pinId: 2, pin: hold(administrator), target }
  },
})

const DICTIONARY = Array.from({ length: 24 }, (_, index) => String(7000_0000 + index * 137))
const USER_PIN = 'typed at the client'

/**
 * A2: the administrator's PIN is guessed block by block. The holder typed his own PIN at the client, so the counter of that one
 * is the attacker's to read and to restore; the counter of the PIN that he is after is never touched.
 */
export const guessing: Attack = async (crypto, defence) => {
  const secret = DICTIONARY[17]!
  const at = await skiScene(crypto, defence, { pins: { 1: USER_PIN, 2: secret } })
  const run = at.host(presenting(2, secret))
  await run.upToSealed()
  const { guess, triesLeft } = guesser(run)
  let pin: string | undefined
  let last: Words | undefined
  for (const candidate of DICTIONARY) {
    last = await guess(candidate)
    const left = await triesLeft()
    await run.apdu({ type: 'apdu.verify', pinId: 1, pin: text(Buffer.from(USER_PIN)) })
    if (left === at.pin(1).max - 2) pin = candidate
    if (pin !== undefined) break
  }
  return { achieved: pin === secret, at, run, last: last!, ...(pin !== undefined && { pin }) }
}

/** Every attack, by name. */
export const ATTACKS = {
  'K1 substitution': substitution('session'),
  'DH key substitution': substitution('agreement'),
  planting,
  'IV rewriting': ivRewriting,
  'the same sealed data again': again,
  'PIN guessing': guessing,
  'replay after a reset': replay,
  'forged success': forgedSuccess,
  'a genuine card of somebody else': foreignCard,
  overwriting,
  'an imported key as K1': importedK1,
} as const satisfies Readonly<Record<string, Attack>>
