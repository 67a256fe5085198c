/**
 * Steps 24 to 31 on the server: K2 and PINs come to exist, go into their structures, are sealed under the minidriver's key,
 * and what the card says to it is judged.
 *
 * Spec: spec/ski.md, SKI-62, SKI-134, SKI-140, SKI-174, SKI-175, SKI-181, SKI-221, SKI-225, SKI-280 to SKI-282; spec/ski-sealed-data.md,
 * SKI-60, SKI-65, SKI-71.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import { wipe } from '../../bytes/bytes.js'
import { fromHex } from '../../bytes/hex.js'
import { spkiFingerprint } from '../../crypto/fingerprint.js'
import type { PrivateKey } from '../../crypto/keys.js'
import { encodeSpki } from '../../crypto/spki.js'
import { KINDS } from '../../enclave/kinds.js'
import { wait } from '../../enclave/steps.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import { ALGORITHMS, BLOCK_PADDING, SEALED_REFUSED, judgeReceipt, openResponse, sealBound, sealPublished, type SessionKey } from '../sealed/index.js'
import {
  decodeAuthenticate,
  decodeAuthenticateResponse,
  decodeChangeAuthenticator,
  decodeChangeAuthenticatorResponse,
  decodeImportKeypair,
  encodeAuthenticate,
  encodeChangeAuthenticator,
  importKeypairOf,
} from '../structures/index.js'
import type { SecureFunction, SkiFault, SkiHandle } from './commands.js'
import { secretBytes } from './engine.js'
import {
  bytesOf,
  contextBytes,
  done,
  fresh,
  keepIn,
  known,
  objectOf,
  peerBytes,
  secretOf,
  type AnyServerJob,
  type ServerJob,
  type ServerWork,
} from './server-job.js'
import { onlyKey, type MdKeyRecord, type StructureTerms } from './server-state.js'
import { skiKindOf } from './server-terms.js'

/** A fresh IV; it takes effect when it is set. */
export function* drawIv({ bench, command }: ServerJob<'drawIv'>): ServerWork {
  return done({ type: 'drawIv', iv: toBase64url(fresh(bench, ALGORITHMS[command.algorithm].blockBytes)) })
}

/** K2. */
export function* makeKeyPair({ bench, command, scratch }: ServerJob<'makeKeyPair'>): ServerWork {
  const { bits, curve } = KINDS[command.kind]
  const made = yield* wait<PrivateKey>(curve === null ? bench.crypto.generateRsa(bits) : bench.crypto.generateEc(curve))
  const key = scratch.key(`K2 ${command.kind}`, made)
  if (skiKindOf(key) !== command.kind) throw new TypeError(`a key of kind ${command.kind} is wanted`)
  const handle = bench.newHandle()
  return done({ type: 'makeKeyPair', handle, spki: toBase64url(encodeSpki(key)), fingerprint: `spki-sha256:${spkiFingerprint(key)}` }, [handle, key])
}

/** A PIN of digits and letters, each as likely as the others. */
export function* makePin({ bench, command, scratch }: ServerJob<'makePin'>): ServerWork {
  // Twice as many bytes as are wanted, and one in thirty-two is passed over: a second draw is rare, an eighth is a broken provider.
  let pin = new Uint8Array(0)
  for (let draws = 0; draws < 8 && pin.length < command.length; draws++) {
    wipe(pin)
    pin = scratch.bytes('PIN material', fresh(bench, 2 * command.length)).filter((byte) => byte < FAIR)
  }
  if (pin.length < command.length) throw new TypeError('bytes that nobody can predict are wanted')
  const drawn = pin.slice(0, command.length).map((byte) => PIN_CHARACTERS.charCodeAt(byte % PIN_CHARACTERS.length))
  wipe(pin)
  const handle = bench.newHandle()
  return done({ type: 'makePin', handle }, [handle, scratch.key('PIN', secretBytes(drawn))])
}

