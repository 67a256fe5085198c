/**
 * The vectors of the structures of SKI: each one read, and each accepted one written again.
 *
 * The vectors name members as the published structures do; what the codecs make of the bytes is put into those names here.
 * @module
 */
import { createPrivateKey } from 'node:crypto'
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import { checkPrivateKey, checkPublicKey } from '../../src/crypto/key-check.js'
import type { RsaPrivateKey } from '../../src/crypto/keys.js'
import {
  blobToPkcs8,
  blobToSpki,
  completeRsaKey,
  decodeEccKeyBlob,
  decodeKeyDataBlob,
  decodePrivateKeyBlob,
  decodePublicKeyBlob,
  decodeRsaKeyBlob,
  encodeEccKeyBlob,
  encodeKeyDataBlob,
  encodePrivateKeyBlob,
  encodePublicKeyBlob,
  encodeRsaKeyBlob,
  pkcs8ToBlob,
  spkiToBlob,
  type KeyBlobType,
} from '../../src/ski/blobs/index.js'
import { keySpec } from '../../src/ski/constants/index.js'
import * as structures from '../../src/ski/structures/index.js'
import { accept, type Verdict } from '../../src/verdict.js'
import { openssl, opensslMissing } from '../crypto/openssl.js'
import { skip } from '../skip.js'
import { accepted, bytes, load, refusedAs, suiteOf, text, title, type Vector } from './load.js'

