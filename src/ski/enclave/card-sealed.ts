/**
 * The work of a card on sealed data and on PINs: opening, checking a key pair before it is taken, comparing a PIN.
 *
 * Whatever is found out once a command has begun to open something is the one refusal, whichever step noticed it. What
 * counts an attempt (the IV, the session key of an import, the try of a PIN) is written down before the attempt is made.
 *
 * A comparison of PINs takes as long for a wrong one as for the right one, whatever their lengths.
 *
 * Requirements: SKI-29, SKI-30, SKI-63, SKI-69, SKI-71, SKI-72, SKI-73, SKI-214, SKI-216, SKI-217, SKI-221, SKI-280, SKI-281, SKI-285.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import { concat, equalBytes, requireBytes, utf8 } from '../../bytes/bytes.js'
import { publicPart } from '../../crypto/key-parts.js'
import type { PublicKey } from '../../crypto/keys.js'
import { encodeSpki } from '../../crypto/spki.js'
import type { Scratch } from '../../enclave/scratch.js'
import { wait, type Steps } from '../../enclave/steps.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import { AUTHENTICATE_FLAGS, PIN_CHANGE } from '../constants/index.js'
import { openBound } from '../sealed/bound.js'
import { ALGORITHMS } from '../sealed/codes.js'
import { sameTerms, type SealedHeader, type Terms } from '../sealed/header.js'
import type { SessionKey } from '../sealed/keys.js'
import { openPublished } from '../sealed/published.js'
import { makeReceipt } from '../sealed/receipt.js'
import { SEALED_REFUSED } from '../sealed/refusal.js'
import { sealResponse, type Answered } from '../sealed/response.js'
import {
  decodeAuthenticate,
  decodeChangeAuthenticator,
  decodeImportKeypair,
  encodeAuthenticateResponse,
  encodeChangeAuthenticatorResponse,
  keyOfImport,
} from '../structures/index.js'
import { bytesOf, contextOf, done, fresh, keeper, knownBytes, skiKindOf, type CardBench, type CardDone, type CardJob } from './card-bench.js'
import { findPin, findSessionKey, type CardCommandOf, type OpenedFacts } from './card-state.js'
import type { SkiFault } from './commands.js'
import { secretBytes, type Secret } from './engine.js'

/** How long a PIN may be, in bytes. */
export const PIN_BYTES = { min: 4, max: 127 } as const

/** The most tries that a counter holds: a status word has room for no more (63Cx). */
export const MOST_TRIES = 15

type Job = CardJob<CardCommandOf<'processSealed'>>

/** Sealed data that opened: the session key that it came under, and the header where the format has one. */
interface Opened {
  readonly session: SessionKey
  readonly header: SealedHeader | null
  readonly structure: Uint8Array
}

/** Opens sealed data and does what it says (steps 28, 29). */
export function* processSealed(bench: CardBench, job: Job): Steps<CardDone> {
  const { permit, command, scratch } = job
  const record = findSessionKey(bench.state(), command.key)!
  const stored = bench.stored(record.handle)
  if (stored.type !== 'oct' || record.iv === null) throw new TypeError('a session key with an IV is wanted')
  if (command.blobs.length === 0) return refuse({ code: 'format_invalid', at: 'blobs', found: 0, requirement: 'SKI-140' })
  const blobs: Uint8Array[] = []
  for (const [at, text] of command.blobs.entries()) {
    const blob = bytesOf(text, `blobs.${at}`)
    if (!blob.ok) return blob
    blobs.push(blob.value)
  }
  // A copy: a key that is destroyed meanwhile must not lend its zeros.
  const s1 = scratch.bytes('session key S1 at work', Uint8Array.from(stored.k))
  const session = { algorithm: record.algorithm, key: s1, context: contextOf(bench, record.context) }
  const fault = bench.note(permit, { type: 'ivTaken', key: record.handle, iv: record.iv, importing: command.function === 'Import Key Pair' })
  if (fault) return refuse(fault)
  const opened = yield* open(bench, job, session, knownBytes(record.iv), blobs)
  if (!opened.ok) return opened
  scratch.bytes('opened structure', opened.value.structure)
  switch (command.function) {
    case 'Import Key Pair':
      return yield* importKeyPair(bench, job, opened.value)
    case 'Authenticate':
      return yield* authenticate(bench, job, opened.value)
    case 'Change Authenticator':
      return yield* changeAuthenticator(bench, job, opened.value)
  }
}

