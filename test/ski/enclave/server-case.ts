/**
 * What the refusals of a server's enclave are made of: cases, the way to them, and commands that are good unless changed.
 * @module
 */
import * as native from 'node:crypto'
import type { ServerCommand, SkiFault, SkiHandle } from '../../../src/ski/enclave/commands.js'
import type { ServerRuleName } from '../../../src/ski/enclave/server-rules.js'
import { b64, draw, importStructure, keyDataBlob, unb64 } from './card-node.js'
import { pairOf } from './server-node.js'
import { ask, K1_CONTAINER, K2_TERMS, make as makeSubject, refused, type Composed, type Run, type Subject, type Wanted } from './server-support.js'

/** One promise. `run` throws if it is broken. */
export interface Case {
  readonly title: string
  readonly run: (make: (wanted?: Wanted) => Subject) => Promise<void>
}

/** A factory of enclaves with some rules switched off. */
export const makeWithout =
  (without: readonly ServerRuleName[] = []) =>
  (wanted: Wanted = {}): Subject =>
    makeSubject({ ...wanted, without: [...(wanted.without ?? []), ...without] })

/** The published format. */
export const published: Wanted = { policy: { sealedData: 'published' } }

/** A handle of nothing. */
export const UNKNOWN = 'f'.repeat(32) as SkiHandle

/** A refusal of one command at one point of a run. */
export function at<Point>(
  title: string,
  wanted: Wanted,
  reach: (subject: Subject) => Promise<Point>,
  command: (point: Point, subject: Subject) => unknown,
  code: SkiFault['code'],
  place?: string,
): Case {
  const requirement = title.slice(0, title.indexOf(' '))
  return {
    title,
    run: async (make) => {
      const subject = make(wanted)
      const point = await reach(subject)
      await refused(subject, 'c', await command(point, subject), code, requirement, place)
    },
  }
}

/** Goes nowhere. */
export const nothing = async (): Promise<void> => {}

/** Goes to a point of a run. */
export const run =
  <Point>(to: (subject: Subject, run: Run) => Promise<Point>, how: Run = {}) =>
  (subject: Subject): Promise<Point> =>
    to(subject, how)

/** Begins a session. */
export const begun = (subject: Subject) => ask(subject, 'c', { type: 'beginSession' }, 'enclave.sessionBegun')

/** Wraps a key, as it has to be unless changed. */
export const wrapping = (card: SkiHandle, change: object = {}) => ({
  type: 'wrapSessionKey',
  card,
  container: K1_CONTAINER,
  algorithm: 'AES-256',
  padding: 'oaep-sha256',
  proof: 'none',
  ...change,
})

/** What a client says of a card. */
export const claim = (change: object = {}) => ({
  type: 'judgeCard',
  way: 'session',
  cardId: b64(draw(16)),
  nonce: null,
  spki: b64(pairOf('rsa-2048', 1).spki),
  evidence: null,
  ...change,
})

/** Puts K2 in its structure. */
export const composing = ({ k2 }: Composed, change: object = {}) => ({ type: 'composeKeyPair', key: k2, ...K2_TERMS, keySpec: 3, ...change })

/** A structure that the host handed in, sealed under the key of a run. */
export const deposited =
  (bytes: Uint8Array) =>
  ({ key }: { readonly key: SkiHandle }, { server }: Subject) => ({
    type: 'mdEncrypt',
    key,
    function: 'Import Key Pair',
    blob: server.deposit('c', bytes, { kind: 'structure' }),
    flags: 1,
    pieces: 1,
  })

/** A structure of any version. */
export const structure = (version = 7) => importStructure({ container: 7, pinId: 1, keySpec: 3, keySize: 256 }, draw(104), version)

/** A key blob that the host handed in. */
export const importing =
  (bytes: Uint8Array, change: object = {}) =>
  (_: unknown, { server }: Subject) => ({
    type: 'mdImportSessionKey',
    blob: server.deposit('c', bytes, { kind: 'keyBlob' }),
    blobType: 'KeyDataBlob',
    algorithm: 'AES',
    ...change,
  })

/** SHA-256. */
export const digest = (spki: Buffer): Buffer => native.createHash('sha256').update(spki).digest()

/** A text of bytes with one bit changed. */
export const flipped = (text: string, byte: number): string => {
  const bytes = unb64(text)
  bytes[byte < 0 ? bytes.length + byte : byte]! ^= 1
  return b64(bytes)
}

/** A key that the host handed in, with mode and IV. */
export async function depositedKey(subject: Subject): Promise<{ readonly key: SkiHandle }> {
  const { key } = await ask(subject, 'c', importing(keyDataBlob(draw(32)))(null, subject) as ServerCommand, 'enclave.mdKeyReady')
  await ask(subject, 'c', { type: 'setKeyProperty', key, mode: 'CBC', iv: b64(draw(16)) }, 'enclave.propertySet')
  return { key }
}
