/**
 * PKCS#10 requests: made here and verified by openssl, made by openssl and read here.
 * @module
 */
import { createPublicKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pure } from '../../src/crypto/pure.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { pkijsPki } from '../../tools/pki/index.js'
import { webCrypto } from '../../tools/web/crypto.js'
import { openssl, opensslMissing } from '../crypto/openssl.js'
import { skip } from '../skip.js'
import { given } from '../support/folder.js'
import { newRsa, systemRandom } from '../support/providers.js'
import { accepted, fromPem, HASH, KINDS, newSigner, refused, said, signedBy, signerOf, type Kind } from './keys.js'

const requests = suite('certificate requests')
const pki = pkijsPki()
/** The command ends well whether or not the signature is good; what it says differs by version. */
const SELF_SIGNED = /verify OK/i
const SUBJECT = 'CN=Alice Example,OU=Cards,O=Example,C=DE'

/** Whether the signature of a request is good, by the core. */
async function verified(request: Uint8Array): Promise<boolean[]> {
  const { key, toBeSigned, signature } = accepted(pki.readRequest(request))
  return Promise.all(
    [pure(systemRandom), nodeCrypto(), webCrypto()].map((crypto) =>
      key.type === 'RSA' ? crypto.rsaVerify(key, 'SHA-256', toBeSigned, signature) : crypto.ecdsaVerify(key, toBeSigned, signature),
    ),
  )
}

for (const kind of KINDS) {
  const signer = signerOf(kind)
  requests(`SKI-263 ${kind}: what is written is read`, async () => {
    const unsigned = accepted(pki.certificateRequest(SUBJECT, signer.key))
    const signature = signer.sign(unsigned.toBeSigned)
    const request = unsigned.signed(signature)
    assert.equal(pki.readRequest(request), { ok: true, value: { subject: SUBJECT, key: signer.key, toBeSigned: unsigned.toBeSigned, signature } })
    assert.equal(await verified(request), [true, true, true])
  })

  requests(`SKI-263 ${kind}: the same content makes the same bytes, which are the caller's`, () => {
    const [first, second] = [0, 1].map(() => accepted(pki.certificateRequest(SUBJECT, signer.key)))
    assert.equal(first!.toBeSigned, second!.toBeSigned)
    const signature = signer.sign(first!.toBeSigned)
    second!.toBeSigned.fill(0)
    assert.equal(first!.signed(signature), second!.signed(signature))
  })
}

requests('SKI-263 a signature of another length is a mistake of the caller', () => {
  for (const kind of ['RSA-2048', 'P-384'] as const) {
    const { signed } = accepted(pki.certificateRequest(SUBJECT, signerOf(kind).key))
    for (const length of [0, 64, 95, 97, 255, 257])
      assert.throws(
        () => signed(new Uint8Array(length)),
        (error: unknown) => error instanceof TypeError,
      )
  }
})

requests('SKI-263 a private key leaves its secrets out', () => {
  const { key } = newRsa(2048)
  const request = accepted(pki.certificateRequest(SUBJECT, key)).toBeSigned
  assert.equal(request, accepted(pki.certificateRequest(SUBJECT, { type: 'RSA', n: key.n, e: key.e })).toBeSigned)
  assert.not(Buffer.from(request).includes(Buffer.from(key.p)))
})

for (const [what, key, found] of [
  ['RSA of 1024 bits', () => newRsa(1024).key, 'rsa_modulus_size_unsupported'],
  ['a point off its curve', () => ({ ...signerOf('P-256').key, y: new Uint8Array(32) }), 'ec_point_not_on_curve'],
] as const)
  requests(`SKI-263 no request for ${what}`, () =>
    assert.equal(pki.certificateRequest(SUBJECT, key()), { ok: false, fault: { code: 'key_not_supported', at: 'key', found } }),
  )

requests('SKI-263 no request without a name', () => {
  assert.is(refused(pki.certificateRequest('', signerOf('P-256').key)).code, 'name_malformed')
})

