/**
 * Thirty real transfers through all six machines: three KEK sizes, ten kinds of target, one KEK per size, disposed of after
 * its last transfer. The source HSM and the vault HSM are software enclaves on the chosen crypto.
 *
 * A ledger is told every secret by the enclaves' witness and searches everything public for them. That is what makes this a
 * demonstration; an app has neither.
 * @module
 */
import { Ceremony, type TransferReport } from '../../../machines/byok/ceremony.js'
import { Ledger, type Leak } from '../../../machines/ledger.js'
import type { Line } from '../../../machines/session.js'
import type { ByokPolicy } from '../../../src/byok/policy.js'
import { TARGET_KINDS, type TargetKind } from '../../../src/byok/targets.js'
import type { Crypto } from '../../../src/crypto/crypto.js'
import type { KeyFacts, KeyKind, Kid } from '../../../src/enclave/commands.js'
import { softwareEnclave, type SoftwareEnclave } from '../../../src/enclave/software.js'

/** The vault of the demonstration: a Managed HSM, because only that takes octet keys (BYOK-68). */
export const DEMONSTRATION_VAULT = 'https://keyferry-demo.managedhsm.azure.net'

/** What a campaign does. */
export interface CampaignPlan {
  readonly crypto: Crypto
  readonly policy: ByokPolicy
  readonly kekBits: readonly number[]
  readonly kinds: readonly KeyKind[]
  readonly generator: string
  /** Told before each transfer. */
  readonly onProgress: (done: number, all: number, what: string) => void
}

/** One transfer and how it ended. */
export interface Voyage {
  readonly kekBits: number
  readonly kind: KeyKind
  readonly report: TransferReport
  /** The `.byok` file, base64url. */
  readonly file: string | null
  readonly target: KeyFacts | null
  readonly imported: boolean
}

/** What came of it. */
export interface CampaignResult {
  readonly voyages: readonly Voyage[]
  readonly keks: readonly { readonly bits: number; readonly kid: Kid; readonly n: string; readonly e: string; readonly disposed: boolean }[]
  /** Every line of the first transfer. */
  readonly conversation: readonly Line[]
  readonly ledger: Ledger
}

/** Runs a campaign. */
export async function runCampaign(plan: CampaignPlan): Promise<CampaignResult> {
  const { crypto, policy } = plan
  const ledger = new Ledger()
  const signingKey = await crypto.generateEc('P-256')
  const { type, curve, x, y } = signingKey
  const shared = { crypto, policy, witness: ledger.witness }
  const source = softwareEnclave({ ...shared, name: 'source HSM', anchors: [{ type, curve, x, y }] })
  const vault = softwareEnclave({ ...shared, name: 'vault HSM', identity: { vault: DEMONSTRATION_VAULT, signingKey } })
  const keks = new Map<number, { bits: number; kid: Kid; n: string; e: string; disposed: boolean }>()
  let bitsNow = 0
  const ceremony = new Ceremony({
    policy,
    vault: DEMONSTRATION_VAULT,
    takesOct: true,
    now: 0,
    sourceEnclave: source,
    vaultEnclave: vault,
    ledger,
    onLine: ({ message }) => {
      if (message.type !== 'client.kek') return
      const { kid, n, e } = message as unknown as { kid: Kid; n: string; e: string }
      if (!keks.has(bitsNow)) keks.set(bitsNow, { bits: bitsNow, kid, n, e, disposed: false })
    },
  })
  const kinds = TARGET_KINDS.filter(({ kind }) => plan.kinds.includes(kind))
  const voyages: Voyage[] = []
  let conversation: readonly Line[] = []
  try {
    for (const bits of plan.kekBits) {
      bitsNow = bits
      // The platform makes RSA keys beside the event loop: while one target travels, the next ones are being made.
      const targets = kinds.map((kind) => makeTarget(source, kind, bits))
      // A failure is met where its target is awaited; until then it must not look forgotten.
      for (const target of targets) target.catch(() => {})
      for (const [index, kind] of kinds.entries()) {
        plan.onProgress(voyages.length, plan.kekBits.length * kinds.length, `${kind.kind} under a KEK of ${bits} bits`)
        await targets[index]
        const report = await ceremony.transfer({
          kek: keks.get(bits)?.kid ?? { name: `kek-${bits}`, bits, expires: null },
          disposeKek: index === kinds.length - 1,
          target: labelOf(kind.kind, bits),
          name: labelOf(kind.kind, bits),
          kty: kind.kty,
          crv: kind.curve,
          operations: operationsOf(kind),
          generator: plan.generator,
        })
        if (conversation.length === 0) conversation = ceremony.session.lines.slice()
        const kek = keks.get(bits)
        if (kek && report.client?.ok === true && report.client.kekDisposed) kek.disposed = true
        voyages.push(voyageOf(report, kind.kind, bits))
      }
    }
    plan.onProgress(voyages.length, voyages.length, 'searching everything public for every secret')
    return { voyages, keks: [...keks.values()], conversation, ledger }
  } finally {
    ceremony.session.stop()
    source.dispose()
    vault.dispose()
  }
}

/** How a key is called at both ends. */
export const labelOf = (kind: KeyKind, kekBits: number): string => `${kind}-under-kek-${kekBits}`

/** Leaks, as a person is told of them. */
export const leakText = ({ secret, form, where }: Leak): string => `${secret}, ${form}, in ${where}`

/** No key of a store may both wrap and decrypt (BYOK-28), so a target made at the source gets the one half of its type's operations. */
const operationsOf = ({ operations }: TargetKind) => operations.filter((operation) => operation !== 'wrapKey' && operation !== 'unwrapKey')

async function makeTarget(source: SoftwareEnclave, target: TargetKind, bits: number): Promise<void> {
  const { kind } = target
  const conversation = `set-up ${labelOf(kind, bits)}`
  const made = await source.perform(conversation, {
    type: 'generateKey',
    label: labelOf(kind, bits),
    kind,
    operations: operationsOf(target),
    extractable: true,
  })
  if (made?.type !== 'enclave.keyMade')
    throw new Error(`the source enclave made no target key: ${made?.type === 'enclave.refused' ? made.fault.code : 'no answer'}`)
  await source.perform(conversation, { type: 'keep', key: made.key })
  await source.perform(conversation, { type: 'close' })
}

function voyageOf(report: TransferReport, kind: KeyKind, kekBits: number): Voyage {
  const { client, tool, officer } = report
  return {
    kekBits,
    kind,
    report,
    file: tool?.ok === true ? tool.file : null,
    target: officer?.ok === true ? officer.noted : null,
    imported: client?.ok === true && officer?.ok === true,
  }
}
