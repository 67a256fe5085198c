/**
 * Bound sealed data: byte for byte against `node:crypto`, back again, and every change of it refused by one object.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import { run } from '../../src/enclave/steps.js'
import * as sealed from '../../src/ski/sealed/index.js'
import { fromLabel } from '../../vectors/generate/bytes.js'
import * as formats from '../../vectors/generate/ski-sealed-formats.js'
import { isCallersMistake, providers } from '../support/providers.js'
import { contextOf, isWiped, ivOf, keyOf, pairs, plain, s1Of, watched } from './sealed-support.js'

type Algorithm = formats.Algorithm

const IMPORT: sealed.Terms = { function: 'Import Key Pair', container: 3, overwrite: false, flags: 1, pinId: 1, keySpec: 1, keySize: 2048 }
const PIN: sealed.Terms = { function: 'Authenticate', container: null, overwrite: false, flags: 1, pinId: 1, keySpec: 0, keySize: 0 }
const STRUCTURE = plain(fromLabel('ski/test/structure', 128))

const expectedFor = (terms: sealed.Terms, iv: Uint8Array): sealed.Expected => ({
  direction: 'toCard',
  function: terms.function,
  container: terms.container,
  flags: terms.flags,
  iv,
})

const seal = async (crypto: Crypto, algorithm: Algorithm, terms = IMPORT, structure = STRUCTURE, pieces = 1) =>
  run(sealed.sealBound(crypto, keyOf(algorithm), 'toCard', terms, plain(ivOf(algorithm)), structure, pieces))

const open = async (crypto: Crypto, algorithm: Algorithm, blobs: readonly Uint8Array[], change: Partial<sealed.Expected> = {}, key = keyOf(algorithm)) =>
  run(sealed.openBound(crypto, key, { ...expectedFor(IMPORT, plain(ivOf(algorithm))), ...change }, blobs))

/** The same with `node:crypto`. */
const native = (algorithm: Algorithm, change: Partial<formats.Bound> = {}): Uint8Array[] =>
  formats
    .sealBound({
      session: formats.sessionOf('test'),
      key: s1Of(algorithm),
      algorithm,
      direction: 'toCard',
      function: 'Import Key Pair',
      container: 3,
      pinId: 1,
      keySpec: 1,
      keySize: 2048,
      iv: ivOf(algorithm),
      structure: Buffer.from(STRUCTURE),
      ...change,
    })
    .map(plain)

const bound = suite('bound sealed data')

bound('three providers, 11 pairs with an algorithm', () => assert.is(pairs.length, 11))

for (const [crypto, algorithm] of pairs) {
  bound(`SKI-65 SKI-66 ${crypto.name}, ${algorithm}: the bytes of node:crypto, and back`, async () => {
    const blobs = await seal(crypto, algorithm)
    assert.equal(blobs, native(algorithm))
    const opened = await open(crypto, algorithm, blobs)
    assert.ok(opened.ok)
    assert.equal(opened.value.structure, STRUCTURE)
    assert.equal(opened.value.header, {
      ...IMPORT,
      direction: 'toCard',
      algorithm,
      blobCount: 1,
      session: contextOf('test').session,
      cardId: contextOf('test').cardId,
      iv: plain(ivOf(algorithm)),
      ciphertextBytes: blobs[0]!.length - 84 - 32,
    })
  })

  bound(`SKI-61 ${crypto.name}, ${algorithm}: three blobs`, async () => {
    const blobs = await seal(crypto, algorithm, IMPORT, STRUCTURE, 3)
    const { block } = formats.SESSION_ALGORITHM[algorithm]
    const blocks = 128 / block + 1
    const first = block * Math.ceil(blocks / 3)
    const second = first + block * Math.ceil((blocks - first / block) / 2)
    assert.equal(blobs, native(algorithm, { cuts: [first, second] }))
    const opened = await open(crypto, algorithm, blobs)
    assert.ok(opened.ok && Buffer.from(opened.value.structure).equals(STRUCTURE))
  })

  bound(`SKI-60 ${crypto.name}, ${algorithm}: without padding`, async () => {
    const blobs = await seal(crypto, algorithm, { ...IMPORT, flags: 0 })
    assert.equal(blobs, native(algorithm, { flags: 0 }))
    const opened = await open(crypto, algorithm, blobs, { flags: 0 })
    assert.ok(opened.ok && Buffer.from(opened.value.structure).equals(STRUCTURE))
  })
}