if (opensslMissing !== null) skip(requests, 'beside openssl', opensslMissing)
else {
  for (const kind of KINDS) {
    requests(`SKI-263 ${kind}: openssl verifies what is written`, () => {
      const signer = signerOf(kind)
      const file = given('request.der', signedBy(signer, accepted(pki.certificateRequest(SUBJECT, signer.key))))
      const text = said(`req -inform DER -in ${file} -verify -noout -text -subject -nameopt RFC2253`)
      assert.match(text, SELF_SIGNED)
      assert.match(text, `subject=${SUBJECT}`)
      assert.match(text, 'Version: 1 (0x0)')
      assert.match(text, kind === 'RSA-2048' ? 'sha256WithRSAEncryption' : `ecdsa-with-SHA${HASH[kind].slice(3)}`)
      const key = createPublicKey(Buffer.from(openssl(`req -inform DER -in ${file} -noout -pubkey`)))
      assert.ok(key.equals(signer.publicKey))
    })

    requests(`SKI-263 ${kind}: openssl does not verify another signature`, () => {
      const signer = signerOf(kind)
      const unsigned = accepted(pki.certificateRequest(SUBJECT, signer.key))
      const file = given('request.der', unsigned.signed(signer.sign(Buffer.from('something else'))))
      assert.not.match(said(`req -inform DER -in ${file} -verify -noout`), SELF_SIGNED)
    })

    requests(`SKI-263 ${kind}: what openssl writes is read and verified`, async () => {
      const signer = signerOf(kind)
      const keyFile = given('request.key', signer.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const written = openssl(`req -new -key ${keyFile} -${HASH[kind]} -subj /C=DE/O=Example/CN=Bob -addext subjectAltName=DNS:example.org`)
      const request = fromPem(written)
      const read = accepted(pki.readRequest(request))
      assert.equal([read.subject, read.key], ['CN=Bob,O=Example,C=DE', signer.key])
      assert.equal(await verified(request), [true, true, true])
      request[40]! ^= 1
      const changed = pki.readRequest(request)
      if (changed.ok) assert.equal(await verified(request), [false, false, false])
    })
  }

  for (const [what, kind, hash, found] of [
    ['RSA with SHA-512', 'RSA-2048', '-sha512', '1.2.840.113549.1.1.13'],
    ['RSA with SHA-1', 'RSA-2048', '-sha1', '1.2.840.113549.1.1.5'],
    ['RSASSA-PSS', 'RSA-2048', '-sha256 -sigopt rsa_padding_mode:pss', '1.2.840.113549.1.1.10'],
    ['P-384 with SHA-256', 'P-384', '-sha256', '1.2.840.10045.4.3.2'],
  ] as readonly (readonly [string, Kind, string, string])[])
    requests(`SKI-263 an algorithm that the core does not verify is refused by name: ${what}`, () => {
      const keyFile = given('request.key', signerOf(kind).privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const verdict = pki.readRequest(fromPem(openssl(`req -new -key ${keyFile} ${hash} -subj /CN=Bob`)))
      const fault = refused(verdict)
      assert.equal([fault.code, fault.found], ['algorithm_not_supported', found])
    })

  for (const [what, options, found] of [
    ['RSA of 1024 bits', '-algorithm RSA -pkeyopt rsa_keygen_bits:1024', 'rsa_modulus_size_unsupported'],
    ['Ed25519', '-algorithm ED25519', 'algorithm_unsupported'],
    ['a curve of its own', '-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit', 'curve_explicit'],
    ['P-224', '-algorithm EC -pkeyopt ec_paramgen_curve:P-224', 'curve_unknown'],
  ] as const)
    requests(`SKI-263 a key that is not known here is refused by name: ${what}`, () => {
      const keyFile = given('other.key', openssl(`genpkey ${options}`))
      const verdict = pki.readRequest(fromPem(openssl(`req -new -key ${keyFile} -subj /CN=Bob`)))
      const fault = refused(verdict)
      assert.equal([fault.code, fault.found], ['key_not_supported', found])
    })
}

requests('SKI-263 a request of another key does not verify', async () => {
  const [one, other] = [newSigner('P-256'), newSigner('P-256')]
  const request = signedBy(other, accepted(pki.certificateRequest(SUBJECT, one.key)))
  assert.equal(await verified(request), [false, false, false])
})

requests.run()
