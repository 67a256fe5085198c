/**
 * What a command may touch of the world around it, apart from files: two streams to write to, a person who may be asked, and the
 * environment. A test hands in its own.
 *
 * Results go to `out`; whatever is only for a person goes to `err`, and progress only where `err` is a terminal.
 * @module
 */
import { createInterface } from 'node:readline/promises'
import { EXIT } from './failure.js'
import { render, type Text } from './text.js'

/** A stream to write to. */
export interface Sink {
  write(text: string): void
  readonly isTerminal: boolean
}

/** See the module text. */
export interface Io {
  readonly out: Sink
  readonly err: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asks the person at the terminal for a line; `null` where nobody can be asked. */
  ask(question: string): Promise<string | null>
}

/** The streams of this process. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A reader that has seen enough closes the pipe (`keyferry … | head -1`); that is no failure of ours.
      if (error.code === 'EPIPE') return
      // A full disk behind a redirection is known only after the command has ended.
      if (stream === process.stdout) process.stderr.write(`keyferry: the result cannot be written: ${error.code ?? 'unknown error'}\n`)
      process.exit(EXIT.refused)
    })
  const sink = (stream: NodeJS.WriteStream): Sink => ({ write: (text) => void stream.write(text), isTerminal: stream.isTTY })
  return { out: sink(process.stdout), err: sink(process.stderr), env: process.env, ask }
}

/** Writes lines. */
export function printLines(sink: Sink, env: Io['env'], lines: readonly Text[]): void {
  const colour = useColour(sink, env)
  for (const line of lines) sink.write(`${render(line, colour)}\n`)
}

/** Tells a person something beside the result. */
export const tell = (io: Io, ...lines: readonly Text[]): void => printLines(io.err, io.env, lines)

/** Tells a person who is waiting what is going on. */
export function progress(io: Io, line: Text): void {
  if (io.err.isTerminal) tell(io, line)
}

/** Whether a stream takes colours: a terminal does, unless NO_COLOR is set to anything (no-color.org) or the terminal is a dumb one. */
export const useColour = ({ isTerminal }: Sink, env: Io['env']): boolean => isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'

async function ask(question: string): Promise<string | null> {
  // Both ends have to be the person's: an answer from a pipe is not somebody's word.
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await new Promise<string | null>((resolve) => {
      terminal.once('close', () => resolve(null))
      void terminal.question(question).then(resolve, () => resolve(null))
    })
  } finally {
    terminal.close()
  }
}
