/**
 * CKM_RSA_AES_KEY_WRAP on every provider: blobs of other makers, laws, and the faults U1 to U6, which have to look alike
 * and cost alike. Faulty blobs are made by `node:crypto` from an honest one, one fault each.
 * @module
 */
import fc from 'fast-check'
import nodeCryptoModule, { constants, createCipheriv, createHash, createPrivateKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { kwpUnwrap, kwpWrap } from '../../src/crypto/aes.js'
import type { Crypto, WrapMechanism } from '../../src/crypto/crypto.js'
import type { RsaPrivateKey, RsaPublicKey } from '../../src/crypto/keys.js'
import { oaepDecrypt, oaepEncrypt } from '../../src/crypto/oaep.js'
import { pure } from '../../src/crypto/pure.js'
import {
  AWS_SHA256_MECHANISM,
  AZURE_MECHANISM,
  checkWrapKey,
  GOOGLE_SHA256_MECHANISM,
  MAX_WRAP_PAYLOAD,
  rsaAesWrap,
  unwrapBy,
  wrapInTwoSteps,
} from '../../src/crypto/rsa-aes-key-wrap.js'
import { nodeCrypto } from '../../tools/node/crypto.js'
import { webCrypto } from '../../tools/web/crypto.js'
import { isCallersMistake, newRsa, providers, rsaFromJwk, seededRandom, systemRandom } from '../support/providers.js'
import { textOf, unhex, withVectors } from '../support/vectors.js'

const FAILED = { ok: false, fault: { code: 'decryption_failed' } }
const { key: kek, privateKey, publicKey } = newRsa(2048)
const kekPublic: RsaPublicKey = { type: 'RSA', n: kek.n, e: kek.e }

const vectors = suite('blobs of other makers')

/** Keys by their DER, so that a key which many blobs share stays one object. */
const keks = new Map<string, RsaPrivateKey>()
function kekOf(pkcs8: string): RsaPrivateKey {
  let known = keks.get(pkcs8)
  if (!known)
    keks.set(pkcs8, (known = rsaFromJwk({ ...createPrivateKey({ key: Buffer.from(pkcs8, 'hex'), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' }) })))
  return known
}

for (const [maker, count] of [
  ['openssl', 9],
  ['python', 10],
  ['softhsm2', 1],
  ['nss', 1],
  ['negative', 13],
] as const)
  withVectors(vectors, `byok/${maker}.json`, (file) => {
    const { tests } = JSON.parse(file.toString()) as { tests: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[] }
    vectors(`${maker} has ${count} blobs`, () => assert.is(tests.length, count))
    for (const test of tests)
      vectors(`${maker}: ${test.name}`, async () => {
        const [blob, plaintext, own] = [unhex(textOf(test, 'blob')), unhex(textOf(test, 'plaintext')), kekOf(textOf(test, 'kekPkcs8'))]
        // Three of the faulty blobs carry a well-wrapped payload of the wrong form, which is not for this file to judge.
        const opens = test['result'] !== 'invalid' || /PEM text|followed by zero bytes|encrypted PKCS#8/.test(test.name)
        for (const crypto of providers) {
          const opened = await crypto.rsaAesUnwrap(own, blob, AZURE_MECHANISM)
          if (!opens) assert.equal(opened, FAILED, crypto.name)
          else if (test['result'] === 'invalid') assert.ok(opened.ok, crypto.name)
          else assert.equal(opened, { ok: true, value: plaintext }, crypto.name)
        }
        if (typeof test['ephemeralAes'] === 'string') assert.equal(kwpWrap(unhex(test['ephemeralAes']), plaintext), blob.slice(own.n.length))
      })
  })

vectors.run()

const laws = suite('wrap and unwrap')

laws('unwrap undoes wrap, crosswise between the providers', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 2500 }),
      fc.constantFrom(AZURE_MECHANISM, AWS_SHA256_MECHANISM),
      fc.constantFrom(...providers),
      fc.constantFrom(...providers),
      async (payload, mechanism, maker, opener) => {
        const blob = await maker.rsaAesWrap(kekPublic, maker.random(32), payload, mechanism)
        assert.is(blob.length, 256 + 8 * Math.ceil(payload.length / 8) + 8)
        assert.equal(await opener.rsaAesUnwrap(kek, blob, mechanism), { ok: true, value: payload })
      },
    ),
    { numRuns: 40 },
  ),
)

laws('any changed bit is refused, and the blob itself is left alone', async () => {
  const blob = await providers[0]!.rsaAesWrap(kekPublic, systemRandom(32), systemRandom(138), AZURE_MECHANISM)
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * blob.length - 1), fc.constantFrom(...providers), async (bit, crypto) => {
      const changed = Uint8Array.from(blob)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const before = Uint8Array.from(changed)
      assert.equal(await crypto.rsaAesUnwrap(kek, changed, AZURE_MECHANISM), FAILED, crypto.name)
      assert.equal(changed, before)
    }),
    { numRuns: 60 },
  )
})

