/**
 * Distinguished names as text and as DER: RFC 4514's own examples, what openssl makes of them, and text that is none.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readDer } from '../../src/bytes/der.js'
import type { PkiFault } from '../../src/ski/pki.js'
import { encodeName, readName } from '../../tools/pki/names.js'
import { pkijsPki } from '../../tools/pki/index.js'
import { openssl, opensslMissing } from '../crypto/openssl.js'
import { skip } from '../skip.js'
import { given } from '../support/folder.js'
import { unhex } from '../support/vectors.js'
import { accepted, refused, signedBy, signerOf } from './keys.js'

const names = suite('distinguished names')

const decode = (der: Uint8Array) => readDer<string, PkiFault['code']>(der, (cursor) => readName(cursor, der, 'Name'))
const roundTrip = (text: string) => decode(accepted(encodeName(text)))
const hex = (text: string) => Buffer.from(accepted(encodeName(text))).toString('hex')

for (const [text, written] of [
  ['UID=jsmith,DC=example,DC=net'],
  ['OU=Sales+CN=J.  Smith,DC=example,DC=net'],
  ['CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net'],
  ['CN=Before\\0dAfter,DC=example,DC=net'],
  ['1.3.6.1.4.1.1466.0=#04024869'],
  ['CN=Lu\\C4\\8Di\\C4\\87', 'CN=Lučić'],
] as const)
  names(`SKI-263 RFC 4514 §4: ${text}`, () => assert.equal(roundTrip(text), { ok: true, value: written ?? text }))

for (const [text, written] of [
  ['cn=a, o=b,  c=DE', 'CN=a,O=b,C=DE'],
  ['CN=a=b'],
  ['CN=\\ a \\ '],
  ['CN=\\ '],
  ['CN=\\#1'],
  ['CN=a#1'],
  ['CN=a\\\\', 'CN=a\\\\'],
  ['CN=a\\\\\\ '],
  ['CN=\\3ca\\3E', 'CN=\\<a\\>'],
  ['CN=\\=a', 'CN==a'],
  ['CN=\u202eabc', 'CN=\\e2\\80\\aeabc'],
  ['CN=😀'],
  ['E=a@example.org,SERIALNUMBER=12 3,STREET=x 1,L=Ulm,ST=BW'],
  ['2.5.4.3=#0c0161', 'CN=a'],
  ['2.5.4.3=a', 'CN=a'],
  ['CN=#1e020061'],
  ['CN=#130161', 'CN=a'],
] as const)
  names(`as it is written: ${text}`, () => assert.equal(roundTrip(text), { ok: true, value: written ?? text }))

names('the encodings: last attribute first, each string type, a sorted set', () => {
  assert.is(hex('CN=a,C=DE'), '3019310b3009060355040613024445310a300806035504030c0161')
  assert.is(hex('DC=a'), '30133111300f060a0992268993f22c640119160161')
  assert.is(hex('SERIALNUMBER=1'), '300c310a30080603550405130131')
  assert.is(hex('E=a'), '30123110300e06092a864886f70d010901160161')
  // 2.5.4.3 before 2.5.4.10, whatever the text says.
  assert.is(hex('O=b+CN=a'), hex('CN=a+O=b'))
  assert.is(hex('O=b+CN=a'), '30163114300806035504030c01613008060355040a0c0162')
})

for (const [text, at] of [
  ['', 'character 0'],
  [' ', 'character 1'],
  ['CN', 'character 2'],
  ['CN=', 'character 3'],
  ['CN=a,', 'character 5'],
  ['CN=a+', 'character 5'],
  ['CN=a,,O=b', 'character 5'],
  ['CN=a;O=b', 'character 4'],
  ['XY=a', 'character 0'],
  ['1.2.3=a', 'character 6'],
  ['3.1=#0500', 'character 0'],
  ['1.02.3=#0500', 'character 0'],
  ['CN= a', 'character 3'],
  ['CN=a ', 'character 3'],
  ['CN=a ,O=b', 'character 3'],
  ['CN="a"', 'character 3'],
  ['CN=<a>', 'character 3'],
  ['CN=a\0', 'character 4'],
  ['CN=a\\', 'character 4'],
  ['CN=a\\x', 'character 4'],
  ['CN=a\\4', 'character 4'],
  ['CN=\\ff', 'character 3'],
  ['CN=#', 'character 4'],
  ['CN=#0c', 'character 4'],
  ['CN=#0c02', 'character 4'],
  ['CN=#0c0161ff', 'character 4'],
  ['CN=#0c0161x', 'character 4'],
  ['CN=#0c80610000', 'character 4'],
  ['C=D', 'character 2'],
  ['C=DEU', 'character 2'],
  ['C=D*', 'character 2'],
  ['DC=ü', 'character 3'],
  ['E=ü', 'character 2'],
  ['SERIALNUMBER=1*', 'character 13'],
  [`CN=${'a'.repeat(65)}`, 'character 3'],
  [`CN=${'a'.repeat(5000)}`, undefined],
  ['CN=\ud800', undefined],
] as const)
  names(`no name: ${JSON.stringify(text.slice(0, 20))}`, () => {
    const fault = refused(encodeName(text))
    assert.equal([fault.code, fault.at], ['name_malformed', at])
  })

for (const [what, der] of [
  ['an empty set', '30023100'],
  ['an attribute without value', '3009310730050603550403'],
  ['an attribute with two values', '300f310d300b06035504030c01610c0162'],
  ['bytes behind', '300c310a300806035504030c016100'],
  ['a sequence for a set', '300c300a300806035504030c0161'],
] as const)
  names(`not read: ${what}`, () => assert.not(decode(unhex(der)).ok))

for (const [what, der, text] of [
  ['UTF-8 that is none', '300c310a300806035504030c01ff', 'CN=#0c01ff'],
  ['a PrintableString with other characters', '300c310a3008060355040313012a', 'CN=#13012a'],
  ['an IA5String beyond ASCII', '300c310a3008060355040316018a', 'CN=#16018a'],
  ['a TeletexString', '300c310a3008060355040314014d', 'CN=#14014d'],
  ['a value that is no string', '300b3109300706035504030500', 'CN=#0500'],
  ['no attribute at all', '3000', ''],
] as const)
  names(`read as it is: ${what}`, () => assert.equal(decode(unhex(der)), { ok: true, value: text }))

const keyword = fc.constantFrom('CN', 'O', 'OU', 'L', 'ST')
const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 24 }).map((text) => [...text].slice(0, 60).join(''))
/** Every character by its bytes: a form in which nothing can go wrong. */
const plainly = (text: string) => [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
const attributes = fc.array(fc.tuple(keyword, value), { minLength: 1, maxLength: 5 })

names('any value comes back as text that says the same bytes', () =>
  fc.assert(
    fc.property(attributes, (list) => {
      const der = accepted(encodeName(list.map(([type, text]) => `${type}=${plainly(text)}`).join(',')))
      const read = decode(der)
      assert.ok(read.ok)
      assert.equal(accepted(encodeName(read.value)), der)
      for (const [, part] of list) assert.ok(Buffer.from(der).includes(Buffer.from(part)))
    }),
  ),
)

names('no text makes it throw', () =>
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^((CN|O|1\.2\.3)(=|=#)([a-f0-9 ]|\\[ ,0-9a-f]|[+,;"])*,?)*$/)), (text) => {
      const verdict = encodeName(text)
      if (!verdict.ok) assert.is(verdict.fault.code, 'name_malformed')
      else assert.ok(decode(verdict.value).ok)
    }),
  ),
)

if (opensslMissing !== null) skip(names, 'beside openssl', opensslMissing)
else
  for (const subject of [
    'CN=Alice,OU=Cards,O=Example,L=Ulm,ST=BW,C=DE',
    'CN=Lučić 😀',
    'CN=a\\, b\\+c\\"d\\\\e\\<f\\>g\\;h',
    'CN=\\#a\\ ',
    'CN=\\ a  b\\ ',
    'UID=jsmith,DC=example,DC=net',
    'CN=a,OU=x,OU=y,OU=z',
  ])
    names(`SKI-263 openssl reads the same name: ${subject}`, () => {
      const signer = signerOf('P-256')
      const request = given('name.csr', signedBy(signer, accepted(pkijsPki().certificateRequest(subject, signer.key))))
      const text = Buffer.from(openssl(`req -inform DER -in ${request} -noout -subject -nameopt RFC2253,-esc_msb,utf8`)).toString()
      assert.is(text, `subject=${subject}\n`)
    })

names.run()
