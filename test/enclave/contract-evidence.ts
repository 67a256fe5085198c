/**
 * The contract, part four: evidence. Every statement here is written and signed by node.
 * @module
 */
import * as assert from 'uvu/assert'
import type { Case } from './contract-case.js'
import { TARGET, goodEvidence, importOf, offered, withKek } from './contract-flow.js'
import { OTHER_SIGNING_KEY, VAULT, VERSION, ask, kekStatement, nativeEvidence, nativeKey } from './support.js'

const OTHER_VAULT = 'https://attacker.vault.azure.net'

/** What is offered as proof of a KEK, and what the source makes of it: attested, and the vault that it believes is named. */
const OFFERS: readonly (readonly [title: string, evidence: () => string | null, attested: boolean, vault: string | null])[] = [
  ['good', () => goodEvidence(), true, VAULT],
  ['none', () => null, false, null],
  ['empty', () => '', false, null],
  ['about another key', () => nativeEvidence(kekStatement(offered(1))), false, VAULT],
  ['about another vault', () => goodEvidence({ vault: OTHER_VAULT }), false, OTHER_VAULT],
  ['about another name', () => goodEvidence({ name: 'kek2' }), false, VAULT],
  ['about another version', () => goodEvidence({ version: VERSION.replace('0', '1') }), false, VAULT],
  ['about an imported key', () => goodEvidence({ origin: 'imported' }), false, VAULT],
  ['of the other kind', () => goodEvidence({ kind: 'key' }), false, VAULT],
  ['of wider operations', () => goodEvidence({ operations: ['decrypt', 'import'] }), false, VAULT],
  ['of other operations', () => goodEvidence({ operations: ['decrypt'] }), false, VAULT],
  ['of no operations', () => goodEvidence({ operations: [] }), false, VAULT],
  ['of an exportable key', () => goodEvidence({ exportable: true }), false, VAULT],
  ['signed by another anchor', () => nativeEvidence(kekStatement(offered()), OTHER_SIGNING_KEY), false, null],
  ['signed with another label', () => nativeEvidence(kekStatement(offered()), undefined, 'keyferry key evidence v2\0'), false, null],
  ['signed without a label', () => nativeEvidence(kekStatement(offered()), undefined, ''), false, null],
  ['of another version', () => goodEvidence({ v: 2 }), false, null],
  ['with an unknown member', () => goodEvidence({ more: 1 }), false, null],
  ['with a space', () => nativeEvidence(kekStatement(offered()).replace(',', ', ')), false, null],
  ['with a duplicate member', () => nativeEvidence(kekStatement(offered()).replace('{', '{"v":1,')), false, null],
  ['with members in another order', () => nativeEvidence(JSON.stringify(reversed(JSON.parse(kekStatement(offered()))))), false, null],
  ['without a member', () => goodEvidence({ check: undefined }), false, null],
  ['with an operation twice', () => goodEvidence({ operations: ['import', 'import'] }), false, null],
  ['with an unknown operation', () => goodEvidence({ operations: ['import', 'fly'] }), false, null],
  ['with a check value for RSA', () => goodEvidence({ check: `aes-cmac:${'0'.repeat(32)}` }), false, null],
  ['with exportable as text', () => goodEvidence({ exportable: 'false' }), false, null],
  ['too long', () => goodEvidence({ name: 'k'.repeat(9000) }), false, null],
  ['with a part more', () => `${goodEvidence()}.AAAA`, false, null],
  ['with padding', () => `${goodEvidence()}=`, false, null],
  ['with a short signature', () => goodEvidence().slice(0, -2), false, null],
  ['not JSON', () => nativeEvidence('key'), false, null],
  ['not UTF-8', () => `_w.${goodEvidence().split('.')[1]}`, false, null],
]

