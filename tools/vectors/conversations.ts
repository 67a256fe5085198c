/**
 * Complete conversations as vectors: every message of seeded transfers, for both profiles, honest and tampered with.
 *
 * Unlike the other vectors these come from the machines themselves, because a conversation is what the machines are. What
 * makes them evidence is beside them: the secrets of the run (test keys), with which anybody can open each blob and check
 * each signature by other means, as `test/vectors/conversations.test.ts` does with the platform's crypto.
 *
 *   npm run vectors:conversations
 * @module
 */
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Ceremony, type TransferReport, type TransferRequest } from '../../machines/byok/ceremony.js'
import type { Message } from '../../machines/ports.js'
import type { Envelope, Line } from '../../machines/session.js'
import { toHex } from '../../src/bytes/hex.js'
import { PROFILES, type ProfileName } from '../../src/byok/policy.js'
import { pure } from '../../src/crypto/pure.js'
import type { KeyKind } from '../../src/enclave/commands.js'
import { softwareEnclave } from '../../src/enclave/software.js'
import { seeded } from './seeded.js'

/** One conversation as it stands in the file. */
export interface ConversationVector {
  readonly id: string
  readonly requirement: string
  readonly comment: string
  readonly result: 'valid' | 'invalid'
  /** How the client and the officer ended: `ok`, or the code of the fault. */
  readonly expect: { readonly client: string; readonly officer: string }
  readonly messages: readonly Omit<Line, 'readers'>[]
}

/** One file. */
export interface ConversationFile {
  readonly schema: string
  readonly spec: string
  readonly title: string
  readonly notes: readonly string[]
  readonly profile: ProfileName
  readonly vault: string
  readonly numberOfTests: number
  /** Test keys, hex: what the enclaves held. No secret to anybody. */
  readonly testSecrets: readonly { readonly enclave: string; readonly name: string; readonly hex: string }[]
  readonly tests: readonly ConversationVector[]
}

interface Scene {
  readonly id: string
  readonly requirement: string
  readonly comment: string
  readonly kind: KeyKind
  readonly tamper?: (envelope: Envelope) => Message
}

const VAULT = 'https://keyferry-vectors.managedhsm.azure.net'

const change = (message: Message, members: object): Message => ({ ...message, ...members })

const SCENES: readonly Scene[] = [
  { id: 'conversation_ec_p256', requirement: 'BYOK-7', comment: 'an honest transfer that makes its KEK', kind: 'ec-P-256' },
  { id: 'conversation_oct_256', requirement: 'BYOK-67', comment: 'a second transfer under the same KEK', kind: 'oct-256' },
  { id: 'conversation_rsa_2048', requirement: 'BYOK-65', comment: 'an RSA key under the same KEK', kind: 'rsa-2048' },
  {
    id: 'conversation_kek_substituted',
    requirement: 'BYOK-8',
    comment: 'the workstation shows the source HSM another public key (A3)',
    kind: 'ec-P-384',
    tamper: ({ message }) => {
      if (message.type !== 'tool.wrap') return message
      const n = Buffer.from((message as unknown as { n: string }).n, 'base64url')
      // Another odd modulus of the same size; nobody knows its factors, which does not matter here.
      n[100]! ^= 1
      return change(message, { n: n.toString('base64url') })
    },
  },
  {
    id: 'conversation_operations_widened',
    requirement: 'BYOK-147',
    comment: 'the workstation asks the vault for more operations than the officer noted (A4)',
    kind: 'rsa-3072',
    tamper: ({ message }) =>
      message.type === 'client.importKey' ? change(message, { operations: ['decrypt', 'encrypt', 'sign', 'unwrapKey', 'verify', 'wrapKey'] }) : message,
  },
]

const OPERATIONS = { rsa: ['decrypt', 'encrypt', 'sign', 'verify'], ec: ['sign', 'verify'], oct: ['decrypt', 'encrypt'] } as const

