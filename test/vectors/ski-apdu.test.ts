/**
 * The vectors of the border between minidriver and card, in both directions.
 * @module
 */
import * as assert from 'uvu/assert'
import {
  answerWith,
  decodeAnswer,
  decodeCommand,
  encodeAnswer,
  encodeCommand,
  gather,
  gathering,
  IDLE,
  minidriverStatusOf,
  receive,
  sw4,
  type CommandForm,
} from '../../src/ski/apdu/index.js'
import { STATUS, type StatusName } from '../../src/ski/constants/index.js'
import type { CardToMinidriver, MinidriverToCard } from '../../src/ski/messages.js'
import { readSkiMessage } from '../../src/ski/read-message.js'
import { refuse, type Verdict } from '../../src/verdict.js'
import { accepted, refusedAs, suiteOf, title, type Vector } from './load.js'

interface ApduVector extends Vector {
  readonly kind: 'command' | 'answer' | 'status'
  readonly form?: CommandForm
  readonly sent: readonly string[]
  readonly answered: readonly string[]
  readonly asked?: MinidriverToCard
  readonly message?: unknown
  readonly word?: string
  readonly status?: number
  readonly statusName?: StatusName
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A card that has just been reset hears the APDUs; what it makes of the last one, and what it said by itself. */
function hear(sent: readonly string[]): { heard: Verdict<MinidriverToCard>; answered: string[] } {
  let state = IDLE
  let heard: Verdict<MinidriverToCard> = refuse({ code: 'nothing_was_said' })
  const answered: string[] = []
  for (const apdu of sent) {
    const received = receive(state, bytesOf(apdu))
    state = received.state
    if (received.command) {
      const decoded = decodeCommand(received.command)
      heard = decoded
      if (!decoded.ok) answered.push(sw4(decoded.fault.sw).toLowerCase())
    } else {
      heard = refuse(received.fault ?? { code: 'more_to_come' })
      answered.push(hexOf(received.answer))
    }
  }
  return { heard, answered }
}

/** A minidriver that has said a command hears the responses; what it asks for in between. */
function collect(asked: MinidriverToCard, answered: readonly string[]): { answer: Verdict<CardToMinidriver>; sent: string[] } {
  let state = gathering(asked.channel)
  const sent: string[] = []
  for (const response of answered) {
    const gathered = gather(state, bytesOf(response))
    if (!gathered.ok) return { answer: gathered, sent }
    if (gathered.value.response) return { answer: decodeAnswer(gathered.value.response, asked), sent }
    state = gathered.value.state
    sent.push(hexOf(gathered.value.ask))
  }
  return { answer: refuse({ code: 'answer_incomplete' }), sent }
}

/** What a card says that was asked for all there is, and then by GET RESPONSE as in `sent`. */
function say(answer: CardToMinidriver, asked: MinidriverToCard, le: number | null, sent: readonly string[]): string[] {
  const [command] = encodeCommand(asked)
  const received = receive(IDLE, command!)
  if (!received.command) throw new Error('a command of one APDU is wanted')
  let said = answerWith({ ...received.command, le }, encodeAnswer(answer, asked))
  const answered = [hexOf(said.answer)]
  for (const apdu of sent) {
    const next = receive(said.state, bytesOf(apdu))
    if (!next.answer) throw new Error('GET RESPONSE is no command')
    said = { state: next.state, answer: next.answer }
    answered.push(hexOf(said.answer))
  }
  return answered
}

const { file, tests } = suiteOf('ski/apdu')

tests('SKI-190 at least 60 tests, at least 30 of them invalid', () => {
  assert.ok(file.tests.length >= 60)
  assert.ok(file.tests.filter(({ result }) => result === 'invalid').length >= 30)
})

for (const vector of file.tests as readonly ApduVector[])
  tests(title(vector), async () => {
    if (vector.kind === 'status') {
      assert.is(minidriverStatusOf(Number.parseInt(vector.word!, 16)), vector.status)
      assert.is(STATUS[vector.statusName!], vector.status)
      return
    }
    if (vector.kind === 'command') {
      const { heard, answered } = hear(vector.sent)
      assert.equal(answered, vector.answered)
      if (vector.result === 'invalid') return refusedAs(vector, heard)
      const message = await accepted(heard)
      assert.equal(message, vector.message)
      assert.equal(readSkiMessage(message), message)
      if (vector.form) assert.equal(encodeCommand(message, vector.form).map(hexOf), vector.sent, 'written')
      return
    }
    const { answer, sent } = collect(vector.asked!, vector.answered)
    assert.equal(sent, vector.sent)
    if (vector.result === 'invalid') return refusedAs(vector, answer)
    const message = await accepted(answer)
    assert.equal(message, vector.message)
    assert.equal(readSkiMessage(message), message)
    const first = bytesOf(vector.answered[0]!).length - 2
    assert.equal(say(message, vector.asked!, first || null, vector.sent), vector.answered, 'written')
  })

tests.run()
