/**
 * Certificates and archives on real documents: what the CA's enclave and the server's make, openssl takes. And what the CA
 * refuses, with each of its rules switched off.
 * @module
 */
import * as native from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { isPromise } from '../../../src/enclave/steps.js'
import { AUTHORITY_RULES, type AuthorityRuleName, type SoftwareAuthority } from '../../../src/ski/enclave/authority.js'
import { isRequestFor } from '../../../src/ski/enclave/server-documents.js'
import type { AuthorityAnswer, AuthorityCommand, SkiKeyKind } from '../../../src/ski/enclave/commands.js'
import type { Pki } from '../../../src/ski/pki.js'
import { accept } from '../../../src/verdict.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { pkijsPki } from '../../../tools/pki/index.js'
import { gated } from '../../enclave/support.js'
import { skip } from '../../skip.js'
import { b64, unb64 } from './card-node.js'
import { agentOf, authorityOf, keyOf, openssl, VALIDITY } from './authority-support.js'
import { fingerprintOf, openAsCard, pairOf } from './server-node.js'
import { ask, composed, faultOf, make, refused, say, sealing, type Composed, type Subject } from './server-support.js'

const authority = suite("CA's enclave and documents")
const withOpenssl = openssl(['version']) !== null

const tell = async (ca: SoftwareAuthority, command: unknown, conversation = 'a'): Promise<AuthorityAnswer | null> =>
  ca.perform(conversation, command as AuthorityCommand)

/** A request of a server for a K2 of a kind. */
async function requested(
  kind: SkiKeyKind,
  subject = make({ policy: { sealedData: 'published' } }),
): Promise<{ at: Composed; request: string; subject: Subject }> {
  const at = await composed(subject, { k2: kind })
  const { request } = await ask(subject, 'c', { type: 'requestCertificate', key: at.k2, subject: 'CN=Jane Doe,O=Example' }, 'enclave.certificateRequested')
  return { at, request, subject }
}

