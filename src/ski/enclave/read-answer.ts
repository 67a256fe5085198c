/**
 * What comes back from an enclave is data from outside too: a token's driver may be broken or replaced. This file makes an
 * answer of it, of a card, a server or a CA, that has the declared shape and no members but its own.
 *
 * Requirements: SKI-219, SKI-244, SKI-246.
 * @module
 */
import { flag, list, nullable, record, text, word, type Reader } from '../../bytes/shape.js'
import type { SkiAnswer, SkiFault } from './commands.js'
import { bytesShape, containerShape, handleShape, kindShape, u32Shape, within } from './shapes.js'

const key = handleShape
const fingerprint = text(128)
const nonce = text(32)
const container = containerShape

/** The most blobs that one sealing gives. */
const MOST_BLOBS = 16

/** An envelope or a certificate, with several recipients in it. */
const longBytesShape = text(65_536)

/** Every code that an enclave of SKI may refuse with; the compiler sees to it that none is left out. */
const CODES: Readonly<Record<SkiFault['code'], true>> = {
  sealed_refused: true,
  pin_wrong: true,
  pin_blocked: true,
  proof_refused: true,
  handle_unknown: true,
  container_empty: true,
  container_occupied: true,
  container_unknown: true,
  purpose_not_allowed: true,
  not_authenticated: true,
  property_missing: true,
  property_invalid: true,
  algorithm_not_supported: true,
  padding_not_supported: true,
  format_invalid: true,
  version_too_low: true,
  iv_used: true,
  certificate_request_invalid: true,
  no_room: true,
  pin_unknown: true,
  command_invalid: true,
  conversation_closed: true,
  enclave_failed: true,
}

const codeShape = word(...(Object.keys(CODES) as SkiFault['code'][]))
const triesShape = within(0, 15)

/** Code and requirement, and of a wrong PIN the tries that are left; whatever else a driver adds to a fault stays behind. */
const faultShape: Reader<SkiFault> = (value) => {
  const code = record({ code: codeShape })(value)
  const tries = code?.code === 'pin_wrong' ? record({ found: triesShape })(value) : undefined
  return code && { ...code, ...record({ requirement: text(16) })(value), ...tries }
}

const READERS: { readonly [Type in SkiAnswer['type']]: Reader<Omit<Extract<SkiAnswer, { type: Type }>, 'type'>> } = {
  'enclave.k1Made': record({ container }),
  'enclave.keyRead': record({ container, purpose: word('session', 'agreement', 'user'), spki: bytesShape, evidence: nullable(bytesShape) }),
  'enclave.nonceDrawn': record({ nonce }),
  'enclave.sessionKeyReady': record({ key, nonce: nullable(nonce), receipt: nullable(bytesShape) }),
  'enclave.agreed': record({ agreement: handleShape }),
  'enclave.propertySet': record({ key }),
  'enclave.processed': record({ container: nullable(container), output: nullable(bytesShape) }),
  'enclave.destroyed': record({ key }),
  'enclave.containerDeleted': record({ container }),
  'enclave.pinVerified': record({ pinId: u32Shape }),
  'enclave.deauthenticated': record({ pinId: u32Shape }),
  'enclave.sessionBegun': record({ session: text(32), nonce }),
  'enclave.cardJudged': record({
    card: handleShape,
    proof: word('attested', 'sharedKey', 'none'),
    cardId: text(32),
    fingerprint: nullable(fingerprint),
    kind: nullable(kindShape),
  }),
  'enclave.sessionKeyMade': record({ blob: handleShape, input: bytesShape, peer: nullable(bytesShape), proven: flag }),
  'enclave.sharedKeyOffered': record({ input: nullable(bytesShape), proven: flag }),
  'enclave.sessionConfirmed': record({ genuine: flag }),
  'enclave.mdKeyReady': record({ key }),
  'enclave.ivDrawn': record({ iv: text(32) }),
  'enclave.keyPairMade': record({ key, spki: bytesShape, fingerprint }),
  'enclave.pinMade': record({ key }),
  'enclave.composed': record({ blob: handleShape }),
  'enclave.mdEncrypted': record({ blobs: list(bytesShape, MOST_BLOBS) }),
  'enclave.responseOpened': record({ attemptsRemaining: u32Shape, sessionPin: nullable(handleShape) }),
  'enclave.installedConfirmed': record({ genuine: flag }),
  'enclave.certificateRequested': record({ request: bytesShape }),
  'enclave.keyEnveloped': record({ envelope: longBytesShape, fingerprint }),
  'enclave.certificateIssued': record({ certificate: longBytesShape, fingerprint }),
  'enclave.refused': record({ fault: faultShape }),
}

/** Reads an answer, or gives `null`. Never throws, whatever it is given. */
export function readSkiAnswer(value: unknown): SkiAnswer | null {
  try {
    const type = word(...(Object.keys(READERS) as SkiAnswer['type'][]))((value as { readonly type?: unknown } | null)?.type)
    const members = type && (READERS[type] as Reader<object>)(value)
    return members ? ({ type, ...members } as SkiAnswer) : null
  } catch {
    return null
  }
}
