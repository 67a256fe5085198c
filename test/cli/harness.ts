/**
 * Runs the command in this process, with streams that remember what was written, in a folder that goes away at the end.
 * @module
 */
import { randomBytes, type KeyObject } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Group } from '../../tools/cli/args.js'
import type { Io } from '../../tools/cli/io.js'
import { run } from '../../tools/cli/keyferry.js'
import { nativeKeyPair } from '../support/native.js'

/** What a run left behind. */
export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
  /** What was written as JSON; `undefined` if it is none. */
  readonly json: any
}

/** How the world around a run is. */
export interface World {
  readonly terminal?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** What a person types when asked; nobody is there unless given. */
  readonly types?: string
  readonly root?: Group
}

/** Runs a command line. */
export async function keyferry(words: readonly string[], { terminal = false, env = {}, types, root }: World = {}): Promise<Ran> {
  const written = { out: '', err: '' }
  const sink = (name: 'out' | 'err') => ({ write: (text: string) => void (written[name] += text), isTerminal: terminal })
  const ask = async (question: string) => {
    written.err += question
    return types ?? null
  }
  const io: Io = { out: sink('out'), err: sink('err'), env, ask }
  const exit = await (root ? run(words, io, root) : run(words, io))
  return { exit, ...written, json: written.out.startsWith('{') ? JSON.parse(written.out) : undefined }
}

/** A folder of this process. */
export const folder = mkdtempSync(join(tmpdir(), 'keyferry-cli-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** The path of a file in the folder. */
export const at = (name: string): string => join(folder, name)

/** Writes a file into the folder, and returns its path. */
export function given(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content)
  return at(name)
}

/** A path in the folder that nothing has. */
export const fresh = (ending: string): string => at(`${randomBytes(6).toString('hex')}.${ending}`)

/** What is in the folder, hidden files included. */
export const listing = (): string[] => readdirSync(folder).sort()

/** The text of a file. */
export const textOf = (path: string): string => readFileSync(path, 'utf8')

/** The key identifier of a KEK in a vault, and of one in a Managed HSM. */
export const KID = 'https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef'
export const HSM_KID = KID.replace('vault', 'managedhsm')

/** A KEK with both halves in files. */
export interface TestKek {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly publicPem: string
  readonly privatePem: string
}

/** Makes a KEK with node:crypto. */
export function makeKek(bits: number): TestKek {
  const { publicKey, privateKey } = nativeKeyPair({ type: 'rsa', modulusLength: bits })
  return {
    publicKey,
    privateKey,
    publicPem: given(`kek-${bits}.pem`, publicKey.export({ type: 'spki', format: 'pem' })),
    privatePem: given(`kek-${bits}-private.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' })),
  }
}

/** An RSA key whose p is no prime, though every other check of the key passes: PKCS#8 in DER, from the vectors. */
export function compositeKey(): Buffer {
  const text = readFileSync(join(import.meta.dirname, '../../vectors/byok/target-plaintext.json'), 'utf8')
  const { tests } = JSON.parse(text) as { tests: readonly { id: string; plaintext: string }[] }
  return Buffer.from(tests.find(({ id }) => id === 'rsa_prime_composite')!.plaintext, 'hex')
}

/** The version that `package.json` states. */
export const packageVersion = (JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }).version
