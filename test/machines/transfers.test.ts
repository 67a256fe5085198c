/**
 * All thirty transfers (three sizes of KEK, ten kinds of target) through all six machines, on each crypto; and the same
 * run twice from one seed.
 */
import { createHash, createPublicKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TransferRequest } from '../../machines/byok/ceremony.js'
import type { KeyVersion } from '../../machines/index.js'
import { PROFILES, type ProfileName } from '../../src/byok/policy.js'
import { readTransferFile } from '../../src/byok/transfer-file.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import { pure } from '../../src/crypto/pure.js'
import type { Kid, PublicPart } from '../../src/enclave/commands.js'
import { KEY_KINDS } from '../../src/enclave/kinds.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { newRsa } from '../support/providers.js'
import { kindOf, seeded, VAULT, world, type World } from '../support/world.js'

const test = suite('byok transfers')
const SIZES = [2048, 3072, 4096] as const

/** RSA keys are slow to make: two of each size by OpenSSL, one for a target and one for a KEK. */
const stock = new Map(SIZES.map((bits) => [bits, [0, 1].map(() => newRsa(bits).key)]))

/** A provider whose RSA keys come from the stock, but for the KEK of the size that it makes itself. */
function stocked(crypto: Crypto, kekBits: number, own = 0): Crypto {
  const given = new Map<number, number>()
  return {
    ...crypto,
    generateRsa: (bits) => {
      const number = given.get(bits) ?? 0
      given.set(bits, number + 1)
      return bits === kekBits && bits === own && number === 1 ? crypto.generateRsa(bits) : copyKey(stock.get(bits as 2048)![number]!)
    },
  }
}

/** The identity of a public part, by OpenSSL's SubjectPublicKeyInfo. */
function identityOf(part: PublicPart): string | null {
  if (part.kty === 'oct') return null
  const key = createPublicKey({ key: { ...part, ...(part.kty === 'EC' && part.crv === 'P-256K' ? { crv: 'secp256k1' } : {}) }, format: 'jwk' })
  return `spki-sha256:${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`
}

const recordsOf = ({ ceremony }: World) =>
  (ceremony.session.actor('vault').getSnapshot() as { context: { keys: Record<string, readonly (KeyVersion & { version: string })[]> } }).context.keys

/** Ten transfers under one KEK, which is gone after the last. */
async function tenTransfers(at: World, kekBits: number, profile: ProfileName, kinds = KEY_KINDS): Promise<void> {
  let kek: TransferRequest['kek'] = { name: `kek-${kekBits}`, bits: kekBits, expires: null }
  for (const kind of kinds) await at.makeTarget(kind, kind)
  for (const [index, kind] of kinds.entries()) {
    const last = index === kinds.length - 1
    const from = at.ceremony.session.lines.length
    const { client, tool, officer } = await at.transfer(kind, { kek, disposeKek: last })
    const title = `${kind} under ${kekBits} bits`
    assert.ok(client?.ok && tool?.ok && officer?.ok, `${title}: ${JSON.stringify([client, tool, officer])}`)
    assert.is(client.kekDisposed, last)
    kek = client.kek

    const target = at.source.describe().find(({ label }) => label === kind)!
    const stored = at.vault.describe().find(({ kid }) => kid?.version === client.kid.version)!
    assert.is(stored.identity, target.identity, title)
    assert.equal(stored.key, target.key)
    assert.is(stored.kind, kind)
    if (stored.key.kty !== 'oct') assert.is(stored.identity, identityOf(stored.key))
    assert.equal([...stored.operations].sort(), [...kindOf(kind).operations].sort())
    assert.equal([stored.origin, stored.sensitive, stored.extractable, stored.trusted, stored.owner], ['imported', true, false, false, null])
    assert.equal(stored.kid, { vault: VAULT, name: `imported-${kind}`, version: client.kid.version })

    const hardened = profile === 'hardened'
    assert.equal([officer.compared, officer.kid, officer.noted?.identity], [hardened, hardened ? client.kid : null, target.identity])
    const shown = at.ceremony.session.lines
      .slice(from)
      .map(({ message }) => message as unknown as { type: string; kid: Kid; enabled: boolean })
      .filter(({ type, kid }) => type === 'vault.key' && kid.version === client.kid.version)
      .map(({ enabled }) => enabled)
    // Imported, looked at by the officer, enabled.
    assert.equal(shown, hardened ? [false, false, true] : [true], title)
    assert.is(recordsOf(at)[`imported-${kind}`]?.[0]?.enabled, true)

    const file = readTransferFile(Uint8Array.from(Buffer.from(tool.file, 'base64url')), { reading: 'strict' })
    assert.ok(file.ok && file.value.kek.version === client.kek.version, `${title}: the file is read strictly`)
  }
  assert.equal(Object.keys(recordsOf(at)).sort(), kinds.map((kind) => `imported-${kind}`).sort())
  assert.is(at.vault.describe().length, kinds.length, 'BYOK-32 the KEK is gone')
  assert.is(at.source.describe().length, kinds.length, 'BYOK-159 nothing is left at the source but the targets')
  assert.equal(at.ledger.leaks(), [])
  assert.ok(at.ledger.secrets > 5 * kinds.length)
  assert.equal(at.ceremony.session.dropped, [])
}

