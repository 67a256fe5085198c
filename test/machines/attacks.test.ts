/**
 * Attacks, each by its name and on real bytes: what `hardened` refuses, what it can only detect, and what `published`
 * lets happen, with the assumption that this hangs on.
 */
import { createPublicKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64url } from '../../src/bytes/base64.js'
import { parseKid } from '../../src/byok/kid.js'
import { PROFILES, type ByokPolicy } from '../../src/byok/policy.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import type { TargetKey } from '../../src/crypto/keys.js'
import { writeTarget } from '../../src/crypto/target.js'
import type { KeyHandle, Kid } from '../../src/enclave/commands.js'
import type { TransferReport } from '../../machines/byok/ceremony.js'
import { changedFile, fileFor, scene, stolenFrom, type Scene, type Words } from '../support/attack.js'
import { EVIL_VAULT, stock, wrapFor } from '../support/storm.js'
import { kindOf, VAULT } from '../support/world.js'

const test = suite('byok attacks')
const shared = await stock(8)
const { hardened, published } = PROFILES
const pinned: ByokPolicy = { ...hardened, kekProof: 'pinned' }
const REFUSED = { status: 400, code: 'BadParameter', message: 'The key transfer blob is not valid.' }

/** The attacker's pair, as he shows it. */
const own = { n: toBase64url(shared.own.n), e: toBase64url(shared.own.e) }
const transfer = (at: Scene, more = {}): Promise<TransferReport> => at.transfer('ec-P-256', { target: 'target', name: 'payroll', ...more })
/** Replaces members of every message of a type. */
const replacing =
  (type: string, change: object): Scene['tamper'] =>
  (envelope) => [envelope.message.type === type ? { ...envelope, message: { ...envelope.message, ...change } } : envelope]
const codeOf = (outcome: { ok: true } | { ok: false; fault: { code: string } } | null) => (outcome?.ok === false ? outcome.fault.code : outcome?.ok)
const told = (at: Scene, type: string) => at.heard.filter(({ message }) => message.type === type).length
const refusalOf = (answer: Words | undefined) => ({ status: answer?.['status'], code: answer?.['code'], message: answer?.['message'] })
const importOf = (file: string, more = {}): Words => ({
  type: 'client.importKey',
  request: 'client-x-1',
  name: 'payroll',
  ...kindOf('ec-P-256'),
  enabled: true,
  file,
  ...more,
})

/** Everything up to the finished file, with the upload held back; the attacker goes on from there. */
async function upToTheFile(policy: ByokPolicy, more = {}): Promise<Scene> {
  const at = await scene(shared, policy, 'ec-P-256')
  at.tamper = (envelope) => (envelope.message.type === 'client.importKey' ? [] : [envelope])
  await transfer(at, more)
  at.tamper = (envelope) => [envelope]
  return at
}
const targetOf = (at: Scene) => at.source.describe().find(({ label }) => label === 'target')!

for (const [where, type] of [
  ['between client and tool', 'client.kek'],
  ['between tool and source HSM', 'tool.wrap'],
] as const) {
  test(`A3 published: KEK substitution ${where} gives the attacker the target`, async () => {
    const at = await scene(shared, published, 'ec-P-256')
    at.tamper = replacing(type, own)
    const report = await transfer(at)
    const stolen = stolenFrom(at.last('sourceHsm.wrapped')['ciphertext'] as string, shared.own)
    const { x, y } = stolen
    assert.equal({ kty: 'EC', crv: 'P-256', x, y }, targetOf(at).key)
    assert.is(codeOf(report.officer), true, 'nobody notices')
    assert.is(codeOf(report.client), 'vault_refused', 'but the vault, which cannot open it')
  })

  test(`BYOK-141 hardened: KEK substitution ${where} is refused before the officer sees it`, async () => {
    const at = await scene(shared, hardened, 'ec-P-256')
    at.tamper = replacing(type, own)
    const report = await transfer(at)
    assert.is(codeOf(report.officer), 'kek_not_attested')
    assert.is(codeOf(report.client), 'kek_not_attested')
    assert.is(told(at, 'sourceHsm.wrapped'), 0)
  })

  test(`BYOK-142 pinned: KEK substitution ${where} is refused by the fingerprint`, async () => {
    const at = await scene(shared, pinned, 'ec-P-256')
    await at.say('vault', { type: 'client.createKek', request: 'client-a-1', name: 'kek', bits: 2048, operations: ['import'], expires: null })
    const { kid, identity } = at.vault.describe()[0]!
    at.tamper = replacing(type, own)
    const report = await transfer(at, { kek: kid, fingerprint: identity.slice(12) })
    assert.is(codeOf(report.officer), 'kek_fingerprint_differs')
    assert.is(told(at, 'sourceHsm.wrapped'), 0)
    at.tamper = (envelope) => [envelope]
    assert.is(codeOf((await transfer(at, { kek: kid, fingerprint: identity.slice(12) })).officer), true)
  })
}