laws('another KEK opens nothing', async () => {
  const blob = await providers[1]!.rsaAesWrap(kekPublic, systemRandom(32), systemRandom(138), AZURE_MECHANISM)
  const others = [newRsa(2048).key, newRsa(3072).key]
  for (const other of others) for (const crypto of providers) assert.equal(await crypto.rsaAesUnwrap(other, blob, AZURE_MECHANISM), FAILED)
})

laws('two wraps of one payload differ in both halves', async () => {
  const payload = systemRandom(138)
  for (const crypto of providers) {
    const [first, second] = [
      await crypto.rsaAesWrap(kekPublic, crypto.random(32), payload, AZURE_MECHANISM),
      await crypto.rsaAesWrap(kekPublic, crypto.random(32), payload, AZURE_MECHANISM),
    ]
    assert.not.equal(first.slice(0, 256), second.slice(0, 256))
    assert.not.equal(first.slice(256), second.slice(256))
  }
})

laws('two steps make the same blob, byte for byte, given the same randomness', () =>
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 1300 }), fc.constantFrom(AZURE_MECHANISM, AWS_SHA256_MECHANISM), (payload, mechanism) => {
      const [ephemeral, seed] = [systemRandom(32), systemRandom(mechanism.hash === 'SHA-1' ? 20 : 32)]
      const twoSteps = wrapInTwoSteps(kekPublic, {
        wrapEphemeral: () => oaepEncrypt(kekPublic, ephemeral, { hash: mechanism.hash, mgf1: mechanism.mgf1 }, seed),
        wrapTarget: () => kwpWrap(ephemeral, payload),
      })
      assert.equal(twoSteps, rsaAesWrap(kekPublic, ephemeral, payload, mechanism, seed))
    }),
    { numRuns: 30 },
  ),
)

laws('two steps: a half of another length is not joined', async () => {
  const halves = { wrapEphemeral: () => new Uint8Array(256), wrapTarget: () => new Uint8Array(24) }
  assert.is(wrapInTwoSteps(kekPublic, halves).length, 280)
  for (const wrong of [{ wrapEphemeral: () => new Uint8Array(255) }, { wrapTarget: () => new Uint8Array(25) }, { wrapTarget: () => new Uint8Array(8) }])
    assert.ok(await isCallersMistake(() => wrapInTwoSteps(kekPublic, { ...halves, ...wrong })))
})

laws('a seeded provider makes the same blob again', () => {
  const [first, second] = ['seed', 'seed'].map((label) => {
    const crypto = pure(seededRandom(label))
    return crypto.rsaAesWrap(kekPublic, crypto.random(32), Uint8Array.of(1, 2, 3), AZURE_MECHANISM)
  })
  assert.equal(first, second)
})