/** Compares a PIN that was typed, or that the PIN pad left here. */
export function* verifyPin(bench: CardBench, { permit, command, scratch }: CardJob<CardCommandOf<'verifyPin'>>): Steps<CardDone> {
  const { pin, pinId } = command
  const given = 'typed' in pin ? bytesOf(pin.typed, 'pin.typed') : accept(entered(bench.stored(pin.entry)))
  if (!given.ok) return given
  const value = scratch.bytes('PIN as given', given.value)
  const fault =
    ('entry' in pin ? bench.note(permit, { type: 'entryTaken', entry: pin.entry }) : null) ??
    bench.note(permit, { type: 'pinTried', pinId, from: 'entry' in pin ? 'pad' : 'typed', change: null })
  if (fault) return refuse(fault)
  const right = yield* samePin(bench, value, findPin(bench.state(), pinId)!.value, scratch)
  return done({ type: 'verifyPin', right })
}

function* open(
  bench: CardBench,
  { command, scratch }: Job,
  session: SessionKey,
  iv: Uint8Array,
  blobs: readonly Uint8Array[],
): Steps<Verdict<Opened, SkiFault>> {
  const { function: name, container, flags } = command
  if (bench.state().settings.sealedData === 'published') {
    const opened = yield* openPublished(bench.crypto, session, iv, flags, blobs, keeper(scratch))
    return opened.ok ? accept({ session, header: null, structure: opened.value }) : opened
  }
  const expected = { direction: 'toCard', function: name, container, flags, iv } as const
  const opened = yield* openBound(bench.crypto, session, expected, blobs, keeper(scratch))
  return opened.ok ? accept({ session, ...opened.value }) : opened
}

/** Takes a key pair if it is one, and the one that was announced (SKI-30). */
function* importKeyPair(bench: CardBench, { scratch }: Job, { session, header, structure }: Opened): Steps<CardDone> {
  const decoded = decodeImportKeypair(structure)
  if (!decoded.ok) return SEALED_REFUSED
  const { containerIndex: container, pinId, keySpec, keySize, keyData } = decoded.value
  scratch.bytes('imported key blob', keyData)
  if (!agrees(header, { container, pinId, keySpec, keySize })) return SEALED_REFUSED
  const read = keyOfImport(decoded.value)
  if (!read.ok) return SEALED_REFUSED
  const pair = scratch.key('imported key pair', read.value)
  const kind = skiKindOf(pair)
  if (kind === null || !(yield* wait(bench.crypto.checkPrivateKey(pair))).ok) return SEALED_REFUSED

  const spki = encodeSpki(publicPart(pair as PublicKey))
  const key = bench.newHandle()
  const overwrite = header?.overwrite ?? false
  const opened: OpenedFacts = { function: 'Import Key Pair', container, pinId, keySpec, overwrite, kind, spki: toBase64url(spki), key }
  return done({ type: 'processSealed', opened, output: yield* installed(bench, session, container, spki, scratch) }, [key, pair])
}

/** The card's word that a key pair is where it was to go (SKI-71), in the format that has one. */
function* installed(bench: CardBench, session: SessionKey, container: number, spki: Uint8Array, scratch: Scratch): Steps<string | null> {
  const { sealedData, receipts } = bench.state().settings
  if (sealedData !== 'bound' || !receipts) return null
  const identity = yield* wait(bench.crypto.digest('SHA-256', spki))
  requireBytes(identity, 'digest', 32)
  return toBase64url(yield* makeReceipt(bench.crypto, session, { kind: 'keyPair', container, identity }, keeper(scratch)))
}

function* authenticate(bench: CardBench, job: Job, { session, header, structure }: Opened): Steps<CardDone> {
  const { permit, scratch } = job
  const { CARD_AUTHENTICATE_GENERATE_SESSION_PIN: DRAW, CARD_AUTHENTICATE_SESSION_PIN: USE } = AUTHENTICATE_FLAGS
  const decoded = decodeAuthenticate(structure)
  if (!decoded.ok) return SEALED_REFUSED
  const { flags, pinId, pin } = decoded.value
  const given = scratch.bytes('PIN as given', pin)
  if (!agrees(header, { ...NO_KEY, pinId }) || ![0, DRAW, USE].some((known) => known === flags)) return SEALED_REFUSED
  const before = findPin(bench.state(), pinId)
  if (before === null) return SEALED_REFUSED
  const fault = bench.note(permit, { type: 'pinTried', pinId, from: 'sealed', change: null })
  if (fault) return refuse(fault)

  const { channel } = job.command
  const ofSession = bench.state().sessionPins.find((one) => one.channel === channel && one.pinId === pinId)?.value ?? null
  const right = yield* samePin(bench, given, flags === USE ? ofSession : before.value, scratch)
  const compared = flags === USE ? 'sessionPin' : 'pin'
  const attempt = { function: 'Authenticate', pinId, right, compared, sessionPin: null } as const
  if (!right) return done({ type: 'processSealed', opened: attempt, output: null })

  const attemptsRemaining = compared === 'pin' ? before.max : before.tries
  if (flags !== DRAW) {
    const output = yield* respond(
      bench,
      session,
      { function: 'Authenticate', pinId },
      encodeAuthenticateResponse({ attemptsRemaining, sessionPin: null }),
      scratch,
    )
    return done({ type: 'processSealed', opened: attempt, output })
  }
  const sessionPin = bench.newHandle()
  const drawn = scratch.key('session PIN', secretBytes(utf8(toBase64url(scratch.bytes('session PIN as drawn', fresh(bench, 16))))))
  const response = encodeAuthenticateResponse({ attemptsRemaining, sessionPin: drawn.k })
  const output = yield* respond(bench, session, { function: 'Authenticate', pinId }, response, scratch)
  return done({ type: 'processSealed', opened: { ...attempt, sessionPin }, output }, [sessionPin, drawn])
}

