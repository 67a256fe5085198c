/**
 * The command `keyferry`: finds the command that the words name, runs it, prints what it reports, and turns every way of ending into an
 * exit code. Nothing that goes wrong shows a stack, unless KEYFERRY_DEBUG asks for it.
 * @module
 */
import { asksForHelp, group, usage, type Command, type Group, type Report } from './args.js'
import { inspectCommand } from './byok/inspect.js'
import { openCommand } from './byok/open.js'
import { runCommand } from './byok/run.js'
import { wrapCommand } from './byok/wrap.js'
import { EXIT, Failure, type ExitCode } from './failure.js'
import { helpFor } from './help.js'
import { printLines, tell, type Io } from './io.js'
import { nearest } from './nearest.js'
import { callCommand } from './ski/call.js'
import { decodeCommand } from './ski/decode.js'
import { skiRunCommand } from './ski/run.js'
import { jsonText, styled, type Text } from './text.js'
import { VERSION } from './version.js'

/** All commands. */
export const keyferry: Group = group({
  name: 'keyferry',
  summary: 'carries a secret key across a place nobody trusts',
  description: [
    'Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 the input was judged and refused, or the work failed; 2 wrong usage; 3 inconclusive; 4 unreadable input; 70 a bug in keyferry.',
  ],
  members: [
    group({
      name: 'byok',
      summary: 'transfer of a customer key from a source HSM into a cloud vault',
      description: [],
      members: [runCommand, wrapCommand, inspectCommand, openCommand],
      examples: [
        ...runCommand.examples.slice(0, 1),
        ...wrapCommand.examples.slice(0, 1),
        ...inspectCommand.examples.slice(0, 1),
        ...openCommand.examples.slice(0, 1),
      ],
    }),
    group({
      name: 'ski',
      summary: 'secure key injection: a key pair or a PIN from a server into a smart card',
      description: [],
      members: [skiRunCommand, decodeCommand, callCommand],
      examples: [...skiRunCommand.examples.slice(0, 1), ...decodeCommand.examples.slice(0, 1), ...callCommand.examples.slice(0, 1)],
    }),
  ],
  examples: [
    { text: 'What can be done with transfer files:', command: 'byok --help' },
    { text: 'Which version this is:', command: '--version' },
  ],
})

/** Runs a command line, the words behind `keyferry`, and answers with the exit code. Never throws. */
export async function run(words: readonly string[], io: Io, root: Group = keyferry): Promise<ExitCode> {
  try {
    return await dispatch(words, io, root)
  } catch (error) {
    return error instanceof Failure ? fail(error, words, io) : confess(error, words, io)
  }
}

async function dispatch(words: readonly string[], io: Io, root: Group): Promise<ExitCode> {
  // `keyferry help byok wrap` is `keyferry byok wrap --help`.
  if (words[0] === 'help') return dispatch([...words.slice(1), '--help'], io, root)
  if (words[0] === '--version') {
    const extra = words.slice(1).find((word) => word !== '--json')
    if (extra !== undefined) throw usage(`there is one word too many: ${extra}`)
    print({ json: { name: 'keyferry', version: VERSION }, lines: [VERSION] }, words, io)
    return EXIT.ok
  }
  const { node, path, rest } = find(words, root)
  if (asksForHelp(rest)) {
    printLines(io.out, io.env, helpFor(node, path))
    return EXIT.ok
  }
  if (node.type === 'group') throw noCommand(node, path, rest[0])
  const report = await node.run(rest, io)
  print(report, rest, io)
  return report.exit ?? EXIT.ok
}

/** Follows the words as far as they name groups and a command. */
function find(words: readonly string[], root: Group): { node: Group | Command; path: string[]; rest: readonly string[] } {
  let node: Group | Command = root
  const path = [root.name]
  let rest = words
  while (node.type === 'group') {
    const next: Group | Command | undefined = node.members.find(({ name }) => name === rest[0])
    if (!next) break
    node = next
    path.push(next.name)
    rest = rest.slice(1)
  }
  return { node, path, rest }
}

function noCommand(node: Group, path: readonly string[], word: string | undefined): Failure {
  const names = node.members.map(({ name }) => name)
  const help = `${path.join(' ')} --help lists what there is.`
  if (word === undefined) return usage(`${path.join(' ')} needs a command: ${names.join(', ')}`, help)
  const isOption = word.startsWith('-')
  const near = isOption ? nearest(word.replace(/^-+/, ''), ['help', 'version']) : nearest(word, names)
  // Somebody may have left the middle word out.
  const deeper = node.members.find((member) => member.type === 'group' && member.members.some(({ name }) => name === word))
  const meant = near !== null ? `${isOption ? '--' : ''}${near}` : deeper ? `${deeper.name} ${word}` : null
  return usage(`there is no ${isOption ? 'option' : 'command'} ${word}`, ...(meant === null ? [] : [`Did you mean ${path.join(' ')} ${meant}?`]), help)
}

function print({ json, lines }: Report, words: readonly string[], io: Io): void {
  if (wantsJson(words)) io.out.write(`${jsonText(json)}\n`)
  else printLines(io.out, io.env, lines)
}

function fail({ exit, message, fault, hints }: Failure, words: readonly string[], io: Io): ExitCode {
  if (wantsJson(words)) io.out.write(`${jsonText({ ok: false, exit, message, fault })}\n`)
  tell(io, complaint(message), ...hints.map((hint) => `  ${hint}`))
  return exit
}

/** An exception that nobody foresaw: our fault, and said so. What it carries is not shown, for it could be anything. */
function confess(error: unknown, words: readonly string[], io: Io): ExitCode {
  const message = 'this is a bug in keyferry'
  if (wantsJson(words)) io.out.write(`${jsonText({ ok: false, exit: EXIT.bug, message, fault: null })}\n`)
  const name = error instanceof Error ? error.name : typeof error
  tell(io, complaint(`${message} (${name}); KEYFERRY_DEBUG=1 shows where`))
  if ((io.env['KEYFERRY_DEBUG'] ?? '') !== '') tell(io, ...(error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n'))
  return EXIT.bug
}

const complaint = (message: string): Text => [styled('bad', 'keyferry:'), ' ', message]

/** Asked of the words, because a command line that does not parse is answered in JSON, too. */
const wantsJson = (words: readonly string[]): boolean => words.includes('--json')
