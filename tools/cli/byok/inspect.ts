/**
 * `keyferry byok inspect`: every field of a transfer file with its place, size and meaning, and everything that is wrong with it.
 *
 * Needs no key: what is inside the ciphertext stays there. With the public KEK the two parts of the blob are measured, too.
 *
 * Requirements: BYOK-61, BYOK-80 to BYOK-99.
 * @module
 */
import { wipe } from '../../../src/bytes/bytes.js'
import { explainFault } from '../../../src/byok/faults.js'
import { formatKid, vaultService } from '../../../src/byok/kid.js'
import { inspectTransferFile } from '../../../src/byok/transfer-inspect.js'
import type { Finding } from '../../../src/byok/transfer-report.js'
import { command } from '../args.js'
import { EXIT, failureOf, type ExitCode } from '../failure.js'
import { readInput } from '../files.js'
import { styled, table, type Text } from '../text.js'
import { readKek } from './keys.js'

/** See the module text. */
export const inspectCommand = command({
  name: 'inspect',
  summary: 'shows every field of a transfer file, and what is wrong with it',
  description: [
    'Each finding names its requirement. MUST: a reader refuses the file, and the exit code is 1. SHOULD: tolerated, though no writer should do it.',
  ],
  operand: { name: 'FILE', text: 'The transfer file (.byok).' },
  options: {
    kek: { value: 'FILE', text: 'The public KEK: PEM, DER or JWK. Tells where the parts of the blob begin and what fits into them.' },
    strict: { text: 'Tolerates nothing: what is a SHOULD otherwise becomes a MUST.' },
  },
  examples: [
    { text: 'What is in a transfer file, and would a vault take it?', command: 'byok inspect key.byok' },
    { text: 'Is it exactly what the document asks for, and does it fit this KEK?', command: 'byok inspect key.byok --kek kek.pem --strict' },
  ],
  async run({ values, operand }) {
    const reading = values.strict ? 'strict' : 'lenient'
    const bytes = await readInput(operand, 'the transfer file')
    const kek = values.kek === undefined ? null : await readKek(values.kek)
    const { file, fields, findings } = inspectTransferFile(bytes, { reading, ...(kek ? { modulusBytes: kek.key.n.length } : {}) })
    wipe(bytes)

    const unreadable = findings.find(({ code }) => NOT_A_TRANSFER_FILE.has(code))
    if (unreadable) throw unreadableFile(operand, unreadable)
    const service = file ? vaultService(file.kek) : null
    const likely = kek ? targetsThatFit(fields.find(({ name }) => name === 'C2')?.size) : []
    const exit: ExitCode = file ? EXIT.ok : EXIT.refused
    return {
      exit,
      json: {
        ok: file !== null,
        file: operand,
        reading,
        kek: file && { kid: formatKid(file.kek), service, ...(kek ? { bits: kek.bits } : {}) },
        fields,
        findings,
        ...(kek ? { usualLengthOf: likely } : {}),
      },
      lines: [
        styled('heading', `${operand}, ${reading} reading`),
        '',
        ...table([
          ['field', 'offset', 'size', 'value', 'meaning'].map((title) => styled('quiet', title)),
          ...fields.map(({ name, offset, size, value, meaning }) => [name, String(offset), String(size), shortened(value), meaning]),
        ]),
        ...(kek ? ['', 'Offsets of C1 and C2 count from the beginning of the blob, the others from the beginning of the file.'] : []),
        ...(likely.length > 0 ? [`C2 has the usual length of ${likely.join(', ')}; what is in it only the private KEK can tell.`] : []),
        ...(service === 'unknown' ? ['The host of the key identifier is not one of a known cloud.'] : []),
        '',
        ...findings.map(findingLine),
        verdictLine(findings),
      ],
    }
  },
})

/** Faults behind which there is nothing to judge. */
const NOT_A_TRANSFER_FILE: ReadonlySet<string> = new Set(['file_not_json', 'file_not_utf8'])

/** How a transfer file that is none is told about: not JSON at all is unreadable, anything else is judged and refused. */
export const unreadableFile = (path: string, fault: Finding | { readonly code: string }) =>
  failureOf(NOT_A_TRANSFER_FILE.has(fault.code) ? EXIT.unreadable : EXIT.refused, path, withoutText(fault))

const withoutText = (fault: Finding | { readonly code: string }) => {
  const { level: _level, text: _text, ...rest } = fault as Finding
  return rest
}

function findingLine(finding: Finding): Text {
  return [styled(finding.level === 'MUST' ? 'bad' : 'warning', finding.level.padEnd(6)), '  ', explainFault(finding)]
}

function verdictLine(findings: readonly Finding[]): Text {
  const failed = findings.filter(({ level }) => level === 'MUST').length
  if (failed > 0) return styled('bad', `refused: ${failed} of the requirements that a file must meet ${failed === 1 ? 'is' : 'are'} not met`)
  return styled('good', findings.length === 0 ? 'nothing to object to' : 'readable, with remarks')
}

const shortened = (value: string) => (value.length > 100 ? `${value.slice(0, 99)}…` : value)

/** The kinds of key whose usual encodings make a C2 of this size. */
const targetsThatFit = (size = 0): string[] => USUAL_SIZES.filter(([, least, most]) => size >= least && size <= most).map(([kind]) => kind)

/** C2 for each kind: an RSA key with shorter or longer integers, an EC key without and with its public point; any with zero bytes behind. */
const USUAL_SIZES: readonly (readonly [kind: string, least: number, most: number])[] = [
  ['rsa-2048', 1216, 1240],
  ['rsa-3072', 1792, 1824],
  ['rsa-4096', 2368, 2400],
  ['ec-P-256', 80, 80],
  ['ec-P-256', 152, 160],
  ['ec-P-256K', 72, 72],
  ['ec-P-256K', 144, 144],
  ['ec-P-384', 88, 88],
  ['ec-P-384', 200, 208],
  ['ec-P-521', 112, 112],
  ['ec-P-521', 256, 264],
  ['oct-128', 24, 24],
  ['oct-192', 32, 32],
  ['oct-256', 40, 40],
]
