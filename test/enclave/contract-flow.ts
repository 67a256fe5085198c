/**
 * The contract, part one: what works. Blobs and evidence are made and opened by `node:crypto`, so both ends are judged by
 * somebody else.
 * @module
 */
import * as assert from 'uvu/assert'
import * as native from 'node:crypto'
import type { KeyKind } from '../../src/enclave/commands.js'
import { KEY_KINDS, KINDS, TARGET_OPERATIONS } from '../../src/enclave/kinds.js'
import type { Case, Subject } from './contract-case.js'
import { findSecret } from './secret-search.js'
import { VAULT, VERSION, ask, kekStatement, nativeEvidence, nativeKey, nativeUnwrap, nativeVerify, nativeWrap, partOf, say } from './support.js'

/** A target that may be wrapped. */
export const TARGET = { type: 'generateKey', label: 'payments', kind: 'ec-P-256', operations: ['sign', 'verify'], extractable: true } as const

/** A KEK of node's, as a source is told of it. */
export function offered(number = 0, kind: 'rsa-2048' | 'rsa-3072' | 'rsa-4096' = 'rsa-2048') {
  const { part } = nativeKey(kind, number)
  if (part.kty !== 'RSA') throw new TypeError('an RSA key is wanted')
  return { type: 'holdKek', kid: { vault: VAULT, name: 'kek', version: VERSION }, n: part.n, e: part.e, evidence: null } as const
}

/** A source with a target and a trusted KEK, all in conversation `c`. */
export async function readyToWrap(source: Subject, target: Parameters<Subject['enclave']['perform']>[1] = TARGET) {
  const key = await ask(source.enclave, 'c', target, 'enclave.keyMade')
  const held = await ask(source.enclave, 'c', offered(), 'enclave.kekHeld')
  await ask(source.enclave, 'c', { type: 'trustKek', kek: held.kek, by: 'officer' }, 'enclave.kekTrusted')
  return { key, kek: held.kek }
}

/** What an import needs, with one of node's keys in the blob. */
export function importOf(kek: { readonly key: never; readonly n: string; readonly e: string }, kind: KeyKind = 'ec-P-256', number = 0) {
  const { kty, curve } = KINDS[kind]
  return {
    type: 'importTransfer',
    kek: kek.key,
    ciphertext: nativeWrap(kek, nativeKey(kind, number).payload),
    name: 'payments',
    kty,
    crv: curve,
    operations: kty === 'oct' ? (['encrypt', 'decrypt'] as const) : (['sign', 'verify'] as const),
  } as const
}

/** A vault with a KEK that outlives its conversation. */
export async function withKek(vault: Subject) {
  const kek = await ask(vault.enclave, 'k', { type: 'makeKek', name: 'kek', bits: 2048 }, 'enclave.kekMade')
  await ask(vault.enclave, 'k', { type: 'keep', key: kek.key }, 'enclave.kept')
  return kek as typeof kek & { readonly key: never }
}

