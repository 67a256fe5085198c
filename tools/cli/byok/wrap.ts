/**
 * `keyferry byok wrap`: makes a transfer file of a key that is in a file, or is generated here, for a KEK that somebody vouches for.
 *
 * The key is in this process's memory in clear, which is the opposite of what BYOK is for. So the command is for tests, and for keys that
 * are in software anyway, and it says so in its output and in the file (BYOK-47). Nothing is wrapped for a KEK that is not confirmed from
 * another channel, unless asked for by name (BYOK-48); its fingerprint is never shown for copying.
 *
 * Requirements: BYOK-8, BYOK-9, BYOK-33 to BYOK-38, BYOK-45, BYOK-47, BYOK-48, BYOK-60, BYOK-68, BYOK-87, BYOK-98.
 * @module
 */
import { toBase64url } from '../../../src/bytes/base64.js'
import { equalBytes, utf8, wipe } from '../../../src/bytes/bytes.js'
import { fromHex } from '../../../src/bytes/hex.js'
import { checkGenerator } from '../../../src/byok/display.js'
import { byokFault } from '../../../src/byok/faults.js'
import { adviseOnKekSize } from '../../../src/byok/kek.js'
import { formatKid, parseKid } from '../../../src/byok/kid.js'
import type { TargetKty } from '../../../src/byok/messages.js'
import { checkDestination } from '../../../src/byok/targets.js'
import { writeTransferFile } from '../../../src/byok/transfer-file.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { spkiFingerprint } from '../../../src/crypto/fingerprint.js'
import { wipeKey } from '../../../src/crypto/key-parts.js'
import type { RsaPublicKey, TargetKey } from '../../../src/crypto/keys.js'
import { AZURE_MECHANISM, EPHEMERAL_BYTES } from '../../../src/crypto/rsa-aes-key-wrap.js'
import { differsFromKek, writeTarget } from '../../../src/crypto/target.js'
import type { KeyKind, Kid } from '../../../src/enclave/commands.js'
import { KEY_KINDS, KINDS } from '../../../src/enclave/kinds.js'
import { command, usage, type Report } from '../args.js'
import { EXIT, failureOf } from '../failure.js'
import { checkOutputs, writeOutputs, type Content } from '../files.js'
import { progress, type Io } from '../io.js'
import { jsonText, styled, table } from '../text.js'
import { VERSION } from '../version.js'
import { CRYPTO_OPTION, cryptoNamed, describeKey, identityRow, readKek, readTargetKey, type KekFile, type KeyDescription } from './keys.js'

const OPTIONS = {
  kek: { value: 'FILE', required: true, text: 'The public KEK: PEM, DER or JWK.' },
  kid: { value: 'URL', required: true, text: 'Its key identifier with version: https://VAULT/keys/NAME/VERSION.' },
  target: { value: 'FILE', text: 'The key to wrap: PKCS#8, PKCS#1 or SEC1 as PEM or DER, a JWK, or raw octets with --kty oct.' },
  generate: { value: 'KIND', text: 'Makes the key to wrap; afterwards it is in the transfer file only.', choices: KEY_KINDS },
  kty: { value: 'KTY', text: 'What the target file holds. Raw octets need it.', choices: ['RSA', 'EC', 'oct'] },
  out: { value: 'FILE', required: true, text: 'Where the transfer file goes.' },
  'public-out': { value: 'FILE', text: 'Where the public part of the target goes, as a JWK; {} for a symmetric key, which has none.' },
  'confirm-fingerprint': { value: 'HEX', text: 'The SHA-256 fingerprint of the KEK from another channel: 64 hex digits, any case, colons or not.' },
  'unconfirmed-kek': { text: 'Wraps without a confirmed fingerprint. Whoever could change the KEK file can then read the key.' },
  generator: { value: 'TEXT', text: 'What made the file, in your words. That the key is software-sourced is added.' },
  crypto: CRYPTO_OPTION,
  force: { text: 'Replaces output files that exist.' },
} as const

