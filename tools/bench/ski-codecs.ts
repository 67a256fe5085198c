/**
 * The byte formats of SKI, one by one: how often in a second each is written and read.
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { ImportKeypair } from '../../src/ski/structures/index.js'
import type { Expected, SessionKey, Terms } from '../../src/ski/sealed/index.js'
import { isPromise } from '../../src/enclave/steps.js'
import type { Maybe, Verdict } from '../../src/verdict.js'
import { race } from './clock.js'
import { digits, type Findings, type Section, type Setting } from './section.js'
import type { Subject } from './subject.js'

/** See the module text. */
export const codecs: Section = { name: 'codecs', run }

/** One format: bytes, how they are written, and how they are read. */
interface Codec {
  readonly name: string
  readonly bytes: number
  readonly write: () => Maybe<unknown>
  readonly read: () => Maybe<unknown>
}

async function run({ subject, quick, progress }: Setting): Promise<Findings> {
  const rows: string[][] = []
  for (const { name, bytes, write, read } of await codecsOf(subject)) {
    const onRound = (round: number) => progress(`${name}, round ${round + 1}`)
    const contenders = [
      { name: 'write', run: write },
      { name: 'read', run: read },
    ]
    const timings = await race(contenders, { rounds: quick ? 9 : 41, warmUp: quick ? 40 : 150, onRound })
    rows.push([name, String(bytes), ...timings.map(({ median }) => rate(1000 / median))])
  }
  return {
    tables: [
      {
        title: 'Structures of SKI',
        note: 'Writes and reads in a second, by our own codecs on one processor. KFSD is sealed and opened on platform crypto: two subkeys, a MAC, and AES-256-CBC. An APDU chain is cut into commands of 255 bytes, and put together again and read.',
        head: ['structure', 'bytes', 'writes per second', 'reads per second'],
        rows,
      },
    ],
    goals: [],
  }
}

async function codecsOf({ ski, nodeCrypto, runSteps }: Subject): Promise<readonly Codec[]> {
  const crypto = nodeCrypto()
  const bytes = (length: number) => new Uint8Array(randomBytes(length))
  const value = <T>(verdict: Verdict<T>): T => {
    if (!verdict.ok) throw new Error(`an own structure is refused: ${verdict.fault.code}`)
    return verdict.value
  }
  const key = bytes(32)
  const keyData = ski.encodeKeyDataBlob(key)
  const rsa = { use: 'exchange', key: await crypto.generateRsa(2048) } as const
  const capi = ski.encodePrivateKeyBlob(rsa)
  const keypair: ImportKeypair = { containerIndex: 1, pinId: 1, keySpec: ski.KEY_SPEC.AT_KEYEXCHANGE, keySize: 2048, keyData: capi }
  const structure = ski.encodeImportKeypair(keypair)

  const terms: Terms = { function: 'Import Key Pair', container: 1, overwrite: false, flags: 1, pinId: 1, keySpec: 1, keySize: 2048 }
  const context = { session: bytes(16), serverNonce: bytes(16), cardNonce: bytes(16), cardId: bytes(16) }
  const session: SessionKey = { algorithm: 'AES-256', key, context }
  const iv = bytes(16)
  const expected: Expected = { direction: 'toCard', function: terms.function, container: terms.container, flags: terms.flags, iv }
  const seal = () => runSteps(ski.sealBound(crypto, session, 'toCard', terms, iv, structure))
  const blobs = await seal()
  const open = () => {
    const opened = runSteps(ski.openBound(crypto, session, expected, blobs))
    return isPromise(opened) ? opened.then(value) : value(opened)
  }

  const sealed = { type: 'apdu.processSealed', channel: 0, key: 'a'.repeat(32), function: 'Import Key Pair', container: 1, flags: 1 }
  const command = { ...sealed, blobs: blobs.map((blob) => Buffer.from(blob).toString('base64url')) } as unknown as Parameters<typeof ski.encodeCommand>[0]
  const apdus = ski.encodeCommand(command)
  const receive = () => {
    let state = ski.IDLE
    for (const apdu of apdus) {
      const received = ski.receive(state, apdu)
      if (received.command) return value(ski.decodeCommand(received.command))
      state = received.state
    }
    throw new Error('an own chain has no end')
  }
  return [
    {
      name: '`BCRYPT_KEY_DATA_BLOB`, AES-256',
      bytes: keyData.length,
      write: () => ski.encodeKeyDataBlob(key),
      read: () => value(ski.decodeKeyDataBlob(keyData)),
    },
    { name: '`PRIVATEKEYBLOB`, RSA-2048', bytes: capi.length, write: () => ski.encodePrivateKeyBlob(rsa), read: () => value(ski.decodePrivateKeyBlob(capi)) },
    {
      name: '`CARD_IMPORT_KEYPAIR`, RSA-2048',
      bytes: structure.length,
      write: () => ski.encodeImportKeypair(keypair),
      read: () => value(ski.decodeImportKeypair(structure)),
    },
    { name: 'KFSD around it', bytes: lengthOf(blobs), write: seal, read: open },
    { name: `APDU chain of ${apdus.length} around that`, bytes: lengthOf(apdus), write: () => ski.encodeCommand(command), read: receive },
  ]
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0)

/** A rate in words: three digits, thousands with a k. */
const rate = (perSecond: number): string => (perSecond >= 1000 ? `${digits(perSecond / 1000)} k` : digits(perSecond))
