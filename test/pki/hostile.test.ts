/**
 * Requests and certificates from strangers: whatever the bytes are, reading ends with a verdict, and what it says stands in them.
 * @module
 */
import fc from 'fast-check'
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { element, readDer, writeDer, type DerElement } from '../../src/bytes/der.js'
import type { PkiFault } from '../../src/ski/pki.js'
import type { Verdict } from '../../src/verdict.js'
import { encodeSpki } from '../../src/crypto/spki.js'
import { pkijsPki } from '../../tools/pki/index.js'
import { unhex } from '../support/vectors.js'
import { accepted, refused, signedBy, signerOf, type Kind } from './keys.js'

const hostile = suite('documents from strangers')
const pki = pkijsPki()
const [FROM, TO] = [1704067200, 2019686400]

const requestOf = (kind: Kind): Uint8Array => signedBy(signerOf(kind), accepted(pki.certificateRequest('CN=Alice,O=Example', signerOf(kind).key)))
function certificateOf(kind: Kind): Uint8Array {
  const signer = signerOf(kind)
  const content = { subject: 'CN=Alice,O=Example', key: signer.key, issuer: { subject: 'CN=CA', key: signer.key }, serial: Uint8Array.of(7) }
  return signedBy(signer, accepted(pki.certificate({ ...content, notBefore: FROM, notAfter: TO, use: 'user' })))
}

const KINDS = ['RSA-2048', 'P-256'] as const
const documents = [
  { what: 'request', code: 'request_malformed', read: pki.readRequest, originals: KINDS.map(requestOf) },
  { what: 'certificate', code: 'certificate_malformed', read: pki.readCertificate, originals: KINDS.map(certificateOf) },
] as const

const CODES: readonly PkiFault['code'][] = ['request_malformed', 'certificate_malformed', 'name_malformed', 'key_not_supported', 'algorithm_not_supported']

/** Reading ends with a verdict; a key that is accepted stands in the document as its SubjectPublicKeyInfo. */
function isSound(bytes: Uint8Array, verdict: Verdict<{ readonly key: Parameters<typeof encodeSpki>[0] }, PkiFault>): void {
  if (verdict.ok) assert.ok(Buffer.from(bytes).includes(Buffer.from(encodeSpki(verdict.value.key))))
  else assert.ok(CODES.includes(verdict.fault.code), verdict.fault.code)
}

for (const { what, code, read, originals } of documents) {
  hostile(`SKI-263 any bytes as a ${what}`, () => fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => isSound(bytes, read(bytes)))))

  hostile(`SKI-263 a ${what} with bytes changed, dropped or put in`, () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...originals),
        fc.array(fc.record({ at: fc.nat(), drop: fc.integer({ min: 0, max: 4 }), put: fc.uint8Array({ maxLength: 4 }) }), { minLength: 1, maxLength: 4 }),
        (original, edits) => {
          let bytes = Buffer.from(original)
          for (const { at, drop, put } of edits) {
            const start = at % (bytes.length + 1)
            bytes = Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + drop)])
          }
          isSound(bytes, read(Uint8Array.from(bytes)))
        },
      ),
      { numRuns: 1500 },
    ),
  )

  hostile(`SKI-263 a ${what} that is cut off anywhere is refused`, () => {
    for (const original of originals) for (let length = 0; length < original.length; length++) assert.is(refused(read(original.slice(0, length))).code, code)
  })

  hostile(`SKI-263 a ${what} with a byte behind, or inside at the end, is refused`, () => {
    for (const original of originals) {
      assert.equal(refused(read(Uint8Array.of(...original, 0))), { code, at: `offset ${original.length}`, found: 'der_trailing_bytes' })
      assert.is(refused(read(together(...parts(original), Uint8Array.of(5, 0)))).found, 'der_trailing_bytes')
    }
  })

  hostile(`SKI-263 a ${what} in BER that is not DER is refused`, () => {
    for (const original of originals) {
      const inside = Buffer.concat(parts(original))
      const indefinite = Uint8Array.of(0x30, 0x80, ...inside, 0, 0)
      const long = Uint8Array.of(0x30, 0x83, 0, inside.length >> 8, inside.length & 0xff, ...inside)
      assert.equal(
        [indefinite, long].map((bytes) => refused(read(bytes)).found),
        ['der_length_indefinite', 'der_length_not_minimal'],
      )
    }
  })

  hostile(`SKI-263 a ${what} is at most 64 KiB, and no nesting is deep enough to harm`, () => {
    assert.equal(refused(read(new Uint8Array(65537))), { code, found: 65537, wanted: 'at most 65536 bytes' })
    let nested: DerElement = element(0x30)
    for (let depth = 0; depth < 12000; depth++)
      nested = { tag: 0x30, content: [nested], length: nested.length + (nested.length < 0x80 ? 2 : nested.length < 0x100 ? 3 : 4) }
    const header = (value: DerElement): number[] =>
      value.length < 0x80 ? [0x30, value.length] : value.length < 0x100 ? [0x30, 0x81, value.length] : [0x30, 0x82, value.length >> 8, value.length & 0xff]
    const bytes: number[] = []
    for (let value: DerElement | undefined = nested; value; value = value.content[0] as DerElement | undefined) bytes.push(...header(value))
    assert.ok(bytes.length < 65536)
    assert.is(refused(read(Uint8Array.from(bytes))).code, code)
  })

  hostile(`SKI-263 what is no byte string is a mistake of the caller: ${what}`, () => {
    for (const value of [undefined, null, 'text', [1, 2]])
      assert.throws(
        () => read(value as never),
        (error: unknown) => error instanceof TypeError,
      )
  })
}

