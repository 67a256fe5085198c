/**
 * The archive's envelope: openssl opens it with a recovery agent's key and finds the PKCS#8 that was enciphered.
 *
 * Here the enclave's part is done by `node:crypto`: a content key, AES-256-CBC, and RSAES-OAEP for each agent.
 * @module
 */
import { constants, createCipheriv, createPrivateKey, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readDer } from '../../src/bytes/der.js'
import type { EnvelopeContent, RecoveryAgent } from '../../src/ski/pki.js'
import { pkijsPki } from '../../tools/pki/index.js'
import { openssl, opensslMissing } from '../crypto/openssl.js'
import { skip } from '../skip.js'
import { given } from '../support/folder.js'
import { newRsa } from '../support/providers.js'
import { accepted, fromPem, newSigner, pem, refused, signedBy, signerOf } from './keys.js'

const envelopes = suite('archive envelopes')
const pki = pkijsPki()

interface Agent extends RecoveryAgent {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** An agent whose certificate a CA of this test signed. */
function newAgent(bits: number, serial: number, use: 'recovery' | 'user' | 'authority' = 'recovery'): Agent {
  const issuer = signerOf('P-384')
  const { key, privateKey, publicKey } = newRsa(bits)
  const content = {
    subject: `CN=Agent ${serial}`,
    key,
    issuer: { subject: 'CN=CA,O=Example', key: issuer.key },
    use,
    notBefore: 1704067200,
    notAfter: 2019686400,
  }
  const certificate = signedBy(issuer, accepted(pki.certificate({ ...content, serial: Uint8Array.of(0xf0, serial) })))
  return { certificate, key: { type: 'RSA', n: key.n, e: key.e }, privateKey, publicKey }
}

/** What the enclave enciphers, and for whom. */
function enciphered(plaintext: Uint8Array, agents: readonly Agent[]): EnvelopeContent {
  const [contentKey, iv] = [randomBytes(32), Uint8Array.from(randomBytes(16))]
  const cipher = createCipheriv('aes-256-cbc', contentKey, iv)
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  return {
    recipients: agents.map((agent) => ({ agent, encryptedKey: Uint8Array.from(publicEncrypt({ key: agent.publicKey, ...oaep }, contentKey)) })),
    iv,
    encryptedContent: Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final()])),
  }
}

const agents = [newAgent(2048, 1), newAgent(3072, 2), newAgent(4096, 3)]
const target = signerOf('RSA-2048')
const pkcs8 = target.privateKey.export({ format: 'der', type: 'pkcs8' })
const content = enciphered(pkcs8, agents)

envelopes('SKI-265 the form: DER to the last byte, version 0, all that RFC 5652 and RFC 4055 want said', () => {
  const envelope = accepted(pki.envelope({ ...content, recipients: content.recipients.slice(0, 1) }))
  const [{ agent, encryptedKey }] = content.recipients as [EnvelopeContent['recipients'][number]]
  const read = readDer(envelope, (der) =>
    der.sequence('ContentInfo', (info) => {
      assert.is(info.objectIdentifier('contentType'), '1.2.840.113549.1.7.3')
      return info.constructed(0xa0, 'content', (explicit) =>
        explicit.sequence('EnvelopedData', (data) => {
          assert.is(data.smallInteger('version'), 0)
          data.constructed(0x31, 'recipientInfos', (infos) =>
            infos.sequence('KeyTransRecipientInfo', (recipient) => {
              assert.is(recipient.smallInteger('version'), 0)
              recipient.sequence('issuerAndSerialNumber', (rid) => {
                rid.skip('issuer')
                assert.equal([...rid.integer('serialNumber')], [0xf0, 1])
              })
              const start = recipient.offset
              recipient.skip('keyEncryptionAlgorithm')
              assert.is(
                Buffer.from(envelope.subarray(start, recipient.offset)).toString('hex'),
                // id-RSAES-OAEP { [0] { id-sha256, NULL }, [1] { id-mgf1, { id-sha256, NULL } } }
                '303c06092a864886f70d010107302fa00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500',
              )
              assert.equal(Uint8Array.from(recipient.octetString('encryptedKey')), encryptedKey)
            }),
          )
          data.sequence('encryptedContentInfo', (inner) => {
            assert.is(inner.objectIdentifier('contentType'), '1.2.840.113549.1.7.1')
            inner.sequence('contentEncryptionAlgorithm', (algorithm) => {
              assert.is(algorithm.objectIdentifier('algorithm'), '2.16.840.1.101.3.4.1.42')
              assert.equal(Uint8Array.from(algorithm.octetString('parameters')), content.iv)
            })
            // One piece: an implicit [0] that is primitive.
            assert.is(inner.tag, 0x80)
            inner.skip('encryptedContent')
          })
        }),
      )
    }),
  )
  assert.ok(read.ok)
  assert.ok(Buffer.from(envelope).includes(Buffer.from(content.encryptedContent)))
  assert.is(agent.key, agents[0]!.key)
})

envelopes('SKI-265 the same content makes the same bytes, in whichever order the agents come', () => {
  const envelope = accepted(pki.envelope(content))
  assert.equal(accepted(pki.envelope(content)), envelope)
  assert.equal(accepted(pki.envelope({ ...content, recipients: content.recipients.toReversed() })), envelope)
})

