/**
 * What travels in several pieces: chains of commands, answers fetched with GET RESPONSE, and whole messages on their way
 * from minidriver to card and back.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  answerWith,
  chain,
  decodeCommand,
  encodeCommand,
  gather,
  gathering,
  IDLE,
  receive,
  type Assembler,
  type CommandApdu,
  type ResponseApdu,
} from '../../src/ski/apdu/index.js'
import type { SkiHandle } from '../../src/ski/enclave/commands.js'
import type { CardToMinidriver, MinidriverToCard } from '../../src/ski/messages.js'
import { answerThroughApdus, throughApdus } from '../../src/ski/travel.js'
import { answersTo, commands, establishment, hex, shown, text } from './apdu-support.js'

const isTypeError = (error: unknown) => error instanceof TypeError
const OK = '9000'

/** Gives APDUs to a card one by one; what the last one brought, and every answer before. */
function send(apdus: readonly (Uint8Array | string)[], from: Assembler = IDLE): { state: Assembler; command?: CommandApdu | undefined; said: string[] } {
  let state = from
  let command: CommandApdu | undefined
  const said: string[] = []
  for (const apdu of apdus) {
    // The state survives JSON.
    const received = receive(JSON.parse(JSON.stringify(state)) as Assembler, typeof apdu === 'string' ? hex(apdu) : apdu)
    state = received.state
    command = received.command
    if (received.answer) said.push(shown(received.answer))
  }
  return { state, command, said }
}

const chains = suite('ski apdu: chains of commands')

chains('SKI-191 a chain by hand', () => {
  const write: MinidriverToCard = { type: 'apdu.writeFile', channel: 1, file: 'certificate', container: 3, data: text(hex('A1A2A3A4A5')) }
  const apdus = encodeCommand(write, { chunk: 2 }).map(shown)
  assert.equal(apdus, ['91D6020302A1A2', '91D6020302A3A4', '81D6020301A5'])
  const { command, said, state } = send(apdus)
  assert.equal(said, [OK, OK])
  assert.equal(command, { cla: 0x81, ins: 0xd6, p1: 2, p2: 3, data: hex('A1A2A3A4A5'), le: null, extended: false })
  assert.equal(state, IDLE)
})

chains('SKI-191 Le stands in the last command of a chain', () => {
  const agree: MinidriverToCard = { type: 'apdu.agree', channel: 0, container: 3, peer: text(hex('A1A2A3')) }
  assert.equal(encodeCommand(agree, { chunk: 2 }).map(shown), ['9054030002A1A2', '8054030001A300'])
})

chains('SKI-191 256 bytes are two commands, and 255 are one', () => {
  const write = (length: number) =>
    encodeCommand({ type: 'apdu.writeFile', channel: 0, file: 'certificate', container: 3, data: text(new Uint8Array(length)) }).map(({ length }) => length)
  assert.equal(write(255), [4 + 1 + 255])
  assert.equal(write(256), [4 + 1 + 255, 4 + 1 + 1])
  assert.equal(write(0), [4])
})

chains('SKI-191 any cut is put together again, short and extended', async () => {
  await fc.assert(
    fc.property(commands, fc.integer({ min: 1, max: 255 }), fc.boolean(), (message, chunk, extended) => {
      const { command, said } = send(encodeCommand(message, { chunk, extended }))
      assert.ok(command)
      assert.equal(decodeCommand(command), { ok: true, value: message })
      assert.ok(said.every((word) => word === OK))
    }),
    { numRuns: 300 },
  )
})

chains('SKI-191 a caller who asks for no possible cut is told so', () => {
  const apdu: CommandApdu = { cla: 0x80, ins: 0x50, p1: 0, p2: 0, data: new Uint8Array(16), le: null, extended: false }
  for (const chunk of [0, -1, 0.5, 256, Number.NaN]) assert.throws(() => chain(apdu, chunk), isTypeError)
  assert.throws(() => chain({ ...apdu, data: new Uint8Array(65536) }), isTypeError)
})

