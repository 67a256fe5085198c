/**
 * Runs of client and server from beginning to end, as scripts: in which state the role waits, and what it hears there. Every
 * test takes a script, changes one word of it or stops in the middle.
 *
 * A minidriver's return has the number of the call that it answers; here the calls are counted in the order of the script.
 * @module
 */
import type { EventObject } from 'xstate'
import type { ClientInput } from '../../../machines/ski/client-plan.js'
import type { Enrolment, ServerInput } from '../../../machines/ski/server-plan.js'
import type { SkiPolicy, Way } from '../../../src/ski/policy.js'
import { nested } from './laws.js'
import { cardId, fingerprint, handle, hardened, PRODUCT, samples as s, someBytes, VERSION } from './samples.js'

/** One stop of a run: the state, and what is heard in it. */
export type Stop = readonly [state: string, hears: EventObject]

/** A word with something else in it. */
export const change = (event: EventObject, fields: object): EventObject => ({ ...event, ...fields })

/** A return that is numbered by {@link hearsOf}. */
export const returned = (fields: object = {}): EventObject =>
  change(s['minidriver.returned'], { call: 0, status: 0, data: null, handle: null, length: null, ...fields })

/** The words of a script, its returns numbered: the first answers call 1. A return that has a number keeps it. */
export function hearsOf(stops: readonly Stop[]): readonly EventObject[] {
  let calls = 0
  return stops.map(([, event]) => {
    if (event.type !== 'minidriver.returned') return event
    calls++
    return (event as EventObject & { readonly call: number }).call === 0 ? change(event, { call: calls }) : event
  })
}

/** The words up to a state. */
export const upTo = (stops: readonly Stop[], state: string): readonly EventObject[] => {
  const at = stops.findIndex(([name]) => name === state)
  if (at < 0) throw new Error(`the script has no ${state}`)
  return hearsOf(stops.slice(0, at))
}

/** A whole script with another word in one state. */
export function replaced(stops: readonly Stop[], state: string, fields: object): readonly EventObject[] {
  if (!stops.some(([name]) => name === state)) throw new Error(`the script has no ${state}`)
  return hearsOf(stops.map(([name, event]) => [name, name === state ? change(event, fields) : event] as const))
}

/** A script up to another word in one state, with nothing behind it. */
export const instead = (stops: readonly Stop[], state: string, fields: object): readonly EventObject[] =>
  replaced(stops, state, fields).slice(0, stops.findIndex(([name]) => name === state) + 1)

/** Every resting state of some scripts, with the words that lead there: what `answersEverything` wants. */
export const restingIn = (scripts: readonly (readonly Stop[])[]): Readonly<Record<string, readonly EventObject[]>> =>
  Object.fromEntries(scripts.flatMap((stops) => stops.map(([state]) => [running(state), upTo(stops, state)] as const)))

/** A state of a run, as a snapshot names it. */
export const running = (state: string): string => nested('running', state)

/** UTF-16LE with a NUL, as base64url: how strings cross the interface (SKI-94). */
export const wide = (text: string): string => Buffer.from(`${text}\0`, 'utf16le').toString('base64url')

/** A multi-string (SKI-93). */
export const multi = (...names: readonly string[]): string => Buffer.from(`${names.map((name) => `${name}\0`).join('')}\0`, 'utf16le').toString('base64url')

/** A u32, little-endian (SKI-94). */
export function u32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes.toString('base64url')
}

/** A container map (SKI-92): the names of its records, `null` for a free one; where it says so, with the size of a signature key. */
export function mapOf(...names: readonly (string | null | { readonly name: string; readonly signatureBits: number })[]): string {
  const record = (given: (typeof names)[number], index: number) => {
    const bytes = Buffer.alloc(86)
    if (given === null) return bytes
    const { name, signatureBits } = typeof given === 'string' ? { name: given, signatureBits: 0 } : given
    bytes.write(name, 0, 'utf16le')
    bytes[80] = index === 0 ? 3 : 1
    bytes.writeUInt16LE(signatureBits, 82)
    return bytes
  }
  return Buffer.concat(names.map(record)).toString('base64url')
}

/** `SCARD_E_FILE_NOT_FOUND`. */
export const FILE_NOT_FOUND = 0x80100024