test('BYOK-143 hardened: the attacker’s own genuine vault is refused by the officer', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  const { kid, n, e, evidence } = await at.evilKek()
  at.tamper = replacing('tool.wrap', { kid, n, e, evidence })
  assert.is(codeOf((await transfer(at)).officer), 'kek_vault_differs')
  assert.is(told(at, 'sourceHsm.wrapped'), 0)
})

test('BYOK-141 hardened: genuine evidence of another vault under the kid of the vault meant is no proof', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  const { n, e, evidence } = await at.evilKek()
  at.tamper = replacing('tool.wrap', { n, e, evidence })
  assert.is(codeOf((await transfer(at)).officer), 'kek_not_attested')
})

for (const serialised of [true, false])
  test(`BYOK-8 BYOK-121 hardened: the officer’s word counts for the KEK that he saw, not for one shown since (${serialised ? 'serialised' : 'not serialised'})`, async () => {
    const at = await scene(shared, hardened, 'ec-P-256', serialised)
    const { kid, n, e, evidence, handle } = await at.evilKek()
    at.ceremony.begin({
      kek: { name: 'kek', bits: 2048, expires: null },
      disposeKek: true,
      target: 'target',
      name: 'payroll',
      ...kindOf('ec-P-256'),
      generator: 'test',
    })
    const { session } = at.ceremony
    // Up to the moment in which the honest KEK is on its way to the officer's display.
    while (!session.inFlight.some(({ message }) => message.type === 'sourceHsm.kekOffered')) session.deliver(session.take()!)
    // While he reads it, the HSM is made to drop it and to hold the KEK of another genuine vault instead.
    const wrap = { type: 'tool.wrap', kid, n, e, evidence, target: 'target' }
    for (let times = 0; times < 2; times++) session.inject({ from: 'attacker', to: 'sourceHsm', port: 'wire', message: wrap })
    await session.run()
    for (const { message } of at.heard.filter(({ message }) => message.type === 'sourceHsm.wrapped')) {
      const { ciphertext } = message as Words & { ciphertext: string }
      const answer = await at.evil.perform('evil', { type: 'importTransfer', kek: handle as KeyHandle, ciphertext, name: 'loot', ...kindOf('ec-P-256') })
      assert.is(answer?.type, 'enclave.refused', 'the other vault opens what was wrapped')
    }
    assert.is(told(at, 'sourceHsm.wrapped'), serialised ? 1 : 0)
  })

test('BYOK-127 hardened: a pair that was imported is no KEK, neither at the source HSM nor at the vault', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  const pair = copyKey(shared.own)
  await at.say('vault', { type: 'client.createKek', request: 'client-a-1', name: 'kek', bits: 2048, operations: ['import'], expires: null })
  const fresh = at.last('vault.key') as unknown as { kid: Kid; key: { n: string; e: string } }
  const planted = await at.say('vault', importOf(fileFor(fresh.kid, wrapFor(fresh.key, writeTarget(pair))), { kty: 'RSA', crv: null, operations: ['decrypt'] }))
  assert.is(planted?.type, 'vault.key')
  const { kid, evidence } = planted as unknown as { kid: Kid; evidence: string }

  at.tamper = replacing('tool.wrap', { ...own, kid, evidence })
  const report = await transfer(at, { name: 'other', kek: { name: 'kek-2', bits: 2048, expires: null } })
  assert.is(codeOf(report.officer), 'kek_not_attested')
  at.tamper = (envelope) => [envelope]
  const blob = wrapFor(own, writeTarget(await shared.crypto.generateEc('P-256')))
  assert.equal(refusalOf(await at.say('vault', importOf(fileFor(kid, blob)))), REFUSED)
})