hostile('SKI-263 a request is no certificate, and a certificate is no request', () => {
  for (const kind of KINDS) {
    assert.is(refused(pki.readCertificate(requestOf(kind))).code, 'certificate_malformed')
    assert.is(refused(pki.readRequest(certificateOf(kind))).code, 'request_malformed')
  }
})

/** A document taken apart one level and put together again with some element exchanged. */
function parts(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  const read = readDer(bytes, (der) =>
    der.sequence('outer', (inside) => {
      while (!inside.done) {
        const start = inside.offset
        inside.skip('part')
        found.push(bytes.slice(start, inside.offset))
      }
    }),
  )
  assert.ok(read.ok)
  return found
}
const together = (...of: readonly Uint8Array[]): Uint8Array => writeDer(element(0x30, ...of))

/** The request with another element in place of one of the four to be signed. */
function requestWith(place: number, put: Uint8Array): Uint8Array {
  const [info, algorithm, signature] = parts(requestOf('P-256')) as [Uint8Array, Uint8Array, Uint8Array]
  return together(together(...parts(info).with(place, put)), algorithm, signature)
}

for (const [what, place, put, fault] of [
  ['version 2', 0, '020101', ['request_malformed', 1]],
  ['a name with an empty set', 1, '30023100', ['name_malformed', undefined]],
  ['a key of RSASSA-PSS', 2, '3012300b06092a864886f70d01010a0303000000', ['key_not_supported', 'algorithm_rsassa_pss']],
  ['a key info that is none', 2, '30020500', ['request_malformed', 'der_tag_unexpected']],
  ['attributes that are no set', 3, '3000', ['request_malformed', 'der_tag_unexpected']],
] as const)
  hostile(`SKI-263 a request with ${what}`, () => {
    const { code, found } = refused(pki.readRequest(requestWith(place, unhex(put))))
    assert.equal([code, found], [fault[0], fault[1]])
  })

hostile('SKI-263 a request without attributes is taken, as others take it', () => {
  const [info, algorithm, signature] = parts(requestOf('P-256')) as [Uint8Array, Uint8Array, Uint8Array]
  assert.ok(pki.readRequest(together(together(...parts(info).slice(0, 3)), algorithm, signature)).ok)
})