const first = '90D6020302A1A2'
const breaks: readonly (readonly [title: string, apdu: string, word: string])[] = [
  ['another instruction', '8054030001A1', '6883'],
  ['another instruction of a chain', '9054030001A1', '6883'],
  ['another P1', '80D6010302A3A4', '6883'],
  ['another P2', '80D6020402A3A4', '6883'],
  ['another class', '00D6020302A3A4', '6883'],
  ['another logical channel', '81D6020302A3A4', '6883'],
  ['another logical channel, with a command of its own', '0184000000', '6883'],
  ['GET RESPONSE', '00C0000000', '6883'],
  ['a link that brings nothing', '90D60203', '6700'],
  ['a link that asks for an answer', '90D6020302A3A400', '6700'],
  ['bytes that are no command', '80D602', '6700'],
  ['a class that there is not', 'FFD6020302A3A4', '6E00'],
  ['a channel that there is not', '41D6020302A3A4', '6881'],
]
for (const [title, apdu, word] of breaks)
  chains(`SKI-191 ${title} breaks a chain: ${word}, and nothing of it is left`, () => {
    const { state, command, said } = send([first, apdu])
    assert.equal(said, [OK, word])
    assert.is(command, undefined)
    assert.equal(state, IDLE)
    // What would have been the end of the chain is now a command of its own, without the first half.
    assert.equal(send(['80D6020302A3A4'], state).command?.data, hex('A3A4'))
  })

chains('SKI-191 a chain ends where the longest command ends', () => {
  const link = Uint8Array.from([0x90, 0xd6, 0x02, 0x03, 0xff, ...new Uint8Array(255)])
  const full = send(Array<Uint8Array>(257).fill(link))
  assert.is(full.said.at(-1), OK)
  assert.is(full.state.pending?.data.length, 2 * 65535)
  assert.equal(send(['90D602030100'], full.state).said, ['6700'])
  assert.equal(send(['90D602030100'], full.state).state, IDLE)
})

chains.run()

const responses = suite('ski apdu: answers in pieces')
const asked = (le: number | null): CommandApdu => ({ cla: 0x82, ins: 0xb0, p1: 2, p2: 0, data: new Uint8Array(), le, extended: (le ?? 0) > 256 })
const ten = hex('00010203040506070809')

responses('SKI-191 what was not asked for waits for GET RESPONSE', () => {
  const start = answerWith(asked(4), { data: ten, sw: 0x9000 })
  assert.is(shown(start.answer), '000102036106')
  const next = send(['02C0000004'], start.state)
  assert.equal(next.said, ['040506076102'])
  assert.equal(send(['02C0000000'], next.state).said, ['08099000'])
  assert.equal(send(['02C0000000', '02C0000000'], next.state).said, ['08099000', '6985'])
})

responses('SKI-191 without Le all of it waits, as under T=0; 256 and more are 00', () => {
  assert.is(shown(answerWith(asked(null), { data: ten, sw: 0x9000 }).answer), '610A')
  assert.is(shown(answerWith(asked(null), { data: new Uint8Array(255), sw: 0x9000 }).answer), '61FF')
  assert.is(shown(answerWith(asked(null), { data: new Uint8Array(256), sw: 0x9000 }).answer), '6100')
  assert.is(shown(answerWith(asked(null), { data: new Uint8Array(), sw: 0x6a88 }).answer), '6A88')
})

const strays: readonly (readonly [title: string, apdu: string, word: string])[] = [
  ['on another channel', '01C0000000', '6985'],
  ['with P1', '02C0010000', '6A86'],
  ['with P2', '02C0000100', '6A86'],
  ['without Le', '02C00000', '6700'],
  ['with data', '02C0000001AA00', '6700'],
  ['as a link of a chain', '12C0000000', '6E00'],
]
for (const [title, apdu, word] of strays)
  responses(`SKI-191 GET RESPONSE ${title}: ${word}, and nothing waits any more`, () => {
    const { state } = answerWith(asked(4), { data: ten, sw: 0x9000 })
    assert.equal(send([apdu, '02C0000000'], state).said, [word, '6985'])
  })