laws('BYOK-63 the constants of the three clouds', () => {
  assert.equal(AZURE_MECHANISM, { hash: 'SHA-1', mgf1: 'SHA-1', ephemeralBytes: [32], kekBits: [2048, 3072, 4096] })
  assert.equal(AWS_SHA256_MECHANISM, { hash: 'SHA-256', mgf1: 'SHA-256', ephemeralBytes: [32], kekBits: [2048, 3072, 4096] })
  assert.equal(GOOGLE_SHA256_MECHANISM, { hash: 'SHA-256', mgf1: 'SHA-256', ephemeralBytes: [32], kekBits: [3072, 4096] })
})

laws('BYOK-64 a KEK of another size is refused before a wrap, and wrapping to it all the same is a mistake', async () => {
  const small: RsaPublicKey = newRsa(1024).key
  assert.equal(checkWrapKey(kekPublic, AZURE_MECHANISM), { ok: true, value: undefined })
  assert.equal(checkWrapKey(small, AZURE_MECHANISM), { ok: false, fault: { code: 'kek_size_not_allowed', at: 'n', found: 1024, wanted: '2048, 3072, 4096' } })
  assert.equal(checkWrapKey(kekPublic, GOOGLE_SHA256_MECHANISM), {
    ok: false,
    fault: { code: 'kek_size_not_allowed', at: 'n', found: 2048, wanted: '3072, 4096' },
  })
  assert.equal(checkWrapKey({ ...kekPublic, e: Uint8Array.of(4) }, AZURE_MECHANISM), { ok: false, fault: { code: 'rsa_exponent_even', at: 'e' } })
  for (const crypto of providers)
    for (const [key, mechanism] of [
      [small, AZURE_MECHANISM],
      [kekPublic, GOOGLE_SHA256_MECHANISM],
      [{ ...kekPublic, e: Uint8Array.of(1) }, AZURE_MECHANISM],
    ] as const)
      assert.ok(await isCallersMistake(() => crypto.rsaAesWrap(key, crypto.random(32), Uint8Array.of(1), mechanism)), crypto.name)
})

laws('a wrap makes only what an unwrap takes', async () => {
  for (const crypto of providers) {
    const largest = await crypto.rsaAesWrap(kekPublic, crypto.random(32), new Uint8Array(MAX_WRAP_PAYLOAD), AZURE_MECHANISM)
    assert.is(largest.length, 256 + 4096)
    assert.ok((await crypto.rsaAesUnwrap(kek, largest, AZURE_MECHANISM)).ok)
    for (const [ephemeral, payload] of [
      [32, MAX_WRAP_PAYLOAD + 1],
      [32, 0],
      [16, 1],
      [24, 1],
      [33, 1],
    ] as const)
      assert.ok(await isCallersMistake(() => crypto.rsaAesWrap(kekPublic, systemRandom(ephemeral), new Uint8Array(payload), AZURE_MECHANISM)), crypto.name)
  }
})

laws.run()

const faults = suite('faults U1 to U6')
const PAYLOAD = systemRandom(140) // four bytes of padding behind it
const EPHEMERAL = systemRandom(32)
const KWP_IV = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6)
const oaep = (message: Uint8Array, hash = 'sha1', label?: Uint8Array) =>
  publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash, ...(label ? { oaepLabel: label } : {}) }, message)
const rawRsa = (block: Uint8Array) => publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block)
const kwp = (key: Uint8Array, payload: Uint8Array, iv = KWP_IV) => createCipheriv(`id-aes${8 * key.length}-wrap-pad`, key, iv).update(payload)
/** RFC 3394 with any eight bytes in front: what KWP is inside. */
const kw = (front: Uint8Array, padded: Uint8Array) => createCipheriv('id-aes256-wrap', EPHEMERAL, front).update(padded)
const aiv = (length: number) => Uint8Array.of(...KWP_IV, length >>> 24, length >>> 16, length >>> 8, length)
const padded = (last = 0) => Uint8Array.of(...PAYLOAD, 0, 0, 0, last)
const C1 = oaep(EPHEMERAL)
const C2 = kwp(EPHEMERAL, PAYLOAD)