/** See the module text. */
export const wrapCommand = command({
  name: 'wrap',
  summary: 'makes a transfer file (.byok) of a key for a KEK',
  description: [
    'The key is read from a file or made here, in software, and the transfer file says so. A key that matters is wrapped by the HSM that made it.',
    'The KEK has to be confirmed: give the fingerprint that the vault\'s side read to you over another channel, or type it when asked. It is the SHA-256 of the SubjectPublicKeyInfo: "openssl pkey -pubin -in kek.pem -outform DER | openssl dgst -sha256".',
  ],
  options: OPTIONS,
  examples: [
    {
      text: 'A key from a file, for a KEK whose fingerprint somebody read to you over the telephone:',
      command: `byok wrap --kek kek.pem --kid https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef --target key.pem --out key.byok --confirm-fingerprint ${'89ab'.repeat(16)}`,
    },
    {
      text: 'A new key for a test vault:',
      command:
        'byok wrap --kek kek.pem --kid https://contoso.vault.azure.net/keys/kek/0123456789abcdef0123456789abcdef --generate ec-P-256 --out key.byok --public-out key.jwk --unconfirmed-kek',
    },
    {
      text: 'Raw octets, for a Managed HSM:',
      command:
        'byok wrap --kek kek.pem --kid https://contoso.managedhsm.azure.net/keys/kek/0123456789abcdef0123456789abcdef --target aes.bin --kty oct --out aes.byok',
    },
  ],
  async run({ values }, io) {
    const { target, generate, kty, out, force } = values
    if ((target === undefined) === (generate === undefined)) throw usage('one of --target FILE and --generate KIND is wanted')
    if (generate !== undefined && kty !== undefined) throw usage('--kty says what a --target file holds; --generate says it itself')
    const kid = kidOption(values.kid)
    const wanted = fingerprintOption(values['confirm-fingerprint'], values['unconfirmed-kek'])
    const generator = generatorOption(values.generator)
    const publicOut = values['public-out']
    const outputs = [{ path: out, option: '--out' }, ...(publicOut === undefined ? [] : [{ path: publicOut, option: '--public-out' }])]
    await checkOutputs(outputs, target === undefined ? [values.kek] : [values.kek, target], force)
    const declared = generate === undefined ? kty : KINDS[generate].kty
    if (declared !== undefined) requireDestination(declared, kid)

    const kek = await readKek(values.kek, kid)
    await confirmKek(kek.key, wanted, io)

    const crypto = cryptoNamed(values.crypto)
    const key = generate === undefined ? await readTargetKey(target!, kty) : await generateKey(crypto, generate, io)
    try {
      requireDestination(key.type, kid)
      const differs = differsFromKek(key, kek.key)
      if (!differs.ok) throw failureOf(EXIT.refused, 'the target key', differs.fault)

      const described = await describeKey(crypto, key)
      const ciphertext = await wrapKey(crypto, kek.key, key)
      const file = writeTransferFile({ kek: kid, ciphertext: toBase64url(ciphertext), generator })
      if (!file.ok) throw new Error(`a transfer file of ours cannot be written: ${file.fault.code}`)
      const contents: Content[] = [{ ...outputs[0]!, bytes: file.value }]
      if (outputs[1]) contents.push({ ...outputs[1], bytes: utf8(`${jsonText(described.publicKey)}\n`) })
      await writeOutputs(contents, force)

      return reportOn({
        out,
        fileBytes: file.value.length,
        kid,
        kek,
        confirmed: wanted !== 'unconfirmed',
        described,
        target,
        blob: ciphertext.length,
        generator,
      })
    } finally {
      wipeKey(key)
      if (key.type !== 'oct') crypto.forget(key)
    }
  },
})

/** What is told about a file that was written; all of it public. */
interface Wrapped {
  readonly out: string
  readonly fileBytes: number
  readonly kid: Kid
  readonly kek: KekFile
  readonly confirmed: boolean
  readonly described: KeyDescription
  /** The file that the key came from, if it was not made here. */
  readonly target: string | undefined
  readonly blob: number
  readonly generator: string
}

function reportOn({ out, fileBytes, kid, kek, confirmed, described, target, blob, generator }: Wrapped): Report {
  const advice = adviseOnKekSize(kek.bits)
  const [first, second] = [kek.key.n.length, blob - kek.key.n.length]
  return {
    json: {
      ok: true,
      file: out,
      bytes: fileBytes,
      kek: { kid: formatKid(kid), bits: kek.bits, confirmed, ...(confirmed ? { fingerprint: spkiFingerprint(kek.key) } : {}) },
      target: { ...described, source: 'software', origin: target === undefined ? 'generated' : 'file' },
      ciphertextBytes: blob,
      generator,
      advice,
    },
    lines: [
      ...table([
        ['wrote', `${out}, ${fileBytes} bytes`],
        ['KEK', [`RSA ${kek.bits}, `, confirmed ? styled('good', 'fingerprint confirmed') : styled('warning', 'not confirmed')]],
        ['', formatKid(kid)],
        ['target', [`${described.kind}, `, styled('warning', `software-sourced key, ${target === undefined ? 'made here' : `from ${target}`}`)]],
        identityRow(described.identity),
        ['blob', `${blob} bytes: ${first} for the ephemeral key, ${second} for the target`],
        ['generator', generator],
      ]),
      ...advice.map((sentence) => `note: ${sentence}`),
    ],
  }
}