let done = 0
for (const kekBits of SIZES) {
  // The pure provider makes the smallest KEK itself.
  const providers: readonly (readonly [string, Crypto])[] = [
    ['pure', stocked(pure(seeded(`transfers ${kekBits}`)), kekBits, 2048)],
    ['node', stocked(nodeCrypto(), kekBits)],
  ]
  for (const [name, crypto] of providers)
    test(`BYOK-14 hardened on ${name}: ten kinds of key under a KEK of ${kekBits} bits`, async () => {
      await tenTransfers(await world({ crypto, policy: PROFILES.hardened }), kekBits, 'hardened')
      done += 10
    })
}

test('BYOK-14 that was thirty transfers on each crypto', () => assert.is(done, 60))

test('BYOK-161 published on node: ten kinds of key, enabled as asked, compared by nobody', async () =>
  tenTransfers(await world({ crypto: stocked(nodeCrypto(), 2048), policy: PROFILES.published }), 2048, 'published'))

test('BYOK-161 published on pure', async () =>
  tenTransfers(await world({ crypto: stocked(pure(seeded('published')), 3072), policy: PROFILES.published }), 3072, 'published', ['ec-P-521', 'oct-192']))

test('BYOK-142 pinned: the fingerprint came over another channel', async () => {
  const at = await world({ crypto: stocked(nodeCrypto(), 2048), policy: { ...PROFILES.hardened, kekProof: 'pinned' } })
  const message = { type: 'client.createKek', request: 'client-setup-1', name: 'kek', bits: 2048, operations: ['import'], expires: null }
  at.ceremony.session.inject({ from: 'client', to: 'vault', port: 'wire', message })
  await at.ceremony.session.run()
  const { kid, key } = at.vault.describe()[0]!
  await at.makeTarget('ec-P-384', 'ec-P-384')
  const { client, officer } = await at.transfer('ec-P-384', { kek: kid!, fingerprint: identityOf(key)!.slice('spki-sha256:'.length) })
  assert.ok(client?.ok && officer?.ok && officer.compared)
})

test('BYOK-24 the same seed gives the same bytes, message by message', async () => {
  const run = async (seed: string) => {
    const at = await world({ crypto: pure(seeded(seed)), watched: false })
    await at.makeTarget('ec-P-256', 'ec-P-256')
    await at.makeTarget('oct-256', 'oct-256')
    const first = await at.transfer('ec-P-256', { disposeKek: false })
    assert.ok(first.client?.ok)
    assert.ok((await at.transfer('oct-256', { kek: first.client.kek })).client?.ok)
    return at.ceremony.session.lines
  }
  const [once, again, other] = [await run('one'), await run('one'), await run('two')]
  assert.equal(again, once)
  assert.is.not(JSON.stringify(other), JSON.stringify(once))
})

test.run()
