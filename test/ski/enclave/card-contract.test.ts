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
const IDS = [
  7, 12, 29, 40, 44, 46, 48, 50, 51, 52, 53, 54, 60, 61, 64, 66, 67, 68, 69, 70, 72, 73, 74, 77, 80, 85, 86, 87, 88, 100, 101, 102, 126, 131, 132, 135, 139,
  140,
]
const OF_CARDS = [192, 193, 197, 200, 203, 211, 212, 213, 214, 215, 216, 217, 218, 221, 222, 247, 248, 251, 280, 281, 282, 283, 285, 286]
for (const id of [...IDS, ...OF_CARDS])
  contracted(`there is a case for SKI-${id}`, () => assert.ok(CONTRACT.some(({ title }) => title.startsWith(`SKI-${id} `) || title.includes(` SKI-${id} `))))
contracted.run()
