/**
 * X.509 certificates: openssl and `node:crypto` verify and read what is written, and what openssl writes is read here.
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CertificateContent } from '../../src/ski/pki.js'
import { pkijsPki } from '../../tools/pki/index.js'
import { openssl, opensslMissing } from '../crypto/openssl.js'
import { skip } from '../skip.js'
import { given } from '../support/folder.js'
import { newRsa } from '../support/providers.js'
import { accepted, fromPem, HASH, KINDS, newSigner, pem, refused, signedBy, signerOf, type Kind, type Signer } from './keys.js'

const certificates = suite('certificates')
const pki = pkijsPki()

const CA = 'CN=Test CA,O=Example,C=DE'
const SUBJECT = 'CN=Alice Example,OU=Cards,O=Example,C=DE'
/** 1 January 2024 and 2034, 00:00:00 UTC. */
const [FROM, TO] = [1704067200, 2019686400]

/** The other kinds of key sign for their own certificates only. */
const authorities = new Map(KINDS.map((kind) => [kind, newSigner(kind)]))
const authorityOf = (kind: Kind): Signer => authorities.get(kind)!

function content(subject: Signer, issuer: Signer, changes: Partial<CertificateContent> = {}): CertificateContent {
  return {
    subject: SUBJECT,
    key: subject.key,
    issuer: { subject: CA, key: issuer.key },
    serial: Uint8Array.of(0x9a, 1, 2, 3),
    notBefore: FROM,
    notAfter: TO,
    use: 'user',
    ...changes,
  }
}

const issue = (subject: Signer, issuer: Signer, changes: Partial<CertificateContent> = {}): Uint8Array =>
  signedBy(issuer, accepted(pki.certificate(content(subject, issuer, changes))))

const rootOf = (kind: Kind): Uint8Array =>
  issue(authorityOf(kind), authorityOf(kind), { subject: CA, use: 'authority', serial: Uint8Array.of(1), notAfter: FROM + 20 * 31557600 })

for (const issuerKind of KINDS)
  for (const kind of KINDS) {
    const [issuer, subject] = [authorityOf(issuerKind), signerOf(kind)]
    certificates(`SKI-264 ${kind} by ${issuerKind}: node:crypto agrees`, () => {
      const certificate = new X509Certificate(issue(subject, issuer))
      assert.ok(certificate.verify(issuer.publicKey))
      assert.not(certificate.verify(subject.publicKey))
      assert.ok(certificate.publicKey.equals(subject.publicKey))
      assert.is(certificate.subject, 'C=DE\nO=Example\nOU=Cards\nCN=Alice Example')
      assert.is(certificate.issuer, 'C=DE\nO=Example\nCN=Test CA')
      assert.is(certificate.serialNumber, '9A010203')
      assert.equal([Date.parse(certificate.validFrom), Date.parse(certificate.validTo)], [FROM * 1000, TO * 1000])
      assert.not(certificate.ca)
      assert.equal(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
      const root = new X509Certificate(rootOf(issuerKind))
      assert.ok(root.ca && root.verify(issuer.publicKey) && certificate.checkIssued(root))
    })

    certificates(`SKI-264 ${kind} by ${issuerKind}: what is written is read`, () =>
      assert.equal(pki.readCertificate(issue(subject, issuer)), { ok: true, value: { subject: SUBJECT, key: subject.key } }),
    )
  }

certificates('SKI-264 the same content makes the same bytes', () => {
  const [first, second] = [0, 1].map(() => accepted(pki.certificate(content(signerOf('P-256'), authorityOf('RSA-2048')))))
  assert.equal(first!.toBeSigned, second!.toBeSigned)
})

certificates('SKI-264 times: UTCTime to the end of 2049, GeneralizedTime from then on', () => {
  for (const [year, tag, text] of [
    [1950, 0x17, '500101000000Z'],
    [2049, 0x17, '490101000000Z'],
    [2050, 0x18, '20500101000000Z'],
    [9999, 0x18, '99990101000000Z'],
  ] as const) {
    const at = Date.UTC(year, 0) / 1000
    const { toBeSigned } = accepted(pki.certificate(content(signerOf('P-256'), authorityOf('P-256'), { notBefore: at, notAfter: at })))
    const time = Buffer.concat([Buffer.of(tag, text.length), Buffer.from(text)])
    assert.ok(Buffer.from(toBeSigned).includes(Buffer.concat([Buffer.of(0x30, 2 * time.length), time, time])), text)
  }
  assert.is(Date.UTC(2050, 0) / 1000 - 1, 2524607999)
  const { toBeSigned } = accepted(pki.certificate(content(signerOf('P-256'), authorityOf('P-256'), { notAfter: 2524607999 })))
  assert.ok(Buffer.from(toBeSigned).includes('491231235959Z'))
})

certificates('SKI-264 any serial number, as a positive one', () =>
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 19 }), (bytes) => {
      const serial = Uint8Array.of(...bytes, 1)
      serial[0]! &= 0x7f
      const written = new X509Certificate(issue(signerOf('P-256'), authorityOf('P-256'), { serial })).serialNumber
      assert.is(BigInt(`0x${written}`), BigInt(`0x${Buffer.from(serial).toString('hex')}`))
    }),
    { numRuns: 30 },
  ),
)

