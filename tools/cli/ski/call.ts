/**
 * `keyferry ski call`: makes the function calls of a script to a minidriver, and says what each returned, so that whoever
 * writes one can compare call by call.
 *
 * Requirements: SKI-97, SKI-120 to SKI-149, SKI-220.
 * @module
 */
import { fromBase64url, toBase64url } from '../../../src/bytes/base64.js'
import { fromUtf8, wipe } from '../../../src/bytes/bytes.js'
import { toHex } from '../../../src/bytes/hex.js'
import type { Returned } from '../../../src/ski/calls.js'
import { pure } from '../../../src/crypto/pure.js'
import { formatStatus } from '../../../src/ski/constants/index.js'
import { nodeCrypto } from '../../node/crypto.js'
import { command } from '../args.js'
import { EXIT, Failure } from '../failure.js'
import { READ_LIMIT, readInput } from '../files.js'
import { seededRandom } from '../seed.js'
import { jsonText, styled, table, type Text } from '../text.js'
import { EXAMPLE_SCRIPT } from './script-example.js'
import { SCRIPT_SCHEMA } from './script-schema.js'
import { readScript, type CallEntry, type Entry, type Script } from './script.js'
import { Unavailable, type Bench, type Result } from './script-values.js'
import { Stage } from './stage.js'

const EXAMPLE = 'example'

/** See the module text. */
export const callCommand = command({
  name: 'call',
  summary: 'makes function calls to a minidriver, as a script says, and shows each status',
  description: [
    'A minidriver author runs the same script against his own and compares. A script is JSON: calls by their published names with their published arguments, in one or more contexts, with a card or without. Where a call says which status is due, and another comes, the exit code is 1.',
    'Bytes are {"hex": "…"}, {"text": "…"} (UTF-16LE with NUL), {"u32": 1}, {"concat": […]}, or what an earlier entry returned: "$name.data", "$3.handle", "$sealed.blobs". A script holds no secrets but marked test values, {"testValue": "<hex>"}: the plaintext of MDImportSessionKey and MDEncryptData, PINs, and session keys wrapped under a key that the card showed.',
    'Beside calls there are {"reader": "removed"}, {"pad": …} for what the holder enters next, and {"offer": "shared"} for what the server says where it shares a key with the card. The word example in place of a file is a script that is built in.',
  ],
  operand: { name: 'SCRIPT', text: `A file, or the word ${EXAMPLE}.` },
  options: {
    print: { value: 'WHAT', choices: ['script', 'schema'], text: 'Print the script, or the JSON Schema of scripts, and make no call.' },
    seed: { value: 'TEXT', text: 'Makes every byte the same each time, on the pure crypto. For tests: such keys are no secret.' },
  },
  examples: [
    { text: 'A key pair into a card, call by call:', command: 'ski call example' },
    { text: 'A script to begin with:', command: 'ski call example --print script' },
    { text: 'What a script may say:', command: 'ski call example --print schema' },
  ],
  async run({ values, operand }) {
    const text = operand === EXAMPLE ? `${jsonText(EXAMPLE_SCRIPT)}\n` : await readText(operand)
    const script = readScript(text)
    if (values.print !== undefined) {
      const printed: object = values.print === 'schema' ? SCRIPT_SCHEMA : (JSON.parse(text) as object)
      return { json: printed, lines: jsonText(printed).split('\n') }
    }
    const platform = nodeCrypto()
    const performance = await perform(script, values.seed === undefined ? platform : pure(seededRandom(values.seed)))
    const { calls, stopped } = performance
    const different = calls.filter(({ asDue }) => asDue === false)
    const good = different.length === 0 && stopped === null
    return {
      exit: good ? EXIT.ok : EXIT.refused,
      json: { ok: good, profile: script.profile, stopped, different: different.length, calls },
      lines: [
        ...callLines(calls),
        '',
        ...different.map(({ at, function: name, statusText, dueText }) => styled('bad', `${at}: ${name} returned ${statusText}, and ${dueText ?? ''} is due`)),
        ...(stopped === null ? [] : [styled('bad', `${stopped.at}: ${stopped.message}; nothing after it was done`)]),
        styled(
          good ? 'good' : 'bad',
          `${calls.length} calls, ${calls.filter(({ due }) => due !== null).length} with a status that is due, ${different.length} of them different`,
        ),
      ],
    }
  },
})

/** A call that was made. Bytes are hex. */
interface Made {
  readonly at: string
  readonly name: string
  readonly context: string
  readonly function: string
  /** The arguments that the script gives, as they are shown. */
  readonly given: string
  readonly status: number
  readonly statusText: string
  readonly due: number | null
  readonly dueText: string | null
  /** `null` where nothing is due. */
  readonly asDue: boolean | null
  readonly data: string | null
  readonly handle: number | null
  readonly blobs: readonly string[] | null
  readonly spki: string | null
  readonly length: number | null
  readonly apdus: readonly string[]
}

