/**
 * Third-party vectors, read where they lie: the folder in `KEYFERRY_VECTORS`, or `../shared/vectors` beside the project.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const project = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = resolve(project, process.env['KEYFERRY_VECTORS'] ?? '../shared/vectors')

/** The bytes of a vector file, or `null` where the folder does not have it. */
export function thirdParty(path: string): Buffer | null {
  const file = join(folder, path)
  return existsSync(file) ? readFileSync(file) : null
}

/** The reason that a skipped test gives. */
export const NO_VECTORS = 'the third-party vectors are not here (KEYFERRY_VECTORS)'
