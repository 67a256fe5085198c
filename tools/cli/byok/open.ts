/**
 * `keyferry byok open`: plays the destination HSM for test keys, to see whether a transfer file opens and what is in it.
 *
 * Works on the core and not through an enclave: a person who has a KEK's private half in a file has no secret to keep from himself.
 * Still a failure that depends on secret bytes is one message, as a vault would answer, unless `--explain` asks which check it was.
 * The plaintext is written only on demand, as it came out of the unwrap, less zero bytes behind the DER, and never encoded again.
 *
 * Requirements: BYOK-50 to BYOK-61, BYOK-64, BYOK-67, BYOK-72, BYOK-133.
 * @module
 */
import { fromBase64url } from '../../../src/bytes/base64.js'
import { utf8, wipe } from '../../../src/bytes/bytes.js'
import { explainFault } from '../../../src/byok/faults.js'
import { formatKid } from '../../../src/byok/kid.js'
import type { TargetKty } from '../../../src/byok/messages.js'
import { parseCrv } from '../../../src/byok/targets.js'
import { checkBlobLength, type TransferFile } from '../../../src/byok/transfer-format.js'
import { readTransferFile } from '../../../src/byok/transfer-file.js'
import { wipeKey } from '../../../src/crypto/key-parts.js'
import type { RsaPrivateKey } from '../../../src/crypto/keys.js'
import { AZURE_MECHANISM } from '../../../src/crypto/rsa-aes-key-wrap.js'
import { differsFromKek, readTarget, type DeclaredTarget, type Target, type TargetFault } from '../../../src/crypto/target.js'
import { accept, type Verdict } from '../../../src/verdict.js'
import { command, usage, type Report } from '../args.js'
import { EXIT, Failure, failureOf } from '../failure.js'
import { checkOutputs, readInput, writeOutputs, type Content } from '../files.js'
import { tell } from '../io.js'
import { jsonText, styled, table } from '../text.js'
import { firstFailedCheck, type FailedCheck } from './explain.js'
import { unreadableFile } from './inspect.js'
import { CRYPTO_OPTION, cryptoNamed, describeKey, identityRow, modulusBits, readPrivateKek, type KeyDescription } from './keys.js'

const OPTIONS = {
  'kek-private': { value: 'FILE', required: true, text: 'The private half of the KEK: PKCS#8 or PKCS#1 as PEM or DER, or a JWK.' },
  kty: {
    value: 'KTY',
    text: 'The type that an import would declare. Raw octets are taken with oct-HSM only.',
    choices: ['RSA-HSM', 'EC-HSM', 'oct-HSM', 'RSA', 'EC', 'oct'],
  },
  crv: { value: 'CRV', text: 'The curve that an import would declare.', choices: ['P-256', 'P-256K', 'SECP256K1', 'P-384', 'P-521'] },
  strict: { text: 'Tolerates nothing in the encoding of the file, and no zero bytes behind the key.' },
  raw: { text: 'FILE is the bare transfer blob, not a transfer file.' },
  explain: { text: 'Names the check that failed. Only for your own keys: told to a stranger it helps to open other blobs.' },
  out: { value: 'FILE', text: 'Writes the key in clear: the unwrapped octets less trailing zero bytes.' },
  'public-out': { value: 'FILE', text: 'Where the public part goes, as a JWK; {} for a symmetric key, which has none.' },
  crypto: CRYPTO_OPTION,
  force: { text: 'Replaces output files that exist.' },
} as const

/** See the module text. */
export const openCommand = command({
  name: 'open',
  summary: 'opens a transfer file with the private half of a test KEK',
  description: [
    'Does what the HSM behind a vault does with an import, and prints the public part and a check value of the key. Without --kty a PKCS#8 of either type is taken.',
    'A real KEK has no private half outside its HSM, so this is for tests of tools that make transfer files.',
  ],
  operand: { name: 'FILE', text: 'The transfer file (.byok), or with --raw the transfer blob.' },
  options: OPTIONS,
  examples: [
    { text: 'Does this file open, and which key is in it?', command: 'byok open key.byok --kek-private kek-private.pem' },
    { text: 'A symmetric key, strictly:', command: 'byok open aes.byok --kek-private kek-private.pem --kty oct-HSM --strict' },
    { text: 'What is wrong with the blob that this tool makes?', command: 'byok open blob.bin --raw --kek-private kek-private.pem --explain' },
  ],
  async run({ values, operand }, io) {
    const declared = declaredTarget(values.kty, values.crv)
    const { out, force } = values
    const publicOut = values['public-out']
    const outputs = [
      ...(out === undefined ? [] : [{ path: out, option: '--out', secret: true }]),
      ...(publicOut === undefined ? [] : [{ path: publicOut, option: '--public-out', secret: false }]),
    ]
    await checkOutputs(outputs, [operand, values['kek-private']], force)
    const bytes = await readInput(operand, values.raw ? 'the transfer blob' : 'the transfer file')
    const kek = await readPrivateKek(values['kek-private'])
    const crypto = cryptoNamed(values.crypto)
    let plaintext: Uint8Array | null = null
    let target: Target | null = null
    try {
      const { blob, file } = blobOf(bytes, operand, values.raw, values.strict, kek)
      const unwrapped = await crypto.rsaAesUnwrap(kek, blob, AZURE_MECHANISM)
      if (!unwrapped.ok) throw doesNotOpen(operand, values.explain ? await firstFailedCheck(crypto, kek, blob, AZURE_MECHANISM) : null)
      plaintext = unwrapped.value
      const judged = judgeTarget(plaintext, declared, kek, !values.strict)
      if (!judged.ok) throw doesNotOpen(operand, values.explain ? checkOf(judged.fault) : null)
      target = judged.value

      const described = await describeKey(crypto, target.key)
      const octets = plaintext.subarray(0, plaintext.length - target.trailing)
      const contents = outputs.map((output): Content => ({ ...output, bytes: output.secret ? octets : utf8(`${jsonText(described.publicKey)}\n`) }))
      await writeOutputs(contents, force)
      if (out !== undefined) tell(io, [styled('warning', 'warning:'), ` ${out} holds the key in clear`])
      return reportOn({
        path: operand,
        file,
        bits: modulusBits(kek),
        described,
        octets: octets.length,
        trailing: target.trailing,
        out,
        explained: values.explain,
      })
    } finally {
      wipe(plaintext)
      if (target) wipeKey(target.key)
      crypto.forget(kek)
      wipeKey(kek)
    }
  },
})