/** Does something with files that openssl reads. */
function withFiles<T>(files: Readonly<Record<string, Uint8Array | string>>, use: (path: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    return use((name) => join(folder, name))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
const pem = (label: string, der: Uint8Array): string =>
  [
    `-----BEGIN ${label}-----`,
    ...Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g)!,
    `-----END ${label}-----`,
    '',
  ].join('\n')

for (const [caKind, kind] of [
  ['ec-P-256', 'ec-P-256'],
  ['ec-P-384', 'rsa-2048'],
  ['rsa-2048', 'ec-P-521'],
  ['rsa-3072', 'ec-P-384'],
] as const) {
  const title = `SKI-263 SKI-264 a K2 of kind ${kind} requests a certificate, and a CA of kind ${caKind} issues it: openssl verifies both`
  if (!withOpenssl) skip(authority, title, 'openssl is not installed')
  else
    authority(title, async () => {
      const { at, request } = await requested(kind)
      const ca = authorityOf(caKind)
      const issued = await tell(ca, { type: 'issueCertificate', request })
      assert.ok(issued?.type === 'enclave.certificateIssued', JSON.stringify(issued))
      assert.is(issued.fingerprint, at.fingerprint)
      const certificate = unb64(issued.certificate)
      withFiles(
        {
          'request.pem': pem('CERTIFICATE REQUEST', unb64(request)),
          'ca.pem': pem('CERTIFICATE', await ca.certificate()),
          'user.pem': pem('CERTIFICATE', certificate),
        },
        (path) => {
          assert.ok(openssl(['req', '-in', path('request.pem'), '-verify', '-noout']))
          assert.match(openssl(['req', '-in', path('request.pem'), '-subject', '-noout', '-nameopt', 'RFC2253'])!.toString(), 'CN=Jane Doe,O=Example')
          assert.match(openssl(['verify', '-attime', '1800000000', '-x509_strict', '-CAfile', path('ca.pem'), path('user.pem')])!.toString(), 'OK')
        },
      )
      const read = new native.X509Certificate(certificate)
      assert.equal(read.publicKey.export({ type: 'spki', format: 'der' }), at.spki)
      assert.is(read.ca, false)
      assert.ok(/^[4-7][0-9A-F]{31}$/.test(read.serialNumber), read.serialNumber)
      assert.is(Date.parse(read.validFrom) / 1000, VALIDITY.notBefore)
      assert.is(Date.parse(read.validTo) / 1000, VALIDITY.notAfter)
    })
}

for (const kind of ['ec-P-256', 'rsa-2048'] as const) {
  const title = `SKI-265 a K2 of kind ${kind} goes to two recovery agents: openssl opens it for each, and it is the key on the card`
  if (!withOpenssl) skip(authority, title, 'openssl is not installed')
  else
    authority(title, async () => {
      const subject = make({ policy: { sealedData: 'published', archive: 'first' } })
      const at = await composed(subject, { k2: kind })
      const agents = [await agentOf('rsa-2048', 0), await agentOf('rsa-3072', 1)]
      const command = { type: 'envelopeKey', key: at.k2, agents: agents.map(({ certificate }) => b64(certificate)) } as const
      const { envelope, fingerprint } = await ask(subject, 'c', command, 'enclave.keyEnveloped')
      assert.is(fingerprint, at.fingerprint)
      // Archived first (SKI-260), now it may be sealed: one object, so one key (SKI-261).
      const { blobs } = await ask(subject, 'c', sealing(at), 'enclave.mdEncrypted')
      const onCard = openAsCard(at.session, 'published', at.iv, blobs).structure
      for (const { pair, certificate } of agents) {
        const files = {
          'envelope.der': unb64(envelope),
          'agent.pem': pem('CERTIFICATE', certificate),
          'key.pem': pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        }
        const opened = withFiles(files, (path) =>
          openssl(['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', path('envelope.der'), '-recip', path('agent.pem'), '-inkey', path('key.pem')]),
        )
        const key = native.createPrivateKey({ key: opened!, format: 'der', type: 'pkcs8' })
        assert.equal(native.createPublicKey(key).export({ type: 'spki', format: 'der' }), at.spki)
        const { d } = key.export({ format: 'jwk' })
        const secret = unb64(d!)
        // The card's form of an EC scalar ends with it; CAPI has the exponent last, and little-endian.
        assert.equal(
          kind === 'ec-P-256' ? onCard.subarray(-32) : Buffer.from(onCard.subarray(-256)).reverse(),
          Buffer.concat([Buffer.alloc((kind === 'ec-P-256' ? 32 : 256) - secret.length), secret]),
        )
      }
      const stranger = pairOf('rsa-2048', 7)
      const files = { 'envelope.der': unb64(envelope), 'key.pem': stranger.privateKey.export({ type: 'pkcs8', format: 'pem' }) }
      assert.is(
        withFiles(files, (path) => openssl(['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', path('envelope.der'), '-inkey', path('key.pem')])),
        null,
      )
    })
}

authority('SKI-265 each archive has a content key and an IV of its own', async () => {
  const subject = make({ policy: { sealedData: 'published' } })
  const at = await composed(subject)
  const command = { type: 'envelopeKey', key: at.k2, agents: [b64((await agentOf('rsa-2048')).certificate)] } as const
  const envelopes = [await ask(subject, 'c', command, 'enclave.keyEnveloped'), await ask(subject, 'c', command, 'enclave.keyEnveloped')]
  assert.is.not(envelopes[0]!.envelope, envelopes[1]!.envelope)
  const keys = subject.secrets.filter(({ name }) => name === 'archive content key')
  assert.equal([keys.length, keys[0]!.bytes.length], [2, 32])
  assert.is.not(Buffer.compare(keys[0]!.bytes, keys[1]!.bytes), 0)
})

authority('SKI-265 only certificates of RSA keys can be recovery agents', async () => {
  const subject = make({ policy: { sealedData: 'published' } })
  const at = await composed(subject)
  const { request } = await requested('ec-P-256')
  const ec = await tell(authorityOf(), { type: 'issueCertificate', request })
  assert.ok(ec?.type === 'enclave.certificateIssued')
  const good = (await agentOf('rsa-2048')).certificate
  await refused(subject, 'c', { type: 'envelopeKey', key: at.k2, agents: [b64(good), ec.certificate] }, 'format_invalid', 'SKI-265', 'agents[1]')
})

authority('SKI-263 K2 signs a request that names it, and nothing else that a builder of documents may want', async () => {
  const pki = pkijsPki()
  const good = pki.certificateRequest('CN=a', keyOf(pairOf('ec-P-256', 1)))
  assert.ok(good.ok)
  const other = good.value.toBeSigned
  for (const toBeSigned of [other, new Uint8Array(32), new Uint8Array(0), Buffer.from('a text that somebody wants signed')]) {
    let signed = 0
    const hostile: Pki = { ...pki, certificateRequest: () => accept({ toBeSigned, signed: () => (signed++, toBeSigned) }) }
    const subject = make({ policy: { sealedData: 'published' }, change: { pki: hostile } })
    const at = await composed(subject)
    await refused(subject, 'c', { type: 'requestCertificate', key: at.k2, subject: 'CN=a' }, 'certificate_request_invalid', 'SKI-263', 'toBeSigned')
    assert.is(signed, 0)
  }
  assert.ok(isRequestFor(other, keyOf(pairOf('ec-P-256', 1))))
  assert.not(isRequestFor(other, keyOf(pairOf('ec-P-256', 2))))
  for (let byte = 0; byte < other.length; byte++)
    isRequestFor(
      other.map((value, at) => (at === byte ? value ^ 0xff : value)),
      keyOf(pairOf('ec-P-256', 1)),
    )
})

authority('SKI-246 a builder of documents that fails is an accident inside, and nothing is archived', async () => {
  const accidents: (() => unknown)[] = [
    () => {
      throw new Error('secret')
    },
    () => Promise.reject(new Error('secret')),
    () => undefined,
    () => accept(7),
    () => accept({ toBeSigned: 7, signed: () => 7 }),
  ]
  for (const accident of accidents) {
    const pki = { ...pkijsPki(), envelope: accident, certificateRequest: accident } as unknown as Pki
    const subject = make({ policy: { sealedData: 'published' }, change: { pki } })
    const at = await composed(subject)
    const before = JSON.stringify(subject.server.describe())
    const agents = [b64((await agentOf('rsa-2048')).certificate)]
    assert.equal(faultOf(await say(subject, 'c', { type: 'envelopeKey', key: at.k2, agents })), { code: 'enclave_failed' })
    assert.equal(faultOf(await say(subject, 'c', { type: 'requestCertificate', key: at.k2, subject: 'CN=a' })), { code: 'enclave_failed' })
    assert.is(JSON.stringify(subject.server.describe()), before)
  }
})

/** A request that the CA must refuse: bytes, and what is said of them. */
interface Bad {
  readonly title: string
  readonly rule: AuthorityRuleName | null
  readonly request: () => Promise<string>
  readonly at: string
}
const BAD: readonly Bad[] = [
  { title: 'SKI-264 no request at all', rule: null, request: async () => 'AAAA', at: 'request' },
  { title: 'SKI-264 no base64url', rule: null, request: async () => '*', at: 'request' },
  {
    title: 'SKI-264 a request with a byte behind it',
    rule: null,
    request: async () => b64(Buffer.concat([unb64((await requested('ec-P-256')).request), Buffer.alloc(1)])),
    at: 'request',
  },
  {
    title: 'SKI-264 a request that another key has signed',
    rule: 'keyPossessed',
    request: async () => {
      const built = pkijsPki().certificateRequest('CN=a', keyOf(pairOf('ec-P-256', 1)))
      assert.ok(built.ok)
      const { privateKey } = pairOf('ec-P-256', 2)
      return b64(built.value.signed(native.sign('sha256', built.value.toBeSigned, { key: privateKey, dsaEncoding: 'ieee-p1363' })))
    },
    at: 'signature',
  },
  {
    title: 'SKI-264 a request that another RSA key has signed',
    rule: 'keyPossessed',
    request: async () => {
      const built = pkijsPki().certificateRequest('CN=a', keyOf(pairOf('rsa-2048', 1)))
      assert.ok(built.ok)
      return b64(built.value.signed(native.sign('sha256', built.value.toBeSigned, pairOf('rsa-2048', 2).privateKey)))
    },
    at: 'signature',
  },
  {
    title: "SKI-264 a request for the CA's own key",
    rule: 'keyNotOwn',
    request: async () => {
      const pair = pairOf('ec-P-256', 200)
      const built = pkijsPki().certificateRequest('CN=a', keyOf(pair))
      assert.ok(built.ok)
      return b64(built.value.signed(native.sign('sha256', built.value.toBeSigned, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })))
    },
    at: 'key',
  },
]
for (const { title, rule, request, at } of BAD) {
  authority(title, async () => {
    const text = await request()
    const answer = await tell(authorityOf(), { type: 'issueCertificate', request: text })
    assert.ok(answer?.type === 'enclave.refused')
    const { code, requirement, at: place } = answer.fault
    assert.equal([code, requirement, place], ['certificate_request_invalid', 'SKI-264', at])
    if (rule === null) return
    const lax = await tell(authorityOf('ec-P-256', { without: [rule] }), { type: 'issueCertificate', request: text })
    assert.is(lax?.type, 'enclave.certificateIssued', 'without the rule nobody would notice')
  })
}

