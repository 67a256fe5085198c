/**
 * `keyferry byok run`: watch real keys of every kind travel from a source HSM through a workstation into a vault.
 *
 * Requirements: BYOK-1, BYOK-7, BYOK-14, BYOK-155, BYOK-161.
 * @module
 */
import { join } from 'node:path'
import { fromBase64url } from '../../../src/bytes/base64.js'
import { utf8 } from '../../../src/bytes/bytes.js'
import { formatKid } from '../../../src/byok/kid.js'
import { PROFILES } from '../../../src/byok/policy.js'
import { KEK_BITS } from '../../../src/byok/kek.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import { spkiFingerprint } from '../../../src/crypto/fingerprint.js'
import { writePem } from '../../../src/crypto/pem.js'
import { pure } from '../../../src/crypto/pure.js'
import { encodeSpki } from '../../../src/crypto/spki.js'
import { KEY_KINDS } from '../../../src/enclave/kinds.js'
import { nodeCrypto } from '../../node/crypto.js'
import { command, usage } from '../args.js'
import { EXIT } from '../failure.js'
import { prepareFolder, writeOutputs, type Content } from '../files.js'
import { progress } from '../io.js'
import { seededRandom } from '../seed.js'
import { jsonText, styled, table, type Text } from '../text.js'
import { VERSION } from '../version.js'
import { labelOf, leakText, runCampaign, type CampaignResult } from './campaign.js'
import { bytesOf, conversationLines, conversationMermaid } from './conversation.js'

const SIZES = ['2048', '3072', '4096'] as const

/** See the module text. */
export const runCommand = command({
  name: 'run',
  summary: 'carries keys of every kind from a source HSM into a vault, through all six machines',
  description: [
    'Three sizes of key exchange key, ten kinds of target: thirty transfers on real bytes, between software enclaves in this process. One conversation is shown step by step, and all files are left in a folder.',
    'A ledger is told every secret and searches each message, snapshot and inspection event for it. The keys are test keys; the vault is not a real one.',
  ],
  options: {
    'kek-bits': { value: 'BITS', choices: SIZES, text: 'Only KEKs of this size.' },
    target: { value: 'KIND', choices: KEY_KINDS, text: 'Only targets of this kind.' },
    profile: { value: 'NAME', choices: ['hardened', 'published'], text: 'Which checks are made; hardened unless given.' },
    crypto: { value: 'PROVIDER', choices: ['platform', 'pure'], text: 'Which cryptography does the work; platform unless given.' },
    seed: { value: 'TEXT', text: 'Makes every byte the same each time, on the pure crypto. For tests: such keys are no secret.' },
    out: { value: 'FOLDER', text: 'Where the files go; out unless given.' },
  },
  examples: [
    { text: 'All thirty:', command: 'byok run' },
    { text: 'One of them, the same bytes each time:', command: 'byok run --kek-bits 2048 --target ec-P-256 --seed demo --out demo' },
    { text: 'As the document says and no more:', command: 'byok run --profile published --kek-bits 2048' },
  ],
  async run({ values }, io) {
    if (values.seed !== undefined && values.crypto === 'platform') throw usage('--seed needs --crypto pure: the platform draws its own random bytes')
    const profile = values.profile ?? 'hardened'
    const provider = values.crypto ?? (values.seed === undefined ? 'platform' : 'pure')
    const folder = values.out ?? 'out'
    // Before the work, so that a folder that cannot be written costs nobody thirty transfers.
    await prepareFolder(folder)
    const result = await runCampaign({
      crypto: cryptoOf(provider, values.seed),
      policy: PROFILES[profile],
      kekBits: values['kek-bits'] === undefined ? KEK_BITS : [Number(values['kek-bits'])],
      kinds: values.target === undefined ? KEY_KINDS : [values.target],
      generator: `keyferry ${VERSION}; software enclave`,
      onProgress: (done, all, what) => progress(io, styled('quiet', `[${done}/${all}] ${what}`)),
    })
    const { voyages, ledger } = result
    await writeFiles(folder, result)
    const leaks = ledger.leaks()
    const imported = voyages.filter((voyage) => voyage.imported).length
    const summary = ledger.summary(leaks)
    ledger.wipe()
    const failed = voyages.filter((voyage) => !voyage.imported)
    return {
      exit: imported === voyages.length && leaks.length === 0 ? EXIT.ok : EXIT.refused,
      json: {
        ok: failed.length === 0 && leaks.length === 0,
        profile,
        crypto: provider,
        ...(values.seed === undefined ? {} : { seed: values.seed }),
        imported,
        transfers: voyages.map(({ kekBits, kind, report, target }) => ({
          kekBits,
          kind,
          identity: target?.identity ?? null,
          client: report.client,
          officer: report.officer,
        })),
        keks: result.keks.map(({ bits, kid, disposed }) => ({ bits, kid: formatKid(kid), disposed })),
        ledger: {
          summary,
          secrets: ledger.secrets,
          leaks,
          messages: ledger.count('message'),
          snapshots: ledger.count('snapshot'),
          inspectionEvents: ledger.count('inspection event'),
        },
        out: folder,
      },
      lines: [
        styled(
          'heading',
          `One conversation: ${voyages[0]?.kind ?? ''} under a KEK of ${voyages[0]?.kekBits ?? ''} bits, profile ${profile}, ${provider} crypto`,
        ),
        '',
        ...conversationLines(result.conversation),
        '',
        styled('heading', 'All transfers'),
        '',
        ...summaryTable(result),
        '',
        ...failed.map(({ kekBits, kind, report }) => styled('bad', `${kind} under a KEK of ${kekBits} bits: ${faultOf(report)}`)),
        ...leaks.map((leak) => styled('bad', `seen outside an enclave: ${leakText(leak)}`)),
        styled(failed.length === 0 ? 'good' : 'bad', `${imported} of ${voyages.length} imported`),
        styled(leaks.length === 0 ? 'good' : 'bad', summary),
        `files in ${folder}/: key exchange keys (.pem), transfer files (.byok), public keys (.jwk.json), conversation.json, conversation.mmd`,
      ],
    }
  },
})

