/**
 * Refusals look alike and cost alike: every faulty blob, every faulty file and every KEK that may not be used, put to a
 * vault as a REST request, on the pure provider and on Node's. At each level (the enclave's answer, the HSM's word to the
 * vault, the vault's word to the client, the answer as it travels) one text is expected, the same operations are counted,
 * and afterwards nothing is stored and nothing remembered: the good blob still comes in.
 *
 * How long it takes is not asked here; `npm run timing` does that.
 */
import nodeModule from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { vaultHsmMachine } from '../../machines/byok/vault-hsm.js'
import { vaultMachine } from '../../machines/byok/vault.js'
import { HEARS } from '../../machines/byok/vocabulary.js'
import { Session, type Envelope } from '../../machines/session.js'
import type { VaultAnswer } from '../../src/byok/messages.js'
import { PROFILES } from '../../src/byok/policy.js'
import { readMessage } from '../../src/byok/read-message.js'
import { decodeRequest, encodeAnswer, encodeRequest, type HttpAnswer, type HttpRequest } from '../../src/byok/rest.js'
import type { Crypto } from '../../src/crypto/crypto.js'
import { copyKey } from '../../src/crypto/key-parts.js'
import type { Curve, RsaPrivateKey } from '../../src/crypto/keys.js'
import { pure } from '../../src/crypto/pure.js'
import { AZURE_MECHANISM, oaepOf, unwrapBy } from '../../src/crypto/rsa-aes-key-wrap.js'
import { softwareEnclave, type SoftwareEnclave } from '../../src/enclave/software.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { systemRandom } from '../support/providers.js'
import { VAULT } from '../support/world.js'
import { bytes, keyOf, load, text, type Vector } from '../vectors/load.js'

/** What each level says to whatever is wrong. */
const SAID = {
  enclave: '{"type":"enclave.refused","fault":{"code":"transfer_refused","requirement":"BYOK-50"}}',
  /** With the vault's number of the call, which counts them. */
  vaultHsm: (call: number) => `{"type":"vaultHsm.refused","call":${call}}`,
  vault: '{"type":"vault.error","request":"client-2","status":400,"code":"BadParameter","message":"The key transfer blob is not valid."}',
  rest: '{"status":400,"body":"{\\"error\\":{\\"code\\":\\"BadParameter\\",\\"message\\":\\"The key transfer blob is not valid.\\"}}","headers":{"x-ms-client-request-id":"client-2"}}',
}

/** Who speaks, in order, where the HSM is asked and where the vault knows by itself. */
const ASKED = [
  'client: client.importKey',
  'vault: vault.import',
  'vaultHsm: importTransfer',
  "vaultHsm's enclave: enclave.refused",
  'vaultHsm: close',
  'vaultHsm: vaultHsm.refused',
  'vault: vault.error',
]
const NOT_ASKED = ['client: client.importKey', 'vault: vault.error']

/** Operations that cost, counted where they happen; everybody counts into the same object, one import at a time. */
interface Work {
  /** RSA private operations. */
  rsa: number
  /** AES-KWP unwraps: bytes of the key and of the input. */
  kwp: string[]
  /** Check values: an AES-CMAC each. */
  cmac: number
}
const NO_WORK: Work = { rsa: 0, kwp: [], cmac: 0 }
let work: Work = structuredClone(NO_WORK)

// The Node provider is counted at `node:crypto` itself. This file has its process to itself, so nothing is put back.
const original = { privateDecrypt: nodeModule.privateDecrypt, createDecipheriv: nodeModule.createDecipheriv }
nodeModule.privateDecrypt = (...given) => {
  work.rsa++
  return original.privateDecrypt(...given)
}
nodeModule.createDecipheriv = ((algorithm: string, key: Uint8Array, iv: Uint8Array) => {
  const decipher = original.createDecipheriv(algorithm, key, iv)
  const update = decipher.update.bind(decipher) as (input: Uint8Array) => Buffer
  return Object.assign(decipher, {
    update: (input: Uint8Array) => {
      work.kwp.push(`${key.length}/${input.length}`)
      return update(input)
    },
  })
}) as typeof original.createDecipheriv
syncBuiltinESMExports()

