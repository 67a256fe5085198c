import { createPublicKey, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../src/bytes/hex.js'
import { readPrivateKeyFile, readPublicKeyFile } from '../../src/crypto/key-file.js'
import { encodePkcs8 } from '../../src/crypto/pkcs8.js'
import { encodeSpki } from '../../src/crypto/spki.js'
import { skip } from '../skip.js'
import { nativeKeyPair } from '../support/native.js'
import { hex, join, oids, pkcs8, seq, octets, version } from './handmade.js'
import { openssl, OPENSSL_KINDS, opensslMissing } from './openssl.js'

const files = suite('crypto: key files')

const rsa = nativeKeyPair({ type: 'rsa', modulusLength: 2048 })
const ec = nativeKeyPair({ type: 'ec', namedCurve: 'P-384' })
type Type = 'spki' | 'pkcs1' | 'pkcs8' | 'sec1'
const pem = (key: KeyObject, type: Type) => key.export({ format: 'pem', type } as never) as string
const der = (key: KeyObject, type: Type) => Uint8Array.from(key.export({ format: 'der', type } as never) as Buffer)
const jwk = (key: KeyObject) => JSON.stringify(key.export({ format: 'jwk' }))
const text = (value: string) => new TextEncoder().encode(value)
const bytesOf = (value: string | Uint8Array) => (typeof value === 'string' ? text(value) : value)

const publicFiles: readonly (readonly [container: string, format: string, file: string | Uint8Array, key: KeyObject])[] = [
  ['PEM', 'SPKI', pem(rsa.publicKey, 'spki'), rsa.publicKey],
  ['PEM', 'SPKI', pem(ec.publicKey, 'spki'), ec.publicKey],
  ['PEM', 'PKCS#1', pem(rsa.publicKey, 'pkcs1'), rsa.publicKey],
  ['DER', 'SPKI', der(rsa.publicKey, 'spki'), rsa.publicKey],
  ['DER', 'SPKI', der(ec.publicKey, 'spki'), ec.publicKey],
  ['DER', 'PKCS#1', der(rsa.publicKey, 'pkcs1'), rsa.publicKey],
  ['JWK', 'JWK', jwk(rsa.publicKey), rsa.publicKey],
  ['JWK', 'JWK', jwk(ec.publicKey), ec.publicKey],
  ['JWK', 'JWK', `\ufeff \n{"key":${jwk(rsa.publicKey)},"attributes":{"enabled":true}}`, rsa.publicKey],
  ['PEM', 'SPKI', `\ufeffKEK of the vault\r\n${pem(rsa.publicKey, 'spki').replaceAll('\n', '\r\n')}`, rsa.publicKey],
]
for (const [container, format, file, key] of publicFiles)
  files(`public ${key.asymmetricKeyType} key, ${format} as ${container}${file[0] === '\ufeff' ? ', as it comes from Windows' : ''}`, () => {
    const read = readPublicKeyFile(bytesOf(file))
    assert.ok(read.ok, read.ok ? '' : read.fault.code)
    if (!read.ok) return
    assert.equal([read.value.container, read.value.format], [container, format])
    assert.is(toHex(encodeSpki(read.value.key)), toHex(der(key, 'spki')))
    assert.is(read.value.jwk?.['kty'], container === 'JWK' ? read.value.key.type : undefined)
  })

const privateFiles: readonly (readonly [container: string, format: string, file: string | Uint8Array, key: KeyObject])[] = [
  ['PEM', 'PKCS#8', pem(rsa.privateKey, 'pkcs8'), rsa.privateKey],
  ['PEM', 'PKCS#8', pem(ec.privateKey, 'pkcs8'), ec.privateKey],
  ['PEM', 'PKCS#1', pem(rsa.privateKey, 'pkcs1'), rsa.privateKey],
  ['PEM', 'SEC1', pem(ec.privateKey, 'sec1'), ec.privateKey],
  ['DER', 'PKCS#8', der(rsa.privateKey, 'pkcs8'), rsa.privateKey],
  ['DER', 'PKCS#8', der(ec.privateKey, 'pkcs8'), ec.privateKey],
  ['DER', 'PKCS#1', der(rsa.privateKey, 'pkcs1'), rsa.privateKey],
  ['DER', 'SEC1', der(ec.privateKey, 'sec1'), ec.privateKey],
  ['JWK', 'JWK', jwk(rsa.privateKey), rsa.privateKey],
  ['JWK', 'JWK', jwk(ec.privateKey), ec.privateKey],
  // A server's file: the key and its certificate, or its public key.
  ['PEM', 'PKCS#8', pem(ec.privateKey, 'pkcs8') + pem(ec.publicKey, 'spki'), ec.privateKey],
]
for (const [container, format, file, key] of privateFiles)
  files(`private ${key.asymmetricKeyType} key, ${format} as ${container}${file.includes('PUBLIC' as never) ? ', beside the public one' : ''}`, () => {
    const read = readPrivateKeyFile(bytesOf(file))
    assert.ok(read.ok && read.value.key.type !== 'oct', read.ok ? '' : read.fault.code)
    assert.equal([read.value.container, read.value.format], [container, format])
    assert.is(toHex(encodePkcs8(read.value.key)), toHex(der(key, 'pkcs8')))
  })

files('an oct JWK is a private key', () => {
  const read = readPrivateKeyFile(text('{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA"}'))
  assert.ok(read.ok && read.value.key.type === 'oct')
})

const small = nativeKeyPair({ type: 'rsa', modulusLength: 1024 })
const spoilt = JSON.parse(jwk(rsa.privateKey)) as Record<string, string>
const offCurve = { ...(JSON.parse(jwk(ec.publicKey)) as Record<string, string>), y: Buffer.alloc(48, 1).toString('base64url') }
type Row = readonly [title: string, file: string | Uint8Array, code: string, found?: string]
const common: readonly Row[] = [
  ['an empty file', '', 'key_file_empty'],
  ['a file that is too large', 'x'.repeat(65537), 'key_file_too_large'],
  ['UTF-16', Uint8Array.from(Buffer.from('\ufeff-----BEGIN', 'utf16le')), 'key_file_utf16'],
  ['a text', 'hello', 'key_file_unrecognised'],
  ['raw octets', new Uint8Array(32).fill(7), 'key_file_unrecognised'],
  ['PEM without its end', '-----BEGIN PUBLIC KEY-----\nAAAA\n', 'pem_unterminated'],
  ['JSON with a fault', '{"kty":"RSA","kty":"RSA"}', 'json_duplicate_member'],
  ['JSON that is no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 'key_file_unrecognised'],
  ['JSON that is no key', '{"hello":1}', 'jwk_member_missing'],
  ['an OKP JWK', '{"kty":"OKP","crv":"Ed25519","x":"AA"}', 'key_type_unsupported', 'OKP'],
  ['another PEM block', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', 'key_type_unsupported', 'OPENSSH PRIVATE KEY'],
  ['only parameters', '-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n', 'key_file_unrecognised', 'EC PARAMETERS'],
  ['a DSA key', seq(...[0, 7, 5, 3, 2, 1].map(version)), 'key_type_unsupported', 'DSA private key'],
  ['a certificate', seq(seq(), seq(oids.rsa), hex('030100')), 'certificate_given', 'certificate'],
  ['a certificate as PEM', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'certificate_given', 'CERTIFICATE'],
  ['an encrypted PKCS#8', seq(seq(oids.rsa), octets(new Uint8Array(8))), 'key_encrypted', 'encrypted PKCS#8'],
  [
    'an encrypted PKCS#8 as PEM',
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
    'key_encrypted',
    'ENCRYPTED PRIVATE KEY',
  ],
]
const publicRefused: readonly Row[] = [
  ...common,
  ['a private key as PKCS#8 PEM', pem(ec.privateKey, 'pkcs8'), 'private_key_given', 'PRIVATE KEY'],
  ['a private key as PKCS#1 PEM', pem(rsa.privateKey, 'pkcs1'), 'private_key_given', 'RSA PRIVATE KEY'],
  ['a private key as SEC1 DER', der(ec.privateKey, 'sec1'), 'private_key_given', 'SEC1'],
  ['a private key as PKCS#8 DER', der(rsa.privateKey, 'pkcs8'), 'private_key_given', 'PKCS#8'],
  ['a private key as JWK', jwk(ec.privateKey), 'private_key_given'],
  ['a symmetric key as JWK', '{"kty":"oct","k":"AAAA"}', 'private_key_given'],
  ['a public key with the private one behind', pem(ec.publicKey, 'spki') + pem(ec.privateKey, 'pkcs8'), 'private_key_given', 'PRIVATE KEY'],
  ['two public keys', pem(ec.publicKey, 'spki') + pem(rsa.publicKey, 'spki'), 'key_file_several_keys'],
  ['an Ed25519 key', pem(nativeKeyPair({ type: 'ed25519' }).publicKey, 'spki'), 'key_type_unsupported', 'Ed25519 (1.3.101.112)'],
  ['a key of 1024 bits', pem(small.publicKey, 'spki'), 'rsa_modulus_size_unsupported'],
  ['a point that is not on its curve', JSON.stringify(offCurve), 'ec_point_not_on_curve'],
  ['DER with a fault', join(hex('3081'), hex('03020100')), 'der_length_not_minimal'],
  ['DER with a byte behind', join(der(ec.publicKey, 'spki'), Uint8Array.of(7)), 'der_trailing_bytes'],
]
const privateRefused: readonly Row[] = [
  ...common,
  ['a public key as PEM', pem(rsa.publicKey, 'spki'), 'public_key_given', 'PUBLIC KEY'],
  ['a public key as DER', der(ec.publicKey, 'spki'), 'public_key_given', 'SPKI'],
  ['a public key as PKCS#1 DER', der(rsa.publicKey, 'pkcs1'), 'public_key_given', 'PKCS#1 public key'],
  ['a public key as JWK', jwk(rsa.publicKey), 'public_key_given'],
  ['two private keys', pem(ec.privateKey, 'pkcs8') + pem(rsa.privateKey, 'pkcs1'), 'key_file_several_keys'],
  ['an Ed25519 key', pem(nativeKeyPair({ type: 'ed25519' }).privateKey, 'pkcs8'), 'key_type_unsupported', 'Ed25519 (1.3.101.112)'],
  ['a DSA key as PKCS#8', pkcs8(seq(oids.dsa, seq()), version(1)), 'key_type_unsupported', 'id-dsa (1.2.840.10040.4.1)'],
  ['a key of 1024 bits', pem(small.privateKey, 'pkcs8'), 'rsa_modulus_size_unsupported'],
  ['numbers that do not fit', JSON.stringify({ ...spoilt, dp: spoilt['dq'] }), 'rsa_crt_dp_wrong'],
  ['DER with a byte behind', join(der(ec.privateKey, 'pkcs8'), Uint8Array.of(0)), 'der_trailing_bytes'],
]
for (const [kind, rows, read] of [
  ['public', publicRefused, readPublicKeyFile],
  ['private', privateRefused, readPrivateKeyFile],
] as const)
  for (const [title, file, code, found] of rows)
    files(`where a ${kind} key is wanted, ${title} is refused`, () => {
      const verdict = read(bytesOf(file))
      assert.not(verdict.ok)
      if (verdict.ok) return
      assert.is(verdict.fault.code, code)
      if (found !== undefined) assert.is(verdict.fault.found, found)
    })

files('sizes are the caller’s to widen', () => {
  assert.ok(readPublicKeyFile(text(pem(small.publicKey, 'spki')), { rsaBits: [1024] }).ok)
  assert.ok(readPrivateKeyFile(text(pem(small.privateKey, 'pkcs8')), { rsaBits: [1024] }).ok)
})

const opensslFiles: readonly (readonly [title: string, make: () => Uint8Array, code: string])[] = [
  ['ecparam -genkey writes parameters before the key', () => openssl('ecparam -name secp256k1 -genkey'), 'accepted'],
  ['genpkey', () => openssl(`genpkey ${OPENSSL_KINDS['P-521']}`), 'accepted'],
  ['rsa -traditional', () => openssl('rsa -traditional', openssl(`genpkey ${OPENSSL_KINDS['RSA-2048']}`)), 'accepted'],
  ['pkcs8 -topk8 with a password', () => openssl('pkcs8 -topk8 -passout pass:x', openssl(`genpkey ${OPENSSL_KINDS['P-256']}`)), 'key_encrypted'],
  ['ec -aes128', () => openssl('ec -aes128 -passout pass:x', openssl(`genpkey ${OPENSSL_KINDS['P-256']}`)), 'key_encrypted'],
  ['ecparam with explicit parameters', () => openssl('ecparam -name prime256v1 -genkey -noout -param_enc explicit'), 'curve_explicit'],
  ['genpkey X25519', () => openssl('genpkey -algorithm X25519'), 'key_type_unsupported'],
  ['genpkey RSA-PSS', () => openssl('genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048'), 'algorithm_rsassa_pss'],
]
for (const [title, make, code] of opensslFiles) {
  if (opensslMissing) skip(files, `openssl ${title}`, opensslMissing)
  else
    files(`openssl ${title}: ${code}`, () => {
      const file = make()
      const read = readPrivateKeyFile(file)
      assert.is(read.ok ? 'accepted' : read.fault.code, code)
      if (read.ok && read.value.key.type !== 'oct') assert.is(toHex(encodeSpki(read.value.key)), toHex(der(createPublicKey(Buffer.from(file)), 'spki')))
    })
}

files.run()