test('BYOK-4 BYOK-127 nobody gets a key that may import out of an import', async () => {
  const at = await upToTheFile(hardened, { disposeKek: false })
  const answer = await at.say('vault', importOf(at.last('tool.file')['file'] as string, { operations: ['import'] }))
  assert.is(answer?.type, 'vault.error')
})

const otherVersion = (kid: string) => kid.slice(0, -1) + (kid.endsWith('0') ? '1' : '0')
for (const [title, change] of [
  ['BYOK-38 a kid of another version', (file: { header: { kid: string } }) => void (file.header.kid = otherVersion(file.header.kid))],
  ['BYOK-38 a kid without version', (file: { header: { kid: string } }) => void (file.header.kid = file.header.kid.slice(0, -33))],
  ['BYOK-36 a kid of another vault', (file: { header: { kid: string } }) => void (file.header.kid = file.header.kid.replace(VAULT, EVIL_VAULT))],
  ['BYOK-36 a kid of another name', (file: { header: { kid: string } }) => void (file.header.kid = file.header.kid.replace('/keys/kek/', '/keys/other/'))],
  [
    'BYOK-15 a changed blob',
    (file: { ciphertext: string }) =>
      void (file.ciphertext = `A${file.ciphertext.slice(1)}` === file.ciphertext ? `B${file.ciphertext.slice(1)}` : `A${file.ciphertext.slice(1)}`),
  ],
] as const)
  test(`BYOK-114 ${title} is the one refusal, and stores nothing`, async () => {
    const at = await scene(shared, hardened, 'ec-P-256')
    const kinds: string[] = []
    at.tamper = (envelope) => {
      if (envelope.message.type !== 'client.importKey') return [envelope]
      kinds.push(envelope.message.type)
      const message = envelope.message as Words & { file: string }
      return [{ ...envelope, message: { ...message, file: changedFile(message.file, change) } as Words }]
    }
    const report = await transfer(at)
    assert.is(kinds.length, 1)
    assert.equal(refusalOf(at.heard.findLast(({ message }) => 'status' in message)?.message as Words), REFUSED)
    assert.is(codeOf(report.client), 'vault_refused')
    assert.not.ok(report.officer?.ok)
    assert.equal(at.records(), {}, 'the KEK was disposed of and nothing else was there')
    assert.equal(at.vault.describe(), [])
  })

test('BYOK-22 hardened: a file is imported once, under whatever name; A4 published: as often as anybody likes', async () => {
  for (const [policy, answers] of [
    [hardened, 'vault.error'],
    [published, 'vault.key'],
  ] as const) {
    const at = await scene(shared, policy, 'ec-P-256')
    assert.is(codeOf((await transfer(at, { disposeKek: false })).client), true)
    const file = at.last('tool.file')['file'] as string
    for (const name of ['payroll', 'other']) {
      const answer = await at.say('vault', importOf(file, { name }))
      assert.is(answer?.type, answers)
      if (answers === 'vault.error') assert.equal(refusalOf(answer), REFUSED)
    }
    assert.is(at.vault.describe().length, policy === hardened ? 2 : 4)
  }
})

test('BYOK-22 hardened: a second file of the same target is refused too', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  assert.is(codeOf((await transfer(at)).client), true)
  const again = await transfer(at, { name: 'second' })
  assert.is(codeOf(again.client), 'vault_refused')
  assert.not('second' in at.records())
})

test('BYOK-132 hardened: not even the front end replays a key that it had destroyed; A4 published: it does', async () => {
  for (const [policy, word] of [
    [hardened, 'vaultHsm.refused'],
    [published, 'vaultHsm.imported'],
  ] as const) {
    const at = await scene(shared, policy, 'ec-P-256')
    await transfer(at, { disposeKek: false })
    const order = at.last('vault.import')
    const key = at.last('vaultHsm.imported')['key']
    await at.say('vaultHsm', { type: 'vault.destroy', call: 77, key })
    assert.is(at.last('vaultHsm.destroyed')['key'], key)
    await at.say('vaultHsm', { ...order, call: 78 })
    assert.is(at.last(word)['call'], 78)
  }
})