const faultOf = ({ client, officer }: CampaignResult['voyages'][number]['report']): string =>
  [client, officer].flatMap((outcome) => (outcome?.ok === false ? [outcome.fault.code] : [])).join(', ') || 'did not end'

function cryptoOf(provider: 'platform' | 'pure', seed: string | undefined): Crypto {
  if (provider === 'platform') return nodeCrypto()
  const platform = nodeCrypto()
  return pure(seed === undefined ? (length) => platform.random(length) : seededRandom(seed))
}

function summaryTable({ voyages }: CampaignResult): Text[] {
  const heading = ['KEK', 'target', 'file', 'imported', 'compared', 'public key or check value'].map((title) => styled('quiet', title))
  return table([
    heading,
    ...voyages.map(({ kekBits, kind, file, imported, report, target }) => [
      String(kekBits),
      kind,
      file === null ? '-' : `${Math.floor((file.length * 3) / 4)} bytes`,
      imported ? styled('good', 'yes') : styled('bad', 'no'),
      report.officer?.ok === true && report.officer.compared ? 'yes' : 'no',
      target === null ? '-' : shortened(target.identity),
    ]),
  ])
}

const shortened = (identity: string) => identity.replace(/:([0-9a-f]{32})[0-9a-f]+$/, ':$1…')

async function writeFiles(folder: string, { keks, voyages, conversation, ledger }: CampaignResult): Promise<void> {
  const contents: Content[] = []
  const add = (name: string, bytes: Uint8Array) => contents.push({ path: join(folder, name), option: '--out', bytes })
  for (const { bits, n, e, kid } of keks) {
    const [modulus, exponent] = [fromBase64url(n), fromBase64url(e)]
    if (!modulus.ok || !exponent.ok) continue
    const key = { type: 'RSA', n: modulus.value, e: exponent.value } as const
    add(`kek-${bits}.pem`, utf8(writePem('PUBLIC KEY', encodeSpki(key))))
    add(`kek-${bits}.json`, utf8(`${jsonText({ kid: formatKid(kid), bits, spkiSha256: spkiFingerprint(key) })}\n`))
  }
  for (const { kekBits, kind, file, target } of voyages) {
    const bytes = file === null ? null : fromBase64url(file)
    if (bytes?.ok === true) add(`${labelOf(kind, kekBits)}.byok`, bytes.value)
    if (target) add(`${labelOf(kind, kekBits)}.jwk.json`, utf8(`${jsonText(target.key.kty === 'oct' ? {} : target.key)}\n`))
  }
  const lines = conversation.map((line) => ({ ...line, bytes: bytesOf(line) }))
  add('conversation.json', utf8(`${JSON.stringify(lines, null, 2)}\n`))
  add('conversation.mmd', utf8(conversationMermaid(conversation)))
  for (const { path, bytes } of contents) ledger.show('file', path, [bytes, new TextDecoder().decode(bytes)])
  await writeOutputs(contents, true)
}