for (const [what, changes] of [
  ['a serial number of zero', { serial: new Uint8Array(4) }],
  ['no serial number', { serial: new Uint8Array(0) }],
  ['a serial number of 160 bits', { serial: new Uint8Array(20).fill(0xff) }],
  ['a time with a fraction', { notBefore: FROM + 0.5 }],
  ['a time before 1950', { notBefore: -631152001 }],
  ['a time after 9999', { notAfter: 253402300800 }],
  ['no time', { notAfter: NaN }],
  ['an end before the beginning', { notAfter: FROM - 1 }],
] as const)
  certificates(`SKI-264 a mistake of the caller: ${what}`, () =>
    assert.throws(
      () => pki.certificate(content(signerOf('P-256'), authorityOf('P-256'), changes)),
      (error: unknown) => error instanceof TypeError,
    ),
  )

for (const [what, changes, code, at] of [
  ['a subject that is no name', { subject: 'Alice' }, 'name_malformed', 'character 5'],
  ['an issuer that is no name', { issuer: { subject: '', key: signerOf('P-256').key } }, 'name_malformed', 'character 0'],
  ['a key that is too short', { key: newRsa(1024).key }, 'key_not_supported', 'key'],
  ['an issuer key that is too short', { issuer: { subject: CA, key: newRsa(1024).key } }, 'key_not_supported', 'issuer.key'],
  ['an EC key for a recovery agent', { use: 'recovery' }, 'key_not_supported', 'key'],
] as const)
  certificates(`SKI-264 refused: ${what}`, () => {
    const fault = refused(pki.certificate(content(signerOf('P-256'), authorityOf('P-256'), changes)))
    assert.equal([fault.code, fault.at], [code, at])
  })

certificates('SKI-264 a private key leaves its secrets out', () => {
  const { key } = newRsa(2048)
  const { toBeSigned } = accepted(pki.certificate(content(signerOf('P-256'), authorityOf('P-256'), { key, issuer: { subject: CA, key } })))
  for (const secret of [key.d, key.p, key.q]) assert.not(Buffer.from(toBeSigned).includes(Buffer.from(secret)))
})