test('BYOK-32 BYOK-40 a file outlives its KEK and opens nowhere', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  await transfer(at)
  assert.equal(refusalOf(await at.say('vault', importOf(at.last('tool.file')['file'] as string, { name: 'again' }))), REFUSED)
  assert.equal(Object.keys(at.records()), ['payroll'])
})

/** The attacker uploads for the customer, keeps the client quiet, and himself tells the officer what has arrived. */
async function upload(change: {
  readonly name?: string
  readonly operations?: readonly string[]
  readonly enabled?: boolean
}): Promise<{ at: Scene; report: TransferReport; kid: Kid }> {
  const at = await scene(shared, hardened, 'ec-P-256')
  let kid: Kid | undefined
  at.tamper = (envelope) => {
    const message = envelope.message as Words
    if (message.type === 'client.importKey') return [{ ...envelope, message: { ...message, ...change } }]
    if (message.type === 'client.gaveUp' || (kid && envelope.to === 'client')) return []
    if (message.type !== 'vaultHsm.imported') return [envelope]
    kid = { vault: VAULT, name: change.name ?? 'payroll', version: message['version'] as string }
    return [envelope, { from: 'attacker', to: 'officer', port: 'wire', message: { type: 'client.imported', kid } as Words }]
  }
  const report = await transfer(at)
  return { at, report, kid: kid! }
}
const enabledOf = (at: Scene, { name, version }: Kid) => at.records()[name]?.find((record) => record.version === version)?.enabled

test('A4 BYOK-147 wider operations in the import cannot be prevented; the officer finds them, and the key stays disabled', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  at.tamper = replacing('client.importKey', { operations: ['sign', 'verify'] })
  const report = await transfer(at, { operations: ['sign'] })
  assert.is(codeOf(report.officer), 'imported_operations_differ')
  const { kid, operations } = at.vault.describe().find(({ origin }) => origin === 'imported')!
  assert.equal(operations, ['sign', 'verify'])
  assert.is(enabledOf(at, kid!), false)
})

test('A4 BYOK-147 another name in the import cannot be prevented; the officer finds it', async () => {
  const { at, report, kid } = await upload({ name: 'renamed' })
  assert.is(codeOf(report.officer), 'imported_name_differs')
  assert.is(enabledOf(at, kid), false)
})

for (const profile of ['hardened', 'published'] as const)
  test(`A4 BYOK-146 ${profile}: a planted key cannot be prevented; ${profile === 'hardened' ? 'the officer finds it' : 'nobody looks'}`, async () => {
    const at = await scene(shared, PROFILES[profile], 'ec-P-256')
    const mine = await shared.crypto.generateEc('P-256')
    let planted: { x: string; y: string } | undefined
    at.tamper = (envelope) => {
      const message = envelope.message as Words
      if (message.type === 'client.importKey') {
        const kek = at.last('client.kek') as unknown as { kid: Kid; n: string; e: string }
        planted = { x: toBase64url(mine.x), y: toBase64url(mine.y) }
        return [{ ...envelope, message: { ...message, file: fileFor(kek.kid, wrapFor(kek, writeTarget(mine))) } as Words }]
      }
      // The client is the attacker's: it is made to expect what it gets.
      return message.type === 'tool.file'
        ? [{ ...envelope, message: { ...message, key: { kty: 'EC', crv: 'P-256', x: toBase64url(mine.x), y: toBase64url(mine.y) } } as Words }]
        : [envelope]
    }
    const report = await transfer(at)
    const stored = at.vault.describe().find(({ origin }) => origin === 'imported')!
    assert.equal(stored.key, { kty: 'EC', crv: 'P-256', ...planted })
    assert.is(codeOf(report.officer), profile === 'hardened' ? 'imported_key_differs' : true)
    assert.is(enabledOf(at, stored.kid!), profile === 'published')
  })

test('A4 BYOK-145 the host may enable a planted key with the customer’s credential; the officer has not confirmed it', async () => {
  const { at, report, kid } = await upload({ operations: ['sign'], enabled: true })
  assert.is(codeOf(report.officer), 'imported_operations_differ')
  assert.is(enabledOf(at, kid), false)
  await at.say('vault', { type: 'officer.setEnabled', request: 'officer-x-1', name: kid.name, version: kid.version, enabled: true })
  assert.is(enabledOf(at, kid), true, 'documented, not prevented')
})