/** See the module text. */
export const EVIDENCE: readonly Case[] = [
  ...OFFERS.map(([title, evidence, attested, attestedVault]): Case => ({
    title: `BYOK-141 evidence ${title}`,
    run: async (make) => {
      const source = make({ role: 'source' })
      const held = await ask(source.enclave, 'c', { ...offered(), evidence: evidence() }, 'enclave.kekHeld')
      assert.equal([held.attested, held.attestedVault], [attested, attestedVault])
      assert.is(source.enclave.describe()[0]!.trusted, false)
    },
  })),
  {
    title: 'BYOK-141 evidence with any character changed',
    run: async (make) => {
      const source = make({ role: 'source' })
      const good = goodEvidence()
      for (let at = 0; at < good.length; at += 7) {
        const evidence = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1)
        const held = await ask(source.enclave, 'c', { ...offered(), evidence }, 'enclave.kekHeld')
        assert.equal([held.attested, held.attestedVault], [false, null], `character ${at}`)
      }
    },
  },
  {
    title: 'BYOK-141 evidence about the KEK of another conversation of the same vault proves nothing here',
    run: async (make) => {
      const [source, vault] = [make({ role: 'source' }), make({ role: 'vault' })]
      const kek = await withKek(vault)
      const held = await ask(source.enclave, 'c', { ...offered(), n: kek.n, e: kek.e, evidence: kek.evidence }, 'enclave.kekHeld')
      assert.equal([held.attested, held.attestedVault], [false, VAULT])
    },
  },
  {
    title: 'BYOK-146 imported keys are compared by public part, and by what else the evidence says',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { facts } = await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      const compare = async (change: Record<string, unknown>, signer?: number) => {
        const evidence = nativeEvidence(keyStatement({ key: facts.key, ...change }), signer)
        const { genuine, sameKey, kid, operations } = await ask(
          source.enclave,
          'c',
          { type: 'compareImported', target: 'payments', evidence },
          'enclave.compared',
        )
        return { genuine, sameKey, kid, operations }
      }
      const nothing = { genuine: false, sameKey: null, kid: null, operations: null }
      const kid = { vault: VAULT, name: 'payments', version: VERSION }
      assert.equal(await compare({}), { genuine: true, sameKey: true, kid, operations: ['sign'] })
      assert.equal(await compare({ key: nativeKey('ec-P-256').part }), { genuine: true, sameKey: false, kid, operations: ['sign'] })
      assert.equal(await compare({ key: { kty: 'oct' } }), { genuine: true, sameKey: false, kid, operations: ['sign'] })
      assert.equal(await compare({ operations: ['sign', 'verify'] }), { genuine: true, sameKey: true, kid, operations: ['sign', 'verify'] })
      assert.equal(await compare({ vault: OTHER_VAULT }), { genuine: true, sameKey: true, kid: { ...kid, vault: OTHER_VAULT }, operations: ['sign'] })
      assert.equal(await compare({ origin: 'generated' }), nothing)
      assert.equal(await compare({ kind: 'kek' }), nothing)
      assert.equal(await compare({ exportable: true }), nothing)
      assert.equal(await compare({}, OTHER_SIGNING_KEY), nothing)
      const label = await ask(source.enclave, 'c', { type: 'compareImported', target: 'payments', evidence: 'no' }, 'enclave.compared')
      assert.is(label.genuine, false)
    },
  },
  {
    title: 'BYOK-149 a symmetric key without a check value is not "the same", it is not known',
    run: async (make) => {
      const source = make({ role: 'source' })
      const { facts } = await ask(source.enclave, 'c', { ...TARGET, kind: 'oct-256', operations: ['encrypt'] }, 'enclave.keyMade')
      const same = async (check: string | null) => {
        const evidence = nativeEvidence(keyStatement({ key: { kty: 'oct' }, check }))
        return (await ask(source.enclave, 'c', { type: 'compareImported', target: 'payments', evidence }, 'enclave.compared')).sameKey
      }
      assert.equal([await same(facts.identity), await same(`aes-cmac:${'0'.repeat(32)}`), await same(null)], [true, false, null])
    },
  },
  {
    title: 'BYOK-135 evidence for an imported key is no evidence for a KEK, and the other way round',
    run: async (make) => {
      const [source, vault] = [make({ role: 'source' }), make({ role: 'vault' })]
      const kek = await withKek(vault)
      const imported = await ask(vault.enclave, 'c', importOf(kek, 'rsa-2048', 3), 'enclave.imported')
      const { part } = nativeKey('rsa-2048', 3)
      if (part.kty !== 'RSA') throw new TypeError('an RSA key is wanted')
      const kid = { vault: VAULT, name: 'payments', version: imported.version }
      const held = await ask(source.enclave, 'c', { type: 'holdKek', kid, n: part.n, e: part.e, evidence: imported.evidence }, 'enclave.kekHeld')
      assert.is(held.attested, false)
      await ask(source.enclave, 'c', TARGET, 'enclave.keyMade')
      const compared = await ask(source.enclave, 'c', { type: 'compareImported', target: 'payments', evidence: kek.evidence }, 'enclave.compared')
      assert.is(compared.genuine, false)
    },
  },
]

const keyStatement = (change: Record<string, unknown>): string =>
  JSON.stringify({
    v: 1,
    kind: 'key',
    vault: VAULT,
    name: 'payments',
    version: VERSION,
    key: { kty: 'oct' },
    check: null,
    origin: 'imported',
    operations: ['sign'],
    exportable: false,
    ...change,
  })

const reversed = (statement: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(statement).reverse())
