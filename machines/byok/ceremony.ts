/**
 * All six roles of BYOK in one process: one source HSM, one vault with its HSM, and for every transfer a client, a tool
 * and an officer. For demonstrations and tests; an app that embeds one role brings its own links.
 *
 * Between client or officer and vault, messages travel as REST calls: what the vault hears is what its codec made of
 * method, path and JSON body.
 * @module
 */
import type { Actor } from 'xstate'
import type { ClientToVault, OfficerToVault, TargetKty, VaultAnswer } from '../../src/byok/messages.js'
import type { ByokPolicy } from '../../src/byok/policy.js'
import { readMessage } from '../../src/byok/read-message.js'
import { answerToBadRequest, decodeAnswer, decodeRequest, encodeAnswer, encodeRequest, type HttpRequest } from '../../src/byok/rest.js'
import type { Curve } from '../../src/crypto/keys.js'
import type { Enclave, KeyIdentity, Operation } from '../../src/enclave/commands.js'
import { turnstile, type Message } from '../ports.js'
import { Session, type Envelope, type SessionOptions, type SessionSnapshot } from '../session.js'
import { clientMachine, type ClientInput, type Transferred } from './client.js'
import type { Outcome, RoleName } from './common.js'
import { officerMachine, type Confirmed } from './officer.js'
import { sourceHsmMachine } from './source-hsm.js'
import { toolMachine } from './tool.js'
import { vaultHsmMachine } from './vault-hsm.js'
import { vaultMachine } from './vault.js'
import { EXCHANGES, HEARS } from './vocabulary.js'

/** How the long-lived roles are set up. */
export interface CeremonyOptions extends Pick<SessionOptions, 'ledger' | 'network' | 'onLine' | 'inspect'> {
  readonly policy: ByokPolicy
  /** The vault's normalised origin. */
  readonly vault: string
  /** Whether the vault takes octet keys (BYOK-68). */
  readonly takesOct: boolean
  /** Unix seconds; moves by `app.clock` only. */
  readonly now: number
  readonly sourceEnclave: Enclave
  readonly vaultEnclave: Enclave
  /** Without it the roles hear everything at once, and refuse what is out of turn. */
  readonly serialised?: boolean
  /** Where the long-lived roles go on from, after a restart. */
  readonly snapshots?: SessionSnapshot['roles']
}

/** One transfer. */
export interface TransferRequest {
  readonly kek: ClientInput['kek']
  readonly disposeKek: boolean
  /** For `pinned`: the fingerprint that the officer has from another channel. */
  readonly fingerprint?: string
  readonly target: string
  readonly name: string
  readonly kty: TargetKty
  readonly crv: Curve | null
  readonly operations: readonly Operation[]
  readonly generator: string
}

/** How a transfer ended, role by role; `null` for a role that has not ended. */
export interface TransferReport {
  readonly client: Outcome<Transferred> | null
  readonly tool: Outcome<{ readonly file: string }> | null
  readonly officer: Outcome<Confirmed> | null
}

/** See the module text. */
export class Ceremony {
  readonly session: Session
  readonly #options: CeremonyOptions
  readonly #calls = new Map<string, ClientToVault | OfficerToVault>()

  constructor(options: CeremonyOptions) {
    this.#options = options
    const { ledger, network, onLine, inspect, policy, vault, takesOct, now, serialised = true, snapshots = {} } = options
    this.session = new Session({
      read: readMessage,
      route: (from, _port, message) => this.#route(from, message),
      travel: (envelope) => this.#travel(envelope),
      ...(ledger && { ledger }),
      ...(network && { network }),
      ...(onLine && { onLine }),
      ...(inspect && { inspect }),
    })
    const shared = (role: keyof typeof EXCHANGES) => ({
      ...(serialised && { turnstile: turnstile(EXCHANGES[role]) }),
      ...(snapshots[role] && { snapshot: snapshots[role] }),
    })
    this.session.add('sourceHsm', sourceHsmMachine, {
      input: { kekProof: policy.kekProof },
      hears: HEARS.sourceHsm,
      enclave: { enclave: options.sourceEnclave, conversation: 'sourceHsm' },
      ...shared('sourceHsm'),
    })
    this.session.add('vault', vaultMachine, { input: { vault, importDisabled: policy.importDisabled, takesOct, now }, hears: HEARS.vault, ...shared('vault') })
    this.session.add('vaultHsm', vaultHsmMachine, {
      hears: HEARS.vaultHsm,
      enclave: { enclave: options.vaultEnclave, conversation: 'vaultHsm' },
      ...shared('vaultHsm'),
    })
  }

