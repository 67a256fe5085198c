import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { STATUS, KEY_SPEC } from '../../src/ski/constants/index.js'
import {
  decodeAuthenticate,
  decodeAuthenticateResponse,
  decodeChangeAuthenticator,
  decodeChangeAuthenticatorResponse,
  decodeImportKeypair,
  encodeAuthenticate,
  encodeAuthenticateResponse,
  encodeChangeAuthenticator,
  encodeChangeAuthenticatorResponse,
  encodeImportKeypair,
  importKeypairOf,
  keyOfImport,
  revisionOf,
  structureStatus,
  type Authenticate,
  type AuthenticateResponse,
  type ChangeAuthenticator,
  type ChangeAuthenticatorResponse,
  type ImportKeypair,
} from '../../src/ski/structures/index.js'
import type { Verdict } from '../../src/verdict.js'
import { hex } from '../crypto/handmade.js'
import { assertRefused, assertStrict, assertTotal, type Codec } from './codec-laws.js'
import { copiesDuring, holds } from './copies.js'
import { ecKey, rsaKey } from './keys.js'

const structures = suite('ski: sealed structures')

/** A copy with one byte replaced. */
const spoiled = (bytes: Uint8Array, at: number, byte: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[at] = byte
  return copy
}
const value = <T>(verdict: Verdict<T>): T => {
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return verdict.value
}
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))
const paddedByOpenssl = (bytes: Uint8Array): number => {
  const cipher = createCipheriv('aes-256-cbc', Buffer.alloc(32), Buffer.alloc(16))
  return cipher.update(bytes).length + cipher.final().length
}

// CARD_IMPORT_KEYPAIR

const importKeypair: Codec<ImportKeypair> = { encode: encodeImportKeypair, decode: decodeImportKeypair }
const keypair: ImportKeypair = { containerIndex: 5, pinId: 1, keySpec: 3, keySize: 256, keyData: hex('a1a2a3a4a5') }
const goodKeypair = encodeImportKeypair(keypair)

structures('SKI-86 CARD_IMPORT_KEYPAIR member by member', () => {
  assert.equal(goodKeypair, hex('07000000 05 000000 01000000 03000000 00010000 05000000 a1a2a3a4a5'))
})

structures('SKI-86 CARD_IMPORT_KEYPAIR undoes itself and takes nothing else', async () => {
  assertStrict(importKeypair, keypair)
  assertStrict(importKeypair, { containerIndex: 255, pinId: 0xffffffff, keySpec: 8, keySize: 0xffffffff, keyData: new Uint8Array(1172).fill(3) })
  await assertTotal(importKeypair, [goodKeypair])
})

structures('SKI-86 sizes on the way: RSA-2048 has 1196 bytes and 1200 padded, P-256 has 128 and 144', () => {
  const place = { containerIndex: 3, pinId: 1 }
  const rsa = value(importKeypairOf({ ...place, keySpec: KEY_SPEC.AT_KEYEXCHANGE, key: rsaKey(2048).key }))
  const ec = value(importKeypairOf({ ...place, keySpec: KEY_SPEC.AT_ECDSA_P256, key: ecKey('P-256').key }))
  assert.equal([rsa.length, paddedByOpenssl(rsa)], [1196, 1200])
  assert.equal([ec.length, paddedByOpenssl(ec)], [128, 144])
})

const keypairFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  [
    'a length that is too small',
    spoiled(goodKeypair, 20, 4),
    { code: 'structure_length_differs', at: 'CARD_IMPORT_KEYPAIR.cbInput, offset 20', found: 4, wanted: 5 },
  ],
  [
    'a length that is too large',
    spoiled(goodKeypair, 23, 1),
    { code: 'structure_length_differs', at: 'CARD_IMPORT_KEYPAIR.cbInput, offset 20', found: 0x1000005, wanted: 5 },
  ],
  [
    'padding that is not zero',
    spoiled(goodKeypair, 6, 9),
    { code: 'structure_reserved_not_zero', at: 'CARD_IMPORT_KEYPAIR.padding, offset 6', found: 9, wanted: 0 },
  ],
  ['key spec 0', spoiled(goodKeypair, 12, 0), { code: 'key_spec_unknown', at: 'CARD_IMPORT_KEYPAIR.dwKeySpec, offset 12', found: 0, wanted: '1 to 8' }],
  ['key spec 9', spoiled(goodKeypair, 12, 9), { code: 'key_spec_unknown', at: 'CARD_IMPORT_KEYPAIR.dwKeySpec, offset 12', found: 9, wanted: '1 to 8' }],
  ['no key material', spoiled(goodKeypair.subarray(0, 24), 20, 0), { code: 'key_material_empty', at: 'CARD_IMPORT_KEYPAIR.cbInput, offset 20' }],
  ['nothing', new Uint8Array(), { code: 'structure_truncated', at: 'CARD_IMPORT_KEYPAIR.dwVersion, offset 0', wanted: 4 }],
]
for (const [name, bytes, fault] of keypairFaults)
  structures(`SKI-86 refuses a CARD_IMPORT_KEYPAIR: ${name}`, () => assertRefused(decodeImportKeypair(bytes), { ...fault, requirement: 'SKI-86' }))

