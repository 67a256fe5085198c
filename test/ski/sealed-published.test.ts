/**
 * Sealed data as published, and responses in both formats: against `node:crypto`, back again, what is refused, and what the format
 * cannot refuse. The last is shown, so that nobody takes it for more than it is.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Crypto } from '../../src/crypto/crypto.js'
import { run } from '../../src/enclave/steps.js'
import { padBlocks, unpadBlocks } from '../../src/ski/sealed/blocks.js'
import * as sealed from '../../src/ski/sealed/index.js'
import { fromLabel } from '../../vectors/generate/bytes.js'
import * as formats from '../../vectors/generate/ski-sealed-formats.js'
import { ecImport } from '../../vectors/generate/ski-secure-functions.js'
import { isCallersMistake, providers } from '../support/providers.js'
import { isWiped, ivOf, keyOf, pairs, plain, s1Of, watched } from './sealed-support.js'

type Algorithm = formats.Algorithm

const STRUCTURE = plain(ecImport('P-256', 'ECDSA'))
const open = async (crypto: Crypto, algorithm: Algorithm, blobs: readonly Uint8Array[], iv = plain(ivOf(algorithm)), flags = 1) =>
  run(sealed.openPublished(crypto, keyOf(algorithm), iv, flags, blobs))
const seal = async (crypto: Crypto, algorithm: Algorithm, structure = STRUCTURE, pieces = 1) =>
  run(sealed.sealPublished(crypto, keyOf(algorithm), plain(ivOf(algorithm)), 1, structure, pieces))
const value = (opened: Awaited<ReturnType<typeof open>>): Uint8Array => {
  if (!opened.ok) throw new Error(opened.fault.code)
  return opened.value
}

const published = suite('published sealed data')

for (const [crypto, algorithm] of pairs) {
  published(`SKI-60 ${crypto.name}, ${algorithm}: the bytes of node:crypto, and back`, async () => {
    const blobs = await seal(crypto, algorithm)
    assert.equal(blobs, [plain(formats.cbc(algorithm, s1Of(algorithm), ivOf(algorithm), Buffer.from(STRUCTURE)))])
    assert.equal(value(await open(crypto, algorithm, blobs)), STRUCTURE)
  })
  published(`SKI-61 ${crypto.name}, ${algorithm}: CBC goes on through several blobs, wherever they are cut`, async () => {
    const blobs = await seal(crypto, algorithm, STRUCTURE, 4)
    assert.is(blobs.length, 4)
    const joined = Buffer.concat(blobs)
    assert.equal(plain(joined), plain(formats.cbc(algorithm, s1Of(algorithm), ivOf(algorithm), Buffer.from(STRUCTURE))))
    assert.equal(value(await open(crypto, algorithm, blobs)), STRUCTURE)
    assert.equal(value(await open(crypto, algorithm, [plain(joined.subarray(0, 16)), plain(joined.subarray(16))])), STRUCTURE)
  })
}

for (const crypto of providers) {
  published(`SKI-61 ${crypto.name}: whatever is sealed opens, in any number of pieces`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), async (structure, some) => {
        const blobs = await seal(crypto, 'AES-192', structure, 1 + (some % (Math.floor(structure.length / 16) + 1)))
        assert.equal(value(await open(crypto, 'AES-192', blobs)), structure)
      }),
      { numRuns: 60 },
    )
  })

  published(`SKI-60 ${crypto.name}: without padding`, async () => {
    const blobs = await run(sealed.sealPublished(crypto, keyOf('AES-256'), plain(ivOf('AES-256')), 0, STRUCTURE))
    assert.equal(blobs, [plain(formats.cbc('AES-256', s1Of('AES-256'), ivOf('AES-256'), Buffer.from(STRUCTURE), false))])
    assert.equal(value(await open(crypto, 'AES-256', blobs, plain(ivOf('AES-256')), 0)), STRUCTURE)
  })

  published(`SKI-29 ${crypto.name}: lengths, flags, IVs and paddings that cannot be are refused by the one object`, async () => {
    const iv = plain(ivOf('AES-256'))
    const [blob] = (await seal(crypto, 'AES-256')) as [Uint8Array]
    const raw = (...ending: readonly number[]) => {
      const last = Buffer.concat([Buffer.alloc(16 - ending.length, 0x5a), Buffer.from(ending)])
      return plain(formats.cbc('AES-256', s1Of('AES-256'), ivOf('AES-256'), Buffer.concat([STRUCTURE, last]), false))
    }
    const none = new Uint8Array(0)
    for (const blobs of [[], [none], [blob, none], [blob.slice(1)], [blob.slice(0, 15)], [blob.slice(0, 8), blob.slice(8)], [new Uint8Array(16400)]])
      assert.is(await open(crypto, 'AES-256', blobs), sealed.SEALED_REFUSED)
    assert.is(await open(crypto, 'AES-256', [new Uint8Array(16384), new Uint8Array(16)], iv, 0), sealed.SEALED_REFUSED)
    assert.is(value(await open(crypto, 'AES-256', [new Uint8Array(16384)], iv, 0)).length, 16384)
    for (const flags of [2, 3, -1]) assert.is(await open(crypto, 'AES-256', [blob], iv, flags), sealed.SEALED_REFUSED)
    for (const length of [0, 8, 15, 17]) assert.is(await open(crypto, 'AES-256', [blob], new Uint8Array(length)), sealed.SEALED_REFUSED)
    for (const ending of [[0], [17], [255], [1, 2], [3, 2, 3], [2, 3, 3], Array.from({ length: 16 }, (_, at) => (at === 0 ? 15 : 16))])
      assert.is(await open(crypto, 'AES-256', [raw(...ending)]), sealed.SEALED_REFUSED, `ends with ${ending.join()}`)
    for (const ending of [[1], [2, 2], [3, 3, 3], Array.from({ length: 16 }, () => 16)])
      assert.is(value(await open(crypto, 'AES-256', [raw(...ending)])).length, 144 - ending.length)
  })

  published(`A2 ${crypto.name}: a changed IV changes container and PIN id, and the format cannot see it`, async () => {
    const iv = plain(ivOf('AES-256'))
    const blobs = await seal(crypto, 'AES-256')
    iv[4]! ^= 3 ^ 9
    iv[8]! ^= 1 ^ 5
    const structure = value(await open(crypto, 'AES-256', blobs, iv))
    assert.equal(structure, plain(ecImport('P-256', 'ECDSA', { container: 9, pinId: 5 })))
    assert.not.equal(structure, STRUCTURE)
  })

  published(`A2 ${crypto.name}: nothing says which session, card or function a ciphertext is for`, async () => {
    const other = { ...keyOf('AES-256', 'other'), key: keyOf('AES-256').key }
    const iv = plain(ivOf('AES-256'))
    const opened = await run(sealed.openPublished(crypto, other, iv, 1, await seal(crypto, 'AES-256')))
    assert.equal(value(opened), STRUCTURE)
  })
}

published('SKI-60 padding is exact for every length and both block sizes', () => {
  for (const block of [8, 16])
    for (let length = 0; length <= 33; length++) {
      const data = plain(fromLabel('ski/test/padding', length))
      const padded = padBlocks(data, block)
      assert.is(padded.length % block, 0)
      assert.is(padded.length - length, padded.at(-1))
      assert.equal(unpadBlocks(padded, block), data)
    }
})

published('SKI-29 a last block is accepted if it ends with n bytes of n, 1 to the block, and only then', () => {
  fc.assert(
    fc.property(fc.constantFrom(8, 16), fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.nat({ max: 255 }), (block, count, place, noise) => {
      const padded = new Uint8Array(2 * block).fill(count, 2 * block - Math.min(count, block))
      padded[2 * block - 1 - (place % block)] = noise
      const last = padded.at(-1)!
      const good = last >= 1 && last <= block && padded.slice(-last).every((byte) => byte === last)
      assert.is(unpadBlocks(padded, block) !== null, good)
    }),
  )
})

for (const later of [false, true])
  published(`SKI-137 padded bytes and deciphered blocks are wiped, ${later ? 'later' : 'at once'}`, async () => {
    const { crypto, calls } = watched(providers[1]!, { later })
    const given = plain(STRUCTURE)
    const blobs = await seal(crypto, 'AES-256', given)
    const structure = value(await open(crypto, 'AES-256', blobs))
    assert.ok(isWiped(calls[0]!.given[2]) && isWiped(calls[1]!.answer))
    assert.equal([structure, given], [STRUCTURE, STRUCTURE])
    const unpadded = await run(sealed.sealPublished(crypto, keyOf('AES-256'), plain(ivOf('AES-256')), 0, given))
    assert.equal(value(await open(crypto, 'AES-256', unpadded, plain(ivOf('AES-256')), 0)), given)
  })

published('a mistake of the caller is a TypeError', async () => {
  const crypto = providers[0]!
  const [key, iv] = [keyOf('AES-256'), plain(ivOf('AES-256'))]
  assert.not.ok(sealed.offersAlgorithm(crypto, '3DES'))
  for (const call of [
    () => run(sealed.sealPublished(crypto, key, iv, 1, STRUCTURE, 0)),
    () => run(sealed.sealPublished(crypto, key, iv, 1, STRUCTURE, 100)),
    () => run(sealed.sealPublished(crypto, key, iv, 2, STRUCTURE)),
    () => run(sealed.sealPublished(crypto, key, iv, 0, STRUCTURE.slice(1))),
    () => run(sealed.sealPublished(crypto, key, iv.slice(1), 1, STRUCTURE)),
    () => run(sealed.sealPublished(crypto, { ...key, key: key.key.slice(8) }, iv, 1, STRUCTURE)),
    () => run(sealed.sealPublished(crypto, keyOf('3DES'), plain(ivOf('3DES')), 1, STRUCTURE)),
    () => run(sealed.openPublished(crypto, { ...key, key: key.key.slice(8) }, iv, 1, [new Uint8Array(16)])),
  ])
    assert.ok(await isCallersMistake(call), call.toString())
})

published.run()

const responses = suite('responses of the card')
const ANSWERED = { function: 'Authenticate', pinId: 1 } as const
const RESPONSE = plain(fromLabel('ski/test/response', 20))

for (const [crypto, algorithm] of pairs) {
  const [key, iv] = [keyOf(algorithm), ivOf(algorithm, 'response')]
  const openResponse = async (format: 'published' | 'bound', blobs: readonly Uint8Array[], answered: sealed.Answered = ANSWERED) =>
    run(sealed.openResponse(crypto, format, key, answered, blobs))

  responses(`SKI-63 ${crypto.name}, ${algorithm}, published: the IV in front`, async () => {
    const blobs = await run(sealed.sealResponse(crypto, 'published', key, ANSWERED, plain(iv), RESPONSE))
    assert.equal(blobs, [plain(Buffer.concat([iv, formats.cbc(algorithm, s1Of(algorithm), iv, Buffer.from(RESPONSE))]))])
    assert.equal(value(await openResponse('published', blobs)), RESPONSE)
    for (const wrong of [[], [new Uint8Array(0)], [plain(iv)], [...blobs, ...blobs], [blobs[0]!.slice(1)]])
      assert.is(await openResponse('published', wrong), sealed.SEALED_REFUSED)
  })

  responses(`SKI-63 ${crypto.name}, ${algorithm}, bound: sealed data in the other direction`, async () => {
    const blobs = await run(sealed.sealResponse(crypto, 'bound', key, ANSWERED, plain(iv), RESPONSE))
    const made = formats.sealBound({
      ...{ session: formats.sessionOf('test'), key: s1Of(algorithm), algorithm, direction: 'toServer', function: 'Authenticate' },
      ...{ container: 255, pinId: 1, iv, structure: Buffer.from(RESPONSE) },
    })
    assert.equal(blobs, made.map(plain))
    assert.equal(value(await openResponse('bound', blobs)), RESPONSE)
    assert.is(await openResponse('bound', blobs, { ...ANSWERED, pinId: 2 }), sealed.SEALED_REFUSED)
    assert.is(await openResponse('bound', blobs, { ...ANSWERED, function: 'Change Authenticator' }), sealed.SEALED_REFUSED)
    for (const wrong of [[], [new Uint8Array(0)], [...blobs, ...blobs], [blobs[0]!.slice(1)]])
      assert.is(await openResponse('bound', wrong), sealed.SEALED_REFUSED)
    for (let at = 0; at < blobs[0]!.length; at++) {
      const changed = plain(blobs[0]!)
      changed[at]! ^= 0x10
      assert.is(await openResponse('bound', [changed]), sealed.SEALED_REFUSED, `byte ${at}`)
    }
  })

  responses(`A2 ${crypto.name}, ${algorithm}, published: a request comes back as a response, and the format cannot see it`, async () => {
    const request = await run(sealed.sealPublished(crypto, key, plain(iv), 1, RESPONSE))
    assert.equal(value(await openResponse('published', [plain(Buffer.concat([iv, ...request]))])), RESPONSE)
  })
}

responses('SKI-73 a response for another PIN is not deciphered', async () => {
  const { crypto, methods } = watched(providers[0]!)
  const key = keyOf('AES-256')
  const blobs = await run(sealed.sealResponse(providers[0]!, 'bound', key, ANSWERED, plain(ivOf('AES-256')), RESPONSE))
  assert.is(await run(sealed.openResponse(crypto, 'bound', key, { ...ANSWERED, pinId: 2 }, blobs)), sealed.SEALED_REFUSED)
  assert.equal(methods(), ['hmac'])
})

responses.run()
