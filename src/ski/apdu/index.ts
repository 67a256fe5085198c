/**
 * The border between minidriver and card: commands and answers as APDUs of ISO/IEC 7816-4.
 *
 * @example
 * // The minidriver:
 * for (const bytes of encodeCommand({ type: 'apdu.challenge', channel: 0 })) transmit(bytes)
 * // The card:
 * const { state, command, answer } = receive(IDLE, bytes)
 * const heard = command && decodeCommand(command)
 *
 * @module
 */
export { decodeAnswer, encodeAnswer, type AnswerFault } from './answer.js'
export {
  classByte,
  decodeCommandApdu,
  decodeResponseApdu,
  encodeCommandApdu,
  encodeResponseApdu,
  MOST_COMMAND_DATA,
  MOST_RESPONSE_DATA,
  readClass,
  type ApduClass,
  type ApduFault,
  type CommandApdu,
  type ResponseApdu,
} from './apdu.js'
export { answerWith, chain, IDLE, receive, type Assembler, type Received } from './chaining.js'
export { decodeCommand, MOST_BLOBS } from './decode-command.js'
export { commandApdu, encodeCommand, SHARED_KEY_ALGORITHM, tryEncodeCommand, type CommandForm } from './encode-command.js'
export { AID, INSTRUCTIONS, type Instruction } from './instructions.js'
export { gather, gathering, type Gathered, type Gathering, type GatherFault } from './responses.js'
export {
  describeStatusWord,
  hasMore,
  isStatusWord,
  minidriverStatusOf,
  STATUS_WORDS,
  SW,
  sw4,
  triesLeft,
  type CommandCode,
  type CommandFault,
  type StatusWord,
} from './status-words.js'
