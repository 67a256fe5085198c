/**
 * Complete conversations: the same bytes again, replayed role by role, and opened with the platform's crypto alone.
 */
import { constants, createDecipheriv, createHash, createPrivateKey, createPublicKey, privateDecrypt, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clientMachine } from '../../machines/byok/client.js'
import { officerMachine } from '../../machines/byok/officer.js'
import { sourceHsmMachine } from '../../machines/byok/source-hsm.js'
import { toolMachine } from '../../machines/byok/tool.js'
import { PROFILES } from '../../src/byok/policy.js'
import { begin, step } from '../../machines/step.js'
import { conversationFile, conversationFileName, type ConversationFile, type ConversationVector } from '../../tools/vectors/conversations.js'

const test = suite('byok conversations')
const text = (profile: 'hardened' | 'published') =>
  readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'byok', conversationFileName(profile)), 'utf8')
const bytes = (base64url: string) => Buffer.from(base64url, 'base64url')

interface Row {
  readonly type: string
  readonly [member: string]: any
}
const said = ({ messages }: ConversationVector, type: string) => messages.filter(({ message }) => message.type === type).map(({ message }) => message as Row)

/** The JWK of a private key, out of the secrets of the run: the one whose public modulus or point it is. */
function privateJwk(file: ConversationFile, enclave: string, part: Readonly<Record<string, string>>): Record<string, string> {
  // The witness tells the parts of one key in a row; the right row is the one that node finds consistent.
  const told = file.testSecrets.filter((secret) => secret.enclave === enclave)
  for (let at = 0; at < told.length; at++) {
    const named = Object.fromEntries(told.slice(at, at + 8).map(({ name, hex }) => [name.split(' ').at(-1), Buffer.from(hex, 'hex').toString('base64url')]))
    try {
      const { d = '', p = '', q = '', dp = '', dq = '', qi = '' } = named
      const jwk = part['kty'] === 'RSA' ? { ...part, d, p, q, dp, dq, qi } : { ...part, d }
      const exported = createPublicKey(createPrivateKey({ key: jwk as never, format: 'jwk' })).export({ format: 'jwk' }) as Record<string, string>
      if (exported['n'] !== part['n'] || exported['x'] !== part['x']) continue
      if (part['kty'] === 'RSA' && privateDecryptWorks(jwk)) return jwk
    } catch {
      continue
    }
  }
  throw new Error('no such key among the secrets')
}

function privateDecryptWorks(jwk: object): boolean {
  const key = createPrivateKey({ key: jwk as never, format: 'jwk' })
  const probe = Buffer.alloc((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8, 1)
  const raised = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, probe)
  return raised.length === probe.length
}

