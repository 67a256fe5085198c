/**
 * The version of this package, as `package.json` has it: the one place where it is written.
 * @module
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** For example `0.1.0`. */
export const VERSION: string = versionAbove(import.meta.dirname)

/** From the sources the file is two folders up, from the build three. */
function versionAbove(folder: string): string {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown; version?: unknown }
    if (name === 'keyferry' && typeof version === 'string') return version
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const parent = dirname(folder)
  if (parent === folder) throw new Error('package.json of keyferry is not above its command')
  return versionAbove(parent)
}