/** See the module text. */
export const FLOW: readonly Case[] = [
  {
    title: 'BYOK-126 a target is wrapped under a trusted KEK, and node opens the blob',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key, kek } = await readyToWrap(source)
      const wrapped = await ask(source.enclave, 'c', { type: 'wrapTarget', kek, target: 'payments' }, 'enclave.wrapped')
      const { ephemeral, payload } = nativeUnwrap('rsa-2048', 0, wrapped.ciphertext)
      assert.is(ephemeral.length, 32)
      const opened = native.createPublicKey(native.createPrivateKey({ key: Buffer.from(payload), format: 'der', type: 'pkcs8' }))
      assert.equal(partOf(opened), key.facts.key)
      assert.equal(wrapped.target, key.facts)
    },
  },
  {
    title: 'BYOK-13 two wraps of one target differ in both halves',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { kek } = await readyToWrap(source)
      const command = { type: 'wrapTarget', kek, target: 'payments' } as const
      const [a, b] = [await ask(source.enclave, 'c', command, 'enclave.wrapped'), await ask(source.enclave, 'c', command, 'enclave.wrapped')]
      const [first, second] = [a, b].map(({ ciphertext }) => Buffer.from(ciphertext, 'base64url')) as [Buffer, Buffer]
      assert.not.equal(first.subarray(0, 256), second.subarray(0, 256))
      assert.not.equal(first.subarray(256), second.subarray(256))
      assert.not.equal(nativeUnwrap('rsa-2048', 0, a.ciphertext).ephemeral, nativeUnwrap('rsa-2048', 0, b.ciphertext).ephemeral)
    },
  },
  ...KEY_KINDS.filter((kind) => !kind.startsWith('rsa') || kind === 'rsa-2048').map((kind): Case => ({
    title: `BYOK-29 a generated ${kind} has the attributes of a target and an honest history`,
    run: async (make) => {
      const source = make({ role: 'source' })
      const operations = TARGET_OPERATIONS[KINDS[kind].kty].filter((one) => !one.startsWith('wrap') && !one.startsWith('unwrap'))
      for (const extractable of [true, false]) {
        const label = `extractable ${extractable}`
        const { key, facts } = await ask(source.enclave, 'c', { type: 'generateKey', label, kind, operations, extractable }, 'enclave.keyMade')
        const record = source.enclave.describe().find(({ handle }) => handle === key)!
        assert.equal(
          { ...record },
          {
            handle: key,
            kind,
            label,
            kid: null,
            key: facts.key,
            identity: facts.identity,
            owner: 'c',
            class: kind.startsWith('oct') ? 'secret' : 'private',
            origin: 'generated',
            sensitive: true,
            alwaysSensitive: true,
            extractable,
            neverExtractable: !extractable,
            trusted: false,
            wrapWithTrusted: true,
            operations,
            mechanisms: [],
            wrapTemplate: null,
            releasePolicy: null,
            hsm: true,
          },
        )
        assert.match(facts.identity, kind.startsWith('oct') ? /^aes-cmac:[0-9a-f]{32}$/ : /^spki-sha256:[0-9a-f]{64}$/)
      }
    },
  })),
  {
    title: 'BYOK-125 a held KEK may wrap and nothing else, is not trusted, and carries a wrap template',
    run: async (make) => {
      const source = make({ role: 'source' })
      const held = await ask(source.enclave, 'c', offered(), 'enclave.kekHeld')
      assert.is(`spki-sha256:${held.fingerprint}`, nativeKey('rsa-2048').identity)
      assert.equal([held.bits, held.attested, held.attestedVault], [2048, false, null])
      const [record] = source.enclave.describe()
      assert.equal(
        [record!.class, record!.origin, record!.trusted, record!.operations, record!.mechanisms],
        ['public', 'given', false, ['wrapKey'], ['CKM_RSA_AES_KEY_WRAP']],
      )
      assert.equal([record!.alwaysSensitive, record!.neverExtractable], [false, false])
      assert.equal(record!.wrapTemplate, { classes: ['private', 'secret'], sensitive: true, wrapWithTrusted: true })
      await ask(source.enclave, 'c', { type: 'trustKek', kek: held.kek, by: 'officer' }, 'enclave.kekTrusted')
      assert.is(source.enclave.describe()[0]!.trusted, true)
    },
  },
  {
    title: 'BYOK-37 a KEK made inside does import alone and never leaves',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      const [record] = vault.enclave.describe()
      assert.equal(record!.kid, { vault: VAULT, name: 'kek', version: kek.version })
      assert.match(kek.version, /^[0-9a-f]{32}$/)
      const { sensitive, alwaysSensitive, extractable, neverExtractable, trusted, operations, mechanisms, origin } = record!
      assert.equal(
        { sensitive, alwaysSensitive, extractable, neverExtractable, trusted },
        { sensitive: true, alwaysSensitive: true, extractable: false, neverExtractable: true, trusted: false },
      )
      assert.equal([operations, mechanisms, origin], [['import'], ['CKM_RSA_AES_KEY_WRAP'], 'generated'])
    },
  },
  {
    title: 'BYOK-134 a KEK comes with evidence that node verifies',
    run: async (make) => {
      const kek = await withKek(make({ role: 'vault' }))
      assert.equal(nativeVerify(kek.evidence), JSON.parse(kekStatement(kek, { version: kek.version })))
    },
  },
  ...KEY_KINDS.map((kind): Case => ({
    title: `BYOK-128 a blob of node's with ${kind} is imported, locked, and vouched for`,
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      const command = importOf(kek, kind)
      const imported = await ask(vault.enclave, 'c', command, 'enclave.imported')
      const { part, identity } = nativeKey(kind)
      assert.equal([imported.facts.kind, imported.facts.key, imported.facts.operations], [kind, part, command.operations])
      if (identity !== null) assert.is(imported.facts.identity, identity)
      await ask(vault.enclave, 'c', { type: 'keep', key: imported.key }, 'enclave.kept')
      await vault.enclave.perform('c', { type: 'close' })

      const record = vault.enclave.describe().find(({ handle }) => handle === imported.key)!
      const { sensitive, alwaysSensitive, extractable, neverExtractable, trusted, mechanisms, origin, owner, hsm, releasePolicy, kid } = record
      assert.equal(
        { sensitive, alwaysSensitive, extractable, neverExtractable, trusted, mechanisms, origin, owner, hsm, releasePolicy },
        {
          sensitive: true,
          alwaysSensitive: false,
          extractable: false,
          neverExtractable: false,
          trusted: false,
          mechanisms: [],
          origin: 'imported',
          owner: null,
          hsm: true,
          releasePolicy: null,
        },
      )
      assert.equal(kid, { vault: VAULT, name: 'payments', version: imported.version })
      const statement = {
        v: 1,
        kind: 'key',
        vault: VAULT,
        name: 'payments',
        version: imported.version,
        key: part,
        check: identity === null ? imported.facts.identity : null,
        origin: 'imported',
        operations: command.operations,
        exportable: false,
      }
      assert.equal(nativeVerify(imported.evidence), statement)
    },
  })),
  {
    title: 'BYOK-72 up to seven zero bytes behind the DER are taken, an eighth is not',
    run: async (make) => {
      const vault = make({ role: 'vault' })
      const kek = await withKek(vault)
      const padded = (zeros: number) => nativeWrap(kek, Buffer.concat([nativeKey('ec-P-384').payload, Buffer.alloc(zeros)]))
      const refused = await say(vault.enclave, 'c', { ...importOf(kek, 'ec-P-384'), ciphertext: padded(8) })
      assert.is(refused?.type, 'enclave.refused')
      await ask(vault.enclave, 'c', { ...importOf(kek, 'ec-P-384'), ciphertext: padded(7) }, 'enclave.imported')
    },
  },
  {
    title: 'BYOK-14 what one enclave wraps another imports, and the source recognises it',
    run: async (make) => {
      const [source, vault] = [make({ role: 'source' }), make({ role: 'vault' })]
      for (const kind of ['ec-P-521', 'oct-192', 'rsa-2048'] as const) {
        const { kty, curve } = KINDS[kind]
        const operations = kty === 'oct' ? (['encrypt'] as const) : (['sign'] as const)
        const key = await ask(source.enclave, kind, { type: 'generateKey', label: kind, kind, operations, extractable: true }, 'enclave.keyMade')
        const made = await ask(vault.enclave, 'k', { type: 'makeKek', name: 'kek', bits: 2048 }, 'enclave.kekMade')
        const kid = { vault: VAULT, name: 'kek', version: made.version }
        const held = await ask(source.enclave, kind, { type: 'holdKek', kid, n: made.n, e: made.e, evidence: made.evidence }, 'enclave.kekHeld')
        assert.equal([held.attested, held.attestedVault], [true, VAULT])
        await ask(source.enclave, kind, { type: 'trustKek', kek: held.kek, by: 'officer' }, 'enclave.kekTrusted')
        const { ciphertext } = await ask(source.enclave, kind, { type: 'wrapTarget', kek: held.kek, target: kind }, 'enclave.wrapped')
        const command = { type: 'importTransfer', kek: made.key, ciphertext, name: 'copy', kty, crv: curve, operations } as const
        const imported = await ask(vault.enclave, 'k', command, 'enclave.imported')
        assert.equal(imported.facts, key.facts)
        assert.equal(await say(source.enclave, 'other', { type: 'keep', key: key.key }), {
          type: 'enclave.refused',
          fault: { code: 'key_belongs_to_another_conversation', requirement: 'BYOK-129' },
        })
        const compared = await ask(source.enclave, kind, { type: 'compareImported', target: kind, evidence: imported.evidence }, 'enclave.compared')
        assert.equal(compared, {
          type: 'enclave.compared',
          genuine: true,
          sameKey: true,
          kid: { vault: VAULT, name: 'copy', version: imported.version },
          operations: [...operations],
        })
      }
    },
  },
  {
    title: 'BYOK-130 a destroyed handle is dead, and looks like one that never was',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { key } = await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      await ask(source.enclave, 'c', { type: 'destroyKey', key }, 'enclave.destroyed')
      assert.equal(source.enclave.describe(), [])
      for (const type of ['keep', 'destroyKey'])
        assert.equal(await say(source.enclave, 'c', { type, key }), await say(source.enclave, 'c', { type, key: 'never there' }))
      const again = await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      assert.is.not(again.key, key)
    },
  },
  {
    title: 'BYOK-138 no answer, and nothing else that can be looked at, holds a secret [witnessed]',
    run: async (make) => {
      const [source, vault] = [make({ role: 'source', witnessed: true }), make({ role: 'vault', witnessed: true })]
      const seen: unknown[] = []
      const note = async (of: Subject, command: unknown) => {
        const answer = await say(of.enclave, 'c', command)
        seen.push(answer, of.enclave.describe(), of.enclave)
        return answer as never
      }
      const kek: { key: never; n: string; e: string; version: string; evidence: string } = await note(vault, { type: 'makeKek', name: 'kek', bits: 2048 })
      const kid = { vault: VAULT, name: 'kek', version: kek.version }
      const held: { kek: never } = await note(source, { type: 'holdKek', kid, n: kek.n, e: kek.e, evidence: kek.evidence })
      await note(source, { type: 'trustKek', kek: held.kek, by: 'officer' })
      for (const kind of ['rsa-2048', 'ec-P-256K', 'oct-256'] as const) {
        const { kty, curve } = KINDS[kind]
        const operations = kty === 'oct' ? ['encrypt'] : ['sign']
        await note(source, { type: 'generateKey', label: kind, kind, operations, extractable: true })
        const wrapped: { ciphertext: string } = await note(source, { type: 'wrapTarget', kek: held.kek, target: kind })
        const command = { type: 'importTransfer', kek: kek.key, name: 'copy', kty, crv: curve, operations }
        await note(vault, { ...command, ciphertext: `${wrapped.ciphertext.slice(0, -8)}AAAAAAAA` })
        const imported: { evidence: string } = await note(vault, { ...command, ciphertext: wrapped.ciphertext })
        await note(vault, { ...command, ciphertext: wrapped.ciphertext })
        await note(source, { type: 'compareImported', target: kind, evidence: imported.evidence })
      }
      // KEK and RSA target 6 numbers each, twice for the imported one; EC and oct one each; wrapped and unwrapped octets; ephemeral keys; the evidence key.
      assert.ok(source.secrets.length >= 14 && vault.secrets.length >= 18, `${source.secrets.length} and ${vault.secrets.length} secrets are known`)
      for (const { name, bytes } of [...source.secrets, ...vault.secrets]) assert.is(findSecret(seen, bytes, name.endsWith('octets')), null, name)
    },
  },
]

/** Evidence of a KEK that is all as it should be, signed by node; for tests of what happens when something is not. */
export const goodEvidence = (change: Record<string, unknown> = {}): string => nativeEvidence(kekStatement(offered(), change))