/** The block under an honest C1, with its mask taken off, spoiled, and masked again. */
function spoiledOaep(spoil: (block: Uint8Array, data: Uint8Array) => void): Buffer {
  const block = Uint8Array.from(privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, C1))
  const mask = (target: Uint8Array, seed: Uint8Array) => {
    for (let i = 0; i < target.length; i++)
      target[i]! ^= createHash('sha1')
        .update(seed)
        .update(Uint8Array.of(0, 0, 0, Math.floor(i / 20)))
        .digest()[i % 20]!
  }
  const [seed, data] = [block.subarray(1, 21), block.subarray(21)]
  mask(seed, data)
  mask(data, seed)
  spoil(block, data)
  mask(data, seed)
  mask(seed, data)
  return rawRsa(block)
}

/** A C1 plus the modulus: the same residue. Made again until the sum fits into as many bytes. */
const aboveModulus = (): Uint8Array => {
  for (;;) {
    const sum = BigInt(`0x${oaep(EPHEMERAL).toString('hex')}`) + BigInt(`0x${Buffer.from(kek.n).toString('hex')}`)
    if (sum >> 2048n === 0n) return Uint8Array.from(Buffer.from(sum.toString(16).padStart(512, '0'), 'hex'))
  }
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))
const FAULTY: readonly (readonly [title: string, blob: Uint8Array])[] = [
  ['BYOK-51 U1: C1 equals the modulus', join(kek.n, C2)],
  ['BYOK-51 U1: C1 is all ones', join(new Uint8Array(256).fill(0xff), C2)],
  ['BYOK-51 U1: an honest C1 with the modulus added', join(aboveModulus(), C2)],
  ['BYOK-52 U2: C1 is zero', join(new Uint8Array(256), C2)],
  [
    'BYOK-52 U2: the first byte of the block is not zero',
    join(
      spoiledOaep((block) => void (block[0] = 1)),
      C2,
    ),
  ],
  [
    'BYOK-52 U2: the label hash differs in one bit',
    join(
      spoiledOaep((_, data) => void (data[0]! ^= 1)),
      C2,
    ),
  ],
  ['BYOK-52 U2: a label', join(oaep(EPHEMERAL, 'sha1', Uint8Array.of(1)), C2)],
  [
    'BYOK-52 U2: no separator',
    join(
      spoiledOaep((_, data) => void data.fill(0, 20)),
      C2,
    ),
  ],
  [
    'BYOK-52 U2: something else before the separator',
    join(
      spoiledOaep((_, data) => void (data[20] = 2)),
      C2,
    ),
  ],
  ['BYOK-52 U2: OAEP with SHA-256', join(oaep(EPHEMERAL, 'sha256'), C2)],
  ['BYOK-52 U2: PKCS#1 v1.5', join(publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, EPHEMERAL), C2)],
  ...[0, 16, 24, 31, 33, 64].map((length) => {
    const key = systemRandom(length)
    return [`BYOK-53 U3: an ephemeral key of ${length} bytes`, join(oaep(key), [16, 24].includes(length) ? kwp(key, PAYLOAD) : C2)] as const
  }),
  ['BYOK-54 U4: another constant', join(C1, kwp(EPHEMERAL, PAYLOAD, Uint8Array.of(0xa6, 0x59, 0x59, 0xa7)))],
  ['BYOK-54 U4: the initial value of RFC 3394', join(C1, kw(new Uint8Array(8).fill(0xa6), padded()))],
  ['BYOK-54 U4: wrapped under another key', join(C1, kwp(systemRandom(32), PAYLOAD))],
  ['BYOK-55 U5: a length of zero', join(C1, kw(aiv(0), padded()))],
  ['BYOK-55 U5: a length one semiblock short', join(C1, kw(aiv(136), padded()))],
  ['BYOK-55 U5: a length one byte too long', join(C1, kw(aiv(145), padded()))],
  ['BYOK-55 U5: the largest length', join(C1, kw(aiv(0xffffffff), padded()))],
  ['BYOK-56 U6: a padding byte that is not zero', join(C1, kw(aiv(140), padded(1)))],
  ['BYOK-56 U6: a length shorter by one, so that payload lies in the padding', join(C1, kw(aiv(139), padded(9)))],
]