/** `CARD_IMPORT_KEYPAIR` with K2 in it. */
export function* composeKeyPair(job: ServerJob<'composeKeyPair'>): ServerWork {
  const { bench, command, scratch } = job
  const { kind } = objectOf(job, command.key, 'keyPair')
  const { container, pinId, keySpec, overwrite } = command
  const written = importKeypairOf({ containerIndex: container, pinId, keySpec, key: privateKeyOf(job, command.key) })
  if (!written.ok) throw new TypeError('a key specification that the rules know is wanted')
  const structure = scratch.key('K2 structure', secretBytes(written.value))
  const terms = { function: 'Import Key Pair', container, overwrite, pinId, keySpec, keySize: KINDS[kind].bits } as const
  const handle = bench.newHandle()
  return done({ type: 'composeKeyPair', handle, terms }, [handle, structure])
}

/** `CARD_AUTHENTICATE` or `CARD_CHANGE_AUTHENTICATOR` with PINs in it. */
export function* composePin(job: ServerJob<'composePin'>): ServerWork {
  const { bench, command, scratch } = job
  const { flags, pinId, target } = command
  const pin = secretOf(job, command.pin)
  const written =
    target === null
      ? encodeAuthenticate({ flags, pinId, pin })
      : encodeChangeAuthenticator({
          flags,
          authenticatingPinId: pinId,
          authenticatingData: pin,
          targetPinId: target.pinId,
          targetData: secretOf(job, target.pin),
          retryCount: target.tries,
        })
  const structure = scratch.key('PIN structure', secretBytes(written))
  const handle = bench.newHandle()
  return done({ type: 'composePin', handle, terms: pinTerms(command.function, target?.pinId ?? pinId) }, [handle, structure])
}

/** Steps 24 and 25: `MDEncryptData`. */
export function* mdEncrypt(job: ServerJob<'mdEncrypt'>): ServerWork {
  const { bench, command, scratch } = job
  const { flags, pieces } = command
  const record = objectOf(job, command.key, 'sessionKey')
  const { terms: given, mayOverwrite } = objectOf(job, command.blob, 'structure')
  const structure = secretOf(job, command.blob)
  const read: Verdict<StructureTerms, SkiFault> = given === null ? readTerms(command.function, mayOverwrite, structure) : accept(given)
  if (!read.ok) return read
  const { blockBytes } = ALGORITHMS[record.algorithm]
  if (flags !== BLOCK_PADDING && (structure.length === 0 || structure.length % blockBytes !== 0))
    return refuse({ code: 'format_invalid', at: 'flags', wanted: `CARD_BLOCK_PADDING, or whole blocks of ${blockBytes}`, requirement: 'SKI-134' })
  const blocks = Math.ceil((structure.length + (flags === BLOCK_PADDING ? 1 : 0)) / blockBytes)
  if (pieces > blocks) return refuse({ code: 'format_invalid', at: 'pieces', found: pieces, wanted: `at most ${blocks}`, requirement: 'SKI-61' })

  const iv = known(record.iv)
  const keep = keepIn(scratch)
  const key = sessionKeyOf(job, record)
  const blobs =
    bench.state().settings.sealedData === 'bound'
      ? yield* sealBound(bench.crypto, key, 'toCard', { ...read.value, flags }, bytesOf(iv), structure, pieces, keep)
      : yield* sealPublished(bench.crypto, key, bytesOf(iv), flags, structure, pieces, keep)
  return done({ type: 'mdEncrypt', iv, terms: read.value, blobs: blobs.map(toBase64url) })
}

/** `CardProcessEncryptedData` without a card: a response is opened. Everything that is found out in here is one refusal. */
export function* mdOpenResponse(job: ServerJob<'mdOpenResponse'>): ServerWork {
  const { bench, command, scratch } = job
  const { settings } = bench.state()
  const record = objectOf(job, command.key, 'sessionKey')
  const blobs = command.blobs.map(peerBytes)
  if (command.function === 'Import Key Pair' || !blobs.every((blob) => blob !== null)) return SEALED_REFUSED
  const answered = { function: command.function, pinId: record.sealed?.pinId ?? 0 }
  const opened = yield* openResponse(bench.crypto, settings.sealedData, sessionKeyOf(job, record), answered, blobs, keepIn(scratch))
  if (!opened.ok) return SEALED_REFUSED
  const response = scratch.bytes('response', opened.value)
  if (command.function === 'Change Authenticator') {
    const changed = decodeChangeAuthenticatorResponse(response)
    return changed.ok ? done({ type: 'mdOpenResponse', attemptsRemaining: changed.value.attemptsRemaining, sessionPin: null }) : SEALED_REFUSED
  }
  const authenticated = decodeAuthenticateResponse(response)
  if (!authenticated.ok) return SEALED_REFUSED
  const { attemptsRemaining, sessionPin } = authenticated.value
  if (sessionPin === null) return done({ type: 'mdOpenResponse', attemptsRemaining, sessionPin })
  const handle = bench.newHandle()
  return done({ type: 'mdOpenResponse', attemptsRemaining, sessionPin: handle }, [handle, scratch.key('session PIN', secretBytes(sessionPin))])
}