test('BYOK-146 the evidence of another import is not evidence of this one', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  await at.makeTarget('older', 'ec-P-256')
  await transfer(at, { target: 'older', name: 'older' })
  const older = at.heard.findLast(({ message }) => message.type === 'vault.key' && (message as Words)['evidence'] !== null)!.message as Words
  at.tamper = (envelope) => {
    const message = envelope.message as Words
    return message.type === 'vault.key' && String(message['request']).startsWith('officer-')
      ? [{ ...envelope, message: { ...message, evidence: older['evidence'] } as Words }]
      : [envelope]
  }
  assert.is(codeOf((await transfer(at)).officer), 'imported_key_differs')
})

test('BYOK-135 evidence that no HSM signed is not genuine, whatever it says', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  at.tamper = (envelope) => {
    const message = envelope.message as Words
    if (message.type !== 'vault.key' || !String(message['request']).startsWith('officer-')) return [envelope]
    const [statement] = String(message['evidence']).split('.')
    return [{ ...envelope, message: { ...message, evidence: `${statement}.${Buffer.alloc(64, 1).toString('base64url')}` } as Words }]
  }
  assert.is(codeOf((await transfer(at)).officer), 'imported_evidence_not_genuine')
})

test('BYOK-149 a vault that shows no evidence is not compared, which is not "passed"', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  at.tamper = (envelope) => {
    const message = envelope.message as Words
    return message.type === 'vault.key' && String(message['request']).startsWith('officer-')
      ? [{ ...envelope, message: { ...message, evidence: null } as Words }]
      : [envelope]
  }
  assert.is(codeOf((await transfer(at)).officer), 'comparison_not_available')
})

test('BYOK-39 BYOK-23 a KEK that expires between wrap and import opens nothing', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  at.tamper = (envelope) => {
    if (envelope.message.type === 'client.importKey') at.ceremony.session.actor('vault').send({ type: 'app.clock', now: 2_000_000 })
    return [envelope]
  }
  assert.is(codeOf((await transfer(at, { kek: { name: 'kek', bits: 2048, expires: 1_500_000 } })).client), 'vault_refused')
  assert.equal(refusalOf(at.heard.findLast(({ message }) => message.type === 'vault.error')?.message as Words), REFUSED)
})

test('BYOK-39 a disabled KEK opens nothing', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  await at.say('vault', { type: 'client.createKek', request: 'client-a-1', name: 'kek', bits: 2048, operations: ['import'], expires: null })
  const { kid, key } = at.last('vault.key') as unknown as { kid: Kid; key: { n: string; e: string } }
  await at.say('vault', { type: 'officer.setEnabled', request: 'officer-a-1', name: kid.name, version: kid.version, enabled: false })
  const blob = wrapFor(key, writeTarget(await shared.crypto.generateEc('P-256')))
  assert.equal(refusalOf(await at.say('vault', importOf(fileFor(kid, blob)))), REFUSED)
  await at.say('vault', { type: 'officer.setEnabled', request: 'officer-a-2', name: kid.name, version: kid.version, enabled: true })
  assert.is((await at.say('vault', importOf(fileFor(kid, blob))))?.type, 'vault.key')
})

test('BYOK-30 BYOK-158 after a lost answer the client asks, and sends nothing twice that has arrived', async () => {
  for (const lost of ['vault.key', 'client.importKey']) {
    const at = await scene(shared, hardened, 'ec-P-256')
    let once = false
    at.tamper = (envelope) => {
      const importing = lost === 'client.importKey' || (told(at, 'vaultHsm.imported') > 0 && told(at, 'client.imported') === 0)
      if (envelope.message.type !== lost || !importing || once) return [envelope]
      once = true
      return []
    }
    await transfer(at)
    assert.ok(once)
    assert.is(at.ceremony.report().client, null, 'the client waits')
    at.ceremony.session.actor('client').send({ type: 'app.timeout' })
    await at.ceremony.session.run()
    const { client, officer } = at.ceremony.report()
    assert.equal([codeOf(client), codeOf(officer)], [true, true])
    assert.is(told(at, 'client.importKey'), lost === 'vault.key' ? 1 : 2)
  }
})

