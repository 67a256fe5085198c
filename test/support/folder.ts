/**
 * A folder of this process for what another program is to read. It goes away at the end.
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'keyferry-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Writes a file into the folder, and returns its path. */
export function given(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** Makes a folder in the folder, and returns its path. */
export function folderOf(name: string): string {
  const path = join(folder, name)
  mkdirSync(path, { recursive: true })
  return path
}