for (const crypto of providers) {
  bound(`SKI-66 ${crypto.name}: whatever is sealed opens, in any number of pieces`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.constantFrom('AES-128', 'AES-192', 'AES-256'), async (structure, some, algorithm) => {
        const blocks = Math.floor(structure.length / 16) + 1
        const blobs = await seal(crypto, algorithm, PIN, structure, 1 + (some % blocks))
        const opened = await open(crypto, algorithm, blobs, { function: 'Authenticate', container: null })
        assert.ok(opened.ok)
        assert.equal(opened.value.structure, structure)
      }),
      { numRuns: 60 },
    )
  })

  bound(`SKI-72 ${crypto.name}: any flipped bit is refused by the one object`, async () => {
    const blobs = await seal(crypto, 'AES-128', IMPORT, STRUCTURE.slice(0, 40), 2)
    const bits = crypto.name === 'web' ? [0, 7] : [0, 1, 2, 3, 4, 5, 6, 7]
    let count = 0
    for (const [which, blob] of blobs.entries())
      for (let at = 0; at < blob.length; at++)
        for (const bit of bits) {
          const changed = blobs.map(plain)
          changed[which]![at]! ^= 1 << bit
          assert.is(await open(crypto, 'AES-128', changed), sealed.SEALED_REFUSED, `blob ${which}, byte ${at}, bit ${bit}`)
          count++
        }
    assert.is(count, (84 + 48 + 32) * bits.length)
  })

  bound(`SKI-66 ${crypto.name}: blobs swapped, dropped, doubled, joined and cut elsewhere are refused`, async () => {
    const blobs = await seal(crypto, 'AES-256', IMPORT, STRUCTURE, 3)
    const [a, b, c] = blobs as [Uint8Array, Uint8Array, Uint8Array]
    const join = (...parts: readonly Uint8Array[]) => plain(Buffer.concat(parts))
    const moved = [join(a, b.slice(0, 16)), b.slice(16), c]
    const others = [
      [],
      [b, a, c],
      [a, c, b],
      [c, b, a],
      [a, b],
      [b, c],
      [a, c],
      [a, a, b, c],
      [a, b, b, c],
      [a, b, c, c],
      [a, b, c, new Uint8Array(0)],
      [a, new Uint8Array(0), b, c],
      [join(a, b), c],
      [a, join(b, c)],
      [join(a, b, c)],
      [a, b.slice(0, 16), b.slice(16), c],
      moved,
      [a, b, join(c, new Uint8Array(16))],
      [a, b, c.slice(16)],
      [a, b, c.slice(0, -1)],
      [a, b, c.slice(0, -32)],
      [a.slice(0, 84), b, c],
      [a.slice(0, 83)],
      [a.slice(1), b, c],
    ]
    for (const [at, other] of others.entries()) assert.is(await open(crypto, 'AES-256', other), sealed.SEALED_REFUSED, `case ${at}`)
    assert.ok((await open(crypto, 'AES-256', blobs)).ok)
  })

  bound(`SKI-73 SKI-74 ${crypto.name}: what the receiver knows otherwise is refused`, async () => {
    const blobs = await seal(crypto, 'AES-256')
    const changes: Partial<sealed.Expected>[] = [
      { direction: 'toServer' },
      { function: 'Authenticate' },
      { container: 4 },
      { container: null },
      { flags: 0 },
      { iv: plain(ivOf('AES-256', 'other')) },
      { iv: new Uint8Array(8) },
    ]
    for (const change of changes) assert.is(await open(crypto, 'AES-256', blobs, change), sealed.SEALED_REFUSED, JSON.stringify(change))
    assert.is(await open(crypto, 'AES-256', blobs, { pinId: 2 }), sealed.SEALED_REFUSED)
    assert.ok((await open(crypto, 'AES-256', blobs, { iv: null, pinId: 1 })).ok)
    const unknown = native('AES-256', { flags: 0, header: { flags: 3 } })
    assert.is(await open(crypto, 'AES-256', unknown, { flags: 3 }), sealed.SEALED_REFUSED, 'flags that nobody knows, on both sides')
  })

  bound(`SKI-9 SKI-68 ${crypto.name}: another session, nonce, card or key is refused`, async () => {
    const blobs = await seal(crypto, 'AES-256')
    const key = keyOf('AES-256')
    const other = contextOf('other')
    for (const name of ['session', 'serverNonce', 'cardNonce', 'cardId'] as const)
      assert.is(await open(crypto, 'AES-256', blobs, {}, { ...key, context: { ...key.context, [name]: other[name] } }), sealed.SEALED_REFUSED, name)
    assert.is(await open(crypto, 'AES-256', blobs, {}, { ...key, key: key.key.map((byte) => byte ^ 1) }), sealed.SEALED_REFUSED)
    assert.is(await open(crypto, 'AES-256', blobs, {}, { ...key, algorithm: 'AES-128' }), sealed.SEALED_REFUSED)
  })
}