test('BYOK-17 an HSM’s answer that comes after the vault gave up makes no record, not even under the next name', async () => {
  const at = await scene(shared, published, 'ec-P-256', false)
  await at.say('vault', { type: 'client.createKek', request: 'client-a-1', name: 'kek', bits: 2048, operations: ['import'], expires: null })
  const { kid, key } = at.last('vault.key') as unknown as { kid: Kid; key: { n: string; e: string } }
  const files = await Promise.all([1, 2].map(async () => fileFor(kid, wrapFor(key, writeTarget((await shared.crypto.generateEc('P-256')) as TargetKey)))))
  const held: Parameters<Scene['tamper']>[0][] = []
  at.tamper = (envelope) => (envelope.message.type === 'vaultHsm.imported' ? (held.push(envelope), []) : [envelope])
  await at.say('vault', importOf(files[0]!, { name: 'first' }))
  // The first time it asks again; the answer to that is lost, too.
  for (let times = 0; times < 2; times++) {
    at.ceremony.session.actor('vault').send({ type: 'app.timeout' })
    await at.ceremony.session.run()
  }
  await at.say('vault', importOf(files[1]!, { name: 'second' }))
  for (const late of held) at.ceremony.session.inject(late)
  await at.ceremony.session.run()
  assert.equal(Object.keys(at.records()), ['kek', 'second'])
  const { handle, version } = at.records()['second']![0]!
  assert.equal(at.vault.describe().find((record) => record.handle === handle)?.kid, { vault: VAULT, name: 'second', version })
  assert.is(at.vault.describe().length, 2, 'the late key is destroyed')
})

test('BYOK-17 BYOK-130 a lost word of the HSM costs no record and leaves none for ever', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  at.tamper = (envelope) => (envelope.message.type === 'vaultHsm.destroyed' ? [] : [envelope])
  await transfer(at)
  for (let times = 0; times < 2; times++) {
    at.ceremony.session.actor('vault').send({ type: 'app.timeout' })
    await at.ceremony.session.run()
  }
  const { client } = at.ceremony.report()
  assert.ok(client?.ok && !client.kekDisposed)
  assert.equal(Object.keys(at.records()).sort(), ['kek', 'payroll'], 'the vault does not know that the KEK is gone')
  at.tamper = (envelope) => [envelope]
  assert.is((await at.say('vault', { type: 'client.deleteKek', request: 'client-a-1', name: 'kek' }))?.type, 'vault.deleted')
  assert.equal(Object.keys(at.records()), ['payroll'])

  const imported = at.heard.findLast(({ message }) => message.type === 'vaultHsm.imported')!
  at.ceremony.session.inject(imported)
  await at.ceremony.session.run()
  assert.is(at.vault.describe().length, 1, 'an answer that comes twice does not cost the key')
})

test('BYOK-158 BYOK-17 after a lost answer of the HSM the vault asks again, and gets the same key and no second one', async () => {
  for (const profile of ['hardened', 'published'] as const)
    for (const lost of ['vaultHsm.kekMade', 'vaultHsm.imported', 'vaultHsm.destroyed']) {
      const at = await scene(shared, PROFILES[profile], 'ec-P-256')
      let once = false
      at.tamper = (envelope) => {
        if (envelope.message.type !== lost || once) return [envelope]
        once = true
        return []
      }
      await transfer(at)
      at.ceremony.session.actor('vault').send({ type: 'app.timeout' })
      await at.ceremony.session.run()
      const { client, officer } = at.ceremony.report()
      assert.equal([codeOf(client), codeOf(officer)], [true, true], `${profile} ${lost}`)
      assert.is(told(at, lost), 2)
      assert.equal(Object.keys(at.records()), ['payroll'])
      assert.is(at.vault.describe().length, 1, 'one key, and no KEK')
    }
})

test('BYOK-10 the kid in a file is what the KEK was made under', async () => {
  const at = await scene(shared, hardened, 'ec-P-256')
  await transfer(at)
  const file = JSON.parse(Buffer.from(at.last('tool.file')['file'] as string, 'base64url').toString('utf8')) as { header: { kid: string } }
  const kid = parseKid(file.header.kid)
  assert.ok(kid.ok && kid.value.vault === VAULT && kid.value.name === 'kek')
  // Somebody else reads the KEK's public half that the client handed on.
  const { n, e } = at.last('client.kek') as unknown as { n: string; e: string }
  assert.is(createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).asymmetricKeyDetails?.modulusLength, 2048)
})

test.run()
