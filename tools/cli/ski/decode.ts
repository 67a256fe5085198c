/**
 * `keyferry ski decode`: names a structure of secure key injection and explains it, offset by offset; says what is wrong with it, and where.
 *
 * Needs no key and shows no secret: key material and PINs are counted. The core explains (`src/ski/decode`); this file brings the bytes and lays
 * the words out.
 *
 * Requirements: SKI-80 to SKI-102, SKI-190.
 * @module
 */
import { wipe } from '../../../src/bytes/bytes.js'
import {
  describe,
  guess,
  STRUCTURE_NAMES,
  STRUCTURE_TYPES,
  structuresNamed,
  type Candidate,
  type DescribedFault,
  type Description,
  type Sureness,
} from '../../../src/ski/decode/index.js'
import { command, type Report } from '../args.js'
import { EXIT, Failure } from '../failure.js'
import { styled, table, type Text } from '../text.js'
import { readDecodeInput, type Input } from './decode-input.js'

/** See the module text. */
export const decodeCommand = command({
  name: 'decode',
  summary: 'names and explains a structure of secure key injection, offset by offset',
  description: [
    'Key blobs of CNG and CAPI, the structures of the secure functions, what a minidriver tells about a card, property values, structures with pointers, sealed data, establishments, evidence, receipts, and APDUs.',
    'Unless told, it guesses by magic numbers, versions and lengths, says how sure it is and what else it could be. Bytes that are almost a structure are explained as far as they are one.',
    'Key material and PINs are never shown. The exit code is 0 where the bytes are a valid structure, and 1 where they are not. Whether a proof, a tag or a signature is genuine is not a question that this command can answer.',
  ],
  operand: {
    name: 'FILE|HEX',
    text: 'A file (the bytes, or hexadecimal or base64 text), - for stdin, or hexadecimal digits. Secrets belong into a file: a command line is remembered.',
  },
  options: {
    as: { value: 'TYPE', text: 'What the bytes are. Without :x64 or :x86, whichever of the two layouts fits.', choices: STRUCTURE_NAMES },
  },
  examples: [
    { text: 'What is this?', command: 'ski decode 07:00:00:00:03:00:00:00' },
    { text: 'What is wrong with the structure that a minidriver was given?', command: 'ski decode import.bin --as CARD_IMPORT_KEYPAIR' },
    { text: 'What does a property say, for a program?', command: 'ski decode 02000000 --as CP_KEY_IMPORT_SUPPORT --json' },
  ],
  async run({ values, operand }) {
    const among = values.as === undefined ? STRUCTURE_TYPES : structuresNamed(values.as)
    const input = await readDecodeInput(operand)
    try {
      if (input.bytes.length === 0 && values.as === undefined)
        throw new Failure(EXIT.unreadable, 'there are no bytes', { hints: ['--as says what they would be.'] })
      const candidates = guess(input.bytes, among)
      const told = values.as !== undefined && among.length === 1
      const best = told ? among[0] : (candidates[0]?.type ?? (values.as === undefined ? undefined : among[0]))
      if (best === undefined) return unknown(input)
      const chosen = candidates.find(({ type }) => type === best)
      const others = candidates.filter(({ type }) => type !== best)
      return report(input, describe(input.bytes, best), told ? 'told' : (chosen?.sureness ?? 'possible'), others)
    } finally {
      wipe(input.bytes)
    }
  },
})

/** How the structure was found. */
type How = Sureness | 'told'

function report(input: Input, described: Description, how: How, others: readonly Candidate[]): Report {
  const { type, title, requirement, length, fields, facts, remarks, fault } = described
  return {
    exit: fault === null ? EXIT.ok : EXIT.refused,
    json: {
      ok: fault === null,
      input: inputOf(input),
      type,
      title,
      requirement,
      sureness: how,
      others: others.map(({ type: other, sureness, accepted }) => ({ type: other.name, sureness, accepted })),
      fields,
      facts,
      remarks,
      fault,
    },
    lines: [
      styled('heading', `${type}, ${bytesIn(length)}: ${title} [${requirement}]`),
      ...(how === 'told' ? [] : [SURENESS[how]]),
      ...(others.length === 0 || how === 'told' ? [] : [`It could also be ${others.slice(0, MOST_OTHERS).map(otherWords).join(', ')}.`]),
      ...(fields.length === 0
        ? []
        : [
            '',
            ...table([
              ['field', 'offset', 'length', 'value', 'meaning'].map((column) => styled('quiet', column)),
              ...fields.map(({ name, offset, length: size, value, meaning }) => [name, String(offset), String(size), shortened(value), meaning]),
            ]),
          ]),
      ...(facts.length === 0 ? [] : ['', ...table(facts.map(({ name, value }) => [name, value]))]),
      ...(remarks.length === 0 ? [] : ['', ...remarks.map((remark) => [styled('warning', 'note'), `  ${remark}`])]),
      '',
      fault === null ? styled('good', 'a valid structure') : faultLine(fault),
    ],
  }
}

function unknown(input: Input): Report {
  const { length } = input.bytes
  return {
    exit: EXIT.refused,
    json: {
      ...{ ok: false, input: inputOf(input), type: null, title: null, requirement: null, sureness: null, others: [] },
      ...{ fields: [], facts: [], remarks: [], fault: null },
    },
    lines: [
      styled('bad', `${bytesIn(length)} that are no structure known by its bytes`),
      'Random bytes (IVs, nonces, identifiers, keys) look like this, and so do ciphertexts. --as says what they are.',
    ],
  }
}

const inputOf = ({ from, form, bytes }: Input) => ({ from, form, bytes: bytes.length })

function faultLine({ text, at, found, wanted, requirement }: DescribedFault): Text {
  const details = Object.entries({ at, found, wanted }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  const sentence = [text, details.length > 0 ? ` (${details.join('; ')})` : '', requirement === undefined ? '' : ` [${requirement}]`].join('')
  return [styled('bad', 'wrong'), '  ', sentence]
}

function otherWords({ type, accepted }: Candidate): string {
  return accepted ? type.name : `a damaged ${type.name}`
}

const SURENESS: Readonly<Record<Sureness, string>> = {
  certain: 'Recognised without doubt.',
  likely: 'Recognised; something else is not out of the question.',
  possible: 'Perhaps: little speaks for it.',
}

const bytesIn = (length: number): string => `${length} byte${length === 1 ? '' : 's'}`
const shortened = (value: string) => (value.length > 66 ? `${value.slice(0, 65)}…` : value)
const MOST_OTHERS = 4