interface Performance {
  readonly calls: readonly Made[]
  /** Where and why the script ended before its end. */
  readonly stopped: { readonly at: string; readonly message: string } | null
}

async function perform(script: Script, crypto: Bench['crypto']): Promise<Performance> {
  const stage = await Stage.of(script, crypto)
  const calls: Made[] = []
  const results = new Map<string, Result>()
  try {
    for (const [index, entry] of script.entries.entries()) {
      const bench: Bench = {
        crypto,
        result: (name) => results.get(name) ?? {},
        deposit: (bytes, what) => stage.deposit('context' in entry ? entry.context : '', bytes, what),
      }
      try {
        const result = await act(stage, entry, bench, calls)
        if (result === null) continue
        results.set(String(index + 1), result)
        if ('name' in entry) results.set(entry.name, result)
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        return { calls, stopped: { at: entry.at, message: error.message } }
      }
    }
    return { calls, stopped: null }
  } finally {
    stage.dispose()
  }
}

/** Does what an entry says; what comes of it may be referred to. */
async function act(stage: Stage, entry: Entry, bench: Bench, calls: Made[]): Promise<Result | null> {
  switch (entry.type) {
    case 'reader':
      await stage.reader(entry.does)
      return null
    case 'pad':
      stage.pad(entry.pin)
      return null
    case 'offer': {
      const { session, nonce, input } = await stage.offer(entry.context, entry.way, toBase64url(await entry.cardId.bytes(bench)), entry.algorithm)
      return { session, nonce, data: input }
    }
    case 'call': {
      const worked: [string, unknown][] = []
      for (const [name, argument] of entry.arguments) worked.push([name, await argument.of(bench)])
      const { returned, apdus } = await stage.call(entry.context, { type: entry.function, ...Object.fromEntries(worked) })
      calls.push(madeOf(entry, returned, apdus))
      const { status, data, handle, blobs, spki, length } = returned
      return { status, data, handle, blobs, spki, length }
    }
  }
}

function madeOf({ at, name, context, function: called, arguments: args, expect }: CallEntry, returned: Returned, apdus: readonly string[]): Made {
  const { status, data, handle, blobs, spki, length } = returned
  return {
    at,
    name,
    context,
    function: called,
    given: args.flatMap(([argument, { shown }, given]) => (given ? [`${argument} ${shown}`] : [])).join(', '),
    status,
    statusText: formatStatus(status),
    due: expect,
    dueText: expect === null ? null : formatStatus(expect),
    asDue: expect === null ? null : expect === status,
    data: hexOf(data),
    handle,
    blobs: blobs?.map((blob) => hexOf(blob) ?? '') ?? null,
    spki: hexOf(spki),
    length,
    apdus,
  }
}

function callLines(calls: readonly Made[]): Text[] {
  const heading = ['', 'context', 'call', 'status', 'returned', 'APDUs', 'arguments'].map((title) => styled('quiet', title))
  return table([
    heading,
    ...calls.map((made) => [
      made.name,
      made.context,
      made.function,
      styled(made.asDue === false ? 'bad' : made.status === 0 ? 'good' : 'warning', made.statusText),
      returnedText(made) || '-',
      made.apdus.length === 0 ? '-' : `${made.apdus.length}`,
      made.given || '-',
    ]),
  ])
}

function returnedText({ function: called, data, handle, blobs, length }: Made): string {
  return [
    ...(handle === null ? [] : [`${called === 'CardAcquireContext' ? 'version' : 'handle'} ${handle}`]),
    ...(data === null ? [] : [bytesText(data)]),
    ...(blobs === null ? [] : blobs.map((blob, index) => `blob ${index}: ${bytesText(blob)}`)),
    ...(length === null || data !== null ? [] : [`length ${length}`]),
  ].join(', ')
}

/** So many bytes, and the first of them. */
const bytesText = (hex: string): string => `${hex.length / 2} bytes ${hex.slice(0, 32)}${hex.length > 32 ? '…' : ''}`

function hexOf(text: string | null): string | null {
  const bytes = text === null ? null : fromBase64url(text)
  return bytes?.ok ? toHex(bytes.value) : null
}

async function readText(path: string): Promise<string> {
  const bytes = await readInput(path, 'the script')
  try {
    const text = bytes.length > READ_LIMIT ? null : fromUtf8(bytes)
    if (text === null) throw new Failure(EXIT.unreadable, `the script is no UTF-8 text of at most ${READ_LIMIT} bytes`)
    return text
  } finally {
    wipe(bytes)
  }
}