for (const [what, changes] of [
  ['no agent', { recipients: [] }],
  ['an IV of 12 bytes', { iv: new Uint8Array(12) }],
  ['no content', { encryptedContent: new Uint8Array(0) }],
  ['content that is no whole blocks', { encryptedContent: new Uint8Array(33) }],
  ['an enciphered key of another length', { recipients: [{ agent: agents[0]!, encryptedKey: new Uint8Array(255) }] }],
] as const)
  envelopes(`SKI-265 a mistake of the caller: ${what}`, () =>
    assert.throws(
      () => pki.envelope({ ...content, ...changes }),
      (error: unknown) => error instanceof TypeError,
    ),
  )

for (const [what, agent, code, at] of [
  [
    'a certificate that is none',
    { ...agents[0]!, certificate: pkcs8 },
    'certificate_malformed',
    'recipients[0].agent.certificate: Certificate.tbsCertificate, offset 4',
  ],
  ['a certificate with a byte behind', { ...agents[0]!, certificate: Uint8Array.of(...agents[0]!.certificate, 0) }, 'certificate_malformed', undefined],
  ["another agent's certificate", { ...agents[0]!, certificate: agents[1]!.certificate }, 'key_not_supported', 'recipients[0].agent.key'],
  ['a certificate for signing others', newAgent(2048, 4, 'authority'), 'key_not_supported', 'recipients[0].agent.certificate'],
] as const)
  envelopes(`SKI-265 refused: ${what}`, () => {
    const fault = refused(pki.envelope({ ...content, recipients: [{ agent, encryptedKey: new Uint8Array(256) }] }))
    assert.is(fault.code, code)
    if (at !== undefined) assert.is(fault.at, at)
  })

envelopes('SKI-265 a certificate that allows enciphering beside other uses will do', () => {
  const agent = newAgent(2048, 5, 'user')
  assert.ok(pki.envelope({ ...content, recipients: [{ agent, encryptedKey: new Uint8Array(256) }] }).ok)
})

if (opensslMissing !== null) skip(envelopes, 'beside openssl', opensslMissing)
else {
  const keyFileOf = (agent: Agent) => given('agent.key', agent.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const opened = (envelope: Uint8Array, agent: Agent, hint = '') =>
    openssl(`cms -decrypt -binary -inform DER -in ${given('archive.p7m', envelope)} -inkey ${keyFileOf(agent)}${hint}`)

  for (const kind of ['RSA-2048', 'P-256', 'P-384', 'P-521'] as const)
    envelopes(`SKI-265 each agent opens it with openssl, and finds the key: ${kind}`, () => {
      const key = signerOf(kind).privateKey
      const plaintext = key.export({ format: 'der', type: 'pkcs8' })
      const envelope = accepted(pki.envelope(enciphered(plaintext, agents)))
      for (const agent of agents) {
        const certificate = given('agent.pem', pem('CERTIFICATE', agent.certificate))
        const found = opened(envelope, agent, ` -recip ${certificate}`)
        assert.equal(Buffer.from(found), plaintext)
        assert.ok(createPrivateKey({ key: Buffer.from(found), format: 'der', type: 'pkcs8' }).equals(key))
      }
    })

  envelopes('SKI-265 nobody else opens it', () => {
    const envelope = accepted(pki.envelope(content))
    const stranger = newAgent(2048, 6)
    assert.throws(() => opened(envelope, stranger, ` -recip ${given('stranger.pem', pem('CERTIFICATE', stranger.certificate))}`))
    // Without a hint openssl tries each recipient, and goes on with a random key where none fits.
    let found: Uint8Array = new Uint8Array(0)
    try {
      found = opened(envelope, stranger)
    } catch {
      // Bad padding: as good as bytes that are not the key.
    }
    assert.not.equal(Buffer.from(found), pkcs8)
  })

  envelopes("SKI-265 an agent's certificate that openssl made, its issuer's strings of other types and its serial number long", () => {
    const { privateKey, publicKey, key } = newRsa(2048)
    const keyFile = given('own.key', privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const config = given('own.cnf', '[req]\ndistinguished_name=dn\nstring_mask=nombstr\n[dn]\n')
    const written = openssl(
      `req -new -x509 -config ${config} -key ${keyFile} -subj /C=DE/O=Example/CN=Agent -set_serial 0x7fffffffffffffffffffffffffffffffffffffff -days 36500`,
    )
    const agent: Agent = { certificate: fromPem(written), key: { type: 'RSA', n: key.n, e: key.e }, privateKey, publicKey }
    const envelope = accepted(pki.envelope(enciphered(pkcs8, [agents[1]!, agent])))
    assert.equal(Buffer.from(opened(envelope, agent, ` -recip ${given('own.pem', written)}`)), pkcs8)
  })
}

envelopes('SKI-265 an EC certificate is none for key transport', () => {
  const signer = newSigner('P-256')
  const request = { subject: 'CN=a', key: signer.key, issuer: { subject: 'CN=a', key: signer.key }, serial: Uint8Array.of(1), notBefore: 0, notAfter: 1 }
  const certificate = signedBy(signer, accepted(pki.certificate({ ...request, use: 'user' })))
  const agent = { certificate, key: agents[0]!.key }
  assert.is(refused(pki.envelope({ ...content, recipients: [{ agent, encryptedKey: new Uint8Array(256) }] })).code, 'key_not_supported')
})

envelopes.run()