authority('SKI-264 a key that SKI does not carry', async () => {
  const { request } = await requested('ec-P-256')
  const weak = pairOf('rsa-1024')
  const { n, e } = weak.publicKey.export({ format: 'jwk' })
  const key = { type: 'RSA', n: new Uint8Array(unb64(n!)), e: new Uint8Array(unb64(e!)) } as const
  const toBeSigned = new Uint8Array([1, 2, 3])
  const signature = new Uint8Array(native.sign('sha256', toBeSigned, weak.privateKey))
  const pki: Pki = {
    ...pkijsPki(),
    readRequest: () => accept({ subject: 'CN=a', key, toBeSigned, signature }),
    certificate: () => accept({ toBeSigned, signed: () => toBeSigned }),
  }
  const answer = await tell(authorityOf('ec-P-256', { pki }), { type: 'issueCertificate', request })
  assert.ok(answer?.type === 'enclave.refused')
  assert.equal([answer.fault.code, answer.fault.at, answer.fault.requirement], ['certificate_request_invalid', 'key', 'SKI-264'])
  const lax = await tell(authorityOf('ec-P-256', { pki, without: ['keySound', 'keyPossessed'] }), { type: 'issueCertificate', request })
  assert.is(lax?.type, 'enclave.certificateIssued')
})

