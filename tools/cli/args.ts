/**
 * The command line as tables: a command says which options it has, and the parser, the hints and the help all read that.
 *
 * `node:util` splits the words. What is accepted is decided here: each option once, each with its value, nothing unknown. An unknown
 * word is answered with the nearest known one.
 * @module
 */
import { parseArgs } from 'node:util'
import { EXIT, Failure } from './failure.js'
import type { Io } from './io.js'
import { nearest } from './nearest.js'
import type { Text } from './text.js'

/** One option. */
export interface OptionSpec {
  /** What its value is called in the help; without one the option is a switch. */
  readonly value?: string
  readonly text: string
  readonly required?: true
  /** The values that are taken, where they can be listed. Case does not matter. */
  readonly choices?: readonly string[]
}

/** The options of a command, by name. */
export type Options = Readonly<Record<string, OptionSpec>>

/** What the options of a command come to: a switch is a boolean, a value one of its choices or any text. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends { value: string }
    ? (O[Name] extends { choices: readonly (infer Choice)[] } ? Choice : string) | (O[Name] extends { required: true } ? never : undefined)
    : boolean
}

/** A line of help that shows a command at work. */
export interface Example {
  readonly text: string
  /** The words behind `keyferry`. */
  readonly command: string
}

/** What a command has to say at its end. */
export interface Report {
  /** `ok` unless given. */
  readonly exit?: (typeof EXIT)['ok' | 'refused' | 'inconclusive']
  /** The result for a program. */
  readonly json: object
  /** The result for a person. */
  readonly lines: readonly Text[]
}

/** A command as its author writes it. */
export interface CommandSpec<O extends Options> {
  /** The last of its words: `wrap`. */
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** Paragraphs for its own help. */
  readonly description: readonly string[]
  /** The one operand, if it takes one. */
  readonly operand?: { readonly name: string; readonly text: string }
  readonly options: O
  readonly examples: readonly Example[]
  run(given: Given<O>, io: Io): Promise<Report>
}

/** What was given to a command. */
export interface Given<O extends Options> {
  readonly values: Values<O>
  /** The operand, or an empty string for a command without one. */
  readonly operand: string
}

/** A command as the command line sees it. */
export interface Command extends Omit<CommandSpec<Options>, 'run'> {
  readonly type: 'command'
  /** Parses what stands behind the command's words and runs it. */
  run(words: readonly string[], io: Io): Promise<Report>
  /** Parses and does nothing. */
  parse(words: readonly string[]): Parsed
}

/** What was given, before it is known which command's table it fits. */
export interface Parsed {
  readonly values: Readonly<Record<string, string | boolean>>
  readonly operand: string
}

/** Commands under one word. */
export interface Group {
  readonly type: 'group'
  readonly name: string
  readonly summary: string
  readonly description: readonly string[]
  readonly members: readonly (Group | Command)[]
  readonly examples: readonly Example[]
}

/** Options of every command. */
export const COMMON_OPTIONS = {
  json: { text: 'Write the result to stdout as JSON.' },
  help: { text: 'Show this help.' },
} as const satisfies Options

/** Makes a command of its description. */
export function command<const O extends Options>(spec: CommandSpec<O>): Command {
  const options: Options = { ...spec.options, ...COMMON_OPTIONS }
  const parse = (words: readonly string[]): Parsed => parseWords(words, options, spec.operand?.name)
  return {
    ...spec,
    type: 'command',
    options,
    parse,
    // The table that was parsed by is the one the type of the values comes from.
    run: (words, io) => spec.run(parse(words) as unknown as Given<O>, io),
  }
}

/** Commands under one word. */
export const group = (spec: Omit<Group, 'type'>): Group => ({ ...spec, type: 'group' })

/** A wrong command line. */
export const usage = (message: string, ...hints: string[]): Failure => new Failure(EXIT.usage, message, { hints })

/** Whether the words ask for help: `--help` or `-h` anywhere in front of a `--`. */
export function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h')
}

function parseWords(words: readonly string[], options: Options, operandName: string | undefined): Parsed {
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values: Record<string, string | boolean> = {}
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (!option || token.rawName !== `--${token.name}`) throw unknownOption(token.rawName, Object.keys(options))
    if (Object.hasOwn(values, token.name)) throw usage(`--${token.name} is given twice`)
    values[token.name] = option.value === undefined ? switchOf(token.name, token.value) : valueOf(token.name, option, token)
  }
  for (const [name, { required, value }] of Object.entries(options)) if (required && values[name] === undefined) throw usage(`--${name} ${value} is missing`)
  for (const [name, { value }] of Object.entries(options)) if (value === undefined) values[name] ??= false

  const [operand, extra] = operands
  if (operand !== undefined && operandName === undefined) throw usage(`there is one word too many: ${operand}`)
  if (extra !== undefined) throw usage(`there is one word too many: ${extra}`)
  if (operand === undefined && operandName !== undefined) throw usage(`${operandName} is missing`)
  return { values, operand: operand ?? '' }
}

function switchOf(name: string, value: string | undefined): true {
  if (value !== undefined) throw usage(`--${name} takes no value`)
  return true
}

function valueOf(name: string, { value: placeholder, choices }: OptionSpec, token: { value?: string | undefined; inlineValue?: boolean | undefined }): string {
  const { value, inlineValue } = token
  // `--out --force` is a forgotten value more often than a file of that name.
  if (value === undefined || value === '' || (inlineValue !== true && value.startsWith('-') && value.length > 1))
    throw usage(`--${name} needs a value, ${placeholder}`, ...(value ? [`A value that begins with a hyphen is written --${name}=${value}.`] : []))
  if (!choices) return value
  const chosen = choices.find((choice) => choice.toLowerCase() === value.toLowerCase())
  if (chosen !== undefined) return chosen
  const near = nearest(value, choices)
  throw usage(`--${name} takes no ${value}`, ...(near === null ? [] : [`Did you mean ${near}?`]), `It takes: ${choices.join(', ')}.`)
}

function unknownOption(rawName: string, known: readonly string[]): Failure {
  const near = nearest(rawName.replace(/^-+/, ''), known)
  return usage(`there is no option ${rawName}`, ...(near === null ? [] : [`Did you mean --${near}?`]))
}
