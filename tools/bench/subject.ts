/**
 * The code under test: the JavaScript that `npm run build:js` has made, as it is installed, and not what a loader makes of the
 * sources while they run.
 * @module
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as machines from '../../machines/index.js'
import type * as byok from '../../src/byok/index.js'
import type * as core from '../../src/crypto/index.js'
import type * as enclave from '../../src/enclave/index.js'
import type * as steps from '../../src/enclave/steps.js'
import type * as ski from '../../src/ski/index.js'
import type * as skiWorlds from '../cli/ski/world.js'
import type * as node from '../node/crypto.js'
import type * as web from '../web/crypto.js'

/** The folder with `package.json` in it. */
export const project = resolve(import.meta.dirname, '../..')

/** The folder of the built JavaScript. */
export const dist = resolve(project, 'dist')

/** Everything that is measured, in one object. */
export async function subject(): Promise<Subject> {
  if (!existsSync(resolve(dist, 'machines/index.js'))) throw new Error('nothing is built: npm run build:js')
  const load = async <Module>(path: string): Promise<Module> => (await import(pathToFileURL(resolve(dist, path)).href)) as Module
  return {
    core: await load<typeof core>('src/crypto/index.js'),
    ...(await load<typeof node>('tools/node/crypto.js')),
    ...(await load<typeof web>('tools/web/crypto.js')),
    ...(await load<typeof enclave>('src/enclave/index.js')),
    ...(await load<typeof byok>('src/byok/index.js')),
    ski: await load<typeof ski>('src/ski/index.js'),
    skiWorld: (await load<typeof skiWorlds>('tools/cli/ski/world.js')).skiWorld,
    runSteps: (await load<typeof steps>('src/enclave/steps.js')).run,
    ...(await load<typeof machines>('machines/index.js')),
  }
}

/** What {@link subject} loads. */
export interface Subject {
  readonly core: typeof core
  readonly nodeCrypto: typeof node.nodeCrypto
  readonly webCrypto: typeof web.webCrypto
  readonly softwareEnclave: typeof enclave.softwareEnclave
  readonly PROFILES: typeof byok.PROFILES
  readonly ski: typeof ski
  readonly skiWorld: typeof skiWorlds.skiWorld
  /** Runs what an enclave does in steps. */
  readonly runSteps: typeof steps.run
  readonly Ceremony: typeof machines.Ceremony
}