  /** Starts the three roles of one transfer without carrying any message yet. */
  begin(request: TransferRequest, snapshots: SessionSnapshot['roles'] = {}): void {
    const { policy, vault } = this.#options
    const { kek, disposeKek, target, name, kty, crv, operations } = request
    const from = (role: 'client' | 'tool' | 'officer') => (snapshots[role] ? { snapshot: snapshots[role] } : {})
    this.session.add('officer', officerMachine, {
      input: { kekProof: policy.kekProof, compareImported: policy.compareImported, vault, fingerprint: request.fingerprint ?? null, target, name, operations },
      hears: { wire: HEARS.officer.wire, console: HEARS.officer.console ?? [] },
      ...from('officer'),
    })
    this.session.add('tool', toolMachine, { input: { generator: request.generator }, hears: HEARS.tool, ...from('tool') })
    this.session.add('client', clientMachine, {
      input: { kek, disposeKek, target, name, kty, crv, operations, enabled: !policy.importDisabled, expectOfficer: policy.compareImported },
      hears: HEARS.client,
      ...from('client'),
    })
  }

  /** Runs one transfer until nobody says anything any more. */
  async transfer(request: TransferRequest): Promise<TransferReport> {
    this.begin(request)
    await this.session.run()
    return this.report()
  }

  /** How the three roles of the present transfer stand. */
  report(): TransferReport {
    const output = <T>(role: RoleName) => ((this.session.actor(role) as Actor<never>).getSnapshot() as { output?: T }).output ?? null
    return { client: output('client'), tool: output('tool'), officer: output('officer') }
  }

  #route(from: string, message: Message): string | null {
    if (isCall(message)) this.#calls.set(message.request, message)
    return from === 'vault' && isAnswer(message) ? askerOf(message.request) : (ROUTES[message.type] ?? null)
  }

  /** Calls and answers travel as REST; everything else as it is. */
  #travel({ to, message }: Envelope): { readonly carried: unknown; readonly message: Message; readonly to?: string } {
    if (isCall(message)) {
      const speaker = askerOf(message.request)
      const carried = encoded(message)
      const heard = carried && decodeRequest(carried, { speaker, reading: 'lenient' })
      if (heard?.ok) return { carried, message: heard.value }
      // A call that the vault's codec cannot read never reaches the machine: the codec answers it.
      return { carried, message: answerToBadRequest(heard ? heard.fault : UNSPEAKABLE, message.request), to: speaker }
    }
    const call = isAnswer(message) && to === askerOf(message.request) ? this.#calls.get(message.request) : undefined
    // What has not even the shape of an answer is left to the port to turn away.
    if (!isAnswer(message) || !call || readMessage(message) === null) return { carried: undefined, message }
    const carried = encodeAnswer(message)
    const heard = decodeAnswer(carried, call)
    return { carried, message: heard.ok ? heard.value : unreadable(message.request) }
  }
}

/** Roles name their calls after themselves. */
const askerOf = (request: unknown): 'client' | 'officer' => (typeof request === 'string' && request.startsWith('officer-') ? 'officer' : 'client')

/** A forged message may be none that REST could carry. */
function encoded(message: ClientToVault | OfficerToVault): HttpRequest | undefined {
  try {
    return encodeRequest(message)
  } catch {
    return undefined
  }
}

const UNSPEAKABLE = { code: 'call_unknown', requirement: 'BYOK-173' }

const unreadable = (request: string): VaultAnswer => ({
  type: 'vault.error',
  request,
  status: 502,
  code: 'BadAnswer',
  message: 'The answer of the vault could not be read.',
})

const CALLS: ReadonlySet<string> = new Set([
  'client.createKek',
  'client.getKey',
  'client.importKey',
  'client.deleteKek',
  'officer.getKey',
  'officer.setEnabled',
])
const ANSWERS: ReadonlySet<string> = new Set(['vault.key', 'vault.deleted', 'vault.error'])

const isCall = (message: Message): message is ClientToVault | OfficerToVault => CALLS.has((message as Message | null)?.type ?? '')
const isAnswer = (message: Message): message is VaultAnswer => ANSWERS.has((message as Message | null)?.type ?? '')

const ROUTES: Readonly<Record<string, RoleName>> = {
  'client.createKek': 'vault',
  'client.getKey': 'vault',
  'client.importKey': 'vault',
  'client.deleteKek': 'vault',
  'client.kek': 'tool',
  'client.imported': 'officer',
  'client.gaveUp': 'officer',
  'tool.wrap': 'sourceHsm',
  'tool.file': 'client',
  'tool.refused': 'client',
  'sourceHsm.wrapped': 'tool',
  'sourceHsm.refused': 'tool',
  'sourceHsm.kekOffered': 'officer',
  'sourceHsm.noted': 'officer',
  'sourceHsm.compared': 'officer',
  'sourceHsm.stopped': 'officer',
  'officer.acceptKek': 'sourceHsm',
  'officer.rejectKek': 'sourceHsm',
  'officer.compare': 'sourceHsm',
  'officer.getKey': 'vault',
  'officer.setEnabled': 'vault',
  'officer.confirmed': 'client',
  'officer.refused': 'client',
  'vault.makeKek': 'vaultHsm',
  'vault.import': 'vaultHsm',
  'vault.destroy': 'vaultHsm',
  'vaultHsm.kekMade': 'vault',
  'vaultHsm.imported': 'vault',
  'vaultHsm.destroyed': 'vault',
  'vaultHsm.refused': 'vault',
}

/** What was told about a key; for callers of the reports. */
export type { KeyIdentity }