/** A codec, and how the vectors show what it reads. */
interface Codec<T> {
  readonly decode: (bytes: Uint8Array) => Verdict<T>
  readonly encode: (value: T) => Uint8Array
  readonly fields: (value: T, bytes: Uint8Array) => unknown
  /** What judges the numbers behind the codec. */
  readonly check?: (value: T) => Verdict<unknown>
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
/** A number of a key in a field of a length. */
const padded = (value: Uint8Array, length: number): string => hex(value).padStart(2 * length, '0')
const bits = (value: Uint8Array): number => 8 * value.length - Math.clz32(value[0]!) + 24
const integer = (value: Uint8Array): number => Number(`0x${hex(value)}`)

const codecs: Readonly<Record<string, (vector: Vector) => Codec<never>>> = {
  BCRYPT_KEY_DATA_BLOB: codec({
    decode: decodeKeyDataBlob,
    encode: encodeKeyDataBlob,
    fields: (key) => ({ dwMagic: 'KDBM', dwVersion: 1, cbKeyData: key.length, key: hex(key) }),
  }),
  BCRYPT_RSAKEY_BLOB: codec({
    decode: decodeRsaKeyBlob,
    encode: encodeRsaKeyBlob,
    check: (blob) => {
      if (blob.form === 'public') return checkPublicKey(blob.key)
      return blob.form === 'private' ? completeRsaKey(blob.key) : checkPrivateKey(blob.key)
    },
    fields: ({ form, key }) => {
      const whole = key.n.length
      return {
        Magic: { public: 'RSA1', private: 'RSA2', full: 'RSA3' }[form],
        BitLength: bits(key.n),
        exponent: hex(key.e),
        modulus: hex(key.n),
        ...('p' in key ? { prime1: hex(key.p), prime2: hex(key.q) } : {}),
        ...('d' in key ? rest(key, whole) : {}),
      }
    },
  }),
  BCRYPT_ECCKEY_BLOB: codec({
    decode: decodeEccKeyBlob,
    encode: encodeEccKeyBlob,
    check: ({ form, key }) => (form === 'public' ? checkPublicKey(key) : checkPrivateKey(key)),
    fields: ({ use, form, key }) => ({
      dwMagic: `EC${use === 'exchange' ? 'K' : 'S'}${2 * ['P-256', 'P-384', 'P-521'].indexOf(key.curve) + (form === 'public' ? 1 : 2)}`,
      cbKey: key.x.length,
      X: hex(key.x),
      Y: hex(key.y),
      ...('d' in key ? { d: hex(key.d) } : {}),
    }),
  }),
  PUBLICKEYBLOB: codec({
    decode: decodePublicKeyBlob,
    encode: encodePublicKeyBlob,
    check: ({ key }) => checkPublicKey(key),
    fields: ({ use, key }) => ({ ...capiHeader('public', use), bitlen: bits(key.n), pubexp: integer(key.e), modulus: hex(key.n) }),
  }),
  PRIVATEKEYBLOB: codec({
    decode: decodePrivateKeyBlob,
    encode: encodePrivateKeyBlob,
    check: ({ key }) => checkPrivateKey(key),
    fields: ({ use, key }) => ({
      ...capiHeader('private', use),
      bitlen: bits(key.n),
      pubexp: integer(key.e),
      modulus: hex(key.n),
      prime1: hex(key.p),
      prime2: hex(key.q),
      ...rest(key, key.n.length),
    }),
  }),
  CARD_IMPORT_KEYPAIR: codec({
    decode: structures.decodeImportKeypair,
    encode: structures.encodeImportKeypair,
    check: structures.keyOfImport,
    fields: (value) => ({
      dwVersion: 7,
      bContainerIndex: value.containerIndex,
      PinId: value.pinId,
      dwKeySpec: keySpec(value.keySpec)?.name,
      dwKeySize: value.keySize,
      cbInput: value.keyData.length,
      pbInput: hex(value.keyData),
    }),
  }),
  CARD_AUTHENTICATE: codec({
    decode: structures.decodeAuthenticate,
    encode: structures.encodeAuthenticate,
    fields: ({ flags, pinId, pin }) => ({ dwVersion: 7, dwFlags: flags, PinId: pinId, cbPinData: pin.length, pbPinData: hex(pin) }),
  }),
  CARD_AUTHENTICATE_RESPONSE: codec({
    decode: structures.decodeAuthenticateResponse,
    encode: structures.encodeAuthenticateResponse,
    fields: ({ attemptsRemaining, sessionPin }) => ({
      dwVersion: 7,
      cbSessionPin: sessionPin?.length ?? 0,
      cAttemptsRemaining: attemptsRemaining,
      pbSessionPin: sessionPin ? hex(sessionPin) : '',
    }),
  }),
  CARD_CHANGE_AUTHENTICATOR: codec({
    decode: structures.decodeChangeAuthenticator,
    encode: structures.encodeChangeAuthenticator,
    fields: (value) => ({
      dwVersion: 7,
      dwFlags: value.flags,
      dwAuthenticatingPinId: value.authenticatingPinId,
      cbAuthenticatingPinData: value.authenticatingData.length,
      dwTargetPinId: value.targetPinId,
      cbTargetData: value.targetData.length,
      cRetryCount: value.retryCount,
      pbAuthenticatingPinData: hex(value.authenticatingData),
      pbTargetData: hex(value.targetData),
    }),
  }),
  CARD_CHANGE_AUTHENTICATOR_RESPONSE: codec({
    decode: structures.decodeChangeAuthenticatorResponse,
    encode: structures.encodeChangeAuthenticatorResponse,
    fields: ({ attemptsRemaining }) => ({ dwVersion: 7, cAttemptsRemaining: attemptsRemaining }),
  }),
  CARD_KEY_SIZES: codec({
    decode: structures.decodeKeySizes,
    encode: structures.encodeKeySizes,
    fields: (sizes) => ({
      dwVersion: 1,
      dwMinimumBitlen: sizes.minimum,
      dwDefaultBitlen: sizes.default,
      dwMaximumBitlen: sizes.maximum,
      dwIncrementalBitlen: sizes.increment,
    }),
  }),
  CONTAINER_MAP_RECORD: codec({ decode: structures.decodeContainerRecord, encode: structures.encodeContainerRecord, fields: recordFields }),
  cmapfile: codec({ decode: structures.decodeContainerMap, encode: structures.encodeContainerMap, fields: (map) => map.map(recordFields) }),
  MULTI_STRING: codec({ decode: structures.decodeMultiString, encode: structures.encodeMultiString, fields: (names) => names }),
  PROPERTY: (vector) =>
    codec({
      decode: (input) => structures.decodeProperty(text(vector, 'property'), input),
      encode: (value) => structures.encodeProperty(text(vector, 'property'), value),
      fields: ({ sort, value }) => {
        if (sort === 'bytes') return hex(value)
        return sort === 'keyLengths' ? { dwMinLength: value.minimum, dwMaxLength: value.maximum, dwIncrement: value.increment } : value
      },
    })(vector),
  CONTAINER_INFO: (vector) =>
    codec({
      decode: (input) => structures.decodeContainerInfo(input, abiOf(vector)),
      encode: (info) => structures.encodeContainerInfo(info, abiOf(vector)),
      fields: ({ signature, exchange }) => ({ signature: signature && hex(signature), exchange: exchange && hex(exchange) }),
    })(vector),
  BCRYPT_OAEP_PADDING_INFO: struct(structures.OAEP_PADDING_INFO),
  BCRYPT_PKCS1_PADDING_INFO: struct(structures.PKCS1_PADDING_INFO),
  CARD_ENCRYPTED_DATA: struct(structures.ENCRYPTED_DATA),
  CARD_DERIVE_KEY: struct(structures.DERIVE_KEY),
  CARD_DH_AGREEMENT_INFO: struct(structures.DH_AGREEMENT_INFO),
}

/** Forgets the type of the value, which never leaves the codec. */
function codec<T>(made: Codec<T>): (vector: Vector) => Codec<never> {
  return () => made as unknown as Codec<never>
}

function struct(layout: structures.Struct): (vector: Vector) => Codec<never> {
  return (vector) =>
    codec({
      decode: (input) => structures.decodeStruct(layout, abiOf(vector), input),
      encode: (values) => structures.encodeStruct(layout, abiOf(vector), values),
      fields: (values) => values,
    })(vector)
}

const abiOf = (vector: Vector) => text(vector, 'abi') as 'x64' | 'x86'

function rest({ dp, dq, qi, d }: RsaPrivateKey, whole: number) {
  return {
    exponent1: padded(dp, whole / 2),
    exponent2: padded(dq, whole / 2),
    coefficient: padded(qi, whole / 2),
    privateExponent: padded(d, whole),
  }
}

const capiHeader = (half: 'public' | 'private', use: 'exchange' | 'signature') => ({
  bType: half === 'public' ? 6 : 7,
  bVersion: 2,
  reserved: 0,
  aiKeyAlg: use === 'exchange' ? 'CALG_RSA_KEYX' : 'CALG_RSA_SIGN',
  magic: half === 'public' ? 'RSA1' : 'RSA2',
})

function recordFields(record: structures.ContainerRecord | null) {
  if (record === null) return null
  const { name, isDefault, signatureBits, exchangeBits } = record
  return { wszGuid: name, bFlags: isDefault ? 3 : 1, wSigKeySizeBits: signatureBits, wKeyExchangeKeySizeBits: exchangeBits }
}

for (const name of ['key-blobs', 'secure-functions', 'card-data', 'in-process']) {
  const { file, tests } = suiteOf(`ski/${name}`)
  for (const vector of file.tests) {
    const { decode, encode, fields, check = accept } = codecs[text(vector, 'type')]!(vector) as unknown as Codec<unknown>
    const input = bytes(vector, 'bytes')
    tests(title(vector), async () => {
      const read = decode(input)
      const judged = read.ok ? check(read.value) : read
      if (vector.result === 'invalid') return refusedAs(vector, judged)
      await accepted(judged)
      const value = await accepted(read)
      assert.equal(fields(value, input), vector['fields'])
      assert.equal(encode(value), input)
    })
  }
  tests.run()
}

const conversions = suite('conversions of key blobs')
const blobs = load('ski/key-blobs').tests.filter(({ result, spki }) => result === 'valid' && spki !== undefined)
conversions('SKI-98 there are many', () => assert.ok(blobs.length >= 30))
for (const vector of blobs) {
  const type = blobType(vector)
  const use = useOf(vector)
  const [blob, spki] = [bytes(vector, 'bytes'), bytes(vector, 'spki')]
  conversions(`SKI-98 ${vector.id} to SubjectPublicKeyInfo${'pkcs8' in vector ? ' and PKCS#8' : ''}, and back`, async () => {
    assert.equal(await accepted(blobToSpki(blob, type)), spki)
    if (!('pkcs8' in vector)) return assert.equal(await accepted(spkiToBlob(spki, type, use)), blob)
    assert.equal(await accepted(blobToPkcs8(blob, type)), bytes(vector, 'pkcs8'))
    assert.equal(await accepted(pkcs8ToBlob(bytes(vector, 'pkcs8'), type, use)), blob)
  })
}

function blobType(vector: Vector): KeyBlobType {
  const fields = vector['fields'] as { readonly Magic?: 'RSA1' | 'RSA2' | 'RSA3'; readonly dwMagic?: string }
  if (fields.Magic) return ({ RSA1: 'RSAPUBLICBLOB', RSA2: 'RSAPRIVATEBLOB', RSA3: 'RSAFULLPRIVATEBLOB' } as const)[fields.Magic]
  if (fields.dwMagic) return 'pkcs8' in vector ? 'ECCPRIVATEBLOB' : 'ECCPUBLICBLOB'
  return text(vector, 'type') as 'PUBLICKEYBLOB' | 'PRIVATEKEYBLOB'
}

function useOf(vector: Vector): 'exchange' | 'signature' {
  const { dwMagic, aiKeyAlg } = vector['fields'] as { readonly dwMagic?: string; readonly aiKeyAlg?: string }
  return dwMagic?.startsWith('ECS') || aiKeyAlg === 'CALG_RSA_SIGN' ? 'signature' : 'exchange'
}
conversions.run()

const peer = suite('CryptoAPI blobs of OpenSSL')
for (const vector of blobs.filter(({ type }) => type === 'PUBLICKEYBLOB' || type === 'PRIVATEKEYBLOB')) {
  const isPrivate = vector['type'] === 'PRIVATEKEYBLOB'
  const requirement = isPrivate ? 'SKI-85' : 'SKI-84'
  const [reads, writes] = [`${requirement} OpenSSL reads ${vector.id}`, `${requirement} OpenSSL writes ${vector.id}`]
  if (opensslMissing) {
    skip(peer, reads, opensslMissing)
    continue
  }
  peer(reads, () => {
    if (isPrivate) {
      const pem = Buffer.from(openssl('pkey -inform MSBLOB -outform PEM', bytes(vector, 'bytes')))
      return assert.is(createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' }).toString('hex'), vector['pkcs8'])
    }
    assert.equal(openssl('rsa -pubin -inform MSBLOB -outform DER', bytes(vector, 'bytes')), bytes(vector, 'spki'))
  })
  // OpenSSL writes CALG_RSA_KEYX only.
  if (useOf(vector) === 'exchange')
    peer(writes, () => {
      if (isPrivate) return assert.equal(openssl('rsa -inform DER -outform MSBLOB', bytes(vector, 'pkcs8')), bytes(vector, 'bytes'))
      assert.equal(openssl('rsa -pubin -inform DER -outform MSBLOB', bytes(vector, 'spki')), bytes(vector, 'bytes'))
    })
}
peer.run()
