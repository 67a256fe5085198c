/**
 * Help on each level, made from the tables that the parser reads.
 * @module
 */
import type { Command, Group, OptionSpec } from './args.js'
import { styled, table, wrapWords, type Text } from './text.js'

/** The help of a group or a command; `path` are the words that lead to it. */
export function helpFor(node: Group | Command, path: readonly string[]): Text[] {
  return [
    `${path.join(' ')}: ${node.summary}`,
    ...node.description.flatMap((paragraph) => ['', ...wrapWords(paragraph, WIDTH)]),
    ...section('Usage', [`  ${usageLine(node, path)}`]),
    ...(node.type === 'group' ? section('Commands', memberRows(node)) : optionSections(node)),
    ...section(
      'Examples',
      node.examples.flatMap(({ text, command }, i) => [...(i > 0 ? [''] : []), `  ${text}`, [`    `, styled('good', `keyferry ${command}`)]]),
    ),
    ...(node.type === 'group' ? ['', `${path.join(' ')} COMMAND --help says more about each.`] : []),
  ]
}

/** How a command is called, in one line. */
export function usageLine(node: Group | Command, path: readonly string[]): string {
  const words = path.join(' ')
  if (node.type === 'group') return `${words} COMMAND`
  const required = Object.entries(node.options).filter(([, { required }]) => required)
  return [words, ...(node.operand ? [node.operand.name] : []), ...required.map(([name, option]) => optionName(name, option)), '[OPTION]…'].join(' ')
}

function optionSections({ operand, options }: Command): Text[] {
  return [
    ...(operand ? section('Operand', table([[operand.name, operand.text]], { indent: '  ' })) : []),
    ...section(
      'Options',
      table(
        Object.entries(options).flatMap(([name, option]) => optionRows(name, option)),
        { indent: '  ' },
      ),
    ),
  ]
}

function optionRows(name: string, option: OptionSpec): Text[][] {
  const [first = '', ...rest] = wrapWords(option.choices ? `${option.text} One of: ${option.choices.join(', ')}.` : option.text, WIDTH - 30)
  return [[optionName(name, option), first], ...rest.map((line) => ['', line])]
}

const optionName = (name: string, { value }: OptionSpec) => (value === undefined ? `--${name}` : `--${name} ${value}`)

const memberRows = ({ members }: Group): Text[] =>
  table(
    members.map(({ name, summary }) => [name, summary]),
    { indent: '  ' },
  )

const section = (title: string, lines: readonly Text[]): Text[] => (lines.length === 0 ? [] : ['', styled('heading', title), ...lines])

const WIDTH = 110