responses('SKI-191 a command makes the card forget what was waiting', () => {
  const { state } = answerWith(asked(4), { data: ten, sw: 0x9000 })
  assert.equal(send(['0084000000'], state).state, IDLE)
  assert.equal(send(['90D6020302A1A2'], state).state.rest, null)
})

/** A minidriver that collects an answer from a card, whatever Le it began with. */
function collect(response: ResponseApdu, le: number | null, extended: boolean): { response: ResponseApdu; pieces: number } {
  let { state, answer } = answerWith(asked(le), response)
  let collected = gathering(2, extended)
  for (let pieces = 1; ; pieces++) {
    const gathered = gather(collected, answer)
    assert.ok(gathered.ok)
    if (gathered.value.response) return { response: gathered.value.response, pieces }
    collected = gathered.value.state
    const next = receive(state, gathered.value.ask)
    assert.ok(next.answer)
    ;({ state, answer } = next)
  }
}

responses('SKI-191 whatever Le a command has, the minidriver gets the whole answer', async () => {
  const length = fc.oneof(fc.nat(1000), fc.constantFrom(255, 256, 257, 511, 512, 513, 65536))
  await fc.assert(
    fc.property(length, fc.option(fc.integer({ min: 1, max: 256 })), fc.boolean(), (length, le, extended) => {
      const response = { data: Uint8Array.from({ length }, (_, i) => i % 251), sw: 0x9000 }
      const found = collect(response, le, extended)
      assert.equal(found.response, response)
      const left = Math.max(0, length - (le ?? 0))
      assert.is(found.pieces, 1 + (extended ? Math.ceil(left / 65536) : Math.ceil(left / 256)))
    }),
  )
})

responses('SKI-191 a card that never ends is left alone', () => {
  const again = gather(gathering(0), hex('6110'))
  assert.ok(again.ok && again.value.ask)
  assert.is(shown(again.value.ask), '00C0000010')
  const stalled = gather(again.value.state, hex('6110'))
  assert.is(stalled.ok ? 'goes on' : stalled.fault.code, 'answer_stalled')

  let state = gathering(0)
  const piece = Uint8Array.from([...new Uint8Array(32768), 0x61, 0x00])
  for (const _ of [1, 2]) {
    const gathered = gather(state, piece)
    assert.ok(gathered.ok)
    state = gathered.value.state
  }
  const long = gather(state, piece)
  assert.is(long.ok ? 'goes on' : long.fault.code, 'answer_too_long')
})

responses('SKI-191 nothing that anybody sends makes either end throw', async () => {
  const apdu = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .tuple(fc.constantFrom(0x00, 0x80, 0x90, 0x81, 0x10), fc.constantFrom(0xc0, 0xd6, 0x4e), fc.uint8Array({ maxLength: 8 }))
      .map(([cla, ins, rest]) => Uint8Array.from([cla, ins, 0, 0, ...rest])),
  )
  await fc.assert(
    fc.property(fc.array(apdu, { maxLength: 12 }), (apdus) => {
      let state = IDLE
      for (const bytes of apdus) {
        const received = receive(state, bytes)
        state = received.state
        if (received.command) {
          decodeCommand(received.command)
          state = answerWith(received.command, { data: new Uint8Array(300), sw: 0x9000 }).state
        }
        gather(gathering(0), bytes)
      }
    }),
    { numRuns: 1000 },
  )
})

responses.run()

const travel = suite('ski: travel')
const handle = '000102030405060708090a0b0c0d0e0f' as SkiHandle
const channel = 0

travel('SKI-190 every command and every answer arrive as they were said', async () => {
  const exchange = commands.chain((command) => fc.tuple(fc.constant(command), answersTo(command)))
  await fc.assert(
    fc.property(exchange, fc.boolean(), fc.integer({ min: 1, max: 255 }), ([command, answer], extended, chunk) => {
      const there = throughApdus(command, { extended, chunk })
      assert.equal(there.message, command)
      assert.is(there.carried.length % 2, 1, 'begins and ends with a command')
      const back = answerThroughApdus(answer, command, { extended })
      assert.equal(back.message, answer)
      assert.is(back.carried.length % 2, 1, 'begins and ends with a response')
      if (extended) assert.equal([there.carried.length, back.carried.length], [1, 1])
    }),
    { numRuns: 300 },
  )
})

