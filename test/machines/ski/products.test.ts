/**
 * Several minidriver products on one server: the card's type chooses, and what does not fit is refused before any key is made.
 * @module
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SKI_PROFILES } from '../../../src/ski/policy.js'
import { DEMONSTRATION_PRODUCT, skiWorld } from '../../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'

const products = suite('SKI products')
const other = { ...DEMONSTRATION_PRODUCT, product: 'Another Minidriver' }
const served = ({ product, version }: typeof other) => ({ product, version })

/** Who was called, and what came of it. */
async function run(serverProducts: readonly (typeof other)[], listed: readonly { readonly product: string; readonly version: number }[]) {
  const world = await skiWorld({ crypto: nodeCrypto(), policy: SKI_PROFILES.hardened, watched: false, serverProducts })
  const report = await world.injections.inject(world.request({ way: 'derived', secret: 'ec-P-256', server: { products: listed } }))
  const called = new Set(world.injections.session.lines.filter(({ from, port }) => from === 'server' && port === 'local').map(({ to }) => to))
  return {
    report,
    called: [...called].filter((to) => to !== 'archive'),
    keysMade: world.injections.session.lines.filter(({ message }) => message.type === 'enclave.keyPairMade').length,
  }
}

products('SKI-253 the card’s product chooses among those that the server runs', async () => {
  const { report, called } = await run([other, DEMONSTRATION_PRODUCT], [served(other), served(DEMONSTRATION_PRODUCT)])
  assert.ok(report.server?.ok)
  assert.equal(called, ['serverMinidriver2'])
})

products('SKI-23 a product that the server does not run is refused, and no key is made', async () => {
  const { report, keysMade } = await run([other], [served(other)])
  assert.is(report.server?.ok === false && report.server.fault.code, 'product_not_served')
  assert.is(keysMade, 0)
})

products('SKI-23 so is another version of the same product', async () => {
  const { report, keysMade } = await run([DEMONSTRATION_PRODUCT], [{ ...served(DEMONSTRATION_PRODUCT), version: 6 }])
  assert.is(report.server?.ok === false && report.server.fault.code, 'product_not_served')
  assert.is(keysMade, 0)
})

products.run()
