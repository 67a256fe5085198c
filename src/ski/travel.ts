/**
 * What a message between minidriver and card goes through on its way: it is written as APDUs, cut into a chain, put
 * together again and read. For a session that has both roles in one process, so that the card hears what the bytes say and
 * not what the minidriver meant.
 *
 * What no APDU can say never reaches the card: the card's own refusal comes back with the word that fits. An answer that
 * cannot be read becomes the one refusal.
 *
 * Spec: spec/ski-apdu.md, SKI-190 to SKI-192.
 * @module
 */
import { toHex } from '../bytes/hex.js'
import { answerWith, IDLE, receive, type Assembler } from './apdu/chaining.js'
import { decodeAnswer, encodeAnswer } from './apdu/answer.js'
import { decodeCommand } from './apdu/decode-command.js'
import { commandApdu, tryEncodeCommand, type CommandForm } from './apdu/encode-command.js'
import { gather, gathering } from './apdu/responses.js'
import { INSTRUCTIONS } from './apdu/instructions.js'
import { SW } from './apdu/status-words.js'
import type { CardToMinidriver, MinidriverToCard } from './messages.js'
import { readSkiMessage, type SkiMessage } from './read-message.js'

/** The card's word for a refusal. */
export type CardRefused = Extract<CardToMinidriver, { type: 'card.refused' }>

/** What travelled, and what the other end makes of it. */
export interface Travelled<Message> {
  /** The APDUs in order, as hex: command and response by turns. */
  readonly carried: readonly string[]
  readonly message: Message
}

/**
 * Carries a command. `carried` begins and ends with a command; the response to the last one is the card's answer. The
 * message is for the card, unless it is `card.refused`, which is for the minidriver.
 *
 * A value that is no message at all comes back as it is, for the port to turn away.
 */
export function throughApdus(message: MinidriverToCard, form: CommandForm = {}): Travelled<MinidriverToCard | CardRefused> {
  const said = readSkiMessage(message)
  if (!said || !isCommand(said)) return { carried: [], message }
  const { channel } = said
  const commands = tryEncodeCommand(said, form)
  if (!commands.ok) return { carried: [], message: { type: 'card.refused', channel, sw: commands.fault.sw } }
  const carried: string[] = []
  let state: Assembler = IDLE
  for (const bytes of commands.value) {
    carried.push(toHex(bytes))
    const received = receive(state, bytes)
    state = received.state
    if (received.command) {
      const heard = decodeCommand(received.command)
      return { carried, message: heard.ok ? heard.value : { type: 'card.refused', channel, sw: heard.fault.sw } }
    }
    carried.push(toHex(received.answer))
  }
  throw new Error('throughApdus: a chain that we have written ends with a command')
}

/**
 * Carries the answer to a command that travelled in the same form. `carried` begins and ends with a response, with GET
 * RESPONSE in between. That there is no card is the reader's word, and no APDU.
 */
export function answerThroughApdus(answer: CardToMinidriver, command: MinidriverToCard, { extended = false }: CommandForm = {}): Travelled<CardToMinidriver> {
  const meant = readSkiMessage(answer) as CardToMinidriver | null
  if (!meant || meant.type === 'card.gone') return { carried: [], message: meant ?? answer }
  const asked = commandApdu(command, extended)
  const unreadable: CardRefused = { type: 'card.refused', channel: command.channel, sw: SW.refused }
  let response
  try {
    response = encodeAnswer(meant, command)
  } catch {
    return { carried: [], message: unreadable }
  }
  if (!asked.ok) return { carried: [], message: unreadable }

  const carried: string[] = []
  let said = answerWith(asked.value, response)
  let collected = gathering(command.channel, extended)
  for (;;) {
    carried.push(toHex(said.answer))
    const gathered = gather(collected, said.answer)
    if (!gathered.ok) return { carried, message: unreadable }
    if (gathered.value.response) {
      const heard = decodeAnswer(gathered.value.response, command)
      return { carried, message: heard.ok ? heard.value : unreadable }
    }
    collected = gathered.value.state
    carried.push(toHex(gathered.value.ask))
    const next = receive(said.state, gathered.value.ask)
    if (!next.answer) return { carried, message: unreadable }
    said = { state: next.state, answer: next.answer }
  }
}

const isCommand = (message: SkiMessage): message is MinidriverToCard => Object.hasOwn(INSTRUCTIONS, message.type)