/** A provider that counts, with these key exchange keys where it would make one. */
interface Counting {
  readonly name: string
  readonly with: (keks: readonly RsaPrivateKey[]) => Crypto
}

const countingCmac = (crypto: Crypto): Pick<Crypto, 'cmac'> => ({
  cmac: (...given) => {
    work.cmac++
    return crypto.cmac(...given)
  },
})

/** Each private operation reads the CRT exponent once. For KWP the provider's own operations are put into the one flow of all unwraps. */
const countingPure: Counting = {
  name: 'pure',
  with: (keks) => {
    const provider = pure(systemRandom)
    const rest = [...keks]
    return {
      ...provider,
      ...countingCmac(provider),
      generateRsa: () => {
        const { dp, ...others } = copyKey(rest.shift()!)
        return {
          ...others,
          get dp() {
            work.rsa++
            return dp
          },
        }
      },
      rsaAesUnwrap: (key, blob, mechanism) => {
        const operations = {
          oaepDecrypt: (first: Uint8Array) => provider.oaepDecrypt(key, first, oaepOf(mechanism)),
          kwpUnwrap: (ephemeral: Uint8Array, second: Uint8Array) => {
            work.kwp.push(`${ephemeral.length}/${second.length}`)
            return provider.kwpUnwrap(ephemeral, second)
          },
          random: systemRandom,
        }
        return unwrapBy(operations, key, blob, mechanism)
      },
    }
  },
}

const countingNode: Counting = {
  name: 'node',
  with: (keks) => {
    const provider = nodeCrypto()
    const rest = [...keks]
    return { ...provider, ...countingCmac(provider), generateRsa: () => copyKey(rest.shift()!) }
  },
}

const providers = [countingPure, countingNode]

/** What came of one call. */
interface Heard {
  /** The whole answer as it travels: status, body and headers. */
  readonly rest: string
  readonly status: number
  readonly body: string
  /** The text of the last message of a speaker; `null` if it said nothing. */
  readonly said: (speaker: string) => string | null
  /** Who spoke, in order, and which word. */
  readonly speakers: readonly string[]
  readonly progress: readonly string[]
  readonly work: Work
}

/** A vault and its HSM, to whom one talks in HTTP, with a key exchange key `kek` made. */
class HostedVault {
  /** Of the key exchange key that it was opened with. */
  version = ''
  readonly enclave: SoftwareEnclave
  readonly #session: Session
  readonly #progress: string[] = []