/** Step 31: whether the card has said that it installed this very key, in this container. */
export function* confirmInstalled(job: ServerJob<'confirmInstalled'>): ServerWork {
  const { bench, command, conversation, scratch } = job
  const record = known(onlyKey(bench.state(), conversation))
  const receipt = peerBytes(command.receipt)
  const identity = fromHex(FINGERPRINT.exec(command.fingerprint)?.[1] ?? '')
  if (record.context === null || receipt === null || identity?.length !== 32) return done({ type: 'confirmInstalled', genuine: false })
  const expected = { kind: 'keyPair', container: command.container, identity } as const
  const genuine = yield* judgeReceipt(bench.crypto, sessionKeyOf(job, record), expected, receipt, keepIn(scratch))
  return done({ type: 'confirmInstalled', genuine })
}

/** The private key under a handle, the store's own. */
export function privateKeyOf({ bench }: AnyServerJob, handle: SkiHandle): PrivateKey {
  const key = bench.stored(handle)
  if (key.type === 'oct') throw new TypeError('a key pair is wanted')
  return key
}

/** The minidriver's key with its session, as a copy in the scratch: a key that is destroyed meanwhile must not lend its zeros. */
function sessionKeyOf(job: AnyServerJob, { handle, algorithm, context }: MdKeyRecord): SessionKey {
  const key = job.scratch.bytes('session key', secretOf(job, handle).slice())
  return { algorithm, key, context: contextBytes(context ?? NO_CONTEXT) }
}

/** What a structure says that the host handed in. */
function readTerms(name: SecureFunction, overwrite: boolean, bytes: Uint8Array): Verdict<StructureTerms, SkiFault> {
  switch (name) {
    case 'Import Key Pair': {
      const read = decodeImportKeypair(bytes)
      if (!read.ok) return misformed(read.fault)
      const { containerIndex, pinId, keySpec, keySize, keyData } = read.value
      wipe(keyData)
      return accept({ function: name, container: containerIndex, overwrite, pinId, keySpec, keySize })
    }
    case 'Authenticate': {
      const read = decodeAuthenticate(bytes)
      if (!read.ok) return misformed(read.fault)
      wipe(read.value.pin)
      return accept(pinTerms(name, read.value.pinId))
    }
    case 'Change Authenticator': {
      const read = decodeChangeAuthenticator(bytes)
      if (!read.ok) return misformed(read.fault)
      wipe(read.value.authenticatingData, read.value.targetData)
      return accept(pinTerms(name, read.value.targetPinId))
    }
  }
}

/** A fault of a codec, without what was found: it may be part of a secret. */
function misformed({ code, at, requirement }: { readonly code: string; readonly at?: string; readonly requirement?: string }): Verdict<never, SkiFault> {
  return refuse({
    code: code === 'revision_too_low' ? 'version_too_low' : 'format_invalid',
    ...(at === undefined ? {} : { at }),
    requirement: requirement ?? 'SKI-102',
  })
}

const pinTerms = (name: SecureFunction, pinId: number): StructureTerms => ({ function: name, container: null, overwrite: false, pinId, keySpec: 0, keySize: 0 })

const PIN_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Bytes from here on would make the first characters likelier. */
const FAIR = 256 - (256 % PIN_CHARACTERS.length)
const FINGERPRINT = /^spki-sha256:([0-9a-f]{64})$/
const NOWHERE = toBase64url(new Uint8Array(16))
/** Stands where there is no session; the published format does not look at it. */
const NO_CONTEXT = { session: NOWHERE, serverNonce: NOWHERE, cardNonce: NOWHERE, cardId: NOWHERE }