/** Under a fresh ephemeral key, which nobody sees. */
async function wrapKey(crypto: Crypto, kek: RsaPublicKey, key: TargetKey): Promise<Uint8Array> {
  const payload = writeTarget(key)
  const ephemeral = crypto.random(EPHEMERAL_BYTES)
  try {
    return await crypto.rsaAesWrap(kek, ephemeral, payload, AZURE_MECHANISM)
  } finally {
    wipe(payload, ephemeral)
  }
}

async function generateKey(crypto: Crypto, kind: KeyKind, io: Io): Promise<TargetKey> {
  progress(io, styled('quiet', `making a key, ${kind} …`))
  const { kty, bits, curve } = KINDS[kind]
  if (kty === 'RSA') return crypto.generateRsa(bits)
  return curve === null ? { type: 'oct', k: crypto.random(bits / 8) } : crypto.generateEc(curve)
}

function kidOption(text: string): Kid {
  const kid = parseKid(text)
  if (kid.ok) return kid.value
  throw failureOf(EXIT.usage, '--kid', kid.fault)
}

/** BYOK-68: judged before a key is touched, and again when its type is known for certain. */
function requireDestination(kty: TargetKty, kid: Kid): void {
  const taken = checkDestination(kty, kid)
  if (!taken.ok) throw failureOf(EXIT.refused, 'the target key', taken.fault)
}

function generatorOption(text: string | undefined): string {
  const made = `keyferry ${VERSION}; software-sourced key`
  const generator = text === undefined ? made : `${text}; ${made}`
  const checked = checkGenerator(generator)
  if (checked.ok) return generator
  throw failureOf(EXIT.usage, '--generator', checked.fault)
}

/** What confirms the KEK: a fingerprint, a person who will be asked, or nothing, by name. */
type Confirmation = Uint8Array | 'ask' | 'unconfirmed'

function fingerprintOption(text: string | undefined, unconfirmed: boolean): Confirmation {
  if (text === undefined) return unconfirmed ? 'unconfirmed' : 'ask'
  if (unconfirmed) throw usage('--confirm-fingerprint and --unconfirmed-kek exclude each other')
  const fingerprint = parseFingerprint(text)
  if (!fingerprint)
    throw usage('--confirm-fingerprint takes 64 hex digits, the whole SHA-256', 'A shortened fingerprint can be met by a key that somebody searches for.')
  return fingerprint
}

async function confirmKek(kek: RsaPublicKey, wanted: Confirmation, io: Io): Promise<void> {
  if (wanted === 'unconfirmed') return
  const fingerprint = wanted === 'ask' ? await askForFingerprint(io) : wanted
  // The right one is not in the message: confirmed would then mean copied.
  if (!equalBytes(fingerprint, fromHex(spkiFingerprint(kek))!))
    throw failureOf(EXIT.refused, 'the KEK', byokFault('kek_fingerprint_differs'), [
      'This is not the key whose fingerprint was given. Do not use the file before you know why.',
    ])
}

async function askForFingerprint(io: Io): Promise<Uint8Array> {
  const typed = await io.ask('Fingerprint of the KEK (SHA-256), as the side of the vault reads it to you over another channel: ')
  const fingerprint = typed === null ? null : parseFingerprint(typed)
  if (fingerprint) return fingerprint
  const details = typed === null || typed.trim() === '' ? {} : { found: 'something that is not 64 hex digits' }
  throw failureOf(EXIT.refused, 'nothing is wrapped', byokFault('kek_unconfirmed', details), WHERE_TO_GET_IT)
}

/** 64 hex digits, whatever stands between them (BYOK-45). */
function parseFingerprint(text: string): Uint8Array | null {
  const bytes = fromHex(text.replace(/[\s:]/g, ''))
  return bytes?.length === 32 ? bytes : null
}

const WHERE_TO_GET_IT = [
  'Whoever could change the KEK file could read the key.',
  'Where the KEK was downloaded from the vault, somebody computes its fingerprint and reads it to you, not in a file that came with the KEK:',
  '  openssl pkey -pubin -in kek.pem -outform DER | openssl dgst -sha256',
  'Then add --confirm-fingerprint HEX. For a test, --unconfirmed-kek goes without.',
]