travel('SKI-191 what really travels, by hand', () => {
  const write: MinidriverToCard = { type: 'apdu.writeFile', channel, file: 'certificate', container: 1, data: text(hex('A1A2A3')) }
  assert.equal(throughApdus(write, { chunk: 2 }).carried, ['90d6020102a1a2', '9000', '80d6020101a3'])
  const read: MinidriverToCard = { type: 'apdu.readFile', channel, file: 'certificate', container: 1 }
  const file: CardToMinidriver = { type: 'card.file', channel, data: text(new Uint8Array(300)) }
  assert.equal(answerThroughApdus(file, read).carried, [`${'00'.repeat(256)}612c`, '00c000002c', `${'00'.repeat(44)}9000`])
})

travel('SKI-192 what no APDU can say is refused by the card, and nothing travels', () => {
  const refusals: readonly (readonly [number, MinidriverToCard])[] = [
    [0x6881, { type: 'apdu.challenge', channel: 9 }],
    [0x6a86, { type: 'apdu.readFile', channel, file: 'cmapfile', container: 300 }],
    [0x6a88, { type: 'apdu.destroyKey', channel, key: 'nothing' as SkiHandle }],
    [0x6a80, { type: 'apdu.agree', channel, container: 1, peer: '***' }],
  ]
  for (const [sw, message] of refusals) assert.equal(throughApdus(message), { carried: [], message: { type: 'card.refused', channel: message.channel, sw } })
})

travel('SKI-203 a message that contradicts the establishment inside it cannot be said', () => {
  const proven: MinidriverToCard = {
    type: 'apdu.deriveKey',
    channel,
    agreement: handle,
    algorithm: 'AES-128',
    proven: true,
    input: text(establishment(2, 'AES-256', null, new Uint8Array(71))),
  }
  assert.equal(throughApdus(proven), { carried: [], message: { type: 'card.refused', channel, sw: 0x6a80 } })
  assert.equal(throughApdus({ ...proven, algorithm: 'AES-256' }).message, { ...proven, algorithm: 'AES-256' })
})

travel('SKI-192 an answer that cannot be read is the one refusal', () => {
  const challenge: MinidriverToCard = { type: 'apdu.challenge', channel: 1 }
  const refused = { type: 'card.refused', channel: 1, sw: 0x6f00 }
  const answers: readonly CardToMinidriver[] = [
    { type: 'card.done', channel: 1 },
    { type: 'card.challenge', channel: 2, nonce: text(new Uint8Array(16)) },
    { type: 'card.challenge', channel: 1, nonce: 'AA' },
    { type: 'card.refused', channel: 1, sw: 0x9000 },
    { type: 'card.refused', channel: 1, sw: -1 },
  ]
  for (const answer of answers) assert.equal(answerThroughApdus(answer, challenge), { carried: [], message: refused })
  const impossible: MinidriverToCard = { type: 'apdu.destroyKey', channel: 1, key: 'h' as SkiHandle }
  assert.equal(answerThroughApdus({ type: 'card.done', channel: 1 }, impossible), { carried: [], message: refused })
})

travel('SKI-247 that there is no card is the reader’s word', () => {
  const gone: CardToMinidriver = { type: 'card.gone', channel: 0 }
  assert.equal(answerThroughApdus(gone, { type: 'apdu.challenge', channel: 0 }), { carried: [], message: gone })
})

travel('SKI-244 what is no message is left to the port', () => {
  const hostile = {
    get type(): string {
      throw new Error('type')
    },
  }
  for (const value of [null, undefined, 7, {}, { type: 'apdu.select' }, { type: 'client.request', subject: 's', template: 't' }, hostile]) {
    assert.is(throughApdus(value as never).message, value)
    assert.equal(throughApdus(value as never).carried, [])
  }
  const challenge: MinidriverToCard = { type: 'apdu.challenge', channel: 0 }
  for (const value of [null, { type: 'card.file', channel: 0 }, hostile]) assert.is(answerThroughApdus(value as never, challenge).message, value)
})

travel.run()