const forged: readonly (readonly [string, Partial<formats.Bound>])[] = [
  ['another session', { header: { session: Buffer.alloc(16, 1) } }],
  ['another card', { header: { cardId: Buffer.alloc(16, 1) } }],
  ['another container', { header: { container: 4 } }],
  ['no container', { header: { container: 255 } }],
  ['another function', { header: { function: 3, container: 255, keySpec: 0, keySize: 0 } }],
  ['another direction', { header: { direction: 2 } }],
  ['another algorithm', { header: { algorithm: 1 } }],
  ['another mode', { header: { mode: 2 } }],
  ['other flags', { header: { flags: 0 } }],
  ['flags nobody knows', { header: { flags: 3 } }],
  ['another IV', { header: { iv: Buffer.alloc(16, 1) } }],
  ['another count', { header: { blobCount: 2 } }],
  ['another length', { header: { length: 128 } }],
  ['another version', { header: { version: 2 } }],
  ['another magic word', { header: { magic: 'KFSE' } }],
  ['a reserved byte', { header: { reserved: 1 } }],
  ['reserved bytes', { header: { reserved2: 256 } }],
  ['an overwrite flag that is none', { header: { overwrite: 2 } }],
  ['another label', { label: 'keyferry ski receipt v1' }],
  ['the MAC key of the other direction', { mac: formats.boundKey(s1Of('AES-256'), formats.sessionOf('test'), 'AES-256', 'toServer', 'mac') }],
  ['S1 itself for the MAC', { mac: s1Of('AES-256') }],
  ['padding of zero', { padded: Buffer.concat([STRUCTURE, Buffer.alloc(16)]) }],
  ['padding too long', { padded: Buffer.concat([STRUCTURE, Buffer.alloc(16, 17)]) }],
  ['padding of several numbers', { padded: Buffer.concat([STRUCTURE, Buffer.alloc(14, 16), Buffer.of(15, 16)]) }],
]

for (const [what, change] of forged)
  bound(`SKI-73 a good MAC over ${what} is refused`, async () => {
    for (const crypto of providers) {
      const watch = watched(crypto)
      assert.is(await open(watch.crypto, 'AES-256', native('AES-256', change)), sealed.SEALED_REFUSED, crypto.name)
      assert.is(watch.methods().includes('cbcDecryptRaw'), what.startsWith('padding'), 'the header is judged before anything is deciphered')
    }
  })

bound('SKI-74 reflection: what went to the card does not come back as its response, nor the other way', async () => {
  for (const crypto of providers) {
    const key = keyOf('AES-256')
    const request = await seal(crypto, 'AES-256', PIN, STRUCTURE.slice(0, 12))
    const answered = { function: 'Authenticate', pinId: 1 } as const
    assert.is(await run(sealed.openResponse(crypto, 'bound', key, answered, request)), sealed.SEALED_REFUSED)
    const response = await run(sealed.sealResponse(crypto, 'bound', key, answered, plain(ivOf('AES-256')), STRUCTURE.slice(0, 12)))
    assert.is(await open(crypto, 'AES-256', response, { function: 'Authenticate', container: null }), sealed.SEALED_REFUSED)
    assert.ok((await run(sealed.openResponse(crypto, 'bound', key, answered, response))).ok)
  }
})

bound('SKI-66 nothing is deciphered before the MAC is good', async () => {
  for (const crypto of providers) {
    const watch = watched(crypto)
    const blobs = await seal(crypto, 'AES-256')
    blobs[0]![blobs[0]!.length - 1]! ^= 1
    assert.is(await open(watch.crypto, 'AES-256', blobs), sealed.SEALED_REFUSED)
    assert.equal(watch.methods(), ['hmac'])
  }
})

bound('SKI-72 the refusal is frozen and says nothing', () => {
  assert.ok(Object.isFrozen(sealed.SEALED_REFUSED) && Object.isFrozen(sealed.SEALED_REFUSED.fault))
  assert.equal(sealed.SEALED_REFUSED, { ok: false, fault: { code: 'sealed_refused', requirement: 'SKI-72' } })
})

for (const later of [false, true])
  bound(`SKI-137 derived keys and what was deciphered are wiped, ${later ? 'later' : 'at once'}`, async () => {
    const { crypto, calls } = watched(providers[0]!, { later })
    const blobs = await seal(crypto, 'AES-256')
    const opened = await open(crypto, 'AES-256', blobs)
    assert.ok(opened.ok)
    assert.equal(
      calls.map(({ method }) => method),
      ['cbcEncryptRaw', 'hmac', 'hmac', 'cbcDecryptRaw'],
    )
    const [encrypt, tag, check, decrypt] = calls as [(typeof calls)[0], (typeof calls)[0], (typeof calls)[0], (typeof calls)[0]]
    for (const secret of [encrypt.given[0], encrypt.given[2], tag.given[1], check.given[1], decrypt.given[0], decrypt.answer]) assert.ok(isWiped(secret))
    assert.equal(opened.value.structure, STRUCTURE)
  })

