/**
 * One conversation for people: step by step as lines, and as a Mermaid sequence diagram.
 * @module
 */
import type { Line } from '../../../machines/session.js'
import { styled, table, type Text } from '../text.js'

const NAMES: Readonly<Record<string, string>> = {
  client: 'client',
  tool: 'BYOK tool',
  officer: 'officer',
  sourceHsm: 'source HSM',
  vault: 'vault',
  vaultHsm: 'vault HSM',
  "sourceHsm's enclave": 'source enclave',
  "vaultHsm's enclave": 'vault enclave',
}

const nameOf = (role: string) => NAMES[role] ?? role

/** What went through the port, in bytes of its JSON. */
export const bytesOf = ({ carried, message }: Line): number => new TextEncoder().encode(JSON.stringify(carried ?? message)).length

/** Method and path of a REST call, or the message's name. */
const headlineOf = ({ carried, message }: Line): string => {
  const { method, path, status } = (carried ?? {}) as { method?: string; path?: string; status?: number }
  if (method !== undefined && path !== undefined) return `${method} ${path.replace(/[0-9a-f]{32}/g, (version) => `${version.slice(0, 6)}…`)}`
  return status === undefined ? message.type : `${message.type}, HTTP ${status}`
}

/** A conversation as a table. */
export function conversationLines(lines: readonly Line[]): Text[] {
  const heading = ['', 'from', 'to', 'port', 'bytes', 'who can read it', 'what'].map((title) => styled('quiet', title))
  return table([
    heading,
    ...lines.map((line) => [
      String(line.number),
      nameOf(line.from),
      nameOf(line.to),
      line.port,
      String(bytesOf(line)),
      line.port === 'wire' ? styled('warning', 'everybody') : `${nameOf(line.from)} and ${nameOf(line.to)}`,
      headlineOf(line),
    ]),
  ])
}

/** A conversation as a Mermaid sequence diagram. Solid arrows are wires, which everybody can read; dashed ones are consoles and enclave ports. */
export function conversationMermaid(lines: readonly Line[]): string {
  const participants = [...new Set(lines.flatMap(({ from, to }) => [from, to]))]
  const id = (role: string) => role.replace(/[^a-zA-Z]/g, '')
  return [
    'sequenceDiagram',
    '  autonumber',
    ...participants.map((role) => `  participant ${id(role)} as ${nameOf(role)}`),
    ...lines.map(
      (line) => `  ${id(line.from)}${line.port === 'wire' ? '->>' : '-->>'}${id(line.to)}: ${headlineOf(line).replace(/[;#]/g, ' ')} (${bytesOf(line)} bytes)`,
    ),
    '',
  ].join('\n')
}
