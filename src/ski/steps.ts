/**
 * Which step of the page's 31 a message is. One table, and a reader that follows a run: a return is known by the call that
 * it answers, and what lies between a call and its return by that call.
 *
 * What the page leaves out (evidence, receipts, archive, certificate, destroying handles and contexts) has no number.
 *
 * Spec: spec/ski.md, SKI-151 to SKI-181.
 * @module
 */
import type { Way } from './policy.js'

/** Who takes part in a step: the columns of the page's figure. */
export type SkiParty = 'client' | 'minidriver' | 'card' | 'server' | 'serverMinidriver'

/** One step. */
export interface SkiStep {
  /** 1 to 31. */
  readonly step: number
  readonly from: SkiParty
  readonly to: SkiParty
  /** The messages that are this step, by the words of {@link skiSteps}. */
  readonly says: readonly string[]
  /** Calls that lie in this step with all that comes of them, their return included. */
  readonly calls: readonly string[]
  /** The ways that have the step. */
  readonly ways: readonly Way[]
}

const ALL: readonly Way[] = ['session', 'agreement', 'shared', 'derived']
const WITH_K1: readonly Way[] = ['session', 'agreement']
const PROPERTIES = ['Algorithms', 'Padding Schemes', 'Chaining Modes'].map((name) => `CardGetProperty(${name})`)
const SET = ['CardSetKeyProperty(ChainingMode)', 'CardSetKeyProperty(IV)']
const TAKES = ['CardImportSessionKey', 'CardConstructDHAgreement', 'CardDeriveKey', 'CardGetSharedKeyHandle']
const TAKEN = ['importSessionKey', 'agree', 'deriveKey', 'shareKey'].map((name) => `apdu.${name}`)
const LOADS = ['MDImportSessionKey', 'CardGetSharedKeyHandle']
const returns = (calls: readonly string[]) => calls.map((call) => `return of ${call}`)
const answers = (commands: readonly string[]) => commands.map((command) => `answer to ${command}`)

function step(number: number, from: SkiParty, to: SkiParty, says: readonly string[], ways = ALL, calls: readonly string[] = []): SkiStep {
  return { step: number, from, to, says, calls, ways }
}

/** The 31 steps. Step 24 sets mode and IV before it encrypts (reading A-3); steps 17 to 20 are gone through twice in the way `agreement`. */
export const SKI_STEPS: readonly SkiStep[] = [
  step(1, 'client', 'server', ['client.request']),
  step(2, 'server', 'client', ['server.start']),
  step(3, 'client', 'minidriver', ['CardGetProperty(Key Import Support)']),
  step(4, 'minidriver', 'client', returns(['CardGetProperty(Key Import Support)'])),
  step(5, 'client', 'minidriver', ['CardCreateContainerEx'], ALL, ['CardReadFile(cmapfile)']),
  step(6, 'minidriver', 'card', ['apdu.generate'], WITH_K1),
  step(7, 'card', 'minidriver', answers(['apdu.generate']), WITH_K1),
  step(8, 'minidriver', 'client', returns(['CardCreateContainerEx']), WITH_K1),
  step(9, 'client', 'minidriver', ['CardGetContainerInfo'], WITH_K1),
  step(10, 'minidriver', 'card', ['apdu.readKey'], WITH_K1),
  step(11, 'card', 'minidriver', answers(['apdu.readKey']), WITH_K1),
  step(12, 'minidriver', 'client', returns(['CardGetContainerInfo']), WITH_K1),
  step(13, 'client', 'minidriver', PROPERTIES),
  step(14, 'minidriver', 'client', returns(PROPERTIES)),
  step(15, 'client', 'server', ['client.offer']),
  step(16, 'server', 'client', ['server.sessionKey']),
  step(17, 'client', 'minidriver', TAKES),
  step(18, 'minidriver', 'card', TAKEN),
  step(19, 'card', 'minidriver', answers(TAKEN)),
  step(20, 'minidriver', 'client', returns(TAKES)),
  step(21, 'client', 'server', ['client.established']),
  step(22, 'server', 'serverMinidriver', LOADS),
  step(23, 'serverMinidriver', 'server', returns(LOADS)),
  step(24, 'server', 'serverMinidriver', ['MDEncryptData'], ALL, SET),
  step(25, 'serverMinidriver', 'server', returns(['MDEncryptData'])),
  step(26, 'server', 'client', ['server.sealed']),
  step(27, 'client', 'minidriver', ['CardProcessEncryptedData'], ALL, [...SET, 'CardSetKeyProperty(Keyferry Container)']),
  step(28, 'minidriver', 'card', ['apdu.processSealed']),
  step(29, 'card', 'minidriver', answers(['apdu.processSealed'])),
  step(30, 'minidriver', 'client', returns(['CardProcessEncryptedData'])),
  step(31, 'client', 'server', ['client.installed']),
]

/** A message, as far as its step depends on it. */
export interface SteppingMessage {
  readonly type: string
  /** Calls about a property or a file are told apart by it. */
  readonly property?: string | null
  readonly file?: string | null
}

/** Where a message stands in a run. */
export interface SteppedMessage {
  /** `null` for what the page leaves out. */
  readonly step: number | null
  /** A call with its property or file, `return of` a call, `answer to` a command of the card, or the message's own name. */
  readonly words: string
  /** What it is to the exchange that it belongs to. */
  readonly part: 'call' | 'return' | 'command' | 'answer' | 'message'
}

/**
 * Follows one run. The function it returns wants every message between the five parties in the order in which it is heard;
 * other messages (archive, PIN pad) may be among them and have the step of the call in which they lie.
 */
export function skiSteps(): (from: string, to: string, message: SteppingMessage) => SteppedMessage {
  /** The call that each minidriver has in hand. `whole`: its exchange lies in one step, or in none. */
  const calls = new Map<string, { readonly words: string; readonly step: number | null; readonly whole: boolean }>()
  /** The command that each minidriver has sent. */
  const commands = new Map<string, string>()

  return (from, to, message) => {
    const { type } = message
    if (type === 'minidriver.returned') {
      const call = calls.get(from)
      calls.delete(from)
      const words = `return of ${call?.words ?? 'nothing'}`
      return { step: call?.whole ? call.step : stepOf(from, to, words), words, part: 'return' }
    }
    if (type.startsWith('apdu.')) {
      commands.set(from, type)
      const call = calls.get(from)
      return { step: call?.whole ? call.step : stepOf(from, to, type), words: type, part: 'command' }
    }
    if (type.startsWith('card.') && commands.has(to)) {
      const words = `answer to ${commands.get(to)!}`
      const call = calls.get(to)
      return { step: call?.whole ? call.step : stepOf(from, to, words), words, part: 'answer' }
    }
    if (type.includes('.')) return { step: stepOf(from, to, type), words: type, part: 'message' }
    const detail = message.property ?? message.file ?? null
    const words = detail === null ? type : `${type}(${detail})`
    const step = stepOf(from, to, words)
    calls.set(to, { words, step, whole: step === null || SKI_STEPS.some((one) => one.step === step && one.calls.includes(words)) })
    return { step, words, part: 'call' }
  }
}

function stepOf(from: string, to: string, words: string): number | null {
  return SKI_STEPS.find((one) => one.from === from && one.to === to && (one.says.includes(words) || one.calls.includes(words)))?.step ?? null
}