bound('SKI-137 everything secret passes through `keep` before a provider sees it, also where sealing fails', async () => {
  const kept: [string, Uint8Array][] = []
  const keep: sealed.Keep = (name, secret) => {
    kept.push([name, secret])
    return secret
  }
  const { crypto, calls } = watched(providers[0]!)
  const blobs = await run(sealed.sealBound(crypto, keyOf('AES-256'), 'toCard', IMPORT, plain(ivOf('AES-256')), STRUCTURE, 1, keep))
  const expected = expectedFor(IMPORT, plain(ivOf('AES-256')))
  assert.ok((await run(sealed.openBound(crypto, keyOf('AES-256'), expected, blobs, keep))).ok)
  assert.equal(
    kept.map(([name]) => name),
    ['sealing key', 'MAC key', 'padded structure', 'sealing key', 'MAC key', 'padded structure'],
  )
  for (const secret of [calls[0]!.given[0], calls[0]!.given[2], calls[1]!.given[1]]) assert.ok(kept.some(([, bytes]) => bytes === secret))
  const broken = { ...crypto, cbcEncryptRaw: () => Promise.reject(new Error('no')) } as Crypto
  kept.length = 0
  const failed = run(sealed.sealBound(broken, keyOf('AES-256'), 'toCard', IMPORT, plain(ivOf('AES-256')), STRUCTURE, 1, keep))
  assert.is(await Promise.resolve(failed).catch((error: Error) => error.message), 'no')
  assert.ok(kept.length === 3 && kept.every(([, bytes]) => isWiped(bytes)))
})

bound('SKI-66 what is deciphered is what was authenticated, although the blobs change meanwhile', async () => {
  const blobs = (await seal(providers[0]!, 'AES-256')).map(plain)
  const { crypto } = watched(providers[0]!, { later: true })
  const opening = open(crypto, 'AES-256', blobs)
  blobs[0]!.fill(0)
  const opened = await opening
  assert.ok(opened.ok && Buffer.from(opened.value.structure).equals(STRUCTURE))
})

bound('SKI-67 S1 wiped in the middle does not lend its zeros to a key', async () => {
  const { crypto } = watched(providers[0]!, { later: true })
  const key = keyOf('AES-256')
  const sealing = run(sealed.sealBound(crypto, key, 'toCard', IMPORT, plain(ivOf('AES-256')), STRUCTURE))
  key.key.fill(0)
  assert.equal(await sealing, native('AES-256'))
})

bound('a mistake of the caller is a TypeError', async () => {
  const crypto = providers[0]!
  const [key, iv] = [keyOf('AES-256'), plain(ivOf('AES-256'))]
  const sealing = (terms: Partial<sealed.Terms>, structure = STRUCTURE, pieces = 1, given = iv) =>
    run(sealed.sealBound(crypto, key, 'toCard', { ...IMPORT, ...terms }, given, structure, pieces))
  for (const call of [
    () => sealing({ container: null }),
    () => sealing({ container: 255 }),
    () => sealing({ container: -1 }),
    () => sealing({ container: 1.5 }),
    () => sealing({ flags: 2 }),
    () => sealing({ flags: 0 }, STRUCTURE.slice(1)),
    () => sealing({ flags: 0 }, new Uint8Array(0)),
    () => sealing({ function: 'Authenticate' }),
    () => sealing({ ...PIN, container: 3 }),
    () => sealing({ ...PIN, overwrite: true }),
    () => sealing({ ...PIN, keySpec: 1 }),
    () => sealing({ ...PIN, keySize: 1 }),
    () => sealing({ pinId: -1 }),
    () => sealing({ keySize: 2 ** 32 }),
    () => sealing({}, STRUCTURE, 0),
    () => sealing({}, STRUCTURE, 10),
    () => sealing({}, new Uint8Array(16384)),
    () => sealing({}, STRUCTURE, 1, new Uint8Array(8)),
    () => run(sealed.sealBound(crypto, { ...keyOf('3DES') }, 'toCard', IMPORT, plain(ivOf('3DES')), STRUCTURE)),
  ])
    assert.ok(await isCallersMistake(call), call.toString())
})

bound('SKI-73 a structure that says something else than its header', () => {
  const same = { container: 3, pinId: 1, keySpec: 1, keySize: 2048 }
  assert.ok(sealed.sameTerms(IMPORT, same))
  for (const change of [{ container: 4 }, { container: null }, { pinId: 2 }, { keySpec: 2 }, { keySize: 3072 }])
    assert.not.ok(sealed.sameTerms(IMPORT, { ...same, ...change }))
})

bound.run()
