/**
 * The decoder for people shows no secret: not of a good structure, not of a damaged one, not of one that was called something else.
 *
 * Every vector with secrets in it is described as every structure there is, and all that is said is searched for all secrets of all vectors.
 * @module
 */
import * as assert from 'uvu/assert'
import { suite } from 'uvu'
import fc from 'fast-check'
import { describe, guess, STRUCTURE_TYPES, type Description } from '../../src/ski/decode/index.js'
import { findSecret } from '../enclave/secret-search.js'
import { fieldOf, structureVectors, typeNamed, vectorSecrets } from './decode-support.js'

const secrets = suite('decode: secrets')

/** Everything that a description says. */
const saidIn = ({ fields, facts, remarks, fault }: Description): string[] => [
  ...fields.flatMap(({ value, meaning }) => [value, meaning]),
  ...facts.map(({ value }) => value),
  ...remarks,
  JSON.stringify(fault),
]

/** Secrets of enough bytes to be told from other things, and without the scalars 1 and n - 1, which are on the first page of every book. */
const searched = [...vectorSecrets].filter(([name, secret]) => secret.length >= 8 && !/scalar_(?:one|highest)/.test(name))

secrets('there are many secrets to look for', () => assert.ok(searched.length >= 35, `${searched.length}`))

const said = new Set<string>()
secrets('every key and every secure function is described as every structure', () => {
  const holders = structureVectors.filter(({ file }) => file === 'ski/key-blobs' || file === 'ski/secure-functions')
  assert.ok(holders.length > 300)
  for (const { bytes } of holders) for (const type of STRUCTURE_TYPES) for (const text of saidIn(describe(bytes, type))) said.add(text)
  assert.ok(said.size > 1000, `${said.size}`)
})

secrets('no secret is in what is said, in any common form', () => {
  const all = [...said]
  for (const [name, secret] of searched) assert.is(findSecret(all, secret), null, name)
})

secrets('nor are four bytes of one, as a number', () => {
  const numbers = new Set([...said].flatMap((text) => [...text.matchAll(/\b(?:0x[0-9A-Fa-f]+|\d+)\b/g)].map(([digits]) => Number(digits))))
  for (const [name, secret] of searched)
    for (const bytes of [secret, Uint8Array.from(secret).reverse()]) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      for (let at = 0; at + 4 <= bytes.length; at++) {
        const value = view.getUint32(at, true)
        if (value >= 2 ** 24) assert.not(numbers.has(value), `${name}, bytes from ${at}`)
      }
    }
})

secrets('nor is a short PIN', () => {
  for (const id of ['authenticate_pin_four', 'change_shorter']) {
    const { bytes, type } = structureVectors.find(({ vector }) => vector.id === id)!
    const text = JSON.stringify(describe(bytes, type))
    for (const form of ['1020', '31303230', '49,48,50,48', 'MTAyMA', '808595505']) assert.not.ok(text.includes(form), form)
  }
})

secrets('bytes that look like a secret are not shown, whatever they are called', () => {
  const { bytes } = structureVectors.find(({ vector }) => vector.id === 'key_data_aes_256')!
  for (const type of STRUCTURE_TYPES.filter(({ structure }) => structure !== 'BCRYPT_KEY_DATA_BLOB')) {
    const told = describe(bytes, type)
    for (const { value } of told.fields) assert.match(value, /^(?:\((?:secret, )?\d+ bytes?\)|(?:not )?zero)$/)
    assert.match(told.remarks[0]!, 'BCRYPT_KEY_DATA_BLOB')
    assert.is(told.fault?.found, undefined)
  }
})

secrets('what is public is shown', () => {
  const isOpen = structureVectors.filter(({ vector }) => vector.result === 'valid')
  assert.ok(isOpen.length > 150)
  for (const { vector, bytes, type } of isOpen) assert.not.match(describe(bytes, type).remarks.join(), 'not shown', vector.id)
})

secrets('one wrong length moves no private number to a public place', async () => {
  const privates = structureVectors.filter(
    ({ vector, type }) => vector.result === 'valid' && /KEY_?BLOB|IMPORT/.test(type.name) && type.name !== 'PUBLICKEYBLOB',
  )
  assert.ok(privates.length > 30)
  await fc.assert(
    fc.property(
      fc.constantFrom(...privates),
      fc.integer({ min: 0, max: 47 }),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: -2, max: 2 }),
      ({ bytes }, at, value, moved) => {
        const shifted = moved < 0 ? bytes.subarray(-moved) : Uint8Array.of(...new Uint8Array(moved), ...bytes)
        for (const spoiled of [Uint8Array.from(bytes), shifted.slice()]) {
          spoiled[at % spoiled.length] = value
          const [best] = guess(spoiled, STRUCTURE_TYPES)
          if (!best) continue
          const told = describe(spoiled, best.type)
          // What is shown of a damaged structure are small numbers of its header.
          if (told.fault !== null) for (const field of told.fields) assert.ok(field.value.length <= 40, field.value)
        }
      },
    ),
    { numRuns: 200 },
  )
})

secrets('the length is told', () => {
  const { bytes } = structureVectors.find(({ vector }) => vector.id === 'key_data_aes_256')!
  assert.is(fieldOf(describe(bytes, typeNamed('BCRYPT_KEY_DATA_BLOB')), 'key').value, '(secret, 32 bytes)')
})
secrets.run()