/** How a client of these tests is set up. */
export const clientInput: ClientInput = {
  subject: 'CN=Ada',
  template: 'user',
  product: PRODUCT,
  version: VERSION,
  atr: 'OwA',
  containers: 16,
  pinId: 1,
  k1Kind: 'rsa-2048',
  dhKind: 'ec-P-256',
  holder: null,
  keepK1: false,
}

/** What a run of the client is to be. */
export interface ClientRun {
  readonly way?: Way
  /** `hardened`: evidence, a nonce, receipts. */
  readonly bare?: boolean
  readonly secret?: 'keyPair' | 'pin'
  readonly holder?: boolean
  readonly existingK1?: boolean
  readonly keepK1?: boolean
}

/** A client's run, as it ends well. */
export function clientRun({ way = 'session', bare = false, secret = 'keyPair', holder = false, existingK1 = false, keepK1 = false }: ClientRun = {}): Stop[] {
  const hasK1 = way === 'session' || way === 'agreement'
  const key = change(s['server.sessionKey'], {
    way,
    proven: !bare,
    padding: way === 'session' ? 'oaep-sha256' : null,
    peer: way === 'agreement' ? someBytes : null,
  })
  const sealed = secret === 'pin' ? change(s['server.sealed'], { function: 'Change Authenticator', container: null }) : s['server.sealed']
  const stops: (false | Stop)[] = [
    ['acquiring', returned({ function: 'CardAcquireContext' })],
    ['requesting', change(s['server.start'], { ways: [way], secret, evidence: bare ? 'plain' : 'attested', wantsNonce: !bare })],
    ['askingSupport', returned({ function: 'CardGetProperty', data: u32(0xe) })],
    ['identifying', returned({ data: cardId })],
    holder && ['authenticating', returned({ function: 'CardAuthenticateEx' })],
    ['readingMap', returned({ function: 'CardReadFile', data: mapOf('first', null) })],
    hasK1 && !existingK1 && ['creating', returned({ function: 'CardCreateContainerEx' })],
    hasK1 && ['readingKey', returned({ function: 'CardGetContainerInfo', spki: 'c3BraQ' })],
    hasK1 && !bare && ['proving', returned({ function: 'CardGetContainerProperty', data: 'ZXZpZGVuY2U' })],
    !hasK1 && !bare && ['drawing', returned({ data: 'bm9uY2U' })],
    ['listingAlgorithms', returned({ data: multi('AES', '3DES') })],
    ['listingPaddings', returned({ data: u32(0xa) })],
    ['listingModes', returned({ data: multi('ChainingModeCBC') })],
    ['offering', key],
    way === 'session' && ['importing', returned({ function: 'CardImportSessionKey', handle: 7 })],
    way === 'agreement' && ['agreeing', returned({ function: 'CardConstructDHAgreement', handle: 4 })],
    way === 'agreement' && ['deriving', returned({ function: 'CardDeriveKey', handle: 7 })],
    way === 'agreement' && ['closingAgreement', returned({ function: 'CardDestroyDHAgreement' })],
    !hasK1 && ['sharing', returned({ function: 'CardGetSharedKeyHandle', handle: 7, data: 'b3V0' })],
    !bare && ['fetchingReceipt', returned({ function: 'CardGetKeyProperty', data: 'cmVjZWlwdA' })],
    ['reporting', sealed],
    hasK1 && !existingK1 && !keepK1 && ['deletingK1', returned({ function: 'CardDeleteContainer' })],
    ['settingMode', returned({ function: 'CardSetKeyProperty' })],
    ['settingIv', returned({ function: 'CardSetKeyProperty' })],
    secret === 'keyPair' && ['preparing', returned({ function: 'CardSetKeyProperty' })],
    ['processing', returned({ function: 'CardProcessEncryptedData', data: bare ? null : 'b3V0cHV0' })],
    ['finishing', secret === 'keyPair' ? s['server.certificate'] : s['server.completed']],
    secret === 'keyPair' && ['writingCertificate', returned({ function: 'CardWriteFile' })],
    secret === 'keyPair' && ['writingMap', returned({ function: 'CardWriteFile' })],
    ['releasing', returned({ function: 'CardDestroyKey' })],
    ['leaving', returned({ function: 'CardDeleteContext' })],
  ]
  return stops.filter((stop) => stop !== false)
}

/** Whom the server of these tests serves. */
export const enrolment: Enrolment = {
  subject: 'CN=Ada',
  template: 'user',
  cardId,
  k1: null,
  containers: [0, 1],
  pinIds: [1, 2],
  keySpecs: [1],
  overwrite: false,
}