structures('SKI-86 the key comes out of the structure as it went in', () => {
  for (const [spec, key] of [
    [KEY_SPEC.AT_SIGNATURE, rsaKey(2048).key],
    [KEY_SPEC.AT_ECDHE_P521, ecKey('P-521').key],
  ] as const) {
    const structure = value(decodeImportKeypair(value(importKeypairOf({ containerIndex: 0, pinId: 1, keySpec: spec, key }))))
    assert.is(structure.keySize, key.type === 'RSA' ? 2048 : 521)
    assert.equal(value(keyOfImport(structure)), key)
  }
})

structures('SKI-86 a key of another size, spec or form than the structure says is refused, and nothing of it stays', () => {
  const { key } = ecKey('P-256')
  const structure = value(decodeImportKeypair(value(importKeypairOf({ containerIndex: 0, pinId: 1, keySpec: KEY_SPEC.AT_ECDSA_P256, key }))))
  const size = { ...structure, keySize: 255 }
  const fault = { code: 'key_size_differs', at: 'CARD_IMPORT_KEYPAIR.dwKeySize, offset 16', found: 255, wanted: 256, requirement: 'SKI-86' }
  for (const copy of copiesDuring(() => assertRefused(keyOfImport(size), fault))) assert.not(holds(copy, key.d))
  assert.not(keyOfImport({ ...structure, keySpec: KEY_SPEC.AT_ECDHE_P256 }).ok)
  assert.not(keyOfImport({ ...structure, keySpec: KEY_SPEC.AT_KEYEXCHANGE }).ok)
  assert.not(keyOfImport({ ...structure, keyData: structure.keyData.subarray(1) }).ok)
  assert.not(importKeypairOf({ containerIndex: 0, pinId: 1, keySpec: KEY_SPEC.AT_ECDSA_P384, key }).ok)
})

structures('SKI-86 no copy of the key material stays when the structure is made', () => {
  const { key } = rsaKey(2048)
  for (const copy of copiesDuring(() => importKeypairOf({ containerIndex: 0, pinId: 1, keySpec: 1, key })))
    assert.not(holds(copy, Uint8Array.from(key.d).reverse()))
})

structures('SKI-86 what does not fit is the caller’s mistake', () => {
  for (const wrong of [
    { containerIndex: 256 },
    { pinId: -1 },
    { keySpec: 0 },
    { keySpec: 9 },
    { keySize: 2 ** 32 },
    { keyData: new Uint8Array() },
    { keyData: 'a1' as never },
  ])
    assert.throws(() => encodeImportKeypair({ ...keypair, ...wrong }), TypeError)
  assert.throws(() => decodeImportKeypair('07' as never), TypeError)
})

// CARD_AUTHENTICATE and its response

const authenticate: Codec<Authenticate> = { encode: encodeAuthenticate, decode: decodeAuthenticate }
const presented: Authenticate = { flags: 0x10000000, pinId: 1, pin: bytesOf('k7#Qm2!xT9w$') }
const goodAuthenticate = encodeAuthenticate(presented)

structures('SKI-88 CARD_AUTHENTICATE member by member', () => {
  assert.equal(goodAuthenticate, Uint8Array.of(...hex('07000000 00000010 01000000 0c000000'), ...bytesOf('k7#Qm2!xT9w$')))
})

structures('SKI-88 CARD_AUTHENTICATE undoes itself and takes nothing else', async () => {
  for (const flags of [0, 0x10000000, 0x20000000, 0x30000000]) assertStrict(authenticate, { ...presented, flags })
  await assertTotal(authenticate, [goodAuthenticate])
})

const authenticateFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  [
    'the flag of another call',
    spoiled(goodAuthenticate, 4, 0x40),
    {
      code: 'authenticate_flags_unknown',
      at: 'CARD_AUTHENTICATE.dwFlags, offset 4',
      wanted: 'CARD_AUTHENTICATE_GENERATE_SESSION_PIN, CARD_AUTHENTICATE_SESSION_PIN or 0',
    },
  ],
  ['no PIN', spoiled(goodAuthenticate.subarray(0, 16), 12, 0), { code: 'pin_empty', at: 'CARD_AUTHENTICATE.cbPinData, offset 12' }],
  ['a length that differs', spoiled(goodAuthenticate, 12, 11), { code: 'structure_length_differs', at: 'CARD_AUTHENTICATE.cbPinData, offset 12', wanted: 12 }],
]
for (const [name, bytes, fault] of authenticateFaults)
  structures(`SKI-88 refuses a CARD_AUTHENTICATE: ${name}`, () => assertRefused(decodeAuthenticate(bytes), { ...fault, requirement: 'SKI-88' }))

structures('SKI-88 unknown flags or no PIN are the caller’s mistake', () => {
  assert.throws(() => encodeAuthenticate({ ...presented, flags: 0x40 }), TypeError)
  assert.throws(() => encodeAuthenticate({ ...presented, pin: new Uint8Array() }), TypeError)
})

const authenticateResponse: Codec<AuthenticateResponse> = { encode: encodeAuthenticateResponse, decode: decodeAuthenticateResponse }

structures('SKI-89 CARD_AUTHENTICATE_RESPONSE with and without a session PIN', async () => {
  assert.equal(encodeAuthenticateResponse({ attemptsRemaining: 3, sessionPin: null }), hex('07000000 00000000 03000000'))
  assert.equal(encodeAuthenticateResponse({ attemptsRemaining: 3, sessionPin: hex('c1c2') }), hex('07000000 02000000 03000000 c1c2'))
  assertStrict(authenticateResponse, { attemptsRemaining: 0xffffffff, sessionPin: null })
  assertStrict(authenticateResponse, { attemptsRemaining: 3, sessionPin: bytesOf('session') })
  assert.throws(() => encodeAuthenticateResponse({ attemptsRemaining: 3, sessionPin: new Uint8Array() }), TypeError)
  await assertTotal(authenticateResponse, [encodeAuthenticateResponse({ attemptsRemaining: 3, sessionPin: hex('c1c2') })])
  const fault = { code: 'structure_length_differs', at: 'CARD_AUTHENTICATE_RESPONSE.cbSessionPin, offset 4', wanted: 2, requirement: 'SKI-89' }
  assertRefused(decodeAuthenticateResponse(hex('07000000 03000000 03000000 c1c2')), fault)
})

// CARD_CHANGE_AUTHENTICATOR and its response

const changeAuthenticator: Codec<ChangeAuthenticator> = { encode: encodeChangeAuthenticator, decode: decodeChangeAuthenticator }
const change: ChangeAuthenticator = {
  flags: 2,
  authenticatingPinId: 1,
  authenticatingData: hex('aabb'),
  targetPinId: 1,
  targetData: hex('ccddee'),
  retryCount: 5,
}
const goodChange = encodeChangeAuthenticator(change)

structures('SKI-87 CARD_CHANGE_AUTHENTICATOR member by member', () => {
  assert.equal(goodChange, hex('07000000 02000000 01000000 02000000 01000000 03000000 05000000 aabb ccddee'))
})

structures('SKI-87 CARD_CHANGE_AUTHENTICATOR undoes itself and takes nothing else', async () => {
  assertStrict(changeAuthenticator, change)
  assertStrict(changeAuthenticator, { ...change, flags: 1, authenticatingPinId: 2, authenticatingData: new Uint8Array(24).fill(9) })
  await assertTotal(changeAuthenticator, [goodChange])
})

const CHANGE = 'CARD_CHANGE_AUTHENTICATOR'
const changeFaults: readonly (readonly [name: string, bytes: Uint8Array, fault: object])[] = [
  [
    'both flags',
    spoiled(goodChange, 4, 3),
    { code: 'change_flags_unknown', at: `${CHANGE}.dwFlags, offset 4`, wanted: 'PIN_CHANGE_FLAG_UNBLOCK or PIN_CHANGE_FLAG_CHANGEPIN' },
  ],
  [
    'no flag',
    spoiled(goodChange, 4, 0),
    { code: 'change_flags_unknown', at: `${CHANGE}.dwFlags, offset 4`, wanted: 'PIN_CHANGE_FLAG_UNBLOCK or PIN_CHANGE_FLAG_CHANGEPIN' },
  ],
  ['no authenticating data', spoiled(goodChange, 12, 0), { code: 'pin_empty', at: `${CHANGE}.cbAuthenticatingPinData, offset 12` }],
  ['no new data', spoiled(goodChange, 20, 0), { code: 'pin_empty', at: `${CHANGE}.cbTargetData, offset 20` }],
  [
    'a first length of more than all',
    spoiled(goodChange, 12, 6),
    { code: 'structure_length_differs', at: `${CHANGE}.cbAuthenticatingPinData, offset 12`, wanted: 'at most 5' },
  ],
  ['lengths that do not add up', spoiled(goodChange, 12, 3), { code: 'structure_length_differs', at: `${CHANGE}.cbTargetData, offset 20`, wanted: 2 }],
]
for (const [name, bytes, fault] of changeFaults)
  structures(`SKI-87 refuses a ${CHANGE}: ${name}`, () => assertRefused(decodeChangeAuthenticator(bytes), { ...fault, requirement: 'SKI-87' }))