for (const [what, signature] of [
  ['r of 33 bytes', `0329003026022101${'00'.repeat(32)}020101`],
  ['no sequence', '0303000500'],
  ['one number', '0306003003020101'],
  ['a negative number', '0309003006020180020101'],
] as const)
  hostile(`SKI-263 a request whose signature is none: ${what}`, () => {
    const [info, algorithm] = parts(requestOf('P-256')) as [Uint8Array, Uint8Array]
    assert.is(refused(pki.readRequest(together(info, algorithm, unhex(signature)))).code, 'request_malformed')
  })

for (const [what, algorithm] of [
  ['NULL behind ecdsa-with-SHA256', '300c06082a8648ce3d0403020500'],
  ['nothing behind sha256WithRSAEncryption', '300b06092a864886f70d01010b'],
] as const)
  hostile(`SKI-263 a request with ${what}`, () => {
    const [info, , signature] = parts(requestOf(algorithm.startsWith('300c') ? 'P-256' : 'RSA-2048')) as [Uint8Array, Uint8Array, Uint8Array]
    assert.is(refused(pki.readRequest(together(info, unhex(algorithm), signature))).code, 'algorithm_not_supported')
  })

/** The certificate with its list of what is signed changed. */
function certificateWith(change: (tbs: Uint8Array[]) => Uint8Array[]): Uint8Array {
  const [tbs, algorithm, signature] = parts(certificateOf('P-256')) as [Uint8Array, Uint8Array, Uint8Array]
  return together(together(...change(parts(tbs))), algorithm, signature)
}

const extension = (id: string, value: string) => element(0x30, element(0x06, unhex(id)), element(0x04, unhex(value)))
const extensions = (...list: readonly DerElement[]) => writeDer(element(0xa3, element(0x30, ...list)))

for (const [what, change] of [
  ['version 4', (tbs) => tbs.with(0, unhex('a003020103'))],
  ['version 1, said', (tbs) => tbs.with(0, unhex('a003020100'))],
  ['a negative serial number', (tbs) => tbs.with(1, unhex('0201ff'))],
  ['another algorithm inside', (tbs) => tbs.with(2, unhex('300a06082a8648ce3d040303'))],
  ['an issuer that is no name', (tbs) => tbs.with(3, unhex('30020500'))],
  ['one time', (tbs) => tbs.with(4, unhex('300f170d3234303130313030303030305a'))],
  ['something behind the extensions', (tbs) => [...tbs, unhex('0500')]],
  ['an extension twice', (tbs) => tbs.with(7, extensions(extension('551d0e', '0500'), extension('551d0e', '0500')))],
  ['key usage that is no bit string', (tbs) => tbs.with(7, extensions(extension('551d0f', '0500')))],
  ['key usage without a bit', (tbs) => tbs.with(7, extensions(extension('551d0f', '030100')))],
  ['key usage with a byte behind', (tbs) => tbs.with(7, extensions(extension('551d0f', '0302052000')))],
] as readonly (readonly [string, (tbs: Uint8Array[]) => Uint8Array[]])[])
  hostile(`SKI-264 a certificate with ${what} is refused`, () => {
    const { code } = refused(pki.readCertificate(certificateWith(change)))
    assert.ok(['certificate_malformed', 'name_malformed'].includes(code), code)
  })

for (const [what, change] of [
  ['nothing changed', (tbs) => tbs],
  ['version 1', (tbs) => tbs.slice(1, 7)],
  ['unique identifiers', (tbs) => tbs.toSpliced(7, 0, unhex('81020001'), unhex('82020001'))],
  ['key usage of two bytes', (tbs) => tbs.with(7, extensions(extension('551d0f', '0303070180')))],
] as readonly (readonly [string, (tbs: Uint8Array[]) => Uint8Array[]])[])
  hostile(`SKI-264 a certificate with ${what} is read`, () => {
    const bytes = certificateWith(change)
    assert.ok(new X509Certificate(bytes).publicKey.equals(signerOf('P-256').publicKey))
    assert.equal(pki.readCertificate(bytes), { ok: true, value: { subject: 'CN=Alice,O=Example', key: signerOf('P-256').key } })
  })

hostile.run()