faults('the blob from which the faulty ones are made opens on every provider', async () => {
  for (const crypto of providers) {
    assert.equal(await crypto.rsaAesUnwrap(kek, join(C1, C2), AZURE_MECHANISM), { ok: true, value: PAYLOAD }, crypto.name)
    assert.equal(
      await crypto.rsaAesUnwrap(
        kek,
        join(
          spoiledOaep(() => undefined),
          kw(aiv(140), padded()),
        ),
        AZURE_MECHANISM,
      ),
      { ok: true, value: PAYLOAD },
      crypto.name,
    )
  }
  assert.is(FAULTY.length, 26)
})

for (const [title, blob] of FAULTY)
  faults(title, async () => {
    for (const crypto of providers) {
      const answer = await crypto.rsaAesUnwrap(kek, blob, AZURE_MECHANISM)
      assert.is(JSON.stringify(answer), '{"ok":false,"fault":{"code":"decryption_failed"}}', crypto.name)
    }
  })

faults('BYOK-53 a mechanism that takes shorter ephemeral keys takes them', async () => {
  const lenient: WrapMechanism = { ...AZURE_MECHANISM, ephemeralBytes: [16, 24, 32] }
  for (const length of [16, 24, 32]) {
    const key = systemRandom(length)
    for (const crypto of providers)
      assert.equal(await crypto.rsaAesUnwrap(kek, join(oaep(key), kwp(key, PAYLOAD)), lenient), { ok: true, value: PAYLOAD }, crypto.name)
  }
})

for (const [title, blob, mechanism] of [
  ['empty', new Uint8Array(0), AZURE_MECHANISM],
  ['C1 alone', join(C1), AZURE_MECHANISM],
  ['eight bytes of C2', join(C1, C2.subarray(0, 8)), AZURE_MECHANISM],
  ['C2 with seven bytes behind it', join(C1, C2, new Uint8Array(7)), AZURE_MECHANISM],
  ['C2 with eight bytes behind it', join(C1, C2, new Uint8Array(8)), AZURE_MECHANISM],
  ['C2 short by eight bytes', join(C1, C2.subarray(0, -8)), AZURE_MECHANISM],
  ['C2 longer than the cap', join(C1, kwp(EPHEMERAL, new Uint8Array(4089))), AZURE_MECHANISM],
  ['a KEK size that the mechanism does not take', join(C1, C2), { ...AZURE_MECHANISM, kekBits: [3072] }],
] as const)
  faults(`BYOK-61 ${title}`, async () => {
    for (const crypto of providers) assert.equal(await crypto.rsaAesUnwrap(kek, blob, mechanism), FAILED, crypto.name)
  })

/** What an unwrap did. */
interface Work {
  rsa: number
  aes: string[]
}

/** The core, with a key that counts how often its CRT exponent is read: once in each private operation. */
function workOfPure(blob: Uint8Array): Work {
  const work: Work = { rsa: 0, aes: [] }
  const counted: RsaPrivateKey = {
    ...kek,
    get dp() {
      work.rsa++
      return kek.dp
    },
  }
  unwrapBy(
    {
      oaepDecrypt: (first) => oaepDecrypt(counted, first, { hash: 'SHA-1', mgf1: 'SHA-1' }, systemRandom),
      kwpUnwrap: (key, second) => {
        work.aes.push(`${key.length}/${second.length}`)
        return kwpUnwrap(key, second)
      },
      random: systemRandom,
    },
    kek,
    blob,
    AZURE_MECHANISM,
  )
  return work
}