for (const profile of ['hardened', 'published'] as const) {
  const file = JSON.parse(text(profile)) as ConversationFile

  test(`${profile}: carries the number of conversations it announces`, () => {
    assert.is(file.tests.length, file.numberOfTests)
    assert.ok(file.tests.length >= 5)
  })

  test(`${profile}: a run with the same seed says the same, byte for byte`, async () => {
    assert.is(`${JSON.stringify(await conversationFile(profile), null, 2)}\n`, text(profile))
  })

  for (const vector of file.tests) {
    test(`${vector.requirement} ${vector.id} (${profile}): each role, hearing what it heard, says what it said`, () => {
      const scripts = {
        tool: begin(toolMachine, { generator: 'keyferry vectors; software enclave' }),
        sourceHsm: begin(sourceHsmMachine, { kekProof: PROFILES[profile].kekProof }),
        ...openings(vector, profile, file.vault),
      }
      for (const [role, opening] of Object.entries(scripts)) {
        const machine = MACHINES[role as keyof typeof MACHINES] as never
        let state = opening as ReturnType<typeof step>
        const spoken = [...state.said]
        for (const { to, message } of vector.messages)
          if (to === role) {
            state = step(machine, state.snapshot as never, message as never)
            spoken.push(...state.said)
          }
        const wrote = vector.messages.filter(({ from, message }) => from === role && !TAMPERED[vector.id]?.includes(message.type))
        assert.ok(wrote.length > 0, role)
        // What is said to an enclave is done at once, what is said on a wire arrives when its turn comes: order is kept port by port.
        for (const port of ['wire', 'console', 'enclave']) {
          const heard = wrote.filter((line) => line.port === port).map((line) => JSON.stringify(asSaid(line)))
          const uttered = spoken
            .filter((line) => line.port === port && !TAMPERED[vector.id]?.includes(line.message.type))
            .map(({ message }) => JSON.stringify(message))
          assert.equal(uttered, heard, `${role} ${port}`)
        }
      }
    })

    test(`${vector.requirement} ${vector.id} (${profile}): node opens the blob and finds the key that the officer noted`, () => {
      for (const wrapped of said(vector, 'sourceHsm.wrapped')) {
        const kek = said(vector, 'tool.wrap')[0]!
        if (vector.id.endsWith('kek_substituted')) continue
        const key = createPrivateKey({
          key: privateJwk(file, 'vault HSM', { kty: 'RSA', n: kek['n'] as string, e: kek['e'] as string }) as never,
          format: 'jwk',
        })
        const blob = bytes(wrapped['ciphertext'] as string)
        const ephemeral = privateDecrypt({ key, oaepHash: 'sha1' }, blob.subarray(0, 256))
        const opener = createDecipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('A65959A6', 'hex'))
        const plaintext = Buffer.concat([opener.update(blob.subarray(256)), opener.final()])
        const part = wrapped['key'] as Record<string, string>
        if (part['kty'] === 'oct') assert.is(plaintext.length, 32)
        else {
          const found = createPublicKey(createPrivateKey({ key: plaintext, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' }) as Record<string, string>
          assert.is(found['n'] ?? found['x'], part['n'] ?? part['x'])
        }
      }
    })
  }

  test(`BYOK-134 BYOK-171 (${profile}): node verifies the evidence, and it names the KEK that was shown`, () => {
    const first = file.tests[0]!
    const made = said(first, 'enclave.kekMade')[0]!
    const [statement, signature] = (made['evidence'] as string).split('.').map(bytes) as [Buffer, Buffer]
    const d = file.testSecrets.find(({ name }) => name.startsWith('signing key'))!
    const anchor = anchorOf(Buffer.from(d.hex, 'hex'))
    const signed = Buffer.concat([Buffer.from('keyferry key evidence v1\0'), statement])
    assert.ok(verify('sha256', signed, { key: anchor, dsaEncoding: 'ieee-p1363' }, signature))
    assert.not(verify('sha256', statement, { key: anchor, dsaEncoding: 'ieee-p1363' }, signature))
    assert.match(statement.toString(), made['n'] as string)
    assert.match(statement.toString(), file.vault)
  })

  test(`BYOK-45 (${profile}): the fingerprint at the console is SHA-256 of the KEK's SPKI, by node's account`, () => {
    const offered = said(file.tests[0]!, 'sourceHsm.kekOffered')[0]!
    const { n, e } = said(file.tests[0]!, 'tool.wrap')[0]!
    const spki = createPublicKey({ key: { kty: 'RSA', n: n as string, e: e as string }, format: 'jwk' }).export({ type: 'spki', format: 'der' })
    assert.is(offered['fingerprint'], createHash('sha256').update(spki).digest('hex'))
  })
}

const MACHINES = { tool: toolMachine, sourceHsm: sourceHsmMachine, client: clientMachine, officer: officerMachine }

/** Client and officer start with what the customer wants, which their first words show. */
function openings(vector: ConversationVector, profile: 'hardened' | 'published', vault: string) {
  const first = vector.messages[0]!.message as Row
  const imported = said(vector, 'client.importKey')[0]
  const target = said(vector, 'tool.wrap')[0]!['target'] as string
  const kind = target.split('-')[0] as 'rsa' | 'ec' | 'oct'
  const operations = { rsa: ['decrypt', 'encrypt', 'sign', 'verify'], ec: ['sign', 'verify'], oct: ['decrypt', 'encrypt'] }[kind] as never
  const policy = PROFILES[profile]
  const kek = first.type === 'client.createKek' ? { name: 'kek', bits: 2048, expires: null } : { vault, name: 'kek', version: first['version'] as string }
  const name = (imported?.['name'] as string | undefined) ?? `imported-${target}`
  return {
    client: begin(clientMachine, {
      kek,
      disposeKek: false,
      target,
      name,
      kty: ({ rsa: 'RSA', ec: 'EC', oct: 'oct' } as const)[kind],
      crv: kind === 'ec' ? (target.slice(3) as 'P-256') : null,
      operations,
      enabled: !policy.importDisabled,
      expectOfficer: policy.compareImported,
    }),
    officer: begin(officerMachine, { kekProof: policy.kekProof, compareImported: policy.compareImported, vault, fingerprint: null, target, name, operations }),
  }
}

/** What the network changed on the way, so that the file has it as it arrived and not as it was said. */
const TAMPERED: Readonly<Record<string, readonly string[]>> = {
  conversation_kek_substituted: ['tool.wrap'],
  conversation_operations_widened: ['client.importKey'],
}

/** A message as the role said it: the vault's codec has read the file that the client sent. */
function asSaid({ message, carried }: ConversationVector['messages'][number]): unknown {
  if (message.type !== 'client.importKey') return message
  const { transfer: _, ...rest } = message as Row
  const { body } = carried as { body: string }
  return { ...rest, file: (JSON.parse(body) as { key: { key_hsm: string } }).key.key_hsm }
}

function anchorOf(d: Buffer) {
  // The public point out of the scalar, by node: an ECDH key with this private part.
  const prefix = Buffer.from('308141020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex')
  return createPublicKey(createPrivateKey({ key: Buffer.concat([prefix, d]), format: 'der', type: 'pkcs8' }))
}

test.run()