authority('every rule has a requirement', () => {
  assert.equal(Object.keys(AUTHORITY_RULES).sort(), ['keyNotOwn', 'keyPossessed', 'keySound'])
  for (const { requirement } of Object.values(AUTHORITY_RULES)) assert.is(requirement, 'SKI-264')
})

authority('SKI-244 whatever is said to a CA, nothing throws', async () => {
  const ca = authorityOf()
  for (const value of [
    undefined,
    null,
    7,
    {},
    { type: 'nope' },
    { type: 'issueCertificate' },
    { type: 'issueCertificate', request: 7 },
    { type: 'beginSession' },
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap')
        },
      },
    ),
  ])
    // prettier-ignore
    assert.is(faultOf((await tell(ca, value)) as never)?.code, 'command_invalid')
  assert.is(await tell(ca, { type: 'close' }), null)
})

authority('SKI-18 close reaches a certificate that is in flight', async () => {
  const { request } = await requested('ec-P-256')
  const { crypto, gate } = gated(nodeCrypto())
  const ca = authorityOf('ec-P-256', { crypto })
  gate.hold()
  const [late, other] = [tell(ca, { type: 'issueCertificate', request }), tell(ca, { type: 'issueCertificate', request }, 'b')]
  assert.is(await tell(ca, { type: 'close' }), null)
  await gate.release()
  assert.equal(faultOf((await late) as never), { code: 'conversation_closed', requirement: 'SKI-218' })
  assert.is((await other)?.type, 'enclave.certificateIssued')
  assert.is((await tell(ca, { type: 'issueCertificate', request }))?.type, 'enclave.certificateIssued')
})

