/**
 * What reaches an enclave is data from outside: this file makes a command of a server's or a CA's enclave of it that has
 * the declared shape, shares nothing with what the caller holds, and has no members but its own. Anything else is
 * `command_invalid`, with the member that is wrong.
 *
 * Shape only. Whether a command may be done is said by the rules; whether its bytes are any good, by the work on them.
 *
 * Spec: spec/ski.md, SKI-222, SKI-244.
 * @module
 */
import { flag, list, nullable, record, text, word, type Reader } from '../../bytes/shape.js'
import { MAX_PINS } from '../constants/index.js'
import { accept, refuse, type Verdict } from '../../verdict.js'
import type { AuthorityCommand, ServerCommand, SkiFault } from './commands.js'
import { isId } from './server-terms.js'
import { algorithmShape, containerShape, functionShape, handleShape, kindShape, modeShape, paddingShape, u32Shape, within } from './shapes.js'

/** Reads a command of a server's enclave. Never throws, whatever it is given: hostile getters and proxies included. */
export const readServerCommand = (value: unknown): Verdict<ServerCommand, SkiFault> => readMembers<ServerCommand>(SERVER, value)

/** Reads a command of a CA's enclave. Never throws either. */
export const readAuthorityCommand = (value: unknown): Verdict<AuthorityCommand, SkiFault> => readMembers<AuthorityCommand>(AUTHORITY, value)

/** How many characters of base64url the largest thing has that a command carries; a certificate has far less. */
export const SKI_BYTES_LIMIT = 65536

/** How many digits and letters a PIN may have that is made here. */
export const PIN_LENGTHS = { least: 4, most: 127 } as const

/** One reader for each member of each command. */
type Shapes<Command extends { readonly type: string }> = {
  readonly [T in Command['type']]: { readonly [M in Exclude<keyof Extract<Command, { type: T }>, 'type'>]: Reader<Extract<Command, { type: T }>[M]> }
}

const id: Reader<string> = (value) => (typeof value === 'string' && value.length <= 22 && isId(value) ? value : undefined)

const handle = handleShape
const container = containerShape
const algorithm = algorithmShape
const bytes = text(SKI_BYTES_LIMIT)
const name = text(256)
const pinId = within(0, MAX_PINS - 1)
const proof = word('signature', 'sharedKey', 'none')

const SERVER: Shapes<ServerCommand> = {
  beginSession: {},
  judgeCard: { way: word('shared', 'session', 'derived', 'agreement'), cardId: id, nonce: nullable(id), spki: nullable(bytes), evidence: nullable(bytes) },
  wrapSessionKey: { card: handle, container, algorithm, padding: paddingShape, proof },
  agreeSessionKey: { card: handle, container, algorithm, proof },
  offerSharedKey: { card: handle, way: word('shared', 'derived'), algorithm, proof },
  confirmSession: { card: handle, blob: nullable(handle), nonce: nullable(id), receipt: bytes },
  mdImportSessionKey: { blob: handle, blobType: name, algorithm: name },
  mdSharedKey: { input: nullable(id) },
  setKeyProperty: { key: handle, mode: nullable(modeShape), iv: nullable(text(128)) },
  drawIv: { algorithm },
  makeKeyPair: { kind: kindShape },
  makePin: { length: within(PIN_LENGTHS.least, PIN_LENGTHS.most) },
  composeKeyPair: { key: handle, container, pinId, keySpec: u32Shape, overwrite: flag },
  composePin: {
    function: word('Authenticate', 'Change Authenticator'),
    flags: u32Shape,
    pinId,
    pin: handle,
    target: nullable(record({ pinId, pin: handle, tries: u32Shape })),
  },
  mdEncrypt: { key: handle, function: functionShape, blob: handle, flags: u32Shape, pieces: within(1, 0xffff) },
  mdOpenResponse: { key: handle, function: functionShape, blobs: list(bytes, 256) },
  confirmInstalled: { container, fingerprint: name, receipt: bytes },
  requestCertificate: { key: handle, subject: text(1024) },
  envelopeKey: { key: handle, agents: list(bytes, 16) },
  destroyKey: { key: handle },
  close: {},
}

const AUTHORITY: Shapes<AuthorityCommand> = { issueCertificate: { request: bytes }, close: {} }

function readMembers<Command extends { readonly type: string }>(shapes: Shapes<Command>, value: unknown): Verdict<Command, SkiFault> {
  let at = 'command'
  try {
    if (typeof value !== 'object' || value === null) return refuse({ code: 'command_invalid', at })
    const given = value as Readonly<Record<string, unknown>>
    at = 'type'
    const asked = given['type']
    const type = (Object.keys(shapes) as Command['type'][]).find((known) => known === asked)
    if (type === undefined) return refuse({ code: 'command_invalid', at })
    const command: Record<string, unknown> = { type }
    for (const [member, reader] of Object.entries<Reader<unknown>>(shapes[type])) {
      at = member
      const read = reader(given[member])
      if (read === undefined) return refuse({ code: 'command_invalid', at })
      command[member] = read
    }
    return accept(command as unknown as Command)
  } catch {
    return refuse({ code: 'command_invalid', at })
  }
}
