/**
 * What `keyferry ski run` leaves in a folder: for each key pair its certificate and its archived form, and for all of them
 * the CA's certificate, the recovery agent's certificate and test key, and a transcript.
 * @module
 */
import { join } from 'node:path'
import { fromBase64url } from '../../../src/bytes/base64.js'
import { concat, utf8, wipe } from '../../../src/bytes/bytes.js'
import { writePem } from '../../../src/crypto/pem.js'
import { encodePkcs8 } from '../../../src/crypto/pkcs8.js'
import { formatStatus } from '../../../src/ski/constants/index.js'
import type { Content, Output } from '../files.js'
import type { RunPlan, SkiCampaign } from './campaign.js'
import { bytesOf, type Row } from './transcript.js'

/** What the recovery agent's private key is called, so that nobody takes it for one that protects anything. */
const TEST_KEY = 'recovery-agent.TEST-KEY.pem'

/** The files that a campaign may leave, before it has begun. */
export function outputsOf(folder: string, plans: readonly RunPlan[]): readonly Output[] {
  const documents = plans.flatMap(({ label, secret }) => (secret === 'pin' ? [] : [certificateName(label), archiveName(label)]))
  return [...documents, 'ca.pem', 'recovery-agent.pem', TEST_KEY, 'transcript.json'].map((name) => outputOf(folder, name))
}

/** The files of a campaign. The ledger is shown each of them but the test key. */
export function contentsOf(folder: string, { runs, conversation, world, ledger }: SkiCampaign, head: object): readonly Content[] {
  const contents: Content[] = []
  const add = (name: string, bytes: Uint8Array) => contents.push({ ...outputOf(folder, name), bytes })
  for (const { plan, report, record } of runs) {
    if (report.server?.ok === true && report.server.certificate !== null) add(certificateName(plan.label), pem('CERTIFICATE', report.server.certificate))
    if (record !== null) add(archiveName(plan.label), pem('CMS', record.envelope))
  }
  add('ca.pem', utf8(writePem('CERTIFICATE', world.caCertificate)))
  add('recovery-agent.pem', utf8(writePem('CERTIFICATE', world.agent.certificate)))
  const transcript = {
    ...head,
    runs: runs.map(({ plan: { way, secret, padding }, rows, ok, without }) => ({ way, secret, padding, ok, without, steps: stepsJson(rows) })),
    conversation: conversation.map((line) => ({ ...line, bytes: bytesOf(line) })),
  }
  add('transcript.json', utf8(`${JSON.stringify(transcript, null, 2)}\n`))
  for (const { path, bytes } of contents) ledger.show('file', path, [bytes, new TextDecoder().decode(bytes)])

  // A key that is made to be published may become a string.
  const key = encodePkcs8(world.agent.key)
  contents.push({ ...outputOf(folder, TEST_KEY), bytes: concat(utf8(TEST_KEY_NOTE), utf8(writePem('PRIVATE KEY', key))) })
  wipe(key)
  return contents
}

/** Rows for a program. */
export const stepsJson = (rows: readonly Row[]): readonly object[] =>
  rows.map(({ step, from, to, what, status, sw, bytes, holders: { s1, k2, pin, archived }, holderPin }) => ({
    step,
    from,
    to,
    what,
    status,
    statusText: status === null ? null : formatStatus(status),
    sw,
    bytes,
    holders: { S1: s1, K2: k2, archived, PIN: pin, holderPIN: holderPin },
  }))

const certificateName = (label: string) => `${label}.certificate.pem`
const archiveName = (label: string) => `${label}.archive.pem`
const TEST_KEY_NOTE = 'TEST KEY of a demonstration: it opens the archived keys beside it, and protects nothing.\n'

const outputOf = (folder: string, name: string): Output => ({ path: join(folder, name), option: '--out', ...(name === TEST_KEY && { secret: true }) })

/** A document as PEM. It was made in this process, so it is base64url. */
function pem(label: string, document: string): Uint8Array {
  const der = fromBase64url(document)
  if (!der.ok) throw new TypeError(`a ${label} in base64url is wanted`)
  return utf8(writePem(label, der.value))
}
