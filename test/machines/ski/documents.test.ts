/**
 * What a run leaves behind on paper, judged by openssl: the certificate of K2, and K2 as the CA has archived it, for every
 * kind of key pair. The runs are whole ones, on bytes, through all roles.
 *
 * How requests, certificates and envelopes are built is tested in `test/pki`; what a card does with a key, in `test/ski`.
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ArchiveRecord } from '../../../machines/ski/archive.js'
import { roleName } from '../../../machines/ski/injections.js'
import { Ledger } from '../../../machines/ledger.js'
import type { Line } from '../../../machines/session.js'
import type { RsaPrivateKey } from '../../../src/crypto/keys.js'
import type { WitnessedSecret } from '../../../src/enclave/witness.js'
import type { SkiKeyKind } from '../../../src/ski/enclave/commands.js'
import { SKI_PROFILES, type SkiPolicy, type Way } from '../../../src/ski/policy.js'
import { skiWorld, type SkiWorld } from '../../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { openssl, opensslMissing } from '../../crypto/openssl.js'
import { stocked } from '../../enclave/support.js'
import { pem } from '../../pki/keys.js'
import { skip } from '../../skip.js'
import { given } from '../../support/folder.js'

const documents = suite('documents of a run')

const unb64 = (text: string): Buffer => Buffer.from(text, 'base64url')

/** One run that has ended well, with everything that it left. */
interface Run {
  readonly world: SkiWorld
  readonly certificate: Buffer
  readonly container: number
  readonly records: readonly ArchiveRecord[]
  readonly lines: readonly Line[]
  /** What the card's enclave holds, as its witness was told. */
  readonly onCard: readonly WitnessedSecret[]
}

/** Builds a world for one run and runs it. */
async function run(secret: SkiKeyKind, { way = 'session', policy = {}, agents = [] }: { way?: Way; policy?: Partial<SkiPolicy>; agents?: Agent[] } = {}) {
  const onCard: WitnessedSecret[] = []
  const witness = ({ name, bytes, enclave }: WitnessedSecret) => void onCard.push({ name, enclave, bytes: Uint8Array.from(bytes) })
  const world = await skiWorld({ crypto: stocked(nodeCrypto()), policy: { ...SKI_PROFILES.hardened, ...policy }, watched: false, cardEnclave: { witness } })
  const request = world.request({ way, secret })
  const { injection } = request.server
  assert.is(injection.what, 'keyPair')
  const certified: Buffer[] = []
  for (const { key, subject } of agents) certified.push(Buffer.from(await world.authority.certifyAgent(subject, { type: 'RSA', n: key.n, e: key.e })))
  const named = { ...injection, agents: [...('agents' in injection ? injection.agents : []), ...certified.map((one) => one.toString('base64url'))] }
  const report = await world.injections.inject({ ...request, server: { ...request.server, injection: named } })
  if (report.client?.ok !== true || report.server?.ok !== true) throw new Error(`the run failed: ${JSON.stringify(report)}`)
  const { session } = world.injections
  const { records } = (session.actor('archive').getSnapshot() as unknown as { context: { records: readonly ArchiveRecord[] } }).context
  const certificate = unb64(report.server.certificate ?? '')
  assert.equal(unb64(report.client.certificate ?? ''), certificate, 'both ends have the same certificate')
  assert.is(report.server.archived, records.length > 0)
  const { container } = report.server
  if (container === null) throw new Error('the run names no container')
  return { world, certificate, container, records, lines: session.lines, onCard, certified } satisfies Run & { certified: Buffer[] }
}

/** A recovery agent beside the one that every world has. */
interface Agent {
  readonly subject: string
  readonly key: RsaPrivateKey
}

