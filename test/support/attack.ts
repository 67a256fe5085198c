/**
 * A world with one attacker in it, who can say anything on any wire and reads all of it, and has a genuine vault and a
 * key pair of his own. For attacks that are told step by step.
 * @module
 */
import { constants, createDecipheriv, createPrivateKey, createPublicKey, privateDecrypt } from 'node:crypto'
import { fromBase64url, toBase64url } from '../../src/bytes/base64.js'
import { utf8 } from '../../src/bytes/bytes.js'
import type { ByokPolicy } from '../../src/byok/policy.js'
import { writeTransferFile } from '../../src/byok/transfer-file.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import { encodePkcs8 } from '../../src/crypto/pkcs8.js'
import type { EnclaveAnswer, KeyKind, Kid } from '../../src/enclave/commands.js'
import { softwareEnclave, type SoftwareEnclave } from '../../src/enclave/software.js'
import type { KeyVersion } from '../../machines/index.js'
import type { Message } from '../../machines/ports.js'
import type { Envelope } from '../../machines/session.js'
import { EVIL_VAULT, type Stock } from './storm.js'
import { world, type World } from './world.js'

/** Words with their members, for a test that looks inside. */
export type Words = Message & Readonly<Record<string, unknown>>

/** See the module text. */
export interface Scene extends World {
  /** What arrives instead of a message on a wire; set by the attack. */
  tamper: (envelope: Envelope) => readonly Envelope[]
  /** Everything that was said on wires so far. */
  readonly heard: readonly Envelope[]
  /** The newest message of a type that was said on a wire. */
  last(type: string): Words
  /** Says something on a wire and lets everybody react. Gives back what the vault answered, if it was asked. */
  say(to: string, message: Words): Promise<Words | undefined>
  /** The records of the vault. */
  records(): Readonly<Record<string, readonly (KeyVersion & { readonly version: string })[]>>
  /** The attacker's own vault. */
  readonly evil: SoftwareEnclave
  /** A KEK of the attacker's own vault, with its genuine evidence. */
  evilKek(): Promise<{ readonly handle: string; readonly kid: Kid; readonly n: string; readonly e: string; readonly evidence: string }>
}

/** Sets a scene with a target of a kind, called `target`. */
export async function scene({ crypto }: Stock, policy: ByokPolicy, kind: KeyKind, serialised = true): Promise<Scene> {
  const evilKey = await crypto.generateEc('P-256')
  const evil = softwareEnclave({ crypto, policy, identity: { vault: EVIL_VAULT, signingKey: evilKey }, name: 'other vault HSM' })
  const heard: Envelope[] = []
  const built = await world({
    crypto,
    policy,
    serialised,
    alsoBelieved: [evilKey],
    network: (envelope) => {
      heard.push(envelope)
      return made.tamper(envelope)
    },
  })
  await built.makeTarget('target', kind)
  const { session } = built.ceremony
  const made: Scene = {
    ...built,
    tamper: (envelope) => [envelope],
    heard,
    last: (type) => heard.findLast(({ message }) => message.type === type)?.message as Words,
    say: async (to, message) => {
      const before = heard.length
      session.inject({ from: 'attacker', to, port: 'wire', message })
      await session.run()
      return heard.slice(before).find(({ message }) => /^vault\.(key|deleted|error)$/.test(message.type))?.message as Words | undefined
    },
    records: () => (session.actor('vault').getSnapshot() as { context: { keys: ReturnType<Scene['records']> } }).context.keys,
    evil,
    evilKek: async () => {
      const answer = (await evil.perform('evil', { type: 'makeKek', name: 'kek', bits: 2048 })) as Extract<EnclaveAnswer, { type: 'enclave.kekMade' }>
      const { key: handle, version, n, e, evidence } = answer
      return { handle, kid: { vault: EVIL_VAULT, name: 'kek', version }, n, e, evidence }
    },
  }
  return made
}

/** A transfer file for a KEK, as whoever has the blob writes it. */
export function fileFor(kid: Kid, blob: Uint8Array): string {
  const file = writeTransferFile({ kek: kid, ciphertext: toBase64url(blob), generator: 'attacker' })
  if (!file.ok) throw new Error(file.fault.code)
  return toBase64url(file.value)
}

/** A transfer file with one member replaced. */
export function changedFile(file: string, change: (parsed: { header: { kid: string }; ciphertext: string }) => void): string {
  const bytes = fromBase64url(file)
  if (!bytes.ok) throw new Error('no file')
  const parsed = JSON.parse(Buffer.from(bytes.value).toString('utf8')) as { header: { kid: string }; ciphertext: string }
  change(parsed)
  return toBase64url(utf8(JSON.stringify(parsed)))
}

/** Opens a blob with a key pair and OpenSSL alone: the public half of what is in it. */
export function stolenFrom(ciphertext: string, own: RsaPrivateKey): Readonly<Record<string, unknown>> {
  const blob = Buffer.from(ciphertext, 'base64url')
  const key = createPrivateKey({ key: Buffer.from(encodePkcs8(own)), format: 'der', type: 'pkcs8' })
  const ephemeral = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, blob.subarray(0, own.n.length))
  const decipher = createDecipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex'))
  const payload = Buffer.concat([decipher.update(blob.subarray(own.n.length)), decipher.final()])
  return { ...createPublicKey(createPrivateKey({ key: payload, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' }) }
}
