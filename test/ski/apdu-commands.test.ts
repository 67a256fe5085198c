/**
 * Commands and answers of the card: hex written by hand from the table of the specification, laws over everything that can
 * be said, and one fault at a time.
 * @module
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  commandApdu,
  decodeAnswer,
  decodeCommand,
  decodeCommandApdu,
  encodeAnswer,
  encodeCommand,
  INSTRUCTIONS,
  tryEncodeCommand,
  type CommandApdu,
} from '../../src/ski/apdu/index.js'
import type { SkiHandle } from '../../src/ski/enclave/commands.js'
import type { CardToMinidriver, MinidriverToCard } from '../../src/ski/messages.js'
import { readSkiMessage } from '../../src/ski/read-message.js'
import { answersTo, commands, establishment, evidence, hex, shown, text } from './apdu-support.js'

const isTypeError = (error: unknown) => error instanceof TypeError
const apduOf = (spaced: string): CommandApdu => {
  const apdu = decodeCommandApdu(hex(spaced))
  if (!apdu.ok) throw new Error(apdu.fault.code)
  return apdu.value
}

const channel = 0
const HANDLE = '000102030405060708090a0b0c0d0e0f'
const key = HANDLE as SkiHandle
const ID = 'C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF'
const NONCE = 'D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF'
const both = text(hex(ID + NONCE))

const written = suite('ski apdu: commands by hand')
const byHand: readonly (readonly [id: string, apdu: string, message: MinidriverToCard])[] = [
  ['SKI-194', '00A40400 0A F04B45594645525259 01 00', { type: 'apdu.select', channel }],
  ['SKI-202', '83CA0100 00', { type: 'apdu.capabilities', channel: 3 }],
  ['SKI-193', '01840000 00', { type: 'apdu.challenge', channel: 1 }],
  ['SKI-190', '80B00207 00', { type: 'apdu.readFile', channel, file: 'certificate', container: 7 }],
  ['SKI-190', '80D60100 02 3082', { type: 'apdu.writeFile', channel, file: 'cmapfile', container: 0, data: text(hex('3082')) }],
  ['SKI-190', '80D60203', { type: 'apdu.writeFile', channel, file: 'certificate', container: 3, data: '' }],
  ['SKI-195', '80460201 04 01000000', { type: 'apdu.generate', channel, container: 2, kind: 'rsa-2048', pinId: 1 }],
  ['SKI-195', '80460213 04 78563412', { type: 'apdu.generate', channel, container: 2, kind: 'ec-P-521', pinId: 0x12345678 }],
  ['SKI-196', '80480200 00', { type: 'apdu.readKey', channel, container: 2, evidence: 'plain' }],
  ['SKI-196', '80480201 00', { type: 'apdu.readKey', channel, container: 2, evidence: 'attested' }],
  ['SKI-196', '80480202 00', { type: 'apdu.readKey', channel, container: 2, evidence: 'sharedKey' }],
  [
    'SKI-197',
    '804A0200 07 03080200 AABBCC 00',
    { type: 'apdu.importSessionKey', channel, container: 2, algorithm: 'AES-256', padding: 'oaep-sha256', proven: false, input: text(hex('AABBCC')) },
  ],
  ['SKI-203', '80520000 00', { type: 'apdu.shareKey', channel, way: 'shared', algorithm: 'AES-256', proven: false, input: null }],
  ['SKI-203', `80520100 21 ${ID}${NONCE} 01 00`, { type: 'apdu.shareKey', channel, way: 'derived', algorithm: 'AES-128', proven: false, input: both }],
  ['SKI-203', '80540300 05 45434B3120 00', { type: 'apdu.agree', channel, container: 3, peer: text(hex('45434B3120')) }],
  [
    'SKI-203',
    `80560000 31 ${HANDLE}${ID}${NONCE} 02 00`,
    { type: 'apdu.deriveKey', channel, agreement: key, algorithm: 'AES-192', proven: false, input: both },
  ],
  ['SKI-198', `804C0000 12 ${HANDLE} 0101`, { type: 'apdu.setKeyProperty', channel, key, mode: 'CBC', iv: null }],
  ['SKI-198', `824C0000 21 ${HANDLE} 02 ${NONCE}`, { type: 'apdu.setKeyProperty', channel: 2, key, mode: null, iv: text(hex(NONCE)) }],
  [
    'SKI-199',
    `804E0000 23 ${HANDLE} 01 05 0200 01000000 02000000 AABB 01000000 CC 00`,
    { type: 'apdu.processSealed', channel, key, function: 'Import Key Pair', container: 5, flags: 1, blobs: [text(hex('AABB')), text(hex('CC'))] },
  ],
  [
    'SKI-199',
    `804E0000 18 ${HANDLE} 03 FF 0000 00000000 00`,
    { type: 'apdu.processSealed', channel, key, function: 'Authenticate', container: null, flags: 0, blobs: [] },
  ],
  ['SKI-200', `80500000 10 ${HANDLE}`, { type: 'apdu.destroyKey', channel, key }],
  ['SKI-200', '805A0400', { type: 'apdu.deleteContainer', channel, container: 4 }],
  ['SKI-201', '00200001 06 313233343536', { type: 'apdu.verify', channel, pinId: 1, pin: 'MTIzNDU2' }],
  ['SKI-201', '00200001', { type: 'apdu.verify', channel, pinId: 1, pin: null }],
  ['SKI-201', '80220001', { type: 'apdu.deauthenticate', channel, pinId: 1 }],
]
for (const [id, apdu, message] of byHand)
  written(`${id} ${apdu}`, () => {
    assert.equal(encodeCommand(message).map(shown), [apdu.replaceAll(' ', '').toUpperCase()])
    assert.equal(decodeCommand(apduOf(apdu)), { ok: true, value: message })
  })

written('SKI-190 every instruction is among them', () => {
  assert.equal([...new Set(byHand.map(([, , { type }]) => type))].sort(), Object.keys(INSTRUCTIONS).sort())
})

written('SKI-197 SKI-203 an establishment says the algorithm itself', () => {
  const proof = establishment(1, 'AES-192', 'oaep-sha384', new Uint8Array(71))
  const message = {
    type: 'apdu.importSessionKey',
    channel,
    container: 2,
    algorithm: 'AES-192',
    padding: 'oaep-sha384',
    proven: true,
    input: text(proof),
  } as const
  const [apdu] = encodeCommand(message)
  assert.is(shown(apdu!), `804A020150${shown(proof)}00`)
  assert.equal(decodeCommand(apduOf(shown(apdu!))), { ok: true, value: message })
  for (const lie of [
    { algorithm: 'AES-256' as const },
    { padding: 'pkcs1' as const },
    { input: text(proof.subarray(0, 79)) },
    { input: text(new Uint8Array(80)) },
  ])
    assert.throws(() => encodeCommand({ ...message, ...lie }), isTypeError)
})

written('SKI-205 an RSA ciphertext is a big-endian octet string in the message and in the APDU: nothing turns it round', () => {
  // 2^2047 + 1 has its first bit in the first byte; little-endian, it would be in the last one.
  const ciphertext = Uint8Array.from([0x80, ...new Uint8Array(253), 0x02, 0x01])
  const message = { type: 'apdu.importSessionKey', channel, container: 1, algorithm: 'AES-256', padding: 'pkcs1', proven: false } as const
  const [apdu] = encodeCommand({ ...message, input: text(ciphertext) }, { extended: true })
  assert.is(shown(apdu!), `804A0100000104${'03020000'}80${'00'.repeat(253)}02010000`)
  assert.equal(decodeCommand(apduOf(shown(apdu!))), { ok: true, value: { ...message, input: text(ciphertext) } })
})

written('SKI-191 extended lengths: one APDU, and all of the answer at once', () => {
  const write: MinidriverToCard = { type: 'apdu.writeFile', channel, file: 'certificate', container: 1, data: text(new Uint8Array(300)) }
  assert.equal(encodeCommand(write, { extended: true }).map(shown), [`80D6020100012C${'00'.repeat(300)}`])
  assert.equal(encodeCommand({ type: 'apdu.challenge', channel }, { extended: true }).map(shown), ['00840000000000'])
  assert.equal(encodeCommand({ type: 'apdu.deleteContainer', channel, container: 1 }, { extended: true }).map(shown), ['805A0100'])
})

written('SKI-190 a message that no APDU can say is refused with the word that fits', () => {
  const unsayable: readonly (readonly [sw: number, message: MinidriverToCard])[] = [
    [0x6881, { type: 'apdu.select', channel: 4 }],
    [0x6881, { type: 'apdu.select', channel: -1 }],
    [0x6881, { type: 'apdu.select', channel: 0.5 }],
    [0x6a86, { type: 'apdu.deleteContainer', channel, container: 256 }],
    [0x6a86, { type: 'apdu.verify', channel, pinId: -1, pin: null }],
    [0x6a80, { type: 'apdu.verify', channel, pinId: 1, pin: '' }],
    [0x6a80, { type: 'apdu.verify', channel, pinId: 1, pin: 'no base64url!' }],
    [0x6a80, { type: 'apdu.generate', channel, container: 1, kind: 'rsa-2048', pinId: 2 ** 32 }],
    [0x6a80, { type: 'apdu.agree', channel, container: 1, peer: '' }],
    [0x6a80, { type: 'apdu.shareKey', channel, way: 'shared', algorithm: 'AES-128', proven: false, input: null }],
    [0x6a80, { type: 'apdu.shareKey', channel, way: 'shared', algorithm: 'AES-256', proven: false, input: both }],
    [0x6a80, { type: 'apdu.shareKey', channel, way: 'derived', algorithm: 'AES-256', proven: false, input: null }],
    [0x6a80, { type: 'apdu.deriveKey', channel, agreement: key, algorithm: 'AES-256', proven: false, input: text(new Uint8Array(31)) }],
    [0x6a88, { type: 'apdu.destroyKey', channel, key: 'h1' as SkiHandle }],
    [0x6a88, { type: 'apdu.destroyKey', channel, key: `${HANDLE}00` as SkiHandle }],
    [0x6a88, { type: 'apdu.destroyKey', channel, key: HANDLE.toUpperCase() as SkiHandle }],
    [0x6a80, { type: 'apdu.setKeyProperty', channel, key, mode: null, iv: null }],
    [0x6a80, { type: 'apdu.setKeyProperty', channel, key, mode: 'CBC', iv: 'AA' }],
    [0x6a80, { type: 'apdu.processSealed', channel, key, function: 'Authenticate', container: 255, flags: 0, blobs: [] }],
    [0x6a80, { type: 'apdu.processSealed', channel, key, function: 'Authenticate', container: null, flags: -1, blobs: [] }],
    [0x6700, { type: 'apdu.writeFile', channel, file: 'certificate', container: 1, data: text(new Uint8Array(65536)) }],
  ]
  for (const [sw, message] of unsayable) {
    const encoded = tryEncodeCommand(message)
    assert.is(encoded.ok ? 'said' : encoded.fault.sw, sw, JSON.stringify(message).slice(0, 200))
    assert.throws(() => encodeCommand(message), isTypeError)
  }
})

written.run()

const refused = suite('ski apdu: commands that the card refuses')
const KFPK = shown(establishment(1, 'AES-256', 'pkcs1', new Uint8Array(71)))
const bad: readonly (readonly [title: string, sw: number, at: string, apdu: string])[] = [
  ['secure messaging', 0x6e00, 'CLA', '04840000 00'],
  ['another class', 0x6e00, 'CLA', 'A0840000 00'],
  ['a channel above 3', 0x6881, 'CLA', '41840000 00'],
  ['an unknown instruction', 0x6d00, 'INS', '80580000'],
  ['GET RESPONSE, which is no command', 0x6d00, 'INS', '00C00000 00'],
  ['an instruction of ours in the other class', 0x6e00, 'CLA', '00460201 04 01000000'],
  ['an instruction of the standard in our class', 0x6e00, 'CLA', '80840000 00'],
  ['SELECT by path', 0x6a86, 'SELECT.P1', '00A40800 0A F04B4559464552525901 00'],
  ['SELECT of another occurrence', 0x6a86, 'SELECT.P2', '00A40402 0A F04B4559464552525901 00'],
  ['another application', 0x6a82, 'SELECT.AID', '00A40400 0A F04B4559464552525902 00'],
  ['half of our application identifier', 0x6a82, 'SELECT.AID', '00A40400 05 F04B455946 00'],
  ['another object', 0x6a86, 'GET DATA.P1', '80CA0200 00'],
  ['capabilities with data', 0x6700, 'GET DATA', '80CA0100 01 00 00'],
  ['a challenge with parameters', 0x6a86, 'GET CHALLENGE.P2', '00840001 00'],
  ['a file that there is not', 0x6a86, 'READ FILE.P1', '80B00300 00'],
  ['a kind of key that there is not', 0x6a86, 'GENERATE.P2', '80460204 04 01000000'],
  ['a PIN id that is cut', 0x6700, 'GENERATE.PIN id', '80460201 03 010000'],
  ['a byte behind the PIN id', 0x6700, 'GENERATE', '80460201 05 0100000000'],
  ['a kind of evidence that there is not', 0x6a86, 'READ PUBLIC KEY.P2', '80480203 00'],
  ['a session key, neither bare nor proven', 0x6a86, 'IMPORT SESSION KEY.P2', '804A0202 05 0302000001 00'],
  ['an algorithm that there is not', 0x6a80, 'IMPORT SESSION KEY.algorithm', '804A0200 05 0602000001 00'],
  ['PSS, which wraps nothing', 0x6a80, 'IMPORT SESSION KEY.padding', '804A0200 05 0304000001 00'],
  ['PKCS#1 v1.5 with a hash', 0x6a80, 'IMPORT SESSION KEY.padding', '804A0200 05 0302010001 00'],
  ['OAEP without a hash', 0x6a80, 'IMPORT SESSION KEY.padding', '804A0200 05 0308000001 00'],
  ['a reserved byte', 0x6a80, 'IMPORT SESSION KEY.reserved', '804A0200 05 0302000101 00'],
  ['no wrapped key', 0x6700, 'IMPORT SESSION KEY.wrapped key', '804A0200 04 03020000 00'],
  ['an establishment that is too short', 0x6a80, 'IMPORT SESSION KEY.KFPK', `804A0201 4F ${KFPK.slice(0, -2)} 00`],
  ['an establishment with other letters', 0x6a80, 'IMPORT SESSION KEY.KFPK', `804A0201 50 4B4650 4C ${KFPK.slice(8)} 00`],
  ['an establishment with no known algorithm', 0x6a80, 'IMPORT SESSION KEY.KFPK.algorithm', `804A0201 50 ${KFPK.slice(0, 12)}09${KFPK.slice(14)} 00`],
  ['an establishment with no known padding', 0x6a80, 'IMPORT SESSION KEY.KFPK.padding', `804A0201 50 ${KFPK.slice(0, 14)}01${KFPK.slice(16)} 00`],
  ['a way that there is not', 0x6a86, 'SHARED KEY.P1', '80520200 00'],
  ['the shared key itself with data', 0x6700, 'SHARED KEY', '80520000 01 01 00'],
  ['a derivation that is cut', 0x6700, 'SHARED KEY.algorithm', `80520100 20 ${ID}${NONCE} 00`],
  ['no point', 0x6700, 'AGREE.point', '80540100 00'],
  ['an agreement with parameters', 0x6a86, 'DERIVE.P1', `80560100 31 ${HANDLE}${ID}${NONCE}02 00`],
  ['half of a reference', 0x6700, 'DESTROY KEY.reference', '80500000 08 0001020304050607'],
  ['a byte behind a reference', 0x6700, 'DESTROY KEY', `80500000 11 ${HANDLE}00`],
  ['a property that there is not', 0x6a80, 'SET KEY PROPERTY.property', `804C0000 12 ${HANDLE} 0301`],
  ['a mode that there is not', 0x6a80, 'SET KEY PROPERTY.mode', `804C0000 12 ${HANDLE} 0102`],
  ['no IV', 0x6a80, 'SET KEY PROPERTY.IV', `804C0000 11 ${HANDLE} 02`],
  ['a function that there is not', 0x6a80, 'PROCESS ENCRYPTED DATA.function', `804E0000 18 ${HANDLE} 04 FF 0000 00000000 00`],
  ['seventeen blobs', 0x6a80, 'PROCESS ENCRYPTED DATA.blob count', `804E0000 5C ${HANDLE} 01 FF 1100 00000000 ${'00000000'.repeat(17)} 00`],
  ['a blob that is cut', 0x6700, 'PROCESS ENCRYPTED DATA.blob 0', `804E0000 1E ${HANDLE} 01 FF 0100 00000000 03000000 AABB 00`],
  ['a big-endian count', 0x6a80, 'PROCESS ENCRYPTED DATA.blob count', `804E0000 1D ${HANDLE} 01 FF 0001 00000000 01000000 AA 00`],
  ['a byte behind the blobs', 0x6700, 'PROCESS ENCRYPTED DATA', `804E0000 19 ${HANDLE} 01 FF 0000 00000000 00 00`],
  ['DELETE CONTAINER with data', 0x6700, 'DELETE CONTAINER', '805A0100 01 00'],
  ['VERIFY with P1', 0x6a86, 'VERIFY.P1', '00200101'],
]
for (const [title, sw, at, apdu] of bad)
  refused(`SKI-192 ${title}: ${sw.toString(16).toUpperCase()}`, () => {
    const heard = decodeCommand(apduOf(apdu))
    if (heard.ok) return assert.unreachable(title)
    assert.is(heard.fault.sw, sw)
    assert.is(heard.fault.at?.split(', offset')[0], at)
    assert.match(heard.fault.requirement ?? '', /^SKI-\d+$/)
  })

refused('SKI-201 no fault repeats the PIN', () => {
  const heard = decodeCommand(apduOf('00200101 06 393837363534'))
  assert.not.match(JSON.stringify(heard), /3938|987654|OTg3NjU0/)
})

refused.run()

const laws = suite('ski apdu: laws')

laws('SKI-190 what is encoded is decoded again, in either form', async () => {
  await fc.assert(
    fc.property(commands, fc.boolean(), (message, extended) => {
      const apdu = commandApdu(message, extended)
      assert.ok(apdu.ok)
      assert.equal(decodeCommand(apdu.value), { ok: true, value: message })
    }),
    { numRuns: 500 },
  )
})

laws('SKI-190 what is decoded has the declared shape, and is encoded to the same bytes', async () => {
  const instructions = Object.values(INSTRUCTIONS)
  const anyApdu = fc
    .record({
      of: fc.constantFrom(...instructions),
      channel: fc.nat(3),
      p1: fc.nat(3),
      p2: fc.nat(3),
      data: fc.uint8Array({ maxLength: 80 }),
      loose: fc.nat(20),
    })
    .map(({ of, channel, p1, p2, data, loose }) => ({
      cla: loose === 0 ? data.length : (of.own ? 0x80 : 0) + channel,
      ins: of.ins,
      p1,
      p2,
      data,
      le: null,
      extended: false,
    }))
  let read = 0
  await fc.assert(
    fc.property(anyApdu, (apdu) => {
      const heard = decodeCommand(apdu)
      if (!heard.ok) return
      read++
      assert.equal(readSkiMessage(heard.value), heard.value)
      const again = commandApdu(heard.value)
      assert.ok(again.ok)
      const { cla, ins, p1, p2, data } = again.value
      assert.equal({ cla, ins, p1, p2, data }, { cla: apdu.cla, ins: apdu.ins, p1: apdu.p1, p2: apdu.p2, data: apdu.data })
    }),
    { numRuns: 3000 },
  )
  assert.ok(read > 100, `${read} were commands`)
})

laws('SKI-190 a command that is cut anywhere, or has a byte too many, is refused or says something else', async () => {
  await fc.assert(
    fc.property(commands, fc.nat(), (message, at) => {
      const apdu = commandApdu(message)
      if (!apdu.ok || apdu.value.data.length === 0) return
      const { data } = apdu.value
      for (const changed of [data.subarray(0, at % data.length), Uint8Array.from([...data, 0])]) {
        const heard = decodeCommand({ ...apdu.value, data: changed })
        if (heard.ok) assert.not.equal(heard.value, message)
        else assert.ok([0x6700, 0x6a80, 0x6a82].includes(heard.fault.sw))
      }
    }),
    { numRuns: 300 },
  )
})

laws('SKI-192 answers come back as they were said', async () => {
  await fc.assert(
    fc.property(
      commands.chain((command) => fc.tuple(fc.constant(command), answersTo(command))),
      ([command, answer]) => assert.equal(decodeAnswer(encodeAnswer(answer, command), command), { ok: true, value: answer }),
    ),
    { numRuns: 500 },
  )
})

laws('SKI-192 whatever a card answers, nothing throws, and what is read has the declared shape', async () => {
  const said = fc.tuple(commands, fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0x9000, 0x9000, 0x6a80, 0x6110))
  await fc.assert(
    fc.property(said, ([command, data, sw]) => {
      const heard = decodeAnswer({ data, sw }, command)
      if (!heard.ok) return
      assert.equal(readSkiMessage(heard.value), heard.value)
      assert.is(heard.value.channel, command.channel)
    }),
    { numRuns: 2000 },
  )
})

laws.run()

const answers = suite('ski apdu: answers by hand')
const select: MinidriverToCard = { type: 'apdu.select', channel }
const capabilities: MinidriverToCard = { type: 'apdu.capabilities', channel }
const readKey = (kind: 'plain' | 'attested'): MinidriverToCard => ({ type: 'apdu.readKey', channel, container: 1, evidence: kind })
const share: MinidriverToCard = { type: 'apdu.shareKey', channel, way: 'derived', algorithm: 'AES-128', proven: false, input: both }
const seal: MinidriverToCard = { type: 'apdu.processSealed', channel, key, function: 'Authenticate', container: null, flags: 0, blobs: [] }
const done: MinidriverToCard = { type: 'apdu.destroyKey', channel, key }
const RECEIPT = 'EE'.repeat(104)
const KFEV = shown(evidence(1, hex('3003020101'), hex('FFFF')))

const answered: readonly (readonly [id: string, data: string, command: MinidriverToCard, message: CardToMinidriver])[] = [
  ['SKI-194', `${ID} 08 4B65796665727279 07`, select, { type: 'card.selected', channel, cardId: text(hex(ID)), product: 'Keyferry', version: 7 }],
  [
    'SKI-202',
    '0A000000 02 0305 0A000000 01 01 01',
    capabilities,
    { type: 'card.capabilities', channel, mask: 10, algorithms: ['AES-256', '3DES'], paddings: 10, modes: ['CBC'] },
  ],
  ['SKI-193', NONCE, { type: 'apdu.challenge', channel }, { type: 'card.challenge', channel, nonce: text(hex(NONCE)) }],
  ['SKI-190', '', { type: 'apdu.readFile', channel, file: 'cmapfile', container: 0 }, { type: 'card.file', channel, data: '' }],
  ['SKI-196', '00 3003020101', readKey('plain'), { type: 'card.publicKey', channel, purpose: 'user', spki: text(hex('3003020101')), evidence: null }],
  ['SKI-196', KFEV, readKey('attested'), { type: 'card.publicKey', channel, purpose: 'session', spki: text(hex('3003020101')), evidence: text(hex(KFEV)) }],
  ['SKI-203', HANDLE, share, { type: 'card.sessionKey', channel, key, nonce: null, receipt: null }],
  ['SKI-203', `${HANDLE} ${NONCE}`, share, { type: 'card.sessionKey', channel, key, nonce: text(hex(NONCE)), receipt: null }],
  ['SKI-203', `${HANDLE} ${RECEIPT}`, share, { type: 'card.sessionKey', channel, key, nonce: null, receipt: text(hex(RECEIPT)) }],
  ['SKI-203', `${HANDLE} ${NONCE} ${RECEIPT}`, share, { type: 'card.sessionKey', channel, key, nonce: text(hex(NONCE)), receipt: text(hex(RECEIPT)) }],
  ['SKI-203', HANDLE, { type: 'apdu.agree', channel, container: 1, peer: 'AA' }, { type: 'card.agreement', channel, agreement: key }],
  ['SKI-199', '', seal, { type: 'card.processed', channel, output: null }],
  ['SKI-199', 'AABB', seal, { type: 'card.processed', channel, output: text(hex('AABB')) }],
  ['SKI-200', '', done, { type: 'card.done', channel }],
]
for (const [id, data, command, message] of answered)
  answers(`${id} ${command.type}: ${data.slice(0, 60)}`, () => {
    assert.equal(encodeAnswer(message, command), { data: hex(data), sw: 0x9000 })
    assert.equal(decodeAnswer({ data: hex(data), sw: 0x9000 }, command), { ok: true, value: message })
  })

const unreadable: readonly (readonly [title: string, code: string, command: MinidriverToCard, data: string, sw: number])[] = [
  ['more is to come', 'answer_incomplete', done, '', 0x6110],
  ['data beside a refusal', 'answer_data_unexpected', seal, 'AA', 0x6f00],
  ['data where there is none', 'structure_trailing_bytes', done, 'AA', 0x9000],
  ['a nonce that is cut', 'structure_truncated', { type: 'apdu.challenge', channel }, NONCE.slice(2), 0x9000],
  ['a product that is not text', 'answer_value_unknown', select, `${ID} 01 FF 07`, 0x9000],
  ['a product that is cut', 'structure_truncated', select, `${ID} 08 4B65 07`, 0x9000],
  ['an algorithm that there is not', 'answer_value_unknown', capabilities, '0A000000 01 06 0A000000 00 01', 0x9000],
  ['a mode that there is not', 'answer_value_unknown', capabilities, '0A000000 00 0A000000 01 02 01', 0x9000],
  ['extended length, perhaps', 'answer_value_unknown', capabilities, '0A000000 00 0A000000 00 02', 0x9000],
  ['a purpose that there is not', 'answer_value_unknown', readKey('plain'), '03 30', 0x9000],
  ['no public key', 'answer_length_wrong', readKey('plain'), '01', 0x9000],
  ['evidence with other letters', 'answer_value_unknown', readKey('attested'), `4C${KFEV.slice(2)}`, 0x9000],
  ['evidence that is cut', 'structure_truncated', readKey('attested'), KFEV.slice(0, -2), 0x9000],
  ['a byte behind evidence', 'structure_trailing_bytes', readKey('attested'), `${KFEV}00`, 0x9000],
  ['evidence about a purpose that there is not', 'answer_value_unknown', readKey('attested'), `${KFEV.slice(0, 16)}03${KFEV.slice(18)}`, 0x9000],
  ['a plain key where evidence was asked for', 'answer_value_unknown', readKey('attested'), '013003020101', 0x9000],
  ['half of a receipt', 'answer_length_wrong', share, `${HANDLE}${'EE'.repeat(52)}`, 0x9000],
  ['no reference', 'structure_truncated', share, '', 0x9000],
]
for (const [title, code, command, data, sw] of unreadable)
  answers(`SKI-192 ${title} is no answer`, () => {
    const heard = decodeAnswer({ data: hex(data), sw }, command)
    assert.is(heard.ok ? 'read' : heard.fault.code, code)
  })

answers('SKI-202 a card without extended lengths is read as well', () => {
  assert.equal(decodeAnswer({ data: hex('00000000 00 00000000 00 00'), sw: 0x9000 }, capabilities), {
    ok: true,
    value: { type: 'card.capabilities', channel, mask: 0, algorithms: [], paddings: 0, modes: [] },
  })
})

answers('SKI-192 a refusal is the same for every command', async () => {
  await fc.assert(
    fc.property(commands, (command) =>
      assert.equal(decodeAnswer({ data: new Uint8Array(), sw: 0x6f00 }, command), {
        ok: true,
        value: { type: 'card.refused', channel: command.channel, sw: 0x6f00 },
      }),
    ),
  )
})

answers('SKI-190 what is no answer to the command cannot be said', () => {
  const key2 = { type: 'card.publicKey', channel, purpose: 'session', spki: text(hex('3003020101')) } as const
  const wrong: readonly (readonly [CardToMinidriver, MinidriverToCard])[] = [
    [{ type: 'card.done', channel }, select],
    [{ type: 'card.done', channel: 1 }, done],
    [{ type: 'card.gone', channel }, done],
    [{ type: 'card.refused', channel, sw: 0x9000 }, done],
    [{ type: 'card.refused', channel, sw: 0x6101 }, done],
    [{ type: 'card.refused', channel, sw: 7 }, done],
    [
      { type: 'card.challenge', channel, nonce: text(hex('AA')) },
      { type: 'apdu.challenge', channel },
    ],
    [{ type: 'card.processed', channel, output: '' }, seal],
    [{ type: 'card.sessionKey', channel, key: 'h1' as SkiHandle, nonce: null, receipt: null }, share],
    [{ ...key2, evidence: null }, readKey('attested')],
    [{ ...key2, evidence: text(hex(KFEV)) }, readKey('plain')],
    [{ ...key2, purpose: 'user', evidence: text(hex(KFEV)) }, readKey('attested')],
    [{ ...key2, spki: 'AA', evidence: text(hex(KFEV)) }, readKey('attested')],
    [{ type: 'card.selected', channel, cardId: text(hex(ID)), product: 'K'.repeat(256), version: 7 }, select],
  ]
  for (const [answer, command] of wrong) assert.throws(() => encodeAnswer(answer, command), isTypeError, JSON.stringify(answer))
})

answers.run()