/** A private key of ours as a PEM file for openssl. */
function keyFileOf({ n, e, d, p, q, dp, dq, qi }: RsaPrivateKey): string {
  const text = Object.fromEntries(Object.entries({ n, e, d, p, q, dp, dq, qi }).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64url')]))
  return given('agent.key', createPrivateKey({ key: { kty: 'RSA', ...text }, format: 'jwk' }).export({ format: 'pem', type: 'pkcs8' }))
}

/** The archive's envelope as openssl opens it. */
function opened(envelope: Buffer, certificate: Uint8Array, key: RsaPrivateKey): Buffer {
  const recipient = given('agent.pem', pem('CERTIFICATE', certificate))
  return Buffer.from(openssl(`cms -decrypt -binary -inform DER -in ${given('archive.p7m', envelope)} -inkey ${keyFileOf(key)} -recip ${recipient}`))
}

/** The public key of a certificate, by openssl. DER SubjectPublicKeyInfo. */
const certifiedKey = (certificate: Buffer): Buffer => Buffer.from(openssl('pkey -pubin -outform DER', openssl('x509 -inform DER -noout -pubkey', certificate)))

/** Whether openssl accepts a certificate under a CA's, with no doubt about either; at a time when both are valid. */
const verifies = (certificate: Buffer, authority: Uint8Array): void => {
  const [ca, leaf] = [given('ca.pem', pem('CERTIFICATE', authority)), given('leaf.pem', pem('CERTIFICATE', certificate))]
  assert.match(Buffer.from(openssl(`verify -x509_strict -attime 1800000000 -CAfile ${ca} ${leaf}`)).toString(), /: OK\n$/)
}

/** Where the private key is in the numbers of a key: `d` says it of both types. */
const privateNumber = (key: KeyObject): Buffer => unb64(key.export({ format: 'jwk' }).d!)

/** Certificate, archive and card speak of one key; openssl is the judge of certificate and archive. */
function agree({ world, certificate, container, records, onCard }: Run): void {
  verifies(certificate, world.caCertificate)
  const spki = certifiedKey(certificate)
  const held = world.cards['card']!.enclave.describe().containers.find((one) => one.container === container)
  assert.equal([held?.purpose, held?.origin, held?.spki], ['user', 'imported', spki.toString('base64url')], 'the key on the card')

  assert.equal([records.length, records[0]?.final], [1, true])
  const pkcs8 = opened(unb64(records[0]!.envelope), world.agent.certificate, world.agent.key)
  assert.equal(Buffer.from(openssl('pkey -inform DER -pubout -outform DER', pkcs8)), spki, 'the key in the archive')
  assert.match(Buffer.from(openssl('pkey -inform DER -check -noout', pkcs8)).toString(), /valid/)

  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  assert.ok(createPublicKey(key).equals(createPublicKey({ key: spki, format: 'der', type: 'spki' })))
  const number = privateNumber(key)
  assert.ok(
    onCard.some(({ bytes }) => number.equals(bytes)),
    'the private key in the archive is the one on the card',
  )
}

/** Lines that somebody reads who is neither server nor CA. */
const seenOutside = ({ port, from, to }: Line): boolean => port === 'wire' || [from, to].some((name) => /^(?:client|minidriver|card|holder)\b/.test(name))

/** How often an archived key can be read in lines: whole, or by the end of its ciphertext, in any spelling. */
function sightings(records: readonly ArchiveRecord[], lines: readonly Line[]): number {
  const ledger = new Ledger()
  for (const { envelope } of records)
    for (const bytes of [unb64(envelope), unb64(envelope).subarray(-64)]) ledger.witness({ name: 'archive', enclave: 'archive', bytes })
  for (const { number, message, carried } of lines) ledger.show('message', String(number), [message, carried])
  return ledger.leaks().length
}

/** The number of the first line that carries a message of a type. */
const lineOf = (lines: readonly Line[], type: string): number => lines.find(({ message }) => message.type === type)?.number ?? Number.NaN

if (opensslMissing !== null) skip(documents, 'beside openssl', opensslMissing)
else {
  for (const kind of ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-P-256', 'ec-P-384', 'ec-P-521'] as const)
    documents(`SKI-261 SKI-264 SKI-265 ${kind}: certificate, archive and card agree`, async () => {
      const ran = await run(kind)
      agree(ran)
      assert.match(Buffer.from(openssl('x509 -inform DER -noout -subject -nameopt RFC2253', ran.certificate)).toString(), /^subject=CN=Test User,O=Keyferry\n$/)
    })

  for (const way of ['agreement', 'shared', 'derived'] as const)
    documents(`SKI-261 SKI-264 the way ${way}: certificate, archive and card agree`, async () => agree(await run('ec-P-256', { way })))

  documents('SKI-261 SKI-264 the published profile: certificate, archive and card agree', async () =>
    agree(await run('rsa-2048', { policy: SKI_PROFILES.published })),
  )

  documents('SKI-260 SKI-261 archived first: before anything is sent, and final after the card has it', async () => {
    const ran = await run('ec-P-256')
    agree(ran)
    const order = ['server.archive', 'server.sealed', 'client.installed', 'server.commit'].map((type) => lineOf(ran.lines, type))
    assert.equal(
      order,
      order.toSorted((a, b) => a - b),
    )
  })

  documents('SKI-260 SKI-261 archived last: after the card has it', async () => {
    for (const kind of ['rsa-2048', 'ec-P-256'] as const) {
      const ran = await run(kind, { policy: { archive: 'last' } })
      agree(ran)
      const order = ['server.sealed', 'client.installed', 'server.archive', 'server.commit'].map((type) => lineOf(ran.lines, type))
      assert.equal(
        order,
        order.toSorted((a, b) => a - b),
      )
    }
  })

  documents('SKI-260 SKI-264 not archived: a certificate all the same', async () => {
    const { world, certificate, container, records, lines } = await run('ec-P-384', { policy: { archive: 'none' } })
    verifies(certificate, world.caCertificate)
    const held = world.cards['card']!.enclave.describe().containers.find((one) => one.container === container)
    assert.is(held?.spki, certifiedKey(certificate).toString('base64url'))
    assert.equal([records, lineOf(lines, 'server.archive')], [[], Number.NaN])
  })

  documents('SKI-265 two recovery agents: each opens it, and finds the same key', async () => {
    const second = { subject: 'CN=Second Agent,O=Keyferry', key: await nodeCrypto().generateRsa(2048) }
    const ran = await run('ec-P-256', { agents: [second] })
    agree(ran)
    const envelope = unb64(ran.records[0]!.envelope)
    assert.equal(opened(envelope, ran.certified[0]!, second.key), opened(envelope, ran.world.agent.certificate, ran.world.agent.key))
  })

  documents("SKI-264 SKI-265 another CA's word, and another agent's key, are worth nothing", async () => {
    const [ran, other] = [await run('ec-P-256'), await run('ec-P-256')]
    assert.throws(() => verifies(ran.certificate, other.world.caCertificate), /error 20 at 0 depth/)
    assert.throws(() => opened(unb64(ran.records[0]!.envelope), other.world.agent.certificate, other.world.agent.key), /Error decrypting CMS/)
  })
}

for (const archive of ['first', 'last'] as const)
  documents(`SKI-262 archived ${archive}: nobody but server and CA sees what is archived`, async () => {
    for (const kind of ['rsa-2048', 'ec-P-256'] as const) {
      const { records, lines } = await run(kind, { policy: { archive } })
      const outside = lines.filter(seenOutside)
      assert.ok(outside.some(({ from }) => from === roleName('client')) && outside.some(({ to }) => to === roleName('client')))
      assert.is(sightings(records, outside), 0)
      assert.ok(sightings(records, lines) > 0, 'it can be seen where it is carried')
    }
  })

documents.run()