structures('SKI-87 unknown flags or empty values are the caller’s mistake', () => {
  for (const wrong of [{ flags: 0 }, { flags: 3 }, { authenticatingData: new Uint8Array() }, { targetData: new Uint8Array() }])
    assert.throws(() => encodeChangeAuthenticator({ ...change, ...wrong }), TypeError)
})

const changeResponse: Codec<ChangeAuthenticatorResponse> = { encode: encodeChangeAuthenticatorResponse, decode: decodeChangeAuthenticatorResponse }

structures('SKI-89 CARD_CHANGE_AUTHENTICATOR_RESPONSE is 8 bytes', async () => {
  assert.equal(encodeChangeAuthenticatorResponse({ attemptsRemaining: 3 }), hex('07000000 03000000'))
  assertStrict(changeResponse, { attemptsRemaining: 3 })
  await assertTotal(changeResponse, [hex('07000000 03000000')])
})

// Versions

const versioned: readonly (readonly [name: string, good: Uint8Array, decode: (bytes: Uint8Array) => Verdict<unknown>])[] = [
  ['CARD_IMPORT_KEYPAIR', goodKeypair, decodeImportKeypair],
  ['CARD_AUTHENTICATE', goodAuthenticate, decodeAuthenticate],
  ['CARD_AUTHENTICATE_RESPONSE', hex('07000000 00000000 03000000'), decodeAuthenticateResponse],
  ['CARD_CHANGE_AUTHENTICATOR', goodChange, decodeChangeAuthenticator],
  ['CARD_CHANGE_AUTHENTICATOR_RESPONSE', hex('07000000 03000000'), decodeChangeAuthenticatorResponse],
]
for (const [name, good, decode] of versioned)
  structures(`SKI-101 ${name}: version 7 and no other`, () => {
    const at = `${name}.dwVersion, offset 0`
    for (const version of [0, 1, 4, 6]) {
      const read = decode(spoiled(good, 0, version))
      assertRefused(read, { code: 'revision_too_low', at, found: version, wanted: 7, requirement: 'SKI-101' })
      if (!read.ok) assert.is(structureStatus(read.fault), STATUS.ERROR_REVISION_MISMATCH)
    }
    const higher = decode(spoiled(good, 0, 8))
    assert.not(higher.ok)
    if (higher.ok) return
    assert.is(higher.fault.code, 'revision_unknown')
    assert.is(structureStatus(higher.fault), STATUS.SCARD_E_INVALID_PARAMETER)
  })

structures('SKI-101 version 0 counts as 1', () => assert.equal([0, 1, 7].map(revisionOf), [1, 1, 7]))

structures('SKI-102 a fault about a PIN says neither the PIN nor how long it is', async () => {
  const digits = fc.integer({ min: 0x100000, max: 0xffffff })
  await fc.assert(
    fc.property(digits, fc.nat({ max: 39 }), fc.integer({ min: 0, max: 255 }), (number, at, byte) => {
      const pin = bytesOf(number.toString(16))
      for (const [good, decode] of [
        [encodeAuthenticate({ ...presented, pin }), decodeAuthenticate],
        [encodeChangeAuthenticator({ ...change, targetData: pin }), decodeChangeAuthenticator],
      ] as const) {
        const read = decode(spoiled(good, at % good.length, byte))
        if (read.ok || read.fault.code === 'revision_too_low') continue
        assert.is(read.fault.found, undefined)
      }
    }),
  )
})

structures('SKI-102 raw key bytes given by mistake are not repeated', () => {
  const raw = Uint8Array.from({ length: 44 }, (_, index) => 0x90 + index)
  for (const [, , decode] of versioned.slice(0, 4)) {
    const read = decode(raw)
    assert.not(read.ok)
    if (!read.ok) assert.is(read.fault.found, undefined)
  }
})

structures('what is decoded is a copy', () => {
  const bytes = Uint8Array.from(goodChange)
  const read = value(decodeChangeAuthenticator(bytes))
  bytes.fill(0)
  assert.equal(read, change)
})

structures.run()