authority('SKI-17 dispose wipes the key of the CA, and ends everything', async () => {
  const crypto = nodeCrypto()
  const keys: Uint8Array[] = []
  const spied: Crypto = {
    ...crypto,
    ecdsaSign: (key, message) => {
      keys.push(key.d)
      return crypto.ecdsaSign(key, message)
    },
  }
  const { request } = await requested('ec-P-256')
  const secrets: string[] = []
  const ca = authorityOf('ec-P-256', { crypto: spied, witness: ({ name, enclave }) => void secrets.push(`${enclave}: ${name}`) })
  assert.equal(secrets, ['authority: CA key: d'])
  await tell(ca, { type: 'issueCertificate', request })
  ca.dispose()
  assert.is(keys.length, 1)
  assert.ok(keys[0]!.every((byte) => byte === 0))
  assert.equal(faultOf((await tell(ca, { type: 'issueCertificate', request })) as never), { code: 'enclave_failed' })
  assert.throws(
    () => ca.certificate(),
    (error: unknown) => error instanceof TypeError,
  )
})

authority('SKI-246 an accident in a CA is one refusal', async () => {
  const { request } = await requested('ec-P-256')
  for (const accident of [
    () => {
      throw new Error('secret')
    },
    () => Promise.reject(new Error('secret')),
    () => undefined,
    () => new Uint8Array(3),
  ]) {
    // prettier-ignore
    const ca = authorityOf('ec-P-256', { crypto: { ...nodeCrypto(), ecdsaSign: accident as never } })
    assert.equal(faultOf((await tell(ca, { type: 'issueCertificate', request })) as never), { code: 'enclave_failed' })
  }
})

authority("SKI-264 the CA's own certificate: made once, or given", async () => {
  const ca = authorityOf()
  const made = ca.certificate()
  assert.not(isPromise(made))
  assert.equal(await ca.certificate(), await made)
  const given = authorityOf('ec-P-256', { certificate: await made })
  assert.equal(await given.certificate(), await made)
  assert.is(new native.X509Certificate(await made).fingerprint256, new native.X509Certificate(await given.certificate()).fingerprint256)
  assert.ok(new native.X509Certificate(await made).ca)
})

authority('a host that gives what it may not is told by a TypeError', () => {
  const mistakes: (() => unknown)[] = [
    () => authorityOf('ec-P-256', { subject: '=,=' }).certificate(),
    () => authorityOf('ec-P-256', { validity: { notBefore: 2, notAfter: 1 } }),
    () => authorityOf('ec-P-256', { validity: { notBefore: 1.5, notAfter: 2 } }),
    () => authorityOf('ec-P-256', { certificate: 'text' as never }),
    () => authorityOf('secp256k1'),
    () => authorityOf('ec-P-256', { signingKey: { ...keyOf(pairOf('ec-P-256', 200)), d: new Uint8Array(32) } as never }),
    () => authorityOf().certifyAgent('=,=', keyOf(pairOf('rsa-2048', 1))),
  ]
  for (const [number, mistake] of mistakes.entries()) assert.throws(mistake, (error: unknown) => error instanceof TypeError, String(number))
  assert.is(fingerprintOf(pairOf('ec-P-256', 200).spki).length, 76)
})

authority.run()