/** Makes one file. The same bytes each time. */
export async function conversationFile(profile: ProfileName): Promise<ConversationFile> {
  const policy = PROFILES[profile]
  const secrets: { enclave: string; name: string; hex: string }[] = []
  const crypto = pure(seeded(`keyferry vectors ${profile}`))
  const signingKey = crypto.generateEc('P-256')
  const witness = ({ enclave, name, bytes }: { enclave: string; name: string; bytes: Uint8Array }) => void secrets.push({ enclave, name, hex: toHex(bytes) })
  const { type, curve, x, y } = signingKey
  const source = softwareEnclave({ crypto, policy, name: 'source HSM', anchors: [{ type, curve, x, y }], witness })
  const vault = softwareEnclave({ crypto, policy, name: 'vault HSM', identity: { vault: VAULT, signingKey }, witness })
  let tamper: Scene['tamper']
  const ceremony = new Ceremony({
    policy,
    vault: VAULT,
    takesOct: true,
    now: 0,
    sourceEnclave: source,
    vaultEnclave: vault,
    network: (envelope) => [tamper ? { ...envelope, message: tamper(envelope) } : envelope],
  })
  const tests: ConversationVector[] = []
  let kek: TransferRequest['kek'] = { name: 'kek', bits: 2048, expires: null }
  for (const scene of SCENES) {
    const operations = OPERATIONS[scene.kind.split('-')[0] as keyof typeof OPERATIONS]
    const made = await source.perform('set-up', { type: 'generateKey', label: scene.kind, kind: scene.kind, operations, extractable: true })
    if (made?.type !== 'enclave.keyMade') throw new Error(`${scene.kind}: no target`)
    await source.perform('set-up', { type: 'keep', key: made.key })
    const from = ceremony.session.lines.length
    tamper = scene.tamper
    const report = await ceremony.transfer({
      kek,
      disposeKek: false,
      target: scene.kind,
      name: `imported-${scene.kind}`,
      kty: scene.kind.startsWith('rsa') ? 'RSA' : scene.kind.startsWith('ec') ? 'EC' : 'oct',
      crv: scene.kind.startsWith('ec') ? (scene.kind.slice(3) as 'P-256') : null,
      operations,
      generator: 'keyferry vectors; software enclave',
    })
    if (report.client?.ok === true) kek = report.client.kek
    tests.push(vectorOf(scene, report, ceremony.session.lines.slice(from)))
  }
  ceremony.session.stop()
  source.dispose()
  vault.dispose()
  return {
    schema: 'conversation.schema.json',
    spec: 'spec/byok.md',
    title: `Complete BYOK conversations, profile ${profile}`,
    notes: [
      'Every message of transfers through six roles, in order. port: wire (everybody can read it), console (officer and source HSM), enclave (a role and its HSM).',
      'carried: the REST call or answer that a message travelled as. Bytes are base64url without padding.',
      'testSecrets: what the enclaves held, so that blobs can be opened and signatures checked by other means. Test keys.',
    ],
    profile,
    vault: VAULT,
    numberOfTests: tests.length,
    testSecrets: secrets,
    tests,
  }
}

function vectorOf({ id, requirement, comment }: Scene, { client, officer }: TransferReport, lines: readonly Line[]): ConversationVector {
  const endOf = (outcome: { readonly ok: boolean; readonly fault?: { readonly code: string } } | null) =>
    outcome === null ? 'did not end' : (outcome.fault?.code ?? 'ok')
  const expect = { client: endOf(client), officer: endOf(officer) }
  const messages = lines.map(({ from, to, port, message, carried }, index) => ({
    number: index + 1,
    from,
    to,
    port,
    message,
    ...(carried === undefined ? {} : { carried }),
  }))
  return { id, requirement, comment, result: expect.client === 'ok' && expect.officer === 'ok' ? 'valid' : 'invalid', expect, messages }
}

/** The file's name in `vectors/byok`. */
export const conversationFileName = (profile: ProfileName): string => `conversation-${profile}.json`

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const profile of ['hardened', 'published'] as const) {
    const path = join(resolve(import.meta.dirname, '..', '..'), 'vectors', 'byok', conversationFileName(profile))
    writeFileSync(path, `${JSON.stringify(await conversationFile(profile), null, 2)}\n`)
  }
