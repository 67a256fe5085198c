/**
 * The contract of cards on both crypto providers that every installation has.
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pure } from '../../../src/crypto/pure.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { cardFactory, stocked } from './card-case.js'
import { CONTRACT } from './card-contract.js'

const onNode = suite('card contract: software on node')
for (const { title, run } of CONTRACT) onNode(title, () => run(cardFactory(() => stocked(nodeCrypto()))))
onNode.run()

// Pure RSA is slow, and the sizes are the business of the crypto tests: one size is enough here. Triple DES it does not have.
const onPure = suite('card contract: software on pure')
const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))
for (const { title, run } of CONTRACT.filter((one) => !/rsa-3072|rsa-4096|3DES\]/.test(one.title)))
  onPure(title, () => run(cardFactory(() => stocked(pure(random)))))
onPure.run()

// Titles are made in the contract's own files; this is the list that nobody shortens unnoticed.
const contracted = suite('card contract: what it covers')
const COVERED = [
  'SKI-7',
  'SKI-12',
  'SKI-29',
  'SKI-40',
  'SKI-44',
  'SKI-46',
  'SKI-48',
  'SKI-50',
  'SKI-51',
  'SKI-52',
  'SKI-53',
  'SKI-54',
  'SKI-60',
  'SKI-61',
  'SKI-64',
  'SKI-66',
  'SKI-67',
  'SKI-68',
  'SKI-69',
  'SKI-70',
  'SKI-72',
  'SKI-73',
  'SKI-74',
  'SKI-77',
  'SKI-80',
  'SKI-85',
  'SKI-86',
  'SKI-87',
  'SKI-88',
  'SKI-100',
  'SKI-101',
  'SKI-102',
  'SKI-126',
  'SKI-131',
  'SKI-132',
  'SKI-135',
  'SKI-139',
  'SKI-140',
  'SKI-192',
  'SKI-193',
  'SKI-197',
  'SKI-200',
  'SKI-203',
  'SKI-211',
  'SKI-212',
  'SKI-213',
  'SKI-214',
  'SKI-215',
  'SKI-216',
  'SKI-217',
  'SKI-218',
  'SKI-221',
  'SKI-222',
  'SKI-247',
  'SKI-248',
  'SKI-251',
  'SKI-280',
  'SKI-281',
  'SKI-282',
  'SKI-283',
  'SKI-285',
  'SKI-286',
]
for (const id of COVERED)
  contracted(`there is a case for ${id}`, () => assert.ok(CONTRACT.some(({ title }) => title.startsWith(`${id} `) || title.includes(` ${id} `))))
contracted.run()