/** How a server of these tests is set up. */
export const serverInput: ServerInput = {
  policy: hardened,
  ways: ['session', 'derived', 'agreement', 'shared'],
  algorithms: ['AES-256', 'AES-128'],
  paddings: ['oaep-sha256', 'pkcs1'],
  products: [{ product: PRODUCT, version: VERSION }],
  enrolments: [enrolment],
  injection: { what: 'keyPair', kind: 'rsa-2048', keySpec: 1, agents: [someBytes] },
  pieces: 1,
}

/** A change of a PIN. */
export const pinInjection: ServerInput['injection'] = {
  what: 'pin',
  subject: 'CN=Ada',
  function: 'Change Authenticator',
  flags: 1,
  pinId: 2,
  pin: handle('p2'),
  target: { pinId: 1, pin: handle('p3'), tries: 3 },
}

/** The setting of a run of the server. */
export const serverFor = (policy: Partial<SkiPolicy>, more: Partial<ServerInput> = {}): ServerInput => ({
  ...serverInput,
  policy: { ...hardened, ...policy },
  ...more,
})

/** A server's run under a setting, as it ends well. */
export function serverRun({ policy, injection }: ServerInput = serverInput, way: Way = 'session'): Stop[] {
  const { receipts, archive } = policy
  const keyPair = injection.what === 'keyPair'
  const shared = way === 'shared' || way === 'derived'
  const offer = { way, ...(shared && { k1Container: null, spki: null, evidence: null }) }
  const judged = { proof: shared ? 'none' : policy.k1Proof, fingerprint: shared ? null : fingerprint }
  const archiving: Stop[] = [
    ['enveloping', s['enclave.keyEnveloped']],
    ['storing', s['archive.stored']],
  ]
  const stops: (false | Stop)[] = [
    ['expectRequest', s['client.request']],
    ['beginning', s['enclave.sessionBegun']],
    ['expectOffer', change(s['client.offer'], offer)],
    ['judging', change(s['enclave.cardJudged'], judged)],
    ['keying', shared ? s['enclave.sharedKeyOffered'] : change(s['enclave.sessionKeyMade'], { blob: 's1', peer: way === 'agreement' ? 'cGVlcg' : null })],
    ['expectEstablished', receipts ? s['client.established'] : change(s['client.established'], { receipt: null })],
    receipts && ['confirmingSession', s['enclave.sessionConfirmed']],
    ['acquiring', returned({ function: 'CardAcquireContext' })],
    ['loading', returned({ function: shared ? 'CardGetSharedKeyHandle' : 'MDImportSessionKey', handle: 3 })],
    !shared && ['droppingS1', change(s['enclave.destroyed'], { key: 's1' })],
    keyPair && ['makingKey', change(s['enclave.keyPairMade'], { key: 'k2' })],
    keyPair && ['requesting', s['enclave.certificateRequested']],
    ...(keyPair && archive === 'first' ? archiving : []),
    ['composing', change(s['enclave.composed'], { blob: 'structure' })],
    ['settingMode', returned({ function: 'CardSetKeyProperty' })],
    ['drawingIv', s['enclave.ivDrawn']],
    ['settingIv', returned({ function: 'CardSetKeyProperty' })],
    ['encrypting', returned({ function: 'MDEncryptData', blobs: ['YmxvYjE', 'YmxvYjI'] })],
    ['droppingArgument', change(s['enclave.destroyed'], { key: 'structure' })],
    keyPair && archive !== 'last' && ['droppingKey', change(s['enclave.destroyed'], { key: 'k2' })],
    ['expectInstalled', receipts || !keyPair ? s['client.installed'] : change(s['client.installed'], { output: null })],
    receipts && keyPair && ['confirmingInstalled', s['enclave.installedConfirmed']],
    !keyPair && ['opening', returned({ function: 'CardProcessEncryptedData', length: 3 })],
    ...(keyPair && archive === 'last' ? archiving : []),
    keyPair && archive === 'last' && ['droppingKey', change(s['enclave.destroyed'], { key: 'k2' })],
    keyPair && ['certifying', s['archive.certified']],
    keyPair && archive !== 'none' && ['committing', s['archive.committed']],
    ['releasing', returned({ function: 'CardDestroyKey' })],
    ['leaving', returned({ function: 'CardDeleteContext' })],
  ]
  return stops.filter((stop) => stop !== false)
}