/** What is told about a key that came out; all of it public. */
interface Opened {
  readonly path: string
  readonly file: TransferFile | null
  readonly bits: number
  readonly described: KeyDescription
  readonly octets: number
  readonly trailing: number
  readonly out: string | undefined
  readonly explained: boolean
}

function reportOn({ path, file, bits, described, octets, trailing, out, explained }: Opened): Report {
  const generator = file?.generator ?? null
  return {
    json: {
      ok: true,
      file: path,
      kek: { kid: file && formatKid(file.kek), bits },
      target: described,
      plaintextBytes: octets,
      trailingZeros: trailing,
      generator,
      out: out ?? null,
    },
    lines: [
      ...table([
        ['opened', path],
        ...(file ? [['KEK', formatKid(file.kek)]] : []),
        ...(generator === null ? [] : [['made by', `${generator} (its own words)`]]),
        ['target', styled('good', described.kind)],
        identityRow(described.identity),
        ['octets', trailing === 0 ? String(octets) : `${octets}, and ${trailing} zero bytes behind them`],
        ...Object.entries(described.publicKey).map(([name, value]) => [name, String(value)]),
      ]),
      ...(explained ? ['All checks from U1 to U10 pass.'] : []),
    ],
  }
}

/** The transfer blob and, unless it came bare, the file around it. What is judged here is public. */
function blobOf(bytes: Uint8Array, path: string, raw: boolean, strict: boolean, kek: RsaPrivateKey): { blob: Uint8Array; file: TransferFile | null } {
  const modulusBytes = kek.n.length
  if (raw) {
    const fault = checkBlobLength(bytes.length, modulusBytes)
    if (fault) throw failureOf(EXIT.refused, path, fault)
    return { blob: bytes, file: null }
  }
  const file = readTransferFile(bytes, { reading: strict ? 'strict' : 'lenient', modulusBytes })
  if (!file.ok) throw unreadableFile(path, file.fault)
  const blob = fromBase64url(file.value.ciphertext)
  if (!blob.ok) throw new Error(`the reader let a ciphertext pass that is not base64url: ${blob.fault.code}`)
  return { blob: blob.value, file: file.value }
}

/** U7 to U10. */
function judgeTarget(plaintext: Uint8Array, declared: DeclaredTarget, kek: RsaPrivateKey, trailingZeros: boolean): Verdict<Target, TargetFault> {
  const target = readTarget(plaintext, declared, { trailingZeros })
  if (!target.ok) return target
  const differs = differsFromKek(target.value.key, kek)
  if (differs.ok) return accept(target.value)
  wipeKey(target.value.key)
  return differs
}

function declaredTarget(kty: string | undefined, crv: string | undefined): DeclaredTarget {
  const type = kty?.replace('-HSM', '') as TargetKty | undefined
  const curve = crv === undefined ? null : parseCrv(crv)
  if (curve === null) return type === undefined ? {} : { kty: type }
  if (type !== undefined && type !== 'EC') throw usage(`--crv is for EC keys, and --kty says ${kty}`)
  return { kty: 'EC', curve }
}

/** One message for every fault that depends on secret bytes; the check only for the owner of the key who asks. */
function doesNotOpen(path: string, check: FailedCheck | null): Failure {
  if (check === null)
    return failureOf(EXIT.refused, path, { code: 'decryption_failed', requirement: 'BYOK-50' }, [
      'A symmetric key needs --kty oct-HSM. --explain names the check that failed.',
    ])
  const { check: at, requirement, text, hint } = check
  return new Failure(EXIT.refused, `${path}: ${at}: ${text} [${requirement}]`, {
    fault: { code: 'decryption_failed', at, requirement },
    hints: hint === undefined ? [] : [hint],
  })
}

/** Which of U7 to U10 a fault of the target belongs to. */
function checkOf(fault: TargetFault): FailedCheck {
  const { requirement, ...rest } = fault
  const check = CHECKS.find(([, requirements]) => requirements.includes(requirement))?.[0] ?? 'U7'
  return { check, requirement: requirement as FailedCheck['requirement'], text: explainFault(rest) }
}

const CHECKS: readonly (readonly [check: FailedCheck['check'], requirements: readonly string[]])[] = [
  ['U8', ['BYOK-58', 'BYOK-74']],
  ['U9', ['BYOK-59', 'BYOK-73']],
  ['U10', ['BYOK-60']],
]
