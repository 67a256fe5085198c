/**
 * The contract of cards on both crypto providers.
 * @module
 */
import { suite } from 'uvu'
import { nodeCrypto } from '../../../tools/node/crypto.js'
import { cardFactory, stocked } from './card-case.js'
import { CLOSING } from './card-contract-closing.js'
import { FLOW } from './card-contract-flow.js'
import { REFUSALS } from './card-contract-refusals.js'
import { SEALED_CASES } from './card-contract-sealed.js'

const onNode = suite('card contract: software on node')
for (const { title, run } of [...FLOW, ...REFUSALS, ...SEALED_CASES, ...CLOSING].filter(({ title }) => !process.env.ONLY || title.includes(process.env.ONLY)))
  onNode(title, () => run(cardFactory(() => stocked(nodeCrypto()))))
onNode.run()
