/**
 * Files in and out. Reading is capped, and what goes wrong is told in words. Writing is all or nothing: an output appears whole under
 * its name or not at all, and nothing that exists is replaced unless the person said so.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { access, constants, lstat, mkdir, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { wipe } from '../../src/bytes/bytes.js'
import { EXIT, Failure } from './failure.js'

/** The most that is read of any file: more than each format takes, so that its own reader can say "too large". */
export const READ_LIMIT = 1 << 17

/** The bytes of a file, at most {@link READ_LIMIT} and one. `what` is what a person calls it: `the KEK`. */
export async function readInput(path: string, what: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined
  const buffer = new Uint8Array(READ_LIMIT + 1)
  try {
    handle = await open(path, 'r')
    let length = 0
    // A pipe gives its bytes in pieces.
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) return buffer.slice(0, length)
    }
  } catch (error) {
    throw new Failure(EXIT.unreadable, `cannot read ${what}, ${path}: ${reasonOf(error)}`)
  } finally {
    wipe(buffer)
    await handle?.close()
  }
}

/** Something to write. */
export interface Output {
  readonly path: string
  /** The option that named the path, for messages. */
  readonly option: string
  /** Whether only the owner may read it. */
  readonly secret?: boolean
}

/** An output and what is in it. */
export interface Content extends Output {
  readonly bytes: Uint8Array
}

/**
 * Judges where outputs would go, before any work is done and before a person is asked anything: no two in one place, none in the
 * place of an input, and nothing that exists is replaced without `force`.
 */
export async function checkOutputs(outputs: readonly Output[], inputs: readonly string[], force: boolean): Promise<void> {
  const taken = new Map<string, string>()
  for (const path of inputs) taken.set(await placeOf(path), 'an input')
  for (const { path, option } of outputs) {
    const place = await placeOf(path)
    const other = taken.get(place)
    if (other !== undefined) throw new Failure(EXIT.usage, `${option} ${path} is also ${other}`)
    taken.set(place, `the output of ${option}`)
    await checkReplaceable(path, option, force)
    const folder = await lstat(dirname(place)).catch(() => null)
    if (!folder?.isDirectory()) throw new Failure(EXIT.refused, `${option} ${path}: there is no such folder`)
  }
}

/** Makes a folder for outputs, unless it is there, and makes sure that it can be written to. */
export async function prepareFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK)
  } catch (error) {
    throw new Failure(EXIT.refused, `cannot write into ${path}: ${reasonOf(error)}`)
  }
}

/** Writes all outputs, or none of them. */
export async function writeOutputs(contents: readonly Content[], force: boolean): Promise<void> {
  const written: { readonly temporary: string; readonly content: Content }[] = []
  const finished: string[] = []
  try {
    for (const content of contents) {
      const temporary = join(dirname(content.path), `.${basename(content.path)}.${randomBytes(6).toString('hex')}`)
      written.push({ temporary, content })
      const handle = await open(temporary, 'wx', content.secret === true ? 0o600 : 0o644)
      try {
        await handle.writeFile(content.bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
    }
    for (const { temporary, content } of written) {
      await checkReplaceable(content.path, content.option, force)
      await rename(temporary, content.path)
      finished.push(content.path)
    }
  } catch (error) {
    await Promise.all([...written.map(({ temporary }) => temporary), ...finished].map((path) => rm(path, { force: true })))
    if (error instanceof Failure) throw error
    throw new Failure(EXIT.refused, `cannot write ${contents.map(({ path }) => path).join(' and ')}: ${reasonOf(error)}`)
  }
}

async function checkReplaceable(path: string, option: string, force: boolean): Promise<void> {
  const there = await lstat(path).catch(() => null)
  if (!there) return
  // A rename would put a file in the place of a device or a link, which nobody means.
  if (!there.isFile()) throw new Failure(EXIT.refused, `${option} ${path} is there already and is no ordinary file`)
  if (!force) throw new Failure(EXIT.refused, `${option} ${path} is there already`, { hints: ['--force replaces it.'] })
}

/** The same file has one place, whatever it is called. */
async function placeOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const folder = await realpath(dirname(resolve(path))).catch(() => dirname(resolve(path)))
    return join(folder, basename(path))
  }
}

/** What the system says, in words and without its path, which the message has already. Whatever the system does not say is a bug. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'syscall' in error ? (error as NodeJS.ErrnoException).code : undefined
  if (code === undefined) throw error
  return REASONS.get(code) ?? code
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'a part of the path is no folder'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENOSPC', 'no space left'],
  ['EROFS', 'the file system is read-only'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ELOOP', 'too many links'],
])