if (opensslMissing !== null) skip(certificates, 'beside openssl', opensslMissing)
else {
  for (const issuerKind of KINDS) {
    const root = given(`root-${issuerKind}.pem`, pem('CERTIFICATE', rootOf(issuerKind)))
    for (const kind of KINDS)
      certificates(`SKI-264 ${kind} by ${issuerKind}: openssl verifies`, () => {
        const file = given('user.pem', pem('CERTIFICATE', issue(signerOf(kind), authorityOf(issuerKind))))
        const strict = `verify -x509_strict -attime ${FROM} -CAfile ${root}`
        assert.is(Buffer.from(openssl(`${strict} -purpose sslclient ${file}`)).toString(), `${file}: OK\n`)
        assert.throws(() => openssl(`${strict} -purpose sslserver ${file}`), 'not for a server')
        assert.throws(() => openssl(`verify -attime ${FROM - 1} -CAfile ${root} ${file}`), 'not yet')
        assert.throws(() => openssl(`verify -attime ${TO + 1} -CAfile ${root} ${file}`), 'no longer')
        const changed = issue(signerOf(kind), authorityOf(issuerKind))
        changed[60]! ^= 1
        assert.throws(() => openssl(`${strict} ${given('changed.pem', pem('CERTIFICATE', changed))}`), 'not changed')
      })
  }

  const sha1OfKey = (signer: Signer): string => {
    // The last element of a SubjectPublicKeyInfo is its BIT STRING, whose first byte counts unused bits.
    const der = signer.publicKey.export({ format: 'der', type: 'spki' })
    const { key } = signer
    const length = key.type === 'EC' ? 1 + 2 * key.x.length : 270
    return createHash('sha1')
      .update(der.subarray(-length))
      .digest('hex')
      .toUpperCase()
      .replace(/..(?!$)/g, '$&:')
  }

  for (const [use, kind, lines] of [
    ['authority', 'P-384', ['CA:TRUE', 'Certificate Sign, CRL Sign\n']],
    ['user', 'RSA-2048', ['CA:FALSE', 'Digital Signature, Key Encipherment\n', 'TLS Web Client Authentication\n']],
    ['user', 'P-256', ['CA:FALSE', 'Digital Signature, Key Agreement\n', 'TLS Web Client Authentication\n']],
    ['recovery', 'RSA-2048', ['CA:FALSE', ': critical\n                Key Encipherment\n']],
  ] as readonly (readonly [CertificateContent['use'], Kind, readonly string[]])[])
    certificates(`SKI-264 what openssl shows of a certificate for ${use}, ${kind}`, () => {
      const [subject, issuer] = [signerOf(kind), authorityOf('P-521')]
      const file = given('shown.pem', pem('CERTIFICATE', issue(subject, issuer, { use })))
      const text = Buffer.from(openssl(`x509 -in ${file} -noout -text -nameopt RFC2253`)).toString()
      for (const line of [
        ...lines,
        'Version: 3 (0x2)',
        'X509v3 Basic Constraints: critical',
        'X509v3 Key Usage: critical',
        `Subject: ${SUBJECT}`,
        `Issuer: ${CA}`,
      ])
        assert.ok(text.includes(line), `${line} is not in ${text}`)
      assert.is(text.includes('Extended Key Usage'), use === 'user')
      assert.match(text, `X509v3 Subject Key Identifier: \n                ${sha1OfKey(subject)}`)
      assert.match(text, `X509v3 Authority Key Identifier: \n                ${sha1OfKey(issuer)}`)
      assert.match(text, /Not Before: Jan {2}1 00:00:00 2024 GMT\n\s+Not After : Jan {2}1 00:00:00 2034 GMT/)
    })

  for (const kind of ['RSA-2048', 'P-384'] as const)
    certificates(`SKI-264 a certificate by a CA that openssl made, ${kind}`, () => {
      const [issuer, subject] = [authorityOf(kind), signerOf('P-256')]
      const keyFile = given('ca.key', issuer.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const written = openssl(
        `req -new -x509 -key ${keyFile} -${HASH[kind]} -days 36500 -subj /C=DE/O=Example/CN=Test\u00a0CA -utf8 -addext keyUsage=critical,keyCertSign`,
      )
      const read = accepted(pki.readCertificate(fromPem(written)))
      assert.equal([read.subject, read.key], ['CN=Test\u00a0CA,O=Example,C=DE', issuer.key])
      const file = given('by-openssl.pem', pem('CERTIFICATE', issue(subject, issuer, { issuer: { subject: read.subject, key: issuer.key } })))
      openssl(`verify -x509_strict -no_check_time -CAfile ${given('openssl-ca.pem', written)} ${file}`)
    })

  certificates('SKI-264 what openssl writes otherwise: version 1, another signature algorithm, a name of several attributes in a set', () => {
    const keyFile = given('other.key', signerOf('P-256').privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const request = given('other.csr', openssl(`req -new -key ${keyFile} -subj /C=DE/O=b+CN=a/emailAddress=a@b.c -multivalue-rdn`))
    const rsaFile = given('other-ca.key', authorityOf('RSA-2048').privateKey.export({ type: 'pkcs8', format: 'pem' }))
    for (const options of ['', '-sha512', '-sigopt rsa_padding_mode:pss']) {
      const written = openssl(`x509 -req -in ${request} -signkey ${keyFile} -days 1`)
      assert.equal(accepted(pki.readCertificate(fromPem(written))), { subject: 'E=a@b.c,CN=a+O=b,C=DE', key: signerOf('P-256').key })
      const self = openssl(`req -new -x509 -key ${rsaFile} -subj /CN=x ${options}`.trim())
      assert.equal(accepted(pki.readCertificate(fromPem(self))), { subject: 'CN=x', key: authorityOf('RSA-2048').key })
    }
  })
}

certificates.run()