  private constructor(session: Session, enclave: SoftwareEnclave) {
    this.#session = session
    this.enclave = enclave
    for (const role of ['vault', 'vaultHsm'])
      session.actor(role).on('*', (event: { type: string; role?: string; step?: string }) => this.#progress.push(`${event.type} ${event.role} ${event.step}`))
  }

  static async open(
    counting: Counting,
    kek: RsaPrivateKey,
    { vault = VAULT, name = 'kek', version = null as string | null, expires = null as number | null, later = [] as readonly RsaPrivateKey[] } = {},
  ): Promise<HostedVault> {
    const crypto = counting.with([kek, ...later])
    // Versions are drawn at random; a KEK that files name already is made under their version.
    let wanted = version
    const random = (length: number) => {
      const given = length === 16 ? wanted : null
      if (given !== null) wanted = null
      return given === null ? crypto.random(length) : Uint8Array.from(Buffer.from(given, 'hex'))
    }
    const policy = PROFILES.hardened
    const enclave = softwareEnclave({ crypto: { ...crypto, random }, identity: { vault, signingKey: await crypto.generateEc('P-256') }, policy })
    const session = new Session({ read: readMessage, route: routed, travel: travelled })
    session.add('vault', vaultMachine, { input: { vault, importDisabled: policy.importDisabled, takesOct: true, now: 1000 }, hears: HEARS.vault })
    session.add('vaultHsm', vaultHsmMachine, { hears: HEARS.vaultHsm, enclave: { enclave, conversation: 'vaultHsm' } })
    const hosted = new HostedVault(session, enclave)
    hosted.version = await hosted.makeKek(name, 8 * kek.n.length, expires)
    return hosted
  }

  /** Has a key exchange key made, and returns its version. */
  async makeKek(name: string, bits: number, expires: number | null = null): Promise<string> {
    const made = await this.call(encodeRequest({ type: 'client.createKek', request: 'client-1', name, bits, operations: ['import'], expires }))
    assert.is(made.status, 200, made.rest)
    return versionIn(made)
  }

  /** Sends a request and hears what everybody says until all is quiet. */
  async call(http: HttpRequest, speaker: 'client' | 'officer' = 'client'): Promise<Heard> {
    const session = this.#session
    const before = session.lines.length
    this.#progress.length = 0
    work = structuredClone(NO_WORK)
    session.inject({ from: speaker, to: 'vault', port: 'wire', message: { type: 'http', http } as never })
    await session.run()
    const lines = session.lines.slice(before)
    const answer = lines.at(-1)!.carried as HttpAnswer
    const said = (from: string) => {
      const line = lines.findLast((each) => each.from === from)
      return line ? JSON.stringify(line.message) : null
    }
    const speakers = lines.map(({ from, message }) => `${from}: ${message.type}`)
    return { rest: JSON.stringify(answer), status: answer.status, body: answer.body, said, speakers, progress: [...this.#progress], work }
  }

  now(seconds: number): void {
    this.#session.actor('vault').send({ type: 'app.clock', now: seconds })
  }

  /** Everything that is stored: the HSM's objects, and what the vault remembers. How many calls it made is nobody's to see. */
  stored(): string {
    const { value, context } = this.#session.actor('vault').getSnapshot() as { value: unknown; context: object }
    return JSON.stringify([this.enclave.describe(), value, { ...context, calls: null }])
  }

  close(): void {
    this.#session.stop()
    this.enclave.dispose()
  }
}

function versionIn(heard: Heard): string {
  const version = /\/keys\/[^/]+\/([0-9a-f]{32})"/.exec(heard.body)?.[1]
  if (version === undefined) throw new Error(`no kid in ${heard.body}`)
  return version
}

function routed(from: string, _port: unknown, { type }: { readonly type: string }): string {
  if (from === 'vaultHsm') return 'vault'
  return ['vault.makeKek', 'vault.import', 'vault.destroy'].includes(type) ? 'vaultHsm' : 'client'
}

/** Requests and answers travel as HTTP. Only requests that are messages are sent here. */
function travelled({ from, message }: Envelope) {
  if ('http' in message) {
    const heard = decodeRequest(message.http as HttpRequest, { speaker: from as 'client', reading: 'lenient' })
    if (!heard.ok) throw new Error(`not a request: ${heard.fault.code}`)
    return { carried: message.http, message: heard.value }
  }
  const isAnswer = ['vault.key', 'vault.deleted', 'vault.error'].includes(message.type)
  return { carried: isAnswer ? encodeAnswer(message as VaultAnswer) : undefined, message }
}

/** The body of an import, with anything as `key_hsm`. */
function importRequest(keyHsm: unknown, { kty, crv }: Declared, name = 'imported'): HttpRequest {
  const key = { kty: `${kty}-HSM`, ...(crv === null ? {} : { crv }), key_ops: kty === 'oct' ? ['encrypt', 'decrypt'] : ['sign', 'verify'], key_hsm: keyHsm }
  const body = JSON.stringify({ key, attributes: { enabled: false } })
  return { method: 'PUT', path: `/keys/${name}?api-version=7.6`, body, headers: { 'x-ms-client-request-id': 'client-2' } }
}

interface Declared {
  readonly kty: string
  readonly crv: Curve | null
}
const declaredBy = (vector: Vector): Declared => ({ kty: text(vector, 'kty').replace('-HSM', ''), crv: (vector['crv'] as Curve | undefined) ?? null })

const base64url = (octets: Uint8Array | string): string => Buffer.from(octets).toString('base64url')

/** A transfer file as an attacker would write it: nobody checks what is in it. */
const fileText = (kid: string, blob: Uint8Array, changed: object = {}, header: object = {}): string =>
  JSON.stringify({ schema_version: '1.0.0', header: { kid, alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP', ...header }, ciphertext: base64url(blob), ...changed })
const kidOf = (version: string, name = 'kek', vault = VAULT): string => `${vault}/keys/${name}/${version}`

/** Asserts that one refusal is like every other one. `asked` is the number of the vault's call to its HSM, or `null` where it makes none. */
function assertAlike(heard: Heard, asked: number | null): void {
  assert.is(heard.rest, SAID.rest)
  assert.is(heard.said('vault'), SAID.vault)
  assert.equal(heard.speakers, asked === null ? NOT_ASKED : ASKED)
  assert.equal(heard.progress, asked === null ? ['progress vault refused'] : ['progress vaultHsm refused', 'progress vault refused'])
  assert.is(heard.said("vaultHsm's enclave"), asked === null ? null : SAID.enclave)
  assert.is(heard.said('vaultHsm'), asked === null ? null : SAID.vaultHsm(asked))
  if (asked === null) assert.equal(heard.work, NO_WORK)
}

const blobs = load('byok/transfer-blob')
const blobOf = (id: string): Vector => blobs.tests.find((vector) => vector.id === id)!
const keks = new Map<string, RsaPrivateKey>()
function kekOf(vector: Vector): RsaPrivateKey {
  const name = text(vector, 'kek')
  if (!keks.has(name)) keks.set(name, keyOf(blobs, vector, 'kek'))
  return keks.get(name)!
}

/** What a blob costs whose length fits, refused or not: known from lengths and from what the request declares. */
const costOf = (kek: RsaPrivateKey, blob: Uint8Array, { kty }: Declared): Work => ({
  rsa: 1,
  kwp: [`32/${blob.length - kek.n.length}`],
  cmac: kty === 'oct' ? 1 : 0,
})

/** No vault has a KEK of 1024 bits; on what such a blob meets see the vectors of the core. */
const NO_SUCH_KEK = ['split_kek_of_1024_bits']
/** The lengths that fit another KEK. All others are seen in the file, before the HSM is asked. */
const FIT_ANOTHER_KEK = ['split_c2_too_long', 'split_for_a_smaller_kek']

const faulty = suite('faulty blobs')
const invalid = blobs.tests.filter(({ id, result }) => result === 'invalid' && !NO_SUCH_KEK.includes(id))

faulty('BYOK-16 every check of an unwrap has blobs that fail it', () => {
  const checks = new Map<unknown, number>()
  for (const { check } of invalid) checks.set(check, (checks.get(check) ?? 0) + 1)
  assert.equal([...checks.keys()].sort(), ['U1', 'U10', 'U2', 'U3', 'U4', 'U5', 'U6', 'U7', 'U8', 'U9', 'split'])
  assert.ok([...checks.values()].every((count) => count >= 3))
  assert.is(invalid.length, blobs.tests.filter(({ result }) => result === 'invalid').length - 1)
})

for (const vector of invalid)
  for (const counting of providers) {
    const check = text(vector, 'check')
    const cited = check === 'U8' ? 'BYOK-16 BYOK-19' : 'BYOK-16 BYOK-50'
    faulty(`${cited} ${check} ${vector.id}: one answer, one cost, nothing stored (${counting.name})`, async () => {
      const [kek, blob, declared] = [kekOf(vector), bytes(vector, 'blob'), declaredBy(vector)]
      const asked = check !== 'split' || FIT_ANOTHER_KEK.includes(vector.id)
      const vault = await HostedVault.open(counting, kek)
      const kid = kidOf(vault.version)
      const before = vault.stored()

      const refused = await vault.call(importRequest(base64url(fileText(kid, blob)), declared))
      assertAlike(refused, asked ? 2 : null)
      if (asked) assert.equal(refused.work, check === 'split' ? NO_WORK : costOf(kek, blob, declared))
      assert.is(vault.stored(), before)

      // The same target under the same name: had a refusal been remembered, this would be a replay.
      const target = declared.kty === 'RSA' ? 'rsa_2048' : declared.kty === 'oct' ? 'oct_256' : declared.crv === 'P-256K' ? 'ec_p_256k' : 'ec_p_256'
      const good = blobOf(`kek_${8 * kek.n.length}_${target}`)
      const imported = await vault.call(importRequest(base64url(fileText(kid, bytes(good, 'blob'))), declaredBy(good)))
      assert.is(imported.status, 200)
      assert.equal(imported.work, costOf(kek, bytes(good, 'blob'), declared))
      assert.is(vault.enclave.describe().length, 2)
      vault.close()
    })
  }

faulty.run()

const GOOD = blobOf('kek_2048_ec_p_256')
const EC = declaredBy(GOOD)
const goodKek = kekOf(GOOD)
const goodBlob = bytes(GOOD, 'blob')

/** Imports the good blob, which nothing has used up so far. */
async function assertGoodComesIn(vault: HostedVault, kid: string): Promise<void> {
  const imported = await vault.call(importRequest(base64url(fileText(kid, goodBlob)), EC))
  assert.is(imported.status, 200, imported.rest)
  assert.equal(imported.work, costOf(goodKek, goodBlob, EC))
}

const split = suite('faulty lengths, at the enclave itself')
const LENGTHS: readonly (readonly [title: string, ciphertext: string])[] = [
  ...invalid.filter(({ check, kek }) => check === 'split' && kek === 'kek-2048').map((vector) => [vector.id, base64url(bytes(vector, 'blob'))] as const),
  ['no base64url', 'not base64url!'],
  ['spare bits', `${base64url(goodBlob.subarray(0, 280)).slice(0, -1)}B`],
  ['more than an enclave reads', base64url(new Uint8Array(8200))],
]

for (const counting of providers)
  for (const [title, ciphertext] of LENGTHS)
    split(`BYOK-50 BYOK-61 ${title} (${counting.name})`, async () => {
      const vault = await HostedVault.open(counting, goodKek)
      const [kek] = vault.enclave.describe()
      const before = vault.stored()
      work = structuredClone(NO_WORK)
      const answer = await vault.enclave.perform('another', {
        type: 'importTransfer',
        kek: kek!.handle,
        ciphertext,
        name: 'imported',
        kty: 'EC',
        crv: 'P-256',
        operations: ['sign', 'verify'],
      })
      assert.is(JSON.stringify(answer), SAID.enclave)
      assert.equal(work, NO_WORK)
      assert.is(vault.stored(), before)
      await assertGoodComesIn(vault, kidOf(vault.version))
      vault.close()
    })

split.run()

const files = suite('faulty files')
const CONTOSO = 'https://contoso.vault.azure.net'
const transferFiles = load('byok/transfer-file')

/** The good files carry good blobs. Declared as what none of them is, those are refused as well, after all of the work. */
const ELSE: Declared = { kty: 'EC', crv: 'P-384' }

for (const counting of providers) {
  let hosted: HostedVault
  let calls = 1
  files.before(async () => {
    hosted = await HostedVault.open(counting, goodKek, { vault: CONTOSO, name: 'import-kek', version: '4deed32b9a39b4416503dcabb84ca201' })
  })
  for (const vector of transferFiles.tests) {
    const asked = vector.result !== 'invalid' && text(vector, 'kid').startsWith(CONTOSO)
    files(
      `${vector.requirement} BYOK-114 ${vector.id}: ${asked ? 'a good file, refused for its blob' : 'refused without a look at the blob'} (${counting.name})`,
      async () => {
        const before = hosted.stored()
        const refused = await hosted.call(importRequest(text(vector, 'file'), ELSE))
        assertAlike(refused, asked ? ++calls : null)
        if (asked) {
          const blob = bytes(vector, 'ciphertext')
          // One of them is as long as a blob for the largest KEK can be.
          assert.equal(refused.work, blob.length <= goodKek.n.length + 4096 ? costOf(goodKek, blob, ELSE) : NO_WORK)
        }
        assert.is(hosted.stored(), before)
      },
    )
  }
  files(`BYOK-17 after all of them the good blob comes in (${counting.name})`, async () => {
    assert.is(calls - 1, 32)
    await assertGoodComesIn(hosted, kidOf(hosted.version, 'import-kek', CONTOSO))
    hosted.close()
  })
}

files.run()

/** Files that are good but for one thing, with a good blob inside: whoever looks past the fault imports a key. */
const SPOILED: readonly (readonly [title: string, spoil: (kid: string, good: string) => string | Uint8Array])[] = [
  ['BYOK-11 another enc', (kid) => fileText(kid, goodBlob, {}, { enc: 'CKM_RSA_AES_KEY_WRAP_SHA_256' })],
  ['BYOK-11 an alg that says how the blob was made', (kid) => fileText(kid, goodBlob, {}, { alg: 'RSA-OAEP' })],
  ['BYOK-11 the schema version of the opposite direction', (kid) => fileText(kid, goodBlob, { schema_version: '1.0' })],
  ['BYOK-88 alg in capitals', (kid) => fileText(kid, goodBlob, {}, { alg: 'DIR' })],
  ['BYOK-81 no schema version', (kid) => fileText(kid, goodBlob, { schema_version: undefined })],
  ['BYOK-82 a header in base64url', (kid, good) => JSON.stringify({ ...JSON.parse(good), header: base64url(JSON.stringify({ kid })) })],
  ['BYOK-90 a kid that stands twice', (kid, good) => good.replace('"kid"', `"kid":"${kid}","kid"`)],
  ['BYOK-90 a ciphertext that stands twice', (_, good) => good.replace('"ciphertext"', '"ciphertext":"","ciphertext"')],
  ['BYOK-91 padding where none belongs', (kid) => fileText(kid, goodBlob, { ciphertext: `${base64url(goodBlob)}=` })],
  ['BYOK-92 a line feed behind the ciphertext', (kid) => fileText(kid, goodBlob, { ciphertext: `${base64url(goodBlob)}\n` })],
  ['BYOK-92 the ciphertext in hexadecimal, in quotes', (kid) => fileText(kid, goodBlob, { ciphertext: `'${Buffer.from(goodBlob).toString('hex')}'` })],
  ['BYOK-97 a generator of 1025 characters', (kid) => fileText(kid, goodBlob, { generator: 'g'.repeat(1025) })],
  ['BYOK-80 cut off', (_, good) => good.slice(0, -1)],
  ['BYOK-80 a zero byte behind', (_, good) => `${good}\0`],
  ['BYOK-94 a byte that is no UTF-8', (_, good) => Buffer.concat([Buffer.from(good.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')])],
  ['BYOK-95 UTF-16', (_, good) => Buffer.from(`\ufeff${good}`, 'utf16le')],
  ['BYOK-96 padded beyond 64 KiB', (_, good) => good + ' '.repeat(65537 - good.length)],
  ['BYOK-83 a kid with a query', (kid) => fileText(`${kid}?api-version=7.6`, goodBlob)],
  ['BYOK-83 a kid without its version', (kid) => fileText(kid.slice(0, kid.lastIndexOf('/')), goodBlob)],
  ['BYOK-36 the same name and version in another vault', (kid) => fileText(kid.replace('hsm1', 'hsm2'), goodBlob)],
  [
    'BYOK-38 a version that the vault does not have',
    (kid) =>
      fileText(
        kid.replace(/[0-9a-f]$/, (last) => (last === '0' ? '1' : '0')),
        goodBlob,
      ),
  ],
  ['BYOK-114 a name that the vault does not have', (kid) => fileText(kid.replace('/kek/', '/kek2/'), goodBlob)],
]

/** What may stand for `key_hsm` that is no file at all. */
const NO_FILES: readonly (readonly [title: string, keyHsm: (good: string) => unknown])[] = [
  ['a number', () => 7],
  ['a truth value', () => true],
  ['a list', (good) => [good]],
  ['an object', (good) => ({ value: good })],
  ['no characters', () => ''],
  ['one character', () => 'A'],
  ['a character of no alphabet', (good) => `${good}*`],
  ['a line feed behind', (good) => `${good}\n`],
  ['padding that does not belong', (good) => `${good}====`],
  ['both alphabets', (good) => `+-${good}`],
  ['the file itself, not encoded', (good) => Buffer.from(good, 'base64url').toString()],
  ['encoded twice', (good) => base64url(good)],
  ['longer than any file', () => 'A'.repeat(87_386)],
]

const spoiled = suite('files with a good blob inside')
for (const counting of providers) {
  for (const [title, spoil] of SPOILED)
    spoiled(`${title} (${counting.name})`, async () => {
      const vault = await HostedVault.open(counting, goodKek)
      const [kid, before] = [kidOf(vault.version), vault.stored()]
      assertAlike(await vault.call(importRequest(base64url(spoil(kid, fileText(kid, goodBlob))), EC)), null)
      assert.is(vault.stored(), before)
      await assertGoodComesIn(vault, kid)
      vault.close()
    })
  for (const [title, keyHsm] of NO_FILES)
    spoiled(`BYOK-106 BYOK-114 key_hsm is ${title} (${counting.name})`, async () => {
      const vault = await HostedVault.open(counting, goodKek)
      const [kid, before] = [kidOf(vault.version), vault.stored()]
      assertAlike(await vault.call(importRequest(keyHsm(base64url(fileText(kid, goodBlob))), EC)), null)
      assert.is(vault.stored(), before)
      await assertGoodComesIn(vault, kid)
      vault.close()
    })
}
spoiled.run()

/** How a vault comes to refuse a good blob in a good file. */
interface State {
  readonly title: string
  readonly options?: NonNullable<Parameters<typeof HostedVault.open>[2]>
  /** Brings the vault into the state, and returns the file that is refused. */
  readonly prepare: (vault: HostedVault, counting: Counting) => Promise<string> | string
  readonly declared?: Declared
  /** The call with which the HSM is asked, and the blob it then opens; the vault knows by itself where this is absent. */
  readonly asked?: { readonly call: number; readonly blob: Uint8Array }
  /** Where the state passes: brings the vault out of it, and the good blob comes in. */
  readonly mend?: (vault: HostedVault) => Promise<unknown> | void
}

const setEnabled = (vault: HostedVault, enabled: boolean) =>
  vault.call(encodeRequest({ type: 'officer.setEnabled', request: 'officer-1', name: 'kek', version: vault.version, enabled }), 'officer')

async function importFirst(vault: HostedVault, id: string): Promise<Heard> {
  const vector = blobOf(id)
  const imported = await vault.call(importRequest(base64url(fileText(kidOf(vault.version), bytes(vector, 'blob'))), declaredBy(vector), 'first'))
  assert.is(imported.status, 200, imported.rest)
  return imported
}

const OCT = blobOf('kek_2048_oct_256')
const octBlob = bytes(OCT, 'blob')
/** Another blob of the same key. */
const secondWrap = nodeCrypto().rsaAesWrap({ type: 'RSA', n: goodKek.n, e: goodKek.e }, systemRandom(32), bytes(OCT, 'payload'), AZURE_MECHANISM)

const STATES: readonly State[] = [
  {
    title: 'BYOK-39 a disabled key exchange key',
    prepare: async (vault) => {
      assert.is((await setEnabled(vault, false)).status, 200)
      return fileText(kidOf(vault.version), goodBlob)
    },
    mend: (vault) => setEnabled(vault, true),
  },
  {
    title: 'BYOK-39 an expired key exchange key',
    options: { expires: 2000 },
    prepare: (vault) => {
      vault.now(2000)
      return fileText(kidOf(vault.version), goodBlob)
    },
  },
  {
    title: 'BYOK-40 a deleted key exchange key',
    prepare: async (vault) => {
      assert.is((await vault.call(encodeRequest({ type: 'client.deleteKek', request: 'client-1', name: 'kek' }))).status, 200)
      return fileText(kidOf(vault.version), goodBlob)
    },
  },
  {
    title: 'BYOK-35 an imported key instead of a key exchange key',
    prepare: async (vault) => fileText(kidOf(versionIn(await importFirst(vault, 'kek_2048_oct_256')), 'first'), goodBlob),
    mend: () => {},
  },
  {
    title: 'BYOK-15 another key exchange key than the one of the blob',
    options: { later: [kekOf({ ...GOOD, kek: 'kek-2048-other' })] },
    prepare: async (vault) => fileText(kidOf(await vault.makeKek('kek2', 2048), 'kek2'), goodBlob),
    asked: { call: 3, blob: goodBlob },
    mend: () => {},
  },
  {
    title: 'BYOK-22 a blob that was imported before',
    prepare: async (vault) => {
      await importFirst(vault, OCT.id)
      return fileText(kidOf(vault.version), octBlob)
    },
    declared: declaredBy(OCT),
    asked: { call: 3, blob: octBlob },
    mend: () => {},
  },
  {
    title: 'BYOK-22 another blob of a key that was imported before',
    prepare: async (vault) => {
      await importFirst(vault, OCT.id)
      return fileText(kidOf(vault.version), secondWrap)
    },
    declared: declaredBy(OCT),
    asked: { call: 3, blob: secondWrap },
    mend: () => {},
  },
  {
    title: 'BYOK-22 a blob whose key is destroyed',
    prepare: async (vault) => {
      await importFirst(vault, OCT.id)
      const imported = vault.enclave.describe().find(({ operations }) => !operations.includes('import'))
      await vault.enclave.perform('vaultHsm', { type: 'destroyKey', key: imported!.handle })
      return fileText(kidOf(vault.version), octBlob)
    },
    declared: declaredBy(OCT),
    asked: { call: 3, blob: octBlob },
    mend: () => {},
  },
]

const states = suite('good files that are refused')
for (const counting of providers)
  for (const { title, options = {}, prepare, declared = EC, asked, mend } of STATES)
    states(`${title} BYOK-17 BYOK-114 (${counting.name})`, async () => {
      const vault = await HostedVault.open(counting, goodKek, options)
      const file = base64url(await prepare(vault, counting))
      const before = vault.stored()
      const refused = await vault.call(importRequest(file, declared))
      assertAlike(refused, asked?.call ?? null)
      if (asked) assert.equal(refused.work, costOf(goodKek, asked.blob, declared))
      assert.is(vault.stored(), before)
      if (mend) {
        await mend(vault)
        await assertGoodComesIn(vault, kidOf(vault.version))
      }
      vault.close()
    })
states.run()

const accidents = suite('a provider that throws')
const ACCIDENTS: readonly (readonly [operation: 'rsaAesUnwrap' | 'checkPrivateKey' | 'digest' | 'ecdsaSign' | 'cmac', vector: Vector])[] = [
  ['rsaAesUnwrap', GOOD],
  ['checkPrivateKey', GOOD],
  ['digest', GOOD],
  ['ecdsaSign', GOOD],
  ['cmac', OCT],
]
for (const counting of providers)
  for (const [operation, vector] of ACCIDENTS)
    accidents(`BYOK-50 BYOK-157 in ${operation} shows no more than a bad blob (${counting.name})`, async () => {
      let broken = false
      const breaking: Counting = {
        name: counting.name,
        with: (keks) => {
          const crypto = counting.with(keks)
          const breaks = (...given: unknown[]): unknown => {
            if (broken) throw new Error(`${operation} failed inside`)
            return (crypto[operation] as (...given: unknown[]) => unknown)(...given)
          }
          return { ...crypto, [operation]: breaks }
        },
      }
      const vault = await HostedVault.open(breaking, goodKek)
      const request = importRequest(base64url(fileText(kidOf(vault.version), bytes(vector, 'blob'))), declaredBy(vector))
      const before = vault.stored()
      broken = true
      assertAlike(await vault.call(request), 2)
      assert.is(vault.stored(), before)
      broken = false
      assert.is((await vault.call(request)).status, 200)
      vault.close()
    })
accidents.run()