function* changeAuthenticator(bench: CardBench, { permit, scratch }: Job, { session, header, structure }: Opened): Steps<CardDone> {
  const decoded = decodeChangeAuthenticator(structure)
  if (!decoded.ok) return SEALED_REFUSED
  const { flags, authenticatingPinId: pinId, authenticatingData, targetPinId, targetData, retryCount } = decoded.value
  const given = scratch.bytes('PIN as given', authenticatingData)
  const changed = scratch.key(`PIN ${targetPinId}`, secretBytes(targetData))
  const how = CHANGES.get(flags)
  if (how === undefined || !agrees(header, { ...NO_KEY, pinId: targetPinId }) || !isPin(changed.k) || retryCount > MOST_TRIES) return SEALED_REFUSED
  const [by, target] = [findPin(bench.state(), pinId), findPin(bench.state(), targetPinId)]
  if (by === null || target === null) return SEALED_REFUSED
  const fault = bench.note(permit, { type: 'pinTried', pinId, from: 'sealed', change: { how, target: targetPinId } })
  if (fault) return refuse(fault)

  const right = yield* samePin(bench, given, by.value, scratch)
  const value = bench.newHandle()
  const opened = { function: 'Change Authenticator', how, pinId, right, target: { pinId: targetPinId, value, tries: retryCount } } as const
  if (!right) return done({ type: 'processSealed', opened, output: null })
  const response = encodeChangeAuthenticatorResponse({ attemptsRemaining: retryCount === 0 ? target.max : retryCount })
  const output = yield* respond(bench, session, { function: 'Change Authenticator', pinId: targetPinId }, response, scratch)
  return done({ type: 'processSealed', opened, output }, [value, changed])
}

/** Enciphers a response for the server: the client sees it pass, and it may carry a PIN (A-6b). */
function* respond(bench: CardBench, session: SessionKey, answered: Answered, structure: Uint8Array, scratch: Scratch): Steps<string> {
  scratch.bytes('response', structure)
  const { sealedData } = bench.state().settings
  const iv = fresh(bench, ALGORITHMS[session.algorithm].blockBytes)
  return toBase64url(concat(...(yield* sealResponse(bench.crypto, sealedData, session, answered, iv, structure, keeper(scratch)))))
}

/** Compares under a random key, so that neither length nor place of a difference shows. `null` is a PIN that nobody has. */
function* samePin(bench: CardBench, given: Uint8Array, wanted: Parameters<CardBench['stored']>[0] | null, scratch: Scratch): Steps<boolean> {
  const known = wanted === null ? scratch.bytes('PIN that nobody has', fresh(bench, PIN_BYTES.max)) : entered(bench.stored(wanted))
  const copy = scratch.bytes('PIN at work', known)
  const key = scratch.bytes('key of a comparison', fresh(bench, 32))
  const left = yield* wait(bench.crypto.hmac('SHA-256', key, given))
  const right = yield* wait(bench.crypto.hmac('SHA-256', key, copy))
  requireBytes(left, 'hmac', 32)
  requireBytes(right, 'hmac', 32)
  return equalBytes(left, right)
}

/** A copy of stored bytes. */
function entered(secret: Secret): Uint8Array {
  if (secret.type !== 'oct') throw new TypeError('secret bytes are wanted')
  return Uint8Array.from(secret.k)
}

/** Whether bytes may be a PIN. */
const isPin = (value: Uint8Array): boolean => value.length >= PIN_BYTES.min && value.length <= PIN_BYTES.max

/** Whether the structure is what the header says it is; the published format has none. */
const agrees = (header: SealedHeader | null, said: Pick<Terms, 'container' | 'pinId' | 'keySpec' | 'keySize'>): boolean =>
  header === null || sameTerms(header, said)

const NO_KEY = { container: null, keySpec: 0, keySize: 0 } as const

const CHANGES: ReadonlyMap<number, 'change' | 'unblock'> = new Map<number, 'change' | 'unblock'>([
  [PIN_CHANGE.PIN_CHANGE_FLAG_CHANGEPIN, 'change'],
  [PIN_CHANGE.PIN_CHANGE_FLAG_UNBLOCK, 'unblock'],
])