/** The Node provider, with the functions of `node:crypto` that it uses replaced by counting ones. */
async function workOfNode(blob: Uint8Array): Promise<Work> {
  const work: Work = { rsa: 0, aes: [] }
  const original = { privateDecrypt: nodeCryptoModule.privateDecrypt, createDecipheriv: nodeCryptoModule.createDecipheriv }
  nodeCryptoModule.privateDecrypt = (...given) => {
    work.rsa++
    return original.privateDecrypt(...given)
  }
  nodeCryptoModule.createDecipheriv = ((algorithm: string, key: Uint8Array, iv: Uint8Array) => {
    work.aes.push(`${key.length}/${blob.length - 256}`)
    return original.createDecipheriv(algorithm, key, iv)
  }) as typeof original.createDecipheriv
  syncBuiltinESMExports()
  try {
    await nodeProvider.rsaAesUnwrap(kek, blob, AZURE_MECHANISM)
  } finally {
    Object.assign(nodeCryptoModule, original)
    syncBuiltinESMExports()
  }
  return work
}
const nodeProvider: Crypto = nodeCrypto()

/** The web provider, over a `SubtleCrypto` that counts. */
async function workOfWeb(blob: Uint8Array): Promise<Work> {
  const work: Work = { rsa: 0, aes: ['32/152'] } // KWP is the core's, counted above
  const { subtle } = globalThis.crypto
  const counting = {
    importKey: subtle.importKey.bind(subtle),
    decrypt: (...given: Parameters<SubtleCrypto['decrypt']>) => {
      work.rsa++
      return subtle.decrypt(...given)
    },
  } as unknown as SubtleCrypto
  await webCrypto(counting).rsaAesUnwrap(kek, blob, AZURE_MECHANISM)
  return work
}

faults('BYOK-50 the same number of RSA and AES operations, whatever fails', async () => {
  const full: Work = { rsa: 1, aes: ['32/152'] }
  assert.is(C2.length, 152)
  for (const [title, blob] of [['an honest blob', join(C1, C2)] as const, ...FAULTY]) {
    assert.equal(workOfPure(blob), full, `pure, ${title}`)
    assert.equal(await workOfNode(blob), full, `node, ${title}`)
    assert.equal(await workOfWeb(blob), full, `web, ${title}`)
  }
})

faults('BYOK-50 what the dummy C1 happens to open is not let out', () => {
  // C1 = the modulus is replaced by a dummy; a provider that opens the dummy to the right key must change nothing.
  const opensAnything = { oaepDecrypt: () => ({ ok: true as const, value: Uint8Array.from(EPHEMERAL) }), kwpUnwrap, random: systemRandom }
  assert.equal(unwrapBy(opensAnything, kek, join(C1, C2), AZURE_MECHANISM), { ok: true, value: PAYLOAD })
  assert.equal(unwrapBy(opensAnything, kek, join(kek.n, C2), AZURE_MECHANISM), FAILED)
})

faults('BYOK-50 the stand-in key is fresh and random, and opens nothing even if it is known', () => {
  const random = () => Uint8Array.from(EPHEMERAL)
  const opensNothing = { oaepDecrypt: () => ({ ok: false as const, fault: { code: 'decryption_failed' as const } }), kwpUnwrap, random }
  assert.equal(unwrapBy(opensNothing, kek, join(C1, C2), AZURE_MECHANISM), FAILED)
})

faults('secrets that the flow met are wiped', () => {
  const met: Uint8Array[] = []
  const keep = (bytes: Uint8Array) => {
    met.push(bytes)
    return bytes
  }
  const operations = {
    oaepDecrypt: () => ({ ok: true as const, value: keep(Uint8Array.from(EPHEMERAL)) }),
    kwpUnwrap,
    random: (length: number) => keep(systemRandom(length)),
  }
  unwrapBy(operations, kek, join(C1, C2), AZURE_MECHANISM)
  assert.is(met.length, 2)
  for (const bytes of met) assert.equal(bytes, new Uint8Array(32))
})

faults.run()
